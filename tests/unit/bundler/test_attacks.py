"""Whoever has made the bundler his operator, and has allowed it his tokens, loses nothing to others.

The victim is the borrower: the bundler is his operator, may take all of his tokens, and he has collateral, supply and debt.
"""

from typing import Any

import boa
import pytest
from eth_abi import encode

from plimsoll.reference.pool import MAX
from tests.conftest import load
from tests.unit.bundler.conftest import (
    BORROW,
    PULL,
    REPAY,
    SET_COLLATERAL,
    SUPPLY,
    TRANSFER_SHARES,
    UNWRAP,
    WAD,
    WITHDRAW,
    WRAP,
    BundleWorld,
)

STEAL = ((WITHDRAW, "ETH", WAD, "attacker"), (TRANSFER_SHARES, "ETH", WAD, "attacker"), (BORROW, "USD", 100 * 10**6, "attacker"))


@pytest.fixture
def victim(indebted: BundleWorld) -> BundleWorld:
    world = indebted.world
    world.mint("borrower", "ETH", 50 * WAD)
    world.mint("borrower", "BTC", 10**8)
    indebted.give_coin("attacker", 10 * WAD)
    return indebted


@pytest.fixture
def false_pool(victim: BundleWorld) -> Any:
    pool = load("testing/FalsePool.vy").deploy()
    victim.world.address["false pool"] = pool.address
    return pool


def wealth(victim: BundleWorld, name: str) -> tuple[Any, ...]:
    """In the wallet, and in the pool."""
    world, account = victim.world, victim.world.address[name]
    tokens = tuple(token.balanceOf(account) for token in world.token.values())
    return (
        *tokens,
        victim.coin(name),
        world.pool.positions(account),
        [world.pool.supply_shares_of(account, t.address) for t in world.token.values()],
    )


def on_deferred(victim: BundleWorld, account: str, *actions: Any) -> bytes:
    data: bytes = victim.bundler.on_deferred.prepare_calldata(victim.world.address[account], victim.data(*actions))
    return data


def bundle_call(victim: BundleWorld, pool: Any, *actions: Any) -> bytes:
    data: bytes = victim.bundler.bundle.prepare_calldata(pool, victim.encoded(actions), [], [])
    return data


# ---------------------------------------------------------------- the callback


@pytest.mark.parametrize("account", ["borrower", "attacker"])
@pytest.mark.parametrize("by", ["attacker", "borrower", "pool", "false pool"])
def test_on_deferred__when_no_bundle_is_running__reverts(victim: BundleWorld, false_pool: Any, by: str, account: str) -> None:
    for actions in ((), STEAL[:1], ((PULL, "ETH", WAD, None),)):
        with boa.reverts("bundler: unexpected call"), boa.env.prank(victim.world.address[by]):
            victim.bundler.on_deferred(victim.world.address[account], victim.data(*actions))
    victim.check()


def test_defer__called_by_the_attacker_for_the_victim__reverts(victim: BundleWorld) -> None:
    with boa.reverts("pool: not operator"), boa.env.prank(victim.world.address["attacker"]):
        victim.world.pool.defer(victim.world.address["borrower"], victim.data(*STEAL))


def test_defer__called_by_another_contract__calls_that_one_back_and_not_the_bundler(victim: BundleWorld) -> None:
    """A contract that the victim has made his operator as well gets no further through the bundler."""
    actor = load("testing/PoolActor.vy").deploy()
    world = victim.world
    world.address["actor"] = actor.address
    world.set_operator("borrower", "actor")
    inner = [(victim.bundler.address, on_deferred(victim, "borrower", STEAL[0]), False)]
    payload = world.pool.defer.prepare_calldata(world.address["borrower"], encode(["(address,bytes,bool)[]"], [inner]))
    actor.forward(world.pool.address, payload, sender=world.address["attacker"])
    assert actor.succeeded() == 0
    victim.check()


def test_false_pool__calls_back_for_the_victim__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """The bundle of the attacker names his own pool, which names the victim."""
    before = wealth(victim, "borrower")
    for actions in (STEAL, ((PULL, "ETH", 50 * WAD, None), (SUPPLY, "ETH", MAX, "attacker"))):
        for action in actions:
            false_pool.set_calls([(victim.bundler.address, on_deferred(victim, "borrower", action), True)])
            with boa.reverts("bundler: unexpected call"):
                victim.bundle("attacker", (SET_COLLATERAL, "ETH", 1, None), pool=false_pool.address)
    assert wealth(victim, "borrower") == before


