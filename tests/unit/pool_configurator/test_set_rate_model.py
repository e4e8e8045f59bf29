"""A new rate model answers sanely, and moves no rate by more than to twice the old one and 10 points."""

from typing import Any

import boa
import pytest

from tests.configurator_world import DAY, WAD, ZERO, Market
from tests.conftest import load

PERCENT = WAD // 100
CAP = 100 * WAD

FALLING = """
# pragma version 0.4.3
at: uint256
@deploy
def __init__(at: uint256):
    self.at = at

@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    # less by one at `at`
    if utilisation_wad == self.at:
        return 10**17 - 1
    return 10**17
"""

# Answers nothing but at one utilisation
PARTIAL = """
# pragma version 0.4.3
at: uint256
@deploy
def __init__(at: uint256):
    self.at = at

@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    assert utilisation_wad != self.at
    return utilisation_wad // 10
"""

TABLE = """
# pragma version 0.4.3
rates: HashMap[uint256, uint256]
@deploy
def __init__(utilisations: uint256[5], rates: uint256[5]):
    for i: uint256 in range(5):
        self.rates[utilisations[i]] = rates[i]

@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    return self.rates[utilisation_wad]
"""


def flat(rate_wad: int, fault: int = 0) -> Any:
    model = load("testing/FaultyRateModel.vy").deploy()
    model.set_rate(rate_wad)
    model.set_fault(fault)
    return model.address


@pytest.fixture
def flat_market(market: Market) -> Any:
    """ETH, with a model that answers whatever it is told."""
    model = load("testing/FaultyRateModel.vy").deploy()
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_rate_model", market.eth, model.address)
    market.by("owner", "unfreeze", market.eth)
    market.travel(DAY)
    return model


def refuse(market: Market, model: Any, reason: str) -> None:
    market.refuse("owner", "set_rate_model", market.eth, model, reason=reason)


def test_set_rate_model__near_the_old_one__is_set(market: Market) -> None:
    model = market.new_model(base=1, multiplier=6, jump=800).address
    market.by("owner", "set_rate_model", market.eth, model)
    assert market.event() == ("RateModelSet", market.eth, market.model.address, model)
    assert market.of(market.eth).rate_model == model
    assert market.of(market.usd).rate_model == market.model.address


@pytest.mark.parametrize("fault", [1, 2, 4, 8, 16])
def test_set_rate_model__that_fails__reverts(market: Market, fault: int) -> None:
    refuse(market, flat(0, fault), "configurator: bad rate model")


def test_set_rate_model__none__reverts(market: Market) -> None:
    for nothing in (ZERO, market.address["attacker"], market.eth):
        refuse(market, nothing, "configurator: bad rate model")


@pytest.mark.parametrize("at", [0, 50, 80, 90, 100])
def test_set_rate_model__that_fails_at_one_utilisation__reverts(market: Market, flat_market: Any, at: int) -> None:
    flat_market.set_rate(0)
    refuse(market, boa.loads(PARTIAL, at * PERCENT).address, "configurator: bad rate model")


@pytest.mark.parametrize("at", [50, 80, 90, 100])
def test_set_rate_model__that_asks_less_at_a_higher_utilisation__reverts(market: Market, flat_market: Any, at: int) -> None:
    flat_market.set_rate(10 * PERCENT)
    refuse(market, boa.loads(FALLING, at * PERCENT).address, "configurator: bad rate model")


def test_set_rate_model__at_the_cap__is_the_most(market: Market, flat_market: Any) -> None:
    flat_market.set_rate(CAP)
    market.by("owner", "set_rate_model", market.eth, flat(CAP))
    refuse(market, flat(CAP + 1), "configurator: bad rate model")


@pytest.mark.parametrize("old, most", [(0, 10), (5, 20), (50, 110), (1_000, 2_010)])
def test_set_rate_model__a_raise__ends_at_twice_and_ten_points(market: Market, flat_market: Any, old: int, most: int) -> None:
    flat_market.set_rate(old * PERCENT)
    refuse(market, flat(most * PERCENT + 1), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(most * PERCENT))


@pytest.mark.parametrize("old, least", [(10, 0), (20, 5), (110, 50), (2_010, 1_000)])
def test_set_rate_model__a_cut__ends_at_half_of_ten_points_less(market: Market, flat_market: Any, old: int, least: int) -> None:
    flat_market.set_rate(old * PERCENT)
    if least:
        refuse(market, flat(least * PERCENT - 1), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(least * PERCENT))


