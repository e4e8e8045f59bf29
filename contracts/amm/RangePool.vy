# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title RangePool
@license MIT
@notice Pool of range positions, wire-compatible with Uniswap V3's, that remembers its prices (see IRangePool, IObservations)
@dev Preserved: the pool can always pay every position and all fees.

     No `nonreentrancy` pragma: clients know the reason of a locked pool, "LOK", so that it has a lock of its own. Every function that
     changes anything begins with `_check_lock` (or its one line, where slot0 is not needed), and takes the lock before it calls
     anybody; all views may be read inside callbacks.

     Storage words, fields from the low end
       slot0       sqrt price 160 | tick 24 | observation index 16 | cardinality 16 | fee protocol 8 | remembered tick, as in the accumulators 32
       in_range    liquidity 128 | next cardinality 16 | sum of remembered ticks less sum of ticks 56
       moment      time 32 | sum of ticks 56 | sum of dt / L 160 | initialised 8: an observation, or what a tick has seen of it outside
       tick        liquidity net 128 | gross 128; fee growth outside 0; 1; moment outside
       position    liquidity; fee growth inside 0; 1; tokens owed 0, 128 | 1, 128

     What `observations` calls the accumulators is put together from three of these (`_accumulators`), so that to remember costs a
     swap no word of its own: the sum of dt / L and the sum of ticks are Uniswap V3's, and while the remembered tick is the market's its
     sum stays as far from the latter as it was.
