"""An oracle with one listed asset on scripted sources, in both orientations where that matters."""

from typing import Any

import pytest

from tests.oracle_market import Market, new_market


@pytest.fixture
def market(owner: Any) -> Market:
    return new_market(owner)


@pytest.fixture
def full_market(owner: Any) -> Market:
    """Two sources and a feed."""
    return new_market(owner, second=True, feed=True)


@pytest.fixture(params=[False, True], ids=["token0", "token1"])
def either_market(owner: Any, request: pytest.FixtureRequest) -> Market:
    return new_market(owner, asset_is_token1=request.param)
