"""The reference of ticks at prices, against published values of Uniswap V3 and the definition."""

import random
from math import isqrt

import pytest

from plimsoll.reference.range_pool import all_words, initialised, max_liquidity_per_tick
from plimsoll.reference.tick_math import MAX_TICK, MIN_TICK, limits, sqrt_ratio_at_tick, tick_at_sqrt_ratio

# MIN_SQRT_RATIO and MAX_SQRT_RATIO of @uniswap/v3-core
LEAST, TOO_LARGE = 4295128739, 1461446703485210103287273052203988822378723970342


def test_limits__published_values() -> None:
    assert limits() == (LEAST, TOO_LARGE)


# The snapshot of the test suite of @uniswap/v3-core (TickMath), for ratios of amounts
@pytest.mark.parametrize(
    "ratio, tick",
    [
        ((1, 10**12), -276325),
        ((1, 10**6), -138163),
        ((1, 64), -41591),
        ((1, 8), -20796),
        ((1, 2), -6932),
        ((1, 1), 0),
        ((2, 1), 6931),
        ((8, 1), 20795),
        ((64, 1), 41590),
        ((10**6, 1), 138162),
        ((10**12, 1), 276324),
    ],
)
def test_tick_at_sqrt_ratio__published_values(ratio: tuple[int, int], tick: int) -> None:
    assert tick_at_sqrt_ratio(isqrt((ratio[0] << 192) // ratio[1])) == tick


@pytest.mark.parametrize("sqrt_price, tick", [(LEAST, MIN_TICK), (4295343490, MIN_TICK + 1), (TOO_LARGE - 1, MAX_TICK - 1)])
def test_tick_at_sqrt_ratio__published_limits(sqrt_price: int, tick: int) -> None:
    assert tick_at_sqrt_ratio(sqrt_price) == tick


def test_tick_at_sqrt_ratio__around_ticks__is_the_greatest_not_above() -> None:
    rng = random.Random(1)
    for tick in [MIN_TICK, MIN_TICK + 1, -1, 0, 1, MAX_TICK - 1, *rng.sample(range(MIN_TICK, MAX_TICK), 300)]:
        root = sqrt_ratio_at_tick(tick)
        assert tick_at_sqrt_ratio(root) == tick
        assert tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1) - 1) == tick
        if tick > MIN_TICK:
            assert tick_at_sqrt_ratio(root - 1) == tick - 1


@pytest.mark.parametrize("sqrt_price", [0, LEAST - 1, TOO_LARGE, 2**160])
def test_tick_at_sqrt_ratio__no_price__refused(sqrt_price: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        tick_at_sqrt_ratio(sqrt_price)


# From the test suite of @uniswap/v3-core (Tick)
@pytest.mark.parametrize(
    "spacing, most",
    [
        (10, 1917569901783203986719870431555990),
        (60, 11505743598341114571880798222544994),
        (200, 38350317471085141830651933667504588),
    ],
)
def test_max_liquidity_per_tick__published_values(spacing: int, most: int) -> None:
    assert max_liquidity_per_tick(spacing) == most


def test_bitmap__words_and_bits() -> None:
    assert len(all_words(60)) == 116
    assert len(all_words(1)) == 6_932
    assert initialised({-1: 1 << 255 | 1, 0: 0b101}, 60) == [-256 * 60, -60, 0, 120]
