"""A market's token, pair or oracle fails in the worst way that it can. Another isolated market, and the main pool, do not notice; who has no
debt in the failed market still gets out whatever is not the token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from tests.accounts import account_state
from tests.conftest import load
from tests.isolated_world import DAY, EVERYTHING, HOUR, LOW, WAD, Markets, Opened, TradedPair, later, new_test_token

USD = 10**6
# A loop without end, and a revert without a word
BURNS_ALL = bytes.fromhex("5b5f56")
REVERTS = bytes.fromhex("5f5ffd")


@dataclass
class World:
    markets: Markets
    bad: Opened
    bad_pair: TradedPair
    good: Opened
    good_pair: TradedPair
    # The main pool, of the good token and the quote
    main: Opened


def new_main_pool(markets: Markets, traded: TradedPair) -> Opened:
    """What a deployment makes: a configurator with an owner, PriceOracle."""
    owner = markets.owner
    configurator = load("lending/PoolConfigurator.vy").deploy(owner, owner, owner)
    pool = load("lending/LendingPool.vy").deploy(markets.treasury, 8_000, 100 * WAD, configurator, markets.operators, markets.extension)
    engine = load("liquidation/LiquidationEngine.vy").deploy(pool, 300)
    configurator.attach(pool)
    oracle = load("oracle/PriceOracle.vy").deploy()
    oracle.set_quote(markets.quote, 10**30)
    oracle.set_source(traded.token, traded.pair, markets.quote, 100_000 * WAD)
    configurator.set_oracle(oracle, sender=owner)
    configurator.set_engine(engine, sender=owner)
    for token in (traded.token, markets.quote):
        configurator.list_reserve(token, markets.rate_model, 6_500, 11_000, 5_000, sender=owner)
        token.mint(boa.env.eoa, WAD)
        token.approve(pool, EVERYTHING)
        pool.seed(token, 10 ** token.decimals())
    return Opened(None, pool, oracle, engine, configurator)


@pytest.fixture(scope="module")
def world() -> World:
    markets = Markets()
    bad_token = load("testing/ReenteringToken.vy").deploy("Bad", "BAD", 18, override_address="0x" + "bb" * 20)
    pairs = [markets.traded(bad_token), markets.traded(new_test_token("GOOD", 18, LOW))]
    later(8 * DAY)
    bad, good = (markets.open(pair) for pair in pairs)
    made = World(markets, bad, pairs[0], good, pairs[1], new_main_pool(markets, pairs[1]))
    for market, pair in ((bad, pairs[0]), (good, pairs[1]), (made.main, pairs[1])):
        markets.supply(market, markets.quote, markets.lender, 100_000 * USD)
        markets.supply(market, pair.token, markets.borrower, 100 * WAD, collateral=True)
        market.pool.borrow(markets.quote, 5_000 * USD, markets.borrower, sender=markets.borrower)
    return made


@pytest.fixture(autouse=True)
def each_alone(world: World) -> None:
    """The module's chain; titanoboa takes back what a test did."""


def snapshot(world: World) -> list[Any]:
    """All that can be read of the others."""
    told: list[Any] = []
    for market in (world.good, world.main):
        for token in (world.good_pair.token, world.markets.quote):
            told += [token.balanceOf(market.pool), market.pool.reserve_state(token), market.pool.config_words(token), market.oracle.band(token)]
        told += [account_state(market.pool, account) for account in (world.markets.borrower, world.markets.lender)]
        told += [market.pool.guards(), market.pool.oracle(), market.pool.engine()]
    told += [world.good_pair.pair.getReserves(), world.markets.factory.market_at(world.good.pool)]
    return told


def works(world: World, market: Opened) -> None:
    """Supply, borrow, repay, withdraw, and a liquidation after a real fall."""
    markets, token, quote = world.markets, world.good_pair.token, world.markets.quote
    account = boa.env.generate_address("newcomer")
    markets.supply(market, token, account, 50 * WAD, collateral=True)
    market.pool.borrow(quote, 2_000 * USD, account, sender=account)
    markets.fund(quote, account, 10_000 * USD, market.pool)
    market.pool.repay(quote, EVERYTHING, account, sender=account)
    market.pool.withdraw(token, EVERYTHING, account, sender=account)
    assert token.balanceOf(account) == 50 * WAD
    with boa.env.anchor():
        for _ in range(2):
            world.good_pair.move_to(1, 2)
            later(HOUR)
        markets.fund(quote, markets.liquidator, 10_000 * USD, market.pool)
        repaid, _ = market.engine.liquidate(markets.borrower, quote, token, EVERYTHING, 0, EVERYTHING, sender=markets.liquidator)
        assert repaid > 0


