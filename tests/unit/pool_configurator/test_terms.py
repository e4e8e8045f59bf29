"""Depth mode, bonus, reserve factor, origination fee, caps: each change touches its own field alone."""

from typing import Any

import boa
import pytest

from tests.configurator_world import BORROW, DAY, HOUR, LTV, MAX_LTV, SUPPLY, ZERO, Market

NEW_RISK, OFF, FULL = 0, 1, 2


@pytest.fixture
def busy(market: Market) -> Market:
    """Every field of ETH is in use: a ramp runs, something is paused, there are caps and a fee."""
    market.pool.seed(market.eth)
    market.by("owner", "set_caps", market.eth, 10**24, 2 * 10**23)
    market.by("owner", "set_origination_fee", market.eth, 500, market.address["steward"])
    market.by("owner", "set_depth_mode", market.eth, OFF)
    market.by("owner", "set_ltv", market.eth, 6_500, 10 * DAY)
    market.by("guardian", "pause", market.eth, SUPPLY | BORROW, DAY)
    market.travel(HOUR)
    return market


def fields(market: Market) -> dict[str, Any]:
    configuration = market.of(market.eth)
    return {name: getattr(configuration, name) for name in configuration._fields}


@pytest.mark.parametrize(
    "role, function, arguments, changed",
    [
        ("owner", "set_depth_mode", (NEW_RISK,), {"depth_mode": NEW_RISK}),
        ("owner", "set_bonus", (10_500,), {"bonus_bps": 10_500}),
        ("owner", "set_reserve_factor", (10_000,), {"reserve_factor_bps": 10_000}),
        ("owner", "set_origination_fee", (1, ZERO), {"origination_fee_bps": 1, "stakers": ZERO}),
        ("owner", "set_caps", (2**128 - 1, 0), {"supply_cap": 2**128 - 1, "debt_cap": 0}),
        ("owner", "lift_pause", (), {"paused_actions": 0, "paused_until": 0}),
        ("steward", "lower_caps", (1, 2), {"supply_cap": 1, "debt_cap": 2}),
        ("steward", "freeze", (), {"frozen": True, "new_risk_ltv_bps": 0}),
        ("guardian", "add_to_pause", (15,), {"paused_actions": 15}),
        (
            "owner",
            "set_ltv",
            (7_500, 0),
            {"ltv_bps": 7_500, "new_risk_ltv_bps": 7_500, "liquidation_ltv_bps": 7_500, "ramp_until": 0},
        ),
    ],
)
def test_each_change__with_every_field_in_use__touches_its_own_alone(
    busy: Market, role: str, function: str, arguments: tuple[Any, ...], changed: dict[str, Any]
) -> None:
    before, other = fields(busy), busy.words(busy.usd)
    busy.by(role, function, busy.eth, *arguments)
    assert fields(busy) == before | changed
    assert busy.words(busy.usd) == other


def test_configuration__what_has_run_out__is_told_and_cleared_by_the_next_change(busy: Market) -> None:
    busy.travel(10 * DAY)
    assert (busy.of(busy.eth).ramp_until, busy.of(busy.eth).paused_actions, busy.of(busy.eth).paused_until) == (0, 0, 0)
    assert busy.of(busy.eth).liquidation_ltv_bps == busy.of(busy.eth).ltv_bps == 6_500
    before = fields(busy)
    busy.by("owner", "set_caps", busy.eth, 10**24, 2 * 10**23)
    assert fields(busy) == before
    market, _, _, ramp, _ = busy.words(busy.eth)
    assert (market >> 252, ramp) == (0, 0)


# ---------------------------------------------------------------- depth mode


@pytest.mark.parametrize("mode", [OFF, FULL, NEW_RISK])
def test_set_depth_mode__before_the_seed_among_two__is_set(market: Market, mode: int) -> None:
    market.by("owner", "set_depth_mode", market.eth, mode)
    assert market.event() == ("DepthModeSet", market.eth, NEW_RISK, mode)
    assert market.of(market.eth).depth_mode == mode


@pytest.mark.parametrize("mode", [3, 4, 2**62, 2**256 - 1])
def test_set_depth_mode__unknown__reverts(market: Market, mode: int) -> None:
    market.refuse("owner", "set_depth_mode", market.eth, mode, reason="configurator: bad depth mode")


def test_set_depth_mode__full_once_seeded__reverts(market: Market) -> None:
    market.by("owner", "set_depth_mode", market.eth, FULL)
    market.pool.seed(market.eth)
    market.by("owner", "set_depth_mode", market.eth, OFF)
    assert market.event() == ("DepthModeSet", market.eth, FULL, OFF)
    market.refuse("owner", "set_depth_mode", market.eth, FULL, reason="configurator: bad depth mode")


def test_set_depth_mode__full_among_three__reverts(market: Market, new_token: Any) -> None:
    token = new_token("NEW").address
    market.list(token)
    market.refuse("owner", "set_depth_mode", token, FULL, reason="configurator: bad depth mode")


# ---------------------------------------------------------------- bonus


@pytest.mark.parametrize("bonus", [10_000, 12_500])
def test_set_bonus__within_the_rule__is_set(market: Market, bonus: int) -> None:
    market.by("owner", "set_bonus", market.eth, bonus)
    assert market.event() == ("BonusSet", market.eth, 11_000, bonus)
    assert market.of(market.eth).bonus_bps == bonus


