"""What transactions would do, one after the other, before any is sent: by `eth_simulateV1`, which needs no chain of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.abi import Call
from plimsoll.errors import Problem
from plimsoll.rpc import Reverted, Rpc, RpcDead, RpcError, revert_reason, to_bytes, to_hex, to_int

METHOD = "eth_simulateV1"
# What nodes say of a method that they do not know
UNKNOWN_METHOD = -32601


@dataclass(frozen=True)
class Transaction:
    """From somebody, whose key nobody needs here."""

    sender: str
    to: str
    data: bytes


@dataclass(frozen=True)
class Outcome:
    # None: it works; else why not, as the contract says it
    refused: str | None
    gas: int


def deploy(rpc: Rpc, sender: str, data: bytes) -> tuple[Outcome, bytes]:
    """What becomes of a contract's creation, and the code that would stand there."""
    request = {"from": sender, "data": to_hex(data)}
    try:
        code = to_bytes(rpc.call("eth_call", request, "latest"))
        return Outcome(None, to_int(rpc.call("eth_estimateGas", request))), code
    except Reverted as e:
        return Outcome(e.reason or "reverts without a reason", 0), b""


def simulate(
    rpc: Rpc, transactions: Sequence[Transaction], reads: Sequence[Call] = (), code: Mapping[str, bytes] | None = None
) -> tuple[list[Outcome], list[Any]]:
    """What becomes of each, and what is answered afterwards (None: no answer). One that is refused leaves nothing behind.

    code   of contracts that would be there by then: not every node lets a creation be simulated
    """
    calls = [{"from": t.sender, "to": t.to, "data": to_hex(t.data)} for t in transactions]
    calls += [{"to": r.to, "data": to_hex(r.data)} for r in reads]
    block: dict[str, Any] = {"calls": calls}
    if code:
        block["stateOverrides"] = {address: {"code": to_hex(c)} for address, c in code.items()}
    try:
        blocks = rpc.call(METHOD, {"blockStateCalls": [block]}, "latest")
    except RpcDead:
        raise
    except RpcError as e:
        if e.code == UNKNOWN_METHOD:
            raise Problem(f"{rpc.shown} does not offer {METHOD}, with which this is tried before it waits: use another node") from None
        raise
    found = blocks[0]["calls"]
    if len(found) != len(calls):
        raise Problem(f"{rpc.shown} answered {len(found)} of {len(calls)} calls of {METHOD}")
    outcomes = [Outcome(_refusal(c), to_int(c["gasUsed"])) for c in found[: len(transactions)]]
    answers = [_decoded(r, c) for r, c in zip(reads, found[len(transactions) :], strict=True)]
    return outcomes, answers


def _refusal(call: dict[str, Any]) -> str | None:
    if to_int(call["status"]) == 1:
        return None
    error = call.get("error") or {}
    # some nodes put the data of a revert here, some there
    reason = revert_reason(call.get("returnData")) or revert_reason(error.get("data"))
    return reason or "reverts without a reason"


def _decoded(read: Call, call: dict[str, Any]) -> Any:
    data = to_bytes(call["returnData"])
    return read.decode(data) if to_int(call["status"]) == 1 and data else None
