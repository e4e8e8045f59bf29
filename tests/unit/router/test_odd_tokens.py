"""Tokens without return value, with a fee on transfer, and tokens that lie."""

import boa
import pytest

from tests.conftest import load
from tests.unit.router.conftest import E18, MAX, MAX_128, PAIR, ZERO


@pytest.fixture
def with_fee(full, fee_token):
    """Burns 1 % of each transfer; a pair and a range pool with b."""
    _, b, _ = full.tokens
    full.fund(full.trader, fee_token)
    full.tokens = [*full.tokens[:2], fee_token]
    full.pair(b, fee_token, 1_000 * E18, 1_000 * E18)
    pool = full.manager.createAndInitializePoolIfNecessary(*full.sorted(b, fee_token), 3_000, 2**96)
    # Its liquidity is of b alone: the other token would not be accepted
    pool = load("amm/RangePool.vy").at(pool)
    ticks = (-600, -60) if pool.token1() == b.address else (60, 600)
    full.give(b, full.lender, 100 * E18)
    amounts = (0, 100 * E18) if pool.token1() == b.address else (100 * E18, 0)
    full.manager.mint((pool.token0(), pool.token1(), 3_000, *ticks, *amounts, 0, 0, full.lender, MAX), sender=full.lender)
    full.pools.append(pool)
    return full


def test_fee_token__as_input_of_our_own_swap__reverts_with_the_pools_reason(with_fee):
    _, b, token = with_fee.tokens
    for fee, reason in ((PAIR, "UniswapV2: K"), (3_000, "IIA")):
        with with_fee.nothing_moves(reason):
            with_fee.router.swap_exact_in(E18, 0, [token, b], [fee], with_fee.trader, MAX, sender=with_fee.trader)
        with with_fee.nothing_moves(reason):
            with_fee.router.swap_exact_out(E18, MAX, [token, b], [fee], with_fee.trader, MAX, sender=with_fee.trader)


def test_fee_token__as_output_of_our_own_swap__counts_as_it_arrives(with_fee):
    _, b, token = with_fee.tokens
    quoted = with_fee.quoter.quote_exact_in(E18, [b, token], [PAIR])[0]
    with with_fee.nothing_moves("router: too little out"):
        with_fee.router.swap_exact_in(E18, quoted, [b, token], [PAIR], with_fee.trader, MAX, sender=with_fee.trader)
    arrives = quoted - quoted // 100
    out = with_fee.router.swap_exact_in(E18, arrives, [b, token], [PAIR], with_fee.trader, MAX, sender=with_fee.trader)
    assert out == arrives
    with with_fee.nothing_moves("router: too little out"):
        with_fee.router.swap_exact_out(E18, MAX, [b, token], [PAIR], with_fee.trader, MAX, sender=with_fee.trader)


def test_fee_token__liquidity_and_zaps__fail_or_count_as_it_arrives(with_fee):
    _, b, token = with_fee.tokens
    trader, router = with_fee.trader, with_fee.router
    with with_fee.nothing_moves():
        router.zap_in_pair(b, token, 0, E18, 0, trader, MAX, sender=trader)
    _, _, liquidity = router.add_liquidity(b, token, 10 * E18, 10 * E18, 0, 0, trader, MAX, sender=trader)
    pair = with_fee.pair(b, token)
    assert pair.balanceOf(trader) == liquidity
    pair.approve(router, MAX, sender=trader)
    # It loses its fee on the way to the router, which then lacks it
    with with_fee.nothing_moves("TransferHelper: TRANSFER_FAILED"):
        router.zap_out_pair(token, b, E18, 0, trader, MAX, sender=trader)
    with boa.env.anchor():
        sent = router.removeLiquidity(token, b, E18, 0, 0, trader, MAX, sender=trader)
    arrives = sent[0] - sent[0] // 100
    with with_fee.nothing_moves("router: too little out"):
        router.remove_liquidity(b, token, E18, 0, arrives + 1, trader, MAX, sender=trader)
    before = token.balanceOf(trader)
    assert router.remove_liquidity(b, token, E18, sent[1], arrives, trader, MAX, sender=trader) == (sent[1], arrives)
    assert token.balanceOf(trader) - before == arrives
    assert with_fee.holds_nothing()


