# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title LyingToken
@license MIT
@notice A token whose balances are what you set, and whose transfers move nothing and answer what you set.
@dev For tests only: it brings a pool to any state in one call, and shows what a pool does with nonsense.
"""

balanceOf: public(reentrant(HashMap[address, uint256]))
answer: Bytes[64]
fails: bool


@deploy
def __init__():
    self.answer = abi_encode(True)


@external
def set_balance(account: address, amount: uint256):
    self.balanceOf[account] = amount


@external
def set_answer(answer: Bytes[64], fails: bool):
    """
    @notice What transfers answer from now on, or revert with
    """
    self.answer = answer
    self.fails = fails


@external
@raw_return
@reentrant
def transfer(to: address, amount: uint256) -> Bytes[64]:
    if self.fails:
        raw_revert(self.answer)
    return self.answer
