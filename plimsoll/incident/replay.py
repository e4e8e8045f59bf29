"""The incident of 30 July 2024, falls by half, and three real crashes, on chains of our own with the real contracts.

See grid, falls and crashes for what each part does. Two jobs run at a time, one for each core that a small
machine has.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from plimsoll import abi
from plimsoll.chain import ROOT, ChainError, end, end_with_parent
from plimsoll.errors import Problem
from plimsoll.incident import crashes
from plimsoll.incident.falls import FALLS, SHAPES
from plimsoll.incident.grid import DIRECTIONS, FOLLOWS, PHASES
from plimsoll.incident.jobs import Job
from plimsoll.incident.result import Result
from plimsoll.incident.world import SOURCES, IncidentError

PARTS = ("grid", "falls", "crashes")
TABLES = ROOT / "config/scenarios"
WORKERS = 2


class Reporter(Protocol):
    """What is told while it runs."""

    def phase(self, title: str, total: int | None = None) -> None: ...

    def advance(self, done: int, note: str = "") -> None: ...


# What may go wrong while it runs, each with a one-line message
FAILURES = (Problem, ChainError)


@dataclass(frozen=True)
class Settings:
    parts: tuple[str, ...] = PARTS
    seed: int = 1
    quick: bool = False
    # None: the tables of config/scenarios
    data: Path | None = None
    accounts: int = 500
    # phases of a bucket at which a push of five minutes begins
    phases: tuple[int, ...] = tuple(range(PHASES))
    # longer pushes, and theirs
    durations: tuple[tuple[int, tuple[int, ...]], ...] = (
        (8, (0, 5, 10)),
        (12, tuple(range(PHASES))),
        (20, (0, 5, 10, 13)),
        (60, (0, 7)),
    )
    follows: tuple[str, ...] = tuple(FOLLOWS)
    falls: tuple[int, ...] = FALLS
    shapes: tuple[str, ...] = SHAPES
    # falls of which it matters where in a bucket they begin, in seconds
    offsets: tuple[int, ...] = (0, 60, 120)
    fastest: int = 10
    fall_accounts: int = 80
    fall_step: int = 12
    crash_accounts: int = 100

    def told(self) -> dict[str, Any]:
        """For incident.json."""
        told = asdict(self)
        told["data"] = None if self.data is None else self.data.name
        return told


# With --quick: fewer accounts, phases and durations; of each crash the three hours around its steepest one
QUICK: dict[str, Any] = {
    "quick": True,
    "accounts": 60,
    "phases": (0, 4, 8, 12),
    "durations": ((12, (0,)), (20, (0,))),
    "falls": (60, 30, 10),
    "shapes": ("straight",),
    "offsets": (0,),
    "fall_accounts": 30,
    "fall_step": 30,
    "crash_accounts": 40,
}


def jobs(settings: Settings) -> list[Job]:
    """The longest first."""
    s = settings
    made: list[Job] = []
    if "grid" in s.parts:
        made += [Job("grid", d, s.accounts, s.seed, s.follows, s.phases, s.durations) for d in DIRECTIONS]
    if "crashes" in s.parts:
        for source in crashes.SOURCES:
            files = tuple(str(f) for f in crashes.find(source, s.data, TABLES))
            made.append(Job("crashes", source.name, s.crash_accounts, s.seed, files=files, quick=s.quick))
    if "falls" in s.parts:
        for m in s.falls:
            begins = s.offsets if m <= s.fastest else (0,)
            made += [Job("falls", shape, s.fall_accounts, s.seed, minutes=m, step=s.fall_step, offset=b) for shape in s.shapes for b in begins]
    return made


def check_input(settings: Settings) -> None:
    """Raises ScenarioError before anything runs."""
    if "crashes" in settings.parts:
        for source in crashes.SOURCES:
            crashes.read(source, crashes.find(source, settings.data, TABLES), settings.quick)


def run(settings: Settings, tell: Reporter) -> Result:
    started = time.monotonic()
    tell.phase("Compiling the contracts")
    abi.artifacts(sources=SOURCES)
    planned = jobs(settings)
    result = Result(settings.told())
    crew = _Crew()
    with tempfile.TemporaryDirectory(prefix="plimsoll-incident-") as folder, ThreadPoolExecutor(WORKERS) as pool:
        tell.phase("Replaying the incident, falls and crashes", 100 * len(planned))
        futures = {pool.submit(crew.run, i, job, Path(folder) / str(i)): job for i, job in enumerate(planned)}
        try:
            found = _collect(futures, crew, len(planned), tell)
        finally:
            crew.stop()
    for job in planned:
        _add(result, job, found[job])
    result.wall_seconds = time.monotonic() - started
    return result


def _collect(futures: dict[Future[Any], Job], crew: _Crew, count: int, tell: Reporter) -> dict[Job, Any]:
    waiting = set(futures)
    found: dict[Job, Any] = {}
    while waiting:
        done, waiting = wait(waiting, timeout=0.3, return_when=FIRST_COMPLETED)
        for future in done:
            found[futures[future]] = future.result()
        tell.advance(int(100 * crew.progress()), f"{len(found)} of {count} jobs")
    return found


def _add(result: Result, job: Job, found: Any) -> None:
    if job.part == "grid":
        result.grid += [row for row, _ in found]
        result.series += [series for _, series in found if series is not None]
    elif job.part == "falls":
        result.falls.append(found)
    else:
        result.crashes.append(found)


class _Crew:
    """The processes that run jobs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False
        self._parts: dict[int, float] = {}

    def progress(self) -> float:
        """Jobs done, the parts of those that run included."""
        with self._lock:
            return sum(self._parts.values())

    def run(self, number: int, job: Job, path: Path) -> Any:
        with self._lock:
            if self._stopped:
                raise IncidentError("stopped")
            process = subprocess.Popen(
                [sys.executable, "-m", "plimsoll.incident.jobs", job.dump(), str(path)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
            self._running.add(process)
        error = self._follow(number, process)
        said = process.stderr.read().strip().splitlines() if process.stderr else []
        code = process.wait()
        with self._lock:
            self._running.discard(process)
            self._parts[number] = 1.0
        if code != 0 or error:
            raise IncidentError(f"{job.part}, {job.title}: {error or (said[-1] if said else f'ended with code {code}')}")
        return pickle.loads(path.read_bytes())

    def _follow(self, number: int, process: subprocess.Popen[str]) -> str:
        """Reads what the job says; returns its error."""
        error = ""
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            error = said.get("error", error)
            if "done" in said:
                with self._lock:
                    self._parts[number] = said["done"] / max(1, said["total"])
        return error

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            end(process)
