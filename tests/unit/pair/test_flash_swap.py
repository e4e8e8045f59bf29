import boa
import pytest

from tests.unit.pair.conftest import E18, call_data, instructions, logs, reverts


def repay(token, pair, amount):
    return (token, call_data(token, "mint", pair.address, amount), True)


def test_swap__with_data__calls_the_receiver_after_sending_and_before_checking(market, callee, trader):
    data = instructions(repay(market.token1, market.pair, 41 * E18), (market.token0, call_data(market.token0, "balanceOf", callee), True))
    market.pair.swap(10 * E18, 0, callee, data, sender=trader)
    assert (callee.caller(), callee.sender(), callee.amount0(), callee.amount1()) == (market.pair.address, trader, 10 * E18, 0)
    assert (callee.data_length(), callee.times()) == (len(data), 1)
    assert int.from_bytes(callee.result(1)[1], "big") == 10 * E18
    assert logs(market.pair, "Swap") == [("Swap", trader, 0, 41 * E18, 10 * E18, 0, callee.address)]
    assert market.reserves == (990 * E18, 4041 * E18)


def test_swap__repaid_in_kind__costs_the_fee(market, callee):
    """10,000 of 9,975 and a little more."""
    owed = -(-10 * E18 * 10_000 // 9_975)
    with reverts("K"):
        market.pair.swap(10 * E18, 0, callee, instructions(repay(market.token0, market.pair, owed - 1)))
    market.pair.swap(10 * E18, 0, callee, instructions(repay(market.token0, market.pair, owed)))
    assert market.reserves == (1000 * E18 - 10 * E18 + owed, 4000 * E18)


def test_swap__not_repaid__reverts(market, callee):
    with reverts("INSUFFICIENT_INPUT_AMOUNT"):
        market.pair.swap(10 * E18, 0, callee, b"\x00")


def test_swap__failing_callback__reverts_with_its_reason(market, callee):
    failing = (market.token0, call_data(market.token0, "transfer", market.pair, 11 * E18), True)
    with boa.reverts():
        market.pair.swap(10 * E18, 0, callee, instructions(failing))


def test_swap__receiver_without_code__reverts(market, borrower):
    market.give(10 * E18, 0)
    with boa.reverts():
        market.pair.swap(0, 1, borrower, b"\x00")
    market.pair.swap(0, 1, borrower, b"")


def swap_with_data_of(pair, callee, length):
    head = call_data(pair, "swap", 0, 1, callee.address, b"")[:-32]
    computation = boa.env.execute_code(pair.address, data=head + length.to_bytes(32, "big") + bytes(length))
    return not computation.is_error


@pytest.mark.parametrize("length, passes", [(1, True), (4096, True), (4097, False), (100_000, False)])
def test_swap__data_of_any_length__is_bounded(market, callee, length, passes):
    market.give(10 * E18, 0)
    assert swap_with_data_of(market.pair, callee, length) == passes
    if passes:
        assert callee.data_length() == length
