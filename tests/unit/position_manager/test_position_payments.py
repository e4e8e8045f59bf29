"""Native coin, left-overs, multicall"""

import boa
import pytest
from eth.exceptions import Revert
from eth_abi import decode

from tests.conftest import load
from tests.unit.position_manager.conftest import E18, MAX_128


@pytest.fixture
def rich(native, borrower):
    """Somebody with native coin and the other token, but nothing wrapped."""
    boa.env.set_balance(borrower, 100 * E18)
    other = native.token1 if native.token0.address == native.wrapper.address else native.token0
    other.mint(borrower, 100 * E18)
    other.approve(native.manager, 100 * E18, sender=borrower)
    return native


def test_mint__with_native_coin__wraps_what_is_needed(rich, borrower):
    manager = rich.manager
    before = boa.env.get_balance(borrower)
    calls = [manager.mint.prepare_calldata(rich.params(recipient=borrower)), manager.refundETH.prepare_calldata()]
    answers = manager.multicall(calls, value=5 * E18, sender=borrower)
    token_id, _, amount0, amount1 = decode(["uint256", "uint128", "uint256", "uint256"], answers[0])
    spent = amount0 if rich.token0.address == rich.wrapper.address else amount1
    assert boa.env.get_balance(borrower) == before - spent
    assert boa.env.get_balance(manager.address) == 0
    assert manager.ownerOf(token_id) == borrower


def test_mint__too_little_native_coin__falls_back_on_the_wrapped(rich, borrower, lender):
    manager = rich.manager
    boa.env.set_balance(lender, 10)
    before = rich.wrapper.balanceOf(lender)
    manager.mint(rich.params(), value=10, sender=lender)
    assert rich.wrapper.balanceOf(lender) <= before - E18 + 1
    # and what was sent is anybody's until it is refunded
    manager.refundETH(sender=lender)
    assert boa.env.get_balance(lender) == 10
    with boa.reverts("STF"):
        manager.mint(rich.params(recipient=borrower), value=10, sender=borrower)


def test_mint__native_coin_for_other_tokens__is_left(market, lender):
    boa.env.set_balance(lender, 10)
    market.mint()
    market.manager.mint(market.params(), value=10, sender=lender)
    assert boa.env.get_balance(market.manager.address) == 10


def test_collect__to_native_coin__in_one_multicall(rich, lender, trader):
    token_id = rich.mint()
    rich.trade()
    manager = rich.manager
    fees = manager.unclaimed_fees(token_id)
    wrapped = 0 if rich.token0.address == rich.wrapper.address else 1
    other = rich.tokens[1 - wrapped]
    zero = "0x" + "00" * 20
    calls = [
        manager.collect.prepare_calldata((token_id, zero, MAX_128, MAX_128)),
        manager.unwrapWETH9.prepare_calldata(fees[wrapped], trader),
        manager.sweepToken.prepare_calldata(other.address, fees[1 - wrapped], trader),
    ]
    before = boa.env.get_balance(trader)
    manager.multicall(calls, sender=lender)
    assert boa.env.get_balance(trader) - before == fees[wrapped]
    assert other.balanceOf(trader) == fees[1 - wrapped]
    assert rich.balances(manager) == (0, 0)


def test_unwrap_and_sweep__less_than_the_minimum__revert(rich, lender, trader):
    manager = rich.manager
    rich.wrapper.transfer(manager, 7, sender=lender)
    for minimum, reason in ((8, "Insufficient WETH9"), (2**255, "Insufficient WETH9")):
        with boa.reverts(reason):
            manager.unwrapWETH9(minimum, trader)
        with boa.reverts("Insufficient token"):
            manager.sweepToken(rich.wrapper, minimum, trader)
    manager.sweepToken(rich.wrapper, 7, trader)
    assert rich.wrapper.balanceOf(trader) == 7
    # With nothing there and nothing asked they do nothing
    manager.unwrapWETH9(0, trader)
    manager.sweepToken(rich.wrapper, 0, trader)
    manager.refundETH(sender=lender)


def test_native_coin__to_a_receiver_that_refuses__reverts(rich, lender):
    """A token has no way of taking it."""
    rich.wrapper.transfer(rich.manager, 7, sender=lender)
    with boa.reverts("STE"):
        rich.manager.unwrapWETH9(0, rich.token0 if rich.token0.address != rich.wrapper.address else rich.token1)


