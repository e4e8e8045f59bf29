"""Pools and positions in the terminal."""

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
  ape run pool
  ape run pool ETH/USD/0.3 --plot out/pool.png
  ape run pool ETH/USD/pair
  ape run pool --account 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
  ape run pool 0xa5f10455Ae4b5Fd54Dc936422F4B9e33dA24B811 --json

\b
POOL is an address, or two tokens (symbol, role in the preset, or address) and, if there are several pools of them,
the fee in percent or `pair`. In the tables:
  range        the prices at which the position trades and earns
  fees earned  collected, compounded or still unclaimed, at the present price
  holding      impermanent loss: what the position has less (or more) than its deposits would be worth if they had been
               held, at the present price, fees left out

\b
Exit codes: 0 done, 1 error, 2 usage, 3 nothing to show.
"""


@click.command(epilog=EXAMPLE, short_help="pools, the ranges in them, and what they earn")
@click.argument("pool", nargs=-1)
@network_option
@click.option("--account", metavar="ADDRESS", help="Only what this account has deposited.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Positions per pool in the tables, largest first.")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="FILE.png", help="A picture of one pool: liquidity over price, and the ranges."
)
@json_option
@guarded
def cli(pool: tuple[str, ...], network: str, account: str | None, limit: int, plot: Path | None, as_json: bool) -> None:
    """Show the pools, what they hold, and the positions in them: range, whether it is in range, amounts, fees, impermanent loss.

    With POOL: that pool only.
    """
    from plimsoll import pool_command

    sys.exit(pool_command.run(endpoint(network), pool, account, limit, plot, as_json))


if __name__ == "__main__":
    cli()
