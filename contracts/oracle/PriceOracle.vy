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

# errors in few bytes
from contracts.modules import reasons

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
# Nearer than this, at prices from 2^20 on (rounding is then less than a hundredth of a tick), they are not
SAFE_TICKS: constant(uint256) = 299
SAFE_PRICE: constant(uint256) = 1 << 20

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

# A cache word: bucket 26 (until 2352) | tail 100 | what is kept of the first source, 100 (price_sources.SLOW_LOW_AT) | its depth, a
# float, 27 | flags 3. The tail, where a second source is configured: what is kept of that. Else the last prices.
BUCKET_AT: constant(uint256) = 230
TAIL_AT: constant(uint256) = 130
FIRST_AT: constant(uint256) = 30
DEPTH_AT: constant(uint256) = 3
FIRST_CACHED: constant(uint256) = 1
THIN_CACHED: constant(uint256) = 2
SECOND_CACHED: constant(uint256) = 4

# The last prices, written together with the cache word: last valid liquidation_high 32 | last valid liquidation_low 32 | depth for
# liquidation, of a range pool its support, 28. Floats.
LAST_HIGH_AT: constant(uint256) = 60
LAST_LOW_AT: constant(uint256) = 28
# Bits of the mantissas
MANTISSA: constant(uint256) = 24
SMALL_MANTISSA: constant(uint256) = 20

# What may be asked of an asset, in price_sources' terms
EVERYTHING: constant(uint256) = price_sources.FOR_NEW_RISK | price_sources.FOR_SEIZURE

FIRST_SOURCE: constant(uint256) = 1
SECOND_SOURCE: constant(uint256) = 2
FEED_SOURCE: constant(uint256) = 4

MASK_27: constant(uint256) = (1 << 27) - 1
MASK_28: constant(uint256) = (1 << 28) - 1
MASK_32: constant(uint256) = (1 << 32) - 1
MASK_100: constant(uint256) = (1 << 100) - 1

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
    # The last prices, if they are to be written to a slot of their own, else 0
    last: uint256


# ---------------------------------------------------------------- storage

# By asset: see above
caches: HashMap[address, uint256]

# The last prices of assets with a second source
lasts: HashMap[address, uint256]

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
    price_sources._check_asset(asset)
    if price_sources.configs[convert(asset, uint256)] != 0:
        reasons._refuse("oracle: already listed")
    self._store_quote(asset, price)


@external
def set_quote_feed(asset: address, feed: address, heartbeat: uint256, min_answer: uint256, max_answer: uint256):
    """
    @notice Make `asset` a quote that a feed prices, in units of account; or change its feed
    @param min_answer Answers at or below it are not believed: the aggregator's own floor, at least. Likewise max_answer.
    """
    ownable._check_owner()
    price_sources._check_asset(asset)
    config: uint256 = price_sources.configs[convert(asset, uint256)]
    if config != 0 and config != price_sources.IS_QUOTE | price_sources.QUOTE_BY_FEED:
        reasons._refuse("oracle: already listed")
    before: Reading = self._read(asset, EVERYTHING)
    self._store_feed(asset, feed, heartbeat, feeds.NO_QUOTE, min_answer, max_answer)
    self._check_answer(asset)
    price_sources.configs[convert(asset, uint256)] = price_sources.IS_QUOTE | price_sources.QUOTE_BY_FEED
    self._settle(asset, before, config)


