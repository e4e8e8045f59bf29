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

# from ticks to prices
from contracts.modules import tick_math

# ---------------------------------------------------------------- constants

# The windows of IObservations, in seconds
BUCKET: constant(uint256) = 180
MINUTE: constant(uint256) = 60
SHORT_AGE: constant(uint256) = 300

SLOW_BUCKETS: constant(uint256) = 10

# New risk is blocked when the market is this many ticks (10 %) away from its last minute
UNSETTLED_TICKS: constant(uint256) = 1000
# A pool answers with some 60,000 gas. What is more than this is not worth waiting for.
SOURCE_GAS: constant(uint256) = 400_000

# The answer in bytes. One word more is taken of it, to see that it ends there.
ANSWER: constant(uint256) = 27 * 32
# In the place of `count`: there is no answer of that form
UNREADABLE: constant(uint256) = max_value(uint256)

# Oriented ticks are held as tick + 2^23, so that all of their arithmetic is unsigned, and division floors
BIAS_BITS: constant(uint256) = 23
SIGNED_BIAS: constant(int256) = 1 << 23
SIGN_BIT: constant(uint256) = 1 << 255
# The lowest tick of tick_math
LOWEST_TICK: constant(uint256) = (1 << 23) - 887_272
# Up to tick 443,636, 2^64 raw quote for a raw unit of the asset: the square root in Q96 then fits 128 bits
TICKS: constant(uint256) = 443_636 + 887_272

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

# Key of the second source: beside that of the first, which is the asset
SECOND: constant(uint256) = 1 << 160

# Bits of the mantissa of a depth
MANTISSA: constant(uint256) = 24

MASK_24: constant(uint256) = (1 << 24) - 1
MASK_64: constant(uint256) = (1 << 64) - 1
MASK_112: constant(uint256) = (1 << 112) - 1
MASK_126: constant(uint256) = (1 << 126) - 1
MASK_127: constant(uint256) = (1 << 127) - 1
MASK_128: constant(uint256) = (1 << 128) - 1
MASK_160: constant(uint256) = (1 << 160) - 1

# ---------------------------------------------------------------- types


# IObservations.Window: signed words modulo 2^256
struct Window:
    started_ts: uint256
    short_sum: uint256
    short_seconds: uint256
    fresh_sum: uint256
    fresh_seconds: uint256
    present: uint256
    count: uint256
    buckets: uint256[2 * SLOW_BUCKETS]


