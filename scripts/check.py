"""Compare a live deployment with its configuration."""

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
  ape run check
  ape run check --network ethereum:sepolia:node --json
  ape run check --config config/anvil.yaml

\b
Compared are the wiring, who holds which role, what is configured of each asset, pauses, the oracle's prices and their age, and the code.
What governance has changed since the deployment belongs into config/<network>.yaml, under `market` and `roles`.

\b
Exit codes: 0 all agrees, 1 a difference or an error, 2 usage.
"""


@click.command(epilog=EXAMPLE, short_help="compare a live deployment with its configuration")
@network_option
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE.yaml", help="By default the file in config of the chain.")
@json_option
@guarded
def cli(network: str, config: Path | None, as_json: bool) -> None:
    """Hold the deployment on a chain against config/<network>.yaml, its preset, and the compiled sources."""
    from plimsoll import check_command

    sys.exit(check_command.run(endpoint(network), config, as_json))


if __name__ == "__main__":
    cli()
