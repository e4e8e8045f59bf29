import boa
import pytest

from plimsoll.reference.pool import NOBODY, Refused
from tests.conftest import load
from tests.pool_world import ZERO, World, logs


@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_seed__a_thousandth_of_a_token__opens_the_reserve(world: World, decimals: int) -> None:
    world.add("NEW", decimals=decimals)
    least = 10 ** (decimals - 3)
    with pytest.raises(Refused, match="pool: seed too small"):
        world.seed("attacker", "NEW", least - 1)
    with pytest.raises(Refused, match="pool: not seeded"):
        world.supply("lender", "NEW", 10**decimals)
    shares = world.seed("keeper", "NEW", least)
    (event,) = logs(world, "ReserveSeeded")
    assert (event.asset, event.amount, event.shares) == (world.address["NEW"], least, shares)
    assert shares == least * 10**6
    assert world.pool.supply_shares_of(ZERO, world.address["NEW"]) == shares == world.ledger.shares[NOBODY, "NEW"]
    world.supply("lender", "NEW", 10**decimals)
    world.check()


def test_seed__a_second_time__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: already seeded"):
        world.seed("lender", "USD", 10**6)


def test_seed__unlisted__reverts(world: World) -> None:
    with boa.reverts("pool: not listed"):
        world.pool.seed(load("testing/TestToken.vy").deploy("X", "X", 18).address, 10**18)


@pytest.mark.parametrize("amount", [2**103, 2**256 - 1])
def test_seed__more_than_fits__reverts(world: World, amount: int) -> None:
    world.add("NEW")
    with boa.reverts("pool: too much"):
        world.pool.seed(world.address["NEW"], amount)


def test_seed__without_tokens__reverts(world: World) -> None:
    world.add("NEW")
    with boa.reverts(), boa.env.prank(world.address["attacker"]):
        world.pool.seed(world.address["NEW"], 10**18)
    assert not world.pool.reserve_state(world.address["NEW"]).seeded
