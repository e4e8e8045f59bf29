"""plimsoll.reference.range_pool beside our pool and beside Uniswap V3's own (npm @uniswap/v3-core 1.0.1): the same random life, and the
whole state compared.

QUO-03  the reference model is in the contract's state after every life
"""

import random

import pytest

from plimsoll.reference.range_pool import PIPS, Q96, RangePool, RangePoolError, max_liquidity_per_tick, maximum_tick, up
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.quoter_world import LEAST, TOO_LARGE, Pool, World

TIERS = ((0, 1), (50, 16_383), (900_000, 7))
FEES = (0, 50, 100, 500, 3_000, 10_000, 900_000)
LIVES, STEPS = 12, 40


@pytest.mark.parametrize("uniswap", [False, True], ids=["ours", "uniswap"])
def test_range_pool__random_lives__model_ends_in_the_contracts_state(uniswap: bool) -> None:
    world = World.create(2, tiers=TIERS, uniswap=uniswap)
    done = dict.fromkeys(("mint", "burn", "swap", "collect", "flash", "protocol"), 0)
    crossed = 0
    for seed in range(examples(LIVES)):
        rng = random.Random(seed)
        with world.trial():
            pool = random_pool(world, rng, FEES[seed % len(FEES)])
            for _ in range(STEPS):
                kind = rng.choices(list(done), [4, 2, 8, 1, 1, 1])[0]
                try:
                    crossed += step(pool, rng, kind)
                except RangePoolError as error:
                    raise AssertionError(f"{kind} in life {seed}: only the model fails") from error
                done[kind] += 1
            pool.check()
    assert min(done.values()) > LIVES
    assert crossed > 3 * LIVES


def random_pool(world: World, rng: random.Random, fee: int) -> Pool:
    spread = rng.choice([5_000, 200_000, 887_000])
    tick = rng.randint(-spread, spread)
    return world.add_pool(*world.tokens, fee, sqrt_ratio_at_tick(tick))


def random_range(pool: RangePool, rng: random.Random) -> tuple[int, int]:
    spacing, last = pool.spacing, maximum_tick(pool.spacing)
    if rng.random() < 0.15:
        return -last, last
    width = int(10 ** rng.uniform(0, 3.5))
    lower = (pool.tick // spacing + rng.randint(-width, width)) * spacing
    lower = min(max(lower, -last), last - spacing)
    return lower, min(lower + rng.randint(1, width) * spacing, last)


def step(pool: Pool, rng: random.Random, kind: str) -> int:
    """Returns the number of ticks crossed."""
    model = pool.model
    held = [(lower, upper) for (_, lower, upper), position in model.positions.items() if position.liquidity]
    match kind:
        case "mint":
            liquidity = min(int(10 ** rng.uniform(0, rng.choice([8, 20, 30]))), max_liquidity_per_tick(model.spacing) // 100)
            pool.mint(*random_range(model, rng), liquidity)
        case "burn" if held:
            at = rng.choice(held)
            liquidity = model.positions[pool.world.trader, *at].liquidity
            pool.burn(*at, rng.choice([0, 1, liquidity // 2, liquidity]))
        case "collect" if held:
            pool.collect(*rng.choice(held), rng.choice([(2**128 - 1, 2**128 - 1), (1000, 0)]))
        case "flash" if model.liquidity:
            pool.flash(*(rng.randint(0, pool.world.balance(token, pool.address)) for token in pool.world.tokens))
        case "protocol":
            if rng.random() < 0.5:
                pool.set_fee_protocol(*(rng.choice([0, 4, 7, 10]) for _ in range(2)))
            else:
                pool.collect_protocol((2**128 - 1, rng.choice([0, 2**128 - 1])))
        case "swap":
            return swap(pool, rng)
    return 0


def swap(pool: Pool, rng: random.Random) -> int:
    price = pool.model.sqrt_price_x96
    zero_for_one = rng.random() < 0.5
    if price in (LEAST + 1, TOO_LARGE - 1):
        zero_for_one = price > LEAST + 1
    limit = int(price * (0.5 if zero_for_one else 2) ** rng.choice([0.001, 0.1, 1, 8]))
    limit = min(max(limit, LEAST + 1), TOO_LARGE - 1)
    if limit == price:
        return 0
    amount = int(10 ** rng.uniform(0, rng.choice([4, 15, 30])))
    return pool.swap(zero_for_one, rng.choice([1, -1]) * amount, limit).ticks_crossed


@pytest.mark.parametrize("uniswap", [False, True], ids=["ours", "uniswap"])
def test_swap__product_beyond_256_bits__divides_first(uniswap: bool) -> None:
    """Amount times price exceeds a word only where the price falls by a factor of 2**64 in one step, which takes a very wide spacing."""
    world = World.create(2, tiers=TIERS, uniswap=uniswap)
    price, liquidity, amount = 2**160 // 3, 2**121 // 3, 2**103 // 3
    pool = world.add_pool(*world.tokens, 50, price)
    last = maximum_tick(pool.model.spacing)
    pool.mint(-last, last, liquidity)
    net = amount * (PIPS - 50) // PIPS
    assert net * price >= 2**256
    pool.swap(True, amount)
    pool.check()
    # It makes a difference
    exact = up(liquidity * Q96 * price, liquidity * Q96 + net * price)
    assert 0 < abs(pool.model.sqrt_price_x96 - exact) < 2**20
