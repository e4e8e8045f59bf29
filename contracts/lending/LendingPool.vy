# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Cross-collateral lending pool
@license MIT
@dev See ILendingPool for what each function does and what is assumed of tokens, oracle, rate model and engine.

     What is packed in its words: contracts/modules/reserve_slots.vy and position_words.vy.

     What is seldom done (listing, seeding, writing off, fees, sweeping) is here in name, with its checks of who may and its lock, and
     done by PoolExtension on this contract's storage: a contract has 24,576 bytes.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20

from interfaces import IDeferred
from interfaces import IFlashBorrower
from interfaces import ILendingPool
from interfaces import IOperators

from contracts.modules import bit_sets
from contracts.modules import depth_math
from contracts.modules import interest
from contracts.modules import pool_reasons
from contracts.modules import position_words
from contracts.modules import reasons
from contracts.modules import reserve_slots
from contracts.modules import shares_math
from contracts.modules import transfers

# First, and in this order: PoolExtension has them in the same slots.
initializes: reserve_slots
initializes: position_words[reserve_slots := reserve_slots]

implements: ILendingPool

# ---------------------------------------------------------------- types


interface INewRiskPrices:
    # IPriceOracle's, with `why` as the number it is: any bit closes new risk, also one that this contract does not know
    def new_risk_prices(asset: address) -> (uint256, uint256, uint256, uint256): nonpayable


# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
RAY: constant(uint256) = 10**27
BPS: constant(uint256) = 10_000

MAX_BORROW_LIMIT_BPS: constant(uint256) = 9_900
FLASH_FEE_BPS: constant(uint256) = 5
FLASH_CALLBACK: constant(bytes32) = keccak256("ERC3156FlashBorrower.onFlashLoan")

NO_RESERVE: constant(uint256) = 128

# In the engine's word: a count of 56 bits
LIQUIDATIONS_AT: constant(uint256) = 200
ONE_LIQUIDATION: constant(uint256) = 1 << 200

# Of new risk, WAD units of account for 1e18 raw units: 1e45. An amount has 104 bits, so that no product of the two overflows.
MAX_PRICE: constant(uint256) = 2**150 - 1

# IPriceOracle.Why's, as a number
LIQUIDITY_ADDED: constant(uint256) = 256

LOW_160: constant(uint256) = 2**160 - 1
LOW_200: constant(uint256) = 2**200 - 1

# Beside the account in `deferred`: a health check was skipped; one that looks at the caps of collateral
SKIPPED: constant(uint256) = 1 << 160
SKIPPED_CAPPED: constant(uint256) = 1 << 161

# ---------------------------------------------------------------- events

# PoolExtension's, logged as this contract. The compiler puts into an ABI what stands in the contract itself: they are written again
# here (tests/unit/lending_pool/test_layout.py holds them against the interface).


event ReserveListed:
    asset: indexed(address)
    id: uint256


event ReserveSeeded:
    asset: indexed(address)
    amount: uint256
    shares: uint256


event FeesCollected:
    asset: indexed(address)
    shares: uint256


event Sweep:
    asset: indexed(address)
    amount: uint256


event DeficitWrittenOff:
    asset: indexed(address)
    account: indexed(address)
    amount: uint256
    loss: uint256
    treasury_shares_burned: uint256
    total_shares: uint256


event CollateralForfeited:
    asset: indexed(address)
    account: indexed(address)
    shares: uint256


# ---------------------------------------------------------------- immutables

treasury: public(immutable(address))
borrow_limit_bps: public(immutable(uint256))
min_debt_wad: public(immutable(uint256))
# who may change what is configured (PoolConfigurator), and who knows who may act for whom (Operators)
configurator: public(immutable(address))
operators: public(immutable(address))
# the code of what is seldom done (PoolExtension)
extension: public(immutable(address))

# ---------------------------------------------------------------- storage

# Each an address, and above its 160 bits a time before which new risk, or liquidation, is closed, 40 bits; of the engine's the rest: how
# many liquidations there have been, by whatever engine
oracle_word: uint256
engine_word: uint256

# The account whose health is checked when `defer` ends, with SKIPPED
deferred: transient(uint256)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(treasury_: address, borrow_limit: uint256, min_debt: uint256, configurator_: address, operators_: address, extension_: address):
    """
    @param borrow_limit What part of its capacity an account may owe after taking risk, bps
    @param min_debt Least debt of an account in a reserve after borrowing, WAD units of account
    """
    for role: address in [treasury_, configurator_, operators_, extension_]:
        assert role != empty(address), "pool: zero address"
    assert 0 < borrow_limit and borrow_limit <= MAX_BORROW_LIMIT_BPS, "pool: bad borrow limit"
    treasury = treasury_
    borrow_limit_bps = borrow_limit
    min_debt_wad = min_debt
    configurator = configurator_
    operators = operators_
    extension = extension_


# ---------------------------------------------------------------- external, configurator


@external
def configure(asset: address, market: uint256, listing: uint256, caps: uint256, ramp: uint256, stakers: address):
    self._check_configurator()
    self._extend()


@external
def set_oracle(oracle: address, new_risk_from: uint256):
    self._check_configurator()
    self.oracle_word = self._guarded(oracle, new_risk_from)
    log ILendingPool.OracleSet(oracle=oracle, new_risk_from=new_risk_from)


@external
def set_engine(engine: address, liquidation_from: uint256):
    self._check_configurator()
    self.engine_word = (self.engine_word & ~LOW_200) | self._guarded(engine, liquidation_from)
    log ILendingPool.EngineSet(engine=engine, liquidation_from=liquidation_from)