"""

from ethereum.ercs import IERC20

from interfaces import IObservations
from interfaces import IRangePool
from interfaces import IRangePoolCallee
from interfaces import IRangePoolFactory

# Products of 512 bits
from contracts.modules import full_math

# The pool's memory, beside Uniswap V3's: marks and a ring
from contracts.modules import observations as history

# Amounts of a position
from contracts.modules import price_math

# The steps of a swap
from contracts.modules import swap_math

# Ticks and prices
from contracts.modules import tick_math

implements: IObservations
implements: IRangePool
initializes: history

# ---------------------------------------------------------------- constants

# What is handed on to a callback: 32 words, twice what a route of five pools takes. Four times as much would cost each swap 750 gas,
# because the forwarded copy lies behind the room for the original; a loan may carry it.
MAX_DATA: constant(uint256) = 1024
MAX_FLASH_DATA: constant(uint256) = 4096
# Moments in one `observe`
MAX_MOMENTS: constant(uint256) = 256
# Observations, as in Uniswap V3
RING: constant(uint256) = 65535
# More than there are ticks and words of the bitmap together: it is a bound for the compiler's sake
MAX_STEPS: constant(uint256) = 2**21

MASK_24: constant(uint256) = 2**24 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_56: constant(uint256) = 2**56 - 1
MASK_128: constant(uint256) = 2**128 - 1
MASK_160: constant(uint256) = 2**160 - 1
INITIALIZED: constant(uint256) = 1 << 248
# Above every slot0, as a time is below, so that one comparison tells a locked pool and one that is not initialised
LOCKED: constant(uint256) = max_value(uint256)
# In IObservations.Window.present
USED: constant(uint256) = 1 << 126

# Reasons: the letters of each as a number, the first one highest
FAIL_LOK: constant(uint256) = 5001035
FAIL_AI: constant(uint256) = 16713
FAIL_R: constant(uint256) = 82
FAIL_AS: constant(uint256) = 16723
FAIL_SPL: constant(uint256) = 5460044
FAIL_IIA: constant(uint256) = 4802881
FAIL_TLU: constant(uint256) = 5524565
FAIL_TLM: constant(uint256) = 5524557
FAIL_TUM: constant(uint256) = 5526861
FAIL_LO: constant(uint256) = 19535
FAIL_LS: constant(uint256) = 19539
FAIL_NP: constant(uint256) = 20048
FAIL_M0: constant(uint256) = 19760
FAIL_M1: constant(uint256) = 19761
FAIL_F0: constant(uint256) = 17968
FAIL_F1: constant(uint256) = 17969
FAIL_L: constant(uint256) = 76
FAIL_TF: constant(uint256) = 21574
FAIL_I: constant(uint256) = 73
FAIL_OLD: constant(uint256) = 5196868


struct Tick:
    liquidity: uint256
    growth: uint256[2]
    moment: uint256


# ---------------------------------------------------------------- immutables

factory: public(immutable(address))
token0: public(immutable(address))
token1: public(immutable(address))
fee: public(immutable(uint24))
tickSpacing: public(immutable(int24))
maxLiquidityPerTick: public(immutable(uint128))

# ---------------------------------------------------------------- storage

slot0_word: uint256
in_range: uint256
feeGrowthGlobal0X128: public(uint256)
feeGrowthGlobal1X128: public(uint256)
# token1 128 | token0 128
protocol_fees: uint256
tick_words: HashMap[int256, Tick]
bitmap: HashMap[int256, uint256]
position_words: HashMap[bytes32, uint256[4]]
moments: uint256[RING]

# LOCKED, or the time at which it was unlocked last in this transaction (where transactions share transient storage, a later block is
# told by it), or 0
lock: transient(uint256)

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    """
    @dev No arguments, so that the init code, and with it the hash that addresses are computed from, is the same for all
         pools: whoever deploys answers `parameters()`.
    """
    deployer: address = empty(address)
    token_a: address = empty(address)
    token_b: address = empty(address)
    pips: uint24 = 0
    spacing: int24 = 0
    deployer, token_a, token_b, pips, spacing = staticcall IRangePoolFactory(msg.sender).parameters()
    factory = deployer
    token0 = token_a
    token1 = token_b
    fee = pips
    tickSpacing = spacing
    # An equal part for each tick that can be used, so that the sum of all fits 128 bits
    usable: int256 = 2 * (tick_math.MAX_TICK // convert(spacing, int256)) + 1
    maxLiquidityPerTick = convert(MASK_128 // convert(usable, uint256), uint128)


# ---------------------------------------------------------------- liquidity


@external
def initialize(sqrtPriceX96: uint160):
    price: uint256 = convert(sqrtPriceX96, uint256)
    if self.slot0_word != 0:
        self._fail(FAIL_AI)
    if price < tick_math.MIN_SQRT_RATIO or price >= tick_math.MAX_SQRT_RATIO:
        self._fail(FAIL_R)
    tick: int256 = tick_math._tick_at_sqrt_ratio(price)
    self.moments[0] = (block.timestamp & MASK_32) | INITIALIZED
    # One observation, and room for one
    self.slot0_word = price | self._tick_field(tick) | (1 << 200)
    self.in_range = 1 << 128
    history._start()
    log IRangePool.Initialize(sqrtPriceX96=sqrtPriceX96, tick=convert(tick, int24))


@external
def mint(recipient: address, tickLower: int24, tickUpper: int24, amount: uint128, data: Bytes[MAX_DATA]) -> (uint256, uint256):
    slot0: uint256 = self._check_lock()
    assert amount != 0  # dev: zero liquidity
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = self._modify(
        slot0, recipient, convert(tickLower, int256), convert(tickUpper, int256), convert(convert(amount, int128), int256)
    )
    self.lock = LOCKED
    history._note_mint()
    before0: uint256 = 0
    before1: uint256 = 0
    if amount0 != 0:
        before0 = staticcall IERC20(token0).balanceOf(self)
    if amount1 != 0:
        before1 = staticcall IERC20(token1).balanceOf(self)
    extcall IRangePoolCallee(msg.sender).uniswapV3MintCallback(amount0, amount1, data)
    if amount0 != 0:
        if before0 + amount0 > staticcall IERC20(token0).balanceOf(self):
            self._fail(FAIL_M0)
    if amount1 != 0:
        if before1 + amount1 > staticcall IERC20(token1).balanceOf(self):
            self._fail(FAIL_M1)
    log IRangePool.Mint(
        sender=msg.sender,
        owner=recipient,
        tickLower=tickLower,
        tickUpper=tickUpper,
        amount=amount,
        amount0=amount0,
        amount1=amount1,
    )
    self.lock = block.timestamp
    return amount0, amount1


@external
def burn(tickLower: int24, tickUpper: int24, amount: uint128) -> (uint256, uint256):
    slot0: uint256 = self._check_lock()
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = self._modify(
        slot0, msg.sender, convert(tickLower, int256), convert(tickUpper, int256), -convert(convert(amount, int128), int256)
    )
    log IRangePool.Burn(owner=msg.sender, tickLower=tickLower, tickUpper=tickUpper, amount=amount, amount0=amount0, amount1=amount1)
    return amount0, amount1


@external
def collect(recipient: address, tickLower: int24, tickUpper: int24, amount0Requested: uint128, amount1Requested: uint128) -> (uint128, uint128):
    if self.lock >= self.slot0_word:
        self._fail(FAIL_LOK)
    key: bytes32 = self._position_key(msg.sender, convert(tickLower, int256), convert(tickUpper, int256))
    owed: uint256 = self.position_words[key][3]
    amount0: uint128 = min(amount0Requested, convert(owed & MASK_128, uint128))
    amount1: uint128 = min(amount1Requested, convert(owed >> 128, uint128))
    self.lock = LOCKED
    if amount0 | amount1 != 0:
        # Neither half falls below zero
        self.position_words[key][3] = unsafe_sub(owed, convert(amount0, uint256) | (convert(amount1, uint256) << 128))
        if amount0 != 0:
            self._push(token0, recipient, convert(amount0, uint256))
        if amount1 != 0:
            self._push(token1, recipient, convert(amount1, uint256))
    log IRangePool.Collect(owner=msg.sender, recipient=recipient, tickLower=tickLower, tickUpper=tickUpper, amount0=amount0, amount1=amount1)
    self.lock = block.timestamp
    return amount0, amount1


# ---------------------------------------------------------------- swaps


@external
def swap(recipient: address, zeroForOne: bool, amountSpecified: int256, sqrtPriceLimitX96: uint160, data: Bytes[MAX_DATA]) -> (int256, int256):
    if amountSpecified == 0:
        self._fail(FAIL_AS)
    amount_in: int256 = 0
    amount_out: uint256 = 0
    price: uint256 = 0
    tick: int256 = 0
    liquidity: uint256 = 0
    amount_in, amount_out, price, tick, liquidity = self._swap(zeroForOne, amountSpecified, convert(sqrtPriceLimitX96, uint256))

    self.lock = LOCKED
    token_in: address = token0
    amount0: int256 = amount_in
    amount1: int256 = -convert(amount_out, int256)
    if zeroForOne:
        if amount_out != 0:
            self._push(token1, recipient, amount_out)
    else:
        if amount_out != 0:
            self._push(token0, recipient, amount_out)
        token_in = token1
        amount0 = amount1
        amount1 = amount_in
    before: uint256 = staticcall IERC20(token_in).balanceOf(self)
    extcall IRangePoolCallee(msg.sender).uniswapV3SwapCallback(amount0, amount1, data)
    if before + convert(amount_in, uint256) > staticcall IERC20(token_in).balanceOf(self):
        self._fail(FAIL_IIA)
    log IRangePool.Swap(
        sender=msg.sender,
        recipient=recipient,
        amount0=amount0,
        amount1=amount1,
        sqrtPriceX96=convert(price, uint160),
        liquidity=convert(liquidity, uint128),
        tick=convert(tick, int24),
    )
    self.lock = block.timestamp
    return amount0, amount1


@external
def flash(recipient: address, amount0: uint256, amount1: uint256, data: Bytes[MAX_FLASH_DATA]):
    slot0: uint256 = self._check_lock()
    liquidity: uint256 = self.in_range & MASK_128
    if liquidity == 0:
        self._fail(FAIL_L)
    fee0: uint256 = full_math._mul_div_up(amount0, convert(fee, uint256), swap_math.PIPS)
    fee1: uint256 = full_math._mul_div_up(amount1, convert(fee, uint256), swap_math.PIPS)
    paid0: uint256 = staticcall IERC20(token0).balanceOf(self)
    paid1: uint256 = staticcall IERC20(token1).balanceOf(self)
    self.lock = LOCKED
    if amount0 != 0:
        self._push(token0, recipient, amount0)
    if amount1 != 0:
        self._push(token1, recipient, amount1)
    extcall IRangePoolCallee(msg.sender).uniswapV3FlashCallback(fee0, fee1, data)

    after: uint256 = staticcall IERC20(token0).balanceOf(self)
    if paid0 + fee0 > after:
        self._fail(FAIL_F0)
    paid0 = unsafe_sub(after, paid0)
    after = staticcall IERC20(token1).balanceOf(self)
    if paid1 + fee1 > after:
        self._fail(FAIL_F1)
    paid1 = unsafe_sub(after, paid1)
    if paid0 != 0:
        self.feeGrowthGlobal0X128 = unsafe_add(self.feeGrowthGlobal0X128, self._fee_growth(paid0, (slot0 >> 216) & 15, liquidity, 0))
    if paid1 != 0:
        self.feeGrowthGlobal1X128 = unsafe_add(self.feeGrowthGlobal1X128, self._fee_growth(paid1, (slot0 >> 220) & 15, liquidity, 128))
    log IRangePool.Flash(sender=msg.sender, recipient=recipient, amount0=amount0, amount1=amount1, paid0=paid0, paid1=paid1)
    self.lock = block.timestamp


@external
def increaseObservationCardinalityNext(observationCardinalityNext: uint16):
    if self.lock >= self.slot0_word:
        self._fail(FAIL_LOK)
    in_range: uint256 = self.in_range
    old: uint256 = (in_range >> 128) & 65535
    next: uint256 = convert(observationCardinalityNext, uint256)
    if next > old:
        # Not zero, so that a swap does not pay for the storage; nobody reads it, because it is not initialised
        for i: uint256 in range(old, next, bound=RING):
            self.moments[i] = 1
        self.in_range = in_range ^ ((old ^ next) << 128)
        log IRangePool.IncreaseObservationCardinalityNext(
            observationCardinalityNextOld=convert(old, uint16), observationCardinalityNextNew=observationCardinalityNext
        )


@external
def poke():
    slot0: uint256 = self._check_lock()
    in_range: uint256 = 0
    newest: uint256 = 0
    slot0, in_range, newest = self._observe(slot0, self.in_range)
    self.slot0_word = slot0
    self.in_range = in_range


# ---------------------------------------------------------------- the factory's owner


@external
def setFeeProtocol(feeProtocol0: uint8, feeProtocol1: uint8):
    slot0: uint256 = self._check_lock()
    self._check_owner()
    for share: uint8 in [feeProtocol0, feeProtocol1]:
        assert share == 0 or (share >= 4 and share <= 10)  # dev: share
    old: uint256 = (slot0 >> 216) & 255
    new: uint256 = convert(feeProtocol0, uint256) | (convert(feeProtocol1, uint256) << 4)
    self.slot0_word = slot0 ^ ((old ^ new) << 216)
    log IRangePool.SetFeeProtocol(
        feeProtocol0Old=convert(old & 15, uint8),
        feeProtocol1Old=convert(old >> 4, uint8),
        feeProtocol0New=feeProtocol0,
        feeProtocol1New=feeProtocol1,
    )


@external
def collectProtocol(recipient: address, amount0Requested: uint128, amount1Requested: uint128) -> (uint128, uint128):
    if self.lock >= self.slot0_word:
        self._fail(FAIL_LOK)
    self._check_owner()
    fees: uint256 = self.protocol_fees
    amount0: uint256 = self._all_but_one(convert(amount0Requested, uint256), fees & MASK_128)
    amount1: uint256 = self._all_but_one(convert(amount1Requested, uint256), fees >> 128)
    self.protocol_fees = unsafe_sub(fees, amount0 | (amount1 << 128))
    self.lock = LOCKED
    # Clients may wait for these transfers, even of the nothing that is left of a single unit
    if amount0Requested != 0 and fees & MASK_128 != 0:
        self._push(token0, recipient, amount0)
    if amount1Requested != 0 and fees >> 128 != 0:
        self._push(token1, recipient, amount1)
    log IRangePool.CollectProtocol(sender=msg.sender, recipient=recipient, amount0=convert(amount0, uint128), amount1=convert(amount1, uint128))
    self.lock = block.timestamp
    return convert(amount0, uint128), convert(amount1, uint128)


# ---------------------------------------------------------------- views


@view
@external
def slot0() -> (uint160, int24, uint16, uint16, uint16, uint8, bool):
    word: uint256 = self.slot0_word
    return (
        convert(word & MASK_160, uint160),
        convert(self._tick(word), int24),
        convert((word >> 184) & 65535, uint16),
        convert((word >> 200) & 65535, uint16),
        convert((self.in_range >> 128) & 65535, uint16),
        convert((word >> 216) & 255, uint8),
        self.lock < word,
    )


@view
@external
def liquidity() -> uint128:
    return convert(self.in_range & MASK_128, uint128)


@view
@external
def protocolFees() -> (uint128, uint128):
    word: uint256 = self.protocol_fees
    return convert(word & MASK_128, uint128), convert(word >> 128, uint128)


@view
@external
def ticks(tick: int24) -> (uint128, int128, uint256, uint256, int56, uint160, uint32, bool):
    info: Tick = self.tick_words[convert(tick, int256)]
    return (
        convert(info.liquidity >> 128, uint128),
        convert(self._net(info.liquidity), int128),
        info.growth[0],
        info.growth[1],
        self._tick_sum(info.moment),
        self._liquidity_sum(info.moment),
        convert(info.moment & MASK_32, uint32),
        info.moment >= INITIALIZED,
    )


@view
@external
def tickBitmap(wordPosition: int16) -> uint256:
    return self.bitmap[convert(wordPosition, int256)]


@view
@external
def positions(key: bytes32) -> (uint128, uint256, uint256, uint128, uint128):
    words: uint256[4] = self.position_words[key]
    return convert(words[0], uint128), words[1], words[2], convert(words[3] & MASK_128, uint128), convert(words[3] >> 128, uint128)


@view
@external
def observations(index: uint256) -> (uint32, int56, uint160, bool):
    word: uint256 = self.moments[index]
    return convert(word & MASK_32, uint32), self._tick_sum(word), self._liquidity_sum(word), word >= INITIALIZED


@view
@external
def observe(secondsAgos: DynArray[uint32, MAX_MOMENTS]) -> (DynArray[int56, MAX_MOMENTS], DynArray[uint160, MAX_MOMENTS]):
    slot0: uint256 = self.slot0_word
    if slot0 == 0:
        self._fail(FAIL_I)
    in_range: uint256 = self.in_range
    tick_sums: DynArray[int56, MAX_MOMENTS] = []
    liquidity_sums: DynArray[uint160, MAX_MOMENTS] = []
    for ago: uint32 in secondsAgos:
        word: uint256 = self._moment(slot0, in_range, convert(ago, uint256))
        tick_sums.append(self._tick_sum(word))
        liquidity_sums.append(self._liquidity_sum(word))
    return tick_sums, liquidity_sums


@view
@external
def snapshotCumulativesInside(tickLower: int24, tickUpper: int24) -> (int56, uint160, uint32):
    self._check_ticks(convert(tickLower, int256), convert(tickUpper, int256))
    lower: uint256 = self.tick_words[convert(tickLower, int256)].moment
    upper: uint256 = self.tick_words[convert(tickUpper, int256)].moment
    assert lower >= INITIALIZED and upper >= INITIALIZED  # dev: tick not initialised
    slot0: uint256 = self.slot0_word
    tick: int256 = self._tick(slot0)
    inside: uint256 = 0
    if tick < convert(tickLower, int256):
        inside = self._minus(lower, upper)
    elif tick < convert(tickUpper, int256):
        inside = self._minus(self._minus(self._moment(slot0, self.in_range, 0), lower), upper)
    else:
        inside = self._minus(upper, lower)
    return self._tick_sum(inside), self._liquidity_sum(inside), convert(inside & MASK_32, uint32)


@view
@external
def window(buckets: uint256) -> IObservations.Window:
    answer: IObservations.Window = history._window(self._state(), buckets)
    answer.present |= self._used()
    return answer


@view
@external
def recent(wanted: uint256) -> (uint256, int256, int256):
    present: uint256 = 0
    tick_sum: int256 = 0
    fresh_sum: int256 = 0
    present, tick_sum, fresh_sum = history._recent(self._state(), wanted)
    if wanted & history.PRESENT != 0:
        present |= self._used()
    return present, tick_sum, fresh_sum


# ---------------------------------------------------------------- internals: swap


@internal
def _swap(zero_for_one: bool, amount_specified: int256, limit: uint256) -> (int256, uint256, uint256, int256, uint256):
    """
    @notice All of a swap but the payments
    @return amount in, amount out, price after, tick after, liquidity after
    """
    slot0: uint256 = self._check_lock()
    price: uint256 = slot0 & MASK_160
    if zero_for_one:
        if limit >= price or limit <= tick_math.MIN_SQRT_RATIO:
            self._fail(FAIL_SPL)
    elif limit <= price or limit >= tick_math.MAX_SQRT_RATIO:
        self._fail(FAIL_SPL)

    tick: int256 = self._tick(slot0)
    in_range_before: uint256 = self.in_range
    in_range: uint256 = in_range_before
    liquidity: uint256 = in_range & MASK_128
    spacing: int256 = convert(tickSpacing, int256)
    fee_pips: uint256 = convert(fee, uint256)
    growth: uint256 = 0
    other_growth: uint256 = 0
    share: uint256 = 0
    if zero_for_one:
        growth = self.feeGrowthGlobal0X128
        share = (slot0 >> 216) & 15
    else:
        growth = self.feeGrowthGlobal1X128
        share = (slot0 >> 220) & 15
    protocol_fee: uint256 = 0
    present: uint256 = 0
    remaining: int256 = amount_specified
    calculated: uint256 = 0

    for _: uint256 in range(MAX_STEPS):
        if remaining == 0 or price == limit:
            break
        next: int256 = 0
        is_initialized: bool = False
        next, is_initialized = self._next_tick(tick, spacing, zero_for_one)
        next_price: uint256 = tick_math._sqrt_ratio_at_tick(next)
        target: uint256 = next_price
        if zero_for_one:
            target = max(target, limit)
        else:
            target = min(target, limit)

        before: uint256 = price
        amount_in: uint256 = 0
        amount_out: uint256 = 0
        fee_amount: uint256 = 0
        price, amount_in, amount_out, fee_amount = swap_math._step(price, target, liquidity, remaining, fee_pips)
        # All amounts are below 2**200 or so, but for a fee that takes the rest of an input
        if amount_specified > 0:
            remaining = unsafe_sub(remaining, convert(convert(unsafe_add(amount_in, fee_amount), bytes32), int256))
            calculated = unsafe_add(calculated, amount_out)
        else:
            remaining = unsafe_add(remaining, convert(convert(amount_out, bytes32), int256))
            calculated = unsafe_add(calculated, unsafe_add(amount_in, fee_amount))
        if share != 0:
            part: uint256 = unsafe_div(fee_amount, share)
            fee_amount = unsafe_sub(fee_amount, part)
            protocol_fee = unsafe_add(protocol_fee, part)
        if liquidity != 0:
            growth = unsafe_add(growth, self._per_liquidity(fee_amount, liquidity))

        if price == next_price:
            # Liquidity is unchecked: the sum of all net liquidities to one side is never below zero, nor above 2**128
            if is_initialized:
                if present == 0:
                    slot0, in_range, present = self._observe(slot0, in_range)
                    if zero_for_one:
                        other_growth = self.feeGrowthGlobal1X128
                    else:
                        other_growth = self.feeGrowthGlobal0X128
                if zero_for_one:
                    liquidity = unsafe_sub(liquidity, self._cross(next, growth, other_growth, present))
                else:
                    liquidity = unsafe_add(liquidity, self._cross(next, other_growth, growth, present))
            tick = next
            if zero_for_one:
                tick = unsafe_sub(tick, 1)
        elif price != before:
            tick = tick_math._tick_near(price, tick)

    # The observation is of the tick and the liquidity that stood until now. Whoever has crossed a tick has made it.
    if tick != self._tick(slot0) and present == 0:
        slot0, in_range, present = self._observe(slot0, in_range)
    self.slot0_word = ((slot0 >> 184) << 184) | self._tick_field(tick) | price
    in_range = ((in_range >> 128) << 128) | liquidity
    if in_range != in_range_before:
        self.in_range = in_range
    if zero_for_one:
        self.feeGrowthGlobal0X128 = growth
        self._add_protocol_fee(protocol_fee, 0)
    else:
        self.feeGrowthGlobal1X128 = growth
        self._add_protocol_fee(protocol_fee, 128)
    if amount_specified > 0:
        return unsafe_sub(amount_specified, remaining), calculated, price, tick, liquidity
    return convert(calculated, int256), convert(unsafe_sub(remaining, amount_specified), uint256), price, tick, liquidity


@internal
@view
def _next_tick(tick: int256, spacing: int256, down: bool) -> (int256, bool):
    """
    @notice The next initialised tick in the same word of the bitmap, or the end of the word; within the limits of ticks
    @dev Downwards the present tick counts, upwards it does not
    """
    # Rounded down, below zero too: 2**20 spacings are added before and taken off after
    compressed: int256 = unsafe_sub(unsafe_div(unsafe_add(tick, spacing << 20), spacing), 2**20)
    if down:
        bit: uint256 = convert(convert(compressed & 255, bytes32), uint256)
        # This bit and all to the right of it come to the left end
        word: uint256 = self.bitmap[compressed >> 8] << unsafe_sub(255, bit)
        if word == 0:
            return max(unsafe_mul(unsafe_sub(compressed, convert(convert(bit, bytes32), int256)), spacing), -tick_math.MAX_TICK), False
        bit = unsafe_sub(255, tick_math._highest_bit(word))
        return unsafe_mul(unsafe_sub(compressed, convert(convert(bit, bytes32), int256)), spacing), True
    compressed = unsafe_add(compressed, 1)
    bit: uint256 = convert(convert(compressed & 255, bytes32), uint256)
    word: uint256 = self.bitmap[compressed >> 8] >> bit
    if word == 0:
        bit = unsafe_sub(255, bit)
        return min(unsafe_mul(unsafe_add(compressed, convert(convert(bit, bytes32), int256)), spacing), tick_math.MAX_TICK), False
    # The lowest bit alone
    bit = tick_math._highest_bit(word & unsafe_sub(0, word))
    return unsafe_mul(unsafe_add(compressed, convert(convert(bit, bytes32), int256)), spacing), True


@internal
def _cross(tick: int256, growth0: uint256, growth1: uint256, present: uint256) -> uint256:
    """
    @notice What was outside is now inside, and the other way round. Returns the net liquidity, modulo 2**256.
    """
    info: Tick = self.tick_words[tick]
    self.tick_words[tick].growth = [unsafe_sub(growth0, info.growth[0]), unsafe_sub(growth1, info.growth[1])]
    self.tick_words[tick].moment = self._minus(present, info.moment) | INITIALIZED
    return convert(convert(self._net(info.liquidity), bytes32), uint256)


# ---------------------------------------------------------------- internals: fees


@internal
@pure
def _per_liquidity(amount: uint256, liquidity: uint256) -> uint256:
    """
    @notice floor(amount * 2**128 / liquidity)
    """
    if amount >> 128 == 0:
        return unsafe_div(amount << 128, liquidity)
    return full_math._mul_div_down(amount, 2**128, liquidity)


@internal
def _fee_growth(paid: uint256, share: uint256, liquidity: uint256, side: uint256) -> uint256:
    """
    @notice Take the protocol's share of a flash fee. Returns the growth from the rest.
    """
    part: uint256 = 0
    if share != 0:
        part = unsafe_div(paid, share)
        self._add_protocol_fee(part, side)
    return self._per_liquidity(unsafe_sub(paid, part), liquidity)


@internal
def _add_protocol_fee(amount: uint256, side: uint256):
    """
    @param side 0 for token0, 128 for token1
    @dev Modulo 2**128, as in Uniswap V3: they have to be collected before
    """
    if amount & MASK_128 != 0:
        fees: uint256 = self.protocol_fees
        sum: uint256 = unsafe_add(fees >> side, amount) & MASK_128
        self.protocol_fees = (fees & (MASK_128 << unsafe_sub(128, side))) | (sum << side)


@internal
@pure
def _all_but_one(requested: uint256, fees: uint256) -> uint256:
    """
    @notice One unit stays, so that the slot does not go to zero
    """
    amount: uint256 = min(requested, fees)
    if amount == fees and amount != 0:
        amount = unsafe_sub(amount, 1)
    return amount


# ---------------------------------------------------------------- internals: positions


@internal
def _modify(slot0_before: uint256, owner: address, lower: int256, upper: int256, delta: int256) -> (uint256, uint256):
    """
    @notice Change the liquidity of a position and bring its fees up to date
    @return amount0, amount1: to be paid, rounded up; or, for a negative delta, owed to the position now, rounded down
    """
    self._check_ticks(lower, upper)
    slot0: uint256 = slot0_before
    tick: int256 = self._tick(slot0)
    growth0: uint256 = self.feeGrowthGlobal0X128
    growth1: uint256 = self.feeGrowthGlobal1X128
    if delta != 0:
        in_range: uint256 = self.in_range
        present: uint256 = 0
        if lower <= tick and tick < upper:
            slot0, in_range, present = self._observe(slot0, in_range)
            self.slot0_word = slot0
            # All positions in range together are below 2**128; what falls below zero is refused for each tick
            self.in_range = unsafe_add(in_range, convert(convert(delta, bytes32), uint256))
        else:
            present = self._moment(slot0, in_range, 0)
        is_new_lower: bool = self._update_tick(lower, delta, delta)
        is_new_upper: bool = self._update_tick(upper, delta, unsafe_sub(0, delta))
        if is_new_lower:
            self._flip(lower)
            self._initialize_tick(lower, tick, growth0, growth1, present)
        if is_new_upper:
            self._flip(upper)
            self._initialize_tick(upper, tick, growth0, growth1, present)

    # What has grown inside of the range: all, less what has grown below the lower and above the upper tick
    below: uint256[2] = self.tick_words[lower].growth
    above: uint256[2] = self.tick_words[upper].growth
    if tick < lower:
        growth0 = unsafe_sub(below[0], above[0])
        growth1 = unsafe_sub(below[1], above[1])
    elif tick < upper:
        growth0 = unsafe_sub(unsafe_sub(growth0, below[0]), above[0])
        growth1 = unsafe_sub(unsafe_sub(growth1, below[1]), above[1])
    else:
        growth0 = unsafe_sub(above[0], below[0])
        growth1 = unsafe_sub(above[1], below[1])

    key: bytes32 = self._position_key(owner, lower, upper)
    words: uint256[4] = self.position_words[key]
    # growth * liquidity / 2**128, rounded down, without a product of over 256 bits
    earned: uint256 = unsafe_sub(growth0, words[1])
    owed0: uint256 = unsafe_add(unsafe_mul(words[0], earned >> 128), unsafe_mul(words[0], earned & MASK_128) >> 128)
    earned = unsafe_sub(growth1, words[2])
    owed1: uint256 = unsafe_add(unsafe_mul(words[0], earned >> 128), unsafe_mul(words[0], earned & MASK_128) >> 128)
    amount0: uint256 = 0
    amount1: uint256 = 0
    if delta == 0:
        if words[0] == 0:
            self._fail(FAIL_NP)
    else:
        words[0] = unsafe_add(words[0], convert(convert(delta, bytes32), uint256))
        if words[0] >> 128 != 0:
            self._fail(FAIL_LS)
        # Of a range, token0 lies above the price and token1 below
        lower_price: uint256 = tick_math._sqrt_ratio_at_tick(lower)
        upper_price: uint256 = tick_math._sqrt_ratio_at_tick(upper)
        price: uint256 = slot0 & MASK_160
        if tick < lower:
            price = lower_price
        elif tick >= upper:
            price = upper_price
        if delta > 0:
            amount0 = price_math._amount0_up(price, upper_price, convert(delta, uint256))
            amount1 = price_math._amount1_up(lower_price, price, convert(delta, uint256))
        else:
            amount0 = price_math._amount0_down(price, upper_price, convert(-delta, uint256))
            amount1 = price_math._amount1_down(lower_price, price, convert(-delta, uint256))
            owed0 = unsafe_add(owed0, amount0)
            owed1 = unsafe_add(owed1, amount1)
            for end: int256 in [lower, upper]:
                if self.tick_words[end].liquidity == 0:
                    self._flip(end)
                    self.tick_words[end] = empty(Tick)
    words[1] = growth0
    words[2] = growth1
    # Modulo 2**128 each, as in Uniswap V3: they have to be collected before
    words[3] = (unsafe_add(words[3], owed0) & MASK_128) | (unsafe_add(words[3] >> 128, owed1) << 128)
    self.position_words[key] = words
    return amount0, amount1


@internal
def _update_tick(tick: int256, delta: int256, net_delta: int256) -> bool:
    """
    @return Whether the tick was not initialised before
    """
    word: uint256 = self.tick_words[tick].liquidity
    gross: uint256 = unsafe_add(word >> 128, convert(convert(delta, bytes32), uint256))
    if gross > convert(maxLiquidityPerTick, uint256):
        if delta < 0:
            # It has wrapped
            self._fail(FAIL_LS)
        self._fail(FAIL_LO)
    # |net| <= gross < 2**127
    self.tick_words[tick].liquidity = (gross << 128) | (unsafe_add(word, convert(convert(net_delta, bytes32), uint256)) & MASK_128)
    return word == 0


@internal
def _initialize_tick(tick: int256, present_tick: int256, growth0: uint256, growth1: uint256, present: uint256):
    """
    @dev By convention, all that was before lay below the tick
    """
    if tick <= present_tick:
        self.tick_words[tick].growth = [growth0, growth1]
        self.tick_words[tick].moment = present
    else:
        self.tick_words[tick].moment = INITIALIZED


@internal
def _flip(tick: int256):
    spacing: int256 = convert(tickSpacing, int256)
    assert tick % spacing == 0  # dev: off spacing
    compressed: int256 = unsafe_div(tick, spacing)
    self.bitmap[compressed >> 8] ^= 1 << convert(convert(compressed & 255, bytes32), uint256)


@internal
@pure
def _check_ticks(lower: int256, upper: int256):
    if lower >= upper:
        self._fail(FAIL_TLU)
    if lower < -tick_math.MAX_TICK:
        self._fail(FAIL_TLM)
    if upper > tick_math.MAX_TICK:
        self._fail(FAIL_TUM)


@internal
@pure
def _position_key(owner: address, lower: int256, upper: int256) -> bytes32:
    # 20, 3 and 3 bytes from the high end
    word: uint256 = (
        (convert(owner, uint256) << 96)
        | ((convert(convert(lower, bytes32), uint256) & MASK_24) << 72)
        | ((convert(convert(upper, bytes32), uint256) & MASK_24) << 48)
    )
    return keccak256(slice(convert(word, bytes32), 0, 26))


# ---------------------------------------------------------------- internals: observations


@internal
def _observe(slot0: uint256, in_range: uint256) -> (uint256, uint256, uint256):
    """
    @notice Once in a block, before its first change of tick or liquidity: note how long the present ones have stood
    @return slot0 and in_range, of which only what concerns observations has changed, and the newest observation
    """
    index: uint256 = (slot0 >> 184) & 65535
    newest: uint256 = self.moments[index]
    elapsed: uint256 = unsafe_sub(block.timestamp, newest) & MASK_32
    if elapsed == 0:
        return slot0, in_range, newest
    present: uint256 = self._after(newest, elapsed, slot0, in_range)
    cardinality: uint256 = (slot0 >> 200) & 65535
    index = unsafe_add(index, 1)
    if index == cardinality:
        # The ring grows where it closes
        cardinality = max(cardinality, (in_range >> 128) & 65535)
        if index == cardinality:
            index = 0
    self.moments[index] = present

    accumulators: uint256 = history._advance(
        history.State(word=self._accumulators(slot0, in_range, newest), elapsed=elapsed, tick=self._tick(slot0), liquidity=in_range & MASK_128)
    )
    return (
        ((slot0 << 72) >> 72) | (index << 184) | (cardinality << 200) | (((slot0 >> 216) & 255) << 216) | (accumulators << 224),
        ((in_range << 112) >> 112) | ((unsafe_sub(accumulators >> 40, present >> 32) & MASK_56) << 144),
        present,
    )


@internal
@pure
def _after(moment: uint256, elapsed: uint256, slot0: uint256, in_range: uint256) -> uint256:
    """
    @notice A moment after the newest observation, with the tick and the liquidity that stand since then
    """
    tick_seconds: uint256 = unsafe_mul(convert(convert(self._tick(slot0), bytes32), uint256), elapsed)
    liquidity: uint256 = max(in_range & MASK_128, 1)
    return (
        (unsafe_add(moment, elapsed) & MASK_32)
        | ((unsafe_add(moment >> 32, tick_seconds) & MASK_56) << 32)
        | ((unsafe_add(moment >> 88, unsafe_div(elapsed << 128, liquidity)) & MASK_160) << 88)
        | INITIALIZED
    )


@internal
@pure
def _minus(a: uint256, b: uint256) -> uint256:
    """
    @notice The time between two moments, field by field; not initialised
    """
    return ((unsafe_sub(a, b) & MASK_32) | ((unsafe_sub(a >> 32, b >> 32) & MASK_56) << 32) | ((unsafe_sub(a >> 88, b >> 88) & MASK_160) << 88))


@internal
@view
def _moment(slot0: uint256, in_range: uint256, ago: uint256) -> uint256:
    """
    @notice Uniswap V3's answer to what was `ago` seconds ago: on the line between the observations around it
    """
    index: uint256 = (slot0 >> 184) & 65535
    cardinality: uint256 = (slot0 >> 200) & 65535
    newest: uint256 = self.moments[index]
    # Times are modulo 2**32, so that only ages can be compared
    age: uint256 = unsafe_sub(block.timestamp, newest) & MASK_32
    if age >= ago:
        return self._after(newest, unsafe_sub(age, ago), slot0, in_range)
    # The oldest one is the next in the ring, or the first, where the ring is not full yet
    oldest: uint256 = unsafe_add(index, 1) % cardinality
    before: uint256 = self.moments[oldest]
    if before < INITIALIZED:
        oldest = 0
        before = self.moments[0]
    if unsafe_sub(block.timestamp, before) & MASK_32 < ago:
        self._fail(FAIL_OLD)
    # Between `low`, which is not younger, and `high`, which is younger
    low: uint256 = oldest
    high: uint256 = index
    if high < low:
        high = unsafe_add(high, cardinality)
    after: uint256 = newest
    for _: uint256 in range(16):
        if unsafe_sub(high, low) <= 1:
            break
        middle: uint256 = unsafe_add(low, high) >> 1
        word: uint256 = self.moments[middle % cardinality]
        if unsafe_sub(block.timestamp, word) & MASK_32 >= ago:
            low = middle
            before = word
        else:
            high = middle
            after = word
    seconds: uint256 = unsafe_sub(after, before) & MASK_32
    passed: uint256 = unsafe_sub(unsafe_sub(block.timestamp, before) & MASK_32, ago)
    if passed == 0:
        return before
    grown: uint256 = self._minus(after, before)
    # Toward zero, and before the product, as Uniswap V3 divides
    mean: int256 = convert(self._tick_sum(grown), int256) // convert(seconds, int256)
    liquidity_seconds: uint256 = unsafe_div(unsafe_mul((grown >> 88) & MASK_160, passed), seconds)
    tick_seconds: uint256 = unsafe_mul(convert(convert(mean, bytes32), uint256), passed)
    return (((unsafe_add(before >> 32, tick_seconds) & MASK_56) << 32) | ((unsafe_add(before >> 88, liquidity_seconds) & MASK_160) << 88))


@internal
@view
def _state() -> history.State:
    """
    @notice What tick and liquidity have been since the newest observation
    """
    slot0: uint256 = self.slot0_word
    in_range: uint256 = self.in_range
    newest: uint256 = self.moments[(slot0 >> 184) & 65535]
    return history.State(
        word=self._accumulators(slot0, in_range, newest),
        elapsed=unsafe_sub(block.timestamp, newest) & MASK_32,
        tick=self._tick(slot0),
        liquidity=in_range & MASK_128,
    )


@internal
@view
def _used() -> uint256:
    """
    @notice USED where the pool has been used in this transaction, or is in use
    """
    lock: uint256 = self.lock
    return USED if lock == LOCKED or lock == block.timestamp else 0


@internal
@pure
def _accumulators(slot0: uint256, in_range: uint256, newest: uint256) -> uint256:
    """
    @notice As of the newest observation
    """
    # Signed: below zero it borrows from the sum of dt / L
    tick_sum: int256 = convert(convert(unsafe_add(newest >> 32, in_range >> 144) << 200, bytes32), int256) >> 160
    return unsafe_add((newest >> 88) << 96, convert(convert(tick_sum, bytes32), uint256)) | (slot0 >> 224)


# ---------------------------------------------------------------- internals: fields


@internal
@pure
def _tick(slot0: uint256) -> int256:
    return convert(convert(slot0 << 72, bytes32), int256) >> 232


@internal
@pure
def _tick_field(tick: int256) -> uint256:
    return (convert(convert(tick, bytes32), uint256) << 232) >> 72


@internal
@pure
def _net(word: uint256) -> int256:
    return convert(convert(word << 128, bytes32), int256) >> 128


@internal
@pure
def _tick_sum(moment: uint256) -> int56:
    return convert(convert(convert(moment << 168, bytes32), int256) >> 200, int56)


@internal
@pure
def _liquidity_sum(moment: uint256) -> uint160:
    return convert((moment >> 88) & MASK_160, uint160)


# ---------------------------------------------------------------- internals: lock, owner, tokens


@internal
@view
def _check_lock() -> uint256:
    """
    @return slot0, which is zero before `initialize`
    """
    slot0: uint256 = self.slot0_word
    if self.lock >= slot0:
        self._fail(FAIL_LOK)
    return slot0


@internal
@view
def _check_owner():
    assert msg.sender == staticcall IRangePoolFactory(factory).owner()  # dev: not the factory's owner


@internal
def _push(token: address, to: address, amount: uint256):
    """
    @dev Tokens that answer nothing have succeeded; those that answer must answer true
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        token,
        abi_encode(to, amount, method_id=method_id("transfer(address,uint256)")),
        max_outsize=32,
        revert_on_failure=False,
    )
    if not success:
        self._fail(FAIL_TF)
    if len(answer) != 0:
        if convert(answer, uint256) == 0:
            self._fail(FAIL_TF)


@internal
@pure
def _fail(reason: uint256):
    """
    @dev One place for all reasons, up to three letters: spelled out where they arise they would be a tenth of the code
    """
    length: uint256 = 3
    if reason < 2**16:
        length = 2
    if reason < 2**8:
        length = 1
    raw_revert(abi_encode(convert(32, uint256), length, reason << unsafe_sub(256, unsafe_mul(8, length)), method_id=method_id("Error(string)")))
