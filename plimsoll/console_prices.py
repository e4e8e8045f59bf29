"""Helpers of `ape console` for prices: what the oracle says of an asset, and what its feed says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from plimsoll import feeds, words
from plimsoll.abi import Artifacts, Contract, read
from plimsoll.addresses import AddressBook, Token
from plimsoll.errors import Problem
from plimsoll.feeds import FeedError
from plimsoll.names import feed_name
from plimsoll.reference.depth import UNLIMITED
from plimsoll.rpc import DEV_CHAIN_ID, DEV_KEYS, Rpc, Wallet

if TYPE_CHECKING:
    from rich.console import Console

WAD = 10**18
WIDTH = 17


def in_one_line(console: Console) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Of the console's helpers: what a user can mend is said in a line, not in a traceback."""

    def told(helper: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(helper)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return helper(*args, **kwargs)
            except Problem as e:
                console.print(f"error: {e}", highlight=False, soft_wrap=True)
                return None

        return run

    return told


def band_lines(rpc: Rpc, book: AddressBook, oracle: Contract, asset: str) -> list[str]:
    """Prices of one whole token, who tells them, how deep its market is, and why new risk is blocked."""
    token = book.token_at(asset)
    unit = token.unit if token is not None else WAD
    requests = [
        oracle.request("band", asset),
        *(oracle.request("source_of", asset, place) for place in (0, 1)),
        oracle.request("feed_of", asset),
    ]
    band, *pools, feed = read(rpc, requests)
    lines = []
    for name in ("low", "high", "liquidation_low", "liquidation_high", "fresh_low", "fresh_high"):
        lines.append((name, words.money(getattr(band, name) * unit // WAD, 4)))
    lines.append(("depth", words.depth(band.depth)))
    if band.liquidation_depth < UNLIMITED:
        lines.append(("in liquidations", words.depth(band.liquidation_depth)))
    for place, (pool, _, minimum) in enumerate(pools):
        if int(pool, 16):
            lines.append(
                (words.SOURCES[1 << place], f"{_name(book, pool)}, {_valid(band.sources, 1 << place)}, wants a depth of {words.money(minimum)}")
            )
    if int(feed[0], 16):
        heartbeat = f"heartbeat {words.duration(feed[2])}"
        lines.append((words.SOURCES[4], f"{_name(book, feed[0])}, {_valid(band.sources, 4)}, {_told(rpc, feed[0])}, {heartbeat}"))
    if not int(pools[0][0], 16) and not int(feed[0], 16) and band.low:
        lines.append(("price", "fixed"))
    lines.append(("new risk", "; ".join(words.why(band.why)) or "open"))
    return [f"{name:<{WIDTH}} {text}" for name, text in lines]


def _name(book: AddressBook, address: str) -> str:
    known = {book.address(n).lower(): n for n in book.names}
    return f"{known[address.lower()]} {words.short(address)}" if address.lower() in known else words.short(address)


def _valid(sources: int, bit: int) -> str:
    return "valid" if sources & bit else "not valid now"


def _told(rpc: Rpc, feed: str) -> str:
    try:
        said = feeds.ask(rpc, feed)
    except FeedError:
        return "no answer"
    return f"{words.money(said.price_wad, 4)}, {words.duration(rpc.timestamp() - said.updated_ts)} ago"


def helpers(rpc: Rpc, book: AddressBook, compiled: Artifacts, console: Console) -> dict[str, Callable[..., None]]:
    """The functions by name. They print; what a user can mend is said in one line."""

    guarded = in_one_line(console)

    def band(asset: Any) -> None:
        """Prices of an asset for one whole token, who tells them, and why new risk is blocked."""
        oracle = book.contract("PriceOracle", rpc, compiled)
        for line in band_lines(rpc, book, oracle, _token(book, asset).address):
            console.print(line, soft_wrap=True)

    def feed(asset: Any, price: Any = None) -> None:
        """What the feed of an asset says; with a price, what the feed of a development chain is to say from now on."""
        token = _token(book, asset)
        if token.role not in book.feeds:
            raise Problem(f"{token.symbol} has no price feed")
        address, decimals = (book.feeds[token.role][k] for k in ("address", "decimals"))
        if price is not None:
            if not book.has(feed_name(token.role)) or rpc.chain_id != DEV_CHAIN_ID:
                raise Problem("only the feed of a development chain says what it is told")
            told = compiled.at("ScriptedFeed", address, rpc)
            Wallet(rpc, DEV_KEYS[0]).transact(address, told.data("set_answer", _answer(price, decimals)))
        console.print(_told(rpc, address))

    return {"band": guarded(band), "feed": guarded(feed)}


def _token(book: AddressBook, asset: Any) -> Token:
    """By the contract, its address, symbol or role."""
    name = str(getattr(asset, "address", asset)).lower()
    for token in book.tokens:
        if name in (token.address.lower(), token.role, token.symbol.lower()):
            return token
    raise Problem(f"'{asset}' is no token of {book.shown}")


def _answer(price: Any, decimals: int) -> int:
    try:
        return int(Decimal(str(price)).scaleb(decimals))
    except (InvalidOperation, ValueError):
        raise Problem(f"'{price}' is no price") from None
