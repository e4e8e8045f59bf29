"""The picture of a pool: everything in it can be read, whatever the pool looks like."""

import itertools
import random
import struct
from dataclasses import replace
from typing import Any

import pytest

from plimsoll import pool_plot, pools, ranges
from plimsoll.pools import PAIR, RANGE, Coin, Flows, Pool, Position

USD = Coin("0x" + "1" * 40, "USD", 6)
ETH = Coin("0x" + "2" * 40, "ETH", 18)
LONG = Coin("0x" + "3" * 40, "LONGESTSYMBOL(16", 18)
LONGER = Coin("0x" + "4" * 40, "ANOTHERLONGONE16", 18)


def pool(count: int, coins: tuple[Coin, Coin] = (USD, ETH), base: int = 1, price: Any = 200, spacing: int = 60, span: int = 3_000) -> Pool:
    """With so many positions around the price; the first one is full."""
    decimals = coins[0].decimals, coins[1].decimals
    sqrt_price = ranges.sqrt_price_of(price, *decimals, inverted=base == 1)
    tick = ranges.tick_of_price(price, *decimals, inverted=base == 1)
    draw = random.Random(count)
    positions, ticks = [], {}
    for n in range(count):
        middle, half = tick + draw.randint(-span, span), draw.randint(1, span)
        lower, upper = (middle - half) // spacing * spacing, (middle + half) // spacing * spacing + spacing
        if n == 0:
            lower, upper = pools.minimum_tick(spacing), pools.maximum_tick(spacing)
        liquidity = 10 ** draw.randint(14, 17)
        ticks[lower] = ticks.get(lower, 0) + liquidity
        ticks[upper] = ticks.get(upper, 0) - liquidity
        amounts = ranges.amounts(liquidity, sqrt_price, lower, upper)
        positions.append(Position(n + 1, f"0x{draw.getrandbits(160):040x}", lower, upper, liquidity, amounts, (0, 0), Flows()))
    holds = tuple(sum(x.amounts[i] for x in positions) for i in (0, 1))
    return Pool(
        RANGE, "0x" + "f" * 40, coins, 3_000, base, spacing, sqrt_price, tick, 10**18, (holds[0], holds[1]), tuple(positions), 0, ticks
    )  # fmt: skip


POOLS = {
    "nothing in it": pool(0),
    "one full": pool(1),
    "a few": pool(6),
    "many": pool(60),
    "a stable pair": pool(5, (USD, Coin("0x" + "5" * 40, "USDX", 6)), 0, "1.0003", 1, 5),
    "long names, tiny price": pool(5, (LONG, LONGER), 0, "0.00000000321", 200, 20_000),
    "huge price": pool(5, (USD, LONG), 0, 10**14, 60, 600),
    "a pair": Pool(PAIR, "0x" + "e" * 40, (USD, ETH), 2_500, 1, 0, ranges.sqrt_price_of(200, 6, 18, True), 0, 10**18, (10**13, 10**22)),
}


@pytest.mark.parametrize("name", POOLS)
def test_figure__any_pool__all_texts_inside_and_none_over_another(name: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    made = pool_plot.figure(POOLS[name])
    canvas = FigureCanvasAgg(made)
    canvas.draw()
    width, height = canvas.get_width_height()
    texts = []
    for panel in made.axes:
        # labels of ticks beyond the picture are there, but not drawn
        low, high = panel.get_xlim()
        for axis, (start, end) in ((panel.xaxis, (low, high)), (panel.yaxis, panel.get_ylim())):
            shown = [t for t in axis.get_major_ticks() if start <= t.get_loc() <= end]
            texts += [label for t in shown for label in (t.label1, t.label2) if label.get_visible()]
            texts.append(axis.label)
        texts += panel.texts
    texts += made.texts
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text() and t.get_visible()]
    assert len(boxes) > 8
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (a, first), (b, second) in itertools.combinations(boxes, 2):
        assert not first.overlaps(second), (a, b)


def test_figure__many_positions__the_largest_ones_labelled() -> None:
    p = POOLS["many"]
    labels = [label.get_text() for label in pool_plot.figure(p).axes[1].get_yticklabels()]
    largest = sorted(p.positions, key=lambda x: -p.in_quote(x.amounts))[: pool_plot.LINES]
    assert {label.split()[0] for label in labels} == {x.name for x in largest}


def test_figure__withdrawn_position__no_range_of_it() -> None:
    p = POOLS["a few"]
    withdrawn = replace(p.positions[2], liquidity=0, amounts=(0, 0), owed=(5, 5))
    p = replace(p, positions=(*p.positions[:2], withdrawn, *p.positions[3:]))
    labels = [label.get_text().split()[0] for label in pool_plot.figure(p).axes[1].get_yticklabels()]
    assert sorted(labels) == ["#1", "#2", "#4", "#5", "#6"]


def test_figure__a_few_positions__liquidity_at_the_price_is_their_sum() -> None:
    p = POOLS["a few"]
    area = pool_plot.figure(p).axes[0].patches[0]
    heights, edges, _ = area.get_data()
    price = float(p.price or 0)
    at = next(h for h, low, high in zip(heights, edges, edges[1:], strict=False) if low <= price < high)
    inside = sum(x.liquidity for x in p.positions if p.state(x) == "in range")
    assert at == pytest.approx(inside / 10**12)
    assert edges[0] < price < edges[-1]


def test_draw__any__a_png() -> None:
    picture = pool_plot.draw(POOLS["a few"])
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", picture[16:24])) >= 800
