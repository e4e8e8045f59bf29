"""What all campaigns share: the seed, and one life told by its name."""

import os
import random


def draw_seed() -> int:
    """The same in each `make test`, a new one each time in the deep tier, unless PLIMSOLL_SEED says which."""
    usual = random.randrange(2**32) if "PLIMSOLL_DEPTH" in os.environ else 1
    seed = int(os.environ.get("PLIMSOLL_SEED", usual))
    print(f"PLIMSOLL_SEED={seed}")
    return seed
