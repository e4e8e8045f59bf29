"""MarketFactory.open_market: what a market is made of, every refusal, and tokens with bad manners."""

from dataclasses import replace
from typing import Any

import boa
import pytest

from tests.conftest import load
from tests.isolated_world import (
    DAY,
    EVERYTHING,
    HOUR,
    LOW,
    SHORT_HISTORY,
    WAD,
    ZERO,
    Markets,
    Opened,
    Side,
    Terms,
    TradedPair,
    later,
    most_caps,
    new_test_token,
    new_traded_pair,
    now,
    start_bucket,
)

# Of a block, and of a transaction where EIP-7825 holds
BLOCK_GAS = 30_000_000
TRANSACTION_GAS = 2**24
FULL, NEW_RISK = 2, 0


def ask(markets: Markets, traded: TradedPair, terms: Terms, token_seed: int = WAD, quote_seed: int = 10**6) -> Any:
    """The call alone; the creator has what it takes."""
    markets.fund(traded.token, markets.creator, token_seed, markets.factory)
    markets.fund(markets.quote, markets.creator, quote_seed, markets.factory)
    return markets.factory.open_market(traded.token, markets.quote, terms.abi(), token_seed, quote_seed, sender=markets.creator)


# ---------------------------------------------------------------- a market


def test_open_market__within_the_bounds__everything_is_set_as_asked(markets: Markets, traded: TradedPair) -> None:
    """ISO-06"""
    terms = markets.terms(
        traded, token_ltv_bps=4_000, token_bonus_bps=11_500, token_reserve_factor_bps=2_500, quote_ltv_bps=3_000, borrow_limit_bps=7_000
    )
    market = markets.open(traded, terms, token_seed=3 * WAD, quote_seed=5 * 10**6)
    pool, info = market.pool, market.info

    token, quote = market.configurator.configuration(traded.token), market.configurator.configuration(markets.quote)
    for side, held, mode in ((terms.token, token, FULL), (terms.quote, quote, NEW_RISK)):
        assert held.rate_model == side.rate_model.address
        assert (held.ltv_bps, held.liquidation_ltv_bps, held.new_risk_ltv_bps) == (side.ltv_bps,) * 3
        assert (held.bonus_bps, held.reserve_factor_bps, held.depth_mode) == (side.bonus_bps, side.reserve_factor_bps, mode)
        assert (held.supply_cap, held.debt_cap) == (side.supply_cap, side.debt_cap)
        assert (held.origination_fee_bps, held.frozen, held.paused_actions) == (0, False, 0)
    assert (pool.reserves_count(), pool.guards()) == (2, (0, 0))
    assert (pool.oracle(), pool.engine(), pool.configurator()) == (info.oracle, info.engine, info.configurator)
    assert (pool.treasury(), pool.operators(), pool.extension()) == (markets.treasury, markets.operators.address, markets.extension.address)
    assert (pool.borrow_limit_bps(), pool.min_debt_wad()) == (7_000, 100 * WAD)
    assert market.engine.pool() == pool.address
    assert market.oracle.source_of(traded.token, 0) == (traded.pair.address, markets.quote.address, terms.min_depth)
    assert market.oracle.quote_price(markets.quote) == 10**30
    assert market.configurator.pool() == pool.address
    assert (market.configurator.owner(), market.configurator.guardian()) == (markets.factory.address,) * 2
    assert market.configurator.steward() == ZERO

    assert pool.reserve_state(traded.token).cash == traded.token.balanceOf(pool) == 3 * WAD
    assert pool.reserve_state(markets.quote).cash == markets.quote.balanceOf(pool) == 5 * 10**6
    for asset in (traded.token, markets.quote):
        assert pool.reserve_state(asset).seeded
        # dead shares are the only ones
        assert pool.supply_shares_of(ZERO, asset) == pool.reserve_state(asset).total_shares
        assert (asset.balanceOf(markets.factory), asset.allowance(markets.factory, pool)) == (0, 0)

    assert info.id == markets.factory.id_of(traded.token, markets.quote, terms.abi())
    assert (info.token, info.quote, info.pair) == (traded.token.address, markets.quote.address, traded.pair.address)
    assert (info.creator, info.created_ts, info.unvetted) == (markets.creator, now(), True)
    assert info.depth == market.oracle.band(traded.token).depth
    factory = markets.factory
    assert factory.market_of(traded.token, markets.quote) == info
    assert (factory.markets(0, 64), factory.markets_of(traded.token, markets.quote, 0, 64)) == ([info], [info])
    assert (factory.pool_of(info.id), factory.markets_count(), factory.unvetted()) == (pool.address, 1, True)


