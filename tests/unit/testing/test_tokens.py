"""The tokens that other tests rely on behave, and misbehave, as announced."""

import boa
import pytest
from boa.contracts.abi.abi_contract import ABIContractFactory

MAX = 2**256 - 1

PLAIN = ["usd", "btc", "eth", "no_return_token", "reentering_token"]


@pytest.fixture
def token(request):
    return request.getfixturevalue(request.param)


def balances(token, *accounts):
    return [token.balanceOf(a) for a in accounts]


def transfers(token):
    return [(e.sender, e.receiver, e.amount) for e in token.get_logs() if type(e).__name__ == "Transfer"]


@pytest.mark.parametrize("token, decimals", [("usd", 6), ("btc", 8), ("eth", 18)], indirect=["token"])
def test_decimals__each_token__as_given(token, decimals):
    assert token.decimals() == decimals


@pytest.mark.parametrize("token", [*PLAIN, "fee_token"], indirect=True)
def test_mint__by_anyone__credits_and_logs(token, attacker, lender):
    token.mint(lender, 100, sender=attacker)
    assert transfers(token) == [("0x" + "0" * 40, lender, 100)]
    assert token.totalSupply() == token.balanceOf(lender) == 100


@pytest.mark.parametrize("token", PLAIN, indirect=True)
def test_transfer__within_balance__moves_all_and_logs(token, lender, borrower):
    token.mint(lender, 100)
    token.transfer(borrower, 40, sender=lender)
    assert transfers(token) == [(lender, borrower, 40)]
    assert balances(token, lender, borrower) == [60, 40]
    assert token.totalSupply() == 100


@pytest.mark.parametrize("token", [*PLAIN, "fee_token"], indirect=True)
def test_transfer__beyond_balance__reverts(token, lender, borrower):
    token.mint(lender, 100)
    with boa.reverts():
        token.transfer(borrower, 101, sender=lender)


@pytest.mark.parametrize("token", PLAIN, indirect=True)
def test_transfer__to_self__changes_nothing(token, lender):
    token.mint(lender, 100)
    token.transfer(lender, 40, sender=lender)
    assert token.balanceOf(lender) == token.totalSupply() == 100


@pytest.mark.parametrize("token", [*PLAIN, "fee_token"], indirect=True)
def test_transfer_from__finite_allowance__is_used_up(token, lender, borrower):
    token.mint(lender, 1000)
    token.approve(borrower, 300, sender=lender)
    token.transferFrom(lender, borrower, 200, sender=borrower)
    assert token.allowance(lender, borrower) == 100
    assert token.balanceOf(lender) == 800
    with boa.reverts():
        token.transferFrom(lender, borrower, 101, sender=borrower)


@pytest.mark.parametrize("token", [*PLAIN, "fee_token"], indirect=True)
def test_transfer_from__largest_allowance__stays(token, lender, borrower):
    token.mint(lender, 1000)
    token.approve(borrower, MAX, sender=lender)
    token.transferFrom(lender, borrower, 200, sender=borrower)
    assert token.allowance(lender, borrower) == MAX


def test_return_values__tokens_with_manners__are_true(usd, fee_token, reentering_token, lender, borrower):
    for token in (usd, fee_token, reentering_token):
        token.mint(lender, 100)
        assert token.approve(borrower, 50, sender=lender) is True
        assert token.transfer(borrower, 10, sender=lender) is True
        assert token.transferFrom(lender, borrower, 10, sender=borrower) is True


def test_return_values__no_return_token__are_absent(no_return_token, lender, borrower):
    token = no_return_token
    token.mint(lender, 100)
    for call in (
        lambda: token.approve(borrower, 50, sender=lender),
        lambda: token.transfer(borrower, 10, sender=lender),
        lambda: token.transferFrom(lender, borrower, 10, sender=borrower),
    ):
        call()
        assert token._computation.output == b""
    assert balances(token, lender, borrower) == [80, 20]


def test_fee_token__transfer__delivers_less_and_burns_the_rest(fee_token, lender, borrower):
    fee_token.mint(lender, 1000)
    fee_token.transfer(borrower, 500, sender=lender)
    assert balances(fee_token, lender, borrower) == [500, 495]
    assert fee_token.totalSupply() == 995


def test_fee_token__fee_above_all__is_refused(root):
    with boa.reverts("fee token: fee"):
        boa.load(str(root / "contracts/testing/FeeToken.vy"), "Fee", "FEE", 18, 10_001)


def arm(token, target, payload, bubbles):
    token.arm(target.address, payload, bubbles)


def mint_payload(token, to, amount):
    return token.mint.prepare_calldata(to, amount)


def test_reentering_token__armed__calls_the_target_once(reentering_token, usd, lender, borrower):
    reentering_token.mint(lender, 100)
    arm(reentering_token, usd, mint_payload(usd, borrower, 7), False)
    reentering_token.transfer(borrower, 10, sender=lender)
    reentering_token.transfer(borrower, 10, sender=lender)
    assert usd.balanceOf(borrower) == 7
    assert reentering_token.called()
    assert reentering_token.succeeded()
    assert not reentering_token.armed()


def test_reentering_token__transfer_from__calls_after_the_balances_moved(reentering_token, lender, borrower):
    reentering_token.mint(lender, 100)
    reentering_token.approve(borrower, 100, sender=lender)
    arm(reentering_token, reentering_token, reentering_token.balanceOf.prepare_calldata(borrower), False)
    reentering_token.transferFrom(lender, borrower, 10, sender=borrower)
    assert int.from_bytes(reentering_token.answer(), "big") == 10


def test_reentering_token__target_fails__is_recorded_or_bubbles(reentering_token, usd, lender, borrower):
    reentering_token.mint(lender, 100)
    payload = usd.transfer.prepare_calldata(borrower, 1)  # the token itself owns none
    arm(reentering_token, usd, payload, False)
    reentering_token.transfer(borrower, 10, sender=lender)
    assert reentering_token.called()
    assert not reentering_token.succeeded()
    assert reentering_token.balanceOf(borrower) == 10

    arm(reentering_token, usd, payload, True)
    with boa.reverts():
        reentering_token.transfer(borrower, 10, sender=lender)
    assert reentering_token.balanceOf(borrower) == 10


def test_reentering_token__target_fails_with_a_reason__the_reason_bubbles(reentering_token, lender, borrower):
    refuser = boa.loads("@external\ndef refuse():\n    raise 'refused: not now'\n")
    reentering_token.mint(lender, 100)
    arm(reentering_token, refuser, refuser.refuse.prepare_calldata(), True)
    as_abi = ABIContractFactory("Token", reentering_token.abi).at(reentering_token.address)
    with boa.reverts("refused: not now"):
        as_abi.transfer(borrower, 10, sender=lender)
