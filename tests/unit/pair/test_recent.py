"""`recent` in small numbers that can be checked by hand; tests/property/test_observations.py does the rest."""

import boa
import pytest
from vyper.compiler.output import build_layout_output

from plimsoll.reference.observations import FRESH, PRESENT
from tests.conftest import load
from tests.pair_world import START, ScriptedPair

# log_1.0001 of 2 and of 4 are 6931.8 and 13863.6
TICK_2, TICK_4 = 6931, 13863
# What 138 seconds of a ramp lie above its beginning: 50, 100, .., 6,900
RAMP = 50 * 138 * 139 // 2
# Until second 1900, when price 4 came
UNTIL_1900 = RAMP + TICK_2 * (900 - 138)


@pytest.fixture
def scripted(owner) -> ScriptedPair:
    """Started at a boundary with price 1 and L = 10^6; then price 2 from second 1000 on, price 4 (a quarter of the L) from 1900 on."""
    world = ScriptedPair.create(owner)
    world.start(10**6, 10**6)
    for second, reserves in ((1000, (10**6, 2 * 10**6)), (1900, (250_000, 10**6))):
        world.at(START + second)
        world.sync(*reserves)
    return world


def recent(scripted: ScriptedPair, wanted: int) -> tuple[int, int, int]:
    return tuple(scripted.pair.recent(wanted))


def test_recent__before_the_start__is_empty(owner):
    world = ScriptedPair.create(owner)
    assert recent(world, PRESENT) == recent(world, FRESH | PRESENT) == (0, 0, 0)


def test_recent__after_known_changes__sums_ticks_since_the_start(scripted):
    scripted.at(START + 2200)
    tick_sum = UNTIL_1900 + TICK_2 * 138 + RAMP + TICK_4 * 162
    present = TICK_4 << 128 | 500_000
    assert recent(scripted, PRESENT) == (present, tick_sum, 0)
    assert recent(scripted, FRESH | PRESENT) == (present, tick_sum, TICK_4 * 100)
    assert scripted.window(0).tick_sum == tick_sum


def test_recent__within_a_ramp__goes_along_it(scripted):
    scripted.at(START + 1910)
    tick_sum = UNTIL_1900 + TICK_2 * 10 + 25 * 10 * 11
    assert recent(scripted, PRESENT)[1] == tick_sum
    # from second 1800 on
    assert recent(scripted, FRESH | PRESENT)[1:] == (tick_sum, TICK_2 * 110 + 25 * 10 * 11)
    # from 1860 on, the newer of the two marks
    scripted.at(START + 1925)
    assert recent(scripted, FRESH | PRESENT)[2] == TICK_2 * 65 + 25 * 25 * 26
    scripted.at(START + 1990)
    # from 1920 on, twenty seconds after the change
    assert recent(scripted, FRESH | PRESENT)[2] == TICK_2 * 70 + 25 * (90 * 91 - 20 * 21)


def test_recent__ticks_below_zero__sum_is_signed(scripted):
    scripted.at(START + 2200)
    scripted.sync(10**6, 1)
    scripted.at(START + 2200 + 10_000)
    # 13,863 - 9,000 is remembered after 180 seconds; the next change brings it on
    scripted.poke()
    scripted.at(START + 30_000_000)
    scripted.check()
    _, tick_sum, fresh_sum = recent(scripted, FRESH | PRESENT)
    assert tick_sum < 0
    assert fresh_sum == (TICK_4 - 18_000) * scripted.window(0).fresh_seconds


@pytest.mark.parametrize("second, seconds", [(59, None), (60, 60), (61, 61), (119, 119), (120, 60)])
def test_recent__young_history__has_no_fresh_sum_until_it_reaches(owner, second, seconds):
    world = ScriptedPair.create(owner)
    world.start(10**6, 2 * 10**6)
    world.at(START + second)
    fresh_sum = 0 if seconds is None else TICK_2 * seconds
    assert recent(world, FRESH | PRESENT)[1:] == (TICK_2 * second, fresh_sum)
    # A change right now writes marks, and alters nothing
    world.poke()
    assert recent(world, FRESH | PRESENT)[1:] == (TICK_2 * second, fresh_sum)


def test_recent__sum_less_that_of_a_boundary__is_the_short_sum(scripted):
    for second in (2160, 2219, 2220, 2279, 2280, 2339):
        scripted.at(START + second)
        boundary = 1800 if second < 2280 else 1980
        until = UNTIL_1900 - TICK_2 * 100 if boundary == 1800 else UNTIL_1900 + TICK_2 * 80 + 25 * 80 * 81
        window = scripted.window(0)
        assert window.short_seconds == second - boundary
        assert window.short_sum == recent(scripted, PRESENT)[1] - until


def test_recent__liquidity_added_in_this_second__is_told(owner):
    world = ScriptedPair.create(owner)
    world.start(10**6, 10**6)
    assert recent(world, PRESENT)[0] == 1 << 127 | 10**6
    world.at(START + 1)
    assert recent(world, PRESENT)[0] == 10**6


# ---------------------------------------------------------------- what it reads


def spoil(pair, names):
    """Overwrite what is stored under these names."""
    layout = build_layout_output(load("amm/Pair.vy").compiler_data)["storage_layout"]["observations"]
    for name in names:
        for i in range(layout[name]["n_slots"]):
            boa.env.set_storage(pair.address, layout[name]["slot"] + i, 2**256 - 1 - i)


def test_recent__without_the_fresh_sum__rests_on_no_mark(scripted):
    scripted.at(START + 1910)
    before = recent(scripted, PRESENT)
    spoil(scripted.pair, ["checkpoint", "sticks"])
    assert recent(scripted, PRESENT) == before


def test_recent__with_the_fresh_sum__rests_on_the_checkpoint_alone(scripted):
    scripted.at(START + 1910)
    before = recent(scripted, FRESH | PRESENT)
    spoil(scripted.pair, ["sticks"])
    assert recent(scripted, FRESH | PRESENT) == before
    spoil(scripted.pair, ["checkpoint"])
    assert recent(scripted, FRESH | PRESENT) != before


def test_recent__neither_wanted__is_the_tick_sum_alone(scripted):
    scripted.at(START + 2200)
    tick_sum = UNTIL_1900 + TICK_2 * 138 + RAMP + TICK_4 * 162
    assert recent(scripted, 0) == (0, tick_sum, 0)
    assert recent(scripted, FRESH) == (0, tick_sum, TICK_4 * 100)
    # Other bits mean nothing
    assert recent(scripted, 2**256 - 1) == (TICK_4 << 128 | 500_000, tick_sum, TICK_4 * 100)


def test_recent__in_an_idle_pair__rests_on_no_mark(scripted):
    """All of the fresh window lies behind the last change."""
    scripted.at(START + 1980)
    before = recent(scripted, FRESH | PRESENT)
    spoil(scripted.pair, ["checkpoint", "sticks"])
    assert recent(scripted, FRESH | PRESENT) == before
