"""PriceOracle.band by which of first source, second source and feed are valid: each row of the table of combinations. (ORA-13)

Prices are named by their distance in ticks from the first source's; expected ones are written out from price_at, or from the feed's answer.
"""

from itertools import product
from typing import Any

import pytest

from plimsoll.reference.oracle import BUCKET, FEED, FIRST, SECOND, Band, Why, price_at
from tests.conftest import load
from tests.oracle_market import (
    DOLLAR_6,
    ETH_TICK,
    HEARTBEAT,
    NO_WINDOW,
    WAD,
    Market,
    eth_feed,
    new_feed_money,
    new_market,
    new_source,
    now,
    scripted,
)

# Of the feed: 8 decimals
CENT = 10**16


def down(tick: int) -> int:
    return price_at(ETH_TICK + tick, DOLLAR_6)[0]


def up(tick: int) -> int:
    return price_at(ETH_TICK + tick, DOLLAR_6)[1]


def say(market: Market, place: int, short: int, slow: int, fresh: int) -> None:
    """Distances in ticks."""
    buckets = [(ETH_TICK + slow) * BUCKET] * market.model.slow_buckets
    market.script(scripted(now(), ETH_TICK + short, ETH_TICK + fresh, buckets), place)


def feed_at(market: Market, cents: int) -> int:
    """The feed answers; its price."""
    market.feed.set_answer(cents * 10**6)
    return cents * CENT


def test_two_sources__second_above__short_means_of_both_slow_of_the_first(owner: Any) -> None:
    market = new_market(owner, second=True)
    say(market, 0, short=-10, slow=20, fresh=5)
    say(market, 1, short=60, slow=90, fresh=-7)
    band = market.check()
    assert (band.liquidation_low, band.liquidation_high) == (down(-10), up(60))
    assert (band.low, band.high) == (down(-10), up(90))
    assert (band.fresh_low, band.fresh_high) == (down(-7), down(5))
    assert (band.sources, band.why) == (FIRST | SECOND, 0)


def test_two_sources__second_below__mirrored(owner: Any) -> None:
    market = new_market(owner, second=True)
    say(market, 0, short=10, slow=-20, fresh=5)
    say(market, 1, short=-60, slow=-90, fresh=70)
    band = market.check()
    assert (band.liquidation_low, band.liquidation_high) == (down(-60), up(10))
    assert (band.low, band.high) == (down(-90), up(10))
    assert (band.fresh_low, band.fresh_high) == (down(5), down(70))


def test_second_source_alone__its_short_and_slow_means(owner: Any) -> None:
    market = new_market(owner, second=True)
    say(market, 1, short=-60, slow=30, fresh=11)
    band = market.check()
    assert (band.low, band.high, band.liquidation_low, band.liquidation_high) == (down(-60), up(30), down(-60), up(30))
    assert band.fresh_low == band.fresh_high == down(11)
    # No new risk while the first is silent
    assert (band.depth, band.sources, band.why) == (0, SECOND, Why.NOT_STARTED)


# short, slow, feed (ticks from the first's, the feed's rounded to cents) -> which of them is in the middle
@pytest.mark.parametrize("short, slow, feed", [c for c in product((-300, 0, 300), repeat=3) if len(set(c)) == 3])
def test_source_and_feed__any_order__medians_for_liquidation_extremes_for_new_risk(owner: Any, short: int, slow: int, feed: int) -> None:
    market = new_market(owner, feed=True)
    say(market, 0, short=short, slow=slow, fresh=short)
    price = feed_at(market, round(19_998.4 * 1.0001**feed))
    band = market.check()
    lows = {short: down(short), slow: down(slow), feed: price}
    highs = {short: up(short), slow: up(slow), feed: price}
    assert (band.liquidation_low, band.liquidation_high) == (lows[0], highs[0])
    assert (band.low, band.high) == (lows[-300], highs[300])
    assert (band.fresh_low, band.fresh_high) == (min(price, down(short)), max(price, down(short)))
    assert (band.sources, band.why) == (FIRST | FEED, 0)


