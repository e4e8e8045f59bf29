"""Who may call back, and what a token can do in the middle of a call.

RTR-03  only the pool in which the router is swapping can make it pay, once
RTR-04  what is in the router in the middle of a call is out of everybody's reach
"""

import boa
import pytest
from eth_abi import decode

from tests.conftest import load
from tests.unit.router.conftest import E18, MAX, PAIR, ZERO, Market, call_data


@pytest.fixture
def taker():
    return load("testing/CoinTaker.vy").deploy()


@pytest.fixture
def trap(full, reentering_token) -> Market:
    """The last token re-enters: it has a pair and a range pool with b, and a pair with the coin."""
    _, b, _ = full.tokens
    full.fund(full.trader, reentering_token)
    full.tokens = [*full.tokens[:2], reentering_token]
    full.pair(b, reentering_token, 1_000 * E18, 1_000 * E18)
    full.range_pool(b, reentering_token, 3_000, 1_000 * E18, 1_000 * E18)
    full.pair(reentering_token, full.wrapper, 1_000 * E18, 100 * E18)
    full.range_pool(reentering_token, full.wrapper, 3_000, 1_000 * E18, 100 * E18)
    return full


def reason_of(token) -> str:
    """Why the call failed that the token made in the middle of its transfer."""
    assert token.called()
    assert not token.succeeded()
    answer = token.answer()
    return decode(["string"], answer[4:])[0] if answer else ""


# ---------------------------------------------------------------- callbacks


def test_callback__from_anybody__is_refused(full, attacker, taker):
    data = call_data(full.router, "uniswapV3SwapCallback", E18, -E18, b"")
    with full.nothing_moves("router: not the pool"):
        full.router.uniswapV3SwapCallback(E18, -E18, b"", sender=attacker)
    with full.nothing_moves("router: not the pool"):
        taker.make(full.router, data)
    # The genuine pool, but not asked by the router
    with full.nothing_moves("router: not the pool"):
        full.router.uniswapV3SwapCallback(E18, -E18, b"", sender=full.pools[1].address)


def test_callback__after_a_swap__is_refused(full):
    a, b, _ = full.tokens
    full.router.swap_exact_in(E18, 0, [a, b], [3_000], full.trader, MAX, sender=full.trader)
    full.router.swap_exact_out(E18, MAX, [a, b], [3_000], full.trader, MAX, sender=full.trader)
    with full.nothing_moves("router: not the pool"):
        full.router.uniswapV3SwapCallback(E18, -E18, b"", sender=full.pools[1].address)


def test_callback__from_a_pool_of_another_factory__is_refused(full, owner):
    """It has the same tokens, fee and code."""
    a, b, _ = full.tokens
    other = load("amm/RangePoolFactory.vy").deploy(full.range_factory.blueprint(), owner)
    impostor = load("amm/RangePool.vy").at(other.createPool(a, b, 3_000))
    impostor.initialize(2**96)
    with full.nothing_moves("router: not the pool"):
        full.router.uniswapV3SwapCallback(E18, -E18, b"", sender=impostor.address)
    # Nor do swaps go there
    before = full.balances(impostor) if hasattr(impostor, "balanceOf") else full.balances()
    full.router.swap_exact_in(E18, 0, [a, b], [3_000], full.trader, MAX, sender=full.trader)
    assert a.balanceOf(impostor) == 0
    assert before != full.balances()


@pytest.mark.parametrize("exact_in", [True, False])
def test_callback__by_the_token_during_the_swap__is_refused(trap, exact_in):
    """When the pool sends its output the router waits for the pool, and for nobody else."""
    _, b, token = trap.tokens
    payload = call_data(trap.router, "uniswapV3SwapCallback", E18, -E18, b"")
    token.arm(trap.router, payload, False)
    before = b.balanceOf(trap.trader)
    if exact_in:
        paid = E18
        trap.router.swap_exact_in(E18, 0, [b, token], [3_000], trap.trader, MAX, sender=trap.trader)
    else:
        paid = trap.router.swap_exact_out(E18, MAX, [b, token], [3_000], trap.trader, MAX, sender=trap.trader)
    assert reason_of(token) == "router: not the pool"
    assert before - b.balanceOf(trap.trader) == paid