# ---------------------------------------------------------------- external, lenders and borrowers


@external
def seed(asset: address, amount: uint256):
    self._extend()


@external
def supply(asset: address, amount: uint256, on_behalf: address) -> uint256:
    supplied: uint256 = amount
    if amount == max_value(uint256):
        supplied = staticcall IERC20(asset).balanceOf(msg.sender)
    if supplied == 0:
        pool_reasons._refuse_zero()
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    # shares_math._to_shares_down, written out
    shares: uint256 = unsafe_div(
        unsafe_mul(supplied, unsafe_add(reserve.total_shares, shares_math.VIRTUAL_SHARES)), unsafe_add(assets, shares_math.VIRTUAL_ASSETS)
    )
    reserve.cash = unsafe_add(reserve.cash, supplied)
    reserve.total_shares = unsafe_add(reserve.total_shares, shares)
    assets = unsafe_add(assets, supplied)
    # MAX_ASSETS is all ones, 103 of them: this asks whether the assets or the shares, which have 124, outgrow their fields.
    if supplied | assets | (reserve.total_shares >> 21) > reserve_slots.MAX_ASSETS:
        reasons._refuse("pool: too much")
    # FROZEN, the pauses and CAPPED are the highest bits
    if reserve.market >= reserve_slots.CAPPED:
        self._check_open(reserve.market, reserve_slots.PAUSED_SUPPLY)
        self._check_supply_cap(reserve.id, reserve.market, assets)
    # an index, and with it what a share is worth, grows 20,000-fold at most: a unit is never less than 49 shares
    assert shares != 0  # dev: zero shares
    reserve_slots._store(reserve)
    self._credit(asset, reserve.id, on_behalf, shares, assets, reserve.total_shares)
    transfers._pull(asset, msg.sender, supplied)
    log ILendingPool.Supply(asset=asset, account=on_behalf, amount=supplied, shares=shares)
    return shares


@external
def withdraw(asset: address, amount: uint256, receiver: address, account: address = msg.sender) -> uint256:
    if amount == 0:
        pool_reasons._refuse_zero()
    if account != msg.sender:
        self._check_operator(account)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    word: uint256 = position_words.words[(reserve.id << 160) | convert(account, uint256)]
    shares: uint256 = word & position_words.LOW_128
    withdrawn: uint256 = amount
    if amount == max_value(uint256):
        withdrawn = shares_math._to_assets_down(shares, assets, reserve.total_shares)
    # Before any arithmetic with it: an amount above the cash could be so large that it overflows.
    if withdrawn > reserve.cash:
        pool_reasons._refuse_without_cash()
    if amount != max_value(uint256):
        shares = shares_math._to_shares_up(withdrawn, assets, reserve.total_shares)
    # nothing to withdraw is too little as well
    if withdrawn == 0 or shares > word & position_words.LOW_128:
        pool_reasons._refuse_without_supply()

    reserve.cash = unsafe_sub(reserve.cash, withdrawn)
    reserve.total_shares = unsafe_sub(reserve.total_shares, shares)
    reserve_slots._store(reserve)
    self._debit(reserve.id, reserve.market, account, word, shares, unsafe_sub(assets, withdrawn), reserve.total_shares)
    transfers._push(asset, receiver, withdrawn)
    log ILendingPool.Withdraw(asset=asset, account=account, receiver=receiver, amount=withdrawn, shares=shares)
    return withdrawn


@external
def borrow(asset: address, amount: uint256, receiver: address, account: address = msg.sender) -> uint256:
    if amount == 0:
        pool_reasons._refuse_zero()
    if account != msg.sender:
        self._check_operator(account)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    if reserve.market >= reserve_slots.FROZEN:
        self._check_open(reserve.market, reserve_slots.PAUSED_BORROW)
    if reserve.scaled_debt == 0:
        reserve.index_ray, reserve.rate = reserve_slots._load_debt_side(reserve.id)
    if amount > reserve.cash:
        pool_reasons._refuse_without_cash()
    bitmap: uint256 = position_words.bitmaps[account]
    if (bitmap >> reserve.id) & 1 != 0:
        pool_reasons._refuse_same_asset()
    debt_bit: uint256 = (1 << 128) << reserve.id
    if bitmap & debt_bit == 0:
        if bit_sets._count(bitmap >> 128) >= position_words.MAX_ASSETS:
            reasons._refuse("pool: too many debts")
        if bitmap <= position_words.LOW_128:
            position_words._recount_all(account, bitmap, True)
        bitmap = bitmap | debt_bit
        position_words.bitmaps[account] = bitmap

    owed: uint256 = amount
    fee_bps: uint256 = (reserve.market >> reserve_slots.ORIGINATION_FEE_AT) & reserve_slots.MASK_9
    if fee_bps != 0:
        fee: uint256 = unsafe_div(unsafe_add(unsafe_mul(amount, fee_bps), BPS - 1), BPS)
        owed = unsafe_add(amount, fee)
        reserve.total_shares, reserve.fee_units = self._mint_origination_fee(asset, account, reserve, fee)
    # up: at least what is owed
    scaled: uint256 = unsafe_div(unsafe_add(unsafe_mul(owed, RAY), unsafe_sub(reserve.index_ray, 1)), reserve.index_ray)
    reserve.cash = unsafe_sub(reserve.cash, amount)
    reserve.scaled_debt = unsafe_add(reserve.scaled_debt, scaled)
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    reserve_slots._store(reserve)
    key: uint256 = (reserve.id << 160) | convert(account, uint256)
    word: uint256 = unsafe_add(position_words.words[key], scaled << 128)
    position_words.words[key] = word
    if reserve.market & reserve_slots.CAPPED != 0:
        self._check_debt_cap(reserve.id, reserve.debt)
    # The debt in this reserve is at hand; the check adds the others.
    oracle: INewRiskPrices = self._new_risk_oracle()
    debt: uint256 = unsafe_div(
        unsafe_add(unsafe_mul((word >> 128) & position_words.MASK_112, reserve.index_ray), RAY - 1), RAY  # shares_math._to_debt_up
    )
    value: uint256 = self._borrowed_value_up(oracle, asset, reserve.market, debt, reserve.debt)
    self._check_new_risk(oracle, account, bitmap ^ debt_bit, value, NO_RESERVE, 0, True)
    transfers._push(asset, receiver, amount)
    log ILendingPool.Borrow(asset=asset, account=account, receiver=receiver, amount=amount, scaled=scaled)
    return scaled


