"""A pool of nothing but a tick and a liquidity (contracts/testing/ObservationsHarness.vy), and what it should say."""

from dataclasses import dataclass, field, replace
from typing import Any

from plimsoll.reference.observations import BUCKET, Observations, Window
from tests.conftest import load
from tests.pair_world import OWNER, START, recent_of, seen, set_time, window_of
from tests.revm import Machine, call_data, vyper_code

MAX_LIQUIDITY = 2**128 - 1


@dataclass
class LiquiditySum:
    """Of seconds * 2**128 / L, rounded down for each stretch between two changes; within a stretch, by the second."""

    # (begin, sum at the begin, L)
    stretches: list[tuple[int, int, int]] = field(default_factory=list)

    def change(self, now: int, liquidity: int) -> None:
        total = 0
        if self.stretches:
            begin, before, stood = self.stretches[-1]
            total = before + ((now - begin) << 128) // stood
            if begin == now:
                self.stretches.pop()
        self.stretches.append((now, total, max(liquidity, 1)))

    def at(self, time: int) -> int:
        if time == self.stretches[0][0]:
            return 0
        begin, before, stood = max(stretch for stretch in self.stretches if stretch[0] < time)
        return before + (time - begin) * (2**128 // stood)

    def mean(self, begin: int) -> int:
        return min((BUCKET << 128) // (self.at(begin + BUCKET) - self.at(begin)), MAX_LIQUIDITY)


@dataclass
class Pool:
    """The harness, and what it should say."""

    contract: Any
    now: int
    model: Observations = field(default_factory=Observations)
    liquidity_sum: LiquiditySum = field(default_factory=LiquiditySum)

    @classmethod
    def create(cls, now: int = START) -> "Pool":
        set_time(now)
        return cls(load("testing/ObservationsHarness.vy").deploy(), now)

    def at(self, now: int) -> None:
        self.now = now
        set_time(now)

    def start(self, tick: int, liquidity: int) -> None:
        self.contract.start(tick, liquidity)
        self.model.start(self.now, tick, liquidity)
        self.liquidity_sum.change(self.now, liquidity)

    def change(self, tick: int, liquidity: int) -> None:
        self.contract.change(tick, liquidity)
        self.model.change(self.now, tick, liquidity)
        self.liquidity_sum.change(self.now, liquidity)

    def window(self, buckets: int) -> Window:
        return seen(self.contract.window(buckets))

    def recent(self, wanted: int) -> tuple[int, int, int]:
        present, tick_sum, fresh_sum = self.contract.recent(wanted)
        return present, tick_sum, fresh_sum

    def expected(self, buckets: int) -> Window:
        window = self.model.window(self.now, buckets)
        newest = self.now // BUCKET * BUCKET
        begins = [newest - BUCKET * (i + 1) for i in range(len(window.bucket_liquidities))]
        return replace(window, bucket_liquidities=tuple(self.liquidity_sum.mean(begin) for begin in begins))

    def check(self, *lengths: int) -> None:
        for buckets in lengths or (0, 1, 10, 20):
            assert self.window(buckets) == self.expected(buckets), f"{buckets} buckets at {self.now - START}"
        for wanted in range(4):
            assert self.recent(wanted) == self.model.recent(self.now, wanted), f"recent({wanted}) at {self.now - START}"


class FastHarness:
    """The same contract on pyrevm, for campaigns."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.address = machine.deploy(vyper_code("testing/ObservationsHarness.vy"))

    def start(self, tick: int, liquidity: int) -> None:
        self.machine.must(OWNER, self.address, call_data("start(int256,uint256)", tick % 2**256, liquidity))

    def change(self, tick: int, liquidity: int) -> None:
        self.machine.must(OWNER, self.address, call_data("change(int256,uint256)", tick % 2**256, liquidity))

    def window(self, buckets: int) -> Window:
        return window_of(self.machine, self.address, buckets)

    def recent(self, wanted: int) -> tuple[int, int, int]:
        return recent_of(self.machine, self.address, wanted)


class FastPool(Pool):
    contract: FastHarness

    @classmethod
    def create(cls, now: int = START) -> "FastPool":
        return cls(FastHarness(Machine(OWNER, now)), now)

    def at(self, now: int) -> None:
        self.now = now
        self.contract.machine.set_time(now)

    def window(self, buckets: int) -> Window:
        return self.contract.window(buckets)

    def recent(self, wanted: int) -> tuple[int, int, int]:
        return self.contract.recent(wanted)
