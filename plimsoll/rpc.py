"""JSON-RPC over one kept-alive HTTP connection, with batches, local signing and errors that say what to do.

Nothing here imports Ape: a keeper that answers within a block cannot wait for it, and a tool that reads one number should
not either.

What is retried: a request that never left this machine, always; a read, or a raw transaction (the same bytes twice are one
transaction), also when the answer was lost. `eth_sendTransaction` and methods that mine or change a development chain are
not: nobody can know whether they took place.
"""

from __future__ import annotations

import base64
import functools
import http.client
import json
import select
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from plimsoll.errors import Problem

DEFAULT_URL = "http://127.0.0.1:8545"
DEV_CHAIN_ID = 31337
# The first accounts of Anvil's well-known mnemonic ("test test ... junk"): worthless outside a development chain.
DEV_KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
)
MAX_UINT256 = 2**256 - 1

_SAFE_TO_REPEAT = ("eth_get", "eth_call", "eth_block", "eth_chain", "eth_gas", "eth_fee", "eth_max", "eth_estimate",
                   "eth_accounts", "eth_syncing", "eth_sendRaw", "net_", "web3_", "debug_", "anvil_nodeInfo")  # fmt: skip


class RpcError(Problem):
    """A one-line message for people. `code` and `data` as the endpoint sent them."""

    def __init__(self, message: str, code: int | None = None, data: Any = None):
        super().__init__(message)
        self.code = code
        self.data = data


class RpcDead(RpcError):
    """The endpoint does not answer."""


class Reverted(RpcError):
    """A call or a transaction reverted; `reason` is the contract's own text, if it gave one."""

    def __init__(self, message: str, reason: str = "", data: Any = None, tx_hash: str | None = None):
        super().__init__(message, 3, data)
        self.reason = reason
        self.tx_hash = tx_hash


def to_int(quantity: str | int | None) -> int:
    if quantity is None:
        return 0
    return quantity if isinstance(quantity, int) else int(quantity, 16)


def quantity(number: int) -> str:
    return hex(number)


def block_id(block: int | str) -> str:
    return hex(block) if isinstance(block, int) else block


def to_hex(data: bytes | str) -> str:
    return data if isinstance(data, str) else "0x" + data.hex()


def to_bytes(data: str | bytes) -> bytes:
    return data if isinstance(data, bytes) else bytes.fromhex(data[2:] if data.startswith("0x") else data)


def checksum(address: str) -> str:
    from eth_utils.address import to_checksum_address

    return str(to_checksum_address(address))


def revert_reason(data: Any) -> str:
    """The text in revert data: Error(string), Panic(uint256), or nothing."""
    if isinstance(data, dict):
        data = data.get("data") or next((v["data"] for v in data.values() if isinstance(v, dict) and "data" in v), None)
    if not isinstance(data, str) or not data.startswith("0x"):
        return ""
    raw = bytes.fromhex(data[2:])
    if raw[:4] == b"\x08\xc3\x79\xa0" and len(raw) >= 68:
        length = int.from_bytes(raw[36:68], "big")
        return raw[68 : 68 + length].decode("utf-8", "replace")
    if raw[:4] == b"\x4e\x48\x7b\x71" and len(raw) >= 36:
        code = int.from_bytes(raw[4:36], "big")
        return {0x11: "arithmetic overflow", 0x12: "division by zero"}.get(code, f"panic {code:#x}")
    return ""


def _error(url: str, method: str, error: dict[str, Any]) -> RpcError:
    message = str(error.get("message", "unknown error")).strip().splitlines()[0]
    code = error.get("code")
    data = error.get("data")
    if "revert" in message.lower() or code == 3:
        reason = revert_reason(data)
        return Reverted(f"reverted: {reason}" if reason else f"reverted without a reason ({message})", reason, data)
    if code == -32601:
        return RpcError(f"{url} does not offer {method}", code, data)
    return RpcError(f"{method}: {message}", code, data)


