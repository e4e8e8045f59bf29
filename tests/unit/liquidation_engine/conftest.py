import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

ETH = 10**18
USD = 10**6


@pytest.fixture(scope="package")
def base() -> Market:
    """ETH (18 decimals, LTV 75 %, bonus 10 %) at 100 and a dollar (6 decimals), a million of it lent."""
    market = Market()
    market.list("ETH", 100 * WAD)
    market.list("USD", 1 * WAD, decimals=6)
    market.lend("USD", 1_000_000 * USD)
    market.lend("ETH", 10_000 * ETH)
    return market


@pytest.fixture
def market(base: Market) -> Market:
    """The same chain state for each test (titanoboa takes back what a test did), and books of its own."""
    return base.copy()
