"""Swaps and zaps through our router, beside Uniswap's own routers on the same pools."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eth_utils.crypto import keccak

from bench import amm, ranges
from bench.amm import create_pair
from bench.artifacts import V2_CORE, V2_PERIPHERY, V3_CORE, V3_PERIPHERY, adapted, ours, uniswap
from bench.ranges import FEE, RangeExchange, create_pool
from bench.world import MAX, MINUTE, WAD, Tx, World
from plimsoll.abi import Contract
from plimsoll.reference.tick_math import sqrt_ratio_at_tick

# In a path, instead of a fee: the pair
PAIR = 2**23
RESERVE = 1_000_000 * WAD
RANGE = (-1_200, 1_200)
LIQUIDITY = 1_000_000 * WAD
AMOUNT = 1_000 * WAD
# Before every swap of a range pool that is measured
HOME = sqrt_ratio_at_tick(30)


def deploy(world: World, pair_factory: Contract, exchange: RangeExchange) -> Contract:
    """Our router, with its quoter."""
    factories = (pair_factory.address, exchange.factory.address)
    quoter = world.deploy(world.owner, ours()["Quoter"], *factories)
    return world.deploy(world.owner, ours()["Router"], *factories, exchange.manager.address, exchange.wrapper.address, quoter.address)


@dataclass
class Scenario:
    """Three tokens, between each two a pair and a range pool. Steady: everybody holds everything, nothing is touched first."""

    world: World
    rows: dict[str, int] = field(default_factory=dict)
    peer: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        exchange = ranges.plimsoll(world)
        pair_factory = amm.plimsoll_factory(world)
        self.manager = exchange.manager
        self.router = deploy(world, pair_factory, exchange)
        self.router02 = self._client(V2_PERIPHERY, "UniswapV2Router02", (V2_CORE, "UniswapV2Pair"), pair_factory, exchange.wrapper)
        self.swap_router = self._client(V3_PERIPHERY, "SwapRouter", (V3_CORE, "UniswapV3Pool"), exchange.factory, exchange.wrapper)

        token, holders = ours()["TestToken"], [world.trader, world.lender]
        tokens = [world.token(token, symbol, 18, holders, 10**12 * WAD) for symbol in ("AAA", "BBB", "CCC")]
        self.tokens = sorted(tokens, key=lambda t: int(t.address, 16))
        for spender in (self.router, self.router02, self.swap_router):
            world.allow(world.trader, spender.address, self.tokens)
        self.pairs: list[Contract] = []
        self.pools: list[Contract] = []
        self.callers: list[Contract] = []
        for two in zip(self.tokens, self.tokens[1:], strict=False):
            self._open(*two, pair_factory, exchange)

    def _client(self, package: str, name: str, pool: tuple[str, str], factory: Contract, wrapper: Contract) -> Contract:
        """Uniswap's, for our pools."""
        published = keccak(uniswap(*pool).init_code)
        client = adapted(uniswap(package, name), published, factory.call("init_code_hash"))
        return self.world.deploy(self.world.owner, client, factory.address, wrapper.address)

    def _open(self, a: Contract, b: Contract, pair_factory: Contract, exchange: RangeExchange) -> None:
        """Both kinds of pool, with liquidity."""
        world = self.world
        _, pair = create_pair(world, amm.Exchange(pair_factory, ours()["Pair"].interface, self.router02), a, b)
        _, pool = create_pool(world, exchange, a, b)
        caller = world.deploy(world.owner, ours()["LeanCaller"], a.address, b.address)
        world.allow(world.trader, caller.address, [a, b])
        for t in (a, b):
            world.send(world.lender, t, "transfer", pair.address, RESERVE)
            world.send(world.lender, t, "transfer", caller.address, 10**9 * WAD)
        world.send(world.trader, pair, "mint", world.trader)
        world.allow(world.trader, self.router.address, [pair])
        world.send(world.trader, pool, "initialize", HOME)
        world.send(world.lender, caller, "mint", pool.address, *RANGE, LIQUIDITY)
        self.pairs.append(pair)
        self.pools.append(pool)
        self.callers.append(caller)

    # ------------------------------------------------------------------ actions

    def _settle(self) -> None:
        """Touch all pools early in a minute, so that the next four blocks move no checkpoint and write no stick."""
        world = self.world
        world.wait_until(world.next_start(MINUTE))
        txs = [Tx(world.trader, pair.address, pair.data("sync")) for pair in self.pairs]
        for pool, caller in zip(self.pools, self.callers, strict=True):
            # down further than any other swap, then home
            txs += [
                Tx(world.trader, caller.address, caller.data("swap", pool.address, True, 4 * AMOUNT, ranges.LOWEST)),
                Tx(world.trader, caller.address, caller.data("swap", pool.address, False, 10**9 * WAD, HOME)),
            ]
        world.block(*txs)

    def _measured(self, client: Contract, function: str, *args: object) -> int:
        self._settle()
        return self.world.send(self.world.trader, client, function, *args)

    # ------------------------------------------------------------------ what is measured

    def run(self) -> None:
        for _ in range(3):
            self._settle()
        self._measure_swaps()
        self._measure_zaps()

    def _measure_swaps(self) -> None:
        trader = self.world.trader
        one, two = [t.address for t in self.tokens[:2]], [t.address for t in self.tokens]

        def own(function: str, *fees: int) -> Callable[[], int]:
            path = one if len(fees) == 1 else two
            # exact output: at most what is wanted and its half, the fees are far below
            bound = 1 if function == "swap_exact_in" else AMOUNT * 3 // 2
            return lambda: self._measured(self.router, function, AMOUNT, bound, path, fees, trader, MAX)

        def v2(router: Contract, path: Sequence[str]) -> Callable[[], int]:
            return lambda: self._measured(router, "swapExactTokensForTokens", AMOUNT, 1, path, trader, MAX)

        def v2_out(path: Sequence[str]) -> Callable[[], int]:
            return lambda: self._measured(self.router02, "swapTokensForExactTokens", AMOUNT, AMOUNT * 3 // 2, path, trader, MAX)

        def v3(function: str, bound: int) -> Callable[[], int]:
            if function.endswith("Single"):
                params = (*one, FEE, trader, MAX, AMOUNT, bound, 0)
            else:
                order = two if function == "exactInput" else two[::-1]
                path = FEE.to_bytes(3, "big").join(bytes.fromhex(t[2:]) for t in order)
                params = (path, trader, MAX, AMOUNT, bound)
            return lambda: self._measured(self.swap_router, function, params)

        most = AMOUNT * 3 // 2
        for row, ours_, peer in (
            ("swapExactTokensForTokens", v2(self.router, one), v2(self.router02, one)),
            ("swapExactTokensForTokens, two hops", v2(self.router, two), v2(self.router02, two)),
            ("swap_exact_in, pair", own("swap_exact_in", PAIR), v2(self.router02, one)),
            ("swap_exact_out, pair", own("swap_exact_out", PAIR), v2_out(one)),
            ("swap_exact_in, range pool", own("swap_exact_in", FEE), v3("exactInputSingle", 1)),
            ("swap_exact_out, range pool", own("swap_exact_out", FEE), v3("exactOutputSingle", most)),
            ("swap_exact_in, two pairs", own("swap_exact_in", PAIR, PAIR), v2(self.router02, two)),
            ("swap_exact_out, two pairs", own("swap_exact_out", PAIR, PAIR), v2_out(two)),
            ("swap_exact_in, two range pools", own("swap_exact_in", FEE, FEE), v3("exactInput", 1)),
            ("swap_exact_out, two range pools", own("swap_exact_out", FEE, FEE), v3("exactOutput", most)),
        ):
            self.peer[row] = peer()
            self.rows[row] = ours_()
        self.rows["swap_exact_in, pair and range pool"] = own("swap_exact_in", PAIR, FEE)()
        self.rows["swap_exact_out, pair and range pool"] = own("swap_exact_out", PAIR, FEE)()

    def _measure_zaps(self) -> None:
        """From one token in, to one token out; the second time, so that what is zapped into exists."""
        world, trader = self.world, self.world.trader
        a, b = (t.address for t in self.tokens[:2])
        shares = self.pairs[0].call("balanceOf", trader) // 1_000
        for _ in range(2):
            self.rows["zap_in_pair"] = self._measured(self.router, "zap_in_pair", a, b, AMOUNT, 0, 1, trader, MAX)
            self.rows["zap_out_pair"] = self._measured(self.router, "zap_out_pair", a, b, shares, 1, trader, MAX)
            self.rows["zap_in_range"] = self._measured(self.router, "zap_in_range", a, b, FEE, *RANGE, AMOUNT, 0, 1, trader, MAX)
        world.send(trader, self.manager, "setApprovalForAll", self.router.address, True)
        liquidity = self.manager.call("positions", 1)[7] // 10
        for _ in range(2):
            self.rows["zap_in_position"] = self._measured(self.router, "zap_in_position", 1, a, b, AMOUNT, 0, 1, MAX)
            self.rows["zap_out_range"] = self._measured(self.router, "zap_out_range", 1, liquidity, a, 1, trader, MAX)
