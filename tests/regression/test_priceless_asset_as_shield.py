"""A borrower who can make one of his assets priceless (thin its pool out, break its source) must not escape liquidation by it."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

ETH = 10**18
USD = 10**6


@pytest.fixture
def market() -> Market:
    market = Market()
    market.list("ETH", 100 * WAD)
    market.list("OWN", 1 * WAD, ltv_bps=5_000)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.lend("OWN", 1_000_000 * ETH)
    return market


def test_liquidate__priceless_debt__still_counts_and_the_other_debt_is_liquidated(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 3_000 * USD, "OWN": 3_000 * ETH})
    market.set_price("ETH", 79 * WAD)
    market.set_band("OWN", 1 * WAD, 1 * WAD, 0, why=32)
    with boa.reverts("engine: no price"):
        market.liquidate("OWN", "ETH")
    assert market.liquidate("USD", "ETH")[0] == 1_500 * USD


def test_liquidate__priceless_collateral__counts_at_its_last_price_and_shields_no_more(market: Market) -> None:
    market.open({"ETH": 100 * ETH, "OWN": 1_000 * ETH}, {"USD": 6_400 * USD})
    market.set_band("OWN", 1 * WAD, 1 * WAD, 0, why=32)
    # 7,500 + 500 before; at ETH 79: 5,925 + 500
    market.set_price("ETH", 79 * WAD)
    assert market.health() == (6_425 * WAD, 6_400 * WAD)
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")
    market.set_price("ETH", 78 * WAD)
    assert market.liquidate("USD", "ETH")[0] == 3_200 * USD


def test_liquidate__collateral_turned_priceless__liquidates_nobody_by_itself(market: Market) -> None:
    market.open({"ETH": 1 * ETH, "OWN": 1_000 * ETH}, {"USD": 450 * USD})
    market.set_band("OWN", 1 * WAD, 1 * WAD, 0, why=2)
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")


def test_liquidate__priceless_collateral__counts_in_what_covers_the_debt(market: Market) -> None:
    """Its last price is part of C: the bonus on the other collateral is not cut as if it were gone, nor is the debt bad."""
    market.open({"ETH": 40 * ETH, "OWN": 10_000 * ETH}, {"USD": 6_000 * USD})
    market.set_band("OWN", 1 * WAD, 1 * WAD, 0, why=2)
    market.set_price("ETH", 30 * WAD)
    market.liquidate("USD", "ETH", 1_000 * USD)
    log = next(e for e in market.engine.get_logs() if type(e).__name__ == "Liquidation")
    assert log.bonus_wad == 11 * WAD // 10  # C = 11,200, D = 6,000


def test_priceless_asset__bought_for_nothing_and_enabled_late__is_refused(market: Market) -> None:
    """Its last valid price is a price of the past: it must not join a debt that begins to sink."""
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("OWN", 1 * WAD, 0, 0, why=32)
    market.set_price("ETH", 60 * WAD)
    market.lend("OWN", 10_000 * ETH, market.borrower)
    own = market.assets["OWN"].address
    with boa.env.prank(market.borrower), boa.reverts("pool: no price"):
        market.pool.set_collateral(own, True)
    assert market.liquidate("USD", "ETH")[0] > 0


def test_priceless_asset__enabled_before_its_price_failed__takes_no_more_and_no_new_debt(market: Market) -> None:
    own = market.assets["OWN"].address
    with boa.env.prank(market.borrower):
        market.pool.set_collateral(own, True)
    market.set_band("OWN", 0, 0, 0, why=32)
    # without debt it may come in, but then no debt may
    market.lend("OWN", 10_000 * ETH, market.borrower)
    with boa.reverts("pool: no price"):
        market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    with boa.env.prank(market.borrower):
        market.pool.withdraw(own, 2**256 - 1, market.borrower)
        market.pool.borrow(market.assets["USD"].address, 6_000 * USD, market.borrower)
    # and with debt nobody can bring more of it
    market.fund(market.attacker, "OWN", ETH)
    with boa.env.prank(market.attacker), boa.reverts("pool: no price"):
        market.pool.supply(own, ETH, market.borrower)
