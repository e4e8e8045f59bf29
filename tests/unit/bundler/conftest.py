"""The pools' world with a bundler: a reserve of wrapped coin, one of a token with permits, and a borrower with a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference.pool import MAX, Pool
from tests.conftest import load
from tests.pool_world import ACTORS, ASSETS, ZERO, World
from tests.unit.operators.conftest import Order

SIGNER = Account.from_key(keccak(text="bundler signer"))
WAD = 10**18
FOREVER = MAX

PULL, WRAP, UNWRAP, SUPPLY, REPAY, WITHDRAW, BORROW, SET_COLLATERAL, REPAY_WITH_SHARES, TRANSFER_SHARES = range(1, 11)

Action = tuple[int, str | None, int, str | None]


class BundleWorld:
    """`world` is the pool and its ledger. The borrower is SIGNER."""

    def __init__(self) -> None:
        self.world = world = World()
        world.address["borrower"] = SIGNER.address
        for symbol in ASSETS:
            world.add(symbol)
            world.seed("keeper", symbol, world.unit(symbol))
        self.weth = load("testing/WrappedNative.vy").deploy()
        world.add("WETH", token=self.weth)
        self.wrap("keeper", 10**16)
        world.do("keeper", "seed", ("WETH", 10**16), lambda ledger: ledger.seed("WETH", 10**16))
        self.permit_token = load("testing/PermitToken.vy").deploy("Permit", "PMT", 18)
        world.add("PMT", token=self.permit_token, price=1)
        world.seed("keeper", "PMT", 10**18)
        self.wrap("lender", 1_000 * WAD)
        world.supply("lender", "WETH", 1_000 * WAD, fund=False)
        for symbol, amount in (("USD", 1_000_000 * 10**6), ("BTC", 50 * 10**8), ("ETH", 5_000 * WAD), ("PMT", 1_000_000 * WAD)):
            world.supply("lender", symbol, amount)
        self.bundler = load("periphery/Bundler.vy").deploy(world.operators.address, self.weth.address)
        world.address["bundler"] = self.bundler.address
        for name in ACTORS:
            for symbol in ("USD", "BTC", "ETH", "WETH"):
                with boa.env.prank(world.address[name]):
                    world.token[symbol].approve(self.bundler.address, MAX)
        world.set_operator("borrower", "bundler")

    def copy(self) -> BundleWorld:
        other = object.__new__(BundleWorld)
        other.__dict__.update(self.__dict__)
        other.world = self.world.copy()
        return other

    # ------------------------------------------------------------ setting up

    def wrap(self, name: str, amount: int) -> None:
        address = self.world.address[name]
        boa.env.set_balance(address, boa.env.get_balance(address) + amount)
        with boa.env.prank(address):
            self.weth.deposit(value=amount)

    def coin(self, name: str) -> int:
        return int(boa.env.get_balance(self.world.address[name]))

    def give_coin(self, name: str, amount: int) -> None:
        boa.env.set_balance(self.world.address[name], amount)

    def in_ledger(self) -> Pool:
        """To do by hand what a bundle does."""
        self.world.ledger.now = boa.env.timestamp
        return self.world.ledger

    # ------------------------------------------------------------ what is sent

    def address(self, name: str | None) -> str:
        return ZERO if name is None else self.world.address.get(name, name)

    def encoded(self, actions: Iterable[Action]) -> list[tuple[int, str, int, str]]:
        return [(kind, self.address(asset), amount, self.address(party)) for kind, asset, amount, party in actions]

    def bundle(
        self,
        by: str,
        *actions: Action,
        value: int = 0,
        permits: Iterable[Any] = (),
        authorisations: Iterable[Any] = (),
        pool: Any = None,
    ) -> None:
        with boa.env.prank(self.world.address[by]):
            self.bundler.bundle(pool or self.world.pool.address, self.encoded(actions), list(permits), list(authorisations), value=value)

    def data(self, *actions: Action) -> bytes:
        """As the pool hands it back."""
        return encode(["(uint256,address,uint256,address)[]"], [[tuple(map(str_or_int, action)) for action in self.encoded(actions)]])

    def permit(self, amount: int, nonce: int = 0, deadline: int = FOREVER, signer: Any = SIGNER, spender: Any = None) -> tuple[Any, ...]:
        fields = [signer.address, str(spender or self.bundler.address), amount, nonce, deadline]
        signature = signer.unsafe_sign_hash(keccak(encode(["address", "address", "uint256", "uint256", "uint256"], fields)))
        return (
            self.permit_token.address,
            amount,
            deadline,
            signature.v,
            signature.r.to_bytes(32, "big"),
            signature.s.to_bytes(32, "big"),
        )

    def authorisation(self, approved: bool, nonce: int = 0, deadline: int = FOREVER, signer: Any = SIGNER, **changes: Any) -> tuple[Any, ...]:
        order = Order(self.world.pool.address, SIGNER.address, self.bundler.address, approved, nonce, deadline).but(**changes)
        return approved, nonce, deadline, order.sign(self.world.operators, signer=signer)

    # ------------------------------------------------------------ comparing

    def is_operator(self, account: str = "borrower") -> bool:
        return bool(self.world.operators.is_operator(self.world.pool.address, self.world.address[account], self.bundler.address))

    def held(self) -> dict[str, int]:
        """What the bundler has, and has approved."""
        tokens = {symbol: token.balanceOf(self.bundler.address) for symbol, token in self.world.token.items()}
        allowed = {
            f"{symbol} allowed": token.allowance(self.bundler.address, self.world.pool.address) for symbol, token in self.world.token.items()
        }
        return {name: amount for name, amount in (tokens | allowed | {"coin": boa.env.get_balance(self.bundler.address)}).items() if amount}

    def check(self) -> None:
        """The pool is where the ledger is; the bundler has nothing."""
        self.world.check()
        assert self.held() == {}


def str_or_int(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


@pytest.fixture(scope="package")
def base_bundles() -> BundleWorld:
    return BundleWorld()


@pytest.fixture
def bundles(base_bundles: BundleWorld) -> BundleWorld:
    """The same chain state for each test (titanoboa takes back what a test did), and a ledger of its own."""
    return base_bundles.copy()


@pytest.fixture
def indebted(bundles: BundleWorld) -> BundleWorld:
    """The borrower has 100 ETH (20,000), owes 8,000 USD, and a month has passed since."""
    bundles.world.open("borrower", "ETH", 100 * WAD, "USD", 8_000 * 10**6)
    bundles.world.travel(30 * 86_400)
    return bundles
