"""Lens.reserves: every reserve with its rates and its band."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.conftest import load
from tests.lending_market import Market
from tests.lending_pools import new_pool
from tests.unit.lens.conftest import ETH, USD


def test_reserves__five_listed__in_order_with_state_and_band(market: Market) -> None:
    market.set_band("ETH", 101 * WAD, 99 * WAD, 100 * WAD, why=64)
    views = market.lens.reserves()
    assert [market.names[str(v.asset)] for v in views] == ["IDLE", "ETH", "USD", "WBTC", "EUR"]
    for index, view in enumerate(views):
        assert view.state == market.pool.reserve_state(view.asset)
        assert view.state.id == index
        assert view.band == market.oracle.band(view.asset)
        assert (view.utilisation_wad, view.supply_rate_wad) == (0, 0)


def test_reserves__utilisation_and_rates__as_lenders_earn(market: Market) -> None:
    market.lend("ETH", 100_000 * ETH, market.attacker)
    market.open({"ETH": 20_000 * ETH}, {"USD": 800_800 * USD})
    market.set_rate("USD", 10 * 10**16)
    view = market.lens.reserves()[2]
    # 800,800 of 1,001,000 lent (the seed included); a fifth of the interest is the treasury's
    assert view.utilisation_wad == 8 * WAD // 10
    assert view.state.borrow_rate_wad == WAD // 10
    assert view.supply_rate_wad == WAD // 10 * 8 // 10 * 8 // 10
    before = market.supply_of("USD", market.lender)
    boa.env.time_travel(seconds=86_400)
    earned = market.supply_of("USD", market.lender) - before
    assert earned == pytest.approx(before * view.supply_rate_wad / WAD / 365, rel=1e-3)


def test_reserves__nothing_listed__is_empty() -> None:
    owner = boa.env.generate_address()
    pool = new_pool(boa.env.generate_address(), 8_000, 0, owner)
    with boa.env.prank(owner):
        pool.set_oracle(boa.env.generate_address(), 0)
    assert load("lending/Lens.vy").deploy(pool.address).reserves() == []


def test_pool__is_the_one_of_the_constructor(market: Market) -> None:
    assert market.lens.pool() == market.pool.address
