# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title PermitAllToken
@license MIT
@notice A token with permits, of DAI's kind: everything or nothing. What is signed is simpler than there. For tests only.
"""

from contracts.testing import TestToken as token

initializes: token
exports: token.__interface__

nonces: public(HashMap[address, uint256])


@deploy
def __init__(name: String[32], symbol: String[16], token_decimals: uint8):
    token.__init__(name, symbol, token_decimals)


@external
def permit(holder: address, spender: address, nonce: uint256, expiry: uint256, allowed: bool, v: uint8, r: bytes32, s: bytes32):
    assert block.timestamp <= expiry, "permit: expired"
    assert nonce == self.nonces[holder], "permit: nonce"
    assert holder == ecrecover(keccak256(abi_encode(holder, spender, nonce, expiry, allowed)), v, r, s), "permit: signature"
    self.nonces[holder] += 1
    token.allowance[holder][spender] = max_value(uint256) if allowed else 0
