"""The life of a pause, and what a guardian who wants more of it can do."""

import pytest

from tests.configurator_world import BORROW, COLLATERAL, DAY, FLASH, HOUR, SUPPLY, ZERO, Market

LONGEST = 3 * DAY
COOL_DOWN = 3 * DAY
ALL = SUPPLY | BORROW | COLLATERAL | FLASH


def paused(market: Market) -> tuple[int, int]:
    return market.of(market.eth).paused_actions, market.of(market.eth).paused_until


def end_of(begins: int, duration: int) -> int:
    """The last multiple of 64 seconds within it."""
    return (begins + duration) // 64 * 64


@pytest.mark.parametrize("actions", range(1, 16))
def test_pause__actions__are_paused_for_that_long(market: Market, actions: int) -> None:
    ends = end_of(market.now, DAY)
    market.by("guardian", "pause", market.eth, actions, DAY)
    assert market.event() == ("PauseSet", market.eth, 0, actions, 0, ends)
    assert paused(market) == (actions, ends)
    assert market.of(market.usd).paused_actions == 0
    assert market.configurator.pausable_from(market.eth) == ends + COOL_DOWN
    # as the pool reads it
    word = market.words(market.eth)[0]
    assert (word >> 252, (word >> 215) % 2**26) == (actions, ends // 64)


@pytest.mark.parametrize("duration", [64, 65, HOUR, LONGEST - 1, LONGEST])
@pytest.mark.parametrize("late", [0, 1, 63])
def test_pause__any_length__ends_by_itself_and_never_later(market: Market, duration: int, late: int) -> None:
    market.at_multiple_of_64()
    market.travel(late)
    began, ends = market.now, end_of(market.now, duration)
    market.by("guardian", "pause", market.eth, ALL, duration)
    assert ends - began <= LONGEST
    market.travel(ends - 1 - market.now)
    assert paused(market) == (ALL, ends)
    market.travel(1)
    assert paused(market) == (0, 0)


@pytest.mark.parametrize("duration", [0, 1, 62, LONGEST + 1, 2**64, 2**256 - 1])
def test_pause__too_short_to_begin_or_too_long__reverts(market: Market, duration: int) -> None:
    market.at_multiple_of_64()
    market.travel(1)
    market.refuse("guardian", "pause", market.eth, ALL, duration, reason="configurator: bad duration")


@pytest.mark.parametrize("actions", [0, 16, 17, 2**255, 2**256 - 1])
def test_pause__unknown_actions__reverts(market: Market, actions: int) -> None:
    market.refuse("guardian", "pause", market.eth, actions, DAY, reason="configurator: bad actions")
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.refuse("guardian", "add_to_pause", market.eth, actions, reason="configurator: bad actions")


def test_pause__again_before_the_cool_down_is_over__reverts(market: Market) -> None:
    ends = end_of(market.now, DAY)
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    # while it runs, for other actions, shorter, longer; at its end; a second too early
    for moment in (market.now, ends - 1, ends, ends + COOL_DOWN - 1):
        market.travel(moment - market.now)
        for actions, duration in ((SUPPLY, LONGEST), (BORROW, 64), (ALL, LONGEST)):
            market.refuse("guardian", "pause", market.eth, actions, duration, reason="configurator: cooling down")
    market.travel(1)
    market.by("guardian", "pause", market.eth, BORROW, DAY)
    # of the first one nothing is left
    assert paused(market) == (BORROW, end_of(market.now, DAY))


def test_pause__as_often_as_possible__leaves_half_of_the_time(market: Market) -> None:
    began, closed = market.now, 0
    for _ in range(10):
        market.travel(max(0, market.configurator.pausable_from(market.eth) - market.now))
        market.by("guardian", "pause", market.eth, ALL, LONGEST)
        closed += paused(market)[1] - market.now
    assert 2 * closed <= market.configurator.pausable_from(market.eth) - began


def test_pause__guardian_replaced__the_cool_down_stays(market: Market) -> None:
    market.by("guardian", "pause", market.eth, ALL, DAY)
    market.by("owner", "set_guardian", market.address["attacker"])
    market.refuse("attacker", "pause", market.eth, ALL, DAY, reason="configurator: cooling down")
    market.refuse("guardian", "add_to_pause", market.eth, ALL, reason="configurator: not guardian")


def test_pause__each_asset__for_itself(market: Market) -> None:
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.by("guardian", "pause", market.usd, BORROW, HOUR)
    assert market.of(market.eth).paused_actions == SUPPLY
    assert market.of(market.usd).paused_actions == BORROW


# ---------------------------------------------------------------- more of the same pause


def test_add_to_pause__more_actions__end_with_the_rest(market: Market) -> None:
    ends = end_of(market.now, DAY)
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.travel(HOUR)
    market.by("guardian", "add_to_pause", market.eth, BORROW | SUPPLY)
    assert market.event() == ("PauseSet", market.eth, SUPPLY, SUPPLY | BORROW, ends, ends)
    assert market.configurator.pausable_from(market.eth) == ends + COOL_DOWN
    market.travel(ends - 1 - market.now)
    market.by("guardian", "add_to_pause", market.eth, FLASH)
    assert paused(market) == (SUPPLY | BORROW | FLASH, ends)
    market.travel(1)
    assert paused(market) == (0, 0)


def test_add_to_pause__none_running__reverts(market: Market) -> None:
    market.refuse("guardian", "add_to_pause", market.eth, SUPPLY, reason="configurator: not paused")
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.travel(end_of(market.now, DAY) - market.now)
    market.refuse("guardian", "add_to_pause", market.eth, BORROW, reason="configurator: not paused")


def test_add_to_pause__lifted__reverts(market: Market) -> None:
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.by("owner", "lift_pause", market.eth)
    market.refuse("guardian", "add_to_pause", market.eth, BORROW, reason="configurator: not paused")


# ---------------------------------------------------------------- lifting


def test_lift_pause__running__ends_now_and_cools_down_from_now(market: Market) -> None:
    ends = end_of(market.now, DAY)
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.travel(HOUR)
    market.by("owner", "lift_pause", market.eth)
    assert market.event() == ("PauseSet", market.eth, SUPPLY, 0, ends, 0)
    assert paused(market) == (0, 0)
    assert market.configurator.pausable_from(market.eth) == market.now + COOL_DOWN
    market.travel(COOL_DOWN - 1)
    market.refuse("guardian", "pause", market.eth, SUPPLY, DAY, reason="configurator: cooling down")
    market.travel(1)
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)


