# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Somebody who does many things in one transaction
@license MIT
@notice Holds tokens, makes lists of calls, pays what range pools ask for, and acts in the middle of flash swaps
@dev For tests only. Anybody may use it: it has nothing that is worth anything.
"""

# ---------------------------------------------------------------- constants

MAX_CALLS: constant(uint256) = 24
MAX_PAYLOAD: constant(uint256) = 1024
# A list of calls in the data of a flash swap
MAX_DATA: constant(uint256) = 4096
MAX_CALLS_INSIDE: constant(uint256) = 3

# ---------------------------------------------------------------- types


struct Call:
    target: address
    payload: Bytes[MAX_PAYLOAD]


interface Pool:
    def token0() -> address: view
    def token1() -> address: view


# ---------------------------------------------------------------- external


@external
@reentrant
def run(calls: DynArray[Call, MAX_CALLS]):
    """
    @notice Make all of them, or none
    """
    for call: Call in calls:
        self._make(call)


@external
@reentrant
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, data: Bytes[MAX_DATA]):
    calls: DynArray[Call, MAX_CALLS_INSIDE] = abi_decode(data, DynArray[Call, MAX_CALLS_INSIDE])
    for call: Call in calls:
        self._make(call)


@external
@reentrant
def uniswapV3MintCallback(amount0: uint256, amount1: uint256, data: Bytes[32]):
    self._pay(convert(amount0, int256), convert(amount1, int256))


@external
@reentrant
def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]):
    self._pay(amount0, amount1)


@external
@reentrant
def uniswapV3FlashCallback(fee0: uint256, fee1: uint256, data: Bytes[64]):
    """
    @notice Pay what the data says, however much the fees are
    """
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = abi_decode(data, (uint256, uint256))
    self._pay(convert(amount0, int256), convert(amount1, int256))


# ---------------------------------------------------------------- internals


@internal
def _make(call: Call):
    raw_call(call.target, call.payload)


@internal
def _pay(amount0: int256, amount1: int256):
    if amount0 > 0:
        self._send(staticcall Pool(msg.sender).token0(), convert(amount0, uint256))
    if amount1 > 0:
        self._send(staticcall Pool(msg.sender).token1(), convert(amount1, uint256))


@internal
def _send(token: address, amount: uint256):
    raw_call(token, abi_encode(msg.sender, amount, method_id=method_id("transfer(address,uint256)")))
