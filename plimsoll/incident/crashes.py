"""Three real crashes: 12 March 2020 and 19 May 2021 in a pair, 17 August 2023 in a range pool with the trades of a real one.

The same people stand in lending pools with the band, without a feed and with an honest one, where liquidations are real, and in models of
pools that believe the spot price or a plain mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from plimsoll import scenario
from plimsoll.abi import Contract
from plimsoll.incident.day import MODELS, Day, ModelPool, Series
from plimsoll.incident.falls import open_desks
from plimsoll.incident.flow import Minute, every_minute, read_flow, sqrt_price_in, steepest
from plimsoll.incident.market import (
    HISTORY_SECONDS,
    MIN_DEPTH,
    UNIT,
    VARIANTS,
    Desk,
    Market,
    let_pass,
    open_oracle,
    open_pair,
    tokens,
)
from plimsoll.incident.people import BPS, PPM, Terms, depth_for, draw
from plimsoll.incident.range import RangeVenue
from plimsoll.incident.venues import Feed
from plimsoll.incident.world import IncidentError, World

WAD = 10**18
STEP_SECONDS = 60
PART_OF_DEPTH_BPS = 500
# Blocks after the day at its last price, so that a liquidation on its way arrives
CLOSING_BLOCKS = 4
# What is left of a day with --quick: so long, with the steepest hour in its second half
QUICK_SECONDS = 3 * 3_600
QUICK_BEFORE = 3_600
# How early the chain begins, so that everything is set up and has a past when the day begins
SET_UP_SECONDS = HISTORY_SECONDS + 3_600
DESKS = (("band", "one", 6_500), ("band + feed", "one + feed", 6_500), ("band + feed, LTV 75", "one + feed", 7_500))


@dataclass(frozen=True)
class Source:
    """A crash, and the files that tell it: in the folder of `--data`, and the short table that stands in."""

    name: str
    title: str
    data: tuple[str, ...]
    table: str
    flow: bool = False


SOURCES = (
    Source("2020-03-12", "12 March 2020", ("eth-usd-10min-2020-03-12.csv",), "eth-2020-03-12.csv"),
    Source("2021-05-19", "19 May 2021", ("eth-usd-10min-2021-05-19.csv",), "eth-2021-05-19.csv"),
    Source(
        "2023-08-17", "17 August 2023", ("uniswap-v3-usdc-weth-polygon-minute-2023-08-17.csv",), "eth-2023-08-17.csv", flow=True
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Story:
    """A crash as it will be replayed: the price before, and each block's."""

    source: Source
    file: str
    start_ts: int
    start_wad: int
    points: list[tuple[int, int]]
    minutes: list[Minute] = field(default_factory=list)


