"""Which pools are touched: those that stand still at a price that the oracle has not reached, and not more than once a minute."""

from typing import Any

import pytest
from eth_abi.abi import encode

from plimsoll.pokes import MOST_RAISES, STUCK_BLOCKS, Idle, Line, unsettled
from plimsoll.rpc import RpcError

POOL, OTHER = "0xa", "0xb"


def test_due__stands_still__after_five_minutes_and_then_each_minute() -> None:
    idle = Idle()
    touched = [now for now in range(1_000, 1_600) if idle.due(POOL, 7, now)]
    assert touched == [1_300, 1_360, 1_420, 1_480, 1_540]


def test_due__somebody_trades__waits_anew() -> None:
    idle = Idle()
    assert not any(idle.due(POOL, now // 200, now) for now in range(1_000, 3_000))
    assert not any(idle.due(POOL, 15, now) for now in range(3_000, 3_300))
    assert idle.due(POOL, 15, 3_300)


def test_due__blocks_far_apart__once_a_block_at_most() -> None:
    idle = Idle()
    assert [idle.due(POOL, 7, now) for now in (0, 1_000, 2_000, 2_059, 2_060)] == [False, True, True, False, True]


def window(fresh_sum: int, seconds: int, tick: int) -> bytes:
    """The answer to window(0) of a pool whose market is at `tick`, with some liquidity."""
    present = (tick % 2**128 << 128) + 10**18
    types = ["uint256", "int256", "uint256", "int256", "uint256", "int256", "uint256", "uint256"]
    head = encode(types, [1, 0, 0, fresh_sum, seconds, 7, present, 0])
    return head + bytes(20 * 32)


def test_unsettled__more_than_a_thousand_ticks__and_not_one_less() -> None:
    for mean in (-223_339, 223_339):
        assert not unsettled(window(mean * 70, 70, mean + 1_000))
        assert unsettled(window(mean * 70, 70, mean + 1_001))
        assert not unsettled(window(mean * 70, 70, mean - 1_000))
        assert unsettled(window(mean * 70, 70, mean - 1_001))
        # the mean is rounded down
        assert unsettled(window(mean * 70 - 1, 70, mean + 1_000))
    assert not unsettled(window(0, 0, 5_000))


def test_watch__settled_meanwhile__forgotten() -> None:
    idle = Idle()
    idle.due(POOL, 7, 0)
    idle.due(OTHER, 7, 0)
    idle.watch([OTHER])
    assert not idle.due(POOL, 7, 300)
    assert idle.due(OTHER, 7, 300)


FEES = {"maxFeePerGas": 100, "maxPriorityFeePerGas": 10}


class Endpoint:
    """Counts one account's transactions that were mined, and notes what was sent; a wallet beside it."""

    address = "0xme"

    def __init__(self) -> None:
        self.count = 7
        self.sent: list[tuple[int, int]] = []
        self.refuses = False
        self.resyncs = 0

    def nonce(self, address: str, block: str) -> int:
        assert (address, block) == (self.address, "latest")
        return self.count

    def next_nonce(self) -> int:
        return 7

    def resync(self) -> int:
        self.resyncs += 1
        return self.count

    def sign(self, to: str, data: bytes, *, gas: int, fees: dict[str, int], nonce: int) -> tuple[str, str]:
        return f"0x{fees['maxFeePerGas']}", f"{nonce}:{fees['maxFeePerGas']}"

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getTransactionByHash":
            return None
        assert method == "eth_sendRawTransaction"
        if self.refuses:
            raise RpcError("no")
        nonce, fee = params[0].split(":")
        self.sent.append((int(nonce), int(fee)))
        return "0x"


def line_of(endpoint: Endpoint) -> tuple[Line, list[str]]:
    said: list[str] = []
    return Line(endpoint, endpoint, lambda event, text, **fields: said.append(text)), said  # type: ignore[arg-type]


def test_line__mined__free_again() -> None:
    endpoint = Endpoint()
    line, _ = line_of(endpoint)
    assert line.tend(100, FEES)
    line.send("0xto", b"", 1, 100, FEES)
    assert not line.tend(101, FEES)
    endpoint.count = 8
    assert line.tend(102, FEES)
    assert endpoint.sent == [(7, 100)]


def test_line__not_mined__same_nonce_dearer_and_left_in_the_end() -> None:
    endpoint = Endpoint()
    line, said = line_of(endpoint)
    line.send("0xto", b"", 1, 100, FEES)
    free = [head for head in range(101, 100 + STUCK_BLOCKS * (MOST_RAISES + 2)) if line.tend(head, FEES)]
    # 100 * 1.3 + 1, and so on, rounded down
    fees = [100]
    for _ in range(MOST_RAISES):
        fees.append(fees[-1] * 13 // 10 + 1)
    assert endpoint.sent == [(7, fee) for fee in fees]
    assert free[0] == 100 + STUCK_BLOCKS * (MOST_RAISES + 1)
    assert said == ["a poke was not mined in 36 blocks, with ever higher fees: leaving it"]
    assert endpoint.resyncs == 1


def test_line__chain_dearer_than_the_raise__as_the_chain_wants() -> None:
    endpoint = Endpoint()
    line, _ = line_of(endpoint)
    line.send("0xto", b"", 1, 100, FEES)
    line.tend(100 + STUCK_BLOCKS, {"maxFeePerGas": 500, "maxPriorityFeePerGas": 10})
    assert endpoint.sent[-1] == (7, 500)


def test_line__refused__not_waited_for() -> None:
    endpoint = Endpoint()
    line, _ = line_of(endpoint)
    endpoint.refuses = True
    with pytest.raises(RpcError):
        line.send("0xto", b"", 1, 100, FEES)
    assert line.tend(101, FEES)
    assert endpoint.resyncs == 1
