"""How far the clamp lets the tick go, and how a poke brings it on. (OBS-04)"""

from itertools import pairwise
from typing import Any

import pytest

from plimsoll.reference.range_observations import RangeObservations
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.pair_world import START
from tests.range_world import Q96, RangeWorld, Refused

LIQUIDITY = 10**24


@pytest.fixture
def world(owner: Any, new_token: Any) -> RangeWorld:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"))
    world.fund(10**40)
    world.mint(-887_220, 887_220, LIQUIDITY)
    return world


def fall(world: RangeWorld, tick: int) -> None:
    world.swap(True, 2**120, sqrt_ratio_at_tick(tick))


def test_window__fall_after_a_long_quiet__is_told_at_once(world: RangeWorld) -> None:
    world.wait(7_200)
    fall(world, -3_900)
    world.wait(12)
    # a change, so that the fall is summed
    world.pool.poke()
    world.wait(600)
    window = world.pool.window(0)
    # 1,000 + 50 * 60 is more than it fell: the clamp does not bind
    assert window.short_sum == -3_900 * window.short_seconds


def test_poke__price_that_jumped_beyond_the_clamp__is_followed(world: RangeWorld) -> None:
    world.wait(7_200)
    fall(world, -46_000)
    told = []
    for _ in range(14):
        world.wait(60)
        world.pool.poke()
        window = world.pool.window(0)
        told.append(window.fresh_sum // window.fresh_seconds)
    # each minute at most 1,000 + 50 * 60 further, and at last all the way
    assert all(0 <= before - after <= 4_000 for before, after in pairwise(told))
    assert told[0] > -5_000
    assert told[-1] == -46_000


def test_poke__of_an_idle_pool__changes_nothing_but_the_observation(world: RangeWorld) -> None:
    model = RangeObservations()
    model.start(START, 0)
    model.stand(0, LIQUIDITY)
    world.wait(500)
    before = world.state()
    world.pool.poke()
    # tick, liquidity, fees and balances stay; the newest observation is of now
    assert world.state()[:5] == before[:5]
    assert world.state()[6:] == before[6:]
    assert world.pool.observations(0)[0] == START + 500
    model.touch(START + 500)
    world.wait(400)
    assert world.pool.window(0).short_seconds == model.window(START + 900, 0).short_seconds
    # once in a block
    world.pool.poke()
    state = world.state()
    world.pool.poke()
    assert world.state() == state


def test_poke__locked_or_not_initialised__reverts(owner: Any, new_token: Any) -> None:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"), initialised=False)
    with pytest.raises(Refused, match="LOK"):
        world.direct("poke")
    world.pool.initialize(Q96)
    world.direct("poke")
