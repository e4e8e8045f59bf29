"""modules/floats: numbers of 256 bits in 28 or 32. (ORA-04)

A code is exponent << bits | mantissa; the model finds both with Fractions and comparisons alone.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.oracle import float_down, float_up
from tests.conftest import load
from tests.depth import examples

SIZES = [19, 20, 24]
# `up` promises nothing above
MOST = 2**255 - 1
NUMBERS = st.integers(0, 255).flatmap(lambda bits: st.integers(0, 2**bits - 1))


@pytest.fixture(scope="module")
def floats() -> Any:
    return load("testing/FloatsHarness.vy").deploy()


def exponent_of(number: int, bits: int) -> int:
    """The least power of two of which `number` holds less than 2^bits."""
    exponent = 0
    while number >= 2 ** (bits + exponent):
        exponent += 1
    return exponent


def code_down(number: int, bits: int) -> int:
    exponent = exponent_of(number, bits)
    parts = Fraction(number, 2**exponent)
    return exponent * 2**bits + parts.numerator // parts.denominator


def code_up(number: int, bits: int) -> int:
    exponent = exponent_of(number, bits)
    parts = Fraction(number, 2**exponent)
    mantissa = -(-parts.numerator // parts.denominator)
    if mantissa == 2**bits:
        # One more than all ones: half of it, twice as heavy
        exponent, mantissa = exponent + 1, mantissa // 2
    return exponent * 2**bits + mantissa


def meaning(code: int, bits: int) -> int:
    return code % 2**bits * 2 ** (code // 2**bits)


def edges(bits: int) -> Iterator[int]:
    """About each power of two that matters, about the last of a mantissa, and about its turning over."""
    for power in {0, 1, 2, bits - 1, bits, bits + 1, bits + 2, 2 * bits, 64, 112, 127, 128, 144, 200, 254, 255}:
        yield from (2**power - 1, 2**power, 2**power + 1)
        ones = (2**bits - 1) << power
        yield from (ones - 1, ones, ones + 1, ones + 2**power - 1, ones + 2**power)


@pytest.mark.parametrize("bits", SIZES)
def test_down_and_up__about_each_edge__nearest_codes_on_their_side(floats: Any, bits: int) -> None:
    for number in sorted(set(edges(bits))):
        if number < 2**256:
            assert floats.down(number, bits) == code_down(number, bits), number
        if number <= MOST:
            assert floats.up(number, bits) == code_up(number, bits), number


@pytest.mark.parametrize("bits", SIZES)
def test_down__largest_of_all__fits(floats: Any, bits: int) -> None:
    code = floats.down(2**256 - 1, bits)
    assert code == (256 - bits) << bits | 2**bits - 1
    assert floats.number_of(code, bits) == (2**bits - 1) << 256 - bits


@given(number=NUMBERS, bits=st.sampled_from(SIZES))
@settings(max_examples=examples(150))
def test_down_and_up__any_number__nearest_codes_on_their_side(floats: Any, number: int, bits: int) -> None:
    down, up = floats.down(number, bits), floats.up(number, bits)
    assert (down, up) == (code_down(number, bits), code_up(number, bits))
    assert floats.number_of(down, bits) == float_down(number, bits) <= number
    assert floats.number_of(up, bits) == float_up(number, bits) >= number
    # Neighbours, unless it is held exactly; and to one part in 2^(bits - 1)
    assert up - down == (floats.number_of(down, bits) != number) or up == (down // 2**bits + 1) * 2**bits + 2 ** (bits - 1)
    assert (floats.number_of(up, bits) - floats.number_of(down, bits)) * 2 ** (bits - 1) <= number


@given(code=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(60))
def test_number_of__any_code__mantissa_times_power(floats: Any, code: int) -> None:
    for bits in SIZES:
        code %= 2 ** (bits + 8)
        assert floats.number_of(code, bits) == meaning(code, bits) % 2**256


@given(code=st.integers(0, 2**32 - 1))
@settings(max_examples=examples(60))
def test_down_and_up__of_what_is_held_exactly__the_same_code(floats: Any, code: int) -> None:
    for bits in SIZES:
        number = meaning(code % (255 - bits << bits), bits)
        assert floats.down(number, bits) == floats.up(number, bits) == code_down(number, bits)
        assert floats.number_of(floats.up(number, bits), bits) == number


@given(one=NUMBERS, other=NUMBERS, bits=st.sampled_from(SIZES))
@settings(max_examples=examples(60))
def test_down_and_up__of_two_numbers__codes_in_their_order(floats: Any, one: int, other: int, bits: int) -> None:
    least, most = sorted((one, other))
    assert floats.down(least, bits) <= floats.down(most, bits)
    assert floats.up(least, bits) <= floats.up(most, bits)
