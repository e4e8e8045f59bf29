"""What the pool makes of it: the same configurator before the real pool, engine and lenders."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

from tests.accounts import account_state
from tests.configurator_world import BORROW, COLLATERAL, DAY, FLASH, HOUR, SUPPLY, WAD, ZERO
from tests.conftest import load
from tests.lending_market import EVERYTHING, Market

WEEK = 7 * DAY
ETHER, DOLLAR = 10**18, 10**6


@pytest.fixture(scope="module")
def base() -> Market:
    """A borrower with 10 ETH at 200 and 1,000 USD of debt at LTV 75: liquidatable from an LTV of 50 % on. No interest."""
    market = Market()
    market.list("ETH", 200 * WAD)
    market.list("USD", WAD, decimals=6, ltv_bps=8_000)
    market.lend("USD", 100_000 * DOLLAR)
    market.lend("ETH", 100 * ETHER)
    market.open({"ETH": 10 * ETHER}, {"USD": 1_000 * DOLLAR})
    return market


@pytest.fixture
def market(base: Market) -> Market:
    return base


def configure(market: Market, function: str, *arguments: Any) -> None:
    with boa.env.prank(market.owner):
        getattr(market.configurator, function)(*(market.assets[a].address if a in market.assets else a for a in arguments))


def act(market: Market, function: str, *arguments: Any, by: Any = None) -> Any:
    by = by or market.borrower
    with boa.env.prank(by):
        return getattr(market.pool, function)(*(market.assets[a].address if a in market.assets else a for a in arguments))


def refuse(market: Market, reason: str, function: str, *arguments: Any, by: Any = None) -> None:
    with boa.reverts(reason):
        act(market, function, *arguments, by=by)


def works(do: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Without leaving a trace."""
    with boa.env.anchor():
        do(*arguments, **options)


def words(market: Market, symbol: str) -> Any:
    return market.configurator.configuration(market.assets[symbol].address)


def always_open(market: Market) -> None:
    """Nobody can close these."""
    market.fund(market.borrower, "USD", 1_000 * DOLLAR)
    works(act, market, "repay", "USD", 100 * DOLLAR, market.borrower)
    works(act, market, "repay", "USD", EVERYTHING, market.borrower)
    for symbol in ("ETH", "USD"):
        works(act, market, "withdraw", symbol, market.assets[symbol].unit, market.lender, by=market.lender)


# ---------------------------------------------------------------- pauses


def supply(market: Market) -> None:
    market.lend("ETH", ETHER)


def borrow(market: Market) -> None:
    act(market, "borrow", "ETH", ETHER, market.attacker, by=market.attacker)


def withdraw(market: Market) -> None:
    act(market, "withdraw", "ETH", ETHER, market.borrower)


def disable(market: Market) -> None:
    act(market, "set_collateral", "ETH", False, by=market.liquidator)


def move(market: Market) -> None:
    act(market, "transfer_shares", "ETH", 10**20, market.lender)


ACTIONS = {SUPPLY: (supply,), BORROW: (borrow,), COLLATERAL: (withdraw, disable, move)}


def prepare(market: Market) -> None:
    """Everybody who acts in ACTIONS could: one borrows ETH, another has collateral to spare."""
    market.lend("USD", 10_000 * DOLLAR, market.attacker)
    act(market, "set_collateral", "USD", True, by=market.attacker)
    market.lend("USD", 10_000 * DOLLAR, market.liquidator)
    act(market, "set_collateral", "USD", True, by=market.liquidator)
    configure(market, "list_reserve", (third := load("testing/TestToken.vy").deploy("T", "T", 18)).address, load_rate(market), 0, 11_000, 0)
    market.oracle.set(third.address, WAD)
    third.mint(market.owner, 10_000 * ETHER)
    with boa.env.prank(market.owner):
        third.approve(market.pool.address, EVERYTHING)
        market.pool.seed(third.address, 1_000 * ETHER)
        market.pool.supply(third.address, 1_000 * ETHER, market.owner)
    market.lend("ETH", ETHER, market.liquidator)
    act(market, "set_collateral", "ETH", True, by=market.liquidator)
    act(market, "borrow", third.address, 100 * ETHER, market.liquidator, by=market.liquidator)


def load_rate(market: Market) -> Any:
    return market.assets["ETH"].rate.address


