import boa
import pytest

from tests.configurator_world import DAY, HOUR, ZERO, Market
from tests.conftest import load

LONGEST = 6 * HOUR
MOST_GRACE = 4 * HOUR
COOL_DOWN = DAY


def grace(paused_for: int) -> int:
    """None within the first hour; then as long again, four hours at most."""
    return min(paused_for, MOST_GRACE) if paused_for > HOUR else 0


@pytest.mark.parametrize("duration", [1, 60, HOUR, HOUR + 1, 3 * HOUR, MOST_GRACE, MOST_GRACE + 1, LONGEST])
def test_pause_liquidation__any_length__opens_after_the_grace_period(market: Market, duration: int) -> None:
    ends = market.now + duration
    opens = ends + grace(duration)
    market.by("guardian", "pause_liquidation", duration)
    assert market.event() == ("LiquidationPauseSet", 0, ends, 0, opens)
    # new risk is closed with it: whoever could not be liquidated does not take more debt
    assert market.pool.guards() == (opens, opens)
    assert (market.pool.oracle(), market.pool.engine()) == (market.oracle.address, market.engine.address)
    assert market.configurator.liquidation_paused_until() == ends
    assert market.configurator.liquidation_pausable_from() == opens + COOL_DOWN


@pytest.mark.parametrize("duration", [0, LONGEST + 1, 2**256 - 1])
def test_pause_liquidation__none_or_too_long__reverts(market: Market, duration: int) -> None:
    market.refuse("guardian", "pause_liquidation", duration, reason="configurator: bad duration")


@pytest.mark.parametrize("duration", [60, LONGEST])
def test_pause_liquidation__again_before_the_cool_down_is_over__reverts(market: Market, duration: int) -> None:
    market.by("guardian", "pause_liquidation", duration)
    opens = market.liquidation_from
    for moment in (market.now, market.configurator.liquidation_paused_until(), opens, opens + COOL_DOWN - 1):
        market.travel(moment - market.now)
        market.refuse("guardian", "pause_liquidation", 1, reason="configurator: cooling down")
    market.travel(1)
    market.by("guardian", "pause_liquidation", duration)
    assert market.liquidation_from == market.now + duration + grace(duration)


def test_pause_liquidation__guardian_replaced__the_cool_down_stays(market: Market) -> None:
    market.by("guardian", "pause_liquidation", 60)
    market.by("owner", "set_guardian", market.address["attacker"])
    market.refuse("attacker", "pause_liquidation", 60, reason="configurator: cooling down")


def test_pause_liquidation__without_an_engine_or_an_oracle__reverts(market: Market) -> None:
    deployer = market.address["deployer"]
    for first in ("set_oracle", "set_engine"):
        with boa.env.prank(deployer):
            fresh = load("lending/PoolConfigurator.vy").deploy(deployer, deployer, deployer)
            pool = load("testing/ScriptedPool.vy").deploy(fresh.address)
            fresh.attach(pool.address)
            part = market.oracle if first == "set_oracle" else load("testing/NamedEngine.vy").deploy(pool.address)
            getattr(fresh, first)(part.address)
            with boa.reverts("configurator: no engine"):
                fresh.pause_liquidation(60)


# ---------------------------------------------------------------- lifting


@pytest.mark.parametrize("duration", [HOUR, 2 * HOUR, LONGEST])
@pytest.mark.parametrize("after", [0, 1, HOUR - 1, HOUR, HOUR + 1, 5 * HOUR, LONGEST - 1])
def test_lift_liquidation_pause__early__counts_the_time_really_paused(market: Market, duration: int, after: int) -> None:
    if after >= duration:
        return
    market.by("guardian", "pause_liquidation", duration)
    old = market.liquidation_from
    market.travel(after)
    market.by("owner", "lift_liquidation_pause")
    opens = market.now + grace(after)
    assert market.event() == ("LiquidationPauseSet", market.now - after + duration, market.now, old, opens)
    assert opens <= old
    assert market.pool.guards() == (opens, opens)
    assert market.configurator.liquidation_pausable_from() == opens + COOL_DOWN


@pytest.mark.parametrize("late", [0, 1, 2 * HOUR])
def test_lift_liquidation_pause__in_the_grace_period__reverts(market: Market, late: int) -> None:
    """The borrowers can count on it."""
    market.by("guardian", "pause_liquidation", LONGEST)
    market.travel(LONGEST + late)
    market.refuse("owner", "lift_liquidation_pause", reason="configurator: not paused")


def test_lift_liquidation_pause__none__reverts(market: Market) -> None:
    market.refuse("owner", "lift_liquidation_pause", reason="configurator: not paused")


def test_lift_liquidation_pause__twice__reverts(market: Market) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    market.travel(2 * HOUR)
    market.by("owner", "lift_liquidation_pause")
    opens = market.liquidation_from
    market.refuse("owner", "lift_liquidation_pause", reason="configurator: not paused")
    assert market.liquidation_from == opens


@pytest.mark.parametrize("role", ["guardian", "steward", "deployer", "attacker"])
def test_lift_liquidation_pause__by_others__reverts(market: Market, role: str) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    market.refuse(role, "lift_liquidation_pause", reason="ownable: caller is not the owner")


# ---------------------------------------------------------------- beside other changes


def test_set_engine__while_liquidation_is_paused__does_not_open_it(market: Market) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    before = market.pool.guards()
    engine = load("testing/NamedEngine.vy").deploy(market.pool.address).address
    market.by("owner", "set_engine", engine)
    assert market.pool.guards() == before
    assert market.pool.engine() == engine


def test_set_oracle__while_liquidation_is_paused__opens_nothing(market: Market) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    before = market.pool.guards()
    market.by("owner", "set_oracle", market.new_oracle().address)
    assert market.pool.guards() == before


def switch(market: Market) -> None:
    """To an oracle that disagrees about a frozen asset."""
    oracle = market.new_oracle()
    oracle.set(market.eth, 10**18)
    if not market.of(market.eth).frozen:
        market.by("steward", "freeze", market.eth)
    market.by("owner", "set_oracle", oracle.address)


def test_lift_liquidation_pause__after_a_switch_of_oracles__its_grace_period_stays(market: Market) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    market.travel(HOUR // 2)
    switch(market)
    opens = market.now + MOST_GRACE
    market.travel(60)
    market.by("owner", "lift_liquidation_pause")
    assert market.pool.guards() == (opens, opens)
    assert market.configurator.liquidation_pausable_from() == opens + COOL_DOWN


def test_pause_liquidation__after_a_switch_of_oracles__does_not_shorten_its_grace_period(market: Market) -> None:
    switch(market)
    opens = market.now + MOST_GRACE
    market.travel(60)
    market.by("guardian", "pause_liquidation", 1)
    assert market.pool.guards() == (opens, opens)


def test_set_oracle__disagreeing_while_liquidation_is_paused__the_later_time_holds(market: Market) -> None:
    market.by("guardian", "pause_liquidation", LONGEST)
    opens = market.liquidation_from
    switch(market)
    assert market.pool.guards() == (opens, opens)
    market.travel(opens - MOST_GRACE + 1 - market.now)
    switch_again = market.now + MOST_GRACE
    oracle = market.new_oracle()
    oracle.set(market.eth, 2 * 10**18)
    market.by("owner", "set_oracle", oracle.address)
    assert market.pool.guards() == (switch_again, switch_again)


def test_pause_liquidation__no_guardian__nobody(market: Market) -> None:
    market.by("owner", "set_guardian", ZERO)
    market.refuse("guardian", "pause_liquidation", 60, reason="configurator: not guardian")
