"""Cream: a receipt was worth what its vault held, so a gift to the vault made the attacker's collateral worth twice as much.
Here cash is internal: a gift changes no price, no rate, nobody's capacity, nobody's debt. (LEND-05)
"""

import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.accounts import account_state
from tests.pool_world import ASSETS, World


@pytest.fixture
def world() -> World:
    world = World.with_assets()
    for asset in ASSETS:
        world.supply("lender", asset, 1_000_000 * world.unit(asset))
    world.open("attacker", "ETH", 1_000 * 10**18, "USD", 90_000 * 10**6)
    world.open("borrower", "BTC", 10 * 10**8, "ETH", 500 * 10**18)
    world.travel(86_400)
    return world


@pytest.mark.parametrize("asset", ASSETS)
def test_donation__of_any_asset__changes_nobodys_capacity_or_debt(world: World, asset: str) -> None:
    accounts = [world.address[name] for name in ("attacker", "borrower", "lender")]
    before = [account_state(world.pool, account) for account in accounts]
    states = [world.pool.reserve_state(world.address[symbol]) for symbol in ASSETS]
    world.donate(asset, 10**6 * world.unit(asset))
    assert [account_state(world.pool, account) for account in accounts] == before
    assert [world.pool.reserve_state(world.address[symbol]) for symbol in ASSETS] == states
    world.accrue(asset)
    assert [account_state(world.pool, account) for account in accounts] == before
    world.check()


def test_donation__to_ones_own_collateral__lets_one_borrow_nothing_more(world: World) -> None:
    capacity, debt = world.ledger_now().capacity_and_debt("attacker")
    room = (capacity * 8_000 // 10_000 - debt) // 10**12
    world.donate("ETH", 10**6 * 10**18)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("attacker", "USD", room + 2)
    world.borrow("attacker", "USD", room - 2)


def test_donation__when_cash_is_out__is_no_cash(world: World) -> None:
    world.supply("attacker", "BTC", 10**4 * 10**8)
    world.enable("attacker", "BTC")
    world.borrow("attacker", "USD", world.reserve("USD").cash)
    world.donate("USD", 10**6)
    with pytest.raises(Refused, match="pool: insufficient cash"):
        world.withdraw("lender", "USD", 1)
    world.repay("attacker", "USD", MAX)
    world.withdraw("lender", "USD", MAX)
