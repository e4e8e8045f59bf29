"""modules/feeds: what is kept of a feed in a word, and what it says. (ORA-15)"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.oracle import DAY, GRACE, NOTHING, Feed, Why, float_down, float_up
from tests.conftest import load
from tests.depth import examples
from tests.oracle_market import ask_feed, now

# In the place of the quote's decimals: units of account
NO_QUOTE = 31
MOST_HEARTBEAT = 3 * DAY
ANSWERS = st.integers(0, 128).flatmap(lambda bits: st.integers(0, 2**bits - 1))
DECIMALS = st.integers(0, 18)


@pytest.fixture(scope="module")
def feeds() -> Any:
    return load("testing/FeedsHarness.vy").deploy()


@pytest.fixture
def feed() -> Any:
    return load("testing/ScriptedFeed.vy").deploy(8, 200 * 10**8)


def word_of(feeds: Any, contract: Any, model: Feed) -> int:
    quote_decimals = NO_QUOTE if model.quote_decimals is None else model.quote_decimals
    word: int = feeds.word(contract, model.heartbeat, model.decimals, model.asset_decimals, quote_decimals, model.min_answer, model.max_answer)
    return word


def told(feeds: Any, contract: Any, model: Feed) -> tuple[int, Why]:
    price, why = feeds.price(word_of(feeds, contract, model))
    return price, Why(why)


# ---------------------------------------------------------------- the word


@given(
    address=st.integers(0, 2**160 - 1),
    heartbeat=st.integers(0, MOST_HEARTBEAT),
    decimals=DECIMALS,
    asset_decimals=DECIMALS,
    quote_decimals=st.just(NO_QUOTE) | DECIMALS,
    bounds=st.tuples(ANSWERS, ANSWERS),
)
@settings(max_examples=examples(100))
def test_word__any_configuration__each_field_in_its_place(
    feeds: Any, address: int, heartbeat: int, decimals: int, asset_decimals: int, quote_decimals: int, bounds: tuple[int, int]
) -> None:
    least, most = min(bounds), max(bounds)
    word = feeds.word(f"0x{address:040x}", heartbeat, decimals, asset_decimals, quote_decimals, least, most)
    assert word % 2**160 == address
    assert (word >> 178) % 2**5 == decimals
    assert (word >> 183) % 2**5 == asset_decimals
    assert feeds.fields(word) == (heartbeat, quote_decimals, float_up(least, 24), float_down(most, 24))


def test_word__the_largest_of_each__all_bits_apart(feeds: Any) -> None:
    """The greatest bound that the oracle takes turns over into the greatest exponent of 31 bits; no field touches another."""
    word = feeds.word("0x" + "ff" * 20, 2**18 - 1, 31, 31, 31, 2**128 - 1, 2**128 - 1)
    assert word % 2**193 == 2**193 - 1
    assert feeds.fields(word) == (2**18 - 1, 31, 2**128, (2**24 - 1) << 104)
    assert feeds.word("0x" + "00" * 20, 0, 0, 0, 0, 0, 0) == 0


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize("decimals", [0, 6, 8, 18])
@pytest.mark.parametrize("asset_decimals", [0, 6, 18])
def test_price__decimals_of_feed_and_asset__wad_of_1e18_raw_units(feeds: Any, decimals: int, asset_decimals: int) -> None:
    """200 for a whole token, of which 10^18 raw units are 10^(18 - decimals)."""
    contract = load("testing/ScriptedFeed.vy").deploy(decimals, 200 * 10**decimals)
    model = Feed(decimals, asset_decimals, 3600, 1, 2**127)
    expected = Fraction(200) * 10**18 * Fraction(10) ** (18 - asset_decimals)
    assert told(feeds, contract, model) == (expected, NOTHING)


@given(
    answer=st.integers(0, 128).flatmap(lambda b: st.integers(-(2**b), 2**b)),
    decimals=DECIMALS,
    asset_decimals=DECIMALS,
    bounds=st.tuples(ANSWERS, ANSWERS),
)
@settings(max_examples=examples(100))
def test_price__any_answer__the_models(feeds: Any, answer: int, decimals: int, asset_decimals: int, bounds: tuple[int, int]) -> None:
    contract = load("testing/ScriptedFeed.vy").deploy(decimals, answer)
    model = Feed(decimals, asset_decimals, 3600, min(bounds), max(bounds))
    assert told(feeds, contract, model) == model.read(now(), ask_feed(contract), 2**256)


def test_price__in_quote__whole_tokens_of_it_in_wad(feeds: Any, feed: Any) -> None:
    """The quote's decimals are the caller's matter."""
    for quote_decimals in (None, 0, 6, 18):
        assert told(feeds, feed, Feed(8, 18, 3600, 1, 10**12, quote_decimals)) == (200 * 10**18, NOTHING)


@pytest.mark.parametrize("answer, believed", [(2**24 - 1, False), (2**24, False), (2**24 + 1, True), (2**25 - 1, True), (2**25, False)])
def test_price__bounds_held_exactly__believed_strictly_within(feeds: Any, feed: Any, answer: int, believed: bool) -> None:
    feed.set_answer(answer)
    price, why = told(feeds, feed, Feed(8, 18, 3600, 2**24, 2**25))
    assert (price, why) == ((answer * 10**10, NOTHING) if believed else (0, Why.FEED_FAILED))


@pytest.mark.parametrize(
    "answer, believed", [(2**25 + 4, False), (2**25 + 5, True), (2**26 + 7, True), (2**26 + 8, False), (2**26 + 14, False)]
)
def test_price__bounds_between_two_floats__narrowed(feeds: Any, feed: Any, answer: int, believed: bool) -> None:
    """2^25 + 1 is held as 2^25 + 4, 2^26 + 15 as 2^26 + 8."""
    feed.set_answer(answer)
    price, why = told(feeds, feed, Feed(8, 18, 3600, 2**25 + 1, 2**26 + 15))
    assert (price, why) == ((answer * 10**10, NOTHING) if believed else (0, Why.FEED_FAILED))


AGES = {"now": (0, NOTHING), "at its end": (3600 + GRACE, NOTHING), "a second more": (3601 + GRACE, Why.FEED_STALE)}


@pytest.mark.parametrize("what", AGES)
def test_price__age__heartbeat_and_ten_minutes(feeds: Any, feed: Any, what: str) -> None:
    age, why = AGES[what]
    word = word_of(feeds, feed, Feed(8, 18, 3600, 1, 10**12))
    boa.env.time_travel(seconds=age)
    assert feeds.price(word) == (0 if why else 200 * 10**18, why)


def test_price__longest_heartbeat__held_whole(feeds: Any, feed: Any) -> None:
    word = word_of(feeds, feed, Feed(8, 18, MOST_HEARTBEAT, 1, 10**12))
    boa.env.time_travel(seconds=MOST_HEARTBEAT + GRACE)
    assert feeds.price(word) == (200 * 10**18, NOTHING)
    boa.env.time_travel(seconds=1)
    assert feeds.price(word) == (0, Why.FEED_STALE)


# roundId, seconds since updatedAt (None: never), answeredInRound
INCOMPLETE = {
    "no round": (0, 0, 1),
    "answered in an older round": (2, 0, 1),
    "never updated": (1, None, 1),
    "from the next second": (1, -1, 1),
}


@pytest.mark.parametrize("what", INCOMPLETE)
def test_price__incomplete_round__failed(feeds: Any, feed: Any, what: str) -> None:
    round_id, age, answered_in = INCOMPLETE[what]
    model = Feed(8, 18, 3600, 1, 10**12)
    feed.set_round(1, 200 * 10**8, 0, now(), 1)
    assert told(feeds, feed, model) == (200 * 10**18, NOTHING)
    feed.set_round(round_id, 200 * 10**8, 0, 0 if age is None else now() - age, answered_in)
    assert told(feeds, feed, model) == (0, Why.FEED_FAILED)


def test_price__start_of_the_round__does_not_matter(feeds: Any, feed: Any) -> None:
    for started in (0, now() + 10**6):
        feed.set_round(1, 200 * 10**8, started, now(), 1)
        assert told(feeds, feed, Feed(8, 18, 3600, 1, 10**12)) == (200 * 10**18, NOTHING)


def test_price__other_decimals__failed_whatever_the_round(feeds: Any, feed: Any) -> None:
    model = Feed(8, 18, 3600, 1, 10**12)
    for decimals in (0, 7, 9, 40):
        feed.set_decimals(decimals)
        assert told(feeds, feed, model) == (0, Why.FEED_FAILED)
    feed.set_decimals(8)
    assert told(feeds, feed, model) == (200 * 10**18, NOTHING)
    assert told(feeds, feed, replace(model, decimals=7)) == (0, Why.FEED_FAILED)


@pytest.mark.parametrize("length", [0, 128, 159, 161, 192])
def test_price__round_of_another_length__failed(feeds: Any, feed: Any, length: int) -> None:
    words = (1, 200 * 10**8, now(), now(), 1, 0)
    feed.set_raw(b"".join(word.to_bytes(32, "big") for word in words)[:length])
    assert told(feeds, feed, Feed(8, 18, 3600, 1, 10**12)) == (0, Why.FEED_FAILED)
