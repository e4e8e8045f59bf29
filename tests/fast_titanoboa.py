"""What titanoboa does again for each contract and each process, done once.

* A compiled contract is read from the disk after a look at the files that it was compiled from. titanoboa's own cache parses and analyses
  all of them first, to know the name of what it looks for.
* The collector of cycles does not walk through compiled contracts: millions of objects that live as long as the process.
* The map from a constructor's code to its source is made once for a contract, not at each deployment.
* What a test deployed is forgotten with the test. py-evm walks through all accounts that were ever written to, at each call; thousands of
  tests made thousands of them, and each test was slower than the one before it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boa.interpret as interpret
from boa.contracts.vyper.vyper_contract import VyperContract
from boa.environment import Env
from eth.db.account import AccountDB
from vyper.compiler.settings import anchor_settings
from vyper.ir import compile_ir

DAY = 86_400
# Bytes on the disk
WORTH_FREEZING = 10**6
VERSIONS = (sys.version, version("vyper"), version("titanoboa"), version("snekmate"))

# A file as it was when it was read last: (time of its change, size, digest)
_seen: dict[str, tuple[int, int, str]] = {}


def _digest(path: str) -> str:
    """Of a file's content; empty for one that is gone."""
    try:
        state = os.stat(path)
        before = _seen.get(path)
        if before is None or before[:2] != (state.st_mtime_ns, state.st_size):
            _seen[path] = before = (state.st_mtime_ns, state.st_size, hashlib.sha256(Path(path).read_bytes()).hexdigest())
        return before[2]
    except OSError:
        return ""


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(kept: Path) -> Any:
    """What is kept of a contract, if nothing that it was compiled from has changed."""
    with contextlib.suppress(FileNotFoundError), _no_collector(), kept.open("rb") as file:
        sources: dict[str, str] = pickle.load(file)
        if all(_digest(path) == digest for path, digest in sources.items()):
            data = pickle.load(file)
            if file.tell() > WORTH_FREEZING:
                gc.freeze()
            os.utime(kept)
            return data
    return None


def _write(kept: Path, data: Any, started: float) -> None:
    sources = {}
    for path in data.input_bundle._source_ids:
        if path.is_file():
            if path.stat().st_mtime >= started:
                return  # changed meanwhile: which of its contents was compiled?
            sources[str(path)] = _digest(str(path))
    unfinished = kept.with_suffix(f".{os.getpid()}")
    with unfinished.open("wb") as file:
        pickle.dump(sources, file)
        pickle.dump(data, file)
    unfinished.rename(kept)


def _forgetting(discard: Callable[[AccountDB, Any], None]) -> Callable[[AccountDB, Any], None]:
    """Who was first written to after the checkpoint is as before all writing, and none of those to look at any more."""

    def discard_and_forget(self: AccountDB, checkpoint: Any) -> None:
        newer = {address for address, store in self._dirty_account_stores() if not store._journal_storage.has_checkpoint(checkpoint)}
        discard(self, checkpoint)
        self._dirty_accounts -= newer

    return discard_and_forget


def _leaving_nothing(anchor: Callable[[Env], Any]) -> Callable[[Env], Any]:
    """The contracts that titanoboa knows by address and by code, too, are those of before."""

    @contextlib.contextmanager
    def anchor_all(self: Env) -> Iterator[None]:
        tables = (self._contracts, self._code_registry)
        sizes = [len(table) for table in tables]
        with anchor(self):
            try:
                yield
            finally:
                for table, size in zip(tables, sizes, strict=True):
                    while len(table) > size:
                        table.popitem()

    return anchor_all


def install(folder: Path) -> None:
    """For this process; compiled contracts are kept in `folder`, and for a week after their last use."""
    interpret.set_cache_dir(None)
    compile_plainly = interpret.compiler_data
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if old.stat().st_mtime < time.time() - 7 * DAY:
                old.unlink()

    def compiler_data(source_code: str, contract_name: Any, filename: Any, deployer: Any = None, **kwargs: Any) -> Any:
        where = (str(Path(filename).resolve()), os.getcwd(), str(interpret._search_path))
        name = repr((VERSIONS, source_code, contract_name, where, sorted(kwargs.items())))
        kept = folder / f"{hashlib.sha256(name.encode()).hexdigest()}.pickle"
        data = _read(kept)
        if data is None:
            # The other processes of a session, which want the same contract, wait for it.
            with kept.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                data = _read(kept)
                if data is None:
                    started = time.time()
                    with _no_collector():
                        data = compile_plainly(source_code, contract_name, filename, deployer, **kwargs)
                        with anchor_settings(data.settings):
                            # Compiles it
                            _ = data.bytecode, data.bytecode_runtime
                            data.source_map = interpret._compute_source_map(data)
                            data.deployment_source_map = compile_ir.assembly_to_evm(data.assembly)[1]
                    _write(kept, data, started)
                    gc.collect()
                    gc.freeze()
        return data

    def deployment_source_map(self: VyperContract) -> Any:
        return self.compiler_data.deployment_source_map

    interpret.compiler_data = compiler_data
    VyperContract._deployment_source_map = property(deployment_source_map)
    AccountDB.discard = _forgetting(AccountDB.discard)
    Env._anchor = _leaving_nothing(Env._anchor)
