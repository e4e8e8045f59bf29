"""The oracle on real pools and feeds against plimsoll.reference.oracle, over random trades, liquidity, answers, failures, switches and time.

Checks ORA-01 (the answers are the reference's), ORA-02 (what is cached changes no answer), ORA-03 (views and writing functions
agree), ORA-04 (last valid prices are those of the last write that had a price), ORA-05 (order of the band), ORA-16 (no switch moves a
price by more than 5 %).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.oracle import MAX_UINT256, Band, Reverts, Source, Why, price_at
from tests.depth import examples
from tests.oracle_market import BURNS_ALL, HOW, WAD, Wired, break_contract
from tests.oracle_pair import PairMarket, PoolMarket, Shape, feed_answer, new_pair_market, new_pool_market

SECONDS = st.one_of(st.integers(1, 40), st.sampled_from([12, 60, 120, 180, 300, 360, 1800, 1980, 3600]), st.integers(41, 3000))
PLACE = st.integers(0, 1)
TRADES = st.tuples(st.sampled_from(["sell", "buy"]), st.one_of(st.integers(1, 500), st.integers(501, 20_000)), PLACE)
LIQUIDITY = st.tuples(st.sampled_from(["add", "remove"]), st.integers(1, 9_999), PLACE)
WRITES = st.tuples(st.sampled_from(HOW), st.just(0), PLACE)
FEEDS = st.tuples(st.sampled_from(["feed", "feed", "quote feed"]), st.one_of(st.just(10_000), st.integers(1, 20_000)), PLACE)
FAILURES = st.tuples(st.sampled_from(["fail feed", "fail quote feed", "break source", "repair"]), st.integers(1, 400), PLACE)
SWITCHES = st.tuples(st.sampled_from(["min depth", "drop second", "second", "drop feed", "feed again"]), st.integers(1, 400), PLACE)
ACTIONS = st.one_of(TRADES, TRADES, LIQUIDITY, WRITES, WRITES, FEEDS, FAILURES, SWITCHES)
STEPS = st.lists(st.tuples(ACTIONS, st.one_of(st.just(0), SECONDS, SECONDS)), min_size=8, max_size=30)
# Ticks far below, near and above 0
SHAPES = {
    "pair, ETH-USDC": Shape(),
    "pair, BTC-DAI": Shape(asset_decimals=8, quote_decimals=18, asset_units=300, quote_units=3_000_000),
    "pair, MEME-USD8": Shape(asset_decimals=18, quote_decimals=8, asset_units=10**12, quote_units=1_000_000),
    "range": Shape("range"),
    "pair and range": Shape("pair", "range"),
    "range and pair": Shape("range", "pair", asset_decimals=6, asset_units=2_000_000),
    "range and range": Shape("range", "range", asset_decimals=8, quote_decimals=18, asset_units=300, quote_units=3_000_000),
    "pair and feed": Shape(feed="unit"),
    "range and feed in quote": Shape("range", feed="quote"),
    "pair, range and feed": Shape("pair", "range", "unit", asset_decimals=8, asset_units=300),
    "range, pair, feed in quote, quote by feed": Shape("range", "pair", "quote", True),
    "pair, quote by feed": Shape(quote_by_feed=True),
}


@dataclass
class Run:
    """A market and what has been done to it."""

    market: PoolMarket
    shape: Shape
    second: Wired | None
    feed: Any
    quote_feed: Any
    repairs: list[Callable[[], None]]

    @classmethod
    def of(cls, shape: Shape, asset_is_token1: bool) -> "Run":
        market: PoolMarket = new_pool_market(shape, asset_is_token1)
        quote_feed = market.wired().money.feed
        return cls(market, shape, market.wiring.second, market.wiring.feed_contract, quote_feed, [])

    def act(self, kind: str, size: int, place: int) -> None:
        pools = self.market.pools
        pool = pools[place % len(pools)]
        if kind == "sell":
            pool.swap(pool.asset, pool.reserves()[0] * size // 10_000)
        elif kind == "buy":
            pool.swap(pool.quote, pool.reserves()[1] * size // 10_000)
        elif kind == "add":
            pool.add_liquidity(size)
        elif kind == "remove":
            pool.remove_liquidity(size)
        elif kind in HOW:
            with suppress(Reverts):
                self.market.write(kind)
        elif "feed" in kind and "again" not in kind and "drop" not in kind:
            self._feed(kind, size)
        elif kind == "break source":
            self._break(pool.contract, size)
        elif kind == "repair":
            self.repair()
        else:
            self._switch(kind, size)

    def _break(self, pool: Any, seconds: int) -> None:
        """For some time nobody can ask the pool anything."""
        repair = break_contract(pool, BURNS_ALL if seconds % 2 else b"")
        for how in HOW:
            check(self)
            with suppress(Reverts):
                self.market.write(how)
            boa.env.time_travel(seconds=seconds)
        repair()

    def repair(self) -> None:
        while self.repairs:
            self.repairs.pop()()

    def _feed(self, kind: str, size: int) -> None:
        feed = self.quote_feed if "quote" in kind else self.feed
        if feed is None:
            return
        if "fail" in kind:
            feed.set_failure(True, 0)
            self.repairs.append(lambda: feed.set_failure(False, 0))
        else:
            feed.set_answer((10**8 if "quote" in kind else feed_answer(self.shape)) * size // 10_000)

    def _switch(self, kind: str, size: int) -> None:
        """The owner's calls, while everything works: a call that finds no window or no feed is refused for that alone."""
        if self.repairs:
            return
        market = self.market
        # It is not told, and so no longer the same
        market.twin = None
        with suppress(Reverts):
            if kind == "min depth":
                wired = market.wired()
                source: Source = replace(wired.source, min_depth=size * 10_000 * WAD)
                market.set_source(replace(wired, source=source))
            elif kind == "drop second":
                market.set_second_source(None)
            elif kind == "second" and self.second:
                market.set_second_source(self.second)
            elif kind == "drop feed":
                market.set_feed(None, None)


