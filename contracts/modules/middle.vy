# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title middle
@license MIT
@notice Ten values in order, and the two in the middle of twenty
@dev A sorting network of 29 comparisons for ten values. It costs about the same for any order, so that no market makes the oracle
     dear, and far less than sorting in a loop, where each access to an array by a variable is checked.
"""

# ---------------------------------------------------------------- internals


@internal
@pure
def _of_both(v: uint256[10], w: uint256[10]) -> (uint256, uint256):
    """
    @notice The 10th and the 11th of all the values of two arrays that are in ascending order
    @dev Pair the least of the one with the greatest of the other, and so on inwards: the smaller ones of the pairs are the
         ten smallest of all, since of i + 1 values up to v[i] and 10 - i up to w[9 - i] only
         the greater of these two can be the 11th. They are the first k of v, for it is in the first k pairs that v has the smaller
         one, and the first 10 - k of w.
    """
    k: uint256 = 0
    most: uint256 = 10
    for _: uint256 in range(4):
        if k == most:
            break
        i: uint256 = unsafe_add(k, most) >> 1
        if v[i] > w[unsafe_sub(9, i)]:
            most = i
        else:
            k = unsafe_add(i, 1)
    if k == 0:
        return w[9], v[0]
    if k == 10:
        return v[9], w[0]
    return max(v[unsafe_sub(k, 1)], w[unsafe_sub(9, k)]), min(v[k], w[unsafe_sub(10, k)])


@internal
@pure
def _sorted(values: uint256[10], mask: uint256, bits: uint256) -> uint256[10]:
    """
    @notice (value ^ mask) << bits of each value, in ascending order
    """
    v: uint256[10] = [
        (values[0] ^ mask) << bits,
        (values[1] ^ mask) << bits,
        (values[2] ^ mask) << bits,
        (values[3] ^ mask) << bits,
        (values[4] ^ mask) << bits,
        (values[5] ^ mask) << bits,
        (values[6] ^ mask) << bits,
        (values[7] ^ mask) << bits,
        (values[8] ^ mask) << bits,
        (values[9] ^ mask) << bits,
    ]
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
