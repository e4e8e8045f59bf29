"""Which depth mode a reserve may get, and when."""

import boa
import pytest

from plimsoll.reference.pool import WAD, Refused
from tests.conftest import load
from tests.pool_world import World, logs

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
        (event,) = logs(world, "DepthModeSet")
        assert (event.asset, event.mode) == (world.address["ETH"], mode)
        world.check()
    assert [mode_of(world, asset) for asset in ("USD", "BTC")] == [NEW_RISK, NEW_RISK]


@pytest.mark.parametrize("mode", [3, 4, 2**62, 2**256 - 1])
def test_set_depth_mode__unknown__reverts(two: World, mode: int) -> None:
    with pytest.raises(Refused, match="pool: bad depth mode"):
        two.set_depth_mode("ETH", mode)


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
    with pytest.raises(Refused, match="pool: bad depth mode"):
        two.set_depth_mode("ETH", FULL)


def test_set_depth_mode__from_full__only_out_of_it_once_seeded(two: World) -> None:
    two.set_depth_mode("ETH", FULL)
    two.seed("keeper", "ETH", WAD)
    two.set_depth_mode("ETH", NEW_RISK)
    with pytest.raises(Refused, match="pool: bad depth mode"):
        two.set_depth_mode("ETH", FULL)


def test_set_depth_mode__full_among_three__reverts(two: World) -> None:
    two.add("BTC")
    with pytest.raises(Refused, match="pool: bad depth mode"):
        two.set_depth_mode("BTC", FULL)


@pytest.mark.parametrize("asset", ["USD", "ETH"])
def test_list_reserve__a_third_beside_a_full_one__reverts(two: World, asset: str) -> None:
    two.set_depth_mode(asset, FULL)
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.env.prank(two.address["owner"]):
        with boa.reverts("pool: bad depth mode"):
            two.pool.list_reserve(token.address, token.address, 0, 11_000, 0)
        two.pool.set_depth_mode(two.address[asset], NEW_RISK)
        two.pool.list_reserve(token.address, token.address, 0, 11_000, 0)


def test_list_reserve__a_second_beside_a_full_one__is_listed() -> None:
    world = World()
    world.add("ETH")
    world.set_depth_mode("ETH", FULL)
    world.add("USD")
    assert mode_of(world, "USD") == NEW_RISK
    assert mode_of(world, "ETH") == FULL


def test_set_depth_mode__unlisted__reverts(world: World) -> None:
    with boa.env.prank(world.address["owner"]), boa.reverts("pool: not listed"):
        world.pool.set_depth_mode(boa.env.generate_address(), OFF)


def test_set_depth_mode__by_others__reverts(world: World) -> None:
    for name in ("attacker", "treasury", "engine"):
        with boa.env.prank(world.address[name]), boa.reverts("ownable: caller is not the owner"):
            world.pool.set_depth_mode(world.address["ETH"], OFF)


def test_set_depth_mode__with_debts__keeps_what_is_counted_and_all_else(indebted: World) -> None:
    for asset in ("ETH", "USD", "BTC"):
        for mode in (OFF, NEW_RISK):
            indebted.set_depth_mode(asset, mode)
            indebted.check()
