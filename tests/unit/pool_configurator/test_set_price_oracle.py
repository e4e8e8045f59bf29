"""One real PriceOracle replaced by another, in front of the real pool, on real pairs."""

from fractions import Fraction
from typing import Any

import boa
import pytest

from tests.attack_world import DOLLAR, ETH, FEED_UNIT, HEARTBEAT, PRICE, USD, WAD, World, now
from tests.conftest import load
from tests.pair_world import new_factory
from tests.range_world import Refused

GRACE = 4 * 3_600
BOUNDS = PRICE * FEED_UNIT // 100, PRICE * FEED_UNIT * 100
DISAGREE, NO_FEED = "configurator: oracles disagree", "configurator: no feed"


@pytest.fixture(scope="module")
def base() -> World:
    """ETH at LTV 75, priced by a pair and a feed, with somebody in debt."""
    world = World(with_feed=True, ltv_bps=7_500)
    world.borrower(world.eth, 100 * ETH, world.usd, 10_000 * USD)
    return world


@pytest.fixture
def world(base: World) -> World:
    return base


def elsewhere(world: World, price: Fraction) -> Any:
    """A pair of the same tokens at another price, that has traded there for longer than the slow window of an asset with a feed."""
    factory = new_factory(boa.env.eoa)
    pair = load("amm/Pair.vy").at(factory.createPair(world.eth, world.usd))
    world.eth.mint(pair, 10_000 * ETH)
    world.usd.mint(pair, int(10_000 * USD * price))
    pair.mint(boa.env.eoa)
    world.wait(24 * 180)
    return pair


def new_oracle(world: World, pair: Any = None, with_feed: bool = True) -> Any:
    oracle = load("oracle/PriceOracle.vy").deploy()
    oracle.set_quote(world.usd.address, DOLLAR)
    if with_feed:
        oracle.set_feed(world.eth.address, world.feed.address, False, HEARTBEAT, *BOUNDS)  # type: ignore[union-attr]
    oracle.set_source(world.eth.address, pair or world.venues[0].contract, world.usd.address, 100_000 * WAD)
    return oracle


def test_set_oracle__the_same_pair_and_feed__is_set_at_once_and_lends(world: World) -> None:
    other = new_oracle(world)
    world.configurator.set_oracle(other.address)
    assert world.pool.oracle() == other.address
    assert world.pool.guards() == (0, 0)
    assert other.band(world.eth.address) == world.band()
    world.wait()
    world.borrower(world.eth, 100 * ETH, world.usd, 11_750 * USD)
    # 20,000 * (10,000 / 10,100)^2 = 19,606 is what 100 ETH bring in the pair, 75 % of it what they carry, 80 % of that what may be borrowed
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrower(world.eth, 100 * ETH, world.usd, 11_770 * USD)


@pytest.mark.parametrize("percent", [Fraction(951, 10), Fraction(1049, 10)])
def test_set_oracle__another_pair_within_five_percent__is_set_at_once(world: World, percent: Fraction) -> None:
    other = new_oracle(world, elsewhere(world, PRICE * percent / 100))
    world.configurator.set_oracle(other.address)
    assert world.pool.guards() == (0, 0)


@pytest.mark.parametrize("percent", [Fraction(948, 10), Fraction(1052, 10), 50, 200])
def test_set_oracle__another_pair_beyond_five_percent__reverts(world: World, percent: Fraction) -> None:
    """The feed holds the prices of liquidation; those for new risk and for seizure are off."""
    other = new_oracle(world, elsewhere(world, PRICE * Fraction(percent) / 100))
    with boa.reverts(DISAGREE):
        world.configurator.set_oracle(other.address)
    assert world.pool.oracle() == world.oracle.address


def test_set_oracle__frozen_and_beyond_five_percent__is_set_and_everybody_gets_time(world: World) -> None:
    other = new_oracle(world, elsewhere(world, Fraction(PRICE, 2)))
    world.configurator.freeze(world.eth.address)
    world.configurator.set_oracle(other.address)
    opens = now() + GRACE
    assert world.pool.guards() == (opens, opens)
    with pytest.raises(Refused, match="pool: paused"):
        world.attacker.run(world.attacker.borrow(world.usd, 1_000 * USD))


def test_set_oracle__the_same_pair_without_the_feed__reverts_unless_frozen(world: World) -> None:
    """Its prices for liquidation are the same to the last digit, and still it is another oracle: nothing outvotes the pair any more."""
    other = new_oracle(world, with_feed=False)
    assert other.band(world.eth.address)[2:4] == world.band()[2:4]
    with boa.reverts(NO_FEED):
        world.configurator.set_oracle(other.address)
    world.configurator.freeze(world.eth.address)
    world.configurator.set_oracle(other.address)
    assert world.pool.guards() == (now() + GRACE, now() + GRACE)
    with boa.reverts(NO_FEED):
        world.configurator.unfreeze(world.eth.address)
    other.set_feed(world.eth.address, world.feed.address, False, HEARTBEAT, *BOUNDS)  # type: ignore[union-attr]
    world.configurator.unfreeze(world.eth.address)


def test_set_oracle__quote_that_it_does_not_know__reverts(world: World) -> None:
    """An oracle that was set up for one asset and not for the other."""
    other = load("oracle/PriceOracle.vy").deploy()
    other.set_quote(world.usd.address, DOLLAR)
    with boa.reverts(DISAGREE):
        world.configurator.set_oracle(other.address)


def test_set_feed__taken_away_in_the_oracle__no_raise_and_no_opening_afterwards(world: World) -> None:
    """The oracle does not know the pool, so it cannot refuse: what stood before stands, and nothing more is lent on it. Tools report it."""
    eth = world.eth.address
    world.wait(86_400)
    world.oracle.set_feed(eth, "0x" + "00" * 20, False, 0, 0, 0)
    with boa.reverts(NO_FEED):
        world.configurator.set_ltv(eth, 7_501, 0)
    world.configurator.freeze(eth)
    with boa.reverts(NO_FEED):
        world.configurator.unfreeze(eth)
    world.configurator.set_ltv(eth, 6_500, 7 * 86_400)
    world.configurator.unfreeze(eth)
    with boa.reverts(NO_FEED):
        world.configurator.set_ltv(eth, 6_501, 7 * 86_400)


def test_list_reserve__fixed_price__65_percent_at_most(world: World) -> None:
    """Nobody says when a dollar that is told to be one is none."""
    rate = world.configurator.configuration(world.usd.address).rate_model
    token = load("testing/TestToken.vy").deploy("EUR", "EUR", 6)
    world.oracle.set_quote(token.address, DOLLAR)
    with boa.reverts(NO_FEED):
        world.configurator.list_reserve(token.address, rate, 6_501, 11_000, 5_000)
    world.configurator.list_reserve(token.address, rate, 6_500, 11_000, 5_000)
