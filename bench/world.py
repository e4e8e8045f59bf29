"""A chain whose every block, address and amount is the same in each run, so that gas is the same too.

One plain transaction per operation; what is measured is `gasUsed` of its receipt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from plimsoll.abi import Artifact, Contract, Interface
from plimsoll.chain import Chain
from plimsoll.rpc import ensure_success, to_bytes, to_hex, to_int

# A minute, a bucket of observations and a lap of their ring begin here.
LAP = 180 * 128
GENESIS = 1_700_000_000 // LAP * LAP + LAP
BLOCK_SECONDS = 12
MINUTE = 60
BUCKET = 180
MAX = 2**256 - 1
WAD = 10**18
# Of a transaction: below what the protocol allows one (EIP-7825)
TX_GAS = 16_000_000

# Calls the address in the first word of its call data with the rest of it, and logs the gas that this took, the call's
# own price included: what a contract pays that makes the call.
PROBE = bytes.fromhex(
    "60203603"  # n = calldatasize - 32
    "8060205f37"  # calldatacopy(0, 32, n)
    "5a"  # before = gas
    "5f5f835f5f5f355af1"  # ok = call(gas, calldataload(0), 0, 0, n, 0, 0)
    "5a82035f52"  # mstore(0, before - gas)
    "601e575f5ffd"  # if not ok: revert
    "5b60205fa000"  # log0(0, 32)
)


class BenchError(Exception):
    """A one-line message for people."""


@dataclass(frozen=True)
class Tx:
    """A call that waits for its block."""

    sender: str
    to: str
    data: bytes
    value: int = 0


@dataclass
class World:
    """A fresh chain with its roles; the first block is `BLOCK_SECONDS` after GENESIS."""

    accounts: int = 40
    sizes: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> World:
        options = ["--order", "fifo"]
        self.chain = Chain(port=0, mining="none", timestamp=GENESIS, gas_limit=2_000_000_000, accounts=self.accounts, options=options).start()
        self.rpc = self.chain.rpc
        everyone: list[str] = self.rpc.call("eth_accounts")
        # Tokens and protocols have deployers of their own, so that an address depends on nothing but its own history.
        self.token_deployer, self.owner, self.treasury, self.lender, self.borrower, self.liquidator = everyone[:6]
        self.trader, self.crowd = everyone[6], everyone[7:]
        self.now = GENESIS
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.chain.stop()

    # ------------------------------------------------------------------ blocks

    def block(self, *txs: Tx, at: int | None = None) -> list[dict[str, Any]]:
        """The receipts of one block with `txs` in this order."""
        self.now = self.now + BLOCK_SECONDS if at is None else at
        hashes = [
            self.rpc.call(
                "eth_sendTransaction",
                {"from": tx.sender, "data": to_hex(tx.data), "gas": hex(TX_GAS), "value": hex(tx.value)} | ({"to": tx.to} if tx.to else {}),
            )
            for tx in txs
        ]
        self.rpc.call("evm_setNextBlockTimestamp", self.now)
        self.rpc.call("evm_mine")
        receipts = []
        for position, tx_hash in enumerate(hashes):
            receipt = self.rpc.receipt(tx_hash)
            if receipt is None or to_int(receipt["transactionIndex"]) != position:
                raise BenchError("anvil did not mine the transactions of a block in the order they were sent")
            ensure_success(self.rpc, receipt)
            receipts.append(receipt)
        return receipts

    def send(self, sender: str, to: Contract, function: str, *args: Any) -> int:
        """The gas of one call in a block of its own."""
        return self.gas(Tx(sender, to.address, to.data(function, *args)))

    def gas(self, *txs: Tx) -> int:
        """The gas of the last of the transactions of a block."""
        return to_int(self.block(*txs)[-1]["gasUsed"])

    def wait_until(self, timestamp: int) -> None:
        """Let the next block be at `timestamp`, or fail if that is past."""
        if timestamp <= self.now:
            raise BenchError(f"the bench's clock cannot go back to {timestamp}")
        self.now = timestamp - BLOCK_SECONDS

    def next_start(self, period: int) -> int:
        """The beginning of the next minute, bucket, ..."""
        return (self.now // period + 1) * period

    def snapshot(self) -> tuple[str, int]:
        return self.rpc.call("evm_snapshot"), self.now

    def revert(self, snapshot: tuple[str, int]) -> None:
        self.rpc.call("evm_revert", snapshot[0])
        self.now = snapshot[1]

    # ------------------------------------------------------------------ deployment

    def deploy_code(self, sender: str, data: bytes) -> tuple[str, dict[str, Any]]:
        receipt = self.block(Tx(sender, "", data))[0]
        return receipt["contractAddress"], receipt

    def deploy(self, sender: str, artifact: Artifact, *args: Any, name: str | None = None) -> Contract:
        address, _ = self.deploy_code(sender, artifact.deployment(*args))
        self.note_size(name or artifact.name, address)
        return Contract(address, artifact.interface, self.rpc)

    def note_size(self, name: str, address: str) -> None:
        self.sizes[name] = len(self.rpc.code(address))

    def at(self, address: str, interface: Interface) -> Contract:
        return Contract(address, interface, self.rpc)

    # ------------------------------------------------------------------ tokens

    def token(self, artifact: Artifact, symbol: str, decimals: int, holders: list[str], amount: int) -> Contract:
        """A token of which each holder has `amount`; the holders' balances are the same in every run."""
        address, _ = self.deploy_code(self.token_deployer, artifact.deployment(symbol, symbol, decimals))
        token = self.at(address, artifact.interface)
        self.block(*(Tx(self.token_deployer, address, token.data("mint", h, amount)) for h in holders))
        return token

    def allow(self, holder: str, spender: str, tokens: list[Contract]) -> None:
        self.block(*(Tx(holder, t.address, t.data("approve", spender, MAX)) for t in tokens))

    # ------------------------------------------------------------------ gas inside a contract

    def install_probe(self) -> None:
        # codecopy(0, 9, length), return(0, length)
        constructor = b"\x60" + bytes([len(PROBE)]) + bytes.fromhex("8060093d393df3")
        self.probe, _ = self.deploy_code(self.owner, constructor + PROBE)
        if self.rpc.code(self.probe) != PROBE:
            raise BenchError("the probe was not deployed as written")

    def probed(self, to: Contract, function: str, *args: Any) -> int:
        """What a contract pays for this call, as logged by the probe in a transaction."""
        word = bytes(12) + to_bytes(to.address)
        receipt = self.block(Tx(self.trader, self.probe, word + to.data(function, *args)))[0]
        return to_int(receipt["logs"][-1]["data"])
