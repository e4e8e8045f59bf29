import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.pair_world import START, ZERO, set_time
from tests.unit.pair.conftest import logs, reverts

MAX = 2**256 - 1
SIGNER = Account.from_key(keccak(text="permit"))
DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"


def domain_of(pair, chain_id):
    hashes = [keccak(text=text) for text in (DOMAIN, "Plimsoll Pair", "1")]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], [*hashes, chain_id, pair.address]))


def signed(pair, spender, amount, nonce, deadline, chain_id=None, account=SIGNER, owner=SIGNER.address):
    fields = [keccak(text=PERMIT), owner, str(spender), amount, nonce, deadline]
    struct = keccak(encode(["bytes32", "address", "address", "uint256", "uint256", "uint256"], fields))
    domain = domain_of(pair, boa.env.evm.patch.chain_id if chain_id is None else chain_id)
    signature = account.unsafe_sign_hash(keccak(b"\x19\x01" + domain + struct))
    return signature.v, signature.r.to_bytes(32, "big"), signature.s.to_bytes(32, "big")


def test_permit__typehash_and_domain__are_those_of_the_standard(market):
    assert market.pair.PERMIT_TYPEHASH() == keccak(text=PERMIT)
    assert market.pair.DOMAIN_SEPARATOR() == domain_of(market.pair, boa.env.evm.patch.chain_id)


@pytest.mark.parametrize("amount, deadline", [(5, START), (MAX, MAX), (0, START + 1)])
def test_permit__signed_by_the_owner__approves_once(market, borrower, attacker, amount, deadline):
    set_time(START)
    signature = signed(market.pair, borrower, amount, 0, deadline)
    market.pair.permit(SIGNER.address, borrower, amount, deadline, *signature, sender=attacker)
    assert logs(market.pair) == [("Approval", SIGNER.address, borrower, amount)]
    assert market.pair.allowance(SIGNER.address, borrower) == amount
    assert market.pair.nonces(SIGNER.address) == 1
    with reverts("INVALID_SIGNATURE"):
        market.pair.permit(SIGNER.address, borrower, amount, deadline, *signature)
    market.pair.permit(SIGNER.address, borrower, 9, deadline, *signed(market.pair, borrower, 9, 1, deadline))


def test_permit__after_the_deadline__reverts(market, borrower):
    signature = signed(market.pair, borrower, 5, 0, START)
    set_time(START + 1)
    with reverts("EXPIRED"):
        market.pair.permit(SIGNER.address, borrower, 5, START, *signature)


def test_permit__anything_changed__reverts(market, borrower, attacker):
    v, r, s = signed(market.pair, borrower, 5, 0, MAX)
    for arguments in (
        (attacker, borrower, 5, MAX, v, r, s),
        (SIGNER.address, attacker, 5, MAX, v, r, s),
        (SIGNER.address, borrower, 6, MAX, v, r, s),
        (SIGNER.address, borrower, 5, MAX - 1, v, r, s),
        (SIGNER.address, borrower, 5, MAX, 55 - v, r, s),
        (SIGNER.address, borrower, 5, MAX, v, s, r),
        (SIGNER.address, borrower, 5, MAX, 0, r, s),
    ):
        with reverts("INVALID_SIGNATURE"):
            market.pair.permit(*arguments)
    assert market.pair.nonces(SIGNER.address) == 0


def test_permit__for_the_zero_address__reverts(market, attacker):
    """A bad signature recovers to zero, and the zero address holds the minimum liquidity."""
    for v in (0, 27, 255):
        with reverts("INVALID_SIGNATURE"):
            market.pair.permit(ZERO, attacker, 1000, MAX, v, bytes(32), bytes(32))


def test_permit__other_pair__reverts(new_market, borrower):
    first, second = new_market(), new_market()
    with reverts("INVALID_SIGNATURE"):
        second.pair.permit(SIGNER.address, borrower, 5, MAX, *signed(first.pair, borrower, 5, 0, MAX))


def test_permit__chain_has_split__counts_on_its_own_side_alone(market, borrower):
    chain_id = boa.env.evm.patch.chain_id
    signature = signed(market.pair, borrower, 5, 0, MAX, chain_id)
    boa.env.evm.patch.chain_id = chain_id + 1
    try:
        assert market.pair.DOMAIN_SEPARATOR() == domain_of(market.pair, chain_id + 1)
        with reverts("INVALID_SIGNATURE"):
            market.pair.permit(SIGNER.address, borrower, 5, MAX, *signature)
        market.pair.permit(SIGNER.address, borrower, 5, MAX, *signed(market.pair, borrower, 5, 0, MAX, chain_id + 1))
    finally:
        boa.env.evm.patch.chain_id = chain_id
