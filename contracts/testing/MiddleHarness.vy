# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title middle as a contract
@license MIT
"""

from contracts.modules import middle


@external
@pure
@reentrant
def middle_of(values: uint256[10]) -> (uint256, uint256):
    return middle._middle(values)
