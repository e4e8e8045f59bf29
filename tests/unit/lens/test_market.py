"""Lens.market and the configured part of Lens.reserves: caps, fee, pauses, guards."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market
from tests.unit.lens.conftest import USD


def test_market__all_is_open__says_who_and_what(market: Market) -> None:
    view = market.lens.market()
    pool = market.pool
    assert (view.oracle, view.engine) == (market.oracle.address, market.engine.address)
    assert (view.treasury, view.configurator) == (market.treasury, market.configurator.address)
    assert (view.borrow_limit_bps, view.min_debt_wad, view.reserves) == (8_000, 100 * WAD, 5)
    assert (view.new_risk_from, view.liquidation_from) == pool.guards()


def test_market__liquidation_paused__says_until_when(market: Market) -> None:
    market.configurator.set_guardian(market.owner, sender=market.owner)
    with boa.env.prank(market.owner):
        market.configurator.pause_liquidation(1_800)
    view = market.lens.market()
    assert (view.new_risk_from, view.liquidation_from) == market.pool.guards()
    assert view.liquidation_from == boa.env.timestamp + 1_800


def test_reserves__configured__tells_caps_fee_and_stakers(market: Market) -> None:
    stakers, usd = boa.env.generate_address("stakers"), market.assets["USD"].address
    with boa.env.prank(market.owner):
        market.configurator.set_caps(usd, 2_000_000 * USD, 900_000 * USD)
        market.configurator.set_origination_fee(usd, 100, stakers)
    view = market.lens.reserves()[2]
    assert (view.supply_cap, view.debt_cap) == (2_000_000 * USD, 900_000 * USD)
    assert (view.origination_fee_bps, view.stakers) == (100, stakers)
    other = market.lens.reserves()[1]
    assert (other.supply_cap, other.debt_cap, other.origination_fee_bps) == (0, 0, 0)


def test_reserves__frozen_and_paused__tells_what_binds_now(market: Market) -> None:
    usd = market.assets["USD"].address
    with boa.env.prank(market.owner):
        market.configurator.set_guardian(market.owner)
        market.configurator.set_steward(market.owner)
        market.configurator.pause(usd, 1 | 8, 3_600)
    view = market.lens.reserves()[2]
    assert (view.frozen, view.paused) == (False, 1 | 8)
    assert 0 <= view.paused_until - (boa.env.timestamp + 3_600) < 64 or 0 <= boa.env.timestamp + 3_600 - view.paused_until < 64
    boa.env.time_travel(seconds=3_600 + 64)
    assert market.lens.reserves()[2].paused == 0
    with boa.env.prank(market.owner):
        market.configurator.freeze(usd)
    view = market.lens.reserves()[2]
    assert view.frozen
    # no new risk against it; the liquidation test goes on as before
    assert (view.state.ltv_bps, view.state.new_risk_ltv_bps) == (7_500, 0)


@pytest.mark.parametrize(("offset", "count", "expected"), [(0, 2, [0, 1]), (3, 10, [3, 4]), (5, 1, []), (1, 0, []), (2**255, 2**255, [])])
def test_reserves__paged__gives_the_page(market: Market, offset: int, count: int, expected: list[int]) -> None:
    assert [v.state.id for v in market.lens.reserves(offset, count)] == expected
