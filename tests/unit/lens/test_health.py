"""Lens.health: the batch says of each account what LendingPool's account state and the model say."""

from __future__ import annotations

import boa
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.liquidation import WAD
from tests.conftest import load
from tests.depth import examples
from tests.lending_market import Market
from tests.unit.lens.conftest import ETH, USD

LOW_128 = 2**128 - 1


def read(market: Market, accounts: list[str]) -> list[tuple[int, int]]:
    return [(word >> 128, word & LOW_128) for word in market.lens.health(accounts)]


def test_health__no_accounts__is_empty(market: Market) -> None:
    assert market.lens.health([]) == []


def test_health__unknown_lender_and_borrower__in_the_order_asked(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    asked = [market.attacker, market.borrower, market.lender, market.borrower]
    assert read(market, asked) == [(0, 0), (7_500 * WAD, 6_000 * WAD), (0, 0), (7_500 * WAD, 6_000 * WAD)]


def test_health__supply_that_is_not_enabled__does_not_count(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 1_000 * USD})
    market.lend("WBTC", 10**8, market.borrower)
    assert read(market, [market.borrower]) == [(7_500 * WAD, 1_000 * WAD)]


def test_health__supply_of_what_is_owed__does_not_count(market: Market) -> None:
    """One position word then carries shares that are no collateral, and debt."""
    market.open({"ETH": 100 * ETH}, {"USD": 1_000 * USD})
    market.lend("USD", 5_000 * USD, market.borrower)
    assert read(market, [market.borrower]) == [(7_500 * WAD, 1_000 * WAD)]


def test_health__no_valid_price__counts_at_the_last_one(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("ETH", 90 * WAD, 80 * WAD, 0, why=2)
    market.set_band("USD", 12 * WAD // 10, 11 * WAD // 10, 0, why=2)
    assert read(market, [market.borrower]) == [(6_750 * WAD, 6_600 * WAD)]


def test_health__absurd_prices__saturate_and_spare_the_others(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.open({"WBTC": 10**8}, {"EUR": 1_000 * ETH}, market.attacker)
    for symbol in ("ETH", "USD"):
        market.oracle.set(market.assets[symbol].address, 2**256 - 1)
    (capacity, debt), other = read(market, [market.borrower, market.attacker])
    assert capacity == LOW_128
    assert debt == -(-6_000 * USD * LOW_128 // WAD)
    assert other == (13_000 * WAD, 1_000 * WAD)
    # A debt whose value does not fit.
    market.oracle.set(market.assets["EUR"].address, 2**200)
    assert read(market, [market.attacker])[0][1] == LOW_128


@settings(max_examples=examples(25))
@given(data=st.data())
def test_health__any_accounts__equals_the_model_and_account(base: Market, data: st.DataObject) -> None:
    """LIQ-10: batch, single view, engine and model find the same capacity and the same debt."""
    with boa.env.anchor():
        market = base.copy()
        accounts = []
        for _ in range(data.draw(st.integers(1, 4))):
            account = boa.env.generate_address()
            accounts.append(account)
            market.open({"ETH": data.draw(st.integers(10**17, 10**23))}, {}, account)
            if data.draw(st.booleans()):
                market.open({"WBTC": data.draw(st.integers(1, 10**10))}, {}, account)
            for symbol, dollars in (("USD", USD), ("EUR", ETH)):
                view = market.lens.account(account)
                room = (view.new_risk_limit - view.new_risk_debt) * dollars // WAD
                if room > 101 * dollars and data.draw(st.booleans()):
                    amount = data.draw(st.integers(101 * dollars, min(room - dollars // 100, 10**5 * dollars)))
                    market.open({}, {symbol: amount}, account)
        for symbol in ("USD", "EUR"):
            market.set_rate(symbol, data.draw(st.integers(0, 3 * WAD)))
        boa.env.time_travel(seconds=data.draw(st.integers(0, 10**8)))
        for symbol, usual in (("ETH", 100), ("WBTC", 20_000), ("USD", 1), ("EUR", 1)):
            high = usual * WAD * data.draw(st.integers(1, 2_000)) // 1000
            market.set_band(symbol, high, high * data.draw(st.integers(500, 1000)) // 1000, high)
        answers = read(market, accounts)
        for account, answer in zip(accounts, answers, strict=True):
            assert answer == market.health(account)
            view = market.lens.account(account)
            assert (view.capacity, view.debt) == answer


def test_health__128_reserves__the_last_one_counts(market: Market) -> None:
    """Both ends of the bitmap: reserve 127 as collateral, and as debt."""
    for i in range(5, 128):
        market.list(f"T{i}", 1 * WAD)
    market.lend("T126", 10_000 * ETH)
    market.open({"T127": 10_000 * ETH}, {"T126": 5_000 * ETH})
    market.open({"IDLE": 10_000 * ETH}, {"T127": 500 * ETH}, market.attacker)
    assert read(market, [market.borrower, market.attacker]) == [
        (7_500 * WAD, 5_000 * WAD),
        (7_500 * WAD, 500 * WAD),
    ]
    assert len(market.lens.reserves()) == 128
    token = load("testing/TestToken.vy").deploy("One too many", "ONE", 18)
    with boa.env.prank(market.owner), boa.reverts(dev="too many reserves"):
        market.configurator.list_reserve(token.address, market.assets["USD"].rate.address, 0, 11_000, 0)
