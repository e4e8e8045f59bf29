# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title Router
@license MIT
@notice Swaps, liquidity and zaps over pairs and range pools; and all calls of Uniswap's UniswapV2Router02 (see IRouter)
@dev Two halves share the helpers.
       - Under Uniswap's names (camelCase), without a lock: tokens that sell their own fees call a router within their transfers. They pay
         out exactly what they computed: whoever takes something out of the router in between makes the outer call fail.
       - Our own (snake_case), locked against one another.
     Who pays is written `payer`: the caller, this contract (what an earlier hop brought here), the receiver itself (it has been paid
     already), or zero (the coin, wrapped).

     Optimised for size: for gas it would not fit into one contract.
"""

from ethereum.ercs import IERC20

from interfaces import IPair
from interfaces import IPairFactory
from interfaces import IPositionManager
from interfaces import IQuoter
from interfaces import IRangePoolFactory
from interfaces import IRouter

implements: IRouter

# ---------------------------------------------------------------- interfaces


interface Wrapper:
    def deposit(): payable
    def withdraw(amount: uint256): nonpayable


# IPair and IRangePool, with less room for data, which is empty; and without the time
interface Venue:
    def swap(amount0Out: uint256, amount1Out: uint256, to: address, data: Bytes[32]): nonpayable
    def getReserves() -> (uint256, uint256): view


interface Pool:
    def swap(recipient: address, zeroForOne: bool, amountSpecified: int256, sqrtPriceLimitX96: uint160, data: Bytes[32]) -> (
        int256, int256
    ): nonpayable


interface Positions:
    def positions(tokenId: uint256) -> Position: view


# What `positions` answers; what is not used stays a word
struct Position:
    nonce: uint256
    operator: uint256
    token0: address
    token1: address
    fee: uint24
    tick_lower: int24
    tick_upper: int24
    liquidity: uint128
    fee_growth_inside0_last_x128: uint256
    fee_growth_inside1_last_x128: uint256
    tokens_owed0: uint256
    tokens_owed1: uint256


# ---------------------------------------------------------------- constants

# The fee that stands for a pair in a path: no tier can be so high
PAIR: constant(uint24) = 2**23
BPS: constant(uint256) = 10_000
MAX_PATH: constant(uint256) = 8
MAX_HOPS: constant(uint256) = 4

# Next to the limits of a range pool's price: swaps end where their amount does
MIN_LIMIT: constant(uint160) = 4295128740
MAX_LIMIT: constant(uint160) = 1461446703485210103287273052203988822378723970341

MAX_128: constant(uint128) = max_value(uint128)
MASK_160: constant(uint256) = 2**160 - 1

# Where a path under Uniswap's names has the native coin
NOWHERE: constant(uint256) = 0
AT_START: constant(uint256) = 1
AT_END: constant(uint256) = 2

# Which amount a swap under Uniswap's names holds fixed
EXACT_IN: constant(uint256) = 0
EXACT_OUT: constant(uint256) = 1
WHAT_ARRIVES: constant(uint256) = 2

# Prefixes of reasons
OWN: constant(uint256) = 0
ROUTER02: constant(uint256) = 1
LIBRARY: constant(uint256) = 2
HELPER: constant(uint256) = 3

# ---------------------------------------------------------------- immutables

factory: public(immutable(address))
WETH: public(immutable(address))
range_factory: public(immutable(address))
position_manager: public(immutable(address))
quoter: public(immutable(address))
PAIR_CODE_HASH: immutable(bytes32)
POOL_CODE_HASH: immutable(bytes32)
# What is left of an input after the pairs' fee is KEPT / WHOLE of it, in lowest terms: 997 / 1000 for 30 bps
KEPT: immutable(uint256)
WHOLE: immutable(uint256)

# ---------------------------------------------------------------- transient storage

# Whose multicall is going on
holder: transient(address)
# The range pool that may call back, once
pool: transient(address)
# How many hops are still to be bought to pay it; 0: it is paid with `token`, by `payer`
hops_left: transient(uint256)
token: transient(address)
payer: transient(address)
# Of an exact output: what was paid of the first token
spent: transient(uint256)
# The path of an exact output: fee << 160 | token
path: transient(uint256[5])

# ---------------------------------------------------------------- constructor


@deploy
def __init__(pair_factory: address, pool_factory: address, manager: address, wrapped_native: address, quotes: address):
    """
    @param pair_factory PairFactory
    @param pool_factory RangePoolFactory
    @param manager PositionManager of the same range pools
    @param wrapped_native WETH9, or what a chain has in its place
    @param quotes Quoter of the same factories
    """
    factory = pair_factory
    range_factory = pool_factory
    position_manager = manager
    WETH = wrapped_native
    quoter = quotes
    PAIR_CODE_HASH = staticcall IPairFactory(pair_factory).init_code_hash()
    POOL_CODE_HASH = staticcall IRangePoolFactory(pool_factory).init_code_hash()

    kept: uint256 = BPS - staticcall IPairFactory(pair_factory).fee_bps()
    divisor: uint256 = BPS
    rest: uint256 = kept
    # Euclid's algorithm: below 10,000 it takes at most 19 steps
    for i: uint256 in range(20):
        if rest == 0:
            break
        next_rest: uint256 = divisor % rest
        divisor = rest
        rest = next_rest
    KEPT = kept // divisor
    WHOLE = BPS // divisor


@external
@payable
@reentrant
def __default__():
    # The coin comes from the wrapper, with 2,300 gas, or along with a call
    assert msg.sender == WETH  # dev: not the wrapper


# ---------------------------------------------------------------- swaps


@external
@payable
def swap_exact_in(
    amount_in: uint256,
    min_out: uint256,
    tokens: DynArray[address, 5],
    fees: DynArray[uint24, 4],
    recipient: address,
    deadline: uint256,
) -> uint256:
    self._enter(deadline, recipient)
    hops: uint256 = len(fees)
    names: DynArray[address, 5] = self._path(amount_in, tokens, hops)
    receiver: address = self if tokens[hops] == empty(address) else recipient
    before: uint256 = self._balance(names[hops], receiver)

    amount: uint256 = amount_in
    payer: address = self._payer(tokens[0])
    venue: address = self._venue(names[0], names[1], fees[0])
    for i: uint256 in range(hops, bound=MAX_HOPS):
        to: address = receiver
        next_venue: address = empty(address)
        if i + 1 != hops:
            next_venue = self._venue(names[i + 1], names[i + 2], fees[i + 1])
            # To a pair the tokens go at once, a range pool is paid from here
            to = next_venue if fees[i + 1] == PAIR else self
        amount = self._trade(venue, names[i], names[i + 1], fees[i], amount, payer, to)
        venue = next_venue
        payer = to
    # Not what the pools say: a token may take a fee
    amount = self._balance(names[hops], receiver) - before
    self._check_out(amount, min_out)
    if receiver == self:
        self._unwrap(recipient, amount)
    self._leave()
    return amount


@external
@payable
def swap_exact_out(
    amount_out: uint256,
    max_in: uint256,
    tokens: DynArray[address, 5],
    fees: DynArray[uint24, 4],
    recipient: address,
    deadline: uint256,
) -> uint256:
    self._enter(deadline, recipient)
    hops: uint256 = len(fees)
    names: DynArray[address, 5] = self._path(amount_out, tokens, hops)
    receiver: address = self if tokens[hops] == empty(address) else recipient
    before: uint256 = self._balance(names[hops], receiver)

    self.token = names[0]
    self.payer = self._payer(tokens[0])
    for i: uint256 in range(hops, bound=MAX_HOPS):
        self.path[i] = (convert(fees[i], uint256) << 160) | convert(names[i], uint256)
    self.path[hops] = convert(names[hops], uint256)
    self._buy(hops, amount_out, receiver)

    amount_in: uint256 = self.spent
    if amount_in > max_in:
        self._fail(OWN, "too much in")
    self._check_out(self._balance(names[hops], receiver) - before, amount_out)
    if receiver == self:
        self._unwrap(recipient, amount_out)
    self._leave()
    return amount_in


# ---------------------------------------------------------------- liquidity of pairs


@external
@payable
def add_liquidity(
    token_a: address,
    token_b: address,
    amount_a: uint256,
    amount_b: uint256,
    min_a: uint256,
    min_b: uint256,
    recipient: address,
    deadline: uint256,
) -> (uint256, uint256, uint256):
    self._enter(deadline, recipient)
    a: uint256 = 0
    b: uint256 = 0
    liquidity: uint256 = 0
    a, b, liquidity = self._add(
        self._wrapped(token_a), self._wrapped(token_b), amount_a, amount_b, 0, 0, self._payer(token_a), self._payer(token_b), recipient
    )
    if a < min_a or b < min_b:
        self._fail(OWN, "too little added")
    self._leave()
    return a, b, liquidity


@external
@payable
def remove_liquidity(
    token_a: address,
    token_b: address,
    liquidity: uint256,
    min_a: uint256,
    min_b: uint256,
    recipient: address,
    deadline: uint256,
) -> (uint256, uint256):
    self._enter(deadline, recipient)
    a: uint256 = 0
    b: uint256 = 0
    if token_a == empty(address) or token_b == empty(address):
        a, b = self._burn_own(token_a, token_b, liquidity, self)
        a = self._deliver(token_a, recipient, a, min_a)
        b = self._deliver(token_b, recipient, b, min_b)
    else:
        before_a: uint256 = self._balance(token_a, recipient)
        before_b: uint256 = self._balance(token_b, recipient)
        self._burn_own(token_a, token_b, liquidity, recipient)
        a = self._balance(token_a, recipient) - before_a
        b = self._balance(token_b, recipient) - before_b
        self._check_out(a, min_a)
        self._check_out(b, min_b)
    self._leave()
    return a, b


# ---------------------------------------------------------------- zaps


@external
@payable
def zap_in_pair(
    token_a: address,
    token_b: address,
    amount_a: uint256,
    amount_b: uint256,
    min_liquidity: uint256,
    recipient: address,
    deadline: uint256,
) -> uint256:
    self._enter(deadline, recipient)
    a: address = self._wrapped(token_a)
    b: address = self._wrapped(token_b)
    first: bool = self._is_first(a, b)
    zero_for_one: bool = False
    amount_in: uint256 = 0
    zero_for_one, amount_in = staticcall IQuoter(quoter).zap_in_pair(
        a if first else b, b if first else a, amount_a if first else amount_b, amount_b if first else amount_a
    )
    have_a: uint256 = 0
    have_b: uint256 = 0
    have_a, have_b = self._even_out(token_a, token_b, PAIR, amount_a, amount_b, zero_for_one == first, amount_in)
    added_a: uint256 = 0
    added_b: uint256 = 0
    liquidity: uint256 = 0
    added_a, added_b, liquidity = self._add(a, b, have_a, have_b, 0, 0, self, self, recipient)
    self._finish_zap(token_a, token_b, have_a - added_a, have_b - added_b, liquidity, min_liquidity)
    return liquidity


@external
@payable
def zap_out_pair(
    token_out: address,
    token_other: address,
    liquidity: uint256,
    min_out: uint256,
    recipient: address,
    deadline: uint256,
) -> uint256:
    self._enter(deadline, recipient)
    out: uint256 = 0
    other: uint256 = 0
    out, other = self._burn_own(token_out, token_other, liquidity, self)
    return self._sell_and_deliver(token_out, self._wrapped(token_other), PAIR, out, other, min_out, recipient)


@external
@payable
def zap_in_range(
    token0: address,
    token1: address,
    fee: uint24,
    tick_lower: int24,
    tick_upper: int24,
    amount0: uint256,
    amount1: uint256,
    min_liquidity: uint256,
    recipient: address,
    deadline: uint256,
) -> (uint256, uint128, uint256, uint256):
    self._enter(deadline, recipient)
    have0: uint256 = 0
    have1: uint256 = 0
    have0, have1 = self._even_out_range(token0, token1, fee, tick_lower, tick_upper, amount0, amount1)
    token_id: uint256 = 0
    liquidity: uint128 = 0
    added0: uint256 = 0
    added1: uint256 = 0
    token_id, liquidity, added0, added1 = extcall IPositionManager(position_manager).mint(
        IPositionManager.MintParams(
            token0=self._wrapped(token0),
            token1=self._wrapped(token1),
            fee=fee,
            tickLower=tick_lower,
            tickUpper=tick_upper,
            amount0Desired=have0,
            amount1Desired=have1,
            amount0Min=0,
            amount1Min=0,
            recipient=recipient,
            deadline=deadline,
        )
    )
    self._finish_zap(token0, token1, have0 - added0, have1 - added1, convert(liquidity, uint256), min_liquidity)
    return token_id, liquidity, added0, added1


@external
@payable
def zap_in_position(
    token_id: uint256,
    token0: address,
    token1: address,
    amount0: uint256,
    amount1: uint256,
    min_liquidity: uint256,
    deadline: uint256,
) -> (uint128, uint256, uint256):
    self._enter(deadline, msg.sender)
    position: Position = self._position(token_id)
    if position.token0 != self._wrapped(token0) or position.token1 != self._wrapped(token1):
        self._fail(OWN, "tokens")
    have0: uint256 = 0
    have1: uint256 = 0
    have0, have1 = self._even_out_range(token0, token1, position.fee, position.tick_lower, position.tick_upper, amount0, amount1)
    liquidity: uint128 = 0
    added0: uint256 = 0
    added1: uint256 = 0
    liquidity, added0, added1 = extcall IPositionManager(position_manager).increaseLiquidity(
        IPositionManager.IncreaseLiquidityParams(
            tokenId=token_id, amount0Desired=have0, amount1Desired=have1, amount0Min=0, amount1Min=0, deadline=deadline
        )
    )
    self._finish_zap(token0, token1, have0 - added0, have1 - added1, convert(liquidity, uint256), min_liquidity)
    return liquidity, added0, added1


@external
@payable
def zap_out_range(
    token_id: uint256, liquidity: uint128, token_out: address, min_out: uint256, recipient: address, deadline: uint256
) -> uint256:
    self._enter(deadline, recipient)
    # The router is approved for the position: the position manager does not ask who calls here
    if staticcall IPositionManager(position_manager).ownerOf(token_id) != msg.sender:
        self._fail(OWN, "not the owner")
    position: Position = self._position(token_id)
    removed: uint128 = position.liquidity if liquidity == MAX_128 else liquidity
    if removed != 0:
        extcall IPositionManager(position_manager).decreaseLiquidity(
            IPositionManager.DecreaseLiquidityParams(tokenId=token_id, liquidity=removed, amount0Min=0, amount1Min=0, deadline=deadline)
        )
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = extcall IPositionManager(position_manager).collect(
        IPositionManager.CollectParams(tokenId=token_id, recipient=self, amount0Max=MAX_128, amount1Max=MAX_128)
    )
    wrapped_out: address = self._wrapped(token_out)
    if wrapped_out == position.token0:
        return self._sell_and_deliver(token_out, position.token1, position.fee, amount0, amount1, min_out, recipient)
    if wrapped_out != position.token1:
        self._fail(OWN, "tokens")
    return self._sell_and_deliver(token_out, position.token0, position.fee, amount1, amount0, min_out, recipient)


# ---------------------------------------------------------------- permits, several calls in one


@external
@payable
def self_permit(token: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    self._permit(token, amount, amount, deadline, v, r, s)


@external
@payable
def self_permit_position(token_id: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    success: bool = False
    answer: Bytes[132] = b""
    success, answer = raw_call(
        position_manager,
        abi_encode(self, token_id, deadline, v, r, s, method_id=method_id("permit(address,uint256,uint256,uint8,bytes32,bytes32)")),
        max_outsize=132,
        revert_on_failure=False,
    )
    if not success and staticcall IPositionManager(position_manager).getApproved(token_id) != self:
        raw_revert(answer)


@external
@payable
@reentrant
def multicall(data: DynArray[Bytes[1024], 8]) -> DynArray[Bytes[512], 8]:
    # What is left of the coin between two calls is this caller's. Functions under Uniswap's names let tokens call in here.
    if self.holder != empty(address):
        self._fail(OWN, "locked")
    self.holder = msg.sender
    answers: DynArray[Bytes[512], 8] = []
    for call: Bytes[1024] in data:
        answers.append(raw_call(self, call, max_outsize=512, is_delegate_call=True))
    self.holder = empty(address)
    self._refund_locked()
    return answers


# ---------------------------------------------------------------- Router02: liquidity


@external
@reentrant
def addLiquidity(
    tokenA: address,
    tokenB: address,
    amountADesired: uint256,
    amountBDesired: uint256,
    amountAMin: uint256,
    amountBMin: uint256,
    to: address,
    deadline: uint256,
) -> (uint256, uint256, uint256):
    self._check_deadline(deadline)
    return self._add(tokenA, tokenB, amountADesired, amountBDesired, amountAMin, amountBMin, msg.sender, msg.sender, to)


@external
@payable
@reentrant
def addLiquidityETH(
    token: address, amountTokenDesired: uint256, amountTokenMin: uint256, amountETHMin: uint256, to: address, deadline: uint256
) -> (uint256, uint256, uint256):
    self._check_deadline(deadline)
    amount: uint256 = 0
    coin: uint256 = 0
    liquidity: uint256 = 0
    amount, coin, liquidity = self._add(
        token, WETH, amountTokenDesired, msg.value, amountTokenMin, amountETHMin, msg.sender, empty(address), to
    )
    self._refund(msg.value - coin)
    return amount, coin, liquidity


@external
@reentrant
def removeLiquidity(
    tokenA: address, tokenB: address, liquidity: uint256, amountAMin: uint256, amountBMin: uint256, to: address, deadline: uint256
) -> (uint256, uint256):
    return self._remove(tokenA, tokenB, liquidity, amountAMin, amountBMin, to, deadline)


@external
@reentrant
def removeLiquidityETH(
    token: address, liquidity: uint256, amountTokenMin: uint256, amountETHMin: uint256, to: address, deadline: uint256
) -> (uint256, uint256):
    return self._remove_native(token, liquidity, amountTokenMin, amountETHMin, to, deadline, False)


@external
@reentrant
def removeLiquidityWithPermit(
    tokenA: address,
    tokenB: address,
    liquidity: uint256,
    amountAMin: uint256,
    amountBMin: uint256,
    to: address,
    deadline: uint256,
    approveMax: bool,
    v: uint8,
    r: bytes32,
    s: bytes32,
) -> (uint256, uint256):
    self._permit_pair(tokenA, tokenB, liquidity, deadline, approveMax, v, r, s)
    return self._remove(tokenA, tokenB, liquidity, amountAMin, amountBMin, to, deadline)


@external
@reentrant
def removeLiquidityETHWithPermit(
    token: address,
    liquidity: uint256,
    amountTokenMin: uint256,
    amountETHMin: uint256,
    to: address,
    deadline: uint256,
    approveMax: bool,
    v: uint8,
    r: bytes32,
    s: bytes32,
) -> (uint256, uint256):
    self._permit_pair(token, WETH, liquidity, deadline, approveMax, v, r, s)
    return self._remove_native(token, liquidity, amountTokenMin, amountETHMin, to, deadline, False)


@external
@reentrant
def removeLiquidityETHSupportingFeeOnTransferTokens(
    token: address, liquidity: uint256, amountTokenMin: uint256, amountETHMin: uint256, to: address, deadline: uint256
) -> uint256:
    return self._remove_native(token, liquidity, amountTokenMin, amountETHMin, to, deadline, True)[1]


@external
@reentrant
def removeLiquidityETHWithPermitSupportingFeeOnTransferTokens(
    token: address,
    liquidity: uint256,
    amountTokenMin: uint256,
    amountETHMin: uint256,
    to: address,
    deadline: uint256,
    approveMax: bool,
    v: uint8,
    r: bytes32,
    s: bytes32,
) -> uint256:
    self._permit_pair(token, WETH, liquidity, deadline, approveMax, v, r, s)
    return self._remove_native(token, liquidity, amountTokenMin, amountETHMin, to, deadline, True)[1]


# ---------------------------------------------------------------- Router02: swaps


@external
@reentrant
def swapExactTokensForTokens(
    amountIn: uint256, amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_IN, amountIn, amountOutMin, path, NOWHERE, to, deadline)


@external
@reentrant
def swapTokensForExactTokens(
    amountOut: uint256, amountInMax: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_OUT, amountOut, amountInMax, path, NOWHERE, to, deadline)


@external
@payable
@reentrant
def swapExactETHForTokens(
    amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_IN, msg.value, amountOutMin, path, AT_START, to, deadline)


@external
@reentrant
def swapTokensForExactETH(
    amountOut: uint256, amountInMax: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_OUT, amountOut, amountInMax, path, AT_END, to, deadline)


@external
@reentrant
def swapExactTokensForETH(
    amountIn: uint256, amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_IN, amountIn, amountOutMin, path, AT_END, to, deadline)


@external
@payable
@reentrant
def swapETHForExactTokens(amountOut: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256) -> DynArray[uint256, MAX_PATH]:
    return self._swap(EXACT_OUT, amountOut, msg.value, path, AT_START, to, deadline)


@external
@reentrant
def swapExactTokensForTokensSupportingFeeOnTransferTokens(
    amountIn: uint256, amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
):
    self._swap(WHAT_ARRIVES, amountIn, amountOutMin, path, NOWHERE, to, deadline)


@external
@payable
@reentrant
def swapExactETHForTokensSupportingFeeOnTransferTokens(
    amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
):
    self._swap(WHAT_ARRIVES, msg.value, amountOutMin, path, AT_START, to, deadline)


@external
@reentrant
def swapExactTokensForETHSupportingFeeOnTransferTokens(
    amountIn: uint256, amountOutMin: uint256, path: DynArray[address, MAX_PATH], to: address, deadline: uint256
):
    self._swap(WHAT_ARRIVES, amountIn, amountOutMin, path, AT_END, to, deadline)


# ---------------------------------------------------------------- called by pools


@external
@reentrant
def uniswapV3SwapCallback(amount0Delta: int256, amount1Delta: int256, data: Bytes[32]):
    # Set just before the call into a pool at an address of the factory's; once, so that there is no second payment
    if msg.sender != self.pool:
        self._fail(OWN, "not the pool")
    self.pool = empty(address)
    owed: uint256 = convert(max(amount0Delta, amount1Delta), uint256)
    count: uint256 = self.hops_left
    if count == 0:
        self._pay_first(msg.sender, owed)
    else:
        self.hops_left = 0
        self._buy(count, owed, msg.sender)


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def quote_exact_in(amount_in: uint256, tokens: DynArray[address, 5], fees: DynArray[uint24, 4]) -> IQuoter.Quote:
    return staticcall IQuoter(quoter).quote_exact_in(amount_in, self._all_wrapped(tokens), fees)


@view
@external
@reentrant
def quote_exact_out(amount_out: uint256, tokens: DynArray[address, 5], fees: DynArray[uint24, 4]) -> IQuoter.Quote:
    return staticcall IQuoter(quoter).quote_exact_out(amount_out, self._all_wrapped(tokens), fees)


@view
@external
@reentrant
def quote(amountA: uint256, reserveA: uint256, reserveB: uint256) -> uint256:
    return self._quote(amountA, reserveA, reserveB)


@view
@external
@reentrant
def getAmountOut(amountIn: uint256, reserveIn: uint256, reserveOut: uint256) -> uint256:
    return self._amount_out(amountIn, reserveIn, reserveOut)


@view
@external
@reentrant
def getAmountIn(amountOut: uint256, reserveIn: uint256, reserveOut: uint256) -> uint256:
    return self._amount_in(amountOut, reserveIn, reserveOut)


@view
@external
@reentrant
def getAmountsOut(amountIn: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]:
    return self._amounts(True, amountIn, path)[0]


@view
@external
@reentrant
def getAmountsIn(amountOut: uint256, path: DynArray[address, MAX_PATH]) -> DynArray[uint256, MAX_PATH]:
    return self._amounts(False, amountOut, path)[0]


# ---------------------------------------------------------------- internals: our own functions begin and end


@internal
@view
def _enter(deadline: uint256, recipient: address):
    if deadline < block.timestamp:
        self._fail(OWN, "expired")
    if recipient == empty(address) or recipient == self:
        self._fail(OWN, "recipient")
    holder: address = self.holder
    if holder != empty(address) and holder != msg.sender:
        self._fail(OWN, "locked")


@internal
def _leave():
    # In a multicall the coin waits for the next call
    if self.balance != 0 and self.holder == empty(address):
        self._refund(self.balance)


@internal
@nonreentrant
def _refund_locked():
    # Within another function of our own the coin is that one's caller's: there this reverts, and all that the multicall has done with it
    self._refund(self.balance)


@internal
@view
def _path(amount: uint256, tokens: DynArray[address, 5], hops: uint256) -> DynArray[address, 5]:
    """
    @return The tokens, the wrapper's for the coin
    """
    names: DynArray[address, 5] = self._all_wrapped(tokens)
    if hops == 0 or len(names) != hops + 1 or names[0] == names[hops]:
        self._fail(OWN, "path")
    if amount == 0:
        self._fail(OWN, "zero amount")
    return names


@internal
@view
def _all_wrapped(tokens: DynArray[address, 5]) -> DynArray[address, 5]:
    names: DynArray[address, 5] = []
    for token: address in tokens:
        names.append(self._wrapped(token))
    return names


@internal
@view
def _wrapped(token: address) -> address:
    return token if token != empty(address) else WETH


@internal
@view
def _payer(token: address) -> address:
    if token != empty(address):
        return msg.sender
    return empty(address)


# ---------------------------------------------------------------- internals: swaps over mixed paths


@internal
def _trade(venue: address, token_in: address, token_out: address, fee: uint24, amount: uint256, payer: address, to: address) -> uint256:
    """
    @notice One hop, exact input. Returns the output.
    """
    spent: uint256 = 0
    received: uint256 = 0
    if fee == PAIR:
        self._pay(token_in, payer, venue, amount)
        # The reserves; `spent` is only the other one's neighbour
        spent, received = self._reserves(venue, token_in, token_out)
        received = self._amount_out(amount, spent, received)
        self._swap_pair(venue, token_in, token_out, received, to)
        return received
    self.token = token_in
    self.payer = payer
    spent, received = self._swap_range(venue, token_in, token_out, convert(amount, int256), to)
    # What is not spent would stay here
    if spent != amount:
        self._fail_liquidity()
    return received


@internal
def _buy(count: uint256, amount: uint256, to: address):
    """
    @notice Bring `amount` of the token at `count` of the path to `to`, paid with the first one
    @dev Backwards through pairs by their formulas, until the beginning, or a range pool: that one sends its output to the first of the
         pairs, and calls back to be paid; the callback goes on from there. Then the pairs swap, forwards.
    """
    # Of the hops before `count`, by their place in the path
    pairs: address[MAX_HOPS] = empty(address[MAX_HOPS])
    amounts: uint256[MAX_HOPS] = empty(uint256[MAX_HOPS])
    left: uint256 = count
    owed: uint256 = amount
    receiver: address = to
    venue: address = empty(address)
    for i: uint256 in range(MAX_HOPS):
        if left == 0:
            break
        hop: uint256 = left - 1
        fee: uint24 = convert(self.path[hop] >> 160, uint24)
        venue = self._venue(self._path_token(hop), self._path_token(left), fee)
        if fee != PAIR:
            break
        pairs[hop] = venue
        amounts[hop] = owed
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(venue, self._path_token(hop), self._path_token(left))
        owed = self._amount_in(owed, reserve_in, reserve_out)
        receiver = venue
        left = hop

    if left == 0:
        self._pay_first(receiver, owed)
    else:
        self.hops_left = left - 1
        paid: uint256 = 0
        received: uint256 = 0
        paid, received = self._swap_range(venue, self._path_token(left - 1), self._path_token(left), -convert(owed, int256), receiver)
        if received != owed:
            self._fail_liquidity()
    for hop: uint256 in range(left, count, bound=MAX_HOPS):
        next_hop: uint256 = hop + 1
        receiver = to
        if next_hop != count:
            receiver = pairs[next_hop]
        self._swap_pair(pairs[hop], self._path_token(hop), self._path_token(next_hop), amounts[hop], receiver)


@internal
@view
def _path_token(index: uint256) -> address:
    return convert(convert(self.path[index] & MASK_160, uint160), address)


@internal
def _pay_first(to: address, amount: uint256):
    self.spent = amount
    self._pay(self.token, self.payer, to, amount)


@internal
def _swap_range(venue: address, token_in: address, token_out: address, amount: int256, to: address) -> (uint256, uint256):
    """
    @return What was paid, what was received
    """
    first: bool = self._is_first(token_in, token_out)
    self.pool = venue
    amount0: int256 = 0
    amount1: int256 = 0
    amount0, amount1 = extcall Pool(venue).swap(to, first, amount, MIN_LIMIT if first else MAX_LIMIT, b"")
    return convert(max(amount0, amount1), uint256), convert(-min(amount0, amount1), uint256)


@internal
@view
def _venue(token_a: address, token_b: address, fee: uint24) -> address:
    """
    @return The pair or the range pool
    """
    venue: address = empty(address)
    if fee == PAIR:
        venue = self._pair(token_a, token_b)
    else:
        first: bool = self._is_first(token_a, token_b)
        venue = self._create2(
            range_factory,
            keccak256(abi_encode(token_a if first else token_b, token_b if first else token_a, fee)),
            POOL_CODE_HASH,
        )
    if venue.codesize == 0:
        self._fail(OWN, "no pool")
    return venue


# ---------------------------------------------------------------- internals: zaps


@internal
def _even_out(
    token0: address, token1: address, fee: uint24, amount0: uint256, amount1: uint256, zero_for_one: bool, amount_in: uint256
) -> (uint256, uint256):
    """
    @notice Take both amounts from the caller and swap `amount_in` of one of them. Returns what is here then.
    """
    wrapped0: address = self._wrapped(token0)
    wrapped1: address = self._wrapped(token1)
    taken0: uint256 = amount0
    taken1: uint256 = amount1
    received0: uint256 = 0
    received1: uint256 = 0
    if amount_in != 0:
        venue: address = self._venue(wrapped0, wrapped1, fee)
        if zero_for_one:
            taken0 -= amount_in
            received1 = self._trade(venue, wrapped0, wrapped1, fee, amount_in, self._payer(token0), self)
        else:
            taken1 -= amount_in
            received0 = self._trade(venue, wrapped1, wrapped0, fee, amount_in, self._payer(token1), self)
    if taken0 != 0:
        # Not nothing, which some tokens refuse
        self._pay(wrapped0, self._payer(token0), self, taken0)
    if taken1 != 0:
        self._pay(wrapped1, self._payer(token1), self, taken1)
    return taken0 + received0, taken1 + received1


@internal
def _even_out_range(
    token0: address, token1: address, fee: uint24, tick_lower: int24, tick_upper: int24, amount0: uint256, amount1: uint256
) -> (uint256, uint256):
    wrapped0: address = self._wrapped(token0)
    wrapped1: address = self._wrapped(token1)
    if not self._is_first(wrapped0, wrapped1):
        self._fail(OWN, "order")
    zero_for_one: bool = False
    amount_in: uint256 = 0
    price: uint256 = 0
    zero_for_one, amount_in, price = staticcall IQuoter(quoter).zap_in_range(wrapped0, wrapped1, fee, tick_lower, tick_upper, amount0, amount1)
    have0: uint256 = 0
    have1: uint256 = 0
    have0, have1 = self._even_out(token0, token1, fee, amount0, amount1, zero_for_one, amount_in)
    self._approve(wrapped0, have0)
    self._approve(wrapped1, have1)
    return have0, have1


@internal
def _finish_zap(token0: address, token1: address, left0: uint256, left1: uint256, liquidity: uint256, min_liquidity: uint256):
    if liquidity < min_liquidity:
        self._fail(OWN, "too little liquidity")
    self._deliver(token0, msg.sender, left0, 0)
    self._deliver(token1, msg.sender, left1, 0)
    self._leave()


@internal
def _sell_and_deliver(
    token_out: address, token_other: address, fee: uint24, out: uint256, other: uint256, min_out: uint256, recipient: address
) -> uint256:
    """
    @notice Sell what is here of one token, and send all of the other one. Returns what arrives.
    """
    amount: uint256 = out
    if other != 0:
        wrapped_out: address = self._wrapped(token_out)
        amount += self._trade(self._venue(token_other, wrapped_out, fee), token_other, wrapped_out, fee, other, self, self)
    amount = self._deliver(token_out, recipient, amount, min_out)
    self._leave()
    return amount


@internal
@view
def _position(token_id: uint256) -> Position:
    return staticcall Positions(position_manager).positions(token_id)


@internal
def _approve(token: address, amount: uint256):
    # For good: the position manager takes nothing but what is added here, and between calls there is nothing
    if staticcall IERC20(token).allowance(self, position_manager) < amount:
        extcall IERC20(token).approve(position_manager, max_value(uint256), default_return_value=True)


# ---------------------------------------------------------------- internals: pairs


@internal
def _swap(
    kind: uint256, amount: uint256, bound: uint256, path: DynArray[address, MAX_PATH], coin: uint256, to: address, deadline: uint256
) -> DynArray[uint256, MAX_PATH]:
    """
    @return The amount of each token of the path; nothing where it is what arrives that counts
    """
    self._check_deadline(deadline)
    if coin != NOWHERE and path[0 if coin == AT_START else len(path) - 1] != WETH:
        self._fail(ROUTER02, "INVALID_PATH")
    amounts: DynArray[uint256, MAX_PATH] = []
    last: uint256 = unsafe_sub(len(path), 1)
    owed: uint256 = amount
    pair: address = empty(address)
    if kind == WHAT_ARRIVES:
        pair = self._pair_for(path[0], path[1])
    else:
        amounts, pair = self._amounts(kind == EXACT_IN, amount, path)
        owed = amounts[0]
        if kind == EXACT_IN:
            self._check_output(amounts[last], bound)
        elif owed > bound:
            self._fail(ROUTER02, "EXCESSIVE_INPUT_AMOUNT")
    payer: address = msg.sender
    if coin == AT_START:
        payer = empty(address)
    self._pay(path[0], payer, pair, owed)

    receiver: address = to
    arrived: uint256 = 0
    if coin == AT_END:
        # Of the wrapper's tokens, what lies here is paid out with the rest
        receiver = self
    elif kind == WHAT_ARRIVES:
        arrived = self._balance(path[last], to)
    for i: uint256 in range(1, MAX_PATH):
        token_in: address = path[unsafe_sub(i, 1)]
        token_out: address = path[i]
        out: uint256 = 0
        if kind == WHAT_ARRIVES:
            reserve_in: uint256 = 0
            reserve_out: uint256 = 0
            reserve_in, reserve_out = self._reserves(pair, token_in, token_out)
            out = self._amount_out(self._balance(token_in, pair) - reserve_in, reserve_in, reserve_out)
        else:
            out = amounts[i]
        next_pair: address = receiver
        if i != last:
            next_pair = self._pair_for(token_out, path[unsafe_add(i, 1)])
        self._swap_pair(pair, token_in, token_out, out, next_pair)
        if i == last:
            break
        pair = next_pair

    if kind == WHAT_ARRIVES:
        arrived = self._balance(path[last], receiver) - arrived
        self._check_output(arrived, bound)
    elif coin == AT_END:
        arrived = amounts[last]
    if coin == AT_END:
        self._unwrap(to, arrived)
    elif coin == AT_START and kind == EXACT_OUT:
        # All of the coin that was sent along is the bound
        self._refund(bound - owed)
    return amounts


@internal
def _swap_pair(pair: address, token_in: address, token_out: address, amount_out: uint256, to: address):
    first: bool = self._is_first(token_in, token_out)
    extcall Venue(pair).swap(0 if first else amount_out, amount_out if first else 0, to, b"")


@internal
def _add(
    token_a: address,
    token_b: address,
    amount_a: uint256,
    amount_b: uint256,
    min_a: uint256,
    min_b: uint256,
    payer_a: address,
    payer_b: address,
    to: address,
) -> (uint256, uint256, uint256):
    """
    @return What was added of each, liquidity
    """
    pair: address = self._pair(token_a, token_b)
    if pair.codesize == 0:
        extcall IPairFactory(factory).createPair(token_a, token_b)
    a: uint256 = amount_a
    b: uint256 = amount_b
    reserve_a: uint256 = 0
    reserve_b: uint256 = 0
    reserve_a, reserve_b = self._reserves(pair, token_a, token_b)
    if reserve_a | reserve_b != 0:
        b = self._quote(amount_a, reserve_a, reserve_b)
        if b <= amount_b:
            if b < min_b:
                self._fail(ROUTER02, "INSUFFICIENT_B_AMOUNT")
        else:
            b = amount_b
            a = self._quote(amount_b, reserve_b, reserve_a)
            if a < min_a:
                self._fail(ROUTER02, "INSUFFICIENT_A_AMOUNT")
    self._pay(token_a, payer_a, pair, a)
    self._pay(token_b, payer_b, pair, b)
    return a, b, extcall IPair(pair).mint(to)


@internal
def _remove(
    token_a: address, token_b: address, liquidity: uint256, min_a: uint256, min_b: uint256, to: address, deadline: uint256
) -> (uint256, uint256):
    self._check_deadline(deadline)
    a: uint256 = 0
    b: uint256 = 0
    a, b = self._burn(token_a, token_b, liquidity, to)
    if a < min_a:
        self._fail(ROUTER02, "INSUFFICIENT_A_AMOUNT")
    if b < min_b:
        self._fail(ROUTER02, "INSUFFICIENT_B_AMOUNT")
    return a, b


@internal
def _remove_native(
    token: address, liquidity: uint256, min_amount: uint256, min_coin: uint256, to: address, deadline: uint256, takes_fee: bool
) -> (uint256, uint256):
    amount: uint256 = 0
    coin: uint256 = 0
    amount, coin = self._remove(token, WETH, liquidity, min_amount, min_coin, self, deadline)
    if takes_fee:
        amount = self._balance(token, self)
    self._send(token, to, amount)
    self._unwrap(to, coin)
    return amount, coin


@internal
def _burn(token_a: address, token_b: address, liquidity: uint256, to: address) -> (uint256, uint256):
    pair: address = self._pair_for(token_a, token_b)
    extcall IERC20(pair).transferFrom(msg.sender, pair, liquidity)
    amount0: uint256 = 0
    amount1: uint256 = 0
    amount0, amount1 = extcall IPair(pair).burn(to)
    if self._is_first(token_a, token_b):
        return amount0, amount1
    return amount1, amount0


@internal
def _burn_own(token_a: address, token_b: address, liquidity: uint256, to: address) -> (uint256, uint256):
    """
    @notice The same for our own functions: zero is the coin, and no pair has a reason
    """
    a: address = self._wrapped(token_a)
    b: address = self._wrapped(token_b)
    self._venue(a, b, PAIR)
    return self._burn(a, b, liquidity, to)


@internal
@view
def _pair_for(token_a: address, token_b: address) -> address:
    if token_a == token_b:
        self._fail(LIBRARY, "IDENTICAL_ADDRESSES")
    if token_a == empty(address) or token_b == empty(address):
        self._fail(LIBRARY, "ZERO_ADDRESS")
    return self._pair(token_a, token_b)


@internal
@view
def _pair(token_a: address, token_b: address) -> address:
    """
    @return The address of the pair, whether it is there or not
    """
    a: bytes20 = convert(token_a, bytes20)
    b: bytes20 = convert(token_b, bytes20)
    first: bool = self._is_first(token_a, token_b)
    return self._create2(factory, keccak256(concat(a if first else b, b if first else a)), PAIR_CODE_HASH)


@internal
@view
def _create2(deployer: address, salt: bytes32, code_hash: bytes32) -> address:
    hash: bytes32 = keccak256(concat(x"ff", convert(deployer, bytes20), salt, code_hash))
    return convert(convert(convert(hash, uint256) & MASK_160, uint160), address)


@internal
@pure
def _is_first(token_a: address, token_b: address) -> bool:
    return convert(token_a, uint160) < convert(token_b, uint160)


@internal
@view
def _reserves(pair: address, token_a: address, token_b: address) -> (uint256, uint256):
    """
    @return Of token_a, of token_b
    """
    reserve0: uint256 = 0
    reserve1: uint256 = 0
    reserve0, reserve1 = staticcall Venue(pair).getReserves()
    if self._is_first(token_a, token_b):
        return reserve0, reserve1
    return reserve1, reserve0


@internal
@view
def _amounts(exact_in: bool, amount: uint256, path: DynArray[address, MAX_PATH]) -> (DynArray[uint256, MAX_PATH], address):
    """
    @return The amount of each token of a path over pairs, the first pair
    """
    count: uint256 = len(path)
    if count < 2:
        self._fail(LIBRARY, "INVALID_PATH")
    amounts: DynArray[uint256, MAX_PATH] = []
    for i: uint256 in range(count, bound=MAX_PATH):
        amounts.append(amount)
    first_pair: address = empty(address)
    for i: uint256 in range(1, count, bound=MAX_PATH):
        at: uint256 = i if exact_in else unsafe_sub(count, i)
        before: uint256 = unsafe_sub(at, 1)
        token_in: address = path[before]
        token_out: address = path[at]
        pair: address = self._pair_for(token_in, token_out)
        if before == 0:
            first_pair = pair
        reserve_in: uint256 = 0
        reserve_out: uint256 = 0
        reserve_in, reserve_out = self._reserves(pair, token_in, token_out)
        if exact_in:
            amounts[at] = self._amount_out(amounts[before], reserve_in, reserve_out)
        else:
            amounts[before] = self._amount_in(amounts[at], reserve_in, reserve_out)
    return amounts, first_pair


@internal
@view
def _amount_out(amount_in: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    if amount_in == 0:
        self._fail(LIBRARY, "INSUFFICIENT_INPUT_AMOUNT")
    self._check_reserves(reserve_in, reserve_out)
    kept: uint256 = amount_in * KEPT
    # Down, for the pair: the most that its own check lets through
    return kept * reserve_out // (reserve_in * WHOLE + kept)


@internal
@view
def _amount_in(amount_out: uint256, reserve_in: uint256, reserve_out: uint256) -> uint256:
    if amount_out == 0:
        self._fail(LIBRARY, "INSUFFICIENT_OUTPUT_AMOUNT")
    self._check_reserves(reserve_in, reserve_out)
    assert amount_out <= reserve_out, "ds-math-sub-underflow"
    # Up, for the pair
    return reserve_in * amount_out * WHOLE // ((reserve_out - amount_out) * KEPT) + 1


@internal
@view
def _quote(amount_a: uint256, reserve_a: uint256, reserve_b: uint256) -> uint256:
    if amount_a == 0:
        self._fail(LIBRARY, "INSUFFICIENT_AMOUNT")
    self._check_reserves(reserve_a, reserve_b)
    return amount_a * reserve_b // reserve_a


@internal
@pure
def _check_reserves(reserve_a: uint256, reserve_b: uint256):
    if reserve_a == 0 or reserve_b == 0:
        self._fail(LIBRARY, "INSUFFICIENT_LIQUIDITY")


@internal
@view
def _check_deadline(deadline: uint256):
    if deadline < block.timestamp:
        self._fail(ROUTER02, "EXPIRED")


@internal
@pure
def _check_output(amount: uint256, bound: uint256):
    if amount < bound:
        self._fail(ROUTER02, "INSUFFICIENT_OUTPUT_AMOUNT")


# ---------------------------------------------------------------- internals: permits


@internal
def _permit_pair(token_a: address, token_b: address, liquidity: uint256, deadline: uint256, all_of_it: bool, v: uint8, r: bytes32, s: bytes32):
    pair: address = self._pair_for(token_a, token_b)
    self._permit(pair, max_value(uint256) if all_of_it else liquidity, liquidity, deadline, v, r, s)


@internal
def _permit(token: address, amount: uint256, needed: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    success: bool = False
    answer: Bytes[132] = b""
    success, answer = raw_call(
        token,
        abi_encode(
            msg.sender,
            self,
            amount,
            deadline,
            v,
            r,
            s,
            method_id=method_id("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"),
        ),
        max_outsize=132,
        revert_on_failure=False,
    )
    # Anybody can submit a signature that he has seen: that must not stop its owner
    if not success and staticcall IERC20(token).allowance(msg.sender, self) < needed:
        raw_revert(answer)


# ---------------------------------------------------------------- internals: tokens


@internal
def _pay(token: address, payer: address, to: address, amount: uint256):
    """
    @param payer The caller; this contract; `to`, which has it already; or zero: the coin
    """
    if payer == to:
        return
    if payer == empty(address):
        if self.balance < amount:
            self._fail(OWN, "too little coin")
        extcall Wrapper(WETH).deposit(value=amount)
        if to != self:
            self._send(WETH, to, amount)
    elif payer == self:
        self._send(token, to, amount)
    elif not self._call_token(token, abi_encode(payer, to, amount, method_id=method_id("transferFrom(address,address,uint256)"))):
        self._fail(HELPER, "TRANSFER_FROM_FAILED")


@internal
def _send(token: address, to: address, amount: uint256):
    if not self._call_token(token, abi_encode(to, amount, method_id=method_id("transfer(address,uint256)"))):
        self._fail(HELPER, "TRANSFER_FAILED")


@internal
def _call_token(token: address, data: Bytes[100]) -> bool:
    """
    @dev Tokens that answer nothing have succeeded; those that answer must answer true
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(token, data, max_outsize=32, revert_on_failure=False)
    return success and (len(answer) == 0 or convert(answer, uint256) != 0)


