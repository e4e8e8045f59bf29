"""Lending with a constant oracle: our pool and Aave v3.0, through the same steps with the same tokens and amounts."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Protocol

from bench.artifacts import Linker, ours
from bench.world import BLOCK_SECONDS, WAD, Tx, World
from plimsoll.abi import Contract
from plimsoll.rpc import to_int

USD = 10**6
LTV_BPS = 6_500
BONUS_BPS = 11_000
RESERVE_FACTOR_BPS = 1_000
# Aave's fee is a part of the bonus: 33 % of a bonus of 10 % is our 3 % of all that is seized
AAVE_FEE_BPS = 3_300
# Rates: base, slope, slope above the kink, kink
RATES_PERCENT = (0, 5, 500, 90)
# What the markets of all but the dollar can take, in dollars: values go by depth, and the caps bind
DEPTH = 10**8
BASKET = 8
UNUSED = 8
NOBODY = "0x" + "00" * 20


class Market(Protocol):
    """What both can do. Each method gives the transaction, or does the owner's part of the set-up."""

    spender: str

    def list_reserve(self, token: Contract) -> None: ...
    def set_price(self, token: Contract, dollars: int) -> None: ...
    def supply(self, account: str, token: Contract, amount: int) -> Tx: ...
    def withdraw(self, account: str, token: Contract, amount: int) -> Tx: ...
    def enable(self, account: str, token: Contract) -> list[Tx]: ...
    def borrow(self, account: str, token: Contract, amount: int) -> Tx: ...
    def repay(self, account: str, token: Contract, amount: int) -> Tx: ...
    def liquidate(self, liquidator: str, borrower: str, debt: Contract, collateral: Contract, amount: int) -> Tx: ...


# ---------------------------------------------------------------------- ours


