"""What the incident replays found, as figures, and which targets were missed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from plimsoll.incident.crashes import Crash
from plimsoll.incident.falls import Fall
from plimsoll.incident.grid import FOLLOWS, Row, Series

# The duration for which nobody may be liquidated by the band
TARGET_MINUTES = 5
ORACLES = ("spot", "5 min", "30 min", "band")


@dataclass(frozen=True)
class VenueSet:
    """A line of the grid's table: the pools that the oracles see, and whether the band has a feed besides."""

    title: str
    # when the second pool follows the push; None: there is none
    follow: str | None
    band: str

    @property
    def pools(self) -> str:
        return "one" if self.follow is None else "two"

    def column(self, oracle: str) -> str:
        """Its key in Row.liquidated."""
        return f"band, {self.band}" if oracle == "band" else f"{oracle}, {self.pools}"

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        return [r for r in rows if self.follow is None or r.follow == self.follow]


VENUE_SETS = (
    VenueSet("one pool", None, "one"),
    *(VenueSet(f"two, {f}", f, "two") for f in FOLLOWS),
    VenueSet("one + feed", None, "one + feed"),
    *(VenueSet(f"two + feed, {f}", f, "two + feed") for f in FOLLOWS),
)


@dataclass(frozen=True)
class Cell:
    """Over all phases: accounts liquidated in the worst one, and on average."""

    worst: int
    mean: float
    phases: int


@dataclass
class Result:
    settings: dict[str, Any]
    grid: list[Row] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    falls: list[Fall] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    wall_seconds: float = 0.0

    # ------------------------------------------------------------------ the grid

    def directions(self) -> list[str]:
        return list(dict.fromkeys(r.direction for r in self.grid))

    def durations(self) -> list[int]:
        return sorted({r.minutes for r in self.grid})

    def venue_sets(self) -> list[VenueSet]:
        follows = {r.follow for r in self.grid}
        return [v for v in VENUE_SETS if v.follow is None or v.follow in follows]

    def accounts(self, direction: str) -> int:
        return max((r.accounts for r in self.grid if r.direction == direction), default=0)

    def cell(self, direction: str, minutes: int, venues: VenueSet, oracle: str) -> Cell | None:
        rows = venues.rows([r for r in self.grid if (r.direction, r.minutes) == (direction, minutes)])
        counts = [r.liquidated[venues.column(oracle)] for r in rows]
        if not counts:
            return None
        return Cell(max(counts), sum(counts) / len(counts), len({r.phase for r in rows}))

    def tried(self) -> tuple[int, int, int, int]:
        """Liquidations really sent under the band, and refused; sent under the spot price, and done."""
        g = self.grid
        return sum(r.tried for r in g), sum(r.refused for r in g), sum(r.control_tried for r in g), sum(r.control_done for r in g)

    # ------------------------------------------------------------------ falls

    def shapes(self) -> list[str]:
        return list(dict.fromkeys(f.shape for f in self.falls))

    def fall_minutes(self) -> list[int]:
        return sorted({f.minutes for f in self.falls}, reverse=True)

    def bad_debt(self, shape: str, minutes: int, pool: str) -> float:
        """Per cent of the debt, wherever in a bucket the fall begins: the worst."""
        found = (f.pools[pool]["bad_debt_percent"] for f in self.falls if (f.shape, f.minutes) == (shape, minutes))
        return float(max(found))

    # ------------------------------------------------------------------ targets

    def missed_targets(self) -> list[str]:
        """In words; empty when all is well."""
        return [*self._missed_grid(), *self._missed_crashes()]

    def _missed_grid(self) -> list[str]:
        missed = []
        for direction in self.directions():
            for venues in self.venue_sets():
                where = f"{direction} of {TARGET_MINUTES} minutes, {venues.title}"
                band = self.cell(direction, TARGET_MINUTES, venues, "band")
                if band is not None and band.worst:
                    missed.append(f"{where}: the band liquidates {band.worst} accounts, not 0")
                spot = self.cell(direction, TARGET_MINUTES, venues, "spot")
                if spot is not None and not spot.worst:
                    missed.append(f"{where}: the spot price liquidates nobody, so that the replay shows nothing")
        tried, refused, control, done = self.tried()
        if refused != tried:
            missed.append(f"{tried - refused} of {tried} liquidations sent under the band were not refused")
        if self.grid and not (tried and control and done):
            missed.append("no liquidation was really sent, or none succeeded under the spot price")
        return missed

    def _missed_crashes(self) -> list[str]:
        missed = []
        for crash in self.crashes:
            for name, pool in crash.pools.items():
                if not pool["on_chain"]:
                    continue
                if pool["bad_debt_usd"]:
                    missed.append(f"{crash.title}, {name}: bad debt is ${pool['bad_debt_usd']:,.2f}, not 0")
                if pool["wrongful"]:
                    missed.append(f"{crash.title}, {name}: {pool['wrongful']} wrongful liquidations, not 0")
            if not any(p["liquidations"] for p in crash.pools.values() if p["on_chain"]):
                missed.append(f"{crash.title}: nobody was liquidated, so that the replay shows nothing")
        return missed

    # ------------------------------------------------------------------ JSON

    def figures(self) -> dict[str, Any]:
        """incident.json"""
        found: dict[str, Any] = {"settings": self.settings}
        if self.grid:
            found["grid"] = self._grid_figures()
        if self.falls:
            found["falls"] = [self._fall_figures(f) for f in self.falls]
        if self.crashes:
            found["crashes"] = [self._crash_figures(c) for c in self.crashes]
        return {**found, "missed_targets": self.missed_targets(), "wall_seconds": round(self.wall_seconds, 1)}

    def _grid_figures(self) -> dict[str, Any]:
        tried, refused, control, done = self.tried()
        table = []
        for direction in self.directions():
            for minutes in self.durations():
                for venues in self.venue_sets():
                    cells = {o: self.cell(direction, minutes, venues, o) for o in ORACLES}
                    told = {o: {"worst": c.worst, "mean": round(c.mean, 2)} for o, c in cells.items() if c is not None}
                    phases = max((c.phases for c in cells.values() if c is not None), default=0)
                    table.append({"direction": direction, "minutes": minutes, "venues": venues.title, "phases": phases, "liquidated": told})
        return {
            "accounts": {d: self.accounts(d) for d in self.directions()},
            "replays": len(self.grid),
            "blocks": sum(r.blocks for r in self.grid),
            "liquidations_sent_under_the_band": tried,
            "refused_as_healthy": refused,
            "liquidations_sent_under_spot": control,
            "done_under_spot": done,
            "table": table,
            "rows": [
                {
                    "direction": r.direction,
                    "follow": r.follow,
                    "minutes": r.minutes,
                    "phase": r.phase,
                    "oracle_in_use": r.in_use,
                    "liquidated": r.liquidated,
                    "extreme_price": {k: round(v / 10**18, 6) for k, v in r.extreme.items()},
                }
                for r in self.grid
            ],
        }

    def _fall_figures(self, fall: Fall) -> dict[str, Any]:
        return {"minutes": fall.minutes, "shape": fall.shape, "offset": fall.offset, "blocks": fall.blocks, "pools": fall.pools}

    def _crash_figures(self, crash: Crash) -> dict[str, Any]:
        return {
            "name": crash.name,
            "file": crash.file,
            "start_price_usd": round(crash.start_usd, 2),
            "lowest_price_usd": round(crash.lowest_usd, 2),
            "blocks": crash.blocks,
            "range_pool_deviation_ticks": crash.deviation_figures(),
            "pools": crash.pools,
        }
