from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX, NOBODY, WAD, Refused
from tests.conftest import load
from tests.pool_world import ASSETS, World, logs


@pytest.mark.parametrize("asset", ASSETS)
def test_supply__for_oneself__mints_shares_for_the_tokens(indebted: World, asset: str) -> None:
    amount = 123_456_789
    shares = indebted.supply("lender", asset, amount)
    (event,) = logs(indebted, "Supply")
    lender = indebted.address["lender"]
    assert (event.asset, event.account) == (indebted.address[asset], lender)
    assert (event.amount, event.shares) == (amount, shares)
    indebted.check()


def test_supply__for_another__is_his(world: World) -> None:
    world.mint("borrower", "ETH", 10**18)
    shares = world.supply("lender", "ETH", 10**18, "borrower")
    (event,) = logs(world, "Supply")
    assert event.account == world.address["borrower"]
    assert (world.balance("lender", "ETH"), world.balance("borrower", "ETH")) == (0, 10**18)
    assert world.pool.supply_shares_of(world.address["borrower"], world.address["ETH"]) == shares
    with pytest.raises(Refused, match="pool: insufficient supply"):
        world.withdraw("attacker", "ETH", 1)
    world.withdraw("borrower", "ETH", MAX)


def test_supply__max__takes_the_whole_balance(world: World) -> None:
    world.mint("borrower", "USD", 777)
    world.supply("borrower", "USD", MAX)
    (event,) = logs(world, "Supply")
    assert event.amount == 777
    assert world.balance("borrower", "USD") == 0


def test_supply__max_of_nothing__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        world.supply("borrower", "USD", MAX)


def test_supply__zero__reverts(world: World) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        world.supply("lender", "USD", 0)


def test_supply__for_nobody__is_a_gift_to_the_dead_shares(world: World) -> None:
    world.supply("lender", "USD", 10**6, NOBODY)
    world.check()


def test_supply__unlisted__reverts(world: World) -> None:
    token = load("testing/TestToken.vy").deploy("X", "X", 18)
    with boa.reverts("pool: not listed"):
        world.pool.supply(token.address, 1, world.address["lender"])


def test_supply__unseeded__reverts(world: World) -> None:
    world.add("NEW")
    with pytest.raises(Refused, match="pool: not seeded"):
        world.supply("lender", "NEW", 10**18)


def test_supply__more_than_owned__reverts(world: World) -> None:
    with boa.reverts(), boa.env.prank(world.address["attacker"]):
        world.pool.supply(world.address["USD"], 1, world.address["attacker"])


def test_supply__up_to_what_fits__and_not_a_unit_more(world: World) -> None:
    world.add("NEW")
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 2**103 - 1 - 10**18)
    with pytest.raises(Refused, match="pool: too much"):
        world.supply("lender", "NEW", 1)
    for amount in (2**103, 2**255, 2**256 - 2):
        with boa.reverts("pool: too much"), boa.env.prank(world.address["lender"]):
            world.pool.supply(world.address["NEW"], amount, world.address["lender"])
    world.withdraw("lender", "NEW", MAX)
    world.check()


def test_supply__after_interest_without_end__still_mints_shares(world: World) -> None:
    """The index stops at 2^104 / RAY = 20,282: a unit is never worth less than 49 shares."""
    world.add("GREEDY", rate=lambda _: 100 * WAD, model=load("testing/FaultyRateModel.vy").deploy(), factor=0)
    world.model["GREEDY"].set_rate(100 * WAD)
    world.seed("keeper", "GREEDY", 10**15)
    world.supply("lender", "GREEDY", 100 * 10**18)
    world.open("borrower", "BTC", 50 * 10**8, "GREEDY", 100 * 10**18)
    for _ in range(4):
        world.travel(400 * 86_400)
        world.accrue("GREEDY")
    assert world.reserve("GREEDY").index == 2**104 - 2**24
    assert world.supply("attacker", "GREEDY", 1) >= 49
    world.check()


def test_supply__no_return_value__works(world: World, no_return_token: Any) -> None:
    world.add("OLD", token=no_return_token)
    world.seed("keeper", "OLD", 10**18)
    world.supply("lender", "OLD", 10**18)
    world.withdraw("lender", "OLD", MAX)
    world.open("borrower", "ETH", 100 * 10**18, "OLD", 10**18 // 2 + 1)
    world.repay("borrower", "OLD", MAX)
    world.check()


def test_supply__token_answers_false__reverts(world: World, moody_deployer: Any) -> None:
    world.add("MOODY", token=moody_deployer.deploy())
    world.seed("keeper", "MOODY", 10**18)
    world.token["MOODY"].set_mood(0, 0, False)
    world.mint("lender", "MOODY", 10**18)
    with boa.reverts("pool: transfer failed"), boa.env.prank(world.address["lender"]):
        world.pool.supply(world.address["MOODY"], 10**18, world.address["lender"])
