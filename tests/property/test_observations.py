"""What a pair remembers, against the brute-force model: the list of all changes, and every statistic summed up from it.

OBS-01  every field of `window` equals the sum over the pair's whole past, for every length of the slow window
OBS-02  a change of nothing (`sync`) at any time alters no statistic, as long as the market is within 9,000 ticks of what is remembered
OBS-03  reading later in the same bucket, with or without trades in between, alters no slow statistic, whatever the price does
OBS-04  the remembered tick goes after the market's at 50 ticks a second until it is there, from one change at most 9,000
OBS-05  `window` never reverts for up to 20 buckets
OBS-08  one block of 12 seconds at any price moves a short mean by 24 ticks at most
OBS-09  `present` is the market's own tick and liquidity, and tells that liquidity was added in this transaction
OBS-10  the sum of ticks since the start, less that of a boundary, is the sum of what lies in between; `recent` tells what `window` tells
"""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.reference.observations import FRESH, PRESENT, Window, tick
from tests.depth import draw_seed, examples
from tests.pair_world import MAX_RESERVE, OWNER, START, FastPair, ScriptedPair
from tests.revm import Machine, call_data, selector

BUCKET = 180
RING = 128 * BUCKET


# ---------------------------------------------------------------- on titanoboa, with shrinking


@st.composite
def amounts(draw):
    """Every size as often as every other; seldom nothing."""
    bits = draw(st.integers(-1, 111))
    return draw(st.integers(2**bits, 2 ** (bits + 1) - 1)) if bits >= 0 else draw(st.sampled_from([0, 1, MAX_RESERVE]))


@st.composite
def waits(draw):
    """Seconds; a negative one stands for `to the boundary after so many buckets, and a few seconds more or less`."""
    kind = draw(st.sampled_from(["block", "short", "minutes", "buckets", "boundary", "long"]))
    match kind:
        case "block":
            return draw(st.sampled_from([0, 1, 12]))
        case "short":
            return draw(st.integers(0, 200))
        case "minutes":
            return 60 * draw(st.integers(1, 10)) + draw(st.integers(-1, 1))
        case "buckets":
            return BUCKET * draw(st.integers(1, 25)) + draw(st.integers(-1, 1))
        case "boundary":
            return -draw(st.integers(1, 12)) * 1000 - draw(st.integers(-1, 2))
        case _:
            return draw(st.sampled_from([RING - BUCKET, RING, RING + BUCKET, 3 * RING + 77]))


