from typing import Any

import boa
import pytest

from tests.unit.operators.conftest import SIGNER, Order, logs

LAST = 2**128


def test_use_nonces__voids_all_signatures_below(registry: Any, order: Order) -> None:
    signed = [order.but(nonce=nonce) for nonce in (0, 4, 5)]
    registry.use_nonces(5, sender=SIGNER.address)
    assert logs(registry) == [("NoncesUsed", SIGNER.address, 5)]
    assert registry.nonces(SIGNER.address) == 5
    for old in signed[:2]:
        with boa.reverts("operators: bad nonce"):
            registry.set_operator_by_signature(*old.fields, old.sign(registry))
    registry.set_operator_by_signature(*signed[2].fields, signed[2].sign(registry))
    assert registry.nonces(SIGNER.address) == 6


@pytest.mark.parametrize("nonce", [0, 4, 5, LAST + 1, 2**256 - 1])
def test_use_nonces__backwards_or_beyond_the_end__reverts(registry: Any, borrower: Any, nonce: int) -> None:
    registry.use_nonces(5, sender=borrower)
    with boa.reverts("operators: bad nonce"):
        registry.use_nonces(nonce, sender=borrower)


def test_use_nonces__of_others__are_not_touched(registry: Any, order: Order, attacker: Any) -> None:
    registry.use_nonces(7, sender=attacker)
    assert registry.nonces(SIGNER.address) == 0
    registry.set_operator_by_signature(*order.fields, order.sign(registry))


def test_use_nonces__up_to_the_end__operators_can_still_be_revoked(registry: Any, order: Order) -> None:
    registry.set_operator(order.pool, order.operator, True, sender=SIGNER.address)
    registry.use_nonces(LAST, sender=SIGNER.address)
    registry.set_operator(order.pool, order.operator, False, sender=SIGNER.address)
    assert not registry.is_operator(order.pool, SIGNER.address, order.operator)
    with boa.reverts("operators: bad nonce"):
        registry.use_nonces(LAST + 2, sender=SIGNER.address)
    assert registry.nonces(SIGNER.address) == LAST + 1
