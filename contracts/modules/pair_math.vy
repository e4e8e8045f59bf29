# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What a swap in an x*y=k pair gives and costs
@license MIT
@dev The numbers of Uniswap V2's router, with a fee in basis points instead of its 30. Reserves are below 2**112.
"""

BPS: constant(uint256) = 10_000

# Reserves are below this, so no amount that a pair can take or give is above
MAX_RESERVE: constant(uint256) = 2**112 - 1


@internal
@pure
def _amount_out(amount_in: uint256, reserve_in: uint256, reserve_out: uint256, fee_bps: uint256) -> uint256:
    """
    @notice The most that a swap of `amount_in` may take out
    @dev amount_in below 2**112, reserve_in above 0: no product exceeds 2**240
    """
    net: uint256 = unsafe_mul(amount_in, unsafe_sub(BPS, fee_bps))
    return unsafe_div(unsafe_mul(net, reserve_out), unsafe_add(unsafe_mul(reserve_in, BPS), net))


@internal
@pure
def _amount_in(amount_out: uint256, reserve_in: uint256, reserve_out: uint256, fee_bps: uint256) -> uint256:
    """
    @notice What must be paid for `amount_out`: as in Uniswap V2's router the quotient plus 1, one more than needed where nothing remains
    @dev amount_out below reserve_out, fee_bps below 10,000
    """
    numerator: uint256 = unsafe_mul(unsafe_mul(reserve_in, amount_out), BPS)
    return unsafe_add(unsafe_div(numerator, unsafe_mul(unsafe_sub(reserve_out, amount_out), unsafe_sub(BPS, fee_bps))), 1)
