"""How the remembered tick follows, how a poke brings it on, and what a window tells of the market as it is. (OBS-04, OBS-09)"""

from typing import Any

import boa
import pytest
from vyper.compiler.output import build_layout_output

from plimsoll.reference.observations import FRESH, PRESENT
from plimsoll.reference.range_observations import RangeObservations
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.conftest import load
from tests.pair_world import START
from tests.range_world import Q96, RangeWorld, Refused, plan

LIQUIDITY = 10**24


@pytest.fixture
def world(owner: Any, new_token: Any) -> RangeWorld:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"))
    world.fund(10**40)
    world.mint(-887_220, 887_220, LIQUIDITY)
    return world


def fall(world: RangeWorld, tick: int) -> None:
    world.swap(True, 2**120, sqrt_ratio_at_tick(tick))


def told(world: RangeWorld) -> int:
    window = world.pool.window(0)
    return int(window.fresh_sum // window.fresh_seconds)


def test_window__fall_in_an_idle_pool__is_told_when_the_ramp_is_over(world: RangeWorld) -> None:
    world.wait(7_200)
    fall(world, -6_932)
    # 138 seconds of 50, and 32 more
    world.wait(139 + 120)
    assert told(world) == -6_932
    world.wait(600)
    window = world.pool.window(0)
    assert window.short_sum == -6_932 * window.short_seconds


def test_poke__price_that_jumped_further__is_followed_by_9000_each(world: RangeWorld) -> None:
    world.wait(7_200)
    fall(world, -46_000)
    for expected in (-9_000, -18_000, -27_000, -36_000, -45_000, -46_000, -46_000):
        world.wait(300)
        assert told(world) == expected
        world.pool.poke()


def test_window__in_callbacks__tells_the_market_and_that_the_pool_is_in_use(world: RangeWorld) -> None:
    """OBS-09. The flags last for the second: titanoboa keeps transient storage."""
    ask = plan(calls=[(world.pool, world.data("window", 0), True)])
    world.wait(100)
    assert present_in(world.direct("window", 0)) == (0, False, False, LIQUIDITY)
    world.swap(True, 10**18, data=ask)
    assert present_in(world.answers[-1]) == (world.pool.slot0()[1], False, True, LIQUIDITY)
    world.call("flash", world.callee, 1, 0, plan(beyond0=10, calls=[(world.pool, world.data("window", 0), True)]))
    assert present_in(world.answers[-1])[1:] == (False, True, LIQUIDITY)
    world.mint(-60, 60, 5, data=ask)
    assert present_in(world.answers[-1])[1:] == (True, True, LIQUIDITY + 5)
    # what follows in the transaction is still told
    assert present_in(world.direct("window", 0))[1:] == (True, True, LIQUIDITY + 5)
    world.wait(1)
    assert present_in(world.direct("window", 0))[1:] == (False, False, LIQUIDITY + 5)
    world.swap(True, 10**18, data=ask)
    assert present_in(world.answers[-1])[1:] == (False, True, LIQUIDITY + 5)


def present_in(answer: bytes) -> tuple[int, bool, bool, int]:
    """Tick, `added`, `used` and liquidity of a window's answer."""
    word = int.from_bytes(answer[6 * 32 : 7 * 32], "big")
    return (word >> 128) - (word >> 255 << 128), bool(word >> 127 & 1), bool(word >> 126 & 1), word % 2**126


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


# ---------------------------------------------------------------- the lean view


def recent(world: RangeWorld, wanted: int) -> tuple[int, int, int]:
    return tuple(world.pool.recent(wanted))


def test_recent__after_known_changes__sums_ticks_since_the_start(world: RangeWorld) -> None:
    world.wait(1_000)
    fall(world, -6_932)
    world.wait(300)
    # 50, 100, .., 6,900 in 138 seconds, and 32 more in the next
    tick_sum = -(50 * 138 * 139 // 2) - 6_932 * (300 - 138)
    assert recent(world, PRESENT) == (-6_932 % 2**128 << 128 | LIQUIDITY, tick_sum, 0)
    # from second 1,200 on
    assert recent(world, FRESH | PRESENT)[1:] == (tick_sum, -6_932 * 100)
    assert recent(world, FRESH) == (0, tick_sum, -6_932 * 100)
    assert recent(world, 0) == (0, tick_sum, 0)
    window = world.pool.window(0)
    assert (window.present, window.tick_sum, window.fresh_sum) == recent(world, FRESH | PRESENT)
    # a change of nothing
    world.pool.poke()
    assert recent(world, FRESH | PRESENT)[1:] == (tick_sum, -6_932 * 100)


def test_recent__within_a_ramp__goes_along_it(world: RangeWorld) -> None:
    world.wait(1_000)
    fall(world, -6_932)
    world.wait(10)
    # from second 900 on
    assert recent(world, FRESH | PRESENT)[1:] == (-25 * 10 * 11, -25 * 10 * 11)
    world.wait(15)
    # from second 960 on, the newer of the two marks
    assert recent(world, FRESH | PRESENT)[2] == -25 * 25 * 26
    world.wait(65)
    # from second 1,020 on, twenty seconds after the change
    assert recent(world, FRESH | PRESENT)[1:] == (-25 * 90 * 91, -25 * (90 * 91 - 20 * 21))


def test_recent__in_callbacks__tells_that_the_pool_is_in_use(world: RangeWorld) -> None:
    """As `window` does. The flags last for the second: titanoboa keeps transient storage."""
    ask = plan(calls=[(world.pool, world.data("recent", PRESENT), True)])
    world.wait(100)
    assert recent(world, PRESENT)[0] == LIQUIDITY
    world.swap(True, 10**18, data=ask)
    assert int.from_bytes(world.answers[-1][:32], "big") == (world.pool.slot0()[1] % 2**128 << 128) + (1 << 126) + LIQUIDITY
    world.mint(-60, 60, 5, data=ask)
    assert int.from_bytes(world.answers[-1][:32], "big") >> 126 & 3 == 3
    assert recent(world, PRESENT)[0] == world.pool.window(0).present
    assert recent(world, FRESH)[0] == 0
    world.wait(1)
    assert recent(world, PRESENT)[0] == world.pool.window(0).present == (world.pool.slot0()[1] % 2**128 << 128) + LIQUIDITY + 5


def test_recent__without_the_fresh_sum__rests_on_no_mark(world: RangeWorld) -> None:
    world.wait(1_000)
    fall(world, -6_932)
    world.wait(10)
    before = [recent(world, wanted) for wanted in (PRESENT, FRESH)]
    spoil(world.pool, "sticks")
    assert [recent(world, wanted) for wanted in (PRESENT, FRESH)] == before
    spoil(world.pool, "checkpoint")
    assert recent(world, PRESENT) == before[0]
    assert recent(world, FRESH | PRESENT) != before[1]


def spoil(pool: Any, name: str) -> None:
    """Overwrite what is stored under this name."""
    entry = build_layout_output(load("amm/RangePool.vy").compiler_data)["storage_layout"]["history"][name]
    for i in range(entry["n_slots"]):
        boa.env.set_storage(pool.address, entry["slot"] + i, 2**256 - 1 - i)
