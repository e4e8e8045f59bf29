"""Worked examples 9 to 12 of the systems' own documents, on real range pools, quotes and the reference model.

Example 12: price 1.5, 500 + 333.33 in the full range against the same liquidity in 1.0 to 2.0.
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from plimsoll import ranges
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.quoter_world import E18, PAIR, Pool, World

FULL = (-887_220, 887_220)


def units(amount: int | Fraction, digits: int) -> Decimal:
    return round(Decimal(int(amount)) / E18, digits)


def full_range(world: World, amount0: int, amount1: int) -> Pool:
    """A pool without a fee, all of whose liquidity is one full-range position of these amounts."""
    price = ranges.sqrt_price_of(Fraction(amount1, amount0), 18, 18)
    pool = world.add_pool(*world.tokens[:2], 0, price)
    liquidity = ranges.liquidity_for(amount0 * E18, amount1 * E18, price, *FULL)
    used = pool.mint(*FULL, liquidity)
    assert [round(Decimal(x) / E18, 9) for x in used] == [amount0, amount1]
    return pool


def move_price(pool: Pool, price: Fraction) -> None:
    end = ranges.sqrt_price_of(price, 18, 18)
    pool.swap(end < pool.slot0[0], 2**127, end)


def test_example_9__full_range_position__like_the_pair(world: World) -> None:
    """81.65 / 12,247 in the pool, 24,494.9 in all, 2,449.5 withdrawn, 2.0 % below holding."""
    pool = full_range(world, 100, 10_000)
    liquidity = pool.model.liquidity
    opened_at = pool.slot0[0]
    move_price(pool, Fraction(150))
    held = [world.balance(token, pool.address) for token in world.tokens[:2]]
    assert (units(held[0], 2), units(held[1], 0)) == (Decimal("81.65"), 12_247)
    assert units(held[0] * 150 + held[1], 1) == Decimal("24494.9")
    pool.burn(*FULL, liquidity // 10)
    out = pool.position(*FULL).owed
    assert units(out[0] * 150 + out[1], 1) == Decimal("2449.5")
    loss = ranges.impermanent_loss(liquidity, *FULL, opened_at, pool.slot0[0])
    assert round(100 * loss.fraction, 1) == Fraction("2.0")


@pytest.mark.parametrize(
    "times, loss", [("1.25", "0.6"), ("1.5", "2.0"), ("1.75", "3.8"), ("2", "5.7"), ("3", "13.4"), ("4", "20.0"), ("5", "25.5")]
)
def test_example_10__full_range_position__impermanent_loss_in_percent(world: World, times: str, loss: str) -> None:
    pool = full_range(world, 1_000, 1_000)
    liquidity, opened_at = pool.model.liquidity, pool.slot0[0]
    move_price(pool, Fraction(times))
    held = [world.balance(token, pool.address) for token in world.tokens[:2]]
    seen = ranges.loss_against((1_000 * E18, 1_000 * E18), (held[0], held[1]), pool.slot0[0])
    assert round(100 * seen.fraction, 1) == Fraction(loss)
    assert round(100 * ranges.impermanent_loss(liquidity, *FULL, opened_at, pool.slot0[0]).fraction, 1) == Fraction(loss)


@pytest.mark.parametrize("amount, out, price", [(10, "49.5", None), (100, "454.55", "4.13")])
def test_example_11__range_pool_and_pair_quote_the_same(world: World, free_world: World, amount: int, out: str, price: str | None) -> None:
    full_range(world, 1_000, 5_000)
    free_world.add_pair(*free_world.tokens, 1_000 * E18, 5_000 * E18)
    quotes = [
        world.quote(True, amount * E18, world.tokens[:2], [0]),
        free_world.quote(True, amount * E18, free_world.tokens, [PAIR]),
    ]
    for quote in quotes:
        assert units(quote.amount, len(out.split(".")[1])) == Decimal(out)
        if price:
            assert round(ranges.price_of(quote.prices_after[0], 18, 18), 2) == Fraction(price)
    assert abs(quotes[0].impact - quotes[1].impact) < 10**6


def example_12(world: World, fee: int) -> tuple[Pool, tuple[int, int], int]:
    """The pool, the range from 1.0 to 2.0, and the liquidity that both positions have."""
    price = ranges.sqrt_price_of("1.5", 18, 18)
    pool = world.add_pool(*world.tokens[:2], fee, price)
    bounds = ranges.ticks_of_prices(1, 2, pool.model.spacing, 18, 18)
    liquidity = ranges.liquidity_for(1000 * E18 // 3, 500 * E18, price, *FULL)
    return pool, bounds, liquidity


def test_example_12__range_from_1_to_2__needs_91_75_and_44_66(world: World) -> None:
    """158.7 in all, where the full range takes 1,000."""
    pool, bounds, liquidity = example_12(world, 100)
    assert bounds == (0, 6_932)
    full = pool.mint(-887_272, 887_272, liquidity)
    assert (units(full[0], 2), units(full[1], 2)) == (Decimal("333.33"), Decimal("500.00"))
    used = pool.mint(*bounds, liquidity)
    assert (units(used[1], 2), units(used[0], 2)) == (Decimal("91.75"), Decimal("44.66"))
    assert units(used[0] * 3 // 2 + used[1], 1) == Decimal("158.7")
    assert ranges.amounts(liquidity, pool.slot0[0], *bounds, rounded_up=True) == used


def test_example_12__while_the_price_is_inside__equal_fees(world: World) -> None:
    pool, bounds, liquidity = example_12(world, 100)
    for ticks in ((-887_272, 887_272), bounds):
        pool.mint(*ticks, liquidity)

    def fees(ticks: tuple[int, int]) -> tuple[int, int]:
        pool.burn(*ticks, 0)
        return pool.position(*ticks).owed

    for zero_for_one, amount in ((True, 5 * E18), (False, 20 * E18), (True, 30 * E18)):
        pool.swap(zero_for_one, amount)
        assert 0 < pool.slot0[1] < 6_932
    first = fees((-887_272, 887_272))
    assert fees(bounds) == first
    assert min(first) > 0

    # Outside only the full range earns
    move_price(pool, Fraction(9, 10))
    pool.swap(True, E18)
    inside = fees(bounds)
    pool.swap(True, 10 * E18)
    pool.swap(False, 5 * E18)
    assert pool.slot0[1] < 0
    assert fees(bounds) == inside
    assert fees((-887_272, 887_272))[0] > inside[0] > first[0]


def test_example_12__price_at_zero__all_in_one_token(world: World) -> None:
    pool, bounds, liquidity = example_12(world, 10_000)
    whole = (-887_200, 887_200)
    for ticks in (whole, bounds):
        pool.mint(*ticks, liquidity)
    # As good as 0: much nearer the full range would hold more token0 than a position can be owed
    move_price(pool, Fraction(1, 10**30))
    for ticks in (whole, bounds):
        pool.burn(*ticks, liquidity)
        # In fees token0 alone has come
        owed = pool.position(*ticks).owed
        assert owed[0] >= ranges.amounts(liquidity, pool.slot0[0], *ticks)[0] > 44 * E18
        # Of 500 and of 91.75: sqrt(1e-30) of the liquidity, and nothing
        assert owed[1] <= (liquidity // 10**15 if ticks == whole else 0)
    assert ranges.amounts(liquidity, 0, *bounds)[1] == 0
    # The range has bought up to its lower end, and holds L * (1 - 1 / sqrt(2)) of token0
    low, high = (sqrt_ratio_at_tick(tick) for tick in bounds)
    assert ranges.amounts(liquidity, 0, *bounds)[0] == (liquidity * (high - low) << 96) // (high * low)
