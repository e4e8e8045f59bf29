"""Anyone may open a market for a token of his own, own all of its liquidity, and be alone in trading it: then its price is what he says. For
two hours of it nobody lends him a unit more. After hours he is believed, and what he can take is what the market was capped at when it was
opened, whatever depth he has shown since."""

from __future__ import annotations

import boa
import pytest

from tests.isolated_world import BPS, DAY, EVERYTHING, HIGH, HOUR, LOW, WAD, Markets, Opened, TradedPair, later, new_test_token

USD = 10**6
PRICE = 200
# What lenders put at his disposal: more than the cap lets out
LENT = 900_000 * USD


@pytest.fixture(scope="module")
def base() -> tuple[Markets, TradedPair, Opened]:
    markets = Markets()
    traded = markets.traded(new_test_token("OWN", 18, HIGH))
    later(8 * DAY + 77)
    market = markets.open(traded, markets.terms(traded, token_ltv_bps=6_500, quote_ltv_bps=6_500), creator=markets.attacker)
    markets.supply(market, markets.quote, markets.lender, LENT)
    return markets, traded, market


@pytest.fixture
def markets(base: tuple[Markets, TradedPair, Opened]) -> Markets:
    return base[0]


@pytest.fixture
def traded(base: tuple[Markets, TradedPair, Opened]) -> TradedPair:
    return base[1]


@pytest.fixture
def market(base: tuple[Markets, TradedPair, Opened]) -> Opened:
    return base[2]


