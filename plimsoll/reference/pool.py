"""The ledger of the lending pool, in exact integers, written from docs/SPEC.md: what every account owns and owes.

Amounts are raw token units, indices RAY, values and prices WAD (the value of 10**18 raw units). A refused action raises
`Refused` with the pool's words and leaves the ledger as it was. `by` is who calls, where that may be somebody else than the
account: its operator.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar

from plimsoll.reference.depth import FULL, NEW_RISK, OFF, cap, cost_up, value_down
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
MAX_INDEX = 2**104 - 2**24
MAX_ASSETS = 2**103 - 1
MAX_SHARES = 2**124 - 1
# The index and the rate are kept in whole units of these, rounded up.
INDEX_UNIT = 2**24
RATE_UNIT = 10**8
MAX_PER_ACCOUNT = 8
MAX_COUNTED = 2**61 - 1
# Pauses are counted in units of so many seconds.
PAUSE_UNIT = 64
# What can be paused in a reserve; `COLLATERAL`: what takes collateral from an account with debt
SUPPLY, BORROW, COLLATERAL, FLASH = "supply", "borrow", "collateral", "flash"
PAUSES = (SUPPLY, BORROW, COLLATERAL, FLASH)

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


@dataclass(frozen=True)
class Ramp:
    """The LTV of the liquidation test on its way from one to another."""

    from_bps: int
    to_bps: int
    start: int
    end: int

    def ltv_bps(self, now: int) -> int:
        """Linear in between and downwards, rounded up, for the borrower."""
        if now >= self.end:
            return self.to_bps
        if now <= self.start:
            return self.from_bps
        return self.from_bps - (self.from_bps - self.to_bps) * (now - self.start) // (self.end - self.start)


@dataclass
class Reserve:
    """`rate` answers None while the rate model fails. `ltv_bps` is that of new risk, and of the liquidation test without a ramp."""

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
    # a year, WAD, since the last touch
    borrow_rate: int = 0
    origination_fee_bps: int = 0
    # who gets half of the origination fee
    stakers: str | None = None
    # raw units, 0: none
    supply_cap: int = 0
    debt_cap: int = 0
    frozen: bool = False
    paused: frozenset[str] = frozenset()
    # in units of PAUSE_UNIT seconds
    paused_until: int = 0
    ramp: Ramp | None = None

    def copy(self) -> Reserve:
        other = object.__new__(Reserve)
        other.__dict__.update(self.__dict__)
        return other

    def liquidation_ltv_bps(self, now: int) -> int:
        return self.ltv_bps if self.ramp is None else self.ramp.ltv_bps(now)

    def check_pause(self, action: str, now: int) -> None:
        if action in self.paused and now // PAUSE_UNIT < self.paused_until:
            raise Refused("pool: paused")

    @property
    def debt(self) -> int:
        return self.scaled_debt * self.index // RAY

    @property
    def assets(self) -> int:
        return self.cash + self.debt

    @property
    def utilisation(self) -> int:
        return self.debt * WAD // self.assets if self.debt else 0

    def shares_down(self, amount: int) -> int:
        return amount * (self.total_shares + VIRTUAL_SHARES) // (self.assets + VIRTUAL_ASSETS)

    def shares_up(self, amount: int) -> int:
        return div_up(amount * (self.total_shares + VIRTUAL_SHARES), self.assets + VIRTUAL_ASSETS)

    def assets_down(self, shares: int) -> int:
        return shares * (self.assets + VIRTUAL_ASSETS) // (self.total_shares + VIRTUAL_SHARES)

    def debt_up(self, scaled: int) -> int:
        return div_up(scaled * self.index, RAY)

    def accrue(self, now: int) -> None:
        """Interest of the time since the last touch, at the rate since then. Without debt there is none."""
        if not self.scaled_debt or now == self.last_ts:
            return
        before, index_before = self.debt, self.index
        self.index = div_up(self.index * growth(self.borrow_rate, now - self.last_ts), RAY * INDEX_UNIT) * INDEX_UNIT
        self.last_ts = now
        if self.index > MAX_INDEX or self.assets > MAX_ASSETS:
            room = max(MAX_ASSETS - self.cash, 0)
            largest = ((room + 1) * RAY - 1) // self.scaled_debt  # the debt of all still rounds down to `room`
            self.index = max(index_before, min(MAX_INDEX, largest // INDEX_UNIT * INDEX_UNIT))
        fee = (self.debt - before) * self.reserve_factor_bps // BPS
        unit = fee_unit(self.decimals)
        price_shares, price_assets = self.total_shares + VIRTUAL_SHARES, self.assets - fee + VIRTUAL_ASSETS
        minted = fee * price_shares // price_assets // unit * unit
        if self.total_shares + minted <= MAX_SHARES:
            self.total_shares += minted
            self.fee_shares += minted

    def set_rate(self) -> None:
        """What is asked until the next touch: what the model says of the utilisation until then. While it fails, what was asked before."""
        if self.scaled_debt:
            self.borrow_rate = self._asked(self.utilisation)

    @property
    def rate_in_force(self) -> int:
        """Without debt, what a first loan begins at."""
        return self.borrow_rate if self.scaled_debt else self._asked(0)

    def _asked(self, utilisation: int) -> int:
        answer = self.rate(utilisation)
        return self.borrow_rate if answer is None else div_up(min(answer, MAX_RATE_WAD), RATE_UNIT) * RATE_UNIT


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
        later.touched = set()
        result = work(later, *args, **kwargs)
        for asset in later.touched:
            later.reserves[asset].set_rate()
        later.touched = set()
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
    operators: set[tuple[str, str]] = field(default_factory=set)  # (account, operator)
    # New risk, and liquidation, are refused before these timestamps.
    new_risk_from: int = 0
    liquidation_from: int = 0
    liquidations: int = 0
    # The account whose health is judged at the end only, whether it has to be, and whether it borrowed
    deferred: str | None = None
    skipped: bool = False
    skipped_borrow: bool = False
    # The reserves whose interest the action under way has booked
    touched: set[str] = field(default_factory=set)

    # ------------------------------------------------------------ reading

    def at(self, now: int) -> Pool:
        """The ledger with all interest up to `now`, to be read: the positions are not copied."""
        later = object.__new__(Pool)
        later.__dict__.update(self.__dict__)
        later.now = now
        later.reserves = {asset: reserve.copy() for asset, reserve in self.reserves.items()}
        for reserve in later.reserves.values():
            reserve.accrue(now)
        return later

    def copy(self) -> Pool:
        other = object.__new__(Pool)
        other.__dict__.update(self.__dict__)
        other.reserves = {asset: reserve.copy() for asset, reserve in self.reserves.items()}
        other.prices = dict(self.prices)
        other.shares, other.scaled = dict(self.shares), dict(self.scaled)
        other.enabled = {account: set(assets) for account, assets in self.enabled.items()}
        other.owing = {account: set(assets) for account, assets in self.owing.items()}
        other.operators = set(self.operators)
        return other

    def supply_of(self, account: str, asset: str) -> int:
        return self.reserve_now(asset).assets_down(self.shares.get((account, asset), 0))

    def debt_of(self, account: str, asset: str) -> int:
        return self.reserve_now(asset).debt_up(self.scaled.get((account, asset), 0))

    def reserve_now(self, asset: str) -> Reserve:
        reserve = self.reserves[asset].copy()
        reserve.accrue(self.now)
        return reserve

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
        return self.reserve_now(asset).assets_down(shares) * self.prices[asset].low // WAD

    def cap(self, asset: str) -> int | None:
        """What all counted collateral may be worth, and all debt; None: there is no cap."""
        reserve, depth = self.reserves[asset], self.depth_for_new_risk(asset)
        return None if depth is None else cap(depth, reserve.ltv_bps, reserve.bonus_bps)

    def depth_for_new_risk(self, asset: str) -> int | None:
        return None if self.reserves[asset].depth_mode == OFF else self.prices[asset].depth

    # ------------------------------------------------------------ configuration

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
        if len(self.reserves) >= 2 and any(reserve.depth_mode == FULL for reserve in self.reserves.values()):
            raise Refused("")
        self.reserves[asset] = Reserve(len(self.reserves), decimals, rate, ltv_bps, bonus_bps, reserve_factor_bps, last_ts=self.now)

    @action
    def configure(self, asset: str, changes: dict[str, Any]) -> None:
        """Interest up to now is booked first, by the old terms."""
        reserve = self.reserves[asset]
        mode = changes.get("depth_mode", reserve.depth_mode)
        if mode == FULL and reserve.depth_mode != FULL and (reserve.seeded or len(self.reserves) > 2):
            raise Refused("")
        ramp = changes.get("ramp", reserve.ramp)
        if ramp and changes.get("ltv_bps", reserve.ltv_bps) > min(ramp.from_bps, ramp.to_bps):
            raise Refused("")  # what may just be borrowed is not liquidatable
        if reserve.seeded:
            self._touch(asset)
        reserve.__dict__.update(changes)

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
        if reserve.frozen:
            raise Refused("pool: frozen")
        reserve.check_pause(SUPPLY, self.now)
        if reserve.supply_cap and reserve.assets + amount > reserve.supply_cap:
            raise Refused("pool: supply cap")
        reserve.cash += amount
        reserve.total_shares += shares
        self._add_shares(account, asset, shares)
        if asset in self.enabled.get(account, set()):
            self._check_joins(asset, account)
        return shares

    @action
    def withdraw(self, asset: str, amount: int, account: str, by: str | None = None) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        self._check_operator(account, by)
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
        self._check_leaves(asset, account)
        return amount

    @action
    def borrow(self, asset: str, amount: int, account: str, by: str | None = None) -> int:
        if amount == 0:
            raise Refused("pool: zero amount")
        self._check_operator(account, by)
        reserve = self._touch(asset)
        if reserve.frozen:
            raise Refused("pool: frozen")
        reserve.check_pause(BORROW, self.now)
        if amount > reserve.cash:
            raise Refused("pool: insufficient cash")
        if asset in self.enabled.get(account, set()):
            raise Refused("pool: same asset")
        if len(self.owing.get(account, set()) | {asset}) > MAX_PER_ACCOUNT:
            raise Refused("pool: too many debts")
        fee = div_up(amount * reserve.origination_fee_bps, BPS)
        scaled = div_up((amount + fee) * RAY, reserve.index)
        self._pay_fee(reserve, asset, fee)
        reserve.cash -= amount
        reserve.scaled_debt += scaled
        reserve.last_ts = self.now
        self.scaled[account, asset] = self.scaled.get((account, asset), 0) + scaled
        self.owing.setdefault(account, set()).add(asset)
        for name in self.reserves:
            self._check_count(name)
        if reserve.debt_cap and reserve.debt > reserve.debt_cap:
            raise Refused("pool: debt cap")
        self._check_guard()
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

    def _pay_fee(self, reserve: Reserve, asset: str, fee: int) -> None:
        """Worth the fee at the price before: half to the stakers, the rest to the treasury in whole units."""
        shares = reserve.shares_down(fee)
        if reserve.assets + fee > MAX_ASSETS or reserve.total_shares + shares > MAX_SHARES:
            raise Refused("pool: too much")
        stakers = reserve.stakers
        half = 0 if stakers is None or asset in self.enabled.get(stakers, set()) else shares // 2
        unit = fee_unit(reserve.decimals)
        rest = (shares - half) // unit * unit
        if stakers is not None:
            self._add_shares(stakers, asset, half)
        reserve.total_shares += half + rest
        reserve.fee_shares += rest

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
    def repay_with_shares(self, asset: str, amount: int, debtor: str, account: str, by: str | None = None) -> int:
        """Burns the account's shares for the debtor's debt. No token moves."""
        if amount == 0:
            raise Refused("pool: zero amount")
        self._check_operator(account, by)
        if amount == MAX and debtor != account:
            raise Refused("pool: own debt only")
        reserve = self._touch(asset)
        price_shares, assets = reserve.total_shares + VIRTUAL_SHARES, reserve.assets + VIRTUAL_ASSETS
        scaled = reserve.scaled_debt
        repaid = self._reduce_debt(reserve, asset, debtor, amount)
        if reserve.scaled_debt == scaled:
            raise Refused("pool: zero shares")
        burned = div_up(repaid * price_shares, assets)
        if burned > self.shares.get((account, asset), 0):
            raise Refused("pool: insufficient supply")
        reserve.total_shares -= burned
        self._add_shares(account, asset, -burned)
        self._check_leaves(asset, account)
        return repaid

    @action
    def transfer_shares(self, asset: str, shares: int, receiver: str, account: str, by: str | None = None) -> int:
        """They leave the one before they come to the other. No interest is booked."""
        if receiver == NOBODY:
            raise Refused("pool: zero address")
        self._check_operator(account, by)
        self._seeded(asset)
        held = self.shares.get((account, asset), 0)
        if shares == MAX:
            shares = held
        if shares == 0:
            raise Refused("pool: zero amount")
        if shares > held:
            raise Refused("pool: insufficient supply")
        self._add_shares(account, asset, -shares)
        self._check_leaves(asset, account)
        self._add_shares(receiver, asset, shares)
        if asset in self.enabled.get(receiver, set()):
            self._check_joins(asset, receiver)
        return shares

    @action
    def set_collateral(self, asset: str, enabled: bool, account: str, by: str | None = None) -> None:
        self._check_operator(account, by)
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
            if self.reserves[asset].frozen:
                raise Refused("pool: frozen")
            own.add(asset)
            self._check_joins(asset, account)
            return
        own.remove(asset)
        if self.owing.get(account):
            self.reserves[asset].check_pause(COLLATERAL, self.now)
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

    @action
    def defer(self, account: str, work: Callable[[Pool], Any], by: str | None = None) -> None:
        """Whatever happens inside, the account's health is judged once, at the end: if any check was left out."""
        self._check_operator(account, by)
        if self.deferred is not None:
            raise Refused("pool: deferred")
        self.deferred, self.skipped, self.skipped_borrow = account, False, False
        work(self)
        self.deferred = None
        if self.skipped and self.owing.get(account):
            self._check_new_risk(account, capped=self.skipped_borrow)

    def sweep(self, asset: str, balance: int) -> int:
        """What of the pool's balance is in no book."""
        surplus = balance - (self.reserves[asset].cash if asset in self.reserves else 0)
        if surplus <= 0:
            raise Refused("pool: zero amount")
        return surplus

    # ------------------------------------------------------------ flash loans: they leave nothing behind in the books

    def max_flash_loan(self, asset: str) -> int:
        reserve = self.reserves.get(asset)
        if reserve is None or not reserve.seeded or reserve.frozen:
            return 0
        try:
            reserve.check_pause(FLASH, self.now)
        except Refused:
            return 0
        return reserve.cash

    @action
    def flash_loan(self, asset: str, amount: int, work: Callable[[Pool], Any]) -> bool:
        """The fee goes to the treasury as tokens. `work`: what the receiver does meanwhile."""
        reserve = self._seeded(asset)
        if reserve.frozen:
            raise Refused("pool: frozen")
        reserve.check_pause(FLASH, self.now)
        if amount == 0:
            raise Refused("pool: zero amount")
        if amount > reserve.cash:
            raise Refused("pool: insufficient cash")
        work(self)
        return True

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
    ) -> int:
        """Returns the liquidation's number."""
        self._check_liquidation(borrower)
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
        self.liquidations += 1
        return self.liquidations

    @action
    def write_off(self, borrower: str) -> list[WriteOff]:
        self._check_liquidation(borrower)
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

    def _check_operator(self, account: str, by: str | None) -> None:
        if by is not None and by != account and (account, by) not in self.operators:
            raise Refused("pool: not operator")

    def _check_liquidation(self, borrower: str) -> None:
        if self.now < self.liquidation_from:
            raise Refused("pool: paused")
        if borrower == self.deferred:
            raise Refused("pool: deferred")

    def _check_leaves(self, asset: str, account: str) -> None:
        """Shares have left the account: new risk where they were collateral of a debt."""
        if asset in self.enabled.get(account, set()) and self.owing.get(account):
            self.reserves[asset].check_pause(COLLATERAL, self.now)
            self._check_new_risk(account)

    def _touch(self, asset: str) -> Reserve:
        reserve = self._seeded(asset)
        reserve.accrue(self.now)
        self.touched.add(asset)
        return reserve

    def _seeded(self, asset: str) -> Reserve:
        if asset not in self.reserves:
            raise Refused("pool: not listed")
        reserve = self.reserves[asset]
        if not reserve.seeded:
            raise Refused("pool: not seeded")
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
        self._check_guard()
        if account == self.deferred:
            self.skipped, self.skipped_borrow = True, self.skipped_borrow or capped
            return
        capacity, debt = self.capacity_and_debt(account, capped)
        if debt * BPS > capacity * self.borrow_limit_bps:
            raise Refused("pool: over limit")

    def _check_guard(self) -> None:
        if self.now < self.new_risk_from:
            raise Refused("pool: paused")
