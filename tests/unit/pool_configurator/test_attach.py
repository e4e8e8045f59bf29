from typing import Any

import boa
import pytest

from tests.configurator_world import ZERO, Market, events
from tests.conftest import load


@pytest.fixture
def fresh(market: Market) -> Any:
    """A configurator without a pool; the deployer is the owner."""
    deployer = market.address["deployer"]
    with boa.env.prank(deployer):
        return load("lending/PoolConfigurator.vy").deploy(deployer, deployer, deployer)


def attach(market: Market, configurator: Any, pool: Any) -> None:
    with boa.env.prank(market.address["deployer"]):
        configurator.attach(pool)


def test_attach__a_pool_that_names_us__is_ours(market: Market, fresh: Any) -> None:
    assert fresh.pool() == ZERO
    pool = load("testing/ScriptedPool.vy").deploy(fresh.address).address
    attach(market, fresh, pool)
    assert events(fresh) == [("Attached", pool)]
    assert fresh.pool() == pool


def test_attach__a_pool_that_names_another__reverts(market: Market, fresh: Any) -> None:
    with boa.reverts("configurator: bad pool"):
        attach(market, fresh, market.pool.address)


def test_attach__no_pool__reverts(market: Market, fresh: Any) -> None:
    for nothing in (ZERO, market.address["attacker"], market.eth):
        with boa.reverts("configurator: bad pool"):
            attach(market, fresh, nothing)


def test_attach__twice__reverts(market: Market) -> None:
    other = load("testing/ScriptedPool.vy").deploy(market.configurator.address).address
    for pool in (other, market.pool.address):
        market.refuse("deployer", "attach", pool, reason="configurator: already attached")


@pytest.mark.parametrize(
    "function, arguments",
    [
        ("list_reserve", ("token", "model", 0, 11_000, 0)),
        ("set_oracle", ("oracle",)),
        ("set_engine", ("engine",)),
        ("pause_liquidation", (60,)),
    ],
)
def test_attach__not_yet__nothing_is_configured(market: Market, fresh: Any, function: str, arguments: tuple[Any, ...]) -> None:
    parts = {"token": market.eth, "model": market.model.address, "oracle": market.oracle.address, "engine": market.engine.address}
    with boa.env.prank(market.address["deployer"]), boa.reverts("configurator: not attached"):
        getattr(fresh, function)(*(parts.get(value, value) for value in arguments))


def test_attach__not_yet__no_asset_is_listed(market: Market, fresh: Any) -> None:
    with boa.env.prank(market.address["deployer"]), boa.reverts("configurator: not listed"):
        fresh.freeze(market.eth)
