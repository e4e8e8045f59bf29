"""modules/middle: the two in the middle of ten."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import load
from tests.depth import examples


@pytest.fixture(scope="module")
def middle() -> Any:
    return load("testing/MiddleHarness.vy").deploy()


def expected(values: list[int]) -> tuple[int, int]:
    ordered = sorted(values)
    return ordered[4], ordered[5]


def test_middle__all_of_zeros_and_ones__equals_sorting(middle: Any) -> None:
    """A network of comparisons that is right for all of these is right for all numbers (the 0-1 principle)."""
    for values in product((0, 1), repeat=10):
        assert middle.middle_of(list(values)) == expected(list(values))


@given(values=st.lists(st.integers(0, 2**256 - 1) | st.integers(0, 3), min_size=10, max_size=10))
@settings(max_examples=examples(40))
def test_middle__any_numbers__equals_sorting(middle: Any, values: list[int]) -> None:
    assert middle.middle_of(values) == expected(values)
