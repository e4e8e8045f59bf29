# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Cross-collateral lending pool
@license MIT
@dev See ILendingPool for what each function does and what is assumed of tokens, oracle, rate model and engine.

     Words, bits lowest first (those of the reserves: contracts/modules/reserve_slots.vy)
       position   supply shares 128 | scaled debt 112 | spare 15 | enabled as collateral 1
       account    bit i: reserve i is enabled as collateral; bit 128 + i: debt in reserve i
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

# who may list assets and name the oracle and the engine
from snekmate.auth import ownable

from interfaces import ILendingPool
from interfaces import IPriceOracle

from contracts.modules import bit_sets
from contracts.modules import interest
from contracts.modules import reserve_slots
from contracts.modules import shares_math
from contracts.modules import transfers

initializes: ownable
initializes: reserve_slots

implements: ILendingPool

exports: (ownable.owner, ownable.transfer_ownership)

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
RAY: constant(uint256) = 10**27
BPS: constant(uint256) = 10_000

MAX_BORROW_LIMIT_BPS: constant(uint256) = 9_900
# A liquidation at the full bonus must be covered with this much of the collateral's value to spare.
LTV_MARGIN_BPS: constant(uint256) = 500
# Above 4/3 the floor of the seizure price (0.75 of the trigger price, with the bonus) would exceed the trigger price itself.
MAX_BONUS_BPS: constant(uint256) = 13_000

MAX_RESERVES: constant(uint256) = 128
# Bounds the gas of a health check, and with it that of a liquidation.
MAX_ASSETS: constant(uint256) = 8
NO_RESERVE: constant(uint256) = 128

LOW_128: constant(uint256) = 2**128 - 1
MASK_112: constant(uint256) = 2**112 - 1
ENABLED: constant(uint256) = 1 << 255

# ---------------------------------------------------------------- immutables

treasury: public(immutable(address))
borrow_limit_bps: public(immutable(uint256))
min_debt_wad: public(immutable(uint256))

# ---------------------------------------------------------------- storage

oracle: reentrant(public(address))
engine: reentrant(public(address))

# by reserve id << 160 | account
words: HashMap[uint256, uint256]
bitmaps: HashMap[address, uint256]

# ---------------------------------------------------------------- constructor


@deploy
def __init__(treasury_: address, borrow_limit: uint256, min_debt: uint256):
    """
    @param borrow_limit What part of its capacity an account may owe after taking risk, bps
    @param min_debt Least debt of an account in a reserve after borrowing, WAD units of account
    """
    ownable.__init__()
    assert treasury_ != empty(address), "pool: zero address"
    assert 0 < borrow_limit and borrow_limit <= MAX_BORROW_LIMIT_BPS, "pool: bad borrow limit"
    treasury = treasury_
    borrow_limit_bps = borrow_limit
    min_debt_wad = min_debt


# ---------------------------------------------------------------- external, owner


