"""What a change does to those who have debt, by hand."""

from dataclasses import replace

from plimsoll import words
from plimsoll.governance.changes import Ltv
from plimsoll.governance.effects import effect
from plimsoll.monitor import Account, Position

WAD = 10**18
ETH, USD = "0x" + "11" * 20, "0x" + "22" * 20
PRICE = 200 * WAD


def account(debt: int, ether: int = 10, ltv_bps: int = 6_500, blocked: int = 0) -> Account:
    """So many dollars owed on so much ether at 200."""
    held = Position(ETH, "ETH", 18, ether * WAD, ether * PRICE, PRICE, ltv_bps, 0, False, new_risk_wad=ether * PRICE, new_risk_ltv_bps=ltv_bps)
    owed = Position(USD, "USD", 18, debt * WAD, debt * WAD, WAD, 0, 0, True)
    capacity = ether * PRICE * ltv_bps // 10_000
    usage = words.usage_wad(debt * WAD, capacity)
    limit = capacity * 8_000 // 10_000
    return Account("0x", usage, words.stage(usage), capacity, debt * WAD, limit, debt * WAD, blocked, (held,), (owed,))


# capacity 1,300: 23 %, 46 %, 69 %, 92 %
PEOPLE = [account(300), account(600), account(900), account(1_200)]


def test_effect__cut__stages_in_the_end_only() -> None:
    # capacity 1,000: 30 %, 60 %, 90 %, 120 %
    found = effect(PEOPLE, 8_000, ETH, Ltv(5_000, 6_500, 5_000))
    assert found.now == found.at_once == (1, 1, 1, 1, 0)
    assert found.in_the_end == (1, 1, 0, 1, 1)
    assert (found.changed_at_once, found.changed_in_the_end, found.newly_liquidatable) == (0, 2, 1)
    # may owe 1,040 before and 800 after
    assert found.newly_without_room == 1
    assert (found.accounts, found.touched) == (4, 4)


def test_effect__raise__at_once() -> None:
    # capacity 1,600: 18.75 %, 37.5 %, 56.25 %, 75 %
    found = effect(PEOPLE, 8_000, ETH, Ltv(8_000, 8_000, 8_000))
    assert found.at_once == found.in_the_end == (1, 2, 1, 0, 0)
    assert (found.changed_at_once, found.changed_in_the_end, found.newly_without_room) == (2, 2, 0)


def test_effect__freeze__stages_stay_and_room_goes() -> None:
    found = effect([*PEOPLE, account(100, blocked=1)], 8_000, ETH, Ltv(0, 6_500, 6_500))
    assert found.changed_at_once == found.changed_in_the_end == 0
    # 300, 600 and 900 had room; 1,200 is above the limit, and the fifth was blocked before
    assert found.newly_without_room == 3


def test_effect__nothing_of_an_asset__nobody_changes() -> None:
    found = effect(PEOPLE, 8_000, "0x" + "33" * 20)
    assert (found.touched, found.changed_at_once, found.changed_in_the_end, found.newly_without_room) == (0, 0, 0, 0)


def test_effect__other_oracle__its_prices() -> None:
    # ether at 150 and the dollar at 1.1: capacity 975, and debts 330, 660, 990, 1,320
    prices = {ETH: (150 * WAD, 150 * WAD, words.MAX_UINT256), USD: (11 * WAD // 10, 11 * WAD // 10, words.MAX_UINT256)}
    found = effect(PEOPLE, 8_000, None, None, prices)
    assert found.at_once == (0, 1, 1, 0, 2)
    assert (found.changed_at_once, found.newly_liquidatable) == (4, 2)
    # what new risk counts by the other prices is not known here
    assert found.newly_without_room is None


def test_effect__already_liquidatable__not_counted_as_new() -> None:
    found = effect([account(1_300)], 8_000, ETH, Ltv(5_000, 6_500, 5_000))
    assert (found.now[words.LIQUIDATION], found.newly_liquidatable) == (1, 0)


def test_effect__nobody__zeros() -> None:
    found = effect([], 8_000, ETH, Ltv(5_000, 6_500, 5_000))
    assert (found.accounts, sum(found.now), found.changed_in_the_end) == (0, 0, 0)
    assert found.figures()["stages_now"] == dict.fromkeys(words.STAGES, 0)


def test_effect__another_collateral__untouched_by_the_asset() -> None:
    mixed = PEOPLE[2]
    other = replace(mixed.collaterals[0], asset="0x" + "44" * 20)
    both = replace(mixed, collaterals=(*mixed.collaterals, other), capacity=2 * mixed.capacity, usage_wad=mixed.usage_wad // 2, stage=1)
    # 900 of 2,600 now, of 2,300 then
    found = effect([both], 8_000, ETH, Ltv(5_000, 6_500, 5_000))
    assert (found.now, found.in_the_end) == ((0, 1, 0, 0, 0), (0, 1, 0, 0, 0))
