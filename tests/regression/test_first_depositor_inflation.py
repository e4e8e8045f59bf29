"""Hundred, Sonne, Onyx (2023, 2024): the first depositor of an empty market raises the price of a share by a gift, so that the next
deposit rounds to nothing. In a pair the locked minimum makes the attacker lose hundreds of times what the victim does."""

from dataclasses import dataclass

import boa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pair_world import in_order, new_factory, new_pair


@dataclass
class Ledger:
    """Both tokens are worth the same."""

    spent: int = 0

    def give(self, pair, tokens, amount):
        for token in tokens:
            token.mint(pair, amount)
        self.spent += 2 * amount


def withdraw(pair, tokens, account):
    if pair.balanceOf(account):
        pair.transfer(pair, pair.balanceOf(account), sender=account)
        try:
            pair.burn(account)
        except boa.BoaError:
            return 0
    return sum(token.balanceOf(account) for token in tokens)


@given(first=st.integers(1001, 10**6), gift=st.integers(0, 10**24), deposit=st.integers(1, 10**24), sync_first=st.booleans())
def test_first_deposit_and_gift__cost_the_attacker_far_more_than_the_victim(
    owner, attacker, lender, new_token, first, gift, deposit, sync_first
):
    tokens = in_order(new_token("AAA"), new_token("BBB"))
    pair = new_pair(new_factory(owner), *tokens)
    attack, victim = Ledger(), Ledger()
    attack.give(pair, tokens, first)
    pair.mint(attacker)
    attack.give(pair, tokens, gift)
    if sync_first:
        pair.sync()
    victim.give(pair, tokens, deposit)
    try:
        pair.mint(lender)
    except boa.BoaError:
        return  # nothing is taken: the transfer and the mint are one transaction
    loss_of_victim = victim.spent - withdraw(pair, tokens, lender)
    loss_of_attacker = attack.spent - withdraw(pair, tokens, attacker)
    assert loss_of_attacker >= 0
    # What a share is worth was (first + gift) / first, and 1000 of them nobody owns
    assert loss_of_victim <= 2 * (first + gift) // 1000 + 2 * (deposit + gift) // (first - 1) + 4
    if loss_of_victim > 10_000 and first < 2000 and sync_first:
        assert loss_of_attacker * 4 >= loss_of_victim


@pytest.mark.parametrize("gift", [10**18, 10**24])
def test_smallest_first_deposit_and_gift__takes_a_thousandth_of_it(owner, attacker, lender, new_token, gift):
    """The attack at its best: one share of 1001 is the attacker's, the victim's deposit rounds down by just under a share."""
    tokens = in_order(new_token("AAA"), new_token("BBB"))
    pair = new_pair(new_factory(owner), *tokens)
    attack, victim = Ledger(), Ledger()
    attack.give(pair, tokens, 1001)
    pair.mint(attacker)
    assert pair.balanceOf(attacker) == 1
    attack.give(pair, tokens, gift)
    pair.sync()
    share = (gift + 1001) // 1001
    victim.give(pair, tokens, 2 * share - 10)
    pair.mint(lender)
    assert pair.balanceOf(lender) == 1
    loss_of_victim = victim.spent - withdraw(pair, tokens, lender)
    loss_of_attacker = attack.spent - withdraw(pair, tokens, attacker)
    assert loss_of_victim < 2 * share
    assert loss_of_attacker > 990 * loss_of_victim