@external
def list_reserve(asset: address, rate_model: address, ltv_bps: uint256, bonus_bps: uint256, reserve_factor_bps: uint256):
    ownable._check_owner()
    assert reserve_slots.markets[asset] == 0, "pool: already listed"
    id: uint256 = reserve_slots.count
    assert id < MAX_RESERVES, "pool: too many reserves"
    self._check_address(rate_model)
    decimals: uint256 = convert(staticcall IERC20Detailed(asset).decimals(), uint256)
    assert 6 <= decimals and decimals <= 18, "pool: bad decimals"
    assert BPS <= bonus_bps and bonus_bps <= MAX_BONUS_BPS, "pool: bad bonus"
    # LTV <= 1/bonus - 5 %, multiplied out
    assert ltv_bps <= BPS and (ltv_bps + LTV_MARGIN_BPS) * bonus_bps <= BPS * BPS, "pool: bad ltv"
    assert reserve_factor_bps <= BPS, "pool: bad reserve factor"

    # A unit of fees: 2^16 shares = 0.065 raw units at 6 decimals, ten times as much for each decimal more.
    fee_shift: uint256 = 16 + (decimals - 6) * 10 // 3
    reserve_slots.count = id + 1
    reserve_slots.markets[asset] = (
        convert(rate_model, uint256)
        | (id << reserve_slots.ID_AT)
        | (reserve_factor_bps << reserve_slots.RESERVE_FACTOR_AT)
        | (fee_shift << reserve_slots.FEE_SHIFT_AT)
        | reserve_slots.LISTED
    )
    reserve_slots.listings[id] = (convert(asset, uint256) | (ltv_bps << reserve_slots.LTV_AT) | (bonus_bps << reserve_slots.BONUS_AT))
    fresh: reserve_slots.Reserve = empty(reserve_slots.Reserve)
    fresh.id = id
    fresh.index_ray = RAY
    reserve_slots._store(fresh)
    log ILendingPool.ReserveListed(
        asset=asset,
        id=id,
        rate_model=rate_model,
        ltv_bps=ltv_bps,
        bonus_bps=bonus_bps,
        reserve_factor_bps=reserve_factor_bps,
    )


@external
def set_oracle(oracle: address):
    ownable._check_owner()
    self._check_address(oracle)
    self.oracle = oracle
    log ILendingPool.OracleSet(oracle=oracle)


@external
def set_engine(engine: address):
    ownable._check_owner()
    self._check_address(engine)
    self.engine = engine
    log ILendingPool.EngineSet(engine=engine)


# ---------------------------------------------------------------- external, lenders and borrowers


@external
def seed(asset: address, amount: uint256):
    market: uint256 = reserve_slots._market(asset)
    assert market & reserve_slots.SEEDED == 0, "pool: already seeded"
    decimals: uint256 = convert(staticcall IERC20Detailed(asset).decimals(), uint256)
    assert amount >= 10**(decimals - 3), "pool: seed too small"
    assert amount <= reserve_slots.MAX_ASSETS, "pool: too much"

    reserve_slots.markets[asset] = market | reserve_slots.SEEDED
    reserve: reserve_slots.Reserve = empty(reserve_slots.Reserve)
    reserve.id = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_8
    reserve.cash = amount
    reserve.total_shares = shares_math._to_shares_down(amount, 0, 0)
    reserve_slots._store(reserve)
    # Dead shares: the price per share of a reserve that was ever used is never that of an empty one.
    self.words[self._key(reserve.id, empty(address))] = reserve.total_shares
    transfers._pull(asset, msg.sender, amount)
    log ILendingPool.ReserveSeeded(asset=asset, amount=amount, shares=reserve.total_shares)


@external
def supply(asset: address, amount: uint256, on_behalf: address) -> uint256:
    supplied: uint256 = amount
    if amount == max_value(uint256):
        supplied = staticcall IERC20(asset).balanceOf(msg.sender)
    assert supplied != 0, "pool: zero amount"
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    shares: uint256 = shares_math._to_shares_down(supplied, assets, reserve.total_shares)
    reserve.cash = unsafe_add(reserve.cash, supplied)
    reserve.total_shares = unsafe_add(reserve.total_shares, shares)
    # MAX_ASSETS is all ones, 103 of them: this asks whether the assets or the shares, which have 124, outgrow their fields.
    assert supplied | unsafe_add(assets, supplied) | (reserve.total_shares >> 21) <= reserve_slots.MAX_ASSETS, "pool: too much"
    # an index, and with it what a share is worth, grows 20,000-fold at most: a unit is never less than 49 shares
    assert shares != 0  # dev: zero shares
    reserve_slots._store(reserve)
    key: uint256 = (reserve.id << 160) | convert(on_behalf, uint256)
    word: uint256 = unsafe_add(self.words[key], shares)
    self.words[key] = word
    if word >= ENABLED and self.bitmaps[on_behalf] > LOW_128:
        self._check_priced(asset)
    transfers._pull(asset, msg.sender, supplied)
    log ILendingPool.Supply(asset=asset, account=on_behalf, payer=msg.sender, amount=supplied, shares=shares)
    return shares


