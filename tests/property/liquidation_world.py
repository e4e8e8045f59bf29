"""The engine on a pool that holds whatever account a test gives it, and strategies for accounts and prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import boa
from boa.contracts.vyper.vyper_contract import VyperContract
from hypothesis import strategies as st

from plimsoll.account_words import Holding
from plimsoll.reference.depth import FULL, NEW_RISK, OFF
from plimsoll.reference.liquidation import BPS, WAD, Account, Collateral, Debt, Prices, value_down
from tests.accounts import encode
from tests.conftest import load

STUB_POOL = """
# pragma version 0.4.3
oracle: address
collaterals: DynArray[uint256, 16]
debts: DynArray[uint256, 16]
settled: public(uint256[3])
parties: public(address[4])
collateral_id: public(uint256)
liquidations: public(uint256)
written_off: public(address)

@deploy
def __init__(oracle: address):
    self.oracle = oracle

@external
def set_state(collaterals: DynArray[uint256, 16], debts: DynArray[uint256, 16]):
    self.collaterals = collaterals
    self.debts = debts
    self.settled = empty(uint256[3])
    self.written_off = empty(address)

@external
def settle_liquidation(borrower: address, payer: address, receiver: address, debt_asset: address, repay_amount: uint256,
        collateral_id: uint256, seize_amount: uint256, fee_amount: uint256) -> uint256:
    self.settled = [repay_amount, seize_amount, fee_amount]
    self.parties = [borrower, payer, receiver, debt_asset]
    self.collateral_id = collateral_id
    self.liquidations += 1
    return self.liquidations

@external
def write_off(borrower: address):
    assert self.settled[1] != 0, "before it is settled"
    self.written_off = borrower

@external
@view
def account_words(account: address) -> (address, DynArray[uint256, 16], DynArray[uint256, 16]):
    return self.oracle, self.collaterals, self.debts
"""

NAMES = ("A", "B", "C", "D", "E", "F")
ASSETS = {name: "0x" + f"{i + 1:02x}" * 20 for i, name in enumerate(NAMES)}
# of reserves; in no order
IDS = {name: (37 * i + 5) % 128 for i, name in enumerate(NAMES)}
EVERYTHING = 2**256 - 1


class World:
    """One engine for all examples; an example sets the account, the prices and asks."""

    def __init__(self) -> None:
        self.oracle: VyperContract = load("testing/ConstantOracle.vy").deploy()
        self.pool: VyperContract = boa.loads(STUB_POOL, self.oracle.address)
        self.engine: VyperContract = load("liquidation/LiquidationEngine.vy").deploy(self.pool.address, 300)
        self.borrower = boa.env.generate_address("borrower")
        self.liquidator = boa.env.generate_address("liquidator")

    def set(self, account: Account, prices: dict[str, Prices]) -> None:
        collaterals = [
            # the LTV of new risk must not matter here
            Holding(ASSETS[c.asset], c.amount, c.ltv_bps, 1, c.bonus_bps, c.depth_mode, IDS[c.asset])
            for c in account.collaterals
        ]
        debts = [Holding(ASSETS[d.asset], d.amount, depth_mode=d.depth_mode, id=IDS[d.asset]) for d in account.debts]
        self.pool.set_state(encode(collaterals), encode(debts))
        for name, price in prices.items():
            depth = EVERYTHING if price.depth is None else price.depth
            # What serves new risk must not matter here: prices, depth, why.
            self.oracle.set_band(
                ASSETS[name], (1, 2, price.high, price.low, price.fresh, price.fresh_debt, 3, depth, 1, 0 if price.fresh else 32)
            )

    def liquidate(self, debt: str, collateral: str, max_repay: int) -> Any:
        with boa.env.prank(self.liquidator):
            return self.engine.liquidate(self.borrower, ASSETS[debt], ASSETS[collateral], max_repay, 0, EVERYTHING)


@dataclass(frozen=True)
class Case:
    account: Account
    prices: dict[str, Prices]
    debt: str
    collateral: str
    ask: int


def _log(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers with a uniform order of magnitude."""
    return st.integers(low, high).flatmap(lambda e: st.integers(10**e, 10 ** (e + 1)))


