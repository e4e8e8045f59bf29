"""What `ape run pool` does and says."""

from __future__ import annotations

import errno
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from eth_utils.address import to_checksum_address

from plimsoll import words
from plimsoll.abi import artifacts
from plimsoll.addresses import AddressBook, is_address
from plimsoll.cli import DONE, NOTHING
from plimsoll.errors import Problem
from plimsoll.pool_text import exact, liquidity_text, loss_text, name_and_fee, price_text, range_text
from plimsoll.pools import RANGE, Amounts, Pool, PoolError, Position, Reader, Share, Wanted
from plimsoll.rpc import Rpc

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WAD = 10**18
STATE_COLOURS = {"in range": "green", "price below": "yellow", "price above": "yellow", "withdrawn": "dim"}


def run(url: str, given: Sequence[str], account: str | None, limit: int, plot: Path | None, as_json: bool) -> int:
    """Returns the exit code."""
    from rich.console import Console

    if account is not None:
        if not is_address(account):
            raise Problem(f"'{account}' is no account: an address has 0x and 40 digits (a typing mistake breaks its checksum)")
        account = to_checksum_address(account)
    wanted = Wanted.parse(given)
    if plot is not None:
        check_picture(plot)
    with Rpc(url) as rpc:
        notes = Console(stderr=True, highlight=False)
        book = AddressBook.open(rpc)
        reader = Reader(rpc, book, artifacts(say=lambda text: notes.print(text)))
        pools = reader.pools(wanted, account)
    if plot is not None and pools:
        from plimsoll import pool_plot

        draw_what = one_to_draw(pools)
        plot.write_bytes(pool_plot.draw(draw_what))
    if as_json:
        print(json.dumps(figures(book.chain_id, reader.block, account, pools), indent=2))
    elif not pools:
        Console(highlight=False).print(f"{account} has nothing in these pools" if account else "there are no pools yet")
    else:
        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=160)
        show(pools, console, limit)
        if plot is not None:
            console.print(f"written: {plot}", soft_wrap=True)
    return DONE if pools else NOTHING


