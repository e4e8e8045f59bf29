import boa
import pytest

from tests.pair_world import START
from tests.unit.router.conftest import E18, MAX, MAX_128, ZERO, Market

# Of an amount: what a zap may leave over, beside a few units
RELATIVE = 10**9
# The price of a-b is 4: tick 13,863
TICK = 13_860


def zap_in(market, token0, token1, fee, ticks, amounts, least=0, recipient=None, deadline=MAX, value=0):
    who = market.trader if recipient is None else recipient
    return market.router.zap_in_range(token0, token1, fee, *ticks, *amounts, least, who, deadline, value=value, sender=market.trader)


def zap_more(market, token_id, token0, token1, amounts, least=0, deadline=MAX, value=0, sender=None):
    return market.router.zap_in_position(token_id, token0, token1, *amounts, least, deadline, value=value, sender=sender or market.trader)


def zap_out(market, token_id, out, liquidity=MAX_128, least=0, recipient=None, deadline=MAX, sender=None):
    who = market.trader if recipient is None else recipient
    return market.router.zap_out_range(token_id, liquidity, out, least, who, deadline, sender=sender or market.trader)


def liquidity_of(market: Market, token_id: int) -> int:
    return int(market.manager.positions(token_id)[7])


def value_in_token1(market: Market, pool, amounts: tuple[int, int]) -> int:
    price = pool.slot0()[0]
    return (amounts[0] * price >> 96) * price // 2**96 + amounts[1]


@pytest.fixture
def position(full):
    """The trader's, around the price of a-b, approved."""
    a, b, _ = full.tokens
    token_id, *_ = zap_in(full, a, b, 3_000, (TICK - 6_000, TICK + 6_000), (10 * E18, 40 * E18))
    full.manager.approve(full.router, token_id, sender=full.trader)
    return token_id


RANGES = [(-887_220, 887_220), (TICK - 600, TICK + 600), (TICK - 60, TICK + 3_000), (TICK + 60, TICK + 600), (TICK - 6_000, TICK - 60)]


@pytest.mark.parametrize("ticks", RANGES)
@pytest.mark.parametrize("amounts", [(10 * E18, 0), (0, 10 * E18), (7 * E18, 3 * E18), (10**6, 10**4)])
def test_zap_in_range__any_ratio__adds_all_but_dust(full, borrower, ticks, amounts):
    """RTR-06"""
    a, b, _ = full.tokens
    pool = full.pools[1]
    before = a.balanceOf(full.trader), b.balanceOf(full.trader)
    token_id, liquidity, added0, added1 = zap_in(full, a, b, 3_000, ticks, amounts, recipient=borrower)
    assert full.manager.ownerOf(token_id) == borrower
    assert liquidity_of(full, token_id) == liquidity > 0
    assert full.manager.positions(token_id)[5:7] == ticks
    assert full.holds_nothing()
    left = a.balanceOf(full.trader) - before[0] + amounts[0], b.balanceOf(full.trader) - before[1] + amounts[1]
    put, worth = value_in_token1(full, pool, amounts), value_in_token1(full, pool, left)
    # A unit of the scarcer token decides on that much of the other one; a unit of token0 is swapped for four of token1
    steps = put // min(added0, added1) if min(added0, added1) else 0
    assert worth <= put // RELATIVE + 40 + 3 * 4 * steps
    assert value_in_token1(full, pool, (added0, added1)) >= put * 97 // 100 - 40


def test_zap_in_range__zero_as_a_token__takes_the_coin(full, borrower):
    *_, c = full.tokens
    token0, token1 = full.sorted(c, full.wrapper)
    coin_is = 0 if token0 is full.wrapper else 1
    for amounts in ((10 * E18, 0), (0, 10 * E18), (E18, 2 * E18)):
        for ticks in ((-887_200, 887_200), (-20_000, 20_000)):
            with boa.env.anchor():
                before, wrapped = full.coin(full.trader), full.wrapper.balanceOf(full.trader)
                names = (ZERO, token1) if coin_is == 0 else (token0, ZERO)
                coin = amounts[coin_is]
                _, liquidity, *_ = zap_in(full, *names, 10_000, ticks, amounts, recipient=borrower, value=coin + 5)
                assert liquidity > 0
                assert 0 <= coin - (before - full.coin(full.trader)) <= coin // RELATIVE + 100
                assert full.wrapper.balanceOf(full.trader) == wrapped
                assert full.holds_nothing()


def test_zap_in_range__one_unit_more_wanted__reverts(full):
    a, b, _ = full.tokens
    arguments = (a, b, 3_000, (TICK - 600, TICK + 600), (E18, 0))
    with boa.env.anchor():
        _, liquidity, *_ = zap_in(full, *arguments)
    with full.nothing_moves("router: too little liquidity"):
        zap_in(full, *arguments, least=liquidity + 1)
    zap_in(full, *arguments, least=liquidity)


