# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title bounded_calls as a contract
@license MIT
"""

from contracts.modules import bounded_calls


@external
@view
@reentrant
def ask_word(target: address, data: Bytes[36]) -> (bool, uint256):
    return bounded_calls._ask_word(target, data)


@external
@view
@reentrant
def check_gas(success: bool, given: uint256) -> uint256:
    """
    @notice The gas left after the check
    """
    bounded_calls._check_gas(success, given)
    return msg.gas
