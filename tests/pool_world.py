"""The lending pool and its ledger side by side: every action is done on both, and they must agree on what comes out.

Assets and accounts go by name. Three assets: USD (6 decimals), BTC (8), ETH (18). What the configurator may do is
PoolConfigurator's affair: here it is an account that does everything.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from eth_abi import encode

from plimsoll.reference.pool import MAX, NOBODY, PAUSES, WAD, Pool, Price, Ramp, Refused, Reserve, WriteOff, counted_unit
from plimsoll.reference.rate_model import JumpRate
from tests.chains import Boa, Revm
from tests.config_words import pack_caps, pack_listing, pack_market, pack_ramp

T = TypeVar("T")

ACTORS = ("lender", "borrower", "attacker", "treasury", "engine", "owner", "keeper", "stakers")
ZERO = "0x" + "00" * 20

# symbol: decimals, price of a token, LTV, bonus, reserve factor, rate model (the first two: WEMIX.Fi's)
PERCENT = WAD // 100
ASSETS: dict[str, tuple[int, int, int, int, int, JumpRate]] = {
    "USD": (6, 1, 8_500, 11_000, 5_000, JumpRate(0, 5 * PERCENT, 500 * PERCENT, 90 * PERCENT)),
    "BTC": (8, 20_000, 7_000, 11_000, 1_000, JumpRate(2 * PERCENT, 10 * PERCENT, 300 * PERCENT, 80 * PERCENT)),
    "ETH": (18, 200, 7_500, 11_000, 5_000, JumpRate(0, 5 * PERCENT, 800 * PERCENT, 85 * PERCENT)),
}


@dataclass(frozen=True)
class Inside:
    """An action within a deferral or a flash loan: on the pool, and the same in the ledger. Not `must`: it may fail alone."""

    action: str
    arguments: tuple[Any, ...]
    in_ledger: Callable[[Pool], Any]
    must: bool = True


class World:
    def __init__(
        self,
        borrow_limit_bps: int = 8_000,
        min_debt: int = 100 * WAD,
        with_oracle: bool = True,
        chain: Boa | Revm | None = None,
        configurator: Any = None,
    ) -> None:
        self.chain: Any = chain or Boa()
        self.address: dict[str, Any] = {name: self.chain.account(name) for name in (*ACTORS, "configurator")}
        self.address["configurator"] = configurator or self.address["configurator"]
        self.address[NOBODY] = ZERO
        self.token: dict[str, Any] = {}
        self.model: dict[str, Any] = {}
        self.oracle = self.chain.deploy("testing/ConstantOracle.vy")
        self.operators = self.chain.deploy("periphery/Operators.vy")
        extension = self.chain.deploy("lending/PoolExtension.vy")
        self.pool = self.chain.deploy(
            "lending/LendingPool.vy",
            self.address["treasury"],
            borrow_limit_bps,
            min_debt,
            self.address["configurator"],
            self.operators.address,
            extension.address,
        )
        self.chain.adopt_events(self.pool, extension)
        self.address["pool"] = self.pool.address
        self.ledger = Pool("treasury", borrow_limit_bps, min_debt)
        if with_oracle:
            self.set_guards()
        # An account that is a contract: it borrows for a flash and defers.
        self.actor: Any = None

    def with_actor(self) -> World:
        """The attacker is a contract from now on."""
        self.actor = self.chain.deploy("testing/PoolActor.vy")
        self.address["attacker"] = self.actor.address
        self.chain.is_contract(self.actor.address)
        return self

    @classmethod
    def with_assets(cls, borrow_limit_bps: int = 8_000, chain: Boa | Revm | None = None) -> World:
        world = cls(borrow_limit_bps, chain=chain)
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
        token = changes.get("token") or self.chain.deploy("testing/TestToken.vy", symbol, symbol, decimals)
        model = changes.get("model") or self.chain.deploy("lending/JumpRateModel.vy", jump.base, jump.multiplier, jump.jump, jump.kink)
        self.token[symbol], self.model[symbol] = token, model
        self.address[symbol] = token.address
        for name in ACTORS:
            with self.chain.prank(self.address[name]):
                token.approve(self.pool.address, MAX)
        self.ledger.now = self.chain.timestamp
        listed = Reserve(0, decimals, rate or jump.rate, ltv, bonus, factor)
        self._configure(symbol, listed, lambda ledger: ledger.list_reserve(symbol, decimals, listed.rate, ltv, bonus, factor))
        self.set_price(symbol, changes.get("price", price) * WAD)

    def _configure(self, symbol: str, terms: Reserve, in_ledger: Callable[[Pool], None]) -> None:
        words = (
            pack_market(int(str(getattr(self.model[symbol], "address", self.model[symbol])), 16), terms),
            pack_listing(terms),
            pack_caps(terms),
            pack_ramp(terms),
            self.address[terms.stakers] if terms.stakers else ZERO,
        )
        self.do("configurator", "configure", (symbol, *words), in_ledger)

    def configure(self, symbol: str, model: Any = None, **changes: Any) -> None:
        """Other terms for a listed reserve; `model` is the contract of a changed `rate`."""
        before = self.model[symbol]
        self.model[symbol] = model or before
        terms = self.ledger.reserves[symbol].copy()
        terms.__dict__.update(changes)
        try:
            self._configure(symbol, terms, lambda ledger: ledger.configure(symbol, changes))
        except Refused:
            self.model[symbol] = before
            raise

    def pause(self, symbol: str, *actions: str, seconds: int = 3_600) -> None:
        """From now on, for so many seconds at least; nothing: what is paused is open again."""
        assert set(actions) <= set(PAUSES)
        self.configure(symbol, paused=frozenset(actions), paused_until=(self.chain.timestamp + seconds + 63) // 64)

    def ramp(self, symbol: str, to_bps: int, seconds: int, from_bps: int | None = None) -> None:
        now, reserve = self.chain.timestamp, self.ledger.reserves[symbol]
        begins = reserve.liquidation_ltv_bps(now) if from_bps is None else from_bps
        self.configure(symbol, ltv_bps=to_bps, ramp=Ramp(begins, to_bps, now, now + seconds))

    def set_guards(self, new_risk_from: int = 0, liquidation_from: int = 0) -> None:
        with self.chain.prank(self.address["configurator"]):
            self.pool.set_oracle(self.oracle.address, new_risk_from)
            self.pool.set_engine(self.address["engine"], liquidation_from)
        self.ledger.new_risk_from, self.ledger.liquidation_from = new_risk_from, liquidation_from

    def set_operator(self, account: str, operator: str, approved: bool = True) -> None:
        with self.chain.prank(self.address[account]):
            self.operators.set_operator(self.pool.address, self.address[operator], approved)
        (self.ledger.operators.add if approved else self.ledger.operators.discard)((account, operator))

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
        self.configure(symbol, depth_mode=mode)

    def mint(self, name: str, symbol: str, amount: int) -> None:
        self.token[symbol].mint(self.address[name], amount)

    def donate(self, symbol: str, amount: int) -> None:
        self.token[symbol].mint(self.pool.address, amount)

    def balance(self, name: str, symbol: str) -> int:
        return int(self.token[symbol].balanceOf(self.address[name]))

    def travel(self, seconds: int) -> None:
        self.chain.travel(seconds)

    # ------------------------------------------------------------ actions, on both

    def do(self, by: str, action: str, on_pool: tuple[Any, ...], in_ledger: Callable[[Pool], T]) -> T:
        """The pool's answer, when the ledger expects the same. What the ledger refuses the pool must refuse in its words."""
        self.ledger.now = self.chain.timestamp
        arguments = [self.address.get(value, value) if isinstance(value, str) else value for value in on_pool]
        try:
            expected = in_ledger(self.ledger)
        except Refused as refused:
            with self.chain.reverts(str(refused)), self.chain.prank(self.address[by]):
                getattr(self.pool, action)(*arguments)
            raise
        with self.chain.prank(self.address[by]):
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

    def withdraw(self, by: str, asset: str, amount: int, receiver: str | None = None, account: str | None = None) -> int:
        arguments = (asset, amount, receiver or by, *([account] if account else []))
        return self.do(by, "withdraw", arguments, lambda ledger: ledger.withdraw(asset, amount, account or by, by))

    def borrow(self, by: str, asset: str, amount: int, receiver: str | None = None, account: str | None = None) -> int:
        arguments = (asset, amount, receiver or by, *([account] if account else []))
        return self.do(by, "borrow", arguments, lambda ledger: ledger.borrow(asset, amount, account or by, by))

    def repay(self, by: str, asset: str, amount: int, account: str | None = None, fund: bool = True) -> int:
        account = account or by
        if fund:
            self.mint(by, asset, self.ledger_now().debt_of(account, asset))
        return self.do(by, "repay", (asset, amount, account), lambda ledger: ledger.repay(asset, amount, account, by))

    def repay_with_shares(self, by: str, asset: str, amount: int, debtor: str | None = None, account: str | None = None) -> int:
        debtor = debtor or by
        arguments = (asset, amount, debtor, *([account] if account else []))
        return self.do(by, "repay_with_shares", arguments, lambda ledger: ledger.repay_with_shares(asset, amount, debtor, account or by, by))

    def transfer_shares(self, by: str, asset: str, shares: int, receiver: str, account: str | None = None) -> int:
        arguments = (asset, shares, receiver, *([account] if account else []))
        return self.do(by, "transfer_shares", arguments, lambda ledger: ledger.transfer_shares(asset, shares, receiver, account or by, by))

    def enable(self, by: str, asset: str, enabled: bool = True, account: str | None = None) -> None:
        arguments = (asset, enabled, *([account] if account else []))
        self.do(by, "set_collateral", arguments, lambda ledger: ledger.set_collateral(asset, enabled, account or by, by))

    def sweep(self, asset: str) -> int:
        """What is beyond the books goes to the treasury, and nothing else."""
        held, before = self.balance("pool", asset), self.balance("treasury", asset)
        swept = self.do("keeper", "sweep", (asset,), lambda ledger: ledger.sweep(asset, held))
        assert self.balance("treasury", asset) - before == swept
        return swept

    def flash_loan(self, asset: str, amount: int, inside: Sequence[Inside] = ()) -> None:
        """The actor borrows, acts, and pays the fee out of its own pocket, to the treasury."""

        before = self.balance("treasury", asset)
        data = self._calls(inside)
        self.do(
            "attacker",
            "flashLoan",
            ("attacker", asset, amount, data),
            lambda ledger: ledger.flash_loan(asset, amount, lambda books: self._in_ledger(books, inside)),
        )
        assert self.balance("treasury", asset) - before == -(-amount * 5 // 10_000)

    def defer(self, account: str, inside: Sequence[Inside]) -> None:
        """The actor acts for an account whose health is judged at the end."""
        data = self._calls(inside)
        self.do(
            "attacker",
            "defer",
            (account, data),
            lambda ledger: ledger.defer(account, lambda books: self._in_ledger(books, inside), "attacker"),
        )

    def _in_ledger(self, ledger: Pool, inside: Sequence[Inside]) -> None:
        for step in inside:
            try:
                step.in_ledger(ledger)
            except Refused:
                if step.must:
                    raise

    def _calls(self, inside: Sequence[Inside]) -> bytes:
        if not inside:
            return b""
        calls = []
        for step in inside:
            arguments = [self.address.get(value, value) if isinstance(value, str) else value for value in step.arguments]
            calls.append((self.pool.address, self.chain.calldata(self.pool, step.action, *arguments), step.must))
        return encode(["(address,bytes,bool)[]"], [calls])

    def accrue(self, asset: str) -> None:
        self.do("keeper", "accrue", (asset,), lambda ledger: ledger.accrue(asset))

    def collect_fees(self, asset: str) -> int:
        return self.do("keeper", "collect_fees", (asset,), lambda ledger: ledger.collect_fees(asset))

    def settle(self, borrower: str, payer: str, receiver: str, debt: str, repay: int, collateral: str, seize: int, fee: int) -> int:
        return self.do(
            "engine",
            "settle_liquidation",
            (borrower, payer, receiver, debt, repay, self.ledger.reserves[collateral].id, seize, fee),
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
        return self.ledger.at(self.chain.timestamp)

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
            state.ltv_bps,
            state.new_risk_ltv_bps,
        ) == (
            expected.id,
            expected.cash,
            expected.total_shares,
            expected.fee_shares,
            expected.debt,
            expected.scaled_debt,
            expected.index,
            expected.rate_in_force,
            expected.depth_mode,
            now.counted(asset) * counted_unit(expected.decimals),
            expected.liquidation_ltv_bps(now.now) if expected.seeded else 0,
            expected.ltv_bps if expected.seeded else 0,
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
        assert self.pool.positions(self.address[name]) == (bitmap, words), name

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
    found: list[Any] = world.chain.logs(world.pool, kind)
    return found
