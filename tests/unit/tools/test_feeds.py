"""Feeds: the bounds that the oracle keeps, what it would not believe, and what no feed answers."""

from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from plimsoll import feeds
from plimsoll.feeds import Answer, FeedError
from plimsoll.presets import Feed
from plimsoll.rpc import RpcDead, RpcError

WAD = 10**18
NOW = 1_700_000_000
FEED = Feed({}, 3_600, 10 * WAD, 100_000 * WAD, False, None)


def answer(price: str, age: int = 0, decimals: int = 8) -> Answer:
    return Answer(decimals, int(float(price) * 10**decimals), NOW - age)


@pytest.mark.parametrize(
    "told, said",
    [
        (answer("200"), None),
        (answer("200", age=4_200), None),
        (answer("200", age=4_201), "answered 70 min 1 s ago, the preset expects an answer each 60 min 0 s"),
        (answer("200", age=-1), "tells a time that is none of the past"),
        (Answer(8, 200 * 10**8, 0), "tells a time that is none of the past"),
        (answer("10"), "tells 10, outside of the preset's 10 to 100,000: is it another asset's?"),
        (answer("10.00000001"), None),
        (answer("100000"), "tells 100,000, outside of the preset's 10 to 100,000: is it another asset's?"),
        (answer("0.05"), "tells 0.05, outside of the preset's 10 to 100,000: is it another asset's?"),
        (answer("-1"), "tells -1, outside of the preset's 10 to 100,000: is it another asset's?"),
        (Answer(19, 200 * 10**19, NOW), "has 19 decimals, at most 18 fit"),
    ],
)
def test_problem__any_answer__in_words(told: Answer, said: str | None) -> None:
    assert feeds.problem(FEED, told, NOW) == said


def test_bounds__few_decimals__rounded_inwards() -> None:
    odd = Feed({}, 60, 15 * WAD // 10, 25 * WAD // 10, False, None)
    assert feeds.bounds(odd, 0) == (2, 2)
    assert feeds.bounds(odd, 1) == (15, 25)
    # what no answer of the feed could be below still has to be positive
    assert feeds.bounds(Feed({}, 60, 10**6, WAD, False, None), 0) == (1, 1)


def test_kept_bounds__long_numbers__24_digits_inwards() -> None:
    # 2^24 and one more: the least of 24 binary digits above, the greatest below
    feed = Feed({}, 60, (2**24 + 1) * WAD, (2**24 + 3) * WAD, False, None)
    assert feeds.kept_bounds(feed, 0) == (2**24 + 2, 2**24 + 2)


@given(st.integers(0, 2**128 - 1))
def test_floats__any_number__nearest_of_24_digits(value: int) -> None:
    down, up = feeds.float_down(value), feeds.float_up(value)
    assert down <= value <= up
    for found in (down, up):
        lowest = (found & -found).bit_length() - 1 if found else 0
        assert found.bit_length() - max(lowest, 0) <= 24
    # nothing with 24 digits lies in between
    if down < value < up:
        assert up - down == 1 << (value.bit_length() - 24)


class Chain:
    """Answers what it is given."""

    def __init__(self, *answers: Any) -> None:
        self.answers = answers

    def batch(self, requests: list[Any], errors: bool) -> list[Any]:
        assert errors
        assert len(requests) == len(self.answers)
        return list(self.answers)


def words(*values: int) -> str:
    return "0x" + encode(["int256"] * len(values), values).hex()


def test_ask__round_and_decimals__told() -> None:
    found = feeds.ask(Chain(words(8), words(7, 200 * 10**8, 1, NOW, 7)), "0xfeed")  # type: ignore[arg-type]
    assert found == Answer(8, 200 * 10**8, NOW)
    assert found.price_wad == 200 * WAD


@pytest.mark.parametrize(
    "answers, missing",
    [
        (("0x", words(7, 1, 1, 1, 7)), r"decimals\(\)"),
        ((RpcError("reverted"), words(7, 1, 1, 1, 7)), r"decimals\(\)"),
        ((words(8), RpcError("reverted")), r"latestRoundData\(\)"),
        ((words(8), words(1, 1, 1, 1)), r"latestRoundData\(\)"),
    ],
)
def test_ask__no_feed__says_what_it_does_not_answer(answers: tuple[Any, ...], missing: str) -> None:
    with pytest.raises(FeedError, match=f"0xfeed is no price feed: it does not answer {missing}"):
        feeds.ask(Chain(*answers), "0xfeed")  # type: ignore[arg-type]


def test_ask__no_chain__is_not_the_feeds_fault() -> None:
    with pytest.raises(RpcDead):
        feeds.ask(Chain(RpcDead("gone"), RpcDead("gone")), "0xfeed")  # type: ignore[arg-type]
