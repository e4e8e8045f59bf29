import pytest

from tests.conftest import load
from tests.pair_world import in_order, new_factory


@pytest.fixture
def factory(owner):
    return new_factory(owner)


@pytest.fixture
def tokens(new_token):
    return in_order(new_token("AAA"), new_token("BBB"))


@pytest.fixture
def blueprint():
    return load("amm/Pair.vy").deploy_as_blueprint()
