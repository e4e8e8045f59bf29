"""The picture: drawn from the rows alone, whatever day they tell of."""

import struct
from types import SimpleNamespace
from typing import Any, cast

import pytest

from plimsoll.accounting import WAD, LenderRow, Result, Step
from plimsoll.incident import plots
from plimsoll.plots import draw


@pytest.mark.parametrize("count, scale", [(2, WAD), (500, WAD), (50, WAD // 10_000)])
def test_draw__any_number_of_steps__a_png_of_full_size(count: int, scale: int) -> None:
    steps = []
    for i in range(count):
        values = dict.fromkeys(Step.__dataclass_fields__, 0)
        price = (200 - 100 * i // count) * scale
        values |= dict.fromkeys(("market_price", "low", "high", "liquidation_high", "fresh_low", "fresh_high"), price)
        values |= {"time": 1_584_000_000 + 60 * i, "relaxed": 10, "debt": 10 * WAD, "cash": WAD}
        steps.append(Step(**values))
    result = Result({"start_price_usd": 200.0}, steps=steps, lenders=[LenderRow("0xa", 1, 1, 1)])
    picture = draw(result)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    assert width >= 1_200
    assert height >= 1_200


@pytest.mark.parametrize("shape, way", [("straight", "on a straight line"), ("steady", "at a steady rate")])
def test_bad_debt__says_which_way_the_price_fell(shape: str, way: str) -> None:
    """The tables have both, and the picture one of them."""
    from matplotlib.figure import Figure

    panel = Figure().add_subplot()
    falls = [SimpleNamespace(shape=shape, minutes=30, pools={"LTV 65, one": None})]
    plots._bad_debt(panel, cast(Any, SimpleNamespace(bad_debt=lambda *_: 7.9)), cast(Any, falls))
    assert any(way in text.get_text() for text in panel.texts)
