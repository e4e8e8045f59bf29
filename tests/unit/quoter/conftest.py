"""The quoter on titanoboa, over pools and pairs that each test makes for itself."""

from collections.abc import Iterator

import pytest

from tests.quoter_world import World

# A pool without a fee, and one that leaves a millionth
TIERS = ((0, 60), (999_999, 60))


@pytest.fixture(scope="module")
def base() -> World:
    return World.create(4, tiers=TIERS, slow=True)


@pytest.fixture
def world(base: World) -> Iterator[World]:
    with base.trial():
        yield base


@pytest.fixture(scope="module")
def free_base() -> World:
    """Pairs without a fee."""
    return World.create(2, fee_bps=0, tiers=TIERS, slow=True)


@pytest.fixture
def free_world(free_base: World) -> Iterator[World]:
    with free_base.trial():
        yield free_base
