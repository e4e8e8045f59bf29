# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title WrappedNative
@license MIT
@notice The chain's own coin as an ERC-20 token, one for one, with the calls, events and fields of WETH9. For tests and local chains only: live networks have theirs.
"""

# ---------------------------------------------------------------- events


event Deposit:
    dst: indexed(address)
    wad: uint256


event Withdrawal:
    src: indexed(address)
    wad: uint256


event Transfer:
    src: indexed(address)
    dst: indexed(address)
    wad: uint256


event Approval:
    src: indexed(address)
    guy: indexed(address)
    wad: uint256


# ---------------------------------------------------------------- constants

name: public(constant(String[14])) = "Wrapped Native"
symbol: public(constant(String[7])) = "WNATIVE"
decimals: public(constant(uint8)) = 18

# ---------------------------------------------------------------- storage

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])

# ---------------------------------------------------------------- external


@payable
@external
def __default__():
    self._deposit(msg.value)


@payable
@external
def deposit():
    self._deposit(msg.value)


@external
def withdraw(amount: uint256):
    self.balanceOf[msg.sender] -= amount
    log Withdrawal(src=msg.sender, wad=amount)
    # 2,300 gas for the receiver and no more, as WETH9 gives: who lives with this one lives with that one
    send(msg.sender, amount)


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    log Approval(src=msg.sender, guy=spender, wad=amount)
    return True


@external
def transfer(to: address, amount: uint256) -> bool:
    self._move(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    if owner != msg.sender:
        allowed: uint256 = self.allowance[owner][msg.sender]
        if allowed != max_value(uint256):
            self.allowance[owner][msg.sender] = allowed - amount
    self._move(owner, to, amount)
    return True


# ---------------------------------------------------------------- views


@view
@external
def totalSupply() -> uint256:
    return self.balance


# ---------------------------------------------------------------- internals


@internal
def _deposit(amount: uint256):
    # cannot overflow: there is not that much of the coin
    self.balanceOf[msg.sender] = unsafe_add(self.balanceOf[msg.sender], amount)
    log Deposit(dst=msg.sender, wad=amount)


@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    # cannot overflow: no balance exceeds what was deposited
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log Transfer(src=owner, dst=to, wad=amount)
