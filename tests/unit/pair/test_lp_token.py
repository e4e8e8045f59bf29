import boa
import pytest

from tests.unit.pair.conftest import E18, logs, reverts

MAX = 2**256 - 1


def test_metadata__of_the_lp_token__is_known(market):
    pair = market.pair
    assert (pair.name(), pair.symbol(), pair.decimals()) == ("Plimsoll Pair", "PLIM-P", 18)


@pytest.mark.parametrize("amount", [0, 1, 5 * E18, 2000 * E18 - 1000])
def test_transfer__within_balance__moves_it(market, lender, borrower, amount):
    before = market.pair.balanceOf(lender)
    assert market.pair.transfer(borrower, amount, sender=lender) is True
    assert logs(market.pair) == [("Transfer", lender, borrower, amount)]
    assert (market.pair.balanceOf(lender), market.pair.balanceOf(borrower)) == (before - amount, amount)
    assert market.pair.totalSupply() == 2000 * E18


def test_transfer__to_oneself__changes_nothing(market, lender):
    before = market.pair.balanceOf(lender)
    market.pair.transfer(lender, before, sender=lender)
    assert market.pair.balanceOf(lender) == before


@pytest.mark.parametrize("amount", [2000 * E18 - 999, MAX])
def test_transfer__above_balance__reverts(market, lender, borrower, amount):
    with reverts():
        market.pair.transfer(borrower, amount, sender=lender)


def test_approve__any_amount__replaces_the_allowance(market, lender, borrower):
    for amount in (5, 0, MAX, 7):
        assert market.pair.approve(borrower, amount, sender=lender) is True
        assert logs(market.pair) == [("Approval", lender, borrower, amount)]
        assert market.pair.allowance(lender, borrower) == amount


def test_transfer_from__within_allowance__uses_it_up(market, lender, borrower, trader):
    market.pair.approve(borrower, 10, sender=lender)
    assert market.pair.transferFrom(lender, trader, 4, sender=borrower) is True
    assert logs(market.pair) == [("Transfer", lender, trader, 4)]
    assert (market.pair.allowance(lender, borrower), market.pair.balanceOf(trader)) == (6, 4)
    with reverts():
        market.pair.transferFrom(lender, trader, 7, sender=borrower)
    market.pair.transferFrom(lender, trader, 6, sender=borrower)
    assert market.pair.allowance(lender, borrower) == 0


def test_transfer_from__largest_allowance__stands_for_ever(market, lender, borrower, trader):
    market.pair.approve(borrower, MAX, sender=lender)
    market.pair.transferFrom(lender, trader, 10, sender=borrower)
    assert market.pair.allowance(lender, borrower) == MAX
    market.pair.approve(borrower, MAX - 1, sender=lender)
    market.pair.transferFrom(lender, trader, 10, sender=borrower)
    assert market.pair.allowance(lender, borrower) == MAX - 11


def test_transfer_from__without_allowance__reverts(market, lender, attacker):
    with boa.reverts():
        market.pair.transferFrom(lender, attacker, 1, sender=attacker)
    market.pair.transferFrom(lender, attacker, 0, sender=attacker)


def test_transfer_from__above_balance__reverts(market, lender, borrower):
    market.pair.approve(borrower, MAX, sender=lender)
    with reverts():
        market.pair.transferFrom(lender, borrower, 2000 * E18 - 999, sender=borrower)
