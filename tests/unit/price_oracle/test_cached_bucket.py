"""PriceOracle within a bucket whose slow statistics are cached: what is kept of the two boundaries tells the short window throughout the
bucket, and the last prices keep their place whatever the owner changes (ORA-01, ORA-02)."""

from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, FEED, Why, price_at
from tests.oracle_market import (
    DOLLAR_6,
    DOLLAR_18,
    ETH_TICK,
    Market,
    new_market,
    new_money,
    new_source,
    now,
    scripted,
    start_bucket,
)
from tests.oracle_pair import PoolMarket, Shape, new_pool_market

# The short window begins one boundary later from the 120th second on
PHASES = [0, 119, 120, 179]
SHAPES = {
    "pair": Shape(),
    "two pairs": Shape("pair", "pair"),
    "pair and range pool": Shape("pair", "range"),
    "range pool": Shape("range"),
}


def restless(shape: Shape, asset_is_token1: bool) -> PoolMarket:
    """A market that has moved in each of the last buckets, so that no two of them have the same sum."""
    market: PoolMarket = new_pool_market(shape, asset_is_token1)
    for i in range(14):
        move(market, i)
        boa.env.time_travel(seconds=170)
    return market


def move(market: PoolMarket, i: int) -> None:
    for place, pool in enumerate(market.pools):
        token, held = (pool.asset, pool.reserves()[0]) if (i + place) % 3 else (pool.quote, pool.reserves()[1])
        pool.swap(token, held * (7 + i % 5) // 1_000)


@pytest.mark.parametrize("asset_is_token1", [False, True])
@pytest.mark.parametrize(
    "name, written", [("pair", 0), ("pair", 119), ("pair", 120), ("two pairs", 119), ("pair and range pool", 60), ("range pool", 120)]
)
def test_cached_bucket__written_at_any_second__right_at_every_later_one(name: str, asset_is_token1: bool, written: int) -> None:
    market = restless(SHAPES[name], asset_is_token1)
    start_bucket(written)
    assert market.write().sources == (1 if len(market.pools) == 1 else 3)
    begun = now() - written
    bands = set()
    for i, phase in enumerate(p for p in PHASES if p >= written):
        boa.env.time_travel(seconds=begun + phase - now())
        bands.add(market.write("new_risk_prices" if i % 2 else "liquidation_prices"))
        move(market, i)
        assert market.oracle.cached_ts(market.asset) == begun
    assert len(bands) > 1
    boa.env.time_travel(seconds=1)
    market.check()


@pytest.mark.parametrize("asset_is_token1", [False, True])
@pytest.mark.parametrize("idle", [5 * BUCKET, 30 * 86_400])
def test_cached_bucket__after_idle_hours__right_at_every_second(asset_is_token1: bool, idle: int) -> None:
    market = restless(SHAPES["pair"], asset_is_token1)
    boa.env.time_travel(seconds=idle)
    start_bucket()
    for phase in PHASES:
        boa.env.time_travel(seconds=now() // BUCKET * BUCKET + phase - now())
        market.write()
    move(market, 1)
    market.check()


@pytest.mark.parametrize("tick", [-776_363, -443_636, -1, 0, 1, 300_000])
@pytest.mark.parametrize("phase", [0, 119, 120, 179])
def test_cached_bucket__far_ticks__short_mean_of_the_boundary(either_market: Market, tick: int, phase: int) -> None:
    """Sums over seven minutes of the farthest ticks there are, across any remainder of what is kept."""
    market = either_market
    market.set_source(new_source(market.asset, market.wired().money, market.asset_is_token1, 10**21))
    for i in range(4):
        start_bucket()
        buckets = [(tick + 100 * i - 50 * j) * BUCKET for j in range(10)]
        market.script(scripted(now(), tick, tick, buckets, [2**126] * 10))
        market.write()
        boa.env.time_travel(seconds=phase)
        market.script(scripted(now(), tick + 100 * i + 7, tick - 50, buckets, [2**126] * 10, short_rest=-1))
        market.check()


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("short", [-40, 0, 40])
@pytest.mark.parametrize("slow", [-60, 0, 60])
def test_two_sources__in_one_unit_or_two__the_same_prices(owner: Any, cached: bool, short: int, slow: int) -> None:
    """Of one unit, prices are put in order by their ticks; of two, one by one."""
    seen = []
    for price, apart in ((DOLLAR_6, 0), (2 * DOLLAR_6, 0), (DOLLAR_18, 276_324)):
        market = new_market(owner)
        money = new_money(owner, market.oracle, price, 18 if price == DOLLAR_18 else 6)
        assert market.set_second_source(new_source(market.asset, money)) == ""
        market.still()
        # 1.0001^276,324 is 10^12, and two dollars are 6931.8 ticks off: both sources then disagree
        tick = ETH_TICK + apart
        market.script(scripted(now(), tick + short, tick + 2 * slow, [(tick + slow) * BUCKET] * 10, [10**24] * 10), 1)
        if cached:
            market.write()
        band = market.check()
        assert (Why.DISAGREEMENT in band.why) == (price == 2 * DOLLAR_6)
        seen.append(band)
    assert seen[0].low == price_at(ETH_TICK + min(short, slow, 0), DOLLAR_6)[0]
    assert seen[0].liquidation_low == price_at(ETH_TICK + min(short, 0), DOLLAR_6)[0]
    assert seen[0].liquidation_high == price_at(ETH_TICK + max(short, 0), DOLLAR_6)[1]
    for one, other in zip(seen[0].prices(), seen[2].prices(), strict=True):
        assert abs(one - other) < one // 10_000


@pytest.mark.parametrize("short", [-887_272 + 300, 420_000])
def test_two_sources__absurd_price_of_one_of_them__the_other_goes_on(owner: Any, short: int) -> None:
    market = new_market(owner, second=True)
    market.still()
    market.still(place=1)
    valid = market.write()
    market.script(scripted(now(), short, ETH_TICK, [ETH_TICK * BUCKET] * 10), 1)
    band = market.check()
    assert (band.sources, band.low, band.high) == (1, valid.low, valid.high)
    market.script(scripted(now(), short, ETH_TICK, [ETH_TICK * BUCKET] * 10), 0)
    market.still(place=1)
    band = market.check()
    assert (band.sources, band.why) == (2, Why.SOURCE_FAILED)


# ---------------------------------------------------------------- the last prices have their place


@pytest.mark.parametrize("had_second", [False, True])
@pytest.mark.parametrize("buckets", [0, 1, 7])
def test_last_prices__second_source_set_or_dropped_while_the_feed_is_alone__kept(owner: Any, had_second: bool, buckets: int) -> None:
    market = new_market(owner, second=had_second, feed=True)
    market.still()
    if had_second:
        market.still(ETH_TICK + 30, place=1)
    start_bucket()
    market.still()
    if had_second:
        market.still(ETH_TICK + 30, place=1)
    valid = market.write()
    for place in range(1 + had_second):
        market.wired(place).contract.set_failure(True, 0)
    boa.env.time_travel(seconds=buckets * BUCKET)
    assert market.check().sources == FEED
    second = None if had_second else new_source(market.asset, market.wired().money, True)
    assert market.set_second_source(second) == ""
    assert market.check().sources == FEED
    market.feed.set_failure(True, 0)
    last = market.check()
    assert last.low == 0
    assert last.liquidation_depth
    if buckets == 0:
        assert 0 <= last.liquidation_high - valid.liquidation_high <= valid.liquidation_high // 2**23
        assert 0 <= valid.liquidation_low - last.liquidation_low <= valid.liquidation_low // 2**23
        assert last.liquidation_depth == valid.liquidation_depth
    else:
        # What the switch has seen of the feed alone
        assert last.liquidation_high > valid.liquidation_high


def test_last_prices__two_sources__written_once_a_bucket(owner: Any) -> None:
    market = new_market(owner, second=True)
    for tick in (ETH_TICK, ETH_TICK + 250):
        start_bucket()
        market.still(tick)
        market.still(tick + 20, place=1)
        valid = market.write()
        boa.env.time_travel(seconds=60)
        for place in (0, 1):
            market.wired(place).contract.set_failure(True, 0)
        last = market.check()
        assert 0 <= last.liquidation_high - valid.liquidation_high <= valid.liquidation_high // 2**23
        assert last.liquidation_depth == valid.liquidation_depth
        for place in (0, 1):
            market.wired(place).contract.set_failure(False, 0)
