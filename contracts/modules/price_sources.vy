# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title price_sources
@license MIT
@notice What the sources of an asset are, and what one of them says now
@dev Terms: see contracts/oracle/PriceOracle.vy
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

# questions to contracts that may fail
from contracts.modules import bounded_calls

# what feeds say
from contracts.modules import feeds

# numbers in a cache word
from contracts.modules import floats

# products of 512 bits
from contracts.modules import full_math

# medians
from contracts.modules import middle

# errors in few bytes
from contracts.modules import reasons

# from ticks to prices
from contracts.modules import tick_math

# ---------------------------------------------------------------- constants

# The windows of IObservations, in seconds
BUCKET: constant(uint256) = 180
MINUTE: constant(uint256) = 60
SHORT_AGE: constant(uint256) = 300

SLOW_BUCKETS: constant(uint256) = 10

# New risk is blocked when the market is this many ticks (10 %) away from its short mean
UNSETTLED_TICKS: constant(uint256) = 1000
# A pool answers with some 60,000 gas. What is more than this is not worth waiting for.
SOURCE_GAS: constant(uint256) = 400_000

# The answers in bytes. One word more is taken of them, to see that they end there.
ANSWER: constant(uint256) = 28 * 32
RECENT: constant(uint256) = 3 * 32
# In the place of `count`: there is no answer of that form
UNREADABLE: constant(uint256) = max_value(uint256)

# Oriented ticks are held as what they are above the lowest tick of tick_math, so that all of their arithmetic is unsigned, and
# division floors
BIAS: constant(uint256) = 887_272
SIGNED_BIAS: constant(int256) = 887_272
SIGN_BIT: constant(uint256) = 1 << 255
# Up to tick 443,636, 2^64 raw quote for a raw unit of the asset: the square root in Q96 then fits 128 bits
TICKS: constant(uint256) = 443_636 + BIAS
# No sum of ticks over a fresh window is as large
MOST_FRESH_SUM: constant(uint256) = 1 << 40

# What a bucket's cache keeps of a source, 100 bits: slow high tick 21 | slow low tick 21 | sum of the ticks over the bucket before
# the newest one, 28 | sum of the ticks up to two buckets before the newest boundary, modulo 2^30. With the sums of now the latter two tell
# the short window throughout the bucket: it begins two buckets before the newest boundary, and from the 120th second on one bucket.
# Ticks in [0, TICKS) sum up to less than 2^28 in a bucket, those of any pool to less than 2^30 in the 479 seconds of a short window.
SLOW_LOW_AT: constant(uint256) = 58
SLOW_HIGH_AT: constant(uint256) = 79
SUM_BITS: constant(uint256) = 30
SHORTER_FROM: constant(uint256) = 120

# A price at which any amount up to 2^112 can be valued without overflow: 22 * 10^42 WAD for 1e18 raw units
MAX_PRICE: constant(uint256) = (1 << 144) - 1
# A quote's: 4 * 10^34
MAX_UNIT: constant(uint256) = (1 << 115) - 1

# The fixed price of a quote is stored in these steps, 1e-12 of a unit of account per 1e18 raw units, in 90 bits
QUOTE_STEP: constant(uint256) = 1_000_000
MAX_STEPS: constant(uint256) = (1 << 90) - 1

WAD: constant(uint256) = 10**18

# A config word: source 160 | flags 6 | price of a fixed quote in QUOTE_STEPs 90. All that a read in a cached bucket needs of one
# source. For a quote the price is its own, and there is no source.
TOKEN1: constant(uint256) = 1 << 160  # the asset is token1 of its source
IS_RANGE: constant(uint256) = 1 << 161  # the source is a range pool
IS_QUOTE: constant(uint256) = 1 << 162
QUOTE_BY_FEED: constant(uint256) = 1 << 163  # the quote, or the asset itself where it is one, has no fixed price
HAS_SECOND: constant(uint256) = 1 << 164
HAS_FEED: constant(uint256) = 1 << 165
UNIT_AT: constant(uint256) = 166

# In IObservations.Window.present
ADDED: constant(uint256) = 1 << 127
USED: constant(uint256) = 1 << 126

# What is asked of a source, and of an asset: for seizure, for new risk. As in `recent`, where these bits ask for the fresh sum and for the
# market as it is.
FOR_SEIZURE: constant(uint256) = 1
FOR_NEW_RISK: constant(uint256) = 2