@external
def set_source(asset: address, source: address, quote: address, min_depth: uint256):
    """
    @notice Price `asset` by an AMM, `source`, against `quote`. Before it has one it is not listed; give it a second source, or a feed in
            units of account, before its first.
    @param min_depth WAD units of account. Below it new risk is blocked, below a quarter of it the source has no price.
    """
    ownable._check_owner()
    config: uint256 = price_sources.configs[convert(asset, uint256)]
    if config & price_sources.HAS_FEED != 0 and feeds._quote_decimals(price_sources.feed_words[asset]) != feeds.NO_QUOTE:
        if price_sources.quotes[convert(asset, uint256)] & price_sources.MASK_160 != convert(quote, uint256):
            reasons._refuse("oracle: feed is in another quote")
    before: Reading = self._read(asset, EVERYTHING)
    word: uint256 = price_sources._source_word(asset, source, quote)
    other: uint256 = price_sources.configs[price_sources.SECOND | convert(asset, uint256)]
    if (word ^ other) & price_sources.MASK_160 == 0:
        reasons._refuse("oracle: is the second source")
    self._check_depths(min_depth, price_sources.quotes[price_sources.SECOND | convert(asset, uint256)] >> 160)
    self._store_source(asset, 0, config & (price_sources.HAS_SECOND | price_sources.HAS_FEED) | word, quote, min_depth)
    after: Reading = self._settle(asset, before, config)
    if IPriceOracle.Why.SOURCE_FAILED in after.why:
        reasons._refuse("oracle: source has no window")


@external
def set_second_source(asset: address, source: address, quote: address, min_depth: uint256):
    """
    @notice Watch a second AMM; zero address: no more
    @param min_depth Below a quarter of it the source has no price. It never blocks new risk.
    """
    ownable._check_owner()
    before: Reading = self._read(asset, EVERYTHING)
    key: uint256 = convert(asset, uint256)
    config: uint256 = price_sources.configs[key]
    if source == empty(address):
        self._store_source(asset, price_sources.SECOND, 0, empty(address), 0)
        price_sources.configs[key] = config & ~price_sources.HAS_SECOND
    else:
        word: uint256 = price_sources._source_word(asset, source, quote)
        if (word ^ config) & price_sources.MASK_160 == 0:
            reasons._refuse("oracle: is the first source")
        self._check_depths(price_sources.quotes[key] >> 160, min_depth)
        self._store_source(asset, price_sources.SECOND, word, quote, min_depth)
        price_sources.configs[key] = config | price_sources.HAS_SECOND
    self._settle(asset, before, config)


@external
def set_feed(asset: address, feed: address, in_quote: bool, heartbeat: uint256, min_answer: uint256, max_answer: uint256):
    """
    @notice Let a feed take part; zero address: no more
    @param in_quote The feed tells whole tokens of the first source's quote, not units of account
    """
    ownable._check_owner()
    price_sources._check_asset(asset)
    key: uint256 = convert(asset, uint256)
    price_sources._check_no_quote(price_sources.configs[key])
    before: Reading = self._read(asset, EVERYTHING)
    if feed == empty(address):
        price_sources.feed_words[asset] = 0
        price_sources.configs[key] &= ~price_sources.HAS_FEED
        log IPriceOracle.FeedSet(asset=asset, feed=feed, in_quote=False, heartbeat=0, min_answer=0, max_answer=0)
    else:
        quote_decimals: uint256 = feeds.NO_QUOTE
        if in_quote:
            quote: address = convert(price_sources.quotes[key] & price_sources.MASK_160, address)
            if quote == empty(address):
                reasons._refuse("oracle: no source")
            quote_decimals = price_sources._decimals(quote)
        self._store_feed(asset, feed, heartbeat, quote_decimals, min_answer, max_answer)
        self._check_answer(asset)
        price_sources.configs[key] |= price_sources.HAS_FEED
    self._settle(asset, before, price_sources.configs[key])


# ---------------------------------------------------------------- external, anyone


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, uint256, IPriceOracle.Why):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, price_sources.FOR_NEW_RISK)
    if reading.cache != cache:
        self._keep(asset, reading)
    return reading.low, reading.high, reading.depth, reading.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256, uint256):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, price_sources.FOR_SEIZURE)
    if reading.cache != cache:
        self._keep(asset, reading)
    return reading.liquidation_high, reading.liquidation_low, reading.fresh_low, reading.fresh_high


