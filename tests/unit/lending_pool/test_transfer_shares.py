"""Supply shares change hands: judged as a withdrawal for the one and as a supply for the other."""

import boa
import pytest

from plimsoll.reference.pool import MAX, NOBODY, Refused
from tests.pool_world import ZERO, World, logs

USD, ETH, SHARE = 10**6, 10**18, 10**6


def test_transfer_shares__of_a_lender__moves_them_and_nothing_else(world: World) -> None:
    before = world.reserve("ETH")
    assert world.transfer_shares("lender", "ETH", 10 * ETH * SHARE, "keeper") == 10 * ETH * SHARE
    (event,) = logs(world, "TransferShares")
    assert (event.asset, event.account, event.receiver, event.shares) == (
        world.address["ETH"],
        world.address["lender"],
        world.address["keeper"],
        10 * ETH * SHARE,
    )
    assert world.ledger.shares["keeper", "ETH"] == 10 * ETH * SHARE
    assert world.reserve("ETH") == before
    world.check()
    world.withdraw("keeper", "ETH", MAX)
    world.check()


def test_transfer_shares__max__is_all(world: World) -> None:
    held = world.ledger.shares["lender", "BTC"]
    assert world.transfer_shares("lender", "BTC", MAX, "keeper") == held
    with pytest.raises(Refused, match="pool: zero amount"):
        world.transfer_shares("lender", "BTC", MAX, "keeper")
    world.check()


def test_transfer_shares__more_than_there_are__reverts(world: World) -> None:
    held = world.ledger.shares["lender", "BTC"]
    for shares in (held + 1, 2**128, MAX - 1):
        with pytest.raises(Refused, match="pool: insufficient supply"):
            world.transfer_shares("lender", "BTC", shares, "keeper")
    world.transfer_shares("lender", "BTC", held, "keeper")
    with pytest.raises(Refused, match="pool: zero amount"):
        world.transfer_shares("lender", "BTC", 0, "keeper")


def test_transfer_shares__to_nobody__reverts(world: World) -> None:
    """The dead shares are the zero address's: what came to them could not be told from the seed."""
    with pytest.raises(Refused, match="pool: zero address"):
        world.transfer_shares("lender", "ETH", 1, NOBODY)
    with boa.reverts("pool: not listed"), boa.env.prank(world.address["lender"]):
        world.pool.transfer_shares(world.address["keeper"], 1, world.address["keeper"])
    assert world.address[NOBODY] == ZERO


def test_transfer_shares__collateral_of_a_debt__within_the_limit_only(indebted: World) -> None:
    """8,000 and some USD against 100 ETH of 200: with 80 % of 75 % at least 67 ETH have to stay."""
    with pytest.raises(Refused, match="pool: over limit"):
        indebted.transfer_shares("borrower", "ETH", 34 * ETH * SHARE, "keeper")
    with pytest.raises(Refused, match="pool: over limit"):
        indebted.transfer_shares("borrower", "ETH", MAX, "keeper")
    indebted.transfer_shares("borrower", "ETH", 32 * ETH * SHARE, "keeper")
    indebted.check()


def test_transfer_shares__collateral_without_a_price__reverts(indebted: World) -> None:
    indebted.set_band("USD", 0, 0, why=8)
    with pytest.raises(Refused, match="pool: no price"):
        indebted.transfer_shares("borrower", "ETH", 1, "keeper")
    indebted.transfer_shares("lender", "ETH", 1, "keeper")


def test_transfer_shares__to_who_has_enabled_it__counts_for_him(indebted: World) -> None:
    counted = indebted.pool.reserve_state(indebted.address["ETH"]).counted_shares
    indebted.transfer_shares("lender", "ETH", 50 * ETH * SHARE, "borrower")
    grown = indebted.pool.reserve_state(indebted.address["ETH"]).counted_shares - counted
    assert abs(grown - 50 * ETH * SHARE) <= 2**62
    indebted.check()
    indebted.borrow("borrower", "USD", 5_000 * USD)
    indebted.check()


def test_transfer_shares__to_a_debt_without_a_price_or_above_the_cap__reverts(indebted: World) -> None:
    """What lost its price may not come along as a shield, and what joins finds room."""
    indebted.set_band("ETH", 0, 0, why=8)
    with pytest.raises(Refused, match="pool: no price"):
        indebted.transfer_shares("lender", "ETH", 1, "borrower")
    indebted.set_price("ETH", 200 * 10**18)
    indebted.set_depth("ETH", 100_000 * 10**18)
    with pytest.raises(Refused, match="pool: collateral cap"):
        indebted.transfer_shares("lender", "ETH", 10 * ETH * SHARE, "borrower")
    # a debtor who has not enabled it, and somebody without debt, take it
    indebted.transfer_shares("lender", "ETH", 10 * ETH * SHARE, "keeper")
    indebted.enable("keeper", "ETH")
    indebted.transfer_shares("lender", "ETH", 10 * ETH * SHARE, "keeper")
    indebted.check()


def test_transfer_shares__to_who_owes_the_asset__is_supply_and_no_collateral(indebted: World) -> None:
    indebted.transfer_shares("lender", "USD", 100 * USD * SHARE, "borrower")
    assert indebted.pool.reserve_state(indebted.address["USD"]).counted_shares == 0
    with pytest.raises(Refused, match="pool: same asset"):
        indebted.enable("borrower", "USD")
    indebted.check()


def test_transfer_shares__to_oneself__changes_nothing(indebted: World) -> None:
    before = dict(indebted.ledger.shares)
    indebted.transfer_shares("borrower", "ETH", ETH * SHARE, "borrower")
    indebted.transfer_shares("lender", "ETH", MAX, "lender")
    assert indebted.ledger.shares == before
    indebted.check()


def test_transfer_shares__to_the_treasury__are_its_own(world: World) -> None:
    world.transfer_shares("lender", "USD", 100 * USD * SHARE, "treasury")
    assert world.reserve("USD").fee_shares == 0
    world.withdraw("treasury", "USD", MAX)
    world.check()


def test_transfer_shares__paused__for_debtors_only(indebted: World) -> None:
    indebted.pause("ETH", "collateral")
    with pytest.raises(Refused, match="pool: paused"):
        indebted.transfer_shares("borrower", "ETH", 1, "keeper")
    indebted.transfer_shares("lender", "ETH", 1, "keeper")
    indebted.check()
