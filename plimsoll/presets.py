"""Presets: the parameters of a deployment, from YAML, checked before anything is sent.

Each number is exact (Decimal to integer), each wrong one is named by its path in the file, with the bound it breaks.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from plimsoll import ranges
from plimsoll.errors import Problem
from plimsoll.sections import ROOT, Section, read_yaml, shown

PRESETS = ROOT / "config/presets"

WAD = 10**18
BPS = 10_000
# LendingPool caps any rate at 100 times a year
MAX_RATE_PERCENT = 10_000
# Above this an asset needs a feed (docs/SPEC.md, "Listing"): arbitrage ties pools together, so that a second one does not help
MAX_LTV_BPS_WITHOUT_FEED = 6_500
MAX_BORROW_LIMIT_BPS = 9_900
# None, and 30 %: above 4/3 the floor of the seizure price would exceed the trigger price
MIN_BONUS_BPS, MAX_BONUS_BPS = BPS, 13_000
# LTV <= 1 / bonus - 5 %
LTV_MARGIN_BPS = 500
# Fee tiers that a new RangePoolFactory has, pips
FEE_TIERS = (100, 500, 3_000, 10_000)
# PriceOracle's bounds
MIN_DEPTH = 1_000
MIN_HEARTBEAT, MAX_HEARTBEAT = 60, 3 * 86_400
# Caps are raw units in 128 bits: so many whole tokens fit at 18 decimals, and so many at 6, the least that the pool takes
MAX_CAP = "340282366920938463463.374607431768211455"
MAX_CAP_SIX = "340282366920938463463374607431768.211455"
MAX_ORIGINATION_FEE_BPS = 500
# Of what a liquidation seizes
MAX_LIQUIDATION_FEE_BPS = 300
# Of the timelock. A day at the very least, where it matters; a chain for trying things out may have less.
MAX_DELAY_SECONDS = 30 * 86_400
DEFAULT_DELAY_SECONDS = 2 * 86_400
# As LendingPool numbers them
DEPTH_MODES = {"new_risk": 0, "off": 1, "full": 2}
# Kinds of a second source
PAIR, RANGE_POOL = "pair", "range_pool"


class PresetError(Problem):
    """File, path in the file, value, bound."""


@dataclass(frozen=True)
class Rates:
    base_wad: int
    multiplier_wad: int
    jump_wad: int
    kink_wad: int


@dataclass(frozen=True)
class TestToken:
    name: str
    symbol: str
    decimals: int


@dataclass(frozen=True)
class TestMarket:
    """What the pair of a development chain starts with: a price and a depth in the quote, WAD."""

    price_wad: int
    liquidity_wad: int


@dataclass(frozen=True)
class SecondSource:
    """Another pool that prices an asset: a pair against another quote than the first one's, or a range pool."""

    kind: str
    # of a range pool; 0: a pair
    fee_pips: int
    quote: str
    minimum_depth_wad: int
    # what a pair of a development chain starts with, units of account on each side
    test_liquidity_wad: int


@dataclass(frozen=True)
class Feed:
    """An AggregatorV3. Prices are WAD per whole token: units of account, or of the quote."""

    # chain id -> the feed
    addresses: dict[int, str]
    heartbeat_seconds: int
    # answers at or beyond them are not believed
    minimum_price_wad: int
    maximum_price_wad: int
    in_quote: bool
    # what the feed of a development chain tells; None: the price of the asset's test market
    test_price_wad: int | None


@dataclass(frozen=True)
class Asset:
    role: str
    ltv_bps: int
    bonus_bps: int
    reserve_factor_bps: int
    rates: Rates
    # whole tokens, WAD
    seed_wad: int
    # units of account per whole token, WAD; None: a pair against `quote` prices it, or only its feed
    fixed_price_wad: int | None
    quote: str | None
    minimum_depth_wad: int
    test_token: TestToken | None
    test_market: TestMarket | None
    second_source: SecondSource | None = None
    feed: Feed | None = None
    # a key of DEPTH_MODES
    depth_mode: str = "new_risk"
    # added to each new debt; half of it goes to `stakers` (chain id -> address), all of it to the treasury where nobody is named
    origination_fee_bps: int = 0
    stakers: dict[int, str] = field(default_factory=dict)
    # the most that may be supplied and owed in all, whole tokens, WAD; 0: no cap
    supply_cap_wad: int = 0
    debt_cap_wad: int = 0

    @property
    def start_price_wad(self) -> int | None:
        """What it is worth when a development chain begins, units of account per whole token; None if nobody says."""
        if self.fixed_price_wad is not None:
            return self.fixed_price_wad
        if self.test_market is not None:
            return self.test_market.price_wad
        return self.feed.test_price_wad if self.feed is not None and not self.feed.in_quote else None


