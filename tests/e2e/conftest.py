"""One Anvil for all tests of a process, one deployed market on it, and a snapshot around each test that changes it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plimsoll.abi import Artifacts, Contract, artifacts
from plimsoll.addresses import AddressBook, Token
from plimsoll.chain import Chain
from plimsoll.deployment import deploy
from plimsoll.presets import load
from plimsoll.rpc import DEV_KEYS, MAX_UINT256, Rpc, Wallet, checksum, ensure_success

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


def person(number: int) -> str:
    return checksum(f"0x{0xA11CE0000 + number:040x}")


@dataclass
class Market:
    """A deployment with lenders, and with borrowers at chosen parts of their capacity."""

    rpc: Rpc
    url: str
    folder: Path
    compiled: Artifacts
    book: AddressBook

    def __post_init__(self) -> None:
        self.pool, self.oracle, self.lens, self.engine, self.pair = (
            self.book.contract(n, self.rpc, self.compiled) for n in ("LendingPool", "PriceOracle", "Lens", "LiquidationEngine", "Pair")
        )
        self.usd, self.eth = (self.book.token_contract(r, self.rpc, self.compiled) for r in ("dollar", "volatile"))
        self.dollar: Token = self.book.token("dollar")

    def act(self, who: str, contract: Contract, function: str, *args: Any) -> dict[str, Any]:
        tx_hash = self.rpc.send_unsigned({"from": who, "to": contract.address, "data": contract.data(function, *args), "gas": 2_000_000})
        receipt = self.rpc.wait(tx_hash)
        ensure_success(self.rpc, receipt)
        return receipt

    def fund(self, who: str, contract: Contract, amount: int) -> None:
        self.rpc.set_balance(who, 10**20)
        self.act(who, contract, "mint", who, amount)
        self.act(who, contract, "approve", self.pool.address, MAX_UINT256)

    def lend(self, who: str, dollars: int) -> None:
        self.fund(who, self.usd, dollars * 10**6)
        self.act(who, self.pool, "supply", self.usd.address, dollars * 10**6, who)

    def borrow(self, who: str, ether: int, dollars: int) -> None:
        self.fund(who, self.eth, ether * 10**18)
        self.act(who, self.pool, "supply", self.eth.address, ether * 10**18, who)
        self.act(who, self.pool, "set_collateral", self.eth.address, True)
        self.act(who, self.pool, "borrow", self.usd.address, dollars * 10**6, who)

    def crash(self, percent: int) -> None:
        """Sell into the pair until its price is `percent` lower, and wait until the whole band has followed."""
        reserves = self.pair.call("getReserves")
        first = int(self.eth.address, 16) < int(self.usd.address, 16)
        ether, dollars = (reserves[0], reserves[1]) if first else (reserves[1], reserves[0])
        sold = int(ether * ((100 / (100 - percent)) ** 0.5 - 1))
        got = dollars * sold * 9975 // (ether * 10_000 + sold * 9975)
        seller = person(999)
        self.fund(seller, self.eth, sold)
        self.act(seller, self.eth, "transfer", self.pair.address, sold)
        self.act(seller, self.pair, "swap", 0 if first else got, got if first else 0, seller, b"")
        self.wait(2_400)

    def wait(self, seconds: int) -> None:
        self.rpc.mine(self.rpc.timestamp() + seconds)

    def usage(self, who: str) -> int:
        return int(self.lens.call("account", who).usage_wad)


# What the market's borrowers owe, in percent of their capacity of 1,300 (10 ether at 200, LTV 65)
USED_PERCENT = (20, 40, 60, 70, 78)


@pytest.fixture(scope="session", autouse=True)
def data_folder() -> Iterator[None]:
    """Ape's, of each process its own: Ape remembers contracts by address, where each process's chain has others."""
    folder = ROOT / ".ape" / os.environ.get("PYTEST_XDIST_WORKER", "")
    # Ape makes its own folders, but not the one that they are in
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APE_DATA_FOLDER", str(folder))
        yield


@pytest.fixture(scope="session")
def compiled() -> Artifacts:
    return artifacts()


@pytest.fixture(scope="session")
def chain(compiled: Artifacts) -> Iterator[Chain]:
    with Chain(port=0) as started:
        started.rpc.auto_impersonate()
        yield started


@pytest.fixture
def rpc(chain: Chain) -> Iterator[Rpc]:
    """The chain, put back afterwards."""
    snapshot = chain.rpc.call("evm_snapshot")
    yield chain.rpc
    chain.rpc.call("evm_revert", snapshot)


@pytest.fixture
def deployer(rpc: Rpc) -> Wallet:
    return Wallet(rpc, DEV_KEYS[0])


@pytest.fixture(scope="session")
def deployed(chain: Chain, compiled: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> Market:
    folder = tmp_path_factory.mktemp("deployments")
    book = deploy(chain.rpc, Wallet(chain.rpc, DEV_KEYS[0]), load("wemix"), compiled, where=folder).book
    market = Market(chain.rpc, chain.url, folder, compiled, book)
    market.wait(2_400)
    market.lend(person(0), 1_000_000)
    for number, percent in enumerate(USED_PERCENT, 1):
        market.borrow(person(number), 10, 13 * percent)
    return market


@pytest.fixture
def market(deployed: Market, rpc: Rpc) -> Market:
    return deployed


@pytest.fixture(scope="session")
def environment(data_folder: None) -> dict[str, str]:
    path = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")
    return {**os.environ, "PATH": path, "COLUMNS": "200"}


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a command of the project as a user does; `folder` is where its address books are."""

    def start(*command: str, folder: Path = tmp_path, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        program = str(Path(sys.executable).parent / "ape") if command[0] == "ape" else sys.executable
        return subprocess.run(
            [program, *command[1:]],
            cwd=ROOT,
            env={**environment, "PLIMSOLL_DEPLOYMENTS": str(folder), **more},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return start


def is_one_line(stderr: str) -> bool:
    """An error for people: no traceback, and the last line says it."""
    lines = stderr.strip().splitlines()
    return "Traceback" not in stderr and bool(lines) and lines[-1].startswith("error: ") and sum(x.startswith("error: ") for x in lines) == 1
