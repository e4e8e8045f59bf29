from fractions import Fraction

import boa
import pytest

from plimsoll.reference.pool import MAX, NOBODY, PAUSES, Refused
from tests.pool_world import World
from tests.unit.reserve_vault.conftest import USD, events
from tests.vault_world import VaultWorld


def test_withdraw__own_shares__burns_what_the_preview_says(v: VaultWorld) -> None:
    preview = v.vault.previewWithdraw(1_234_567)
    shares = v.withdraw("lender", 1_234_567, "keeper")
    assert shares == preview
    assert events(v) == [("Transfer", "lender", NOBODY, shares), ("Withdraw", "lender", "keeper", "lender", 1_234_567, shares)]
    assert v.world.balance("keeper", "USD") == 1_234_567
    v.check()


def test_redeem__own_shares__pays_what_the_preview_says(v: VaultWorld) -> None:
    shares = 1_234_567_890_123
    preview = v.vault.previewRedeem(shares)
    assert v.redeem("lender", shares, "keeper") == preview
    assert events(v) == [("Transfer", "lender", NOBODY, shares), ("Withdraw", "lender", "keeper", "lender", preview, shares)]
    assert v.world.balance("keeper", "USD") == preview
    v.check()


@pytest.mark.parametrize("function", ["withdraw", "redeem"])
def test_withdraw_and_redeem__by_allowance__use_up_shares_of_it(v: VaultWorld, function: str) -> None:
    """The allowance is one of shares, whatever the amount is given in."""
    assets = 1_234_567
    shares = v.vault.previewWithdraw(assets)
    amount = assets if function == "withdraw" else shares
    for allowed in (0, shares - 1):
        v.approve("lender", "keeper", allowed)
        with pytest.raises(Refused, match="vault: insufficient allowance"):
            getattr(v, function)("keeper", amount, "attacker", "lender")
    v.approve("lender", "keeper", shares + 5)
    getattr(v, function)("keeper", amount, "attacker", "lender")
    assert events(v)[-1] == ("Withdraw", "keeper", "attacker", "lender", assets, shares)
    assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == 5
    v.approve("lender", "keeper", MAX)
    getattr(v, function)("keeper", amount, "attacker", "lender")
    assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == MAX
    v.check()


@pytest.mark.parametrize("function", ["withdraw", "redeem", "redeem_shares"])
def test_withdraw_and_redeem__allowance_the_other_way_round__is_none(v: VaultWorld, function: str) -> None:
    v.deposit("keeper", USD)
    v.approve("keeper", "lender", MAX)
    with pytest.raises(Refused, match="vault: insufficient allowance"):
        getattr(v, function)("keeper", 10**6, "keeper", "lender")


@pytest.mark.parametrize("function", ["withdraw", "redeem"])
def test_withdraw_and_redeem__nothing__is_refused(v: VaultWorld, function: str) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        getattr(v, function)("lender", 0)


def test_redeem__worth_less_than_a_unit__is_refused_and_nothing_is_burned(v: VaultWorld) -> None:
    """Else dust could be burned for nothing by a caller who does not look."""
    less = v.vault.previewWithdraw(1) - 1
    with pytest.raises(Refused, match="pool: zero amount"):
        v.redeem("lender", less)
    v.check()
    assert v.redeem("lender", less + 1) == 1
    v.transfer("lender", "keeper", less)
    assert v.vault.maxRedeem(v.world.address["keeper"]) == v.vault.maxWithdraw(v.world.address["keeper"]) == 0
    v.redeem_shares("keeper", less)
    v.check()


def test_withdraw_and_redeem__more_than_owned__are_refused(v: VaultWorld) -> None:
    v.deposit("keeper", USD)
    with pytest.raises(Refused, match="vault: insufficient shares"):
        v.withdraw("keeper", v.worth("keeper") + 1)
    for function in (v.redeem, v.redeem_shares):
        with pytest.raises(Refused, match="vault: insufficient shares"):
            function("keeper", v.balance("keeper") + 1)
    v.check()


@pytest.mark.parametrize("receiver", [NOBODY, "vault"])
def test_withdraw_and_redeem__to_nobody_or_the_vault__are_refused(v: VaultWorld, receiver: str) -> None:
    for function in (v.withdraw, v.redeem, v.redeem_shares):
        with pytest.raises(Refused, match="vault: bad receiver"):
            function("lender", 10**8, receiver)


def test_withdraw_and_redeem__more_than_the_cash__are_refused(v: VaultWorld) -> None:
    cash = v.reserve.cash
    assert cash < v.worth("lender")
    with pytest.raises(Refused, match="pool: insufficient cash"):
        v.withdraw("lender", cash + 1)
    with pytest.raises(Refused, match="pool: insufficient cash"):
        v.redeem("lender", v.max_redeem("lender") + 1)
    v.check()
    v.redeem("lender", v.max_redeem("lender"))
    assert v.reserve.cash == 0
    v.check()


@pytest.mark.parametrize("amount", [MAX, MAX - 1, 2**255])
def test_withdraw_and_redeem__beyond_reason__revert(amount: int) -> None:
    """The pool takes max_uint256 for all that the vault has, and there may be only one owner."""
    v = VaultWorld(World.with_assets(), "USD")
    v.deposit("lender", USD)
    lender = v.world.address["lender"]
    for function in (v.vault.withdraw, v.vault.redeem, v.vault.redeem_shares):
        with boa.reverts(), boa.env.prank(lender):
            function(amount, lender, lender)
    with boa.env.prank(lender):
        v.vault.approve(v.world.address["keeper"], MAX)
    for function in (v.vault.withdraw, v.vault.redeem, v.vault.redeem_shares):
        with boa.reverts(), boa.env.prank(v.world.address["keeper"]):
            function(amount, v.world.address["keeper"], lender)
    v.approve("lender", "keeper", MAX)
    v.check()


def test_withdraw_and_redeem__everything_paused_and_frozen__work(v: VaultWorld) -> None:
    v.world.pause("USD", *PAUSES)
    v.world.configure("USD", frozen=True)
    v.check()
    v.withdraw("lender", USD)
    v.redeem("lender", 10**12)
    v.redeem_shares("lender", 10**12)
    v.check()


def test_redeem__all_of_all_holders__leaves_only_what_belongs_to_no_share() -> None:
    v = VaultWorld(World.with_assets(), "ETH")
    v.deposit("lender", 10**21 + 7)
    v.mint("keeper", 10**25 + 13)
    v.lend_out(Fraction(3, 4))
    v.world.travel(86_400 * 30)
    v.world.repay("borrower", "ETH", MAX)
    paid = {name: v.redeem(name, v.balance(name)) for name in ("lender", "keeper")}
    assert paid["lender"] > 10**21
    assert v.vault.totalSupply() == v.vault.totalAssets() == 0
    v.check()
    surplus = v.pool_shares
    assert 0 < v.world.ledger_now().supply_of("vault", "ETH") + 1 <= 5
    assert v.sweep() == (0, surplus)
    v.check()
