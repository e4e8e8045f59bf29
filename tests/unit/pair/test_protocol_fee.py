"""The protocol's share of the growth of sqrt(k), against the model and against what it is meant to be. (AMM-06)"""

from math import isqrt

import pytest

from tests.pair_world import ZERO
from tests.unit.pair.conftest import E18


def switch_on(market, owner, receiver):
    market.factory.setFeeTo(receiver, sender=owner)
    market.model.fee_on = True


def trade(market, volume, times):
    for _ in range(times):
        market.sell(volume)
        market.sell(volume * 4, zero_for_one=False)


@pytest.mark.parametrize("fee_bps, share", [(25, (8, 25)), (30, (1, 6)), (100, (1, 1)), (25, (0, 25)), (1, (9_999, 10_000))])
@pytest.mark.parametrize("by", ["mint", "burn"])
def test_mint_fee__after_trades__is_the_model_s(new_market, owner, lender, treasury, fee_bps, share, by):
    market = new_market(fee_bps, share)
    switch_on(market, owner, treasury)
    market.provide(1_000 * E18, 4_000 * E18)
    trade(market, 30 * E18, 3)
    expected = market.model.protocol_liquidity()
    assert (expected > 0) == (share[0] > 0)
    if by == "mint":
        market.provide(E18, 4 * E18)
    else:
        market.pair.transfer(market.pair, E18, sender=lender)
        market.pair.burn(lender)
        market.model.burn(E18)
    market.agrees()
    assert market.pair.balanceOf(treasury) == expected == market.model.protocol
    # The second time there is nothing more to share
    market.provide(E18, 4 * E18)
    market.agrees()
    assert market.pair.balanceOf(treasury) == expected


def test_mint_fee__wemix_numbers__give_the_platform_8_of_25(new_market, owner, lender, treasury):
    market = new_market()
    switch_on(market, owner, treasury)
    market.provide(10**6 * E18, 10**6 * E18)
    root = isqrt(market.model.k)
    for _ in range(20):
        market.sell(10**4 * E18)
        market.sell(10**4 * E18, zero_for_one=False)
    growth = isqrt(market.model.k) - root
    market.provide(1000, 1000)
    protocol = market.pair.balanceOf(treasury)
    worth = protocol * isqrt(market.model.k) // market.model.supply
    assert abs(worth * 25 - growth * 8) < growth * 25 // 10**9


def test_mint_fee__switched_off__is_not_owed_later(market, owner, lender, treasury):
    switch_on(market, owner, treasury)
    market.provide(E18, 4 * E18)
    trade(market, 30 * E18, 2)
    market.factory.setFeeTo(ZERO, sender=owner)
    market.model.fee_on = False
    market.provide(E18, 4 * E18)
    market.agrees()
    assert market.pair.kLast() == 0
    switch_on(market, owner, treasury)
    market.provide(E18, 4 * E18)
    market.agrees()
    assert market.pair.balanceOf(treasury) == 0
    assert market.pair.kLast() == market.model.k


def test_mint_fee__k_fell__mints_nothing(market, owner, borrower, treasury):
    switch_on(market, owner, treasury)
    market.provide(E18, 4 * E18)
    market.token0.transfer(borrower, E18, sender=market.pair.address)
    market.pair.sync()
    market.model.sync(*market.reserves)
    market.provide(E18, 4 * E18)
    market.agrees()
    assert market.pair.balanceOf(treasury) == 0


def test_mint_fee__receiver_is_the_pair__is_not_burned_with_others(market, owner, lender):
    """As in Uniswap V2: `burn` takes what had been sent before the share was minted."""
    switch_on(market, owner, market.pair)
    market.provide(E18, 4 * E18)
    trade(market, 30 * E18, 2)
    share = market.model.protocol_liquidity()
    assert share
    market.pair.transfer(market.pair, E18, sender=lender)
    assert market.pair.burn(lender) == market.model.burn(E18)
    market.agrees()
    assert market.pair.balanceOf(market.pair) == share
