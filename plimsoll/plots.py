"""demo.png: the day in five panels. Floats are fine here: nothing is counted with them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from plimsoll.accounting import STAGES, WAD, Result, dollars

INK = "#1b2a3a"
MUTED = "#6b7a8a"
GRID = "#e3e8ee"
MARKET = "#111827"
BAND = "#9cc4e8"
TRIGGER = "#1f6fb2"
REPAID = "#7a3ea1"
DEBT = "#8a97a6"
DEFICIT = "#d7263d"
UTILISATION = "#0f8b8d"
STAGE_COLOURS = {
    "without_debt": "#e9edf2",
    "relaxed": "#2a9d8f",
    "safe": "#8ac28a",
    "caution": "#f2c14e",
    "danger": "#ee8434",
    "liquidation": "#d7263d",
}
STAGE_LABELS = {
    "without_debt": "no debt",
    "relaxed": "relaxed ≤ 30 %",
    "safe": "safe ≤ 60 %",
    "caution": "caution ≤ 80 %",
    "danger": "danger < 100 %",
    "liquidation": "liquidation",
}
# Bars of the liquidations panel per whole scenario
BARS = 48


def _zoom(panel: Any, times: Any, market: Any, low: Any, high: Any, trigger: Any) -> None:
    """The steepest hour and what is around it, in the upper right, if nothing is drawn there."""
    import matplotlib.dates as mdates
    import numpy as np

    hour = np.searchsorted(times, times + 1 / 24)
    reached = hour < len(times)
    right = market[int(len(market) * 0.5) :]
    bottom, top = panel.get_ylim()
    if not reached.any() or times[-1] - times[0] < 0.25 or right.max() > bottom + 0.53 * (top - bottom):
        return
    falls = market[hour[reached]] / market[reached]
    middle = times[reached][int(falls.argmin())] + 0.5 / 24
    near = (times >= middle - 0.8 / 24) & (times <= middle + 1.3 / 24)
    inset = panel.inset_axes((0.53, 0.555, 0.465, 0.345))
    inset.fill_between(times[near], low[near], high[near], color=BAND, alpha=0.55, linewidth=0)
    inset.plot(times[near], trigger[near], color=TRIGGER, linewidth=1.5)
    inset.plot(times[near], market[near], color=MARKET, linewidth=1.2)
    inset.set_xlim(times[near][0], times[near][-1])
    inset.grid(True, color=GRID, linewidth=0.7)
    inset.tick_params(colors=MUTED, labelsize=8.5, length=0)
    inset.xaxis.set_major_locator(mdates.MinuteLocator(byminute=(0, 30)))
    inset.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M", tz=UTC))
    inset.yaxis.set_major_formatter(lambda v, _: f"${v:,.0f}" if top >= 20 else f"${v:,.3g}")
    for spine in inset.spines.values():
        spine.set_color("#c5ced8")
    box = panel.indicate_inset_zoom(inset, edgecolor="#8a97a6", alpha=0.6)
    # the lines that would cross the day's curve
    for line in box.connectors:
        line.set_visible(False)


def draw(result: Result) -> bytes:
    """The figure as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.dates as mdates
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    steps = result.steps
    times = mdates.date2num([datetime.fromtimestamp(s.time, UTC) for s in steps])

    def series(name: str) -> Any:
        return np.array([getattr(s, name) / WAD for s in steps])

    def counts(name: str) -> Any:
        return np.array([getattr(s, name) for s in steps], dtype=float)

    figure = Figure(figsize=(13, 14.6), dpi=110, facecolor="white")
    grid = figure.add_gridspec(5, 1, height_ratios=(3.3, 2.3, 1.55, 1.35, 1.2), hspace=0.3, left=0.075, right=0.925, top=0.865, bottom=0.045)
    panels = [figure.add_subplot(grid[0])]
    panels += [figure.add_subplot(grid[i], sharex=panels[0]) for i in range(1, 5)]
    for panel in panels:
        panel.set_axisbelow(True)
        panel.grid(True, axis="both", color=GRID, linewidth=0.8)
        panel.tick_params(colors=MUTED, labelsize=9.5, length=0)
        for side in ("top", "right", "left"):
            panel.spines[side].set_visible(False)
        panel.spines["bottom"].set_color(GRID)
    price_panel, stage_panel, liquidation_panel, debt_panel, use_panel = panels

    def title(panel: Any, text: str, note: str = "") -> None:
        head = panel.annotate(
            text, (0, 1), (0, 7), xycoords="axes fraction", textcoords="offset points", fontsize=12, fontweight="bold", color=INK
        )
        if note:
            panel.annotate(note, (1, 0), (9, 0.8), xycoords=head, textcoords="offset points", fontsize=9.5, color=MUTED, va="bottom")

    def money(value: float, _: Any = None) -> str:
        for size, unit in ((1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"${value / size:.3g}{unit}"
        return f"${value:.3g}"

    # ------------------------------------------------ price and band
    title(price_panel, "Price and band", "the pair's own 30-minute memory; accounts are judged at the liquidation price, not at the market's")
    market = series("market_price")
    low, high = series("low"), series("high")
    seen = high > 0
    price_panel.fill_between(
        times, low, high, where=seen, color=BAND, alpha=0.55, linewidth=0, label="band: low to high (new risk)", interpolate=False
    )
    price_panel.plot(times, series("liquidation_high"), color=TRIGGER, linewidth=1.5, label="liquidation price (collateral at its high side)")
    price_panel.plot(times, market, color=MARKET, linewidth=1.2, label="market price")
    floor, ceiling = float(market.min()), float(max(market.max(), high.max()))
    price_panel.set_ylim(floor - 0.1 * (ceiling - floor), ceiling + 0.06 * (ceiling - floor))
    price_panel.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"${v:,.0f}" if ceiling >= 20 else f"${v:,.3g}"))
    lowest = int(market.argmin())
    right = lowest > len(steps) * 0.75
    price_panel.annotate(
        f"${market[lowest]:,.2f}\n{datetime.fromtimestamp(steps[lowest].time, UTC):%H:%M} UTC",
        (times[lowest], market[lowest]),
        (-16 if right else 16, 6),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        fontsize=10,
        fontweight="bold",
        color=INK,
        parse_math=False,
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.8},
    )
    price_panel.plot([times[lowest]], [market[lowest]], "o", color=MARKET, markersize=5)
    price_panel.legend(loc="upper right", frameon=False, fontsize=9.5, labelcolor=INK, ncols=3)
    _zoom(price_panel, times, market, low, high, series("liquidation_high"))

    # ------------------------------------------------ status
    names = ["without_debt", *STAGES]
    stacks = np.array([counts(n) for n in names])
    total = np.maximum(stacks.sum(axis=0), 1)
    title(stage_panel, "Borrowers by status", f"share of {int(total.max())} accounts")
    stage_panel.stackplot(
        times,
        stacks / total,
        colors=[STAGE_COLOURS[n] for n in names],
        labels=[STAGE_LABELS[n] for n in names],
        linewidth=0,
        step="post",
    )
    stage_panel.set_ylim(0, 1)
    stage_panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    stage_panel.grid(False)
    handles, labels = stage_panel.get_legend_handles_labels()
    stage_panel.legend(
        handles,
        labels,
        loc="lower right",
        bbox_to_anchor=(1.005, 0.985),
        frameon=False,
        fontsize=9,
        labelcolor=INK,
        ncols=len(names),
        handlelength=0.9,
        handletextpad=0.4,
        columnspacing=1.2,
        borderaxespad=0.3,
    )

    # ------------------------------------------------ liquidations
    title(liquidation_panel, "Liquidations", "number in each bar's time (left), dollars repaid in all (right)")
    edges = np.linspace(times[0], times[-1], BARS + 1)
    number_in_bar, _ = np.histogram(times, bins=edges, weights=counts("liquidations"))
    liquidation_panel.bar(edges[:-1], number_in_bar, width=np.diff(edges) * 0.86, align="edge", color=STAGE_COLOURS["liquidation"], alpha=0.8)
    liquidation_panel.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))
    liquidation_panel.set_ylim(0, max(1.0, float(number_in_bar.max()) * 1.15))
    repaid_panel = liquidation_panel.twinx()
    repaid_panel.plot(times, series("repaid").cumsum(), color=REPAID, linewidth=1.8)
    repaid_panel.set_ylim(0, max(1.0, float(series("repaid").sum()) * 1.15))
    repaid_panel.yaxis.set_major_formatter(FuncFormatter(money))
    repaid_panel.yaxis.set_major_locator(MaxNLocator(nbins=4))
    repaid_panel.tick_params(colors=REPAID, labelsize=9.5, length=0)
    for spine in repaid_panel.spines.values():
        spine.set_visible(False)

    # ------------------------------------------------ debt and deficit
    title(debt_panel, "Debt and deficit", "what borrowers owe, and debts that nobody will pay")
    debt_panel.fill_between(times, 0, series("debt"), color=DEBT, alpha=0.32, linewidth=0)
    debt_panel.plot(times, series("debt"), color=DEBT, linewidth=1.2, label="debt")
    deficit = series("bad_debt").cumsum()
    debt_panel.plot(times, deficit, color=DEFICIT, linewidth=2.4, label="deficit", clip_on=False, zorder=5)
    debt_panel.set_ylim(0, max(1.0, float(series("debt").max()) * 1.18))
    debt_panel.yaxis.set_major_formatter(FuncFormatter(money))
    debt_panel.yaxis.set_major_locator(MaxNLocator(nbins=4))
    debt_panel.annotate(
        f"deficit {dollars(result.bad_debt)}",
        (0.5, 0),
        (0, 8),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        fontsize=10.5,
        fontweight="bold",
        color=DEFICIT,
        parse_math=False,
    )
    debt_panel.legend(loc="upper right", frameon=False, fontsize=9.5, labelcolor=INK, ncols=2)

    # ------------------------------------------------ utilisation
    title(use_panel, "Utilisation", "part of the lenders' dollars that is lent out")
    use_panel.fill_between(times, 0, series("utilisation"), color=UTILISATION, alpha=0.18, linewidth=0)
    use_panel.plot(times, series("utilisation"), color=UTILISATION, linewidth=1.6)
    use_panel.set_ylim(0, 1)
    use_panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    use_panel.yaxis.set_major_locator(MaxNLocator(nbins=4))

    price_panel.set_xlim(times[0], times[-1])
    locator = mdates.AutoDateLocator(minticks=6, maxticks=13, tz=UTC)
    span_days = float(times[-1] - times[0])
    use_panel.xaxis.set_major_locator(locator)
    use_panel.xaxis.set_major_formatter(mdates.DateFormatter("%H:%M" if span_days <= 1.5 else "%d %b\n%H:%M", tz=UTC))
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)

    # ------------------------------------------------ heading
    first = datetime.fromtimestamp(steps[0].time, UTC)
    start = float(result.settings.get("start_price_usd", market[0]))
    figure.text(
        0.075,
        0.968,
        f"Plimsoll through {first.day} {first:%B %Y}: ETH ${start:,.2f} → ${market[lowest]:,.2f}",
        fontsize=19,
        fontweight="bold",
        color=INK,
        va="center",
        parse_math=False,
    )
    tiles = [
        (str(len(result.liquidations)), "liquidations"),
        (money(result.repaid / WAD), "debt repaid"),
        (dollars(result.bad_debt), "bad debt"),
        (str(result.wrongful), "wrongful"),
        (f"{result.delay_median:g} / {result.delay_max}", "blocks until liquidated, median / worst"),
        ("yes" if result.lenders_whole else "no", "lenders whole"),
    ]
    good = (True, True, result.bad_debt == 0, result.wrongful == 0, result.delay_max <= 3, result.lenders_whole)
    for x, (value, label), fine in zip((0.075, 0.2, 0.325, 0.45, 0.555, 0.8), tiles, good, strict=True):
        colour = TRIGGER if fine else DEFICIT
        figure.text(x, 0.929, value, fontsize=16, fontweight="bold", color=colour, va="center", parse_math=False)
        figure.text(x, 0.909, label, fontsize=9.5, color=MUTED, va="center")

    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
