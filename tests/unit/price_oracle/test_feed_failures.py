"""Whatever a feed does, the oracle answers: without the feed, at a bounded price, and never by a caller's choice. (ORA-06, ORA-07, ORA-15)"""

from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import DAY, FEED, FIRST, MAX_PRICE, NOTHING, Why, price_at
from tests.conftest import load
from tests.oracle_market import (
    BURNS_ALL,
    DOLLAR_6,
    ETH_ANSWER,
    ETH_TICK,
    HEARTBEAT,
    MAX_ANSWER,
    MIN_ANSWER,
    WORD,
    Market,
    break_contract,
    eth_feed,
    new_market,
    now,
)
from tests.unit.price_oracle.test_source_failures import CODES, edges, outcomes


@pytest.fixture
def fed(owner: Any) -> Market:
    """One source that stands still, and a feed."""
    market = new_market(owner, feed=True)
    market.still()
    assert market.check().sources == FIRST | FEED
    return market


def check_without(market: Market, why: Why = Why.FEED_FAILED) -> None:
    """The source alone, and new risk is blocked: what may be borrowed may rest on the feed."""
    market.still()
    band = market.check()
    assert (band.sources, band.why) == (FIRST, why)
    assert (band.liquidation_low, band.liquidation_high) == price_at(ETH_TICK, DOLLAR_6)
    for how in ("new_risk_prices", "liquidation_prices"):
        assert market.write(how) == market.check()


@pytest.mark.parametrize("what", CODES)
def test_feed__fails__source_alone(fed: Market, what: str) -> None:
    repair = break_contract(fed.feed, CODES[what])
    check_without(fed)
    repair()
    assert fed.check().sources == FIRST | FEED


@pytest.mark.parametrize("question", ["set_failure", "set_decimals_failure"])
@pytest.mark.parametrize("reverts, burn, valid", [(True, 0, False), (True, 150_000, False), (False, 250_000, False), (False, 150_000, True)])
def test_feed__reverts_or_burns_gas__source_alone(fed: Market, question: str, reverts: bool, burn: int, valid: bool) -> None:
    getattr(fed.feed, question)(reverts, burn)
    if valid:
        assert fed.check().sources == FIRST | FEED
    else:
        check_without(fed)


def encode(*words: int) -> bytes:
    return b"".join((word % 2**256).to_bytes(WORD, "big") for word in words)


@pytest.mark.parametrize("length", [0, 1, 32, 128, 159, 161, 192, 224, 4096])
def test_feed__answer_of_another_length__source_alone(fed: Market, length: int) -> None:
    fed.feed.set_raw((encode(2, ETH_ANSWER, now(), now(), 2) + bytes(4096))[:length])
    check_without(fed)


@pytest.mark.parametrize("length", [0, 31, 33, 64, 4096])
def test_feed__decimals_of_another_length__source_alone(fed: Market, length: int) -> None:
    fed.feed.set_raw_decimals((encode(8) + bytes(4096))[:length])
    check_without(fed)


@pytest.mark.parametrize("decimals", [0, 7, 9, 18, 255])
def test_feed__other_decimals_than_configured__source_alone(fed: Market, decimals: int) -> None:
    fed.feed.set_decimals(decimals)
    check_without(fed)


def test_feed__decimals_beyond_a_byte__source_alone(fed: Market) -> None:
    fed.feed.set_raw_decimals(encode(8 + 256))
    check_without(fed)


