from fractions import Fraction
from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX, NOBODY, SUPPLY, WAD, Refused
from tests.conftest import load
from tests.pool_world import World
from tests.unit.reserve_vault.conftest import USD, events, vault_over
from tests.vault_world import VaultWorld


def test_deposit__for_somebody_else__mints_what_the_preview_says(v: VaultWorld) -> None:
    preview = v.vault.previewDeposit(1_234_567)
    shares = v.deposit("attacker", 1_234_567, "keeper")
    assert shares == preview
    assert events(v) == [("Transfer", NOBODY, "keeper", shares), ("Deposit", "attacker", "keeper", 1_234_567, shares)]
    assert v.world.balance("attacker", "USD") == 0
    v.check()


def test_mint__for_somebody_else__takes_what_the_preview_says(v: VaultWorld) -> None:
    shares = 1_234_567_890_123
    preview = v.vault.previewMint(shares)
    assert v.mint("attacker", shares, "keeper") == preview
    assert events(v) == [("Transfer", NOBODY, "keeper", shares), ("Deposit", "attacker", "keeper", preview, shares)]
    assert v.world.balance("attacker", "USD") == 0
    v.check()


def test_mint__part_of_a_unit__costs_a_unit_and_leaves_the_rest_to_nobody(v: VaultWorld) -> None:
    surplus = v.pool_shares - v.supply
    assert v.mint("keeper", 1) == 1
    assert v.pool_shares - v.supply == surplus + v.vault.previewDeposit(1) - 1
    v.check()


@pytest.mark.parametrize("function", ["deposit", "mint"])
def test_deposit_and_mint__nothing__is_refused(v: VaultWorld, function: str) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        getattr(v, function)("keeper", 0)


@pytest.mark.parametrize("receiver", [NOBODY, "vault"])
def test_deposit_and_mint__for_nobody_or_the_vault__are_refused(v: VaultWorld, receiver: str) -> None:
    v.world.supply("keeper", "USD", USD)
    v.world.set_operator("keeper", "vault")
    for function in (v.deposit, v.mint, v.deposit_shares):
        with pytest.raises(Refused, match="vault: bad receiver"):
            function("keeper", USD, receiver)


def test_deposit_and_mint__without_tokens_or_allowance__revert(v: VaultWorld) -> None:
    keeper, token = v.world.address["keeper"], v.world.token["USD"]
    v.give_tokens("attacker", 10 * USD)
    with boa.reverts(), boa.env.prank(keeper):
        v.vault.deposit(USD, keeper)
    v.world.mint("keeper", "USD", USD)
    for allowed in (0, USD - 1):
        with boa.env.prank(keeper):
            token.approve(v.vault.address, allowed)
            for amount, function in ((USD, v.vault.deposit), (v.vault.previewDeposit(USD), v.vault.mint)):
                with boa.reverts():
                    function(amount, keeper)
    with boa.env.prank(keeper):
        token.approve(v.vault.address, USD)
        v.vault.deposit(USD, keeper)
    assert token.allowance(keeper, v.vault.address) == 0


@pytest.mark.parametrize("amount", [MAX, MAX - 1, 2**255, 2**131])
def test_deposit_and_mint__beyond_reason__revert(v: VaultWorld, amount: int) -> None:
    """The pool takes max_uint256 for all that the payer has: what was sent to the vault must not be deposited so."""
    keeper = v.world.address["keeper"]
    v.give_tokens("attacker", 10 * USD)
    for function in (v.vault.deposit, v.vault.mint):
        with boa.reverts(), boa.env.prank(keeper):
            function(amount, keeper)
    v.check()


def test_deposit__paused_frozen_or_full__refused_in_the_pools_words(v: VaultWorld) -> None:
    shares = v.vault.previewDeposit(USD)
    v.world.pause("USD", SUPPLY)
    for function, amount in ((v.deposit, USD), (v.mint, shares)):
        with pytest.raises(Refused, match="pool: paused"):
            function("keeper", amount)
    v.check()
    v.world.configure("USD", paused=frozenset(), frozen=True)
    for function, amount in ((v.deposit, USD), (v.mint, shares)):
        with pytest.raises(Refused, match="pool: frozen"):
            function("keeper", amount)
    v.check()
    v.world.configure("USD", frozen=False, supply_cap=v.reserve.assets + USD - 1)
    for function, amount in ((v.deposit, USD), (v.mint, shares)):
        with pytest.raises(Refused, match="pool: supply cap"):
            function("keeper", amount)
    v.check()
    assert v.deposit("keeper", USD - 1)
    v.check()


def test_deposit__pause_of_supply_has_run_out__open_again(v: VaultWorld) -> None:
    v.world.pause("USD", SUPPLY, seconds=3_600)
    until = v.world.ledger.reserves["USD"].paused_until * 64
    v.world.travel(until - 1 - v.chain.timestamp)
    assert v.vault.maxDeposit(v.world.address["keeper"]) == 0
    v.check()
    v.world.travel(1)
    assert v.vault.maxDeposit(v.world.address["keeper"]) > 0
    v.check()
    v.deposit("keeper", USD)


