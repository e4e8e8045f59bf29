# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title floats
@license MIT
@notice Numbers of 256 bits in 27, 28 or 32: exponent, 8 bits | mantissa, 19, 20 or 24 bits; value = mantissa * 2^exponent
@dev The exponent is the least that will do, so that the codes are in the order of their values. A number that fits the mantissa is kept
     exactly, others to one part in 2^18 (2^19, 2^23) on the side that the name says.
"""

# ---------------------------------------------------------------- imports

# for the highest bit
from contracts.modules import tick_math

# ---------------------------------------------------------------- internals


@internal
@pure
def _down(number: uint256, bits: uint256) -> uint256:
    """
    @notice The code of the greatest float up to `number`
    @param bits Of the mantissa
    """
    high: uint256 = unsafe_add(tick_math._highest_bit(number), 1)
    if high <= bits:
        return number
    exponent: uint256 = unsafe_sub(high, bits)
    return (exponent << bits) | (number >> exponent)


@internal
@pure
def _up(number: uint256, bits: uint256) -> uint256:
    """
    @notice The code of the least float from `number` on, which is below 2^255
    """
    code: uint256 = self._down(number, bits)
    exponent: uint256 = code >> bits
    if (number >> exponent) << exponent == number:
        return code
    # A mantissa of all ones turns over into the next exponent, where it is half as large
    if (unsafe_add(code, 1) >> bits) != exponent:
        return (unsafe_add(exponent, 1) << bits) | (1 << unsafe_sub(bits, 1))
    return unsafe_add(code, 1)


@internal
@pure
def _value(code: uint256, bits: uint256) -> uint256:
    exponent: uint256 = code >> bits
    return (code ^ (exponent << bits)) << exponent
