"""What counts as a missed target, the plans, and the paths of the falls."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from plimsoll.incident.crashes import Crash
from plimsoll.incident.day import Series
from plimsoll.incident.falls import PRICE, path
from plimsoll.incident.grid import LTV_BPS, Row, capacity_and_debt, count_liquidatable, plan
from plimsoll.incident.jobs import Job
from plimsoll.incident.replay import QUICK, Settings, jobs
from plimsoll.incident.result import VENUE_SETS, Result

WAD = 10**18
UNIT = 10**30
COLUMNS = [f"{o}, {p}" for o in ("spot", "5 min", "30 min") for p in ("one", "two")]
BANDS = ["band, one", "band, two", "band, one + feed", "band, two + feed"]


def row(follow: str = "at once", minutes: int = 5, phase: int = 0, **changes: Any) -> Row:
    counts = {**dict.fromkeys(COLUMNS, 370), **dict.fromkeys(BANDS, 0)}
    made = Row("dump", follow, minutes, phase, "one", 500, 76, counts, {}, tried=20, refused=20, control_tried=5, control_done=5)
    return replace(made, **changes)


def grid(**changes: Any) -> Result:
    return Result({}, grid=[row(), row("after 2 min"), row("never"), row(phase=7, **changes)])


def crash(**changes: Any) -> Crash:
    pool = {"on_chain": True, "bad_debt_usd": 0, "wrongful": 0, "liquidations": 9, **changes}
    model = {"on_chain": False, "bad_debt_usd": 5, "wrongful": 3, "liquidations": 9}
    return Crash("x", "A day", "x.csv", 1.0, 0.5, 10, {"spot": model, "band": pool}, Series(), {}, [])


# ---------------------------------------------------------------- targets


def test_missed_targets__nobody_by_the_band_and_some_by_spot__none() -> None:
    assert grid().missed_targets() == []


@pytest.mark.parametrize("band", BANDS)
def test_missed_targets__one_account_in_one_phase__missed(band: str) -> None:
    missed = grid(liquidated={**row().liquidated, band: 1}).missed_targets()
    assert missed
    assert all("the band liquidates 1 accounts, not 0" in text for text in missed)


def test_missed_targets__longer_pushes__no_targets() -> None:
    assert grid(minutes=20, liquidated={**row().liquidated, **dict.fromkeys(BANDS, 300)}).missed_targets() == []


def test_missed_targets__nobody_under_spot__missed() -> None:
    found = Result({}, grid=[row(liquidated=dict.fromkeys([*COLUMNS, *BANDS], 0))]).missed_targets()
    assert any("the spot price liquidates nobody" in text for text in found)


def test_missed_targets__a_liquidation_that_went_through__missed() -> None:
    assert grid(refused=19).missed_targets() == ["1 of 80 liquidations sent under the band were not refused"]


@pytest.mark.parametrize("changes", [{"control_done": 0}, {"control_tried": 0, "control_done": 0}, {"tried": 0, "refused": 0}])
def test_missed_targets__nothing_really_sent__missed(changes: dict[str, int]) -> None:
    assert any("really sent" in text for text in Result({}, grid=[row(**changes)]).missed_targets())


def test_missed_targets__crashes__the_band_only() -> None:
    assert Result({}, crashes=[crash()]).missed_targets() == []
    assert Result({}, crashes=[crash(bad_debt_usd=0.01)]).missed_targets() == ["A day, band: bad debt is $0.01, not 0"]
    assert Result({}, crashes=[crash(wrongful=2)]).missed_targets() == ["A day, band: 2 wrongful liquidations, not 0"]
    assert "nobody was liquidated" in Result({}, crashes=[crash(liquidations=0)]).missed_targets()[0]


def test_cell__several_phases__worst_and_mean() -> None:
    result = grid(liquidated={**row().liquidated, "spot, one": 400})
    cell = result.cell("dump", 5, VENUE_SETS[0], "spot")
    assert cell is not None
    assert (cell.worst, cell.mean, cell.phases) == (400, 377.5, 2)
    at_once = next(v for v in VENUE_SETS if v.title == "two, at once")
    assert result.cell("dump", 5, at_once, "spot") == result.cell("dump", 5, at_once, "5 min")
    assert result.cell("dump", 60, at_once, "spot") is None


# ---------------------------------------------------------------- the liquidation test


def test_count_liquidatable__exactly_100_percent__counts() -> None:
    # capacity 65 at a price of 1; at 0.9 it is 58.5
    held = [(100 * WAD, 58_500_000), (100 * WAD, 58_499_999)]
    assert LTV_BPS == 6_500
    assert count_liquidatable(held, 9 * 10**17, "dump") == 1
    assert count_liquidatable(held, WAD, "dump") == 0


def test_count_liquidatable__pumped_debt__counts() -> None:
    # 100 dollars carry a debt of 65; 50 tokens at 1.3 are just that
    held = [(100 * 10**6, 50 * WAD), (100 * 10**6, 50 * WAD - 1)]
    assert count_liquidatable(held, 13 * 10**17, "pump") == 1
    assert count_liquidatable(held, 13 * 10**17 - 1, "pump") == 0


def test_capacity_and_debt__odd_amounts__collateral_down_debt_up() -> None:
    assert capacity_and_debt((3, 3), WAD // 2, WAD // 2, 10_000) == (1, 2)


# ---------------------------------------------------------------- plans


def test_plan__all__every_phase_and_each_oracle_in_use() -> None:
    replays = plan("dump", range(15), {8: (0, 5)}, ("at once", "never"))
    assert len(replays) == 2 * (15 + 2)
    for follow in ("at once", "never"):
        five = [r for r in replays if (r.follow, r.minutes) == (follow, 5)]
        assert [r.phase for r in five] == list(range(15))
        assert {r.in_use for r in five} == {"one", "two", "one + feed", "two + feed"}


def test_job__dumped_and_loaded__the_same() -> None:
    for job in jobs(Settings()) + jobs(replace(Settings(), **QUICK)):
        assert Job.load(job.dump()) == job


def test_jobs__defaults__every_phase_of_a_bucket() -> None:
    first = jobs(Settings())[0]
    assert (first.part, first.accounts, first.phases) == ("grid", 500, tuple(range(15)))
    assert [m for m, _ in first.durations] == [8, 12, 20, 60]


# ---------------------------------------------------------------- falls


@pytest.mark.parametrize("shape", ["straight", "steady"])
@pytest.mark.parametrize("minutes", [60, 10])
def test_path__a_fall__down_to_half_and_level(shape: str, minutes: int) -> None:
    points = path(minutes, shape)
    prices = [p.price_wad for p in points]
    assert all(b <= a for a, b in pairwise(prices))
    assert PRICE > prices[0] > 0.99 * PRICE * (1 - 0.2 / minutes)
    assert prices[-1] == PRICE // 2
    reached = next(p.ts for p in points if p.price_wad == PRICE // 2)
    assert reached == 60 * minutes
    assert points[-1].ts == 60 * minutes + 4_800
    # half of the time: three quarters, or the root of a half
    middle = next(p.price_wad for p in points if p.ts == 30 * minutes)
    assert middle / PRICE == pytest.approx(0.75 if shape == "straight" else 0.5**0.5, rel=1e-5)
    assert all(b.ts - a.ts == 12 for a, b in pairwise(points) if b.ts <= 60 * minutes)
