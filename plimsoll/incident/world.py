"""A chain of our own for the incident replays: contracts, a crowd without keys, blocks at chosen times, and going back.

Unlike the demo's market nothing here runs by itself: a replay sends, mines, reads, and takes the chain back to try again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plimsoll.abi import CORE, Artifacts, Contract
from plimsoll.chain import Chain
from plimsoll.errors import Problem
from plimsoll.population import actor
from plimsoll.rpc import RpcError, ensure_success, to_hex, to_int

WAD = 10**18
GWEI = 10**9

SOURCES = {
    **CORE,
    "RangePool": "contracts/amm/RangePool.vy",
    "RangePoolFactory": "contracts/amm/RangePoolFactory.vy",
    "ScriptedFeed": "contracts/testing/ScriptedFeed.vy",
    "ConstantOracle": "contracts/testing/ConstantOracle.vy",
    "RangePoolCallee": "contracts/testing/RangePoolCallee.vy",
}

FEES = {"maxFeePerGas": hex(100 * GWEI), "maxPriorityFeePerGas": hex(GWEI)}
DEPLOY_GAS = hex(15_000_000)
CALL_GAS = hex(10_000_000)
BLOCK_GAS = 100_000_000_000
BALANCE = hex(10**24)
LARGEST_BATCH = 1_000
BUCKET = 180
BLOCK_SECONDS = 12

# First in, first out, so that a block's transactions happen in the order they are sent in; nothing looks back further than a block
OPTIONS = ("--order", "fifo", "--prune-history", "30")


class IncidentError(Problem):
    """The replay cannot be trusted, or cannot go on."""


@dataclass(frozen=True)
class Act:
    """A transaction of somebody whose wallet the chain plays."""

    sender: str
    contract: Contract
    function: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Mark:
    """A state of the chain to come back to."""

    snapshot: str
    now: int
    nonces: dict[str, int]


class World:
    def __init__(self, chain: Chain, artifacts: Artifacts, seed: int = 1):
        self.rpc = chain.rpc
        self.artifacts = artifacts
        self.owner = actor(seed, "owner", 0)
        self.trader = actor(seed, "trader", 0)
        self.nonces: dict[str, int] = {}
        self.rpc.set_automine(False)
        self.rpc.auto_impersonate(True)
        self.now = self.rpc.timestamp()
        self.fund([self.owner, self.trader])

    # ------------------------------------------------------------------ sending

    def fund(self, addresses: Sequence[str]) -> None:
        self.rpc.batch([("anvil_setBalance", [a, BALANCE]) for a in addresses])
        for a in addresses:
            self.nonces.setdefault(a, 0)

    def _request(self, sender: str, to: str | None, data: bytes, gas: str) -> tuple[str, list[Any]]:
        nonce = self.nonces[sender]
        self.nonces[sender] = nonce + 1
        tx = {"from": sender, "data": to_hex(data), "nonce": hex(nonce), "gas": gas, **FEES}
        if to is not None:
            tx["to"] = to
        return "eth_sendTransaction", [tx]

    def send(self, acts: Sequence[Act]) -> list[str]:
        """The hashes; everything waits for the next block."""
        requests = [self._request(a.sender, a.contract.address, a.contract.data(a.function, *a.arguments), CALL_GAS) for a in acts]
        hashes: list[str] = []
        for i in range(0, len(requests), LARGEST_BATCH):
            hashes += self.rpc.batch(requests[i : i + LARGEST_BATCH])
        return hashes

    def mine(self, ts: int | None = None) -> int:
        """A block at `ts`, by default a second later; returns its time."""
        self.now = self.now + 1 if ts is None else ts
        self.rpc.mine(self.now)
        return self.now

    def do(self, acts: Sequence[Act], ts: int | None = None) -> None:
        """Send, mine, and raise unless all of it succeeded."""
        hashes = self.send(acts)
        self.mine(ts)
        receipts = {r["transactionHash"]: r for r in self.rpc.call("eth_getBlockReceipts", "latest")}
        for act, tx_hash in zip(acts, hashes, strict=True):
            if tx_hash not in receipts:
                raise IncidentError(f"{act.function} of {act.contract.interface.name} was not mined")
            try:
                ensure_success(self.rpc, receipts[tx_hash])
            except RpcError as e:
                raise IncidentError(f"{act.function} of {act.contract.interface.name}: {e}") from None

    # ------------------------------------------------------------------ contracts

    def _create(self, name: str, code: bytes) -> str:
        [tx_hash] = self.rpc.batch([self._request(self.owner, None, code, DEPLOY_GAS)])
        self.mine()
        receipt = self.rpc.receipt(tx_hash)
        if receipt is None or to_int(receipt["status"]) != 1:
            raise IncidentError(f"{name} cannot be deployed")
        return str(receipt["contractAddress"])

    def deploy(self, name: str, *arguments: Any) -> Contract:
        return self.artifacts.at(name, self._create(name, self.artifacts[name].deployment(*arguments)), self.rpc)

    def blueprint(self, name: str) -> str:
        return self._create(name, self.artifacts[name].blueprint())

    def own(self, contract: Contract, function: str, *arguments: Any) -> Act:
        """An act of the owner's."""
        return Act(self.owner, contract, function, arguments)

    # ------------------------------------------------------------------ going back

    def mark(self) -> Mark:
        return Mark(str(self.rpc.call("evm_snapshot")), self.now, dict(self.nonces))

    def back(self, mark: Mark) -> Mark:
        """To the marked state; a mark serves once, the answer is the next."""
        if not self.rpc.call("evm_revert", mark.snapshot):
            raise IncidentError("anvil has forgotten a snapshot")
        self.now = mark.now
        self.nonces = dict(mark.nonces)
        return self.mark()

    def wait_for_boundary(self, at_least: int) -> int:
        """The first boundary of a bucket at least so many seconds from now; nothing is mined."""
        return -(-(self.now + at_least) // BUCKET) * BUCKET
