"""Our own oracle on a pair of ours, lending with it, and the batched views: what no peer has."""

from __future__ import annotations

from bench import amm, lending
from bench.artifacts import ours
from bench.lending import USD
from bench.world import BLOCK_SECONDS, BUCKET, WAD, Tx, World
from plimsoll.abi import Contract

RESERVES = (10_000 * WAD, 2_000_000 * USD)
MIN_DEPTH = 100_000 * WAD
# A slow window, and the buckets of the short window and of the present besides
HISTORY = 14
# Twelve buckets are more than the slow window
IDLE = 12
CROWD = 20


class Scenario:
    """ETH priced by one pair against a dollar that is fixed to the unit of account."""

    def __init__(self, world: World):
        self.world = world
        self.rows: dict[str, int] = {}
        holders = [world.lender, world.borrower, world.liquidator, world.trader]
        token = ours()["TestToken"]
        self.usd = world.token(token, "USD", 6, holders, 10**9 * USD)
        self.eth = world.token(token, "ETH", 18, holders, 10**6 * WAD)
        world.install_probe()
        factory = amm.plimsoll_factory(world)
        world.send(world.owner, factory, "createPair", self.eth.address, self.usd.address)
        address = factory.call("getPair", self.eth.address, self.usd.address)
        self.pair = world.at(address, ours()["Pair"].interface)
        self._pay(*RESERVES)
        world.send(world.lender, self.pair, "mint", world.lender)
        self._trade_on(HISTORY)
        self.oracle = world.deploy(world.owner, ours()["PriceOracle"])
        world.send(world.owner, self.oracle, "set_quote", self.usd.address, 10**30)
        quote = self.usd.address
        world.send(world.owner, self.oracle, "set_source", self.eth.address, self.pair.address, quote, MIN_DEPTH)
        self.market = lending.Plimsoll(world, self.oracle)

    def run(self) -> dict[str, int]:
        self._measure_reading()
        self._measure_lending()
        self._measure_lens()
        return self.rows

    # ------------------------------------------------------------------ actions

    def _pay(self, eth: int, usd: int) -> None:
        world = self.world
        for token, amount in ((self.eth, eth), (self.usd, usd)):
            if amount:
                world.send(world.lender, token, "transfer", self.pair.address, amount)

    def _new_bucket(self, traded: bool = True) -> None:
        """Into the next bucket; the pair is touched there, or not."""
        self.world.wait_until(self.world.next_start(BUCKET))
        if traded:
            self.world.send(self.world.trader, self.pair, "sync")

    def _trade_on(self, buckets: int) -> None:
        for _ in range(buckets):
            self._new_bucket()

    def _idle(self) -> None:
        self.world.wait_until(self.world.next_start(BUCKET) + IDLE * BUCKET)

    # ------------------------------------------------------------------ what is measured

    def _measure_reading(self) -> None:
        world, oracle, eth = self.world, self.oracle, self.eth.address
        # steady: the cache is not written for the first time
        self._new_bucket()
        world.send(world.trader, oracle, "poke", eth)
        self._new_bucket()
        self.rows["oracle: refresh"] = world.probed(oracle, "poke", eth)
        self.rows["oracle: read for new risk"] = world.probed(oracle, "new_risk_prices", eth)
        self.rows["oracle: read for liquidation"] = world.probed(oracle, "liquidation_prices", eth)
        self._idle()
        self.rows["oracle: refresh, idle pair"] = world.probed(oracle, "poke", eth)
        self.rows["oracle: read, idle pair"] = world.probed(oracle, "liquidation_prices", eth)
        # Half an hour without a trade between two that were not long ago: missing sticks in the middle of the window.
        self._idle()
        self._new_bucket()
        self.rows["oracle: refresh, idle before"] = world.probed(oracle, "poke", eth)
        self.rows["oracle: read, idle before"] = world.probed(oracle, "liquidation_prices", eth)
        self._trade_on(HISTORY)

    def _measure_lending(self) -> None:
        world, market, usd, eth = self.world, self.market, self.usd, self.eth
        for token in (usd, eth):
            market.list_reserve(token)
        for account in (world.lender, world.borrower, world.liquidator):
            world.allow(account, market.spender, [usd, eth])
        world.gas(market.supply(world.lender, usd, 1_000_000 * USD))
        world.gas(market.supply(world.borrower, eth, 200 * WAD))
        world.block(*market.enable(world.borrower, eth))
        borrow = market.borrow(world.borrower, usd, 5_000 * USD)
        world.gas(borrow)

        self._new_bucket()
        self.rows["own oracle: borrow, refreshing"] = world.gas(borrow)
        self.rows["own oracle: borrow"] = world.gas(borrow)
        self.rows["own oracle: withdraw collateral"] = world.gas(market.withdraw(world.borrower, eth, WAD))
        self._fall()
        self._new_bucket()
        for name in ("own oracle: liquidate, refreshing", "own oracle: liquidate"):
            tx = market.liquidate(world.liquidator, world.borrower, usd, eth, 500 * USD)
            self.rows[name] = world.gas(tx)

    def _fall(self) -> None:
        """ETH sold until its price is 43 % lower, in steps that the clamp lets pass; then a slow window at that price."""
        world = self.world
        for _ in range(7):
            reserve_eth, reserve_usd = self._reserves()
            sold = reserve_eth * 41 // 1000
            out = amm.amount_out(sold, reserve_eth, reserve_usd)
            self._pay(sold, 0)
            amounts = (0, out) if self._eth_first() else (out, 0)
            world.send(world.trader, self.pair, "swap", *amounts, world.trader, b"")
        self._trade_on(HISTORY)

    def _eth_first(self) -> bool:
        return int(self.eth.address, 16) < int(self.usd.address, 16)

    def _reserves(self) -> tuple[int, int]:
        first, second, _ = self.pair.call("getReserves")
        return (first, second) if self._eth_first() else (second, first)

    def _measure_lens(self) -> None:
        """Per account of one collateral and one debt, above what a call costs in any case; nothing was read before."""
        world, market, eth, usd = self.world, self.market, self.eth, self.usd
        crowd = world.crowd[:CROWD]
        pool: Contract = market.pool
        supplies = (pool.data("supply", eth.address, 100 * WAD, account) for account in crowd)
        world.block(*(Tx(world.lender, pool.address, data) for data in supplies))
        world.block(*(tx for account in crowd for tx in market.enable(account, eth)))
        world.block(*(market.borrow(account, usd, 1_000 * USD) for account in crowd))
        world.wait_until(world.now + BLOCK_SECONDS)
        one = world.probed(market.lens, "health", crowd[:1])
        everyone = world.probed(market.lens, "health", crowd)
        self.rows["Lens.health, each account"] = (everyone - one) // (CROWD - 1)
