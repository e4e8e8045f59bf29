import boa
import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.accounts import account_state
from tests.pool_world import World, logs

ETH = 10**18
USD = 10**6


def test_write_off__nothing_of_the_treasury__lenders_bear_it_at_once(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    before = world.ledger_now().supply_of("lender", "USD")
    (written,) = world.write_off("borrower")
    (event,) = logs(world, "DeficitWrittenOff")
    assert (event.asset, event.account) == (world.address["USD"], world.address["borrower"])
    assert (event.amount, event.loss, event.treasury_shares_burned, event.total_shares) == (
        8_000 * USD,
        8_000 * USD,
        0,
        world.reserve("USD").total_shares,
    )
    assert (written.amount, written.loss) == (event.amount, event.loss)
    lost = before - world.ledger_now().supply_of("lender", "USD")
    assert 0 <= 8_000 * USD - lost < USD // 100  # but for the dead shares
    assert world.reserve("USD").utilisation == 0
    world.check()


def test_write_off__collateral_left__goes_to_the_treasury(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    world.supply("borrower", "BTC", 10**8)  # not enabled: not touched
    world.write_off("borrower")
    (event,) = logs(world, "CollateralForfeited")
    assert (event.asset, event.account) == (world.address["ETH"], world.address["borrower"])
    assert event.shares == world.pool.supply_shares_of(world.address["treasury"], world.address["ETH"]) > 0
    assert world.pool.supply_shares_of(world.address["borrower"], world.address["ETH"]) == 0
    assert world.pool.supply_of(world.address["borrower"], world.address["BTC"]) == 10**8
    assert world.pool.positions(world.address["borrower"])[0] == 1 << world.reserve("ETH").id
    world.check()


def test_write_off__without_collateral_left__logs_no_forfeit(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    world.mint("keeper", "USD", USD)
    world.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", world.ledger_now().supply_of("borrower", "ETH"), 0)
    world.write_off("borrower")
    assert logs(world, "CollateralForfeited") == []
    world.check()


@pytest.mark.parametrize("own", [0, 1_000, 7_000, 9_000])
def test_write_off__treasury_has_shares__burns_them_first(world: World, own: int) -> None:
    world.open("attacker", "BTC", 100 * 10**8, "USD", 900_000 * USD)
    world.open("borrower", "ETH", 100 * ETH, "USD", 5_000 * USD)
    world.travel(86_400)
    world.accrue("USD")
    if own:
        world.supply("treasury", "USD", own * USD)
    fees = world.reserve("USD").fee_shares
    assert fees > 0
    price_before = (world.reserve("USD").assets + 1, world.reserve("USD").total_shares + 10**6)
    (written,) = world.write_off("borrower")
    (event,) = logs(world, "DeficitWrittenOff")
    assert (event.loss, event.treasury_shares_burned) == (written.loss, written.burned)
    after = world.reserve("USD")
    if own >= 7_000:
        assert event.loss == 0
        # the price has not fallen: assets / shares, cross-multiplied
        assert (after.assets + 1) * price_before[1] >= price_before[0] * (after.total_shares + 10**6)
    else:
        assert event.treasury_shares_burned >= fees
        assert after.fee_shares == 0
        assert 0 < event.loss < event.amount
        assert world.pool.supply_shares_of(world.address["treasury"], world.address["USD"]) == 0
    world.check()


def test_write_off__fees_alone_suffice__the_rest_stays_with_the_treasury(world: World) -> None:
    world.open("attacker", "BTC", 100 * 10**8, "USD", 900_000 * USD)
    world.open("borrower", "ETH", 10 * ETH, "USD", 100 * USD)
    world.travel(30 * 86_400)
    world.accrue("USD")
    (written,) = world.write_off("borrower")
    assert written.loss == 0
    assert world.reserve("USD").fee_shares > 0
    world.check()


def test_write_off__several_debts__all_are_gone(world: World) -> None:
    world.supply("borrower", "ETH", 100 * ETH)
    world.enable("borrower", "ETH")
    world.borrow("borrower", "USD", 4_000 * USD)
    world.borrow("borrower", "BTC", 10**7)
    world.travel(1_000)
    first, second = world.write_off("borrower")
    assert [event.asset for event in logs(world, "DeficitWrittenOff")] == [world.address["USD"], world.address["BTC"]]
    assert (first.asset, second.asset) == ("USD", "BTC")
    assert account_state(world.pool, world.address["borrower"]).debts == []
    world.check()


def test_write_off__everything_there_is__leaves_a_reserve_that_answers(world: World) -> None:
    """All supply lent to one account and lost: nobody is owed anything, and no view reverts."""
    world.add("NEW", price=1)
    world.seed("keeper", "NEW", 10**15)
    world.supply("lender", "NEW", 1_000 * ETH)
    world.open("borrower", "ETH", 100 * ETH, "NEW", world.reserve("NEW").cash)
    world.travel(86_400)
    world.write_off("borrower")
    assert world.reserve("NEW").cash == 0
    assert world.ledger_now().supply_of("lender", "NEW") == 0
    with pytest.raises(Refused, match="pool: insufficient supply"):
        world.withdraw("lender", "NEW", MAX)
    with pytest.raises(Refused, match="pool: too much"):
        world.supply("lender", "NEW", ETH)
    world.check()


def test_write_off__afterwards__newcomers_pay_nothing_of_it(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    world.write_off("borrower")
    world.supply("attacker", "USD", 10_000 * USD)
    assert world.withdraw("attacker", "USD", MAX) in (10_000 * USD, 10_000 * USD - 1)


def test_write_off__without_debt__reverts(world: World) -> None:
    world.supply("borrower", "ETH", ETH)
    world.enable("borrower", "ETH")
    with pytest.raises(Refused, match="pool: no debt"):
        world.write_off("borrower")


@pytest.mark.parametrize("by", ["owner", "treasury", "borrower"])
def test_write_off__not_the_engine__reverts(world: World, by: str) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    with boa.reverts("pool: not engine"), boa.env.prank(world.address[by]):
        world.pool.write_off(world.address["borrower"])


def test_write_off__no_price_at_all__works(world: World) -> None:
    world.open("borrower", "ETH", 100 * ETH, "USD", 8_000 * USD)
    for asset in ("USD", "ETH"):
        world.set_band(asset, 0, 0, why=2)
    world.write_off("borrower")
    world.check()