@external
@reentrant
def poke(asset: address):
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, 0)
    if reading.cache != cache:
        self._keep(asset, reading)
    if reading.low == 0 and cache != 0 and not self._is_silent(asset, cache):
        self.silent_ts[asset] = block.timestamp
        log IPriceOracle.SilenceNoted(asset=asset)


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def band(asset: address) -> IPriceOracle.Band:
    reading: Reading = self._read(asset, EVERYTHING)
    return IPriceOracle.Band(
        low=reading.low,
        high=reading.high,
        liquidation_high=reading.liquidation_high,
        liquidation_low=reading.liquidation_low,
        fresh_low=reading.fresh_low,
        fresh_high=reading.fresh_high,
        depth=reading.depth,
        liquidation_depth=self._liquidation_depth(asset, reading.cache, reading.last),
        sources=reading.sources,
        why=reading.why,
    )


@external
@view
@reentrant
def liquidation_depth(asset: address) -> uint256:
    cache: uint256 = self.caches[asset]
    if self._is_cached(cache) or self._no_depth(price_sources.configs[convert(asset, uint256)]):
        return self._liquidation_depth(asset, cache, 0)
    reading: Reading = self._read(asset, 0)
    return self._liquidation_depth(asset, reading.cache, reading.last)


@external
@view
@reentrant
def quote_price(asset: address) -> uint256:
    """
    @notice The fixed price of a quote asset; 0 for any other
    """
    config: uint256 = price_sources.configs[convert(asset, uint256)]
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
    key: uint256 = convert(asset, uint256) | unsafe_mul(place, price_sources.SECOND)
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
def _refresh(asset: address, wanted: uint256) -> Reading:
    """
    @notice For contracts that are built of this one. Here it is written out, to save the copy of a Reading.
    """
    cache: uint256 = self.caches[asset]
    reading: Reading = self._read_with(asset, cache, wanted)
    if reading.cache != cache:
        self._keep(asset, reading)
    return reading


@internal
@view
def _read(asset: address, wanted: uint256) -> Reading:
    return self._read_with(asset, self.caches[asset], wanted)


