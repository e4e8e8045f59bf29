"""Files of prices: both forms are read as written, and what is wrong with a bad one is named by file, line and column."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plimsoll.scenario import Point, ScenarioError, format_table, main, read_candles, read_scenario, short_table

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "config/scenarios/eth-2020-03-12.csv"
CANDLES = ROOT / "../shared/data/eth-usd-10min-2020-03-12.csv"

WAD = 10**18
MIDNIGHT = int(datetime(2020, 3, 12, tzinfo=UTC).timestamp())

TABLE = """# a comment
time_utc,price_usd
2020-03-12T00:00:00Z,195.21

2020-03-12T00:30:00Z,193.5
"""
CANDLE_FILE = """period_start_utc,open_usd,high_usd,low_usd,close_usd,volume_eth
2020-03-12T00:00:00Z,100,120,90,110,5
2020-03-12T00:10:00Z,111,115,80,85,5
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return path


def test_read_scenario__table__points_as_written(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, TABLE))
    assert scenario.form == "table"
    assert scenario.points == (Point(MIDNIGHT, 19521 * 10**16), Point(MIDNIGHT + 1800, 1935 * 10**17))


def test_read_scenario__candles__all_four_prices_in_the_shorter_order(tmp_path: Path) -> None:
    scenario = read_scenario(written(tmp_path, CANDLE_FILE))
    assert scenario.form == "candles"
    # the first ends higher: low before high; the second ends lower: high before low
    expected = [(0, 100), (180, 90), (360, 120), (540, 110), (600, 111), (780, 115), (960, 80), (1140, 85), (1200, 85)]
    assert [(p.ts - MIDNIGHT, p.price_wad) for p in scenario.points] == [(t, price * WAD) for t, price in expected]


def test_read_scenario__spaces_and_windows_line_ends__read_as_well(tmp_path: Path) -> None:
    text = "\ufeff" + TABLE.replace(",", " , ").replace("\n", "\r\n")
    assert read_scenario(written(tmp_path, text)).points == read_scenario(written(tmp_path, TABLE)).points


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("193.5", "", "line 5, column price_usd: missing price"),
        ("193.5", "-193.5", "line 5, column price_usd: negative price -193.5"),
        ("193.5", "0", "line 5, column price_usd: the price is zero"),
        ("193.5", "0.0", "line 5, column price_usd: the price is zero"),
        ("193.5", "abc", "line 5, column price_usd: 'abc' is not a number"),
        ("193.5", "nan", "line 5, column price_usd: 'nan' is not a number"),
        ("193.5", "inf", "line 5, column price_usd: 'inf' is not a number"),
        ("193.5", "1e30", "line 5, column price_usd: price 1e30 is not between"),
        ("2020-03-12T00:30:00Z", "", "line 5, column time_utc: missing time"),
        ("2020-03-12T00:30:00Z", "yesterday", "line 5, column time_utc: 'yesterday' is not a time"),
        ("2020-03-12T00:30:00Z", "2020-13-12T00:30:00Z", "line 5, column time_utc: '2020-13-12T00:30:00Z' is not a time"),
        ("2020-03-12T00:30:00Z", "1999-03-12T00:30:00Z", "line 5, column time_utc: '1999-03-12T00:30:00Z' is before the year 2000"),
        ("2020-03-12T00:30:00Z", "2020-03-12T00:00:00Z", "line 5, column time_utc: 2020-03-12T00:00:00Z comes twice"),
        ("2020-03-12T00:30:00Z", "2020-03-11T00:00:00Z", "line 5, column time_utc: 2020-03-11T00:00:00Z is before the row above"),
        ("193.5", "193,5", "line 5: 3 fields where the header has 2"),
        ("2020-03-12T00:30:00Z,193.5", "", "holds 1 rows of prices; at least 2 are needed"),
        ("time_utc", "when", "line 2: the first line must name the columns"),
        ("price_usd", "price", "line 2: column price_usd is missing"),
        ("price_usd", "price_usd,price_usd", "line 2: a column is named twice"),
        (TABLE, "", "is empty"),
    ],
)  # fmt: skip
def test_read_scenario__bad_table__named_by_line_and_column(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path, TABLE.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("115", "", "line 3, column high_usd: missing price"),
        ("80", "-80", "line 3, column low_usd: negative price -80"),
        ("111", "116", "line 3, column open_usd: 116 is not between the candle's low 80 and its high 115"),
        ("85", "79", "line 3, column close_usd: 79 is not between the candle's low 80 and its high 115"),
        ("volume_eth", "volume", "line 1: unknown column volume"),
    ],
)
def test_read_scenario__bad_candle__named_by_line_and_column(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = written(tmp_path, CANDLE_FILE.replace(old, new))
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    assert said in str(caught.value)


def test_read_scenario__no_such_file_or_no_text__said(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no such file"):
        read_scenario(tmp_path / "nothing.csv")
    with pytest.raises(ScenarioError, match="is a directory"):
        read_scenario(tmp_path)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(ScenarioError, match="not a text file"):
        read_scenario(tmp_path / "picture.csv")


def test_read_candles__short_table__refused() -> None:
    with pytest.raises(ScenarioError, match="holds no candles"):
        read_candles(SHIPPED)


def test_short_table__candles__first_open_then_lowest_of_each_span(tmp_path: Path) -> None:
    candles = read_candles(written(tmp_path, CANDLE_FILE))
    assert short_table(candles, 600) == [
        Point(MIDNIGHT, 100 * WAD),
        Point(MIDNIGHT + 600, 90 * WAD),
        Point(MIDNIGHT + 1200, 80 * WAD),
    ]
    low_first = CANDLE_FILE.replace(",90,", ",70,")
    assert short_table(read_candles(written(tmp_path, low_first)), 1200)[1] == Point(MIDNIGHT + 1200, 70 * WAD)


def test_shipped_scenario__the_day__as_the_issue_tells_it() -> None:
    text = SHIPPED.read_text()
    assert "StableSims" in text
    scenario = read_scenario(SHIPPED)
    assert len(scenario.points) == 49
    assert (scenario.start_ts, scenario.points[-1].ts) == (MIDNIGHT, MIDNIGHT + 86_400)
    assert (scenario.first_wad, scenario.lowest_wad) == (19521 * 10**16, 10101 * 10**16)


@pytest.mark.skipif(not CANDLES.exists(), reason="the full candles are not beside this clone")
def test_main__the_full_candles__write_the_shipped_table(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--candles", str(CANDLES)])
    assert capsys.readouterr().out == SHIPPED.read_text()


def test_main__bad_file__exits_2_and_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--candles", str(tmp_path / "nothing.csv")])
    assert caught.value.code == 2
    assert capsys.readouterr().out == ""


def test_format_table__points__read_back_the_same(tmp_path: Path) -> None:
    points = [Point(MIDNIGHT, 19521 * 10**16), Point(MIDNIGHT + 1800, 132 * WAD), Point(MIDNIGHT + 3600, 123456 * 10**12)]
    assert read_scenario(written(tmp_path, format_table(points, "nowhere"))).points == tuple(points)
