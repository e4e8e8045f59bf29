"""The thin contract over snekmate's timelock_controller: who may what, the delay, and a configurator that belongs to it."""

from typing import Any

import boa
import pytest
from eth.exceptions import Revert

from tests.configurator_world import DAY, ZERO, Market
from tests.conftest import load

DELAY = 2 * DAY
NOTHING = b"\x00" * 32
NOT_PERMITTED = "access_control: account is missing role"
NOT_READY = "timelock_controller: operation is not ready"


class Governed(Market):
    """A market whose configurator has been handed over to a timelock."""

    def __init__(self) -> None:
        super().__init__()
        self.address |= {"proposer": boa.env.generate_address("proposer"), "executor": boa.env.generate_address("executor")}
        with boa.env.prank(self.address["deployer"]):
            self.timelock = load("governance/Timelock.vy").deploy(DELAY, [self.address["proposer"]], [self.address["executor"]])
        self.by("owner", "transfer_ownership", self.timelock.address)
        self.act(self.configurator.accept_ownership.prepare_calldata())

    def operation(self, call: bytes, target: Any = None, predecessor: bytes = NOTHING) -> tuple[Any, ...]:
        return target or self.configurator.address, 0, call, predecessor, NOTHING

    def schedule(self, operation: tuple[Any, ...], delay: int = DELAY, by: str = "proposer") -> None:
        with boa.env.prank(self.address[by]):
            self.timelock.schedule(*operation, delay)

    def execute(self, operation: tuple[Any, ...], by: str = "executor") -> None:
        with boa.env.prank(self.address[by]):
            self.timelock.execute(*operation)

    def act(self, call: bytes, target: Any = None) -> None:
        operation = self.operation(call, target)
        self.schedule(operation)
        self.travel(DELAY)
        self.execute(operation)


@pytest.fixture(scope="module")
def base() -> Governed:
    return Governed()


@pytest.fixture
def governed(base: Governed) -> Governed:
    return base


def caps(governed: Governed, cap: int = 1) -> bytes:
    call: bytes = governed.configurator.set_caps.prepare_calldata(governed.eth, cap, cap)
    return call


def test_init__roles__the_deployer_has_none_and_it_administers_itself(governed: Governed) -> None:
    timelock = governed.timelock
    proposer, executor, canceller = timelock.PROPOSER_ROLE(), timelock.EXECUTOR_ROLE(), timelock.CANCELLER_ROLE()
    admin = timelock.DEFAULT_ADMIN_ROLE()
    has = {
        name: [timelock.hasRole(role, address) for role in (proposer, canceller, executor, admin)]
        for name, address in (governed.address | {"timelock": timelock.address, "nobody": ZERO}).items()
    }
    assert has.pop("proposer") == [True, True, False, False]
    assert has.pop("executor") == [False, False, True, False]
    assert has.pop("timelock") == [False, False, False, True]
    assert not any(any(roles) for roles in has.values())
    assert timelock.get_minimum_delay() == DELAY


def test_execute__after_the_delay__changes_the_pool(governed: Governed) -> None:
    assert governed.configurator.owner() == governed.timelock.address
    operation = governed.operation(caps(governed))
    id_ = governed.timelock.hash_operation(*operation)
    governed.schedule(operation)
    assert governed.timelock.is_operation_pending(id_)
    governed.travel(DELAY - 1)
    with boa.reverts(NOT_READY):
        governed.execute(operation)
    governed.travel(1)
    assert governed.timelock.is_operation_ready(id_)
    governed.execute(operation)
    assert governed.timelock.is_operation_done(id_)
    assert governed.of(governed.eth).supply_cap == 1
    with boa.reverts(NOT_READY):
        governed.execute(operation)


def test_owner__handed_over__the_former_one_has_nothing(governed: Governed) -> None:
    for name in ("owner", "deployer", "proposer", "executor", "attacker"):
        governed.refuse(name, "set_caps", governed.eth, 1, 1, reason="ownable: caller is not the owner")


def test_schedule__less_than_the_delay__reverts(governed: Governed) -> None:
    with boa.reverts("timelock_controller: insufficient delay"):
        governed.schedule(governed.operation(caps(governed)), DELAY - 1)


def test_schedule__twice__reverts(governed: Governed) -> None:
    governed.schedule(governed.operation(caps(governed)))
    with boa.reverts("timelock_controller: operation already scheduled"):
        governed.schedule(governed.operation(caps(governed)))


@pytest.mark.parametrize("name", ["executor", "deployer", "owner", "attacker"])
def test_schedule__by_others__reverts(governed: Governed, name: str) -> None:
    with boa.reverts(NOT_PERMITTED):
        governed.schedule(governed.operation(caps(governed)), by=name)


@pytest.mark.parametrize("name", ["proposer", "deployer", "owner", "attacker"])
def test_execute__by_others__reverts(governed: Governed, name: str) -> None:
    operation = governed.operation(caps(governed))
    governed.schedule(operation)
    governed.travel(DELAY)
    with boa.reverts(NOT_PERMITTED):
        governed.execute(operation, by=name)