def hold(traded: TradedPair, market: Opened, seconds: int) -> None:
    """Time passes at the price that stands; he keeps the oracle informed."""
    for _ in range(seconds // 600):
        later(600)
        traded.sync()
        market.oracle.poke(traded.token)


def most(borrow: object, ceiling: int) -> int:
    """The largest amount that a borrow takes, to a thousandth."""
    low, high = 0, ceiling
    while high - low > max(1, ceiling // 1_000):
        middle = (low + high + 1) // 2
        with boa.env.anchor():
            try:
                borrow(middle)  # type: ignore[operator]
                fits = True
            except boa.BoaError:
                fits = False
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def take(markets: Markets, traded: TradedPair, market: Opened, tokens: int, accounts: int) -> int:
    """Borrow all that can be had against `tokens`, split over accounts. Returns the quote."""
    taken = 0
    for i in range(accounts):
        account = markets.account(f"account {i}")
        try:
            markets.supply(market, traded.token, account, tokens // accounts, collateral=True)
        except boa.BoaError:
            break

        def borrow(amount: int, account: object = account) -> None:
            market.pool.borrow(markets.quote, amount, account, sender=account)

        amount = most(borrow, LENT)
        if amount:
            borrow(amount)
            taken += amount
    return taken


@pytest.mark.parametrize("minutes", [30, 110])
def test_pump__thirty_minutes_or_nearly_two_hours_at_sixteen_times_the_price__nothing_more_is_lent(
    markets: Markets, traded: TradedPair, market: Opened, minutes: int
) -> None:
    """ISO-04"""
    tokens = 200 * WAD
    with boa.env.anchor():
        honest = take(markets, traded, market, tokens, 5)
    before = market.oracle.band(traded.token)
    traded.move_to(16, 1)
    hold(traded, market, minutes * 60)
    band = market.oracle.band(traded.token)
    assert band.low <= before.low
    assert band.high > 14 * before.low
    if minutes > 60:
        # it is not the breaker, nor a price that has not settled: all that PriceOracle would say has followed
        assert band.why == 0
        assert band.liquidation_low > 14 * before.low
    assert take(markets, traded, market, tokens, 5) <= honest * 1_001 // 1_000
    # and what he owes is covered at the honest price
    assert 0 < honest * 10**12 < tokens * PRICE


@pytest.mark.parametrize("factor", [4, 16])
@pytest.mark.parametrize("shown", [0, 9], ids=["as deep as it was", "ten times as deep"])
def test_pump__seven_hours__he_takes_the_cap_and_no_more(markets: Markets, traded: TradedPair, market: Opened, factor: int, shown: int) -> None:
    """ISO-12"""
    cap = market.configurator.configuration(markets.quote).debt_cap
    lent = market.pool.supply_of(markets.lender, markets.quote)
    if shown:
        traded.add_part(shown * BPS)
    traded.move_to(factor, 1)
    hold(traded, market, 7 * HOUR)
    assert market.oracle.band(traded.token).low > PRICE * (factor - 1) * WAD
    taken = take(markets, traded, market, 1_800 * WAD, 12)
    assert taken <= cap
    if shown:
        # depth that came later is worth nothing to him
        assert taken > cap * 95 // 100
    # He lets go, and nobody ever pays: what the collateral brings is all that comes back
    traded.move_to(1, factor)
    hold(traded, market, 2 * HOUR)
    markets.fund(markets.quote, markets.liquidator, LENT, market.pool)
    for i in range(12):
        account = markets.account(f"account {i}")
        while market.pool.debt_of(account, markets.quote):
            try:
                market.engine.liquidate(account, markets.quote, traded.token, EVERYTHING, 0, EVERYTHING, sender=markets.liquidator)
            except boa.BoaError:
                # healthy: the last one, for whom little was left below the cap
                debt, collateral = market.pool.debt_of(account, markets.quote), market.pool.supply_of(account, traded.token)
                assert debt * 10**12 < collateral * PRICE * 65 // 100
                break
    left = market.pool.supply_of(markets.lender, markets.quote)
    # the lenders of the quote lose the debt less the worth of the collateral, at most all of it; the treasury bears its part of that
    print(f"cap {cap / USD:,.0f}, taken {taken / USD:,.0f}, lost {(lent - left) / USD:,.0f}")
    assert 0 < lent - left <= taken <= cap
    # and what the cap kept back is there for them
    market.pool.withdraw(markets.quote, lent - cap, markets.lender, sender=markets.lender)
    # 65 % of the 18 % of the depth of the first day
    assert cap * 10**12 <= market.info.depth * 119 // 1_000


def test_pump__another_unit_above_the_cap__refused_at_any_price(markets: Markets, traded: TradedPair, market: Opened) -> None:
    cap = market.configurator.configuration(markets.quote).debt_cap
    traded.add_part(20 * BPS)
    traded.move_to(16, 1)
    hold(traded, market, 7 * HOUR)
    markets.supply(market, traded.token, markets.attacker, 500 * WAD, collateral=True)
    market.pool.borrow(markets.quote, cap, markets.attacker, sender=markets.attacker)
    with boa.reverts("pool: debt cap"):
        market.pool.borrow(markets.quote, USD, markets.attacker, sender=markets.attacker)


def test_dump__nearly_two_hours_at_a_sixteenth__no_more_of_the_token_is_lent(markets: Markets, traded: TradedPair, market: Opened) -> None:
    """The other way round: who presses the price of the token owes it at the price of the last six hours."""
    markets.supply(market, traded.token, markets.lender, 1_000 * WAD)
    markets.supply(market, markets.quote, markets.attacker, 20_000 * USD, collateral=True)

    def borrow(amount: int) -> None:
        market.pool.borrow(traded.token, amount, markets.attacker, sender=markets.attacker)

    honest = most(borrow, 1_000 * WAD)
    traded.move_to(1, 16)
    hold(traded, market, 110 * 60)
    band = market.oracle.band(traded.token)
    assert band.why == 0
    assert band.liquidation_high < PRICE * WAD // 14
    assert most(borrow, 1_000 * WAD) <= honest
    assert 0 < honest * PRICE < 20_000 * WAD


def test_pump__nobody_informs_the_oracle__closed_instead(markets: Markets, traded: TradedPair, market: Opened) -> None:
    """He keeps everybody away from it, himself included: then there is no six-hour price, and no loan."""
    markets.supply(market, traded.token, markets.attacker, 100 * WAD, collateral=True)
    market.pool.borrow(markets.quote, 1_000 * USD, markets.attacker, sender=markets.attacker)
    traded.move_to(4, 1)
    for _ in range(3):
        later(HOUR + 360)
        traded.sync()
    with boa.reverts("pool: over limit"):
        market.pool.borrow(markets.quote, 1_000 * USD, markets.attacker, sender=markets.attacker)


def test_shown_depth__gone_after_the_market_is_open__the_caps_follow_what_is_left() -> None:
    """Liquidity that is there for the opening alone raises the absolute caps, not what is lent: that goes by the depth of now."""
    markets = Markets()
    traded = markets.traded(new_test_token("SHOW", 18, LOW), 500, 100_000)
    later(8 * DAY)
    traded.add_part(19 * BPS)
    later(HOUR)
    market = markets.open(traded, creator=markets.attacker)
    traded.remove_part(9_400)
    later(HOUR)
    market.oracle.poke(traded.token)
    markets.supply(market, markets.quote, markets.lender, LENT)
    markets.supply(market, traded.token, markets.attacker, 100 * WAD, collateral=True)
    # below a quarter of a quarter of what was shown there is no price at all
    with boa.reverts("pool: no price"):
        market.pool.borrow(markets.quote, 100 * USD, markets.attacker, sender=markets.attacker)
