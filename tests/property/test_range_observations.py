"""What a range pool remembers beside Uniswap V3's ring, against the model of plimsoll/reference/range_observations.py.

OBS-01  every field of `window` equals the sum over the pool's whole past, for every length of the slow window
OBS-02  a change of nothing (a swap within the tick, a poke, a deposit out of range, a flash) at any time alters no statistic
OBS-09  `present` is the market's own tick and liquidity, and tells that liquidity was added in this transaction
OBS-10  the sum of ticks since the start, less that of a boundary, is the sum of what lies in between; `recent` tells what `window` tells
OBS-03  reading later in the same bucket, with or without trades in between, alters no slow statistic, whatever the price does
"""

import random

import pytest

from plimsoll.reference.observations import BUCKET, FRESH, MAX_BUCKETS, PRESENT
from plimsoll.reference.range_observations import RangeObservations
from plimsoll.reference.tick_math import MAX_TICK, sqrt_ratio_at_tick
from tests.depth import draw_seed, examples
from tests.differential.range import (
    MAX_128,
    OWNER,
    POOL,
    TEST,
    World,
    account,
    call,
    flash_call,
    make_call,
    mint_call,
    plan,
    signed,
    swap_call,
    words_of,
)
from tests.pair_world import recent_of
from tests.revm import call_data, selector

# Divisible by 180 and by 60
START = 1_699_999_920
RING = 128 * BUCKET
# As wide as may be: a swap across everything is then a short one
FEE, SPACING = 77, 16_000
LAST = MAX_TICK // SPACING * SPACING
EVERYWHERE = (-LAST, LAST)


class Walk:
    """A pool (or two of ours with the same life) that goes to any tick and liquidity, and the model of its memory."""

    def __init__(self, now: int = START, tick: int = 0, liquidity: int = 10**24, twins: bool = False) -> None:
        self.world = World(FEE, SPACING, (TEST, TEST), now, twins=twins)
        self.machine = self.world.machine
        self.pools = self.world.pools if twins else self.world.pools[:1]
        self.model = RangeObservations()
        self.held = 0
        for index in range(len(self.pools)):
            self.call(call("initialize", sqrt_ratio_at_tick(tick)), index)
        self.model.start(now, tick)
        self.tick = tick
        if liquidity:
            self.liquidity(liquidity)

    def wait(self, seconds: int) -> None:
        if seconds:
            self.machine.set_time(self.machine.now + seconds)

    def at(self, now: int) -> None:
        self.wait(now - self.machine.now)

    def call(self, data: bytes, index: int | None = None) -> None:
        """As the callee, in all pools or in one."""
        for side in range(len(self.pools)) if index is None else (index,):
            self.machine.must(OWNER, self.world.callee, make_call(data).replace(POOL, self.world.raw_pools[side]))

    def liquidity(self, target: int) -> None:
        """Of the whole range."""
        me = account(self.world.callee)
        if target > self.held:
            self.call(mint_call(me, *EVERYWHERE, target - self.held))
        elif target < self.held:
            self.call(call("burn", *EVERYWHERE, self.held - target))
        if target != self.held:
            self.model.touch(self.machine.now)
        self.held = target
        self.model.stand(self.tick, target)

    def go(self, tick: int) -> None:
        """Trade until the price is that of a tick."""
        if tick == self.tick:
            return
        # One above, so that the tick is the same from both sides
        price, target = sqrt_ratio_at_tick(self.tick) + 1, sqrt_ratio_at_tick(tick) + 1
        self.call(swap_call(account(OWNER), target < price, 2**200, target))
        self.model.touch(self.machine.now)
        self.tick = signed(self.machine.view(self.pools[0], call("slot0"))[32:64])
        assert self.tick == tick
        self.model.stand(tick, self.held)

    def window(self, buckets: int, index: int = 0) -> list[int]:
        return words_of(self.machine.view(self.pools[index], call_data("window(uint256)", buckets)))

    def recent(self, wanted: int) -> tuple[int, int, int]:
        return recent_of(self.machine, self.pools[0], wanted)

    def check(self, *lengths: int) -> None:
        for buckets in lengths or (0, 10, 20):
            expected = self.model.window(self.machine.now, buckets).words()
            assert self.window(buckets) == expected, f"OBS-01, {buckets} buckets at {self.machine.now - START}"
        for wanted in range(4):
            assert self.recent(wanted) == self.model.recent(self.machine.now, wanted), f"OBS-01, recent({wanted}) at {self.machine.now - START}"


