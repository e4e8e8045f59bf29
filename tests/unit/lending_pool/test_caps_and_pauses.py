"""Caps, freezes and pauses: what they stop, to the unit and to the second, and what nothing stops (LEND-11, LEND-14)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from plimsoll.reference.pool import MAX, PAUSES, Refused
from tests.pool_world import World

USD, BTC, ETH, SHARE = 10**6, 10**8, 10**18, 10**6
DAY = 86_400

# What an account can do, by the name of what it is. The borrower owes USD against ETH.
ACTIONS: dict[str, Callable[[World], object]] = {
    "supply USD": lambda w: w.supply("lender", "USD", USD),
    "supply ETH": lambda w: w.supply("lender", "ETH", ETH),
    "supply ETH for the debtor": lambda w: w.supply("lender", "ETH", ETH, "borrower"),
    "withdraw USD": lambda w: w.withdraw("lender", "USD", USD),
    "withdraw ETH": lambda w: w.withdraw("lender", "ETH", ETH),
    "withdraw collateral": lambda w: w.withdraw("borrower", "ETH", ETH),
    "borrow USD": lambda w: w.borrow("borrower", "USD", USD),
    "repay USD": lambda w: w.repay("borrower", "USD", USD),
    "repay USD with shares": lambda w: w.repay_with_shares("lender", "USD", USD, debtor="borrower"),
    "enable ETH": lambda w: w.enable("lender", "ETH"),
    "disable collateral": lambda w: w.enable("borrower", "ETH", False),
    "transfer ETH": lambda w: w.transfer_shares("lender", "ETH", ETH * SHARE, "keeper"),
    "transfer collateral": lambda w: w.transfer_shares("borrower", "ETH", ETH * SHARE, "keeper"),
    "flash USD": lambda w: flash(w, "USD"),
    "flash ETH": lambda w: flash(w, "ETH"),
    "seize": lambda w: seize(w),
}


def flash(world: World, asset: str) -> None:
    world.mint("attacker", asset, world.unit(asset))
    world.flash_loan(asset, world.unit(asset))


def seize(world: World) -> None:
    world.mint("keeper", "USD", USD)
    world.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", ETH // 1_000, 0)


@pytest.fixture
def everybody() -> World:
    world = World().with_actor()
    for symbol in ("USD", "BTC", "ETH"):
        world.add(symbol)
        world.seed("keeper", symbol, world.unit(symbol))
    world.supply("lender", "USD", 1_000_000 * USD)
    world.supply("lender", "ETH", 5_000 * ETH)
    world.supply("borrower", "BTC", 10 * BTC)
    world.enable("borrower", "BTC")
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    world.travel(DAY)
    return world


def refused(world: World) -> dict[str, str]:
    """Which actions are refused, and why, each on a chain that is put back. What the ledger refuses the pool refuses in its words."""
    found = {}
    for name, action in ACTIONS.items():
        with world.chain.anchor():
            other = world.copy()
            try:
                action(other)
            except Refused as reason:
                found[name] = str(reason)
    return found


def test_nothing_closed__all_actions__are_open(everybody: World) -> None:
    assert refused(everybody) == {}


COLLATERAL_LEAVES = {"withdraw collateral", "transfer collateral", "disable collateral"}
STOPPED_BY = {
    ("USD", "supply"): {"supply USD"},
    ("ETH", "supply"): {"supply ETH", "supply ETH for the debtor"},
    ("USD", "borrow"): {"borrow USD"},
    ("ETH", "borrow"): set(),
    ("USD", "collateral"): set(),
    ("ETH", "collateral"): COLLATERAL_LEAVES,
    ("USD", "flash"): {"flash USD"},
    ("ETH", "flash"): {"flash ETH"},
}


@pytest.mark.parametrize(("asset", "action"), STOPPED_BY)
def test_pause__each_action__stops_that_alone_and_ends_by_itself(everybody: World, asset: str, action: str) -> None:
    world = everybody
    until = world.chain.timestamp // 64 + 3
    world.configure(asset, paused=frozenset({action}), paused_until=until)
    expected = dict.fromkeys(STOPPED_BY[asset, action], "pool: paused")
    assert refused(world) == expected
    world.travel(until * 64 - 1 - world.chain.timestamp)
    assert refused(world) == expected
    world.travel(1)
    assert refused(world) == {}


def test_pause__all_at_once_and_frozen__nobody_is_locked_in(everybody: World) -> None:
    """Repayment, withdrawal without debt, gifts of collateral to nobody's harm, liquidation."""
    for asset in ("USD", "ETH"):
        everybody.configure(asset, frozen=True)
        everybody.pause(asset, *PAUSES)
    found = refused(everybody)
    leaves = ("withdraw USD", "withdraw ETH", "repay USD", "repay USD with shares", "transfer ETH", "seize")
    assert not set(leaves) & set(found)
    assert set(found) == set(ACTIONS) - set(leaves)
    with everybody.chain.anchor():
        other = everybody.copy()
        other.repay("borrower", "USD", MAX)
        other.withdraw("borrower", "ETH", MAX)
        other.withdraw("lender", "USD", MAX)
        other.check()