def check(run: Run) -> Band | None:
    try:
        return run.market.check()
    except Reverts:
        # The contract refuses too
        return None


@pytest.mark.parametrize("name", SHAPES)
@given(asset_is_token1=st.booleans(), steps=STEPS)
@settings(max_examples=examples(4))
def test_oracle__random_market__equals_reference(name: str, asset_is_token1: bool, steps: list[tuple[tuple[str, int, int], int]]) -> None:
    with boa.env.anchor():
        run = Run.of(SHAPES[name], asset_is_token1)
        for (kind, size, place), seconds in steps:
            run.act(kind, size, place)
            check(run)
            if seconds:
                boa.env.time_travel(seconds=seconds)
                check(run)
        # Everything works again, and is old enough for a price, whatever came before
        run.repair()
        boa.env.time_travel(seconds=4800)
        for feed, answer in ((run.feed, feed_answer(run.shape)), (run.quote_feed, 10**8)):
            if feed is not None:
                feed.set_answer(answer)
        band = check(run)
        for how in HOW:
            run.market.write(how)
        assert check(run) == band


@given(
    asset_is_token1=st.booleans(),
    moves=st.lists(st.tuples(st.integers(-300, 300), st.integers(1, 200)), min_size=10, max_size=30),
    phase=st.integers(0, 179),
)
@settings(max_examples=examples(6))
def test_band__market_with_depth__ordered_and_open(asset_is_token1: bool, moves: list[tuple[int, int]], phase: int) -> None:
    with boa.env.anchor():
        market = new_pair_market(asset_is_token1)
        boa.env.time_travel(seconds=2160 + phase)
        for bps, seconds in moves:
            market.move_to(market.spot() * (10_000 + bps) // 10_000)
            boa.env.time_travel(seconds=seconds)
            band = market.check()
            assert 0 < band.low <= band.high
            assert (band.liquidation_low, band.liquidation_high) == (band.low, band.high)
            assert band.fresh_low == band.fresh_high > 0
            assert band.depth < MAX_UINT256
            assert (Why.BREAKER in band.why) == (4 * band.high > 5 * band.low)
            assert not band.why & ~(Why.BREAKER | Why.UNSETTLED)


def settled(market: PairMarket) -> Band:
    boa.env.time_travel(seconds=2400)
    return market.check()


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
def test_band__prices_of_a_still_market__within_a_tick_of_spot(asset_is_token1: bool) -> None:
    for decimals in ((18, 6, 10_000, 2_000_000), (8, 18, 300, 3_000_000), (6, 6, 5, 7_777_777), (18, 18, 3, 1_000_003)):
        with boa.env.anchor():
            market = new_pair_market(asset_is_token1, *decimals)
            band = settled(market)
            spot = market.spot()
            assert spot * 10_000 // 10_001 - 1 <= band.low <= spot * 10_001 // 10_000 + 1
            assert band.high - band.low <= 1
            # Depth is the quote reserve at the oracle's price
            quote_value = decimals[3] * WAD
            assert quote_value * 9_999 // 10_000 <= band.depth <= quote_value * 10_001 // 10_000


def test_price_at__example__one_tick_is_a_basis_point() -> None:
    assert price_at(0, WAD) == (WAD, WAD)
    assert abs(price_at(1, WAD)[0] - 1_000_100_000_000_000_000) <= 1
