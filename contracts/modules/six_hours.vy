# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title six_hours
@license MIT
@notice The ticks of a pair over exactly the 120 buckets before the newest boundary: their mean, and the median of the six hours' means
@dev As in the slow window of ten buckets (price_sources) the lower of the two is the low tick, the higher one the high tick; of the two hours
     in the middle the lower serves the low, the upper the high. The mean follows what lasts; the median does not move at all for what
     lasts up to two hours, however far the price went, because that lies in three of six hours at most.

     A pair tells the sums of at most its last 20 buckets (IObservations). Here they are kept, so that whoever calls once an hour keeps
     the six hours known. What is kept of a bucket is what the pair tells of it, whoever calls when, so both ticks are functions of the
     past alone: calls can make them known, and cannot make them others.

     A gap of more than 20 buckets is bridged where the pair has not changed in it: 180 seconds after its last change the slew is over,
     and each whole bucket has the same sum. Else the buckets in the gap are not known, and nothing is told until 120 in a row are.

     Ticks are oriented to the asset and held as what they are above the lowest tick (price_sources). A bucket's sum is below 2^32, eight
     to a word; 128 of them make a ring. The state: low tick, 24 bits | high tick, 24 | how many buckets in a row are known, up to 120,
     8 | the bucket after them.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPair

# the question to the pair, and the bounds of ticks
from contracts.modules import price_sources

# ---------------------------------------------------------------- constants

HOURS: constant(uint256) = 6
# All that a pair tells is an hour
HOUR: constant(uint256) = 20
BUCKETS: constant(uint256) = 120
SECONDS_OF_HOUR: constant(uint256) = 3_600
SECONDS: constant(uint256) = 21_600

# The state
HIGH_AT: constant(uint256) = 24
COUNT_AT: constant(uint256) = 48
BUCKET_AT: constant(uint256) = 56
MASK_8: constant(uint256) = (1 << 8) - 1
MASK_24: constant(uint256) = (1 << 24) - 1
MASK_32: constant(uint256) = (1 << 32) - 1

# ---------------------------------------------------------------- types


# What the pair tells beyond what is kept
struct News:
    # As it should be now
    state: uint256
    # Of the buckets [first, end): their sums, newest first; older ones have the last one's. None: end is 0.
    first: uint256
    end: uint256
    sums: uint256[HOUR]
    count: uint256


# ---------------------------------------------------------------- storage

state: uint256
# Of bucket b: bits 32 * (b mod 8) on, at slot b / 8 mod 16
sums: uint256[16]

# ---------------------------------------------------------------- internals


@internal
def _keep(pair: address, flip: uint256) -> uint256:
    """
    @notice Keep what the pair tells of the buckets since the last call. Returns the state.
    @param flip All ones where the asset is token1, else 0
    """
    news: News = self._news(pair, flip)
    if news.end == 0:
        return news.state
    for i: uint256 in range(BUCKETS):
        bucket: uint256 = unsafe_add(news.first, i)
        if bucket >= news.end:
            break
        slot: uint256 = (bucket >> 3) & 15
        bit: uint256 = (bucket & 7) << 5
        told: uint256 = news.sums[min(unsafe_sub(unsafe_sub(news.end, 1), bucket), unsafe_sub(news.count, 1))]
        self.sums[slot] = self.sums[slot] & ~(MASK_32 << bit) | told << bit
    self.state = news.state
    return news.state


@internal
@view
def _state_now(pair: address, flip: uint256) -> uint256:
    """
    @notice What `_keep` returns, without writing
    """
    news: News = self._news(pair, flip)
    return news.state


