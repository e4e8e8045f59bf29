"""Each contract can be deployed: code of at most 24,576 bytes, init code of at most 49,152 (EIP-170, EIP-3860)."""

import pytest

from bench import figures
from bench.artifacts import ours
from plimsoll.abi import SOURCES

MAX_CODE = 24_576
MAX_INIT_CODE = 49_152


@pytest.fixture(scope="module")
def deployed() -> dict[str, int]:
    return figures.measure_sizes()


@pytest.mark.parametrize("name", figures.CONTRACTS)
def test_runtime_code__each_contract__is_within_the_limit(deployed: dict[str, int], name: str) -> None:
    assert 0 < deployed[name] <= MAX_CODE


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_init_code__each_contract_with_its_arguments__is_within_the_limit(name: str) -> None:
    artifact = ours()[name]
    # a string takes no more than a few words
    arguments = sum(32 * (4 if kind == "string" else 1) for _, kind in artifact.interface.constructor)
    assert len(artifact.init_code) + arguments <= MAX_INIT_CODE


@pytest.mark.parametrize(
    "name", ["Pair", "RangePool", "ReserveVault", "LendingPool", "PoolConfigurator", "LiquidationEngine", "IsolatedOracle"]
)
def test_blueprint__of_what_a_factory_makes__is_within_the_limit(name: str) -> None:
    # of its deployment the first ten bytes are not kept
    assert 0 < len(ours()[name].blueprint()) - 10 <= MAX_CODE


def test_contracts__all_that_a_script_deploys__have_a_figure() -> None:
    assert set(SOURCES) - {"TestToken", "WrappedNative", "ScriptedFeed"} <= set(figures.CONTRACTS)
