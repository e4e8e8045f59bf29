"""What is configured of the lending market, and changes to it, most of them through the timelock."""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

ROOT = Path(__file__).resolve().parent.parent
# `ape run` has the project on the path only while it reads this file
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from plimsoll.cli import Command, NumberRange, guarded, json_option, network_option  # noqa: E402

if TYPE_CHECKING:
    from plimsoll.governance.desk import Desk, Request

EXAMPLE = """
\b
Examples:
  ape run market list
  ape run market caps ETH --supply 100000 --debt none --dry-run
  ape run market ramp ETH 60 --days 14
  ape run market add wbtc --token 0x2260...C599 --from wbtc.yaml --dry-run
  ape run market feed ETH --heartbeat 7200
  ape run market config
  ape run market pause ETH borrow collateral --hours 6
  ape run market pending
  ape run market execute

\b
Who may do what:
  steward    lowers caps, freezes: at once
  guardian   pauses, for a while: at once
  owner      all else. The command puts it into the timelock; when it has waited, `execute` makes it act
A change is first asked of the configurator, shown with what it does to those who have debt, then sent; --dry-run sends nothing.

\b
Exit codes: 0 done, 1 error, 2 usage, 3 nothing to do (it is so, or waits, already).
"""


class Percent(click.ParamType):
    """To basis points, exactly."""

    name = "percent"

    def __init__(self, most: int):
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            number = Decimal(str(value).removesuffix("%").strip())
            if not number.is_finite():
                raise InvalidOperation
        except InvalidOperation:
            self.fail(f"'{value}' is no number", param, ctx)
        if not 0 <= number <= self.most:
            self.fail(f"{value} is not between 0 and {self.most} %", param, ctx)
        if number * 100 % 1:
            self.fail(f"{value} is finer than the contracts count (0.01 %)", param, ctx)
        return int(number * 100)


def acting(command: Command) -> Command:
    """What all that send have in common."""
    alias = click.option("--account", "alias", metavar="ALIAS", help="Account of Ape that signs; Anvil's first on development chains.")
    dry_run = click.option("--dry-run", is_flag=True, help="Say what would be done and what it would do to accounts; send nothing.")
    return network_option(alias(dry_run(json_option(guarded(command)))))


def reading(command: Command) -> Command:
    return network_option(json_option(guarded(command)))


def _request(network: str, as_json: bool, alias: str | None = None, dry_run: bool = False) -> Request:
    from plimsoll.governance.desk import Request

    return Request(network, alias, dry_run, as_json)


def _change(given: dict[str, Any], name: str, arguments: Any) -> None:
    """`arguments`: of the Desk, what the function of plimsoll.governance.changes takes."""
    from plimsoll.governance import changes, market_command

    def plan(desk: Desk) -> Any:
        return getattr(changes, name)(*arguments(desk))

    sys.exit(market_command.change(_request(**given), plan))


def _of_asset(given: dict[str, Any], asset: str, name: str, *arguments: Any) -> None:
    def all_of(desk: Desk) -> tuple[Any, ...]:
        token = desk.token(asset)
        return token, desk.now(token), *arguments

    _change(given, name, all_of)


@click.group(epilog=EXAMPLE, short_help="what is configured of the market, and changes to it")
def cli() -> None:
    """Show or change what governance may change: caps, LTV, fees, pauses, oracle and engine."""


@cli.command("list", short_help="all assets")
@reading
def list_(**given: Any) -> None:
    """Show what is configured of all assets, and what is closed."""
    from plimsoll.governance import market_command

    sys.exit(market_command.overview(_request(**given)))


@cli.command(short_help="the groups of config/<network>.yaml that `ape run check` agrees with")
@click.option("--config", "file", type=click.Path(dir_okay=False, path_type=Path), help="The network's file, if not that of the chain.")
@reading
def config(file: Path | None, **given: Any) -> None:
    """Print the groups `roles`, `market` and `isolated` that the network's file needs for the chain as it is, to be pasted over its own."""
    from plimsoll.governance import market_command

    sys.exit(market_command.config(_request(**given), file))


@cli.command(short_help="one asset")
@click.argument("asset")
@reading
def show(asset: str, **given: Any) -> None:
    """Show all that is configured of ASSET (symbol, role or address)."""
    from plimsoll.governance import market_command

    sys.exit(market_command.show(_request(**given), asset))


