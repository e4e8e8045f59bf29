# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title FeeToken
@license MIT
@notice An ERC-20 that burns a part of each transfer, so that less arrives than was asked.
@dev For tests only.
"""


event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    amount: uint256


event Approval:
    owner: indexed(address)
    spender: indexed(address)
    amount: uint256


BPS: constant(uint256) = 10_000

name: public(String[32])
symbol: public(String[16])
decimals: public(immutable(uint8))
fee_bps: public(immutable(uint256))
totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(name: String[32], symbol: String[16], token_decimals: uint8, transfer_fee_bps: uint256):
    self.name = name
    self.symbol = symbol
    assert transfer_fee_bps <= BPS, "fee token: fee"
    decimals = token_decimals
    fee_bps = transfer_fee_bps


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
    fee: uint256 = amount * fee_bps // BPS
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - fee
    self.totalSupply -= fee
    log Transfer(sender=owner, receiver=to, amount=amount - fee)
    log Transfer(sender=owner, receiver=empty(address), amount=fee)
