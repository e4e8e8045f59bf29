from typing import Any

import boa
import pytest

from tests.pool_world import World
from tests.vault_world import VaultWorld

USD = 10**6

# What it keeps of each transfer, which may be all of it, and what it answers. Its payers need not approve.
KEEPING_TOKEN = """
# pragma version 0.4.3
decimals: public(constant(uint8)) = 18
symbol: public(constant(String[4])) = "KEEP"
balanceOf: public(HashMap[address, uint256])
kept_bps: uint256
kept_once: uint256
answer: bool

@deploy
def __init__():
    self.answer = True

@external
def set_mood(kept_bps: uint256, answer: bool):
    self.kept_bps = kept_bps
    self.answer = answer

@external
def keep_once(amount: uint256):
    self.kept_once = amount

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount

@external
def approve(spender: address, amount: uint256) -> bool:
    return True

@external
def transfer(to: address, amount: uint256) -> bool:
    return self._move(msg.sender, to, amount)

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return self._move(owner, to, amount)

@internal
def _move(owner: address, to: address, amount: uint256) -> bool:
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - amount * self.kept_bps // 10_000 - self.kept_once
    self.kept_once = 0
    return self.answer
"""


@pytest.fixture(scope="package")
def base() -> VaultWorld:
    """A vault over USD in which a lender has a million; half of the reserve is lent out; a year has passed."""
    v = VaultWorld(World.with_assets(), "USD")
    v.deposit("lender", 1_000_000 * USD)
    v.lend_out(500_001 * USD / v.reserve.assets)
    v.world.travel(365 * 86_400)
    return v


@pytest.fixture(scope="session")
def keeping_deployer() -> Any:
    return boa.loads_partial(KEEPING_TOKEN)


@pytest.fixture
def keeping_token(keeping_deployer: Any) -> Any:
    return keeping_deployer.deploy()


def vault_over(token: Any) -> VaultWorld:
    """Over a token of its own (18 decimals), in which nobody has anything yet."""
    world = World.with_assets()
    world.add("ODD", token=token, decimals=18, price=1)
    world.seed("keeper", "ODD", 10**18)
    return VaultWorld(world, "ODD")


@pytest.fixture
def v(base: VaultWorld) -> VaultWorld:
    """The same chain state for each test (titanoboa takes back what a test did), and books of its own."""
    return base.copy()


def events(v: VaultWorld) -> list[tuple[Any, ...]]:
    """(name, fields ...) of the vault's events of the last call, accounts by name."""
    names = {str(address): name for name, address in v.world.address.items()}
    return [
        (type(event).__name__, *(names.get(str(field), field) for field in event[1:])) for event in v.vault.get_logs(include_child_logs=False)
    ]
