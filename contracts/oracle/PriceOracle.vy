# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title A band of prices for each asset, from the history that its AMM keeps
@license MIT
@notice See interfaces/IPriceOracle.vyi for what each answer means
@dev An asset is either a quote, at a price fixed by configuration, or has one AMM source against a quote.

     Glossary (the windows are those of IObservations)
       oriented     a tick of quote per asset, whichever of the two is token0
       s            mean tick of the short window; floored for a low, ceiled for a high, as all means here
       slow         from the 10 whole buckets before this one: the mean and the median of the buckets' means; the lower of the
                    two for a low, the higher for a high. With an even count the 5th bucket serves the low, the 6th the high.
       band         low = price(min(s, slow)), high = price(max(s, slow))
       depth        median over the same buckets of the harmonic mean liquidity, in quote at the slow low

     A dump moves s within minutes and slow hardly at all; a real fall moves both. Since collateral is liquidated at `high`, a
     short dump liquidates nobody; since it is lent against at `low`, a short pump lends nothing.

     Views and writing functions may be called while a token or a pair calls back: all that is read is the past, which a
     transaction cannot change. Nothing here can be entered between a source's answer and the write: sources are called
     statically.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

# who may configure
from snekmate.auth import ownable

# medians
from contracts.modules import middle

# from ticks to prices
from contracts.modules import tick_math

implements: IPriceOracle

initializes: ownable

exports: (
    ownable.owner,
    ownable.transfer_ownership,
    ownable.renounce_ownership,
)

# ---------------------------------------------------------------- constants

# The windows of IObservations, in seconds
BUCKET: constant(uint256) = 180
MINUTE: constant(uint256) = 60
SHORT_AGE: constant(uint256) = 300

SLOW_BUCKETS: constant(uint256) = 10
SLOW_SECONDS: constant(uint256) = 1800

# New risk is blocked when high / low is above this
BPS: constant(uint256) = 10_000
BREAKER_BPS: constant(uint256) = 12_500

# A pair answers with some 60,000 gas. What is more than this is not worth waiting for.
SOURCE_GAS: constant(uint256) = 400_000

# The answer in bytes. One word more is taken of it, to see that it ends there.
ANSWER: constant(uint256) = 26 * 32
# In the place of `count`: there is no answer of that form
UNREADABLE: constant(uint256) = max_value(uint256)

# Oriented ticks are held as tick + 2^23, so that all of their arithmetic is unsigned, and division floors
BIAS_BITS: constant(uint256) = 23
SIGNED_BIAS: constant(int256) = 1 << 23
# The lowest tick of tick_math
LOWEST_TICK: constant(uint256) = (1 << 23) - 887_272
# Up to tick 443,636, 2^64 raw quote for a raw unit of the asset: the square root in Q96 then fits 128 bits
TICKS: constant(uint256) = 443_636 + 887_272

# A price at which any amount up to 2^112 can be valued without overflow: 22 * 10^42 WAD for 1e18 raw units
MAX_PRICE: constant(uint256) = (1 << 144) - 1

# The price of a quote is stored in these steps, 1e-12 of a unit of account per 1e18 raw units, in 95 bits
QUOTE_STEP: constant(uint256) = 1_000_000

WAD: constant(uint256) = 10**18

# In a config word: the asset is token1 of its source
TOKEN1: constant(uint256) = 1 << 160

MASK_24: constant(uint256) = (1 << 24) - 1
MASK_64: constant(uint256) = (1 << 64) - 1
MASK_96: constant(uint256) = (1 << 96) - 1
MASK_127: constant(uint256) = (1 << 127) - 1
MASK_128: constant(uint256) = (1 << 128) - 1
MASK_160: constant(uint256) = (1 << 160) - 1

# ---------------------------------------------------------------- types