@st.composite
def prices_of(draw: st.DrawFn) -> Prices:
    """Fresh anywhere: missing, far below the floor, within the band, at its ends, above it."""
    high = draw(_log(12, 34))
    low = max(1, high * draw(st.one_of(st.just(1000), st.integers(500, 1000))) // 1000)
    fresh = draw(
        st.one_of(
            st.sampled_from([low, high]),
            st.integers(low, high),
            st.integers(600, 1100).map(lambda m: high * m // 1000),
            st.integers(1, 4000).map(lambda m: max(1, low * m // 1000)),
        )
    )
    # of several prices the lower one is for collateral, the higher for debt
    fresh_high = fresh * draw(st.one_of(st.just(1000), st.integers(1000, 1200))) // 1000
    valid = draw(st.integers(0, 9)) > 0
    return Prices(high, low, fresh if valid else 0, fresh_high if valid else 0)


@st.composite
def depth_of(draw: st.DrawFn, value: int) -> tuple[int, int | None]:
    """A depth mode, and a depth about as large as what is sold or bought there; None: nothing limits it."""
    mode = draw(st.sampled_from([NEW_RISK, NEW_RISK, OFF, FULL, FULL]))
    return mode, draw(st.one_of(st.none(), st.integers(0, 100).map(lambda m: value * m // 10), _log(0, 33)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n_collaterals = draw(st.integers(1, 3))
    n_debts = draw(st.integers(1, 3))
    prices = {name: draw(prices_of()) for name in NAMES[: n_collaterals + n_debts]}
    collaterals = []
    for name in NAMES[:n_collaterals]:
        # Of any size, of the usual size, about as small as goes whole, dust.
        value = draw(st.one_of(_log(17, 27), _log(21, 24), st.integers(1_500 * WAD, 4_000 * WAD), st.integers(0, 3 * WAD)))
        bonus = draw(st.sampled_from([10_000, 10_050, 10_500, 11_000, 12_500]))
        ltv = draw(st.one_of(st.integers(0, BPS * BPS // bonus - 500), st.integers(5000, BPS * BPS // bonus - 500)))
        mode, depth = draw(depth_of(value))
        prices[name] = replace(prices[name], depth=depth)
        collaterals.append(Collateral(name, value * WAD // prices[name].high + draw(st.integers(0, 1)), ltv, bonus, mode))
    capacity = sum(value_down(c.amount, prices[c.asset].high) * c.ltv_bps for c in collaterals) // BPS
    # Mostly just over 100 %, where all rules meet; sometimes below, sometimes hopeless.
    usage = draw(
        st.one_of(
            st.integers(990, 1060),
            st.integers(1000, 1060),
            st.integers(1000, 2500),
            st.just(1000),
            st.integers(1000, 1_000_000),
        )
    )
    owed = capacity * usage // 1000
    weights = [draw(st.integers(1, 100)) for _ in range(n_debts)]
    debts = []
    for name, weight in zip(NAMES[n_collaterals:], weights, strict=False):
        amount = -(-owed * weight * WAD // (sum(weights) * prices[name].low))
        mode, depth = draw(depth_of(owed))
        prices[name] = replace(prices[name], depth=depth)
        debts.append(Debt(name, max(0, amount + draw(st.integers(-1, 1))), mode))
    account = Account(tuple(collaterals), tuple(debts))
    debt, collateral = draw(st.sampled_from(debts)), draw(st.sampled_from(collaterals))
    ask = draw(
        st.one_of(
            st.just(EVERYTHING),
            st.just(EVERYTHING),
            st.integers(0, max(1, debt.amount)),
            st.integers(1, 1000).map(lambda m: debt.amount * m // 1000),
            st.integers(0, 1000),
        )
    )
    return Case(account, prices, debt.asset, collateral.asset, ask)
