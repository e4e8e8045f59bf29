"""What `ape run deploy` does and says."""

from __future__ import annotations

import json
from pathlib import Path

import click

from plimsoll import cli, networks
from plimsoll.abi import artifacts
from plimsoll.addresses import AddressBook, is_address
from plimsoll.deployment import HISTORY_SECONDS, HISTORY_SECONDS_WITH_FEED, DeployError, Options, Report, deploy
from plimsoll.names import feed_name
from plimsoll.networks import Network
from plimsoll.presets import load
from plimsoll.rpc import DEV_KEYS, Rpc, Wallet
from plimsoll.words import duration

# Where neither an option nor a file of the network names one
DEFAULT_PRESET = "wemix"


def run(
    network: str,
    file: Path | None,
    preset: str | None,
    tokens: dict[str, str],
    feeds: dict[str, str],
    wrapped_native: str | None,
    treasury: str | None,
    alias: str | None,
    market: bool,
    owner: str | None,
    steward: str | None,
    guardian: str | None,
    delay_seconds: int | None,
    as_json: bool,
) -> None:
    """What is not given is as config/<network>.yaml has it."""

    def say(text: str) -> None:
        click.echo(f"  {text}", err=True)

    people = {"owner": owner, "steward": steward, "guardian": guardian}
    for option, given in {"treasury": treasury, "wrapped-native": wrapped_native, **people}.items():
        if given is not None and not is_address(given):
            raise DeployError(f"--{option} {given} is no address")
    with Rpc(cli.endpoint(network)) as rpc:
        config = networks.load(file) if file is not None else networks.find(rpc.chain_id)
        if config is None:
            config = Network("", "", rpc.chain_id)
        if config.chain_id != rpc.chain_id:
            raise DeployError(f"{config.name}.yaml is of chain {config.chain_id}, {rpc.shown} is chain {rpc.chain_id}")
        chosen = load(preset or config.preset or DEFAULT_PRESET)
        wallet = Wallet(rpc, account=cli.account(alias, rpc.chain_id, DEV_KEYS[0], "the deployment"))
        click.echo(f"deploying '{chosen.name}' to chain {rpc.chain_id} at {rpc.shown} from {wallet.address}", err=True)
        options = Options(
            tokens={**config.tokens, **tokens},
            feeds={**config.feeds, **feeds},
            treasury=treasury or config.treasury,
            market=market,
            wrapped_native=wrapped_native or config.wrapped_native,
            delay_seconds=config.delay_seconds if delay_seconds is None else delay_seconds,
            owner=owner or config.owner,
            steward=steward or config.steward,
            guardian=guardian or config.guardian,
        )
        report = deploy(rpc, wallet, chosen, artifacts(say=say), options=options, say=say)
    if as_json:
        click.echo(json.dumps(_figures(report), indent=2))
        return
    _show(report)


def _figures(report: Report) -> dict[str, object]:
    book = report.book
    return {
        "chain_id": book.chain_id,
        "file": book.shown,
        "changed": report.changed,
        "steps_done": report.done,
        "steps_kept": report.kept,
        "contracts": {name: book.address(name) for name in book.names},
        "tokens": {t.role: {"address": t.address, "symbol": t.symbol, "decimals": t.decimals} for t in book.tokens},
        "feeds": {role: entry["address"] for role, entry in book.feeds.items()},
        "seconds": round(report.seconds, 2),
    }


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table

    book: AddressBook = report.book
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    for name in book.names:
        table.add_row(name, book.address(name))
    for token in book.tokens:
        if not book.has(f"Token.{token.role}"):
            table.add_row(f"{token.symbol} ({token.role}, existing)", token.address)
    for role, entry in book.feeds.items():
        if not book.has(feed_name(role)):
            table.add_row(f"feed of {role} (existing)", entry["address"])
    console.print(table)
    console.print()
    if not report.changed:
        console.print(f"nothing to do: all {report.kept} steps are in {book.shown}, and the chain agrees")
        return
    console.print(f"{len(report.done)} steps in {duration(report.seconds)}; the wiring is checked; written: {book.shown}")
    beside = f", {HISTORY_SECONDS_WITH_FEED // 60} where there is a feed" if book.feeds else ""
    console.print(f"prices begin when the pair has {HISTORY_SECONDS // 60} minutes of history behind it{beside}")
