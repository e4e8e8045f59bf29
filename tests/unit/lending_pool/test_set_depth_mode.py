"""Which depth mode a reserve may get, and when: the pool's own bounds, whatever its configurator says."""

import pytest

from plimsoll.reference.pool import WAD, Refused
from tests.pool_world import World

NEW_RISK, OFF, FULL = 0, 1, 2


@pytest.fixture
def two() -> World:
    """A pool of two reserves, neither seeded."""
    world = World()
    world.add("USD")
    world.add("ETH")
    return world


def mode_of(world: World, asset: str) -> int:
    mode: int = world.pool.reserve_state(world.address[asset]).depth_mode
    return mode


def test_set_depth_mode__of_a_seeded_reserve__off_and_back(world: World) -> None:
    assert mode_of(world, "ETH") == NEW_RISK
    for mode in (OFF, NEW_RISK):
        world.set_depth_mode("ETH", mode)
        world.check()
    assert [mode_of(world, asset) for asset in ("USD", "BTC")] == [NEW_RISK, NEW_RISK]


def test_set_depth_mode__both_bits__reverts(two: World) -> None:
    with two.chain.reverts(""):
        two.set_depth_mode("ETH", 3)


def test_set_depth_mode__full_before_the_seed__in_a_pool_of_two(two: World) -> None:
    two.set_depth_mode("ETH", FULL)
    assert mode_of(two, "ETH") == FULL
    two.set_depth_mode("ETH", OFF)
    two.set_depth_mode("ETH", FULL)
    two.seed("keeper", "ETH", WAD)
    two.set_depth_mode("USD", FULL)
    two.check()


def test_set_depth_mode__full_after_the_seed__reverts(two: World) -> None:
    two.seed("keeper", "ETH", WAD)
    with pytest.raises(Refused):
        two.set_depth_mode("ETH", FULL)


def test_set_depth_mode__from_full__only_out_of_it_once_seeded(two: World) -> None:
    two.set_depth_mode("ETH", FULL)
    two.seed("keeper", "ETH", WAD)
    two.set_depth_mode("ETH", NEW_RISK)
    with pytest.raises(Refused):
        two.set_depth_mode("ETH", FULL)


def test_set_depth_mode__full_among_three__reverts(two: World) -> None:
    two.add("BTC")
    with pytest.raises(Refused):
        two.set_depth_mode("BTC", FULL)


@pytest.mark.parametrize("asset", ["USD", "ETH"])
def test_list_reserve__a_third_beside_a_full_one__reverts(two: World, asset: str) -> None:
    two.set_depth_mode(asset, FULL)
    with pytest.raises(Refused):
        two.add("BTC")
    two.set_depth_mode(asset, NEW_RISK)
    two.add("BTC")


def test_list_reserve__a_second_beside_a_full_one__is_listed() -> None:
    world = World()
    world.add("ETH")
    world.set_depth_mode("ETH", FULL)
    world.add("USD")
    assert mode_of(world, "USD") == NEW_RISK
    assert mode_of(world, "ETH") == FULL


def test_set_depth_mode__with_debts__keeps_what_is_counted_and_all_else(indebted: World) -> None:
    for asset in ("ETH", "USD", "BTC"):
        for mode in (OFF, NEW_RISK):
            indebted.set_depth_mode(asset, mode)
            indebted.check()
