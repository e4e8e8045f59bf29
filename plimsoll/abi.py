"""The contracts as compiled by Ape: ABIs, bytecode, and calls over raw JSON-RPC.

Ape keeps its output in `.build/__local__.json`; reading it takes milliseconds, importing Ape a second. It is compiled anew
when a source, a module or an interface has changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll.errors import Problem
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes, to_int

ROOT = Path(__file__).resolve().parent.parent
# The lending market and the pairs that price its assets
CORE = {
    "Pair": "contracts/amm/Pair.vy",
    "PairFactory": "contracts/amm/PairFactory.vy",
    "PriceOracle": "contracts/oracle/PriceOracle.vy",
    "LendingPool": "contracts/lending/LendingPool.vy",
    "PoolExtension": "contracts/lending/PoolExtension.vy",
    "PoolConfigurator": "contracts/lending/PoolConfigurator.vy",
    "Operators": "contracts/periphery/Operators.vy",
    "Timelock": "contracts/governance/Timelock.vy",
    "JumpRateModel": "contracts/lending/JumpRateModel.vy",
    "Lens": "contracts/lending/Lens.vy",
    "LiquidationEngine": "contracts/liquidation/LiquidationEngine.vy",
    "TestToken": "contracts/testing/TestToken.vy",
}
# What `artifacts()` compiles: everything that a script deploys or calls
SOURCES = {
    **CORE,
    "RangePool": "contracts/amm/RangePool.vy",
    "RangePoolFactory": "contracts/amm/RangePoolFactory.vy",
    "PositionManager": "contracts/amm/PositionManager.vy",
    "Quoter": "contracts/amm/Quoter.vy",
    "Router": "contracts/amm/Router.vy",
    "Bundler": "contracts/periphery/Bundler.vy",
    "ReserveVault": "contracts/lending/ReserveVault.vy",
    "ReserveVaultFactory": "contracts/lending/ReserveVaultFactory.vy",
    "MarketFactory": "contracts/markets/MarketFactory.vy",
    "IsolatedOracle": "contracts/oracle/IsolatedOracle.vy",
    "WrappedNative": "contracts/testing/WrappedNative.vy",
    "ScriptedFeed": "contracts/testing/ScriptedFeed.vy",
}


class BuildError(Problem):
    """The contracts are not there, or do not compile."""


# ---------------------------------------------------------------------- encoding


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(_type(c) for c in entry["components"]) + ")" + kind[5:]
    return kind


@functools.cache
def _record(name: str, fields: tuple[str, ...]) -> type:
    # names that are no Python identifiers (or keywords) become _0, _1, ...
    return namedtuple(name, fields, rename=True)


def _shape(entry: dict[str, Any]) -> Callable[[Any], Any] | None:
    """What turns eth_abi's value into ours: structs into named tuples, addresses into checksummed ones."""
    kind: str = entry["type"]
    if kind.endswith("]"):
        inner = _shape({**entry, "type": kind[: kind.rindex("[")]})
        return None if inner is None else (lambda values: [inner(v) for v in values])
    if kind == "tuple":
        shapes = [_shape(c) for c in entry["components"]]
        struct = _record("Struct", tuple(c["name"] for c in entry["components"]))
        return lambda values: struct(*(s(v) if s else v for s, v in zip(shapes, values, strict=True)))
    return to_checksum_address if kind == "address" else None


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


class Function:
    """One function of an ABI."""

    def __init__(self, entry: dict[str, Any]):
        self.name: str = entry["name"]
        self.inputs = [_type(i) for i in entry["inputs"]]
        self.outputs = [_type(o) for o in entry["outputs"]]
        self.signature = f"{self.name}({','.join(self.inputs)})"
        self.selector = keccak(text=self.signature)[:4]
        self.view = entry.get("stateMutability") in ("view", "pure")
        self._shapes = [_shape(o) for o in entry["outputs"]]
        self._struct = _record("Result", tuple(o.get("name", "") for o in entry["outputs"]))

    def encode(self, *args: Any) -> bytes:
        if len(args) != len(self.inputs):
            raise ValueError(f"{self.signature} takes {len(self.inputs)} arguments, {len(args)} were given")
        return self.selector + abi_encode(self.inputs, args)

    def decode(self, data: bytes) -> Any:
        """None, the value, or a named tuple of the values."""
        if not self.outputs:
            return None
        values = [s(v) if s else _plain(v) for s, v in zip(self._shapes, abi_decode(self.outputs, data), strict=True)]
        return values[0] if len(values) == 1 else self._struct(*values)


@dataclass(frozen=True)
class Event:
    """A decoded log."""

    name: str
    args: dict[str, Any]
    address: str
    block: int
    index: int
    tx_hash: str

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["args"][name]
        except KeyError:
            raise AttributeError(name) from None


