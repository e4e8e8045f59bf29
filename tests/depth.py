"""How many examples a property gets, and from which seed: the deep tier (`make test-deep`) runs fifty times as many, new ones each time."""

import os
import random


def examples(n: int) -> int:
    return n * 50 if os.environ.get("PLIMSOLL_DEPTH") == "deep" else n


def draw_seed() -> int:
    """The same in each `make test`, a new one each time in the deep tier, unless PLIMSOLL_SEED says which."""
    usual = random.randrange(2**32) if "PLIMSOLL_DEPTH" in os.environ else 1
    seed = int(os.environ.get("PLIMSOLL_SEED", usual))
    print(f"PLIMSOLL_SEED={seed}")
    return seed
