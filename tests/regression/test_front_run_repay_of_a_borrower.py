"""Somebody repays one unit of another's debt just before he repays all of it: the amount he names is then above the debt.
It is clamped. And dust that nobody repays blocks nothing.
"""

import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.pool_world import World


@pytest.fixture
def world() -> World:
    world = World.with_assets()
    world.supply("lender", "USD", 10**6 * 10**6)
    world.open("borrower", "ETH", 100 * 10**18, "USD", 8_000 * 10**6)
    return world


@pytest.mark.parametrize("by", ["borrower", "keeper"])
def test_repay_all__after_a_front_run_unit__clears_the_debt(world: World, by: str) -> None:
    owed = world.ledger_now().debt_of("borrower", "USD")
    world.repay("attacker", "USD", 1, "borrower")
    assert world.repay(by, "USD", owed, "borrower") == owed - 1
    world.withdraw("borrower", "ETH", MAX)


def test_repay_all__after_all_was_repaid_for_him__says_so_and_the_collateral_is_free(world: World) -> None:
    owed = world.ledger_now().debt_of("borrower", "USD")
    world.repay("attacker", "USD", owed, "borrower")
    with pytest.raises(Refused, match="pool: no debt"):
        world.repay("borrower", "USD", MAX)
    world.withdraw("borrower", "ETH", MAX)


def test_dust__left_by_a_repayment__grows_and_can_be_repaid(world: World) -> None:
    world.travel(86_400)
    world.repay("borrower", "USD", world.ledger_now().debt_of("borrower", "USD") - 1)
    world.travel(10 * 365 * 86_400)
    world.check()
    world.repay("borrower", "USD", MAX)
    world.withdraw("borrower", "ETH", MAX)
    world.check()


def test_dust__written_off__blocks_nothing(world: World) -> None:
    world.travel(86_400)
    world.repay("borrower", "USD", world.ledger_now().debt_of("borrower", "USD") - 1)
    world.write_off("borrower")
    assert world.ledger.owing["borrower"] == set()
    world.check()
