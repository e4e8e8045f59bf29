# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title observations
@license MIT
@notice What an AMM remembers of its price and its liquidity (see IObservations for the terms)
@dev Two sums grow with time: that of the remembered tick, and that of 2**128 / L, where an L of 0 counts as 1. They travel in one
     word,

         sums = liquidity_sum * 2**96 + tick_sum * 2**40        (modulo 2**256)

     which is added, subtracted and multiplied as a whole: what a negative tick_sum borrows from the liquidity it gives back when
     both are taken apart again. |tick_sum| stays below 2**55 for a thousand years. The liquidity_sum wraps, but grows by at least
     180 and hardly more than 180 * 2**128 in a bucket, whatever the pool sums: the slope, floor(2**128 / L), 1 to 2**128 for each
     second (a pair), or Uniswap V3's floor(seconds * 2**128 / L) for each stretch between two changes (a range pool). The latter
     exceeds the former by less than a unit for each second of the stretch; the bucket of the change has it all, because marks
     before the change lie on the slope, and so does one of its very second. So after S seconds of silence one bucket's depth is
     told smaller than it was, by a part of L * S / (180 * 2**128) at most: a millionth for a year of L = 2**90.

     The accumulators are a word of the pool's own, because a pool may have its parts elsewhere: sums as of `last` | free, 8 bits |
     remembered tick as of `last`, 31 bits | 1. At the start there are no sums and no tick, and no 1. `last` is the time of the pool's last
     change, which the pool stores as well. Storage here:

       sticks         sums as of 180 * bucket | bucket, 40 bits; at slot bucket % 128
       checkpoint     tick_sum a minute before, 56 bits | as of the minute of `last`, 56 bits | started, 144 bits

     The slew. One block at an absurd price, which may cost next to nothing, would move a mean over minutes as far as it likes. So
     the tick that is remembered is not the market's: it goes after that one at 50 ticks a second. A change that finds it at c and
     brings the market to r opens a gap g = r - c, of which 9000 ticks at most count, and in the i-th second from there

         c + sgn(g) * min(50 * i, |g|)

     is summed. A gap below 50 is closed in its first second, as if there were no slew. Any other is closed by a ramp, for which the
     sum lags behind that of a tick which had got there at once, by

         sgn(g) * (n * |g| - 25 * n * (n + 1)), with n = min(seconds, |g| // 50)

     (by 50 less than the gap in the first second, by 100 less in the next). The rule knows the market's path and nothing else: a
     change of nothing within a ramp, whoever makes it, finds c so much further and g so much smaller, and the ramp goes on as it was;
     and it goes on in a pool that nobody touches. One block of 12 seconds moves the tick by 600, whatever its price, and another 12
     seconds bring it back: 7200 tick seconds, 24 ticks of a mean over five minutes. A halving at once is followed in 139 seconds.

     Every ramp ends within 180 seconds, a bucket: that is what the 9000 (a factor of 2.46) are for. Where a price jumps further, the
     rest waits for the next change (`sync`, `poke`), 9000 ticks at a time; here alone a change of nothing changes something.
     The first tick of all is remembered as it is.

     Between two changes price and liquidity stand still, so that the sums run along a known ramp and then a straight line: at a
     boundary in between they are computed, not sampled, from the accumulators and the pool's present state. Hence all statistics
     are functions of the past alone.

     A stick is written by the first change in a bucket; when buckets were skipped before it, so is the stick before. A boundary
     further back lies on the line through these two, unless the ramp is not over there: that can only be the first one after the
     change, and it is then written as well. So a skipped boundary is rebuilt from the two after it, and the two newest are never
     skipped.
"""

from interfaces import IObservations

BUCKET: constant(uint256) = 180
MINUTE: constant(uint256) = 60
# 128 buckets = 6.4 hours
RING: constant(uint256) = 128
MAX_BUCKETS: constant(uint256) = 20

# Ticks a second. A fall of 50 % in ten minutes needs 12: real markets do not meet the slew
SLEW: constant(uint256) = 50
# 180 seconds of it, so that a ramp reaches one boundary at most
MAX_GAP: constant(uint256) = 9000

# As it is told of now
MAX_LIQUIDITY: constant(uint256) = 2**126 - 1


# What `recent` may be asked for
FRESH: constant(uint256) = 1
PRESENT: constant(uint256) = 2


# What a pool is since its last change
struct State:
    # The accumulators as of then
    word: uint256
    # Seconds since then
    elapsed: uint256
    # The market's, and the liquidity in range
    tick: int256
    liquidity: uint256


# The time since the last change, in which price and liquidity stood
struct Stretch:
    begin: uint256
    # As of its beginning
    sums: uint256
    # What each second adds to them once the ramp is over
    slope: uint256
    # |g|, at most MAX_GAP
    gap: uint256
    # sgn(g) as a part of sums: 2**40, or -2**40 modulo 2**256
    sign: uint256


checkpoint: uint256
sticks: uint256[RING]

# When liquidity was added in this transaction: the time, because a chain of tests may keep transient storage for longer
minted: transient(uint256)


# ---------------------------------------------------------------- writing


@internal
def _start():
    """
    @notice History begins now, with accumulators of 0
    @dev What may have been noted before is forgotten: a pair can be traded before that, after a gift and `sync`.
    """
    self.checkpoint = block.timestamp


@internal
def _note_mint():
    """
    @notice Liquidity is added: `window` says so until the transaction ends
    """
    self.minted = block.timestamp


@internal
def _advance(state: State) -> uint256:
    """
    @notice Add the time since the last change: before the first change of a block, with the price and the liquidity that have stood since
    @param state Of a change before now
    @return The new accumulators
    @dev Which marks are due follows from the two times: no storage is read to find out.
         Times are far below 2**64, sums wrap as a whole: all arithmetic is unchecked.
    """
    # The usual case, written out, because most changes come here: no ramp and no mark
    gap: uint256 = convert(convert(unsafe_sub(state.tick, convert(convert(state.word << 224, bytes32), int256) >> 225), bytes32), uint256)
    if convert(unsafe_add(gap, SLEW - 1) < 2 * SLEW - 1, uint256) & convert(block.timestamp % MINUTE >= state.elapsed, uint256) != 0:
        slope: uint256 = unsafe_add(
            unsafe_div(2**128, state.liquidity | convert(state.liquidity == 0, uint256)) << 96,
            convert(convert(state.tick << 40, bytes32), uint256),
        )
        return unsafe_add((state.word >> 40) << 40, unsafe_mul(slope, state.elapsed)) | ((slope << 185) >> 224) | 1

    stretch: Stretch = self._stretch(state)
    if block.timestamp % MINUTE < state.elapsed:
        self._mark(stretch)
    sums: uint256 = self._at(stretch, block.timestamp)
    tick: uint256 = stretch.slope
    if stretch.gap >= SLEW:
        # What the last second has added
        tick = unsafe_sub(sums, self._at(stretch, unsafe_sub(block.timestamp, 1)))
    return sums | ((tick << 185) >> 224) | 1


@internal
def _mark(stretch: Stretch):
    """
    @notice Keep the sums at the minute, and at the boundaries, that have begun since the last change
    @param stretch Up to now, with a minute's beginning in it
    """
    minute: uint256 = unsafe_sub(block.timestamp, block.timestamp % MINUTE)
    # The newer mark becomes the older one: it is of the minute of `last`, because the first change in that minute moved it there
    # (or because it was the start). With a whole minute in between it is too old.
    checkpoint: uint256 = self.checkpoint
    older: uint256 = checkpoint >> 144
    if unsafe_sub(minute, MINUTE) > stretch.begin:
        older = self._at(stretch, unsafe_sub(minute, MINUTE)) >> 40
    self.checkpoint = (older << 200) | ((self._at(stretch, minute) << 160) >> 56) | ((checkpoint << 112) >> 112)

    newest: uint256 = unsafe_div(block.timestamp, BUCKET)
    first: uint256 = unsafe_add(unsafe_div(stretch.begin, BUCKET), 1)
    if newest >= first:
        if newest > first:
            # Within the ramp. Before the others, because it may be a lap of the ring behind them.
            if unsafe_mul(unsafe_sub(unsafe_mul(first, BUCKET), stretch.begin), SLEW) < stretch.gap:
                self._keep(stretch, first)
            self._keep(stretch, unsafe_sub(newest, 1))
        self._keep(stretch, newest)


@internal
def _keep(stretch: Stretch, bucket: uint256):
    """
    @notice Write a stick, of a boundary within the stretch
    """
    self.sticks[bucket & 127] = self._at(stretch, unsafe_mul(bucket, BUCKET)) | bucket


# ---------------------------------------------------------------- reading


@internal
@view
def _recent(state: State, wanted: uint256) -> (uint256, int256, int256):
    """
    @notice The view of IObservations
    @param state Its liquidity may be left out where PRESENT is not wanted
    @dev Of the sums the ticks' alone, for which 56 bits are enough: what is above them falls off in the end.
         Of the liquidity all bits up to the 126th where there is a 127th.
    """
    # The usual case, as in _advance: no ramp
    tick: uint256 = convert(convert(state.tick, bytes32), uint256)
    gap: uint256 = unsafe_sub(tick, convert(convert(convert(convert(state.word << 224, bytes32), int256) >> 225, bytes32), uint256))
    tick_sum: uint256 = unsafe_add(state.word >> 40, unsafe_mul(tick, state.elapsed))
    stretch: Stretch = empty(Stretch)
    if unsafe_add(gap, SLEW - 1) >= 2 * SLEW - 1:
        stretch = self._stretch(state)
        tick_sum = self._at(stretch, block.timestamp) >> 40
    fresh_sum: uint256 = 0
    if wanted & FRESH != 0:
        ago: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
        if ago <= state.elapsed:
            fresh_sum = unsafe_mul(tick, ago)
            if stretch.gap != 0:
                fresh_sum = unsafe_sub(tick_sum, self._at(stretch, unsafe_sub(block.timestamp, ago)) >> 40)
        else:
            checkpoint: uint256 = self.checkpoint
            if ago <= unsafe_sub(block.timestamp, (checkpoint << 112) >> 112):
                # The newer mark is of the minute of the last change: the present one, or the one before
                fresh_sum = unsafe_sub(tick_sum, checkpoint >> 200)
                if unsafe_sub(ago, MINUTE) < state.elapsed:
                    fresh_sum = unsafe_sub(tick_sum, checkpoint >> 144)
    present: uint256 = 0
    if wanted & PRESENT != 0:
        present = (
            convert(convert(state.tick << 128, bytes32), uint256)
            | (convert(self.minted == block.timestamp, uint256) << 127)
            | min(state.liquidity, MAX_LIQUIDITY)
        )
    return (
        present,
        convert(convert(tick_sum << 200, bytes32), int256) >> 200,
        convert(convert(fresh_sum << 200, bytes32), int256) >> 200,
    )


@internal
@view
def _window(state: State, buckets: uint256) -> IObservations.Window:
    """
    @notice The view of IObservations
    """
    assert buckets <= MAX_BUCKETS  # dev: too many buckets
    window: IObservations.Window = empty(IObservations.Window)
    window.present, window.tick_sum, window.fresh_sum = self._recent(state, FRESH | PRESENT)
    window.started_ts = (self.checkpoint << 112) >> 112
    if window.started_ts != 0:
        life: uint256 = unsafe_sub(block.timestamp, window.started_ts)
        ago: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
        if ago <= life:
            window.fresh_seconds = ago
        ago = block.timestamp % BUCKET
        # The short window begins with the newest boundary that is at least 300 seconds old: one or two before the newest of all
        short: uint256 = unsafe_sub(2, unsafe_div(ago, 120))
        if unsafe_add(ago, unsafe_mul(buckets, BUCKET)) <= life:
            window.count = buckets
        stretch: Stretch = empty(Stretch)
        if ago < state.elapsed:
            stretch = self._stretch(state)
        # The sums at the boundaries, newest first
        oldest: uint256 = max(window.count, short)
        bucket: uint256 = unsafe_div(block.timestamp, BUCKET)
        newer: uint256 = 0
        newer_still: uint256 = 0
        for age: uint256 in range(MAX_BUCKETS + 1):
            if age > oldest:
                break
            sums: uint256 = 0
            # The mark of the very second of the last change is stored: a range pool's own sum may lie above it, off the line of the older ones
            if ago < state.elapsed:
                sums = self._at(stretch, unsafe_sub(block.timestamp, ago))
            elif ago < life:
                sums = unsafe_sub(self.sticks[bucket & 127], bucket)
                if sums << 216 != 0:
                    # Another bucket's: this boundary was skipped, and lies on the line through the two after it. The two newest are
                    # never skipped.
                    sums = unsafe_sub(unsafe_add(newer, newer), newer_still)
            if age == short:
                if ago <= life:
                    window.short_sum = (unsafe_sub(window.tick_sum << 40, convert(convert(sums, bytes32), int256)) << 160) >> 200
                    window.short_seconds = ago
            if unsafe_sub(age, 1) < window.count:
                # Its parts are the tick_sum, which the shifts leave where it is told, and, rounded to the nearest whole, the
                # liquidity_sum: 180 or more, below 2**160 by far. So the mean is at most 2**128, and this is lowered by 1.
                newer_still = unsafe_sub(newer, sums)
                mean: uint256 = unsafe_div(BUCKET << 128, unsafe_add(newer_still >> 95, 1) >> 1)
                window.buckets[unsafe_sub(age, 1)] = convert(
                    convert(convert(convert(newer_still << 160, bytes32), int256) >> 72, bytes32), uint256
                ) | unsafe_sub(mean, mean >> 128)
            newer_still = newer
            newer = sums
            ago = unsafe_add(ago, BUCKET)
            bucket = unsafe_sub(bucket, 1)
    return window


# ---------------------------------------------------------------- arithmetic


@internal
@view
def _stretch(state: State) -> Stretch:
    """
    @notice What has been since the last change, and its ramp
    """
    before: int256 = state.tick
    # At the start there is no tick yet: this is the first one of all
    if state.word & 1 != 0:
        before = convert(convert(state.word << 224, bytes32), int256) >> 225
    stretch: Stretch = empty(Stretch)
    stretch.begin = unsafe_sub(block.timestamp, state.elapsed)
    stretch.sums = (state.word >> 40) << 40
    stretch.gap = convert(convert(unsafe_sub(state.tick, before), bytes32), uint256)
    stretch.sign = 2**40
    if state.tick < before:
        stretch.gap = unsafe_sub(0, stretch.gap)
        stretch.sign = unsafe_sub(0, stretch.sign)
    stretch.gap = min(stretch.gap, MAX_GAP)
    stretch.slope = unsafe_add(
        unsafe_add(
            unsafe_div(2**128, state.liquidity | convert(state.liquidity == 0, uint256)) << 96,
            convert(convert(before << 40, bytes32), uint256),
        ),
        unsafe_mul(stretch.gap, stretch.sign),
    )
    return stretch


@internal
@pure
def _at(stretch: Stretch, time: uint256) -> uint256:
    """
    @notice The sums at a time within the stretch
    """
    seconds: uint256 = unsafe_sub(time, stretch.begin)
    sums: uint256 = unsafe_add(stretch.sums, unsafe_mul(stretch.slope, seconds))
    if stretch.gap >= SLEW:
        n: uint256 = min(seconds, unsafe_div(stretch.gap, SLEW))
        lag: uint256 = unsafe_mul(n, unsafe_sub(stretch.gap, unsafe_mul(SLEW // 2, unsafe_add(n, 1))))
        sums = unsafe_sub(sums, unsafe_mul(lag, stretch.sign))
    return sums
