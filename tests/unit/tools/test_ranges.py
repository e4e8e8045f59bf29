"""Presets, prices and ticks, and what a range holds and loses."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll import ranges
from plimsoll.reference.range_pool import FEE_TIERS, maximum_tick, minimum_tick
from plimsoll.reference.tick_math import MAX_TICK, MIN_TICK, limits, sqrt_ratio_at_tick

Q96 = 2**96
SPACINGS = [1, 7, 10, 60, 200, 16_383]
roots = st.integers(MIN_TICK, MAX_TICK - 1).flatmap(lambda tick: st.integers(sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(tick + 1) - 1))


def test_presets__as_designed() -> None:
    assert {name: (p.least, p.percent, p.most) for name, p in ranges.PRESETS.items()} == {
        "narrow": (5, 10, 10),
        "wide": (20, 50, 50),
        "full": (None, None, None),
    }


# ---------------------------------------------------------------- prices


@pytest.mark.parametrize(
    "price, decimals, tick",
    [
        ("1", (18, 18), 0),
        ("1.0001", (18, 18), 0),  # V3's square root of 1.0001 is rounded up
        ("1.00010001", (18, 18), 1),
        ("0.9999", (18, 18), -2),  # just below 1 / 1.0001
        ("0.99990001", (18, 18), -1),
        ("2", (18, 18), 6931),
        # A dollar of 6 decimals as token1, ether at 3000: 3e-9 raw
        ("3000", (18, 6), -196257),
        # and as token0
        ("0.0005", (6, 18), 200311),
    ],
)
def test_tick_of_price__known_prices(price: str, decimals: tuple[int, int], tick: int) -> None:
    assert ranges.tick_of_price(price, *decimals) == tick
    # The price as a mathematician has it, by its neighbours
    raw = Fraction(price) * Fraction(10) ** (decimals[1] - decimals[0])
    assert sqrt_ratio_at_tick(tick) <= raw_root(raw) < sqrt_ratio_at_tick(tick + 1)


def raw_root(raw: Fraction) -> Decimal:
    return (Decimal(raw.numerator) / Decimal(raw.denominator)).sqrt() * Q96


def test_tick_of_price__inverted__token0_for_one_token1() -> None:
    # Ether at 3000 dollars where the dollar is token0: 1/3000 ether a dollar
    assert ranges.tick_of_price(3000, 6, 18, inverted=True) == ranges.tick_of_price(Fraction(1, 3000), 6, 18)
    root = ranges.sqrt_price_of(3000, 6, 18, inverted=True)
    assert abs(ranges.price_of(root, 6, 18, inverted=True) - 3000) < Fraction(1, 10**9)


@given(tick=st.integers(MIN_TICK, MAX_TICK - 1), decimals=st.tuples(st.integers(0, 24), st.integers(0, 24)), inverted=st.booleans())
def test_price_of_tick__leads_back_to_the_tick(tick: int, decimals: tuple[int, int], inverted: bool) -> None:
    assert ranges.tick_of_price(ranges.price_of_tick(tick, *decimals, inverted), *decimals, inverted) == tick


@given(root=roots, decimals=st.tuples(st.integers(0, 24), st.integers(0, 24)))
def test_price_of__leads_back_to_the_square_root(root: int, decimals: tuple[int, int]) -> None:
    assert ranges.sqrt_price_of(ranges.price_of(root, *decimals), *decimals) == root


@pytest.mark.parametrize("price", [0, -1, "1e-39", "3.5e38", "nan", "abc"])
def test_sqrt_price_of__no_price__refused(price: int | str) -> None:
    with pytest.raises(ValueError, match=r"price|literal|NaN"):
        ranges.sqrt_price_of(price, 18, 18)


# ---------------------------------------------------------------- ticks


@pytest.mark.parametrize(
    "width, spacing, expected",
    [
        # log_1.0001 of 0.9 and 1.1: -1053.6 and 953.1; of 0.5 and 1.5: -6931.8 and 4054.9
        ("narrow", 1, (-1054, 954)),
        ("narrow", 60, (-1080, 960)),
        ("wide", 1, (-6932, 4055)),
        ("wide", 200, (-7000, 4200)),
        ("full", 60, (-887_220, 887_220)),
        ("full", 200, (-887_200, 887_200)),
        # of 0.95 and 1.05: -513.0 (and a little), 487.9
        (5, 1, (-513, 488)),
        ("5%", 10, (-520, 490)),
        (" 7.5 % ", 1, (-780, 724)),
        (Fraction(1, 100), 1, (-2, 1)),
        ((10, 0), 1, (-1054, 0)),
        ((0, 10), 1, (0, 954)),
        (0, 1, (0, 1)),
        (0, 200, (0, 200)),
        (100, 60, (-887_220, 6960)),
        (10**90, 60, (-887_220, 887_220)),
    ],
)
def test_ticks_for__at_a_price_of_1(width: ranges.Width, spacing: int, expected: tuple[int, int]) -> None:
    assert ranges.ticks_for(width, Q96, spacing) == expected


def test_ticks_for__inverted__the_mirror_image() -> None:
    # 10 % around the price of token1 in token0: 1 / 1.1 and 1 / 0.9 of the pool's
    assert ranges.ticks_for("narrow", Q96, 1, inverted=True) == (-954, 1054)
    assert ranges.ticks_for((100, 10), Q96, 60, inverted=True) == (-960, 887_220)


@given(root=roots, spacing=st.sampled_from(SPACINGS), below=st.integers(0, 20_000), above=st.integers(0, 10**8), inverted=st.booleans())
def test_ticks_for__any_price__usable_in_order_and_holding_what_was_asked(
    root: int, spacing: int, below: int, above: int, inverted: bool
) -> None:
    """Hundredths of a per cent."""
    lower, upper = ranges.ticks_for((Fraction(below, 100), Fraction(above, 100)), root, spacing, inverted)
    first, last = minimum_tick(spacing), maximum_tick(spacing)
    assert lower % spacing == upper % spacing == 0
    assert first <= lower < upper <= last
    price = Fraction(root**2, 2**192)
    low, high = max(1 - Fraction(below, 10_000), Fraction(0)), 1 + Fraction(above, 10_000)
    if inverted:
        low, high = 1 / high, 1 / low if low else Fraction(10**80)
    prices = [Fraction(sqrt_ratio_at_tick(tick) ** 2, 2**192) for tick in (lower, upper)]
    assert lower in (first, last - spacing) or prices[0] <= low * price
    assert upper in (last, first + spacing) or prices[1] >= high * price
    # No wider than it takes, unless both ends would be one
    if upper - lower > spacing:
        inner = [Fraction(sqrt_ratio_at_tick(tick) ** 2, 2**192) for tick in (lower + spacing, upper - spacing)]
        assert inner[0] > low * price or lower == first
        assert inner[1] < high * price or upper == last


def test_ticks_of_prices__both_ways_round() -> None:
    assert ranges.ticks_of_prices(1, 2, 1, 18, 18) == (0, 6932)
    assert ranges.ticks_of_prices("0.5", 1, 1, 18, 18, inverted=True) == (0, 6932)
    assert ranges.ticks_of_prices("1e-60", "1e60", 60, 18, 18) == (-887_220, 887_220)
    assert ranges.ticks_of_prices("1e50", "1e60", 60, 18, 18) == (887_160, 887_220)
    assert ranges.ticks_of_prices("1e-60", "1e-50", 60, 18, 18) == (-887_220, -887_160)
    for low, high in ((2, 1), (1, 1), (0, 1), (-1, 1)):
        with pytest.raises(ValueError, match="lower price"):
            ranges.ticks_of_prices(low, high, 1, 18, 18)


@pytest.mark.parametrize("width", ["thin", "", "%", -1, "-5%", (-1, 5), (5, -1)])
def test_ticks_for__nonsense__refused(width: ranges.Width) -> None:
    with pytest.raises(ValueError, match="per cent"):
        ranges.ticks_for(width, Q96, 60)


# ---------------------------------------------------------------- amounts and loss


def test_amounts__below_inside_above() -> None:
    liquidity = 10**24
    below, inside, above = (ranges.amounts(liquidity, sqrt_ratio_at_tick(tick), -600, 600) for tick in (-700, 0, 700))
    assert below[1] == above[0] == 0
    assert ranges.amounts(liquidity, 0, -600, 600) == below
    # 1e24 * (1.0001^300 - 1.0001^-300) both ways; half of it: 1e24 * (1 - 1.0001^-300)
    assert round(Decimal(below[0]) / 10**24, 6) == round(Decimal(above[1]) / 10**24, 6) == Decimal("0.060006")
    assert round(Decimal(inside[0]) / 10**24, 6) == round(Decimal(inside[1]) / 10**24, 6) == Decimal("0.029553")


@given(
    amount0=st.integers(0, 2**120),
    amount1=st.integers(0, 2**120),
    tick=st.integers(-200_000, 200_000),
    lower=st.integers(-3_000, 3_000),
    width=st.integers(1, 3_000),
)
def test_liquidity_for__is_the_most_that_both_amounts_pay_for(amount0: int, amount1: int, tick: int, lower: int, width: int) -> None:
    root = sqrt_ratio_at_tick(tick)
    bounds = (lower * 60, (lower + width) * 60)
    liquidity = ranges.liquidity_for(amount0, amount1, root, *bounds)
    used = ranges.amounts(liquidity, root, *bounds, rounded_up=True)
    assert used[0] <= amount0
    assert used[1] <= amount1
    more = ranges.amounts(liquidity + 2, root, *bounds, rounded_up=True)
    exact = ranges.amounts(liquidity + 1, root, *bounds)
    assert more[0] > amount0 or more[1] > amount1 or exact == used


@pytest.mark.parametrize("times, loss", [("1.25", "0.6"), ("2", "5.7"), ("4", "20.0"), ("5", "25.5"), ("0.25", "20.0"), ("1", "0.0")])
def test_impermanent_loss__full_range__the_known_curve(times: str, loss: str) -> None:
    then = sqrt_ratio_at_tick(0)
    now = ranges.sqrt_price_of(times, 18, 18)
    seen = ranges.impermanent_loss(10**24, -887_272, 887_272, then, now)
    assert round(100 * seen.fraction, 1) == Fraction(loss)
    assert seen.amount == seen.value_held - seen.value_now


def test_impermanent_loss__range_left_behind__one_token_and_the_rest_lost() -> None:
    """From 1.0 to 2.0, opened at 1.5; at 3 all is token1, at 0.5 all is token0."""
    bounds = ranges.ticks_of_prices(1, 2, 1, 18, 18)
    then = ranges.sqrt_price_of("1.5", 18, 18)
    liquidity = 408_248_290_463_863_016_366
    above = ranges.impermanent_loss(liquidity, *bounds, then, ranges.sqrt_price_of(3, 18, 18))
    assert above.now[0] == 0
    # Sold at sqrt(1.5 * 2) on average instead of 3: 44.66 * (3 - sqrt(3)) of 91.75 + 3 * 44.66
    assert round(100 * above.fraction, 1) == round(Fraction("44.66") * (3 - Fraction("1.7322")) / Fraction("225.73") * 100, 1)
    below = ranges.impermanent_loss(liquidity, *bounds, then, ranges.sqrt_price_of("0.5", 18, 18))
    assert below.now[1] == 0
    assert 0 < below.fraction < 1
    worthless = ranges.loss_against((5, 0), (5, 0), 0)
    assert (worthless.fraction, worthless.amount) == (0, 0)


@given(tick=st.integers(-50_000, 50_000), other=st.integers(-60_000, 60_000), lower=st.integers(-900, 900), width=st.integers(1, 900))
def test_impermanent_loss__is_never_a_gain(tick: int, other: int, lower: int, width: int) -> None:
    seen = ranges.impermanent_loss(10**30, lower * 60, (lower + width) * 60, sqrt_ratio_at_tick(tick), sqrt_ratio_at_tick(other))
    # But for the rounding of what it held: a unit of each
    assert seen.amount >= -2 * (1 + Fraction(sqrt_ratio_at_tick(other), Q96) ** 2)


def test_fee_tiers__have_usable_limits() -> None:
    least, too_large = limits()
    for spacing in FEE_TIERS.values():
        assert -887_272 <= minimum_tick(spacing) == -maximum_tick(spacing)
        assert least <= sqrt_ratio_at_tick(minimum_tick(spacing)) < sqrt_ratio_at_tick(maximum_tick(spacing)) <= too_large
