"""Several calls in one, permits, the native coin between them."""

import boa
import pytest

from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, MAX_128, PAIR, SIGNER, ZERO, call_data, signed_permit, signed_position_permit


@pytest.fixture
def signer(full):
    """Has LP tokens of a-b, a position there, a little coin, and has approved nothing of it."""
    a, b, _ = full.tokens
    for token in (a, b):
        full.give(token, SIGNER.address, 1_000 * E18)
        token.approve(full.router, MAX, sender=SIGNER.address)
    boa.env.set_balance(SIGNER.address, 100 * E18)
    full.router.add_liquidity(a, b, 10 * E18, 40 * E18, 0, 0, SIGNER.address, MAX, sender=SIGNER.address)
    full.router.zap_in_range(a, b, 3_000, 12_000, 15_000, 10 * E18, 40 * E18, 0, SIGNER.address, MAX, sender=SIGNER.address)
    return full


def permit_call(market, token, amount, deadline=MAX, signature=None):
    signature = signature or signed_permit(token, market.router, amount, deadline)
    return call_data(market.router, "self_permit", token, amount, deadline, *signature)


def zap_out_call(market, liquidity):
    a, b, _ = market.tokens
    return call_data(market.router, "zap_out_pair", a, b, liquidity, 0, SIGNER.address, MAX)


# ---------------------------------------------------------------- permits


def test_self_permit__and_zap_out_in_one_call__needs_no_approval(signer):
    a, b, _ = signer.tokens
    pair = signer.pair(a, b)
    with signer.nothing_moves():
        signer.router.zap_out_pair(a, b, E18, 0, SIGNER.address, MAX, sender=SIGNER.address)
    before = a.balanceOf(SIGNER.address)
    answers = signer.router.multicall([permit_call(signer, pair, E18), zap_out_call(signer, E18)], sender=SIGNER.address)
    assert answers[0] == b""
    assert int.from_bytes(answers[1], "big") == a.balanceOf(SIGNER.address) - before > 0
    assert pair.allowance(SIGNER.address, signer.router) == 0


def test_self_permit__submitted_by_somebody_before__is_passed_over(signer, attacker):
    pair = signer.pair(*signer.tokens[:2])
    signature = signed_permit(pair, signer.router, E18)
    calls = [permit_call(signer, pair, E18, signature=signature), zap_out_call(signer, E18)]
    pair.permit(SIGNER.address, signer.router, E18, MAX, *signature, sender=attacker)
    signer.router.multicall(calls, sender=SIGNER.address)
    # The allowance is used up: now it matters
    with signer.nothing_moves("UniswapV2: INVALID_SIGNATURE"):
        signer.router.multicall(calls, sender=SIGNER.address)


def test_self_permit__bad_signature__reverts_with_the_tokens_reason(signer, attacker):
    pair = signer.pair(*signer.tokens[:2])
    signature = signed_permit(pair, signer.router, E18)
    for arguments, sender, reason in [
        ((E18 + 1, MAX, *signature), SIGNER.address, "UniswapV2: INVALID_SIGNATURE"),
        ((E18, MAX, *signature), attacker, "UniswapV2: INVALID_SIGNATURE"),
        ((E18, START - 1, *signature), SIGNER.address, "UniswapV2: EXPIRED"),
    ]:
        with signer.nothing_moves(reason):
            signer.router.self_permit(pair, *arguments, sender=sender)
    # No permit at all
    with signer.nothing_moves():
        signer.router.self_permit(signer.tokens[2], 1, MAX, *signature, sender=SIGNER.address)


def test_self_permit__somebody_elses_signature__approves_for_its_owner_only(signer, attacker):
    """RTR-05: what the signer allows the router is no use to the attacker, whoever submits it."""
    a, b, _ = signer.tokens
    pair = signer.pair(a, b)
    pair.permit(SIGNER.address, signer.router, MAX, MAX, *signed_permit(pair, signer.router, MAX), sender=attacker)
    for name, args in [
        ("zap_out_pair", (a, b, E18, 0, attacker, MAX)),
        ("remove_liquidity", (a, b, E18, 0, 0, attacker, MAX)),
        ("removeLiquidity", (a, b, E18, 0, 0, attacker, MAX)),
        ("removeLiquidityWithPermit", (a, b, E18, 0, 0, attacker, MAX, False, 27, bytes(32), bytes(32))),
        ("swap_exact_in", (E18, 0, [a, b], [PAIR], attacker, MAX)),
        ("swapExactTokensForTokens", (E18, 0, [a, b], attacker, MAX)),
        ("zap_in_pair", (a, b, E18, 0, 0, attacker, MAX)),
    ]:
        with signer.nothing_moves():
            getattr(signer.router, name)(*args, sender=attacker)
        with signer.nothing_moves():
            signer.router.multicall([call_data(signer.router, name, *args)], sender=attacker)


@pytest.mark.parametrize("front_run", [False, True])
def test_remove_liquidity_with_permit__front_run_or_not__works(signer, attacker, front_run):
    a, b, _ = signer.tokens
    pair = signer.pair(a, b)
    for everything in (False, True):
        with boa.env.anchor():
            amount = MAX if everything else E18
            signature = signed_permit(pair, signer.router, amount)
            if front_run:
                pair.permit(SIGNER.address, signer.router, amount, MAX, *signature, sender=attacker)
            before = a.balanceOf(SIGNER.address)
            args = (a, b, E18, 0, 0, SIGNER.address, MAX, everything, *signature)
            out = signer.router.removeLiquidityWithPermit(*args, sender=SIGNER.address)
            assert a.balanceOf(SIGNER.address) - before == out[0] > 0


