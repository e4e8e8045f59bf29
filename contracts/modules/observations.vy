# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title observations
@license MIT
@notice What an AMM remembers of its price and its liquidity (see IObservations for the terms)
@dev Two sums grow with time: that of the clamped tick, and that of 2**128 / L, where an L of 0 counts as 1. They travel in one word,

         sums = liquidity_sum * 2**96 + tick_sum * 2**40        (modulo 2**256)

     which is added, subtracted and multiplied as a whole: what a negative tick_sum borrows from the liquidity it gives back when
     both are taken apart again. |tick_sum| stays below 2**55 for a thousand years. The liquidity_sum wraps, but grows by at least
     180 and hardly more than 180 * 2**128 in a bucket, whatever the pool sums: the slope, floor(2**128 / L), 1 to 2**128 for each
     second (a pair), or Uniswap V3's floor(seconds * 2**128 / L) for each stretch between two changes (a range pool). The latter
     exceeds the former by less than a unit for each second of the stretch; the bucket of the change has it all, because marks
     before the change lie on the slope, and so does one of its very second. So after S seconds of silence one bucket's depth is
     told smaller than it was, by a part of L * S / (180 * 2**128) at most: a millionth for a year of L = 2**90.

     The accumulators are a word of the pool's own, because a pool may have its parts elsewhere: sums as of `last` | tick, 24 bits |
     age, 16 bits; 0 at the start. `last` is the time of the pool's last change, which the pool stores as well. Storage here:

       sticks         sums as of 180 * bucket | bucket, 40 bits; at slot bucket % 128
       checkpoint     tick_sum a minute before, 56 bits | as of the minute of `last`, 56 bits | started, 144 bits

     Between two changes price and liquidity stand still, so that the sums run along a straight line, known from the accumulators
     and the pool's present state: at a boundary in between they are computed, not sampled. Hence all statistics are functions
     of the past alone.

     A stick is written by the first change in a bucket; when buckets were skipped before it, so is the stick before. A boundary
     further back lies on the line through these two. So a skipped boundary is rebuilt from the two after it, and the two newest
     are never skipped.

     The clamp. One block at an absurd price, which may cost next to nothing, would move a mean over minutes as far as it
     likes. So a tick that is summed differs from the one before it by at most 1000 + 50 * age, where age is for how many
     seconds (at most 60) the one before it had stood since the last change. Not the age of the tick itself: that is not known before it is
     replaced, so that a later reading would change the past.
