# pragma version 0.4.3
# pragma optimize gas
"""
@title Square roots of prices at ticks
@license MIT
@dev A tick i stands for the price 1.0001^i. Equal to Uniswap V3's TickMath to the last bit: the order of the products and
     the place of each rounding are part of the definition. plimsoll.reference.tick_math derives the constants.
"""

# ---------------------------------------------------------------- constants

# floor(log_1.0001(2^128)), so that every square root fits Q64.96
MAX_TICK: constant(int256) = 887272

# ---------------------------------------------------------------- internals


@internal
@pure
def _sqrt_ratio_at_tick(tick: int256) -> uint256:
    """
    @notice sqrt(1.0001^tick) as Q64.96, V3's getSqrtRatioAtTick
    """
    magnitude: uint256 = convert(abs(tick), uint256)
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
