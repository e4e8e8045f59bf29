"""Bundles of anything in any order, beside the ledger's deferral of the same: both do it or both refuse it, in the same words."""

from __future__ import annotations

from dataclasses import dataclass, field

import boa
from hypothesis import event, given, settings
from hypothesis import strategies as st

from plimsoll.reference.pool import MAX, Pool, Refused
from tests.depth import examples
from tests.unit.bundler.conftest import (
    BORROW,
    PULL,
    REPAY,
    REPAY_WITH_SHARES,
    SET_COLLATERAL,
    SUPPLY,
    TRANSFER_SHARES,
    UNWRAP,
    WAD,
    WITHDRAW,
    WRAP,
    Action,
    BundleWorld,
)

COIN = "coin"
# Dollars of each
WALLET = 20_000
UNITS = {"USD": 10**6, "BTC": 10**8 // 20_000, "ETH": WAD // 200, "WETH": WAD // 200}

amounts = st.one_of(st.just(MAX), st.sampled_from([0, 1, 100, 500, 2_000, 8_000, 12_001]))


@st.composite
def actions(draw: st.DrawFn) -> Action:
    kind = draw(st.integers(PULL, TRANSFER_SHARES))
    asset = draw(st.sampled_from(sorted(UNITS)))
    dollars = draw(amounts.filter(lambda amount: amount != MAX) if kind == BORROW else amounts)
    party = draw(st.sampled_from([None, "borrower", "keeper"] + (["bundler", "bundler"] if kind in (WITHDRAW, BORROW) else [])))
    if kind == SET_COLLATERAL:
        return kind, asset, draw(st.sampled_from([0, 1, 1])), None
    if kind in (WRAP, UNWRAP):
        dollars = draw(st.sampled_from([MAX, MAX, 0, 100, 500]))
        return kind, None, dollars if dollars == MAX else dollars * UNITS["WETH"], None
    amount = dollars if dollars == MAX else dollars * UNITS[asset]
    return kind, asset, amount * 10**6 if kind == TRANSFER_SHARES and amount != MAX else amount, party


@dataclass
class Model:
    """What IBundler says of each action, on the ledger and three purses."""

    purses: dict[str, dict[str, int]]
    held: dict[str, int] = field(default_factory=dict)

    def run(self, ledger: Pool, steps: list[Action]) -> None:
        if any(kind >= WITHDRAW for kind, *_ in steps):
            ledger.defer("borrower", lambda books: [self.act(books, step) for step in steps], "bundler")
        else:
            for step in steps:
                self.act(ledger, step)
        for asset, amount in self.held.items():
            self.purses["borrower"][asset] += amount

    def pull(self, asset: str, amount: int) -> None:
        if amount > self.purses["borrower"][asset]:
            raise Refused("bundler: transfer failed")
        self.purses["borrower"][asset] -= amount
        self.held[asset] = self.held.get(asset, 0) + amount

    def spend(self, asset: str, amount: int) -> None:
        self.held[asset] = self.held.get(asset, 0) - amount

    def send(self, asset: str, amount: int, party: str) -> None:
        purse = self.held if party == "bundler" else self.purses[party]
        purse[asset] = purse.get(asset, 0) + amount

    def act(self, ledger: Pool, action: Action) -> None:
        kind, asset, amount, named = action
        party = named or "borrower"
        if kind in (WRAP, UNWRAP):
            before, after = (COIN, "WETH") if kind == WRAP else ("WETH", COIN)
            amount = self.held.get(before, 0) if amount == MAX else amount
            if amount > self.held.get(before, 0):
                raise Refused("")
            self.spend(before, amount)
            self.send(after, amount, "bundler")
            return
        assert asset is not None
        held = self.held.get(asset, 0)
        if kind == PULL:
            self.pull(asset, self.purses["borrower"][asset] if amount == MAX else amount)
        elif kind == SUPPLY:
            amount = held if amount == MAX else amount
            self.pull(asset, max(0, amount - held))
            self.spend(asset, amount)
            ledger.supply(asset, amount, party)
        elif kind == REPAY:
            if amount == MAX and party != "borrower":
                raise Refused("bundler: own debt only")
            amount = min(amount, ledger.debt_of(party, asset))
            self.pull(asset, max(0, amount - held))
            self.spend(asset, amount)
            assert ledger.repay(asset, amount, party, "bundler") == amount
        elif kind == WITHDRAW:
            self.send(asset, ledger.withdraw(asset, amount, "borrower", "bundler"), party)
        elif kind == BORROW:
            ledger.borrow(asset, amount, "borrower", "bundler")
            self.send(asset, amount, party)
        elif kind == SET_COLLATERAL:
            ledger.set_collateral(asset, amount != 0, "borrower", "bundler")
        elif kind == REPAY_WITH_SHARES:
            ledger.repay_with_shares(asset, amount, party, "borrower", "bundler")
        else:
            ledger.transfer_shares(asset, amount, party, "borrower", "bundler")


def fund(bundles: BundleWorld) -> dict[str, dict[str, int]]:
    """The borrower has some of everything, in the wallet and supplied; he and the keeper owe a little."""
    world = bundles.world
    for asset in UNITS:
        amount = WALLET * UNITS[asset]
        for supplied in (True, False):
            if asset == "WETH":
                bundles.wrap("borrower", amount)
            else:
                world.mint("borrower", asset, amount)
            if supplied:
                world.supply("borrower", asset, amount // 2, fund=False)
    world.enable("borrower", "ETH")
    world.borrow("borrower", "BTC", 2_000 * UNITS["BTC"])
    world.open("keeper", "ETH", 100 * WAD, "USD", 2_000 * UNITS["USD"])
    world.travel(86_400)
    bundles.give_coin("borrower", WALLET * UNITS["WETH"])
    bundles.give_coin("keeper", 0)
    return {name: purse(bundles, name) for name in ("borrower", "keeper")}


def purse(bundles: BundleWorld, name: str) -> dict[str, int]:
    return {asset: bundles.world.balance(name, asset) for asset in UNITS} | {COIN: bundles.coin(name)}


@settings(max_examples=examples(10))
@given(steps=st.lists(actions(), min_size=1, max_size=8), value=st.sampled_from([0, 0, 500]))
def test_bundle__of_anything__is_the_ledgers_deferral(base_bundles: BundleWorld, steps: list[Action], value: int) -> None:
    with boa.env.anchor():
        bundles = base_bundles.copy()
        coin = value * UNITS["WETH"]
        model = Model(fund(bundles))
        model.purses["borrower"][COIN] -= coin
        model.held[COIN] = coin
        books = bundles.world.ledger.copy()
        books.now = boa.env.timestamp
        try:
            model.run(books, steps)
        except Refused as refused:
            event(f"refused: {refused}")
            with boa.reverts(str(refused)) if str(refused) else boa.reverts():
                bundles.bundle("borrower", *steps, value=coin)
            bundles.check()
            return
        event("done")
        bundles.bundle("borrower", *steps, value=coin)
        bundles.world.ledger = books
        bundles.check()
        assert {name: purse(bundles, name) for name in ("borrower", "keeper")} == model.purses