def test_native_coin__sent_by_mistake__is_refused(market, lender):
    boa.env.set_balance(lender, 10)
    for data in (b"", b"\x12\x34\x56\x78"):
        with pytest.raises(Revert, match="Not WETH9"):
            boa.env.raw_call(market.manager.address, sender=lender, value=10, data=data)
    assert boa.env.get_balance(market.manager.address) == 0
    assert boa.env.get_balance(lender) == 10


def test_functions__that_take_no_coin__refuse_it(market, lender, borrower):
    """As Uniswap's, so that a slip does not cost anything."""
    token_id = market.mint()
    boa.env.set_balance(lender, 10)
    manager = market.manager
    for function, args in (
        (manager.approve, (borrower, token_id)),
        (manager.setApprovalForAll, (borrower, True)),
        (manager.transferFrom, (lender, borrower, token_id)),
        (manager.safeTransferFrom, (lender, borrower, token_id)),
        (manager.safeTransferFrom, (lender, borrower, token_id, b"")),
    ):
        with pytest.raises(Revert):
            boa.env.raw_call(manager.address, sender=lender, value=1, data=function.prepare_calldata(*args))


# ---------------------------------------------------------------- multicall


def test_multicall__answers__one_by_one(market, lender):
    token_id = market.mint()
    market.trade()
    manager = market.manager
    calls = [
        manager.collect.prepare_calldata((token_id, lender, 5, 6)),
        manager.tokenURI.prepare_calldata(token_id),
        manager.positions.prepare_calldata(token_id),
        manager.refundETH.prepare_calldata(),
    ]
    collected, uri, position, nothing = manager.multicall(calls, sender=lender)
    assert decode(["uint256", "uint256"], collected) == (5, 6)
    assert decode(["string"], uri)[0] == manager.tokenURI(token_id)
    assert len(position) == 12 * 32
    assert nothing == b""
    assert manager.multicall([], sender=lender) == []


def test_multicall__one_fails__everything_does_for_its_reason(market, lender, attacker):
    token_id = market.mint()
    manager = market.manager
    good = manager.approve.prepare_calldata(attacker, token_id)
    for bad, reason in (
        (manager.burn.prepare_calldata(token_id), "Not cleared"),
        (manager.mint.prepare_calldata(market.params(min0=E18 + 1)), "Price slippage check"),
        (manager.mint.prepare_calldata(market.params(600, -600)), "TLU"),
        (manager.ownerOf.prepare_calldata(99), "ERC721: owner query for nonexistent token"),
    ):
        with boa.reverts(reason):
            manager.multicall([good, bad], sender=lender)
    with boa.reverts():
        manager.multicall([good, b"\x12\x34\x56\x78"], sender=lender)
    assert manager.getApproved(token_id) == "0x" + "00" * 20
    # Somebody else's position stays so
    with boa.reverts("Not approved"):
        manager.multicall([manager.collect.prepare_calldata((token_id, attacker, 1, 1))], sender=attacker)


def test_multicall__the_coin_counts_once(rich, borrower):
    """Two deposits see the same msg.value, but there is only one."""
    manager = rich.manager
    call = manager.mint.prepare_calldata(rich.params(recipient=borrower))
    with boa.reverts("STF"):
        manager.multicall([call, call], value=E18 + 10, sender=borrower)
    manager.multicall([call, call], value=2 * E18, sender=borrower)


def test_multicall__every_function_of_the_abi__fits(market, lender):
    """The longest: a mint, and a safe transfer with as much data as leaves room."""
    manager = market.manager
    token_id = market.mint()
    vault = load("testing/PositionVault.vy").deploy()
    longest = manager.safeTransferFrom.prepare_calldata(lender, vault, token_id, b"x" * 832)
    assert len(longest) <= 1_024
    manager.multicall([longest] + [manager.refundETH.prepare_calldata()] * 15, sender=lender)
    assert manager.ownerOf(token_id) == vault.address
    with boa.reverts():
        market.manager.multicall([manager.refundETH.prepare_calldata()] * 17, sender=lender)
