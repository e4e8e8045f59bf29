# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title A band of prices for each asset, from the history that AMMs keep, and a feed
@license MIT
@notice See interfaces/IPriceOracle.vyi for what each answer means
@dev An asset is either a quote, at a fixed price or at that of a feed, or it has a first AMM source against a quote, perhaps a second
     one, perhaps a feed.

     Glossary (the windows are those of IObservations)
       oriented     a tick of quote per asset, whichever of the two is token0
       s            mean tick of the short window; floored for a low, ceiled for a high, as all means here
       slow         from the 10 whole buckets before this one (20 where a feed is configured): the mean and the median of the
                    buckets' means; the lower of the two for a low, the higher for a high. With an even count the lower of the
                    buckets in the middle serves the low, the upper the high.
       s*, slow*    s is taken of all sources, the lowest and the highest; slow of the first alone, which nobody can choose by
                    moving liquidity
       depth        median over the same buckets of the harmonic mean liquidity, in quote at the slow low. Of a range pool not more
                    than it holds of either token: liquidity in one narrow range is nearly free.

     The band, `valid` sources (contracts/modules/feeds.vy tells when a feed is)

                          low, high                           liquidation_high (liquidation_low mirrors it)
       AMMs               over every s and slow               max(s*, slow*)
       AMMs and a feed    the same, and the feed              median(s*, slow*, feed)
       a feed             5 % off the feed; new risk blocked  5 % off the feed
       none               none                                the last valid ones; nothing can be seized

     A dump moves s within minutes and slow hardly at all; a real fall moves both. Since collateral is liquidated at
     `liquidation_high`, a short dump liquidates nobody; since it is lent against at `low`, a short pump lends nothing.

     Views and writing functions may be called while a token or a pool calls back: all that makes a price is the past, which a
     transaction cannot change. What it can change (present depth, tokens held) only ever lowers what is lent, or stops a call.
     Nothing here can be entered between a source's answer and the write: all others are called statically.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

# who may configure
from snekmate.auth import ownable

# what feeds say
from contracts.modules import feeds

# numbers in a cache word
from contracts.modules import floats

# what one source says
from contracts.modules import price_sources

implements: IPriceOracle

initializes: ownable
initializes: price_sources

exports: (
    ownable.owner,
    ownable.transfer_ownership,
    ownable.renounce_ownership,
)

# ---------------------------------------------------------------- constants

# New risk is blocked when high / low is above this
BPS: constant(uint256) = 10_000
BREAKER_BPS: constant(uint256) = 12_500
# ... and when two sources are 300 ticks apart: 1.0001^300
DISAGREEMENT_PPM: constant(uint256) = 1_030_453
PPM: constant(uint256) = 1_000_000

# Where only a feed is left
FEED_MARGIN_PERCENT: constant(uint256) = 5

# By how much an owner's call may move a price, and how often
SWITCH_BPS: constant(uint256) = 10_500
DAY: constant(uint256) = 86_400

# Depth for the liquidation test falls by 5 % a day: by this part of it a bucket
DEPTH_FALL: constant(uint256) = 9600

# Bounds of the configuration
LEAST_MIN_DEPTH: constant(uint256) = 1_000 * 10**18
LEAST_HEARTBEAT: constant(uint256) = 60
MOST_HEARTBEAT: constant(uint256) = 3 * DAY

# A cache word: bucket 32 | slow ticks of the first source, high 24, low 24 | of the second, high 24, low 24 | last valid
# liquidation_high 32 | last valid liquidation_low 32 | depth 32 | depth for liquidation, of a range pool its support, 28 | flags 4.
# Prices and depths are floats.
BUCKET_AT: constant(uint256) = 224
SLOW_AT: constant(uint256) = 176
SECOND_SLOW_AT: constant(uint256) = 128
LAST_HIGH_AT: constant(uint256) = 96
LAST_LOW_AT: constant(uint256) = 64
DEPTH_AT: constant(uint256) = 32
SLOW_DEPTH_AT: constant(uint256) = 4
FIRST_CACHED: constant(uint256) = 1
THIN_CACHED: constant(uint256) = 2
SECOND_CACHED: constant(uint256) = 4
# Bits of the mantissas
MANTISSA: constant(uint256) = 24
SMALL_MANTISSA: constant(uint256) = 20

