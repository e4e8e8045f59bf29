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
from contracts.modules import depth_math
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
    # Only a pool of two reserves may have a FULL one.
    if id == 2 and (reserve_slots.listings[0] | reserve_slots.listings[1]) & reserve_slots.DEPTH_FULL != 0:
        self._refuse_depth_mode()
    # A unit of fees: 2^16 shares = 0.065 raw units at 6 decimals, ten times as much for each decimal more.
    fee_shift: uint256 = 16 + (decimals - 6) * 10 // 3
    reserve_slots.count = id + 1
    reserve_slots.markets[asset] = (
        convert(rate_model, uint256)
        | (id << reserve_slots.ID_AT)
        | (reserve_factor_bps << reserve_slots.RESERVE_FACTOR_AT)
        | (fee_shift << reserve_slots.FEE_SHIFT_AT)
        | (depth_math._risk(ltv_bps, bonus_bps) << reserve_slots.RISK_AT)
        | reserve_slots.LISTED
    )
    reserve_slots.listings[id] = (
        convert(asset, uint256)
        | (ltv_bps << reserve_slots.LTV_AT)
        | (bonus_bps << reserve_slots.BONUS_AT)
        | ((decimals - 6) << reserve_slots.DECIMALS_AT)
    )
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
def set_depth_mode(asset: address, mode: uint256):
    ownable._check_owner()
    market: uint256 = reserve_slots._market(asset)
    id: uint256 = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_8
    listing: uint256 = reserve_slots.listings[id]
    # FULL changes who is liquidatable: never under anybody's feet.
    if mode > depth_math.FULL or (mode == depth_math.FULL and (market & reserve_slots.SEEDED != 0 or reserve_slots.count > 2)):
        self._refuse_depth_mode()
    risk: uint256 = 0
    if mode != depth_math.OFF:
        risk = self._risk(listing)
    reserve_slots.markets[asset] = (market & ~(reserve_slots.MASK_27 << reserve_slots.RISK_AT)) | (risk << reserve_slots.RISK_AT)
    reserve_slots.listings[id] = (listing & ~(reserve_slots.DEPTH_OFF | reserve_slots.DEPTH_FULL)) | (mode << reserve_slots.DEPTH_MODE_AT)
    log ILendingPool.DepthModeSet(asset=asset, mode=mode)


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
    if supplied == 0:
        self._refuse_zero()
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
    before: uint256 = self.words[key]
    word: uint256 = unsafe_add(before, shares)
    self.words[key] = word
    if word >= ENABLED and self.bitmaps[on_behalf] > LOW_128:
        self._join(asset, reserve.id, before & LOW_128, word & LOW_128, unsafe_add(assets, supplied), reserve.total_shares)
    transfers._pull(asset, msg.sender, supplied)
    log ILendingPool.Supply(asset=asset, account=on_behalf, payer=msg.sender, amount=supplied, shares=shares)
    return shares


@external
def withdraw(asset: address, amount: uint256, receiver: address) -> uint256:
    if amount == 0:
        self._refuse_zero()
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    key: uint256 = (reserve.id << 160) | convert(msg.sender, uint256)
    word: uint256 = self.words[key]
    shares: uint256 = word & LOW_128
    withdrawn: uint256 = amount
    if amount == max_value(uint256):
        withdrawn = shares_math._to_assets_down(shares, assets, reserve.total_shares)
    # Before any arithmetic with it: an amount above the cash could be so large that it overflows.
    if withdrawn > reserve.cash:
        self._refuse_without_cash()
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
            word = word & LOW_128
            self._recount(reserve.id, unsafe_add(word, shares), word)
            left: uint256 = shares_math._to_assets_down(word, unsafe_sub(assets, withdrawn), reserve.total_shares)
            self._check_new_risk(IPriceOracle(self.oracle), msg.sender, bitmap, 0, reserve.id, left, False)
    transfers._push(asset, receiver, withdrawn)
    log ILendingPool.Withdraw(asset=asset, account=msg.sender, receiver=receiver, amount=withdrawn, shares=shares)
    return withdrawn


