# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title RangePoolCallee
@license MIT
@notice Calls a range pool, pays what the pool asks for in its callbacks, or as the data says, and logs what it was told
@dev For tests only. It holds the tokens that it pays with. Without data it pays exactly what it is asked for.
"""

MAX_CALLS: constant(uint256) = 4


struct Call:
    target: address
    payload: Bytes[768]
    # A failure reverts with the same data, otherwise it is logged
    must_succeed: bool


struct Plan:
    # What is paid beyond what is asked for; below zero: too little, though never less than nothing
    beyond0: int256
    beyond1: int256
    # Made before the payment
    calls: DynArray[Call, MAX_CALLS]
    # Not empty: fails with it
    reason: String[64]


event Asked:
    pool: address
    amount0: int256
    amount1: int256
    data_length: uint256


event Answered:
    success: bool
    answer: Bytes[2048]


interface Pool:
    def token0() -> address: view
    def token1() -> address: view


@external
@raw_return
@reentrant
def make(target: address, payload: Bytes[4608]) -> Bytes[64]:
    """
    @notice Make a call as this contract; its answer, or its failure, is this call's
    """
    return raw_call(target, payload, max_outsize=64)


@external
@reentrant
def uniswapV3MintCallback(amount0Owed: uint256, amount1Owed: uint256, data: Bytes[4096]):
    self._answer(convert(amount0Owed, int256), convert(amount1Owed, int256), data)


@external
@reentrant
def uniswapV3SwapCallback(amount0Delta: int256, amount1Delta: int256, data: Bytes[4096]):
    self._answer(amount0Delta, amount1Delta, data)


@external
@reentrant
def uniswapV3FlashCallback(fee0: uint256, fee1: uint256, data: Bytes[4096]):
    self._answer(convert(fee0, int256), convert(fee1, int256), data)


@internal
def _answer(amount0: int256, amount1: int256, data: Bytes[4096]):
    log Asked(pool=msg.sender, amount0=amount0, amount1=amount1, data_length=len(data))
    pay0: int256 = max(amount0, 0)
    pay1: int256 = max(amount1, 0)
    if len(data) != 0:
        plan: Plan = abi_decode(data, Plan)
        for call: Call in plan.calls:
            self._make(call)
        assert plan.reason == "", plan.reason
        pay0 += plan.beyond0
        pay1 += plan.beyond1
    if pay0 > 0:
        self._pay(staticcall Pool(msg.sender).token0(), convert(pay0, uint256))
    if pay1 > 0:
        self._pay(staticcall Pool(msg.sender).token1(), convert(pay1, uint256))


@internal
def _pay(token: address, amount: uint256):
    # A token may answer nothing
    raw_call(token, abi_encode(msg.sender, amount, method_id=method_id("transfer(address,uint256)")))


@internal
def _make(call: Call):
    success: bool = False
    answer: Bytes[2048] = b""
    success, answer = raw_call(call.target, call.payload, max_outsize=2048, revert_on_failure=False)
    if call.must_succeed and not success:
        raw_revert(answer)
    log Answered(success=success, answer=answer)
