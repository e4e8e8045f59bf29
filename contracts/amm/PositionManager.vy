# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title PositionManager
@license MIT
@notice Range positions as ERC-721 tokens, with the calls of Uniswap's NonfungiblePositionManager and more (see IPositionManager)
@dev A position is self-contained: the address of its pool lies in the spare bits of the two words that most calls read anyway, so that
     there is no table of pools to read or to fill. The pool itself tells its tokens.
"""

from interfaces import IPositionManager
from interfaces import IRangePool
from interfaces import IRangePoolFactory

# Liquidity from amounts, and back
from contracts.modules import liquidity_amounts

# Payments, permits, several calls in one
from contracts.modules import periphery_payments

# ERC-721
from contracts.modules import position_tokens

# Prices of the bounds of a range
from contracts.modules import tick_math

implements: IPositionManager
initializes: periphery_payments
initializes: position_tokens

exports: (
    position_tokens.name,
    position_tokens.symbol,
    position_tokens.baseURI,
    position_tokens.approve,
    position_tokens.setApprovalForAll,
    position_tokens.transferFrom,
    position_tokens.safeTransferFrom,
    position_tokens.permit,
    position_tokens.balanceOf,
    position_tokens.ownerOf,
    position_tokens.getApproved,
    position_tokens.isApprovedForAll,
    position_tokens.supportsInterface,
    position_tokens.PERMIT_TYPEHASH,
    position_tokens.DOMAIN_SEPARATOR,
)
exports: (
    periphery_payments.WETH9,
    periphery_payments.unwrapWETH9,
    periphery_payments.sweepToken,
    periphery_payments.refundETH,
    periphery_payments.selfPermit,
    periphery_payments.selfPermitIfNecessary,
    periphery_payments.selfPermitAllowed,
    periphery_payments.selfPermitAllowedIfNecessary,
    periphery_payments.multicall,
)


# Calls and answers of a range pool cut down to what is needed: what is left out costs gas and code
interface Pool:
    def slot0() -> uint160: view
    def mint(owner: address, tickLower: int24, tickUpper: int24, amount: uint128, data: Bytes[1]) -> (uint256, uint256): nonpayable
    def positions(key: bytes32) -> (uint128, uint256, uint256): view
    def ticks(tick: int24) -> (uint128, int128, uint256, uint256): view


interface TickOfPool:
    def slot0() -> (uint160, int24): view


# ---------------------------------------------------------------- constants

MASK_24: constant(uint256) = 2**24 - 1
MASK_80: constant(uint256) = 2**80 - 1
MASK_128: constant(uint256) = 2**128 - 1

# ---------------------------------------------------------------- immutables

factory: public(immutable(address))
INIT_CODE_HASH: immutable(bytes32)

# ---------------------------------------------------------------- storage


struct Position:
    # pool, high 80 bits | tickUpper int24 | tickLower int24 | liquidity uint128. The low 80 bits stand above the owner.
    place: uint256
    growth0_x128: uint256
    growth1_x128: uint256
    # token1 uint128 | token0 uint128
    owed: uint256


_positions: HashMap[uint256, Position]

# While liquidity is being added: who may call back, and who pays
pool: transient(address)
payer: transient(address)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(range_factory: address, wrapped_native: address):
    """
    @param range_factory RangePoolFactory
    @param wrapped_native WETH9, or what takes its place on this chain
    """
    periphery_payments.__init__(wrapped_native)
    factory = range_factory
    INIT_CODE_HASH = staticcall IRangePoolFactory(range_factory).init_code_hash()


# ---------------------------------------------------------------- positions


@external
@payable
def createAndInitializePoolIfNecessary(token0: address, token1: address, fee: uint24, sqrtPriceX96: uint160) -> address:
    # In this order, because the price is of token1 per token0
    assert convert(token0, uint160) < convert(token1, uint160)  # dev: order of tokens
    pool: address = staticcall IRangePoolFactory(factory).getPool(token0, token1, fee)
    if pool == empty(address):
        pool = extcall IRangePoolFactory(factory).createPool(token0, token1, fee)
    if staticcall Pool(pool).slot0() == 0:
        extcall IRangePool(pool).initialize(sqrtPriceX96)
    return pool


@external
@payable
def mint(params: IPositionManager.MintParams) -> (uint256, uint128, uint256, uint256):
    self._check_time(params.deadline)
    pool: address = self._pool_of(params.token0, params.token1, params.fee)
    lower: int24 = params.tickLower
    upper: int24 = params.tickUpper
    liquidity: uint128 = 0
    amount0: uint256 = 0
    amount1: uint256 = 0
    liquidity, amount0, amount1 = self._add(
        pool, lower, upper, params.amount0Desired, params.amount1Desired, params.amount0Min, params.amount1Min
    )
    token_id: uint256 = self._open(params.recipient, pool, lower, upper, liquidity)
    log IPositionManager.IncreaseLiquidity(tokenId=token_id, liquidity=liquidity, amount0=amount0, amount1=amount1)
    return token_id, liquidity, amount0, amount1


@external
@payable
def increaseLiquidity(params: IPositionManager.IncreaseLiquidityParams) -> (uint128, uint256, uint256):
    self._check_time(params.deadline)
    token_id: uint256 = params.tokenId
    place: uint256 = self._positions[token_id].place
    pool: address = self._pool_or_fail(token_id, place)
    liquidity: uint128 = 0
    amount0: uint256 = 0
    amount1: uint256 = 0
    liquidity, amount0, amount1 = self._add(
        pool,
        self._lower(place),
        self._upper(place),
        params.amount0Desired,
        params.amount1Desired,
        params.amount0Min,
        params.amount1Min,
    )
    self._positions[token_id].owed = self._accrue(token_id, place, pool, 0, 0)
    self._positions[token_id].place = unsafe_add(place, convert(liquidity, uint256))
    log IPositionManager.IncreaseLiquidity(tokenId=token_id, liquidity=liquidity, amount0=amount0, amount1=amount1)
    return liquidity, amount0, amount1


@external
@payable
def decreaseLiquidity(params: IPositionManager.DecreaseLiquidityParams) -> (uint256, uint256):
    token_id: uint256 = params.tokenId
    owner_word: uint256 = position_tokens._authorized(token_id)
    self._check_time(params.deadline)
    place: uint256 = self._positions[token_id].place
    liquidity: uint256 = convert(params.liquidity, uint256)
    assert liquidity != 0 and liquidity <= place & MASK_128  # dev: no liquidity, or more than there is
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = self._take(token_id, place, self._pool(place, owner_word), liquidity)
    self._check_price(amount0, amount1, params.amount0Min, params.amount1Min)
    return amount0, amount1


@external
@payable
def collect(params: IPositionManager.CollectParams) -> (uint256, uint256):
    token_id: uint256 = params.tokenId
    owner_word: uint256 = position_tokens._authorized(token_id)
    assert params.amount0Max | params.amount1Max != 0  # dev: nothing asked
    recipient: address = params.recipient
    if recipient == empty(address):
        recipient = self
    place: uint256 = self._positions[token_id].place
    pool: address = self._pool(place, owner_word)
    owed: uint256 = self._owed_now(token_id, place, pool)
    asked0: uint256 = min(owed & MASK_128, convert(params.amount0Max, uint256))
    asked1: uint256 = min(owed >> 128, convert(params.amount1Max, uint256))
    return self._collect(token_id, place, pool, owed, asked0, asked1, recipient)


@external
@payable
def burn(tokenId: uint256):
    owner_word: uint256 = position_tokens._authorized(tokenId)
    assert (self._positions[tokenId].place & MASK_128) | self._positions[tokenId].owed == 0, "Not cleared"
    self._delete(owner_word, tokenId)


@external
@payable
def compound(tokenId: uint256, amount0Min: uint256, amount1Min: uint256, deadline: uint256) -> (uint128, uint256, uint256):
    owner_word: uint256 = position_tokens._authorized(tokenId)
    self._check_time(deadline)
    place: uint256 = self._positions[tokenId].place
    pool: address = self._pool(place, owner_word)
    owed: uint256 = self._owed_now(tokenId, place, pool)
    liquidity: uint128 = 0
    amount0: uint256 = 0
    amount1: uint256 = 0
    liquidity, amount0, amount1 = self._reinvest(tokenId, place, pool, owed, self._lower(place), self._upper(place), amount0Min, amount1Min)
    self._positions[tokenId].place = unsafe_add(place, convert(liquidity, uint256))
    if place & MASK_128 == 0:
        # Perhaps nobody else had liquidity in this range: the pool knows its fee growth only now
        self._sync(tokenId, place, pool)
    log IPositionManager.IncreaseLiquidity(tokenId=tokenId, liquidity=liquidity, amount0=amount0, amount1=amount1)
    return liquidity, amount0, amount1


@external
@payable
def move_range(
    tokenId: uint256, tickLower: int24, tickUpper: int24, amount0Min: uint256, amount1Min: uint256, deadline: uint256
) -> (uint256, uint128, uint256, uint256):
    owner_word: uint256 = position_tokens._authorized(tokenId)
    self._check_time(deadline)
    assert tickLower < tickUpper, "TLU"
    place: uint256 = self._positions[tokenId].place
    pool: address = self._pool(place, owner_word)
    amount0: uint256 = 0
    amount1: uint256 = 0
    if place & MASK_128 != 0:
        amount0, amount1 = self._take(tokenId, place, pool, place & MASK_128)
    liquidity: uint128 = 0
    liquidity, amount0, amount1 = self._reinvest(
        tokenId, place, pool, self._positions[tokenId].owed, tickLower, tickUpper, amount0Min, amount1Min
    )
    new_id: uint256 = self._open(position_tokens._address(owner_word), pool, tickLower, tickUpper, liquidity)
    log IPositionManager.IncreaseLiquidity(tokenId=new_id, liquidity=liquidity, amount0=amount0, amount1=amount1)
    if self._positions[tokenId].owed == 0:
        self._delete(owner_word, tokenId)
    log IPositionManager.MoveRange(tokenId=tokenId, newTokenId=new_id)
    return new_id, liquidity, amount0, amount1


# ---------------------------------------------------------------- called back


@external
@payable
@reentrant
def __default__():
    # Within `unwrapWETH9`. Whoever else sends the native coin here by mistake would lose it.
    assert msg.sender == periphery_payments.WETH9, "Not WETH9"


@external
@reentrant
def uniswapV3MintCallback(amount0Owed: uint256, amount1Owed: uint256, data: Bytes[32]):
    # Set within `_put` alone, to the factory's own pool
    assert msg.sender == self.pool  # dev: not the pool
    payer: address = self.payer
    if amount0Owed > 0:
        periphery_payments._pay(staticcall IRangePool(msg.sender).token0(), payer, amount0Owed)
    if amount1Owed > 0:
        periphery_payments._pay(staticcall IRangePool(msg.sender).token1(), payer, amount1Owed)


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def positions(
    tokenId: uint256,
) -> (uint96, address, address, address, uint24, int24, int24, uint128, uint256, uint256, uint128, uint128):
    place: uint256 = self._positions[tokenId].place
    pool: address = self._pool_or_fail(tokenId, place)
    approval: uint256 = position_tokens.approvals[tokenId]
    owed: uint256 = self._positions[tokenId].owed
    return (
        convert(approval >> 160, uint96),
        position_tokens._address(approval),
        staticcall IRangePool(pool).token0(),
        staticcall IRangePool(pool).token1(),
        staticcall IRangePool(pool).fee(),
        self._lower(place),
        self._upper(place),
        self._liquidity(place),
        self._positions[tokenId].growth0_x128,
        self._positions[tokenId].growth1_x128,
        convert(owed & MASK_128, uint128),
        convert(owed >> 128, uint128),
    )


@view
@external
@reentrant
def unclaimed_fees(tokenId: uint256) -> (uint256, uint256):
    place: uint256 = self._positions[tokenId].place
    pool: address = self._pool_or_fail(tokenId, place)
    all_liquidity: uint128 = 0
    last0: uint256 = 0
    last1: uint256 = 0
    there0: uint128 = 0
    there1: uint128 = 0
    all_liquidity, last0, last1, there0, there1 = staticcall IRangePool(pool).positions(self._key(place))
    owed: uint256 = self._positions[tokenId].owed
    there: uint256 = self._plus(0, convert(there0, uint256), convert(there1, uint256))
    if place & MASK_128 != 0:
        # As `collect` would: both the pool's account of the range and the position's are brought up to date
        inside0: uint256 = 0
        inside1: uint256 = 0
        inside0, inside1 = self._growth_inside(pool, self._lower(place), self._upper(place))
        growth0: uint256 = unsafe_sub(inside0, self._positions[tokenId].growth0_x128)
        growth1: uint256 = unsafe_sub(inside1, self._positions[tokenId].growth1_x128)
        owed = self._plus(owed, self._share(growth0, place & MASK_128), self._share(growth1, place & MASK_128))
        whole: uint256 = convert(all_liquidity, uint256)
        there = self._plus(there, self._share(unsafe_sub(inside0, last0), whole), self._share(unsafe_sub(inside1, last1), whole))
    return min(owed & MASK_128, there & MASK_128), min(owed >> 128, there >> 128)


@view
@external
@reentrant
def amounts_of(tokenId: uint256) -> (uint256, uint256):
    place: uint256 = self._positions[tokenId].place
    price: uint256 = self._price(self._pool_or_fail(tokenId, place))
    lower: uint256 = self._price_at(self._lower(place))
    upper: uint256 = self._price_at(self._upper(place))
    return liquidity_amounts._amounts_for_liquidity(price, lower, upper, place & MASK_128)


@view
@external
@reentrant
def tokenURI(tokenId: uint256) -> String[512]:
    place: uint256 = self._positions[tokenId].place
    pool: address = self._pool_or_fail(tokenId, place)
    # JSON, percent-encoded as far as a URI needs it
    return concat(
        "data:application/json,%7B%22name%22:%22Plimsoll%20position%20",
        uint2str(tokenId),
        "%22,%22description%22:%22Pool%200x",
        self._hex(pool),
        ",%20ticks%20",
        self._signed(self._lower(place)),
        "%20to%20",
        self._signed(self._upper(place)),
        ",%20liquidity%20",
        uint2str(self._liquidity(place)),
        "%22%7D",
    )


# ---------------------------------------------------------------- internals: the pool


@internal
@view
def _pool_of(token0: address, token1: address, fee: uint24) -> address:
    """
    @notice Where the factory's pool is or would be. Tokens in the wrong order lead to a place where there can be none.
    """
    salt: bytes32 = keccak256(abi_encode(token0, token1, fee))
    hash: bytes32 = keccak256(concat(x"ff", convert(factory, bytes20), salt, INIT_CODE_HASH))
    return position_tokens._address(convert(hash, uint256))


@internal
@view
def _price(pool: address) -> uint256:
    return convert(staticcall Pool(pool).slot0(), uint256)


@internal
@pure
def _price_at(tick: int24) -> uint256:
    return tick_math._sqrt_ratio_at_tick(convert(tick, int256))


@internal
@view
def _key(place: uint256) -> bytes32:
    """
    @notice Where the pool keeps what this contract has in a range: keccak256(self ++ tickLower ++ tickUpper)
    """
    return keccak256(concat(convert(self, bytes20), convert(self._lower(place), bytes3), convert(self._upper(place), bytes3)))


@internal
def _add(
    pool: address, lower: int24, upper: int24, desired0: uint256, desired1: uint256, min0: uint256, min1: uint256
) -> (uint128, uint256, uint256):
    """
    @notice Liquidity for the desired amounts, paid by the caller
    """
    price: uint256 = self._price(pool)
    lower_price: uint256 = self._price_at(lower)
    upper_price: uint256 = self._price_at(upper)
    liquidity: uint128 = convert(liquidity_amounts._liquidity_for_amounts(price, lower_price, upper_price, desired0, desired1), uint128)
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = self._put(pool, lower, upper, liquidity, msg.sender)
    self._check_price(amount0, amount1, min0, min1)
    return liquidity, amount0, amount1


@internal
def _put(pool: address, lower: int24, upper: int24, liquidity: uint128, payer: address) -> (uint256, uint256):
    self.pool = pool
    self.payer = payer
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = extcall Pool(pool).mint(self, lower, upper, liquidity, b"")
    self.pool = empty(address)
    return amount0, amount1


@internal
def _take(token_id: uint256, place: uint256, pool: address, liquidity: uint256) -> (uint256, uint256):
    """
    @notice Burn some of a position's liquidity: the tokens, and the fees so far, are then owed to it
    """
    amount: uint128 = convert(liquidity, uint128)
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = extcall IRangePool(pool).burn(self._lower(place), self._upper(place), amount)
    self._positions[token_id].owed = self._accrue(token_id, place, pool, amount0, amount1)
    self._positions[token_id].place = unsafe_sub(place, liquidity)
    log IPositionManager.DecreaseLiquidity(tokenId=token_id, liquidity=amount, amount0=amount0, amount1=amount1)
    return amount0, amount1


@internal
def _collect(
    token_id: uint256, place: uint256, pool: address, owed: uint256, asked0: uint256, asked1: uint256, recipient: address
) -> (uint256, uint256):
    """
    @notice Pay out of what is owed to a position. No more may be asked.
    """
    # The whole of it is taken off, though the pool may have less by a few units: the roundings of positions that share a range
    self._positions[token_id].owed = unsafe_sub(owed, (asked1 << 128) | asked0)
    amount0: uint128 = 0
    amount1: uint128 = 0
    amount0, amount1 = extcall IRangePool(pool).collect(
        recipient, self._lower(place), self._upper(place), convert(asked0, uint128), convert(asked1, uint128)
    )
    log IPositionManager.Collect(tokenId=token_id, recipient=recipient, amount0=asked0, amount1=asked1)
    return convert(amount0, uint256), convert(amount1, uint256)


@internal
def _reinvest(
    token_id: uint256, place: uint256, pool: address, owed: uint256, lower: int24, upper: int24, min0: uint256, min1: uint256
) -> (uint128, uint256, uint256):
    """
    @notice Put what is owed to a position between two ticks, as far as it fits
    @dev Exactly what the pool will ask for is collected, so that nothing stays here, where it would be anybody's
    """
    all_liquidity: uint128 = 0
    last0: uint256 = 0
    last1: uint256 = 0
    there0: uint128 = 0
    there1: uint128 = 0
    all_liquidity, last0, last1, there0, there1 = staticcall IRangePool(pool).positions(self._key(place))
    # The pool may have less by a few units (see `_collect`)
    amount0: uint256 = min(owed & MASK_128, convert(there0, uint256))
    amount1: uint256 = min(owed >> 128, convert(there1, uint256))
    price: uint256 = self._price(pool)
    lower_price: uint256 = self._price_at(lower)
    upper_price: uint256 = self._price_at(upper)
    liquidity: uint256 = liquidity_amounts._liquidity_for_amounts(price, lower_price, upper_price, amount0, amount1)
    assert liquidity != 0, "positions: nothing to add"
    amount0, amount1 = liquidity_amounts._amounts_to_add(price, lower_price, upper_price, liquidity)
    self._check_price(amount0, amount1, min0, min1)
    self._collect(token_id, place, pool, owed, amount0, amount1, self)
    self._put(pool, lower, upper, convert(liquidity, uint128), self)
    return convert(liquidity, uint128), amount0, amount1


@internal
@view
def _growth_inside(pool: address, lower: int24, upper: int24) -> (uint256, uint256):
    """
    @notice Fees per unit of liquidity that have been earned between two ticks, as the pool reckons, modulo 2**256
    """
    price: uint160 = 0
    tick: int24 = 0
    price, tick = staticcall TickOfPool(pool).slot0()
    gross: uint128 = 0
    net: int128 = 0
    lower0: uint256 = 0
    lower1: uint256 = 0
    upper0: uint256 = 0
    upper1: uint256 = 0
    gross, net, lower0, lower1 = staticcall Pool(pool).ticks(lower)
    gross, net, upper0, upper1 = staticcall Pool(pool).ticks(upper)
    # What a tick knows are the fees on its other side, seen from the price
    if tick < lower:
        return unsafe_sub(lower0, upper0), unsafe_sub(lower1, upper1)
    if tick >= upper:
        return unsafe_sub(upper0, lower0), unsafe_sub(upper1, lower1)
    global0: uint256 = staticcall IRangePool(pool).feeGrowthGlobal0X128()
    global1: uint256 = staticcall IRangePool(pool).feeGrowthGlobal1X128()
    return unsafe_sub(unsafe_sub(global0, lower0), upper0), unsafe_sub(unsafe_sub(global1, lower1), upper1)


# ---------------------------------------------------------------- internals: positions


@internal
def _open(owner: address, pool: address, lower: int24, upper: int24, liquidity: uint128) -> uint256:
    where: uint256 = convert(pool, uint256)
    place: uint256 = ((where >> 80) << 176) | (self._bits(upper) << 152) | (self._bits(lower) << 128) | convert(liquidity, uint256)
    token_id: uint256 = position_tokens._mint(owner, (where & MASK_80) << 160)
    self._positions[token_id].place = place
    self._sync(token_id, place, pool)
    return token_id


@internal
def _delete(owner_word: uint256, token_id: uint256):
    self._positions[token_id] = empty(Position)
    position_tokens._burn(position_tokens._address(owner_word), token_id)


@internal
def _owed_now(token_id: uint256, place: uint256, pool: address) -> uint256:
    """
    @notice What a position is owed, its fees up to this moment included. The caller stores it.
    """
    if place & MASK_128 == 0:
        return self._positions[token_id].owed
    extcall IRangePool(pool).burn(self._lower(place), self._upper(place), 0)
    return self._accrue(token_id, place, pool, 0, 0)


@internal
def _accrue(token_id: uint256, place: uint256, pool: address, freed0: uint256, freed1: uint256) -> uint256:
    """
    @notice What a position is owed now that the pool has brought its account of the range up to date, with what has been freed
    @dev The caller stores it, together with what is paid of it: to write a slot from zero and back costs more than most.
    """
    growth0: uint256 = 0
    growth1: uint256 = 0
    growth0, growth1 = self._sync(token_id, place, pool)
    earned0: uint256 = self._share(growth0, place & MASK_128)
    earned1: uint256 = self._share(growth1, place & MASK_128)
    return self._plus(self._positions[token_id].owed, unsafe_add(earned0, freed0), unsafe_add(earned1, freed1))


@internal
def _sync(token_id: uint256, place: uint256, pool: address) -> (uint256, uint256):
    """
    @notice Move a position's fee growth to the pool's. Returns by how much, modulo 2**256.
    """
    all_liquidity: uint128 = 0
    growth0: uint256 = 0
    growth1: uint256 = 0
    all_liquidity, growth0, growth1 = staticcall Pool(pool).positions(self._key(place))
    last0: uint256 = self._positions[token_id].growth0_x128
    last1: uint256 = self._positions[token_id].growth1_x128
    self._positions[token_id].growth0_x128 = growth0
    self._positions[token_id].growth1_x128 = growth1
    return unsafe_sub(growth0, last0), unsafe_sub(growth1, last1)


@internal
@pure
def _share(growth: uint256, liquidity: uint256) -> uint256:
    """
    @notice growth * liquidity / 2**128, of which the low 128 bits count, without the product
    """
    return unsafe_add(unsafe_mul(growth >> 128, liquidity), unsafe_mul(growth & MASK_128, liquidity) >> 128)


@internal
@pure
def _plus(owed: uint256, amount0: uint256, amount1: uint256) -> uint256:
    """
    @notice Two amounts more in the word of what is owed, each modulo 2**128, as in the pool
    """
    return (unsafe_add(owed >> 128, amount1) << 128) | (unsafe_add(owed, amount0) & MASK_128)


@internal
@pure
def _pool(place: uint256, owner_word: uint256) -> address:
    return convert(((place >> 176) << 80) | (owner_word >> 160), address)


@internal
@view
def _pool_or_fail(token_id: uint256, place: uint256) -> address:
    owner_word: uint256 = position_tokens.owner_words[token_id]
    assert owner_word != 0, "Invalid token ID"
    return self._pool(place, owner_word)


@internal
@pure
def _lower(place: uint256) -> int24:
    return convert(convert(convert(place << 104, bytes32), int256) >> 232, int24)


@internal
@pure
def _upper(place: uint256) -> int24:
    return convert(convert(convert(place << 80, bytes32), int256) >> 232, int24)


@internal
@pure
def _liquidity(place: uint256) -> uint128:
    return convert(place & MASK_128, uint128)


@internal
@pure
def _bits(tick: int24) -> uint256:
    return convert(convert(convert(tick, int256), bytes32), uint256) & MASK_24


@internal
@view
def _check_time(deadline: uint256):
    assert block.timestamp <= deadline, "Transaction too old"


@internal
@pure
def _check_price(amount0: uint256, amount1: uint256, min0: uint256, min1: uint256):
    assert amount0 >= min0 and amount1 >= min1, "Price slippage check"


# ---------------------------------------------------------------- internals: words


@internal
@pure
def _signed(tick: int24) -> String[9]:
    digits: String[8] = uint2str(convert(abs(convert(tick, int256)), uint24))
    if tick < 0:
        return concat("-", digits)
    return digits


@internal
@pure
def _hex(account: address) -> String[40]:
    words: uint256[2] = [0, 0]
    for i: uint256 in range(40):
        nibble: uint256 = (convert(account, uint256) >> unsafe_sub(156, unsafe_mul(4, i))) & 15
        # The distance from "9" to "a"
        letter: uint256 = unsafe_add(nibble, 48)
        if nibble > 9:
            letter = unsafe_add(nibble, 87)
        words[i >> 5] = (words[i >> 5] << 8) | letter
    return convert(concat(convert(words[0], bytes32), convert(convert(words[1], uint64), bytes8)), String[40])
