"""Lens.account: usage, the five stages, room for new risk."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market
from tests.unit.lens.conftest import ETH, USD

RELAXED, SAFE, CAUTION, DANGER, LIQUIDATION = range(5)


@pytest.mark.parametrize(
    ("debt", "price", "stage"),
    [
        (0, 100_000_000, RELAXED),
        (2_250_000_000, 100_000_000, RELAXED),
        (2_250_000_001, 100_000_000, SAFE),
        (4_500_000_000, 100_000_000, SAFE),
        (4_500_000_001, 100_000_000, CAUTION),
        (6_000_000_000, 100_000_000, CAUTION),
        (6_000_000_000, 99_999_999, DANGER),
        (6_000_000_000, 80_000_001, DANGER),
        (6_000_000_000, 80_000_000, LIQUIDATION),
        (6_000_000_000, 1, LIQUIDATION),
        (6_000_000_000, 0, LIQUIDATION),
    ],
)
def test_account__usage__names_the_stage(market: Market, debt: int, price: int, stage: int) -> None:
    """The bounds of DESIGN 6, to the millionth: capacity is 75 * price."""
    market.open({"ETH": 100 * ETH}, {"USD": debt} if debt else {})
    market.set_price("ETH", price * 10**12)
    view = market.lens.account(market.borrower)
    assert view.stage == stage
    capacity = 75 * price * 10**12
    assert (view.capacity, view.debt) == (capacity, debt * 10**12)
    assert view.usage_wad == (debt * 10**12 * WAD // capacity if capacity else 2**256 - 1)
    # LIQUIDATION is exactly where the engine acts.
    if price:
        with boa.env.anchor():
            if stage == LIQUIDATION:
                market.liquidate("USD", "ETH")
            else:
                with boa.reverts("engine: healthy"):
                    market.liquidate("USD", "ETH")


def test_account__usage_beyond_all_numbers__saturates(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 3_000 * USD, "EUR": 3_000 * ETH})
    market.oracle.set(market.assets["USD"].address, (2**256 - 1) // (3_000 * USD))
    market.oracle.set(market.assets["EUR"].address, (2**256 - 1) // (3_000 * ETH))
    view = market.lens.account(market.borrower)
    assert view.debt * WAD >= 2**256
    assert (view.usage_wad, view.stage) == (2**256 - 1, LIQUIDATION)


def test_account__nothing__is_relaxed(market: Market) -> None:
    view = market.lens.account(market.attacker)
    assert (view.usage_wad, view.stage, view.capacity, view.debt) == (0, RELAXED, 0, 0)
    assert (view.new_risk_capacity, view.new_risk_debt, view.new_risk_limit, view.blocked) == (0, 0, 0, 0)
    assert view.collaterals == []
    assert view.debts == []


def test_account__band__collateral_at_its_low_and_debt_at_its_high_for_new_risk(market: Market) -> None:
    market.open({"ETH": 100 * ETH, "WBTC": 10**8}, {"USD": 6_000 * USD})
    market.set_band("ETH", 90 * WAD, 84 * WAD, 85 * WAD)
    market.set_band("USD", 11 * WAD // 10, 9 * WAD // 10, 1 * WAD)
    view = market.lens.account(market.borrower)
    assert view.capacity == 9_000 * WAD * 75 // 100 + 13_000 * WAD
    assert view.debt == 5_400 * WAD
    assert view.new_risk_capacity == 8_400 * WAD * 75 // 100 + 13_000 * WAD
    assert view.new_risk_debt == 6_600 * WAD
    assert view.new_risk_limit == view.new_risk_capacity * 80 // 100
    eth, wbtc = view.collaterals
    (usd,) = view.debts
    assert (eth.asset, eth.amount, eth.ltv_bps, eth.bonus_bps) == (market.assets["ETH"].address, 100 * ETH, 7_500, 11_000)
    assert (wbtc.asset, wbtc.amount, wbtc.ltv_bps, wbtc.bonus_bps) == (market.assets["WBTC"].address, 10**8, 6_500, 12_000)
    assert (eth.value_wad, wbtc.value_wad, usd.value_wad) == (9_000 * WAD, 20_000 * WAD, 5_400 * WAD)
    assert (usd.asset, usd.amount) == (market.assets["USD"].address, 6_000 * USD)
    assert (eth.band.liquidation_high, eth.band.liquidation_low, eth.band.fresh_low) == (90 * WAD, 84 * WAD, 85 * WAD)
    assert usd.band.high == 11 * 10**29
    # What the lens calls the limit is where the pool stops.
    room = (view.new_risk_limit - view.new_risk_debt) * 10 // 11 // 10**12
    with boa.env.prank(market.borrower):
        with boa.reverts("pool: over limit"):
            market.pool.borrow(market.assets["USD"].address, room + 1, market.borrower)
        market.pool.borrow(market.assets["USD"].address, room, market.borrower)


def test_account__collateral_with_a_flag__adds_nothing_for_new_risk(market: Market) -> None:
    market.open({"ETH": 100 * ETH, "WBTC": 10**8}, {"USD": 6_000 * USD})
    market.oracle.set_why(market.assets["WBTC"].address, 16)
    view = market.lens.account(market.borrower)
    assert view.capacity == 20_500 * WAD
    assert view.new_risk_capacity == 7_500 * WAD
    assert view.blocked == 0
    assert view.collaterals[1].band.why == 16


def test_account__two_ltvs__new_risk_goes_by_its_own(market: Market) -> None:
    """A frozen collateral adds nothing to what may be borrowed; the liquidation test counts it as before."""
    market.open({"ETH": 100 * ETH, "WBTC": 10**8}, {"USD": 1_000 * USD})
    before = market.lens.account(market.borrower)
    assert [(c.ltv_bps, c.new_risk_ltv_bps) for c in before.collaterals] == [(7_500, 7_500), (6_500, 6_500)]
    with boa.env.prank(market.owner):
        market.configurator.set_steward(market.owner)
        market.configurator.freeze(market.assets["ETH"].address)
    view = market.lens.account(market.borrower)
    assert [(c.ltv_bps, c.new_risk_ltv_bps) for c in view.collaterals] == [(7_500, 0), (6_500, 6_500)]
    assert view.capacity == before.capacity
    assert before.new_risk_capacity - view.new_risk_capacity == 7_500 * WAD


def test_account__debts_with_flags__block_new_risk_and_all_are_named(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 2_000 * USD, "EUR": 2_000 * ETH})
    market.oracle.set_why(market.assets["USD"].address, 16)
    market.oracle.set_why(market.assets["EUR"].address, 64)
    view = market.lens.account(market.borrower)
    assert view.blocked == 16 | 64
    with boa.env.prank(market.borrower), boa.reverts("pool: no price"):
        market.pool.borrow(market.assets["USD"].address, 1 * USD, market.borrower)


def test_account__interest__is_in(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_rate("USD", WAD // 10)
    boa.env.time_travel(seconds=365 * 86_400)
    view = market.lens.account(market.borrower)
    # e^0.1
    assert view.debt == pytest.approx(66_310_255 * WAD // 10_000, rel=1e-6)
    assert view.debts[0].amount == market.debt_of("USD")
    assert (view.capacity, view.debt) == market.health()
