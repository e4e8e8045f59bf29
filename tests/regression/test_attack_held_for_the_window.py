"""A price that is held until every window believes it. Against an arbitrageur that costs the depth of the market several times over; where
nobody trades against it, it costs two fees, and only what a loan must be covered with, or a feed, is left in the way."""

from __future__ import annotations

from fractions import Fraction

import pytest

from plimsoll.attack.caps import Search
from plimsoll.attack.caps import World as Case
from plimsoll.attack.gain import BORROW_AGAINST, BORROW_IT, CALL_DEBTS, SEIZE_IT
from tests.attack_world import BPS, ETH, LTV, USD, WAD, Agent, CappedAttack, World, data, prepare, profit
from tests.range_world import Refused

F = Fraction
CAP_BPS = 1_826


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
    """Known limit: where for half an hour nobody else trades, one market's price is whatever its only trader makes it. The caps by depth
    bound what is lost; absolute ones (below) are what stops it; `attack-cost` grades it ("where nobody else trades")."""
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


# ---------------------------------------------------------------- within absolute caps


UNOPPOSED = Case("nobody trades", arbitraged=False, thinned=False)
MOST = F(16)
# Where the cap is bound, and elsewhere
HERE = "where it is bound"


@pytest.fixture(scope="module", params=["pair", "range"])
def large(request: pytest.FixtureRequest) -> World:
    """So deep that the caps admit more than the minimum debt."""
    return World((request.param,), eth=100_000, min_depth=2_500_000, seed_parts=1_000)


@pytest.fixture(scope="module", params=["pair", "range"])
def fed(request: pytest.FixtureRequest) -> World:
    return World((request.param,), eth=100_000, min_depth=2_500_000, seed_parts=1_000, with_feed=True)


def attack_within_the_cap(world: World, what: str, factor: Fraction | str) -> None:
    """What `attack-cost` tells for this attack, to the last unit, and four times as much. Nobody trades against him, and he trades back
    as far as it pays."""
    found = Search(world.listing(), what, 12, UNOPPOSED, MOST)
    least = found.least(True)
    assert least is not None
    if what in (BORROW_AGAINST, SEIZE_IT):
        # the cap is on all supply
        world.lender.run((world.pool, data(world.pool, "withdraw", world.eth.address, 50_000 * ETH, world.lender.address)))
    h = least.factor if isinstance(factor, str) else factor
    one, four = CappedAttack(world, what, h, int(least.cap * WAD / world.eth_price())).execute(arbitraged=False, leaves=False)
    assert one <= 0
    if factor == HERE:
        # it costs a fourth of what it brings then; and at the cap itself nearly what it brings
        cost = found.at(h).ways[0][0] / WAD
        assert four > 2 * cost
        assert one > -cost / 20


@pytest.mark.parametrize("factor", [HERE, F(4, 3), F(3)], ids=str)
@pytest.mark.parametrize("what", [BORROW_AGAINST, BORROW_IT, SEIZE_IT, CALL_DEBTS])
def test_unopposed__all_of_the_absolute_cap__nothing_gained(large: World, what: str, factor: Fraction | str) -> None:
    attack_within_the_cap(large, what, factor)


@pytest.mark.parametrize("factor", [HERE, F(3)], ids=str)
@pytest.mark.parametrize("what", [SEIZE_IT, CALL_DEBTS])
def test_unopposed_with_a_feed__all_of_the_absolute_cap__nothing_gained(fed: World, what: str, factor: Fraction | str) -> None:
    """An honest one, which does not stop a liquidation price that all of two windows have followed."""
    attack_within_the_cap(fed, what, factor)
