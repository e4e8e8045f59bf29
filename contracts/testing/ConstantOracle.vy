# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Oracle whose answers are set by hand, for tests of the lending side and its gas bench
@license MIT
"""

# ---------------------------------------------------------------- imports

from interfaces import IPriceOracle

implements: IPriceOracle

# ---------------------------------------------------------------- constants

LOW_128: constant(uint256) = 2**128 - 1

# ---------------------------------------------------------------- storage

# Where the whole band is one number: depth 128 (all ones: nothing limits it) | that number 128, so that a price costs one cold
# slot. 0: see `bands`.
prices: HashMap[address, uint256]
bands: HashMap[address, IPriceOracle.Band]
has_band: HashMap[address, bool]
lacks_feed: HashMap[address, bool]

# ---------------------------------------------------------------- external, state-changing


@external
def set(asset: address, price: uint256):
    """
    @notice low = high = liquidation_high = liquidation_low = fresh = price, no depth limits it, nothing blocked. 0: not listed again.
    """
    self.prices[asset] = 0
    self.has_band[asset] = False
    if price == 0:
        return
    if price <= LOW_128:
        self.prices[asset] = (LOW_128 << 128) | price
    else:
        self._set(asset, self._flat(price, max_value(uint256)))


@external
def set_band(asset: address, band: IPriceOracle.Band):
    """
    @notice Answer exactly `band`, whatever it says
    """
    self._set(asset, band)


@external
def set_why(asset: address, why: IPriceOracle.Why):
    """
    @notice Change `why` alone
    """
    changed: IPriceOracle.Band = self._band(asset)
    changed.why = why
    self._set(asset, changed)


@external
def set_depth(asset: address, depth: uint256):
    """
    @notice Change `depth` and `liquidation_depth` alone. max_uint256: nothing limits it.
    """
    price: uint256 = self.prices[asset] & LOW_128
    if price != 0 and depth < LOW_128:
        self.prices[asset] = (depth << 128) | price
        return
    changed: IPriceOracle.Band = self._band(asset)
    changed.depth = depth
    changed.liquidation_depth = depth
    self._set(asset, changed)


@external
def set_has_feed(asset: address, has_feed: bool):
    """
    @notice What `has_feed` answers: true, if not told otherwise, for any asset
    """
    self.lacks_feed[asset] = not has_feed


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, uint256, IPriceOracle.Why):
    word: uint256 = self.prices[asset]
    if word != 0:
        price: uint256 = word & LOW_128
        depth: uint256 = word >> 128
        if depth == LOW_128:
            depth = max_value(uint256)
        return price, price, depth, empty(IPriceOracle.Why)
    answer: IPriceOracle.Band = self._band(asset)
    return answer.low, answer.high, answer.depth, answer.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256, uint256):
    price: uint256 = self.prices[asset] & LOW_128
    if price != 0:
        return price, price, price, price
    answer: IPriceOracle.Band = self._band(asset)
    return answer.liquidation_high, answer.liquidation_low, answer.fresh_low, answer.fresh_high


@external
def poke(asset: address):
    """
    @dev Nothing to cache
    """
    pass


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def liquidation_depth(asset: address) -> uint256:
    return self._band(asset).liquidation_depth


@external
@view
@reentrant
def band(asset: address) -> IPriceOracle.Band:
    return self._band(asset)


@external
@view
@reentrant
def has_feed(asset: address) -> bool:
    return not self.lacks_feed[asset]


# ---------------------------------------------------------------- internals


@internal
def _set(asset: address, band: IPriceOracle.Band):
    self.prices[asset] = 0
    self.bands[asset] = band
    self.has_band[asset] = True


@internal
@view
def _band(asset: address) -> IPriceOracle.Band:
    word: uint256 = self.prices[asset]
    if word != 0:
        return self._flat(word & LOW_128, self._depth(word))
    if not self.has_band[asset]:
        unknown: IPriceOracle.Band = empty(IPriceOracle.Band)
        unknown.why = IPriceOracle.Why.NOT_LISTED
        return unknown
    return self.bands[asset]


@internal
@pure
def _depth(word: uint256) -> uint256:
    depth: uint256 = word >> 128
    if depth == LOW_128:
        return max_value(uint256)
    return depth


@internal
@pure
def _flat(price: uint256, depth: uint256) -> IPriceOracle.Band:
    return IPriceOracle.Band(
        low=price,
        high=price,
        liquidation_high=price,
        liquidation_low=price,
        fresh_low=price,
        fresh_high=price,
        depth=depth,
        liquidation_depth=depth,
        sources=1,
        why=empty(IPriceOracle.Why),
    )
