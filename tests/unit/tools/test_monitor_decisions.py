"""What the Status Monitor advises, against the contracts' own formulas."""

from io import StringIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.console import Console

from plimsoll import monitor, words
from plimsoll.monitor import Account, Position

WAD = 10**18
USD, ETH = 10**30, 200 * WAD
NO_LIMIT = words.MAX_UINT256


def position(symbol: str, decimals: int, amount: int, price: int, ltv_bps: int, fixed: bool, depth: int = NO_LIMIT) -> Position:
    value = monitor.value_down(amount, price, depth) if ltv_bps else monitor.value_up(amount, price, depth)
    return Position(f"0x{symbol}", symbol, decimals, amount, value, price, ltv_bps, 0, fixed, depth)


def account(collaterals: list[Position], debts: list[Position]) -> Account:
    capacity = monitor.capacity_of([(c.amount, c.price, c.ltv_bps, c.depth) for c in collaterals])
    debt = sum(d.value_wad for d in debts)
    usage = words.usage_wad(debt, capacity)
    return Account("0xa", usage, words.stage(usage), capacity, debt, capacity * 8 // 10, debt, 0, tuple(collaterals), tuple(debts))


def ether(amount: int, price: int = ETH, depth: int = NO_LIMIT) -> Position:
    return position("ETH", 18, amount, price, 6_500, False, depth)


def dollars(amount: int) -> Position:
    return position("USD", 6, amount, USD, 0, True)


prices = st.integers(1, 10**24)


def mixed(ethers: int, dollars_supplied: int, owed: int, gold: int, price: int, depths: tuple[int, int]) -> Account:
    supplied = position("USD", 6, dollars_supplied, USD, 6_500, True)
    return account([ether(ethers, price, depths[0]), supplied], [dollars(owed), position("GOLD", 8, gold, 10**27, 0, False, depths[1])])


raw = st.integers(0, 10**12)
# without limit, as in most pools, or what the liquidation test looks at
depths = st.just(NO_LIMIT) | st.integers(10**18, 10**26)
accounts = st.builds(mixed, st.integers(0, 10**22), raw, st.integers(1, 10**12), raw, prices, st.tuples(depths, depths))


def usage_after(a: Account, collaterals: list[tuple[int, int, int, int]], debts: list[tuple[int, int, int]]) -> int:
    return words.usage_wad(sum(monitor.value_up(*d) for d in debts), monitor.capacity_of(collaterals))


@given(accounts)
def test_repay_to_safe__any_account__enough_and_hardly_more(a: Account) -> None:
    remedy = monitor.repay_to_safe(a)
    if a.usage_wad <= monitor.SAFE_WAD:
        assert remedy is None
        return
    kept = [(c.amount, c.price, c.ltv_bps, c.depth) for c in a.collaterals]
    largest = max(a.debts, key=lambda d: d.value_wad)
    others = [(d.amount, d.price, d.depth) for d in a.debts if d is not largest]
    if remedy is None:
        # all of the largest debt is not enough
        assert usage_after(a, kept, others) > monitor.SAFE_WAD
        return
    assert remedy.position is largest
    assert 0 < remedy.amount <= largest.amount
    assert usage_after(a, kept, [*others, (largest.amount - remedy.amount, largest.price, largest.depth)]) <= monitor.SAFE_WAD
    if 2 < remedy.amount < largest.amount:
        more = (largest.amount - remedy.amount + 2, largest.price, largest.depth)
        assert usage_after(a, kept, [*others, more]) > monitor.SAFE_WAD


@given(accounts)
def test_add_to_safe__any_account__enough_and_hardly_more(a: Account) -> None:
    remedy = monitor.add_to_safe(a)
    if a.usage_wad <= monitor.SAFE_WAD:
        assert remedy is None
        return
    debts = [(d.amount, d.price, d.depth) for d in a.debts]

    def after(amount: int, position: Position) -> int:
        kept = [(c.amount + (amount if c is position else 0), c.price, c.ltv_bps, c.depth) for c in a.collaterals]
        return usage_after(a, kept, debts)

    # there is always the dollar, whose depth nothing limits
    assert remedy is not None
    valuable = max(a.collaterals, key=lambda c: c.value_wad)
    if remedy.position is not valuable:
        # however much
        assert after(10**60, valuable) > monitor.SAFE_WAD
    assert after(remedy.amount, remedy.position) <= monitor.SAFE_WAD
    assert after(remedy.amount - 2, remedy.position) > monitor.SAFE_WAD


@given(accounts)
def test_moves__price_moves_so_far__due_and_not_before(a: Account) -> None:
    for m in monitor.moves(a):
        p = m.position
        if p in a.collaterals:
            assume(p.value_wad > 10**9)
            assert -WAD <= m.change_wad < 0
            others = [c for c in a.collaterals if c is not p]
            for change, is_due in ((m.change_wad, True), (m.change_wad + max(-m.change_wad // 10**4, 10), False)):
                value = p.value_wad * (WAD + change) // WAD
                if p.depth < NO_LIMIT:
                    assume(p.price > 10**9)
                    value = monitor.value_down(p.amount, p.price * (WAD + change) // WAD, p.depth)
                capacity = (value * p.ltv_bps + sum(c.value_wad * c.ltv_bps for c in others)) // 10_000
                # an account that is due at a fall of nearly nothing has no "before"
                if is_due or change < -(10**6):
                    assert (a.debt >= capacity) == is_due
        else:
            assert m.change_wad > 0
            value = p.value_wad + p.value_wad * m.change_wad // WAD
            if p.depth < NO_LIMIT:
                value = monitor.value_up(p.amount, p.price * (WAD + m.change_wad) // WAD, p.depth)
            assert a.debt - p.value_wad + value >= a.capacity


def test_moves__fixed_prices_only__none() -> None:
    assert monitor.moves(account([position("USD", 6, 10**9, USD, 6_500, True)], [dollars(10**8)])) == []


def test_moves__known_case__22_percent() -> None:
    a = account([ether(10 * WAD)], [dollars(1_014 * 10**6)])
    assert [(m.position.symbol, m.change_wad) for m in monitor.moves(a)] == [("ETH", -22 * WAD // 100)]
    assert a.stage == words.CAUTION
    repay, add = monitor.repay_to_safe(a), monitor.add_to_safe(a)
    assert repay is not None
    assert add is not None
    # 60 % of 1,300 may stay: 780
    assert repay.amount == 234 * 10**6 + 1
    # 1,014 / 0.6 = 1,690 of capacity, 390 more, 3 ether at 200 and 65 %; usage rounds down, which spares some wei
    assert 3 * WAD - 100 < add.amount <= 3 * WAD
    assert a.room_wad == 26 * WAD


def test_moves__already_due_or_without_debt__none() -> None:
    assert monitor.moves(account([ether(WAD)], [dollars(130 * 10**6)])) == []
    assert monitor.moves(account([ether(WAD)], [])) == []


def test_moves__counted_by_depth__a_smaller_fall_of_value_for_the_same_fall_of_price() -> None:
    # 10 ether at 200 on a depth of 10,000: 2,000 * (10 / 12)^2 = 1,388.88..., 902.77... of capacity
    a = account([ether(10 * WAD, depth=10_000 * WAD)], [dollars(700 * 10**6)])
    assert a.capacity == 2_000 * 100 * WAD // 144 * 65 // 100
    (move,) = monitor.moves(a)
    # 1,399.43 / 1.139943^2 = 1,076.92, of which 65 % are 700
    fall = 1 - 1_399.43 / 2_000
    assert abs(-move.change_wad / WAD - fall) < 0.00001


def test_moves__debt_counted_by_depth__rises_faster_than_its_price() -> None:
    # 1,000 owed on a depth of 10,000 count 1,111.11; capacity 1,300 is 1,150.44 / (1 - 0.115044): a rise of 15.04 %, not of 17
    owed = position("GOLD", 18, 1_000 * WAD, WAD, 0, False, 10_000 * WAD)
    a = account([position("USD", 6, 2_000 * 10**6, USD, 6_500, True)], [owed])
    (move,) = monitor.moves(a)
    assert abs(move.change_wad / WAD - 0.150442) < 0.00001


def test_add_to_safe__beyond_its_depth__none() -> None:
    # a depth of 1,000 counts 250 at most
    a = account([ether(10 * WAD, depth=1_000 * WAD)], [dollars(150 * 10**6)])
    assert a.capacity == 250 * WAD * 65 // 100
    assert monitor.add_to_safe(a) is None
    repay = monitor.repay_to_safe(a)
    assert repay is not None
    # 60 % of 162.5 may stay
    assert repay.amount == 150 * 10**6 - 97_500_000 + 1


def test_asset__caps__full_is_said() -> None:
    def asset(**changes: int) -> monitor.Asset:
        return monitor.Asset(**{"symbol": "ETH", "why": 0, "counted_wad": 5 * WAD, "debt_wad": 9 * WAD, "cap_wad": 10 * WAD, **changes})  # type: ignore[arg-type]

    assert asset().blocked() == []
    assert asset(counted_wad=10 * WAD).blocked() == ["no more collateral: what its pool can take, 10.00, is reached"]
    assert asset(debt_wad=10 * WAD).blocked() == ["no more debt: what its pool can take, 10.00, is reached"]
    assert asset(why=64, counted_wad=10 * WAD).blocked() == [words.WHY[64]]
    assert asset(cap_wad=NO_LIMIT, counted_wad=NO_LIMIT).blocked() == []


def test_add_to_safe__no_collateral__none() -> None:
    a = account([], [dollars(10**6)])
    assert a.stage == words.LIQUIDATION
    assert monitor.add_to_safe(a) is None
    assert monitor.repay_to_safe(a) is not None


@pytest.mark.parametrize("width, headings", [(80, "account stage usage at"), (100, "account stage usage debt at")])
def test_riskiest_table__narrow_terminal__nothing_cut_off(width: int, headings: str) -> None:
    """A whole address and the longest stage: 10 ether at 200 and 65 % carry the 1,300 that are owed."""
    a = account([ether(10 * WAD)], [dollars(1_300 * 10**6)])
    console = Console(record=True, width=width, highlight=False, file=StringIO())
    console.print(monitor.riskiest_table([Account(**{**vars(a), "address": "0x" + "A" * 40})], 1, width))
    text = console.export_text()
    title, heads, row, *_ = text.splitlines()
    assert (title.strip(), " ".join(heads.split())) == ("1 account with debt", headings)
    assert row.split()[:3] == ["0x" + "A" * 40, "LIQUIDATION", "100.0"]
    assert "…" not in text


def test_figures__blocked_debt__in_words_and_no_room() -> None:
    a = account([ether(10 * WAD)], [dollars(100 * 10**6)])
    blocked = Account(**{**vars(a), "blocked": 64})
    found = monitor.figures(blocked)
    assert found["room_wad"] == "0"
    assert found["blocked"] == ["its price moves too fast: low and high are more than 25 % apart"]
