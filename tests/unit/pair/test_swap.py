import boa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plimsoll.reference.pair import Pair, PairError
from tests.pair_world import START, ZERO, set_time
from tests.unit.pair.conftest import E18, logs, reverts


@pytest.mark.parametrize("zero_for_one", [True, False])
@pytest.mark.parametrize("amount", [1, 7, 12_345, E18, 10**21, 10**24])
def test_swap__for_the_most_that_is_allowed__succeeds_and_one_more_fails(market, borrower, amount, zero_for_one):
    out = market.model.amount_out(amount, zero_for_one)
    ins, outs = ((amount, 0), (0, out)) if zero_for_one else ((0, amount), (out, 0))
    market.give(*ins)
    with reverts("K" if out else None):
        market.pair.swap(*((0, out + 1) if zero_for_one else (out + 1, 0)), borrower, b"")
    if out == 0:
        return
    set_time(START + 12)
    market.pair.swap(*outs, borrower, b"", sender=borrower)
    market.model.swap(*ins, *outs)
    paid = market.token1 if zero_for_one else market.token0
    assert logs(market.pair) == [
        ("Transfer", market.pair.address, borrower, out),
        ("Sync", market.model.reserve0, market.model.reserve1),
        ("Swap", borrower, *ins, *outs, borrower),
    ]
    assert paid.balanceOf(borrower) == out
    assert market.balances == market.reserves
    assert market.pair.getReserves()[2] == START + 12
    market.agrees()


@pytest.mark.parametrize("fee_bps", [0, 1, 25, 30, 100, 9_999])
def test_swap__other_fees__are_kept_to_the_wei(new_market, fee_bps):
    market = new_market(fee_bps)
    market.provide(10**9 + 7, 10**12 + 39)
    for amount in (1, 10, 99_999, 10**8):
        out = market.model.amount_out(amount)
        market.give(amount, 0)
        with reverts():
            market.pair.swap(0, out + 1, market.lender, b"")
        if out:
            market.pair.swap(0, out, market.lender, b"")
            market.model.swap(amount, 0, 0, out)
            market.agrees()
        else:
            market.pair.skim(market.lender)
        assert market.model.k >= (10**9 + 7) * (10**12 + 39)


def test_swap__k_exactly_kept__succeeds(new_market):
    """1000 * 5000 = 2000 * 2500; with a fee of 25 bps the smallest such case: 9,975 of 10,000 count."""
    market = new_market(0)
    market.provide(1000 * E18, 5000 * E18)
    market.swap(1000 * E18, 0, 0, 2500 * E18)
    market.agrees()
    market = new_market(25)
    market.provide(9_975, 2 * 9_975)
    market.swap(10_000, 0, 0, 9_975)
    assert (market.reserves[0] * 10_000 - 10_000 * 25) * market.reserves[1] == 2 * 9_975**2 * 10_000
    market.agrees()


@given(
    reserves=st.tuples(*[st.integers(1001, 2**100)] * 2),
    ins=st.tuples(*[st.one_of(st.just(0), st.integers(1, 2**100))] * 2),
    outs=st.tuples(*[st.one_of(st.just(0), st.integers(1, 2**100))] * 2),
    fit=st.booleans(),
)
def test_swap__any_amounts__succeeds_exactly_when_the_model_does(new_market, reserves, ins, outs, fit):
    market = new_market()
    market.provide(*reserves)
    if fit:
        assume(ins[0])
        ins, outs = (ins[0], 0), (0, market.model.amount_out(ins[0]))
    market.give(*ins)
    try:
        market.model.swap(*ins, *outs)
    except PairError as error:
        with boa.reverts(str(error)):
            market.pair.swap(*outs, market.lender, b"")
    else:
        market.pair.swap(*outs, market.lender, b"")
    market.agrees()


