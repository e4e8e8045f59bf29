"""What config/<network>.yaml has to say for the chain as it is: `ape run market config` writes it, `ape run check` compares by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from plimsoll import feeds, wiring
from plimsoll.abi import Artifacts, Call, Contract, read
from plimsoll.addresses import AddressBook, Token
from plimsoll.errors import Problem
from plimsoll.names import vault_name
from plimsoll.networks import ACTIONS, NO_FEED, NO_SOURCE, FeedTerms, Network, Source
from plimsoll.presets import DEPTH_MODES, MAX_LTV_BPS_WITHOUT_FEED, WAD, Preset
from plimsoll.rpc import Rpc, RpcDead, RpcError, call_request, to_bytes
from plimsoll.wiring import ZERO, Found

# A value of the YAML, as it is to stand there
Value = str | bool | list[str] | dict[str, Any]
# Digits that a number of YAML keeps
DIGITS = 15
QUOTED = '"{}"'


# ---------------------------------------------------------------------- comparing


def as_changed(rpc: Rpc, book: AddressBook, network: Network, checks: Sequence[Found]) -> list[Found]:
    """What `wiring` compares, with what the network's file says of sources and feeds in the place of what was deployed."""
    wanted: dict[str, Any] = {}
    for role, terms in network.terms.items():
        if terms.source is not None:
            wanted[f"source of '{role}'"] = _source_wanted(book, terms.source)
        if terms.second_source is not None:
            wanted[f"second source of '{role}'"] = _source_wanted(book, terms.second_source)
        if terms.feed is not None:
            wanted[f"feed of '{role}'"] = _feed_wanted(rpc, book, terms.feed)
    more = sum(terms.token is not None for terms in network.terms.values())
    return [(what, found, expected + more if what == "number of reserves" else wanted.get(what, expected)) for what, found, expected in checks]


def _source_wanted(book: AddressBook, source: Source) -> tuple[str, str, int]:
    return wiring.NO_SOURCE if source == NO_SOURCE else (source.pool, book.token(source.quote).address, source.minimum_depth_wad)


def _feed_wanted(rpc: Rpc, book: AddressBook, feed: FeedTerms) -> Any:
    if feed == NO_FEED:
        return wiring.NO_FEED
    try:
        decimals = feed_decimals(rpc, book, feed.address)
    except feeds.FeedError as e:
        return str(e)
    return feed.address, feed.in_quote, feed.heartbeat_seconds, *feeds.kept_bounds(feed.feed(), decimals)


def feed_decimals(rpc: Rpc, book: AddressBook, address: str) -> int:
    """From the book, where it knows the feed: one that has died is told of, too."""
    known = next((int(entry["decimals"]) for entry in book.feeds.values() if entry["address"] == address), None)
    return feeds.ask(rpc, address).decimals if known is None else known


def with_listed(preset: Preset, network: Network) -> Preset:
    """With the feeds as they are now, and with what was listed since: for what asks for terms and prices, not for how it was deployed."""
    assets = []
    for asset in preset.assets:
        feed = network.terms_of(asset.role).feed
        assets.append(asset if feed is None else replace(asset, feed=None if feed == NO_FEED else feed.feed()))
    return replace(preset, assets=(*assets, *network.listed(preset)))


def feed_address(book: AddressBook, network: Network, role: str) -> str:
    feed = network.terms_of(role).feed
    return feed.address if feed is not None else str(book.feeds[role]["address"])


