# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title PositionVault
@license MIT
@notice A contract that holds positions: it answers a safe transfer as you set, may make calls the moment a position arrives, and signs by EIP-1271.
@dev For tests only.
"""


event Received:
    operator: address
    sender: address
    tokenId: uint256
    data: Bytes[1024]


RECEIVED: constant(bytes4) = 0x150b7a02
VALID_SIGNATURE: constant(bytes4) = 0x1626ba7e

answer: bytes4
calls: DynArray[Bytes[512], 4]
# The digest that counts as signed, and the signature that was expected with it
digest: bytes32
signature: Bytes[65]


@deploy
def __init__():
    self.answer = RECEIVED


@external
@payable
def __default__():
    pass


@external
def set_answer(answer: bytes4):
    self.answer = answer


@external
def set_calls(calls: DynArray[Bytes[512], 4]):
    self.calls = calls


@external
def sign(digest: bytes32, signature: Bytes[65]):
    self.digest = digest
    self.signature = signature


@external
def make(target: address, payload: Bytes[1024]) -> Bytes[512]:
    return raw_call(target, payload, max_outsize=512)


@external
def onERC721Received(operator: address, sender: address, tokenId: uint256, data: Bytes[1024]) -> bytes4:
    for call: Bytes[512] in self.calls:
        raw_call(msg.sender, call)
    log Received(operator=operator, sender=sender, tokenId=tokenId, data=data)
    return self.answer


@view
@external
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    if digest == self.digest and signature == self.signature:
        return VALID_SIGNATURE
    return empty(bytes4)
