"""LendingPool runs PoolExtension's code on its own storage: both must have the same things in the same slots."""

from typing import Any

import boa
import pytest
from vyper.compiler.output import build_abi_output, build_layout_output

from tests.conftest import load
from tests.pool_world import World


def layout(name: str) -> dict[str, Any]:
    answer: dict[str, Any] = build_layout_output(load(f"lending/{name}.vy").compiler_data)
    return answer


def test_storage__all_that_the_extension_has__lies_where_the_pool_has_it() -> None:
    pool, extension = (layout(name)["storage_layout"] for name in ("LendingPool", "PoolExtension"))
    assert set(extension) == {"reserve_slots", "position_words"}
    for module, variables in extension.items():
        assert variables == pool[module]


def test_extension__keeps_nothing_else__neither_locks_nor_constants_of_its_own() -> None:
    """A lock would be another slot of the pool's transient storage; what is immutable would be another pool's."""
    found = layout("PoolExtension")
    assert not found.get("transient_storage_layout")
    assert not found.get("code_layout")


def events(path: str) -> dict[str, list[tuple[str, str, bool]]]:
    abi = build_abi_output(load(path).compiler_data)
    return {e["name"]: [(i["name"], i["type"], i["indexed"]) for i in e["inputs"]] for e in abi if e["type"] == "event"}


def test_events__all_that_the_extension_logs__are_in_the_abi_of_the_pool() -> None:
    pool, extension = (events(f"lending/{name}.vy") for name in ("LendingPool", "PoolExtension"))
    assert extension.keys() == {"ReserveListed", "ReserveSeeded", "FeesCollected", "Sweep", "DeficitWrittenOff", "CollateralForfeited"}
    assert extension.items() <= pool.items()


@pytest.mark.parametrize(
    "call", [("seed", "USD", 10**6), ("collect_fees", "USD"), ("write_off", "borrower"), ("sweep", "USD")], ids=lambda call: call[0]
)
def test_extension__called_itself__changes_nothing_of_the_pool(world: World, call: tuple[Any, ...]) -> None:
    world.supply("lender", "USD", 10**9)
    extension = load("lending/PoolExtension.vy").at(world.pool.extension())
    name, *arguments = call
    arguments = [world.address.get(a, a) if isinstance(a, str) else a for a in arguments]
    with boa.env.prank(world.address["attacker"]), pytest.raises(boa.BoaError):
        getattr(extension, name)(*arguments)
    world.check()


def test_extension__configured_by_anybody__knows_reserves_that_no_pool_has(world: World) -> None:
    extension = load("lending/PoolExtension.vy").at(world.pool.extension())
    before = world.pool.config_words(world.address["USD"])
    with boa.env.prank(world.address["attacker"]):
        extension.configure(world.address["USD"], int(str(world.address["ETH"]), 16), 10_000 << 174, 0, 0, world.address["attacker"])
    assert world.pool.config_words(world.address["USD"]) == before
    world.check()
