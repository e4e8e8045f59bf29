"""Presets: the published numbers, and each bad value named with its path."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll import presets
from plimsoll.presets import PresetError, SecondSource

WAD = 10**18
# 2^128 - 1 raw units of 18 decimals
MOST = "340282366920938463463.374607431768211455"
WITH_FEED: dict[str, Any] = yaml.safe_load((presets.PRESETS / "wemix-feed.yaml").read_text())
CONTENT: dict[str, Any] = yaml.safe_load((presets.PRESETS / "wemix.yaml").read_text())


def test_load__wemix__published_numbers() -> None:
    p = presets.load("wemix")
    assert (p.fee_bps, p.protocol_numerator, p.protocol_denominator) == (25, 8, 25)
    assert (p.borrow_limit_bps, p.minimum_debt_wad) == (8_000, 100 * WAD)
    dollar, volatile = p.asset("dollar"), p.asset("volatile")
    assert (volatile.rates.base_wad, volatile.rates.multiplier_wad) == (0, 5 * WAD // 100)
    assert (volatile.rates.jump_wad, volatile.rates.kink_wad) == (8 * WAD, 85 * WAD // 100)
    assert (dollar.rates.multiplier_wad, dollar.rates.jump_wad, dollar.rates.kink_wad) == (5 * WAD // 100, 5 * WAD, 90 * WAD // 100)
    for asset in p.assets:
        assert (asset.ltv_bps, asset.bonus_bps, asset.reserve_factor_bps) == (6_500, 11_000, 5_000)
    assert (dollar.fixed_price_wad, volatile.quote, volatile.minimum_depth_wad) == (WAD, "dollar", 2_500_000 * WAD)
    assert p.priced == (volatile,)
    assert presets.available() == ["liqwid", "nukem", "wemix", "wemix-feed"]
    # one source each, as the demo has it
    assert p.fed == ()
    assert [(a.second_source, a.depth_mode) for a in p.assets] == [(None, "new_risk"), (None, "new_risk")]


def test_load__wemix_feed__published_ltvs_with_feeds() -> None:
    p = presets.load("wemix-feed")
    assert [(a.role, a.ltv_bps) for a in p.assets] == [("dollar", 6_500), ("volatile", 7_500), ("wemix_dollar", 8_500)]
    assert [a.role for a in p.fed] == ["volatile", "wemix_dollar"]
    volatile = p.asset("volatile")
    assert volatile.second_source == SecondSource("range_pool", 3_000, "dollar", 1_250_000 * WAD, 0)
    assert volatile.feed is not None
    # ETH / USD on Ethereum
    assert volatile.feed.addresses[1] == "0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419"
    assert (volatile.feed.heartbeat_seconds, volatile.feed.in_quote) == (3_600, False)
    assert (volatile.feed.minimum_price_wad, volatile.feed.maximum_price_wad) == (10 * WAD, 100_000 * WAD)


def test_load__liqwid__fee_limit_and_bonus() -> None:
    p = presets.load("liqwid")
    assert (p.borrow_limit_bps, p.liquidation_fee_bps) == (9_900, 0)
    assert [(a.origination_fee_bps, a.bonus_bps, a.stakers) for a in p.assets] == [(100, 11_000, {})] * 2
    volatile = p.asset("volatile")
    assert (volatile.supply_cap_wad, volatile.debt_cap_wad) == (100_000 * WAD, 50_000 * WAD)
    assert p.roles == presets.Roles(delay_seconds=172_800)


def test_load__wemix__no_fee_no_caps_and_two_days() -> None:
    p = presets.load("wemix")
    assert [(a.origination_fee_bps, a.supply_cap_wad, a.debt_cap_wad) for a in p.assets] == [(0, 0, 0)] * 2
    assert p.liquidation_fee_bps == 300
    assert p.roles == presets.Roles(delay_seconds=172_800)


def test_load__wemix__range_pools_of_a_development_chain() -> None:
    plan = presets.load("wemix").range_pools
    assert plan is not None
    assert plan.wrapped_native[1] == "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    (pool,) = plan.test_pools
    assert (pool.asset, pool.fee_pips) == ("volatile", 3_000)
    assert [(p.range, p.value_wad) for p in pool.positions] == [("narrow", 200_000 * WAD), ("wide", 300_000 * WAD), ("full", 500_000 * WAD)]
    without = copy.deepcopy(CONTENT)
    del without["range_pools"]
    assert presets.parse(without, "mine", "mine.yaml").range_pools is None


@pytest.mark.parametrize(
    "key, value, name, kept",
    [
        # the configurator's own bounds
        ("bonus_percent", 100, "bonus_bps", 10_000),
        ("bonus_percent", 130, "bonus_bps", 13_000),
        ("supply_cap", MOST, "supply_cap_wad", 2**128 - 1),
        ("debt_cap", 0, "debt_cap_wad", 0),
    ],
)
def test_parse__at_the_bounds__kept(key: str, value: Any, name: str, kept: int) -> None:
    asset = presets.parse(changed(CONTENT, f"assets.volatile.{key}", value), "mine", "mine.yaml").asset("volatile")
    assert getattr(asset, name) == kept


MISSING = object()
PRICED_BY = "fixed_price, quote (the asset it trades against), or a feed alone (a quote asset that a feed prices)"
NEEDS_QUOTE = "it must name a quote asset, which has a fixed_price or nothing but a feed"
NEEDS_FEED = "above 65 % an asset needs a feed, which a second pool does not replace"
FEED = {"heartbeat_seconds": 86_400, "minimum_price": 0.9, "maximum_price": 1.1}
NEEDS_PRICE = "must name an asset that has a test_market, whose price it begins with"
WETH = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"


@pytest.mark.parametrize(
    "path, value, message",
    [
        ("description", MISSING, "description is missing"),
        ("pair", MISSING, "pair is missing"),
        ("pair", 3, "pair must be a group of settings"),
        ("pair.fee_bps", 1001, "pair.fee_bps is 1001 bps: it must lie between 0 and 1000 bps"),
        ("pair.fee_bps", -1, "pair.fee_bps is -1 bps: it must lie between 0 and 1000 bps"),
        ("pair.fee_bps", 0.5, "pair.fee_bps is 0.5 bps: finer than the contracts count (1/1)"),
        ("pair.fee_bps", "much", "pair.fee_bps must be a number, not 'much'"),
        ("pair.fee_bps", True, "pair.fee_bps must be a number, not 'True'"),
        ("pair.fee_bps", float("nan"), "pair.fee_bps must be a number, not 'nan'"),
        ("pair.protocol_share", 0.32, "pair.protocol_share must be a fraction like 8/25, not '0.32'"),
        ("pair.protocol_share", "25/8", "pair.protocol_share is 25/8: it must be at least 0 and below 1"),
        ("pair.protocol_share", "1/0", "pair.protocol_share is 1/0: it must be at least 0 and below 1"),
        ("pair.tax", 1, "pair.tax is no setting (known here: fee_bps, protocol_share)"),
        ("pool.borrow_limit_percent", 100, "pool.borrow_limit_percent is 100 %: it must lie between 1 and 99 %"),
        ("pool.minimum_debt", -1, "pool.minimum_debt is -1: it must lie between 0 and 1000000"),
        ("assets", {}, "assets lists no asset"),
        ("assets.Gold", {}, "assets.Gold is no usable name: small letters, digits and _ only"),
        ("assets.dollar.fixed_price", 0, "assets.dollar.fixed_price is 0: it must lie between 0.000001 and 1000000"),
        ("assets.dollar.fixed_price", MISSING, f"assets.dollar needs one of {PRICED_BY}"),
        ("assets.volatile.fixed_price", 1, f"assets.volatile needs one of {PRICED_BY}"),
        ("assets.volatile.quote", "gold", f"assets.volatile.quote is 'gold': {NEEDS_QUOTE}"),
        ("assets.volatile.quote", "volatile", f"assets.volatile.quote is 'volatile': {NEEDS_QUOTE}"),
        ("assets.volatile.minimum_depth", 999, "assets.volatile.minimum_depth is 999: it must lie between 1000 and 1000000000000"),
        ("assets.volatile.ltv_percent", 75, f"assets.volatile.ltv_percent is 75 %: {NEEDS_FEED}"),
        ("assets.dollar.ltv_percent", 65.01, f"assets.dollar.ltv_percent is 65.01 %: {NEEDS_FEED}"),
        ("assets.volatile.bonus_percent", "99.99", "assets.volatile.bonus_percent is 99.99 %: it must lie between 100 and 130 %"),
        ("assets.volatile.bonus_percent", 150, "assets.volatile.bonus_percent is 150 %: it must lie between 100 and 130 %"),
        ("assets.volatile.reserve_factor_percent", 101, "assets.volatile.reserve_factor_percent is 101 %: it must lie between 0 and 100 %"),
        ("assets.volatile.seed", 0, "assets.volatile.seed is 0: it must lie between 0.001 and 1000000"),
        ("assets.volatile.rates.kink_percent", 101, "assets.volatile.rates.kink_percent is 101 %: it must lie between 0 and 100 %"),
        ("assets.volatile.rates.jump_percent", 10_001, "assets.volatile.rates.jump_percent is 10001 %: it must lie between 0 and 10000 %"),
        ("assets.volatile.rates.base_percent", 10_000, "assets.volatile.rates give 10124 % a year at full use: at most 10000 %"),
        ("assets.volatile.rates.slope", 1,
         "assets.volatile.rates.slope is no setting (known here: " + "base_percent, jump_percent, kink_percent, multiplier_percent)"),
        ("assets.volatile.test_token.decimals", 5, "assets.volatile.test_token.decimals is 5: it must lie between 6 and 18"),
        ("assets.volatile.test_token.symbol", "USD", "assets.dollar.test_token.symbol is USD, as another asset's"),
        ("assets.volatile.test_token.name", "x" * 33, "assets.volatile.test_token.name has 33 characters, at most 32 fit"),
        ("assets.volatile.test_token.name", 5, "assets.volatile.test_token.name must be a text, not '5'"),
        ("assets.volatile.test_market.price", 0, "assets.volatile.test_market.price is 0: it must lie between 0.000001 and 1000000000"),
        ("assets.dollar.test_market", {}, "assets.dollar.test_market makes no sense for a quote asset"),
        ("assets.dollar.second_source", {}, "assets.dollar.second_source makes no sense for a quote asset"),
        ("assets.dollar.feed", FEED, "assets.dollar.feed makes no sense for an asset with a fixed price"),
        ("assets.volatile.origination_fee_bps", 501, "assets.volatile.origination_fee_bps is 501 bps: it must lie between 0 and 500 bps"),
        ("assets.volatile.supply_cap", -1, f"assets.volatile.supply_cap is -1: it must lie between 0 and {MOST}"),
        ("assets.volatile.supply_cap", "340282366920938463463.374607431768211456",
         f"assets.volatile.supply_cap is 340282366920938463463.374607431768211456: it must lie between 0 and {MOST}"),
        ("assets.volatile.debt_cap", "much", "assets.volatile.debt_cap must be a number, not 'much'"),
        ("assets.volatile.stakers", {1: WETH}, "assets.volatile.stakers get half of an origination fee, which is 0"),
        ("pool.liquidation_fee_percent", 3.1, "pool.liquidation_fee_percent is 3.1 %: it must lie between 0 and 3 %"),
        ("roles", {"delay_seconds": 0}, "roles.delay_seconds is 0 s: it must lie between 1 and 2592000 s"),
        ("roles", {"owner": WETH}, "roles.owner must be a group of addresses by chain id"),
        ("roles", {"keeper": {}}, "roles.keeper is no setting (known here: delay_seconds, guardian, owner, steward)"),
        ("assets.volatile.depth_mode", "on", "assets.volatile.depth_mode is 'on': it must be one of new_risk, off, full"),
        ("assets.volatile.depth_mode", True, "assets.volatile.depth_mode is 'True': it must be one of new_risk, off, full"),
        ("range_pools.test_pools.0.quote", "volatile", "range_pools.test_pools[0].quote is 'volatile': it must name a quote asset"),
        ("native", "gold", "native is 'gold': it must name one of the assets (dollar, volatile)"),
        ("range_pools", 3, "range_pools must be a group of settings"),
        ("range_pools.tiers", 3, "range_pools.tiers is no setting (known here: test_pools, wrapped_native)"),
        ("range_pools.wrapped_native", [], "range_pools.wrapped_native must be a group of addresses by chain id"),
        ("range_pools.wrapped_native", {"one": WETH}, "range_pools.wrapped_native has 'one', which is no chain id"),
        ("range_pools.wrapped_native", {True: WETH}, "range_pools.wrapped_native has 'True', which is no chain id"),
        ("range_pools.wrapped_native", {1: int(WETH, 16)},
         f"range_pools.wrapped_native.1 is '{int(WETH, 16)}': it must be an address in quotes, with its checksum"),
        ("range_pools.wrapped_native", {1: WETH.lower()},
         f"range_pools.wrapped_native.1 is '{WETH.lower()}': it must be an address in quotes, with its checksum"),
        ("range_pools.test_pools", {}, "range_pools.test_pools must be a list"),
        ("range_pools.test_pools", [3], "range_pools.test_pools[0] must be a group of settings"),
        ("range_pools.test_pools.0.asset", "gold", "range_pools.test_pools[0].asset is 'gold': it " + NEEDS_PRICE),
        ("range_pools.test_pools.0.asset", "dollar", "range_pools.test_pools[0].asset is 'dollar': it " + NEEDS_PRICE),
        ("range_pools.test_pools.0.fee_percent", 0.25, "range_pools.test_pools[0].fee_percent is 0.25 %: the tiers are 0.01, 0.05, 0.3, 1 %"),
        ("range_pools.test_pools.0.fee_percent", 2, "range_pools.test_pools[0].fee_percent is 2 %: it must lie between 0 and 1 %"),
        ("range_pools.test_pools.0.fees", 2, "range_pools.test_pools[0].fees is no setting (known here: asset, fee_percent, positions, quote)"),
        ("range_pools.test_pools.0.positions.1.range", "slim",
         "range_pools.test_pools[0].positions[1].range is 'slim': it must be one of narrow, wide, full"),
        ("range_pools.test_pools.0.positions.1.value", 0,
         "range_pools.test_pools[0].positions[1].value is 0: it must lie between 1 and 1e12"),
        ("range_pools.test_pools.0.positions.1.worth", 0,
         "range_pools.test_pools[0].positions[1].worth is no setting (known here: range, value)"),
        ("range_pools.test_pools", CONTENT["range_pools"]["test_pools"] * 2,
         "range_pools.test_pools[1] is the second of 'volatile' with that fee"),
        ("colour", "red", "colour is no setting (known here: assets, description, native, pair, pool, range_pools, roles)"),
    ],
)  # fmt: skip
def test_parse__bad_value__named_with_its_bound(path: str, value: Any, message: str) -> None:
    assert problem(CONTENT, path, value) == f"mine.yaml: {message}"


def changed(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value in another's place, or without it."""
    content = copy.deepcopy(content)
    *groups, key = path.split(".")
    group = content
    for name in groups:
        group = group[int(name) if isinstance(group, list) else name]
    if value is MISSING:
        del group[key]
    else:
        group[key] = value
    return content


