"""What a zap swaps first: simple cases by hand, small ones by trying everything, and every reason to fail."""

from fractions import Fraction

import pytest

from plimsoll import ranges
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.quoter_world import E18, LEAST, PAIR, Q96, TOO_LARGE, Pool, QuoteError, World

FULL = (-887_220, 887_220)


# ---------------------------------------------------------------- pairs


def minted(world: World, amount0: int, amount1: int, supply: int) -> int:
    """LP tokens for amounts in the only pair, the scarcer one deciding."""
    x, y = world.reserves(next(iter(world.pairs.values())))
    return min(amount0 * supply // x, amount1 * supply // y)


@pytest.mark.parametrize("amounts", [(500, 0), (0, 500), (400, 100), (100, 5_000), (1, 0), (20_000, 0)])
def test_zap_in_pair__small_amounts__no_other_swap_gives_more(world: World, amounts: tuple[int, int]) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 1_000, 5_000)
    zero_for_one, amount = world.zap_pair(a, b, *amounts)
    path = [a, b] if zero_for_one else [b, a]

    def after(swapped: int) -> int:
        with world.trial():
            left = list(amounts)
            if swapped:
                out = world.quote(True, swapped, path, [PAIR]).amount
                assert world.swap_in_pair(*path, swapped, out)
                left[0 if zero_for_one else 1] -= swapped
                left[1 if zero_for_one else 0] += out
            # Against a large supply, so that no rounding of the LP tokens gets in the way
            return minted(world, left[0], left[1], 10**12)

    mine = after(amount)
    # All swaps that could matter: around it, and some of all sizes
    most = amounts[0 if zero_for_one else 1]
    tried = {0, *range(max(amount - 12, 0), min(amount + 13, most)), *range(0, most, max(most // 25, 1))}
    results = [0]
    for swapped in tried:
        try:
            results.append(after(swapped))
        except QuoteError as error:
            assert str(error) == "quoter: zero amount"  # noqa: PT017
    best = max(results)
    # At these sizes one unit of either token is a thousandth
    assert mine >= best - 2 * max(best, 10**12) // 1_000


def test_zap_in_pair__only_one_token_no_fee__square_root(free_world: World) -> None:
    """Without a fee half the growth: sqrt(1 + 21 %) - 1 = 10 %, so of 210 in, 100 are swapped: 1,000 : 5,000 become 1,100 : 4,545.45."""
    a, b = free_world.tokens
    free_world.add_pair(a, b, 1_000 * E18, 5_000 * E18)
    assert free_world.zap_pair(a, b, 210 * E18, 0) == (True, 100 * E18)
    assert free_world.zap_pair(a, b, 0, 1_050 * E18) == (False, 500 * E18)


def test_zap_in_pair__right_ratio__nothing(world: World) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 1_000 * E18, 5_000 * E18)
    assert world.zap_pair(a, b, 3 * E18, 15 * E18) == (False, 0)
    assert world.zap_pair(a, b, 0, 0) == (False, 0)
    # Too little for the pair to give anything
    assert world.zap_pair(a, b, 0, 4) == (False, 0)
    assert world.zap_pair(a, b, 0, 40)[1] > 0


def test_zap_in_pair__empty_pair__nothing(world: World) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 0, 0)
    assert world.zap_pair(a, b, 3 * E18, 1) == (False, 0)


def test_zap_in_pair__more_than_the_pair_can_hold__reverts(world: World) -> None:
    a, b = world.tokens[:2]
    world.add_pair(a, b, 10**21, 10**21)
    most = 2**112 - 1 - 10**21
    for amounts in ((most, 0), (0, most), (most, most), (most, 1)):
        world.zap_pair(a, b, *amounts)
    for amounts in ((most + 1, 0), (0, most + 1), (2**256 - 1, 1)):
        with pytest.raises(QuoteError, match=r"^quoter: insufficient liquidity$"):
            world.zap_pair(a, b, *amounts)


def test_zap_in_pair__bad_tokens__reverts(world: World) -> None:
    a, b, c = world.tokens[:3]
    world.add_pair(a, b, 10**21, 10**21)
    for tokens, reason in (((b, a), "order"), ((a, a), "order"), ((a, c), "no pool")):
        with pytest.raises(QuoteError, match=rf"^quoter: {reason}$"):
            world.zap_pair(*tokens, E18, 0)


# ---------------------------------------------------------------- ranges


def new_pool(world: World, fee: int = 3_000, price: int = Q96) -> Pool:
    pool = world.add_pool(*world.tokens[:2], fee, price)
    pool.mint(*FULL, 1_000 * E18)
    return pool


def deposited(pool: Pool, lower: int, upper: int, amounts: tuple[int, int], zap: tuple[bool, int, int]) -> tuple[int, int]:
    """Swap, deposit, and say what is left."""
    zero_for_one, amount, price = zap
    left = amounts
    if amount:
        swap = pool.swap(zero_for_one, amount)
        assert swap.unused == 0
        left = amounts[0] - swap.amount0, amounts[1] - swap.amount1
    assert pool.slot0[0] == price
    liquidity = ranges.liquidity_for(*left, price, lower, upper)
    used = pool.mint(lower, upper, liquidity)
    return left[0] - used[0], left[1] - used[1]


def test_zap_in_range__full_range_no_fee__square_root(world: World) -> None:
    """As in a pair without a fee: 210 against 1,000 swaps 100."""
    pool = new_pool(world, 0)
    zero_for_one, amount, price = world.zap_range(pool, *FULL, 210 * E18, 0)
    assert zero_for_one
    # The range ends at 1e-19 and 1e19, not at nothing
    assert abs(amount - 100 * E18) < 10 * 10**9
    assert abs(price - Q96 * 10 // 11) < 10**20


@pytest.mark.parametrize("amounts", [(5 * E18, 0), (0, 5 * E18), (3 * E18, 2 * E18), (10**24, 0), (0, 10**24)])
@pytest.mark.parametrize("bounds", [FULL, (-600, 600), (-60, 6_000), (600, 1_200), (-1_200, -600), (-60_000, -59_940)])
def test_zap_in_range__any_side__leaves_units(world: World, amounts: tuple[int, int], bounds: tuple[int, int]) -> None:
    pool = new_pool(world)
    pool.mint(-1_200, 300, 2_000 * E18)
    pool.mint(120, 180, 10**23)
    zap = world.zap_range(pool, *bounds, *amounts)
    left = deposited(pool, *bounds, amounts, zap)
    # The ratio of a narrow range is steep
    assert max(left) <= 10**5 + max(amounts) // 10**15


def test_zap_in_range__what_the_range_takes__nothing(world: World) -> None:
    pool = new_pool(world)
    # Below the price a range takes token1 alone, above it token0
    for bounds, amounts in (((-1_200, -600), (0, E18)), ((600, 1_200), (E18, 0)), ((-600, 600), (0, 0)), ((-1_200, -600), (0, 0))):
        assert world.zap_range(pool, *bounds, *amounts)[1:] == (0, Q96)
    liquidity = 10**24
    exact = ranges.amounts(liquidity, Q96, -600, 600, True)
    assert world.zap_range(pool, -600, 600, *exact)[1] <= 1


def test_zap_in_range__wrong_side_alone__sells_all_while_the_price_stays_outside(world: World) -> None:
    pool = new_pool(world)
    assert world.zap_range(pool, -60_000, -6_000, E18, 7) == (True, E18, pool.model.quote(True, E18)[1])
    assert world.zap_range(pool, 6_000, 60_000, 7, E18) == (False, E18, pool.model.quote(False, E18)[1])


def test_zap_in_range__gap_in_the_liquidity__stops_before_it(world: World) -> None:
    pool = world.add_pool(*world.tokens[:2], 3_000)
    pool.mint(-60, 60, 1_000 * E18)
    pool.mint(-6_000, -3_000, 1_000 * E18)
    # A range that lies in the gap: all of token0 that this side takes is sold, the rest would move the price for nothing
    zero_for_one, amount, price = world.zap_range(pool, -1_200, -600, 100 * E18, E18)
    assert (zero_for_one, price) == (True, sqrt_ratio_at_tick(-60))
    assert amount == pool.model.copy().swap(True, 10**30, sqrt_ratio_at_tick(-60)).paid
    # Beyond the gap: through it
    zap = world.zap_range(pool, -5_400, -4_800, 100 * E18, E18)
    assert zap[2] < sqrt_ratio_at_tick(-3_000)
    assert max(deposited(pool, -5_400, -4_800, (100 * E18, E18), zap)) <= 10**5


def test_zap_in_range__no_liquidity_at_all__nothing(world: World) -> None:
    pool = world.add_pool(*world.tokens[:2], 3_000)
    for amounts, zero_for_one in (((E18, 0), True), ((0, E18), False)):
        assert world.zap_range(pool, -600, 600, *amounts) == (zero_for_one, 0, Q96)


def test_zap_in_range__price_at_its_limit__nothing_that_way(world: World) -> None:
    pool = world.add_pool(*world.tokens[:2], 10_000)
    pool.mint(-200, 200, 1_000 * E18)
    pool.swap(True, 10**22)
    assert pool.slot0[0] == LEAST + 1
    # The lowest range holds even this price, and takes a trace of token1 at it
    lowest = (-887_200, -887_000)
    assert world.zap_range(pool, *lowest, E18, 0) == (False, 0, LEAST + 1)
    with world.trial():
        pool.swap(False, 10**22)
        assert pool.slot0[0] == TOO_LARGE - 1
        # Nobody buys above the highest tick with liquidity
        assert world.zap_range(pool, 887_000, 887_200, E18, E18) == (True, 0, TOO_LARGE - 1)


def test_zap_in_range__lowest_tick__stops_at_the_limit(world: World) -> None:
    """With a spacing of 1 a range reaches to the last price, which no swap does."""
    pool = world.add_pool(*world.tokens[:2], 100, sqrt_ratio_at_tick(-887_272) + 1)
    assert world.zap_range(pool, -887_272, -887_271, 2**127, 1)[1:] == (0, LEAST + 1)


def test_zap_in_range__exactly_to_a_tick__ends_on_it(world: World) -> None:
    """The right price is a tick's: swapping up to it is all, and the closed form is not asked for less."""
    pool = new_pool(world)
    pool.mint(-60, 60, 1_000 * E18)
    swap = pool.model.copy().swap(True, 10**30, sqrt_ratio_at_tick(-60))
    kept = ranges.amounts(10**24, sqrt_ratio_at_tick(-60), -600, 600, True)
    amounts = (kept[0] + swap.paid, kept[1] - swap.received)
    zero_for_one, amount, price = world.zap_range(pool, -600, 600, *amounts)
    assert zero_for_one
    assert abs(amount - swap.paid) <= 3
    assert abs(price - sqrt_ratio_at_tick(-60)) <= Q96 // 10**20


@pytest.mark.parametrize("fee", [0, 999_999])
def test_zap_in_range__no_fee_and_nearly_all_fee__leaves_units(world: World, fee: int) -> None:
    pool = new_pool(world, fee)
    for amounts in ((E18, 0), (0, E18)):
        with world.trial():
            zap = world.zap_range(pool, -6_000, 600, *amounts)
            # What comes out of the swap is a millionth: one unit of it takes a million of the other
            assert max(deposited(pool, -6_000, 600, amounts, zap)) <= (10**7 if fee else 10**5)


def test_zap_in_range__tiny_liquidity_against_large_amounts__exact_or_refused(world: World) -> None:
    pool = world.add_pool(*world.tokens[:2], 3_000)
    pool.mint(*FULL, 1_000)
    amounts = (10**24, 0)
    zap = world.zap_range(pool, -600, 600, *amounts)
    with world.trial():
        # A thousand units of liquidity: a unit moves the price by a thousandth
        left = deposited(pool, -600, 600, amounts, zap)
        assert left[0] > 0
    with pytest.raises(QuoteError, match=r"^quoter: insufficient liquidity$"):
        world.zap_range(pool, -600, 600, 2**127, 0)


def test_zap_in_range__bad_input__reverts(world: World) -> None:
    a, b, c = world.tokens[:3]
    pool = new_pool(world)
    world.add_pair(a, b, 10**21, 10**21)
    world.add_pool(a, b, 500, price=0)
    ask = world.zap_in
    for args, reason in (
        ((b, a, 3_000, -60, 60, 1, 1), "order"),
        ((a, a, 3_000, -60, 60, 1, 1), "order"),
        ((a, b, 3_000, 60, 60, 1, 1), "ticks"),
        ((a, b, 3_000, 60, -60, 1, 1), "ticks"),
        ((a, b, 3_000, -887_273, 60, 1, 1), "ticks"),
        ((a, b, 3_000, -60, 887_273, 1, 1), "ticks"),
        ((a, b, 500, -60, 60, 1, 1), "no pool"),
        ((a, b, 3_001, -60, 60, 1, 1), "no pool"),
        ((a, b, PAIR, -60, 60, 1, 1), "no pool"),
        ((a, c, 3_000, -60, 60, 1, 1), "no pool"),
        ((a, b, 3_000, -60, 60, 2**128, 1), "insufficient liquidity"),
        ((a, b, 3_000, -60, 60, 1, 2**128), "insufficient liquidity"),
    ):
        with pytest.raises(QuoteError, match=rf"^quoter: {reason}$"):
            ask(*args)
    assert ask(a, b, 3_000, -60, 60, 2**128 - 1, 1)[0]
    assert Fraction(pool.slot0[0], Q96) == 1