@pytest.mark.parametrize("fresh", [(-200, 0, 100), (0, 100, -200), (100, -200, 0)], ids=["a feed above", "a feed below", "a feed between"])
def test_two_sources_and_feed__fresh_prices_the_lowest_and_the_highest(full_market: Market, fresh: tuple[int, int, int]) -> None:
    market = full_market
    first, second, feed = fresh
    say(market, 0, short=-10, slow=0, fresh=first)
    say(market, 1, short=40, slow=500, fresh=second)
    price = feed_at(market, round(19_998.4 * 1.0001**feed))
    band = market.check()
    fresh_prices = [down(first), down(second), price]
    assert (band.fresh_low, band.fresh_high) == (min(fresh_prices), max(fresh_prices))
    # s* is the outermost of both, slow* the first's
    assert band.liquidation_high == sorted([up(40), up(0), price])[1]
    assert band.liquidation_low == sorted([down(-10), down(0), price])[1]
    assert (band.low, band.high) == (min(down(-10), price), up(500))
    assert band.sources == FIRST | SECOND | FEED


def test_second_source_and_feed__slow_of_the_second(full_market: Market) -> None:
    market = full_market
    say(market, 1, short=200, slow=100, fresh=7)
    price = feed_at(market, 20_000)
    band = market.check()
    assert (band.liquidation_low, band.liquidation_high) == (down(100), up(100))
    assert (band.low, band.high) == (price, up(200))
    assert (band.fresh_low, band.fresh_high) == (price, down(7))
    assert (band.depth, band.sources, band.why) == (0, SECOND | FEED, Why.NOT_STARTED)


@pytest.mark.parametrize("cents, low, high", [(20_000, 190 * WAD, 210 * WAD), (101, 959_500_000_000_000_000, 1_060_500_000_000_000_000)])
def test_feed_alone__five_percent_off_it(full_market: Market, cents: int, low: int, high: int) -> None:
    price = feed_at(full_market, cents)
    band = full_market.check()
    assert (band.low, band.high, band.liquidation_low, band.liquidation_high) == (low, high, low, high)
    assert band.fresh_low == band.fresh_high == price
    assert (band.depth, band.sources, band.why) == (0, FEED, Why.NOT_STARTED)


def test_feed_alone__odd_price__ceiled_and_floored(owner: Any) -> None:
    """A token of 18 decimals at 21 of the smallest units that a feed of 18 decimals can tell."""
    market = new_market(owner, feed=False)
    feed = load("testing/ScriptedFeed.vy").deploy(18, 21)
    assert market.set_feed(feed, eth_feed(decimals=18, min_answer=1, max_answer=100)) == ""
    band = market.check()
    # 19.95 and 22.05
    assert (band.low, band.high, band.fresh_low) == (19, 23, 21)


def test_nothing__no_price_ever__all_zero(owner: Any) -> None:
    assert new_market(owner, second=True).check() == Band(why=Why.NOT_STARTED)


def test_nothing__after_a_price__last_valid_ones_as_floats(full_market: Market) -> None:
    market = full_market
    say(market, 0, short=-10, slow=20, fresh=0)
    say(market, 1, short=-10, slow=20, fresh=0)
    feed_at(market, 20_003)
    valid = market.write()
    for place in (0, 1):
        market.wired(place).contract.set_failure(True, 0)
    market.feed.set_failure(True, 0)
    band = market.check()
    assert (band.low, band.high, band.fresh_low, band.fresh_high, band.depth, band.sources) == (0, 0, 0, 0, 0, 0)
    # Each on the side that liquidates less: high up, low down, by less than a two millionth
    assert 0 < band.liquidation_high - valid.liquidation_high <= valid.liquidation_high // 2**23
    assert 0 < valid.liquidation_low - band.liquidation_low <= valid.liquidation_low // 2**23
    assert band.why == Why.SOURCE_FAILED | Why.FEED_FAILED


# ---------------------------------------------------------------- quotes by a feed


def market_against_feed_quote(owner: Any, answer: int = 10**8) -> Market:
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    money = new_feed_money(owner, oracle, answer)
    asset = load("testing/TestToken.vy").deploy("ETH", "ETH", 18)
    market = Market(oracle, asset, owner)
    assert market.set_source(new_source(asset, money)) == ""
    return market


