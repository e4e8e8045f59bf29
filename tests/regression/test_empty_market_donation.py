"""Hundred, Sonne, Onyx: the first depositor of an empty market donates to it, so that a share is worth more than the next deposit,
which is rounded down to nothing or to too little. Or withdraws by rounding. Here the market is never empty, and gifts do not count.
"""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.reference.pool import MAX, Refused
from tests.depth import examples
from tests.pool_world import World

LEAST = {"USD": 10**3, "BTC": 10**5, "ETH": 10**15}


@pytest.fixture(scope="module")
def fresh() -> World:
    """Listed, and seeded with the least there may be."""
    world = World()
    for asset, amount in LEAST.items():
        world.add(asset)
        world.seed("keeper", asset, amount)
    return world


@pytest.mark.parametrize("asset", LEAST)
def test_donation__to_a_reserve_just_seeded__changes_no_share(fresh: World, asset: str) -> None:
    world = fresh.copy()
    world.supply("attacker", asset, 1)
    state = world.pool.reserve_state(world.address[asset])
    world.donate(asset, 10**6 * world.unit(asset))
    assert world.pool.reserve_state(world.address[asset]) == state
    world.supply("lender", asset, world.unit(asset))
    assert world.withdraw("lender", asset, MAX) == world.unit(asset)
    assert world.withdraw("attacker", asset, MAX) == 1


def test_empty_market__cannot_be__the_seed_never_leaves(fresh: World) -> None:
    world = fresh.copy()
    world.supply("attacker", "USD", 10**6)
    world.withdraw("attacker", "USD", MAX)
    state = world.pool.reserve_state(world.address["USD"])
    assert state.cash >= LEAST["USD"]
    assert state.total_shares >= LEAST["USD"] * 10**6
    with pytest.raises(Refused, match="pool: insufficient supply"):
        world.withdraw("attacker", "USD", 1)


@settings(max_examples=examples(25))
@given(
    asset=st.sampled_from(sorted(LEAST)),
    steps=st.lists(st.tuples(st.booleans(), st.integers(1, 10**7)), min_size=2, max_size=8),
    victim=st.integers(1, 10**7),
)
def test_supply_and_withdraw__any_order__the_attacker_gains_nothing_and_the_next_lender_loses_at_most_a_unit(
    fresh: World, asset: str, steps: list[tuple[bool, int]], victim: int
) -> None:
    world = fresh.copy()
    spent = received = 0
    for supplies, amount in steps:
        if supplies:
            world.supply("attacker", asset, amount)
            spent += amount
        else:
            with contextlib.suppress(Refused):
                received += world.withdraw("attacker", asset, amount)
    world.supply("lender", asset, victim)
    with contextlib.suppress(Refused):
        received += world.withdraw("attacker", asset, MAX)
    assert received <= spent
    assert victim - 1 <= world.ledger_now().supply_of("lender", asset) <= victim
