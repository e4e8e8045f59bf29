"""Mango, October 2022: a position worth far more than its market could take, valued at the price of the last trade, and pumped by its owner.

Here collateral counts at what a sale of it into its market brings, all of it together is capped by depth, debt costs what buying it back
costs, and nobody owes what the market does not have."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.attack_world import ETH, USD, World
from tests.range_world import Refused


@pytest.fixture(scope="module")
def world() -> World:
    """2,000,000 deep: the caps are 365,249."""
    return World()


def loan_on(amount: int) -> int:
    """By the formula: 0.65 * 0.8 of v * (D / (D + v))^2."""
    depth = 2_000_000
    v = Fraction(amount * 200, ETH)
    return int(v * (depth / (depth + v)) ** 2 * Fraction(52, 100) * USD)


@pytest.mark.parametrize("ether", [10, 100, 1_000, 1_800])
def test_loan__on_a_part_of_the_market__at_what_a_sale_brings(world: World, ether: int) -> None:
    a, most = world.attacker, loan_on(ether * ETH)
    with pytest.raises(Refused, match="pool: over limit"):
        a.run(*a.lend(world.eth, ether * ETH), a.borrow(world.usd, most * 1_001 // 1_000))
    a.run(*a.lend(world.eth, ether * ETH), a.borrow(world.usd, most * 999 // 1_000))


@pytest.mark.parametrize("ether", [1_900, 10_000, 40_000])
def test_loan__on_more_than_the_market_takes__refused_however_small(world: World, ether: int) -> None:
    a = world.attacker
    with pytest.raises(Refused, match="pool: collateral cap"):
        a.run(*a.lend(world.eth, ether * ETH), a.borrow(world.usd, 100 * USD))


def test_loan__split_into_accounts__capped_all_the_same(world: World) -> None:
    """20 accounts of 100 ETH would each be valued with hardly a discount."""
    for _ in range(18):
        world.borrower(world.eth, 100 * ETH, world.usd, 10_000 * USD)
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrower(world.eth, 100 * ETH, world.usd, 10_000 * USD)


@pytest.mark.parametrize("ether, reason", [(1_800, None), (1_900, "pool: debt cap"), (10_000, "pool: debt cap")])
def test_debt__beyond_what_the_market_can_give_back__refused(world: World, ether: int, reason: str | None) -> None:
    a = world.attacker
    calls = [*a.lend(world.usd, 9_000_000 * USD), a.borrow(world.eth, ether * ETH)]
    if reason is None:
        return a.run(*calls)
    with pytest.raises(Refused, match=reason):
        a.run(*calls)


def test_own_position__pumped_through_his_own_trades__lends_nothing_more(world: World) -> None:
    """His day: buy the market up, and borrow all there is on what one holds. In the block of the trades, and minutes later."""
    a, eth = world.attacker, world.attacker.balances()[0]
    before = a.wealth()
    for blocks in (1, 10):
        world.hold(Fraction(5), blocks, arbitraged=False)
        with pytest.raises(Refused, match="pool: "):
            a.run(*a.lend(world.eth, 1_800 * ETH), a.borrow(world.usd, 365_000 * USD * 80 // 100))
    world.let_go(eth, arbitraged=False)
    assert a.wealth() < before