@pytest.mark.parametrize("front_run", [False, True])
def test_self_permit_position__and_zap_out_in_one_call__needs_no_approval(signer, attacker, front_run):
    a, *_ = signer.tokens
    token_id = 4
    assert signer.manager.ownerOf(token_id) == SIGNER.address
    signature = signed_position_permit(signer.manager, signer.router, token_id)
    calls = [
        call_data(signer.router, "self_permit_position", token_id, MAX, *signature),
        call_data(signer.router, "zap_out_range", token_id, MAX_128, a, 0, SIGNER.address, MAX),
    ]
    if front_run:
        signer.manager.permit(signer.router, token_id, MAX, *signature, sender=attacker)
        # Approved or not, it is the owner's
        with signer.nothing_moves("router: not the owner"):
            signer.router.zap_out_range(token_id, MAX_128, a, 0, attacker, MAX, sender=attacker)
    before = a.balanceOf(SIGNER.address)
    answers = signer.router.multicall(calls, sender=SIGNER.address)
    assert int.from_bytes(answers[1], "big") == a.balanceOf(SIGNER.address) - before > 0


def test_self_permit_position__bad_signature__reverts_with_the_managers_reason(signer):
    signature = signed_position_permit(signer.manager, signer.router, 4)
    with signer.nothing_moves("Permit expired"):
        signer.router.self_permit_position(4, START - 1, *signature, sender=SIGNER.address)
    with signer.nothing_moves():
        signer.router.self_permit_position(4, MAX - 1, *signature, sender=SIGNER.address)


# ---------------------------------------------------------------- several calls


def test_multicall__one_fails__all_do_for_its_reason(full):
    a, b, _ = full.tokens
    good = call_data(full.router, "swap_exact_in", E18, 0, [a, b], [PAIR], full.trader, MAX)
    bad = call_data(full.router, "swap_exact_in", E18, MAX, [a, b], [PAIR], full.trader, MAX)
    with full.nothing_moves("router: too little out"):
        full.router.multicall([good, bad], sender=full.trader)
    assert full.router.multicall([], sender=full.trader) == []


def test_multicall__coin_for_several_calls__is_there_once_and_the_rest_goes_back(full, borrower):
    *_, c = full.tokens
    swap = [call_data(full.router, "swap_exact_in", E18, 0, [ZERO, c], [fee], borrower, MAX) for fee in (PAIR, 10_000)]
    before = full.coin(full.trader)
    answers = full.router.multicall(swap, value=3 * E18, sender=full.trader)
    assert c.balanceOf(borrower) == sum(int.from_bytes(answer, "big") for answer in answers)
    assert before - full.coin(full.trader) == 2 * E18
    assert full.holds_nothing()
    with full.nothing_moves("router: too little coin"):
        full.router.multicall(swap, value=2 * E18 - 1, sender=full.trader)


def test_multicall__functions_that_take_the_value_as_sent__cannot_spend_it_twice(full, borrower):
    """RTR-04"""
    *_, c = full.tokens
    path = [full.wrapper, c]
    swap = call_data(full.router, "swapExactETHForTokens", 0, path, borrower, MAX)
    exact_out = call_data(full.router, "swapETHForExactTokens", E18 // 100, path, borrower, MAX)
    add = call_data(full.router, "addLiquidityETH", c, E18 // 10, 0, 0, borrower, MAX)
    for calls in ([swap, swap], [swap, exact_out], [exact_out, swap], [add, exact_out], [add, add]):
        with full.nothing_moves():
            full.router.multicall(calls, value=E18, sender=full.trader)
    full.router.multicall([swap], value=E18, sender=full.trader)
    assert full.holds_nothing()


def test_multicall__coin_sent_by_mistake__goes_back(full):
    a, b, _ = full.tokens
    before = full.coin(full.trader)
    full.router.multicall([], value=5, sender=full.trader)
    full.router.multicall([call_data(full.router, "swap_exact_in", E18, 0, [a, b], [PAIR], full.trader, MAX)], value=5, sender=full.trader)
    assert full.coin(full.trader) == before


def test_multicall__within_itself__reverts(full):
    with full.nothing_moves("router: locked"):
        full.router.multicall([call_data(full.router, "multicall", [])], sender=full.trader)


def test_multicall__callbacks_and_plain_coin__revert(full):
    with full.nothing_moves("router: not the pool"):
        full.router.multicall([call_data(full.router, "uniswapV3SwapCallback", 1, 1, b"")], sender=full.trader)
    with full.nothing_moves():
        full.router.multicall([b""], value=1, sender=full.trader)
    with full.nothing_moves():
        full.router.multicall([b"\x12\x34\x56\x78"], sender=full.trader)


# ---------------------------------------------------------------- the coin


def test_default__coin_from_anybody_but_the_wrapper__is_refused(full, attacker):
    boa.env.set_balance(attacker, E18)
    for data in (b"", b"\x01", b"\x12\x34\x56\x78"):
        computation = boa.env.execute_code(full.router.address, sender=attacker, data=data, value=5)
        assert computation.is_error
    assert full.coin(full.router) == 0


def test_functions_that_need_no_coin__sent_some__revert(full):
    a, b, _ = full.tokens
    data = call_data(full.router, "swapExactTokensForTokens", E18, 0, [a, b], full.trader, MAX)
    assert boa.env.execute_code(full.router.address, sender=full.trader, data=data, value=5).is_error
    assert full.coin(full.router) == 0
