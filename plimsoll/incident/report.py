"""What `ape run incident` shows and leaves behind."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from rich import box
from rich.table import Table

from plimsoll.incident.falls import WAYS
from plimsoll.incident.grid import PHASES
from plimsoll.incident.result import ORACLES, TARGET_MINUTES, Result, VenueSet
from plimsoll.report import OutputError

WORDS = {
    "dump": "Dumped by 30 % as collateral",
    "pump": "Pumped by 43 % as debt",
}
HEADS = {"spot": "spot", "5 min": "5-min", "30 min": "30-min", "band": "band"}


def tables(result: Result) -> list[Table]:
    made = [_grid(result, d) for d in result.directions()]
    made += [_falls(result, shape) for shape in result.shapes()]
    if result.crashes:
        made.append(_crashes(result))
    return made


def _new(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", box=box.SIMPLE, padding=0)
    for i, column in enumerate(columns):
        made.add_column(column, justify="left" if i == 0 else "right", no_wrap=True)
    return made


def _phases(result: Result) -> str:
    told = []
    for minutes in result.durations():
        found = sorted({r.phase for r in result.grid if r.minutes == minutes})
        told.append(f"{minutes} min: {'all' if len(found) == PHASES else ', '.join(map(str, found))}")
    return "; ".join(told)


# ---------------------------------------------------------------- parts


def _share(result: Result, direction: str, minutes: int, venues: VenueSet, oracle: str) -> str:
    """Per cent of the accounts, in the worst phase; a single account must not be rounded away."""
    cell = result.cell(direction, minutes, venues, oracle)
    if cell is None:
        return ""
    if cell.worst == 0:
        return "[green]0" if (oracle, minutes) == ("band", TARGET_MINUTES) else "0"
    text = f"{100 * cell.worst / result.accounts(direction):.1f}"
    return f"[bold red]{text}" if (oracle, minutes) == ("band", TARGET_MINUTES) else text


def _grid(result: Result, direction: str) -> Table:
    longer = [m for m in result.durations() if m != TARGET_MINUTES]
    heads = [f"{HEADS[o]}\n{TARGET_MINUTES} min" for o in ORACLES] + [f"band\n{m} min" for m in longer]
    title = f"{WORDS[direction]}: % of {result.accounts(direction)} accounts liquidated, worst phase"
    made = _new(title, "pools", *heads)
    for venues in result.venue_sets():
        cells = [_share(result, direction, TARGET_MINUTES, venues, o) for o in ORACLES]
        cells += [_share(result, direction, m, venues, "band") for m in longer]
        made.add_row(venues.title, *cells)
    return made


def _falls(result: Result, shape: str) -> Table:
    made = _new(f"A fall by half, {WAYS[shape]}: bad debt, % of the debt", "lending pool", *(f"{m} min" for m in result.fall_minutes()))
    for name in result.falls[0].pools:
        values = [result.bad_debt(shape, m, name) for m in result.fall_minutes()]
        made.add_row(name, *(f"{v:.2f}" if v else "0" for v in values))
    return made


def _crashes(result: Result) -> Table:
    heads = ("accounts", "liqui-\ndations", "wrong-\nful", "bad debt", "delay, blocks\nmedian / max")
    made = _new("Real crashes, a block a minute (* counted in a model, not on chain)", "oracle", *heads)
    for crash in result.crashes:
        made.add_section()
        made.add_row(f"[bold]{crash.title}[/]\n${crash.start_usd:,.0f} → ${crash.lowest_usd:,.0f}")
        for name, pool in crash.pools.items():
            target = pool["on_chain"]
            made.add_row(
                f"  {name}{'' if target else ' *'}",
                str(pool["accounts_liquidated"]),
                str(pool["liquidations"]),
                _zero(pool["wrongful"], str(pool["wrongful"]), target),
                _zero(pool["bad_debt_usd"], f"${pool['bad_debt_usd']:,.2f}", target),
                f"{pool['delay_blocks_median']:g} / {pool['delay_blocks_max']}",
            )
    return made


def notes(result: Result) -> list[str]:
    """Sentences under the tables."""
    said = []
    tried, refused, control, done = result.tried()
    if result.grid:
        said.append(f"phases of a bucket (of {PHASES}): {_phases(result)}")
        said.append(
            f"liquidations sent during the pushes: {tried}, refused as healthy: {refused}; under the spot price: {control}, done: {done}"
        )
    for crash in result.crashes:
        told = crash.deviation_figures()
        source = f"{crash.title}: from {crash.file}"
        if told:
            source += (
                f"; ticks between our range pool after the recorded amounts and the real one, per minute: {told['median']:g} in the median, "
            )
            source += f"{told['percentile_95']:g} in 95 of 100, {told['largest']:g} at most"
        said.append(source)
    return [*said, f"{result.wall_seconds:.0f} s"]


def _zero(value: float, text: str, target: bool) -> str:
    if not target:
        return text
    return f"[bold red]{text}" if value else "[green]0"


# ---------------------------------------------------------------- files


def write(result: Result, folder: Path, pictures: dict[str, bytes]) -> list[Path]:
    """incident.json and the pictures, each whole or not at all."""
    contents = {"incident.json": (json.dumps(result.figures(), indent=2) + "\n").encode(), **pictures}
    paths = []
    try:
        for name, content in contents.items():
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            with os.fdopen(handle, "wb") as f:
                f.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, folder / name)
            paths.append(folder / name)
    except OSError as error:
        raise OutputError(f"{folder}: the results cannot be written ({error.strerror})") from error
    return paths
