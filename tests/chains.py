"""Two chains behind one face: titanoboa, which records what lines of the contracts run, and pyrevm, a hundred times as fast.

What a contract is asked, and who asks, is written the same for both: `chain.deploy(...)`, `contract.function(...)`, `chain.prank(who)`,
`chain.reverts(reason)`.
"""

from __future__ import annotations

import contextlib
import functools
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import boa
from eth_abi import decode, encode
from eth_utils import keccak
from vyper.compiler.output import build_abi_output

from tests.conftest import load
from tests.lending_pools import with_events_of
from tests.revm import Machine, vyper_code

START = 1_700_000_000
DEPLOYER = "0x" + "d0" * 20


class Reverted(Exception):
    """With its reason, on pyrevm."""


class Boa:
    """The environment of the tests: what a test does is taken back at its end."""

    @property
    def timestamp(self) -> int:
        return int(boa.env.timestamp)

    def travel(self, seconds: int) -> None:
        boa.env.time_travel(seconds=seconds)

    def account(self, name: str) -> Any:
        return boa.env.generate_address(name)

    def prank(self, account: Any) -> Any:
        return boa.env.prank(account)

    def reverts(self, reason: str) -> Any:
        return boa.reverts(reason) if reason else boa.reverts()

    def anchor(self) -> Any:
        return boa.env.anchor()

    def deploy(self, path: str, *args: Any) -> Any:
        return load(path).deploy(*args)

    def is_contract(self, address: Any) -> None:
        """May send as well."""

    def logs(self, contract: Any, kind: str) -> list[Any]:
        # those of its extension, which is a child call, as well
        return [event for event in contract.get_logs() if type(event).__name__ == kind and event.address == contract.address]

    def adopt_events(self, contract: Any, extension: Any) -> None:
        """What the extension logs in the contract's name: titanoboa knows only the events of the contract's own code."""
        with_events_of(contract, extension)

    def calldata(self, contract: Any, function: str, *args: Any) -> bytes:
        data: bytes = getattr(contract, function).prepare_calldata(*args)
        return data


# ---------------------------------------------------------------- pyrevm


def type_of(item: dict[str, Any]) -> str:
    kind: str = item["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(map(type_of, item["components"])) + ")" + kind[5:]
    return kind


def words_of(item: dict[str, Any]) -> int:
    """How many words it takes, 0 where that is not fixed."""
    kind: str = item["type"]
    if kind == "tuple":
        parts = [words_of(part) for part in item["components"]]
        return sum(parts) if all(parts) else 0
    return 0 if kind.endswith("]") or kind in ("bytes", "string") else 1


def named(item: dict[str, Any], value: Any) -> Any:
    """With the fields' names, where it has any."""
    if item["type"] == "tuple":
        values = [named(part, piece) for part, piece in zip(item["components"], value, strict=True)]
        return record(tuple(part["name"] for part in item["components"]))(*values)
    if item["type"] == "tuple[]":
        return [named(item | {"type": "tuple"}, piece) for piece in value]
    return list(value) if item["type"].endswith("]") else value


@functools.cache
def record(names: tuple[str, ...]) -> Any:
    return namedtuple("Record", names, rename=True)  # type: ignore[misc]


class Function:
    def __init__(self, abi: dict[str, Any]) -> None:
        self.types = [type_of(item) for item in abi["inputs"]]
        self.is_static = all(words_of(item) for item in abi["inputs"]) and not any(kind.startswith("(") for kind in self.types)
        self.selector = keccak(text=f"{abi['name']}({','.join(self.types)})")[:4]
        self.outputs = abi["outputs"]
        self.is_view = abi["stateMutability"] in ("view", "pure")
        sizes = [words_of(item) for item in self.outputs]
        self.words = sum(sizes) if all(sizes) else 0

    def encode(self, args: tuple[Any, ...]) -> bytes:
        if not self.is_static:
            return self.selector + encode(self.types, [getattr(value, "address", value) for value in args])
        data = self.selector
        for value in args:
            value = getattr(value, "address", value)
            data += (int(value, 16) if isinstance(value, str) else int(value)).to_bytes(32, "big")
        return data

    def decode(self, data: bytes) -> Any:
        if not self.outputs:
            return None
        if self.words:
            # addresses stay numbers in words: nobody asks for them but to compare
            values = [int.from_bytes(data[at : at + 32], "big") for at in range(0, 32 * self.words, 32)]
            if len(self.outputs) == 1 and self.outputs[0]["type"] == "tuple":
                return record(tuple(part["name"] for part in self.outputs[0]["components"]))(*values)
        else:
            values = list(decode([type_of(item) for item in self.outputs], data))
            values = [named(item, value) for item, value in zip(self.outputs, values, strict=True)]
        return values[0] if len(values) == 1 else tuple(values)


