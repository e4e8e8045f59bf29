"""Depth in the liquidation test: everywhere in a pool whose reserves are FULL, nowhere else (LIQ-11).

Two reserves, MEME at 10 (LTV 75 %, bonus 10 %) and a dollar.
"""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.depth import FULL, NEW_RISK, OFF
from plimsoll.reference.liquidation import WAD, Refused
from tests.lending_market import EVERYTHING, Market

MEME = 10**18
USD = 10**6


def pool_of_two(meme_mode: int, usd_mode: int = NEW_RISK) -> Market:
    market = Market()
    market.list("MEME", 10 * WAD, depth_mode=meme_mode)
    market.list("USD", 1 * WAD, decimals=6, depth_mode=usd_mode)
    market.lend("USD", 1_000_000 * USD)
    market.lend("MEME", 10_000 * MEME)
    return market


@pytest.fixture(scope="module")
def full_base() -> Market:
    return pool_of_two(FULL)


@pytest.fixture
def full(full_base: Market) -> Market:
    return full_base.copy()


def check(market: Market) -> tuple[int, int]:
    """(capacity, debt): engine, both views of the lens and the model agree (LIQ-10)."""
    capacity, debt = market.health()
    view = market.lens.account(market.borrower)
    assert (view.capacity, view.debt) == (capacity, debt)
    (word,) = market.lens.health([market.borrower])
    assert (word >> 128, word & (2**128 - 1)) == (capacity, debt)
    if debt < capacity:
        with boa.reverts("engine: healthy"):
            market.liquidate("USD", "MEME")
    return capacity, debt


