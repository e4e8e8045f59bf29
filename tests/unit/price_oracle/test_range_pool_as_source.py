"""The oracle reads a range pool as it reads a pair: through the one view, and with the same answers. (ORA-01)"""

from dataclasses import asdict
from typing import Any

import boa
import pytest

from plimsoll.reference.band import SLOW_BUCKETS, Oracle, Why, Window
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.conftest import load
from tests.oracle_market import DOLLAR_18, WAD, as_band
from tests.pair_world import seen
from tests.range_world import RangeWorld

# 200 dollars, or the inverse of it
TICK = 52_980
LIQUIDITY = 10**24
MIN_DEPTH = 100_000 * WAD


@pytest.fixture(params=[False, True])
def market(owner: Any, new_token: Any, request: Any) -> tuple[RangeWorld, Any, Any, Oracle]:
    """(pool, asset, oracle, model): the asset is token0, or token1."""
    world = RangeWorld.create(owner, new_token("AST"), new_token("USD"), initialised=False)
    world.fund(10**40)
    asset, quote = (world.token1, world.token0) if request.param else (world.token0, world.token1)
    world.pool.initialize(sqrt_ratio_at_tick(-TICK if request.param else TICK))
    with boa.env.prank(owner):
        oracle = load("oracle/PriceOracle.vy").deploy()
        oracle.set_quote(quote, DOLLAR_18)
        oracle.set_source(asset, world.pool, quote, MIN_DEPTH)
    return world, asset, oracle, Oracle(request.param, DOLLAR_18, MIN_DEPTH)


def check(market: tuple[RangeWorld, Any, Any, Oracle]) -> Any:
    world, asset, oracle, model = market
    expected = model.band(Window(**asdict(seen(world.pool.window(SLOW_BUCKETS)))))
    answer = as_band(oracle.band(asset))
    assert answer.why == expected.why
    if expected.low:
        assert answer == expected
    return answer


def test_band__range_pool_from_its_beginning__is_the_models(market: tuple[RangeWorld, Any, Any, Oracle]) -> None:
    world = market[0]
    assert check(market).why == Why.SHORT_HISTORY
    # initialised at a price, but nobody has deposited: no depth
    world.wait(2_400)
    assert check(market).why == Why.THIN | Why.THIN_FOR_NEW_RISK
    world.mint(-887_220, 887_220, LIQUIDITY)
    world.wait(2_400)
    band = check(market)
    assert band.why == 0
    # between the prices at ticks 52,979 and 52,981
    assert 199 * WAD < band.low <= band.high < 201 * WAD
    # x*y=k at this liquidity: L * sqrt(price)
    assert abs(band.depth - LIQUIDITY * 14_142 // 1_000) <= LIQUIDITY * 14_142 // 1_000 // 500


def test_band__trades_and_deposits_for_an_hour__is_the_models(market: tuple[RangeWorld, Any, Any, Oracle]) -> None:
    world, asset, oracle, _ = market
    world.mint(-887_220, 887_220, LIQUIDITY)
    world.wait(2_400)
    for i in range(13):
        world.swap(i % 3 == 0, 10**22 * (1 + i % 7))
        if i % 4 == 0:
            tick = world.pool.slot0()[1] // 60 * 60
            world.mint(tick - 600, tick + 600, LIQUIDITY // 2)
        world.wait(97 + 31 * (i % 4))
        band = check(market)
        assert band.low > 0
        if i % 6 == 0:
            assert oracle.liquidation_prices(asset)[:2] == (band.liquidation_high, band.liquidation_low)


def test_band__push_to_the_end_of_the_liquidity__is_clamped(market: tuple[RangeWorld, Any, Any, Oracle]) -> None:
    """One block at the end of a range pool's price costs next to nothing; it must not move the trigger price."""
    world, _, _, model = market
    world.mint(-887_220 if model.asset_is_token1 else 52_200, -52_200 if model.asset_is_token1 else 887_220, LIQUIDITY)
    world.wait(2_400)
    before = check(market)
    # all of the asset is bought up to the highest price there is, and sold back a block later
    up = not model.asset_is_token1
    pool = world.pool
    home = pool.slot0()[0]
    world.swap(not up, 2**127, sqrt_ratio_at_tick(880_000 if up else -880_000))
    world.wait(12)
    world.swap(up, 2**127, home)
    world.wait(12)
    after = check(market)
    # clamped to 4,000 ticks for one block of 12 s in a mean over 300 s: 160 ticks; unclamped it would be a factor of 10**14
    assert after.liquidation_high < before.liquidation_high * 102 // 100
    assert after.liquidation_low >= before.liquidation_low * 98 // 100
