"""A PriceOracle on a scripted source, and the windows to script it with."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import boa

from plimsoll.reference.band import BUCKET, SLOW_BUCKETS, Band, Oracle, Why, Window
from plimsoll.reference.observations import MAX_BUCKETS
from tests.conftest import load

WAD = 10**18
DOLLAR_6 = 10**30  # price of a dollar with 6 decimals
DOLLAR_18 = 10**18

# log_1.0001 of 200e6 / 1e18: one ETH at 200 dollars of 6 decimals
ETH_TICK = -223339
# sqrt(10,000 ETH * 2,000,000 dollars) in raw units
ETH_LIQUIDITY = 141421356237309504

BURNS_ALL = bytes.fromhex("5b5f56")  # a loop without end
HUGE_ANSWER = bytes.fromhex("6205ffff5ff3")  # 393,215 zero bytes


def short_seconds(now: int) -> int:
    return now - (now - 300) // BUCKET * BUCKET


def fresh_seconds(now: int) -> int:
    return now - (now // 60 - 1) * 60


def scripted(
    now: int,
    short: int,
    fresh: int,
    buckets: Sequence[int],
    liquidities: Sequence[int] = (ETH_LIQUIDITY,) * SLOW_BUCKETS,
    short_rest: int = 0,
    fresh_rest: int = 0,
) -> Window:
    """A window whose short and fresh mean ticks and bucket sums are the given ones; `rest` is added to a sum."""
    return Window(
        started_ts=now - 7200,
        short_sum=short * short_seconds(now) + short_rest,
        short_seconds=short_seconds(now),
        fresh_sum=fresh * fresh_seconds(now) + fresh_rest,
        fresh_seconds=fresh_seconds(now),
        bucket_tick_sums=tuple(buckets),
        bucket_liquidities=tuple(liquidities),
    )


def steady(now: int, tick: int = ETH_TICK, liquidity: int = ETH_LIQUIDITY) -> Window:
    """The window of a market that has stood still."""
    return scripted(now, tick, tick, [tick * BUCKET] * SLOW_BUCKETS, [liquidity] * SLOW_BUCKETS)


def as_band(answer: Any) -> Band:
    """A contract's Band as the reference's."""
    low, high, liquidation_high, liquidation_low, fresh, depth, why = answer
    return Band(low, high, liquidation_high, liquidation_low, fresh, depth, Why(why))


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


@dataclass
class Market:
    """An oracle, one asset with a scripted source, and the reference of it."""

    oracle: Any
    source: Any
    asset: Any
    quote: Any
    model: Oracle

    def script(self, window: Window) -> Window:
        self.source.set_window(as_abi(window))
        return window

    def band(self) -> Band:
        return as_band(self.oracle.band(self.asset))

    def break_source(self, code: bytes) -> Callable[[], None]:
        """Put other code in the source's place; returns what puts it back."""
        address = self.source.address
        original = boa.env.evm.get_code(address)
        boa.env.set_code(address, code)
        return lambda: boa.env.set_code(address, original)


def as_abi(window: Window) -> tuple[Any, ...]:
    *head, sums, liquidities = astuple(window)
    words = [(tick_sum << 128 | liquidity) % 2**256 for tick_sum, liquidity in zip(sums, liquidities, strict=True)]
    return (*head, len(words), words + [0] * (MAX_BUCKETS - len(words)))


def new_market(owner: Any, asset_is_token1: bool = False, quote_price: int = DOLLAR_6, min_depth: int = 100_000 * WAD) -> Market:
    asset, quote = boa.env.generate_address("asset"), boa.env.generate_address("quote")
    tokens = (quote, asset) if asset_is_token1 else (asset, quote)
    source = load("testing/ScriptedSource.vy").deploy(*tokens)
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    source.set_window(as_abi(Window(0, 0, 0, 0, 0)))
    oracle.set_quote(quote, quote_price, sender=owner)
    oracle.set_source(asset, source, quote, min_depth, sender=owner)
    return Market(oracle, source, asset, quote, Oracle(asset_is_token1, quote_price, min_depth))