@dataclass(frozen=True)
class TestRange:
    """A position of a development chain: its range by name, and what it is worth, WAD."""

    range: str
    value_wad: int


@dataclass(frozen=True)
class TestRangePool:
    """A range pool of a development chain: of an asset and a quote, at the price of the asset's test market."""

    asset: str
    quote: str
    fee_pips: int
    positions: tuple[TestRange, ...]


@dataclass(frozen=True)
class RangePools:
    # chain id -> the token that wraps its coin
    wrapped_native: dict[int, str]
    test_pools: tuple[TestRangePool, ...]


@dataclass(frozen=True)
class Roles:
    """Who governs, by chain id. Without an owner the deployer is; without a steward or guardian the owner is."""

    owner: dict[int, str] = field(default_factory=dict)
    steward: dict[int, str] = field(default_factory=dict)
    guardian: dict[int, str] = field(default_factory=dict)
    # between what the owner decides and what acts
    delay_seconds: int = DEFAULT_DELAY_SECONDS


@dataclass(frozen=True)
class Preset:
    name: str
    description: str
    fee_bps: int
    protocol_numerator: int
    protocol_denominator: int
    borrow_limit_bps: int
    minimum_debt_wad: int
    liquidation_fee_bps: int
    native: str | None
    assets: tuple[Asset, ...]
    # None: pairs only, without range pools and router
    range_pools: RangePools | None = None
    roles: Roles = Roles()

    def asset(self, role: str) -> Asset:
        for a in self.assets:
            if a.role == role:
                return a
        raise KeyError(role)

    @property
    def priced(self) -> tuple[Asset, ...]:
        """Assets that a pair prices."""
        return tuple(a for a in self.assets if a.quote is not None)

    @property
    def fed(self) -> tuple[Asset, ...]:
        """Assets with a feed."""
        return tuple(a for a in self.assets if a.feed is not None)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the address book."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def available(folder: Path = PRESETS) -> list[str]:
    return sorted(p.stem for p in folder.glob("*.yaml"))


