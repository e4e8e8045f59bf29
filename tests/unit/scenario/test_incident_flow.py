"""A real pool's minutes, as files tell them."""

from decimal import Decimal
from pathlib import Path

import pytest

from plimsoll.incident.flow import Minute, every_minute, price_at, read_flow, steepest
from plimsoll.scenario import ScenarioError, read_scenario

ROOT = Path(__file__).resolve().parents[3]
TABLES = ROOT / "config/scenarios"
WAD = 10**18

FLOW = """timestamp,netAmount0,netAmount1,closeTick,openTick,lowestTick,highestTick,inAmount0,inAmount1,currentLiquidity
2023-08-17 21:42:00,-149925877678,89363151339220734846,202114,202040,202026,202119,69514995231,130792142970391982633,651560915109072596
2023-08-17 21:43:00,-242326091783,146544940778264542480,202300,202119,202119,202300,35334167983,167770578066488690109,616998940923531892
"""
TABLE = """# a comment
time_utc,price_usd,liquidity
2023-08-17T21:40:00Z,1700.50,700000
2023-08-17T21:43:00Z,1600,500000
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "flow.csv"
    path.write_text(text)
    return path


def test_read_flow__recorded_minutes__figures_of_the_minutes_end(tmp_path: Path) -> None:
    first, second = read_flow(write(tmp_path, FLOW))
    # 21:43:00, when the row of 21:42 ends
    assert first == Minute(1692308580, 202114, 651560915109072596, -149925877678, 89363151339220734846)
    assert second.ts - first.ts == 60


def test_price_at__a_tick__dollars_of_one_ether() -> None:
    exact = Decimal(10) ** 12 / Decimal("1.0001") ** Decimal("201856.5")
    assert Decimal(price_at(201856)) / WAD == pytest.approx(exact, rel=Decimal("1e-8"))
    assert 1_713 < price_at(201856) / WAD < 1_715


def test_read_flow__table__ticks_of_its_prices(tmp_path: Path) -> None:
    first, second = read_flow(write(tmp_path, TABLE))
    assert (first.net0, first.liquidity) == (None, 700_000)
    assert first.price_wad / WAD == pytest.approx(1700.5, rel=1e-4)
    assert second.price_wad / WAD == pytest.approx(1600, rel=1e-4)


def test_every_minute__gaps__straight_lines_and_the_liquidity_before(tmp_path: Path) -> None:
    rows = every_minute([Minute(0, 100, 7), Minute(180, 130, 9)])
    assert [(m.ts, m.tick, m.liquidity) for m in rows] == [(0, 100, 7), (60, 110, 7), (120, 120, 7), (180, 130, 9)]


def test_steepest__two_falls__the_greater_one() -> None:
    points = [(0, 100), (60, 90), (120, 100), (180, 100), (240, 70), (300, 100)]
    assert steepest(points, 60) == 180


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (FLOW.replace("closeTick", "tick"), "column closeTick is missing"),
        (TABLE.replace("liquidity", "depth"), "line 2: column liquidity is missing"),
        (TABLE.replace("1600", "cheap"), "line 4, column price_usd: 'cheap' is not a number"),
        (TABLE.replace("1600", "-1"), "line 4, column price_usd: the price must be above 0"),
        (TABLE.replace(",500000", ",0"), "line 4: the liquidity must be above 0"),
        (TABLE.replace(",500000", ""), "line 4: 2 fields where the header has 3"),
        (TABLE.replace("21:43", "21:39"), "line 4: rows must be sorted by time"),
        (TABLE.replace("2023-08-17T21:43:00Z", "now"), "line 4: 'now' is not a time"),
        (FLOW.replace(",202300,202119", ",high,202119"), "line 3, column closeTick: 'high' is not a whole number"),
        ("\n".join(TABLE.splitlines()[:3]), "holds 1 rows"),
    ],
)
def test_read_flow__bad_files__line_and_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_flow(write(tmp_path, text))
    assert said in str(caught.value)


def test_read_flow__no_file__said(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        read_flow(tmp_path / "none.csv")


def test_shipped_tables__read__hold_the_falls_that_they_are_for() -> None:
    may = read_scenario(TABLES / "eth-2021-05-19.csv")
    assert 1_860 < may.lowest_wad / WAD < 1_863
    assert 3_370 < may.first_wad / WAD < 3_380
    august = read_flow(TABLES / "eth-2023-08-17.csv")
    prices = [m.price_wad / WAD for m in every_minute(august)]
    worst = min(b / a for a, b in zip(prices, prices[10:], strict=False))
    assert worst == pytest.approx(1 - 0.069, abs=0.002)
    assert all(10**17 < m.liquidity < 10**19 for m in august)
