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
def sorted(values: uint256[10], mask: uint256, bits: uint256) -> uint256[10]:
    return middle._sorted(values, mask, bits)


@external
@pure
@reentrant
def of_both(v: uint256[10], w: uint256[10]) -> (uint256, uint256):
    return middle._of_both(v, w)
