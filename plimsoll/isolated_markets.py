"""Reads isolated markets, all at one block. Their tokens are strangers' code: asked with little gas, and believed in nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from eth_utils.address import to_checksum_address

from plimsoll import words
from plimsoll.abi import Artifacts, Call, Contract, parse_function
from plimsoll.addresses import AddressBook, is_address
from plimsoll.attack import isolated as attack
from plimsoll.attack.cost import AttackError, PairMarket
from plimsoll.attack.gain import Terms
from plimsoll.attack.study import Worst
from plimsoll.errors import Problem
from plimsoll.pools import ZERO, Coin
from plimsoll.reader import BlockReader
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes

WAD = 10**18
# contracts/markets/MarketFactory.vy
PAGE = 64
LEAST_AGE_SECONDS = 7 * 86_400
# contracts/modules/six_hours.vy
BUCKET = 180
BUCKETS = 120
# What a pair tells: who pokes less often loses some of it
HOUR = 3_600
# For what a token says of itself
TOKEN_GAS = 200_000
SYMBOL, DECIMALS = parse_function("symbol()", ["string"]), parse_function("decimals()", ["uint256"])
LONGEST_SYMBOL = 12


def factory_of(book: AddressBook, rpc: Rpc, artifacts: Artifacts) -> Contract:
    if not book.has("MarketFactory"):
        raise Problem(f"{book.shown} has no MarketFactory: what it lists was deployed without isolated markets")
    return book.contract("MarketFactory", rpc, artifacts)


def plain(text: str, otherwise: str) -> str:
    """A symbol that can do nothing to a terminal; any can still be a lie."""
    found = "".join(c for c in text if c.isascii() and c.isprintable() and c not in "[]\\").strip()[:LONGEST_SYMBOL]
    return found or otherwise


def symbol_of(answer: Any, address: str) -> str:
    """From the answer to symbol(): a string, or the bytes32 of old tokens."""
    otherwise = words.short(address)
    if isinstance(answer, RpcError):
        return otherwise
    raw = to_bytes(answer)
    try:
        text = raw.rstrip(b"\0").decode() if len(raw) == 32 else str(SYMBOL.decode(raw[:1_024]))
    except Exception:  # whatever eth_abi finds wrong with it
        return otherwise
    return plain(text, otherwise)


def decimals_of(answer: Any) -> int | None:
    raw = b"" if isinstance(answer, RpcError) else to_bytes(answer)
    found = int.from_bytes(raw, "big") if len(raw) == 32 else 256
    return found if found <= 36 else None


@dataclass(frozen=True)
class Side:
    """One of the two reserves. Amounts: raw units."""

    coin: Coin
    cash: int
    debt: int
    supply_cap: int
    debt_cap: int
    ltv_bps: int
    bonus_bps: int
    reserve_factor_bps: int
    borrow_rate_wad: int
    paused: bool
    # WAD value of 1e18 raw units, of now; 0: none
    price: int

    @property
    def supplied(self) -> int:
        return self.cash + self.debt

    @property
    def utilisation_wad(self) -> int:
        return self.debt * WAD // self.supplied if self.supplied else 0

    @property
    def reserve(self) -> attack.Reserve:
        return attack.Reserve(self.cash, self.debt, self.supply_cap, self.debt_cap, Terms(self.ltv_bps, self.bonus_bps), self.price)


@dataclass(frozen=True)
class IsolatedMarket:
    # From 1, in the order of opening
    number: int
    # IMarketFactory.Market
    info: Any
    token: Side
    quote: Side
    # IPriceOracle.Band, of the token
    band: Any
    limit_bps: int
    min_depth: int
    fee_bps: int
    # Of the pair, (token, quote)
    reserves: tuple[int, int]
    # Buckets in a row of the last 120, and until when the pair's ticks are kept
    known: int
    kept_ts: int
    now: int

    @property
    def name(self) -> str:
        return f"{self.token.coin.symbol}/{self.quote.coin.symbol}"

    @property
    def poke_age(self) -> int:
        """Seconds since the oracle last kept what the pair tells, from the beginning of that bucket."""
        return max(self.now - self.kept_ts, 0)

    @property
    def current(self) -> bool:
        """A poke now would change nothing."""
        return self.kept_ts == self.now // BUCKET * BUCKET

    @property
    def why(self) -> list[str]:
        return words.why(int(self.band.why), isolated=True)

    @property
    def has_price(self) -> bool:
        """For liquidation."""
        return bool(self.band.fresh_low)

    @property
    def at_stake(self) -> int:
        return attack.at_stake(self.token.reserve, self.quote.reserve)

    @cached_property
    def pair_market(self) -> PairMarket:
        return PairMarket(*self.reserves, self.fee_bps * 100)

    @property
    def price(self) -> Fraction:
        """Whole quote for a whole token, in the pair now."""
        return self.pair_market.price * Fraction(10**self.token.coin.decimals, 10**self.quote.coin.decimals)

    def grades(self, block_seconds: int) -> Worst | None:
        """None: there is nothing to compute it from."""
        try:
            pair = self.pair_market
        except AttackError:
            return None
        if not self.quote.price:
            return None
        token = attack.Reserve(*self._amounts(self.token), int(pair.price * self.quote.price))
        found = attack.listing(self.name, self.info.pair, pair, token, self.quote.reserve, self.limit_bps, self.min_depth)
        return attack.grades(found, block_seconds)

    @staticmethod
    def _amounts(side: Side) -> tuple[int, int, int, int, Terms]:
        return side.cash, side.debt, side.supply_cap, side.debt_cap, Terms(side.ltv_bps, side.bonus_bps)


@dataclass(frozen=True)
class Unreadable:
    """A market some of whose contracts do not answer. It must not hide the others."""

    number: int
    info: Any
    problem: str


Found = IsolatedMarket | Unreadable


class Reader(BlockReader):
    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts, block: int | None = None):
        super().__init__(rpc, book, artifacts, block)
        self.factory = factory_of(book, rpc, artifacts)
        self._coins = {t.address: Coin(t.address, t.symbol, t.decimals) for t in book.tokens}

    @cached_property
    def now(self) -> int:
        return int(self.rpc.block(self.block)["timestamp"], 16)

    def infos(self) -> list[Any]:
        """IMarketFactory.Market of all, in the order of opening."""
        count = self.read([self.factory.request("markets_count")])[0]
        pages = self.read([self.factory.request("markets", start, PAGE) for start in range(0, count, PAGE)])
        return [info for page in pages for info in page]

    def choose(self, text: str) -> tuple[int, Any]:
        """(number, info) of a market, by its number in the list or the address of its pool."""
        digits = text.removeprefix("#")
        if re.fullmatch("[0-9]+", digits):
            # no list is longer than a number of nine digits
            number = int(digits[:30])
            page = self.read([self.factory.request("markets", number - 1, 1)])[0] if number and len(digits) < 10 else []
            if not page:
                raise Problem(f"there is no isolated market {digits[:30]} (`ape run isolated list` shows all)")
            return number, page[0]
        if not is_address(text):
            raise Problem(f"'{text}' is no market: give its number in `ape run isolated list`, or the address of its pool")
        pool = to_checksum_address(text)
        for number, info in enumerate(self.infos(), 1):
            if info.pool == pool:
                return number, info
        raise Problem(f"{pool} is the pool of no isolated market here (`ape run isolated list` shows all)")

    def coins(self, addresses: Sequence[str]) -> dict[str, Coin]:
        unknown = [a for a in dict.fromkeys(addresses) if a not in self._coins]
        questions = [call_request(a, f.selector, None, self.block, TOKEN_GAS) for a in unknown for f in (SYMBOL, DECIMALS)]
        answers = self.batch(questions, errors=True)
        for i, address in enumerate(unknown):
            symbol, decimals = answers[2 * i : 2 * i + 2]
            found = decimals_of(decimals)
            self._coins[address] = Coin(address, symbol_of(symbol, address), 18 if found is None else found)
        return {a: self._coins[a] for a in addresses}

    def markets(self, chosen: Sequence[tuple[int, Any]] | None = None) -> list[Found]:
        """All, or those."""
        wanted = list(enumerate(self.infos(), 1)) if chosen is None else list(chosen)
        coins = self.coins([a for _, info in wanted for a in (info.token, info.quote)])
        asked = [self._requests(info) for _, info in wanted]
        requests = [call_request(c.to, c.data, None, self.block) for calls in asked for c in calls]
        answers = iter(self.batch(requests, errors=True))
        fee_bps = self.read([self.book.contract("PairFactory", self.rpc, self.artifacts).request("fee_bps")])[0]
        found: list[Found] = []
        for (number, info), calls in zip(wanted, asked, strict=True):
            told = [next(answers) for _ in calls]
            failed = next((e for e in told if isinstance(e, RpcError)), None)
            if failed is not None:
                found.append(Unreadable(number, info, str(failed)))
                continue
            values = [c.decode(to_bytes(a)) for c, a in zip(calls, told, strict=True)]
            found.append(self._market(number, info, coins, fee_bps, values))
        return found

    def _requests(self, info: Any) -> list[Call]:
        at = self._at
        pool, oracle = at("LendingPool", info.pool), at("IsolatedOracle", info.oracle)
        configurator, pair = at("PoolConfigurator", info.configurator), at("Pair", info.pair)
        both = (info.token, info.quote)
        return [
            *(pool.request("reserve_state", a) for a in both),
            *(configurator.request("configuration", a) for a in both),
            *(oracle.request("band", a) for a in both),
            oracle.request("source_of", info.token, 0),
            oracle.request("six_hours_known"),
            oracle.request("kept_ts"),
            pool.request("borrow_limit_bps"),
            pair.request("getReserves"),
        ]

    def _market(self, number: int, info: Any, coins: dict[str, Coin], fee_bps: int, values: list[Any]) -> IsolatedMarket:
        states, terms, bands = values[0:2], values[2:4], values[4:6]
        source, known, kept_ts, limit_bps, (reserve0, reserve1, _) = values[6:]
        sides = [
            Side(
                coin=coins[address],
                cash=state.cash,
                debt=state.debt,
                supply_cap=term.supply_cap,
                debt_cap=term.debt_cap,
                ltv_bps=state.ltv_bps,
                bonus_bps=state.bonus_bps,
                reserve_factor_bps=state.reserve_factor_bps,
                borrow_rate_wad=state.borrow_rate_wad,
                paused=bool(term.paused_actions),
                price=band.fresh_low or band.low,
            )
            for address, state, term, band in zip((info.token, info.quote), states, terms, bands, strict=True)
        ]
        token_is_token0 = int(info.token, 16) < int(info.quote, 16)
        return IsolatedMarket(
            number=number,
            info=info,
            token=sides[0],
            quote=sides[1],
            band=bands[0],
            limit_bps=limit_bps,
            min_depth=source[2],
            fee_bps=fee_bps,
            reserves=(reserve0, reserve1) if token_is_token0 else (reserve1, reserve0),
            known=known,
            kept_ts=kept_ts,
            now=self.now,
        )

    def _at(self, name: str, address: str) -> Contract:
        return self.artifacts.at(name, address, self.rpc)

    # ------------------------------------------------------------------ for a market to come

    def pair_of(self, token: str, text: str) -> tuple[str, str]:
        """(pair, quote) for a token, from a pair's address or from its quote: symbol, role or address."""
        pairs = self.book.contract("PairFactory", self.rpc, self.artifacts)
        named = [t.address for t in self.book.tokens if text.lower() in (t.role.lower(), t.symbol.lower())]
        if not named and not is_address(text):
            raise Problem(f"'{text}' is no pair: give its address, or the symbol or address of the quote")
        address = named[0] if named else str(to_checksum_address(text))
        if address == token:
            raise Problem("a token has no pair with itself: name the pair's address, or the quote")
        as_pair = self._quote_in(address, token)
        quote = as_pair or address
        pair = self.read([pairs.request("getPair", token, quote)])[0]
        if as_pair is not None and pair != address:
            raise Problem(f"{address} is no pair of our PairFactory")
        if pair == ZERO:
            raise Problem(f"there is no pair of {token} and {quote} in our PairFactory")
        return pair, quote

    def _quote_in(self, pair: str, token: str) -> str | None:
        """The other token, if it is a pair of this one."""
        asked = self._at("Pair", pair)
        requests = [asked.request(n) for n in ("token0", "token1")]
        answers = self.batch([call_request(c.to, c.data, None, self.block, TOKEN_GAS) for c in requests], errors=True)
        if any(isinstance(a, RpcError) or len(to_bytes(a)) != 32 for a in answers):
            return None
        both = [str(to_checksum_address(to_bytes(a)[12:])) for a in answers]
        if token not in both:
            raise Problem(f"{pair} is no pair of {token}: it holds {' and '.join(both)}")
        return both[1 - both.index(token)]

    def pair_started(self, pair: str) -> int:
        """When it first got liquidity; 0: never."""
        return int(self.read([self._at("Pair", pair).request("window", 0)])[0].started_ts)

    def bands_to_come(self, token: str, quote: str, pair: str, min_depth: int) -> tuple[Any, Any]:
        """What the oracle of a market would tell of (token, quote) now. It is made inside a call, and gone after it."""
        listed = self.read([self.factory.request("quote_of", quote)])[0]
        oracle = self.artifacts["IsolatedOracle"]
        code = oracle.deployment(token, quote, pair, min_depth, *listed[1:])
        band = oracle.interface.function("band")
        answers = self.batch(
            [("eth_call", [{"data": "0x" + made_and_asked(code, band.encode(a)).hex()}, hex(self.block)]) for a in (token, quote)]
        )
        first, second = (band.decode(to_bytes(a)) for a in answers)
        return first, second