# ---------------------------------------------------------------- re-entrancy


def own_calls(market: Market, who: str) -> list[bytes]:
    a, b, _ = market.tokens
    router = market.router
    return [
        call_data(router, "swap_exact_in", E18, 0, [a, b], [PAIR], who, MAX),
        call_data(router, "swap_exact_out", E18, MAX, [a, b], [PAIR], who, MAX),
        call_data(router, "add_liquidity", a, b, E18, E18, 0, 0, who, MAX),
        call_data(router, "remove_liquidity", a, b, E18, 0, 0, who, MAX),
        call_data(router, "zap_in_pair", a, b, E18, E18, 0, who, MAX),
        call_data(router, "zap_out_pair", a, b, E18, 0, who, MAX),
        call_data(router, "zap_in_range", a, b, 3_000, 0, 60, E18, E18, 0, who, MAX),
        call_data(router, "zap_in_position", 1, a, b, E18, E18, 0, MAX),
        call_data(router, "zap_out_range", 1, 0, a, 0, who, MAX),
        call_data(router, "self_permit", a, E18, MAX, 27, bytes(32), bytes(32)),
        call_data(router, "self_permit_position", 1, MAX, 27, bytes(32), bytes(32)),
        call_data(router, "multicall", []),
    ]


def test_own_functions__called_by_a_token_within_one_another__are_locked(trap, taker):
    _, b, token = trap.tokens
    token.approve(trap.router, MAX, sender=trap.trader)
    payloads = own_calls(trap, taker.address)
    outer = [
        lambda: trap.router.swap_exact_in(E18, 0, [b, token], [PAIR], trap.trader, MAX, sender=trap.trader),
        lambda: trap.router.swap_exact_in(E18, 0, [token, b], [3_000], trap.trader, MAX, sender=trap.trader),
        lambda: trap.router.swap_exact_out(E18, MAX, [b, token], [3_000], trap.trader, MAX, sender=trap.trader),
        lambda: trap.router.zap_in_pair(b, token, E18, 0, 0, trap.trader, MAX, sender=trap.trader),
        lambda: trap.router.add_liquidity(b, token, E18, E18, 0, 0, trap.trader, MAX, sender=trap.trader),
    ]
    for payload, call in [*((payload, outer[0]) for payload in payloads), *((payloads[0], call) for call in outer)]:
        with boa.env.anchor():
            token.arm(taker, call_data(taker, "make", trap.router, payload), False)
            call()
            assert (token.called(), token.succeeded(), token.answer()) == (True, False, b"")
            assert trap.holds_nothing()


def test_coin__left_in_the_middle_of_our_own_call__cannot_be_taken(trap, taker):
    """The trader has sent more coin than the swap takes: the rest is in the router while the token has its say."""
    *_, token = trap.tokens
    for payload in (call_data(trap.router, "multicall", []), *own_calls(trap, taker.address)[:2]):
        for fees in ([PAIR], [3_000]):
            with boa.env.anchor():
                token.arm(taker, call_data(taker, "make", trap.router, payload), False)
                before = trap.coin(trap.trader)
                trap.router.swap_exact_in(E18, 0, [ZERO, token], fees, trap.trader, MAX, value=10 * E18, sender=trap.trader)
                assert token.called()
                assert not token.succeeded()
                assert before - trap.coin(trap.trader) == E18
                assert trap.coin(taker) == 0


def test_coin__left_in_the_middle_of_a_router02_call__taking_it_fails_the_call(trap, taker):
    """These have no lock; what they owe is an exact amount."""
    *_, token = trap.tokens
    token.arm(taker, call_data(taker, "make", trap.router, call_data(trap.router, "multicall", [])), False)
    with trap.nothing_moves("TransferHelper: ETH_TRANSFER_FAILED"):
        trap.router.swapETHForExactTokens(E18, [trap.wrapper, token], trap.trader, MAX, value=10 * E18, sender=trap.trader)
    # The token is still armed. When no coin is there, nothing can be taken, and the call goes on.
    trap.router.swapExactETHForTokens(0, [trap.wrapper, token], trap.trader, MAX, value=E18, sender=trap.trader)
    assert token.succeeded()
    assert trap.coin(taker) == 0


