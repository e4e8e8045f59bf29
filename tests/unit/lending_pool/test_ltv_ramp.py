"""The LTV of the liquidation test goes down in a straight line; that of new risk is the new one at once."""

from __future__ import annotations

from fractions import Fraction

import boa
import pytest

from plimsoll.reference.pool import Ramp, Refused
from tests.accounts import account_state
from tests.pool_world import World

USD, ETH, DAY = 10**6, 10**18, 86_400


def told(world: World, asset: str = "ETH") -> tuple[int, int]:
    state = world.pool.reserve_state(world.address[asset])
    return state.ltv_bps, state.new_risk_ltv_bps


@pytest.mark.parametrize("part", [0, 1, 2, 333, 500, 999, 1000, 1500])
def test_ramp__on_the_way__is_the_line_rounded_up(indebted: World, part: int) -> None:
    indebted.ramp("ETH", 6_500, 7 * DAY)
    indebted.travel(7 * DAY * part // 1_000)
    line = 7_500 - Fraction(1_000) * min(7 * DAY * part // 1_000, 7 * DAY) / (7 * DAY)
    assert told(indebted) == (-(-line.numerator // line.denominator), 6_500)
    state = account_state(indebted.pool, indebted.address["borrower"])
    assert (state.collaterals[0].ltv_bps, state.collaterals[0].new_risk_ltv_bps) == told(indebted)
    indebted.check()


def test_ramp__new_risk__goes_by_the_new_ltv_at_once(indebted: World) -> None:
    """100 ETH of 200 at 75 %: 12,000 may be owed; at 30 % only 4,800, of which there are 8,000 already."""
    indebted.ramp("ETH", 3_000, 7 * DAY)
    for attempt in (lambda: indebted.borrow("borrower", "USD", USD), lambda: indebted.withdraw("borrower", "ETH", 1)):
        with pytest.raises(Refused, match="pool: over limit"):
            attempt()
    assert told(indebted) == (7_500, 3_000)
    indebted.repay("borrower", "USD", 1_000 * USD)
    indebted.check()


def test_ramp__before_its_start__is_where_it_begins(indebted: World) -> None:
    now = indebted.chain.timestamp
    indebted.configure("ETH", ltv_bps=6_000, ramp=Ramp(7_500, 6_000, now + DAY, now + 8 * DAY))
    assert told(indebted) == (7_500, 6_000)
    indebted.travel(DAY)
    assert told(indebted) == (7_500, 6_000)
    indebted.travel(1)
    assert told(indebted) == (7_500, 6_000)
    indebted.travel(7 * DAY - 1)
    assert told(indebted) == (6_000, 6_000)


def test_ramp__of_no_length__is_at_its_end(indebted: World) -> None:
    """As a frozen asset has it: no LTV for new risk, the old one in the liquidation test, for good."""
    now = indebted.chain.timestamp
    indebted.configure("ETH", frozen=True, ltv_bps=0, ramp=Ramp(7_500, 7_500, now, now))
    assert told(indebted) == (7_500, 0)
    indebted.travel(365 * DAY)
    assert told(indebted) == (7_500, 0)
    indebted.check()


def test_ramp__ended__is_the_ltv(indebted: World) -> None:
    indebted.ramp("ETH", 6_500, 7 * DAY)
    indebted.travel(DAY)
    indebted.configure("ETH", ramp=None)
    assert told(indebted) == (6_500, 6_500)


def test_ramp__unseeded_reserve__counts_nothing(world: World) -> None:
    world.add("NEW")
    world.ramp("NEW", 6_500, 7 * DAY)
    assert told(world, "NEW") == (0, 0)


@pytest.mark.parametrize("ramp", [Ramp(7_500, 6_499, 0, 2**40 - 1), Ramp(6_499, 7_500, 0, 2**40 - 1)])
def test_configure__lends_at_more_than_what_is_liquidated__reverts(indebted: World, ramp: Ramp) -> None:
    with pytest.raises(Refused):
        indebted.configure("ETH", ltv_bps=6_500, ramp=ramp)


@pytest.mark.parametrize("ends", [(8_591, 6_500), (6_500, 8_591)])
def test_configure__an_end_above_what_the_bonus_allows__reverts(indebted: World, ends: tuple[int, int]) -> None:
    """LTV <= 1 / 1.1 - 5 % for either end."""
    with boa.reverts():
        indebted.configure("ETH", ltv_bps=6_500, ramp=Ramp(*ends, 0, 2**40 - 1))
