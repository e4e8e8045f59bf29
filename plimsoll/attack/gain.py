"""What a moved band could bring an attacker, at most, within the caps by depth; and the grade of a listing. Pure functions.

All values are units of account, WAD, at the honest price unless they say otherwise. `h` is the factor by which an edge of the band was
moved. Four things can be done with an asset whose price lies (the first two are new risk, the others liquidation):

    attack              edge                      he                                          and keeps
    borrow against it   low up                    borrows to the limit, never returns         the loan, less the collateral
    borrow it           high down                 borrows it on good collateral, likewise     what he borrowed, less the collateral
    seize it            liquidation_high down     liquidates who has it as collateral         what he seizes, less what he repays
    call its debts      liquidation_low up        liquidates who owes it                      the same

Each is an upper bound: all of the cap is used, in accounts so many and small that none of them is valued by depth, others are exactly at the
borrow limit, and one liquidation after the other is possible at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

BPS = 10_000

BORROW_AGAINST, BORROW_IT, SEIZE_IT, CALL_DEBTS = "borrow against it", "borrow it", "seize it", "call its debts"

MIN_BONUS_BPS = 10_100
# Usage from which liquidation takes no fee, and everything at once: 1 / 0.95
DEEP_PERCENT = 95
FEE = Fraction(3, 100)


@dataclass(frozen=True)
class Terms:
    """Of a reserve."""

    ltv_bps: int
    bonus_bps: int


# Below this LTV the caps do not grow
LEAST_LTV_FOR_CAP_BPS = 6_500


def cap(depth: int, terms: Terms) -> int:
    """What all enabled collateral, or all debt, may be worth: (1 / sqrt(LTV * bonus) - 1) * depth"""
    risk = max(terms.ltv_bps, LEAST_LTV_FOR_CAP_BPS) * terms.bonus_bps
    return max(isqrt(depth**2 * BPS**2 // risk) - depth, 0)


# ---------------------------------------------------------------- new risk


def borrow_against(h: Fraction, cap: int, terms: Terms, limit_bps: int) -> int:
    """`cap`: on enabled collateral, at the moved price."""
    loan = Fraction(cap * terms.ltv_bps * limit_bps, BPS**2)
    return max(int(loan - cap / h), 0)


def borrow_it(h: Fraction, cap: int, collateral: Terms, limit_bps: int) -> int:
    """`cap`: on the debt, at the moved price. The collateral is another reserve's, and nothing limits it."""
    if collateral.ltv_bps == 0:
        return 0
    bound = Fraction(cap * BPS**2, collateral.ltv_bps * limit_bps)
    return max(int(cap * h - bound), 0)


# ---------------------------------------------------------------- liquidation


def seize_it(h: Fraction, collateral: int, terms: Terms, limit_bps: int) -> int:
    """From borrowers who have collateral of that value and owe as much as they could borrow."""
    debt = Fraction(collateral * terms.ltv_bps * limit_bps, BPS**2)
    taken, repaid = _liquidated(Fraction(collateral) / h, debt, Fraction(limit_bps, BPS) * h, terms.bonus_bps)
    return max(int(taken * h - repaid), 0)


def call_debts(h: Fraction, debt: int, collateral: Terms, limit_bps: int) -> int:
    """From borrowers who owe that value, as much as they could borrow on collateral of another reserve."""
    if collateral.ltv_bps == 0:
        return 0
    held = Fraction(debt * BPS**2, collateral.ltv_bps * limit_bps)
    taken, repaid = _liquidated(held, debt * h, Fraction(limit_bps, BPS) * h, collateral.bonus_bps)
    return max(int(taken - repaid / h), 0)


def _liquidated(collateral: Fraction, debt: Fraction, usage: Fraction, bonus_bps: int) -> tuple[Fraction, Fraction]:
    """(received, repaid) at the seizure prices, which have followed: down to the last of it."""
    if usage < 1 or not debt:
        return Fraction(0), Fraction(0)
    bonus = max(min(Fraction(max(bonus_bps, MIN_BONUS_BPS), BPS), collateral / debt), Fraction(MIN_BONUS_BPS, BPS))
    repaid = min(debt, collateral / bonus)
    fee = Fraction(0) if usage * DEEP_PERCENT >= 100 else min(FEE, (bonus - 1) / (2 * bonus))
    return repaid * bonus * (1 - fee), repaid


# ---------------------------------------------------------------- the grade

# Least cost / gain of each. From D on an attack costs at least what it could bring at most.
GRADES: tuple[tuple[str, Fraction], ...] = (
    ("A", Fraction(10)),
    ("B", Fraction(3)),
    ("C", Fraction(3, 2)),
    ("D", Fraction(1)),
    ("E", Fraction(1, 2)),
    ("F", Fraction(0)),
)


def ratio(cost: int, gain: int) -> Fraction | None:
    """None: there is nothing to gain."""
    return Fraction(cost, gain) if gain > 0 else None


def grade(worst: Fraction | None) -> str:
    if worst is None:
        return GRADES[0][0]
    return next(letter for letter, least in GRADES if worst >= least)
