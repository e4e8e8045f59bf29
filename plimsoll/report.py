"""What the demo shows and leaves behind: progress while it runs, a table, three files."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from plimsoll.accounting import MEDIAN_DELAY, WORST_DELAY, Result, dollars, steps_csv

FILES = ("demo.json", "demo.csv", "demo.png")


class OutputError(Exception):
    """A one-line message for people."""


class Replayed(Protocol):
    """What a replay comes to."""

    def figures(self) -> dict[str, Any]: ...

    def missed_targets(self) -> list[str]: ...


class Bars:
    """A line per phase, with a bar where the end is known. Without a terminal: a line of text when a phase begins."""

    def __init__(self, console: Console):
        self.console = console
        self._task: TaskID | None = None
        self._total: int | None = None
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
        )

    def __enter__(self) -> Bars:
        if self.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()
        self._progress.stop()

    def finish(self) -> None:
        if self._task is not None:
            total = self._total or 1
            self._progress.update(self._task, total=total, completed=total)
        self._task = None

    def phase(self, title: str, total: int | None = None) -> None:
        if not self.console.is_terminal:
            self.console.print(f"{title} ...", highlight=False)
            return
        self.finish()
        self._total = total
        self._task = self._progress.add_task(title, total=total, note="")

    def advance(self, done: int, note: str = "") -> None:
        if self._task is not None:
            self._progress.update(self._task, completed=done, note=note)


def table(result: Result) -> Table:
    """The figures for people, with what they should be."""
    start = float(result.settings["start_price_usd"])
    lowest = min((s.market_price for s in result.steps), default=0)
    made = Table(title=f"{result.settings['prices']}: ETH ${start:,.2f} → {dollars(lowest)} at the lowest", title_justify="left")
    made.add_column("figure")
    made.add_column("value", justify="right")
    made.add_column("target")

    def row(name: str, value: str, target: str = "", met: bool = True) -> None:
        made.add_row(name, value if met else f"[bold red]{value}", f"[green]{target} ✓" if met and target else f"[red]{target}")

    accounts = len({r.borrower for r in result.liquidations})
    row("steps of market time", f"{len(result.steps):,}")
    row("trades (arbitrage / ordinary)", f"{result.arbitrage_trades:,} / {result.ordinary_trades:,}")
    row("borrowers / lenders", f"{result.settings['borrowers']} / {len(result.lenders)}")
    row("liquidations", f"{len(result.liquidations)} of {accounts} accounts")
    row("debt repaid", dollars(result.repaid))
    row("collateral seized", dollars(result.seized))
    row("bad debt", dollars(result.bad_debt), "0", result.bad_debt == 0)
    row("wrongful liquidations", str(result.wrongful), "0", result.wrongful == 0)
    row("delay, median", _blocks(result.delay_median), f"at most {MEDIAN_DELAY}", result.delay_median <= MEDIAN_DELAY)
    row("delay, longest", _blocks(result.delay_max), f"at most {WORST_DELAY}", result.delay_max <= WORST_DELAY)
    row("left liquidatable", str(result.left_liquidatable))
    row("lenders whole", "yes" if result.lenders_whole else "no", "yes", result.lenders_whole)
    earned = sum(r.received - r.deposit for r in result.lenders) * 10 ** (18 - int(result.settings["usd_decimals"]))
    row("lenders' interest", dollars(earned))
    row("protocol fees", dollars(result.liquidation_fees + result.interest_fees))
    row("keeper's profit", dollars(result.keeper_profit))
    row("wall time", f"{result.wall_seconds:.0f} s")
    return made


def _blocks(count: float) -> str:
    return f"{count:g} block" if count == 1 else f"{count:g} blocks"


def show(result: Replayed, tables: Iterable[Table], notes: Iterable[str], written: Iterable[Path], as_json: bool) -> None:
    """On standard output: the figures, or the tables and what was written."""
    if as_json:
        print(json.dumps(result.figures(), indent=2))
        return
    console = Console()
    for t in tables:
        console.print()
        console.print(t)
    for note in notes:
        console.print(note, highlight=False)
    console.print("written: " + ", ".join(str(p) for p in written), highlight=False)


def check_out(folder: Path) -> None:
    """Before anything runs: can the files be written at the end?"""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"--out {folder}: cannot be written to ({error.strerror})") from error


def write(result: Result, folder: Path, picture: bytes) -> list[Path]:
    """All three files, each whole or not at all, none before all are ready."""
    contents = (
        (json.dumps(result.figures(), indent=2) + "\n").encode(),
        steps_csv(result.steps).encode(),
        picture,
    )
    ready: list[tuple[str, Path]] = []
    try:
        for name, content in zip(FILES, contents, strict=True):
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
            ready.append((temporary, folder / name))
            with os.fdopen(handle, "wb") as f:
                f.write(content)
            os.chmod(temporary, 0o644)
        for temporary, path in ready:
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{folder}: the results cannot be written ({error.strerror})") from error
    finally:
        for temporary, _ in ready:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    return [path for _, path in ready]