class EventType:
    """One event of an ABI."""

    def __init__(self, entry: dict[str, Any]):
        self.name: str = entry["name"]
        self._indexed = [(i["name"], _type(i), _shape(i)) for i in entry["inputs"] if i["indexed"]]
        self._data = [(i["name"], _type(i), _shape(i)) for i in entry["inputs"] if not i["indexed"]]
        self._order = [i["name"] for i in entry["inputs"]]
        self.topic = "0x" + keccak(text=f"{self.name}({','.join(_type(i) for i in entry['inputs'])})").hex()

    def decode(self, log: dict[str, Any]) -> Event:
        found: dict[str, Any] = {}
        for (name, kind, shape), topic in zip(self._indexed, log["topics"][1:], strict=True):
            if kind in ("bytes", "string") or kind.startswith("(") or kind.endswith("]"):
                found[name] = topic  # only its hash is there
                continue
            value = abi_decode([kind], to_bytes(topic))[0]
            found[name] = shape(value) if shape else value
        values = abi_decode([kind for _, kind, _ in self._data], to_bytes(log["data"]))
        for (name, _, shape), value in zip(self._data, values, strict=True):
            found[name] = shape(value) if shape else _plain(value)
        return Event(
            name=self.name,
            args={name: found[name] for name in self._order},
            address=to_checksum_address(log["address"]),
            block=to_int(log.get("blockNumber")),
            index=to_int(log.get("logIndex")),
            tx_hash=log.get("transactionHash") or "",
        )


class Interface:
    """An ABI, by names."""

    def __init__(self, abi: Sequence[dict[str, Any]], name: str = "contract"):
        self.abi = list(abi)
        self.name = name
        self._functions: dict[str, list[Function]] = {}
        self.events: dict[str, EventType] = {}
        self.constructor: list[tuple[str, str]] = []
        for entry in self.abi:
            if entry["type"] == "function":
                self._functions.setdefault(entry["name"], []).append(Function(entry))
            elif entry["type"] == "event":
                self.events[entry["name"]] = EventType(entry)
            elif entry["type"] == "constructor":
                self.constructor = [(i["name"], _type(i)) for i in entry["inputs"]]
        self._by_topic = {e.topic: e for e in self.events.values()}

    def has(self, name: str) -> bool:
        return name in self._functions

    def function(self, name: str, arguments: int | None = None) -> Function:
        found = self._functions.get(name)
        if not found:
            raise KeyError(f"{self.name} has no function '{name}'")
        for f in found:
            if arguments is None or len(f.inputs) == arguments:
                return f
        return found[0]

    def encode(self, name: str, *args: Any) -> bytes:
        return self.function(name, len(args)).encode(*args)

    def decode_input(self, data: bytes) -> tuple[str, list[Any]] | None:
        """(function, arguments) of call data; None if none of ours."""
        for f in (f for found in self._functions.values() for f in found):
            if f.selector == data[:4]:
                values = abi_decode(f.inputs, data[4:])
                return f.name, [to_checksum_address(v) if kind == "address" else _plain(v) for kind, v in zip(f.inputs, values, strict=True)]
        return None

    def encode_constructor(self, *args: Any) -> bytes:
        if len(args) != len(self.constructor):
            names = ", ".join(n for n, _ in self.constructor)
            raise ValueError(f"{self.name}'s constructor takes ({names}), {len(args)} arguments were given")
        return abi_encode([t for _, t in self.constructor], args)

    def topic(self, event: str) -> str:
        return self.events[event].topic

    def decode_logs(self, logs: Iterable[dict[str, Any]]) -> list[Event]:
        """Those of `logs` that this ABI knows, decoded."""
        known = ((self._by_topic.get(log["topics"][0]) if log["topics"] else None, log) for log in logs)
        return [event.decode(log) for event, log in known if event is not None]


@dataclass(frozen=True)
class Call:
    """A view call that waits for its batch."""

    to: str
    data: bytes
    decode: Callable[[bytes], Any]


class Contract:
    """An address with its ABI."""

    def __init__(self, address: str, interface: Interface, rpc: Rpc):
        self.address = to_checksum_address(address)
        self.interface = interface
        self.rpc = rpc

    def __repr__(self) -> str:
        return f"<{self.interface.name} {self.address}>"

    def data(self, function: str, *args: Any) -> bytes:
        """Call data."""
        return self.interface.encode(function, *args)

    def call(self, function: str, *args: Any, block: int | str = "latest", sender: str | None = None) -> Any:
        """Read now."""
        f = self.interface.function(function, len(args))
        raw = self.rpc.eth_call(self.address, f.encode(*args), sender, block)
        if f.outputs and not raw:
            raise RpcError(f"{self.address} is no {self.interface.name}: it does not answer {f.signature}")
        return f.decode(raw)

    def request(self, function: str, *args: Any) -> Call:
        """Read later, with others, in one round trip: see `read`."""
        f = self.interface.function(function, len(args))
        return Call(self.address, f.encode(*args), f.decode)

    def logs(self, event: str, first: int, last: int, topics: Sequence[Any] = ()) -> list[Event]:
        found = self.rpc.logs(self.address, [self.interface.topic(event), *topics], first, last)
        return self.interface.decode_logs(found)

    def events(self, receipt: dict[str, Any]) -> list[Event]:
        """The contract's own events in a receipt."""
        mine = [log for log in receipt["logs"] if log["address"].lower() == self.address.lower()]
        return self.interface.decode_logs(mine)