class Rpc:
    """A client of one endpoint. One thread at a time per instance; a lock keeps accidents apart."""

    def __init__(self, url: str = DEFAULT_URL, timeout: float = 30.0, attempts: int = 3):
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as e:
            # such as a port above 65535
            raise RpcError(f"'{url}' is not an RPC address ({e}): it must look like http://127.0.0.1:8545") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RpcError(f"'{url}' is not an RPC address: it must look like http://127.0.0.1:8545")
        self.url = url
        self.timeout = timeout
        self.attempts = attempts
        self._https = parts.scheme == "https"
        self._host = parts.hostname
        self._port = port or (443 if self._https else 80)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if parts.username:
            login = f"{parts.username}:{parts.password or ''}".encode()
            self._headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
        # what may be shown: keys live in paths and logins
        self.shown = f"{parts.scheme}://{self._host}:{self._port}"
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.RLock()
        self._id = 0

    # ------------------------------------------------------------------ transport

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> http.client.HTTPConnection:
        """The kept connection, or a new one: one that the other side has closed meanwhile would lose a request."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            readable, _, _ = select.select([connection.sock], [], [], 0)
            if not readable:
                return connection
            self.close()
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self.timeout)
        connection.connect()
        self._connection = connection
        return connection

    def _post(self, body: bytes, repeatable: bool) -> Any:
        delay = 0.05
        for attempt in range(1, self.attempts + 1):
            last = attempt == self.attempts
            sent = False
            try:
                connection = self._open()
                sent = True
                connection.request("POST", self._path, body, self._headers)
                response = connection.getresponse()
                raw = response.read()
            except ConnectionRefusedError:
                # nobody listens: waiting for a chain to come up is the caller's decision
                self.close()
                raise RpcDead(f"no chain answers at {self.shown} (connection refused): is the node running?") from None
            except TimeoutError:
                self.close()
                if last or (sent and not repeatable):
                    raise RpcDead(f"{self.shown} did not answer within {self.timeout:g} s") from None
            except (OSError, http.client.HTTPException) as e:
                self.close()
                if last or (sent and not repeatable):
                    what = str(e) or type(e).__name__
                    raise RpcDead(f"{self.shown} does not answer: {what}") from None
            except BaseException:  # interrupted half-way: what is left on the wire belongs to nobody
                self.close()
                raise
            else:
                if response.status in (429, 502, 503, 504) and not last and (repeatable or response.status == 429):
                    time.sleep(delay * 4)
                else:
                    try:
                        return json.loads(raw)
                    except ValueError:
                        text = raw[:80].decode("utf-8", "replace").replace("\n", " ")
                        raise RpcError(f"{self.shown} does not speak JSON-RPC (HTTP {response.status}, '{text}')") from None
            time.sleep(delay)
            delay *= 4
        raise AssertionError("unreachable")

    # ------------------------------------------------------------------ JSON-RPC

    def call(self, method: str, *params: Any) -> Any:
        with self._lock:
            self._id += 1
            request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}
            answer = self._post(json.dumps(request).encode(), method.startswith(_SAFE_TO_REPEAT))
        if not isinstance(answer, dict):
            raise RpcError(f"{self.shown} answered {method} with something that is not JSON-RPC")
        if answer.get("error"):
            raise _error(self.shown, method, answer["error"])
        if "result" not in answer:
            raise RpcError(f"{self.shown} answered {method} with something that is not JSON-RPC")
        return answer["result"]

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]], errors: bool = False) -> list[Any]:
        """Many requests in one round trip, answers in order. With `errors`, a failed one is returned as its RpcError."""
        if not requests:
            return []
        with self._lock:
            first = self._id + 1
            self._id += len(requests)
            body = [{"jsonrpc": "2.0", "id": first + i, "method": method, "params": params} for i, (method, params) in enumerate(requests)]
            answer = self._post(json.dumps(body).encode(), all(m.startswith(_SAFE_TO_REPEAT) for m, _ in requests))
        if isinstance(answer, dict) and answer.get("error"):
            raise _error(self.shown, "a batch", answer["error"])
        by_id = {a.get("id"): a for a in answer} if isinstance(answer, list) else {}
        results: list[Any] = []
        for i, (method, _) in enumerate(requests):
            one = by_id.get(first + i)
            if one is None:
                raise RpcError(f"{self.shown} left {method} of a batch unanswered")
            if one.get("error"):
                error = _error(self.shown, method, one["error"])
                if not errors:
                    raise error
                results.append(error)
            else:
                results.append(one.get("result"))
        return results

    # ------------------------------------------------------------------ reads

    @functools.cached_property
    def chain_id(self) -> int:
        return to_int(self.call("eth_chainId"))

    def block_number(self) -> int:
        return to_int(self.call("eth_blockNumber"))

    def block(self, block: int | str = "latest", full: bool = False) -> dict[str, Any]:
        found = self.call("eth_getBlockByNumber", block_id(block), full)
        if found is None:
            raise RpcError(f"{self.shown} has no block {block}")
        return dict(found)

    def timestamp(self) -> int:
        return to_int(self.block()["timestamp"])

    def nonce(self, address: str, block: str = "pending") -> int:
        return to_int(self.call("eth_getTransactionCount", address, block))

    def balance(self, address: str, block: int | str = "latest") -> int:
        return to_int(self.call("eth_getBalance", address, block_id(block)))

    def code(self, address: str, block: int | str = "latest") -> bytes:
        return to_bytes(self.call("eth_getCode", address, block_id(block)))

    def eth_call(self, to: str, data: bytes | str, sender: str | None = None, block: int | str = "latest", gas: int | None = None) -> bytes:
        method, params = call_request(to, data, sender, block, gas)
        return to_bytes(self.call(method, *params))

    def logs(self, address: str | list[str], topics: list[Any], first: int, last: int, span: int = 50_000) -> list[dict[str, Any]]:
        """Logs of a range of blocks, in pieces where the endpoint refuses so many at once."""
        found: list[dict[str, Any]] = []
        start = first
        while start <= last:
            end = min(start + span - 1, last)
            query = {"address": address, "topics": topics, "fromBlock": hex(start), "toBlock": hex(end)}
            try:
                found += self.call("eth_getLogs", query)
            except RpcDead:
                raise
            except RpcError:
                if span <= 16:
                    raise
                span //= 4
                continue
            start = end + 1
        return found

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        receipt: dict[str, Any] | None = self.call("eth_getTransactionReceipt", tx_hash)
        return receipt

    def wait(self, tx_hash: str, timeout: float = 120.0, poll: float = 0.005) -> dict[str, Any]:
        """The receipt, once mined; reverted or not."""
        deadline = time.monotonic() + timeout
        while (receipt := self.receipt(tx_hash)) is None:
            if time.monotonic() > deadline:
                raise RpcError(f"transaction {tx_hash} was not mined within {timeout:g} s")
            time.sleep(poll)
            poll = min(poll * 1.5, 1.0)
        return receipt

    def fees(self) -> dict[str, int]:
        """Fee fields for a transaction that should be in the next block: twice the base fee bears six full blocks."""
        block = self.block()
        if block.get("baseFeePerGas") is None:
            return {"gasPrice": to_int(self.call("eth_gasPrice"))}
        base = to_int(block["baseFeePerGas"])
        try:
            tip = to_int(self.call("eth_maxPriorityFeePerGas"))
        except RpcDead:
            raise
        except RpcError:
            tip = 10**9
        return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}

    # ------------------------------------------------------------------ development chains

    def mine(self, timestamp: int | None = None) -> None:
        """One block now, at `timestamp` if given."""
        if timestamp is None:
            self.call("evm_mine")
        else:
            self.call("evm_mine", {"timestamp": timestamp})

    def set_automine(self, on: bool) -> None:
        self.call("evm_setAutomine", on)

    def set_next_timestamp(self, timestamp: int) -> None:
        self.call("evm_setNextBlockTimestamp", timestamp)

    def set_balance(self, address: str, wei: int) -> None:
        self.call("anvil_setBalance", address, hex(wei))

    def auto_impersonate(self, on: bool = True) -> None:
        """Let `send_unsigned` come from any address: the demo's crowd needs no keys."""
        self.call("anvil_autoImpersonateAccount", on)

    def send_unsigned(self, tx: dict[str, Any]) -> str:
        """A transaction that the chain signs itself (development chains only). Fields as integers, bytes or hex."""
        return str(self.call("eth_sendTransaction", unsigned(tx)))