def test_open_market__event__tells_all_of_it(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    pool = ask(markets, traded, terms)
    event = next(log for log in markets.factory.get_logs(include_child_logs=False) if type(log).__name__ == "MarketOpened")
    info = markets.factory.market_at(pool)
    assert (event.token, event.quote, event.pool, event.id) == (traded.token.address, markets.quote.address, pool, info.id)
    assert (event.pair, event.oracle, event.engine, event.configurator) == (info.pair, info.oracle, info.engine, info.configurator)
    assert (event.creator, event.depth, event.unvetted) == (markets.creator, info.depth, True)
    assert event.terms.token.supply_cap == terms.token.supply_cap
    assert event.terms.min_depth == terms.min_depth


def test_open_market__gas__fits_a_block_in_one_call_and_a_transaction_in_two(markets: Markets, traded: TradedPair) -> None:
    """Of the calls alone: 21,000 and some 10,000 for the data come on top."""
    terms = markets.terms(traded)
    with boa.env.anchor():
        ask(markets, traded, terms)
        at_once = markets.factory._computation.get_gas_used()
    markets.factory.prepare_oracle(traded.token, markets.quote, terms.abi(), sender=markets.attacker)
    prepared = markets.factory._computation.get_gas_used()
    ask(markets, traded, terms)
    rest = markets.factory._computation.get_gas_used()
    print("gas of a market:", at_once, "or", prepared, "and", rest)
    assert at_once < BLOCK_GAS * 2 // 3
    assert max(prepared, rest) + 100_000 < TRANSACTION_GAS


def test_prepare_oracle__by_anybody__the_market_takes_it(markets: Markets, traded: TradedPair) -> None:
    """ISO-11: it is the oracle that the market would have made."""
    terms = markets.terms(traded)
    oracle = markets.factory.prepare_oracle(traded.token, markets.quote, terms.abi(), sender=markets.attacker)
    assert markets.factory.markets_count() == 0
    with boa.reverts("market: exists"):
        markets.factory.prepare_oracle(traded.token, markets.quote, terms.abi(), sender=markets.creator)
    later(3 * HOUR)
    market = markets.open(traded, terms)
    assert market.oracle.address == oracle
    assert market.oracle.source_of(traded.token, 0) == (traded.pair.address, markets.quote.address, terms.min_depth)
    assert market.info.creator == markets.creator
    assert market.oracle.kept_ts() == now() // 180 * 180
    # other terms do not
    other = markets.open(traded, replace(terms, borrow_limit_bps=7_000))
    assert other.oracle.address != oracle


def test_prepare_oracle__the_quote_is_priced_otherwise_since__not_taken(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    # caps with room for another price
    sides = [replace(side, supply_cap=side.supply_cap // 2, debt_cap=side.debt_cap // 2) for side in (terms.token, terms.quote)]
    terms = replace(terms, token=sides[0], quote=sides[1])
    oracle = markets.factory.prepare_oracle(traded.token, markets.quote, terms.abi(), sender=markets.attacker)
    markets.factory.set_quote(markets.quote, 10**30 + 10**6, sender=markets.owner)
    market = markets.open(traded, terms)
    assert market.oracle.address != oracle
    assert market.oracle.quote_price(markets.quote) == 10**30 + 10**6


def test_prepare_oracle__no_quote_or_no_old_pair__refused(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded).abi()
    with boa.reverts("market: not a quote"):
        markets.factory.prepare_oracle(markets.quote, traded.token, terms)
    with boa.reverts("market: no pair"):
        markets.factory.prepare_oracle(new_test_token("X"), markets.quote, terms)
    young = markets.traded(new_test_token("NEW", 18, LOW))
    with boa.reverts("market: pair too young"):
        markets.factory.prepare_oracle(young.token, markets.quote, terms)


def test_open_market__afterwards__lends_both_ways_and_liquidates(markets: Markets, traded: TradedPair, market: Opened) -> None:
    markets.supply(market, markets.quote, markets.lender, 150_000 * 10**6)
    markets.supply(market, traded.token, markets.borrower, 1_000 * WAD, collateral=True)
    market.pool.borrow(markets.quote, 50_000 * 10**6, markets.borrower, sender=markets.borrower)
    markets.supply(market, markets.quote, markets.attacker, 50_000 * 10**6, collateral=True)
    market.pool.borrow(traded.token, 50 * WAD, markets.attacker, sender=markets.attacker)
    # a real fall by half, for an hour
    traded.move_to(1, 2)
    later(HOUR)
    traded.sync()
    markets.fund(markets.quote, markets.liquidator, 50_000 * 10**6, market.pool)
    repaid, seized = market.engine.liquidate(
        markets.borrower, markets.quote, traded.token, 10_000 * 10**6, 0, EVERYTHING, sender=markets.liquidator
    )
    assert repaid == 10_000 * 10**6
    assert seized > 0
    assert market.pool.debt_of(markets.borrower, markets.quote) < 41_000 * 10**6


@pytest.mark.parametrize("token_decimals", [6, 18])
def test_open_market__token_of_other_decimals_and_order__the_same_caps_in_value(markets: Markets, token_decimals: int) -> None:
    token = new_test_token("SIX", token_decimals, LOW)
    traded = markets.traded(token, decimals=token_decimals)
    later(8 * DAY)
    market = markets.open(traded, token_seed=10**token_decimals)
    held = market.configurator.configuration(token)
    # 18.26 % of 10,000 tokens
    assert abs(held.supply_cap / 10**token_decimals - 1_826) < 1
    assert market.oracle.band(token).depth == pytest.approx(2_000_000 * WAD, rel=1e-3)


def test_open_market__quote_with_a_feed__the_feed_counts(markets: Markets, traded: TradedPair) -> None:
    feed = load("testing/ScriptedFeed.vy").deploy(8, 2 * 10**8)
    markets.factory.set_quote_feed(markets.quote, feed, DAY, 10**6, 10**10, sender=markets.owner)
    terms = markets.terms(traded)
    # the quote is worth twice of what the probe thinks, and so is the depth
    sides = [replace(side, supply_cap=side.supply_cap // 2, debt_cap=side.debt_cap // 2) for side in (terms.token, terms.quote)]
    market = markets.open(traded, Terms(sides[0], sides[1], min_depth=2 * terms.min_depth))
    assert market.oracle.band(markets.quote).low == 2 * 10**30
    assert market.oracle.feed_of(markets.quote) == (feed.address, False, DAY, 10**6, 10**10)
    assert market.info.depth == pytest.approx(4_000_000 * WAD, rel=1e-3)


def test_open_market__feed_of_the_quote_is_silent__no_price(markets: Markets, traded: TradedPair) -> None:
    feed = load("testing/ScriptedFeed.vy").deploy(8, 10**8)
    markets.factory.set_quote_feed(markets.quote, feed, DAY, 10**6, 10**10, sender=markets.owner)
    later(2 * DAY)
    with boa.reverts("market: no price"):
        ask(markets, traded, markets.terms(traded))


# ---------------------------------------------------------------- refused terms

REFUSED = [
    ("token", "rate_model", "0x" + "99" * 20, "market: bad rate model"),
    ("quote", "rate_model", "0x" + "99" * 20, "market: bad rate model"),
    ("token", "ltv_bps", 0, "market: bad ltv"),
    ("token", "ltv_bps", 6_501, "market: bad ltv"),
    ("quote", "ltv_bps", 6_501, "market: bad ltv"),
    ("token", "bonus_bps", 10_499, "market: bad bonus"),
    ("token", "bonus_bps", 12_001, "market: bad bonus"),
    ("quote", "bonus_bps", 10_499, "market: bad bonus"),
    ("quote", "bonus_bps", 12_001, "market: bad bonus"),
    ("token", "reserve_factor_bps", 999, "market: bad reserve factor"),
    ("token", "reserve_factor_bps", 5_001, "market: bad reserve factor"),
    ("quote", "reserve_factor_bps", 999, "market: bad reserve factor"),
    ("quote", "reserve_factor_bps", 5_001, "market: bad reserve factor"),
    ("token", "supply_cap", 0, "market: bad cap"),
    ("token", "debt_cap", 0, "market: bad cap"),
    ("quote", "supply_cap", 0, "market: bad cap"),
    ("quote", "debt_cap", 0, "market: bad cap"),
]


@pytest.mark.parametrize(("side", "field", "value", "reason"), REFUSED)
def test_open_market__term_out_of_bounds__refused(markets: Markets, traded: TradedPair, side: str, field: str, value: Any, reason: str) -> None:
    """ISO-07"""
    terms = markets.terms(traded)
    wrong = replace(terms, **{side: replace(getattr(terms, side), **{field: value})})
    with boa.reverts(reason):
        ask(markets, traded, wrong)
    assert markets.factory.markets_count() == 0


@pytest.mark.parametrize(("side", "field"), [(side, field) for side in ("token", "quote") for field in ("supply_cap", "debt_cap")])
def test_open_market__cap_one_unit_above_what_the_pair_takes__refused(markets: Markets, traded: TradedPair, side: str, field: str) -> None:
    """ISO-08"""
    terms = markets.terms(traded)
    one = getattr(terms, side)
    with boa.reverts("market: bad cap"):
        ask(markets, traded, replace(terms, **{side: replace(one, **{field: getattr(one, field) + 1})}))


@pytest.mark.parametrize(
    ("limit", "reason"), [(4_999, "market: bad borrow limit"), (8_001, "market: bad borrow limit"), (5_000, ""), (8_000, "")]
)
def test_open_market__borrow_limit__within_its_bounds(markets: Markets, traded: TradedPair, limit: int, reason: str) -> None:
    terms = replace(markets.terms(traded), borrow_limit_bps=limit)
    if reason:
        with boa.reverts(reason):
            ask(markets, traded, terms)
    else:
        assert ask(markets, traded, terms) != ZERO


def test_open_market__min_depth__an_eighth_of_the_depth_to_all_of_it(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    depth = markets.open(traded, terms).info.depth
    for bad in (depth // 8 - 1, depth + 1):
        reason = "market: bad min depth" if bad < depth else "market: pair too thin"
        with boa.reverts(reason):
            ask(markets, traded, replace(terms, min_depth=bad))
    for good in (depth // 8, depth * 9 // 10):
        assert ask(markets, traded, replace(terms, min_depth=good)) != ZERO


def test_open_market__min_depth_below_ten_thousand__refused(markets: Markets) -> None:
    traded = markets.traded(new_test_token("SMALL", 18, LOW), 100, 20_000)
    later(8 * DAY)
    terms = markets.terms(traded)
    with boa.reverts("market: bad min depth"):
        ask(markets, traded, replace(terms, min_depth=10_000 * WAD - 1))
    assert ask(markets, traded, replace(terms, min_depth=10_000 * WAD)) != ZERO


def test_open_market__widest_terms__accepted(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(
        traded, token_ltv_bps=6_500, token_bonus_bps=12_000, token_reserve_factor_bps=5_000, quote_ltv_bps=6_500, quote_bonus_bps=10_500
    )
    assert ask(markets, traded, terms) != ZERO


def test_open_market__quote_that_carries_nothing__nobody_borrows_the_token(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    market = markets.open(traded, replace(terms, quote=replace(terms.quote, ltv_bps=0)))
    markets.supply(market, traded.token, markets.lender, 100 * WAD)
    markets.supply(market, markets.quote, markets.borrower, 10_000 * 10**6, collateral=True)
    with boa.reverts("pool: over limit"):
        market.pool.borrow(traded.token, WAD, markets.borrower, sender=markets.borrower)


def test_most_caps__as_defined(markets: Markets) -> None:
    arguments = (1_234_567 * WAD, 199 * WAD, 203 * WAD, 10**30, 6_000, 11_000)
    assert markets.factory.most_caps(*arguments) == most_caps(*arguments)
    # 18.26 % of the depth at 65 % and a bonus of 10 %; it can carry 11.87 %
    caps = markets.factory.most_caps(10**6 * WAD, WAD, WAD, WAD, 6_500, 11_000)
    assert [cap // (10**6 * WAD // 10_000) for cap in caps] == [1_826, 1_826, 5_000, 1_187]


# ---------------------------------------------------------------- refused tokens, quotes and pairs


def test_open_market__quote_not_listed__refused(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    with boa.reverts("market: not a quote"):
        markets.factory.open_market(markets.quote, traded.token, terms.abi(), WAD, WAD, sender=markets.creator)
    markets.factory.remove_quote(markets.quote, sender=markets.owner)
    with boa.reverts("market: not a quote"):
        ask(markets, traded, terms)


@pytest.mark.parametrize("itself", [True, False])
def test_open_market__token_that_is_a_quote__refused(markets: Markets, traded: TradedPair, itself: bool) -> None:
    other = markets.quote if itself else new_test_token("EUR")
    if not itself:
        markets.factory.set_quote(other, WAD, sender=markets.owner)
    with boa.reverts("market: token is a quote"):
        markets.factory.open_market(other, markets.quote, markets.terms(traded).abi(), WAD, WAD, sender=markets.creator)


def test_open_market__no_pair_here__refused(markets: Markets, traded: TradedPair) -> None:
    """A pair of another factory, old and deep, does not count."""
    token = new_test_token("OTHER", 18, LOW)
    elsewhere = new_traded_pair(token, markets.quote, 10_000 * WAD, 2_000_000 * 10**6)
    later(8 * DAY)
    with boa.reverts("market: no pair"):
        ask(markets, elsewhere, markets.terms(elsewhere))


def test_open_market__pair_younger_than_seven_days__refused_to_the_second(markets: Markets) -> None:
    """ISO-09"""
    traded = markets.traded(new_test_token("NEW", 18, LOW))
    later(7 * DAY - 1)
    terms = markets.terms(traded)
    with boa.reverts("market: pair too young"):
        ask(markets, traded, terms)
    later(1)
    assert ask(markets, traded, terms) != ZERO


def test_open_market__pair_that_stood_empty_for_years__counts_from_its_first_liquidity(markets: Markets) -> None:
    token = new_test_token("NEW", 18, LOW)
    pair = load("amm/Pair.vy").at(markets.pairs.createPair(token, markets.quote))
    later(900 * DAY)
    traded = TradedPair(pair, token, markets.quote)
    side = Side(markets.rate_model, supply_cap=1, debt_cap=1)
    with boa.reverts("market: pair too young"):
        ask(markets, traded, Terms(side, side))
    traded.add(10_000 * WAD, 2_000_000 * 10**6, first=True)
    later(7 * DAY - 1)
    with boa.reverts("market: pair too young"):
        ask(markets, traded, Terms(side, side))


def test_open_market__pair_of_dust__refused(markets: Markets) -> None:
    """Somebody has made the pair with a few units: it is old, and carries nothing."""
    token = new_test_token("DUST", 18, LOW)
    traded = new_traded_pair(token, markets.quote, 2_000, 2_000, markets.pairs)
    later(8 * DAY)
    side = Side(markets.rate_model, supply_cap=1, debt_cap=1)
    with boa.reverts("market: pair too thin"):
        ask(markets, traded, Terms(side, side, min_depth=10_000 * WAD))


def test_open_market__liquidity_of_this_minute__does_not_count(markets: Markets) -> None:
    """Depth is the median of half an hour."""
    token = new_test_token("DUST", 18, LOW)
    traded = new_traded_pair(token, markets.quote, 10**12, 200, markets.pairs)
    later(8 * DAY)
    side = Side(markets.rate_model, supply_cap=1, debt_cap=1)
    traded.add(10**30, 200 * 10**18)
    for seconds in (1, 299, 600):
        later(seconds)
        with boa.reverts("market: pair too thin"):
            ask(markets, traded, Terms(side, side, min_depth=10_000 * WAD))


def test_open_market__price_beyond_all_numbers__refused(markets: Markets) -> None:
    """Ten raw units of a token for 1e14 dollars: deep enough, and no price that could be computed with."""
    token = new_test_token("RARE", 18, LOW)
    traded = new_traded_pair(token, markets.quote, 10, 10**20, markets.pairs)
    later(8 * DAY)
    side = Side(markets.rate_model, supply_cap=1, debt_cap=1)
    with boa.reverts("market: no price"):
        ask(markets, traded, Terms(side, side, min_depth=10_000 * WAD))
    assert markets.factory.markets_count() == 0


def test_open_market__price_jumps__refused_until_it_has_settled(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded, min_depth=400_000 * WAD)
    traded.move_to(13, 10)
    later(12)
    with boa.reverts("market: pair unsettled"):
        ask(markets, traded, terms)
    later(HOUR)
    assert ask(markets, traded, markets.terms(traded)) != ZERO


def test_open_market__liquidity_added_in_the_same_transaction__refused(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    traded.add_part(10)
    # titanoboa keeps the transaction's storage for the second
    with boa.reverts("market: pair unsettled"):
        ask(markets, traded, terms)


def test_open_market__six_hours_unknown__opens_and_lends_nothing_yet(markets: Markets, traded: TradedPair) -> None:
    for _ in range(8):
        traded.move_to(101, 100)
        later(HOUR)
    start_bucket()
    market = markets.open(traded)
    assert market.oracle.band(traded.token).why == SHORT_HISTORY
    assert market.oracle.kept_ts() == now()
    markets.supply(market, markets.quote, markets.lender, 100_000 * 10**6)
    markets.supply(market, traded.token, markets.borrower, 100 * WAD, collateral=True)
    with boa.reverts("pool: over limit"):
        market.pool.borrow(markets.quote, 1_000 * 10**6, markets.borrower, sender=markets.borrower)
    for _ in range(5):
        later(HOUR)
        traded.sync()
        market.oracle.poke(traded.token)
    later(60)
    market.pool.borrow(markets.quote, 1_000 * 10**6, markets.borrower, sender=markets.borrower)


# ---------------------------------------------------------------- twice, and first


def test_open_market__the_same_terms_again__refused(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    market = markets.open(traded, terms)
    with boa.reverts("market: exists"):
        ask(markets, traded, terms, token_seed=2 * WAD)
    assert markets.factory.pool_of(market.info.id) == market.pool.address


def test_open_market__other_terms__beside_the_first(markets: Markets, traded: TradedPair) -> None:
    first = markets.open(traded)
    second = markets.open(traded, markets.terms(traded, token_ltv_bps=3_000))
    factory = markets.factory
    assert factory.markets_of(traded.token, markets.quote, 0, 10) == [first.info, second.info]
    assert factory.market_of(traded.token, markets.quote) == first.info
    contracts = [[getattr(m.info, name) for name in ("pool", "oracle", "engine", "configurator")] for m in (first, second)]
    assert len({address for market in contracts for address in market}) == 8


@pytest.mark.parametrize(("token_seed", "quote_seed"), [(WAD // 201, 10**6), (WAD, 10**6 - 1), (0, 10**6), (WAD, 0)])
def test_open_market__seed_of_dust__refused(markets: Markets, traded: TradedPair, token_seed: int, quote_seed: int) -> None:
    """ISO-10"""
    with boa.reverts("market: seed too small"):
        ask(markets, traded, markets.terms(traded), token_seed, quote_seed)


def test_open_market__seeds_of_one_unit_of_account__enough(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    low = markets.open(traded, terms).oracle.band(traded.token).low
    least = -(-(WAD * WAD) // low)
    assert ask(markets, traded, replace(terms, borrow_limit_bps=7_999), least, 10**6) != ZERO


def test_open_market__creator_who_cannot_pay__nothing_is_made(markets: Markets, traded: TradedPair) -> None:
    terms = markets.terms(traded)
    markets.fund(markets.quote, markets.creator, 10**6, markets.factory)
    with boa.reverts():
        markets.factory.open_market(traded.token, markets.quote, terms.abi(), WAD, 10**6, sender=markets.creator)
    assert markets.factory.markets_count() == 0
    assert markets.quote.balanceOf(markets.creator) == 10**6


# ---------------------------------------------------------------- tokens with bad manners


def odd(markets: Markets, token: Any, decimals: int = 18) -> tuple[TradedPair, Terms]:
    traded = markets.traded(token, decimals=decimals)
    later(8 * DAY)
    return traded, markets.terms(traded)


@pytest.mark.parametrize("decimals", [5, 19])
def test_open_market__token_of_5_or_19_decimals__refused(markets: Markets, decimals: int) -> None:
    traded, terms = odd(markets, new_test_token("ODD", decimals), decimals)
    with boa.reverts("configurator: bad decimals"):
        ask(markets, traded, terms, 10**decimals)


def test_open_market__token_without_return_value__opens(markets: Markets, no_return_token: Any) -> None:
    traded, terms = odd(markets, no_return_token)
    assert ask(markets, traded, terms) != ZERO


def test_open_market__token_that_takes_a_fee__refused(markets: Markets, fee_token: Any) -> None:
    traded, terms = odd(markets, fee_token)
    with boa.reverts("pool: fee on transfer"):
        ask(markets, traded, terms)
    assert markets.factory.markets_count() == 0


MOODY = """
# pragma version 0.4.3
decimals: public(uint8)
balanceOf: public(HashMap[address, uint256])
moves: bool
answer: bool
approves: bool

@deploy
def __init__():
    self.decimals = 18
    self.moves = True
    self.answer = True
    self.approves = True

@external
def set_mood(moves: bool, answer: bool, approves: bool, decimals: uint8):
    self.moves = moves
    self.answer = answer
    self.approves = approves
    self.decimals = decimals

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount

@external
def approve(spender: address, amount: uint256) -> bool:
    return self.approves

@external
def transfer(to: address, amount: uint256) -> bool:
    if self.moves:
        self.balanceOf[msg.sender] -= amount
        self.balanceOf[to] += amount
    return self.answer

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if self.moves:
        self.balanceOf[owner] -= amount
        self.balanceOf[to] += amount
    return self.answer
"""


@pytest.mark.parametrize(
    ("moves", "answer", "approves", "decimals", "reason"),
    [
        (False, True, True, 18, "pool: fee on transfer"),
        (True, False, True, 18, "pool: transfer failed"),
        (True, True, False, 18, "market: approve failed"),
        (True, True, True, 77, "configurator: bad decimals"),
    ],
)
def test_open_market__token_that_lies__refused(markets: Markets, moves: bool, answer: bool, approves: bool, decimals: int, reason: str) -> None:
    traded, terms = odd(markets, boa.loads(MOODY))
    traded.token.set_mood(moves, answer, approves, decimals)
    with boa.reverts(reason):
        ask(markets, traded, terms)
    assert markets.factory.markets_count() == 0


def test_open_market__token_that_calls_back__cannot_open_another_nor_seed_first(markets: Markets, reentering_token: Any) -> None:
    """The market is finished but for the token's own seed when the token is called for the first time."""
    traded, terms = odd(markets, reentering_token)
    other = markets.terms(traded, token_ltv_bps=2_000)
    again = markets.factory.open_market.prepare_calldata(reentering_token, markets.quote, other.abi(), WAD, 10**6)
    reentering_token.arm(markets.factory, again, False)
    pool = ask(markets, traded, terms)
    assert reentering_token.called()
    assert not reentering_token.succeeded()
    assert markets.factory.markets(0, 9)[0].pool == pool
    assert markets.factory.markets_count() == 1


def test_open_market__token_that_looks_from_within__sees_a_finished_market(markets: Markets, reentering_token: Any) -> None:
    traded, terms = odd(markets, reentering_token)
    reentering_token.arm(markets.factory, markets.factory.markets.prepare_calldata(0, 1), True)
    ask(markets, traded, terms)
    assert reentering_token.succeeded()
    # one market, of the token: offset, length, and its id
    assert int.from_bytes(reentering_token.answer()[32:64], "big") == 1


def test_open_market__nobody_but_the_factory_attaches_or_lists(markets: Markets, traded: TradedPair, market: Opened) -> None:
    for who in (markets.creator, markets.owner, markets.guardian, markets.attacker):
        with boa.reverts("configurator: not deployer"):
            market.configurator.attach(market.pool, sender=who)
        with boa.reverts("ownable: caller is not the owner"):
            market.configurator.list_reserve(new_test_token("X"), markets.rate_model, 0, 11_000, 0, sender=who)
        with boa.reverts("pool: not configurator"):
            market.pool.set_oracle(market.oracle, 0, sender=who)
        with boa.reverts("pool: already seeded"):
            market.pool.seed(traded.token, WAD, sender=who)


@pytest.mark.parametrize("broken", ["pairs", "owner"])
def test_deploy__zero_address__refused(markets: Markets, broken: str) -> None:
    pairs, owner = (ZERO if broken == role else markets.owner for role in ("pairs", "owner"))
    some = markets.owner
    with boa.reverts("market: zero address"):
        load("markets/MarketFactory.vy").deploy(pairs, some, some, some, some, some, some, some, 0, owner, some)
