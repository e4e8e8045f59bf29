"""Oracle, engine, and the times before which new risk and liquidation are closed."""

import boa
import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.pool_world import ZERO, World, logs

SETTERS = [("set_oracle", "oracle", "OracleSet", "new_risk_from"), ("set_engine", "engine", "EngineSet", "liquidation_from")]


@pytest.mark.parametrize("closed_until", [0, 1, 2**40 - 1])
@pytest.mark.parametrize(("setter", "getter", "event", "guard"), SETTERS)
def test_set__by_the_configurator__is_stored_and_logged(
    world: World, setter: str, getter: str, event: str, guard: str, closed_until: int
) -> None:
    new = boa.env.generate_address("new")
    other = {"oracle": "engine", "engine": "oracle"}[getter]
    before = getattr(world.pool, other)()
    with boa.env.prank(world.address["configurator"]):
        getattr(world.pool, setter)(new, closed_until)
    (log,) = logs(world, event)
    assert (getattr(log, getter), getattr(log, guard)) == (new, closed_until)
    assert getattr(world.pool, getter)() == new
    assert world.pool.guards() == ((closed_until, 0) if setter == "set_oracle" else (0, closed_until))
    assert getattr(world.pool, other)() == before


@pytest.mark.parametrize("by", ["owner", "engine", "treasury", "lender"])
@pytest.mark.parametrize("setter", ["set_oracle", "set_engine"])
def test_set__by_anybody_else__reverts(world: World, setter: str, by: str) -> None:
    with boa.reverts("pool: not configurator"), boa.env.prank(world.address[by]):
        getattr(world.pool, setter)(world.address["engine"], 0)


@pytest.mark.parametrize("setter", ["set_oracle", "set_engine"])
def test_set__to_nothing__reverts(world: World, setter: str) -> None:
    with boa.reverts("pool: zero address"), boa.env.prank(world.address["configurator"]):
        getattr(world.pool, setter)(ZERO, 0)


@pytest.mark.parametrize("closed_until", [2**40, 2**96, MAX])
@pytest.mark.parametrize("setter", ["set_oracle", "set_engine"])
def test_set__a_time_that_does_not_fit__reverts(world: World, setter: str, closed_until: int) -> None:
    with boa.reverts(dev="time"), boa.env.prank(world.address["configurator"]):
        getattr(world.pool, setter)(world.address["engine"], closed_until)


def test_new_risk_from__before_it__only_new_risk_is_closed(indebted: World) -> None:
    """Borrowing, and taking collateral from a debt in whichever way; to the second."""
    world, eth = indebted, 10**18
    opens = world.chain.timestamp + 1_000
    world.set_guards(new_risk_from=opens)
    closed = (
        lambda: world.borrow("borrower", "USD", 10**6),
        lambda: world.withdraw("borrower", "ETH", eth),
        lambda: world.transfer_shares("borrower", "ETH", 10**24, "lender"),
        lambda: world.enable("borrower", "ETH", False),
    )
    world.travel(999)
    for attempt in closed:
        with pytest.raises(Refused, match="pool: paused"):
            attempt()
    world.supply("borrower", "ETH", eth)
    world.enable("borrower", "BTC")
    world.repay("borrower", "USD", 10**6)
    world.withdraw("lender", "ETH", eth)
    world.transfer_shares("lender", "ETH", 10**24, "borrower")
    world.mint("keeper", "USD", 10**6)
    world.settle("borrower", "keeper", "keeper", "USD", 10**6, "ETH", eth // 100, 0)
    world.travel(1)
    world.borrow("borrower", "USD", 10**6)
    world.withdraw("borrower", "ETH", eth)
    world.check()


def test_liquidation_from__before_it__nobody_is_liquidated(indebted: World) -> None:
    world = indebted
    world.set_guards(liquidation_from=world.chain.timestamp + 64)
    world.mint("keeper", "USD", 10**9)
    world.travel(63)
    with pytest.raises(Refused, match="pool: paused"):
        world.settle("borrower", "keeper", "keeper", "USD", 10**6, "ETH", 10**16, 0)
    with pytest.raises(Refused, match="pool: paused"):
        world.write_off("borrower")
    world.borrow("borrower", "USD", 10**6)
    world.travel(1)
    world.settle("borrower", "keeper", "keeper", "USD", 10**6, "ETH", 10**16, 0)
    world.check()


@pytest.mark.parametrize("closed_until", [0, 2**40 - 1])
def test_set_engine__after_liquidations__their_count_goes_on(indebted: World, closed_until: int) -> None:
    """LEND-23. It shares a word with the engine's address and its guard: neither may leak into the other."""
    settle = ("borrower", "keeper", "keeper", "USD", 10**6, "ETH", 10**16, 0)
    indebted.mint("keeper", "USD", 3 * 10**6)
    assert [indebted.settle(*settle), indebted.settle(*settle)] == [1, 2]
    assert (indebted.pool.engine(), indebted.pool.guards()) == (indebted.address["engine"], (0, 0))
    other = boa.env.generate_address("other")
    with boa.env.prank(indebted.address["configurator"]):
        indebted.pool.set_engine(other, closed_until)
    assert (indebted.pool.liquidations(), indebted.pool.engine(), indebted.pool.guards()) == (2, other, (0, closed_until))
    with boa.env.prank(indebted.address["configurator"]):
        indebted.pool.set_engine(indebted.address["engine"], 0)
    assert indebted.settle(*settle) == 3
    indebted.check()
