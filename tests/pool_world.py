"""The lending pool and its ledger side by side: every action is done on both, and they must agree on what comes out.

Assets and accounts go by name. Three assets: USD (6 decimals), BTC (8), ETH (18).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import boa

from plimsoll.reference.pool import MAX, NOBODY, WAD, Pool, Price, Refused, Reserve, WriteOff, counted_unit
from plimsoll.reference.rate_model import JumpRate
from tests.conftest import load

T = TypeVar("T")

ACTORS = ("lender", "borrower", "attacker", "treasury", "engine", "owner", "keeper")
ZERO = "0x" + "00" * 20

# symbol: decimals, price of a token, LTV, bonus, reserve factor, rate model (the first two: WEMIX.Fi's)
PERCENT = WAD // 100
ASSETS: dict[str, tuple[int, int, int, int, int, JumpRate]] = {
    "USD": (6, 1, 8_500, 11_000, 5_000, JumpRate(0, 5 * PERCENT, 500 * PERCENT, 90 * PERCENT)),
    "BTC": (8, 20_000, 7_000, 11_000, 1_000, JumpRate(2 * PERCENT, 10 * PERCENT, 300 * PERCENT, 80 * PERCENT)),
    "ETH": (18, 200, 7_500, 11_000, 5_000, JumpRate(0, 5 * PERCENT, 800 * PERCENT, 85 * PERCENT)),
}


class World:
    def __init__(self, borrow_limit_bps: int = 8_000, min_debt: int = 100 * WAD, with_oracle: bool = True) -> None:
        self.address: dict[str, Any] = {name: boa.env.generate_address(name) for name in ACTORS}
        self.address[NOBODY] = ZERO
        self.token: dict[str, Any] = {}
        self.model: dict[str, Any] = {}
        with boa.env.prank(self.address["owner"]):
            self.oracle = load("testing/ConstantOracle.vy").deploy()
            self.pool = load("lending/LendingPool.vy").deploy(self.address["treasury"], borrow_limit_bps, min_debt)
            if with_oracle:
                self.pool.set_oracle(self.oracle.address)
            self.pool.set_engine(self.address["engine"])
        self.ledger = Pool("treasury", borrow_limit_bps, min_debt)

    @classmethod
    def with_assets(cls, borrow_limit_bps: int = 8_000) -> World:
        world = cls(borrow_limit_bps)
        for symbol in ASSETS:
            world.add(symbol)
            world.seed("keeper", symbol, world.unit(symbol))
        return world

    def copy(self) -> World:
        """The same contracts with a ledger of their own, for a test whose chain state is taken back at its end."""
        other = copy.copy(self)
        other.ledger = self.ledger.copy()
        other.token, other.model, other.address = dict(self.token), dict(self.model), dict(self.address)
        return other

    # ------------------------------------------------------------ assets

    def add(self, symbol: str, rate: Callable[[int], int | None] | None = None, **changes: Any) -> None:
        decimals, price, ltv, bonus, factor, jump = ASSETS.get(symbol, ASSETS["ETH"])
        decimals, ltv = changes.get("decimals", decimals), changes.get("ltv", ltv)
        factor, bonus = changes.get("factor", factor), changes.get("bonus", bonus)
        token = changes.get("token") or load("testing/TestToken.vy").deploy(symbol, symbol, decimals)
        model = changes.get("model") or load("lending/JumpRateModel.vy").deploy(jump.base, jump.multiplier, jump.jump, jump.kink)
        self.token[symbol], self.model[symbol] = token, model
        self.address[symbol] = token.address
        for name in ACTORS:
            with boa.env.prank(self.address[name]):
                token.approve(self.pool.address, MAX)
        with boa.env.prank(self.address["owner"]):
            self.pool.list_reserve(token.address, model.address, ltv, bonus, factor)
        self.ledger.now = boa.env.timestamp
        self.ledger.list_reserve(symbol, decimals, rate or jump.rate, ltv, bonus, factor)
        self.set_price(symbol, changes.get("price", price) * WAD)

    def unit(self, symbol: str) -> int:
        return int(10 ** self.ledger.reserves[symbol].decimals)

    def set_price(self, symbol: str, token_price_wad: int) -> None:
        price = token_price_wad * 10**18 // self.unit(symbol)
        self.oracle.set(self.token[symbol].address, price)
        self.ledger.prices[symbol] = Price(price, price)

    def set_band(self, symbol: str, low_wad: int, high_wad: int, why: int = 0, depth: int | None = None) -> None:
        low, high = (price * 10**18 // self.unit(symbol) for price in (low_wad, high_wad))
        told = MAX if depth is None else depth
        self.oracle.set_band(self.token[symbol].address, (low, high, high, low, low, low, told, told, int(low != 0), why))
        self.ledger.prices[symbol] = Price(low, high, open=why == 0, depth=depth)

    def set_depth(self, symbol: str, depth: int | None) -> None:
        """WAD units of account; None: nothing limits it."""
        self.oracle.set_depth(self.token[symbol].address, MAX if depth is None else depth)
        self.ledger.prices[symbol] = replace(self.ledger.prices[symbol], depth=depth)

    def set_depth_mode(self, symbol: str, mode: int) -> None:
        self.do("owner", "set_depth_mode", (symbol, mode), lambda ledger: ledger.set_depth_mode(symbol, mode))

    def mint(self, name: str, symbol: str, amount: int) -> None:
        self.token[symbol].mint(self.address[name], amount)

    def donate(self, symbol: str, amount: int) -> None:
        self.token[symbol].mint(self.pool.address, amount)

    def balance(self, name: str, symbol: str) -> int:
        return int(self.token[symbol].balanceOf(self.address[name]))

    def travel(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    # ------------------------------------------------------------ actions, on both

    def do(self, by: str, action: str, on_pool: tuple[Any, ...], in_ledger: Callable[[Pool], T]) -> T:
        """The pool's answer, when the ledger expects the same. What the ledger refuses the pool must refuse in its words."""
        self.ledger.now = boa.env.timestamp
        arguments = [self.address.get(value, value) if isinstance(value, str) else value for value in on_pool]
        try:
            expected = in_ledger(self.ledger)
        except Refused as refused:
            with boa.reverts(str(refused)), boa.env.prank(self.address[by]):
                getattr(self.pool, action)(*arguments)
            raise
        with boa.env.prank(self.address[by]):
            answer = getattr(self.pool, action)(*arguments)
        if answer is not None:
            assert answer == expected, f"{action}: the pool says {answer}, the ledger {expected}"
        return expected

    def seed(self, by: str, asset: str, amount: int) -> int:
        self.mint(by, asset, amount)
        return self.do(by, "seed", (asset, amount), lambda ledger: ledger.seed(asset, amount))

    def supply(self, by: str, asset: str, amount: int, account: str | None = None, fund: bool = True) -> int:
        account = account or by
        if fund and amount != MAX:
            self.mint(by, asset, amount)
        actual = self.balance(by, asset) if amount == MAX else amount
        return self.do(by, "supply", (asset, amount, account), lambda ledger: ledger.supply(asset, actual, account))

    def withdraw(self, by: str, asset: str, amount: int, receiver: str | None = None) -> int:
        return self.do(by, "withdraw", (asset, amount, receiver or by), lambda ledger: ledger.withdraw(asset, amount, by))

    def borrow(self, by: str, asset: str, amount: int, receiver: str | None = None) -> int:
        return self.do(by, "borrow", (asset, amount, receiver or by), lambda ledger: ledger.borrow(asset, amount, by))

    def repay(self, by: str, asset: str, amount: int, account: str | None = None, fund: bool = True) -> int:
        account = account or by
        if fund:
            self.mint(by, asset, self.ledger_now().debt_of(account, asset))
        return self.do(by, "repay", (asset, amount, account), lambda ledger: ledger.repay(asset, amount, account, by))

    def enable(self, by: str, asset: str, enabled: bool = True) -> None:
        self.do(by, "set_collateral", (asset, enabled), lambda ledger: ledger.set_collateral(asset, enabled, by))

    def accrue(self, asset: str) -> None:
        self.do("keeper", "accrue", (asset,), lambda ledger: ledger.accrue(asset))

    def collect_fees(self, asset: str) -> int:
        return self.do("keeper", "collect_fees", (asset,), lambda ledger: ledger.collect_fees(asset))

    def settle(self, borrower: str, payer: str, receiver: str, debt: str, repay: int, collateral: str, seize: int, fee: int) -> tuple[int, int]:
        return self.do(
            "engine",
            "settle_liquidation",
            (borrower, payer, receiver, debt, repay, collateral, seize, fee),
            lambda ledger: ledger.settle_liquidation(borrower, debt, repay, collateral, seize, fee),
        )

    def write_off(self, borrower: str) -> list[WriteOff]:
        return self.do("engine", "write_off", (borrower,), lambda ledger: ledger.write_off(borrower))

    def open(self, by: str, collateral: str, supplied: int, debt: str, borrowed: int) -> None:
        self.supply(by, collateral, supplied)
        self.enable(by, collateral)
        self.borrow(by, debt, borrowed)

    # ------------------------------------------------------------ reading and comparing

    def ledger_now(self) -> Pool:
        return self.ledger.at(boa.env.timestamp)

    def reserve(self, asset: str) -> Reserve:
        return self.ledger_now().reserves[asset]

    def check_reserve(self, asset: str, now: Pool | None = None) -> None:
        now = now or self.ledger_now()
        expected = now.reserves[asset]
        state = self.pool.reserve_state(self.token[asset].address)
        assert (
            state.id,
            state.cash,
            state.total_shares,
            state.fee_shares,
            state.debt,
            state.scaled_debt,
            state.index_ray,
            state.borrow_rate_wad,
            state.depth_mode,
            state.counted_shares,
        ) == (
            expected.id,
            expected.cash,
            expected.total_shares,
            expected.fee_shares,
            expected.debt,
            expected.scaled_debt,
            expected.index,
            expected.borrow_rate,
            expected.depth_mode,
            now.counted(asset) * counted_unit(expected.decimals),
        ), asset

    def check_account(self, name: str, now: Pool | None = None) -> None:
        now = now or self.ledger_now()
        for asset, reserve in now.reserves.items():
            token, account = self.token[asset].address, self.address[name]
            shares = now.shares.get((name, asset), 0)
            scaled = now.scaled.get((name, asset), 0)
            assert self.pool.supply_shares_of(account, token) == shares
            assert self.pool.supply_of(account, token) == reserve.assets_down(shares)
            assert self.pool.debt_of(account, token) == reserve.debt_up(scaled)
        by_id = sorted(now.reserves, key=lambda asset: now.reserves[asset].id)
        enabled, owing = now.enabled.get(name, set()), now.owing.get(name, set())
        bitmap = sum(1 << now.reserves[asset].id for asset in enabled)
        bitmap |= sum(1 << 128 + now.reserves[asset].id for asset in owing)
        words = [now.shares.get((name, asset), 0) | now.scaled.get((name, asset), 0) << 128 for asset in by_id if asset in enabled | owing]
        assert self.pool.positions(self.address[name]) == (bitmap, words)

    def check(self) -> None:
        """Ledger and pool agree on everything; the books balance (LEND-01, LEND-02, LEND-03, LEND-08)."""
        now = self.ledger_now()
        for asset in now.reserves:
            self.check_reserve(asset, now)
            self.check_books(asset)
        known = {name for name, _ in now.shares} | {name for name, _ in now.scaled} | set(now.enabled)
        for name in ACTORS:
            if name in known:
                self.check_account(name, now)

    def check_books(self, asset: str) -> None:
        """From the pool's own answers: LEND-01, LEND-02, LEND-03, LEND-08."""
        token = self.token[asset].address
        state = self.pool.reserve_state(token)
        assert state.cash <= self.token[asset].balanceOf(self.pool.address), "LEND-01"
        holders = (*ACTORS, NOBODY)
        shares = sum(self.pool.supply_shares_of(self.address[name], token) for name in holders)
        assert shares + state.fee_shares == state.total_shares, "LEND-02"
        debts = [self.pool.debt_of(self.address[name], token) for name in ACTORS]
        assert state.debt <= sum(debts) <= state.debt + sum(debt > 0 for debt in debts), "LEND-03"
        self.check_counted(asset)

    def check_counted(self, asset: str) -> None:
        """LEND-08, from the pool's own answers."""
        token = self.token[asset].address
        state, unit = self.pool.reserve_state(token), counted_unit(self.ledger.reserves[asset].decimals)
        counted = sum(-(-self.pool.supply_shares_of(account, token) // unit) for account in self.counting(state.id))
        assert state.counted_shares == counted * unit, "LEND-08"

    def counting(self, reserve_id: int) -> list[Any]:
        """Accounts that have enabled the reserve as collateral and have debt, by their bitmaps."""
        bitmaps = {name: self.pool.positions(self.address[name])[0] for name in ACTORS}
        return [self.address[name] for name, bitmap in bitmaps.items() if bitmap >> reserve_id & 1 and bitmap >> 128]


def logs(world: World, kind: str) -> list[Any]:
    """The pool's events of one kind from its last call."""
    return [event for event in world.pool.get_logs(include_child_logs=False) if type(event).__name__ == kind]
