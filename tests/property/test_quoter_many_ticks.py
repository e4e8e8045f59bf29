"""Somebody litters a pool with ticks by the thousand.

QUO-06  however many ticks there are, a quote or a zap is exact or fails for want of steps or gas, never wrong
"""

import pytest

from tests.quoter_world import E18, Pool, QuoteError, World

TICKS = 1_500


@pytest.fixture(scope="module")
def littered() -> tuple[World, Pool]:
    world = World.create(2)
    world.machine.gas = 10**10
    pool = world.add_pool(*world.tokens, 100)
    pool.mint(-887_272, 887_272, E18)
    for tick in range(1, TICKS + 1):
        pool.mint(-tick, tick, 10**15 + tick)
    return world, pool


@pytest.mark.parametrize("zero_for_one", [True, False])
@pytest.mark.parametrize("exact_in", [True, False])
def test_quote__1500_ticks_crossed__equals_execution(littered: tuple[World, Pool], exact_in: bool, zero_for_one: bool) -> None:
    world, pool = littered
    path = world.tokens if zero_for_one else world.tokens[::-1]
    amount = E18 // 2
    quote = world.quote(exact_in, amount, path, [100])
    assert quote.crossed == TICKS
    with world.trial():
        assert world.execute(exact_in, amount, path, [100]) == ((amount, quote.amount) if exact_in else (quote.amount, amount))
        assert pool.slot0[0] == quote.prices_after[0]


def test_zap_in_range__hundreds_of_ticks_on_the_way__ends_where_it_says(littered: tuple[World, Pool]) -> None:
    world, pool = littered
    zero_for_one, amount, price = world.zap_range(pool, -1_300, 1_700, E18 // 2, 0)
    with world.trial():
        swap = pool.swap(zero_for_one, amount)
        assert swap.ticks_crossed > 500
        assert swap.unused == 0
        assert pool.slot0[0] == price


def test_quote__not_enough_gas__fails(littered: tuple[World, Pool]) -> None:
    world, _ = littered
    exact = world.quote(True, E18 // 2, world.tokens, [100])
    gas = world.machine.gas
    try:
        for share in (10**5, 10**6, 5 * 10**6):
            world.machine.gas = share
            with pytest.raises(QuoteError, match=r"^$"):
                world.quote(True, E18 // 2, world.tokens, [100])
    finally:
        world.machine.gas = gas
    assert world.quote(True, E18 // 2, world.tokens, [100]) == exact


def test_quote__more_steps_than_a_block_can_hold__fails_with_its_reason(littered: tuple[World, Pool]) -> None:
    """From one end of all prices to the other there are 6,932 words; with 1,500 ticks on either side of zero that is beyond 9,900 steps."""
    world, pool = littered
    with world.trial():
        for tick in range(5_000, 5_400, 2):
            pool.mint(tick, tick + 1, 10**15)
        pool.swap(False, 10**60)
        for ask in (
            lambda: world.quote(True, 10**60, world.tokens, [100]),
            lambda: world.zap_range(pool, -887_272, -887_271, 2**127, 1),
        ):
            with pytest.raises(QuoteError, match=r"^quoter: too many ticks$"):
                ask()
        # What stays within a few steps is as good as ever
        assert world.quote(True, 10, world.tokens, [100]).amount >= 0
    assert world.quote(True, E18 // 10, world.tokens, [100]).crossed > 0
