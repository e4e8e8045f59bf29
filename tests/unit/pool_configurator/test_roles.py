"""Who may call what: every function of the configurator that changes something, by every role."""

from typing import Any

import boa
import pytest
from vyper.compiler.output import build_abi_output

from tests.configurator_world import DAY, ROLES, ZERO, Market, events
from tests.conftest import load

NOT = {
    "owner": "ownable: caller is not the owner",
    "steward": "configurator: not steward",
    "guardian": "configurator: not guardian",
    "deployer": "configurator: not deployer",
    "heir": "ownable_2step: caller is not the new owner",
}
# function: (whose it is, arguments; "asset", "model", "oracle", "engine", "steward": of the market)
FUNCTIONS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "attach": ("deployer", ("steward",)),
    "list_reserve": ("owner", ("asset", "model", 0, 11_000, 0)),
    "set_depth_mode": ("owner", ("asset", 1)),
    "set_ltv": ("owner", ("asset", 5_000, 7 * DAY)),
    "set_bonus": ("owner", ("asset", 10_500)),
    "set_reserve_factor": ("owner", ("asset", 0)),
    "set_rate_model": ("owner", ("asset", "model")),
    "set_origination_fee": ("owner", ("asset", 1, "steward")),
    "set_caps": ("owner", ("asset", 1, 1)),
    "unfreeze": ("owner", ("asset",)),
    "lift_pause": ("owner", ("asset",)),
    "set_oracle": ("owner", ("oracle",)),
    "set_engine": ("owner", ("engine",)),
    "lift_liquidation_pause": ("owner", ()),
    "set_steward": ("owner", ("attacker",)),
    "set_guardian": ("owner", ("attacker",)),
    "transfer_ownership": ("owner", ("attacker",)),
    "accept_ownership": ("heir", ()),
    "lower_caps": ("steward", ("asset", 1, 1)),
    "freeze": ("steward", ("asset",)),
    "pause": ("guardian", ("asset", 1, DAY)),
    "add_to_pause": ("guardian", ("asset", 1)),
    "pause_liquidation": ("guardian", (60,)),
}


def arguments(market: Market, function: str) -> list[Any]:
    parts = {"asset": market.eth, "model": market.model.address, "oracle": market.oracle.address, "engine": market.engine.address}
    parts |= {name: market.address[name] for name in ROLES}
    return [parts.get(value, value) if isinstance(value, str) else value for value in FUNCTIONS[function][1]]


def test_roles__the_table__names_every_function_that_changes_something() -> None:
    abi = build_abi_output(load("lending/PoolConfigurator.vy").compiler_data)
    changing = {item["name"] for item in abi if item["type"] == "function" and item["stateMutability"] != "view"}
    assert changing == set(FUNCTIONS)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_roles__by_another__reverts(market: Market, function: str, role: str) -> None:
    whose = FUNCTIONS[function][0]
    if role != whose:
        market.refuse(role, function, *arguments(market, function), reason=NOT[whose])


def test_roles__owner_and_attacker_after_the_hand_over__only_the_heir_owns(market: Market) -> None:
    market.by("owner", "transfer_ownership", market.address["attacker"])
    assert market.configurator.owner() == market.address["owner"]
    assert market.configurator.pending_owner() == market.address["attacker"]
    market.by("attacker", "accept_ownership")
    assert market.configurator.owner() == market.address["attacker"]
    market.refuse("owner", "set_guardian", ZERO, reason=NOT["owner"])
    market.by("attacker", "set_guardian", ZERO)


def test_roles__ownership__cannot_be_renounced(market: Market) -> None:
    assert not hasattr(market.configurator, "renounce_ownership")


@pytest.mark.parametrize("role", ["steward", "guardian"])
def test_roles__replaced__only_the_new_one_acts(market: Market, role: str) -> None:
    old, new = market.address[role], market.address["attacker"]
    market.by("owner", f"set_{role}", new)
    assert market.event() == (f"{role.title()}Set", old, new)
    assert getattr(market.configurator, role)() == new
    function = "freeze" if role == "steward" else "pause"
    market.refuse(role, function, *arguments(market, function), reason=NOT[role])
    market.by("attacker", function, *arguments(market, function))


@pytest.mark.parametrize("role", ["steward", "guardian"])
def test_roles__vacant__nobody_acts(market: Market, role: str) -> None:
    market.by("owner", f"set_{role}", ZERO)
    function = "freeze" if role == "steward" else "pause"
    for name in ROLES:
        market.refuse(name, function, *arguments(market, function), reason=NOT[role])


def test_init__roles__are_as_named(market: Market) -> None:
    configurator = market.configurator
    assert configurator.owner() == market.address["owner"]
    assert configurator.pending_owner() == ZERO
    assert configurator.steward() == market.address["steward"]
    assert configurator.guardian() == market.address["guardian"]


def test_init__events__name_the_roles(market: Market) -> None:
    new = load("lending/PoolConfigurator.vy").deploy(*(market.address[name] for name in ("owner", "steward", "guardian")))
    assert events(new)[-2:] == [("StewardSet", ZERO, market.address["steward"]), ("GuardianSet", ZERO, market.address["guardian"])]


def test_init__without_owner__reverts(market: Market) -> None:
    with boa.reverts("configurator: zero address"):
        load("lending/PoolConfigurator.vy").deploy(ZERO, market.address["steward"], market.address["guardian"])
