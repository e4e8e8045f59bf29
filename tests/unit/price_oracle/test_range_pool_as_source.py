"""The oracle reads a range pool as it reads a pair, through the one view, and counts no more depth than the pool holds. (ORA-01, ORA-18)"""

from collections.abc import Callable
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, FEED, FIRST, MAX_UINT256, SECOND, Reverts, Why
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.oracle_market import HOW, WAD, now, start_bucket
from tests.oracle_pair import PoolMarket, Shape, new_pool_market
from tests.range_world import plan

RANGE = Shape("range", asset_decimals=18, quote_decimals=18)
# What the pool of these tests holds on either side, in dollars
DEPTH = 2_000_000 * WAD


@pytest.fixture(params=[False, True], ids=["token0", "token1"])
def market(request: Any) -> PoolMarket:
    made: PoolMarket = new_pool_market(RANGE, request.param)
    return made


def settle(market: PoolMarket) -> None:
    boa.env.time_travel(seconds=2_400)
    start_bucket(seconds=30)


def test_band__range_pool_from_its_beginning__is_the_models(market: PoolMarket) -> None:
    assert market.check().why == Why.SHORT_HISTORY
    settle(market)
    band = market.check()
    assert (band.sources, band.why) == (FIRST, 0)
    assert 199 * WAD < band.low <= band.high < 201 * WAD
    # Everywhere in range it is an x*y=k pool
    assert abs(band.depth - DEPTH) <= DEPTH // 1_000
    assert band.liquidation_depth == market.oracle.liquidation_depth(market.asset) == MAX_UINT256


def test_band__trades_and_deposits_for_an_hour__is_the_models(market: PoolMarket) -> None:
    settle(market)
    for i in range(13):
        market.swap(market.asset if i % 3 == 0 else market.quote, (1 + i % 7) * (10**19 if i % 3 == 0 else 2 * 10**21))
        if i % 4 == 0:
            market.add_liquidity(5_000)
        boa.env.time_travel(seconds=97 + 31 * (i % 4))
        assert market.check().low > 0
        if i % 6 == 0:
            market.write("liquidation_prices")


def narrow(market: PoolMarket, liquidity_factor: int) -> None:
    """Much liquidity in one narrow range around the price: virtual depth for next to nothing."""
    market.pools[0].remove_liquidity(9_990)
    tick = market.wired().contract.slot0()[1] // 60 * 60
    widest = market.pools[0].positions[0][2] * 1_000
    market.pools[0].open(tick - 60, tick + 120, widest * liquidity_factor)


def test_depth__narrow_range__no_more_than_the_pool_holds(market: PoolMarket) -> None:
    """Liquidity as of 2,000,000 dollars, but the pool holds some 10,000 of either: too thin, and no price at all."""
    narrow(market, 1)
    settle(market)
    band = market.check()
    assert band.why == Why.THIN | Why.THIN_FOR_NEW_RISK
    assert (band.low, band.sources) == (0, 0)


def test_depth__narrow_range_with_more_in_it__what_the_pool_holds(market: PoolMarket) -> None:
    """Ten times the liquidity: the memory speaks of 20,000,000."""
    narrow(market, 10)
    settle(market)
    band = market.check()
    asset, quote = market.reserves()
    least = min(quote, asset * 200)
    assert abs(band.depth - least) <= least // 1_000
    assert band.why == 0 if least >= 100_000 * WAD else band.why == Why.THIN_FOR_NEW_RISK


def emptied(market: PoolMarket, side: str, place: int = 0) -> Callable[[], None]:
    """As if traded empty of one token by an earlier transaction; returns what brings it back."""
    pool = market.pools[place].contract
    token = market.asset if side == "asset" else market.quote
    taken = token.balanceOf(pool) * 99 // 100
    token.transfer(boa.env.eoa, taken, sender=pool.address)
    return lambda: token.transfer(pool, taken, sender=boa.env.eoa)


@pytest.mark.parametrize("side", ["asset", "quote"])
def test_depth__pool_emptied_of_one_token_for_a_moment__no_new_risk_but_the_same_prices(market: PoolMarket, side: str) -> None:
    """In a new bucket: what it held when it was measured last supports its price, less an eighth."""
    settle(market)
    before = market.write()
    start_bucket()
    emptied(market, side)
    market.write()
    band = market.check()
    assert Why.THIN_FOR_NEW_RISK in band.why
    assert band.depth * 40 < before.depth
    assert band.prices() == before.prices()
    assert band.sources == FIRST