def problem(content: dict[str, Any], path: str, value: Any) -> str:
    with pytest.raises(PresetError) as error:
        presets.parse(changed(content, path, value), "mine", "mine.yaml")
    return str(error.value)


# ---------------------------------------------------------------- second sources and feeds


@pytest.mark.parametrize(
    "path, value, message",
    [
        ("second_source.kind", "venue", "second_source.kind is 'venue': it must be one of pair, range_pool"),
        ("second_source.kind", MISSING, "second_source.kind is missing"),
        ("second_source.kind", "pair", "second_source.fee_percent is no setting (known here: kind, minimum_depth, quote, test_liquidity)"),
        ("second_source", {"kind": "pair", "quote": "dollar"},
         "second_source.quote is 'dollar', which the first pair has: there is one pair of two tokens"),
        ("second_source", {"kind": "pair", "quote": "wemix_dollar"}, f"second_source.quote is 'wemix_dollar': {NEEDS_QUOTE}"),
        ("second_source", {"kind": "pair", "quote": "dollar", "minimum_depth": 999},
         "second_source.minimum_depth is 999: it must lie between 1000 and 1000000000000"),
        ("second_source.minimum_depth", 1_249_999,
         "second_source.minimum_depth is 1,249,999: at least half of the first source's, 2,500,000, is needed"),
        ("second_source.quote", "gold", f"second_source.quote is 'gold': {NEEDS_QUOTE}"),
        ("second_source.fee_percent", 0.25, "second_source.fee_percent is 0.25 %: the tiers are 0.01, 0.05, 0.3, 1 %"),
        ("feed", MISSING, f"ltv_percent is 75 %: {NEEDS_FEED}"),
        ("feed", 3, "feed must be a group of settings"),
        ("feed.address", WETH,
         "feed.address is no setting (known here: addresses, heartbeat_seconds, in_quote, maximum_price, minimum_price, test_price)"),
        ("feed.addresses", [WETH], "feed.addresses must be a group of addresses by chain id"),
        ("feed.addresses", {0: WETH}, "feed.addresses has '0', which is no chain id"),
        ("feed.addresses", {1: WETH.lower()}, f"feed.addresses.1 is '{WETH.lower()}': it must be an address in quotes, with its checksum"),
        ("feed.heartbeat_seconds", 59, "feed.heartbeat_seconds is 59 s: it must lie between 60 and 259200 s"),
        ("feed.heartbeat_seconds", 259_201, "feed.heartbeat_seconds is 259201 s: it must lie between 60 and 259200 s"),
        ("feed.heartbeat_seconds", MISSING, "feed.heartbeat_seconds is missing"),
        ("feed.minimum_price", 0, "feed.minimum_price is 0: it must lie between 0.000000000001 and 1000000000000"),
        ("feed.minimum_price", 100_000, "feed.minimum_price must be below maximum_price"),
        ("feed.maximum_price", MISSING, "feed.maximum_price is missing"),
        ("feed.test_price", 10, "feed.test_price must lie between minimum_price and maximum_price"),
        ("feed.in_quote", "yes", "feed.in_quote must be true or false, not 'yes'"),
        ("feed.minimum_price", 200, "feed does not believe the price of the asset's test_market: it lies outside of its bounds"),
        ("feed.maximum_price", 200, "feed does not believe the price of the asset's test_market: it lies outside of its bounds"),
        ("depth_mode", "full", "depth_mode is full: only a pool of two assets takes that"),
        ("ltv_percent", 86, "ltv_percent is 86 %: with this bonus at most 85.9 % (1/bonus - 5 %)"),
    ],
)  # fmt: skip
def test_parse__bad_source__named_with_its_bound(path: str, value: Any, message: str) -> None:
    assert problem(WITH_FEED, f"assets.volatile.{path}", value) == f"mine.yaml: assets.volatile.{message}"


