"""A pool of two FULL reserves at any depth: a gift of collateral lowers nobody's health, and all who judge it agree."""

from __future__ import annotations

from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.depth import FULL
from plimsoll.reference.liquidation import WAD
from tests.depth import examples
from tests.lending_market import EVERYTHING, Market

MEME = 10**18
USD = 10**6
LOW_128 = 2**128 - 1


@pytest.fixture(scope="module")
def base() -> Market:
    market = Market()
    market.list("MEME", 10 * WAD, depth_mode=FULL)
    market.list("USD", 1 * WAD, decimals=6, depth_mode=FULL)
    market.lend("USD", 10**9 * USD)
    return market


def judged(market: Market) -> tuple[int, int]:
    """(capacity, debt) as Lens.health, Lens.account and the model say: LIQ-10."""
    (word,) = market.lens.health([market.borrower])
    view = market.lens.account(market.borrower)
    assert (view.capacity, view.debt) == market.health() == (word >> 128, word & LOW_128)
    return view.capacity, view.debt


def give(market: Market, amount: int) -> None:
    market.fund(market.attacker, "MEME", amount)
    with boa.env.prank(market.attacker):
        market.pool.supply(market.assets["MEME"].address, amount, market.borrower)


depths = st.one_of(st.just(0), st.integers(0, 10**9).map(lambda units: units * WAD), st.integers(0, 90).map(lambda n: 2**n))


@settings(max_examples=examples(40))
@given(data=st.data())
def test_gift__any_amount_any_depth__lowers_nobodys_health(base: Market, data: Any) -> None:
    """LEND-09, with depths in the liquidation test from nothing to more than there is."""
    amount = data.draw(st.integers(100, 10**6), "MEME")
    share = data.draw(st.integers(1, 59), "per cent of its value")
    depth = {symbol: data.draw(depths, f"depth of {symbol}") for symbol in ("MEME", "USD")}
    with boa.env.anchor():
        market = base.copy()
        market.open({"MEME": amount * MEME}, {"USD": max(100, amount * 10 * share // 100) * USD})
        for symbol in depth:
            market.set_depth(symbol, EVERYTHING, liquidation_depth=depth[symbol])
        capacity, debt = judged(market)
        for gift in data.draw(st.lists(st.one_of(st.integers(1, 10**6), st.integers(1, 10**24)), min_size=1, max_size=4), "gifts"):
            give(market, gift)
            more, same = judged(market)
            assert more >= capacity, "LEND-09"
            assert same == debt
            capacity = more
        if debt >= capacity:
            market.liquidate("USD", "MEME")
        else:
            with boa.reverts("engine: healthy"):
                market.liquidate("USD", "MEME")