@pytest.mark.parametrize("side", ["asset", "quote"])
def test_depth__pool_found_empty_in_bucket_after_bucket__thin_at_last(market: PoolMarket, side: str) -> None:
    """2,000,000 lose an eighth with each write until less than 25,000, a quarter of min_depth, is left: at the 33rd, after 99 minutes."""
    settle(market)
    valid = market.write()
    flags = []
    for _ in range(34):
        start_bucket()
        back = emptied(market, side)
        flags.append(Why.THIN in market.write().why)
        back()
    assert flags == [False] * 32 + [True] * 2
    # Nothing falls where nobody has a price to write
    assert market.oracle.cached_ts(market.asset) == now() // BUCKET * BUCKET - 2 * BUCKET
    assert 0 <= market.band().liquidation_low <= valid.liquidation_low
    # Full again: at once
    start_bucket()
    assert market.check().why == 0


def test_depth__pool_found_empty_when_it_was_never_measured__thin(market: PoolMarket) -> None:
    settle(market)
    emptied(market, "quote")
    assert market.check().why == Why.THIN | Why.THIN_FOR_NEW_RISK


def test_depth__liquidity_leaves_for_good__support_is_no_more_than_the_liquidity(market: PoolMarket) -> None:
    settle(market)
    market.write()
    market.remove_liquidity(9_990)
    boa.env.time_travel(seconds=2_000)
    assert market.check().why == Why.THIN | Why.THIN_FOR_NEW_RISK


def test_switch__range_pool_that_was_measured__starts_anew(market: PoolMarket) -> None:
    """Else an owner's call could carry one pool's support over to another."""
    settle(market)
    market.write()
    start_bucket()
    emptied(market, "asset")
    assert Why.THIN not in market.check().why
    assert market.set_source(market.wired()) == "oracle: loses the price"


def test_trade__pool_emptied_in_this_transaction__refused_then_counted(market: PoolMarket) -> None:
    settle(market)
    market.write()
    start_bucket()
    market.swap(market.asset, market.reserves()[0] * 100)
    with pytest.raises(Reverts, match="oracle: source is in use"):
        market.check()
    boa.env.time_travel(seconds=1)
    band = market.check()
    assert Why.THIN_FOR_NEW_RISK in band.why
    assert band.sources == FIRST


def test_depth__pool_emptied_in_a_cached_bucket__price_stays_and_depth_is_the_slow_one(market: PoolMarket) -> None:
    settle(market)
    before = market.write()
    market.swap(market.asset, market.reserves()[0] * 100)
    band = market.check()
    # The market has gone elsewhere, of which the flag tells
    assert band.why == Why.UNSETTLED
    assert band.prices() == before.prices()


def test_depth__gift_of_tokens__counts_only_up_to_the_remembered_liquidity(market: PoolMarket) -> None:
    settle(market)
    before = market.check().depth
    for token in (market.asset, market.quote):
        token.mint(market.wired().contract, 10**30)
    # What its only position rounds off is the difference
    assert before <= market.check().depth <= before * 10_001 // 10_000


# ---------------------------------------------------------------- within a transaction


@pytest.mark.parametrize("what", ["mint", "swap", "collect", "flash"])
def test_used__new_bucket__refused_until_the_transaction_is_over(market: PoolMarket, what: str) -> None:
    settle(market)
    pool = market.pools[0]
    if what == "mint":
        market.add_liquidity(1_000)
    elif what == "swap":
        market.swap(market.asset, 10**15)
    elif what == "collect":
        lower, upper, _ = pool.positions[0]
        pool.world.call("collect", pool.world.callee, lower, upper, 1, 1)
    else:
        pool.world.call("flash", pool.world.callee, 10**15, 0, plan(10**15))
    with pytest.raises(Reverts, match="oracle: source is in use"):
        market.check()
    for how in HOW:
        with pytest.raises(Reverts, match="oracle: source is in use"):
            market.write(how)
    boa.env.time_travel(seconds=1)
    assert market.check().why == 0


def test_added__cached_bucket__a_flag_and_the_same_prices(market: PoolMarket) -> None:
    settle(market)
    before = market.write()
    market.add_liquidity(1_000)
    band = market.check()
    assert band.why == Why.LIQUIDITY_ADDED
    assert band.prices() == before.prices()
    boa.env.time_travel(seconds=1)
    assert market.check().why == 0


