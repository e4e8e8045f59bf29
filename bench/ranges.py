"""Range deposits: our pool and position manager and Uniswap V3's, through the same calls with the same tokens."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.artifacts import V2_PERIPHERY, V3_CORE, V3_PERIPHERY, ours, uniswap
from bench.world import BLOCK_SECONDS, BUCKET, MAX, MINUTE, WAD, BenchError, Tx, World
from plimsoll.abi import Contract, Interface
from plimsoll.reference.tick_math import sqrt_ratio_at_tick

FEE = 3_000
RING = 128
CARDINALITY = 100
MAX_UINT128 = 2**128 - 1
ZERO = "0x" + "00" * 20

# Where the price is before every swap that is measured: between two ticks of the spacing
HOME = -330
LOWEST, HIGHEST = sqrt_ratio_at_tick(-887_272) + 1, sqrt_ratio_at_tick(887_272) - 1

# Ticks and liquidity of the positions that are there from the beginning
BASE = (-24_000, 24_000, 1_000_000 * WAD)
NARROW = (-1_200, 1_200, 100_000 * WAD)
# Its ticks stand in two words of the bitmap
ABOVE = (-180, 120, 100_000 * WAD)
NEW_TICKS = (-1_800, 1_800)

# 18 ticks down; up to between -180 and the end of the word; up to between 120 and 1,200
AMOUNT = 1_000 * WAD
AMOUNT_ONE_TICK = 11_000 * WAD
AMOUNT_TWO_TICKS = 33_000 * WAD


@dataclass(frozen=True)
class RangeExchange:
    """A factory of range pools with a position manager beside it; `pool` is what its pools answer to."""

    factory: Contract
    pool: Interface
    manager: Contract
    wrapper: Contract


def plimsoll_factory(world: World) -> Contract:
    compiled = ours()
    blueprint, _ = world.deploy_code(world.owner, compiled["RangePool"].blueprint())
    world.note_size("RangePool (blueprint)", blueprint)
    return world.deploy(world.owner, compiled["RangePoolFactory"], blueprint, world.owner)


def plimsoll(world: World) -> RangeExchange:
    factory, wrapper = plimsoll_factory(world), _wrapper(world)
    manager = world.deploy(world.owner, ours()["PositionManager"], factory.address, wrapper.address)
    return RangeExchange(factory, ours()["RangePool"].interface, manager, wrapper)


def uniswap_v3(world: World) -> RangeExchange:
    factory, wrapper = world.deploy(world.owner, uniswap(V3_CORE, "UniswapV3Factory")), _wrapper(world)
    # no descriptor: it only draws pictures
    arguments = (factory.address, wrapper.address, ZERO)
    manager = world.deploy(world.owner, uniswap(V3_PERIPHERY, "NonfungiblePositionManager"), *arguments)
    return RangeExchange(factory, uniswap(V3_CORE, "UniswapV3Pool").interface, manager, wrapper)


def _wrapper(world: World) -> Contract:
    return world.deploy(world.owner, uniswap(V2_PERIPHERY, "WETH9"))


def create_pool(world: World, exchange: RangeExchange, a: Contract, b: Contract) -> tuple[int, Contract]:
    """(gas, pool)"""
    gas = world.send(world.owner, exchange.factory, "createPool", a.address, b.address, FEE)
    return gas, world.at(exchange.factory.call("getPool", a.address, b.address, FEE), exchange.pool)


@dataclass
class Scenario:
    """One pool, and everything that is measured on it: swaps at cardinality 1, from `observe` on at cardinality 100."""

    world: World
    exchange: RangeExchange
    pool_name: str
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        world = self.world
        token = ours()["TestToken"]
        holders = [world.trader, world.lender]
        a, b, other = (world.token(token, s, 18, holders, 10**12 * WAD) for s in ("AAA", "BBB", "CCC"))
        self.tokens = sorted((a, b), key=lambda t: int(t.address, 16))
        create_pool(world, self.exchange, a, other)
        self.rows["createPool"], self.pool = create_pool(world, self.exchange, a, b)
        world.note_size(self.pool_name, self.pool.address)
        world.install_probe()
        self.caller = world.deploy(world.owner, ours()["LeanCaller"], *(t.address for t in self.tokens))
        world.allow(world.trader, self.caller.address, self.tokens)
        world.allow(world.lender, self.exchange.manager.address, self.tokens)
        for t in self.tokens:
            world.send(world.lender, t, "transfer", self.caller.address, 10**11 * WAD)
        world.send(world.trader, self.pool, "initialize", sqrt_ratio_at_tick(HOME))
        for lower, upper, liquidity in (BASE, NARROW, ABOVE):
            world.gas(self._mint(lower, upper, liquidity))

    # ------------------------------------------------------------------ actions

    def _swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> Tx:
        end = limit or (LOWEST if zero_for_one else HIGHEST)
        return Tx(self.world.trader, self.caller.address, self.caller.data("swap", self.pool.address, zero_for_one, amount, end))

    def _down(self) -> Tx:
        return self._swap(True, AMOUNT)

    def _home(self) -> Tx:
        """Back to where every measured swap begins, from wherever the price is."""
        price = self.pool.call("slot0")[0]
        return self._swap(price > sqrt_ratio_at_tick(HOME), 10**9 * WAD, sqrt_ratio_at_tick(HOME))

    def _mint(self, lower: int, upper: int, liquidity: int) -> Tx:
        return Tx(self.world.lender, self.caller.address, self.caller.data("mint", self.pool.address, lower, upper, liquidity))

    def _touch(self) -> None:
        """A swap down and one back, in one block: fees of both tokens, and the price as before."""
        back = self._swap(False, 10**9 * WAD, sqrt_ratio_at_tick(HOME))
        self.world.block(self._down(), back)

    def _settle(self) -> None:
        """Touch the pool early in a minute, so that the next four blocks move no checkpoint and write no stick."""
        self.world.wait_until(self.world.next_start(MINUTE))
        self._touch()

    def _measured(self, swap: Tx, tick_from: int, tick_to: int) -> int:
        """The gas of a swap in the next block, which must end within these ticks; the price then goes home."""
        gas = self.world.gas(swap)
        tick = self.pool.call("slot0")[1]
        if not tick_from <= tick < tick_to:
            raise BenchError(f"a measured swap of the range pool ended at tick {tick}, not between {tick_from} and {tick_to}")
        self.world.gas(self._home())
        return gas

    def _plain(self) -> int:
        return self._measured(self._down(), HOME - 30, HOME - 10)

    def _swap_in_new_bucket(self, idle: int = 0) -> int:
        """The first touch of a bucket, after `idle` whole buckets without any."""
        self.world.wait_until(self.world.next_start(BUCKET))
        self._touch()
        self.world.wait_until(self.world.next_start(BUCKET) + idle * BUCKET + BLOCK_SECONDS)
        return self._plain()

    # ------------------------------------------------------------------ what is measured

    def run(self) -> dict[str, int]:
        self._warm_up()
        self.rows["range swap + stick, first lap"] = self._swap_in_new_bucket()
        self.rows["range swap + two sticks, first lap"] = self._swap_in_new_bucket(idle=1)
        self._trade_on(RING, BUCKET)
        self._measure_swaps()
        self.world.send(self.world.trader, self.pool, "increaseObservationCardinalityNext", CARDINALITY)
        self._trade_on(CARDINALITY + 1, BUCKET)
        self._measure_history()
        self._measure_liquidity()
        self._measure_manager()
        return self.rows

    def _warm_up(self) -> None:
        """All that is written for the first time only: fees, both sides of each tick, accumulators and checkpoints."""
        for _ in range(3):
            self._settle()
            for amount in (AMOUNT_ONE_TICK, AMOUNT_TWO_TICKS):
                self.world.gas(self._swap(False, amount))
                self.world.gas(self._home())

    def _trade_on(self, times: int, period: int) -> None:
        for _ in range(times):
            self.world.wait_until(self.world.next_start(period) + BLOCK_SECONDS)
            self._touch()

    def _measure_swaps(self) -> None:
        world = self.world
        self._settle()
        self.rows["range swap, no tick crossed"] = self._plain()
        self._settle()
        self.rows["range swap, one tick crossed"] = self._measured(self._swap(False, AMOUNT_ONE_TICK), -180, -60)
        self._settle()
        self.rows["range swap, two ticks crossed"] = self._measured(self._swap(False, AMOUNT_TWO_TICKS), 120, 1_200)
        world.wait_until(world.next_start(BUCKET))
        self._touch()
        world.wait_until(world.next_start(MINUTE) + BLOCK_SECONDS)
        self.rows["range swap + checkpoint"] = self._plain()
        self.rows["range swap + stick"] = self._swap_in_new_bucket()
        self.rows["range swap + two sticks"] = self._swap_in_new_bucket(idle=1)
        self._settle()
        self.rows["range swap, second in block"] = world.gas(self._down(), self._down())
        world.gas(self._home())

    def _measure_liquidity(self) -> None:
        """Steady: the owner has added, removed and collected before, and both fees have grown since."""
        world, pool = self.world, self.pool
        lower, upper, liquidity = NARROW
        add = self._mint(lower, upper, liquidity)
        burn = Tx(world.lender, pool.address, pool.data("burn", lower, upper, liquidity // 10))
        some, all_of_it = (Tx(world.lender, pool.address, pool.data("collect", world.lender, lower, upper, n, n)) for n in (WAD, MAX_UINT128))
        for tx in (add, burn):
            self._settle()
            world.gas(tx)
        for row, tx in {
            "range mint, added to existing": add,
            "range burn": burn,
            "range collect": some,
            "range collect, all of it": all_of_it,
        }.items():
            self._settle()
            self.rows[row] = world.gas(tx)
        self._settle()
        self.rows["range mint, two new ticks"] = world.gas(self._mint(*NEW_TICKS, liquidity))

    def _measure_manager(self) -> None:
        world, manager = self.world, self.exchange.manager
        owner = world.lender
        pair = [t.address for t in self.tokens]

        def send(function: str, *params: int | str) -> int:
            return world.send(owner, manager, function, params)

        def mint() -> int:
            return send("mint", *pair, FEE, *NEW_TICKS, AMOUNT, AMOUNT, 0, 0, owner, MAX)

        # the owner's first, and the manager's first of this range, in which no fee has been earned yet
        mint()
        self.rows["PositionManager.mint"] = mint()
        for _ in range(2):
            self._settle()
            self.rows["PositionManager.mint, fees since"] = mint()
        share = manager.call("positions", 1)[7] // 10
        self._settle()
        send("decreaseLiquidity", 1, share, 0, 0, MAX)
        self._settle()
        self.rows["PositionManager.increaseLiquidity"] = send("increaseLiquidity", 1, AMOUNT, AMOUNT, 0, 0, MAX)
        self._settle()
        self.rows["PositionManager.decreaseLiquidity"] = send("decreaseLiquidity", 1, share, 0, 0, MAX)
        self.rows["PositionManager.collect"] = send("collect", 1, owner, WAD, WAD)
        self._settle()
        self.rows["PositionManager.collect, fees since"] = send("collect", 1, owner, WAD, WAD)
        self._settle()
        self.rows["PositionManager.collect, all of it"] = send("collect", 1, owner, MAX_UINT128, MAX_UINT128)
        if manager.interface.has("compound"):
            self._settle()
            self.rows["PositionManager.compound"] = world.send(owner, manager, "compound", 2, 0, 0, MAX)
            self._settle()
            self.rows["PositionManager.move_range"] = world.send(owner, manager, "move_range", 2, *NARROW[:2], 0, 0, MAX)

    def _measure_history(self) -> None:
        world, pool = self.world, self.pool
        self._settle()
        self.rows["range swap, no tick crossed, cardinality 100"] = self._plain()
        self._settle()
        self.rows["observe([1800, 0])"] = world.probed(pool, "observe", [1_800, 0])
        if pool.interface.has("window"):
            for buckets in (0, 10):
                self.rows[f"window({buckets})"] = world.probed(pool, "window", buckets)
            # as for a liquidation, and as for new risk
            for wanted in (1, 2):
                self.rows[f"recent({wanted})"] = world.probed(pool, "recent", wanted)
