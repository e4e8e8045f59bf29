import pytest

from tests.isolated_world import HIGH, Markets, Opened, TradedPair, with_old_pair


@pytest.fixture(scope="package")
def base() -> tuple[Markets, TradedPair]:
    return with_old_pair(HIGH)


@pytest.fixture
def markets(base: tuple[Markets, TradedPair]) -> Markets:
    return base[0]


@pytest.fixture
def traded(base: tuple[Markets, TradedPair]) -> TradedPair:
    """The same chain for each test; a list of changes of its own."""
    pair = base[1]
    past = type(pair.past)(pair.past.started, list(pair.past.segments), pair.past.since, pair.past.raw_tick, pair.past.liquidity)
    return TradedPair(pair.pair, pair.token, pair.quote, past)


@pytest.fixture
def market(markets: Markets, traded: TradedPair) -> Opened:
    return markets.open(traded)
