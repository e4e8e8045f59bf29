from typing import Any

import boa
import pytest

from tests.pool_world import World

# Takes a fee, or answers false, from the moment it is told to.
MOODY_TOKEN = """
# pragma version 0.4.3
name: public(String[8])
decimals: public(uint8)
balanceOf: public(HashMap[address, uint256])
fee: uint256
answer: bool
extra: uint256

@deploy
def __init__():
    self.decimals = 18
    self.answer = True

@external
def set_mood(fee: uint256, extra: uint256, answer: bool):
    self.fee = fee
    self.extra = extra
    self.answer = answer

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount

@external
def approve(spender: address, amount: uint256) -> bool:
    return True

@external
def transfer(to: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount - self.fee + self.extra
    return self.answer

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - self.fee + self.extra
    return self.answer
"""


@pytest.fixture(scope="session")
def moody_deployer() -> Any:
    return boa.loads_partial(MOODY_TOKEN)


@pytest.fixture(scope="package")
def base() -> World:
    """Three seeded reserves; a lender has supplied a million units of account of each."""
    world = World.with_assets()
    world.supply("lender", "USD", 1_000_000 * 10**6)
    world.supply("lender", "BTC", 50 * 10**8)
    world.supply("lender", "ETH", 5_000 * 10**18)
    return world


@pytest.fixture
def world(base: World) -> World:
    """The same chain state for each test (titanoboa takes back what a test did), and a ledger of its own."""
    return base.copy()


@pytest.fixture
def indebted(world: World) -> World:
    """A borrower with 100 ETH (20,000) and a debt of 8,000 USD; a month of interest; the last touch a day ago."""
    world.open("borrower", "ETH", 100 * 10**18, "USD", 8_000 * 10**6)
    world.travel(29 * 86_400)
    world.accrue("USD")
    world.travel(86_400)
    return world
