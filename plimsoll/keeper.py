"""The keeper: follows a chain, knows who has debt, and liquidates whoever may be liquidated when it pays.

Per block, one round trip asks for the new events and for the health of the borrowers (Lens.health, decoded by numpy); with
more than a few hundred of them only for those that can have reached 100 % (see Bounds). Only when somebody is there, more
is read: positions, prices, own balances. Then each possible pair of debt and collateral is simulated, the best one that
leaves a profit after gas is signed here and sent, all of a block in one batch.

It runs without Ape, whose import alone takes longer than a block:  python -m plimsoll.keeper --help

What it must survive is in its state file: how far it has read, who has borrowed, and which transactions wait. The file is
replaced atomically; after a kill the last blocks are read again, which also covers reorganisations.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import click
import numpy as np
from eth_utils.address import to_checksum_address

from plimsoll import account_words
from plimsoll.abi import EventType, parse_function, read_word
from plimsoll.addresses import AddressBook, Token
from plimsoll.cli import DONE, FAILED, MAX_BATCH, NOTHING, keeper_options
from plimsoll.errors import KeeperError, Problem
from plimsoll.heads import Heads
from plimsoll.health import (
    RESERVES,
    Array,
    Bounds,
    Reserves,
    decode_health,
    decode_reserves,
    encode_health,
    liquidatable,
    usage_percent,
    without_debt,
)
from plimsoll.keeper_place import isolated_market, main_market
from plimsoll.keeper_state import Sent, State
from plimsoll.pokes import UNSETTLED, IsolatedPoker, Line, Poker
from plimsoll.rpc import (
    DEFAULT_URL,
    DEV_CHAIN_ID,
    DEV_KEYS,
    MAX_UINT256,
    Reverted,
    Rpc,
    RpcDead,
    RpcError,
    Wallet,
    call_request,
    ensure_success,
    to_bytes,
    to_int,
)
from plimsoll.words import amount, money, short

WAD = 10**18
ROOT = Path(__file__).resolve().parent.parent
KEY_VARIABLE = "PLIMSOLL_KEEPER_KEY"

# Lens.health takes about so much gas for each account
HEALTH_GAS = 30_000
# Up to so many borrowers all are checked in each block; above, those near the edge and so many others in turn
ALL_AT_ONCE = 500
# Who is this near to 100 %, as far as the bounds know, is asked for without waiting for the block's prices
NEAR = 0.97
# Floats bound; what is this near is asked for exactly
MARGIN = 1e-6
# At most so many liquidations begin in one block: the largest debts
MOST_AT_ONCE = 40
# What a liquidation takes before one has been seen, and the least limit that is put on it
FIRST_GAS = 350_000
GAS_LIMIT = 800_000
# Seconds of chain time after which a liquidation that still waits is not wanted any more
PATIENCE = 3_600
# Blocks after which a transaction that waits is sent again with higher fees
STUCK_BLOCKS = 4

# The few functions that it calls, from interfaces/: it needs no compiled contracts
BAND = parse_function("band(address)", ["uint256"] * 10)
# Of its answer
FRESH_LOW, FRESH_HIGH = 4, 5
LIQUIDATE = parse_function("liquidate(address,address,address,uint256,uint256,uint256)", ["uint256", "uint256"])
BALANCE_OF = parse_function("balanceOf(address)", ["uint256"])
ALLOWANCE = parse_function("allowance(address,address)", ["uint256"])
APPROVE = parse_function("approve(address,uint256)", ["bool"])


def _event(name: str, *inputs: tuple[str, str, bool]) -> EventType:
    return EventType({"name": name, "inputs": [{"name": n, "type": t, "indexed": i} for n, t, i in inputs]})


BORROW = _event(
    "Borrow",
    ("asset", "address", True),
    ("account", "address", True),
    ("receiver", "address", False),
    ("amount", "uint256", False),
    ("scaled", "uint256", False),
)
LIQUIDATION = _event(
    "Liquidation",
    ("number", "uint256", True),
    ("borrower", "address", True),
    ("liquidator", "address", True),
    ("debt_asset", "address", False),
    ("collateral_asset", "address", False),
    *((n, "uint256", False) for n in ("repaid", "seized", "fee", "collateral_trigger_price", "debt_trigger_price")),
    *((n, "uint256", False) for n in ("collateral_seizure_price", "debt_seizure_price", "debt_value", "capacity")),
    ("bonus_wad", "uint256", False),
)


# ---------------------------------------------------------------------- decisions (no I/O)


class Fresh(NamedTuple):
    """What an asset is worth now at least and at most, WAD of 1e18 raw units; 0: it has no price. In doubt against the keeper."""

    low: int
    high: int


NO_PRICE = Fresh(0, 0)


@dataclass(frozen=True)
class Offer:
    """One way to liquidate an account, as simulated."""

    borrower: str
    debt_asset: str
    collateral_asset: str
    max_repay: int
    repaid: int
    received: int
    # units of account, WAD
    paid_wad: int
    received_wad: int
    gas_wad: int

    @property
    def profit_wad(self) -> int:
        return self.received_wad - self.paid_wad - self.gas_wad


def least_received(offer: Offer, collateral_price: int, min_profit_wad: int) -> int:
    """The collateral below which the offer is not worth it: the `min_seized` of the transaction, rounded up."""
    return -(-(offer.paid_wad + offer.gas_wad + min_profit_wad) * WAD // collateral_price)


def best(offers: Iterable[Offer], min_profit_wad: int) -> Offer | None:
    """The most profitable one that pays enough."""
    paying = [o for o in offers if o.profit_wad >= min_profit_wad]
    return max(paying, key=lambda o: o.profit_wad, default=None)


@dataclass(frozen=True)
class Config:
    rpc: str = DEFAULT_URL
    ws: str | None = None  # None: the RPC's host and port; "": never
    once: bool = False
    dry_run: bool = False
    json: bool = False
    every_block: bool = False
    min_profit_wad: int = 0
    poll: float | None = None
    batch: int = MAX_BATCH
    reorg_blocks: int = 12
    # the pool of an isolated market, instead of the main one
    market: str | None = None
    poke: bool = True
    # how many isolated markets' oracles are poked
    poke_markets: int = 16
    tip_wei: int = 10**9
    state: Path | None = None
    folder: Path | None = None


class Log:
    """One line per event: words for people, or one JSON object."""

    def __init__(self, as_json: bool, out: TextIO | None = None):
        self.as_json = as_json
        self.out = out or sys.stdout

    def __call__(self, event: str, text: str, **fields: Any) -> None:
        if self.as_json:
            line = json.dumps({"time": round(time.time(), 3), "event": event, **fields, "text": text})
        else:
            line = f"{time.strftime('%H:%M:%S')}  {text}"
        try:
            print(line, file=self.out, flush=True)
        except BrokenPipeError:
            # whoever read the log has gone; liquidating goes on
            self.out = open(os.devnull, "w")  # noqa: SIM115


# ---------------------------------------------------------------------- the keeper


class Keeper:
    def __init__(self, config: Config, account: Any, log: Log, rpc: Rpc):
        self.config = config
        self.log = log
        self.rpc = rpc
        self.book = AddressBook.open(self.rpc, config.folder)
        self.wallet = Wallet(self.rpc, account=account)
        self.place = main_market(self.book) if config.market is None else isolated_market(rpc, self.book, config.market)
        self.pool, self.oracle, self.engine, self.lens = self.place.pool, self.place.oracle, self.place.engine, self.place.lens
        self.tokens = {t.address: t for t in self.place.tokens}
        self.native = self._native_token()
        of_market = f"-{self.pool[2:10].lower()}" if self.place.isolated else ""
        path = config.state or ROOT / "out" / f"keeper-{self.book.chain_id}-{self.wallet.address[2:10].lower()}{of_market}.json"
        self.state, problem = State.load(path, self.book, self.pool)
        self.gas_used = FIRST_GAS
        self.chunk = min(config.batch, MAX_BATCH)
        self.head = -1
        self.liquidations = 0
        self.reverts = 0
        self.latencies: deque[float] = deque(maxlen=10_000)
        self.blocks = 0
        # borrower -> (block until which it rests, number of failures in a row)
        self._resting: dict[str, tuple[int, int]] = {}
        self._said: dict[tuple[str, str], str] = {}
        self._approving: dict[str, str] = {}
        self._bounds = Bounds()
        self._near = np.empty(0, dtype=np.int64)
        self._seen: dict[tuple[str, int, int], str] = {}
        self._set_changed = True
        self._zero_since: dict[str, int] = {}
        # assets whose price has yet to settle
        self._unsettled: list[str] = []
        quiet = config.once or config.dry_run or not config.poke
        self.line = Line(rpc, self.wallet, log)
        self.poker = None if quiet else Poker(rpc, self.wallet, self.oracle, log, self.line)
        self.isolated: IsolatedPoker | None = None
        if not quiet and self.book.has("MarketFactory") and not self.place.isolated:
            self.isolated = IsolatedPoker(rpc, self.book.address("MarketFactory"), config.poke_markets, log, self.line)
        self._saved_at = 0.0
        self._stopping = False
        self.heads: Heads | None = None
        if problem:
            self.log("state", problem)

    def _native_token(self) -> Token | None:
        """Of the main market, which prices it also for isolated ones."""
        role = self.book.data.get("wanted", {}).get("preset", {}).get("native")
        return self.book.token(role) if role in self.book.data["tokens"] else None

    def _symbol(self, asset: str) -> str:
        token = self.tokens.get(to_checksum_address(asset))
        return token.symbol if token else short(asset)

    def _amount(self, raw: int, asset: str) -> str:
        token = self.tokens.get(to_checksum_address(asset))
        return f"{amount(raw, token.decimals if token else 0)} {self._symbol(asset)}"

    # ------------------------------------------------------------------ running

    def stop(self) -> None:
        self._stopping = True
        if self.heads:
            self.heads.wake()

    def run(self) -> int:
        """Until stopped, or once. Returns the exit code."""
        c = self.config
        local = any(h in c.rpc for h in ("127.0.0.1", "localhost", "[::1]"))
        self._started()
        if c.once:
            return self._run_once()
        ws = c.ws if c.ws is not None else c.rpc.replace("http", "ws", 1)
        self.heads = Heads(ws or None, c.poll or (0.05 if local else 1.0))
        how = "WebSocket" if self.heads.live.is_set() else f"polling each {self.heads.poll:g} s"
        self.log("ready", f"following chain {self.book.chain_id} by {how}", chain_id=self.book.chain_id, by=how)
        self._follow()
        self._stopped()
        return DONE

    def _follow(self) -> None:
        assert self.heads is not None
        delay = 0.0
        while not self._stopping:
            try:
                if delay:
                    self._reconnected()
                    delay = 0.0
                self.tick()
            except RpcDead as e:
                delay = min(delay * 2, 10.0) if delay else 0.25
                self.log("lost", f"{e}; trying again in {delay:g} s", retry_seconds=delay)
                deadline = time.monotonic() + delay
                while not self._stopping and time.monotonic() < deadline:
                    time.sleep(0.05)
                continue
            except RpcError as e:
                # one bad answer is no reason to leave the post
                self._once("error", "tick", str(e))
                time.sleep(0.2)
            if not self._stopping:
                self.heads.wait()

    def _reconnected(self) -> None:
        problem = self.book.belongs_to(self.rpc)
        if problem:
            raise KeeperError(problem)
        self.wallet.resync()
        self.log("connected", f"{self.rpc.shown} answers again")

    def _run_once(self) -> int:
        for tx_hash in self._approving.values():
            self.rpc.wait(tx_hash, 60)  # there is no next block to try again in
        acted = self.tick()
        if acted and not self.config.dry_run:
            deadline = time.monotonic() + 60
            while self.state.pending and time.monotonic() < deadline and not self._stopping:
                time.sleep(0.02)
                self._collect_receipts(self.rpc.block_number())
        self._stopped()
        if self.state.pending:
            raise KeeperError(f"{len(self.state.pending)} transactions were not mined within 60 s")
        if self.config.dry_run:
            return DONE if acted else NOTHING
        if self.reverts and not self.liquidations:
            return FAILED
        return DONE if acted else NOTHING

    def _started(self) -> None:
        self._approve(list(self.tokens))
        what = "dry run, nothing is sent" if self.config.dry_run else f"liquidating from {self.wallet.address}"
        self.log(
            "started",
            f"{what}; {len(self.state.borrowers)} borrowers known up to block {self.state.last_block}",
            account=self.wallet.address,
            borrowers=len(self.state.borrowers),
            last_block=self.state.last_block,
            dry_run=self.config.dry_run,
        )

    def _stopped(self) -> None:
        if self.heads:
            self.heads.close()
        self.state.save()
        ordered = sorted(self.latencies)
        median, worst = (ordered[len(ordered) // 2], ordered[-1]) if ordered else (0.0, 0.0)
        self.log(
            "stopped",
            f"blocks {self.blocks}, liquidations {self.liquidations}, reverted {self.reverts}; "
            f"{median:.0f} ms a block in the median, {worst:.0f} at worst",
            blocks=self.blocks,
            liquidations=self.liquidations,
            reverted=self.reverts,
            pending=len(self.state.pending),
            median_ms=round(median, 1),
            worst_ms=round(worst, 1),
        )

    # ------------------------------------------------------------------ one block

    def tick(self) -> bool:
        """Look at the newest block, unless it is known. True if there was something to liquidate."""
        started = time.perf_counter()
        head = self.rpc.block_number()
        if head == self.head:
            return False
        if head < self.state.last_block - self.config.reorg_blocks:
            problem = self.book.belongs_to(self.rpc)
            if problem:
                raise KeeperError(problem)
            self.state.last_block = max(head, self.book.block - 1)
        self._read_old_blocks(head)
        block, accounts, health = self._read(head)
        timestamp = to_int(block["timestamp"])
        self._collect_receipts(head)
        self.head = head
        self.blocks += 1
        due = liquidatable(health)
        acted = False
        if len(due):
            rows = [(accounts[i], usage_percent(health[i])) for i in due]
            acted = self._liquidate(rows, head, timestamp, to_int(block.get("baseFeePerGas")))
        self._poke(head, timestamp, self._fees(to_int(block.get("baseFeePerGas"))))
        self._forget_the_debtless([accounts[i] for i in without_debt(health)], head)
        if time.monotonic() - self._saved_at > 5 or self.config.once:
            self.state.save()
            self._saved_at = time.monotonic()
        spent = (time.perf_counter() - started) * 1000
        self.latencies.append(spent)
        if self.config.every_block:
            self.log(
                "block",
                f"block {head}: {len(self.state.borrowers)} borrowers, {len(due)} liquidatable, {spent:.0f} ms",
                block=head,
                borrowers=len(self.state.borrowers),
                checked=len(accounts),
                liquidatable=len(due),
                pending=len(self.state.pending),
                ms=round(spent, 2),
            )
        return acted

    def _poke(self, head: int, timestamp: int, fees: dict[str, int]) -> None:
        """After the block's liquidations, and only where none waits: what is sent now would come behind it."""
        self.line.tend(head, fees)
        if self.state.pending:
            return
        if self.poker:
            self.poker.look(self._unsettled, head, timestamp, fees)
        if self.isolated:
            self.isolated.look(head, timestamp, fees)

    def _read_old_blocks(self, head: int) -> None:
        """Events of long ago, in pieces; the newest blocks come with each round trip."""
        first = max(self.state.last_block + 1 - self.config.reorg_blocks, self.book.block)
        if head - first < 1_000:
            return
        logs = self.rpc.logs(self.pool, [BORROW.topic], first, head)
        self._add(logs)
        self.state.last_block = head
        self.log("caught_up", f"read blocks {first} to {head}: {len(self.state.borrowers)} borrowers")

    def _add(self, logs: list[dict[str, Any]]) -> None:
        """New borrowers."""
        for entry in logs:
            if entry["topics"][0] != BORROW.topic:
                continue
            account = _named(entry)[0]
            if account not in self.state.borrowers:
                self._set_changed = True
            self.state.borrowers[account] = to_int(entry["blockNumber"])

    def _touch(self, logs: list[dict[str, Any]]) -> None:
        """Who is named by an event that was not there before, or by one that a reorganisation took away."""
        now = {(e["blockHash"], to_int(e["logIndex"]), i): a for e in logs for i, a in enumerate(_named(e))}
        self._bounds.touched(a for k, a in now.items() if k not in self._seen)
        self._bounds.touched(a for k, a in self._seen.items() if k not in now)
        self._seen = now

    def _health_calls(self, which: Array, head: int) -> list[tuple[str, list[Any]]]:
        accounts = self._bounds.accounts
        pieces = [which[i : i + self.chunk] for i in range(0, len(which), self.chunk)]
        return [self.place.ask_lens(encode_health([accounts[i] for i in p]), head, 1_000_000 + len(p) * HEALTH_GAS) for p in pieces]

    def _read(self, head: int) -> tuple[dict[str, Any], list[str], Array]:
        """The block, and of all borrowers the health of those that can be due; mostly in one round trip."""
        first = max(self.state.last_block + 1 - self.config.reorg_blocks, self.book.block, 0)
        query = {"address": self.pool, "fromBlock": hex(first), "toBlock": hex(head)}
        requests: list[tuple[str, list[Any]]] = [
            ("eth_getBlockByNumber", [hex(head), False]),
            ("eth_getLogs", [query]),
            self.place.ask_lens(RESERVES.selector, head),
        ]
        bounds = self._bounds
        self._use_set()
        few = len(bounds.accounts) <= ALL_AT_ONCE
        asked = np.arange(len(bounds.accounts)) if few else np.union1d(self._near, bounds.some_in_turn())
        calls = self._health_calls(asked, head)
        block, logs, reserves, *answers = self.rpc.batch([*requests, *calls], errors=True)
        for answer in (block, logs, reserves):
            if isinstance(answer, RpcError):
                raise answer
        if block is None:
            raise RpcError(f"{self.rpc.shown} has lost block {head}")
        if len(reserves) <= 2:
            raise KeeperError(self.book.belongs_to(self.rpc) or f"the lens {self.lens} does not answer")
        told = decode_reserves(to_bytes(reserves))
        prices = told.prices
        self._unsettled = [asset for asset, why in zip(told.assets, told.why, strict=True) if why & UNSETTLED]
        self._add(logs)
        self._touch(logs)
        if not self._take(asked, answers, prices):
            asked = asked[:0]
        if self._set_changed:
            names = [bounds.accounts[i] for i in asked]
            self._use_set()
            asked = np.array([bounds.index[a] for a in names], dtype=np.int64)
        health = self._parts
        # who else can have reached 100 % at this block's prices; asked for until the endpoint takes the size of a call
        while True:
            possible = self._possible(told)
            more = np.setdiff1d(possible, asked)
            if not len(more):
                break
            if self._take(more, self.rpc.batch(self._health_calls(more, head), errors=True), prices):
                asked = np.concatenate([asked, more])
                health = np.concatenate([health, self._parts])
        self._near = np.flatnonzero(bounds.highest(prices) >= NEAR)
        self.state.last_block = head
        return block, [bounds.accounts[i] for i in asked], health

    def _possible(self, told: Reserves) -> Array:
        """Who can be due at this block's prices."""
        if told.by_depth:
            return np.arange(len(self._bounds.accounts))
        return np.flatnonzero(self._bounds.highest(told.prices) >= 1 - MARGIN)

    def _use_set(self) -> None:
        if self._set_changed:
            self._bounds.set_accounts(list(self.state.borrowers))
            self._near = np.empty(0, dtype=np.int64)
            self._set_changed = False

    def _take(self, which: Array, answers: list[Any], prices: tuple[Array, Array]) -> bool:
        """Decode answers of Lens.health into `_parts`. False if the endpoint refused the size of a call."""
        self._parts = np.empty((0, 4), dtype=np.uint64)
        refused = next((a for a in answers if isinstance(a, RpcError)), None)
        if refused is not None:
            self._smaller_chunks(refused, min(len(which), self.chunk))
            return False
        if answers:
            sizes = [min(self.chunk, len(which) - i) for i in range(0, len(which), self.chunk)]
            self._parts = np.concatenate([decode_health(to_bytes(a), n) for a, n in zip(answers, sizes, strict=True)])
        self._bounds.checked(which, self._parts, prices)
        return True

    def _smaller_chunks(self, error: RpcError, size: int) -> None:
        """Endpoints bound the gas of a call, each its own way."""
        if size <= 8:
            raise error
        self.chunk = size // 2
        self.log("batch", f"the endpoint refuses {size} accounts in one call, trying {self.chunk} ({error})")

    def _forget_the_debtless(self, accounts: list[str], head: int) -> None:
        """Who has repaid everything, longer ago than a reorganisation reaches, is a borrower no more."""
        margin = max(self.config.reorg_blocks, 1)
        for account in accounts:
            since = self._zero_since.setdefault(account, head)
            if self.state.borrowers[account] >= since:
                self._zero_since[account] = head
            elif head - since > margin:
                del self.state.borrowers[account], self._zero_since[account]
                self._set_changed = True

    # ------------------------------------------------------------------ liquidating

    def _liquidate(self, due: list[tuple[str, float]], head: int, timestamp: int, base_fee: int) -> bool:
        waiting = [(a, u) for a, u in due if a not in self.state.pending and self._resting.get(a, (0, 0))[0] <= head][:MOST_AT_ONCE]
        if not waiting:
            return False
        plans = self._plans([a for a, _ in waiting], head, timestamp, base_fee)
        usages = dict(waiting)
        if self.config.dry_run:
            planned = {o.borrower: o for o, _ in plans}
            for account, usage in waiting:
                if account in planned:
                    self._say_offer("would_liquidate", "would liquidate", planned[account], usage, head, once=True)
                else:
                    text = f"{short(account)} is at {usage:.2f} %, and nothing to gain from here"
                    self._once("due", account, text, borrower=account, usage_percent=usage)
            return bool(plans)
        self._send(plans, usages, head, timestamp, base_fee)
        return bool(plans)

    def _plans(self, accounts: list[str], head: int, timestamp: int, base_fee: int) -> list[tuple[Offer, int]]:
        """(best offer, min_seized) for each account that is worth it."""
        assets = list(self.tokens)
        owner = self.wallet.address
        calls = [(self.pool, account_words.ACCOUNT_WORDS.encode(a)) for a in accounts]
        calls += [(self.oracle, BAND.encode(a)) for a in assets]
        calls += [(a, BALANCE_OF.encode(owner)) for a in assets]
        calls += [(a, ALLOWANCE.encode(owner, self.pool)) for a in assets]
        # the chain's coin, where the market itself has no price of it
        priced = [self.native.address] if self.native is not None and self.native.address not in self.tokens else []
        calls += [(self.book.address("PriceOracle"), BAND.encode(a)) for a in priced]
        # at the block by number: while Anvil mines, "latest" can be the new state with the old block's time
        requests = [call_request(to, data, None, head) for to, data in calls]
        answers = self.rpc.batch(requests)
        states = [account_words.decode(account_words.ACCOUNT_WORDS.decode(to_bytes(a))) for a in answers[: len(accounts)]]
        rest = [to_bytes(a) for a in answers[len(accounts) :]]
        n = len(assets)
        fresh = {a: Fresh(read_word(raw, FRESH_LOW), read_word(raw, FRESH_HIGH)) for a, raw in zip(assets, rest[:n], strict=True)}
        balances = {a: read_word(raw, 0) for a, raw in zip(assets, rest[n : 2 * n], strict=True)}
        allowances = {a: read_word(raw, 0) for a, raw in zip(assets, rest[2 * n : 3 * n], strict=True)}
        for a, raw in zip(priced, rest[3 * n :], strict=True):
            fresh[a] = Fresh(read_word(raw, FRESH_LOW), read_word(raw, FRESH_HIGH))
        gas_wad = self._gas_wad(base_fee, fresh)
        available = {a: min(balances[a], allowances[a]) for a in assets}
        for sent in self.state.pending.values():
            if sent.debt_asset in available:
                available[sent.debt_asset] = max(available[sent.debt_asset] - sent.max_repay, 0)

        choices: list[tuple[str, str, str]] = []
        owed: dict[tuple[str, str], int] = {
            (borrower, debt.asset): debt.amount for borrower, state in zip(accounts, states, strict=True) for debt in state.debts
        }
        for account, state in zip(accounts, states, strict=True):
            for debt in state.debts:
                for collateral in state.collaterals:
                    if collateral.amount and fresh.get(collateral.asset, NO_PRICE).low:
                        choices.append((account, debt.asset, collateral.asset))
        needy = {d for _, d, _ in choices if allowances.get(d, 0) < balances.get(d, 0)}
        if needy:
            self._approve(list(needy))
        choices = [choice for choice in choices if self._can_pay(choice[1], available, balances.get(choice[1], 0) > 0)]
        deadline = timestamp + PATIENCE
        offers = self._simulate(choices, head, available, deadline, fresh, gas_wad)
        if any(o.repaid > owed[o.borrower, o.debt_asset] * 10_001 // 10_000 + 1 for o in offers):
            # More than there is to repay: Anvil was mining, and answered with the new state at the old time. Once more.
            offers = self._simulate(choices, head, available, deadline, fresh, gas_wad)

        plans: list[tuple[Offer, int]] = []
        for account in accounts:
            mine = [o for o in offers if o.borrower == account]
            if any(available[o.debt_asset] < o.max_repay and available[o.debt_asset] < o.repaid for o in mine):
                # what is left after the others of this block pays for a part
                smaller = [(account, o.debt_asset, o.collateral_asset) for o in mine if available[o.debt_asset]]
                mine = self._simulate(smaller, head, available, deadline, fresh, gas_wad)
            chosen = best(mine, self.config.min_profit_wad)
            if chosen is None:
                if mine:
                    top = max(mine, key=lambda o: o.profit_wad)
                    self._say_offer("unprofitable", "leaving", top, None, head, once=True)
                continue
            # a little more than now: interest until it is mined must not leave a crumb of debt
            most = min(chosen.repaid + chosen.repaid // 100 + 1, available[chosen.debt_asset])
            chosen = replace(chosen, max_repay=most)
            available[chosen.debt_asset] -= most
            plans.append((chosen, least_received(chosen, fresh[chosen.collateral_asset].low, self.config.min_profit_wad)))
        return plans

    def _can_pay(self, asset: str, available: dict[str, int], has: bool) -> bool:
        if available.get(asset, 0) > 0:
            self._said.pop(("short", asset), None)
            return True
        symbol = self._symbol(asset)
        if asset in self._approving:
            text = f"waiting for the approval of {symbol}"
        elif has:
            text = f"{symbol} is not approved to the pool yet: a dry run sends nothing, and so cannot simulate"
        else:
            text = f"short of {symbol}: {self.wallet.address} has none to repay with; send it some"
        self._once("short", asset, text, asset=asset)
        return False

    def _simulate(
        self,
        choices: list[tuple[str, str, str]],
        head: int,
        available: dict[str, int],
        deadline: int,
        fresh: dict[str, Fresh],
        gas_wad: int,
    ) -> list[Offer]:
        sender = self.wallet.address
        requests = [call_request(self.engine, LIQUIDATE.encode(b, d, c, available[d], 0, deadline), sender, head) for b, d, c in choices]
        offers = []
        for (borrower, debt, collateral), answer in zip(choices, self.rpc.batch(requests, errors=True), strict=True):
            if isinstance(answer, RpcError):
                if isinstance(answer, Reverted) and answer.reason == "engine: healthy":
                    continue  # somebody was faster
                self._once("refused", borrower, f"{short(borrower)} cannot be liquidated: {answer}", borrower=borrower)
                continue
            repaid, received = LIQUIDATE.decode(to_bytes(answer))
            offers.append(
                Offer(
                    borrower=borrower,
                    debt_asset=debt,
                    collateral_asset=collateral,
                    max_repay=available[debt],
                    repaid=repaid,
                    received=received,
                    paid_wad=-(-repaid * fresh[debt].high // WAD),
                    received_wad=received * fresh[collateral].low // WAD,
                    gas_wad=gas_wad,
                )
            )
        return offers

    def _gas_wad(self, base_fee: int, fresh: dict[str, Fresh]) -> int:
        """What the gas of one liquidation costs, in units of account; 0 where nobody prices the chain's coin."""
        high = fresh.get(self.native.address, NO_PRICE).high if self.native is not None else 0
        if self.native is None or not high:
            self._once("gas", "price", "the chain's coin has no price here: gas counts nothing")
            return 0
        price = high * self.native.unit // WAD
        return int(self.gas_used * (base_fee + self.config.tip_wei) * price // WAD)

    def _gas_limit(self) -> int:
        return max(GAS_LIMIT, 3 * self.gas_used)

    def _fees(self, base_fee: int) -> dict[str, int]:
        tip = self.config.tip_wei
        return {"maxFeePerGas": 2 * base_fee + tip, "maxPriorityFeePerGas": tip}

    def _send(self, plans: list[tuple[Offer, int]], usages: dict[str, float], head: int, timestamp: int, base_fee: int) -> None:
        if not plans:
            return
        fees = self._fees(base_fee)
        raws = []
        for offer, least in plans:
            data = LIQUIDATE.encode(offer.borrower, offer.debt_asset, offer.collateral_asset, offer.max_repay, least, timestamp + PATIENCE)
            nonce = self.wallet.next_nonce()
            tx_hash, raw = self.wallet.sign(self.engine, data, gas=self._gas_limit(), fees=fees, nonce=nonce)
            sent = Sent(offer.borrower, tx_hash, nonce, head, offer.debt_asset, offer.max_repay, "0x" + data.hex(), fees=fees)
            self.state.pending[offer.borrower] = sent
            raws.append((offer, sent, raw))
        # in the file before on the wire: a killed keeper must not send a second one
        self.state.save()
        answers = self.rpc.batch([("eth_sendRawTransaction", [raw]) for _, _, raw in raws], errors=True)
        failed = False
        for (offer, sent, _), answer in zip(raws, answers, strict=True):
            if isinstance(answer, RpcError) and "known" not in str(answer).lower():
                del self.state.pending[offer.borrower]
                failed = True
                self.log("error", f"liquidation of {short(offer.borrower)} was not accepted: {answer}", borrower=offer.borrower)
                continue
            self._said.pop(("refused", offer.borrower), None)
            self._say_offer("sent", "liquidating", offer, usages[offer.borrower], head, tx=sent.tx_hash)
        if failed:
            self.wallet.resync()

    def _collect_receipts(self, head: int) -> None:
        """What became of the transactions that waited."""
        waiting = list(self.state.pending.values())
        if not waiting:
            return
        requests: list[tuple[str, list[Any]]] = [("eth_getTransactionReceipt", [s.tx_hash]) for s in waiting]
        requests.append(("eth_getTransactionCount", [self.wallet.address, "latest"]))
        *receipts, count = self.rpc.batch(requests)
        for sent, receipt in zip(waiting, receipts, strict=True):
            if receipt is not None:
                # all is read as of one block, this too: mined after it is still waiting
                if to_int(receipt["blockNumber"]) <= head:
                    del self.state.pending[sent.borrower]
                    self._mined(sent, receipt)
            elif to_int(count) > sent.nonce and not sent.overtaken:
                # mined between the two questions, or not at all: the next block shows
                sent.overtaken = True
            elif sent.overtaken:
                # its nonce went to another transaction: it can never be mined
                del self.state.pending[sent.borrower]
                self.wallet.resync()
                self.log("replaced", f"transaction {sent.tx_hash} was replaced", borrower=sent.borrower, tx=sent.tx_hash)
            elif sent.looks >= STUCK_BLOCKS and not self.config.dry_run:
                self._bump(sent)
            else:
                sent.looks += 1

    def _mined(self, sent: Sent, receipt: dict[str, Any]) -> None:
        block = to_int(receipt["blockNumber"])
        if to_int(receipt["status"]) != 1:
            failures = self._resting.get(sent.borrower, (0, 0))[1] + 1
            self._resting[sent.borrower] = (block + 2 ** min(failures - 1, 6), failures)
            self.reverts += 1
            try:
                ensure_success(self.rpc, receipt)
                reason = ""
            except Reverted as e:
                reason = e.reason or "without a reason"
            self.log(
                "reverted",
                f"liquidation of {short(sent.borrower)} reverted: {reason}",
                borrower=sent.borrower,
                tx=sent.tx_hash,
                block=block,
                reason=reason,
            )
            return
        self._resting.pop(sent.borrower, None)
        self.gas_used = (3 * self.gas_used + to_int(receipt["gasUsed"])) // 4
        for entry in receipt["logs"]:
            if entry["topics"] and entry["topics"][0] == LIQUIDATION.topic:
                found = LIQUIDATION.decode(entry)
                self.liquidations += 1
                self.log(
                    "liquidated",
                    f"liquidated {short(sent.borrower)} in block {block}: repaid {self._amount(found.repaid, found.debt_asset)}, "
                    f"got {self._amount(found.seized - found.fee, found.collateral_asset)}",
                    borrower=sent.borrower,
                    number=found.number,
                    tx=sent.tx_hash,
                    block=block,
                    debt_asset=found.debt_asset,
                    collateral_asset=found.collateral_asset,
                    repaid=str(found.repaid),
                    received=str(found.seized - found.fee),
                    gas=to_int(receipt["gasUsed"]),
                )

    def _bump(self, sent: Sent) -> None:
        """The same transaction with higher fees; an endpoint wants at least a tenth more."""
        base = to_int(self.rpc.block().get("baseFeePerGas"))
        old = sent.fees or self._fees(base)
        tip = old["maxPriorityFeePerGas"] * 13 // 10 + 1
        fees = {"maxFeePerGas": max(old["maxFeePerGas"] * 13 // 10 + 1, 2 * base + tip), "maxPriorityFeePerGas": tip}
        tx_hash, raw = self.wallet.sign(self.engine, sent.data, gas=self._gas_limit(), fees=fees, nonce=sent.nonce)
        sent.looks = 0
        try:
            self.rpc.call("eth_sendRawTransaction", raw)
        except RpcDead:
            raise
        except RpcError as e:
            if "nonce too low" not in str(e):  # mined just now, otherwise
                self.log("error", f"transaction {sent.tx_hash} waits, and sending it with higher fees failed: {e}")
            return
        self.log("bumped", f"transaction {sent.tx_hash} waits: sent again with higher fees", tx=tx_hash)
        sent.tx_hash, sent.fees = tx_hash, fees
        self.state.save()

    # ------------------------------------------------------------------ allowances

    def _approve(self, assets: list[str]) -> None:
        """Let the pool take what it is asked to repay with, where it may not yet."""
        if self.config.dry_run:
            return
        owner = self.wallet.address
        requests = [call_request(a, ALLOWANCE.encode(owner, self.pool)) for a in assets]
        requests += [call_request(a, BALANCE_OF.encode(owner)) for a in assets]
        words = [read_word(to_bytes(a), 0) for a in self.rpc.batch(requests)]
        empty = []
        for asset, allowance, balance in zip(assets, words, words[len(assets) :], strict=False):
            if allowance >= 2**128:
                self._approving.pop(asset, None)
                continue
            if balance == 0:
                empty.append(asset)
                continue
            if asset in self._approving and self.rpc.call("eth_getTransactionByHash", self._approving[asset]):
                continue
            tx_hash = self.wallet.send(asset, APPROVE.encode(self.pool, MAX_UINT256), gas=120_000)
            self._approving[asset] = tx_hash
            self.log("approved", f"approved {self._symbol(asset)} to the pool", asset=asset, tx=tx_hash)
        if len(empty) == len(self.tokens):
            names = " or ".join(self._symbol(a) for a in empty)
            self.log("short", f"{owner} holds no {names}: it can repay nothing until it is sent some", account=owner)

    # ------------------------------------------------------------------ words

    def _once(self, kind: str, key: str, text: str, **fields: Any) -> None:
        """Say something that may be true for many blocks once, until it changes."""
        if self._said.get((kind, key)) != text:
            self._said[kind, key] = text
            self.log(kind, text, **fields)

    def _say_offer(self, event: str, verb: str, o: Offer, usage: float | None, head: int, once: bool = False, **fields: Any) -> None:
        if once and self._said.get((event, o.borrower)):
            return
        self._said[event, o.borrower] = "said"
        at = f" at {usage:.2f} %" if usage is not None else ""
        self.log(
            event,
            f"{verb} {short(o.borrower)}{at}: repay {self._amount(o.repaid, o.debt_asset)}, "
            f"get {self._amount(o.received, o.collateral_asset)}, profit {money(o.profit_wad)} after {money(o.gas_wad)} of gas",
            borrower=o.borrower,
            block=head,
            debt_asset=o.debt_asset,
            collateral_asset=o.collateral_asset,
            repaid=str(o.repaid),
            received=str(o.received),
            profit=money(o.profit_wad, 4).replace(",", ""),
            gas=money(o.gas_wad, 4).replace(",", ""),
            **({"usage_percent": usage} if usage is not None else {}),
            **fields,
        )


def _named(entry: dict[str, Any]) -> list[str]:
    """An event of the pool names the account that it is about after the asset, and then who else may have paid with shares or got them."""
    return ["0x" + str(topic)[26:] for topic in entry["topics"][2:]]


# ---------------------------------------------------------------------- command line


def account_for(chain_id: int, key: str | None = None) -> Any:
    """The key given, the one in the environment, or on a development chain Anvil's second account."""
    from plimsoll.rpc import account_from_key

    key = key or os.environ.get(KEY_VARIABLE)
    if not key:
        if chain_id != DEV_CHAIN_ID:
            raise KeeperError(f"chain {chain_id} is no development chain: put the keeper's private key into {KEY_VARIABLE}")
        key = DEV_KEYS[1]
    return account_from_key(key)


def run(config: Config, account: Any = None) -> int:
    """Run a keeper until it is told to stop. Returns the exit code; errors are said in one line."""
    log = Log(config.json)
    try:
        with Rpc(config.rpc) as rpc:
            keeper = Keeper(config, account or account_for(rpc.chain_id), log, rpc)
            # after every import: Ape's replaces the handler of SIGINT
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: keeper.stop())
            return keeper.run()
    except Problem as e:
        if config.json:
            log("failed", str(e))
        print(f"error: {e}", file=sys.stderr, flush=True)
        return FAILED


def config_from(rpc: str, **given: Any) -> Config:
    """Options as click gives them to a Config."""
    ws = "" if given["no_ws"] else given["ws"]
    if ws and not ws.startswith(("ws://", "wss://")):
        raise click.BadParameter(f"'{ws}' is no address of a WebSocket: it must look like ws://127.0.0.1:8545", param_hint="'--ws'")
    return Config(
        rpc=rpc,
        ws=ws,
        once=given["once"],
        dry_run=given["dry_run"],
        json=given["as_json"],
        every_block=given["every_block"],
        min_profit_wad=round(given["min_profit"] * 10**6) * 10**12,
        poll=given["poll"],
        batch=given["batch"],
        reorg_blocks=given["reorg_blocks"],
        market=given["market"],
        poke=not given["no_poke"],
        poke_markets=given["poke_markets"],
        tip_wei=round(given["tip_gwei"] * 10**9),
        state=given["state"],
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rpc", "url", metavar="URL", default=DEFAULT_URL, show_default=True, help="Endpoint of the chain.")
@keeper_options
def cli(url: str, **given: Any) -> None:
    """Liquidate whoever may be liquidated, when it pays.

    The private key is taken from PLIMSOLL_KEEPER_KEY; on a development chain Anvil's second account serves. The account
    needs the tokens that borrowers owe; it approves them to the pool by itself.

    \b
    Examples:
      python -m plimsoll.keeper --rpc http://127.0.0.1:8545
      python -m plimsoll.keeper --once --dry-run --json

    Exit codes: 0 done, 1 error, 2 usage, 3 nothing to do (--once).
    """
    sys.exit(run(config_from(url, **given)))


if __name__ == "__main__":
    cli()
