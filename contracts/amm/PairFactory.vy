# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title PairFactory
@license MIT
@notice Factory of x*y=k pairs, wire-compatible with Uniswap V2's (see IPairFactory)
"""

from interfaces import IPairFactory

# The hash of a blueprint's init code
from contracts.modules import blueprints

implements: IPairFactory

# ---------------------------------------------------------------- constants

BPS: constant(uint256) = 10_000

# ---------------------------------------------------------------- immutables

blueprint: public(immutable(address))
init_code_hash: public(immutable(bytes32))
fee_bps: public(immutable(uint256))
SHARE_NUMERATOR: immutable(uint256)
SHARE_DENOMINATOR: immutable(uint256)

# ---------------------------------------------------------------- storage

feeTo: public(reentrant(address))
feeToSetter: public(reentrant(address))
getPair: public(reentrant(HashMap[address, HashMap[address, address]]))
allPairs: public(reentrant(DynArray[address, 2**32]))

# Of the pair that is being created, for its constructor
token0: transient(address)
token1: transient(address)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(
    pair_blueprint: address,
    fee_to_setter: address,
    pair_fee_bps: uint256,
    share_numerator: uint256,
    share_denominator: uint256,
):
    """
    @param pair_blueprint ERC-5202 blueprint of Pair
    @param fee_to_setter Who may switch the protocol's share on
    @param pair_fee_bps Part of a swap's input that stays in the pool; WEMIX.Fi 25, Uniswap V2 30
    @param share_numerator Part of the fee that goes to `feeTo`: WEMIX.Fi 8/25 (8 of 25 bps), Uniswap V2 1/6
    """
    assert pair_fee_bps < BPS, "factory: fee"
    assert 0 < share_denominator and share_denominator <= BPS, "factory: share"
    assert share_numerator <= share_denominator, "factory: share"
    blueprint = pair_blueprint
    init_code_hash = blueprints._hash_of_init_code(pair_blueprint)
    fee_bps = pair_fee_bps
    SHARE_NUMERATOR = share_numerator
    SHARE_DENOMINATOR = share_denominator
    self.feeToSetter = fee_to_setter


# ---------------------------------------------------------------- external


@external
def createPair(tokenA: address, tokenB: address) -> address:
    assert tokenA != tokenB, "UniswapV2: IDENTICAL_ADDRESSES"
    token0: address = tokenA
    token1: address = tokenB
    if convert(tokenB, uint160) < convert(tokenA, uint160):
        token0 = tokenB
        token1 = tokenA
    assert token0 != empty(address), "UniswapV2: ZERO_ADDRESS"
    assert self.getPair[token0][token1] == empty(address), "UniswapV2: PAIR_EXISTS"

    self.token0 = token0
    self.token1 = token1
    pair: address = create_from_blueprint(
        blueprint,
        code_offset=3,
        salt=keccak256(concat(convert(token0, bytes20), convert(token1, bytes20))),
    )
    self.token0 = empty(address)
    self.token1 = empty(address)

    self.getPair[token0][token1] = pair
    self.getPair[token1][token0] = pair
    self.allPairs.append(pair)
    log IPairFactory.PairCreated(token0=token0, token1=token1, pair=pair, count=len(self.allPairs))
    return pair


@external
def setFeeTo(fee_to: address):
    assert msg.sender == self.feeToSetter, "UniswapV2: FORBIDDEN"
    self.feeTo = fee_to


@external
def setFeeToSetter(fee_to_setter: address):
    assert msg.sender == self.feeToSetter, "UniswapV2: FORBIDDEN"
    self.feeToSetter = fee_to_setter


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def parameters() -> (address, address, uint256, uint256, uint256):
    return self.token0, self.token1, fee_bps, SHARE_NUMERATOR, SHARE_DENOMINATOR


@view
@external
@reentrant
def allPairsLength() -> uint256:
    return len(self.allPairs)


@view
@external
@reentrant
def protocol_share() -> (uint256, uint256):
    return SHARE_NUMERATOR, SHARE_DENOMINATOR
