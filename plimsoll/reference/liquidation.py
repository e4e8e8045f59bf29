"""The liquidation of an account at a fixed bonus, in exact integers: an account and prices go in, what moves comes out.

Written from docs/SPEC.md. Values are WAD, prices the value of 10**18 raw units, amounts raw. Collateral reads down,
debt reads up; what the liquidator gets rounds down, what he pays for all of a collateral rounds up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plimsoll.reference.depth import FULL, NEW_RISK, cost_bounded_up
from plimsoll.reference.depth import value_down as by_depth_down

WAD = 10**18
BPS = 10_000

LEAST_BONUS_BPS = 10_100
SMALL_WAD = 2_000 * WAD
DUST_WAD = 1 * WAD


class Refused(Exception):
    """The reason why an account is not liquidated, in the engine's words."""


@dataclass(frozen=True)
class Prices:
    """The oracle's liquidation prices of an asset; fresh 0: no valid price now, the others are the last valid ones.

    `fresh` is that of collateral; fresh_high, that of debt, is the same where it is not given. `depth` is the one of the
    liquidation test, None where nothing limits it.
    """

    high: int
    low: int
    fresh: int
    fresh_high: int | None = None
    depth: int | None = None

    @property
    def fresh_debt(self) -> int:
        return self.fresh if self.fresh_high is None else self.fresh_high


@dataclass(frozen=True)
class Collateral:
    asset: str
    amount: int
    ltv_bps: int
    bonus_bps: int
    depth_mode: int = NEW_RISK


@dataclass(frozen=True)
class Debt:
    asset: str
    amount: int
    depth_mode: int = NEW_RISK


@dataclass(frozen=True)
class Account:
    collaterals: tuple[Collateral, ...]
    debts: tuple[Debt, ...]


@dataclass(frozen=True)
class Liquidation:
    repaid: int
    seized: int  # the fee included
    fee: int
    collateral_price: int
    debt_price: int
    debt_value: int
    capacity: int
    bonus_wad: int
    write_off: bool

    @property
    def received(self) -> int:
        return self.seized - self.fee


def ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def value_down(amount: int, price: int) -> int:
    return amount * price // WAD


def value_up(amount: int, price: int) -> int:
    return ceil_div(amount * price, WAD)


def health(account: Account, prices: Mapping[str, Prices]) -> tuple[int, int]:
    """(capacity, debt) at the trigger prices; by depth where the reserve's mode is FULL."""

    def depth(side: Collateral | Debt) -> int | None:
        return prices[side.asset].depth if side.depth_mode == FULL else None

    weighted = sum(by_depth_down(value_down(c.amount, prices[c.asset].high), depth(c)) * c.ltv_bps for c in account.collaterals)
    debt = sum(cost_bounded_up(value_up(d.amount, prices[d.asset].low), depth(d)) for d in account.debts)
    return weighted // BPS, debt


def usage_wad(capacity: int, debt: int) -> int | None:
    """Debt / capacity rounded down; None: debt without any capacity."""
    if debt == 0:
        return 0
    return debt * WAD // capacity if capacity else None


def beta_of(collateral: Collateral) -> int:
    return max(collateral.bonus_bps, LEAST_BONUS_BPS)


def collateral_seizure_price(price: Prices, beta_bps: int) -> int:
    """max(min(fresh, high), 0.75 * beta * high), the floor rounded up."""
    floor = ceil_div(75 * beta_bps * price.high, 100 * BPS)
    return max(min(price.fresh, price.high), floor)


def debt_seizure_price(debt: Prices, collateral: Prices, s_c: int, beta_bps: int) -> int:
    """min(max(fresh, low), low * s_c / (0.75 * beta * high)), the ratio and the ceiling rounded down."""
    ratio_wad = s_c * 100 * BPS * WAD // (75 * beta_bps * collateral.high)
    return min(max(debt.fresh_debt, debt.low), debt.low * ratio_wad // WAD)


def bonus_of(beta_bps: int, collateral_value: int, debt_value: int) -> int:
    """beta_eff = max(1.01, min(beta, C / D)), WAD, rounded down."""
    return max(WAD * 101 // 100, min(beta_bps * WAD // BPS, collateral_value * WAD // debt_value))


def liquidate(
    account: Account, prices: Mapping[str, Prices], debt_asset: str, collateral_asset: str, max_repay: int = 2**256 - 1, fee_bps: int = 300
) -> Liquidation:
    capacity, debt_value = health(account, prices)
    if debt_value == 0 or debt_value < capacity:
        raise Refused("engine: healthy")
    debt = next((d for d in account.debts if d.asset == debt_asset and d.amount > 0), None)
    if debt is None:
        raise Refused("engine: no debt")
    collateral = next((c for c in account.collaterals if c.asset == collateral_asset and c.amount > 0), None)
    if collateral is None:
        raise Refused("engine: no collateral")
    if prices[debt_asset].fresh_debt == 0 or prices[collateral_asset].fresh == 0:
        raise Refused("engine: no price")

    beta_bps = beta_of(collateral)
    s_c = collateral_seizure_price(prices[collateral_asset], beta_bps)
    if s_c == 0:
        raise Refused("engine: no price")
    s_d = debt_seizure_price(prices[debt_asset], prices[collateral_asset], s_c, beta_bps)
    if s_d == 0:
        raise Refused("engine: no price")

    def collateral_at(c: Collateral, amount: int) -> int:
        price = prices[c.asset]
        return value_down(amount, collateral_seizure_price(price, beta_of(c)) if price.fresh else price.high)

    def debt_at(d: Debt, amount: int) -> int:
        price = prices[d.asset]
        return value_up(amount, s_d if d is debt else max(price.fresh_debt, price.low))

    total_collateral = sum(collateral_at(c, c.amount) for c in account.collaterals)
    total_debt = sum(debt_at(d, d.amount) for d in account.debts)
    bonus_wad = bonus_of(beta_bps, total_collateral, total_debt)

    # usage >= 1 / 0.95
    deep = 95 * debt_value >= 100 * capacity
    small = debt.amount * s_d < SMALL_WAD * WAD or collateral.amount * s_c < SMALL_WAD * WAD
    limit = debt.amount if deep or small else debt.amount // 2

    repaid = min(max_repay, limit)
    seized = repaid * s_d * bonus_wad // (s_c * WAD)
    if seized > collateral.amount:
        seized = collateral.amount
        repaid = ceil_div(seized * s_c * WAD, s_d * bonus_wad)
    if seized == 0:
        raise Refused("engine: zero amount")

    # fee_bps of the seized, at most half of the bonus: seized * (1 - 1 / beta_eff) / 2
    fee = 0 if deep else min(fee_bps * seized // 10_000, seized * (bonus_wad - WAD) // (2 * bonus_wad))

    collateral_left = sum(collateral_at(c, c.amount - (seized if c is collateral else 0)) for c in account.collaterals)
    debt_left = sum(debt_at(d, d.amount - (repaid if d is debt else 0)) for d in account.debts)
    # what never had a price is worth nobody knows what: no ground to call the debt bad
    known = all(prices[c.asset].high for c in account.collaterals if c.amount)
    write_off = known and collateral_left < DUST_WAD and debt_left > collateral_left
    return Liquidation(repaid, seized, fee, s_c, s_d, debt_value, capacity, bonus_wad, write_off)
