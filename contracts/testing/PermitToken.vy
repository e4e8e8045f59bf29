# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title PermitToken
@license MIT
@notice A token with permits, of ERC-2612's kind. What is signed is simpler than there. For tests only.
"""

from contracts.testing import TestToken as token

initializes: token
exports: token.__interface__

nonces: public(HashMap[address, uint256])


@deploy
def __init__(name: String[32], symbol: String[16], token_decimals: uint8):
    token.__init__(name, symbol, token_decimals)


@external
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    assert block.timestamp <= deadline, "permit: expired"
    digest: bytes32 = keccak256(abi_encode(owner, spender, amount, self.nonces[owner], deadline))
    assert owner == ecrecover(digest, v, r, s), "permit: signature"
    self.nonces[owner] += 1
    token.allowance[owner][spender] = amount
