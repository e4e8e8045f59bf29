"""The slow window of an asset with a feed: twenty buckets, in both halves of the answer. (ORA-01, ORA-13)

The feed fails in most of these tests, so that the edges of the band are those of the window.
"""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.observations import present_word
from plimsoll.reference.oracle import BUCKET, NOTHING, SLOW_BUCKETS_WITH_FEED, Band, Why, float_down, price_at
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.oracle_market import DOLLAR_6, ETH_ANSWER, ETH_LIQUIDITY, ETH_TICK, Market, new_market, now, scripted

N = SLOW_BUCKETS_WITH_FEED
FLAT = [ETH_TICK * BUCKET] * N
# Newest first; the last ten are the other half
PLACES = [0, 9, 10, 19]


@pytest.fixture(params=[False, True], ids=["token0", "token1"])
def market(owner: Any, request: pytest.FixtureRequest) -> Market:
    market = new_market(owner, request.param, feed=True)
    market.feed.set_failure(True, 0)
    return market


def expect(market: Market, buckets: list[int], tick: int = ETH_TICK, liquidities: list[int] | None = None) -> Band:
    market.script(scripted(now(), tick, tick, buckets, liquidities or []))
    band = market.check()
    assert band.why & ~(Why.THIN | Why.THIN_FOR_NEW_RISK) == Why.FEED_FAILED
    return band


def edges(low: int, high: int) -> tuple[int, int]:
    return price_at(low, DOLLAR_6)[0], price_at(high, DOLLAR_6)[1]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rest, low, high", [(1, 0, 1), (-1, -1, 0)])
def test_slow_mean__one_second_tick_off_in_any_place__floor_and_ceil(market: Market, place: int, rest: int, low: int, high: int) -> None:
    """A 3,600th of a tick: the medians do not move."""
    buckets = FLAT.copy()
    buckets[place] += rest
    band = expect(market, buckets)
    assert (band.low, band.high) == edges(ETH_TICK + low, ETH_TICK + high)


@pytest.mark.parametrize("rest, low, high", [(1, 90, 101), (-1, 89, 100), (0, 90, 100)])
@pytest.mark.parametrize("step", [1, 3, 7, 9])
def test_slow_median__between_ticks__10th_floored_11th_ceiled(market: Market, step: int, rest: int, low: int, high: int) -> None:
    """Means 0, 10, ... 190 above, dealt to the two halves in four ways; the mean of all is 95."""
    buckets = [(ETH_TICK + 10 * (i * step % N)) * BUCKET + rest for i in range(N)]
    band = expect(market, buckets, ETH_TICK + 95)
    assert (band.low, band.high) == edges(ETH_TICK + low, ETH_TICK + high)


@pytest.mark.parametrize("above", range(11))
def test_slow_median__any_share_of_the_halves__the_same(market: Market, above: int) -> None:
    """Ten buckets are 100 ticks up: `above` of the newer half, the rest of the older. 10th below, 11th above, mean 50."""
    newer = [100] * above + [0] * (10 - above)
    older = [0] * above + [100] * (10 - above)
    band = expect(market, [(ETH_TICK + up) * BUCKET for up in newer + older], ETH_TICK + 50)
    assert (band.low, band.high) == edges(ETH_TICK, ETH_TICK + 100)


@pytest.mark.parametrize("far, low, high", [(-4000, -1800, 0), (4000, 0, 1800)])
@pytest.mark.parametrize("half", ["newer", "older", "both"])
def test_slow_window__nine_of_twenty_far_away__mean_on_one_side_medians_on_the_other(
    market: Market, half: str, far: int, low: int, high: int
) -> None:
    places = {"newer": range(9), "older": range(10, 19), "both": range(6, 15)}[half]
    band = expect(market, [(ETH_TICK + far * (i in places)) * BUCKET for i in range(N)])
    assert (band.low, band.high) == edges(ETH_TICK + low, ETH_TICK + high)


