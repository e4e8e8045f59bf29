"""Each function of a range pool against the exact-integer model: answer, state, balances. (RNG-01, RNG-03, RNG-07)"""

from typing import Any

import boa
import pytest
from eth_utils import keccak

from plimsoll.reference.range_pool import RangePool, amount0_between, amount1_between, swap_step
from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.conftest import load
from tests.pair_world import START
from tests.range_world import MAX_128, Q96, RangeWorld, plan

E18 = 10**18
BELOW, INSIDE, ABOVE, FULL = (-1_200, -600), (-600, 600), (600, 1_800), (-887_220, 887_220)


class Twins:
    """The contract and the model, told the same."""

    def __init__(self, world: RangeWorld, owner: Any) -> None:
        self.world, self.owner = world, owner
        self.model = RangePool(3_000, 60)
        self.model.initialize(Q96)

    def words(self, answer: bytes) -> tuple[int, int]:
        first, second = (int.from_bytes(answer[i : i + 32], "big", signed=True) for i in (0, 32))
        return first, second

    def mint(self, ends: tuple[int, int], liquidity: int) -> None:
        assert self.words(self.world.mint(*ends, liquidity)) == self.model.mint("callee", *ends, liquidity)
        self.check()

    def burn(self, ends: tuple[int, int], liquidity: int) -> None:
        assert self.words(self.world.call("burn", *ends, liquidity)) == self.model.burn("callee", *ends, liquidity)
        self.check()

    def collect(self, ends: tuple[int, int], requested: tuple[int, int] = (MAX_128, MAX_128)) -> None:
        receiver = boa.env.generate_address()
        answer = self.world.call("collect", receiver, *ends, *requested)
        assert self.words(answer) == self.model.collect("callee", *ends, requested)
        assert self.words(answer) == (self.world.token0.balanceOf(receiver), self.world.token1.balanceOf(receiver))
        self.check()

    def swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> None:
        answer = self.words(self.world.swap(zero_for_one, amount, limit))
        done = self.model.swap(zero_for_one, amount, limit)
        expected = (done.paid, -done.received)
        assert answer == (expected if zero_for_one else expected[::-1])
        self.check()

    def flash(self, amounts: tuple[int, int], beyond: tuple[int, int]) -> None:
        fees = self.model.flash_fees(*amounts)
        paid = (fees[0] + beyond[0], fees[1] + beyond[1])
        back = plan(amounts[0] + beyond[0], amounts[1] + beyond[1])
        self.world.call("flash", self.world.callee, *amounts, back)
        self.model.flash(*amounts, *paid)
        self.check()

    def share(self, share0: int, share1: int) -> None:
        with boa.env.prank(self.owner):
            self.world.pool.setFeeProtocol(share0, share1)
        self.model.set_fee_protocol(share0, share1)
        self.check()

    def collect_protocol(self, requested: tuple[int, int]) -> None:
        receiver = boa.env.generate_address()
        with boa.env.prank(self.owner):
            answer = tuple(self.world.pool.collectProtocol(receiver, *requested))
        assert answer == self.model.collect_protocol(requested)
        assert answer == (self.world.token0.balanceOf(receiver), self.world.token1.balanceOf(receiver))
        self.check()

    def check(self) -> None:
        pool, model = self.world.pool, self.model
        slot0 = pool.slot0()
        assert (slot0[0], slot0[1], pool.liquidity()) == (model.sqrt_price_x96, model.tick, model.liquidity)
        assert (pool.feeGrowthGlobal0X128(), pool.feeGrowthGlobal1X128()) == model.fee_growth
        assert (slot0[5] % 16, slot0[5] >> 4) == model.fee_protocol
        assert tuple(pool.protocolFees()) == model.protocol_fees
        for tick, info in model.ticks.items():
            assert tuple(pool.ticks(tick))[:4] == (info.gross, info.net, *info.fee_growth_outside)
            assert pool.tickBitmap(tick // 60 >> 8) >> (tick // 60 & 255) & 1
        owner = bytes.fromhex(self.world.callee.address[2:])
        for (_, lower, upper), position in model.positions.items():
            key = keccak(owner + lower.to_bytes(3, "big", signed=True) + upper.to_bytes(3, "big", signed=True))
            assert tuple(pool.positions(key)) == (position.liquidity, *position.fee_growth_inside_last, *position.owed)


@pytest.fixture
def twins(owner: Any, new_token: Any) -> Twins:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"))
    world.fund(10**40)
    return Twins(world, owner)


def test_life__deposits_swaps_flashes_and_fees__are_the_models(twins: Twins) -> None:
    for ends, liquidity in ((FULL, 500 * E18), (INSIDE, 1_000 * E18), (BELOW, 2_000 * E18), (ABOVE, 2_000 * E18)):
        twins.mint(ends, liquidity)
    twins.share(4, 10)
    # within a tick's reach, across ticks, exact output, and to a limit; down and up
    for amount in (5 * E18, 70 * E18, -20 * E18, -90 * E18):
        for zero_for_one in (True, False):
            twins.world.wait(12)
            twins.swap(zero_for_one, amount)
    twins.swap(True, 10**30, sqrt_ratio_at_tick(-2_000))
    twins.swap(False, 10**30, sqrt_ratio_at_tick(2_500))
    twins.flash((10 * E18, 7 * E18), (0, 0))
    twins.flash((0, 3 * E18), (5, 7))
    twins.share(0, 0)
    twins.flash((E18, 0), (1, 1))
    twins.collect_protocol((MAX_128, 10**9))
    twins.collect_protocol((0, MAX_128))
    twins.collect_protocol((MAX_128, MAX_128))
    twins.swap(True, 10**30, sqrt_ratio_at_tick(10))
    for ends, liquidity in ((FULL, 500 * E18), (INSIDE, 1_000 * E18), (BELOW, 2_000 * E18), (ABOVE, 2_000 * E18)):
        twins.burn(ends, 0)
        twins.collect(ends, (1, 10**6))
        twins.burn(ends, liquidity)
        twins.collect(ends)
    assert twins.world.pool.liquidity() == 0
    # what rounding has left, and the unit of each token that stays for the protocol
    assert all(token.balanceOf(twins.world.pool) < 100 for token in (twins.world.token0, twins.world.token1))


def test_observe__moments_in_a_grown_ring__lie_on_the_line(twins: Twins) -> None:
    world, pool = twins.world, twins.world.pool
    pool.increaseObservationCardinalityNext(5)
    assert pool.slot0()[3:5] == (1, 5)
    # shrinking is a change of nothing
    pool.increaseObservationCardinalityNext(2)
    assert pool.slot0()[4] == 5
    world.mint(*FULL, 2**70)
    history: list[tuple[int, int]] = [(START, 0)]
    tick_before = 0
    for i in range(9):
        world.wait(20 + i)
        now = boa.env.evm.patch.timestamp
        history.append((now, history[-1][1] + tick_before * (now - history[-1][0])))
        world.swap(i % 2 == 0, E18 * (i + 1))
        tick_before = pool.slot0()[1]
    world.wait(33)
    now = boa.env.evm.patch.timestamp
    assert pool.slot0()[3:5] == (5, 5)
    # the ring holds the last five
    times = [at for at, _ in history[-5:]]
    answers = pool.observe([0, 33, *(now - at for at in times)])
    assert answers[0][2:] == [tick_sum for _, tick_sum in history[-5:]]
    assert answers[0][1] == history[-1][1]
    assert answers[0][0] == history[-1][1] + 33 * tick_before
    assert answers[1][0] - answers[1][1] == (33 << 128) // 2**70
    # between two of them: from the older one on, the mean cut toward zero
    (t0, sum0), (t1, sum1) = history[-4], history[-3]
    middle = pool.observe([now - t0 - 7])[0][0]
    mean = abs(sum1 - sum0) // (t1 - t0) * (1 if sum1 >= sum0 else -1)
    assert middle == sum0 + 7 * mean
    with boa.reverts("OLD"):
        pool.observe([now - times[0] + 1])


def test_snapshot__seconds_inside__are_those_of_the_price(twins: Twins) -> None:
    world, pool = twins.world, twins.world.pool
    for ends in (FULL, INSIDE, BELOW, ABOVE):
        world.mint(*ends, 10**21)
    before = {ends: pool.snapshotCumulativesInside(*ends) for ends in (INSIDE, BELOW, ABOVE)}
    world.wait(100)
    world.swap(True, 10**30, sqrt_ratio_at_tick(-900))
    world.wait(30)
    world.swap(False, 10**30, sqrt_ratio_at_tick(900))
    world.wait(7)
    inside = {ends: pool.snapshotCumulativesInside(*ends) for ends in (INSIDE, BELOW, ABOVE)}
    seconds = {ends: (inside[ends][2] - before[ends][2]) % 2**32 for ends in inside}
    ticks = {ends: inside[ends][0] - before[ends][0] for ends in inside}
    assert seconds == {INSIDE: 100, BELOW: 30, ABOVE: 7}
    assert ticks == {INSIDE: 0, BELOW: 30 * -900, ABOVE: 7 * 900}


def test_arithmetic__each_way__is_exact() -> None:
    """One case for each branch; thousands of them run in tests/property/test_swap_math.py."""
    maths = load("testing/SwapMathHarness.vy").deploy()
    lowest, highest = 4295128739, 1461446703485210103287273052203988822378723970342
    for a, b, c in ((7, 9, 4), (2**180, 2**100 + 1, 2**150 + 3), (2**190, 2**127, 2**70), (2**255, 2**200 + 1, 2**210 - 1)):
        assert maths.mul_div(a, b, c, False) == a * b // c
        assert maths.mul_div(a, b, c, True) == -(-a * b // c)
    for lower, upper, liquidity in ((Q96, 2 * Q96, 10**20), (lowest, highest - 1, 2**127), (2**100, highest - 1, 2**100)):
        answer = maths.amounts(lower, upper, liquidity)
        zero = [amount0_between(lower, upper, liquidity, up) for up in (False, True)]
        one = [amount1_between(lower, upper, liquidity, up) for up in (False, True)]
        assert [*answer[:2], *answer[3:]] == zero + one
        assert answer[2] <= answer[1]
    for price, target, liquidity, remaining, fee in (
        (lowest, highest - 1, 2**127, 2**254, 3_000),
        (highest - 1, lowest, 2**127, 2**250, 3_000),
        (highest - 1, lowest, 2**60, 2**200, 0),
        (lowest, highest - 1, 2**127, -(2**180), 999_999),
        (highest - 1, lowest, 2**127, -(2**190), 500),
        (highest - 1, lowest, 2**127, -(2**100), 500),
        (lowest, highest - 1, 2**127, 2**190, 500),
        (lowest, 2 * lowest, 2**100, -(2**90), 500),
        (lowest, highest - 1, 2**127, 2**255 - 1, 999_999),
    ):
        expected = swap_step(price, target, liquidity, remaining, fee)
        answer = tuple(maths.step(price, target, liquidity, remaining, fee))
        assert answer == (expected.price, expected.amount_in, expected.amount_out, expected.fee)
