"""The price band of an asset with one AMM source, from the statistics that the AMM keeps. Exact integers.

Prices are WAD units of account for 1e18 raw units. Ticks are log_1.0001 of raw token1 per raw token0.
"""

from dataclasses import dataclass, field
from enum import IntFlag

from plimsoll.reference.tick_math import sqrt_ratio_at_tick

BUCKET = 180
SLOW_BUCKETS = 10
WAD = 10**18
MAX_UINT256 = 2**256 - 1
# Prices above are taken for nonsense: they leave no room to value 2^112 raw units.
MAX_PRICE = 2**144 - 1
# So are mean ticks that, rounded down, lie outside: from 2^-128 to 2^64 raw quote per raw asset.
TICK_RANGE = range(-887272, 443636)
MAX_DEPTH = 2**127 - 1


class Why(IntFlag):
    NOT_LISTED = 1
    SOURCE_FAILED = 2
    NOT_STARTED = 4
    SHORT_HISTORY = 8
    THIN_FOR_NEW_RISK = 16
    THIN = 32
    BREAKER = 64


NOTHING = Why(0)


@dataclass(frozen=True)
class Window:
    """What a source answers (IObservations.Window)."""

    started_ts: int
    short_sum: int
    short_seconds: int
    fresh_sum: int
    fresh_seconds: int
    bucket_tick_sums: tuple[int, ...] = ()
    bucket_liquidities: tuple[int, ...] = ()


@dataclass(frozen=True)
class Band:
    low: int = 0
    high: int = 0
    liquidation_high: int = 0
    liquidation_low: int = 0
    fresh: int = 0
    depth: int = 0
    why: Why = NOTHING


def _floor(numerator: int, denominator: int) -> int:
    return numerator // denominator


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def price_at(tick: int, quote_price: int) -> tuple[int, int]:
    """The price at an oriented tick, rounded down and up."""
    square = quote_price * sqrt_ratio_at_tick(tick) ** 2
    return _floor(square, 2**192), _ceil(square, 2**192)


@dataclass(frozen=True)
class Ticks:
    """Oriented to the asset: quote per asset."""

    low: int
    high: int
    slow_low: int
    slow_high: int
    fresh: int


def ticks(window: Window, asset_is_token1: bool) -> Ticks:
    sign = -1 if asset_is_token1 else 1
    sums = [sign * bucket for bucket in window.bucket_tick_sums]
    means_down = sorted(_floor(bucket, BUCKET) for bucket in sums)
    means_up = sorted(_ceil(bucket, BUCKET) for bucket in sums)
    seconds = BUCKET * len(sums)
    half = len(sums) // 2
    slow_low = min(_floor(sum(sums), seconds), means_down[half - 1])
    slow_high = max(_ceil(sum(sums), seconds), means_up[half])
    short = sign * window.short_sum
    return Ticks(
        low=min(_floor(short, window.short_seconds), slow_low),
        high=max(_ceil(short, window.short_seconds), slow_high),
        slow_low=slow_low,
        slow_high=slow_high,
        fresh=_floor(sign * window.fresh_sum, window.fresh_seconds),
    )


def _means_down(window: Window, asset_is_token1: bool) -> list[int]:
    sign = -1 if asset_is_token1 else 1
    return [
        _floor(sign * window.short_sum, window.short_seconds),
        _floor(sign * window.fresh_sum, window.fresh_seconds),
        *(_floor(sign * bucket, BUCKET) for bucket in window.bucket_tick_sums),
    ]


def quote_depth(window: Window, slow_low: int) -> int:
    """Median harmonic liquidity * sqrt(price), in raw quote."""
    liquidities = sorted(window.bucket_liquidities)
    median = liquidities[len(liquidities) // 2 - 1]
    return min(_floor(median * sqrt_ratio_at_tick(slow_low), 2**96), MAX_DEPTH)


@dataclass(frozen=True)
class LastValid:
    """What the oracle keeps: the ticks of the last prices that were valid when something was written."""

    bucket: int
    low: int
    high: int


def quote_band(price: int) -> Band:
    return Band(price, price, price, price, price, MAX_UINT256, NOTHING)


def band(window: Window | None, asset_is_token1: bool, quote_price: int, min_depth: int, last: LastValid | None = None) -> Band:
    """The whole answer. window None: the source failed."""

    def no_price(why: Why, depth: int = 0) -> Band:
        if last is None:
            return Band(why=why, depth=depth)
        return Band(
            liquidation_high=price_at(last.high, quote_price)[1],
            liquidation_low=price_at(last.low, quote_price)[0],
            depth=depth,
            why=why,
        )

    if window is None:
        return no_price(Why.SOURCE_FAILED)
    if window.started_ts == 0:
        return no_price(Why.NOT_STARTED)
    if not (window.short_seconds and window.fresh_seconds and window.bucket_tick_sums):
        return no_price(Why.SHORT_HISTORY)

    if any(mean not in TICK_RANGE for mean in _means_down(window, asset_is_token1)):
        return no_price(Why.SOURCE_FAILED)
    at = ticks(window, asset_is_token1)
    depth = _floor(quote_depth(window, at.slow_low) * quote_price, WAD)
    why = NOTHING
    if depth < min_depth:
        why |= Why.THIN_FOR_NEW_RISK
    if 4 * depth < min_depth:
        return no_price(why | Why.THIN, depth)

    low, high = price_at(at.low, quote_price)[0], price_at(at.high, quote_price)[1]
    if low == 0 or high > MAX_PRICE:
        return no_price(Why.SOURCE_FAILED)
    if 4 * high > 5 * low:
        why |= Why.BREAKER
    fresh = max(1, min(price_at(at.fresh, quote_price)[0], MAX_PRICE))
    return Band(low, high, high, low, fresh, depth, why)


@dataclass
class Oracle:
    """One asset, with what the writing functions of the oracle keep for it."""

    asset_is_token1: bool
    quote_price: int
    min_depth: int
    last: LastValid | None = field(default=None)

    def band(self, window: Window | None) -> Band:
        return band(window, self.asset_is_token1, self.quote_price, self.min_depth, self.last)

    def write(self, window: Window | None, now: int) -> Band:
        """What the first writing call of a bucket that finds a price does; later ones change nothing."""
        answer = self.band(window)
        bucket = now // BUCKET
        if window is not None and answer.low and (self.last is None or self.last.bucket != bucket):
            at = ticks(window, self.asset_is_token1)
            self.last = LastValid(bucket, at.low, at.high)
        return answer
