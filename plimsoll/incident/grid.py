"""The incident: a thin pool is pushed by 30 % for some minutes and comes back. Who would have been liquidated, by which oracle?

One replay serves every oracle: PriceOracles of all kinds stand side by side over the same pools, and what simpler oracles would have said
is computed from the same pools' reserves. For the oracle that the lending pool uses, every account's health by `Lens` is compared with
this module's own arithmetic in every block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from plimsoll import abi
from plimsoll.abi import Contract
from plimsoll.incident.market import (
    NO_RATES,
    UNIT,
    VARIANTS,
    Desk,
    Market,
    borrow,
    health_of,
    lend,
    open_desk,
    open_market,
    positions,
)
from plimsoll.incident.people import Borrower, Terms, depth_for, draw
from plimsoll.incident.twap import TickPath, mean_price, spot_price
from plimsoll.incident.world import BLOCK_SECONDS, BUCKET, Act, IncidentError, Mark, World
from plimsoll.rpc import MAX_UINT256, Reverted, call_request, to_bytes, to_int

WAD = 10**18
BPS = 10_000

DIRECTIONS = ("dump", "pump")
FOLLOWS = {"at once": 0, "after 2 min": 120, "never": None}
# The asset's price is a dollar, as that of the pool of 30 July 2024 was meant to be
PRICE = WAD
# Pushed to 7/10 of the price, or to 10/7
PUSH = {"dump": (7, 10), "pump": (10, 7)}
LTV_BPS = 6_500
# All collateral is a tenth of the pool's depth: below the cap of 18 %
PART_OF_DEPTH_BPS = 1_000
# After the push: until the short windows, 8 minutes at most, have forgotten it
AFTER_SECONDS = 600
SHORT_SECONDS, LONG_SECONDS = 300, 1_800
PHASES = BUCKET // BLOCK_SECONDS
# In how many accounts the liquidations are really sent, and how often
RISKIEST = 5
TRIED_EVERY = 60


@dataclass(frozen=True)
class Replay:
    direction: str
    follow: str
    minutes: int
    # block of a bucket in which the push begins
    phase: int
    # which PriceOracle the pool uses meanwhile
    in_use: str


@dataclass(frozen=True)
class Row:
    """What one replay showed: per oracle, how many accounts reached 100 % at the end of some block, and its most extreme price (WAD)."""

    direction: str
    follow: str
    minutes: int
    phase: int
    in_use: str
    accounts: int
    blocks: int
    liquidated: dict[str, int]
    extreme: dict[str, int]
    # liquidations really sent under the oracle in use, and how many of them reverted because the account was healthy
    tried: int
    refused: int
    # by a pool that believes the spot price: sent, and done
    control_tried: int = 0
    control_done: int = 0


@dataclass
class Series:
    """One replay, block by block, for the picture."""

    replay: Replay
    seconds: list[int] = field(default_factory=list)
    prices: dict[str, list[int]] = field(default_factory=dict)
    liquidatable: dict[str, list[int]] = field(default_factory=dict)

    def note(self, second: int, prices: dict[str, int], counts: dict[str, int]) -> None:
        self.seconds.append(second)
        for name, price in prices.items():
            self.prices.setdefault(name, []).append(price)
            self.liquidatable.setdefault(name, []).append(counts[name])


@dataclass
class _Course:
    """How far a replay has come."""

    replay: Replay
    paths: list[TickPath]
    series: Series | None
    worst: dict[str, int] = field(default_factory=dict)
    health: list[tuple[int, int]] = field(default_factory=list)
    tried: int = 0
    refused: int = 0

    @property
    def untouched(self) -> bool:
        """Once a liquidation has gone through the accounts are no longer those that the replay began with."""
        return self.tried == self.refused


def plan(direction: str, phases: Sequence[int], minutes: dict[int, Sequence[int]], follows: Sequence[str]) -> list[Replay]:
    """All replays of a direction; the oracle in use takes turns. `minutes`: duration -> its phases; `phases` those of 5 minutes."""
    turns = list(VARIANTS)
    wanted = {5: phases, **minutes}
    replays = []
    for i, follow in enumerate(follows):
        for length, chosen in wanted.items():
            for j, phase in enumerate(chosen):
                replays.append(Replay(direction, follow, length, phase, turns[(i + j) % len(turns)]))
    return replays


# ---------------------------------------------------------------- arithmetic of the liquidation test


def capacity_and_debt(position: tuple[int, int], collateral_price: int, debt_price: int, ltv_bps: int) -> tuple[int, int]:
    """(capacity, debt) in WAD of (collateral, debt) raw: collateral rounded down, debt up."""
    collateral, debt = position
    return collateral * collateral_price // WAD * ltv_bps // BPS, -(-debt * debt_price // WAD)


def count_liquidatable(held: Sequence[tuple[int, int]], price: int, direction: str) -> int:
    """How many of (collateral, debt) are at 100 % or above at a price of the asset."""
    collateral, debt = (price, UNIT) if direction == "dump" else (UNIT, price)
    both = (capacity_and_debt(p, collateral, debt, LTV_BPS) for p in held)
    return sum(debt >= capacity for capacity, debt in both)


# ---------------------------------------------------------------- one direction


class Grid:
    """The market of one direction, with its accounts: dumped, the asset is their collateral; pumped, it is their debt."""

    def __init__(self, world: World, direction: str, accounts: int, seed: int):
        self.world, self.direction = world, direction
        dump = direction == "dump"
        worth = draw(seed, direction, accounts, Terms(PRICE, UNIT, LTV_BPS, 10**40))
        value = sum(p.collateral for p in worth)  # at a price of 1
        self.depth = max(depth_for(value, PART_OF_DEPTH_BPS), 1_000_000 * WAD)
        self.market: Market = open_market(world, PRICE, self.depth, list(VARIANTS))
        self.desk: Desk = open_desk(self.market, "grid", self.market.oracles["one"], LTV_BPS, NO_RATES)
        band = self.market.oracles["one"].call("band", self.market.asset.address)
        prices = (band.low, UNIT) if dump else (UNIT, band.high)
        people = draw(seed, direction, accounts, Terms(*prices, LTV_BPS, self.depth))
        owed = sum(p.debt for p in people)
        lend(self.market, self.desk, 2 * owed * UNIT // WAD if dump else WAD, WAD if dump else 2 * owed)
        self.collateral = self.market.asset if dump else self.market.usd
        self.debt = self.market.usd if dump else self.market.asset
        borrow(self.market, self.desk, people, self.collateral, self.debt)
        self.desk.watch(people)
        self.held = positions(self.market, self.desk, self.collateral, self.debt, abi.read)
        self.people: list[Borrower] = people
        self.control = world.deploy("ConstantOracle")
        world.do([world.own(self.control, "set", self.market.usd.address, UNIT)])
        # what is read at the end of every block
        asset = self.market.asset.address
        views: list[tuple[Contract, str, tuple[Any, ...]]] = [(v.contract, v.view, ()) for v in self.market.venues]
        views += [(o, "band", (asset,)) for o in self.market.oracles.values()]
        self.reads = [(c.address, "0x" + c.data(f, *a).hex(), c.interface.function(f, len(a)).decode) for c, f, a in views]
        self.feed_state = self.market.feed.state()
        self.begin = world.wait_for_boundary(60)
        self.mark: Mark = world.mark()

    # ------------------------------------------------------------------ one replay

    def back(self) -> None:
        self.mark = self.world.back(self.mark)
        for venue in self.market.venues:
            venue.reload()
        self.market.feed.restore(self.feed_state)

    def moves(self, replay: Replay, second: int) -> list[Act]:
        """The trades at so many seconds after the push began."""
        up, down = PUSH[self.direction]
        acts: list[Act] = []
        for venue, lag in zip(self.market.venues, (0, FOLLOWS[replay.follow]), strict=True):
            if lag is None:
                continue
            if second == lag:
                acts += venue.move(PRICE * up // down)
            elif second == lag + 60 * replay.minutes:
                acts += venue.move(PRICE)
        return acts

    def prices(self, ts: int, paths: Sequence[TickPath], bands: Sequence[Any]) -> dict[str, int]:
        """The asset's price in the liquidation test, by every oracle."""
        found = {}
        spots = [v.price_wad for v in self.market.venues]
        for name, count in (("one", 1), ("two", 2)):
            found[f"spot, {name}"] = spot_price(spots[:count])
            found[f"5 min, {name}"] = mean_price(paths[:count], ts, SHORT_SECONDS, UNIT)
            found[f"30 min, {name}"] = mean_price(paths[:count], ts, LONG_SECONDS, UNIT)
        for name, band in zip(self.market.oracles, bands, strict=True):
            found[f"band, {name}"] = band.liquidation_high if self.direction == "dump" else band.liquidation_low
            if not found[f"band, {name}"] or not band.low:
                raise IncidentError(f"the oracle '{name}' has no price")
        return found

    def run(self, replay: Replay, really: bool, series: bool = False) -> tuple[Row, Series | None]:
        """`really`: send liquidations of the riskiest accounts as well."""
        world = self.world
        world.do([world.own(self.desk.pool, "set_oracle", self.market.oracles[replay.in_use].address, 0)])
        paths = [TickPath(self.begin - 2 * LONG_SECONDS, v.tick) for v in self.market.venues]
        course = _Course(replay, paths, Series(replay) if series else None)
        # the first block is the last quiet one
        blocks = range(-BLOCK_SECONDS, 60 * replay.minutes + (FOLLOWS[replay.follow] or 0) + AFTER_SECONDS + 1, BLOCK_SECONDS)
        for second in blocks:
            self.block(course, second, really and second > 0 and second % TRIED_EVERY == 0)
        row = Row(
            self.direction,
            replay.follow,
            replay.minutes,
            replay.phase,
            replay.in_use,
            accounts=len(self.held),
            blocks=len(blocks),
            liquidated={name: count_liquidatable(self.held, price, self.direction) for name, price in course.worst.items()},
            extreme=course.worst,
            tried=course.tried,
            refused=course.refused,
        )
        return row, course.series

    def block(self, course: _Course, second: int, really: bool) -> None:
        """Trades, a block, and what every oracle says at its end."""
        m, world, replay = self.market, self.world, course.replay
        ts = self.begin + BLOCK_SECONDS * replay.phase + second
        world.send([*self.moves(replay, second), *m.feed.publish(PRICE, ts)])
        sent = self.liquidations(course.health) if really and course.untouched else []
        hashes = world.send(sent)
        world.mine(ts)
        answers, course.health = self.read()
        for venue, answer, path in zip(m.venues, answers, course.paths, strict=False):
            venue.check(answer)
            path.note(ts, venue.tick)
        bands = answers[len(m.venues) :]
        course.tried += len(hashes)
        course.refused += self.refused(hashes, sent)
        if course.untouched:
            self.compare(course.health, bands[list(m.oracles).index(replay.in_use)])
        found = self.prices(ts, course.paths, bands)
        pick = min if self.direction == "dump" else max
        course.worst = {k: pick(v, course.worst.get(k, v)) for k, v in found.items()}
        if course.series is not None:
            course.series.note(second, found, {k: count_liquidatable(self.held, v, self.direction) for k, v in found.items()})

    def read(self) -> tuple[list[Any], list[tuple[int, int]]]:
        requests = [call_request(to, data) for to, data, _ in self.reads]
        requests.append(call_request(self.desk.lens.address, self.desk.health_call))
        answers = [to_bytes(a) for a in self.world.rpc.batch(requests)]
        decoded = [decode(a) for (_, _, decode), a in zip(self.reads, answers, strict=False)]
        return decoded, health_of(answers[-1], len(self.held))

    def compare(self, health: Sequence[tuple[int, int]], band: Any) -> None:
        """Lens.health, under the oracle in use, against the arithmetic here: every account, to the wei."""
        dump = self.direction == "dump"
        at = (band.liquidation_high, UNIT) if dump else (UNIT, band.liquidation_low)
        mine = [capacity_and_debt(p, *at, LTV_BPS) for p in self.held]
        if mine != list(health):
            raise IncidentError("Lens.health and the replay's own arithmetic differ")

    # ------------------------------------------------------------------ really sent

    def liquidations(self, health: Sequence[tuple[int, int]]) -> list[Act]:
        """engine.liquidate on the accounts of the highest usage."""
        order = sorted(range(len(health)), key=lambda i: health[i][1] * WAD // health[i][0], reverse=True)
        return [self.liquidation(self.people[i].address) for i in order[:RISKIEST]]

    def liquidation(self, account: str) -> Act:
        arguments = (account, self.debt.address, self.collateral.address, MAX_UINT256, 0, MAX_UINT256)
        return Act(self.world.trader, self.desk.engine, "liquidate", arguments)

    def refused(self, hashes: Sequence[str], sent: Sequence[Act]) -> int:
        """How many of them failed on chain, each because the engine found the account healthy."""
        if not hashes:
            return 0
        receipts = self.world.rpc.batch([("eth_getTransactionReceipt", [h]) for h in hashes])
        calls = [call_request(a.contract.address, a.contract.data(a.function, *a.arguments), a.sender) for a in sent]
        answers = self.world.rpc.batch(calls, errors=True)
        return sum(
            to_int(r["status"]) == 0 and isinstance(e, Reverted) and e.reason == "engine: healthy"
            for r, e in zip(receipts, answers, strict=True)
        )

    def run_control(self) -> tuple[int, int]:
        """The same pool and accounts under an oracle that tells the spot price: (liquidations sent, done) on the riskiest accounts."""
        m, world = self.market, self.world
        up, down = PUSH[self.direction]
        world.do([world.own(self.desk.pool, "set_oracle", self.control.address, 0)])
        world.send(m.venues[0].move(PRICE * up // down))
        world.do([world.own(self.control, "set", m.asset.address, m.venues[0].price_wad)], self.begin)
        health = self.read()[1]
        sent = self.liquidations(health)
        hashes = world.send(sent)
        world.mine(self.begin + BLOCK_SECONDS)
        receipts = world.rpc.batch([("eth_getTransactionReceipt", [h]) for h in hashes])
        return len(sent), sum(to_int(r["status"]) == 1 for r in receipts)


def run(grid: Grid, replays: Sequence[Replay], tell: Callable[[int], None] = lambda done: None) -> Iterator[tuple[Row, Series | None]]:
    """The rows in order. Liquidations are sent in the first 5-minute replay of each oracle and follow; the control comes first."""
    sent, done = grid.run_control()
    if not done:
        raise IncidentError("no liquidation succeeded under the spot price: the replay would not notice one")
    seen: set[tuple[str, str]] = set()
    for i, replay in enumerate(replays):
        grid.back()
        key = (replay.follow, replay.in_use)
        row, series = grid.run(replay, really=replay.minutes == 5 and key not in seen, series=_pictured(replay))
        seen.add(key)
        if i == 0:
            row = replace(row, control_tried=sent, control_done=done)
        yield row, series
        tell(i + 1)


def _pictured(replay: Replay) -> bool:
    return (replay.follow, replay.minutes, replay.phase) == ("at once", 5, 0)
