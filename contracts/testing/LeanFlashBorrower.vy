# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title LeanFlashBorrower
@license MIT
@notice Takes a flash loan, does nothing with it and lets the lender take it back: what a loan costs apart from its use
@dev For the gas bench only: it lets anybody borrow.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20

from interfaces import IFlashBorrower

implements: IFlashBorrower

# ---------------------------------------------------------------- constructor


@deploy
def __init__(lender: address, tokens: DynArray[address, 4]):
    for token: address in tokens:
        extcall IERC20(token).approve(lender, max_value(uint256))


# ---------------------------------------------------------------- external


@external
def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[4096]) -> bytes32:
    return keccak256("ERC3156FlashBorrower.onFlashLoan")
