"""What a moved band could bring an attacker, at most, within the caps by depth; and the grade of a listing. Pure functions.

All values are units of account, WAD, at the honest price unless they say otherwise. `h` is the factor by which an edge of the band was
moved. Four things can be done with an asset whose price lies (the first two are new risk, the others liquidation):

    attack              edge                      he                                          and keeps
    borrow against it   low up                    borrows to the limit, never returns         the loan, less the collateral
    borrow it           high down                 borrows it on good collateral, likewise     what he borrowed, less the collateral
    seize it            liquidation_high down     liquidates who has it as collateral         what he seizes, less what he repays
    call its debts      liquidation_low up        liquidates who owes it                      the same

Each is an upper bound: all of the cap is used, in accounts so many and small that none of them is valued by depth, whoever is liquidated
owes just what is best for the attacker (at most the borrow limit), and one liquidation after the other is possible at once.

Who that is. Between the price of before and the moved one lies a factor h. As long as collateral covers debt and bonus B, the liquidator
takes B for each unit that he repays; so the more is owed the better, up to where it no longer does: beyond, he repays more for the same
collateral. Of a cap on collateral the best victims owe 1 / (h * B) of it, or the borrow limit where that is less. Of a cap on debt they are
those with so much collateral that all of the bonus is there: every unit owed brings B * h - 1, however high the price was pushed.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def gained(what: str, h: Fraction, amount: Fraction, terms: Terms, others: Sequence[Terms], limit_bps: int) -> Fraction:
    """What an attack brings from so much, exactly. It grows with the amount, in proportion, and never falls with `h`.

    amount   of the asset, at the honest price: collateral (the first and the third), or debt
    others   of the reserves that may stand on the other side: the one that is best for the attacker counts
    """
    if what == BORROW_AGAINST:
        found = [_borrow_against(h, amount, terms, limit_bps)]
    elif what == SEIZE_IT:
        found = [_seize_it(h, amount, terms, limit_bps)]
    else:
        ways = {BORROW_IT: _borrow_it, CALL_DEBTS: _call_debts}
        found = [ways[what](h, amount, other, limit_bps) for other in others if other.ltv_bps]
    return max(found, default=Fraction(0))


# ---------------------------------------------------------------- new risk


def borrow_against(h: Fraction, cap: int, terms: Terms, limit_bps: int) -> int:
    """`cap`: on enabled collateral, at the moved price."""
    return int(gained(BORROW_AGAINST, h, cap / h, terms, (), limit_bps))


def _borrow_against(h: Fraction, collateral: Fraction, terms: Terms, limit_bps: int) -> Fraction:
    loan = collateral * h * Fraction(terms.ltv_bps * limit_bps, BPS**2)
    return max(loan - collateral, Fraction(0))


def borrow_it(h: Fraction, cap: int, collateral: Terms, limit_bps: int) -> int:
    """`cap`: on the debt, at the moved price. The collateral is another reserve's, and nothing limits it."""
    return int(gained(BORROW_IT, h, cap * h, collateral, (collateral,), limit_bps))


def _borrow_it(h: Fraction, debt: Fraction, collateral: Terms, limit_bps: int) -> Fraction:
    bound = debt / h * Fraction(BPS**2, collateral.ltv_bps * limit_bps)
    return max(debt - bound, Fraction(0))


# ---------------------------------------------------------------- liquidation


def seize_it(h: Fraction, collateral: int, terms: Terms, limit_bps: int) -> int:
    """From borrowers who have collateral of that value."""
    return int(gained(SEIZE_IT, h, Fraction(collateral), terms, (), limit_bps))


def _seize_it(h: Fraction, collateral: Fraction, terms: Terms, limit_bps: int) -> Fraction:
    if not _liquidatable(h, limit_bps):
        return Fraction(0)
    most = Fraction(terms.ltv_bps * limit_bps, BPS**2)
    if owed_of(h, terms, limit_bps) < most:
        return collateral * (1 - 1 / (h * bonus_of(terms)))
    return collateral * most * _for_each(h, terms, limit_bps)


def call_debts(h: Fraction, debt: int, collateral: Terms, limit_bps: int) -> int:
    """From borrowers who owe that value, on collateral of another reserve."""
    return int(gained(CALL_DEBTS, h, Fraction(debt), collateral, (collateral,), limit_bps))


def _call_debts(h: Fraction, debt: Fraction, collateral: Terms, limit_bps: int) -> Fraction:
    return debt * _for_each(h, collateral, limit_bps) if _liquidatable(h, limit_bps) else Fraction(0)


def bonus_of(terms: Terms) -> Fraction:
    return Fraction(max(terms.bonus_bps, MIN_BONUS_BPS), BPS)


def owed_of(h: Fraction, collateral: Terms, limit_bps: int) -> Fraction:
    """What the best victims owe for each unit of collateral, both at the prices of before."""
    return min(Fraction(collateral.ltv_bps * limit_bps, BPS**2), 1 / (h * bonus_of(collateral)))


def _liquidatable(h: Fraction, limit_bps: int) -> bool:
    """Those at the borrow limit."""
    return h * limit_bps >= BPS


def _for_each(h: Fraction, collateral: Terms, limit_bps: int) -> Fraction:
    """What a unit of debt brings whose collateral covers the bonus, at the prices of before."""
    bonus = bonus_of(collateral)
    deep = h * limit_bps * DEEP_PERCENT >= BPS * 100
    fee = Fraction(0) if deep else min(FEE, (bonus - 1) / (2 * bonus))
    return max(bonus * (1 - fee) * h - 1, Fraction(0))


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
