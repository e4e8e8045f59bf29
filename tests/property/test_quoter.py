"""The quoter beside execution and beside the reference models, over random pools, pairs and paths.

QUO-01  a quote is what the swaps give and take, to the wei: exact in, exact out, any path
QUO-02  a quote fails exactly where the swaps would fail or leave part of the amount unused
QUO-03  prices after, crossed ticks, fees and price impact are the reference models'
QUO-04  a zap's swap ends where it says, and what the deposit leaves of either token is rounding
QUO-05  swapping there and back never gains
"""

import random
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import pytest

from plimsoll import ranges
from plimsoll.reference import pair as pair_model
from plimsoll.reference.range_pool import RangePool, RangePoolError, max_liquidity_per_tick, maximum_tick
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.quoter_world import PAIR, Pool, QuoteError, Refused, World, in_order

WORLDS, PATHS, ZAPS = 14, 20, 100
TIERS = ((0, 1), (50, 16_383), (900_000, 7))
FEES = [0, 50, 500, 3_000, 10_000, 900_000, 100]
WAD = 10**18
BPS = 10_000


@pytest.fixture(scope="module")
def base() -> World:
    world = World.create(3, tiers=TIERS)
    # Thousands of empty words, where the ticks lie next to each other
    world.machine.gas = 10**9
    return world


# ---------------------------------------------------------------- worlds


def furnish(world: World, rng: random.Random, rough: bool) -> None:
    """Pools and pairs between three tokens. `rough`: anything goes; otherwise deep pools at sober prices."""
    a, b, c = world.tokens
    spread = rng.choice([1_000, 50_000, 880_000]) if rough else 120_000
    for token0, token1, count in ((a, b, 2), (b, c, 1), (a, c, 1)):
        # With a spacing of 1 a walk to the end of all prices takes thousands of steps: only now and then
        for fee in rng.sample(FEES[1:-1] if rough and rng.random() < 0.9 else [0, 100, 500, 3_000, 10_000], count):
            pool = world.add_pool(token0, token1, fee, sqrt_ratio_at_tick(rng.randint(-spread, spread)))
            fill(pool, rng, rough)
    for token0, token1 in ((a, b), (b, c)):
        digits = [rng.uniform(4, 33) if rough else rng.uniform(15, 27) for _ in range(2)]
        world.add_pair(token0, token1, *(int(10**x) for x in digits))