@external
def borrow(asset: address, amount: uint256, receiver: address) -> uint256:
    if amount == 0:
        self._refuse_zero()
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    if reserve.scaled_debt == 0:
        reserve.index_ray, reserve.last_rate = reserve_slots._load_debt_side(reserve.id)
    if amount > reserve.cash:
        self._refuse_without_cash()
    bitmap: uint256 = self.bitmaps[msg.sender]
    if (bitmap >> reserve.id) & 1 != 0:
        self._refuse_same_asset()
    debt_bit: uint256 = (1 << 128) << reserve.id
    if bitmap & debt_bit == 0:
        assert bit_sets._count(bitmap >> 128) < MAX_ASSETS, "pool: too many debts"
        if bitmap <= LOW_128:
            self._recount_all(msg.sender, bitmap, True)
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
    oracle: IPriceOracle = IPriceOracle(self.oracle)
    value: uint256 = self._borrowed_value_up(
        oracle,
        asset,
        reserve.market,
        shares_math._to_debt_up((word >> 128) & MASK_112, reserve.index_ray),
        unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY),
    )
    self._check_new_risk(oracle, msg.sender, bitmap ^ debt_bit, value, NO_RESERVE, 0, True)
    transfers._push(asset, receiver, amount)
    log ILendingPool.Borrow(asset=asset, account=msg.sender, receiver=receiver, amount=amount, scaled=scaled)
    return scaled


@external
def repay(asset: address, amount: uint256, on_behalf: address) -> uint256:
    if amount == 0:
        self._refuse_zero()
    assert amount != max_value(uint256) or on_behalf == msg.sender, "pool: own debt only"
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    owes: bool = False
    # More than the debt is clamped: somebody else's repayment just before must not make this one fail.
    repaid, scaled, owes = self._reduce_debt(reserve.id, reserve.index_ray, on_behalf, amount)
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
        # Its shares come and go with fees and deficits, which no count of collateral would notice.
        assert msg.sender != treasury, "pool: treasury"
        if (bitmap >> (128 + id)) & 1 != 0:
            self._refuse_same_asset()
        assert bit_sets._count(bitmap & LOW_128) < MAX_ASSETS, "pool: too many collaterals"

    bitmap = bitmap ^ (1 << id)
    self.bitmaps[msg.sender] = bitmap
    key: uint256 = self._key(id, msg.sender)
    word: uint256 = self.words[key] ^ ENABLED
    self.words[key] = word
    if bitmap > LOW_128:
        if enabled:
            reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
            self._join(asset, id, 0, word & LOW_128, unsafe_add(reserve.cash, reserve.debt), reserve.total_shares)
        else:
            self._recount(id, word & LOW_128, 0)
            self._check_new_risk(IPriceOracle(self.oracle), msg.sender, bitmap, 0, NO_RESERVE, 0, False)
    log ILendingPool.CollateralSet(asset=asset, account=msg.sender, enabled=enabled)


@external
def accrue(asset: address):
    reserve_slots._store(reserve_slots._load(asset, reserve_slots.ID_UNKNOWN))


@external
def collect_fees(asset: address) -> uint256:
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    shares: uint256 = reserve_slots._fee_shares(reserve, reserve.market)
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
    self._check_engine()
    if repay_amount == 0 or seize_amount == 0:
        self._refuse_zero()
    # the two reserves are held in memory side by side
    if debt_asset == collateral_asset:
        self._refuse_same_asset()

    reserve: reserve_slots.Reserve = reserve_slots._load(debt_asset, reserve_slots.ID_UNKNOWN)
    repaid: uint256 = 0
    scaled: uint256 = 0
    owes: bool = False
    repaid, scaled, owes = self._reduce_debt(reserve.id, reserve.index_ray, borrower, repay_amount)
    assert repaid == repay_amount, "pool: above debt"
    reserve.cash = unsafe_add(reserve.cash, repaid)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve_slots._store(reserve)

    shares: uint256 = self._seize(borrower, collateral_asset, seize_amount, fee_amount, owes)

    transfers._pull(debt_asset, payer, repay_amount)
    # fee_amount <= seize_amount: checked by _seize
    net: uint256 = unsafe_sub(seize_amount, fee_amount)
    if net != 0:
        transfers._push(collateral_asset, receiver, net)
    log ILendingPool.Repay(asset=debt_asset, account=borrower, payer=payer, amount=repay_amount, scaled=scaled)
    log ILendingPool.Withdraw(asset=collateral_asset, account=borrower, receiver=receiver, amount=net, shares=shares)


@external
def write_off(borrower: address):
    self._check_engine()
    bitmap: uint256 = self.bitmaps[borrower]
    assert bitmap > LOW_128, "pool: no debt"

    self._recount_all(borrower, bitmap, False)
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
                amount=self._supply_down(id, asset, account)[0],
                ltv_bps=self._ltv_bps(listing),
                bonus_bps=self._bonus_bps(listing),
                depth_mode=self._depth_mode(listing),
            )
        )
    rest = bitmap >> 128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        state.debts.append(ILendingPool.Debt(asset=asset, amount=self._debt_up(id, asset, account), depth_mode=self._depth_mode(listing)))
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
        bonus_bps=self._bonus_bps(listing),
        reserve_factor_bps=(market >> reserve_slots.RESERVE_FACTOR_AT) & reserve_slots.MASK_16,
        seeded=seeded,
        rate_model=model,
        depth_mode=self._depth_mode(listing),
        counted_shares=reserve_slots._counted_shares(listing),
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
    return self._supply_down(self._listed_id(asset), asset, account)[0]


