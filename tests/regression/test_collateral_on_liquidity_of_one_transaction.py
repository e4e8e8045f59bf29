"""The cap on collateral by depth holds where collateral joins a debt: not even liquidity that stays for one transaction lifts it. What has
joined counts in the liquidation test, at the last valid price even, when the market that it would have to be sold in has gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.attack_world import ETH, USD, WAD, World, data
from tests.range_world import Refused

# Worth 200,000. Of a pair of 2,000,000 98 % leave: 7,304, 18.26 % of what is left, is the cap on collateral then.
MUCH = 1_000 * ETH


@pytest.fixture(scope="module")
def world() -> World:
    """Somebody with a small debt, and a pair whose providers have just left."""
    world = World(("pair",), attackers_share_bps=9_800)
    a, lender = world.attacker, world.lender
    a.run(*a.lend(world.eth, 20 * ETH), a.borrow(world.usd, 1_000 * USD))
    a.run(*world.venue.leave(a))
    lender.run((world.pool, data(world.pool, "supply", world.eth.address, MUCH, lender.address)))
    assert 39_000 * WAD < world.band().depth < 40_000 * WAD
    return world


def join(world: World, way: str, amount: int = MUCH) -> tuple[Any, tuple[Any, bytes]]:
    """(who sends it, a call with which that much ETH joins the debt)"""
    pool, eth, debtor = world.pool, world.eth.address, world.attacker.address
    if way == "supply":
        return world.attacker, (pool, data(pool, "supply", eth, amount, debtor))
    return world.lender, (pool, data(pool, "transfer_shares", eth, amount * 10**6, debtor))


def there_and_back(world: World, who: Any, inside: tuple[Any, bytes]) -> list[tuple[Any, bytes]]:
    """Forty-nine times what is in the pair comes, and goes within the same transaction."""
    shares, (eth, _) = world.venue.pair.totalSupply(), world.venue.reserves()
    return [*world.venue.provide(who, 49 * eth), inside, *world.venue.leave(who, shares=49 * shares)]


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached"])
@pytest.mark.parametrize("way", ["supply", "transfer_shares"])
def test_join__above_the_cap_with_liquidity_of_one_transaction__refused(world: World, way: str, cached: bool) -> None:
    world.to_phase(0)
    if cached:
        world.oracle.poke(world.eth.address)
    who, call = join(world, way)
    counted = world.pool.reserve_state(world.eth.address).counted_shares
    with pytest.raises(Refused, match="pool: collateral cap"):
        who.run(call)
    with pytest.raises(Refused, match="pool: no price"):
        who.run(*there_and_back(world, who, call))
    assert world.pool.reserve_state(world.eth.address).counted_shares == counted


def test_join__below_the_cap__a_transaction_later(world: World) -> None:
    """20 ETH are worth 4,000, and ten more 6,000."""
    who, call = join(world, "supply", 10 * ETH)
    who.run(call)
    assert world.pool.supply_of(who.address, world.eth.address) >= 30 * ETH - 1


def test_supply__without_debt_and_with_liquidity_of_one_transaction__nobodys_risk(world: World) -> None:
    pool, eth, who = world.pool, world.eth.address, world.provider
    who.run((pool, data(pool, "set_collateral", eth, True)))
    who.run(*there_and_back(world, who, (pool, data(pool, "supply", eth, MUCH, who.address))))
    assert pool.supply_of(who.address, eth) >= MUCH - 1
