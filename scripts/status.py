"""The Status Monitor in the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import endpoint, guarded, json_option, network_option  # noqa: E402

EXAMPLE = """
\b
Examples:
  ape run status
  ape run status 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
  ape run status --limit 5 --json

\b
Stages, by usage = debt / capacity at the liquidation prices:
  RELAXED up to 30 %, SAFE up to 60 %, CAUTION up to 80 %, DANGER below 100 %, LIQUIDATION

\b
Exit codes: 0 done, 1 error, 2 usage, 3 nobody has debt (or the account has nothing).
"""


@click.command(epilog=EXAMPLE, short_help="where accounts stand, and what would make them safe")
@click.argument("account", required=False)
@network_option
@click.option("--limit", type=click.IntRange(1, 1_000), default=20, show_default=True, help="Length of the table.")
@json_option
@guarded
def cli(account: str | None, network: str, limit: int, as_json: bool) -> None:
    """Show the stage and usage of ACCOUNT, the price move that would liquidate it, and what to repay or add to be SAFE.

    Without ACCOUNT: a table of the riskiest accounts.
    """
    from plimsoll import monitor

    sys.exit(monitor.run(endpoint(network), account, limit, as_json))


if __name__ == "__main__":
    cli()
