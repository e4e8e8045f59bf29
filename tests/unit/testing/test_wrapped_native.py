"""The wrapped coin of development chains behaves as WETH9 does."""

import boa
import pytest
from eth_utils.crypto import keccak

from tests.conftest import load

MAX = 2**256 - 1


@pytest.fixture
def wrapped():
    return load("testing/WrappedNative.vy").deploy()


@pytest.fixture
def holder(wrapped, lender):
    boa.env.set_balance(lender, 1_000)
    wrapped.deposit(value=100, sender=lender)
    return lender


def topics(contract):
    """The logs' first topics: the signatures of WETH9's events."""
    return [log[2][0] for log in contract._computation.get_raw_log_entries()]


def topic(signature):
    return int.from_bytes(keccak(text=signature), "big")


def test_metadata__always__eighteen_decimals(wrapped):
    assert (wrapped.name(), wrapped.symbol(), wrapped.decimals()) == ("Wrapped Native", "WNATIVE", 18)


def test_deposit__coin__one_for_one_and_logged(wrapped, lender):
    boa.env.set_balance(lender, 1_000)
    wrapped.deposit(value=60, sender=lender)
    assert topics(wrapped) == [topic("Deposit(address,uint256)")]
    assert (wrapped.balanceOf(lender), wrapped.totalSupply(), boa.env.get_balance(lender)) == (60, 60, 940)


def test_default__coin_sent__a_deposit(wrapped, lender):
    boa.env.set_balance(lender, 1_000)
    boa.env.raw_call(wrapped.address, sender=lender, value=60)
    assert (wrapped.balanceOf(lender), boa.env.get_balance(wrapped.address)) == (60, 60)


def test_withdraw__within_balance__pays_out_and_logs(wrapped, holder):
    wrapped.withdraw(70, sender=holder)
    assert topics(wrapped) == [topic("Withdrawal(address,uint256)")]
    assert (wrapped.balanceOf(holder), wrapped.totalSupply(), boa.env.get_balance(holder)) == (30, 30, 970)


def test_withdraw__beyond_balance__reverts(wrapped, holder, attacker):
    boa.env.set_balance(attacker, 1_000)
    wrapped.deposit(value=100, sender=attacker)
    with boa.reverts():
        wrapped.withdraw(101, sender=holder)


def test_transfer__within_balance__moves_and_logs(wrapped, holder, borrower):
    assert wrapped.transfer(borrower, 40, sender=holder)
    assert topics(wrapped) == [topic("Transfer(address,address,uint256)")]
    assert (wrapped.balanceOf(holder), wrapped.balanceOf(borrower)) == (60, 40)
    with boa.reverts():
        wrapped.transfer(borrower, 61, sender=holder)


def test_transfer_from__allowance__consumed_unless_endless(wrapped, holder, borrower):
    with boa.reverts():
        wrapped.transferFrom(holder, borrower, 1, sender=borrower)
    wrapped.approve(borrower, 50, sender=holder)
    assert topics(wrapped) == [topic("Approval(address,address,uint256)")]
    wrapped.transferFrom(holder, borrower, 20, sender=borrower)
    assert wrapped.allowance(holder, borrower) == 30
    with boa.reverts():
        wrapped.transferFrom(holder, borrower, 31, sender=borrower)
    wrapped.approve(borrower, MAX, sender=holder)
    wrapped.transferFrom(holder, borrower, 20, sender=borrower)
    assert wrapped.allowance(holder, borrower) == MAX
    assert wrapped.balanceOf(borrower) == 40


def test_transfer_from__own__needs_no_allowance(wrapped, holder, borrower):
    wrapped.transferFrom(holder, borrower, 20, sender=holder)
    assert wrapped.balanceOf(borrower) == 20
