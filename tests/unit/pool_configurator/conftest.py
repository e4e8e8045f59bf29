import pytest

from tests.configurator_world import Market


@pytest.fixture(scope="package")
def base() -> Market:
    return Market()


@pytest.fixture
def market(base: Market) -> Market:
    """The same chain state for each test: titanoboa takes back what a test did."""
    return base
