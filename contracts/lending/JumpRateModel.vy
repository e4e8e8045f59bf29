# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Interest that jumps when a reserve runs dry
@license MIT
@dev rate = base + multiplier * min(U, kink) + jump * max(0, U - kink), all per year. Nothing is stored.
"""

# ---------------------------------------------------------------- imports

from interfaces import IRateModel

implements: IRateModel

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
# 10,000 % a year, above which the pool would cut the answer
MAX_RATE_WAD: constant(uint256) = 100 * WAD

# ---------------------------------------------------------------- immutables

base_wad: public(immutable(uint256))
multiplier_wad: public(immutable(uint256))
jump_wad: public(immutable(uint256))
kink_wad: public(immutable(uint256))

# ---------------------------------------------------------------- constructor


@deploy
def __init__(base: uint256, multiplier: uint256, jump: uint256, kink: uint256):
    """
    @param base Rate at U = 0; multiplier and jump: rate per unit of U below and above the kink; all WAD a year
    """
    assert kink <= WAD, "rate: kink above 100 %"
    assert max(max(base, multiplier), jump) <= MAX_RATE_WAD, "rate: too high"
    # the rate at U = 100 %
    assert base + (multiplier * kink + jump * (WAD - kink)) // WAD <= MAX_RATE_WAD, "rate: too high"
    base_wad = base
    multiplier_wad = multiplier
    jump_wad = jump
    kink_wad = kink


# ---------------------------------------------------------------- external views


@view
@external
@reentrant
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    """
    @dev Rounded up, in favour of those who lend. Above 100 % the rate is that of 100 %.
    """
    # Nothing overflows: each product is at most 100 WAD * WAD.
    if utilisation_wad <= kink_wad:
        return unsafe_add(base_wad, unsafe_div(unsafe_add(unsafe_mul(multiplier_wad, utilisation_wad), WAD - 1), WAD))
    above: uint256 = unsafe_sub(min(utilisation_wad, WAD), kink_wad)
    slopes: uint256 = unsafe_add(unsafe_mul(multiplier_wad, kink_wad), unsafe_mul(jump_wad, above))
    return unsafe_add(base_wad, unsafe_div(unsafe_add(slopes, WAD - 1), WAD))
