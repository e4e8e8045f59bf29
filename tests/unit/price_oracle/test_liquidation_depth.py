"""PriceOracle.liquidation_depth: it rises at once and falls by 5 % a day, a 9,600th in a bucket. (ORA-17)"""

from dataclasses import replace
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, DAY, MAX_UINT256, float_down, float_up
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.oracle_market import ETH_LIQUIDITY, ETH_TICK, Market, new_market, start_bucket

BUCKETS_A_DAY = DAY // BUCKET


def depth(liquidity: int) -> int:
    """Of the pool of these tests, as it is cached."""
    return float_down(liquidity * sqrt_ratio_at_tick(ETH_TICK) // 2**96 * 10**12, 19)


def later(buckets: int) -> None:
    boa.env.time_travel(seconds=buckets * BUCKET)


@pytest.fixture
def written(market: Market) -> Market:
    start_bucket(seconds=30)
    market.still()
    market.write()
    return market


def test_liquidation_depth__first_write__the_depth_rounded_up(written: Market) -> None:
    band = written.check()
    assert band.liquidation_depth == float_up(depth(ETH_LIQUIDITY), 20)
    assert 0 <= band.liquidation_depth - depth(ETH_LIQUIDITY) <= depth(ETH_LIQUIDITY) // 2**19


def test_liquidation_depth__never_written__the_present_depth(market: Market) -> None:
    assert market.check().liquidation_depth == 0
    market.still()
    assert market.check().liquidation_depth == float_up(depth(ETH_LIQUIDITY), 20)


def test_liquidation_depth__more_liquidity__rises_at_once(written: Market) -> None:
    later(1)
    written.still(liquidity=3 * ETH_LIQUIDITY)
    assert written.check().liquidation_depth == float_up(depth(3 * ETH_LIQUIDITY), 20)


@pytest.mark.parametrize("buckets", [1, 2, 48, 480, 4_800, 9_599])
def test_liquidation_depth__liquidity_leaves__falls_by_a_9600th_a_bucket(written: Market, buckets: int) -> None:
    """In one step: nobody wrote meanwhile."""
    before = written.check().liquidation_depth
    later(buckets)
    written.still(liquidity=ETH_LIQUIDITY // 19)
    floor = depth(ETH_LIQUIDITY // 19)
    expected = max(floor, -(-before * (9_600 - buckets) // 9_600))
    band = written.check()
    assert band.liquidation_depth == float_up(expected, 20)
    assert written.write().liquidation_depth == band.liquidation_depth
    assert written.check().liquidation_depth == band.liquidation_depth


@pytest.mark.parametrize("buckets", [9_600, 9_601, 100_000])
def test_liquidation_depth__after_twenty_days__what_is_left(written: Market, buckets: int) -> None:
    later(buckets)
    written.still(liquidity=ETH_LIQUIDITY // 19)
    assert written.check().liquidation_depth == float_up(depth(ETH_LIQUIDITY // 19), 20)


def test_liquidation_depth__written_often__falls_by_no_more_than_five_percent_a_day(written: Market) -> None:
    """Once an hour for a day, and rounding up each time slows it by less than a thousandth of the fall."""
    start = written.check().liquidation_depth
    for _ in range(24):
        later(BUCKETS_A_DAY // 24)
        written.still(liquidity=ETH_LIQUIDITY // 19)
        written.write()
    end = written.check().liquidation_depth
    assert end >= start * 95 // 100
    # Compound, and from 20 to 19 parts: 4.88 %
    assert end <= start * 9_520 // 10_000


def test_liquidation_depth__same_bucket__written_value_stays(written: Market) -> None:
    before = written.check().liquidation_depth
    written.still(liquidity=5 * ETH_LIQUIDITY)
    boa.env.time_travel(seconds=100)
    written.still(liquidity=5 * ETH_LIQUIDITY)
    assert written.check().liquidation_depth == before


def test_liquidation_depth__no_price__falls_on_without_rounding(written: Market) -> None:
    before = written.check().liquidation_depth
    written.source.set_failure(True, 0)
    assert written.check().liquidation_depth == before
    for buckets in (1, 99):
        later(buckets)
        k = 1 if buckets == 1 else 100
        assert written.check().liquidation_depth == -(-before * (9_600 - k) // 9_600)
        written.write()


def test_liquidation_depth__first_source_silent_and_the_second_writes__falls_on(owner: Any) -> None:
    market = new_market(owner, second=True)
    start_bucket(seconds=30)
    market.still()
    market.still(place=1)
    before = market.write().liquidation_depth
    market.source.set_failure(True, 0)
    later(480)
    market.still(place=1)
    assert market.write().liquidation_depth == float_up(-(-before * 9_120 // 9_600), 20)
    assert market.check().liquidation_depth == float_up(-(-before * 9_120 // 9_600), 20)


def test_liquidation_depth__other_source_of_the_asset__does_not_fall_at_once(written: Market) -> None:
    before = written.check().liquidation_depth
    wired = written.wired()
    assert written.set_source(replace(wired, source=replace(wired.source, min_depth=2 * 10**23))) == ""
    assert written.check().liquidation_depth == before


def test_liquidation_depth__unknown_asset_and_quote__zero_and_no_limit(written: Market) -> None:
    assert written.oracle.liquidation_depth(boa.env.generate_address()) == 0
    assert written.oracle.liquidation_depth(written.wired().money.token) == MAX_UINT256