@external
def withdraw(asset: address, amount: uint256, receiver: address) -> uint256:
    assert amount != 0, "pool: zero amount"
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    key: uint256 = (reserve.id << 160) | convert(msg.sender, uint256)
    word: uint256 = self.words[key]
    shares: uint256 = word & LOW_128
    withdrawn: uint256 = amount
    if amount == max_value(uint256):
        withdrawn = shares_math._to_assets_down(shares, assets, reserve.total_shares)
    # Before any arithmetic with it: an amount above the cash could be so large that it overflows.
    assert withdrawn <= reserve.cash, "pool: insufficient cash"
    if amount != max_value(uint256):
        shares = shares_math._to_shares_up(withdrawn, assets, reserve.total_shares)
    # nothing to withdraw is too little as well
    assert withdrawn != 0 and shares <= word & LOW_128, "pool: insufficient supply"

    reserve.cash = unsafe_sub(reserve.cash, withdrawn)
    reserve.total_shares = unsafe_sub(reserve.total_shares, shares)
    reserve_slots._store(reserve)
    word = unsafe_sub(word, shares)
    self.words[key] = word
    if word >= ENABLED:
        bitmap: uint256 = self.bitmaps[msg.sender]
        if bitmap > LOW_128:
            left: uint256 = shares_math._to_assets_down(word & LOW_128, unsafe_sub(assets, withdrawn), reserve.total_shares)
            self._check_new_risk(msg.sender, bitmap, 0, reserve.id, left)
    transfers._push(asset, receiver, withdrawn)
    log ILendingPool.Withdraw(asset=asset, account=msg.sender, receiver=receiver, amount=withdrawn, shares=shares)
    return withdrawn


@external
def borrow(asset: address, amount: uint256, receiver: address) -> uint256:
    assert amount != 0, "pool: zero amount"
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    if reserve.scaled_debt == 0:
        reserve.index_ray, reserve.last_rate = reserve_slots._load_debt_side(reserve.id)
    assert amount <= reserve.cash, "pool: insufficient cash"
    bitmap: uint256 = self.bitmaps[msg.sender]
    assert (bitmap >> reserve.id) & 1 == 0, "pool: same asset"
    debt_bit: uint256 = (1 << 128) << reserve.id
    if bitmap & debt_bit == 0:
        assert bit_sets._count(bitmap >> 128) < MAX_ASSETS, "pool: too many debts"
        bitmap = bitmap | debt_bit
        self.bitmaps[msg.sender] = bitmap

    scaled: uint256 = shares_math._to_scaled_up(amount, reserve.index_ray)
    reserve.cash = unsafe_sub(reserve.cash, amount)
    reserve.scaled_debt = unsafe_add(reserve.scaled_debt, scaled)
    reserve_slots._store(reserve)
    key: uint256 = (reserve.id << 160) | convert(msg.sender, uint256)
    word: uint256 = unsafe_add(self.words[key], scaled << 128)
    self.words[key] = word
    # The debt in this reserve is at hand; the check adds the others.
    value: uint256 = self._debt_value_up(IPriceOracle(self.oracle), asset, shares_math._to_debt_up((word >> 128) & MASK_112, reserve.index_ray))
    assert value >= min_debt_wad, "pool: below minimum debt"
    self._check_new_risk(msg.sender, bitmap ^ debt_bit, value, NO_RESERVE, 0)
    transfers._push(asset, receiver, amount)
    log ILendingPool.Borrow(asset=asset, account=msg.sender, receiver=receiver, amount=amount, scaled=scaled)
    return scaled


