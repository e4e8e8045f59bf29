"""A price that is held until every window believes it. Against an arbitrageur that costs the depth of the market several times over; where
nobody trades against it, it costs two fees, and only what a loan must be covered with, or a feed, is left in the way."""

from __future__ import annotations

from fractions import Fraction

import pytest

from plimsoll.attack.cost import blocks_to_follow, ticks_of
from tests.attack_world import BPS, BUCKET, ETH, LTV, USD, WAD, Agent, World, profit
from tests.range_world import Refused

F = Fraction
CAP_BPS = 1_826


def prepare(world: World, factor: Fraction, arbitraged: bool) -> None:
    """Hold the price in the best phase of a bucket, so long that both edges have followed."""
    gap = ticks_of(factor if factor > 1 else 1 / factor)
    grain = -(-(gap // 50) // 12) * 12
    world.to_phase((-grain) % BUCKET)
    world.hold(factor, blocks_to_follow(gap, 12, 20 if world.feed else 10) + 1, arbitraged)


def borrow_all(world: World) -> int:
    """As much as the oracle allows within the cap on collateral, in ten accounts, each run away from. Returns what was lent."""
    band, lent = world.band(), 0
    value = band.depth * CAP_BPS // BPS * 95 // 100 // 10
    amount = value * WAD // band.low
    # as the pool values collateral, and lends on it
    worth = value * band.depth**2 // (band.depth + value) ** 2
    loan = worth * LTV * 8_000 // BPS**2 // 10**12 * 999 // 1_000
    for _ in range(10):
        account = Agent(world, "account")
        account.run(*account.lend(world.eth, amount), account.borrow(world.usd, loan))
        world.accomplices.append(account)
        lent += loan
    return lent


@pytest.fixture(scope="module")
def base() -> World:
    return World()


@pytest.fixture
def world(base: World) -> World:
    base.accomplices.clear()
    return base


@pytest.mark.parametrize("factor", [F(3, 2), F(4)])
def test_pump__arbitraged__what_is_borrowed_is_a_fraction_of_the_cost(world: World, factor: Fraction) -> None:
    before, eth = world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, factor, arbitraged=True)
    # the loan is given, the band has followed: what stops it is its price
    assert world.band().low >= world.eth_price() * factor * 999 // 1_000
    borrow_all(world)
    world.let_go(eth, arbitraged=True)
    lost = -profit(world, before)
    gained = sum(world.gained_by(a) for a in world.accomplices)
    assert lost > 20 * max(gained, 0)
    assert gained - lost < -1_000_000


def test_pump__unopposed_below_what_a_loan_is_covered_with__nothing_gained(world: World) -> None:
    """Up to 1 / (LTV * limit) = 1.92 he leaves more behind than he takes."""
    before, eth = world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, F(19, 10), arbitraged=False)
    assert world.band().low >= world.eth_price() * 189 // 100
    borrow_all(world)
    world.let_go(eth, arbitraged=False)
    assert sum(world.gained_by(a) for a in world.accomplices) <= 0
    assert profit(world, before) < 0


def test_pump__unopposed_at_four_times_the_price__pays_without_a_feed(world: World) -> None:
    """Known limit: where for half an hour nobody else trades, one market's price is whatever its only trader makes it. The caps bound what
    is lost; `attack-cost` grades it ("where nobody else trades")."""
    before, eth = world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, F(4), arbitraged=False)
    borrow_all(world)
    world.let_go(eth, arbitraged=False)
    gained = sum(world.gained_by(a) for a in world.accomplices) + profit(world, before)
    assert 0 < gained < 2 * 2_000_000 * CAP_BPS // BPS


@pytest.mark.parametrize("factor", [F(4), F(16)])
def test_pump__unopposed_with_a_feed__nothing_to_borrow(factor: Fraction) -> None:
    world = World(with_feed=True)
    before, eth = world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, factor, arbitraged=False)
    # low <= feed: the one check that stops it. (And BREAKER: high / low is above 25 %.)
    assert world.band().low <= world.eth_price() * 10_001 // 10_000
    with pytest.raises(Refused, match="pool: over limit"):
        borrow_all(world)
    world.let_go(eth, arbitraged=False)
    assert profit(world, before) < 0


@pytest.mark.parametrize("with_feed", [False, True], ids=["pair", "pair and feed"])
def test_dump__arbitraged__what_is_seized_is_a_fraction_of_the_cost(with_feed: bool) -> None:
    """All collateral that the cap allows, its owners at the borrow limit."""
    world = World(with_feed=with_feed)
    victims = [world.borrower(world.eth, 170 * ETH, world.usd, 17_060 * USD) for _ in range(10)]
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, F(10, 14), arbitraged=True)
    for victim in victims:
        a.run(a.liquidate(victim, world.usd, world.eth))
    assert all(world.pool.debt_of(v.address, world.usd.address) == 0 for v in victims)
    world.let_go(eth, arbitraged=True)
    assert profit(world, before) < -10 * 340_000


def test_pump__arbitraged__nor_is_calling_debts_worth_it() -> None:
    world = World()
    debtors = [world.borrower(world.usd, 66_000 * USD, world.eth, 168 * ETH) for _ in range(10)]
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    prepare(world, F(14, 10), arbitraged=True)
    for debtor in debtors:
        a.run(a.liquidate(debtor, world.eth, world.usd))
    world.let_go(eth, arbitraged=True)
    assert profit(world, before) < -10 * 340_000
