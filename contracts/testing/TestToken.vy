# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title TestToken
@license MIT
@notice A lean ERC-20 that anyone can mint, with the number of decimals of your choice.
@dev As cheap as solmate's: no checks beyond the arithmetic, and the largest allowance is never written down. For tests and local chains only.
"""


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256


name: public(String[32])
symbol: public(String[16])
decimals: public(immutable(uint8))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


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
def transfer(to: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    # cannot overflow: no balance exceeds the total supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log Transfer(sender=msg.sender, receiver=to, amount=amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    allowed: uint256 = self.allowance[owner][msg.sender]
    if allowed != max_value(uint256):
        self.allowance[owner][msg.sender] = allowed - amount
    self.balanceOf[owner] -= amount
    # cannot overflow: no balance exceeds the total supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    log Transfer(sender=owner, receiver=to, amount=amount)
    return True