@pytest.mark.parametrize("action", ACTIONS)
def test_pause__one_action__is_closed_until_it_ends_and_the_others_are_open(market: Market, action: int) -> None:
    prepare(market)
    configure(market, "pause", "ETH", action, DAY)
    ends = words(market, "ETH").paused_until
    for other, calls in ACTIONS.items():
        for call in calls:
            if other == action:
                with boa.reverts("pool: paused"):
                    call(market)
            else:
                works(call, market)
    always_open(market)
    boa.env.time_travel(seconds=ends - 1 - boa.env.timestamp)
    for call in ACTIONS[action]:
        with boa.reverts("pool: paused"):
            call(market)
    boa.env.time_travel(seconds=1)
    for call in ACTIONS[action]:
        works(call, market)


def test_pause__flash_loans__are_closed_until_it_ends(market: Market) -> None:
    cash = market.pool.maxFlashLoan(market.assets["ETH"].address)
    assert cash > 0
    configure(market, "pause", "ETH", FLASH, DAY)
    assert market.pool.maxFlashLoan(market.assets["ETH"].address) == 0
    refuse(market, "pool: paused", "flashLoan", market.attacker, "ETH", 1, b"", by=market.attacker)
    boa.env.time_travel(seconds=DAY)
    assert market.pool.maxFlashLoan(market.assets["ETH"].address) == cash


def test_pause__everything_at_once__repayment_and_withdrawal_without_debt_stay_open(market: Market) -> None:
    for symbol in ("ETH", "USD"):
        configure(market, "pause", symbol, 15, 3 * DAY)
        configure(market, "freeze", symbol)
        configure(market, "lower_caps", symbol, 1, 1)
    configure(market, "pause_liquidation", 6 * HOUR)
    always_open(market)


def test_pause__liquidation_of_the_paused_asset__goes_on(market: Market) -> None:
    configure(market, "pause", "ETH", 15, DAY)
    configure(market, "pause", "USD", 15, DAY)
    configure(market, "freeze", "ETH")
    market.set_price("ETH", 130 * WAD)
    market.liquidate("USD", "ETH")


# ---------------------------------------------------------------- freezing


def test_freeze__an_asset__takes_no_risk_and_liquidates_nobody(market: Market) -> None:
    before = market.health()
    configure(market, "freeze", "ETH")
    assert market.health() == before
    with boa.reverts("pool: frozen"):
        supply(market)
    refuse(market, "pool: frozen", "set_collateral", "ETH", True, by=market.lender)
    refuse(market, "pool: frozen", "borrow", "ETH", ETHER, market.lender, by=market.lender)
    refuse(market, "pool: over limit", "borrow", "USD", DOLLAR, market.borrower)
    refuse(market, "pool: over limit", "withdraw", "ETH", 1, market.borrower)
    with boa.reverts("engine: healthy"):
        market.liquidate("USD", "ETH")
    always_open(market)
    configure(market, "unfreeze", "ETH")
    act(market, "borrow", "USD", 100 * DOLLAR, market.borrower)


