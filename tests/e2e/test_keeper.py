"""The keeper as a process of its own, on a chain that crashes, stops, and goes on."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plimsoll import account_words, health, pokes
from plimsoll import keeper as module
from plimsoll.keeper import cli
from plimsoll.rpc import DEV_KEYS, Wallet
from tests.e2e.conftest import ROOT, Market, Run, person

pytestmark = pytest.mark.e2e

Events = list[dict[str, Any]]


@pytest.fixture
def keeper(market: Market) -> str:
    """The keeper's account, with dollars."""
    address = Wallet(market.rpc, DEV_KEYS[1]).address
    market.act(address, market.usd, "mint", address, 10**12)
    return address


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "keeper.json"


@pytest.fixture
def once(market: Market, state: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Events]]:
    """The keeper with --once: (exit code, events)."""
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))

    def run(*arguments: str) -> tuple[int, Events]:
        command = ["--rpc", market.url, "--state", str(state), "--once", "--json", *arguments]
        before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
        done = CliRunner(mix_stderr=False).invoke(cli, command, catch_exceptions=False)
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
        return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()]

    return run


class Process:
    """The keeper as users run it, its events in a queue."""

    def __init__(self, url: str, folder: Path, state: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "plimsoll.keeper", "--rpc", url, "--state", str(state), "--json", "--every-block", *arguments]
        environment = {**os.environ, "PLIMSOLL_DEPLOYMENTS": str(folder)}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.all: Events = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.events.put(json.loads(line))

    def wait_for(self, event: str, seconds: float = 20, **fields: Any) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = self.events.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no event '{event}' {fields} within {seconds} s, but {self.all}") from None
            self.all.append(found)
            if found["event"] == event and fields.items() <= found.items():
                return found

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start(market: Market, state: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def run(*arguments: str, url: str = market.url) -> Process:
        started.append(Process(url, market.folder, state, *arguments))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


def named(events: Events, event: str) -> Events:
    return [e for e in events if e["event"] == event]


# ---------------------------------------------------------------- once


def test_once__nobody_due__code_3(market: Market, keeper: str, once: Callable[..., tuple[int, Events]]) -> None:
    code, events = once()
    assert code == 3
    assert named(events, "sent") == []
    assert named(events, "stopped")[0]["liquidations"] == 0


def test_once__crash__liquidates_who_is_due_and_nobody_else(market: Market, keeper: str, once: Callable[..., tuple[int, Events]]) -> None:
    # a third: those at 70 and 78 % of capacity are due, the one at 60 % is not
    market.crash(33)
    due = [person(4), person(5)]
    debts = {a: market.pool.call("debt_of", a, market.usd.address) for a in (*due, person(3))}
    code, events = once()
    assert code == 0, events
    assert {e["borrower"] for e in named(events, "liquidated")} == {a.lower() for a in due}
    assert named(events, "approved")[0]["asset"] == market.usd.address
    for account in due:
        assert market.usage(account) < 10**18
        assert market.pool.call("debt_of", account, market.usd.address) < debts[account]
    assert market.pool.call("debt_of", person(3), market.usd.address) - debts[person(3)] < 100
    repaid = sum(int(e["repaid"]) for e in named(events, "liquidated"))
    assert market.usd.call("balanceOf", keeper) == 10**12 - repaid
    received = sum(int(e["received"]) for e in named(events, "liquidated"))
    assert market.eth.call("balanceOf", keeper) == received
    assert once()[0] == 3


def test_once__dry_run__says_and_sends_nothing(market: Market, keeper: str, once: Callable[..., tuple[int, Events]]) -> None:
    market.crash(33)
    market.act(keeper, market.usd, "approve", market.pool.address, 2**256 - 1)
    block = market.rpc.block_number()
    code, events = once("--dry-run")
    assert code == 0
    would = named(events, "would_liquidate")
    assert {e["borrower"] for e in would} == {person(4).lower(), person(5).lower()}
    assert all(float(e["profit"]) > 0 and e["usage_percent"] >= 100 for e in would)
    assert market.rpc.block_number() == block


def test_once__dry_run_without_approval__says_what_is_missing(market: Market, keeper: str, once: Callable[..., tuple[int, Events]]) -> None:
    market.crash(33)
    code, events = once("--dry-run")
    assert code == 3
    assert "USD is not approved to the pool yet" in named(events, "short")[0]["text"]
    assert len(named(events, "due")) == 2


def test_once__profit_below_minimum__left_alone(market: Market, keeper: str, once: Callable[..., tuple[int, Events]]) -> None:
    market.crash(33)
    code, events = once("--min-profit", "1000")
    assert code == 3
    assert len(named(events, "unprofitable")) == 2
    assert named(events, "sent") == []


def test_once__no_dollars__says_so(market: Market, once: Callable[..., tuple[int, Events]]) -> None:
    market.crash(33)
    code, events = once()
    assert code == 3
    assert any("holds no USD or ETH" in e["text"] for e in named(events, "short"))
    assert any("short of USD" in e["text"] for e in named(events, "short"))


def test_once__balance_short__repays_what_it_has(market: Market, once: Callable[..., tuple[int, Events]]) -> None:
    address = Wallet(market.rpc, DEV_KEYS[1]).address
    market.act(address, market.usd, "mint", address, 100 * 10**6)
    market.crash(33)
    code, events = once()
    assert code == 0
    (done,) = named(events, "liquidated")
    assert done["repaid"] == str(100 * 10**6)
    assert market.usd.call("balanceOf", address) == 0


def test_once__state_damaged__reads_the_chain_again(market: Market, keeper: str, state: Path, once: Callable[..., tuple[int, Events]]) -> None:
    market.crash(33)
    for content in ("{", '{"format": 1}', json.dumps({"format": 1, "chain_id": 31337, "genesis": "0x", "pool": "0x"})):
        state.write_text(content)
        _, events = once("--dry-run")
        assert len(named(events, "state")) == 1
        assert len(named(events, "due")) == 2
        # what may be another file altogether is not lost; a keeper's own state of another deployment is
        kept = state.with_name(state.name + ".damaged")
        assert not kept.exists() if "pool" in content else kept.read_text() == content
        kept.unlink(missing_ok=True)
    assert len(json.loads(state.read_text())["borrowers"]) == 5


def test_once__state_cannot_be_written__said_in_a_line(
    market: Market, keeper: str, tmp_path: Path, once: Callable[..., tuple[int, Events]]
) -> None:
    (tmp_path / "file").write_text("")
    code, events = once("--state", str(tmp_path / "file" / "deep" / "keeper.json"))
    assert code == 1
    assert [e["text"] for e in named(events, "failed")] == [f"{tmp_path}/file/deep/keeper.json cannot be written: Not a directory"]


@pytest.mark.parametrize(
    "arguments, message", [(("--ws", "foo"), "'foo' is no address of a WebSocket"), (("--min-profit", "nan"), "no number")]
)
def test_once__wrong_option__usage(market: Market, arguments: tuple[str, str], message: str) -> None:
    done = CliRunner(mix_stderr=False).invoke(cli, ["--rpc", market.url, "--once", *arguments], catch_exceptions=False)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


# ---------------------------------------------------------------- following


def test_follow__new_borrower_and_crash__liquidated_in_time(market: Market, keeper: str, start: Callable[..., Process], state: Path) -> None:
    process = start()
    process.wait_for("ready", by="WebSocket")
    process.wait_for("block", borrowers=5)
    market.borrow(person(6), 10, 13 * 79)
    process.wait_for("block", borrowers=6)
    market.crash(33)
    found = {process.wait_for("liquidated")["borrower"] for _ in range(3)}
    assert found == {person(n).lower() for n in (4, 5, 6)}
    # found in the block in which they fell due, mined in the next ones
    sent = named(process.all, "sent")
    assert {e["block"] for e in sent} == {min(e["block"] for e in sent)}
    assert process.end(signal.SIGINT) == 0
    assert process.wait_for("stopped")["liquidations"] == 3
    assert len(json.loads(state.read_text())["borrowers"]) == 6


def test_follow__polling__the_same(market: Market, keeper: str, start: Callable[..., Process]) -> None:
    process = start("--no-ws")
    process.wait_for("ready", by="polling each 0.05 s")
    process.wait_for("block")
    market.crash(33)
    assert {process.wait_for("liquidated")["borrower"] for _ in range(2)} == {person(n).lower() for n in (4, 5)}
    assert process.end(signal.SIGTERM) == 0


def test_follow__killed_while_waiting__the_next_one_sends_nothing_twice(
    market: Market, keeper: str, start: Callable[..., Process], state: Path
) -> None:
    market.act(keeper, market.usd, "approve", market.pool.address, 2**256 - 1)
    market.crash(33)
    market.rpc.set_automine(False)
    try:
        nonce = market.rpc.nonce(keeper)
        first = start()
        for _ in range(2):
            first.wait_for("sent")
        first.end(signal.SIGKILL)
        assert market.rpc.nonce(keeper) == nonce + 2
        assert len(json.loads(state.read_text())["pending"]) == 2

        second = start()
        second.wait_for("block", pending=2)
        market.rpc.mine()
        found = {second.wait_for("liquidated")["borrower"] for _ in range(2)}
        assert found == {person(n).lower() for n in (4, 5)}
        assert named(second.all, "sent") == []
        second.end()
        assert market.rpc.nonce(keeper) == nonce + 2
    finally:
        market.rpc.set_automine(True)


def test_follow__somebody_is_faster__reverts_once_and_goes_on(market: Market, keeper: str, start: Callable[..., Process]) -> None:
    market.act(keeper, market.usd, "approve", market.pool.address, 2**256 - 1)
    rival = person(60)
    market.fund(rival, market.usd, 10**12)
    market.crash(24)
    market.rpc.set_automine(False)
    try:
        process = start("--tip-gwei", "1")
        sent = process.wait_for("sent")
        assert sent["borrower"] == person(5).lower()
        data = market.engine.data("liquidate", person(5), market.usd.address, market.eth.address, 2**256 - 1, 0, 2**40)
        tip = 50 * 10**9
        market.rpc.send_unsigned(
            {"from": rival, "to": market.engine.address, "data": data, "gas": 2_000_000, "maxPriorityFeePerGas": tip, "maxFeePerGas": 2 * tip}
        )
        market.rpc.mine()
        assert process.wait_for("reverted")["reason"] == "engine: healthy"
        market.rpc.mine()
        process.wait_for("block", liquidatable=0)
        assert process.end() == 0
    finally:
        market.rpc.set_automine(True)


class Line:
    """A TCP line to the chain that can be cut and mended."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.ends: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._listen()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.ends += [near, far]
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    def _pump(self, a: socket.socket, b: socket.socket) -> None:
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for end in (a, b):
            with_shutdown(end)

    def cut(self) -> None:
        with_shutdown(self.listener)
        self.listener.close()
        for end in self.ends:
            with_shutdown(end)
            end.close()
        self.ends = []

    def mend(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self._listen()


def with_shutdown(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


def test_follow__endpoint_gone_and_back__says_so_and_catches_up(market: Market, keeper: str, start: Callable[..., Process]) -> None:
    line = Line(int(market.url.rsplit(":", 1)[1]))
    try:
        process = start(url=f"http://127.0.0.1:{line.port}")
        process.wait_for("block")
        line.cut()
        lost = process.wait_for("lost")
        assert "trying again in 0.25 s" in lost["text"]
        assert process.wait_for("lost")["retry_seconds"] > lost["retry_seconds"]
        market.crash(33)
        line.mend()
        process.wait_for("connected")
        assert {process.wait_for("liquidated")["borrower"] for _ in range(2)} == {person(n).lower() for n in (4, 5)}
        assert process.end() == 0
    finally:
        line.cut()


# ---------------------------------------------------------------- pools that stand still


def far_jump(market: Market) -> int:
    """Sell until the price is a quarter: 13,863 ticks, more than a pool's memory follows by itself. The tick before."""
    before = present_tick(market)
    reserves = market.pair.call("getReserves")
    first = int(market.eth.address, 16) < int(market.usd.address, 16)
    ether, dollars = (reserves[0], reserves[1]) if first else (reserves[1], reserves[0])
    got = dollars * ether * 9975 // (ether * 10_000 + ether * 9975)
    seller = person(998)
    market.fund(seller, market.eth, ether)
    market.act(seller, market.eth, "transfer", market.pair.address, ether)
    market.act(seller, market.pair, "swap", 0 if first else got, got if first else 0, seller, b"")
    assert abs(present_tick(market) - before) > 13_000
    return before


def present_tick(market: Market) -> int:
    tick = market.pair.call("window", 0).present >> 128
    return int(tick - (1 << 128) if tick >> 127 else tick)


def fresh_tick(market: Market) -> int:
    window = market.pair.call("window", 0)
    return int(window.fresh_sum // window.fresh_seconds)


def test_follow__pool_stands_still_after_a_far_jump__touched_until_settled(market: Market, keeper: str, start: Callable[..., Process]) -> None:
    before = far_jump(market)
    market.wait(360)
    # the memory has followed by 9,000 ticks, and waits
    assert 8_999 <= abs(fresh_tick(market) - before) <= 9_001
    process = start()
    process.wait_for("block")
    assert named(process.all, "poked") == []
    for _ in range(3):
        # not before the pool has been seen to stand still for five minutes
        market.wait(110)
    poked = process.wait_for("poked")
    assert poked["pool"] == market.pair.address
    receipt = market.rpc.wait(poked["tx"])
    assert receipt["status"] == "0x1"
    market.wait(300)
    assert abs(fresh_tick(market) - present_tick(market)) <= 1
    # settled: nothing more is sent
    for _ in range(8):
        market.wait(61)
    process.wait_for("block", block=market.rpc.block_number())
    assert process.end() == 0
    assert len(named(process.all, "poked")) == 1


def test_follow__no_poke__leaves_it(market: Market, keeper: str, start: Callable[..., Process]) -> None:
    far_jump(market)
    process = start("--no-poke")
    process.wait_for("block")
    for _ in range(8):
        market.wait(110)
    process.wait_for("block", block=market.rpc.block_number())
    assert process.end() == 0
    assert named(process.all, "poked") == []
    assert abs(fresh_tick(market) - present_tick(market)) > 4_000


def test_text_functions__of_the_keeper__as_compiled(market: Market) -> None:
    """It runs without compiled contracts: what it knows of them by heart must be what they answer."""
    compiled = market.compiled
    for name, known in (
        ("Lens", health.RESERVES),
        ("Lens", health.HEALTH),
        ("LendingPool", account_words.ACCOUNT_WORDS),
        ("LiquidationEngine", module.LIQUIDATE),
        ("PriceOracle", pokes.SOURCE_OF),
    ):
        found = compiled[name].interface.function(known.signature.split("(")[0])
        assert (found.signature, found.outputs) == (known.signature, known.outputs)
    assert compiled["PriceOracle"].interface.function("band").outputs == [f"({','.join(module.BAND.outputs)})"]
    names = market.oracle.call("band", market.eth.address)._fields
    assert (names[module.FRESH_LOW], names[module.FRESH_HIGH]) == ("fresh_low", "fresh_high")
    assert (names[health.LIQUIDATION_HIGH], names[health.LIQUIDATION_LOW], names[health.WHY]) == ("liquidation_high", "liquidation_low", "why")
    assert market.pool.call("reserve_state", market.eth.address)._fields[health.DEPTH_MODE] == "depth_mode"
    assert market.pair.call("window", 0)._fields[pokes.PRESENT] == "present"


def test_once__through_ape__the_same(market: Market, keeper: str, run: Run, state: Path) -> None:
    market.crash(33)
    done = run("ape", "run", "keeper", "--network", market.url, "--once", "--state", str(state), folder=market.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("  liquidated 0x") == 2
    assert done.stderr == ""


def test_start__key_is_none__one_line(market: Market, run: Run) -> None:
    done = run("python", "-m", "plimsoll.keeper", "--rpc", market.url, "--once", folder=market.folder, PLIMSOLL_KEEPER_KEY="0x12")
    assert done.returncode == 1
    assert done.stderr == "error: the private key is not one: 32 bytes in hex are needed (64 digits, with or without 0x)\n"
