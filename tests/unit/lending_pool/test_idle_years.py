"""Nobody touches the pool for 1, 10 and 100 years, at usual and at extreme rates: then everything still works, to the unit of the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from plimsoll.reference.pool import MAX, MAX_ASSETS, MAX_INDEX, Refused
from plimsoll.reference.rate_model import JumpRate
from tests.chains import Revm
from tests.pool_world import ASSETS, Inside, World

USD, BTC, ETH = 10**6, 10**8, 10**18
YEAR = 365 * 86_400
# The most that a model may answer, at any utilisation
EXTREME = JumpRate(100 * 10**18, 0, 0, 0)

# LEND-17: what must work whatever interest has done. The borrower owes USD against ETH.
ALWAYS: dict[str, Callable[[World], object]] = {
    "supply": lambda w: w.supply("lender", "ETH", 10**9 * ETH),
    "withdraw": lambda w: w.withdraw("lender", "ETH", ETH),
    "withdraw all the cash": lambda w: w.withdraw("lender", "USD", w.reserve("USD").cash),
    "repay": lambda w: w.repay("borrower", "USD", 1_000 * w.unit("USD")),
    "repay all": lambda w: w.repay("borrower", "USD", MAX),
    "repay with shares": lambda w: w.repay_with_shares("lender", "USD", 1_000 * USD, debtor="borrower"),
    "enable": lambda w: w.enable("lender", "ETH"),
    "transfer": lambda w: w.transfer_shares("lender", "USD", MAX, "keeper"),
    "accrue": lambda w: w.accrue("USD"),
    "collect fees": lambda w: w.collect_fees("USD"),
    "sweep": lambda w: (w.donate("USD", 1), w.sweep("USD")),
    "flash": lambda w: (w.mint("attacker", "USD", USD), w.flash_loan("USD", 1_000 * USD)),
    "defer": lambda w: w.defer("attacker", [Inside("accrue", ("USD",), lambda ledger: ledger.accrue("USD"))]),
    "configure": lambda w: w.configure("USD", reserve_factor_bps=1_000, origination_fee_bps=100),
    "pause": lambda w: w.pause("USD", "supply"),
    "seize": lambda w: (w.mint("keeper", "USD", USD), w.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", ETH // 100, 0)),
    "write off": lambda w: w.write_off("borrower"),
    "price falls": lambda w: w.set_price("ETH", 10**18),
}
# What the limit may refuse
JUDGED: dict[str, Callable[[World], object]] = {
    "borrow": lambda w: w.borrow("lender", "BTC", BTC // 10),
    "borrow more": lambda w: w.borrow("borrower", "USD", USD),
    "withdraw collateral": lambda w: w.withdraw("borrower", "ETH", ETH),
    "transfer collateral": lambda w: w.transfer_shares("borrower", "ETH", 10**20, "keeper"),
    "disable": lambda w: w.enable("borrower", "ETH", False),
}


def opened(jump: JumpRate | None) -> World:
    # a hundred years from here go beyond the 32 bits of a reserve's time
    chain = Revm(now=1_800_000_000)
    world = World(chain=chain).with_actor()
    for symbol in ("USD", "BTC", "ETH"):
        if jump is None:
            world.add(symbol)
        else:
            model = chain.deploy("lending/JumpRateModel.vy", jump.base, jump.multiplier, jump.jump, jump.kink)
            world.add(symbol, rate=jump.rate, model=model)
        world.seed("keeper", symbol, world.unit(symbol))
    world.supply("lender", "USD", 10_000 * USD)
    world.supply("lender", "BTC", 10 * BTC)
    world.supply("lender", "ETH", 100 * ETH)
    world.supply("keeper", "BTC", BTC)
    world.enable("keeper", "BTC")
    world.borrow("keeper", "ETH", 10 * ETH)
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    return world


@pytest.mark.parametrize("years", [1, 10, 100])
@pytest.mark.parametrize("jump", [None, EXTREME], ids=["usual rates", "10,000 % a year"])
def test_idle__years_without_a_touch__nothing_reverts(jump: JumpRate | None, years: int) -> None:
    world = opened(jump)
    world.travel(years * YEAR)
    for again in range(2):
        world.check()
        for name, action in (ALWAYS | JUDGED).items():
            with world.chain.anchor():
                other = world.copy()
                with contextlib.suppress(Refused) if name in JUDGED else contextlib.nullcontext():
                    action(other)
                other.check()
        # and once more, with all of it booked
        for symbol in ASSETS:
            world.accrue(symbol)
        world.travel(years * YEAR if again == 0 and years < 50 else 1)


def test_idle__at_the_end_of_the_index__debts_stand_still_and_can_be_paid() -> None:
    """10,000 % a year fill the index within a few months: from there on it stands, and nothing else happens."""
    world = opened(EXTREME)
    world.travel(10 * YEAR)
    world.accrue("USD")
    reserve = world.reserve("USD")
    assert reserve.index == MAX_INDEX or reserve.assets == MAX_ASSETS
    owed = world.ledger_now().debt_of("borrower", "USD")
    world.travel(YEAR)
    assert world.pool.debt_of(world.address["borrower"], world.address["USD"]) == owed
    world.repay("borrower", "USD", MAX)
    world.withdraw("lender", "USD", MAX)
    world.check()
