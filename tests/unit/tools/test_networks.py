"""config/<network>.yaml: what it may say, and each bad value named with its path."""

import copy
from decimal import localcontext
from pathlib import Path
from typing import Any

import pytest

from plimsoll import networks, presets
from plimsoll.networks import FeedTerms, IsolatedQuote, Network, NetworkError, Terms

WAD = 10**18
A, B, C = ("0x" + f"{n}" * 40 for n in (1, 2, 3))
# Raw units of 6 decimals in 128 bits
MOST_SIX = "340282366920938463463374607431768.211455"
CONTENT: dict[str, Any] = {
    "description": "A network of the tests",
    "chain_id": 4242,
    "preset": "wemix",
    "treasury": A,
    "wrapped_native": B,
    "tokens": {"dollar": A, "volatile": B},
    "feeds": {"volatile": C},
    "roles": {"owner": A, "steward": B, "guardian": C, "delay_seconds": 7_200},
    "market": {
        "volatile": {
            "ltv_percent": 60,
            "bonus_percent": 108,
            "reserve_factor_percent": 40,
            "origination_fee_bps": 50,
            "supply_cap": 1_000,
            "debt_cap": "500.5",
            "depth_mode": "off",
            "stakers": C,
            "rate_model": B,
            "frozen": True,
            "paused": ["borrow", "flash"],
        }
    },
    "check": {"oracle_age_seconds": 3_600, "may_be_blocked": ["volatile"]},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    *groups, key = path.split(".")
    place = content
    for group in groups:
        place = place[group]
    place[key] = value
    return content


def test_parse__all_settings__kept() -> None:
    n = networks.parse(CONTENT, "mine", "mine.yaml")
    assert n == Network(
        name="mine",
        description="A network of the tests",
        chain_id=4242,
        preset="wemix",
        treasury=A,
        wrapped_native=B,
        tokens={"dollar": A, "volatile": B},
        feeds={"volatile": C},
        owner=A,
        steward=B,
        guardian=C,
        delay_seconds=7_200,
        terms={"volatile": Terms(6_000, 10_800, 4_000, 50, 1_000 * WAD, 5_005 * WAD // 10, "off", C, B, True, ("borrow", "flash"))},
        oracle_age_seconds=3_600,
        may_be_blocked=("volatile",),
    )
    preset = n.applied_to(presets.load("wemix"))
    assert preset.asset("dollar") == presets.load("wemix").asset("dollar")
    volatile = preset.asset("volatile")
    assert (volatile.ltv_bps, volatile.bonus_bps, volatile.depth_mode, volatile.debt_cap_wad) == (6_000, 10_800, "off", 5_005 * WAD // 10)


@pytest.mark.parametrize("bonus, bps", [(100, 10_000), ("100.01", 10_001), (130, 13_000)])
def test_parse__bonus__as_the_configurator_takes_it(bonus: Any, bps: int) -> None:
    assert networks.parse(changed("market.volatile.bonus_percent", bonus), "mine", "mine.yaml").terms["volatile"].bonus_bps == bps


@pytest.mark.parametrize(
    "cap, raw, decimals", [(MOST_SIX, 2**128 - 1, 6), ("340282366920938463463.374607431768211455", 2**128 - 1, 18), (0, 0, 6)]
)
def test_parse__cap__to_the_last_unit_of_128_bits(cap: Any, raw: int, decimals: int) -> None:
    # Python's own precision: other packages may have raised it
    with localcontext(prec=28):
        terms = networks.parse(changed("market.volatile.supply_cap", cap), "mine", "mine.yaml").terms["volatile"]
    assert terms.supply_cap_wad == raw * 10 ** (18 - decimals)


def test_parse__isolated__quotes_and_rate_models_by_address() -> None:
    feed = {"address": C, "heartbeat_seconds": 3_600, "minimum_price": "0.9", "maximum_price": "1.1"}
    content = {**CONTENT, "isolated": {"quotes": {A: {"fixed_price": "2.5"}, B: feed, C: "none"}, "rate_models": {A: True, B: False}}}
    n = networks.parse(content, "mine", "mine.yaml")
    assert n.quotes == {
        A: IsolatedQuote(fixed_price_wad=25 * WAD // 10),
        B: IsolatedQuote(feed=FeedTerms(C, 3_600, 9 * WAD // 10, 11 * WAD // 10, False)),
        C: IsolatedQuote(),
    }
    assert n.rate_models == {A: True, B: False}


def test_parse__least__all_else_open() -> None:
    n = networks.parse({"description": "Least", "chain_id": 5}, "least", "least.yaml")
    assert n == Network("least", "Least", 5)
    assert n.applied_to(presets.load("wemix")) == presets.load("wemix")


def test_load__shipped__anvil() -> None:
    n = networks.find(31_337)
    assert n is not None
    assert (n.name, n.delay_seconds, n.preset, n.terms) == ("anvil", 60, None, {})
    assert networks.find(999_999) is None


@pytest.mark.parametrize(
    "path, value, message",
    [
        ("description", 5, "description must be a text, not '5'"),
        ("chain_id", 0, f"chain_id is 0: it must lie between 1 and {2**63 - 1}"),
        ("chain_id", "mainnet", "chain_id must be a number, not 'mainnet'"),
        ("treasury", A[:-1], f"treasury is '{A[:-1]}': it must be an address in quotes, with its checksum"),
        ("treasury", "0x" + "aB" * 20, f"treasury is '{'0x' + 'aB' * 20}': it must be an address in quotes, with its checksum"),
        ("wrapped_native", 5, "wrapped_native is '5': it must be an address in quotes, with its checksum"),
        ("tokens", [A], "tokens must be a group of settings"),
        ("tokens.dollar", "dollar", "tokens.dollar is 'dollar': it must be an address in quotes, with its checksum"),
        ("tokens", {"A B": A}, "tokens.A B is no usable name: small letters, digits and _ only"),
        ("feeds.volatile", None, "feeds.volatile is missing"),
        ("roles.owner", "me", "roles.owner is 'me': it must be an address in quotes, with its checksum"),
        ("roles.delay_seconds", 0, "roles.delay_seconds is 0 s: it must lie between 1 and 2592000 s"),
        ("roles.delay_seconds", 30 * 86_400 + 1, "roles.delay_seconds is 2592001 s: it must lie between 1 and 2592000 s"),
        ("roles.keeper", A, "roles.keeper is no setting (known here: delay_seconds, guardian, owner, steward)"),
        ("market.volatile.ltv_percent", 101, "market.volatile.ltv_percent is 101 %: it must lie between 0 and 100 %"),
        ("market.volatile.ltv_percent", 90, "market.volatile.ltv_percent is 90 %: with this bonus at most 87.59 % (1/bonus - 5 %)"),
        ("market.volatile.bonus_percent", 131, "market.volatile.bonus_percent is 131 %: it must lie between 100 and 130 %"),
        ("market.volatile.origination_fee_bps", 501, "market.volatile.origination_fee_bps is 501 bps: it must lie between 0 and 500 bps"),
        ("market.volatile.bonus_percent", "99.99", "market.volatile.bonus_percent is 99.99 %: it must lie between 100 and 130 %"),
        ("market.volatile.bonus_percent", "130.01", "market.volatile.bonus_percent is 130.01 %: it must lie between 100 and 130 %"),
        ("market.volatile.supply_cap", -1, f"market.volatile.supply_cap is -1: it must lie between 0 and {MOST_SIX}"),
        ("market.volatile.debt_cap", "340282366920938463463374607431768.211456",
         f"market.volatile.debt_cap is 340282366920938463463374607431768.211456: it must lie between 0 and {MOST_SIX}"),
        ("market.volatile.debt_cap", "340282366920938463463374607431768.2114545555555555555",
         "market.volatile.debt_cap is 340282366920938463463374607431768.2114545555555555555: finer than the contracts count "
         "(1/1000000000000000000)"),
        ("market.volatile.debt_cap", "1e-999999999", "market.volatile.debt_cap is 1e-999999999: finer than the contracts count "
         "(1/1000000000000000000)"),
        ("isolated", [A], "isolated must be a group of settings"),
        ("isolated", {"quote": {}}, "isolated.quote is no setting (known here: quotes, rate_models)"),
        ("isolated", {"quotes": {"dollar": "none"}}, "isolated.quotes has 'dollar': it must be an address in quotes, with its checksum"),
        ("isolated", {"quotes": {5: "none"}}, "isolated.quotes has '5': it must be an address in quotes, with its checksum"),
        ("isolated", {"rate_models": {"0x" + "aB" * 20: True}},
         f"isolated.rate_models has '0x{'aB' * 20}': it must be an address in quotes, with its checksum"),
        ("isolated", {"quotes": {A: "nothing"}}, f"isolated.quotes.{A} must be a group of settings"),
        ("isolated", {"quotes": {A: {"fixed_price": 0}}},
         f"isolated.quotes.{A}.fixed_price is 0: it must lie between 0.000000000000000001 and 2000000000000000"),
        ("isolated", {"quotes": {A: {"fixed_price": 1, "address": B}}}, f"isolated.quotes.{A}.address is no setting (known here: fixed_price)"),
        ("isolated", {"quotes": {A: {"address": B, "heartbeat_seconds": 59, "minimum_price": 1, "maximum_price": 2}}},
         f"isolated.quotes.{A}.heartbeat_seconds is 59 s: it must lie between 60 and 259200 s"),
        ("isolated", {"rate_models": {A: "yes"}}, f"isolated.rate_models.{A} must be true or false, not 'yes'"),
        ("market.volatile.depth_mode", "on", "market.volatile.depth_mode is 'on': it must be one of new_risk, off, full"),
        ("market.volatile.frozen", "yes", "market.volatile.frozen must be true or false, not 'yes'"),
        ("market.volatile.paused", "borrow", "market.volatile.paused must be a list of names"),
        ("market.volatile.paused", ["repay"], "market.volatile.paused has 'repay': it must be of supply, borrow, collateral, flash"),
        ("market.volatile.color", 1, "market.volatile.color is no setting (known here: bonus_percent, debt_cap, depth_mode, feed, fixed_price, "
         "frozen, ltv_percent, origination_fee_bps, paused, rate_model, reserve_factor_percent, second_source, source, stakers, supply_cap, "
         "token)"),
        ("market.volatile.source", A, "market.volatile.source must be a group of settings"),
        ("market.volatile.source", {"pool": A}, "market.volatile.source.quote is missing"),
        ("market.volatile.source", {"pool": A, "quote": "dollar", "minimum_depth": 999},
         "market.volatile.source.minimum_depth is 999: it must lie between 1000 and 1000000000000"),
        ("market.volatile.second_source", "nothing", "market.volatile.second_source must be a group of settings"),
        ("market.volatile.feed", {"address": A, "minimum_price": 2, "maximum_price": 2, "heartbeat_seconds": 60},
         "market.volatile.feed.minimum_price must be below maximum_price"),
        ("market.volatile.feed", {"address": A, "minimum_price": 1, "maximum_price": 2, "heartbeat_seconds": 59},
         "market.volatile.feed.heartbeat_seconds is 59 s: it must lie between 60 and 259200 s"),
        ("market.volatile.feed", {"address": "0x12", "minimum_price": 1, "maximum_price": 2, "heartbeat_seconds": 60},
         "market.volatile.feed.address is '0x12': it must be an address in quotes, with its checksum"),
        ("market.volatile.fixed_price", 0, "market.volatile.fixed_price is 0: it must lie between 0.000001 and 1000000"),
        ("check.oracle_age_seconds", 59, "check.oracle_age_seconds is 59 s: it must lie between 60 and 2592000 s"),
        ("check.may_be_blocked", "volatile", "check.may_be_blocked must be a list of names"),
        ("check.often", 1, "check.often is no setting (known here: may_be_blocked, oracle_age_seconds)"),
        ("colour", "red", "colour is no setting (known here: chain_id, check, description, feeds, isolated, market, preset, roles, tokens, "
         "treasury, wrapped_native)"),
    ],
)  # fmt: skip
def test_parse__bad_value__named_with_its_bound(path: str, value: Any, message: str) -> None:
    with pytest.raises(NetworkError) as error:
        networks.parse(changed(path, value), "mine", "mine.yaml")
    assert str(error.value) == f"mine.yaml: {message}"


def test_load__no_file_and_no_yaml__said(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"there is no file .*nowhere\.yaml"):
        networks.load(tmp_path / "nowhere.yaml")
    (tmp_path / "odd.yaml").write_text("a: [")
    with pytest.raises(NetworkError, match=r"odd\.yaml, line 1: this is not YAML"):
        networks.load(tmp_path / "odd.yaml")
    (tmp_path / "odd.yaml").write_text("- 5")
    with pytest.raises(NetworkError, match=r"odd\.yaml: the file must be a group of settings"):
        networks.load(tmp_path / "odd.yaml")


def test_find__two_files_of_a_chain__refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text("description: x\nchain_id: 7\n")
    with pytest.raises(NetworkError, match=r"one\.yaml and two\.yaml are both of chain 7: name one with --config"):
        networks.find(7, tmp_path)


# ---------------------------------------------------------------- what was listed since

LISTED: dict[str, Any] = {
    "token": C,
    "ltv_percent": 60,
    "bonus_percent": 110,
    "reserve_factor_percent": 20,
    "rate_model": B,
    "source": {"pool": A, "quote": "dollar", "minimum_depth": "250000.5"},
    "feed": {"address": B, "heartbeat_seconds": 3_600, "minimum_price": "0.5", "maximum_price": 2_000, "in_quote": True},
    "debt_cap": 7,
}


def with_listed(**changes: Any) -> Network:
    entry = {k: v for k, v in {**LISTED, **changes}.items() if v is not None}
    return networks.parse({**CONTENT, "market": {"wbtc": entry}}, "mine", "mine.yaml")


def test_listed__by_its_token__an_asset_with_these_terms() -> None:
    (asset,) = with_listed().listed(presets.load("wemix"))
    assert (asset.role, asset.ltv_bps, asset.bonus_bps, asset.reserve_factor_bps) == ("wbtc", 6_000, 11_000, 2_000)
    assert (asset.quote, asset.minimum_depth_wad) == ("dollar", 2_500_005 * WAD // 10)
    assert (asset.depth_mode, asset.supply_cap_wad, asset.debt_cap_wad) == ("new_risk", 0, 7 * WAD)
    assert asset.feed is not None
    assert (asset.feed.heartbeat_seconds, asset.feed.minimum_price_wad, asset.feed.in_quote) == (3_600, WAD // 2, True)
    (asset,) = with_listed(source=None, feed="none", fixed_price="1.5").listed(presets.load("wemix"))
    assert (asset.quote, asset.feed, asset.fixed_price_wad) == (None, None, 3 * WAD // 2)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"token": None}, "mine.yaml names 'wbtc', which is no asset of the preset 'wemix': of one listed since, name its token"),
        ({"ltv_percent": None}, "mine.yaml: market.wbtc.ltv_percent is missing: nothing else says it of an asset listed since the deployment"),
        ({"rate_model": None}, "mine.yaml: market.wbtc.rate_model is missing: nothing else says it of an asset listed since the deployment"),
    ],
)
def test_listed__not_all_of_it__said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NetworkError) as error:
        with_listed(**changes).listed(presets.load("wemix"))
    assert str(error.value) == message


def test_listed__token_of_an_asset_of_the_preset__refused() -> None:
    network = networks.parse(changed("market.volatile.token", C), "mine", "mine.yaml")
    with pytest.raises(NetworkError, match=r"market\.volatile\.token is for an asset that the preset 'wemix' does not list"):
        network.listed(presets.load("wemix"))
    assert networks.parse(CONTENT, "mine", "mine.yaml").listed(presets.load("wemix")) == ()
