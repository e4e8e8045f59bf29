"""PriceOracle.set_feed and feed_of. How far they may move a price: test_switch.py; bounds and decimals also: test_set_quote_feed.py."""

from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import DAY, FEED, FIRST, Why
from tests.conftest import load
from tests.oracle_market import (
    ETH_ANSWER,
    HEARTBEAT,
    MAX_ANSWER,
    MIN_ANSWER,
    WAD,
    ZERO,
    Market,
    eth_feed,
    new_market,
    new_money,
    new_source,
)


def new_feed(answer: int = ETH_ANSWER, decimals: int = 8) -> Any:
    return load("testing/ScriptedFeed.vy").deploy(decimals, answer)


@pytest.mark.parametrize("in_quote", [False, True])
def test_set_feed__valid__stores_and_logs(market: Market, in_quote: bool) -> None:
    # Ready for twenty buckets
    feed = new_feed()
    model = eth_feed(quote_decimals=6 if in_quote else None)
    assert market.set_feed(feed, model) == ""
    (event,) = market.oracle.get_logs()
    logged = (event.asset, event.feed, event.in_quote, event.heartbeat, event.min_answer, event.max_answer)
    assert logged == (market.asset.address, feed.address, in_quote, HEARTBEAT, MIN_ANSWER, MAX_ANSWER)
    least, most = model.bounds()
    assert market.oracle.feed_of(market.asset) == (feed.address, in_quote, HEARTBEAT, least, most)
    assert (least, most) == (-(-MIN_ANSWER >> 3) << 3, MAX_ANSWER >> 16 << 16)
    assert market.check().sources == FEED


def test_set_feed__zero__removes_it(owner: Any) -> None:
    market = new_market(owner, feed=True)
    market.still()
    assert market.check().sources == FIRST | FEED
    assert market.set_feed(None, None) == ""
    (event,) = market.oracle.get_logs()
    logged = (event.asset, event.feed, event.in_quote, event.heartbeat, event.min_answer, event.max_answer)
    assert logged == (market.asset.address, ZERO, False, 0, 0, 0)
    assert market.oracle.feed_of(market.asset) == (ZERO, False, 0, 0, 0)
    assert (market.check().sources, market.check().why) == (FIRST, 0)


def test_feed_of__none__zeros(market: Market) -> None:
    assert market.oracle.feed_of(market.asset) == (ZERO, False, 0, 0, 0)
    assert market.oracle.feed_of(boa.env.generate_address()) == (ZERO, False, 0, 0, 0)


def test_has_feed__set_silent_and_removed__whether_one_is_configured(market: Market) -> None:
    feed = new_feed()
    assert market.oracle.has_feed(market.asset) is False
    market.set_feed(feed, eth_feed())
    assert market.oracle.has_feed(market.asset) is True
    assert market.oracle.has_feed(boa.env.generate_address()) is False
    # what it says now is another question
    feed.set_answer(0)
    assert market.band().why & Why.FEED_FAILED
    assert market.oracle.has_feed(market.asset) is True


def test_has_feed__before_the_first_source_and_after_it__is_there(owner: Any) -> None:
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    asset = load("testing/TestToken.vy").deploy("ETH", "ETH", 18)
    oracle.set_feed(asset, new_feed(), False, HEARTBEAT, MIN_ANSWER, MAX_ANSWER, sender=owner)
    assert oracle.has_feed(asset) is True
    market = new_market(owner, feed=True)
    market.still()
    assert market.oracle.has_feed(market.asset) is True
    assert market.set_feed(None, None) == ""
    assert market.oracle.has_feed(market.asset) is False


# asset decimals, quote decimals, feed decimals, answer -> price of 1e18 raw units, WAD
PRICES = {
    "ETH, 8 decimals": (18, 6, 8, 200 * 10**8, 200 * WAD),
    "ETH, 18 decimals": (18, 6, 18, 200 * 10**18, 200 * WAD),
    "ETH, no decimals": (18, 6, 0, 200, 200 * WAD),
    "BTC": (8, 6, 8, 65_432 * 10**8, 65_432 * WAD * 10**10),
    "a token without decimals": (0, 18, 2, 99, 99 * 10**16 * 10**18),
    "the finest": (18, 18, 18, 3, 3),
}


@pytest.mark.parametrize("in_quote", [False, True])
@pytest.mark.parametrize("what", PRICES)
def test_set_feed__decimals__price_of_raw_units(owner: Any, what: str, in_quote: bool) -> None:
    """In units, and in a quote at one unit each: the same."""
    asset_decimals, quote_decimals, feed_decimals, answer, price = PRICES[what]
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    asset = load("testing/TestToken.vy").deploy("AST", "AST", asset_decimals)
    money = new_money(owner, oracle, 10 ** (36 - quote_decimals), quote_decimals)
    market = Market(oracle, asset, owner)
    assert market.set_source(new_source(asset, money)) == ""
    model = eth_feed(
        decimals=feed_decimals,
        asset_decimals=asset_decimals,
        min_answer=1,
        max_answer=2**100,
        quote_decimals=quote_decimals if in_quote else None,
    )
    assert market.set_feed(new_feed(answer, feed_decimals), model) == ""
    band = market.check()
    assert band.fresh_low == band.fresh_high == price