def later(now: int, wait: int) -> int:
    if wait >= 0:
        return now + wait
    buckets, seconds = divmod(-wait + 1, 1000)
    return (now // BUCKET + buckets) * BUCKET + seconds - 1


steps = st.lists(st.tuples(waits(), st.sampled_from(["sync", "sync", "near", "poke"]), amounts(), amounts()), min_size=1, max_size=8)


@given(amounts(), amounts(), st.integers(0, 179), steps, waits(), st.integers(0, 20))
def test_window__any_past__equals_the_sum_over_it(owner, reserve0, reserve1, phase, past, wait, buckets):
    world = ScriptedPair.create(owner)
    world.at(START + phase)
    world.start(max(reserve0, 1001), max(reserve1, 1001))
    for wait_before, kind, new0, new1 in past:
        world.at(later(world.now, wait_before))
        match kind:
            case "sync":
                world.sync(new0, new1)
            case "near":
                old0, old1, _ = world.pair.getReserves()
                world.sync(min(old0 * 1009 // 1000, MAX_RESERVE), old1 * 1000 // 1003)
            case "poke":
                world.poke()
        world.check(buckets)
    world.at(later(world.now, wait))
    world.check()


# ---------------------------------------------------------------- on pyrevm, many


def fast_pair(now: int = START) -> FastPair:
    return FastPair(Machine(OWNER, now))


def draw_amount(draw: random.Random) -> int:
    return draw.randrange(1, 2 ** draw.randint(1, 112))


def test_window__campaign_of_random_lives__equals_the_sum_over_them():
    seed = draw_seed()
    for life in range(examples(12)):
        draw = random.Random(f"{seed} {life}")
        pair = fast_pair(START + draw.randrange(1000))
        machine = pair.machine
        pair.start(max(draw_amount(draw), 1001), max(draw_amount(draw), 1001))
        # Busy, quiet or asleep: how long between two changes
        typical = draw.choice([20, 60, 200, 400, 3000])
        for _ in range(100):
            machine.set_time(machine.now + draw.choice([0, draw.randrange(typical), draw.randrange(typical), draw.randrange(4 * typical)]))
            match draw.randrange(10):
                case 0:
                    pair.sync(*pair.reserves)
                case 1:
                    pair.sync(draw.choice([0, draw_amount(draw)]), draw.choice([0, draw_amount(draw)]))
                case 2 | 3:
                    pair.sync(draw_amount(draw), draw_amount(draw))
                case _:
                    factor = draw.randrange(900, 1110)
                    moved = [min(max(r * f // 1000, 0), MAX_RESERVE) for r, f in zip(pair.reserves, (factor, 2000 - factor), strict=True)]
                    pair.sync(*moved)
            machine.set_time(machine.now + draw.choice([0, 0, draw.randrange(400)]))
            pair.check(0, draw.randrange(1, 20))
        pair.check()


def test_recent__sums_at_boundaries__differ_by_what_the_window_tells_between_them():
    """OBS-10. Trades, leaps, silence and liquidity that comes and goes; the sums are kept as an oracle would keep them."""
    seed = draw_seed()
    for life in range(examples(12)):
        draw = random.Random(f"{seed} {life}")
        pair = fast_pair(START + draw.randrange(1000))
        machine = pair.machine
        started = machine.now
        pair.start(*(max(draw_amount(draw), 1001) for _ in range(2)))
        at_boundary: dict[int, int] = {}
        typical = draw.choice([20, 60, 400, 2000])
        for _ in range(60):
            end = machine.now + draw.randrange(2 * typical)
            for boundary in range(-(-machine.now // BUCKET) * BUCKET, end + 1, BUCKET):
                machine.set_time(boundary)
                at_boundary[boundary] = pair.recent(0)[1]
            machine.set_time(end)
            match draw.randrange(4):
                case 0:
                    pair.sync(draw_amount(draw), draw_amount(draw))
                case 1:
                    pair.sync(*(min(reserve * 3 // 2, MAX_RESERVE) for reserve in pair.reserves))
                case _:
                    factor = draw.randrange(980, 1020)
                    pair.sync(max(pair.reserves[0] * factor // 1000, 1), pair.reserves[1])
            present, tick_sum, fresh_sum = pair.recent(FRESH | PRESENT)
            assert pair.recent(PRESENT) == (present, tick_sum, 0)
            window = pair.window(20)
            assert (window.present, window.tick_sum, window.fresh_sum) == (present, tick_sum, fresh_sum), (seed, life)
            if window.short_seconds and end - window.short_seconds > started:
                assert window.short_sum == tick_sum - at_boundary[end - window.short_seconds], (seed, life)
            newest = end // BUCKET * BUCKET
            for i, bucket_sum in enumerate(window.bucket_tick_sums):
                if newest - (i + 1) * BUCKET > started:
                    begin = newest - (i + 1) * BUCKET
                    assert bucket_sum == at_boundary[begin + BUCKET] - at_boundary[begin], (seed, life)


@pytest.mark.parametrize("phase_of_change", [0, 1, 59, 60, 61, 119, 120, 179])
def test_window__every_phase_of_a_bucket__equals_the_model(phase_of_change):
    """A busy past, then one more change in a bucket, read at each second of that bucket and of the next two."""
    pair = fast_pair()
    pair.start(10**24, 3 * 10**9)
    for i in range(40):
        pair.machine.set_time(START + 97 * (i + 1))
        pair.sync(10**24 + i * 10**22, 3 * 10**9 - i * 10**7)
    bucket = pair.machine.now // BUCKET + 1
    for second in range(3 * BUCKET):
        pair.machine.set_time(bucket * BUCKET + second)
        if second == phase_of_change:
            pair.sync(2 * 10**24, 10**9)
        pair.check(0, 10)


@pytest.mark.parametrize("buckets", [*range(1, 26), 127, 128, 129, 130, 255, 256, 257, 1000])
def test_window__silence_of_many_buckets__equals_the_model(buckets):
    for phase in (0, 1, 100, 179):
        pair = fast_pair()
        pair.start(10**20, 10**20)
        for i in range(30):
            pair.machine.set_time(START + 111 * (i + 1))
            pair.sync(10**20 + i * 10**18, 10**20)
        pair.machine.set_time((pair.machine.now // BUCKET + buckets) * BUCKET + phase)
        pair.check()  # in the silence
        pair.sync(10**20, 2 * 10**20)
        for wait in (0, 50, BUCKET, 2 * BUCKET, 7 * BUCKET, 12 * BUCKET):
            pair.machine.set_time(pair.machine.now + wait)
            pair.check()  # after it


def test_window__ring_goes_round__equals_the_model():
    """A change in each bucket, for more than two laps; then in each second, then in each third."""
    pair = fast_pair()
    pair.start(10**24, 10**24)
    draw = random.Random(5)
    for stride, count in ((1, 270), (2, 70), (3, 50)):
        for _ in range(count):
            pair.machine.set_time((pair.machine.now // BUCKET + stride) * BUCKET + draw.randrange(BUCKET))
            pair.sync(pair.reserves[0] * draw.randrange(980, 1021) // 1000, pair.reserves[1])
            if draw.random() < 0.2:
                pair.check(0, 20)
        pair.check(0, 5, 10, 20)


@pytest.mark.parametrize("reserves", [(1, MAX_RESERVE), (MAX_RESERVE, 1), (10**30, 10**12), (1001, 1001), (MAX_RESERVE, MAX_RESERVE)])
def test_window__price_at_the_edge__equals_the_model(reserves):
    pair = fast_pair(START + 33)
    pair.start(1001, 1001)
    pair.sync(*reserves)
    for wait in (1, 59, 60, 61, 100, 300, 5000, RING, 10**6):
        pair.machine.set_time(pair.machine.now + wait)
        pair.check()
        pair.sync(*reserves)
        pair.check()


def test_window__first_minutes__grows_into_its_windows():
    for phase in (0, 1, 30, 59, 60, 179):
        pair = fast_pair(START + phase)
        assert pair.window(20) == Window()
        pair.start(10**18, 5 * 10**18)
        for second in range(0, 23 * BUCKET, 23):
            pair.machine.set_time(START + phase + second)
            pair.check(0, 1, 2, 20)
            if second % 3 == 0:
                pair.sync(10**18 + second, 5 * 10**18)


# ---------------------------------------------------------------- a function of the past alone


def walk(draw: random.Random, pair_count: int) -> list[FastPair]:
    machine = Machine(OWNER, START + draw.randrange(BUCKET))
    first = FastPair(machine)
    return [first, *(FastPair(machine, first.factory) for _ in range(pair_count - 1))]


def test_window__pokes_at_any_time__alter_nothing():
    """OBS-02. Two pairs with the same trades; one of them is also poked in between."""
    seed = draw_seed()
    for life in range(examples(6)):
        draw = random.Random(f"{seed} {life}")
        still, poked = walk(draw, 2)
        machine = still.machine
        reserves = [10**24, 10 ** draw.randrange(6, 30)]
        for pair in (still, poked):
            pair.start(*reserves)
        for _ in range(60):
            until = machine.now + draw.choice([1, 12, 12, draw.randrange(1, 300), draw.randrange(1, 3000)])
            for now in sorted(draw.randrange(machine.now, until + 1) for _ in range(draw.randrange(4))):
                machine.set_time(now)
                poked.sync(*reserves)
                assert poked.window(10) == still.window(10), (seed, life)
            machine.set_time(until)
            # Up to 9,000 ticks (a factor of 2.4596) from what is remembered; the smaller reserve large enough for a grain of less than a tick
            distance = draw.choice([0, 10, -3_000, 8_998, -8_998, draw.randint(-8_998, 8_998)])
            target = max(-460_000, min(460_000, still.model.remembered(until) + distance))
            smaller = 10 ** draw.randrange(9, 14)
            larger = int(smaller * 1.0001 ** abs(target))
            reserves = [smaller, larger] if target >= 0 else [larger, smaller]
            for pair in (still, poked):
                pair.sync(*reserves)
            assert poked.window(20) == still.window(20), (seed, life)
            still.check(10)


def slow(window: Window) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return window.bucket_tick_sums, window.bucket_liquidities


def test_window__trades_and_pokes_later_in_the_bucket__alter_no_slow_statistic():
    """OBS-03. With jumps of price of any size."""
    seed = draw_seed()
    for life in range(examples(6)):
        draw = random.Random(f"{seed} {life}")
        pair = fast_pair(START + draw.randrange(BUCKET))
        machine = pair.machine
        pair.start(10**24, 10**24)
        machine.set_time(machine.now + 25 * BUCKET)
        for _ in range(40):
            bucket = machine.now // BUCKET + draw.choice([1, 1, 1, 2, 5])
            machine.set_time(bucket * BUCKET)
            first = slow(pair.window(20))
            for second in sorted(draw.randrange(BUCKET) for _ in range(draw.randrange(5))):
                machine.set_time(bucket * BUCKET + second)
                assert slow(pair.window(20)) == first, (seed, life)
                pair.sync(draw_amount(draw), draw_amount(draw))
                assert slow(pair.window(20)) == first, (seed, life)
            machine.set_time((bucket + 1) * BUCKET - 1)
            assert slow(pair.window(20)) == first, (seed, life)


# ---------------------------------------------------------------- the slew


@pytest.mark.parametrize("age", [1, 12, 61, 70_000])
@pytest.mark.parametrize("up", [True, False])
def test_window__price_leaps__tick_goes_after_it_at_fifty_a_second(age, up):
    """OBS-04. Whatever had been before: 50, 100, .., 9000, and there it waits."""
    pair = fast_pair()
    pair.start(10**18, 10**18)
    pair.machine.set_time((pair.machine.now + age) // BUCKET * BUCKET + BUCKET)
    pair.sync(*((10**18, 10**30) if up else (10**30, 10**18)))
    pair.machine.set_time(pair.machine.now + 2 * BUCKET)
    sums = (9_000 * BUCKET, sum(range(50, 9_001, 50)))
    assert pair.window(2).bucket_tick_sums == (sums if up else tuple(-total for total in sums))
    pair.check()


def test_window__price_leaps_and_stays__tick_follows_in_steps():
    pair = fast_pair()
    pair.start(10**18, 10**18)
    pair.machine.set_time(START + 600)
    pair.sync(10**18, 10**22)  # 92,108 ticks up: 1,843 seconds
    for i in range(31):
        pair.machine.set_time(START + 600 + 60 * (i + 1))
        pair.sync(*pair.reserves)
        pair.check()
        assert pair.model.segments[-1].last_tick == min(92_108, 3_000 * (i + 1))


def test_window__one_block_at_an_absurd_price__moves_the_short_mean_little():
    """OBS-08. Without the slew a single block would move it by 115,000 * 12 / 300."""
    pair = fast_pair()
    pair.start(10**18, 10**18)
    for i in range(60):
        pair.machine.set_time(START + 12 * (i + 1))
        pair.sync(10**18, 10**18)
    pair.sync(10**18, 10**23)
    pair.machine.set_time(pair.machine.now + 12)
    pair.sync(10**18, 10**18)
    assert pair.window(0).short_sum == sum(range(50, 601, 50))
    pair.machine.set_time(pair.machine.now + 12)
    # And the way back
    window = pair.window(0)
    assert window.short_sum == 7_200
    assert window.short_sum // window.short_seconds <= 24
    pair.check()


def test_window__same_past_in_another_age__is_the_same():
    """After 2106 the stored 32 bits of time have wrapped."""
    answers = []
    for base in (START, 2**32 - 1000 - (2**32 - 1000) % BUCKET, 2**32 + 5 * BUCKET):
        base -= base % BUCKET
        pair = fast_pair(base)
        pair.start(10**18, 10**20)
        for i in range(40):
            pair.machine.set_time(base + 131 * (i + 1))
            pair.sync(10**18 + i * 10**17, 10**20)
            pair.check()
        pair.machine.set_time(base + 60 * BUCKET)
        answers.append(replace(pair.window(20), started_ts=0))
    assert answers[0] == answers[1] == answers[2]


# ---------------------------------------------------------------- the market as it is now


def is_added(pair: FastPair) -> bool:
    return bool(pair.window(0).present >> 127 & 1)


def test_window__present__is_of_the_reserves_at_once():
    """OBS-09. In the block of a trade, too; before the pair has started and when it has lost everything."""
    pair = fast_pair()
    for reserve0, reserve1 in ((10**18, 4 * 10**18), (MAX_RESERVE, 1), (1, MAX_RESERVE), (5, 5)):
        pair.sync(reserve0, reserve1)
        pair.check(0, 3)
        assert pair.window(0).present >> 127 == tick(reserve0, reserve1) % 2**128 << 1
    pair.start(10**20, 10**20)
    for reserve0, reserve1 in ((10**20, 3 * 10**20), (0, 7), (9, 10**9), (0, 0)):
        pair.check(0, 3)
        pair.machine.set_time(pair.machine.now + 33)
        pair.sync(reserve0, reserve1)
    pair.check(0, 3)
    assert pair.window(0).present % 2**128 == 0


def test_window__added__from_the_mint_until_the_transaction_ends():
    """OBS-09. What comes after `mint` in its transaction sees it, a transaction later in the block does not; nor does a later block, where a
    chain of tests keeps transient storage."""
    pair = fast_pair()
    pair.start(10**18, 10**18)
    machine = pair.machine
    assert not is_added(pair)
    pair._set(2 * 10**18, 2 * 10**18)
    # As part of a transaction that goes on
    machine.evm.message_call(OWNER, pair.pair, call_data("mint(address)", OWNER))
    assert is_added(pair)
    machine.evm.message_call(OWNER, pair.pair, selector("sync()"))
    assert is_added(pair)
    machine.set_time(machine.now + 1)
    assert not is_added(pair)
    machine.set_time(machine.now - 1)
    assert is_added(pair)
    machine.evm.reset_transient_storage()
    assert not is_added(pair)


def test_window__added__not_by_anything_but_a_mint():
    pair = fast_pair()
    pair.start(10**18, 10**18)
    pair._set(3 * 10**18, 2 * 10**18)
    for data in (selector("sync()"), call_data("transfer(address,uint256)", pair.pair, 10**17), call_data("skim(address)", OWNER)):
        pair.machine.evm.message_call(OWNER, pair.pair, data)
        assert not is_added(pair)
    with pytest.raises(RuntimeError):  # a mint of nothing
        pair.machine.evm.message_call(OWNER, pair.pair, call_data("mint(address)", OWNER))
    assert not is_added(pair)
