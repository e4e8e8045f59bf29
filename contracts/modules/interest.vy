# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title Interest: the rate a model answers, and what it compounds to
@license MIT
"""

# ---------------------------------------------------------------- constants

WAD: constant(uint256) = 10**18
RAY: constant(uint256) = 10**27
YEAR: constant(uint256) = 365 * 86_400

# 10,000 % a year: more than any model should ask, little enough that no step below can overflow.
MAX_RATE_WAD: constant(uint256) = 100 * WAD
# A reserve keeps its rate in whole units of this, a hundred-millionth of a percent a year, in 40 bits.
RATE_UNIT_WAD: constant(uint256) = 10**8
MAX_RATE_UNITS: constant(uint256) = MAX_RATE_WAD // RATE_UNIT_WAD
# Within this time the Taylor polynomial of third order is exact to 1e-9 for rates up to 100 % a year.
TAYLOR_SECONDS: constant(uint256) = 30 * 86_400
# Above any index, and small enough that its square fits a word.
MAX_GROWTH_RAY: constant(uint256) = 2**127 - 1

# A model gets this much. It cannot be made to fail for want of gas by a caller who gives little: of what reaches the call a 64th remains
# outside, with which nothing that follows a change of the utilisation (a transfer, or an event) could be paid.
RATE_MODEL_GAS: constant(uint256) = 100_000

# ---------------------------------------------------------------- internals


@internal
@view
def _rate_units(model: address, utilisation_wad: uint256, last_units: uint256) -> uint256:
    """
    @notice The rate that the model asks, in RATE_UNIT_WADs, rounded up for those who lent
    @dev Never reverts: a model that fails, or answers less than a word, leaves the last rate.
    """
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        model,
        abi_encode(utilisation_wad, method_id=method_id("borrow_rate_wad(uint256)")),
        max_outsize=32,
        gas=RATE_MODEL_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if success and len(answer) == 32:
        rate_wad: uint256 = convert(answer, uint256)
        if rate_wad > MAX_RATE_WAD:
            return MAX_RATE_UNITS
        return unsafe_div(unsafe_add(rate_wad, RATE_UNIT_WAD - 1), RATE_UNIT_WAD)
    return last_units


@internal
@pure
def _power_up(rate_units: uint256, elapsed: uint256) -> uint256:
    """
    @notice (1 + rate / YEAR) ^ elapsed, RAY, each step rounded up and cut at MAX_GROWTH_RAY
    """
    factor: uint256 = RAY + (rate_units * (RATE_UNIT_WAD * 10**9) + YEAR - 1) // YEAR
    growth: uint256 = RAY
    exponent: uint256 = elapsed
    # 32 bits of seconds
    for _: uint256 in range(32):
        if exponent & 1 == 1:
            growth = min((growth * factor + RAY - 1) // RAY, MAX_GROWTH_RAY)
        exponent = exponent >> 1
        if exponent == 0:
            break
        factor = min((factor * factor + RAY - 1) // RAY, MAX_GROWTH_RAY)
    return growth
