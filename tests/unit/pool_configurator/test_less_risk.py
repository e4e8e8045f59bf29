"""Whatever they do, in whatever order: steward and guardian only take risk away, and the owner's ramps leave people their week."""

from typing import Any

import boa
from hypothesis import given
from hypothesis import strategies as st

from tests.configurator_world import DAY, HOUR, Market

Call = tuple[str, str, tuple[Any, ...]]

caps = st.sampled_from([0, 1, 10**18, 10**20, 2**128 - 1])
lengths = st.integers(1, 4 * DAY)
reducing: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("steward"), st.just("lower_caps"), st.tuples(st.just("eth"), caps, caps)),
    st.tuples(st.just("steward"), st.just("freeze"), st.just(("eth",))),
    st.tuples(st.just("guardian"), st.just("pause"), st.tuples(st.just("eth"), st.integers(0, 16), lengths)),
    st.tuples(st.just("guardian"), st.just("add_to_pause"), st.tuples(st.just("eth"), st.integers(0, 16))),
    st.tuples(st.just("guardian"), st.just("pause_liquidation"), st.tuples(st.integers(1, 7 * HOUR))),
)
owning: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("owner"), st.just("set_ltv"), st.tuples(st.just("eth"), st.integers(0, 9_600), st.integers(6 * DAY, 20 * DAY))),
    st.tuples(st.just("owner"), st.just("set_bonus"), st.tuples(st.just("eth"), st.integers(9_900, 13_100))),
    st.tuples(st.just("owner"), st.just("set_caps"), st.tuples(st.just("eth"), caps, caps)),
    st.tuples(st.just("owner"), st.just("unfreeze"), st.just(("eth",))),
    st.tuples(st.just("owner"), st.just("lift_pause"), st.just(("eth",))),
    st.tuples(st.just("owner"), st.just("lift_liquidation_pause"), st.just(())),
    st.tuples(st.just("owner"), st.just("set_reserve_factor"), st.tuples(st.just("eth"), st.integers(0, 10_000))),
)
waits = st.sampled_from([0, 1, 12, 64, HOUR, 5 * HOUR, DAY, 3 * DAY, 6 * DAY])
lives = st.lists(st.tuples(st.one_of(reducing, owning), waits), max_size=25)


def attempt(market: Market, call: Call) -> bool:
    role, function, arguments = call
    try:
        market.by(role, function, *(market.eth if argument == "eth" else argument for argument in arguments))
    except boa.BoaError:
        return False
    return True


def capped(cap: int) -> int:
    return cap or 2**256


def check_less_risk(before: Any, after: Any) -> None:
    assert after.new_risk_ltv_bps <= before.new_risk_ltv_bps
    assert capped(after.supply_cap) <= capped(before.supply_cap)
    assert capped(after.debt_cap) <= capped(before.debt_cap)
    assert after.frozen or not before.frozen
    assert after.paused_actions & before.paused_actions == before.paused_actions
    assert after.paused_until >= before.paused_until
    for name in ("ltv_bps", "liquidation_ltv_bps", "ramp_until", "bonus_bps", "reserve_factor_bps", "origination_fee_bps", "depth_mode"):
        assert getattr(after, name) == getattr(before, name), name


@given(lives)
def test_any_life__steward_and_guardian__take_risk_away_alone(base: Market, life: list[tuple[Call, int]]) -> None:
    market, ends = base, 0
    for call, wait in life:
        before, guards = market.of(market.eth), market.pool.guards()
        done = attempt(market, call)
        after = market.of(market.eth)
        if call[0] != "owner":
            check_less_risk(before, after)
            assert all(now >= then for now, then in zip(market.pool.guards(), guards, strict=True))
        if done and call[1] == "pause":
            # none runs into another, and none is longer than three days
            assert market.now >= ends
            assert market.now < after.paused_until <= market.now + 3 * DAY
            ends = after.paused_until
        assert max(market.pool.guards()) <= market.now + 10 * HOUR
        market.travel(wait)


@given(lives)
def test_any_life__the_ltv_of_the_liquidation_test__falls_as_slowly_as_a_ramp_of_a_week(base: Market, life: list[tuple[Call, int]]) -> None:
    market = base
    highest = before = market.of(market.eth).liquidation_ltv_bps
    for call, wait in life:
        attempt(market, call)
        now = market.of(market.eth)
        # at once it never falls
        assert now.liquidation_ltv_bps >= before
        assert now.new_risk_ltv_bps <= now.liquidation_ltv_bps
        assert (now.liquidation_ltv_bps + 500) * now.bonus_bps <= 10**8
        highest = max(highest, now.liquidation_ltv_bps)
        market.travel(wait)
        before = market.of(market.eth).liquidation_ltv_bps
        assert now.liquidation_ltv_bps - before <= highest * wait // (7 * DAY) + 1