def test_no_return_token__everything__works(full, no_return_token):
    _, b, _ = full.tokens
    token, router, trader = no_return_token, full.router, full.trader
    full.fund(trader, token)
    full.tokens = [*full.tokens[:2], token]
    pair = full.pair(b, token, 1_000 * E18, 1_000 * E18)
    full.range_pool(b, token, 3_000, 1_000 * E18, 1_000 * E18)
    for fee in (PAIR, 3_000):
        for path in ([b, token], [token, b]):
            assert router.swap_exact_in(E18, 0, path, [fee], trader, MAX, sender=trader) > 0
            assert router.swap_exact_out(E18, MAX, path, [fee], trader, MAX, sender=trader) > 0
    assert router.zap_in_pair(b, token, 0, E18, 0, trader, MAX, sender=trader) > 0
    pair.approve(router, MAX, sender=trader)
    assert router.zap_out_pair(token, b, E18 // 10, 0, trader, MAX, sender=trader) > 0
    assert router.remove_liquidity(token, b, E18 // 10, 0, 0, trader, MAX, sender=trader)[0] > 0
    token0, token1 = full.sorted(b, token)
    token_id, liquidity, *_ = router.zap_in_range(token0, token1, 3_000, -600, 600, E18, 0, 0, trader, MAX, sender=trader)
    assert liquidity > 0
    full.manager.approve(router, token_id, sender=trader)
    assert router.zap_out_range(token_id, MAX_128, token, 0, trader, MAX, sender=trader) > 0
    assert full.holds_nothing(token)


def test_lying_token__that_moves_nothing__is_not_received(full):
    """Its pair is of nothing; what the trader is promised does not arrive."""
    _, b, _ = full.tokens
    liar = load("testing/LyingToken.vy").deploy()
    pair = load("amm/Pair.vy").at(full.factory.createPair(b, liar))
    full.give(b, pair, 1_000 * E18)
    liar.set_balance(pair, 1_000 * E18)
    pair.mint(full.lender)
    quoted = full.quoter.quote_exact_in(E18, [b, liar], [PAIR])[0]
    assert quoted > 0
    with full.nothing_moves("router: too little out"):
        full.router.swap_exact_in(E18, 1, [b, liar], [PAIR], full.trader, MAX, sender=full.trader)
    with full.nothing_moves("router: too little out"):
        full.router.swap_exact_out(1, MAX, [b, liar], [PAIR], full.trader, MAX, sender=full.trader)
    # Nor can it be sold: it knows no transferFrom
    with full.nothing_moves("TransferHelper: TRANSFER_FROM_FAILED"):
        full.router.swap_exact_in(E18, 0, [liar, b], [PAIR], full.trader, MAX, sender=full.trader)


def test_token__that_answers_false__is_refused(full):
    _, b, c = full.tokens
    liar = load("testing/LyingToken.vy").deploy()
    pair = load("amm/Pair.vy").at(full.factory.createPair(b, liar))
    full.give(b, pair, 1_000 * E18)
    liar.set_balance(pair, 1_000 * E18)
    pair.mint(full.trader, sender=full.lender)
    pair.approve(full.router, MAX, sender=full.trader)
    liar.set_answer(b"\x00" * 32, False)
    for call in (
        lambda: full.router.remove_liquidity(b, liar, E18, 0, 0, full.trader, MAX, sender=full.trader),
        lambda: full.router.removeLiquidity(b, liar, E18, 0, 0, full.trader, MAX, sender=full.trader),
        lambda: full.router.swap_exact_in(E18, 0, [c, b, liar], [500, PAIR], full.trader, MAX, sender=full.trader),
    ):
        with full.nothing_moves("UniswapV2: TRANSFER_FAILED"):
            call()


def test_no_contract_as_token__is_no_pool(full, attacker):
    _, b, _ = full.tokens
    for token in (attacker, full.router.address):
        for path in ([token, b], [b, token]):
            with full.nothing_moves():
                full.router.swap_exact_in(E18, 0, path, [PAIR], full.trader, MAX, sender=full.trader)
    with full.nothing_moves():
        full.router.add_liquidity(b, attacker, E18, E18, 0, 0, full.trader, MAX, sender=full.trader)


def test_position_manager__wants_everything_approved_once(full):
    """RTR-02: the allowance that the router leaves there is to nothing."""
    a, b, _ = full.tokens
    for _ in range(2):
        full.router.zap_in_range(a, b, 3_000, 12_000, 15_000, E18, 0, 0, full.trader, MAX, sender=full.trader)
    assert a.allowance(full.router, full.manager) == MAX
    assert full.holds_nothing()
    with boa.reverts():
        full.manager.mint((a, b, 3_000, 12_000, 15_000, E18, E18, 0, 0, ZERO, MAX), sender=full.router.address)
