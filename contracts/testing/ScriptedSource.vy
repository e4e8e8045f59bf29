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
# The encoded answers to window(0), to window(n) for n up to 10, and above
bare: Bytes[MAX_ANSWER]
full: Bytes[MAX_ANSWER]
long: Bytes[MAX_ANSWER]
# To `recent` without the fresh sum and with it
lean: Bytes[MAX_ANSWER]
fresh: Bytes[MAX_ANSWER]
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
    @notice Answer window(n > 0) with `answer`, up to n = 10 with no more than ten of its buckets, and window(0) without them;
            recent with its fields
    """
    self.long = abi_encode(answer)
    short_answer: IObservations.Window = answer
    if answer.count > 10:
        short_answer.count = 10
        for i: uint256 in range(10, 20):
            short_answer.buckets[i] = 0
    self.full = abi_encode(short_answer)
    short_answer.count = 0
    short_answer.buckets = empty(uint256[20])
    self.bare = abi_encode(short_answer)
    self.lean = abi_encode(answer.present, answer.tick_sum, empty(int256))
    self.fresh = abi_encode(answer.present, answer.tick_sum, answer.fresh_sum)


@external
def set_raw(bare: Bytes[MAX_ANSWER], full: Bytes[MAX_ANSWER]):
    """
    @notice Answer window(0) and window(n > 0) with exactly these bytes
    """
    self.bare = bare
    self.full = full
    self.long = full


@external
def set_recent(lean: Bytes[MAX_ANSWER], fresh: Bytes[MAX_ANSWER]):
    """
    @notice Answer `recent` without the fresh sum, and with it, with exactly these bytes
    """
    self.lean = lean
    self.fresh = fresh


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
    self._suffer()
    if buckets == 0:
        return self.bare
    if buckets <= 10:
        return self.full
    return self.long


@external
@view
@reentrant
@raw_return
def recent(wanted: uint256) -> Bytes[MAX_ANSWER]:
    self._suffer()
    if wanted & 1 != 0:
        return self.fresh
    return self.lean


# ---------------------------------------------------------------- internals


@internal
@view
def _suffer():
    burn: uint256 = self.burn
    before: uint256 = msg.gas
    for _: uint256 in range(10_000_000):
        if unsafe_sub(before, msg.gas) >= burn:
            break
        self._waste()
    if self.reverts:
        raise "source: it was told to revert, and says so at some length, which the caller should not care about"


@internal
@view
def _waste():
    # A cold account: 2,600 gas
    code: bool = convert(msg.gas, address).is_contract
