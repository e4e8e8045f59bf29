"""x*y=k: our pair and Uniswap V2's, through the same calls with the same tokens."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from bench.artifacts import V2_CORE, V2_PERIPHERY, adapted, ours, uniswap
from bench.world import BLOCK_SECONDS, BUCKET, MAX, MINUTE, WAD, Tx, World
from plimsoll.abi import Contract, Interface

# Of both, so that every amount is the same to the wei
FEE_BPS = 30
SHARE = (1, 6)
RING = 128

RESERVES = (1_000_000 * WAD, 2_000_000 * WAD)
AMOUNT = 1_000 * WAD


@dataclass(frozen=True)
class Exchange:
    """A factory of pairs with Router02 beside it; `pair` is what its pairs answer to."""

    factory: Contract
    pair: Interface
    router: Contract


def plimsoll_factory(world: World) -> Contract:
    compiled = ours()
    blueprint, _ = world.deploy_code(world.owner, compiled["Pair"].blueprint())
    world.note_size("Pair (blueprint)", blueprint)
    return world.deploy(world.owner, compiled["PairFactory"], blueprint, world.owner, FEE_BPS, *SHARE)


def plimsoll(world: World) -> Exchange:
    factory = plimsoll_factory(world)
    return Exchange(factory, ours()["Pair"].interface, _router(world, factory, factory.call("init_code_hash")))


def uniswap_v2(world: World) -> Exchange:
    pair = uniswap(V2_CORE, "UniswapV2Pair")
    factory = world.deploy(world.owner, uniswap(V2_CORE, "UniswapV2Factory"), world.owner)
    return Exchange(factory, pair.interface, _router(world, factory, keccak(pair.init_code)))


def _router(world: World, factory: Contract, init_code_hash: bytes) -> Contract:
    """Router02 for this factory."""
    published = keccak(uniswap(V2_CORE, "UniswapV2Pair").init_code)
    router = adapted(uniswap(V2_PERIPHERY, "UniswapV2Router02"), published, init_code_hash)
    weth = world.deploy(world.owner, uniswap(V2_PERIPHERY, "WETH9"))
    return world.deploy(world.owner, router, factory.address, weth.address)


def create_pair(world: World, exchange: Exchange, a: Contract, b: Contract) -> tuple[int, Contract]:
    """(gas, pair)"""
    gas = world.send(world.owner, exchange.factory, "createPair", a.address, b.address)
    return gas, world.at(exchange.factory.call("getPair", a.address, b.address), exchange.pair)


def amount_out(amount_in: int, reserve_in: int, reserve_out: int) -> int:
    """Uniswap V2's quote, which is the pair's own bound at FEE_BPS."""
    with_fee = amount_in * (10_000 - FEE_BPS)
    return with_fee * reserve_out // (reserve_in * 10_000 + with_fee)


class Scenario:
    """One pair, and everything that is measured on it."""

    def __init__(self, world: World, exchange: Exchange, pair_name: str):
        self.world = world
        self.exchange = exchange
        holders = [world.trader, world.lender]
        token = ours()["TestToken"]
        a, b, other = (world.token(token, s, 18, holders, 10**9 * WAD) for s in ("AAA", "BBB", "CCC"))
        self.tokens = sorted((a, b), key=lambda t: int(t.address, 16))
        self.rows: dict[str, int] = {}
        # before the first one the count of pairs is zero
        self.rows["createPair, first"], _ = create_pair(world, exchange, a, other)
        self.rows["createPair"], self.pair = create_pair(world, exchange, a, b)
        world.note_size(pair_name, self.pair.address)
        world.allow(world.trader, exchange.router.address, self.tokens)
        self._provide(*RESERVES)
        world.send(world.lender, self.pair, "mint", world.lender)

    # ------------------------------------------------------------------ actions

    def _provide(self, amount0: int, amount1: int) -> None:
        world = self.world
        amounts = zip(self.tokens, (amount0, amount1), strict=True)
        world.block(*(Tx(world.lender, t.address, t.data("transfer", self.pair.address, x)) for t, x in amounts))

    def _pay(self) -> Tx:
        return Tx(self.world.trader, self.tokens[0].address, self.tokens[0].data("transfer", self.pair.address, AMOUNT))

    def _swap(self, reserves: tuple[int, int]) -> Tx:
        out = amount_out(AMOUNT, *reserves)
        return Tx(self.world.trader, self.pair.address, self.pair.data("swap", 0, out, self.world.trader, b""))

    def _reserves(self) -> tuple[int, int]:
        reserve0, reserve1, _ = self.pair.call("getReserves")
        return reserve0, reserve1

    def _after_swap(self, reserves: tuple[int, int]) -> tuple[int, int]:
        return reserves[0] + AMOUNT, reserves[1] - amount_out(AMOUNT, *reserves)

    def _route(self) -> Tx:
        path = [t.address for t in self.tokens]
        return Tx(
            self.world.trader,
            self.exchange.router.address,
            self.exchange.router.data("swapExactTokensForTokens", AMOUNT, 1, path, self.world.trader, MAX),
        )

    def _touch(self) -> None:
        self.world.send(self.world.trader, self.pair, "sync")

    def _settle(self) -> None:
        """Touch the pair early in a minute, so that the next four blocks move no checkpoint and write no stick."""
        self.world.wait_until(self.world.next_start(MINUTE))
        self._touch()

    def _paid_swap_at(self, timestamp: int) -> int:
        """A swap, first in its block, paid the block before."""
        world = self.world
        reserves = self._reserves()
        world.wait_until(timestamp - BLOCK_SECONDS)
        world.block(self._pay())
        return world.gas(self._swap(reserves))

    def _swap_in_new_bucket(self, idle: int = 0) -> int:
        """The first touch of a bucket, after `idle` whole buckets without any."""
        self.world.wait_until(self.world.next_start(BUCKET))
        self._touch()
        return self._paid_swap_at(self.world.next_start(BUCKET) + idle * BUCKET + BLOCK_SECONDS)

    # ------------------------------------------------------------------ what is measured

    def run(self) -> dict[str, int]:
        self._warm_up()
        self.rows["pair.swap + stick, first lap"] = self._swap_in_new_bucket()
        self.rows["pair.swap + two sticks, first lap"] = self._swap_in_new_bucket(idle=1)
        self._fill_ring()
        self._measure_swaps()
        self._measure_router()
        self._measure_memory()
        self._measure_liquidity()
        return self.rows

    def _warm_up(self) -> None:
        """All that a pair writes in its first minutes only: accumulators and checkpoints that go from zero."""
        for _ in range(3):
            self._settle()

    def _fill_ring(self) -> None:
        for _ in range(RING):
            self.world.wait_until(self.world.next_start(BUCKET) + BLOCK_SECONDS)
            self._touch()

    def _measure_swaps(self) -> None:
        world = self.world
        self._settle()
        self.rows["pair.swap, first in block"] = self._paid_swap_at(world.now + 2 * BLOCK_SECONDS)
        world.wait_until(world.next_start(BUCKET))
        self._touch()
        self.rows["pair.swap + checkpoint"] = self._paid_swap_at(world.next_start(MINUTE) + BLOCK_SECONDS)
        self.rows["pair.swap + stick"] = self._swap_in_new_bucket()
        self.rows["pair.swap + two sticks"] = self._swap_in_new_bucket(idle=1)
        self._settle()
        reserves = self._reserves()
        first, second = self._swap(reserves), self._swap(self._after_swap(reserves))
        self.rows["pair.swap, second in block"] = world.gas(self._pay(), first, self._pay(), second)

    def _measure_router(self) -> None:
        world = self.world
        self._settle()
        self.rows["Router02, first in block"] = world.gas(self._route())
        self.rows["Router02, second in block"] = world.gas(self._route(), self._route())

    def _measure_memory(self) -> None:
        """What a contract pays for the pair's statistics."""
        world, pair = self.world, self.pair
        if pair.interface.has("window"):
            world.install_probe()
            self._settle()
            for buckets in (0, 10):
                self.rows[f"pair.window({buckets})"] = world.probed(pair, "window", buckets)
            # as for a liquidation, and as for new risk
            for wanted in (1, 2):
                self.rows[f"pair.recent({wanted})"] = world.probed(pair, "recent", wanted)

    def _measure_liquidity(self) -> None:
        self._mint_and_burn("")
        # The protocol's share switched on: from the second mint on, every one pays some out.
        self.world.send(self.world.owner, self.exchange.factory, "setFeeTo", self.world.treasury)
        self._mint_and_burn(None)
        self._paid_swap_at(self.world.now + 2 * BLOCK_SECONDS)
        self._mint_and_burn(", protocol's share on")

    def _mint_and_burn(self, suffix: str | None) -> None:
        """Both steady; `suffix` of the rows' names, None: measure nothing."""
        world = self.world
        self._settle()
        self._provide(*(r // 100 for r in self._reserves()))
        mint = world.send(world.lender, self.pair, "mint", world.lender)
        self._paid_swap_at(world.now + 2 * BLOCK_SECONDS)
        self._settle()
        share = self.pair.call("balanceOf", world.lender) // 100
        world.send(world.lender, self.pair, "transfer", self.pair.address, share)
        burn = world.send(world.lender, self.pair, "burn", world.lender)
        if suffix is not None:
            self.rows["pair.mint" + suffix] = mint
            self.rows["pair.burn" + suffix] = burn