def draw_liquidity(draw: random.Random) -> int:
    # At most what one tick takes
    return draw.choice([0, draw.randrange(1, 2 ** draw.randint(1, 113)), draw.randrange(1, 2 ** draw.randint(50, 100))])


def change(walk: Walk, draw: random.Random, far: int) -> None:
    """A trade, a deposit or a withdrawal, or several of them in one block."""
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        if draw.random() < 0.6:
            walk.go(max(-LAST, min(LAST - 1, walk.tick + draw.randint(-far, far))))
        else:
            walk.liquidity(draw_liquidity(draw))


def test_window__campaign_of_random_lives__equals_the_sum_over_them() -> None:
    seed = draw_seed()
    for life in range(examples(10)):
        draw = random.Random(f"{seed} {life}")
        walk = Walk(START + draw.randrange(1000), draw.randrange(-LAST, LAST), draw_liquidity(draw))
        # Busy, quiet or asleep: how long between two changes; and how wild
        typical = draw.choice([20, 60, 200, 400, 3000])
        far = draw.choice([3, 100, 3_000, 2 * LAST])
        for _ in range(80):
            kind = draw.random()
            walk.wait(0 if kind < 0.1 else -walk.machine.now % BUCKET if kind < 0.2 else draw.randrange(typical))
            change(walk, draw, far)
            walk.check(0, draw.randrange(1, MAX_BUCKETS + 1))
            walk.wait(draw.choice([0, 0, draw.randrange(400)]))
            walk.check(0, draw.randrange(1, MAX_BUCKETS + 1))
        walk.check()


