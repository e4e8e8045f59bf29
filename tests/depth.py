"""How many examples a property gets: the deep tier (`make test-deep`) runs fifty times as many."""

import os

DEEP = os.environ.get("PLIMSOLL_DEPTH") == "deep"


def examples(n: int) -> int:
    return n * 50 if DEEP else n
