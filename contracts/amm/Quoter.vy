# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Quoter
@license MIT
@notice What a swap over pairs and range pools would give, and how much to swap before adding liquidity (see IQuoter)
@dev Nothing is stored and nothing is called but views of the factories' own pools. A range pool is walked as its swap walks it: every
     initialised tick and every end of a word of the bitmap is a step, because each of them rounds.

     Shares are of 1e18 (wad). A quote takes a swap apart into what the fee leaves of the input, and what the price leaves of
     that: amount_out = amount_in * fee_kept * price before * price_kept.
"""

# ---------------------------------------------------------------- imports

from interfaces import IPair
from interfaces import IPairFactory
from interfaces import IQuoter
from interfaces import IRangePool
from interfaces import IRangePoolFactory

# Products of 512 bits
from contracts.modules import full_math

# Swaps of pairs
from contracts.modules import pair_math

# Swaps of range pools
from contracts.modules import price_math
from contracts.modules import swap_math

# Ticks and prices
from contracts.modules import tick_math

implements: IQuoter

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
MASK_128: constant(uint256) = 2**128 - 1

# Stands for the pair in a path
PAIR: constant(uint24) = 2**23

# More than there are words in the bitmap of the finest spacing (6,932), so that it is ticks that use it up. No block has room for a
# swap of so many steps.
MAX_STEPS: constant(uint256) = 10_000

# ---------------------------------------------------------------- types


struct Hop:
    amount_in: uint256
    amount_out: uint256
    sqrt_price_after: uint256
    # Of 1e18, rounded down: what the fee leaves of the input, and the price of what would come at the price before
    fee_kept: uint256
    price_kept: uint256
    ticks_crossed: uint256


struct Walk:
    # Where a swap is in a range pool
    pool: IRangePool
    spacing: int256
    fee: uint256
    price: uint256
    tick: int256
    liquidity: uint256


# ---------------------------------------------------------------- immutables

pair_factory: public(immutable(address))
range_factory: public(immutable(address))
PAIR_FEE_BPS: immutable(uint256)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(factory_of_pairs: address, factory_of_ranges: address):
    """
    @param factory_of_pairs PairFactory, whose fee is the same for all pairs and never changes
    @param factory_of_ranges RangePoolFactory, or Uniswap V3's own
    """
    pair_factory = factory_of_pairs
    range_factory = factory_of_ranges
    PAIR_FEE_BPS = staticcall IPairFactory(factory_of_pairs).fee_bps()


# ---------------------------------------------------------------- external views: quotes


@view
@external
@reentrant
def quote_exact_in(amount_in: uint256, tokens: DynArray[address, 5], fees: DynArray[uint24, 4]) -> IQuoter.Quote:
    pools: DynArray[address, 4] = self._pools(tokens, fees)
    quote: IQuoter.Quote = IQuoter.Quote(amount=amount_in, sqrt_prices_after_x96=[], price_impact_wad=0, fee_wad=0, ticks_crossed=0)
    fee_kept: uint256 = WAD
    price_kept: uint256 = WAD
    for i: uint256 in range(len(pools), bound=4):
        hop: Hop = self._hop(pools[i], tokens[i], tokens[i + 1], fees[i], quote.amount, True)
        quote.amount = hop.amount_out
        quote.sqrt_prices_after_x96.append(hop.sqrt_price_after)
        quote.ticks_crossed += hop.ticks_crossed
        fee_kept = fee_kept * hop.fee_kept // WAD
        price_kept = price_kept * hop.price_kept // WAD
    quote.fee_wad = WAD - fee_kept
    quote.price_impact_wad = WAD - price_kept
    return quote


@view
@external
@reentrant
def quote_exact_out(amount_out: uint256, tokens: DynArray[address, 5], fees: DynArray[uint24, 4]) -> IQuoter.Quote:
    pools: DynArray[address, 4] = self._pools(tokens, fees)
    quote: IQuoter.Quote = IQuoter.Quote(amount=amount_out, sqrt_prices_after_x96=[], price_impact_wad=0, fee_wad=0, ticks_crossed=0)
    fee_kept: uint256 = WAD
    price_kept: uint256 = WAD
    prices: uint256[4] = empty(uint256[4])
    count: uint256 = len(pools)
    for back: uint256 in range(count, bound=4):
        i: uint256 = count - 1 - back
        hop: Hop = self._hop(pools[i], tokens[i], tokens[i + 1], fees[i], quote.amount, False)
        quote.amount = hop.amount_in
        prices[i] = hop.sqrt_price_after
        quote.ticks_crossed += hop.ticks_crossed
        fee_kept = fee_kept * hop.fee_kept // WAD
        price_kept = price_kept * hop.price_kept // WAD
    for i: uint256 in range(count, bound=4):
        quote.sqrt_prices_after_x96.append(prices[i])
    quote.fee_wad = WAD - fee_kept
    quote.price_impact_wad = WAD - price_kept
    return quote


# ---------------------------------------------------------------- external views: zaps


@view
@external
@reentrant
def zap_in_pair(token0: address, token1: address, amount0: uint256, amount1: uint256) -> (bool, uint256):
    """
    @dev Of reserves x, y and amounts a, b let a be in excess, a / x > b / y. To swap is the s for which what is left fits the pair
         after the swap: (a - s) / (x + s) = (b + out) / (y - out), out = g * s * y / (B * x + g * s), g = B - fee, B = 10,000. The
         fee stays in the pair, so it is part of x + s. In full, divided by b + y:

             g * s**2 + x * (B + g) * s - B * x * (a * y - b * x) / (b + y) = 0

         All amounts and reserves are below 2**112 (the pair takes no more): the discriminant is below 2**254.
    """
    self._check_order(token0, token1)
    reserve0: uint256 = 0
    reserve1: uint256 = 0
    reserve0, reserve1 = self._reserves(self._pool_of(token0, token1, PAIR))
    if reserve0 == 0 or reserve1 == 0:
        # The first to add liquidity sets the price
        return False, 0
    assert amount0 <= pair_math.MAX_RESERVE - reserve0 and amount1 <= pair_math.MAX_RESERVE - reserve1, "quoter: insufficient liquidity"

    value0: uint256 = amount0 * reserve1
    value1: uint256 = amount1 * reserve0
    zero_for_one: bool = value0 > value1
    x: uint256 = reserve0
    y: uint256 = reserve1
    b: uint256 = amount1
    excess: uint256 = 0
    if zero_for_one:
        excess = value0 - value1
    else:
        x = reserve1
        y = reserve0
        b = amount0
        excess = value1 - value0
    g: uint256 = pair_math.BPS - PAIR_FEE_BPS
    half: uint256 = x * (pair_math.BPS + g)
    root: uint256 = isqrt(half * half + full_math._mul_div_down(4 * g * pair_math.BPS * x, excess, b + y))
    amount_in: uint256 = (root - half) // (2 * g)
    if pair_math._amount_out(amount_in, x, y, PAIR_FEE_BPS) == 0:
        # The pair swaps nothing for nothing
        return zero_for_one, 0
    return zero_for_one, amount_in


@view
@external
@reentrant
def zap_in_range(
    token0: address, token1: address, fee: uint24, tick_lower: int24, tick_upper: int24, amount0: uint256, amount1: uint256
) -> (bool, uint256, uint256):
    self._check_order(token0, token1)
    lower_tick: int256 = convert(tick_lower, int256)
    upper_tick: int256 = convert(tick_upper, int256)
    assert -tick_math.MAX_TICK <= lower_tick and lower_tick < upper_tick and upper_tick <= tick_math.MAX_TICK, "quoter: ticks"
    assert fee != PAIR, "quoter: no pool"
    assert amount0 <= MASK_128 and amount1 <= MASK_128, "quoter: insufficient liquidity"
    walk: Walk = self._open(self._pool_of(token0, token1, fee), fee)
    lower: uint256 = tick_math._sqrt_ratio_at_tick(lower_tick)
    upper: uint256 = tick_math._sqrt_ratio_at_tick(upper_tick)

    zero_for_one: bool = self._is_surplus(walk.price, lower, upper, amount0, amount1, True)
    left: uint256 = amount0
    other: uint256 = amount1
    if not zero_for_one:
        left = amount1
        other = amount0
        if not self._is_surplus(walk.price, lower, upper, left, other, False):
            return False, 0, walk.price
    spent: uint256 = 0
    # Where a swap of `spent` ends: it stands still before a gap in the liquidity, while the walk goes on through
    price_after: uint256 = walk.price
    limit: uint256 = self._limit(zero_for_one)
    for _: uint256 in range(MAX_STEPS):
        if walk.price == limit:
            return zero_for_one, spent, price_after
        next: int256 = 0
        is_initialized: bool = False
        next, is_initialized = self._next_tick(walk, zero_for_one)
        next_price: uint256 = tick_math._sqrt_ratio_at_tick(next)
        target: uint256 = self._nearer(next_price, limit, zero_for_one)
        paid: uint256 = 0
        received: uint256 = 0
        paid, received = self._segment(walk.price, target, walk.liquidity, walk.fee, zero_for_one)
        goes_on: bool = paid <= left
        if goes_on:
            # Asked of the amounts as they really are then: how much is right depends on roundings where liquidity is small
            goes_on = self._is_surplus(target, lower, upper, left - paid, other + received, zero_for_one)
        if not goes_on:
            if walk.liquidity == 0:
                return zero_for_one, spent, price_after
            part: uint256 = min(self._part_to_swap(walk, target, lower, upper, left, other, zero_for_one), paid)
            if part == paid:
                price_after = target
            elif part != 0:
                price_after = swap_math._step(walk.price, target, walk.liquidity, convert(part, int256), walk.fee)[0]
            return zero_for_one, spent + part, price_after
        spent += paid
        left -= paid
        other += received
        if walk.liquidity != 0:
            price_after = target
        walk.price = target
        if target == next_price:
            walk = self._cross(walk, next, is_initialized, zero_for_one)
    raise "quoter: too many ticks"


# ---------------------------------------------------------------- internals: paths


@internal
@view
def _pools(tokens: DynArray[address, 5], fees: DynArray[uint24, 4]) -> DynArray[address, 4]:
    assert len(fees) != 0 and len(tokens) == len(fees) + 1, "quoter: path"
    pools: DynArray[address, 4] = []
    for i: uint256 in range(len(fees), bound=4):
        pool: address = self._pool_of(tokens[i], tokens[i + 1], fees[i])
        # The second swap in a pool would not find it as it is now
        assert pool not in pools, "quoter: path"
        pools.append(pool)
    return pools


@internal
@view
def _pool_of(token_a: address, token_b: address, fee: uint24) -> address:
    assert token_a != token_b, "quoter: path"
    pool: address = empty(address)
    if fee == PAIR:
        pool = staticcall IPairFactory(pair_factory).getPair(token_a, token_b)
    else:
        pool = staticcall IRangePoolFactory(range_factory).getPool(token_a, token_b, fee)
    assert pool != empty(address), "quoter: no pool"
    return pool


@internal
@view
def _hop(pool: address, token_in: address, token_out: address, fee: uint24, amount: uint256, exact_in: bool) -> Hop:
    assert amount != 0, "quoter: zero amount"
    zero_for_one: bool = convert(token_in, uint160) < convert(token_out, uint160)
    if fee == PAIR:
        return self._swap_in_pair(pool, zero_for_one, amount, exact_in)
    return self._swap_in_range_pool(pool, fee, zero_for_one, amount, exact_in)


@internal
@pure
def _check_order(token0: address, token1: address):
    assert convert(token0, uint160) < convert(token1, uint160), "quoter: order"


# ---------------------------------------------------------------- internals: pairs


@internal
@view
def _reserves(pair: address) -> (uint256, uint256):
    reserve0: uint112 = 0
    reserve1: uint112 = 0
    changed_ts: uint32 = 0
    reserve0, reserve1, changed_ts = staticcall IPair(pair).getReserves()
    return convert(reserve0, uint256), convert(reserve1, uint256)


@internal
@view
def _swap_in_pair(pair: address, zero_for_one: bool, amount: uint256, exact_in: bool) -> Hop:
    reserve_in: uint256 = 0
    reserve_out: uint256 = 0
    reserve_in, reserve_out = self._reserves(pair)
    if not zero_for_one:
        reserve0: uint256 = reserve_in
        reserve_in = reserve_out
        reserve_out = reserve0
    assert reserve_in != 0 and reserve_out != 0, "quoter: insufficient liquidity"

    amount_in: uint256 = amount
    amount_out: uint256 = amount
    if not exact_in:
        assert amount_out < reserve_out, "quoter: insufficient liquidity"
        amount_in = pair_math._amount_in(amount_out, reserve_in, reserve_out, PAIR_FEE_BPS)
    assert amount_in <= pair_math.MAX_RESERVE - reserve_in, "quoter: insufficient liquidity"
    if exact_in:
        amount_out = pair_math._amount_out(amount_in, reserve_in, reserve_out, PAIR_FEE_BPS)
        assert amount_out != 0, "quoter: zero amount"

    g: uint256 = pair_math.BPS - PAIR_FEE_BPS
    after_in: uint256 = reserve_in + amount_in
    after_out: uint256 = reserve_out - amount_out
    sqrt_price_after: uint256 = 0
    if zero_for_one:
        sqrt_price_after = self._sqrt_ratio(after_out, after_in)
    else:
        sqrt_price_after = self._sqrt_ratio(after_in, after_out)
    return Hop(
        amount_in=amount_in,
        amount_out=amount_out,
        sqrt_price_after=sqrt_price_after,
        fee_kept=WAD * g // pair_math.BPS,
        # amount_out / (amount_in * g / BPS * reserve_out / reserve_in): no product exceeds 2**238
        price_kept=full_math._mul_div_down(amount_out * reserve_in, WAD * pair_math.BPS, amount_in * g * reserve_out),
        ticks_crossed=0,
    )


@internal
@pure
def _sqrt_ratio(reserve1: uint256, reserve0: uint256) -> uint256:
    """
    @notice sqrt(reserve1 / reserve0) * 2**96, rounded down; from 2**128 on to a multiple of 2**32. Both are below 2**112, not 0.
    """
    if reserve1 >> 64 < reserve0:
        return isqrt(full_math._mul_div_down(reserve1, 2**192, reserve0))
    return isqrt(full_math._mul_div_down(reserve1, 2**128, reserve0)) << 32


# ---------------------------------------------------------------- internals: range pools


@internal
@view
def _open(pool: address, fee: uint24) -> Walk:
    price: uint160 = 0
    tick: int24 = 0
    index: uint16 = 0
    cardinality: uint16 = 0
    room: uint16 = 0
    fee_protocol: uint8 = 0
    unlocked: bool = False
    price, tick, index, cardinality, room, fee_protocol, unlocked = staticcall IRangePool(pool).slot0()
    # Not initialised: it has no price
    assert price != 0, "quoter: no pool"
    liquidity: uint128 = staticcall IRangePool(pool).liquidity()
    spacing: int24 = staticcall IRangePool(pool).tickSpacing()
    return Walk(
        pool=IRangePool(pool),
        spacing=convert(spacing, int256),
        fee=convert(fee, uint256),
        price=convert(price, uint256),
        tick=convert(tick, int256),
        liquidity=convert(liquidity, uint256),
    )


@internal
@view
def _swap_in_range_pool(pool: address, fee: uint24, zero_for_one: bool, amount: uint256, exact_in: bool) -> Hop:
    assert amount <= convert(max_value(int256), uint256), "quoter: insufficient liquidity"
    walk: Walk = self._open(pool, fee)
    price_before: uint256 = walk.price
    limit: uint256 = self._limit(zero_for_one)
    remaining: int256 = convert(amount, int256)
    if not exact_in:
        remaining = -remaining
    amount_in: uint256 = 0
    amount_out: uint256 = 0
    fees: uint256 = 0
    crossed: uint256 = 0
    for _: uint256 in range(MAX_STEPS):
        if remaining == 0:
            break
        assert walk.price != limit, "quoter: insufficient liquidity"
        next: int256 = 0
        is_initialized: bool = False
        next, is_initialized = self._next_tick(walk, zero_for_one)
        next_price: uint256 = tick_math._sqrt_ratio_at_tick(next)
        step_in: uint256 = 0
        step_out: uint256 = 0
        step_fee: uint256 = 0
        walk.price, step_in, step_out, step_fee = swap_math._step(
            walk.price, self._nearer(next_price, limit, zero_for_one), walk.liquidity, remaining, walk.fee
        )
        if exact_in:
            remaining -= convert(step_in + step_fee, int256)
        else:
            remaining += convert(step_out, int256)
        amount_in += step_in + step_fee
        amount_out += step_out
        fees += step_fee
        if walk.price == next_price:
            walk = self._cross(walk, next, is_initialized, zero_for_one)
            if is_initialized:
                crossed += 1
    assert remaining == 0, "quoter: too many ticks"

    net: uint256 = amount_in - fees
    return Hop(
        amount_in=amount_in,
        amount_out=amount_out,
        sqrt_price_after=walk.price,
        fee_kept=full_math._mul_div_down(net, WAD, amount_in),
        price_kept=self._price_kept(amount_out, net, price_before, zero_for_one),
        ticks_crossed=crossed,
    )


@internal
@pure
def _price_kept(amount_out: uint256, net: uint256, price: uint256, zero_for_one: bool) -> uint256:
    """
    @notice amount_out / (net * the price of the input in terms of the output), of 1e18, rounded down
    @dev The output is brought back to the input's unit: that is less than `net`, and amounts are below 2**193, so that nothing overflows
    """
    if net == 0:
        # All was fee
        return WAD
    output: uint256 = amount_out * WAD
    if price >> 128 == 0:
        if zero_for_one:
            output = full_math._mul_div_down(output, 2**192, price * price)
        else:
            output = full_math._mul_div_down(output, price * price, 2**192)
    elif zero_for_one:
        output = full_math._mul_div_down(output, 2**128, full_math._mul_div_up(price, price, 2**64))
    else:
        output = full_math._mul_div_down(output, full_math._mul_div_down(price, price, 2**64), 2**128)
    return min(output // net, WAD)


@internal
@view
def _next_tick(walk: Walk, down: bool) -> (int256, bool):
    """
    @notice The next initialised tick in the same word of the bitmap, or the end of the word; within the limits of ticks
    @dev Downwards the present tick counts, upwards it does not
    """
    compressed: int256 = walk.tick // walk.spacing
    if compressed * walk.spacing > walk.tick:
        # The division goes toward zero
        compressed -= 1
    if not down:
        compressed += 1
    word: uint256 = staticcall walk.pool.tickBitmap(convert(compressed >> 8, int16))
    bit: int256 = compressed & 255
    if down:
        # This bit and all below it come to the upper end
        word <<= convert(255 - bit, uint256)
        if word != 0:
            bit = 255 - convert(tick_math._highest_bit(word), int256)
        return max((compressed - bit) * walk.spacing, -tick_math.MAX_TICK), word != 0
    word >>= convert(bit, uint256)
    bit = 255 - bit
    if word != 0:
        # The lowest bit alone
        bit = convert(tick_math._highest_bit(word & unsafe_sub(0, word)), int256)
    return min((compressed + bit) * walk.spacing, tick_math.MAX_TICK), word != 0


@internal
@view
def _cross(walk: Walk, tick: int256, is_initialized: bool, down: bool) -> Walk:
    """
    @notice The price has come to a tick
    """
    after: Walk = walk
    after.tick = tick
    if down:
        after.tick -= 1
    if is_initialized:
        net: int256 = self._liquidity_net(walk.pool, tick)
        if down:
            net = -net
        after.liquidity = convert(convert(walk.liquidity, int256) + net, uint256)
    return after


@internal
@view
def _liquidity_net(pool: IRangePool, tick: int256) -> int256:
    gross: uint128 = 0
    net: int128 = 0
    growth0: uint256 = 0
    growth1: uint256 = 0
    tick_sum: int56 = 0
    seconds_per_liquidity: uint160 = 0
    seconds: uint32 = 0
    is_initialized: bool = False
    gross, net, growth0, growth1, tick_sum, seconds_per_liquidity, seconds, is_initialized = staticcall pool.ticks(convert(tick, int24))
    return convert(net, int256)


@internal
@pure
def _limit(down: bool) -> uint256:
    """
    @notice Where a swap without a limit of its own ends at the latest
    """
    return tick_math.MIN_SQRT_RATIO + 1 if down else tick_math.MAX_SQRT_RATIO - 1


@internal
@pure
def _nearer(a: uint256, b: uint256, down: bool) -> uint256:
    return max(a, b) if down else min(a, b)


# ---------------------------------------------------------------- internals: zaps into ranges

# Of liquidity L at a price p (a square root) a range from l to u holds L * (1/p - 1/u) of token0 and L * (p - l) of token1. Of
# the virtual reserves L/p and L*p that is the parts (u - p) / u and (p - l) / p. Beside that an amount can be told as the liquidity of
# which it would be the virtual reserve: amount0 * p, amount1 / p. In these terms both tokens look alike.


@internal
@pure
def _parts(price: uint256, lower: uint256, upper: uint256) -> (uint256, uint256):
    """
    @notice What part of the virtual reserves a range holds at a price, of 2**128: token0, token1
    """
    part0: uint256 = 0
    part1: uint256 = 0
    if price < upper:
        part0 = full_math._mul_div_down(upper - max(price, lower), 2**128, upper)
    if price > lower:
        part1 = full_math._mul_div_down(min(price, upper) - lower, 2**128, min(price, upper))
    return part0, part1


@internal
@pure
def _as_liquidity(price: uint256, amount0: uint256, amount1: uint256) -> (uint256, uint256):
    """
    @notice The liquidity of which amounts below 2**128 would be the virtual reserves, times 2**64
    """
    return full_math._mul_div_down(amount0, price << 64, 2**96), full_math._mul_div_down(amount1, 2**160, price)


@internal
@pure
def _is_surplus(price: uint256, lower: uint256, upper: uint256, left: uint256, other: uint256, zero_for_one: bool) -> bool:
    """
    @notice Is there more of the input (token0 if `zero_for_one`) than the range takes with all of the other token?
    """
    part0: uint256 = 0
    part1: uint256 = 0
    part0, part1 = self._parts(price, lower, upper)
    value0: uint256 = 0
    value1: uint256 = 0
    if zero_for_one:
        value0, value1 = self._as_liquidity(price, left, other)
    else:
        value0, value1 = self._as_liquidity(price, other, left)
    value0 = full_math._mul_div_down(value0, part1, 2**128)
    value1 = full_math._mul_div_down(value1, part0, 2**128)
    return value0 > value1 if zero_for_one else value1 > value0


@internal
@pure
def _segment(price: uint256, target: uint256, liquidity: uint256, fee: uint256, zero_for_one: bool) -> (uint256, uint256):
    """
    @notice What a step from one price to the other takes, fee included, and what it gives
    """
    amount_in: uint256 = 0
    amount_out: uint256 = 0
    if zero_for_one:
        amount_in = price_math._amount0_up(target, price, liquidity)
        amount_out = price_math._amount1_down(target, price, liquidity)
    else:
        amount_in = price_math._amount1_up(price, target, liquidity)
        amount_out = price_math._amount0_down(price, target, liquidity)
    return amount_in + swap_math._fee_up(amount_in, fee), amount_out


@internal
@pure
def _part_to_swap(walk: Walk, target: uint256, lower: uint256, upper: uint256, left: uint256, other: uint256, zero_for_one: bool) -> uint256:
    """
    @notice How much to swap so that the range takes the rest, if that is reached before `target`
    """
    # Outside of the range only the other token is wanted: first to its edge
    edge: uint256 = self._nearer(target, min(walk.price, upper), True)
    if not zero_for_one:
        edge = self._nearer(target, max(walk.price, lower), False)
    paid: uint256 = 0
    received: uint256 = 0
    paid, received = self._segment(walk.price, edge, walk.liquidity, walk.fee, zero_for_one)
    if paid >= left:
        return left
    part: uint256 = self._solve(edge, lower, upper, walk.liquidity, walk.fee, left - paid, other + received, zero_for_one)
    return min(paid + part, left)


@internal
@pure
def _solve(
    price: uint256,
    lower: uint256,
    upper: uint256,
    liquidity: uint256,
    fee: uint256,
    left: uint256,
    other: uint256,
    zero_for_one: bool,
) -> uint256:
    """
    @notice What to swap at a price within the range, at constant liquidity, fee included
    @dev In shares of the virtual reserves let `left` be a, `other` b, and the swap's input without fee n; k = 1 / (1 - fee) = 1 + f. The
         range holds the part i of the input's reserve and o of the other one. After the swap these are n + i and o - (1 - o) * n, over
         1 + n both, and what is left is to be in the same proportion:

             (a - k * n) * (o - (1 - o) * n) = (b + (1 + b) * n) * (i + n)
             (b + o - f * (1 - o)) * n**2 + (b + i + b * i + a * (1 - o) + k * o) * n - (a * o - b * i) = 0

         The first solution is the smaller positive one: 2 * C / (B + sqrt(B**2 + 4 * A * C)). Shares have as many binary places as
         leave room for the greatest of them in 125 bits, so that the discriminant is below 2**255.
    """
    part_in: uint256 = 0
    part_out: uint256 = 0
    share_in: uint256 = 0
    share_out: uint256 = 0
    if zero_for_one:
        part_in, part_out = self._parts(price, lower, upper)
        share_in, share_out = self._as_liquidity(price, left, other)
    else:
        part_out, part_in = self._parts(price, lower, upper)
        share_out, share_in = self._as_liquidity(price, other, left)
    rest: uint256 = swap_math.PIPS - fee
    places: uint256 = 125
    greatest: uint256 = max(max(share_in, share_out) // (liquidity << 64), fee // rest)
    # The amounts would move the price by more than there are prices
    assert greatest >> 96 == 0, "quoter: insufficient liquidity"
    if greatest != 0:
        places = 124 - tick_math._highest_bit(greatest)
    one: uint256 = 1 << places
    share_in = full_math._mul_div_down(share_in, one, liquidity << 64)
    share_out = full_math._mul_div_down(share_out, one, liquidity << 64)
    part_in >>= 128 - places
    part_out >>= 128 - places
    fee_share: uint256 = (fee << places) // rest

    surplus: uint256 = share_in * part_out >> places
    needed: uint256 = share_out * part_in >> places
    if surplus <= needed:
        return 0
    surplus -= needed
    square: uint256 = share_out + part_out
    minus: uint256 = fee_share * (one - part_out) >> places
    linear: uint256 = (share_out + part_in + needed + (share_in * (one - part_out) >> places) + part_out + (fee_share * part_out >> places))
    root: uint256 = linear * linear
    if square >= minus:
        root += 4 * (square - minus) * surplus
    else:
        bent: uint256 = 4 * (minus - square) * surplus
        root -= min(root, bent)
    # n * liquidity * 2**32
    net: uint256 = full_math._mul_div_down(2 * surplus, liquidity << 32, linear + isqrt(root))
    if zero_for_one:
        net = full_math._mul_div_down(net, 2**64, price)
    else:
        net = full_math._mul_div_down(net, price, 2**128)
    return full_math._mul_div_down(net, swap_math.PIPS, rest)
