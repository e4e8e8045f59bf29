"""Borrowers, falling prices, interest and a greedy liquidator on the real pool: each liquidation is the model's, and keeps its laws.

Checks LIQ-01, LIQ-02, LIQ-03, LIQ-09, LIQ-10 and LIQ-11 on the pool (the module's property tests check all of them on any account).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import boa
import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plimsoll.reference.liquidation import WAD, Refused, beta_of, collateral_seizure_price, value_down
from tests.depth import examples
from tests.lending_market import EVERYTHING, Market

COLLATERALS = ("ETH", "WBTC")
DEBTS = ("USD", "EUR")
USUAL = {"ETH": 100, "WBTC": 20_000, "USD": 1, "EUR": 1}
LOW_128 = 2**128 - 1


class LiquidationMachine(RuleBasedStateMachine):
    base: Market

    @initialize()
    def start(self) -> None:
        self.market = self.base.copy()
        self.borrowers: list[Any] = []
        self.per_mille = dict.fromkeys(USUAL, 1000)
        self.open(eth=100, wbtc=0, usage=100, split=100)
        self.open(eth=50, wbtc=1, usage=99, split=50)

    @rule(eth=st.integers(1, 1_000), wbtc=st.integers(0, 10), usage=st.integers(40, 100), split=st.integers(0, 100))
    def open(self, eth: int, wbtc: int, usage: int, split: int) -> None:
        if len(self.borrowers) == 4:
            return
        account = boa.env.generate_address()
        collateral = {"ETH": eth * 10**18} | ({"WBTC": wbtc * 10**8} if wbtc else {})
        self.market.open(collateral, {}, account)
        self.borrowers.append(account)
        self.borrow(len(self.borrowers) - 1, usage * split // 100, "USD")
        self.borrow(len(self.borrowers) - 1, usage * (100 - split) // 100, "EUR")

    @rule(who=st.integers(0, 3), part=st.integers(0, 100), symbol=st.sampled_from(DEBTS))
    def borrow(self, who: int, part: int, symbol: str) -> None:
        """`part` per cent of what the limit leaves, if that is enough for a debt at all."""
        if who >= len(self.borrowers):
            return
        view = self.market.lens.account(self.borrowers[who])
        room = max(0, view.new_risk_limit - view.new_risk_debt) * part // 100
        price = self.market.oracle.band(self.market.assets[symbol].address).high
        amount = min(room * WAD // price, self.market.assets[symbol].token.balanceOf(self.market.pool) // 10)
        if value_down(amount, price) > 100 * WAD:
            self.market.open({}, {symbol: amount}, self.borrowers[who])

    @rule(
        symbol=st.sampled_from(tuple(USUAL)),
        change=st.integers(-50, 250),
        spread=st.integers(0, 100),
        dump=st.integers(0, 400),
    )
    def move_price(self, symbol: str, change: int, spread: int, dump: int) -> None:
        """Mostly against the borrowers. Trigger prices `spread` per mille apart; the fresh price up to 40 % worse."""
        change = -change if symbol in COLLATERALS else change // 3
        self.per_mille[symbol] = max(1, min(4_000, self.per_mille[symbol] * (1000 + change) // 1000))
        self.set_band(symbol, spread, dump)

    def set_band(self, symbol: str, spread: int, dump: int) -> None:
        high = USUAL[symbol] * WAD * self.per_mille[symbol] // 1000
        low = high * (1000 - spread) // 1000
        fresh = low * (1000 - dump) // 1000 if symbol in COLLATERALS else high * (1000 + dump) // 1000
        self.market.set_band(symbol, high, low, fresh)

    @rule(depth=st.one_of(st.just(0), st.integers(1, 10**8)))
    def lose_depth(self, depth: int) -> None:
        """LIQ-11: no reserve is FULL here, so that nobody's health changes. (Then it comes back: caps would end the borrowing.)"""
        before = self.market.lens.health(self.borrowers)
        for symbol in USUAL:
            self.market.set_depth(symbol, depth * WAD)
        assert self.market.lens.health(self.borrowers) == before, "LIQ-11"
        self.lens_engine_and_model_agree()
        for symbol in USUAL:
            self.market.set_depth(symbol, None)

    @rule(days=st.integers(0, 200), rate=st.integers(0, 300))
    def wait(self, days: int, rate: int) -> None:
        boa.env.time_travel(seconds=days * 86_400)
        for symbol in DEBTS:
            self.market.set_rate(symbol, rate * 10**16)

    @precondition(lambda self: self.borrowers)
    @rule(
        who=st.integers(0, 3),
        debt=st.sampled_from(DEBTS),
        collateral=st.sampled_from(COLLATERALS),
        part=st.sampled_from([1, 30, 70, 100, EVERYTHING]),
        again=st.integers(1, 4),
        usage=st.one_of(st.none(), st.integers(1000, 1080), st.integers(1000, 1700)),
        dump=st.integers(0, 400),
    )
    def liquidate(self, who: int, debt: str, collateral: str, part: int, again: int, usage: int | None, dump: int) -> None:
        """As things are, or after a fall of all collateral that brings the account to `usage` (per mille)."""
        account = self.borrowers[who % len(self.borrowers)]
        capacity, owing = self.market.health(account)
        if usage is not None and owing:
            for symbol in COLLATERALS:
                self.per_mille[symbol] = max(1, self.per_mille[symbol] * owing * 1000 // (capacity * usage))
                self.set_band(symbol, 0, dump)
        owed = [d.asset for d in self.market.account(account).debts]
        debt = debt if debt in owed or not owed else owed[0]
        ask = EVERYTHING if part == EVERYTHING else self.market.debt_of(debt, account) * part // 100
        for _ in range(again):
            self.one(account, debt, collateral, ask)

    def one(self, account: Any, debt: str, collateral: str, ask: int) -> None:
        market = self.market
        before, prices = market.account(account), market.prices()
        try:
            expected = market.expect(debt, collateral, ask, account)
        except Refused as refusal:
            event(str(refusal))
            with boa.reverts(str(refusal)):
                market.liquidate(debt, collateral, ask, borrower=account)
            return
        lent = {symbol: market.supply_of(symbol, market.lender) for symbol in DEBTS}
        repaid, received = market.liquidate(debt, collateral, ask, borrower=account)
        events = market.engine.get_logs()
        losses = {market.names[str(e.asset)]: e.loss for e in events if type(e).__name__ == "DeficitWrittenOff"}
        assert (repaid, received) == (expected.repaid, expected.received)
        event("written off" if expected.write_off else "liquidated")
        # LIQ-01
        assert expected.debt_value >= expected.capacity

        def priced(asset: str, beta: int | None) -> int:
            if beta is not None:
                return collateral_seizure_price(prices[asset], beta)
            return expected.debt_price if asset == debt else max(prices[asset].fresh_debt, prices[asset].low)

        def worth(state: Any) -> tuple[Fraction, Fraction]:
            c = sum(Fraction(c.amount * priced(c.asset, beta_of(c)), WAD) for c in state.collaterals)
            d = sum(Fraction(d.amount * priced(d.asset, None), WAD) for d in state.debts)
            return Fraction(c), Fraction(d)

        after = market.account(account)
        (c0, d0), (c1, d1) = worth(before), worth(after)
        # A raw unit of rounding on each side, in value; a debt is kept in units that have grown with the interest
        unit = sum(-(-priced(c.asset, beta_of(c)) // WAD) for c in before.collaterals)
        unit += sum(-(-priced(d.asset, None) // WAD) * (1 + market.growth(d.asset)) for d in before.debts)
        if 100 * c0 >= 101 * d0 + 100 * unit:
            # LIQ-03, LIQ-02
            assert not losses
            assert (c1 + unit) * d0 >= c0 * (d1 - unit)
        else:
            assert bool(losses) == expected.write_off
        # LIQ-09: lenders lose what is logged as lost, and only then
        for symbol in DEBTS:
            lost = lent[symbol] - market.supply_of(symbol, market.lender)
            assert lost <= losses.get(symbol, 0) + 2

    @invariant()
    def lens_engine_and_model_agree(self) -> None:
        """LIQ-10"""
        words = self.market.lens.health(self.borrowers)
        for account, word in zip(self.borrowers, words, strict=True):
            assert (word >> 128, word & LOW_128) == self.market.health(account)


@pytest.fixture(scope="module", autouse=True)
def deployed_once() -> None:
    """What an example does is taken back by titanoboa; the contracts stay."""
    market = Market()
    market.list("ETH", 100 * WAD)
    market.list("WBTC", 20_000 * WAD, decimals=8, ltv_bps=8_500, bonus_bps=10_500)
    market.list("USD", 1 * WAD, decimals=6)
    market.list("EUR", 1 * WAD)
    for symbol in DEBTS:
        market.lend(symbol, 10**8 * market.assets[symbol].unit)
    LiquidationMachine.base = market


TestLiquidation = LiquidationMachine.TestCase
TestLiquidation.settings = settings(max_examples=examples(6), stateful_step_count=20)
