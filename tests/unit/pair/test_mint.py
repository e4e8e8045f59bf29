from math import isqrt

import boa
import pytest

from plimsoll.reference import observations
from plimsoll.reference.observations import FRESH, PRESENT
from tests.pair_world import MINIMUM_LIQUIDITY, START, ZERO, seen, set_time, state_of
from tests.unit.pair.conftest import E18, logs, reverts


def test_mint__first__gives_the_root_and_locks_the_minimum(new_market, lender):
    market = new_market()
    set_time(START + 77)
    market.give(1 * E18, 4 * E18)
    assert market.pair.mint(lender) == 2 * E18 - MINIMUM_LIQUIDITY
    assert logs(market.pair) == [
        ("Transfer", ZERO, ZERO, MINIMUM_LIQUIDITY),
        ("Transfer", ZERO, lender, 2 * E18 - MINIMUM_LIQUIDITY),
        ("Sync", 1 * E18, 4 * E18),
        ("Mint", boa.env.eoa, 1 * E18, 4 * E18),
    ]
    assert market.pair.totalSupply() == 2 * E18
    assert market.pair.balanceOf(lender) == 2 * E18 - MINIMUM_LIQUIDITY
    assert market.pair.balanceOf(ZERO) == MINIMUM_LIQUIDITY == market.pair.MINIMUM_LIQUIDITY()
    assert market.pair.getReserves() == (1 * E18, 4 * E18, START + 77)
    assert market.pair.window(0).started_ts == START + 77


@pytest.mark.parametrize("amounts", [(1001, 1001), (1, 1001**2), (10**6 + 3, 7), (2**112 - 1, 2**112 - 1), (3, 2**112 - 1)])
def test_mint__first_of_any_size__gives_the_floor_of_the_root(new_market, lender, amounts):
    market = new_market()
    if isqrt(amounts[0] * amounts[1]) <= MINIMUM_LIQUIDITY:
        market.give(*amounts)
        with reverts():
            market.pair.mint(lender)
    else:
        assert market.provide(*amounts) == isqrt(amounts[0] * amounts[1]) - MINIMUM_LIQUIDITY
        market.agrees()


def test_mint__first_of_the_minimum__reverts(new_market, lender):
    market = new_market()
    market.give(1000, 1000)
    with reverts("INSUFFICIENT_LIQUIDITY_MINTED"):
        market.pair.mint(lender)


@pytest.mark.parametrize("amounts", [(0, 0), (999, 999), (E18, 0), (0, E18)])
def test_mint__first_below_the_minimum__reverts(new_market, lender, amounts):
    market = new_market()
    market.give(*amounts)
    with reverts():
        market.pair.mint(lender)


@pytest.mark.parametrize("amounts", [(10 * E18, 40 * E18), (1, 4), (10 * E18, 50 * E18), (11 * E18, 40 * E18), (12_345, 49_381)])
def test_mint__later__gives_the_lesser_part(market, borrower, amounts):
    market.give(*amounts)
    expected = market.model.mint(*amounts)
    assert market.pair.mint(borrower, sender=borrower) == expected
    assert logs(market.pair) == [
        ("Transfer", ZERO, borrower, expected),
        ("Sync", *(1000 * E18 + amounts[0], 4000 * E18 + amounts[1])),
        ("Mint", borrower, *amounts),
    ]
    assert market.pair.balanceOf(borrower) == expected
    market.agrees()


@pytest.mark.parametrize("amounts", [(0, 0), (1, 0), (0, 1), (10 * E18, 0), (0, 10 * E18)])
def test_mint__too_little_of_either__reverts(market, lender, amounts):
    market.give(*amounts)
    with reverts("INSUFFICIENT_LIQUIDITY_MINTED"):
        market.pair.mint(lender)


def test_mint__balance_above_112_bits__reverts(market, lender):
    market.give(2**112, 2**112)
    with reverts("OVERFLOW"):
        market.pair.mint(lender)


def test_mint__balance_above_every_bound__reverts(market, lender):
    market.give(2**255, 2**255)
    with reverts():
        market.pair.mint(lender)


def test_mint__token_took_balance_away__reverts(market, lender):
    """Amounts would be negative. `sync` is the way out."""
    market.token0.transfer(lender, 1, sender=market.pair.address)
    market.give(0, E18)
    with reverts():
        market.pair.mint(lender)
    market.pair.sync()
    market.give(E18, 4 * E18)
    market.pair.mint(lender)


@pytest.mark.parametrize("started", [5000, 28 * 180])
def test_mint__after_gift_and_sync_before_any_liquidity__starts_the_history_then(new_market, lender, attacker, started):
    """Reserves without LP tokens can be traded, but nothing of that time is remembered: no sum, and no price to start a ramp from."""
    market = new_market()
    market.give(10**6, 10**6)
    market.pair.sync(sender=attacker)
    for wait in (100, 300, 1000):
        set_time(START + wait)
        market.give(10**5, 0)
        market.pair.swap(0, 1, attacker, b"", sender=attacker)
        tick, liquidity = state_of(*market.reserves)
        present = tick % 2**128 << 128 | liquidity
        assert seen(market.pair.window(20)) == observations.Window(present=present)
        for silence in (0, 50, 150):
            set_time(START + wait + silence)
            assert tuple(market.pair.recent(PRESENT)) == tuple(market.pair.recent(FRESH | PRESENT)) == (present, 0, 0)
    set_time(START + started)
    market.give(10**7, 10**15)
    assert market.pair.mint(lender) == 10**11 - MINIMUM_LIQUIDITY
    reserve0, reserve1 = market.reserves
    assert (reserve0, reserve1) == (11_300_000, 10**15 + 999_997)
    model = observations.Observations()
    model.start(START + started, *state_of(reserve0, reserve1))
    for wait in (1, 100, 500, 540, 1000, 15_000):
        now = START + started + wait
        set_time(now)
        for buckets in (0, 1, 2, 10, 20):
            assert seen(market.pair.window(buckets)) == model.window(now, buckets)
        assert tuple(market.pair.recent(FRESH | PRESENT)) == model.recent(now, FRESH | PRESENT)
        market.pair.sync()
        model.change(now, *state_of(reserve0, reserve1))