@dataclass(frozen=True)
class Crash:
    name: str
    title: str
    file: str
    start_usd: float
    lowest_usd: float
    blocks: int
    pools: dict[str, dict[str, Any]]
    series: Series
    liquidations: dict[str, list[tuple[int, float]]]
    # of the range pool: ticks per minute between its end and the real one's, after the recorded amounts
    deviations: list[int]

    def deviation_figures(self) -> dict[str, float] | None:
        """In ticks (hundredths of a per cent)."""
        if not self.deviations:
            return None
        sizes = sorted(abs(d) for d in self.deviations)
        return {
            "minutes": len(sizes),
            "median": float(median(sizes)),
            "percentile_95": float(sizes[len(sizes) * 95 // 100]),
            "largest": float(sizes[-1]),
            "sum": float(sum(self.deviations)),
        }


# ---------------------------------------------------------------- reading


def find(source: Source, data: Path | None, tables: Path) -> list[Path]:
    """The files of `--data`, if they are all there; the short table otherwise."""
    if data is not None and all((data / name).is_file() for name in source.data):
        return [data / name for name in source.data]
    return [tables / source.table]


def read(source: Source, files: Sequence[Path], quick: bool) -> Story:
    if source.flow:
        minutes = every_minute([m for f in files for m in read_flow(f)])
        if quick:
            minutes = _cut(minutes, [(m.ts, m.price_wad) for m in minutes])
        points = [(m.ts, m.price_wad) for m in minutes]
        return Story(source, files[0].name, points[0][0], points[0][1], points[1:], minutes)
    path = scenario.read_scenario(files[0])
    steps = [scenario.Point(path.start_ts, path.first_wad), *path.steps(STEP_SECONDS)]
    if quick:
        steps = _cut(steps, [(p.ts, p.price_wad) for p in steps])
    points = [(p.ts, p.price_wad) for p in steps]
    return Story(source, files[0].name, points[0][0], points[0][1], points[1:])


def _cut(rows: Sequence[Any], points: Sequence[tuple[int, int]]) -> list[Any]:
    """The hours around the steepest one."""
    begin = steepest(points, 3_600) - QUICK_BEFORE
    return [r for r in rows if begin <= r.ts <= begin + QUICK_SECONDS]


# ---------------------------------------------------------------- replaying


def _quote_depth(liquidity: int, minute: Minute) -> int:
    """Dollars (WAD) on one side of an x*y=k pair of this liquidity."""
    return int(liquidity * 2**96 // sqrt_price_in(minute.tick) * UNIT // WAD)


def run(world: World, story: Story, accounts: int, seed: int, tell: Callable[[int, int], None] = lambda done, total: None) -> Crash:
    worth = draw(seed, "crash", accounts, Terms(WAD, UNIT, 6_500, 10**40))
    value = sum(p.collateral for p in worth)
    usd, asset, venue, depth = _venue(world, story, max(depth_for(value, PART_OF_DEPTH_BPS), 10 * MIN_DEPTH))
    feed = Feed(world, story.start_wad)
    oracles: dict[str, Contract] = {}
    for variant in ("one", "one + feed"):
        oracles[variant] = open_oracle(world, usd, asset, [venue.contract], feed if VARIANTS[variant][1] else None)
    market = Market(world, usd, asset, [], feed, oracles)
    let_pass(world, feed, HISTORY_SECONDS)
    low = oracles["one"].call("band", asset.address).low
    if not low:
        raise IncidentError("the oracle has no price before the day")

    # a recorded pool has the depth that it had: below the caps
    scale = min(PPM, depth * PART_OF_DEPTH_BPS * PPM // (value * BPS))
    desks: list[Desk] = open_desks(market, DESKS, lambda ltv: draw(seed, "crash", accounts, Terms(low, UNIT, ltv, depth, scale)))
    if world.now >= story.start_ts:
        raise IncidentError("setting up took longer than the hours before the day")
    models = {name: ModelPool(desks[0].people, 6_500, seconds) for name, seconds in MODELS.items()}
    day = Day(market, [venue], desks, models)
    day.step(story.start_ts, story.start_wad, [])
    deviations = _replay(day, venue, story, tell)
    lowest = min(p for _, p in story.points)
    rows = {p.desk.name: [(r.ts, r.repaid_wad / WAD) for r in p.watch.rows] for p in day.pools}
    rows |= {name: [(r.ts, r.repaid_wad / WAD) for r in model.watch.rows] for name, model in day.models.items()}
    return Crash(
        story.source.name,
        story.source.title,
        story.file,
        story.start_wad / WAD,
        lowest / WAD,
        len(story.points),
        day.figures(story.points[-1][1]),
        day.series,
        rows,
        deviations,
    )


def _venue(world: World, story: Story, depth: int) -> tuple[Contract, Contract, Any, int]:
    """(dollar, asset, the pool, its depth in WAD dollars)."""
    if not story.source.flow:
        usd, asset = tokens(world, story.start_wad, depth)
        return usd, asset, open_pair(world, usd, asset, story.start_wad, depth), depth
    usd, asset = tokens(world, story.start_wad, depth, asset_is_token1=True)
    first = story.minutes[0]
    venue = RangeVenue(world, usd, asset, first)
    # its depth is bounded by what it holds
    held = min(usd.call("balanceOf", venue.contract.address) * UNIT // WAD, _quote_depth(first.liquidity, first))
    return usd, asset, venue, held


def _replay(day: Day, venue: Any, story: Story, tell: Callable[[int, int], None]) -> list[int]:
    deviations = []
    topic = venue.contract.interface.topic("Swap")
    for i, (ts, price) in enumerate(story.points):
        if story.source.flow:
            minute = story.minutes[i + 1]
            number = hex(day.block + 1)
            where = {"address": venue.contract.address, "topics": [topic], "fromBlock": number, "toBlock": number}
            logs = day.step(ts, price, venue.moves(minute), ("eth_getLogs", [where]))
            if venue.tick not in (-minute.tick, -minute.tick - 1):
                raise IncidentError("the range pool is not where the recorded one was")
            off = venue.deviation(minute, logs)
            deviations += [] if off is None else [off]
        else:
            day.step(ts, price, venue.move(price))
        if i % 20 == 0:
            tell(i, len(story.points))
    ts, price = story.points[-1]
    for i in range(CLOSING_BLOCKS):
        day.step(ts + 12 * (i + 1), price, [])
    return deviations
