import boa
import pytest

from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, ZERO

# Of an amount: what a zap may leave over, beside a few units
RELATIVE = 10**9


def zap_in(market, a, b, amount_a, amount_b, least=0, recipient=None, deadline=MAX, value=0):
    who = market.trader if recipient is None else recipient
    return market.router.zap_in_pair(a, b, amount_a, amount_b, least, who, deadline, value=value, sender=market.trader)


def zap_out(market, out, other, liquidity, least=0, recipient=None, deadline=MAX, sender=None):
    who = market.trader if recipient is None else recipient
    return market.router.zap_out_pair(out, other, liquidity, least, who, deadline, sender=sender or market.trader)


@pytest.fixture
def holder(full):
    """The trader has LP tokens of a-b and of c-coin, and has approved them."""
    for index, (x, y) in enumerate([full.tokens[:2], (full.tokens[2], full.wrapper)]):
        pair = full.pair(x, y)
        full.router.add_liquidity(x, y, 10 * E18, 40 * E18, 0, 0, full.trader, MAX, sender=full.trader)
        pair.approve(full.router, MAX, sender=full.trader)
        assert pair.balanceOf(full.trader) > 0, index
    return full


@pytest.mark.parametrize("amounts", [(10 * E18, 0), (0, 10 * E18), (10 * E18, 5 * E18), (E18, 90 * E18), (10 * E18, 40 * E18), (12345, 7)])
@pytest.mark.parametrize("turned", [False, True])
def test_zap_in_pair__any_ratio__adds_all_but_dust(full, borrower, amounts, turned):
    """RTR-06"""
    a, b, _ = full.tokens
    pair = full.pair(a, b)
    before = a.balanceOf(full.trader), b.balanceOf(full.trader)
    arguments = (b, a, *amounts[::-1]) if turned else (a, b, *amounts)
    liquidity = zap_in(full, *arguments, recipient=borrower)
    assert pair.balanceOf(borrower) == liquidity > 0
    assert full.holds_nothing()
    # What came back, each in its own unit
    left = a.balanceOf(full.trader) - before[0] + amounts[0], b.balanceOf(full.trader) - before[1] + amounts[1]
    reserves = pair.getReserves()
    worth = left[0] * reserves[1] // reserves[0] + left[1]
    put = amounts[0] * reserves[1] // reserves[0] + amounts[1]
    assert worth <= put // RELATIVE + 3 * max(1, reserves[1] // reserves[0])
    # As much as the same value brings, up to what the fee takes of half of it
    assert liquidity >= put * pair.totalSupply() // (2 * reserves[1]) * 99 // 100


