"""PriceOracle.set_source, source_of and cached_ts."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

from plimsoll.reference.band import BUCKET, Why
from tests.conftest import load
from tests.oracle_market import DOLLAR_18, ETH_LIQUIDITY, ETH_TICK, HUGE_ANSWER, WAD, Market, as_abi, new_market, now, steady

ZERO = "0x" + "00" * 20
MIN_DEPTH = 100_000 * WAD


@pytest.fixture
def new_source() -> Callable[..., Any]:
    """A source of the two tokens whose market has stood at a tick."""

    def deploy(token0: Any, token1: Any, tick: int = ETH_TICK, liquidity: int = ETH_LIQUIDITY) -> Any:
        source = load("testing/ScriptedSource.vy").deploy(token0, token1)
        source.set_window(as_abi(steady(now(), tick, liquidity)))
        return source

    return deploy


def test_set_source__first_time__stores_and_logs(either_market: Market, owner: Any, new_source: Callable[..., Any]) -> None:
    market = either_market
    asset = boa.env.generate_address()
    tokens = (market.quote, asset) if market.model.asset_is_token1 else (asset, market.quote)
    tick = -ETH_TICK if market.model.asset_is_token1 else ETH_TICK
    source = new_source(*tokens, tick)
    market.oracle.set_source(asset, source, market.quote, MIN_DEPTH, sender=owner)
    (event,) = market.oracle.get_logs()
    assert (event.asset, event.source, event.quote, event.min_depth) == (asset, source.address, market.quote, MIN_DEPTH)

    assert market.oracle.source_of(asset) == (source.address, market.quote, MIN_DEPTH)
    # It was cached at once
    assert market.oracle.cached_ts(asset) == now() // BUCKET * BUCKET
    assert market.oracle.band(asset).why == 0


def test_set_source__source_without_history_yet__accepted(owner: Any) -> None:
    market = new_market(owner)
    assert market.oracle.cached_ts(market.asset) == 0
    assert market.band().why == Why.NOT_STARTED


def test_set_source__not_owner__reverts(market: Market, attacker: Any) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        market.oracle.set_source(market.asset, market.source, market.quote, MIN_DEPTH, sender=attacker)


def test_set_source__quote_is_no_quote__reverts(market: Market, owner: Any) -> None:
    for quote in (boa.env.generate_address(), market.asset, ZERO):
        with boa.reverts("oracle: quote is not a quote asset"):
            market.oracle.set_source(boa.env.generate_address(), market.source, quote, MIN_DEPTH, sender=owner)


def test_set_source__asset_is_a_quote__reverts(market: Market, owner: Any) -> None:
    with boa.reverts("oracle: asset is a quote asset"):
        market.oracle.set_source(market.quote, market.source, market.quote, MIN_DEPTH, sender=owner)


def test_set_source__zero_asset__reverts(market: Market, owner: Any) -> None:
    with boa.reverts("oracle: zero address"):
        market.oracle.set_source(ZERO, market.source, market.quote, MIN_DEPTH, sender=owner)


@pytest.mark.parametrize("min_depth", [0, 2**96, 2**256 - 1])
def test_set_source__bad_min_depth__reverts(market: Market, owner: Any, min_depth: int) -> None:
    with boa.reverts("oracle: bad min depth"):
        market.oracle.set_source(market.asset, market.source, market.quote, min_depth, sender=owner)


def test_set_source__largest_min_depth__accepted(market: Market, owner: Any) -> None:
    market.oracle.set_source(market.asset, market.source, market.quote, 2**96 - 1, sender=owner)
    assert market.oracle.source_of(market.asset)[2] == 2**96 - 1


def test_set_source__other_tokens__reverts(market: Market, owner: Any, new_source: Callable[..., Any]) -> None:
    other = boa.env.generate_address()
    for token0, token1 in (
        (market.asset, other),
        (other, market.quote),
        (other, market.asset),
        (market.quote, other),
        (market.asset, market.asset),
        (market.quote, market.quote),
    ):
        with boa.reverts("oracle: source has other tokens"):
            market.oracle.set_source(market.asset, new_source(token0, token1), market.quote, MIN_DEPTH, sender=owner)


def test_set_source__not_a_pair__reverts(market: Market, owner: Any, new_token: Callable[..., Any]) -> None:
    no_code = boa.env.generate_address()
    for source in (no_code, new_token("TOK").address, ZERO):
        with boa.reverts("oracle: source is not a pair"):
            market.oracle.set_source(market.asset, source, market.quote, MIN_DEPTH, sender=owner)
    boa.env.set_code(no_code, HUGE_ANSWER)
    with boa.reverts("oracle: source is not a pair"):
        market.oracle.set_source(market.asset, no_code, market.quote, MIN_DEPTH, sender=owner)


def test_set_source__token_answers_are_no_addresses__reverts(market: Market, owner: Any) -> None:
    no_address = boa.env.generate_address()
    # Answers every call with 2^256 - 1
    boa.env.set_code(no_address, bytes.fromhex("5f195f5260205ff3"))
    with boa.reverts("oracle: source is not a pair"):
        market.oracle.set_source(market.asset, no_address, market.quote, MIN_DEPTH, sender=owner)


def test_set_source__no_window__reverts(market: Market, owner: Any) -> None:
    market.source.set_failure(True, 0)
    with boa.reverts("oracle: source has no window"):
        market.oracle.set_source(market.asset, market.source, market.quote, MIN_DEPTH, sender=owner)


def test_set_source__new_min_depth_in_a_cached_bucket__acts_at_once(market: Market, owner: Any) -> None:
    window = market.script(steady(now()))
    market.oracle.poke(market.asset)
    valid = market.band()
    assert valid.why == 0
    depth = valid.depth
    for min_depth, why in (
        (depth, Why(0)),
        (depth + 1, Why.THIN_FOR_NEW_RISK),
        (4 * depth, Why.THIN_FOR_NEW_RISK),
        (4 * depth + 1, Why.THIN_FOR_NEW_RISK | Why.THIN),
        (depth, Why(0)),
    ):
        market.oracle.set_source(market.asset, market.source, market.quote, min_depth, sender=owner)
        market.model.min_depth = min_depth
        market.model.write(window, now())
        assert market.band().why == why
        assert market.band() == market.model.band(window)
        # The last valid prices stay
        assert market.oracle.liquidation_prices(market.asset)[:2] == (valid.liquidation_high, valid.liquidation_low)


def test_set_source__replaced_by_a_source_with_a_price__that_price(market: Market, owner: Any, new_source: Callable[..., Any]) -> None:
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    other = new_source(market.asset, market.quote, ETH_TICK + 100)
    market.oracle.set_source(market.asset, other, market.quote, MIN_DEPTH, sender=owner)
    assert market.band() == market.model.band(steady(now(), ETH_TICK + 100))
    other.set_failure(True, 0)
    failed = market.band()
    assert failed.why == Why.SOURCE_FAILED
    assert failed.liquidation_high == market.model.band(steady(now(), ETH_TICK + 100)).liquidation_high


def test_set_source__replaced_by_a_source_without_a_price__reverts_and_changes_nothing(
    market: Market, owner: Any, new_source: Callable[..., Any]
) -> None:
    """Else its accounts would be judged at a last valid price of 0, or of another market."""
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    before = market.band()
    young = load("testing/ScriptedSource.vy").deploy(market.asset, market.quote)
    young.set_window(as_abi(type(steady(now()))(now() - 60, 0, 0, 0, 0)))
    with boa.reverts("oracle: new source has no price"):
        market.oracle.set_source(market.asset, young, market.quote, MIN_DEPTH, sender=owner)
    assert market.band() == before
    assert market.oracle.source_of(market.asset)[0] == market.source.address


def test_set_source__another_quote__prices_in_it(market: Market, owner: Any, new_source: Callable[..., Any]) -> None:
    market.script(steady(now()))
    market.oracle.poke(market.asset)
    dollar = boa.env.generate_address("other dollar")
    market.oracle.set_quote(dollar, DOLLAR_18, sender=owner)
    # 200 of 1e18 raw units for 1e18 raw units
    source = new_source(market.asset, dollar, 52985, 10**6 * ETH_LIQUIDITY)
    market.oracle.set_source(market.asset, source, dollar, MIN_DEPTH, sender=owner)
    price = market.oracle.band(market.asset).low
    assert 199 * WAD < price < 201 * WAD
    assert market.oracle.source_of(market.asset) == (source.address, dollar, MIN_DEPTH)


def test_source_of__no_source__zeros(market: Market) -> None:
    assert market.oracle.source_of(boa.env.generate_address()) == (ZERO, ZERO, 0)
