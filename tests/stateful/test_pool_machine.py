"""Everybody does everything at any time with three assets, and after each step pool and ledger agree.

Checked on the way: LEND-01 cash is there, LEND-02 shares add up, LEND-03 debts add up, LEND-04 the share price falls only with a
logged deficit, LEND-05 a gift changes nobody's health, LEND-06 without debt cash can be withdrawn, LEND-07 nobody gains within a block,
LEND-08 what is counted is the sum over all accounts, LEND-10 what raises a total ends within its cap.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from typing import Any

import boa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.depth import examples
from tests.pool_world import ACTORS, ASSETS, World, logs

USERS = ("lender", "borrower", "attacker")
SYMBOLS = tuple(ASSETS)

user = st.sampled_from(USERS)
symbol = st.sampled_from(SYMBOLS)
# values in units of account, spread over the orders of magnitude, and the smallest amounts there are
worth = st.one_of(st.integers(50, 3_000), st.integers(10_000, 500_000))
part = st.sampled_from([0, 1, 10, 49, 50, 90, 100, 101])


class PoolMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        self.world = World.with_assets()
        self.touched: set[str] = set()
        self.share_price: dict[str, Fraction] = {}
        for asset in SYMBOLS:
            self.world.supply("lender", asset, self.raw(asset, 100_000))
        self.world.open("borrower", "ETH", self.raw("ETH", 120_000), "USD", self.raw("USD", 60_000))
        self.world.open("attacker", "BTC", self.raw("BTC", 50_000), "ETH", self.raw("ETH", 10_000))

    def teardown(self) -> None:
        try:
            self.world.check()
        finally:
            self.anchor.__exit__(None, None, None)

    # ------------------------------------------------------------ helpers

    def raw(self, asset: str, value: int) -> int:
        return value * self.world.unit(asset) // ASSETS[asset][1]

    def wealth(self, name: str) -> dict[str, int]:
        now = self.world.ledger_now()
        return {asset: self.world.balance(name, asset) + now.supply_of(name, asset) - now.debt_of(name, asset) for asset in SYMBOLS}

    def attempt(self, action: str, by: str, *arguments: Any, **kwargs: Any) -> bool:
        """Nobody is richer in anything after an action of their own: LEND-07. `wealth` reads what the pool just confirmed."""
        before = self.wealth(by)
        try:
            getattr(self.world, action)(by, *arguments, **kwargs)
        except Refused:
            return False
        after = self.wealth(by)
        assert all(after[asset] <= before[asset] for asset in SYMBOLS), ("LEND-07", action, before, after)
        return True

    def check_collateral_cap(self, name: str, asset: str) -> None:
        """LEND-10: (1 / sqrt(LTV * bonus) - 1) of the depth, from the pool's own answers; where the account counts and has any of it."""
        now, address = self.world.ledger, self.world.address[asset]
        state, price = self.world.pool.reserve_state(address), now.prices[asset]
        counts = now.owing.get(name) and asset in now.enabled.get(name, set()) and self.world.pool.supply_of(self.world.address[name], address)
        if counts and price.depth is not None and state.depth_mode != 1:
            counted = state.counted_shares * (state.cash + state.debt + 1) // (state.total_shares + 10**6) * price.low // WAD
            assert self.within(counted, price.depth, state), "LEND-10"

    def check_debt_cap(self, asset: str) -> None:
        state, price = self.world.pool.reserve_state(self.world.address[asset]), self.world.ledger.prices[asset]
        if price.depth is not None and state.depth_mode != 1:
            assert self.within(-(-state.debt * price.high // WAD), price.depth, state), "LEND-10"

    @staticmethod
    def within(total: int, depth: int, state: Any) -> bool:
        is_within: bool = Fraction(total + depth) ** 2 * max(state.ltv_bps, 6_500) * state.bonus_bps <= Fraction(depth) ** 2 * 10**8
        return is_within

    # ------------------------------------------------------------ rules

    @rule(by=user, asset=symbol, value=worth, account=st.sampled_from((None, None, "borrower", "treasury")))
    def supply(self, by: str, asset: str, value: int, account: str | None) -> None:
        self.world.mint(by, asset, self.raw(asset, value))
        if self.attempt("supply", by, asset, self.raw(asset, value), account, fund=False):
            self.check_collateral_cap(account or by, asset)

    @rule(by=user, asset=symbol, amount=st.integers(1, 5))
    def supply_dust(self, by: str, asset: str, amount: int) -> None:
        self.world.mint(by, asset, amount)
        self.attempt("supply", by, asset, amount, fund=False)

    @rule(by=st.sampled_from((*USERS, "treasury")), asset=symbol, percent=part, all_of_it=st.booleans())
    def withdraw(self, by: str, asset: str, percent: int, all_of_it: bool) -> None:
        amount = MAX if all_of_it else self.world.ledger_now().supply_of(by, asset) * percent // 100
        self.attempt("withdraw", by, asset, amount)

    @rule(by=user, asset=symbol, collateral=symbol, percent=st.sampled_from([1, 20, 50, 99, 100, 101]), value=worth)
    def borrow(self, by: str, asset: str, collateral: str, percent: int, value: int) -> None:
        """Up to the limit, and a little above; who has no collateral brings some."""
        if not self.world.ledger.enabled.get(by):
            self.world.mint(by, collateral, self.raw(collateral, value))
            self.attempt("supply", by, collateral, self.raw(collateral, value), fund=False)
            self.attempt("enable", by, collateral)
        try:
            capacity, debt = self.world.ledger_now().capacity_and_debt(by)
        except Refused:
            capacity, debt = value * WAD, 0
        price = self.world.ledger.prices[asset].high or WAD
        room = max(capacity * 8_000 // 10_000 - debt, 0) * WAD // price
        if self.attempt("borrow", by, asset, min(room, self.world.reserve(asset).cash) * percent // 100):
            self.check_debt_cap(asset)
            for enabled in self.world.ledger.enabled[by]:
                self.check_collateral_cap(by, enabled)

    @rule(by=user, asset=symbol, percent=part, all_of_it=st.booleans(), account=st.sampled_from((None, None, *USERS)))
    def repay(self, by: str, asset: str, percent: int, all_of_it: bool, account: str | None) -> None:
        owed = self.world.ledger_now().debt_of(account or by, asset)
        self.world.mint(by, asset, owed + 1)
        self.attempt("repay", by, asset, MAX if all_of_it else owed * percent // 100, account, fund=False)

    @rule(by=user, asset=symbol, enabled=st.booleans())
    def switch(self, by: str, asset: str, enabled: bool) -> None:
        if self.attempt("enable", by, asset, enabled) and enabled:
            self.check_collateral_cap(by, asset)

    @rule(asset=symbol, depth=st.one_of(st.none(), st.just(0), st.integers(10**3, 10**6), st.integers(10**5, 10**8)))
    def move_depth(self, asset: str, depth: int | None) -> None:
        self.world.set_depth(asset, None if depth is None else depth * WAD)

    @rule(asset=symbol, mode=st.sampled_from((0, 1, 0, 2)))
    def set_depth_mode(self, asset: str, mode: int) -> None:
        with contextlib.suppress(Refused):
            self.world.set_depth_mode(asset, mode)

    @rule(asset=symbol)
    def accrue(self, asset: str) -> None:
        self.world.accrue(asset)

    @rule(asset=symbol)
    def collect_fees(self, asset: str) -> None:
        self.world.collect_fees(asset)

    @rule(seconds=st.one_of(st.just(1), st.integers(2, 86_400), st.integers(86_400, 40 * 86_400)))
    def travel(self, seconds: int) -> None:
        self.world.travel(seconds)

    @rule(asset=symbol, percent=st.integers(60, 160), spread=st.integers(0, 20))
    def move_price(self, asset: str, percent: int, spread: int) -> None:
        price = ASSETS[asset][1] * WAD * percent // 100
        self.world.set_band(asset, price, price * (100 + spread) // 100, depth=self.world.ledger.prices[asset].depth)

    @rule(asset=st.sampled_from(("BTC", "ETH")))
    def lose_price(self, asset: str) -> None:
        self.world.set_band(asset, 0, 0, why=8)

    @rule(asset=symbol, value=worth)
    def donate(self, asset: str, value: int) -> None:
        """LEND-05: tokens sent to the pool change no price, no rate and no health."""
        accounts = [self.world.pool.account_state(self.world.address[name]) for name in USERS]
        state = self.world.pool.reserve_state(self.world.address[asset])
        self.world.donate(asset, self.raw(asset, value))
        assert [self.world.pool.account_state(self.world.address[name]) for name in USERS] == accounts, "LEND-05"
        assert self.world.pool.reserve_state(self.world.address[asset]) == state, "LEND-05"

    @precondition(lambda self: any(self.world.ledger.owing.values()))
    @rule(data=st.data(), repaid=part, seized=part, fee=st.sampled_from([0, 3, 100, 101]))
    def settle(self, data: st.DataObject, repaid: int, seized: int, fee: int) -> None:
        now = self.world.ledger_now()
        borrower = data.draw(st.sampled_from(sorted(name for name in now.owing if now.owing[name])))
        debt = data.draw(st.sampled_from(sorted(now.owing[borrower])))
        collateral = data.draw(st.sampled_from(sorted(now.enabled[borrower]) or [debt]))
        repay = now.debt_of(borrower, debt) * repaid // 100
        seize = now.supply_of(borrower, collateral) * seized // 100
        self.world.mint("keeper", debt, repay)
        with contextlib.suppress(Refused):
            self.world.settle(borrower, "keeper", "keeper", debt, repay, collateral, seize, seize * fee // 100)

    @precondition(lambda self: any(self.world.ledger.owing.values()))
    @rule(borrower=user)
    def write_off(self, borrower: str) -> None:
        try:
            written = self.world.write_off(borrower)
        except Refused:
            return
        events = logs(self.world, "DeficitWrittenOff")
        assert [(e.amount, e.loss, e.treasury_shares_burned, e.total_shares) for e in events] == [
            (w.amount, w.loss, w.burned, w.total_shares) for w in written
        ]
        for w in written:
            if w.loss:
                self.share_price.pop(w.asset, None)

    # ------------------------------------------------------------ after each step

    @invariant()
    def ledger_and_pool_agree(self) -> None:
        now = self.world.ledger_now()
        for asset in SYMBOLS:
            self.world.check_reserve(asset, now)
            self.world.check_counted(asset)
            reserve = now.reserves[asset]
            assert reserve.cash <= self.world.token[asset].balanceOf(self.world.pool.address), "LEND-01"
            price = Fraction(reserve.assets + 1, reserve.total_shares + 10**6)
            assert price >= self.share_price.get(asset, 0), "LEND-04"
            self.share_price[asset] = price

    @invariant()
    def without_debt_cash_can_be_withdrawn(self) -> None:
        """LEND-06, whatever the prices: on a chain that is put back afterwards."""
        name = USERS[boa.env.timestamp % len(USERS)]
        now = self.world.ledger_now()
        self.world.check_account(name, now)
        if now.owing.get(name):
            return
        with boa.env.anchor():
            for asset in SYMBOLS:
                amount = min(now.supply_of(name, asset), now.reserves[asset].cash)
                if amount:
                    self.world.copy().withdraw(name, asset, amount)


PoolMachine.TestCase.settings = settings(max_examples=examples(8), stateful_step_count=30)
TestPoolMachine = PoolMachine.TestCase
assert set(USERS) < set(ACTORS)
