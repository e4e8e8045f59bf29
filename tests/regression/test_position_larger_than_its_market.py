"""A position larger than its market, pumped and borrowed against (Mango, October 2022): the caps by depth stop it (LEND-10).

There 483 million MNGO were marked at 24 times their price of that morning, on venues that could not have taken a hundredth of them. Here
OWN trades on a depth of a million; when a pump multiplies the price by 24, the depth of x * y = k grows by the root of it.
"""

from __future__ import annotations

from typing import Any

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

OWN = 10**18
USD = 10**6
DEPTH = 1_000_000 * WAD
PUMP = 24
# 4.898^2 is 23.99
DEPTH_AFTER_PUMP = DEPTH * 4_899 // 1_000
# of the depth, at LTV 75 and a bonus of 10 %
CAP_WAD = DEPTH * 1_010 // 10_000


@pytest.fixture
def market() -> Market:
    market = Market()
    market.list("OWN", 1 * WAD)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 100_000_000 * USD)
    market.set_depth("OWN", DEPTH)
    return market


def pump(market: Market) -> None:
    market.set_price("OWN", PUMP * WAD)
    market.set_depth("OWN", DEPTH_AFTER_PUMP)


def borrow(market: Market, amount: int, account: Any) -> None:
    market.open({}, {"USD": amount}, account)


def borrow_all(market: Market, account: Any) -> int:
    """As much as the lens says, but for what rounding takes; 0 where the pool refuses."""
    view = market.lens.account(account)
    room: int = (view.new_risk_limit - min(view.new_risk_limit, view.new_risk_debt)) // 10**12
    reserve = market.lens.reserves()[0]
    if reserve.counted_wad + view.collaterals[0].value_wad > reserve.cap_wad:
        with boa.reverts("pool: collateral cap"):
            borrow(market, room, account)
        return 0
    borrow(market, room, account)
    return room


def test_mango__position_ten_times_the_depth__cannot_borrow_at_any_price(market: Market) -> None:
    market.open({"OWN": 10_000_000 * OWN}, {}, market.attacker)
    for is_pumped in (False, True):
        if is_pumped:
            pump(market)
        with boa.reverts("pool: collateral cap"):
            borrow(market, 100 * USD, market.attacker)


def test_mango__split_into_a_hundred_accounts__the_cap_is_for_all_together(market: Market) -> None:
    """Each alone is a hundredth of the depth and would be lent 60 % of its value."""
    pump(market)
    accounts = [boa.env.generate_address() for _ in range(100)]
    lent = 0
    for account in accounts:
        market.open({"OWN": 10_000 * OWN}, {}, account)
        lent += borrow_all(market, account)
    assert 0 < lent * 10**12 < CAP_WAD * DEPTH_AFTER_PUMP // DEPTH * 60 // 100
    view = market.lens.reserves()[0]
    assert view.counted_wad <= view.cap_wad


def test_mango__joined_before_the_pump__cannot_borrow_more_after_it(market: Market) -> None:
    """Within the cap at the honest price, with the least debt; then 24 times as much, on a depth that grew by less than five."""
    accounts = [boa.env.generate_address() for _ in range(10)]
    for account in accounts:
        market.open({"OWN": 10_000 * OWN}, {"USD": 100 * USD}, account)
    pump(market)
    for account in accounts:
        assert market.lens.account(account).new_risk_limit > 100_000 * WAD
        with boa.reverts("pool: collateral cap"):
            borrow(market, 1 * USD, account)


def test_liquidity_lent_for_the_occasion__joined_on_it__cannot_be_borrowed_on_once_it_is_gone(market: Market) -> None:
    """The attacker's own liquidity makes the depth while his accounts join, and leaves before they borrow."""
    market.set_depth("OWN", 20 * DEPTH)
    accounts = [boa.env.generate_address() for _ in range(20)]
    for account in accounts:
        market.open({"OWN": 100_000 * OWN}, {"USD": 100 * USD}, account)
    market.set_depth("OWN", DEPTH)
    for account in accounts:
        with boa.reverts("pool: collateral cap"):
            borrow(market, 1_000 * USD, account)
        # and whoever joined honestly is not liquidated by it, and can leave
        with boa.reverts("engine: healthy"):
            market.liquidate("USD", "OWN", borrower=account)
        with boa.env.prank(account):
            market.pool.withdraw(market.assets["OWN"].address, 50_000 * OWN, account)


def test_debt_larger_than_its_market__cannot_be_taken(market: Market) -> None:
    """The other way round: who owes more of a token than its market has is not liquidated, for nobody can buy it back."""
    market.lend("OWN", 1_000_000 * OWN)
    market.open({"USD": 90_000_000 * USD}, {}, market.attacker)
    with boa.reverts("pool: debt cap"):
        market.open({}, {"OWN": 101_000 * OWN}, market.attacker)
    market.open({}, {"OWN": 50_000 * OWN}, market.attacker)
    market.open({"USD": 90_000_000 * USD}, {}, market.borrower)
    with boa.reverts("pool: debt cap"):
        market.open({}, {"OWN": 51_000 * OWN}, market.borrower)
