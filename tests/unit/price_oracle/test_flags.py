"""PriceOracle.band: each reason to block new risk at its exact edge. Liquidation goes on. (ORA-05, ORA-14)"""

from dataclasses import replace
from typing import Any

import pytest

from plimsoll.reference.oracle import BUCKET, NOTHING, Why, present_word, price_at
from tests.conftest import load
from tests.oracle_market import DOLLAR_6, ETH_LIQUIDITY, ETH_TICK, HEARTBEAT, Market, eth_feed, new_market, now, scripted, steady


def flat(market: Market) -> list[int]:
    return [ETH_TICK * BUCKET] * market.model.slow_buckets


@pytest.mark.parametrize("apart, why", [(2231, NOTHING), (2232, Why.BREAKER)])
def test_breaker__high_over_low_about_a_quarter(either_market: Market, apart: int, why: Why) -> None:
    """1.0001^2231 < 1.25 < 1.0001^2232"""
    market = either_market
    market.script(scripted(now(), ETH_TICK + apart, ETH_TICK, flat(market)))
    band = market.check()
    assert band.why == why
    assert band.liquidation_high == price_at(ETH_TICK + apart, DOLLAR_6)[1]


@pytest.mark.parametrize("cents, why", [(24_998, NOTHING), (24_999, Why.BREAKER)])
def test_breaker__the_feed_counts(owner: Any, cents: int, why: Why) -> None:
    """1.25 times 199.984... is 249.980..."""
    market = new_market(owner, feed=True)
    market.still()
    market.feed.set_answer(cents * 10**6)
    assert market.check().why == why


@pytest.mark.parametrize("more, why", [(0, NOTHING), (1, Why.BREAKER)])
def test_breaker__exactly_a_quarter__not_yet(owner: Any, more: int, why: Why) -> None:
    """A low that is a multiple of four, and a feed that tells every unit of a price."""
    tick = next(tick for tick in range(ETH_TICK, 0) if price_at(tick, DOLLAR_6)[0] % 4 == 0)
    low = price_at(tick, DOLLAR_6)[0]
    market = new_market(owner)
    feed = load("testing/ScriptedFeed.vy").deploy(18, low)
    assert market.set_feed(feed, eth_feed(decimals=18, min_answer=1, max_answer=2**127)) == ""
    market.still(tick)
    feed.set_answer(low * 5 // 4 + more)
    band = market.check()
    assert (band.low, band.high, band.why) == (low, low * 5 // 4 + more, why)


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("apart, why", [(1000, NOTHING), (1001, Why.UNSETTLED), (-1000, NOTHING), (-1001, Why.UNSETTLED)])
def test_unsettled__present_tick_about_a_thousand_from_the_short_mean(either_market: Market, apart: int, why: Why, cached: bool) -> None:
    market = either_market
    if cached:
        market.still()
        market.write()
    present = present_word(ETH_TICK + apart, ETH_LIQUIDITY)
    # Whatever it was in the last minute
    market.script(scripted(now(), ETH_TICK, ETH_TICK + 3 * apart, flat(market), present=present))
    band = market.check()
    assert band.why == why
    assert band.liquidation_high


@pytest.mark.parametrize("asset_is_token1", [False, True])
@pytest.mark.parametrize("rest, apart", [(1, 1000), (-1, 999), (1, -1000), (-1, -1001)])
def test_unsettled__short_mean_between_ticks__floored(owner: Any, asset_is_token1: bool, rest: int, apart: int) -> None:
    market = new_market(owner, asset_is_token1)
    for more, why in ((0, NOTHING), (1 if apart > 0 else -1, Why.UNSETTLED)):
        present = present_word(ETH_TICK + apart + more, ETH_LIQUIDITY)
        market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), short_rest=rest, present=present))
        assert market.check().why == why


