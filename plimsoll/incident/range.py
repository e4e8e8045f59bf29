"""A real pool's minutes in our RangePool: its liquidity, its trades, and how far ours ends from where it ended."""

from __future__ import annotations

from typing import Any

from plimsoll import ranges
from plimsoll.abi import Contract
from plimsoll.incident.flow import Minute, sqrt_price_in
from plimsoll.incident.market import UNIT, WAD
from plimsoll.incident.twap import tick_of
from plimsoll.incident.world import Act, IncidentError, World

FEE_PIPS = 500
SPACING = 10
# Around the first price: wider than any day
WIDTH_PERCENT = 50
LOWEST, HIGHEST = 4_295_128_740, 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341
ENDLESS = 2**127
MAX_UINT128 = 2**128 - 1


class RangeVenue:
    """Dollar as token0, asset as token1. One wide position is made larger and smaller until the liquidity in range is the recorded one."""

    view = "slot0"

    def __init__(self, world: World, usd: Contract, asset: Contract, first: Minute):
        if int(usd.address, 16) > int(asset.address, 16):
            raise IncidentError("the recorded pool has the dollar as token0")
        self.world = world
        factory = world.deploy("RangePoolFactory", world.blueprint("RangePool"), world.owner)
        world.do([world.own(factory, "createPool", usd.address, asset.address, FEE_PIPS)])
        self.contract = world.artifacts.at("RangePool", factory.call("getPool", usd.address, asset.address, FEE_PIPS), world.rpc)
        # it holds the tokens that it pays the pool with
        self.hand = world.deploy("RangePoolCallee")
        self.sqrt_price = sqrt_price_in(first.tick)
        self.range = ranges.ticks_for(WIDTH_PERCENT, self.sqrt_price, SPACING)
        self.liquidity = 0
        self.usd, self.asset = usd, asset
        plenty = 10**9
        world.do(
            [
                world.own(self.contract, "initialize", self.sqrt_price),
                world.own(usd, "mint", self.hand.address, plenty * 10**6),
                world.own(asset, "mint", self.hand.address, plenty * WAD),
                *self.provide(first.liquidity),
            ]
        )

    # ------------------------------------------------------------------ state

    def check(self, answer: Any) -> None:
        self.sqrt_price = answer[0]

    @property
    def price_wad(self) -> int:
        return int(UNIT * 2**192 // self.sqrt_price**2)

    @property
    def tick(self) -> int:
        """Dollars per asset."""
        return tick_of(2**192, self.sqrt_price**2)

    # ------------------------------------------------------------------ what happens in a minute

    def _make(self, function: str, *arguments: Any) -> Act:
        return Act(self.world.trader, self.hand, "make", (self.contract.address, self.contract.data(function, *arguments)))

    def provide(self, liquidity: int) -> list[Act]:
        """Bring the position to this liquidity; what is taken out is paid out."""
        change, self.liquidity = liquidity - self.liquidity, liquidity
        if change > 0:
            return [self._make("mint", self.hand.address, *self.range, change, b"")]
        if change < 0:
            return [
                self._make("burn", *self.range, -change),
                self._make("collect", self.hand.address, *self.range, MAX_UINT128, MAX_UINT128),
            ]
        return []

    def trade(self, net0: int, net1: int) -> list[Act]:
        """A swap of what the pool received in all."""
        if net0 < 0 < net1:
            return [self._make("swap", self.hand.address, False, net1, HIGHEST, b"")]
        if net1 < 0 < net0:
            return [self._make("swap", self.hand.address, True, net0, LOWEST, b"")]
        return []

    def align(self, tick: int) -> list[Act]:
        """To the middle of a tick, from wherever: the one of two swaps that leads there; the pool refuses the other."""
        limit = sqrt_price_in(tick)
        return [self._make("swap", self.hand.address, down, ENDLESS, limit, b"") for down in (True, False)]

    def moves(self, minute: Minute) -> list[Act]:
        acts = self.provide(minute.liquidity)
        if minute.net0 is not None and minute.net1 is not None:
            acts += self.trade(minute.net0, minute.net1)
        return [*acts, *self.align(minute.tick)]

    def deviation(self, minute: Minute, logs: list[dict[str, Any]]) -> int | None:
        """Ticks between where the recorded amounts brought our pool and where the real one ended; None: nothing was traded."""
        if minute.net0 is None or minute.net1 is None or not self.trade(minute.net0, minute.net1):
            return None
        swaps = self.contract.interface.decode_logs(logs)
        if not swaps:
            raise IncidentError("the recorded trade failed")
        return int(swaps[0].tick) - minute.tick