@external
def repay(asset: address, amount: uint256, on_behalf: address) -> uint256:
    if amount == 0:
        pool_reasons._refuse_zero()
    if amount == max_value(uint256) and on_behalf != msg.sender:
        pool_reasons._refuse_debt_of_another()
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    owes: bool = False
    # More than the debt is clamped: somebody else's repayment just before must not make this one fail.
    repaid, scaled, owes = self._reduce_debt(reserve.id, reserve.index_ray, on_behalf, amount)
    if scaled == 0:
        pool_reasons._refuse_zero_shares()
    reserve.cash = unsafe_add(reserve.cash, repaid)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    reserve_slots._store(reserve)
    transfers._pull(asset, msg.sender, repaid)
    log ILendingPool.Repay(asset=asset, account=on_behalf, amount=repaid, scaled=scaled)
    return repaid


@external
def repay_with_shares(asset: address, amount: uint256, on_behalf: address, account: address = msg.sender) -> uint256:
    if amount == 0:
        pool_reasons._refuse_zero()
    if account != msg.sender:
        self._check_operator(account)
    if amount == max_value(uint256) and on_behalf != account:
        pool_reasons._refuse_debt_of_another()
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    owes: bool = False
    repaid, scaled, owes = self._reduce_debt(reserve.id, reserve.index_ray, on_behalf, amount)
    if scaled == 0:
        pool_reasons._refuse_zero_shares()
    shares: uint256 = shares_math._to_shares_up(repaid, unsafe_add(reserve.cash, reserve.debt), reserve.total_shares)
    # after the debt, which may be of the same account
    word: uint256 = position_words.words[position_words._key(reserve.id, account)]
    if shares > word & position_words.LOW_128:
        pool_reasons._refuse_without_supply()
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve.total_shares = unsafe_sub(reserve.total_shares, shares)
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    reserve_slots._store(reserve)
    self._debit(reserve.id, reserve.market, account, word, shares, unsafe_add(reserve.cash, reserve.debt), reserve.total_shares)
    log ILendingPool.RepayWithShares(asset=asset, account=on_behalf, payer=account, amount=repaid, scaled=scaled, shares=shares)
    return repaid


@external
def transfer_shares(asset: address, shares: uint256, receiver: address, account: address = msg.sender) -> uint256:
    self._check_address(receiver)
    if account != msg.sender:
        self._check_operator(account)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    word: uint256 = position_words.words[position_words._key(reserve.id, account)]
    moved: uint256 = shares
    if shares == max_value(uint256):
        moved = word & position_words.LOW_128
    if moved == 0:
        pool_reasons._refuse_zero()
    if moved > word & position_words.LOW_128:
        pool_reasons._refuse_without_supply()
    self._debit(reserve.id, reserve.market, account, word, moved, assets, reserve.total_shares)
    self._credit(asset, reserve.id, receiver, moved, assets, reserve.total_shares)
    log ILendingPool.TransferShares(asset=asset, account=account, receiver=receiver, shares=moved)
    return moved


@external
def set_collateral(asset: address, enabled: bool, account: address = msg.sender):
    if account != msg.sender:
        self._check_operator(account)
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_7
    bitmap: uint256 = position_words.bitmaps[account]
    if ((bitmap >> id) & 1 == 1) == enabled:
        return
    if enabled:
        # Its shares come and go with fees and deficits, which no count of collateral would notice.
        if account == treasury:
            reasons._refuse("pool: treasury")
        if (bitmap >> (128 + id)) & 1 != 0:
            pool_reasons._refuse_same_asset()
        if bit_sets._count(bitmap & position_words.LOW_128) >= position_words.MAX_ASSETS:
            reasons._refuse("pool: too many collaterals")
        if market & reserve_slots.FROZEN != 0:
            pool_reasons._refuse_frozen()
    bitmap = bitmap ^ (1 << id)
    position_words.bitmaps[account] = bitmap
    key: uint256 = position_words._key(id, account)
    word: uint256 = position_words.words[key] ^ position_words.ENABLED
    position_words.words[key] = word
    if bitmap > position_words.LOW_128:
        if enabled:
            reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
            self._join(asset, id, 0, word & position_words.LOW_128, unsafe_add(reserve.cash, reserve.debt), reserve.total_shares)
        else:
            self._check_not_paused(market, reserve_slots.PAUSED_COLLATERAL)
            position_words._recount(id, word & position_words.LOW_128, 0)
            self._check_new_risk(self._new_risk_oracle(), account, bitmap, 0, NO_RESERVE, 0, False)
    log ILendingPool.CollateralSet(asset=asset, account=account, enabled=enabled)


