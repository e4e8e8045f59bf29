"""The timelock: what waits in it, from its events, and the next free place for an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll import words
from plimsoll.abi import Artifacts, Contract, read
from plimsoll.addresses import AddressBook
from plimsoll.errors import Problem
from plimsoll.rpc import Rpc, to_bytes, to_hex

NOTHING_BEFORE = b"\x00" * 32
# What `get_timestamp` says of an operation that is not known, and of one that is done; else when it can be executed
UNSET, DONE = 0, 1
# For so long after that an operation can be executed: the contract's EXECUTION_WINDOW, seconds
EXECUTION_WINDOW = 14 * 86_400
# Of one call, so many times: more must be meant differently
MOST_REPEATS = 1_000


@dataclass(frozen=True)
class Operation:
    id: str
    # (target, payload), in order
    calls: tuple[tuple[str, bytes], ...]
    predecessor: bytes
    salt: bytes
    # when it can be executed
    ready_ts: int
    texts: tuple[str, ...]

    def is_ready(self, now: int) -> bool:
        return self.ready_ts <= now and not self.is_expired(now)

    def is_expired(self, now: int) -> bool:
        return has_expired(self.ready_ts, now)

    def figures(self, now: int) -> dict[str, Any]:
        """JSON data."""
        return {
            "id": self.id,
            "calls": list(self.texts),
            "ready_ts": self.ready_ts,
            "ready": self.is_ready(now),
            "expired": self.is_expired(now),
        }


def has_expired(ready_ts: int, now: int) -> bool:
    return ready_ts + EXECUTION_WINDOW < now


class Timelock:
    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts):
        self.rpc = rpc
        self.book = book
        self.artifacts = artifacts
        self.contract = book.contract("Timelock", rpc, artifacts)

    @property
    def address(self) -> str:
        return self.contract.address

    def delay(self) -> int:
        return int(self.contract.call("get_minimum_delay"))

    def may(self, role: str, account: str) -> bool:
        """`role`: PROPOSER, CANCELLER or EXECUTOR, which everybody has where the zero address has it."""
        name = self.contract.call(f"{role}_ROLE")
        open_to_all = role == "EXECUTOR" and self.contract.call("hasRole", name, "0x" + "00" * 20)
        return bool(open_to_all or self.contract.call("hasRole", name, account))

    def pending(self) -> list[Operation]:
        """What is scheduled and neither executed nor cancelled, first ready first."""
        events = self.contract.interface.decode_logs(
            self.rpc.logs(
                self.contract.address,
                [[self.contract.interface.topic(n) for n in ("CallScheduled", "CallSalt")]],
                self.book.block,
                self.rpc.block_number(),
            )
        )
        calls: dict[bytes, dict[int, Any]] = {}
        salts: dict[bytes, bytes] = {}
        for e in events:
            if e.name == "CallSalt":
                salts[e.id] = e.salt
            else:
                # one that was cancelled and scheduled again says the same
                calls.setdefault(e.id, {})[e.index] = e
        times = read(self.rpc, [self.contract.request("get_timestamp", i) for i in calls])
        found = []
        for (operation, parts), ready_ts in zip(calls.items(), times, strict=True):
            if ready_ts in (UNSET, DONE):
                continue
            ordered = [parts[i] for i in sorted(parts)]
            pairs = tuple((p.target, p.payload) for p in ordered)
            texts = tuple(self.text(*pair) for pair in pairs)
            found.append(Operation(to_hex(operation), pairs, ordered[0].predecessor, salts.get(operation, NOTHING_BEFORE), ready_ts, texts))
        return sorted(found, key=lambda o: o.ready_ts)

    def find(self, text: str) -> Operation:
        """By the beginning of its id."""
        waiting = self.pending()
        found = [o for o in waiting if o.id.startswith(text.lower())] if len(text) >= 6 and text.startswith("0x") else []
        if len(found) == 1:
            return found[0]
        known = f"there are: {', '.join(o.id[:10] for o in waiting)}" if waiting else "nothing waits"
        raise Problem(f"no operation '{text}' waits in the timelock: give at least 0x and four digits of its id ({known})")

    def place(self, calls: Sequence[tuple[str, bytes]]) -> tuple[bytes, bytes, int]:
        """(salt, id, time) of the operation of these calls: the one that waits, or the first that is still free."""
        now = self.rpc.timestamp()
        for number in range(MOST_REPEATS):
            salt = number.to_bytes(32, "big")
            operation = self._hash(calls, salt)
            ready_ts = int(self.contract.call("get_timestamp", operation))
            if ready_ts == UNSET or (ready_ts != DONE and not has_expired(ready_ts, now)):
                return salt, operation, ready_ts
        raise Problem(f"this very operation has been executed, or has expired, {MOST_REPEATS} times")

    def _hash(self, calls: Sequence[tuple[str, bytes]], salt: bytes) -> bytes:
        if len(calls) == 1:
            return bytes(self.contract.call("hash_operation", calls[0][0], 0, calls[0][1], NOTHING_BEFORE, salt))
        targets, payloads = [t for t, _ in calls], [p for _, p in calls]
        return bytes(self.contract.call("hash_operation_batch", targets, [0] * len(calls), payloads, NOTHING_BEFORE, salt))

    def schedule_data(self, calls: Sequence[tuple[str, bytes]], salt: bytes, delay: int) -> bytes:
        if len(calls) == 1:
            return self.contract.data("schedule", calls[0][0], 0, calls[0][1], NOTHING_BEFORE, salt, delay)
        targets, payloads = [t for t, _ in calls], [p for _, p in calls]
        return self.contract.data("schedule_batch", targets, [0] * len(calls), payloads, NOTHING_BEFORE, salt, delay)

    def execute_data(self, operation: Operation) -> bytes:
        targets, payloads = [t for t, _ in operation.calls], [p for _, p in operation.calls]
        amounts = [0] * len(targets)
        if len(targets) == 1:
            # a batch of one has another id
            single = self.contract.call("hash_operation", targets[0], 0, payloads[0], operation.predecessor, operation.salt)
            if to_hex(single) == operation.id:
                return self.contract.data("execute", targets[0], 0, payloads[0], operation.predecessor, operation.salt)
        return self.contract.data("execute_batch", targets, amounts, payloads, operation.predecessor, operation.salt)

    def cancel_data(self, operation: Operation) -> bytes:
        return self.contract.data("cancel", to_bytes(operation.id))

    def text(self, target: str, payload: bytes) -> str:
        """A call in words: PoolConfigurator.set_ltv(ETH, 6000, 604800)"""
        for name in self.book.names:
            if self.book.address(name) == target:
                return f"{name}.{call_text(self.artifacts.at(self.book.kind(name), target, self.rpc), payload, self.book)}"
        # a token that is about to be listed
        said = call_text(self.artifacts.at("TestToken", target, self.rpc), payload, self.book)
        return f"{target}.{said}"


def call_text(contract: Contract, payload: bytes, book: AddressBook) -> str:
    decoded = contract.interface.decode_input(payload)
    if decoded is None:
        return to_hex(payload)
    name, args = decoded
    return f"{name}({', '.join(_argument(a, book) for a in args)})"


def _argument(value: Any, book: AddressBook) -> str:
    if isinstance(value, bytes):
        return words.short(to_hex(value)) if len(value) > 8 else to_hex(value)
    if isinstance(value, str):
        token = book.token_at(value)
        return token.symbol if token else value
    if isinstance(value, Sequence):
        return "[" + ", ".join(_argument(v, book) for v in value) + "]"
    return str(value)
