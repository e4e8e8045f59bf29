"""Depth for one transaction: bring liquidity, borrow against what the pool seems able to take, and leave again."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import BPS, ETH, USD, World, profit
from tests.range_world import Refused

# A pool of 120,000: the cap on collateral is 21,915, and this is ten times as much
MUCH, LOAN = 1_100 * ETH, 90_000 * USD


def bring(world: World) -> list:
    """A hundred times what is there."""
    if hasattr(world.venue, "pair"):
        return list(world.venue.provide(world.attacker, 60_000 * ETH))
    tick = world.venue.tick() // 60 * 60
    return list(world.venue.provide(world.attacker, tick - 600, tick + 600, 10**20))


@pytest.fixture(scope="module", params=["pair", "range"])
def base(request: pytest.FixtureRequest) -> World:
    return World((request.param,), eth=600)


@pytest.fixture
def world(base: World) -> World:
    if hasattr(base.venue, "positions"):
        base.venue.positions.pop(base.attacker.address, None)
    return base


def test_loan__beyond_the_cap__refused(world: World) -> None:
    a = world.attacker
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*a.lend(world.eth, MUCH), a.borrow(world.usd, 1_000 * USD))


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached"])
def test_liquidity__for_one_transaction__refused(world: World, cached: bool) -> None:
    a, before = world.attacker, world.attacker.wealth()
    world.to_phase(0)
    if cached:
        world.oracle.poke(world.eth.address)
    world.wait()
    calls = [*bring(world), *a.lend(world.eth, MUCH), a.borrow(world.usd, LOAN)]
    # LIQUIDITY_ADDED: collateral counts nothing in the transaction that brought liquidity. Where the balances of a range pool would have
    # to be counted, there is no answer at all.
    is_range = hasattr(world.venue, "positions")
    with pytest.raises(Refused, match="oracle: source is in use" if is_range and not cached else r"pool: (over limit|collateral cap)"):
        a.run(*calls)
    if is_range:
        world.venue.positions.pop(a.address)
    assert profit(world, before) == 0


def test_liquidity__for_one_transaction__not_even_a_loan_that_needs_none_of_it(world: World) -> None:
    """The cap goes by the smaller of now and the median, and would hold by itself; LIQUIDITY_ADDED closes the transaction to all new risk."""
    a, before = world.attacker, world.attacker.wealth()
    world.oracle.poke(world.eth.address)
    loan = [*a.lend(world.eth, 20 * ETH), a.borrow(world.usd, 1_000 * USD)]
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*bring(world), *loan)
    if hasattr(world.venue, "positions"):
        world.venue.positions.pop(a.address)
    assert profit(world, before) == 0
    a.run(*loan)


@pytest.mark.parametrize("blocks", [1, 15, 60])
def test_liquidity__for_some_blocks__no_deeper_than_the_median_of_half_an_hour(world: World, blocks: int) -> None:
    """Within five buckets the median over ten stands: five of them need fifteen minutes, and then it is there."""
    a, before = world.attacker, world.attacker.wealth()
    world.to_phase(0)
    a.run(*bring(world))
    for _ in range(blocks):
        world.wait()
    assert world.band().depth <= 121_000 * 10**18
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*a.lend(world.eth, MUCH), a.borrow(world.usd, LOAN))
    a.run(*world.venue.leave(a))
    # liquidity that comes and goes at one price earns nothing and pays nothing
    assert profit(world, before) <= 0


def test_liquidity__brought_and_pumped_at_once__nothing(world: World) -> None:
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    a.run(*bring(world))
    world.hold(Fraction(3), 2, arbitraged=False)
    with pytest.raises(Refused, match=r"pool: (collateral cap|over limit)"):
        a.run(*a.lend(world.eth, MUCH), a.borrow(world.usd, LOAN))
    world.let_go(eth, arbitraged=False)
    a.run(*world.venue.leave(a, BPS))
    assert profit(world, before) <= 0
