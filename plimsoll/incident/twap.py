"""The oracles that the band is compared with: the pool's price now, and plain time-weighted means of its ticks. Exact integers.

They see what an oracle of their kind sees at the end of a block: a Uniswap V3 `observe([n, 0])`, with floored ticks and without any bound
on how far a tick may move.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt

from plimsoll.reference.tick_math import sqrt_ratio_at_tick, tick_at_sqrt_ratio

WAD = 10**18
Q96 = 2**96


def tick_of(numerator: int, denominator: int) -> int:
    """floor(log_1.0001(numerator / denominator)), raw units."""
    return tick_at_sqrt_ratio(isqrt((numerator << 192) // denominator))


def price_at_tick(tick: int, unit: int) -> int:
    """WAD price of 1e18 raw units at a tick of quote per asset; `unit`: the same of the quote. Rounded down."""
    return int(unit * sqrt_ratio_at_tick(tick) ** 2 >> 192)


class TickPath:
    """A pool's ticks (quote per asset) from its changes: sums over any stretch of its past."""

    def __init__(self, ts: int, tick: int):
        # times of the changes, ticks since then, and the sum up to them
        self.times = [ts]
        self.ticks = [tick]
        self.sums = [0]

    def note(self, ts: int, tick: int) -> None:
        if ts < self.times[-1]:
            raise ValueError("the past cannot be changed")
        if tick == self.ticks[-1]:
            return
        if ts == self.times[-1]:
            self.ticks[-1] = tick
            return
        self.sums.append(self.sums[-1] + self.ticks[-1] * (ts - self.times[-1]))
        self.times.append(ts)
        self.ticks.append(tick)

    def sum_until(self, ts: int) -> int:
        """Tick * seconds from the beginning until `ts`; before the beginning its first tick stood."""
        i = len(self.times) - 1
        # the wanted change is among the last few
        while i > 0 and self.times[i] > ts:
            i -= 1
        return self.sums[i] + self.ticks[i] * (ts - self.times[i])

    def mean(self, now: int, seconds: int) -> tuple[int, int]:
        """(sum of tick * seconds, seconds) over the last `seconds`."""
        return self.sum_until(now) - self.sum_until(now - seconds), seconds


def mean_price(paths: Sequence[TickPath], now: int, seconds: int, unit: int) -> int:
    """The mean of the pools' mean ticks, floored, as a price."""
    sums = [path.mean(now, seconds) for path in paths]
    return price_at_tick(sum(s for s, _ in sums) // (len(paths) * seconds), unit)


def spot_price(prices: Sequence[int]) -> int:
    """The pools' price now: of two the geometric mean, as of their ticks."""
    if len(prices) == 1:
        return prices[0]
    a, b = prices
    return isqrt(a * b)
