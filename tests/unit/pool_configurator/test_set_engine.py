from typing import Any

import boa
import pytest

from tests.configurator_world import ZERO, Market
from tests.conftest import load

ODD_ENGINE = """
# pragma version 0.4.3
fault: uint256
named: address

@deploy
def __init__(fault: uint256, named: address):
    self.fault = fault
    self.named = named

@external
@view
@raw_return
def pool() -> Bytes[64]:
    assert self.fault != 1
    if self.fault == 2:
        for _: uint256 in range(10**9):
            pass
    if self.fault == 3:
        return b""
    if self.fault == 4:
        return abi_encode(self.named, self.named)
    if self.fault == 5:
        return abi_encode(convert(self.named, uint256) | (1 << 160))
    return abi_encode(self.named)
"""


@pytest.fixture(scope="module")
def odd() -> Any:
    return boa.loads_partial(ODD_ENGINE)


def test_set_engine__that_names_our_pool__replaces_the_old_one(market: Market, odd: Any) -> None:
    engine = odd.deploy(0, market.pool.address).address
    market.by("owner", "set_engine", engine)
    assert market.event() == ("EngineSet", market.engine.address, engine)
    assert market.pool.engine() == engine
    assert market.pool.guards() == (0, 0)


@pytest.mark.parametrize("fault", [1, 2, 3, 4, 5])
def test_set_engine__that_answers_no_address__reverts(market: Market, odd: Any, fault: int) -> None:
    market.refuse("owner", "set_engine", odd.deploy(fault, market.pool.address).address, reason="configurator: bad engine")


def test_set_engine__of_another_pool__reverts(market: Market) -> None:
    pool = load("testing/ScriptedPool.vy").deploy(market.configurator.address).address
    for named in (pool, ZERO, market.configurator.address):
        engine = load("testing/NamedEngine.vy").deploy(named).address
        market.refuse("owner", "set_engine", engine, reason="configurator: bad engine")


def test_set_engine__no_code__reverts(market: Market) -> None:
    for nothing in (ZERO, market.address["attacker"]):
        market.refuse("owner", "set_engine", nothing, reason="configurator: bad engine")
