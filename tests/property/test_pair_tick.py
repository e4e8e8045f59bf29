"""pair_tick against the exact logarithm. (OBS-06)"""

import math
import random
from decimal import Decimal, localcontext
from fractions import Fraction

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.reference.observations import tick
from tests.conftest import load
from tests.depth import draw_seed, examples
from tests.revm import Machine, call_data, vyper_code

MAX_RESERVE = 2**112 - 1
OWNER = "0x" + "0e" * 20


@pytest.fixture(scope="module")
def harness():
    return load("testing/PairTickHarness.vy").deploy()


def answers(reserve0, reserve1):
    """The exact tick; and the next one too, where the price lies below its boundary by less than 2^-47 of a tick."""
    exact = tick(reserve0, reserve1)
    with localcontext() as context:
        context.prec = 100
        log = (Decimal(reserve1) / Decimal(reserve0)).ln() / Decimal("1.0001").ln()
        return {exact, exact + 1} if exact + 1 - log < Decimal(2) ** -47 else {exact}


@st.composite
def reserve(draw):
    """Every size as often as every other."""
    bits = draw(st.integers(0, 111))
    return draw(st.integers(2**bits, 2 ** (bits + 1) - 1))


@given(reserve(), reserve())
def test_tick__any_reserves__equals_the_exact_logarithm(harness, reserve0, reserve1):
    assert harness.tick(reserve0, reserve1) == tick(reserve0, reserve1)


def test_tick__a_campaign_of_reserves__equals_the_exact_logarithm():
    machine = Machine(OWNER, 1)
    harness = machine.deploy(vyper_code("testing/PairTickHarness.vy"))
    seed = draw_seed()
    draw = random.Random(seed)
    for _ in range(examples(4000)):
        reserve0, reserve1 = (draw.randrange(1, 2 ** draw.randint(1, 112)) for _ in range(2))
        answer = int.from_bytes(machine.view(harness, call_data("tick(uint256,uint256)", reserve0, reserve1)), "big", signed=True)
        assert answer == tick(reserve0, reserve1), (seed, reserve0, reserve1)


@pytest.mark.parametrize("scale", [1, 7, 10**3])
@pytest.mark.parametrize("n", range(9))
def test_tick__exact_power_of_the_base__is_its_exponent(harness, n, scale):
    above, below = 10_001**n * scale, 10_000**n * scale
    if above > MAX_RESERVE:
        pytest.skip("above 112 bits")
    assert harness.tick(below, above) == n
    assert harness.tick(above, below) == -n


@pytest.mark.parametrize("e", range(112))
def test_tick__change_of_octave__equals_the_exact_logarithm(harness, e):
    assert harness.tick(1, 2**e) == tick(1, 2**e)
    assert harness.tick(2**e, 1) == tick(2**e, 1)
    if e < 111:
        # Just below and above the place where the octave changes
        for ratio in ((2**111, 2 ** (111 - e) + 1), (2**111 - 1, 2 ** (111 - e)), (2**111 + 1, 2 ** (111 - e))):
            assert harness.tick(*ratio) in answers(*ratio)
            assert harness.tick(*reversed(ratio)) in answers(*tuple(reversed(ratio)))


@pytest.mark.parametrize("reserves", [(1, 1), (1, MAX_RESERVE), (MAX_RESERVE, 1), (MAX_RESERVE, MAX_RESERVE), (MAX_RESERVE - 1, MAX_RESERVE)])
def test_tick__largest_and_smallest_reserves__equals_the_exact_logarithm(harness, reserves):
    assert harness.tick(*reserves) == tick(*reserves)


def test_tick__opposite_price__is_minus_the_ceiling(harness):
    for reserve0, reserve1 in ((3, 10), (10**18, 2 * 10**9), (10**12, 10**12 + 1)):
        upward, downward = harness.tick(reserve0, reserve1), harness.tick(reserve1, reserve0)
        assert downward == -upward - 1


def power(exponent: int) -> Fraction:
    with localcontext() as context:
        context.prec = 100
        return Fraction(Decimal("1.0001") ** exponent)


@pytest.mark.parametrize("exponent", [1, 2, 9, 100, 6931, 6932, 54_321, 345_678, 700_000])
@pytest.mark.parametrize("bits", [10, 20, 30, 40, 44, 48, 56, 80, 111])
def test_tick__on_both_sides_of_a_boundary__is_exact_down_to_its_tolerance(harness, exponent, bits):
    """The nearest ratios that reserves of so many bits have. Nearer than 2^-47 of a tick below counts as above."""
    ratio = power(exponent)
    larger = int(2**bits * 9 // 8 * min(ratio, Fraction(2) ** (112 - bits) * Fraction(3, 4)))
    smaller = round(larger / ratio)
    if smaller == 0:
        pytest.skip("no such reserves")
    larger = int(smaller * ratio)
    for reserves in ((smaller, larger + close) for close in range(-2, 4)):
        assert harness.tick(*reserves) in answers(*reserves)
        assert harness.tick(*reversed(reserves)) in answers(*reversed(reserves))


def test_tick__around_many_boundaries__is_exact_down_to_its_tolerance():
    """At a boundary, or above it by next to nothing, and 2^-46 of a tick below it: an error of the logarithm beyond its bound shows."""
    machine = Machine(OWNER, 1)
    harness = machine.deploy(vyper_code("testing/PairTickHarness.vy"))
    seed = draw_seed()
    draw = random.Random(seed)
    hair = Fraction(1, 10_000 * 2**46)
    for _ in range(examples(1500)):
        exponent = draw.randrange(1, 346_000)
        ratio = power(exponent)
        smaller = draw.randrange(2**60, 2**61)
        at, below = math.ceil(smaller * ratio), math.floor(smaller * ratio * (1 - hair))
        down, further = math.floor(smaller * ratio), math.ceil(smaller * ratio * (1 + hair))
        cases = [(smaller, at, exponent), (smaller, below, exponent - 1), (down, smaller, -exponent), (further, smaller, -exponent - 1)]
        for reserve0, reserve1, expected in cases:
            answer = int.from_bytes(machine.view(harness, call_data("tick(uint256,uint256)", reserve0, reserve1)), "big", signed=True)
            assert answer == expected, (seed, reserve0, reserve1)


def test_tick__all_sizes__as_the_exact_logarithm(harness):
    with boa.env.anchor():
        for bits0 in range(0, 113, 8):
            for bits1 in range(0, 113, 8):
                reserves = max(2**bits0 - 1, 1), max(2**bits1 - 1, 1)
                assert harness.tick(*reserves) == tick(*reserves)
