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
def of_ten(values: uint256[10]) -> (uint256, uint256):
    return middle._of_ten(values)


@external
@pure
@reentrant
def of_twenty(values: uint256[10], others: uint256[10]) -> (uint256, uint256):
    return middle._of_twenty(values, others)
