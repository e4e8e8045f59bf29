from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX, WAD, Refused
from tests.conftest import load
from tests.pool_world import ASSETS, World, logs


@pytest.mark.parametrize(("by", "account"), [("borrower", "borrower"), ("keeper", "borrower")])
def test_repay__a_part__lowers_the_debt(indebted: World, by: str, account: str) -> None:
    before = indebted.pool.debt_of(indebted.address[account], indebted.address["USD"])
    assert indebted.repay(by, "USD", 123_456_789, account) == 123_456_789
    (event,) = logs(indebted, "Repay")
    assert (event.asset, event.account) == (indebted.address["USD"], indebted.address[account])
    assert event.amount == 123_456_789
    assert event.scaled == 123_456_789 * 10**27 // indebted.reserve("USD").index
    after = indebted.pool.debt_of(indebted.address[account], indebted.address["USD"])
    assert before - 123_456_789 <= after <= before - 123_456_789 + 1
    indebted.check()


@pytest.mark.parametrize("extra", [0, 1, 10**30, None])
def test_repay__all_or_more__is_clamped_and_clears_the_debt(indebted: World, extra: int | None) -> None:
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    assert indebted.repay("borrower", "USD", MAX if extra is None else owed + extra) == owed
    (event,) = logs(indebted, "Repay")
    assert event.amount == owed
    assert indebted.pool.positions(indebted.address["borrower"])[0] == 1 << indebted.reserve("ETH").id
    assert indebted.reserve("USD").scaled_debt == 0
    indebted.check()


def test_repay__a_unit_less_than_all__leaves_a_unit(indebted: World) -> None:
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    indebted.repay("borrower", "USD", owed - 1)
    assert indebted.pool.debt_of(indebted.address["borrower"], indebted.address["USD"]) in (1, 2)
    indebted.repay("borrower", "USD", MAX)
    indebted.check()


def test_repay__max_for_another__reverts(indebted: World) -> None:
    with pytest.raises(Refused, match="pool: own debt only"):
        indebted.repay("keeper", "USD", MAX, "borrower")


def test_repay__zero__reverts(indebted: World) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        indebted.repay("borrower", "USD", 0)


def test_repay__so_little_that_no_debt_goes__reverts(indebted: World) -> None:
    """One unit is less than one unit of scaled debt: it would be taken for nothing."""
    with pytest.raises(Refused, match="pool: zero shares"):
        indebted.repay("keeper", "USD", 1, "borrower")


def test_repay__no_debt__reverts(indebted: World) -> None:
    with pytest.raises(Refused, match="pool: no debt"):
        indebted.repay("borrower", "BTC", 1, fund=False)
    with pytest.raises(Refused, match="pool: no debt"):
        indebted.repay("borrower", "USD", 1, "lender", fund=False)


def test_repay__unlisted__reverts(world: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.reverts("pool: not listed"):
        world.pool.repay(token.address, 1, world.address["lender"])


def test_repay__without_the_tokens__reverts(indebted: World) -> None:
    with boa.reverts(), boa.env.prank(indebted.address["attacker"]):
        indebted.pool.repay(indebted.address["USD"], 10**6, indebted.address["borrower"])
    indebted.check()


def test_repay__without_any_price__works(indebted: World) -> None:
    for asset in ASSETS:
        indebted.set_band(asset, 0, 0, why=2)
    indebted.repay("borrower", "USD", MAX)


def test_repay__below_the_minimum_debt__works(indebted: World) -> None:
    """The minimum binds who borrows; who repays is never held up."""
    owed = indebted.ledger_now().debt_of("borrower", "USD")
    indebted.repay("borrower", "USD", owed - 50 * 10**6)
    assert indebted.ledger.min_debt == 100 * WAD


@pytest.mark.parametrize(("fee", "extra"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("action", ["seed", "supply", "repay", "settle_liquidation"])
def test_pull__other_than_asked_arrives__reverts(world: World, moody_deployer: Any, action: str, fee: int, extra: int) -> None:
    token = moody_deployer.deploy()
    world.add("MOODY", token=token, price=1)
    pool, keeper, borrower = world.pool, world.address["keeper"], world.address["borrower"]
    world.mint("keeper", "MOODY", 10**24)
    if action != "seed":
        world.seed("keeper", "MOODY", 10**18)
        world.supply("lender", "MOODY", 10**22)
        world.open("borrower", "ETH", 100 * 10**18, "MOODY", 10**21)
    token.set_mood(fee, extra, True)
    calls = {
        "seed": (token.address, 10**18),
        "supply": (token.address, 10**18, keeper),
        "repay": (token.address, 10**18, borrower),
        "settle_liquidation": (borrower, keeper, keeper, token.address, 10**18, world.reserve("ETH").id, 10**16, 0),
    }
    with boa.reverts("pool: fee on transfer"), boa.env.prank(world.address["engine"] if action == "settle_liquidation" else keeper):
        getattr(pool, action)(*calls[action])
    token.set_mood(0, 0, True)
    world.donate("MOODY", 12_345)  # what lies there already is no fee
    with boa.env.prank(world.address["engine"] if action == "settle_liquidation" else keeper):
        getattr(pool, action)(*calls[action])


def test_pull__fee_token__cannot_even_be_seeded(world: World, fee_token: Any) -> None:
    world.add("FEE", token=fee_token)
    world.mint("keeper", "FEE", 10**18)
    with boa.reverts("pool: fee on transfer"), boa.env.prank(world.address["keeper"]):
        world.pool.seed(fee_token.address, 10**18)
    assert not world.pool.reserve_state(fee_token.address).seeded


@pytest.mark.parametrize("action", ["withdraw", "borrow", "repay"])
def test_transfer__answers_false__reverts(world: World, moody_deployer: Any, action: str) -> None:
    token = moody_deployer.deploy()
    world.add("MOODY", token=token, price=1)
    world.seed("keeper", "MOODY", 10**18)
    world.supply("borrower", "MOODY", 10**22)
    world.open("borrower", "ETH", 100 * 10**18, "MOODY", 10**21)
    token.set_mood(0, 0, False)
    with boa.reverts("pool: transfer failed"), boa.env.prank(world.address["borrower"]):
        getattr(world.pool, action)(token.address, 10**18, world.address["borrower"])
