"""A source that fails is invalid, never fatal: no revert, bounded gas, the last valid prices (ORA-06, ORA-07)."""

from dataclasses import replace
from typing import Any

import boa
import pytest

from plimsoll.reference.band import BUCKET, Band, Why, Window
from tests.oracle_market import (
    BURNS_ALL,
    ETH_LIQUIDITY,
    ETH_TICK,
    HUGE_ANSWER,
    Market,
    as_abi,
    fresh_seconds,
    now,
    short_seconds,
    steady,
)

WORD = 32
REVERTS_HUGE = bytes.fromhex("6205ffff5ffd")
EMPTY_ANSWER = bytes.fromhex("00")
INVALID = bytes.fromhex("fe")
# An answer with 2^256 - 1 in each of 26 words
ALL_ONES = bytes.fromhex("".join(f"5f1961{32 * i:04x}52" for i in range(26)) + "6103405ff3")
ZEROS = bytes.fromhex("6103405ff3")
# Tries to write: in a static call that burns all gas of the call
WRITES = bytes.fromhex("60015f55")

CODES = {
    "no code": b"",
    "invalid opcode": INVALID,
    "endless loop": BURNS_ALL,
    "empty answer": EMPTY_ANSWER,
    "huge answer": HUGE_ANSWER,
    "huge revert": REVERTS_HUGE,
    "all ones": ALL_ONES,
    "writes": WRITES,
}


def valid_then(market: Market, cached: bool) -> Band:
    """A market with last valid prices, of this bucket or of one before."""
    window = market.script(steady(now()))
    market.oracle.poke(market.asset)
    valid = market.model.write(window, now())
    if not cached:
        boa.env.time_travel(seconds=BUCKET)
        market.script(steady(now()))
    assert market.band() == valid
    return valid


def check_failed(market: Market, valid: Band, most_gas: int = 460_000) -> None:
    expected = Band(liquidation_high=valid.liquidation_high, liquidation_low=valid.liquidation_low, why=Why.SOURCE_FAILED)
    oracle, asset = market.oracle, market.asset
    cached_ts = oracle.cached_ts(asset)
    assert market.band() == expected
    assert oracle._computation.get_gas_used() < most_gas
    assert oracle.new_risk_prices(asset) == (0, 0, Why.SOURCE_FAILED)
    assert oracle._computation.get_gas_used() < most_gas
    assert oracle.liquidation_prices(asset) == (valid.liquidation_high, valid.liquidation_low, 0)
    assert oracle._computation.get_gas_used() < most_gas
    oracle.poke(asset)
    assert market.band() == expected
    # Nothing was written
    assert oracle.cached_ts(asset) == cached_ts


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", CODES)
def test_source__fails__last_valid_prices(market: Market, what: str, cached: bool) -> None:
    valid = valid_then(market, cached)
    repair = market.break_source(CODES[what])
    check_failed(market, valid)
    # When it works again, so does the oracle
    repair()
    assert market.band() == valid


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
def test_source__reverts_with_a_reason__last_valid_prices(market: Market, cached: bool) -> None:
    valid = valid_then(market, cached)
    market.source.set_failure(True, 0)
    check_failed(market, valid)


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
def test_source__burns_more_than_its_gas__last_valid_prices(market: Market, cached: bool) -> None:
    valid = valid_then(market, cached)
    market.source.set_failure(False, 10**9)
    check_failed(market, valid)


def test_source__burns_less_than_its_gas__prices(market: Market) -> None:
    valid = valid_then(market, True)
    market.source.set_failure(False, 100_000)
    assert market.band() == valid


def test_source__never_valid_and_fails__no_prices(market: Market) -> None:
    market.source.set_failure(True, 0)
    assert market.band() == Band(why=Why.SOURCE_FAILED)
    assert market.oracle.liquidation_prices(market.asset) == (0, 0, 0)


def words(window: Window) -> list[int]:
    """The encoded answer, word by word."""
    *head, count, buckets = as_abi(window)
    return [word % 2**256 for word in [*head, count, *buckets]]


def encode(answer: list[int]) -> bytes:
    return b"".join(word.to_bytes(32, "big") for word in answer)


def recent_words(window: Window) -> list[int]:
    return words(replace(window, bucket_tick_sums=(), bucket_liquidities=()))


def test_words__scripted_window__are_what_the_source_answers(market: Market) -> None:
    window = market.script(steady(now()))
    valid = market.model.band(window)
    market.source.set_raw(encode(recent_words(window)), encode(words(window)))
    assert market.band() == valid
    market.oracle.poke(market.asset)
    assert market.band() == valid


SECONDS_OFF = {"one more": 1, "one less": -1, "a bucket more": BUCKET, "huge": 2**255, "negative": -(2**200)}
# Index of a word, and what it becomes
HEAD = {
    "started in the future": (0, 2**40),
    "started far in the future": (0, 2**256 - 1),
    "short sum above": (1, 443_636 * 480),
    "short sum below": (1, -887_273 * 480),
    "short sum huge": (1, 2**255 - 1),
    "short sum least": (1, -(2**255)),
    "short sum of all ones": (1, -1 - (1 << 23) * 480),
    "fresh sum above": (3, 443_636 * 120),
    "fresh sum below": (3, -887_273 * 120),
    "fresh sum huge": (3, 2**255 - 1),
    "fresh sum least": (3, -(2**255)),
    "a bucket": (5, 1),
    "nine buckets": (5, 9),
    "eleven buckets": (5, 11),
    "twenty buckets": (5, 20),
    "more buckets than there is room for": (5, 2**256 - 1),
}


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", HEAD)
def test_source__absurd_head__last_valid_prices(either_market: Market, what: str, cached: bool) -> None:
    market = either_market
    market.script(steady(now(), 0, 10**12))
    valid = market.model.write(steady(now(), 0, 10**12), now())
    market.oracle.poke(market.asset)
    if not cached:
        boa.env.time_travel(seconds=BUCKET)
    assert market.band() == valid or not cached
    window = steady(now(), 0, 10**12)
    place, word = HEAD[what]
    recent, full = recent_words(window), words(window)
    # A sum is told in the source's orientation
    if place in (1, 3) and market.model.asset_is_token1:
        word = -word
    recent[place] = full[place] = word % 2**256
    market.source.set_raw(encode(recent), encode(full))
    check_failed(market, valid)