def made_and_asked(code: bytes, question: bytes) -> bytes:
    """Init code that deploys a contract by `code`, asks it a question, and returns the answer in place of a contract of its own."""

    def push(number: int, size: int = 3) -> bytes:
        return bytes([0x5F + size]) + number.to_bytes(size, "big")

    zero, copy, create, jump_if, ask = push(0, 1), b"\x39", b"\xf0", b"\x57", b"\xfa"

    def program(start: int, fail: int) -> bytes:
        return b"".join(
            (
                push(len(code)) + push(start) + zero + copy,
                push(len(code)) + zero + zero + create,
                b"\x80\x15" + push(fail) + jump_if,
                push(len(question)) + push(start + len(code)) + zero + copy,
                zero + zero + push(len(question)) + zero + b"\x84\x5a" + ask,
                b"\x15" + push(fail) + jump_if,
                b"\x3d" + zero + zero + b"\x3e" + b"\x3d" + zero + b"\xf3",
                b"\x5b" + b"\x3d" + zero + zero + b"\x3e" + b"\x3d" + zero + b"\xfd",
            )
        )

    length = len(program(0, 0))
    # the last part: eleven bytes from its JUMPDEST on
    failing = len(b"\x5b\x3d" + zero + zero + b"\x3e\x3d" + zero + b"\xfd")
    return program(length, length - failing) + code + question