def test_lift_pause__none_running__reverts(market: Market) -> None:
    market.refuse("owner", "lift_pause", market.eth, reason="configurator: not paused")
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    market.travel(DAY)
    market.refuse("owner", "lift_pause", market.eth, reason="configurator: not paused")
    # and the cool-down is not longer for it
    assert market.configurator.pausable_from(market.eth) <= market.now + COOL_DOWN


def test_lift_pause__by_the_guardian__reverts(market: Market) -> None:
    market.by("guardian", "pause", market.eth, SUPPLY, DAY)
    for role in ("guardian", "steward", "deployer", "attacker"):
        market.refuse(role, "lift_pause", market.eth, reason="ownable: caller is not the owner")


def test_pause__frozen__freezes_on_after_it(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.by("guardian", "pause", market.eth, COLLATERAL, HOUR)
    market.travel(DAY)
    assert paused(market) == (0, 0)
    assert market.of(market.eth).frozen


def test_pause__no_guardian__cannot_be_prolonged_by_the_next_one(market: Market) -> None:
    ends = end_of(market.now, LONGEST)
    market.by("guardian", "pause", market.eth, ALL, LONGEST)
    market.by("owner", "set_guardian", ZERO)
    market.travel(LONGEST // 2)
    market.by("owner", "set_guardian", market.address["steward"])
    market.refuse("steward", "pause", market.eth, ALL, LONGEST, reason="configurator: cooling down")
    assert paused(market) == (ALL, ends)
