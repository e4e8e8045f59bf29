"""PriceOracle.band of an asset with one source, on scripted statistics: rounding, medians, orientation, depth."""

from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.oracle import (
    BUCKET,
    FIRST,
    MAX_PRICE,
    NOTHING,
    Answers,
    Band,
    Configuration,
    Oracle,
    Quote,
    Source,
    Why,
    Window,
    float_down,
    fresh_seconds,
    present_word,
    price_at,
    short_seconds,
)
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.oracle_market import (
    DOLLAR_6,
    DOLLAR_18,
    ETH_LIQUIDITY,
    ETH_TICK,
    HOW,
    NO_WINDOW,
    WAD,
    Market,
    as_abi,
    mirrored,
    new_market,
    now,
    scripted,
    steady,
)

FLAT = [ETH_TICK * BUCKET] * 10
LEAST_MIN_DEPTH = 10**21
# What the pool of these tests holds, in dollars
DEPTH = ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK) // 2**96 * 10**12


def expect(market: Market, window: Window) -> Band:
    market.script(window)
    return market.check()


def test_band__unknown_asset__not_listed(market: Market) -> None:
    unknown = boa.env.generate_address()
    assert market.oracle.band(unknown) == (0, 0, 0, 0, 0, 0, 0, 0, 0, Why.NOT_LISTED)
    assert market.oracle.new_risk_prices(unknown) == (0, 0, 0, Why.NOT_LISTED)
    assert market.oracle.liquidation_prices(unknown) == (0, 0, 0, 0)
    market.oracle.poke(unknown)
    assert market.oracle.cached_ts(unknown) == 0


def test_band__still_market__one_price(either_market: Market) -> None:
    answer = expect(either_market, steady(now()))
    # 1.0001^-223339 * 10^12, at 10^30 for a raw dollar's 10^18
    assert 199_900 * WAD < answer.low * 1000 < 200_100 * WAD
    assert answer.high == answer.low + 1
    assert answer.fresh_low == answer.fresh_high == answer.low
    assert answer.depth // WAD in range(1_999_000, 2_001_000)
    assert (answer.sources, answer.why) == (FIRST, NOTHING)


@pytest.mark.parametrize("rest, low, high", [(0, 0, 0), (1, 0, 1), (-1, -1, 0)])
def test_band__short_mean_between_ticks__floor_for_low_ceil_for_high(either_market: Market, rest: int, low: int, high: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, FLAT, short_rest=rest))
    assert answer.low == answer.liquidation_low == price_at(ETH_TICK + low, DOLLAR_6)[0]
    assert answer.high == answer.liquidation_high == price_at(ETH_TICK + high, DOLLAR_6)[1]


@pytest.mark.parametrize("rest, fresh", [(0, 0), (1, 0), (-1, -1)])
def test_band__fresh_mean_between_ticks__floor(either_market: Market, rest: int, fresh: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK, ETH_TICK, FLAT, fresh_rest=rest))
    assert answer.fresh_low == answer.fresh_high == price_at(ETH_TICK + fresh, DOLLAR_6)[0]


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