@external
@reentrant
def defer(account: address, data: Bytes[8192]):
    """
    @dev Without the lock, so that the caller can act in between: each action takes it for itself. Who is judged only at the end can
         be liquidated by nobody before it (_check_engine), himself included.
    """
    if account != msg.sender:
        self._check_operator(account)
    if self.deferred != 0:
        pool_reasons._refuse_deferred()
    self.deferred = convert(account, uint256)
    extcall IDeferred(msg.sender).on_deferred(account, data)
    deferred: uint256 = self.deferred
    self.deferred = 0
    bitmap: uint256 = position_words.bitmaps[account]
    if deferred > LOW_160 and bitmap > position_words.LOW_128:
        self._check_new_risk(self._new_risk_oracle(), account, bitmap, 0, NO_RESERVE, 0, deferred & SKIPPED_CAPPED != 0)


@external
@reentrant
def flashLoan(receiver: address, token: address, amount: uint256, data: Bytes[4096]) -> bool:
    """
    @dev Without the lock, so that the receiver can repay, withdraw and liquidate with what it got. The books do not move: while the
         tokens are out, prices of shares and rates are those of before, and what is not there cannot be paid out.
    """
    reserve: reserve_slots.Reserve = reserve_slots._load(token, reserve_slots.ID_UNKNOWN)
    self._check_open(reserve.market, reserve_slots.PAUSED_FLASH)
    if amount == 0:
        pool_reasons._refuse_zero()
    if amount > reserve.cash:
        pool_reasons._refuse_without_cash()
    fee: uint256 = self._flash_fee_up(amount)
    transfers._push(token, receiver, amount)
    if extcall IFlashBorrower(receiver).onFlashLoan(msg.sender, token, amount, fee, data) != FLASH_CALLBACK:
        reasons._refuse("pool: flash callback")
    transfers._pull(token, receiver, amount)
    assert extcall IERC20(token).transferFrom(receiver, treasury, fee, default_return_value=True)  # dev: fee
    log ILendingPool.FlashLoan(asset=token, receiver=receiver, amount=amount, fee=fee)
    return True


@external
def accrue(asset: address):
    reserve_slots._store(reserve_slots._load(asset, reserve_slots.ID_UNKNOWN))


@external
def collect_fees(asset: address) -> uint256:
    return self._extend()


@external
def sweep(asset: address) -> uint256:
    return self._extend()


# ---------------------------------------------------------------- external, liquidation engine


@external
def settle_liquidation(
    borrower: address,
    payer: address,
    receiver: address,
    debt_asset: address,
    repay_amount: uint256,
    collateral_id: uint256,
    seize_amount: uint256,
    fee_amount: uint256,
) -> uint256:
    engine_word: uint256 = self._check_engine(borrower)
    if repay_amount == 0 or seize_amount == 0:
        pool_reasons._refuse_zero()

    reserve: reserve_slots.Reserve = reserve_slots._load(debt_asset, reserve_slots.ID_UNKNOWN)
    if reserve.id == collateral_id:
        pool_reasons._refuse_same_asset()
    repaid: uint256 = 0
    scaled: uint256 = 0
    owes: bool = False
    repaid, scaled, owes = self._reduce_debt(reserve.id, reserve.index_ray, borrower, repay_amount)
    if repaid != repay_amount:
        reasons._refuse("pool: above debt")
    reserve.cash = unsafe_add(reserve.cash, repaid)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    reserve_slots._store(reserve)
    self.engine_word = unsafe_add(engine_word, ONE_LIQUIDATION)

    collateral_asset: address = empty(address)
    shares: uint256 = 0
    collateral_asset, shares = self._seize(borrower, collateral_id, seize_amount, fee_amount, owes)

    transfers._pull(debt_asset, payer, repay_amount)
    # fee_amount <= seize_amount: checked by _seize
    net: uint256 = unsafe_sub(seize_amount, fee_amount)
    if net != 0:
        transfers._push(collateral_asset, receiver, net)
    log ILendingPool.LiquidationSettled(
        account=borrower, debt_asset=debt_asset, scaled=scaled, collateral_asset=collateral_asset, shares=shares
    )
    return unsafe_add(engine_word >> LIQUIDATIONS_AT, 1)


@external
def write_off(borrower: address):
    self._check_engine(borrower)
    self._extend()


# ---------------------------------------------------------------- external views


@view
@external
def account_words(account: address) -> (address, DynArray[uint256, 16], DynArray[uint256, 16]):
    bitmap: uint256 = position_words.bitmaps[account]
    collaterals: DynArray[uint256, 16] = []
    debts: DynArray[uint256, 16] = []
    rest: uint256 = bitmap & position_words.LOW_128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        collaterals.append(reserve_slots._told(id, listing))
        collaterals.append(self._supply_down(id, convert(listing & reserve_slots.MASK_160, address), account)[0])
    rest = bitmap >> 128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        debts.append(reserve_slots._told(id, reserve_slots.listings[id]))
        debts.append(self._debt_up(id, account))
    return convert(self.oracle_word & LOW_160, address), collaterals, debts


@view
@external
def positions(account: address) -> (uint256, DynArray[uint256, 256]):
    bitmap: uint256 = position_words.bitmaps[account]
    words: DynArray[uint256, 256] = []
    rest: uint256 = (bitmap | (bitmap >> 128)) & position_words.LOW_128
    for _: uint256 in range(2 * position_words.MAX_ASSETS):
        if rest == 0:
            break
        words.append(position_words.words[position_words._key(bit_sets._lowest(rest), account)] & ~position_words.ENABLED)
        rest = rest & unsafe_sub(rest, 1)
    return bitmap, words


