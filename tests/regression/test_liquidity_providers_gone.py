"""Float and Ojo: when the liquidity providers had left, a small trade could name any price.

Here what a pool says counts as far as it is deep, by the median over the slow window: neither leaving for a moment nor coming for
one changes it (ORA-11).
"""

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, Why
from tests.oracle_market import WAD, now
from tests.oracle_pair import PairMarket, new_pair_market


def settled(asset_is_token1: bool = False) -> PairMarket:
    # Depth 2,000,000; new risk needs 400,000, a price 100,000
    market = new_pair_market(asset_is_token1, min_depth=400_000 * WAD)
    boa.env.time_travel(seconds=2400)
    boa.env.time_travel(seconds=-now() % BUCKET)
    return market


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
def test_liquidity__leaves_for_good__thin_then_no_price_and_the_last_valid_one_stays(asset_is_token1: bool) -> None:
    market = settled(asset_is_token1)
    before = market.band()
    market.remove_liquidity(9_900)
    flags = []
    for i in range(12):
        boa.env.time_travel(seconds=BUCKET)
        market.write("poke")
        # Now any price can be had for little
        market.move_to(market.spot() // 2 if i % 2 else market.spot() * 2)
        flags.append(market.band().why)
        assert market.band().liquidation_low <= before.liquidation_low * 10_001 // 10_000 or market.band().fresh_low
    # The median is the 5th of ten: five buckets without liquidity turn it
    assert [bool(why & Why.THIN) for why in flags] == [False] * 4 + [True] * 8
    final = market.band()
    assert (final.low, final.high, final.fresh_low, final.fresh_high) == (0, 0, 0, 0)
    assert final.why & Why.THIN_FOR_NEW_RISK
    # Judged by what was valid last
    last = market.model.cache
    assert last is not None
    assert last.bucket == now() // BUCKET - 8
    assert final.liquidation_high
    assert final.liquidation_low


def test_liquidity__leaves_for_a_while__no_gap_in_the_price() -> None:
    """Near zero for ten minutes: each harmonic mean of those buckets collapses, their median does not."""
    market = settled()
    before = market.band()
    market.remove_liquidity(9_999)
    boa.env.time_travel(seconds=600)
    market.add_liquidity(99_990_000)
    for _ in range(15):
        boa.env.time_travel(seconds=BUCKET)
        market.write("poke")
        band = market.band()
        assert band.why == 0
        assert band.low == before.low


def test_liquidity__comes_for_one_block__no_deeper() -> None:
    """A thin pool does not become valid by a moment's liquidity: a harmonic mean weighs the thin seconds."""
    market = settled()
    market.remove_liquidity(9_900)
    boa.env.time_travel(seconds=2160)
    assert market.band().why & Why.THIN
    thin = market.band().depth
    for _ in range(10):
        market.add_liquidity(10_000_000)
        boa.env.time_travel(seconds=12)
        market.remove_liquidity(9_990)
        boa.env.time_travel(seconds=BUCKET - 12)
        market.write("poke")
    assert market.band().why & Why.THIN
    assert market.band().depth <= thin * 15 // 10
