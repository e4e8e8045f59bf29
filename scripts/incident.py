"""The incident of 30 July 2024, falls by half and real crashes, replayed with the real contracts."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import FAILED, USAGE, fail  # noqa: E402

# Where real market data lies, if anywhere
DATA = ROOT.parent / "shared/data"
PARTS = ("grid", "falls", "crashes")

EXAMPLE = """
\b
Examples:
  ape run incident --quick
  ape run incident --part grid --seed 7
  ape run incident --part crashes --data ../my-data

\b
Exit codes: 0 all targets met, 1 a target missed or the run failed, 2 bad input.
"""


@click.command(epilog=EXAMPLE, short_help="a thin pool's dump, falls by half, real crashes: who is liquidated, what is lost")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this part; may be given again. All by default.")
@click.option("--quick", is_flag=True, help="Fewer accounts, phases and hours: a minute.")
@click.option("--accounts", type=click.IntRange(10, 2_000), help="Accounts of the incident grid; 500 by default, 60 with --quick.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of real market data; the tables of config/scenarios stand in.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the accounts.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("out"), show_default=True, help="Folder for the results.")
@click.option("--json", "as_json", is_flag=True, help="Print incident.json to standard output, and nothing else.")
def cli(parts: tuple[str, ...], quick: bool, accounts: int | None, data: Path | None, seed: int, out: Path, as_json: bool) -> None:
    """Count who would have been liquidated, and what debt is left, under the band and under simpler oracles.

    Leaves incident.json and a picture for each part in the --out folder.
    """
    # loaded late, because `ape run --help` reads every script
    from rich.console import Console

    from plimsoll import report, scenario
    from plimsoll.incident import plots, replay
    from plimsoll.incident import report as incident_report

    notes = Console(stderr=True)
    if data is not None and not data.is_dir():
        fail("incident", f"--data {data}: no such folder", USAGE)
    if data is None and DATA.is_dir():
        data = DATA
    settings = replay.Settings(parts=parts or PARTS, seed=seed, data=data)
    if quick:
        settings = replace(settings, **replay.QUICK)
    if accounts is not None:
        settings = replace(settings, accounts=accounts)
    try:
        replay.check_input(settings)
        report.check_out(out)
    except (scenario.ScenarioError, report.OutputError) as error:
        fail("incident", str(error), USAGE)
    try:
        with report.Bars(notes) as bars:
            result = replay.run(settings, bars)
            bars.phase("Drawing")
            pictures = plots.draw(result)
        paths = incident_report.write(result, out, pictures)
    except (*replay.FAILURES, report.OutputError) as error:
        fail("incident", str(error), FAILED)

    report.show(result, incident_report.tables(result), incident_report.notes(result), paths, as_json)
    missed = result.missed_targets()
    if missed:
        fail("incident", "targets missed: " + "; ".join(missed), FAILED)


if __name__ == "__main__":
    cli()
