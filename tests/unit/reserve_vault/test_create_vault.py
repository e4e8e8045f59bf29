"""One vault for each reserve of each pool, at an address that is known before."""

from typing import Any

import boa
import pytest
from eth_utils import keccak, to_checksum_address

from tests.conftest import load
from tests.pool_world import World
from tests.vault_world import FACTORY, SOURCE, VaultWorld, deploy_factory

ZERO = "0x" + "00" * 20

# Of a creation that fails titanoboa keeps a contract without code.
pytestmark = pytest.mark.filterwarnings("ignore:casted bytecode")

# Answers what it is told when asked for its symbol
ODD_TOKEN = """
# pragma version 0.4.3
decimals: public(constant(uint8)) = 18
answer: Bytes[256]
approves: bool
target: address
payload: Bytes[256]
succeeded: public(bool)

@deploy
def __init__(answer: Bytes[256]):
    self.answer = answer
    self.approves = True

@external
def refuse_approvals():
    self.approves = False

@external
def call_when_approved(target: address, payload: Bytes[256]):
    self.target = target
    self.payload = payload

@external
def approve(spender: address, amount: uint256) -> bool:
    if self.target != empty(address):
        self.succeeded = raw_call(self.target, self.payload, revert_on_failure=False)
    return self.approves

@view
@external
@raw_return
def symbol() -> Bytes[256]:
    if len(self.answer) == 0:
        raise "no symbol"
    return self.answer
"""


@pytest.fixture(scope="module")
def world() -> World:
    return World.with_assets()


@pytest.fixture
def factory(world: World) -> Any:
    return deploy_factory(world.chain)


@pytest.fixture(scope="session")
def odd_token() -> Any:
    return boa.loads_partial(ODD_TOKEN)


def created(factory: Any) -> list[tuple[Any, ...]]:
    return [(e.pool, e.asset, e.vault, e.count) for e in factory.get_logs() if type(e).__name__ == "VaultCreated"]


def address_of(factory: Any, pool: Any, asset: Any) -> str:
    salt = keccak(bytes.fromhex(pool.address[2:]) + bytes.fromhex(asset.address[2:]))
    return str(to_checksum_address(keccak(b"\xff" + bytes.fromhex(factory.address[2:]) + salt + factory.init_code_hash())[-20:]))


def listed(world: World, token: Any, symbol: str = "ODD") -> Any:
    world.token[symbol], world.model[symbol] = token, world.model["ETH"]
    terms = world.ledger.reserves["ETH"].copy()
    world.address[symbol] = token.address
    world._configure(symbol, terms, lambda ledger: None)
    return token


def text(symbol: str) -> bytes:
    data = symbol.encode()
    return (32).to_bytes(32, "big") + len(data).to_bytes(32, "big") + data + bytes(-len(data) % 32)


def test_init_code_hash__of_the_factory__is_that_of_the_published_init_code(factory: Any) -> None:
    assert factory.init_code_hash() == keccak(load(SOURCE).compiler_data.bytecode)


def test_constructor__no_blueprint__reverts() -> None:
    with boa.reverts("factory: not a blueprint"):
        load(FACTORY).deploy(load(FACTORY).deploy(load(SOURCE).deploy_as_blueprint()).address)


@pytest.mark.parametrize("symbol, decimals", [("USD", 12), ("BTC", 14), ("ETH", 24)])
def test_create_vault__by_anyone__exists_at_the_computed_address(world: World, factory: Any, attacker: Any, symbol: str, decimals: int) -> None:
    asset = world.token[symbol]
    expected = address_of(factory, world.pool, asset)
    vault = load(SOURCE).at(factory.create_vault(world.pool.address, asset.address, sender=attacker))
    assert created(factory) == [(world.pool.address, asset.address, expected, 1)]
    assert vault.address == factory.vault_of(world.pool.address, asset.address) == factory.vaults(0) == expected
    assert factory.vaults_count() == 1
    assert factory.parameters() == (ZERO, ZERO)
    assert (vault.factory(), vault.pool(), vault.asset()) == (factory.address, world.pool.address, asset.address)
    assert (vault.name(), vault.symbol(), vault.decimals()) == (f"Plimsoll {symbol}", f"pl{symbol}", decimals)
    assert (vault.totalSupply(), vault.totalAssets()) == (0, 0)
    assert asset.allowance(vault.address, world.pool.address) == 2**256 - 1


