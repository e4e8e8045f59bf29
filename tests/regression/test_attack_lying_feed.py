"""One of the two lies: the feed, at ten times or a tenth of the price, while the market is honest; or the market, while the feed is."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import BUCKET, ETH, PRICE, USD, World, profit
from tests.range_world import Refused

COLLATERAL, LOAN = 100 * ETH, 10_190 * USD


@pytest.mark.parametrize("sources", [("pair",), ("pair", "range")], ids=["pair", "two venues"])
@pytest.mark.parametrize("lie", [10 * PRICE, PRICE // 10], ids=["ten times", "a tenth"])
def test_feed__lies_for_two_hours__nothing_lent_and_nobody_liquidated(lie: int, sources: tuple[str, ...]) -> None:
    world = World(sources, with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    debtor = world.borrower(world.usd, 60_000 * USD, world.eth, 150 * ETH)
    a, before, band = world.attacker, world.attacker.wealth(), world.band()
    world.say(lie)
    for seconds in (0, BUCKET, 3_600, 3_600):
        if seconds:
            world.wait(seconds)
        now = world.band()
        # The median of s, slow and feed lies between s and slow, which are honest: the one check
        assert now.liquidation_high == pytest.approx(band.liquidation_high, rel=1e-3)
        assert now.liquidation_low == pytest.approx(band.liquidation_low, rel=1e-3)
        for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
            with pytest.raises(Refused, match="engine: healthy"):
                a.run(a.liquidate(who, debt, collateral))
        # low <= s and high >= s: nothing above the true price is lent against, and BREAKER stops the rest
        assert now.low <= band.low * 1_001 // 1_000
        assert now.high >= band.high * 999 // 1_000
        for calls in (
            [*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, 1_000 * USD)],
            [*a.lend(world.usd, 10_000 * USD), a.borrow(world.eth, 10 * ETH)],
        ):
            with pytest.raises(Refused, match=r"pool: (over limit|no price)"):
                a.run(*calls)
    assert profit(world, before) == 0


@pytest.mark.parametrize("lie", [10 * PRICE, PRICE // 10], ids=["ten times", "a tenth"])
def test_feed__lies_while_an_account_is_bad__it_loses_no_more_than_the_floor_allows(lie: int) -> None:
    """The price falls by a quarter in truth. What changes hands does so between the trigger price and three quarters of it, the bonus
    included: that is the band beyond which no lie reaches."""
    world = World(with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    world.honest = world.honest * 3 / 4
    world.feed_answer = PRICE * 3 // 4
    world.arbitrageur.run(*world.venue.arbitrage(world.arbitrageur))
    world.wait(22 * BUCKET)
    a, before = world.attacker, world.attacker.wealth()
    world.say(lie)
    a.run(a.liquidate(victim, world.usd, world.eth))
    repaid = LOAN - world.pool.debt_of(victim.address, world.usd.address)
    seized = COLLATERAL - world.pool.supply_of(victim.address, world.eth.address)
    assert repaid > 0
    # 1 / 0.75, and the fee of the pair, within which the market may stand off the honest price
    assert seized * world.honest <= repaid * Fraction(4, 3) * Fraction(1_005, 1_000)
    assert profit(world, before) <= Fraction(repaid, USD) / 3 * Fraction(102, 100)


@pytest.mark.parametrize("factor", [Fraction(4), Fraction(1, 4)])
def test_market__lies_while_the_feed_is_honest__nothing_lent_within_the_hour(factor: Fraction) -> None:
    """Half an hour and more, unopposed. (The whole hour: see test_attack_held_for_the_window.py.)"""
    world = World(with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    debtor = world.borrower(world.usd, 60_000 * USD, world.eth, 150 * ETH)
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    world.to_phase(0)
    # eight of the twenty buckets: the median stands, and the feed is the median of the three
    world.hold(factor, 8 * BUCKET // 12, arbitraged=False)
    for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
        with pytest.raises(Refused, match="engine: healthy"):
            a.run(a.liquidate(who, debt, collateral))
    for calls in (
        [*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, LOAN)],
        [*a.lend(world.usd, 60_000 * USD), a.borrow(world.eth, 150 * ETH)],
    ):
        with pytest.raises(Refused, match=r"pool: (over limit|no price)"):
            a.run(*calls)
    world.let_go(eth, arbitraged=False)
    assert profit(world, before) < 0