def test_frozen__stops_what_adds__and_has_no_end(everybody: World) -> None:
    everybody.configure("ETH", frozen=True)
    expected = dict.fromkeys(("supply ETH", "supply ETH for the debtor", "enable ETH", "flash ETH"), "pool: frozen")
    assert refused(everybody) == expected
    everybody.travel(365 * DAY)
    assert refused(everybody) == expected
    everybody.configure("ETH", frozen=False)
    assert refused(everybody) == {}
    everybody.configure("USD", frozen=True)
    assert refused(everybody) == dict.fromkeys(("supply USD", "borrow USD", "flash USD"), "pool: frozen")


def test_flash_loan__closed__is_told(everybody: World) -> None:
    pool, usd = everybody.pool, everybody.address["USD"]
    assert pool.maxFlashLoan(usd) == everybody.reserve("USD").cash
    everybody.pause("USD", "flash")
    assert pool.maxFlashLoan(usd) == everybody.ledger_now().max_flash_loan("USD") == 0
    everybody.travel(2 * DAY)
    assert pool.maxFlashLoan(usd) == everybody.ledger_now().max_flash_loan("USD") > 0
    everybody.configure("USD", frozen=True)
    assert pool.maxFlashLoan(usd) == everybody.ledger_now().max_flash_loan("USD") == 0


# ---------------------------------------------------------------- caps


@pytest.mark.parametrize("excess", [0, 1])
def test_supply_cap__to_the_unit(everybody: World, excess: int) -> None:
    everybody.configure("ETH", supply_cap=everybody.reserve("ETH").assets + 3 * ETH)
    if excess:
        with pytest.raises(Refused, match="pool: supply cap"):
            everybody.supply("lender", "ETH", 3 * ETH + 1)
    else:
        everybody.supply("lender", "ETH", 3 * ETH)
    everybody.check()


@pytest.mark.parametrize("excess", [0, 1])
def test_debt_cap__to_the_unit(everybody: World, excess: int) -> None:
    everybody.accrue("USD")
    everybody.configure("USD", debt_cap=everybody.reserve("USD").debt + 50 * USD)
    # scaled debt is rounded up: a whole unit of it is less than a raw one
    if excess:
        with pytest.raises(Refused, match="pool: debt cap"):
            everybody.borrow("borrower", "USD", 50 * USD + 1)
    else:
        everybody.borrow("borrower", "USD", 50 * USD)
    everybody.check()


def test_caps__below_what_there_is__stop_only_what_adds(everybody: World) -> None:
    everybody.configure("USD", supply_cap=1, debt_cap=1)
    everybody.configure("ETH", supply_cap=1, debt_cap=1)
    assert refused(everybody) == {
        "supply USD": "pool: supply cap",
        "supply ETH": "pool: supply cap",
        "supply ETH for the debtor": "pool: supply cap",
        "borrow USD": "pool: debt cap",
    }


def test_caps__overgrown_by_interest__stop_nothing_else(everybody: World) -> None:
    """Interest may carry both totals past their caps: who repays, leaves, moves shares or liquidates meets no cap."""
    usd = everybody.reserve("USD")
    everybody.configure("USD", supply_cap=usd.assets + USD, debt_cap=usd.debt + USD)
    everybody.travel(3 * 365 * DAY)
    usd = everybody.reserve("USD")
    assert usd.assets > usd.supply_cap
    assert usd.debt > usd.debt_cap
    assert refused(everybody) == {"supply USD": "pool: supply cap", "borrow USD": "pool: debt cap"}
    everybody.repay("borrower", "USD", MAX)
    everybody.check()


def test_caps__of_0__are_none(everybody: World) -> None:
    everybody.configure("USD", supply_cap=1)
    everybody.configure("USD", supply_cap=0, debt_cap=0)
    assert refused(everybody) == {}


def test_caps__largest_number__stop_nothing(everybody: World) -> None:
    everybody.configure("USD", supply_cap=2**128 - 1, debt_cap=2**128 - 1)
    assert refused(everybody) == {}
