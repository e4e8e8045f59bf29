"""Nobody can withdraw a dollar, every one is lent out: a liquidation, which brings dollars, goes on (example 15, paid with tokens)."""

import boa

from plimsoll.reference.liquidation import WAD
from tests.lending_market import EVERYTHING, Market


def test_liquidate__debt_reserve_fully_lent_out__succeeds_and_brings_cash() -> None:
    market = Market()
    market.list("ETH", 200 * WAD, ltv_bps=6_500)
    market.list("USD", WAD, decimals=6, ltv_bps=6_500)
    eth, usd = market.assets["ETH"], market.assets["USD"]
    market.lend("USD", 5_000 * 10**6)
    market.open({"ETH": 60 * WAD}, {"USD": market.pool.reserve_state(usd.address).cash})
    assert market.pool.reserve_state(usd.address).cash == 0
    with boa.env.prank(market.lender), boa.reverts("pool: insufficient cash"):
        market.pool.withdraw(usd.address, 1, market.lender)

    market.set_price("ETH", 150 * WAD)
    market.fund(market.liquidator, "USD", 10_000 * 10**6)
    with boa.env.prank(market.liquidator):
        repaid, received = market.engine.liquidate(market.borrower, usd.address, eth.address, EVERYTHING, 0, EVERYTHING)
    assert repaid == 3_000 * 10**6
    assert received > 0
    assert market.pool.reserve_state(usd.address).cash == repaid
