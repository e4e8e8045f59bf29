"""The differential campaigns, all of them, on all processors: python -m tests.differential

Our pair beside Uniswap V2's, our range pool beside Uniswap V3's, and the tick mathematics against exact integers. A mismatch is printed
with the name of its life, which `--replay` runs alone; the exit code is then 1. The figures go to out/differential.json.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ROOT
from tests.differential import pair, ticks
from tests.differential import range as range_pool
from tests.revm import vyper_code

KINDS = ("ticks", "pair", "range")
STEPS = {"pair": 1_000, "range": 2_000}
# Blocks of ticks in one job
BLOCKS = 10
# Roots anywhere in one job
ANYWHERE = 2_000
CONTRACTS = {"ticks": ticks.CONTRACTS, "pair": pair.CONTRACTS, "range": range_pool.CONTRACTS}


@dataclass(frozen=True)
class Job:
    kind: str
    # Of the life; for ticks of the first block
    number: int
    seed: int
    steps: int = 0

    @property
    def name(self) -> str:
        return f"{self.seed} {self.kind} {self.number}"


@dataclass
class Result:
    kind: str
    cases: int
    mismatches: list[str]
    outcomes: Counter[str] = field(default_factory=Counter)


def work(job: Job) -> Result:
    if job.kind == "ticks":
        found = [ticks.check_around(first, count) for first, count in ticks.blocks()[job.number :][:BLOCKS]]
        draw = random.Random(job.name)
        roots = [ticks.draw_root(draw) for _ in range(ANYWHERE)] + (ticks.special_roots() if job.number == 0 else [])
        wrong = [line for _, lines in found for line in lines] + ticks.check_anywhere(roots)
        return Result(job.kind, sum(cases for cases, _ in found) + len(roots), wrong)
    life: pair.Life | range_pool.Life
    if job.kind == "pair":
        life, mismatches = pair.run(job.name, job.number, job.steps)
    else:
        life, mismatches = range_pool.run(job.name, job.steps, remembers=range_pool.remembers(job.number))
    return Result(job.kind, life.steps, mismatches, life.outcomes)


def jobs(kind: str, seed: int, total: int) -> Iterator[Job]:
    if kind == "ticks":
        yield from (Job(kind, number, seed) for number in range(0, len(ticks.blocks()), BLOCKS))
    else:
        yield from (Job(kind, number, seed, STEPS[kind]) for number in range(-(-total // STEPS[kind])))


class Progress:
    """One line that is rewritten, or, where it goes to a file, one line each ten seconds."""

    def __init__(self, kind: str, total: int) -> None:
        self.kind, self.total = kind, total
        self.began = self.told = time.monotonic()

    def tell(self, cases: int, mismatches: int, last: bool = False) -> None:
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if not last and now - self.told < (0.2 if terminal else 10):
            return
        self.told = now
        rate = cases / max(now - self.began, 0.001)
        line = f"{self.kind:5}  {cases:>9,} of {self.total:,}  {mismatches} mismatches  {rate:,.0f}/s"
        print(("\r" if terminal else "") + line, file=sys.stderr, end="" if terminal and not last else "\n", flush=True)


def campaign(kind: str, seed: int, total: int, processes: int) -> Result:
    result = Result(kind, 0, [])
    # Compiled once, for all processes
    for path in CONTRACTS[kind]:
        vyper_code(path)
    expected = ticks.number_of_cases() + ANYWHERE * -(-len(ticks.blocks()) // BLOCKS) + len(ticks.special_roots()) if kind == "ticks" else total
    progress = Progress(kind, expected)
    with multiprocessing.Pool(processes) as pool:
        for done in pool.imap_unordered(work, jobs(kind, seed, total)):
            result.cases += done.cases
            result.mismatches += done.mismatches
            result.outcomes += done.outcomes
            for mismatch in done.mismatches[:3]:
                print(f"\nMISMATCH {mismatch}", flush=True)
            progress.tell(result.cases, len(result.mismatches))
    progress.tell(result.cases, len(result.mismatches), last=True)
    return result


def replay(name: str) -> int:
    seed, kind, number = name.split()
    result = work(Job(kind, int(number), int(seed), STEPS.get(kind, 0)))
    print("\n".join(result.mismatches) or f"{name}: {result.cases} steps, no mismatch")
    return 1 if result.mismatches else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.differential",
        description=__doc__.split("\n\n")[1] if __doc__ else None,
        epilog="example: python -m tests.differential --seed 7 --only range --range-steps 50000",
    )
    parser.add_argument("--seed", type=int, default=None, help="of all lives (default: drawn, and printed)")
    parser.add_argument("--only", choices=KINDS, help="one campaign, without writing the figures")
    parser.add_argument("--pair-steps", type=int, default=100_000, metavar="N")
    parser.add_argument("--range-steps", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count(), metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "differential.json", metavar="FILE")
    parser.add_argument("--replay", metavar="LIFE", help="one life alone, by the name a mismatch gave it: '7 range 12'")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.replay:
        return replay(options.replay)
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    totals = {"ticks": 0, "pair": options.pair_steps, "range": options.range_steps}
    results = {kind: campaign(kind, seed, totals[kind], options.processes) for kind in KINDS if options.only in (None, kind)}
    mismatches = sum(len(result.mismatches) for result in results.values())
    if options.only is None:
        figures: dict[str, object] = {}
        for kind, result in results.items():
            name = {"ticks": ("tick_cases", "tick_mismatches")}.get(kind, (f"{kind}_steps", f"{kind}_mismatches"))
            figures |= {name[0]: result.cases, name[1]: len(result.mismatches)}
        figures |= {"seed": seed, "seconds": round(time.monotonic() - began), "processes": options.processes}
        figures |= {f"{kind}_outcomes": dict(sorted(results[kind].outcomes.items())) for kind in ("pair", "range")}
        options.out.parent.mkdir(exist_ok=True)
        options.out.write_text(json.dumps(figures, indent=2) + "\n")
        print(f"figures in {options.out}")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