@pytest.mark.parametrize("asset_is_token1", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_band__with_a_feed__slow_window_of_twenty_buckets(owner: Any, asset_is_token1: bool, seed: int) -> None:
    """Means 0, 10, ... 190 above: 10th and 11th are 90 and 100, the mean is 95. The feed says nothing here."""
    market = new_market(owner, asset_is_token1, feed=True)
    market.feed.set_failure(True, 0)
    order = sorted(range(20), key=lambda i: (i * 7 + seed * 5) % 20)
    answer = expect(market, scripted(now(), ETH_TICK + 95, ETH_TICK + 95, [(ETH_TICK + 10 * i) * BUCKET for i in order]))
    assert answer.low == price_at(ETH_TICK + 90, DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + 100, DOLLAR_6)[1]
    assert answer.why == Why.FEED_FAILED


def test_band__with_a_feed_and_half_an_hour_of_history__short_history(owner: Any) -> None:
    """Ten buckets do not do where twenty are asked for."""
    market = new_market(owner, feed=True)
    market.feed.set_failure(True, 0)
    market.script(steady(now(), buckets=10))
    assert market.band().why == Why.SOURCE_FAILED | Why.FEED_FAILED
    assert expect(market, replace(steady(now()), bucket_tick_sums=(), bucket_liquidities=())).why == Why.SHORT_HISTORY | Why.FEED_FAILED


@pytest.mark.parametrize("short", [-500, 500])
def test_band__short_mean_outside__is_the_edge(either_market: Market, short: int) -> None:
    answer = expect(either_market, scripted(now(), ETH_TICK + short, ETH_TICK, FLAT))
    assert answer.low == price_at(ETH_TICK + min(short, 0), DOLLAR_6)[0]
    assert answer.high == price_at(ETH_TICK + max(short, 0), DOLLAR_6)[1]
    assert answer.liquidation_high == answer.high
    assert answer.liquidation_low == answer.low


def test_band__depth__median_liquidity_at_the_slow_low_as_a_float(either_market: Market) -> None:
    """Lower median of unequal liquidities, at the lowest of the slow ticks, whatever the short mean says; the present one is larger."""
    liquidities = [ETH_LIQUIDITY * i for i in (7, 3, 10, 1, 5, 9, 2, 8, 4, 6)]
    buckets = [(ETH_TICK - 10_000) * BUCKET] * 3 + FLAT[3:]
    present = present_word(ETH_TICK, 20 * ETH_LIQUIDITY)
    answer = expect(either_market, scripted(now(), ETH_TICK - 100, ETH_TICK, buckets, liquidities, present=present))
    raw = 5 * ETH_LIQUIDITY * sqrt_ratio_at_tick(ETH_TICK - 3000) // 2**96
    assert answer.depth == float_down(raw * DOLLAR_6 // WAD, 19)
    # 19 bits tell it to a 262,144th
    assert 0 < raw * DOLLAR_6 // WAD - answer.depth < raw * DOLLAR_6 // WAD // 2**18


@pytest.mark.parametrize("short, tick", [(-400, -400), (0, 0), (400, 0)])
def test_band__present_liquidity_less__is_the_depth_at_the_lower_tick(either_market: Market, short: int, tick: int) -> None:
    """Not rounded to a float, and at the lower of the short mean and the slow low."""
    present = present_word(ETH_TICK, ETH_LIQUIDITY // 3)
    answer = expect(either_market, scripted(now(), ETH_TICK + short, ETH_TICK, FLAT, present=present))
    raw = ETH_LIQUIDITY // 3 * sqrt_ratio_at_tick(ETH_TICK + tick) // 2**96
    assert answer.depth == raw * DOLLAR_6 // WAD
    # Whoever withdraws liquidity for a moment blocks nothing
    assert answer.why == NOTHING


@pytest.mark.parametrize("over, why", [(0, NOTHING), (-1, Why.THIN_FOR_NEW_RISK), (1, NOTHING)], ids=["equal", "below", "above"])
def test_band__depth_about_min_depth__thin_for_new_risk(owner: Any, over: int, why: Why) -> None:
    market = new_market(owner, min_depth=float_down(DEPTH, 19) - over)
    answer = expect(market, steady(now()))
    assert answer.why == why
    assert answer.low
    assert answer.fresh_low


@pytest.mark.parametrize("over, why", [(0, Why.THIN_FOR_NEW_RISK), (-1, Why.THIN_FOR_NEW_RISK | Why.THIN)], ids=["equal", "below"])
def test_band__depth_about_a_quarter_of_min_depth__no_price(owner: Any, over: int, why: Why) -> None:
    market = new_market(owner, min_depth=4 * float_down(DEPTH, 19) - over)
    answer = expect(market, steady(now()))
    assert answer.why == why
    assert (answer.low != 0) == (answer.depth != 0) == (over == 0)


def test_band__thin_for_new_risk_in_a_cached_bucket__still_so(owner: Any) -> None:
    market = new_market(owner, min_depth=2 * DEPTH)
    market.still()
    market.write()
    assert market.oracle.cached_ts(market.asset) == now() // BUCKET * BUCKET
    assert market.check().why == Why.THIN_FOR_NEW_RISK
    assert expect(market, scripted(now(), ETH_TICK + 2300, ETH_TICK, FLAT)).why == Why.THIN_FOR_NEW_RISK | Why.BREAKER


def test_band__no_liquidity__thin_and_depth_zero(either_market: Market) -> None:
    assert expect(either_market, steady(now(), liquidity=0)) == Band(why=Why.THIN_FOR_NEW_RISK | Why.THIN)


def test_band__never_any_liquidity__not_started(market: Market) -> None:
    assert expect(market, NO_WINDOW) == Band(why=Why.NOT_STARTED)


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


def any_window(data: st.DataObject, tick: int, buckets: int) -> Window:
    near = st.integers(tick - 3000, tick + 3000)
    time = now()
    return Window(
        started_ts=data.draw(st.integers(1, time)),
        short_sum=data.draw(near) * short_seconds(time) + data.draw(st.integers(0, 400)),
        short_seconds=short_seconds(time),
        fresh_sum=data.draw(near) * fresh_seconds(time) + data.draw(st.integers(0, 99)),
        fresh_seconds=fresh_seconds(time),
        present=present_word(data.draw(near), data.draw(st.integers(0, 2**126 - 1)), data.draw(st.booleans()), data.draw(st.booleans())),
        bucket_tick_sums=tuple(data.draw(near) * BUCKET + data.draw(st.integers(0, 179)) for _ in range(buckets)),
        bucket_liquidities=tuple(data.draw(st.integers(0, 2**128 - 1)) for _ in range(buckets)),
    )


@pytest.mark.parametrize("shape", ["one", "second", "feed", "both"])
@given(
    tick=st.integers(-400_000, 400_000),
    price=st.sampled_from([10**30, 10**28, 10**18, 999_999_000_000, (2**90 - 1) * 10**6]),
    data=st.data(),
)
@settings(max_examples=examples(12))
def test_band__any_statistics__equals_reference(owner: Any, shape: str, tick: int, price: int, data: st.DataObject) -> None:
    """(ORA-01, ORA-02, ORA-03)"""
    with boa.env.anchor():
        second, feed = shape in ("second", "both"), shape in ("feed", "both")
        market = new_market(owner, data.draw(st.booleans()), price, data.draw(st.integers(10**21, 2**96 - 1)), second, feed)
        market.script(any_window(data, tick, market.model.slow_buckets))
        if second:
            market.script(any_window(data, tick, market.model.slow_buckets), place=1)
        if feed:
            # About the price at the tick, 8 decimals
            market.feed.set_answer(max(2, price_at(tick, price)[0] * data.draw(st.integers(95, 105)) // 10**12) % 2**255)
        expected = market.check()
        for how in HOW:
            assert market.write(how) == expected
        # Now from the cache
        assert market.check() == expected


@pytest.mark.parametrize("tick", [443_635, -887_272])
def test_band__extreme_ticks__price_or_no_price_but_never_a_revert(either_market: Market, tick: int) -> None:
    """At 2^64 raw units a price is beyond what can be valued; at 2^-128 it rounds to nothing."""
    answer = expect(either_market, steady(now(), tick, 2**100))
    assert answer.low == 0
    assert answer.why & (Why.SOURCE_FAILED | Why.THIN)


@pytest.mark.parametrize("tick", [-(2**127), 2**127 - 1, 887_272, -887_272])
def test_band__present_tick_out_of_this_world__unsettled_but_a_price(either_market: Market, tick: int) -> None:
    window = replace(steady(now()), present=present_word(tick, ETH_LIQUIDITY))
    either_market.source.set_window(as_told(either_market, window))
    answer = either_market.check()
    assert answer.low
    assert answer.why == Why.UNSETTLED


def as_told(market: Market, window: Window) -> tuple[Any, ...]:
    """The present word as it is, the rest of the other orientation where the asset is token1."""
    told = mirrored(window) if market.asset_is_token1 else window
    return as_abi(replace(told, present=window.present))


def test_band__price_at_the_limit__then_none(owner: Any) -> None:
    """The largest tick whose price still leaves room to value 2^112 raw units, and the next."""
    price = 10**30
    market = new_market(owner, quote_price=price, min_depth=LEAST_MIN_DEPTH)
    tick = 300_000
    while price_at(tick + 1, price)[1] <= MAX_PRICE:
        tick += 1
    assert tick < 443_634
    assert expect(market, steady(now(), tick, 2**100)).why == NOTHING
    assert expect(market, steady(now(), tick + 1, 2**100)).why == Why.SOURCE_FAILED


def test_band__price_about_one__then_none(owner: Any) -> None:
    market = new_market(owner, quote_price=DOLLAR_18, min_depth=LEAST_MIN_DEPTH)
    tick = -420_000
    while price_at(tick, DOLLAR_18)[0] == 0:
        tick += 1
    assert expect(market, steady(now(), tick, 2**126)).low == 1
    assert expect(market, steady(now(), tick - 1, 2**126)).why == Why.SOURCE_FAILED


def test_band__fresh_far_outside__clamped_to_a_price(owner: Any) -> None:
    market = new_market(owner, quote_price=DOLLAR_6, min_depth=LEAST_MIN_DEPTH)
    flat = [0] * 10
    assert expect(market, scripted(now(), 0, -800_000, flat)).fresh_low == 1
    assert expect(market, scripted(now(), 0, 440_000, flat)).fresh_high == MAX_PRICE


def test_band__reference_of_no_window__source_failed() -> None:
    model = Oracle(Configuration(Source(False, Quote(DOLLAR_6), 10**21)))
    assert model.band(10**9, Answers()) == Band(why=Why.SOURCE_FAILED)
