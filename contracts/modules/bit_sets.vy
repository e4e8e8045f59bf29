# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Sets of up to 128 small numbers, one bit each
@license MIT
"""

# ---------------------------------------------------------------- constants

# The powers of two from 2^0 to 2^31 differ modulo 37: six bits at 6 * (2^k % 37) hold k.
EXPONENTS: constant(uint256) = 1927099591673202653400830979024622892061803801320520572166761615360

# ---------------------------------------------------------------- internals


@internal
@pure
def _lowest(members: uint256) -> uint256:
    """
    @notice The smallest member of a set that is not empty
    """
    rest: uint256 = members
    position: uint256 = 0
    for _: uint256 in range(4):
        if rest & (2**32 - 1) != 0:
            break
        rest = rest >> 32
        position = unsafe_add(position, 32)
    single: uint256 = rest & unsafe_sub(0, rest)
    return unsafe_add(position, (EXPONENTS >> unsafe_mul(6, single % 37)) & 63)


@internal
@pure
def _count(members: uint256) -> uint256:
    """
    @dev One round a member: for sets that are kept small.
    """
    rest: uint256 = members
    total: uint256 = 0
    for _: uint256 in range(128):
        if rest == 0:
            break
        rest = rest & unsafe_sub(rest, 1)
        total = unsafe_add(total, 1)
    return total
