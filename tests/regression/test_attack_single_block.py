"""The oldest attack: a huge trade, and in the same transaction, or in the next block, a loan on what it made look dear, or a liquidation
of somebody whom it made look poor."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import ETH, USD, World, profit
from tests.range_world import Refused

# 50,000 of collateral; by depth (2,000,000) worth 47,591, and 24,747 may be borrowed on it
COLLATERAL, LOAN = 250 * ETH, 24_700 * USD


@pytest.fixture(scope="module", params=["pair", "range"])
def world(request: pytest.FixtureRequest) -> World:
    made = World((request.param,))
    made.to_phase(60)
    return made


def test_loan__without_an_attack__is_given_up_to_the_limit(world: World) -> None:
    """So that what is refused below is refused for the attack."""
    a = world.attacker
    a.run(*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, LOAN))


@pytest.mark.parametrize("factor", [Fraction(3, 2), Fraction(10)])
def test_pump__and_borrow_in_the_same_transaction__refused(world: World, factor: Fraction) -> None:
    a, before = world.attacker, world.attacker.wealth()
    push = world.venue.to(a, world.honest * factor)
    # The means do not know of it yet, and UNSETTLED (the present tick against the short mean) stops even an honest loan.
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*push, *a.lend(world.eth, COLLATERAL), a.borrow(world.usd, LOAN))
    assert profit(world, before) == 0


@pytest.mark.parametrize("arbitraged", [False, True])
def test_pump__and_borrow_in_the_next_block__refused_and_costs_the_fees(world: World, arbitraged: bool) -> None:
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    world.hold(Fraction(10), 1, arbitraged=False)
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*a.lend(world.eth, COLLATERAL), a.borrow(world.usd, LOAN))
    # Without UNSETTLED the slew alone would do: not a raw unit more than before can be borrowed
    assert world.band().low <= world.eth_price() * 10_001 // 10_000
    world.let_go(eth, arbitraged)
    assert profit(world, before) < 0


@pytest.mark.parametrize("arbitraged", [False, True])
@pytest.mark.parametrize("blocks", [0, 1])
def test_dump__and_liquidate__refused(world: World, blocks: int, arbitraged: bool) -> None:
    victim = world.borrower(world.eth, COLLATERAL, world.usd, LOAN)
    debtor = world.borrower(world.usd, 100_000 * USD, world.eth, 240 * ETH)
    a, before, eth = world.attacker, world.attacker.wealth(), world.attacker.balances()[0]
    for factor, who, debt, collateral in (
        (Fraction(1, 10), victim, world.usd, world.eth),
        (Fraction(10), debtor, world.eth, world.usd),
    ):
        if blocks:
            world.hold(factor, blocks, arbitraged=False)
        push = world.venue.to(a, world.honest * factor)
        with pytest.raises(Refused, match="engine: healthy"):
            a.run(*push, a.liquidate(who, debt, collateral))
        if blocks:
            world.let_go(eth, arbitraged)
    assert profit(world, before) <= 0
    assert blocks == 0 or profit(world, before) < 0