def test_create_vault__second_asset_and_second_pool__are_counted(world: World, factory: Any) -> None:
    other = World.with_assets()
    made = [
        factory.create_vault(world.pool.address, world.token["USD"].address),
        factory.create_vault(world.pool.address, world.token["ETH"].address),
        factory.create_vault(other.pool.address, other.token["USD"].address),
    ]
    assert created(factory)[0][3] == 3
    assert [factory.vaults(i) for i in range(3)] == made
    assert len(set(made)) == factory.vaults_count() == 3
    with boa.reverts():
        factory.vaults(3)


def test_create_vault__again__reverts(world: World, factory: Any) -> None:
    factory.create_vault(world.pool.address, world.token["USD"].address)
    with boa.reverts("factory: vault exists"):
        factory.create_vault(world.pool.address, world.token["USD"].address)


def test_create_vault__asset_not_listed__reverts(world: World, factory: Any, new_token: Any) -> None:
    with boa.reverts("pool: not listed"):
        factory.create_vault(world.pool.address, new_token("NEW").address)


def test_create_vault__no_pool__reverts(world: World, factory: Any) -> None:
    for pool in (ZERO, world.token["USD"].address):
        with boa.reverts():
            factory.create_vault(pool, world.token["USD"].address)


def test_constructor__deployer_without_parameters__reverts() -> None:
    with boa.reverts():
        load(SOURCE).deploy()


def test_create_vault__shares_and_tokens_at_its_address_before__do_not_stop_it(world: World, factory: Any) -> None:
    """The address is known: a gift there must neither block the vault nor give it a price."""
    place = address_of(factory, world.pool, world.token["USD"])
    world.mint("attacker", "USD", 10**12)
    with boa.env.prank(world.address["attacker"]):
        world.token["USD"].transfer(place, 10**6)
        world.pool.supply(world.token["USD"].address, 10**9, place)
    vault = load(SOURCE).at(factory.create_vault(world.pool.address, world.token["USD"].address))
    assert (vault.totalSupply(), vault.totalAssets(), vault.convertToShares(1), vault.convertToAssets(10**6)) == (0, 0, 10**6, 1)


def test_create_vault__reserve_not_seeded__waits(world: World, factory: Any) -> None:
    other = World()
    other.add("USD")
    v = VaultWorld(other, "USD")
    v.check()
    assert v.vault.maxDeposit(other.address["lender"]) == 0
    assert v.vault.previewDeposit(7) == 7 * 10**6
    with boa.reverts("pool: not seeded"), boa.env.prank(other.address["lender"]):
        other.mint("lender", "USD", 10)
        v.vault.deposit(10, other.address["lender"])
    other.seed("keeper", "USD", 10**6)
    assert v.deposit("lender", 10) == 10 * 10**6


@pytest.mark.parametrize(
    "answer, symbol",
    [
        (text("X"), "X"),
        (text("A" * 32), "A" * 32),
        # longer than one word, empty, not a string, at another place, cut short, absent
        (text("A" * 33), "token"),
        (text(""), "token"),
        (b"MKR".ljust(32, b"\0"), "token"),
        ((64).to_bytes(32, "big") + bytes(32) + text("X")[32:], "token"),
        (text("X")[:65], "token"),
        (b"", "token"),
    ],
)
def test_create_vault__symbols_of_all_kinds__have_a_vault(world: World, factory: Any, odd_token: Any, answer: bytes, symbol: str) -> None:
    token = listed(world, odd_token.deploy(answer))
    vault = load(SOURCE).at(factory.create_vault(world.pool.address, token.address))
    assert (vault.name(), vault.symbol()) == (f"Plimsoll {symbol}", f"pl{symbol}")


def test_create_vault__asset_refuses_the_approval__reverts(world: World, factory: Any, odd_token: Any) -> None:
    token = listed(world, odd_token.deploy(text("X")))
    token.refuse_approvals()
    with boa.reverts():
        factory.create_vault(world.pool.address, token.address)


def test_create_vault__from_within_the_creation__is_refused(world: World, factory: Any, odd_token: Any) -> None:
    token = listed(world, odd_token.deploy(text("X")))
    token.call_when_approved(factory.address, factory.create_vault.prepare_calldata(world.pool.address, world.token["USD"].address))
    factory.create_vault(world.pool.address, token.address)
    assert not token.succeeded()
    assert factory.vaults_count() == 1
