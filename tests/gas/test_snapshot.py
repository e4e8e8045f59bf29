"""Gas and code size may not rise unnoticed: all figures of the bench's own side, against bench/snapshot.json."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import figures, gas


def test_snapshot__gas_and_runtime_size__are_not_above_it_by_over_one_percent() -> None:
    measured = figures.together(list(figures.measure_ours()))
    kept = figures.load_snapshot()
    complaints = figures.complaints(kept.gas, measured.gas, "gas") + figures.complaints(kept.sizes, measured.sizes, "bytes")
    assert not complaints, "\n" + "\n".join(complaints)


def test_targets__all_rows_that_have_one__are_in_the_snapshot() -> None:
    assert set(figures.TARGETS) <= set(figures.load_snapshot().gas)


def test_bench__beside_the_peers__tells_every_row_of_the_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gas, "ROOT", tmp_path)
    monkeypatch.setattr(gas, "OUT", tmp_path / "gas.json")
    result = CliRunner().invoke(gas.main, ["--json"])
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)["rows"]
    assert {row["name"] for row in rows} == set(figures.load_snapshot().gas)
    # of each peer's part some rows have its figure
    assert {row["peer_name"] for row in rows if row["peer"]} == {figures.V2, figures.V3, figures.ROUTERS, figures.AAVE}


@pytest.mark.parametrize(
    "now, complaint",
    [
        ({"swap": 10_100, "free": 0}, None),
        ({"swap": 1, "free": 0}, None),
        (
            {"swap": 10_101, "free": 0},
            "'swap' rose from 10,000 to 10,101 gas, +1.0%; if it is worth it: python -m bench.gas --update",
        ),
        (
            {"swap": 10_000, "free": 1},
            "'free' rose from 0 to 1 gas; if it is worth it: python -m bench.gas --update",
        ),
        (
            {"swap": 10_000},
            "'free' is in the snapshot and is measured no more; if so intended: python -m bench.gas --update",
        ),
        (
            {"swap": 10_000, "free": 0, "mint": 7},
            "'mint' (7 gas) is not in the snapshot: python -m bench.gas --update",
        ),
    ],
)
def test_complaints__a_figure_that_changed__names_row_old_new_and_command(now: dict[str, int], complaint: str | None) -> None:
    assert figures.complaints({"swap": 10_000, "free": 0}, now, "gas") == ([complaint] if complaint else [])
