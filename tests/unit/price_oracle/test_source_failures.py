"""Whatever a source does, the oracle answers: at a bounded price, with the last valid prices (ORA-06), and a caller who sends too little gas
gets no answer rather than another one (ORA-07)."""

from dataclasses import replace
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, SECOND, Band, Why, Window, fresh_seconds, price_at, short_seconds
from tests.oracle_market import (
    BURNS_ALL,
    DOLLAR_6,
    DOLLAR_18,
    ETH_LIQUIDITY,
    ETH_TICK,
    HUGE_ANSWER,
    NO_WINDOW,
    WORD,
    Market,
    as_abi,
    mirrored,
    new_market,
    now,
    scripted,
    start_bucket,
    steady,
)

# A source gets 400,000 gas, and is forgotten
READ_GAS = 600_000
CODES = {
    "reverts": bytes.fromhex("5f5ffd"),
    "is gone": b"",
    "stops": bytes.fromhex("00"),
    "burns all gas": BURNS_ALL,
    "invalid instruction": bytes.fromhex("fe"),
    "answers 393,215 bytes": HUGE_ANSWER,
    "reverts with 393,215 bytes": bytes.fromhex("6205ffff5ffd"),
    "answers one word": bytes.fromhex("5f5f5260205ff3"),
}
TICK_SUM, PRESENT, COUNT, BUCKETS = 5, 6, 7, 8


def valid_then(market: Market, cached: bool) -> Band:
    """A market with a price, and the cache of this bucket or of the one before."""
    market.still()
    valid = market.write()
    if not cached:
        start_bucket()
    return valid


def check_failed(market: Market, valid: Band, why: Why = Why.SOURCE_FAILED) -> None:
    band = market.check()
    assert (band.low, band.high, band.fresh_low, band.depth, band.sources, band.why) == (0, 0, 0, 0, 0, why)
    # As floats, each on the side that liquidates less
    assert 0 <= band.liquidation_high - valid.liquidation_high <= valid.liquidation_high // 2**23
    assert 0 <= valid.liquidation_low - band.liquidation_low <= valid.liquidation_low // 2**23
    for how in ("new_risk_prices", "liquidation_prices", "poke"):
        before = market.oracle.cached_ts(market.asset)
        market.write(how)
        assert market.oracle.cached_ts(market.asset) == before


def gas_of(market: Market, function: str = "liquidation_prices") -> int:
    data = getattr(market.oracle, function).prepare_calldata(market.asset)
    with boa.env.anchor():
        outcome = boa.env.execute_code(to_address=market.oracle.address, data=data)
    assert not outcome.is_error
    return int(outcome.get_gas_used())


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", CODES)
def test_source__fails__last_valid_prices(market: Market, what: str, cached: bool) -> None:
    valid = valid_then(market, cached)
    repair = market.break_source(CODES[what])
    check_failed(market, valid)
    assert gas_of(market) < READ_GAS
    # When it works again, so does the oracle
    repair()
    market.still()
    assert market.check().prices() == valid.prices()


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", CODES)
def test_second_source__fails__the_first_goes_on(owner: Any, what: str, cached: bool) -> None:
    market = new_market(owner, second=True)
    market.still(ETH_TICK + 100, place=1)
    valid_then(market, cached)
    market.still()
    market.break_source(CODES[what], place=1)
    band = market.check()
    assert (band.low, band.high) == price_at(ETH_TICK, DOLLAR_6)
    assert (band.sources, band.why) == (1, 0)
    market.write()
    market.check()


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", CODES)
def test_first_source__fails__the_second_takes_over(owner: Any, what: str, cached: bool) -> None:
    market = new_market(owner, second=True)
    market.still(ETH_TICK + 100, place=1)
    valid_then(market, cached)
    market.still(ETH_TICK + 100, place=1)
    market.break_source(CODES[what])
    band = market.check()
    assert (band.low, band.high) == price_at(ETH_TICK + 100, DOLLAR_6)
    assert (band.depth, band.sources, band.why) == (0, SECOND, Why.SOURCE_FAILED)
    market.write()
    assert market.check() == band


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
    assert market.check() == valid


def test_source__never_valid_and_fails__no_prices(market: Market) -> None:
    market.source.set_failure(True, 0)
    assert market.check() == Band(why=Why.SOURCE_FAILED)
    assert market.oracle.liquidation_prices(market.asset) == (0, 0, 0, 0)