def test_parse__second_range_pool_without_range_pools__named() -> None:
    assert problem(WITH_FEED, "range_pools", MISSING) == (
        "mine.yaml: assets.volatile.second_source.kind is range_pool: the preset needs a group range_pools, too"
    )


def test_parse__second_source_alone__raises_no_ltv() -> None:
    found = problem(WITH_FEED, "assets.volatile.feed", MISSING)
    assert found == "mine.yaml: assets.volatile.ltv_percent is 75 %: above 65 % an asset needs a feed, which a second pool does not replace"
    at_65 = changed(WITH_FEED, "assets.volatile.ltv_percent", 65)
    asset = presets.parse(changed(at_65, "assets.volatile.feed", MISSING), "mine", "mine.yaml").asset("volatile")
    assert (asset.ltv_bps, asset.feed, asset.second_source is None) == (6_500, None, False)


def test_parse__quote_by_feed__no_price_of_its_own() -> None:
    content = changed(WITH_FEED, "assets.dollar.fixed_price", MISSING)
    for missing, bad, message in (
        ("test_price", {**FEED}, "feed.test_price is missing: nothing else says what the test token is worth"),
        ("unit", {**FEED, "test_price": 1, "in_quote": True}, "feed.in_quote makes no sense for a quote asset"),
    ):
        assert problem(content, "assets.dollar.feed", bad) == f"mine.yaml: assets.dollar.{message}", missing
    content["assets"]["dollar"] |= {"feed": {**FEED, "test_price": "0.999"}, "ltv_percent": 80}
    dollar = presets.parse(content, "mine", "mine.yaml").asset("dollar")
    assert (dollar.fixed_price_wad, dollar.quote, dollar.ltv_bps) == (None, None, 8_000)
    assert dollar.start_price_wad == 999 * WAD // 1_000