def fill(pool: Pool, rng: random.Random, rough: bool) -> None:
    model = pool.model
    spacing, last = model.spacing, maximum_tick(model.spacing)
    most = max_liquidity_per_tick(spacing) // 20
    if not rough:
        pool.mint(-last, last, min(int(10 ** rng.uniform(18, 24)), most))
    for _ in range(rng.randint(0, 12)):
        width = int(10 ** rng.uniform(0, 3))
        lower = (model.tick // spacing + rng.randint(-width, width)) * spacing
        lower = min(max(lower, -last), last - spacing)
        upper = min(lower + rng.randint(1, width) * spacing, last)
        pool.mint(lower, upper, min(int(10 ** rng.uniform(*(0, rng.choice([9, 20, 30])) if rough else (18, 25))), most))


def random_path(world: World, rng: random.Random) -> tuple[list[str], list[int]]:
    """One to four hops, no pool twice."""
    edges = [(*key[:2], key[2]) for key in world.pools] + [(*key, PAIR) for key in world.pairs]
    tokens, fees = [rng.choice(world.tokens)], []
    for _ in range(rng.choice([1, 1, 2, 2, 3, 4])):
        ways = [edge for edge in edges if tokens[-1] in edge[:2]]
        if not ways:
            break
        edge = rng.choice(ways)
        edges.remove(edge)
        tokens.append(edge[1] if edge[0] == tokens[-1] else edge[0])
        fees.append(edge[2])
    return tokens, fees


# ---------------------------------------------------------------- what the models say


@dataclass
class Expected:
    amount: int
    prices_after: list[int]
    kept: Fraction
    fee_kept: Fraction
    crossed: int


class Fails(Exception):
    """With the quoter's reason."""


def sqrt_of(reserve0: int, reserve1: int) -> int:
    if reserve1 >= reserve0 << 64:
        return isqrt((reserve1 << 128) // reserve0) << 32
    return isqrt((reserve1 << 192) // reserve0)


def expected(world: World, exact_in: bool, amount: int, tokens: list[str], fees: list[int]) -> Expected:
    hops = list(zip(tokens, tokens[1:], fees, strict=False))
    said = Expected(amount, [], Fraction(1), Fraction(1), 0)
    for token_in, token_out, fee in hops if exact_in else reversed(hops):
        if said.amount == 0:
            raise Fails("zero amount")
        key = in_order(token_in, token_out)
        hop = range_hop if fee != PAIR else pair_hop
        amount_in, amount_out, net, price, after, crossed = hop(world, key, fee, token_in == key[0], exact_in, said.amount)
        said.amount = amount_out if exact_in else amount_in
        said.prices_after.insert(len(said.prices_after) if exact_in else 0, after)
        said.fee_kept *= net / amount_in
        said.kept *= amount_out / (net * price) if net else 1
        said.crossed += crossed
    return said


Hop = tuple[int, int, Fraction, Fraction, int, int]


def range_hop(world: World, key: tuple[str, str], fee: int, zero_for_one: bool, exact_in: bool, amount: int) -> Hop:
    model = world.pools[*key, fee].model
    before = Fraction(model.sqrt_price_x96, 2**96) ** 2
    try:
        swap, after = model.quote(zero_for_one, amount if exact_in else -amount)
    except RangePoolError as error:
        raise Fails("insufficient liquidity") from error
    price = before if zero_for_one else 1 / before
    return swap.paid, swap.received, Fraction(swap.paid - swap.fee), price, after, swap.ticks_crossed


def pair_hop(world: World, key: tuple[str, str], fee: int, zero_for_one: bool, exact_in: bool, amount: int) -> Hop:
    reserves = world.reserves(world.pairs[key])
    x, y = reserves if zero_for_one else reserves[::-1]
    kept = BPS - world.fee_bps
    if exact_in:
        if x + amount >= 2**112:
            raise Fails("insufficient liquidity")
        amount_in, amount_out = amount, pair_model.Pair(world.fee_bps, reserve0=x, reserve1=y).amount_out(amount)
        if amount_out == 0:
            raise Fails("zero amount")
    else:
        if amount >= y:
            raise Fails("insufficient liquidity")
        amount_in, amount_out = x * amount * BPS // ((y - amount) * kept) + 1, amount
        if x + amount_in >= 2**112:
            raise Fails("insufficient liquidity")
    after = (x + amount_in, y - amount_out)
    price_after = sqrt_of(*(after if zero_for_one else after[::-1]))
    return amount_in, amount_out, Fraction(amount_in * kept, BPS), Fraction(y, x), price_after, 0


def rounded_up(kept: Fraction, shown: int, hops: int) -> bool:
    """`shown` is 1 - kept of 1e18, rounded up; at most by 3 for each hop."""
    exact = (1 - kept) * WAD
    return exact <= shown <= exact + 3 * hops


# ---------------------------------------------------------------- quotes


@pytest.mark.parametrize("rough", [False, True], ids=["deep", "rough"])
def test_quote__random_paths__equals_execution_and_models(base: World, rough: bool) -> None:
    seen = {"quoted": 0, "failed": 0, "crossed": 0, "hops": 0}
    for seed in range(examples(WORLDS)):
        rng = random.Random(f"quotes {rough} {seed}")
        with base.trial():
            furnish(base, rng, rough)
            for _ in range(PATHS):
                check_quote(base, rng, rough, seen)
    assert seen["quoted"] > examples(WORLDS) * PATHS // 4
    assert seen["failed"] > 5
    assert seen["crossed"] > seen["quoted"] // 4
    assert seen["hops"] > seen["quoted"] * 3 // 2


def check_quote(world: World, rng: random.Random, rough: bool, seen: dict[str, int]) -> None:
    tokens, fees = random_path(world, rng)
    exact_in = rng.random() < 0.5
    amount = int(10 ** rng.uniform(0, rng.choice([6, 20, 26 if not rough else 40])))
    where = f"{'in' if exact_in else 'out'} {amount} {fees}"
    try:
        said = expected(world, exact_in, amount, tokens, fees)
    except Fails as reason:
        with pytest.raises(QuoteError, match=rf"^quoter: {reason}$"):
            world.quote(exact_in, amount, tokens, fees)
        with world.trial(), pytest.raises(Refused):
            world.execute(exact_in, amount, tokens, fees)
        seen["failed"] += 1
        return
    quote = world.quote(exact_in, amount, tokens, fees)
    assert quote.amount == said.amount, where
    assert list(quote.prices_after) == said.prices_after, where
    assert quote.crossed == said.crossed, where
    assert rounded_up(said.fee_kept, quote.fee, len(fees)), where
    assert rounded_up(said.kept, quote.impact, len(fees)), where
    with world.trial():
        paid, received = world.execute(exact_in, amount, tokens, fees)
        if tokens[0] == tokens[-1]:
            # A round through different pools: both ends are one balance
            assert paid == -received
        else:
            assert (paid, received) == ((amount, quote.amount) if exact_in else (quote.amount, amount)), where
        for i, fee in enumerate(fees):
            if fee != PAIR:
                pool = world.pools[*in_order(tokens[i], tokens[i + 1]), fee]
                assert pool.slot0[0] == quote.prices_after[i], where
    seen["quoted"] += 1
    seen["crossed"] += quote.crossed
    seen["hops"] += len(fees)


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("rough", [False, True], ids=["deep", "rough"])
def test_swaps__there_and_back__never_gain(base: World, rough: bool) -> None:
    returned = 0
    for seed in range(examples(WORLDS)):
        rng = random.Random(f"back {rough} {seed}")
        with base.trial():
            furnish(base, rng, rough)
            for _ in range(10):
                returned += go_and_return(base, rng)
    assert returned > WORLDS


def go_and_return(world: World, rng: random.Random) -> bool:
    tokens, fees = random_path(world, rng)
    if tokens[0] == tokens[-1]:
        return False
    exact_in = rng.random() < 0.5
    amount = int(10 ** rng.uniform(0, 24))
    try:
        quote = world.quote(exact_in, amount, tokens, fees)
    except QuoteError:
        return False
    held = [world.balance(token) for token in world.tokens]
    with world.trial():
        world.execute(exact_in, amount, tokens, fees)
        try:
            world.quote(True, quote.amount if exact_in else amount, tokens[::-1], fees[::-1])
        except QuoteError:
            return False
        world.execute(True, quote.amount if exact_in else amount, tokens[::-1], fees[::-1])
        assert all(now <= before for now, before in zip([world.balance(token) for token in world.tokens], held, strict=True))
    return True


# ---------------------------------------------------------------- zaps


def random_amounts(rng: random.Random, digits: tuple[int, int]) -> tuple[int, int]:
    amounts = [int(10 ** rng.uniform(*digits)) for _ in range(2)]
    if rng.random() < 0.4:
        amounts[rng.randint(0, 1)] = 0
    return amounts[0], amounts[1]


def test_zap_in_range__deep_pools__leaves_rounding(base: World) -> None:
    swapped = crossed = 0
    for seed in range(examples(ZAPS)):
        rng = random.Random(f"zap {seed}")
        with base.trial():
            fee = rng.choice([0, 100, 500, 3_000, 10_000])
            pool = base.add_pool(*base.tokens[:2], fee, sqrt_ratio_at_tick(rng.randint(-120_000, 120_000)) + rng.randint(0, 10**6))
            fill(pool, rng, False)
            for _ in range(5):
                spacing, last = pool.model.spacing, maximum_tick(pool.model.spacing)
                width = int(10 ** rng.uniform(0, 4))
                lower = min(max((pool.model.tick // spacing + rng.randint(-width, width)) * spacing, -last), last - spacing)
                upper = last if rng.random() < 0.1 else min(lower + rng.randint(1, width) * spacing, last)
                done = check_zap(base, pool, lower, upper, *random_amounts(rng, (9, 25)))
                swapped += done is not None
                crossed += done or 0
    assert swapped > examples(ZAPS)
    assert crossed > examples(ZAPS)


def check_zap(world: World, pool: Pool, lower: int, upper: int, amount0: int, amount1: int) -> int | None:
    """Returns how many ticks were crossed."""
    zero_for_one, amount, price_after = world.zap_range(pool, lower, upper, amount0, amount1)
    before = pool.model.copy()
    crossed = None
    with world.trial():
        left = [amount0, amount1]
        if amount:
            swap = pool.swap(zero_for_one, amount)
            assert swap.unused == 0
            left, crossed = [amount0 - swap.amount0, amount1 - swap.amount1], swap.ticks_crossed
        assert min(left) >= 0
        price = pool.slot0[0]
        assert price == price_after
        liquidity = ranges.liquidity_for(*left, price, lower, upper)
        if liquidity:
            used = pool.mint(lower, upper, min(liquidity, max_liquidity_per_tick(pool.model.spacing) // 4))
            assert all(need <= have for need, have in zip(used, left, strict=True))

    # The right amount lies within a few units of this one, of either token
    worth = Fraction(price, 2**96) ** 2
    units = 3 + 3 * int(1 / worth if zero_for_one else worth)
    sign = 1 if zero_for_one else -1
    if amount > units:
        assert sign * surplus(before, zero_for_one, amount - units, (amount0, amount1), lower, upper) > 0
    if amount + units <= (amount0 if zero_for_one else amount1):
        assert sign * surplus(before, zero_for_one, amount + units, (amount0, amount1), lower, upper) <= 0
    return crossed


def surplus(before: RangePool, zero_for_one: bool, amount: int, amounts: tuple[int, int], lower: int, upper: int) -> int:
    """After a swap, is there more token0 than the range takes with all of token1 (above 0), or less?"""
    pool = before.copy()
    swap = pool.swap(zero_for_one, amount)
    amount0, amount1 = amounts[0] - swap.amount0, amounts[1] - swap.amount1
    low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
    inside = min(max(pool.sqrt_price_x96, low), high)
    # amount0 / (1 / inside - 1 / high) - amount1 / (inside - low), times what makes it whole
    return amount0 * (inside - low) * inside * high - amount1 * (high - inside) * 2**192


def test_zap_in_range__rough_pools__ends_where_it_says(base: World) -> None:
    done, refused = 0, Counter[str]()
    for seed in range(examples(ZAPS)):
        rng = random.Random(f"rough zap {seed}")
        with base.trial():
            pool = base.add_pool(*base.tokens[:2], rng.choice(FEES), sqrt_ratio_at_tick(rng.randint(-880_000, 880_000)))
            fill(pool, rng, True)
            spacing, last = pool.model.spacing, maximum_tick(pool.model.spacing)
            for _ in range(4):
                lower = min(max((pool.model.tick // spacing + rng.randint(-900, 900)) * spacing, -last), last - spacing)
                upper = rng.choice([last, min(lower + rng.randint(1, 2_000) * spacing, last)])
                amounts = random_amounts(rng, (0, 30))
                try:
                    zero_for_one, amount, price = base.zap_range(pool, lower, upper, *amounts)
                except QuoteError as error:
                    refused[str(error)] += 1
                    continue
                assert amount <= amounts[0 if zero_for_one else 1]
                within_the_range(pool.model, zero_for_one, amount, lower, upper)
                with base.trial():
                    if amount:
                        assert pool.swap(zero_for_one, amount).unused == 0
                    assert pool.slot0[0] == price
                done += 1
    assert done > examples(ZAPS) * 2
    # Amounts that are 2**96 times what there is; more than 2**128 on the way
    assert set(refused) <= {"quoter: insufficient liquidity", ""}
    assert refused[""] <= refused.total() // 4


def within_the_range(before: RangePool, zero_for_one: bool, amount: int, lower: int, upper: int) -> None:
    """The zap does not swap beyond the range, but for the units by which each step rounds up."""
    pool = before.copy()
    if amount > 100:
        pool.swap(zero_for_one, amount - 100)
        assert pool.sqrt_price_x96 >= sqrt_ratio_at_tick(lower) if zero_for_one else pool.sqrt_price_x96 <= sqrt_ratio_at_tick(upper)


def test_zap_in_pair__random_pairs__leaves_rounding(base: World) -> None:
    token0, token1 = base.tokens[:2]
    swapped = 0
    for seed in range(examples(ZAPS)):
        rng = random.Random(f"pair zap {seed}")
        with base.trial():
            pair = base.add_pair(token0, token1, *(int(10 ** rng.uniform(4, 30)) for _ in range(2)))
            amounts = random_amounts(rng, (0, 32))
            before = base.reserves(pair)
            zero_for_one, amount = base.zap_pair(token0, token1, *amounts)
            left = list(amounts)
            if amount:
                swapped += 1
                path = [token0, token1] if zero_for_one else [token1, token0]
                paid, received = base.execute(True, amount, path, [PAIR])
                left[0 if zero_for_one else 1] -= paid
                left[1 if zero_for_one else 0] += received
            # The right amount is this one or the next: what is left of one token against the reserves after the swap, as for the other one
            x, y = base.reserves(pair)
            unit = sum(left) + x + y
            side = 1 if zero_for_one else -1
            assert side * (left[0] * y - left[1] * x) >= -unit
            if amount:
                more = amount + 2
                x, y, a, b = (before[0], before[1], *amounts) if zero_for_one else (before[1], before[0], *amounts[::-1])
                out = pair_model.Pair(base.fee_bps, reserve0=x, reserve1=y).amount_out(more)
                assert (a - more) * (y - out) - (b + out) * (x + more) <= unit
    assert swapped > examples(ZAPS) // 2