def test_zap_in_range__sandwiched__brings_the_minimum_or_nothing(full, attacker):
    a, b, _ = full.tokens
    full.fund(attacker)
    arguments = (a, b, 3_000, (TICK - 600, TICK + 600), (E18, 0))
    with boa.env.anchor():
        _, liquidity, *_ = zap_in(full, *arguments)
    full.router.swap_exact_in(10 * E18, 0, [a, b], [3_000], attacker, MAX, sender=attacker)
    with full.nothing_moves("router: too little liquidity"):
        zap_in(full, *arguments, least=liquidity * 998 // 1000)


def test_zap_in_range__bad_input__reverts(full):
    a, b, c = full.tokens
    ticks, amounts = (TICK - 600, TICK + 600), (E18, E18)
    with full.nothing_moves("router: expired"):
        zap_in(full, a, b, 3_000, ticks, amounts, deadline=START - 1)
    for recipient in (ZERO, full.router.address):
        with full.nothing_moves("router: recipient"):
            zap_in(full, a, b, 3_000, ticks, amounts, recipient=recipient)
    for tokens in ((b, a), (a, a)):
        with full.nothing_moves("router: order"):
            zap_in(full, *tokens, 3_000, ticks, amounts)
    for tokens, fee in (((a, b), 500), ((a, b), 123), ((a, c), 3_000), ((a, b), 2**23)):
        with full.nothing_moves("quoter: no pool"):
            zap_in(full, *tokens, fee, ticks, amounts)
    for bad in (ticks[::-1], (TICK, TICK), (-887_280, TICK)):
        with full.nothing_moves("quoter: ticks"):
            zap_in(full, a, b, 3_000, bad, amounts)
    with full.nothing_moves():
        zap_in(full, a, b, 3_000, (TICK - 61, TICK + 60), amounts)
    with full.nothing_moves():
        zap_in(full, a, b, 3_000, ticks, (0, 0))


def test_zap_in_position__own_or_anybodys__adds_to_it(full, position, attacker):
    a, b, _ = full.tokens
    full.fund(attacker)
    for sender in (full.trader, attacker):
        for amounts in ((E18, 0), (0, E18), (E18, E18)):
            before, had = liquidity_of(full, position), (a.balanceOf(sender), b.balanceOf(sender))
            liquidity, added0, added1 = zap_more(full, position, a, b, amounts, sender=sender)
            assert liquidity_of(full, position) == before + liquidity > before
            left = a.balanceOf(sender) - had[0] + amounts[0], b.balanceOf(sender) - had[1] + amounts[1]
            assert value_in_token1(full, full.pools[1], left) <= E18 // RELATIVE + 40
            assert added0 > 0
            assert added1 > 0
            assert full.holds_nothing()
    assert full.manager.ownerOf(position) == full.trader


def test_zap_in_position__with_the_coin__takes_it(full):
    *_, c = full.tokens
    token0, token1 = full.sorted(c, full.wrapper)
    token_id, *_ = zap_in(full, token0, token1, 10_000, (-20_000, 20_000), (E18, E18))
    names = (ZERO, token1) if token0 is full.wrapper else (token0, ZERO)
    before = full.coin(full.trader)
    zap_more(full, token_id, *names, (E18, E18), value=3 * E18)
    assert E18 - E18 // RELATIVE - 100 <= before - full.coin(full.trader) <= E18
    assert full.holds_nothing()


def test_zap_in_position__bad_input__reverts(full, position):
    a, b, c = full.tokens
    with full.nothing_moves("router: expired"):
        zap_more(full, position, a, b, (E18, 0), deadline=START - 1)
    for tokens in ((b, a), (a, c), (c, b), (ZERO, b)):
        with full.nothing_moves("router: tokens"):
            zap_more(full, position, *tokens, (E18, 0))
    with full.nothing_moves("Invalid token ID"):
        zap_more(full, 999, a, b, (E18, 0))
    with boa.env.anchor():
        liquidity, *_ = zap_more(full, position, a, b, (E18, 0))
    with full.nothing_moves("router: too little liquidity"):
        zap_more(full, position, a, b, (E18, 0), least=liquidity + 1)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("part", [MAX_128, 1, 2])
def test_zap_out_range__all_or_part__gives_one_token_and_the_fees(full, position, borrower, which, part):
    a, b, _ = full.tokens
    # Fees of both tokens
    for path in ([a, b], [b, a]):
        full.router.swap_exact_in(20 * E18, 0, path, [3_000], full.trader, MAX, sender=full.trader)
    held = liquidity_of(full, position)
    liquidity = part if part == MAX_128 else held // part
    fees = full.manager.unclaimed_fees(position)
    assert min(fees) > 0
    out, other = ((a, b), (b, a))[which]
    # By hand: decrease, collect, sell
    with boa.env.anchor():
        trader = full.trader
        had = out.balanceOf(trader), other.balanceOf(trader)
        full.manager.decreaseLiquidity((position, min(liquidity, held), 0, 0, MAX), sender=trader)
        full.manager.collect((position, trader, MAX_128, MAX_128), sender=trader)
        sold = other.balanceOf(trader) - had[1]
        full.router.swap_exact_in(sold, 0, [other, out], [3_000], trader, MAX, sender=trader)
        expected = out.balanceOf(trader) - had[0]
    with full.nothing_moves("router: too little out"):
        zap_out(full, position, out, liquidity, expected + 1, borrower)
    assert zap_out(full, position, out, liquidity, expected, borrower) == expected == out.balanceOf(borrower)
    assert other.balanceOf(borrower) == 0
    assert liquidity_of(full, position) == held - min(liquidity, held)
    if liquidity >= held:
        # What stays earns of the sale
        assert full.manager.unclaimed_fees(position) == (0, 0)
    assert full.manager.ownerOf(position) == full.trader
    assert full.holds_nothing()


def test_zap_out_range__fees_alone__leaves_the_liquidity(full, position, borrower):
    a, b, _ = full.tokens
    full.router.swap_exact_in(20 * E18, 0, [a, b], [3_000], full.trader, MAX, sender=full.trader)
    held, fees = liquidity_of(full, position), full.manager.unclaimed_fees(position)
    assert zap_out(full, position, a, 0, fees[0], borrower) == fees[0] == a.balanceOf(borrower)
    assert liquidity_of(full, position) == held
    # Nothing is left to take, and nothing is taken
    assert zap_out(full, position, a, 0, 0, borrower) == 0


def test_zap_out_range__with_the_coin__unwraps_if_asked(full, borrower):
    *_, c = full.tokens
    token0, token1 = full.sorted(c, full.wrapper)
    token_id, *_ = zap_in(full, token0, token1, 10_000, (-20_000, 20_000), (E18, E18))
    full.manager.approve(full.router, token_id, sender=full.trader)
    out = zap_out(full, token_id, ZERO, liquidity_of(full, token_id) // 2, recipient=borrower)
    assert (full.coin(borrower), full.wrapper.balanceOf(borrower)) == (out, 0)
    out = zap_out(full, token_id, full.wrapper, recipient=borrower)
    assert full.wrapper.balanceOf(borrower) == out > 0
    assert full.holds_nothing()


def test_zap_out_range__somebody_elses_position__reverts(full, position, attacker):
    a, *_ = full.tokens
    before = full.manager.positions(position)
    for recipient in (attacker, full.trader):
        with full.nothing_moves("router: not the owner"):
            zap_out(full, position, a, recipient=recipient, sender=attacker)
    # Not even an operator of the owner: he can call the position manager
    full.manager.setApprovalForAll(attacker, True, sender=full.trader)
    with full.nothing_moves("router: not the owner"):
        zap_out(full, position, a, recipient=attacker, sender=attacker)
    assert full.manager.positions(position) == before


def test_zap_out_range__not_approved__reverts(full, position):
    a, *_ = full.tokens
    full.manager.approve(ZERO, position, sender=full.trader)
    with full.nothing_moves("Not approved"):
        zap_out(full, position, a)
    full.manager.setApprovalForAll(full.router, True, sender=full.trader)
    zap_out(full, position, a)


def test_zap_out_range__bad_input__reverts(full, position):
    a, b, c = full.tokens
    with full.nothing_moves("router: expired"):
        zap_out(full, position, a, deadline=START - 1)
    for recipient in (ZERO, full.router.address):
        with full.nothing_moves("router: recipient"):
            zap_out(full, position, a, recipient=recipient)
    for token in (c, ZERO):
        with full.nothing_moves("router: tokens"):
            zap_out(full, position, token)
    with full.nothing_moves("ERC721: owner query for nonexistent token"):
        zap_out(full, 999, a)
    with full.nothing_moves():
        zap_out(full, position, b, liquidity_of(full, position) + 1)


def test_zap_out_range__last_liquidity_of_a_pool__reverts_and_can_be_taken_in_both_tokens(market):
    a, b, _ = market.tokens
    token0, token1 = a, b
    market.manager.createAndInitializePoolIfNecessary(token0, token1, 3_000, 2**96)
    market.range_pool(a, b, 3_000, E18, E18, lower=-600, upper=600)
    market.manager.approve(market.router, 1, sender=market.lender)
    with market.nothing_moves("router: insufficient liquidity"):
        zap_out(market, 1, a, sender=market.lender, recipient=market.lender)
    market.manager.decreaseLiquidity((1, liquidity_of(market, 1), 0, 0, MAX), sender=market.lender)


@pytest.mark.parametrize("ticks", RANGES)
def test_zap_range__in_and_out__never_gains(full, ticks):
    """RTR-08"""
    a, b, _ = full.tokens
    for index, (amounts, out) in enumerate((((E18, 0), a), ((0, E18), b))):
        with boa.env.anchor():
            before = a.balanceOf(full.trader), b.balanceOf(full.trader)
            token_id, *_ = zap_in(full, a, b, 3_000, ticks, amounts)
            full.manager.approve(full.router, token_id, sender=full.trader)
            zap_out(full, token_id, out)
            after = a.balanceOf(full.trader), b.balanceOf(full.trader)
            dust = after[1 - index] - before[1 - index]
            assert 0 <= dust < 10**11
            # The dust of the other token is worth at most eight times itself in this one
            assert after[index] + dust * 8 <= before[index]