def test_parse__depth_modes__off_is_no_truth_value() -> None:
    # YAML reads a bare off as false
    for given, mode in ((False, "off"), ("off", "off"), ("new_risk", "new_risk"), ("full", "full")):
        assert presets.parse(changed(CONTENT, "assets.volatile.depth_mode", given), "mine", "mine.yaml").asset("volatile").depth_mode == mode


def test_feed_test_price__in_quote__as_many_as_the_asset_is_worth() -> None:
    dollars = changed(WITH_FEED, "assets.dollar.fixed_price", "0.5")
    content = changed(dollars, "assets.volatile.feed.in_quote", True)
    preset = presets.parse(content, "mine", "mine.yaml")
    volatile, dollar = preset.asset("volatile"), preset.asset("dollar")
    assert presets.feed_test_price(volatile, dollar) == 400 * WAD
    assert presets.feed_test_price(volatile, dollar, 150 * WAD) == 300 * WAD
    assert presets.feed_test_price(preset.asset("wemix_dollar"), dollar) == WAD


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [1", r"mine\.yaml, line 1: this is not YAML \(expected ',' or '\]', but got '<stream end>'\)"),
        ("", r"mine\.yaml: the file is empty|mine\.yaml: the file must be a group"),
        ("- 1", r"mine\.yaml: the file must be a group of settings"),
        ("\xff\xfe", r"mine\.yaml"),
    ],
)
def test_load__no_preset__said(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(PresetError, match=message):
        presets.load(str(path))


def test_load__unknown_name__known_ones_listed() -> None:
    known = r"there is no preset 'aave' \(there are: liqwid, nukem, wemix, wemix-feed; or give a path to a \.yaml file\)"
    with pytest.raises(PresetError, match=known):
        presets.load("aave")


def test_parse__number_as_text_and_float__exact() -> None:
    content = copy.deepcopy(CONTENT)
    content["assets"]["volatile"]["rates"]["multiplier_percent"] = "4.000000000000001"
    content["assets"]["volatile"]["seed"] = 0.1
    asset = presets.parse(content, "mine", "mine.yaml").asset("volatile")
    assert asset.rates.multiplier_wad == 40_000_000_000_000_010
    assert asset.seed_wad == 10**17
