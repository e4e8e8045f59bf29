"""An asset in FULL mode whose depth limits nothing (a quote) must not read as if no fall of its price could liquidate anybody."""

from __future__ import annotations

import pytest

from plimsoll.reference.depth import FULL
from plimsoll.reference.liquidation import WAD
from tests.lending_market import EVERYTHING, Market

MEME = 10**18
USD = 10**6


@pytest.mark.parametrize("depth", [2**112, 2**200, EVERYTHING])
def test_liquidation_price__full_mode_and_no_limit__is_that_of_the_face_value(depth: int) -> None:
    """333 / (200 * 75 %) = 2.22 and, because capacity is rounded down, up to the next unit of debt exclusively."""
    market = Market()
    market.list("MEME", 10 * WAD, depth_mode=FULL)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.open({"MEME": 200 * MEME}, {"USD": 333 * USD})
    market.set_depth("MEME", depth)
    (meme,) = market.lens.account(market.borrower).collaterals
    at = meme.liquidation_price_wad
    assert at == 222 * 10**16
    # and there it turns
    stages = []
    for price in (at, at + 1):
        market.oracle.set(market.assets["MEME"].address, price)
        market.set_depth("MEME", depth)
        stages.append(market.lens.account(market.borrower).stage)
    assert stages[0] == 4
    assert stages[1] < 4
