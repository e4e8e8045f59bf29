# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title MoodyToken
@license MIT
@notice An ERC-20 whose transfers and balances fail in the way of your choice, or which makes a call in the middle of a transfer
@dev For tests only.
"""


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256


event Answered:
    success: bool
    answer: Bytes[512]


flag Mood:
    # `transfer` answers False and moves nothing
    DENIES
    # `transfer` reverts with a reason
    REVERTS
    # `transfer` moves the tokens and answers nothing
    SILENT
    # `balanceOf` reverts without a reason
    BLIND

balances: HashMap[address, uint256]
mood: Mood
target: address
payload: Bytes[1024]


@external
def mint(to: address, amount: uint256):
    self.balances[to] += amount


@external
def set_mood(mood: Mood):
    self.mood = mood


@external
def arm(target: address, payload: Bytes[1024]):
    """
    @notice The next transfer makes this call, and logs its answer
    """
    self.target = target
    self.payload = payload


@view
@external
def balanceOf(account: address) -> uint256:
    assert Mood.BLIND not in self.mood  # dev: blind
    return self.balances[account]


@external
@raw_return
def transfer(to: address, amount: uint256) -> Bytes[32]:
    if Mood.DENIES in self.mood:
        return abi_encode(False)
    assert Mood.REVERTS not in self.mood, "moody: reverts"
    self.balances[msg.sender] -= amount
    self.balances[to] += amount
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    if self.target != empty(address):
        target: address = self.target
        self.target = empty(address)
        success: bool = False
        answer: Bytes[512] = b""
        success, answer = raw_call(target, self.payload, max_outsize=512, revert_on_failure=False)
        log Answered(success=success, answer=answer)
    if Mood.SILENT in self.mood:
        return b""
    return abi_encode(True)
