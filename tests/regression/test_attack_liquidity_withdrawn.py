"""Whoever provides the liquidity leaves: to borrow more than what is left can take, to have others liquidated, or to move what is left."""

from __future__ import annotations

from fractions import Fraction

import pytest

from plimsoll.attack.cost import blocks_to_follow, ticks_of
from tests.attack_world import BUCKET, ETH, USD, World, profit
from tests.range_world import Refused

FULL_DEPTH, THIN = 2, 32


@pytest.mark.parametrize("kind", ["pair", "range"])
def test_provider__leaves_and_borrows__by_what_is_left(kind: str) -> None:
    world = World((kind,), attackers_share_bps=9_900)
    a, before = world.attacker, world.attacker.wealth()
    # 340,000 of collateral is within the cap of 365,000 while the depth is there
    amount, loan = 1_700 * ETH, 100_000 * USD
    world.oracle.poke(world.eth.address)
    # Present depth: the smaller of now and the median counts, in the transaction in which he leaves as well
    with pytest.raises(Refused, match=r"pool: (collateral cap|over limit)"):
        a.run(*world.venue.leave(a), *a.lend(world.eth, amount), a.borrow(world.usd, loan))
    if kind == "range":
        world.venue.positions[a.address] = {(-887_220, 887_220): world.pool_share}
    a.run(*a.lend(world.eth, amount), a.borrow(world.usd, loan))
    # The other way round: the loan is given, then he leaves. That changes nothing in what he owes and owns.
    a.run(*world.venue.leave(a))
    assert profit(world, before) <= 0
    assert not world.liquidatable(a)


@pytest.mark.parametrize("depth_mode", [0, FULL_DEPTH], ids=["new risk", "full"])
@pytest.mark.parametrize("share_bps", [9_700, 9_990])
def test_provider__leaves_at_an_unchanged_price__nobody_is_liquidated(share_bps: int, depth_mode: int) -> None:
    """In FULL mode the depth of the liquidation test falls by 5 % a day: at the 60,000 that are left after the first, his 20,000 of
    collateral would count 11,250. With no price left (THIN) the last valid one holds."""
    world = World(attackers_share_bps=share_bps, depth_mode=depth_mode)
    victim = world.borrower(world.eth, 100 * ETH, world.usd, 10_190 * USD)
    debtor = world.borrower(world.usd, 60_000 * USD, world.eth, 150 * ETH)
    a, before = world.attacker, world.attacker.wealth()
    a.run(*world.venue.leave(a))
    for _ in range(14):
        world.wait(BUCKET)
        world.oracle.poke(world.eth.address)
        for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
            with pytest.raises(Refused, match="engine: healthy"):
                a.run(a.liquidate(who, debt, collateral))
    assert bool(world.band().why & THIN) == (share_bps == 9_990)
    assert profit(world, before) <= 0


def leave_and_dump(min_depth: int, share_bps: int) -> Fraction:
    """All collateral of the cap belongs to others, all at the limit; the provider takes out his share, holds the price at 1 / 1.3 against an
    arbitrageur until the band has followed, and liquidates them all."""
    world = World(attackers_share_bps=share_bps, min_depth=min_depth)
    victims = [world.borrower(world.eth, 178 * ETH, world.usd, 17_850 * USD) for _ in range(10)]
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    factor = Fraction(13, 10)
    gap = ticks_of(factor)
    world.to_phase(-(-(-(gap // 50) // 12) * 12) % BUCKET)
    a.run(*world.venue.leave(a))
    eth = a.balances()[0]
    world.hold(1 / factor, blocks_to_follow(gap, 12) + 1, arbitraged=True)
    for victim in victims:
        if world.liquidatable(victim):
            a.run(a.liquidate(victim, world.usd, world.eth))
    world.let_go(eth, arbitraged=True)
    return profit(world, before)


def test_provider__leaves_and_dumps_what_is_left__costs_more_than_it_brings() -> None:
    """min_depth is a quarter of the depth, as listings should have it: a sixteenth may be left, or the source has no price (THIN)."""
    assert leave_and_dump(min_depth=500_000, share_bps=9_300) < 0
    assert leave_and_dump(min_depth=500_000, share_bps=9_960) < 0


def test_provider__leaves_far_less_than_the_depth_of_the_listing__pays() -> None:
    """Known limit: collateral was capped by the depth of before, and what is left is cheap to move. `attack-cost` grades it ("if ... of the
    liquidity leaves first"); a min_depth near the depth is the remedy."""
    assert 0 < leave_and_dump(min_depth=20_000, share_bps=9_970) < 365_000
