import boa
import pytest
from eth_abi import encode

from plimsoll.reference.pair import Pair
from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, PAIR, ZERO, call_data

AMOUNT = 3 * E18


def swap(market, tokens, fees, amount=AMOUNT, min_out=0, recipient=None, deadline=MAX, value=0, sender=None):
    names = [token if token == ZERO else token.address for token in tokens]
    who = market.trader if recipient is None else recipient
    return market.router.swap_exact_in(amount, min_out, names, fees, who, deadline, value=value, sender=sender or market.trader)


def paths(market):
    """Of every kind: pairs, range pools, both, one to four hops, both ways."""
    a, b, c = market.tokens
    w = market.wrapper
    return [
        ([a, b], [PAIR]),
        ([b, a], [PAIR]),
        ([a, b], [3_000]),
        ([b, a], [3_000]),
        ([a, b, c], [PAIR, PAIR]),
        ([a, b, c], [PAIR, 500]),
        ([a, b, c], [3_000, PAIR]),
        ([c, b, a], [500, 3_000]),
        ([a, b, c, w], [3_000, PAIR, 10_000]),
        ([a, b, c, w], [PAIR, 500, PAIR]),
        ([w, c, b, a], [10_000, 500, 3_000]),
        ([w, c, b, a], [PAIR, PAIR, PAIR]),
        ([a, b, c, w, c], [PAIR, 500, PAIR, 10_000]),
        ([c, b, a, b, c, w][1:], [PAIR, 3_000, PAIR, 10_000]),
    ]


@pytest.mark.parametrize("index", range(14))
def test_swap_exact_in__any_path__pays_exactly_and_gives_what_the_quoter_says(full, borrower, index):
    tokens, fees = paths(full)[index]
    quoted = full.router.quote_exact_in(AMOUNT, [token.address for token in tokens], fees)
    assert quoted == full.quoter.quote_exact_in(AMOUNT, [token.address for token in tokens], fees)
    before = tokens[0].balanceOf(full.trader)
    out = swap(full, tokens, fees, min_out=quoted[0], recipient=borrower)
    assert out == quoted[0] > 0
    assert tokens[-1].balanceOf(borrower) == out
    assert before - tokens[0].balanceOf(full.trader) == AMOUNT
    assert full.holds_nothing()


def test_swap_exact_in__pair__gives_what_its_formula_says(full):
    a, b, _ = full.tokens
    model = Pair(25, reserve0=1_000 * E18, reserve1=4_000 * E18)
    assert swap(full, [a, b], [PAIR]) == model.amount_out(AMOUNT)


def test_swap_exact_in__one_unit_more_wanted__reverts(full):
    for tokens, fees in paths(full):
        best = full.quoter.quote_exact_in(AMOUNT, [token.address for token in tokens], fees)[0]
        with full.nothing_moves("router: too little out"):
            swap(full, tokens, fees, min_out=best + 1)


