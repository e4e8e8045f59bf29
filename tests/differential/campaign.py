"""What all campaigns share: the seed, and one life told by its name."""

import os
import random


def draw_seed() -> int:
    """A new one each time, unless PLIMSOLL_SEED says which."""
    seed = int(os.environ.get("PLIMSOLL_SEED", random.randrange(2**32)))
    print(f"PLIMSOLL_SEED={seed}")
    return seed
