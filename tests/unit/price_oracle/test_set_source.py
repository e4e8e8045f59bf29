"""PriceOracle.set_source, set_second_source, source_of and cached_ts. How far they may move a price: test_switch.py."""

from dataclasses import replace
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, FIRST, SECOND, Answers, Why
from tests.conftest import load
from tests.oracle_market import (
    DOLLAR_18,
    ETH_LIQUIDITY,
    ETH_TICK,
    HUGE_ANSWER,
    WAD,
    ZERO,
    Market,
    Wired,
    as_abi,
    mirrored,
    new_market,
    new_money,
    new_source,
    now,
    steady,
)

MIN_DEPTH = 100_000 * WAD
SETTERS = ["set_source", "set_second_source"]


@pytest.fixture
def unlisted(owner: Any) -> Market:
    """An asset of an oracle that knows a quote, but not yet the asset."""
    listed = new_market(owner)
    return Market(listed.oracle, load("testing/TestToken.vy").deploy("NEW", "NEW", 18), owner)


def source_of(market: Market, other: Market, asset_is_token1: bool = False, tick: int = ETH_TICK) -> Wired:
    """A source for `market`'s asset against `other`'s quote that has stood at a tick."""
    wired = new_source(market.asset, other.wired().money, asset_is_token1)
    window = steady(now(), tick)
    wired.contract.set_window(as_abi(mirrored(window) if asset_is_token1 else window))
    return wired


@pytest.mark.parametrize("asset_is_token1", [False, True])
def test_set_source__first_time__stores_logs_and_caches(market: Market, unlisted: Market, owner: Any, asset_is_token1: bool) -> None:
    unlisted.oracle = market.oracle
    wired = source_of(unlisted, market, asset_is_token1)
    assert unlisted.set_source(wired) == ""
    events = [log for log in market.oracle.get_logs() if type(log).__name__ == "SourceSet"]
    assert [(e.asset, e.source, e.quote, e.place, e.min_depth) for e in events] == [
        (unlisted.asset.address, wired.contract.address, wired.money.token.address, 0, MIN_DEPTH)
    ]
    assert market.oracle.source_of(unlisted.asset, 0) == (wired.contract.address, wired.money.token.address, MIN_DEPTH)
    assert market.oracle.source_of(unlisted.asset, 1) == (ZERO, ZERO, 0)
    assert market.oracle.cached_ts(unlisted.asset) == now() // BUCKET * BUCKET
    assert unlisted.check().why == 0


@pytest.mark.parametrize("asset_is_token1", [False, True])
def test_set_second_source__before_the_first__not_listed_until_then(market: Market, unlisted: Market, asset_is_token1: bool) -> None:
    unlisted.oracle = market.oracle
    wired = source_of(unlisted, market, asset_is_token1, ETH_TICK + 20)
    assert unlisted.set_second_source(wired) == ""
    (event,) = market.oracle.get_logs()
    assert (event.asset, event.source, event.place, event.min_depth) == (unlisted.asset.address, wired.contract.address, 1, MIN_DEPTH)
    assert unlisted.check().why == Why.NOT_LISTED
    assert market.oracle.source_of(unlisted.asset, 1) == (wired.contract.address, wired.money.token.address, MIN_DEPTH)
    assert unlisted.set_source(source_of(unlisted, market)) == ""
    assert unlisted.check().sources == FIRST | SECOND


def test_set_second_source__zero__removes_it(owner: Any) -> None:
    market = new_market(owner, second=True)
    market.still()
    market.still(ETH_TICK + 30, place=1)
    assert market.check().sources == FIRST | SECOND
    assert market.set_second_source(None) == ""
    (event,) = market.oracle.get_logs()
    assert (event.asset, event.source, event.quote, event.place, event.min_depth) == (market.asset.address, ZERO, ZERO, 1, 0)
    assert market.check().sources == FIRST
    assert market.oracle.source_of(market.asset, 1) == (ZERO, ZERO, 0)