def test_coin__left_for_the_rest_of_a_multicall__cannot_be_taken(trap, taker):
    *_, token = trap.tokens
    swap = call_data(trap.router, "swap_exact_in", E18, 0, [ZERO, token], [PAIR], trap.trader, MAX)
    for payload in own_calls(trap, taker.address):
        with boa.env.anchor():
            token.arm(taker, call_data(taker, "make", trap.router, payload), False)
            before = trap.coin(trap.trader)
            trap.router.multicall([swap, swap], value=10 * E18, sender=trap.trader)
            assert token.called()
            assert not token.succeeded()
            assert before - trap.coin(trap.trader) == 2 * E18
            assert trap.coin(taker) == 0


def test_multicall__a_router02_call_within_lets_a_token_in__finds_the_rest_locked(trap, taker):
    """Functions under Uniswap's names have no lock, but the coin of a multicall is its caller's."""
    _, b, token = trap.tokens
    path = [trap.wrapper, token]
    with_coin = call_data(trap.router, "swapETHForExactTokens", E18, path, trap.trader, MAX)
    expected = trap.router.getAmountsIn(E18, path)[0]
    taker_swap = call_data(trap.router, "swap_exact_in", E18, 0, [ZERO, b], [PAIR], taker.address, MAX)
    trap.pair(b, trap.wrapper, 1_000 * E18, 100 * E18)
    for payload in (taker_swap, call_data(trap.router, "multicall", [taker_swap]), call_data(trap.router, "multicall", [])):
        with boa.env.anchor():
            token.arm(taker, call_data(taker, "make", trap.router, payload), False)
            before = trap.coin(trap.trader)
            trap.router.multicall([with_coin], value=5 * E18, sender=trap.trader)
            assert reason_of(token) == "router: locked"
            assert before - trap.coin(trap.trader) == expected
            assert trap.coin(taker) == 0


def test_router02_functions__called_by_a_token_within_its_transfer__work(trap, taker):
    """As tokens do that sell their own fees."""
    a, b, token = trap.tokens
    for asset in (a, b):
        trap.give(asset, token, 10 * E18)
    with boa.env.prank(token.address):
        a.approve(trap.router, MAX)
    payload = call_data(trap.router, "swapExactTokensForTokens", E18, 0, [a, b], taker.address, MAX)
    for call in (
        lambda: trap.router.swapExactTokensForTokens(E18, 0, [token, b], trap.trader, MAX, sender=trap.trader),
        lambda: trap.router.swapExactTokensForETHSupportingFeeOnTransferTokens(
            E18, 0, [token, trap.wrapper], trap.trader, MAX, sender=trap.trader
        ),
        lambda: trap.router.swap_exact_in(E18, 0, [token, b], [3_000], trap.trader, MAX, sender=trap.trader),
    ):
        with boa.env.anchor():
            token.arm(trap.router, payload, True)
            call()
            assert token.succeeded()
            assert b.balanceOf(taker) > 0
            assert trap.holds_nothing()


def test_wrapped_coin__on_its_way_through_the_router__taking_it_fails_the_call(trap, taker):
    """The pool has sent it before it is paid; Router02's functions for tokens with a fee pay out all that is there, to whoever calls."""
    _, b, token = trap.tokens
    trap.give(b, taker, E18)
    trap.pair(b, trap.wrapper, 1_000 * E18, 100 * E18)
    b.approve(trap.router, MAX, sender=taker.address)
    name = "swapExactTokensForETHSupportingFeeOnTransferTokens"
    steal = call_data(trap.router, name, 1_000, 0, [b, trap.wrapper], taker.address, MAX)
    for call, reason in [
        (lambda: trap.router.swap_exact_in(E18, 1, [token, ZERO], [3_000], trap.trader, MAX, sender=trap.trader), "router: too little out"),
        (lambda: trap.router.swap_exact_out(E18, MAX, [token, ZERO], [3_000], trap.trader, MAX, sender=trap.trader), "router: too little out"),
    ]:
        token.arm(taker, call_data(taker, "make", trap.router, steal), True)
        with trap.nothing_moves(reason):
            call()
    assert trap.coin(taker) == 0
