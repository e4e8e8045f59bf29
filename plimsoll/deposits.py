"""Opening, moving and closing ranges with words instead of ticks: what the console's helpers do.

Each action is tried as a call first: a reason to fail is told before anything is sent, and what would come of it, less the
slippage, becomes the transaction's minimum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from plimsoll import ranges, words
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook, Token
from plimsoll.errors import Problem
from plimsoll.pools import PAIR, RANGE, Coin, Pool, Reader
from plimsoll.rpc import DEV_CHAIN_ID, Reverted, Rpc, RpcError, call_request, to_bytes

# In a path, the fee that stands for the x*y=k pair
PAIR_FEE = 2**23
MAX_UINT128 = 2**128 - 1
# Seconds that a transaction may wait
PATIENCE = 1_200
# Routes that are compared at most
ROUTES = 64

Number = int | float | str | Decimal
# Sends a call of a contract and returns the receipt as JSON-RPC has it
Send = Callable[[Contract, str, Sequence[Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Opened:
    token_id: int
    pool: Pool
    lower: int
    upper: int
    liquidity: int
    amounts: tuple[int, int]


@dataclass(frozen=True)
class Route:
    """One way to swap, and what comes of it."""

    tokens: tuple[Coin, ...]
    pools: tuple[Pool, ...]
    amount_out: int
    price_impact_wad: int
    fee_wad: int

    @property
    def name(self) -> str:
        return " > ".join(PAIR if p.kind == PAIR else f"{p.fee} %" for p in self.pools)


class Deposits:
    """Of one account, on the chain of one deployment."""

    def __init__(
        self, rpc: Rpc, book: AddressBook, artifacts: Artifacts, account: str, send: Send, say: Callable[[str], None] = lambda text: None
    ):
        self.rpc = rpc
        self.book = book
        self.artifacts = artifacts
        self.account = account
        self.send = send
        self.say = say
        self.manager, self.router, self.quoter = (book.contract(n, rpc, artifacts) for n in ("PositionManager", "Router", "Quoter"))

    # ------------------------------------------------------------------ actions

    def open(
        self,
        asset: Any,
        width: Any,
        given: Mapping[str, Number],
        *,
        against: Any = None,
        fee: Number | None = None,
        slippage: Number = "0.5",
    ) -> Opened:
        """A position around the price, from amounts in any ratio: what does not fit is swapped first, in the same pool."""
        # wrong is better said before anything is minted or approved
        less(0, slippage)
        base = self.token(asset)
        amounts = {t.address: (t, raw(t, amount)) for t, amount in ((self.token(name), amount) for name, amount in given.items())}
        if not amounts or not any(amount for _, amount in amounts.values()):
            raise Problem(f"say how much to deposit, like open_range('{base.symbol.lower()}', 'narrow', usd=1000)")
        others = [t for t, _ in amounts.values() if t.address != base.address]
        quote = self.token(against) if against is not None else others[0] if others else self._quote_of(base)
        if any(t.address not in (base.address, quote.address) for t, _ in amounts.values()):
            raise Problem(f"a position in {base.symbol}/{quote.symbol} takes {base.symbol} and {quote.symbol} only")
        pool = self.pool(base, quote, fee)
        lower, upper = self.ticks(pool, width)
        token0, token1 = pool.coins
        both = [amounts[c.address][1] if c.address in amounts else 0 for c in (token0, token1)]
        for token, amount in amounts.values():
            self._provide(token, amount, self.router)

        def arguments(least: int) -> list[Any]:
            return [
                token0.address, token1.address, pool.fee_pips, lower, upper, *both, least, self.account, self.rpc.timestamp() + PATIENCE
            ]  # fmt: skip

        _, liquidity, _, _ = self.router.call("zap_in_range", *arguments(0), sender=self.account)
        receipt = self.send(self.router, "zap_in_range", arguments(less(liquidity, slippage)))
        return self._opened(receipt, pool, lower, upper)

    def move(self, token_id: int, width: Any, *, slippage: Number = "0.5") -> Opened:
        """All of a position into another range around the price; what does not fit stays owed to the old one."""
        pool, _ = self._position(token_id)
        lower, upper = self.ticks(pool, width)

        def arguments(least: tuple[int, int]) -> list[Any]:
            return [token_id, lower, upper, *least, self.rpc.timestamp() + PATIENCE]

        _, _, amount0, amount1 = self.manager.call("move_range", *arguments((0, 0)), sender=self.account)
        receipt = self.send(self.manager, "move_range", arguments((less(amount0, slippage), less(amount1, slippage))))
        return self._opened(receipt, pool, lower, upper)

    def compound(self, token_id: int, *, slippage: Number = "0.5") -> tuple[Pool, tuple[int, int]]:
        """Its fees back into its range: what was added."""
        pool, _ = self._position(token_id)

        def arguments(least: tuple[int, int]) -> list[Any]:
            return [token_id, *least, self.rpc.timestamp() + PATIENCE]

        try:
            _, amount0, amount1 = self.manager.call("compound", *arguments((0, 0)), sender=self.account)
        except Reverted as e:
            if e.reason == "positions: nothing to add":
                raise Problem(f"position {token_id} has earned no fees that could be added") from None
            raise
        receipt = self.send(self.manager, "compound", arguments((less(amount0, slippage), less(amount1, slippage))))
        (added,) = [e for e in self.manager.events(dict(receipt)) if e.name == "IncreaseLiquidity"]
        return pool, (added.amount0, added.amount1)

    def close(self, token_id: int, *, slippage: Number = "0.5") -> tuple[Pool, tuple[int, int]]:
        """Everything out, fees included, and the id deleted: what was paid."""
        pool, liquidity = self._position(token_id)
        deadline = self.rpc.timestamp() + PATIENCE
        calls = []
        if liquidity:
            amounts = self.manager.call("amounts_of", token_id)
            least = [less(a, slippage) for a in amounts]
            calls.append(self.manager.data("decreaseLiquidity", (token_id, liquidity, *least, deadline)))
        calls.append(self.manager.data("collect", (token_id, self.account, MAX_UINT128, MAX_UINT128)))
        calls.append(self.manager.data("burn", token_id))
        self.manager.call("multicall", calls, sender=self.account)
        receipt = self.send(self.manager, "multicall", [calls])
        (paid,) = [e for e in self.manager.events(dict(receipt)) if e.name == "Collect"]
        return pool, (paid.amount0, paid.amount1)

    def routes(self, amount: Number, path: Sequence[Any]) -> list[Route]:
        """What an amount of the first token gives in the last one, by each way over the pools that there are; the best first."""
        tokens = [self.token(t) for t in path]
        if len(tokens) < 2 or len(tokens) > 5:
            raise Problem("a quote needs an amount and two to five tokens, like quote(1000, 'usd', 'eth')")
        amount_in = raw(tokens[0], amount)
        pools = [p for p in Reader(self.rpc, self.book, self.artifacts).pools(positions=False) if p.liquidity]
        hops = []
        for a, b in pairwise(tokens):
            found = [p for p in pools if {c.address for c in p.coins} == {a.address, b.address}]
            if not found:
                raise Problem(f"there is no pool of {a.symbol} and {b.symbol} with liquidity")
            hops.append(found)
        ways = list(product(*hops))[:ROUTES]
        f = self.quoter.interface.function("quote_exact_in")
        addresses = [t.address for t in tokens]
        requests = [
            call_request(self.quoter.address, f.encode(amount_in, addresses, [PAIR_FEE if p.kind == PAIR else p.fee_pips for p in way]))
            for way in ways
        ]
        coins = tuple(Coin(t.address, t.symbol, t.decimals) for t in tokens)
        found_routes, problem = [], None
        for way, answer in zip(ways, self.rpc.batch(requests, errors=True), strict=True):
            if isinstance(answer, RpcError):
                problem = answer
                continue
            q = f.decode(to_bytes(answer))
            found_routes.append(Route(coins, way, q.amount, q.price_impact_wad, q.fee_wad))
        if not found_routes and problem is not None:
            raise problem
        return sorted(found_routes, key=lambda r: r.amount_out, reverse=True)

    # ------------------------------------------------------------------ names

    def token(self, named: Any) -> Token:
        """By symbol, role or address, or a contract of the console."""
        if isinstance(named, Token):
            return named
        text = str(getattr(named, "address", named))
        for t in self.book.tokens:
            if text.lower() in (t.symbol.lower(), t.role.lower(), t.address.lower()):
                return t
        raise Problem(f"there is no token '{text}' here (there are: {', '.join(t.symbol for t in self.book.tokens)})")

    def pool(self, base: Token, quote: Token, fee: Number | None) -> Pool:
        """The range pool of both tokens: with that fee in percent, or the one that holds most."""
        pools = Reader(self.rpc, self.book, self.artifacts).pools(positions=False)
        found = [p for p in pools if p.kind == RANGE and p.price is not None and {c.address for c in p.coins} == {base.address, quote.address}]
        tiers = ", ".join(f"{p.fee} %" for p in found) or "none"
        if fee is not None:
            found = [p for p in found if p.fee_pips == number(fee) * 10_000]
        if not found:
            what = f"{base.symbol}/{quote.symbol}" + (f" with a fee of {fee} %" if fee is not None else "")
            raise Problem(f"there is no range pool {what} (there are: {tiers})")
        return max(found, key=lambda p: p.in_quote(p.holds))

    def ticks(self, pool: Pool, width: Any) -> tuple[int, int]:
        try:
            given = str(width) if isinstance(width, float) else width
            return ranges.ticks_for(given, pool.sqrt_price_x96, pool.spacing, inverted=pool.base == 1)
        except (ValueError, TypeError):
            raise Problem(f"'{width}' is no range: {', '.join(ranges.PRESETS)}, or percent to both sides, like 7.5") from None

    def _quote_of(self, base: Token) -> Token:
        for a in self.book.data.get("wanted", {}).get("preset", {}).get("assets", []):
            if a["role"] == base.role and a.get("quote"):
                return self.book.token(a["quote"])
        raise Problem(f"{base.symbol} against what? Name it: against='...'")

    # ------------------------------------------------------------------ steps

    def _provide(self, token: Token, amount: int, spender: Contract) -> None:
        """The account has the amount, and the spender may take it. Test tokens that are missing are minted."""
        contract = self.book.token_contract(token.role, self.rpc, self.artifacts)
        missing = amount - contract.call("balanceOf", self.account)
        if missing > 0:
            if self.rpc.chain_id != DEV_CHAIN_ID or not self.book.has(f"Token.{token.role}"):
                has = words.amount(amount - missing, token.decimals)
                raise Problem(f"{self.account} has {has} {token.symbol}, {words.amount(amount, token.decimals)} are needed")
            self.say(f"minting {words.amount(missing, token.decimals)} {token.symbol} (test tokens)")
            self.send(contract, "mint", [self.account, missing])
        if contract.call("allowance", self.account, spender.address) < amount:
            self.send(contract, "approve", [spender.address, amount])

    def _position(self, token_id: int) -> tuple[Pool, int]:
        """Its pool and liquidity."""
        if isinstance(token_id, bool) or not isinstance(token_id, int) or not 0 <= token_id < 2**256:
            raise Problem(f"'{token_id}' is no position: give its number")
        try:
            record = self.manager.call("positions", token_id)
        except Reverted:
            raise Problem(f"there is no position {token_id}") from None
        for p in Reader(self.rpc, self.book, self.artifacts).pools(positions=False):
            if p.kind == RANGE and (p.coins[0].address, p.coins[1].address, p.fee_pips) == tuple(record[2:5]):
                return p, record[7]
        raise Problem(f"position {token_id} is in no pool of this deployment")

    def _opened(self, receipt: Mapping[str, Any], pool: Pool, lower: int, upper: int) -> Opened:
        events = self.manager.events(dict(receipt))
        added = [e for e in events if e.name == "IncreaseLiquidity"][-1]
        return Opened(added.args["tokenId"], pool, lower, upper, added.liquidity, (added.amount0, added.amount1))


def number(value: Number) -> Fraction:
    """As it is written: 0.1 is a tenth."""
    try:
        found = Decimal(str(value).replace(",", "").removesuffix("%").strip())
        if not found.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise Problem(f"'{value}' is no number") from None
    return Fraction(found)


def raw(token: Token, amount: Number) -> int:
    exact = number(amount) * token.unit
    if exact < 0 or exact.denominator != 1:
        raise Problem(f"{amount} {token.symbol}: it must be 0 or more, with at most {token.decimals} decimals")
    return int(exact)


def less(amount: int, percent: Number) -> int:
    """What is left after so many percent, rounded down."""
    part = number(percent)
    if not 0 <= part < 100:
        raise Problem(f"a slippage of {percent} %: it must be at least 0 and below 100")
    return int(amount * (100 - part) / 100)
