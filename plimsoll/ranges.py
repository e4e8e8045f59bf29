"""Ranges for people: presets, prices, ticks, what a position holds, and what it lost against holding.

Prices are exact fractions of whole tokens: token1 for one token0, or, `inverted`, token0 for one token1. A tick's price is the one at
which the contract crosses it, so that a tick's price leads back to the tick. A square root of a price is the pool's (sqrtPriceX96, raw units).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt

from plimsoll.reference.range_pool import Q96, amounts_for_liquidity, maximum_tick, minimum_tick
from plimsoll.reference.tick_math import limits, sqrt_ratio_at_tick, tick_at_sqrt_ratio

Number = int | str | Decimal | Fraction
Q192 = Q96**2


@dataclass(frozen=True)
class Preset:
    """So many per cent below and above the price; None: all prices."""

    percent: Fraction | None
    # What of this kind may be asked for instead
    least: Fraction | None
    most: Fraction | None
    summary: str


PRESETS = {
    "narrow": Preset(Fraction(10), Fraction(5), Fraction(10), "5 to 10 % around the price: most fees, soonest out of range"),
    "wide": Preset(Fraction(50), Fraction(20), Fraction(50), "20 to 50 % around the price: for weeks, not days"),
    "full": Preset(None, None, None, "all prices, as in an x*y=k pair: never out of range"),
}

# A preset's name, per cent to either side ("7.5", "7.5%", 7), or per cent below and above
Width = Number | tuple[Number, Number]


# ---------------------------------------------------------------- prices


def _unit(decimals0: int, decimals1: int) -> Fraction:
    """Price in whole tokens for a price of 1 in raw units."""
    return Fraction(10) ** (decimals0 - decimals1)


def price_of(sqrt_price_x96: int, decimals0: int, decimals1: int, inverted: bool = False) -> Fraction:
    price = Fraction(sqrt_price_x96**2, Q192) * _unit(decimals0, decimals1)
    return 1 / price if inverted else price


def sqrt_price_of(price: Number, decimals0: int, decimals1: int, inverted: bool = False) -> int:
    """Rounded down."""
    exact = Fraction(price)
    if exact <= 0:
        raise ValueError("a price is above 0")
    raw = (1 / exact if inverted else exact) / _unit(decimals0, decimals1)
    sqrt_price_x96 = isqrt(raw.numerator * Q192 // raw.denominator)
    least, too_large = limits()
    if not least <= sqrt_price_x96 < too_large:
        raise ValueError("no pool can have this price")
    return sqrt_price_x96


def price_of_tick(tick: int, decimals0: int, decimals1: int, inverted: bool = False) -> Fraction:
    return price_of(sqrt_ratio_at_tick(tick), decimals0, decimals1, inverted)


def tick_of_price(price: Number, decimals0: int, decimals1: int, inverted: bool = False) -> int:
    """The tick that a pool at this price is in."""
    return tick_at_sqrt_ratio(sqrt_price_of(price, decimals0, decimals1, inverted))


# ---------------------------------------------------------------- ranges


def ticks_for(width: Width, sqrt_price_x96: int, spacing: int, inverted: bool = False) -> tuple[int, int]:
    """Lower and upper tick around a price, rounded outwards to usable ticks: the range holds at least what was asked for.

    Per cent are of the price as it is read: 10 % around 100 is 90 to 110, so with an inverted price the pool's own price ranges from
    1/1.1 to 1/0.9 of itself.
    """
    below, above = _percents(width)
    low = None if below is None or below >= 100 else 1 - below / 100
    high = None if above is None else 1 + above / 100
    if inverted:
        low, high = (1 / factor if factor else None for factor in (high, low))
    price = Fraction(sqrt_price_x96**2, Q192)
    return _ticks(low and low * price, high and high * price, spacing)


def ticks_of_prices(low: Number, high: Number, spacing: int, decimals0: int, decimals1: int, inverted: bool = False) -> tuple[int, int]:
    """Lower and upper tick that hold all prices from `low` to `high`."""
    unit = _unit(decimals0, decimals1)
    ends = [Fraction(price) for price in (low, high)]
    if not 0 < ends[0] < ends[1]:
        raise ValueError("the lower price must be above 0 and below the upper one")
    raw = sorted((1 / price if inverted else price) / unit for price in ends)
    return _ticks(raw[0], raw[1], spacing)


def _percents(width: Width) -> tuple[Fraction | None, Fraction | None]:
    if isinstance(width, tuple):
        below, above = Fraction(width[0]), Fraction(width[1])
    elif isinstance(width, str) and width in PRESETS:
        percent = PRESETS[width].percent
        if percent is None:
            return None, None
        below = above = percent
    else:
        try:
            below = above = Fraction(width.strip().removesuffix("%").strip() if isinstance(width, str) else width)
        except ValueError:
            raise ValueError(f"neither a preset ({', '.join(PRESETS)}) nor per cent: {width}") from None
    if below < 0 or above < 0:
        raise ValueError("per cent around a price are not below 0")
    return below, above


def _ticks(low: Fraction | None, high: Fraction | None, spacing: int) -> tuple[int, int]:
    """Of raw prices; None stands for the end of all prices."""
    first, last = minimum_tick(spacing), maximum_tick(spacing)
    lower, upper = first, last
    # A tick's square root is an integer, so rounding the price's decides nothing
    if low is not None and (root := isqrt(low.numerator * Q192 // low.denominator)) >= sqrt_ratio_at_tick(first):
        lower = min(_tick_at_most(root) // spacing * spacing, last - spacing)
    if high is not None and (root := isqrt(-(-high.numerator * Q192 // high.denominator) - 1) + 1) <= sqrt_ratio_at_tick(last):
        at_most = _tick_at_most(root)
        above = at_most if sqrt_ratio_at_tick(at_most) == root else at_most + 1
        upper = max(-(-above // spacing) * spacing, first + spacing)
    # Where both ends fall on one tick the range is the one above it
    return lower, max(upper, lower + spacing)


def _tick_at_most(root: int) -> int:
    """Of a square root anywhere, the greatest tick that is not above it."""
    least, too_large = limits()
    return tick_at_sqrt_ratio(min(max(root, least), too_large - 1))


# ---------------------------------------------------------------- what a position holds


def amounts(liquidity: int, sqrt_price_x96: int, lower: int, upper: int, rounded_up: bool = False) -> tuple[int, int]:
    """Raw units of token0 and token1; all token0 below the range (at a price of 0 too), all token1 above."""
    return amounts_for_liquidity(liquidity, sqrt_price_x96, sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper), rounded_up)


def liquidity_for(amount0: int, amount1: int, sqrt_price_x96: int, lower: int, upper: int) -> int:
    """The most that both amounts pay for."""
    low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
    inside = min(max(sqrt_price_x96, low), high)
    bounds = []
    if inside < high:
        bounds.append(amount0 * inside * high // (Q96 * (high - inside)))
    if inside > low:
        bounds.append(amount1 * Q96 // (inside - low))
    return min(bounds)


def value(amount0: int, amount1: int, sqrt_price_x96: int) -> Fraction:
    """In raw units of token1."""
    return Fraction(amount0 * sqrt_price_x96**2, Q192) + amount1


@dataclass(frozen=True)
class Loss:
    """What a position holds, fees apart, against what was put in; values in raw units of token1 at the price now."""

    held: tuple[int, int]
    now: tuple[int, int]
    value_held: Fraction
    value_now: Fraction

    @property
    def fraction(self) -> Fraction:
        """Of the value of holding; 0 where that is worth nothing."""
        return 1 - self.value_now / self.value_held if self.value_held else Fraction(0)

    @property
    def amount(self) -> Fraction:
        return self.value_held - self.value_now


def loss_against(held: tuple[int, int], now: tuple[int, int], sqrt_price_x96: int) -> Loss:
    """Any two holdings at one price: what went in, and what comes out (with the fees, if they shall count)."""
    return Loss(held, now, value(*held, sqrt_price_x96), value(*now, sqrt_price_x96))


def impermanent_loss(liquidity: int, lower: int, upper: int, sqrt_price_then: int, sqrt_price_now: int) -> Loss:
    """Of a position opened at one price and looked at when there is another one."""
    held = amounts(liquidity, sqrt_price_then, lower, upper)
    return loss_against(held, amounts(liquidity, sqrt_price_now, lower, upper), sqrt_price_now)
