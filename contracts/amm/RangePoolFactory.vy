# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title RangePoolFactory
@license MIT
@notice Factory of pools of range positions, wire-compatible with Uniswap V3's (see IRangePoolFactory)
"""

from interfaces import IRangePoolFactory

# The hash of a blueprint's init code
from contracts.modules import blueprints

implements: IRangePoolFactory

# ---------------------------------------------------------------- constants

MAX_FEE: constant(uint24) = 1_000_000
# More would let the search for the next tick leave int24
MAX_TICK_SPACING: constant(int24) = 16_384

# ---------------------------------------------------------------- immutables

blueprint: public(immutable(address))
init_code_hash: public(immutable(bytes32))

# ---------------------------------------------------------------- storage

owner: public(reentrant(address))
feeAmountTickSpacing: public(reentrant(HashMap[uint24, int24]))
getPool: public(reentrant(HashMap[address, HashMap[address, HashMap[uint24, address]]]))

# Of the pool that is being created, for its constructor
token0: transient(address)
token1: transient(address)
fee: transient(uint24)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(pool_blueprint: address, first_owner: address):
    """
    @param pool_blueprint ERC-5202 blueprint of RangePool
    @param first_owner Who may add fee tiers and take the protocol's fees
    """
    blueprint = pool_blueprint
    init_code_hash = blueprints._hash_of_init_code(pool_blueprint)
    self.owner = first_owner
    log IRangePoolFactory.OwnerChanged(oldOwner=empty(address), newOwner=first_owner)
    self._enable(100, 1)
    self._enable(500, 10)
    self._enable(3_000, 60)
    self._enable(10_000, 200)


# ---------------------------------------------------------------- external


@external
def createPool(tokenA: address, tokenB: address, fee: uint24) -> address:
    assert tokenA != tokenB  # dev: equal tokens
    token0: address = tokenA
    token1: address = tokenB
    if convert(tokenB, uint160) < convert(tokenA, uint160):
        token0 = tokenB
        token1 = tokenA
    assert token0 != empty(address)  # dev: zero address
    spacing: int24 = self.feeAmountTickSpacing[fee]
    assert spacing != 0  # dev: no such fee tier
    assert self.getPool[token0][token1][fee] == empty(address)  # dev: pool exists

    self.token0 = token0
    self.token1 = token1
    self.fee = fee
    pool: address = create_from_blueprint(blueprint, code_offset=3, salt=keccak256(abi_encode(token0, token1, fee)))
    self.token0 = empty(address)
    self.token1 = empty(address)
    self.fee = 0

    self.getPool[token0][token1][fee] = pool
    self.getPool[token1][token0][fee] = pool
    log IRangePoolFactory.PoolCreated(token0=token0, token1=token1, fee=fee, tickSpacing=spacing, pool=pool)
    return pool


@external
def setOwner(_owner: address):
    assert msg.sender == self.owner  # dev: not the owner
    log IRangePoolFactory.OwnerChanged(oldOwner=msg.sender, newOwner=_owner)
    self.owner = _owner


@external
def enableFeeAmount(fee: uint24, tickSpacing: int24):
    assert msg.sender == self.owner  # dev: not the owner
    assert fee < MAX_FEE  # dev: fee
    assert 0 < tickSpacing and tickSpacing < MAX_TICK_SPACING  # dev: tick spacing
    assert self.feeAmountTickSpacing[fee] == 0  # dev: tier exists
    self._enable(fee, tickSpacing)


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def parameters() -> (address, address, address, uint24, int24):
    if self.token1 == empty(address):
        return empty(address), empty(address), empty(address), 0, 0
    return self, self.token0, self.token1, self.fee, self.feeAmountTickSpacing[self.fee]


# ---------------------------------------------------------------- internals


@internal
def _enable(fee: uint24, spacing: int24):
    self.feeAmountTickSpacing[fee] = spacing
    log IRangePoolFactory.FeeAmountEnabled(fee=fee, tickSpacing=spacing)
