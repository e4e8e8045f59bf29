"""config/<network>.yaml: what a network's deployment is to be. `ape run deploy` begins with it, `ape run check` holds the chain against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from eth_utils.address import is_checksum_address

from plimsoll.errors import Problem
from plimsoll.presets import (
    BPS,
    DEPTH_MODES,
    LTV_MARGIN_BPS,
    MAX_BONUS_BPS,
    MAX_CAP_SIX,
    MAX_HEARTBEAT,
    MAX_ORIGINATION_FEE_BPS,
    MIN_BONUS_BPS,
    MIN_DEPTH,
    MIN_HEARTBEAT,
    WAD,
    Asset,
    Feed,
    Preset,
    Rates,
    cap_of,
    delay_of,
)
from plimsoll.sections import ROOT, Section, read_yaml, shown

NETWORKS = ROOT / "config"
# What the guardian may pause, in the order of IPoolConfigurator's bits
ACTIONS = ("supply", "borrow", "collateral", "flash")
MAX_AGE_SECONDS = 30 * 86_400
ZERO = "0x" + "00" * 20
Group = TypeVar("Group")


class NetworkError(Problem):
    """File, path in the file, value, bound."""


@dataclass(frozen=True)
class Source:
    """A pool that prices an asset."""

    pool: str
    # role
    quote: str
    minimum_depth_wad: int


@dataclass(frozen=True)
class FeedTerms:
    """A feed, and what the oracle believes of it. Prices are WAD per whole token."""

    address: str
    heartbeat_seconds: int
    minimum_price_wad: int
    maximum_price_wad: int
    in_quote: bool

    def feed(self) -> Feed:
        return Feed({}, self.heartbeat_seconds, self.minimum_price_wad, self.maximum_price_wad, self.in_quote, None)


@dataclass(frozen=True)
class IsolatedQuote:
    """How the factory of isolated markets prices a quote: by one of the two, or it does not list it."""

    # units of account for a whole token
    fixed_price_wad: int | None = None
    feed: FeedTerms | None = None


# The asset had one, and has none any more
NO_SOURCE = Source(ZERO, "", 0)
NO_FEED = FeedTerms(ZERO, 0, 0, 0, False)
NO_QUOTE = IsolatedQuote()


@dataclass(frozen=True)
class Terms:
    """What governance has changed of an asset since the deployment; None: as the preset has it. With a token: an asset that it has listed."""

    ltv_bps: int | None = None
    bonus_bps: int | None = None
    reserve_factor_bps: int | None = None
    origination_fee_bps: int | None = None
    supply_cap_wad: int | None = None
    debt_cap_wad: int | None = None
    depth_mode: str | None = None
    stakers: str | None = None
    rate_model: str | None = None
    frozen: bool = False
    paused: tuple[str, ...] = ()
    token: str | None = None
    fixed_price_wad: int | None = None
    source: Source | None = None
    second_source: Source | None = None
    feed: FeedTerms | None = None


@dataclass(frozen=True)
class Network:
    name: str
    description: str
    chain_id: int
    # None: the one that was deployed
    preset: str | None = None
    treasury: str | None = None
    wrapped_native: str | None = None
    tokens: dict[str, str] = field(default_factory=dict)
    feeds: dict[str, str] = field(default_factory=dict)
    # None: the deployer's account, as when deployed
    owner: str | None = None
    steward: str | None = None
    guardian: str | None = None
    delay_seconds: int | None = None
    terms: dict[str, Terms] = field(default_factory=dict)
    # of isolated markets: what their factory lists in another way than was deployed, by address
    quotes: dict[str, IsolatedQuote] = field(default_factory=dict)
    rate_models: dict[str, bool] = field(default_factory=dict)
    # the oldest that the oracle's last look at an asset may be; None: any
    oracle_age_seconds: int | None = None
    # assets whose new risk may be closed by the oracle without being a difference
    may_be_blocked: tuple[str, ...] = ()

    def terms_of(self, role: str) -> Terms:
        return self.terms.get(role, Terms())

    def applied_to(self, preset: Preset) -> Preset:
        """The preset as governance has changed it; what was listed since is not in it."""
        return replace(preset, assets=tuple(_changed(a, self.terms_of(a.role)) for a in preset.assets))

    def listed(self, preset: Preset) -> tuple[Asset, ...]:
        """What governance has listed, in the order of the file."""
        roles = [a.role for a in preset.assets]
        found = []
        for role, terms in self.terms.items():
            if role in roles and terms.token is not None:
                raise NetworkError(f"{self.name}.yaml: market.{role}.token is for an asset that the preset '{preset.name}' does not list")
            if role not in roles and terms.token is None:
                raise NetworkError(
                    f"{self.name}.yaml names '{role}', which is no asset of the preset '{preset.name}': of one listed since, name its token"
                )
            if role not in roles:
                found.append(_listed(self.name, role, terms))
        return tuple(found)


def _changed(asset: Asset, terms: Terms) -> Asset:
    names = ("ltv_bps", "bonus_bps", "reserve_factor_bps", "origination_fee_bps", "supply_cap_wad", "debt_cap_wad", "depth_mode")
    found = {n: getattr(terms, n) for n in names if getattr(terms, n) is not None}
    return replace(asset, **found)


def _listed(name: str, role: str, terms: Terms) -> Asset:
    needed = ("ltv_bps", "bonus_bps", "reserve_factor_bps", "rate_model")
    missing = [n.replace("_bps", "_percent") for n in needed if getattr(terms, n) is None]
    if missing:
        raise NetworkError(f"{name}.yaml: market.{role}.{missing[0]} is missing: nothing else says it of an asset listed since the deployment")
    source = None if terms.source == NO_SOURCE else terms.source
    feed = None if terms.feed == NO_FEED else terms.feed
    return Asset(
        role=role,
        ltv_bps=terms.ltv_bps or 0,
        bonus_bps=terms.bonus_bps or 0,
        reserve_factor_bps=terms.reserve_factor_bps or 0,
        rates=Rates(0, 0, 0, 0),
        seed_wad=0,
        fixed_price_wad=terms.fixed_price_wad,
        quote=source.quote if source is not None else None,
        minimum_depth_wad=source.minimum_depth_wad if source is not None else 0,
        test_token=None,
        test_market=None,
        feed=feed.feed() if feed is not None else None,
        depth_mode=terms.depth_mode or "new_risk",
        origination_fee_bps=terms.origination_fee_bps or 0,
        supply_cap_wad=terms.supply_cap_wad or 0,
        debt_cap_wad=terms.debt_cap_wad or 0,
    )


def find(chain_id: int, folder: Path = NETWORKS) -> Network | None:
    """The network of a chain; None if there is no file for it."""
    found = [n for n in (load(path) for path in sorted(folder.glob("*.yaml"))) if n.chain_id == chain_id]
    if len(found) > 1:
        raise NetworkError(f"{found[0].name}.yaml and {found[1].name}.yaml are both of chain {chain_id}: name one with --config")
    return found[0] if found else None


def load(path: Path) -> Network:
    if not path.is_file():
        raise NetworkError(f"there is no file {shown(path)}")
    return parse(read_yaml(path, NetworkError), path.stem, shown(path))


def parse(content: Any, name: str, file: str) -> Network:
    """A network from the content of a YAML file."""
    top = Section(content, file, "", NetworkError)
    roles = top.section("roles") if top.has("roles") else Section({}, file, "roles", NetworkError)
    check = top.section("check") if top.has("check") else Section({}, file, "check", NetworkError)
    isolated = top.section("isolated") if top.has("isolated") else Section({}, file, "isolated", NetworkError)
    group = top.section("market") if top.has("market") else Section({}, file, "market", NetworkError)

    def address(section: Section, key: str) -> str | None:
        return section.address(key) if section.has(key) else None

    age = check.number("oracle_age_seconds", 1, "60", str(MAX_AGE_SECONDS), " s") if check.has("oracle_age_seconds") else None
    network = Network(
        name=name,
        description=top.text("description", 200),
        chain_id=top.number("chain_id", 1, "1", str(2**63 - 1)),
        preset=top.text("preset", 200) if top.has("preset") else None,
        treasury=address(top, "treasury"),
        wrapped_native=address(top, "wrapped_native"),
        tokens=_by_role(top, "tokens"),
        feeds=_by_role(top, "feeds"),
        owner=address(roles, "owner"),
        steward=address(roles, "steward"),
        guardian=address(roles, "guardian"),
        delay_seconds=delay_of(roles) if roles.has("delay_seconds") else None,
        terms={role: _terms(section) for role, section in group.sections()},
        quotes={a: _unless_none(s, a, NO_QUOTE, _isolated_quote) or NO_QUOTE for a, s in _by_address(isolated, "quotes")},
        rate_models={a: s.flag(a) for a, s in _by_address(isolated, "rate_models")},
        oracle_age_seconds=age,
        may_be_blocked=check.names("may_be_blocked") if check.has("may_be_blocked") else (),
    )
    for section in (roles, check, isolated, top):
        section.done()
    return network


def _by_role(top: Section, key: str) -> dict[str, str]:
    if not top.has(key):
        return {}
    section = top.section(key)
    return {role: section.address(role) for role in section.roles()}


def _by_address(s: Section, key: str) -> list[tuple[str, Section]]:
    """The addresses that a group's settings are of, and the group."""
    if not s.has(key):
        return []
    content = s.get(key)
    group = s.section(key)
    for address in content:
        if not isinstance(address, str) or not is_checksum_address(address):
            s.fail(key, f"has '{address}': it must be an address in quotes, with its checksum")
    return [(address, group) for address in content]


