"""modules/middle: the two in the middle of ten, and of twenty."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import load
from tests.depth import examples

NUMBERS = st.integers(0, 2**256 - 1) | st.integers(0, 3)


@pytest.fixture(scope="module")
def middle() -> Any:
    return load("testing/MiddleHarness.vy").deploy()


def expected(values: list[int]) -> tuple[int, int]:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half - 1], ordered[half]


def test_of_ten__all_of_zeros_and_ones__equals_sorting(middle: Any) -> None:
    """A network of comparisons that is right for all of these is right for all numbers (the 0-1 principle)."""
    for values in product((0, 1), repeat=10):
        assert middle.of_ten(list(values)) == expected(list(values))


@given(values=st.lists(NUMBERS, min_size=10, max_size=10))
@settings(max_examples=examples(40))
def test_of_ten__any_numbers__equals_sorting(middle: Any, values: list[int]) -> None:
    assert middle.of_ten(values) == expected(values)


def test_of_twenty__any_count_of_ones_in_each_half__equals_sorting(middle: Any) -> None:
    """Each half is sorted first, by the network above: how many ones it holds is all that matters."""
    for ones, others in product(range(11), repeat=2):
        values, more = [1] * ones + [0] * (10 - ones), [0] * (10 - others) + [1] * others
        assert middle.of_twenty(values, more) == expected(values + more)


@given(values=st.lists(NUMBERS, min_size=20, max_size=20))
@settings(max_examples=examples(40))
def test_of_twenty__any_numbers__equals_sorting(middle: Any, values: list[int]) -> None:
    assert middle.of_twenty(values[:10], values[10:]) == expected(values)
