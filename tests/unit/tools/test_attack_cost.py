"""The formulas of plimsoll.attack.cost against trades made one by one in whole numbers, sums taken second by second, and by hand."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest

from plimsoll.attack.cost import (
    DOWN,
    UP,
    AttackError,
    PairMarket,
    RangeMarket,
    blocks_to_follow,
    factor_of,
    followed,
    remembered,
    ticks_of,
)
from plimsoll.reference.range_pool import Q96, RangePool

# 10,000 ETH of 18 decimals, 2,000,000 dollars of 6
ETH, USD = 10_000 * 10**18, 2_000_000 * 10**6
PRICE = Fraction(USD, ETH)
F = Fraction


# ---------------------------------------------------------------- x*y=k, traded one by one


def bought(paid: int, reserve_in: int, reserve_out: int, fee_pips: int) -> int:
    net = paid * (10**6 - fee_pips)
    return net * reserve_out // (reserve_in * 10**6 + net)


def least(condition) -> int:
    """The least whole number for which it holds, by halving."""
    low, high = 0, 1
    while not condition(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if condition(middle) else (middle, high)
    return high


def needed(reserve_in: int, reserve_out: int, ratio: Fraction, fee_pips: int) -> int:
    """What must be paid in until reserve_in / reserve_out is `ratio`."""
    return least(lambda paid: reserve_in + paid >= ratio * (reserve_out - bought(paid, reserve_in, reserve_out, fee_pips)))


def worth_selling(reserve_in: int, reserve_out: int, honest: Fraction, fee_pips: int) -> int:
    """How much an arbitrageur pays in: as long as another millionth of the reserve brings more than it is worth at `honest` (out per in)."""
    more = reserve_in // 10**6

    def brings_too_little(paid: int) -> bool:
        first, then = (bought(p, reserve_in, reserve_out, fee_pips) for p in (paid, paid + more))
        return then - first < more * honest

    return least(brings_too_little)


def executed(direction: str, factor: Fraction, blocks: int, arbitraged: bool, fee_pips: int) -> tuple[Fraction, Fraction]:
    """(cost, capital) in raw dollars, by trades in turn."""
    reserve_in, reserve_out = (USD, ETH) if direction == UP else (ETH, USD)
    worth_in, worth_out = (F(1), PRICE) if direction == UP else (PRICE, F(1))
    ratio = factor * reserve_in / reserve_out
    spent, capital, cost, held = 0, F(0), F(0), 0
    for block in range(blocks):
        if block and not arbitraged:
            break
        if block:
            sold = worth_selling(reserve_out, reserve_in, worth_out / worth_in, fee_pips)
            got = bought(sold, reserve_out, reserve_in, fee_pips)
            if F(reserve_in, reserve_out) * (10**6 - fee_pips) / 10**6 > ratio / factor:
                reserve_out, reserve_in = reserve_out + sold, reserve_in - got
        if reserve_in >= ratio * reserve_out:
            continue
        spent = needed(reserve_in, reserve_out, ratio, fee_pips)
        held = bought(spent, reserve_in, reserve_out, fee_pips)
        reserve_in, reserve_out = reserve_in + spent, reserve_out - held
        capital = max(capital, cost + spent * worth_in)
        cost += spent * worth_in - held * worth_out
    if not arbitraged:
        # back, as far as it pays
        sold = worth_selling(reserve_out, reserve_in, worth_out / worth_in, fee_pips)
        cost += sold * worth_out - bought(sold, reserve_out, reserve_in, fee_pips) * worth_in
    return cost, capital


@pytest.mark.parametrize("direction, factor", [(UP, F(2)), (DOWN, F(2)), (UP, F(1_004, 1_000))])
def test_pair_cost__unopposed__least_of_all_ways_back(direction: str, factor: Fraction) -> None:
    """What he does not trade back counts at the honest price. None, all and each thousandth of what he got."""
    reserve_in, reserve_out = (USD, ETH) if direction == UP else (ETH, USD)
    worth_in, worth_out = (F(1), PRICE) if direction == UP else (PRICE, F(1))
    spent = needed(reserve_in, reserve_out, factor * reserve_in / reserve_out, 2_500)
    got = bought(spent, reserve_in, reserve_out, 2_500)
    costs = []
    for part in range(1_001):
        back = bought(got * part // 1_000, reserve_out - got, reserve_in + spent, 2_500)
        costs.append(spent * worth_in - (got - got * part // 1_000) * worth_out - back * worth_in)
    found = PairMarket(ETH, USD, 2_500).cost(direction, factor, 1, False).cost
    assert found <= min(costs) + 1
    assert found == pytest.approx(float(min(costs)), rel=1e-4)
    assert found < costs[-1]


@pytest.mark.parametrize("fee_pips", [0, 2_500, 10_000])
@pytest.mark.parametrize("factor", [F(101, 100), F(13, 10), F(2), F(9)])
@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize("blocks, arbitraged", [(1, False), (40, False), (1, True), (2, True), (40, True)])
def test_pair_cost__against_trades_one_by_one__the_same(direction: str, factor: Fraction, blocks: int, arbitraged: bool, fee_pips: int) -> None:
    expected, capital = executed(direction, factor, blocks, arbitraged, fee_pips)
    found = PairMarket(ETH, USD, fee_pips).cost(direction, factor, blocks, arbitraged)
    # the arbitrageur above stops within a millionth of the reserve of where it pays no more: 2 dollars
    assert abs(found.cost - expected) <= 2 * 10**6 + expected / 100_000
    assert abs(found.capital - capital) <= 2 * 10**6 + capital / 100_000
    assert found.factor == factor


def test_pair_cost__four_times_the_price_without_fee__by_hand() -> None:
    """2,000,000 more dollars buy 5,000 of the 10,000 ether, worth 1,000,000: the loss of a block. There and back it costs nothing."""
    market = PairMarket(ETH, USD, 0)
    million = 10**12
    assert market.cost(UP, F(4), 1, True) == market.cost(DOWN, F(4), 1, True)
    assert market.cost(UP, F(4), 1, True).cost == million
    assert market.cost(UP, F(4), 1, True).capital == 2 * million
    # an arbitrageur who pays nothing puts it back where it was
    assert market.cost(UP, F(4), 3, True).cost == 3 * million
    assert market.cost(UP, F(4), 3, True).capital == 4 * million
    assert market.cost(UP, F(4), 3, False).cost == 0
    assert market.moved(UP, F(4)) == PairMarket(ETH // 2, 2 * USD, 0)
    assert market.moved(DOWN, F(4)) == PairMarket(2 * ETH, USD // 2, 0)
    assert market.moved(UP, F(4)).depth() == 2 * USD


def test_pair_cost__price_within_the_fee__nobody_trades_it_back() -> None:
    market = PairMarket(ETH, USD, 10_000)
    assert market.cost(UP, F(1_005, 1_000), 50, True) == market.cost(UP, F(1_005, 1_000), 1, True)


def test_pair_cost__unopposed__does_not_depend_on_the_blocks() -> None:
    market = PairMarket(ETH, USD, 2_500)
    assert market.cost(UP, F(2), 1, False) == market.cost(UP, F(2), 100_000, False)


@pytest.mark.parametrize("factor, blocks", [(F(1), 1), (F(1, 2), 1), (F(2), 0)])
def test_cost__nothing_to_do__refused(factor: Fraction, blocks: int) -> None:
    with pytest.raises(AttackError):
        PairMarket(ETH, USD, 2_500).cost(UP, factor, blocks, True)


def test_pair_cost__empty__refused() -> None:
    with pytest.raises(AttackError, match="empty"):
        PairMarket(0, USD, 2_500)


# ---------------------------------------------------------------- ranges


def pool(base_is_token0: bool, fee_pips: int, *ranges: tuple[int, int, int]) -> RangePool:
    """At the price of the pair; ranges in ticks of the asset's price, relative to it."""
    root = isqrt(USD * Q96**2 // ETH) if base_is_token0 else isqrt(ETH * Q96**2 // USD)
    made = RangePool(fee_pips, 60)
    made.initialize(root)
    centre = made.tick // 60 * 60
    for low, high, liquidity in ranges:
        lower, upper = (low, high) if base_is_token0 else (-high, -low)
        made.mint("lp", centre + lower, centre + upper, liquidity)
    return made


def walked(p: RangePool, down: bool, target: float, amount: float | None = None) -> tuple[float, float, float]:
    """(root, paid, got) by plain calculus, tick by tick, in floating point: to `target`, or as far as `amount` goes."""
    root, liquidity, g = p.sqrt_price_x96 / Q96, 0.0, 1 - p.fee_pips / 1e6
    edges = sorted((1.0001 ** (t / 2), info.net) for t, info in p.ticks.items())
    liquidity = float(sum(net for edge, net in edges if edge <= root))
    paid = got = 0.0
    path = [e for e in (reversed(edges) if down else edges) if (e[0] <= root if down else e[0] > root)]
    for edge, net in [*path, (target, 0)]:
        end = max(edge, target) if down else min(edge, target)
        by = (liquidity * (1 / end - 1 / root) if down else liquidity * (end - root)) / g
        if amount is not None and paid + by > amount:
            left = (amount - paid) * g
            end = 1 / (1 / root + left / liquidity) if down else root + left / liquidity
            by = amount - paid
        paid += by
        got += liquidity * (root - end) if down else liquidity * (1 / root - 1 / end)
        root = end
        if amount is not None and paid >= amount * (1 - 1e-15):
            break
        if end == target:
            break
        liquidity += -net if down else net
    return root, paid, got


WIDE, NARROW, ABOVE = (-30_000, 30_000, 10**17), (-600, 600, 10**18), (1_200, 2_400, 5 * 10**17)


@pytest.mark.parametrize("ranges", [(WIDE,), (WIDE, NARROW), (WIDE, NARROW, ABOVE), (NARROW, ABOVE)], ids=["wide", "two", "three", "gap"])
@pytest.mark.parametrize("fee_pips", [500, 3_000])
@pytest.mark.parametrize("factor", [F(102, 100), F(13, 10), F(3)])
@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize("base_is_token0", [True, False], ids=["base0", "base1"])
def test_range_cost__against_calculus_tick_by_tick__the_same(
    base_is_token0: bool, direction: str, factor: Fraction, fee_pips: int, ranges: tuple[tuple[int, int, int], ...]
) -> None:
    p = pool(base_is_token0, fee_pips, *ranges)
    rises = (direction == UP) == base_is_token0
    root, g = p.sqrt_price_x96 / Q96, 1 - fee_pips / 1e6
    target = root * float(factor) ** (0.5 if rises else -0.5)
    price = root**2 if base_is_token0 else 1 / root**2  # raw dollars of a raw ether
    worth_in, worth_out = (1.0, price) if direction == UP else (price, 1.0)

    _, paid, got = walked(p, not rises, target)
    pushed = p.copy()
    pushed.swap(not rises, 2**200, int(target * Q96))
    stop = root * (1 / g if rises else g) ** 0.5
    beyond = target > stop if rises else target < stop
    _, paid_back, got_back = walked(pushed, rises, stop) if beyond else (0, 0.0, 0.0)
    returned = p.copy()
    if stop != root:
        returned.swap(not rises, 2**200, int(stop * Q96))
    _, again, got_again = walked(returned, not rises, target)

    market = RangeMarket(p, base_is_token0, (10**30, 10**30))
    unopposed = market.cost(direction, factor, 5, False)
    assert unopposed.cost == pytest.approx((paid - got_back) * worth_in - (got - paid_back) * worth_out, rel=1e-4, abs=50)
    assert unopposed.capital == pytest.approx(paid * worth_in, rel=1e-6, abs=10)
    first, later = paid * worth_in - got * worth_out, again * worth_in - got_again * worth_out
    assert market.cost(direction, factor, 1, True).cost == pytest.approx(first, rel=1e-5, abs=10)
    assert market.cost(direction, factor, 5, True).cost == pytest.approx(first + 4 * later, rel=1e-5, abs=50)
    assert market.cost(direction, factor, 5, True).capital == pytest.approx(
        max(paid * worth_in, first + 3 * later + again * worth_in), rel=1e-5, abs=50
    )
    assert float(unopposed.factor) == pytest.approx(float(factor))


def test_range_cost__without_fee_over_all_prices__is_the_pairs() -> None:
    """The same curve: 1,000,000 dollars of depth at four times the price, by hand as above."""
    liquidity = isqrt(ETH * USD)
    full = pool(True, 100, (-600_000, 600_000, liquidity))
    market = RangeMarket(full, True, (ETH, USD))
    assert market.cost(UP, F(4), 1, True).cost == pytest.approx(10**12 + 200 * 10**6, rel=1e-4)
    assert market.depth() == pytest.approx(USD, rel=1e-6)
    assert market.moved(UP, F(4)).depth() == pytest.approx(2 * USD, rel=1e-3)
    assert market.moved(DOWN, F(4)).depth() == pytest.approx(USD / 2, rel=1e-3)


def test_range_cost__beyond_the_last_range__the_rest_of_the_way_is_free() -> None:
    market = RangeMarket(pool(True, 3_000, NARROW), True, (10**30, 10**30))
    to_the_end = market.cost(UP, factor_of(660), 1, True)
    assert market.cost(UP, F(1_000), 1, True).cost == pytest.approx(to_the_end.cost, rel=1e-9)
    # and on the way back there is nothing but the way through the range: the fee twice, but for the last 30 of 600 ticks
    assert market.cost(UP, F(1_000), 1, False).cost == pytest.approx(to_the_end.capital * 0.003 * (1 + 570 / 600), rel=0.005)


def test_range_cost__beyond_all_prices__says_how_far_it_went() -> None:
    market = RangeMarket(pool(True, 3_000, NARROW), True, (10**30, 10**30))
    reached = market.cost(UP, F(10) ** 60, 1, True).factor
    assert 1 < reached < F(10) ** 60


def test_range_depth__one_narrow_range__is_what_is_there_and_not_what_it_feigns() -> None:
    p = pool(True, 3_000, NARROW)
    virtual = p.liquidity * p.sqrt_price_x96 // Q96
    assert RangeMarket(p, True, (10**30, 10**30)).depth() == virtual
    assert RangeMarket(p, True, (10**30, 777)).depth() == 777
    assert RangeMarket(p, True, (5 * 10**18, 10**30)).depth() == pytest.approx(1_000 * 10**6, rel=1e-6)
    moved = RangeMarket(p, True, (10**30, 777)).moved(UP, factor_of(300))
    assert moved.depth() > 777


def test_range_cost__no_liquidity_anywhere__refused() -> None:
    empty = RangePool(3_000, 60)
    with pytest.raises(AttackError, match="no price"):
        RangeMarket(empty, True, (0, 0))
    empty.initialize(Q96)
    with pytest.raises(AttackError, match="empty"):
        RangeMarket(empty, True, (0, 0))


@pytest.mark.parametrize("direction", [UP, DOWN])
@pytest.mark.parametrize("arbitraged", [False, True])
def test_left__a_tenth_of_the_liquidity__a_tenth_of_the_cost(direction: str, arbitraged: bool) -> None:
    markets = PairMarket(ETH, USD, 2_500), RangeMarket(pool(True, 3_000, WIDE, NARROW), True, (ETH, USD))
    for market in markets:
        whole, tenth = (m.cost(direction, F(3, 2), 20, arbitraged) for m in (market, market.left(F(1, 10))))
        assert tenth.cost == pytest.approx(whole.cost / 10, rel=1e-6)
        assert tenth.capital == pytest.approx(whole.capital / 10, rel=1e-6)
        assert market.left(F(1, 10)).depth() == pytest.approx(market.depth() / 10, rel=1e-6)


# ---------------------------------------------------------------- how the band follows


def path(gap: int, held: int, seconds: int) -> list[int]:
    """The remembered tick, second by second: 50 towards where the market stands."""
    tick, seen = 0, []
    for second in range(seconds):
        market = gap if second < held else 0
        tick += max(-50, min(50, market - tick))
        seen.append(tick)
    return seen


@pytest.mark.parametrize("gap, held", [(0, 100), (1, 1), (49, 12), (50, 12), (51, 12), (3_567, 12), (3_567, 300), (9_163, 12), (9_163, 2_400)])
def test_remembered__against_a_sum_second_by_second__the_same(gap: int, held: int) -> None:
    seen = path(gap, held, held + 400)
    for at in (0, 1, held - 1, held, held + 1, held + 30, held + 400):
        assert remembered(gap, held, at) == sum(seen[:at])


def test_remembered__one_block_at_any_price__by_hand() -> None:
    """50, 100, ... 600, and back 550, ... 50: 7,200 tick-seconds, of a five-minute mean 24 ticks."""
    assert remembered(100_000, 12, 300) == 7_200
    assert followed(100_000, 1, 12).near == 24
    assert followed(100_000, 1, 12).far == 0


def brute(gap: int, blocks: int, block_seconds: int, buckets: int) -> tuple[int, int]:
    held, far, near = blocks * block_seconds, 0, 0
    seen = path(gap, held, held + 1_000)
    for phase in range(0, 180, block_seconds):
        ticks = [0] * 180 * (buckets + 2) + [0] * phase + seen
        begin = 180 * (buckets + 2) + phase
        for now in range(begin, begin + held + 700, block_seconds):
            boundary = now // 180 * 180
            start = max(b for b in range(boundary, boundary - 1_000, -180) if now - b >= 300)
            short = Fraction(sum(ticks[start:now]), now - start)
            means = sorted(Fraction(sum(ticks[b : b + 180]), 180) for b in range(boundary - 180 * buckets, boundary, 180))
            mean = sum(means) / buckets
            lower, upper = means[buckets // 2 - 1], means[buckets // 2]
            far = max(far, int(min(short, mean, lower)))
            near = max(near, int(max(short, mean, upper)), -int(-max(short, mean, upper) // 1))
    return far, near


@pytest.mark.parametrize("blocks", [1, 10, 30, 90, 120, 151])
@pytest.mark.parametrize("gap", [40, 2_623])
def test_followed__against_statistics_taken_second_by_second__the_same(gap: int, blocks: int) -> None:
    found = followed(gap, blocks, 12)
    assert (found.far, found.near) == brute(gap, blocks, 12, 10)


def test_followed__with_a_feed__twenty_buckets() -> None:
    found = followed(2_623, 200, 12, 20)
    assert (found.far, found.near) == brute(2_623, 200, 12, 20)


@pytest.mark.parametrize("buckets", [10, 20])
@pytest.mark.parametrize("gap", [1, 50, 51, 2_231, 4_054, 13_863, 27_726])
@pytest.mark.parametrize("block_seconds", [12, 60, 2])
def test_blocks_to_follow__one_less_is_not_enough(gap: int, block_seconds: int, buckets: int) -> None:
    blocks = blocks_to_follow(gap, block_seconds, buckets)
    assert followed(gap, blocks, block_seconds, buckets).far == gap
    assert followed(gap, blocks - 1, block_seconds, buckets).far < gap


def test_blocks_to_follow__by_hand() -> None:
    """4,054 ticks (half as much again) take 82 seconds, of which the last one is there already; then ten buckets: 1,881 s, 157 blocks."""
    assert blocks_to_follow(4_054, 12) == 157
    # 600 seconds and 12 for the way back touch five of ten buckets at most: the lower median, the fifth, stays
    assert followed(600, 50, 12).far == 0
    assert followed(600, 50, 12).near == 600


def test_ticks_of__powers__whole() -> None:
    assert ticks_of(factor_of(1)) == 1
    assert ticks_of(factor_of(2_500)) == 2_500
    assert ticks_of(F(2)) == 6_931