# ---------------------------------------------------------------- nonsense, word by word


def words(window: Window) -> list[int]:
    """The encoded answer, word by word."""
    *head, count, buckets = as_abi(window)
    return [word % 2**256 for word in [*head, count, *buckets]]


def encode(answer: list[int]) -> bytes:
    return b"".join(word.to_bytes(WORD, "big") for word in answer)


def recent_words(window: Window) -> list[int]:
    """The answer to recent, where the fresh sum is wanted."""
    answer = words(window)
    return [answer[PRESENT], answer[TICK_SUM], window.fresh_sum % 2**256]


def set_recent(market: Market, answer: list[int]) -> None:
    market.source.set_recent(encode([*answer[:2], 0]), encode(answer))


def told(market: Market, window: Window) -> Window:
    return mirrored(window) if market.asset_is_token1 else window


def test_words__scripted_window__are_what_the_source_answers(market: Market) -> None:
    window = market.script(steady(now()))
    valid = market.check()
    bare = encode(words(replace(window, bucket_tick_sums=(), bucket_liquidities=())))
    market.source.set_raw(bare, encode(words(window)))
    assert market.check() == valid
    market.write()
    market.source.set_raw(bare, b"")
    set_recent(market, recent_words(window))
    assert market.check() == valid


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
    "a bucket": (COUNT, 1),
    "nine buckets": (COUNT, 9),
    "eleven buckets": (COUNT, 11),
    "twenty buckets": (COUNT, 20),
    "more buckets than there is room for": (COUNT, 2**256 - 1),
}


@pytest.mark.parametrize("what", HEAD)
def test_source__absurd_head__last_valid_prices(either_market: Market, what: str) -> None:
    market = either_market
    market.still(0, 10**12)
    valid = market.write()
    start_bucket()
    window = told(market, steady(now(), 0, 10**12))
    place, word = HEAD[what]
    full = words(window)
    # A sum is told in the source's orientation
    if place == 1 and market.asset_is_token1:
        word = -word
    full[place] = word % 2**256
    market.source.set_raw(encode(full), encode(full))
    check_failed(market, valid)


@pytest.mark.parametrize("tick", [443_636, 887_272, -887_273, -887_973])
@pytest.mark.parametrize("phase", [0, 119, 120, 179])
def test_source__short_mean_out_of_bounds_in_a_cached_bucket__last_valid_prices(either_market: Market, tick: int, phase: int) -> None:
    market = either_market
    start_bucket()
    market.still(0, 10**12)
    valid = market.write()
    boa.env.time_travel(seconds=phase)
    # What any pool may say, and a little more
    market.script(scripted(now(), tick, 0, [0] * 10))
    check_failed(market, valid)


@pytest.mark.parametrize("phase", [0, 119, 120, 179])
@pytest.mark.parametrize("off", [2**30, -(2**30), 2**55, 2**200, 2**255, 7 * 2**30 + 1, 2**254 - 12_345, -1 - 2**29, 2**29])
def test_source__false_tick_sum_in_a_cached_bucket__a_mean_within_bounds_or_none(either_market: Market, phase: int, off: int) -> None:
    """Only the low 30 bits of it count. Of a tick that is out of bounds there is no price."""
    market = either_market
    start_bucket()
    market.still(0, 10**12)
    valid = market.write()
    boa.env.time_travel(seconds=phase)
    window = told(market, steady(now(), 0, 10**12))
    answer = recent_words(window)
    answer[1] = (answer[1] + (-off if market.asset_is_token1 else off)) % 2**256
    set_recent(market, answer)
    seconds = short_seconds(now())
    # As ticks above the lowest one, which are never negative
    tick, rest = divmod((off + 887_272 * seconds) % 2**30, seconds)
    tick -= 887_272
    band = market.band()
    if tick >= 443_636 or price_at(min(tick, 0), DOLLAR_6)[0] == 0 or price_at(max(tick + (rest > 0), 0), DOLLAR_6)[1] >= 2**144:
        assert (band.sources, band.why) == (0, Why.SOURCE_FAILED)
        assert band.liquidation_high >= valid.liquidation_high
    else:
        assert band.sources == 1
        assert band.low == price_at(min(tick, 0), DOLLAR_6)[0]
        assert band.high == price_at(max(tick + (rest > 0), 0), DOLLAR_6)[1]


