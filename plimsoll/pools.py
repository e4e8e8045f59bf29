"""Pools and what is deposited in them: what it holds, what it has earned, and what keeping the tokens would have been worth.

The factories' events name the pools; the position manager's and the pools' own events say what went into and out of each
position. All is read at one block, in a few batches. The sums are pure functions of what was read, in exact integers.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import isqrt
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll import ranges, words
from plimsoll.abi import Artifacts, Call, Contract, Event
from plimsoll.addresses import AddressBook, is_address
from plimsoll.errors import Problem
from plimsoll.reader import BlockReader
from plimsoll.reference.range_pool import maximum_tick, minimum_tick
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes

PAIR, RANGE = "pair", "range"
ZERO = "0x" + "00" * 20
Q96 = 2**96
Q128 = 2**128
MASK = 2**256 - 1
WAD = 10**18
PIPS = 10**6

Amounts = tuple[int, int]


class PoolError(Problem):
    """What was asked for, and why there is no answer."""


# ---------------------------------------------------------------------- records


@dataclass(frozen=True)
class Coin:
    """A token of a pool."""

    address: str
    symbol: str
    decimals: int

    def text(self, amount: int, places: int = 4) -> str:
        return f"{words.amount(amount, self.decimals, places)} {self.symbol}"


@dataclass(frozen=True)
class Flows:
    """What went through a position, raw units of token0 and token1."""

    # from outside: neither compounded nor moved from another range
    deposited: Amounts = (0, 0)
    # out of the range, whether it was then collected or not
    withdrawn: Amounts = (0, 0)
    # paid out: liquidity that was withdrawn, and fees
    collected: Amounts = (0, 0)
    # withdrawn or earned, and put back into this range or another one
    reinvested: Amounts = (0, 0)

    def plus(self, other: Flows) -> Flows:
        mine, others = vars(self), vars(other)
        return Flows(**{name: add(mine[name], others[name]) for name in mine})


@dataclass(frozen=True)
class Position:
    # None: held in the pool itself, not by the position manager
    token_id: int | None
    owner: str
    lower: int
    upper: int
    liquidity: int
    # what the liquidity is now
    amounts: Amounts
    # what can be collected now: fees, and liquidity that was withdrawn
    owed: Amounts
    flows: Flows

    @property
    def name(self) -> str:
        return "direct" if self.token_id is None else f"#{self.token_id}"

    @property
    def fees(self) -> Amounts:
        """All that it has earned: collected, reinvested, or still there."""
        f = self.flows
        earned = add(add(f.collected, f.reinvested), self.owed)
        return max(earned[0] - f.withdrawn[0], 0), max(earned[1] - f.withdrawn[1], 0)

    @property
    def unclaimed(self) -> Amounts:
        """The part of the fees that is still there."""
        return min(self.owed[0], self.fees[0]), min(self.owed[1], self.fees[1])

    @property
    def closed(self) -> bool:
        return self.liquidity == 0 and self.owed == (0, 0)


@dataclass(frozen=True)
class Share:
    """Somebody's part of a pair."""

    owner: str
    lp: int
    amounts: Amounts


