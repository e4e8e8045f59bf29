# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title full_math, price_math and swap_math as a contract
@license MIT
"""

from contracts.modules import full_math
from contracts.modules import price_math
from contracts.modules import swap_math


@external
@pure
@reentrant
def mul_div(a: uint256, b: uint256, divisor: uint256, up: bool) -> uint256:
    if up:
        return full_math._mul_div_up(a, b, divisor)
    return full_math._mul_div_down(a, b, divisor)


@external
@pure
@reentrant
def amounts(lower: uint256, upper: uint256, liquidity: uint256) -> uint256[5]:
    """
    @return amount0 down, up, at least; amount1 down, up
    """
    return [
        price_math._amount0_down(lower, upper, liquidity),
        price_math._amount0_up(lower, upper, liquidity),
        price_math._amount0_at_least(lower, upper, liquidity),
        price_math._amount1_down(lower, upper, liquidity),
        price_math._amount1_up(lower, upper, liquidity),
    ]


@external
@pure
@reentrant
def step(price: uint256, target: uint256, liquidity: uint256, remaining: int256, fee_pips: uint256) -> (uint256, uint256, uint256, uint256):
    return swap_math._step(price, target, liquidity, remaining, fee_pips)
