"""Euler: one path lowered an account's collateral (a gift to the reserves) without the health check that all others had.
Here every external is tried on an account at its limit: none leaves it with less collateral, or more debt, than it may have.
"""

import contextlib
from collections.abc import Callable

import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.accounts import account_state
from tests.pool_world import World

ACTIONS: dict[str, Callable[[World], object]] = {
    "withdraw one unit": lambda w: w.withdraw("borrower", "ETH", 10**12),
    "withdraw all": lambda w: w.withdraw("borrower", "ETH", MAX),
    "withdraw to another": lambda w: w.withdraw("borrower", "ETH", 10**18, "attacker"),
    "borrow more": lambda w: w.borrow("borrower", "USD", 10**6),
    "borrow another asset": lambda w: w.borrow("borrower", "BTC", 10**6),
    "switch collateral off": lambda w: w.enable("borrower", "ETH", False),
    "settle by oneself": lambda w: w.settle("borrower", "borrower", "borrower", "USD", 1, "ETH", 0, 0),
    "supply what is owed": lambda w: w.supply("borrower", "USD", 10**6),
    "switch the debt to collateral": lambda w: w.enable("borrower", "USD"),
    "borrow the collateral": lambda w: w.borrow("borrower", "ETH", 10**18),
    "somebody supplies for it": lambda w: w.supply("attacker", "ETH", 1, "borrower"),
    "somebody repays for it": lambda w: w.repay("attacker", "USD", 10**6, "borrower"),
    "give shares away": lambda w: w.transfer_shares("borrower", "ETH", 10**18, "attacker"),
    "give all shares away": lambda w: w.transfer_shares("borrower", "ETH", MAX, "attacker"),
    "somebody's debt paid with the collateral": lambda w: w.repay_with_shares("borrower", "ETH", 10**18, "attacker"),
    "an operator withdraws": lambda w: w.withdraw("attacker", "ETH", 10**18, account="borrower"),
    "an operator gives shares to himself": lambda w: w.transfer_shares("attacker", "ETH", 10**20, "attacker", account="borrower"),
    "an operator borrows": lambda w: w.borrow("attacker", "USD", 10**6, account="borrower"),
    "an operator switches collateral off": lambda w: w.enable("attacker", "ETH", False, account="borrower"),
    "sweep": lambda w: w.sweep("ETH"),
    "accrue": lambda w: w.accrue("ETH"),
    "collect fees": lambda w: w.collect_fees("ETH"),
}


@pytest.fixture(scope="module")
def base() -> World:
    world = World.with_assets()
    world.supply("lender", "USD", 10**6 * 10**6)
    world.supply("lender", "BTC", 100 * 10**8)
    world.supply("lender", "ETH", 10**4 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "USD", 12_000 * 10**6)  # exactly 80 %
    world.supply("borrower", "BTC", 10**6)  # not collateral
    world.open("attacker", "BTC", 10**8, "ETH", 10 * 10**18)
    world.set_operator("borrower", "attacker")
    return world


@pytest.mark.parametrize("action", ACTIONS)
def test_at_the_limit__any_action__leaves_it_no_worse(base: World, action: str) -> None:
    world = base.copy()
    capacity, debt = world.ledger_now().capacity_and_debt("borrower")
    assert debt * 10_000 == capacity * 8_000
    with contextlib.suppress(Refused):
        ACTIONS[action](world)
    world.check()
    after, owed = world.ledger_now().capacity_and_debt("borrower")
    assert owed * 10_000 <= after * 8_000
    state = account_state(world.pool, world.address["borrower"])
    assert sum(c.amount for c in state.collaterals) >= 100 * 10**18 - 1
    assert sum(d.amount for d in state.debts) <= 12_000 * 10**6
