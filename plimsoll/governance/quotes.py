"""What isolated markets may be opened with: the quotes and rate models that the owner of their factory lists.

The factory takes any quote and any rate model. What no market could use, and so would be found out only by whoever opens one, is refused here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plimsoll import feeds, words
from plimsoll.abi import Artifacts
from plimsoll.addresses import Token, is_address
from plimsoll.cli import DONE
from plimsoll.errors import Problem
from plimsoll.governance import changes, listing
from plimsoll.governance.changes import FACTORY, OWNER, ZERO, Change, Row, Unchanged
from plimsoll.governance.desk import Desk, Request, on_desk
from plimsoll.governance.live_isolated import known
from plimsoll.isolated_markets import factory_of
from plimsoll.presets import MAX_RATE_PERCENT, WAD
from plimsoll.rpc import Rpc, RpcDead, RpcError, call_request, to_bytes
from plimsoll.wiring import NOT_LISTED, MarketQuote

# contracts/modules/price_sources.vy: a fixed price is kept in steps
QUOTE_STEP = 1_000_000
MAX_STEPS = 2**90 - 1
# Where a price is so far from the market's own oracle's, somebody has probably mistyped it
WARNING_PERCENT = 5
# Where the configurator of a market asks a rate model
UTILISATIONS = tuple(percent * WAD // 100 for percent in (0, 50, 80, 90, 100))
FROM_THEN_ON = "markets that are open keep theirs: it counts for those opened from then on"


@dataclass(frozen=True)
class Wish:
    """What `quote` is asked for: a price, a feed and its settings, or neither any more."""

    price: str | None = None
    feed: str | None = None
    heartbeat: int | None = None
    least: str | None = None
    most: str | None = None
    remove: bool = False


# ---------------------------------------------------------------------- changes


def quote(desk: Desk, text: str, wish: Wish) -> Change:
    factory = factory_of(desk.book, desk.rpc, desk.artifacts)
    token = _token(desk, text)
    now = MarketQuote(*factory.call("quote_of", token.address))
    then, price = (NOT_LISTED, 0) if wish.remove else _wanted(desk, token, now, wish)
    if now == then:
        raise Unchanged(f"{token.symbol} is {'listed so' if now.listed else 'no quote of isolated markets'} already")
    rows = (Row(f"{token.symbol} as a quote of isolated markets", quote_text(desk.rpc, token, now), quote_text(desk.rpc, token, then)),)
    title, address = f"{token.symbol} as a quote of isolated markets", token.address
    if not then.listed:
        return Change(OWNER, "remove_quote", (address,), title, rows, notes=(FROM_THEN_ON,), target=FACTORY)
    notes = (FROM_THEN_ON, *_warnings(desk, token, then, price))
    if then.price:
        return Change(OWNER, "set_quote", (address, then.price), title, rows, notes=notes, target=FACTORY)
    return Change(OWNER, "set_quote_feed", (address, *then[2:]), title, rows, notes=notes, target=FACTORY)


def _token(desk: Desk, text: str) -> Token:
    """Of the main market, or any other."""
    if is_address(text) and desk.book.token_at(text) is None:
        return listing.read_token(desk.rpc, desk.artifacts, "quote", desk.address(text), "the quote ")
    return desk.token(text)


def _wanted(desk: Desk, token: Token, now: MarketQuote, wish: Wish) -> tuple[MarketQuote, int]:
    """And what a whole token is worth by it now, WAD."""
    if wish.price is not None:
        price = fixed_price(wish.price, token)
        return MarketQuote(True, price, ZERO, 0, 0, 0), price * token.unit // WAD
    held = None
    if now.feed != ZERO:
        held = changes.Feed(now.feed, False, now.heartbeat, now.min_answer, now.max_answer, _decimals(desk.rpc, now.feed))
    address, feed, told = desk.asked_feed(token, held, wish.feed, wish.heartbeat, wish.least, wish.most, False)
    return MarketQuote(True, 0, address, feed.heartbeat_seconds, *feeds.bounds(feed, told.decimals)), told.price_wad


def fixed_price(text: str, token: Token) -> int:
    """Units of account for a whole token, to the WAD value of 1e18 raw units that the factory takes."""
    wad = words.raw_units(text, 18)
    if not wad:
        raise Problem(f"--price '{text}' is no price: give units of account above 0 for one {token.symbol}, with at most 18 places")
    price = wad * WAD // token.unit
    if price % QUOTE_STEP:
        raise Problem(f"--price '{text}' is finer than an oracle keeps: for a token of {token.decimals} decimals give at most 12 places")
    if price // QUOTE_STEP > MAX_STEPS:
        most = words.money(MAX_STEPS * QUOTE_STEP * token.unit // WAD, 2)
        raise Problem(f"--price '{text}' is larger than an oracle keeps: for a token of {token.decimals} decimals at most {most}")
    return price


def _decimals(rpc: Rpc, feed: str) -> int:
    try:
        return feeds.ask(rpc, feed).decimals
    except feeds.FeedError:
        # one that has died is to be replaced: as most count
        return feeds.TEST_DECIMALS


def quote_text(rpc: Rpc, token: Token, held: MarketQuote) -> str:
    if not held.listed:
        return "not listed"
    if held.price:
        return f"{(Decimal(held.price) * token.unit).scaleb(-36).normalize():,f} units of account, fixed"
    return changes.Feed(held.feed, False, held.heartbeat, held.min_answer, held.max_answer, _decimals(rpc, held.feed)).text()


def _warnings(desk: Desk, token: Token, then: MarketQuote, price: int) -> list[str]:
    """What the main market says of the token, where it lists it."""
    if desk.book.token_at(token.address) is None:
        return []
    band = desk.contract(changes.ORACLE).call("band", token.address)
    low, high = (p * token.unit // WAD for p in (band.low, band.high))
    found = []
    if then.price and desk.source(token, 0) is not None:
        found.append(f"WARNING: a pool prices {token.symbol} in the main market: a fixed price does not follow it")
    if low and not low * (100 - WARNING_PERCENT) <= price * 100 <= high * (100 + WARNING_PERCENT):
        there = words.money(low, 4) if low == high else f"{words.money(low, 4)} to {words.money(high, 4)}"
        found.append(f"WARNING: the main market's oracle prices {token.symbol} at {there}, this would at {words.money(price, 4)}")
    return found


def rate_model(desk: Desk, text: str, listed: bool) -> Change:
    factory = factory_of(desk.book, desk.rpc, desk.artifacts)
    address = desk.address(text)
    if bool(factory.call("is_rate_model", address)) == listed:
        raise Unchanged(f"the rate model {text} is {'listed' if listed else 'not listed'} already")
    said = {True: "listed", False: "not listed"}
    row = Row(f"rate model {address} for isolated markets", said[not listed], said[listed])
    notes = [FROM_THEN_ON]
    if listed:
        rates = rates_of(desk.rpc, desk.artifacts, address)
        problem = rates_problem(rates)
        if problem is not None:
            raise Problem(f"no market could have {text} as its rate model: {problem}")
        notes.insert(0, rates_text(rates))
    return Change(OWNER, "set_rate_model", (address, listed), "rate model of isolated markets", (row,), notes=tuple(notes), target=FACTORY)


def rates_of(rpc: Rpc, artifacts: Artifacts, model: str) -> list[int | None]:
    """WAD a year, where the configurator of a market asks; None: no answer."""
    contract = artifacts.at("JumpRateModel", model, rpc)
    answers = rpc.batch([call_request(model, contract.data("borrow_rate_wad", at)) for at in UTILISATIONS], errors=True)
    for answer in answers:
        if isinstance(answer, RpcDead):
            raise answer
    return [None if isinstance(a, RpcError) or len(to_bytes(a)) != 32 else int(a, 16) for a in answers]


def rates_problem(rates: Sequence[int | None]) -> str | None:
    """As PoolConfigurator refuses it; None: it does not."""
    known = [r for r in rates if r is not None]
    if len(known) < len(rates):
        return "it does not answer borrow_rate_wad"
    if max(known) > MAX_RATE_PERCENT * WAD // 100:
        return f"it asks more than {MAX_RATE_PERCENT:,} % a year"
    if known != sorted(known):
        return "its rate falls where more is borrowed"
    return None


def rates_text(rates: Sequence[int | None]) -> str:
    said = ("?" if r is None else words.percent(r, 2) for r in rates)
    return "borrowers pay " + ", ".join(f"{r} at {u * 100 // WAD} %" for r, u in zip(said, UTILISATIONS, strict=True)) + " of use"


# ---------------------------------------------------------------------- what is listed


def listed(request: Request) -> int:
    """What a market may be opened with now."""
    return on_desk(request, _listed)


def _listed(desk: Desk) -> int:
    quotes, models = known(desk.rpc, desk.book, desk.artifacts)
    named = {desk.book.address(n): n for n in desk.book.names}
    told: dict[str, Any] = {"chain_id": desk.book.chain_id, "quotes": [], "rate_models": []}
    lines = []
    for address, held in quotes.items():
        if held.listed:
            token = _token(desk, address)
            figures = {"address": address, "symbol": token.symbol, "decimals": token.decimals, **held._asdict()}
            told["quotes"].append({k: str(v) if k in ("price", "min_answer", "max_answer") else v for k, v in figures.items() if k != "listed"})
            lines.append(f"quote       {token.symbol}, {address}: {quote_text(desk.rpc, token, held)}")
    for address, is_listed in models.items():
        if is_listed:
            rates = rates_of(desk.rpc, desk.artifacts, address)
            texts = [None if r is None else str(r) for r in rates]
            told["rate_models"].append({"address": address, "name": named.get(address), "rates_wad": texts})
            lines.append(f"rate model  {named.get(address, 'not in the address book')}, {address}: {rates_text(rates)}")
    if desk.request.as_json:
        print(json.dumps(told, indent=2))
    for line in [] if desk.request.as_json else lines or ["the factory lists no quote and no rate model: no market can be opened"]:
        desk.console.print(line, soft_wrap=True, markup=False)
    return DONE
