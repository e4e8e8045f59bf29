"""What all tests share: the contract loader with its cache, the actors, the test tokens, Hypothesis profiles and contract coverage."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boa
import pytest
from boa.contracts.vyper.vyper_contract import VyperContract, VyperDeployer
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests import fast_titanoboa
from tests.coverage_vyper import Recorder, install
from tests.depth import examples

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"

# Compiled contracts are kept between sessions and shared by the workers.
fast_titanoboa.install(CACHE / "contracts")

settings.register_profile(
    "default",
    max_examples=examples(40),
    stateful_step_count=30,
    # `make test` runs the same examples each time, the deep tier others
    derandomize="PLIMSOLL_DEPTH" not in os.environ,
    deadline=None,
    database=DirectoryBasedExampleDatabase(CACHE / "hypothesis") if "PLIMSOLL_DEPTH" in os.environ else None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--contract-coverage", action="store_true", help="record the lines of contracts/ that run (see `make test`)")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--contract-coverage"):
        config.pluginmanager.register(ContractCoverage(config))


def pytest_runtest_setup() -> None:
    # Titanoboa shows the storage of a contract that reverts, by the slots that were ever written at its address: of whatever contract
    # stood there in an earlier test. A map of more levels then breaks it.
    boa.env.sstore_trace.clear()


class ContractCoverage:
    """Each process writes one data file beside `coverage`'s own; the main one first removes those of the last session."""

    def __init__(self, config: pytest.Config) -> None:
        self.worker: str = getattr(config, "workerinput", {}).get("workerid", "main")
        self.data_file = CACHE / "coverage" / "data"
        self.recorder = Recorder(ROOT / "contracts")
        if self.worker == "main":
            self.data_file.parent.mkdir(parents=True, exist_ok=True)
            for stale in self.data_file.parent.glob("data*"):
                stale.unlink()
        install(self.recorder)

    def pytest_sessionfinish(self) -> None:
        self.recorder.write(str(self.data_file), suffix=self.worker)


@functools.cache
def load(path: str) -> VyperDeployer:
    """The deployer of a source below `contracts/`, compiled once per process and once per change on this machine."""
    return boa.load_partial(str(ROOT / "contracts" / path))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


# ---------------------------------------------------------------- actors


@pytest.fixture(scope="session")
def owner() -> Any:
    return boa.env.generate_address("owner")


@pytest.fixture(scope="session")
def lender() -> Any:
    return boa.env.generate_address("lender")


@pytest.fixture(scope="session")
def borrower() -> Any:
    return boa.env.generate_address("borrower")


@pytest.fixture(scope="session")
def liquidator() -> Any:
    return boa.env.generate_address("liquidator")


@pytest.fixture(scope="session")
def trader() -> Any:
    return boa.env.generate_address("trader")


@pytest.fixture(scope="session")
def attacker() -> Any:
    return boa.env.generate_address("attacker")


@pytest.fixture(scope="session")
def treasury() -> Any:
    return boa.env.generate_address("treasury")


# ---------------------------------------------------------------- tokens


@pytest.fixture(scope="session")
def new_token() -> Callable[..., VyperContract]:
    """Deploys a lean token: `new_token("USDC", 6)`."""

    def deploy(symbol: str, decimals: int = 18) -> VyperContract:
        return load("testing/TestToken.vy").deploy(symbol, symbol, decimals)

    return deploy


@pytest.fixture
def usd(new_token: Callable[..., VyperContract]) -> VyperContract:
    return new_token("USD", 6)


@pytest.fixture
def btc(new_token: Callable[..., VyperContract]) -> VyperContract:
    return new_token("BTC", 8)


@pytest.fixture
def eth(new_token: Callable[..., VyperContract]) -> VyperContract:
    return new_token("ETH", 18)


@pytest.fixture
def no_return_token() -> VyperContract:
    return load("testing/NoReturnToken.vy").deploy("No return", "NRT", 18)


@pytest.fixture
def fee_token() -> VyperContract:
    """Keeps 1 % of each transfer."""
    return load("testing/FeeToken.vy").deploy("Fee", "FEE", 18, 100)


@pytest.fixture
def reentering_token() -> VyperContract:
    return load("testing/ReenteringToken.vy").deploy("Reentering", "RET", 18)
