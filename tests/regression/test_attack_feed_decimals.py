"""A feed whose decimals change (a new aggregator behind the same proxy) tells a price that is wrong by powers of ten."""

from __future__ import annotations

import pytest

from tests.attack_world import ETH, FEED_UNIT, PRICE, USD, World, profit
from tests.range_world import Refused

FEED_FAILED = 1024
COLLATERAL, LOAN = 100 * ETH, 10_190 * USD


@pytest.mark.parametrize("decimals, answer", [(7, PRICE * 10**7), (9, PRICE * 10**9), (18, PRICE * FEED_UNIT), (6, PRICE * FEED_UNIT)])
def test_feed__other_decimals__not_believed(decimals: int, answer: int) -> None:
    """Within the bounds on answers 7 and 9 decimals are: the decimals, asked each time, are the one check."""
    world = World(with_feed=True)
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    debtor = world.borrower(world.usd, 60_000 * USD, world.eth, 150 * ETH)
    a, before, band = world.attacker, world.attacker.wealth(), world.band()
    assert world.feed is not None
    world.feed.set_decimals(decimals)
    world.feed.set_answer(answer)
    now = world.band()
    assert now.why & FEED_FAILED
    assert now.sources == 1
    # by the market alone, which says the same
    assert (now.low, now.high) == pytest.approx((band.low, band.high), rel=1e-3)
    for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
        with pytest.raises(Refused, match="engine: healthy"):
            a.run(a.liquidate(who, debt, collateral))
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, 1_000 * USD))
    world.feed.set_decimals(8)
    world.feed.set_answer(PRICE * FEED_UNIT)
    assert world.band() == band
    assert profit(world, before) == 0