def load(name: str, folder: Path = PRESETS) -> Preset:
    """A preset by name, or by path to a YAML file."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(available(folder)) or "none"
        raise PresetError(f"there is no preset '{name}' (there are: {known}; or give a path to a .yaml file)")
    return parse(read_yaml(path, PresetError), path.stem, shown(path))


def parse(content: Any, name: str, file: str) -> Preset:
    """A preset from the content of a YAML file."""
    top = Section(content, file, "", PresetError)
    description = top.text("description", 200)

    pair = top.section("pair")
    fee_bps = pair.number("fee_bps", 1, "0", "1000", " bps")
    share = pair.get("protocol_share")
    match = re.fullmatch(r"(\d{1,5})/(\d{1,5})", str(share))
    if match is None:
        pair.fail("protocol_share", f"must be a fraction like 8/25, not '{share}'")
    numerator, denominator = int(match[1]), int(match[2])
    if denominator == 0 or numerator >= denominator:
        pair.fail("protocol_share", f"is {share}: it must be at least 0 and below 1")
    pair.done()

    pool = top.section("pool")
    borrow_limit_bps = pool.number("borrow_limit_percent", 100, "1", str(MAX_BORROW_LIMIT_BPS // 100), " %")
    minimum_debt_wad = pool.number("minimum_debt", WAD, "0", "1000000")
    liquidation_fee_bps = pool.number("liquidation_fee_percent", 100, "0", str(MAX_LIQUIDATION_FEE_BPS // 100), " %")
    pool.done()

    group = top.section("assets")
    assets = tuple(_asset(role, section) for role, section in group.sections())
    roles = {a.role: a for a in assets}
    if not assets:
        group.fail("", "lists no asset")
    for a in assets:
        _check_sources(group, a, roles)
    if len(assets) > 2:
        for a in assets:
            if a.depth_mode == "full":
                group.fail(f"{a.role}.depth_mode", "is full: only a pool of two assets takes that")
    symbols = [a.test_token.symbol for a in assets if a.test_token]
    for a in assets:
        if a.test_token and symbols.count(a.test_token.symbol) > 1:
            group.fail(f"{a.role}.test_token.symbol", f"is {a.test_token.symbol}, as another asset's")

    native = None
    if top.has("native"):
        native = top.text("native", 40)
        if native not in roles:
            top.fail("native", f"is '{native}': it must name one of the assets ({', '.join(roles)})")
    range_pools = _range_pools(top.section("range_pools"), roles) if top.has("range_pools") else None
    governance = _roles(top.section("roles")) if top.has("roles") else Roles()
    for a in assets:
        if range_pools is None and a.second_source is not None and a.second_source.kind == RANGE_POOL:
            group.fail(f"{a.role}.second_source.kind", "is range_pool: the preset needs a group range_pools, too")
    top.done()
    return Preset(
        name=name,
        description=description,
        fee_bps=fee_bps,
        protocol_numerator=numerator,
        protocol_denominator=denominator,
        borrow_limit_bps=borrow_limit_bps,
        minimum_debt_wad=minimum_debt_wad,
        liquidation_fee_bps=liquidation_fee_bps,
        native=native,
        assets=assets,
        range_pools=range_pools,
        roles=governance,
    )


def _roles(s: Section) -> Roles:
    delay = delay_of(s) if s.has("delay_seconds") else DEFAULT_DELAY_SECONDS
    found = Roles(s.addresses("owner"), s.addresses("steward"), s.addresses("guardian"), delay)
    s.done()
    return found


def delay_of(s: Section) -> int:
    return s.number("delay_seconds", 1, "1", str(MAX_DELAY_SECONDS), " s")


def cap_of(s: Section, key: str, most: str = MAX_CAP) -> int:
    """Whole tokens, WAD; 0, no cap, where the key is missing."""
    return s.number(key, WAD, "0", most) if s.has(key) else 0


def parse_asset(content: Any, role: str, file: str) -> Asset:
    """One asset from the content of a YAML file: its settings alone, or a preset that has it."""
    top = Section(content, file, "", PresetError)
    if not top.has("assets"):
        return _asset(role, top)
    group = top.section("assets")
    if not group.has(role):
        group.fail("", f"has no '{role}' (it has: {', '.join(group.roles())})")
    return _asset(role, group.section(role))


def _asset(role: str, s: Section) -> Asset:
    bonus_bps = s.number("bonus_percent", 100, str(MIN_BONUS_BPS // 100), str(MAX_BONUS_BPS // 100), " %")
    ltv_bps = s.number("ltv_percent", 100, "0", "100", " %")
    feed = _feed(s.section("feed")) if s.has("feed") else None
    if ltv_bps > MAX_LTV_BPS_WITHOUT_FEED and feed is None:
        rule = f"above {MAX_LTV_BPS_WITHOUT_FEED // 100} % an asset needs a feed, which a second pool does not replace"
        s.fail("ltv_percent", f"is {ltv_bps / 100:g} %: {rule}")
    highest = BPS * BPS // bonus_bps - LTV_MARGIN_BPS
    if ltv_bps > highest:
        s.fail("ltv_percent", f"is {ltv_bps / 100:g} %: with this bonus at most {highest / 100:g} % (1/bonus - 5 %)")

    fixed: int | None = None
    quote: str | None = None
    depth = 0
    second: SecondSource | None = None
    if s.has("fixed_price") + s.has("quote") != 1 and (s.has("fixed_price") or feed is None):
        s.fail("", "needs one of fixed_price, quote (the asset it trades against), or a feed alone (a quote asset that a feed prices)")
    if s.has("fixed_price"):
        if feed is not None:
            s.fail("feed", "makes no sense for an asset with a fixed price")
        fixed = s.number("fixed_price", WAD, "0.000001", "1000000")
    elif s.has("quote"):
        quote = s.text("quote", 40)
        depth = s.number("minimum_depth", WAD, str(MIN_DEPTH), "1000000000000")
    if s.has("second_source"):
        if quote is None:
            s.fail("second_source", "makes no sense for a quote asset")
        second = _second_source(s.section("second_source"), depth)
    mode = s.choice("depth_mode", DEPTH_MODES) if s.has("depth_mode") else "new_risk"

    r = s.section("rates")
    most = str(MAX_RATE_PERCENT)
    rates = Rates(
        base_wad=r.number("base_percent", WAD // 100, "0", most, " %"),
        multiplier_wad=r.number("multiplier_percent", WAD // 100, "0", most, " %"),
        jump_wad=r.number("jump_percent", WAD // 100, "0", most, " %"),
        kink_wad=r.number("kink_percent", WAD // 100, "0", "100", " %"),
    )
    r.done()
    at_full = rates.base_wad + (rates.multiplier_wad * rates.kink_wad + rates.jump_wad * (WAD - rates.kink_wad)) // WAD
    if at_full > MAX_RATE_PERCENT * WAD // 100:
        s.fail("rates", f"give {at_full * 100 // WAD} % a year at full use: at most {most} %")

    token: TestToken | None = None
    if s.has("test_token"):
        t = s.section("test_token")
        token = TestToken(t.text("name", 32), t.text("symbol", 16), t.number("decimals", 1, "6", "18"))
        t.done()
    market: TestMarket | None = None
    if s.has("test_market"):
        if quote is None:
            s.fail("test_market", "makes no sense for a quote asset")
        m = s.section("test_market")
        market = TestMarket(m.number("price", WAD, "0.000001", "1000000000"), m.number("liquidity", WAD, "0", "1e12"))
        m.done()
    fee_bps = s.number("origination_fee_bps", 1, "0", str(MAX_ORIGINATION_FEE_BPS), " bps") if s.has("origination_fee_bps") else 0
    asset = Asset(
        role=role,
        ltv_bps=ltv_bps,
        bonus_bps=bonus_bps,
        reserve_factor_bps=s.number("reserve_factor_percent", 100, "0", "100", " %"),
        rates=rates,
        seed_wad=s.number("seed", WAD, "0.001", "1000000"),
        fixed_price_wad=fixed,
        quote=quote,
        minimum_depth_wad=depth,
        test_token=token,
        test_market=market,
        second_source=second,
        feed=feed,
        depth_mode=mode,
        origination_fee_bps=fee_bps,
        stakers=s.addresses("stakers"),
        supply_cap_wad=cap_of(s, "supply_cap"),
        debt_cap_wad=cap_of(s, "debt_cap"),
    )
    if asset.stakers and not asset.origination_fee_bps:
        s.fail("stakers", "get half of an origination fee, which is 0")
    s.done()
    return asset


def _second_source(s: Section, first_depth: int) -> SecondSource:
    kind = s.choice("kind", (PAIR, RANGE_POOL))
    fee, liquidity = 0, 0
    if kind == RANGE_POOL:
        fee = _fee_tier(s)
    elif s.has("test_liquidity"):
        liquidity = s.number("test_liquidity", WAD, "0", "1e12")
    depth = s.number("minimum_depth", WAD, str(MIN_DEPTH), "1000000000000") if s.has("minimum_depth") else first_depth
    # A source that is cheap to move must not hold the band apart; the oracle refuses it
    if 2 * depth < first_depth:
        s.fail("minimum_depth", f"is {depth / WAD:,.0f}: at least half of the first source's, {first_depth / WAD:,.0f}, is needed")
    second = SecondSource(kind, fee, s.text("quote", 40), depth, liquidity)
    s.done()
    return second


def _feed(s: Section) -> Feed:
    lowest, highest = "0.000000000001", "1000000000000"
    least = s.number("minimum_price", WAD, lowest, highest)
    most = s.number("maximum_price", WAD, lowest, highest)
    if least >= most:
        s.fail("minimum_price", "must be below maximum_price")
    test_price: int | None = None
    if s.has("test_price"):
        test_price = s.number("test_price", WAD, lowest, highest)
        if not least < test_price < most:
            s.fail("test_price", "must lie between minimum_price and maximum_price")
    in_quote = s.flag("in_quote") if s.has("in_quote") else False
    heartbeat = s.number("heartbeat_seconds", 1, str(MIN_HEARTBEAT), str(MAX_HEARTBEAT), " s")
    feed = Feed(s.addresses("addresses"), heartbeat, least, most, in_quote, test_price)
    s.done()
    return feed


def _check_sources(group: Section, a: Asset, roles: dict[str, Asset]) -> None:
    """What an asset's sources need of other assets."""

    def is_quote(role: str) -> bool:
        return role in roles and roles[role].quote is None

    must = "it must name a quote asset, which has a fixed_price or nothing but a feed"
    if a.quote is None:
        if a.feed is not None and a.feed.in_quote:
            group.fail(f"{a.role}.feed.in_quote", "makes no sense for a quote asset")
        if a.feed is not None and a.feed.test_price_wad is None and a.test_token is not None:
            group.fail(f"{a.role}.feed.test_price", "is missing: nothing else says what the test token is worth")
        return
    if not is_quote(a.quote):
        group.fail(f"{a.role}.quote", f"is '{a.quote}': {must}")
    if a.second_source is not None:
        where = f"{a.role}.second_source.quote"
        if not is_quote(a.second_source.quote):
            group.fail(where, f"is '{a.second_source.quote}': {must}")
        if a.second_source.kind == PAIR and a.second_source.quote == a.quote:
            group.fail(where, f"is '{a.quote}', which the first pair has: there is one pair of two tokens")
    if a.feed is not None and a.feed.test_price_wad is None and a.test_market is not None:
        told = feed_test_price(a, roles[a.quote])
        if told is not None and not a.feed.minimum_price_wad < told < a.feed.maximum_price_wad:
            group.fail(f"{a.role}.feed", "does not believe the price of the asset's test_market: it lies outside of its bounds")


