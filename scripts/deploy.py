"""Deploy a preset, or finish a deployment that was interrupted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import guarded, json_option, network_option  # noqa: E402


def _addresses(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    from plimsoll.addresses import is_address

    by_role = {}
    for value in values:
        role, separator, address = value.partition("=")
        if not separator or not role or not is_address(address):
            raise click.BadParameter(f"'{value}' is not ROLE=ADDRESS, like dollar=0x followed by 40 digits, with their checksum")
        if role in by_role:
            raise click.BadParameter(f"'{role}' is given twice")
        by_role[role] = address
    return by_role


EXAMPLE = """
\b
Examples:
  anvil &
  ape run deploy
  ape run deploy --preset wemix-feed
  ape run deploy --network ethereum:sepolia:node --account ops \\
      --token dollar=0x1c7D...7238 --token volatile=0xfFf9...6B14

\b
Exit codes: 0 deployed, or all was there already; 1 error; 2 usage.
"""


@click.command(epilog=EXAMPLE, short_help="deploy a preset, or finish an interrupted deployment")
@network_option
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE.yaml", help="Of the network; by default the file in config of the chain."
)
@click.option("--preset", help="Name of a file in config/presets, or a path to one; by default the network's, or wemix.")
@click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="ROLE=ADDRESS",
    callback=_addresses,
    help="Existing token for a role of the preset. Without: a test token, on development chains only.",
)
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar="ROLE=ADDRESS",
    callback=_addresses,
    help="Price feed of a role, if not the preset's for that chain. Without: on development chains a test feed.",
)
@click.option("--wrapped-native", metavar="ADDRESS", help="The token that wraps the chain's coin, if not the preset's for that chain.")
@click.option("--treasury", metavar="ADDRESS", help="Earns fees; the deployer if not given.")
@click.option("--owner", metavar="ADDRESS", help="Proposes to the timelock, which owns all; the deployer if not given.")
@click.option("--steward", metavar="ADDRESS", help="May lower caps and freeze; the owner if not given.")
@click.option("--guardian", metavar="ADDRESS", help="May pause for a while; the owner if not given.")
@click.option("--delay", "delay_seconds", type=click.IntRange(1, 30 * 86_400), metavar="SECONDS", help="Of the timelock.")
@click.option("--account", "alias", metavar="ALIAS", help="Account of Ape that signs; Anvil's first on development chains.")
@click.option("--market/--no-market", default=True, show_default=True, help="Give pools of test tokens their first liquidity.")
@json_option
@guarded
def cli(**given: Any) -> None:
    """Deploy the contracts, and write their addresses to deployments/<chain id>.json.

    Each step is recorded as it lands: after an interruption the same command goes on where it stopped, and when all is
    there it changes nothing. At the end the wiring is checked, and all belongs to a timelock. What no option says is as
    config/<network>.yaml has it, then as the preset does.
    """
    from plimsoll import deploy_command

    deploy_command.run(**given)


if __name__ == "__main__":
    cli()