def depth_of(liquidity: int) -> int:
    raw = liquidity * sqrt_ratio_at_tick(ETH_TICK) // 2**96
    return float_down(raw * DOLLAR_6 // 10**18, 19)


@pytest.mark.parametrize("step", [1, 3, 7, 9])
def test_depth__liquidities_all_different__of_the_10th(market: Market, step: int) -> None:
    """The lower of the two in the middle. The present one is far more."""
    liquidities = [ETH_LIQUIDITY * (10 + i * step % N) // 100 for i in range(N)]
    window = scripted(now(), ETH_TICK, ETH_TICK, FLAT, liquidities)
    market.script(window)
    assert market.check().depth == depth_of(ETH_LIQUIDITY * 19 // 100)


@pytest.mark.parametrize("off", [-500, 0, 1, 500])
def test_depth__thinner_now__at_the_lower_of_the_slow_and_the_short_mean(market: Market, off: int) -> None:
    """When the window is read and when it is cached: of half of the liquidity, at a price that the root of the slow window tells or not."""
    present = present_word(ETH_TICK + off, ETH_LIQUIDITY // 2, added=False)
    market.script(scripted(now(), ETH_TICK + off, ETH_TICK, FLAT, present=present))
    expected = (ETH_LIQUIDITY // 2 * sqrt_ratio_at_tick(ETH_TICK + min(off, 0)) >> 96) * 10**12
    assert market.check().depth == expected
    market.write()
    assert market.check().depth == expected


@pytest.mark.parametrize("ticks", ["rising", "falling"])
def test_depth__liquidity_of_all_bits__no_bucket_out_of_order(market: Market, ticks: str) -> None:
    """A bucket's words are in the order of their tick sums, whatever the lower halves hold."""
    order = range(N) if ticks == "rising" else range(N - 1, -1, -1)
    buckets = [(ETH_TICK + i) * BUCKET for i in order]
    liquidities = [2**128 - 1 if i % 2 else ETH_LIQUIDITY for i in range(N)]
    band = expect(market, buckets, ETH_TICK + 9, liquidities)
    assert (band.low, band.high) == edges(ETH_TICK + 9, ETH_TICK + 10)


@given(
    ticks=st.lists(st.integers(-2000, 2000), min_size=N, max_size=N),
    rests=st.lists(st.integers(-90, 90), min_size=N, max_size=N),
    liquidities=st.lists(st.integers(ETH_LIQUIDITY, 2**128 - 1), min_size=N, max_size=N),
)
@settings(max_examples=examples(25))
def test_slow_window__any_twenty_buckets__sorted_and_summed(market: Market, ticks: list[int], rests: list[int], liquidities: list[int]) -> None:
    sums = [(ETH_TICK + tick) * BUCKET + rest for tick, rest in zip(ticks, rests, strict=True)]
    ordered = sorted(sums)
    mean, lower, upper = (Fraction(total, count) for total, count in ((sum(sums), N * BUCKET), (ordered[9], BUCKET), (ordered[10], BUCKET)))
    low, high = min(floor(mean), floor(lower)), max(ceil(mean), ceil(upper))
    middle = floor(mean)
    market.script(scripted(now(), middle, middle, sums, liquidities))
    band = market.check()
    assert (band.low, band.high) == edges(min(low, middle), max(high, middle))


def test_feed_valid__liquidation_prices__medians_with_the_edges_of_twenty(owner: Any) -> None:
    """Short mean, slow edges and the feed, each in the middle once."""
    market = new_market(owner, feed=True)
    older_up = [ETH_TICK * BUCKET] * 10 + [(ETH_TICK + 200) * BUCKET] * 10
    # The window spans 0 to 200 (medians), its mean is 100; the short mean is 300 up, the feed 2 % (about 200 ticks) down
    market.script(scripted(now(), ETH_TICK + 300, ETH_TICK + 300, older_up))
    market.feed.set_answer(ETH_ANSWER * 98 // 100)
    band = market.check()
    assert band.liquidation_high == price_at(ETH_TICK + 200, DOLLAR_6)[1]
    assert band.liquidation_low == price_at(ETH_TICK, DOLLAR_6)[0]
    assert (band.low, band.high) == (ETH_ANSWER * 98 // 100 * 10**10, price_at(ETH_TICK + 300, DOLLAR_6)[1])
    assert band.why == NOTHING
