"""LiquidationEngine.liquidate on the real pool. Expected numbers come from plimsoll.reference.liquidation and DESIGN's examples."""

from __future__ import annotations

from typing import Any

import boa
import pytest

from plimsoll.reference.liquidation import WAD, Refused, value_down, value_up
from tests.conftest import load
from tests.lending_market import EVERYTHING, Market
from tests.unit.liquidation_engine.conftest import ETH, USD

# What the pool's shares may keep back of an amount of 18 decimals: fees are taken in whole units of shares (below 1e-6 of a token).
SHARE_DUST = 10**12


def check_step(market: Market, debt: str, collateral: str, ask: int = EVERYTHING) -> Any:
    """One liquidation against the model: values, balances, positions, event. Returns the event, and those of write-offs."""
    expected = market.expect(debt, collateral, ask)
    c_token, d_token = market.assets[collateral], market.assets[debt]
    owed, held = market.debt_of(debt), market.supply_of(collateral)
    received_before = market.balance(collateral, market.liquidator)
    cash_before = d_token.token.balanceOf(market.pool)
    number = market.pool.liquidations()

    assert market.liquidate(debt, collateral, ask) == (expected.repaid, expected.received)
    events = market.engine.get_logs()
    log = next(e for e in events if type(e).__name__ == "Liquidation")

    assert market.balance(collateral, market.liquidator) - received_before == expected.received
    assert d_token.token.balanceOf(market.pool) - cash_before == expected.repaid
    if expected.write_off:
        assert market.account().debts == ()
        assert all(c.amount == 0 for c in market.account().collaterals)
    else:
        # The debt may round up by a unit, the collateral may gain what the fee's rounding leaves to all.
        assert owed - expected.repaid <= market.debt_of(debt) <= owed - expected.repaid + 1
        assert -1 <= market.supply_of(collateral) - (held - expected.seized) <= SHARE_DUST
    prices = market.prices()
    assert (log.number, market.pool.liquidations()) == (number + 1, number + 1)
    assert (log.borrower, log.liquidator) == (market.borrower, market.liquidator)
    assert (log.debt_asset, log.collateral_asset) == (d_token.address, c_token.address)
    assert (log.repaid, log.seized, log.fee) == (expected.repaid, expected.seized, expected.fee)
    assert log.collateral_trigger_price == prices[collateral].high
    assert log.debt_trigger_price == prices[debt].low
    assert log.collateral_seizure_price == expected.collateral_price
    assert log.debt_seizure_price == expected.debt_price
    assert (log.debt_value, log.capacity, log.bonus_wad) == (expected.debt_value, expected.capacity, expected.bonus_wad)
    return log, [e for e in events if type(e).__name__ == "DeficitWrittenOff"]


# ---------------------------------------------------------------- the worked examples of the documents, money times 100


def test_liquidate__example_3_exactly_at_the_limit__half_at_a_bonus_of_ten_percent(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 80 * WAD)
    assert market.health() == (6_000 * WAD, 6_000 * WAD)

    log, _ = check_step(market, "USD", "ETH")
    assert log.repaid == 3_000 * USD
    assert log.seized * 80 == 3_300 * ETH
    assert log.fee * 80 == 99 * ETH
    assert market.balance("ETH", market.liquidator) * 80 == 3_201 * ETH
    assert market.supply_of("ETH") * 80 == pytest.approx(4_700 * ETH, rel=1e-9)
    assert market.debt_of("USD") == 3_000 * USD
    view = market.lens.account(market.borrower)
    assert view.usage_wad == pytest.approx(851 * WAD // 1000, rel=1e-3)
    assert view.stage == 3  # DANGER


def test_liquidate__example_4_just_below_the_limit__reverts(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 5_999_900_000})
    market.set_price("ETH", 80 * WAD)
    with pytest.raises(Refused, match="engine: healthy"):
        market.expect("USD", "ETH")
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")


