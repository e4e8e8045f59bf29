"""The ERC-721 side"""

import json
from urllib.request import urlopen

import boa
import pytest
from eth_utils import keccak

from tests.conftest import load
from tests.pair_world import ZERO
from tests.unit.position_manager.conftest import E18, FOREVER, MAX_128, logs


@pytest.fixture
def token_id(market):
    return market.mint()


@pytest.fixture
def vault():
    return load("testing/PositionVault.vy").deploy()


def test_metadata__name_symbol_and_interfaces(market):
    manager = market.manager
    assert (manager.name(), manager.symbol(), manager.baseURI()) == ("Plimsoll Positions", "PLIM-POS", "")
    for interface, supported in (("01ffc9a7", True), ("80ac58cd", True), ("5b5e139f", True), ("780e9d63", False), ("ffffffff", False)):
        assert manager.supportsInterface(bytes.fromhex(interface)) == supported


@pytest.mark.parametrize(
    "lower, upper, text", [(-600, 600, "ticks -600 to 600"), (-887_220, -60, "ticks -887220 to -60"), (0, 60, "ticks 0 to 60")]
)
def test_token_uri__any_position__is_json_that_says_what_it_is(market, lower, upper, text):
    token_id = market.mint(lower, upper)
    uri = market.manager.tokenURI(token_id)
    assert uri.isascii()
    assert not set(uri) & set(' "{}<>')
    with urlopen(uri) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        said = json.load(answer)
    assert said == {
        "name": f"Plimsoll position {token_id}",
        "description": f"Pool {market.pool.address.lower()}, {text}, liquidity {market.position(token_id).liquidity}",
    }


# ---------------------------------------------------------------- transfers


@pytest.mark.parametrize("safe", [None, 0, 1])
def test_transfer__by_the_owner__moves_and_clears_the_approval(market, lender, borrower, attacker, token_id, safe):
    manager = market.manager
    other = market.mint()
    manager.approve(attacker, token_id, sender=lender)
    before = market.position(token_id)
    if safe is None:
        manager.transferFrom(lender, borrower, token_id, sender=lender)
    else:
        manager.safeTransferFrom(lender, borrower, token_id, *[b"hello"] * safe, sender=lender)
    assert logs(manager) == [("Approval", lender, ZERO, token_id), ("Transfer", lender, borrower, token_id)]
    assert (manager.ownerOf(token_id), manager.ownerOf(other)) == (borrower, lender)
    assert (manager.balanceOf(lender), manager.balanceOf(borrower)) == (1, 1)
    assert manager.getApproved(token_id) == ZERO
    # All else is as it was, and the new owner disposes of it
    assert market.position(token_id).liquidity == before.liquidity
    assert (market.position(token_id).lower, market.position(token_id).upper) == (before.lower, before.upper)
    for someone in (lender, attacker):
        with boa.reverts("Not approved"):
            manager.decreaseLiquidity((token_id, 1, 0, 0, FOREVER), sender=someone)
    manager.decreaseLiquidity((token_id, before.liquidity, 0, 0, FOREVER), sender=borrower)


def test_transfer__by_somebody_approved__moves(market, lender, borrower, attacker, token_id):
    manager = market.manager
    manager.approve(attacker, token_id, sender=lender)
    manager.transferFrom(lender, borrower, token_id, sender=attacker)
    manager.setApprovalForAll(attacker, True, sender=borrower)
    manager.transferFrom(borrower, lender, token_id, sender=attacker)
    with boa.reverts("ERC721: transfer caller is not owner nor approved"):
        manager.transferFrom(lender, borrower, token_id, sender=attacker)


def test_transfer__to_oneself__changes_nothing(market, lender, token_id):
    market.manager.transferFrom(lender, lender, token_id, sender=lender)
    assert (market.manager.ownerOf(token_id), market.manager.balanceOf(lender)) == (lender, 1)


def test_transfer__impossible__reverts(market, lender, borrower, attacker, token_id):
    manager = market.manager
    for function in (manager.transferFrom, manager.safeTransferFrom):
        with boa.reverts("ERC721: transfer caller is not owner nor approved"):
            function(lender, attacker, token_id, sender=attacker)
        with boa.reverts("ERC721: transfer of token that is not own"):
            function(borrower, lender, token_id, sender=lender)
        with boa.reverts("ERC721: transfer to the zero address"):
            function(lender, ZERO, token_id, sender=lender)
        with boa.reverts("ERC721: operator query for nonexistent token"):
            function(lender, borrower, token_id + 1, sender=lender)


