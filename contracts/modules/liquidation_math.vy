# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title The arithmetic of the liquidation test and of a liquidation at a fixed bonus
@license MIT
@dev Pure functions of amounts (raw), prices and values (WAD, see IPriceOracle). The engine and the lens share them, so
     that both find the same account at 100 %.

     Glossary
       high, low    trigger prices: a collateral's liquidation_high, a debt's liquidation_low
       fresh        price of the last one to two minutes: fresh_low for collateral, fresh_high for debt
       s_c, s_d     seizure prices of the chosen collateral and the chosen debt
       C, D         all collateral (down) and all debt (up) of the account at the seizure prices
       beta         10,000 units of repaid debt cost the borrower beta_bps units of collateral, at most
       bonus        beta_eff = max(1.01, min(beta, C / D)), WAD

     Why an account that is covered stays covered: bonus <= C / D while C >= 1.01 * D, as C reads down, D up and the
     quotient down. What is taken is worth at most bonus * what is repaid (seized down, repaid up), so that
     (C - taken) / (D - repaid) >= C / D: the loan to value never rises, and what is left of the debt is covered.
"""

WAD: constant(uint256) = 10**18
BPS: constant(uint256) = 10_000

# Whoever liquidates earns at least 1 %, whatever is left of the collateral.
MIN_BONUS_BPS: constant(uint256) = 10_100
MIN_BONUS_WAD: constant(uint256) = 101 * 10**16

# With the bonus, no collateral changes hands below 3/4 of what the trigger prices say it is worth in debt.
FLOOR_NUMERATOR: constant(uint256) = 3
FLOOR_DENOMINATOR: constant(uint256) = 4

# Usage from which everything may be liquidated at once and no fee is taken: 1 / 0.95 = 105.26 %.
DEEP_USAGE_PERCENT: constant(uint256) = 95

# Below this value (2,000 units) a debt or a collateral goes whole: half of it would not be worth a call.
SMALL_WAD: constant(uint256) = 2_000 * 10**18

# Collateral worth less than this (1 unit) does not keep a bad debt alive: nobody would come for it.
DUST_WAD: constant(uint256) = 10**18


# ---------------------------------------------------------------- values


@internal
@pure
def _value_down(amount: uint256, price: uint256) -> uint256:
    # Down: collateral.
    return amount * price // WAD


@internal
@pure
def _value_up(amount: uint256, price: uint256) -> uint256:
    # Up: debt. The sum cannot overflow: the checked product is at most 2^256 - 1, of which WAD - 1 is free once divided.
    product: uint256 = amount * price
    value: uint256 = unsafe_div(product, WAD)
    if unsafe_mul(value, WAD) != product:
        return unsafe_add(value, 1)
    return value


# ---------------------------------------------------------------- whether


@internal
@pure
def _liquidatable(debt_value: uint256, capacity: uint256) -> bool:
    # Exactly 100 % counts.
    return debt_value != 0 and debt_value >= capacity


@internal
@pure
def _deep(debt_value: uint256, capacity: uint256) -> bool:
    # usage >= 1 / 0.95
    return debt_value * DEEP_USAGE_PERCENT >= capacity * 100


# ---------------------------------------------------------------- at which prices


@internal
@pure
def _beta_bps(bonus_bps: uint256) -> uint256:
    return max(bonus_bps, MIN_BONUS_BPS)


@internal
@pure
def _collateral_price(high: uint256, fresh: uint256, beta_bps: uint256) -> uint256:
    """
    @notice s_c = max(min(fresh, high), 0.75 * beta * high)
    @dev The floor rounds up, for the borrower.
    """
    least: uint256 = (high * (FLOOR_NUMERATOR * beta_bps) + (FLOOR_DENOMINATOR * BPS - 1)) // (FLOOR_DENOMINATOR * BPS)
    return max(min(fresh, high), least)


@internal
@pure
def _debt_price(low: uint256, fresh: uint256, s_c: uint256, high: uint256, beta_bps: uint256) -> uint256:
    """
    @notice s_d = min(max(fresh, low), low * s_c / (0.75 * beta * high))
    @dev The ceiling rounds down, for the borrower. It is never below `low`, because s_c >= 0.75 * beta * high.
         `high` is not 0 where s_c is not.
    """
    ratio_wad: uint256 = s_c * (FLOOR_DENOMINATOR * BPS * WAD) // (FLOOR_NUMERATOR * beta_bps * high)
    return min(max(fresh, low), low * ratio_wad // WAD)


# ---------------------------------------------------------------- how much


@internal
@pure
def _bonus_wad(beta_bps: uint256, collateral_value: uint256, debt_value: uint256) -> uint256:
    """
    @notice beta_eff = max(1.01, min(beta, C / D))
    @dev C / D rounds down: see "Why an account that is covered stays covered".
    """
    beta_wad: uint256 = beta_bps * (WAD // BPS)
    return max(min(beta_wad, collateral_value * WAD // debt_value), MIN_BONUS_WAD)


@internal
@pure
def _repay_limit(debt_amount: uint256, s_d: uint256, collateral_amount: uint256, s_c: uint256, deep: bool) -> uint256:
    """
    @notice How much of the chosen debt may be repaid at once: half, or all of it when the account is deep under water or
            one side is small
    @dev Half of a debt of at least 2,000 leaves at least 1,000, so no remainder is too small to come back for.
    """
    if deep or debt_amount * s_d < SMALL_WAD * WAD or collateral_amount * s_c < SMALL_WAD * WAD:
        return debt_amount
    return debt_amount // 2


@internal
@pure
def _exchange(repay: uint256, s_d: uint256, collateral_amount: uint256, s_c: uint256, bonus_wad: uint256) -> (uint256, uint256):
    """
    @notice (repaid, seized) for a wish to repay `repay`
    @dev Seized rounds down. Where the collateral is not enough, all of it goes and repaid rounds up, which is never above
         `repay`: repay * s_d * bonus >= (collateral + 1) * s_c there.
    """
    paid: uint256 = s_d * bonus_wad
    taken: uint256 = s_c * WAD
    seized: uint256 = repay * paid // taken
    if seized <= collateral_amount:
        return repay, seized
    return (collateral_amount * taken + (paid - 1)) // paid, collateral_amount


@internal
@pure
def _fee(seized: uint256, fee_bps: uint256, bonus_wad: uint256, deep: bool) -> uint256:
    """
    @notice `fee_bps` of what is seized, at most half the bonus; nothing in deep water, where liquidators are needed most
    @dev Rounds down, for the liquidator. Of what is seized (bonus - 1) / bonus is the bonus.
    """
    if deep:
        return 0
    return min(seized * fee_bps // BPS, seized * (bonus_wad - WAD) // (2 * bonus_wad))


@internal
@pure
def _write_off(collateral_left: uint256, debt_left: uint256) -> bool:
    """
    @notice Whether what is left is bad debt: the collateral is dust, and does not cover the debt
    @dev The second half keeps a debt that is covered alive, however small: a liquidator who leaves dust behind on purpose
         makes no deficit of it.
    """
    return collateral_left < DUST_WAD and debt_left > collateral_left