@dataclass
class Plimsoll:
    """Pool and engine, with the oracle that is given; `constant` is one whose answers are set by hand."""

    world: World
    oracle: Contract | None = None

    def __post_init__(self) -> None:
        world, compiled = self.world, ours()
        parts = [world.deploy(world.owner, compiled[name]).address for name in ("Operators", "PoolExtension")]
        # its owner configures it, in the place of a PoolConfigurator: the bench changes what that would not let it change
        self.pool = world.deploy(world.owner, compiled["LendingPool"], world.treasury, 8_000, 100 * WAD, world.owner, *parts)
        base, slope, jump, kink = (p * WAD // 100 for p in RATES_PERCENT)
        self.model = world.deploy(world.owner, compiled["JumpRateModel"], base, slope, jump, kink)
        self.engine = world.deploy(world.owner, compiled["LiquidationEngine"], self.pool.address, 300)
        self.lens = world.deploy(world.owner, compiled["Lens"], self.pool.address)
        self.constant = self.oracle is None
        oracle = self.oracle or world.deploy(world.owner, compiled["ConstantOracle"])
        self.oracle = oracle
        world.send(world.owner, self.pool, "set_oracle", oracle.address, 0)
        world.send(world.owner, self.pool, "set_engine", self.engine.address, 0)
        self.spender: str = self.pool.address

    def list_reserve(self, token: Contract) -> None:
        world = self.world
        # contracts/modules/reserve_slots.vy
        market = int(self.model.address, 16) | RESERVE_FACTOR_BPS << 167
        listing = LTV_BPS << 160 | BONUS_BPS << 174
        world.send(world.owner, self.pool, "configure", token.address, market, listing, 0, 0, NOBODY)
        world.allow(world.lender, self.pool.address, [token])
        world.send(world.lender, self.pool, "seed", token.address, 10 ** token.call("decimals"))

    def set_price(self, token: Contract, dollars: int) -> None:
        assert self.oracle is not None
        price = dollars * 10 ** (36 - token.call("decimals"))
        told = [("set", price)] if token.call("symbol") == "USD" else [("set", price), ("set_depth", DEPTH * WAD)]
        # in one block: the peer needs one too
        self.world.block(*(Tx(self.world.owner, self.oracle.address, self.oracle.data(f, token.address, n)) for f, n in told))

    def _tx(self, account: str, function: str, *args: Any) -> Tx:
        return Tx(account, self.pool.address, self.pool.data(function, *args))

    def supply(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "supply", token.address, amount, account)

    def withdraw(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "withdraw", token.address, amount, account)

    def enable(self, account: str, token: Contract) -> list[Tx]:
        return [self._tx(account, "set_collateral", token.address, True)]

    def borrow(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "borrow", token.address, amount, account)

    def repay(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "repay", token.address, amount, account)

    def liquidate(self, liquidator: str, borrower: str, debt: Contract, collateral: Contract, amount: int) -> Tx:
        deadline = self.world.now + 300
        data = self.engine.data("liquidate", borrower, debt.address, collateral.address, amount, WAD, deadline)
        return Tx(liquidator, self.engine.address, data)


# ---------------------------------------------------------------------- Aave v3.0


class Aave:
    """Aave v3.0 as its own deployment scripts set it up, from the package's artifacts."""

    def __init__(self, world: World):
        self.world = world
        self.linker = linker = Linker(world)
        owner = world.owner
        self.provider = provider = linker.deploy("protocol/configuration/PoolAddressesProvider", "bench", owner)
        self._own(provider, "setACLAdmin", owner)
        acl = linker.deploy("protocol/configuration/ACLManager", provider.address)
        self._own(provider, "setACLManager", acl.address)
        self._own(acl, "addPoolAdmin", owner)

        pool = linker.deploy("protocol/pool/Pool", provider.address)
        self._own(provider, "setPoolImpl", pool.address)
        self.pool = world.at(provider.call("getPool"), pool.interface)
        configurator = linker.deploy("protocol/pool/PoolConfigurator")
        self._own(provider, "setPoolConfiguratorImpl", configurator.address)
        self.configurator = world.at(provider.call("getPoolConfigurator"), configurator.interface)
        self.oracle = linker.deploy("mocks/oracle/PriceOracle")
        self._own(provider, "setPriceOracle", self.oracle.address)

        self.implementations = [
            linker.deploy(f"protocol/tokenization/{name}", self.pool.address) for name in ("AToken", "StableDebtToken", "VariableDebtToken")
        ]
        base, slope, jump, kink = (p * 10**25 for p in RATES_PERCENT)
        self.strategy = linker.deploy(
            "protocol/pool/DefaultReserveInterestRateStrategy",
            provider.address, kink, base, slope, jump, 0, 0, 0, 0, 0,
        )  # fmt: skip
        self.spender: str = self.pool.address

    def _own(self, contract: Contract, function: str, *args: Any) -> None:
        self.world.send(self.world.owner, contract, function, *args)

    def list_reserve(self, token: Contract) -> None:
        a_token, stable, variable = (i.address for i in self.implementations)
        symbol = token.call("symbol")
        names = [f"{prefix} {symbol}" for prefix in ("Aave", "a", "Aave Variable Debt", "v", "Aave Stable Debt", "s")]
        reserve = (
            a_token, stable, variable, token.call("decimals"), self.strategy.address, token.address,
            self.world.treasury, "0x" + "00" * 20, *names, b"\x10",
        )  # fmt: skip
        self._own(self.configurator, "initReserves", [reserve])
        self._own(self.configurator, "configureReserveAsCollateral", token.address, LTV_BPS, LTV_BPS, BONUS_BPS)
        self._own(self.configurator, "setReserveBorrowing", token.address, True)
        self._own(self.configurator, "setReserveFactor", token.address, RESERVE_FACTOR_BPS)
        self._own(self.configurator, "setLiquidationProtocolFee", token.address, AAVE_FEE_BPS)

    def set_price(self, token: Contract, dollars: int) -> None:
        self._own(self.oracle, "setAssetPrice", token.address, dollars * 10**8)

    def _tx(self, account: str, function: str, *args: Any) -> Tx:
        return Tx(account, self.pool.address, self.pool.data(function, *args))

    def supply(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "supply", token.address, amount, account, 0)

    def withdraw(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "withdraw", token.address, amount, account)

    def enable(self, account: str, token: Contract) -> list[Tx]:
        """A first supply counts as collateral by itself."""
        return []

    def borrow(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "borrow", token.address, amount, 2, 0, account)

    def repay(self, account: str, token: Contract, amount: int) -> Tx:
        return self._tx(account, "repay", token.address, amount, 2, account)

    def liquidate(self, liquidator: str, borrower: str, debt: Contract, collateral: Contract, amount: int) -> Tx:
        return self._tx(liquidator, "liquidationCall", collateral.address, debt.address, borrower, amount, False)


# ---------------------------------------------------------------------- the scenario


class Scenario:
    """A lender, a borrower with one collateral and one debt, another with up to eight collaterals, a liquidator."""

    def __init__(self, world: World):
        self.world = world
        self.basket_owner = world.trader
        holders = [world.lender, world.borrower, world.liquidator, self.basket_owner]
        token = ours()["TestToken"]
        # before the market is there: the same addresses in every market
        self.usd = world.token(token, "USD", 6, holders, 10**9 * USD)
        self.eth = world.token(token, "ETH", 18, holders, 10**6 * WAD)
        self.basket = [world.token(token, f"C{i}", 18, holders, 10**6 * WAD) for i in range(BASKET)]
        self.unused = [world.token(token, f"U{i}", 18, holders, 10**6 * WAD) for i in range(UNUSED)]
        self.rows: dict[str, int] = {}

    def open(self, market: Market) -> None:
        world = self.world
        for token, price in ((self.usd, 1), (self.eth, 200), *((t, 100) for t in self.basket)):
            market.set_price(token, price)
            market.list_reserve(token)
        for account in (world.lender, world.borrower, world.liquidator, self.basket_owner):
            world.allow(account, market.spender, [self.usd, self.eth, *self.basket])

    def run(self, market: Market) -> dict[str, int]:
        self.open(market)
        self._measure_operations(market)
        self._measure_basket(market)
        self._measure_liquidation(market)
        self._measure_unused(market)
        return self.rows

    def _twice(self, name: str, first: Tx, again: Tx | None = None, report_first: bool = False) -> None:
        """Steady: the same account does it again, a block later."""
        gas = self.world.gas(first)
        if report_first:
            self.rows[f"{name}, first"] = gas
        self.rows[name] = self.world.gas(again or first)

    def _measure_operations(self, market: Market) -> None:
        world, usd, eth = self.world, self.usd, self.eth
        lender, borrower = world.lender, world.borrower
        # Somebody else's debt before anything is measured: the reserve bears interest.
        world.gas(market.supply(self.basket_owner, eth, 1_000 * WAD))
        world.gas(market.supply(world.liquidator, usd, 1_000_000 * USD))
        world.block(*market.enable(self.basket_owner, eth))
        world.gas(market.borrow(self.basket_owner, usd, 50_000 * USD))

        self._twice("supply", market.supply(lender, usd, 100_000 * USD), report_first=True)
        self._twice("withdraw", market.withdraw(lender, usd, 10_000 * USD))
        collateral = market.supply(borrower, eth, 100 * WAD)
        world.gas(collateral)
        world.block(*market.enable(borrower, eth))
        self.rows["supply as collateral"] = world.gas(collateral)
        self._twice(
            "borrow",
            market.borrow(borrower, usd, 10_000 * USD),
            market.borrow(borrower, usd, 5_000 * USD),
            report_first=True,
        )
        self._twice("repay", market.repay(borrower, usd, 500 * USD))
        self._twice("withdraw collateral", market.withdraw(borrower, eth, 5 * WAD))

        # The same with a collateral that others borrow, so that it bears interest too; then all as before.
        snapshot = world.snapshot()
        world.gas(market.supply(world.liquidator, self.basket[0], 1_000 * WAD))
        world.block(*market.enable(world.liquidator, self.basket[0]))
        world.gas(market.borrow(world.liquidator, eth, 10 * WAD))
        self._twice("supply as collateral, lent out", collateral)
        self._twice("borrow, collateral lent out", market.borrow(borrower, usd, 500 * USD))
        self._twice("withdraw collateral, lent out", market.withdraw(borrower, eth, 5 * WAD))
        world.revert(snapshot)

    def _measure_basket(self, market: Market) -> None:
        """A borrow with one collateral, with two, ... up to eight; the first is ETH."""
        owner = self.basket_owner
        borrow = market.borrow(owner, self.usd, 500 * USD)
        self.world.gas(borrow)
        gas = [self.world.gas(borrow)]
        for token in self.basket[: BASKET - 1]:
            self.world.gas(market.supply(owner, token, 100 * WAD))
            self.world.block(*market.enable(owner, token))
            gas.append(self.world.gas(borrow))
        self.rows["each further collateral"] = max(more - less for less, more in itertools.pairwise(gas))

    def _measure_liquidation(self, market: Market) -> None:
        """14,000 of debt; a price of 112 leaves usage a little above 100 %, also after the first one."""
        world = self.world
        snapshot = world.snapshot()
        market.set_price(self.eth, 112)
        for name in ("first", "steady"):
            tx = market.liquidate(world.liquidator, world.borrower, self.usd, self.eth, 500 * USD)
            gas = world.gas(tx)
            self.rows["liquidate in part" + (", first" if name == "first" else "")] = gas
        world.revert(snapshot)

    def _measure_unused(self, market: Market) -> None:
        """The same borrow at the same second, once with more reserves listed."""
        world = self.world
        borrow = market.borrow(world.borrower, self.usd, 500 * USD)
        later = world.now + 100 * BLOCK_SECONDS
        snapshot = world.snapshot()
        before = to_int(world.block(borrow, at=later)[0]["gasUsed"])
        world.revert(snapshot)
        for token in self.unused:
            market.list_reserve(token)
        after = to_int(world.block(borrow, at=later)[0]["gasUsed"])
        self.rows["each unused reserve"] = (after - before) // len(self.unused)
