# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title Pair
@license MIT
@notice x*y=k pair of two tokens, wire-compatible with Uniswap V2's, that remembers its prices (see IPair, IObservations)
@dev Preserved: reserve0 * reserve1 never falls, except by `burn`, or by `sync` after a token has taken balance away.

     Optimised for size, and written for it in places: 116 gas more for a swap, 50,000 less for each new pair.
     The word of the reserves is taken apart by shifts where it is needed, `(word << 144) >> 144` and `(word << 32) >> 144`:
     that is shorter than masks, and shorter and cheaper than functions. Two conditions that may both be looked at are joined as
     numbers, `convert(a, uint256) | convert(b, uint256) != 0`: that is ten bytes shorter than `or`.
"""

from ethereum.ercs import IERC20

from interfaces import IObservations
from interfaces import IPair
from interfaces import IPairCallee
from interfaces import IPairFactory

# The pair's memory: two words of storage and a ring
from contracts.modules import observations

# The price as a tick
from contracts.modules import pair_tick

implements: IERC20
implements: IObservations
implements: IPair
initializes: observations


# What a change is booked from
struct Books:
    # The old reserves, as stored
    word: uint256
    # What there is now
    balance0: uint256
    balance1: uint256
    set_k_last: bool


# ---------------------------------------------------------------- constants

name: public(constant(String[13])) = "Plimsoll Pair"
symbol: public(constant(String[6])) = "PLIM-P"
decimals: public(constant(uint8)) = 18

MINIMUM_LIQUIDITY: public(constant(uint256)) = 1000
PERMIT_TYPEHASH: public(constant(bytes32)) = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)")
DOMAIN_TYPEHASH: constant(bytes32) = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
NAME_HASH: constant(bytes32) = keccak256("Plimsoll Pair")
VERSION_HASH: constant(bytes32) = keccak256("1")

BPS: constant(uint256) = 10_000
# 128 words, ample for a route. Uniswap V2 knows no bound; here a longer one would cost flash swaps (the forwarded copy lies
# behind the room for the original), and nothing else.
MAX_DATA: constant(uint256) = 4096
# One of the accumulators' free bits, so that they are not 0 once the pair has started. Before that there is nothing to note, though
# somebody may give and sync.
STARTED: constant(uint256) = 1 << 32

# Reasons: the letters of each as a number, the first one highest, and below them how many there are
FAIL_EXPIRED: constant(uint256) = 4996832062410671111
FAIL_INVALID_SIGNATURE: constant(uint256) = 6385853550292532458845550597184389144266001
FAIL_INVALID_TO: constant(uint256) = 88621520542738369802948362
FAIL_K: constant(uint256) = 19201
FAIL_OVERFLOW: constant(uint256) = 1463509247145590871816
FAIL_TRANSFER_FAILED: constant(uint256) = 112082244550525910645985425891436872719
# What comes behind "INSUFFICIENT_", in the same way
INSUFFICIENT_LIQUIDITY_MINTED: constant(uint256) = 25958915835538769207489737072083550422032
INSUFFICIENT_LIQUIDITY_BURNED: constant(uint256) = 25958915835538769207489733989070025344016
INSUFFICIENT_OUTPUT_AMOUNT: constant(uint256) = 1609070846360042535741812609274893
INSUFFICIENT_LIQUIDITY: constant(uint256) = 360252325686521562945801
INSUFFICIENT_INPUT_AMOUNT: constant(uint256) = 5807892811330472128444881589260
# "UniswapV2: " and "UniswapV2: INSUFFICIENT_"
REASON: constant(uint256) = 103280100208712852027095584
REASON_INSUFFICIENT: constant(uint256) = 2094769296339304440912207995236987975625322792649537508447

# ---------------------------------------------------------------- immutables

factory: public(immutable(address))
token0: public(immutable(address))
token1: public(immutable(address))
# fee_bps << 32 | numerator << 16 | denominator of the protocol's share: an immutable costs 6,400 gas at creation
FEES: immutable(uint256)

# ---------------------------------------------------------------- storage

# blockTimestampLast uint32 | reserve1 uint112 | reserve0 uint112
reserves: uint256
# Those of `observations`
accumulators: uint256
kLast: public(reentrant(uint256))

totalSupply: public(reentrant(uint256))
balanceOf: public(reentrant(HashMap[address, uint256]))
allowance: public(reentrant(HashMap[address, HashMap[address, uint256]]))
nonces: public(reentrant(HashMap[address, uint256]))

# ---------------------------------------------------------------- constructor


@deploy
def __init__():
    """
    @dev No arguments, so that the init code, and with it the hash that addresses are computed from, is the same for all
         pairs: whoever deploys answers `parameters()`.
    """
    factory = msg.sender
    token_a: address = empty(address)
    token_b: address = empty(address)
    fee: uint256 = 0
    numerator: uint256 = 0
    denominator: uint256 = 0
    token_a, token_b, fee, numerator, denominator = staticcall IPairFactory(msg.sender).parameters()
    token0 = token_a
    token1 = token_b
    FEES = (fee << 32) | (numerator << 16) | denominator


# ---------------------------------------------------------------- liquidity and swaps


@external
def mint(to: address) -> uint256:
    books: Books = self._books()
    books.set_k_last = self._mint_fee(books.word)
    amount0: uint256 = books.balance0 - ((books.word << 144) >> 144)
    amount1: uint256 = books.balance1 - ((books.word << 32) >> 144)
    supply: uint256 = self.totalSupply
    liquidity: uint256 = 0
    if supply == 0:
        # Locked for ever, so that the price of an LP token cannot be driven so high that small deposits round to nothing
        liquidity = self._sqrt(amount0 * amount1) - MINIMUM_LIQUIDITY
        self._mint(empty(address), MINIMUM_LIQUIDITY)
    else:
        liquidity = min(unsafe_div(amount0 * supply, (books.word << 144) >> 144), unsafe_div(amount1 * supply, (books.word << 32) >> 144))
    if liquidity == 0:
        self._fail_insufficient(INSUFFICIENT_LIQUIDITY_MINTED)
    self._mint(to, liquidity)

    self._update(books)
    observations._note_mint()
    if supply == 0:
        self.accumulators = STARTED
        observations._start()
    log IPair.Mint(sender=msg.sender, amount0=amount0, amount1=amount1)
    return liquidity


@external
def burn(to: address) -> (uint256, uint256):
    liquidity: uint256 = self.balanceOf[self]
    books: Books = self._books()
    fee_on: bool = self._mint_fee(books.word)
    supply: uint256 = self.totalSupply
    # Of the balances, not the reserves: what was donated is shared out too
    amount0: uint256 = unsafe_div(liquidity * books.balance0, supply)
    amount1: uint256 = unsafe_div(liquidity * books.balance1, supply)
    if convert(amount0 == 0, uint256) | convert(amount1 == 0, uint256) != 0:
        self._fail_insufficient(INSUFFICIENT_LIQUIDITY_BURNED)
    # Not to zero: the protocol's share may have come here. No balance exceeds the supply.
    self.balanceOf[self] = unsafe_sub(self.balanceOf[self], liquidity)
    self.totalSupply = unsafe_sub(supply, liquidity)
    self._log_transfer(self, empty(address), liquidity)
    self._push(token0, to, amount0)
    self._push(token1, to, amount1)

    # What is stored has not changed
    books = self._books()
    books.set_k_last = fee_on
    self._update(books)
    log IPair.Burn(sender=msg.sender, amount0=amount0, amount1=amount1, to=to)
    return amount0, amount1


@external
def swap(amount0Out: uint256, amount1Out: uint256, to: address, data: Bytes[MAX_DATA]):
    # All work is done in internal functions: their memory lies below the room for `data`, so that a swap without a callback
    # does not pay for it.
    self._send_outputs(amount0Out, amount1Out, to)
    if len(data) != 0:
        extcall IPairCallee(to).uniswapV2Call(msg.sender, amount0Out, amount1Out, data)
    self._settle_swap(amount0Out, amount1Out, to)


@external
def skim(to: address):
    word: uint256 = self.reserves
    self._push(token0, to, self._balance(token0) - ((word << 144) >> 144))
    self._push(token1, to, self._balance(token1) - ((word << 32) >> 144))


@external
def sync():
    self._update(self._books())


# ---------------------------------------------------------------- LP token


@external
@reentrant
def approve(spender: address, amount: uint256) -> bool:
    self._approve(msg.sender, spender, amount)
    return True


@external
@reentrant
def transfer(to: address, amount: uint256) -> bool:
    self._transfer(msg.sender, to, amount)
    return True


@external
@reentrant
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    allowed: uint256 = self.allowance[owner][msg.sender]
    # max_value(uint256) stands for ever
    if unsafe_add(allowed, 1) != 0:
        self.allowance[owner][msg.sender] = allowed - amount
    self._transfer(owner, to, amount)
    return True


@external
@reentrant
def permit(owner: address, spender: address, amount: uint256, deadline: uint256, v: uint8, r: bytes32, s: bytes32):
    if deadline < block.timestamp:
        self._fail(FAIL_EXPIRED)
    nonce: uint256 = self.nonces[owner]
    self.nonces[owner] = unsafe_add(nonce, 1)
    digest: bytes32 = keccak256(
        slice(
            abi_encode(
                convert(6401, uint256),
                self._domain_separator(),
                keccak256(abi_encode(PERMIT_TYPEHASH, owner, spender, amount, nonce, deadline)),
            ),
            30,
            66,
        )
    )
    # ecrecover answers zero for a bad signature
    if convert(owner == empty(address), uint256) | convert(ecrecover(digest, v, r, s) != owner, uint256) != 0:
        self._fail(FAIL_INVALID_SIGNATURE)
    self._approve(owner, spender, amount)


# ---------------------------------------------------------------- views


@view
@external
@reentrant
def getReserves() -> (uint112, uint112, uint32):
    word: uint256 = self.reserves
    return (
        convert(((word << 144) >> 144), uint112),
        convert(((word << 32) >> 144), uint112),
        convert(word >> 224, uint32),
    )


@view
@external
@reentrant
def window(buckets: uint256) -> IObservations.Window:
    return observations._window(self._state(self.reserves, self.accumulators, observations.PRESENT), buckets)


@view
@external
@reentrant
def recent(wanted: uint256) -> (uint256, int256, int256):
    return observations._recent(self._state(self.reserves, self.accumulators, wanted), wanted)


@view
@external
@reentrant
def DOMAIN_SEPARATOR() -> bytes32:
    return self._domain_separator()


@view
@external
@reentrant
def fee_bps() -> uint256:
    return FEES >> 32


# ---------------------------------------------------------------- internals: swaps


@internal
def _send_outputs(amount0_out: uint256, amount1_out: uint256, to: address):
    if amount0_out | amount1_out == 0:
        self._fail_insufficient(INSUFFICIENT_OUTPUT_AMOUNT)
    word: uint256 = self.reserves
    if convert(amount0_out >= ((word << 144) >> 144), uint256) | convert(amount1_out >= ((word << 32) >> 144), uint256) != 0:
        self._fail_insufficient(INSUFFICIENT_LIQUIDITY)
    if convert(to == token0, uint256) | convert(to == token1, uint256) != 0:
        # Outputs sent to a token itself would be lost, and a callback to it would be a call by the pair to its own asset
        self._fail(FAIL_INVALID_TO)
    if amount0_out != 0:
        self._push(token0, to, amount0_out)
    if amount1_out != 0:
        self._push(token1, to, amount1_out)


@internal
def _settle_swap(amount0_out: uint256, amount1_out: uint256, to: address):
    word: uint256 = self.reserves
    balance0: uint256 = self._balance(token0)
    balance1: uint256 = self._balance(token1)
    # The outputs are smaller than the reserves
    reserve0: uint256 = (word << 144) >> 144
    reserve1: uint256 = (word << 32) >> 144
    kept0: uint256 = unsafe_sub(reserve0, amount0_out)
    kept1: uint256 = unsafe_sub(reserve1, amount1_out)
    amount0_in: uint256 = unsafe_sub(max(balance0, kept0), kept0)
    amount1_in: uint256 = unsafe_sub(max(balance1, kept1), kept1)
    if amount0_in | amount1_in == 0:
        self._fail_insufficient(INSUFFICIENT_INPUT_AMOUNT)
    # amount_in <= balance, fee < 10,000, and all are below 2**112: what is not, _update refuses
    fee: uint256 = FEES >> 32
    if unsafe_mul(
        unsafe_sub(unsafe_mul(balance0, BPS), unsafe_mul(amount0_in, fee)),
        unsafe_sub(unsafe_mul(balance1, BPS), unsafe_mul(amount1_in, fee)),
    ) < unsafe_mul(unsafe_mul(reserve0, reserve1), BPS * BPS):
        self._fail(FAIL_K)

    self._update(Books(word=word, balance0=balance0, balance1=balance1, set_k_last=False))
    log IPair.Swap(
        sender=msg.sender,
        amount0In=amount0_in,
        amount1In=amount1_in,
        amount0Out=amount0_out,
        amount1Out=amount1_out,
        to=to,
    )


@internal
def _update(books: Books):
    """
    @notice Book new reserves; before the first change of a block, the time that the old ones stood
    """
    if (books.balance0 | books.balance1) >> 112 != 0:
        self._fail(FAIL_OVERFLOW)
    if unsafe_sub(block.timestamp, books.word >> 224) << 224 != 0:
        accumulators: uint256 = self.accumulators
        if accumulators != 0:
            self.accumulators = observations._advance(self._state(books.word, accumulators, observations.PRESENT))
    self.reserves = books.balance0 | (books.balance1 << 112) | (block.timestamp << 224)
    if books.set_k_last:
        self.kLast = unsafe_mul(books.balance0, books.balance1)
    log IPair.Sync(reserve0=convert(books.balance0, uint112), reserve1=convert(books.balance1, uint112))


@internal
def _mint_fee(word: uint256) -> bool:
    """
    @notice Mint the protocol's share of the growth of sqrt(k) since the last mint or burn. Returns whether it is on.
    @dev With share p/q: supply * p * (root - root_last) / ((q - p) * root + p * root_last), rounded down for the LPs
    """
    fee_to: address = staticcall IPairFactory(factory).feeTo()
    k_last: uint256 = self.kLast
    if k_last != 0:
        if fee_to == empty(address):
            self.kLast = 0
            return False
        root: uint256 = self._sqrt(unsafe_mul((word << 144) >> 144, (word << 32) >> 144))
        root_last: uint256 = self._sqrt(k_last)
        if root > root_last:
            fees: uint256 = FEES
            p: uint256 = (fees >> 16) & 65535
            q: uint256 = fees & 65535
            # Roots are below 2**112 and p <= q <= 10,000; the divisor is at least root_last, or root
            amount: uint256 = unsafe_div(
                self.totalSupply * unsafe_mul(p, unsafe_sub(root, root_last)),
                unsafe_add(unsafe_mul(unsafe_sub(q, p), root), unsafe_mul(p, root_last)),
            )
            if amount != 0:
                self._mint(fee_to, amount)
    return fee_to != empty(address)


# ---------------------------------------------------------------- internals: the state of the reserves


@internal
@view
def _state(word: uint256, accumulators: uint256, wanted: uint256) -> observations.State:
    """
    @notice What the reserves have been since they were stored; before the pair has started for no time at all
    @param wanted Without PRESENT, the liquidity is left out
    """
    reserve0: uint256 = (word << 144) >> 144
    reserve1: uint256 = (word << 32) >> 144
    liquidity: uint256 = unsafe_mul(reserve0, reserve1)
    tick: int256 = 0
    if liquidity != 0:
        if wanted & observations.PRESENT != 0:
            liquidity = self._sqrt(liquidity)
        tick = pair_tick._tick(reserve0, reserve1)
    else:
        # Only a token that takes balance away brings a pair here that has started. Its tick holds.
        tick = convert(convert(accumulators << 224, bytes32), int256) >> 225
    return observations.State(
        word=accumulators,
        elapsed=unsafe_mul((unsafe_sub(block.timestamp, word >> 224) << 224) >> 224, convert(accumulators != 0, uint256)),
        tick=tick,
        liquidity=liquidity,
    )


@internal
@pure
def _sqrt(x: uint256) -> uint256:
    return isqrt(x)


# ---------------------------------------------------------------- internals: tokens


@internal
@view
def _books() -> Books:
    """
    @notice What there is, beside what is stored
    """
    balance0: uint256 = self._balance(token0)
    balance1: uint256 = self._balance(token1)
    return Books(word=self.reserves, balance0=balance0, balance1=balance1, set_k_last=False)


@internal
@view
def _balance(token: address) -> uint256:
    return staticcall IERC20(token).balanceOf(self)


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
    # Nothing, or one word that is not 0
    affirmed: uint256 = convert(len(answer) == 0, uint256) | (
        convert(len(answer) == 32, uint256) & convert(convert(answer, uint256) != 0, uint256)
    )
    if convert(success, uint256) & affirmed == 0:
        self._fail(FAIL_TRANSFER_FAILED)


# ---------------------------------------------------------------- internals: LP token


@internal
def _mint(to: address, amount: uint256):
    self.totalSupply += amount
    # No balance exceeds the supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    self._log_transfer(empty(address), to, amount)


@internal
def _transfer(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    # No balance exceeds the supply
    self.balanceOf[to] = unsafe_add(self.balanceOf[to], amount)
    self._log_transfer(owner, to, amount)


@internal
def _log_transfer(owner: address, to: address, amount: uint256):
    log IERC20.Transfer(sender=owner, receiver=to, value=amount)


@internal
def _approve(owner: address, spender: address, amount: uint256):
    self.allowance[owner][spender] = amount
    log IERC20.Approval(owner=owner, spender=spender, value=amount)


@internal
@view
def _domain_separator() -> bytes32:
    # Not stored: when a chain splits, signatures of one side must not count on the other
    return keccak256(abi_encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chain.id, self))


@internal
@pure
def _fail(reason: uint256):
    """
    @dev One place for all reasons, and numbers instead of texts: spelled out where they arise they would be a tenth of the code.
         Of a text with up to 32 letters in all.
    """
    bits: uint256 = (reason & 255) << 3
    raw_revert(
        abi_encode(
            convert(32, uint256),
            unsafe_add(bits >> 3, 11),
            ((REASON << bits) | (reason >> 8)) << unsafe_sub(168, bits),
            method_id=method_id("Error(string)"),
        )
    )


@internal
@pure
def _fail_insufficient(reason: uint256):
    """
    @dev The same where there are 33 to 40
    """
    bits: uint256 = (reason & 255) << 3
    letters: uint256 = reason >> 8
    raw_revert(
        abi_encode(
            convert(32, uint256),
            unsafe_add(bits >> 3, 24),
            (REASON_INSUFFICIENT << 64) | (letters >> unsafe_sub(bits, 64)),
            letters << unsafe_sub(320, bits),
            method_id=method_id("Error(string)"),
        )
    )
