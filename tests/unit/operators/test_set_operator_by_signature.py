from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.conftest import load
from tests.unit.operators.conftest import FOREVER, ORDER, SET_OPERATOR, SIGNER, Order, domain_of, logs

ZERO = "0x" + "00" * 20
VALID = bytes.fromhex("1626ba7e")


def test_domain__is_that_of_the_standard(registry: Any) -> None:
    assert registry.DOMAIN_SEPARATOR() == domain_of(registry)
    fields, name, version, chain_id, contract, salt, extensions = registry.eip712Domain()
    assert (fields, name, version) == (b"\x0f", "Plimsoll Operators", "1")
    assert (chain_id, contract, salt, extensions) == (boa.env.evm.patch.chain_id, registry.address, bytes(32), [])


def test_digest__is_what_a_wallet_signs_as_typed_data(registry: Any, order: Order) -> None:
    """eth_account's own encoding of the typed data against the one by hand."""
    typed = {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "SetOperator": [
                dict(zip(("type", "name"), part.split(" "), strict=True)) for part in SET_OPERATOR[SET_OPERATOR.index("(") + 1 : -1].split(",")
            ],
        },
        "primaryType": "SetOperator",
        "domain": {
            "name": "Plimsoll Operators",
            "version": "1",
            "chainId": boa.env.evm.patch.chain_id,
            "verifyingContract": str(registry.address),
        },
        "message": {
            "pool": str(order.pool),
            "account": str(order.account),
            "operator": str(order.operator),
            "approved": True,
            "nonce": 0,
            "deadline": FOREVER,
        },
    }
    signed = SIGNER.sign_typed_data(full_message=typed)
    assert bytes(signed.message_hash) == order.digest(registry)
    registry.set_operator_by_signature(*order.fields, bytes(signed.signature))
    assert registry.is_operator(order.pool, SIGNER.address, order.operator)


def test_signature__submitted_by_anybody__counts_once(registry: Any, order: Order, attacker: Any) -> None:
    signature = order.sign(registry)
    registry.set_operator_by_signature(*order.fields, signature, sender=attacker)
    assert logs(registry) == [
        ("NoncesUsed", SIGNER.address, 1),
        ("OperatorSet", order.pool, SIGNER.address, order.operator, True),
    ]
    assert registry.is_operator(order.pool, SIGNER.address, order.operator)
    assert registry.nonces(SIGNER.address) == 1
    with boa.reverts("operators: bad nonce"):
        registry.set_operator_by_signature(*order.fields, signature, sender=attacker)
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.but(nonce=1).fields, signature, sender=attacker)


def test_signature__of_a_revocation__revokes(registry: Any, order: Order) -> None:
    registry.set_operator_by_signature(*order.fields, order.sign(registry))
    revocation = order.but(approved=False, nonce=1)
    registry.set_operator_by_signature(*revocation.fields, revocation.sign(registry))
    assert not registry.is_operator(order.pool, SIGNER.address, order.operator)
    assert registry.nonces(SIGNER.address) == 2


@pytest.mark.parametrize("nonce", [1, 2, FOREVER])
def test_signature__of_a_later_nonce__waits_for_its_turn(registry: Any, order: Order, nonce: int) -> None:
    later = order.but(nonce=nonce)
    with boa.reverts("operators: bad nonce"):
        registry.set_operator_by_signature(*later.fields, later.sign(registry))


def test_signature__at_its_deadline__still_counts(registry: Any, order: Order) -> None:
    last = order.but(deadline=boa.env.timestamp)
    registry.set_operator_by_signature(*last.fields, last.sign(registry))
    assert registry.is_operator(order.pool, SIGNER.address, order.operator)


def test_signature__past_its_deadline__reverts(registry: Any, order: Order) -> None:
    late = order.but(deadline=boa.env.timestamp - 1)
    with boa.reverts("operators: expired"):
        registry.set_operator_by_signature(*late.fields, late.sign(registry))


@pytest.mark.parametrize("field", ["pool", "account", "operator", "approved", "deadline"])
def test_signature__with_a_field_changed__reverts(registry: Any, order: Order, attacker: Any, field: str) -> None:
    signature = order.sign(registry)
    other = {"approved": False, "deadline": FOREVER - 1}.get(field, attacker)
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.but(**{field: other}).fields, signature, sender=attacker)


def test_signature__of_somebody_else__reverts(registry: Any, order: Order) -> None:
    thief = Account.from_key(keccak(text="thief"))
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.fields, order.sign(registry, signer=thief))


@pytest.mark.parametrize("domain", [{"chain_id": 99}, {"name": "Plimsoll"}, {"version": "2"}])
def test_signature__of_another_domain__reverts(registry: Any, order: Order, domain: dict[str, Any]) -> None:
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.fields, order.sign(registry, **domain))


def test_signature__for_another_registry__reverts(registry: Any, order: Order) -> None:
    other = load("periphery/Operators.vy").deploy()
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.fields, order.sign(other))


def test_signature__after_the_chain_has_split__counts_on_its_own_side_alone(registry: Any, order: Order) -> None:
    before, here = order.sign(registry), boa.env.evm.patch.chain_id
    try:
        boa.env.evm.patch.chain_id = here + 1
        assert registry.DOMAIN_SEPARATOR() == domain_of(registry, here + 1) != domain_of(registry, here)
        with boa.reverts("operators: bad signature"):
            registry.set_operator_by_signature(*order.fields, before)
        registry.set_operator_by_signature(*order.fields, order.sign(registry))
    finally:
        boa.env.evm.patch.chain_id = here
    assert registry.is_operator(order.pool, SIGNER.address, order.operator)


