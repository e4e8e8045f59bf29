import boa
import pytest

from tests.pool_world import ZERO, World, logs

SETTERS = [("set_oracle", "oracle", "OracleSet"), ("set_engine", "engine", "EngineSet")]


@pytest.mark.parametrize(("setter", "getter", "event"), SETTERS)
def test_set__by_the_owner__is_stored_and_logged(world: World, setter: str, getter: str, event: str) -> None:
    new = boa.env.generate_address("new")
    with boa.env.prank(world.address["owner"]):
        getattr(world.pool, setter)(new)
    (log,) = logs(world, event)
    assert getattr(log, getter) == new
    assert getattr(world.pool, getter)() == new


@pytest.mark.parametrize(("setter", "getter", "event"), SETTERS)
def test_set__by_anybody_else__reverts(world: World, setter: str, getter: str, event: str) -> None:
    with boa.reverts("ownable: caller is not the owner"), boa.env.prank(world.address["engine"]):
        getattr(world.pool, setter)(world.address["engine"])


@pytest.mark.parametrize(("setter", "getter", "event"), SETTERS)
def test_set__to_nothing__reverts(world: World, setter: str, getter: str, event: str) -> None:
    with boa.reverts("pool: zero address"), boa.env.prank(world.address["owner"]):
        getattr(world.pool, setter)(ZERO)


def test_transfer_ownership__new_owner__alone_may_set(world: World) -> None:
    with boa.env.prank(world.address["owner"]):
        world.pool.transfer_ownership(world.address["lender"])
        with boa.reverts("ownable: caller is not the owner"):
            world.pool.set_engine(world.address["engine"])
    with boa.env.prank(world.address["lender"]):
        world.pool.set_engine(world.address["engine"])
