"""The means that the band is compared with, against second-by-second sums."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.incident.twap import TickPath, mean_price, price_at_tick, spot_price, tick_of

WAD = 10**18
# WAD of 1e18 raw units of a dollar with 6 decimals
UNIT = 10**30


def exact_price(tick: int) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return Decimal("1.0001") ** tick


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(-50_000, 50_000)), max_size=12),
    st.integers(0, 500),
    st.integers(1, 2_000),
)
def test_mean__any_changes__sum_of_each_second(changes: list[tuple[int, int]], wait: int, seconds: int) -> None:
    path = TickPath(1_000, 7)
    now, ticks = 1_000, {1_000: 7}
    for dt, tick in changes:
        now += dt
        path.note(now, tick)
        ticks[now] = tick
    now += wait

    def tick_at(second: int) -> int:
        known = [t for t in ticks if t <= second]
        return ticks[max(known)] if known else 7

    total, length = path.mean(now, seconds)
    assert length == seconds
    assert total == sum(tick_at(second) for second in range(now - seconds, now))


def test_note__in_the_past__refused() -> None:
    path = TickPath(100, 0)
    path.note(200, 5)
    with pytest.raises(ValueError, match="past"):
        path.note(199, 6)


def test_note__twice_in_a_second__the_last_counts() -> None:
    path = TickPath(100, 0)
    path.note(200, 5)
    path.note(200, 9)
    assert path.mean(210, 20) == (90, 20)


def test_mean_price__two_pools__the_mean_of_both() -> None:
    fell, stayed = TickPath(0, 0), TickPath(0, 0)
    fell.note(1_000, -3_567)
    # the whole window of one, none of the other: half of the ticks
    price = mean_price([fell, stayed], 1_300, 300, UNIT)
    assert price == pytest.approx(float(exact_price(-1_784) * UNIT), rel=1e-12)


def test_mean_price__a_sixth_of_the_window__a_sixth_of_the_ticks() -> None:
    path = TickPath(0, 0)
    path.note(10_000, -3_600)
    assert mean_price([path], 10_300, 1_800, UNIT) == pytest.approx(float(exact_price(-600) * UNIT), rel=1e-12)


@pytest.mark.parametrize("tick", [-276_325, -1, 0, 1, 200_000])
def test_price_at_tick__some_ticks__powers_of_1_0001(tick: int) -> None:
    assert Decimal(price_at_tick(tick, UNIT)) / UNIT == pytest.approx(exact_price(tick), rel=Decimal("1e-18"), abs=Decimal("1e-29"))


@pytest.mark.parametrize("tick", [-276_325, -12_345, 0, 12_345])
def test_tick_of__just_above_and_below_a_tick__floor(tick: int) -> None:
    with localcontext() as context:
        context.prec = 60
        scale = 10**45
        above = int(exact_price(tick) * scale * Decimal("1.0000001"))
        below = int(exact_price(tick) * scale * Decimal("0.9999999"))
    assert (tick_of(above, scale), tick_of(below, scale)) == (tick, tick - 1)


def test_spot_price__one_and_two_pools__itself_and_the_geometric_mean() -> None:
    assert spot_price([7 * WAD]) == 7 * WAD
    assert spot_price([4 * WAD, 9 * WAD]) == 6 * WAD
