"""How the remembered tick goes after the market's: in numbers by hand, and against the model that walks second by second.

OBS-01  every field of `window` equals the sum over the pool's whole past, for every length of the slow window
OBS-02  a change of nothing at any time alters no statistic, as long as the market is within 9,000 ticks of what is remembered
OBS-04  the remembered tick goes after the market's at 50 ticks a second until it is there, from one change at most 9,000
OBS-08  one block of 12 seconds at any price moves a short mean by 24 ticks at most, a fresh one by 120
OBS-09  `present` is the market's own tick and liquidity, and tells that liquidity was added in this transaction
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.reference.observations import Window
from tests.depth import draw_seed, examples
from tests.observations_world import FastHarness, FastPool
from tests.pair_world import OWNER, START
from tests.revm import Machine

BUCKET = 180
MINUTE = 60
# Divides 2**128: the harness rounds once for each stretch, which more changes would cut into more
LIQUIDITY = 2**60
JUMPS = [1, 10, 49, 50, 51, 99, 100, 600, 3_000, 8_950, 8_999, 9_000, 9_001, 800_000]
BOTH_WAYS = [*JUMPS, *(-jump for jump in JUMPS)]
# A fall of 50 %, a doubling, a fall of 99 %
HALVED, DOUBLED, GONE = -6_932, 6_932, -46_055


def quiet_pool(tick: int = 0, seconds: int = 25 * BUCKET) -> FastPool:
    """At a boundary, after so long a time at one tick."""
    pool = FastPool.create()
    pool.start(tick, LIQUIDITY)
    pool.at(START + seconds)
    pool.check()
    return pool


def told(pool: FastPool) -> int:
    """The newest fresh mean, in ticks."""
    window = pool.window(0)
    return window.fresh_sum // window.fresh_seconds


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    "jump, in_the_bucket",
    [
        # below 50: at once
        (10, 10 * 180),
        (49, 49 * 180),
        # 50 a second: there at the end of the first second, too
        (50, 50 * 180),
        # 50, then 51
        (51, 51 * 180 - 1),
        # 50, 100, .., 2950, 3000: half of 3000 * 60, and 25 * 60 more
        (3_000, 3_000 * 180 - (90_000 - 1_500)),
        # 9,000 after 180 seconds; whatever is beyond does not count
        (9_000, 4_500 * 180 + 25 * 180),
        (9_001, 4_500 * 180 + 25 * 180),
        (800_000, 4_500 * 180 + 25 * 180),
    ],
)
def test_window__jump_at_a_boundary__sums_the_ramp(sign, jump, in_the_bucket):
    """OBS-04"""
    pool = quiet_pool()
    pool.change(sign * jump, LIQUIDITY)
    pool.at(pool.now + 2 * BUCKET)
    settled = min(jump, 9_000)
    assert pool.window(2).bucket_tick_sums == (sign * settled * BUCKET, sign * in_the_bucket)
    # the same whether it was read in silence or a change has come
    pool.change(sign * settled, LIQUIDITY)
    assert pool.window(2).bucket_tick_sums == (sign * settled * BUCKET, sign * in_the_bucket)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("phase", [0, 7, 59, 60, 61, 170, 179])
@pytest.mark.parametrize("price", [700, 9_000, 800_000])
def test_window__one_block_at_any_price__moves_the_means_little(sign, phase, price):
    """OBS-08. 50 to 600 in the block, 550 to 0 after it: 7,200 tick seconds."""
    pool = quiet_pool()
    pool.at(pool.now + phase)
    pool.change(sign * price, LIQUIDITY)
    pool.at(pool.now + 12)
    pool.change(0, LIQUIDITY)
    most_fresh = most_short = 0
    for _ in range(500):
        pool.at(pool.now + 1)
        window = pool.window(0)
        # summed against the direction: rounded away from zero
        most_fresh = max(most_fresh, -(-sign * window.fresh_sum // window.fresh_seconds))
        most_short = max(most_short, -(-sign * window.short_sum // window.short_seconds))
    assert 60 <= most_fresh <= 120
    assert 15 <= most_short <= 24
    assert sum(pool.window(4).bucket_tick_sums) == sign * 7_200


def test_window__a_second_at_an_absurd_price__is_worth_fifty_ticks():
    """Where blocks come every second, a price held for one of them counts 50 in that second and nothing in the next."""
    pool = quiet_pool()
    pool.change(800_000, LIQUIDITY)
    pool.at(pool.now + 1)
    pool.change(0, LIQUIDITY)
    pool.at(pool.now + BUCKET)
    assert pool.window(1).bucket_tick_sums == (50,)


@pytest.mark.parametrize("jump, seconds", [(HALVED, 139), (DOUBLED, 139), (9_000, 180)])
def test_window__idle_pool_after_a_jump__comes_to_its_price_on_its_own(jump, seconds):
    """OBS-04. Nobody touches it; nor is it told before its time."""
    pool = quiet_pool()
    pool.change(jump, LIQUIDITY)
    pool.at(pool.now + seconds + 2 * MINUTE)
    pool.check()
    assert told(pool) == jump
    early = quiet_pool()
    early.change(jump, LIQUIDITY)
    early.at(early.now + seconds - 20)
    assert abs(told(early)) < abs(jump) * 9 // 10


@pytest.mark.parametrize("sign", [1, -1])
def test_window__fall_of_99_percent__comes_on_by_9000_with_each_poke(sign):
    pool = quiet_pool()
    price = sign * -GONE
    pool.change(price, LIQUIDITY)
    for settled in (9_000, 18_000, 27_000, 36_000, 45_000, 46_055):
        pool.at(pool.now + 3 * BUCKET + 17)
        pool.check()
        assert told(pool) == sign * settled
        # waiting does not help
        pool.at(pool.now + 7 * BUCKET)
        assert told(pool) == sign * settled
        pool.change(price, LIQUIDITY)


def test_window__poked_each_block__follows_at_fifty_a_second():
    """At any pace of pokes, as fast and no faster."""
    for pace in (1, 12, 60, 179):
        pool = quiet_pool()
        pool.change(GONE, LIQUIDITY)
        end = pool.now + 922  # 46,055 / 50, rounded up
        while pool.now + pace < end:
            pool.at(pool.now + pace)
            pool.change(GONE, LIQUIDITY)
        assert pool.model.segments[-1].last_tick == -50 * (pool.now - end + 922)
        pool.check()
        pool.at(end + 2 * MINUTE)
        assert told(pool) == GONE


def test_window__market_turns_within_the_ramp__is_followed_from_there():
    pool = quiet_pool()
    pool.change(3_000, LIQUIDITY)
    pool.at(pool.now + 20)  # remembered: 1,000
    pool.change(900, LIQUIDITY)
    pool.at(pool.now + 160)
    # 50 to 1,000; then 950 and 900, and so on
    assert pool.window(1).bucket_tick_sums == (25 * 20 * 21 + 950 + 159 * 900,)
    pool.check()


def test_window__first_tick_of_all__is_remembered_at_once():
    pool = FastPool.create()
    pool.start(-800_000, LIQUIDITY)
    pool.change(700_000, LIQUIDITY)
    pool.at(START + 2 * BUCKET)
    pool.change(0, LIQUIDITY)
    assert pool.window(2).bucket_tick_sums == (700_000 * BUCKET,) * 2


@pytest.mark.parametrize("tick", [0, 1, -1, 49, -49])
def test_window__first_tick_near_zero__is_one_too(tick):
    """An empty word says tick 0, but that there is none; afterwards a 0 is a tick like any other."""
    pool = FastPool.create(START + 3)
    pool.start(tick, LIQUIDITY)
    pool.at(pool.now + 5)
    pool.change(5_000, LIQUIDITY)
    for wait in (1, 30, 300, 700):
        pool.at(pool.now + wait)
        pool.check()


# ---------------------------------------------------------------- every phase


@pytest.mark.parametrize("jump", BOTH_WAYS)
def test_window__jump_right_before_and_after_a_boundary__equals_the_model(jump):
    """OBS-01. Read at each boundary of a minute and between, then after a change at any distance."""
    for phase in (0, 1, 2, 59, 60, 61, 119, 120, 121, 178, 179):
        pool = quiet_pool(-77, 21 * BUCKET)
        pool.at(pool.now + phase)
        pool.change(jump - 77, LIQUIDITY)
        for second in (1, 2, 12, 58, 60, 61, 120, 121, 179, 180, 181, 182, 240, 300, 360, 361, 540, 700):
            pool.at(START + 21 * BUCKET + phase + second)
            pool.check(0, 10)
        pool.change(5, 2 * LIQUIDITY)
        for wait in (0, 1, 100, 180, 500, 21 * BUCKET):
            pool.at(pool.now + wait)
            pool.check(0, 10, 20)


@pytest.mark.parametrize("jump", [3_000, -9_000, 800_000])
@pytest.mark.parametrize("phase", [0, 1, 60, 100, 150, 179])
def test_window__every_second_of_a_ramp__equals_the_model(jump, phase):
    pool = quiet_pool(1_000, 12 * BUCKET)
    pool.at(pool.now + phase)
    pool.change(1_000 + jump, LIQUIDITY)
    for _ in range(2 * BUCKET):
        pool.at(pool.now + 1)
        pool.check(10)


@pytest.mark.parametrize("jump", [60, 3_000, -8_999, 9_000, -800_000])
@pytest.mark.parametrize("skipped", [0, 1, 2, 3, 4, 10, 19, 20, 21, 25, 125, 126, 127, 128, 129, 130, 255, 256, 1_000])
def test_window__ramp_over_a_boundary_then_silence__equals_the_model(jump, skipped):
    """OBS-01. The first boundary lies within the ramp, off the line of those after it: it is a stick of its own, also where that is a
    lap of the ring behind the newest."""
    for phase in (0, 1, 100, 150, 178, 179):
        pool = quiet_pool(300, 22 * BUCKET)
        for i in range(3):  # sticks of other buckets, to be mistaken for these
            pool.at(pool.now + BUCKET)
            pool.change(300 + i, LIQUIDITY)
        pool.at(pool.now + phase)
        pool.change(300 + jump, LIQUIDITY)
        pool.at((pool.now // BUCKET + 1 + skipped) * BUCKET + (phase * 7) % BUCKET)
        pool.check(3, 20)
        pool.change(300, 3 * LIQUIDITY)
        pool.check(3, 20)
        for wait in (1, BUCKET, 5 * BUCKET, 14 * BUCKET):
            pool.at(pool.now + wait)
            pool.check(3, 10, 20)


def test_window__campaign_of_jumps_and_silences__equals_the_model():
    seed = draw_seed()
    for life in range(examples(12)):
        draw = random.Random(f"{seed} {life}")
        pool = FastPool.create(START + draw.randrange(1000))
        tick = draw.randint(-800_000, 800_000)
        pool.start(tick, LIQUIDITY)
        for _ in range(40):
            boundary = BUCKET - pool.now % BUCKET
            pool.at(pool.now + draw.choice([0, 1, 12, draw.randrange(200), boundary - 1, boundary, boundary + 1, draw.randrange(8) * BUCKET]))
            tick = draw.choice([tick, tick, max(-800_000, min(800_000, tick + draw.choice(BOTH_WAYS)))])
            pool.change(tick, draw.choice([LIQUIDITY, 0, 7]))
            pool.at(pool.now + draw.choice([0, 0, 1, draw.randrange(400)]))
            pool.check(draw.randint(0, 20))


# ---------------------------------------------------------------- whoever pokes


class Twins:
    """The same market twice; the second one is also poked."""

    def __init__(self) -> None:
        self.machine = Machine(OWNER, START)
        self.still, self.poked = (FastHarness(self.machine) for _ in range(2))
        self.now, self.tick = START, 0
        for contract in (self.still, self.poked):
            contract.start(0, LIQUIDITY)

    def wait(self, seconds: int) -> None:
        self.now += seconds
        self.machine.set_time(self.now)

    def poke(self) -> None:
        self.poked.change(self.tick, LIQUIDITY)

    def trade(self, tick: int) -> None:
        self.tick = tick
        for contract in (self.still, self.poked):
            contract.change(tick, LIQUIDITY)

    def windows(self, buckets: int) -> tuple[Window, Window]:
        return self.still.window(buckets), self.poked.window(buckets)


steps = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 12, 60, 100, 180, 181, 400, 1_000, 4_000]),
        st.lists(st.integers(1, 200), max_size=4),
        # of what is remembered
        st.one_of(st.sampled_from([0, 50, -3_000, 9_000, -9_000]), st.integers(-9_000, 9_000)),
    ),
    min_size=1,
    max_size=8,
)


@given(steps)
def test_window__pokes_at_any_time__alter_nothing(path):
    """OBS-02. Whatever the market does within 9,000 ticks of what is remembered, half-way through a ramp or not."""
    twins = Twins()
    remembered = 0
    for seconds, pokes, distance in path:
        ends = twins.now + seconds
        # The definition, for what is remembered at the end of it
        gap = twins.tick - remembered
        remembered += max(-50 * seconds, min(50 * seconds, gap))
        for wait in pokes:
            if twins.now + wait < ends:
                twins.wait(wait)
                twins.poke()
                first, second = twins.windows(10)
                assert first == second
        twins.wait(ends - twins.now)
        twins.trade(remembered + distance)
        first, second = twins.windows(20)
        assert first == second
    twins.wait(1_000)
    first, second = twins.windows(20)
    assert first == second


def test_poke__beyond_9000__is_what_brings_the_rest_on():
    """The one exception, so that every ramp ends within a bucket."""
    twins = Twins()
    twins.wait(BUCKET)
    twins.trade(9_001)
    twins.wait(BUCKET)
    twins.poke()
    twins.wait(BUCKET)
    first, second = twins.windows(1)
    assert (first.bucket_tick_sums, second.bucket_tick_sums) == ((9_000 * BUCKET,), (9_001 * BUCKET,))


# ---------------------------------------------------------------- the market as it is now


@pytest.mark.parametrize("tick", [-887_272, -1, 0, 1, 887_272])
@pytest.mark.parametrize("liquidity", [0, 1, 2**60, 2**126 - 1, 2**126, 2**127, 2**128 - 1])
@pytest.mark.parametrize("buckets", [0, 1, 20])
def test_window__present__is_the_markets_own(tick, liquidity, buckets):
    """OBS-09. Not what is remembered; up to 2**126 - 1."""
    pool = quiet_pool(5)
    pool.change(tick, liquidity)
    for wait in (0, 12, BUCKET):
        pool.at(pool.now + wait)
        assert pool.window(buckets).present == (tick % 2**128) << 128 | min(liquidity, 2**126 - 1)
