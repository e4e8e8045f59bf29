"""JSON-RPC against a server that misbehaves on purpose."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from plimsoll.rpc import DEV_KEYS, Reverted, Rpc, RpcDead, RpcError, Wallet, revert_reason, to_hex

Reply = Callable[[Any, BaseHTTPRequestHandler], Any]


class Server:
    """Answers with `reply(request)`; what it was asked is in `asked`."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.connections = 0
        self.reply: Reply = lambda request, _: {"result": None}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(request)
                answer = outer.reply(request, self)
                if answer is None:
                    return
                status, body = answer if isinstance(answer, tuple) else (200, answer)
                if isinstance(body, dict) and isinstance(request, dict):
                    body = {"jsonrpc": "2.0", "id": request["id"], **body}
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def hang_up(_: Any, handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


@pytest.fixture
def rpc(server: Server) -> Iterator[Rpc]:
    with Rpc(server.url, timeout=1) as one:
        yield one


def test_call__many__one_connection(server: Server, rpc: Rpc) -> None:
    server.reply = lambda request, _: {"result": hex(len(server.asked))}
    assert [rpc.block_number() for _ in range(5)] == [1, 2, 3, 4, 5]
    assert server.connections == 1
    assert [a["id"] for a in server.asked] == [1, 2, 3, 4, 5]


def test_call__connection_closed_while_idle__reopened_even_for_what_may_not_be_repeated(server: Server, rpc: Rpc) -> None:
    def once(request: Any, handler: BaseHTTPRequestHandler) -> Any:
        handler.close_connection = True
        return {"result": "0x1"}

    server.reply = once
    rpc.block_number()
    threading.Event().wait(0.05)
    assert rpc.send_unsigned({"from": "0x1"}) == "0x1"
    assert len(server.asked) == 2


def test_call__answer_lost__read_repeated(server: Server, rpc: Rpc) -> None:
    server.reply = lambda request, h: hang_up(request, h) if len(server.asked) < 2 else {"result": "0x7"}
    assert rpc.block_number() == 7
    assert len(server.asked) == 2


def test_call__answer_lost__transaction_of_the_chain_not_repeated(server: Server, rpc: Rpc) -> None:
    server.reply = hang_up
    with pytest.raises(RpcDead, match=r"http://127\.0\.0\.1:\d+ does not answer: "):
        rpc.send_unsigned({"from": "0x1"})
    assert len(server.asked) == 1


def test_call__never_answers__says_after_how_long(server: Server) -> None:
    server.reply = lambda request, _: threading.Event().wait(0.5) and None
    with Rpc(server.url, timeout=0.1, attempts=1) as rpc, pytest.raises(RpcDead, match=r"did not answer within 0\.1 s"):
        rpc.block_number()


def test_call__busy_endpoint__tried_again(server: Server, rpc: Rpc) -> None:
    server.reply = lambda request, _: (503, b"busy") if len(server.asked) < 2 else {"result": "0x7"}
    assert rpc.block_number() == 7


@pytest.mark.parametrize(
    "reply, message",
    [
        ((200, b"<html>hello"), r"does not speak JSON-RPC \(HTTP 200, '<html>hello'\)"),
        ((404, b"not here"), r"does not speak JSON-RPC \(HTTP 404, 'not here'\)"),
        ((200, b"[]"), "something that is not JSON-RPC"),
        ({"error": {"code": -32601, "message": "Method not found"}}, "does not offer eth_blockNumber"),
        ({"error": {"code": -32000, "message": "pruned\nmore"}}, "^eth_blockNumber: pruned$"),
    ],
)
def test_call__nonsense__said_in_one_line(server: Server, rpc: Rpc, reply: Any, message: str) -> None:
    server.reply = lambda request, _: reply
    with pytest.raises(RpcError, match=message):
        rpc.block_number()


def test_call__revert__reason_decoded(server: Server, rpc: Rpc) -> None:
    text = b"pool: over limit"
    data = to_hex(bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + len(text).to_bytes(32, "big") + text.ljust(32, b"\0"))
    server.reply = lambda request, _: {"error": {"code": 3, "message": "execution reverted: pool", "data": data}}
    with pytest.raises(Reverted, match=r"^reverted: pool: over limit$") as error:
        rpc.eth_call("0x" + "11" * 20, b"")
    assert error.value.reason == "pool: over limit"


def test_revert_reason__other_forms__read_or_empty() -> None:
    assert revert_reason("0x4e487b71" + f"{0x11:064x}") == "arithmetic overflow"
    assert revert_reason({"data": "0x4e487b71" + f"{0x99:064x}"}) == "panic 0x99"
    assert revert_reason("0x") == revert_reason(None) == revert_reason("0x12345678") == ""


def test_batch__answers_in_any_order__put_in_order_and_errors_apart(server: Server, rpc: Rpc) -> None:
    def reply(request: Any, _: Any) -> Any:
        answers = [{"jsonrpc": "2.0", "id": r["id"], "result": r["method"]} for r in request]
        answers[1] = {"jsonrpc": "2.0", "id": request[1]["id"], "error": {"code": -32000, "message": "no"}}
        return answers[::-1]

    server.reply = reply
    requests: list[tuple[str, list[Any]]] = [("eth_a", []), ("eth_b", []), ("eth_c", [])]
    first, second, third = rpc.batch(requests, errors=True)
    assert (first, third) == ("eth_a", "eth_c")
    assert isinstance(second, RpcError)
    with pytest.raises(RpcError, match="eth_b: no"):
        rpc.batch(requests)
    assert rpc.batch([]) == []
    server.reply = lambda request, _: [{"id": request[0]["id"], "result": 1}]
    with pytest.raises(RpcError, match="left eth_b of a batch unanswered"):
        rpc.batch(requests)


def test_rpc__nobody_listens__said_at_once() -> None:
    with pytest.raises(RpcDead, match=r"no chain answers at http://127\.0\.0\.1:9 \(connection refused\)"):
        Rpc("http://127.0.0.1:9").block_number()


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8545", "ws://127.0.0.1:8545", "http://", "", "http://127.0.0.1:99999", "http://127.0.0.1:port", "http://[::1"]
)
def test_rpc__no_address__said(url: str) -> None:
    with pytest.raises(RpcError, match=r"is not an RPC address.*: it must look like"):
        Rpc(url)


