from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.unit.reserve_vault.conftest import USD, events
from tests.vault_world import VaultWorld

MAX = 2**256 - 1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ZERO = "0x" + "00" * 20
SIGNER = Account.from_key(keccak(text="vault permit"))
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"


def domain_of(vault: Any, chain_id: int) -> bytes:
    hashes = [keccak(text=text) for text in (DOMAIN, "Plimsoll USD", "1")]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*hashes, chain_id, vault.address]))


def signed(v: VaultWorld, spender: str, amount: int, nonce: int, deadline: int, chain_id: int | None = None) -> tuple[int, bytes, bytes]:
    fields = [keccak(text=PERMIT), SIGNER.address, str(v.world.address[spender]), amount, nonce, deadline]
    struct = keccak(encode(["bytes32", "address", "address", "uint256", "uint256", "uint256"], fields))
    domain = domain_of(v.vault, chain_id or boa.env.evm.patch.chain_id)
    signature = SIGNER.unsafe_sign_hash(keccak(b"\x19\x01" + domain + struct))
    return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def permit(v: VaultWorld, spender: str, amount: int, deadline: int, signature: tuple[int, bytes, bytes], owner: str = SIGNER.address) -> None:
    with boa.env.prank(v.world.address["attacker"]):
        v.vault.permit(owner, v.world.address[spender], amount, deadline, *signature)


def test_domain__of_the_vault__is_that_of_the_standards(v: VaultWorld) -> None:
    chain_id = boa.env.evm.patch.chain_id
    assert v.vault.DOMAIN_SEPARATOR() == domain_of(v.vault, chain_id)
    assert v.vault.eip712Domain() == (b"\x0f", "Plimsoll USD", "1", chain_id, v.vault.address, bytes(32), [])


@pytest.mark.parametrize("amount, ahead", [(5, 0), (MAX, 2**200), (0, 1)])
def test_permit__signed_by_the_owner__approves_once(v: VaultWorld, amount: int, ahead: int) -> None:
    deadline = v.chain.timestamp + ahead
    v.world.address["signer"] = SIGNER.address
    signature = signed(v, "keeper", amount, 0, deadline)
    permit(v, "keeper", amount, deadline, signature)
    assert events(v) == [("Approval", "signer", "keeper", amount)]
    assert v.vault.allowance(SIGNER.address, v.world.address["keeper"]) == amount
    assert v.vault.nonces(SIGNER.address) == 1
    with boa.reverts("vault: bad signature"):
        permit(v, "keeper", amount, deadline, signature)
    permit(v, "keeper", 9, deadline, signed(v, "keeper", 9, 1, deadline))
    assert v.vault.allowance(SIGNER.address, v.world.address["keeper"]) == 9


def test_permit__then_redeem_by_the_spender__in_two_steps(v: VaultWorld) -> None:
    v.world.address["signer"] = SIGNER.address
    v.deposit("lender", 100 * USD, "signer")
    permit(v, "keeper", v.balance("signer"), MAX, signed(v, "keeper", v.balance("signer"), 0, MAX))
    v.allowances["signer", "keeper"] = v.balance("signer")
    v.redeem("keeper", v.balance("signer"), owner="signer")
    assert v.world.balance("keeper", "USD") == 100 * USD - 1
    v.check()


def test_permit__after_the_deadline__is_refused(v: VaultWorld) -> None:
    deadline = v.chain.timestamp
    signature = signed(v, "keeper", 5, 0, deadline)
    v.world.travel(1)
    with boa.reverts("vault: expired"):
        permit(v, "keeper", 5, deadline, signature)


def test_permit__anything_changed__is_refused(v: VaultWorld) -> None:
    parity, r, s = signed(v, "keeper", 5, 0, MAX)
    for arguments in (
        ("attacker", 5, MAX, (parity, r, s)),
        ("keeper", 6, MAX, (parity, r, s)),
        ("keeper", 5, MAX - 1, (parity, r, s)),
        ("keeper", 5, MAX, signed(v, "keeper", 5, 1, MAX)),
        ("keeper", 5, MAX, (55 - parity, r, s)),
    ):
        with boa.reverts("vault: bad signature"):
            permit(v, *arguments)
    with boa.reverts("vault: bad signature"):
        permit(v, "keeper", 5, MAX, (parity, r, s), owner=v.world.address["lender"])
    assert v.vault.nonces(SIGNER.address) == 0


def test_permit__second_form_of_the_signature__is_refused(v: VaultWorld) -> None:
    """Whoever sees one signature can make another of it, with s on the other half of the curve."""
    parity, r, s = signed(v, "keeper", 5, 0, MAX)
    other = (55 - parity, r, (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big"))
    with boa.reverts("ecdsa: invalid signature `s` value"):
        permit(v, "keeper", 5, MAX, other)
    permit(v, "keeper", 5, MAX, (parity, r, s))


@pytest.mark.parametrize("parity", [0, 1, 26, 29, 255])
def test_permit__no_signature_at_all__is_refused_for_the_zero_address_too(v: VaultWorld, parity: int) -> None:
    """A bad signature recovers to zero."""
    _, r, s = signed(v, "keeper", 5, 0, MAX)
    for owner in (ZERO, SIGNER.address):
        with boa.reverts("ecdsa: invalid signature"):
            permit(v, "keeper", 5, MAX, (parity, r, s), owner=owner)
        with boa.reverts("ecdsa: invalid signature"):
            permit(v, "keeper", 5, MAX, (27, bytes(32), bytes(32)), owner=owner)


def test_permit__for_the_vault_of_another_reserve__is_refused(v: VaultWorld) -> None:
    other = VaultWorld(v.world.copy(), "ETH", v.factory)
    signature = signed(v, "keeper", 5, 0, MAX)
    with boa.reverts("vault: bad signature"):
        other.vault.permit(SIGNER.address, v.world.address["keeper"], 5, MAX, *signature)


def test_permit__chain_has_split__counts_on_its_own_side_alone(v: VaultWorld) -> None:
    chain_id = boa.env.evm.patch.chain_id
    signature = signed(v, "keeper", 5, 0, MAX)
    boa.env.evm.patch.chain_id = chain_id + 1
    try:
        assert v.vault.DOMAIN_SEPARATOR() == domain_of(v.vault, chain_id + 1)
        with boa.reverts("vault: bad signature"):
            permit(v, "keeper", 5, MAX, signature)
        permit(v, "keeper", 5, MAX, signed(v, "keeper", 5, 0, MAX, chain_id + 1))
    finally:
        boa.env.evm.patch.chain_id = chain_id
