"""The shares as an ERC-20."""

import pytest

from plimsoll.reference.pool import MAX, NOBODY, Refused
from tests.unit.reserve_vault.conftest import events
from tests.vault_world import VaultWorld


@pytest.mark.parametrize("amount", [0, 1, 10**12])
def test_transfer__up_to_the_balance__moves_it(v: VaultWorld, amount: int) -> None:
    v.transfer("lender", "keeper", amount)
    assert events(v) == [("Transfer", "lender", "keeper", amount)]
    v.check()


def test_transfer__to_oneself__changes_nothing(v: VaultWorld) -> None:
    v.transfer("lender", "lender", v.balance("lender"))
    v.check()


def test_transfer__all__worth_goes_with_it(v: VaultWorld) -> None:
    worth = v.worth("lender")
    v.transfer("lender", "keeper", v.balance("lender"))
    assert (v.worth("keeper"), v.worth("lender")) == (worth, 0)
    v.check()


def test_transfer__more_than_the_balance__is_refused(v: VaultWorld) -> None:
    for amount in (v.balance("lender") + 1, MAX):
        with pytest.raises(Refused, match="vault: insufficient shares"):
            v.transfer("lender", "keeper", amount)
    with pytest.raises(Refused, match="vault: insufficient shares"):
        v.transfer("keeper", "lender", 1)


@pytest.mark.parametrize("receiver", [NOBODY, "vault"])
def test_transfer__to_nobody_or_the_vault__is_refused(v: VaultWorld, receiver: str) -> None:
    v.approve("lender", "keeper", MAX)
    with pytest.raises(Refused, match="vault: bad receiver"):
        v.transfer("lender", receiver, 1)
    with pytest.raises(Refused, match="vault: bad receiver"):
        v.transfer("keeper", receiver, 1, "lender")


def test_approve__again__replaces(v: VaultWorld) -> None:
    for amount in (7, MAX, 0, 5):
        v.approve("lender", "keeper", amount)
        assert events(v) == [("Approval", "lender", "keeper", amount)]
        assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == amount


def test_transfer_from__within_the_allowance__uses_it_up(v: VaultWorld) -> None:
    v.approve("lender", "keeper", 10)
    v.transfer("keeper", "attacker", 4, "lender")
    assert events(v) == [("Transfer", "lender", "attacker", 4)]
    assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == 6
    with pytest.raises(Refused, match="vault: insufficient allowance"):
        v.transfer("keeper", "attacker", 7, "lender")
    v.transfer("keeper", "attacker", 6, "lender")
    v.check()


def test_transfer_from__largest_allowance__is_not_used_up(v: VaultWorld) -> None:
    v.approve("lender", "keeper", MAX)
    v.transfer("keeper", "attacker", 4, "lender")
    assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == MAX
    with pytest.raises(Refused, match="vault: insufficient shares"):
        v.transfer("keeper", "attacker", MAX, "lender")


def test_transfer_from__oneself__needs_an_allowance_too(v: VaultWorld) -> None:
    with pytest.raises(Refused, match="vault: insufficient allowance"):
        v.transfer("lender", "keeper", 1, "lender")