FIRST_SOURCE: constant(uint256) = 1
SECOND_SOURCE: constant(uint256) = 2
FEED_SOURCE: constant(uint256) = 4

MASK_28: constant(uint256) = (1 << 28) - 1
MASK_32: constant(uint256) = (1 << 32) - 1
MASK_48: constant(uint256) = (1 << 48) - 1

# ---------------------------------------------------------------- types


# What all that an asset has says now
struct Reading:
    low: uint256
    high: uint256
    liquidation_high: uint256
    liquidation_low: uint256
    # Only when asked for, and 0 when there is no price
    fresh_low: uint256
    fresh_high: uint256
    depth: uint256
    sources: uint256
    why: IPriceOracle.Why
    # The asset's cache word as it should be; as it is, if nothing is to be written
    cache: uint256


# ---------------------------------------------------------------- storage

# By asset: see above
caches: HashMap[address, uint256]

# When an owner's call last moved the prices of an asset
switched_ts: HashMap[address, uint256]

# When `poke` found that an asset had lost its price; void if it was cached with one since
silent_ts: public(reentrant(HashMap[address, uint256]))

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    ownable.__init__()


# ---------------------------------------------------------------- external, owner


@external
def set_quote(asset: address, price: uint256):
    """
    @notice Make `asset` a quote with a fixed price, for good
    @param price WAD value of 1e18 raw units, a multiple of 1e6. (A 6-decimals dollar: 1e30.)
    @dev For good, because sources keep a copy of it.
    """
    ownable._check_owner()
    assert asset != empty(address), "oracle: zero address"
    assert price_sources.configs[price_sources._key(asset)] == 0, "oracle: already listed"
    steps: uint256 = price // price_sources.QUOTE_STEP
    assert steps != 0 and steps <= price_sources.MAX_STEPS and price % price_sources.QUOTE_STEP == 0, "oracle: bad quote price"

    price_sources.configs[price_sources._key(asset)] = steps << price_sources.UNIT_AT | price_sources.IS_QUOTE
    log IPriceOracle.QuoteSet(asset=asset, price=price)


@external
def set_quote_feed(asset: address, feed: address, heartbeat: uint256, min_answer: uint256, max_answer: uint256):
    """
    @notice Make `asset` a quote that a feed prices, in units of account; or change its feed
    @param min_answer Answers at or below it are not believed: the aggregator's own floor, at least. Likewise max_answer.
    """
    ownable._check_owner()
    assert asset != empty(address), "oracle: zero address"
    config: uint256 = price_sources.configs[price_sources._key(asset)]
    assert config == 0 or config == price_sources.IS_QUOTE | price_sources.QUOTE_BY_FEED, "oracle: already listed"
    before: Reading = self._read(asset, True)
    self._store_feed(asset, feed, heartbeat, feeds.NO_QUOTE, min_answer, max_answer)
    price_sources.configs[price_sources._key(asset)] = price_sources.IS_QUOTE | price_sources.QUOTE_BY_FEED
    self._settle(asset, before)


@external
def set_source(asset: address, source: address, quote: address, min_depth: uint256):
    """
    @notice Price `asset` by an AMM, `source`, against `quote`. Before it has one it is not listed; give it a second source, or a feed in
            units of account, before its first.
    @param min_depth WAD units of account. Below it new risk is blocked, below a quarter of it the source has no price.
    """
    ownable._check_owner()
    config: uint256 = price_sources.configs[price_sources._key(asset)]
    if config & price_sources.HAS_FEED != 0 and feeds._quote_decimals(price_sources.feed_words[asset]) != feeds.NO_QUOTE:
        assert price_sources.quotes[price_sources._key(asset)] & price_sources.MASK_160 == convert(
            quote, uint256
        ), "oracle: feed is in another quote"
    before: Reading = self._read(asset, True)
    word: uint256 = price_sources._source_word(asset, source, quote)
    other: uint256 = price_sources.configs[price_sources.SECOND | price_sources._key(asset)]
    assert (word ^ other) & price_sources.MASK_160 != 0, "oracle: is the second source"
    self._check_depths(min_depth, price_sources.quotes[price_sources.SECOND | price_sources._key(asset)] >> 160)
    self._store_source(asset, 0, config & (price_sources.HAS_SECOND | price_sources.HAS_FEED) | word, quote, min_depth)
    after: Reading = self._settle(asset, before)
    assert IPriceOracle.Why.SOURCE_FAILED not in after.why, "oracle: source has no window"


