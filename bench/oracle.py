"""Our own oracle on pools of ours, lending with it, and the batched views: what no peer has."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from bench import amm, lending, ranges
from bench.artifacts import ours
from bench.lending import USD
from bench.world import BLOCK_SECONDS, BUCKET, WAD, BenchError, Tx, World
from plimsoll.abi import Contract
from plimsoll.ranges import sqrt_price_of

RESERVES = (10_000 * WAD, 2_000_000 * USD)
MIN_DEPTH = 100_000 * WAD
# A slow window, and the buckets of the short window and of the present besides
HISTORY = 14
# Twelve buckets are more than the slow window
IDLE = 12
CROWD = 20
# The slow window beside a feed is twenty buckets
LONG_HISTORY = 24

PRICE = 200
FEED_DECIMALS = 8
HEARTBEAT = 3 * 86_400
FEED_BOUNDS = (10 * 10**FEED_DECIMALS, 100_000 * 10**FEED_DECIMALS)
FULL_RANGE = (-887_220, 887_220)


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
        # what trades in each bucket
        self.touched = [Tx(world.trader, self.pair.address, self.pair.data("sync"))]
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
        self._add_sources(holders=[self.world.lender])
        self._measure_sources()
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
            self.world.block(*self.touched)

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

    # ------------------------------------------------------------------ other sources

    def _add_sources(self, holders: list[str]) -> None:
        """A second pair, against another quote; a range pool; a feed. An oracle for each choice of them."""
        world, token = self.world, ours()["TestToken"]
        self.eur = world.token(token, "EUR", 6, holders, 10**9 * USD)
        factory = self.world.at(self.pair.call("factory"), ours()["PairFactory"].interface)
        world.send(world.owner, factory, "createPair", self.eth.address, self.eur.address)
        other = world.at(factory.call("getPair", self.eth.address, self.eur.address), ours()["Pair"].interface)
        for paid, amount in zip((self.eth, self.eur), RESERVES, strict=True):
            world.send(world.lender, paid, "transfer", other.address, amount)
        world.send(world.lender, other, "mint", world.lender)
        pool = self._range_pool()
        feed = world.deploy(world.owner, ours()["LeanFeed"], FEED_DECIMALS, PRICE * 10**FEED_DECIMALS)
        self.touched += [
            Tx(world.trader, other.address, other.data("sync")),
            Tx(world.trader, pool.address, pool.data("poke")),
        ]
        pair, second = (self.pair, self.usd), (other, self.eur)
        self.oracles = {
            "": self.oracle,
            "two sources": self._oracle(pair, second),
            "pair and range pool": self._oracle(pair, (pool, self.usd)),
            "one and a feed": self._oracle(pair, None, feed),
            "two and a feed": self._oracle(pair, second, feed),
            "range pool": self._oracle((pool, self.usd)),
        }
        self._trade_on(LONG_HISTORY)

    def _range_pool(self) -> Contract:
        """As deep as the pair."""
        world, exchange = self.world, ranges.plimsoll(self.world)
        _, pool = ranges.create_pool(world, exchange, self.eth, self.usd)
        tokens = sorted((self.eth, self.usd), key=lambda t: int(t.address, 16))
        caller = world.deploy(world.owner, ours()["LeanCaller"], *(t.address for t in tokens))
        for paid, amount in zip((self.eth, self.usd), RESERVES, strict=True):
            world.send(world.lender, paid, "transfer", caller.address, amount * 101 // 100)
        decimals = (18, 6) if self._eth_first() else (6, 18)
        world.send(world.owner, pool, "initialize", sqrt_price_of(Fraction(PRICE), *decimals, not self._eth_first()))
        mint = caller.data("mint", pool.address, *FULL_RANGE, isqrt(RESERVES[0] * RESERVES[1]))
        world.gas(Tx(world.lender, caller.address, mint))
        return pool

    def _oracle(
        self, first: tuple[Contract, Contract], second: tuple[Contract, Contract] | None = None, feed: Contract | None = None
    ) -> Contract:
        world = self.world
        oracle = world.deploy(world.owner, ours()["PriceOracle"])
        eth = self.eth.address
        for quote in (self.usd, self.eur):
            world.send(world.owner, oracle, "set_quote", quote.address, 10**30)
        if second is not None:
            world.send(world.owner, oracle, "set_second_source", eth, second[0].address, second[1].address, MIN_DEPTH)
        if feed is not None:
            world.send(world.owner, oracle, "set_feed", eth, feed.address, False, HEARTBEAT, *FEED_BOUNDS)
        world.send(world.owner, oracle, "set_source", eth, first[0].address, first[1].address, MIN_DEPTH)
        return oracle

    def _measure_sources(self) -> None:
        world, eth = self.world, self.eth.address
        for name, oracle in self.oracles.items():
            if not name:
                continue
            # steady: the cache is not written for the first time
            world.send(world.trader, oracle, "poke", eth)
            self._new_bucket()
            self.rows[f"oracle: refresh, {name}"] = world.probed(oracle, "poke", eth)
            self.rows[f"oracle: read for new risk, {name}"] = world.probed(oracle, "new_risk_prices", eth)
            self.rows[f"oracle: read for liquidation, {name}"] = world.probed(oracle, "liquidation_prices", eth)
            self._check(name, oracle)

    def _check(self, name: str, oracle: Contract) -> None:
        """What is measured is the whole of it: all sources valid, new risk open."""
        band = oracle.call("band", self.eth.address)
        wanted = {"range pool": 1, "one and a feed": 5, "two and a feed": 7}.get(name, 3)
        if (band.sources, band.why) != (wanted, 0):
            raise BenchError(f"the oracle of '{name}' has the sources {band.sources}, not {wanted} (why: {band.why})")

    # ------------------------------------------------------------------ lending

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
        more = market.borrow(world.borrower, usd, 1_000 * USD)
        for name in ("two sources", "two and a feed"):
            self._use(self.oracles[name])
            self._new_bucket()
            self.rows[f"own oracle: borrow, refreshing, {name}"] = world.gas(more)
            self.rows[f"own oracle: borrow, {name}"] = world.gas(more)
        self._use(self.oracle)
        self._fall()
        self._new_bucket()
        for name in ("own oracle: liquidate, refreshing", "own oracle: liquidate"):
            tx = market.liquidate(world.liquidator, world.borrower, usd, eth, 500 * USD)
            self.rows[name] = world.gas(tx)

    def _use(self, oracle: Contract) -> None:
        self.world.send(self.world.owner, self.market.pool, "set_oracle", oracle.address, 0)

    def _fall(self) -> None:
        """ETH sold in the pair until its price is 43 % lower; then a slow window at that price."""
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
