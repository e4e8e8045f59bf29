from typing import Any

import boa
import pytest

from tests.configurator_world import BONUS, FACTOR, LTV, MAX_LTV, ZERO, Market
from tests.conftest import load

FULL = 2


@pytest.fixture
def token() -> Any:
    return load("testing/TestToken.vy").deploy("New", "NEW", 18).address


def refuse(market: Market, asset: Any, reason: str, **changes: Any) -> None:
    with boa.reverts(reason):
        market.list(asset, **changes)


def test_list_reserve__new_token__has_its_terms_and_nothing_else(market: Market, token: Any) -> None:
    market.list(token)
    assert market.event() == ("Listed", token, market.model.address, LTV, BONUS, FACTOR)
    assert market.pool.reserves_count() == 3
    assert market.of(token) == (market.model.address, FACTOR, 0, ZERO, LTV, LTV, LTV, 0, BONUS, 0, 0, 0, False, 0, 0)


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_list_reserve__six_to_eighteen_decimals__is_listed(market: Market, decimals: int) -> None:
    market.list(load("testing/TestToken.vy").deploy("T", "T", decimals).address)


@pytest.mark.parametrize("decimals", [0, 5, 19, 255])
def test_list_reserve__other_decimals__reverts(market: Market, decimals: int) -> None:
    refuse(market, load("testing/TestToken.vy").deploy("T", "T", decimals).address, "configurator: bad decimals")


def test_list_reserve__no_token__reverts(market: Market) -> None:
    for nothing in (ZERO, market.address["attacker"], market.engine.address):
        refuse(market, nothing, "configurator: bad decimals")


@pytest.mark.parametrize("ltv, bonus", [(MAX_LTV, 11_000), (9_500, 10_000), (7_192, 13_000), (0, 13_000), (0, 10_000)])
def test_list_reserve__at_the_edge_of_the_rule__is_listed(market: Market, token: Any, ltv: int, bonus: int) -> None:
    market.list(token, ltv=ltv, bonus=bonus)
    assert (market.of(token).ltv_bps, market.of(token).bonus_bps) == (ltv, bonus)


@pytest.mark.parametrize("ltv, bonus", [(MAX_LTV + 1, 11_000), (9_501, 10_000), (7_193, 13_000), (10_001, 10_000), (2**255, 11_000)])
def test_list_reserve__ltv_above_the_rule__reverts(market: Market, token: Any, ltv: int, bonus: int) -> None:
    refuse(market, token, "configurator: bad ltv", ltv=ltv, bonus=bonus)


@pytest.mark.parametrize("bonus", [0, 9_999, 13_001, 2**255])
def test_list_reserve__bonus_out_of_bounds__reverts(market: Market, token: Any, bonus: int) -> None:
    refuse(market, token, "configurator: bad bonus", ltv=0, bonus=bonus)


def test_list_reserve__reserve_factor__up_to_all(market: Market, token: Any) -> None:
    refuse(market, token, "configurator: bad reserve factor", factor=10_001)
    market.list(token, factor=10_000)
    assert market.of(token).reserve_factor_bps == 10_000


@pytest.mark.parametrize("fault", [1, 2, 4, 8, 16])
def test_list_reserve__model_that_fails__reverts(market: Market, token: Any, fault: int) -> None:
    model = load("testing/FaultyRateModel.vy").deploy()
    model.set_fault(fault)
    refuse(market, token, "configurator: bad rate model", model=model.address)


def test_list_reserve__no_model__reverts(market: Market, token: Any) -> None:
    for nothing in (market.eth, market.address["attacker"]):
        refuse(market, token, "configurator: bad rate model", model=nothing)
    with boa.reverts("configurator: bad rate model"):
        market.by("owner", "list_reserve", token, ZERO, LTV, BONUS, FACTOR)


def test_list_reserve__listed__reverts(market: Market) -> None:
    refuse(market, market.eth, "configurator: already listed")


def test_list_reserve__a_third_beside_a_full_one__reverts(market: Market, token: Any) -> None:
    for asset in (market.eth, market.usd):
        market.by("owner", "set_depth_mode", asset, FULL)
        refuse(market, token, "configurator: bad depth mode")
        market.by("owner", "set_depth_mode", asset, 0)
    market.list(token)


def test_list_reserve__another_reserve_seeded_and_in_debt__is_not_touched(market: Market, token: Any) -> None:
    before = market.words(market.eth)
    market.list(token)
    assert market.words(market.eth) == before


@pytest.mark.parametrize(
    "role, function, arguments",
    [
        ("owner", "set_depth_mode", (0,)),
        ("owner", "set_ltv", (0, 0)),
        ("owner", "set_bonus", (11_000,)),
        ("owner", "set_reserve_factor", (0,)),
        ("owner", "set_rate_model", (ZERO,)),
        ("owner", "set_origination_fee", (0, ZERO)),
        ("owner", "set_caps", (0, 0)),
        ("owner", "unfreeze", ()),
        ("owner", "lift_pause", ()),
        ("steward", "lower_caps", (0, 0)),
        ("steward", "freeze", ()),
        ("guardian", "pause", (1, 86_400)),
        ("guardian", "add_to_pause", (1,)),
        ("attacker", "configuration", ()),
    ],
)
def test_not_listed__every_function_of_an_asset__reverts(
    market: Market, token: Any, role: str, function: str, arguments: tuple[Any, ...]
) -> None:
    market.refuse(role, function, token, *arguments, reason="configurator: not listed")
