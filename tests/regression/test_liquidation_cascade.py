"""Aave, CRV, November 2022: a fixed bonus above what the collateral covers makes each liquidation deepen the hole.

Here the bonus gives way to C / D, so that a cascade of liquidations of a covered account ends with nothing owed.
"""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

ETH = 10**18
USD = 10**6


@pytest.fixture(scope="module")
def base() -> Market:
    market = Market()
    market.list("CRV", 1 * WAD, ltv_bps=8_500)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 10_000_000 * USD)
    return market


@pytest.mark.parametrize("cover_percent", [102, 105, 109])
def test_liquidate__cascade_with_bonus_above_the_collateral__no_deficit(base: Market, cover_percent: int) -> None:
    """LIQ-02, LIQ-03 on the pool. With a fixed 10 % the same steps leave bad debt (checked below)."""
    market = base
    market.open({"CRV": 1_000_000 * ETH}, {"USD": 600_000 * USD})
    market.set_price("CRV", 6 * cover_percent * WAD // 1_000)  # C / D = cover
    lent = market.supply_of("USD", market.lender)
    fixed_c, fixed_d = 600_000 * cover_percent // 100 * WAD, 600_000 * WAD

    steps = 0
    while market.account().debts:
        held, owed = market.supply_of("CRV"), market.debt_of("USD")
        repaid, _ = market.liquidate("USD", "CRV", max(owed // 3, 100 * USD))
        assert not [e for e in market.engine.get_logs() if type(e).__name__ == "DeficitWrittenOff"]
        # LTV never up: held' / owed' >= held / owed
        assert market.supply_of("CRV") * owed >= held * market.debt_of("USD")
        fixed_d -= repaid * 10**12
        fixed_c -= repaid * 10**12 * 11 // 10
        steps += 1
    assert steps > 5
    assert fixed_c < 0  # a fixed bonus would have needed more than there was
    assert market.supply_of("USD", market.lender) >= lent


def test_liquidate__cascade_of_prices__lenders_lose_only_below_101_percent(base: Market) -> None:
    """The price falls on between the liquidations, to just above where the collateral covers 1.01 of the debt."""
    market = base
    market.open({"CRV": 1_000_000 * ETH}, {"USD": 600_000 * USD})
    for cover in (119, 110, 107, 104, 102):
        held, owed = market.supply_of("CRV"), market.debt_of("USD")
        market.set_price("CRV", owed * 10**12 * cover * WAD // (100 * held) + 1)
        capacity, debt = market.health()
        if debt < capacity:
            with boa.reverts("engine: healthy"):
                market.liquidate("USD", "CRV")
            continue
        market.liquidate("USD", "CRV", owed // 4)
    market.liquidate("USD", "CRV")
    assert market.account().debts == ()
    assert not [e for e in market.engine.get_logs() if type(e).__name__ == "DeficitWrittenOff"]