def test_set_source__source_without_history_yet__accepted(owner: Any) -> None:
    market = new_market(owner)
    assert market.oracle.cached_ts(market.asset) == 0
    assert market.check().why == Why.NOT_STARTED


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("setter", SETTERS)
def test_set__not_owner__reverts(market: Market, attacker: Any, setter: str) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        getattr(market.oracle, setter)(market.asset, market.source, market.wired().money.token, MIN_DEPTH, sender=attacker)


@pytest.mark.parametrize("setter", SETTERS)
def test_set__quote_is_no_quote__reverts(market: Market, owner: Any, setter: str) -> None:
    for quote in (boa.env.generate_address(), market.asset, ZERO):
        with boa.reverts("oracle: quote is not a quote asset"):
            getattr(market.oracle, setter)(boa.env.generate_address(), market.source, quote, MIN_DEPTH, sender=owner)


@pytest.mark.parametrize("setter", SETTERS)
def test_set__asset_is_a_quote__reverts(market: Market, owner: Any, setter: str) -> None:
    quote = market.wired().money.token
    with boa.reverts("oracle: asset is a quote asset"):
        getattr(market.oracle, setter)(quote, market.source, quote, MIN_DEPTH, sender=owner)


@pytest.mark.parametrize("setter", SETTERS)
def test_set__zero_asset__reverts(market: Market, owner: Any, setter: str) -> None:
    with boa.reverts("oracle: zero address"):
        getattr(market.oracle, setter)(ZERO, market.source, market.wired().money.token, MIN_DEPTH, sender=owner)


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize("min_depth, valid", [(0, False), (10**21 - 1, False), (10**21, True), (2**96 - 1, True), (2**96, False)])
def test_set__min_depth__from_a_thousand_units(owner: Any, setter: str, min_depth: int, valid: bool) -> None:
    market = new_market(owner, min_depth=10**21)
    place = SETTERS.index(setter)
    source = market.source if place == 0 else new_source(market.asset, market.wired().money).contract
    quote = market.wired().money.token
    if valid:
        getattr(market.oracle, setter)(market.asset, source, quote, min_depth, sender=owner)
        assert market.oracle.source_of(market.asset, place)[2] == min_depth
    else:
        with boa.reverts("oracle: bad min depth"):
            getattr(market.oracle, setter)(market.asset, source, quote, min_depth, sender=owner)


