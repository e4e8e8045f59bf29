# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title LiquidityAmountsHarness
@license MIT
@notice The functions of liquidity_amounts, for tests
"""

from contracts.modules import liquidity_amounts


@external
@pure
def liquidity_for_amounts(price: uint256, lower: uint256, upper: uint256, amount0: uint256, amount1: uint256) -> uint256:
    return liquidity_amounts._liquidity_for_amounts(price, lower, upper, amount0, amount1)


@external
@pure
def amounts_for_liquidity(price: uint256, lower: uint256, upper: uint256, liquidity: uint256) -> (uint256, uint256):
    return liquidity_amounts._amounts_for_liquidity(price, lower, upper, liquidity)


@external
@pure
def amounts_to_add(price: uint256, lower: uint256, upper: uint256, liquidity: uint256) -> (uint256, uint256):
    return liquidity_amounts._amounts_to_add(price, lower, upper, liquidity)
