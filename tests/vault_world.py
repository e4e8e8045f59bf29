"""A vault over one reserve of the pool, with an account of it in exact fractions beside it, written from the text of ERC-4626.

The pool is that of tests/pool_world.py: what the vault does there is done in the pool's ledger by the account "vault".
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from plimsoll.reference.pool import MAX, MAX_ASSETS, MAX_SHARES, NOBODY, SUPPLY, Refused, Reserve
from tests.chains import Boa, Contract, Revm
from tests.conftest import load
from tests.pool_world import ACTORS, ZERO, World
from tests.revm import blueprint_code, vyper_code

T = TypeVar("T")

SOURCE, FACTORY = "lending/ReserveVault.vy", "lending/ReserveVaultFactory.vy"
HOLDERS = ("lender", "borrower", "attacker", "keeper")


def deploy_factory(chain: Any) -> Any:
    if isinstance(chain, Revm):
        return chain.deploy(FACTORY, chain.machine.deploy(blueprint_code(vyper_code(SOURCE))))
    assert isinstance(chain, Boa)
    return chain.deploy(FACTORY, load(SOURCE).deploy_as_blueprint())


def vault_at(chain: Any, address: Any) -> Any:
    if isinstance(chain, Revm):
        return Contract(chain, "0x" + int(address).to_bytes(20, "big").hex(), SOURCE)
    return load(SOURCE).at(address)


class VaultWorld:
    def __init__(self, world: World, asset: str, factory: Any = None) -> None:
        self.world, self.asset, self.chain = world, asset, world.chain
        self.factory = factory or deploy_factory(self.chain)
        self.vault = vault_at(self.chain, self.factory.create_vault(world.pool.address, world.token[asset].address))
        world.address["vault"] = self.vault.address
        self.balances: dict[str, int] = {}
        self.allowances: dict[tuple[str, str], int] = {}
        # Tokens that were sent to the vault
        self.gifts = 0
        for name in ACTORS:
            with self.chain.prank(world.address[name]):
                world.token[asset].approve(self.vault.address, MAX)

    def copy(self) -> VaultWorld:
        """The same contracts with books of their own, for what is taken back on the chain."""
        other = copy.copy(self)
        other.world = self.world.copy()
        other.balances, other.allowances = dict(self.balances), dict(self.allowances)
        return other

    # ------------------------------------------------------------ what the text says, in fractions

    @property
    def reserve(self) -> Reserve:
        return self.world.reserve(self.asset)

    @property
    def price(self) -> Fraction:
        """Raw units for a share, the pool's virtual ones among them."""
        reserve = self.reserve
        return Fraction(reserve.assets + 1, reserve.total_shares + 10**6)

    @property
    def supply(self) -> int:
        return sum(self.balances.values())

    @property
    def pool_shares(self) -> int:
        return self.world.ledger.shares.get(("vault", self.asset), 0)

    def balance(self, name: str) -> int:
        return self.balances.get(name, 0)

    def worth(self, name: str) -> int:
        return math.floor(self.balance(name) * self.price)

    def max_deposit(self, receiver: str) -> int:
        reserve = self.reserve
        try:
            reserve.check_pause(SUPPLY, self.chain.timestamp)
        except Refused:
            return 0
        if receiver in (NOBODY, "vault") or reserve.frozen or not reserve.seeded:
            return 0
        room = (min(reserve.supply_cap, MAX_ASSETS) if reserve.supply_cap else MAX_ASSETS) - reserve.assets
        # shares that fit < (room for shares + 1)
        fitting = math.ceil((MAX_SHARES - reserve.total_shares + 1) * self.price) - 1
        return max(0, min(room, fitting))

    def max_mint(self, receiver: str) -> int:
        return math.floor(self.max_deposit(receiver) / self.price)

    def max_withdraw(self, owner: str) -> int:
        return min(self.worth(owner), self.reserve.cash)

    def max_redeem(self, owner: str) -> int:
        shares = min(self.balance(owner), math.ceil((self.reserve.cash + 1) / self.price) - 1)
        return shares if math.floor(shares * self.price) else 0

    # ------------------------------------------------------------ actions, on both

    def do(self, by: str, function: str, arguments: tuple[Any, ...], expect: Callable[[], T]) -> T:
        """The vault's answer, which must be the expected one. What is refused here it must refuse in the same words."""
        self.world.ledger.now = self.chain.timestamp
        before = self.world.ledger.copy(), dict(self.balances), dict(self.allowances)
        actual = [self.world.address.get(value, value) if isinstance(value, str) else value for value in arguments]
        try:
            expected = expect()
        except Refused as refused:
            self.world.ledger, self.balances, self.allowances = before
            with self.chain.reverts(str(refused)), self.chain.prank(self.world.address[by]):
                getattr(self.vault, function)(*actual)
            raise
        with self.chain.prank(self.world.address[by]):
            answer = getattr(self.vault, function)(*actual)
        assert answer == expected, f"{function}: the vault says {answer}, expected {expected}"
        return expected

    def deposit(self, by: str, assets: int, receiver: str | None = None, fund: bool = True) -> int:
        receiver = receiver or by
        if fund:
            self.world.mint(by, self.asset, assets)

        def expect() -> int:
            shares = math.floor(assets / self.price)
            assert self.world.ledger.supply(self.asset, assets, "vault") == shares
            self._credit(receiver, shares)
            return shares

        return self.do(by, "deposit", (assets, receiver), expect)

    def mint(self, by: str, shares: int, receiver: str | None = None, fund: bool = True) -> int:
        receiver = receiver or by
        cost = math.ceil(shares * self.price)
        if fund:
            self.world.mint(by, self.asset, cost)

        def expect() -> int:
            assert self.world.ledger.supply(self.asset, cost, "vault") >= shares
            self._credit(receiver, shares)
            return cost

        return self.do(by, "mint", (shares, receiver), expect)

    def withdraw(self, by: str, assets: int, receiver: str | None = None, owner: str | None = None) -> int:
        owner = owner or by

        def expect() -> int:
            shares = math.ceil(assets / self.price)
            self._check_receiver(receiver or by)
            self._debit(by, owner, shares)
            self.world.ledger.withdraw(self.asset, assets, "vault")
            return shares

        return self.do(by, "withdraw", (assets, receiver or by, owner), expect)

    def redeem(self, by: str, shares: int, receiver: str | None = None, owner: str | None = None) -> int:
        owner = owner or by

        def expect() -> int:
            assets = math.floor(shares * self.price)
            self._check_receiver(receiver or by)
            self._debit(by, owner, shares)
            self.world.ledger.withdraw(self.asset, assets, "vault")
            return assets

        return self.do(by, "redeem", (shares, receiver or by, owner), expect)

    def deposit_shares(self, by: str, shares: int, receiver: str | None = None) -> int:
        def expect() -> int:
            moved = self.world.ledger.transfer_shares(self.asset, shares, "vault", by, "vault")
            self._credit(receiver or by, moved)
            return moved

        return self.do(by, "deposit_shares", (shares, receiver or by), expect)

    def redeem_shares(self, by: str, shares: int, receiver: str | None = None, owner: str | None = None) -> int:
        def expect() -> int:
            self._check_receiver(receiver or by)
            self._debit(by, owner or by, shares)
            return self.world.ledger.transfer_shares(self.asset, shares, receiver or by, "vault", "vault")

        return self.do(by, "redeem_shares", (shares, receiver or by, owner or by), expect)

    def transfer(self, by: str, receiver: str, amount: int, owner: str | None = None) -> None:
        """By allowance where there is an `owner`."""

        def expect() -> bool:
            if owner:
                self._spend(by, owner, amount)
            self._check_receiver(receiver)
            self._take(owner or by, amount)
            self._credit(receiver, amount)
            return True

        if owner:
            self.do(by, "transferFrom", (owner, receiver, amount), expect)
        else:
            self.do(by, "transfer", (receiver, amount), expect)

    def approve(self, by: str, spender: str, amount: int) -> None:
        def expect() -> bool:
            self.allowances[by, spender] = amount
            return True

        self.do(by, "approve", (spender, amount), expect)

    def sweep(self, by: str = "keeper") -> tuple[int, int]:
        def expect() -> tuple[int, int]:
            surplus, gifts = self.pool_shares - self.supply, self.gifts
            if surplus:
                self.world.ledger.transfer_shares(self.asset, surplus, "treasury", "vault", "vault")
            self.gifts = 0
            return gifts, surplus

        return self.do(by, "sweep", (), expect)

    # ------------------------------------------------------------ what others do

    def give_tokens(self, by: str, amount: int) -> None:
        """Sent to the vault by mistake, or not."""
        self.world.mint(by, self.asset, amount)
        with self.chain.prank(self.world.address[by]):
            self.world.token[self.asset].transfer(self.vault.address, amount)
        self.gifts += amount

    def give_pool_shares(self, by: str, amount: int) -> int:
        """Supplied for the vault: its pool shares grow."""
        return self.world.supply(by, self.asset, amount, "vault")

    def lend_out(self, part: Fraction | int, by: str = "borrower") -> None:
        """Until that part of the reserve is lent."""
        reserve = self.reserve
        amount = max(0, math.ceil(part * reserve.assets) - reserve.debt)
        collateral = "BTC" if self.asset != "BTC" else "ETH"
        self.world.supply(by, collateral, 10**9 * self.world.unit(collateral))
        self.world.enable(by, collateral)
        self.world.borrow(by, self.asset, min(amount, reserve.cash))

    # ------------------------------------------------------------ comparing

    def check(self) -> None:
        """Books, previews, conversions and limits of the vault are as expected, and each share is backed."""
        vault, price, address = self.vault, self.price, self.world.address
        self.world.check_reserve(self.asset)
        assert self.world.pool.supply_shares_of(vault.address, self.world.token[self.asset].address) == self.pool_shares
        assert self.world.balance("vault", self.asset) == self.gifts
        assert vault.totalSupply() == self.supply <= self.pool_shares, "backed"
        assert vault.totalAssets() == math.floor(self.supply * price)
        for name in HOLDERS:
            assert vault.balanceOf(address[name]) == self.balance(name), name
            assert vault.maxWithdraw(address[name]) == self.max_withdraw(name), name
            assert vault.maxRedeem(address[name]) == self.max_redeem(name), name
        for name in ("lender", NOBODY, "vault"):
            assert vault.maxDeposit(address[name]) == self.max_deposit(name), name
            assert vault.maxMint(address[name]) == self.max_mint(name), name
        # titanoboa takes its time
        more = (0, 2, 999_999, 10**6, 10**18 + 1, self.reserve.assets) if isinstance(self.chain, Revm) else ()
        for number in (1, self.supply, *more):
            assert vault.convertToShares(number) == vault.previewDeposit(number) == math.floor(number / price)
            assert vault.convertToAssets(number) == vault.previewRedeem(number) == math.floor(number * price)
            assert vault.previewMint(number) == math.ceil(number * price)
            assert vault.previewWithdraw(number) == math.ceil(number / price)

    # ------------------------------------------------------------ parts

    def _check_receiver(self, receiver: str) -> None:
        if receiver in (NOBODY, ZERO, "vault"):
            raise Refused("vault: bad receiver")

    def _credit(self, receiver: str, shares: int) -> None:
        self._check_receiver(receiver)
        self.balances[receiver] = self.balance(receiver) + shares

    def _take(self, owner: str, shares: int) -> None:
        if shares > self.balance(owner):
            raise Refused("vault: insufficient shares")
        self.balances[owner] = self.balance(owner) - shares

    def _debit(self, by: str, owner: str, shares: int) -> None:
        if by != owner:
            self._spend(by, owner, shares)
        self._take(owner, shares)

    def _spend(self, by: str, owner: str, amount: int) -> None:
        allowed = self.allowances.get((owner, by), 0)
        if amount > allowed:
            raise Refused("vault: insufficient allowance")
        if allowed != MAX:
            self.allowances[owner, by] = allowed - amount
