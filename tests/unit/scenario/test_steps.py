"""A path of prices as steps: straight lines, no point of the file left out, never further apart than asked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.scenario import Point, Scenario


def path(*points: tuple[int, int]) -> Scenario:
    return Scenario("test", "table", tuple(Point(ts, price) for ts, price in points))


def test_steps__even_division__every_step_on_the_line() -> None:
    assert path((0, 100), (180, 130)).steps(60) == [Point(60, 110), Point(120, 120), Point(180, 130)]


def test_steps__uneven_division__shorter_steps() -> None:
    assert path((0, 100), (90, 130)).steps(60) == [Point(45, 115), Point(90, 130)]


def test_steps__not_positive__refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        path((0, 1), (1, 1)).steps(0)


@given(
    st.lists(st.tuples(st.integers(1, 5_000), st.integers(1, 10**24)), min_size=2, max_size=20),
    st.integers(1, 60),
)
def test_steps__any_path__hits_every_point_and_stays_between(spans: list[tuple[int, int]], step_seconds: int) -> None:
    ts, points = 1_000, []
    for dt, price in spans:
        ts += dt
        points.append((ts, price))
    steps = path(*points).steps(step_seconds)
    times = [points[0][0]] + [s.ts for s in steps]
    assert all(0 < b - a <= step_seconds for a, b in pairwise(times))
    prices = {s.ts: s.price_wad for s in steps}
    assert all(prices[t] == price for t, price in points[1:])
    for (t0, p0), (t1, p1) in pairwise(points):
        between = [s.price_wad for s in steps if t0 < s.ts <= t1]
        assert all(min(p0, p1) <= p <= max(p0, p1) for p in between)
        assert between == sorted(between, reverse=p1 < p0)