@external
def set_second_source(asset: address, source: address, quote: address, min_depth: uint256):
    """
    @notice Watch a second AMM; zero address: no more
    @param min_depth Below a quarter of it the source has no price. It never blocks new risk.
    """
    ownable._check_owner()
    before: Reading = self._read(asset, True)
    key: uint256 = price_sources._key(asset)
    if source == empty(address):
        self._store_source(asset, price_sources.SECOND, 0, empty(address), 0)
        price_sources.configs[key] &= ~price_sources.HAS_SECOND
    else:
        word: uint256 = price_sources._source_word(asset, source, quote)
        assert (word ^ price_sources.configs[key]) & price_sources.MASK_160 != 0, "oracle: is the first source"
        self._check_depths(price_sources.quotes[key] >> 160, min_depth)
        self._store_source(asset, price_sources.SECOND, word, quote, min_depth)
        price_sources.configs[key] |= price_sources.HAS_SECOND
    self._settle(asset, before)


@external
def set_feed(asset: address, feed: address, in_quote: bool, heartbeat: uint256, min_answer: uint256, max_answer: uint256):
    """
    @notice Let a feed take part; zero address: no more
    @param in_quote The feed tells whole tokens of the first source's quote, not units of account
    """
    ownable._check_owner()
    assert asset != empty(address), "oracle: zero address"
    key: uint256 = price_sources._key(asset)
    assert price_sources.configs[key] & price_sources.IS_QUOTE == 0, "oracle: asset is a quote asset"
    before: Reading = self._read(asset, True)
    if feed == empty(address):
        price_sources.feed_words[asset] = 0
        price_sources.configs[key] &= ~price_sources.HAS_FEED
        log IPriceOracle.FeedSet(asset=asset, feed=feed, in_quote=False, heartbeat=0, min_answer=0, max_answer=0)
    else:
        quote_decimals: uint256 = feeds.NO_QUOTE
        if in_quote:
            quote: address = convert(price_sources.quotes[key] & price_sources.MASK_160, address)
            assert quote != empty(address), "oracle: no source"
            quote_decimals = price_sources._decimals(quote)
        self._store_feed(asset, feed, heartbeat, quote_decimals, min_answer, max_answer)
        price_sources.configs[key] |= price_sources.HAS_FEED
    self._settle(asset, before)


# ---------------------------------------------------------------- external, anyone


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, uint256, IPriceOracle.Why):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, False)
    self._keep(asset, cache, reading.cache)
    return reading.low, reading.high, reading.depth, reading.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256, uint256):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, True)
    self._keep(asset, cache, reading.cache)
    return reading.liquidation_high, reading.liquidation_low, reading.fresh_low, reading.fresh_high


@external
@reentrant
def poke(asset: address):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, False)
    self._keep(asset, cache, reading.cache)
    if reading.low == 0 and cache != 0 and not self._is_silent(asset, cache):
        self.silent_ts[asset] = block.timestamp
        log IPriceOracle.SilenceNoted(asset=asset)


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def band(asset: address) -> IPriceOracle.Band:
    reading: Reading = self._read(asset, True)
    return IPriceOracle.Band(
        low=reading.low,
        high=reading.high,
        liquidation_high=reading.liquidation_high,
        liquidation_low=reading.liquidation_low,
        fresh_low=reading.fresh_low,
        fresh_high=reading.fresh_high,
        depth=reading.depth,
        liquidation_depth=self._liquidation_depth(price_sources.configs[price_sources._key(asset)], reading.cache),
        sources=reading.sources,
        why=reading.why,
    )


@external
@view
@reentrant
def liquidation_depth(asset: address) -> uint256:
    config: uint256 = price_sources.configs[price_sources._key(asset)]
    cache: uint256 = self.caches[asset]
    if config & (price_sources.IS_QUOTE | price_sources.IS_RANGE) == 0 and not self._is_cached(cache):
        cache = self._read(asset, False).cache
    return self._liquidation_depth(config, cache)


@external
@view
@reentrant
def quote_price(asset: address) -> uint256:
    """
    @notice The fixed price of a quote asset; 0 for any other
    """
    config: uint256 = price_sources.configs[price_sources._key(asset)]
    return price_sources._fixed_unit(config) if config & price_sources.MASK_160 == 0 else 0


