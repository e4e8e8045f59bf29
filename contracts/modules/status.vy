# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title The five stages of the Status Monitor: the one definition
@license MIT
@dev usage = debt / capacity at the trigger prices, WAD, rounded down: 1e18 is reached when debt reaches capacity and not
     before, which is exactly where LiquidationEngine acts. plimsoll.words mirrors the bounds.
"""

WAD: constant(uint256) = 10**18

RELAXED: constant(uint256) = 0
SAFE: constant(uint256) = 1
CAUTION: constant(uint256) = 2
DANGER: constant(uint256) = 3
LIQUIDATION: constant(uint256) = 4

# Usage up to which (inclusive) an account is RELAXED, SAFE, CAUTION: 30, 60, 80 %. DANGER ends below 100 %.
RELAXED_UP_TO: constant(uint256) = 30 * 10**16
SAFE_UP_TO: constant(uint256) = 60 * 10**16
CAUTION_UP_TO: constant(uint256) = 80 * 10**16


@internal
@pure
def _usage_wad(debt_value: uint256, capacity: uint256) -> uint256:
    if debt_value == 0:
        return 0
    # Debt without any capacity, or so much that the quotient has no room.
    if capacity == 0 or debt_value >= max_value(uint256) // WAD:
        return max_value(uint256)
    return debt_value * WAD // capacity


@internal
@pure
def _stage(usage_wad: uint256) -> uint256:
    if usage_wad <= RELAXED_UP_TO:
        return RELAXED
    if usage_wad <= SAFE_UP_TO:
        return SAFE
    if usage_wad <= CAUTION_UP_TO:
        return CAUTION
    if usage_wad < WAD:
        return DANGER
    return LIQUIDATION
