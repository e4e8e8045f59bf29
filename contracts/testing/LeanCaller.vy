# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title LeanCaller
@license MIT
@notice The least that can stand between an account and a range pool: it pays in the callback and checks nothing.
@dev For measurements on a local chain only: anyone can take what it holds, or what is approved to it. Swaps are paid with the sender's
     tokens (pulled), deposits with its own (sent).
"""


interface Token:
    def transfer(to: address, amount: uint256) -> bool: nonpayable
    def transferFrom(owner: address, to: address, amount: uint256) -> bool: nonpayable


interface Pool:
    def swap(recipient: address, zero_for_one: bool, amount: int256, limit: uint160, data: Bytes[32]) -> (int256, int256): nonpayable
    def mint(recipient: address, lower: int24, upper: int24, amount: uint128, data: Bytes[32]) -> (uint256, uint256): nonpayable


TOKEN0: immutable(address)
TOKEN1: immutable(address)


@deploy
def __init__(token0: address, token1: address):
    TOKEN0 = token0
    TOKEN1 = token1


@external
def swap(pool: address, zero_for_one: bool, amount: int256, limit: uint160):
    extcall Pool(pool).swap(msg.sender, zero_for_one, amount, limit, abi_encode(msg.sender))


@external
def mint(pool: address, lower: int24, upper: int24, amount: uint128):
    extcall Pool(pool).mint(msg.sender, lower, upper, amount, b"")


@external
def uniswapV3SwapCallback(amount0: int256, amount1: int256, data: Bytes[32]):
    payer: address = abi_decode(data, address)
    if amount0 > 0:
        extcall Token(TOKEN0).transferFrom(payer, msg.sender, convert(amount0, uint256))
    else:
        extcall Token(TOKEN1).transferFrom(payer, msg.sender, convert(amount1, uint256))


@external
def uniswapV3MintCallback(amount0: uint256, amount1: uint256, data: Bytes[32]):
    if amount0 > 0:
        extcall Token(TOKEN0).transfer(msg.sender, amount0)
    if amount1 > 0:
        extcall Token(TOKEN1).transfer(msg.sender, amount1)
