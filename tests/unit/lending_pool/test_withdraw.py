import boa
import pytest

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.conftest import load
from tests.pool_world import ASSETS, World, logs


@pytest.mark.parametrize("asset", ASSETS)
def test_withdraw__a_part__burns_shares_and_pays(indebted: World, asset: str) -> None:
    amount, before = 123_456_789, indebted.balance("keeper", asset)
    held = indebted.pool.supply_shares_of(indebted.address["lender"], indebted.address[asset])
    assert indebted.withdraw("lender", asset, amount, "keeper") == amount
    (event,) = logs(indebted, "Withdraw")
    assert (event.asset, event.account, event.receiver, event.amount) == (
        indebted.address[asset],
        indebted.address["lender"],
        indebted.address["keeper"],
        amount,
    )
    left = indebted.pool.supply_shares_of(indebted.address["lender"], indebted.address[asset])
    assert held - left == event.shares
    assert indebted.balance("keeper", asset) == before + amount
    indebted.check()


def test_withdraw__max__leaves_nothing(world: World) -> None:
    world.supply("borrower", "BTC", 12_345)
    assert 12_344 <= world.withdraw("borrower", "BTC", MAX) <= 12_345
    assert world.pool.supply_shares_of(world.address["borrower"], world.address["BTC"]) == 0


def test_withdraw__all_that_supply_of_says__is_possible(indebted: World) -> None:
    token, lender = indebted.address["ETH"], indebted.address["lender"]
    assert indebted.withdraw("lender", "ETH", indebted.pool.supply_of(lender, token)) > 0


def test_withdraw__a_unit_more_than_supplied__reverts(indebted: World) -> None:
    indebted.supply("borrower", "BTC", 10**8)
    owned = indebted.ledger_now().supply_of("borrower", "BTC")
    with pytest.raises(Refused, match="pool: insufficient supply"):
        indebted.withdraw("borrower", "BTC", owned + 1)


def test_withdraw__max_of_nothing__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: insufficient supply"):
        world.withdraw("attacker", "USD", MAX)


def test_withdraw__beyond_cash__reverts_and_the_cash_can_be_had(indebted: World) -> None:
    cash = indebted.reserve("USD").cash
    with pytest.raises(Refused, match="pool: insufficient cash"):
        indebted.withdraw("lender", "USD", cash + 1)
    with pytest.raises(Refused, match="pool: insufficient cash"):
        indebted.withdraw("lender", "USD", MAX)
    with pytest.raises(Refused, match="pool: insufficient cash"):
        indebted.withdraw("lender", "USD", MAX - 1)
    indebted.withdraw("lender", "USD", cash)
    assert indebted.reserve("USD").cash == 0


def test_withdraw__zero__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        world.withdraw("lender", "USD", 0)


def test_withdraw__unlisted__reverts(world: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.reverts("pool: not listed"):
        world.pool.withdraw(token.address, 1, world.address["lender"])


def test_withdraw__collateral__down_to_the_limit_and_no_further(world: World) -> None:
    # 8,000 of debt are 80 % of the capacity 10,000 = 75 % of 13,333.33: 66.67 ETH must stay
    world.open("borrower", "ETH", 100 * 10**18, "USD", 8_000 * 10**6)
    most = 100 * 10**18 - 66_666_666_666_666_666_667
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", most + 100)
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", MAX)
    world.withdraw("borrower", "ETH", most)


def test_withdraw__collateral_within_interest_of_the_limit__counts_the_interest(indebted: World) -> None:
    """The debt's interest since the last touch is part of the check."""
    capacity, debt = indebted.ledger_now().capacity_and_debt("borrower")
    spare = (capacity - debt * 10_000 // 8_000) * 10_000 // 7_500 // 200
    with pytest.raises(Refused, match="pool: over limit"):
        indebted.withdraw("borrower", "ETH", spare + 10**13)
    indebted.withdraw("borrower", "ETH", spare - 10**13)


def test_withdraw__supply_that_is_not_collateral__needs_no_price(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 8_000 * 10**6)
    world.supply("borrower", "BTC", 10**8)
    for asset in ASSETS:
        world.set_band(asset, 0, 0, why=2)
    world.withdraw("borrower", "BTC", MAX)


def test_withdraw__collateral_without_debt__needs_no_price(world: World) -> None:
    world.supply("borrower", "ETH", 10**18)
    world.enable("borrower", "ETH")
    for asset in ASSETS:
        world.set_band(asset, 0, 0, why=2)
    world.withdraw("borrower", "ETH", MAX)


def test_withdraw__collateral_with_debt_and_no_price__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.set_band("USD", WAD, WAD, why=16)
    with pytest.raises(Refused, match="pool: no price"):
        world.withdraw("borrower", "ETH", 1)
    world.set_price("USD", WAD)
    world.set_band("ETH", 200 * WAD, 200 * WAD, why=16)
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", 1)


def test_withdraw__priceless_collateral_beside_enough__is_possible(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.supply("borrower", "BTC", 10**8)
    world.enable("borrower", "BTC")
    world.set_band("BTC", 0, 0, why=2)
    # while it stays, it would count at its last price: nothing else may leave
    with pytest.raises(Refused, match="pool: no price"):
        world.withdraw("borrower", "ETH", 1)
    world.withdraw("borrower", "BTC", MAX)
    world.withdraw("borrower", "ETH", 1)


def test_withdraw__collateral__counts_at_low_and_debt_at_high(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 8_000 * 10**6)
    world.set_band("ETH", 150 * WAD, 900 * WAD)
    # capacity 11,250, limit 9,000: 1,000 of capacity 750 -> 8.888 ETH may leave
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", 11_112 * 10**15)
    world.set_band("USD", WAD // 2, WAD * 11 // 10)
    # the debt counts 8,800
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", 2_223 * 10**15)
    world.withdraw("borrower", "ETH", 2_222 * 10**15)
