import boa
import pytest

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.conftest import load
from tests.pool_world import World, logs


def test_borrow__within_the_limit__pays_and_books_the_debt(indebted: World) -> None:
    before = indebted.balance("keeper", "USD")
    scaled = indebted.borrow("borrower", "USD", 500_000_001, "keeper")
    (event,) = logs(indebted, "Borrow")
    assert (event.asset, event.account, event.receiver, event.amount, event.scaled) == (
        indebted.address["USD"],
        indebted.address["borrower"],
        indebted.address["keeper"],
        500_000_001,
        scaled,
    )
    assert indebted.balance("keeper", "USD") == before + 500_000_001
    assert indebted.reserve("USD").index > 10**27
    assert scaled < 500_000_001
    indebted.check()


def test_borrow__the_first_of_a_reserve__starts_at_the_index_of_the_last(indebted: World) -> None:
    """Nobody pays for the time in which nobody owed anything."""
    indebted.repay("borrower", "USD", MAX)
    index = indebted.reserve("USD").index
    indebted.travel(1_000 * 86_400)
    indebted.borrow("borrower", "USD", 1_000 * 10**6)
    assert indebted.reserve("USD").index == index
    assert indebted.pool.debt_of(indebted.address["borrower"], indebted.address["USD"]) in (1_000 * 10**6, 1_000 * 10**6 + 1)
    indebted.travel(86_400)
    indebted.check()


def test_borrow__several_assets_against_several__add_up(world: World) -> None:
    world.supply("borrower", "ETH", 100 * 10**18)
    world.enable("borrower", "ETH")
    world.add("DAI", price=1)
    world.seed("keeper", "DAI", 10**18)
    world.supply("borrower", "DAI", 1_000 * 10**18)
    world.enable("borrower", "DAI")
    # capacity 15,000 + 750, limit 12,600
    world.borrow("borrower", "USD", 6_300 * 10**6)
    world.borrow("borrower", "BTC", 315 * 10**5)
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", 1)
    world.check()


def test_borrow__zero__reverts(indebted: World) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        indebted.borrow("borrower", "USD", 0)


