"""PriceOracle.new_risk_prices, liquidation_prices and poke: what they cache, and that this changes no answer (ORA-02 to ORA-04)."""

from typing import Any

import boa
import pytest

from plimsoll.reference.band import BUCKET, NOTHING, Why
from tests.conftest import load
from tests.oracle_market import DOLLAR_6, ETH_LIQUIDITY, ETH_TICK, Market, as_abi, now, scripted, steady

HOW = ["new_risk_prices", "liquidation_prices", "poke"]


def start_bucket(seconds: int = 0) -> None:
    boa.env.time_travel(seconds=BUCKET - now() % BUCKET + seconds)


def call(market: Market, how: str) -> Any:
    return getattr(market.oracle, how)(market.asset)


@pytest.mark.parametrize("how", HOW)
def test_write__new_bucket__caches_the_bucket(either_market: Market, how: str) -> None:
    market = either_market
    start_bucket(seconds=17)
    assert market.oracle.cached_ts(market.asset) == 0
    market.script(steady(now(), -ETH_TICK if market.model.asset_is_token1 else ETH_TICK))
    call(market, how)
    assert market.oracle.cached_ts(market.asset) == now() - 17
    assert not market.oracle.get_logs()


@pytest.mark.parametrize("how", HOW)
def test_write__cached_bucket__asks_for_the_recent_statistics_alone_and_writes_nothing(market: Market, how: str) -> None:
    """The slow statistics are constant within a bucket; a source that changed them would be ignored until the next."""
    start_bucket()
    window = market.script(steady(now()))
    market.oracle.poke(market.asset)
    boa.env.time_travel(seconds=BUCKET - 1)
    other = steady(now(), ETH_TICK - 1000)
    market.script(other)
    call(market, how)
    band = market.band()
    assert band == market.model.band(scripted(now(), ETH_TICK - 1000, ETH_TICK - 1000, window.bucket_tick_sums))

    # One second later the bucket is a new one
    boa.env.time_travel(seconds=1)
    other = market.script(steady(now(), ETH_TICK - 1000))
    assert market.band() == market.model.band(other)
    call(market, how)
    assert market.band() == market.model.band(other)


def test_new_risk_prices__valid__low_high_and_why(market: Market) -> None:
    window = market.script(scripted(now(), ETH_TICK + 2300, ETH_TICK - 5, [ETH_TICK * BUCKET] * 10))
    expected = market.model.band(window)
    assert expected.why == Why.BREAKER
    for _ in range(2):
        assert market.oracle.new_risk_prices(market.asset) == (expected.low, expected.high, Why.BREAKER)


def test_liquidation_prices__valid__edges_of_the_band_and_fresh(market: Market) -> None:
    window = market.script(scripted(now(), ETH_TICK + 2300, ETH_TICK - 5, [ETH_TICK * BUCKET] * 10))
    expected = market.model.band(window)
    for _ in range(2):
        assert market.oracle.liquidation_prices(market.asset) == (expected.high, expected.low, expected.fresh)


@pytest.mark.parametrize("how", HOW)
def test_write__no_price_then__last_valid_prices_are_those_of_the_last_write(market: Market, how: str) -> None:
    """Not those of a later look in the same bucket, and not those of a bucket in which nobody wrote."""
    start_bucket()
    written = market.model.band(market.script(steady(now())))
    call(market, how)
    for seconds in (60, 200):
        boa.env.time_travel(seconds=seconds)
        market.script(steady(now(), ETH_TICK - 300))
        assert market.band().low < written.low
    market.source.set_failure(True, 0)
    answer = (written.liquidation_high, written.liquidation_low, 0)
    assert market.oracle.liquidation_prices(market.asset) == answer
    assert market.oracle.new_risk_prices(market.asset) == (0, 0, Why.SOURCE_FAILED)
    assert (market.band().liquidation_high, market.band().liquidation_low, market.band().fresh) == answer
    boa.env.time_travel(seconds=10**6)
    assert market.oracle.liquidation_prices(market.asset) == answer


@pytest.mark.parametrize("how", HOW)
def test_write__thin__writes_nothing_and_recovers_within_the_bucket(market: Market, how: str) -> None:
    start_bucket()
    valid = market.model.band(market.script(steady(now())))
    call(market, how)
    before = market.oracle.cached_ts(market.asset)
    boa.env.time_travel(seconds=BUCKET)
    market.script(steady(now(), ETH_TICK - 100, ETH_LIQUIDITY // 1000))
    call(market, how)
    assert market.oracle.cached_ts(market.asset) == before
    band = market.band()
    assert band.why == Why.THIN | Why.THIN_FOR_NEW_RISK
    assert (band.liquidation_high, band.liquidation_low, band.fresh) == (valid.high, valid.low, 0)

    # In truth no bucket's statistics change; but what is not cached is not believed either
    window = market.script(steady(now(), ETH_TICK - 100))
    assert market.band() == market.model.band(window)


def test_band__is_a_view__never_caches(market: Market) -> None:
    market.script(steady(now()))
    market.band()
    assert market.oracle.cached_ts(market.asset) == 0


@pytest.mark.parametrize("slow, short", [(-700, 900), (700, -900)], ids=["short above", "short below"])
def test_last_valid_prices__both_edges_of_the_band_are_kept(market: Market, slow: int, short: int) -> None:
    buckets = [(ETH_TICK + slow) * BUCKET] * 10
    valid = market.model.band(market.script(scripted(now(), ETH_TICK + short, ETH_TICK, buckets)))
    assert valid.high > valid.low
    assert valid.why == NOTHING
    market.oracle.poke(market.asset)
    market.source.set_failure(True, 0)
    assert market.oracle.liquidation_prices(market.asset) == (valid.high, valid.low, 0)


def test_two_assets__caches_do_not_mix(market: Market, owner: Any) -> None:
    other = boa.env.generate_address()
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    twin = load("testing/ScriptedSource.vy").deploy(other, market.quote)
    twin.set_window(as_abi(steady(now(), ETH_TICK + 5000)))
    market.oracle.set_source(other, twin, market.quote, 10**18, sender=owner)
    market.oracle.poke(other)
    assert market.band() == market.model.band(steady(now()))
    assert market.oracle.band(other).low == market.model.band(steady(now(), ETH_TICK + 5000)).low
    assert market.oracle.quote_price(market.quote) == DOLLAR_6
