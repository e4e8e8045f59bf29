"""Range pools to test with, on titanoboa."""

from dataclasses import dataclass, field
from typing import Any

import boa
from eth_abi import decode, encode
from eth_utils import keccak

from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.conftest import load
from tests.pair_world import in_order, set_time

Q96 = 2**96
START = 1_699_999_920
LOWEST, HIGHEST = sqrt_ratio_at_tick(-887_272) + 1, sqrt_ratio_at_tick(887_272) - 1
MAX_128 = 2**128 - 1
ERROR = keccak(text="Error(string)")[:4]
ANSWERED = int.from_bytes(keccak(text="Answered(bool,bytes)"), "big")


class Refused(Exception):
    """With the reason, which may be empty."""


def new_range_factory(owner: Any) -> Any:
    return load("amm/RangePoolFactory.vy").deploy(load("amm/RangePool.vy").deploy_as_blueprint(), owner)


def plan(beyond0: int = 0, beyond1: int = 0, calls: list[tuple[Any, bytes, bool]] | None = None, reason: str = "") -> bytes:
    """What RangePoolCallee does in a callback: calls, fails with a reason, pays so much more (or less) than it is asked."""
    made = [(str(getattr(target, "address", target)), payload, must) for target, payload, must in calls or []]
    return encode(["(int256,int256,(address,bytes,bool)[],string)"], [(beyond0, beyond1, made, reason)])


@dataclass
class RangeWorld:
    """A pool at price 1 with a callee that pays; the callee is the owner of all positions."""

    factory: Any
    pool: Any
    token0: Any
    token1: Any
    callee: Any
    # What the calls that a callback made in the last transaction were answered
    answers: list[bytes] = field(default_factory=list)

    @classmethod
    def create(cls, owner: Any, token_a: Any, token_b: Any, fee: int = 3_000, initialised: bool = True) -> "RangeWorld":
        set_time(START)
        factory = new_range_factory(owner)
        token0, token1 = in_order(token_a, token_b)
        pool = load("amm/RangePool.vy").at(factory.createPool(token_a, token_b, fee))
        callee = load("testing/RangePoolCallee.vy").deploy()
        if initialised:
            pool.initialize(Q96)
        return cls(factory, pool, token0, token1, callee)

    def fund(self, amount: int = 10**30) -> None:
        for token in (self.token0, self.token1):
            token.mint(self.callee, amount)

    def call(self, function: str, *args: Any) -> bytes:
        """The pool's answer to the callee."""
        return self._send(self.callee, self.callee.make.prepare_calldata(self.pool, self.data(function, *args)))

    def direct(self, function: str, *args: Any) -> bytes:
        """The pool's answer to whoever is calling."""
        return self._send(self.pool, self.data(function, *args))

    def data(self, function: str, *args: Any) -> bytes:
        data: bytes = getattr(self.pool, function).prepare_calldata(*args)
        return data

    def _send(self, to: Any, data: bytes) -> bytes:
        outcome = boa.env.execute_code(to_address=to.address, data=data)
        if outcome.is_error:
            output = bytes(outcome.output)
            raise Refused(decode(["string"], output[4:])[0] if output[:4] == ERROR else "")
        self.answers = [decode(["bool", "bytes"], entry)[1] for _, topics, entry in outcome.get_log_entries() if topics[0] == ANSWERED]
        return bytes(outcome.output)

    def mint(self, lower: int, upper: int, liquidity: int, data: bytes = b"", recipient: Any = None) -> bytes:
        return self.call("mint", recipient or self.callee, lower, upper, liquidity, data)

    def swap(self, zero_for_one: bool, amount: int, limit: int | None = None, data: bytes = b"", recipient: Any = None) -> bytes:
        end = limit if limit is not None else LOWEST if zero_for_one else HIGHEST
        return self.call("swap", recipient or self.callee, zero_for_one, amount, end, data)

    def state(self) -> tuple[Any, ...]:
        """All that a refused call must not have moved."""
        pool = self.pool
        holders = (pool, self.callee)
        return (
            tuple(pool.slot0()),
            pool.liquidity(),
            pool.feeGrowthGlobal0X128(),
            pool.feeGrowthGlobal1X128(),
            tuple(pool.protocolFees()),
            tuple(pool.observations(0)),
            *(token.balanceOf(h) for token in (self.token0, self.token1) for h in holders),
        )

    def wait(self, seconds: int) -> None:
        set_time(boa.env.evm.patch.timestamp + seconds)
