"""What the factory of isolated markets lists: as config/<network>.yaml has to say it, and compared with what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plimsoll import feeds, words
from plimsoll.abi import Artifacts, read
from plimsoll.addresses import AddressBook, Token
from plimsoll.errors import Problem
from plimsoll.feeds import FeedError
from plimsoll.governance.listing import read_token
from plimsoll.governance.live import QUOTED, Value, exact, feed_decimals, number
from plimsoll.isolated_markets import factory_of
from plimsoll.names import model_name
from plimsoll.networks import NO_QUOTE, IsolatedQuote, Network
from plimsoll.presets import WAD, Preset
from plimsoll.rpc import Rpc
from plimsoll.wiring import NOT_LISTED, ZERO, Found, MarketQuote, has_extras, isolated_quote


def known(rpc: Rpc, book: AddressBook, artifacts: Artifacts) -> tuple[dict[str, MarketQuote], dict[str, bool]]:
    """Whatever was ever listed, as it is now: quotes by token, and whether each rate model is listed."""
    factory = factory_of(book, rpc, artifacts)
    topics = [factory.interface.topic(n) for n in ("QuoteSet", "RateModelSet")]
    events = factory.interface.decode_logs(rpc.logs(factory.address, [topics], book.block, rpc.block_number()))
    tokens = list(dict.fromkeys(e.quote for e in events if e.name == "QuoteSet"))
    models = list(dict.fromkeys(e.rate_model for e in events if e.name == "RateModelSet"))
    answers = read(rpc, [*(factory.request("quote_of", t) for t in tokens), *(factory.request("is_rate_model", m) for m in models)])
    quotes = {t: MarketQuote(*a) for t, a in zip(tokens, answers, strict=False)}
    return quotes, {m: bool(a) for m, a in zip(models, answers[len(tokens) :], strict=True)}


# ---------------------------------------------------------------------- comparing


def as_changed(rpc: Rpc, book: AddressBook, network: Network, checks: Sequence[Found]) -> list[Found]:
    """What `wiring` compares, with what the network's file says of quotes and rate models in the place of what was deployed."""
    wanted: dict[str, Any] = {}
    for address, quote in network.quotes.items():
        token = book.token_at(address)
        if token is not None:
            wanted[f"'{token.role}' as a quote of isolated markets"] = _quote_wanted(rpc, book, token, quote)
    for name in book.names:
        if book.address(name) in network.rate_models:
            wanted[f"rate model of '{name.removeprefix(model_name(''))}' in isolated markets"] = network.rate_models[book.address(name)]
    return [(what, found, wanted.get(what, expected)) for what, found, expected in checks]


def checks_beside(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Found]:
    """What the factory of isolated markets lists beside what was deployed: nothing but what the network's file says."""
    if not has_extras(book):
        return []
    quotes, models = known(rpc, book, compiled)
    deployed_quotes, deployed_models = _deployed(book, preset)
    checks: list[Found] = []
    for address in dict.fromkeys((*quotes, *network.quotes)):
        if address not in deployed_quotes:
            token = _token_at(rpc, book, compiled, address)
            wanted = _quote_wanted(rpc, book, token, network.quotes.get(address, NO_QUOTE))
            checks.append((f"{token.symbol} ({address}) as a quote of isolated markets", tuple(quotes.get(address, NOT_LISTED)), wanted))
    for address in dict.fromkeys((*models, *network.rate_models)):
        if address not in deployed_models:
            wanted_model = network.rate_models.get(address, False)
            checks.append((f"rate model {address} in isolated markets", models.get(address, False), wanted_model))
    return checks


def _deployed(book: AddressBook, preset: Preset) -> tuple[dict[str, MarketQuote], set[str]]:
    """The quotes by token, and the rate models, that the factory of isolated markets was deployed with."""
    tokens = {a.role: book.token(a.role) for a in preset.assets}
    quotes = {tokens[a.role].address: isolated_quote(a, tokens[a.role], book) for a in preset.assets if a.quote is None}
    return quotes, {book.address(model_name(a.role)) for a in preset.assets}


def _token_at(rpc: Rpc, book: AddressBook, compiled: Artifacts, address: str) -> Token:
    known_token = book.token_at(address)
    if known_token is not None:
        return known_token
    try:
        return read_token(rpc, compiled, "quote", address)
    except Problem:
        # the factory takes any address: one that is no token must not hide the rest
        return Token("quote", address, words.short(address), 18)


def _quote_wanted(rpc: Rpc, book: AddressBook, token: Token, quote: IsolatedQuote) -> Any:
    if quote.fixed_price_wad is not None:
        return tuple(MarketQuote(True, quote.fixed_price_wad * WAD // token.unit, ZERO, 0, 0, 0))
    if quote.feed is None:
        return tuple(NOT_LISTED)
    try:
        decimals = feed_decimals(rpc, book, quote.feed.address)
    except FeedError as e:
        return str(e)
    return True, 0, quote.feed.address, quote.feed.heartbeat_seconds, *feeds.bounds(quote.feed.feed(), decimals)


# ---------------------------------------------------------------------- writing


def section(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset) -> dict[str, dict[str, Value]]:
    """What the factory of isolated markets lists in another way than was deployed."""
    quotes, models = known(rpc, book, compiled)
    deployed_quotes, deployed_models = _deployed(book, preset)
    found: dict[str, dict[str, Value]] = {"quotes": {}, "rate_models": {}}
    for address, held in quotes.items():
        if held != deployed_quotes.get(address, NOT_LISTED):
            found["quotes"][QUOTED.format(address)] = _quote_written(rpc, book, _token_at(rpc, book, compiled, address), held)
    for address, listed in models.items():
        if listed != (address in deployed_models):
            found["rate_models"][QUOTED.format(address)] = listed
    return {name: group for name, group in found.items() if group}


def _quote_written(rpc: Rpc, book: AddressBook, token: Token, held: MarketQuote) -> Value:
    if not held.listed:
        return "none"
    if held.price:
        return {"fixed_price": number(exact(held.price * token.unit, 36))}
    decimals = feed_decimals(rpc, book, held.feed)
    return {
        "address": QUOTED.format(held.feed),
        "heartbeat_seconds": str(held.heartbeat),
        "minimum_price": number(exact(held.min_answer, decimals)),
        "maximum_price": number(exact(held.max_answer, decimals)),
    }
