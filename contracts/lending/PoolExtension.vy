# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What LendingPool seldom does: listing, seeding, fees, write-offs, sweeping
@license MIT
@dev Code for LendingPool, which runs it on its own storage (delegatecall), after it has checked who calls and taken its lock. ILendingPool
     says what each function does. The storage is that of the two modules, in the same slots (tests/unit/lending_pool/test_layout.py).

     Nothing is kept here: whoever calls this contract itself changes nothing that anybody reads.
"""

# ---------------------------------------------------------------- imports

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import ILendingPool

from contracts.modules import bit_sets
from contracts.modules import depth_math
from contracts.modules import position_words
from contracts.modules import reasons
from contracts.modules import reserve_slots
from contracts.modules import shares_math
from contracts.modules import transfers

# As in LendingPool
initializes: reserve_slots
initializes: position_words[reserve_slots := reserve_slots]

# ---------------------------------------------------------------- constants

RAY: constant(uint256) = 10**27
BPS: constant(uint256) = 10_000

# A liquidation at the full bonus must be covered with this much of the collateral's value to spare.
LTV_MARGIN_BPS: constant(uint256) = 500
# Above 4/3 the floor of the seizure price (0.75 of the trigger price, with the bonus) would exceed the trigger price itself.
MAX_BONUS_BPS: constant(uint256) = 13_000
MAX_RESERVES: constant(uint256) = 128

# ---------------------------------------------------------------- external, by delegatecall from LendingPool


@external
def configure(asset: address, market: uint256, listing: uint256, caps: uint256, ramp: uint256, stakers: address):
    """
    @dev Bounds without words: PoolConfigurator says what is wrong.
    """
    own_market: uint256 = reserve_slots.markets[asset]
    own_listing: uint256 = 0
    id: uint256 = (own_market >> reserve_slots.ID_AT) & reserve_slots.MASK_7
    if own_market == 0:
        id = reserve_slots.count
        assert id < MAX_RESERVES  # dev: too many reserves
        # Only a pool of two reserves may have a FULL one.
        assert id != 2 or (reserve_slots.listings[0] | reserve_slots.listings[1]) & reserve_slots.DEPTH_FULL == 0  # dev: depth mode
        reserve_slots.count = id + 1
        decimals: uint256 = convert(staticcall IERC20Detailed(asset).decimals(), uint256)
        assert 6 <= decimals and decimals <= 18  # dev: decimals
        own_listing = convert(asset, uint256) | ((decimals - 6) << reserve_slots.DECIMALS_AT)
        own_market = (id << reserve_slots.ID_AT) | (reserve_slots._fee_shift(own_listing) << reserve_slots.FEE_SHIFT_AT)
        fresh: reserve_slots.Reserve = empty(reserve_slots.Reserve)
        fresh.id = id
        fresh.index_ray = RAY
        reserve_slots._store(fresh)
        log ILendingPool.ReserveListed(asset=asset, id=id)
    else:
        own_listing = reserve_slots.listings[id]
        if own_market & reserve_slots.SEEDED != 0:
            # Interest up to now at the terms of up to now, and from now on at what the new model asks
            reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
            reserve.market = market
            reserve_slots._store(reserve)
    assert market & reserve_slots.MASK_160 != 0  # dev: rate model
    assert (market >> reserve_slots.RESERVE_FACTOR_AT) & reserve_slots.MASK_14 <= BPS  # dev: reserve factor
    ltv_bps: uint256 = (listing >> reserve_slots.LTV_AT) & reserve_slots.MASK_14
    highest_ltv_bps: uint256 = ltv_bps
    if listing & reserve_slots.RAMPING != 0:
        from_bps: uint256 = ramp & reserve_slots.MASK_14
        to_bps: uint256 = (ramp >> reserve_slots.RAMP_TO_AT) & reserve_slots.MASK_14
        # what may just be borrowed is not liquidatable
        assert ltv_bps <= min(from_bps, to_bps)  # dev: ltv
        highest_ltv_bps = max(from_bps, to_bps)
    bonus_bps: uint256 = (listing >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14
    assert BPS <= bonus_bps and bonus_bps <= MAX_BONUS_BPS  # dev: bonus
    # LTV <= 1/bonus - 5 %, multiplied out
    assert (highest_ltv_bps + LTV_MARGIN_BPS) * bonus_bps <= BPS * BPS  # dev: ltv
    mode: uint256 = (listing >> reserve_slots.DEPTH_MODE_AT) & 3
    # FULL changes who is liquidatable: never under anybody's feet.
    assert mode <= depth_math.FULL  # dev: depth mode
    if (listing & ~own_listing) & reserve_slots.DEPTH_FULL != 0:
        assert own_market & reserve_slots.SEEDED == 0 and reserve_slots.count <= 2  # dev: depth mode
    risk: uint256 = 0
    if mode != depth_math.OFF:
        risk = depth_math._risk(ltv_bps, bonus_bps)
    capped: uint256 = 0
    if caps != 0:
        capped = reserve_slots.CAPPED
    reserve_slots.markets[asset] = (
        (
            own_market
            & (reserve_slots.SEEDED | (reserve_slots.MASK_7 << reserve_slots.ID_AT) | (reserve_slots.MASK_6 << reserve_slots.FEE_SHIFT_AT))
        )
        | (market & reserve_slots.MARKET_CONFIG)
        | (risk << reserve_slots.RISK_AT)
        | capped
    )
    reserve_slots.listings[id] = (own_listing & ~reserve_slots.LISTING_CONFIG) | (listing & reserve_slots.LISTING_CONFIG)
    reserve_slots.caps[id] = caps
    reserve_slots.ramps[id] = ramp
    reserve_slots.stakers[id] = stakers


@external
def seed(asset: address, amount: uint256):
    market: uint256 = reserve_slots._market(asset)
    if market & reserve_slots.SEEDED != 0:
        reasons._refuse("pool: already seeded")
    decimals: uint256 = convert(staticcall IERC20Detailed(asset).decimals(), uint256)
    if amount < 10**(decimals - 3):
        reasons._refuse("pool: seed too small")
    if amount > reserve_slots.MAX_ASSETS:
        reasons._refuse("pool: too much")

    reserve_slots.markets[asset] = market | reserve_slots.SEEDED
    reserve: reserve_slots.Reserve = empty(reserve_slots.Reserve)
    reserve.id = (market >> reserve_slots.ID_AT) & reserve_slots.MASK_7
    reserve.cash = amount
    reserve.total_shares = shares_math._to_shares_down(amount, 0, 0)
    reserve_slots._store(reserve)
    # Dead shares: the price per share of a reserve that was ever used is never that of an empty one.
    position_words.words[position_words._key(reserve.id, empty(address))] = reserve.total_shares
    transfers._pull(asset, msg.sender, amount)
    log ILendingPool.ReserveSeeded(asset=asset, amount=amount, shares=reserve.total_shares)


@external
def collect_fees(asset: address) -> uint256:
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    shares: uint256 = reserve_slots._fee_shares(reserve, reserve.market)
    if shares != 0:
        reserve.fee_units = 0
        reserve_slots.fees[reserve.id] = 0
        key: uint256 = position_words._key(reserve.id, self._treasury())
        position_words.words[key] = unsafe_add(position_words.words[key], shares)
        log ILendingPool.FeesCollected(asset=asset, shares=shares)
    reserve_slots._store(reserve)
    return shares


@external
def sweep(asset: address) -> uint256:
    market: uint256 = reserve_slots.markets[asset]
    cash: uint256 = 0
    if market != 0:
        cash = reserve_slots.states[(market >> reserve_slots.ID_AT) & reserve_slots.MASK_7][0] & reserve_slots.MAX_AMOUNT
    balance: uint256 = staticcall IERC20(asset).balanceOf(self)
    # less than the cash while a flash loan is out
    if balance <= cash:
        reasons._refuse("pool: zero amount")
    surplus: uint256 = unsafe_sub(balance, cash)
    transfers._push(asset, self._treasury(), surplus)
    log ILendingPool.Sweep(asset=asset, amount=surplus)
    return surplus


@external
def write_off(borrower: address):
    bitmap: uint256 = position_words.bitmaps[borrower]
    if bitmap <= position_words.LOW_128:
        reasons._refuse("pool: no debt")

    position_words._recount_all(borrower, bitmap, False)
    rest: uint256 = bitmap & position_words.LOW_128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        self._forfeit(borrower, id)

    rest = bitmap >> 128
    for _: uint256 in range(position_words.MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        self._write_off_debt(borrower, id)
    position_words.bitmaps[borrower] = bitmap & position_words.LOW_128


# ---------------------------------------------------------------- internals


@internal
@view
def _treasury() -> address:
    # the pool's: `self` is the pool
    return staticcall ILendingPool(self).treasury()


@internal
def _forfeit(borrower: address, id: uint256):
    key: uint256 = position_words._key(id, borrower)
    shares: uint256 = position_words.words[key] & position_words.LOW_128
    if shares == 0:
        return
    position_words.words[key] = unsafe_sub(position_words.words[key], shares)
    key = position_words._key(id, self._treasury())
    position_words.words[key] = unsafe_add(position_words.words[key], shares)
    log ILendingPool.CollateralForfeited(
        asset=convert(reserve_slots.listings[id] & reserve_slots.MASK_160, address), account=borrower, shares=shares
    )


@internal
def _write_off_debt(borrower: address, id: uint256):
    asset: address = convert(reserve_slots.listings[id] & reserve_slots.MASK_160, address)
    reserve: reserve_slots.Reserve = reserve_slots._load(asset, reserve_slots.ID_UNKNOWN)
    key: uint256 = position_words._key(id, borrower)
    word: uint256 = position_words.words[key]
    scaled: uint256 = (word >> 128) & position_words.MASK_112
    amount: uint256 = shares_math._to_debt_up(scaled, reserve.index_ray)
    position_words.words[key] = unsafe_sub(word, scaled << 128)

    # The treasury pays first: its shares are burned at the price before, rounded up, in favour of the others.
    assets: uint256 = unsafe_add(reserve.cash, reserve.debt)
    wanted: uint256 = shares_math._to_shares_up(amount, assets, reserve.total_shares)
    fees: uint256 = reserve_slots._fee_shares(reserve, reserve.market)
    burned: uint256 = min(fees, wanted)
    reserve.fee_units = 0
    reserve_slots.fees[id] = unsafe_sub(fees, burned)
    if burned < wanted:
        key = position_words._key(id, self._treasury())
        word = position_words.words[key]
        own: uint256 = min(word & position_words.LOW_128, unsafe_sub(wanted, burned))
        position_words.words[key] = unsafe_sub(word, own)
        burned = unsafe_add(burned, own)
    covered: uint256 = min(shares_math._to_assets_down(burned, assets, reserve.total_shares), amount)

    reserve.total_shares = unsafe_sub(reserve.total_shares, burned)
    reserve.scaled_debt = unsafe_sub(reserve.scaled_debt, scaled)
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    reserve_slots._store(reserve)
    log ILendingPool.DeficitWrittenOff(
        asset=asset,
        account=borrower,
        amount=amount,
        loss=unsafe_sub(amount, covered),
        treasury_shares_burned=burned,
        total_shares=reserve.total_shares,
    )
