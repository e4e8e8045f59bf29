"""Depth must not be for hire. Arithmetic mean liquidity is inflated without limit by liquidity that stays for one block, and a single
harmonic mean collapses when liquidity is near nothing for one: the median of harmonic means moves in neither case."""

from statistics import median_low

import pytest

from tests.pair_world import OWNER, START, FastPair
from tests.revm import Machine

BUCKET = 180
# A power of two, so that 2^128 / L is exact
L = 2**80


@pytest.fixture
def pair() -> FastPair:
    """An hour old, touched once a minute."""
    pair = FastPair(Machine(OWNER, START))
    pair.start(L, L)
    for minute in range(60):
        pair.machine.set_time(START + 60 * (minute + 1))
        pair.sync(L, L)
    return pair


def later(pair: FastPair, seconds: int) -> None:
    pair.machine.set_time(pair.machine.now + seconds)


def test_depth__thousandfold_liquidity_for_a_block__rises_by_less_than_a_tenth(pair):
    later(pair, 30)
    pair.sync(1000 * L, 1000 * L)
    later(pair, 12)
    pair.sync(L, L)
    later(pair, BUCKET)
    liquidities = pair.window(10).bucket_liquidities
    assert max(liquidities) < L * 108 // 100
    assert median_low(liquidities) == L


def test_depth__no_liquidity_for_a_block__median_stays(pair):
    later(pair, 30)
    pair.sync(1001, 1001)
    later(pair, 12)
    pair.sync(L, L)
    later(pair, BUCKET)
    liquidities = pair.window(10).bucket_liquidities
    assert min(liquidities) < 10**6
    assert median_low(liquidities) == L


def test_depth__liquidity_within_one_block__is_not_seen_at_all(pair):
    later(pair, 30)
    before = pair.window(10)
    pair.sync(10**6 * L, 10**6 * L)
    pair.sync(L, L)
    assert pair.window(10) == before
    later(pair, BUCKET)
    assert set(pair.window(10).bucket_liquidities) == {L}


def test_depth__liquidity_has_gone__says_so_within_half_the_window(pair):
    """Float, Ojo (2022, 2023): a price from a pool that its providers have left. The history stays readable, its depth tells."""
    later(pair, 30)
    pair.sync(10**6, 10**6)
    for _ in range(4):
        later(pair, BUCKET)
    assert median_low(pair.window(10).bucket_liquidities) == L
    for _ in range(2):
        later(pair, BUCKET)
    assert median_low(pair.window(10).bucket_liquidities) == 10**6
