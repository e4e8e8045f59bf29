"""Where things are stored, and how the packed words are made up: for whoever reads the chain's storage, and against changes by accident."""

import boa
import pytest
from vyper.compiler.output import build_layout_output

from tests.conftest import load
from tests.pair_world import START, ScriptedPair

LAYOUT = {
    "checkpoint": (0, 1),
    "sticks": (1, 128),
    "reserves": (129, 1),
    "accumulators": (130, 1),
    "kLast": (131, 1),
    "totalSupply": (132, 1),
    "balanceOf": (133, 1),
    "allowance": (134, 1),
    "nonces": (135, 1),
}
M56 = 2**56 - 1


@pytest.fixture
def scripted(owner) -> ScriptedPair:
    """Price 1 for 370 s, then 1/4 for 250 s (tick -13,864, of which 9,000 count), with L = 2^40 all the time."""
    world = ScriptedPair.create(owner)
    world.start(2**40, 2**40)
    world.at(START + 370)
    world.sync(2**41, 2**39)
    world.at(START + 620)
    world.sync(2**40, 2**40)
    return world


def slot(pair, number):
    return boa.env.get_storage(pair.address, number)


def sums(tick_sum, seconds):
    """Two sums in one word; 2^128 / L = 2^88"""
    return ((2**88 * seconds << 96) + (tick_sum << 40)) % 2**256


def test_layout__of_the_pair__is_the_golden_one():
    layout = build_layout_output(load("amm/Pair.vy").compiler_data)["storage_layout"]
    flat = {**layout.pop("observations"), **layout}
    assert {name: (entry["slot"], entry["n_slots"]) for name, entry in flat.items()} == LAYOUT


def test_reserves__word__is_uniswap_v2_s(scripted):
    assert slot(scripted.pair, 129) == 2**40 | 2**40 << 112 | (START + 620) << 224


def ramp(seconds):
    """50, 100, .., 9,000 in 180 seconds, and then 9,000."""
    return -25 * seconds * (seconds + 1) if seconds <= 180 else -25 * 180 * 181 - 9_000 * (seconds - 180)


def test_accumulators__word__holds_sums_and_the_remembered_tick(scripted):
    expected = sums(ramp(250), 620) | (-9_000 % 2**31) << 1 | 1
    assert slot(scripted.pair, 130) == expected
    scripted.at(START + 630)
    scripted.sync(2**40, 2**40)
    # On its way back
    expected = sums(ramp(250) - 90_000 + 25 * 10 * 11, 630) | (-8_500 % 2**31) << 1 | 1
    assert slot(scripted.pair, 130) == expected


def test_sticks__words__hold_sums_at_the_boundary_and_its_bucket(scripted):
    first = START // 180
    assert slot(scripted.pair, 1 + (first + 3) % 128) == sums(ramp(540 - 370), 540) | first + 3
    # 370 came two buckets after the start: it wrote both
    for bucket in (1, 2):
        assert slot(scripted.pair, 1 + (first + bucket) % 128) == sums(0, 180 * bucket) | first + bucket
    assert slot(scripted.pair, 1 + first % 128) == 0


def test_checkpoint__word__holds_two_minutes_and_the_start(scripted):
    newer, older = (ramp(second - 370) & M56 for second in (600, 540))
    assert slot(scripted.pair, 0) == older << 200 | newer << 144 | START
