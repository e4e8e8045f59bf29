"""Prices of a market day, read from a file, as a path that a replay can walk.

Two forms are read, told apart by their header line (lines that start with # are comments):

* a short table, `time_utc,price_usd`: one price per row, straight lines in between;
* candles, `period_start_utc,open_usd,high_usd,low_usd,close_usd[,volume_eth]`: each candle is walked through all its four prices.
  A candle that ends higher goes open, low, high, close, one that ends lower goes open, high, low, close: the order that makes the
  shorter way. The prices stand at 0, 30, 60 and 90 % of the period; the rest of it leads to the next candle's open, so that no
  price of the file is skipped.

Prices are WAD integers (dollars of one ETH * 10**18), times are seconds since 1970.
"""

from __future__ import annotations

import argparse
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

WAD = 10**18

TABLE_COLUMNS = ("time_utc", "price_usd")
CANDLE_COLUMNS = ("period_start_utc", "open_usd", "high_usd", "low_usd", "close_usd")
OPTIONAL_COLUMNS = ("volume_eth",)

# Outside of these a price is a typing error, and a pair of that price could not be seeded with sensible amounts.
LOWEST_PRICE = Decimal("0.000001")
HIGHEST_PRICE = Decimal("1000000000")

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|\+00:00)?")


class ScenarioError(ValueError):
    """A file of prices that cannot be used; the message names file, line and column."""


@dataclass(frozen=True)
class Point:
    ts: int
    price_wad: int


@dataclass(frozen=True)
class Candle:
    ts: int
    open: int
    high: int
    low: int
    close: int


