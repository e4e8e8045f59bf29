# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title feeds
@license MIT
@notice A price feed (AggregatorV3): its configuration in a word, and what it says now
@dev Bits, lowest first: feed 160 | heartbeat 18 | decimals of the feed 5, of the asset 5, of the quote 5 | min_answer 31 | max_answer 31.

     The bounds are floats of 24 bits (contracts/modules/floats.vy), narrowed to what they can hold: an aggregator that stops at a
     floor of its own, while the market falls through it, is not believed. The feed's decimals are asked again each time: an answer
     in another unit is nonsense.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

from contracts.modules import bounded_calls
from contracts.modules import floats

# ---------------------------------------------------------------- constants

# How much older than its heartbeat an answer may be: a feed's transaction may wait
GRACE: constant(uint256) = 600

HEARTBEAT_AT: constant(uint256) = 160
DECIMALS_AT: constant(uint256) = 178
ASSET_DECIMALS_AT: constant(uint256) = 183
QUOTE_DECIMALS_AT: constant(uint256) = 188
MIN_AT: constant(uint256) = 193
MAX_AT: constant(uint256) = 224

# In the place of the quote's decimals: the feed tells units of account
NO_QUOTE: constant(uint256) = 31

MANTISSA: constant(uint256) = 24
MASK_5: constant(uint256) = 2**5 - 1
MASK_18: constant(uint256) = 2**18 - 1
# Of a float below 2^128: exponents to 104
MASK_31: constant(uint256) = 2**31 - 1
MASK_160: constant(uint256) = 2**160 - 1

# ---------------------------------------------------------------- types


# latestRoundData, as words
struct Round:
    id: uint256
    # Signed: what is negative lies above any bound
    answer: uint256
    started_ts: uint256
    updated_ts: uint256
    answered_in: uint256


# ---------------------------------------------------------------- internals


@internal
@pure
def _word(
    feed: address,
    heartbeat: uint256,
    decimals: uint256,
    asset_decimals: uint256,
    quote_decimals: uint256,
    min_answer: uint256,
    max_answer: uint256,
) -> uint256:
    """
    @notice The configuration; each number fits its field
    @param quote_decimals NO_QUOTE for a feed in units of account
    """
    return (
        convert(feed, uint256)
        | heartbeat << HEARTBEAT_AT
        | decimals << DECIMALS_AT
        | asset_decimals << ASSET_DECIMALS_AT
        | quote_decimals << QUOTE_DECIMALS_AT
        | floats._up(min_answer, MANTISSA) << MIN_AT
        | floats._down(max_answer, MANTISSA) << MAX_AT
    )


@internal
@pure
def _heartbeat(word: uint256) -> uint256:
    return (word >> HEARTBEAT_AT) & MASK_18


@internal
@pure
def _quote_decimals(word: uint256) -> uint256:
    return (word >> QUOTE_DECIMALS_AT) & MASK_5


@internal
@pure
def _bounds(word: uint256) -> (uint256, uint256):
    """
    @notice (min_answer, max_answer), as they are held
    """
    return floats._value((word >> MIN_AT) & MASK_31, MANTISSA), floats._value(word >> MAX_AT, MANTISSA)


@internal
@view
def _price(word: uint256) -> (uint256, IPriceOracle.Why):
    """
    @notice (the price of 1e18 raw units of the asset, and nothing), or (0, why there is none)
    @return WAD units of account, or whole tokens of the quote in WAD; below 2^128 * 10^36
    """
    feed: address = convert(word & MASK_160, address)
    answered: bool = False
    decimals: uint256 = 0
    answered, decimals = bounded_calls._ask_word(feed, method_id("decimals()"))
    if not answered or decimals != (word >> DECIMALS_AT) & MASK_5:
        return 0, IPriceOracle.Why.FEED_FAILED

    success: bool = False
    answer: Bytes[192] = b""
    success, answer = raw_call(
        feed,
        method_id("latestRoundData()"),
        max_outsize=192,
        gas=bounded_calls.QUESTION_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(answer) != 160:
        bounded_calls._check_gas(success, bounded_calls.QUESTION_GAS)
        return 0, IPriceOracle.Why.FEED_FAILED
    round: Round = abi_decode(answer, Round)
    least: uint256 = 0
    most: uint256 = 0
    least, most = self._bounds(word)
    if (
        round.id == 0
        or round.answered_in < round.id
        or round.updated_ts == 0
        or round.updated_ts > block.timestamp
        or round.answer <= least
        or round.answer >= most
    ):
        return 0, IPriceOracle.Why.FEED_FAILED
    if unsafe_sub(block.timestamp, round.updated_ts) > unsafe_add(self._heartbeat(word), GRACE):
        return 0, IPriceOracle.Why.FEED_STALE
    # Neither has more than 18 decimals
    exponent: uint256 = unsafe_sub(unsafe_sub(36, decimals), (word >> ASSET_DECIMALS_AT) & MASK_5)
    return unsafe_mul(round.answer, pow_mod256(10, exponent)), empty(IPriceOracle.Why)
