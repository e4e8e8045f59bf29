"""The functions under Uniswap's names: what each is for, and why it fails. Beside Router02 itself they run in tests/property."""

from itertools import pairwise

import boa
import pytest

from plimsoll.reference.pair import Pair
from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, SIGNER, ZERO, signed_permit

AMOUNT = 3 * E18


@pytest.fixture
def holder(full):
    """The trader has LP tokens of a-b and c-coin, approved; so has the signer, not approved."""
    for x, y in (full.tokens[:2], (full.tokens[2], full.wrapper)):
        for who in (full.trader, SIGNER.address):
            full.router.addLiquidity(x, y, 10 * E18, 40 * E18, 0, 0, who, MAX, sender=full.trader)
        full.pair(x, y).approve(full.router, MAX, sender=full.trader)
    return full


def quoted(market, *path) -> list[int]:
    """By the model of the pair."""
    amounts = [AMOUNT]
    for token_in, token_out in pairwise(path):
        token0, token1 = market.sorted(token_in, token_out)
        reserve0, reserve1, _ = market.pair(token0, token1).getReserves()
        amounts.append(Pair(25, reserve0=reserve0, reserve1=reserve1).amount_out(amounts[-1], token_in is token0))
    return amounts


def test_swap_exact_tokens_for_tokens__two_hops__gives_the_quote_of_the_pairs_own_fee(full, borrower):
    a, b, c = full.tokens
    amounts = quoted(full, a, b, c)
    assert full.router.swapExactTokensForTokens(AMOUNT, amounts[-1], [a, b, c], borrower, MAX, sender=full.trader) == amounts
    assert c.balanceOf(borrower) == amounts[-1]
    assert full.holds_nothing()


def test_swap_tokens_for_exact_tokens__two_hops__costs_the_quote(full, borrower):
    a, b, c = full.tokens
    amounts = full.router.getAmountsIn(E18, [a, b, c])
    before = a.balanceOf(full.trader)
    assert full.router.swapTokensForExactTokens(E18, amounts[0], [a, b, c], borrower, MAX, sender=full.trader) == amounts
    assert (before - a.balanceOf(full.trader), c.balanceOf(borrower)) == (amounts[0], E18)


def test_swaps__with_the_coin__wrap_and_unwrap_it(full, borrower):
    *_, c = full.tokens
    w, router, trader = full.wrapper, full.router, full.trader
    path = [w, c]
    amounts = quoted(full, w, c)
    with boa.env.anchor():
        assert router.swapExactETHForTokens(amounts[1], path, borrower, MAX, value=AMOUNT, sender=trader) == amounts
        assert c.balanceOf(borrower) == amounts[1]
    with boa.env.anchor():
        router.swapExactETHForTokensSupportingFeeOnTransferTokens(amounts[1], path, borrower, MAX, value=AMOUNT, sender=trader)
        assert c.balanceOf(borrower) == amounts[1]
    with boa.env.anchor():
        before = full.coin(trader)
        paid, out = router.swapETHForExactTokens(E18, path, borrower, MAX, value=AMOUNT, sender=trader)
        assert (before - full.coin(trader), c.balanceOf(borrower)) == (paid, out) == (paid, E18)
        assert full.holds_nothing()
    path, amounts = [c, w], quoted(full, c, w)
    with boa.env.anchor():
        assert router.swapExactTokensForETH(AMOUNT, amounts[1], path, borrower, MAX, sender=trader) == amounts
        assert full.coin(borrower) == amounts[1]
    with boa.env.anchor():
        router.swapExactTokensForETHSupportingFeeOnTransferTokens(AMOUNT, amounts[1], path, borrower, MAX, sender=trader)
        assert full.coin(borrower) == amounts[1]
    with boa.env.anchor():
        router.swapTokensForExactETH(E18, MAX, path, borrower, MAX, sender=trader)
        assert full.coin(borrower) == E18
        assert full.holds_nothing()


