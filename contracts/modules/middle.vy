# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title middle
@license MIT
@notice The two in the middle of ten
@dev A selection network of 27 comparisons: of what has been seen, the least and the greatest are dropped as soon as they cannot be in
     the middle. It costs about the same for any order, so that no market makes the oracle dear, and far less than sorting in a
     loop, where each access to an array by a variable is checked.
"""

# ---------------------------------------------------------------- internals


@internal
@pure
def _middle(values: uint256[10]) -> (uint256, uint256):
    """
    @notice The 5th and the 6th in ascending order
    """
    v: uint256[10] = values
    x: uint256 = 0
    # Of seven, the least has six above it, and so is the 4th at most; likewise the greatest
    if v[0] > v[3]:
        x = v[0]
        v[0] = v[3]
        v[3] = x
    if v[1] > v[4]:
        x = v[1]
        v[1] = v[4]
        v[4] = x
    if v[2] > v[5]:
        x = v[2]
        v[2] = v[5]
        v[5] = x
    if v[0] > v[1]:
        x = v[0]
        v[0] = v[1]
        v[1] = x
    if v[0] > v[2]:
        x = v[0]
        v[0] = v[2]
        v[2] = x
    if v[0] > v[6]:
        x = v[0]
        v[0] = v[6]
        v[6] = x
    if v[3] > v[5]:
        x = v[3]
        v[3] = v[5]
        v[5] = x
    if v[4] > v[5]:
        x = v[4]
        v[4] = v[5]
        v[5] = x
    if v[6] > v[5]:
        x = v[6]
        v[6] = v[5]
        v[5] = x
    # Without 0 and 5, with 7
    if v[1] > v[4]:
        x = v[1]
        v[1] = v[4]
        v[4] = x
    if v[2] > v[6]:
        x = v[2]
        v[2] = v[6]
        v[6] = x
    if v[3] > v[7]:
        x = v[3]
        v[3] = v[7]
        v[7] = x
    if v[1] > v[2]:
        x = v[1]
        v[1] = v[2]
        v[2] = x
    if v[1] > v[3]:
        x = v[1]
        v[1] = v[3]
        v[3] = x
    if v[4] > v[7]:
        x = v[4]
        v[4] = v[7]
        v[7] = x
    if v[6] > v[7]:
        x = v[6]
        v[6] = v[7]
        v[7] = x
    # Without 1 and 7, with 8
    if v[2] > v[3]:
        x = v[2]
        v[2] = v[3]
        v[3] = x
    if v[4] > v[6]:
        x = v[4]
        v[4] = v[6]
        v[6] = x
    if v[2] > v[4]:
        x = v[2]
        v[2] = v[4]
        v[4] = x
    if v[2] > v[8]:
        x = v[2]
        v[2] = v[8]
        v[8] = x
    if v[6] > v[8]:
        x = v[6]
        v[6] = v[8]
        v[8] = x
    if v[3] > v[8]:
        x = v[3]
        v[3] = v[8]
        v[8] = x
    # Without 2 and 8, with 9
    if v[3] > v[4]:
        x = v[3]
        v[3] = v[4]
        v[4] = x
    if v[6] > v[9]:
        x = v[6]
        v[6] = v[9]
        v[9] = x
    if v[3] > v[6]:
        x = v[3]
        v[3] = v[6]
        v[6] = x
    if v[4] > v[9]:
        x = v[4]
        v[4] = v[9]
        v[9] = x
    # Without 3 and 9
    if v[4] > v[6]:
        x = v[4]
        v[4] = v[6]
        v[6] = x
    return v[4], v[6]
