from typing import Any

import boa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plimsoll.reference.rate_model import WAD, JumpRate
from tests.conftest import load
from tests.depth import examples

PERCENT = WAD // 100
WEMIX = JumpRate(0, 5 * PERCENT, 800 * PERCENT, 85 * PERCENT)


def deploy(terms: JumpRate) -> Any:
    return load("lending/JumpRateModel.vy").deploy(terms.base, terms.multiplier, terms.jump, terms.kink)


def test_constructor__valid__keeps_its_parameters() -> None:
    model = deploy(JumpRate(1, 2, 3, 4))
    assert (model.base_wad(), model.multiplier_wad(), model.jump_wad(), model.kink_wad()) == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        (JumpRate(0, 0, 0, WAD + 1), "rate: kink above 100 %"),
        (JumpRate(100 * WAD + 1, 0, 0, WAD), "rate: too high"),
        (JumpRate(0, 100 * WAD + 1, 0, 0), "rate: too high"),
        (JumpRate(0, 0, 2**256 - 1, WAD), "rate: too high"),
        (JumpRate(50 * WAD, 51 * WAD, 0, WAD), "rate: too high"),
        (JumpRate(0, 50 * WAD, 100 * WAD, 0), None),
        (JumpRate(100 * WAD, 0, 0, 0), None),
        (JumpRate(0, 60 * WAD, 100 * WAD, WAD // 2), None),
        (JumpRate(20 * WAD + 2, 60 * WAD, 100 * WAD, WAD // 2), "rate: too high"),
    ],
)
def test_constructor__bounds(terms: JumpRate, reason: str | None) -> None:
    assert terms.is_valid() == (reason is None)
    if reason is None:
        deploy(terms)
    else:
        with boa.reverts(reason):
            deploy(terms)


def test_golden_8__30_109_90_at_95_percent__is_32_45_percent() -> None:
    model = deploy(JumpRate(0, 30 * PERCENT, 109 * PERCENT, 90 * PERCENT))
    assert model.borrow_rate_wad(95 * PERCENT) == 3_245 * PERCENT // 100


@pytest.mark.parametrize(
    ("utilisation", "rate"),
    [(0, 0), (1, 1), (85 * PERCENT, 425 * PERCENT // 100), (WAD, 12_425 * PERCENT // 100), (2 * WAD, 12_425 * PERCENT // 100)],
)
def test_borrow_rate__wemix__at_the_edges(utilisation: int, rate: int) -> None:
    assert deploy(WEMIX).borrow_rate_wad(utilisation) == rate


MODELS = [WEMIX, JumpRate(3 * PERCENT + 1, 7, 300 * PERCENT + 7, WAD // 3), JumpRate(0, 0, 100 * WAD, 0), JumpRate(0, WAD, 0, WAD)]


@settings(max_examples=examples(50))
@given(number=st.integers(0, len(MODELS) - 1), utilisation=st.one_of(st.integers(0, WAD), st.integers(0, 2**256 - 1)))
@example(number=0, utilisation=2**256 - 1)
def test_borrow_rate__any_utilisation__as_the_formula(number: int, utilisation: int) -> None:
    assert deploy(MODELS[number]).borrow_rate_wad(utilisation) == MODELS[number].rate(utilisation)