def test_full__collateral_counts_by_depth_in_the_test(full: Market) -> None:
    """Example 7: 100 of MEME at 10, on a depth of 10,000, count 826.45."""
    full.set_depth("MEME", 10_000 * WAD)
    full.open({"MEME": 100 * MEME}, {"USD": 200 * USD})
    assert check(full) == (826446280991735537190 * 75 // 100, 200 * WAD)


def test_full__debt_counts_what_it_costs_to_buy_back() -> None:
    market = pool_of_two(NEW_RISK, FULL)
    market.set_depth("USD", 100_000 * WAD)
    market.open({"MEME": 1_000 * MEME}, {"USD": 3_000 * USD})
    # 3,000 * 100 / 97, rounded up
    assert check(market) == (7_500 * WAD, 3092783505154639175258)
    # from half of the depth on twice the face value, and never more
    for depth in (6_000 * WAD, 3_000 * WAD, 1, 0):
        market.set_depth("USD", depth)
        assert check(market) == (7_500 * WAD, 6_000 * WAD)
    market.set_depth("USD", 6_001 * WAD)
    assert check(market)[1] == -(-3_000 * WAD * 6_001 // 3_001)


def test_full__liquidatable_by_depth__changes_hands_at_face_value(full: Market) -> None:
    """20,000 of MEME on a depth of 200,000 count 16,528.93, of which 75 % are 12,396.69. The debt is 9,900."""
    full.set_depth("MEME", 200_000 * WAD)
    full.open({"MEME": 2_000 * MEME}, {"USD": 9_900 * USD})
    check(full)
    # a price that face values would survive: 2,000 at 6.9 are worth 13,800, 10,350 of capacity
    full.set_band("MEME", 69 * WAD // 10, 69 * WAD // 10, 69 * WAD // 10, depth=200_000 * WAD)
    assert check(full)[0] < 9_900 * WAD < 10_350 * WAD
    expected = full.expect("USD", "MEME")
    repaid, received = full.liquidate("USD", "MEME")
    assert (repaid, received) == (expected.repaid, expected.received)
    # the bonus of 10 % on top of the face value, not of what a sale of everything would bring
    assert expected.seized == repaid * 10**12 * 11 // 10 * 10 // 69
    assert full.pool.liquidations() == 1


@pytest.mark.parametrize("mode", [NEW_RISK, OFF])
def test_other_modes__depth_falls_to_nothing__nobody_is_liquidated(mode: int) -> None:
    market = pool_of_two(mode, mode)
    market.open({"MEME": 2_000 * MEME}, {"USD": 11_000 * USD})
    before = check(market)
    for depth in (10**6 * WAD, 1_000 * WAD, 1, 0):
        market.set_depth("MEME", depth)
        market.set_depth("USD", depth)
        assert check(market) == before == (15_000 * WAD, 11_000 * WAD)


def test_full__depth_for_new_risk_falls__liquidates_nobody(full: Market) -> None:
    """An LP leaves at an unchanged price: what the oracle says for new risk falls at once, for the liquidation test by 5 % a day."""
    full.set_depth("MEME", 100_000 * WAD)
    full.open({"MEME": 1_000 * MEME}, {"USD": 4_900 * USD})
    before = check(full)
    full.set_depth("MEME", 0, liquidation_depth=100_000 * WAD)
    assert check(full) == before
    view = full.lens.account(full.borrower)
    assert (view.new_risk_capacity, view.collaterals[0].new_risk_value_wad) == (0, 0)
    # a day later
    full.set_depth("MEME", 0, liquidation_depth=95_000 * WAD)
    capacity, debt = check(full)
    assert before[0] * 99 // 100 < capacity < before[0]
    assert debt < capacity


def test_full__depth_without_bound__counts_face_values(full: Market) -> None:
    """What the oracle answers for a quote and for an asset whose first source is a range pool."""
    full.set_depth("MEME", 10_000 * WAD, liquidation_depth=EVERYTHING)
    full.open({"MEME": 50 * MEME}, {"USD": 100 * USD})
    assert check(full) == (375 * WAD, 100 * WAD)


def test_full__no_depth_at_all__collateral_counts_nothing(full: Market) -> None:
    full.open({"MEME": 50 * MEME}, {"USD": 100 * USD})
    full.set_depth("MEME", 0)
    assert check(full) == (0, 100 * WAD)
    full.liquidate("USD", "MEME")


def test_full__a_gift_of_collateral__lowers_no_capacity(full: Market) -> None:
    """LEND-09, beyond the depth too: with a sale that floods the market it would fall again."""
    full.set_depth("MEME", 10_000 * WAD)
    full.open({"MEME": 100 * MEME}, {"USD": 200 * USD})
    full.set_depth("MEME", EVERYTHING, liquidation_depth=1_000 * WAD)
    capacity, _ = check(full)
    for gift in (1, MEME, 100 * MEME, 1_000 * MEME, 100_000 * MEME):
        full.lend("MEME", gift, full.attacker)
        full.fund(full.attacker, "MEME", gift)
        with boa.env.prank(full.attacker):
            full.pool.supply(full.assets["MEME"].address, gift, full.borrower)
        more, _ = check(full)
        assert more >= capacity
        capacity = more
    assert capacity == 250 * WAD * 75 // 100


def test_fresh_prices__one_for_collateral_and_another_for_debt(full: Market) -> None:
    """Seized at the lower one, repaid at the higher one."""
    full.open({"MEME": 2_000 * MEME}, {"USD": 11_000 * USD})
    full.set_band("MEME", 7 * WAD, 6 * WAD, 68 * WAD // 10, fresh_high=7 * WAD)
    full.set_band("USD", 11 * WAD // 10, 1 * WAD, WAD, fresh_high=105 * WAD // 100)
    expected = full.expect("USD", "MEME")
    assert (expected.collateral_price, expected.debt_price) == (68 * WAD // 10, 105 * 10**28)
    assert full.liquidate("USD", "MEME") == (expected.repaid, expected.received)
    event = next(e for e in full.engine.get_logs() if type(e).__name__ == "Liquidation")
    assert (event.collateral_seizure_price, event.debt_seizure_price) == (expected.collateral_price, expected.debt_price)


def test_full__nobody_liquidates_the_healthy(full: Market) -> None:
    full.set_depth("MEME", 100_000 * WAD)
    full.open({"MEME": 1_000 * MEME}, {"USD": 4_900 * USD})
    with pytest.raises(Refused, match="engine: healthy"):
        full.expect("USD", "MEME")
    check(full)
