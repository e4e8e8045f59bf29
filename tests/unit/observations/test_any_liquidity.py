"""What the module remembers of any pool: liquidity of a whole half word, sums rounded as Uniswap V3 rounds its own, and how a window is packed.

tests/property/test_observations.py does the rest, on pairs.
"""

import random

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.reference.observations import MAX_BUCKETS
from tests.depth import draw_seed, examples
from tests.observations_world import MAX_LIQUIDITY, Pool
from tests.pair_world import START

BUCKET = 180
MAX_TICK = 887_272

# ---------------------------------------------------------------- the halves of a word


@pytest.mark.parametrize("tick", [-MAX_TICK, -1, 0, 1, MAX_TICK])
@pytest.mark.parametrize(
    "liquidity, mean",
    [
        (0, 1),
        (1, 1),
        (2, 2),
        (2**127, 2**127),
        # 2**128 / L is 1.99.. and counts as 1 by the second: the mean would be 2**128
        (2**127 + 1, MAX_LIQUIDITY),
        (MAX_LIQUIDITY, MAX_LIQUIDITY),
    ],
)
def test_window__liquidity_of_any_size__does_not_touch_the_tick_sums(tick, liquidity, mean):
    pool = Pool.create(START + 7)
    pool.start(tick, liquidity)
    pool.at(START + 24 * BUCKET)
    for _ in range(2):
        window = pool.window(MAX_BUCKETS)
        assert window.bucket_tick_sums == (tick * BUCKET,) * MAX_BUCKETS
        assert window.bucket_liquidities == (mean,) * MAX_BUCKETS
        assert (window.short_sum, window.fresh_sum) == (tick * window.short_seconds, tick * window.fresh_seconds)
        pool.at(pool.now + 31)


def test_window__word__is_tick_sum_then_liquidity():
    pool = Pool.create()
    pool.start(-5, 77)
    pool.at(START + 3 * BUCKET + 1)
    word = (2**128 - 5 * BUCKET) << 128 | 77
    assert tuple(pool.contract.window(3))[7:] == (3, [word] * 3 + [0] * 17)
    assert tuple(pool.contract.window(1))[7:] == (1, [word] + [0] * 19)


def test_window__history_too_short_or_nothing_asked__no_buckets():
    pool = Pool.create()
    assert tuple(pool.contract.window(20)) == (0, 0, 0, 0, 0, 0, 0, 0, [0] * 20)
    pool.start(-5, 77)
    pool.at(START + 3 * BUCKET + 179)
    for buckets in (0, 4, 20):
        window = tuple(pool.contract.window(buckets))
        assert window[7:] == (0, [0] * 20)
        assert window[:3] == (START, -5 * (BUCKET + 179), BUCKET + 179)
    assert pool.contract.window(3)[7] == 3


@pytest.mark.parametrize("buckets", [21, 2**128, 2**255, 2**256 - 1])
def test_window__more_than_20_buckets__reverts(buckets):
    pool = Pool.create()
    for _ in range(2):
        with boa.reverts(dev="too many buckets"):
            pool.contract.window(buckets)
        pool.start(0, 1)


def test_window__clock_passes_32_bits__equals_the_model():
    pool = Pool.create(2**32 - 700)
    pool.start(1000, 10**6)
    for wait in (300, 50, 340, 9, 1, 1, 100, 300, 5000, 12):
        pool.at(pool.now + wait)
        pool.check()
        pool.change(pool.now % 1000, 10**6 + pool.now % 77)
        pool.check()
    pool.at(pool.now + 5 * BUCKET)
    pool.check()


# ---------------------------------------------------------------- sums that are rounded by the stretch


@pytest.mark.parametrize("liquidity", [3, 2**64 + 1, 2**100 - 1, 2**127 + 1, MAX_LIQUIDITY])
@pytest.mark.parametrize("second", [0, 1, 179])
def test_window__change_after_a_long_silence__understates_the_depth_of_one_bucket(liquidity, second):
    """By a unit of the sum for each second at most, and of no other bucket."""
    pool = Pool.create()
    pool.start(1000, liquidity)
    silence = 400 * BUCKET
    pool.at(START + silence + second)
    pool.change(1000, liquidity)
    for wait in (0, 1, BUCKET - second, 5 * BUCKET):
        pool.at(pool.now + wait)
        pool.check()
    # The bucket of the change is the sixth or the seventh
    slope = 2**128 // liquidity
    exact = min((BUCKET << 128) // (BUCKET * slope), MAX_LIQUIDITY)
    means = pool.window(MAX_BUCKETS).bucket_liquidities
    assert sum(mean != exact for mean in means) <= 1
    assert min(means) >= (BUCKET << 128) // (BUCKET * slope + silence + second)


@pytest.mark.parametrize("before, mean", [(2, 1), (3, 0)])
def test_window__no_liquidity_for_a_bucket__is_told_as_one_or_less(before, mean):
    """The sum grows by 180 * 2**128, the most there is, and by what was rounded off before."""
    pool = Pool.create(START + 1)
    pool.start(-MAX_TICK, before)
    pool.at(START + 100 * BUCKET)
    pool.change(-MAX_TICK, 0)
    pool.at(pool.now + BUCKET)
    pool.change(-MAX_TICK, 3)
    pool.at(pool.now + 2 * BUCKET)
    pool.check()
    window = pool.window(4)
    assert window.bucket_liquidities[2] == mean
    assert window.bucket_tick_sums == (-MAX_TICK * BUCKET,) * 4


def any_liquidity(draw: random.Random) -> int:
    return draw.choice([0, 1, 3, 2**127, 2**127 + 1, MAX_LIQUIDITY, draw.randrange(2 ** draw.randint(1, 128))])


def test_window__campaign_of_random_lives__equals_the_model():
    seed = draw_seed()
    for life in range(examples(4)):
        draw = random.Random(f"{seed} {life}")
        pool = Pool.create(START + draw.randrange(1000))
        pool.start(draw.randint(-MAX_TICK, MAX_TICK), any_liquidity(draw))
        typical = draw.choice([20, 200, 3000])
        for _ in range(30):
            pool.at(pool.now + draw.choice([0, draw.randrange(typical), BUCKET - pool.now % BUCKET, 60 - pool.now % 60, 30 * BUCKET]))
            pool.change(draw.randint(-MAX_TICK, MAX_TICK), any_liquidity(draw))
            pool.at(pool.now + draw.choice([0, 1, draw.randrange(typical)]))
            pool.check(draw.randint(0, 20))


@given(st.integers(-MAX_TICK, MAX_TICK), st.integers(0, MAX_LIQUIDITY), st.integers(0, MAX_LIQUIDITY), st.integers(1, 30 * BUCKET))
def test_window__two_liquidities__equals_the_model(tick, before, after, second):
    pool = Pool.create()
    pool.start(tick, before)
    pool.at(START + second)
    pool.change(-tick, after)
    for wait in (0, 3 * BUCKET + 11, 7 * BUCKET):
        pool.at(pool.now + wait)
        pool.check()
