# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Read-only, batched views for the keeper, the console and the status monitor
@license MIT
@dev See ILens.
"""

# ---------------------------------------------------------------- imports

from interfaces import ILendingPool
from interfaces import ILens
from interfaces import IPriceOracle

implements: ILens

# The arithmetic of the liquidation test, shared with LiquidationEngine.
from contracts.modules import liquidation_math as math

# What limited depth leaves of a value, and the caps made of it.
from contracts.modules import depth_math

# What LendingPool's position words are worth.
from contracts.modules import bit_sets
from contracts.modules import shares_math

# What is packed in the words of a reserve's configuration.
from contracts.modules import reserve_slots

# Usage and its five stages.
from contracts.modules import status

# ---------------------------------------------------------------- constants

LOW_128: constant(uint256) = 2**128 - 1

# ---------------------------------------------------------------- types


struct Quote:
    # What a position word is worth, per reserve.
    assets: uint256
    shares: uint256
    index_ray: uint256
    ltv_bps: uint256
    liquidation_high: uint256
    liquidation_low: uint256
    # Of the liquidation test: max_uint256 unless the reserve's depth_mode is FULL
    depth: uint256


# ---------------------------------------------------------------- immutables

POOL: immutable(ILendingPool)

# ---------------------------------------------------------------- constructor


@deploy
def __init__(pool: address):
    assert pool != empty(address), "lens: no pool"
    POOL = ILendingPool(pool)


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def health(accounts: DynArray[address, 5000]) -> DynArray[uint256, 5000]:
    oracle: IPriceOracle = IPriceOracle(staticcall POOL.oracle())
    count: uint256 = staticcall POOL.reserves_count()
    quotes: DynArray[Quote, 128] = []
    for id: uint256 in range(count, bound=128):
        quotes.append(self._quote(id, oracle))

    packed: DynArray[uint256, 5000] = []
    for account: address in accounts:
        bitmap: uint256 = 0
        words: DynArray[uint256, 256] = []
        bitmap, words = staticcall POOL.positions(account)
        weighted: uint256 = 0
        debt: uint256 = 0
        members: uint256 = (bitmap | (bitmap >> 128)) & LOW_128
        for word: uint256 in words:
            id: uint256 = bit_sets._lowest(members)
            members &= unsafe_sub(members, 1)
            if bitmap & (1 << id) != 0:
                amount: uint256 = shares_math._to_assets_down(word & LOW_128, quotes[id].assets, quotes[id].shares)
                value: uint256 = math._value_down(amount, quotes[id].liquidation_high)
                weighted += depth_math._value_down(value, quotes[id].depth) * quotes[id].ltv_bps
            if bitmap & (1 << (id + 128)) != 0:
                owed: uint256 = shares_math._to_debt_up(word >> 128, quotes[id].index_ray)
                debt += depth_math._cost_bounded_up(math._value_up(owed, quotes[id].liquidation_low), quotes[id].depth)
        packed.append((min(weighted // math.BPS, LOW_128) << 128) | min(debt, LOW_128))
    return packed


@external
@view
@reentrant
def account(account: address) -> ILens.AccountView:
    oracle_address: address = empty(address)
    collaterals: DynArray[uint256, 16] = []
    debts: DynArray[uint256, 16] = []
    oracle_address, collaterals, debts = staticcall POOL.account_words(account)
    oracle: IPriceOracle = IPriceOracle(oracle_address)
    view: ILens.AccountView = empty(ILens.AccountView)

    weighted: uint256 = 0
    weighted_new: uint256 = 0
    for i: uint256 in range(len(collaterals) >> 1, bound=8):
        word: uint256 = collaterals[i << 1]
        amount: uint256 = collaterals[i << 1 | 1]
        asset: address = convert(word & reserve_slots.MASK_160, address)
        depth_mode: uint256 = (word >> reserve_slots.DEPTH_MODE_AT) & 3
        ltv_bps: uint256 = (word >> reserve_slots.LTV_AT) & reserve_slots.MASK_14
        new_risk_ltv_bps: uint256 = (word >> reserve_slots.NEW_RISK_LTV_AT) & reserve_slots.MASK_14
        band: IPriceOracle.Band = staticcall oracle.band(asset)
        value: uint256 = depth_math._value_down(math._value_down(amount, band.liquidation_high), self._test_depth(depth_mode, band))
        value_new: uint256 = depth_math._value_down(math._value_down(amount, band.low), self._new_risk_depth(depth_mode, band))
        weighted += value * ltv_bps
        if band.why == empty(IPriceOracle.Why):
            weighted_new += value_new * new_risk_ltv_bps
        view.collaterals.append(
            ILens.CollateralView(
                asset=asset,
                amount=amount,
                ltv_bps=ltv_bps,
                new_risk_ltv_bps=new_risk_ltv_bps,
                bonus_bps=(word >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14,
                depth_mode=depth_mode,
                value_wad=value,
                new_risk_value_wad=value_new,
                liquidation_price_wad=0,
                band=band,
            )
        )
    for i: uint256 in range(len(debts) >> 1, bound=8):
        word: uint256 = debts[i << 1]
        amount: uint256 = debts[i << 1 | 1]
        asset: address = convert(word & reserve_slots.MASK_160, address)
        depth_mode: uint256 = (word >> reserve_slots.DEPTH_MODE_AT) & 3
        band: IPriceOracle.Band = staticcall oracle.band(asset)
        value: uint256 = depth_math._cost_bounded_up(math._value_up(amount, band.liquidation_low), self._test_depth(depth_mode, band))
        value_new: uint256 = depth_math._cost_up(math._value_up(amount, band.high), self._new_risk_depth(depth_mode, band))
        view.debt += value
        # Beyond the depth it stays at the largest number.
        view.new_risk_debt = max(unsafe_add(view.new_risk_debt, value_new), max(view.new_risk_debt, value_new))
        view.blocked |= band.why
        view.debts.append(
            ILens.DebtView(
                asset=asset,
                amount=amount,
                depth_mode=depth_mode,
                value_wad=value,
                new_risk_value_wad=value_new,
                band=band,
            )
        )

    for i: uint256 in range(len(view.collaterals), bound=8):
        c: ILens.CollateralView = view.collaterals[i]
        others: uint256 = weighted - c.value_wad * c.ltv_bps
        view.collaterals[i].liquidation_price_wad = self._liquidation_price(c, view.debt, others)
    view.capacity = weighted // math.BPS
    view.new_risk_capacity = weighted_new // math.BPS
    view.new_risk_limit = view.new_risk_capacity * staticcall POOL.borrow_limit_bps() // math.BPS
    view.usage_wad = status._usage_wad(view.debt, view.capacity)
    view.stage = status._stage(view.usage_wad)
    return view


@external
@view
@reentrant
def reserves(offset: uint256 = 0, count: uint256 = 128) -> DynArray[ILens.ReserveView, 128]:
    oracle: IPriceOracle = IPriceOracle(staticcall POOL.oracle())
    views: DynArray[ILens.ReserveView, 128] = []
    for id: uint256 in range(staticcall POOL.reserves_count(), bound=128):
        if id < offset or id - offset >= count:
            continue
        asset: address = staticcall POOL.reserve_at(id)
        state: ILendingPool.ReserveState = staticcall POOL.reserve_state(asset)
        utilisation: uint256 = 0
        if state.debt != 0:
            utilisation = state.debt * math.WAD // (state.cash + state.debt)
        lenders_bps: uint256 = math.BPS - state.reserve_factor_bps
        band: IPriceOracle.Band = staticcall oracle.band(asset)
        counted: uint256 = shares_math._to_assets_down(state.counted_shares, state.cash + state.debt, state.total_shares)
        market: uint256 = 0
        listing: uint256 = 0
        caps: uint256 = 0
        ramp: uint256 = 0
        stakers: address = empty(address)
        market, listing, caps, ramp, stakers = staticcall POOL.config_words(asset)
        paused_until: uint256 = ((market >> reserve_slots.PAUSED_UNTIL_AT) & reserve_slots.MASK_26) << reserve_slots.PAUSE_SHIFT
        paused: uint256 = 0
        if block.timestamp < paused_until:
            paused = market >> reserve_slots.PAUSED_AT
        views.append(
            ILens.ReserveView(
                asset=asset,
                state=state,
                utilisation_wad=utilisation,
                supply_rate_wad=state.borrow_rate_wad * utilisation * lenders_bps // (math.WAD * math.BPS),
                cap_wad=depth_math._cap(
                    self._new_risk_depth(state.depth_mode, band), depth_math._risk(state.new_risk_ltv_bps, state.bonus_bps)
                ),
                counted_wad=math._value_down(counted, band.low),
                debt_wad=math._value_up(state.debt, band.high),
                supply_cap=caps & LOW_128,
                debt_cap=caps >> 128,
                origination_fee_bps=(market >> reserve_slots.ORIGINATION_FEE_AT) & reserve_slots.MASK_9,
                stakers=stakers,
                frozen=market & reserve_slots.FROZEN != 0,
                paused=paused,
                paused_until=paused_until,
                band=band,
            )
        )
    return views


@external
@view
@reentrant
def market() -> ILens.MarketView:
    new_risk_from: uint256 = 0
    liquidation_from: uint256 = 0
    new_risk_from, liquidation_from = staticcall POOL.guards()
    return ILens.MarketView(
        oracle=staticcall POOL.oracle(),
        engine=staticcall POOL.engine(),
        treasury=staticcall POOL.treasury(),
        configurator=staticcall POOL.configurator(),
        borrow_limit_bps=staticcall POOL.borrow_limit_bps(),
        min_debt_wad=staticcall POOL.min_debt_wad(),
        reserves=staticcall POOL.reserves_count(),
        new_risk_from=new_risk_from,
        liquidation_from=liquidation_from,
    )


@external
@view
@reentrant
def pool() -> address:
    return POOL.address


# ---------------------------------------------------------------- internals


@internal
@view
def _quote(id: uint256, oracle: IPriceOracle) -> Quote:
    asset: address = staticcall POOL.reserve_at(id)
    state: ILendingPool.ReserveState = staticcall POOL.reserve_state(asset)
    band: IPriceOracle.Band = staticcall oracle.band(asset)
    return Quote(
        assets=state.cash + state.debt,
        shares=state.total_shares,
        index_ray=state.index_ray,
        ltv_bps=state.ltv_bps,
        # Capped, so that one absurd price cannot make the whole batch overflow.
        liquidation_high=min(band.liquidation_high, LOW_128),
        liquidation_low=min(band.liquidation_low, LOW_128),
        depth=self._test_depth(state.depth_mode, band),
    )


@internal
@pure
def _liquidation_price(c: ILens.CollateralView, debt: uint256, others: uint256) -> uint256:
    """
    @notice The highest price of this collateral at which debt >= capacity
    @param others LTV-weighted value of the other collaterals, times BPS
    @dev Liquidatable: others + value * ltv < (debt + 1) * BPS, for capacity is rounded down. So it is the value at most that gives, and
         by depth the face at most that is worth it: found by halving, for the value only grows with the face.
    """
    # a debt beyond all numbers, which no price covers, must not make the view fail
    if c.amount == 0 or c.ltv_bps == 0 or debt >= LOW_128:
        return max_value(uint256)
    wanted: uint256 = (debt + 1) * math.BPS
    if debt == 0 or others >= wanted:
        return 0
    value: uint256 = (wanted - others - 1) // c.ltv_bps
    face: uint256 = value
    if c.depth_mode == depth_math.FULL and c.band.liquidation_depth < depth_math.UNLIMITED:
        depth: uint256 = c.band.liquidation_depth
        low: uint256 = 0
        high: uint256 = depth
        if depth_math._value_down(depth, depth) <= value:
            # no price makes more of it than a quarter of the depth
            return max_value(uint256)
        for _: uint256 in range(128):
            if high - low <= 1:
                break
            middle: uint256 = (low + high) // 2
            if depth_math._value_down(middle, depth) <= value:
                low = middle
            else:
                high = middle
        face = low
    # the largest price with amount * price // WAD <= face
    return ((face + 1) * math.WAD - 1) // c.amount


@internal
@pure
def _test_depth(depth_mode: uint256, band: IPriceOracle.Band) -> uint256:
    if depth_mode == depth_math.FULL:
        return band.liquidation_depth
    return max_value(uint256)


@internal
@pure
def _new_risk_depth(depth_mode: uint256, band: IPriceOracle.Band) -> uint256:
    if depth_mode == depth_math.OFF:
        return max_value(uint256)
    return band.depth
