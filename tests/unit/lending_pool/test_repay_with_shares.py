"""Debt is repaid with supply of the same reserve: shares are burned, no token moves."""

import boa
import pytest

from plimsoll.reference.pool import MAX, Refused
from tests.pool_world import World, logs

USD, ETH = 10**6, 10**18


@pytest.fixture
def both(indebted: World) -> World:
    """The borrower also has 5,000 USD, which cannot be collateral where they are owed."""
    indebted.supply("borrower", "USD", 5_000 * USD)
    return indebted


def test_repay_with_shares__part__burns_shares_and_moves_no_token(both: World) -> None:
    before, held = both.reserve("USD"), [both.balance(name, "USD") for name in ("borrower", "pool")]
    shares, debt = both.ledger.shares["borrower", "USD"], both.ledger_now().debt_of("borrower", "USD")
    assert both.repay_with_shares("borrower", "USD", 3_000 * USD) == 3_000 * USD
    (event,) = logs(both, "RepayWithShares")
    after = both.reserve("USD")
    burned = shares - both.ledger.shares["borrower", "USD"]
    assert (event.asset, event.account, event.payer) == (both.address["USD"], both.address["borrower"], both.address["borrower"])
    assert (event.amount, event.scaled, event.shares) == (3_000 * USD, before.scaled_debt - after.scaled_debt, burned)
    # rounded up: worth it at the price before, and less than a share more
    assert (burned - 1) * (before.assets + 1) < 3_000 * USD * (before.total_shares + 10**6) <= burned * (before.assets + 1)
    assert after.cash == before.cash
    assert [both.balance(name, "USD") for name in ("borrower", "pool")] == held
    assert debt - 3_000 * USD <= both.ledger_now().debt_of("borrower", "USD") <= debt - 3_000 * USD + 1
    both.check()


def test_repay_with_shares__all_cash_lent_out__works(both: World) -> None:
    """What no withdrawal could do: the reserve is empty."""
    both.supply("attacker", "BTC", 100 * 10**8)
    both.enable("attacker", "BTC")
    both.borrow("attacker", "USD", both.reserve("USD").cash)
    with pytest.raises(Refused, match="pool: insufficient cash"):
        both.withdraw("borrower", "USD", USD)
    both.repay_with_shares("borrower", "USD", 4_000 * USD)
    both.check()


@pytest.mark.parametrize("extra", [0, 1, 10**12])
def test_repay_with_shares__at_or_above_the_debt__is_clamped_and_clears(both: World, extra: int) -> None:
    both.supply("borrower", "USD", 5_000 * USD)
    debt = both.ledger_now().debt_of("borrower", "USD")
    assert both.repay_with_shares("borrower", "USD", debt + extra) == debt
    assert both.pool.debt_of(both.address["borrower"], both.address["USD"]) == 0
    both.check()
    # nothing holds the collateral any more
    both.withdraw("borrower", "ETH", MAX)
    both.check()


def test_repay_with_shares__max__is_the_own_debt_only(both: World) -> None:
    both.supply("borrower", "USD", 5_000 * USD)
    with pytest.raises(Refused, match="pool: own debt only"):
        both.repay_with_shares("lender", "USD", MAX, debtor="borrower")
    both.set_operator("borrower", "keeper")
    both.repay_with_shares("keeper", "USD", MAX, debtor="borrower", account="borrower")
    assert not both.ledger.owing["borrower"]
    both.check()


def test_repay_with_shares__for_somebody_else__with_the_own_shares(both: World) -> None:
    shares = both.ledger.shares["lender", "USD"]
    both.repay_with_shares("lender", "USD", 1_000 * USD, debtor="borrower")
    assert both.ledger.shares["lender", "USD"] < shares
    both.check()


def test_repay_with_shares__too_few_shares__reverts(both: World) -> None:
    debt = both.ledger_now().debt_of("borrower", "USD")
    for amount in (debt, MAX, 5_000 * USD + 1):
        with pytest.raises(Refused, match="pool: insufficient supply"):
            both.repay_with_shares("borrower", "USD", amount)
    both.repay_with_shares("borrower", "USD", 4_999 * USD)
    both.check()


def test_repay_with_shares__collateral_of_the_payers_debt__is_judged_like_a_withdrawal(both: World) -> None:
    """The payer owes ETH against USD: the shares that he gives away were his collateral."""
    both.supply("attacker", "USD", 20_000 * USD)
    both.enable("attacker", "USD")
    both.borrow("attacker", "ETH", 50 * ETH)
    with pytest.raises(Refused, match="pool: over limit"):
        both.repay_with_shares("attacker", "USD", 6_000 * USD, debtor="borrower")
    both.repay_with_shares("attacker", "USD", 5_000 * USD, debtor="borrower")
    both.check()
    both.set_band("USD", 0, 0, why=8)
    with pytest.raises(Refused, match="pool: no price"):
        both.repay_with_shares("attacker", "USD", USD, debtor="borrower")
    # who has no debt of his own needs no price
    both.repay_with_shares("lender", "USD", USD, debtor="borrower")
    both.check()


@pytest.mark.parametrize(
    ("by", "asset", "amount", "debtor", "reason"),
    [
        ("borrower", "USD", 0, "borrower", "zero amount"),
        ("borrower", "ETH", ETH, "borrower", "no debt"),
        ("lender", "BTC", 10**8, "borrower", "no debt"),
    ],
)
def test_repay_with_shares__of_nothing__reverts(both: World, by: str, asset: str, amount: int, debtor: str, reason: str) -> None:
    with pytest.raises(Refused, match=f"pool: {reason}"):
        both.repay_with_shares(by, asset, amount, debtor=debtor)


def test_repay_with_shares__a_unit_worth_no_scaled_debt__reverts(both: World) -> None:
    """The index has grown: a single unit would be given for nothing."""
    with pytest.raises(Refused, match="pool: zero shares"):
        both.repay_with_shares("borrower", "USD", 1)


def test_repay_with_shares__closed_in_every_way__still_works(both: World) -> None:
    both.configure("USD", frozen=True, supply_cap=1, debt_cap=1)
    both.pause("USD", "supply", "borrow", "collateral", "flash")
    both.set_guards(new_risk_from=2**40 - 1, liquidation_from=2**40 - 1)
    both.set_band("USD", 0, 0, why=8)
    both.repay_with_shares("borrower", "USD", 1_000 * USD)
    both.check()


def test_repay_with_shares__unlisted__reverts(both: World) -> None:
    with boa.reverts("pool: not listed"), boa.env.prank(both.address["borrower"]):
        both.pool.repay_with_shares(both.address["lender"], 1, both.address["borrower"])
