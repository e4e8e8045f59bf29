import pytest

from tests.pair_world import START, set_time
from tests.unit.pair.conftest import E18, logs, reverts


def test_sync__after_a_gift__takes_it_into_the_reserves(market, attacker):
    set_time(START + 5)
    market.give(7, 11)
    market.pair.sync(sender=attacker)
    assert logs(market.pair) == [("Sync", 1000 * E18 + 7, 4000 * E18 + 11)]
    assert market.pair.getReserves() == (1000 * E18 + 7, 4000 * E18 + 11, START + 5)


def test_sync__nothing_to_book__still_logs_and_notes_the_time(market):
    set_time(START + 99)
    market.pair.sync()
    assert logs(market.pair) == [("Sync", 1000 * E18, 4000 * E18)]
    assert market.pair.getReserves()[2] == START + 99


def test_sync__token_took_balance_away__lowers_the_reserves(market, borrower):
    market.token0.transfer(borrower, 400 * E18, sender=market.pair.address)
    market.pair.sync()
    assert market.reserves == (600 * E18, 4000 * E18)


def test_sync__pair_without_liquidity__is_no_start(new_market):
    market = new_market()
    market.give(E18, E18)
    market.pair.sync()
    assert market.reserves == (E18, E18)
    assert market.pair.window(20).started_ts == 0


@pytest.mark.parametrize("power, passes", [(2**112 - 1, True), (2**112, False), (2**256 - 1, False)])
def test_sync__balance_of_any_size__is_bounded_by_112_bits(new_market, power, passes):
    market = new_market()
    market.give(0, power)
    if passes:
        market.pair.sync()
        assert market.reserves == (0, power)
    else:
        with reverts("OVERFLOW"):
            market.pair.sync()