def test_false_pool__calls_back_for_the_victim_with_the_attackers_actions__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """To the letter what the attacker's bundle says: pull, and pay it into the false pool. But of whom?"""
    actions = ((PULL, "ETH", 50 * WAD, None), (SUPPLY, "ETH", MAX, None), (WITHDRAW, "ETH", 1, None))
    false_pool.set_answers(50 * WAD, 1)
    false_pool.set_calls([(victim.bundler.address, on_deferred(victim, "borrower", *actions), True)])
    with boa.reverts("bundler: unexpected call"):
        victim.bundle("attacker", *actions, pool=false_pool.address)
    assert victim.world.balance("borrower", "ETH") == 50 * WAD


def test_false_pool__calls_back_with_other_actions__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """Here the victim himself has been led to a false pool: it gets what his bundle says, not what he has allowed the bundler."""
    before = wealth(victim, "borrower")
    for action in ((PULL, "ETH", MAX, None), (SUPPLY, "ETH", 50 * WAD, None), (SUPPLY, "BTC", 10**8, None)):
        false_pool.set_calls([(victim.bundler.address, on_deferred(victim, "borrower", action), True)])
        with boa.reverts("bundler: unexpected call"):
            victim.bundle("borrower", (SUPPLY, "ETH", WAD, None), (SET_COLLATERAL, "ETH", 1, None), pool=false_pool.address)
    assert wealth(victim, "borrower") == before


def test_false_pool__calls_back_twice__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """A bundle of one ETH must not take two."""
    actions = ((SUPPLY, "ETH", WAD, None), (WITHDRAW, "ETH", 1, None))
    once = (victim.bundler.address, on_deferred(victim, "borrower", *actions), True)
    false_pool.set_answers(WAD, 1)
    false_pool.set_calls([once, once])
    with boa.reverts("bundler: unexpected call"):
        victim.bundle("borrower", *actions, pool=false_pool.address)
    false_pool.set_calls([once])
    victim.bundle("borrower", *actions, pool=false_pool.address)
    assert victim.world.balance("borrower", "ETH") == 49 * WAD
    assert victim.world.balance("false pool", "ETH") == WAD


def test_false_pool__calls_back_from_within_the_callback__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """Nor when the second call comes before the first has ended."""
    actions = ((SUPPLY, "ETH", WAD, None), (WITHDRAW, "ETH", 1, None))
    once = (victim.bundler.address, on_deferred(victim, "borrower", *actions), True)
    false_pool.set_answers(WAD, 1)
    false_pool.set_calls([once])
    false_pool.set_inner([once])
    with boa.reverts("bundler: unexpected call"):
        victim.bundle("borrower", *actions, pool=false_pool.address)


def test_false_pool__never_calls_back__reverts(victim: BundleWorld, false_pool: Any) -> None:
    with boa.reverts("bundler: no deferral"):
        victim.bundle("borrower", (WITHDRAW, "ETH", WAD, None), pool=false_pool.address)


def test_false_pool__has_the_true_one_call_back__reverts(victim: BundleWorld, false_pool: Any) -> None:
    """The true pool calls back who called it; nobody can make it call the bundler."""
    world = victim.world
    world.set_operator("attacker", "false pool")
    false_pool.set_calls([(world.pool.address, world.pool.defer.prepare_calldata(world.address["attacker"], victim.data(*STEAL)), True)])
    with boa.reverts():
        victim.bundle("attacker", *STEAL, pool=false_pool.address)


# ---------------------------------------------------------------- from within a bundle