@external
def repay(asset: address, amount: uint256, on_behalf: address) -> uint256:
    assert amount != 0, "pool: zero amount"
    assert amount != max_value(uint256) or on_behalf == msg.sender, "pool: own debt only"
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    # More than the debt is clamped: somebody else's repayment just before must not make this one fail.
    repaid, scaled = self._reduce_debt(reserve.id, reserve.index_ray, on_behalf, amount)
    assert scaled != 0, "pool: zero shares"
    reserve.cash = unsafe_add(reserve.cash, repaid)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve_slots._store(reserve)
    transfers._pull(asset, msg.sender, repaid)
    log ILendingPool.Repay(asset=asset, account=on_behalf, payer=msg.sender, amount=repaid, scaled=scaled)
    return repaid


@external
def set_collateral(asset: address, enabled: bool):
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_8
    bitmap: uint256 = self.bitmaps[msg.sender]
    if ((bitmap >> id) & 1 == 1) == enabled:
        return
    if enabled:
        assert (bitmap >> (128 + id)) & 1 == 0, "pool: same asset"
        assert bit_sets._count(bitmap & LOW_128) < MAX_ASSETS, "pool: too many collaterals"

    bitmap = bitmap ^ (1 << id)
    self.bitmaps[msg.sender] = bitmap
    key: uint256 = self._key(id, msg.sender)
    self.words[key] = self.words[key] ^ ENABLED
    if bitmap > LOW_128:
        if enabled:
            self._check_priced(asset)
        else:
            self._check_new_risk(msg.sender, bitmap, 0, NO_RESERVE, 0)
    log ILendingPool.CollateralSet(asset=asset, account=msg.sender, enabled=enabled)


@external
def accrue(asset: address):
    reserve_slots._store(reserve_slots._load(asset, reserve_slots.ID_UNKNOWN))


@external
def collect_fees(asset: address) -> uint256:
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    shares: uint256 = reserve_slots._fee_shares(reserve, reserve_slots.markets[asset])
    if shares != 0:
        reserve.fee_units = 0
        reserve_slots.fees[reserve.id] = 0
        key: uint256 = self._key(reserve.id, treasury)
        self.words[key] = unsafe_add(self.words[key], shares)
        log ILendingPool.FeesCollected(asset=asset, shares=shares)
    reserve_slots._store(reserve)
    return shares


# ---------------------------------------------------------------- external, liquidation engine


