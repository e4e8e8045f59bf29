"""Tokens that lie, keep fees, return nothing or call back; callbacks of strangers"""

import boa
import pytest

from tests.conftest import load
from tests.pair_world import START, set_time
from tests.unit.position_manager.conftest import E18, FOREVER, MAX, MAX_128, new_market


@pytest.fixture
def market_of(lender, new_token, wrapper):
    def build(token):
        set_time(START)
        market = new_market(lender, token, new_token("BBB"), wrapper)
        for each in market.tokens:
            if each.address != token.address or hasattr(token, "mint"):
                each.mint(lender, 100 * E18)
                each.approve(market.manager, MAX, sender=lender)
        return market

    return build


def test_mint__token_without_return_values__works(market_of, no_return_token, lender):
    market = market_of(no_return_token)
    token_id = market.mint()
    liquidity = market.position(token_id).liquidity
    market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, FOREVER), sender=lender)
    assert min(market.manager.collect((token_id, market.manager, MAX_128, MAX_128), sender=lender)) >= E18 - 1
    market.manager.sweepToken(no_return_token, 1, lender)


def test_mint__token_that_keeps_a_fee__reverts(market_of, fee_token, lender):
    market = market_of(fee_token)
    before = market.balances(lender)
    with boa.reverts("M0" if market.token0.address == fee_token.address else "M1"):
        market.manager.mint(market.params(), sender=lender)
    assert market.balances(lender) == before


@pytest.mark.parametrize("answer, reason", [(0, "STF"), (1, "paid")])
def test_mint__token_that_moves_nothing__reverts(market_of, lender, answer, reason):
    token = load("testing/LyingPullToken.vy").deploy()
    market = market_of(token)
    token.set(lender, 100 * E18, answer)
    if reason == "paid":
        reason = "M0" if market.token0.address == token.address else "M1"
    with boa.reverts(reason):
        market.manager.mint(market.params(), sender=lender)


def test_sweep__token_that_answers_false__reverts(market, lender):
    token = load("testing/LyingPullToken.vy").deploy()
    token.set(market.manager, 5, 0)
    with boa.reverts("ST"):
        market.manager.sweepToken(token, 0, lender)
    token.set(market.manager, 5, 1)
    market.manager.sweepToken(token, 0, lender)


# ---------------------------------------------------------------- callbacks


def test_callback__of_a_stranger__reverts(market, attacker, lender):
    """Who has approved the manager must not pay for anybody else's call."""
    fake = load("testing/RangePoolCallee.vy").deploy()
    for amounts in ((1, 0), (0, 1), (0, 0)):
        for sender in (attacker, lender, fake.address, market.pool.address):
            with boa.reverts():
                market.manager.uniswapV3MintCallback(*amounts, b"", sender=sender)
    # nor in a multicall of one's own
    call = market.manager.uniswapV3MintCallback.prepare_calldata(1, 1, b"")
    with boa.reverts():
        market.manager.multicall([call], sender=attacker)


@pytest.fixture
def reentering(market_of, reentering_token, lender):
    """The token itself owns a position with fees, and is approved to take the lender's."""
    market = market_of(reentering_token)
    market.fund(market.callee)
    token_id = market.mint(recipient=reentering_token.address)
    market.mint()
    market.manager.setApprovalForAll(reentering_token, True, sender=lender)
    market.trade(E18 // 10)
    return market, reentering_token, token_id


def test_token_that_calls_back__any_change__is_refused(reentering, lender):
    """Each of these would succeed at any other time. (POS-08)"""
    market, token, token_id = reentering
    manager = market.manager
    changes = [
        manager.decreaseLiquidity.prepare_calldata((token_id, 1, 0, 0, FOREVER)),
        manager.collect.prepare_calldata((token_id, lender, MAX_128, MAX_128)),
        manager.compound.prepare_calldata(token_id, 0, 0, FOREVER),
        manager.move_range.prepare_calldata(token_id, -1_200, 1_200, 0, 0, FOREVER),
        manager.transferFrom.prepare_calldata(token.address, lender, token_id),
        manager.safeTransferFrom.prepare_calldata(token.address, lender, token_id),
        manager.approve.prepare_calldata(lender, token_id),
        manager.setApprovalForAll.prepare_calldata(lender, True),
        manager.sweepToken.prepare_calldata(token.address, 0, lender),
        manager.refundETH.prepare_calldata(),
    ]
    own = market.mint()
    # While liquidity is added, while fees are collected, while they are put back
    for change in changes:
        for data in (change, manager.multicall.prepare_calldata([change])):
            for call in (
                lambda: manager.mint(market.params(), sender=lender),
                lambda: manager.increaseLiquidity((own, E18, E18, 0, 0, FOREVER), sender=lender),
                lambda: manager.collect((2, lender, MAX_128, MAX_128), sender=lender),
                lambda: manager.compound(2, 0, 0, FOREVER, sender=lender),
                lambda: manager.move_range(2, -1_200, 1_200, 0, 0, FOREVER, sender=lender),
            ):
                with boa.env.anchor():
                    token.arm(manager, data, False)
                    call()
                    assert token.called()
                    assert not token.succeeded()
    # The proof that they were not refused for another reason
    for change in changes:
        with boa.env.anchor():
            assert boa.env.raw_call(manager.address, sender=token.address, data=change).is_success


def test_token_that_calls_back__insists__fails_the_whole_call(reentering, lender):
    market, token, token_id = reentering
    token.arm(market.manager, market.manager.collect.prepare_calldata((token_id, lender, MAX_128, MAX_128)), True)
    before = market.balances(lender)
    with boa.reverts("STF"):
        market.manager.mint(market.params(), sender=lender)
    assert market.balances(lender) == before


def test_token_that_calls_back__views__answer(reentering, lender):
    market, token, token_id = reentering
    manager = market.manager
    for view in (manager.positions, manager.unclaimed_fees, manager.amounts_of, manager.ownerOf, manager.tokenURI):
        token.arm(manager, view.prepare_calldata(token_id), False)
        manager.collect((2, lender, 1, 1), sender=lender)
        assert token.succeeded()
    # What has been taken is not promised again while it is under way
    token.arm(manager, manager.unclaimed_fees.prepare_calldata(2), False)
    fees = manager.unclaimed_fees(2)
    manager.collect((2, lender, MAX_128, MAX_128), sender=lender)
    seen = [int.from_bytes(token.answer()[i : i + 32], "big") for i in (0, 32)]
    assert seen == [0, 0]
    assert min(fees) > 0
