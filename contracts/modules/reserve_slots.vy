# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title The packed words of the reserves: layout, reading with interest, writing
@license MIT
@dev Bits, lowest first.
       markets[asset]   rate_model 160 | id 7 | reserve_factor_bps 14 | fee_shift 6 | seeded 1 | risk 27 | paused_until 26
                        | origination_fee_bps 9 | capped 1 | frozen 1 | paused: supply 1, borrow 1, collateral 1, flash 1
       listings[id]     asset 160 | ltv_bps 14 | bonus_bps 14 | decimals - 6 4 | depth_mode 2 | ramping 1 | counted 61
       states[id][0]    cash 104 | total_shares 124 | fee_units 27 | has_debt 1
       states[id][1]    index_ray / 2^24 80 | last_ts 32 | scaled_debt 104 | rate 40
       caps[id]         supply 128 | debt 128, raw units, 0 for none; read where `capped` is set
       ramps[id]        from_bps 14 | to_bps 14 | start 40 | end 40; read where `ramping` is set

     An action reads markets and states, nothing else of the reserve, and writes states. A collateral without debt is
     valued from listings and the first word of its state.

     104 bits hold 2e31 raw units: 20 trillion tokens of 18 decimals. Shares have 20 bits more (1e6 shares a unit).
     fee_units: shares earned by the treasury, counted in 2^fee_shift (about 7e-8 of a token): 27 bits hold about nine
     tokens, and what outgrows them moves to fees[id].
     index_ray: in steps of 2^24, which one RAY is a multiple of: each touch rounds it up by less than 2e-20 of itself.
     rate: in units of 1e-10 a year, of the time from the last touch on. The model is asked when the state is written, for the utilisation
     that holds until the next touch, so that nobody who only reads has to ask it.
     risk: what the cap on debt is made of (depth_math); 0 where depth_mode is OFF. It stands here because a loan reads this word.
     paused_until: in units of 64 seconds. The pauses end there by themselves; `frozen` does not.
     ltv_bps: of new risk. While `ramping`, the liquidation test has one of its own, between from_bps and to_bps.
     counted: collateral of all accounts with debt, in units of 2^22 shares at 6 decimals, ten times as much for each decimal more:
     about 4e-6 of a token. Each account counts its shares rounded up, so that what it joined with can be taken off to the unit.

     LendingPool.account_words tells an asset's listing with the LTV of the liquidation test in its place and, where `counted` stands, the LTV of
     new risk, 14 bits, and the id, 7.