@dataclass(frozen=True)
class Scenario:
    """A path of prices: `points` in order of time, straight lines in between."""

    name: str
    form: str
    points: tuple[Point, ...]

    @property
    def start_ts(self) -> int:
        return self.points[0].ts

    @property
    def first_wad(self) -> int:
        return self.points[0].price_wad

    @property
    def lowest_wad(self) -> int:
        return min(p.price_wad for p in self.points)

    def steps(self, step_seconds: int) -> list[Point]:
        """The path at most `step_seconds` apart, every point of the file among them, without the first point.

        >>> Scenario("x", "table", (Point(0, 100), Point(90, 130))).steps(60)
        [Point(ts=45, price_wad=115), Point(ts=90, price_wad=130)]
        """
        if step_seconds <= 0:
            raise ValueError("step_seconds must be positive")
        out: list[Point] = []
        for a, b in zip(self.points, self.points[1:], strict=False):
            span = b.ts - a.ts
            parts = -(-span // step_seconds)
            for i in range(1, parts + 1):
                dt = span * i // parts
                out.append(Point(a.ts + dt, a.price_wad + (b.price_wad - a.price_wad) * dt // span))
        return out


def read_scenario(path: Path | str) -> Scenario:
    """Read and check a file of prices; raises ScenarioError."""
    path = Path(path)
    form, columns, rows = _read_rows(path)
    if form == "table":
        points = tuple(Point(_time(path, line, row), _price(path, line, row, "price_usd")) for line, row in rows)
        _check_order(path, [p.ts for p in points], [line for line, _ in rows], columns[0])
        return Scenario(path.stem, form, points)
    candles = _candles(path, rows)
    return Scenario(path.stem, form, tuple(walk_candles(candles)))


def walk_candles(candles: Sequence[Candle]) -> list[Point]:
    """All four prices of each candle, in the order that makes the shorter way."""
    period = min(b.ts - a.ts for a, b in pairwise(candles))
    points: list[Point] = []
    for c in candles:
        middle = (c.low, c.high) if c.close >= c.open else (c.high, c.low)
        for tenths, price in zip((0, 3, 6, 9), (c.open, *middle, c.close), strict=True):
            points.append(Point(c.ts + period * tenths // 10, price))
    points.append(Point(candles[-1].ts + period, candles[-1].close))
    return points


def short_table(candles: Sequence[Candle], every_seconds: int = 1800) -> list[Point]:
    """One price per half hour: the open of the first, then the *lowest* price of the half hour that ends at each time."""
    start = candles[0].ts
    period = min(b.ts - a.ts for a, b in pairwise(candles))
    end = candles[-1].ts + period
    points = [Point(start, candles[0].open)]
    for ts in range(start + every_seconds, end + 1, every_seconds):
        lows = [c.low for c in candles if ts - every_seconds <= c.ts < ts]
        if lows:
            points.append(Point(ts, min(lows)))
    return points


def read_candles(path: Path | str) -> list[Candle]:
    path = Path(path)
    form, _, rows = _read_rows(path)
    if form != "candles":
        raise ScenarioError(f"{path}: holds no candles (columns {','.join(CANDLE_COLUMNS)})")
    return _candles(path, rows)


def format_table(points: Sequence[Point], source: str) -> str:
    """The short table as text, with where it comes from and how it was made."""
    when = datetime.fromtimestamp(points[0].ts, UTC).date().isoformat()
    lines = [
        f"# ETH/USD on {when} (UTC), one price per half hour.",
        "# The first row is the day's opening price; every other row is the lowest price traded in the half hour that ends at its",
        "# time. So each low of the day is in the table, at most half an hour late, and rebounds within a half hour are not:",
        "# the harder reading of the day for borrowers and lenders.",
        f"# Source: {source},",
        "# from the price feeds published with StableSims (arXiv 2201.03519). Made by: python -m plimsoll.scenario --candles FILE",
        ",".join(TABLE_COLUMNS),
    ]
    lines += [f"{_iso(p.ts)},{_decimal_text(p.price_wad)}" for p in points]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- reading


def _read_rows(path: Path) -> tuple[str, list[str], list[tuple[int, dict[str, str]]]]:
    if not path.exists():
        raise ScenarioError(f"{path}: no such file")
    if path.is_dir():
        raise ScenarioError(f"{path}: is a directory, not a file of prices")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: is not a text file in UTF-8") from error

    columns: list[str] = []
    form = ""
    rows: list[tuple[int, dict[str, str]]] = []
    for number, raw in enumerate(io.StringIO(text), start=1):
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        try:
            fields = [field.strip() for field in next(csv.reader([raw]))]
        except csv.Error as error:
            raise ScenarioError(f"{path}, line {number}: {error}") from error
        if not columns:
            columns = [field.lower() for field in fields]
            form = _form(path, number, columns)
            continue
        if len(fields) != len(columns):
            raise ScenarioError(f"{path}, line {number}: {len(fields)} fields where the header has {len(columns)} ({','.join(columns)})")
        rows.append((number, dict(zip(columns, fields, strict=True))))
    if not columns:
        raise ScenarioError(f"{path}: is empty; the first line must name the columns, such as {','.join(TABLE_COLUMNS)}")
    if len(rows) < 2:
        raise ScenarioError(f"{path}: holds {len(rows)} rows of prices; at least 2 are needed")
    return form, columns, rows


def _form(path: Path, line: int, columns: list[str]) -> str:
    for form, wanted in (("table", TABLE_COLUMNS), ("candles", CANDLE_COLUMNS)):
        if columns[0] != wanted[0]:
            continue
        missing = [name for name in wanted if name not in columns]
        if missing:
            raise ScenarioError(f"{path}, line {line}: column {missing[0]} is missing (found {','.join(columns)})")
        extra = [name for name in columns if name not in wanted + OPTIONAL_COLUMNS]
        if extra:
            raise ScenarioError(f"{path}, line {line}: unknown column {extra[0]}")
        if len(set(columns)) != len(columns):
            raise ScenarioError(f"{path}, line {line}: a column is named twice ({','.join(columns)})")
        return form
    raise ScenarioError(
        f"{path}, line {line}: the first line must name the columns, {','.join(TABLE_COLUMNS)} or "
        f"{','.join(CANDLE_COLUMNS)}; found {','.join(columns)}"
    )


def _candles(path: Path, rows: list[tuple[int, dict[str, str]]]) -> list[Candle]:
    candles = []
    for line, row in rows:
        prices = {name: _price(path, line, row, name) for name in CANDLE_COLUMNS[1:]}
        low, high = prices["low_usd"], prices["high_usd"]
        for name in ("open_usd", "close_usd"):
            if not low <= prices[name] <= high:
                raise ScenarioError(
                    f"{path}, line {line}, column {name}: {row[name]} is not between the candle's low {row['low_usd']} "
                    f"and its high {row['high_usd']}"
                )
        candles.append(Candle(_time(path, line, row), prices["open_usd"], high, low, prices["close_usd"]))
    _check_order(path, [c.ts for c in candles], [line for line, _ in rows], CANDLE_COLUMNS[0])
    return candles


def _time(path: Path, line: int, row: dict[str, str]) -> int:
    column = TABLE_COLUMNS[0] if TABLE_COLUMNS[0] in row else CANDLE_COLUMNS[0]
    text = row[column]
    where = f"{path}, line {line}, column {column}"
    if not text:
        raise ScenarioError(f"{where}: missing time")
    if not _TIME.fullmatch(text):
        raise ScenarioError(f"{where}: '{text}' is not a time such as 2020-03-12T10:30:00Z (UTC)")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise ScenarioError(f"{where}: '{text}' is not a time ({error})") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.year < 2000:
        raise ScenarioError(f"{where}: '{text}' is before the year 2000")
    return int(moment.timestamp())


def _price(path: Path, line: int, row: dict[str, str], column: str) -> int:
    text = row[column]
    where = f"{path}, line {line}, column {column}"
    if not text:
        raise ScenarioError(f"{where}: missing price")
    try:
        price = Decimal(text)
    except InvalidOperation:
        raise ScenarioError(f"{where}: '{text}' is not a number") from None
    if not price.is_finite():
        raise ScenarioError(f"{where}: '{text}' is not a number")
    if price < 0:
        raise ScenarioError(f"{where}: negative price {text}")
    if price == 0:
        raise ScenarioError(f"{where}: the price is zero")
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        raise ScenarioError(f"{where}: price {text} is not between {LOWEST_PRICE} and {HIGHEST_PRICE}")
    return int(price * WAD)


def _check_order(path: Path, times: Sequence[int], lines: Sequence[int], column: str) -> None:
    for i in range(1, len(times)):
        if times[i] == times[i - 1]:
            raise ScenarioError(f"{path}, line {lines[i]}, column {column}: {_iso(times[i])} comes twice")
        if times[i] < times[i - 1]:
            raise ScenarioError(
                f"{path}, line {lines[i]}, column {column}: {_iso(times[i])} is before the row above; rows must be sorted by time"
            )


def _iso(ts: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=ts)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _decimal_text(price_wad: int) -> str:
    """With at least two decimals: 132.00, 0.123456."""
    price = Decimal(price_wad) / WAD
    cents = round(price, 2)
    return f"{cents if cents == price else price:f}"


# ---------------------------------------------------------------- making the short table


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m plimsoll.scenario",
        description="Make a short table of prices, one per half hour, from a file of candles.",
        epilog="example: python -m plimsoll.scenario --candles eth-usd-10min-2020-03-12.csv > config/scenarios/eth-2020-03-12.csv",
    )
    default = Path("../shared/data/eth-usd-10min-2020-03-12.csv")
    parser.add_argument("--candles", type=Path, default=default, help=f"file of candles (default: {default}, where it exists)")
    args = parser.parse_args(argv)
    try:
        points = short_table(read_candles(args.candles))
    except ScenarioError as error:
        parser.exit(2, f"{error}\n")
    print(format_table(points, f"{args.candles.name}, ten-minute candles of one exchange"), end="")


if __name__ == "__main__":
    main()
