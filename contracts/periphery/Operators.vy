# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Operators
@license MIT
@notice Who may act for an account in which pool (see IOperators)
"""

# ---------------------------------------------------------------- imports

# Signatures of accounts without code; refuses the second form (high s)
from snekmate.utils import ecdsa

# The domain of signatures, rebuilt when the chain id changes
from snekmate.utils import eip712_domain_separator

from interfaces import IOperators

initializes: eip712_domain_separator

implements: IOperators

exports: eip712_domain_separator.eip712Domain

# ---------------------------------------------------------------- constants

TYPEHASH: constant(bytes32) = keccak256(
    "SetOperator(address pool,address account,address operator,bool approved,uint256 nonce,uint256 deadline)"
)
# Selector of isValidSignature, and its answer if so (ERC-1271)
VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e

MAX_NONCE: constant(uint256) = 2**128

# ---------------------------------------------------------------- storage

# by pool, account, operator
is_operator: public(reentrant(HashMap[address, HashMap[address, HashMap[address, bool]]]))
nonces: public(reentrant(HashMap[address, uint256]))

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    eip712_domain_separator.__init__("Plimsoll Operators", "1")


# ---------------------------------------------------------------- external


@external
def set_operator(pool: address, operator: address, approved: bool):
    if not approved:
        # A signature that is about could undo it.
        self._use_nonces(msg.sender, self.nonces[msg.sender] + 1)
    self._set(pool, msg.sender, operator, approved)


@external
def set_operator_by_signature(
    pool: address, account: address, operator: address, approved: bool, nonce: uint256, deadline: uint256, signature: Bytes[1024]
):
    assert block.timestamp <= deadline, "operators: expired"
    assert nonce == self.nonces[account], "operators: bad nonce"
    digest: bytes32 = eip712_domain_separator._hash_typed_data_v4(
        keccak256(abi_encode(TYPEHASH, pool, account, operator, approved, nonce, deadline))
    )
    assert self._is_signed(account, digest, signature), "operators: bad signature"
    self._use_nonces(account, nonce + 1)
    self._set(pool, account, operator, approved)


@external
def use_nonces(next_nonce: uint256):
    # The limit keeps the next one within reach for ever: to revoke takes it.
    assert self.nonces[msg.sender] < next_nonce and next_nonce <= MAX_NONCE, "operators: bad nonce"
    self._use_nonces(msg.sender, next_nonce)


# ---------------------------------------------------------------- external views


@view
@external
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    return eip712_domain_separator._domain_separator_v4()


# ---------------------------------------------------------------- internals


@internal
def _set(pool: address, account: address, operator: address, approved: bool):
    self.is_operator[pool][account][operator] = approved
    log IOperators.OperatorSet(pool=pool, account=account, operator=operator, approved=approved)


@internal
def _use_nonces(account: address, next_nonce: uint256):
    self.nonces[account] = next_nonce
    log IOperators.NoncesUsed(account=account, next_nonce=next_nonce)


@internal
@view
def _is_signed(account: address, digest: bytes32, signature: Bytes[1024]) -> bool:
    """
    @dev snekmate's signature_checker, but for the length: a wallet of several owners has several signatures in one.
    """
    if account.is_contract:
        success: bool = False
        answer: Bytes[32] = b""
        success, answer = raw_call(
            account,
            abi_encode(digest, signature, method_id=VALID_SIGNATURE),
            max_outsize=32,
            is_static_call=True,
            revert_on_failure=False,
        )
        return success and len(answer) == 32 and convert(answer, bytes32) == convert(VALID_SIGNATURE, bytes32)
    # Of any other length the zero address is recovered, whose dead shares would then be anybody's.
    return len(signature) == 65 and ecdsa._recover_sig(digest, slice(signature, 0, 65)) == account