@external
def settle_liquidation(
    borrower: address,
    payer: address,
    receiver: address,
    debt_asset: address,
    repay_amount: uint256,
    collateral_asset: address,
    seize_amount: uint256,
    fee_amount: uint256,
):
    assert msg.sender == self.engine, "pool: not engine"
    assert repay_amount != 0 and seize_amount != 0, "pool: zero amount"
    # the two reserves are held in memory side by side
    assert debt_asset != collateral_asset, "pool: same asset"

    reserve: reserve_slots.Reserve = reserve_slots._load(debt_asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    repaid, scaled = self._reduce_debt(reserve.id, reserve.index_ray, borrower, repay_amount)
    assert repaid == repay_amount, "pool: above debt"
    reserve.cash = unsafe_add(reserve.cash, repaid)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve_slots._store(reserve)

    shares: uint256 = self._seize(borrower, collateral_asset, seize_amount, fee_amount)

    transfers._pull(debt_asset, payer, repay_amount)
    # fee_amount <= seize_amount: checked by _seize
    net: uint256 = unsafe_sub(seize_amount, fee_amount)
    if net != 0:
        transfers._push(collateral_asset, receiver, net)
    log ILendingPool.Repay(asset=debt_asset, account=borrower, payer=payer, amount=repay_amount, scaled=scaled)
    log ILendingPool.Withdraw(asset=collateral_asset, account=borrower, receiver=receiver, amount=net, shares=shares)


@external
def write_off(borrower: address):
    assert msg.sender == self.engine, "pool: not engine"
    bitmap: uint256 = self.bitmaps[borrower]
    assert bitmap > LOW_128, "pool: no debt"

    rest: uint256 = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        self._forfeit(borrower, id)

    rest = bitmap >> 128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        self._write_off_debt(borrower, id)
    self.bitmaps[borrower] = bitmap & LOW_128


# ---------------------------------------------------------------- external views


@view
@external
def account_state(account: address) -> ILendingPool.AccountState:
    bitmap: uint256 = self.bitmaps[account]
    state: ILendingPool.AccountState = empty(ILendingPool.AccountState)
    rest: uint256 = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        state.collaterals.append(
            ILendingPool.Collateral(
                asset=asset,
                amount=self._supply_down(id, asset, account),
                ltv_bps=self._ltv_bps(listing),
                bonus_bps=(listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_16,
            )
        )
    rest = bitmap >> 128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        asset: address = self._asset(id)
        state.debts.append(ILendingPool.Debt(asset=asset, amount=self._debt_up(id, asset, account)))
    return state


@view
@external
def positions(account: address) -> (uint256, DynArray[uint256, 256]):
    bitmap: uint256 = self.bitmaps[account]
    words: DynArray[uint256, 256] = []
    rest: uint256 = (bitmap | (bitmap >> 128)) & LOW_128
    for _: uint256 in range(2 * MAX_ASSETS):
        if rest == 0:
            break
        words.append(self.words[self._key(bit_sets._lowest(rest), account)] & ~ENABLED)
        rest = rest & unsafe_sub(rest, 1)
    return bitmap, words


@view
@external
def reserve_state(asset: address) -> ILendingPool.ReserveState:
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_8
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    if reserve.scaled_debt == 0:
        reserve.index_ray, reserve.last_rate = reserve_slots._load_debt_side(id)
    seeded: bool = market & reserve_slots.SEEDED != 0
    listing: uint256 = reserve_slots.listings[id]
    ltv_bps: uint256 = 0
    if seeded:
        ltv_bps = self._ltv_bps(listing)
    model: address = convert(market & reserve_slots.MASK_160, address)
    utilisation_wad: uint256 = 0
    if reserve.debt != 0:
        utilisation_wad = reserve.debt * WAD // (reserve.cash + reserve.debt)
    return ILendingPool.ReserveState(
        id=id,
        cash=reserve.cash,
        total_shares=reserve.total_shares,
        fee_shares=reserve_slots._fee_shares(reserve, market),
        debt=reserve.debt,
        scaled_debt=reserve.scaled_debt,
        index_ray=reserve.index_ray,
        borrow_rate_wad=interest._rate_wad(model, utilisation_wad, reserve.last_rate),
        ltv_bps=ltv_bps,
        bonus_bps=(listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_16,
        reserve_factor_bps=(market >> reserve_slots.RESERVE_FACTOR_AT) & reserve_slots.MASK_16,
        seeded=seeded,
        rate_model=model,
    )


@view
@external
@reentrant
def reserves_count() -> uint256:
    return reserve_slots.count


@view
@external
@reentrant
def reserve_at(id: uint256) -> address:
    assert id < reserve_slots.count, "pool: not listed"
    return self._asset(id)


@view
@external
def supply_shares_of(account: address, asset: address) -> uint256:
    return self.words[self._key(self._listed_id(asset), account)] & LOW_128


@view
@external
def supply_of(account: address, asset: address) -> uint256:
    return self._supply_down(self._listed_id(asset), asset, account)


@view
@external
def debt_of(account: address, asset: address) -> uint256:
    return self._debt_up(self._listed_id(asset), asset, account)


# ---------------------------------------------------------------- internals: reserves


@internal
@pure
def _check_address(account: address):
    assert account != empty(address), "pool: zero address"


@internal
@view
def _listed_id(asset: address) -> uint256:
    market: uint256 = reserve_slots._market(asset)
    return (market >> reserve_slots.ID_AT) & reserve_slots.MASK_8


@internal
@view
def _asset(id: uint256) -> address:
    return convert(reserve_slots.listings[id] & reserve_slots.MASK_160, address)


@internal
@pure
def _ltv_bps(listing: uint256) -> uint256:
    return (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_16


# ---------------------------------------------------------------- internals: positions


@internal
@pure
def _key(id: uint256, account: address) -> uint256:
    return (id << 160) | convert(account, uint256)


@internal
@view
def _supply_down(id: uint256, asset: address, account: address) -> uint256:
    shares: uint256 = self.words[(id << 160) | convert(account, uint256)] & LOW_128
    if shares == 0:
        return 0
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    return shares_math._to_assets_down(shares, unsafe_add(reserve.cash, reserve.debt), reserve.total_shares)


@internal
@view
def _debt_up(id: uint256, asset: address, account: address) -> uint256:
    scaled: uint256 = (self.words[(id << 160) | convert(account, uint256)] >> 128) & MASK_112
    if scaled == 0:
        return 0
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    return shares_math._to_debt_up(scaled, reserve.index_ray)


@internal
def _reduce_debt(id: uint256, index_ray: uint256, account: address, amount: uint256) -> (uint256, uint256):
    """
    @notice Take up to `amount` off the debt of an account. Returns what that is in tokens and scaled; the caller changes
            the reserve.
    """
    key: uint256 = (id << 160) | convert(account, uint256)
    word: uint256 = self.words[key]
    scaled: uint256 = (word >> 128) & MASK_112
    assert scaled != 0, "pool: no debt"
    debt: uint256 = shares_math._to_debt_up(scaled, index_ray)
    if amount >= debt:
        self.words[key] = unsafe_sub(word, scaled << 128)
        self.bitmaps[account] = self.bitmaps[account] ^ ((1 << 128) << id)
        return debt, scaled
    # 0 for a single raw unit: then it is given for nothing
    scaled = shares_math._to_scaled_down(amount, index_ray)
    self.words[key] = unsafe_sub(word, scaled << 128)
    return amount, scaled


@internal
def _seize(borrower: address, asset: address, amount: uint256, fee: uint256) -> uint256:
    """
    @notice Take `amount` out of the borrower's collateral. `fee` of it becomes shares of the treasury; the cash for the rest
            leaves the books. Returns the shares that the borrower lost.
    """
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    key: uint256 = self._key(reserve.id, borrower)
    word: uint256 = self.words[key]
    shares: uint256 = word & LOW_128
    whole: uint256 = shares_math._to_assets_down(shares, assets, reserve.total_shares)
    assert amount <= whole, "pool: insufficient supply"
    assert fee <= amount, "pool: fee above seizure"
    if amount < whole:
        shares = shares_math._to_shares_up(amount, assets, reserve.total_shares)
    net: uint256 = unsafe_sub(amount, fee)
    assert net <= reserve.cash, "pool: insufficient cash"

    market: uint256 = reserve_slots.markets[asset]
    fee_shift: uint256 = (market >> reserve_slots.FEE_SHIFT_AT) & reserve_slots.MASK_8
    fee_units: uint256 = shares_math._to_shares_down(fee, assets, reserve.total_shares) >> fee_shift
    self.words[key] = unsafe_sub(word, shares)
    reserve.cash = unsafe_sub(reserve.cash, net)
    reserve.total_shares = unsafe_add(unsafe_sub(reserve.total_shares, shares), fee_units << fee_shift)
    reserve.fee_units = unsafe_add(reserve.fee_units, fee_units)
    reserve_slots._store(reserve)
    return shares


@internal
def _forfeit(borrower: address, id: uint256):
    key: uint256 = self._key(id, borrower)
    shares: uint256 = self.words[key] & LOW_128
    if shares == 0:
        return
    self.words[key] = unsafe_sub(self.words[key], shares)
    key = self._key(id, treasury)
    self.words[key] = unsafe_add(self.words[key], shares)
    log ILendingPool.CollateralForfeited(asset=self._asset(id), account=borrower, shares=shares)


@internal
def _write_off_debt(borrower: address, id: uint256):
    asset: address = self._asset(id)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    key: uint256 = self._key(id, borrower)
    word: uint256 = self.words[key]
    scaled: uint256 = (word >> 128) & MASK_112
    amount: uint256 = shares_math._to_debt_up(scaled, reserve.index_ray)
    self.words[key] = unsafe_sub(word, scaled << 128)

    # The treasury pays first: its shares are burned at the price before, rounded up, in favour of the others.
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    wanted: uint256 = shares_math._to_shares_up(amount, assets, reserve.total_shares)
    fees: uint256 = reserve_slots._fee_shares(reserve, reserve_slots.markets[asset])
    burned: uint256 = min(fees, wanted)
    reserve.fee_units = 0
    reserve_slots.fees[id] = unsafe_sub(fees, burned)
    if burned < wanted:
        key = self._key(id, treasury)
        word = self.words[key]
        own: uint256 = min(word & LOW_128, unsafe_sub(wanted, burned))
        self.words[key] = unsafe_sub(word, own)
        burned = unsafe_add(burned, own)
    covered: uint256 = min(shares_math._to_assets_down(burned, assets, reserve.total_shares), amount)

    reserve.total_shares = unsafe_sub(reserve.total_shares, burned)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve_slots._store(reserve)
    log ILendingPool.DeficitWrittenOff(
        asset=asset,
        account=borrower,
        amount=amount,
        loss=unsafe_sub(amount, covered),
        treasury_shares_burned=burned,
        total_shares=reserve.total_shares,
    )


# ---------------------------------------------------------------- internals: risk


@internal
def _debt_value_up(oracle: IPriceOracle, asset: address, amount: uint256) -> uint256:
    """
    @notice What a debt counts for new risk, WAD. An unknown price is no price, and no ground for more debt.
    """
    low: uint256 = 0
    high: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    low, high, why = extcall oracle.new_risk_prices(asset)
    assert why == empty(IPriceOracle.Why), "pool: no price"
    # checked: a price so large that this overflows blocks new risk
    return (amount * high + (WAD - 1)) // WAD


@internal
def _check_priced(asset: address):
    """
    @notice The collateral that joins an account with debt has a price now
    @dev In the liquidation test collateral without a price counts at its last valid one, so that a source which fails liquidates
         nobody. What lost its price, and its worth, could else be bought for nothing and enabled as a shield.
    """
    high: uint256 = 0
    low: uint256 = 0
    fresh: uint256 = 0
    high, low, fresh = extcall IPriceOracle(self.oracle).liquidation_prices(asset)
    assert fresh != 0, "pool: no price"


@internal
def _check_new_risk(account: address, bitmap: uint256, known_debt: uint256, touched_id: uint256, left: uint256):
    """
    @notice The account's debt (at `high`) is within the borrow limit of its capacity (at `low`)
    @param known_debt Value of debts that the caller has taken out of the bitmap
    @param touched_id The reserve whose collateral, `left`, the caller has in memory, or NO_RESERVE
    """
    oracle: IPriceOracle = IPriceOracle(self.oracle)
    debt_value: uint256 = known_debt
    rest: uint256 = bitmap >> 128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        asset: address = convert(reserve_slots.listings[id] & reserve_slots.MASK_160, address)
        debt_value += self._debt_value_up(oracle, asset, self._debt_up(id, asset, account))

    low: uint256 = 0
    high: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    weighted_value: uint256 = 0
    rest = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        amount: uint256 = left
        if id != touched_id:
            amount = self._supply_down(id, asset, account)
        if amount != 0:
            low, high, why = extcall oracle.new_risk_prices(asset)
            # Without any price now it would count at its last one in the liquidation test: it must not come along.
            assert low != 0, "pool: no price"
            # what may not be lent against adds no capacity
            if why == empty(IPriceOracle.Why):
                weighted_value += (amount * low // WAD * ((listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_16))
    assert debt_value * BPS <= weighted_value // BPS * borrow_limit_bps, "pool: over limit"
