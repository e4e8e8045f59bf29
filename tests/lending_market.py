"""A lending market for the tests of liquidation and lens: pool, engine, lens, hand-set prices, and accounts opened in one call."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import boa
from boa.contracts.vyper.vyper_contract import VyperContract

from plimsoll.reference.depth import NEW_RISK
from plimsoll.reference.liquidation import WAD, Account, Collateral, Debt, Liquidation, Prices, health, liquidate
from tests.accounts import account_state
from tests.conftest import load
from tests.lending_pools import new_configured_pool

EVERYTHING = 2**256 - 1

CONSTANT_RATE = """
# pragma version 0.4.3
from interfaces import IRateModel
implements: IRateModel

rate: uint256

@external
def set_rate(rate: uint256):
    self.rate = rate

@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    return self.rate
"""


@dataclass(frozen=True)
class Asset:
    token: VyperContract
    unit: int
    rate: VyperContract

    @property
    def address(self) -> Any:
        return self.token.address


class Market:
    """Symbols name assets; money is in whole units (or fractions of them) of the unit of account where it is called `usd`."""

    def __init__(self, borrow_limit_bps: int = 8_000, min_debt: int = 100 * WAD) -> None:
        self.owner, self.treasury, self.lender, self.borrower, self.liquidator, self.attacker = (
            boa.env.generate_address(role) for role in ("owner", "treasury", "lender", "borrower", "liquidator", "attacker")
        )
        with boa.env.prank(self.owner):
            self.oracle = load("testing/ConstantOracle.vy").deploy()
            self.pool, self.configurator = new_configured_pool(self.owner, self.treasury, borrow_limit_bps, min_debt)
            self.engine = load("liquidation/LiquidationEngine.vy").deploy(self.pool.address, 300)
            self.lens = load("lending/Lens.vy").deploy(self.pool.address)
            self.configurator.set_oracle(self.oracle.address)
            self.configurator.set_engine(self.engine.address)
        self.assets: dict[str, Asset] = {}
        self.names: dict[str, str] = {}

    def copy(self) -> Market:
        """The same contracts, with a list of assets of its own."""
        other = copy.copy(self)
        other.assets, other.names = dict(self.assets), dict(self.names)
        return other

    # ------------------------------------------------------------ setting up

    def list(
        self,
        symbol: str,
        price: int,
        decimals: int = 18,
        ltv_bps: int = 7_500,
        bonus_bps: int = 11_000,
        reserve_factor_bps: int = 5_000,
        seed: int = 1_000,
        token: VyperContract | None = None,
        depth_mode: int = NEW_RISK,
    ) -> Asset:
        """List and seed a token at `price` units of account (WAD) per whole token."""
        if token is None:
            token = load("testing/TestToken.vy").deploy(symbol, symbol, decimals)
        asset = Asset(token, 10**decimals, boa.loads(CONSTANT_RATE))
        self.assets[symbol] = asset
        self.names[str(asset.address)] = symbol
        self.set_price(symbol, price)
        with boa.env.prank(self.owner):
            self.configurator.list_reserve(asset.address, asset.rate.address, ltv_bps, bonus_bps, reserve_factor_bps)
            self.configurator.set_depth_mode(asset.address, depth_mode)
        self.fund(self.owner, symbol, seed * asset.unit)
        with boa.env.prank(self.owner):
            self.pool.seed(asset.address, seed * asset.unit)
        return asset

    def raw_price(self, symbol: str, price: int) -> int:
        return price * WAD // self.assets[symbol].unit

    def growth(self, symbol: str) -> int:
        """How many raw units one unit of the scaled debt is, rounded up."""
        index: int = self.pool.reserve_state(self.assets[symbol].address).index_ray
        return -(-index // 10**27)

    def set_rate(self, symbol: str, rate: int) -> None:
        """WAD a year, from now on: the pool asks at a touch."""
        self.assets[symbol].rate.set_rate(rate)
        self.pool.accrue(self.assets[symbol].address)

    def set_price(self, symbol: str, price: int) -> None:
        self.oracle.set(self.assets[symbol].address, self.raw_price(symbol, price))

    def set_band(
        self, symbol: str, high: int, low: int, fresh: int, why: int = 0, fresh_high: int | None = None, depth: int | None = None
    ) -> None:
        """Trigger prices and fresh price (that of debt where it is given); new risk at the same two. No depth: nothing limits it."""
        h, low_, f, f_high = (self.raw_price(symbol, p) for p in (high, low, fresh, fresh if fresh_high is None else fresh_high))
        told = EVERYTHING if depth is None else depth
        self.oracle.set_band(self.assets[symbol].address, (min(low_, h), max(low_, h), h, low_, f, f_high, told, told, int(f != 0), why))

    def set_depth(self, symbol: str, depth: int | None, liquidation_depth: int | None = None) -> None:
        """Of both kinds, WAD; None: nothing limits it. `liquidation_depth`: where it is another one."""
        asset = self.assets[symbol].address
        self.oracle.set_depth(asset, EVERYTHING if depth is None else depth)
        if liquidation_depth is not None:
            self.oracle.set_band(asset, self.oracle.band(asset)._replace(liquidation_depth=liquidation_depth))

    def fund(self, account: Any, symbol: str, amount: int) -> None:
        token = self.assets[symbol].token
        token.mint(account, amount)
        with boa.env.prank(account):
            token.approve(self.pool.address, EVERYTHING)

    def lend(self, symbol: str, amount: int, account: Any = None) -> None:
        account = account or self.lender
        self.fund(account, symbol, amount)
        with boa.env.prank(account):
            self.pool.supply(self.assets[symbol].address, amount, account)

    def open(self, collateral: dict[str, int], debt: dict[str, int], account: Any = None) -> None:
        """Supply and enable collateral, then borrow: raw amounts."""
        account = account or self.borrower
        for symbol, amount in collateral.items():
            self.lend(symbol, amount, account)
            with boa.env.prank(account):
                self.pool.set_collateral(self.assets[symbol].address, True)
        for symbol, amount in debt.items():
            with boa.env.prank(account):
                self.pool.borrow(self.assets[symbol].address, amount, account)

    # ------------------------------------------------------------ acting

    def liquidate(
        self,
        debt: str,
        collateral: str,
        max_repay: int = EVERYTHING,
        min_seized: int = 0,
        deadline: int = EVERYTHING,
        borrower: Any = None,
        liquidator: Any = None,
    ) -> tuple[int, int]:
        """By a liquidator who has enough of the debt asset."""
        liquidator = liquidator or self.liquidator
        self.fund(liquidator, debt, 10**9 * self.assets[debt].unit)
        with boa.env.prank(liquidator):
            result: tuple[int, int] = self.engine.liquidate(
                borrower or self.borrower,
                self.assets[debt].address,
                self.assets[collateral].address,
                max_repay,
                min_seized,
                deadline,
            )
        return result

    # ------------------------------------------------------------ reading

    def account(self, account: Any = None) -> Account:
        """The account as the model takes it."""
        _, collaterals, debts = account_state(self.pool, account or self.borrower)
        return Account(
            tuple(Collateral(self.names[c.asset], c.amount, c.ltv_bps, c.bonus_bps, c.depth_mode) for c in collaterals),
            tuple(Debt(self.names[d.asset], d.amount, d.depth_mode) for d in debts),
        )

    def prices(self) -> dict[str, Prices]:
        bands = {symbol: self.oracle.band(asset.address) for symbol, asset in self.assets.items()}
        return {
            symbol: Prices(b.liquidation_high, b.liquidation_low, b.fresh_low, b.fresh_high, b.liquidation_depth) for symbol, b in bands.items()
        }

    def expect(self, debt: str, collateral: str, max_repay: int = EVERYTHING, borrower: Any = None) -> Liquidation:
        """What the model says a liquidation does now; raises Refused."""
        return liquidate(self.account(borrower), self.prices(), debt, collateral, max_repay)

    def health(self, account: Any = None) -> tuple[int, int]:
        return health(self.account(account), self.prices())

    def supply_of(self, symbol: str, account: Any = None) -> int:
        amount: int = self.pool.supply_of(account or self.borrower, self.assets[symbol].address)
        return amount

    def debt_of(self, symbol: str, account: Any = None) -> int:
        amount: int = self.pool.debt_of(account or self.borrower, self.assets[symbol].address)
        return amount

    def balance(self, symbol: str, account: Any) -> int:
        amount: int = self.assets[symbol].token.balanceOf(account)
        return amount
