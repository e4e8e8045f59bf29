"""Venus and LUNA, May 2022: the feed stopped at a floor of its own (0.10), the market fell through it, and the protocol went on lending at
the floor. Here an answer at or beyond the bounds is none: new risk is closed, and liquidation goes on by the market."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import BUCKET, ETH, PRICE, USD, World, profit
from tests.range_world import Refused

FEED_FAILED = 1024
FLOOR = PRICE // 100


@pytest.mark.parametrize("answer", [FLOOR, PRICE * 100], ids=["at the floor", "at the ceiling"])
def test_feed__at_its_bound__nothing_is_lent(answer: int) -> None:
    world = World(with_feed=True)
    a, before = world.attacker, world.attacker.wealth()
    world.say(answer)
    assert world.band().why & FEED_FAILED
    for calls in (
        [*a.lend(world.eth, 100 * ETH), a.borrow(world.usd, 1_000 * USD)],
        [*a.lend(world.usd, 60_000 * USD), a.borrow(world.eth, 10 * ETH)],
    ):
        with pytest.raises(Refused, match=r"pool: (over limit|no price)"):
            a.run(*calls)
    assert profit(world, before) == 0


def test_market__falls_through_the_floor__nobody_borrows_at_the_floor_and_the_bad_are_liquidated() -> None:
    world = World(with_feed=True)
    victim = world.borrower(world.eth, 100 * ETH, world.usd, 10_190 * USD)
    world.say(FLOOR)
    # to a thousandth: a tenth of the floor
    world.honest /= 1_000
    world.arbitrageur.run(*world.venue.arbitrage(world.arbitrageur))
    for _ in range(40):
        world.wait(BUCKET)
        world.arbitrageur.run(world.venue.touch())
    a = world.attacker
    # 1,000,000 of what is worth 0.2 each, for what the floor would lend on it
    with pytest.raises(Refused, match="pool: "):
        a.run(*a.lend(world.eth, 500_000 * ETH), a.borrow(world.usd, 500_000 * FLOOR * USD // 2))
    assert world.band().liquidation_high < FLOOR * 10**18
    a.run(a.liquidate(victim, world.usd, world.eth))
    assert world.pool.supply_of(victim.address, world.eth.address) == 0
    # written off at the market's price: 100 ETH at 0.2 pay for 20 of 10,190
    assert world.pool.debt_of(victim.address, world.usd.address) == 0
    assert Fraction(10**9 * USD - a.balances()[1], USD) < 25
