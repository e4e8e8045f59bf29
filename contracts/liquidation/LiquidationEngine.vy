# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
# pragma nonreentrancy on
"""
@title Liquidation at a fixed bonus
@license MIT
@dev See ILiquidationEngine. Holds no tokens and no rights but one: LendingPool lets it settle.

     Why a liquidation is sound
       1. Everything is read first (account and prices, interest included), everything is computed from that alone
          (contracts/modules/liquidation_math.vy), and only then anything moves.
       2. Below 100 % of the trigger prices nothing happens, whatever the seizure prices are.
       3. Who pays is always the caller, who receives too; the engine names nobody else to the pool.
       4. Depth plays a part in 2 alone, and only where a reserve's depth_mode is FULL: what changes hands does so at face value.
       5. Seized collateral is worth at most bonus * the debt repaid, and bonus <= C / D while C >= 1.01 * D.
"""

# ---------------------------------------------------------------- imports

from interfaces import ILendingPool
from interfaces import ILiquidationEngine
from interfaces import IPriceOracle

implements: ILiquidationEngine

# Whether, at which prices and how much: pure functions, tested apart.
from contracts.modules import liquidation_math as math

# What the liquidation test counts in a pool whose reserves are FULL.
from contracts.modules import depth_math

# What is packed in the words of an account.
from contracts.modules import reserve_slots

# ---------------------------------------------------------------- types


struct Side:
    # The chosen collateral or the chosen debt.
    amount: uint256
    trigger_price: uint256
    # fresh_low of a collateral, fresh_high of a debt; 0: no valid price now
    fresh_price: uint256
    seizure_price: uint256


struct Position:
    collateral: Side
    debt: Side
    # the chosen collateral's reserve
    collateral_id: uint256
    # of the chosen collateral
    beta_bps: uint256
    # In the liquidation test: at the trigger prices
    debt_value: uint256
    capacity: uint256
    # At the seizure prices: all collateral (C), and all debt but the chosen one
    collateral_value: uint256
    other_debt_value: uint256
    # Some enabled collateral never had a price
    unknown: bool


struct Plan:
    bonus_wad: uint256
    repaid: uint256
    seized: uint256
    fee: uint256
    write_off: bool


# ---------------------------------------------------------------- constants

MAX_FEE_BPS: constant(uint256) = 300

# ---------------------------------------------------------------- immutables

POOL: immutable(ILendingPool)
# of what is seized
fee_bps: public(immutable(uint256))

# ---------------------------------------------------------------- constructor


@deploy
def __init__(pool: address, liquidation_fee_bps: uint256):
    """
    @param liquidation_fee_bps What part of the seized collateral goes to the treasury, at most half the bonus: 0 to 300 bps
    """
    assert pool != empty(address), "engine: no pool"
    assert liquidation_fee_bps <= MAX_FEE_BPS, "engine: bad fee"
    POOL = ILendingPool(pool)
    fee_bps = liquidation_fee_bps


# ---------------------------------------------------------------- external, state-changing


@external
def liquidate(
    borrower: address,
    debt_asset: address,
    collateral_asset: address,
    max_repay: uint256,
    min_seized: uint256,
    deadline: uint256,
) -> (uint256, uint256):
    assert block.timestamp <= deadline, "engine: expired"

    p: Position = self._read(borrower, debt_asset, collateral_asset)
    assert math._liquidatable(p.debt_value, p.capacity), "engine: healthy"
    assert p.debt.amount != 0, "engine: no debt"
    assert p.collateral.amount != 0, "engine: no collateral"
    assert p.debt.fresh_price != 0 and p.collateral.fresh_price != 0, "engine: no price"
    # A fresh price alone is none: without a trigger price there is nothing to measure the floor and the ceiling against.
    assert p.collateral.seizure_price != 0, "engine: no price"
    p.debt.seizure_price = math._debt_price(
        p.debt.trigger_price, p.debt.fresh_price, p.collateral.seizure_price, p.collateral.trigger_price, p.beta_bps
    )
    assert p.debt.seizure_price != 0, "engine: no price"
    plan: Plan = self._plan(p, max_repay)
    # For nothing nobody pays: a repayment too small to be worth a unit of collateral.
    assert plan.seized != 0, "engine: zero amount"
    # Cannot underflow: the fee is at most a part of what is seized.
    received: uint256 = unsafe_sub(plan.seized, plan.fee)
    assert received >= min_seized, "engine: too little"

    # The pool has code: it has answered above.
    number: uint256 = extcall POOL.settle_liquidation(
        borrower,
        msg.sender,
        msg.sender,
        debt_asset,
        plan.repaid,
        p.collateral_id,
        plan.seized,
        plan.fee,
        skip_contract_check=True,
    )
    log ILiquidationEngine.Liquidation(
        number=number,
        borrower=borrower,
        liquidator=msg.sender,
        debt_asset=debt_asset,
        collateral_asset=collateral_asset,
        repaid=plan.repaid,
        seized=plan.seized,
        fee=plan.fee,
        collateral_trigger_price=p.collateral.trigger_price,
        debt_trigger_price=p.debt.trigger_price,
        collateral_seizure_price=p.collateral.seizure_price,
        debt_seizure_price=p.debt.seizure_price,
        debt_value=p.debt_value,
        capacity=p.capacity,
        bonus_wad=plan.bonus_wad,
    )

    if plan.write_off:
        extcall POOL.write_off(borrower, skip_contract_check=True)
    return plan.repaid, received


