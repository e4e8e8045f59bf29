"""WEMIX$, 30 July 2024: a dip of the protocol's own thin pool liquidated accounts whose collateral was worth its price.

Here a dump of 30 % for minutes moves neither the price at which collateral is liquidated nor, for a pump, that of debt (ORA-08);
a real fall is followed within the window (ORA-09).
"""

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, Band
from tests.oracle_market import now
from tests.oracle_pair import PairMarket, new_pair_market

# Ticks floor prices, orientation may ceil them, and the trades that restore the price are a wei off
TOLERANCE_BPS = 3


def settled(asset_is_token1: bool, phase: int) -> PairMarket:
    market = new_pair_market(asset_is_token1)
    boa.env.time_travel(seconds=2400)
    boa.env.time_travel(seconds=(phase - now()) % BUCKET)
    return market


def attack(market: PairMarket, bps: int, seconds: int) -> list[Band]:
    """Move the price, hold it there against all, and let it go; what the oracle says in between and for forty minutes after."""
    price = market.spot()
    seen = []
    market.move_to(price * bps // 10_000)
    for step, count in ((20, seconds // 20), (100, 24)):
        for _ in range(count):
            boa.env.time_travel(seconds=step)
            seen.append(market.band())
        market.move_to(price)
    return seen


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
@pytest.mark.parametrize("seconds, phase", [(300, 0), (300, 119), (720, 100)])
def test_dump__thirty_percent_for_minutes__nobody_wrongly_liquidated(asset_is_token1: bool, seconds: int, phase: int) -> None:
    market = settled(asset_is_token1, phase)
    before = market.band()
    seen = attack(market, 7_000, seconds)
    assert min(band.liquidation_high for band in seen) >= before.liquidation_high * (10_000 - TOLERANCE_BPS) // 10_000
    # It was a dump: lending against the asset went by the low price
    assert min(band.low for band in seen) < before.low * 80 // 100
    assert min(band.fresh_low for band in seen) < before.low * 72 // 100
    # And it is over: fresh at once, the band when the window has passed
    assert seen[-1].low >= before.low * (10_000 - TOLERANCE_BPS) // 10_000


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
@pytest.mark.parametrize("phase", [0, 100])
def test_pump__thirty_percent_for_minutes__no_debtor_wrongly_liquidated(asset_is_token1: bool, phase: int) -> None:
    market = settled(asset_is_token1, phase)
    before = market.band()
    seen = attack(market, 13_000, 300)
    assert max(band.liquidation_low for band in seen) <= before.liquidation_low * (10_000 + TOLERANCE_BPS) // 10_000
    # Nor is more lent against it
    assert max(band.low for band in seen) <= before.low * (10_000 + TOLERANCE_BPS) // 10_000
    assert max(band.high for band in seen) > before.high * 120 // 100


@pytest.mark.parametrize("asset_is_token1", [False, True], ids=["token0", "token1"])
def test_fall__half_in_an_hour__followed_within_the_window(asset_is_token1: bool) -> None:
    market = settled(asset_is_token1, 77)
    top = market.spot()
    spots: list[tuple[int, int]] = [(now() - 2400, top)]
    for minute in range(2, 100, 2):
        if minute <= 60:
            market.move_to(top * (120 - minute) // 120)
        spots.append((now(), market.spot()))
        boa.env.time_travel(seconds=120)
        band = market.band()
        # Never above the highest price that stood within the slow window, nor below the present one
        window = [price for (_, price), (until, _) in zip(spots, [*spots[1:], (now(), 0)], strict=True) if until > now() - 1980]
        assert band.liquidation_high <= max(window) * 10_001 // 10_000 + 1
        assert band.liquidation_high >= market.spot() * 9_999 // 10_000
        # Fresh is at most two minutes behind
        assert band.fresh_low <= spots[-1][1] * 10_001 // 10_000 + 1
    bottom = market.spot()
    assert band.liquidation_high <= bottom * 10_002 // 10_000
    assert bottom <= top * 5_001 // 10_000
