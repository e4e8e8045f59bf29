"""Long random lives of the lending pool on pyrevm beside the ledger (pool_life.py): 15,000 steps here, more than a million in the deep tier,
from a seed that is printed (PLIMSOLL_SEED draws the same again)."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

import pytest

from tests.chains import Revm
from tests.depth import draw_seed
from tests.stateful.pool_life import ACTIONS, Life

T = TypeVar("T")

IS_DEEP = os.environ.get("PLIMSOLL_DEPTH") == "deep"
# In parts, so that several workers share them
PARTS, LIVES, STEPS = (20, 170, 300) if IS_DEEP else (2, 25, 300)
SEED = draw_seed()


class Generated:
    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)

    def choice(self, values: Sequence[T]) -> T:
        return self.random.choice(values)

    def integer(self, least: int, most: int) -> int:
        return self.random.randint(least, most)


def live(seed: str) -> Counter[str]:
    draw, life, done = Generated(seed), Life(Revm()), []
    try:
        for _ in range(STEPS):
            done.append(draw.choice(ACTIONS))
            life.step(done[-1], draw)
        life.end()
    except BaseException as error:
        raise AssertionError(f"life {seed!r}, step {len(done)}, after {done[-5:]}: {error}") from error
    return life.outcomes


@pytest.mark.parametrize("part", range(PARTS))
def test_pool__random_life_beside_its_ledger__never_differs(part: int) -> None:
    outcomes: Counter[str] = Counter()
    for number in range(LIVES):
        outcomes += live(f"{SEED} pool {part} {number}")
    # The life was a full one
    for action in ("supply", "withdraw", "borrow", "repay", "repay_with_shares", "transfer", "enable", "defer", "flash", "sweep", "settle"):
        assert outcomes[f"{action}: ok"] > 10, (action, outcomes)
    assert outcomes["write_off: ok"]
    for reason in ("frozen", "paused", "not operator", "supply cap", "debt cap", "collateral cap", "over limit", "no price", "same asset"):
        assert any(outcome.endswith(f"pool: {reason}") for outcome in outcomes), (reason, outcomes)