def test_swap_exact_in__sandwiched__gives_the_minimum_or_nothing(full, attacker):
    a, b, _ = full.tokens
    full.fund(attacker)
    for fees in ([PAIR], [3_000]):
        best = full.quoter.quote_exact_in(AMOUNT, [a, b], fees)[0]
        with boa.env.anchor():
            swap(full, [a, b], fees, amount=40 * E18, recipient=attacker, sender=attacker)
            with full.nothing_moves("router: too little out"):
                swap(full, [a, b], fees, min_out=best * 99 // 100)
            assert swap(full, [a, b], fees, min_out=best * 9 // 10) >= best * 9 // 10


# ---------------------------------------------------------------- the native coin


def test_swap_exact_in__zero_as_first_token__takes_the_coin_and_refunds_the_rest(full):
    _, b, c = full.tokens
    for fees in ([PAIR, 500], [10_000, PAIR]):
        with boa.env.anchor():
            quoted = full.router.quote_exact_in(AMOUNT, [ZERO, c, b], fees)[0]
            assert quoted == full.quoter.quote_exact_in(AMOUNT, [full.wrapper, c, b], fees)[0]
            before, wrapped = full.coin(full.trader), full.wrapper.balanceOf(full.trader)
            assert swap(full, [ZERO, c, b], fees, value=AMOUNT + 7) == quoted
            assert before - full.coin(full.trader) == AMOUNT
            assert full.wrapper.balanceOf(full.trader) == wrapped
            assert full.holds_nothing()


@pytest.mark.parametrize("last", [PAIR, 10_000])
def test_swap_exact_in__zero_as_last_token__unwraps(full, borrower, last):
    _, b, c = full.tokens
    out = swap(full, [b, c, ZERO], [500, last], recipient=borrower)
    assert full.coin(borrower) == out > 0
    assert full.wrapper.balanceOf(borrower) == 0
    assert full.holds_nothing()


def test_swap_exact_in__zero_in_the_middle__is_the_wrapper(full, borrower):
    _, b, c = full.tokens
    full.pair(b, full.wrapper, 1_000 * E18, 50 * E18)
    expected = full.quoter.quote_exact_in(AMOUNT, [c, full.wrapper, b], [10_000, PAIR])[0]
    assert swap(full, [c, ZERO, b], [10_000, PAIR]) == expected


def test_swap_exact_in__too_little_coin__reverts(full):
    *_, c = full.tokens
    for fee in (PAIR, 10_000):
        with full.nothing_moves("router: too little coin"):
            swap(full, [ZERO, c], [fee], value=AMOUNT - 1)


def test_swap_exact_in__coin_sent_for_a_path_of_tokens__goes_back(full):
    a, b, _ = full.tokens
    before = full.coin(full.trader)
    swap(full, [a, b], [PAIR], value=5)
    assert full.coin(full.trader) == before
    assert full.holds_nothing()


def test_swap_exact_in__recipient_that_refuses_the_coin__reverts(full):
    *_, c = full.tokens
    with full.nothing_moves("TransferHelper: ETH_TRANSFER_FAILED"):
        swap(full, [c, ZERO], [PAIR], recipient=full.factory.address)


# ---------------------------------------------------------------- bad input


def test_swap_exact_in__bad_paths__revert(full):
    a, b, c = full.tokens
    for tokens, fees, reason in [
        ([], [], "router: path"),
        ([a], [], "router: path"),
        ([a, b], [], "router: path"),
        ([a], [PAIR], "router: path"),
        ([a, b], [PAIR, PAIR], "router: path"),
        ([a, b, c], [PAIR], "router: path"),
        ([a, a], [PAIR], "router: path"),
        ([a, b, a], [PAIR, 3_000], "router: path"),
        ([ZERO, full.wrapper], [PAIR], "router: path"),
        ([a, c], [PAIR], "router: no pool"),
        ([a, c], [3_000], "router: no pool"),
        ([a, b], [500], "router: no pool"),
        ([a, b], [123], "router: no pool"),
        ([a, b], [PAIR + 1], "router: no pool"),
        ([a, a, b], [PAIR, PAIR], "router: no pool"),
        ([a, a, b], [3_000, PAIR], "router: no pool"),
        ([a, b, c], [PAIR, 3_000], "router: no pool"),
    ]:
        with full.nothing_moves(reason):
            swap(full, tokens, fees)


def test_swap_exact_in__too_long_a_path__reverts(full):
    a, b, _ = full.tokens
    types = ["uint256", "uint256", "address[]", "uint24[]", "address", "uint256"]
    selector = call_data(full.router, "swap_exact_in", 1, 0, [a], [PAIR], full.trader, MAX)[:4]
    before = full.balances()
    data = encode(types, [E18, 0, [a.address, b.address] * 3, [PAIR] * 5, str(full.trader), MAX])
    assert boa.env.execute_code(full.router.address, sender=full.trader, data=selector + data).is_error
    assert full.balances() == before


def test_swap_exact_in__expired__reverts(full):
    a, b, _ = full.tokens
    with full.nothing_moves("router: expired"):
        swap(full, [a, b], [PAIR], deadline=START - 1)
    swap(full, [a, b], [PAIR], deadline=START)


def test_swap_exact_in__nothing__reverts(full):
    a, b, _ = full.tokens
    for fee in (PAIR, 3_000):
        with full.nothing_moves("router: zero amount"):
            swap(full, [a, b], [fee], amount=0)


def test_swap_exact_in__recipient_that_would_lose_it__reverts(full):
    a, b, _ = full.tokens
    for fee in (PAIR, 3_000):
        for recipient in (ZERO, full.router.address):
            with full.nothing_moves("router: recipient"):
                swap(full, [a, b], [fee], recipient=recipient)


def test_swap_exact_in__recipient_is_the_pool_itself__counts_as_nothing(full):
    a, b, _ = full.tokens
    pair, pool = full.pools[0], full.pools[1]
    with full.nothing_moves("router: too little out"):
        swap(full, [a, b], [3_000], recipient=pool.address, min_out=1)
    # The output is input again: k is not kept, or rather the pair is given everything
    with full.nothing_moves("router: too little out"):
        swap(full, [a, b], [PAIR], recipient=pair.address, min_out=1)


def test_swap_exact_in__recipient_is_the_token__reverts_in_the_pair(full):
    a, b, _ = full.tokens
    with full.nothing_moves("UniswapV2: INVALID_TO"):
        swap(full, [a, b], [PAIR], recipient=b.address)


def test_swap_exact_in__more_than_a_range_pool_can_take__reverts_and_keeps_nothing(market):
    a, b, _ = market.tokens
    market.range_pool(a, b, 3_000, E18, E18, lower=-600, upper=600)
    market.pair(b, market.tokens[2], 10**3 * E18, 10**3 * E18)
    for tokens, fees in (([a, b], [3_000]), ([b, a], [3_000]), ([market.tokens[2], b, a], [PAIR, 3_000])):
        with market.nothing_moves("router: insufficient liquidity"):
            swap(market, tokens, fees, amount=100 * E18)


def test_swap_exact_in__amount_beyond_any_pool__reverts(full):
    a, b, _ = full.tokens
    for fee in (PAIR, 3_000):
        with full.nothing_moves():
            swap(full, [a, b], [fee], amount=2**255)


def test_swap_exact_in__not_approved_or_not_there__reverts(full, borrower):
    a, b, _ = full.tokens
    for fee in (PAIR, 3_000):
        with full.nothing_moves("TransferHelper: TRANSFER_FROM_FAILED"):
            swap(full, [a, b], [fee], sender=borrower, recipient=borrower)
