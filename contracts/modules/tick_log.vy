# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Logarithms to the base 1.0001
@license MIT
@dev Glossary
       x    2**e * m, with m in [1, 2)
       s    (m - sqrt2) / (m + sqrt2), in (-0.1716, 0.1716)

     log_1.0001(x) = (e + 1/2) * log_1.0001(2) + 2/ln(1.0001) * artanh(s), and artanh(s) / s is a polynomial of s^2.
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


@internal
@pure
def _log_x64(half_octaves: int256, mantissa: uint256) -> int256:
    """
    @notice log_1.0001(x) with 64 binary places, wrong by less than 2**-48
    @param half_octaves 2 * e + 1
    @param mantissa m with 96 binary places: 2**96 <= mantissa < 2**97
    @dev All arithmetic is unchecked; the bounds are in the comments
    """
    # |s| < 0.1716 * 2**128 and square < 0.02944 * 2**128
    m: int256 = convert(convert(mantissa, bytes32), int256)
    s: int256 = unsafe_div(unsafe_sub(m, SQRT2_X96) << 128, unsafe_add(m, SQRT2_X96))
    square: int256 = unsafe_mul(s, s) >> 128

    # Each factor of `square`, itself below 2**123, is below 2**79; the last factor of s, below 2**126 in size, too
    return unsafe_add(
        unsafe_mul(half_octaves, HALF_OCTAVE_X64),
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
