"""A borrower repays one unit just before a liquidation, so that it asks for more than there is and fails."""

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
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    return market


@pytest.mark.parametrize(("price", "ask"), [(79, 3_000 * USD), (70, 6_000 * USD)])
def test_liquidate__one_unit_repaid_before__is_clamped_and_goes_on(market: Market, price: int, ask: int) -> None:
    market.set_price("ETH", price * WAD)
    assert market.expect("USD", "ETH", ask).repaid == ask
    with boa.env.prank(market.borrower):
        market.assets["USD"].token.approve(market.pool.address, 1)
        market.pool.repay(market.assets["USD"].address, 1, market.borrower)
    repaid, received = market.liquidate("USD", "ETH", ask)
    assert ask - 1 <= repaid <= ask
    assert received > 0


def test_liquidate__one_unit_of_collateral_taken_or_given_before__goes_on(market: Market) -> None:
    market.set_price("ETH", 50 * WAD)
    market.fund(market.attacker, "ETH", 1)
    with boa.env.prank(market.attacker):
        market.pool.supply(market.assets["ETH"].address, 1, market.borrower)
    expected = market.expect("USD", "ETH")
    assert market.liquidate("USD", "ETH") == (expected.repaid, expected.received)
    assert market.debt_of("USD") == 0


def test_liquidate__repaid_enough_to_be_healthy__has_nothing_to_do(market: Market) -> None:
    market.set_price("ETH", 79 * WAD)
    with boa.env.prank(market.borrower):
        market.assets["USD"].token.approve(market.pool.address, 100 * USD)
        market.pool.repay(market.assets["USD"].address, 100 * USD, market.borrower)
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH", 3_000 * USD)
