"""The published Router02, SwapRouter, QuoterV2 and NonfungiblePositionManager on our factories, next to themselves on Uniswap's own.

Of each client only the 32 bytes of the pools' init-code hash are replaced. Every scenario is played on both chains, with the same
expectations; all answers, events and balances must be equal (uniswap_stacks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bench.artifacts import adapted
from bench.world import MAX, WAD, World
from plimsoll.abi import Contract
from tests.e2e.uniswap_stacks import (
    CLIENTS,
    ETHER,
    MAX_UINT128,
    USD,
    ZERO,
    Stack,
    on_ours,
    on_uniswap,
    path_of,
    published,
    root_price_x96,
)

pytestmark = pytest.mark.e2e

FEE, LOW_FEE = 3_000, 500
SPACING = {FEE: 60, LOW_FEE: 10}

Scenario = Callable[[Stack], None]


@pytest.fixture(scope="module")
def stacks() -> Iterator[tuple[Stack, Stack]]:
    with World(accounts=8) as one, World(accounts=8) as other:
        yield on_ours(one), on_uniswap(other)


@pytest.fixture
def play(stacks: tuple[Stack, Stack]) -> Callable[[Scenario], None]:
    """Play a scenario on both chains, and compare."""

    def play_both(scenario: Scenario) -> None:
        on_our_pools, on_their_pools = (stack.play(scenario) for stack in stacks)
        assert len(on_our_pools) > 2
        for mine, theirs in zip(on_our_pools, on_their_pools, strict=True):
            assert mine == theirs

    return play_both


# ---------------------------------------------------------------- the artifacts


@pytest.mark.parametrize("client", CLIENTS)
def test_client__adapted_to_our_pools__differs_in_the_hash_alone(stacks: tuple[Stack, Stack], client: str) -> None:
    stack = stacks[0]
    own, old = (stack.pair_hash if client == "Router02" else stack.pool_hash), CLIENTS[client][2]
    before = published(client).init_code
    after = adapted(published(client), old, own).init_code
    assert (before.count(old), before.count(own), after.count(own), after.count(old)) == (1, 0, 1, 0)
    at = before.index(old)
    assert after.index(own) == at
    assert (after[:at], after[at + 32 :]) == (before[:at], before[at + 32 :])
    # and so it stands on the chain
    deployed = {
        "Router02": stack.router02,
        "SwapRouter": stack.swap_router,
        "QuoterV2": stack.quoter,
        "NonfungiblePositionManager": stack.manager,
    }[client]
    code = stack.world.rpc.code(deployed.address)
    assert (code.count(own), code.count(old)) == (1, 0)


# ---------------------------------------------------------------- Router02


def add(s: Stack, who: str, x: Contract, y: Contract, amount_x: int, amount_y: int) -> Any:
    return s.act(who, s.router02, "addLiquidity", x.address, y.address, amount_x, amount_y, 0, 0, who, MAX)


def open_pairs(s: Stack) -> tuple[Contract, Contract]:
    """A / B and B / C, made by the router's first deposits."""
    add(s, s.lender, s.a, s.b, 1_000_000 * WAD + 7, 2_000_000 * USD)
    add(s, s.lender, s.b, s.c, 3_000_000 * USD + 1, 500_000 * WAD + 11)
    return s.pair_of(s.a, s.b, "pair ab"), s.pair_of(s.b, s.c, "pair bc")