def test_rpc__login_in_the_address__sent_and_never_shown(server: Server) -> None:
    seen: list[str | None] = []

    def reply(request: Any, handler: BaseHTTPRequestHandler) -> Any:
        seen.append(handler.headers["Authorization"])
        return (500, b"oops")

    server.reply = reply
    with Rpc(server.url.replace("//", "//me:secret@") + "/v3/key") as rpc, pytest.raises(RpcError) as error:
        rpc.block_number()
    assert seen[0] == "Basic bWU6c2VjcmV0"
    assert "secret" not in str(error.value)
    assert "key" not in str(error.value)


def test_logs__range_refused__asked_in_pieces(server: Server, rpc: Rpc) -> None:
    def reply(request: Any, _: Any) -> Any:
        query = request["params"][0]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        if last - first >= 1_000:
            return {"error": {"code": -32005, "message": "range too large"}}
        return {"result": [{"block": b} for b in (first, last)]}

    server.reply = reply
    found = [log["block"] for log in rpc.logs("0x1", [], 10, 2_009)]
    assert (found[0], found[-1]) == (10, 2_009)
    starts, ends = found[::2], found[1::2]
    assert starts[1:] == [e + 1 for e in ends[:-1]]


def test_wallet__several__nonces_in_order_and_signatures_right(server: Server, rpc: Rpc) -> None:
    from eth_account import Account

    server.reply = lambda request, _: {"result": {"eth_chainId": "0x7a69", "eth_getTransactionCount": "0x5"}[request["method"]]}
    wallet = Wallet(rpc, DEV_KEYS[0])
    fees = {"maxFeePerGas": 10, "maxPriorityFeePerGas": 1}
    signed = [wallet.sign("0x" + "11" * 20, b"\1", gas=21_000, fees=fees) for _ in range(2)]
    assert wallet.next_nonce() == 7
    assert signed[0][0] != signed[1][0]
    assert Account.recover_transaction(signed[0][1]) == wallet.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize("key", ["0x12", "zz" * 32, ""])
def test_wallet__no_key__said_without_showing_it(rpc: Rpc, key: str) -> None:
    with pytest.raises(RpcError, match="the private key is not one: 32 bytes in hex are needed"):
        Wallet(rpc, key)