@pytest.mark.parametrize("how", ["band", "new_risk_prices", "liquidation_prices", "poke"])
@pytest.mark.parametrize("cached", [False, True])
def test_locked__asked_from_the_callback_of_a_swap__refused_or_as_before(market: PoolMarket, how: str, cached: bool) -> None:
    """In the middle of a swap or a flash loan what the pool holds is anybody's; prices of the past are not. (ORA-12)"""
    settle(market)
    before = market.write("liquidation_prices") if cached else market.check()
    data = getattr(market.oracle, how).prepare_calldata(market.asset)
    world = market.pools[0].world
    world.swap(True, 10**15, data=plan(calls=[(market.oracle, data, False)]))
    answer = world.answers[0]
    if cached and how == "liquidation_prices":
        words = [int.from_bytes(answer[i : i + 32], "big") for i in range(0, 128, 32)]
        assert words == [before.liquidation_high, before.liquidation_low, before.fresh_low, before.fresh_high]
    elif cached:
        assert b"oracle" not in answer
    else:
        assert b"oracle: source is in use" in answer


def test_used__cached_bucket__as_before(market: PoolMarket) -> None:
    settle(market)
    before = market.write()
    market.pools[0].world.call("flash", market.pools[0].world.callee, 10**15, 0, plan(10**15))
    assert market.check() == before


# ---------------------------------------------------------------- beside a pair


@pytest.mark.parametrize("second", [None, "pair"])
@pytest.mark.parametrize("feed", [None, "unit"])
def test_first_found_empty__others_beside_it__still_counts_then_they_do(second: str | None, feed: str | None) -> None:
    """(ORA-18)"""
    market = new_pool_market(Shape("range", second, feed, quote_decimals=18))
    boa.env.time_travel(seconds=2_400)
    settle(market)
    if feed:
        market.wiring.feed_contract.set_answer(200 * 10**8)
    others = SECOND * (second is not None) | FEED * (feed is not None)
    assert market.write().sources == FIRST | others
    for _ in range(32):
        start_bucket()
        back = emptied(market, "asset")
        if feed:
            market.wiring.feed_contract.set_answer(200 * 10**8)
        assert market.write().sources == FIRST | others
        back()
    start_bucket()
    emptied(market, "asset")
    band = market.write()
    assert band.sources == others
    assert Why.THIN in band.why
    assert market.check() == band


@pytest.mark.parametrize("asset_is_token1", [False, True])
def test_second_emptied__a_pair_before_it__only_silent(asset_is_token1: bool) -> None:
    market = new_pool_market(Shape("pair", "range", quote_decimals=18), asset_is_token1)
    settle(market)
    assert market.write().sources == FIRST | SECOND
    start_bucket()
    emptied(market, "quote", place=1)
    band = market.check()
    assert (band.sources, band.why) == (FIRST, 0)


# ---------------------------------------------------------------- tokens and pools that do not answer


@pytest.mark.parametrize("which", ["asset", "quote"])
@pytest.mark.parametrize("code", [b"", bytes.fromhex("fe"), bytes.fromhex("60405ff3")], ids=["gone", "burns all", "two words"])
def test_balances__token_does_not_tell__source_failed(market: PoolMarket, which: str, code: bytes) -> None:
    settle(market)
    market.write()
    boa.env.set_code((market.asset if which == "asset" else market.quote).address, code)
    # A cached bucket does not ask
    assert market.check().why == 0
    start_bucket()
    assert market.check().why == Why.SOURCE_FAILED


def test_balances__starved_by_the_caller__right_prices_or_revert(market: PoolMarket) -> None:
    """(ORA-07)"""
    settle(market)
    expected = market.check()
    data = market.oracle.liquidation_prices.prepare_calldata(market.asset)
    for gas in range(20_000, 260_000, 3_000):
        with boa.env.anchor():
            outcome = boa.env.execute_code(to_address=market.oracle.address, data=data, gas=gas)
        if not outcome.is_error:
            words = [int.from_bytes(outcome.output[i : i + 32], "big") for i in range(0, 128, 32)]
            assert words == [expected.liquidation_high, expected.liquidation_low, expected.fresh_low, expected.fresh_high], gas


def test_band__push_to_the_end_of_the_liquidity__slewed(owner: Any) -> None:
    """One block at the end of a range pool's price costs next to nothing; it must not move the trigger price."""
    for asset_is_token1 in (False, True):
        with boa.env.anchor():
            market = new_pool_market(RANGE, asset_is_token1)
            settle(market)
            before = market.check()
            home = market.wired().contract.slot0()[0]
            world = market.pools[0].world
            up = not asset_is_token1
            world.swap(not up, 2**120, sqrt_ratio_at_tick(880_000 if up else -880_000))
            boa.env.time_travel(seconds=12)
            world.swap(up, 2**120, home)
            boa.env.time_travel(seconds=12)
            after = market.check()
            # 50 ticks a second for 12 s up and 12 s down: 7,500 tick-seconds in a mean over 300 s or more
            assert after.liquidation_high < before.liquidation_high * 10_030 // 10_000
            assert after.liquidation_low >= before.liquidation_low * 9_999 // 10_000
