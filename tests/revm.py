"""Compiled contracts on pyrevm, a hundred times as fast as titanoboa: for campaigns of many thousand steps."""

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrevm
from eth_abi import decode, encode
from eth_utils import keccak

from tests.conftest import ROOT, load

_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
_GAS = 30_000_000
MAX = 2**256 - 1


@functools.cache
def selector(signature: str) -> bytes:
    return keccak(text=signature)[:4]


def word(value: int | str) -> bytes:
    return (int(value, 16) if isinstance(value, str) else value).to_bytes(32, "big")


def call_data(signature: str, *words: int | str) -> bytes:
    """Static arguments only."""
    return selector(signature) + b"".join(map(word, words))


@functools.cache
def vyper_code(path: str) -> bytes:
    code: bytes = load(path).compiler_data.bytecode
    return code


@functools.cache
def uniswap_code(name: str) -> bytes:
    """Uniswap V2's own build, from npm."""
    path: Path = ROOT / "node_modules/@uniswap/v2-core/build" / f"{name}.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))


def blueprint_code(init_code: bytes) -> bytes:
    """What deploys `init_code` as an ERC-5202 blueprint."""
    body = b"\xfe\x71\x00" + init_code
    return b"\x61" + len(body).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3") + body


@dataclass(frozen=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Outcome:
    success: bool
    # The answer, or the data of the revert
    data: bytes
    logs: tuple[Log, ...] = ()

    @property
    def reason(self) -> str:
        if self.data[:4] == selector("Error(string)"):
            # Not strict: old Solidity leaves its memory behind the text
            reason: str = decode(["string"], self.data[4:], strict=False)[0]
            return reason
        return ""


class Machine:
    def __init__(self, owner: str, now: int, gas: int = _GAS) -> None:
        self.owner = owner
        # Of a call
        self.gas = gas
        self.evm = pyrevm.EVM(spec_id="CANCUN")
        self.number = 1
        self.now = now
        self.set_time(now)

    def set_time(self, now: int) -> None:
        self.now = now
        self.number += 1
        self.evm.set_block_env(pyrevm.BlockEnv(number=self.number, timestamp=now))

    def deploy(self, code: bytes, types: tuple[str, ...] = (), *args: Any) -> str:
        address: str = self.evm.deploy(self.owner, code + encode(types, args))
        return address.lower()

    def send(self, sender: str, to: str, data: bytes) -> Outcome:
        try:
            answer = self.evm.message_call(sender, to, data, gas=self.gas)
        except RuntimeError as error:
            output = _OUTPUT.search(str(error))
            return Outcome(False, bytes.fromhex(output[1]) if output else b"")
        finally:
            self.evm.reset_transient_storage()
        logs = tuple(Log(log.address.lower(), tuple(log.data[0]), bytes(log.data[1])) for log in self.evm.result.logs)
        return Outcome(True, bytes(answer), logs)

    def must(self, sender: str, to: str, data: bytes) -> Outcome:
        outcome = self.send(sender, to, data)
        assert outcome.success, outcome.reason
        return outcome

    def view(self, to: str, data: bytes) -> bytes:
        return bytes(self.evm.message_call(self.owner, to, data, gas=self.gas, is_static=True))

    def number_of(self, to: str, signature: str, *words: int | str) -> int:
        return int.from_bytes(self.view(to, call_data(signature, *words))[:32], "big")
