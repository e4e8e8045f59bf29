"""add_liquidity and remove_liquidity; their namesakes of Router02 are compared with it in tests/property/test_router_differential.py."""

from math import isqrt

import boa
import pytest

from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, ZERO


def add(market, a, b, amount_a, amount_b, min_a=0, min_b=0, recipient=None, deadline=MAX, value=0):
    who = market.trader if recipient is None else recipient
    return market.router.add_liquidity(a, b, amount_a, amount_b, min_a, min_b, who, deadline, value=value, sender=market.trader)


def remove(market, a, b, liquidity, min_a=0, min_b=0, recipient=None, deadline=MAX):
    who = market.trader if recipient is None else recipient
    return market.router.remove_liquidity(a, b, liquidity, min_a, min_b, who, deadline, sender=market.trader)


@pytest.fixture
def holder(full):
    """The trader has LP tokens of a-b and of c-coin, and has approved them."""
    a, b, c = full.tokens
    for pair, x, y in ((full.pair(a, b), a, b), (full.pair(c, full.wrapper), c, full.wrapper)):
        add(full, x, y, 10 * E18, 40 * E18)
        pair.approve(full.router, MAX, sender=full.trader)
    return full


@pytest.mark.parametrize("turned", [False, True])
def test_add_liquidity__any_ratio__takes_the_ratio_of_the_reserves(full, borrower, turned):
    a, b, _ = full.tokens
    pair = full.pair(a, b)
    for amount_a, amount_b in ((10 * E18, 100 * E18), (100 * E18, 10 * E18), (10 * E18, 40 * E18)):
        used_a = min(amount_a, amount_b // 4)
        with boa.env.anchor():
            before = a.balanceOf(full.trader), b.balanceOf(full.trader)
            if turned:
                answer = add(full, b, a, amount_b, amount_a, used_a * 4, used_a, borrower)
                assert answer[:2] == (used_a * 4, used_a)
            else:
                answer = add(full, a, b, amount_a, amount_b, used_a, used_a * 4, borrower)
                assert answer[:2] == (used_a, used_a * 4)
            assert (before[0] - a.balanceOf(full.trader), before[1] - b.balanceOf(full.trader)) == (used_a, used_a * 4)
            assert pair.balanceOf(borrower) == answer[2] == used_a * 2
            assert full.holds_nothing()


def test_add_liquidity__no_pair_yet__creates_it(market):
    a, b, _ = market.tokens
    used_a, used_b, liquidity = add(market, b, a, 4 * E18, E18)
    pair = market.pair(a, b)
    assert (used_a, used_b, liquidity) == (4 * E18, E18, isqrt(4 * E18 * E18) - 1000)
    assert pair.getReserves()[:2] == (E18, 4 * E18)


@pytest.mark.parametrize("coin_first", [False, True])
def test_add_liquidity__zero_as_a_token__takes_the_coin_and_refunds_the_rest(full, coin_first):
    *_, c = full.tokens
    before, wrapped = full.coin(full.trader), full.wrapper.balanceOf(full.trader)
    if coin_first:
        coin, used, _ = add(full, ZERO, c, 10 * E18, 5 * E18, value=11 * E18)
    else:
        used, coin, _ = add(full, c, ZERO, 5 * E18, 10 * E18, value=11 * E18)
    assert (used, coin) == (5 * E18, E18)
    assert before - full.coin(full.trader) == E18
    assert full.wrapper.balanceOf(full.trader) == wrapped
    assert full.holds_nothing()


def test_add_liquidity__less_than_the_minimum__reverts(full):
    a, b, _ = full.tokens
    for amounts, minima in (((10 * E18, 10 * E18), (10 * E18, 0)), ((E18, 10 * E18), (0, 4 * E18 + 1)), ((E18, 4 * E18), (E18 + 1, 0))):
        with full.nothing_moves("router: too little added"):
            add(full, a, b, *amounts, *minima)


def test_add_liquidity__bad_input__reverts(full):
    a, b, c = full.tokens
    with full.nothing_moves("router: expired"):
        add(full, a, b, E18, E18, deadline=START - 1)
    for recipient in (ZERO, full.router.address):
        with full.nothing_moves("router: recipient"):
            add(full, a, b, E18, E18, recipient=recipient)
    with full.nothing_moves("UniswapV2: IDENTICAL_ADDRESSES"):
        add(full, a, a, E18, E18)
    with full.nothing_moves("UniswapV2: IDENTICAL_ADDRESSES"):
        add(full, ZERO, full.wrapper, E18, E18, value=E18)
    for amounts in ((0, E18), (E18, 0)):
        with full.nothing_moves("UniswapV2Library: INSUFFICIENT_AMOUNT"):
            add(full, a, b, *amounts)
    with full.nothing_moves("router: too little coin"):
        add(full, c, ZERO, 5 * E18, E18, value=E18 - 1)


@pytest.mark.parametrize("turned", [False, True])
def test_remove_liquidity__part__sends_both_tokens(holder, borrower, turned):
    a, b, _ = holder.tokens
    pair = holder.pair(a, b)
    supply, held = pair.totalSupply(), pair.balanceOf(holder.trader)
    liquidity = held // 3
    expected = tuple(liquidity * reserve // supply for reserve in pair.getReserves()[:2])
    if turned:
        assert remove(holder, b, a, liquidity, expected[1], expected[0], borrower) == expected[::-1]
    else:
        assert remove(holder, a, b, liquidity, *expected, borrower) == expected
    assert (a.balanceOf(borrower), b.balanceOf(borrower)) == expected
    assert pair.balanceOf(holder.trader) == held - liquidity
    assert holder.holds_nothing()


@pytest.mark.parametrize("coin_first", [False, True])
def test_remove_liquidity__zero_as_a_token__unwraps(holder, borrower, coin_first):
    *_, c = holder.tokens
    pair = holder.pair(c, holder.wrapper)
    held = pair.balanceOf(holder.trader)
    if coin_first:
        coin, amount = remove(holder, ZERO, c, held, recipient=borrower)
    else:
        amount, coin = remove(holder, c, ZERO, held, recipient=borrower)
    assert (c.balanceOf(borrower), holder.coin(borrower), holder.wrapper.balanceOf(borrower)) == (amount, coin, 0)
    assert min(amount, coin) > 0
    assert holder.holds_nothing()


def test_remove_liquidity__less_than_the_minimum__reverts(holder):
    a, b, _ = holder.tokens
    with boa.env.anchor():
        amounts = remove(holder, a, b, E18)
    for minima in ((amounts[0] + 1, 0), (0, amounts[1] + 1)):
        with holder.nothing_moves("router: too little out"):
            remove(holder, a, b, E18, *minima)


def test_remove_liquidity__bad_input__reverts(holder, attacker):
    a, b, c = holder.tokens
    with holder.nothing_moves("router: expired"):
        remove(holder, a, b, E18, deadline=START - 1)
    for recipient in (ZERO, holder.router.address):
        with holder.nothing_moves("router: recipient"):
            remove(holder, a, b, E18, recipient=recipient)
    for tokens in ((a, a), (a, c), (ZERO, a)):
        with holder.nothing_moves("router: no pool"):
            remove(holder, *tokens, E18)
    with holder.nothing_moves("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"):
        remove(holder, a, b, 0)
    with holder.nothing_moves():
        remove(holder, a, b, 10**6 * E18)
    # An allowance is no use to anybody else
    with holder.nothing_moves():
        holder.router.remove_liquidity(a, b, E18, 0, 0, attacker, MAX, sender=attacker)