@external
@view
@reentrant
def source_of(asset: address, place: uint256) -> (address, address, uint256):
    """
    @notice The asset's (source, quote, min_depth); zeros where it has no source
    @param place 0: the first source, 1: the second
    """
    assert place <= 1  # dev: no such place
    key: uint256 = price_sources._key(asset) | unsafe_mul(place, price_sources.SECOND)
    word: uint256 = price_sources.quotes[key]
    source: address = convert(price_sources.configs[key] & price_sources.MASK_160, address)
    return source, convert(word & price_sources.MASK_160, address), word >> 160


@external
@view
@reentrant
def has_feed(asset: address) -> bool:
    return price_sources.feed_words[asset] != 0


@external
@view
@reentrant
def feed_of(asset: address) -> (address, bool, uint256, uint256, uint256):
    """
    @notice The asset's (feed, in_quote, heartbeat, min_answer, max_answer), the bounds as they are held; zeros where it has no feed
    """
    word: uint256 = price_sources.feed_words[asset]
    if word == 0:
        return empty(address), False, 0, 0, 0
    least: uint256 = 0
    most: uint256 = 0
    least, most = feeds._bounds(word)
    return convert(word & price_sources.MASK_160, address), feeds._quote_decimals(word) != feeds.NO_QUOTE, feeds._heartbeat(word), least, most


@external
@view
@reentrant
def cached_ts(asset: address) -> uint256:
    """
    @notice Start of the bucket in which the last valid prices were cached last; 0: never
    """
    return (self.caches[asset] >> BUCKET_AT) * price_sources.BUCKET


# ---------------------------------------------------------------- internals: reading


@internal
def _refresh(asset: address, fresh: bool) -> Reading:
    """
    @notice For contracts that are built of this one. Here it is written out, to save the copy of a Reading.
    """
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, fresh)
    self._keep(asset, cache, reading.cache)
    return reading


@internal
@view
def _read(asset: address, fresh: bool) -> Reading:
    return self._read_with(asset, self.caches[asset], fresh)


@internal
@view
def _read_with(asset: address, cache: uint256, fresh: bool) -> Reading:
    """
    @notice Prices as of now, and the cache word as it should be. Does not revert for lack of an answer.
    @param fresh Whether the fresh prices are wanted
    """
    config: uint256 = price_sources.configs[convert(asset, uint256)]
    if config & price_sources.MASK_160 == 0:
        return self._read_quote(asset, config, cache)

    cached: bool = self._is_cached(cache)
    asked: uint256 = 0 if cached else price_sources.SLOW_BUCKETS << ((config >> 165) & 1)
    support: uint256 = 0
    if config & price_sources.IS_RANGE != 0:
        support = floats._value((cache >> SLOW_DEPTH_AT) & MASK_28, SMALL_MANTISSA)
    first: price_sources.Measure = price_sources._measure(asset, 0, config, asked, (cache >> SLOW_AT) & MASK_48, support)
    reading: Reading = empty(Reading)
    second: price_sources.Measure = empty(price_sources.Measure)
    if config & (price_sources.HAS_SECOND | price_sources.HAS_FEED) != 0:
        if config & price_sources.HAS_SECOND != 0 and (not cached or cache & SECOND_CACHED != 0):
            word: uint256 = price_sources.configs[price_sources.SECOND | convert(asset, uint256)]
            second = price_sources._measure(asset, price_sources.SECOND, word, asked, (cache >> SECOND_SLOW_AT) & MASK_48, 0)
        reading = self._combine(asset, config, first, second, fresh)
    elif first.valid:
        reading.low = first.low
        reading.high = first.high
        reading.liquidation_high = first.high
        reading.liquidation_low = first.low
        reading.sources = FIRST_SOURCE
        if fresh:
            reading.fresh_low = price_sources._fresh_price(first)
            reading.fresh_high = reading.fresh_low
    reading.cache = cache
    reading.why |= first.why
    if cached and first.valid:
        first.depth = (cache >> DEPTH_AT) & MASK_32
        if cache & THIN_CACHED != 0:
            reading.why |= IPriceOracle.Why.THIN_FOR_NEW_RISK
    if reading.sources == 0:
        reading.liquidation_high = floats._value((cache >> LAST_HIGH_AT) & MASK_32, MANTISSA)
        reading.liquidation_low = floats._value((cache >> LAST_LOW_AT) & MASK_32, MANTISSA)
        return reading
    if first.valid:
        reading.depth = min(floats._value(first.depth, MANTISSA), first.present_depth)
    if unsafe_mul(reading.high, BPS) > unsafe_mul(reading.low, BREAKER_BPS):
        reading.why |= IPriceOracle.Why.BREAKER
    if not cached:
        reading.cache = self._cache_word(config, cache, reading, first, second)
    return reading