def test_swaps_of_what_arrives__token_with_a_fee__work(full, fee_token, borrower):
    _, b, _ = full.tokens
    full.fund(full.trader, fee_token)
    pair = full.pair(b, fee_token, 1_000 * E18, 1_000 * E18)
    reserves = pair.getReserves()[:2]
    token_in, token_out = (reserves if pair.token0() == fee_token.address else reserves[::-1])[:2]
    expected = Pair(25, reserve0=token_in, reserve1=token_out).amount_out(AMOUNT * 99 // 100)
    args = (AMOUNT, expected, [fee_token, b], borrower, MAX)
    full.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(*args, sender=full.trader)
    assert b.balanceOf(borrower) == expected
    with full.nothing_moves("UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"):
        full.router.swapExactTokensForTokensSupportingFeeOnTransferTokens(*args, sender=full.trader)


def test_swaps__bad_input__revert_for_uniswaps_reasons(full):
    a, b, c = full.tokens
    w, router, trader = full.wrapper, full.router, full.trader
    late = START - 1
    best = quoted(full, a, b)[1]
    cheapest = router.getAmountsIn(E18, [a, b])[0]
    fee_in = router.swapExactTokensForTokensSupportingFeeOnTransferTokens
    for call, reason in [
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [a, b], trader, late, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: fee_in(AMOUNT, 0, [a, b], trader, late, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: router.swapExactETHForTokens(0, [a, b], trader, MAX, value=1, sender=trader), "UniswapV2Router: INVALID_PATH"),
        (lambda: router.swapTokensForExactETH(1, MAX, [w, c], trader, MAX, sender=trader), "UniswapV2Router: INVALID_PATH"),
        (
            lambda: router.swapExactTokensForTokens(AMOUNT, best + 1, [a, b], trader, MAX, sender=trader),
            "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT",
        ),
        (
            lambda: router.swapTokensForExactTokens(E18, cheapest - 1, [a, b], trader, MAX, sender=trader),
            "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT",
        ),
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [a], trader, MAX, sender=trader), "UniswapV2Library: INVALID_PATH"),
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [a, a], trader, MAX, sender=trader), "UniswapV2Library: IDENTICAL_ADDRESSES"),
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [a, ZERO], trader, MAX, sender=trader), "UniswapV2Library: ZERO_ADDRESS"),
        (
            lambda: router.swapExactTokensForTokens(0, 0, [a, b], trader, MAX, sender=trader),
            "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT",
        ),
        (
            lambda: router.swapTokensForExactTokens(0, MAX, [a, b], trader, MAX, sender=trader),
            "UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT",
        ),
        (lambda: router.getAmountOut(1, 0, 1), "UniswapV2Library: INSUFFICIENT_LIQUIDITY"),
        (lambda: router.quote(0, 1, 1), "UniswapV2Library: INSUFFICIENT_AMOUNT"),
        (lambda: router.getAmountIn(2, 1, 1), "ds-math-sub-underflow"),
        (lambda: router.getAmountIn(1, 1, 1), None),
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [a, c], trader, MAX, sender=trader), None),
        (lambda: router.swapExactTokensForTokens(AMOUNT, 0, [], trader, MAX, sender=trader), "UniswapV2Library: INVALID_PATH"),
        (lambda: fee_in(AMOUNT, 0, [a], trader, MAX, sender=trader), None),
        (lambda: router.swapExactETHForTokens(0, [], trader, MAX, value=1, sender=trader), None),
    ]:
        with full.nothing_moves(reason):
            call()


def test_liquidity__with_the_coin__wraps_and_unwraps_it(holder, borrower):
    *_, c = holder.tokens
    pair, router, trader = holder.pair(c, holder.wrapper), holder.router, holder.trader
    before = holder.coin(trader)
    amount, coin, liquidity = router.addLiquidityETH(c, 5 * E18, 0, 0, trader, MAX, value=10 * E18, sender=trader)
    assert (amount, before - holder.coin(trader)) == (5 * E18, coin)
    assert 0 < coin < 10 * E18
    for call in (
        lambda: router.removeLiquidityETH(c, liquidity, 0, 0, borrower, MAX, sender=trader)[1],
        lambda: router.removeLiquidityETHSupportingFeeOnTransferTokens(c, liquidity, 0, 0, borrower, MAX, sender=trader),
    ):
        with boa.env.anchor():
            coin = call()
            assert holder.coin(borrower) == coin > 0
            assert c.balanceOf(borrower) > 0
            assert holder.wrapper.balanceOf(borrower) == 0
            assert holder.holds_nothing()
    assert pair.balanceOf(trader) > liquidity


def test_liquidity__bad_input__reverts_for_uniswaps_reasons(holder):
    a, b, c = holder.tokens
    router, trader = holder.router, holder.trader
    late = START - 1
    for call, reason in [
        (lambda: router.addLiquidity(a, b, E18, E18, 0, 0, trader, late, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: router.addLiquidityETH(c, E18, 0, 0, trader, late, value=1, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: router.removeLiquidity(a, b, E18, 0, 0, trader, late, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: router.removeLiquidityETH(c, E18, 0, 0, trader, late, sender=trader), "UniswapV2Router: EXPIRED"),
        (lambda: router.addLiquidity(a, b, E18, 5 * E18, 0, 5 * E18, trader, MAX, sender=trader), "UniswapV2Router: INSUFFICIENT_B_AMOUNT"),
        (lambda: router.addLiquidity(a, b, E18, E18, E18, 0, trader, MAX, sender=trader), "UniswapV2Router: INSUFFICIENT_A_AMOUNT"),
        (lambda: router.removeLiquidity(a, b, E18, E18, 0, trader, MAX, sender=trader), "UniswapV2Router: INSUFFICIENT_A_AMOUNT"),
        (lambda: router.removeLiquidity(a, b, E18, 0, 9 * E18, trader, MAX, sender=trader), "UniswapV2Router: INSUFFICIENT_B_AMOUNT"),
        (lambda: router.addLiquidity(a, a, E18, E18, 0, 0, trader, MAX, sender=trader), "UniswapV2: IDENTICAL_ADDRESSES"),
        (lambda: router.addLiquidity(a, ZERO, E18, E18, 0, 0, trader, MAX, sender=trader), "UniswapV2: ZERO_ADDRESS"),
    ]:
        with holder.nothing_moves(reason):
            call()


def test_remove_liquidity__each_with_permit__needs_no_approval(holder, borrower):
    *_, c = holder.tokens
    pair, router = holder.pair(c, holder.wrapper), holder.router
    for everything in (False, True):
        signature = signed_permit(pair, router, MAX if everything else E18)
        for name in ("removeLiquidityETHWithPermit", "removeLiquidityETHWithPermitSupportingFeeOnTransferTokens"):
            with boa.env.anchor():
                args = (c, E18, 0, 0, borrower, MAX, everything, *signature)
                answer = getattr(router, name)(*args, sender=SIGNER.address)
                assert holder.coin(borrower) == (answer if isinstance(answer, int) else answer[1]) > 0
                assert pair.allowance(SIGNER.address, router) == (MAX if everything else 0)
                with holder.nothing_moves("UniswapV2: INVALID_SIGNATURE"):
                    args = (c, 2 * E18, 0, 0, borrower, MAX, False, *signature)
                    getattr(router, name)(*args, sender=borrower)