# ---------------------------------------------------------------- changes of an asset


@cli.command(short_help="the most that may be supplied and owed (steward: lower, owner: any)")
@click.argument("asset")
@click.option("--supply", metavar="TOKENS|none", help="Whole tokens; as it is, if not given.")
@click.option("--debt", metavar="TOKENS|none", help="Whole tokens; as it is, if not given.")
@acting
def caps(asset: str, supply: str | None, debt: str | None, **given: Any) -> None:
    """Set the caps of ASSET. What is above a cap already stays; only more of it is refused."""
    from plimsoll.governance.changes import cap_of

    if supply is None and debt is None:
        raise click.UsageError("give --supply, --debt, or both")

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token = desk.token(asset)
        wanted = (None if text is None else cap_of(text, token) for text in (supply, debt))
        return token, desk.now(token), *wanted, desk.is_steward()

    _change(given, "caps", all_of)


@cli.command(short_help="the LTV; a cut goes down slowly in liquidations (owner)")
@click.argument("asset")
@click.argument("ltv", type=Percent(100))
@click.option("--days", type=click.IntRange(7, 365), help="How long a cut takes in the liquidation test; 7 by default.")
@acting
def ramp(asset: str, ltv: int, days: int | None, **given: Any) -> None:
    """Set the LTV of ASSET, percent. For new risk it acts at once; in the liquidation test a cut goes down over --days."""

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token = desk.token(asset)
        return token, desk.now(token), ltv, days, desk.has_feed(token)

    _change(given, "ramp", all_of)


@cli.command(short_help="what a liquidator gets for 100 of debt (owner)")
@click.argument("asset")
@click.argument("percent", type=Percent(130))
@acting
def bonus(asset: str, percent: int, **given: Any) -> None:
    """Set the bonus of ASSET: 110 is a bonus of 10 %."""
    _of_asset(given, asset, "bonus", percent)


@cli.command("reserve-factor", short_help="the treasury's part of the interest (owner)")
@click.argument("asset")
@click.argument("percent", type=Percent(100))
@acting
def reserve_factor(asset: str, percent: int, **given: Any) -> None:
    """Set the reserve factor of ASSET, percent."""
    _of_asset(given, asset, "reserve_factor", percent)


@cli.command(short_help="the origination fee, and who gets half of it (owner)")
@click.argument("asset")
@click.argument("percent", type=Percent(5))
@click.option("--stakers", metavar="ADDRESS|nobody", help="Who get half of it; as it is, if not given.")
@acting
def fee(asset: str, percent: int, stakers: str | None, **given: Any) -> None:
    """Set what is added to each new debt of ASSET, percent."""

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token = desk.token(asset)
        return token, desk.now(token), percent, None if stakers is None else desk.address(stakers)

    _change(given, "fee", all_of)


@cli.command(short_help="the rate model (owner)")
@click.argument("asset")
@click.argument("model")
@acting
def rates(asset: str, model: str, **given: Any) -> None:
    """Replace the rate model of ASSET by the one at MODEL."""

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token, address = desk.token(asset), desk.address(model)
        now = desk.now(token)
        return token, now, address, desk.rates_said(token, now.rate_model, address)

    _change(given, "rates", all_of)


@cli.command("depth-mode", short_help="where collateral counts by depth (owner)")
@click.argument("asset")
@click.argument("mode", type=click.Choice(("new_risk", "off", "full")))
@acting
def depth_mode(asset: str, mode: str, **given: Any) -> None:
    """Set the depth mode of ASSET. full can only be had before a reserve is open."""
    _of_asset(given, asset, "depth_mode", mode)


@cli.command(short_help="no supply, no borrowing, no enabling (steward)")
@click.argument("asset")
@acting
def freeze(asset: str, **given: Any) -> None:
    """Freeze ASSET, until the owner opens it again."""
    _of_asset(given, asset, "freeze")


@cli.command(short_help="open a frozen asset again (owner)")
@click.argument("asset")
@acting
def unfreeze(asset: str, **given: Any) -> None:
    """Open ASSET again, with the LTV that was set."""
    _of_asset(given, asset, "unfreeze")


