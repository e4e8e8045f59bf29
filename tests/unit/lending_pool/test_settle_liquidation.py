import boa
import pytest

from plimsoll.reference.pool import Refused
from tests.conftest import load
from tests.pool_world import World, logs

ETH = 10**18
USD = 10**6


def test_settle_liquidation__in_part__moves_debt_collateral_and_fee(indebted: World) -> None:
    indebted.mint("attacker", "USD", 3_000 * USD)
    held = indebted.pool.supply_shares_of(indebted.address["borrower"], indebted.address["ETH"])
    cash, scaled = indebted.reserve("USD").cash, indebted.reserve("USD").scaled_debt
    fee = 33 * ETH // 100
    net = 11 * ETH - fee
    assert indebted.settle("borrower", "attacker", "keeper", "USD", 3_000 * USD, "ETH", 11 * ETH, fee) == 1
    (settled,) = logs(indebted, "LiquidationSettled")
    left = indebted.pool.supply_shares_of(indebted.address["borrower"], indebted.address["ETH"])
    assert (settled.account, settled.debt_asset, settled.scaled, settled.collateral_asset, settled.shares) == (
        indebted.address["borrower"],
        indebted.address["USD"],
        scaled - indebted.reserve("USD").scaled_debt,
        indebted.address["ETH"],
        held - left,
    )
    assert indebted.balance("keeper", "ETH") == net
    assert indebted.balance("attacker", "USD") == 0
    assert indebted.pool.liquidations() == 1
    assert indebted.reserve("USD").cash == cash + 3_000 * USD
    state = indebted.pool.reserve_state(indebted.address["ETH"])
    worth = state.fee_shares * (state.cash + state.debt + 1) // (state.total_shares + 10**6)
    assert 0 <= fee - worth < 10**12
    indebted.check()


def test_settle_liquidation__whole_debt_and_whole_collateral__clear_both(indebted: World) -> None:
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    owned = indebted.ledger_now().supply_of("borrower", "ETH")
    indebted.mint("keeper", "USD", owed)
    indebted.settle("borrower", "keeper", "keeper", "USD", owed, "ETH", owned, 0)
    borrower = indebted.address["borrower"]
    assert indebted.pool.positions(borrower) == (1 << indebted.reserve("ETH").id, [0])
    assert indebted.reserve("USD").scaled_debt == 0
    indebted.check()


def test_settle_liquidation__all_of_it_as_fee__pushes_nothing(indebted: World) -> None:
    indebted.mint("keeper", "USD", USD)
    indebted.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", ETH, ETH)
    assert indebted.balance("keeper", "ETH") == 0
    indebted.check()


def test_settle_liquidation__fees_that_outgrow_their_field__are_kept(indebted: World) -> None:
    indebted.mint("keeper", "USD", 2 * USD)
    for number in (1, 2):
        assert indebted.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", 20 * ETH, 19 * ETH) == number
        indebted.check()
    indebted.collect_fees("ETH")
    indebted.check()


def test_settle_liquidation__collateral_that_is_lent_out_too__counts_its_interest(indebted: World) -> None:
    indebted.open("attacker", "BTC", 10 * 10**8, "ETH", 100 * ETH)
    indebted.travel(86_400)
    indebted.mint("keeper", "USD", 1_000 * USD)
    indebted.settle("borrower", "keeper", "keeper", "USD", 1_000 * USD, "ETH", 5 * ETH, ETH // 10)
    indebted.check()


@pytest.mark.parametrize("by", ["owner", "treasury", "borrower", "attacker"])
def test_settle_liquidation__not_the_engine__reverts(indebted: World, by: str) -> None:
    who = indebted.address[by]
    with boa.reverts("pool: not engine"), boa.env.prank(who):
        indebted.pool.settle_liquidation(
            indebted.address["borrower"], who, who, indebted.address["USD"], USD, indebted.reserve("ETH").id, ETH, 0
        )


def attempt(world: World, reason: str, debt: str, repay: int, collateral: str, seize: int, fee: int) -> None:
    world.mint("keeper", "USD", 10**12)
    with pytest.raises(Refused, match=reason):
        world.settle("borrower", "keeper", "keeper", debt, repay, collateral, seize, fee)


def test_settle_liquidation__zero__reverts(indebted: World) -> None:
    attempt(indebted, "pool: zero amount", "USD", 0, "ETH", ETH, 0)
    attempt(indebted, "pool: zero amount", "USD", USD, "ETH", 0, 0)


def test_settle_liquidation__same_asset__reverts(indebted: World) -> None:
    attempt(indebted, "pool: same asset", "USD", USD, "USD", USD, 0)


def test_settle_liquidation__more_than_owed__reverts(indebted: World) -> None:
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    attempt(indebted, "pool: above debt", "USD", owed + 1, "ETH", ETH, 0)
    attempt(indebted, "pool: above debt", "USD", 2**256 - 1, "ETH", ETH, 0)


def test_settle_liquidation__nothing_owed__reverts(indebted: World) -> None:
    attempt(indebted, "pool: no debt", "BTC", 1, "ETH", ETH, 0)


def test_settle_liquidation__more_than_supplied__reverts(indebted: World) -> None:
    owned = indebted.ledger_now().supply_of("borrower", "ETH")
    attempt(indebted, "pool: insufficient supply", "USD", USD, "ETH", owned + 1, 0)
    attempt(indebted, "pool: insufficient supply", "USD", USD, "ETH", 2**256 - 1, 0)
    attempt(indebted, "pool: insufficient supply", "USD", USD, "BTC", 1, 0)


def test_settle_liquidation__fee_above_what_is_seized__reverts(indebted: World) -> None:
    attempt(indebted, "pool: fee above seizure", "USD", USD, "ETH", ETH, ETH + 1)


def test_settle_liquidation__beyond_cash__reverts(indebted: World) -> None:
    indebted.open("attacker", "BTC", 10**3 * 10**8, "ETH", indebted.reserve("ETH").cash - ETH)
    attempt(indebted, "pool: insufficient cash", "USD", USD, "ETH", 2 * ETH, ETH - 1)
    indebted.settle("borrower", "keeper", "keeper", "USD", USD, "ETH", 2 * ETH, ETH)


def test_settle_liquidation__unlisted__reverts(indebted: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18).address
    borrower, keeper = indebted.address["borrower"], indebted.address["keeper"]
    with boa.env.prank(indebted.address["engine"]):
        with boa.reverts("pool: not listed"):
            indebted.pool.settle_liquidation(borrower, keeper, keeper, token, 1, indebted.reserve("ETH").id, 1, 0)
        # of a reserve that is not there, nobody has a supply
        with boa.reverts("pool: insufficient supply"):
            indebted.pool.settle_liquidation(borrower, keeper, keeper, indebted.address["USD"], 2, 127, 1, 0)
        with boa.reverts():
            indebted.pool.settle_liquidation(borrower, keeper, keeper, indebted.address["USD"], 2, 128, 1, 0)


def test_settle_liquidation__payer_without_tokens__reverts(indebted: World) -> None:
    attacker = indebted.address["attacker"]
    with boa.reverts(), boa.env.prank(indebted.address["engine"]):
        indebted.pool.settle_liquidation(
            indebted.address["borrower"], attacker, attacker, indebted.address["USD"], USD, indebted.reserve("ETH").id, ETH, 0
        )
    indebted.check()
