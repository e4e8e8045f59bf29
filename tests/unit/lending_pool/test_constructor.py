import boa
import pytest

from plimsoll.reference.pool import WAD
from tests.conftest import load
from tests.pool_world import ZERO


def test_constructor__valid__keeps_its_parameters() -> None:
    treasury, deployer = boa.env.generate_address("treasury"), boa.env.generate_address("deployer")
    with boa.env.prank(deployer):
        pool = load("lending/LendingPool.vy").deploy(treasury, 9_900, 100 * WAD)
    assert pool.treasury() == treasury
    assert pool.borrow_limit_bps() == 9_900
    assert pool.min_debt_wad() == 100 * WAD
    assert pool.owner() == deployer
    assert pool.oracle() == ZERO
    assert pool.engine() == ZERO
    assert pool.reserves_count() == 0


@pytest.mark.parametrize("limit", [0, 9_901, 10_000])
def test_constructor__borrow_limit_out_of_bounds__reverts(limit: int) -> None:
    with boa.reverts("pool: bad borrow limit"):
        load("lending/LendingPool.vy").deploy(boa.env.generate_address(), limit, 0)


def test_constructor__no_treasury__reverts() -> None:
    with boa.reverts("pool: zero address"):
        load("lending/LendingPool.vy").deploy(ZERO, 8_000, 0)
