import boa
import pytest

from tests.conftest import load
from tests.pair_world import ZERO


def deploy(blueprint, setter, *numbers):
    return load("amm/PairFactory.vy").deploy(blueprint, setter, *numbers)


def test_constructor__parameters__are_kept(blueprint, owner):
    factory = deploy(blueprint, owner, 30, 1, 6)
    assert factory.blueprint() == blueprint.address
    assert factory.fee_bps() == 30
    assert factory.protocol_share() == (1, 6)
    assert factory.parameters() == (ZERO, ZERO, 30, 1, 6)
    assert (factory.feeTo(), factory.feeToSetter(), factory.allPairsLength()) == (ZERO, owner, 0)


@pytest.mark.parametrize("numbers", [(0, 0, 1), (9_999, 10_000, 10_000), (25, 8, 25)])
def test_constructor__numbers_at_their_bounds__succeeds(blueprint, owner, numbers):
    assert deploy(blueprint, owner, *numbers).parameters()[2:] == numbers


@pytest.mark.parametrize(
    "numbers, reason",
    [
        ((10_000, 1, 6), "factory: fee"),
        ((2**256 - 1, 1, 6), "factory: fee"),
        ((30, 1, 0), "factory: share"),
        ((30, 7, 6), "factory: share"),
        ((30, 1, 10_001), "factory: share"),
        ((30, 2**256 - 1, 10_000), "factory: share"),
    ],
)
def test_constructor__numbers_out_of_bounds__reverts(blueprint, owner, numbers, reason):
    with boa.reverts(reason):
        deploy(blueprint, owner, *numbers)


def test_constructor__contract_that_is_no_blueprint__reverts(owner, new_token):
    with boa.reverts("factory: not a blueprint"):
        deploy(new_token("AAA"), owner, 30, 1, 6)


def test_constructor__account_without_code__reverts(owner, attacker):
    with boa.reverts():
        deploy(attacker, owner, 30, 1, 6)
