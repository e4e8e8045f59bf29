"""Quotes against numbers worked out by hand, and every reason to fail."""

from fractions import Fraction
from math import isqrt

import pytest

from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.quoter_world import E18, LEAST, PAIR, Q96, TOO_LARGE, QuoteError, Refused, World

FULL = (-887_220, 887_220)
WAD = 10**18


def up(value: Fraction) -> int:
    return -int(-value // 1)


def wad(value: Fraction) -> int:
    """Rounded up."""
    return up(value * WAD)


def deep_pool(world: World, fee: int = 3_000, liquidity: int = 1_000 * E18, price: int = Q96):
    pool = world.add_pool(*world.tokens[:2], fee, price)
    pool.mint(*FULL, liquidity)
    return pool


# ---------------------------------------------------------------- range pools


def test_quote_exact_in__range_pool_within_a_tick__hand_numbers(world: World) -> None:
    deep_pool(world)
    a, b = world.tokens[:2]
    # 0.997 against 1000 : 1000
    net = 997 * 10**15
    out = net * 1_000 * E18 // (1_000 * E18 + net)
    assert out == 996006981039903216
    quote = world.quote(True, E18, [a, b], [3_000])
    assert quote.amount == out
    assert quote.prices_after == (up(Fraction(Q96 * 1_000 * E18, 1_000 * E18 + net)),)
    assert quote.crossed == 0
    assert quote.fee == 3 * 10**15
    # What is lost is the input's part of the reserve after: 0.997 / 1000.997
    assert wad(Fraction(net, 1_000 * E18 + net)) <= quote.impact <= wad(Fraction(net, 1_000 * E18 + net)) + 3
    assert world.execute(True, E18, [a, b], [3_000]) == (E18, out)


def test_quote_exact_in__range_pool_the_other_way__hand_numbers(world: World) -> None:
    # Price 4: virtual reserves 500 and 2000
    deep_pool(world, price=2 * Q96)
    a, b = world.tokens[:2]
    net = 4 * 997 * 10**15
    quote = world.quote(True, 4 * E18, [b, a], [3_000])
    out = 500 * E18 * net // (2_000 * E18 + net)
    assert quote.amount in (out, out - 1)
    assert quote.prices_after == (2 * Q96 + net * Q96 // (1_000 * E18),)
    exact = 1 - Fraction(quote.amount * 4, net)
    assert wad(exact) <= quote.impact <= wad(exact) + 3
    assert world.execute(True, 4 * E18, [b, a], [3_000]) == (4 * E18, quote.amount)


def test_quote_exact_out__range_pool_within_a_tick__hand_numbers(world: World) -> None:
    deep_pool(world)
    a, b = world.tokens[:2]
    quote = world.quote(False, E18, [a, b], [3_000])
    # 1000 * 1 / 999, and of that 3 / 997 more
    net = up(Fraction(1_000 * E18, 999))
    assert quote.amount == net + up(Fraction(net * 3, 997))
    # 999 / 1000
    assert quote.prices_after == (Q96 - up(Fraction(Q96, 1_000)),)
    assert wad(Fraction(3, 1_000)) <= quote.fee <= wad(Fraction(3, 1_000)) + 3
    assert abs(quote.impact - wad(Fraction(1, 1_000))) <= 3
    assert world.execute(False, E18, [a, b], [3_000]) == (quote.amount, E18)


@pytest.mark.parametrize("zero_for_one", [True, False])
def test_quote_exact_in__across_ticks__counts_them(world: World, zero_for_one: bool) -> None:
    pool = deep_pool(world)
    for tick in (60, 120, 1_200, 20_040):
        pool.mint(-tick, tick, 1_000 * E18)
    path = world.tokens[:2] if zero_for_one else world.tokens[1::-1]
    quote = world.quote(True, 900 * E18, path, [3_000])
    assert quote.crossed == 3
    assert world.execute(True, 900 * E18, path, [3_000]) == (900 * E18, quote.amount)
    assert pool.slot0[0] == quote.prices_after[0]


def test_quote__ends_exactly_on_a_tick__counts_it_as_the_swap_crosses_it(world: World) -> None:
    pool = deep_pool(world)
    pool.mint(-60, 60, 1_000 * E18)
    a, b = world.tokens[:2]
    model = pool.model.copy()
    swap = model.swap(True, 10**30, sqrt_ratio_at_tick(-60))
    quote = world.quote(True, swap.paid, [a, b], [3_000])
    assert (quote.amount, quote.crossed, quote.prices_after) == (swap.received, 1, (sqrt_ratio_at_tick(-60),))
    world.execute(True, swap.paid, [a, b], [3_000])
    assert pool.slot0 == (sqrt_ratio_at_tick(-60), -61)
    # From there: down the tick below counts, up the same tick is crossed again
    for path in ([a, b], [b, a]):
        again = world.quote(True, E18, path, [3_000])
        with world.trial():
            assert world.execute(True, E18, path, [3_000]) == (E18, again.amount)
    assert world.quote(True, E18, [b, a], [3_000]).crossed == 1


def test_quote_exact_in__one_unit__is_all_fee(world: World) -> None:
    deep_pool(world)
    a, b = world.tokens[:2]
    quote = world.quote(True, 1, [a, b], [3_000])
    assert (quote.amount, quote.fee, quote.impact) == (0, WAD, 0)
    assert world.execute(True, 1, [a, b], [3_000]) == (1, 0)


def test_quote__no_fee_and_nearly_all_fee__equal_execution(world: World) -> None:
    a, b = world.tokens[:2]
    for fee in (0, 999_999):
        deep_pool(world, fee)
        for exact_in, amount in ((True, 3 * E18), (False, 2_000)):
            quote = world.quote(exact_in, amount, [a, b], [fee])
            assert world.execute(exact_in, amount, [a, b], [fee]) == ((amount, quote.amount) if exact_in else (quote.amount, amount))
            assert abs(quote.fee - fee * 10**12) <= 10**12 // 1_000


@pytest.mark.parametrize("tick", [-887_000, -600_000, 600_000, 887_000])
def test_quote__at_the_ends_of_all_prices__equals_execution(world: World, tick: int) -> None:
    """At a price of 1e38 or 1e-38 the price's square, a word of 320 bits, is cut: the impact stays right."""
    pool = deep_pool(world, liquidity=10**25, price=sqrt_ratio_at_tick(tick))
    price = Fraction(pool.model.sqrt_price_x96, Q96) ** 2
    a, b = world.tokens[:2]
    held = world.balance(a, pool.address), world.balance(b, pool.address)
    for zero_for_one in (True, False):
        path = [a, b] if zero_for_one else [b, a]
        amount = max(held[1 if zero_for_one else 0] // 3, 1)
        quote = world.quote(False, amount, path, [3_000])
        net = Fraction(quote.amount) - up(Fraction(3 * quote.amount, 1_000))
        exact = 1 - amount / (net * (price if zero_for_one else 1 / price))
        assert wad(exact) - WAD // 10**6 <= quote.impact <= WAD
        with world.trial():
            assert world.execute(False, amount, path, [3_000]) == (quote.amount, amount)


# ---------------------------------------------------------------- pairs


@pytest.mark.parametrize("amount, out, price, impact", [(10, 49504950495049504950, 490148, 99), (100, 454545454545454545454, 413223, 909)])
def test_quote_exact_in__pair_without_a_fee__example_11(free_world: World, amount: int, out: int, price: int, impact: int) -> None:
    """1,000 : 5,000. 10 in give 49.5; 100 give 454.55, price 4.13 afterwards. The impact is the input's part of the reserve after."""
    a, b = free_world.tokens
    free_world.add_pair(a, b, 1_000 * E18, 5_000 * E18)
    quote = free_world.quote(True, amount * E18, [a, b], [PAIR])
    assert quote.amount == out
    assert quote.prices_after[0] ** 2 * 10**5 >> 192 == price
    assert wad(Fraction(amount, 1_000 + amount)) <= quote.impact <= wad(Fraction(amount, 1_000 + amount)) + 3
    assert quote.impact * 10**4 // WAD == impact
    assert (quote.fee, quote.crossed) == (0, 0)
    assert free_world.execute(True, amount * E18, [a, b], [PAIR]) == (amount * E18, out)


def test_quote__pair__the_factorys_fee_and_the_reserves_after(world: World) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 1_000 * E18, 5_000 * E18)
    for exact_in, path, amount in ((True, [a, b], 7 * E18), (True, [b, a], 9 * E18), (False, [a, b], 5 * E18), (False, [b, a], 3 * E18)):
        quote = world.quote(exact_in, amount, path, [PAIR])
        assert quote.fee == 25 * 10**14
        x, y = world.reserves(world.pairs[a, b])
        if path == [b, a]:
            x, y = y, x
        paid, out = (amount, quote.amount) if exact_in else (quote.amount, amount)
        exact = 1 - Fraction(out * x * 10_000, paid * 9_975 * y)
        assert wad(exact) <= quote.impact <= wad(exact) + 3
        assert world.execute(exact_in, amount, path, [PAIR]) == (paid, out)
        reserve0, reserve1 = world.reserves(world.pairs[a, b])
        assert quote.prices_after == (isqrt((reserve1 << 192) // reserve0),)


def test_quote__pair_at_a_price_beyond_2_128__cuts_32_bits(world: World) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 1_001, 2**100)
    quote = world.quote(True, 1_000, [a, b], [PAIR])
    world.execute(True, 1_000, [a, b], [PAIR])
    reserve0, reserve1 = world.reserves(world.pairs[a, b])
    exact = isqrt((reserve1 << 192) // reserve0)
    assert exact >= 2**128
    assert quote.prices_after == (exact >> 32 << 32,)


# ---------------------------------------------------------------- paths


def test_quote__three_hops_over_both_kinds__multiplies_what_is_kept(world: World) -> None:
    a, b, c, d = world.tokens
    deep_pool(world, 500)
    world.add_pair(b, c, 10_000 * E18, 30_000 * E18)
    world.add_pool(c, d, 10_000, 2 * Q96).mint(-887_200, 887_200, 5_000 * E18)
    tokens, fees = [a, b, c, d], [500, PAIR, 10_000]
    for exact_in, amount in ((True, 5 * E18), (False, 25 * E18)):
        quote = world.quote(exact_in, amount, tokens, fees)
        kept = Fraction(1)
        passing = amount
        for i in range(3) if exact_in else reversed(range(3)):
            hop = world.quote(exact_in, passing, tokens[i : i + 2], fees[i : i + 1])
            assert hop.prices_after == quote.prices_after[i : i + 1]
            kept *= Fraction(WAD - hop.impact, WAD)
            passing = hop.amount
        assert passing == quote.amount
        assert abs(quote.impact - wad(1 - kept)) <= 3
        assert abs(quote.fee - wad(1 - Fraction(9_995 * 9_975 * 9_900, 10**12))) <= 5
        assert world.execute(exact_in, amount, tokens, fees) == ((amount, quote.amount) if exact_in else (quote.amount, amount))


def test_quote__four_hops_through_parallel_pools__allowed(world: World) -> None:
    a, b = world.tokens[:2]
    for fee in (500, 3_000):
        deep_pool(world, fee)
    world.add_pool(a, b, 10_000).mint(-887_200, 887_200, 1_000 * E18)
    world.add_pair(a, b, 10**21, 10**21)
    quote = world.quote(True, E18, [a, b, a, b, a], [500, PAIR, 3_000, 10_000])
    before = world.balance(a)
    world.execute(True, E18, [a, b, a, b, a], [500, PAIR, 3_000, 10_000])
    assert world.balance(a) == before - E18 + quote.amount


@pytest.mark.parametrize("exact_in", [True, False])
def test_quote__bad_path__reverts(world: World, exact_in: bool) -> None:
    a, b, c, _ = world.tokens
    deep_pool(world)
    world.add_pair(a, b, 10**21, 10**21)
    for tokens, fees in (
        ([], []),
        ([a], []),
        ([a, b], []),
        ([a, b, c], [3_000]),
        ([a, b], [3_000, PAIR]),
        ([a, a], [3_000]),
        ([a, b, b], [3_000, PAIR]),
        # The same pool twice: after the first swap it is another one
        ([a, b, a], [3_000, 3_000]),
        ([a, b, a], [PAIR, PAIR]),
        ([a, b, a, b], [3_000, PAIR, 3_000]),
    ):
        with pytest.raises(QuoteError, match=r"^quoter: path$"):
            world.quote(exact_in, E18, tokens, fees)


@pytest.mark.parametrize("exact_in", [True, False])
def test_quote__no_such_pool__reverts(world: World, exact_in: bool) -> None:
    a, b, c, _ = world.tokens
    deep_pool(world)
    world.add_pool(a, b, 500, price=0)
    nobody = "0x" + "00" * 20
    for tokens, fees in (
        ([a, b], [PAIR]),
        ([a, b], [3_001]),
        ([a, b], [PAIR + 1]),
        ([b, c], [3_000]),
        ([a, b, c], [3_000, PAIR]),
        ([a, nobody], [3_000]),
        # There is one, but it has no price
        ([a, b], [500]),
    ):
        with pytest.raises(QuoteError, match=r"^quoter: no pool$"):
            world.quote(exact_in, E18, tokens, fees)


def test_quote__nothing__reverts(world: World) -> None:
    a, b, c, _ = world.tokens
    deep_pool(world)
    world.add_pair(b, c, 10**21, 10**6)
    for exact_in, amount, tokens, fees in (
        (True, 0, [a, b], [3_000]),
        (False, 0, [a, b], [3_000]),
        (True, 0, [b, c], [PAIR]),
        (False, 0, [b, c], [PAIR]),
        # 1 unit is all fee in the first pool, and a pair gives nothing for 1e14
        (True, 1, [a, b, c], [3_000, PAIR]),
        (True, 10**14, [b, c], [PAIR]),
    ):
        with pytest.raises(QuoteError, match=r"^quoter: zero amount$"):
            world.quote(exact_in, amount, tokens, fees)
        with pytest.raises(Refused):
            world.execute(exact_in, amount, tokens, fees)


def test_quote__more_than_there_is__reverts(world: World) -> None:
    a, b, c, d = world.tokens
    world.add_pool(a, b, 10_000).mint(-887_200, 887_200, 10**21)
    world.add_pair(b, c, 10**21, 10**21)
    world.add_pair(c, d, 0, 0)
    world.add_pool(b, c, 10_000).mint(-200, 200, 10**21)
    most = world.balance(b, world.pools[a, b, 10_000].address)
    for exact_in, amount, tokens, fees in (
        # The range pools' prices end
        (True, 2**180, [a, b], [10_000]),
        (True, 2**180, [b, a], [10_000]),
        (False, most + 1, [a, b], [10_000]),
        (True, 10**21, [b, c], [10_000]),
        (False, 10**20, [b, c], [10_000]),
        (False, 10**20, [c, b], [10_000]),
        # The pair's reserves end, or its word
        (False, 10**21, [b, c], [PAIR]),
        (True, 2**112 - 10**21, [b, c], [PAIR]),
        (False, 10**21 - 1, [b, c], [PAIR]),
        # An empty pair
        (True, E18, [c, d], [PAIR]),
        (False, E18, [c, d], [PAIR]),
    ):
        with world.trial():
            if (exact_in, amount, fees) == (False, 10**21 - 1, [PAIR]):
                # Its input would not fit
                world.add_pair(a, d, 2**111, 10**21)
                tokens = [a, d]
            with pytest.raises(QuoteError, match=r"^quoter: insufficient liquidity$"):
                world.quote(exact_in, amount, tokens, fees)
            with pytest.raises(Refused):
                world.execute(exact_in, amount, tokens, fees)


@pytest.mark.parametrize("exact_in", [True, False])
def test_quote__amount_beyond_a_signed_word__reverts(world: World, exact_in: bool) -> None:
    a, b = world.tokens[:2]
    deep_pool(world)
    world.add_pair(a, b, 10**21, 10**21)
    for fee in (3_000, PAIR):
        for amount in (2**255, 2**256 - 1):
            with pytest.raises(QuoteError, match=r"^quoter: insufficient liquidity$"):
                world.quote(exact_in, amount, [a, b], [fee])


def test_quote__price_at_its_limit__reverts_until_it_turns(world: World) -> None:
    pool = world.add_pool(*world.tokens[:2], 10_000)
    pool.mint(-200, 200, 10**21)
    a, b = world.tokens[:2]
    for path, end in (([a, b], LEAST + 1), ([b, a], TOO_LARGE - 1)):
        with world.trial():
            pool.swap(path == [a, b], 10**22)
            assert pool.slot0[0] == end
            with pytest.raises(QuoteError, match=r"^quoter: insufficient liquidity$"):
                world.quote(True, 1, path, [10_000])
            quote = world.quote(True, E18, path[::-1], [10_000])
            assert world.execute(True, E18, path[::-1], [10_000]) == (E18, quote.amount)
            assert quote.crossed == 1


def test_getters__answer_the_factories(world: World) -> None:
    for name, expected in (("pair_factory()", world.pair_factory), ("range_factory()", world.range_factory)):
        assert world.machine.number_of(world.quoter, name) == int(expected, 16)
