"""Tick mathematics against exact integers: the square root of the price at each tick, and the tick at that root, one below and one above.

The module has two ways from a root to its tick, one of which starts from a tick nearby: both have to agree. The ratios come from
plimsoll.reference.tick_math. A tick t is right for a root p exactly if ratio(t) <= p < ratio(t + 1); between two neighbours nothing
else can be right, so that the ticks at ratio(t) - 1 and ratio(t) + 1 are known without any search.
"""

import random
from functools import cache

from plimsoll.reference.tick_math import MAX_TICK, sqrt_ratio_at_tick
from tests.revm import Machine, call_data, selector, vyper_code

OWNER = "0x" + "0e" * 20
# In one call of the harness
BLOCK = 1_500
TICKS = range(-MAX_TICK, MAX_TICK + 1)
CONTRACTS = ["testing/TickMathHarness.vy"]
MIN_RATIO, MAX_RATIO = sqrt_ratio_at_tick(-MAX_TICK), sqrt_ratio_at_tick(MAX_TICK)


@cache
def harness() -> tuple[Machine, str]:
    machine = Machine(OWNER, 1_700_000_000, gas=10**10)
    return machine, machine.deploy(vyper_code(CONTRACTS[0]))


def answers_around(first: int, count: int) -> list[int]:
    machine, contract = harness()
    data = machine.view(contract, call_data("around(int256,uint256)", first % 2**256, count))
    return [int.from_bytes(data[i : i + 32], "big") for i in range(64, len(data), 32)]


def expected_around(tick: int) -> tuple[int, int]:
    """The harness's word, and how many answers are in it."""
    ratio = sqrt_ratio_at_tick(tick)
    beside = [(ratio - 1, tick - 1), (ratio, tick), (ratio + 1, tick)]
    answer, cases = ratio << 96, 1
    for shift, (root, at) in zip((48, 24, 0), beside, strict=True):
        if MIN_RATIO <= root < MAX_RATIO:
            answer |= at % 2**24 << shift
            cases += 1
    return answer, cases


def check_around(first: int, count: int) -> tuple[int, list[str]]:
    """How many cases, and those that are wrong."""
    cases = 0
    wrong: list[str] = []
    answers = answers_around(first, count)
    assert len(answers) == count
    for tick, answer in enumerate(answers, first):
        expected, number = expected_around(tick)
        cases += number
        if answer != expected:
            wrong.append(f"tick {tick}: {answer:064x}, expected {expected:064x}")
    return cases, wrong


def check_anywhere(roots: list[int]) -> list[str]:
    """Those for which the tick is wrong."""
    machine, contract = harness()
    wrong: list[str] = []
    for at in range(0, len(roots), BLOCK):
        block = roots[at : at + BLOCK]
        # Any tick to start from
        near = block[0] % (2 * MAX_TICK + 1) - MAX_TICK
        words = (64, near % 2**256, len(block), *block)
        call = selector("ticks_at(uint256[],int256)") + b"".join(w.to_bytes(32, "big") for w in words)
        data = machine.view(contract, call)
        for i, root in enumerate(block):
            tick = int.from_bytes(data[64 + 32 * i : 96 + 32 * i], "big", signed=True)
            if not (-MAX_TICK <= tick < MAX_TICK and sqrt_ratio_at_tick(tick) <= root < sqrt_ratio_at_tick(tick + 1)):
                wrong.append(f"root {root}: tick {tick}")
    return wrong


def draw_root(draw: random.Random) -> int:
    """Any size as often as any other."""
    while True:
        root = draw.randrange(2 ** draw.randrange(32, 161))
        if MIN_RATIO <= root < MAX_RATIO:
            return root


def special_roots() -> list[int]:
    """The ends, and both sides of each power of two."""
    near = [2**bit + beside for bit in range(32, 161) for beside in (-1, 0, 1)]
    roots = [*near, *(MIN_RATIO + i for i in range(3)), *(MAX_RATIO - 1 - i for i in range(3))]
    return [root for root in roots if MIN_RATIO <= root < MAX_RATIO]


def blocks() -> list[tuple[int, int]]:
    """All ticks, in calls of the harness."""
    return [(first, min(BLOCK, MAX_TICK + 1 - first)) for first in TICKS[::BLOCK]]


def number_of_cases() -> int:
    """In all blocks: each tick's ratio, and the ticks at and beside it, which the two ends have one and two fewer of."""
    return 4 * len(TICKS) - 3
