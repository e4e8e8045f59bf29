import boa
import pytest

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.accounts import account_state
from tests.conftest import load
from tests.pool_world import World, logs


def test_set_collateral__on_and_off__is_stored_and_logged(world: World) -> None:
    borrower, eth = world.address["borrower"], world.address["ETH"]
    world.supply("borrower", "ETH", 10**18)
    assert account_state(world.pool, borrower).collaterals == []
    for enabled in (True, False):
        world.enable("borrower", "ETH", enabled)
        (event,) = logs(world, "CollateralSet")
        assert (event.asset, event.account, event.enabled) == (eth, borrower, enabled)
        world.check()
    assert world.pool.positions(borrower) == (0, [])


@pytest.mark.parametrize("enabled", [True, False])
def test_set_collateral__as_it_is__does_nothing(world: World, enabled: bool) -> None:
    if enabled:
        world.enable("borrower", "ETH")
    world.enable("borrower", "ETH", enabled)
    assert logs(world, "CollateralSet") == []
    world.check()


def test_set_collateral__by_others__touches_only_their_own(world: World) -> None:
    world.supply("borrower", "ETH", 10**18)
    world.enable("attacker", "ETH")
    assert world.pool.positions(world.address["borrower"])[0] == 0


def test_set_collateral__supply_and_repay_on_behalf__enable_nothing(world: World) -> None:
    world.supply("attacker", "ETH", 10**18, "borrower")
    assert world.pool.positions(world.address["borrower"])[0] == 0


def test_set_collateral__of_what_one_owes__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.supply("borrower", "USD", 10**6)
    with pytest.raises(Refused, match="pool: same asset"):
        world.enable("borrower", "USD")
    world.repay("borrower", "USD", MAX)
    world.enable("borrower", "USD")


def test_set_collateral__disabling_what_the_debt_needs__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    with pytest.raises(Refused, match="pool: over limit"):
        world.enable("borrower", "ETH", False)
    world.supply("borrower", "BTC", 10**8)
    world.enable("borrower", "BTC")
    world.enable("borrower", "ETH", False)
    world.withdraw("borrower", "ETH", MAX)
    world.check()


def test_set_collateral__disabling_with_debt_and_no_price__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.set_band("USD", 0, 0, why=8)
    with pytest.raises(Refused, match="pool: no price"):
        world.enable("borrower", "ETH", False)
    world.enable("borrower", "BTC")  # more collateral is never new risk


def test_set_collateral__without_a_price__only_without_debt(world: World) -> None:
    world.set_band("BTC", 0, 0, why=32)
    world.enable("borrower", "BTC")
    world.enable("borrower", "BTC", False)
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    with pytest.raises(Refused, match="pool: no price"):
        world.enable("borrower", "BTC")
    world.set_price("BTC", 20_000 * WAD)
    world.enable("borrower", "BTC")
    world.set_band("BTC", 0, 0, why=32)
    # nor more of it, whoever gives it
    with pytest.raises(Refused, match="pool: no price"):
        world.supply("borrower", "BTC", 10**8)
    world.set_price("BTC", 20_000 * WAD)
    world.supply("borrower", "BTC", 10**8)


def test_set_collateral__unlisted__reverts(world: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.reverts("pool: not listed"):
        world.pool.set_collateral(token.address, True)


def test_set_collateral__a_ninth__reverts(world: World) -> None:
    for number in range(9):
        world.add(f"T{number}")
    for number in range(8):
        world.enable("borrower", f"T{number}")
    with pytest.raises(Refused, match="pool: too many collaterals"):
        world.enable("borrower", "T8")
    world.enable("borrower", "T5", False)
    world.enable("borrower", "T8")
    assert len(account_state(world.pool, world.address["borrower"]).collaterals) == 8
