"""The feed that other tests script says what it is told to, and fails as it is told to."""

from typing import Any

import boa
import pytest
from eth_abi import decode

from tests.conftest import load
from tests.pair_world import START, set_time

ROUND = ["uint80", "int256", "uint256", "uint256", "uint80"]


@pytest.fixture
def feed() -> Any:
    set_time(START)
    return load("testing/ScriptedFeed.vy").deploy(8, 200 * 10**8)


def ask(feed: Any, question: str, gas: int = 1_000_000) -> Any:
    data = getattr(feed, question).prepare_calldata()
    return boa.env.execute_code(to_address=feed.address, data=data, gas=gas)


def round_of(feed: Any) -> tuple[int, ...]:
    output = bytes(ask(feed, "latestRoundData").output)
    assert len(output) == 160
    return tuple(decode(ROUND, output))


def test_feed__new__answers_its_first_round(feed: Any) -> None:
    assert round_of(feed) == (1, 200 * 10**8, START, START, 1)
    assert bytes(ask(feed, "decimals").output) == (8).to_bytes(32, "big")


def test_set_answer__later__a_round_as_of_now(feed: Any) -> None:
    set_time(START + 60)
    feed.set_answer(-(2**255))
    assert round_of(feed) == (2, -(2**255), START + 60, START + 60, 2)


def test_set_round__any__exactly_that(feed: Any) -> None:
    feed.set_round(2**80 - 1, 5, 6, 2**256 - 1, 0)
    assert round_of(feed) == (2**80 - 1, 5, 6, 2**256 - 1, 0)


@pytest.mark.parametrize("length", [0, 1, 159, 161, 4096])
def test_set_raw__any_length__exactly_these_bytes(feed: Any, length: int) -> None:
    feed.set_raw(b"\x7f" * length)
    feed.set_raw_decimals(b"\x80" * length)
    assert bytes(ask(feed, "latestRoundData").output) == b"\x7f" * length
    assert bytes(ask(feed, "decimals").output) == b"\x80" * length


def test_set_decimals__other__answers_them(feed: Any) -> None:
    feed.set_decimals(18)
    assert bytes(ask(feed, "decimals").output) == (18).to_bytes(32, "big")


@pytest.mark.parametrize("question, other", [("latestRoundData", "decimals"), ("decimals", "latestRoundData")])
def test_set_failure__each_question__reverts_and_burns_alone(feed: Any, question: str, other: str) -> None:
    fail = feed.set_failure if question == "latestRoundData" else feed.set_decimals_failure
    fail(True, 0)
    assert ask(feed, question).is_error
    assert not ask(feed, other).is_error
    fail(False, 150_000)
    assert 150_000 < ask(feed, question).get_gas_used() < 160_000
    assert ask(feed, question, gas=150_000).is_error
    assert ask(feed, other).get_gas_used() < 20_000
