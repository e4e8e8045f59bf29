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

    e: uint256 = 0
    whole: uint256 = q >> 96
    if whole >= 2**64:
        whole >>= 64
        e = 64
    if whole >= 2**32:
        whole >>= 32
        e |= 32
    if whole >= 2**16:
        whole >>= 16
        e |= 16
    if whole >= 2**8:
        whole >>= 8
        e |= 8
    if whole >= 2**4:
        whole >>= 4
        e |= 4
    if whole >= 2**2:
        whole >>= 2
        e |= 2
    e |= whole >> 1

    log_x64: int256 = tick_log._log_x64(convert(convert((e << 1) | 1, bytes32), int256), q >> e)
    if reserve1 < reserve0:
        log_x64 = unsafe_sub(0, log_x64)
    # The shift floors, below zero too
    return unsafe_add(log_x64, BIAS_X64) >> 64
