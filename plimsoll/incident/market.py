"""The market of the incident replays: one asset in one or two pairs, oracles of several kinds over them, lending pools that use one each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from plimsoll.abi import Contract
from plimsoll.incident.people import Borrower
from plimsoll.incident.venues import Feed, PairVenue
from plimsoll.incident.world import Act, IncidentError, World
from plimsoll.population import actor
from plimsoll.rpc import MAX_UINT256

WAD = 10**18
BPS = 10_000
NOBODY = "0x" + "00" * 20

# What an oracle rests on: its AMM sources, and whether it has a feed
VARIANTS = {"one": (1, False), "two": (2, False), "one + feed": (1, True), "two + feed": (2, True)}

USD_DECIMALS = 6
# WAD value of 1e18 raw dollars
UNIT = 10 ** (36 - USD_DECIMALS)
FEE_BPS = 25
MIN_DEPTH = 100_000 * WAD
BONUS_BPS = 11_000
LIQUIDATION_FEE_BPS = 300
RESERVE_FACTOR_BPS = 5_000
# All that one may owe is 99 % of the capacity: the most that the pool allows
BORROW_LIMIT_BPS = 9_900
MIN_DEBT = 100 * WAD
# base, multiplier, jump, kink: WEMIX.Fi's; and none, where minutes are looked at
RATES = (0, 5 * 10**16, 5 * WAD, 9 * 10**17)
NO_RATES = (0, 0, 0, 9 * 10**17)
# More than all trades and loans of a replay need
PLENTY = 10**12
# The oracle's longest memory is 20 buckets
HISTORY_SECONDS = 2 * 3_600
# The feed is believed within a factor of a thousand
FEED_SPAN = 1_000


@dataclass
class Market:
    world: World
    usd: Contract
    asset: Contract
    venues: list[PairVenue]
    feed: Feed
    oracles: dict[str, Contract] = field(default_factory=dict)


def tokens(world: World, price_wad: int, depth_wad: int, asset_is_token1: bool = False) -> tuple[Contract, Contract]:
    """(dollar, asset), with as much of both for the trader as he will ever need."""
    usd = world.deploy("TestToken", "Test Dollar", "USD", USD_DECIMALS)
    asset = world.deploy("TestToken", "Test Asset", "AST", 18)
    while asset_is_token1 and int(asset.address, 16) < int(usd.address, 16):
        asset = world.deploy("TestToken", "Test Asset", "AST", 18)
    plenty = 10_000 * depth_wad
    acts = [
        world.own(usd, "mint", world.trader, plenty * WAD // UNIT),
        world.own(asset, "mint", world.trader, plenty * WAD // price_wad),
    ]
    world.do(acts)
    return usd, asset


def open_pair(world: World, usd: Contract, asset: Contract, price_wad: int, depth_wad: int) -> PairVenue:
    """A pair of a factory of its own, with so many dollars (WAD) on each side."""
    factory = world.deploy("PairFactory", world.blueprint("Pair"), world.owner, FEE_BPS, 8, 25)
    world.do([world.own(factory, "createPair", asset.address, usd.address)])
    pair = world.artifacts.at("Pair", factory.call("getPair", asset.address, usd.address), world.rpc)
    world.do(
        [
            world.own(usd, "mint", pair.address, depth_wad * WAD // UNIT),
            world.own(asset, "mint", pair.address, depth_wad * WAD // price_wad),
            world.own(pair, "mint", world.owner),
        ]
    )
    return PairVenue(world, pair, asset, usd, UNIT, FEE_BPS)


def open_oracle(world: World, usd: Contract, asset: Contract, sources: Sequence[Contract], feed: Feed | None) -> Contract:
    """An oracle of the asset over these sources, in the order of their rank."""
    oracle = world.deploy("PriceOracle")
    first, *others = sources
    acts = [
        world.own(oracle, "set_quote", usd.address, UNIT),
        world.own(oracle, "set_source", asset.address, first.address, usd.address, MIN_DEPTH),
    ]
    acts += [world.own(oracle, "set_second_source", asset.address, s.address, usd.address, MIN_DEPTH) for s in others]
    if feed is not None:
        answer = feed.answer(feed.price_wad)
        bounds = max(1, answer // FEED_SPAN), answer * FEED_SPAN
        acts.append(world.own(oracle, "set_feed", asset.address, feed.contract.address, False, 3_600, *bounds))
    world.do(acts)
    return oracle


def open_market(world: World, price_wad: int, depth_wad: int, variants: Sequence[str]) -> Market:
    """Two equal pairs and an oracle for each variant, with a past of two hours."""
    usd, asset = tokens(world, price_wad, depth_wad)
    venues = [open_pair(world, usd, asset, price_wad, depth_wad) for _ in range(2)]
    feed = Feed(world, price_wad)
    market = Market(world, usd, asset, venues, feed)
    for name in variants:
        count, fed = VARIANTS[name]
        market.oracles[name] = open_oracle(world, usd, asset, [v.contract for v in venues[:count]], feed if fed else None)
    let_pass(world, feed, HISTORY_SECONDS)
    return market


def let_pass(world: World, feed: Feed, seconds: int) -> None:
    """Quiet hours; the feed says at their end what it said before."""
    ts = world.now + seconds
    world.do(feed.publish(feed.price_wad, ts), ts)


# ---------------------------------------------------------------- lending


@dataclass
class Desk:
    """A lending pool with its engine, its oracle and its borrowers."""

    name: str
    ltv_bps: int
    pool: Contract
    engine: Contract
    lens: Contract
    oracle: Contract
    people: list[Borrower]
    # small-letter address -> index into people
    index: dict[str, int]
    health_call: str

    def watch(self, people: Sequence[Borrower]) -> None:
        """Whose health is read, from now on."""
        self.people = list(people)
        self.index = {p.address.lower(): i for i, p in enumerate(self.people)}
        self.health_call = "0x" + self.lens.data("health", [p.address for p in self.people]).hex()


def open_desk(market: Market, name: str, oracle: Contract, ltv_bps: int, rates: tuple[int, int, int, int]) -> Desk:
    world = market.world
    model = world.deploy("JumpRateModel", *rates)
    parts = [world.deploy(name).address for name in ("Operators", "PoolExtension")]
    # configured by the owner himself: a PoolConfigurator would not let him change between oracles that disagree
    pool = world.deploy("LendingPool", actor(0, "treasury", 0), BORROW_LIMIT_BPS, MIN_DEBT, world.owner, *parts)
    engine, lens = world.deploy("LiquidationEngine", pool.address, LIQUIDATION_FEE_BPS), world.deploy("Lens", pool.address)
    acts = [world.own(pool, "set_oracle", oracle.address, 0), world.own(pool, "set_engine", engine.address, 0)]
    # contracts/modules/reserve_slots.vy
    terms = int(model.address, 16) | RESERVE_FACTOR_BPS << 167, ltv_bps << 160 | BONUS_BPS << 174, 0, 0, NOBODY
    for token, seed in ((market.usd, 10**USD_DECIMALS), (market.asset, WAD)):
        acts += [
            world.own(pool, "configure", token.address, *terms),
            world.own(token, "mint", world.owner, seed),
            world.own(token, "approve", pool.address, seed),
            world.own(pool, "seed", token.address, seed),
        ]
    world.do(acts)
    return Desk(name, ltv_bps, pool, engine, lens, oracle, [], {}, "")


def lend(market: Market, desk: Desk, usd_wad: int, asset_raw: int) -> None:
    """Somebody lends so much of either; the trader, who has everything, liquidates."""
    world = market.world
    usd_raw = usd_wad * WAD // UNIT
    acts = []
    for token, amount in ((market.usd, usd_raw), (market.asset, asset_raw)):
        if amount:
            acts += [
                world.own(token, "mint", world.owner, amount),
                world.own(token, "approve", desk.pool.address, amount),
                world.own(desk.pool, "supply", token.address, amount, world.owner),
            ]
        acts.append(Act(world.trader, token, "approve", (desk.pool.address, MAX_UINT256)))
    world.do(acts)


def borrow(market: Market, desk: Desk, people: Sequence[Borrower], collateral: Contract, debt: Contract) -> None:
    """Everybody supplies, enables and borrows, in one block each."""
    world, pool = market.world, desk.pool
    world.fund([p.address for p in people])
    acts: list[Act] = []
    for p in people:
        acts += [
            Act(p.address, collateral, "mint", (p.address, p.collateral)),
            Act(p.address, collateral, "approve", (pool.address, p.collateral)),
            Act(p.address, pool, "supply", (collateral.address, p.collateral, p.address)),
            Act(p.address, pool, "set_collateral", (collateral.address, True)),
        ]
    world.do(acts)
    world.do([Act(p.address, pool, "borrow", (debt.address, p.debt, p.address)) for p in people])
    counted = len(pool.logs("Borrow", world.rpc.block_number(), world.rpc.block_number()))
    if counted != len(people):
        raise IncidentError(f"{counted} of {len(people)} accounts could borrow")


def health_of(answer: bytes, count: int) -> list[tuple[int, int]]:
    """(capacity, debt) of each account, from Lens.health's answer."""
    if len(answer) != 64 + 32 * count or int.from_bytes(answer[32:64], "big") != count:
        raise IncidentError(f"the lens did not answer for {count} accounts")
    halves = [int.from_bytes(answer[i : i + 16], "big") for i in range(64, len(answer), 16)]
    return list(zip(halves[::2], halves[1::2], strict=True))


def positions(market: Market, desk: Desk, collateral: Contract, debt: Contract, read: Any) -> list[tuple[int, int]]:
    """(collateral, debt) of each of the desk's people, raw, as the pool has them."""
    requests = [desk.pool.request("supply_of", p.address, collateral.address) for p in desk.people]
    requests += [desk.pool.request("debt_of", p.address, debt.address) for p in desk.people]
    answers = read(market.world.rpc, requests)
    return list(zip(answers[: len(desk.people)], answers[len(desk.people) :], strict=True))