@dataclass(frozen=True)
class Pool:
    kind: str
    address: str
    coins: tuple[Coin, Coin]
    fee_pips: int
    # the coin whose price is told, in the other one
    base: int = 0
    spacing: int = 0
    # 0: without a price yet
    sqrt_price_x96: int = 0
    tick: int = 0
    # in range; of a pair sqrt(reserve0 * reserve1)
    liquidity: int = 0
    # a pair's reserves; a range pool's balances, fees that nobody has collected yet included
    holds: Amounts = (0, 0)
    # open ones
    positions: tuple[Position, ...] = ()
    closed: int = 0
    # liquidity that begins (negative: ends) at a tick
    ticks: Mapping[int, int] = field(default_factory=dict)
    shares: tuple[Share, ...] = ()

    @property
    def quote(self) -> int:
        return 1 - self.base

    @property
    def name(self) -> str:
        tokens = f"{self.coins[self.base].symbol}/{self.coins[self.quote].symbol}"
        return f"{tokens} pair" if self.kind == PAIR else f"{tokens} {self.fee} %"

    @property
    def fee(self) -> str:
        """Percent."""
        return f"{Decimal(self.fee_pips * 100) / PIPS:f}".rstrip("0").rstrip(".") if self.fee_pips else "0"

    @property
    def price(self) -> Fraction | None:
        """Quote per base, whole tokens."""
        return self.price_at(self.sqrt_price_x96) if self.sqrt_price_x96 else None

    def price_at(self, sqrt_price_x96: int) -> Fraction:
        return ranges.price_of(sqrt_price_x96, self.coins[0].decimals, self.coins[1].decimals, inverted=self.base == 1)

    def tick_price(self, tick: int) -> Fraction:
        return self.price_at(sqrt_ratio_at_tick(tick))

    def range_of(self, position: Position) -> tuple[Fraction, Fraction]:
        """Its lower and upper price, quote per base."""
        low, high = sorted((self.tick_price(position.lower), self.tick_price(position.upper)))
        return low, high

    def is_full(self, position: Position) -> bool:
        return (position.lower, position.upper) == (minimum_tick(self.spacing), maximum_tick(self.spacing))

    def state(self, position: Position) -> str:
        """Where the price is, seen from the position."""
        if position.liquidity == 0:
            return "withdrawn"
        if position.lower <= self.tick < position.upper:
            return "in range"
        below = self.tick < position.lower
        return "price below" if below == (self.base == 0) else "price above"

    @property
    def working(self) -> tuple[Position, ...]:
        """Those with liquidity, in range or not."""
        return tuple(x for x in self.positions if x.liquidity)

    def in_quote(self, amounts: Amounts) -> int:
        """What both amounts are worth, raw units of the quote, at the present price, rounded down."""
        return value(amounts, self.sqrt_price_x96, self.quote)

    def against_holding(self, position: Position) -> tuple[int, int]:
        """(what came of the deposits, fees left out; what the deposited tokens would be worth), both at the present price.

        What was withdrawn counts as kept. What was reinvested came out of the deposits once and is in the range now, or it
        was fees: either way it is counted once too often, and taken off.
        """
        f = position.flows
        out = add(position.amounts, f.withdrawn)
        return self.in_quote((out[0] - f.reinvested[0], out[1] - f.reinvested[1])), self.in_quote(f.deposited)


# ---------------------------------------------------------------------- sums


def add(a: Amounts, b: Amounts) -> Amounts:
    return a[0] + b[0], a[1] + b[1]


def value(amounts: Amounts, sqrt_price_x96: int, quote: int) -> int:
    """Both amounts in raw units of token `quote`, rounded down."""
    if sqrt_price_x96 == 0:
        return amounts[quote]
    square, scale = sqrt_price_x96**2, Q96**2
    if quote == 1:
        return amounts[1] + amounts[0] * square // scale
    return amounts[0] + amounts[1] * scale // square


