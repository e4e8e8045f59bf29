"""The engine against the exact-integer model, and the laws of a liquidation, on any account at any prices."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import event, given, settings

from plimsoll.reference.depth import FULL
from plimsoll.reference.liquidation import (
    BPS,
    DUST_WAD,
    WAD,
    Account,
    Liquidation,
    Refused,
    beta_of,
    collateral_seizure_price,
    liquidate,
    value_down,
    value_up,
)
from tests.depth import examples
from tests.property.liquidation_world import ASSETS, EVERYTHING, IDS, Case, World, cases

ATOM = Fraction(1, WAD)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def run(world: World, case: Case) -> Liquidation | None:
    """Liquidate on the contract; it must do what the model does, in all that it returns, logs and tells the pool."""
    world.set(case.account, case.prices)
    before = world.pool.liquidations()
    try:
        expected = liquidate(case.account, case.prices, case.debt, case.collateral, case.ask)
    except Refused as refusal:
        event(str(refusal))
        with boa.reverts(str(refusal)):
            world.liquidate(case.debt, case.collateral, case.ask)
        assert world.pool.liquidations() == before
        return None
    event("write-off" if expected.write_off else "liquidated")

    assert world.liquidate(case.debt, case.collateral, case.ask) == (expected.repaid, expected.received)
    log = world.engine.get_logs()[0]
    assert world.pool.settled(0) == log.repaid == expected.repaid
    assert world.pool.settled(1) == log.seized == expected.seized
    assert world.pool.settled(2) == log.fee == expected.fee
    parties = [world.borrower, world.liquidator, world.liquidator, ASSETS[case.debt]]
    assert ([world.pool.parties(i) for i in range(4)], world.pool.collateral_id()) == (parties, IDS[case.collateral])
    assert log.number == world.pool.liquidations() == before + 1
    assert (log.borrower, log.liquidator) == (world.borrower, world.liquidator)
    assert (log.debt_asset, log.collateral_asset) == (ASSETS[case.debt], ASSETS[case.collateral])
    assert (log.debt_value, log.capacity, log.bonus_wad) == (expected.debt_value, expected.capacity, expected.bonus_wad)
    assert log.collateral_trigger_price == case.prices[case.collateral].high
    assert log.debt_trigger_price == case.prices[case.debt].low
    assert (log.collateral_seizure_price, log.debt_seizure_price) == (expected.collateral_price, expected.debt_price)
    assert (world.pool.written_off() == world.borrower) == expected.write_off
    return expected


def seizure_prices(case: Case, out: Liquidation) -> dict[str, int]:
    """Of all assets of the account; the last valid trigger price where there is none now."""
    prices = {}
    for c in case.account.collaterals:
        price = case.prices[c.asset]
        prices[c.asset] = collateral_seizure_price(price, beta_of(c)) if price.fresh else price.high
    for d in case.account.debts:
        price = case.prices[d.asset]
        prices[d.asset] = out.debt_price if d.asset == case.debt else max(price.fresh_debt, price.low)
    return prices


def after(case: Case, out: Liquidation) -> Account:
    def less(side: Any, chosen: str, amount: int) -> Any:
        return replace(side, amount=side.amount - amount) if side.asset == chosen else side

    return Account(
        tuple(less(c, case.collateral, out.seized) for c in case.account.collaterals),
        tuple(less(d, case.debt, out.repaid) for d in case.account.debts),
    )


def exact(account: Account, prices: dict[str, int]) -> tuple[Fraction, Fraction]:
    """C and D without any rounding, WAD."""
    collateral = sum((Fraction(c.amount * prices[c.asset], WAD) for c in account.collaterals), Fraction(0))
    return collateral, sum((Fraction(d.amount * prices[d.asset], WAD) for d in account.debts), Fraction(0))


def read(account: Account, prices: dict[str, int]) -> tuple[int, int]:
    """C and D as the rules read them: collateral down, debt up."""
    collateral = sum(value_down(c.amount, prices[c.asset]) for c in account.collaterals)
    return collateral, sum(value_up(d.amount, prices[d.asset]) for d in account.debts)


@settings(max_examples=examples(250))
@given(case=cases())
def test_liquidate__any_account__equals_the_model_and_keeps_its_laws(world: World, case: Case) -> None:
    """LIQ-01 to LIQ-08, in any depth mode; LIQ-11 for the two in which depth does not matter."""
    out = run(world, case)
    if out is None:
        return
    chosen_c = next(c for c in case.account.collaterals if c.asset == case.collateral)
    chosen_d = next(d for d in case.account.debts if d.asset == case.debt)
    price_c, price_d = case.prices[case.collateral], case.prices[case.debt]
    beta = Fraction(beta_of(chosen_c), BPS)
    prices = seizure_prices(case, out)
    collateral, debt = read(case.account, prices)
    c_before, d_before = exact(case.account, prices)
    c_after, d_after = exact(after(case, out), prices)
    deep = out.debt_value * 95 >= out.capacity * 100
    bonus = Fraction(out.bonus_wad, WAD)

    # LIQ-11: what depth decides is whether, and only where the mode is FULL
    sides = (*case.account.collaterals, *case.account.debts)
    if all(side.depth_mode != FULL for side in sides):
        anywhere = {name: replace(price, depth=0) for name, price in case.prices.items()}
        assert liquidate(case.account, anywhere, case.debt, case.collateral, case.ask) == out
    # LIQ-01: nobody is liquidated below 100 % usage
    assert out.debt_value >= out.capacity
    assert out.debt_value > 0
    if 100 * collateral >= 101 * debt:
        # LIQ-02: covered by 1.01, a liquidation does not raise the loan to value
        assert c_after * d_before >= c_before * d_after
        # LIQ-03: and leaves no deficit: nothing is written off, the rest of the debt stays covered
        assert not out.write_off
        assert c_after >= d_after
    # LIQ-04: beta_eff between 1.01 and beta
    assert Fraction(101, 100) <= bonus <= beta
    assert bonus == Fraction(101, 100) or bonus * debt <= collateral
    assert bonus == beta or bonus == Fraction(101, 100) or (bonus + ATOM) * debt > collateral
    # LIQ-05: with the bonus, never below 0.75 of the ratio of the trigger prices
    assert 4 * out.repaid * price_d.low >= 3 * out.seized * price_c.high
    assert out.collateral_price <= max(price_c.high, price_c.high * beta * Fraction(3, 4) + 1)
    # LIQ-06: never more than asked, owed, there, or allowed
    assert out.repaid <= min(case.ask, chosen_d.amount)
    assert out.seized <= chosen_c.amount
    small = min(chosen_d.amount * out.debt_price, chosen_c.amount * out.collateral_price) < 2000 * WAD * WAD
    if not (deep or small):
        assert 2 * out.repaid <= chosen_d.amount
        assert (chosen_d.amount - out.repaid) * out.debt_price >= 1000 * WAD * WAD
    elif case.ask >= chosen_d.amount:
        assert out.repaid == chosen_d.amount or out.seized == chosen_c.amount
    # LIQ-07: the fee is at most 3 % of the seized and half of the bonus; he earns 0.5 % at least, but for rounding
    assert out.fee * 100 <= out.seized * 3
    assert 2 * out.fee * out.bonus_wad <= out.seized * (out.bonus_wad - WAD)
    if deep:
        assert out.fee == 0
    assert (out.received + 1) * out.collateral_price * 200 >= 201 * out.repaid * out.debt_price - out.debt_price * 201
    # LIQ-08: written off exactly when the collateral that is left is dust and does not cover the debt that is left
    c_left, d_left = read(after(case, out), prices)
    assert out.write_off == (c_left < DUST_WAD and d_left > c_left)


@settings(max_examples=examples(60))
@given(case=cases())
def test_liquidate__again_and_again__leaves_no_deficit_where_it_began_covered(world: World, case: Case) -> None:
    """LIQ-03 over a whole cascade of one pair: the greediest liquidator makes no bad debt of a covered account."""
    step, covered = case, None
    for _ in range(12):
        step = replace(step, ask=EVERYTHING)
        out = run(world, step)
        if out is None:
            break
        if covered is None:
            collateral, debt = read(step.account, seizure_prices(step, out))
            # Each further step may lose a few atoms of value to rounding.
            covered = 100 * collateral >= 101 * debt + 10**6
        assert not (covered and out.write_off)
        step = replace(step, account=after(step, out))
