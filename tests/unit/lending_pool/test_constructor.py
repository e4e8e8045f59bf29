from typing import Any

import boa
import pytest

from plimsoll.reference.pool import WAD
from tests.conftest import load
from tests.pool_world import ZERO


def deploy(limit: int = 8_000, nobody: str = "") -> tuple[Any, dict[str, Any]]:
    roles = {name: boa.env.generate_address(name) for name in ("treasury", "configurator", "operators", "extension")}
    roles |= {nobody: ZERO} if nobody else {}
    others = (roles[name] for name in ("configurator", "operators", "extension"))
    return load("lending/LendingPool.vy").deploy(roles["treasury"], limit, 100 * WAD, *others), roles


def test_constructor__valid__keeps_its_parameters() -> None:
    pool, roles = deploy(9_900)
    for name, address in roles.items():
        assert getattr(pool, name)() == address
    assert pool.borrow_limit_bps() == 9_900
    assert pool.min_debt_wad() == 100 * WAD
    assert pool.oracle() == ZERO
    assert pool.engine() == ZERO
    assert pool.guards() == (0, 0)
    assert pool.reserves_count() == 0


@pytest.mark.parametrize("limit", [0, 9_901, 10_000])
def test_constructor__borrow_limit_out_of_bounds__reverts(limit: int) -> None:
    with boa.reverts("pool: bad borrow limit"):
        deploy(limit)


@pytest.mark.parametrize("role", ["treasury", "configurator", "operators", "extension"])
def test_constructor__nobody_in_a_role__reverts(role: str) -> None:
    with boa.reverts("pool: zero address"):
        deploy(nobody=role)
