"""Self-liquidation, and borrowing and liquidating within one block: neither makes a profit at unchanged prices (Euler, Silo)."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import EVERYTHING, Market

ETH = 10**18
USD = 10**6


@pytest.fixture
def market() -> Market:
    market = Market(borrow_limit_bps=9_900)
    market.list("ETH", 100 * WAD)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    return market


def worth(market: Market, account: object) -> int:
    """All that an account has, in the pool and outside, less its debts: WAD at the seizure prices."""
    prices = market.prices()
    total = 0
    for symbol in market.assets:
        amount = market.balance(symbol, account) + market.supply_of(symbol, account) - market.debt_of(symbol, account)
        total += amount * min(prices[symbol].fresh, prices[symbol].high) // WAD
    return total


@pytest.mark.parametrize("price", [75, 66, 61, 60])
def test_liquidate__oneself__gains_nothing_while_the_collateral_covers(market: Market, price: int) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", price * WAD)
    market.fund(market.borrower, "USD", 10**9 * USD)
    before = worth(market, market.borrower)
    lent = market.supply_of("USD", market.lender)
    with boa.env.prank(market.borrower):
        for _ in range(3):
            if market.health()[1] and market.health()[1] >= market.health()[0]:
                eth, usd = market.assets["ETH"].address, market.assets["USD"].address
                market.engine.liquidate(market.borrower, usd, eth, EVERYTHING, 0, EVERYTHING)
    gained = worth(market, market.borrower) - before
    if price > 60:
        assert gained <= 10**9  # the units that rounding leaves; the fee is a loss
        assert market.supply_of("USD", market.lender) >= lent
    else:
        # Below 1.01 it is the least bonus, the same that anybody else would have had.
        assert gained <= 6_000 * WAD // 100 + 10**9


@pytest.mark.parametrize("spread", [0, 5, 25])
def test_liquidate__in_the_block_of_the_borrowing__impossible_at_unchanged_prices(market: Market, spread: int) -> None:
    """New risk ends below 99 % at prices that are nowhere better than the trigger prices."""
    market.set_band("ETH", (100 + spread) * WAD, 100 * WAD, 100 * WAD)
    market.set_band("USD", WAD + spread * WAD // 100, WAD, WAD)
    view_limit = 100 * 75 * 99 // 100 * 10**8 // (100 + spread) * USD // 10**6
    market.open({"ETH": 100 * ETH}, {"USD": view_limit - USD})
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")
    with boa.env.prank(market.borrower), boa.reverts("engine: healthy"):
        market.engine.liquidate(market.borrower, market.assets["USD"].address, market.assets["ETH"].address, EVERYTHING, 0, EVERYTHING)
