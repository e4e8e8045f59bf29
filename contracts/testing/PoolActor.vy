# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title An account of the lending pool that is a contract
@license MIT
@notice Makes calls in the middle of a flash loan and within a deferral, as the data says
@dev For tests only. Anybody may use it: it has nothing that is worth anything.
"""

from ethereum.ercs import IERC20

# ---------------------------------------------------------------- constants

MAX_CALLS: constant(uint256) = 6
MAX_PAYLOAD: constant(uint256) = 1152
MAX_DATA: constant(uint256) = 4096
MAX_ANSWER: constant(uint256) = 512

ON_FLASH_LOAN: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

# ---------------------------------------------------------------- types


struct Call:
    target: address
    payload: Bytes[MAX_PAYLOAD]
    # A failure reverts all, or is noted only
    must: bool


# ---------------------------------------------------------------- storage

# Bit i: the i-th call of the last list of calls succeeded
succeeded: public(uint256)

# ---------------------------------------------------------------- external


@external
@reentrant
def forward(target: address, payload: Bytes[MAX_DATA + 512]) -> Bytes[MAX_ANSWER]:
    """
    @notice One call, whose revert is this one's
    """
    return raw_call(target, payload, max_outsize=MAX_ANSWER)


@external
@reentrant
def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[MAX_DATA]) -> bytes32:
    """
    @notice Make the calls, then allow the lender to take everything
    """
    self._make(data)
    assert extcall IERC20(token).approve(msg.sender, max_value(uint256), default_return_value=True)
    return ON_FLASH_LOAN


@external
@reentrant
def on_deferred(account: address, data: Bytes[2 * MAX_DATA]):
    self._make(data)


# ---------------------------------------------------------------- internals


@internal
def _make(data: Bytes[2 * MAX_DATA]):
    succeeded: uint256 = 0
    if len(data) != 0:
        calls: DynArray[Call, MAX_CALLS] = abi_decode(data, DynArray[Call, MAX_CALLS])
        bit: uint256 = 1
        for call: Call in calls:
            if call.must:
                raw_call(call.target, call.payload)
                succeeded |= bit
            elif raw_call(call.target, call.payload, revert_on_failure=False):
                succeeded |= bit
            bit <<= 1
    self.succeeded = succeeded
