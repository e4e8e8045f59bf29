"""What is in the pool and in no book goes to the treasury, whoever asks."""

import pytest

from plimsoll.reference.pool import Refused
from tests.pool_world import Inside, World, logs

USD = 10**6


def test_sweep__a_gift__goes_to_the_treasury(indebted: World) -> None:
    indebted.donate("USD", 123)
    assert indebted.sweep("USD") == 123
    (event,) = logs(indebted, "Sweep")
    assert (event.asset, event.amount) == (indebted.address["USD"], 123)
    assert indebted.balance("pool", "USD") == indebted.ledger.reserves["USD"].cash
    indebted.check()


def test_sweep__nothing_beyond_the_books__reverts(indebted: World) -> None:
    for asset in ("USD", "ETH", "BTC"):
        with pytest.raises(Refused, match="pool: zero amount"):
            indebted.sweep(asset)
    indebted.donate("USD", 1)
    indebted.sweep("USD")
    with pytest.raises(Refused, match="pool: zero amount"):
        indebted.sweep("USD")


def test_sweep__a_token_that_is_not_listed__goes_as_well(world: World) -> None:
    world.token["OTHER"] = world.chain.deploy("testing/TestToken.vy", "OTHER", "OTHER", 18)
    world.address["OTHER"] = world.token["OTHER"].address
    world.donate("OTHER", 10**18)
    assert world.sweep("OTHER") == 10**18


def test_sweep__closed_in_every_way__still_works(indebted: World) -> None:
    indebted.configure("USD", frozen=True)
    indebted.pause("USD", "supply", "borrow", "collateral", "flash")
    indebted.donate("USD", USD)
    indebted.sweep("USD")
    indebted.check()


def test_sweep__while_a_flash_loan_is_out__takes_nothing_of_it() -> None:
    world = World().with_actor()
    world.add("USD")
    world.seed("keeper", "USD", USD)
    world.supply("lender", "USD", 1_000 * USD)
    world.donate("USD", 10 * USD)
    world.mint("attacker", "USD", USD)
    sweep = Inside("sweep", ("USD",), lambda ledger: ledger.sweep("USD", 1_011 * USD - 500 * USD), must=False)
    world.flash_loan("USD", 500 * USD, [sweep])
    assert world.actor.succeeded() == 0
    world.check()
    assert world.sweep("USD") == 10 * USD
