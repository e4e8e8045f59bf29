"""PriceOracle.band on scripted statistics: rounding, medians, orientation, thresholds."""

from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.band import BUCKET, MAX_PRICE, NOTHING, Band, Why, Window, band, price_at
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.oracle_market import (
    DOLLAR_6,
    DOLLAR_18,
    ETH_LIQUIDITY,
    ETH_TICK,
    WAD,
    Market,
    fresh_seconds,
    new_market,
    now,
    scripted,
    short_seconds,
    steady,
)

FLAT = [ETH_TICK * BUCKET] * 10


def as_pair(market: Market, window: Window) -> Window:
    """The same market, told in the source's own orientation."""
    if not market.model.asset_is_token1:
        return window
    return replace(
        window,
        short_sum=-window.short_sum,
        fresh_sum=-window.fresh_sum,
        bucket_tick_sums=tuple(-bucket for bucket in window.bucket_tick_sums),
    )


def expect(market: Market, window: Window) -> Band:
    answer = market.model.band(market.script(as_pair(market, window)))
    assert market.band() == answer
    return answer


def test_band__unknown_asset__not_listed(market: Market) -> None:
    unknown = boa.env.generate_address()
    assert market.oracle.band(unknown) == (0, 0, 0, 0, 0, 0, Why.NOT_LISTED)
    assert market.oracle.new_risk_prices(unknown) == (0, 0, Why.NOT_LISTED)
    assert market.oracle.liquidation_prices(unknown) == (0, 0, 0)
    market.oracle.poke(unknown)


def test_band__still_market__one_price(either_market: Market) -> None:
    answer = expect(either_market, steady(now()))
    # 1.0001^-223339 * 10^12, at 10^30 for a raw dollar's 10^18
    assert 199_900 * WAD < answer.low * 1000 < 200_100 * WAD
    assert answer.high == answer.low + 1
    assert answer.depth // WAD in range(1_999_000, 2_001_000)
    assert answer.why == NOTHING


@pytest.mark.parametrize("rest, low, high", [(0, 0, 0), (1, 0, 1), (-1, -1, 0)])
def test_band__short_mean_between_ticks__floor_for_low_ceil_for_high(either_market: Market, rest: int, low: int, high: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, FLAT, short_rest=rest))
    assert answer.low == price_at(ETH_TICK + low, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + high, DOLLAR_6)[1]


@pytest.mark.parametrize("rest, fresh", [(0, 0), (1, 0), (-1, -1)])
def test_band__fresh_mean_between_ticks__floor(either_market: Market, rest: int, fresh: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, FLAT, fresh_rest=rest))
    assert answer.fresh == price_at(ETH_TICK + fresh, DOLLAR_6)[0]


@pytest.mark.parametrize("rest, low, high", [(0, 0, 0), (1, 0, 1), (-1, -1, 0)])
def test_band__slow_mean_between_ticks__floor_for_low_ceil_for_high(either_market: Market, rest: int, low: int, high: int) -> None:
    """One bucket off by one second-tick moves the mean and leaves the medians."""
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, [FLAT[0] + rest, *FLAT[1:]]))
    assert answer.low == price_at(ETH_TICK + low, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + high, DOLLAR_6)[1]


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (9, 8, 7, 6, 5, 4, 3, 2, 1, 0), (5, 0, 9, 3, 4, 8, 1, 7, 2, 6)])
def test_band__buckets_apart__lower_median_for_low_upper_for_high(either_market: Market, order: tuple[int, ...]) -> None:
    """Means 0, 10, ... 90 above, with a middle such that the medians are outside of the mean: 40 and 50 around 45."""
    buckets = [(ETH_TICK + 10 * i) * BUCKET for i in order]
    answer = expect(either_market, scripted(now(), ETH_TICK + 45, ETH_TICK + 45, buckets))
    assert answer.low == price_at(ETH_TICK + 40, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + 50, DOLLAR_6)[1]


@pytest.mark.parametrize("rest, low, high", [(1, 40, 51), (-1, 39, 50)])
def test_band__median_between_ticks__floor_for_low_ceil_for_high(either_market: Market, rest: int, low: int, high: int) -> None:
    buckets = [(ETH_TICK + 10 * i) * BUCKET + rest for i in range(10)]
    answer = expect(either_market, scripted(now(), ETH_TICK + 45, ETH_TICK + 45, buckets))
    assert answer.low == price_at(ETH_TICK + low, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + high, DOLLAR_6)[1]