def test_swap__both_outputs_for_both_inputs__succeeds(market, borrower):
    market.give(20 * E18, 10 * E18)
    market.pair.swap(9 * E18, 5 * E18, borrower, b"")
    assert (market.token0.balanceOf(borrower), market.token1.balanceOf(borrower)) == (9 * E18, 5 * E18)
    assert logs(market.pair, "Swap") == [("Swap", boa.env.eoa, 20 * E18, 10 * E18, 9 * E18, 5 * E18, borrower)]
    assert market.reserves == (1011 * E18, 4005 * E18)


def test_swap__gift_without_output__is_a_swap_for_nothing(market, borrower):
    with reverts("INSUFFICIENT_OUTPUT_AMOUNT"):
        market.pair.swap(0, 0, borrower, b"")


def test_swap__without_input__reverts(market, borrower):
    for outs in ((1, 0), (0, 1), (5, 5), (999 * E18, 0)):
        with reverts("INSUFFICIENT_INPUT_AMOUNT"):
            market.pair.swap(*outs, borrower, b"")


@pytest.mark.parametrize("outs", [(1000 * E18, 0), (0, 4000 * E18), (2**256 - 1, 0), (0, 2**256 - 1), (1, 4000 * E18), (2**128, 1)])
def test_swap__whole_reserve_or_more__reverts(market, borrower, outs):
    market.give(10**30, 10**30)
    with reverts("INSUFFICIENT_LIQUIDITY"):
        market.pair.swap(*outs, borrower, b"")


def test_swap__pair_without_liquidity__reverts(new_market, borrower):
    market = new_market()
    market.give(E18, E18)
    with reverts("INSUFFICIENT_LIQUIDITY"):
        market.pair.swap(1, 0, borrower, b"")


def test_swap__to_a_token__reverts(market):
    market.give(E18, 0)
    for token in (market.token0, market.token1):
        with reverts("INVALID_TO"):
            market.pair.swap(0, 1, token, b"")


def test_swap__to_the_pair_itself__pays_with_its_own_output(market):
    """What comes back counts as input, and costs the fee."""
    market.give(E18, 0)
    with reverts("K"):
        market.pair.swap(0, 3900 * E18, market.pair, b"")
    market.pair.swap(0, 30 * E18, market.pair, b"")
    assert market.reserves == (1001 * E18, 4000 * E18)


def test_swap__to_the_zero_address__is_the_caller_s_loss(market):
    market.give(E18, 0)
    market.pair.swap(0, 1, ZERO, b"")
    assert market.token1.balanceOf(ZERO) == 1


@pytest.mark.parametrize("power", [112, 113, 140, 200, 255])
def test_swap__balance_above_112_bits__reverts(market, borrower, power):
    """Far above, the check of k wraps: then it is the bound on balances that decides."""
    market.give(2**power, 0)
    with boa.reverts():
        market.pair.swap(0, 1, borrower, b"")
    market.give(0, 2**power)
    with boa.reverts():
        market.pair.swap(1, 1, borrower, b"")


def test_swap__balance_at_112_bits__succeeds_at_the_bound_alone(market, borrower):
    market.give(2**112 - 1000 * E18, 0)
    with reverts("OVERFLOW"):
        market.pair.swap(0, 1, borrower, b"")
    market.token0.transfer(borrower, 1, sender=market.pair.address)
    market.pair.swap(0, 1, borrower, b"")
    assert market.reserves[0] == 2**112 - 1


def test_amount_out__model__is_the_last_that_passes():
    for reserves in ((1000, 1000), (10**18, 10**6), (7, 10**30)):
        for amount in (1, 2, 999, 10**9):
            model = Pair(25, (8, 25), reserve0=reserves[0], reserve1=reserves[1], supply=10**6)
            out = model.amount_out(amount)
            if out:
                Pair(25, reserve0=reserves[0], reserve1=reserves[1], supply=10**6).swap(amount, 0, 0, out)
            with pytest.raises(PairError):
                model.swap(amount, 0, 0, out + 1)