# A quote's price for 1e18 raw units of 6 decimals, an answer of 18 decimals, and the price of 1e18 raw units
ODD = {
    "not divided evenly": (10**30 - 10**6, 10**18, 999_999_999_999_999_999),
    "just enough": (10**12, 10**18, 1),
    "too little": (10**12, 10**18 - 1, 0),
}


@pytest.mark.parametrize("what", ODD)
def test_set_feed__in_quote_of_an_odd_price__floor(owner: Any, what: str) -> None:
    unit, answer, price = ODD[what]
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    asset = load("testing/TestToken.vy").deploy("AST", "AST", 18)
    money = new_money(owner, oracle, unit)
    market = Market(oracle, asset, owner)
    assert market.set_source(new_source(asset, money)) == ""
    assert market.set_feed(new_feed(answer, 18), eth_feed(decimals=18, min_answer=1, max_answer=2**90, quote_decimals=6)) == ""
    band = market.check()
    assert band.fresh_low == price
    assert (Why.FEED_FAILED in band.why) == (price == 0)


# ---------------------------------------------------------------- refused


def call(market: Market, feed: Any, sender: Any, **changes: Any) -> None:
    values = {"in_quote": False, "heartbeat": HEARTBEAT, "min_answer": MIN_ANSWER, "max_answer": MAX_ANSWER, **changes}
    asset = values.pop("asset", market.asset)
    market.oracle.set_feed(asset, feed, *values.values(), sender=sender)


def test_set_feed__not_owner__reverts(market: Market, attacker: Any) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        call(market, new_feed(), attacker)


@pytest.mark.parametrize("heartbeat", [0, 59, 3 * DAY + 1, 2**18, 2**255])
def test_set_feed__bad_heartbeat__reverts(market: Market, owner: Any, heartbeat: int) -> None:
    with boa.reverts("oracle: bad heartbeat"):
        call(market, new_feed(), owner, heartbeat=heartbeat)


@pytest.mark.parametrize("least, most", [(0, MAX_ANSWER), (MAX_ANSWER, MAX_ANSWER), (MIN_ANSWER, 2**128)])
def test_set_feed__bad_bounds__reverts(market: Market, owner: Any, least: int, most: int) -> None:
    with boa.reverts("oracle: bad bounds"):
        call(market, new_feed(), owner, min_answer=least, max_answer=most)


def test_set_feed__zero_asset_or_a_quote__reverts(market: Market, owner: Any) -> None:
    with boa.reverts("oracle: zero address"):
        call(market, new_feed(), owner, asset=ZERO)
    with boa.reverts("oracle: asset is a quote asset"):
        call(market, new_feed(), owner, asset=market.wired().money.token)


def test_set_feed__no_answer__reverts(market: Market, owner: Any) -> None:
    feed = new_feed(MIN_ANSWER)
    with boa.reverts("oracle: feed has no answer"):
        call(market, feed, owner)
    feed.set_answer(ETH_ANSWER)
    feed.set_failure(True, 0)
    with boa.reverts("oracle: feed has no answer"):
        call(market, feed, owner)


def test_set_feed__many_decimals__reverts(market: Market, owner: Any) -> None:
    with boa.reverts("oracle: bad decimals"):
        call(market, new_feed(ETH_ANSWER, 19), owner)


def test_set_feed__in_quote_without_a_source__reverts(market: Market, owner: Any, eth: Any) -> None:
    with boa.reverts("oracle: no source"):
        call(market, new_feed(), owner, asset=eth, in_quote=True)


def test_set_feed__before_the_first_source__not_listed_until_then(market: Market, owner: Any, eth: Any) -> None:
    other = Market(market.oracle, eth, owner)
    assert other.set_feed(new_feed(), eth_feed()) == ""
    assert other.check().why == Why.NOT_LISTED
    assert market.oracle.liquidation_prices(eth) == (0, 0, 0, 0)
    assert other.set_source(new_source(eth, market.wired().money)) == ""
    assert other.check().sources == FEED


def test_set_source__feed_in_another_quote__reverts(market: Market, owner: Any) -> None:
    assert market.set_feed(new_feed(), eth_feed(quote_decimals=6)) == ""
    other = new_money(owner, market.oracle)
    source = new_source(market.asset, other)
    with boa.reverts("oracle: feed is in another quote"):
        market.oracle.set_source(market.asset, source.contract, other.token, 10**23, sender=owner)
    # The same quote, or a feed in units, is no obstacle
    assert market.set_source(new_source(market.asset, market.wired().money)) == ""
    assert market.set_feed(new_feed(), eth_feed()) == ""
    assert market.set_source(source) == ""