@internal
@view
def _read_quote(asset: address, config: uint256, cache: uint256) -> Reading:
    """
    @notice Of an asset without a source
    """
    reading: Reading = empty(Reading)
    reading.cache = cache
    if config & price_sources.IS_QUOTE == 0:
        reading.why = IPriceOracle.Why.NOT_LISTED
        return reading
    price: uint256 = 0
    price, reading.why = price_sources._unit(config, asset)
    if price == 0:
        reading.liquidation_high = floats._value((cache >> LAST_HIGH_AT) & MASK_32, MANTISSA)
        reading.liquidation_low = floats._value((cache >> LAST_LOW_AT) & MASK_32, MANTISSA)
        return reading
    reading.low = price
    reading.high = price
    reading.liquidation_high = price
    reading.liquidation_low = price
    reading.fresh_low = price
    reading.fresh_high = price
    # No market limits it
    reading.depth = max_value(uint256)
    if config & price_sources.QUOTE_BY_FEED != 0:
        reading.sources = FEED_SOURCE
        if cache >> BUCKET_AT != block.timestamp // price_sources.BUCKET:
            reading.cache = self._last_prices(price, price) | (block.timestamp // price_sources.BUCKET) << BUCKET_AT
    return reading


@internal
@view
def _combine(asset: address, config: uint256, first: price_sources.Measure, second: price_sources.Measure, fresh: bool) -> Reading:
    """
    @notice The prices of an asset with a second source or a feed, and what these two say against new risk
    """
    reading: Reading = empty(Reading)
    feed: uint256 = 0
    if config & price_sources.HAS_FEED != 0:
        why: IPriceOracle.Why = empty(IPriceOracle.Why)
        feed, why = price_sources._feed_price(price_sources.feed_words[asset], first.unit)
        reading.why |= why
        if feed != 0:
            reading.sources = FEED_SOURCE
    main: price_sources.Measure = first
    if not first.valid:
        if not second.valid:
            if feed != 0:
                reading.liquidation_high = min(
                    unsafe_div(unsafe_add(unsafe_mul(feed, 100 + FEED_MARGIN_PERCENT), 99), 100), price_sources.MAX_PRICE
                )
                reading.liquidation_low = max(unsafe_div(unsafe_mul(feed, 100 - FEED_MARGIN_PERCENT), 100), 1)
                reading.low = reading.liquidation_low
                reading.high = reading.liquidation_high
                reading.fresh_low = feed
                reading.fresh_high = feed
            return reading
        main = second
        reading.why |= self._passing(second.why)
    both: bool = first.valid and second.valid
    reading.sources |= convert(first.valid, uint256) | unsafe_mul(convert(second.valid, uint256), SECOND_SOURCE)

    reading.low = main.low
    reading.high = main.high
    if feed == 0:
        reading.liquidation_low = main.low
        reading.liquidation_high = main.high
    else:
        reading.liquidation_low = price_sources._low_at(main, main.short_low)
        reading.liquidation_high = price_sources._high_at(main, main.short_high)
    if both:
        short_low: uint256 = price_sources._low_at(second, second.short_low)
        reading.liquidation_low = min(reading.liquidation_low, short_low)
        reading.liquidation_high = max(reading.liquidation_high, price_sources._high_at(second, second.short_high))
        reading.low = min(reading.low, second.low)
        reading.high = max(reading.high, second.high)
        reading.why |= self._passing(second.why) | self._why_apart(price_sources._low_at(first, first.short_low), short_low)
    if feed != 0:
        reading.low = min(reading.low, feed)
        reading.high = max(reading.high, feed)
        reading.liquidation_low = self._median(reading.liquidation_low, price_sources._low_at(main, main.slow_low), feed)
        reading.liquidation_high = self._median(reading.liquidation_high, price_sources._high_at(main, main.slow_high), feed)
    if fresh:
        reading.fresh_low = price_sources._fresh_price(main)
        reading.fresh_high = reading.fresh_low
        if both:
            other: uint256 = price_sources._fresh_price(second)
            reading.fresh_low = min(reading.fresh_low, other)
            reading.fresh_high = max(reading.fresh_high, other)
        if feed != 0:
            reading.fresh_low = min(reading.fresh_low, feed)
            reading.fresh_high = max(reading.fresh_high, feed)
    return reading


# ---------------------------------------------------------------- internals: combining


@internal
@view
def _passing(why: IPriceOracle.Why) -> IPriceOracle.Why:
    """
    @notice What the second source can say against new risk
    """
    return why & (IPriceOracle.Why.UNSETTLED | IPriceOracle.Why.LIQUIDITY_ADDED)


@internal
@view
def _why_apart(price: uint256, other: uint256) -> IPriceOracle.Why:
    if unsafe_mul(max(price, other), PPM) > unsafe_mul(min(price, other), DISAGREEMENT_PPM):
        return IPriceOracle.Why.DISAGREEMENT
    return empty(IPriceOracle.Why)


@internal
@pure
def _median(a: uint256, b: uint256, c: uint256) -> uint256:
    return max(min(a, b), min(max(a, b), c))


# ---------------------------------------------------------------- internals: cache


@internal
def _keep(asset: address, before: uint256, cache: uint256):
    if cache != before:
        self.caches[asset] = cache


@internal
@view
def _is_cached(cache: uint256) -> bool:
    """
    @notice The slow statistics of this bucket are in the word
    """
    return cache >> BUCKET_AT == block.timestamp // price_sources.BUCKET and cache & FIRST_CACHED != 0


@internal
@view
def _cache_word(config: uint256, cache: uint256, reading: Reading, first: price_sources.Measure, second: price_sources.Measure) -> uint256:
    """
    @notice The word after a reading with a price. Without the first source the prices alone are kept, once a bucket: the next call
            looks for the source again.
    """
    bucket: uint256 = block.timestamp // price_sources.BUCKET
    if not first.valid and cache >> BUCKET_AT == bucket:
        return cache
    word: uint256 = bucket << BUCKET_AT | self._last_prices(reading.liquidation_high, reading.liquidation_low)
    slow_depth: uint256 = first.support
    if config & price_sources.IS_RANGE == 0:
        slow_depth = self._fallen_depth(cache)
    if first.valid:
        slow_depth = max(slow_depth, floats._value(first.depth, MANTISSA))
        word |= first.slow_high << (SLOW_AT + 24) | first.slow_low << SLOW_AT | first.depth << DEPTH_AT | FIRST_CACHED
        if IPriceOracle.Why.THIN_FOR_NEW_RISK in first.why:
            word |= THIN_CACHED
        if second.valid:
            word |= second.slow_high << (SECOND_SLOW_AT + 24) | second.slow_low << SECOND_SLOW_AT | SECOND_CACHED
    return word | floats._up(slow_depth, SMALL_MANTISSA) << SLOW_DEPTH_AT


@internal
@pure
def _last_prices(high: uint256, low: uint256) -> uint256:
    return floats._up(high, MANTISSA) << LAST_HIGH_AT | floats._down(low, MANTISSA) << LAST_LOW_AT


@internal
@view
def _fallen_depth(cache: uint256) -> uint256:
    """
    @notice What is left of the depth for liquidation: it falls by 5 % a day at most
    """
    buckets: uint256 = min(unsafe_sub(block.timestamp // price_sources.BUCKET, cache >> BUCKET_AT), DEPTH_FALL)
    depth: uint256 = floats._value((cache >> SLOW_DEPTH_AT) & MASK_28, SMALL_MANTISSA)
    # Up: not more than 5 % a day, and nothing for no time
    return unsafe_div(unsafe_add(unsafe_mul(depth, unsafe_sub(DEPTH_FALL, buckets)), DEPTH_FALL - 1), DEPTH_FALL)


@internal
@view
def _liquidation_depth(config: uint256, cache: uint256) -> uint256:
    """
    @param cache The word as it should be now
    """
    if config & (price_sources.IS_QUOTE | price_sources.IS_RANGE) != 0:
        return max_value(uint256)
    return self._fallen_depth(cache)


# ---------------------------------------------------------------- internals: configuration


@internal
def _store_source(asset: address, place: uint256, word: uint256, quote: address, min_depth: uint256):
    # A depth of nothing would be enough; removing a source, which has none, is the exception
    assert word == 0 or (LEAST_MIN_DEPTH <= min_depth and min_depth <= convert(max_value(uint96), uint256)), "oracle: bad min depth"
    price_sources.configs[place | price_sources._key(asset)] = word
    price_sources.quotes[place | price_sources._key(asset)] = min_depth << 160 | convert(quote, uint256)
    log IPriceOracle.SourceSet(
        asset=asset,
        source=convert(word & price_sources.MASK_160, address),
        quote=quote,
        place=place // price_sources.SECOND,
        min_depth=min_depth,
    )


@internal
@pure
def _check_depths(first: uint256, second: uint256):
    """
    @notice The second source, where there is one, must be worth half of the first: it can hold the edges of the band apart, and block
            new risk
    """
    assert second == 0 or unsafe_mul(2, second) >= first, "oracle: bad min depth"


@internal
def _store_feed(asset: address, feed: address, heartbeat: uint256, quote_decimals: uint256, min_answer: uint256, max_answer: uint256):
    assert LEAST_HEARTBEAT <= heartbeat and heartbeat <= MOST_HEARTBEAT, "oracle: bad heartbeat"
    assert min_answer != 0 and min_answer < max_answer and max_answer <= price_sources.MASK_128, "oracle: bad bounds"
    word: uint256 = feeds._word(
        feed, heartbeat, price_sources._decimals(feed), price_sources._decimals(asset), quote_decimals, min_answer, max_answer
    )
    price_sources.feed_words[asset] = word
    # An answer or none, but a feed at least
    price: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    price, why = feeds._price(word)
    assert price != 0, "oracle: feed has no answer"
    log IPriceOracle.FeedSet(
        asset=asset,
        feed=feed,
        in_quote=quote_decimals != feeds.NO_QUOTE,
        heartbeat=heartbeat,
        min_answer=min_answer,
        max_answer=max_answer,
    )


@internal
def _settle(asset: address, before: Reading) -> Reading:
    """
    @notice Look at an asset under its new configuration, and refuse what moves its prices
    @return The asset as it is now
    """
    # What the cache says of the slow window, and of a range pool's support, may be another source's
    cache: uint256 = self.caches[asset]
    stale: uint256 = cache & ~(FIRST_CACHED | SECOND_CACHED)
    if price_sources.configs[price_sources._key(asset)] & price_sources.IS_RANGE != 0:
        stale &= ~(MASK_28 << SLOW_DEPTH_AT)
    after: Reading = self._read_with(asset, stale, True)
    moved: bool = False
    if before.fresh_low != 0:
        assert after.fresh_low != 0, "oracle: loses the price"
        moved = self._moved(before.low, after.low)
        moved = self._moved(before.high, after.high) or moved
        moved = self._moved(before.liquidation_high, after.liquidation_high) or moved
        moved = self._moved(before.liquidation_low, after.liquidation_low) or moved
        moved = self._moved(before.fresh_low, after.fresh_low) or moved
        moved = self._moved(before.fresh_high, after.fresh_high) or moved
    elif cache != 0:
        # Accounts are judged at its last valid prices
        assert after.fresh_low != 0, "oracle: loses the price"
        if not self._is_silent(asset, cache) or block.timestamp < self.silent_ts[asset] + DAY:
            moved = self._moved(before.liquidation_high, after.liquidation_high)
            moved = self._moved(before.liquidation_low, after.liquidation_low) or moved
    if moved:
        assert block.timestamp >= self.switched_ts[asset] + DAY, "oracle: switched today"
        self.switched_ts[asset] = block.timestamp
    self._keep(asset, cache, after.cache)
    return after


@internal
@view
def _is_silent(asset: address, cache: uint256) -> bool:
    """
    @notice Silence was noted after the last price was cached
    """
    return self.silent_ts[asset] // price_sources.BUCKET > cache >> BUCKET_AT


@internal
@pure
def _moved(before: uint256, after: uint256) -> bool:
    assert max(before, after) * BPS <= min(before, after) * SWITCH_BPS, "oracle: moves the price"
    return before != after
