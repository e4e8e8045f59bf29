# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title pair_tick
@license MIT
@notice The tick of two reserves: floor(log_1.0001(reserve1 / reserve0))
@dev Glossary
       q    larger reserve / smaller reserve, 128 binary places
       e    floor(log2(q))
       m    q / 2**e, in [1, 2)
       s    (m - sqrt2) / (m + sqrt2), in (-0.1716, 0.1716)

     log_1.0001(q) = (e + 1/2) * log_1.0001(2) + 2/ln(1.0001) * artanh(s), and artanh(s) / s is a polynomial of s^2.
"""

# sqrt(2) * 2**96
SQRT2_X96: constant(int256) = 112045541949572279837463876455
# log_1.0001(2) / 2 * 2**64, about 3465.9 ticks
HALF_OCTAVE_X64: constant(int256) = 63934739749900956586785

# 2/ln(1.0001) * artanh(s) / s as a polynomial of s^2, interpolated at Chebyshev nodes; coefficients with 64 binary places.
# The logarithm that comes of it is wrong by less than 2**-48 of a tick.
C0: constant(int256) = 368953327910834375068264
C1: constant(int256) = 122984442636950586010693
C2: constant(int256) = 73790665579415405608657
C3: constant(int256) = 52707618859138973955650
C4: constant(int256) = 40994748084053335640787
C5: constant(int256) = 33545433886236951812779
C6: constant(int256) = 28228174377837145215152
C7: constant(int256) = 27500508784200234269792

# 2**-48 of a tick: lifts a ratio that is a power of 1.0001 exactly (1:1, 10001:10000, ...) over the error above.
# So a ratio that lies below such a power by less than 2**-47 of a tick may count as that power.
BIAS_X64: constant(int256) = 2**16


@internal
@pure
def _tick(reserve0: uint256, reserve1: uint256) -> int256:
    """
    @dev Both reserves are nonzero and below 2**112. All arithmetic is unchecked; the bounds are in the comments.
    """
    # 2**96 <= q < 2**208. The larger over the smaller, so that no precision is lost where the ratio is small.
    q: uint256 = 0
    if reserve1 < reserve0:
        q = unsafe_div(reserve0 << 96, reserve1)
    else:
        q = unsafe_div(reserve1 << 96, reserve0)

    e: uint256 = 0
    whole: uint256 = q >> 96
    if whole >= 2**64:
        whole >>= 64
        e = 64
    if whole >= 2**32:
        whole >>= 32
        e |= 32
    if whole >= 2**16:
        whole >>= 16
        e |= 16
    if whole >= 2**8:
        whole >>= 8
        e |= 8
    if whole >= 2**4:
        whole >>= 4
        e |= 4
    if whole >= 2**2:
        whole >>= 2
        e |= 2
    e |= whole >> 1

    # 2**96 <= m < 2**97, so |s| < 0.1716 * 2**128 and square < 0.02944 * 2**128
    m: int256 = convert(convert(q >> e, bytes32), int256)
    s: int256 = unsafe_div(unsafe_sub(m, SQRT2_X96) << 128, unsafe_add(m, SQRT2_X96))
    square: int256 = unsafe_mul(s, s) >> 128

    # Each factor of `square`, itself below 2**123, is below 2**79; the last factor of s, below 2**126 in size, too
    log_x64: int256 = unsafe_add(
        unsafe_mul(convert(convert((e << 1) | 1, bytes32), int256), HALF_OCTAVE_X64),
        unsafe_mul(
            s,
            unsafe_add(
                unsafe_mul(
                    unsafe_add(
                        unsafe_mul(
                            unsafe_add(
                                unsafe_mul(
                                    unsafe_add(
                                        unsafe_mul(
                                            unsafe_add(
                                                unsafe_mul(
                                                    unsafe_add(unsafe_mul(unsafe_add(unsafe_mul(C7, square) >> 128, C6), square) >> 128, C5),
                                                    square,
                                                )
                                                >> 128,
                                                C4,
                                            ),
                                            square,
                                        )
                                        >> 128,
                                        C3,
                                    ),
                                    square,
                                )
                                >> 128,
                                C2,
                            ),
                            square,
                        )
                        >> 128,
                        C1,
                    ),
                    square,
                )
                >> 128,
                C0,
            ),
        )
        >> 128,
    )
    if reserve1 < reserve0:
        log_x64 = unsafe_sub(0, log_x64)
    # The shift floors, below zero too
    return unsafe_add(log_x64, BIAS_X64) >> 64