def test_zap_in_pair__one_token__brings_the_most(full):
    """No other amount to swap first brings more."""
    a, b, _ = full.tokens
    amount = 10 * E18
    _, best = full.quoter.zap_in_pair(a, b, amount, 0)
    with boa.env.anchor():
        liquidity = zap_in(full, a, b, amount, 0)
    for swapped in (best * 999 // 1000, best * 1001 // 1000):
        with boa.env.anchor():
            out = full.router.swap_exact_in(swapped, 0, [a, b], [2**23], full.trader, MAX, sender=full.trader)
            assert full.router.add_liquidity(a, b, amount - swapped, out, 0, 0, full.trader, MAX, sender=full.trader)[2] < liquidity


@pytest.mark.parametrize("coin_first", [False, True])
@pytest.mark.parametrize("amounts", [(10 * E18, 0), (0, 10 * E18), (3 * E18, 4 * E18)])
def test_zap_in_pair__zero_as_a_token__takes_the_coin(full, borrower, amounts, coin_first):
    *_, c = full.tokens
    before, wrapped = full.coin(full.trader), full.wrapper.balanceOf(full.trader)
    arguments = (ZERO, c, *amounts[::-1]) if coin_first else (c, ZERO, *amounts)
    zap_in(full, *arguments, recipient=borrower, value=amounts[1] + 9)
    assert 0 <= amounts[1] - (before - full.coin(full.trader)) < 1000
    assert full.wrapper.balanceOf(full.trader) == wrapped
    assert full.holds_nothing()


def test_zap_in_pair__one_unit_more_wanted__reverts(full):
    a, b, _ = full.tokens
    with boa.env.anchor():
        liquidity = zap_in(full, a, b, 10 * E18, E18)
    with full.nothing_moves("router: too little liquidity"):
        zap_in(full, a, b, 10 * E18, E18, least=liquidity + 1)
    zap_in(full, a, b, 10 * E18, E18, least=liquidity)


def test_zap_in_pair__sandwiched__brings_the_minimum_or_nothing(full, attacker):
    a, b, _ = full.tokens
    full.fund(attacker)
    with boa.env.anchor():
        liquidity = zap_in(full, a, b, 10 * E18, 0)
    full.router.swap_exact_in(100 * E18, 0, [a, b], [2**23], attacker, MAX, sender=attacker)
    with full.nothing_moves("router: too little liquidity"):
        zap_in(full, a, b, 10 * E18, 0, least=liquidity * 99 // 100)


def test_zap_in_pair__bad_input__reverts(full):
    a, b, c = full.tokens
    with full.nothing_moves("router: expired"):
        zap_in(full, a, b, E18, 0, deadline=START - 1)
    for recipient in (ZERO, full.router.address):
        with full.nothing_moves("router: recipient"):
            zap_in(full, a, b, E18, 0, recipient=recipient)
    with full.nothing_moves("quoter: order"):
        zap_in(full, a, a, E18, 0)
    with full.nothing_moves("quoter: no pool"):
        zap_in(full, a, c, E18, 0)
    with full.nothing_moves():
        zap_in(full, a, b, 0, 0)
    with full.nothing_moves("router: too little coin"):
        zap_in(full, c, ZERO, 0, E18, value=E18 - 1)


@pytest.mark.parametrize("which", [0, 1])
def test_zap_out_pair__part__gives_its_share_of_one_token_and_the_others_price(holder, borrower, which):
    pair_tokens = holder.tokens[:2]
    out, other = pair_tokens[which], pair_tokens[1 - which]
    pair = holder.pair(*pair_tokens)
    liquidity = pair.balanceOf(holder.trader) // 2
    supply, reserves = pair.totalSupply(), pair.getReserves()[:2]
    share = [liquidity * reserve // supply for reserve in reserves]
    kept = [reserve - part for reserve, part in zip(reserves, share, strict=True)]
    sold = share[1 - which] * 9975
    expected = share[which] + sold * kept[which] // (kept[1 - which] * 10_000 + sold)
    with holder.nothing_moves("router: too little out"):
        zap_out(holder, out, other, liquidity, expected + 1, borrower)
    assert zap_out(holder, out, other, liquidity, expected, borrower) == expected == out.balanceOf(borrower)
    assert other.balanceOf(borrower) == 0
    assert holder.holds_nothing()


@pytest.mark.parametrize("coin", [False, True])
def test_zap_out_pair__with_the_coin__unwraps_if_asked(holder, borrower, coin):
    *_, c = holder.tokens
    liquidity = holder.pair(c, holder.wrapper).balanceOf(holder.trader)
    if coin:
        out = zap_out(holder, ZERO, c, liquidity, recipient=borrower)
        assert (holder.coin(borrower), holder.wrapper.balanceOf(borrower)) == (out, 0)
    else:
        out = zap_out(holder, c, ZERO, liquidity, recipient=borrower)
        assert (holder.coin(borrower), c.balanceOf(borrower)) == (0, out)
    assert out > 0
    assert holder.holds_nothing()


def test_zap_out_pair__bad_input__reverts(holder, attacker):
    a, b, c = holder.tokens
    with holder.nothing_moves("router: expired"):
        zap_out(holder, a, b, E18, deadline=START - 1)
    for recipient in (ZERO, holder.router.address):
        with holder.nothing_moves("router: recipient"):
            zap_out(holder, a, b, E18, recipient=recipient)
    for tokens in ((a, a), (a, c), (ZERO, a)):
        with holder.nothing_moves("router: no pool"):
            zap_out(holder, *tokens, E18)
    with holder.nothing_moves("UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED"):
        zap_out(holder, a, b, 0)
    # An allowance is no use to anybody else
    with holder.nothing_moves():
        zap_out(holder, a, b, E18, recipient=attacker, sender=attacker)


@pytest.mark.parametrize("amounts", [(10 * E18, 0), (3 * E18, 17 * E18), (0, 77)])
def test_zap_pair__in_and_out__never_gains(full, amounts):
    """RTR-08"""
    a, b, _ = full.tokens
    pair = full.pair(a, b)
    pair.approve(full.router, MAX, sender=full.trader)
    before = a.balanceOf(full.trader), b.balanceOf(full.trader)
    liquidity = zap_in(full, a, b, *amounts)
    for out, other, index in ((a, b, 0), (b, a, 1)):
        with boa.env.anchor():
            zap_out(full, out, other, liquidity)
            after = a.balanceOf(full.trader), b.balanceOf(full.trader)
            # Everything in that token, at the price before
            price = (4, 1)[index], (1, 4)[index]
            spent = (before[index] - after[index]) * price[0] + (before[1 - index] - after[1 - index]) * price[1]
            assert spent >= 0
