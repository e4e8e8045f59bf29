# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title middle
@license MIT
@notice The two in the middle of ten, or of twenty
@dev A sorting network of 29 comparisons for ten values. It costs about the same for any order, so that no market makes the oracle
     dear, and far less than sorting in a loop, where each access to an array by a variable is checked.
"""

# ---------------------------------------------------------------- internals


@internal
@pure
def _of_ten(values: uint256[10]) -> (uint256, uint256):
    """
    @notice The 5th and the 6th in ascending order
    """
    v: uint256[10] = self._sorted(values)
    return v[4], v[5]


@internal
@pure
def _of_twenty(values: uint256[10], others: uint256[10]) -> (uint256, uint256):
    """
    @notice The 10th and the 11th of all in ascending order
    @dev Pair the least of the one half with the greatest of the other, and so on inwards: the smaller ones of the pairs are the
         ten smallest of all, since of i + 1 values up to v[i] and 10 - i up to w[9 - i] only
         the greater of these two can be the 11th.
    """
    v: uint256[10] = self._sorted(values)
    w: uint256[10] = self._sorted(others)
    lower: uint256 = 0
    upper: uint256 = max_value(uint256)
    for i: uint256 in range(10):
        x: uint256 = v[i]
        y: uint256 = w[unsafe_sub(9, i)]
        lower = max(lower, min(x, y))
        upper = min(upper, max(x, y))
    return lower, upper


@internal
@pure
def _sorted(values: uint256[10]) -> uint256[10]:
    v: uint256[10] = values
    x: uint256 = 0
    if v[0] > v[8]:
        x = v[0]
        v[0] = v[8]
        v[8] = x
    if v[1] > v[9]:
        x = v[1]
        v[1] = v[9]
        v[9] = x
    if v[2] > v[7]:
        x = v[2]
        v[2] = v[7]
        v[7] = x
    if v[3] > v[5]:
        x = v[3]
        v[3] = v[5]
        v[5] = x
    if v[4] > v[6]:
        x = v[4]
        v[4] = v[6]
        v[6] = x
    if v[0] > v[2]:
        x = v[0]
        v[0] = v[2]
        v[2] = x
    if v[1] > v[4]:
        x = v[1]
        v[1] = v[4]
        v[4] = x
    if v[5] > v[8]:
        x = v[5]
        v[5] = v[8]
        v[8] = x
    if v[7] > v[9]:
        x = v[7]
        v[7] = v[9]
        v[9] = x
    if v[0] > v[3]:
        x = v[0]
        v[0] = v[3]
        v[3] = x
    if v[2] > v[4]:
        x = v[2]
        v[2] = v[4]
        v[4] = x
    if v[5] > v[7]:
        x = v[5]
        v[5] = v[7]
        v[7] = x
    if v[6] > v[9]:
        x = v[6]
        v[6] = v[9]
        v[9] = x
    if v[0] > v[1]:
        x = v[0]
        v[0] = v[1]
        v[1] = x
    if v[3] > v[6]:
        x = v[3]
        v[3] = v[6]
        v[6] = x
    if v[8] > v[9]:
        x = v[8]
        v[8] = v[9]
        v[9] = x
    if v[1] > v[5]:
        x = v[1]
        v[1] = v[5]
        v[5] = x
    if v[2] > v[3]:
        x = v[2]
        v[2] = v[3]
        v[3] = x
    if v[4] > v[8]:
        x = v[4]
        v[4] = v[8]
        v[8] = x
    if v[6] > v[7]:
        x = v[6]
        v[6] = v[7]
        v[7] = x
    if v[1] > v[2]:
        x = v[1]
        v[1] = v[2]
        v[2] = x
    if v[3] > v[5]:
        x = v[3]
        v[3] = v[5]
        v[5] = x
    if v[4] > v[6]:
        x = v[4]
        v[4] = v[6]
        v[6] = x
    if v[7] > v[8]:
        x = v[7]
        v[7] = v[8]
        v[8] = x
    if v[2] > v[3]:
        x = v[2]
        v[2] = v[3]
        v[3] = x
    if v[4] > v[5]:
        x = v[4]
        v[4] = v[5]
        v[5] = x
    if v[6] > v[7]:
        x = v[6]
        v[6] = v[7]
        v[7] = x
    if v[3] > v[4]:
        x = v[3]
        v[3] = v[4]
        v[4] = x
    if v[5] > v[6]:
        x = v[5]
        v[5] = v[6]
        v[6] = x
    return v
