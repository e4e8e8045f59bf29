"""Whoever is first cannot take a token's place: not with a market of useless terms, not with a pair of dust, not with tokens that wait where
the pool will stand."""

from __future__ import annotations

from dataclasses import replace

import boa
import pytest

from tests.isolated_world import (
    DAY,
    HOUR,
    LOW,
    WAD,
    ZERO,
    Markets,
    Opened,
    Side,
    Terms,
    TradedPair,
    later,
    new_test_token,
    new_traded_pair,
    with_old_pair,
)

USD = 10**6


@pytest.fixture(scope="module")
def base() -> tuple[Markets, TradedPair]:
    return with_old_pair(LOW)


@pytest.fixture
def markets(base: tuple[Markets, TradedPair]) -> Markets:
    return base[0]


@pytest.fixture
def traded(base: tuple[Markets, TradedPair]) -> TradedPair:
    return base[1]


def lends(markets: Markets, traded: TradedPair, market: Opened) -> None:
    markets.supply(market, markets.quote, markets.lender, 100_000 * USD)
    markets.supply(market, traded.token, markets.borrower, 100 * WAD, collateral=True)
    market.pool.borrow(markets.quote, 5_000 * USD, markets.borrower, sender=markets.borrower)


def test_front_run__with_useless_terms__the_honest_market_opens_beside_it(markets: Markets, traded: TradedPair) -> None:
    honest = markets.terms(traded)
    one = Side(markets.rate_model, ltv_bps=1, supply_cap=1, debt_cap=1)
    useless = markets.open(traded, Terms(one, one, min_depth=honest.min_depth), creator=markets.attacker)
    market = markets.open(traded, honest)
    assert markets.factory.pool_of(market.info.id) == market.pool.address != useless.pool.address
    assert [m.pool for m in markets.factory.markets_of(traded.token, markets.quote, 0, 9)] == [useless.pool.address, market.pool.address]
    lends(markets, traded, market)


def test_front_run__with_the_very_same_terms__the_market_is_the_one_that_was_wanted(markets: Markets, traded: TradedPair) -> None:
    honest = markets.terms(traded)
    market = markets.open(traded, honest, creator=markets.attacker)
    with boa.reverts("market: exists"):
        markets.open(traded, honest)
    # his part ended with the seeds that he paid
    assert market.pool.supply_shares_of(markets.attacker, traded.token) == 0
    assert market.configurator.configuration(traded.token).supply_cap == honest.token.supply_cap
    lends(markets, traded, market)


def test_front_run__with_a_pair_of_dust__its_age_counts_and_others_fill_it(markets: Markets) -> None:
    token = new_test_token("LATE", 18, "0x" + "22" * 20)
    dust = new_traded_pair(token, markets.quote, 1_001, 1_001, markets.pairs)
    later(8 * DAY)
    # at the absurd price of 1 raw unit each; whoever fills it sets it right
    dust.add(141_421_356 * 10**9, 141_421_356 * 10**9)
    later(1)
    dust.move_price_to(200 * USD, WAD)
    later(60)
    with boa.reverts("market: pair too thin"):
        markets.open(dust, Terms(Side(markets.rate_model, supply_cap=1, debt_cap=1), Side(markets.rate_model, supply_cap=1, debt_cap=1)))
    for _ in range(40):
        # jumps beyond 9,000 ticks are followed change by change
        later(180)
        dust.sync()
    later(HOUR)
    market = markets.open(dust)
    assert abs(market.oracle.band(token).low - 200 * WAD) < WAD


def test_front_run__by_trading_right_before__refused_and_open_an_hour_later(markets: Markets, traded: TradedPair) -> None:
    """He can hold a market up by as long as he keeps its price jumping, at his own cost, and gain nothing by it."""
    terms = markets.terms(traded)
    terms = replace(terms, min_depth=terms.min_depth * 8 // 10)
    traded.move_to(5, 4)
    later(12)
    with boa.reverts("market: pair unsettled"):
        markets.open(traded, terms)
    traded.move_to(4, 5)
    later(HOUR)
    terms = replace(terms, token=replace(terms.token, supply_cap=WAD, debt_cap=WAD), quote=replace(terms.quote, supply_cap=USD, debt_cap=USD))
    assert markets.open(traded, terms).pool.address != ZERO


def test_front_run__tokens_wait_where_the_pool_will_stand__the_books_do_not_know_them(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    with boa.env.anchor():
        future = markets.open(traded, terms).pool.address
    traded.token.mint(future, 10**6 * WAD)
    markets.quote.mint(future, 10**6 * USD)
    market = markets.open(traded, terms)
    assert market.pool.address == future
    for asset, seed in ((traded.token, WAD), (markets.quote, USD)):
        assert market.pool.reserve_state(asset).cash == seed
    lends(markets, traded, market)


def test_front_run__the_address_of_the_market_to_come__is_its_own(markets: Markets, traded: TradedPair) -> None:
    """Who has approved it, or sends a supply right behind the opening, must not find a market of another token there: one that somebody else
    opened first, in front of him or on the other side of a fork."""
    own = markets.traded(new_test_token("OWN", 18, "0x" + "33" * 20))
    later(8 * DAY)
    terms = markets.terms(traded)
    with boa.env.anchor():
        future = markets.open(traded, terms).pool.address
    other_terms = replace(terms, borrow_limit_bps=terms.borrow_limit_bps - 1)
    taken = [markets.open(own, creator=markets.attacker), markets.open(traded, other_terms, creator=markets.attacker)]
    assert future not in [market.pool.address for market in taken]
    market = markets.open(traded, terms)
    assert market.pool.address == future
    lends(markets, traded, market)


def test_first_depositor__inflation_of_a_seeded_reserve__takes_nothing_from_the_second(markets: Markets, traded: TradedPair) -> None:
    market = markets.open(traded)
    markets.supply(market, markets.quote, markets.attacker, 1)
    markets.quote.mint(market.pool, 10**6 * USD)
    markets.supply(market, markets.quote, markets.lender, 1_000 * USD)
    assert market.pool.supply_of(markets.lender, markets.quote) >= 1_000 * USD - 1


def test_creator__after_the_opening__is_nobody(markets: Markets, traded: TradedPair) -> None:
    """He cannot seed again, take the seeds, or have anything that others have not."""
    market = markets.open(traded)
    for asset in (traded.token, markets.quote):
        with boa.reverts("pool: insufficient supply"):
            market.pool.withdraw(asset, 2**256 - 1, markets.creator, sender=markets.creator)
        with boa.reverts("pool: already seeded"):
            market.pool.seed(asset, WAD, sender=markets.creator)
        with boa.reverts("pool: zero amount"):
            market.pool.sweep(asset, sender=markets.creator)
    assert markets.factory.market_at(market.pool).creator == markets.creator
