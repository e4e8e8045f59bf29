"""A lending pool that believes one price for everything, as those that the band is compared with: counted here, not on chain.

It liquidates by the rules of our engine (half of the debt at once, a bonus of 10 %, everything when usage is above 1/0.95 or one side is
small), and by the same liquidator: a block after the account can be liquidated, and only where it pays at the true price. Interest is
left out: it is a few hundredths of a per cent in a day.
"""

from __future__ import annotations

from dataclasses import dataclass

WAD = 10**18
BPS = 10_000
LEAST_BONUS_WAD = 101 * 10**16
SMALL_WAD = 2_000 * WAD
DUST_WAD = WAD


@dataclass
class Position:
    # collateral in 1e-18 of the asset, debt in WAD dollars
    collateral: int
    debt: int


@dataclass(frozen=True)
class Taken:
    repaid: int
    # the fee included
    seized: int
    fee: int


def can_be_liquidated(p: Position, price: int, ltv_bps: int) -> bool:
    """At 100 % usage, exactly included."""
    return p.debt > 0 and p.debt >= p.collateral * price // WAD * ltv_bps // BPS


def liquidation(p: Position, price: int, ltv_bps: int, bonus_bps: int) -> Taken:
    """What the engine would do where trigger and seizure price are one."""
    value = p.collateral * price // WAD
    deep = 95 * p.debt >= 100 * (value * ltv_bps // BPS)
    small = p.debt < SMALL_WAD or value < SMALL_WAD
    repaid = p.debt if deep or small else p.debt // 2
    bonus = max(LEAST_BONUS_WAD, min(bonus_bps * WAD // BPS, value * WAD // p.debt))
    seized = repaid * bonus // price
    if seized > p.collateral:
        seized = p.collateral
        repaid = -(-seized * price // bonus)
    fee = 0 if deep else min(3 * seized // 100, seized * (bonus - WAD) // (2 * bonus))
    return Taken(repaid, seized, fee)


def pays(taken: Taken, true_price: int) -> bool:
    """Does a liquidator gain who sells what he gets at the true price?"""
    return (taken.seized - taken.fee) * true_price // WAD > taken.repaid


def settle(p: Position, taken: Taken, price: int) -> int:
    """Changes the position; returns the debt that is written off."""
    p.collateral -= taken.seized
    p.debt -= taken.repaid
    if p.collateral * price // WAD >= DUST_WAD or p.debt <= 0:
        return 0
    lost, p.debt, p.collateral = p.debt, 0, 0
    return lost


def uncovered(positions: list[Position], true_price: int) -> int:
    """Debt above what the collateral is worth."""
    return sum(max(0, p.debt - p.collateral * true_price // WAD) for p in positions)
