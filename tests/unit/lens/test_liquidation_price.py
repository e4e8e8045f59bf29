"""Lens.account: the price of each collateral at which the account becomes liquidatable, to the last unit."""

from __future__ import annotations

from itertools import pairwise

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.reference.depth import FULL
from plimsoll.reference.liquidation import WAD
from tests.lending_market import EVERYTHING, Market
from tests.unit.lens.conftest import ETH, USD


def price_of(market: Market, symbol: str) -> int:
    view = market.lens.account(market.borrower)
    (found,) = (c for c in view.collaterals if c.asset == market.assets[symbol].address)
    return int(found.liquidation_price_wad)


def check_edge(market: Market, symbol: str) -> None:
    """At the price that the lens tells the account is liquidatable, a unit above it is not."""
    at, asset = price_of(market, symbol), market.assets[symbol].address
    depth = market.oracle.band(asset).depth
    stages = []
    for price in (at, at + 1):
        with boa.env.anchor():
            market.oracle.set(asset, price)
            market.oracle.set_depth(asset, depth)
            stages.append(market.lens.account(market.borrower).stage)
    assert stages[0] == 4
    assert stages[1] < 4


def test_liquidation_price__one_collateral__is_debt_by_ltv(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 4_500 * USD})
    # 4,500 / (100 * 75 %) = 60; a unit of debt more would be needed for the next price, so it is the last price below
    assert price_of(market, "ETH") // 10**9 == 60 * 10**9
    check_edge(market, "ETH")


def test_liquidation_price__two_collaterals__the_other_as_now(market: Market) -> None:
    market.open({"ETH": 100 * ETH, "WBTC": 10**8}, {"USD": 16_000 * USD})
    check_edge(market, "ETH")
    check_edge(market, "WBTC")


def test_liquidation_price__rest_covers_the_debt__is_0(market: Market) -> None:
    market.open({"ETH": 100 * ETH, "WBTC": 10**8}, {"USD": 5_000 * USD})
    assert price_of(market, "ETH") == 0
    market.set_price("ETH", 0)
    assert market.lens.account(market.borrower).stage < 4


def test_liquidation_price__no_debt__is_0(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {})
    assert price_of(market, "ETH") == 0


def test_liquidation_price__nothing_supplied__is_beyond_all(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 4_500 * USD})
    with boa.env.prank(market.borrower):
        market.pool.set_collateral(market.assets["WBTC"].address, True)
    assert price_of(market, "WBTC") == EVERYTHING


def test_liquidation_price__debt_beyond_all_numbers__is_told(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 3_000 * USD})
    market.oracle.set(market.assets["USD"].address, (2**256 - 1) // (3_000 * USD))
    assert price_of(market, "ETH") == EVERYTHING


@given(st.integers(10**6, 10**21), st.integers(100, 70_000_000))
def test_liquidation_price__any_amounts__turns_the_test_at_its_unit(market: Market, supplied: int, ten_millionths: int) -> None:
    market = market.copy()
    with boa.env.anchor():
        market.set_depth("ETH", None)
        market.open({"ETH": 10**20 + supplied}, {"USD": 100 * USD + ten_millionths})
        check_edge(market, "ETH")


@pytest.mark.parametrize("debt", [100, 333, 700])
def test_liquidation_price__by_depth__turns_the_test_at_its_unit(debt: int) -> None:
    market = Market()
    market.list("MEME", 10 * WAD, depth_mode=FULL)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.set_depth("MEME", 20_000 * WAD)
    market.open({"MEME": 200 * 10**18}, {"USD": debt * USD})
    check_edge(market, "MEME")


def test_liquidation_price__debt_above_what_the_depth_can_be_worth__no_price_saves() -> None:
    market = Market()
    market.list("MEME", 10 * WAD, depth_mode=FULL)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.set_depth("MEME", 20_000 * WAD)
    market.open({"MEME": 200 * 10**18}, {"USD": 700 * USD})
    # 3,600 of depth: collateral counts 900 at most, 675 at an LTV of 75 %
    market.set_depth("MEME", 3_600 * WAD)
    assert price_of(market, "MEME") == EVERYTHING
    market.oracle.set(market.assets["MEME"].address, 10**30)
    market.oracle.set_depth(market.assets["MEME"].address, 3_600 * WAD)
    assert market.lens.account(market.borrower).stage == 4


def test_liquidation_price__more_debt__is_higher(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 1_000 * USD})
    prices = []
    for _ in range(4):
        with boa.env.prank(market.borrower):
            market.pool.borrow(market.assets["USD"].address, 1_000 * USD, market.borrower)
        prices.append(price_of(market, "ETH"))
    assert all(lower < higher for lower, higher in pairwise(prices))
