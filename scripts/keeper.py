"""Liquidate whoever may be liquidated, when it pays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import guarded, keeper_options, network_option  # noqa: E402

EXAMPLE = """
\b
Examples:
  ape run keeper
  ape run keeper --once --dry-run
  PLIMSOLL_KEEPER_KEY=0x... python -m plimsoll.keeper --rpc https://... --min-profit 5 --json

\b
Exit codes: 0 done, 1 error, 2 usage, 3 nothing to do (--once).
"""


@click.command(epilog=EXAMPLE, short_help="follow the chain and liquidate who may be liquidated")
@network_option
@click.option("--rpc", metavar="URL", help="The same as --network URL.")
@click.option("--account", "alias", metavar="ALIAS", help="Account of Ape that signs, if not the key in the environment.")
@keeper_options
@guarded
def cli(network: str, rpc: str | None, alias: str | None, **given: Any) -> None:
    """Follow the chain, keep the set of borrowers, and liquidate whoever may be liquidated when it pays after gas.

    The private key is taken from PLIMSOLL_KEEPER_KEY, or from --account; on a development chain Anvil's second account
    serves. The account needs the tokens that borrowers owe; it approves them to the pool by itself. Stops on Ctrl-C or
    SIGTERM; after a kill the next one goes on where it was.
    """
    from plimsoll import cli as shared
    from plimsoll import keeper
    from plimsoll.rpc import DEV_KEYS, Rpc

    url = rpc or shared.endpoint(network)
    account = None
    if alias:
        with Rpc(url) as connection:
            account = shared.account(alias, connection.chain_id, DEV_KEYS[1], "the keeper")
    sys.exit(keeper.run(keeper.config_from(url, **given), account))


if __name__ == "__main__":
    cli()
