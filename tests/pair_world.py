"""Pairs to test with, on titanoboa and on pyrevm."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import boa

from plimsoll.reference import observations
from tests.conftest import load
from tests.revm import Machine, blueprint_code, call_data, selector, vyper_code

ZERO = "0x" + "00" * 20
OWNER = "0x" + "0e" * 20
MINIMUM_LIQUIDITY = 1000
MAX_RESERVE = 2**112 - 1
# Divisible by 180 and by 60
START = 1_699_999_920


def new_factory(setter: Any, fee_bps: int = 25, numerator: int = 8, denominator: int = 25) -> Any:
    blueprint = load("amm/Pair.vy").deploy_as_blueprint()
    return load("amm/PairFactory.vy").deploy(blueprint, setter, fee_bps, numerator, denominator)


def new_pair(factory: Any, token_a: Any, token_b: Any) -> Any:
    return load("amm/Pair.vy").at(factory.createPair(token_a, token_b))


def in_order(token_a: Any, token_b: Any) -> tuple[Any, Any]:
    return (token_a, token_b) if int(token_a.address, 16) < int(token_b.address, 16) else (token_b, token_a)


def set_time(now: int) -> None:
    boa.env.evm.patch.timestamp = now


def seen(window: Any) -> observations.Window:
    """The contract's answer as the model gives it."""
    *head, count, words = tuple(window)
    return unpacked(head, count, words)


def unpacked(head: Sequence[int], count: int, words: Sequence[int]) -> observations.Window:
    """`head`: what comes before the buckets, the sums as signed numbers."""
    assert (len(head), len(words)) == (7, observations.MAX_BUCKETS)
    assert not any(words[count:])
    tick_sums = ((word >> 128) - (word >> 255 << 128) for word in words[:count])
    return observations.Window(*head, tuple(tick_sums), tuple(word % 2**128 for word in words[:count]))


def state_of(reserve0: int, reserve1: int) -> tuple[int | None, int]:
    """What the model is told of a pair: (tick, liquidity)."""
    if reserve0 == 0 or reserve1 == 0:
        return None, 0
    return observations.tick(reserve0, reserve1), isqrt(reserve0 * reserve1)


@dataclass
class ScriptedPair:
    """A pair of lying tokens on titanoboa: `sync` brings it to any reserves. The model is told the same."""

    pair: Any
    token0: Any
    token1: Any
    model: observations.Observations
    now: int = START
    # Titanoboa keeps transient storage: the flag is seen for the whole second
    minted: int = 0

    @classmethod
    def create(cls, setter: Any) -> "ScriptedPair":
        token0, token1 = in_order(*(load("testing/LyingToken.vy").deploy() for _ in range(2)))
        pair = new_pair(new_factory(setter), token0, token1)
        set_time(START)
        return cls(pair, token0, token1, observations.Observations())

    def at(self, now: int) -> None:
        assert now >= self.now
        self.now = now
        set_time(now)

    def _set(self, reserve0: int, reserve1: int) -> None:
        self.token0.set_balance(self.pair, reserve0)
        self.token1.set_balance(self.pair, reserve1)

    def start(self, reserve0: int, reserve1: int) -> None:
        self._set(reserve0, reserve1)
        self.pair.mint(OWNER)
        self.minted = self.now
        self.model.start(self.now, *state_of(reserve0, reserve1))

    def sync(self, reserve0: int, reserve1: int) -> None:
        self._set(reserve0, reserve1)
        self.pair.sync()
        self.model.change(self.now, *state_of(reserve0, reserve1))

    def poke(self) -> None:
        """A change of nothing."""
        reserve0, reserve1, _ = self.pair.getReserves()
        self.sync(reserve0, reserve1)

    def window(self, buckets: int) -> observations.Window:
        return seen(self.pair.window(buckets))

    def check(self, *lengths: int) -> None:
        added = self.minted == self.now
        for buckets in lengths or (0, 10, 20):
            expected = self.model.window(self.now, buckets, added)
            assert self.window(buckets) == expected, f"{buckets} buckets at {self.now - START}"
        for wanted in range(4):
            assert tuple(self.pair.recent(wanted)) == self.model.recent(self.now, wanted, added), f"recent({wanted}) at {self.now - START}"


def window_of(machine: Machine, pair: str, buckets: int) -> observations.Window:
    answer = machine.view(pair, call_data("window(uint256)", buckets))
    words = [answer[i : i + 32] for i in range(0, len(answer), 32)]
    assert len(words) == 28
    present, count, *packed = (int.from_bytes(word, "big") for word in words[6:])
    return unpacked([*(int.from_bytes(word, "big", signed=True) for word in words[:6]), present], count, packed)


def recent_of(machine: Machine, pool: str, wanted: int) -> tuple[int, int, int]:
    """The answer of a pool's `recent`."""
    answer = machine.view(pool, call_data("recent(uint256)", wanted))
    assert len(answer) == 96
    tick_sum, fresh_sum = (int.from_bytes(answer[i : i + 32], "big", signed=True) for i in (32, 64))
    return int.from_bytes(answer[:32], "big"), tick_sum, fresh_sum


class FastPair:
    """The same on pyrevm, for campaigns."""

    def __init__(self, machine: Machine, factory: str | None = None) -> None:
        self.machine = machine
        if factory is None:
            blueprint = machine.deploy(blueprint_code(vyper_code("amm/Pair.vy")))
            types = ("address", "address", "uint256", "uint256", "uint256")
            factory = machine.deploy(vyper_code("amm/PairFactory.vy"), types, blueprint, OWNER, 25, 8, 25)
        self.factory = factory
        token0, token1 = sorted(machine.deploy(vyper_code("testing/LyingToken.vy")) for _ in range(2))
        self.token0, self.token1 = token0, token1
        outcome = machine.must(OWNER, factory, call_data("createPair(address,address)", token0, token1))
        self.pair = "0x" + outcome.data[-20:].hex()
        self.model = observations.Observations()
        self.reserves = (0, 0)

    def _set(self, reserve0: int, reserve1: int) -> None:
        for token, amount in ((self.token0, reserve0), (self.token1, reserve1)):
            self.machine.must(OWNER, token, call_data("set_balance(address,uint256)", self.pair, amount))
        self.reserves = (reserve0, reserve1)

    def start(self, reserve0: int, reserve1: int) -> None:
        self._set(reserve0, reserve1)
        self.machine.must(OWNER, self.pair, call_data("mint(address)", OWNER))
        self.model.start(self.machine.now, *state_of(reserve0, reserve1))

    def sync(self, reserve0: int, reserve1: int) -> None:
        self._set(reserve0, reserve1)
        self.machine.must(OWNER, self.pair, selector("sync()"))
        self.model.change(self.machine.now, *state_of(reserve0, reserve1))

    def window(self, buckets: int) -> observations.Window:
        return window_of(self.machine, self.pair, buckets)

    def recent(self, wanted: int) -> tuple[int, int, int]:
        return recent_of(self.machine, self.pair, wanted)

    def check(self, *lengths: int) -> None:
        for buckets in lengths or (0, 10, 20):
            expected = self.model.window(self.machine.now, buckets)
            answer = self.window(buckets)
            assert answer == expected, f"{buckets} buckets at {self.machine.now}:\n{answer}\n{expected}"
        for wanted in range(4):
            assert self.recent(wanted) == self.model.recent(self.machine.now, wanted), f"recent({wanted}) at {self.machine.now}"