def check_picture(path: Path) -> None:
    """Before anything is read: can it be written?"""
    if path.suffix.lower() != ".png":
        raise click.UsageError(f"--plot {path}: the picture is a PNG, its name must end in .png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
    except OSError as e:
        raise click.UsageError(f"--plot {path}: cannot be written ({e.strerror})") from None


def one_to_draw(pools: Sequence[Pool]) -> Pool:
    """The only one, or the only range pool."""
    found = pools if len(pools) == 1 else [p for p in pools if p.kind == RANGE]
    if len(found) != 1:
        names = ", ".join(p.name.replace(" %", "").replace(" ", "/") for p in pools)
        raise click.UsageError(f"--plot draws one pool: name it, like `ape run pool {names.split(', ')[0]} --plot ...` (there are: {names})")
    if found[0].price is None:
        raise PoolError(f"{found[0].name} has no price yet: there is nothing to draw")
    return found[0]


# ---------------------------------------------------------------------- for machines


def figures(chain_id: int, block: int, account: str | None, pools: Sequence[Pool]) -> dict[str, Any]:
    """JSON data: raw amounts as text, because many readers round beyond 2^53."""
    return {"chain_id": chain_id, "block": block, "account": account, "pools": [_pool(p) for p in pools]}


def _pool(p: Pool) -> dict[str, Any]:
    priced = p.price is not None
    return {
        "kind": p.kind,
        "address": p.address,
        "name": p.name,
        "fee_pips": p.fee_pips,
        **{f"token{i}": {"address": c.address, "symbol": c.symbol, "decimals": c.decimals} for i, c in enumerate(p.coins)},
        "base": p.coins[p.base].address,
        "quote": p.coins[p.quote].address,
        # quote per base, whole tokens
        "price": exact(p.price) if p.price is not None else None,
        "sqrt_price_x96": str(p.sqrt_price_x96) if priced else None,
        "tick": p.tick if p.kind == RANGE and priced else None,
        "tick_spacing": p.spacing if p.kind == RANGE else None,
        "liquidity": str(p.liquidity),
        "holds": _texts(p.holds),
        # here and below in raw units of the quote
        "holds_worth": str(p.in_quote(p.holds)) if priced else None,
        "positions": [_position(p, x) for x in p.positions],
        "closed_positions": p.closed,
        "shares": [
            {"owner": s.owner, "liquidity": str(s.lp), "amounts": _texts(s.amounts), "worth": str(p.in_quote(s.amounts))} for s in p.shares
        ],
    }


def _position(p: Pool, x: Position) -> dict[str, Any]:
    low, high = p.range_of(x)
    now, held = p.against_holding(x)
    return {
        "id": x.token_id,
        "owner": x.owner,
        "tick_lower": x.lower,
        "tick_upper": x.upper,
        "price_lower": exact(low),
        "price_upper": exact(high),
        "full_range": p.is_full(x),
        "state": p.state(x),
        "liquidity": str(x.liquidity),
        "amounts": _texts(x.amounts),
        "worth": str(p.in_quote(x.amounts)),
        "deposited": _texts(x.flows.deposited),
        "withdrawn": _texts(x.flows.withdrawn),
        "collected": _texts(x.flows.collected),
        "reinvested": _texts(x.flows.reinvested),
        "owed": _texts(x.owed),
        "fees": _texts(x.fees),
        "fees_unclaimed": _texts(x.unclaimed),
        "fees_worth": str(p.in_quote(x.fees)),
        "held_worth": str(held),
        "impermanent_loss": str(held - now),
        "impermanent_loss_wad": str(loss_wad(now, held)),
    }


def _share(p: Pool, s: Share) -> dict[str, Any]:
    return {"owner": s.owner, "liquidity": str(s.lp), "amounts": _texts(s.amounts), "worth": str(p.in_quote(s.amounts))}


def _texts(amounts: Amounts) -> list[str]:
    return [str(a) for a in amounts]


def loss_wad(now: int, held: int) -> int:
    """What is missing against holding, of what holding would be worth; negative: there is more. Towards zero."""
    if held == 0:
        return 0
    missing = (held - now) * WAD
    return missing // held if missing >= 0 else -(-missing // held)


# ---------------------------------------------------------------------- for people


def show(pools: Sequence[Pool], console: Console, limit: int) -> None:
    """A table of the pools, and one of the positions of each."""
    console.print(pools_table(pools, console.width))
    for p in pools:
        for s in p.shares:
            console.print()
            amounts = " + ".join(p.coins[i].text(s.amounts[i]) for i in (p.base, p.quote))
            console.print(f"{p.name}: {s.owner} holds {amounts}, worth {_worth(p, s.amounts)}", soft_wrap=True)
        if p.positions:
            console.print()
            console.print(positions_table(p, limit, console.width))
            console.print(summary(p), soft_wrap=True)


def _worth(pool: Pool, amounts: Amounts) -> str:
    return pool.coins[pool.quote].text(pool.in_quote(amounts), 2)


def pools_table(pools: Sequence[Pool], width: int) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    wide = width >= 140
    table.add_column("pool", no_wrap=True)
    for name in ("price", *(["liquidity"] if wide else []), "holds", "", "worth", "positions"):
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("address", no_wrap=True)
    for p in pools:
        quote = p.coins[p.quote]
        table.add_row(
            name_and_fee(p),
            f"{price_text(p.price)} {quote.symbol}" if p.price is not None else "none yet",
            *([liquidity_text(p)] if wide else []),
            *(p.coins[i].text(p.holds[i], 2) for i in (p.base, p.quote)),
            _worth(p, p.holds) if p.price is not None else "",
            str(len(p.positions)) if p.kind == RANGE else "",
            *([p.address] if wide else []),
        )
    return table


def positions_table(pool: Pool, limit: int, width: int) -> RenderableType:
    """The largest first; what does not fit into a narrow terminal is left out."""
    from rich.table import Table

    chosen = sorted(pool.positions, key=lambda x: pool.in_quote(x.amounts), reverse=True)[:limit]
    more = f", the {limit} largest of {len(pool.positions)}" if len(pool.positions) > limit else ""
    title = f"{pool.name}: positions{more}; prices in {pool.coins[pool.quote].symbol}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    wide = width >= 140
    table.add_column("", no_wrap=True)
    table.add_column("owner", no_wrap=True)
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("now", no_wrap=True)
    for name in (*(["holds", ""] if wide else []), "worth", "fees earned", "holding"):
        table.add_column(name, justify="right", no_wrap=True)
    for x in chosen:
        state = pool.state(x)
        # of one that was withdrawn, what waits to be collected
        holds = x.amounts if x.liquidity else x.owed
        table.add_row(
            x.name,
            words.short(x.owner),
            range_text(pool, x),
            f"[{STATE_COLOURS[state]}]{state}[/]",
            *((pool.coins[i].text(holds[i]) for i in (pool.base, pool.quote)) if wide else ()),
            _worth(pool, holds),
            _worth(pool, x.fees),
            loss_text(*pool.against_holding(x)),
        )
    return table


def summary(pool: Pool) -> str:
    inside = sum(pool.state(x) == "in range" for x in pool.working)
    waiting = len(pool.positions) - len(pool.working)
    withdrawn = f", {waiting} withdrawn and not collected" if waiting else ""
    fees = [sum(x.fees[i] for x in pool.positions) for i in (0, 1)]
    worth = _worth(pool, (fees[0], fees[1]))
    closed = f", {pool.closed} closed" if pool.closed else ""
    return f"{inside} of {len(pool.working)} in range{withdrawn}{closed}; fees earned {worth}"
