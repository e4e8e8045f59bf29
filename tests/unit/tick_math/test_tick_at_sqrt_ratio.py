"""tick_math both ways at the ticks and beside them, on pyrevm: all ticks in the deep tier (and in `make differential`), some otherwise."""

import random

from plimsoll.reference.tick_math import MAX_TICK
from tests.depth import draw_seed, examples
from tests.differential.ticks import BLOCK, blocks, check_anywhere, check_around, draw_root, special_roots


def test_tick_math__at_and_beside_many_ticks__is_exact() -> None:
    every = blocks()
    draw = random.Random(draw_seed())
    middle = (-BLOCK // 2, BLOCK)
    chosen = [every[0], every[-1], middle, *draw.sample(every, min(len(every), examples(24)))]
    for first, count in chosen:
        cases, wrong = check_around(first, count)
        # At the ends there is nothing beyond
        assert cases == 4 * count - (first == -MAX_TICK) - 2 * (first + count > MAX_TICK)
        assert not wrong, wrong[:10]


def test_tick_at_sqrt_ratio__both_sides_of_each_power_of_two__is_exact() -> None:
    assert not check_anywhere(special_roots())


def test_tick_at_sqrt_ratio__anywhere__is_exact() -> None:
    draw = random.Random(draw_seed())
    assert not check_anywhere([draw_root(draw) for _ in range(examples(3_000))])