# What one source says now. Ticks are oriented and biased.
struct Measure:
    # It has a price; else `why` says what is missing
    valid: bool
    why: IPriceOracle.Why
    # Price of 1e18 raw quote
    unit: uint256
    short_low: uint256
    short_high: uint256
    slow_low: uint256
    slow_high: uint256
    fresh: uint256
    # Prices at the lower of short_low and slow_low, at the higher of short_high and slow_high
    low: uint256
    high: uint256
    # Over the slow window, a float in WAD; of a cached bucket: not told
    depth: uint256
    # What decides whether there is enough for a price at all, WAD. Of a range pool at least seven eighths of what it was when it was measured last:
    # what a pool holds can be gone for a moment.
    support: uint256
    present_depth: uint256


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
def _measure(asset: address, place: uint256, config: uint256, asked: uint256, slow_ticks: uint256, support: uint256) -> Measure:
    """
    @notice What a source says, by the slow window of `asked` buckets or, with none, by the cached ticks (high 24 | low 24)
    @param support Of a range pool, when it was measured last
    """
    m: Measure = empty(Measure)
    # Less an eighth a bucket: gone within an hour or so where providers have really left
    m.support = unsafe_sub(support, support >> 3)
    if config & QUOTE_BY_FEED == 0:
        m.unit = self._fixed_unit(config)
    else:
        quote: address = convert(self.quotes[place | convert(asset, uint256)] & MASK_160, address)
        m.unit, m.why = self._unit(QUOTE_BY_FEED, quote)
        if m.unit == 0:
            return m
    m.why = IPriceOracle.Why.SOURCE_FAILED
    window: Window = self._ask(convert(config & MASK_160, address), asked)
    if window.count == UNREADABLE:
        return m
    # Where the short and the fresh window begin, and so how long they are, is told by the clock
    short_seconds: uint256 = unsafe_add(SHORT_AGE, unsafe_sub(block.timestamp, SHORT_AGE) % BUCKET)
    fresh_seconds: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
    if (window.short_seconds ^ short_seconds) | (window.fresh_seconds ^ fresh_seconds) | (window.count ^ asked) != 0 or unsafe_sub(
        window.started_ts, 1
    ) >= block.timestamp:
        m.why = self._why_incomplete(window, short_seconds, fresh_seconds, asked)
        return m
    # All ones where ticks change their sign: (x ^ flip) - flip = -x
    flip: uint256 = unsafe_sub(0, (config >> 160) & 1)
    liquidity: uint256 = 0
    m.slow_low = slow_ticks & MASK_24
    m.slow_high = slow_ticks >> 24
    if asked != 0:
        known: bool = False
        known, m.slow_low, m.slow_high, liquidity = self._slow(window.buckets, asked, flip)
        if not known:
            return m
    short_sum: uint256 = unsafe_add(short_seconds << BIAS_BITS, unsafe_sub(window.short_sum ^ flip, flip))
    fresh_sum: uint256 = unsafe_add(fresh_seconds << BIAS_BITS, unsafe_sub(window.fresh_sum ^ flip, flip))
    # The sums are oriented before any rounding: the floor of a negated mean is not the negated floor
    m.short_low = unsafe_div(short_sum, short_seconds)
    m.short_high = unsafe_div(unsafe_add(short_sum, unsafe_sub(short_seconds, 1)), short_seconds)
    m.fresh = unsafe_div(fresh_sum, fresh_seconds)
    if max(unsafe_sub(m.short_low, LOWEST_TICK), unsafe_sub(m.fresh, LOWEST_TICK)) >= TICKS:
        return m

    m.why = empty(IPriceOracle.Why)
    if asked != 0:
        m.why, m.depth, m.support = self._depths(asset, place, config, m.unit, m.slow_low, window.present, liquidity, m.support)
        if IPriceOracle.Why.SOURCE_FAILED in m.why or IPriceOracle.Why.THIN in m.why:
            return m
    low_tick: uint256 = min(m.short_low, m.slow_low)
    sqrt_x96: uint256 = self._sqrt(low_tick)
    m.low = self._price_down(sqrt_x96, m.unit)
    m.present_depth = unsafe_div(unsafe_mul(self._quote_depth(window.present & MASK_126, sqrt_x96), m.unit), WAD)
    high_tick: uint256 = max(m.short_high, m.slow_high)
    if high_tick != low_tick:
        sqrt_x96 = self._sqrt(high_tick)
    m.high = self._price_up(sqrt_x96, m.unit)
    if m.low == 0 or m.high > MAX_PRICE:
        # No market trades there
        m.why = IPriceOracle.Why.SOURCE_FAILED
        return m
    m.valid = True
    if window.present & ADDED != 0:
        m.why |= IPriceOracle.Why.LIQUIDITY_ADDED
    tick: uint256 = convert(convert(convert(convert(window.present, bytes32), int256) >> 128, bytes32), uint256)
    tick = unsafe_add(1 << BIAS_BITS, unsafe_sub(tick ^ flip, flip))
    if unsafe_sub(unsafe_add(tick, UNSETTLED_TICKS), m.fresh) > 2 * UNSETTLED_TICKS:
        m.why |= IPriceOracle.Why.UNSETTLED
    return m