def call_request(
    to: str, data: bytes | str, sender: str | None = None, block: int | str = "latest", gas: int | None = None
) -> tuple[str, list[Any]]:
    """An eth_call as an entry of a batch."""
    request = {"to": to, "data": to_hex(data)}
    if sender is not None:
        request["from"] = sender
    if gas is not None:
        request["gas"] = hex(gas)
    return "eth_call", [request, block_id(block)]


def unsigned(tx: dict[str, Any]) -> dict[str, Any]:
    """A transaction as JSON: integers to quantities, bytes to hex."""
    return {k: hex(v) if isinstance(v, int) else to_hex(v) if isinstance(v, bytes) else v for k, v in tx.items()}


# ---------------------------------------------------------------------- signing


class Wallet:
    """A key that signs here and counts its nonces itself, so that many transactions may wait for one block.

    A wallet assumes that it alone uses its account; `resync` after anything that says otherwise.
    """

    def __init__(self, rpc: Rpc, key: str | bytes | None = None, account: Any = None):
        if account is None:
            if key is None:
                raise ValueError("a wallet needs a key or an account")
            account = account_from_key(key)
        self.rpc = rpc
        self.account = account
        self.address: str = account.address
        self._nonce: int | None = None

    def resync(self) -> int:
        """Forget the own count and take the chain's, transactions that wait included."""
        self._nonce = self.rpc.nonce(self.address)
        return self._nonce

    def next_nonce(self) -> int:
        if self._nonce is None:
            self.resync()
        assert self._nonce is not None
        self._nonce += 1
        return self._nonce - 1

    def sign(
        self,
        to: str | None,
        data: bytes | str = b"",
        *,
        gas: int,
        fees: dict[str, int],
        nonce: int | None = None,
        value: int = 0,
    ) -> tuple[str, str]:
        """(hash, raw transaction), signed and not sent."""
        tx: dict[str, Any] = {
            "chainId": self.rpc.chain_id,
            "nonce": self.next_nonce() if nonce is None else nonce,
            "data": to_hex(data),
            "value": value,
            "gas": gas,
            **fees,
        }
        if "maxFeePerGas" in fees:
            tx["type"] = 2
        if to is not None:
            tx["to"] = checksum(to)
        signed = self.account.sign_transaction(tx)
        return to_hex(bytes(signed.hash)), to_hex(bytes(signed.raw_transaction))

    def estimate(self, to: str | None, data: bytes | str, value: int = 0) -> int:
        """Gas with a fifth to spare: what a call needs may grow until it is mined."""
        tx: dict[str, Any] = {"from": self.address, "data": to_hex(data), "value": hex(value)}
        if to is not None:
            tx["to"] = to
        return to_int(self.rpc.call("eth_estimateGas", tx)) * 6 // 5

    def send(self, to: str | None, data: bytes | str = b"", *, gas: int | None = None, value: int = 0) -> str:
        """Sign and send; returns the hash. A call that would revert raises Reverted before anything is sent."""
        limit = gas if gas is not None else self.estimate(to, data, value)
        fees = self.rpc.fees()
        tx_hash, raw = self.sign(to, data, gas=limit, fees=fees, value=value)
        try:
            send_raw(self.rpc, raw, tx_hash)
        except RpcError:
            self._nonce = None
            raise
        return tx_hash

    def transact(
        self, to: str | None, data: bytes | str = b"", *, gas: int | None = None, value: int = 0, timeout: float = 120.0
    ) -> dict[str, Any]:
        """Send, wait, and return the receipt; raises Reverted with the reason if it failed on chain."""
        tx_hash = self.send(to, data, gas=gas, value=value)
        receipt = self.rpc.wait(tx_hash, timeout)
        ensure_success(self.rpc, receipt)
        return receipt


