"""PriceOracle.new_risk_prices, liquidation_prices and poke: what they cache, and that this changes no answer (ORA-02 to ORA-04)."""

from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, FEED, FIRST, SECOND, Why, float_down, float_up
from tests.conftest import load
from tests.oracle_market import (
    DOLLAR_6,
    ETH_LIQUIDITY,
    ETH_TICK,
    HOW,
    Market,
    as_abi,
    new_market,
    new_source,
    now,
    scripted,
    start_bucket,
    steady,
)


def flat(market: Market) -> list[int]:
    return [ETH_TICK * BUCKET] * market.model.slow_buckets


@pytest.mark.parametrize("how", HOW)
def test_write__new_bucket__caches_the_bucket(either_market: Market, how: str) -> None:
    market = either_market
    start_bucket(seconds=17)
    assert market.oracle.cached_ts(market.asset) == 0
    market.still()
    market.write(how)
    assert market.oracle.cached_ts(market.asset) == now() - 17
    assert not market.logged


@pytest.mark.parametrize("how", HOW)
def test_write__cached_bucket__asks_for_the_recent_statistics_alone_and_writes_nothing(market: Market, how: str) -> None:
    """The slow statistics are constant within a bucket; a source that changed them would be ignored until the next."""
    start_bucket()
    market.still()
    market.write()
    boa.env.time_travel(seconds=BUCKET - 1)
    # The bucket before the newest one is what it was: the short window has ended with it
    market.script(scripted(now(), ETH_TICK - 1000, ETH_TICK - 1000, [*flat(market)[:2], *[0] * 8]))
    cache = market.model.cache
    band = market.write(how)
    assert market.model.cache is cache
    market.script(scripted(now(), ETH_TICK - 1000, ETH_TICK - 1000, flat(market)))
    assert market.check() == band

    # One second later the bucket is a new one
    boa.env.time_travel(seconds=1)
    market.still(ETH_TICK - 1000)
    after = market.write(how)
    assert after.high < band.high
    assert market.check() == after


@pytest.mark.parametrize("how", HOW)
def test_write__no_price_then__last_valid_prices_are_those_of_the_last_write(market: Market, how: str) -> None:
    """Not those of a later look in the same bucket, and not those of a bucket in which nobody wrote."""
    start_bucket()
    market.still()
    written = market.write(how)
    for seconds in (60, 200):
        boa.env.time_travel(seconds=seconds)
        market.still(ETH_TICK - 300)
        assert market.check().low < written.low
    market.source.set_failure(True, 0)
    kept = (float_up(written.high, 24), float_down(written.low, 24))
    assert market.oracle.liquidation_prices(market.asset) == (*kept, 0, 0)
    assert market.oracle.new_risk_prices(market.asset) == (0, 0, 0, Why.SOURCE_FAILED)
    boa.env.time_travel(seconds=10**6)
    assert market.oracle.liquidation_prices(market.asset) == (*kept, 0, 0)