@internal
@view
def _depths(
    asset: address, place: uint256, config: uint256, unit: uint256, tick: uint256, present: uint256, liquidity: uint256, least: uint256
) -> (IPriceOracle.Why, uint256, uint256):
    """
    @notice (whether it is not enough, Measure.depth, Measure.support)
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
        assert present & USED == 0, "oracle: source is in use"
        answered: bool = False
        held: uint256 = 0
        answered, held = self._held(asset, convert(quotes & MASK_160, address), convert(config & MASK_160, address), sqrt_x96)
        if not answered:
            return IPriceOracle.Why.SOURCE_FAILED, 0, support
        if held < raw:
            depth = unsafe_div(unsafe_mul(held, unit), WAD)
    code: uint256 = floats._down(depth, MANTISSA)
    depth = floats._value(code, MANTISSA)
    support = max(support, depth)
    if depth >= min_depth:
        return empty(IPriceOracle.Why), code, support
    if unsafe_mul(support, 4) >= min_depth:
        return IPriceOracle.Why.THIN_FOR_NEW_RISK, code, support
    return IPriceOracle.Why.THIN_FOR_NEW_RISK | IPriceOracle.Why.THIN, code, support


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
    if not success or len(answer) != ANSWER:
        bounded_calls._check_gas(success, SOURCE_GAS)
        window: Window = empty(Window)
        window.count = UNREADABLE
        return window
    return abi_decode(answer, Window)


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
def _slow(b: uint256[2 * SLOW_BUCKETS], count: uint256, flip: uint256) -> (bool, uint256, uint256, uint256):
    """
    @notice (known, low tick, high tick, median liquidity) of the slow window; not known if a mean tick is out of bounds
    """
    # The upper half of a word is its tick sum: with the sign bit turned over, and all bits where ticks change their sign, words are
    # in the order of these sums. Without the upper half they are in the order of their liquidities.
    mask: uint256 = flip ^ SIGN_BIT
    newer: uint256[SLOW_BUCKETS] = [b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9]]
    older: uint256[SLOW_BUCKETS] = empty(uint256[SLOW_BUCKETS])
    v: uint256[SLOW_BUCKETS] = middle._sorted(newer, 0, 128)
    w: uint256[SLOW_BUCKETS] = empty(uint256[SLOW_BUCKETS])
    liquidity: uint256 = v[4]
    upper: uint256 = 0
    if count != SLOW_BUCKETS:
        older = [b[10], b[11], b[12], b[13], b[14], b[15], b[16], b[17], b[18], b[19]]
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
    offset: uint256 = unsafe_sub(unsafe_sub(BUCKET << BIAS_BITS, 1 << 127), flip)
    least = unsafe_add(least >> 128, offset)
    most = unsafe_add(most >> 128, offset)
    if max(unsafe_sub(least, LOWEST_TICK * BUCKET), unsafe_sub(most, LOWEST_TICK * BUCKET)) >= TICKS * BUCKET:
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
def _low_at(m: Measure, tick: uint256) -> uint256:
    """
    @notice Price at short_low or slow_low, rounded down: one of them is at hand
    """
    if tick <= m.short_low and tick <= m.slow_low:
        return m.low
    return self._price_down(self._sqrt(tick), m.unit)


@internal
@pure
def _high_at(m: Measure, tick: uint256) -> uint256:
    """
    @notice Price at short_high or slow_high, rounded up
    """
    if tick >= m.short_high and tick >= m.slow_high:
        return m.high
    return self._price_up(self._sqrt(tick), m.unit)


@internal
@pure
def _fresh_price(m: Measure) -> uint256:
    # Within what a price may be, and never 0, which says that there is none
    return max(1, min(self._price_down(self._sqrt(m.fresh), m.unit), MAX_PRICE))


@internal
@pure
def _sqrt(tick: uint256) -> uint256:
    return tick_math._sqrt_ratio_at_tick(unsafe_sub(convert(tick, int256), SIGNED_BIAS))


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
def _key(asset: address) -> uint256:
    return convert(asset, uint256)


@internal
@view
def _source_word(asset: address, source: address, quote: address) -> uint256:
    assert asset != empty(address), "oracle: zero address"
    assert self.configs[self._key(asset)] & IS_QUOTE == 0, "oracle: asset is a quote asset"
    quote_config: uint256 = self.configs[self._key(quote)]
    assert quote_config & IS_QUOTE != 0, "oracle: quote is not a quote asset"
    word: uint256 = convert(source, uint256) | quote_config & QUOTE_BY_FEED | (quote_config >> UNIT_AT) << UNIT_AT

    token0: address = self._token(source, method_id("token0()"))
    token1: address = self._token(source, method_id("token1()"))
    if token1 == asset:
        assert token0 == quote, "oracle: source has other tokens"
        word |= TOKEN1
    else:
        assert token0 == asset and token1 == quote, "oracle: source has other tokens"
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
    assert answered and decimals <= 18, "oracle: bad decimals"
    return decimals


@internal
@view
def _token(source: address, selector: Bytes[4]) -> address:
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(source, selector, max_outsize=64, is_static_call=True, revert_on_failure=False)
    assert success and len(answer) == 32, "oracle: source is not a pool"
    token: uint256 = abi_decode(answer, uint256)
    assert token <= MASK_160, "oracle: source is not a pool"
    return convert(token, address)
