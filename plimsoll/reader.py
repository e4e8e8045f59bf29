"""Reads one deployment, all at one block, in few round trips."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plimsoll.abi import Artifacts, Call
from plimsoll.addresses import AddressBook
from plimsoll.rpc import Rpc, call_request, to_bytes

# Requests in one body: public endpoints take hardly more
BATCH = 500


class BlockReader:
    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts, block: int | None = None):
        self.rpc = rpc
        self.book = book
        self.artifacts = artifacts
        self.block = rpc.block_number() if block is None else block

    def read(self, calls: Sequence[Call]) -> list[Any]:
        answers = self.batch([call_request(c.to, c.data, None, self.block) for c in calls])
        return [c.decode(to_bytes(a)) for c, a in zip(calls, answers, strict=True)]

    def batch(self, requests: Sequence[tuple[str, list[Any]]], errors: bool = False) -> list[Any]:
        found: list[Any] = []
        for start in range(0, len(requests), BATCH):
            found += self.rpc.batch(requests[start : start + BATCH], errors=errors)
        return found