@pytest.mark.parametrize("down, low, high", [(True, -3000, 0), (False, 0, 3000)])
def test_band__some_buckets_far_away__mean_on_one_side_median_on_the_other(either_market: Market, down: bool, low: int, high: int) -> None:
    """Three buckets of ten at 10,000 ticks: the mean moves by 3,000, the medians do not."""
    far = -10_000 if down else 10_000
    buckets = [(ETH_TICK + far) * BUCKET] * 3 + FLAT[3:]
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, buckets))
    assert answer.low == price_at(ETH_TICK + low, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + high, DOLLAR_6)[1]


@pytest.mark.parametrize("short", [-500, 500])
def test_band__short_mean_outside__is_the_edge(either_market: Market, short: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK + short, ETH_TICK, FLAT))
    assert answer.low == price_at(ETH_TICK + min(short, 0), DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + max(short, 0), DOLLAR_6)[1]
    assert answer.liquidation_high == answer.high
    assert answer.liquidation_low == answer.low


@pytest.mark.parametrize("apart, why", [(2231, NOTHING), (2232, Why.BREAKER)])
def test_band__high_over_low_about_a_quarter__breaker(either_market: Market, apart: int, why: Why) -> None:
    """1.0001^2231 < 1.25 < 1.0001^2232"""
    answer = expect(either_market, scripted(now(), ETH_TICK + apart, ETH_TICK, FLAT))
    assert answer.why == why
    # Liquidation goes on
    assert answer.liquidation_high == price_at(ETH_TICK + apart, DOLLAR_6)[1]


def test_band__depth__median_liquidity_at_the_slow_low(either_market: Market) -> None:
    """Lower median of unequal liquidities, at the lowest of the slow ticks, whatever the short mean says."""
    liquidities = [ETH_LIQUIDITY * i for i in (7, 3, 10, 1, 5, 9, 2, 8, 4, 6)]
    buckets = [(ETH_TICK - 10_000) * BUCKET] * 3 + FLAT[3:]
    answer = expect(either_market, scripted(now(), ETH_TICK - 4000, ETH_TICK, buckets, liquidities))
    raw = 5 * ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK - 3000) // 2**96
    assert answer.depth == raw * DOLLAR_6 // WAD


@pytest.mark.parametrize("over, why", [(0, NOTHING), (-1, Why.THIN_FOR_NEW_RISK), (1, NOTHING)], ids=["equal", "below", "above"])
def test_band__depth_about_min_depth__thin_for_new_risk(owner: Any, over: int, why: Why) -> None:
    depth = ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK) // 2**96 * 10**12
    market = new_market(owner, min_depth=depth - over)
    answer = expect(market, steady(now()))
    assert answer.depth == depth
    assert answer.why == why
    assert answer.low
    assert answer.fresh


@pytest.mark.parametrize("over, why", [(0, Why.THIN_FOR_NEW_RISK), (-1, Why.THIN_FOR_NEW_RISK | Why.THIN)], ids=["equal", "below"])
def test_band__depth_about_a_quarter_of_min_depth__no_price(owner: Any, over: int, why: Why) -> None:
    depth = ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK) // 2**96 * 10**12
    market = new_market(owner, min_depth=4 * depth - over)
    answer = expect(market, steady(now()))
    assert answer.why == why
    # Why it is thin can be read off
    assert answer.depth == depth
    assert (answer.low != 0) == (over == 0)


def test_band__thin_for_new_risk_in_a_cached_bucket__still_so(owner: Any) -> None:
    depth = ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK) // 2**96 * 10**12
    market = new_market(owner, min_depth=2 * depth)
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    assert market.oracle.cached_ts(market.asset) == now() // BUCKET * BUCKET
    assert market.band().why == Why.THIN_FOR_NEW_RISK
    market.script(scripted(now(), ETH_TICK + 2300, ETH_TICK, FLAT))
    assert market.band().why == Why.THIN_FOR_NEW_RISK | Why.BREAKER


def test_band__no_liquidity__thin_and_depth_zero(either_market: Market) -> None:
    answer = expect(either_market, steady(now(), liquidity=0))
    assert answer == Band(why=Why.THIN_FOR_NEW_RISK | Why.THIN)


