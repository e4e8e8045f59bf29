"""Whoever provides the liquidity leaves: to borrow more than what is left can take, to have others liquidated, or to move what is left."""

from __future__ import annotations

from fractions import Fraction

import pytest

from plimsoll.attack.caps import Search
from plimsoll.attack.caps import World as Case
from plimsoll.attack.cost import blocks_to_follow, ticks_of
from plimsoll.attack.gain import BORROW_AGAINST, BORROW_IT, CALL_DEBTS, SEIZE_IT
from tests.attack_world import BPS, BUCKET, ETH, USD, WAD, CappedAttack, World, profit
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
    liquidity leaves first"); a min_depth near the depth is the remedy, or an absolute cap (below)."""
    assert 0 < leave_and_dump(min_depth=20_000, share_bps=9_970) < 365_000


# ---------------------------------------------------------------- within absolute caps


def leave_within_the_cap(what: str, kind: str, eth: int, min_depth: int, arbitraged: bool, beyond: Fraction) -> tuple[Fraction, ...]:
    """(profit within the cap of `attack-cost`, within four times as much, the cost). He owns all of the liquidity but what must be left, and
    moves the price by a little more than where the cap is bound: there a slope may jump, and prices are rounded."""
    lent = (0 if what in (BORROW_AGAINST, SEIZE_IT) else 50_000, 10_000_000)
    found = Search(listed(kind, eth, min_depth, lent).listing(), what, 12, Case("", arbitraged, thinned=True), Fraction(4))
    least = found.least(True)
    assert least is not None
    h = least.factor * beyond
    # just deep enough
    left = found.listing.sources[0].left(what, h) * Fraction(1_005, 1_000)
    assert left < Fraction(3, 5)
    world = listed(kind, eth, min_depth, lent, attackers_share_bps=int((1 - left) * BPS))
    # small enough that a call liquidates all of one, and large enough for the minimum debt
    accounts = 4 if least.cap < 2_000 * WAD else 12 if least.cap < 10_000 * WAD else 24
    attack = CappedAttack(world, what, h, int(least.cap * WAD / world.eth_price()), accounts=accounts)
    one, four = attack.execute(arbitraged, leaves=True)
    point = found.at(h)
    return one, four, found.cost(point, point) / WAD


def listed(kind: str, eth: int, min_depth: int, lent: tuple[int, int], attackers_share_bps: int = 0) -> World:
    return World((kind,), eth=eth, min_depth=min_depth, lent=lent, seed_parts=1_000, attackers_share_bps=attackers_share_bps)


@pytest.mark.parametrize("kind", ["pair", "range"])
@pytest.mark.parametrize("what", [BORROW_AGAINST, BORROW_IT, SEIZE_IT, CALL_DEBTS])
def test_provider__leaves_and_moves_what_is_left_unopposed__nothing_gained_within_the_absolute_cap(what: str, kind: str) -> None:
    one, four, cost = leave_within_the_cap(what, kind, 100_000, 5_000_000, arbitraged=False, beyond=Fraction(1_003, 1_000))
    assert -cost / 10 < one <= 0
    assert four > 2 * cost


@pytest.mark.parametrize("what", [SEIZE_IT, CALL_DEBTS])
def test_provider__leaves_far_less_than_the_depth_of_the_listing__nothing_gained_within_the_absolute_cap(what: str) -> None:
    """The known limit above, against an arbitrageur."""
    one, four, cost = leave_within_the_cap(what, "pair", 10_000, 20_000, arbitraged=True, beyond=Fraction(103, 100))
    assert -cost / 4 < one <= 0
    # of the larger ones, who are just liquidatable, a call takes half
    assert four > cost / 2


def test_provider__stays_and_is_the_only_one__pays_within_the_absolute_cap() -> None:
    """Known limit: who owns the liquidity that is moved gets his fees back. Where nobody else trades either, the price is his, and no cap
    but one that admits nothing helps."""
    found = Search(listed("pair", 100_000, 100_000, (0, 10**7)).listing(), BORROW_AGAINST, 12, Case("", False, False), Fraction(4))
    least = found.least(True)
    assert least is not None
    world = listed("pair", 100_000, 100_000, (0, 10**7), attackers_share_bps=9_900)
    one, _ = CappedAttack(world, BORROW_AGAINST, least.factor, int(least.cap * WAD / world.eth_price())).execute(False, leaves=False)
    # a hundredth of the fees is all that he pays
    assert one > found.at(least.factor).ways[0][0] / WAD * 9 / 10