def test_safe_transfer__to_a_contract__asks_it(market, lender, token_id, vault):
    manager = market.manager
    manager.safeTransferFrom(lender, vault, token_id, b"hello", sender=lender)
    assert next(e for e in manager.get_logs() if type(e).__name__ == "Received")[1:] == (lender, lender, token_id, b"hello")
    other = market.mint()
    manager.safeTransferFrom(lender, vault, other, sender=lender)
    vault.set_answer(b"\x15\x0b\x7a\x03")
    refused = market.mint()
    with boa.reverts("ERC721: transfer to non ERC721Receiver implementer"):
        manager.safeTransferFrom(lender, vault, refused, sender=lender)
    # One that knows nothing of it
    with boa.reverts("ERC721: transfer to non ERC721Receiver implementer"):
        manager.safeTransferFrom(lender, market.token0, refused, sender=lender)
    manager.transferFrom(lender, market.token0, refused, sender=lender)


def test_safe_transfer__the_receiver_acts_at_once(market, lender, token_id, vault):
    """A vault that takes the liquidity out in the moment the position arrives, and sends the position back."""
    manager = market.manager
    liquidity = market.position(token_id).liquidity
    calls = [
        manager.decreaseLiquidity.prepare_calldata((token_id, liquidity, 0, 0, FOREVER)),
        manager.collect.prepare_calldata((token_id, vault.address, MAX_128, MAX_128)),
        manager.transferFrom.prepare_calldata(vault.address, lender, token_id),
    ]
    vault.set_calls(calls)
    manager.safeTransferFrom(lender, vault, token_id, sender=lender)
    assert manager.ownerOf(token_id) == lender
    assert min(market.balances(vault)) >= E18 - 1


# ---------------------------------------------------------------- approvals


def test_approve__by_the_owner_or_his_operator__is_seen_everywhere(market, lender, borrower, attacker, token_id):
    manager = market.manager
    manager.approve(borrower, token_id, sender=lender)
    assert logs(manager) == [("Approval", lender, borrower, token_id)]
    assert manager.getApproved(token_id) == borrower == market.position(token_id).operator
    # Whoever is approved for one cannot approve others
    with boa.reverts("ERC721: approve caller is not owner nor approved for all"):
        manager.approve(attacker, token_id, sender=borrower)
    manager.setApprovalForAll(borrower, True, sender=lender)
    assert logs(manager) == [("ApprovalForAll", lender, borrower, True)]
    assert manager.isApprovedForAll(lender, borrower)
    manager.approve(attacker, token_id, sender=borrower)
    assert manager.getApproved(token_id) == attacker
    manager.setApprovalForAll(borrower, False, sender=lender)
    with boa.reverts("ERC721: approve caller is not owner nor approved for all"):
        manager.approve(ZERO, token_id, sender=borrower)


def test_approve__impossible__reverts(market, lender, borrower, token_id):
    manager = market.manager
    with boa.reverts("ERC721: approval to current owner"):
        manager.approve(lender, token_id, sender=lender)
    with boa.reverts("ERC721: owner query for nonexistent token"):
        manager.approve(borrower, token_id + 1, sender=lender)
    with boa.reverts("ERC721: approve to caller"):
        manager.setApprovalForAll(lender, True, sender=lender)
    with boa.reverts("ERC721: approved query for nonexistent token"):
        manager.getApproved(token_id + 1)
    with boa.reverts("ERC721: owner query for nonexistent token"):
        manager.ownerOf(token_id + 1)
    with boa.reverts("ERC721: balance query for the zero address"):
        manager.balanceOf(ZERO)


def test_selectors__of_safe_transfers__are_both_there(market):
    """One without data and one with it: clients call either."""
    code = load("amm/PositionManager.vy").compiler_data.bytecode_runtime
    for signature in ("safeTransferFrom(address,address,uint256)", "safeTransferFrom(address,address,uint256,bytes)"):
        assert keccak(text=signature)[:4] in code
