"""In a narrow range a little money looks like a deep market: here 200,000 of either token feign a depth of 20,000,000 and more."""

from __future__ import annotations

from fractions import Fraction

import pytest
from eth_abi import encode

from tests.attack_world import BPS, BUCKET, ETH, USD, WAD, World, data, profit
from tests.range_world import Refused

# sqrt(200e6 / 1e18) * 1e9: a unit of liquidity is worth so many 1e-15 dollars of depth
ROOT = 14_142


@pytest.mark.parametrize("eth_first", [True, False], ids=["token0", "token1"])
def test_depth__in_one_narrow_range__is_what_the_pool_holds(eth_first: bool) -> None:
    world = World(("range",), eth=1_000, eth_first=eth_first)
    a, before = world.attacker, world.attacker.wealth()
    centre = world.venue.tick() // 60 * 60
    a.run(*world.venue.provide(a, centre - 60, centre + 120, world.pool_share * 100))
    for _ in range(12):
        world.wait(BUCKET)
        world.oracle.poke(world.eth.address)
    held_eth, held_usd = (t.balanceOf(world.venue.pool) for t in (world.eth, world.usd))
    virtual = world.pool_share * 101 * ROOT // 10**15
    band = world.band()
    # the liquidity in range would be a hundred times as much; the balances are the one check
    assert virtual > 15_000_000
    assert band.depth <= min(held_usd * 10**12, held_eth * 200) * 1_001 // 1_000
    assert band.depth < 1_200_000 * WAD
    # so much collateral as the feigned depth would carry is refused
    with pytest.raises(Refused, match=r"pool: (collateral cap|over limit)"):
        a.run(*a.lend(world.eth, virtual * 1_826 // BPS // 200 * ETH), a.borrow(world.usd, 1_000_000 * USD))
    a.run(*world.venue.leave(a))
    assert profit(world, before) <= 0


@pytest.mark.parametrize("how", ["flash", "swap"])
@pytest.mark.parametrize("first_in_bucket", [True, False], ids=["new bucket", "cached"])
def test_tokens__brought_for_one_transaction__do_not_count(how: str, first_in_bucket: bool) -> None:
    """The liquidity in range is his, for little. What he brings into the pool in a flash loan's fee, or trades into it, is his again
    afterwards, as the only provider in range: in a transaction that has used the pool its tokens are not counted at all."""
    world = World(("range",), eth=1_000)
    a, before = world.attacker, world.attacker.wealth()
    centre = world.venue.tick() // 60 * 60
    ends = (centre - 60, centre + 120) if how == "flash" else (centre, centre + 900)
    a.run(*world.venue.provide(a, *ends, world.pool_share * 100))
    for _ in range(12):
        world.wait(BUCKET)
        world.oracle.poke(world.eth.address)
    world.to_phase(0)
    if not first_in_bucket:
        world.oracle.poke(world.eth.address)
    if how == "flash":
        brought = 100_000 * ETH, 20_000_000 * USD
        payload = encode(["uint256", "uint256"], brought if world.eth_first else brought[::-1])
        use = [(world.venue.pool, data(world.venue.pool, "flash", a.address, 0, 0, payload))]
    else:
        use = world.venue.to(a, world.honest * Fraction(104, 100))
    loan = [*a.lend(world.eth, 10_000 * ETH), a.borrow(world.usd, 500_000 * USD)]
    with pytest.raises(Refused, match="oracle: source is in use" if first_in_bucket else "pool: collateral cap"):
        a.run(*use, *loan)
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*loan)
    assert profit(world, before) <= 0
