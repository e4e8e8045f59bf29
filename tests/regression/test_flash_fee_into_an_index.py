"""Radiant (2024): the fee of a flash loan was booked into the index of a nearly empty market; many loans in one transaction blew it up, and
rounding then paid out more than was put in. Here a fee never enters the books, and they do not move while the tokens are out."""

import pytest

from plimsoll.reference.pool import MAX
from tests.pool_world import World


@pytest.fixture
def new_market() -> World:
    """One reserve with nothing but its seed, another with money."""
    world = World.with_assets().with_actor()
    world.add("NEW", decimals=18)
    world.seed("keeper", "NEW", 10**15)
    world.supply("lender", "USD", 10**6 * 10**6)
    world.mint("attacker", "NEW", 10**18)
    return world


def books(world: World, asset: str) -> tuple[int, ...]:
    state = world.pool.reserve_state(world.address[asset])
    return state.cash, state.total_shares, state.fee_shares, state.debt, state.scaled_debt, state.index_ray


def test_flash_loans__hundreds_in_a_row__move_no_book(new_market: World) -> None:
    world = new_market
    before = books(world, "NEW")
    for _ in range(100):
        world.flash_loan("NEW", 10**15)
    assert books(world, "NEW") == before
    # 5 bps of each, to the treasury in tokens
    assert world.balance("treasury", "NEW") == 100 * (10**15 * 5 // 10_000)
    world.check()


def test_flash_loans__of_one_unit__cost_one(new_market: World) -> None:
    world = new_market
    before = books(world, "NEW")
    for _ in range(10):
        world.flash_loan("NEW", 1)
    assert books(world, "NEW") == before
    assert world.balance("treasury", "NEW") == 10
    world.check()


def test_flash_loans__around_a_supply__pay_out_no_more_than_was_put_in(new_market: World) -> None:
    world = new_market
    put_in = 10**12 + 7
    world.supply("attacker", "NEW", put_in)
    for _ in range(50):
        world.flash_loan("NEW", 10**15)
    held = world.balance("attacker", "NEW")
    world.withdraw("attacker", "NEW", MAX)
    assert world.balance("attacker", "NEW") - held <= put_in
    world.check()