"""

# ---------------------------------------------------------------- imports

from contracts.modules import interest
from contracts.modules import reasons
from contracts.modules import shares_math

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
RAY: constant(uint256) = 10**27
BPS: constant(uint256) = 10_000
YEAR: constant(uint256) = 365 * 86_400

# Cash, the debt of all, an index: what 104 bits hold.
MAX_AMOUNT: constant(uint256) = 2**104 - 1
# Supply ends here and so does interest, half of what fits: the other half is for the few units that rounding adds.
MAX_ASSETS: constant(uint256) = 2**103 - 1
MAX_SHARES: constant(uint256) = 2**124 - 1
MAX_FEE_UNITS: constant(uint256) = 2**27 - 1

# To `_load`, where the caller has not read the id
ID_UNKNOWN: constant(uint256) = max_value(uint256)

# 61 bits: 8 trillion tokens
MAX_COUNTED: constant(uint256) = 2**61 - 1

MASK_4: constant(uint256) = 2**4 - 1
MASK_6: constant(uint256) = 2**6 - 1
MASK_7: constant(uint256) = 2**7 - 1
MASK_9: constant(uint256) = 2**9 - 1
MASK_14: constant(uint256) = 2**14 - 1
MASK_26: constant(uint256) = 2**26 - 1
MASK_27: constant(uint256) = 2**27 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_40: constant(uint256) = 2**40 - 1
MASK_80: constant(uint256) = 2**80 - 1
MASK_128: constant(uint256) = 2**128 - 1
MASK_160: constant(uint256) = 2**160 - 1
MASK_195: constant(uint256) = 2**195 - 1

ID_AT: constant(uint256) = 160
RESERVE_FACTOR_AT: constant(uint256) = 167
FEE_SHIFT_AT: constant(uint256) = 181
SEEDED: constant(uint256) = 1 << 187
RISK_AT: constant(uint256) = 188
PAUSED_UNTIL_AT: constant(uint256) = 215
ORIGINATION_FEE_AT: constant(uint256) = 241
CAPPED: constant(uint256) = 1 << 250
FROZEN: constant(uint256) = 1 << 251
PAUSED_SUPPLY: constant(uint256) = 1 << 252
PAUSED_BORROW: constant(uint256) = 1 << 253
# withdrawal, transfer and disabling of collateral by an account with debt
PAUSED_COLLATERAL: constant(uint256) = 1 << 254
PAUSED_FLASH: constant(uint256) = 1 << 255
PAUSED_AT: constant(uint256) = 252
PAUSED_ANY: constant(uint256) = 15 << 252
# paused_until counts units of 2^6 seconds
PAUSE_SHIFT: constant(uint256) = 6

LTV_AT: constant(uint256) = 160
BONUS_AT: constant(uint256) = 174
DECIMALS_AT: constant(uint256) = 188
DEPTH_MODE_AT: constant(uint256) = 192
# one bit for each mode but NEW_RISK
DEPTH_OFF: constant(uint256) = 1 << 192
DEPTH_FULL: constant(uint256) = 1 << 193
RAMPING: constant(uint256) = 1 << 194
COUNTED_AT: constant(uint256) = 195
# in the words of an account, in the place of `counted`
NEW_RISK_LTV_AT: constant(uint256) = 195
TOLD_ID_AT: constant(uint256) = 209

# What the configuration chooses; the rest of either word is the pool's.
MARKET_CONFIG: constant(uint256) = (
    MASK_160 | (MASK_14 << RESERVE_FACTOR_AT) | (MASK_26 << PAUSED_UNTIL_AT) | (MASK_9 << ORIGINATION_FEE_AT) | FROZEN | PAUSED_ANY
)
LISTING_CONFIG: constant(uint256) = (MASK_14 << LTV_AT) | (MASK_14 << BONUS_AT) | (3 << DEPTH_MODE_AT) | RAMPING

RAMP_TO_AT: constant(uint256) = 14
RAMP_START_AT: constant(uint256) = 28
RAMP_END_AT: constant(uint256) = 68

SHARES_AT: constant(uint256) = 104
FEE_UNITS_AT: constant(uint256) = 228
HAS_DEBT_AT: constant(uint256) = 255
HAS_DEBT: constant(uint256) = 1 << 255

INDEX_SHIFT: constant(uint256) = 24
LAST_TS_AT: constant(uint256) = 80
SCALED_AT: constant(uint256) = 112
RATE_AT: constant(uint256) = 216

# ---------------------------------------------------------------- storage


# A reserve in memory, as of now. While nobody owes anything the debt side is not read, and index_ray is 0.
struct Reserve:
    id: uint256
    cash: uint256
    total_shares: uint256
    fee_units: uint256
    index_ray: uint256
    scaled_debt: uint256
    # of all, rounded down: the share price must not count on what no account owes
    debt: uint256
    # in interest.RATE_UNIT_WADs
    rate: uint256
    # the word; 0 where the caller knew the id
    market: uint256


markets: HashMap[address, uint256]
listings: uint256[128]
states: uint256[2][128]
# by id: the treasury's fee shares that did not fit beside the rest
fees: uint256[128]
caps: uint256[128]
ramps: uint256[128]
# by id: who gets half of the origination fee
stakers: address[128]
count: uint256

# ---------------------------------------------------------------- internals


@internal
@view
def _market(asset: address) -> uint256:
    market: uint256 = self.markets[asset]
    if market == 0:
        reasons._refuse("pool: not listed")
    return market


@internal
@view
def _load(asset: address, known_id: uint256) -> Reserve:
    """
    @notice The reserve with interest up to now. Without an id it must be open for business.
    @param asset With an id, the zero address: the debt side alone, without the shares that interest adds
    @dev Interest is that of the time since the last touch, at the rate since then. It never reverts and saturates
         instead of overflowing: cash + debt stay within MAX_ASSETS, the index and the shares within their fields.
    """
    reserve: Reserve = empty(Reserve)
    reserve.id = known_id
    if known_id == ID_UNKNOWN:
        reserve.market = self.markets[asset]
        if reserve.market & SEEDED == 0:
            reserve.market = self._market(asset)
            reasons._refuse("pool: not seeded")
        reserve.id = (reserve.market >> ID_AT) & MASK_7
    word: uint256 = self.states[reserve.id][0]
    reserve.cash = word & MAX_AMOUNT
    reserve.total_shares = (word >> SHARES_AT) & MAX_SHARES
    reserve.fee_units = (word >> FEE_UNITS_AT) & MAX_FEE_UNITS
    if word < HAS_DEBT:
        return reserve

    word = self.states[reserve.id][1]
    reserve.index_ray = (word & MASK_80) << INDEX_SHIFT
    reserve.scaled_debt = (word >> SCALED_AT) & MAX_AMOUNT
    reserve.rate = word >> RATE_AT
    # not 0: an index is never below one RAY
    debt_before: uint256 = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    # time does not go back; modulo 2^32, like the time of the last touch
    elapsed: uint256 = unsafe_sub(block.timestamp, word >> LAST_TS_AT) & MASK_32
    if elapsed == 0:
        reserve.debt = debt_before
        return reserve
    # What a unit of debt becomes; (a + b - 1) / b is a / b rounded up, in favour of those who lent.
    growth_ray: uint256 = 0
    if elapsed <= interest.TAYLOR_SECONDS:
        # e^x to the third order, with x < 9e27
        x: uint256 = unsafe_div(unsafe_add(unsafe_mul(reserve.rate, unsafe_mul(interest.RATE_UNIT_WAD * 10**9, elapsed)), YEAR - 1), YEAR)
        second: uint256 = unsafe_div(unsafe_add(unsafe_mul(x, x), 2 * RAY - 1), 2 * RAY)
        third: uint256 = unsafe_div(unsafe_add(unsafe_mul(x, second), 3 * RAY - 1), 3 * RAY)
        growth_ray = unsafe_add(unsafe_add(RAY, x), unsafe_add(second, third))
    else:
        growth_ray = interest._power_up(reserve.rate, elapsed)
    reserve.index_ray = (
        unsafe_div(unsafe_add(unsafe_mul(reserve.index_ray, growth_ray), (RAY << INDEX_SHIFT) - 1), RAY << INDEX_SHIFT) << INDEX_SHIFT
    )
    reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    # MAX_ASSETS is all ones: this asks whether the index or the assets have outgrown their fields
    if (reserve.index_ray >> 1) | unsafe_add(reserve.cash, reserve.debt) > MAX_ASSETS:
        reserve.index_ray = self._saturated_index((word & MASK_80) << INDEX_SHIFT, reserve.scaled_debt, reserve.cash)
        reserve.debt = unsafe_div(unsafe_mul(reserve.scaled_debt, reserve.index_ray), RAY)
    market: uint256 = reserve.market
    if known_id != ID_UNKNOWN:
        if asset == empty(address):
            return reserve
        market = self.markets[asset]
    # The treasury's part is minted at the price that leaves the rest of the interest to the others, in whole units.
    fee: uint256 = unsafe_div(unsafe_mul(unsafe_sub(reserve.debt, debt_before), (market >> RESERVE_FACTOR_AT) & MASK_14), BPS)
    fee_shift: uint256 = (market >> FEE_SHIFT_AT) & MASK_6
    # shares_math._to_shares_down, written out
    units: uint256 = (
        unsafe_div(
            unsafe_mul(fee, unsafe_add(reserve.total_shares, shares_math.VIRTUAL_SHARES)),
            unsafe_add(unsafe_sub(unsafe_add(reserve.cash, reserve.debt), fee), shares_math.VIRTUAL_ASSETS),
        )
        >> fee_shift
    )
    minted: uint256 = unsafe_add(reserve.total_shares, units << fee_shift)
    if minted <= MAX_SHARES:
        reserve.total_shares = minted
        reserve.fee_units = unsafe_add(reserve.fee_units, units)
    return reserve


@internal
@pure
def _saturated_index(index_before: uint256, scaled: uint256, cash: uint256) -> uint256:
    """
    @notice The largest index that fits, with the debt of all that fits beside the cash; never below the one before
    """
    room: uint256 = 0
    if cash < MAX_ASSETS:
        room = MAX_ASSETS - cash
    largest: uint256 = min(MAX_AMOUNT, (room * RAY + RAY - 1) // scaled)
    return max(index_before, (largest >> INDEX_SHIFT) << INDEX_SHIFT)


@internal
@view
def _load_debt_side(id: uint256) -> (uint256, uint256):
    """
    @notice (index_ray, rate) of a reserve where nobody owes anything: there `_load` leaves them 0
    """
    word: uint256 = self.states[id][1]
    return (word & MASK_80) << INDEX_SHIFT, word >> RATE_AT


@internal
def _store(reserve: Reserve):
    """
    @notice Write the reserve, with the rate from now on
    @param reserve With its market word, where anybody owes anything, and with `debt` as `scaled_debt` is now
    """
    fee_units: uint256 = reserve.fee_units
    if fee_units > MAX_FEE_UNITS:
        market: uint256 = self.markets[convert(self.listings[reserve.id] & MASK_160, address)]
        self.fees[reserve.id] += fee_units << ((market >> FEE_SHIFT_AT) & MASK_6)
        fee_units = 0
    self.states[reserve.id][0] = (
        reserve.cash
        | (reserve.total_shares << SHARES_AT)
        | (fee_units << FEE_UNITS_AT)
        | (convert(reserve.scaled_debt != 0, uint256) << HAS_DEBT_AT)
    )
    if reserve.index_ray != 0:
        rate: uint256 = reserve.rate
        if reserve.scaled_debt != 0:
            rate = interest._rate_units(
                convert(reserve.market & MASK_160, address),
                unsafe_div(unsafe_mul(reserve.debt, WAD), unsafe_add(reserve.cash, reserve.debt)),
                rate,
            )
        self.states[reserve.id][1] = (
            (reserve.index_ray >> INDEX_SHIFT)
            | ((block.timestamp & MASK_32) << LAST_TS_AT)
            | (reserve.scaled_debt << SCALED_AT)
            | (rate << RATE_AT)
        )


@internal
@view
def _fee_shares(reserve: Reserve, market: uint256) -> uint256:
    """
    @notice All that the treasury has earned and not collected
    """
    return self.fees[reserve.id] + (reserve.fee_units << ((market >> FEE_SHIFT_AT) & MASK_6))


@internal
@view
def _liquidation_ltv_bps(id: uint256, listing: uint256) -> uint256:
    """
    @notice The LTV of the liquidation test: the listing's, or on its way down a straight line
    """
    if listing & RAMPING == 0:
        return (listing >> LTV_AT) & MASK_14
    return self._ramped(self.ramps[id], block.timestamp)


@internal
@view
def _told(id: uint256, listing: uint256) -> uint256:
    """
    @notice The listing as `account_words` tells it
    """
    told: uint256 = ((listing & MASK_195) | (((listing >> LTV_AT) & MASK_14) << NEW_RISK_LTV_AT) | (id << TOLD_ID_AT))
    if listing & RAMPING == 0:
        return told
    return (told & ~(MASK_14 << LTV_AT)) | (self._ramped(self.ramps[id], block.timestamp) << LTV_AT)


@internal
@pure
def _ramped(ramp: uint256, now: uint256) -> uint256:
    """
    @notice from_bps until the start, to_bps from the end on, rounded up in between: in favour of who would be liquidated
    """
    from_bps: uint256 = ramp & MASK_14
    to_bps: uint256 = (ramp >> RAMP_TO_AT) & MASK_14
    start: uint256 = (ramp >> RAMP_START_AT) & MASK_40
    end: uint256 = (ramp >> RAMP_END_AT) & MASK_40
    if now >= end:
        return to_bps
    if now <= start or from_bps <= to_bps:
        return from_bps
    return from_bps - (from_bps - to_bps) * (now - start) // (end - start)


@internal
@pure
def _recounted(listing: uint256, before: uint256, after: uint256) -> uint256:
    """
    @notice The counted units, with an account's shares of now in the place of those of before, each rounded up
    """
    # _unit_shift, written out
    bits: uint256 = unsafe_add(22, unsafe_div(unsafe_mul((listing >> DECIMALS_AT) & MASK_4, 10), 3))
    almost: uint256 = ~(max_value(uint256) << bits)
    return unsafe_sub(
        unsafe_add(listing >> COUNTED_AT, unsafe_add(after, almost) >> bits),
        unsafe_add(before, almost) >> bits,
    )


@internal
@pure
def _counted_shares(listing: uint256) -> uint256:
    return (listing >> COUNTED_AT) << self._unit_shift(listing)


@internal
@pure
def _unit_shift(listing: uint256) -> uint256:
    # 22 to 62
    return unsafe_add(6, self._fee_shift(listing))


@internal
@pure
def _fee_shift(listing: uint256) -> uint256:
    """
    @notice 16 to 56. A unit of fees: 2^16 shares = 0.065 raw units at 6 decimals, ten times as much for each decimal more
    """
    return unsafe_add(16, unsafe_div(unsafe_mul((listing >> DECIMALS_AT) & MASK_4, 10), 3))
