# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Token transfers that move exactly what was asked, or revert
@license MIT
@dev Tokens that return nothing are accepted.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20

from contracts.modules import reasons

# ---------------------------------------------------------------- internals


@internal
def _pull(token: address, payer: address, amount: uint256):
    """
    @dev The books were credited with `amount` already: a token that takes a fee would leave them short.
    """
    before: uint256 = staticcall IERC20(token).balanceOf(self)
    if not extcall IERC20(token).transferFrom(payer, self, amount, default_return_value=True, skip_contract_check=True):
        reasons._refuse("pool: transfer failed")
    # A difference, because tokens may have been sent here before; wrapping, because an inequality is all that counts.
    if unsafe_sub(staticcall IERC20(token).balanceOf(self), before) != amount:
        reasons._refuse("pool: fee on transfer")


@internal
def _push(token: address, receiver: address, amount: uint256):
    if not extcall IERC20(token).transfer(receiver, amount, default_return_value=True, skip_contract_check=True):
        reasons._refuse("pool: transfer failed")