@pytest.mark.parametrize("how", HOW)
def test_write__thin__writes_nothing_and_recovers_within_the_bucket(market: Market, how: str) -> None:
    start_bucket()
    market.still()
    market.write(how)
    before = market.oracle.cached_ts(market.asset)
    boa.env.time_travel(seconds=BUCKET)
    market.still(ETH_TICK - 100, ETH_LIQUIDITY // 1000)
    assert market.write(how).why == Why.THIN | Why.THIN_FOR_NEW_RISK
    assert market.oracle.cached_ts(market.asset) == before
    # In truth no bucket's statistics change; but what is not cached is not believed either
    market.still(ETH_TICK - 100)
    assert market.check().why == 0


def test_band__is_a_view__never_caches(market: Market) -> None:
    market.still()
    market.check()
    market.oracle.liquidation_depth(market.asset)
    assert market.oracle.cached_ts(market.asset) == 0


@pytest.mark.parametrize("slow, short", [(-700, 900), (700, -900)], ids=["short above", "short below"])
def test_last_valid_prices__both_edges_of_the_band_are_kept(market: Market, slow: int, short: int) -> None:
    buckets = [(ETH_TICK + slow) * BUCKET] * 10
    market.script(scripted(now(), ETH_TICK + short, ETH_TICK, buckets))
    valid = market.write()
    assert valid.high > valid.low
    market.source.set_failure(True, 0)
    assert market.oracle.liquidation_prices(market.asset) == (float_up(valid.high, 24), float_down(valid.low, 24), 0, 0)


def test_last_valid_prices__with_a_feed__the_medians_not_the_extremes(owner: Any) -> None:
    market = new_market(owner, feed=True)
    market.feed.set_answer(210 * 10**8)
    market.script(scripted(now(), ETH_TICK - 400, ETH_TICK, flat(market)))
    valid = market.write()
    assert valid.low < valid.liquidation_low
    assert valid.liquidation_high < valid.high
    for failing in (market.source, market.feed):
        failing.set_failure(True, 0)
    band = market.check()
    assert band.liquidation_high == float_up(valid.liquidation_high, 24)
    assert band.liquidation_low == float_down(valid.liquidation_low, 24)


# ---------------------------------------------------------------- second source and feed


@pytest.mark.parametrize("how", HOW)
def test_write__two_sources_and_a_feed__slow_ticks_of_both_are_kept(full_market: Market, how: str) -> None:
    market = full_market
    start_bucket()
    market.still()
    market.still(ETH_TICK + 100, place=1)
    market.write(how)
    boa.env.time_travel(seconds=100)
    for place, short in ((0, -20), (1, 130)):
        # What they would now say of the slow window is not asked for
        market.script(scripted(now(), ETH_TICK + short, ETH_TICK, [0] * 20), place)
    band = market.check()
    assert band.sources == FIRST | SECOND | FEED
    for place, slow, short in ((0, 0, -20), (1, 100, 130)):
        market.script(scripted(now(), ETH_TICK + short, ETH_TICK, [(ETH_TICK + slow) * BUCKET] * 20), place)
    assert market.check() == band
    assert uncached(market, band)


def uncached(market: Market, band: Any) -> bool:
    """What the model says without a cache is the same."""
    kept, market.model.cache = market.model.cache, None
    live = market.model.band(now(), market.answers())
    market.model.cache = kept
    return (live.prices(), live.depth, live.why) == (band.prices(), band.depth, band.why)


def test_write__second_source_invalid_then__stays_out_for_the_bucket(owner: Any) -> None:
    """Nobody can let it in or out within a bucket by asking first."""
    market = new_market(owner, second=True)
    start_bucket()
    market.still()
    market.write()
    market.still(ETH_TICK + 100, place=1)
    assert market.check().sources == FIRST
    start_bucket()
    market.still()
    market.still(ETH_TICK + 100, place=1)
    assert market.write().sources == FIRST | SECOND
    market.wired(1).contract.set_failure(True, 0)
    assert market.check().sources == FIRST
    market.wired(1).contract.set_failure(False, 0)
    assert market.check().sources == FIRST | SECOND


@pytest.mark.parametrize("others", ["second", "feed", "both"])
def test_write__first_source_invalid__last_prices_are_kept_and_the_first_is_looked_at_again(owner: Any, others: str) -> None:
    market = new_market(owner, second=others != "feed", feed=others != "second")
    start_bucket()
    if others != "feed":
        market.still(ETH_TICK + 50, place=1)
    alone = market.write()
    assert alone.low
    assert market.oracle.cached_ts(market.asset) == now()
    boa.env.time_travel(seconds=30)
    # In the same bucket: now the first, too
    if others != "feed":
        market.still(ETH_TICK + 60, place=1)
    before = market.model.cache
    market.write()
    assert market.model.cache is before
    market.still(ETH_TICK + 70)
    band = market.write()
    assert band.sources & FIRST
    cache = market.model.cache
    assert cache is not None
    assert cache.first is not None
    for contract in [market.source] + ([market.wired(1).contract] if others != "feed" else []) + ([market.feed] if market.feed else []):
        contract.set_failure(True, 0)
    last = market.check()
    assert last.liquidation_high == float_up(band.liquidation_high, 24)
    assert last.liquidation_depth > 0


def test_write__feed_alone_and_again_in_the_bucket__the_first_prices_are_kept(owner: Any) -> None:
    market = new_market(owner, feed=True)
    start_bucket()
    market.feed.set_answer(200 * 10**8)
    first = market.write()
    market.feed.set_answer(203 * 10**8)
    assert market.write().high > first.high
    market.feed.set_failure(True, 0)
    band = market.check()
    assert band.liquidation_high == float_up(first.liquidation_high, 24)
    assert band.liquidation_low == float_down(first.liquidation_low, 24)


def test_two_assets__caches_do_not_mix(market: Market, owner: Any) -> None:
    market.still()
    market.write()
    twin = Market(market.oracle, load("testing/TestToken.vy").deploy("TWO", "TWO", 18), owner)
    wired = new_source(twin.asset, market.wired().money)
    wired.contract.set_window(as_abi(steady(now(), ETH_TICK + 5000)))
    assert twin.set_source(wired) == ""
    twin.write()
    assert market.check().low < twin.check().low
    assert market.oracle.quote_price(market.wired().money.token) == DOLLAR_6