def listed_checks(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Found]:
    """What was listed since the deployment: where it stands in the pool, and what prices it."""
    oracle, pool = (book.contract(n, rpc, compiled) for n in ("PriceOracle", "LendingPool"))
    checks: list[tuple[str, Call, Any]] = []
    for number, asset in enumerate(network.listed(preset), len(preset.assets)):
        role, terms, token = asset.role, network.terms_of(asset.role), book.token(asset.role)
        fixed = asset.fixed_price_wad * WAD // token.unit if asset.fixed_price_wad is not None else 0
        checks += [
            (f"reserve {number}", pool.request("reserve_at", number), terms.token),
            (f"price of '{role}'", oracle.request("quote_price", token.address), fixed),
            (f"source of '{role}'", oracle.request("source_of", token.address, 0), _source_wanted(book, terms.source or NO_SOURCE)),
            (
                f"second source of '{role}'",
                oracle.request("source_of", token.address, 1),
                _source_wanted(book, terms.second_source or NO_SOURCE),
            ),
            (f"feed of '{role}'", oracle.request("feed_of", token.address), _feed_wanted(rpc, book, terms.feed or NO_FEED)),
        ]
        if wiring.has_extras(book):
            name = vault_name(role)
            wanted = book.address(name) if book.has(name) else f"in {book.shown} (`ape run market vault {role}`)"
            vaults = book.contract("ReserveVaultFactory", rpc, compiled)
            checks.append((f"vault of '{role}'", vaults.request("vault_of", pool.address, token.address), wanted))
    answers = read(rpc, [c[1] for c in checks])
    return [(what, tuple(a) if isinstance(a, tuple) else a, wanted) for (what, _, wanted), a in zip(checks, answers, strict=True)]


def feed_checks(rpc: Rpc, book: AddressBook, compiled: Artifacts) -> list[Found]:
    """Of assets with an LTV above 65 %, be it in liquidations alone: has the oracle a feed? The configurator lets no other asset in, and no
    other oracle; but the oracle, which knows no pool, lets its owner take a feed away."""
    configurator, oracle = (book.contract(n, rpc, compiled) for n in ("PoolConfigurator", "PriceOracle"))
    now = read(rpc, [configurator.request("configuration", t.address) for t in book.tokens])
    above = [t for t, c in zip(book.tokens, now, strict=True) if max(c.ltv_bps, c.liquidation_ltv_bps) > MAX_LTV_BPS_WITHOUT_FEED]
    said = {True: "there", False: "missing"}
    return [(f"feed that '{t.role}' needs above 65 %", said[has_feed(rpc, oracle, t.address)], said[True]) for t in above]


def has_feed(rpc: Rpc, oracle: Contract, asset: str) -> bool:
    """As the configurator asks: one word, a 1; anything else is no."""
    (answer,) = rpc.batch([call_request(oracle.address, oracle.data("has_feed", asset))], errors=True)
    if isinstance(answer, RpcDead):
        raise answer
    return not isinstance(answer, RpcError) and to_bytes(answer) == (1).to_bytes(32, "big")


# ---------------------------------------------------------------------- writing


