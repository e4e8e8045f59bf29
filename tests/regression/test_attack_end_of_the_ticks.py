"""A range pool whose liquidity ends: beyond its last range any price is free. One block there, or the whole window, must bring nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import BLOCK, BUCKET, ETH, USD, World, profit
from tests.range_world import Refused

THIN = 32
TO_THE_END = {True: Fraction(10) ** 30, False: Fraction(1, 10**30)}


@pytest.fixture(params=[True, False], ids=["token0", "token1"])
def world(request: pytest.FixtureRequest) -> World:
    """2,000,000 of depth at the price, all of it within 22 % of it."""
    made = World(("range",), eth=600, eth_first=request.param, narrow=(2_040, 10_000))
    return made


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_price__pushed_to_the_end_for_a_block__moves_the_band_by_its_slew(world: World, up: bool) -> None:
    victim = world.borrower(world.eth, 20 * ETH, world.usd, 1_990 * USD)
    debtor = world.borrower(world.usd, 10_000 * USD, world.eth, 25 * ETH)
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    band = world.band()
    a.run(*world.venue.to(a, world.honest * TO_THE_END[up]))
    assert world.venue.price() > 10**6 * world.honest or world.venue.price() < world.honest / 10**6
    world.wait(BLOCK)
    after = world.band()
    # 50 ticks a second: 3,900 tick-seconds of at least 300 are 13 ticks. Without that it would be the price itself, times 12 / 300.
    assert after.high <= band.high * 10_015 // 10_000
    assert after.low >= band.low * 9_985 // 10_000
    for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
        with pytest.raises(Refused, match="engine: healthy"):
            a.run(a.liquidate(who, debt, collateral))
    with pytest.raises(Refused, match="pool: "):
        a.run(*a.lend(world.eth, 20 * ETH), a.borrow(world.usd, 2_200 * USD))
    world.let_go(eth, arbitraged=False)
    assert profit(world, before) < 0


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
def test_price__held_at_the_end_for_the_window__the_source_is_thin_and_silent(world: World, up: bool) -> None:
    """There is no liquidity where the price is, so the median of the depth falls to nothing as fast as the median of the price moves."""
    victim = world.borrower(world.eth, 20 * ETH, world.usd, 1_990 * USD)
    debtor = world.borrower(world.usd, 10_000 * USD, world.eth, 25 * ETH)
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    world.to_phase(0)
    a.run(*world.venue.to(a, world.honest * TO_THE_END[up]))
    for _ in range(14):
        world.wait(BUCKET)
        a.run(world.venue.touch())
        world.oracle.poke(world.eth.address)
        for who, debt, collateral in ((victim, world.usd, world.eth), (debtor, world.eth, world.usd)):
            with pytest.raises(Refused, match="engine: "):
                a.run(a.liquidate(who, debt, collateral))
        with pytest.raises(Refused, match="pool: "):
            a.run(*a.lend(world.eth, 20 * ETH), a.borrow(world.usd, 2_200 * USD))
    assert world.band().why & THIN
    world.let_go(eth, arbitraged=False)
    assert profit(world, before) < 0