"""

from interfaces import IObservations

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

checkpoint: uint256
sticks: uint256[RING]


# ---------------------------------------------------------------- writing


@internal
def _start():
    """
    @notice History begins now, with accumulators of 0
    @dev What may have been noted before is forgotten: a pair can be traded before that, after a gift and `sync`.
    """
    self.checkpoint = block.timestamp


@internal
def _advance(word: uint256, last: uint256, raw_tick: int256, liquidity: uint256) -> uint256:
    """
    @notice Add the time since `last`: before the first change of a block, with the price and the liquidity that stood since then
    @param word The accumulators
    @param last Before now; also modulo 2**32
    @return The new accumulators
    @dev Which marks are due follows from the two times: no storage is read to find out.
         Times are far below 2**64, sums wrap as a whole: all arithmetic is unchecked.
    """
    tick: int256 = self._clamped(word, raw_tick)
    # _slope, written out: every first change in a block comes here
    slope: uint256 = unsafe_add(
        unsafe_div(2**128, liquidity | convert(liquidity == 0, uint256)) << 96, convert(convert(tick << 40, bytes32), uint256)
    )
    elapsed: uint256 = unsafe_sub(block.timestamp, last) & MASK_32
    present: uint256 = unsafe_add((word >> 40) << 40, unsafe_mul(slope, elapsed))
    if block.timestamp % MINUTE < elapsed:
        self._mark(present, slope, elapsed)
    return present | ((slope << 192) >> 216) | min(elapsed, MASK_16)


@internal
def _mark(present: uint256, slope: uint256, elapsed: uint256):
    """
    @notice Keep the sums at the minute, and at the boundaries, that have begun since the last change
    @param present The sums as of now; at `ago` seconds ago, up to `elapsed`, they are present - slope * ago
    @param elapsed Seconds since the last change: a minute has begun, block.timestamp % MINUTE < elapsed
    """
    ago: uint256 = block.timestamp % MINUTE
    # The newer mark becomes the older one: it is of the minute of `last`, because the first change in that minute moved it there
    # (or because it was the start). With a whole minute in between it is too old.
    checkpoint: uint256 = self.checkpoint
    older: uint256 = checkpoint >> 144
    if unsafe_add(ago, MINUTE) < elapsed:
        older = unsafe_sub(present, unsafe_mul(slope, unsafe_add(ago, MINUTE))) >> 40
    self.checkpoint = (older << 200) | ((unsafe_sub(present, unsafe_mul(slope, ago)) << 160) >> 56) | ((checkpoint << 112) >> 112)

    # A bucket begins with a minute
    ago = block.timestamp % BUCKET
    if ago < elapsed:
        self.sticks[unsafe_div(block.timestamp, BUCKET) & 127] = (
            unsafe_sub(present, unsafe_mul(slope, ago)) | unsafe_div(block.timestamp, BUCKET)
        )
        if unsafe_add(ago, BUCKET) < elapsed:
            ago = unsafe_add(ago, BUCKET)
            bucket: uint256 = unsafe_sub(unsafe_div(block.timestamp, BUCKET), 1)
            self.sticks[bucket & 127] = unsafe_sub(present, unsafe_mul(slope, ago)) | bucket


# ---------------------------------------------------------------- reading


@internal
@pure
def _last_tick(word: uint256) -> int256:
    """
    @notice The tick that was summed last
    """
    return convert(convert(word << 216, bytes32), int256) >> 232


@internal
@view
def _window(word: uint256, last: uint256, raw_tick: int256, liquidity: uint256, buckets: uint256) -> IObservations.Window:
    """
    @notice The view of IObservations
    @param word The accumulators
    @param last The time of the last change; also modulo 2**32
    @param raw_tick The tick that has stood since then
    @param liquidity The same; without effect when `buckets` is 0
    """
    assert buckets <= MAX_BUCKETS  # dev: too many buckets
    window: IObservations.Window = empty(IObservations.Window)
    checkpoint: uint256 = self.checkpoint
    window.started_ts = (checkpoint << 112) >> 112
    if window.started_ts != 0:
        still: uint256 = unsafe_sub(block.timestamp, last) & MASK_32
        life: uint256 = unsafe_sub(block.timestamp, window.started_ts)

        slope: uint256 = self._slope(self._clamped(word, raw_tick), liquidity)
        # The sums `ago` seconds ago, up to `still`, are present - slope * ago
        present: uint256 = unsafe_add((word >> 40) << 40, unsafe_mul(slope, still))

        ago: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
        sums: uint256 = unsafe_sub(present, unsafe_mul(slope, ago))
        if ago <= life:
            if ago > still:
                # The newer mark is of the minute of `last`: the present one, or the one before
                sums = (checkpoint >> 200) << 40
                if unsafe_sub(ago, MINUTE) < still:
                    sums = (checkpoint >> 144) << 40
            window.fresh_sum = convert(convert(unsafe_sub(present, sums) << 160, bytes32), int256) >> 200
            window.fresh_seconds = ago
        # The boundary that begins the short window is one or two before the newest
        short: uint256 = unsafe_sub(2, unsafe_div(block.timestamp % BUCKET, 120))
        # The sums at the boundaries, newest first. Without a slow window the one that begins the short window is enough.
        age: uint256 = 0
        if unsafe_add(block.timestamp % BUCKET, unsafe_mul(buckets, BUCKET)) <= life:
            window.count = buckets
        if window.count == 0:
            age = short
        newer: uint256 = 0
        newer_still: uint256 = 0
        for _: uint256 in range(MAX_BUCKETS + 3):
            ago = unsafe_add(block.timestamp % BUCKET, unsafe_mul(age, BUCKET))
            if age > max(window.count, short):
                break
            sums = unsafe_sub(present, unsafe_mul(slope, ago))
            # The mark of the very second of `last`, too: a range pool's own sum may lie above it, off the line of the older ones
            if ago >= still:
                sums = 0
                if ago < life:
                    bucket: uint256 = unsafe_sub(unsafe_div(block.timestamp, BUCKET), age)
                    sums = unsafe_sub(self.sticks[bucket & 127], bucket)
                    if sums << 216 != 0:
                        # Another bucket's: this boundary was skipped, and lies on the line through the two after it. The two
                        # newest are never skipped; sums after the start are never 0.
                        if newer_still == 0:
                            age = 0
                            continue
                        sums = unsafe_sub(unsafe_add(newer, newer), newer_still)
            if age == short:
                if ago <= life:
                    window.short_sum = convert(convert(unsafe_sub(present, sums) << 160, bytes32), int256) >> 200
                    window.short_seconds = ago
            if unsafe_sub(age, 1) < window.count:
                # Its parts are the tick_sum and, rounded to the nearest whole, the liquidity_sum: 180 or more, below 2**160 by far.
                # So the mean is at most 2**128, and this is lowered by 1.
                newer_still = unsafe_sub(newer, sums)
                mean: uint256 = unsafe_div(BUCKET << 128, unsafe_add(newer_still >> 95, 1) >> 1)
                window.buckets[unsafe_sub(age, 1)] = (
                    convert(convert((convert(convert(newer_still << 160, bytes32), int256) >> 200) << 128, bytes32), uint256)
                    | unsafe_sub(mean, mean >> 128)
                )
            newer_still = newer
            newer = sums
            age = unsafe_add(age, 1)
    return window


# ---------------------------------------------------------------- arithmetic


@internal
@pure
def _clamped(word: uint256, raw_tick: int256) -> int256:
    """
    @notice A tick, as it is summed
    @param word The accumulators; their sums do not matter
    """
    age: int256 = convert(convert(word & MASK_16, bytes32), int256)
    previous: int256 = convert(convert(word << 216, bytes32), int256) >> 232
    # An age of zero: this is the first tick of all
    if raw_tick == previous or age == 0:
        return raw_tick
    limit: int256 = unsafe_add(CLAMP_BASE, unsafe_mul(CLAMP_PER_SECOND, min(age, CLAMP_SECONDS)))
    return max(unsafe_sub(previous, limit), min(unsafe_add(previous, limit), raw_tick))


@internal
@pure
def _slope(tick: int256, liquidity: uint256) -> uint256:
    """
    @notice What one second adds to the sums
    @param tick Clamped
    """
    return unsafe_add(unsafe_div(2**128, liquidity | convert(liquidity == 0, uint256)) << 96, convert(convert(tick << 40, bytes32), uint256))
