# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title A price source that answers whatever it is told to: statistics, raw bytes, a revert, or burnt gas
@license MIT
"""

# ---------------------------------------------------------------- imports

from interfaces import IObservations

# ---------------------------------------------------------------- constants

MAX_ANSWER: constant(uint256) = 4096

# ---------------------------------------------------------------- storage

token0: public(address)
token1: public(address)
# The encoded answers to window(0) and to window(n > 0)
recent: Bytes[MAX_ANSWER]
full: Bytes[MAX_ANSWER]
reverts: bool
burn: uint256

# ---------------------------------------------------------------- constructor


@deploy
def __init__(token0: address, token1: address):
    self.token0 = token0
    self.token1 = token1


# ---------------------------------------------------------------- external, state-changing


@external
def set_window(answer: IObservations.Window):
    """
    @notice Answer window(n > 0) with `answer` and window(0) with the same without its buckets
    """
    self.full = abi_encode(answer)
    short_answer: IObservations.Window = answer
    short_answer.count = 0
    short_answer.buckets = empty(uint256[20])
    self.recent = abi_encode(short_answer)


@external
def set_raw(recent: Bytes[MAX_ANSWER], full: Bytes[MAX_ANSWER]):
    """
    @notice Answer with exactly these bytes
    """
    self.recent = recent
    self.full = full


@external
def set_failure(reverts: bool, burn: uint256):
    """
    @notice Revert with a long reason; before an answer or a revert, burn at least `burn` gas
    """
    self.reverts = reverts
    self.burn = burn


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
@raw_return
def window(buckets: uint256) -> Bytes[MAX_ANSWER]:
    burn: uint256 = self.burn
    before: uint256 = msg.gas
    for _: uint256 in range(10_000_000):
        if unsafe_sub(before, msg.gas) >= burn:
            break
        self._waste()
    if self.reverts:
        raise "source: it was told to revert, and says so at some length, which the caller should not care about"
    if buckets == 0:
        return self.recent
    return self.full


# ---------------------------------------------------------------- internals


@internal
@view
def _waste():
    # A cold account: 2,600 gas
    code: bool = convert(msg.gas, address).is_contract
