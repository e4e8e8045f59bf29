"""The ledger of the lending pool, in exact integers, written from docs/SPEC.md: what every account owns and owes.

Amounts are raw token units, indices RAY, values and prices WAD (the value of 10**18 raw units). A refused action raises
`Refused` with the pool's words and leaves the ledger as it was.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from plimsoll.reference.depth import FULL, MODES, NEW_RISK, OFF, cap, cost_up, value_down
from plimsoll.reference.rate_model import MAX_RATE_WAD, div_up

WAD = 10**18
RAY = 10**27
BPS = 10_000
YEAR = 365 * 86_400
MAX = 2**256 - 1

VIRTUAL_SHARES = 10**6
VIRTUAL_ASSETS = 1
TAYLOR_SECONDS = 30 * 86_400
MAX_GROWTH = 2**127 - 1
MAX_INDEX = 2**104 - 1
MAX_ASSETS = 2**103 - 1
MAX_SHARES = 2**124 - 1
STORED_RATE = 10**15
MAX_STORED_RATE = 2**16 - 1
MAX_PER_ACCOUNT = 8
MAX_COUNTED = 2**62 - 1

NOBODY = "nobody"  # who holds the dead shares


P = ParamSpec("P")
R = TypeVar("R")


class Refused(Exception):
    """Why the pool reverts."""


def growth(rate: int, elapsed: int) -> int:
    """What one RAY of debt becomes after `elapsed` seconds at `rate` (WAD a year), rounded up."""
    if elapsed <= TAYLOR_SECONDS:
        x = div_up(rate * 10**9 * elapsed, YEAR)
        second = div_up(x * x, 2 * RAY)
        third = div_up(x * second, 3 * RAY)
        return RAY + x + second + third
    factor = RAY + div_up(rate * 10**9, YEAR)
    result = RAY
    while elapsed:
        if elapsed & 1:
            result = min(div_up(result * factor, RAY), MAX_GROWTH)
        elapsed >>= 1
        factor = min(div_up(factor * factor, RAY), MAX_GROWTH)
    return result


def fee_unit(decimals: int) -> int:
    """The treasury's shares are minted in whole multiples of this: about 7e-8 of a token."""
    return 1 << (16 + (decimals - 6) * 10 // 3)


def counted_unit(decimals: int) -> int:
    """Collateral of accounts with debt is counted in whole multiples of so many shares: about 4e-6 of a token."""
    return 1 << (22 + (decimals - 6) * 10 // 3)


@dataclass
class Reserve:
    """`rate` answers None while the rate model fails."""

    id: int
    decimals: int
    rate: Callable[[int], int | None]
    ltv_bps: int
    bonus_bps: int
    reserve_factor_bps: int
    depth_mode: int = NEW_RISK
    seeded: bool = False
    cash: int = 0
    total_shares: int = 0
    fee_shares: int = 0
    index: int = RAY
    scaled_debt: int = 0
    last_ts: int = 0
    stored_rate: int = 0

    @property
    def debt(self) -> int:
        return self.scaled_debt * self.index // RAY

    @property
    def assets(self) -> int:
        return self.cash + self.debt

    @property
    def utilisation(self) -> int:
        return self.debt * WAD // self.assets if self.debt else 0

    @property
    def borrow_rate(self) -> int:
        answer = self.rate(self.utilisation)
        return self.stored_rate * STORED_RATE if answer is None else min(answer, MAX_RATE_WAD)

    def shares_down(self, amount: int) -> int:
        return amount * (self.total_shares + VIRTUAL_SHARES) // (self.assets + VIRTUAL_ASSETS)

    def shares_up(self, amount: int) -> int:
        return div_up(amount * (self.total_shares + VIRTUAL_SHARES), self.assets + VIRTUAL_ASSETS)

    def assets_down(self, shares: int) -> int:
        return shares * (self.assets + VIRTUAL_ASSETS) // (self.total_shares + VIRTUAL_SHARES)

    def debt_up(self, scaled: int) -> int:
        return div_up(scaled * self.index, RAY)

    def accrue(self, now: int) -> None:
        """Interest of the time since the last touch, at the utilisation since then. Without debt there is none."""
        if not self.scaled_debt or now == self.last_ts:
            return
        rate = self.borrow_rate
        self.stored_rate = min(rate // STORED_RATE, MAX_STORED_RATE)
        before, index_before = self.debt, self.index
        self.index = div_up(self.index * growth(rate, now - self.last_ts), RAY)
        self.last_ts = now
        if self.index > MAX_INDEX or self.assets > MAX_ASSETS:
            room = max(MAX_ASSETS - self.cash, 0)
            largest = ((room + 1) * RAY - 1) // self.scaled_debt  # the debt of all still rounds down to `room`
            self.index = max(index_before, min(MAX_INDEX, largest))
        fee = (self.debt - before) * self.reserve_factor_bps // BPS
        unit = fee_unit(self.decimals)
        price_shares, price_assets = self.total_shares + VIRTUAL_SHARES, self.assets - fee + VIRTUAL_ASSETS
        minted = fee * price_shares // price_assets // unit * unit
        if self.total_shares + minted <= MAX_SHARES:
            self.total_shares += minted
            self.fee_shares += minted


@dataclass
class Price:
    """For new risk; `open` False: something blocks it; depth None: nothing limits it."""

    low: int
    high: int
    open: bool = True
    depth: int | None = None


@dataclass
class WriteOff:
    asset: str
    amount: int
    loss: int
    burned: int
    total_shares: int


def action(work: Callable[Concatenate[Pool, P], R]) -> Callable[Concatenate[Pool, P], R]:
    """All or nothing: the work is done on a copy, which takes the ledger's place when nothing was refused."""

    @functools.wraps(work)
    def run(self: Pool, /, *args: P.args, **kwargs: P.kwargs) -> R:
        later = self.copy()
        result = work(later, *args, **kwargs)
        self.__dict__.update(later.__dict__)
        return result

    return run


@dataclass
class Pool:
    treasury: str
    borrow_limit_bps: int
    min_debt: int
    now: int = 0
    reserves: dict[str, Reserve] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    shares: dict[tuple[str, str], int] = field(default_factory=dict)  # (account, asset)
    scaled: dict[tuple[str, str], int] = field(default_factory=dict)
    enabled: dict[str, set[str]] = field(default_factory=dict)
    owing: dict[str, set[str]] = field(default_factory=dict)

    # ------------------------------------------------------------ reading

    def at(self, now: int) -> Pool:
        """A copy of the ledger with all interest up to `now`."""
        later = self.copy()
        later.now = now
        for reserve in later.reserves.values():
            reserve.accrue(now)
        return later

    def copy(self) -> Pool:
        return Pool(
            self.treasury,
            self.borrow_limit_bps,
            self.min_debt,
            self.now,
            {asset: copy.copy(reserve) for asset, reserve in self.reserves.items()},
            dict(self.prices),
            dict(self.shares),
            dict(self.scaled),
            {account: set(assets) for account, assets in self.enabled.items()},
            {account: set(assets) for account, assets in self.owing.items()},
        )

    def supply_of(self, account: str, asset: str) -> int:
        return self.at(self.now).reserves[asset].assets_down(self.shares.get((account, asset), 0))

    def debt_of(self, account: str, asset: str) -> int:
        return self.at(self.now).reserves[asset].debt_up(self.scaled.get((account, asset), 0))

    def counted(self, asset: str) -> int:
        """Units of the shares that accounts with debt have enabled as collateral, each account's rounded up."""
        unit = counted_unit(self.reserves[asset].decimals)
        return sum(
            div_up(shares, unit)
            for (account, held), shares in self.shares.items()
            if held == asset and asset in self.enabled.get(account, set()) and self.owing.get(account)
        )

    def counted_value(self, asset: str) -> int:
        """The same at `low`, with interest up to `now`."""
        shares = self.counted(asset) * counted_unit(self.reserves[asset].decimals)
        return self.at(self.now).reserves[asset].assets_down(shares) * self.prices[asset].low // WAD

    def cap(self, asset: str) -> int | None:
        """What all counted collateral may be worth, and all debt; None: there is no cap."""
        reserve, depth = self.reserves[asset], self.depth_for_new_risk(asset)
        return None if depth is None else cap(depth, reserve.ltv_bps, reserve.bonus_bps)

    def depth_for_new_risk(self, asset: str) -> int | None:
        return None if self.reserves[asset].depth_mode == OFF else self.prices[asset].depth

    # ------------------------------------------------------------ owner

    @action
    def list_reserve(
        self,
        asset: str,
        decimals: int,
        rate: Callable[[int], int | None],
        ltv_bps: int,
        bonus_bps: int,
        reserve_factor_bps: int,
    ) -> None:
        if asset in self.reserves:
            raise Refused("pool: already listed")
        if not 6 <= decimals <= 18:
            raise Refused("pool: bad decimals")
        if ltv_bps > BPS or ltv_bps > BPS * BPS // bonus_bps - 500:
            raise Refused("pool: bad ltv")
        if len(self.reserves) >= 2 and any(reserve.depth_mode == FULL for reserve in self.reserves.values()):
            raise Refused("pool: bad depth mode")
        self.reserves[asset] = Reserve(len(self.reserves), decimals, rate, ltv_bps, bonus_bps, reserve_factor_bps, last_ts=self.now)

    @action
    def set_depth_mode(self, asset: str, mode: int) -> None:
        if asset not in self.reserves:
            raise Refused("pool: not listed")
        if mode not in MODES or (mode == FULL and (self.reserves[asset].seeded or len(self.reserves) > 2)):
            raise Refused("pool: bad depth mode")
        self.reserves[asset].depth_mode = mode

    # ------------------------------------------------------------ lenders and borrowers

    @action
    def seed(self, asset: str, amount: int) -> int:
        reserve = self.reserves[asset]
        if reserve.seeded:
            raise Refused("pool: already seeded")
        if amount < 10 ** (reserve.decimals - 3):
            raise Refused("pool: seed too small")
        shares = reserve.shares_down(amount)
        reserve.seeded = True
        reserve.cash += amount
        reserve.total_shares += shares
        self._add_shares(NOBODY, asset, shares)
        return shares

    @action
    def supply(self, asset: str, amount: int, account: str) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        reserve = self._touch(asset)
        shares = reserve.shares_down(amount)
        if reserve.assets + amount > MAX_ASSETS or reserve.total_shares + shares > MAX_SHARES:
            raise Refused("pool: too much")
        reserve.cash += amount
        reserve.total_shares += shares
        self._add_shares(account, asset, shares)
        if asset in self.enabled.get(account, set()):
            self._check_joins(asset, account)
        return shares

    @action
    def withdraw(self, asset: str, amount: int, account: str) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        reserve = self._touch(asset)
        held = self.shares.get((account, asset), 0)
        if amount == MAX:
            shares, amount = held, reserve.assets_down(held)
            if amount == 0:
                raise Refused("pool: insufficient supply")
            if amount > reserve.cash:
                raise Refused("pool: insufficient cash")
        else:
            if amount > reserve.cash:
                raise Refused("pool: insufficient cash")
            shares = reserve.shares_up(amount)
            if shares > held:
                raise Refused("pool: insufficient supply")
        reserve.cash -= amount
        reserve.total_shares -= shares
        self._add_shares(account, asset, -shares)
        if asset in self.enabled.get(account, set()) and self.owing.get(account):
            self._check_new_risk(account)
        return amount

    @action
    def borrow(self, asset: str, amount: int, account: str) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        reserve = self._touch(asset)
        if amount > reserve.cash:
            raise Refused("pool: insufficient cash")
        if asset in self.enabled.get(account, set()):
            raise Refused("pool: same asset")
        if len(self.owing.get(account, set()) | {asset}) > MAX_PER_ACCOUNT:
            raise Refused("pool: too many debts")
        scaled = div_up(amount * RAY, reserve.index)
        reserve.cash -= amount
        reserve.scaled_debt += scaled
        reserve.last_ts = self.now
        self.scaled[account, asset] = self.scaled.get((account, asset), 0) + scaled
        self.owing.setdefault(account, set()).add(asset)
        for name in self.reserves:
            self._check_count(name)
        price = self.prices[asset]
        if not price.open:
            raise Refused("pool: no price")
        if div_up(reserve.debt_up(self.scaled[account, asset]) * price.high, WAD) < self.min_debt:
            raise Refused("pool: below minimum debt")
        limit = self.cap(asset)
        if limit is not None and div_up(reserve.debt * price.high, WAD) > limit:
            raise Refused("pool: debt cap")
        self._debt_value(asset, reserve.debt_up(self.scaled[account, asset]))
        self._check_new_risk(account, capped=True)
        return scaled

    @action
    def repay(self, asset: str, amount: int, account: str, payer: str) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        if amount == MAX and payer != account:
            raise Refused("pool: own debt only")
        reserve = self._touch(asset)
        scaled = reserve.scaled_debt
        repaid = self._reduce_debt(reserve, asset, account, amount)
        if reserve.scaled_debt == scaled:
            raise Refused("pool: zero shares")
        reserve.cash += repaid
        return repaid

    @action
    def set_collateral(self, asset: str, enabled: bool, account: str) -> None:
        if asset not in self.reserves:
            raise Refused("pool: not listed")
        own = self.enabled.setdefault(account, set())
        if (asset in own) == enabled:
            return
        if enabled:
            if account == self.treasury:
                raise Refused("pool: treasury")
            if asset in self.owing.get(account, set()):
                raise Refused("pool: same asset")
            if len(own) == MAX_PER_ACCOUNT:
                raise Refused("pool: too many collaterals")
            own.add(asset)
            self._check_joins(asset, account)
            return
        own.remove(asset)
        if self.owing.get(account):
            self._check_new_risk(account)

    @action
    def accrue(self, asset: str) -> None:
        self._touch(asset)

    @action
    def collect_fees(self, asset: str) -> int:
        reserve = self._touch(asset)
        shares, reserve.fee_shares = reserve.fee_shares, 0
        self._add_shares(self.treasury, asset, shares)
        return shares

    # ------------------------------------------------------------ liquidation engine

    @action
    def settle_liquidation(
        self,
        borrower: str,
        debt_asset: str,
        repay_amount: int,
        collateral_asset: str,
        seize_amount: int,
        fee_amount: int,
    ) -> tuple[int, int]:
        """Returns what leaves the pool for the receiver, and the shares that the borrower lost."""
        if repay_amount == 0 or seize_amount == 0:
            raise Refused("pool: zero amount")
        if debt_asset == collateral_asset:
            raise Refused("pool: same asset")
        reserve = self._touch(debt_asset)
        if self._reduce_debt(reserve, debt_asset, borrower, repay_amount) != repay_amount:
            raise Refused("pool: above debt")
        reserve.cash += repay_amount

        reserve = self._touch(collateral_asset)
        held = self.shares.get((borrower, collateral_asset), 0)
        whole = reserve.assets_down(held)
        if seize_amount > whole:
            raise Refused("pool: insufficient supply")
        if fee_amount > seize_amount:
            raise Refused("pool: fee above seizure")
        net = seize_amount - fee_amount
        if net > reserve.cash:
            raise Refused("pool: insufficient cash")
        shares = held if seize_amount == whole else reserve.shares_up(seize_amount)
        unit = fee_unit(reserve.decimals)
        fee_shares = reserve.shares_down(fee_amount) // unit * unit
        self._add_shares(borrower, collateral_asset, -shares)
        reserve.cash -= net
        reserve.total_shares -= shares - fee_shares
        reserve.fee_shares += fee_shares
        return net, shares

    @action
    def write_off(self, borrower: str) -> list[WriteOff]:
        if not self.owing.get(borrower):
            raise Refused("pool: no debt")
        for asset in self.enabled.get(borrower, set()):
            shares = self.shares.get((borrower, asset), 0)
            self._add_shares(borrower, asset, -shares)
            self._add_shares(self.treasury, asset, shares)
        written: list[WriteOff] = []
        for asset in sorted(self.owing[borrower], key=lambda name: self.reserves[name].id):
            reserve = self._touch(asset)
            scaled = self.scaled.pop((borrower, asset))
            amount = reserve.debt_up(scaled)
            wanted = reserve.shares_up(amount)
            from_fees = min(reserve.fee_shares, wanted)
            from_own = min(self.shares.get((self.treasury, asset), 0), wanted - from_fees)
            burned = from_fees + from_own
            covered = min(reserve.assets_down(burned), amount)
            reserve.fee_shares -= from_fees
            self._add_shares(self.treasury, asset, -from_own)
            reserve.total_shares -= burned
            reserve.scaled_debt -= scaled
            written.append(WriteOff(asset, amount, amount - covered, burned, reserve.total_shares))
        self.owing[borrower] = set()
        return written

    # ------------------------------------------------------------ parts

    def _touch(self, asset: str) -> Reserve:
        if asset not in self.reserves:
            raise Refused("pool: not listed")
        reserve = self.reserves[asset]
        if not reserve.seeded:
            raise Refused("pool: not seeded")
        reserve.accrue(self.now)
        return reserve

    def _add_shares(self, account: str, asset: str, shares: int) -> None:
        self.shares[account, asset] = self.shares.get((account, asset), 0) + shares

    def _reduce_debt(self, reserve: Reserve, asset: str, account: str, amount: int) -> int:
        scaled = self.scaled.get((account, asset), 0)
        if not scaled:
            raise Refused("pool: no debt")
        debt = reserve.debt_up(scaled)
        part = scaled
        if amount < debt:
            debt, part = amount, amount * RAY // reserve.index
        self.scaled[account, asset] = scaled - part
        reserve.scaled_debt -= part
        if part == scaled:
            self.owing[account].remove(asset)
        return debt

    def capacity_and_debt(self, account: str, capped: bool = False) -> tuple[int, int]:
        """For new risk, by depth: collateral at `low`, none without a price; debt at `high`, for which there must be one.

        `capped`: the counted collateral of each reserve that the account has enabled must be within its cap.
        """
        state = self.at(self.now)
        debt = 0
        for asset in self._by_id(self.owing.get(account, set())):
            debt += self._debt_value(asset, state.reserves[asset].debt_up(self.scaled[account, asset]))
        weighted = 0
        for asset in self._by_id(self.enabled.get(account, set())):
            reserve, price, depth = state.reserves[asset], self.prices[asset], self.depth_for_new_risk(asset)
            amount = reserve.assets_down(self.shares.get((account, asset), 0))
            if not amount:
                continue
            if not price.low:
                raise Refused("pool: no price")
            if capped:
                self._check_collateral_cap(asset)
            if price.open:
                weighted += value_down(amount * price.low // WAD, depth) * reserve.ltv_bps
        return weighted // BPS, debt

    def _by_id(self, assets: set[str]) -> list[str]:
        return sorted(assets, key=lambda name: self.reserves[name].id)

    def _debt_value(self, asset: str, amount: int) -> int:
        price, depth = self.prices[asset], self.depth_for_new_risk(asset)
        if not price.open:
            raise Refused("pool: no price")
        cost = cost_up(div_up(amount * price.high, WAD), depth)
        if cost is None:
            raise Refused("pool: beyond depth")
        return cost

    def _check_joins(self, asset: str, account: str) -> None:
        """What lost its price counts at its last one: it may not join a debt as a shield. What joins finds room below the cap."""
        if not self.owing.get(account):
            return
        if not self.prices[asset].low:
            raise Refused("pool: no price")
        if self.shares.get((account, asset), 0):
            self._check_count(asset)
            self._check_collateral_cap(asset)

    def _check_count(self, asset: str) -> None:
        if self.counted(asset) > MAX_COUNTED:
            raise Refused("pool: collateral cap")

    def _check_collateral_cap(self, asset: str) -> None:
        limit = self.cap(asset)
        if limit is not None and self.counted_value(asset) > limit:
            raise Refused("pool: collateral cap")

    def _check_new_risk(self, account: str, capped: bool = False) -> None:
        capacity, debt = self.capacity_and_debt(account, capped)
        if debt * BPS > capacity * self.borrow_limit_bps:
            raise Refused("pool: over limit")
