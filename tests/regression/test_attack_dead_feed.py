"""The feed falls silent, and somebody tries what it stood in the way of: borrowing on a pumped market, shielding a bad account, or seizing
good ones."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import BUCKET, ETH, HEARTBEAT, PRICE, USD, World, profit
from tests.range_world import Refused

FEED_FAILED, FEED_STALE = 1024, 2048
COLLATERAL, LOAN = 100 * ETH, 10_190 * USD


def dies(world: World, how: str) -> None:
    assert world.feed is not None
    world.feed_answer = 0
    if how == "silent":
        world.wait(HEARTBEAT + 601)
    elif how == "reverts":
        world.feed.set_failure(True, 0)
    elif how == "burns gas":
        world.feed.set_failure(False, 10**6)
    else:
        world.feed.set_raw(b"\xff" * 160 if how == "nonsense" else b"")


@pytest.mark.parametrize("how", ["silent", "reverts", "burns gas", "nonsense", "empty"])
def test_feed__dead__no_new_risk_and_nobody_liquidated(how: str) -> None:
    world = World(with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    debtor = world.borrower(world.usd, 60_000 * USD, world.eth, 150 * ETH)
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    dies(world, how)
    assert world.band().why & (FEED_STALE if how == "silent" else FEED_FAILED)
    # An honest loan is refused as well: whoever lends above 65 % relies on the feed
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, 1_000 * USD))
    for factor, who, debt, collateral in (
        (Fraction(1, 3), victim, world.usd, world.eth),
        (Fraction(3), debtor, world.eth, world.usd),
    ):
        world.hold(factor, 25, arbitraged=False)
        with pytest.raises(Refused, match="engine: healthy"):
            a.run(a.liquidate(who, debt, collateral))
        world.let_go(eth, arbitraged=False)
        world.wait(7_200)
    assert profit(world, before) < 0


def test_feed__dies_in_a_crash__liquidation_goes_on_by_the_market() -> None:
    """A borrower who could silence the feed would not be safe behind it."""
    world = World(with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    dies(world, "reverts")
    world.honest /= 2
    world.arbitrageur.run(*world.venue.arbitrage(world.arbitrageur))
    world.wait(22 * BUCKET)
    a, before = world.attacker, world.attacker.wealth()
    assert world.band().liquidation_high < PRICE * 10**18 * 51 // 100
    a.run(a.liquidate(victim, world.usd, world.eth))
    assert world.pool.supply_of(victim.address, world.eth.address) == 0
    # it is what liquidators are paid: at most the bonus
    assert 0 < profit(world, before) < Fraction(LOAN, USD) / 10
