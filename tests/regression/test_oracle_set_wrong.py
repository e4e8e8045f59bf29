"""Moonwell (2025): an oracle was configured wrongly, positions were seized at its price, and the fix was stuck in a timelock for days.
Here no configuration moves a price by more than 5 %, or twice a day; another oracle must agree with the one before, except on a frozen asset,
after which liquidation waits for hours; a wrong price never binds repayment or debt-free withdrawal, and nobody is liquidated once the right
oracle is back."""

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract

from plimsoll.reference.liquidation import WAD
from tests.attack_world import ETH, FEED_UNIT, HEARTBEAT, PRICE, USD, World
from tests.conftest import load
from tests.lending_market import EVERYTHING, Market
from tests.range_world import Refused


def wrong_oracle(market: Market) -> VyperContract:
    wrong = load("testing/ConstantOracle.vy").deploy()
    wrong.set(market.assets["ETH"].address, 10**15)  # a thousandth of a dollar
    wrong.set(market.assets["USD"].address, market.raw_price("USD", WAD))
    return wrong


@pytest.fixture
def market() -> Market:
    market = Market()
    market.list("ETH", 200 * WAD, ltv_bps=6_500)
    market.list("USD", WAD, decimals=6, ltv_bps=6_500)
    market.lend("USD", 100_000 * 10**6)
    market.open({"ETH": 50 * WAD}, {"USD": 3_000 * 10**6})
    market.fund(market.liquidator, "USD", 10_000 * 10**6)
    market.fund(market.borrower, "USD", 100 * 10**6)
    return market


def refuses_liquidation(market: Market, reason: str) -> None:
    with boa.env.prank(market.liquidator), boa.reverts(reason):
        market.engine.liquidate(market.borrower, market.assets["USD"].address, market.assets["ETH"].address, EVERYTHING, 0, EVERYTHING)


def test_oracle__that_says_something_else__cannot_be_set(market: Market) -> None:
    with boa.env.prank(market.owner), boa.reverts("configurator: oracles disagree"):
        market.configurator.set_oracle(wrong_oracle(market).address)
    refuses_liquidation(market, "engine: healthy")


def test_oracle__set_wrong_for_a_frozen_asset__harms_nobody_before_it_is_replaced(market: Market) -> None:
    """A frozen asset is how a broken oracle gets out: then hours pass in which the next one can come, and nobody is liquidated."""
    usd, right = market.assets["USD"].address, market.oracle
    with boa.env.prank(market.owner):
        market.configurator.set_steward(market.owner)
        market.configurator.freeze(market.assets["ETH"].address)
        market.configurator.set_oracle(wrong_oracle(market).address)
    assert market.lens.account(market.borrower).stage == 4
    refuses_liquidation(market, "pool: paused")
    with boa.env.prank(market.borrower):
        assert market.pool.repay(usd, 100 * 10**6, market.borrower) == 100 * 10**6
        with boa.reverts("pool: paused"):
            market.pool.borrow(usd, 100 * 10**6, market.borrower)
    with boa.env.prank(market.lender):
        assert market.pool.withdraw(usd, 1_000 * 10**6, market.lender) == 1_000 * 10**6

    boa.env.time_travel(seconds=3 * 3_600)
    with boa.env.prank(market.owner):
        market.configurator.set_oracle(right.address)
    assert market.lens.account(market.borrower).stage < 4
    refuses_liquidation(market, "engine: healthy")
    boa.env.time_travel(seconds=4 * 3_600)
    refuses_liquidation(market, "engine: healthy")


def feed(price_cents: int) -> object:
    return load("testing/ScriptedFeed.vy").deploy(8, price_cents * FEED_UNIT // 100)


@pytest.mark.parametrize(
    "wrong_cents",
    [
        # the ratio of a receipt to its asset (1.12), taken for the price of the receipt: what happened
        112,
        PRICE * 100 * 94 // 100,
        PRICE * 100 * 107 // 100,
    ],
)
def test_feed__of_something_else__cannot_be_set(wrong_cents: int) -> None:
    world = World(with_feed=True)
    victim = world.borrower(world.eth, 100 * ETH, world.usd, 10_190 * USD)
    band = world.band()
    wrong = feed(wrong_cents)
    with boa.reverts("oracle: moves the price"):
        world.oracle.set_feed(world.eth.address, wrong.address, False, HEARTBEAT, 1, 10**15)  # type: ignore[attr-defined]
    assert world.band() == band
    with pytest.raises(Refused, match="engine: healthy"):
        world.attacker.run(world.attacker.liquidate(victim, world.usd, world.eth))


def test_feed__a_little_wrong__once_a_day_and_nobody_is_liquidated_by_it() -> None:
    """Within the bound a wrong one goes through, so that a wrong price can go no further than 5 % a day."""
    world = World(with_feed=True)
    # its first feed, 0.01 % off the market, was a switch too
    world.wait(86_400)
    four_percent, again = feed(PRICE * 104), feed(PRICE * 108)
    bounds = (False, HEARTBEAT, 1, 10**15)
    world.oracle.set_feed(world.eth.address, four_percent.address, *bounds)  # type: ignore[attr-defined]
    # the trigger prices are medians: the market outvotes it
    assert world.band().liquidation_high <= PRICE * 10**18 * 1_001 // 1_000
    with boa.reverts("oracle: switched today"):
        world.oracle.set_feed(world.eth.address, again.address, *bounds)  # type: ignore[attr-defined]
    victim = world.borrower(world.eth, 100 * ETH, world.usd, 10_000 * USD)
    with pytest.raises(Refused, match="engine: healthy"):
        world.attacker.run(world.attacker.liquidate(victim, world.usd, world.eth))
