# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title A price feed (AggregatorV3) that answers whatever it is told to: rounds, raw bytes of any length, a revert, or burnt gas
@license MIT
"""

# ---------------------------------------------------------------- constants

MAX_ANSWER: constant(uint256) = 4096

# ---------------------------------------------------------------- storage

# Newest round: counted by set_answer, set freely by set_round
round_id: public(uint80)
# The encoded answers to latestRoundData() and to decimals()
round_answer: Bytes[MAX_ANSWER]
decimals_answer: Bytes[MAX_ANSWER]
reverts: bool
burn: uint256
decimals_reverts: bool
decimals_burn: uint256

# ---------------------------------------------------------------- constructor


@deploy
def __init__(decimals: uint8, answer: int256):
    self.decimals_answer = abi_encode(decimals)
    self._answer(answer)


# ---------------------------------------------------------------- external, state-changing


@external
def set_answer(answer: int256):
    """
    @notice A new round, as of now
    """
    self._answer(answer)


@external
def set_round(round_id: uint80, answer: int256, started_ts: uint256, updated_ts: uint256, answered_in_round: uint80):
    """
    @notice Exactly this round
    """
    self._round(round_id, answer, started_ts, updated_ts, answered_in_round)


@external
def set_decimals(decimals: uint8):
    self.decimals_answer = abi_encode(decimals)


@external
def set_raw(round_answer: Bytes[MAX_ANSWER]):
    """
    @notice Answer latestRoundData() with exactly these bytes
    """
    self.round_answer = round_answer


@external
def set_raw_decimals(decimals_answer: Bytes[MAX_ANSWER]):
    """
    @notice Answer decimals() with exactly these bytes
    """
    self.decimals_answer = decimals_answer


@external
def set_failure(reverts: bool, burn: uint256):
    """
    @notice Have latestRoundData() revert with a long reason; before an answer or a revert, burn at least `burn` gas
    """
    self.reverts = reverts
    self.burn = burn


@external
def set_decimals_failure(reverts: bool, burn: uint256):
    """
    @notice The same for decimals()
    """
    self.decimals_reverts = reverts
    self.decimals_burn = burn


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
@raw_return
def latestRoundData() -> Bytes[MAX_ANSWER]:
    """
    @notice (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound), unless told otherwise
    """
    self._fail(self.reverts, self.burn)
    return self.round_answer


@external
@view
@reentrant
@raw_return
def decimals() -> Bytes[MAX_ANSWER]:
    """
    @notice uint8, unless told otherwise
    """
    self._fail(self.decimals_reverts, self.decimals_burn)
    return self.decimals_answer


# ---------------------------------------------------------------- internals


@internal
def _answer(answer: int256):
    round_id: uint80 = self.round_id + 1
    self._round(round_id, answer, block.timestamp, block.timestamp, round_id)


@internal
def _round(round_id: uint80, answer: int256, started_ts: uint256, updated_ts: uint256, answered_in_round: uint80):
    self.round_id = round_id
    self.round_answer = abi_encode(round_id, answer, started_ts, updated_ts, answered_in_round)


@internal
@view
def _fail(reverts: bool, burn: uint256):
    before: uint256 = msg.gas
    for _: uint256 in range(10_000_000):
        if unsafe_sub(before, msg.gas) >= burn:
            break
        self._waste()
    if reverts:
        raise "feed: it was told to revert, and says so at some length, which the caller should not care about"


@internal
@view
def _waste():
    # A cold account: 2,600 gas
    code: bool = convert(msg.gas, address).is_contract