# IObservations.Window: the buckets that are asked for apart, signed words modulo 2^256
struct Window:
    started_ts: uint256
    short_sum: uint256
    short_seconds: uint256
    fresh_sum: uint256
    fresh_seconds: uint256
    count: uint256
    buckets: uint256[SLOW_BUCKETS]
    # Not read: no more than SLOW_BUCKETS are asked for
    others: uint256[20 - SLOW_BUCKETS]


# Of the slow window, oriented
struct Slow:
    known: bool
    low_tick: uint256
    high_tick: uint256
    # Median; not known in a cached bucket, where the depth is
    liquidity: uint256


# What a source says now, oriented
struct Reading:
    # Both 0 when there is no price
    low: uint256
    high: uint256
    fresh_tick: uint256
    # In raw quote
    depth: uint256
    why: IPriceOracle.Why
    # The asset's cache word as it should be; as it is, if nothing is to be written
    cache: uint256


# ---------------------------------------------------------------- storage

# Per asset. For one with a source: its price for 1e18 raw quote in QUOTE_STEPs << 161 | (the asset is token1) << 160 | source.
# For a quote: its price in the same place, no source. All that a read in a cached bucket needs of the configuration.
configs: HashMap[address, uint256]

# Per asset with a source: min_depth << 160 | quote. Read when the cache is refreshed.
quotes: HashMap[address, uint256]

# Per asset with a source: bucket 32 | slow high 24 | slow low 24 | high 24 | low 24 | thin for new risk 1 | depth 127.
# Ticks are biased. high and low are those of the last write, the last valid prices; never written: 0.
caches: HashMap[address, uint256]

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
    assert self.configs[asset] == 0, "oracle: already listed"
    steps: uint256 = price // QUOTE_STEP
    assert steps != 0 and steps >> 95 == 0 and price % QUOTE_STEP == 0, "oracle: bad quote price"

    self.configs[asset] = steps << 161
    log IPriceOracle.QuoteSet(asset=asset, price=price)


@external
def set_source(asset: address, source: address, quote: address, min_depth: uint256):
    """
    @notice Price `asset` by an AMM, `source`, against `quote`
    @param min_depth WAD units of account. Below it new risk is blocked, below a quarter of it there is no price.
    @dev An asset that had a price keeps one: a new source must have a valid price at once, else the last valid prices,
         by which accounts are judged in its absence, would be lost or be those of another market.
    """
    ownable._check_owner()
    assert asset != empty(address), "oracle: zero address"
    unit: uint256 = self.configs[quote]
    assert unit != 0 and unit & MASK_160 == 0, "oracle: quote is not a quote asset"
    old_config: uint256 = self.configs[asset]
    assert old_config == 0 or old_config & MASK_160 != 0, "oracle: asset is a quote asset"
    # A depth of nothing would be enough
    assert min_depth != 0 and min_depth <= MASK_96, "oracle: bad min depth"

    token0: address = self._token(source, method_id("token0()"))
    token1: address = self._token(source, method_id("token1()"))
    is_token1: bool = token1 == asset
    if is_token1:
        assert token0 == quote, "oracle: source has other tokens"
    else:
        assert token0 == asset and token1 == quote, "oracle: source has other tokens"

    config: uint256 = unit | convert(source, uint256)
    if is_token1:
        config |= TOKEN1
    cache: uint256 = self.caches[asset]
    replaced: bool = cache != 0 and config != old_config
    if replaced:
        cache = 0
    elif cache >> 224 == block.timestamp // BUCKET:
        # Whether the depth suffices must be seen anew; the last valid prices stay
        cache = unsafe_sub(cache, 1 << 224)
    self.configs[asset] = config
    self.quotes[asset] = min_depth << 160 | convert(quote, uint256)

    reading: Reading = self._read(asset, config, cache)
    assert IPriceOracle.Why.SOURCE_FAILED not in reading.why, "oracle: source has no window"
    assert not replaced or reading.cache != 0, "oracle: new source has no price"
    self.caches[asset] = reading.cache
    log IPriceOracle.SourceSet(asset=asset, source=source, quote=quote, min_depth=min_depth)


