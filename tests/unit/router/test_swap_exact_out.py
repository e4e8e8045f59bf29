import boa
import pytest

from plimsoll.reference.pair import Pair
from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, PAIR, ZERO
from tests.unit.router.test_swap_exact_in import paths

AMOUNT = 2 * E18


def swap(market, tokens, fees, amount=AMOUNT, max_in=MAX, recipient=None, deadline=MAX, value=0, sender=None):
    names = [token if token == ZERO else token.address for token in tokens]
    who = market.trader if recipient is None else recipient
    return market.router.swap_exact_out(amount, max_in, names, fees, who, deadline, value=value, sender=sender or market.trader)


@pytest.mark.parametrize("index", range(14))
def test_swap_exact_out__any_path__costs_what_the_quoter_says_and_gives_exactly(full, borrower, index):
    tokens, fees = paths(full)[index]
    if len(set(zip(map(min_max(tokens), range(len(fees))), fees, strict=True))) < len(fees):
        pytest.skip("a pool twice")
    quoted = full.router.quote_exact_out(AMOUNT, [token.address for token in tokens], fees)
    assert quoted == full.quoter.quote_exact_out(AMOUNT, [token.address for token in tokens], fees)
    before = tokens[0].balanceOf(full.trader)
    paid = swap(full, tokens, fees, max_in=quoted[0], recipient=borrower)
    assert paid == quoted[0] == before - tokens[0].balanceOf(full.trader)
    assert tokens[-1].balanceOf(borrower) == AMOUNT
    assert full.holds_nothing()


def min_max(tokens):
    return lambda i: tuple(sorted((tokens[i].address, tokens[i + 1].address)))


def test_swap_exact_out__pair__costs_what_its_check_wants(full):
    a, b, _ = full.tokens
    model = Pair(25, reserve0=1_000 * E18, reserve1=4_000 * E18)
    paid = swap(full, [a, b], [PAIR])
    assert model.amount_out(paid) >= AMOUNT > model.amount_out(paid - 2)


def test_swap_exact_out__one_unit_less_allowed__reverts(full):
    for tokens, fees in paths(full)[:12]:
        best = full.quoter.quote_exact_out(AMOUNT, [token.address for token in tokens], fees)[0]
        with full.nothing_moves("router: too much in"):
            swap(full, tokens, fees, max_in=best - 1)


def test_swap_exact_out__sandwiched__costs_at_most_the_maximum(full, attacker):
    a, b, _ = full.tokens
    full.fund(attacker)
    for fees in ([PAIR], [3_000]):
        best = full.quoter.quote_exact_out(AMOUNT, [a, b], fees)[0]
        with boa.env.anchor():
            full.router.swap_exact_in(40 * E18, 0, [a, b], fees, attacker, MAX, sender=attacker)
            with full.nothing_moves("router: too much in"):
                swap(full, [a, b], fees, max_in=best * 101 // 100)


@pytest.mark.parametrize("first", [PAIR, 10_000])
def test_swap_exact_out__zero_as_first_token__takes_the_coin_and_refunds_the_rest(full, first):
    _, b, c = full.tokens
    for second in (PAIR, 500):
        with boa.env.anchor():
            quoted = full.router.quote_exact_out(AMOUNT, [ZERO, c, b], [first, second])[0]
            before, wrapped = full.coin(full.trader), full.wrapper.balanceOf(full.trader)
            assert swap(full, [ZERO, c, b], [first, second], value=quoted * 2) == quoted
            assert before - full.coin(full.trader) == quoted
            assert full.wrapper.balanceOf(full.trader) == wrapped
            assert full.holds_nothing()


@pytest.mark.parametrize("last", [PAIR, 10_000])
def test_swap_exact_out__zero_as_last_token__unwraps(full, borrower, last):
    _, b, c = full.tokens
    swap(full, [b, c, ZERO], [500, last], recipient=borrower)
    assert full.coin(borrower) == AMOUNT
    assert full.wrapper.balanceOf(borrower) == 0
    assert full.holds_nothing()


def test_swap_exact_out__too_little_coin__reverts(full):
    *_, c = full.tokens
    for fee in (PAIR, 10_000):
        best = full.router.quote_exact_out(AMOUNT, [ZERO, c], [fee])[0]
        with full.nothing_moves("router: too little coin"):
            swap(full, [ZERO, c], [fee], value=best - 1)


def test_swap_exact_out__bad_input__reverts(full):
    a, b, c = full.tokens
    for tokens, fees, reason in [
        ([], [], "router: path"),
        ([a, b], [], "router: path"),
        ([a, b, c], [PAIR], "router: path"),
        ([a, b, a], [PAIR, 3_000], "router: path"),
        ([a, c], [PAIR], "router: no pool"),
        ([a, b], [500], "router: no pool"),
        ([a, a, b], [3_000, PAIR], "router: no pool"),
    ]:
        with full.nothing_moves(reason):
            swap(full, tokens, fees)
    for fee in (PAIR, 3_000):
        with full.nothing_moves("router: zero amount"):
            swap(full, [a, b], [fee], amount=0)
        with full.nothing_moves("router: expired"):
            swap(full, [a, b], [fee], deadline=START - 1)
        for recipient in (ZERO, full.router.address):
            with full.nothing_moves("router: recipient"):
                swap(full, [a, b], [fee], recipient=recipient)


def test_swap_exact_out__recipient_is_the_pool_itself__reverts(full):
    a, b, _ = full.tokens
    pair, pool = full.pools[0], full.pools[1]
    with full.nothing_moves("router: too little out"):
        swap(full, [a, b], [3_000], recipient=pool.address)
    with full.nothing_moves("router: too little out"):
        swap(full, [a, b], [PAIR], recipient=pair.address)


def test_swap_exact_out__more_than_there_is__reverts(market):
    a, b, c = market.tokens
    market.range_pool(a, b, 3_000, E18, E18, lower=-600, upper=600)
    market.pair(a, b, E18, E18)
    market.pair(b, c, 10**3 * E18, 10**3 * E18)
    for tokens, fees in (([a, b], [3_000]), ([b, a], [3_000]), ([c, b, a], [PAIR, 3_000]), ([a, b, c], [3_000, PAIR])):
        with market.nothing_moves("router: insufficient liquidity"):
            swap(market, tokens, fees, amount=100 * E18)
    with market.nothing_moves("ds-math-sub-underflow"):
        swap(market, [a, b], [PAIR], amount=E18 + 1)
    with market.nothing_moves():
        swap(market, [a, b], [PAIR], amount=E18)


def test_swap_exact_out__a_pool_twice__reverts(full):
    a, b, _ = full.tokens
    with full.nothing_moves("LOK"):
        swap(full, [a, b, a, b], [3_000, PAIR, 3_000])


def test_swap_exact_out__not_approved__reverts(full, borrower):
    a, b, _ = full.tokens
    for fee in (PAIR, 3_000):
        with full.nothing_moves("TransferHelper: TRANSFER_FROM_FAILED"):
            swap(full, [a, b], [fee], sender=borrower, recipient=borrower)


def test_swap_exact_out__there_and_back__never_gains(full):
    """RTR-08"""
    for tokens, fees in paths(full)[:12]:
        with boa.env.anchor():
            before = tokens[0].balanceOf(full.trader)
            swap(full, tokens, fees)
            full.router.swap_exact_in(AMOUNT, 0, tokens[::-1], fees[::-1], full.trader, MAX, sender=full.trader)
            assert tokens[0].balanceOf(full.trader) < before
