# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title observations
@license MIT
@notice What an AMM remembers of its price and its liquidity (see IObservations for the terms)
@dev Two sums grow with time: that of the clamped tick, and that of floor(2**128 / L). They travel in one word,

         sums = liquidity_sum * 2**96 + tick_sum * 2**40        (modulo 2**256)

     which is added, subtracted and multiplied as a whole: what a negative tick_sum borrows from the liquidity it gives back when
     both are taken apart again. |tick_sum| stays below 2**55 for a thousand years; the liquidity_sum wraps, but grows by at
     most 180 * 2**128 in a bucket.

     Storage
       accumulators   sums as of `last` | tick, 24 bits | age, 16 bits
       sticks         sums as of 180 * bucket | bucket, 40 bits; at slot bucket % 128
       checkpoint     tick_sum as of time - 60, 56 bits | as of time, 56 bits | time, a whole minute, 112 bits | started, 32 bits

     `last` is the time of the pool's last change, which the pool itself stores. Between two changes price and liquidity stand
     still, so that the sums run along a straight line, known from the accumulators and the pool's present state: at a boundary in
     between they are computed, not sampled. Hence all statistics are functions of the past alone. (The view that makes
     them of this storage is the pool's own.)

     A stick is written by the first change in a bucket; when buckets were skipped before it, so is the stick before. A boundary
     further back lies on the line through these two. So a skipped boundary is rebuilt from the two after it, and the two newest
     are never skipped.

     The clamp. One block at an absurd price, which may cost next to nothing, would move a mean over minutes as far as it
     likes. So a tick that is summed differs from the one before it by at most 1000 + 50 * age, where age is for how many
     seconds (at most 60) the one before it had stood. Not the age of the tick itself: that is not known before it is
     replaced, so that a later reading would change the past.
"""

BUCKET: constant(uint256) = 180
MINUTE: constant(uint256) = 60
# 128 buckets = 6.4 hours
RING: constant(uint256) = 128
MAX_BUCKETS: constant(uint256) = 20
# The newest boundary of at least this age begins the short window
SHORT_SECONDS: constant(uint256) = 300

# A fall of 50 % in ten minutes needs 12 ticks a second: real markets do not meet the clamp
CLAMP_BASE: constant(int256) = 1000
CLAMP_PER_SECOND: constant(int256) = 50
CLAMP_SECONDS: constant(int256) = 60

MASK_16: constant(uint256) = 2**16 - 1
MASK_32: constant(uint256) = 2**32 - 1

accumulators: uint256
checkpoint: uint256
sticks: uint256[RING]


# ---------------------------------------------------------------- writing


@internal
def _start():
    """
    @notice The first provision of liquidity is now
    @dev What may have been noted before is forgotten: a pair can be traded before that, after a gift and `sync`.
    """
    self.accumulators = 0
    self.checkpoint = (unsafe_mul(unsafe_div(block.timestamp, MINUTE), MINUTE) << 32) | (block.timestamp & MASK_32)


@internal
def _advance(last: uint256, raw_tick: int256, liquidity: uint256):
    """
    @notice Add the time since `last`: before the first change of a block, with the price and the liquidity that stood since then
    @dev last < block.timestamp. Which marks are due follows from these two times: no storage is read to find out.
         Times are far below 2**64, sums wrap as a whole: all arithmetic is unchecked.
    """
    word: uint256 = self.accumulators
    slope: uint256 = self._slope(word, raw_tick, liquidity)
    # The sums at a time t are base + slope * t
    base: uint256 = unsafe_sub((word >> 40) << 40, unsafe_mul(slope, last))

    time: uint256 = unsafe_mul(unsafe_div(block.timestamp, MINUTE), MINUTE)
    if time > last:
        # The newer mark becomes the older one: it is of the minute of `last`, because the first change in that minute moved it
        # there (or because it was the start). With a whole minute in between it is too old.
        checkpoint: uint256 = self.checkpoint
        older: uint256 = checkpoint >> 144
        newer: uint256 = unsafe_add(base, unsafe_mul(slope, time))
        if unsafe_sub(time, MINUTE) > last:
            older = unsafe_sub(newer, unsafe_mul(slope, MINUTE)) >> 40
        self.checkpoint = (older << 200) | ((newer << 160) >> 56) | (time << 32) | (checkpoint & MASK_32)

        # A bucket begins with a minute
        bucket: uint256 = unsafe_div(block.timestamp, BUCKET)
        time = unsafe_mul(bucket, BUCKET)
        if time > last:
            self.sticks[bucket & 127] = unsafe_add(base, unsafe_mul(slope, time)) | bucket
            time = unsafe_sub(time, BUCKET)
            if time > last:
                bucket = unsafe_sub(bucket, 1)
                self.sticks[bucket & 127] = unsafe_add(base, unsafe_mul(slope, time)) | bucket
    self.accumulators = (
        unsafe_add(base, unsafe_mul(slope, block.timestamp)) | ((slope << 192) >> 216) | min(unsafe_sub(block.timestamp, last), MASK_16)
    )


# ---------------------------------------------------------------- reading


@internal
@view
def _last_tick() -> int256:
    """
    @notice The tick that was summed last
    """
    return convert(convert(self.accumulators << 216, bytes32), int256) >> 232


# ---------------------------------------------------------------- arithmetic


@internal
@pure
def _slope(word: uint256, raw_tick: int256, liquidity: uint256) -> uint256:
    """
    @notice What one second adds to the sums
    @param word The accumulators
    """
    tick: int256 = raw_tick
    age: int256 = convert(convert(word & MASK_16, bytes32), int256)
    # Zero: this is the first tick of all
    if age != 0:
        previous: int256 = convert(convert(word << 216, bytes32), int256) >> 232
        limit: int256 = unsafe_add(CLAMP_BASE, unsafe_mul(CLAMP_PER_SECOND, min(age, CLAMP_SECONDS)))
        tick = max(unsafe_sub(previous, limit), min(unsafe_add(previous, limit), tick))
    return unsafe_add(unsafe_div(2**128, max(liquidity, 1)) << 96, convert(convert(tick << 40, bytes32), uint256))


@internal
@pure
def _tick_sum(sums: uint256) -> int256:
    return convert(convert(sums << 160, bytes32), int256) >> 200
