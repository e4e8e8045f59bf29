"""The parts of the incident replays as programs of their own, so that two run at a time, each with a chain of its own.

A job prints a line of JSON whenever it gets on ({"done": 3, "total": 40}), or why it failed ({"error": "..."}), and leaves its result
in a file. Started by plimsoll.incident.replay.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plimsoll import abi
from plimsoll.chain import Chain
from plimsoll.errors import Problem
from plimsoll.incident import crashes, falls, grid
from plimsoll.incident.world import BLOCK_GAS, OPTIONS, SOURCES, World
from plimsoll.scenario import ScenarioError

# A Tuesday
START_TS = 1_700_000_000


@dataclass(frozen=True)
class Job:
    part: str
    # grid: the direction; falls: the shape; crashes: the crash
    what: str
    accounts: int
    seed: int
    # grid: how the second pool follows, phases of 5 minutes, other durations and their phases
    follows: tuple[str, ...] = ()
    phases: tuple[int, ...] = ()
    durations: tuple[tuple[int, tuple[int, ...]], ...] = ()
    # falls
    minutes: int = 0
    step: int = 12
    offset: int = 0
    # crashes
    files: tuple[str, ...] = ()
    quick: bool = False

    @property
    def title(self) -> str:
        return f"{self.what} in {self.minutes} min" if self.part == "falls" else self.what

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Job:
        data = json.loads(text)
        for name in ("follows", "phases", "files"):
            data[name] = tuple(data[name])
        data["durations"] = tuple((m, tuple(p)) for m, p in data["durations"])
        return cls(**data)


def run(job: Job, tell: Callable[[int, int], None]) -> Any:
    artifacts = abi.artifacts(sources=SOURCES)
    if job.part == "crashes":
        source = next(s for s in crashes.SOURCES if s.name == job.what)
        story = crashes.read(source, [Path(f) for f in job.files], job.quick)
        with _chain(story.start_ts - crashes.SET_UP_SECONDS) as chain:
            return crashes.run(World(chain, artifacts, job.seed), story, job.accounts, job.seed, tell)
    with _chain(START_TS) as chain:
        world = World(chain, artifacts, job.seed)
        if job.part == "falls":
            return falls.run(world, job.minutes, job.what, job.accounts, job.seed, job.step, job.offset, tell)
        replays = grid.plan(job.what, job.phases, dict(job.durations), job.follows)
        loaded = grid.Grid(world, job.what, job.accounts, job.seed)
        return list(grid.run(loaded, replays, lambda done: tell(done, len(replays))))


def _chain(timestamp: int) -> Chain:
    return Chain(0, timestamp=timestamp, gas_limit=BLOCK_GAS, options=OPTIONS)


def main(argv: list[str]) -> int:
    text, path = argv

    def say(data: dict[str, Any]) -> None:
        print(json.dumps(data), flush=True)

    try:
        result = run(Job.load(text), lambda done, total: say({"done": done, "total": total}))
    except (Problem, ScenarioError) as e:
        say({"error": str(e)})
        return 1
    Path(path).write_bytes(pickle.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