@internal
@view
def _balance(token: address, account: address) -> uint256:
    return staticcall IERC20(token).balanceOf(account)


@internal
def _deliver(token: address, to: address, amount: uint256, min_out: uint256) -> uint256:
    """
    @param token Zero: unwrap
    @return What has arrived: a token may take a fee
    """
    arrived: uint256 = amount
    if amount != 0:
        if token == empty(address):
            self._unwrap(to, amount)
        else:
            before: uint256 = self._balance(token, to)
            self._send(token, to, amount)
            arrived = self._balance(token, to) - before
    self._check_out(arrived, min_out)
    return arrived


@internal
@pure
def _check_out(amount: uint256, min_out: uint256):
    if amount < min_out:
        self._fail(OWN, "too little out")


@internal
def _unwrap(to: address, amount: uint256):
    extcall Wrapper(WETH).withdraw(amount)
    self._send_coin(to, amount)


@internal
def _refund(amount: uint256):
    if amount != 0:
        self._send_coin(msg.sender, amount)


@internal
def _send_coin(to: address, amount: uint256):
    if not raw_call(to, b"", value=amount, revert_on_failure=False):
        self._fail(HELPER, "ETH_TRANSFER_FAILED")


# ---------------------------------------------------------------- internals: reasons


@internal
@pure
def _fail_liquidity():
    self._fail(OWN, "insufficient liquidity")


@internal
@pure
def _fail(prefix: uint256, reason: String[32]):
    """
    @dev One place for all reasons: spelled out where they arise they would be a tenth of the code
    """
    head: String[18] = "router: "
    if prefix == ROUTER02:
        head = "UniswapV2Router: "
    elif prefix == LIBRARY:
        head = "UniswapV2Library: "
    elif prefix == HELPER:
        head = "TransferHelper: "
    raise concat(head, reason)