@functools.cache
def functions(path: str) -> dict[str, dict[int, Function]]:
    """By name and number of arguments."""
    result: dict[str, dict[int, Function]] = {}
    for item in abi_of(path):
        if item["type"] == "function":
            result.setdefault(item["name"], {})[len(item["inputs"])] = Function(item)
    return result


@functools.cache
def abi_of(path: str) -> list[dict[str, Any]]:
    abi: list[dict[str, Any]] = build_abi_output(load(path).compiler_data)
    return abi


@functools.cache
def events(path: str) -> dict[bytes, dict[str, Any]]:
    return {
        keccak(text=f"{item['name']}({','.join(type_of(part) for part in item['inputs'])})"): item
        for item in abi_of(path)
        if item["type"] == "event"
    }


class Contract:
    def __init__(self, chain: Revm, address: str, path: str) -> None:
        self._chain, self.address, self._path = chain, address, path
        self._functions = functions(path)
        self._events = events(path)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_") or name not in self._functions:
            raise AttributeError(name)
        variants = self._functions[name]

        def call(*args: Any) -> Any:
            function = variants[len(args)]
            return function.decode(self._chain.call(self.address, function.encode(args), function.is_view))

        setattr(self, name, call)
        return call


class Revm:
    def __init__(self, now: int = START) -> None:
        self.machine = Machine(DEPLOYER, now)
        self.sender = DEPLOYER
        self.contracts: set[str] = set()
        self.last_logs: tuple[Any, ...] = ()
        self.forward = functions("testing/PoolActor.vy")["forward"][2]

    @property
    def timestamp(self) -> int:
        return self.machine.now

    def travel(self, seconds: int) -> None:
        self.machine.set_time(self.machine.now + seconds)

    def account(self, name: str) -> str:
        return "0x" + keccak(text=name)[12:].hex()

    @contextlib.contextmanager
    def prank(self, account: str) -> Iterator[None]:
        before, self.sender = self.sender, account
        try:
            yield
        finally:
            self.sender = before

    @contextlib.contextmanager
    def reverts(self, reason: str) -> Iterator[None]:
        try:
            yield
        except Reverted as reverted:
            if reason and str(reverted) != reason:
                raise AssertionError(f"reverts with {reverted!s}, not with {reason}") from None
            return
        raise AssertionError(f"does not revert; expected {reason}")

    @contextlib.contextmanager
    def anchor(self) -> Iterator[None]:
        checkpoint, now = self.machine.evm.snapshot(), self.machine.now
        try:
            yield
        finally:
            self.machine.evm.revert(checkpoint)
            self.machine.set_time(now)

    def deploy(self, path: str, *args: Any) -> Contract:
        inputs = next((item["inputs"] for item in abi_of(path) if item["type"] == "constructor"), [])
        address = self.machine.deploy(vyper_code(path), tuple(map(type_of, inputs)), *args)
        return Contract(self, address, path)

    def is_contract(self, address: str) -> None:
        """Calls in its name go through its `forward`: a transaction comes from an account without code."""
        self.contracts.add(address)

    def call(self, to: str, data: bytes, is_view: bool) -> bytes:
        if is_view:
            return self.machine.view(to, data)
        sender, forwarded = self.sender, self.sender in self.contracts
        if forwarded:
            sender, data, to = DEPLOYER, self.forward.encode((to, data)), sender
        outcome = self.machine.send(sender, to, data)
        if not outcome.success:
            raise Reverted(outcome.reason)
        self.last_logs = outcome.logs
        if forwarded:
            (answer,) = decode(["bytes"], outcome.data)
            return bytes(answer)
        return outcome.data

    def logs(self, contract: Contract, kind: str) -> list[Any]:
        found = []
        for log in self.last_logs:
            event = contract._events.get(log.topics[0])
            if log.address != contract.address or event is None or event["name"] != kind:
                continue
            plain = [item for item in event["inputs"] if not item["indexed"]]
            fields = dict(zip([item["name"] for item in plain], decode([type_of(item) for item in plain], log.data), strict=True))
            indexed = [item["name"] for item in event["inputs"] if item["indexed"]]
            fields |= {name: "0x" + topic[12:].hex() for name, topic in zip(indexed, log.topics[1:], strict=True)}
            found.append(record(tuple(fields))(*fields.values()))
        return found

    def adopt_events(self, contract: Contract, extension: Contract) -> None:
        """They are in the contract's interface."""

    def calldata(self, contract: Contract, function: str, *args: Any) -> bytes:
        return functions(contract._path)[function][len(args)].encode(args)