def test_liquidate__example_6_interest_alone_reaches_the_capacity__liquidated() -> None:
    market = Market(borrow_limit_bps=9_900)
    market.list("ADA", 2 * WAD, decimals=6, ltv_bps=7_000)
    market.list("DJED", 1 * WAD, decimals=6, ltv_bps=7_000)
    market.lend("DJED", 1_000_000 * 10**6)
    # 1,000 ADA at 2, times 100: capacity 140,000, of which 99 % can be borrowed
    market.lend("ADA", 100_000 * 10**6, market.borrower)
    with boa.env.prank(market.borrower):
        market.pool.set_collateral(market.assets["ADA"].address, True)
        assert market.health()[0] == 140_000 * WAD
        with boa.reverts("pool: over limit"):
            market.pool.borrow(market.assets["DJED"].address, 138_600 * 10**6 + 1, market.borrower)
        market.pool.borrow(market.assets["DJED"].address, 104_000 * 10**6, market.borrower)
    # ADA at 1.5: capacity 105,000; 104,000 and its interest at 5 % a year get there on the 71st day
    market.set_price("ADA", 3 * WAD // 2)
    market.set_rate("DJED", 5 * 10**16)
    boa.env.time_travel(seconds=60 * 86_400)
    assert market.health()[0] == 105_000 * WAD
    with boa.reverts("engine: healthy"):
        market.liquidate("DJED", "ADA")
    boa.env.time_travel(seconds=11 * 86_400)
    capacity, debt = market.health()
    assert capacity <= debt < 105_030 * WAD
    log, _ = check_step(market, "DJED", "ADA")
    assert log.bonus_wad == 11 * WAD // 10
    assert log.seized == log.repaid * 11 // 15


def test_liquidate__example_13_covered_by_less_than_the_bonus__bonus_gives_way_and_no_deficit(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    # C = 10,000 and D = 9,500: the dollar that is owed goes to 19/12
    market.set_price("USD", 19 * WAD // 12 + 1)
    log, _ = check_step(market, "USD", "ETH", 3_000 * USD)
    assert log.bonus_wad == pytest.approx(1_052_631_578_947_368_421, rel=1e-15)
    assert market.supply_of("ETH") == pytest.approx(50 * ETH, rel=1e-12)
    assert market.debt_of("USD") == 3_000 * USD
    # The rest is worth as much against what is owed as before, to the last liquidation.
    _, written_off = check_step(market, "USD", "ETH")
    assert market.debt_of("USD") == 0
    assert not written_off


def test_liquidate__example_14_debt_above_collateral__all_is_seized_and_the_rest_written_off(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("USD", 103 * WAD // 60)  # C = 10,000, D = 10,300
    expected = market.expect("USD", "ETH")
    assert expected.seized == 100 * ETH
    assert value_up(expected.repaid, expected.debt_price) == pytest.approx(990_099 * WAD // 100, rel=1e-5)
    _, (log,) = check_step(market, "USD", "ETH")

    assert log.account == market.borrower
    assert log.amount == 6_000 * USD - expected.repaid
    assert value_down(log.amount, expected.debt_price) == pytest.approx(39_901 * WAD // 100, rel=1e-5)
    assert market.debt_of("USD") == 0
    assert market.account().debts == ()


# ---------------------------------------------------------------- how much


@pytest.mark.parametrize("ask", [1 * USD, 2_999 * USD, 3_000 * USD, 3_001 * USD, 6_000 * USD, EVERYTHING])
def test_liquidate__any_ask__clamped_to_half(market: Market, ask: int) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    check_step(market, "USD", "ETH", ask)
    assert market.debt_of("USD") == 6_000 * USD - min(ask, 3_000 * USD)


@pytest.mark.parametrize(("price", "full"), [(76_000_001, False), (76_000_000, True), (50_000_000, True)])
def test_liquidate__usage_of_one_over_095__everything_at_once_and_no_fee(market: Market, price: int, full: bool) -> None:
    # capacity = 75 * price; 5,700 / 0.95 = 6,000
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", price * 10**12)
    expected = market.expect("USD", "ETH")
    check_step(market, "USD", "ETH")
    assert (expected.fee == 0) == full
    if not full:
        assert expected.repaid == 3_000 * USD
    elif price == 76_000_000:
        assert expected.repaid == 6_000 * USD


@pytest.mark.parametrize(("debt", "full"), [(2_000 * USD, False), (2_000 * USD - 1, True)])
def test_liquidate__small_debt__may_go_whole(market: Market, debt: int, full: bool) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": debt})
    market.set_price("ETH", debt * 10**12 // 75 - 1)
    check_step(market, "USD", "ETH")
    assert market.debt_of("USD") == (0 if full else debt // 2)


def test_liquidate__small_collateral__debt_may_go_whole(market: Market) -> None:
    market.list("WBTC", 20_000 * WAD, decimals=8)
    market.open({"ETH": 100 * ETH, "WBTC": 9_000_000}, {"USD": 6_900 * USD})  # 10,000 and 1,800
    market.set_price("ETH", 71 * WAD)
    expected = market.expect("USD", "WBTC")
    assert expected.seized == 9_000_000
    assert 2 * expected.repaid < 6_900 * USD  # the collateral binds, not the half
    check_step(market, "USD", "WBTC")
    assert market.supply_of("WBTC") == 0


def test_liquidate__fee_at_a_small_bonus__half_of_the_bonus(market: Market) -> None:
    market.list("STK", 100 * WAD, ltv_bps=9_000, bonus_bps=10_300)
    market.open({"STK": 100 * ETH}, {"USD": 7_000 * USD})
    market.set_price("STK", 77 * WAD)
    expected = market.expect("USD", "STK")
    assert expected.fee == expected.seized * 300 // 20_600
    check_step(market, "USD", "STK")


def test_liquidate__fee__is_the_treasurys(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 80 * WAD)
    check_step(market, "USD", "ETH")
    market.pool.collect_fees(market.assets["ETH"].address)
    assert market.supply_of("ETH", market.treasury) == pytest.approx(99 * ETH // 80, abs=SHARE_DUST)


# ---------------------------------------------------------------- at which prices


def test_liquidate__fresh_price_below_the_trigger__seized_at_the_fresh_price(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("ETH", 80 * WAD, 75 * WAD, 72 * WAD)
    expected = market.expect("USD", "ETH")
    assert expected.collateral_price == 72 * WAD
    log, _ = check_step(market, "USD", "ETH")
    assert log.seized == 3_300 * ETH // 72


def test_liquidate__fresh_price_above_the_trigger__seized_at_the_trigger_price(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("ETH", 80 * WAD, 75 * WAD, 95 * WAD)
    assert market.expect("USD", "ETH").collateral_price == 80 * WAD
    check_step(market, "USD", "ETH")


def test_liquidate__fresh_price_dumped__never_below_the_floor(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("ETH", 80 * WAD, 75 * WAD, 1 * WAD)
    # 0.75 * 1.1 * 80 = 66: with the bonus 60 units of debt for one ETH, 0.75 of the 80 that the trigger prices say
    assert market.expect("USD", "ETH").collateral_price == 66 * WAD
    log, _ = check_step(market, "USD", "ETH")
    assert log.repaid * 10**12 * ETH >= log.seized * 60 * WAD


def test_liquidate__fresh_price_of_the_debt_pumped__never_above_the_ceiling(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 80 * WAD)
    market.set_band("USD", 11 * WAD // 10, 1 * WAD, 50 * WAD)
    # 1 / (0.75 * 1.1)
    assert market.expect("USD", "ETH").debt_price == pytest.approx(10**30 * 1000 // 825, rel=1e-15)
    log, _ = check_step(market, "USD", "ETH")
    assert log.repaid * 10**12 * ETH >= log.seized * 60 * WAD


def test_liquidate__both_prices_manipulated__the_floor_holds_for_the_pair(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_band("ETH", 80 * WAD, 75 * WAD, 1 * WAD)
    market.set_band("USD", 11 * WAD // 10, 1 * WAD, 50 * WAD)
    log, _ = check_step(market, "USD", "ETH")
    assert log.repaid * 10**12 * ETH >= log.seized * 60 * WAD


def test_liquidate__prices_for_new_risk__do_not_matter(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    raw = market.raw_price("ETH", 100 * WAD)
    market.oracle.set_band(market.assets["ETH"].address, (1, 2**127, raw, raw // 2, raw // 2, raw // 2, 0, 0, 1, 64))
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")


# ---------------------------------------------------------------- several assets, decimals, interest


def test_liquidate__three_collaterals_and_two_debts__each_pair_as_the_model_says(market: Market) -> None:
    market.list("WBTC", 20_000 * WAD, decimals=8, ltv_bps=7_000, bonus_bps=10_800)
    market.list("STK", 3 * WAD, ltv_bps=6_000, bonus_bps=11_500)
    market.list("EUR", 1 * WAD, decimals=8)
    market.lend("EUR", 10**6 * 10**8)
    market.open({"ETH": 100 * ETH, "WBTC": 10**8, "STK": 5_000 * ETH}, {"USD": 15_000 * USD, "EUR": 9_000 * 10**8})
    market.set_rate("USD", WAD // 10)
    market.set_rate("EUR", WAD // 20)
    boa.env.time_travel(seconds=40 * 86_400)
    market.set_band("ETH", 70 * WAD, 68 * WAD, 66 * WAD)
    market.set_band("STK", 23 * WAD // 10, 2 * WAD, 1 * WAD)
    market.set_band("EUR", 12 * WAD // 10, 11 * WAD // 10, 115 * WAD // 100)
    market.set_price("WBTC", 15_500 * WAD)
    for debt, collateral, ask in [
        ("USD", "ETH", 1_000 * USD),
        ("EUR", "STK", 500 * 10**8),
        ("EUR", "WBTC", 700 * 10**8),
        ("USD", "WBTC", 1_000 * USD),
        ("EUR", "ETH", EVERYTHING),
    ]:
        check_step(market, debt, collateral, ask)


# ---------------------------------------------------------------- bad debt


def test_liquidate__nothing_left__every_debt_is_written_off_and_only_that_accounts(market: Market) -> None:
    market.list("EUR", 1 * WAD)
    market.lend("EUR", 10_000 * ETH)
    market.open({"ETH": 200 * ETH}, {"USD": 6_000 * USD, "EUR": 6_000 * ETH})
    market.open({"ETH": 200 * ETH}, {"USD": 1_000 * USD, "EUR": 1_000 * ETH}, market.attacker)
    market.set_price("ETH", 40 * WAD)
    lent = market.supply_of("USD", market.lender), market.supply_of("EUR", market.lender)
    check_step(market, "USD", "ETH")
    _, logs = check_step(market, "EUR", "ETH")
    assert len(logs) == 1  # the dollars were repaid before
    assert market.account().debts == ()
    assert market.supply_of("USD", market.lender) == pytest.approx(lent[0], abs=1)
    assert lent[1] - market.supply_of("EUR", market.lender) <= logs[0].loss
    assert logs[0].amount == pytest.approx(6_000 * ETH + 6_000 * ETH - 8_000 * ETH * 100 // 101, rel=1e-6)
    assert market.debt_of("USD", market.attacker) == 1_000 * USD
    assert market.debt_of("EUR", market.attacker) == 1_000 * ETH


def test_liquidate__dust_left_on_both_sides_but_covered__nothing_is_written_off(market: Market) -> None:
    market.open({"ETH": 10 * ETH}, {"USD": 600 * USD})
    market.set_price("ETH", 61 * WAD)  # C / D = 610 / 600: the bonus is 1.67 %
    _, written_off = check_step(market, "USD", "ETH", 599_500_000)
    assert not written_off
    assert market.debt_of("USD") == 500_000
    assert value_down(market.supply_of("ETH"), 61 * WAD) < WAD
    # It stays liquidatable, to the end.
    _, written_off = check_step(market, "USD", "ETH")
    assert not written_off
    assert market.account().debts == ()


# ---------------------------------------------------------------- refusals


def test_liquidate__no_debt__reverts(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {})
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH", borrower=market.attacker)


def test_liquidate__wrong_assets__reverts(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.list("WBTC", 20_000 * WAD, decimals=8)
    market.lend("WBTC", 10**8, market.borrower)  # supplied, not enabled
    market.set_price("ETH", 79 * WAD)
    with boa.reverts("engine: no collateral"):
        market.liquidate("USD", "WBTC")
    with boa.reverts("engine: no debt"):
        market.liquidate("WBTC", "ETH")
    with boa.reverts("engine: no debt"):
        market.liquidate("ETH", "USD")


@pytest.mark.parametrize("ask", [0])
def test_liquidate__nothing_asked__reverts(market: Market, ask: int) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    with boa.reverts("engine: zero amount"):
        market.liquidate("USD", "ETH", ask)


def test_liquidate__too_little_received__reverts_to_the_unit(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    expected = market.expect("USD", "ETH")
    assert expected.fee > 0
    with boa.reverts("engine: too little"):
        market.liquidate("USD", "ETH", min_seized=expected.received + 1)
    assert market.liquidate("USD", "ETH", min_seized=expected.received)[1] == expected.received


def test_liquidate__deadline__holds_to_the_second(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    now = boa.env.evm.patch.timestamp
    with boa.reverts("engine: expired"):
        market.liquidate("USD", "ETH", deadline=now - 1)
    market.liquidate("USD", "ETH", deadline=now)


def test_liquidate__no_valid_price__reverts_for_that_asset_only(market: Market) -> None:
    market.list("WBTC", 20_000 * WAD, decimals=8)
    market.open({"ETH": 100 * ETH, "WBTC": 10**7}, {"USD": 6_000 * USD})
    market.set_band("ETH", 60 * WAD, 55 * WAD, 0, why=2)
    assert market.health()[1] >= market.health()[0]
    with boa.reverts("engine: no price"):
        market.liquidate("USD", "ETH")
    check_step(market, "USD", "WBTC")


def test_liquidate__debt_without_a_price__reverts(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    market.set_band("USD", 1 * WAD, 1 * WAD, 0, why=2)
    with boa.reverts("engine: no price"):
        market.liquidate("USD", "ETH")


@pytest.mark.parametrize("symbol", ["ETH", "USD"])
def test_liquidate__a_price_that_never_was__reverts(market: Market, symbol: str) -> None:
    """An oracle that answers a fresh price with no trigger price: nothing to measure a floor against."""
    market.open({"ETH": 100 * ETH}, {"USD": 5_000 * USD})
    market.list("EUR", 1 * WAD)
    market.lend("EUR", 10_000 * ETH)
    with boa.env.prank(market.borrower):
        market.pool.borrow(market.assets["EUR"].address, 100 * ETH, market.borrower)
    market.set_price("EUR", 100 * WAD)
    market.set_band(symbol, 0, 0, 1 * WAD)
    with boa.reverts("engine: no price"):
        market.liquidate("USD", "ETH")


def test_liquidate__collateral_without_cash__reverts(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    # Somebody borrows all the ETH there is.
    market.open({"USD": 4_000_000 * USD}, {"ETH": 11_100 * ETH}, market.attacker)
    market.set_price("ETH", 79 * WAD)
    with boa.reverts("pool: insufficient cash"):
        market.liquidate("USD", "ETH")


def test_liquidate__liquidator_without_allowance__reverts_and_changes_nothing(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    before = market.account()
    with boa.env.prank(market.attacker), boa.reverts():
        market.engine.liquidate(market.borrower, market.assets["USD"].address, market.assets["ETH"].address, EVERYTHING, 0, EVERYTHING)
    assert market.account() == before
    assert market.pool.liquidations() == 0


def test_liquidate__engine_replaced__the_old_one_can_do_nothing(market: Market) -> None:
    market.open({"ETH": 100 * ETH}, {"USD": 6_000 * USD})
    market.set_price("ETH", 79 * WAD)
    with boa.env.prank(market.owner):
        market.configurator.set_engine(load("testing/NamedEngine.vy").deploy(market.pool.address).address)
    with boa.reverts("pool: not engine"):
        market.liquidate("USD", "ETH")
