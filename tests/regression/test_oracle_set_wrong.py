"""Moonwell (2025): an oracle was configured wrongly, positions were seized at its price, and the fix was stuck in a timelock for days.
Here a replaced oracle acts in the next call, a wrong price never binds repayment or debt-free withdrawal, and nobody is liquidated
once the right oracle is back."""

import boa

from plimsoll.reference.liquidation import WAD
from tests.conftest import load
from tests.lending_market import EVERYTHING, Market


def test_oracle__set_wrong_and_replaced__acts_at_once_and_repayment_never_stops() -> None:
    market = Market()
    market.list("ETH", 200 * WAD, ltv_bps=6_500)
    market.list("USD", WAD, decimals=6, ltv_bps=6_500)
    market.lend("USD", 100_000 * 10**6)
    market.open({"ETH": 50 * WAD}, {"USD": 3_000 * 10**6})
    eth, usd = market.assets["ETH"], market.assets["USD"]
    market.fund(market.liquidator, "USD", 10_000 * 10**6)
    market.fund(market.borrower, "USD", 100 * 10**6)
    right = market.oracle

    wrong = load("testing/ConstantOracle.vy").deploy()
    wrong.set(eth.address, 10**15)  # a thousandth of a dollar
    wrong.set(usd.address, market.raw_price("USD", WAD))
    with boa.env.prank(market.owner):
        market.pool.set_oracle(wrong.address)
    assert market.lens.account(market.borrower).stage == 4
    with boa.env.prank(market.borrower):
        assert market.pool.repay(usd.address, 100 * 10**6, market.borrower) == 100 * 10**6
    with boa.env.prank(market.lender):
        assert market.pool.withdraw(usd.address, 1_000 * 10**6, market.lender) == 1_000 * 10**6

    with boa.env.prank(market.owner):
        market.pool.set_oracle(right.address)
    assert market.lens.account(market.borrower).stage < 4
    with boa.env.prank(market.liquidator), boa.reverts("engine: healthy"):
        market.engine.liquidate(market.borrower, usd.address, eth.address, EVERYTHING, 0, EVERYTHING)
