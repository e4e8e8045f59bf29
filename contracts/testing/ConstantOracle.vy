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

# ---------------------------------------------------------------- storage

# Where the whole band is one number: that number, so that a price costs one cold slot. 0: see `bands`.
prices: HashMap[address, uint256]
bands: HashMap[address, IPriceOracle.Band]
has_band: HashMap[address, bool]

# ---------------------------------------------------------------- external, state-changing


@external
def set(asset: address, price: uint256):
    """
    @notice low = high = liquidation_high = liquidation_low = fresh = price, nothing blocked. 0: not listed again.
    """
    self.prices[asset] = price
    self.has_band[asset] = False


@external
def set_band(asset: address, band: IPriceOracle.Band):
    """
    @notice Answer exactly `band`, whatever it says
    """
    self.prices[asset] = 0
    self.bands[asset] = band
    self.has_band[asset] = True


@external
def set_why(asset: address, why: IPriceOracle.Why):
    """
    @notice Change `why` alone
    """
    changed: IPriceOracle.Band = self._band(asset)
    changed.why = why
    self.prices[asset] = 0
    self.bands[asset] = changed
    self.has_band[asset] = True


@external
@reentrant
def new_risk_prices(asset: address) -> (uint256, uint256, IPriceOracle.Why):
    price: uint256 = self.prices[asset]
    if price != 0:
        return price, price, empty(IPriceOracle.Why)
    answer: IPriceOracle.Band = self._band(asset)
    return answer.low, answer.high, answer.why


@external
@reentrant
def liquidation_prices(asset: address) -> (uint256, uint256, uint256):
    price: uint256 = self.prices[asset]
    if price != 0:
        return price, price, price
    answer: IPriceOracle.Band = self._band(asset)
    return answer.liquidation_high, answer.liquidation_low, answer.fresh


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
def band(asset: address) -> IPriceOracle.Band:
    return self._band(asset)


# ---------------------------------------------------------------- internals


@internal
@view
def _band(asset: address) -> IPriceOracle.Band:
    price: uint256 = self.prices[asset]
    if price != 0:
        return IPriceOracle.Band(
            low=price,
            high=price,
            liquidation_high=price,
            liquidation_low=price,
            fresh=price,
            depth=10**36,
            why=empty(IPriceOracle.Why),
        )
    if not self.has_band[asset]:
        unknown: IPriceOracle.Band = empty(IPriceOracle.Band)
        unknown.why = IPriceOracle.Why.NOT_LISTED
        return unknown
    return self.bands[asset]
