# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title FlashBorrower
@license MIT
@notice Borrows for a flash, and defers, in good manners or bad: it remembers how it was called, makes calls and keeps their answers,
        repays or not, answers right or wrong
@dev For tests only.
"""

from ethereum.ercs import IERC20

# ---------------------------------------------------------------- constants

ON_FLASH_LOAN: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

# ---------------------------------------------------------------- types


struct Call:
    target: address
    payload: Bytes[1024]
    # A failure reverts all, or is noted only
    must: bool


# ---------------------------------------------------------------- storage

# What it does in the callback
calls: DynArray[Call, 8]
# Of what it owes, it allows the lender so much less; and so much it gives away before
short: uint256
gives_away: uint256
answer: bytes32
fails: bool

# How it was called last, how often, and what its calls answered: whether they succeeded, and the first two words
lender: public(address)
initiator: public(address)
token: public(address)
amount: public(uint256)
fee: public(uint256)
account: public(address)
data: public(Bytes[8192])
times: public(uint256)
succeeded: public(DynArray[bool, 32])
answers: public(DynArray[Bytes[64], 32])

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    self.answer = ON_FLASH_LOAN


# ---------------------------------------------------------------- external, setting it up


@external
def set_calls(calls: DynArray[Call, 8]):
    self.calls = calls


@external
def set_manners(short: uint256, gives_away: uint256, answer: bytes32, fails: bool):
    self.short = short
    self.gives_away = gives_away
    self.answer = answer
    self.fails = fails


@external
def make(target: address, payload: Bytes[8192]) -> Bytes[512]:
    """
    @notice Make a call as this contract; its answer, or its failure, is this call's
    """
    return raw_call(target, payload, max_outsize=512)


# ---------------------------------------------------------------- external, callbacks


@external
def onFlashLoan(initiator: address, token: address, amount: uint256, fee: uint256, data: Bytes[4096]) -> bytes32:
    self.lender = msg.sender
    self.initiator = initiator
    self.token = token
    self.amount = amount
    self.fee = fee
    self.data = data
    self._act()
    if self.gives_away != 0:
        assert extcall IERC20(token).transfer(empty(address), self.gives_away)
    assert extcall IERC20(token).approve(msg.sender, amount + fee - self.short, default_return_value=True)
    return self.answer


@external
def on_deferred(account: address, data: Bytes[8192]):
    self.lender = msg.sender
    self.account = account
    self.data = data
    self._act()


# ---------------------------------------------------------------- internals


@internal
def _act():
    self.times += 1
    assert not self.fails, "flash borrower: fails"
    # once: a call that leads here again finds none left
    calls: DynArray[Call, 8] = self.calls
    self.calls = []
    for call: Call in calls:
        success: bool = True
        answer: Bytes[64] = b""
        if call.must:
            answer = raw_call(call.target, call.payload, max_outsize=64)
        else:
            success, answer = raw_call(call.target, call.payload, max_outsize=64, revert_on_failure=False)
        self.succeeded.append(success)
        self.answers.append(answer)
