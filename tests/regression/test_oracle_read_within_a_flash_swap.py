"""Read-only re-entrancy on the oracle: it is asked in the middle of a flash swap that has emptied the pair by a third. It says what it
said before, cached or not, and so does the writing function. (ORA-12)"""

from typing import Any

import boa
import pytest

from tests.conftest import load
from tests.oracle_pair import new_pair_market
from tests.unit.pair.conftest import call_data, instructions


def answer(contract: Any, data: bytes) -> bytes:
    computation = boa.env.execute_code(to_address=contract.address, data=data)
    assert not computation.is_error
    return bytes(computation.output)


@pytest.mark.parametrize("read", ["band", "new_risk_prices", "liquidation_prices"])
@pytest.mark.parametrize("asset_is_token1", [False, True])
def test_oracle__read_in_the_callback_of_a_flash_swap__says_what_it_said_before(read: str, asset_is_token1: bool) -> None:
    market = new_pair_market(asset_is_token1)
    for _ in range(15):
        boa.env.time_travel(seconds=180)
        market.swap(market.asset, 10**18)
    boa.env.time_travel(seconds=100)
    callee = load("testing/PairCallee.vy").deploy()
    data = call_data(market.oracle, read, market.asset.address)
    with boa.env.anchor():
        expected = answer(market.oracle, data)

    asset, quote = market.reserves()
    taken = quote // 3
    gift = (market.asset, call_data(market.asset, "mint", market.pair.address, asset), True)
    out = (taken, 0) if asset_is_token1 else (0, taken)
    market.pair.swap(*out, callee, instructions((market.oracle, data, True), gift, (market.oracle, data, True)))

    assert callee.result(0) == (True, expected)
    assert callee.result(2) == (True, expected)
    assert market.reserves() == (2 * asset, quote - taken)
