import pytest

from tests.configurator_world import DAY, HOUR, LTV, SUPPLY, Market

WEEK = 7 * DAY


def ltvs(market: Market) -> tuple[int, int, int]:
    configuration = market.of(market.eth)
    return configuration.ltv_bps, configuration.new_risk_ltv_bps, configuration.liquidation_ltv_bps


def test_freeze__an_asset__carries_no_new_risk_and_liquidates_nobody(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    assert market.event() == ("FrozenSet", market.eth, False, True)
    assert market.of(market.eth).frozen
    assert not market.of(market.usd).frozen
    for _ in range(3):
        assert ltvs(market) == (LTV, 0, LTV)
        market.travel(100 * DAY)


def test_freeze__twice__reverts(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.refuse("steward", "freeze", market.eth, reason="configurator: already frozen")


def test_unfreeze__frozen__all_is_as_before(market: Market) -> None:
    before = market.words(market.eth)
    market.by("steward", "freeze", market.eth)
    market.travel(DAY)
    market.by("owner", "unfreeze", market.eth)
    assert market.event() == ("FrozenSet", market.eth, True, False)
    assert market.words(market.eth) == before


def test_unfreeze__not_frozen__reverts(market: Market) -> None:
    market.refuse("owner", "unfreeze", market.eth, reason="configurator: not frozen")


@pytest.mark.parametrize("role", ["steward", "guardian", "deployer", "attacker"])
def test_unfreeze__by_who_froze_it_or_others__reverts(market: Market, role: str) -> None:
    market.by("steward", "freeze", market.eth)
    market.refuse(role, "unfreeze", market.eth, reason="ownable: caller is not the owner")


@pytest.mark.parametrize("waits", [0, WEEK // 4, WEEK, 2 * WEEK])
def test_freeze__while_the_ltv_ramps_down__the_ramp_runs_on(market: Market, waits: int) -> None:
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK // 4)
    market.by("steward", "freeze", market.eth)
    assert ltvs(market) == (5_500, 0, 7_000)
    market.travel(waits)
    assert ltvs(market) == (5_500, 0, max(5_500, 7_000 - 2_000 * waits // WEEK))
    market.by("owner", "unfreeze", market.eth)
    assert ltvs(market) == (5_500, 5_500, max(5_500, 7_000 - 2_000 * waits // WEEK))


def test_freeze__after_a_ramp_has_ended__keeps_what_it_came_to(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK)
    market.by("steward", "freeze", market.eth)
    assert ltvs(market) == (5_500, 0, 5_500)
    market.by("owner", "unfreeze", market.eth)
    assert ltvs(market) == (5_500, 5_500, 5_500)


def test_freeze__paused_with_caps_and_a_fee__keeps_them(market: Market) -> None:
    market.by("owner", "set_caps", market.eth, 100, 50)
    market.by("owner", "set_origination_fee", market.eth, 10, market.address["steward"])
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.travel(HOUR)
    before = market.of(market.eth)
    market.by("steward", "freeze", market.eth)
    assert market.of(market.eth) == before._replace(frozen=True, new_risk_ltv_bps=0)


def test_freeze__steward_replaced__stays(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_steward", market.address["attacker"])
    assert market.of(market.eth).frozen


def test_freeze__other_changes_by_the_owner__do_not_open_it(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    for function, arguments in {
        "set_bonus": (10_000,),
        "set_reserve_factor": (1,),
        "set_caps": (7, 7),
        "set_depth_mode": (1,),
        "set_ltv": (8_000, 0),
        "set_rate_model": (market.model.address,),
        "set_origination_fee": (1, market.address["steward"]),
    }.items():
        market.by("owner", function, market.eth, *arguments)
        assert market.of(market.eth).frozen
        assert market.of(market.eth).new_risk_ltv_bps == 0