# Key of the second source: beside that of the first, which is the asset
SECOND: constant(uint256) = 1 << 160

# Bits of the mantissa of a depth
DEPTH_MANTISSA: constant(uint256) = 19

MASK_21: constant(uint256) = (1 << 21) - 1
MASK_28: constant(uint256) = (1 << 28) - 1
MASK_30: constant(uint256) = (1 << SUM_BITS) - 1
MASK_64: constant(uint256) = (1 << 64) - 1
MASK_112: constant(uint256) = (1 << 112) - 1
MASK_126: constant(uint256) = (1 << 126) - 1
MASK_127: constant(uint256) = (1 << 127) - 1
MASK_128: constant(uint256) = (1 << 128) - 1
MASK_160: constant(uint256) = (1 << 160) - 1

# ---------------------------------------------------------------- types


# IObservations.Window: signed words modulo 2^256, and its buckets in two halves
struct Window:
    started_ts: uint256
    short_sum: uint256
    short_seconds: uint256
    fresh_sum: uint256
    fresh_seconds: uint256
    tick_sum: uint256
    present: uint256
    count: uint256
    newer: uint256[SLOW_BUCKETS]
    older: uint256[SLOW_BUCKETS]


# What one source says now. Ticks are oriented and biased. `_price` makes prices of them, and of the present liquidity its depth.
struct Measure:
    # It has what makes a price; else `why` says what is missing
    valid: bool
    why: IPriceOracle.Why
    # Price of 1e18 raw quote
    unit: uint256
    short_low: uint256
    short_high: uint256
    slow_low: uint256
    slow_high: uint256
    # Only when asked for; within what a tick may be, whatever the source says
    fresh: uint256
    # The market's liquidity now
    present: uint256
    # What a cache keeps of it: see SLOW_LOW_AT
    kept: uint256
    # Over the slow window, a float in WAD; of a cached bucket: not told
    depth: uint256
    # What decides whether there is enough for a price at all, WAD. Of a range pool at least seven eighths of what it was when it was
    # measured last: what a pool holds can be gone for a moment.
    support: uint256
    # The square root of the price at slow_low, or 0: not told, as of a cached bucket
    root: uint256


# ---------------------------------------------------------------- storage

# By asset, or SECOND | asset: see above
configs: HashMap[uint256, uint256]

# Likewise: min_depth << 160 | quote. Read when the cache is refreshed.
quotes: HashMap[uint256, uint256]

# By asset, quotes included: contracts/modules/feeds.vy
feed_words: HashMap[address, uint256]

# ---------------------------------------------------------------- internals: one source


