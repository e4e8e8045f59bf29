# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title A pool of nothing but a tick and a liquidity, which remembers them by observations
@license MIT
@dev With a sum of seconds * 2**128 / L that is rounded as Uniswap V3's is, stored apart from the rest of the accumulators.
"""

# ---------------------------------------------------------------- imports

from interfaces import IObservations

# what is tested
from contracts.modules import observations

implements: IObservations

initializes: observations

# ---------------------------------------------------------------- constants

MASK_32: constant(uint256) = 2**32 - 1
MASK_96: constant(uint256) = 2**96 - 1
MASK_160: constant(uint256) = 2**160 - 1

# ---------------------------------------------------------------- storage

tick: int256
liquidity: uint256
last: uint256
# The lower 96 bits of the accumulators: tick_sum and remembered tick
low: uint256
# Modulo 2**160
seconds_per_liquidity: uint256

# ---------------------------------------------------------------- external, state-changing


@external
def start(tick: int256, liquidity: uint256):
    self._set(tick, liquidity)
    self.low = 0
    self.seconds_per_liquidity = 0
    observations._start()


@external
def change(tick: int256, liquidity: uint256):
    elapsed: uint256 = block.timestamp - self.last
    if elapsed != 0:
        self.low = observations._advance(self._state()) & MASK_96
        self.seconds_per_liquidity = (self.seconds_per_liquidity + (elapsed << 128) // max(self.liquidity, 1)) & MASK_160
    self._set(tick, liquidity)


# ---------------------------------------------------------------- external views


@view
@external
@reentrant
def window(buckets: uint256) -> IObservations.Window:
    return observations._window(self._state(), buckets)


@view
@external
@reentrant
def recent(wanted: uint256) -> (uint256, int256, int256):
    return observations._recent(self._state(), wanted)


# ---------------------------------------------------------------- internals


@internal
def _set(tick: int256, liquidity: uint256):
    self.tick = tick
    self.liquidity = liquidity
    self.last = block.timestamp


@internal
@view
def _state() -> observations.State:
    # A pool stores times modulo 2**32
    elapsed: uint256 = unsafe_sub(block.timestamp, self.last) & MASK_32
    return observations.State(word=self._accumulators(), elapsed=elapsed, tick=self.tick, liquidity=self.liquidity)


@internal
@view
def _accumulators() -> uint256:
    signed: int256 = convert(convert(self.low << 160, bytes32), int256) >> 160
    return unsafe_add(self.seconds_per_liquidity << 96, convert(convert(signed, bytes32), uint256))
