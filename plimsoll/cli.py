"""What the commands share: the network, the account, errors and exit codes.

Light on purpose: `ape run` reads every script before it runs one.
"""

from __future__ import annotations

import functools
import json
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

from plimsoll.errors import Problem

DONE, FAILED, USAGE, NOTHING = 0, 1, 2, 3
# In ape-config.yaml; a URL is taken as well
DEFAULT_NETWORK = "ethereum:anvil:node"
# The largest batch that Lens.health takes
MAX_BATCH = 5_000

Command = Callable[..., Any]


class NumberRange(click.FloatRange):
    """Click's own lets nan pass, which is in no range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if isinstance(number, float) and math.isnan(number):
            self.fail(f"'{value}' is no number.", param, ctx)
        return number


def guarded(command: Command) -> Command:
    """One line instead of a traceback, and exit code 1, for everything that a user can do something about."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Problem as e:
            if kwargs.get("as_json"):
                click.echo(json.dumps({"error": str(e)}))
            click.echo(f"error: {e}", err=True)
            sys.exit(FAILED)
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            sys.exit(130)

    return run


def fail(command: str, message: str, code: int) -> NoReturn:
    """Of the commands that replay: a line that names them."""
    click.echo(f"{command}: {message}", err=True)
    sys.exit(code)


def network_option(command: Command) -> Command:
    text = "Network of ape-config.yaml (`ape networks list`), or the URL of an RPC."
    return click.option("--network", metavar="NAME|URL", default=DEFAULT_NETWORK, show_default=True, help=text)(command)


def json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="For machines: JSON on standard output.")(command)


def endpoint(network: str) -> str:
    """The RPC's URL. Ape is only asked for its name, not connected: errors of the chain are ours to explain."""
    if network.startswith(("http://", "https://")):
        return network
    if "://" in network:
        raise Problem(f"'{network}' is no address that can be used: only http:// and https:// are spoken")
    import ape
    from ape.exceptions import ApeException

    try:
        provider = ape.networks.get_provider_from_choice(network)
        url = None if provider.network.name == "local" else getattr(provider, "http_uri", None) or getattr(provider, "uri", None)
    except (ApeException, ValueError) as e:
        first = str(e).splitlines()[0].removesuffix(" Options:")
        raise Problem(f"{first} (`ape networks list` shows all; a URL is taken as well)") from None
    if provider.network.name == "local":
        raise Problem(f"network '{network}' is a chain that ends with the command: start `anvil` and use {DEFAULT_NETWORK}, or give its URL")
    if not url or not str(url).startswith("http"):
        raise Problem(f"network '{network}' has no http address: set http_uri for it in ape-config.yaml, or give a URL")
    return str(url)


def same_network(network: str) -> str:
    """As an option of the next command, in a hint; an address with a key in it is not told again."""
    if network == DEFAULT_NETWORK:
        return ""
    secret = re.fullmatch(r"[^:]+://[^/?@]+/?", network) is None
    return " --network ..." if "://" in network and secret else f" --network {network}"


def account(alias: str | None, chain_id: int, dev_key: str, purpose: str) -> Any:
    """An account of Ape that signs here without asking anything; on a development chain, without an alias, a known key."""
    from plimsoll.rpc import DEV_CHAIN_ID, account_from_key

    if alias is None:
        if chain_id == DEV_CHAIN_ID:
            return account_from_key(dev_key)
        raise Problem(f"chain {chain_id} is no development chain: name the account for {purpose} with --account (`ape accounts list`)")
    import ape
    from eth_account import Account

    if alias not in ape.accounts.aliases:
        known = ", ".join(ape.accounts.aliases) or "none"
        raise Problem(f"Ape has no account '{alias}' (it has: {known}): `ape accounts import {alias}` makes one")
    keyfile = getattr(ape.accounts.load(alias), "keyfile", None)
    if not keyfile:
        raise Problem(f"'{alias}' keeps its key elsewhere: only accounts with a key file can sign without being asked")
    variable = f"APE_ACCOUNTS_{alias}_PASSPHRASE"
    passphrase = os.environ.get(variable) or os.environ.get("PLIMSOLL_PASSPHRASE")
    if passphrase is None:
        raise Problem(f"the passphrase of '{alias}' is missing: put it into {variable} or PLIMSOLL_PASSPHRASE")
    try:
        return Account.from_key(Account.decrypt(keyfile, passphrase))
    except ValueError:
        raise Problem(f"the passphrase of '{alias}' is wrong") from None


def keeper_options(command: Command) -> Command:
    """The options of the keeper, which runs with and without Ape."""
    for option in reversed(
        [
            click.option("--once", is_flag=True, help="One look at the chain, then end (3: nothing to do)."),
            click.option("--dry-run", is_flag=True, help="Say what would be done, send nothing."),
            click.option("--json", "as_json", is_flag=True, help="One JSON object per line."),
            click.option("--every-block", is_flag=True, help="Report each block, not only events."),
            click.option(
                "--min-profit",
                type=NumberRange(-1e9, 1e9),
                default=0.0,
                show_default=True,
                help="Least profit after gas, in units of account.",
            ),
            click.option("--ws", metavar="URL", help="WebSocket for new blocks; by default the RPC's host and port."),
            click.option("--no-ws", is_flag=True, help="Poll instead."),
            click.option("--poll", type=NumberRange(0.001, 3600), help="Seconds between looks while polling."),
            click.option("--batch", type=click.IntRange(1, MAX_BATCH), default=MAX_BATCH, show_default=True, help="Accounts per call."),
            click.option(
                "--reorg-blocks",
                type=click.IntRange(0, 10_000),
                default=12,
                show_default=True,
                help="Blocks that are read again each time, because they may still change.",
            ),
            click.option(
                "--market", metavar="POOL", help="Liquidate in this isolated market instead of the main one; with an account of its own."
            ),
            click.option("--no-poke", is_flag=True, help="Do not touch pools that stand still after a jump, nor oracles of isolated markets."),
            click.option(
                "--poke-markets",
                type=click.IntRange(0, 1_000),
                default=16,
                show_default=True,
                help="Isolated markets, those with the most lent, whose oracles are poked each 40 minutes.",
            ),
            click.option("--tip-gwei", type=NumberRange(0, 1e6), default=1.0, show_default=True, help="Priority fee."),
            click.option(
                "--state",
                type=click.Path(dir_okay=False, path_type=Path),
                help="State file; by default out/keeper-<chain id>-<account>.json.",
            ),
        ]
    ):
        command = option(command)
    return command
