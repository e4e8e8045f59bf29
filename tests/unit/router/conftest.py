"""All of the AMM with a router over it: pairs of three tokens and the wrapped coin, range pools with one wide position each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import isqrt
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.conftest import load
from tests.pair_world import START, new_factory, set_time

E18 = 10**18
MAX = 2**256 - 1
MAX_128 = 2**128 - 1
PAIR = 2**23
ZERO = "0x" + "00" * 20
SPACINGS = {100: 1, 500: 10, 3_000: 60, 10_000: 200}
MAX_TICK = 887_272


@dataclass
class Market:
    factory: Any
    range_factory: Any
    manager: Any
    quoter: Any
    wrapper: Any
    router: Any
    # In order; the wrapper is not among them
    tokens: list[Any]
    trader: Any
    lender: Any
    pools: list[Any] = field(default_factory=list)

    # ------------------------------------------------------------------ pools

    def sorted(self, a: Any, b: Any) -> tuple[Any, Any]:
        return (a, b) if int(a.address, 16) < int(b.address, 16) else (b, a)

    def pair(self, a: Any, b: Any, amount_a: int = 0, amount_b: int = 0) -> Any:
        """Created if it is not there, and filled."""
        address = self.factory.getPair(a, b)
        if str(address) == ZERO:
            address = self.factory.createPair(a, b)
        pair = load("amm/Pair.vy").at(address)
        if amount_a:
            for token, amount in ((a, amount_a), (b, amount_b)):
                self.give(token, pair, amount)
            pair.mint(self.lender)
            self.pools.append(pair)
        return pair

    def range_pool(self, a: Any, b: Any, fee: int, amount_a: int, amount_b: int, lower: int | None = None, upper: int | None = None) -> Any:
        """Created if it is not there at the price amount1 / amount0; with a position of the lender over that range, or the whole."""
        (token0, amount0), (token1, amount1) = sorted([(a, amount_a), (b, amount_b)], key=lambda x: int(x[0].address, 16))
        price = isqrt((amount1 << 192) // amount0)
        pool = load("amm/RangePool.vy").at(self.manager.createAndInitializePoolIfNecessary(token0, token1, fee, price))
        bound = MAX_TICK // SPACINGS[fee] * SPACINGS[fee]
        for token, amount in ((token0, amount0), (token1, amount1)):
            self.give(token, self.lender, amount)
            token.approve(self.manager, MAX, sender=self.lender)
        ticks = (-bound if lower is None else lower, bound if upper is None else upper)
        self.manager.mint((token0, token1, fee, *ticks, amount0, amount1, 0, 0, self.lender, MAX), sender=self.lender)
        if pool not in self.pools:
            self.pools.append(pool)
        return pool

    # ------------------------------------------------------------------ money

    def give(self, token: Any, to: Any, amount: int) -> None:
        if token is self.wrapper:
            boa.env.set_balance(self.lender, boa.env.get_balance(self.lender) + amount)
            token.deposit(value=amount, sender=self.lender)
            token.transfer(to, amount, sender=self.lender)
        else:
            token.mint(to, amount)

    def fund(self, who: Any, *tokens: Any, amount: int = 10**6 * E18) -> None:
        for token in tokens or (*self.tokens, self.wrapper):
            self.give(token, who, amount)
            token.approve(self.router, MAX, sender=who)

    def balances(self, *more: Any) -> dict[tuple[str, str], int]:
        """Of everything that the trader, the router and the pools have."""
        tokens = [*self.tokens, self.wrapper, *(p for p in self.pools if hasattr(p, "getReserves")), *more]
        accounts = [self.trader, self.router, *self.pools]
        names = [str(getattr(account, "address", account)) for account in accounts]
        amounts = {(token.address, name): token.balanceOf(name) for token in tokens for name in names}
        return amounts | {("coin", name): boa.env.get_balance(name) for name in names}

    @contextmanager
    def nothing_moves(self, reason: str | None = None) -> Iterator[None]:
        """Fails, for that reason, and leaves every balance as it was."""
        before = self.balances()
        with boa.reverts(reason) if reason else boa.reverts():
            yield
        assert self.balances() == before

    def holds_nothing(self, *more: Any) -> bool:
        """RTR-02"""
        tokens = [*self.tokens, self.wrapper, *(p for p in self.pools if hasattr(p, "getReserves")), *more]
        return boa.env.get_balance(self.router.address) == 0 and all(token.balanceOf(self.router) == 0 for token in tokens)

    def coin(self, who: Any) -> int:
        return int(boa.env.get_balance(str(getattr(who, "address", who))))


def new_market(owner: Any, lender: Any, trader: Any, new_token: Callable[..., Any], fee_bps: int = 25) -> Market:
    set_time(START)
    factory = new_factory(owner, fee_bps)
    range_factory = load("amm/RangePoolFactory.vy").deploy(load("amm/RangePool.vy").deploy_as_blueprint(), owner)
    wrapper = load("testing/WrappedNative.vy").deploy()
    manager = load("amm/PositionManager.vy").deploy(range_factory, wrapper)
    quoter = load("amm/Quoter.vy").deploy(factory, range_factory)
    router = load("amm/Router.vy").deploy(factory, range_factory, manager, wrapper, quoter)
    tokens = sorted((new_token(name) for name in ("AAA", "BBB", "CCC")), key=lambda token: int(token.address, 16))
    market = Market(factory, range_factory, manager, quoter, wrapper, router, tokens, trader, lender)
    market.fund(trader)
    boa.env.set_balance(trader, 10**6 * E18)
    return market


# Made once for all tests of this folder: what a test changes is undone after it.


@pytest.fixture(scope="package")
def made_full(owner, lender, trader, new_token) -> Market:
    full = new_market(owner, lender, trader, new_token)
    a, b, c = full.tokens
    w = full.wrapper
    full.pair(a, b, 1_000 * E18, 4_000 * E18)
    full.range_pool(a, b, 3_000, 1_000 * E18, 4_000 * E18)
    full.range_pool(b, c, 500, 2_000 * E18, 1_000 * E18)
    full.pair(b, c, 2_000 * E18, 1_000 * E18)
    full.pair(c, w, 500 * E18, 100 * E18)
    full.range_pool(c, w, 10_000, 5_000 * E18, 1_000 * E18)
    return full


@pytest.fixture
def market(owner, lender, trader, new_token) -> Market:
    """No pools."""
    return new_market(owner, lender, trader, new_token)


@pytest.fixture
def full(made_full) -> Market:
    """a-b as pair and at 0.3 %, b-c at 0.05 % and as pair, c-coin as pair and at 1 %."""
    return replace(made_full, pools=list(made_full.pools))


# ---------------------------------------------------------------- signatures

SIGNER = Account.from_key(keccak(text="router permit"))
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
POSITION_PERMIT = "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)"


def _sign(domain: bytes, struct: bytes, key: Any) -> tuple[int, bytes, bytes]:
    signed = Account.unsafe_sign_hash(keccak(b"\x19\x01" + domain + keccak(struct)), key)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def signed_permit(token: Any, spender: Any, amount: int, deadline: int = MAX, account: Any = SIGNER) -> tuple[int, bytes, bytes]:
    types = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
    fields = [keccak(text=PERMIT), account.address, spender.address, amount, token.nonces(account.address), deadline]
    return _sign(token.DOMAIN_SEPARATOR(), encode(types, fields), account.key)


def signed_position_permit(manager: Any, spender: Any, token_id: int, deadline: int = MAX, account: Any = SIGNER) -> tuple[int, bytes, bytes]:
    fields = [keccak(text=POSITION_PERMIT), spender.address, token_id, manager.positions(token_id)[0], deadline]
    return _sign(manager.DOMAIN_SEPARATOR(), encode(["bytes32", "address", "uint256", "uint256", "uint256"], fields), account.key)


def call_data(contract: Any, name: str, *args: Any) -> bytes:
    return bytes(getattr(contract, name).prepare_calldata(*args))
