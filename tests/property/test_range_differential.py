"""The committed part of the range pool's differential campaign (tests/differential/range.py; all of it: `make differential`)."""

from collections import Counter

import pytest

from tests.depth import draw_seed, examples
from tests.differential.range import ACTIONS, Life, published_code, run

LIVES = 24
STEPS = 500
# Of Uniswap V3's, those that come up in a life or two
REASONS = ["LOK", "AI", "R", "AS", "SPL", "IIA", "TLU", "TLM", "TUM", "LO", "LS", "NP", "M0", "M1", "F0", "F1", "L", "OLD"]


def test_range_pool__random_life_beside_uniswap_v3__never_differs() -> None:
    seed = draw_seed()
    steps = 0
    mismatches: list[str] = []
    outcomes: Counter[str] = Counter()
    for number in range(examples(LIVES)):
        life, differences = run(f"{seed} range {number}", STEPS, remembers=number % 3 == 0)
        steps += life.steps
        mismatches += differences
        outcomes += life.outcomes
    assert not mismatches, f"PLIMSOLL_SEED={seed}\n" + "\n".join(mismatches)
    assert steps >= LIVES * STEPS
    # The life was a full one
    for action in ACTIONS:
        if action is not Life.mood:
            assert outcomes[f"{action.__name__}: ok"] > 5, (action, outcomes)
    for reason in [*REASONS, "callee: not today"]:
        assert any(outcome.endswith(": " + reason) for outcome in outcomes), (reason, outcomes)


# ---------------------------------------------------------------- that a difference is noticed

# Uniswap V3 with one thing changed: where in its code, what is replaced by what, and which comparison notices
SWAP_EVENT = "c42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67"
SHIFT_BY_128, SHIFT_BY_129 = "600160801b", "600160811b"
ALTERED = {
    "a reason": (None, "4c4f4b", "4c4f58", "reason"),
    "an event": (None, SWAP_EVENT, SWAP_EVENT[::-1], "events"),
    "millionths": (None, "620f4240", "620f4241", "answer"),
    "the highest price": (None, "fffd8963efd1fc6a506488495d951d5263988d26", "fffd8963efd1fc6a506488495d951d5263988d25", "success"),
    "fee growth of a swap": (4188, SHIFT_BY_128, SHIFT_BY_129, "feeGrowthGlobal0X128"),
    "fee growth of a flash": (7976, SHIFT_BY_128, SHIFT_BY_129, "feeGrowthGlobal1X128"),
    "fees of the protocol": (5052, SHIFT_BY_128, SHIFT_BY_129, "protocolFees"),
    "a tick": (11235, SHIFT_BY_128, SHIFT_BY_129, "ticks"),
    "a position": (22384, SHIFT_BY_128, SHIFT_BY_129, "positions"),
    "a logarithm": (None, "3627a301d71055774c85", "3627b301d71055774c85", "initialize: events"),
}


@pytest.mark.parametrize("what", ALTERED)
def test_campaign__pool_with_one_thing_changed__notices(what: str) -> None:
    where, before, after, comparison = ALTERED[what]
    code = published_code("UniswapV3Pool")
    old, new = bytes.fromhex(before), bytes.fromhex(after)
    if where is None:
        assert old in code
        altered = code.replace(old, new)
    else:
        assert code[where:].startswith(old)
        altered = code[:where] + new + code[where + len(old) :]
    mismatches: list[str] = []
    for number in range(4):
        mismatches += run(f"altered {number}", 400, pool_code=altered)[1]
    assert any(comparison in mismatch.split("\n")[0] for mismatch in mismatches), mismatches


def test_campaign__published_pool_on_both_sides__finds_nothing() -> None:
    assert run("the same", 300, pool_code=published_code("UniswapV3Pool"))[1] == []
