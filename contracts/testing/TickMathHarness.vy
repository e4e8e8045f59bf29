# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title tick_math as a contract
@license MIT
"""

from contracts.modules import tick_math


@external
@pure
@reentrant
def sqrt_ratio_at_tick(tick: int256) -> uint256:
    return tick_math._sqrt_ratio_at_tick(tick)
