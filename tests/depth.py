"""How many examples a property gets: the deep tier (`make test-deep`) runs fifty times as many."""

import os


def examples(n: int) -> int:
    return n * 50 if os.environ.get("PLIMSOLL_DEPTH") == "deep" else n