@pytest.mark.parametrize("off", SECONDS_OFF)
@pytest.mark.parametrize("place, seconds", [(2, short_seconds), (4, fresh_seconds)], ids=["short", "fresh"])
def test_source__windows_of_other_lengths__last_valid_prices(market: Market, place: int, seconds: Any, off: str) -> None:
    valid = valid_then(market, True)
    window = steady(now())
    recent = recent_words(window)
    recent[place] = (seconds(now()) + SECONDS_OFF[off]) % 2**256
    market.source.set_raw(encode(recent), encode(words(window)))
    check_failed(market, valid)


# Which bucket, and its tick sum
BUCKETS = {
    "first sum above": (0, 443_636 * BUCKET),
    "last sum above": (9, 443_636 * BUCKET),
    "sum below": (3, -887_272 * BUCKET - 1),
    "sum huge": (4, 2**127 - 1),
    "sum least": (5, -(2**127)),
    "sum of all ones": (6, -1 - (1 << 23) * BUCKET),
}


@pytest.mark.parametrize("what", BUCKETS)
def test_source__absurd_buckets__last_valid_prices(either_market: Market, what: str) -> None:
    market = either_market
    tick = -ETH_TICK if market.model.asset_is_token1 else ETH_TICK
    market.script(steady(now(), tick))
    valid = market.model.write(steady(now(), tick), now())
    market.oracle.poke(market.asset)
    boa.env.time_travel(seconds=BUCKET)
    window = steady(now(), tick)
    bucket, tick_sum = BUCKETS[what]
    if market.model.asset_is_token1:
        tick_sum = -tick_sum
    full = words(window)
    full[6 + bucket] = (tick_sum << 128 | ETH_LIQUIDITY) % 2**256
    market.source.set_raw(encode(recent_words(window)), encode(full))
    check_failed(market, valid)


def test_source__nothing_where_buckets_should_be__last_valid_prices(market: Market) -> None:
    """Ten buckets of zeros are a price of 1 without liquidity: too thin, not nonsense."""
    valid = valid_then(market, False)
    full = [*words(steady(now()))[:6], *[0] * 20]
    market.source.set_raw(encode(full), encode(full))
    assert market.band() == Band(
        liquidation_high=valid.liquidation_high, liquidation_low=valid.liquidation_low, why=Why.THIN_FOR_NEW_RISK | Why.THIN
    )


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("length", [0, 32, 192, 320, 800, 831, 833, 864, 960, 4096])
def test_source__answer_of_another_length__last_valid_prices(market: Market, length: int, cached: bool) -> None:
    valid = valid_then(market, cached)
    window = steady(now())
    answer = (encode(words(window)) + bytes(4096))[:length]
    market.source.set_raw(answer, answer)
    check_failed(market, valid)


def test_source__long_answer_to_the_short_question__last_valid_prices(market: Market) -> None:
    valid = valid_then(market, True)
    market.source.set_raw(encode(words(steady(now()))), encode(words(steady(now()))))
    check_failed(market, valid)


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
def test_source__young_again__last_valid_prices(market: Market, cached: bool) -> None:
    """What a source cannot become, but a replaced one might: its prices are the last valid ones too."""
    valid = valid_then(market, cached)
    for window, why in ((Window(now(), 0, 0, 0, 0), Why.SHORT_HISTORY), (Window(0, 0, 0, 0, 0), Why.NOT_STARTED)):
        market.source.set_window(as_abi(window))
        band = market.band()
        assert (band.why, band.low, band.fresh) == (why, 0, 0)
        assert (band.liquidation_high, band.liquidation_low) == (valid.liquidation_high, valid.liquidation_low)


@pytest.mark.parametrize("burn, gases", [(0, range(8_000, 120_000, 4_000)), (385_000, range(370_000, 470_000, 2_000))], ids=["quick", "slow"])
def test_source__starved_by_the_caller__right_prices_or_revert(market: Market, burn: int, gases: range) -> None:
    """Nobody gets the last valid prices in place of the present ones by sending too little gas (ORA-07)."""
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    boa.env.time_travel(seconds=BUCKET)
    present = market.model.band(market.script(steady(now(), ETH_TICK - 1000)))
    market.source.set_failure(False, burn)
    # Not through the contract's object, which would want to make a trace of what the source answers
    reading = market.oracle.liquidation_prices.prepare_calldata(market.asset)
    outcomes = set()
    for gas in gases:
        with boa.env.anchor():
            outcome = boa.env.execute_code(to_address=market.oracle.address, data=reading, gas=gas)
        if outcome.is_error:
            outcomes.add("oracle: not enough gas" if b"oracle: not enough gas" in outcome.output else "out of gas")
            continue
        answer = tuple(int.from_bytes(outcome.output[i : i + WORD], "big") for i in range(0, len(outcome.output), WORD))
        assert answer == (present.liquidation_high, present.liquidation_low, present.fresh)
        outcomes.add("price")
    # With a quick source, too little is left for the reason
    assert outcomes >= ({"price", "out of gas"} if burn == 0 else {"price", "oracle: not enough gas"})
