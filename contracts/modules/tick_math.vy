# pragma version 0.4.3
# pragma optimize gas
"""
@title Square roots of prices at ticks, and back
@license MIT
@dev A tick i stands for the price 1.0001^i. Equal to Uniswap V3's TickMath to the last bit: the order of the products and
     the place of each rounding are part of the definition. plimsoll.reference.tick_math derives the constants.
"""

# The way back begins with a logarithm
from contracts.modules import tick_log

# ---------------------------------------------------------------- constants

# floor(log_1.0001(2^128)), so that every square root fits Q64.96
MAX_TICK: constant(int256) = 887272
# The square roots at -MAX_TICK and MAX_TICK
MIN_SQRT_RATIO: constant(uint256) = 4295128739
MAX_SQRT_RATIO: constant(uint256) = 1461446703485210103287273052203988822378723970342

# log2(sqrt(1.0001)) * 2**80
OCTAVES_PER_TICK_X80: constant(int256) = 87201204250484064734

# 2**-16 of a tick. A logarithm is wrong by less than 2**-47, and a square root at a tick, rounded to an integer of at least 2**32, by
# less than 2**-17 of a tick.
DOUBT_X64: constant(int256) = 2**48

# ---------------------------------------------------------------- internals


@internal
@pure
def _sqrt_ratio_at_tick(tick: int256) -> uint256:
    """
    @notice sqrt(1.0001^tick) as Q64.96, V3's getSqrtRatioAtTick
    """
    magnitude: uint256 = convert(convert(tick, bytes32), uint256)
    if tick < 0:
        magnitude = unsafe_sub(0, magnitude)
    assert magnitude <= convert(MAX_TICK, uint256), "T"
    # sqrt(1.0001^-magnitude) as Q128.128. Constant 2^k is round(2^128 / sqrt(1.0001)^(2^k)); each is below 2^128 and so is
    # the product after the first, so that no product exceeds 2^256.
    ratio_x128: uint256 = 1 << 128
    if magnitude & 1 != 0:
        ratio_x128 = 340265354078544963557816517032075149313
    if magnitude & 2 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 340248342086729790484326174814286782778) >> 128
    if magnitude & 4 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 340214320654664324051920982716015181260) >> 128
    if magnitude & 8 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 340146287995602323631171512101879684304) >> 128
    if magnitude & 16 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 340010263488231146823593991679159461444) >> 128
    if magnitude & 32 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 339738377640345403697157401104375502016) >> 128
    if magnitude & 64 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 339195258003219555707034227454543997025) >> 128
    if magnitude & 128 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 338111622100601834656805679988414885971) >> 128
    if magnitude & 256 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 335954724994790223023589805789778977700) >> 128
    if magnitude & 512 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 331682121138379247127172139078559817300) >> 128
    if magnitude & 1024 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 323299236684853023288211250268160618739) >> 128
    if magnitude & 2048 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 307163716377032989948697243942600083929) >> 128
    if magnitude & 4096 != 0:
        ratio_x128 = unsafe_mul(ratio_x128, 277268403626896220162999269216087595045) >> 128
    if magnitude >> 13 != 0:
        if magnitude & 8192 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 225923453940442621947126027127485391333) >> 128
        if magnitude & 16384 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 149997214084966997727330242082538205943) >> 128
        if magnitude & 32768 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 66119101136024775622716233608466517926) >> 128
        if magnitude & 65536 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 12847376061809297530290974190478138313) >> 128
        if magnitude & 131072 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 485053260817066172746253684029974020) >> 128
        if magnitude & 262144 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 691415978906521570653435304214168) >> 128
        if magnitude & 524288 != 0:
            ratio_x128 = unsafe_mul(ratio_x128, 1404880482679654955896180642) >> 128
    if tick > 0:
        # Cannot divide by zero: the smallest ratio, at MAX_TICK, is about 2^64.
        ratio_x128 = unsafe_div(max_value(uint256), ratio_x128)
    # From Q128.128 to Q128.96 rounding up, as V3 does, so that the tick of the result is `tick` again. At most 2^192.
    return unsafe_add(ratio_x128, (1 << 32) - 1) >> 32


@internal
@pure
def _tick_at_sqrt_ratio(sqrt_ratio: uint256) -> int256:
    """
    @notice The largest tick whose square root is not above `sqrt_ratio`, V3's getTickAtSqrtRatio
    @dev MIN_SQRT_RATIO <= sqrt_ratio < MAX_SQRT_RATIO: the caller has checked
    """
    return self._tick_from_highest_bit(sqrt_ratio, self._highest_bit(sqrt_ratio))


@internal
@pure
def _tick_near(sqrt_ratio: uint256, near: int256) -> int256:
    """
    @notice The same, cheaper where the tick lies near to `near`: its highest bit is then that of the square root at `near`
    """
    # Bit 96 is that of tick 0
    high: uint256 = convert(convert(unsafe_add(unsafe_mul(near, OCTAVES_PER_TICK_X80) >> 80, 96), bytes32), uint256)
    if sqrt_ratio >> high != 1:
        high = self._highest_bit(sqrt_ratio)
    return self._tick_from_highest_bit(sqrt_ratio, high)


@internal
@pure
def _tick_from_highest_bit(sqrt_ratio: uint256, high: uint256) -> int256:
    # The logarithm of the price is twice that of its square root
    log_x64: int256 = tick_log._log_x64(
        unsafe_sub(convert(convert(high << 1, bytes32), int256), 191), (sqrt_ratio << unsafe_sub(160, high)) >> 64
    )
    log_x64 = unsafe_add(log_x64, log_x64)
    tick: int256 = unsafe_add(log_x64, DOUBT_X64) >> 64
    # Close to a whole tick the logarithm does not tell on which side of it the price lies
    if tick != unsafe_sub(log_x64, DOUBT_X64) >> 64 and sqrt_ratio < self._sqrt_ratio_at_tick(tick):
        tick = unsafe_sub(tick, 1)
    return tick


@internal
@pure
def _highest_bit(x: uint256) -> uint256:
    """
    @notice floor(log2(x)), 0 for 0
    """
    high: uint256 = 0
    rest: uint256 = x
    if rest >= 2**128:
        rest >>= 128
        high = 128
    if rest >= 2**64:
        rest >>= 64
        high |= 64
    if rest >= 2**32:
        rest >>= 32
        high |= 32
    if rest >= 2**16:
        rest >>= 16
        high |= 16
    if rest >= 2**8:
        rest >>= 8
        high |= 8
    if rest >= 2**4:
        rest >>= 4
        high |= 4
    # Of a number below 16: two bits each, from the low end 0, 0, 1, 1, 2, 2, 2, 2, and 3 from 8 on
    return high | ((4294945360 >> (rest << 1)) & 3)
