"""In kind: supply shares of the pool for shares of the vault, one for one, and back; and what belongs to no share."""

import boa
import pytest

from plimsoll.reference.pool import MAX, NOBODY, PAUSES, WAD, Refused
from tests.unit.reserve_vault.conftest import USD, events
from tests.vault_world import VaultWorld


def pool_shares_of(v: VaultWorld, name: str) -> int:
    return int(v.world.pool.supply_shares_of(v.world.address[name], v.world.token[v.asset].address))


def test_deposit_shares__of_the_caller__one_for_one(v: VaultWorld) -> None:
    shares = v.world.supply("keeper", "USD", 1_000 * USD)
    v.world.set_operator("keeper", "vault")
    assert v.deposit_shares("keeper", shares // 3, "attacker") == shares // 3
    assert events(v) == [("Transfer", NOBODY, "attacker", shares // 3), ("SharesDeposited", "keeper", "attacker", shares // 3)]
    v.check()
    assert v.deposit_shares("keeper", MAX) == shares - shares // 3
    assert pool_shares_of(v, "keeper") == 0
    v.check()


def test_deposit_shares__vault_not_an_operator__is_refused(v: VaultWorld) -> None:
    shares = v.world.supply("keeper", "USD", USD)
    with pytest.raises(Refused, match="pool: not operator"):
        v.deposit_shares("keeper", shares)


def test_deposit_shares__vault_operator_of_somebody_else__takes_nothing_of_his(v: VaultWorld) -> None:
    """That an account trusts the vault gives nobody else a hold on its shares."""
    shares = v.world.supply("keeper", "USD", USD)
    v.world.set_operator("keeper", "vault")
    for amount in (shares, MAX):
        with pytest.raises(Refused, match="pool: not operator"):
            v.deposit_shares("attacker", amount)
    v.world.set_operator("attacker", "vault")
    with pytest.raises(Refused, match="pool: insufficient supply"):
        v.deposit_shares("attacker", shares)
    assert pool_shares_of(v, "keeper") == shares


@pytest.mark.parametrize("amount", [0, 10**30, MAX - 1])
def test_deposit_shares__none_or_more_than_there_are__is_refused(v: VaultWorld, amount: int) -> None:
    v.world.supply("keeper", "USD", USD)
    v.world.set_operator("keeper", "vault")
    with pytest.raises(Refused, match=r"pool: (zero amount|insufficient supply)"):
        v.deposit_shares("keeper", amount)


def test_deposit_shares__reserve_paused_frozen_and_capped__works(v: VaultWorld) -> None:
    """Nothing is added to the reserve: what forbids a supply has no say."""
    v.world.supply("keeper", "USD", USD)
    v.world.set_operator("keeper", "vault")
    v.world.pause("USD", *PAUSES)
    v.world.configure("USD", frozen=True, supply_cap=1)
    v.deposit_shares("keeper", MAX)
    v.check()


def test_deposit_shares__collateral_of_a_debt__stays_as_far_as_it_is_needed(v: VaultWorld) -> None:
    v.world.supply("keeper", "USD", 1_000 * USD)
    v.world.set_operator("keeper", "vault")
    v.world.enable("keeper", "USD")
    v.world.supply("lender", "ETH", 10 * 10**18)
    v.world.borrow("keeper", "ETH", 2 * 10**18)
    with pytest.raises(Refused, match="pool: over limit"):
        v.deposit_shares("keeper", MAX)
    v.deposit_shares("keeper", pool_shares_of(v, "keeper") // 10)
    v.check()


def test_redeem_shares__for_somebody_else__one_for_one(v: VaultWorld) -> None:
    assert v.redeem_shares("lender", 10**12 + 1, "keeper") == 10**12 + 1
    assert events(v) == [
        ("Transfer", "lender", NOBODY, 10**12 + 1),
        ("SharesRedeemed", "lender", "keeper", "lender", 10**12 + 1),
    ]
    assert pool_shares_of(v, "keeper") == 10**12 + 1
    v.check()


def test_redeem_shares__by_allowance__uses_it_up(v: VaultWorld) -> None:
    v.approve("lender", "keeper", 10**12 - 1)
    with pytest.raises(Refused, match="vault: insufficient allowance"):
        v.redeem_shares("keeper", 10**12, owner="lender")
    v.approve("lender", "keeper", 10**12)
    v.redeem_shares("keeper", 10**12, owner="lender")
    assert v.vault.allowance(v.world.address["lender"], v.world.address["keeper"]) == 0
    v.check()


def test_redeem_shares__nothing__is_refused(v: VaultWorld) -> None:
    with pytest.raises(Refused, match="pool: zero amount"):
        v.redeem_shares("lender", 0)


def test_redeem_shares__everything_lent_out__all_of_it(v: VaultWorld) -> None:
    v.withdraw("lender", v.reserve.cash)
    assert v.reserve.cash == v.vault.maxWithdraw(v.world.address["lender"]) == 0
    shares = v.balance("lender")
    v.redeem_shares("lender", shares)
    assert pool_shares_of(v, "lender") == shares
    v.check()


def test_redeem_shares__receiver_with_debt__finds_them_as_collateral(v: VaultWorld) -> None:
    v.world.supply("lender", "ETH", 10 * 10**18)
    v.world.supply("keeper", "USD", 1_000 * USD)
    v.world.enable("keeper", "USD")
    v.world.borrow("keeper", "ETH", 3 * 10**18)
    with pytest.raises(Refused, match="pool: over limit"):
        v.world.borrow("keeper", "ETH", 10**18)
    v.redeem_shares("lender", v.vault.previewWithdraw(1_000 * USD), "keeper")
    v.world.borrow("keeper", "ETH", 10**18)
    v.world.set_band("USD", 0, 0, why=8)
    with pytest.raises(Refused, match="pool: no price"):
        v.redeem_shares("lender", 10**12, "keeper")
    v.redeem_shares("lender", 10**12, "attacker")
    v.check()


def test_there_and_back__in_kind__is_what_it_was(v: VaultWorld) -> None:
    shares = v.world.supply("keeper", "USD", 1_000 * USD)
    v.world.set_operator("keeper", "vault")
    v.deposit_shares("keeper", shares)
    v.world.travel(86_400 * 30)
    v.redeem_shares("keeper", shares)
    assert pool_shares_of(v, "keeper") == shares
    v.check()


# ---------------------------------------------------------------- what belongs to no share


def test_sweep__gifts_and_what_rounding_left__go_to_the_treasury(v: VaultWorld) -> None:
    v.mint("keeper", 1)
    v.give_tokens("attacker", 12_345)
    v.give_pool_shares("attacker", 777)
    surplus = v.pool_shares - v.supply
    held = pool_shares_of(v, "treasury")
    assert v.sweep("attacker") == (12_345, surplus)
    assert events(v) == [("Swept", "treasury", 12_345, surplus)]
    assert v.world.balance("treasury", "USD") == 12_345
    assert pool_shares_of(v, "treasury") == held + surplus
    assert v.pool_shares == v.supply
    v.check()


def test_sweep__nothing_there__does_nothing(v: VaultWorld) -> None:
    v.sweep()
    assert v.sweep() == (0, 0)
    v.redeem("lender", v.max_redeem("lender"))
    v.check()


@pytest.mark.parametrize("kind", ["tokens", "pool shares"])
def test_gift__of_any_kind__changes_nothing(v: VaultWorld, kind: str) -> None:
    """It must not even reach those who hold shares: what they could be given, somebody could give himself in part."""

    def seen() -> list[int]:
        lender = v.world.address["lender"]
        return [
            v.vault.totalAssets(),
            v.vault.totalSupply(),
            v.vault.convertToAssets(10**18),
            v.vault.convertToShares(10**18),
            v.vault.maxWithdraw(lender),
            v.vault.maxRedeem(lender),
        ]

    if kind == "tokens":
        before = seen()
        v.give_tokens("attacker", 10**12)
    else:
        v.world.supply("attacker", "USD", 10**12)
        before = seen()
        v.world.transfer_shares("attacker", "USD", MAX, "vault")
    assert seen() == before
    v.check()


def test_books_of_the_pool__with_the_vault_in_it__add_up(v: VaultWorld) -> None:
    """LEND-02: the vault is a holder like any other."""
    v.give_pool_shares("attacker", 777)
    token = v.world.token["USD"].address
    holders = ("lender", "borrower", "attacker", "treasury", "keeper", "vault", NOBODY)
    state = v.world.pool.reserve_state(token)
    assert sum(v.world.pool.supply_shares_of(v.world.address[name], token) for name in holders) + state.fee_shares == state.total_shares


def test_vault__position_of_its_own__is_supply_and_nothing_else(v: VaultWorld) -> None:
    """It has enabled nothing and owes nothing, and nobody can make it."""
    assert v.world.pool.positions(v.vault.address) == (0, [])
    for action in (("set_collateral", (v.asset, True, "vault")), ("borrow", ("ETH", WAD, "attacker", "vault"))):
        with boa.reverts("pool: not operator"), boa.env.prank(v.world.address["attacker"]):
            getattr(v.world.pool, action[0])(*(v.world.address.get(value, value) for value in action[1]))
