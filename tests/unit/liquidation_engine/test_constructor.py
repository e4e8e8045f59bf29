import boa
import pytest

from tests.conftest import load
from tests.lending_market import Market


def test_constructor__pool__is_kept_and_counting_begins_at_zero(market: Market) -> None:
    assert market.engine.pool() == market.pool.address
    assert market.engine.liquidations() == 0


@pytest.mark.parametrize(("path", "reason"), [("liquidation/LiquidationEngine.vy", "engine: no pool"), ("lending/Lens.vy", "lens: no pool")])
def test_constructor__no_pool__reverts(path: str, reason: str) -> None:
    with boa.reverts(reason):
        load(path).deploy("0x" + "00" * 20)
