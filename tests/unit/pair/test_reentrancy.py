"""What can be called while the pair is in the middle of something: no change of it, every view, and the LP token. (AMM-07)"""

from dataclasses import replace

import boa
import pytest

from tests.pair_world import START, seen, set_time
from tests.unit.pair.conftest import E18, call_data, instructions

LOCKED = ["mint", "burn", "swap", "skim", "sync"]
VIEWS = ["getReserves", "totalSupply", "kLast", "factory", "token0", "token1", "DOMAIN_SEPARATOR", "name", "decimals", "fee_bps"]


def change(pair, name, to):
    return call_data(pair, name, *{"swap": (1, 0, to, b""), "sync": ()}.get(name, (to,)))


@pytest.fixture
def seasoned(market):
    """With an hour of history."""
    for i in range(20):
        set_time(START + 180 * (i + 1))
        market.sell(E18)
    set_time(START + 3700)
    return market


@pytest.mark.parametrize("name", LOCKED)
def test_callback__calls_a_change__is_refused(seasoned, callee, name):
    """Each of these would succeed if the pair were open: there is a surplus of tokens and of LP tokens."""
    pair = seasoned.pair
    pair.transfer(pair, E18, sender=seasoned.lender)
    pay = [(t, call_data(t, "mint", pair.address, 10 * E18), True) for t in (seasoned.token0, seasoned.token1)]
    again = change(pair, name, callee.address)
    pair.swap(0, E18, callee, instructions(*pay, (pair, again, False)))
    assert callee.result(2) == (False, b"")
    # It bubbles, where the receiver insists
    with boa.reverts():
        pair.swap(0, E18, callee, instructions(*pay, (pair, again, True)))
    # and afterwards the pair is open again
    seasoned.give(10 * E18, 10 * E18)
    callee.make((pair.address, again, True))


def test_callback__reads_any_view__sees_the_state_before(seasoned, callee):
    pair = seasoned.pair
    reads = [(pair, call_data(pair, name), True) for name in VIEWS[:4]]
    expected = [_answer(pair, data) for _, data, _ in reads]
    pay = (seasoned.token0, call_data(seasoned.token0, "mint", pair.address, 10 * E18), True)
    pair.swap(0, E18, callee, instructions(pay, *reads))
    assert [callee.result(i + 1) for i in range(4)] == [(True, answer) for answer in expected]


@pytest.mark.parametrize("name", VIEWS)
def test_callback__each_view__is_readable(seasoned, callee, name):
    pair = seasoned.pair
    data = call_data(pair, name)
    expected = _answer(pair, data)
    pay = (seasoned.token0, call_data(seasoned.token0, "mint", pair.address, 10 * E18), True)
    pair.swap(0, E18, callee, instructions((pair, data, True), pay))
    assert callee.result(0) == (True, expected)


def test_callback__reads_the_window__sees_the_past_alone(seasoned, callee):
    """An oracle that is asked within a flash swap answers what it answered before it."""
    pair = seasoned.pair
    window = seen(pair.window(10))
    data = call_data(pair, "window", 10)
    expected = _answer(pair, data)
    gift = (seasoned.token0, call_data(seasoned.token0, "mint", pair.address, 10**6 * E18), True)
    pair.swap(0, 3000 * E18, callee, instructions(gift, (pair, data, True)))
    assert callee.result(1) == (True, expected)
    after = seen(pair.window(10))
    # The market's own price has moved, and only now
    assert after.present != window.present
    assert replace(after, present=window.present) == window


def test_callback__moves_lp_tokens__is_allowed(seasoned, callee, borrower):
    pair = seasoned.pair
    pair.transfer(callee, E18, sender=seasoned.lender)
    pay = (seasoned.token0, call_data(seasoned.token0, "mint", pair.address, 10 * E18), True)
    moves = [
        (pair, call_data(pair, "transfer", borrower, 3), True),
        (pair, call_data(pair, "approve", borrower, 4), True),
        (pair, call_data(pair, "transferFrom", callee.address, borrower, 0), True),
    ]
    pair.swap(0, E18, callee, instructions(pay, *moves))
    assert (pair.balanceOf(borrower), pair.allowance(callee, borrower)) == (3, 4)


def _answer(contract, data):
    computation = boa.env.execute_code(contract.address, data=data)
    assert not computation.is_error
    return computation.output


# ---------------------------------------------------------------- tokens that call back


@pytest.fixture
def hooked(new_market, reentering_token, new_token):
    """One of its tokens calls whom it is told in the middle of a transfer."""
    market = new_market(tokens=(reentering_token, new_token("AAA")))
    market.provide(1000 * E18, 4000 * E18)
    return market, reentering_token


def leave(market, by, borrower):
    """An action that sends both tokens."""
    match by:
        case "burn":
            market.pair.transfer(market.pair, 10 * E18, sender=market.lender)
            market.pair.burn(borrower)
        case "skim":
            market.give(E18, E18)
            market.pair.skim(borrower)
        case "swap":
            market.give(10 * E18, 10 * E18)
            market.pair.swap(E18, E18, borrower, b"")


@pytest.mark.parametrize("by", ["burn", "skim", "swap"])
@pytest.mark.parametrize("name", LOCKED)
def test_token__calls_a_change_in_its_transfer__is_refused(hooked, borrower, by, name):
    market, token = hooked
    token.arm(market.pair, change(market.pair, name, borrower), False)
    leave(market, by, borrower)
    assert token.called()
    assert not token.succeeded()
    market.pair.sync()


def test_token__reads_in_the_transfer_of_a_burn__sees_the_supply_fallen_and_the_reserves_not(hooked, borrower):
    """The known trap of Uniswap V2's order, which the interface warns of: LP tokens must not be priced there."""
    market, token = hooked
    for name, expected in (("totalSupply", 1990 * E18), ("getReserves", None)):
        with boa.env.anchor():
            before = _answer(market.pair, call_data(market.pair, name))
            token.arm(market.pair, call_data(market.pair, name), True)
            leave(market, "burn", borrower)
            assert token.answer() == (before if expected is None else expected.to_bytes(32, "big"))


def test_token__reads_the_window_in_the_transfer_of_a_burn__sees_the_past_alone(hooked, borrower):
    market, token = hooked
    set_time(START + 4000)
    data = call_data(market.pair, "window", 0)
    before = _answer(market.pair, data)
    token.arm(market.pair, data, True)
    leave(market, "burn", borrower)
    assert token.answer() == before[:256]
    after = _answer(market.pair, data)
    # All but the liquidity that has left just now
    assert (after[:192], after[224:]) == (before[:192], before[224:])
    assert after[192:224] != before[192:224]
