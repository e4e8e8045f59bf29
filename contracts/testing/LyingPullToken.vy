# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title LyingPullToken
@license MIT
@notice A token whose transfers move nothing, and answer what you set, though its balances are what they are.
@dev For tests only.
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
answer: uint256


@external
def set(account: address, balance: uint256, answer: uint256):
    self.balanceOf[account] = balance
    self.answer = answer


@external
def transfer(to: address, amount: uint256) -> uint256:
    return self.answer


@external
def transferFrom(owner: address, to: address, amount: uint256) -> uint256:
    return self.answer
