"""Dust that blocks a write-off: a bad debt that can be kept on the books (and in the share price) by a speck of collateral."""

from __future__ import annotations

import boa
import pytest

from plimsoll.reference.liquidation import WAD
from tests.lending_market import Market

ETH = 10**18
USD = 10**6


@pytest.fixture(scope="module")
def base() -> Market:
    market = Market()
    market.list("ETH", 100 * WAD)
    market.list("USD", 1 * WAD, decimals=6)
    market.list("DUST", 1 * WAD)
    market.lend("USD", 1_000_000 * USD)
    return market


def written_off(market: Market) -> bool:
    return any(type(e).__name__ == "DeficitWrittenOff" for e in market.engine.get_logs())


@pytest.mark.parametrize(("dust", "blocks"), [(1, False), (ETH - 1, False), (ETH, True)])
def test_liquidate__dust_in_another_collateral__blocks_from_one_unit_on(base: Market, dust: int, blocks: bool) -> None:
    market = base
    market.open({"ETH": 100 * ETH, "DUST": dust}, {"USD": 6_000 * USD})
    market.set_price("ETH", 50 * WAD)
    market.liquidate("USD", "ETH")
    assert written_off(market) != blocks
    assert (market.debt_of("USD") > 0) == blocks
    if blocks:
        # What is worth a unit can be had, and then the debt is written off.
        market.liquidate("USD", "DUST")
        assert written_off(market)
        assert market.debt_of("USD") == 0


def test_liquidate__dust_given_to_the_chosen_collateral_just_before__is_seized_too(base: Market) -> None:
    market = base
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 50 * WAD)
    market.lend("ETH", ETH // 10, market.attacker)
    market.fund(market.attacker, "ETH", ETH // 10)
    market.assets["ETH"].token.approve(market.pool.address, ETH, sender=market.attacker)
    market.pool.supply(market.assets["ETH"].address, ETH // 10, market.borrower, sender=market.attacker)
    market.liquidate("USD", "ETH")
    assert written_off(market)
    assert market.supply_of("ETH") == 0


def test_liquidate__dust_without_a_price__does_not_block(base: Market) -> None:
    market = base
    market.open({"ETH": 100 * ETH, "DUST": ETH // 2}, {"USD": 6_000 * USD})
    market.set_band("DUST", 1 * WAD, 1 * WAD, 0, why=2)
    market.set_price("ETH", 50 * WAD)
    market.liquidate("USD", "ETH")
    assert written_off(market)


def test_liquidate__collateral_of_worth_without_a_price__is_not_forfeited(base: Market) -> None:
    market = base
    market.open({"ETH": 100 * ETH, "DUST": 500 * ETH}, {"USD": 6_000 * USD})
    market.set_band("DUST", 1 * WAD, 1 * WAD, 0, why=2)
    market.set_price("ETH", 50 * WAD)
    market.liquidate("USD", "ETH")
    assert not written_off(market)
    assert market.supply_of("DUST") == 500 * ETH
    market.set_price("DUST", 1 * WAD)
    market.liquidate("USD", "DUST")
    assert written_off(market)


def test_liquidate__remainder_covered_by_dust__is_not_written_off(base: Market) -> None:
    """A liquidator who leaves specks on both sides makes no deficit where the collateral covers the debt."""
    market = base
    market.open({"ETH": 10 * ETH}, {"USD": 600 * USD})
    market.set_price("ETH", 61 * WAD)
    market.liquidate("USD", "ETH", 599_500_000)
    assert market.debt_of("USD") == 500_000
    assert not written_off(market)


def test_liquidate__collateral_worth_less_than_a_raw_unit_of_debt__is_written_off_after_interest_too(base: Market) -> None:
    """The one raw unit that is repaid for it is less than one unit of scaled debt."""
    market = base
    market.set_rate("USD", 5 * 10**16)
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    boa.env.time_travel(seconds=86_400)
    market.set_price("ETH", 10**4)
    assert market.liquidate("USD", "ETH")[0] == 1
    assert written_off(market)
    assert market.debt_of("USD") == 0


def test_liquidate__collateral_that_never_had_a_price__is_not_forfeited(base: Market) -> None:
    """A new oracle that has never seen a price of it answers 0: unknown, which is not the same as dust."""
    market = base
    market.open({"ETH": 100 * ETH, "DUST": 500 * ETH}, {"USD": 6_000 * USD})
    market.set_band("DUST", 0, 0, 0, why=8)
    market.set_price("ETH", 50 * WAD)
    market.liquidate("USD", "ETH")
    assert not written_off(market)
    assert market.supply_of("DUST") == 500 * ETH
    market.set_price("DUST", 1 * WAD)
    market.liquidate("USD", "DUST")
    assert written_off(market)