# Each around its bound; the bounds are powers of ten below 2^40, held as floats: 10^8 exactly, 10^12 rounded down
HELD_MAX = MAX_ANSWER >> 16 << 16
ANSWERS = {
    "at the lower bound": (MIN_ANSWER, False),
    "above the lower bound": (MIN_ANSWER + 1, True),
    "zero": (0, False),
    "one": (1, False),
    "minus one": (-1, False),
    "the negative of a price": (-ETH_ANSWER, False),
    "the least of all": (-(2**255), False),
    "the greatest of all": (2**255 - 1, False),
    "below the upper bound": (HELD_MAX - 1, True),
    "at the upper bound as it is held": (HELD_MAX, False),
    "above it": (MAX_ANSWER, False),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_feed__answer_at_its_bounds__believed_strictly_within(fed: Market, what: str) -> None:
    answer, believed = ANSWERS[what]
    fed.feed.set_answer(answer)
    if believed:
        assert fed.check().sources == FIRST | FEED
    else:
        check_without(fed)


# roundId, updatedAt before now, answeredInRound -> why
ROUNDS = {
    "first round": ((1, 0, 1), NOTHING),
    "round 0": ((0, 0, 0), Why.FEED_FAILED),
    "round 0 answered later": ((0, 0, 5), Why.FEED_FAILED),
    "carried over": ((7, 0, 6), Why.FEED_FAILED),
    "answered in a later round": ((7, 0, 8), NOTHING),
    "largest round": ((2**80 - 1, 0, 2**80 - 1), NOTHING),
    "from the future": ((7, -1, 7), Why.FEED_FAILED),
    "from the far future": ((7, -(2**200), 7), Why.FEED_FAILED),
    "just within the grace": ((7, HEARTBEAT + 600, 7), NOTHING),
    "stale": ((7, HEARTBEAT + 601, 7), Why.FEED_STALE),
    "very stale": ((7, 10 * DAY, 7), Why.FEED_STALE),
    "stale and carried over": ((7, 10 * DAY, 6), Why.FEED_FAILED),
}


@pytest.mark.parametrize("what", ROUNDS)
def test_feed__rounds_and_ages__valid_only_if_complete_and_young(fed: Market, what: str) -> None:
    (round_id, age, answered_in), why = ROUNDS[what]
    fed.feed.set_round(round_id, ETH_ANSWER, 0, now() - age, answered_in)
    if why:
        check_without(fed, why)
    else:
        assert fed.check().sources == FIRST | FEED


def test_feed__never_updated__failed_not_stale(fed: Market) -> None:
    fed.feed.set_round(7, ETH_ANSWER, 0, 0, 7)
    check_without(fed)


def test_feed__stale_and_out_of_bounds__failed(fed: Market) -> None:
    fed.feed.set_round(7, MAX_ANSWER, 0, now() - 10 * DAY, 7)
    check_without(fed)


def test_feed__words_beyond_their_types__taken_as_numbers(fed: Market) -> None:
    """A round beyond 80 bits is a strange one, but a round."""
    fed.feed.set_raw(encode(2**200, ETH_ANSWER, 0, now(), 2**200))
    assert fed.check().sources == FIRST | FEED


@pytest.mark.parametrize("over, valid", [(0, True), (1, False)])
def test_feed__price_about_the_largest_that_can_be_valued__then_failed(owner: Any, over: int, valid: bool) -> None:
    """Whole units of account for a token of 18 decimals; the floats of the bounds are not in the way."""
    market = new_market(owner)
    feed = load("testing/ScriptedFeed.vy").deploy(0, 200)
    assert market.set_feed(feed, eth_feed(decimals=0, min_answer=1, max_answer=2**127)) == ""
    feed.set_answer(MAX_PRICE // 10**18 + over)
    band = market.check()
    # With a feed alone both edges are kept within what a price may be
    assert (band.sources, band.high) == ((FEED, MAX_PRICE) if valid else (0, 0))


@pytest.mark.parametrize("question", ["set_failure", "set_decimals_failure"])
@pytest.mark.parametrize("burn, gases", [(0, range(8_000, 200_000, 4_000)), (190_000, range(190_000, 420_000, 3_000))], ids=["quick", "slow"])
def test_feed__starved_by_the_caller__right_prices_or_revert(fed: Market, question: str, burn: int, gases: range) -> None:
    """Nobody silences the feed by sending too little gas: the fresh prices would be others."""
    fed.feed.set_answer(201 * 10**8)
    getattr(fed.feed, question)(False, burn)
    seen = outcomes(fed, gases, edges(fed.check()))
    assert seen >= ({"price", "out of gas"} if burn == 0 else {"price", "oracle: not enough gas"})


def test_feed__everything_burns_all_it_is_given__bounded_gas(full_market: Market) -> None:
    """Two sources at 400,000 each and a feed at 200,000: so much, and no more."""
    market = full_market
    market.still()
    market.still(place=1)
    market.write()
    for contract in (market.source, market.wired(1).contract, market.feed):
        break_contract(contract, BURNS_ALL)
    data = market.oracle.band.prepare_calldata(market.asset)
    outcome = boa.env.execute_code(to_address=market.oracle.address, data=data)
    assert not outcome.is_error
    assert 1_000_000 < outcome.get_gas_used() < 1_200_000
