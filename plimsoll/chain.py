"""A local chain: find Anvil, start it, know when it is ready, stop it whatever happens."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plimsoll.errors import Problem
from plimsoll.rpc import DEV_CHAIN_ID, Rpc, RpcDead

ROOT = Path(__file__).resolve().parent.parent
# The network's name in ape-config.yaml
NETWORK = "anvil"


class ChainError(Problem):
    """The local chain does not start."""


def find_anvil() -> str:
    """Anvil on PATH, or the one that npm installed into the project."""
    candidates = [
        shutil.which("anvil"),
        ROOT / ".venv/bin/anvil",
        ROOT / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil",
    ]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK):
            return str(candidate)
    raise ChainError("anvil is not on PATH: run `make setup`, or install Foundry (https://getfoundry.sh)")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def port_taken(port: int) -> bool:
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def data_folder() -> Path:
    """The project's own data folder of Ape."""
    return Path(os.environ.get("APE_DATA_FOLDER") or ROOT / ".ape")


def forget_contracts() -> None:
    """Drop what Ape remembers about addresses of the local chain: on a new chain they hold something else.

    Accounts and everything else in the folder stay.
    """
    shutil.rmtree(data_folder() / "ethereum" / NETWORK, ignore_errors=True)


def end(process: subprocess.Popen[Any]) -> None:
    """Ask a process to stop, and make it stop if it does not within 5 s."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def end_with_parent() -> None:
    """Runs in the child: Linux ends it when the program that started it dies, even by SIGKILL."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Chain:
    """An Anvil process of our own, ended with the program that started it.

    with Chain(port=0, mining="none") as chain:
        chain.rpc.mine()
    """

    def __init__(
        self,
        port: int = 8545,
        *,
        mining: str = "auto",
        block_time: int = 1,
        timestamp: int | None = None,
        gas_limit: int | None = None,
        accounts: int = 10,
        options: Sequence[str] = (),
        log: Path | None = None,
        chain_id: int = DEV_CHAIN_ID,
        start_timeout: float = 20.0,
    ):
        """
        port         0 takes a free one
        mining       "auto": a block per transaction; "none": blocks only when asked for (`rpc.mine()`);
                     "interval": a block every `block_time` seconds
        timestamp    of the genesis block; the present if not given
        gas_limit    of a block; Anvil's own (30 million) if not given
        chain_id     another one stands for a network that is not for development: nothing is taken for granted there
        """
        if mining not in ("auto", "none", "interval"):
            raise ValueError(f"mining is 'auto', 'none' or 'interval', not '{mining}'")
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.rpc = Rpc(self.url)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_path = log
        self._start_timeout = start_timeout
        self._command = ["--host", "127.0.0.1", "--port", str(self.port), "--chain-id", str(chain_id)]
        self._command += ["--accounts", str(accounts), "--silent"]
        if mining == "none":
            self._command += ["--no-mining"]
        elif mining == "interval":
            self._command += ["--block-time", str(block_time)]
        if timestamp is not None:
            self._command += ["--timestamp", str(timestamp)]
        if gas_limit is not None:
            self._command += ["--gas-limit", str(gas_limit)]
        self._command += list(options)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> Chain:
        if port_taken(self.port):
            raise ChainError(f"port {self.port} is taken (another Anvil?): stop it, or choose another port with --port (0 takes a free one)")
        anvil = find_anvil()
        forget_contracts()
        log = open(self._log_path, "wb") if self._log_path else tempfile.TemporaryFile()  # noqa: SIM115
        with log:
            # its own session: Ctrl-C in the terminal reaches the program, which then ends the chain in its own order
            self._process = subprocess.Popen(
                [anvil, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
            atexit.register(self.stop)
            self._wait_until_ready(log)
        return self

    def _wait_until_ready(self, log: object) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self._start_timeout
        while True:
            if self._process.poll() is not None:
                log.seek(0)  # type: ignore[attr-defined]
                said = log.read().decode("utf-8", "replace").strip().splitlines() if self._log_path is None else []  # type: ignore[attr-defined]
                raise ChainError(f"anvil ended at once (exit code {self._process.returncode}): {' '.join(said[-2:])}")
            try:
                self.rpc.block_number()
                return
            except RpcDead:
                if time.monotonic() > deadline:
                    self.stop()
                    raise ChainError(f"anvil was not ready within {self._start_timeout:g} s") from None
                time.sleep(0.02)

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the process; harmless when it has ended."""
        atexit.unregister(self.stop)
        self.rpc.close()
        process, self._process = self._process, None
        if process is None:
            return
        end(process)

    def __enter__(self) -> Chain:
        return self if self.alive() else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
