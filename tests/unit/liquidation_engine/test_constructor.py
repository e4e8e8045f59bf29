import boa
import pytest

from tests.conftest import load
from tests.lending_market import Market

NOBODY = "0x" + "00" * 20


def test_constructor__pool_and_fee__are_kept_and_counting_begins_at_zero(market: Market) -> None:
    assert market.engine.pool() == market.pool.address
    assert market.engine.fee_bps() == 300
    assert market.pool.liquidations() == 0


@pytest.mark.parametrize(
    ("path", "more", "reason"), [("liquidation/LiquidationEngine", [300], "engine: no pool"), ("lending/Lens", [], "lens: no pool")]
)
def test_constructor__no_pool__reverts(path: str, more: list[int], reason: str) -> None:
    with boa.reverts(reason):
        load(f"{path}.vy").deploy(NOBODY, *more)


def test_constructor__fee_above_three_percent__reverts(market: Market) -> None:
    with boa.reverts("engine: bad fee"):
        load("liquidation/LiquidationEngine.vy").deploy(market.pool.address, 301)