def pair_sqrt_price(reserve0: int, reserve1: int) -> int:
    """As a range pool tells its price; 0: no reserves."""
    return isqrt((reserve1 << 192) // reserve0) if reserve0 and reserve1 else 0


@dataclass(frozen=True)
class History:
    """What the position manager's events tell."""

    # who holds which id now; what was burned is left out
    owners: dict[int, str]
    flows: dict[int, Flows]
    # id -> the id that its liquidity was moved to, and the other way round
    heirs: dict[int, int]
    origins: dict[int, int]


def history(events: Iterable[Event], manager: str) -> History:
    """A position that was moved carries on the flows of the one that it came from."""
    owners: dict[int, str] = {}
    sums: dict[int, Flows] = defaultdict(Flows)
    heirs: dict[int, int] = {}
    added: dict[int, Amounts] = {}
    before: Event | None = None
    for e in sorted(events, key=lambda e: (e.block, e.index)):
        if e.name == "Transfer":
            _, owners[e.args["tokenId"]], _ = e.args.values()
        elif e.name == "MoveRange":
            old, new = e.args["tokenId"], e.args["newTokenId"]
            heirs[old] = new
            # what the new range was opened with came from the old one, out of what had been collected from there
            sums[new] = sums.pop(old).plus(Flows(reinvested=added[new], collected=_minus(added[new])))
        else:
            token_id, amounts = e.args["tokenId"], (e.amount0, e.amount1)
            if e.name == "IncreaseLiquidity":
                added[token_id] = amounts
                heirs.pop(token_id, None)  # used again after all: from here on it goes its own way
                if _is_compounding(before, e, manager):
                    sums[token_id] = sums[token_id].plus(Flows(reinvested=amounts, collected=_minus(amounts)))
                else:
                    sums[token_id] = sums[token_id].plus(Flows(deposited=amounts))
            elif e.name == "DecreaseLiquidity":
                sums[token_id] = sums[token_id].plus(Flows(withdrawn=amounts))
            elif e.name == "Collect":
                last = [token_id, *line(token_id, heirs)][-1]
                sums[last] = sums[last].plus(Flows(collected=amounts))
        before = e
    living = {token_id: owner for token_id, owner in owners.items() if owner != ZERO}
    return History(living, dict(sums), heirs, {new: old for old, new in heirs.items()})


def _minus(a: Amounts) -> Amounts:
    return -a[0], -a[1]


def _is_compounding(before: Event | None, increase: Event, manager: str) -> bool:
    """Collected to the position manager itself, and all of it put back at once."""
    return (
        before is not None
        and before.name == "Collect"
        and before.tx_hash == increase.tx_hash
        and before.recipient == manager
        and all(before.args[n] == increase.args[n] for n in ("tokenId", "amount0", "amount1"))
    )


def line(token_id: int, links: Mapping[int, int]) -> list[int]:
    """All that follow it, nearest first."""
    found = []
    while token_id in links:
        token_id = links[token_id]
        found.append(token_id)
    return found


def direct_flows(events: Iterable[Event]) -> dict[tuple[str, int, int], Flows]:
    """By owner and ticks, from a pool's events."""
    kinds = {"Mint": "deposited", "Burn": "withdrawn", "Collect": "collected"}
    sums: dict[tuple[str, int, int], Flows] = defaultdict(Flows)
    for e in events:
        if e.name in kinds:
            key = e.owner, e.tickLower, e.tickUpper
            sums[key] = sums[key].plus(Flows(**{kinds[e.name]: (e.amount0, e.amount1)}))
    return dict(sums)


@dataclass(frozen=True)
class Growth:
    """Fees per unit of liquidity in a pool, X128: in all, and on the far side of each tick."""

    total: Amounts
    outside: Mapping[int, Amounts]

    def inside(self, lower: int, upper: int, tick: int) -> Amounts:
        """Modulo 2**256; only differences mean anything."""
        result = []
        for i in (0, 1):
            low, high = self.outside[lower][i], self.outside[upper][i]
            below = low if tick >= lower else self.total[i] - low
            above = high if tick < upper else self.total[i] - high
            result.append((self.total[i] - below - above) & MASK)
        return result[0], result[1]


def owed_now(stored: Amounts, last: Amounts, inside: Amounts, liquidity: int) -> Amounts:
    """What was written down, and what has been earned since."""
    found = [s + (((now - then) & MASK) * liquidity // Q128) for s, then, now in zip(stored, last, inside, strict=True)]
    return found[0], found[1]


def profile(ticks: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """(from tick, to tick, liquidity) of each stretch between initialised ticks, lowest first."""
    ordered = sorted(ticks)
    found, liquidity = [], 0
    for lower, upper in pairwise(ordered):
        liquidity += ticks[lower]
        found.append((lower, upper, liquidity))
    return found


def position_key(owner: str, lower: int, upper: int) -> bytes:
    """Of a pool's `positions`."""
    packed = bytes.fromhex(owner[2:]) + lower.to_bytes(3, "big", signed=True) + upper.to_bytes(3, "big", signed=True)
    return bytes(keccak(packed))


# ---------------------------------------------------------------------- what was asked for


@dataclass(frozen=True)
class Wanted:
    """Pools by address, or by tokens and, perhaps, fee."""

    address: str | None = None
    tokens: tuple[str, ...] = ()
    fee: str | None = None

    @classmethod
    def parse(cls, words_given: Sequence[str]) -> Wanted | None:
        """0x..., ETH/USD, ETH USD, ETH/USD/0.3, ETH/USD/pair; None: all."""
        parts = [p for p in re.split(r"[/\s]+", " ".join(words_given).strip()) if p]
        if not parts:
            return None
        if len(parts) == 1 and is_address(parts[0]):
            return cls(address=to_checksum_address(parts[0]))
        if len(parts) == 1 or len(parts) > 3:
            raise PoolError(f"'{'/'.join(parts)}' names no pool: give its address, or tokens and fee, like ETH/USD or ETH/USD/0.3")
        return cls(tokens=(parts[0], parts[1]), fee=parts[2] if len(parts) == 3 else None)

    @property
    def text(self) -> str:
        return self.address or "/".join([*self.tokens, *([self.fee] if self.fee else [])])


def choose(pools: Sequence[Pool], wanted: Wanted | None, book: AddressBook) -> list[Pool]:
    """Those that were asked for; PoolError if there are none."""
    if wanted is None:
        return list(pools)
    if wanted.address is not None:
        found = [p for p in pools if p.address == wanted.address]
        if not found:
            raise PoolError(f"{wanted.address} is no pool of this deployment (`ape run pool` shows all)")
        return found
    a, b = (_token(text, pools, book) for text in wanted.tokens)
    of_tokens = [p for p in pools if {a, b} == {c.address for c in p.coins}]
    found = [p for p in of_tokens if wanted.fee is None or p.kind == PAIR == wanted.fee.lower() or p.fee_pips == _pips(wanted.fee, p)]
    if not found:
        there = ", ".join(PAIR if p.kind == PAIR else f"{p.fee} %" for p in of_tokens) or "none of these tokens"
        raise PoolError(f"there is no pool {wanted.text} (there are: {there})")
    return found


def _pips(text: str, pool: Pool) -> int | None:
    """A fee in percent; None for a pair, which is asked for as such."""
    if text.lower() == PAIR:
        return None
    try:
        pips = Decimal(text.removesuffix("%").strip()) * PIPS / 100
    except ArithmeticError:
        raise PoolError(f"'{text}' is no fee: it must be a percentage like 0.3, or 'pair'") from None
    return int(pips) if pool.kind == RANGE and pips == int(pips) else None


def _token(text: str, pools: Sequence[Pool], book: AddressBook) -> str:
    """By address, by role, or by symbol; the deployment's own tokens go first, because anybody may call a token as he likes."""
    if is_address(text):
        return str(to_checksum_address(text))
    for t in book.tokens:
        if text.lower() in (t.role.lower(), t.symbol.lower()):
            return t.address
    coins = {c.address: c for p in pools for c in p.coins}
    found = [a for a, c in coins.items() if c.symbol.lower() == text.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        raise PoolError(f"{len(found)} tokens call themselves '{text}': give the address of one")
    known = ", ".join(dict.fromkeys([*(t.symbol for t in book.tokens), *(c.symbol for c in coins.values())]))
    raise PoolError(f"no pool has a token '{text}' (there are: {known})")


# ---------------------------------------------------------------------- reading


class Reader(BlockReader):
    """Reads the pools of one deployment, all at one block."""

    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts, block: int | None = None):
        super().__init__(rpc, book, artifacts, block)
        self.pair_factory = book.contract("PairFactory", rpc, artifacts)
        has_ranges = book.has("RangePoolFactory")
        self.range_factory = book.contract("RangePoolFactory", rpc, artifacts) if has_ranges else None
        self.manager = book.contract("PositionManager", rpc, artifacts) if book.has("PositionManager") else None
        assets = book.data.get("wanted", {}).get("preset", {}).get("assets", [])
        self.quotes = {book.token(a["role"]).address for a in assets if not a.get("quote")}

    def pools(self, wanted: Wanted | None = None, account: str | None = None, positions: bool = True) -> list[Pool]:
        """With all that is in them; with `account`, those in which it has something, and only that."""
        found = choose(self._found(), wanted, self.book)
        pairs = self._pairs([p for p in found if p.kind == PAIR], account)
        range_pools = [p for p in found if p.kind == RANGE]
        range_pools = self._ranges(range_pools, account) if positions else [state for state, _ in self._states(range_pools, {})]
        if account is None:
            return [*pairs, *range_pools]
        return [*(p for p in pairs if p.shares), *(p for p in range_pools if p.positions or p.closed)]

    # ------------------------------------------------------------------ requests

    def _logs(self, at: Sequence[Contract], names: Sequence[str]) -> list[Event]:
        if not at:
            return []
        interface = at[0].interface
        topics = [[interface.topic(n) for n in names]]
        return interface.decode_logs(self.rpc.logs([c.address for c in at], topics, self.book.block, self.block))

    def _balances(self, of: Sequence[tuple[str, str]]) -> list[int]:
        """By token and holder. Anybody may make a pool of anything: what does not answer counts as nothing, and spoils no table."""
        balance_of = self.artifacts["TestToken"].interface.function("balanceOf", 1)
        answers = self.batch([call_request(token, balance_of.encode(holder), None, self.block) for token, holder in of], errors=True)
        raw = [b"" if isinstance(a, RpcError) else to_bytes(a) for a in answers]
        return [int.from_bytes(r, "big") if len(r) == 32 else 0 for r in raw]

    # ------------------------------------------------------------------ which pools there are

    def _found(self) -> list[Pool]:
        pairs = self._logs([self.pair_factory], ["PairCreated"])
        pools = self._logs([self.range_factory], ["PoolCreated"]) if self.range_factory else []
        coins = self._coins({a for e in (*pairs, *pools) for a in (e.token0, e.token1)})
        fee_pips = self.pair_factory.call("fee_bps", block=self.block) * 100 if pairs else 0
        found = []
        for e in (*pairs, *pools):
            both = coins[e.token0], coins[e.token1]
            # what has a fixed price is the measure; else, as the pools count, token1
            base = 1 if e.token0 in self.quotes and e.token1 not in self.quotes else 0
            if e.name == "PairCreated":
                found.append(Pool(PAIR, e.pair, both, fee_pips, base))
            else:
                found.append(Pool(RANGE, e.pool, both, e.fee, base, e.tickSpacing))
        return found

    def _coins(self, addresses: set[str]) -> dict[str, Coin]:
        known = {t.address: Coin(t.address, t.symbol, t.decimals) for t in self.book.tokens}
        others = sorted(addresses - set(known))
        token = self.artifacts["TestToken"].interface
        selectors = [token.function(n).selector for n in ("symbol", "decimals")]
        answers = self.batch([call_request(a, s, None, self.block) for a in others for s in selectors], errors=True)
        raw = [b"" if isinstance(a, RpcError) else to_bytes(a) for a in answers]
        taken = {c.symbol.lower() for c in known.values()}
        for i, address in enumerate(others):
            symbol, decimals = clean_symbol(raw[2 * i], address), int.from_bytes(raw[2 * i + 1][:32], "big")
            if symbol.lower() in taken:
                symbol = f"{symbol}({words.short(address)})"
            known[address] = Coin(address, symbol, decimals if decimals <= 77 else 0)
        return known

    # ------------------------------------------------------------------ pairs

    def _pairs(self, pools: Sequence[Pool], account: str | None) -> list[Pool]:
        contracts = [self.artifacts.at("Pair", p.address, self.rpc) for p in pools]
        calls = [c.request("getReserves") for c in contracts] + [c.request("totalSupply") for c in contracts]
        if account is not None:
            calls += [c.request("balanceOf", account) for c in contracts]
        answers = self.read(calls)
        n = len(pools)
        found = []
        for i, pool in enumerate(pools):
            holds = (answers[i][0], answers[i][1])
            pool = replace(pool, holds=holds, sqrt_price_x96=pair_sqrt_price(*holds), liquidity=isqrt(holds[0] * holds[1]))
            supply = answers[n + i]
            held = answers[2 * n + i] if account is not None else 0
            if held and account is not None:
                pool = replace(pool, shares=(Share(account, held, (holds[0] * held // supply, holds[1] * held // supply)),))
            found.append(pool)
        return found

    # ------------------------------------------------------------------ range pools

    def _ranges(self, pools: Sequence[Pool], account: str | None) -> list[Pool]:
        contracts = [self.artifacts.at("RangePool", p.address, self.rpc) for p in pools]
        events = self._logs(contracts, ["Mint", "Burn", "Collect"])
        by_pool: dict[str, list[Event]] = defaultdict(list)
        for e in events:
            by_pool[e.address].append(e)
        managed = self._managed(pools, account)
        found = []
        for contract, (state, growth) in zip(contracts, self._states(pools, by_pool), strict=True):
            positions = self._positions(state, growth, managed[state.address], account)
            positions += self._direct(state, growth, contract, by_pool[state.address], account)
            still = tuple(p for p in positions if not p.closed)
            found.append(replace(state, positions=still, closed=len(positions) - len(still)))
        return found

    def _states(self, pools: Sequence[Pool], events: Mapping[str, Sequence[Event]]) -> list[tuple[Pool, Growth]]:
        """Price, liquidity, balances, and every tick that was used in `events`."""
        calls: list[Call] = []
        ticks: list[list[int]] = []
        for p in pools:
            c = self.artifacts.at("RangePool", p.address, self.rpc)
            used = sorted({t for e in events.get(p.address, ()) if e.name == "Mint" for t in (e.tickLower, e.tickUpper)})
            ticks.append(used)
            calls += [c.request(n) for n in ("slot0", "liquidity", "feeGrowthGlobal0X128", "feeGrowthGlobal1X128")]
            calls += [c.request("ticks", t) for t in used]
        answers = iter(self.read(calls))
        balances = self._balances([(coin.address, p.address) for p in pools for coin in p.coins])
        found = []
        for i, (p, used) in enumerate(zip(pools, ticks, strict=True)):
            slot0, liquidity, growth0, growth1 = (next(answers) for _ in range(4))
            infos = {t: next(answers) for t in used}
            state = replace(
                p,
                sqrt_price_x96=slot0[0],
                tick=slot0[1],
                liquidity=liquidity,
                holds=(balances[2 * i], balances[2 * i + 1]),
                # what is initialised still
                ticks={t: info[1] for t, info in infos.items() if info[0]},
            )
            found.append((state, Growth((growth0, growth1), {t: (info[2], info[3]) for t, info in infos.items()})))
        return found

    def _managed(self, pools: Sequence[Pool], account: str | None) -> dict[str, list[tuple[int, Any]]]:
        """By pool, what the position manager holds: id and record."""
        found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        past = self.past
        ids = [i for i, owner in past.owners.items() if account is None or owner == account]
        # those from which one of them was moved: something may have been left there
        ids = sorted({*ids, *(o for i in ids for o in line(i, past.origins) if o in past.owners)})
        calls = [self.manager.request("positions", i) for i in ids] if self.manager else []
        by_key = {(p.coins[0].address, p.coins[1].address, p.fee_pips): p.address for p in pools}
        for token_id, record in zip(ids, self.read(calls), strict=True):
            address = by_key.get((record[2], record[3], record[4]))
            if address is not None:
                found[address].append((token_id, record))
        return found

    @cached_property
    def past(self) -> History:
        if self.manager is None:
            return history([], ZERO)
        names = ["Transfer", "IncreaseLiquidity", "DecreaseLiquidity", "Collect", "MoveRange"]
        return history(self._logs([self.manager], names), self.manager.address)

    def _positions(self, pool: Pool, growth: Growth, records: Sequence[tuple[int, Any]], account: str | None) -> list[Position]:
        past, found = self.past, {}
        for token_id, record in records:
            lower, upper, liquidity, last0, last1, owed0, owed1 = record[5:12]
            went = past.flows.get(token_id, Flows())
            made = _made(pool, growth, token_id, past.owners[token_id], lower, upper, liquidity, (last0, last1), (owed0, owed1), went)
            found[token_id] = made
        for token_id, position in found.items():
            heir = past.heirs.get(token_id)
            if heir is None:
                continue
            # its past went on to its heir; what was left here is the heir's earning, waiting to be collected
            found[token_id] = replace(position, flows=Flows(withdrawn=position.owed))
            last = next((i for i in reversed(line(token_id, past.heirs)) if i in found), None)
            if last is not None:
                found[last] = replace(found[last], flows=found[last].flows.plus(Flows(collected=position.owed)))
        return [p for p in found.values() if account is None or p.owner == account]

    def _direct(self, pool: Pool, growth: Growth, contract: Contract, events: Sequence[Event], account: str | None) -> list[Position]:
        """Of contracts that deal with the pool themselves."""
        manager = self.manager.address if self.manager else None
        sums = direct_flows(e for e in events if e.owner != manager)
        keys = [k for k in sums if account is None or k[0] == account]
        records = self.read([contract.request("positions", position_key(*k)) for k in keys])
        return [
            _made(pool, growth, None, k[0], k[1], k[2], r[0], (r[1], r[2]), (r[3], r[4]), sums[k]) for k, r in zip(keys, records, strict=True)
        ]


def _made(
    pool: Pool,
    growth: Growth,
    token_id: int | None,
    owner: str,
    lower: int,
    upper: int,
    liquidity: int,
    last: Amounts,
    stored: Amounts,
    went: Flows,
) -> Position:
    owed = owed_now(stored, last, growth.inside(lower, upper, pool.tick), liquidity) if liquidity else stored
    amounts = ranges.amounts(liquidity, pool.sqrt_price_x96, lower, upper) if liquidity else (0, 0)
    return Position(token_id, owner, lower, upper, liquidity, amounts, owed, went)


def clean_symbol(raw: bytes, address: str) -> str:
    """A token's own word for itself, made safe to print: text or, with some old tokens, bytes32."""
    try:
        text = raw.rstrip(b"\0").decode() if len(raw) == 32 else str(abi_decode(["string"], raw)[0])
    except Exception:  # whatever it is, it is no text
        text = ""
    text = "".join(c for c in text if c.isascii() and (c.isalnum() or c in ".-_$+"))[:16]
    return text or words.short(address)
