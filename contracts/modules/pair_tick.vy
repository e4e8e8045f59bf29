# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title pair_tick
@license MIT
@notice The tick of two reserves: floor(log_1.0001(reserve1 / reserve0))
@dev Glossary
       q    larger reserve / smaller reserve, 128 binary places
       e    floor(log2(q))
"""

# The logarithm
from contracts.modules import tick_log

# 2**-48 of a tick: lifts a ratio that is a power of 1.0001 exactly (1:1, 10001:10000, ...) over the error above.
# So a ratio that lies below such a power by less than 2**-47 of a tick may count as that power.
BIAS_X64: constant(int256) = 2**16

# floor(log2(n)) for n from 1 to 15, two bits each, at bit 2 * n: 0xffffaa50
LOG2_OF_16: constant(uint256) = 4_294_945_360


@internal
@pure
def _tick(reserve0: uint256, reserve1: uint256) -> int256:
    """
    @dev Both reserves are nonzero and below 2**112. All arithmetic is unchecked; the bounds are in the comments.
    """
    # 2**96 <= q < 2**208. The larger over the smaller, so that no precision is lost where the ratio is small.
    q: uint256 = 0
    if reserve1 < reserve0:
        q = unsafe_div(reserve0 << 96, reserve1)
    else:
        q = unsafe_div(reserve1 << 96, reserve0)

    whole: uint256 = q >> 96
    e: uint256 = 0
    if whole >= 2**16:
        e = convert(whole >= 2**64, uint256) << 6
        e |= convert((whole >> e) >= 2**32, uint256) << 5
        e |= convert((whole >> e) >= 2**16, uint256) << 4
    e |= convert((whole >> e) >= 2**8, uint256) << 3
    e |= convert((whole >> e) >= 2**4, uint256) << 2
    e |= (LOG2_OF_16 >> ((whole >> e) << 1)) & 3

    log_x64: int256 = tick_log._log_x64(convert(convert((e << 1) | 1, bytes32), int256), q >> e)
    if reserve1 < reserve0:
        log_x64 = unsafe_sub(0, log_x64)
    # The shift floors, below zero too
    return unsafe_add(log_x64, BIAS_X64) >> 64
