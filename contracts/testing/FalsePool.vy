# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title FalsePool
@license MIT
@notice A lending pool that lies: it takes no tokens or too few, answers what it is told to, and calls whom it likes in the middle
@dev For tests only.
"""

from ethereum.ercs import IERC20

# ---------------------------------------------------------------- types


struct Call:
    target: address
    payload: Bytes[2560]
    # A failure reverts all, or is noted only
    must: bool


# ---------------------------------------------------------------- storage

# What `defer` does in the place of its callback, where there is any
calls: DynArray[Call, 4]
# What the next `withdraw` does
inner: DynArray[Call, 1]
called: public(uint256)
succeeded: public(uint256)
# How much of what is offered it takes, and what it says
takes: uint256
answer: uint256

# ---------------------------------------------------------------- external, setting it up


@external
def set_calls(calls: DynArray[Call, 4]):
    self.calls = calls


@external
def set_inner(calls: DynArray[Call, 1]):
    self.inner = calls


@external
def set_answers(takes: uint256, answer: uint256):
    self.takes = takes
    self.answer = answer


@external
def take(token: address, owner: address, amount: uint256):
    """
    @notice Use an allowance that was left
    """
    assert extcall IERC20(token).transferFrom(owner, self, amount)


# ---------------------------------------------------------------- external, as a pool


@external
def defer(account: address, data: Bytes[8192]):
    for call: Call in self.calls:
        self.called += 1
        if call.must:
            raw_call(call.target, call.payload)
            self.succeeded += 1
        elif raw_call(call.target, call.payload, revert_on_failure=False):
            self.succeeded += 1


@external
def supply(asset: address, amount: uint256, on_behalf: address) -> uint256:
    self._take(asset)
    return self.answer


@external
def repay(asset: address, amount: uint256, on_behalf: address) -> uint256:
    self._take(asset)
    return self.answer


@external
def withdraw(asset: address, amount: uint256, receiver: address, account: address) -> uint256:
    calls: DynArray[Call, 1] = self.inner
    self.inner = []
    for call: Call in calls:
        raw_call(call.target, call.payload)
    return self.answer


@external
def borrow(asset: address, amount: uint256, receiver: address, account: address) -> uint256:
    return self.answer


@view
@external
def debt_of(account: address, asset: address) -> uint256:
    return self.answer


# ---------------------------------------------------------------- internals


@internal
def _take(asset: address):
    if self.takes != 0:
        assert extcall IERC20(asset).transferFrom(msg.sender, self, self.takes)
