"""The committed part of the pair's differential campaign (tests/differential/pair.py; all of it: `make differential`)."""

from collections import Counter

from tests.depth import draw_seed, examples
from tests.differential.pair import ACTIONS, REASONS, V2_REASON, Life, run

LIVES = 34
STEPS = 600


def test_pair__random_life_beside_uniswap_v2__never_differs() -> None:
    seed = draw_seed()
    lives: list[Life] = []
    mismatches: list[str] = []
    for number in range(examples(LIVES)):
        life, differences = run(f"{seed} pair {number}", number, STEPS)
        lives.append(life)
        mismatches += differences
    assert not mismatches, f"PLIMSOLL_SEED={seed}\n" + "\n".join(mismatches)
    assert sum(life.steps for life in lives) >= 20_000
    # The life was a full one
    outcomes = sum((life.outcomes for life in lives), Counter[str]())
    for action in ACTIONS:
        if action is not Life.donate:
            assert outcomes[f"{action.__name__}: ok"] > 10, (action, outcomes)
    for reason in REASONS:
        assert any(outcome.endswith(V2_REASON + reason) for outcome in outcomes), (reason, outcomes)
