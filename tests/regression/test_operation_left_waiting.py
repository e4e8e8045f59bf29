"""An operation that was refused when its time came, and forgotten, must not wait in the timelock for whoever finds a use for it: executed by
anybody in the block of a freeze, it would undo it (or switch oracles without comparison, which only a freeze allows)."""

from __future__ import annotations

from typing import Any

import boa
import pytest

from plimsoll.governance.timelock import EXECUTION_WINDOW, Operation, Timelock
from tests.configurator_world import DAY, WAD
from tests.unit.timelock.test_timelock import DELAY, NOTHING, Governed

WINDOW = 14 * DAY
EXPIRED = "timelock: expired"


@pytest.fixture(scope="module")
def governed() -> Governed:
    return Governed()


def refused_and_forgotten(governed: Governed, call: bytes, reason: str) -> tuple[Any, ...]:
    operation = governed.operation(call)
    governed.schedule(operation)
    governed.travel(DELAY)
    with boa.reverts(reason):
        governed.execute(operation)
    governed.travel(200 * DAY)
    return operation


def test_unfreeze__forgotten__does_not_undo_a_later_freeze(governed: Governed) -> None:
    operation = refused_and_forgotten(governed, governed.configurator.unfreeze.prepare_calldata(governed.eth), "configurator: not frozen")
    governed.by("steward", "freeze", governed.eth)
    with boa.reverts(EXPIRED):
        governed.execute(operation)
    assert governed.of(governed.eth).frozen


def test_set_oracle__forgotten_because_it_disagreed__does_not_come_with_a_freeze(governed: Governed) -> None:
    new = governed.new_oracle()
    new.set(governed.eth, 100 * WAD)
    call = governed.configurator.set_oracle.prepare_calldata(new.address)
    operation = refused_and_forgotten(governed, call, "configurator: oracles disagree")
    governed.by("steward", "freeze", governed.eth)
    with boa.reverts(EXPIRED):
        governed.execute(operation)
    assert governed.pool.oracle() == governed.oracle.address


@pytest.mark.parametrize("late", [0, 1])
@pytest.mark.parametrize("batch", [False, True], ids=["one", "batch"])
def test_execute__to_the_second__until_the_window_closes(governed: Governed, late: int, batch: bool) -> None:
    """LEND-24."""
    call = governed.configurator.set_caps.prepare_calldata(governed.eth, 7, 7)
    target = governed.configurator.address
    timelock, proposer, executor = governed.timelock, governed.address["proposer"], governed.address["executor"]
    if batch:
        arguments = ([target], [0], [call], NOTHING, NOTHING)
        timelock.schedule_batch(*arguments, DELAY, sender=proposer)
    else:
        arguments = (target, 0, call, NOTHING, NOTHING)
        timelock.schedule(*arguments, DELAY, sender=proposer)
    execute = timelock.execute_batch if batch else timelock.execute
    governed.travel(DELAY + WINDOW + late)
    if late:
        with boa.reverts(EXPIRED):
            execute(*arguments, sender=executor)
        # it can be taken out, and proposed again
        id = (timelock.hash_operation_batch if batch else timelock.hash_operation)(*arguments)
        timelock.cancel(id, sender=proposer)
        (timelock.schedule_batch if batch else timelock.schedule)(*arguments, DELAY, sender=proposer)
        governed.travel(DELAY)
    execute(*arguments, sender=executor)
    assert governed.of(governed.eth).supply_cap == 7


def test_execute_batch__lists_of_different_lengths__reverts(governed: Governed) -> None:
    with boa.reverts("timelock: lengths differ"):
        governed.timelock.execute_batch([governed.eth], [], [b""], NOTHING, NOTHING, sender=governed.address["executor"])
    with boa.reverts("timelock: lengths differ"):
        governed.timelock.execute_batch([governed.eth], [0], [], NOTHING, NOTHING, sender=governed.address["executor"])


def test_window__of_the_commands__is_the_contracts(governed: Governed) -> None:
    assert EXECUTION_WINDOW == governed.timelock.EXECUTION_WINDOW() == WINDOW
    operation = Operation("0x", (), NOTHING, NOTHING, 1_000, ())
    times = (999, 1_000, 1_000 + WINDOW, 1_001 + WINDOW)
    assert [operation.is_ready(now) for now in times] == [False, True, True, False]
    assert [operation.is_expired(now) for now in times] == [False, False, False, True]


def test_place__of_calls_whose_operation_has_expired__is_the_next() -> None:
    """Of the same calls one has been executed, and one was forgotten: proposed anew they get a place of their own."""
    commands = object.__new__(Timelock)
    times = {0: 1, 1: 1_000}

    class Chain:
        now = 0

        def timestamp(self) -> int:
            return self.now

        def call(self, name: str, *arguments: Any) -> Any:
            if name == "get_timestamp":
                return times.get(int.from_bytes(arguments[0], "big"), 0)
            return arguments[-1]

    chain = Chain()
    commands.rpc = commands.contract = chain  # type: ignore[assignment]
    for now, salt, ready_ts in ((900, 1, 1_000), (1_000 + WINDOW, 1, 1_000), (1_001 + WINDOW, 2, 0)):
        chain.now = now
        assert commands.place([("0x", b"")]) == (salt.to_bytes(32, "big"), salt.to_bytes(32, "big"), ready_ts)