def test_deposit__other_pauses__are_no_obstacle(v: VaultWorld) -> None:
    v.world.pause("USD", "borrow", "collateral", "flash")
    v.check()
    v.deposit("keeper", USD)
    v.redeem("keeper", v.balance("keeper"))


def test_deposit__token_without_return_value__works(no_return_token: Any) -> None:
    v = vault_over(no_return_token)
    v.deposit("lender", 10**18)
    v.redeem("lender", v.balance("lender") // 2)
    v.give_tokens("attacker", 5)
    v.sweep()
    v.check()


@pytest.mark.parametrize("kept_bps", [1, 100, 10_000])
def test_deposit__token_keeps_something__is_refused_even_with_gifts_to_pay_it(keeping_token: Any, kept_bps: int) -> None:
    """What the token keeps on the way to the vault must not be paid out of what was sent here before."""
    v = vault_over(keeping_token)
    v.deposit("lender", 10**18)
    v.give_tokens("attacker", 10**18)
    keeping_token.set_mood(kept_bps, True)
    v.world.mint("keeper", "ODD", 10**18)
    with boa.reverts("pool: fee on transfer"), boa.env.prank(v.world.address["keeper"]):
        v.vault.deposit(10**17, v.world.address["keeper"])


def test_deposit__token_keeps_something_on_the_way_to_the_vault_alone__is_refused(keeping_token: Any) -> None:
    """The same where the pool would not see it: its own leg is left without a fee, and the gift would make up for the first."""
    v = vault_over(keeping_token)
    v.deposit("lender", 10**18)
    v.give_tokens("attacker", 10**18)
    keeping_token.keep_once(10**16)
    v.world.mint("keeper", "ODD", 10**18)
    with boa.reverts("pool: fee on transfer"), boa.env.prank(v.world.address["keeper"]):
        v.vault.deposit(10**17, v.world.address["keeper"])


def test_deposit__token_answers_false__is_refused(keeping_token: Any) -> None:
    v = vault_over(keeping_token)
    v.world.mint("keeper", "ODD", 10**18)
    keeping_token.set_mood(0, False)
    with boa.reverts("pool: transfer failed"), boa.env.prank(v.world.address["keeper"]):
        v.vault.deposit(10**17, v.world.address["keeper"])


def test_mint__price_per_share_is_not_that_of_an_empty_reserve(v: VaultWorld) -> None:
    """Half is lent out for a year at 2.8 %: a unit costs fewer shares than the million of the first day."""
    assert Fraction(1, 10**6) < v.price < Fraction(2, 10**6)


def test_mint__asset_calls_back_and_a_share_gets_dearer__reverts_and_deposit_gives_what_there_is() -> None:
    """The asset withdraws a unit of its own from the pool while the vault is paid: what rounding leaves behind makes a share dearer."""
    world = World.with_assets()
    token = load("testing/ReenteringToken.vy").deploy("Trap", "TRAP", 6)
    model = load("testing/FaultyRateModel.vy").deploy()
    model.set_rate(20 * WAD)
    world.add("TRAP", rate=lambda _: 20 * WAD, token=token, model=model, decimals=6, price=10**6, factor=0)
    world.seed("keeper", "TRAP", 1_000)
    world.supply("lender", "TRAP", 1_000)
    with boa.env.prank(world.address["lender"]):
        world.pool.transfer_shares(token.address, 10**8, token.address)
    world.open("borrower", "BTC", 10**8, "TRAP", 777)
    v = VaultWorld(world, "TRAP")
    world.travel(12 * 86_400)
    state = world.pool.reserve_state(token.address)
    # so many shares cost whole units, to the last part of one
    shares, cost = state.total_shares + 10**6, state.cash + state.debt + 1
    assert shares % cost
    lender = world.address["lender"]
    token.mint(lender, 3 * cost)
    callback = world.pool.withdraw.prepare_calldata(token.address, 1, token.address)

    token.arm(world.pool.address, callback, True)
    with boa.reverts("vault: price moved"), boa.env.prank(lender):
        v.vault.mint(shares, lender)
    assert v.vault.totalSupply() == 0
    token.arm(world.pool.address, callback, True)
    with boa.env.prank(lender):
        given = v.vault.deposit(cost, lender)
    assert token.succeeded()
    assert shares - shares // 1_000 < given < shares
    assert given == v.vault.totalSupply() == world.pool.supply_shares_of(v.vault.address, token.address)
    # without the callback it costs what is said
    token.arm(world.pool.address, b"", False)
    with boa.env.prank(lender):
        assert v.vault.mint(10**6, lender) <= cost
