# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title floats as a contract
@license MIT
"""

from contracts.modules import floats


@external
@pure
@reentrant
def down(number: uint256, bits: uint256) -> uint256:
    return floats._down(number, bits)


@external
@pure
@reentrant
def up(number: uint256, bits: uint256) -> uint256:
    return floats._up(number, bits)


@external
@pure
@reentrant
def number_of(code: uint256, bits: uint256) -> uint256:
    return floats._value(code, bits)