@internal
@view
def _measure(asset: address, place: uint256, config: uint256, asked: uint256, kept: uint256, support: uint256, wanted: uint256) -> Measure:
    """
    @notice What a source says, by a slow window of `asked` buckets or, with none, by what is kept of this bucket
    @param kept See SLOW_LOW_AT
    @param support Of a range pool, when it was measured last
    @param wanted What is not wanted is not told: FOR_NEW_RISK: what the present market says; FOR_SEIZURE: the fresh mean
    """
    m: Measure = empty(Measure)
    if config & QUOTE_BY_FEED == 0:
        m.unit = unsafe_mul(config >> UNIT_AT, QUOTE_STEP)
    else:
        quote: address = convert(self.quotes[place | convert(asset, uint256)] & MASK_160, address)
        m.unit, m.why = self._unit(QUOTE_BY_FEED, quote)
        if m.unit == 0:
            # Less an eighth a bucket: gone within an hour or so where providers have really left
            m.support = unsafe_sub(support, support >> 3)
            return m
    tick_sum: uint256 = 0
    fresh_sum: uint256 = 0
    if asked == 0:
        m.kept = kept
        success: bool = False
        answer: Bytes[RECENT + 32] = b""
        success, answer = raw_call(
            convert(config & MASK_160, address),
            abi_encode(wanted, method_id=method_id("recent(uint256)")),
            max_outsize=RECENT + 32,
            gas=SOURCE_GAS,
            is_static_call=True,
            revert_on_failure=False,
        )
        if not success or len(answer) != RECENT:
            bounded_calls._check_gas(success, SOURCE_GAS)
            m.why = IPriceOracle.Why.SOURCE_FAILED
            return m
        m.present, tick_sum, fresh_sum = abi_decode(answer, (uint256, uint256, uint256))
    else:
        m.why, m.kept, m.depth, m.support, m.root, m.present, tick_sum, fresh_sum = self._learn(
            asset, place, config, asked, m.unit, unsafe_sub(support, support >> 3)
        )
        if m.why | IPriceOracle.Why.THIN_FOR_NEW_RISK != IPriceOracle.Why.THIN_FOR_NEW_RISK:
            return m
    flip: uint256 = unsafe_sub(0, (config >> 160) & 1)  # all ones where ticks change their sign: (x ^ flip) - flip = -x
    # The sums are oriented before any rounding: the floor of a negated mean is not the negated floor
    short_sum: uint256 = unsafe_sub(unsafe_add(unsafe_mul(block.timestamp, BIAS), unsafe_sub(tick_sum ^ flip, flip)), m.kept)
    short_seconds: uint256 = unsafe_add(BUCKET, block.timestamp % BUCKET)
    if short_seconds < SHORT_AGE:
        short_seconds = unsafe_add(short_seconds, BUCKET)
    else:
        short_sum = unsafe_sub(short_sum, (m.kept >> SUM_BITS) & MASK_28)
    short_sum &= MASK_30
    m.short_low = unsafe_div(short_sum, short_seconds)
    if m.short_low >= TICKS:
        m.why = IPriceOracle.Why.SOURCE_FAILED
        return m
    m.valid = True
    m.short_high = unsafe_div(unsafe_add(short_sum, unsafe_sub(short_seconds, 1)), short_seconds)
    m.slow_low = (m.kept >> SLOW_LOW_AT) & MASK_21
    m.slow_high = m.kept >> SLOW_HIGH_AT
    if wanted & FOR_SEIZURE != 0:
        # Within [0, TICKS) whatever a source says: what it does not say to the one who asks for no fresh mean must not decide whether it has
        # a price
        seconds: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
        fresh_sum ^= flip
        if unsafe_add(fresh_sum, MOST_FRESH_SUM) <= 2 * MOST_FRESH_SUM:
            fresh_sum = unsafe_add(unsafe_mul(seconds, BIAS), unsafe_sub(fresh_sum, flip))
        # Below the lowest tick as above the highest one: the sign tells which
        if fresh_sum < SIGN_BIT:
            m.fresh = min(unsafe_div(fresh_sum, seconds), TICKS - 1)
    if wanted & FOR_NEW_RISK != 0:
        if m.present & ADDED != 0:
            m.why |= IPriceOracle.Why.LIQUIDITY_ADDED
        tick: uint256 = convert(convert(convert(convert(m.present, bytes32), int256) >> 128, bytes32), uint256)
        tick = unsafe_add(BIAS, unsafe_sub(tick ^ flip, flip))
        if unsafe_sub(unsafe_add(tick, UNSETTLED_TICKS), m.short_low) > 2 * UNSETTLED_TICKS:
            m.why |= IPriceOracle.Why.UNSETTLED
    return m


@internal
@view
def _price(ticks: Measure, wanted: uint256) -> Measure:
    """
    @notice The same in prices, or without validity where it has none
    """
    m: Measure = ticks
    if m.valid:
        sqrt_x96: uint256 = ticks.root
        if sqrt_x96 == 0:
            sqrt_x96 = self._sqrt(ticks.slow_low)
        m.root = sqrt_x96
        m.slow_low = self._price_down(sqrt_x96, m.unit)
        if ticks.slow_high != ticks.slow_low:
            sqrt_x96 = self._sqrt(ticks.slow_high)
        m.slow_high = self._price_up(sqrt_x96, m.unit)
        if ticks.short_high != ticks.slow_high:
            sqrt_x96 = self._sqrt(ticks.short_high)
        m.short_high = self._price_up(sqrt_x96, m.unit)
        if ticks.short_low != ticks.short_high:
            sqrt_x96 = self._sqrt(ticks.short_low)
        m.short_low = self._price_down(sqrt_x96, m.unit)
        if wanted & FOR_SEIZURE != 0:
            m.fresh = self._fresh_at(ticks.fresh, m.unit)
        if wanted & FOR_NEW_RISK != 0:
            if ticks.slow_low < ticks.short_low:
                sqrt_x96 = m.root
            m.present = self._depth_now(m.present, sqrt_x96, m.unit)
        if min(m.short_low, m.slow_low) == 0 or max(m.short_high, m.slow_high) > MAX_PRICE:
            # No market trades there
            m.valid = False
            m.why = IPriceOracle.Why.SOURCE_FAILED
    return m