def sections(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> dict[str, Any]:
    """The groups `roles` and `market` that the network's file has to have, as they are to be written."""
    return {"roles": _roles(rpc, book, compiled, network), "market": _market(rpc, book, compiled, preset)}


def _roles(rpc: Rpc, book: AddressBook, compiled: Artifacts, network: Network) -> dict[str, Value]:
    """Who the owner is no contract tells, only whether somebody is one: he is as the file has him."""
    configurator, timelock = (book.contract(n, rpc, compiled) for n in ("PoolConfigurator", "Timelock"))
    deployed = wiring.governance(book)
    found: dict[str, Value] = {}
    if network.owner is not None:
        found["owner"] = QUOTED.format(network.owner)
    for name in ("steward", "guardian"):
        held = configurator.call(name)
        if held != deployed[name]:
            found[name] = QUOTED.format(held)
    delay = int(timelock.call("get_minimum_delay"))
    if delay != deployed["delay_seconds"] or network.delay_seconds is not None:
        found["delay_seconds"] = str(delay)
    return found


def _market(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset) -> dict[str, dict[str, Value]]:
    configurator, oracle = (book.contract(n, rpc, compiled) for n in ("PoolConfigurator", "PriceOracle"))
    roles = [t.role for t in book.tokens]
    known = [a.role for a in preset.assets]
    now = dict(zip(roles, read(rpc, [configurator.request("configuration", t.address) for t in book.tokens]), strict=True))
    # what was deployed, by the words of `ape run check`
    deployed = {
        what: expected for what, _, expected in [*wiring.wiring(rpc, book, compiled, preset), *wiring.terms(rpc, book, compiled, preset)]
    }
    found: dict[str, dict[str, Value]] = {}
    for token in book.tokens:
        role, c = token.role, now[token.role]
        written: dict[str, Value] = {}
        if role not in known:
            written["token"] = QUOTED.format(token.address)
            price = oracle.call("quote_price", token.address)
            if price:
                written["fixed_price"] = number(exact(price * token.unit, 36))
        for key, what, held, text in _settings(c, token):
            before = deployed[f"{what} of '{role}'"] if role in known else None
            if held != before:
                written[key] = text
        for key, what, place in (("source", "source", 0), ("second_source", "second source", 1)):
            held = tuple(oracle.call("source_of", token.address, place))
            if held != deployed.get(f"{what} of '{role}'", wiring.NO_SOURCE):
                written[key] = _source_text(book, held)
        held = tuple(oracle.call("feed_of", token.address))
        if held != deployed.get(f"feed of '{role}'", wiring.NO_FEED):
            written["feed"] = _feed_text(rpc, book, held)
        if c.frozen:
            written["frozen"] = True
        if c.paused_actions:
            written["paused"] = [name for i, name in enumerate(ACTIONS) if c.paused_actions >> i & 1]
        if written:
            found[role] = written
    return found


def _settings(c: Any, token: Token) -> list[tuple[str, str, Any, Value]]:
    """(key of the file, what it is called in `ape run check`, what holds, as it is to be written)."""
    modes = {n: name for name, n in DEPTH_MODES.items()}

    def tokens(raw: int) -> str:
        return number(exact(raw, token.decimals))

    def percent(bps: int) -> str:
        return number(Decimal(bps) / 100)

    return [
        ("ltv_percent", "LTV", c.ltv_bps, percent(c.ltv_bps)),
        ("bonus_percent", "bonus", c.bonus_bps, percent(c.bonus_bps)),
        ("reserve_factor_percent", "reserve factor", c.reserve_factor_bps, percent(c.reserve_factor_bps)),
        ("rate_model", "rate model", c.rate_model, QUOTED.format(c.rate_model)),
        ("depth_mode", "depth mode", c.depth_mode, QUOTED.format(modes[c.depth_mode])),
        ("origination_fee_bps", "origination fee", c.origination_fee_bps, str(c.origination_fee_bps)),
        ("stakers", "stakers", c.stakers, QUOTED.format(c.stakers)),
        ("supply_cap", "supply cap", c.supply_cap, tokens(c.supply_cap)),
        ("debt_cap", "debt cap", c.debt_cap, tokens(c.debt_cap)),
    ]


def exact(raw: int, places: int) -> Decimal:
    """To the last digit: what Decimal computes has 28."""
    return Decimal(f"{raw}E-{places}")


def number(value: Decimal) -> str:
    """Exactly; in quotes where YAML would round it."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if len(text.replace(".", "").lstrip("0")) <= DIGITS or "." not in text else QUOTED.format(text)


def _source_text(book: AddressBook, held: tuple[Any, ...]) -> Value:
    pool, quote, depth = held
    if pool == ZERO:
        return "none"
    token = book.token_at(quote)
    if token is None:
        raise Problem(f"a source is against {quote}, which {book.shown} does not know")
    return {"pool": QUOTED.format(pool), "quote": token.role, "minimum_depth": number(exact(depth, 18))}


def _feed_text(rpc: Rpc, book: AddressBook, held: tuple[Any, ...]) -> Value:
    address, in_quote, heartbeat, least, most = held
    if address == ZERO:
        return "none"
    decimals = feeds.ask(rpc, address).decimals
    written: dict[str, Value] = {
        "address": QUOTED.format(address),
        "heartbeat_seconds": str(heartbeat),
        "minimum_price": number(exact(least, decimals)),
        "maximum_price": number(exact(most, decimals)),
    }
    return {**written, "in_quote": True} if in_quote else written


def yaml_text(groups: Mapping[str, Any]) -> str:
    """The groups as YAML, an asset a block."""
    lines = []
    for name, group in groups.items():
        if not group:
            lines.append(f"{name}: {{}}")
            continue
        lines.append(f"{name}:")
        for key, value in group.items():
            if isinstance(value, dict):
                lines.append(f"  {key}:")
                lines += [f"    {k}: {_plain(v)}" for k, v in value.items()]
            else:
                lines.append(f"  {key}: {_plain(value)}")
    return "\n".join(lines) + "\n"


def _plain(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {_plain(v)}" for k, v in value.items()) + " }"
    return value