@cli.command(short_help="pause actions of an asset for a while (guardian)")
@click.argument("asset")
@click.argument("actions", nargs=-1, required=True, type=click.Choice(("supply", "borrow", "collateral", "flash")))
@click.option("--hours", type=NumberRange(0.02, 72), default=72.0, show_default=True, help="It ends by itself.")
@acting
def pause(asset: str, actions: tuple[str, ...], hours: float, **given: Any) -> None:
    """Pause ACTIONS of ASSET: supply, borrow, collateral (taking it away while in debt), flash (loans).

    Repaying, and withdrawing without debt, cannot be paused.
    """
    from plimsoll.governance.changes import actions_of

    _of_asset(given, asset, "pause", actions_of(actions), int(hours * 3_600))


@cli.command(short_help="end the pause of an asset (owner)")
@click.argument("asset")
@acting
def lift(asset: str, **given: Any) -> None:
    """End the pause of ASSET before its time."""
    _of_asset(given, asset, "lift")


# ---------------------------------------------------------------- what prices an asset


@cli.command(short_help="the pools that price an asset (owner)")
@click.argument("asset")
@click.argument("pool", required=False)
@click.option("--second", is_flag=True, help="The second source. Without: the first.")
@click.option("--quote", metavar="ASSET", help="What the pool trades against; as it is, if not given.")
@click.option("--min-depth", metavar="UNITS", help="Units of account; below it new risk is blocked. As it is, if not given.")
@acting
def source(asset: str, pool: str | None, second: bool, quote: str | None, min_depth: str | None, **given: Any) -> None:
    """Price ASSET by POOL, a pair or a range pool; none, with --second: by one pool less. Without POOL only its settings change.

    The oracle lets no price move by more than 5 %, nor twice a day.
    """
    if pool is None and quote is None and min_depth is None:
        raise click.UsageError("give a pool, --quote or --min-depth")

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token, place = desk.token(asset), int(second)
        return token, place, desk.source(token, place), desk.new_source(token, place, pool, quote, min_depth)

    _change(given, "source", all_of)


@cli.command(short_help="the price feed of an asset (owner)")
@click.argument("asset")
@click.argument("address", required=False)
@click.option("--heartbeat", type=click.IntRange(60, 3 * 86_400), metavar="SECONDS", help="An answer older than this is stale.")
@click.option("--min", "least", metavar="PRICE", help="Answers at or below it are not believed; whole tokens.")
@click.option("--max", "most", metavar="PRICE", help="Nor at or above it.")
@click.option("--in-quote/--in-units", default=None, help="The feed tells the price in the first source's quote, or in units of account.")
@acting
def feed(
    asset: str, address: str | None, heartbeat: int | None, least: str | None, most: str | None, in_quote: bool | None, **given: Any
) -> None:
    """Let the AggregatorV3 at ADDRESS take part in the price of ASSET; none: no feed any more. Without ADDRESS only its settings change."""
    if address is None and all(v is None for v in (heartbeat, least, most, in_quote)):
        raise click.UsageError("give a feed, --heartbeat, --min, --max, --in-quote or --in-units")

    def all_of(desk: Desk) -> tuple[Any, ...]:
        token = desk.token(asset)
        now, then = desk.feed(token), desk.new_feed(token, address, heartbeat, least, most, in_quote)
        configuration = desk.now(token)
        # a quote by a feed alone has a feed and no source
        is_quote = now is not None and desk.source(token, 0) is None
        return token, now, then, is_quote, max(configuration.ltv_bps, configuration.liquidation_ltv_bps)

    _change(given, "feed", all_of)


@cli.command(short_help="list a new asset (owner)")
@click.argument("role")
@click.option("--token", required=True, metavar="ADDRESS", help="The token.")
@click.option(
    "--from",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="YAML: the settings of one asset as presets have them (config/presets), or a preset that has ROLE.",
)
@click.option("--pool", metavar="ADDRESS", help="Its first source. Without: the pair of the file's quote.")
@click.option("--feed", metavar="ADDRESS", help="Its feed, instead of the file's for this chain.")
@click.option("--model", metavar="ADDRESS", help="A rate model that is there. Without: the file's `rates` are deployed first.")
@click.option("--stakers", metavar="ADDRESS", help="Who get half of the origination fee, instead of the file's.")
@click.option("--payer", metavar="ADDRESS", help="Who gives the seed, and has let the timelock take it. Without: whoever signs.")
@acting
def add(role: str, token: str, file: Path, **given: Any) -> None:
    """List a token, as ROLE, in one operation of the timelock: what prices it, its terms, and its seed.

    All of it is tried first, step by step, as the timelock (the node has to offer eth_simulateV1). --dry-run says what each step would do, and
    what would be refused, and why.
    """
    from plimsoll.governance import add_command

    names = ("pool", "feed", "model", "stakers", "payer")
    wanted = add_command.Add(role, token, file, **{name: given.pop(name) for name in names})
    sys.exit(add_command.add(_request(**given), wanted))


