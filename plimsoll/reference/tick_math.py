"""Ticks and square roots of prices, Uniswap V3's getSqrtRatioAtTick and getTickAtSqrtRatio to the last bit, derived from 1.0001."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache, lru_cache

MAX_TICK = 887272
MIN_TICK = -MAX_TICK
_DIGITS = 120


@cache
def constants() -> tuple[int, ...]:
    """round(2^128 / sqrt(1.0001)^(2^k)) for the 20 bits k of a tick."""
    with localcontext() as context:
        context.prec = _DIGITS
        root = Decimal("1.0001").sqrt()
        return tuple(int((Decimal(2**128) / root ** (2**k)).to_integral_value(ROUND_HALF_EVEN)) for k in range(20))


@lru_cache(maxsize=2**16)
def sqrt_ratio_at_tick(tick: int) -> int:
    """sqrt(1.0001^tick) as Q64.96.

    The products are taken from the lowest bit up, each cut to 128 bits; a positive tick is 2^256 - 1 over the ratio of the
    negative one; the result is rounded up to 96 bits.
    """
    if abs(tick) > MAX_TICK:
        raise ValueError("tick out of range")
    ratio = 2**128
    for k, constant in enumerate(constants()):
        if abs(tick) >> k & 1:
            ratio = ratio * constant // 2**128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return -(-ratio // 2**32)


def limits() -> tuple[int, int]:
    """The least square root of a price, and the one that is too large."""
    return sqrt_ratio_at_tick(MIN_TICK), sqrt_ratio_at_tick(MAX_TICK)


def tick_at_sqrt_ratio(sqrt_price_x96: int) -> int:
    """The greatest tick whose square root is not above this one; found by halving, so that it rests on nothing but the above."""
    low, high = MIN_TICK, MAX_TICK
    if not sqrt_ratio_at_tick(low) <= sqrt_price_x96 < sqrt_ratio_at_tick(high):
        raise ValueError("price out of range")
    while high - low > 1:
        middle = (low + high) // 2
        if sqrt_ratio_at_tick(middle) <= sqrt_price_x96:
            low = middle
        else:
            high = middle
    return low


def true_sqrt_ratio_x96(tick: int) -> tuple[int, int]:
    """Floor and ceiling of 2^96 * sqrt(1.0001^tick), to check the above by."""
    with localcontext() as context:
        context.prec = _DIGITS
        exact = Decimal("1.0001").sqrt() ** tick * 2**96
        return int(exact.to_integral_value(ROUND_FLOOR)), int(exact.to_integral_value(ROUND_CEILING))