@view
@external
def reserve_state(asset: address) -> ILendingPool.ReserveState:
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_7
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    model: address = convert(market & reserve_slots.MASK_160, address)
    if reserve.scaled_debt == 0:
        reserve.index_ray, reserve.rate = reserve_slots._load_debt_side(id)
        # what a first loan begins at
        reserve.rate = interest._rate_units(model, 0, reserve.rate)
    seeded: bool = market & reserve_slots.SEEDED != 0
    listing: uint256 = reserve_slots.listings[id]
    ltv_bps: uint256 = 0
    new_risk_ltv_bps: uint256 = 0
    if seeded:
        ltv_bps = reserve_slots._liquidation_ltv_bps(id, listing)
        new_risk_ltv_bps = self._ltv_bps(listing)
    return ILendingPool.ReserveState(
        id=id,
        cash=reserve.cash,
        total_shares=reserve.total_shares,
        fee_shares=reserve_slots._fee_shares(reserve, market),
        debt=reserve.debt,
        scaled_debt=reserve.scaled_debt,
        index_ray=reserve.index_ray,
        borrow_rate_wad=reserve.rate * interest.RATE_UNIT_WAD,
        ltv_bps=ltv_bps,
        new_risk_ltv_bps=new_risk_ltv_bps,
        bonus_bps=self._bonus_bps(listing),
        reserve_factor_bps=(market >> reserve_slots.RESERVE_FACTOR_AT) & reserve_slots.MASK_14,
        seeded=seeded,
        rate_model=model,
        depth_mode=self._depth_mode(listing),
        counted_shares=reserve_slots._counted_shares(listing),
    )


@view
@external
@reentrant
def config_words(asset: address) -> (uint256, uint256, uint256, uint256, address):
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_7
    return market, reserve_slots.listings[id], reserve_slots.caps[id], reserve_slots.ramps[id], reserve_slots.stakers[id]


@view
@external
@reentrant
def guards() -> (uint256, uint256):
    return self.oracle_word >> 160, (self.engine_word & LOW_200) >> 160


@view
@external
@reentrant
def oracle() -> address:
    return convert(self.oracle_word & LOW_160, address)


@view
@external
@reentrant
def engine() -> address:
    return convert(self.engine_word & LOW_160, address)


@view
@external
@reentrant
def liquidations() -> uint256:
    return self.engine_word >> LIQUIDATIONS_AT


@view
@external
@reentrant
def maxFlashLoan(token: address) -> uint256:
    market: uint256 = reserve_slots.markets[token]
    if market & reserve_slots.SEEDED == 0 or self._closed(market, reserve_slots.PAUSED_FLASH):
        return 0
    return reserve_slots.states[(market >> reserve_slots.ID_AT) & reserve_slots.MASK_7][0] & reserve_slots.MAX_AMOUNT


@view
@external
@reentrant
def flashFee(token: address, amount: uint256) -> uint256:
    reserve_slots._market(token)
    return self._flash_fee_up(amount)


@view
@external
@reentrant
def reserves_count() -> uint256:
    return reserve_slots.count


@view
@external
@reentrant
def reserve_at(id: uint256) -> address:
    if id >= reserve_slots.count:
        reasons._refuse("pool: not listed")
    return self._asset(id)


@view
@external
def supply_shares_of(account: address, asset: address) -> uint256:
    return position_words.words[position_words._key(self._listed_id(asset), account)] & position_words.LOW_128


@view
@external
def supply_of(account: address, asset: address) -> uint256:
    return self._supply_down(self._listed_id(asset), asset, account)[0]


@view
@external
def debt_of(account: address, asset: address) -> uint256:
    return self._debt_up(self._listed_id(asset), account)


# ---------------------------------------------------------------- internals: what the extension does


@internal
def _extend() -> uint256:
    """
    @notice Run the function of the same name, with the same arguments, of PoolExtension, on this contract's storage and as this contract.
            Returns the first word of its answer.
    """
    return convert(raw_call(extension, msg.data, max_outsize=32, is_delegate_call=True), uint256)


# ---------------------------------------------------------------- internals: who may, and when


@internal
@view
def _check_configurator():
    if msg.sender != configurator:
        reasons._refuse("pool: not configurator")


@internal
@view
def _check_engine(borrower: address) -> uint256:
    """
    @return The engine's word
    """
    word: uint256 = self.engine_word
    if convert(msg.sender, uint256) != word & LOW_160:
        reasons._refuse("pool: not engine")
    if block.timestamp < (word & LOW_200) >> 160:
        pool_reasons._refuse_paused()
    if convert(borrower, uint256) == self.deferred & LOW_160:
        pool_reasons._refuse_deferred()
    return word


@internal
@view
def _check_operator(account: address):
    if not staticcall IOperators(operators).is_operator(self, account, msg.sender):
        reasons._refuse("pool: not operator")


@internal
@view
def _new_risk_oracle() -> INewRiskPrices:
    word: uint256 = self.oracle_word
    if block.timestamp < word >> 160:
        pool_reasons._refuse_paused()
    return INewRiskPrices(convert(word & LOW_160, address))


@internal
@view
def _closed(market: uint256, action: uint256) -> bool:
    """
    @param action One of PAUSED_SUPPLY, PAUSED_BORROW, PAUSED_COLLATERAL, PAUSED_FLASH
    """
    return market & reserve_slots.FROZEN != 0 or self._paused(market, action)


@internal
@view
def _paused(market: uint256, action: uint256) -> bool:
    until: uint256 = (market >> reserve_slots.PAUSED_UNTIL_AT) & reserve_slots.MASK_26
    return market & action != 0 and block.timestamp >> reserve_slots.PAUSE_SHIFT < until


@internal
@view
def _check_not_paused(market: uint256, action: uint256):
    if self._paused(market, action):
        pool_reasons._refuse_paused()