# ---------------------------------------------------------------- external, anyone


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, IPriceOracle.Why):
    config: uint256 = self.configs[asset]
    if config & MASK_160 == 0:
        price: uint256 = self._unit(config)
        return price, price, self._why_quote(config)

    cache: uint256 = self.caches[asset]
    reading: Reading = self._read(asset, config, cache)
    if reading.cache != cache:
        self.caches[asset] = reading.cache
    return reading.low, reading.high, reading.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256):
    config: uint256 = self.configs[asset]
    if config & MASK_160 == 0:
        price: uint256 = self._unit(config)
        return price, price, price

    cache: uint256 = self.caches[asset]
    reading: Reading = self._read(asset, config, cache)
    if reading.cache != cache:
        self.caches[asset] = reading.cache
    return self._liquidation_prices(config, reading)


@external
@reentrant
def poke(asset: address):
    config: uint256 = self.configs[asset]
    if config & MASK_160 != 0:
        cache: uint256 = self.caches[asset]
        reading: Reading = self._read(asset, config, cache)
        if reading.cache != cache:
            self.caches[asset] = reading.cache


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def band(asset: address) -> IPriceOracle.Band:
    config: uint256 = self.configs[asset]
    if config & MASK_160 == 0:
        price: uint256 = self._unit(config)
        return IPriceOracle.Band(
            low=price,
            high=price,
            liquidation_high=price,
            liquidation_low=price,
            fresh=price,
            # No market limits it
            depth=max_value(uint256) if price != 0 else 0,
            why=self._why_quote(config),
        )

    reading: Reading = self._read(asset, config, self.caches[asset])
    liquidation_high: uint256 = 0
    liquidation_low: uint256 = 0
    fresh: uint256 = 0
    liquidation_high, liquidation_low, fresh = self._liquidation_prices(config, reading)
    return IPriceOracle.Band(
        low=reading.low,
        high=reading.high,
        liquidation_high=liquidation_high,
        liquidation_low=liquidation_low,
        fresh=fresh,
        # At most 2^127 * 2^115
        depth=unsafe_mul(reading.depth, self._unit(config)) // WAD,
        why=reading.why,
    )


@external
@view
@reentrant
def quote_price(asset: address) -> uint256:
    """
    @notice The fixed price of a quote asset; 0 for any other
    """
    config: uint256 = self.configs[asset]
    return self._unit(config) if config & MASK_160 == 0 else 0


@external
@view
@reentrant
def source_of(asset: address) -> (address, address, uint256):
    """
    @notice The asset's (source, quote, min_depth); zeros where it has no source
    """
    config: uint256 = self.configs[asset]
    quotes: uint256 = self.quotes[asset]
    return convert(config & MASK_160, address), convert(quotes & MASK_160, address), quotes >> 160


@external
@view
@reentrant
def cached_ts(asset: address) -> uint256:
    """
    @notice Start of the bucket in which the slow statistics and the last valid prices were cached last; 0: never
    """
    return (self.caches[asset] >> 224) * BUCKET


# ---------------------------------------------------------------- internals: reading


