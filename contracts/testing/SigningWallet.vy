# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title SigningWallet
@license MIT
@notice A wallet that is a contract: it signs by ERC-1271, with whatever it is told to answer, and makes any call. It takes no coin.
@dev For tests only.
"""

VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e

# The digest that counts as signed, and the signature that was expected with it
digest: bytes32
signature: Bytes[1024]
answer: Bytes[64]
reverts: bool


@deploy
def __init__():
    self.answer = abi_encode(VALID_SIGNATURE)


@external
def sign(digest: bytes32, signature: Bytes[1024]):
    self.digest = digest
    self.signature = signature


@external
def set_answer(answer: Bytes[64], reverts: bool):
    """
    @notice What isValidSignature answers from now on to what was signed, or reverts with
    """
    self.answer = answer
    self.reverts = reverts


@external
@payable
def make(target: address, payload: Bytes[4096]) -> Bytes[512]:
    """
    @notice Make a call as this contract, with the coin that came along; its answer, or its failure, is this call's
    """
    return raw_call(target, payload, max_outsize=512, value=msg.value)


@view
@external
@raw_return
def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> Bytes[64]:
    if digest != self.digest or signature != self.signature:
        return abi_encode(0xffffffff)
    if self.reverts:
        raw_revert(self.answer)
    return self.answer