# ---------------------------------------------------------------- bytes that are no signature


def test_signature__in_its_second_form__reverts(registry: Any, order: Order) -> None:
    """(r, n - s, the other v) is a signature of the same key as well."""
    signature = order.sign(registry)
    s, v = int.from_bytes(signature[32:64], "big"), signature[64]
    twin = signature[:32] + (ORDER - s).to_bytes(32, "big") + bytes([27 + 28 - v])
    with boa.reverts("ecdsa: invalid signature `s` value"):
        registry.set_operator_by_signature(*order.fields, twin)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: bytes(65),
        lambda signature: signature[:64] + b"\x00",
        lambda signature: signature[:64] + b"\x1d",
        lambda signature: bytes(32) + signature[32:],
        lambda signature: signature[:32] + bytes(32) + signature[64:],
    ],
)
def test_signature__that_nobody_can_have_made__reverts(registry: Any, order: Order, spoil: Callable[[bytes], bytes]) -> None:
    with boa.reverts("ecdsa: invalid signature"):
        registry.set_operator_by_signature(*order.fields, spoil(order.sign(registry)))


def compact(signature: bytes) -> bytes:
    """ERC-2098"""
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda s: s[:1], lambda s: s[:63], compact, lambda s: s + b"\x00", lambda s: s + s])
@pytest.mark.parametrize("account", [SIGNER.address, ZERO])
def test_signature__of_any_other_length__reverts(registry: Any, order: Order, spoil: Callable[[bytes], bytes], account: str) -> None:
    """The zero address holds the dead shares of each reserve: nobody's signature is not his."""
    claim = order.but(account=account)
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*claim.fields, spoil(claim.sign(registry)))
    assert not registry.is_operator(order.pool, account, order.operator)


@pytest.mark.parametrize("account", [ZERO, "0x" + "00" * 19 + "01"])
@pytest.mark.parametrize("signature", [bytes(65), b"\x01" * 65])
def test_signature__for_the_zero_address_or_a_precompile__reverts(registry: Any, order: Order, account: str, signature: bytes) -> None:
    claim = order.but(account=account)
    with boa.reverts():
        registry.set_operator_by_signature(*claim.fields, signature)
    assert not registry.is_operator(order.pool, account, order.operator)


# ---------------------------------------------------------------- wallets that are contracts


@pytest.fixture
def wallet() -> Any:
    return load("testing/SigningWallet.vy").deploy()


@pytest.mark.parametrize("length", [0, 64, 65, 195, 1024])
def test_wallet__confirms__its_signature_counts_once(registry: Any, order: Order, wallet: Any, length: int) -> None:
    """Of whatever length: three owners of a Safe make 195 bytes."""
    own, signature = order.but(account=wallet.address), b"\x5a" * length
    wallet.sign(own.digest(registry), signature)
    registry.set_operator_by_signature(*own.fields, signature)
    assert registry.is_operator(order.pool, wallet.address, order.operator)
    with boa.reverts("operators: bad nonce"):
        registry.set_operator_by_signature(*own.fields, signature)


def test_wallet__has_signed_something_else__reverts(registry: Any, order: Order, wallet: Any, attacker: Any) -> None:
    own = order.but(account=wallet.address)
    wallet.sign(own.digest(registry), b"\x5a" * 65)
    for fields, signature in (
        (own.but(operator=attacker).fields, b"\x5a" * 65),
        (own.fields, b"\x5b" * 65),
        (own.fields, b"\x5a" * 64),
    ):
        with boa.reverts("operators: bad signature"):
            registry.set_operator_by_signature(*fields, signature)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        VALID,
        encode(["bytes4"], [VALID])[:31],
        encode(["bool"], [True]),
        encode(["bytes4"], [b"\xff" * 4]),
        VALID + b"\x01" * 28,
        bytes(28) + VALID,
    ],
)
def test_wallet__answers_anything_else__reverts(registry: Any, order: Order, wallet: Any, answer: bytes) -> None:
    own = order.but(account=wallet.address)
    wallet.sign(own.digest(registry), b"")
    wallet.set_answer(answer, False)
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*own.fields, b"")


def test_wallet__reverts_with_the_right_answer__is_no_signature(registry: Any, order: Order, wallet: Any) -> None:
    own = order.but(account=wallet.address)
    wallet.sign(own.digest(registry), b"")
    wallet.set_answer(encode(["bytes4"], [VALID]), True)
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*own.fields, b"")


def test_contract__that_is_no_wallet__has_no_signature(registry: Any, order: Order) -> None:
    token = load("testing/WrappedNative.vy").deploy()  # answers any call, with nothing
    for contract in (token, registry):
        with boa.reverts("operators: bad signature"):
            registry.set_operator_by_signature(*order.but(account=contract.address).fields, order.sign(registry))


def test_account_with_code__its_key_alone_does_not_sign(registry: Any, order: Order) -> None:
    """A key whose address carries code (EIP-7702) speaks through the code."""
    boa.env.set_code(SIGNER.address, boa.env.get_code(load("testing/SigningWallet.vy").deploy().address))
    with boa.reverts("operators: bad signature"):
        registry.set_operator_by_signature(*order.fields, order.sign(registry))