def test_band__never_any_liquidity__not_started(market: Market) -> None:
    answer = expect(market, Window(0, 0, 0, 0, 0))
    assert answer == Band(why=Why.NOT_STARTED)


@pytest.mark.parametrize("missing", ["slow", "short", "fresh", "all"])
def test_band__young_market__short_history(market: Market, missing: str) -> None:
    window = steady(now())
    if missing in ("slow", "all"):
        window = replace(window, bucket_tick_sums=(), bucket_liquidities=())
    if missing in ("short", "all"):
        window = replace(window, short_sum=0, short_seconds=0)
    if missing in ("fresh", "all"):
        window = replace(window, fresh_sum=0, fresh_seconds=0)
    assert expect(market, window) == Band(why=Why.SHORT_HISTORY)


def test_band__started_this_second__short_history_not_failed(market: Market) -> None:
    assert expect(market, Window(now(), 0, 0, 0, 0)) == Band(why=Why.SHORT_HISTORY)


@pytest.mark.parametrize("quote_price", [10**30, 10**28, 10**18, 999_999_000_000, (2**95 - 1) * 10**6])
@given(tick=st.integers(-400_000, 400_000), data=st.data())
@settings(max_examples=examples(12))
def test_band__any_statistics__equals_reference(owner: Any, quote_price: int, tick: int, data: st.DataObject) -> None:
    with boa.env.anchor():
        market = new_market(owner, data.draw(st.booleans()), quote_price, data.draw(st.integers(1, 2**96 - 1)))
        near = st.integers(tick - 3000, tick + 3000)
        time = now()
        window = Window(
            started_ts=data.draw(st.integers(1, time)),
            short_sum=data.draw(near) * short_seconds(time) + data.draw(st.integers(0, 400)),
            short_seconds=short_seconds(time),
            fresh_sum=data.draw(near) * fresh_seconds(time) + data.draw(st.integers(0, 99)),
            fresh_seconds=fresh_seconds(time),
            bucket_tick_sums=tuple(data.draw(near) * BUCKET + data.draw(st.integers(0, 179)) for _ in range(10)),
            bucket_liquidities=tuple(data.draw(st.integers(0, 2**128 - 1)) for _ in range(10)),
        )
        expected = market.model.band(market.script(window))
        assert market.band() == expected
        market.model.write(window, time)
        assert market.oracle.new_risk_prices(market.asset) == (expected.low, expected.high, expected.why)
        assert market.oracle.liquidation_prices(market.asset) == (
            expected.liquidation_high,
            expected.liquidation_low,
            expected.fresh,
        )
        # Now from the cache
        assert market.band() == market.model.band(window) == expected


@pytest.mark.parametrize("tick", [443_635, -887_272])
def test_band__extreme_ticks__price_or_no_price_but_never_a_revert(either_market: Market, tick: int) -> None:
    """At 2^64 raw units a price is beyond what can be valued; at 2^-128 it rounds to nothing."""
    answer = expect(either_market, steady(now(), tick, 2**100))
    assert answer.low == 0
    assert answer.why & (Why.SOURCE_FAILED | Why.THIN)


def test_band__price_at_the_limit__then_none(owner: Any) -> None:
    """The largest tick whose price still leaves room to value 2^112 raw units, and the next."""
    market = new_market(owner, quote_price=DOLLAR_18, min_depth=1)
    tick = 400_000
    while price_at(tick + 1, DOLLAR_18)[1] <= MAX_PRICE and tick < 443_634:
        tick += 1
    largest = expect(market, steady(now(), tick, 2**100))
    assert largest.why == NOTHING
    if tick < 443_634:
        assert expect(market, steady(now(), tick + 1, 2**100)).why == Why.SOURCE_FAILED


def test_band__fresh_far_outside__clamped_to_a_price(owner: Any) -> None:
    market = new_market(owner, quote_price=DOLLAR_6, min_depth=1)
    flat = [0] * 10
    assert expect(market, scripted(now(), 0, -800_000, flat)).fresh == 1
    assert expect(market, scripted(now(), 0, 440_000, flat)).fresh == MAX_PRICE


def test_band__reference_of_no_window__source_failed() -> None:
    assert band(None, False, DOLLAR_6, 1) == Band(why=Why.SOURCE_FAILED)
