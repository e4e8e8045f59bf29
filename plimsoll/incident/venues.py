"""Where the asset trades: pairs that are moved to a price exactly, and a feed that is published as feeds are."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from plimsoll.abi import Contract
from plimsoll.arbitrage import amount_out
from plimsoll.incident.twap import tick_of
from plimsoll.incident.world import Act, IncidentError, World

WAD = 10**18
BPS = 10_000

FEED_DECIMALS = 8
# As Chainlink publishes ETH/USD: when it has moved by half a per cent, or after an hour
DEVIATION_BPS = 50
HEARTBEAT = 3_600


def amount_to_price(reserve_in: int, reserve_out: int, numerator: int, denominator: int, fee_bps: int) -> int:
    """What must be paid into an x*y=k pair until reserve_in / reserve_out = numerator / denominator; 0 where it is beyond that.

    With g = 1 - fee: (x + g*dx) * (x + dx) = x * y * numerator / denominator, solved for dx, rounded down.
    """
    g = BPS - fee_bps
    x = reserve_in
    target = x * reserve_out * numerator // denominator
    if target <= x * x:
        return 0
    # g*dx^2 + (1 + g)*x*dx - (target - x^2) = 0, all by BPS
    b = (BPS + g) * x
    return (isqrt(b * b + 4 * g * BPS * (target - x * x)) - b) // (2 * g)


@dataclass(frozen=True)
class Trade:
    pays_asset: bool
    paid: int
    out: int


def trade_to(asset_reserve: int, quote_reserve: int, price_wad: int, unit: int, fee_bps: int) -> Trade | None:
    """The trade after which the pair's price is `price_wad`; None where it is there, to the raw unit that matters."""
    # raw quote per raw asset = price / unit
    paid = amount_to_price(quote_reserve, asset_reserve, price_wad, unit, fee_bps)
    out = amount_out(paid, quote_reserve, asset_reserve, fee_bps)
    if out > 0:
        return Trade(False, paid, out)
    paid = amount_to_price(asset_reserve, quote_reserve, unit, price_wad, fee_bps)
    out = amount_out(paid, asset_reserve, quote_reserve, fee_bps)
    if out > 0:
        return Trade(True, paid, out)
    return None


class PairVenue:
    """One of our pairs, with somebody who holds enough of both tokens to put its price wherever it is wanted."""

    # what tells its state
    view = "getReserves"

    def __init__(self, world: World, pair: Contract, asset: Contract, quote: Contract, unit: int, fee_bps: int):
        self.world, self.contract, self.asset, self.quote = world, pair, asset, quote
        self.unit, self.fee_bps = unit, fee_bps
        self.asset_is_token0 = int(asset.address, 16) < int(quote.address, 16)
        self.reserves = (0, 0)
        self.reload()

    def read(self, answer: tuple[int, ...]) -> tuple[int, int]:
        return (answer[0], answer[1]) if self.asset_is_token0 else (answer[1], answer[0])

    def reload(self) -> None:
        self.reserves = self.read(self.contract.call("getReserves"))

    def check(self, answer: tuple[int, ...]) -> None:
        """The chain's reserves must be the ones that the trades lead to: none of them failed."""
        if self.read(answer) != self.reserves:
            raise IncidentError("a trade in a pair failed")

    @property
    def tick(self) -> int:
        return tick_of(self.reserves[1], self.reserves[0])

    @property
    def price_wad(self) -> int:
        return int(self.unit * self.reserves[1] // self.reserves[0])

    def move(self, price_wad: int) -> list[Act]:
        """The transactions that bring the pair there."""
        trade = trade_to(*self.reserves, price_wad, self.unit, self.fee_bps)
        if trade is None:
            return []
        asset, quote = self.reserves
        self.reserves = (asset + trade.paid, quote - trade.out) if trade.pays_asset else (asset - trade.out, quote + trade.paid)
        paid = self.asset if trade.pays_asset else self.quote
        outs = (0, trade.out) if trade.pays_asset == self.asset_is_token0 else (trade.out, 0)
        trader = self.world.trader
        return [
            Act(trader, paid, "transfer", (self.contract.address, trade.paid)),
            Act(trader, self.contract, "swap", (*outs, trader, b"")),
        ]


class Feed:
    """An honest feed of the true price, published by deviation and heartbeat."""

    def __init__(self, world: World, price_wad: int):
        self.world = world
        self.price_wad = price_wad
        self.contract = world.deploy("ScriptedFeed", FEED_DECIMALS, self.answer(price_wad))
        self.published_ts = world.now

    @staticmethod
    def answer(price_wad: int) -> int:
        return int(price_wad // 10 ** (18 - FEED_DECIMALS))

    def publish(self, price_wad: int, ts: int) -> list[Act]:
        """What is sent for a block at `ts`."""
        moved = abs(price_wad - self.price_wad) * BPS >= self.price_wad * DEVIATION_BPS
        if not moved and ts - self.published_ts < HEARTBEAT:
            return []
        self.price_wad, self.published_ts = price_wad, ts
        return [self.world.own(self.contract, "set_answer", self.answer(price_wad))]

    def state(self) -> tuple[int, int]:
        return self.price_wad, self.published_ts

    def restore(self, state: tuple[int, int]) -> None:
        self.price_wad, self.published_ts = state
