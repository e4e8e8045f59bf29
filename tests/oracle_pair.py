"""A PriceOracle on real pools: a pair or a range pool as either source, trades and liquidity in them, and perhaps a feed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import boa

from plimsoll.reference.oracle import Answers, Band, Feed, Quote, Source, Window
from tests.conftest import load
from tests.oracle_market import HEARTBEAT, Market, Money, Wired
from tests.range_world import RangeWorld, Refused, new_range_factory

FEE_BPS = 25
RANGE_FEE = 3_000
SPACING = 60
LOW, HIGH = "0x" + "11" * 20, "0x" + "ee" * 20
WIDEST = 887_220
MAX_SWAP = 2**127


@dataclass
class PairPool:
    """An x*y=k pair, seen from the asset."""

    pair: Any
    asset: Any
    quote: Any
    asset_is_token1: bool

    is_range_pool = False

    @property
    def contract(self) -> Any:
        return self.pair

    def reserves(self) -> tuple[int, int]:
        """(asset, quote)"""
        reserve0, reserve1, _ = self.pair.getReserves()
        return (reserve1, reserve0) if self.asset_is_token1 else (reserve0, reserve1)

    def swap(self, token: Any, amount: int) -> None:
        """Sell `amount` of a token to the pair."""
        asset, quote = self.reserves()
        held, wanted = (asset, quote) if token is self.asset else (quote, asset)
        paid = amount * (10_000 - FEE_BPS)
        out = paid * wanted // (held * 10_000 + paid)
        if out == 0 or out >= wanted:
            return
        token.mint(self.pair, amount)
        token_is_token0 = (token is self.asset) != self.asset_is_token1
        self.pair.swap(0 if token_is_token0 else out, out if token_is_token0 else 0, boa.env.eoa, b"")

    def add_liquidity(self, bps: int) -> None:
        for token, held in zip((self.asset, self.quote), self.reserves(), strict=True):
            token.mint(self.pair, held * bps // 10_000)
        self.pair.mint(boa.env.eoa)

    def remove_liquidity(self, bps: int) -> None:
        amount = self.pair.balanceOf(boa.env.eoa) * bps // 10_000
        asset, quote = self.reserves()
        supply = self.pair.totalSupply()
        if min(amount * asset, amount * quote) >= supply:
            self.pair.transfer(self.pair, amount)
            self.pair.burn(boa.env.eoa)


@dataclass
class RangePool:
    """A range pool, seen from the asset. All positions are the callee's."""

    world: RangeWorld
    asset: Any
    quote: Any
    asset_is_token1: bool
    # (lower, upper, liquidity), the widest first
    positions: list[tuple[int, int, int]] = field(default_factory=list)

    is_range_pool = True

    @property
    def contract(self) -> Any:
        return self.world.pool

    def reserves(self) -> tuple[int, int]:
        """(asset, quote): what it holds."""
        return self.asset.balanceOf(self.world.pool), self.quote.balanceOf(self.world.pool)

    def swap(self, token: Any, amount: int) -> None:
        if amount:
            token.mint(self.world.callee, amount)
            # Refused where it is already at the last price
            with suppress(Refused):
                self.world.swap((token is self.asset) != self.asset_is_token1, min(amount, MAX_SWAP))

    def open(self, lower: int, upper: int, liquidity: int) -> None:
        self._fund()
        self.world.mint(lower, upper, liquidity)
        self.positions.append((lower, upper, liquidity))

    def add_liquidity(self, bps: int) -> None:
        """Around the present price, `bps` of what was there first."""
        tick = self.world.pool.slot0()[1] // SPACING * SPACING
        lower, upper = max(-WIDEST, tick - 20 * SPACING), min(WIDEST, tick + 20 * SPACING)
        liquidity = self.positions[0][2] * bps // 10_000
        if liquidity and lower < upper:
            self.open(lower, upper, liquidity)

    def remove_liquidity(self, bps: int) -> None:
        """From the oldest position that has any."""
        for i, (lower, upper, liquidity) in enumerate(self.positions):
            amount = liquidity * bps // 10_000
            if amount:
                self.positions[i] = (lower, upper, liquidity - amount)
                self.world.call("burn", lower, upper, amount)
                self.world.call("collect", self.world.callee, lower, upper, 2**128 - 1, 2**128 - 1)
                return

    def _fund(self) -> None:
        for token in (self.asset, self.quote):
            if token.balanceOf(self.world.callee) < 2**200:
                token.mint(self.world.callee, 2**201)