def test_borrow__unlisted__reverts(world: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.reverts("pool: not listed"):
        world.pool.borrow(token.address, 1, world.address["lender"])


def test_borrow__unseeded__reverts(world: World) -> None:
    world.add("NEW")
    with pytest.raises(Refused, match="pool: not seeded"):
        world.borrow("borrower", "NEW", 1)


@pytest.mark.parametrize("extra", [1, MAX // 2, None])
def test_borrow__beyond_cash__reverts(indebted: World, extra: int | None) -> None:
    amount = MAX if extra is None else indebted.reserve("USD").cash + extra
    with pytest.raises(Refused, match="pool: insufficient cash"):
        indebted.borrow("borrower", "USD", amount)


def test_borrow__without_collateral__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("attacker", "USD", 100 * 10**6)
    world.supply("attacker", "ETH", 10**18)  # supplied, not enabled
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("attacker", "USD", 100 * 10**6)


def test_borrow__below_the_minimum_debt__reverts(world: World) -> None:
    world.supply("borrower", "ETH", 100 * 10**18)
    world.enable("borrower", "ETH")
    with pytest.raises(Refused, match="pool: below minimum debt"):
        world.borrow("borrower", "USD", 100 * 10**6 - 1)
    world.borrow("borrower", "USD", 100 * 10**6)
    world.borrow("borrower", "USD", 1)  # the debt counts, not what is added
    with pytest.raises(Refused, match="pool: below minimum debt"):
        world.borrow("borrower", "BTC", 499_999)  # and each reserve alone
    world.borrow("borrower", "BTC", 500_000)


def test_borrow__value_of_the_debt__rounds_up(world: World) -> None:
    """Half an ETH at a price one wei short of 200 is worth half a wei less than 100: it counts as 100."""
    world.supply("borrower", "BTC", 10**8)
    world.enable("borrower", "BTC")
    world.set_band("ETH", 200 * WAD - 1, 200 * WAD - 1)
    world.borrow("borrower", "ETH", 5 * 10**17)
    with pytest.raises(Refused, match="pool: below minimum debt"):
        world.borrow("attacker", "ETH", 5 * 10**17 - 1)


def test_borrow__own_collateral__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    with pytest.raises(Refused, match="pool: same asset"):
        world.borrow("borrower", "ETH", 10**18)


def test_borrow__own_supply_that_is_not_collateral__is_possible(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.supply("borrower", "BTC", 10**8)
    world.borrow("borrower", "BTC", 10**6)
    world.check()


def test_borrow__no_price__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.set_band("BTC", 0, 0, why=1)
    with pytest.raises(Refused, match="pool: no price"):
        world.borrow("borrower", "BTC", 10**6)
    world.set_price("BTC", 20_000 * WAD)
    world.set_band("USD", 0, 0, why=8)  # of another debt
    with pytest.raises(Refused, match="pool: no price"):
        world.borrow("borrower", "BTC", 10**6)
    world.set_price("USD", WAD)
    world.set_band("ETH", 0, 0, why=32)  # of the collateral
    with pytest.raises(Refused, match="pool: no price"):
        world.borrow("borrower", "BTC", 10**6)
    world.set_band("ETH", 200 * WAD, 200 * WAD, why=64)  # blocked collateral adds nothing
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "BTC", 10**6)


def test_borrow__oracle_not_set__reverts() -> None:
    fresh = World(with_oracle=False)
    fresh.add("ETH")
    fresh.seed("keeper", "ETH", 10**18)
    with boa.reverts(), boa.env.prank(fresh.address["borrower"]):
        fresh.pool.borrow(fresh.address["ETH"], 10**17, fresh.address["borrower"])


def test_borrow__a_price_too_large_to_compute__reverts(world: World) -> None:
    world.supply("borrower", "ETH", 100 * 10**18)
    world.enable("borrower", "ETH")
    for price in (2**150, 2**255, 2**256 - 1):
        world.oracle.set(world.address["USD"], price)
        with boa.reverts(dev="price"), boa.env.prank(world.address["borrower"]):
            world.pool.borrow(world.address["USD"], 100 * 10**6, world.address["borrower"])
    # the largest price that is computed with, of debt: a raw unit is worth 1.4e27
    world.oracle.set(world.address["USD"], 2**150 - 1)
    with boa.reverts("pool: over limit"), boa.env.prank(world.address["borrower"]):
        world.pool.borrow(world.address["USD"], 100 * 10**6, world.address["borrower"])


def test_borrow__collateral_or_another_debt_with_a_price_too_large_to_compute__reverts(world: World) -> None:
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    world.add("NEW", price=1)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 10_000 * 10**18)
    borrower = world.address["borrower"]
    for asset, usual in (("ETH", 200 * 10**18), ("USD", 10**30)):
        world.oracle.set(world.address[asset], 2**150)
        with boa.reverts(dev="price"), boa.env.prank(borrower):
            world.pool.borrow(world.address["NEW"], 200 * 10**18, borrower)
        world.oracle.set(world.address[asset], usual)
    # collateral at the largest price: counted, and more than enough
    world.oracle.set(world.address["ETH"], 2**150 - 1)
    with boa.env.prank(borrower):
        world.pool.borrow(world.address["NEW"], 9_000 * 10**18, borrower)
    assert world.pool.debt_of(borrower, world.address["NEW"]) == 9_000 * 10**18


def test_borrow__a_ninth_asset__reverts(world: World) -> None:
    world.supply("borrower", "ETH", 1_000 * 10**18)
    world.enable("borrower", "ETH")
    for number in range(9):
        world.add(f"T{number}", price=1)
        world.seed("keeper", f"T{number}", 10**18)
        world.supply("lender", f"T{number}", 1_000 * 10**18)
    for number in range(8):
        world.borrow("borrower", f"T{number}", 100 * 10**18)
    with pytest.raises(Refused, match="pool: too many debts"):
        world.borrow("borrower", "T8", 100 * 10**18)
    world.borrow("borrower", "T7", 100 * 10**18)  # more of one of the eight
    world.repay("borrower", "T3", MAX)
    world.borrow("borrower", "T8", 100 * 10**18)
    world.travel(1_000)
    world.check()