def account_from_key(key: str | bytes) -> Any:
    from eth_account import Account

    try:
        return Account.from_key(key)
    except Exception:
        raise RpcError("the private key is not one: 32 bytes in hex are needed (64 digits, with or without 0x)") from None


def send_raw(rpc: Rpc, raw: str, tx_hash: str) -> None:
    """Send a signed transaction. That the endpoint has it already is no error: sending the same bytes twice is harmless."""
    try:
        rpc.call("eth_sendRawTransaction", raw)
    except RpcDead:
        raise
    except RpcError as e:
        if rpc.call("eth_getTransactionByHash", tx_hash) is None:
            raise _explain(e) from None


def _explain(error: RpcError) -> RpcError:
    text = str(error).lower()
    if "insufficient funds" in text:
        return RpcError("the account cannot pay for the gas: fund it with the chain's own coin", error.code, error.data)
    if "nonce too low" in text:
        return RpcError("nonce too low: another program uses the same account", error.code, error.data)
    return error


def ensure_success(rpc: Rpc, receipt: dict[str, Any]) -> None:
    """Raise Reverted, with the reason found by replaying the call, unless the transaction succeeded."""
    if to_int(receipt["status"]) == 1:
        return
    tx_hash = receipt["transactionHash"]
    reason = ""
    try:
        tx = rpc.call("eth_getTransactionByHash", tx_hash)
        request = {k: tx[k] for k in ("from", "to", "input", "value", "gas") if tx.get(k) is not None}
        request["data"] = request.pop("input")
        block = to_int(receipt["blockNumber"])
        # before the block; where that succeeds something else in the block came first: then after it
        for at in (block - 1, block):
            rpc.call("eth_call", request, hex(at))
    except Reverted as e:
        reason = e.reason
    except RpcError:
        pass
    text = f"transaction {tx_hash} reverted" + (f": {reason}" if reason else "")
    raise Reverted(text, reason, tx_hash=tx_hash)
