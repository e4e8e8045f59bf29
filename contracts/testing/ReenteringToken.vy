# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title ReenteringToken
@license MIT
@notice An ERC-20 that calls a target of your choice in the middle of each transfer, after the balances have moved.
@dev The call is made once per `arm`, so that a transfer within it does not call again. For tests only.
"""


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256


MAX_CALLDATA: constant(uint256) = 1024
MAX_ANSWER: constant(uint256) = 256

name: public(String[32])
symbol: public(String[16])
decimals: public(immutable(uint8))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

target: public(address)
payload: public(Bytes[MAX_CALLDATA])
bubbles: public(bool)  # a failed call reverts the transfer with the same data
armed: public(bool)
called: public(bool)
succeeded: public(bool)
answer: public(Bytes[MAX_ANSWER])


@deploy
def __init__(name: String[32], symbol: String[16], token_decimals: uint8):
    self.name = name
    self.symbol = symbol
    decimals = token_decimals


@external
def mint(to: address, amount: uint256):
    self.totalSupply += amount
    # cannot overflow: no balance exceeds the total supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log Transfer(sender=empty(address), receiver=to, amount=amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, amount=amount)
    return True


@external
def arm(target: address, payload: Bytes[MAX_CALLDATA], bubbles: bool):
    self.target = target
    self.payload = payload
    self.bubbles = bubbles
    self.armed = True
    self.called = False
    self.succeeded = False
    self.answer = b""


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        self.allowance[owner][msg.sender] = allowed - amount
    self._move(owner, to, amount)
    return True


@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    log Transfer(sender=owner, receiver=to, amount=amount)
    if self.armed:
        self.armed = False
        self._reenter()


@internal
def _reenter():
    success: bool = False
    answer: Bytes[MAX_ANSWER] = b""
    success, answer = raw_call(
        self.target,
        self.payload,
        max_outsize=MAX_ANSWER,
        revert_on_failure=False,
    )
    if self.bubbles and not success:
        raw_revert(answer)
    self.called = True
    self.succeeded = success
    self.answer = answer
