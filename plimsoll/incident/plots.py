"""The pictures of the incident replays, one for each part. Floats are fine here: nothing is counted with them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from plimsoll.incident.crashes import Crash
from plimsoll.incident.day import Series as DaySeries
from plimsoll.incident.falls import WAYS, Fall
from plimsoll.incident.grid import Series
from plimsoll.incident.result import Result
from plimsoll.plots import BAND, DEFICIT, GRID, INK, MARKET, MUTED, TRIGGER

WAD = 10**18
SPOT = "#d7263d"
SHORT = "#ee8434"
LONG = "#b58900"
FED = "#0f8b8d"
BARE = TRIGGER
# What the grid's picture shows, one pool's and the fullest oracle's
GRID_LINES = (
    ("spot, one", "spot", SPOT, 1.3),
    ("5 min, one", "5-minute mean", SHORT, 1.3),
    ("30 min, one", "30-minute mean", LONG, 1.3),
    ("band, one", "band, one pool", BARE, 2.0),
    ("band, two + feed", "band, two pools and a feed", FED, 2.0),
)
CRASH_LINES = (
    ("spot", "spot (model)", SPOT),
    ("30-minute mean", "30-minute mean (model)", LONG),
    ("band", "band", BARE),
    ("band + feed", "band and a feed", FED),
)


def draw(result: Result) -> dict[str, bytes]:
    """File name -> PNG, for the parts that were replayed."""
    made = {}
    if result.series:
        made["incident-grid.png"] = _png(_grid(result))
    if result.falls:
        made["incident-falls.png"] = _png(_falls(result))
    if result.crashes:
        made["incident-crashes.png"] = _png(_crashes(result))
    return made


def _figure(width: float, height: float) -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=110, facecolor="white")


def _png(figure: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _plain(panel: Any, title: str = "", note: str = "") -> None:
    panel.set_axisbelow(True)
    panel.grid(True, color=GRID, linewidth=0.8)
    panel.tick_params(colors=MUTED, labelsize=9, length=0)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(GRID)
    if title:
        head = panel.annotate(
            title, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", fontsize=11, fontweight="bold", color=INK
        )
        panel.annotate(note, (1, 0), (8, 0.8), xycoords=head, textcoords="offset points", fontsize=9, color=MUTED, va="bottom")


def _heading(figure: Any, text: str, note: str) -> None:
    height = figure.get_size_inches()[1]
    figure.text(0.06, 1 - 0.38 / height, text, fontsize=16, fontweight="bold", color=INK, va="center")
    figure.text(0.06, 1 - 0.72 / height, note, fontsize=10, color=MUTED, va="center")


def _legend(panel: Any, **options: Any) -> None:
    panel.legend(fontsize=8.5, frameon=False, labelcolor=INK, **options)


# ---------------------------------------------------------------- the grid


def _grid(result: Result) -> Any:
    figure = _figure(13, 10.4)
    _heading(
        figure,
        "A thin pool is pushed for five minutes",
        "the second pool follows at once, the feed does not; accounts at usage 60-99 %",
    )
    panels = figure.subplots(3, len(result.series), squeeze=False, height_ratios=(2.2, 2, 1.8))
    figure.subplots_adjust(left=0.06, right=0.985, top=0.885, bottom=0.05, hspace=0.34, wspace=0.14)
    for column, series in enumerate(result.series):
        _push(panels[0][column], panels[1][column], result, series, first=column == 0)
        _by_duration(panels[2][column], result, series.replay.direction, first=column == 0)
    return figure


def _push(prices: Any, counts: Any, result: Result, series: Series, first: bool) -> None:
    direction = series.replay.direction
    accounts = result.accounts(direction)
    minutes = [s / 60 for s in series.seconds]
    side = "collateral" if direction == "dump" else "debt"
    _plain(prices, f"{direction.capitalize()}: price of the {side} in the liquidation test", "dollars")
    _plain(counts, "Accounts that could be liquidated", f"of {accounts}, at the end of each block")
    for key, label, colour, width in GRID_LINES:
        prices.step(minutes, [p / WAD for p in series.prices[key]], where="post", color=colour, linewidth=width, label=label)
        reached = series.liquidatable[key]
        counts.step(minutes, reached, where="post", color=colour, linewidth=width, label=f"{label}: {max(reached)}")
    _legend(counts, loc="upper right")
    counts.set_xlabel("minutes since the push began", fontsize=9, color=MUTED)
    if first:
        _legend(prices, loc="lower right")


def _by_duration(panel: Any, result: Result, direction: str, first: bool) -> None:
    """Liquidated in the worst phase, by the length of the push."""
    _plain(panel, "Liquidated, by the length of the push", "% of the accounts, worst phase")
    durations = result.durations()
    shown = (
        ("one pool", "spot", "spot", SPOT),
        ("one pool", "30 min", "30-minute mean", LONG),
        ("one pool", "band", "band, one pool", BARE),
        ("two, never", "band", "band, two pools, second stays", BAND),
        ("one + feed", "band", "band, one pool and a feed", FED),
    )
    sets = {v.title: v for v in result.venue_sets()}
    bars = [s for s in shown if s[0] in sets]
    width = 0.8 / len(bars)
    for i, (venues, oracle, label, colour) in enumerate(bars):
        cells = [result.cell(direction, m, sets[venues], oracle) for m in durations]
        shares = [100 * c.worst / result.accounts(direction) if c else 0 for c in cells]
        at = [j + (i - (len(bars) - 1) / 2) * width for j in range(len(durations))]
        panel.bar(at, shares, width * 0.92, color=colour, label=label)
        for x, share in zip(at, shares, strict=True):
            panel.annotate(f"{share:.0f}", (x, share), (0, 1), textcoords="offset points", ha="center", fontsize=7.5, color=MUTED)
    panel.set_xticks(range(len(durations)), [f"{m} min" for m in durations])
    if first:
        _legend(panel, loc="upper right", ncols=2)
    panel.set_ylim(0, 130)
    panel.set_yticks([0, 50, 100])


# ---------------------------------------------------------------- falls


def _falls(result: Result) -> Any:
    falls = sorted((f for f in result.falls if (f.shape, f.offset) == (result.shapes()[0], 0)), key=lambda f: -f.minutes)
    figure = _figure(15, 10.2)
    _heading(
        figure,
        "The true price falls by half and stays there",
        "everything that can be liquidated at a profit is liquidated in the next block; accounts begin at usage 60-99 %",
    )
    margins = {"left": 0.05, "right": 0.985, "top": 0.885, "bottom": 0.06, "hspace": 0.36, "wspace": 0.2}
    grid = figure.add_gridspec(3, len(falls), height_ratios=(2.1, 1.7, 1.9), **margins)
    for column, fall in enumerate(falls):
        prices = figure.add_subplot(grid[0, column])
        taken = figure.add_subplot(grid[1, column], sharex=prices)
        _fall(prices, taken, fall, first=column == 0, last=column == len(falls) - 1)
    _bad_debt(figure.add_subplot(grid[2, :]), result, falls)
    return figure


def _fall(prices: Any, taken: Any, fall: Fall, first: bool, last: bool) -> None:
    s = fall.series
    begin = s.ts[0]
    minutes = [(t - begin) / 60 for t in s.ts]
    _plain(prices, f"In {fall.minutes} minutes", "dollars" if first else "")
    bands = {name: [b[2] / WAD for b in rows] for name, rows in s.bands.items()}
    lows, highs = ([b[k] / WAD for b in s.bands["one"]] for k in (0, 1))
    prices.fill_between(minutes, lows, highs, color=BAND, alpha=0.45, linewidth=0, label="band, one pool")
    prices.plot(minutes, bands["one"], color=BARE, linewidth=1.6, label="trigger price, one pool")
    prices.plot(minutes, bands["one + feed"], color=FED, linewidth=1.6, label="trigger price, with a feed")
    prices.plot(minutes, [p / WAD for p in s.true_price], color=MARKET, linewidth=1.2, label="true price")
    prices.set_xlim(0, fall.minutes + 60)
    _plain(taken, "Debt repaid by liquidators" if first else "", "thousand dollars" if first else "")
    for name, label, colour in (("LTV 65, one", "LTV 65, one pool", BARE), ("LTV 75, one + feed", "LTV 75, one pool and a feed", FED)):
        total, xs, ys = 0.0, [0.0], [0.0]
        for ts, repaid in fall.liquidations[name]:
            total += repaid / 1_000
            xs.append(ts / 60)
            ys.append(total)
        taken.step([*xs, fall.minutes + 60], [*ys, total], where="post", color=colour, linewidth=1.6, label=label)
    taken.set_xlabel("minutes", fontsize=9, color=MUTED)
    if last:
        # the panels are too narrow for them: above each row
        for panel, top in ((prices, 0.975), (taken, 0.59)):
            handles, labels = panel.get_legend_handles_labels()
            panel.figure.legend(handles, labels, loc="upper right", bbox_to_anchor=(0.985, top), ncols=2, fontsize=9, frameon=False)


def _bad_debt(panel: Any, result: Result, falls: list[Fall]) -> None:
    way = WAYS[falls[0].shape]
    _plain(panel, "Bad debt", f"% of the debt, by how long the fall takes; {way}, worst phase of a bucket")
    names = list(falls[0].pools)
    colours = ["#9cc4e8", "#1f6fb2", "#8fd0c4", "#0f8b8d", "#f4c7a1", "#ee8434", "#e6a0aa", DEFICIT]
    width = 0.86 / len(names)
    for i, name in enumerate(names):
        values = [result.bad_debt(falls[0].shape, f.minutes, name) for f in falls]
        at = [j + (i - (len(names) - 1) / 2) * width for j in range(len(falls))]
        panel.bar(at, values, width * 0.92, color=colours[i % len(colours)], label=name)
        for x, v in zip(at, values, strict=True):
            text = "0" if not v else f"{v:.2g}"
            panel.annotate(text, (x, v), (0, 1), textcoords="offset points", ha="center", fontsize=7.5, color=MUTED)
    panel.set_xticks(range(len(falls)), [f"{f.minutes} min" for f in falls])
    _legend(panel, loc="upper left", ncols=2)


# ---------------------------------------------------------------- crashes


def _crashes(result: Result) -> Any:
    crashes = result.crashes
    figure = _figure(15, 11)
    _heading(
        figure,
        "Real crashes",
        "the true price, the band made of our own pool's memory, and when accounts at usage 60-99 % were liquidated on chain",
    )
    margins = {"left": 0.05, "right": 0.985, "top": 0.89, "bottom": 0.05, "hspace": 0.3, "wspace": 0.17}
    grid = figure.add_gridspec(3, len(crashes), height_ratios=(2.2, 2.2, 1.7), **margins)
    for column, crash in enumerate(crashes):
        day, close, taken = (figure.add_subplot(grid[row, column]) for row in range(3))
        _crash(day, close, taken, crash, first=column == 0)
    return figure


def _crash(day: Any, close: Any, taken: Any, crash: Crash, first: bool) -> None:
    import matplotlib.dates as mdates
    import numpy as np

    s = crash.series
    times = mdates.date2num([datetime.fromtimestamp(t, UTC) for t in s.ts])
    true = np.array([p / WAD for p in s.true_price])
    hour = np.minimum(np.searchsorted(times, times + 1 / 24), len(times) - 1)
    steep = int((true[hour] / true).argmin())
    near = (times >= times[steep] - 0.5 / 24) & (times <= times[steep] + 2 / 24)
    _plain(day, crash.title, "dollars")
    _plain(close, "Around the steepest hour", "UTC")
    for panel, part in ((day, np.ones(len(times), dtype=bool)), (close, near)):
        _band(panel, s, times, true, part)
    _plain(taken, "Debt repaid by liquidators", "thousand dollars")
    for name, label, colour in CRASH_LINES:
        at = [mdates.date2num(datetime.fromtimestamp(t, UTC)) for t, _ in crash.liquidations[name]]
        total = np.cumsum([0.0, *(repaid / 1_000 for _, repaid in crash.liquidations[name])])
        taken.step([times[0], *at, times[-1]], [*total, total[-1]], where="post", color=colour, linewidth=1.5, label=label)
    for panel in (day, close, taken):
        hours = (panel.get_xlim()[1] - panel.get_xlim()[0]) * 24
        half = hours < 3.5
        panel.xaxis.set_major_locator(mdates.MinuteLocator(byminute=(0, 30)) if half else mdates.HourLocator(interval=1 + int(hours / 7)))
        panel.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M", tz=UTC))
    if first:
        _legend(day, loc="lower left")
        _legend(taken, loc="upper left")


def _band(panel: Any, s: DaySeries, times: Any, true: Any, part: Any) -> None:
    import numpy as np

    def line(name: str, k: int) -> Any:
        return np.array([b[k] / WAD for b in s.bands[name]])[part]

    panel.fill_between(times[part], line("one", 0), line("one", 1), color=BAND, alpha=0.45, linewidth=0, label="band")
    panel.plot(times[part], line("one", 2), color=BARE, linewidth=1.6, label="trigger price")
    panel.plot(times[part], line("one + feed", 2), color=FED, linewidth=1.3, label="trigger price, with a feed")
    panel.plot(times[part], true[part], color=MARKET, linewidth=1.1, label="true price")