@internal
@view
def _read_with(asset: address, cache: uint256, wanted: uint256) -> Reading:
    """
    @notice Prices as of now, and the cache words as they should be. Does not revert for lack of an answer.
    @param wanted FOR_NEW_RISK: depth and what blocks new risk; FOR_SEIZURE: the fresh prices
    """
    config: uint256 = price_sources.configs[convert(asset, uint256)]
    if config & price_sources.MASK_160 == 0:
        return self._read_quote(asset, config, cache)
    # As _is_cached has it
    cached: bool = cache & FIRST_CACHED != 0 and cache >> BUCKET_AT == block.timestamp // price_sources.BUCKET
    asked: uint256 = 0
    last: uint256 = 0
    support: uint256 = 0
    if not cached:
        asked = price_sources.SLOW_BUCKETS << ((config >> 165) & 1)
        last = self._last(asset, config, cache)
        if config & price_sources.IS_RANGE != 0:
            support = floats._value(last & MASK_28, SMALL_MANTISSA)
    first: price_sources.Measure = price_sources._measure(asset, 0, config, asked, (cache >> FIRST_AT) & MASK_100, support, wanted)
    second: price_sources.Measure = empty(price_sources.Measure)
    if config & price_sources.HAS_SECOND != 0:
        if not cached or cache & SECOND_CACHED != 0:
            word: uint256 = price_sources.configs[price_sources.SECOND | convert(asset, uint256)]
            second = price_sources._measure(asset, price_sources.SECOND, word, asked, (cache >> TAIL_AT) & MASK_100, 0, wanted)
    reading: Reading = empty(Reading)
    # Without a feed, and at one unit, prices are in the order of ticks
    if config & price_sources.HAS_FEED == 0 and first.valid:
        if not second.valid or second.unit == first.unit:
            reading = self._combine(first, second, 0, wanted, True)
    if reading.sources == 0:
        feed: uint256 = 0
        why: IPriceOracle.Why = empty(IPriceOracle.Why)
        if config & price_sources.HAS_FEED != 0:
            feed, why = price_sources._feed_price(price_sources.feed_words[asset], first.unit)
        first = price_sources._price(first, wanted)
        second = price_sources._price(second, wanted)
        reading = self._combine(first, second, feed, wanted, False)
        reading.why |= why
    reading.cache = cache
    reading.why |= first.why
    if reading.sources == 0:
        reading.liquidation_high, reading.liquidation_low = self._last_valid(self._last(asset, config, cache))
        return reading
    if wanted & price_sources.FOR_NEW_RISK != 0:
        if first.valid:
            depth: uint256 = first.depth
            if cached:
                depth = (cache >> DEPTH_AT) & MASK_27
                if cache & THIN_CACHED != 0:
                    reading.why |= IPriceOracle.Why.THIN_FOR_NEW_RISK
            reading.depth = min(reading.depth, floats._value(depth, price_sources.DEPTH_MANTISSA))
        if unsafe_mul(reading.high, BPS) > unsafe_mul(reading.low, BREAKER_BPS):
            reading.why |= IPriceOracle.Why.BREAKER
    if not cached:
        reading.cache, reading.last = self._words(config, cache, last, reading, first, second)
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
        reading.liquidation_high, reading.liquidation_low = self._last_valid((cache >> TAIL_AT) & MASK_100)
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
            reading.cache = (block.timestamp // price_sources.BUCKET) << BUCKET_AT | self._last_prices(price, price) << TAIL_AT
    return reading


@internal
@view
def _combine(first: price_sources.Measure, second: price_sources.Measure, feed: uint256, wanted: uint256, in_ticks: bool) -> Reading:
    """
    @notice The prices of an asset with a source, the present depth, and what sources say of each other, and the second of the market
    @param feed What the feed says, 0 if there is none
    @param in_ticks Sources are told in ticks and have one unit, the first is valid, there is no feed. No sources then, if a price is absurd.
    """
    reading: Reading = empty(Reading)
    slow_low: uint256 = first.slow_low
    slow_high: uint256 = first.slow_high
    low: uint256 = first.short_low
    high: uint256 = first.short_high
    reading.fresh_low = first.fresh
    reading.fresh_high = first.fresh
    reading.sources = FIRST_SOURCE
    both: bool = second.valid
    if both:
        # What it can say against new risk
        reading.why = second.why & (IPriceOracle.Why.UNSETTLED | IPriceOracle.Why.LIQUIDITY_ADDED)
    if not first.valid:
        if not both:
            return self._feed_alone(feed)
        both = False
        slow_low = second.slow_low
        slow_high = second.slow_high
        low = second.short_low
        high = second.short_high
        reading.fresh_low = second.fresh
        reading.fresh_high = second.fresh
        reading.sources = SECOND_SOURCE
    reading.liquidation_low = min(low, slow_low)
    reading.liquidation_high = max(high, slow_high)
    reading.low = reading.liquidation_low
    reading.high = reading.liquidation_high
    if both:
        low = min(low, second.short_low)
        high = max(high, second.short_high)
        reading.liquidation_low = min(reading.low, low)
        reading.liquidation_high = max(reading.high, high)
        reading.low = min(reading.liquidation_low, second.slow_low)
        reading.high = max(reading.liquidation_high, second.slow_high)
        reading.fresh_low = min(first.fresh, second.fresh)
        reading.fresh_high = max(first.fresh, second.fresh)
        reading.sources = FIRST_SOURCE | SECOND_SOURCE
    if feed != 0:
        reading.low = min(reading.low, feed)
        reading.high = max(reading.high, feed)
        reading.liquidation_low = self._median(low, slow_low, feed)
        reading.liquidation_high = self._median(high, slow_high, feed)
        reading.fresh_low = min(reading.fresh_low, feed)
        reading.fresh_high = max(reading.fresh_high, feed)
        reading.sources |= FEED_SOURCE
    if in_ticks:
        low = reading.low
        sqrt_x96: uint256 = unsafe_mul(first.root, convert(low == first.slow_low, uint256))
        if sqrt_x96 == 0:
            sqrt_x96 = price_sources._sqrt(low)
        reading.low = price_sources._price_down(sqrt_x96, first.unit)
        if wanted & price_sources.FOR_NEW_RISK != 0:
            at_low: uint256 = sqrt_x96
            if low != first.short_low and low != slow_low:
                at_low = price_sources._sqrt(min(first.short_low, slow_low))
            reading.depth = price_sources._depth_now(first.present, at_low, first.unit)
        high = reading.high
        if high != low:
            sqrt_x96 = price_sources._sqrt(high)
        reading.high = price_sources._price_up(sqrt_x96, first.unit)
        if reading.low == 0 or reading.high > price_sources.MAX_PRICE:
            return empty(Reading)
        if reading.liquidation_low == low:
            reading.liquidation_low = reading.low
        else:
            reading.liquidation_low = price_sources._low_at(reading.liquidation_low, first.unit)
        if reading.liquidation_high == high:
            reading.liquidation_high = reading.high
        else:
            reading.liquidation_high = price_sources._high_at(reading.liquidation_high, first.unit)
        if wanted & price_sources.FOR_SEIZURE != 0:
            one: bool = reading.fresh_high == reading.fresh_low
            if reading.fresh_low == low:
                reading.fresh_low = reading.low
            else:
                reading.fresh_low = price_sources._fresh_at(reading.fresh_low, first.unit)
            if one:
                reading.fresh_high = reading.fresh_low
            elif reading.fresh_high == high:
                reading.fresh_high = price_sources._price_down(sqrt_x96, first.unit)
            else:
                reading.fresh_high = price_sources._fresh_at(reading.fresh_high, first.unit)
    elif first.valid:
        reading.depth = first.present
    if both and wanted & price_sources.FOR_NEW_RISK != 0:
        short: uint256 = first.short_low
        other: uint256 = second.short_low
        if in_ticks:
            if unsafe_sub(unsafe_add(short, SAFE_TICKS), other) <= 2 * SAFE_TICKS and reading.low >= SAFE_PRICE:
                return reading
            short = price_sources._low_at(short, first.unit)
            other = price_sources._low_at(other, first.unit)
        if unsafe_mul(max(short, other), PPM) > unsafe_mul(min(short, other), DISAGREEMENT_PPM):
            reading.why |= IPriceOracle.Why.DISAGREEMENT
    return reading


@internal
@pure
def _feed_alone(feed: uint256) -> Reading:
    """
    @notice The prices that are left where no source is valid; none without a feed
    """
    reading: Reading = empty(Reading)
    if feed != 0:
        reading.high = min(unsafe_div(unsafe_add(unsafe_mul(feed, 100 + FEED_MARGIN_PERCENT), 99), 100), price_sources.MAX_PRICE)
        reading.low = max(unsafe_div(unsafe_mul(feed, 100 - FEED_MARGIN_PERCENT), 100), 1)
        reading.liquidation_high = reading.high
        reading.liquidation_low = reading.low
        reading.fresh_low = feed
        reading.fresh_high = feed
        reading.sources = FEED_SOURCE
    return reading


# ---------------------------------------------------------------- internals: combining


@internal
@pure
def _median(a: uint256, b: uint256, c: uint256) -> uint256:
    return max(min(a, b), min(max(a, b), c))


# ---------------------------------------------------------------- internals: cache


@internal
def _keep(asset: address, reading: Reading):
    self.caches[asset] = reading.cache
    if reading.last != 0:
        self.lasts[asset] = reading.last


@internal
@view
def _is_cached(cache: uint256) -> bool:
    """
    @notice The slow statistics of this bucket are in the word
    """
    return cache >> BUCKET_AT == block.timestamp // price_sources.BUCKET and cache & FIRST_CACHED != 0


@internal
@view
def _last(asset: address, config: uint256, cache: uint256) -> uint256:
    """
    @notice The last prices
    """
    if config & price_sources.HAS_SECOND == 0:
        return (cache >> TAIL_AT) & MASK_100
    return self.lasts[asset]


@internal
@pure
def _last_valid(last: uint256) -> (uint256, uint256):
    """
    @notice (liquidation_high, liquidation_low)
    """
    return floats._value(last >> LAST_HIGH_AT, MANTISSA), floats._value((last >> LAST_LOW_AT) & MASK_32, MANTISSA)


@internal
@view
def _words(
    config: uint256, cache: uint256, last: uint256, reading: Reading, first: price_sources.Measure, second: price_sources.Measure
) -> (uint256, uint256):
    """
    @notice The cache word after a reading with a price, and the last prices where they have a slot of their own. Without the first
            source these alone are kept, once a bucket: the next call looks for the source again.
    """
    bucket: uint256 = block.timestamp // price_sources.BUCKET
    if not first.valid and cache >> BUCKET_AT == bucket:
        return cache, 0
    slow_depth: uint256 = first.support
    if config & price_sources.IS_RANGE == 0:
        slow_depth = self._fallen_depth(cache, last)
    word: uint256 = bucket << BUCKET_AT
    if first.valid:
        slow_depth = max(slow_depth, floats._value(first.depth, price_sources.DEPTH_MANTISSA))
        word |= first.kept << FIRST_AT | first.depth << DEPTH_AT | FIRST_CACHED
        if IPriceOracle.Why.THIN_FOR_NEW_RISK in first.why:
            word |= THIN_CACHED
        if second.valid:
            word |= second.kept << TAIL_AT | SECOND_CACHED
    prices: uint256 = self._last_prices(reading.liquidation_high, reading.liquidation_low) | floats._up(slow_depth, SMALL_MANTISSA)
    if config & price_sources.HAS_SECOND == 0:
        return word | prices << TAIL_AT, 0
    return word, prices


@internal
@pure
def _last_prices(high: uint256, low: uint256) -> uint256:
    return floats._up(high, MANTISSA) << LAST_HIGH_AT | floats._down(low, MANTISSA) << LAST_LOW_AT


@internal
@view
def _fallen_depth(cache: uint256, last: uint256) -> uint256:
    """
    @notice What is left of the depth for liquidation: it falls by 5 % a day at most
    """
    buckets: uint256 = min(unsafe_sub(block.timestamp // price_sources.BUCKET, cache >> BUCKET_AT), DEPTH_FALL)
    depth: uint256 = floats._value(last & MASK_28, SMALL_MANTISSA)
    # Up: not more than 5 % a day, and nothing for no time
    return unsafe_div(unsafe_add(unsafe_mul(depth, unsafe_sub(DEPTH_FALL, buckets)), DEPTH_FALL - 1), DEPTH_FALL)


@internal
@pure
def _no_depth(config: uint256) -> bool:
    """
    @notice Nothing limits it in the liquidation test
    """
    return config & (price_sources.IS_QUOTE | price_sources.IS_RANGE) != 0


@internal
@view
def _liquidation_depth(asset: address, cache: uint256, last: uint256) -> uint256:
    """
    @param cache The word as it should be now
    @param last Likewise the last prices, or 0: as they are
    """
    config: uint256 = price_sources.configs[convert(asset, uint256)]
    if self._no_depth(config):
        return max_value(uint256)
    return self._fallen_depth(cache, last if last != 0 else self._last(asset, config, cache))


# ---------------------------------------------------------------- internals: configuration


@internal
def _store_quote(asset: address, price: uint256):
    """
    @notice A quote of a fixed price
    """
    steps: uint256 = unsafe_div(price, price_sources.QUOTE_STEP)
    if steps == 0 or steps > price_sources.MAX_STEPS or price % price_sources.QUOTE_STEP != 0:
        reasons._refuse("oracle: bad quote price")
    price_sources.configs[convert(asset, uint256)] = steps << price_sources.UNIT_AT | price_sources.IS_QUOTE
    log IPriceOracle.QuoteSet(asset=asset, price=price)


@internal
def _store_source(asset: address, place: uint256, word: uint256, quote: address, min_depth: uint256):
    # A depth of nothing would be enough; removing a source, which has none, is the exception
    if word != 0:
        self._check_min_depth(LEAST_MIN_DEPTH <= min_depth and min_depth <= convert(max_value(uint96), uint256))
    price_sources.configs[place | convert(asset, uint256)] = word
    price_sources.quotes[place | convert(asset, uint256)] = min_depth << 160 | convert(quote, uint256)
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
    self._check_min_depth(second == 0 or unsafe_mul(2, second) >= first)


@internal
@pure
def _check_min_depth(good: bool):
    if not good:
        reasons._refuse("oracle: bad min depth")


@internal
def _store_feed(asset: address, feed: address, heartbeat: uint256, quote_decimals: uint256, min_answer: uint256, max_answer: uint256):
    if heartbeat < LEAST_HEARTBEAT or heartbeat > MOST_HEARTBEAT:
        reasons._refuse("oracle: bad heartbeat")
    if min_answer == 0 or min_answer >= max_answer or max_answer > price_sources.MASK_128:
        reasons._refuse("oracle: bad bounds")
    word: uint256 = feeds._word(
        feed, heartbeat, price_sources._decimals(feed), price_sources._decimals(asset), quote_decimals, min_answer, max_answer
    )
    price_sources.feed_words[asset] = word
    log IPriceOracle.FeedSet(
        asset=asset,
        feed=feed,
        in_quote=quote_decimals != feeds.NO_QUOTE,
        heartbeat=heartbeat,
        min_answer=min_answer,
        max_answer=max_answer,
    )


@internal
@view
def _check_answer(asset: address):
    price: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    price, why = feeds._price(price_sources.feed_words[asset])
    if price == 0:
        reasons._refuse("oracle: feed has no answer")


@internal
def _settle(asset: address, before: Reading, config: uint256) -> Reading:
    """
    @notice Look at an asset under its new configuration, and refuse what moves its prices
    @param config The configuration before, as far as the second source is concerned
    @return The asset as it is now
    """
    # What the cache says of the bucket, and of a range pool's support, may be another source's
    cache: uint256 = self.caches[asset]
    last: uint256 = self._last(asset, config, cache)
    now: uint256 = price_sources.configs[convert(asset, uint256)]
    if now & price_sources.IS_RANGE != 0:
        last &= ~MASK_28
    stale: uint256 = cache >> BUCKET_AT << BUCKET_AT
    if now & price_sources.HAS_SECOND == 0:
        stale |= last << TAIL_AT
    else:
        self.lasts[asset] = last
    self.caches[asset] = stale
    after: Reading = self._read_with(asset, stale, EVERYTHING)
    moved: bool = False
    # Accounts are judged at its last valid prices
    if (before.fresh_low | cache) != 0 and after.fresh_low == 0:
        reasons._refuse("oracle: loses the price")
    if before.fresh_low != 0 or (
        cache != 0 and (not self._is_silent(asset, cache) or block.timestamp < unsafe_add(self.silent_ts[asset], DAY))
    ):
        moved = self._moved(before.liquidation_high, after.liquidation_high)
        moved = self._moved(before.liquidation_low, after.liquidation_low) or moved
    if before.fresh_low != 0:
        moved = self._moved(before.low, after.low) or moved
        moved = self._moved(before.high, after.high) or moved
        moved = self._moved(before.fresh_low, after.fresh_low) or moved
        moved = self._moved(before.fresh_high, after.fresh_high) or moved
    if moved:
        if block.timestamp < unsafe_add(self.switched_ts[asset], DAY):
            reasons._refuse("oracle: switched today")
        self.switched_ts[asset] = block.timestamp
    self._keep(asset, after)
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
    if unsafe_mul(max(before, after), BPS) > unsafe_mul(min(before, after), SWITCH_BPS):
        reasons._refuse("oracle: moves the price")
    return before != after
