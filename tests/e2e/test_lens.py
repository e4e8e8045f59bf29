"""The lens answers for 5,000 accounts in one call of a node, and refuses one more."""

import pytest

from plimsoll.health import HEALTH, decode_health, encode_health
from plimsoll.rpc import RpcError
from tests.e2e.conftest import USED_PERCENT, Market, person

pytestmark = pytest.mark.e2e

GAS = 400_000_000


def test_health__5000_accounts_in_one_call__as_one_by_one(market: Market) -> None:
    borrowers = [person(n) for n in range(1, len(USED_PERCENT) + 1)]
    answer = market.rpc.eth_call(market.lens.address, encode_health(borrowers * 1_000), gas=GAS)
    assert len(decode_health(answer, 5_000)) == 5_000
    packed = HEALTH.decode(answer)
    expected = []
    for who in borrowers:
        view = market.lens.call("account", who)
        expected.append(view.capacity << 128 | view.debt)
    assert list(packed) == expected * 1_000


def test_health__5001_accounts__refused(market: Market) -> None:
    with pytest.raises(RpcError):
        market.rpc.eth_call(market.lens.address, encode_health([person(1)] * 5_001), gas=GAS)
