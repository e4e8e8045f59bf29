"""The oracle on a real pair against plimsoll.reference.band, over random trades, liquidity and time.

Checks ORA-01 (the answers are the reference's), ORA-02 (what is cached changes no answer), ORA-03 (views and writing functions
agree), ORA-04 (last valid prices are those of the last write that had a price), ORA-05 (order of the band).
"""

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.band import MAX_UINT256, Why, price_at, ticks
from tests.depth import examples
from tests.oracle_market import WAD
from tests.oracle_pair import PairMarket, new_pair_market

SECONDS = st.one_of(st.integers(1, 40), st.sampled_from([12, 60, 120, 180, 300, 360, 1800, 1980]), st.integers(41, 3000))
TRADES = st.tuples(st.sampled_from(["sell", "buy"]), st.one_of(st.integers(1, 500), st.integers(501, 20_000)))
LIQUIDITY = st.tuples(st.sampled_from(["add", "remove"]), st.integers(1, 9_999))
WRITES = st.tuples(st.sampled_from(["new_risk", "liquidation", "poke"]), st.just(0))
STEPS = st.lists(
    st.tuples(st.one_of(TRADES, TRADES, LIQUIDITY, WRITES, WRITES), st.one_of(st.just(0), SECONDS, SECONDS)),
    min_size=8,
    max_size=30,
)
# asset decimals, quote decimals, asset units, quote units: ticks far below, near and above 0
MARKETS = {
    "ETH-USDC": (18, 6, 10_000, 2_000_000),
    "BTC-DAI": (8, 18, 300, 3_000_000),
    "EURC-USDC": (6, 6, 2_000_000, 2_000_000),
    "MEME-USD8": (18, 8, 10**12, 1_000_000),
}


def act(market: PairMarket, kind: str, size: int) -> None:
    if kind == "sell":
        market.swap(market.asset, market.reserves()[0] * size // 10_000)
    elif kind == "buy":
        market.swap(market.quote, market.reserves()[1] * size // 10_000)
    elif kind == "add":
        market.add_liquidity(size)
    elif kind == "remove":
        market.remove_liquidity(size)
    else:
        market.write(kind)


@pytest.mark.parametrize("name", MARKETS)
@given(asset_is_token1=st.booleans(), steps=STEPS)
@settings(max_examples=examples(4))
def test_band__random_market__equals_reference(name: str, asset_is_token1: bool, steps: list[tuple[tuple[str, int], int]]) -> None:
    with boa.env.anchor():
        market = new_pair_market(asset_is_token1, *MARKETS[name])
        for (kind, size), seconds in steps:
            act(market, kind, size)
            if seconds:
                boa.env.time_travel(seconds=seconds)
            market.check()
        # Old enough for a price, whatever came before
        boa.env.time_travel(seconds=2400)
        band = market.check()
        market.write("liquidation")
        market.write("new_risk")
        assert market.check() == band


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
            assert band.fresh
            assert band.depth < MAX_UINT256
            at = ticks(market.window(), asset_is_token1)
            assert band.low <= price_at(at.slow_low, 10**30)[1]
            assert price_at(at.slow_high, 10**30)[0] <= band.high
            assert (band.why == 0) == (4 * band.high <= 5 * band.low)
            assert not band.why & ~Why.BREAKER


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
def test_band__prices_of_a_still_market__within_a_tick_of_spot(asset_is_token1: bool) -> None:
    for decimals in ((18, 6, 10_000, 2_000_000), (8, 18, 300, 3_000_000), (6, 6, 5, 7_777_777), (18, 18, 3, 1_000_003)):
        with boa.env.anchor():
            market = new_pair_market(asset_is_token1, *decimals)
            boa.env.time_travel(seconds=2400)
            band = market.check()
            spot = market.spot()
            assert spot * 10_000 // 10_001 - 1 <= band.low <= spot * 10_001 // 10_000 + 1
            assert band.high - band.low <= 1
            # Depth is the quote reserve at the oracle's price
            quote_value = decimals[3] * WAD
            assert quote_value * 9_999 // 10_000 <= band.depth <= quote_value * 10_001 // 10_000