def test_execute__open_to_all__anyone(governed: Governed) -> None:
    timelock = load("governance/Timelock.vy").deploy(0, [governed.address["proposer"]], [ZERO])
    operation = governed.operation(timelock.update_delay.prepare_calldata(DAY), timelock.address)
    with boa.env.prank(governed.address["proposer"]):
        timelock.schedule(*operation, 0)
    with boa.env.prank(governed.address["attacker"]):
        timelock.execute(*operation)
    assert timelock.get_minimum_delay() == DAY


def test_execute__what_the_configurator_refuses__tells_its_reason(governed: Governed) -> None:
    operation = governed.operation(governed.configurator.set_ltv.prepare_calldata(governed.eth, 10_000, 0))
    governed.schedule(operation)
    governed.travel(DELAY)
    with boa.reverts("configurator: bad ltv"):
        governed.execute(operation)


def test_execute__before_what_it_follows__reverts(governed: Governed) -> None:
    first = governed.operation(caps(governed, 1))
    second = governed.operation(caps(governed, 2), predecessor=governed.timelock.hash_operation(*first))
    for operation in (first, second):
        governed.schedule(operation)
    governed.travel(DELAY)
    with boa.reverts("timelock_controller: missing dependency"):
        governed.execute(second)
    governed.execute(first)
    governed.execute(second)
    assert governed.of(governed.eth).supply_cap == 2


def test_execute_batch__a_new_oracle_for_a_frozen_asset__in_one_step(governed: Governed) -> None:
    """The repair of a wrong price: frozen by the steward at once, replaced and open again after the delay."""
    oracle = governed.new_oracle()
    oracle.set(governed.eth, 150 * 10**18)
    governed.by("steward", "freeze", governed.eth)
    targets = [governed.configurator.address] * 2
    calls = [governed.configurator.set_oracle.prepare_calldata(oracle.address), governed.configurator.unfreeze.prepare_calldata(governed.eth)]
    batch = (targets, [0, 0], calls, NOTHING, NOTHING)
    with boa.env.prank(governed.address["proposer"]):
        governed.timelock.schedule_batch(*batch, DELAY)
    governed.travel(DELAY)
    with boa.env.prank(governed.address["executor"]):
        governed.timelock.execute_batch(*batch)
    assert governed.pool.oracle() == oracle.address
    assert not governed.of(governed.eth).frozen
    assert governed.pool.guards() == (governed.now + 4 * 3_600, governed.now + 4 * 3_600)


def test_cancel__by_the_proposer__is_gone(governed: Governed) -> None:
    operation = governed.operation(caps(governed))
    id_ = governed.timelock.hash_operation(*operation)
    governed.schedule(operation)
    for name in ("executor", "deployer", "attacker"):
        with boa.env.prank(governed.address[name]), boa.reverts(NOT_PERMITTED):
            governed.timelock.cancel(id_)
    with boa.env.prank(governed.address["proposer"]):
        governed.timelock.cancel(id_)
    assert not governed.timelock.is_operation(id_)
    governed.travel(DELAY)
    with boa.reverts(NOT_READY):
        governed.execute(operation)


@pytest.mark.parametrize("name", ["proposer", "executor", "deployer", "owner", "attacker"])
def test_update_delay__not_by_an_operation__reverts(governed: Governed, name: str) -> None:
    with boa.env.prank(governed.address[name]), boa.reverts("timelock_controller: caller must be timelock"):
        governed.timelock.update_delay(0)


@pytest.mark.parametrize("name", ["proposer", "executor", "deployer", "owner", "attacker"])
def test_grant_role__not_by_an_operation__reverts(governed: Governed, name: str) -> None:
    with boa.env.prank(governed.address[name]), boa.reverts(NOT_PERMITTED):
        governed.timelock.grantRole(governed.timelock.PROPOSER_ROLE(), governed.address[name])


def test_update_delay__and_roles__by_operations_of_its_own(governed: Governed) -> None:
    timelock, heir = governed.timelock, governed.address["attacker"]
    governed.act(timelock.update_delay.prepare_calldata(3 * DAY), timelock.address)
    assert timelock.get_minimum_delay() == 3 * DAY
    operation = governed.operation(timelock.grantRole.prepare_calldata(timelock.PROPOSER_ROLE(), heir), timelock.address)
    governed.schedule(operation, 3 * DAY)
    governed.travel(3 * DAY)
    governed.execute(operation)
    governed.schedule(governed.operation(caps(governed)), 3 * DAY, by="attacker")


def test_execute__with_native_coins__has_none(governed: Governed) -> None:
    """It has no use for them and takes none."""
    boa.env.set_balance(governed.address["attacker"], 10**18)
    with boa.env.prank(governed.address["attacker"]), pytest.raises(Revert):
        boa.env.raw_call(governed.timelock.address, value=1)
