# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title a * b / c with a product of 512 bits
@license MIT
@dev Reverts without a reason where the quotient exceeds 256 bits, and for a divisor of zero.
"""


@internal
@pure
def _mul_div_down(a: uint256, b: uint256, divisor: uint256) -> uint256:
    """
    @notice floor(a * b / divisor)
    """
    quotient: uint256 = 0
    is_inexact: bool = False
    quotient, is_inexact = self._mul_div(a, b, divisor)
    return quotient


@internal
@pure
def _mul_div_up(a: uint256, b: uint256, divisor: uint256) -> uint256:
    """
    @notice ceil(a * b / divisor)
    """
    quotient: uint256 = 0
    is_inexact: bool = False
    quotient, is_inexact = self._mul_div(a, b, divisor)
    if is_inexact:
        # Checked: the last 256-bit number must not wrap
        quotient += 1
    return quotient


@internal
@pure
def _mul_div(a: uint256, b: uint256, divisor: uint256) -> (uint256, bool):
    """
    @return floor(a * b / divisor), and whether there is a remainder
    """
    low: uint256 = unsafe_mul(a, b)
    if b == 0 or unsafe_div(low, b) == a:
        assert divisor != 0  # dev: division by zero
        return unsafe_div(low, divisor), low % divisor != 0

    high: uint256 = 0
    if (a | divisor) >> 191 == 0 and b >> 128 == 0 and divisor != 0:
        # Digit by digit, b in two digits of 64 bits. The sum below is under (divisor + a) * 2**64 <= 2**256. b has more than one
        # digit, or the product were short, so that a / divisor <= high + 1, and the result is under 2**256, too.
        low = unsafe_mul(a, b >> 64)
        high = unsafe_div(low, divisor)
        if high >> 190 == 0:
            low = unsafe_add((low % divisor) << 64, unsafe_mul(a, b & (2**64 - 1)))
            return unsafe_add(high << 64, unsafe_div(low, divisor)), low % divisor != 0
        low = unsafe_mul(a, b)
    # Where the product has 512 bits the division is made exact (the remainder is taken off first), and an exact division is a
    # multiplication by the inverse modulo 2**256. That needs an odd divisor, so the powers of two are divided out before.
    # a * b mod 2**256 - 1 is high + low (mod 2**256 - 1)
    high = uint256_mulmod(a, b, max_value(uint256))
    # One less where that sum wrapped
    high = unsafe_sub(unsafe_sub(high, low), convert(high < low, uint256))
    assert high < divisor  # dev: quotient above 256 bits
    remainder: uint256 = uint256_mulmod(a, b, divisor)
    high = unsafe_sub(high, convert(low < remainder, uint256))
    low = unsafe_sub(low, remainder)

    twos: uint256 = divisor & unsafe_sub(0, divisor)
    odd: uint256 = unsafe_div(divisor, twos)
    # 2**256 / twos, modulo 2**256
    rest: uint256 = unsafe_add(unsafe_div(unsafe_sub(0, twos), twos), 1)
    low = unsafe_div(low, twos) | unsafe_mul(high, rest)
    # Newton: the first guess is right modulo 2**4 for every odd number, and each step doubles that
    inverse: uint256 = unsafe_mul(3, odd) ^ 2
    for _: uint256 in range(6):
        inverse = unsafe_mul(inverse, unsafe_sub(2, unsafe_mul(odd, inverse)))
    return unsafe_mul(low, inverse), remainder != 0
