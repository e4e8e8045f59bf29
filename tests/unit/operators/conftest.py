"""A registry, somebody with a key, and what he signs: EIP-712 written out by hand."""

from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.conftest import load

DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
SET_OPERATOR = "SetOperator(address pool,address account,address operator,bool approved,uint256 nonce,uint256 deadline)"
SIGNER = Account.from_key(keccak(text="operators signer"))
FOREVER = 2**256 - 1
# Of secp256k1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def domain_of(registry: Any, chain_id: int | None = None, name: str = "Plimsoll Operators", version: str = "1") -> bytes:
    chain_id = boa.env.evm.patch.chain_id if chain_id is None else chain_id
    hashes = [keccak(text=text) for text in (DOMAIN, name, version)]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*hashes, chain_id, str(registry.address)]))


@dataclass(frozen=True)
class Order:
    """What is signed, as `set_operator_by_signature` takes it."""

    pool: Any
    account: Any
    operator: Any
    approved: bool = True
    nonce: int = 0
    deadline: int = FOREVER

    def but(self, **changes: Any) -> "Order":
        return replace(self, **changes)

    @property
    def fields(self) -> tuple[Any, ...]:
        return (self.pool, self.account, self.operator, self.approved, self.nonce, self.deadline)

    def digest(self, registry: Any, **domain: Any) -> bytes:
        values = [str(value) if index < 3 else value for index, value in enumerate(self.fields)]
        struct = keccak(
            encode(["bytes32", "address", "address", "address", "bool", "uint256", "uint256"], [keccak(text=SET_OPERATOR), *values])
        )
        return keccak(b"\x19\x01" + domain_of(registry, **domain) + struct)

    def sign(self, registry: Any, signer: Any = SIGNER, **domain: Any) -> bytes:
        return bytes(signer.unsafe_sign_hash(self.digest(registry, **domain)).signature)


def logs(registry: Any) -> list[tuple[Any, ...]]:
    return [(type(event).__name__, *list(event)[1:]) for event in registry.get_logs(include_child_logs=False)]


@pytest.fixture(scope="package")
def base_registry() -> Any:
    return load("periphery/Operators.vy").deploy()


@pytest.fixture
def registry(base_registry: Any) -> Any:
    return base_registry


@pytest.fixture(scope="session")
def pool() -> Any:
    return boa.env.generate_address("pool")


@pytest.fixture(scope="session")
def operator() -> Any:
    return boa.env.generate_address("operator")


@pytest.fixture
def order(pool: Any, operator: Any) -> Order:
    return Order(pool, SIGNER.address, operator)