@pytest.mark.parametrize("answer", [10**8, 99_000_000, 101_234_567])
def test_quote_by_feed__valid__converts_prices_and_depth(owner: Any, answer: int) -> None:
    market = market_against_feed_quote(owner)
    market.wired().money.feed.set_answer(answer)
    market.still()
    band = market.check()
    unit = answer * 10**22
    assert (band.low, band.high) == price_at(ETH_TICK, unit)
    assert band.fresh_low == price_at(ETH_TICK, unit)[0]
    assert (1_999_000 * answer) // 10**8 <= band.depth // WAD <= (2_001_000 * answer) // 10**8


def test_quote_by_feed__moves_in_a_cached_bucket__prices_move_at_once(owner: Any) -> None:
    """The cache holds ticks and a depth: the depth stays, the prices are of now."""
    market = market_against_feed_quote(owner)
    market.still()
    before = market.write()
    market.wired().money.feed.set_answer(98_000_000)
    after = market.check()
    assert (after.low, after.high) == price_at(ETH_TICK, 98 * 10**28)
    assert after.depth < before.depth
    assert after.why == 0


def test_quote_by_feed__stale__quote_failed_and_last_valid_prices(owner: Any) -> None:
    market = market_against_feed_quote(owner)
    market.still()
    valid = market.write()
    quote_feed = market.wired().money.feed
    quote_feed.set_round(7, 10**8, 0, now() - HEARTBEAT - 601, 7)
    band = market.check()
    assert (band.low, band.depth, band.sources, band.why) == (0, 0, 0, Why.QUOTE_FAILED | Why.FEED_STALE)
    assert 0 <= band.liquidation_high - valid.liquidation_high <= valid.liquidation_high // 2**23
    quote_feed.set_failure(True, 0)
    assert market.check().why == Why.QUOTE_FAILED | Why.FEED_FAILED


def in_quote_market(owner: Any, answer: int) -> Market:
    """ETH against a dollar that a feed prices, with a feed of ETH in that dollar."""
    market = market_against_feed_quote(owner)
    feed = load("testing/ScriptedFeed.vy").deploy(8, answer)
    assert market.set_feed(feed, eth_feed(quote_decimals=6)) == ""
    market.still()
    return market


def test_feed_in_quote__quote_off_its_peg__converted(owner: Any) -> None:
    market = in_quote_market(owner, 210 * 10**8)
    market.wired().money.feed.set_answer(90_000_000)
    band = market.check()
    assert band.high == 189 * WAD
    assert band.sources == FIRST | FEED


def test_feed_in_quote__quote_without_a_price__nothing_at_all(owner: Any) -> None:
    market = in_quote_market(owner, 210 * 10**8)
    market.wired().money.feed.set_failure(True, 0)
    band = market.check()
    assert (band.low, band.sources, band.why) == (0, 0, Why.QUOTE_FAILED | Why.FEED_FAILED)
    market.wired().money.feed.set_failure(False, 0)
    market.wired().money.feed.set_round(7, 10**8, 0, now() - HEARTBEAT - 601, 7)
    assert market.check().why == Why.QUOTE_FAILED | Why.FEED_STALE


def test_feed_in_units__quote_without_a_price__the_feed_alone(owner: Any) -> None:
    market = market_against_feed_quote(owner)
    assert market.set_feed(load("testing/ScriptedFeed.vy").deploy(8, 200 * 10**8), eth_feed()) == ""
    market.still()
    assert market.check().sources == FIRST | FEED
    market.wired().money.feed.set_failure(True, 0)
    band = market.check()
    assert (band.low, band.high, band.sources) == (190 * WAD, 210 * WAD, FEED)
    assert band.why == Why.QUOTE_FAILED | Why.FEED_FAILED


@pytest.mark.parametrize("second_valid", [False, True])
def test_second_source__silent__blocks_nothing(owner: Any, second_valid: bool) -> None:
    market = new_market(owner, second=True)
    say(market, 0, short=0, slow=0, fresh=0)
    if second_valid:
        say(market, 1, short=0, slow=0, fresh=0)
    else:
        market.script(NO_WINDOW, place=1)
    band = market.check()
    assert band.why == 0
    assert band.sources == FIRST | SECOND * second_valid
