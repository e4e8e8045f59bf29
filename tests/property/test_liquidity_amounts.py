"""Liquidity from amounts and amounts from liquidity, against exact integers.

POS-09  the liquidity that amounts give never costs more than these amounts, and one more unit of it would
"""

from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plimsoll.reference import tick_math
from plimsoll.reference.range_pool import amounts_for_liquidity
from tests.revm import Machine, call_data, vyper_code

OWNER = "0x" + "0e" * 20
Q96, MAX_128, MAX = 2**96, 2**128 - 1, 2**256 - 1
MIN_PRICE, MAX_PRICE = tick_math.limits()
FOR_AMOUNTS = "liquidity_for_amounts(uint256,uint256,uint256,uint256,uint256)"
FOR_LIQUIDITY = "amounts_for_liquidity(uint256,uint256,uint256,uint256)"
TO_ADD = "amounts_to_add(uint256,uint256,uint256,uint256)"

price = st.integers(MIN_PRICE, MAX_PRICE) | st.integers(32, 159).map(lambda bits: max(2**bits, MIN_PRICE)) | st.integers(Q96 - 10, Q96 + 10)
amount = st.integers(0, MAX) | st.integers(0, 10) | st.integers(0, 128).flatmap(lambda bits: st.integers(0, 2**bits))
liquidity = st.integers(0, MAX_128) | st.integers(0, 10) | st.integers(MAX_128 - 10, MAX_128)


@cache
def harness() -> tuple[Machine, str]:
    machine = Machine(OWNER, 1)
    return machine, machine.deploy(vyper_code("testing/LiquidityAmountsHarness.vy"))


def ask(signature: str, *args: int) -> tuple[int, ...] | None:
    machine, at = harness()
    outcome = machine.send(OWNER, at, call_data(signature, *args))
    assert outcome.success or outcome.data == b""
    return tuple(int.from_bytes(outcome.data[i : i + 32], "big") for i in range(0, len(outcome.data), 32)) if outcome.success else None


def expected_liquidity(now: int, lower: int, upper: int, amount0: int, amount1: int) -> int | None:
    """Uniswap's: the product of two prices is rounded to 96 places before it is used. None: it does not fit."""
    inside = min(max(now, lower), upper)
    found = []
    if now < upper:
        found.append(amount0 * (inside * upper // Q96) // (upper - inside))
    if now > lower:
        found.append(amount1 * Q96 // (inside - lower))
    return None if max(found) > MAX_128 else min(found)


@given(price, price, price, amount, amount)
@example(Q96, Q96, 2 * Q96, 5, 5)
@example(2 * Q96, Q96, 2 * Q96, 5, 5)
@example(MIN_PRICE, MIN_PRICE, MAX_PRICE, MAX, 0)
@example(MAX_PRICE, MIN_PRICE, MAX_PRICE, 0, MAX)
def test_liquidity_for_amounts__anything__is_exact_and_affordable(now: int, a: int, b: int, amount0: int, amount1: int) -> None:
    """POS-09"""
    lower, upper = sorted((a, b))
    if lower == upper:
        assert ask(FOR_AMOUNTS, now, a, b, amount0, amount1) is None
        return
    expected = expected_liquidity(now, lower, upper, amount0, amount1)
    assert ask(FOR_AMOUNTS, now, a, b, amount0, amount1) == (None if expected is None else (expected,))
    if expected is not None:
        cost0, cost1 = amounts_for_liquidity(expected, now, lower, upper, rounded_up=True)
        assert cost0 <= amount0
        assert cost1 <= amount1
        assert ask(TO_ADD, now, lower, upper, expected) == (cost0, cost1)


@given(price, price, price, liquidity)
@example(Q96, Q96, 2 * Q96, MAX_128)
@example(MAX_PRICE, MIN_PRICE, MAX_PRICE, MAX_128)
@example(MIN_PRICE, MIN_PRICE, MAX_PRICE, MAX_128)
def test_amounts_for_liquidity__anything__is_exact(now: int, a: int, b: int, units: int) -> None:
    lower, upper = sorted((a, b))
    assert ask(FOR_LIQUIDITY, now, a, b, units) == amounts_for_liquidity(units, now, lower, upper)
    if lower < upper:
        assert ask(TO_ADD, now, lower, upper, units) == amounts_for_liquidity(units, now, lower, upper, rounded_up=True)


@pytest.mark.parametrize("now, amount1", [(Q96, 1), (Q96 * 11 // 10, 2**100), (Q96 * 19 // 10, 10**18), (2 * Q96, 10**18)])
def test_liquidity_for_amounts__one_more_unit__would_cost_more(now: int, amount1: int) -> None:
    """POS-09, where token1 is what binds"""
    found = ask(FOR_AMOUNTS, now, Q96 // 2, 2 * Q96, 2**100, amount1)
    assert found is not None
    assert amounts_for_liquidity(found[0] + 1, now, Q96 // 2, 2 * Q96, rounded_up=True)[1] > amount1
