"""Inverse (2022): a time-weighted price over whatever had gone by since somebody last poked it, a single block if one liked. Here no window
is ever shorter than promised, whoever trades when, and after one block at any price a mean has moved by what 50 ticks a second add up to.
(OBS-07)"""

import random

from tests.pair_world import OWNER, START, FastPair
from tests.revm import Machine


def test_windows__whoever_trades_when__are_never_shorter_than_promised():
    pair = FastPair(Machine(OWNER, START))
    pair.start(10**24, 10**24)
    pair.machine.set_time(START + 1000)
    draw = random.Random(1)
    for _ in range(300):
        pair.machine.set_time(pair.machine.now + draw.choice([0, 1, 12, 12, 100, 500]))
        for _ in range(draw.randrange(3)):
            pair.sync(draw.randrange(1, 2**100), draw.randrange(1, 2**100))
        window = pair.window(0)
        assert 60 <= window.fresh_seconds < 120
        assert 300 <= window.short_seconds < 480


def test_means__one_block_at_any_price_on_each_side_of_a_poke__hardly_move():
    """The attack of that day: a huge trade in one block, the poke in the next, then the loan."""
    pair = FastPair(Machine(OWNER, START))
    pair.start(10**24, 10**24)
    for i in range(300):
        pair.machine.set_time(START + 12 * (i + 1))
        pair.sync(10**24, 10**24)
    pair.sync(10**20, 10**28)  # 184,000 ticks away
    pair.machine.set_time(pair.machine.now + 12)
    pair.sync(*pair.reserves)
    window = pair.window(10)
    # 50 + 100 + ... + 600
    assert window.short_sum == 3_900
    assert window.short_sum // window.short_seconds <= 13  # 0.13 %
    assert window.fresh_sum // window.fresh_seconds <= 65  # 0.65 %
    assert set(window.bucket_tick_sums) == {0}