FRESH = {"above": 443_636 * 120, "below": -887_273 * 120, "far above": 2**41, "far below": -(2**41), "huge": 2**255 - 1, "least": -(2**255)}


@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
@pytest.mark.parametrize("what", FRESH)
def test_source__absurd_fresh_mean__is_the_next_tick_within_bounds(either_market: Market, what: str, cached: bool) -> None:
    """And decides nothing else: who asks for new risk does not ask for it, and must not get another answer."""
    market = either_market
    market.still(0, 10**12)
    valid = market.write()
    if not cached:
        start_bucket()
    window = told(market, steady(now(), 0, 10**12))
    word = FRESH[what]
    if market.asset_is_token1:
        # -2^255 has no positive
        word = min(-word, 2**255 - 1)
    market.source.set_window(as_abi(replace(window, fresh_sum=word)))
    band = market.check()
    fresh = price_at(-887_272 if FRESH[what] < 0 else 443_635, DOLLAR_6)[0]
    assert band == replace(valid, fresh_low=band.fresh_low, fresh_high=band.fresh_low)
    assert band.fresh_low == max(1, min(fresh, 2**144 - 1))
    for how in ("new_risk_prices", "liquidation_prices", "poke"):
        market.write(how)


@pytest.mark.parametrize("tick", [443_635, 443_636])
def test_source__at_the_highest_tick_where_prices_still_fit__to_the_tick(owner: Any, tick: int) -> None:
    """Against a dollar of 18 decimals the price of 2^64 is no number too large: the bound on ticks stands by itself."""
    market = new_market(owner, quote_price=DOLLAR_18, min_depth=10**21)
    start_bucket()
    market.still(0, 10**22)
    market.write()
    window = steady(now(), 0, 10**22)
    market.script(replace(window, fresh_sum=tick * window.fresh_seconds))
    assert market.check().fresh_low == price_at(443_635, DOLLAR_18)[0]
    market.script(scripted(now(), tick, 0, [0] * 10))
    assert market.check().sources == int(tick == 443_635)


@pytest.mark.parametrize("off", SECONDS_OFF)
@pytest.mark.parametrize("place, seconds", [(2, short_seconds), (4, fresh_seconds)], ids=["short", "fresh"])
def test_source__windows_of_other_lengths__last_valid_prices(market: Market, place: int, seconds: Any, off: str) -> None:
    valid = valid_then(market, False)
    full = words(steady(now()))
    full[place] = (seconds(now()) + SECONDS_OFF[off]) % 2**256
    market.source.set_raw(encode(full), encode(full))
    check_failed(market, valid)


# Which bucket, and its tick sum
BAD_SUMS = {
    "first sum above": (0, 443_636 * BUCKET),
    "last sum above": (9, 443_636 * BUCKET),
    "sum below": (3, -887_272 * BUCKET - 1),
    "sum huge": (4, 2**127 - 1),
    "sum least": (5, -(2**127)),
    "sum of all ones": (6, -1 - (1 << 23) * BUCKET),
    "the eleventh": (10, 443_636 * BUCKET),
    "the twentieth": (19, -887_272 * BUCKET - 1),
}


@pytest.mark.parametrize("what", BAD_SUMS)
@pytest.mark.parametrize("asset_is_token1", [False, True])
def test_source__absurd_buckets__source_failed(owner: Any, asset_is_token1: bool, what: str) -> None:
    bucket, tick_sum = BAD_SUMS[what]
    market = new_market(owner, asset_is_token1, feed=bucket >= 10)
    buckets = market.model.slow_buckets
    market.still()
    assert market.write().sources & 1
    start_bucket()
    window = told(market, steady(now(), buckets=buckets))
    full = words(window)
    full[BUCKETS + bucket] = ((-tick_sum if asset_is_token1 else tick_sum) << 128 | ETH_LIQUIDITY) % 2**256
    market.source.set_raw(encode(full), encode(full))
    band = market.check()
    assert (band.sources & 1, band.depth, band.why) == (0, 0, Why.SOURCE_FAILED)