def feed_test_price(asset: Asset, quote: Asset | None, price_wad: int | None = None) -> int | None:
    """What the feed of a development chain tells, WAD per whole token; `price_wad` instead of the test market's price."""
    assert asset.feed is not None
    if asset.feed.test_price_wad is not None and price_wad is None:
        return asset.feed.test_price_wad
    value = asset.start_price_wad if price_wad is None else price_wad
    if value is None or not asset.feed.in_quote:
        return value
    worth = quote.start_price_wad if quote is not None else None
    return None if worth is None else value * WAD // worth


def _range_pools(s: Section, assets: dict[str, Asset]) -> RangePools:
    wrapped = s.addresses("wrapped_native")
    pools = tuple(_test_range_pool(t, assets) for t in s.list_of_sections("test_pools")) if s.has("test_pools") else ()
    seen = set()
    for i, pool in enumerate(pools):
        key = (pool.asset, pool.quote, pool.fee_pips)
        if key in seen:
            s.fail(f"test_pools[{i}]", f"is the second of '{pool.asset}' with that fee")
        seen.add(key)
    s.done()
    return RangePools(wrapped, pools)


def _fee_tier(s: Section) -> int:
    fee_pips = s.number("fee_percent", BPS, "0", "1", " %")
    if fee_pips not in FEE_TIERS:
        tiers = ", ".join(f"{tier / BPS:g}" for tier in FEE_TIERS)
        s.fail("fee_percent", f"is {fee_pips / BPS:g} %: the tiers are {tiers} %")
    return fee_pips


def _test_range_pool(s: Section, assets: dict[str, Asset]) -> TestRangePool:
    asset = s.text("asset", 40)
    if asset not in assets or assets[asset].test_market is None:
        s.fail("asset", f"is '{asset}': it must name an asset that has a test_market, whose price it begins with")
    quote = s.text("quote", 40) if s.has("quote") else str(assets[asset].quote)
    if quote not in assets or assets[quote].quote is not None:
        s.fail("quote", f"is '{quote}': it must name a quote asset")
    fee_pips = _fee_tier(s)
    positions = []
    for p in s.list_of_sections("positions") if s.has("positions") else []:
        chosen = p.text("range", 20)
        if chosen not in ranges.PRESETS:
            p.fail("range", f"is '{chosen}': it must be one of {', '.join(ranges.PRESETS)}")
        positions.append(TestRange(chosen, p.number("value", WAD, "1", "1e12")))
        p.done()
    s.done()
    return TestRangePool(asset, quote, fee_pips, tuple(positions))