def test_router02__first_and_second_deposit__creates_the_pair_and_keeps_its_ratio(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        first = add(s, s.lender, s.a, s.b, 1_000_000 * WAD + 7, 2_000_000 * USD)
        assert (first.amountA, first.amountB) == (1_000_000 * WAD + 7, 2_000_000 * USD)
        pair = s.pair_of(s.a, s.b, "pair ab")
        assert s.look(s.pair_factory, "getPair", s.b.address, s.a.address) == pair.address
        assert s.look(s.pair_factory, "allPairsLength") == 1
        assert s.look(pair, "balanceOf", s.lender) == first.liquidity
        # more of A than the ratio asks for
        second = add(s, s.trader, s.a, s.b, 10_000 * WAD, 1_000 * USD)
        assert second.amountB == 1_000 * USD
        assert 499 * WAD < second.amountA < 501 * WAD
        # and more of B
        third = add(s, s.trader, s.b, s.a, 10_000 * USD, WAD)
        assert third.amountB == WAD
        assert third.amountA == 2 * USD - 1  # rounded down
        assert s.refuse(s.trader, s.router02, "addLiquidity", s.a.address, s.b.address, WAD, USD, WAD, USD, s.trader, MAX) == (
            "UniswapV2Router: INSUFFICIENT_A_AMOUNT"
        )

    play(scenario)


def test_router02__swaps_over_two_hops__quote_equals_execution(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        open_pairs(s)
        path = [s.a.address, s.b.address, s.c.address]
        for amount in (12_345 * WAD + 678, 10**13):
            quoted = s.look(s.router02, "getAmountsOut", amount, path)
            before = s.c.call("balanceOf", s.recipient)
            assert s.act(s.trader, s.router02, "swapExactTokensForTokens", amount, quoted[-1], path, s.recipient, MAX) == quoted
            assert s.c.call("balanceOf", s.recipient) == before + quoted[-1]
        for amount in (54_321 * WAD + 1, 1):
            quoted = s.look(s.router02, "getAmountsIn", amount, path)
            before = s.a.call("balanceOf", s.trader)
            assert s.act(s.trader, s.router02, "swapTokensForExactTokens", amount, quoted[0], path, s.recipient, MAX) == quoted
            assert quoted[-1] == amount
            assert s.a.call("balanceOf", s.trader) == before - quoted[0]
        back = path[::-1]
        quoted = s.look(s.router02, "getAmountsOut", 777 * WAD, back)
        arguments = (777 * WAD, quoted[-1], back, s.trader, MAX)
        s.act(s.trader, s.router02, "swapExactTokensForTokensSupportingFeeOnTransferTokens", *arguments)
        assert s.refuse(s.trader, s.router02, "swapExactTokensForTokens", WAD, MAX, path, s.trader, MAX) == (
            "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT"
        )
        assert s.refuse(s.trader, s.router02, "swapTokensForExactTokens", WAD, 1, path, s.trader, MAX) == (
            "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT"
        )
        assert s.refuse(s.trader, s.router02, "swapExactTokensForTokens", WAD, 1, path, s.trader, 1) == "UniswapV2Router: EXPIRED"

    play(scenario)


def test_router02__native_coin__in_and_out_of_every_kind_of_swap(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        open_pairs(s)
        # more coin than the second deposit needs: the rest comes back
        for coin in (1_000 * ETHER, 50 * ETHER):
            s.act(s.lender, s.router02, "addLiquidityETH", s.a.address, 2_000 * WAD, 0, 0, s.lender, MAX, value=coin)
        pair = s.pair_of(s.a, s.weth, "pair wa")
        into, out_of = ([s.weth.address, s.a.address, s.b.address], [s.b.address, s.a.address, s.weth.address])
        quoted = s.look(s.router02, "getAmountsOut", ETHER, into)
        assert s.act(s.trader, s.router02, "swapExactETHForTokens", quoted[-1], into, s.recipient, MAX, value=ETHER) == quoted
        quoted = s.look(s.router02, "getAmountsIn", 5 * USD, into)
        paid = s.act(s.trader, s.router02, "swapETHForExactTokens", 5 * USD, into, s.recipient, MAX, value=9 * ETHER)
        assert paid == quoted
        assert s.world.rpc.balance(s.router02.address) == 0
        quoted = s.look(s.router02, "getAmountsOut", 3 * USD, out_of)
        before = s.world.rpc.balance(s.recipient)
        assert s.act(s.trader, s.router02, "swapExactTokensForETH", 3 * USD, quoted[-1], out_of, s.recipient, MAX) == quoted
        assert s.world.rpc.balance(s.recipient) == before + quoted[-1]
        quoted = s.look(s.router02, "getAmountsIn", ETHER // 7, out_of)
        assert s.act(s.trader, s.router02, "swapTokensForExactETH", ETHER // 7, quoted[0], out_of, s.recipient, MAX) == quoted
        s.act(s.trader, s.router02, "swapExactETHForTokensSupportingFeeOnTransferTokens", 1, into, s.trader, MAX, value=ETHER)
        s.act(s.trader, s.router02, "swapExactTokensForETHSupportingFeeOnTransferTokens", USD, 1, out_of, s.trader, MAX)
        shares = pair.call("balanceOf", s.lender)
        s.act(s.lender, pair, "approve", s.router02.address, shares)
        s.act(s.lender, s.router02, "removeLiquidityETH", s.a.address, shares // 3, 1, 1, s.recipient, MAX)
        arguments = (s.a.address, shares // 3, 1, 1, s.recipient, MAX)
        s.act(s.lender, s.router02, "removeLiquidityETHSupportingFeeOnTransferTokens", *arguments)

    play(scenario)


def test_router02__withdrawal__by_allowance_and_by_permit(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pair, _ = open_pairs(s)
        shares = add(s, s.signer, s.a, s.b, 1_000 * WAD, 2_000 * USD).liquidity
        s.act(s.signer, pair, "approve", s.router02.address, shares // 4)
        out = s.act(s.signer, s.router02, "removeLiquidity", s.a.address, s.b.address, shares // 4, 1, 1, s.recipient, MAX)
        assert s.a.call("balanceOf", s.recipient) == out.amountA
        assert s.b.call("balanceOf", s.recipient) == out.amountB
        assert s.look(pair, "allowance", s.signer, s.router02.address) == 0

        signature = s.sign_shares(pair, s.router02.address, shares // 4)
        arguments = (s.a.address, s.b.address, shares // 4, 1, 1, s.recipient, MAX, False, *signature)
        s.act(s.signer, s.router02, "removeLiquidityWithPermit", *arguments)
        assert s.refuse(s.signer, s.router02, "removeLiquidityWithPermit", *arguments).endswith("INVALID_SIGNATURE")
        assert s.look(pair, "allowance", s.signer, s.router02.address) == 0
        assert s.look(pair, "nonces", s.signer) == 1

        signature = s.sign_shares(pair, s.router02.address, MAX)
        arguments = (s.b.address, s.a.address, shares // 4, 1, 1, s.recipient, MAX, True, *signature)
        s.act(s.signer, s.router02, "removeLiquidityWithPermit", *arguments)
        assert s.look(pair, "nonces", s.signer) == 2

        s.act(s.signer, s.router02, "addLiquidityETH", s.a.address, 20 * WAD, 0, 0, s.signer, MAX, value=10 * ETHER)
        coins = s.pair_of(s.a, s.weth, "pair wa")
        for function in ("removeLiquidityETHWithPermit", "removeLiquidityETHWithPermitSupportingFeeOnTransferTokens"):
            part = coins.call("balanceOf", s.signer) // 3
            signature = s.sign_shares(coins, s.router02.address, part)
            s.act(s.signer, s.router02, function, s.a.address, part, 1, 1, s.recipient, MAX, False, *signature)

    play(scenario)


# ---------------------------------------------------------------- V3: SwapRouter, QuoterV2, NonfungiblePositionManager


def amounts(s: Stack, by_token: dict[Contract, int]) -> list[int]:
    """In the order of the pool."""
    return [by_token[t] for t in s.order(*by_token)]


def open_pool(s: Stack, by_token: dict[Contract, int], fee: int, name: str) -> Contract:
    """By the position manager, at the price that these amounts stand for."""
    first, second = s.order(*by_token)
    price = root_price_x96(*amounts(s, by_token))
    arguments = (first.address, second.address, fee, price)
    address = s.act(s.lender, s.manager, "createAndInitializePoolIfNecessary", *arguments)
    pool = s.pool_of(first, second, fee, name)
    assert address == pool.address == s.look(s.pool_factory, "getPool", second.address, first.address, fee)
    assert s.look(pool, "slot0")[0] == price
    return pool


def deposit(s: Stack, who: str, pool: Contract, by_token: dict[Contract, int], fee: int, spacings: int) -> Any:
    """A position of that many tick spacings to each side."""
    return s.act(who, s.manager, "mint", mint_params(s, who, pool, by_token, fee, spacings))


def mint_params(s: Stack, who: str, pool: Contract, by_token: dict[Contract, int], fee: int, spacings: int) -> tuple[Any, ...]:
    first, second = s.order(*by_token)
    middle = pool.call("slot0")[1] // SPACING[fee]
    ticks = ((middle - spacings) * SPACING[fee], (middle + spacings) * SPACING[fee])
    return (first.address, second.address, fee, *ticks, *amounts(s, by_token), 0, 0, who, MAX)


def open_pools(s: Stack) -> tuple[Contract, Contract]:
    """A / B at 0.30 %, B / C at 0.05 %, each with a wide and a narrow position."""
    ab, bc = {s.a: 1_000_000 * WAD, s.b: 2_000_000 * USD}, {s.b: 3_000_000 * USD, s.c: 500_000 * WAD}
    pools = (open_pool(s, ab, FEE, "pool ab"), open_pool(s, bc, LOW_FEE, "pool bc"))
    for pool, by_token, fee in zip(pools, (ab, bc), (FEE, LOW_FEE), strict=True):
        deposit(s, s.lender, pool, by_token, fee, 300)
        deposit(s, s.lender, pool, {t: n // 10 for t, n in by_token.items()}, fee, 2)
    return pools


def single(
    s: Stack, token_in: Contract, token_out: Contract, fee: int, amount: int, bound: int, limit: int = 0, to: str = ""
) -> tuple[Any, ...]:
    """Parameters of exactInputSingle and exactOutputSingle."""
    return (token_in.address, token_out.address, fee, to or s.recipient, MAX, amount, bound, limit)


def test_swap_router__two_hops__quote_equals_execution(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pools = open_pools(s)
        there = path_of([s.a.address, s.b.address, s.c.address], [FEE, LOW_FEE])
        back = path_of([s.c.address, s.b.address, s.a.address], [LOW_FEE, FEE])
        # the third crosses ticks in both pools
        for amount in (1_234 * WAD + 567, 10**13, 400_000 * WAD):
            out, prices, crossed = s.quote("quoteExactInput", there, amount)
            assert s.act(s.trader, s.swap_router, "exactInput", (there, s.recipient, MAX, amount, out)) == out
            assert [pool.call("slot0")[0] for pool in pools] == prices
            assert (min(crossed) > 0) == (amount == 400_000 * WAD)
        # exact output: the path is written backwards
        for amount in (4_321 * WAD + 1, 1, 150_000 * WAD):
            paid, prices, crossed = s.quote("quoteExactOutput", there, amount)
            before = s.a.call("balanceOf", s.recipient)
            assert s.act(s.trader, s.swap_router, "exactOutput", (there, s.recipient, MAX, amount, paid)) == paid
            assert s.a.call("balanceOf", s.recipient) == before + amount
            assert [pool.call("slot0")[0] for pool in pools] == prices
        out, _, _ = s.quote("quoteExactInput", back, 99 * WAD)
        assert s.act(s.trader, s.swap_router, "exactInput", (back, s.recipient, MAX, 99 * WAD, out)) == out
        # nothing is left for the second hop
        assert s.refuse(s.trader, s.swap_router, "exactInput", (there, s.recipient, MAX, 1, 0)) == "AS"
        assert s.refuse(s.trader, s.quoter, "quoteExactInput", there, 1) == "AS"
        assert s.refuse(s.trader, s.swap_router, "exactInput", (there, s.recipient, MAX, WAD, MAX)) == "Too little received"
        assert s.refuse(s.trader, s.swap_router, "exactOutput", (there, s.recipient, MAX, WAD, 1)) == "Too much requested"
        assert s.refuse(s.trader, s.swap_router, "exactInput", (there, s.recipient, 1, WAD, 0)) == "Transaction too old"

    play(scenario)


def test_swap_router__single_pool__quote_equals_execution_up_to_a_price_limit(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pool, _ = open_pools(s)
        for token_in, token_out, amount in ((s.a, s.b, 3_210 * WAD), (s.b, s.a, 4_567 * USD), (s.b, s.a, 400_000 * USD)):
            out, price, _ = s.quote("quoteExactInputSingle", (token_in.address, token_out.address, amount, FEE, 0))
            assert s.act(s.trader, s.swap_router, "exactInputSingle", single(s, token_in, token_out, FEE, amount, out)) == out
            assert pool.call("slot0")[0] == price
        for token_in, token_out, amount in ((s.a, s.b, 777 * USD), (s.b, s.a, 888 * WAD), (s.a, s.b, 300_000 * USD)):
            paid, price, _ = s.quote("quoteExactOutputSingle", (token_in.address, token_out.address, amount, FEE, 0))
            assert s.act(s.trader, s.swap_router, "exactOutputSingle", single(s, token_in, token_out, FEE, amount, paid)) == paid
            assert pool.call("slot0")[0] == price
        # the limit ends the swap: what is not needed is not taken
        first, second = s.order(s.a, s.b)
        limit = pool.call("slot0")[0] * 99 // 100
        before = first.call("balanceOf", s.trader)
        amount = before // 2
        out, price, _ = s.quote("quoteExactInputSingle", (first.address, second.address, amount, FEE, limit))
        assert price == limit
        assert s.act(s.trader, s.swap_router, "exactInputSingle", single(s, first, second, FEE, amount, out, limit)) == out
        assert before - amount < first.call("balanceOf", s.trader) < before
        assert s.refuse(s.trader, s.swap_router, "exactInputSingle", single(s, second, first, FEE, WAD, 0, limit - 1)) == "SPL"

    play(scenario)


def test_swap_router__native_coin__paid_received_and_refunded(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        open_pools(s)
        coins = {s.weth: 1_000 * ETHER, s.a: 2_000 * WAD}
        pool = open_pool(s, coins, FEE, "pool wa")
        mint = s.manager.data("mint", mint_params(s, s.lender, pool, coins, FEE, 100))
        before = s.world.rpc.balance(s.lender) + s.spent[s.lender]
        s.act(s.lender, s.manager, "multicall", [mint, s.manager.data("refundETH")], value=3_000 * ETHER)
        spent = before - s.world.rpc.balance(s.lender) - s.spent[s.lender]
        assert spent == s.weth.call("balanceOf", pool.address)
        assert 990 * ETHER < spent <= 1_000 * ETHER

        router = s.swap_router
        # coin in, two hops
        path = path_of([s.weth.address, s.a.address, s.b.address], [FEE, FEE])
        out, _, _ = s.quote("quoteExactInput", path, ETHER)
        assert s.act(s.trader, router, "exactInput", (path, s.recipient, MAX, ETHER, out), value=ETHER) == out
        # exact out: the rest of the coin comes back in the same transaction
        paid, _, _ = s.quote("quoteExactOutputSingle", (s.weth.address, s.a.address, 3 * WAD, FEE, 0))
        swap = router.data("exactOutputSingle", single(s, s.weth, s.a, FEE, 3 * WAD, paid))
        s.act(s.trader, router, "multicall", [swap, router.data("refundETH")], value=7 * ETHER)
        assert s.world.rpc.balance(router.address) == 0
        # coin out: to the router, which unwraps it
        out, _, _ = s.quote("quoteExactInputSingle", (s.a.address, s.weth.address, 5 * WAD, FEE, 0))
        swap = router.data("exactInputSingle", single(s, s.a, s.weth, FEE, 5 * WAD, out, to=ZERO))
        unwrap = router.data("unwrapWETH9", out, s.recipient)
        held = s.world.rpc.balance(s.recipient)
        s.act(s.trader, router, "multicall", [swap, unwrap])
        assert s.world.rpc.balance(s.recipient) == held + out
        # any token by way of the router
        swap = router.data("exactInputSingle", single(s, s.a, s.b, FEE, WAD, 1, to=ZERO))
        s.act(s.trader, router, "multicall", [swap, router.data("sweepToken", s.b.address, 1, s.recipient)])
        assert s.look(s.b, "balanceOf", router.address) == 0

    play(scenario)


def test_position_manager__life_of_a_position__from_mint_to_burn(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pool, _ = open_pools(s)
        manager, by_token = s.manager, {s.a: 5_000 * WAD, s.b: 10_000 * USD}
        token_id, liquidity, amount0, amount1 = deposit(s, s.signer, pool, by_token, FEE, 5)
        assert liquidity > 0
        assert all(0 < n <= most for n, most in zip((amount0, amount1), amounts(s, by_token), strict=True))
        more = s.act(s.lender, manager, "increaseLiquidity", (token_id, *amounts(s, by_token), 0, 0, MAX))
        assert s.look(manager, "positions", token_id)[7] == liquidity + more.liquidity
        # fees of both tokens
        for token_in, token_out, amount in ((s.a, s.b, 3_000 * WAD), (s.b, s.a, 6_000 * USD)):
            s.act(s.trader, s.swap_router, "exactInputSingle", single(s, token_in, token_out, FEE, amount, 1))
        all_of_it = (token_id, s.recipient, MAX_UINT128, MAX_UINT128)
        fees = s.act(s.signer, manager, "collect", all_of_it)
        assert min(fees) > 0
        received = {t: t.call("balanceOf", s.recipient) for t in (s.a, s.b)}
        # the swaps' output, and on top of it what was collected
        assert all(n > fee for n, fee in zip(amounts(s, received), fees, strict=True))
        freed = s.act(s.signer, manager, "decreaseLiquidity", (token_id, liquidity // 3, 1, 1, MAX))
        assert s.look(manager, "positions", token_id)[10:] == tuple(freed)
        part = s.act(s.signer, manager, "collect", (token_id, s.recipient, freed[0] // 2, 0))
        assert tuple(part) == (freed[0] // 2, 0)
        assert s.refuse(s.signer, manager, "burn", token_id) == "Not cleared"
        assert s.refuse(s.trader, manager, "collect", all_of_it) == "Not approved"
        assert s.refuse(s.signer, manager, "decreaseLiquidity", (token_id, 1, 1, 1, 1)) == "Transaction too old"
        assert s.refuse(s.signer, manager, "decreaseLiquidity", (token_id, 1, MAX, 0, MAX)) == "Price slippage check"
        rest = manager.call("positions", token_id)[7]
        calls = [
            manager.data("decreaseLiquidity", (token_id, rest, 1, 1, MAX)),
            manager.data("collect", all_of_it),
            manager.data("burn", token_id),
        ]
        s.act(s.signer, manager, "multicall", calls)
        assert s.refuse(s.signer, manager, "ownerOf", token_id) == "ERC721: owner query for nonexistent token"

    play(scenario)


def test_position_manager__create_and_initialize__only_what_is_missing(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        by_token = {s.a: 3 * WAD, s.b: 4 * USD}
        pool = open_pool(s, by_token, FEE, "pool ab")
        first, second = s.order(s.a, s.b)
        price = pool.call("slot0")[0]
        # it is there and has a price: nothing happens
        again = (first.address, second.address, FEE, price * 2)
        assert s.act(s.trader, s.manager, "createAndInitializePoolIfNecessary", *again) == pool.address
        assert s.look(pool, "slot0")[0] == price
        # it is there and has none
        s.act(s.trader, s.pool_factory, "createPool", second.address, first.address, LOW_FEE)
        other = s.pool_of(s.a, s.b, LOW_FEE, "pool ab low")
        assert s.look(other, "slot0")[0] == 0
        assert s.act(s.trader, s.manager, "createAndInitializePoolIfNecessary", first.address, second.address, LOW_FEE, price) == other.address
        assert s.look(other, "slot0")[0] == price
        # with a first position, in one transaction
        create = s.manager.data("createAndInitializePoolIfNecessary", first.address, second.address, 10_000, price)
        mint = (first.address, second.address, 10_000, -887_200, 887_200, *amounts(s, by_token), 0, 0, s.trader, MAX)
        s.act(s.trader, s.manager, "multicall", [create, s.manager.data("mint", mint)])
        s.look(s.pool_of(s.a, s.b, 10_000, "pool ab high"), "liquidity")
        assert s.refuse(s.trader, s.manager, "createAndInitializePoolIfNecessary", first.address, second.address, 7, price) == ""

    play(scenario)


def test_position_manager__permit__lets_the_spender_take_everything_out(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pool, _ = open_pools(s)
        manager = s.manager
        token_id, liquidity, _, _ = deposit(s, s.signer, pool, {s.a: 5_000 * WAD, s.b: 10_000 * USD}, FEE, 5)
        signature = s.sign_position(s.trader, token_id)
        everything = [
            manager.data("permit", s.trader, token_id, MAX, *signature),
            manager.data("decreaseLiquidity", (token_id, liquidity, 1, 1, MAX)),
            manager.data("collect", (token_id, s.trader, MAX_UINT128, MAX_UINT128)),
        ]
        assert s.refuse(s.trader, manager, "multicall", everything[1:]) == "Not approved"
        s.act(s.trader, manager, "multicall", everything)
        assert s.look(manager, "positions", token_id)[0] == 1
        assert s.look(manager, "getApproved", token_id) == s.trader
        assert s.refuse(s.trader, manager, "permit", s.trader, token_id, MAX, *signature) == "Unauthorized"
        s.act(s.trader, manager, "transferFrom", s.signer, s.trader, token_id)
        assert s.look(manager, "ownerOf", token_id) == s.trader

    play(scenario)


def test_position_manager__native_coin__collected_by_way_of_the_manager(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        manager, coins = s.manager, {s.weth: 100 * ETHER, s.a: 200 * WAD}
        pool = open_pool(s, coins, FEE, "pool wa")
        params = mint_params(s, s.signer, pool, coins, FEE, 100)
        s.act(s.signer, manager, "multicall", [manager.data("mint", params), manager.data("refundETH")], value=300 * ETHER)
        more = manager.data("increaseLiquidity", (1, *amounts(s, coins), 0, 0, MAX))
        s.act(s.signer, manager, "multicall", [more, manager.data("refundETH")], value=300 * ETHER)
        assert s.world.rpc.balance(manager.address) == 0
        s.act(s.trader, s.swap_router, "exactInputSingle", single(s, s.a, s.weth, FEE, 3 * WAD, 1))
        s.act(s.trader, s.swap_router, "exactInputSingle", single(s, s.weth, s.a, FEE, 2 * ETHER, 1), value=2 * ETHER)
        liquidity = manager.call("positions", 1)[7]
        calls = [
            manager.data("decreaseLiquidity", (1, liquidity // 2, 1, 1, MAX)),
            manager.data("collect", (1, ZERO, MAX_UINT128, MAX_UINT128)),
            manager.data("unwrapWETH9", 50 * ETHER, s.recipient),
            manager.data("sweepToken", s.a.address, 50 * WAD, s.recipient),
        ]
        before = s.world.rpc.balance(s.recipient)
        s.act(s.signer, manager, "multicall", calls)
        assert s.world.rpc.balance(s.recipient) > before + 50 * ETHER
        assert s.look(s.a, "balanceOf", manager.address) == s.look(s.weth, "balanceOf", manager.address) == 0

    play(scenario)


# ---------------------------------------------------------------- others of Uniswap's, which need no hash


def test_migrator__shares_of_a_pair__become_a_position(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pair, _ = open_pairs(s)
        pool, _ = open_pools(s)
        shares = add(s, s.signer, s.a, s.b, 1_000 * WAD, 2_000 * USD).liquidity
        first, second = s.order(s.a, s.b)
        permit = s.migrator.data("selfPermit", pair.address, shares, MAX, *s.sign_shares(pair, s.migrator.address, shares))
        tokens = (first.address, second.address, FEE, -887_220, 887_220)
        migrate = s.migrator.data("migrate", (pair.address, shares, 80, *tokens, 1, 1, s.signer, MAX, False))
        s.act(s.signer, s.migrator, "multicall", [permit, migrate])
        assert s.look(pair, "balanceOf", s.signer) == 0
        assert s.look(s.manager, "balanceOf", s.signer) == 1
        assert s.look(pool, "liquidity") > 0

    play(scenario)


def test_tick_lens__word_of_the_bitmap__lists_its_ticks(play: Callable[[Scenario], None]) -> None:
    def scenario(s: Stack) -> None:
        pool, _ = open_pools(s)
        middle = pool.call("slot0")[1] // SPACING[FEE]
        words = ((middle >> 8) + word for word in range(-2, 3))
        found = [tick for word in words for tick in s.look(s.tick_lens, "getPopulatedTicksInWord", pool.address, word)]
        assert [(t.tick, t.liquidityNet) for t in found] == [(t.tick, pool.call("ticks", t.tick)[1]) for t in found]
        assert sorted(t.tick // SPACING[FEE] - middle for t in found) == [-300, -2, 2, 300]
        assert sum(t.liquidityNet for t in found) == 0

    play(scenario)
