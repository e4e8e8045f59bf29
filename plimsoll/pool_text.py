"""Prices, ranges and liquidity in words and digits."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt

from plimsoll.pools import PAIR, Pool, Position


def name_and_fee(pool: Pool) -> str:
    return f"{pool.name} {pool.fee} %" if pool.kind == PAIR else pool.name


def exact(price: Fraction) -> str:
    """With so many digits that no price is mistaken for another, and without an exponent."""
    return f"{_decimal(price):f}"


def _decimal(number: Fraction, digits: int = 20) -> Decimal:
    with localcontext() as context:
        context.prec = digits
        return (Decimal(number.numerator) / Decimal(number.denominator)).normalize()


def price_text(price: Fraction, digits: int = 6) -> str:
    """200, 0.00513, 1.2e+25: about so many digits, without zeros that say nothing."""
    number = _decimal(price, digits)
    if number == 0 or Decimal("1e-6") <= number < Decimal("1e9"):
        return f"{number:,f}"
    return f"{number:.2e}"


def range_text(pool: Pool, position: Position) -> str:
    if pool.is_full(position):
        return "full"
    low, high = pool.range_of(position)
    return f"{price_text(low)} - {price_text(high)}"


def loss_text(now: int, held: int) -> str:
    """-5.72 %: so much less than its deposits would be worth (or more, with a plus)."""
    if held == 0:
        return "-"
    hundredths = round(Fraction((now - held) * 10_000, held))
    return f"{Decimal(hundredths).scaleb(-2):+.2f} %" if hundredths else "0.00 %"


def liquidity_text(pool: Pool) -> str:
    """sqrt(x * y) in whole tokens."""
    return f"{isqrt(pool.liquidity**2 // 10 ** sum(c.decimals for c in pool.coins)):,}"
