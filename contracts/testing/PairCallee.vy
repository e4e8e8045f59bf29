# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title PairCallee
@license MIT
@notice Receives flash swaps, notes what it was told, and makes the calls that the data lists
@dev For tests only.
"""

from interfaces import IPairCallee

implements: IPairCallee

MAX_CALLS: constant(uint256) = 6


struct Call:
    target: address
    payload: Bytes[256]
    # A failure reverts with the same data, otherwise it is noted
    must_succeed: bool


struct Result:
    success: bool
    answer: Bytes[2048]


caller: public(reentrant(address))
sender: public(reentrant(address))
amount0: public(reentrant(uint256))
amount1: public(reentrant(uint256))
data_length: public(reentrant(uint256))
times: public(reentrant(uint256))
results: DynArray[Result, MAX_CALLS]


@external
@reentrant
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, data: Bytes[4096]):
    self.caller = msg.sender
    self.sender = sender
    self.amount0 = amount0
    self.amount1 = amount1
    self.data_length = len(data)
    self.times += 1
    # Anything but a list of calls is just noted
    if len(data) < 64 or convert(slice(data, 0, 32), uint256) != 32:
        return
    self.results = []
    calls: DynArray[Call, MAX_CALLS] = abi_decode(data, DynArray[Call, MAX_CALLS])
    for call: Call in calls:
        self._make(call)


@external
@reentrant
def make(call: Call):
    """
    @notice Make one call as this contract, now
    """
    self.results = []
    self._make(call)


@view
@external
@reentrant
def result(index: uint256) -> (bool, Bytes[2048]):
    """
    @notice Whether the call at `index` of the last list succeeded, and its answer
    """
    return self.results[index].success, self.results[index].answer


@internal
def _make(call: Call):
    success: bool = False
    answer: Bytes[2048] = b""
    success, answer = raw_call(call.target, call.payload, max_outsize=2048, revert_on_failure=False)
    if call.must_succeed and not success:
        raw_revert(answer)
    self.results.append(Result(success=success, answer=answer))
