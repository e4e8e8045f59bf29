"""What depth leaves of a value, and the caps: exact against fractions, and the laws that the pool relies on."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.depth import cap, cost_bounded_up, cost_up, value_down
from tests.depth import examples

WAD = 10**18
MAX = 2**256 - 1
UNLIMITED = 2**112

HARNESS = """
# pragma version 0.4.3
from contracts.modules import depth_math

@external
@pure
def value_down(face: uint256, depth: uint256) -> uint256:
    return depth_math._value_down(face, depth)

@external
@pure
def cost_up(face: uint256, depth: uint256) -> uint256:
    return depth_math._cost_up(face, depth)

@external
@pure
def cost_bounded_up(face: uint256, depth: uint256) -> uint256:
    return depth_math._cost_bounded_up(face, depth)

@external
@pure
def within_cap(total: uint256, depth: uint256, ltv_bps: uint256, bonus_bps: uint256) -> bool:
    return depth_math._within_cap(total, depth, depth_math._risk(ltv_bps, bonus_bps))

@external
@pure
def cap(depth: uint256, ltv_bps: uint256, bonus_bps: uint256) -> uint256:
    return depth_math._cap(depth, depth_math._risk(ltv_bps, bonus_bps))
"""


@pytest.fixture(scope="module")
def maths() -> Any:
    return boa.loads(HARNESS)


def spread(bits: int) -> st.SearchStrategy[int]:
    """Numbers of up to so many bits, each length as likely as another."""
    return st.integers(0, bits).flatmap(lambda n: st.integers(0, 2**n - 1))


depths = st.one_of(spread(112), st.sampled_from([0, 1, 2, UNLIMITED - 1]))
faces = st.one_of(spread(196), spread(112), st.sampled_from([0, 1, UNLIMITED, 2**196 - 1]))


@st.composite
def near(draw: st.DrawFn) -> tuple[int, int]:
    """A face value and a depth of about the same size, often on the edge of one of the formulas."""
    depth = draw(depths)
    face = draw(st.one_of(faces, st.integers(0, 2 * depth), st.sampled_from([depth, depth // 2, depth // 4])))
    return max(0, face + draw(st.integers(-2, 2))), depth


@st.composite
def terms(draw: st.DrawFn) -> tuple[int, int]:
    """LTV and bonus that the pool lists."""
    bonus = draw(st.integers(10_000, 13_000))
    return draw(st.integers(0, 10**8 // bonus - 500)), bonus


def test_value__100_of_1000_on_10000__is_826_45(maths: Any) -> None:
    """Example 7 of the design: 17.4 % below the face value of 1,000."""
    value = maths.value_down(1_000 * WAD, 10_000 * WAD)
    assert value == 100_000 * WAD // 121 == 826446280991735537190
    assert (1_000 * WAD - value) * 1_000 // (1_000 * WAD) == 173


@settings(max_examples=examples(300))
@given(case=near())
def test_value__any__is_the_floor_of_the_formula(maths: Any, case: tuple[int, int]) -> None:
    face, depth = case
    sold = min(face, depth)
    exact = sold * Fraction(depth, depth + sold) ** 2 if sold else Fraction(0)
    assert maths.value_down(face, depth) == math.floor(exact) == value_down(face, depth)
    assert 4 * exact >= sold


@settings(max_examples=examples(300))
@given(case=near(), gift=spread(112))
def test_value__of_more_collateral__is_never_less(maths: Any, case: tuple[int, int], gift: int) -> None:
    """LEND-09: whatever is given to an account, its collateral does not count less; nor does more depth make it worth less."""
    face, depth = case
    value = maths.value_down(face, depth)
    assert maths.value_down(face + gift, depth) >= value
    assert maths.value_down(face, min(depth + gift, UNLIMITED - 1)) >= value
    assert value <= face


@settings(max_examples=examples(300))
@given(case=near(), more=spread(112))
def test_cost__any__is_the_ceiling_of_the_formula_and_grows_with_the_debt(maths: Any, case: tuple[int, int], more: int) -> None:
    face, depth = case
    cost = maths.cost_up(face, depth)
    if face >= depth:
        assert cost == MAX
        assert cost_up(face, depth) is None
    else:
        assert cost == math.ceil(face * Fraction(depth, depth - face)) == cost_up(face, depth)
        assert cost >= face
    assert maths.cost_up(face + more, depth) >= cost


@settings(max_examples=examples(300))
@given(case=near(), more=spread(112))
def test_cost_in_the_liquidation_test__any__is_bounded_by_twice_the_face_value(maths: Any, case: tuple[int, int], more: int) -> None:
    face, depth = case
    cost = maths.cost_bounded_up(face, depth)
    exact = face * Fraction(depth, depth - face) if 2 * face < depth else Fraction(2 * face)
    assert cost == math.ceil(exact) == cost_bounded_up(face, depth)
    assert face <= cost <= 2 * face
    assert maths.cost_bounded_up(face + more, depth) >= cost
    # less depth never makes a debt smaller
    assert maths.cost_bounded_up(face, max(0, depth - more)) >= cost


@settings(max_examples=examples(300))
@given(total=faces, depth=depths, term=terms())
def test_cap__any__is_the_largest_total_within(maths: Any, total: int, depth: int, term: tuple[int, int]) -> None:
    """LEND-10: t <= (1 / sqrt(LTV * bonus) - 1) * D, an LTV below 65 % being 65 %."""
    ltv, bonus = term
    largest = maths.cap(depth, *term)
    assert largest == cap(depth, ltv, bonus)
    assert maths.within_cap(largest, depth, *term)
    assert not maths.within_cap(largest + 1, depth, *term)
    assert maths.within_cap(total, depth, *term) == (total <= largest)
    # by squares, so that it is exact: the total fits and one more does not
    risk = Fraction(max(ltv, 6_500) * bonus, 10**8)
    assert (largest + depth) ** 2 * risk <= depth**2 < (largest + 1 + depth) ** 2 * risk


@settings(max_examples=examples(150))
@given(depth=st.integers(10**6, UNLIMITED - 1), term=terms(), parts=st.lists(st.integers(1, 1_000), min_size=1, max_size=8))
def test_cap__a_sale_of_all_that_it_allows__pays_for_debt_and_bonus(depth: int, term: tuple[int, int], parts: list[int]) -> None:
    """What the cap is for: split among however many accounts, all of it sold at once brings LTV * bonus of its face value."""
    ltv, bonus = term
    largest = cap(depth, ltv, bonus)
    assert largest is not None
    split = [largest * part // sum(parts) for part in parts]
    price_after = Fraction(depth, depth + sum(split)) ** 2
    assert price_after >= Fraction(max(ltv, 6_500) * bonus, 10**8)


@pytest.mark.parametrize("depth", [UNLIMITED, UNLIMITED + 1, MAX - 1, MAX])
@pytest.mark.parametrize("face", [0, 1, 10**30, 2**196 - 1])
def test_unlimited__any_face_value__counts_in_full(maths: Any, face: int, depth: int) -> None:
    assert maths.value_down(face, depth) == maths.cost_up(face, depth) == maths.cost_bounded_up(face, depth) == face
    assert value_down(face, depth) == cost_up(face, depth) == cost_bounded_up(face, depth) == face
    assert maths.within_cap(face, depth, 7_500, 11_000)
    assert maths.cap(depth, 7_500, 11_000) == MAX
    assert cap(depth, 7_500, 11_000) is None
