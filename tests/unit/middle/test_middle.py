"""modules/middle: ten values in order, and the two in the middle of twenty."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import load
from tests.depth import examples

NUMBERS = st.integers(0, 2**256 - 1) | st.integers(0, 3)
TENS = st.lists(NUMBERS, min_size=10, max_size=10)


@pytest.fixture(scope="module")
def middle() -> Any:
    return load("testing/MiddleHarness.vy").deploy()


def middle_two(values: list[int]) -> tuple[int, int]:
    ordered = sorted(values)
    return ordered[9], ordered[10]


# ---------------------------------------------------------------- ten in order


def test_sorted__all_of_zeros_and_ones__in_order(middle: Any) -> None:
    """A network of comparisons that is right for all of these is right for all numbers (the 0-1 principle)."""
    for values in product((0, 1), repeat=10):
        assert middle.sorted(list(values), 0, 0) == sorted(values)


@given(values=TENS)
@settings(max_examples=examples(40))
def test_sorted__any_numbers__in_order(middle: Any, values: list[int]) -> None:
    assert middle.sorted(values, 0, 0) == sorted(values)


@given(values=TENS, mask=NUMBERS, bits=st.sampled_from([0, 1, 128, 255]))
@settings(max_examples=examples(40))
def test_sorted__mask_and_shift__of_each_value_before_the_order(middle: Any, values: list[int], mask: int, bits: int) -> None:
    assert middle.sorted(values, mask, bits) == sorted((value ^ mask) << bits & 2**256 - 1 for value in values)


def test_sorted__signed_halves__the_mask_puts_the_negative_ones_first(middle: Any) -> None:
    numbers = [3, -1, 0, -(2**127), 2**127 - 1, -2, 7, 7, -(10**9), 10**9]
    words = [number % 2**128 << 128 | 2**128 - 1 for number in numbers]
    told = [key >> 128 for key in middle.sorted(words, 1 << 255, 0)]
    assert [key - 2**127 for key in told] == sorted(numbers)
    turned = [key >> 128 for key in middle.sorted(words, 1 << 255 ^ 2**256 - 1, 0)]
    assert [key - 2**127 + 1 for key in turned] == sorted(-number for number in numbers)


# ---------------------------------------------------------------- the middle of twenty


def shares() -> Iterator[tuple[list[int], list[int], int]]:
    """For each k, the k least of one array and the 10 - k least of the other are the ten least of all; each time the 10th and the
    11th come from the one or the other array."""
    for k in range(11):
        least, most = list(range(10)), list(range(10, 20))
        for of_lower, of_upper in product((0, 1), repeat=2):
            for low in ([least[10 - k :], least[: 10 - k]], [least[:k], least[k:]])[of_lower : of_lower + 1]:
                for high in ([most[k:], most[:k]], [most[: 10 - k], most[10 - k :]])[of_upper : of_upper + 1]:
                    yield low[0] + high[0], low[1] + high[1], k


def test_of_both__any_share_of_the_least__10th_and_11th(middle: Any) -> None:
    for v, w, k in shares():
        assert len(v) == len(w) == 10
        assert (v, w) == (sorted(v), sorted(w))
        assert sum(x < 10 for x in v) == k
        assert middle.of_both(v, w) == (9, 10)


def test_of_both__any_count_of_ones_in_each__10th_and_11th(middle: Any) -> None:
    """Equal values in any place."""
    for ones, others in product(range(11), repeat=2):
        v, w = [0] * (10 - ones) + [1] * ones, [0] * (10 - others) + [1] * others
        assert middle.of_both(v, w) == middle_two(v + w)


@given(values=TENS, others=TENS)
@settings(max_examples=examples(40))
def test_of_both__any_numbers__10th_and_11th(middle: Any, values: list[int], others: list[int]) -> None:
    assert middle.of_both(sorted(values), sorted(others)) == middle_two(values + others)


@given(ranks=st.permutations(range(20)))
@settings(max_examples=examples(40))
def test_of_both__twenty_in_any_order__10th_and_11th(middle: Any, ranks: list[int]) -> None:
    assert middle.of_both(sorted(ranks[:10]), sorted(ranks[10:])) == (9, 10)
