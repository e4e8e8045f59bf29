"""Is a deployment wired as its preset wants it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from eth_utils.crypto import keccak

from plimsoll import feeds
from plimsoll.abi import Artifacts, Contract, read
from plimsoll.addresses import AddressBook, Token
from plimsoll.names import model_name, pair_name, second_source_name, vault_name
from plimsoll.presets import DEPTH_MODES, PAIR, WAD, Asset, Preset
from plimsoll.rpc import Rpc

ZERO = "0x" + "00" * 20
ADMIN_ROLE = b"\x00" * 32
NO_SOURCE = (ZERO, ZERO, 0)
NO_FEED = (ZERO, False, 0, 0, 0)

# By what the factory of isolated markets calls the blueprints of a market's contracts
MARKET_BLUEPRINTS = {
    "LendingPool": "pool_blueprint",
    "PoolConfigurator": "configurator_blueprint",
    "LiquidationEngine": "engine_blueprint",
    "IsolatedOracle": "oracle_blueprint",
}

# What, a read of the chain, what it must give
Check = tuple[str, Any, Any]
# What, what is found, what is wanted
Found = tuple[str, Any, Any]


def quote_price(asset: Asset, token: Token) -> int:
    """WAD value of 1e18 raw units, as the oracle wants it."""
    assert asset.fixed_price_wad is not None
    return asset.fixed_price_wad * WAD // token.unit


class MarketQuote(NamedTuple):
    """IMarketFactory.Quote"""

    listed: bool
    price: int
    feed: str
    heartbeat: int
    min_answer: int
    max_answer: int


NOT_LISTED = MarketQuote(False, 0, ZERO, 0, 0, 0)


def isolated_quote(asset: Asset, token: Token, book: AddressBook) -> MarketQuote:
    """How the factory of isolated markets is told of an asset that no pair prices."""
    if asset.fixed_price_wad is not None:
        return MarketQuote(True, quote_price(asset, token), ZERO, 0, 0, 0)
    assert asset.feed is not None
    entry = book.feeds[asset.role]
    return MarketQuote(True, 0, entry["address"], asset.feed.heartbeat_seconds, *feeds.bounds(asset.feed, entry["decimals"]))


def has_extras(book: AddressBook) -> bool:
    """Was the deployment to have Bundler, vaults and isolated markets?"""
    return bool(book.data.get("wanted", {}).get("extras"))


def caps_of(asset: Asset, token: Token) -> tuple[int, int]:
    """What may be supplied and owed in all, raw units; 0: no cap."""
    return asset.supply_cap_wad * token.unit // WAD, asset.debt_cap_wad * token.unit // WAD


def timelock_role(name: str) -> bytes:
    return keccak(text=name)


def verify(rpc: Rpc, book: AddressBook, artifacts: Artifacts, preset: Preset, treasury: str | None = None) -> list[str]:
    """What is not as the preset wants it, in words; empty when all is well."""
    checks = [*wiring(rpc, book, artifacts, preset, treasury), *terms(rpc, book, artifacts, preset)]
    return [f"{what} is {text(found)}, not {text(expected)}" for what, found, expected in checks if found != expected]


def governance(book: AddressBook) -> dict[str, Any]:
    """Who was to govern when it was deployed: owner, steward, guardian, delay_seconds."""
    found = dict(book.data["wanted"]["governance"])
    return {**found, "delay_seconds": int(found["delay_seconds"])}


def wiring(
    rpc: Rpc,
    book: AddressBook,
    artifacts: Artifacts,
    preset: Preset,
    treasury: str | None = None,
    roles: dict[str, Any] | None = None,
) -> list[Found]:
    """Who knows whom, who may decide, and what cannot change. `roles`: as `governance` gives them, if not as deployed."""
    treasury = treasury or book.data["wanted"]["treasury"]
    pool, oracle, engine, lens, factory, configurator = (
        book.contract(n, rpc, artifacts) for n in ("LendingPool", "PriceOracle", "LiquidationEngine", "Lens", "PairFactory", "PoolConfigurator")
    )
    checks: list[Check] = [
        ("configurator of the pool", pool.request("configurator"), configurator.address),
        ("operators of the pool", pool.request("operators"), book.address("Operators")),
        ("extension of the pool", pool.request("extension"), book.address("PoolExtension")),
        ("oracle of the pool", pool.request("oracle"), oracle.address),
        ("engine of the pool", pool.request("engine"), engine.address),
        ("pool of the configurator", configurator.request("pool"), pool.address),
        ("treasury of the pool", pool.request("treasury"), treasury),
        ("borrow limit", pool.request("borrow_limit_bps"), preset.borrow_limit_bps),
        ("pool of the engine", engine.request("pool"), pool.address),
        ("fee of the engine", engine.request("fee_bps"), preset.liquidation_fee_bps),
        ("pool of the lens", lens.request("pool"), pool.address),
        ("fee of the factory", factory.request("fee_bps"), preset.fee_bps),
        ("protocol share", factory.request("protocol_share"), (preset.protocol_numerator, preset.protocol_denominator)),
        ("receiver of the protocol share", factory.request("feeTo"), treasury),
        ("blueprint of the factory", factory.request("blueprint"), book.address("PairBlueprint")),
        ("number of reserves", pool.request("reserves_count"), len(preset.assets)),
    ]
    for i, asset in enumerate(preset.assets):
        role, token = asset.role, book.token(asset.role)
        model = book.contract(model_name(role), rpc, artifacts)
        checks.append((f"reserve {i}", pool.request("reserve_at", i), token.address))
        checks.append((f"rate of '{role}' at no use", model.request("borrow_rate_wad", 0), asset.rates.base_wad))
        r = asset.rates
        at_kink = r.base_wad + r.multiplier_wad * r.kink_wad // WAD
        checks.append((f"rate of '{role}' at the kink", model.request("borrow_rate_wad", r.kink_wad), at_kink))
        full = at_kink + r.jump_wad * (WAD - r.kink_wad) // WAD
        checks.append((f"rate of '{role}' at full use", model.request("borrow_rate_wad", WAD), full))
        checks += _oracle_checks(book, oracle, preset, asset)
        for name, quote in _pairs(preset, asset):
            pair, other = book.contract(name, rpc, artifacts), book.token(quote).address
            checks.append((f"pair {name}", factory.request("getPair", token.address, other), pair.address))
            checks.append((f"factory of pair {name}", pair.request("factory"), factory.address))
    if preset.range_pools is not None:
        checks += _range_checks(rpc, book, artifacts, factory)
    if has_extras(book):
        checks += _extras_checks(rpc, book, artifacts, preset, treasury, roles or governance(book))
    checks += _role_checks(rpc, book, artifacts, roles or governance(book))
    answers = read(rpc, [c[1] for c in checks])
    return [
        (what, tuple(found) if isinstance(found, tuple) else found, expected)
        for (what, _, expected), found in zip(checks, answers, strict=True)
    ]


def terms(
    rpc: Rpc,
    book: AddressBook,
    artifacts: Artifacts,
    preset: Preset,
    stakers: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
) -> list[Found]:
    """What governance may change of each asset. `stakers`, `models`: by role, where they are not those of the deployment."""
    pool, configurator = (book.contract(n, rpc, artifacts) for n in ("LendingPool", "PoolConfigurator"))
    addresses = [book.token(a.role).address for a in preset.assets]
    answers = read(rpc, [c.request(f, a) for c, f in ((configurator, "configuration"), (pool, "reserve_state")) for a in addresses])
    stakers = {**book.data["wanted"]["stakers"], **(stakers or {})}
    models = {**{a.role: book.address(model_name(a.role)) for a in preset.assets if book.has(model_name(a.role))}, **(models or {})}
    checks: list[Found] = []
    for asset, now, state in zip(preset.assets, answers[: len(addresses)], answers[len(addresses) :], strict=True):
        supply_cap, debt_cap = caps_of(asset, book.token(asset.role))
        settings: list[Found] = [
            ("LTV", now.ltv_bps, asset.ltv_bps),
            ("bonus", now.bonus_bps, asset.bonus_bps),
            ("reserve factor", now.reserve_factor_bps, asset.reserve_factor_bps),
            ("rate model", now.rate_model, models[asset.role]),
            ("depth mode", now.depth_mode, DEPTH_MODES[asset.depth_mode]),
            ("origination fee", now.origination_fee_bps, asset.origination_fee_bps),
            ("stakers", now.stakers, stakers.get(asset.role, ZERO)),
            ("supply cap", now.supply_cap, supply_cap),
            ("debt cap", now.debt_cap, debt_cap),
            ("seeded", state.seeded, True),
        ]
        checks += [(f"{name} of '{asset.role}'", found, expected) for name, found, expected in settings]
    return checks


def _role_checks(rpc: Rpc, book: AddressBook, artifacts: Artifacts, wanted: dict[str, Any]) -> list[Check]:
    """All is the timelock's, which is the owner's; the deployer, if somebody else, has nothing."""
    timelock, configurator, oracle, factory = (
        book.contract(n, rpc, artifacts) for n in ("Timelock", "PoolConfigurator", "PriceOracle", "PairFactory")
    )
    deployer = book.data["deployer"]
    checks: list[Check] = [
        ("owner of the configurator", configurator.request("owner"), timelock.address),
        ("next owner of the configurator", configurator.request("pending_owner"), ZERO),
        ("owner of the oracle", oracle.request("owner"), timelock.address),
        ("who sets the receiver of the protocol share", factory.request("feeToSetter"), timelock.address),
        ("steward", configurator.request("steward"), wanted["steward"]),
        ("guardian", configurator.request("guardian"), wanted["guardian"]),
        ("delay of the timelock", timelock.request("get_minimum_delay"), wanted["delay_seconds"]),
        ("administrator of the timelock, itself,", timelock.request("hasRole", ADMIN_ROLE, timelock.address), True),
        ("administrator of the timelock, the deployer,", timelock.request("hasRole", ADMIN_ROLE, deployer), False),
        ("executor, everybody,", timelock.request("hasRole", timelock_role("EXECUTOR_ROLE"), ZERO), True),
    ]
    for name in ("PROPOSER_ROLE", "CANCELLER_ROLE"):
        word = name.split("_")[0].lower()
        checks.append((f"{word}, the owner,", timelock.request("hasRole", timelock_role(name), wanted["owner"]), True))
        if deployer != wanted["owner"]:
            checks.append((f"{word}, the deployer,", timelock.request("hasRole", timelock_role(name), deployer), False))
    return checks


def _pairs(preset: Preset, asset: Asset) -> list[tuple[str, str]]:
    """(name, quote) of each pair that prices an asset."""
    found = [(pair_name(preset, asset.role), asset.quote)] if asset.quote is not None else []
    if asset.second_source is not None and asset.second_source.kind == PAIR:
        found.append((second_source_name(preset, asset), asset.second_source.quote))
    return found


def _oracle_checks(book: AddressBook, oracle: Contract, preset: Preset, asset: Asset) -> list[Check]:
    """What the oracle must have been told of an asset."""
    role, token, feed = asset.role, book.token(asset.role), asset.feed
    fixed = quote_price(asset, token) if asset.fixed_price_wad is not None else 0
    told = NO_FEED
    if feed is not None:
        entry = book.feeds[role]
        told = (entry["address"], feed.in_quote, feed.heartbeat_seconds, *feeds.kept_bounds(feed, entry["decimals"]))
    checks: list[Check] = [
        (f"price of '{role}'", oracle.request("quote_price", token.address), fixed),
        (f"feed of '{role}'", oracle.request("feed_of", token.address), told),
    ]
    if asset.quote is None:
        return checks
    second = asset.second_source
    first = (book.address(pair_name(preset, role)), book.token(asset.quote).address, asset.minimum_depth_wad)
    other = NO_SOURCE
    if second is not None:
        other = (book.address(second_source_name(preset, asset)), book.token(second.quote).address, second.minimum_depth_wad)
    checks.append((f"source of '{role}'", oracle.request("source_of", token.address, 0), first))
    checks.append((f"second source of '{role}'", oracle.request("source_of", token.address, 1), other))
    return checks


def _range_checks(rpc: Rpc, book: AddressBook, artifacts: Artifacts, pairs: Contract) -> list[Check]:
    ranges, manager, quoter, router = (book.contract(n, rpc, artifacts) for n in ("RangePoolFactory", "PositionManager", "Quoter", "Router"))
    wrapped = book.address("WrappedNative")
    checks: list[Check] = [
        ("owner of the range factory", ranges.request("owner"), book.address("Timelock")),
        ("blueprint of the range factory", ranges.request("blueprint"), book.address("RangePoolBlueprint")),
        ("factory of the position manager", manager.request("factory"), ranges.address),
        ("wrapped coin of the position manager", manager.request("WETH9"), wrapped),
        ("pair factory of the quoter", quoter.request("pair_factory"), pairs.address),
        ("range factory of the quoter", quoter.request("range_factory"), ranges.address),
        ("pair factory of the router", router.request("factory"), pairs.address),
        ("range factory of the router", router.request("range_factory"), ranges.address),
        ("position manager of the router", router.request("position_manager"), manager.address),
        ("wrapped coin of the router", router.request("WETH"), wrapped),
        ("quoter of the router", router.request("quoter"), quoter.address),
    ]
    for name in book.names:
        if book.kind(name) == "RangePool":
            token0, token1, fee = book.data["contracts"][name]["args"][:3]
            checks.append((f"pool {name}", ranges.request("getPool", token0, token1, int(fee)), book.address(name)))
    return checks


def _extras_checks(rpc: Rpc, book: AddressBook, artifacts: Artifacts, preset: Preset, treasury: str, roles: dict[str, Any]) -> list[Check]:
    bundler, vaults, markets = (book.contract(n, rpc, artifacts) for n in ("Bundler", "ReserveVaultFactory", "MarketFactory"))
    wrapped = book.address("WrappedNative") if book.has("WrappedNative") else ZERO
    pool = book.address("LendingPool")
    checks: list[Check] = [
        ("operators of the bundler", bundler.request("operators"), book.address("Operators")),
        ("wrapped coin of the bundler", bundler.request("WETH9"), wrapped),
        ("blueprint of the vault factory", vaults.request("blueprint"), book.address("ReserveVaultBlueprint")),
        ("owner of the market factory", markets.request("owner"), book.address("Timelock")),
        ("next owner of the market factory", markets.request("pending_owner"), ZERO),
        ("guardian of the market factory", markets.request("guardian"), roles["guardian"]),
        ("pair factory of the market factory", markets.request("pair_factory"), book.address("PairFactory")),
        ("treasury of the market factory", markets.request("treasury"), treasury),
        ("operators of the market factory", markets.request("operators"), book.address("Operators")),
        ("extension of the market factory", markets.request("extension"), book.address("PoolExtension")),
        ("minimum debt of the market factory", markets.request("min_debt_wad"), preset.minimum_debt_wad),
    ]
    for contract, getter in MARKET_BLUEPRINTS.items():
        wanted = book.address(f"{contract}Blueprint")
        checks.append((f"{contract} blueprint of the market factory", markets.request(getter), wanted))
    for asset in preset.assets:
        role, token = asset.role, book.token(asset.role)
        vault = book.contract(vault_name(role), rpc, artifacts)
        checks.append((f"vault of '{role}'", vaults.request("vault_of", pool, token.address), vault.address))
        checks.append((f"pool of the vault of '{role}'", vault.request("pool"), pool))
        checks.append((f"asset of the vault of '{role}'", vault.request("asset"), token.address))
        if asset.quote is None:
            expected = tuple(isolated_quote(asset, token, book))
            checks.append((f"'{role}' as a quote of isolated markets", markets.request("quote_of", token.address), expected))
        model = book.address(model_name(role))
        checks.append((f"rate model of '{role}' in isolated markets", markets.request("is_rate_model", model), True))
    return checks


def text(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, tuple) else str(value)
