"""LEND-07 over many actions: whatever somebody does within a block at unchanged prices, in the end no asset of theirs is more than it was."""

from __future__ import annotations

import random

import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.chains import Revm
from tests.depth import draw_seed, examples
from tests.pool_world import ASSETS, World

SYMBOLS = tuple(ASSETS)
ROUNDS = 60


def opened(rng: random.Random) -> World:
    """Indices and share prices that are no round numbers; few shares beside the attacker's, who gains most by what others lose."""
    world = World(chain=Revm()).with_actor()
    for symbol in SYMBOLS:
        world.add(symbol)
        world.seed("keeper", symbol, world.unit(symbol) // 1_000)
        world.supply("lender", symbol, rng.choice((1, 1_000, 100_000)) * world.unit(symbol) // ASSETS[symbol][1])
        world.configure(symbol, origination_fee_bps=rng.choice((0, 0, 1, 100)), stakers=rng.choice((None, "attacker", "stakers")))
    for symbol, collateral in (("USD", "ETH"), ("ETH", "BTC"), ("BTC", "USD")):
        world.supply("lender", symbol, world.unit(symbol) * 1_000 // ASSETS[symbol][1])
        world.supply("borrower", collateral, 10**5 * world.unit(collateral) // ASSETS[collateral][1])
    for collateral in ("ETH", "BTC"):
        world.enable("borrower", collateral)
    world.borrow("borrower", "USD", 700 * 10**6)
    world.travel(rng.randint(1, 300 * 86_400))
    for symbol in SYMBOLS:
        world.accrue(symbol)
        world.mint("attacker", symbol, 10**6 * world.unit(symbol))
    return world


def one_action(world: World, rng: random.Random) -> None:
    asset, unit = rng.choice(SYMBOLS), 1
    unit = world.unit(asset) // ASSETS[asset][1] or 1
    amount = rng.choice((1, 2, 3, rng.randint(1, 1_000), rng.randint(1, 1_000) * unit, 200 * unit + rng.randint(0, 9), MAX))
    action = rng.choice(("supply", "withdraw", "borrow", "repay", "repay_with_shares", "transfer", "enable", "disable"))
    if action == "supply":
        world.supply("attacker", asset, amount if amount != MAX else unit, fund=False)
    elif action == "withdraw":
        world.withdraw("attacker", asset, amount)
    elif action == "borrow":
        world.borrow("attacker", asset, 200 * unit + rng.randint(0, 99))
    elif action == "repay":
        world.repay("attacker", asset, amount, fund=False)
    elif action == "repay_with_shares":
        world.repay_with_shares("attacker", asset, amount)
    elif action == "transfer":
        world.transfer_shares("attacker", asset, amount, "attacker")
    else:
        world.enable("attacker", asset, action == "enable")


@pytest.mark.parametrize("number", range(examples(12)))
def test_pool__many_actions_in_a_block__gain_nothing(number: int) -> None:
    seed = draw_seed()
    rng = random.Random(f"{seed} profit {number}")
    world = opened(rng)
    # with what it got as the stakers
    had = {symbol: world.balance("attacker", symbol) + world.ledger_now().supply_of("attacker", symbol) for symbol in SYMBOLS}
    done = 0
    for _ in range(ROUNDS):
        try:
            one_action(world, rng)
            done += 1
        except Refused:
            pass
    for symbol in SYMBOLS:
        if world.ledger.scaled.get(("attacker", symbol), 0):
            world.repay("attacker", symbol, MAX, fund=False)
    for symbol in SYMBOLS:
        if world.ledger_now().supply_of("attacker", symbol):
            world.withdraw("attacker", symbol, MAX)
    world.check()
    assert done > ROUNDS // 6
    left = {symbol: world.balance("attacker", symbol) - had[symbol] for symbol in SYMBOLS}
    assert all(gained <= 0 for gained in left.values()), ("LEND-07", left)
