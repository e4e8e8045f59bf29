"""The set of small numbers in a word, on which every walk over an account's reserves rests."""

from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.depth import examples

HARNESS = """
# pragma version 0.4.3
from contracts.modules import bit_sets

@external
@pure
def lowest(members: uint256) -> uint256:
    return bit_sets._lowest(members)

@external
@pure
def count(members: uint256) -> uint256:
    return bit_sets._count(members)
"""


@pytest.fixture(scope="module")
def harness() -> Any:
    return boa.loads(HARNESS)


def test_lowest__every_single_member__is_itself(harness: Any) -> None:
    assert [harness.lowest(1 << member) for member in range(128)] == list(range(128))


@settings(max_examples=examples(60))
@given(members=st.sets(st.integers(0, 127), min_size=1))
def test_lowest_and_count__any_set__as_python(harness: Any, members: set[int]) -> None:
    word = sum(1 << member for member in members)
    assert harness.lowest(word) == min(members)
    assert harness.count(word) == len(members)


def test_count__nobody__is_0(harness: Any) -> None:
    assert harness.count(0) == 0
