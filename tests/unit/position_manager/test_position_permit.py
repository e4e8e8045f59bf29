"""permit of positions, by key and by contract; permits of tokens"""

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.conftest import load
from tests.pair_world import START, ZERO, set_time
from tests.unit.position_manager.conftest import FOREVER, MAX, logs

SIGNER = Account.from_key(keccak(text="position permit"))
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
PERMIT = "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)"


def domain_of(manager, chain_id=None):
    hashes = [keccak(text=text) for text in (DOMAIN, "Plimsoll Positions", "1")]
    chain_id = boa.env.evm.patch.chain_id if chain_id is None else chain_id
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*hashes, chain_id, manager.address]))


def digest_of(manager, spender, token_id, nonce, deadline, chain_id=None):
    fields = [keccak(text=PERMIT), str(spender), token_id, nonce, deadline]
    struct = keccak(encode(["bytes32", "address", "uint256", "uint256", "uint256"], fields))
    return keccak(b"\x19\x01" + domain_of(manager, chain_id) + struct)


def parts(signature):
    return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def signed(*args, account=SIGNER, **kwargs):
    return parts(account.unsafe_sign_hash(digest_of(*args, **kwargs)))


@pytest.fixture
def token_id(market):
    return market.mint(recipient=SIGNER.address)


def test_permit__typehash_and_domain__are_those_of_the_standard(market):
    assert market.manager.PERMIT_TYPEHASH() == keccak(text=PERMIT)
    assert market.manager.DOMAIN_SEPARATOR() == domain_of(market.manager)


def test_permit__signed_by_the_owner__approves_once(market, borrower, attacker, token_id):
    manager = market.manager
    signature = signed(manager, borrower, token_id, 0, START)
    manager.permit(borrower, token_id, START, *signature, sender=attacker)
    assert logs(manager) == [("Approval", SIGNER.address, borrower, token_id)]
    position = market.position(token_id)
    assert (position.nonce, position.operator, manager.getApproved(token_id)) == (1, borrower, borrower)
    with boa.reverts("Unauthorized"):
        manager.permit(borrower, token_id, START, *signature)
    # The nonce stays when the approval is used up
    manager.transferFrom(SIGNER.address, borrower, token_id, sender=borrower)
    assert (market.position(token_id).nonce, market.position(token_id).operator) == (1, ZERO)
    with boa.reverts("Unauthorized"):
        manager.permit(attacker, token_id, START, *signed(manager, attacker, token_id, 1, START))


def test_permit__after_the_deadline__reverts(market, borrower, token_id):
    signature = signed(market.manager, borrower, token_id, 0, START)
    set_time(START + 1)
    with boa.reverts("Permit expired"):
        market.manager.permit(borrower, token_id, START, *signature)


def test_permit__anything_changed__reverts(market, borrower, attacker, token_id):
    manager = market.manager
    other = market.mint(recipient=SIGNER.address)
    v, r, s = signed(manager, borrower, token_id, 0, MAX)
    for args in (
        (attacker, token_id, MAX, v, r, s),
        (borrower, other, MAX, v, r, s),
        (borrower, token_id, MAX - 1, v, r, s),
        (borrower, token_id, MAX, 55 - v, r, s),
        (borrower, token_id, MAX, *signed(manager, borrower, token_id, 1, MAX)),
        (borrower, token_id, MAX, *signed(manager, borrower, token_id, 0, MAX, chain_id=99)),
        (borrower, token_id, MAX, *signed(manager, borrower, token_id, 0, MAX, account=Account.from_key(keccak(text="else")))),
    ):
        with boa.reverts("Unauthorized"):
            manager.permit(*args)
    with boa.reverts("Invalid signature"):
        manager.permit(borrower, token_id, MAX, 0, r, s)
    with boa.reverts("ERC721Permit: approval to current owner"):
        manager.permit(SIGNER.address, token_id, MAX, *signed(manager, SIGNER.address, token_id, 0, MAX))
    with boa.reverts("ERC721: owner query for nonexistent token"):
        manager.permit(borrower, other + 1, MAX, *signed(manager, borrower, other + 1, 0, MAX))
    assert market.position(token_id).nonce == 0


