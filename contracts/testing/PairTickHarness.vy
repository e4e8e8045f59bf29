# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title pair_tick as a contract
@license MIT
@dev For tests only. Compiled as Pair is.
"""

from contracts.modules import pair_tick


@external
@pure
@reentrant
def tick(reserve0: uint256, reserve1: uint256) -> int256:
    return pair_tick._tick(reserve0, reserve1)
