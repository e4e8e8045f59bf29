"""Is a deployment wired as its preset wants it?"""

from __future__ import annotations

from typing import Any

from plimsoll import feeds
from plimsoll.abi import Artifacts, Contract, read
from plimsoll.addresses import AddressBook, Token
from plimsoll.names import model_name, pair_name, second_source_name
from plimsoll.presets import DEPTH_MODES, PAIR, WAD, Asset, Preset
from plimsoll.rpc import Rpc

ZERO = "0x" + "00" * 20
NO_SOURCE = (ZERO, ZERO, 0)
NO_FEED = (ZERO, False, 0, 0, 0)

# What, a read of the chain, what it must give
Check = tuple[str, Any, Any]


def quote_price(asset: Asset, token: Token) -> int:
    """WAD value of 1e18 raw units, as the oracle wants it."""
    assert asset.fixed_price_wad is not None
    return asset.fixed_price_wad * WAD // token.unit


def verify(rpc: Rpc, book: AddressBook, artifacts: Artifacts, preset: Preset, treasury: str | None = None) -> list[str]:
    """What is not as the preset wants it, in words; empty when all is well."""
    deployer = book.data["deployer"]
    treasury = treasury or deployer
    pool, oracle, engine, lens, factory = (
        book.contract(n, rpc, artifacts) for n in ("LendingPool", "PriceOracle", "LiquidationEngine", "Lens", "PairFactory")
    )
    checks: list[Check] = [
        ("owner of the pool", pool.request("owner"), deployer),
        ("owner of the oracle", oracle.request("owner"), deployer),
        ("oracle of the pool", pool.request("oracle"), oracle.address),
        ("engine of the pool", pool.request("engine"), engine.address),
        ("treasury of the pool", pool.request("treasury"), treasury),
        ("borrow limit", pool.request("borrow_limit_bps"), preset.borrow_limit_bps),
        ("pool of the engine", engine.request("pool"), pool.address),
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
    problems = []
    for (what, _, expected), found in zip(checks, read(rpc, [c[1] for c in checks]), strict=True):
        if (tuple(found) if isinstance(found, tuple) else found) != expected:
            problems.append(f"{what} is {_text(found)}, not {_text(expected)}")
    states = read(rpc, [pool.request("reserve_state", book.token(a.role).address) for a in preset.assets])
    for asset, state in zip(preset.assets, states, strict=True):
        settings: list[Check] = [
            ("LTV", state.ltv_bps, asset.ltv_bps),
            ("bonus", state.bonus_bps, asset.bonus_bps),
            ("reserve factor", state.reserve_factor_bps, asset.reserve_factor_bps),
            ("rate model", state.rate_model, book.address(model_name(asset.role))),
            ("depth mode", state.depth_mode, DEPTH_MODES[asset.depth_mode]),
            ("seeded", state.seeded, True),
        ]
        for name, found, expected in settings:
            if found != expected:
                problems.append(f"{name} of '{asset.role}' is {_text(found)}, not {_text(expected)}")
    return problems


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
        ("owner of the range factory", ranges.request("owner"), book.data["deployer"]),
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


def _text(value: Any) -> str:
    return str(tuple(value)) if isinstance(value, tuple) else str(value)
