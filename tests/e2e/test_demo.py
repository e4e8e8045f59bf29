"""The demo as a user starts it: a shortened crash that ends well, one that cannot, and input that is refused."""

import csv
import json
import os
import struct
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]

# An hour and a half: quiet, a quarter lost in half an hour as on the day itself, and a little more
SHORT_CRASH = """time_utc,price_usd
2020-03-12T10:00:00Z,167.22
2020-03-12T10:20:00Z,161.33
2020-03-12T10:50:00Z,124.05
2020-03-12T11:30:00Z,118.00
"""
# Two thirds in two minutes: no market could save the lenders of the most indebted accounts
CLIFF = """time_utc,price_usd
2020-03-12T10:00:00Z,167.22
2020-03-12T10:02:00Z,50
2020-03-12T10:40:00Z,45
"""


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "ape"), "run", "demo", *map(str, arguments)]
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def prices(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text(text)
    return path


def test_demo__short_crash__all_targets_met_and_files_agree(tmp_path: Path) -> None:
    out = tmp_path / "out"
    # blocks at half the usual pace: other work on the machine must not look like a slow keeper
    done = demo("--prices", prices(tmp_path, SHORT_CRASH), "--out", out, "--json", "--block-ms", "110")
    assert done.returncode == 0, done.stderr
    figures = json.loads((out / "demo.json").read_text())
    assert json.loads(done.stdout) == figures

    assert figures["missed_targets"] == []
    assert figures["steps"] == 90
    assert figures["liquidations"] > 20
    assert (figures["bad_debt_usd"], figures["wrongful_liquidations"]) == (0, 0)
    assert figures["lowest_usage_liquidated"] >= 1
    assert figures["delay_blocks_median"] <= 1
    assert figures["delay_blocks_max"] <= 3
    assert figures["lenders_whole"] is True
    assert figures["lenders_received_usd"] >= figures["lenders_owed_usd"] > figures["lenders_deposited_usd"]
    assert figures["protocol_fees_usd"] > 0
    assert figures["arbitrage_trades"] + figures["ordinary_trades"] >= figures["steps"]
    assert figures["settings"]["ltv_percent"] == 65
    assert figures["settings"]["borrowers"] == 300

    with open(out / "demo.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == 90
    assert rows[-1]["time_utc"] == "2020-03-12T11:30:00Z"
    assert sum(int(r["liquidations"]) for r in rows) <= figures["liquidations"]
    # spread over the whole range of usage at the start
    assert all(int(rows[0][s]) > 30 for s in ("relaxed", "safe", "caution"))
    for r in rows:
        low, high = Decimal(r["low_usd"]), Decimal(r["high_usd"])
        assert 0 < low <= Decimal(r["liquidation_low_usd"]) <= Decimal(r["liquidation_high_usd"]) <= high
        # the arbitrageur leaves the pair within its fee of the market
        assert abs(Decimal(r["pair_price_usd"]) / Decimal(r["market_price_usd"]) - 1) < Decimal("0.0026")

    picture = (out / "demo.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", picture[16:20])[0] >= 1_200
    assert sorted(p.name for p in out.iterdir()) == ["demo.csv", "demo.json", "demo.png"]


def test_demo__a_cliff__says_which_targets_were_missed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = demo("--prices", prices(tmp_path, CLIFF), "--out", out)
    assert done.returncode == 1
    assert "targets missed: bad debt is $" in done.stderr
    figures = json.loads((out / "demo.json").read_text())
    assert figures["bad_debt_usd"] > 0
    assert figures["wrongful_liquidations"] == 0
    assert any("bad debt" in text for text in figures["missed_targets"])


def test_demo__bad_prices__exit_2_and_nothing_written(tmp_path: Path) -> None:
    for bad, said in (("124.05", "line 4, column price_usd: missing price"), ("118.00", "line 5, column price_usd: negative price -1")):
        path = prices(tmp_path, SHORT_CRASH.replace(bad, "" if "missing" in said else "-1"))
        done = demo("--prices", path, "--out", tmp_path / "out")
        assert done.returncode == 2
        assert f"{path}, {said}" in done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out").exists()


def test_demo__out_not_writable__exit_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = demo("--out", tmp_path / "file")
    assert done.returncode == 2
    assert "cannot be written to" in done.stderr


def test_demo__help__has_an_example() -> None:
    done = demo("--help")
    assert done.returncode == 0
    assert "ape run demo --prices" in done.stdout