@internal
@view
def _check_open(market: uint256, action: uint256):
    if market & reserve_slots.FROZEN != 0:
        pool_reasons._refuse_frozen()
    self._check_not_paused(market, action)


@internal
@view
def _check_supply_cap(id: uint256, market: uint256, assets: uint256):
    if market & reserve_slots.CAPPED == 0:
        return
    cap: uint256 = reserve_slots.caps[id] & position_words.LOW_128
    if cap != 0 and assets > cap:
        reasons._refuse("pool: supply cap")


@internal
@view
def _check_debt_cap(id: uint256, debt: uint256):
    cap: uint256 = reserve_slots.caps[id] >> 128
    if cap != 0 and debt > cap:
        pool_reasons._refuse_debt_cap()


@internal
@pure
def _guarded(account: address, closed_until: uint256) -> uint256:
    self._check_address(account)
    assert closed_until < 2**40  # dev: time
    return convert(account, uint256) | (closed_until << 160)


@internal
@pure
def _flash_fee_up(amount: uint256) -> uint256:
    return (amount * FLASH_FEE_BPS + (BPS - 1)) // BPS


# ---------------------------------------------------------------- internals: reserves


@internal
@pure
def _check_address(account: address):
    if account == empty(address):
        reasons._refuse("pool: zero address")


@internal
@view
def _listed_id(asset: address) -> uint256:
    market: uint256 = reserve_slots._market(asset)
    return (market >> reserve_slots.ID_AT) & reserve_slots.MASK_7


@internal
@view
def _asset(id: uint256) -> address:
    return convert(reserve_slots.listings[id] & reserve_slots.MASK_160, address)


