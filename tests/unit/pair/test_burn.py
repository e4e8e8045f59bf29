import pytest

from tests.pair_world import MINIMUM_LIQUIDITY, ZERO
from tests.unit.pair.conftest import E18, logs, reverts


@pytest.mark.parametrize("liquidity", [2, 3, 12_345, E18, 1999 * E18])
def test_burn__part_of_the_liquidity__sends_its_part_of_both(market, lender, borrower, liquidity):
    market.pair.transfer(market.pair, liquidity, sender=lender)
    before = market.reserves
    held = market.pair.balanceOf(lender)
    expected = market.model.burn(liquidity)
    assert market.pair.burn(borrower, sender=lender) == expected
    assert logs(market.pair) == [
        ("Transfer", market.pair.address, ZERO, liquidity),
        ("Transfer", market.pair.address, borrower, expected[0]),
        ("Transfer", market.pair.address, borrower, expected[1]),
        ("Sync", before[0] - expected[0], before[1] - expected[1]),
        ("Burn", lender, *expected, borrower),
    ]
    assert (market.token0.balanceOf(borrower), market.token1.balanceOf(borrower)) == expected
    assert market.pair.balanceOf(market.pair) == 0
    assert market.pair.balanceOf(lender) == held
    market.agrees()


def test_burn__all_liquidity__leaves_the_minimum(market, lender):
    market.pair.transfer(market.pair, market.pair.balanceOf(lender), sender=lender)
    market.pair.burn(lender)
    assert market.pair.totalSupply() == MINIMUM_LIQUIDITY
    assert market.reserves == (500, 2000)


def test_burn__donated_tokens__are_shared_out_too(market, lender):
    market.give(100 * E18, 0)
    market.pair.transfer(market.pair, 200 * E18, sender=lender)  # a tenth
    assert market.pair.burn(lender) == (110 * E18, 400 * E18)
    assert market.reserves == (990 * E18, 3600 * E18)


@pytest.mark.parametrize("liquidity", [0, 1])
def test_burn__too_little__reverts(new_market, lender, liquidity):
    market = new_market()
    market.provide(10**12, 2000)
    market.pair.transfer(market.pair, liquidity, sender=lender)
    with reverts("INSUFFICIENT_LIQUIDITY_BURNED"):
        market.pair.burn(lender)


def test_burn__no_liquidity_at_all__reverts(new_market, lender):
    with reverts("INSUFFICIENT_LIQUIDITY_BURNED"):
        new_market().pair.burn(lender)


def test_burn__lp_tokens_sent_by_mistake__go_to_the_first_who_calls(market, lender, attacker):
    """As in Uniswap V2: transfer and burn belong into one transaction."""
    market.pair.transfer(market.pair, E18, sender=lender)
    market.pair.burn(attacker, sender=attacker)
    assert market.token0.balanceOf(attacker) == E18 // 2


def test_burn__balance_above_112_bits__reverts(market, lender):
    market.give(2**112, 0)
    market.pair.transfer(market.pair, 1, sender=lender)
    with reverts("OVERFLOW"):
        market.pair.burn(lender)