def test_false_pool__enters_again__finds_every_door_locked(victim: BundleWorld, false_pool: Any) -> None:
    """From within `defer`, before the callback that is expected."""
    world, bundler = victim.world, victim.bundler
    permit = victim.permit(1)
    inner = [
        bundle_call(victim, world.pool.address, *STEAL),
        bundle_call(victim, false_pool.address),
        bundler.supply_with_permit.prepare_calldata(world.pool.address, 1, permit),
        bundler.repay_with_permit.prepare_calldata(world.pool.address, 1, permit),
        bundler.supply_native.prepare_calldata(world.pool.address),
        bundler.repay_native.prepare_calldata(world.pool.address),
        bundler.withdraw_native.prepare_calldata(world.pool.address, 1, world.address["attacker"]),
        bundler.borrow_native.prepare_calldata(world.pool.address, 1, world.address["attacker"]),
    ]
    honest = (bundler.address, on_deferred(victim, "attacker", (SET_COLLATERAL, "ETH", 1, None)), False)
    for payload in inner:
        false_pool.set_calls([(bundler.address, payload, False)])
        with boa.reverts("bundler: no deferral"):
            victim.bundle("attacker", (SET_COLLATERAL, "ETH", 1, None), pool=false_pool.address)
        false_pool.set_calls([(bundler.address, payload, False), honest])
        # which calls a function that the false pool does not have
        with boa.reverts():
            victim.bundle("attacker", (SET_COLLATERAL, "ETH", 1, None), pool=false_pool.address)
    victim.check()


@pytest.fixture
def trap(victim: BundleWorld) -> BundleWorld:
    """A listed token that calls whom the attacker likes in the middle of each transfer."""
    token = load("testing/ReenteringToken.vy").deploy("Trap", "TRAP", 18)
    world = victim.world
    world.add("TRAP", token=token)
    world.seed("keeper", "TRAP", WAD)
    world.mint("borrower", "TRAP", 10 * WAD)
    for name in ("borrower", "attacker"):
        with boa.env.prank(world.address[name]):
            token.approve(victim.bundler.address, MAX)
    return victim


def inner_calls(trap: BundleWorld) -> dict[str, bytes]:
    """What a token might call in the middle of the victim's bundle."""
    bundler, world = trap.bundler, trap.world
    attacker, pool = world.address["attacker"], world.pool.address
    return {
        "bundle": bundle_call(trap, pool, (PULL, "ETH", 1, None)),
        "empty bundle": bundle_call(trap, pool),
        "sweeping bundle": bundle_call(trap, pool, (WITHDRAW, "USD", 1, None)),
        "coin": bundle_call(trap, pool, (UNWRAP, None, MAX, None)),
        "callback": on_deferred(trap, "borrower", STEAL[0]),
        "the same callback": on_deferred(trap, "borrower", *BUNDLE),
        "supply_with_permit": bundler.supply_with_permit.prepare_calldata(pool, 1, trap.permit(1)),
        "repay_with_permit": bundler.repay_with_permit.prepare_calldata(pool, 1, trap.permit(1)),
        "supply_native": bundler.supply_native.prepare_calldata(pool),
        "repay_native": bundler.repay_native.prepare_calldata(pool),
        "withdraw_native": bundler.withdraw_native.prepare_calldata(pool, 1, attacker),
        "borrow_native": bundler.borrow_native.prepare_calldata(pool, 1, attacker),
    }


# USD, wrapped coin and coin are held while TRAP moves
BUNDLE = (
    (BORROW, "USD", 100 * 10**6, "bundler"),
    (WRAP, None, WAD, None),
    (PULL, "TRAP", WAD, None),
    (SUPPLY, "TRAP", WAD, None),
)


INNER = (
    "bundle",
    "empty bundle",
    "sweeping bundle",
    "coin",
    "callback",
    "the same callback",
    "supply_with_permit",
    "repay_with_permit",
    "supply_native",
    "repay_native",
    "withdraw_native",
    "borrow_native",
)


@pytest.mark.parametrize("name", INNER)
def test_token__calls_in_the_middle_of_a_bundle__is_locked_out(trap: BundleWorld, name: str) -> None:
    world, token = trap.world, trap.world.token["TRAP"]
    trap.give_coin("borrower", 2 * WAD)
    before = wealth(trap, "attacker"), world.balance("borrower", "USD")
    token.arm(trap.bundler.address, inner_calls(trap)[name], False)
    trap.bundle("borrower", *BUNDLE, value=2 * WAD)
    assert token.called()
    assert not token.succeeded()
    ledger = trap.in_ledger()
    ledger.borrow("USD", 100 * 10**6, "borrower")
    ledger.supply("TRAP", WAD, "borrower")
    assert (wealth(trap, "attacker"), world.balance("borrower", "USD")) == (before[0], before[1] + 100 * 10**6)
    assert (trap.coin("borrower"), trap.weth.balanceOf(world.address["borrower"])) == (WAD, WAD)
    trap.check()


