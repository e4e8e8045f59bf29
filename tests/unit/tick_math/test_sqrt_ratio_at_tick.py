"""tick_math against its reference, and that against published values of Uniswap V3."""

from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.tick_math import MAX_TICK, constants, sqrt_ratio_at_tick, true_sqrt_ratio_x96
from tests.conftest import load
from tests.depth import examples

# From the test suite of @uniswap/v3-core (TickMath), and its constants MIN_SQRT_RATIO and MAX_SQRT_RATIO
PUBLISHED = {
    -887272: 4295128739,
    -50: 79030349367926598376800521322,
    0: 2**96,
    50: 79426470787362580746886972461,
    100: 79625275426524748796330556128,
    250: 80224679980005306637834519095,
    500: 81233731461783161732293370115,
    1000: 83290069058676223003182343270,
    2500: 89776708723587163891445672585,
    3000: 92049301871182272007977902845,
    4000: 96768528593268422080558758223,
    5000: 101729702841318637793976746270,
    50000: 965075977353221155028623082916,
    150000: 143194173941309278083010301478497,
    250000: 21246587762933397357449903968194344,
    500000: 5697689776495288729098254600827762987878,
    738203: 847134979253254120489401328389043031315994541,
    887272: 1461446703485210103287273052203988822378723970342,
}
# The constants 2^0, 2^12 and 2^19 of V3's source
PUBLISHED_CONSTANTS = {
    0: 0xFFFCB933BD6FAD37AA2D162D1A594001,
    12: 0xD097F3BDFD2022B8845AD8F792AA5825,
    19: 0x48A170391F7DC42444E8FA2,
}


@pytest.fixture(scope="module")
def tick_math() -> Any:
    return load("testing/TickMathHarness.vy").deploy()


def test_reference__published_constants__equal() -> None:
    assert {k: constants()[k] for k in PUBLISHED_CONSTANTS} == PUBLISHED_CONSTANTS


@pytest.mark.parametrize("tick, expected", PUBLISHED.items())
def test_sqrt_ratio_at_tick__published_values__equal(tick_math: Any, tick: int, expected: int) -> None:
    assert sqrt_ratio_at_tick(tick) == expected
    assert tick_math.sqrt_ratio_at_tick(tick) == expected


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bit", range(20))
def test_sqrt_ratio_at_tick__each_bit__equals_reference(tick_math: Any, sign: int, bit: int) -> None:
    tick = sign * 2**bit
    assert tick_math.sqrt_ratio_at_tick(tick) == sqrt_ratio_at_tick(tick)


@given(tick=st.integers(-MAX_TICK, MAX_TICK))
@settings(max_examples=examples(200))
def test_sqrt_ratio_at_tick__any_tick__equals_reference_and_is_near_the_truth(tick_math: Any, tick: int) -> None:
    answer = tick_math.sqrt_ratio_at_tick(tick)
    assert answer == sqrt_ratio_at_tick(tick)
    low, high = true_sqrt_ratio_x96(tick)
    # Each of 20 products may be off by 2 in 2^-128, before the ratio of a positive tick is inverted
    error = 1 + (40 * high**2 >> 224 if tick > 0 else 0)
    assert low - error <= answer <= high + error


@pytest.mark.parametrize("tick", [MAX_TICK + 1, -MAX_TICK - 1, 2**255 - 1, -(2**255) + 1])
def test_sqrt_ratio_at_tick__beyond_the_last_tick__reverts(tick_math: Any, tick: int) -> None:
    with boa.reverts("T"):
        tick_math.sqrt_ratio_at_tick(tick)
