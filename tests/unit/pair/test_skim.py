import boa

from tests.unit.pair.conftest import E18, logs, reverts


def test_skim__surplus_of_both__is_sent_and_the_reserves_stay(market, borrower, attacker):
    market.give(7, 11)
    before = market.pair.getReserves()
    market.pair.skim(borrower, sender=attacker)
    assert logs(market.pair) == [("Transfer", market.pair.address, borrower, 7), ("Transfer", market.pair.address, borrower, 11)]
    assert (market.token0.balanceOf(borrower), market.token1.balanceOf(borrower)) == (7, 11)
    assert market.pair.getReserves() == before
    assert market.balances == market.reserves


def test_skim__nothing_to_send__sends_nothing(market, borrower):
    """Uniswap V2's own way: a transfer of zero."""
    market.pair.skim(borrower)
    assert logs(market.pair) == [("Transfer", market.pair.address, borrower, 0)] * 2


def test_skim__to_the_pair_itself__changes_nothing(market):
    market.give(5, 0)
    market.pair.skim(market.pair)
    assert market.balances == (1000 * E18 + 5, 4000 * E18)


def test_skim__token_took_balance_away__reverts(market, borrower):
    market.token1.transfer(borrower, 1, sender=market.pair.address)
    with reverts():
        market.pair.skim(borrower)


def test_skim__balance_above_112_bits__brings_the_pair_back(market, borrower):
    market.give(2**200, 0)
    with boa.reverts("UniswapV2: OVERFLOW"):
        market.pair.sync()
    market.pair.skim(borrower)
    market.pair.sync()
    assert market.reserves == (1000 * E18, 4000 * E18)
