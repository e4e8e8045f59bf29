# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title The oracle of an isolated market: one token, priced by one pair, against one quote
@license MIT
@notice See interfaces/IPriceOracle.vyi for what each answer means
@dev PriceOracle with a single source, fixed for ever, and one thing more, which concerns new risk alone:

       low   also not above the mean of the last six hours, nor above the median of the hours' means (contracts/modules/six_hours.vy)
       high  also not below either
       depth that of the pair at this low

     While the six hours are not known `why` is SHORT_HISTORY, with the prices of the short and the slow window: new risk is closed,
     liquidation goes on. `poke` at least once an hour keeps them known; so does any call for the prices of new risk.
     BREAKER is judged without the six hours: an honest rise is lent against at its mean of six hours, not closed.
     Liquidation never asks for them: its prices, and when it has none, are PriceOracle's.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

# the same answers, from the same code
from contracts.oracle import PriceOracle

# what feeds say
from contracts.modules import feeds

# what the pair says
from contracts.modules import price_sources

# errors in few bytes
from contracts.modules import reasons

# the mean of six hours
from contracts.modules import six_hours

implements: IPriceOracle

initializes: PriceOracle
initializes: six_hours
uses: price_sources

exports: (
    PriceOracle.cached_ts,
    PriceOracle.feed_of,
    PriceOracle.has_feed,
    PriceOracle.liquidation_depth,
    PriceOracle.quote_price,
    PriceOracle.source_of,
)

# ---------------------------------------------------------------- immutables

TOKEN: immutable(address)
PAIR: immutable(address)
# All ones where the token is token1 of the pair, else 0
FLIP: immutable(uint256)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(
    token: address,
    quote: address,
    pair: address,
    min_depth: uint256,
    price: uint256,
    feed: address,
    heartbeat: uint256,
    min_answer: uint256,
    max_answer: uint256,
):
    """
    @param pair Of our PairFactory: the caller has checked
    @param min_depth WAD units of account, as in PriceOracle
    @param price The quote's fixed price as in PriceOracle; 0: it is that of the feed, to which the rest belongs. Whether that answers is not
                 asked here: without an answer there is no price, and no market opens (MarketFactory).
    """
    PriceOracle.__init__()
    if price != 0:
        PriceOracle._store_quote(quote, price)
    else:
        PriceOracle._store_feed(quote, feed, heartbeat, feeds.NO_QUOTE, min_answer, max_answer)
        price_sources.configs[convert(quote, uint256)] = price_sources.IS_QUOTE | price_sources.QUOTE_BY_FEED
    word: uint256 = price_sources._source_word(token, pair, quote)
    if word & price_sources.IS_RANGE != 0:
        reasons._refuse("oracle: source is not a pair")
    PriceOracle._store_source(token, 0, word, quote, min_depth)
    TOKEN = token
    PAIR = pair
    FLIP = unsafe_sub(0, (word >> 160) & 1)


# ---------------------------------------------------------------- external, anyone


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, uint256, IPriceOracle.Why):
    reading: PriceOracle.Reading = PriceOracle._refresh(asset, price_sources.FOR_NEW_RISK)
    if asset == TOKEN:
        reading = self._with_six_hours(reading, six_hours._keep(PAIR, FLIP))
    return reading.low, reading.high, reading.depth, reading.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256, uint256):
    reading: PriceOracle.Reading = PriceOracle._refresh(asset, price_sources.FOR_SEIZURE)
    return reading.liquidation_high, reading.liquidation_low, reading.fresh_low, reading.fresh_high


@external
@reentrant
def poke(asset: address):
    """
    @dev Notes no silence, as PriceOracle does: nothing here can be mended, so nothing waits for it.
    """
    PriceOracle._refresh(asset, 0)
    if asset == TOKEN:
        six_hours._keep(PAIR, FLIP)


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def band(asset: address) -> IPriceOracle.Band:
    reading: PriceOracle.Reading = PriceOracle._read(asset, PriceOracle.EVERYTHING)
    if asset == TOKEN:
        reading = self._with_six_hours(reading, six_hours._state_now(PAIR, FLIP))
    return IPriceOracle.Band(
        low=reading.low,
        high=reading.high,
        liquidation_high=reading.liquidation_high,
        liquidation_low=reading.liquidation_low,
        fresh_low=reading.fresh_low,
        fresh_high=reading.fresh_high,
        depth=reading.depth,
        liquidation_depth=PriceOracle._liquidation_depth(asset, reading.cache, reading.last),
        sources=reading.sources,
        why=reading.why,
    )


@external
@view
@reentrant
def six_hours_known() -> uint256:
    """
    @notice How many of the 120 buckets before this one are known now, in a row; 120: all
    """
    return (six_hours._state_now(PAIR, FLIP) >> six_hours.COUNT_AT) & six_hours.MASK_8


@external
@view
@reentrant
def kept_ts() -> uint256:
    """
    @notice Until when the pair's ticks are kept: from an hour later on, a pair that has traded in between has forgotten some
    """
    return unsafe_mul(six_hours.state >> six_hours.BUCKET_AT, price_sources.BUCKET)


# ---------------------------------------------------------------- internals


@internal
@view
def _with_six_hours(before: PriceOracle.Reading, state: uint256) -> PriceOracle.Reading:
    reading: PriceOracle.Reading = before
    if reading.low == 0:
        return reading
    if not six_hours._known(state):
        reading.why |= IPriceOracle.Why.SHORT_HISTORY
        return reading
    unit: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    # The answer that the reading rests on, again
    unit, why = price_sources._unit(
        price_sources.configs[convert(TOKEN, uint256)],
        convert(price_sources.quotes[convert(TOKEN, uint256)] & price_sources.MASK_160, address),
    )
    price: uint256 = price_sources._low_at(six_hours._low_tick(state), unit)
    high: uint256 = price_sources._high_at(six_hours._high_tick(state), unit)
    if price == 0 or high > price_sources.MAX_PRICE:
        # No market trades there
        reading.why |= IPriceOracle.Why.SHORT_HISTORY
        return reading
    if price < reading.low:
        # depth = L * sqrt(price), and a price is below 2^144
        reading.depth = unsafe_mul(reading.depth, isqrt(unsafe_div(price << 96, reading.low))) >> 48
        reading.low = price
    reading.high = max(reading.high, high)
    return reading
