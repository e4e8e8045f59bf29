"""Isolated markets: any token against a listed quote, in a pool of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import Command, NumberRange, guarded, json_option, network_option  # noqa: E402

EXAMPLE = """
\b
Examples:
  ape run isolated open 0xa5f1...B811 USD --dry-run
  ape run isolated list
  ape run isolated show 1
  ape run isolated poke --all
  ape run isolated quote USD --price 1 --dry-run
  ape run isolated rate-model 0x93c1...02Ae

\b
Anyone opens a market for a token whose pair with a listed quote is seven days old. Nobody has looked at the token: a market
is unvetted, and stands for itself. Its terms are for ever. Its oracle believes no price for new risk that is not also that of
the last six hours, which somebody must keep known by poking it at least once an hour; the keeper does.
  attack cost   what a stranger pays to move the price, against arbitrage, over what that could bring (`ape run attack-cost --help`)
  alone         the same where nobody else trades the token, which is so for most tokens with one pair
  at stake      what the lenders of the quote lose at most if the token is worth nothing

\b
Which quotes and rate models a market may have, the owner of the factory says: `quote` and `rate-model` put it into the timelock, like
the changes of `ape run market`, whose `pending`, `execute` and `cancel` are for these, too.

\b
Exit codes: 0 done, 1 error (a dry run: it would be refused), 2 usage, 3 nothing to do or to show.
"""

_BLOCK_TIME = click.option("--block-time", type=click.IntRange(1, 600), default=12, show_default=True, help="Seconds between blocks.")
_ACCOUNT = click.option("--account", "alias", metavar="ALIAS", help="Account of Ape that signs; Anvil's first on development chains.")


def reading(command: Command) -> Command:
    return network_option(_BLOCK_TIME(json_option(guarded(command))))


def acting(command: Command) -> Command:
    dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done; send nothing.")
    return network_option(_ACCOUNT(dry_run(json_option(guarded(command)))))


def _request(network: str, as_json: bool, alias: str | None = None, dry_run: bool = False, block_time: int = 12) -> Any:
    from plimsoll.isolated_command import Request

    return Request(network, as_json, alias, dry_run, block_time)


@click.group(epilog=EXAMPLE, short_help="isolated markets of any token: open, list, poke")
def cli() -> None:
    """Open, show and poke isolated markets."""


@cli.command("list", short_help="all isolated markets")
@reading
def list_(**given: Any) -> None:
    """Show all isolated markets: what is lent, caps, depth, whether there is a price, the oracle's last poke, what an attack costs."""
    from plimsoll import isolated_command

    sys.exit(isolated_command.overview(_request(**given)))


@cli.command(short_help="one isolated market")
@click.argument("market")
@reading
def show(market: str, **given: Any) -> None:
    """Show MARKET (its number in the list, or the address of its pool)."""
    from plimsoll import isolated_command

    sys.exit(isolated_command.show(_request(**given), market))


@cli.command(short_help="keep the six hours of an oracle known")
@click.argument("market", required=False)
@click.option("--all", "everything", is_flag=True, help="All markets whose oracles do not know the newest three minutes.")
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Markets that are poked at once.")
@acting
def poke(market: str | None, everything: bool, most: int, **given: Any) -> None:
    """Poke the oracle of MARKET (its number in the list, or the address of its pool), or of --all."""
    from plimsoll import isolated_command

    if (market is None) != everything:
        raise click.UsageError("name a market, or give --all")
    sys.exit(isolated_command.poke(_request(**given), market, everything, most))


@cli.command("open", short_help="open a market")
@click.argument("token")
@click.argument("pair")
@click.option("--preset", default="nukem", show_default=True, help="Its two assets' percentages are the terms.")
@click.option("--rate-model", metavar="NAME|ADDRESS", help="Of both reserves; without: the listed one with the preset's rates.")
@click.option(
    "--token-seed",
    metavar="TOKENS",
    help="Supply that belongs to nobody for ever; if not given, worth just over a unit of account, and a thousandth of a token at least.",
)
@click.option("--quote-seed", metavar="TOKENS", help="The same, of the quote.")
@click.option("--margin", type=NumberRange(0, 50), default=2.0, show_default=True, help="Percent by which the caps stay below the most.")
@acting
def open_(
    token: str, pair: str, preset: str, rate_model: str | None, token_seed: str | None, quote_seed: str | None, margin: float, **given: Any
) -> None:
    """Open a market of TOKEN (address), by its PAIR: the pair's address, or its quote (symbol or address).

    The terms are proposed from a preset and the depth of the pair, shown, and asked of the factory before anything is sent.
    """
    from plimsoll import isolated_command
    from plimsoll.isolated_command import Wish

    wish = Wish(token, pair, preset, rate_model, token_seed, quote_seed, round(margin * 100))
    sys.exit(isolated_command.open_market(_request(**given), wish))


# ---------------------------------------------------------------- what the factory's owner lists


def _governance(network: str, as_json: bool, alias: str | None = None, dry_run: bool = False) -> Any:
    from plimsoll.governance.desk import Request

    return Request(network, alias, dry_run, as_json)


@cli.command(short_help="the quotes and rate models that a market may have")
@network_option
@json_option
@guarded
def listed(**given: Any) -> None:
    """Show the quotes that the factory lists, how each is priced, and the rate models."""
    from plimsoll.governance import quotes

    sys.exit(quotes.listed(_governance(**given)))


@cli.command(short_help="list a quote, or take it off the list (owner)")
@click.argument("token")
@click.option("--price", metavar="UNITS", help="A fixed price: units of account for a whole token.")
@click.option("--feed", metavar="ADDRESS", help="The AggregatorV3 that prices it. Settings of a feed that are not given stay as they are.")
@click.option("--heartbeat", type=click.IntRange(60, 3 * 86_400), metavar="SECONDS", help="An answer of the feed older than this is stale.")
@click.option("--min", "least", metavar="PRICE", help="Answers at or below it are not believed; whole tokens.")
@click.option("--max", "most", metavar="PRICE", help="Nor at or above it.")
@click.option("--remove", is_flag=True, help="No new market has it as its quote any more.")
@acting
def quote(
    token: str, price: str | None, feed: str | None, heartbeat: int | None, least: str | None, most: str | None, remove: bool, **given: Any
) -> None:
    """Let markets be opened against TOKEN (symbol, role or address), priced by a fixed price or by a feed. Open ones stay as they are."""
    from plimsoll.governance import market_command, quotes

    by_feed = any(v is not None for v in (feed, heartbeat, least, most))
    if (price is not None) + by_feed + remove != 1:
        raise click.UsageError("give --price, a --feed or its settings, or --remove")
    wish = quotes.Wish(price, feed, heartbeat, least, most, remove)
    sys.exit(market_command.change(_governance(**given), lambda desk: quotes.quote(desk, token, wish)))


@cli.command("rate-model", short_help="list a rate model, or take it off the list (owner)")
@click.argument("model")
@click.option("--remove", is_flag=True, help="No new market has it any more.")
@acting
def rate_model(model: str, remove: bool, **given: Any) -> None:
    """Let the reserves of new markets have the rate model at MODEL (address, or its name in the address book)."""
    from plimsoll.governance import market_command, quotes

    sys.exit(market_command.change(_governance(**given), lambda desk: quotes.rate_model(desk, model, not remove)))


if __name__ == "__main__":
    cli()
