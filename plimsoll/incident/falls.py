"""The true price falls by half, in an hour or in ten minutes, and stays there: how much debt is left that nobody pays?

Lending pools of both LTVs over oracles of all kinds stand side by side over the same two pairs, which an arbitrageur keeps at the true
price in every block; whatever can be liquidated at a profit is liquidated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.incident.day import Day, Series
from plimsoll.incident.market import RATES, UNIT, VARIANTS, Desk, Market, borrow, lend, open_desk, open_market
from plimsoll.incident.people import Terms, depth_for, draw
from plimsoll.incident.world import BLOCK_SECONDS, World
from plimsoll.scenario import Point

WAD = 10**18
PRICE = 200 * WAD
LTVS = (6_500, 7_500)
FALLS = (60, 45, 30, 20, 10)
# Down a straight line (so that the price falls ever faster by its own measure), or by the same part of itself in every minute
SHAPES = ("straight", "steady")
WAYS = {"straight": "on a straight line", "steady": "at a steady rate"}
MILLION = 10**6
# Blocks of 12 seconds until ten minutes after the fall, of a minute until all windows, an hour at most, have seen nothing else
CLOSE_SECONDS = 600
TAIL_SECONDS = 4_800
TAIL_STEP = 60
# All collateral of a pool is so much of the depth: below the caps of 18 % (LTV 65) and 10 % (LTV 75)
PART_OF_DEPTH_BPS = 500


@dataclass(frozen=True)
class Fall:
    minutes: int
    shape: str
    # seconds into a bucket at which it begins
    offset: int
    # per lending pool: see watch.Watch.figures
    pools: dict[str, dict[str, Any]]
    blocks: int
    series: Series
    # pool -> (block's time, dollars repaid) of each liquidation
    liquidations: dict[str, list[tuple[int, float]]]


def price_at(shape: str, second: int, fall: int) -> int:
    """The true price so many seconds into a fall by half that takes `fall` seconds."""
    if second >= fall:
        return PRICE // 2
    if shape == "straight":
        return PRICE - PRICE * second // (2 * fall)
    return int(PRICE * MILLION // round(MILLION * 2.0 ** (second / fall)))


def path(minutes: int, shape: str, step: int = BLOCK_SECONDS) -> list[Point]:
    """Seconds since the fall began, and the true price: down to half, then level."""
    fall = 60 * minutes
    seconds = [*range(step, fall, step), *range(fall, fall + CLOSE_SECONDS, step)]
    seconds += range(fall + CLOSE_SECONDS, fall + TAIL_SECONDS + 1, max(step, TAIL_STEP))
    return [Point(s, price_at(shape, s, fall)) for s in seconds]


def desk_name(ltv_bps: int, variant: str) -> str:
    return f"LTV {ltv_bps // 100}, {variant}"


def open_desks(market: Market, terms: Sequence[tuple[str, str, int]], people_of: Callable[[int], list[Any]]) -> list[Desk]:
    """A lending pool for each (name, oracle, LTV), with its people in it."""
    desks = []
    for name, variant, ltv in terms:
        desk = open_desk(market, name, market.oracles[variant], ltv, RATES)
        people = people_of(ltv)
        lend(market, desk, 2 * sum(p.debt for p in people) * UNIT // WAD, 0)
        borrow(market, desk, people, market.asset, market.usd)
        desk.watch(people)
        desks.append(desk)
    return desks


def run(
    world: World,
    minutes: int,
    shape: str,
    accounts: int,
    seed: int,
    step: int = BLOCK_SECONDS,
    offset: int = 0,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> Fall:
    worth = draw(seed, "fall", accounts, Terms(PRICE, UNIT, LTVS[0], 10**40))
    depth = max(depth_for(sum(p.collateral for p in worth) * PRICE // WAD, PART_OF_DEPTH_BPS), 1_000_000 * WAD)
    market = open_market(world, PRICE, depth, list(VARIANTS))
    low = market.oracles["one"].call("band", market.asset.address).low
    terms = [(desk_name(ltv, v), v, ltv) for ltv in LTVS for v in VARIANTS]
    desks = open_desks(market, terms, lambda ltv: draw(seed, "fall", accounts, Terms(low, UNIT, ltv, depth)))
    points = path(minutes, shape, step)
    start = world.wait_for_boundary(30) + offset
    day = Day(market, market.venues, desks)
    for i, point in enumerate(points):
        moves = [act for venue in market.venues for act in venue.move(point.price_wad)]
        day.step(start + point.ts, point.price_wad, moves)
        if i % 10 == 0:
            tell(i, len(points))
    rows = {p.desk.name: [(r.ts - start, r.repaid_wad / WAD) for r in p.watch.rows] for p in day.pools}
    return Fall(minutes, shape, offset, day.figures(points[-1].price_wad), len(points), day.series, rows)
