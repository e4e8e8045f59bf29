"""What the lens tells of depth: values, the room that it leaves, caps and what counts towards them."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.depth import OFF
from plimsoll.reference.liquidation import WAD
from tests.lending_market import EVERYTHING, Market
from tests.unit.lens.conftest import ETH, USD


def test_account__by_depth__tells_values_and_what_the_pool_allows(market: Market) -> None:
    """100 ETH at 100 on a depth of 200,000: 10,000 / 1.05^2; 5,000 USD of 400,000 cost 5,063.29."""
    market.open({"ETH": 100 * ETH}, {"USD": 5_000 * USD})
    market.set_depth("ETH", 200_000 * WAD)
    market.set_depth("USD", 400_000 * WAD)
    view = market.lens.account(market.borrower)
    (eth,), (usd,) = view.collaterals, view.debts
    assert (eth.depth_mode, eth.value_wad, eth.new_risk_value_wad) == (0, 10_000 * WAD, 10_000 * WAD * 400 // 441)
    assert (usd.depth_mode, usd.value_wad, usd.new_risk_value_wad) == (0, 5_000 * WAD, -(-5_000 * WAD * 400 // 395))
    assert (view.capacity, view.debt) == (7_500 * WAD, 5_000 * WAD)
    assert view.new_risk_capacity == eth.new_risk_value_wad * 75 // 100
    assert view.new_risk_debt == usd.new_risk_value_wad
    assert view.new_risk_limit == view.new_risk_capacity * 80 // 100
    # what it calls the limit is where the pool stops: v * 400,000 / (400,000 - v) = limit
    last = view.new_risk_limit * 400_000 * WAD // (view.new_risk_limit + 400_000 * WAD) // 10**12 - 5_000 * USD
    with boa.env.prank(market.borrower):
        with boa.reverts("pool: over limit"):
            market.pool.borrow(market.assets["USD"].address, last + 1, market.borrower)
        market.pool.borrow(market.assets["USD"].address, last, market.borrower)


def test_account__off__tells_face_values(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 5_000 * USD})
    for symbol in ("ETH", "USD"):
        market.set_depth(symbol, 1_000 * WAD)
        with boa.env.prank(market.owner):
            market.configurator.set_depth_mode(market.assets[symbol].address, OFF)
    view = market.lens.account(market.borrower)
    assert [c.new_risk_value_wad for c in view.collaterals] == [10_000 * WAD]
    assert [d.new_risk_value_wad for d in view.debts] == [5_000 * WAD]
    assert [side.depth_mode for side in (*view.collaterals, *view.debts)] == [OFF, OFF]


def test_account__debts_beyond_the_depth__are_the_largest_number(market: Market) -> None:
    market.open({"ETH": 1_000 * ETH}, {"USD": 5_000 * USD, "EUR": 5_000 * ETH})
    market.set_depth("USD", 5_000 * WAD)
    view = market.lens.account(market.borrower)
    assert view.new_risk_debt == EVERYTHING
    assert [d.new_risk_value_wad for d in view.debts] == [EVERYTHING, 5_000 * WAD]
    market.set_depth("EUR", 0)
    assert market.lens.account(market.borrower).new_risk_debt == EVERYTHING
    assert view.debt == 10_000 * WAD


def test_reserves__caps_and_what_counts_towards_them(market: Market) -> None:
    """10.0964 % of the depth at LTV 75, 18.2624 below 65; counted collateral at `low`, debt at `high`."""
    market.open({"ETH": 100 * ETH}, {"USD": 5_000 * USD})
    market.lend("ETH", 500 * ETH)
    market.set_band("ETH", 110 * WAD, 90 * WAD, 100 * WAD, depth=1_000_000 * WAD)
    market.set_band("USD", 12 * WAD // 10, 1 * WAD, 1 * WAD, depth=10**6 * WAD)
    views = {market.names[str(v.asset)]: v for v in market.lens.reserves()}
    eth, usd = views["ETH"], views["USD"]
    assert (eth.cap_wad // WAD, usd.cap_wad // WAD) == (100_963, 100_963)
    assert 0 <= eth.counted_wad - 9_000 * WAD < 10**15
    assert (usd.counted_wad, eth.debt_wad, usd.debt_wad) == (0, 0, 6_000 * WAD)
    assert (views["WBTC"].cap_wad, views["IDLE"].cap_wad) == (EVERYTHING, EVERYTHING)
    with boa.env.prank(market.owner):
        market.configurator.set_depth_mode(market.assets["ETH"].address, OFF)
    off = market.lens.reserves()[1]
    assert (off.state.depth_mode, off.cap_wad, off.counted_wad) == (OFF, EVERYTHING, eth.counted_wad)


@pytest.mark.parametrize("excess", [0, 1])
def test_reserves__cap__is_where_the_pool_stops(market: Market, excess: int) -> None:
    """To a raw unit of a dollar of 6 decimals, as collateral and as debt."""
    market.open({"ETH": 1_000 * ETH}, {"EUR": 5_000 * ETH})
    market.set_depth("USD", 123_456_789 * 10**15)
    (cap,) = [v.cap_wad for v in market.lens.reserves() if market.names[str(v.asset)] == "USD"]
    usd, amount = market.assets["USD"].address, cap // 10**12 + excess
    with boa.env.prank(market.borrower):
        if excess:
            with boa.reverts("pool: debt cap"):
                market.pool.borrow(usd, amount, market.borrower)
        else:
            market.pool.borrow(usd, amount, market.borrower)
    assert market.lens.reserves()[2].debt_wad <= cap