def read(rpc: Rpc, calls: Sequence[Call], block: int | str = "latest") -> list[Any]:
    """Many reads in one round trip, all at the same block if it is given by number."""
    answers = rpc.batch([call_request(c.to, c.data, None, block) for c in calls])
    return [c.decode(to_bytes(a)) for c, a in zip(calls, answers, strict=True)]


def read_word(data: bytes, index: int) -> int:
    """One 32-byte word of an answer, as a number."""
    return int.from_bytes(data[32 * index : 32 * index + 32], "big")


def parse_function(signature: str, outputs: Sequence[str] = ()) -> Function:
    """A function from text, for programs that must not need compiled contracts: parse_function("pool()", ["address"])."""
    match = re.fullmatch(r"(\w+)\(([^()]*)\)", signature)
    if match is None:
        raise ValueError(f"not a plain signature: {signature}")
    inputs = [{"name": "", "type": t} for t in match[2].split(",") if t]
    return Function({"name": match[1], "inputs": inputs, "outputs": [{"name": "", "type": t} for t in outputs]})


# ---------------------------------------------------------------------- compiled contracts


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    interface: Interface
    init_code: bytes
    # what its address holds, without the immutables that follow it
    code: bytes = b""

    def deployment(self, *args: Any) -> bytes:
        """Data of the transaction that deploys it."""
        return self.init_code + self.interface.encode_constructor(*args)

    def blueprint(self) -> bytes:
        """Data of the transaction that deploys its code as an ERC-5202 blueprint (version 0, no data section)."""
        body = b"\xfe\x71\x00" + self.init_code
        return b"\x61" + len(body).to_bytes(2, "big") + b"\x3d\x81\x60\x0a\x3d\x39\xf3" + body


class Artifacts:
    """The compiled contracts by name."""

    def __init__(self, types: dict[str, Any]):
        self._types = types
        self._loaded: dict[str, Artifact] = {}

    def __getitem__(self, name: str) -> Artifact:
        if name not in self._loaded:
            if name not in self._types:
                raise BuildError(f"{name} is not among the compiled contracts: run `ape compile`")
            entry = self._types[name]
            init_code, code = (to_bytes(entry[kind]["bytecode"]) for kind in ("deploymentBytecode", "runtimeBytecode"))
            self._loaded[name] = Artifact(name, Interface(entry["abi"], name), init_code, code)
        return self._loaded[name]

    def at(self, name: str, address: str, rpc: Rpc) -> Contract:
        return Contract(address, self[name].interface, rpc)


def _fingerprints(root: Path, sources: dict[str, str]) -> dict[str, str]:
    """For each contract a hash of all that it may be made of: itself, the modules and the interfaces."""
    shared = hashlib.sha256()
    for path in sorted([*root.glob("contracts/modules/**/*.vy"), *root.glob("interfaces/**/*.vyi")]):
        shared.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    result = {}
    for name, source in sources.items():
        path = root / source
        if not path.exists():
            raise BuildError(f"{source} is missing: is this a whole clone of the project?")
        result[name] = hashlib.sha256(shared.digest() + path.read_bytes()).hexdigest()
    return result


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def artifacts(root: Path = ROOT, say: Callable[[str], None] = lambda text: None, sources: dict[str, str] | None = None) -> Artifacts:
    """The compiled contracts, after compiling with Ape what has changed."""
    sources = SOURCES if sources is None else sources
    manifest = root / ".build/__local__.json"
    stamp = root / ".build/plimsoll-sources.json"
    with _locked(root / ".build/plimsoll.lock"):
        wanted = _fingerprints(root, sources)
        built = _load(stamp)
        types = _load(manifest).get("contractTypes", {})
        stale = [n for n in sources if built.get(n) != wanted[n] or n not in types]
        if stale:
            say(f"compiling {', '.join(stale)}")
            _compile(root, [sources[n] for n in stale])
            types = _load(manifest).get("contractTypes", {})
            missing = [n for n in stale if n not in types]
            if missing:
                raise BuildError(f"Ape compiled, but left out {', '.join(missing)}: run `ape compile --force`")
            stamp.write_text(json.dumps({**built, **{n: wanted[n] for n in stale}}, indent=1) + "\n")
    return Artifacts(types)


def _compile(root: Path, paths: list[str]) -> None:
    scripts = str(Path(sys.executable).parent)
    # the pinned vyper stands beside this Python; were it not on PATH, Ape would look for one elsewhere
    environment = {**os.environ, "PATH": scripts + os.pathsep + os.environ.get("PATH", "")}
    environment.setdefault("APE_DATA_FOLDER", str(root / ".ape"))
    command = [f"{scripts}/ape", "compile", "--force", *paths]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line] or ["see `ape compile`"]
        raise BuildError(f"the contracts do not compile: {said[-1].strip()}")
