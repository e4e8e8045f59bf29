"""Presets: the published numbers, and each bad value named with its path."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from plimsoll import presets
from plimsoll.presets import PresetError

WAD = 10**18
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
    assert (dollar.fixed_price_wad, volatile.quote, volatile.minimum_depth_wad) == (WAD, "dollar", 100_000 * WAD)
    assert p.priced == (volatile,)
    assert presets.available() == ["wemix"]


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


MISSING = object()
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
        ("assets.dollar.fixed_price", MISSING, "assets.dollar needs either fixed_price (a quote asset) or quote (the asset it trades against)"),
        ("assets.volatile.fixed_price", 1, "assets.volatile needs either fixed_price (a quote asset) or quote (the asset it trades against)"),
        ("assets.volatile.quote", "gold", "assets.volatile.quote is 'gold': it must name an asset that has a fixed_price"),
        ("assets.volatile.quote", "volatile", "assets.volatile.quote is 'volatile': it must name an asset that has a fixed_price"),
        ("assets.volatile.minimum_depth", 0, "assets.volatile.minimum_depth is 0: it must lie between 1 and 1000000000000"),
        ("assets.volatile.ltv_percent", 75, "assets.volatile.ltv_percent is 75 %: above 65 % an asset needs a feed"),
        ("assets.volatile.bonus_percent", 100, "assets.volatile.bonus_percent is 100 %: it must lie between 101 and 150 %"),
        ("assets.volatile.bonus_percent", 150, "assets.volatile.ltv_percent is 65 %: with this bonus at most 61.66 % (1/bonus - 5 %)"),
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
        ("assets.dollar.test_market", {}, "assets.dollar.test_market makes no sense for an asset with a fixed price"),
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
        ("range_pools.test_pools.0.fees", 2, "range_pools.test_pools[0].fees is no setting (known here: asset, fee_percent, positions)"),
        ("range_pools.test_pools.0.positions.1.range", "slim",
         "range_pools.test_pools[0].positions[1].range is 'slim': it must be one of narrow, wide, full"),
        ("range_pools.test_pools.0.positions.1.value", 0,
         "range_pools.test_pools[0].positions[1].value is 0: it must lie between 1 and 1e12"),
        ("range_pools.test_pools.0.positions.1.worth", 0,
         "range_pools.test_pools[0].positions[1].worth is no setting (known here: range, value)"),
        ("range_pools.test_pools", CONTENT["range_pools"]["test_pools"] * 2,
         "range_pools.test_pools[1] is the second of 'volatile' with that fee"),
        ("colour", "red", "colour is no setting (known here: assets, description, native, pair, pool, range_pools)"),
    ],
)  # fmt: skip
def test_parse__bad_value__named_with_its_bound(path: str, value: Any, message: str) -> None:
    content = copy.deepcopy(CONTENT)
    *groups, key = path.split(".")
    group = content
    for name in groups:
        group = group[int(name) if isinstance(group, list) else name]
    if value is MISSING:
        del group[key]
    else:
        group[key] = value
    with pytest.raises(PresetError) as error:
        presets.parse(content, "mine", "mine.yaml")
    assert str(error.value) == f"mine.yaml: {message}"


@pytest.mark.parametrize(
    "text, message",
    [
        ("a: [1", r"mine\.yaml, line 1: this is not YAML \(expected ',' or '\]', but got '<stream end>'\)"),
        ("", r"mine\.yaml: the file is missing|mine\.yaml: the file must be a group"),
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
    with pytest.raises(PresetError, match=r"there is no preset 'aave' \(there are: wemix; or give a path to a \.yaml file\)"):
        presets.load("aave")


def test_parse__number_as_text_and_float__exact() -> None:
    content = copy.deepcopy(CONTENT)
    content["assets"]["volatile"]["rates"]["multiplier_percent"] = "4.000000000000001"
    content["assets"]["volatile"]["seed"] = 0.1
    asset = presets.parse(content, "mine", "mine.yaml").asset("volatile")
    assert asset.rates.multiplier_wad == 40_000_000_000_000_010
    assert asset.seed_wad == 10**17