@internal
@pure
def _depth_now(present: uint256, sqrt_x96: uint256, unit: uint256) -> uint256:
    """
    @notice The market's depth now, WAD, at a square root of a price
    """
    return unsafe_div(unsafe_mul(self._quote_depth(present & MASK_126, sqrt_x96), unit), WAD)


@internal
@view
def _learn(
    asset: address, place: uint256, config: uint256, asked: uint256, unit: uint256, support: uint256
) -> (IPriceOracle.Why, uint256, uint256, uint256, uint256, uint256, uint256, uint256):
    """
    @notice (what is missing, Measure.kept, Measure.depth, Measure.support, Measure.root, and what `recent` would tell) by a slow window of `asked` buckets
    @param support Of a range pool, the least that there is
    """
    window: Window = self._ask(convert(config & MASK_160, address), asked)
    if window.count == UNREADABLE:
        return IPriceOracle.Why.SOURCE_FAILED, 0, 0, support, 0, 0, 0, 0
    # Where the short and the fresh window begin, and so how long they are, is told by the clock
    short_seconds: uint256 = unsafe_add(SHORT_AGE, unsafe_sub(block.timestamp, SHORT_AGE) % BUCKET)
    fresh_seconds: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
    if (window.short_seconds ^ short_seconds) | (window.fresh_seconds ^ fresh_seconds) | (window.count ^ asked) != 0 or unsafe_sub(
        window.started_ts, 1
    ) >= block.timestamp:
        return self._why_incomplete(window, short_seconds, fresh_seconds, asked), 0, 0, support, 0, 0, 0, 0
    flip: uint256 = unsafe_sub(0, (config >> 160) & 1)
    known: bool = False
    slow_low: uint256 = 0
    slow_high: uint256 = 0
    liquidity: uint256 = 0
    known, slow_low, slow_high, liquidity = self._slow(window.newer, window.older, asked, flip)
    short_sum: uint256 = unsafe_add(unsafe_mul(short_seconds, BIAS), unsafe_sub(window.short_sum ^ flip, flip))
    if not known or unsafe_div(short_sum, short_seconds) >= TICKS:
        return IPriceOracle.Why.SOURCE_FAILED, 0, 0, support, 0, 0, 0, 0
    # Of the bucket before the newest one
    sum: uint256 = self._bucket_sum(window.newer[1], flip)
    start: uint256 = unsafe_sub(unsafe_add(unsafe_mul(block.timestamp, BIAS), unsafe_sub(window.tick_sum ^ flip, flip)), short_sum)
    if block.timestamp % BUCKET >= SHORTER_FROM:
        start = unsafe_sub(start, sum)
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    depth: uint256 = 0
    least: uint256 = 0
    root: uint256 = 0
    why, depth, least, root = self._depths(asset, place, config, unit, slow_low, window.present, liquidity, support)
    return (
        why,
        slow_high << SLOW_HIGH_AT | slow_low << SLOW_LOW_AT | sum << SUM_BITS | start & MASK_30,
        depth,
        least,
        root,
        window.present,
        window.tick_sum,
        window.fresh_sum,
    )


@internal
@pure
def _bucket_sum(word: uint256, flip: uint256) -> uint256:
    """
    @notice The sum of oriented and biased ticks in a word of IObservations.Window.buckets
    """
    tick_sum: uint256 = convert(convert(convert(convert(word, bytes32), int256) >> 128, bytes32), uint256)
    return unsafe_add(BUCKET * BIAS, unsafe_sub(tick_sum ^ flip, flip))


