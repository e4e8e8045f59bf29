# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title One step of a swap: at constant liquidity, up to a price
@license MIT
@dev Equal to Uniswap V3's SwapMath to the wei; terms as in price_math
"""

# The fee of amounts beyond 236 bits
from contracts.modules import full_math

# Amounts and prices
from contracts.modules import price_math

PIPS: constant(uint256) = 1_000_000


@internal
@pure
def _step(price: uint256, target: uint256, liquidity: uint256, remaining: int256, fee_pips: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @param price Where the step begins
    @param target Where it ends at the latest; it lies in the direction of the swap
    @param remaining Input, fee included, if positive; output still wanted, if negative
    @param fee_pips Below 1,000,000
    @return price after, amount in without fee (rounded up), amount out (down), fee (up)
    """
    zero_for_one: bool = target <= price
    next_price: uint256 = target
    amount_in: uint256 = 0
    amount_out: uint256 = 0
    if remaining >= 0:
        left: uint256 = convert(convert(remaining, bytes32), uint256)
        usable: uint256 = 0
        if left >> 236 == 0:
            usable = unsafe_div(unsafe_mul(left, unsafe_sub(PIPS, fee_pips)), PIPS)
        else:
            usable = full_math._mul_div_down(left, unsafe_sub(PIPS, fee_pips), PIPS)
        if zero_for_one:
            # Mostly the bound tells that it is too little, and the amount need not be known
            amount_in = price_math._amount0_at_least(target, price, liquidity)
            if usable >= amount_in:
                amount_in = price_math._amount0_up(target, price, liquidity)
        else:
            amount_in = price_math._amount1_up(price, target, liquidity)
        if usable < amount_in:
            # Not as far as the target: the price is rounded to the near side. What the way there does not use up is fee.
            next_price = price_math._next_price_from_input(price, liquidity, usable, zero_for_one)
            if zero_for_one:
                amount_in = price_math._amount0_up(next_price, price, liquidity)
                amount_out = price_math._amount1_down(next_price, price, liquidity)
            else:
                amount_in = price_math._amount1_up(price, next_price, liquidity)
                amount_out = price_math._amount0_down(price, next_price, liquidity)
            return next_price, amount_in, amount_out, unsafe_sub(left, amount_in)
        if zero_for_one:
            amount_out = price_math._amount1_down(target, price, liquidity)
        else:
            amount_out = price_math._amount0_down(price, target, liquidity)
    else:
        left: uint256 = convert(convert(unsafe_sub(0, remaining), bytes32), uint256)
        if zero_for_one:
            amount_out = price_math._amount1_down(target, price, liquidity)
        else:
            amount_out = price_math._amount0_down(price, target, liquidity)
        if left < amount_out:
            # The price is rounded to the far side, in favour of the pool; no more goes out than was asked
            next_price = price_math._next_price_from_output(price, liquidity, left, zero_for_one)
            if zero_for_one:
                amount_out = min(left, price_math._amount1_down(next_price, price, liquidity))
            else:
                amount_out = min(left, price_math._amount0_down(price, next_price, liquidity))
        if zero_for_one:
            amount_in = price_math._amount0_up(next_price, price, liquidity)
        else:
            amount_in = price_math._amount1_up(price, next_price, liquidity)
    return next_price, amount_in, amount_out, self._fee_up(amount_in, fee_pips)


@internal
@pure
def _fee_up(amount_in: uint256, fee_pips: uint256) -> uint256:
    """
    @notice The fee that belongs to an input without it
    """
    rest: uint256 = unsafe_sub(PIPS, fee_pips)
    if amount_in >> 236 == 0:
        fee: uint256 = unsafe_mul(amount_in, fee_pips)
        return unsafe_add(unsafe_div(fee, rest), convert(fee % rest != 0, uint256))
    return full_math._mul_div_up(amount_in, fee_pips, rest)
