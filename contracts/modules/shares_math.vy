# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Shares of a reserve's assets, and debt scaled by an index
@license MIT
@dev Supply:  shares = assets * (total_shares + 1e6) / (total_assets + 1)
     Debt:    debt   = scaled * index / RAY, and scaled = amount * RAY / index: up for a loan, down for a repayment

     The virtual million shares and one asset make a share worth a millionth of a raw unit at first and rob an inflation
     of the share price of its gain: who gives G to an empty reserve gives nearly all of it to the virtual shares.

     Nothing overflows: reserve_slots keeps amounts, scaled debts and indices below 2^104, shares below 2^124.
"""

# ---------------------------------------------------------------- constants

RAY: constant(uint256) = 10**27
VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1

# ---------------------------------------------------------------- internals


@internal
@pure
def _to_shares_down(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES)),
        unsafe_add(total_assets, VIRTUAL_ASSETS),
    )


@internal
@pure
def _to_shares_up(assets: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_add(unsafe_mul(assets, unsafe_add(total_shares, VIRTUAL_SHARES)), total_assets),
        unsafe_add(total_assets, VIRTUAL_ASSETS),
    )


@internal
@pure
def _to_assets_down(shares: uint256, total_assets: uint256, total_shares: uint256) -> uint256:
    return unsafe_div(
        unsafe_mul(shares, unsafe_add(total_assets, VIRTUAL_ASSETS)),
        unsafe_add(total_shares, VIRTUAL_SHARES),
    )


@internal
@pure
def _to_debt_up(scaled: uint256, index_ray: uint256) -> uint256:
    return unsafe_div(unsafe_add(unsafe_mul(scaled, index_ray), unsafe_sub(RAY, 1)), RAY)