@internal
@view
def _depths(
    asset: address, place: uint256, config: uint256, unit: uint256, tick: uint256, present: uint256, liquidity: uint256, least: uint256
) -> (IPriceOracle.Why, uint256, uint256, uint256):
    """
    @notice (whether it is not enough, Measure.depth, Measure.support, Measure.root)
    @param tick The slow low
    @param liquidity The median over the slow window
    @param least Of a range pool, the least support that there is
    """
    quotes: uint256 = self.quotes[place | convert(asset, uint256)]
    min_depth: uint256 = quotes >> 160
    sqrt_x96: uint256 = self._sqrt(tick)
    raw: uint256 = self._quote_depth(liquidity, sqrt_x96)
    depth: uint256 = unsafe_div(unsafe_mul(raw, unit), WAD)
    support: uint256 = min(least, depth)
    if config & IS_RANGE != 0 and unsafe_mul(depth, 4) >= min_depth:
        # Tokens are counted as they are now. Where this very transaction has moved some the count means nothing, and the caller must
        # not be able to choose that there is no price: so there is no answer.
        if present & USED != 0:
            reasons._refuse("oracle: source is in use")
        answered: bool = False
        held: uint256 = 0
        answered, held = self._held(asset, convert(quotes & MASK_160, address), convert(config & MASK_160, address), sqrt_x96)
        if not answered:
            return IPriceOracle.Why.SOURCE_FAILED, 0, support, sqrt_x96
        if held < raw:
            depth = unsafe_div(unsafe_mul(held, unit), WAD)
    code: uint256 = floats._down(depth, DEPTH_MANTISSA)
    depth = floats._value(code, DEPTH_MANTISSA)
    support = max(support, depth)
    if depth >= min_depth:
        return empty(IPriceOracle.Why), code, support, sqrt_x96
    if unsafe_mul(support, 4) >= min_depth:
        return IPriceOracle.Why.THIN_FOR_NEW_RISK, code, support, sqrt_x96
    return IPriceOracle.Why.THIN_FOR_NEW_RISK | IPriceOracle.Why.THIN, code, support, sqrt_x96


@internal
@view
def _held(asset: address, quote: address, pool: address, sqrt_x96: uint256) -> (bool, uint256):
    """
    @notice (all answered, the smaller of what a range pool holds of either token, in raw quote)
    """
    answered: bool = False
    of_quote: uint256 = 0
    answered, of_quote = bounded_calls._ask_word(quote, abi_encode(pool, method_id=method_id("balanceOf(address)")))
    if not answered:
        return False, 0
    of_asset: uint256 = 0
    answered, of_asset = bounded_calls._ask_word(asset, abi_encode(pool, method_id=method_id("balanceOf(address)")))
    # A price for 2^112 raw units is as good as one for more
    return answered, min(of_quote, self._price_down(sqrt_x96, min(of_asset, MASK_112)))


