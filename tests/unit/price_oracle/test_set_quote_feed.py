"""PriceOracle.set_quote_feed: a quote that a feed prices, and what is kept of it."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, DAY, FEED, MAX_QUOTE_PRICE, MAX_UINT256, Feed, Why
from tests.conftest import load
from tests.oracle_market import DOLLAR_6, HEARTBEAT, ZERO, Market, eth_feed, new_source, now, start_bucket

MIN, MAX = 5 * 10**7, 2 * 10**8


def dollar_feed(**changes: int) -> Feed:
    return eth_feed(asset_decimals=6, min_answer=MIN, max_answer=MAX, **changes)


@pytest.fixture
def oracle(owner: Any) -> Any:
    return load("oracle/PriceOracle.vy").deploy(sender=owner)


@pytest.fixture
def new_feed() -> Callable[..., Any]:
    return lambda answer=10**8, decimals=8: load("testing/ScriptedFeed.vy").deploy(decimals, answer)


@pytest.fixture
def quote(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any]) -> Market:
    """A dollar of 6 decimals priced by a feed of 8."""
    market = Market(oracle, usd, owner)
    assert market.set_quote_feed(new_feed(), dollar_feed()) == ""
    return market


def test_set_quote_feed__valid__stores_logs_and_prices(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any]) -> None:
    feed = new_feed(99_000_000)
    oracle.set_quote_feed(usd, feed, HEARTBEAT, MIN, MAX, sender=owner)
    (event,) = (log for log in oracle.get_logs() if type(log).__name__ == "FeedSet")
    assert (event.asset, event.feed, event.in_quote, event.heartbeat) == (usd.address, feed.address, False, HEARTBEAT)
    assert oracle.feed_of(usd) == (feed.address, False, HEARTBEAT, -(-MIN >> 2) << 2, MAX >> 4 << 4)
    price = 99 * 10**28
    assert tuple(oracle.band(usd)) == (price, price, price, price, price, price, MAX_UINT256, MAX_UINT256, FEED, 0)
    assert oracle.quote_price(usd) == 0
    assert oracle.has_feed(usd) is True


@pytest.mark.parametrize("answer", [MIN + 1, 10**8, MAX - 16])
def test_band__quote_with_a_feed__every_price_is_the_feeds(quote: Market, answer: int) -> None:
    quote.feed.set_answer(answer)
    band = quote.check()
    assert set(band.prices()) == {answer * 10**22}
    for how in ("new_risk_prices", "liquidation_prices", "poke"):
        quote.write(how)
    assert quote.check() == band


def test_band__feed_silent__last_cached_price_and_why(quote: Market) -> None:
    start_bucket()
    quote.feed.set_answer(99_999_999)
    quote.write()
    cached = quote.oracle.cached_ts(quote.asset)
    assert cached == now() // BUCKET * BUCKET
    quote.feed.set_failure(True, 0)
    band = quote.check()
    assert (band.low, band.high, band.fresh_low, band.depth, band.sources) == (0, 0, 0, 0, 0)
    assert band.why == Why.QUOTE_FAILED | Why.FEED_FAILED
    assert 0 <= band.liquidation_high - 99_999_999 * 10**22 <= 10**30 // 2**23
    assert 0 <= 99_999_999 * 10**22 - band.liquidation_low <= 10**30 // 2**23
    start_bucket()
    quote.write("liquidation_prices")
    assert quote.oracle.cached_ts(quote.asset) == cached


def test_write__same_bucket__the_first_price_is_kept(quote: Market) -> None:
    start_bucket()
    quote.feed.set_answer(101_000_000)
    first = quote.write("new_risk_prices")
    quote.feed.set_answer(102_000_000)
    quote.write("liquidation_prices")
    quote.feed.set_failure(True, 0)
    assert 0 <= quote.check().liquidation_high - first.high <= first.high // 2**23


@pytest.mark.parametrize("over, valid", [(0, True), (1, False)])
def test_band__price_about_the_largest_of_a_quote__then_failed(oracle: Any, owner: Any, eth: Any, over: int, valid: bool) -> None:
    """A quote's price leaves room for a tick's."""
    feed = load("testing/ScriptedFeed.vy").deploy(0, 2)
    market = Market(oracle, eth, owner)
    assert market.set_quote_feed(feed, Feed(0, 18, HEARTBEAT, 1, 2**127)) == ""
    feed.set_answer(MAX_QUOTE_PRICE // 10**18 + over)
    band = market.check()
    assert (band.low > 0) == valid
    assert band.why == (0 if valid else Why.QUOTE_FAILED | Why.FEED_FAILED)


# ---------------------------------------------------------------- refused


def test_set_quote_feed__not_owner__reverts(oracle: Any, attacker: Any, usd: Any, new_feed: Callable[..., Any]) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        oracle.set_quote_feed(usd, new_feed(), HEARTBEAT, MIN, MAX, sender=attacker)


@pytest.mark.parametrize("heartbeat, valid", [(59, False), (60, True), (3 * DAY, True), (3 * DAY + 1, False), (2**255, False)])
def test_set_quote_feed__heartbeat__from_a_minute_to_three_days(
    oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any], heartbeat: int, valid: bool
) -> None:
    if valid:
        oracle.set_quote_feed(usd, new_feed(), heartbeat, MIN, MAX, sender=owner)
        assert oracle.feed_of(usd)[2] == heartbeat
    else:
        with boa.reverts("oracle: bad heartbeat"):
            oracle.set_quote_feed(usd, new_feed(), heartbeat, MIN, MAX, sender=owner)


@pytest.mark.parametrize("least, most", [(0, MAX), (MAX, MAX), (MAX, MIN), (MIN, 2**128), (0, 0), (MIN, 2**256 - 1)])
def test_set_quote_feed__bad_bounds__reverts(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any], least: int, most: int) -> None:
    with boa.reverts("oracle: bad bounds"):
        oracle.set_quote_feed(usd, new_feed(), HEARTBEAT, least, most, sender=owner)


@pytest.mark.parametrize(
    "least, most", [(1, 2**128 - 1), (2**24 - 1, 2**128 - 1), (2**24 + 1, 2**100 + 1), (3, 2**28 + 3), (2**25 - 1, 2**30 - 1)]
)
def test_feed_of__bounds__as_floats_narrowed(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any], least: int, most: int) -> None:
    """Numbers of 25 to 128 bits lose what is below their highest 24."""
    feed = new_feed(2**27)
    oracle.set_quote_feed(usd, feed, HEARTBEAT, least, most, sender=owner)
    _, _, _, held_least, held_most = oracle.feed_of(usd)
    low_bits, high_bits = max(0, least.bit_length() - 24), max(0, most.bit_length() - 24)
    assert held_least == -(-least // 2**low_bits) * 2**low_bits
    assert held_most == most // 2**high_bits * 2**high_bits


def test_set_quote_feed__no_valid_answer__reverts(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any]) -> None:
    feed = new_feed()
    for break_feed in (
        lambda: feed.set_answer(MIN),
        lambda: feed.set_answer(-1),
        lambda: feed.set_round(1, 10**8, 0, now() - HEARTBEAT - 601, 1),
        lambda: feed.set_failure(True, 0),
    ):
        break_feed()
        with boa.reverts("oracle: feed has no answer"):
            oracle.set_quote_feed(usd, feed, HEARTBEAT, MIN, MAX, sender=owner)


def test_set_quote_feed__no_feed__reverts(oracle: Any, owner: Any, usd: Any, new_feed: Callable[..., Any]) -> None:
    for feed in (ZERO, boa.env.generate_address(), oracle.address):
        with boa.reverts():
            oracle.set_quote_feed(usd, feed, HEARTBEAT, MIN, MAX, sender=owner)
    with boa.reverts("oracle: bad decimals"):
        oracle.set_quote_feed(usd, new_feed(10**8, 19), HEARTBEAT, MIN, MAX, sender=owner)


def test_set_quote_feed__token_of_many_decimals__reverts(oracle: Any, owner: Any, new_token: Any, new_feed: Callable[..., Any]) -> None:
    with boa.reverts("oracle: bad decimals"):
        oracle.set_quote_feed(new_token("MANY", 19), new_feed(), HEARTBEAT, MIN, MAX, sender=owner)


def test_set_quote_feed__zero_asset__reverts(oracle: Any, owner: Any, new_feed: Callable[..., Any]) -> None:
    with boa.reverts("oracle: zero address"):
        oracle.set_quote_feed(ZERO, new_feed(), HEARTBEAT, MIN, MAX, sender=owner)


def test_set_quote_feed__fixed_quote_or_asset_with_a_source__reverts(market: Market, owner: Any, new_feed: Callable[..., Any]) -> None:
    for asset in (market.asset, market.wired().money.token):
        with boa.reverts("oracle: already listed"):
            market.oracle.set_quote_feed(asset, new_feed(), HEARTBEAT, MIN, MAX, sender=owner)
    # Nor does it become a fixed quote, or an asset with a source
    token = load("testing/TestToken.vy").deploy("USD", "USD", 6)
    market.oracle.set_quote_feed(token, new_feed(), HEARTBEAT, MIN, MAX, sender=owner)
    with boa.reverts("oracle: already listed"):
        market.oracle.set_quote(token, DOLLAR_6, sender=owner)
    source = new_source(token, market.wired().money).contract
    for function in (market.oracle.set_source, market.oracle.set_second_source):
        with boa.reverts("oracle: asset is a quote asset"):
            function(token, source, market.wired().money.token, 10**23, sender=owner)
    with boa.reverts("oracle: asset is a quote asset"):
        market.oracle.set_feed(token, new_feed(), False, HEARTBEAT, MIN, MAX, sender=owner)


# ---------------------------------------------------------------- another feed


MOVES = "oracle: moves the price"


@pytest.mark.parametrize("answer, refused", [(105_000_000, ""), (105_000_001, MOVES), (95_238_095, MOVES), (95_238_096, "")])
def test_set_quote_feed__again__within_five_percent(quote: Market, new_feed: Callable[..., Any], answer: int, refused: str) -> None:
    """(ORA-16)"""
    assert quote.set_quote_feed(new_feed(answer), dollar_feed()) == refused
    assert quote.check().low == (10**8 if refused else answer) * 10**22


def test_set_quote_feed__moves_twice_in_a_day__reverts(quote: Market, new_feed: Callable[..., Any]) -> None:
    """(ORA-16)"""
    assert quote.set_quote_feed(new_feed(101_000_000), dollar_feed()) == ""
    assert quote.set_quote_feed(new_feed(102_000_000), dollar_feed()) == "oracle: switched today"
    # One that moves nothing is no switch
    assert quote.set_quote_feed(new_feed(101_000_000), dollar_feed(heartbeat=DAY)) == ""
    boa.env.time_travel(seconds=DAY - 1)
    quote.feed.set_answer(101_000_000)
    assert quote.set_quote_feed(new_feed(102_000_000), dollar_feed()) == "oracle: switched today"
    boa.env.time_travel(seconds=1)
    assert quote.set_quote_feed(new_feed(102_000_000), dollar_feed()) == ""


@pytest.mark.parametrize("answer, refused", [(104_999_000, ""), (105_001_000, "oracle: moves the price")])
def test_set_quote_feed__old_feed_dead__within_five_percent_of_the_last_price(
    quote: Market, new_feed: Callable[..., Any], answer: int, refused: str
) -> None:
    quote.feed.set_failure(True, 0)
    assert quote.set_quote_feed(new_feed(answer), dollar_feed()) == refused


def test_set_quote_feed__old_feed_known_to_be_dead_for_a_day__free(quote: Market, new_feed: Callable[..., Any]) -> None:
    quote.feed.set_failure(True, 0)
    start_bucket()
    quote.write("poke")
    boa.env.time_travel(seconds=DAY - 1)
    assert quote.set_quote_feed(new_feed(150_000_000), dollar_feed()) == MOVES
    boa.env.time_travel(seconds=1)
    assert quote.set_quote_feed(new_feed(150_000_000), dollar_feed()) == ""
