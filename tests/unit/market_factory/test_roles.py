"""Who may do what to markets: the guardian pauses within bounds, the owner decides about markets to come, nobody changes an open one."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from vyper.compiler.output import build_abi_output

from tests.conftest import load
from tests.isolated_world import DAY, HOUR, LOW, WAD, ZERO, Markets, Opened, TradedPair, later, new_test_token

SUPPLY, BORROW, COLLATERAL, FLASH = 1, 2, 4, 8
EVERY_ACTION = 15


@pytest.fixture
def lent(markets: Markets, traded: TradedPair, market: Opened) -> Opened:
    """A lender, and a borrower in debt."""
    markets.supply(market, markets.quote, markets.lender, 100_000 * 10**6)
    markets.supply(market, traded.token, markets.borrower, 100 * WAD, collateral=True)
    market.pool.borrow(markets.quote, 5_000 * 10**6, markets.borrower, sender=markets.borrower)
    return market


# ---------------------------------------------------------------- guardian


def test_pause__by_the_guardian__ends_by_itself(markets: Markets, traded: TradedPair, lent: Opened) -> None:
    """ISO-14"""
    pool, quote = lent.pool, markets.quote
    markets.factory.pause(pool, quote, BORROW, DAY, sender=markets.guardian)
    with boa.reverts("pool: paused"):
        pool.borrow(quote, 100 * 10**6, markets.borrower, sender=markets.borrower)
    # supply is not paused until it is added
    markets.supply(lent, quote, markets.lender, 10**6)
    markets.factory.add_to_pause(pool, quote, SUPPLY, sender=markets.guardian)
    with boa.reverts("pool: paused"):
        pool.supply(quote, 10**6, markets.lender, sender=markets.lender)
    later(DAY + 64)
    pool.borrow(quote, 100 * 10**6, markets.borrower, sender=markets.borrower)


def test_pause__everything_and_liquidation__repay_and_leave_go_on(markets: Markets, traded: TradedPair, lent: Opened) -> None:
    """ISO-14"""
    for asset in (traded.token, markets.quote):
        markets.factory.pause(lent.pool, asset, EVERY_ACTION, 3 * DAY, sender=markets.guardian)
    markets.factory.pause_liquidation(lent.pool, 6 * HOUR, sender=markets.guardian)
    markets.fund(markets.quote, markets.borrower, 10_000 * 10**6, lent.pool)
    lent.pool.repay(markets.quote, 2**256 - 1, markets.borrower, sender=markets.borrower)
    lent.pool.withdraw(traded.token, 2**256 - 1, markets.borrower, sender=markets.borrower)
    lent.pool.withdraw(markets.quote, 2**256 - 1, markets.lender, sender=markets.lender)
    assert traded.token.balanceOf(markets.borrower) == 100 * WAD


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        ("pause", (EVERY_ACTION, 3 * DAY + 1), "configurator: bad duration"),
        ("pause", (0, DAY), "configurator: bad actions"),
        ("pause", (16, DAY), "configurator: bad actions"),
        ("add_to_pause", (1,), "configurator: not paused"),
        ("pause_liquidation", (6 * HOUR + 1,), "configurator: bad duration"),
    ],
)
def test_pause__beyond_the_configurators_bounds__refused(
    markets: Markets, traded: TradedPair, market: Opened, function: str, arguments: tuple[int, ...], reason: str
) -> None:
    asset = () if function == "pause_liquidation" else (traded.token,)
    with boa.reverts(reason):
        getattr(markets.factory, function)(market.pool, *asset, *arguments, sender=markets.guardian)


def test_pause__again_at_once__cooling_down(markets: Markets, traded: TradedPair, market: Opened) -> None:
    markets.factory.pause(market.pool, traded.token, BORROW, DAY, sender=markets.guardian)
    later(DAY + 64)
    with boa.reverts("configurator: cooling down"):
        markets.factory.pause(market.pool, traded.token, BORROW, DAY, sender=markets.guardian)


@pytest.mark.parametrize("who", ["owner", "creator", "attacker"])
def test_pause__by_anybody_else__refused(markets: Markets, traded: TradedPair, market: Opened, who: str) -> None:
    sender = getattr(markets, who)
    calls: list[Callable[[], Any]] = [
        lambda: markets.factory.pause(market.pool, traded.token, BORROW, DAY, sender=sender),
        lambda: markets.factory.add_to_pause(market.pool, traded.token, BORROW, sender=sender),
        lambda: markets.factory.pause_liquidation(market.pool, HOUR, sender=sender),
    ]
    for call in calls:
        with boa.reverts("market: not guardian"):
            call()
    with boa.reverts("configurator: not guardian"):
        market.configurator.pause(traded.token, BORROW, DAY, sender=markets.guardian)


def test_pause__of_no_market__unknown(markets: Markets, traded: TradedPair, market: Opened) -> None:
    for other in (boa.env.generate_address(), market.configurator, ZERO):
        with boa.reverts("market: unknown"):
            markets.factory.pause(other, traded.token, BORROW, DAY, sender=markets.guardian)
        with boa.reverts("market: unknown"):
            markets.factory.pause_liquidation(other, HOUR, sender=markets.guardian)


def test_set_guardian__by_the_owner__for_open_markets_too(markets: Markets, traded: TradedPair, market: Opened) -> None:
    other = boa.env.generate_address()
    markets.factory.set_guardian(other, sender=markets.owner)
    assert markets.factory.guardian() == other
    with boa.reverts("market: not guardian"):
        markets.factory.pause(market.pool, traded.token, BORROW, DAY, sender=markets.guardian)
    markets.factory.pause(market.pool, traded.token, BORROW, DAY, sender=other)


# ---------------------------------------------------------------- owner


def test_owner_functions__by_others__refused(markets: Markets) -> None:
    f = markets.factory
    calls: list[Callable[[Any], Any]] = [
        lambda who: f.set_quote(ZERO, 10**30, sender=who),
        lambda who: f.set_quote_feed(ZERO, ZERO, 1, 1, 1, sender=who),
        lambda who: f.remove_quote(ZERO, sender=who),
        lambda who: f.set_rate_model(ZERO, True, sender=who),
        lambda who: f.set_guardian(ZERO, sender=who),
        lambda who: f.transfer_ownership(who, sender=who),
    ]
    for sender in (markets.creator, markets.guardian):
        for call in calls:
            with boa.reverts("ownable: caller is not the owner"):
                call(sender)


def test_owner_functions__nonsense__refused(markets: Markets) -> None:
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: markets.factory.set_quote(markets.quote, 0, sender=markets.owner), "market: bad price"),
        (lambda: markets.factory.set_quote(ZERO, 10**30, sender=markets.owner), "market: zero address"),
        (lambda: markets.factory.set_quote_feed(markets.quote, ZERO, HOUR, 1, 2, sender=markets.owner), "market: zero address"),
        (lambda: markets.factory.remove_quote(ZERO, sender=markets.owner), "market: zero address"),
    ]
    for call, reason in calls:
        with boa.reverts(reason):
            call()


def test_owner_functions__events__tell_what_is_set(markets: Markets) -> None:
    def last() -> Any:
        return markets.factory.get_logs(include_child_logs=False)[-1]

    markets.factory.set_quote(markets.quote, 2 * 10**30, sender=markets.owner)
    event = last()
    assert (event.quote, event.listed, event.price, event.feed) == (markets.quote.address, True, 2 * 10**30, ZERO)
    markets.factory.set_quote_feed(markets.quote, markets.owner, HOUR, 3, 4, sender=markets.owner)
    event = last()
    assert (event.listed, event.price, event.feed, event.heartbeat) == (True, 0, markets.owner, HOUR)
    assert (event.min_answer, event.max_answer) == (3, 4)
    assert markets.factory.quote_of(markets.quote) == (True, 0, markets.owner, HOUR, 3, 4)
    markets.factory.remove_quote(markets.quote, sender=markets.owner)
    assert last().listed is False
    assert markets.factory.quote_of(markets.quote) == (False, 0, ZERO, 0, 0, 0)
    markets.factory.set_rate_model(markets.rate_model, False, sender=markets.owner)
    event = last()
    assert (event.rate_model, event.listed, markets.factory.is_rate_model(markets.rate_model)) == (markets.rate_model.address, False, False)
    markets.factory.set_guardian(ZERO, sender=markets.owner)
    event = last()
    assert (event.old_guardian, event.guardian) == (markets.guardian, ZERO)


def test_owner__hands_over_in_two_steps(markets: Markets) -> None:
    other = boa.env.generate_address()
    markets.factory.transfer_ownership(other, sender=markets.owner)
    assert (markets.factory.owner(), markets.factory.pending_owner()) == (markets.owner, other)
    markets.factory.accept_ownership(sender=other)
    assert markets.factory.owner() == other


def snapshot(markets: Markets, traded: TradedPair, market: Opened) -> list[Any]:
    pool, oracle = market.pool, market.oracle
    assets = (traded.token, markets.quote)
    return [
        *(pool.config_words(asset) for asset in assets),
        *(market.configurator.configuration(asset) for asset in assets),
        *(oracle.band(asset) for asset in assets),
        (pool.oracle(), pool.engine(), pool.guards(), pool.treasury(), pool.borrow_limit_bps(), pool.min_debt_wad()),
        oracle.source_of(traded.token, 0),
        market.engine.fee_bps(),
    ]


def test_open_market__whatever_the_owner_sets_later__stays_as_it_is(markets: Markets, traded: TradedPair, market: Opened) -> None:
    """ISO-06"""
    before = snapshot(markets, traded, market)
    markets.factory.set_quote(markets.quote, 10**24, sender=markets.owner)
    markets.factory.set_rate_model(markets.rate_model, False, sender=markets.owner)
    assert snapshot(markets, traded, market) == before
    markets.factory.remove_quote(markets.quote, sender=markets.owner)
    assert snapshot(markets, traded, market) == before


def test_open_market__nobody_can_change_it(markets: Markets, traded: TradedPair, market: Opened) -> None:
    """ISO-06: every function of the configurator, the oracle and the pool that changes settings, by everybody there is."""
    before = snapshot(markets, traded, market)
    c, token = market.configurator, traded.token
    calls: dict[str, list[Callable[[Any], Any]]] = {
        "ownable: caller is not the owner": [
            lambda who: c.list_reserve(markets.treasury, markets.rate_model, 0, 11_000, 0, sender=who),
            lambda who: c.set_depth_mode(token, 1, sender=who),
            lambda who: c.set_ltv(token, 0, 7 * DAY, sender=who),
            lambda who: c.set_bonus(token, 10_500, sender=who),
            lambda who: c.set_reserve_factor(token, 10_000, sender=who),
            lambda who: c.set_rate_model(token, markets.rate_model, sender=who),
            lambda who: c.set_origination_fee(token, 500, who, sender=who),
            lambda who: c.set_caps(token, 0, 0, sender=who),
            lambda who: c.unfreeze(token, sender=who),
            lambda who: c.lift_pause(token, sender=who),
            lambda who: c.set_oracle(market.oracle, sender=who),
            lambda who: c.set_engine(market.engine, sender=who),
            lambda who: c.lift_liquidation_pause(sender=who),
            lambda who: c.set_steward(who, sender=who),
            lambda who: c.set_guardian(who, sender=who),
            lambda who: c.transfer_ownership(who, sender=who),
        ],
        "configurator: not steward": [
            lambda who: c.lower_caps(token, 1, 1, sender=who),
            lambda who: c.freeze(token, sender=who),
        ],
        "configurator: not guardian": [
            lambda who: c.pause(token, 1, DAY, sender=who),
            lambda who: c.add_to_pause(token, 1, sender=who),
            lambda who: c.pause_liquidation(HOUR, sender=who),
        ],
        "configurator: not deployer": [lambda who: c.attach(market.pool, sender=who)],
        "pool: not configurator": [
            lambda who: market.pool.configure(token, 1, 0, 0, 0, ZERO, sender=who),
            lambda who: market.pool.set_oracle(who, 0, sender=who),
            lambda who: market.pool.set_engine(who, 0, sender=who),
        ],
    }
    for who in (markets.creator, markets.owner, markets.guardian, markets.attacker, markets.treasury):
        for reason, refused in calls.items():
            for call in refused:
                with boa.reverts(reason):
                    call(who)
    assert snapshot(markets, traded, market) == before


def changing(path: str) -> set[str]:
    """Functions of a contract that may write."""
    return {
        f["name"]
        for f in build_abi_output(load(path).compiler_data)
        if f["type"] == "function" and f["stateMutability"] not in ("view", "pure")
    }


def test_oracle_and_factory__functions_that_write__no_others() -> None:
    """ISO-06: what anybody may write to an oracle is what it has seen. The factory owns the configurators; after a market is open the three
    pauses alone reach one."""
    assert changing("oracle/IsolatedOracle.vy") == {"new_risk_prices", "liquidation_prices", "poke"}
    assert changing("markets/MarketFactory.vy") == {
        *("prepare_oracle", "open_market", "pause", "add_to_pause", "pause_liquidation"),
        *("set_quote", "set_quote_feed", "remove_quote", "set_rate_model", "set_guardian", "transfer_ownership", "accept_ownership"),
    }


# ---------------------------------------------------------------- lists


def test_markets__pages__in_order_and_never_beyond_the_end(markets: Markets, traded: TradedPair) -> None:
    other = markets.traded(new_test_token("OTHER", 18, LOW))
    later(8 * DAY)
    opened = [markets.open(pair, markets.terms(pair, token_ltv_bps=ltv)) for ltv in (3_000, 4_000) for pair in (traded, other)]
    infos = [m.info for m in opened]
    f = markets.factory
    assert f.markets_count() == 4
    assert f.markets(0, 64) == infos
    assert f.markets(1, 2) == infos[1:3]
    assert f.markets(3, 64) == infos[3:]
    assert [f.markets(0, 0), f.markets(4, 1), f.markets(2**256 - 1, 2**256 - 1)] == [[], [], []]
    assert f.markets(0, 2**256 - 1) == infos
    token, quote = traded.token, markets.quote
    assert f.markets_of(token, quote, 0, 9) == [infos[0], infos[2]]
    assert f.markets_of(token, quote, 1, 9) == [infos[2]]
    assert f.markets_of(token, quote, 2, 2**256 - 1) == f.markets_of(quote, token, 0, 9) == []
    assert f.market_of(token, quote) == infos[0]
    nothing = f.market_of(quote, token)
    assert (nothing.pool, nothing.unvetted) == (ZERO, False)
    assert f.market_at(quote) == nothing
    assert all(info.unvetted for info in f.markets(0, 64))