@pytest.mark.parametrize("bonus", [0, 9_999, 13_001, 2**256 - 1])
def test_set_bonus__out_of_bounds__reverts(market: Market, bonus: int) -> None:
    market.refuse("owner", "set_bonus", market.eth, bonus, reason="configurator: bad bonus")


def test_set_bonus__too_much_for_the_ltv__reverts(market: Market) -> None:
    # (75 % + 5 %) * 1.25 = 1
    market.refuse("owner", "set_bonus", market.eth, 12_501, reason="configurator: bad ltv")


def test_set_bonus__while_the_ltv_ramps_down__counts_what_it_began_with(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, 5_000, 7 * DAY)
    market.travel(7 * DAY - 1)
    market.refuse("owner", "set_bonus", market.eth, 12_501, reason="configurator: bad ltv")
    market.travel(1)
    market.by("owner", "set_bonus", market.eth, 13_000)


def test_set_bonus__frozen__counts_the_ltv_of_the_liquidation_test(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.refuse("owner", "set_bonus", market.eth, 12_501, reason="configurator: bad ltv")
    market.by("owner", "set_bonus", market.eth, 12_500)


# ---------------------------------------------------------------- reserve factor, origination fee


def test_set_reserve_factor__up_to_all__is_set(market: Market) -> None:
    for old, factor in ((5_000, 10_000), (10_000, 0)):
        market.by("owner", "set_reserve_factor", market.eth, factor)
        assert market.event() == ("ReserveFactorSet", market.eth, old, factor)
        assert market.of(market.eth).reserve_factor_bps == factor


@pytest.mark.parametrize("factor", [10_001, 2**14, 2**256 - 1])
def test_set_reserve_factor__above__reverts(market: Market, factor: int) -> None:
    market.refuse("owner", "set_reserve_factor", market.eth, factor, reason="configurator: bad reserve factor")


def test_set_origination_fee__up_to_five_percent__is_set(market: Market) -> None:
    stakers, others = market.address["steward"], market.address["guardian"]
    market.by("owner", "set_origination_fee", market.eth, 500, stakers)
    assert market.event() == ("OriginationFeeSet", market.eth, 0, 500, ZERO, stakers)
    market.by("owner", "set_origination_fee", market.eth, 0, others)
    assert market.event() == ("OriginationFeeSet", market.eth, 500, 0, stakers, others)
    assert (market.of(market.eth).origination_fee_bps, market.of(market.eth).stakers) == (0, others)


@pytest.mark.parametrize("fee", [501, 512, 2**256 - 1])
def test_set_origination_fee__above__reverts(market: Market, fee: int) -> None:
    market.refuse("owner", "set_origination_fee", market.eth, fee, ZERO, reason="configurator: bad fee")


# ---------------------------------------------------------------- caps


def test_set_caps__any_way__is_set(market: Market) -> None:
    old = (0, 0)
    for caps in ((100, 50), (200, 2**128 - 1), (2**128 - 1, 1), (0, 0)):
        market.by("owner", "set_caps", market.eth, *caps)
        assert market.event() == ("CapsSet", market.eth, old[0], caps[0], old[1], caps[1])
        assert (market.of(market.eth).supply_cap, market.of(market.eth).debt_cap) == caps
        old = caps


@pytest.mark.parametrize("caps", [(2**128, 0), (0, 2**128), (2**256 - 1, 2**256 - 1)])
def test_set_caps__beyond_their_field__reverts(market: Market, caps: tuple[int, int]) -> None:
    market.refuse("owner", "set_caps", market.eth, *caps, reason="configurator: bad cap")
    market.refuse("steward", "lower_caps", market.eth, *caps, reason="configurator: bad cap")


def test_lower_caps__less_or_the_same__is_set(market: Market) -> None:
    old = (0, 0)
    # no cap is the most there is; and it stays where it is left
    for caps in ((0, 0), (100, 0), (100, 50), (99, 50), (99, 49), (1, 1)):
        market.by("steward", "lower_caps", market.eth, *caps)
        assert market.event() == ("CapsSet", market.eth, old[0], caps[0], old[1], caps[1])
        old = caps


@pytest.mark.parametrize("caps", [(101, 50), (100, 51), (0, 50), (100, 0), (0, 0), (2**128 - 1, 50)])
def test_lower_caps__more__reverts(market: Market, caps: tuple[int, int]) -> None:
    market.by("owner", "set_caps", market.eth, 100, 50)
    market.refuse("steward", "lower_caps", market.eth, *caps, reason="configurator: cap raised")


def test_configure__called_back_in_the_middle__finds_the_door_locked(market: Market) -> None:
    """Even in the name of whoever may: the pool itself is guardian here."""
    market.by("owner", "set_guardian", market.pool.address)
    calls = {
        "pause": market.configurator.pause.prepare_calldata(market.usd, SUPPLY, DAY),
        "add_to_pause": market.configurator.add_to_pause.prepare_calldata(market.eth, SUPPLY),
        "pause_liquidation": market.configurator.pause_liquidation.prepare_calldata(HOUR),
        "configuration": market.configurator.configuration.prepare_calldata(market.eth),
    }
    for call in calls.values():
        market.pool.set_callback(call)
        with boa.reverts():
            market.by("owner", "set_caps", market.eth, 1, 1)
    market.pool.set_callback(b"")
    market.by("owner", "set_caps", market.eth, 1, 1)
    assert market.of(market.eth).ltv_bps == LTV < MAX_LTV
