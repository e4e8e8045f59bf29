"""The incident as a user starts it, in its short form: the band liquidates nobody, and the same replay sees what spot would have done."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "config/scenarios"


def incident(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "ape"), "run", "incident", *map(str, arguments)]
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("incident") / "out"


@pytest.fixture(scope="module")
def figures(out: Path) -> Any:
    # the project's own tables, whatever lies beside the project: the same figures everywhere
    done = incident("--quick", "--accounts", "40", "--data", TABLES, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads((out / "incident.json").read_text())
    assert json.loads(done.stdout) == found
    return found


def cells(figures: Any, minutes: int) -> list[Any]:
    return [c for c in figures["grid"]["table"] if c["minutes"] == minutes]


def test_incident__five_minutes__nobody_by_the_band_in_any_phase(figures: Any) -> None:
    assert figures["missed_targets"] == []
    rows = [r for r in figures["grid"]["rows"] if r["minutes"] == 5]
    # two directions, three ways to follow, four phases
    assert len(rows) == 24
    assert {r["phase"] for r in rows} == {0, 4, 8, 12}
    for r in rows:
        band = {k: v for k, v in r["liquidated"].items() if k.startswith("band")}
        assert band == dict.fromkeys(("band, one", "band, two", "band, one + feed", "band, two + feed"), 0)
    assert {(c["direction"], c["venues"]) for c in cells(figures, 5)} == {
        (direction, venues)
        for direction in ("dump", "pump")
        for venues in (
            "one pool", "two, at once", "two, after 2 min", "two, never",
            "one + feed", "two + feed, at once", "two + feed, after 2 min", "two + feed, never",
        )
    }  # fmt: skip


def test_incident__five_minutes__the_same_replay_counts_under_spot_and_means(figures: Any) -> None:
    accounts = figures["grid"]["accounts"]
    assert accounts == {"dump": 40, "pump": 40}
    for c in cells(figures, 5):
        told = {name: count["worst"] for name, count in c["liquidated"].items()}
        # usage above 70 % of 60 to 99 %: three quarters of the accounts; less where the second pool stays
        assert told["spot"] > (10 if "never" in c["venues"] else 22)
        assert told["spot"] >= told["5 min"] >= told["30 min"]
    assert all(c["liquidated"]["30 min"]["worst"] > 0 for c in cells(figures, 12))
    # the pool was really pushed to 7/10 and 10/7
    for r in figures["grid"]["rows"]:
        assert r["extreme_price"]["spot, one"] == pytest.approx(0.7 if r["direction"] == "dump" else 1 / 0.7, rel=1e-6)


def test_incident__twenty_minutes__the_counter_moves_for_the_band_too(figures: Any) -> None:
    alone = [c for c in cells(figures, 20) if c["venues"] == "one pool"]
    assert all(c["liquidated"]["band"]["worst"] > 0 for c in alone)
    fed = [c for c in cells(figures, 20) if c["venues"] == "one + feed"]
    assert all(c["liquidated"]["band"]["worst"] == 0 for c in fed)


def test_incident__liquidations_sent__refused_under_the_band_and_done_under_spot(figures: Any) -> None:
    grid = figures["grid"]
    assert grid["liquidations_sent_under_the_band"] > 500
    assert grid["refused_as_healthy"] == grid["liquidations_sent_under_the_band"]
    assert grid["done_under_spot"] == grid["liquidations_sent_under_spot"] > 0


def test_incident__falls__bad_debt_where_it_must_be_and_only_there(figures: Any) -> None:
    bad = {(f["minutes"], name): pool["bad_debt_percent"] for f in figures["falls"] for name, pool in f["pools"].items()}
    assert len(bad) == 3 * 8
    assert bad[60, "LTV 65, one"] == bad[60, "LTV 65, two"] == 0
    # without a feed half an hour is too fast for the slow trigger
    assert bad[30, "LTV 65, one"] > 1
    assert all(bad[minutes, "LTV 65, one + feed"] == 0 for minutes in (60, 30, 10))
    assert bad[60, "LTV 75, one + feed"] == bad[30, "LTV 75, one + feed"] == 0
    for f in figures["falls"]:
        assert all(pool["liquidations"] > 10 and pool["wrongful"] == 0 for pool in f["pools"].values())


def test_incident__crashes__no_bad_debt_and_nobody_wronged(figures: Any) -> None:
    assert [c["name"] for c in figures["crashes"]] == ["2020-03-12", "2021-05-19", "2023-08-17"]
    for crash in figures["crashes"]:
        assert crash["lowest_price_usd"] < 0.95 * crash["start_price_usd"]
        real = {name: p for name, p in crash["pools"].items() if p["on_chain"]}
        assert set(real) == {"band", "band + feed", "band + feed, LTV 75"}
        for pool in real.values():
            assert pool["liquidations"] > 0
            assert (pool["bad_debt_usd"], pool["wrongful"], pool["left_liquidatable"]) == (0, 0, 0)


def test_incident__files__json_and_three_pictures(figures: Any, out: Path) -> None:
    assert sorted(p.name for p in out.iterdir()) == ["incident-crashes.png", "incident-falls.png", "incident-grid.png", "incident.json"]
    for path in out.glob("*.png"):
        picture = path.read_bytes()
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        assert struct.unpack(">I", picture[16:20])[0] >= 1_200


def test_incident__bad_input__exit_2_and_nothing_written(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    text = (TABLES / "eth-2020-03-12.csv").read_text().splitlines()
    (folder / "eth-usd-10min-2020-03-12.csv").write_text("\n".join([*text[:9], "2020-03-12T01:30:00Z,-5"]))
    done = incident("--part", "crashes", "--data", folder, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "line 10, column price_usd: negative price -5" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert incident("--data", tmp_path / "none").returncode == 2
    assert incident("--part", "weather").returncode == 2


def test_incident__help__has_an_example() -> None:
    done = incident("--help")
    assert done.returncode == 0
    assert "ape run incident --part crashes --data" in done.stdout