def test_source__nothing_where_buckets_should_be__too_thin(market: Market) -> None:
    """Ten buckets of zeros are a price of 1 without liquidity: too thin, not nonsense."""
    valid = valid_then(market, False)
    full = [*words(steady(now()))[:BUCKETS], *[0] * 20]
    market.source.set_raw(encode(full), encode(full))
    check_failed(market, valid, Why.THIN_FOR_NEW_RISK | Why.THIN)


@pytest.mark.parametrize("length", [0, 32, 96, 256, 352, 864, 895, 897, 928, 992, 4096])
def test_source__answer_of_another_length__last_valid_prices(market: Market, length: int) -> None:
    valid = valid_then(market, False)
    answer = (encode(words(steady(now()))) + bytes(4096))[:length]
    market.source.set_raw(answer, answer)
    check_failed(market, valid)


@pytest.mark.parametrize("length", [0, 32, 64, 95, 97, 128, 192, 896, 4096])
def test_source__answer_of_another_length_in_a_cached_bucket__last_valid_prices(market: Market, length: int) -> None:
    valid = valid_then(market, True)
    answer = (encode(recent_words(steady(now()))) + bytes(4096))[:length]
    market.source.set_recent(answer, answer)
    check_failed(market, valid)


def test_source__young_again__last_valid_prices(market: Market) -> None:
    """What a source cannot become, but a replaced one might: its prices are the last valid ones too."""
    valid = valid_then(market, False)
    for window, why in ((Window(now(), 0, 0, 0, 0), Why.SHORT_HISTORY), (NO_WINDOW, Why.NOT_STARTED)):
        market.script(window)
        check_failed(market, valid, why)


# ---------------------------------------------------------------- too little gas


def outcomes(market: Market, gases: range, accepted: tuple[int, ...]) -> set[str]:
    """What calls with these gas limits get: only ever `accepted`, or a revert."""
    # Not through the contract's object, which would want to make a trace of what the source answers
    reading = market.oracle.liquidation_prices.prepare_calldata(market.asset)
    seen = set()
    for gas in gases:
        with boa.env.anchor():
            outcome = boa.env.execute_code(to_address=market.oracle.address, data=reading, gas=gas)
        if outcome.is_error:
            seen.add("oracle: not enough gas" if b"oracle: not enough gas" in outcome.output else "out of gas")
            continue
        answer = tuple(int.from_bytes(outcome.output[i : i + WORD], "big") for i in range(0, len(outcome.output), WORD))
        assert answer == accepted, gas
        seen.add("price")
    return seen


def edges(band: Band) -> tuple[int, ...]:
    return band.liquidation_high, band.liquidation_low, band.fresh_low, band.fresh_high


# With a quick one, too little is left for the reason; the slow ones nearly use up what they are given
GASES = [(0, range(8_000, 160_000, 4_000)), (380_000, range(370_000, 520_000, 2_500))]


@pytest.mark.parametrize("burn, gases", GASES, ids=["quick", "slow"])
@pytest.mark.parametrize("cached", [False, True], ids=["new bucket", "cached bucket"])
def test_source__starved_by_the_caller__right_prices_or_revert(market: Market, burn: int, gases: range, cached: bool) -> None:
    """Nobody gets the last valid prices in place of the present ones by sending too little gas."""
    valid_then(market, cached)
    market.script(scripted(now(), ETH_TICK - 1000, ETH_TICK - 1000, [ETH_TICK * BUCKET] * 10))
    market.source.set_failure(False, burn)
    seen = outcomes(market, gases, edges(market.check()))
    assert seen >= ({"price", "out of gas"} if burn == 0 else {"price", "oracle: not enough gas"})


@pytest.mark.parametrize("burn, gases", [(0, range(8_000, 260_000, 6_000)), (380_000, range(400_000, 640_000, 4_000))], ids=["quick", "slow"])
def test_second_source__starved_by_the_caller__right_prices_or_revert(owner: Any, burn: int, gases: range) -> None:
    """Nor is the second source silenced."""
    market = new_market(owner, second=True)
    market.still()
    market.still(ETH_TICK + 200, place=1)
    market.wired(1).contract.set_failure(False, burn)
    seen = outcomes(market, gases, edges(market.check()))
    assert seen >= ({"price", "out of gas"} if burn == 0 else {"price", "oracle: not enough gas"})