@pytest.mark.parametrize("cached", [False, True])
def test_unsettled_and_added__of_the_second_source__count_too(owner: Any, cached: bool) -> None:
    market = new_market(owner, second=True)
    market.still()
    market.still(place=1)
    if cached:
        market.write()
    market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), present=present_word(ETH_TICK - 1001, 1)), place=1)
    assert market.check().why == Why.UNSETTLED
    market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), present=present_word(ETH_TICK, 1, added=True)), place=1)
    assert market.check().why == Why.LIQUIDITY_ADDED


def test_unsettled_and_added__of_an_invalid_source__do_not_count(owner: Any) -> None:
    market = new_market(owner, second=True)
    market.still()
    present = present_word(0, 1, added=True)
    market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), [1] * 10, present=present), place=1)
    assert market.check().why == NOTHING
    market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), [1] * 10, present=present))
    assert market.check().why == Why.THIN | Why.THIN_FOR_NEW_RISK


@pytest.mark.parametrize("cached", [False, True])
def test_liquidity_added__in_this_transaction__blocks_new_risk(either_market: Market, cached: bool) -> None:
    market = either_market
    market.still()
    if cached:
        market.write()
    market.script(scripted(now(), ETH_TICK, ETH_TICK, flat(market), present=present_word(ETH_TICK, ETH_LIQUIDITY, added=True)))
    band = market.check()
    assert band.why == Why.LIQUIDITY_ADDED
    assert band.low


@pytest.mark.parametrize("apart", [-303, -302, -301, -300, -299, 299, 300, 301, 302, 303])
@pytest.mark.parametrize("slow", [0, 500])
def test_disagreement__short_means_about_three_percent_apart(owner: Any, apart: int, slow: int) -> None:
    """1.0001^300 = 1.0304530...: the limit is a bit below. The slow means take no part."""
    market = new_market(owner, second=True)
    market.still()
    market.script(scripted(now(), ETH_TICK + apart, ETH_TICK, [(ETH_TICK + slow) * BUCKET] * 10), place=1)
    why = market.check().why
    assert why == (Why.DISAGREEMENT if abs(apart) >= 301 else NOTHING)


def test_disagreement__second_invalid__none(owner: Any) -> None:
    market = new_market(owner, second=True)
    market.still()
    market.still(ETH_TICK + 5000, liquidity=1, place=1)
    assert market.check().why == NOTHING


@pytest.mark.parametrize("age, why", [(HEARTBEAT, NOTHING), (HEARTBEAT + 600, NOTHING), (HEARTBEAT + 601, Why.FEED_STALE)])
def test_feed_stale__about_heartbeat_and_grace(owner: Any, age: int, why: Why) -> None:
    market = new_market(owner, feed=True)
    market.still()
    market.feed.set_round(2, 200 * 10**8, 0, now() - age, 2)
    band = market.check()
    assert band.why == why
    assert band.sources == (1 if why else 5)


def test_flags__many_at_once__all_told(owner: Any) -> None:
    market = new_market(owner, second=True, feed=True)
    market.feed.set_failure(True, 0)
    present = present_word(ETH_TICK, ETH_LIQUIDITY, added=True)
    window = scripted(now(), ETH_TICK - 3000, ETH_TICK, flat(market), [ETH_LIQUIDITY // 40] * 20, present=present)
    market.script(window)
    market.script(steady(now(), buckets=20), place=1)
    band = market.check()
    assert band.why == (Why.THIN_FOR_NEW_RISK | Why.BREAKER | Why.UNSETTLED | Why.LIQUIDITY_ADDED | Why.DISAGREEMENT | Why.FEED_FAILED)
    assert band.liquidation_high


@pytest.mark.parametrize("more, why", [(0, NOTHING), (1, Why.SOURCE_FAILED)])
def test_source_failed__started_in_the_next_second__not_believed(either_market: Market, more: int, why: Why) -> None:
    either_market.script(replace(steady(now()), started_ts=now() + more))
    assert either_market.check().why == why
