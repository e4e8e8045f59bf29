"""The minutes of a real Uniswap V3 pool (USDC as token0, WETH as token1), read from files: prices, liquidity, traded amounts. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from plimsoll.incident.twap import tick_of
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from plimsoll.scenario import ScenarioError

WAD = 10**18
# raw units: WETH 18 decimals, USDC 6
MILLION_MILLIONS = 10**12

FLOW_COLUMNS = ("timestamp", "netAmount0", "netAmount1", "closeTick", "currentLiquidity")
TABLE_COLUMNS = ("time_utc", "price_usd", "liquidity")


@dataclass(frozen=True)
class Minute:
    ts: int
    # at its end
    tick: int
    liquidity: int
    # as the pool sees them: positive is what it received; None: not recorded
    net0: int | None = None
    net1: int | None = None

    @property
    def price_wad(self) -> int:
        return price_at(self.tick)


def sqrt_price_in(tick: int) -> int:
    """A square root of a price in the middle of a tick."""
    return (sqrt_ratio_at_tick(tick) + sqrt_ratio_at_tick(tick + 1)) // 2


def price_at(tick: int) -> int:
    """Dollars of one WETH, WAD, in the middle of a tick of raw WETH per raw USDC."""
    return WAD * MILLION_MILLIONS * 2**192 // sqrt_price_in(tick) ** 2


def read_flow(path: Path) -> list[Minute]:
    """Either form, told apart by its header; raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: is not a text file in UTF-8") from error
    lines = [(n, line) for n, line in enumerate(io.StringIO(text), start=1) if line.strip() and not line.startswith("#")]
    if not lines:
        raise ScenarioError(f"{path}: is empty")
    header = [f.strip() for f in next(csv.reader([lines[0][1]]))]
    wanted = FLOW_COLUMNS if header[0] == FLOW_COLUMNS[0] else TABLE_COLUMNS
    missing = [c for c in wanted if c not in header]
    if missing:
        raise ScenarioError(f"{path}, line {lines[0][0]}: column {missing[0]} is missing (found {','.join(header)})")
    minutes = []
    for number, line in lines[1:]:
        fields = [f.strip() for f in next(csv.reader([line]))]
        where = f"{path}, line {number}"
        if len(fields) != len(header):
            raise ScenarioError(f"{where}: {len(fields)} fields where the header has {len(header)}")
        row = dict(zip(header, fields, strict=True))
        minutes.append(_flow(where, row) if wanted is FLOW_COLUMNS else _table(where, row))
        if len(minutes) > 1 and minutes[-1].ts <= minutes[-2].ts:
            raise ScenarioError(f"{where}: rows must be sorted by time, each time once")
        if minutes[-1].liquidity <= 0:
            raise ScenarioError(f"{where}: the liquidity must be above 0")
    if len(minutes) < 2:
        raise ScenarioError(f"{path}: holds {len(minutes)} rows; at least 2 are needed")
    return minutes


def _time(where: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ScenarioError(f"{where}: '{text}' is not a time such as 2023-08-17T21:35:00Z (UTC)") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _whole(where: str, row: dict[str, str], column: str) -> int:
    try:
        return int(row[column])
    except ValueError:
        raise ScenarioError(f"{where}, column {column}: '{row[column]}' is not a whole number") from None


def _flow(where: str, row: dict[str, str]) -> Minute:
    net0, net1, tick, liquidity = (_whole(where, row, c) for c in FLOW_COLUMNS[1:])
    # a row is named by the minute's beginning; its figures are those of its end
    return Minute(_time(where, row["timestamp"]) + 60, tick, liquidity, net0, net1)


def _table(where: str, row: dict[str, str]) -> Minute:
    try:
        price = Decimal(row["price_usd"])
    except InvalidOperation:
        raise ScenarioError(f"{where}, column price_usd: '{row['price_usd']}' is not a number") from None
    if not price.is_finite() or price <= 0:
        raise ScenarioError(f"{where}, column price_usd: the price must be above 0")
    raw = int(price * WAD)
    return Minute(_time(where, row["time_utc"]), tick_of(WAD * MILLION_MILLIONS, raw), _whole(where, row, "liquidity"))


def every_minute(minutes: Sequence[Minute]) -> list[Minute]:
    """The same with a row for every minute: ticks on straight lines, the liquidity of the row before."""
    found = [minutes[0]]
    for a, b in pairwise(minutes):
        span = b.ts - a.ts
        for dt in range(60, span, 60):
            found.append(Minute(a.ts + dt, a.tick + (b.tick - a.tick) * dt // span, a.liquidity))
        found.append(b)
    return found


def steepest(points: Sequence[tuple[int, int]], seconds: int) -> int:
    """The time at the beginning of the stretch of so many seconds in which the price falls most. `points`: (time, price)."""
    best, found = 0.0, points[0][0]
    j = 0
    for ts, price in points:
        while j < len(points) - 1 and points[j][0] < ts + seconds:
            j += 1
        fall = 1 - points[j][1] / price
        if fall > best:
            best, found = fall, ts
    return found