def test_freeze__then_the_price_falls__is_liquidated_as_ever(market: Market) -> None:
    # 10 ETH * 133.33 * 75 % = 1,000
    for price, liquidatable in ((133_334 * WAD // 1_000, False), (133_333 * WAD // 1_000, True)):
        market.set_price("ETH", price)
        for frozen in (False, True):
            with boa.env.anchor():
                if frozen:
                    configure(market, "freeze", "ETH")
                if liquidatable:
                    market.liquidate("USD", "ETH")
                else:
                    with boa.reverts("engine: healthy"):
                        market.liquidate("USD", "ETH")


# ---------------------------------------------------------------- LTV


@pytest.mark.parametrize("frozen", [False, True])
def test_set_ltv__cut__the_liquidation_test_follows_the_line(market: Market, frozen: bool) -> None:
    """75 % down to 25 % over ten days, past the 50 % at which the debt of 1,000 on 2,000 is liquidatable, after five days."""
    began = boa.env.timestamp
    configure(market, "set_ltv", "ETH", 2_500, 10 * DAY)
    if frozen:
        configure(market, "freeze", "ETH")
    refuse(market, "pool: over limit", "borrow", "USD", DOLLAR, market.borrower)
    for elapsed in (0, 1, DAY, 5 * DAY - 172, 5 * DAY - 1):
        boa.env.time_travel(seconds=began + elapsed - boa.env.timestamp)
        (collateral,) = account_state(market.pool, market.borrower).collaterals
        assert collateral.ltv_bps == 7_500 - 5_000 * elapsed // (10 * DAY) == words(market, "ETH").liquidation_ltv_bps
        assert collateral.new_risk_ltv_bps == (0 if frozen else 2_500) == words(market, "ETH").new_risk_ltv_bps
        with boa.reverts("engine: healthy"):
            market.liquidate("USD", "ETH")
    boa.env.time_travel(seconds=1)
    works(market.liquidate, "USD", "ETH")
    boa.env.time_travel(seconds=20 * DAY)
    assert account_state(market.pool, market.borrower).collaterals[0].ltv_bps == 2_500


def test_set_ltv__raise__may_be_borrowed_against_at_once(market: Market) -> None:
    # 80 % of 75 % of 2,000 is 1,200; of 80 % it is 1,280
    refuse(market, "pool: over limit", "borrow", "USD", 250 * DOLLAR, market.borrower)
    configure(market, "set_ltv", "ETH", 8_000, 0)
    act(market, "borrow", "USD", 250 * DOLLAR, market.borrower)


# ---------------------------------------------------------------- liquidation


@pytest.mark.parametrize("duration", [HOUR, 6 * HOUR])
def test_pause_liquidation__any__closes_it_and_new_risk_until_the_grace_period_is_over(market: Market, duration: int) -> None:
    market.set_price("ETH", 130 * WAD)
    configure(market, "pause_liquidation", duration)
    opens = market.pool.guards()[1]
    assert opens == boa.env.timestamp + duration + (4 * HOUR if duration > HOUR else 0)
    for moment in (boa.env.timestamp, boa.env.timestamp + duration, opens - 1):
        boa.env.time_travel(seconds=min(moment, opens - 1) - boa.env.timestamp)
        with boa.reverts("pool: paused"):
            market.liquidate("USD", "ETH")
        refuse(market, "pool: paused", "borrow", "USD", 100 * DOLLAR, market.borrower)
        refuse(market, "pool: paused", "withdraw", "ETH", 1, market.borrower)
        always_open(market)
        works(market.lend, "ETH", ETHER, market.borrower)
    boa.env.time_travel(seconds=1)
    market.liquidate("USD", "ETH")


def test_lift_liquidation_pause__after_two_hours__leaves_two_hours_to_answer(market: Market) -> None:
    market.set_price("ETH", 130 * WAD)
    configure(market, "pause_liquidation", 6 * HOUR)
    boa.env.time_travel(seconds=2 * HOUR)
    configure(market, "lift_liquidation_pause")
    boa.env.time_travel(seconds=2 * HOUR - 1)
    with boa.reverts("pool: paused"):
        market.liquidate("USD", "ETH")
    boa.env.time_travel(seconds=1)
    market.liquidate("USD", "ETH")


def test_set_oracle__frozen_and_far_below__the_borrower_has_four_hours_to_repay(market: Market) -> None:
    oracle = load("testing/ConstantOracle.vy").deploy()
    oracle.set(market.assets["USD"].address, 10**30)
    oracle.set(market.assets["ETH"].address, 100 * WAD)
    configure(market, "freeze", "ETH")
    configure(market, "set_oracle", oracle.address)
    boa.env.time_travel(seconds=4 * HOUR - 1)
    with boa.reverts("pool: paused"):
        market.liquidate("USD", "ETH")
    refuse(market, "pool: paused", "borrow", "USD", DOLLAR, market.borrower)
    always_open(market)
    boa.env.time_travel(seconds=1)
    market.liquidate("USD", "ETH")


def test_set_engine__another__the_old_one_moves_nothing(market: Market) -> None:
    market.set_price("ETH", 130 * WAD)
    old, new = market.engine, load("liquidation/LiquidationEngine.vy").deploy(market.pool.address, 300)
    configure(market, "set_engine", new.address)
    with boa.reverts("pool: not engine"):
        market.liquidate("USD", "ETH")
    market.engine = new
    try:
        market.liquidate("USD", "ETH")
    finally:
        market.engine = old


# ---------------------------------------------------------------- other terms


def test_set_caps__what_is_there_is_above__only_more_is_refused(market: Market) -> None:
    configure(market, "set_caps", "USD", 1, 1)
    market.fund(market.lender, "USD", DOLLAR)
    refuse(market, "pool: supply cap", "supply", "USD", 1, market.lender, by=market.lender)
    refuse(market, "pool: debt cap", "borrow", "USD", 100 * DOLLAR, market.borrower)
    always_open(market)
    configure(market, "set_caps", "USD", 0, 0)
    act(market, "supply", "USD", DOLLAR, market.lender, by=market.lender)
    act(market, "borrow", "USD", 100 * DOLLAR, market.borrower)


def test_set_origination_fee__five_percent__half_of_it_goes_to_the_stakers(market: Market) -> None:
    stakers = boa.env.generate_address()
    configure(market, "set_origination_fee", "USD", 500, stakers)
    act(market, "borrow", "USD", 100 * DOLLAR, market.borrower)
    assert market.debt_of("USD") == 1_105 * DOLLAR
    # rounded down by a share
    assert market.supply_of("USD", stakers) in (2_500_000, 2_499_999)
    configure(market, "set_origination_fee", "USD", 0, ZERO)
    act(market, "borrow", "USD", 10 * DOLLAR, market.borrower)
    assert market.debt_of("USD") == 1_115 * DOLLAR


@pytest.mark.parametrize("change", ["set_rate_model", "set_reserve_factor"])
def test_terms_of_interest__changed__the_time_before_is_booked_at_the_old_ones(market: Market, change: str) -> None:
    market.set_rate("USD", WAD // 5)
    boa.env.time_travel(seconds=30 * DAY)
    before = market.pool.reserve_state(market.assets["USD"].address)
    slower = load("testing/FaultyRateModel.vy").deploy()
    slower.set_rate(WAD // 10)
    configure(market, change, "USD", slower.address if change == "set_rate_model" else 0)
    after = market.pool.reserve_state(market.assets["USD"].address)
    for name in ("debt", "index_ray", "fee_shares", "total_shares", "cash"):
        assert getattr(after, name) == getattr(before, name), name
    boa.env.time_travel(seconds=30 * DAY)
    later = market.pool.reserve_state(market.assets["USD"].address)
    if change == "set_rate_model":
        assert 0 < later.debt - after.debt < (before.debt - 1_000 * DOLLAR) * 52 // 100
    else:
        assert later.fee_shares == after.fee_shares


def test_each_change__of_a_reserve_in_use__leaves_the_pools_own_bits(market: Market) -> None:
    own = [market.pool.reserve_state(market.assets[s].address) for s in ("ETH", "USD")]
    for function, arguments in {
        "set_caps": (10**30, 10**29),
        "set_bonus": (10_500,),
        "set_depth_mode": (1,),
        "set_origination_fee": (9, market.lender),
        "set_reserve_factor": (1,),
        "pause": (15, DAY),
        "freeze": (),
        "unfreeze": (),
        "lift_pause": (),
    }.items():
        for symbol in ("ETH", "USD"):
            configure(market, function, symbol, *arguments)
    for symbol, before in zip(("ETH", "USD"), own, strict=True):
        after = market.pool.reserve_state(market.assets[symbol].address)
        for name in ("id", "cash", "total_shares", "fee_shares", "debt", "scaled_debt", "seeded", "counted_shares", "ltv_bps", "rate_model"):
            assert getattr(after, name) == getattr(before, name), (symbol, name)


@pytest.mark.parametrize("mode", [0, 1])
def test_set_depth_mode__seeded__what_the_configurator_lets_pass_the_pool_does_too(market: Market, mode: int) -> None:
    configure(market, "set_depth_mode", "ETH", mode)
    assert market.pool.reserve_state(market.assets["ETH"].address).depth_mode == mode
    with boa.reverts("configurator: bad depth mode"):
        configure(market, "set_depth_mode", "ETH", 2)


def test_configurator__nobody_else__configures_the_pool(market: Market) -> None:
    eth = market.assets["ETH"].address
    stored = market.pool.config_words(eth)
    for function, arguments in {"configure": (eth, *stored), "set_oracle": (eth, 0), "set_engine": (eth, 0)}.items():
        for who in (market.owner, market.treasury, market.attacker, market.engine.address):
            refuse(market, "pool: not configurator", function, *arguments, by=who)
