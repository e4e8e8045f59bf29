import pytest

from tests.isolated_world import DAY, HIGH, Markets, Opened, TradedPair, later, new_test_token


@pytest.fixture(scope="package")
def base() -> tuple[Markets, TradedPair]:
    """A token whose pair with the quote is eight days old, 2,000,000 units deep at a price of 200."""
    markets = Markets()
    traded = markets.traded(new_test_token("TKN", 18, HIGH))
    later(8 * DAY + 77)
    return markets, traded


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
