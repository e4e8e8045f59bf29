"""A known limit, and its bound: everybody else has just left the pair, and who owns the rest gives it what it had, borrows and takes the gift
back, all in one transaction. The present depth does not stop him; the median of half an hour does, whatever he shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack_world import ETH, PRICE, USD, WAD, World, data
from tests.range_world import Refused

# The cap on collateral is 18.26 % of 2,000,000, which is 1,826 ETH; of what is left it is 365 dollars
BELOW, ABOVE = 1_826 * ETH, 1_827 * ETH
LOAN = 100_000 * USD


@pytest.fixture(scope="module")
def world() -> World:
    """A thousandth of 2,000,000 is his."""
    world = World(("pair",), attackers_share_bps=10)
    world.oracle.poke(world.eth.address)
    world.provider.run(*world.venue.leave(world.provider))
    assert world.band().depth < 2_001 * WAD
    return world


def shown(world: World, eth: int, inside: list[Any]) -> list[Any]:
    """`eth` and the dollars that belong to it are given to the pair, and leave it with all that is his."""
    a, pair = world.attacker, world.venue.pair.address
    gift = [(world.eth, data(world.eth, "transfer", pair, eth)), (world.usd, data(world.usd, "transfer", pair, eth * PRICE * USD // ETH))]
    return [*gift, world.venue.touch(), *inside, *world.venue.leave(a)]


def test_loan__without_a_gift__by_what_is_left(world: World) -> None:
    a = world.attacker
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*a.lend(world.eth, BELOW), a.borrow(world.usd, LOAN))


@pytest.mark.parametrize("eth", [10_000 * ETH, 500_000 * ETH])
def test_loan__with_a_gift__by_the_median_of_half_an_hour_and_no_more(world: World, eth: int) -> None:
    a = world.attacker
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*shown(world, eth, [*a.lend(world.eth, ABOVE), a.borrow(world.usd, LOAN)]))
    a.run(*shown(world, eth, [*a.lend(world.eth, BELOW), a.borrow(world.usd, LOAN)]))
    assert world.band().depth < WAD
