"""One real crash, start to end: deploy on a local chain, replay a day of prices, liquidate, settle, report."""

from __future__ import annotations

import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import FAILED, USAGE, fail  # noqa: E402

DAY = ROOT / "config/scenarios/eth-2020-03-12.csv"

EXAMPLE = """
\b
Examples:
  ape run demo
  ape run demo --prices my-prices.csv --out out/mine

\b
Exit codes: 0 all targets met, 1 a target missed or the run failed, 2 bad input.
"""


@click.command(epilog=EXAMPLE, short_help="replay a real crash on a local chain, with a keeper at work")
@click.option("--prices", type=click.Path(path_type=Path), default=DAY, help="File of prices: a short table or candles (see README).")
@click.option("--ltv", type=click.IntRange(10, 65), default=65, show_default=True, help="Loan-to-value of ETH, percent.")
@click.option("--borrowers", type=click.IntRange(1, 5_000), default=300, show_default=True, help="Number of borrowers.")
@click.option("--step-seconds", type=click.IntRange(1, 60), default=60, show_default=True, help="Chain time between trades, at most.")
@click.option("--block-ms", type=click.IntRange(10, 10_000), default=55, show_default=True, help="Wall time of a block, milliseconds.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the borrowers and lenders.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder for the results.")
@click.option("--json", "as_json", is_flag=True, help="Print demo.json to standard output, and nothing else.")
def cli(prices: Path, ltv: int, borrowers: int, step_seconds: int, block_ms: int, seed: int, out: Path, as_json: bool) -> None:
    """Replay a market day: Anvil, deployment, lenders and borrowers, arbitrage at least once a minute, a keeper of its own.

    Leaves demo.json, demo.csv and demo.png in the --out folder.
    """
    # loaded late, because `ape run --help` reads every script
    from rich.console import Console

    from plimsoll import plots, report, scenario, simulation

    notes = Console(stderr=True)
    try:
        day = scenario.read_scenario(prices)
        report.check_out(out)
    except (scenario.ScenarioError, report.OutputError) as error:
        fail("demo", str(error), USAGE)
    settings = simulation.Settings(ltv_bps=ltv * 100, borrowers=borrowers, step_seconds=step_seconds, pace_ms=block_ms, seed=seed)
    try:
        with report.Bars(notes) as bars:
            result = simulation.run(day, settings, bars)
            bars.phase("Drawing")
            picture = plots.draw(result)
        paths = report.write(result, out, picture)
    except simulation.FAILURES as error:
        fail("demo", str(error), FAILED)

    report.show(result, [report.table(result)], (), paths, as_json)
    missed = result.missed_targets()
    if missed:
        fail("demo", "targets missed: " + "; ".join(missed), FAILED)


if __name__ == "__main__":
    cli()