@cli.command(short_help="the vault over an asset's reserve")
@click.argument("asset")
@acting
def vault(asset: str, **given: Any) -> None:
    """Create the ERC-4626 vault over the reserve of ASSET, if it has none: anyone may. `execute` does it after a listing."""
    from plimsoll.governance import market_command

    sys.exit(market_command.vault(_request(**given), asset))


# ---------------------------------------------------------------- changes of the whole market


@cli.command("pause-liquidation", short_help="close liquidation, and new risk, for a while (guardian)")
@click.option("--hours", type=NumberRange(0.01, 6), default=1.0, show_default=True, help="It ends by itself.")
@acting
def pause_liquidation(hours: float, **given: Any) -> None:
    """Close liquidation for up to six hours, and new risk with it."""
    _change(given, "pause_liquidation", lambda desk: (int(hours * 3_600),))


@cli.command("lift-liquidation", short_help="end the pause of liquidation (owner)")
@acting
def lift_liquidation(**given: Any) -> None:
    """End the pause of liquidation before its time."""
    _change(given, "lift_liquidation", lambda desk: (desk.configurator.call("liquidation_paused_until"), desk.rpc.timestamp()))


def _member(role: str) -> Any:
    @cli.command(role, short_help=f"name the {role} (owner)", help=f"Name the {role}; nobody: without one.")
    @click.argument("address")
    @acting
    def name(address: str, **given: Any) -> None:
        def all_of(desk: Desk) -> tuple[Any, ...]:
            of_markets = desk.contract("MarketFactory").call(role) if role == "guardian" and desk.book.has("MarketFactory") else None
            return role, desk.configurator.call(role), desk.address(address), of_markets

        _change(given, "member", all_of)

    return name


steward, guardian = _member("steward"), _member("guardian")


@cli.command(short_help="replace the oracle (owner)")
@click.argument("address")
@acting
def oracle(address: str, **given: Any) -> None:
    """Replace the price oracle; it must agree with the old one within 5 %, and have the feeds that LTVs above 65 % need."""

    def all_of(desk: Desk) -> tuple[Any, ...]:
        then = desk.address(address)
        return desk.pool.call("oracle"), then, desk.owner_of(then), desk.timelock.address

    _change(given, "oracle", all_of)


@cli.command(short_help="replace the liquidation engine (owner)")
@click.argument("address")
@acting
def engine(address: str, **given: Any) -> None:
    """Replace the liquidation engine."""

    def all_of(desk: Desk) -> tuple[Any, ...]:
        now, then = desk.pool.call("engine"), desk.address(address)
        return now, then, desk.engine_fees(now, then)

    _change(given, "engine", all_of)


# ---------------------------------------------------------------- the timelock


@cli.command(short_help="what waits in the timelock")
@reading
def pending(**given: Any) -> None:
    """Show what waits in the timelock, and when it can be executed."""
    from plimsoll.governance import market_command

    sys.exit(market_command.pending(_request(**given)))


@cli.command(short_help="execute what has waited")
@click.argument("operation", required=False)
@acting
def execute(operation: str | None, **given: Any) -> None:
    """Execute OPERATION (the beginning of its id), or all that have waited long enough."""
    from plimsoll.governance import market_command

    sys.exit(market_command.execute(_request(**given), operation))


@cli.command(short_help="bring the address book in line with what somebody else has executed")
@reading
def follow(**given: Any) -> None:
    """Bring the address book in line: the oracle and the engine that are in use, and what is listed, where somebody else executed it."""
    from plimsoll.governance import market_command

    sys.exit(market_command.follow(_request(**given)))


@cli.command(short_help="take an operation out of the timelock")
@click.argument("operation")
@acting
def cancel(operation: str, **given: Any) -> None:
    """Take OPERATION (the beginning of its id) out of the timelock."""
    from plimsoll.governance import market_command

    sys.exit(market_command.cancel(_request(**given), operation))


if __name__ == "__main__":
    cli()