@internal
@view
def _news(pair: address, flip: uint256) -> News:
    news: News = empty(News)
    news.state = self.state
    end: uint256 = block.timestamp // price_sources.BUCKET
    kept: uint256 = news.state >> BUCKET_AT
    if kept == end:
        return news
    news.count = min(unsafe_sub(end, kept), HOUR)
    window: price_sources.Window = price_sources._ask(pair, news.count)
    if window.count != news.count:
        # A younger pair than that. What is kept does not reach to the newest boundary.
        news.state = kept << BUCKET_AT
        return news
    for i: uint256 in range(news.count, bound=HOUR):
        word: uint256 = 0
        if i < price_sources.SLOW_BUCKETS:
            word = window.newer[i]
        else:
            word = window.older[unsafe_sub(i, price_sources.SLOW_BUCKETS)]
        news.sums[i] = price_sources._bucket_sum(word, flip) & MASK_32

    first: uint256 = unsafe_sub(end, news.count)
    if first > kept:
        # A gap. From the second boundary after the pair's last change on all whole buckets are like the last one that was told.
        reserve0: uint112 = 0
        reserve1: uint112 = 0
        changed: uint32 = 0
        reserve0, reserve1, changed = staticcall IPair(pair).getReserves()
        ago: uint256 = unsafe_sub(block.timestamp, convert(changed, uint256)) & MASK_32
        first = min(first, unsafe_add(unsafe_sub(block.timestamp, ago) // price_sources.BUCKET, 2))
        first = max(first, unsafe_sub(end, BUCKETS))
    known: uint256 = 0
    if first <= kept:
        first = kept
        known = (news.state >> COUNT_AT) & MASK_8
    known = min(unsafe_add(known, unsafe_sub(end, first)), BUCKETS)
    news.first = first
    news.end = end
    news.state = end << BUCKET_AT | known << COUNT_AT
    if known == BUCKETS:
        news.state |= self._ticks(news)
    return news


@internal
@view
def _ticks(news: News) -> uint256:
    """
    @notice The high tick << 24 | the low tick
    """
    hours: uint256[HOURS] = empty(uint256[HOURS])
    total: uint256 = 0
    word: uint256 = 0
    for i: uint256 in range(BUCKETS):
        bucket: uint256 = unsafe_sub(unsafe_sub(news.end, 1), i)
        told: uint256 = 0
        if bucket >= news.first:
            told = news.sums[min(i, unsafe_sub(news.count, 1))]
        else:
            # From the top of a word down
            if bucket & 7 == 7 or unsafe_add(bucket, 1) == news.first:
                word = self.sums[(bucket >> 3) & 15]
            told = (word >> ((bucket & 7) << 5)) & MASK_32
        hours[i // HOUR] = unsafe_add(hours[i // HOUR], told)
        total = unsafe_add(total, told)
    # Of six: the third and the fourth. Of equals the earlier one counts as the smaller.
    lower: uint256 = 0
    upper: uint256 = 0
    for i: uint256 in range(HOURS):
        rank: uint256 = 0
        for j: uint256 in range(HOURS):
            if hours[j] < hours[i] or (hours[j] == hours[i] and j < i):
                rank = unsafe_add(rank, 1)
        if rank == 2:
            lower = hours[i]
        if rank == 3:
            upper = hours[i]
        # Rounding keeps the order: the median of the rounded means is the median mean, rounded


    low: uint256 = min(unsafe_div(total, SECONDS), unsafe_div(lower, SECONDS_OF_HOUR))
    high: uint256 = max(
        unsafe_div(unsafe_add(total, SECONDS - 1), SECONDS), unsafe_div(unsafe_add(upper, SECONDS_OF_HOUR - 1), SECONDS_OF_HOUR)
    )
    return high << HIGH_AT | low


@internal
@pure
def _known(state: uint256) -> bool:
    """
    @notice There are ticks, and a price at both
    """
    return (state >> COUNT_AT) & MASK_8 == BUCKETS and (state >> HIGH_AT) & MASK_24 < price_sources.TICKS


@internal
@pure
def _low_tick(state: uint256) -> uint256:
    return state & MASK_24


@internal
@pure
def _high_tick(state: uint256) -> uint256:
    return (state >> HIGH_AT) & MASK_24