@internal
@view
def _ask(source: address, buckets: uint256) -> Window:
    """
    @notice window(buckets), or `count` UNREADABLE
    """
    success: bool = False
    answer: Bytes[ANSWER + 32] = b""
    success, answer = raw_call(
        source,
        abi_encode(buckets, method_id=method_id("window(uint256)")),
        max_outsize=ANSWER + 32,
        gas=SOURCE_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success and len(answer) == ANSWER:
        return abi_decode(answer, Window)
    bounded_calls._check_gas(success, SOURCE_GAS)
    window: Window = empty(Window)
    window.count = UNREADABLE
    return window


@internal
@view
def _why_incomplete(window: Window, short_seconds: uint256, fresh_seconds: uint256, asked: uint256) -> IPriceOracle.Why:
    """
    @notice Why statistics are missing: because the market is young, or because the answer makes no sense
    """
    if window.started_ts == 0:
        return IPriceOracle.Why.NOT_STARTED
    if (
        window.started_ts > block.timestamp
        or (window.short_seconds != 0 and window.short_seconds != short_seconds)
        or (window.fresh_seconds != 0 and window.fresh_seconds != fresh_seconds)
        or (window.count != 0 and window.count != asked)
    ):
        return IPriceOracle.Why.SOURCE_FAILED
    return IPriceOracle.Why.SHORT_HISTORY


@internal
@pure
def _slow(newer: uint256[SLOW_BUCKETS], older: uint256[SLOW_BUCKETS], count: uint256, flip: uint256) -> (bool, uint256, uint256, uint256):
    """
    @notice (known, low tick, high tick, median liquidity) of the slow window; not known if a mean tick is out of bounds
    """
    # The upper half of a word is its tick sum: with the sign bit turned over, and all bits where ticks change their sign, words are
    # in the order of these sums. Without the upper half they are in the order of their liquidities.
    mask: uint256 = flip ^ SIGN_BIT
    v: uint256[SLOW_BUCKETS] = middle._sorted(newer, 0, 128)
    w: uint256[SLOW_BUCKETS] = empty(uint256[SLOW_BUCKETS])
    liquidity: uint256 = v[4]
    upper: uint256 = 0
    if count != SLOW_BUCKETS:
        w = middle._sorted(older, 0, 128)
        liquidity, upper = middle._of_both(v, w)
    v = middle._sorted(newer, mask, 0)
    least: uint256 = v[0]
    most: uint256 = v[9]
    lower: uint256 = v[4]
    upper = v[5]
    total: uint256 = self._total(v)
    if count != SLOW_BUCKETS:
        w = middle._sorted(older, mask, 0)
        least = min(least, w[0])
        most = max(most, w[9])
        lower, upper = middle._of_both(v, w)
        total = unsafe_add(total, self._total(w))
    # Back from there to oriented and biased sums: -x is the complement of x, and 1
    offset: uint256 = unsafe_sub(unsafe_sub(BUCKET * BIAS, 1 << 127), flip)
    least = unsafe_add(least >> 128, offset)
    most = unsafe_add(most >> 128, offset)
    if max(least, most) >= TICKS * BUCKET:
        return False, 0, 0, 0
    lower = unsafe_add(lower >> 128, offset)
    upper = unsafe_add(upper >> 128, offset)
    total = unsafe_add(total, unsafe_mul(count, offset))
    seconds: uint256 = unsafe_mul(count, BUCKET)
    # Rounding keeps the order: the median of the rounded means is the median mean, rounded
    return (
        True,
        min(unsafe_div(total, seconds), unsafe_div(lower, BUCKET)),
        max(unsafe_div(unsafe_add(total, unsafe_sub(seconds, 1)), seconds), unsafe_div(unsafe_add(upper, BUCKET - 1), BUCKET)),
        liquidity >> 128,
    )


@internal
@pure
def _total(keys: uint256[SLOW_BUCKETS]) -> uint256:
    """
    @notice The sum of the upper halves
    """
    total: uint256 = unsafe_add(unsafe_add(keys[0] >> 128, keys[1] >> 128), unsafe_add(keys[2] >> 128, keys[3] >> 128))
    total = unsafe_add(total, unsafe_add(unsafe_add(keys[4] >> 128, keys[5] >> 128), unsafe_add(keys[6] >> 128, keys[7] >> 128)))
    return unsafe_add(total, unsafe_add(keys[8] >> 128, keys[9] >> 128))


# ---------------------------------------------------------------- internals: feeds and quotes


@internal
@view
def _unit(config: uint256, quote: address) -> (uint256, IPriceOracle.Why):
    """
    @notice (the price of a quote now, at most MAX_UNIT, and nothing), or (0, why there is none)
    """
    if config & QUOTE_BY_FEED == 0:
        return self._fixed_unit(config), empty(IPriceOracle.Why)
    price: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    price, why = feeds._price(self.feed_words[quote])
    if price == 0:
        return 0, why | IPriceOracle.Why.QUOTE_FAILED
    if price > MAX_UNIT:
        return 0, IPriceOracle.Why.FEED_FAILED | IPriceOracle.Why.QUOTE_FAILED
    return price, why


@internal
@pure
def _fixed_unit(config: uint256) -> uint256:
    """
    @notice The quote's price in a config word, below 2^110
    """
    return unsafe_mul(config >> UNIT_AT, QUOTE_STEP)


@internal
@view
def _feed_price(word: uint256, unit: uint256) -> (uint256, IPriceOracle.Why):
    """
    @notice (the price that an asset's feed tells, and nothing), or (0, why there is none)
    @param unit The price of the first source's quote, 0 if there is none
    """
    price: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    price, why = feeds._price(word)
    if price == 0:
        return 0, why
    quote_decimals: uint256 = feeds._quote_decimals(word)
    if quote_decimals != feeds.NO_QUOTE:
        if unit == 0:
            return 0, IPriceOracle.Why.QUOTE_FAILED
        # Of 18 decimals at most, so below 2^175. What would overflow is no price.
        whole: uint256 = unsafe_mul(unit, pow_mod256(10, quote_decimals))
        if price >> 200 != 0:
            return 0, IPriceOracle.Why.FEED_FAILED
        price = full_math._mul_div_down(price, whole, 10**36)
    if price == 0 or price > MAX_PRICE:
        return 0, IPriceOracle.Why.FEED_FAILED
    return price, why


# ---------------------------------------------------------------- internals: prices


@internal
@pure
def _low_at(tick: uint256, unit: uint256) -> uint256:
    """
    @notice Price at a tick, rounded down
    """
    return self._price_down(self._sqrt(tick), unit)


@internal
@pure
def _high_at(tick: uint256, unit: uint256) -> uint256:
    """
    @notice Price at a tick, rounded up
    """
    return self._price_up(self._sqrt(tick), unit)


@internal
@pure
def _fresh_at(tick: uint256, unit: uint256) -> uint256:
    """
    @notice Within what a price may be, and never 0, which says that there is none
    """
    return max(1, min(self._low_at(tick, unit), MAX_PRICE))


@internal
@pure
def _sqrt(tick: uint256) -> uint256:
    return tick_math._sqrt_ratio_at_tick(unsafe_sub(convert(convert(tick, bytes32), int256), SIGNED_BIAS))


@internal
@pure
def _price_down(sqrt_x96: uint256, unit: uint256) -> uint256:
    """
    @notice floor(unit * sqrt^2 / 2^192), sqrt < 2^128: in halves of 128 bits, as unit < 2^115
    """
    square: uint256 = unsafe_mul(sqrt_x96, sqrt_x96)
    return unsafe_add(unsafe_mul(unit, square >> 128), unsafe_mul(unit, square & MASK_128) >> 128) >> 64


@internal
@pure
def _price_up(sqrt_x96: uint256, unit: uint256) -> uint256:
    """
    @notice ceil(unit * sqrt^2 / 2^192), likewise
    """
    square: uint256 = unsafe_mul(sqrt_x96, sqrt_x96)
    low: uint256 = unsafe_add(unsafe_mul(unit, square & MASK_128), MASK_128) >> 128
    return unsafe_add(unsafe_add(unsafe_mul(unit, square >> 128), low), MASK_64) >> 64


@internal
@pure
def _quote_depth(liquidity: uint256, sqrt_x96: uint256) -> uint256:
    """
    @notice floor(liquidity * sqrt(price)) in raw quote, at most 2^127 - 1. liquidity and the root in Q96 are below 2^128.
    """
    return min(unsafe_mul(liquidity, sqrt_x96) >> 96, MASK_127)


# ---------------------------------------------------------------- internals: configuration


@internal
@pure
def _check_asset(asset: address):
    if asset == empty(address):
        reasons._refuse("oracle: zero address")


@internal
@pure
def _check_no_quote(config: uint256):
    if config & IS_QUOTE != 0:
        reasons._refuse("oracle: asset is a quote asset")


@internal
@view
def _source_word(asset: address, source: address, quote: address) -> uint256:
    self._check_asset(asset)
    self._check_no_quote(self.configs[convert(asset, uint256)])
    quote_config: uint256 = self.configs[convert(quote, uint256)]
    assert quote_config & IS_QUOTE != 0, "oracle: quote is not a quote asset"
    word: uint256 = convert(source, uint256) | quote_config & QUOTE_BY_FEED | (quote_config >> UNIT_AT) << UNIT_AT

    token0: address = self._token(source, method_id("token0()"))
    token1: address = self._token(source, method_id("token1()"))
    if token1 == asset and token0 == quote:
        word |= TOKEN1
    elif token0 != asset or token1 != quote:
        reasons._refuse("oracle: source has other tokens")
    success: bool = False
    answer: Bytes[256] = b""
    # A pair has no such function
    success, answer = raw_call(source, method_id("slot0()"), max_outsize=256, is_static_call=True, revert_on_failure=False)
    if success and len(answer) == 224:
        word |= IS_RANGE
    return word


@internal
@view
def _decimals(token: address) -> uint256:
    answered: bool = False
    decimals: uint256 = 0
    answered, decimals = bounded_calls._ask_word(token, method_id("decimals()"))
    if not answered or decimals > 18:
        reasons._refuse("oracle: bad decimals")
    return decimals


@internal
@view
def _token(source: address, selector: Bytes[4]) -> address:
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(source, selector, max_outsize=64, is_static_call=True, revert_on_failure=False)
    if success and len(answer) == 32:
        token: uint256 = abi_decode(answer, uint256)
        if token <= MASK_160:
            return convert(token, address)
    reasons._refuse("oracle: source is not a pool")
    return empty(address)
