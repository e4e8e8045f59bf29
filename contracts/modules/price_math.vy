# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Amounts of tokens between two prices, and the price after an amount
@license MIT
@dev Equal to Uniswap V3's SqrtPriceMath to the wei. Glossary
       lower, upper, price   square roots of prices, 96 binary places, below 2**160, above 0
       liquidity             below 2**128
       amount0 = liquidity * 2**96 * (upper - lower) / (upper * lower)
       amount1 = liquidity * (upper - lower) / 2**96
     What a trader pays is rounded up, what he gets down, and a price moves by no more than was paid for (for an input), by no
     less than was taken (for an output).
"""

# Products of 512 bits, where they are needed
from contracts.modules import full_math

MASK_96: constant(uint256) = 2**96 - 1


@internal
@pure
def _amount0_down(lower: uint256, upper: uint256, liquidity: uint256) -> uint256:
    distance: uint256 = unsafe_sub(upper, lower)
    if distance >> 128 == 0:
        # L * distance = quotient * upper + rest, so that L * distance * 2**96 / upper needs no product above 256 bits:
        # distance < upper, hence quotient < L < 2**128, and rest < upper < 2**160
        product: uint256 = unsafe_mul(liquidity, distance)
        rest: uint256 = product % upper
        return unsafe_div(unsafe_add(unsafe_div(product, upper) << 96, unsafe_div(rest << 96, upper)), lower)
    return unsafe_div(full_math._mul_div_down(liquidity << 96, distance, upper), lower)


@internal
@pure
def _amount0_up(lower: uint256, upper: uint256, liquidity: uint256) -> uint256:
    distance: uint256 = unsafe_sub(upper, lower)
    amount: uint256 = 0
    if distance >> 128 == 0:
        # As above
        amount = unsafe_mul(liquidity, distance)
        rest: uint256 = (amount % upper) << 96
        amount = unsafe_add(unsafe_add(unsafe_div(amount, upper) << 96, unsafe_div(rest, upper)), convert(rest % upper != 0, uint256))
    else:
        amount = full_math._mul_div_up(liquidity << 96, distance, upper)
    return unsafe_add(unsafe_div(amount, lower), convert(amount % lower != 0, uint256))


@internal
@pure
def _amount0_at_least(lower: uint256, upper: uint256, liquidity: uint256) -> uint256:
    """
    @notice A bound from below, for less gas than the amount itself
    """
    distance: uint256 = unsafe_sub(upper, lower)
    if distance >> 128 != 0:
        return 0
    return unsafe_div(unsafe_div(unsafe_mul(liquidity, distance), upper) << 96, lower)


@internal
@pure
def _amount1_down(lower: uint256, upper: uint256, liquidity: uint256) -> uint256:
    # The factor is split at 2**96, so that no product exceeds 2**224
    distance: uint256 = unsafe_sub(upper, lower)
    return unsafe_add(unsafe_mul(liquidity, distance >> 96), unsafe_mul(liquidity, distance & MASK_96) >> 96)


@internal
@pure
def _amount1_up(lower: uint256, upper: uint256, liquidity: uint256) -> uint256:
    distance: uint256 = unsafe_sub(upper, lower)
    return unsafe_add(
        unsafe_mul(liquidity, distance >> 96),
        unsafe_add(unsafe_mul(liquidity, distance & MASK_96), MASK_96) >> 96,
    )


@internal
@pure
def _next_price_from_input(price: uint256, liquidity: uint256, amount: uint256, zero_for_one: bool) -> uint256:
    """
    @notice The price after `amount` has come in
    @dev liquidity > 0, and the result is not beyond a price that the amount does not reach (a swap checks that before): below 2**160
    """
    if zero_for_one:
        if amount == 0:
            return price
        numerator: uint256 = liquidity << 96
        # L * price / (L + amount * price), rounded up; or, where that overflows, L / (L / price + amount), which is less exact
        product: uint256 = unsafe_mul(amount, price)
        if unsafe_div(product, amount) == price:
            divisor: uint256 = unsafe_add(numerator, product)
            if divisor >= numerator:
                return full_math._mul_div_up(numerator, price, divisor)
        divisor: uint256 = unsafe_div(numerator, price) + amount
        return unsafe_add(unsafe_div(numerator, divisor), convert(numerator % divisor != 0, uint256))
    if amount >> 160 == 0:
        return unsafe_add(price, unsafe_div(amount << 96, liquidity))
    return price + full_math._mul_div_down(amount, 2**96, liquidity)


@internal
@pure
def _next_price_from_output(price: uint256, liquidity: uint256, amount: uint256, zero_for_one: bool) -> uint256:
    """
    @notice The price after `amount` has gone out
    @dev liquidity > 0, and there is more than `amount` up to some price (a swap checks that before)
    """
    if zero_for_one:
        quotient: uint256 = 0
        if amount >> 160 == 0:
            quotient = unsafe_add(unsafe_div(amount << 96, liquidity), convert((amount << 96) % liquidity != 0, uint256))
        else:
            quotient = full_math._mul_div_up(amount, 2**96, liquidity)
        return price - quotient
    if amount == 0:
        return price
    numerator: uint256 = liquidity << 96
    # amount * price < numerator, or less than `amount` could be taken
    return full_math._mul_div_up(numerator, price, numerator - amount * price)