def _isolated_quote(s: Section) -> IsolatedQuote:
    if not s.has("fixed_price"):
        return IsolatedQuote(feed=_feed_terms(s))
    found = IsolatedQuote(s.number("fixed_price", WAD, "0.000000000000000001", "2000000000000000"))
    s.done()
    return found


def _terms(s: Section) -> Terms:
    def number(key: str, scale: int, least: str, most: str, unit: str) -> int | None:
        return s.number(key, scale, least, most, unit) if s.has(key) else None

    terms = Terms(
        ltv_bps=number("ltv_percent", 100, "0", "100", " %"),
        bonus_bps=number("bonus_percent", 100, str(MIN_BONUS_BPS // 100), str(MAX_BONUS_BPS // 100), " %"),
        reserve_factor_bps=number("reserve_factor_percent", 100, "0", "100", " %"),
        origination_fee_bps=number("origination_fee_bps", 1, "0", str(MAX_ORIGINATION_FEE_BPS), " bps"),
        supply_cap_wad=cap_of(s, "supply_cap", MAX_CAP_SIX) if s.has("supply_cap") else None,
        debt_cap_wad=cap_of(s, "debt_cap", MAX_CAP_SIX) if s.has("debt_cap") else None,
        depth_mode=s.choice("depth_mode", DEPTH_MODES) if s.has("depth_mode") else None,
        stakers=s.address("stakers") if s.has("stakers") else None,
        rate_model=s.address("rate_model") if s.has("rate_model") else None,
        token=s.address("token") if s.has("token") else None,
        fixed_price_wad=number("fixed_price", WAD, "0.000001", "1000000", ""),
        source=_source(s.section("source")) if s.has("source") else None,
        second_source=_unless_none(s, "second_source", NO_SOURCE, _source),
        feed=_unless_none(s, "feed", NO_FEED, _feed_terms),
        frozen=s.flag("frozen") if s.has("frozen") else False,
        paused=s.names("paused", ACTIONS) if s.has("paused") else (),
    )
    if terms.ltv_bps is not None and terms.bonus_bps is not None:
        highest = BPS * BPS // terms.bonus_bps - LTV_MARGIN_BPS
        if terms.ltv_bps > highest:
            s.fail("ltv_percent", f"is {terms.ltv_bps / 100:g} %: with this bonus at most {highest / 100:g} % (1/bonus - 5 %)")
    s.done()
    return terms


def _unless_none(s: Section, key: str, none: Group, read: Callable[[Section], Group]) -> Group | None:
    """A group of settings, or the word none."""
    if not s.has(key):
        return None
    return none if s.get(key) == "none" else read(s.section(key))


def _source(s: Section) -> Source:
    found = Source(s.address("pool"), s.text("quote", 40), s.number("minimum_depth", WAD, str(MIN_DEPTH), "1000000000000"))
    s.done()
    return found


def _feed_terms(s: Section) -> FeedTerms:
    lowest, highest = "0.000000000000000001", "1000000000000000000"
    least, most = (s.number(key, WAD, lowest, highest) for key in ("minimum_price", "maximum_price"))
    if least >= most:
        s.fail("minimum_price", "must be below maximum_price")
    heartbeat = s.number("heartbeat_seconds", 1, str(MIN_HEARTBEAT), str(MAX_HEARTBEAT), " s")
    found = FeedTerms(s.address("address"), heartbeat, least, most, s.flag("in_quote") if s.has("in_quote") else False)
    s.done()
    return found