@view
@external
def debt_of(account: address, asset: address) -> uint256:
    return self._debt_up(self._listed_id(asset), asset, account)


# ---------------------------------------------------------------- internals: reasons with several places, each 125 bytes of code


@internal
@pure
def _refuse_zero():
    raise "pool: zero amount"


@internal
@pure
def _refuse_same_asset():
    raise "pool: same asset"


@internal
@pure
def _refuse_without_cash():
    raise "pool: insufficient cash"


@internal
@pure
def _refuse_unpriced():
    raise "pool: no price"


@internal
@pure
def _refuse_over_cap():
    raise "pool: collateral cap"


@internal
@pure
def _refuse_depth_mode():
    raise "pool: bad depth mode"


@internal
@view
def _check_engine():
    assert msg.sender == self.engine, "pool: not engine"


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
    return (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14


@internal
@pure
def _bonus_bps(listing: uint256) -> uint256:
    return (listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14


@internal
@pure
def _depth_mode(listing: uint256) -> uint256:
    return (listing >> reserve_slots.DEPTH_MODE_AT) & 3


@internal
@pure
def _risk(listing: uint256) -> uint256:
    return depth_math._risk(self._ltv_bps(listing), self._bonus_bps(listing))


# ---------------------------------------------------------------- internals: positions


@internal
@pure
def _key(id: uint256, account: address) -> uint256:
    return (id << 160) | convert(account, uint256)


@internal
@view
def _supply_down(id: uint256, asset: address, account: address) -> (uint256, uint256, uint256):
    """
    @notice An account's supply, and the assets and shares of the reserve; all 0 where it has none
    """
    shares: uint256 = self.words[(id << 160) | convert(account, uint256)] & LOW_128
    if shares == 0:
        return 0, 0, 0
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    return shares_math._to_assets_down(shares, assets, reserve.total_shares), assets, reserve.total_shares


@internal
@view
def _debt_up(id: uint256, asset: address, account: address) -> uint256:
    scaled: uint256 = (self.words[(id << 160) | convert(account, uint256)] >> 128) & MASK_112
    if scaled == 0:
        return 0
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, id)
    return shares_math._to_debt_up(scaled, reserve.index_ray)


@internal
def _reduce_debt(id: uint256, index_ray: uint256, account: address, amount: uint256) -> (uint256, uint256, bool):
    """
    @notice Take up to `amount` off the debt of an account. Returns what that is in tokens and scaled, and whether the account still
            owes anything anywhere; the caller changes the reserve.
    """
    key: uint256 = (id << 160) | convert(account, uint256)
    word: uint256 = self.words[key]
    scaled: uint256 = (word >> 128) & MASK_112
    assert scaled != 0, "pool: no debt"
    debt: uint256 = shares_math._to_debt_up(scaled, index_ray)
    if amount >= debt:
        self.words[key] = unsafe_sub(word, scaled << 128)
        bitmap: uint256 = self.bitmaps[account] ^ ((1 << 128) << id)
        self.bitmaps[account] = bitmap
        if bitmap > LOW_128:
            return debt, scaled, True
        self._recount_all(account, bitmap, False)
        return debt, scaled, False
    # 0 for a single raw unit: then it is given for nothing
    scaled = shares_math._to_scaled_down(amount, index_ray)
    self.words[key] = unsafe_sub(word, scaled << 128)
    return amount, scaled, True


@internal
def _seize(borrower: address, asset: address, amount: uint256, fee: uint256, owes: bool) -> uint256:
    """
    @notice Take `amount` out of the borrower's collateral. `fee` of it becomes shares of the treasury; the cash for the rest
            leaves the books. Returns the shares that the borrower lost.
    @param owes Whether the borrower has debt left, so that the collateral is counted
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
    if net > reserve.cash:
        self._refuse_without_cash()

    fee_shift: uint256 = (reserve.market >> reserve_slots.FEE_SHIFT_AT) & reserve_slots.MASK_8
    fee_units: uint256 = shares_math._to_shares_down(fee, assets, reserve.total_shares) >> fee_shift
    self.words[key] = unsafe_sub(word, shares)
    if owes and word >= ENABLED:
        self._recount(reserve.id, word & LOW_128, unsafe_sub(word & LOW_128, shares))
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
    fees: uint256 = reserve_slots._fee_shares(reserve, reserve.market)
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


# ---------------------------------------------------------------- internals: counted collateral


@internal
def _recount(id: uint256, before: uint256, after: uint256) -> uint256:
    """
    @notice The shares that an account with debt has as collateral have changed. Returns the listing.
    @dev What comes off is exactly what had been put on, so that the total never falls below zero.
    """
    listing: uint256 = reserve_slots.listings[id]
    counted: uint256 = reserve_slots._recounted(listing, before, after)
    if counted > reserve_slots.MAX_COUNTED:
        self._refuse_over_cap()
    listing = (listing & reserve_slots.MASK_194) | (counted << reserve_slots.COUNTED_AT)
    reserve_slots.listings[id] = listing
    return listing


@internal
def _recount_all(account: address, bitmap: uint256, joins: bool):
    """
    @notice Count all enabled collateral of an account that takes its first debt; no longer, once it has paid its last one
    """
    rest: uint256 = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        shares: uint256 = self.words[self._key(id, account)] & LOW_128
        if joins:
            self._recount(id, 0, shares)
        else:
            self._recount(id, shares, 0)


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
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    low, high, depth, why = extcall IPriceOracle(self.oracle).new_risk_prices(asset)
    if low == 0:
        self._refuse_unpriced()
    if after != before:
        listing: uint256 = self._recount(id, before, after)
        if depth < depth_math.UNLIMITED and listing & reserve_slots.DEPTH_OFF == 0:
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
        self._refuse_over_cap()


# ---------------------------------------------------------------- internals: risk


@internal
@pure
def _cost_up(face: uint256, depth: uint256) -> uint256:
    cost: uint256 = depth_math._cost_up(face, depth)
    assert cost != max_value(uint256), "pool: beyond depth"
    return cost


@internal
def _borrowed_value_up(oracle: IPriceOracle, asset: address, market: uint256, amount: uint256, total: uint256) -> uint256:
    """
    @notice What a debt counts that has just grown to `amount`, WAD. All debt of the reserve, `total`, is within its cap.
    """
    low: uint256 = 0
    high: uint256 = 0
    depth: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    low, high, depth, why = extcall oracle.new_risk_prices(asset)
    # An unknown price is no price, and no ground for more debt.
    if why != empty(IPriceOracle.Why):
        self._refuse_unpriced()
    # checked: a price so large that this overflows blocks new risk
    value: uint256 = (amount * high + (WAD - 1)) // WAD
    assert value >= min_debt_wad, "pool: below minimum debt"
    risk: uint256 = (market >> reserve_slots.RISK_AT) & reserve_slots.MASK_27
    if risk == 0 or depth >= depth_math.UNLIMITED:
        return value
    assert depth_math._within_cap((total * high + (WAD - 1)) // WAD, depth, risk), "pool: debt cap"
    return self._cost_up(value, depth)


@internal
def _check_new_risk(
    oracle: IPriceOracle, account: address, bitmap: uint256, known_debt: uint256, touched_id: uint256, left: uint256, capped: bool
):
    """
    @notice The account's debt (at `high`) is within the borrow limit of its capacity (at `low`), both by depth
    @param known_debt Value of debts that the caller has taken out of the bitmap
    @param touched_id The reserve whose collateral, `left`, the caller has in memory, or NO_RESERVE
    @param capped Whether the counted total of each of its collaterals must be within its cap: what only lowers it is not stopped
    """
    low: uint256 = 0
    high: uint256 = 0
    depth: uint256 = 0
    why: IPriceOracle.Why = empty(IPriceOracle.Why)
    debt_value: uint256 = known_debt
    rest: uint256 = bitmap >> 128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        listing: uint256 = reserve_slots.listings[id]
        asset: address = convert(listing & reserve_slots.MASK_160, address)
        low, high, depth, why = extcall oracle.new_risk_prices(asset)
        if why != empty(IPriceOracle.Why):
            self._refuse_unpriced()
        value: uint256 = (self._debt_up(id, asset, account) * high + (WAD - 1)) // WAD
        if listing & reserve_slots.DEPTH_OFF == 0:
            value = self._cost_up(value, depth)
        debt_value += value

    weighted_value: uint256 = 0
    amount: uint256 = 0
    assets: uint256 = 0
    total_shares: uint256 = 0
    rest = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
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
                self._refuse_unpriced()
            value: uint256 = amount * low // WAD
            if depth < depth_math.UNLIMITED and listing & reserve_slots.DEPTH_OFF == 0:
                if capped:
                    self._check_collateral_cap(listing, assets, total_shares, low, depth)
                value = depth_math._value_down(value, depth)
            # what may not be lent against adds no capacity
            if why == empty(IPriceOracle.Why):
                weighted_value += value * ((listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14)
    assert debt_value * BPS <= weighted_value // BPS * borrow_limit_bps, "pool: over limit"
