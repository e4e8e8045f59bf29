import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

ETH = 10**18
USD = 10**6


@pytest.fixture(scope="package")
def base() -> Market:
    """ETH at 100 (LTV 75 %), a dollar of 6 decimals, bitcoin of 8 at 20,000, two more that nobody uses at first."""
    market = Market()
    market.list("IDLE", 1 * WAD)
    market.list("ETH", 100 * WAD)
    market.list("USD", 1 * WAD, decimals=6, reserve_factor_bps=2_000)
    market.list("WBTC", 20_000 * WAD, decimals=8, ltv_bps=6_500, bonus_bps=12_000)
    market.list("EUR", 1 * WAD)
    market.lend("USD", 1_000_000 * USD)
    market.lend("EUR", 1_000_000 * ETH)
    return market


@pytest.fixture
def market(base: Market) -> Market:
    """The same chain state for each test (titanoboa takes back what a test did), and books of its own."""
    return base.copy()