@pytest.mark.parametrize(
    "at, most, least",
    [
        (0, 10 * PERCENT, 0),
        (50, 15 * PERCENT, 0),
        (80, 18 * PERCENT, 0),
        # 44.25 and 124.25 % before
        (90, 985 * PERCENT // 10, 17_125 * PERCENT // 1_000),
        (100, 2_585 * PERCENT // 10, 57_125 * PERCENT // 1_000),
    ],
)
def test_set_rate_model__far_off_at_one_utilisation__reverts(market: Market, at: int, most: int, least: int) -> None:
    utilisations = [0, 50, 80, 90, 100]
    rates = [market.model.borrow_rate_wad(u * PERCENT) for u in utilisations]
    place = utilisations.index(at)
    for rate, refused in ((most + 1, True), (least - 1, True), (most, False), (least, False)):
        if rate < 0:
            continue
        changed = [*rates[:place], rate, *(max(rate, later) for later in rates[place + 1 :])]
        if rate < rates[place]:
            # not below what came before
            changed = [min(rate, earlier) for earlier in rates[:place]] + changed[place:]
        model = boa.loads(TABLE, [u * PERCENT for u in utilisations], changed).address
        if refused:
            refuse(market, model, "configurator: rate jumps")
        elif all(c == r for c, r in zip(changed[place + 1 :], rates[place + 1 :], strict=True)):
            with boa.env.anchor():
                market.by("owner", "set_rate_model", market.eth, model)


def test_set_rate_model__far_off_at_the_present_utilisation_alone__reverts(market: Market) -> None:
    """Equal at the five that are always asked, 24.5 against 4.75 % where the reserve stands."""
    old, new = market.new_model(kink=95, jump=800), market.new_model(kink=90, jump=400)
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_rate_model", market.eth, old.address)
    market.by("owner", "unfreeze", market.eth)
    market.travel(DAY)
    market.pool.set_books(market.eth, 5, 95, old.borrow_rate_wad(95 * PERCENT))
    refuse(market, new.address, "configurator: rate jumps")
    # nobody owes anything: there is no present rate
    market.pool.set_books(market.eth, 5, 0, 0)
    market.by("owner", "set_rate_model", market.eth, new.address)


def test_set_rate_model__that_fails_at_the_present_utilisation_alone__reverts(market: Market, flat_market: Any) -> None:
    flat_market.set_rate(0)
    market.pool.set_books(market.eth, 63, 37, 0)
    refuse(market, boa.loads(PARTIAL, 37 * PERCENT).address, "configurator: bad rate model")
    market.pool.set_books(market.eth, 62, 38, 0)
    market.by("owner", "set_rate_model", market.eth, boa.loads(PARTIAL, 37 * PERCENT).address)


def test_set_rate_model__the_old_one_is_dead__is_compared_with_the_last_rate(market: Market, flat_market: Any) -> None:
    flat_market.set_fault(1)
    market.pool.set_books(market.eth, 50, 50, 20 * PERCENT)
    refuse(market, flat(50 * PERCENT + 1), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(50 * PERCENT))


def test_set_rate_model__the_old_one_asks_more_than_the_cap__counts_as_the_cap(market: Market, flat_market: Any) -> None:
    flat_market.set_rate(2**256 - 1)
    refuse(market, flat(4_995 * PERCENT - 1), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(4_995 * PERCENT))


def test_set_rate_model__frozen__may_jump_but_not_fail(market: Market) -> None:
    market.pool.set_books(market.eth, 5, 95, 5 * PERCENT)
    market.by("steward", "freeze", market.eth)
    for fault in (1, 2, 4, 8, 16):
        refuse(market, flat(0, fault), "configurator: bad rate model")
    refuse(market, flat(CAP + 1), "configurator: bad rate model")
    market.by("owner", "set_rate_model", market.eth, flat(CAP))
    # the other asset is not frozen
    market.refuse("owner", "set_rate_model", market.usd, flat(CAP), reason="configurator: rate jumps")


# ---------------------------------------------------------------- many small steps


def test_set_rate_model__step_by_step__goes_no_further_within_a_day(market: Market, flat_market: Any) -> None:
    market.travel(DAY)
    flat_market.set_rate(0)
    market.by("owner", "set_rate_model", market.eth, flat(9 * PERCENT))
    refuse(market, flat(11 * PERCENT), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(10 * PERCENT))
    market.travel(DAY - 1)
    refuse(market, flat(10 * PERCENT + 1), "configurator: rate jumps")
    market.travel(1)
    market.by("owner", "set_rate_model", market.eth, flat(30 * PERCENT))
    refuse(market, flat(31 * PERCENT), "configurator: rate jumps")
    # back is open
    market.by("owner", "set_rate_model", market.eth, flat(10 * PERCENT))
    # the other asset has a day of its own
    market.by("owner", "set_rate_model", market.usd, market.new_model(base=1).address)


def test_set_rate_model__far_off_the_present_one_alone__reverts(market: Market, flat_market: Any) -> None:
    """Near the one of this morning is not enough."""
    flat_market.set_rate(20 * PERCENT)
    market.by("owner", "set_rate_model", market.eth, flat(50 * PERCENT))
    refuse(market, flat(20 * PERCENT - 1), "configurator: rate jumps")
    market.by("owner", "set_rate_model", market.eth, flat(20 * PERCENT))


def test_set_rate_model__step_by_step_at_the_present_utilisation__goes_no_further(market: Market) -> None:
    """4.75, then 14.5, then 24.25 % at 95 %: equal at 90, near enough at 100."""
    old, middle, new = market.new_model(kink=95, jump=800), market.new_model(kink=90, jump=200), market.new_model(kink=90, jump=395)
    market.travel(DAY)
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_rate_model", market.eth, old.address)
    market.by("owner", "unfreeze", market.eth)
    market.travel(DAY)
    market.pool.set_books(market.eth, 5, 95, old.borrow_rate_wad(95 * PERCENT))
    market.by("owner", "set_rate_model", market.eth, middle.address)
    market.pool.set_books(market.eth, 5, 95, middle.borrow_rate_wad(95 * PERCENT))
    refuse(market, new.address, "configurator: rate jumps")
    market.travel(DAY)
    market.by("owner", "set_rate_model", market.eth, new.address)
