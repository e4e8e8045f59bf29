"""Counted collateral: it comes and goes with the first and the last debt, and with every share in between, to the unit (LEND-08).

`World` compares the pool's count with the ledger's, which adds up all accounts anew, and with the pool's own positions.
"""

import pytest

from plimsoll.reference.pool import MAX, WAD, Refused, counted_unit
from tests.pool_world import World

ETH = 10**18
BTC = 10**8
USD = 10**6


def counted(world: World, asset: str = "ETH") -> int:
    """Raw units of the token, of counted shares at a millionth of one each."""
    return int(world.pool.reserve_state(world.address[asset]).counted_shares) // 10**6


def test_counted__collateral_without_debt__is_nothing(world: World) -> None:
    world.supply("borrower", "ETH", 100 * ETH)
    world.enable("borrower", "ETH")
    assert counted(world) == 0
    world.check()


def test_counted__first_borrow_and_last_repayment__comes_and_goes(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    # rounded up to units of 2^62 shares, 4.6e12 raw units
    assert 100 * ETH <= counted(world) < 100 * ETH + 5 * 10**12
    world.check()
    world.repay("borrower", "USD", 500 * USD)
    world.borrow("borrower", "USD", 100 * USD)
    assert 100 * ETH <= counted(world) < 100 * ETH + 5 * 10**12
    world.check()
    world.repay("borrower", "USD", MAX)
    assert counted(world) == 0
    world.check()


def test_counted__second_debt__changes_nothing_until_both_are_repaid(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    before = counted(world)
    world.borrow("borrower", "BTC", BTC // 10)
    assert counted(world) == before
    world.repay("borrower", "USD", MAX)
    assert counted(world) == before
    world.check()
    world.repay("lender", "BTC", BTC, "borrower")
    assert counted(world) == 0
    world.check()


def test_counted__supply_and_withdraw__move_it(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    world.supply("borrower", "ETH", 7 * ETH)
    assert counted(world) // ETH == 107
    world.supply("attacker", "ETH", 3 * ETH, "borrower")
    assert counted(world) // ETH == 110
    world.check()
    world.withdraw("borrower", "ETH", 50 * ETH)
    assert counted(world) // ETH == 60
    world.check()


def test_counted__set_collateral__moves_it(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    world.supply("borrower", "BTC", BTC)
    assert counted(world, "BTC") == 0
    world.enable("borrower", "BTC")
    assert BTC <= counted(world, "BTC") <= BTC + 500
    world.check()
    world.enable("borrower", "ETH", False)
    assert counted(world) == 0
    world.check()
    world.enable("borrower", "ETH")
    world.withdraw("borrower", "BTC", MAX)
    assert counted(world, "BTC") == 0
    world.check()


def test_counted__enabled_with_nothing_in_it__is_nothing_until_it_is_supplied(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    world.enable("borrower", "BTC")
    assert counted(world, "BTC") == 0
    world.supply("borrower", "BTC", 1)
    assert world.pool.reserve_state(world.address["BTC"]).counted_shares == counted_unit(8)
    world.check()
    world.withdraw("borrower", "BTC", MAX)
    assert counted(world, "BTC") == 0
    world.check()


def test_counted__liquidation_in_part__takes_what_is_seized(indebted: World) -> None:
    before = counted(indebted)
    indebted.mint("keeper", "USD", 1_000 * USD)
    indebted.settle("borrower", "keeper", "keeper", "USD", 1_000 * USD, "ETH", 5 * ETH, ETH // 10)
    assert before - counted(indebted) == pytest.approx(5 * ETH, abs=10**13)
    indebted.check()


@pytest.mark.parametrize("seized", [50, 100])
def test_counted__liquidation_of_the_whole_debt__takes_all(indebted: World, seized: int) -> None:
    """The debt goes before the collateral: what is left of it is not counted, what is seized has left already."""
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    indebted.mint("keeper", "USD", owed)
    held = indebted.ledger_now().supply_of("borrower", "ETH")
    indebted.settle("borrower", "keeper", "keeper", "USD", owed, "ETH", held * seized // 100, 0)
    assert counted(indebted) == 0
    indebted.check()


def test_counted__liquidation_of_one_of_two_debts__only_what_is_seized(indebted: World) -> None:
    indebted.borrow("borrower", "BTC", BTC // 10)
    before = counted(indebted)
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    indebted.mint("keeper", "USD", owed)
    indebted.settle("borrower", "keeper", "keeper", "USD", owed, "ETH", 50 * ETH, 0)
    assert before - counted(indebted) == pytest.approx(50 * ETH, abs=10**13)
    indebted.check()


def test_counted__liquidation_of_what_is_not_enabled__is_left_alone(indebted: World) -> None:
    """The pool lets its engine seize it; what is counted is another thing."""
    indebted.supply("borrower", "BTC", BTC)
    indebted.open("attacker", "BTC", BTC, "USD", 1_000 * USD)
    before = counted(indebted, "BTC")
    indebted.mint("keeper", "USD", 1_000 * USD)
    indebted.settle("borrower", "keeper", "keeper", "USD", 1_000 * USD, "BTC", BTC // 2, 0)
    assert counted(indebted, "BTC") == before
    indebted.check()


def test_counted__write_off__takes_all_of_every_collateral(indebted: World) -> None:
    indebted.supply("borrower", "BTC", BTC)
    indebted.enable("borrower", "BTC")
    indebted.write_off("borrower")
    assert counted(indebted) == counted(indebted, "BTC") == 0
    indebted.check()


def test_counted__after_a_write_off__a_new_life_counts_anew(indebted: World) -> None:
    indebted.write_off("borrower")
    indebted.supply("borrower", "ETH", 100 * ETH)
    assert counted(indebted) == 0
    indebted.borrow("borrower", "USD", 1_000 * USD)
    assert counted(indebted) // ETH == 100
    indebted.check()


def test_counted__two_accounts__add_up_and_leave_one_by_one(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH + 1, "USD", 1_000 * USD)
    world.open("attacker", "ETH", 50 * ETH + 1, "USD", 1_000 * USD)
    unit = counted_unit(18)
    each = [-(-(amount * ETH + 1) * 10**6 // unit) for amount in (100, 50)]
    assert world.pool.reserve_state(world.address["ETH"]).counted_shares == sum(each) * unit
    world.repay("borrower", "USD", MAX)
    assert world.pool.reserve_state(world.address["ETH"]).counted_shares == each[1] * unit
    world.check()


def test_counted__interest_and_deficits__count_shares_not_tokens(world: World) -> None:
    """What somebody else's interest adds to the share price comes off with the shares that it was put on with."""
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    world.open("attacker", "BTC", 10 * BTC, "ETH", 300 * ETH)
    shares = world.pool.reserve_state(world.address["ETH"]).counted_shares
    world.travel(300 * 86_400)
    world.accrue("ETH")
    assert world.pool.reserve_state(world.address["ETH"]).counted_shares == shares
    world.write_off("attacker")
    assert world.pool.reserve_state(world.address["ETH"]).counted_shares == shares
    world.check()
    world.repay("borrower", "USD", MAX)
    assert counted(world) == 0
    world.check()


@pytest.mark.parametrize("decimals", range(6, 19))
def test_counted__any_decimals__in_units_of_four_millionths_of_a_token(world: World, decimals: int) -> None:
    world.add("T", decimals=decimals, price=1_000)
    world.seed("keeper", "T", 10**decimals)
    world.open("borrower", "T", 10 * 10**decimals, "USD", 1_000 * USD)
    counted_shares = world.pool.reserve_state(world.address["T"]).counted_shares
    unit = counted_unit(decimals)
    assert 26 * 10 ** (decimals - 1) < unit < 51 * 10 ** (decimals - 1)
    assert counted_shares % unit == 0
    assert 0 <= counted_shares - 10 * 10 ** (decimals + 6) < unit
    world.supply("borrower", "T", 1)
    world.withdraw("borrower", "T", 1)
    world.withdraw("borrower", "T", 10**decimals)
    world.check()
    world.repay("borrower", "USD", MAX)
    assert world.pool.reserve_state(world.address["T"]).counted_shares == 0


def test_counted__as_much_as_a_reserve_holds__fits(world: World) -> None:
    """All that 18 decimals allow, at a price of nearly nothing: 61 bits of units."""
    world.add("T", price=1)
    world.seed("keeper", "T", ETH)
    world.oracle.set(world.address["T"], 10**9)
    world.ledger.prices["T"].low = world.ledger.prices["T"].high = 10**9
    world.open("borrower", "T", 2**103 - 1 - ETH, "USD", 1_000 * USD)
    assert world.pool.reserve_state(world.address["T"]).counted_shares >> 62 > 2**60
    world.check()
    world.repay("borrower", "USD", MAX)
    assert world.pool.reserve_state(world.address["T"]).counted_shares == 0


def test_counted__more_units_than_there_is_room_for__reverts_and_can_be_repaid(world: World) -> None:
    """Six decimals and quadrillions of tokens: 2^61 units of four millionths are 8 trillion."""
    world.add("T", decimals=6, price=1)
    world.seed("keeper", "T", USD)
    world.oracle.set(world.address["T"], 10**21)
    world.ledger.prices["T"].low = world.ledger.prices["T"].high = 10**21
    room = (2**61 - 1) * counted_unit(6) // 10**6
    world.supply("borrower", "T", room + 10)
    world.enable("borrower", "T")
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.borrow("borrower", "USD", 1_000 * USD)
    world.withdraw("borrower", "T", 20)
    world.borrow("borrower", "USD", 1_000 * USD)
    world.check()
    with pytest.raises(Refused, match="pool: collateral cap"):
        world.supply("borrower", "T", 100)
    world.withdraw("borrower", "T", room // 2)
    world.check()
    world.repay("borrower", "USD", MAX)
    assert world.pool.reserve_state(world.address["T"]).counted_shares == 0


def test_treasury__cannot_enable_collateral(world: World) -> None:
    """Its shares come and go with fees and deficits, and no count would notice."""
    world.supply("lender", "ETH", ETH, "treasury")
    with pytest.raises(Refused, match="pool: treasury"):
        world.enable("treasury", "ETH")
    world.enable("treasury", "ETH", False)
    world.withdraw("treasury", "ETH", MAX)
    assert world.pool.positions(world.address["treasury"]) == (0, [])


def test_counted__a_liquidator_who_has_debt_himself__keeps_his_own_count(indebted: World) -> None:
    indebted.open("attacker", "BTC", BTC, "USD", 1_000 * USD)
    indebted.mint("attacker", "USD", 1_000 * USD)
    indebted.settle("borrower", "attacker", "attacker", "USD", 1_000 * USD, "ETH", 5 * ETH, 0)
    assert counted(indebted, "BTC") == pytest.approx(BTC, abs=500)
    indebted.check()


def test_counted__price_and_depth__do_not_matter_for_leaving(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 1_000 * USD)
    world.set_band("ETH", 0, 0, why=2, depth=0)
    world.set_band("USD", 0, 0, why=2, depth=0)
    world.repay("borrower", "USD", MAX)
    assert counted(world) == 0
    world.withdraw("borrower", "ETH", MAX)
    world.check()
    assert world.balance("borrower", "ETH") >= 100 * ETH - WAD // 10**12