def test_inner_calls__are_all_externals_that_change_anything(trap: BundleWorld) -> None:
    """A new external of the bundler has to be added there."""
    names = {entry["name"] for entry in trap.bundler.abi if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")}
    assert names == {"bundle", "on_deferred"} | {name for name in inner_calls(trap) if "_" in name}
    assert set(INNER) == set(inner_calls(trap))


def test_token__takes_what_the_bundle_holds__cannot(trap: BundleWorld) -> None:
    """The bundler has allowed nobody but the pool, and nothing but the token that is being paid."""
    world, token = trap.world, trap.world.token["TRAP"]
    usd, weth = world.token["USD"], trap.weth
    trap.give_coin("borrower", 2 * WAD)
    for target in (usd, weth):
        take = target.transferFrom.prepare_calldata(trap.bundler.address, world.address["attacker"], 1)
        token.arm(target.address, take, False)
        with boa.env.anchor():
            trap.bundle("borrower", *BUNDLE, value=2 * WAD)
            assert token.called()
            assert not token.succeeded()


# ---------------------------------------------------------------- what stays behind


def test_false_pool__leaves_its_allowance_unused__it_is_taken_back(victim: BundleWorld, false_pool: Any) -> None:
    """Else it would be there when a later bundle holds that token."""
    world = victim.world
    world.mint("attacker", "ETH", 50 * WAD)
    victim.bundle("attacker", (SUPPLY, "ETH", 50 * WAD, None), pool=false_pool.address)
    assert world.balance("attacker", "ETH") == 50 * WAD
    assert world.token["ETH"].allowance(victim.bundler.address, false_pool.address) == 0
    false_pool.set_answers(0, 40 * WAD)
    victim.bundle("attacker", (REPAY, "ETH", MAX, None), pool=false_pool.address)
    assert world.token["ETH"].allowance(victim.bundler.address, false_pool.address) == 0
    false_pool.set_answers(10 * WAD, 40 * WAD)
    victim.bundle("attacker", (REPAY, "ETH", MAX, None), pool=false_pool.address)
    assert world.balance("attacker", "ETH") == 40 * WAD
    assert world.token["ETH"].allowance(victim.bundler.address, false_pool.address) == 0
    assert victim.held() == {}


@pytest.mark.parametrize("call", ["supply_with_permit", "repay_with_permit", "supply_native", "repay_native"])
def test_false_pool__single_calls__leave_no_allowance_either(victim: BundleWorld, false_pool: Any, call: str) -> None:
    """And what it did not take comes back."""
    world = victim.world
    false_pool.set_answers(0, WAD)
    world.mint("attacker", "ETH", WAD)
    permit = (world.address["ETH"], WAD, MAX, 27, bytes(32), bytes(32))
    with boa.env.prank(world.address["attacker"]):
        if call.endswith("native"):
            getattr(victim.bundler, call)(false_pool.address, value=WAD)
        else:
            getattr(victim.bundler, call)(false_pool.address, WAD, permit)
    token = world.token["WETH" if call.endswith("native") else "ETH"]
    assert token.allowance(victim.bundler.address, false_pool.address) == 0
    assert token.balanceOf(world.address["attacker"]) == WAD
    assert victim.held() == {}


def test_false_pool__takes_more_than_it_is_offered__cannot(victim: BundleWorld, false_pool: Any) -> None:
    false_pool.set_answers(2 * WAD, 0)
    with boa.reverts():
        victim.bundle("borrower", (PULL, "ETH", 5 * WAD, None), (SUPPLY, "ETH", WAD, None), pool=false_pool.address)


@pytest.mark.parametrize("answer", [1, WAD, MAX])
def test_false_pool__says_it_paid_wrapped_coin__pays_nobody(victim: BundleWorld, false_pool: Any, answer: int) -> None:
    false_pool.set_answers(0, answer)
    with boa.reverts(), boa.env.prank(victim.world.address["attacker"]):
        victim.bundler.withdraw_native(false_pool.address, MAX, victim.world.address["attacker"])
    with boa.reverts(), boa.env.prank(victim.world.address["attacker"]):
        victim.bundler.borrow_native(false_pool.address, answer, victim.world.address["attacker"])
    victim.check()


def test_what_was_sent_by_mistake__is_the_next_callers__and_nobodys_loss(victim: BundleWorld) -> None:
    world = victim.world
    world.mint("bundler", "BTC", 500)
    victim.bundle("borrower", (SUPPLY, "BTC", 10**8, None), (SET_COLLATERAL, "BTC", 1, None))
    ledger = victim.in_ledger()
    ledger.supply("BTC", 10**8, "borrower")
    ledger.set_collateral("BTC", True, "borrower")
    # held first
    assert world.balance("borrower", "BTC") == 500
    victim.check()


def test_gift_before_a_bundle__changes_no_amount_of_it(victim: BundleWorld) -> None:
    """A unit sent here must not turn `all` into a unit."""
    world = victim.world
    world.mint("bundler", "BTC", 1)
    victim.bundle("borrower", (PULL, "BTC", MAX, None), (SUPPLY, "BTC", MAX, None))
    victim.in_ledger().supply("BTC", 10**8 + 1, "borrower")
    victim.check()


# ---------------------------------------------------------------- tokens


def test_token__with_a_fee__reverts(victim: BundleWorld, fee_token: Any) -> None:
    world = victim.world
    world.address["FEE"] = fee_token.address
    fee_token.mint(world.address["borrower"], WAD)
    fee_token.approve(victim.bundler.address, MAX, sender=world.address["borrower"])
    with boa.reverts():
        victim.bundle("borrower", (SUPPLY, "FEE", WAD, None))
    # what can be done with one is to pull it and get back what is left of it
    victim.bundle("borrower", (PULL, "FEE", WAD, None))
    assert fee_token.balanceOf(victim.bundler.address) == 0


def test_token__without_return_values__works(victim: BundleWorld, no_return_token: Any) -> None:
    world = victim.world
    world.address["NRT"] = no_return_token.address
    no_return_token.mint(world.address["borrower"], WAD)
    no_return_token.approve(victim.bundler.address, MAX, sender=world.address["borrower"])
    world.add("NRT", token=no_return_token)
    world.seed("keeper", "NRT", WAD)
    victim.bundle("borrower", (SUPPLY, "NRT", WAD // 2, None), (PULL, "NRT", MAX, None))
    victim.in_ledger().supply("NRT", WAD // 2, "borrower")
    assert world.balance("borrower", "NRT") == WAD // 2
    victim.check()


def test_token__that_moves_nothing__gives_nothing(victim: BundleWorld) -> None:
    """Whether it answers that it failed, or lies: nobody else's tokens are in play."""
    world = victim.world
    token = load("testing/LyingPullToken.vy").deploy()
    world.address["LIE"] = token.address
    token.set(world.address["attacker"], WAD, 0)
    with boa.reverts("bundler: transfer failed"):
        victim.bundle("attacker", (PULL, "LIE", WAD, None))
    token.set(victim.bundler.address, WAD, 0)
    with boa.reverts("bundler: transfer failed"):
        victim.bundle("attacker", (PULL, "LIE", 0, None))
    token.set(world.address["attacker"], WAD, 1)
    victim.bundle("attacker", (PULL, "LIE", WAD, None))
    assert victim.held() == {}
    victim.check()


def test_token__that_is_none__moves_nothing(victim: BundleWorld) -> None:
    """An address without code answers every call."""
    with boa.reverts():
        victim.bundle("attacker", (SUPPLY, "keeper", WAD, None))
    with boa.reverts():
        victim.bundle("attacker", (PULL, "keeper", WAD, None))


@pytest.mark.parametrize("target", ["pool", "operators", "bundler"])
def test_contracts_of_ours__named_as_a_token_or_as_a_pool__are_not(victim: BundleWorld, target: str) -> None:
    """The bundler's calls under its own name must not mean anything else to them."""
    world = victim.world
    world.address["operators"] = world.operators.address
    for kind in range(PULL, REPAY + 1):
        if kind not in (WRAP, UNWRAP):
            with boa.reverts():
                victim.bundle("attacker", (kind, target, 1, "borrower"))
    for kind in range(SUPPLY, TRANSFER_SHARES + 1):
        if target != "pool":
            world.mint("attacker", "ETH", 1)
            with boa.reverts():
                victim.bundle("attacker", (kind, "ETH", 1, "borrower"), pool=world.address[target])
    victim.check()
