"""The arithmetic of range pools against exact integers: products of 512 bits, amounts between prices, steps of a swap.

Each case has sizes of its own, from one bit to all of them, so that every short way and every fallback is taken.
"""

import random
from collections.abc import Iterator

import pytest

from plimsoll.reference.range_pool import Step, amount0_between, amount1_between, swap_step
from tests.depth import examples
from tests.revm import Machine, Outcome, call_data, vyper_code

OWNER = "0x" + "0e" * 20
LOWEST, HIGHEST = 4295128739, 1461446703485210103287273052203988822378723970342
MAX = 2**256 - 1
FEES = (0, 1, 100, 500, 3_000, 10_000, 500_000, 999_999)


class Harness:
    def __init__(self) -> None:
        self.machine = Machine(OWNER, 1_700_000_000)
        self.address = self.machine.deploy(vyper_code("testing/SwapMathHarness.vy"))

    def call(self, signature: str, *words: int) -> Outcome:
        return self.machine.send(OWNER, self.address, call_data(signature, *(w % 2**256 for w in words)))


@pytest.fixture(scope="module")
def harness() -> Harness:
    return Harness()


def numbers(outcome: Outcome) -> list[int]:
    return [int.from_bytes(outcome.data[i : i + 32], "big") for i in range(0, len(outcome.data), 32)]


def sized(rng: random.Random, bits: int) -> int:
    """As likely short as long; now and then a power of two or beside one."""
    n = rng.getrandbits(rng.randint(1, bits))
    if rng.random() < 0.2:
        n = (1 << rng.randint(0, bits - 1)) + rng.choice([-1, 0, 1])
    return max(0, min(n, 2**bits - 1))


def prices(rng: random.Random) -> tuple[int, int]:
    lower = min(max(sized(rng, 160), LOWEST), HIGHEST - 2)
    upper = min(lower + 1 + sized(rng, 160), HIGHEST - 1)
    return (lower, upper) if rng.random() < 0.9 else (LOWEST, HIGHEST - 1)


def products(rng: random.Random) -> Iterator[tuple[int, int, int]]:
    yield from [
        (MAX, MAX, MAX),
        (MAX, MAX, MAX - 1),
        (MAX, 1, 1),
        (2**255, 2, 1),
        (2**128, 2**128, 2**128),
        (0, MAX, 1),
        (MAX, 0, 1),
        (1, 1, 0),
        (MAX, MAX, 0),
        # the quotient is the last one, and rounding up has nowhere to go
        (535006138814359, 432862656469423142931042426214547535783388063929571229938474969, 2),
        # the longest digits of the short way, a quotient on either side of its bound
        (2**191 - 1, 2**128 - 1, 2**191 - 1),
        (2**191 - 1, 2**128 - 1, 1),
        (2**191 - 1, 2**128 - 1, 2**62),
        (2**191 - 1, 2**128 - 1, 2**64),
        (2**191 - 1, 2**65, 3),
        (2**190, 2**67, 2),
    ]
    while True:
        bits = rng.choice([(256, 256, 256), (191, 128, 191), (192, 129, 192), (224, 160, 256)])
        a, b, divisor = (sized(rng, n) for n in bits)
        yield a, b, divisor


def test_mul_div__any_numbers__is_exact_or_reverts(harness: Harness) -> None:
    rng = random.Random("mul_div")
    cases = products(rng)
    for _ in range(examples(6_000)):
        a, b, divisor = next(cases)
        for rounded_up in (False, True):
            expected = None if divisor == 0 else -(-a * b // divisor) if rounded_up else a * b // divisor
            outcome = harness.call("mul_div(uint256,uint256,uint256,bool)", a, b, divisor, rounded_up)
            if expected is None or expected > MAX:
                assert not outcome.success, (a, b, divisor, rounded_up)
                assert outcome.data == b""
            else:
                assert outcome.success, (a, b, divisor, rounded_up)
                assert numbers(outcome) == [expected], (a, b, divisor, rounded_up)


def test_amounts__any_prices_and_liquidity__are_exact(harness: Harness) -> None:
    rng = random.Random("amounts")
    for _ in range(examples(4_000)):
        lower, upper = prices(rng)
        liquidity = sized(rng, 128)
        down0, up0, least0, down1, up1 = numbers(harness.call("amounts(uint256,uint256,uint256)", lower, upper, liquidity))
        case = (lower, upper, liquidity)
        assert down0 == amount0_between(lower, upper, liquidity, False), case
        assert up0 == amount0_between(lower, upper, liquidity, True), case
        assert down1 == amount1_between(lower, upper, liquidity, False), case
        assert up1 == amount1_between(lower, upper, liquidity, True), case
        assert least0 <= up0, case
        # Close enough to decide nearly every step
        if (upper - lower) >> 128 == 0 and liquidity * (upper - lower) >= upper << 30:
            assert (up0 - least0) * 2**28 <= up0 + 2**28, case


def test_step__any_state_and_amount__equals_the_model(harness: Harness) -> None:
    rng = random.Random("step")
    for _ in range(examples(8_000)):
        lower, upper = prices(rng)
        price, target = (lower, upper) if rng.random() < 0.5 else (upper, lower)
        liquidity = sized(rng, 128)
        fee = rng.choice(FEES)
        remaining = sized(rng, 255)
        if rng.random() < 0.4:
            # beside what takes the price just there
            zero_for_one = price > target
            exact = amount0_between(lower, upper, liquidity, True) if zero_for_one else amount1_between(lower, upper, liquidity, True)
            remaining = max(1, exact * 1_000_000 // (1_000_000 - fee) + rng.randint(-2, 2)) % 2**255
        remaining = max(1, remaining)
        if rng.random() < 0.4:
            remaining = -remaining
        expected = swap_step(price, target, liquidity, remaining, fee)
        outcome = harness.call("step(uint256,uint256,uint256,int256,uint256)", price, target, liquidity, remaining, fee)
        case = (price, target, liquidity, remaining, fee)
        assert outcome.success, case
        assert Step(*numbers(outcome)) == expected, case