def token_burns(world: World) -> None:
    boa.env.set_code(world.bad_pair.token.address, BURNS_ALL)


def token_reverts(world: World) -> None:
    boa.env.set_code(world.bad_pair.token.address, REVERTS)


def token_vanishes(world: World) -> None:
    boa.env.set_code(world.bad_pair.token.address, b"")


def oracle_burns(world: World) -> None:
    boa.env.set_code(world.bad.oracle.address, BURNS_ALL)


def oracle_reverts(world: World) -> None:
    boa.env.set_code(world.bad.oracle.address, REVERTS)


def pair_burns(world: World) -> None:
    boa.env.set_code(world.bad_pair.pair.address, BURNS_ALL)


def pair_is_emptied(world: World) -> None:
    world.bad_pair.pair.transfer(world.bad_pair.pair, world.bad_pair.pair.balanceOf(boa.env.eoa))
    world.bad_pair.pair.burn(boa.env.eoa)


def price_explodes(world: World) -> None:
    world.bad_pair.move_to(10**6, 1)


FAILURES = [token_burns, token_reverts, token_vanishes, oracle_burns, oracle_reverts, pair_burns, pair_is_emptied, price_explodes]


@pytest.mark.parametrize("fail", FAILURES, ids=lambda f: f.__name__)
def test_failure__of_one_market__others_unchanged_and_at_work(world: World, fail: Callable[[World], None]) -> None:
    """ISO-13"""
    with boa.env.anchor():
        before = snapshot(world)
        fail(world)
        assert snapshot(world) == before
        works(world, world.good)
        works(world, world.main)
        # the lender without debt gets his quote out, up to the cash
        out = world.bad.pool.withdraw(world.markets.quote, 90_000 * USD, world.markets.lender, sender=world.markets.lender)
        assert out == 90_000 * USD


@pytest.mark.parametrize("fail", [oracle_burns, oracle_reverts, pair_burns], ids=lambda f: f.__name__)
def test_failure__of_prices__no_loan_and_every_debt_can_be_repaid(world: World, fail: Callable[[World], None]) -> None:
    with boa.env.anchor():
        fail(world)
        markets, pool = world.markets, world.bad.pool
        with boa.reverts():
            pool.borrow(markets.quote, 100 * USD, markets.borrower, sender=markets.borrower, gas=20_000_000)
        markets.fund(markets.quote, markets.borrower, 10_000 * USD, pool)
        pool.repay(markets.quote, EVERYTHING, markets.borrower, sender=markets.borrower)
        pool.withdraw(world.bad_pair.token, EVERYTHING, markets.borrower, sender=markets.borrower)
        assert world.bad_pair.token.balanceOf(markets.borrower) == 100 * WAD


def test_token__calls_into_the_others_from_within__has_no_rights_there(world: World) -> None:
    """ISO-13: from a transfer of its own it tries what an attacker would."""
    markets, token, quote = world.markets, world.bad_pair.token, world.markets.quote
    others = [
        (market.pool, function, arguments)
        for market in (world.good, world.main)
        for function, arguments in (
            ("withdraw", (quote, USD, token, markets.lender)),
            ("borrow", (quote, 100 * USD, token, markets.borrower)),
            ("set_oracle", (world.bad.oracle, 0)),
            ("settle_liquidation", (markets.borrower, token, token, quote, USD, 1, WAD, 0)),
        )
    ]
    for pool, function, arguments in others:
        with boa.env.anchor():
            before = snapshot(world)
            token.arm(pool, getattr(pool, function).prepare_calldata(*arguments), False)
            markets.supply(world.bad, token, markets.attacker, WAD)
            assert token.called()
            assert not token.succeeded()
            assert snapshot(world) == before
