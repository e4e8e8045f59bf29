# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title What a market of limited depth leaves of a value
@license MIT
@dev Pure functions of values, WAD units of account. The pool, the engine and the lens share them.

     Glossary
       face     amount * price
       depth    D: the quote side of a pool with x * y = k at that price. Whoever sells tokens worth v at the price before
                leaves a price that has fallen by (D / (D + v))^2; whoever buys v worth of them pays v * D / (D - v).

     Collateral is worth what a sale of all of it into D brings at the price after the sale, debt what it costs to buy back. Both grow
     with the amount: beyond v = D, where the formula for collateral would fall again, its value stays at D / 4. So a gift of
     collateral never makes anybody poorer.

     Because an account can split itself, what all accounts together have counted is capped: t <= (1 / sqrt(LTV * bonus) - 1) * D, so
     that a sale of everything still pays for the debt that it carries, and the bonus. In whole numbers
     (t + D)^2 * risk <= D^2 * BPS^2, with risk = max(LTV, 65 %) * bonus, bps each.
"""

# ---------------------------------------------------------------- constants

BPS: constant(uint256) = 10_000

# depth_mode of a reserve; 0 is NEW_RISK
OFF: constant(uint256) = 1
FULL: constant(uint256) = 2

# From here on (5e15 units) a depth limits nothing; below it nothing here overflows.
UNLIMITED: constant(uint256) = 2**112

# Below this LTV the cap does not grow further: 18.26 % of the depth at a bonus of 10 %.
LEAST_LTV_BPS: constant(uint256) = 6_500

# ---------------------------------------------------------------- values


@internal
@pure
def _value_down(face: uint256, depth: uint256) -> uint256:
    """
    @notice floor(v * (D / (D + v))^2) with v = min(face, D): what collateral is worth
    """
    if depth >= UNLIMITED:
        return face
    sold: uint256 = face
    if sold > depth:
        sold = depth
    # sold * depth^2 has up to 336 bits, so one depth and one total at a time: with sold * depth = q * total + r it is
    # q * depth * total + r * depth, and floor(floor(x / total) / total) = floor(x / total^2). Each product is below 2^226. Without any
    # depth all of this is 0, and so is 0 / 0 here.
    total: uint256 = unsafe_add(sold, depth)
    product: uint256 = unsafe_mul(sold, depth)
    quotient: uint256 = unsafe_div(product, total)
    return unsafe_div(
        unsafe_add(
            unsafe_mul(quotient, depth),
            unsafe_div(unsafe_mul(unsafe_sub(product, unsafe_mul(quotient, total)), depth), total),
        ),
        total,
    )


@internal
@pure
def _cost_up(face: uint256, depth: uint256) -> uint256:
    """
    @notice ceil(v * D / (D - v)): what it costs to buy back a debt. max_uint256 where the market does not have it: v >= D.
    """
    if depth >= UNLIMITED:
        return face
    if face >= depth:
        return max_value(uint256)
    rest: uint256 = unsafe_sub(depth, face)
    return unsafe_div(unsafe_add(unsafe_mul(face, depth), unsafe_sub(rest, 1)), rest)


@internal
@pure
def _cost_bounded_up(face: uint256, depth: uint256) -> uint256:
    """
    @notice The same for the liquidation test, where every debt must count something: 2 * v from v = D / 2 on
    @dev The two meet there. A face value is below 2^197 (see liquidation_math).
    """
    doubled: uint256 = unsafe_mul(2, face)
    if depth >= UNLIMITED:
        return face
    if doubled >= depth:
        return doubled
    return self._cost_up(face, depth)


# ---------------------------------------------------------------- caps


@internal
@pure
def _risk(ltv_bps: uint256, bonus_bps: uint256) -> uint256:
    """
    @notice max(LTV, 65 %) * bonus, bps each: below 1e8, for LTV <= 1 / bonus - 5 %
    """
    return unsafe_mul(max(ltv_bps, LEAST_LTV_BPS), bonus_bps)


@internal
@pure
def _within_cap(total: uint256, depth: uint256, risk: uint256) -> bool:
    """
    @notice Whether `total`, of all accounts, is at most (1 / sqrt(LTV * bonus) - 1) * D
    """
    if depth >= UNLIMITED:
        return True
    # The cap is less than a quarter of D; the left side is below 2^253.
    if total > depth:
        return False
    after: uint256 = unsafe_add(total, depth)
    return unsafe_mul(unsafe_mul(after, after), risk) <= unsafe_mul(unsafe_mul(depth, depth), BPS * BPS)


@internal
@pure
def _cap(depth: uint256, risk: uint256) -> uint256:
    """
    @notice The largest total that `_within_cap` lets pass; max_uint256 where there is no cap
    """
    if depth >= UNLIMITED:
        return max_value(uint256)
    # not below D, for risk < BPS^2
    return unsafe_sub(isqrt(unsafe_div(unsafe_mul(unsafe_mul(depth, depth), BPS * BPS), risk)), depth)