@internal
@view
def _read(asset: address, config: uint256, cache: uint256) -> Reading:
    """
    @notice Prices as of now, and the cache word as it should be. Does not revert for lack of an answer.
    """
    reading: Reading = empty(Reading)
    reading.cache = cache
    reading.why = IPriceOracle.Why.SOURCE_FAILED
    cached: bool = cache >> 224 == block.timestamp // BUCKET
    source: address = convert(config & MASK_160, address)
    # All ones where ticks change their sign: (x ^ flip) - flip = -x
    flip: uint256 = unsafe_sub(0, (config >> 160) & 1)

    asked: uint256 = 0 if cached else SLOW_BUCKETS
    window: Window = self._ask(source, asked)
    if window.count == UNREADABLE:
        return reading
    # Where the short and the fresh window begin, and so how long they are, is told by the clock
    short_seconds: uint256 = unsafe_add(SHORT_AGE, unsafe_sub(block.timestamp, SHORT_AGE) % BUCKET)
    fresh_seconds: uint256 = unsafe_add(MINUTE, block.timestamp % MINUTE)
    if (window.short_seconds ^ short_seconds) | (window.fresh_seconds ^ fresh_seconds) | (window.count ^ asked) != 0 or unsafe_sub(
        window.started_ts, 1
    ) >= block.timestamp:
        reading.why = self._why_incomplete(window, short_seconds, fresh_seconds, asked)
        return reading
    slow: Slow = empty(Slow)
    if cached:
        slow.known = True
        slow.low_tick = (cache >> 176) & MASK_24
        slow.high_tick = (cache >> 200) & MASK_24
    else:
        slow = self._slow(window.buckets, flip)
        if not slow.known:
            return reading
    short_sum: uint256 = unsafe_add(short_seconds << BIAS_BITS, unsafe_sub(window.short_sum ^ flip, flip))
    # Both oriented before any rounding: the floor of a negated mean is not the negated floor
    fresh_sum: uint256 = unsafe_add(fresh_seconds << BIAS_BITS, unsafe_sub(window.fresh_sum ^ flip, flip))
    low_tick: uint256 = unsafe_div(short_sum, short_seconds)
    high_tick: uint256 = unsafe_div(unsafe_add(short_sum, unsafe_sub(short_seconds, 1)), short_seconds)
    reading.fresh_tick = unsafe_div(fresh_sum, fresh_seconds)
    if max(unsafe_sub(low_tick, LOWEST_TICK), unsafe_sub(reading.fresh_tick, LOWEST_TICK)) >= TICKS:
        return reading
    low_tick = min(low_tick, slow.low_tick)
    high_tick = max(high_tick, slow.high_tick)

    unit: uint256 = self._unit(config)
    thin: uint256 = (cache >> 127) & 1
    depth: uint256 = cache & MASK_127
    if not cached:
        depth = self._quote_depth(slow.liquidity, slow.low_tick)
        depth_wad: uint256 = unsafe_mul(depth, unit) // WAD
        min_depth: uint256 = self.quotes[asset] >> 160
        thin = convert(depth_wad < min_depth, uint256)
        if unsafe_mul(depth_wad, 4) < min_depth:
            # Not cached: each call sees for itself whether there is a price again
            reading.depth = depth
            reading.why = IPriceOracle.Why.THIN_FOR_NEW_RISK | IPriceOracle.Why.THIN
            return reading
    sqrt_x96: uint256 = self._sqrt(low_tick)
    low: uint256 = self._price_down(sqrt_x96, unit)
    if high_tick != low_tick:
        sqrt_x96 = self._sqrt(high_tick)
    high: uint256 = self._price_up(sqrt_x96, unit)
    if low == 0 or high > MAX_PRICE:
        # No market trades there
        return reading

    reading.low = low
    reading.high = high
    reading.depth = depth
    reading.why = empty(IPriceOracle.Why)
    if thin != 0:
        reading.why = IPriceOracle.Why.THIN_FOR_NEW_RISK
    if unsafe_mul(high, BPS) > unsafe_mul(low, BREAKER_BPS):
        reading.why |= IPriceOracle.Why.BREAKER
    if not cached:
        reading.cache = (
            (block.timestamp // BUCKET) << 224
            | slow.high_tick << 200
            | slow.low_tick << 176
            | high_tick << 152
            | low_tick << 128
            | thin << 127
            | depth
        )
    return reading


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


# ---------------------------------------------------------------- internals: sources


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
        self._check_gas(success)
        window: Window = empty(Window)
        window.count = UNREADABLE
        return window
    return abi_decode(answer, Window)


@internal
@pure
def _slow(buckets: uint256[SLOW_BUCKETS], flip: uint256) -> Slow:
    """
    @notice Of the slow window; not known if a mean tick is out of bounds
    """
    slow: Slow = empty(Slow)
    sums: uint256[SLOW_BUCKETS] = empty(uint256[SLOW_BUCKETS])
    liquidities: uint256[SLOW_BUCKETS] = empty(uint256[SLOW_BUCKETS])
    total: uint256 = 0
    for i: uint256 in range(SLOW_BUCKETS):
        word: uint256 = buckets[i]
        tick_sum: uint256 = convert(convert(convert(convert(word, bytes32), int256) >> 128, bytes32), uint256)
        bucket_sum: uint256 = unsafe_add(BUCKET << BIAS_BITS, unsafe_sub(tick_sum ^ flip, flip))
        if unsafe_sub(bucket_sum, LOWEST_TICK * BUCKET) >= TICKS * BUCKET:
            return slow
        sums[i] = bucket_sum
        total = unsafe_add(total, bucket_sum)
        liquidities[i] = word & MASK_128

    lower: uint256 = 0
    upper: uint256 = 0
    lower, upper = middle._middle(liquidities)
    slow.liquidity = lower
    lower, upper = middle._middle(sums)
    # Rounding keeps the order: the median of the rounded means is the median mean, rounded
    slow.low_tick = min(unsafe_div(total, SLOW_SECONDS), unsafe_div(lower, BUCKET))
    slow.high_tick = max(unsafe_div(unsafe_add(total, SLOW_SECONDS - 1), SLOW_SECONDS), unsafe_div(unsafe_add(upper, BUCKET - 1), BUCKET))
    slow.known = True
    return slow


@internal
@view
def _check_gas(success: bool):
    """
    @dev A call gets at most 63/64 of the gas there is; when it fails for want of gas the rest is left. If that is so little,
         the caller may have starved the source, to have the last valid prices in place of the present ones.
    """
    assert success or msg.gas > SOURCE_GAS // 63, "oracle: not enough gas"


# ---------------------------------------------------------------- internals: prices


@internal
@pure
def _unit(config: uint256) -> uint256:
    """
    @notice The quote's price in a config word, below 2^115
    """
    return unsafe_mul(config >> 161, QUOTE_STEP)


@internal
@view
def _why_quote(config: uint256) -> IPriceOracle.Why:
    if config == 0:
        return IPriceOracle.Why.NOT_LISTED
    return empty(IPriceOracle.Why)


@internal
@view
def _liquidation_prices(config: uint256, reading: Reading) -> (uint256, uint256, uint256):
    unit: uint256 = self._unit(config)
    if reading.low != 0:
        fresh: uint256 = self._price_down(self._sqrt(reading.fresh_tick), unit)
        # Within what a price may be, and never 0, which says that there is none
        return reading.high, reading.low, max(1, min(fresh, MAX_PRICE))
    if reading.cache == 0:
        return 0, 0, 0
    return (
        self._price_up(self._sqrt((reading.cache >> 152) & MASK_24), unit),
        self._price_down(self._sqrt((reading.cache >> 128) & MASK_24), unit),
        0,
    )


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
def _quote_depth(liquidity: uint256, tick: uint256) -> uint256:
    """
    @notice floor(liquidity * sqrt(price)) in raw quote, at most 2^127 - 1. liquidity and the root in Q96 are below 2^128.
    """
    return min(unsafe_mul(liquidity, self._sqrt(tick)) >> 96, MASK_127)


# ---------------------------------------------------------------- internals: configuration


@internal
@view
def _token(source: address, selector: Bytes[4]) -> address:
    success: bool = False
    answer: Bytes[64] = b""
    success, answer = raw_call(source, selector, max_outsize=64, is_static_call=True, revert_on_failure=False)
    assert success and len(answer) == 32, "oracle: source is not a pair"
    token: uint256 = abi_decode(answer, uint256)
    assert token <= MASK_160, "oracle: source is not a pair"
    return convert(token, address)