def test_recent__sums_at_boundaries__differ_by_what_the_window_tells_between_them() -> None:
    """OBS-10. Of ticks near by and far away, with liquidity that comes and goes; the sums are kept as an oracle would keep them."""
    seed = draw_seed()
    for life in range(examples(6)):
        draw = random.Random(f"{seed} {life}")
        walk = Walk(START + draw.randrange(1000), draw.randrange(-20_000, 20_000))
        machine, started = walk.machine, walk.machine.now
        at_boundary: dict[int, int] = {}
        typical = draw.choice([20, 60, 400, 2000])
        far = draw.choice([40, 500, 20_000])
        for _ in range(40):
            end = machine.now + draw.randrange(2 * typical)
            for boundary in range(-(-machine.now // BUCKET) * BUCKET, end + 1, BUCKET):
                walk.at(boundary)
                at_boundary[boundary] = walk.recent(0)[1]
            walk.at(end)
            change(walk, draw, far)
            present, tick_sum, fresh_sum = walk.recent(FRESH | PRESENT)
            assert walk.recent(PRESENT) == (present, tick_sum, 0)
            _, short_sum, short_seconds, told_fresh, _, told_sum, told_present, count, *buckets = walk.window(20)
            assert (told_present, signed_256(told_sum), signed_256(told_fresh)) == (present, tick_sum, fresh_sum), (seed, life)
            if short_seconds and end - short_seconds > started:
                assert signed_256(short_sum) == tick_sum - at_boundary[end - short_seconds], (seed, life)
            newest = end // BUCKET * BUCKET
            for i, word in enumerate(buckets[:count]):
                begin = newest - (i + 1) * BUCKET
                if begin > started:
                    assert signed_256(word) >> 128 == at_boundary[begin + BUCKET] - at_boundary[begin], (seed, life)


def signed_256(word: int) -> int:
    return word - (word >> 255 << 256)


@pytest.mark.parametrize("phase_of_change", [0, 1, 59, 60, 119, 179])
def test_window__every_phase_of_a_bucket__equals_the_model(phase_of_change: int) -> None:
    """A busy past, then one more change in a bucket, read at each second of that bucket and of the next."""
    walk = Walk(liquidity=3 * 10**30)
    for i in range(30):
        walk.at(START + 97 * (i + 1))
        walk.go(7 * i - 50)
        walk.liquidity(3 * 10**30 + i * 10**20)
    bucket = walk.machine.now // BUCKET + 1
    for second in range(2 * BUCKET):
        walk.at(bucket * BUCKET + second)
        if second == phase_of_change:
            walk.go(-400)
        walk.check(0, 10)


@pytest.mark.parametrize("buckets", [1, 2, 3, 10, 19, 20, 21, 127, 128, 129, 256, 1000])
def test_window__silence_of_many_buckets__equals_the_model(buckets: int) -> None:
    for phase in (0, 1, 179):
        walk = Walk(liquidity=10**33)
        for i in range(25):
            walk.at(START + 111 * (i + 1))
            walk.go(5 * i + 1)
        walk.at((walk.machine.now // BUCKET + buckets) * BUCKET + phase)
        walk.check()  # in the silence
        walk.liquidity(7 * 10**32)
        for wait in (0, 50, BUCKET, 2 * BUCKET, 7 * BUCKET, 12 * BUCKET):
            walk.wait(wait)
            walk.check()  # after it


def test_window__ring_goes_round__equals_the_model() -> None:
    """A change in each bucket, for more than two laps; then in each second, then in each third."""
    walk = Walk()
    draw = random.Random(5)
    for stride, count in ((1, 270), (2, 70), (3, 50)):
        for _ in range(count):
            walk.at((walk.machine.now // BUCKET + stride) * BUCKET + draw.randrange(BUCKET))
            walk.go(walk.tick + draw.choice([-90, -1, 1, 90]))
            if draw.random() < 0.1:
                walk.check(0, 20)
        walk.check(0, 5, 10, 20)


@pytest.mark.parametrize("tick", [1 - LAST, LAST - 1, -1, 0])
@pytest.mark.parametrize("liquidity", [1, 2**113])
def test_window__price_and_liquidity_at_the_edge__equals_the_model(tick: int, liquidity: int) -> None:
    walk = Walk(START + 33, 0, 1000)
    walk.go(tick)
    walk.liquidity(liquidity)
    for wait in (1, 59, 60, 61, 100, 300, 5000, RING, 10**6):
        walk.wait(wait)
        walk.check()
        walk.liquidity(0)
        walk.check()
        walk.wait(7)
        walk.liquidity(liquidity)
        walk.check()


@pytest.mark.parametrize("start", [2**32 - 3_000, 2**32 - 1, 2**32, 2**32 + 1])
def test_window__time_beyond_32_bits__equals_the_model(start: int) -> None:
    walk = Walk(start)
    draw = random.Random(start)
    for _ in range(60):
        walk.wait(draw.randrange(200))
        walk.go(draw.randrange(-50, 50))
        walk.check(0, draw.randrange(1, 21))


def test_window__not_initialized__is_empty() -> None:
    world = World(FEE, SPACING, (TEST, TEST), START)
    answer = words_of(world.machine.view(world.pools[0], call_data("window(uint256)", 20)))
    assert answer == [0] * 28
    for fresh in (False, True):
        assert recent_of(world.machine, world.pools[0], fresh) == (0, 0, 0)


def test_window__first_minutes__grows_into_its_windows() -> None:
    for phase in (0, 1, 59, 60, 179):
        walk = Walk(START + phase)
        for second in range(0, 23 * BUCKET, 23):
            walk.at(START + phase + second)
            walk.check(0, 1, 2, 20)
            if second % 3 == 0:
                walk.go(second % 7)


# ---------------------------------------------------------------- a function of the past alone


def nothing(walk: Walk, draw: random.Random) -> None:
    """In the second pool alone: whatever leaves tick and liquidity as they are."""
    me = account(walk.world.callee)
    price = int.from_bytes(walk.machine.view(walk.pools[1], call("slot0"))[:32], "big")
    far = (walk.tick // SPACING + 20) * SPACING
    match draw.randrange(6):
        case 0:  # within the tick, there and back
            edge = sqrt_ratio_at_tick(walk.tick + 1)
            walk.call(swap_call(account(OWNER), False, 2**200, price + (edge - price) * draw.randrange(1, 1000) // 1000), 1)
            walk.call(swap_call(account(OWNER), True, 2**200, price), 1)
        case 1 if walk.held:
            walk.call(call("burn", *EVERYWHERE, 0), 1)
        case 2:
            walk.call(mint_call(me, far, far + SPACING, draw.randrange(1, 10**20)), 1)
        case 3:
            walk.call(call("collect", me, *EVERYWHERE, MAX_128, MAX_128), 1)
        case 4 if walk.held:
            walk.call(flash_call(me, 1, 0, plan(1, 10)), 1)
        case _:
            walk.call(mint_call(me, far, far + SPACING, 5), 1)
            walk.call(call("burn", far, far + SPACING, 5), 1)


def test_window__changes_of_nothing_at_any_time__alter_nothing() -> None:
    """OBS-02. Two pools with the same trades; in one of them more happens in between."""
    seed = draw_seed()
    for life in range(examples(4)):
        draw = random.Random(f"{seed} {life}")
        walk = Walk(START + draw.randrange(1000), draw.randrange(-100_000, 100_000), 10 ** draw.randrange(18, 33), twins=True)
        far = draw.choice([3, 100, 5_000])
        for _ in range(40):
            until = walk.machine.now + draw.choice([1, 12, 12, draw.randrange(1, 300), draw.randrange(1, 3000)])
            for now in sorted(draw.randrange(walk.machine.now, until + 1) for _ in range(draw.randrange(4))):
                walk.at(now)
                nothing(walk, draw)
                assert walk.window(10, 0) == walk.window(10, 1), f"OBS-02, {seed} {life}"
            walk.at(until)
            change(walk, draw, far)
            assert walk.window(20, 0) == walk.window(20, 1), f"OBS-02, {seed} {life}"
        walk.check()


def test_window__trades_later_in_the_bucket__alter_no_slow_statistic() -> None:
    """OBS-03. With jumps of price of any size."""
    seed = draw_seed()
    for life in range(examples(5)):
        draw = random.Random(f"{seed} {life}")
        walk = Walk(START + draw.randrange(BUCKET), 0, 10**32)
        walk.wait(25 * BUCKET)
        for _ in range(40):
            bucket = walk.machine.now // BUCKET + draw.choice([1, 1, 1, 2, 5])
            walk.at(bucket * BUCKET)
            first = walk.window(20)[7:]
            for second in sorted(draw.choice([0, draw.randrange(BUCKET)]) for _ in range(draw.randrange(5))):
                walk.at(bucket * BUCKET + second)
                assert walk.window(20)[7:] == first, f"OBS-03, {seed} {life}"
                change(walk, draw, 2 * LAST)
                assert walk.window(20)[7:] == first, f"OBS-03, {seed} {life}"
            walk.at((bucket + 1) * BUCKET - 1)
            assert walk.window(20)[7:] == first, f"OBS-03, {seed} {life}"


# ---------------------------------------------------------------- the market as it is now


def is_added(walk: Walk) -> bool:
    return bool(walk.window(0)[6] >> 127 & 1)


def is_used(walk: Walk) -> bool:
    return bool(walk.window(0)[6] >> 126 & 1)


def test_window__present__is_of_the_pool_at_once() -> None:
    """OBS-09. The tick and the liquidity that the pool tells of itself."""
    walk = Walk(START + 9, 5_000, 0)
    for tick, liquidity in ((5_000, 0), (-LAST, 3), (LAST - 1, 2**113), (-1, 10**20)):
        walk.go(tick)
        walk.liquidity(liquidity)
        for wait in (0, 12):
            walk.wait(wait)
            for buckets in (0, 3):
                assert walk.window(buckets)[6] == tick % 2**128 << 128 | liquidity


def test_window__added__from_the_mint_until_the_transaction_ends() -> None:
    """OBS-09. Whatever happens after it in its transaction."""
    walk = Walk()
    machine, pool = walk.machine, walk.world.raw_pools[0]
    assert not is_added(walk)
    far = (walk.tick // SPACING + 20) * SPACING
    mint = make_call(mint_call(account(walk.world.callee), far, far + SPACING, 1)).replace(POOL, pool)
    # As part of a transaction that goes on
    machine.evm.message_call(OWNER, walk.world.callee, mint)
    assert is_added(walk)
    machine.evm.message_call(OWNER, walk.pools[0], selector("poke()"))
    assert is_added(walk)
    machine.set_time(machine.now + 1)
    assert not is_added(walk)
    machine.set_time(machine.now - 1)
    assert is_added(walk)
    machine.evm.reset_transient_storage()
    assert not is_added(walk)


def test_window__added__not_by_anything_but_a_mint() -> None:
    """And `used` by whatever moves tokens, until the transaction ends."""
    walk = Walk()
    me = account(walk.world.callee)
    others = [
        (call("burn", *EVERYWHERE, 1), False),
        (selector("poke()"), False),
        (call("collect", me, *EVERYWHERE, MAX_128, MAX_128), True),
        (swap_call(account(OWNER), True, 2**200, sqrt_ratio_at_tick(-5)), True),
        (flash_call(me, 1, 0, plan(1, 10)), True),
    ]
    for data, moves in others:
        walk.machine.evm.message_call(OWNER, walk.world.callee, make_call(data).replace(POOL, walk.world.raw_pools[0]))
        assert not is_added(walk)
        assert is_used(walk) == moves
        if moves:
            walk.machine.set_time(walk.machine.now + 1)
            assert not is_used(walk)
            walk.machine.set_time(walk.machine.now - 1)
        walk.machine.evm.reset_transient_storage()
        assert not is_used(walk)
