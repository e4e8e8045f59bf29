"""What a market of limited depth leaves of a value, in exact integers, written from docs/SPEC.md.

Values and depths are WAD units of account; a depth of None limits nothing, and one of 2**112 or more counts as None.
"""

from __future__ import annotations

import math

BPS = 10_000

NEW_RISK, OFF, FULL = 0, 1, 2
UNLIMITED = 2**112
LEAST_LTV_BPS = 6_500


def limits(depth: int | None) -> bool:
    return depth is not None and depth < UNLIMITED


def value_down(face: int, depth: int | None) -> int:
    """Collateral: v * (D / (D + v))**2 with v = min(face, D), rounded down."""
    if depth is None or not limits(depth):
        return face
    sold = min(face, depth)
    return sold * depth**2 // (depth + sold) ** 2 if sold else 0


def cost_up(face: int, depth: int | None) -> int | None:
    """Debt: v * D / (D - v), rounded up; None where the market does not have as much."""
    if depth is None or not limits(depth):
        return face
    return None if face >= depth else -(-face * depth // (depth - face))


def cost_bounded_up(face: int, depth: int | None) -> int:
    """Debt in the liquidation test: the same up to v = D / 2, and from there on twice the face value."""
    if depth is None or not limits(depth):
        return face
    return 2 * face if 2 * face >= depth else -(-face * depth // (depth - face))


def cap(depth: int, ltv_bps: int, bonus_bps: int) -> int | None:
    """(1 / sqrt(LTV * bonus) - 1) * D, rounded down, with an LTV of at least 65 %: of all counted collateral, and of all debt."""
    if not limits(depth):
        return None
    return math.isqrt(depth**2 * BPS**2 // (max(ltv_bps, LEAST_LTV_BPS) * bonus_bps)) - depth
