"""What lends without a peer's counterpart beside it: shares that move and pay, flash loans, caps, fees, bundles, receipts; constant oracle."""

from __future__ import annotations

from bench import amm, lending
from bench.artifacts import ours
from bench.world import MAX, WAD, World
from plimsoll.abi import Contract

USD = 10**6
ORIGINATION_FEE_BPS = 100
# contracts/modules/reserve_slots.vy
ORIGINATION_FEE_AT = 241
# interfaces/IBundler.vyi
SUPPLY, BORROW, SET_COLLATERAL = 4, 7, 8


def deploy_bundler(world: World, pool: Contract) -> tuple[Contract, Contract]:
    """The registry of the pool's operators, and a bundler that asks it."""
    compiled = ours()
    native = world.deploy(world.owner, compiled["WrappedNative"])
    operators = world.at(pool.call("operators"), compiled["Operators"].interface)
    return operators, world.deploy(world.owner, compiled["Bundler"], operators.address, native.address)


def deploy_vault(world: World, pool: Contract, token: Contract) -> Contract:
    compiled = ours()
    blueprint, _ = world.deploy_code(world.owner, compiled["ReserveVault"].blueprint())
    factory = world.deploy(world.owner, compiled["ReserveVaultFactory"], blueprint)
    world.send(world.owner, factory, "create_vault", pool.address, token.address)
    vault = world.at(factory.call("vault_of", pool.address, token.address), compiled["ReserveVault"].interface)
    world.note_size("ReserveVault", vault.address)
    return vault


def deploy_governance(world: World) -> None:
    """For their sizes: the bench's pools are configured by an account."""
    compiled = ours()
    world.deploy(world.owner, compiled["PoolConfigurator"], world.owner, world.owner, world.owner)
    world.deploy(world.owner, compiled["Timelock"], 0, [world.owner], [world.owner])


def deploy_isolated(world: World) -> None:
    """For their sizes: the factory of isolated markets, and an oracle of one, on a pair without liquidity."""
    compiled, owner, nobody = ours(), world.owner, "0x" + "00" * 20
    token, quote = (world.token(compiled["TestToken"], symbol, 18, [], 0) for symbol in ("ISO", "QUO"))
    exchange = amm.plimsoll(world)
    _, pair = amm.create_pair(world, exchange, token, quote)
    oracle = (token.address, quote.address, pair.address, 10_000 * WAD, WAD, nobody, 0, 0, 0)
    world.deploy(owner, compiled["IsolatedOracle"], *oracle)
    world.deploy(owner, compiled["MarketFactory"], exchange.factory.address, *[owner] * 7, WAD, owner, owner)


class Scenario:
    """The same tokens, people and pool as in the comparison with Aave."""

    def __init__(self, world: World):
        self.world = world
        self.base = lending.Scenario(world)
        self.market = market = lending.Plimsoll(world)
        self.pool: Contract = market.pool
        self.usd, self.eth = self.base.usd, self.base.eth
        self.base.open(market)
        self.rows: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        self._open()
        self._measure_shares()
        self._measure_flash_loan()
        self._measure_bundle()
        self._measure_vault()
        # last: these change the terms
        self._measure_fee_and_caps()
        deploy_governance(self.world)
        deploy_isolated(self.world)
        return self.rows

    def _open(self) -> None:
        """Lent out in part, so that the reserve bears interest; a borrower with a debt, and a lender with shares."""
        world, market = self.world, self.market
        world.gas(market.supply(world.liquidator, self.usd, 1_000_000 * USD))
        world.gas(market.supply(world.lender, self.usd, 1_000_000 * USD))
        world.gas(market.supply(world.borrower, self.eth, 500 * WAD))
        world.block(*market.enable(world.borrower, self.eth))
        world.gas(market.borrow(world.borrower, self.usd, 20_000 * USD))
        world.gas(market.supply(world.borrower, self.usd, 10_000 * USD))

    def _send(self, sender: str, to: Contract, function: str, *args: object) -> int:
        return self.world.send(sender, to, function, *args)

    def _steady(self, name: str, sender: str, to: Contract, function: str, *args: object) -> None:
        self._send(sender, to, function, *args)
        self.rows[name] = self._send(sender, to, function, *args)

    def _measure_shares(self) -> None:
        world, usd = self.world, self.usd.address
        self._steady("transfer_shares", world.lender, self.pool, "transfer_shares", usd, 10**6 * 100 * USD, world.liquidator)
        self._steady("repay_with_shares", world.borrower, self.pool, "repay_with_shares", usd, 500 * USD, world.borrower)

    def _measure_flash_loan(self) -> None:
        receiver = self.world.deploy(self.world.owner, ours()["LeanFlashBorrower"], self.pool.address, [self.usd.address])
        self.world.send(self.world.lender, self.usd, "transfer", receiver.address, 1_000 * USD)
        self._steady("flash loan", self.world.lender, self.pool, "flashLoan", receiver.address, self.usd.address, 100_000 * USD, b"")

    def _measure_bundle(self) -> None:
        """Supply collateral, enable it, borrow: three transactions of their own, and one bundle."""
        world, market = self.world, self.market
        one, other = world.crowd[:2]
        operators, bundler = deploy_bundler(world, self.pool)
        for account in (one, other):
            world.send(world.token_deployer, self.eth, "mint", account, 100 * WAD)
            world.allow(account, self.pool.address, [self.eth])
            world.allow(account, bundler.address, [self.eth])
        alone = [market.supply(one, self.eth, 100 * WAD), *market.enable(one, self.eth), market.borrow(one, self.usd, 1_000 * USD)]
        self.rows["supply, enable, borrow: three calls"] = sum(world.gas(tx) for tx in alone)
        world.send(other, operators, "set_operator", self.pool.address, bundler.address, True)
        actions = [
            (SUPPLY, self.eth.address, 100 * WAD, lending.NOBODY),
            (SET_COLLATERAL, self.eth.address, 1, lending.NOBODY),
            (BORROW, self.usd.address, 1_000 * USD, lending.NOBODY),
        ]
        self.rows["supply, enable, borrow: one bundle"] = world.send(other, bundler, "bundle", self.pool.address, actions, [], [])

    def _measure_vault(self) -> None:
        world = self.world
        vault = deploy_vault(world, self.pool, self.usd)
        world.allow(world.lender, vault.address, [self.usd])
        self._steady("vault deposit", world.lender, vault, "deposit", 1_000 * USD, world.lender)
        self._steady("vault withdraw", world.lender, vault, "withdraw", 100 * USD, world.lender, world.lender)

    def _measure_fee_and_caps(self) -> None:
        world, market, usd = self.world, self.market, self.usd
        # whose shares grow with each loan
        stakers = world.crowd[2]
        words, listing, _, ramp, _ = self.pool.call("config_words", usd.address)
        fee = words | ORIGINATION_FEE_BPS << ORIGINATION_FEE_AT
        world.send(world.owner, self.pool, "configure", usd.address, fee, listing, 0, ramp, stakers)
        world.gas(market.borrow(world.borrower, usd, 500 * USD))
        self.rows["borrow, origination fee"] = world.gas(market.borrow(world.borrower, usd, 500 * USD))
        world.send(world.owner, self.pool, "configure", usd.address, words, listing, MAX >> 1, ramp, lending.NOBODY)
        self.rows["supply, capped"] = world.gas(market.supply(world.lender, usd, 1_000 * USD))
        self.rows["borrow, capped"] = world.gas(market.borrow(world.borrower, usd, 500 * USD))
