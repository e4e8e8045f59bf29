"""`window` in small numbers that can be checked by hand; tests/property/test_observations.py does the rest."""

from dataclasses import replace

import boa
import pytest

from tests.pair_world import START, ScriptedPair, seen

# log_1.0001 of 2 and of 4 are 6931.8 and 13863.6
TICK_2, TICK_4 = 6931, 13863


@pytest.fixture
def scripted(owner) -> ScriptedPair:
    """Started at a boundary with price 1 and L = 10^6; then price 2 from second 1000 on, price 4 (a quarter of the L) from 1900 on."""
    world = ScriptedPair.create(owner)
    world.start(10**6, 10**6)
    for second, reserves in ((1000, (10**6, 2 * 10**6)), (1060, (10**6, 2 * 10**6)), (1900, (250_000, 10**6)), (1960, (250_000, 10**6))):
        world.at(START + second)
        world.sync(*reserves)
    return world


def test_window__before_the_start__is_empty(owner):
    world = ScriptedPair.create(owner)
    assert tuple(world.pair.window(20)) == (0, 0, 0, 0, 0, 0, 0, 0, [0] * 20)


def test_window__after_known_changes__sums_them(scripted):
    """At second 2200 the bucket [1980, 2160) has gone by; the one before it lies across the change at 1900."""
    scripted.at(START + 2200)
    window = scripted.window(2)
    # Price 4 came at 1900, 6,932 ticks further: 50 more each second up to 6,900, 32 more, and there it was
    ramp = 138 * TICK_2 + sum(range(50, 6_901, 50))
    assert window.started_ts == START
    assert (window.fresh_seconds, window.fresh_sum) == (2200 - 2100, TICK_4 * 100)
    assert (window.short_seconds, window.short_sum) == (2200 - 1800, TICK_2 * 100 + ramp + TICK_4 * 162)
    within = 80 * TICK_2 + sum(range(50, 4_001, 50))
    assert window.bucket_tick_sums == (ramp - within + TICK_4 * 122, TICK_2 * 100 + within)
    assert window.present == TICK_4 << 128 | 500_000
    # L is sqrt(2) * 10^6 for 100 of the 180 seconds, 500,000 for the other 80
    slope = (2**128 // 1_414_213) * 100 + (2**128 // 500_000) * 80
    assert window.bucket_liquidities == (500_000, 180 * 2**128 // slope)


def test_window__without_a_slow_window__tells_no_buckets(scripted):
    scripted.at(START + 2200)
    with_it, without = scripted.window(10), scripted.window(0)
    assert (without.bucket_tick_sums, without.bucket_liquidities) == ((), ())
    assert (with_it.short_sum, with_it.fresh_sum) == (without.short_sum, without.fresh_sum)
    assert len(with_it.bucket_tick_sums) == len(with_it.bucket_liquidities) == 10


@pytest.mark.parametrize("second, buckets", [(2159, 11), (2160, 12), (2339, 12), (2340, 13)])
def test_window__history_of_so_many_buckets__covers_no_more(scripted, second, buckets):
    """The start, at a boundary, counts with the first bucket."""
    scripted.at(START + second)
    assert len(scripted.window(buckets).bucket_tick_sums) == buckets
    assert scripted.window(buckets + 1).bucket_tick_sums == ()
    assert scripted.window(buckets + 1).short_seconds > 0


@pytest.mark.parametrize("second", range(1980, 2160, 7))
def test_window__at_any_second__is_never_shorter_than_promised(scripted, second):
    scripted.at(START + second)
    window = scripted.window(0)
    assert 60 <= window.fresh_seconds < 120
    assert 300 <= window.short_seconds < 480


@pytest.mark.parametrize("buckets", [21, 2**255, 2**256 - 1])
def test_window__more_than_20_buckets__reverts(scripted, buckets):
    with boa.reverts(dev="too many buckets"):
        scripted.pair.window(buckets)


def test_window__change_in_this_very_block__is_not_seen(scripted):
    """A price that stood for no time weighs nothing: what a flash loan does within a block is invisible."""
    scripted.at(START + 2200)
    scripted.poke()
    before = [seen(scripted.pair.window(n)) for n in (0, 10)]
    scripted.sync(10**30, 1)
    scripted.sync(1, 10**30)
    # but for what is told of the market itself: log_1.0001 of 10^30
    present = 690_810 << 128 | 10**15
    assert [seen(scripted.pair.window(n)) for n in (0, 10)] == [replace(window, present=present) for window in before]


def test_window__reserve_of_zero__holds_the_tick(scripted):
    scripted.at(START + 2200)
    scripted.sync(0, 10**6)
    for second in (2201, 2260, 2400, 2900, 5000):
        scripted.at(START + second)
        assert scripted.window(0).fresh_sum == TICK_4 * scripted.window(0).fresh_seconds
        scripted.check(0, 5)
    assert set(scripted.window(5).bucket_liquidities) == {1}
    scripted.sync(250_000, 10**6)
    scripted.at(START + 6000)
    scripted.check()