# ---------------------------------------------------------------- external views


@external
@view
@reentrant
def pool() -> address:
    return POOL.address


# ---------------------------------------------------------------- internals


@internal
def _read(borrower: address, debt_asset: address, collateral_asset: address) -> Position:
    """
    @dev Moves nothing. (The oracle may cache its statistics, which changes no answer.)
         The sums cannot overflow: a value is a checked product over 1e18, below 2^197 (by depth at most twice that), an LTV at most
         10,000, and there are at most eight of each.
    """
    oracle_address: address = empty(address)
    collaterals: DynArray[uint256, 16] = []
    debts: DynArray[uint256, 16] = []
    oracle_address, collaterals, debts = staticcall POOL.account_words(borrower)
    oracle: IPriceOracle = IPriceOracle(oracle_address)
    p: Position = empty(Position)
    high: uint256 = 0
    low: uint256 = 0
    fresh_low: uint256 = 0
    fresh_high: uint256 = 0

    weighted: uint256 = 0
    for i: uint256 in range(len(collaterals) >> 1, bound=8):
        word: uint256 = collaterals[i << 1]
        amount: uint256 = collaterals[i << 1 | 1]
        asset: address = convert(word & reserve_slots.MASK_160, address)
        high, low, fresh_low, fresh_high = extcall oracle.liquidation_prices(asset)
        value: uint256 = math._value_down(amount, high)
        if word & reserve_slots.DEPTH_FULL != 0:
            value = depth_math._value_down(value, staticcall oracle.liquidation_depth(asset))
        weighted = unsafe_add(weighted, unsafe_mul(value, (word >> reserve_slots.LTV_AT) & reserve_slots.MASK_14))
        beta_bps: uint256 = math._beta_bps((word >> reserve_slots.BONUS_AT) & reserve_slots.MASK_14)
        # Without a valid price it counts at its last one: a position is not bad because a source is silent.
        price: uint256 = high
        if fresh_low != 0:
            price = math._collateral_price(high, fresh_low, beta_bps)
        if high == 0 and amount != 0:
            # Never had a price: what it is worth is unknown, and so is whether the debt is bad.
            p.unknown = True
        p.collateral_value = unsafe_add(p.collateral_value, math._value_down(amount, price))
        if asset == collateral_asset:
            p.beta_bps = beta_bps
            p.collateral_id = word >> reserve_slots.TOLD_ID_AT
            p.collateral = Side(amount=amount, trigger_price=high, fresh_price=fresh_low, seizure_price=price)
    p.capacity = weighted // math.BPS

    for i: uint256 in range(len(debts) >> 1, bound=8):
        word: uint256 = debts[i << 1]
        amount: uint256 = debts[i << 1 | 1]
        asset: address = convert(word & reserve_slots.MASK_160, address)
        high, low, fresh_low, fresh_high = extcall oracle.liquidation_prices(asset)
        value: uint256 = math._value_up(amount, low)
        if word & reserve_slots.DEPTH_FULL != 0:
            value = depth_math._cost_bounded_up(value, staticcall oracle.liquidation_depth(asset))
        p.debt_value = unsafe_add(p.debt_value, value)
        if asset == debt_asset:
            # Its seizure price depends on the chosen collateral.
            p.debt = Side(amount=amount, trigger_price=low, fresh_price=fresh_high, seizure_price=0)
        else:
            # fresh_high is 0 without a valid price: at its last one, again.
            p.other_debt_value = unsafe_add(p.other_debt_value, math._value_up(amount, max(fresh_high, low)))
    return p


@internal
@view
def _plan(p: Position, max_repay: uint256) -> Plan:
    """
    @dev None of the differences is below zero: seized <= amount, repaid <= amount, and each amount is part of its sum.
    """
    s_c: uint256 = p.collateral.seizure_price
    s_d: uint256 = p.debt.seizure_price
    plan: Plan = empty(Plan)
    deep: bool = math._deep(p.debt_value, p.capacity)
    debt_value: uint256 = unsafe_add(p.other_debt_value, math._value_up(p.debt.amount, s_d))
    plan.bonus_wad = math._bonus_wad(p.beta_bps, p.collateral_value, debt_value)
    limit: uint256 = math._repay_limit(p.debt.amount, s_d, p.collateral.amount, s_c, deep)
    plan.repaid, plan.seized = math._exchange(min(max_repay, limit), s_d, p.collateral.amount, s_c, plan.bonus_wad)
    plan.fee = math._fee(plan.seized, fee_bps, plan.bonus_wad, deep)

    chosen_value: uint256 = math._value_down(p.collateral.amount, s_c)
    left_value: uint256 = math._value_down(unsafe_sub(p.collateral.amount, plan.seized), s_c)
    collateral_left: uint256 = unsafe_add(unsafe_sub(p.collateral_value, chosen_value), left_value)
    debt_left: uint256 = unsafe_add(p.other_debt_value, math._value_up(unsafe_sub(p.debt.amount, plan.repaid), s_d))
    plan.write_off = not p.unknown and math._write_off(collateral_left, debt_left)
    return plan