def test_permit__owner_is_a_contract__is_asked_for_its_signature(market, borrower):
    """EIP-1271: r, s and v in one, which need not be a signature of the curve."""
    vault = load("testing/PositionVault.vy").deploy()
    token_id = market.mint(recipient=vault.address)
    digest = digest_of(market.manager, borrower, token_id, 0, FOREVER)
    v, r, s = 27, keccak(text="r"), keccak(text="s")
    with boa.reverts("Unauthorized"):
        market.manager.permit(borrower, token_id, FOREVER, v, r, s)
    vault.sign(digest, r + s + bytes([v]))
    with boa.reverts("Unauthorized"):
        market.manager.permit(borrower, token_id, FOREVER, 28, r, s)
    market.manager.permit(borrower, token_id, FOREVER, v, r, s)
    assert market.manager.getApproved(token_id) == borrower
    with boa.reverts("Unauthorized"):
        market.manager.permit(borrower, token_id, FOREVER, v, r, s)


# ---------------------------------------------------------------- permits of tokens


def token_signature(types, *fields):
    return parts(SIGNER.unsafe_sign_hash(keccak(encode(types.split(), fields))))


@pytest.fixture
def permit_token():
    return load("testing/PermitToken.vy").deploy("Permit", "PMT", 18)


@pytest.fixture
def permit_all_token():
    return load("testing/PermitAllToken.vy").deploy("Permit all", "PMA", 18)


def test_self_permit__signed_by_the_caller__approves(market, permit_token, attacker):
    manager = market.manager
    signature = token_signature("address address uint256 uint256 uint256", SIGNER.address, manager.address, 70, 0, START)
    with boa.reverts("permit: signature"):
        manager.selfPermit(permit_token, 70, START, *signature, sender=attacker)
    manager.selfPermit(permit_token, 70, START, *signature, sender=SIGNER.address)
    assert permit_token.allowance(SIGNER.address, manager) == 70


def test_self_permit_if_necessary__submitted_by_somebody_before__goes_on(market, permit_token, attacker):
    manager = market.manager
    signature = token_signature("address address uint256 uint256 uint256", SIGNER.address, manager.address, 70, 0, START)
    permit_token.permit(SIGNER.address, manager, 70, START, *signature, sender=attacker)
    with boa.reverts("permit: signature"):
        manager.selfPermit(permit_token, 70, START, *signature, sender=SIGNER.address)
    manager.selfPermitIfNecessary(permit_token, 70, START, *signature, sender=SIGNER.address)
    # More than that is not there
    with boa.reverts("permit: signature"):
        manager.selfPermitIfNecessary(permit_token, 71, START, *signature, sender=SIGNER.address)
    more = token_signature("address address uint256 uint256 uint256", SIGNER.address, manager.address, 71, 1, START)
    manager.selfPermitIfNecessary(permit_token, 71, START, *more, sender=SIGNER.address)
    assert permit_token.allowance(SIGNER.address, manager) == 71


def test_self_permit_allowed__of_dais_kind__approves_everything(market, permit_all_token, attacker):
    manager, types = market.manager, "address address uint256 uint256 bool"
    signature = token_signature(types, SIGNER.address, manager.address, 0, START, True)
    with boa.reverts("permit: signature"):
        manager.selfPermitAllowed(permit_all_token, 0, START, *signature, sender=attacker)
    manager.selfPermitAllowedIfNecessary(permit_all_token, 0, START, *signature, sender=SIGNER.address)
    assert permit_all_token.allowance(SIGNER.address, manager) == MAX
    with boa.reverts("permit: nonce"):
        manager.selfPermitAllowed(permit_all_token, 0, START, *signature, sender=SIGNER.address)
    manager.selfPermitAllowedIfNecessary(permit_all_token, 0, START, *signature, sender=SIGNER.address)
    again = token_signature(types, SIGNER.address, manager.address, 1, START, True)
    manager.selfPermitAllowed(permit_all_token, 1, START, *again, sender=SIGNER.address)
    assert permit_all_token.nonces(SIGNER.address) == 2
