"""A picture of a pool: liquidity over price, and below it the range of each position. Floats are fine here: nothing is counted with them."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

from plimsoll import pools, words
from plimsoll.plots import GRID, INK, MUTED
from plimsoll.pool_text import name_and_fee, price_text
from plimsoll.pools import PAIR, Pool, Position

INSIDE = "#0f8b8d"
OUTSIDE = "#c9a227"
AREA = "#9cc4e8"
EDGE = "#1f6fb2"
PRICE = "#d7263d"
# Positions that get a line of their own, the largest ones
LINES = 24
# How far from the price the picture reaches at most, and where no range ends, as factors
FURTHEST, ALONE = 12.0, 1.25


def draw(pool: Pool) -> bytes:
    """As PNG. The pool has a price."""
    out = io.BytesIO()
    figure(pool).savefig(out, format="png")
    return out.getvalue()


def figure(pool: Pool) -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    assert pool.price is not None
    chosen = sorted(pool.working, key=lambda x: pool.in_quote(x.amounts), reverse=True)[:LINES]
    chosen.sort(key=lambda x: (pool.range_of(x)[1], pool.range_of(x)[0]))
    price = float(pool.price)
    low, high = _reach(pool, price)

    below = 0.9 + 0.34 * len(chosen) if chosen else 0.0
    height = 6.6 + below
    made = Figure(figsize=(12, height), dpi=110, facecolor="white")
    ratios = (4.4, below) if chosen else (1,)
    grid = made.add_gridspec(
        len(ratios), 1, height_ratios=ratios, hspace=0.62 / height * 2.2, left=0.175, right=0.875, top=1 - 1.68 / height, bottom=0.75 / height
    )
    panels = [made.add_subplot(grid[0])]
    if chosen:
        panels.append(made.add_subplot(grid[1], sharex=panels[0]))
    for panel in panels:
        panel.set_axisbelow(True)
        panel.grid(True, axis="x", color=GRID, linewidth=0.8)
        panel.tick_params(colors=MUTED, labelsize=9.5, length=0)
        for side in ("top", "right", "left"):
            panel.spines[side].set_visible(False)
        panel.spines["bottom"].set_color(GRID)
        panel.axvline(price, color=PRICE, linewidth=1.4, zorder=4)
    _liquidity(panels[0], pool, low, high, price)
    if chosen:
        _ranges(panels[1], pool, chosen, low, high)
        panels[0].tick_params(labelbottom=False)
    _prices(panels[-1], pool, low, high)
    _heading(made, pool, height)
    return made


def _reach(pool: Pool, price: float) -> tuple[float, float]:
    """All ends of ranges that are not far away, with room around them."""
    ends = [float(pool.tick_price(t)) for t in pool.ticks]
    near = [end for end in ends if price / FURTHEST <= end <= price * FURTHEST]
    if not near:
        return price / ALONE, price * ALONE
    low, high = min(price, *near), max(price, *near)
    margin = max((high / low) ** 0.12, 1.0001)
    return low / margin, high * margin


def _ends(pool: Pool, lower: int, upper: int) -> tuple[float, float]:
    ends = sorted(pool.tick_price(t) for t in (lower, upper))
    return float(ends[0]), float(ends[1])


def _liquidity(panel: Any, pool: Pool, low: float, high: float, price: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    scale = 10 ** (sum(c.decimals for c in pool.coins) / 2)
    if pool.kind == PAIR:
        steps = [(0.0, math.inf, pool.liquidity / scale)]
    else:
        steps = [(*_ends(pool, lower, upper), liquidity / scale) for lower, upper, liquidity in pools.profile(pool.ticks)]
    steps.sort()
    edges: list[float] = [low]
    heights: list[float] = []
    for start, end, liquidity in steps:
        start, end = max(start, low), min(end, high)
        if start >= end:
            continue
        if start > edges[-1]:
            heights.append(0.0)
            edges.append(start)
        heights.append(liquidity)
        edges.append(end)
    if edges[-1] < high:
        heights.append(0.0)
        edges.append(high)
    panel.stairs(heights, edges, fill=True, color=AREA, alpha=0.6, zorder=2)
    # without the walls at both ends, where only the picture ends
    panel.stairs(heights, edges, baseline=None, color=EDGE, linewidth=1.4, zorder=3)
    top = max(heights, default=0.0) or 1.0
    panel.set_ylim(0, top * 1.16)
    panel.yaxis.set_major_locator(MaxNLocator(nbins=5))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _number(v)))
    panel.grid(True, axis="y", color=GRID, linewidth=0.8)
    base, quote = pool.coins[pool.base].symbol, pool.coins[pool.quote].symbol
    _title(panel, "Liquidity", f"sqrt({base} x {quote}), whole tokens: how much there is to trade against at each price")
    # beside the line, on the side with more room
    assert pool.price is not None
    left = math.log(price / low) > math.log(high / price)
    panel.annotate(
        f"{price_text(pool.price)} {quote}",
        (price, 1),
        (-7 if left else 7, -4),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=11,
        fontweight="bold",
        color=PRICE,
        parse_math=False,
        zorder=6,
    )


def _ranges(panel: Any, pool: Pool, chosen: Sequence[Position], low: float, high: float) -> None:
    """A bar from end to end; where it goes on beyond the picture there is an arrow."""
    from matplotlib.transforms import ScaledTranslation

    for row, x in enumerate(chosen):
        start, end = (float(p) for p in pool.range_of(x))
        colour = INSIDE if pool.state(x) == "in range" else OUTSIDE
        left, right = max(start, low), min(end, high)
        if left < right:
            panel.barh(row, right - left, left=left, height=0.56, color=colour, alpha=0.85, linewidth=0, zorder=3)
        for beyond, at, marker, side in ((start < low, low, "<", 9), (end > high, high, ">", -9)):
            if beyond:
                offset = panel.transData + ScaledTranslation(side / 72, 0, panel.figure.dpi_scale_trans)
                panel.plot([at], [row], marker=marker, color="white", markersize=6, transform=offset, zorder=5)
    quote = pool.coins[pool.quote]
    panel.set_ylim(-0.7, len(chosen) - 0.3)
    panel.set_yticks(range(len(chosen)), [f"{x.name}  {words.short(x.owner)}" for x in chosen], color=INK)
    worths = panel.twinx()
    worths.set_ylim(panel.get_ylim())
    labels = [_number(pool.in_quote(x.amounts) / 10**quote.decimals) for x in chosen]
    worths.set_yticks(range(len(chosen)), labels, color=INK, parse_math=False)
    worths.tick_params(length=0, labelsize=9.5, pad=6)
    for spine in worths.spines.values():
        spine.set_visible(False)
    inside = sum(pool.state(x) == "in range" for x in pool.working)
    more = f"; the {len(chosen)} largest are shown" if len(pool.working) > len(chosen) else ""
    _title(panel, "Positions", f"{inside} of {len(pool.working)} in range{more}; on the right what each is worth in {quote.symbol}")


def _prices(panel: Any, pool: Pool, low: float, high: float) -> None:
    """The price axis: even steps of ratio, labelled in plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    panel.set_xscale("log")
    # below the lowest number of the other axis
    panel.tick_params(axis="x", pad=9)
    panel.set_xlim(low, high)
    panel.xaxis.set_major_locator(FixedLocator(_round_prices(low, high)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.10g}" if 1e-5 <= v < 1e9 else f"{v:.3g}"))
    base, quote = pool.coins[pool.base].symbol, pool.coins[pool.quote].symbol
    panel.set_xlabel(f"price of {base} in {quote}", color=MUTED, fontsize=9.5, labelpad=6)


def _round_prices(low: float, high: float) -> list[float]:
    """Four to nine round numbers between both."""
    wide = high / low > 4
    if wide:
        for factors in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,)):
            exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            found = [f * 10.0**e for e in exponents for f in factors if low <= f * 10.0**e <= high]
            if len(found) <= 9:
                return found
        return found[:: len(found) // 8 + 1]
    rough = (high - low) / 7
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(s * size for s in (1, 2, 2.5, 5, 10) if s * size >= rough)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _number(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def _title(panel: Any, text: str, note: str) -> None:
    head = panel.annotate(text, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", fontsize=12, fontweight="bold", color=INK)
    panel.annotate(note, (1, 0), (9, 0.8), xycoords=head, textcoords="offset points", fontsize=9.5, color=MUTED, va="bottom", parse_math=False)


def _heading(figure: Any, pool: Pool, height: float) -> None:
    def line(text: str, inches: float, size: float, colour: str, **more: Any) -> None:
        figure.text(0.035, 1 - inches / height, text, fontsize=size, color=colour, va="center", parse_math=False, **more)

    base, quote = pool.coins[pool.base], pool.coins[pool.quote]
    line(name_and_fee(pool), 0.42, 17, INK, fontweight="bold")
    holds = f"{base.text(pool.holds[pool.base], 2)} and {quote.text(pool.holds[pool.quote], 2)}"
    line(f"holds {holds}, worth {quote.text(pool.in_quote(pool.holds), 2)}", 0.78, 10, INK)
    line(pool.address, 1.01, 9.5, MUTED)