@pytest.mark.parametrize("over, refused", [(0, ""), (-1, "oracle: bad min depth")])
def test_set_second_source__min_depth__at_least_half_of_the_firsts(market: Market, over: int, refused: str) -> None:
    """It can hold the edges of the band apart."""
    assert market.set_second_source(new_source(market.asset, market.wired().money, min_depth=MIN_DEPTH // 2 + over)) == refused


@pytest.mark.parametrize("over, refused", [(0, ""), (1, "oracle: bad min depth")])
def test_set_source__min_depth__at_most_twice_the_seconds(owner: Any, over: int, refused: str) -> None:
    market = new_market(owner, second=True)
    assert with_depth(market, 2 * MIN_DEPTH + over) == refused
    assert market.set_second_source(None) == ""
    assert with_depth(market, 2 * MIN_DEPTH + over) == ""


@pytest.mark.parametrize("setter", SETTERS)
def test_set__other_tokens__reverts(market: Market, owner: Any, setter: str) -> None:
    other = boa.env.generate_address()
    asset, quote = market.asset.address, market.wired().money.token.address
    for tokens in ((asset, other), (other, quote), (other, asset), (quote, other), (asset, asset), (quote, quote)):
        source = load("testing/ScriptedSource.vy").deploy(*tokens)
        with boa.reverts("oracle: source has other tokens"):
            getattr(market.oracle, setter)(asset, source, quote, MIN_DEPTH, sender=owner)


@pytest.mark.parametrize("setter", SETTERS)
def test_set__not_a_pool__reverts(market: Market, owner: Any, setter: str, new_token: Any) -> None:
    no_code = boa.env.generate_address()
    quote = market.wired().money.token
    # A zero address removes a second source
    sources = [no_code, new_token("TOK").address, *([ZERO] if setter == "set_source" else [])]
    for source in sources:
        with boa.reverts("oracle: source is not a pool"):
            getattr(market.oracle, setter)(market.asset, source, quote, MIN_DEPTH, sender=owner)
    # A long answer; and one that is no address: 2^256 - 1
    for code in (HUGE_ANSWER, bytes.fromhex("5f195f5260205ff3")):
        boa.env.set_code(no_code, code)
        with boa.reverts("oracle: source is not a pool"):
            getattr(market.oracle, setter)(market.asset, no_code, quote, MIN_DEPTH, sender=owner)


def test_set__one_source_in_both_places__reverts(market: Market, owner: Any) -> None:
    quote = market.wired().money.token
    with boa.reverts("oracle: is the first source"):
        market.oracle.set_second_source(market.asset, market.source, quote, MIN_DEPTH, sender=owner)
    second = new_source(market.asset, market.wired().money)
    assert market.set_second_source(second) == ""
    with boa.reverts("oracle: is the second source"):
        market.oracle.set_source(market.asset, second.contract, quote, MIN_DEPTH, sender=owner)


def test_set_source__no_window__reverts(market: Market) -> None:
    market.source.set_failure(True, 0)
    assert market.set_source(market.wired()) == "oracle: source has no window"


def test_set_second_source__no_window__accepted_and_silent(market: Market) -> None:
    market.still()
    second = new_source(market.asset, market.wired().money)
    second.contract.set_failure(True, 0)
    assert market.set_second_source(second) == ""
    assert (market.check().sources, market.check().why) == (FIRST, 0)


# ---------------------------------------------------------------- changes


def with_depth(market: Market, min_depth: int) -> str:
    wired = market.wired()
    return market.set_source(replace(wired, source=replace(wired.source, min_depth=min_depth)))


def test_set_source__new_min_depth_in_a_cached_bucket__acts_at_once(market: Market) -> None:
    market.still()
    valid = market.write()
    assert valid.why == 0
    # As a float, the pool's depth is this
    reading = market.model.cache
    assert reading is not None
    assert reading.first is not None
    depth = reading.first.depth
    for min_depth, why in ((depth, Why(0)), (depth + 1, Why.THIN_FOR_NEW_RISK), (4 * depth, Why.THIN_FOR_NEW_RISK), (depth, Why(0))):
        assert with_depth(market, min_depth) == ""
        band = market.check()
        assert band.why == why
        assert band.prices() == valid.prices()
    assert with_depth(market, 4 * depth + 1) == "oracle: loses the price"
    assert market.check().why == 0


def test_set_source__another_quote__prices_in_it(market: Market, owner: Any) -> None:
    market.still()
    market.write()
    dollar = new_money(owner, market.oracle, DOLLAR_18, 18)
    # 200 of 1e18 raw units for 1e18 raw units
    wired = new_source(market.asset, dollar)
    wired.contract.set_window(as_abi(steady(now(), 52985, 10**6 * ETH_LIQUIDITY)))
    assert market.set_source(wired) == ""
    band = market.check()
    assert 199 * WAD < band.low < 201 * WAD
    assert market.oracle.source_of(market.asset, 0) == (wired.contract.address, dollar.token.address, MIN_DEPTH)


def test_set_second_source__against_another_quote__converted_by_its_own_price(market: Market, owner: Any) -> None:
    market.still()
    dollar = new_money(owner, market.oracle, 99 * 10**16, 18)
    wired = new_source(market.asset, dollar)
    wired.contract.set_window(as_abi(steady(now(), 52985, 10**6 * ETH_LIQUIDITY)))
    assert market.set_second_source(wired) == ""
    band = market.check()
    assert band.sources == FIRST | SECOND
    assert 197 * WAD < band.low < 199 * WAD < band.high < 201 * WAD


def test_source_of__no_source_or_place__zeros_or_revert(market: Market) -> None:
    assert market.oracle.source_of(boa.env.generate_address(), 0) == (ZERO, ZERO, 0)
    assert market.oracle.source_of(boa.env.generate_address(), 1) == (ZERO, ZERO, 0)
    with boa.reverts():
        market.oracle.source_of(market.asset, 2)


def test_model__no_source__not_listed(market: Market) -> None:
    assert Market(market.oracle, boa.env.generate_address(), market.owner).model.band(now(), Answers()).why == Why.NOT_LISTED
