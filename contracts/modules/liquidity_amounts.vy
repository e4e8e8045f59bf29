# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title How much liquidity amounts of tokens give, and how much of the tokens liquidity holds
@license MIT
@dev Equal to Uniswap V3 periphery's LiquidityAmounts to the unit (glossary in price_math). Prices are square roots, 96 binary places,
     below 2**160, above 0; the bounds of the range in either order; `price` may lie outside of it.
     All is rounded down. Liquidity rounded down never costs more than the amounts that it was computed from, though what it
     costs is rounded up: liquidity * x <= amount for a real x, and amounts are whole numbers.
"""

# Products of 512 bits
from contracts.modules import full_math

# Amounts between two prices
from contracts.modules import price_math

MASK_96: constant(uint256) = 2**96 - 1

# ---------------------------------------------------------------- internals


@internal
@pure
def _liquidity_for_amounts(price: uint256, lower_price: uint256, upper_price: uint256, amount0: uint256, amount1: uint256) -> uint256:
    """
    @notice The most liquidity that both amounts are enough for
    @dev Reverts without a reason where one of the amounts that count gives 2**128 or more, even if the other one gives less, and for an
         empty range
    """
    lower: uint256 = min(lower_price, upper_price)
    upper: uint256 = max(lower_price, upper_price)
    if price <= lower:
        return self._liquidity_for_amount0(lower, upper, amount0)
    if price < upper:
        liquidity0: uint256 = self._liquidity_for_amount0(price, upper, amount0)
        liquidity1: uint256 = self._liquidity_for_amount1(lower, price, amount1)
        return min(liquidity0, liquidity1)
    return self._liquidity_for_amount1(lower, upper, amount1)


@internal
@pure
def _amounts_for_liquidity(price: uint256, lower_price: uint256, upper_price: uint256, liquidity: uint256) -> (uint256, uint256):
    """
    @notice What a pool frees when `liquidity` (below 2**128) is burned
    """
    lower: uint256 = min(lower_price, upper_price)
    upper: uint256 = max(lower_price, upper_price)
    if price <= lower:
        return price_math._amount0_down(lower, upper, liquidity), 0
    if price < upper:
        amount0: uint256 = price_math._amount0_down(price, upper, liquidity)
        amount1: uint256 = price_math._amount1_down(lower, price, liquidity)
        return amount0, amount1
    return 0, price_math._amount1_down(lower, upper, liquidity)


@internal
@pure
def _amounts_to_add(price: uint256, lower: uint256, upper: uint256, liquidity: uint256) -> (uint256, uint256):
    """
    @notice What a pool asks for when `liquidity` (below 2**128) is minted: rounded up
    """
    if price <= lower:
        return price_math._amount0_up(lower, upper, liquidity), 0
    if price < upper:
        amount0: uint256 = price_math._amount0_up(price, upper, liquidity)
        amount1: uint256 = price_math._amount1_up(lower, price, liquidity)
        return amount0, amount1
    return 0, price_math._amount1_up(lower, upper, liquidity)


@internal
@pure
def _liquidity_for_amount0(lower: uint256, upper: uint256, amount0: uint256) -> uint256:
    """
    @notice amount0 * upper * lower / (upper - lower)
    """
    # floor(upper * lower / 2**96) without a product above 256 bits: lower is split at 2**96. At most 2**224.
    product: uint256 = unsafe_add(unsafe_mul(upper, lower >> 96), unsafe_mul(upper, lower & MASK_96) >> 96)
    liquidity: uint256 = full_math._mul_div_down(amount0, product, unsafe_sub(upper, lower))
    assert liquidity >> 128 == 0  # dev: too much liquidity
    return liquidity


@internal
@pure
def _liquidity_for_amount1(lower: uint256, upper: uint256, amount1: uint256) -> uint256:
    """
    @notice amount1 / (upper - lower)
    """
    liquidity: uint256 = full_math._mul_div_down(amount1, 2**96, unsafe_sub(upper, lower))
    assert liquidity >> 128 == 0  # dev: too much liquidity
    return liquidity
