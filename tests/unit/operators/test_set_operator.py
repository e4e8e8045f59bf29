from typing import Any

import boa
import pytest

from tests.unit.operators.conftest import SIGNER, Order, logs


def test_set_operator__approves__in_one_pool_for_one_account(registry: Any, pool: Any, lender: Any, borrower: Any, operator: Any) -> None:
    registry.set_operator(pool, operator, True, sender=borrower)
    assert logs(registry) == [("OperatorSet", pool, borrower, operator, True)]
    assert registry.is_operator(pool, borrower, operator) is True
    # not elsewhere, not of others, not the other way round
    assert not registry.is_operator(lender, borrower, operator)
    assert not registry.is_operator(pool, lender, operator)
    assert not registry.is_operator(pool, operator, borrower)
    assert not registry.is_operator(pool, borrower, lender)
    assert registry.nonces(borrower) == 0


def test_set_operator__revokes__at_once_and_only_this_one(registry: Any, pool: Any, lender: Any, borrower: Any, operator: Any) -> None:
    for who in (operator, lender):
        registry.set_operator(pool, who, True, sender=borrower)
    registry.set_operator(pool, operator, False, sender=borrower)
    assert logs(registry) == [("NoncesUsed", borrower, 1), ("OperatorSet", pool, borrower, operator, False)]
    assert not registry.is_operator(pool, borrower, operator)
    assert registry.is_operator(pool, borrower, lender)


@pytest.mark.parametrize("approved", [True, False])
def test_set_operator__twice__stays(registry: Any, pool: Any, borrower: Any, operator: Any, approved: bool) -> None:
    for _ in range(2):
        registry.set_operator(pool, operator, approved, sender=borrower)
        assert registry.is_operator(pool, borrower, operator) is approved


def test_set_operator__by_the_operator_or_by_anybody__changes_their_own_alone(
    registry: Any, pool: Any, borrower: Any, operator: Any, attacker: Any
) -> None:
    """There is no way to name another account: an operator cannot appoint others, or resist."""
    registry.set_operator(pool, operator, True, sender=borrower)
    registry.set_operator(pool, attacker, True, sender=operator)
    registry.set_operator(pool, operator, False, sender=attacker)
    assert registry.is_operator(pool, borrower, operator)
    assert not registry.is_operator(pool, borrower, attacker)


def test_set_operator__revoked__a_signature_given_before_does_not_bring_it_back(registry: Any, order: Order, attacker: Any) -> None:
    signature = order.sign(registry)
    registry.set_operator(order.pool, order.operator, False, sender=SIGNER.address)
    with boa.reverts("operators: bad nonce"):
        registry.set_operator_by_signature(*order.fields, signature, sender=attacker)
    assert not registry.is_operator(order.pool, SIGNER.address, order.operator)


def test_set_operator__approved__leaves_signatures_alone(registry: Any, order: Order, lender: Any) -> None:
    """Else an approval of one operator would void that of another which is on its way."""
    signature = order.sign(registry)
    registry.set_operator(order.pool, lender, True, sender=SIGNER.address)
    registry.set_operator_by_signature(*order.fields, signature)
    assert registry.is_operator(order.pool, SIGNER.address, order.operator)
