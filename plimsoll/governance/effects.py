"""What a change does to those who have debt: how many stand in another stage then. Exact, at the prices of now. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plimsoll import words
from plimsoll.governance.changes import Ltv
from plimsoll.monitor import BPS, Account, Position, capacity_of, value_up

# (liquidation_high, liquidation_low, liquidation_depth or MAX_UINT256 where the mode takes no depth)
Prices = tuple[int, int, int]


@dataclass(frozen=True)
class Effect:
    # with debt, and those of them that have the asset as collateral or owe it
    accounts: int
    touched: int
    # how many are in each stage now, when the change acts, and in the end (of a ramp)
    now: tuple[int, ...]
    at_once: tuple[int, ...]
    in_the_end: tuple[int, ...]
    # in another stage than now; able to be liquidated, and not now; without room for new risk, and with some now
    changed_at_once: int
    changed_in_the_end: int
    newly_liquidatable: int
    # None: not known, because other prices for new risk would count
    newly_without_room: int | None

    def figures(self) -> dict[str, Any]:
        """JSON data."""

        def stages(counts: Sequence[int]) -> dict[str, int]:
            return dict(zip(words.STAGES, counts, strict=True))

        return {
            "accounts_with_debt": self.accounts,
            "touched": self.touched,
            "stages_now": stages(self.now),
            "stages_at_once": stages(self.at_once),
            "stages_in_the_end": stages(self.in_the_end),
            "change_stage_at_once": self.changed_at_once,
            "change_stage_in_the_end": self.changed_in_the_end,
            "newly_liquidatable": self.newly_liquidatable,
            "newly_without_room": self.newly_without_room,
        }


def effect(
    accounts: Sequence[Account],
    limit_bps: int,
    asset: str | None = None,
    ltv: Ltv | None = None,
    prices: Mapping[str, Prices] | None = None,
) -> Effect:
    """`accounts`: all with debt. `prices`: of another oracle, by asset."""

    def with_ltv(bps: int) -> Callable[[Position], Position]:
        return lambda p: replace(p, ltv_bps=bps) if p.asset == asset else p

    def same(p: Position) -> Position:
        return p

    first, last = (same, same) if ltv is None else (with_ltv(ltv.at_once_bps), with_ltv(ltv.in_the_end_bps))
    now = [a.stage for a in accounts]
    at_once = [_stage(a, first, prices) for a in accounts]
    in_the_end = [_stage(a, last, prices) for a in accounts]
    rooms = [(_room(a, limit_bps, None, None), _room(a, limit_bps, asset, ltv)) for a in accounts]
    return Effect(
        accounts=len(accounts),
        touched=sum(any(p.asset == asset for p in (*a.collaterals, *a.debts)) for a in accounts),
        now=_count(now),
        at_once=_count(at_once),
        in_the_end=_count(in_the_end),
        changed_at_once=sum(a != b for a, b in zip(now, at_once, strict=True)),
        changed_in_the_end=sum(a != b for a, b in zip(now, in_the_end, strict=True)),
        newly_liquidatable=sum(
            a != words.LIQUIDATION and words.LIQUIDATION in later for a, *later in zip(now, at_once, in_the_end, strict=True)
        ),
        newly_without_room=None if prices is not None else sum(before > 0 and after == 0 for before, after in rooms),
    )


def _count(stages: Sequence[int]) -> tuple[int, ...]:
    return tuple(stages.count(number) for number in range(len(words.STAGES)))


def _stage(account: Account, changed: Callable[[Position], Position], prices: Mapping[str, Prices] | None) -> int:
    collaterals = [changed(p) for p in account.collaterals]
    debt = account.debt
    if prices is not None:
        collaterals = [replace(p, price=prices[p.asset][0], depth=prices[p.asset][2]) for p in collaterals]
        debt = sum(value_up(d.amount, prices[d.asset][1], prices[d.asset][2]) for d in account.debts)
    capacity = capacity_of([(p.amount, p.price, p.ltv_bps, p.depth) for p in collaterals])
    return words.stage(words.usage_wad(debt, capacity))


def _room(account: Account, limit_bps: int, asset: str | None, ltv: Ltv | None) -> int:
    """What may still be borrowed."""
    if account.blocked:
        return 0
    capacity = sum(
        (p.new_risk_wad or 0) * (ltv.new_risk_bps if ltv is not None and p.asset == asset else p.new_risk_ltv_bps) // BPS
        for p in account.collaterals
    )
    return max(capacity * limit_bps // BPS - account.new_risk_debt, 0)
