"""Curve's read-only re-entrancy: another protocol reads a price in the middle of a call, when the tokens have moved and the books not yet
(or the other way round). Here a reader gets no answer until the call is over.
"""

import boa
import pytest

from tests.conftest import load
from tests.pool_world import World

READER = """
# pragma version 0.4.3
interface Pool:
    def supply_of(account: address, asset: address) -> uint256: view
    def debt_of(account: address, asset: address) -> uint256: view

pool: Pool
seen: public(uint256)

@deploy
def __init__(pool: address):
    self.pool = Pool(pool)

@external
def read_supply(account: address, asset: address):
    self.seen = staticcall self.pool.supply_of(account, asset)

@external
def read_debt(account: address, asset: address):
    self.seen = staticcall self.pool.debt_of(account, asset)
"""


@pytest.mark.parametrize("view", ["read_supply", "read_debt"])
@pytest.mark.parametrize("action", ["supply", "withdraw", "borrow", "repay"])
def test_reader__in_the_middle_of_a_call__gets_no_answer(view: str, action: str) -> None:
    world = World.with_assets()
    token = load("testing/ReenteringToken.vy").deploy("Reentering", "RET", 18)
    world.add("RET", token=token, price=1)
    world.seed("keeper", "RET", 10**18)
    world.supply("lender", "RET", 10**22)
    world.open("borrower", "ETH", 100 * 10**18, "RET", 10**21)
    reader = boa.loads(READER, world.pool.address)
    payload = getattr(reader, view).prepare_calldata(world.address["borrower"], token.address)
    arguments = (token.address, 10**18, world.address["borrower"])
    for name in ("borrower", "lender"):
        world.mint(name, "RET", 10**20)

    token.arm(reader.address, payload, False)
    with boa.env.prank(world.address["lender" if action == "withdraw" else "borrower"]):
        getattr(world.pool, action)(*arguments)
    assert token.called()
    assert not token.succeeded()
    assert reader.seen() == 0

    getattr(reader, view)(world.address["borrower"], token.address)  # afterwards it does
    assert reader.seen() == (10**21 if view == "read_debt" else 0) + {"supply": 10**18 * (view == "read_supply")}.get(
        action, 10**18 * {"borrow": 1, "repay": -1}.get(action, 0) * (view == "read_debt")
    )