@dataclass
class PoolMarket(Market):
    """An oracle whose sources are real pools."""

    quote: Any = None
    pools: list[PairPool | RangePool] = field(default_factory=list)
    # The same configuration, and nothing is ever written to it. Of pairs alone: what a range pool holds counts only where nothing is cached
    twin: Market | None = None

    def reserves(self) -> tuple[int, int]:
        return self.pools[0].reserves()

    def spot(self) -> int:
        asset, quote = self.reserves()
        return quote * self.quote_price() // asset

    def quote_price(self) -> int:
        return self.wired().source.quote.fixed

    def swap(self, token: Any, amount: int, place: int = 0) -> None:
        self.pools[place].swap(token, amount)

    def move_to(self, price: int) -> None:
        """Trade with the first pair until the spot price is about `price`; twice, because of the fee."""
        for _ in range(2):
            asset, quote = self.reserves()
            wanted = isqrt(asset * quote * self.quote_price() // price)
            if wanted > asset:
                self.swap(self.asset, wanted - asset)
            elif wanted < asset:
                self.swap(self.quote, asset * quote // wanted - quote)

    def add_liquidity(self, bps: int, place: int = 0) -> None:
        self.pools[place].add_liquidity(bps)

    def remove_liquidity(self, bps: int, place: int = 0) -> None:
        self.pools[place].remove_liquidity(bps)

    def check(self) -> Band:
        """As the model, and what has been cached alters nothing that is of this moment."""
        expected = super().check()
        if self.twin is not None:
            uncached = self.twin.check()
            assert expected.why == uncached.why
            if expected.low:
                assert (expected.prices(), expected.depth) == (uncached.prices(), uncached.depth)
        return expected

    def window(self) -> Window:
        window = self.answers_uncached().of(0).window
        assert window is not None
        return window

    def answers_uncached(self) -> Answers:
        return self.wiring.answers(self.model.slow_buckets)


@dataclass
class PairMarket(PoolMarket):
    pair: Any = None


# ---------------------------------------------------------------- building


def _tokens(asset_is_token1: bool, asset_decimals: int, quote_decimals: int) -> tuple[Any, Any]:
    token = load("testing/TestToken.vy")
    asset = token.deploy("AST", "AST", asset_decimals, override_address=HIGH if asset_is_token1 else LOW)
    quote = token.deploy("USD", "USD", quote_decimals, override_address=LOW if asset_is_token1 else HIGH)
    return asset, quote


def new_pair_pool(asset: Any, quote: Any, asset_is_token1: bool, asset_amount: int, quote_amount: int) -> PairPool:
    blueprint = load("amm/Pair.vy").deploy_as_blueprint()
    factory = load("amm/PairFactory.vy").deploy(blueprint, boa.env.eoa, FEE_BPS, 8, 25)
    pair = load("amm/Pair.vy").at(factory.createPair(asset, quote))
    asset.mint(pair, asset_amount)
    quote.mint(pair, quote_amount)
    pair.mint(boa.env.eoa)
    return PairPool(pair, asset, quote, asset_is_token1)


def new_range_pool(asset: Any, quote: Any, asset_is_token1: bool, asset_amount: int, quote_amount: int) -> RangePool:
    """With liquidity everywhere that is worth about these amounts."""
    factory = new_range_factory(boa.env.eoa)
    pool = load("amm/RangePool.vy").at(factory.createPool(asset, quote, RANGE_FEE))
    token0, token1 = (quote, asset) if asset_is_token1 else (asset, quote)
    world = RangeWorld(factory, pool, token0, token1, load("testing/RangePoolCallee.vy").deploy())
    amount0, amount1 = (quote_amount, asset_amount) if asset_is_token1 else (asset_amount, quote_amount)
    pool.initialize(isqrt(amount1 * 2**192 // amount0))
    made = RangePool(world, asset, quote, asset_is_token1)
    made.open(-WIDEST, WIDEST, isqrt(amount0 * amount1))
    return made


POOLS: dict[str, Callable[..., PairPool | RangePool]] = {"pair": new_pair_pool, "range": new_range_pool}


@dataclass(frozen=True)
class Shape:
    """What an asset's price is made of."""

    first: str = "pair"
    second: str | None = None
    # "unit": in units of account, "quote": in the first source's quote
    feed: str | None = None
    quote_by_feed: bool = False
    asset_decimals: int = 18
    quote_decimals: int = 6
    asset_units: int = 10_000
    quote_units: int = 2_000_000
    min_depth: int = 100_000 * 10**18


def feed_answer(shape: Shape) -> int:
    """The price of the asset in dollars, 8 decimals."""
    return max(2, shape.quote_units * 10**8 // shape.asset_units)


def configure(market: Market, shape: Shape, pools: list[PairPool | RangePool], quote: Any, quote_feed: Any, feed: Any) -> None:
    """The owner's calls in the order in which they are allowed."""
    quote_model = Quote(10 ** (36 - shape.quote_decimals))
    if shape.quote_by_feed:
        quote_model = Quote(feed=Feed(8, shape.quote_decimals, HEARTBEAT, 1, 2**100))
        market.oracle.set_quote_feed(quote, quote_feed, HEARTBEAT, 1, 2**100, sender=market.owner)
    else:
        market.oracle.set_quote(quote, quote_model.fixed, sender=market.owner)
    money = Money(quote, quote_model, quote_feed if shape.quote_by_feed else None)
    model = Feed(8, shape.asset_decimals, HEARTBEAT, 1, 2**100, shape.quote_decimals if shape.feed == "quote" else None)
    wired = [Wired(p.contract, Source(p.asset_is_token1, quote_model, shape.min_depth, p.is_range_pool), market.asset, money) for p in pools]
    if len(wired) > 1:
        assert market.set_second_source(wired[1]) == ""
    if shape.feed == "unit":
        assert market.set_feed(feed, model) == ""
    assert market.set_source(wired[0]) == ""
    if shape.feed == "quote":
        assert market.set_feed(feed, model) == ""


def new_pool_market(shape: Shape, asset_is_token1: bool = False, kind: type[PoolMarket] = PoolMarket) -> Any:
    asset, quote = _tokens(asset_is_token1, shape.asset_decimals, shape.quote_decimals)
    amounts = shape.asset_units * 10**shape.asset_decimals, shape.quote_units * 10**shape.quote_decimals
    pools = [POOLS[name](asset, quote, asset_is_token1, *amounts) for name in (shape.first, shape.second) if name]
    feed = load("testing/ScriptedFeed.vy").deploy(8, feed_answer(shape)) if shape.feed else None
    quote_feed = load("testing/ScriptedFeed.vy").deploy(8, 10**8) if shape.quote_by_feed else None
    oracles = [load("oracle/PriceOracle.vy").deploy() for _ in range(2)]
    twin = Market(oracles[1], asset, boa.env.eoa)
    market = kind(oracles[0], asset, boa.env.eoa, quote=quote, pools=pools, twin=twin)
    boa.env.time_travel(seconds=1)  # what the pools were given is not of this transaction
    for side in (market, twin):
        configure(side, shape, pools, quote, quote_feed, feed)
    if any(pool.is_range_pool for pool in pools):
        market.twin = None
    return market


def new_pair_market(
    asset_is_token1: bool = False,
    asset_decimals: int = 18,
    quote_decimals: int = 6,
    asset_units: int = 10_000,
    quote_units: int = 2_000_000,
    min_depth: int = 100_000 * 10**18,
) -> PairMarket:
    """One pair, and nothing else."""
    shape = Shape(
        asset_decimals=asset_decimals, quote_decimals=quote_decimals, asset_units=asset_units, quote_units=quote_units, min_depth=min_depth
    )
    market: PairMarket = new_pool_market(shape, asset_is_token1, PairMarket)
    market.pair = market.pools[0].contract
    return market