@internal
@pure
def _ltv_bps(listing: uint256) -> uint256:
    return (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14


@internal
@pure
def _bonus_bps(listing: uint256) -> uint256:
    return (listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14


@internal
@pure
def _depth_mode(listing: uint256) -> uint256:
    return (listing >> reserve_slots.DEPTH_MODE_AT) & 3


# ---------------------------------------------------------------- internals: positions


@internal
@view
def _supply_down(id: uint256, asset: address, account: address) -> (uint256, uint256, uint256):
    """
    @notice An account's supply, and the assets and shares of the reserve; all 0 where it has none
    """
    shares: uint256 = position_words.words[(id << 160) | convert(account, uint256)] & position_words.LOW_128
    if shares == 0:
        return 0, 0, 0
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    # shares_math._to_assets_down, written out
    amount: uint256 = unsafe_div(
        unsafe_mul(shares, unsafe_add(assets, shares_math.VIRTUAL_ASSETS)), unsafe_add(reserve.total_shares, shares_math.VIRTUAL_SHARES)
    )
    return amount, assets, reserve.total_shares


@internal
@view
def _debt_up(id: uint256, account: address) -> uint256:
    scaled: uint256 = (position_words.words[(id << 160) | convert(account, uint256)] >> 128) & position_words.MASK_112
    if scaled == 0:
        return 0
    reserve: reserve_slots.Reserve = reserve_slots._load(empty(address), id)
    return shares_math._to_debt_up(scaled, reserve.index_ray)


@internal
def _credit(asset: address, id: uint256, account: address, shares: uint256, assets: uint256, total_shares: uint256):
    """
    @notice Give supply shares to an account: collateral, where it has enabled the reserve
    @param assets Of the reserve as it is now, like total_shares
    """
    key: uint256 = (id << 160) | convert(account, uint256)
    before: uint256 = position_words.words[key]
    word: uint256 = unsafe_add(before, shares)
    position_words.words[key] = word
    if word >= position_words.ENABLED and position_words.bitmaps[account] > position_words.LOW_128:
        self._join(asset, id, before & position_words.LOW_128, word & position_words.LOW_128, assets, total_shares)


@internal
def _debit(id: uint256, market: uint256, account: address, before: uint256, shares: uint256, assets: uint256, total_shares: uint256):
    """
    @notice Take supply shares from an account, which has them; it stays within its limit
    @param before Its position word
    @param assets Of the reserve as it is now, like total_shares
    """
    word: uint256 = unsafe_sub(before, shares)
    position_words.words[(id << 160) | convert(account, uint256)] = word
    if word < position_words.ENABLED:
        return
    bitmap: uint256 = position_words.bitmaps[account]
    if bitmap <= position_words.LOW_128:
        return
    if market >= reserve_slots.FROZEN:
        self._check_not_paused(market, reserve_slots.PAUSED_COLLATERAL)
    word = word & position_words.LOW_128
    position_words._recount(id, unsafe_add(word, shares), word)
    left: uint256 = shares_math._to_assets_down(word, assets, total_shares)
    self._check_new_risk(self._new_risk_oracle(), account, bitmap, 0, id, left, False)


@internal
def _mint_origination_fee(asset: address, account: address, reserve: reserve_slots.Reserve, fee: uint256) -> (uint256, uint256):
    """
    @notice The fee, which has become debt of `account`, becomes shares: half for the stakers of the asset, the rest for the treasury
    @return The reserve's total_shares and fee_units
    """
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    shares: uint256 = shares_math._to_shares_down(fee, assets, reserve.total_shares)
    # else repeated loans could let the debt outgrow its field
    if unsafe_add(assets, fee) | (unsafe_add(reserve.total_shares, shares) >> 21) > reserve_slots.MAX_ASSETS:
        reasons._refuse("pool: too much")
    stakers_shares: uint256 = 0
    stakers: address = reserve_slots.stakers[reserve.id]
    if stakers != empty(address):
        key: uint256 = position_words._key(reserve.id, stakers)
        # shares that come by themselves are nobody's collateral: no count would notice
        if position_words.words[key] < position_words.ENABLED:
            stakers_shares = shares // 2
            position_words.words[key] = unsafe_add(position_words.words[key], stakers_shares)
    fee_shift: uint256 = (reserve.market >> reserve_slots.FEE_SHIFT_AT) & reserve_slots.MASK_6
    units: uint256 = unsafe_sub(shares, stakers_shares) >> fee_shift
    treasury_shares: uint256 = units << fee_shift
    log ILendingPool.OriginationFee(
        asset=asset,
        account=account,
        amount=fee,
        stakers_shares=stakers_shares,
        treasury_shares=treasury_shares,
    )
    return unsafe_add(reserve.total_shares, unsafe_add(stakers_shares, treasury_shares)), unsafe_add(reserve.fee_units, units)


@internal
def _reduce_debt(id: uint256, index_ray: uint256, account: address, amount: uint256) -> (uint256, uint256, bool):
    """
    @notice Take up to `amount` off the debt of an account. Returns what that is in tokens and scaled, and whether the account still
            owes anything anywhere; the caller changes the reserve.
    """
    key: uint256 = (id << 160) | convert(account, uint256)
    word: uint256 = position_words.words[key]
    scaled: uint256 = (word >> 128) & position_words.MASK_112
    if scaled == 0:
        reasons._refuse("pool: no debt")
    # shares_math._to_debt_up, written out
    debt: uint256 = unsafe_div(unsafe_add(unsafe_mul(scaled, index_ray), RAY - 1), RAY)
    if amount >= debt:
        position_words.words[key] = unsafe_sub(word, scaled << 128)
        bitmap: uint256 = position_words.bitmaps[account] ^ ((1 << 128) << id)
        position_words.bitmaps[account] = bitmap
        if bitmap > position_words.LOW_128:
            return debt, scaled, True
        position_words._recount_all(account, bitmap, False)
        return debt, scaled, False
    # down; 0 for a single raw unit, which then is given for nothing
    scaled = unsafe_div(unsafe_mul(amount, RAY), index_ray)
    position_words.words[key] = unsafe_sub(word, scaled << 128)
    return amount, scaled, True


@internal
def _seize(borrower: address, id: uint256, amount: uint256, fee: uint256, owes: bool) -> (address, uint256):
    """
    @notice Take `amount` out of the borrower's collateral. `fee` of it becomes shares of the treasury; the cash for the rest
            leaves the books. Returns the asset, and the shares that the borrower lost.
    @param owes Whether the borrower has debt left, so that the collateral is counted
    """
    # Read, or about to be, for its count. Without an asset there is no supply, and nothing to seize.
    listing: uint256 = reserve_slots.listings[id]
    asset: address = convert(listing & reserve_slots.MASK_160, address)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    if reserve.scaled_debt != 0:
        reserve.market = reserve_slots.markets[asset]
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    key: uint256 = (id << 160) | convert(borrower, uint256)
    word: uint256 = position_words.words[key]
    shares: uint256 = word & position_words.LOW_128
    whole: uint256 = shares_math._to_assets_down(shares, assets, reserve.total_shares)
    if amount > whole:
        pool_reasons._refuse_without_supply()
    if fee > amount:
        reasons._refuse("pool: fee above seizure")
    if amount < whole:
        shares = shares_math._to_shares_up(amount, assets, reserve.total_shares)
    net: uint256 = unsafe_sub(amount, fee)
    if net > reserve.cash:
        pool_reasons._refuse_without_cash()

    fee_shift: uint256 = reserve_slots._fee_shift(listing)
    fee_units: uint256 = shares_math._to_shares_down(fee, assets, reserve.total_shares) >> fee_shift
    position_words.words[key] = unsafe_sub(word, shares)
    if owes and word >= position_words.ENABLED:
        position_words._recount(id, word & position_words.LOW_128, unsafe_sub(word & position_words.LOW_128, shares))
    reserve.cash = unsafe_sub(reserve.cash, net)
    reserve.total_shares = unsafe_add(unsafe_sub(reserve.total_shares, shares), fee_units << fee_shift)
    reserve.fee_units = unsafe_add(reserve.fee_units, fee_units)
    reserve_slots._store(reserve)
    return asset, shares


# ---------------------------------------------------------------- internals: counted collateral


@internal
def _join(asset: address, id: uint256, before: uint256, after: uint256, assets: uint256, total_shares: uint256):
    """
    @notice Collateral joins an account with debt: it has a price now, and there is room below its cap
    @dev In the liquidation test collateral without a price counts at its last valid one, so that a source which fails liquidates
         nobody. What lost its price, and its worth, could else be bought for nothing and enabled as a shield.
    """
    low: uint256 = 0
    high: uint256 = 0
    depth: uint256 = 0
    why: uint256 = 0
    low, high, depth, why = extcall INewRiskPrices(convert(self.oracle_word & LOW_160, address)).new_risk_prices(asset)
    if low == 0:
        pool_reasons._refuse_unpriced()
    if after != before:
        listing: uint256 = position_words._recount(id, before, after)
        if depth < depth_math.UNLIMITED and listing & reserve_slots.DEPTH_OFF == 0:
            # Liquidity that is gone again when the transaction ends makes no room below the cap.
            if why & LIQUIDITY_ADDED != 0:
                pool_reasons._refuse_unpriced()
            self._check_collateral_cap(listing, assets, total_shares, low, depth)


@internal
@pure
def _check_collateral_cap(listing: uint256, assets: uint256, total_shares: uint256, low: uint256, depth: uint256):
    """
    @notice The collateral of all accounts with debt is within its cap
    @param assets Of the reserve, like total_shares
    @param depth Below UNLIMITED
    """
    # reserve_slots._counted_shares, shares_math._to_assets_down, depth_math._risk and _within_cap, written out: every loan comes here
    # for every collateral.
    counted: uint256 = unsafe_div(
        unsafe_mul(
            (listing >> reserve_slots.COUNTED_AT)
            << unsafe_add(22, unsafe_div(unsafe_mul((listing >> reserve_slots.DECIMALS_AT) & reserve_slots.MASK_4, 10), 3)),
            unsafe_add(assets, shares_math.VIRTUAL_ASSETS),
        ),
        unsafe_add(total_shares, shares_math.VIRTUAL_SHARES),
    )
    total: uint256 = counted * low // WAD
    ltv_bps: uint256 = (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14
    if ltv_bps < depth_math.LEAST_LTV_BPS:
        ltv_bps = depth_math.LEAST_LTV_BPS
    risk: uint256 = unsafe_mul(ltv_bps, (listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14)
    after: uint256 = unsafe_add(total, depth)
    # in this order: what is large enough to overflow is refused before
    if total > depth or unsafe_mul(unsafe_mul(after, after), risk) > unsafe_mul(unsafe_mul(depth, depth), BPS * BPS):
        reasons._refuse("pool: collateral cap")


# ---------------------------------------------------------------- internals: risk


@internal
def _borrowed_value_up(oracle: INewRiskPrices, asset: address, market: uint256, amount: uint256, total: uint256) -> uint256:
    """
    @notice What a debt counts that has just grown to `amount`, WAD. All debt of the reserve, `total`, is within its cap.
    """
    low: uint256 = 0
    high: uint256 = 0
    depth: uint256 = 0
    why: uint256 = 0
    low, high, depth, why = extcall oracle.new_risk_prices(asset)
    # An unknown price is no price, and no ground for more debt.
    if why != 0:
        pool_reasons._refuse_unpriced()
    assert high <= MAX_PRICE  # dev: price
    value: uint256 = unsafe_div(unsafe_add(unsafe_mul(amount, high), WAD - 1), WAD)
    if value < min_debt_wad:
        reasons._refuse("pool: below minimum debt")
    risk: uint256 = (market >> reserve_slots.RISK_AT) & reserve_slots.MASK_27
    if risk == 0 or depth >= depth_math.UNLIMITED:
        return value
    if not depth_math._within_cap(unsafe_div(unsafe_add(unsafe_mul(total, high), WAD - 1), WAD), depth, risk):
        pool_reasons._refuse_debt_cap()
    value = depth_math._cost_up(value, depth)
    if value == max_value(uint256):
        pool_reasons._refuse_beyond_depth()
    return value


@internal
def _check_new_risk(
    oracle: INewRiskPrices, account: address, bitmap: uint256, known_debt: uint256, touched_id: uint256, left: uint256, capped: bool
):
    """
    @notice The account's debt (at `high`) is within the borrow limit of its capacity (at `low`), both by depth
    @param known_debt Value of debts that the caller has taken out of the bitmap
    @param touched_id The reserve whose collateral, `left`, the caller has in memory, or NO_RESERVE
    @param capped Whether the counted total of each of its collaterals must be within its cap: what only lowers it is not stopped
    """
    deferred: uint256 = self.deferred
    if convert(account, uint256) == deferred & LOW_160:
        self.deferred = deferred | SKIPPED | (convert(capped, uint256) << 161)
        return
    low: uint256 = 0
    high: uint256 = 0
    depth: uint256 = 0
    why: uint256 = 0
    debt_value: uint256 = known_debt
    rest: uint256 = bitmap >> 128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        low, high, depth, why = extcall oracle.new_risk_prices(asset)
        if why != 0:
            pool_reasons._refuse_unpriced()
        assert high <= MAX_PRICE  # dev: price
        value: uint256 = unsafe_div(unsafe_add(unsafe_mul(self._debt_up(id, account), high), WAD - 1), WAD)
        if listing & reserve_slots.DEPTH_OFF == 0:
            value = depth_math._cost_up(value, depth)
            if value == max_value(uint256):
                pool_reasons._refuse_beyond_depth()
        debt_value = unsafe_add(debt_value, value)

    weighted_value: uint256 = 0
    amount: uint256 = 0
    assets: uint256 = 0
    total_shares: uint256 = 0
    rest = bitmap & position_words.LOW_128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        if id == touched_id:
            amount = left
        else:
            amount, assets, total_shares = self._supply_down(id, asset, account)
        if amount != 0:
            low, high, depth, why = extcall oracle.new_risk_prices(asset)
            # Without any price now it would count at its last one in the liquidation test: it must not come along.
            if low == 0:
                pool_reasons._refuse_unpriced()
            assert low <= MAX_PRICE  # dev: price
            value: uint256 = unsafe_div(unsafe_mul(amount, low), WAD)
            if depth < depth_math.UNLIMITED and listing & reserve_slots.DEPTH_OFF == 0:
                if capped:
                    self._check_collateral_cap(listing, assets, total_shares, low, depth)
                value = depth_math._value_down(value, depth)
            # what may not be lent against adds no capacity
            if why == 0:
                weighted_value = unsafe_add(weighted_value, unsafe_mul(value, (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14))
            # Nothing overflows: a value is below 2^195, what a debt costs by depth below 2^224, and there are nine of them at most.


    if unsafe_mul(debt_value, BPS) > unsafe_mul(unsafe_div(weighted_value, BPS), borrow_limit_bps):
        reasons._refuse("pool: over limit")
