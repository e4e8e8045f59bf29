"""Who acts for whom: an operator may do in one pool what the account may, and is asked for before anything else."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference.pool import MAX, Refused
from tests.pool_world import ZERO, World, logs
from tests.unit.operators.conftest import Order

DOLLAR = 10**6

# What the keeper does for the borrower
ACTIONS: dict[str, Callable[[World], Any]] = {
    "withdraw": lambda world: world.withdraw("keeper", "ETH", 10**18, "attacker", account="borrower"),
    "withdraw all": lambda world: world.withdraw("keeper", "BTC", MAX, account="borrower"),
    "borrow": lambda world: world.borrow("keeper", "USD", 1_000 * DOLLAR, "attacker", account="borrower"),
    "repay_with_shares": lambda world: world.repay_with_shares("keeper", "USD", 100 * DOLLAR, "borrower", account="borrower"),
    "repay_with_shares all": lambda world: world.repay_with_shares("keeper", "USD", MAX, "borrower", account="borrower"),
    "repay_with_shares of another": lambda world: world.repay_with_shares("keeper", "USD", 50 * DOLLAR, "lender", account="borrower"),
    "transfer_shares": lambda world: world.transfer_shares("keeper", "BTC", 10**12, "attacker", account="borrower"),
    "transfer_shares all": lambda world: world.transfer_shares("keeper", "BTC", MAX, "keeper", account="borrower"),
    "enable": lambda world: world.enable("keeper", "BTC", account="borrower"),
    "disable": lambda world: world.enable("keeper", "ETH", False, account="borrower"),
}


@pytest.fixture
def rich(world: World) -> World:
    """The borrower has 100 ETH as collateral, 1 BTC and 10,000 USD besides, and owes 500 USD; the lender owes 500 as well."""
    world.open("borrower", "ETH", 100 * 10**18, "USD", 500 * DOLLAR)
    world.supply("borrower", "BTC", 10**8)
    world.supply("borrower", "USD", 10_000 * DOLLAR)
    world.enable("lender", "ETH")
    world.borrow("lender", "USD", 500 * DOLLAR)
    world.travel(86_400)
    return world


def may(action: str, world: World) -> Any:
    """Disabling all collateral of a debt is refused to anybody: first without the debt."""
    if action == "disable":
        world.repay("borrower", "USD", MAX)
    return ACTIONS[action](world)


@pytest.mark.parametrize("action", ACTIONS)
def test_operator__acts__as_the_account_would(rich: World, action: str) -> None:
    rich.set_operator("borrower", "keeper")
    may(action, rich)
    for kind in ("Withdraw", "Borrow", "TransferShares", "CollateralSet"):
        assert all(event.account == rich.address["borrower"] for event in logs(rich, kind))
    for event in logs(rich, "RepayWithShares"):
        assert event.payer == rich.address["borrower"]
    rich.check()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("asked", ["never", "revoked", "in another pool", "by another account", "the other way round"])
def test_operator__not_made_one__is_refused(rich: World, action: str, asked: str) -> None:
    if asked == "revoked":
        rich.set_operator("borrower", "keeper")
        rich.set_operator("borrower", "keeper", False)
    elif asked == "in another pool":
        rich.operators.set_operator(rich.address["owner"], rich.address["keeper"], True, sender=rich.address["borrower"])
    elif asked == "by another account":
        rich.set_operator("lender", "keeper")
    elif asked == "the other way round":
        rich.set_operator("keeper", "borrower")
    with pytest.raises(Refused, match="pool: not operator"):
        may(action, rich)
    rich.check()


@pytest.mark.parametrize("action", ["withdraw", "borrow", "transfer_shares all", "disable"])
def test_operator__acts__under_the_accounts_limits(rich: World, action: str) -> None:
    """Exactly as far as the account itself: with 12,000 owed of 12,000 that may be, nothing more."""
    rich.set_operator("borrower", "keeper")
    rich.enable("borrower", "BTC")
    rich.borrow("borrower", "USD", (12_000 + 11_200 - 501) * DOLLAR)
    with pytest.raises(Refused, match="pool: over limit"):
        ACTIONS[action](rich)
    rich.check()


def test_account_itself__named__needs_nobodys_leave(rich: World) -> None:
    rich.withdraw("borrower", "BTC", 10**7, account="borrower")
    rich.borrow("borrower", "USD", 100 * DOLLAR, account="borrower")
    rich.repay_with_shares("borrower", "USD", 100 * DOLLAR, account="borrower")
    rich.transfer_shares("borrower", "BTC", 10**12, "keeper", account="borrower")
    rich.enable("borrower", "BTC", account="borrower")
    rich.check()


def test_account_itself__does_not_ask_a_registry(rich: World) -> None:
    """One that is broken locks nobody out of what is his own."""
    boa.env.set_code(rich.operators.address, b"\xfe")
    test_account_itself__named__needs_nobodys_leave(rich)
    for action in ("withdraw", "borrow", "enable"):
        with boa.reverts(), boa.env.prank(rich.address["keeper"]):
            call = {
                "withdraw": lambda: rich.pool.withdraw(rich.address["BTC"], 1, rich.address["keeper"], rich.address["borrower"]),
                "borrow": lambda: rich.pool.borrow(rich.address["USD"], DOLLAR, rich.address["keeper"], rich.address["borrower"]),
                "enable": lambda: rich.pool.set_collateral(rich.address["BTC"], False, rich.address["borrower"]),
            }[action]
            call()


def test_operator__of_an_operator__is_nobody(rich: World) -> None:
    rich.set_operator("borrower", "owner")
    rich.set_operator("owner", "keeper")
    for action in ACTIONS:
        with pytest.raises(Refused, match="pool: not operator"):
            may(action, rich)


@pytest.mark.parametrize("account", ["nobody", "treasury", "pool"])
def test_account__that_cannot_sign__has_no_operator(rich: World, account: str) -> None:
    """The dead shares are the zero address's; the pool owns nothing in its own books."""
    address = rich.address[account]
    for signature in (b"", bytes(65), b"\x01" * 65):
        with boa.reverts():
            rich.operators.set_operator_by_signature(rich.pool.address, address, rich.address["attacker"], True, 0, MAX, signature)
    with boa.env.prank(rich.address["attacker"]):
        for call in (
            lambda: rich.pool.withdraw(rich.address["USD"], 1, rich.address["attacker"], address),
            lambda: rich.pool.transfer_shares(rich.address["USD"], 1, rich.address["attacker"], address),
            lambda: rich.pool.defer(address, b""),
        ):
            with boa.reverts("pool: not operator"):
                call()
    assert rich.address["nobody"] == ZERO


def test_operator__pays_with_its_own_tokens_alone(rich: World) -> None:
    """`supply` and `repay` take from who calls: to be an operator is no allowance, though the pool has one of everybody."""
    rich.set_operator("borrower", "keeper")
    rich.mint("borrower", "USD", 1_000 * DOLLAR)
    before = rich.balance("borrower", "USD")
    for action in ("supply", "repay"):
        with boa.reverts(), boa.env.prank(rich.address["keeper"]):
            getattr(rich.pool, action)(rich.address["USD"], DOLLAR, rich.address["borrower"])
    rich.supply("keeper", "USD", DOLLAR, "borrower")
    rich.repay("keeper", "USD", DOLLAR, "borrower")
    assert rich.balance("borrower", "USD") == before
    rich.check()


def test_max__of_anothers_debt__is_refused_to_an_operator_too(rich: World) -> None:
    """`all` means all of the payer's own debt: a debtor could else grow it in front of the call."""
    rich.set_operator("borrower", "keeper")
    with pytest.raises(Refused, match="pool: own debt only"):
        rich.repay_with_shares("keeper", "USD", MAX, "lender", account="borrower")
    with pytest.raises(Refused, match="pool: own debt only"):
        rich.repay("keeper", "USD", MAX, "borrower")
    # the payer's own: the account's, not the operator's
    assert rich.repay_with_shares("keeper", "USD", MAX, "borrower", account="borrower") > 500 * DOLLAR
    rich.check()


def test_operator__by_signature__acts_at_once(rich: World) -> None:
    signer = Account.from_key(keccak(text="pool signer"))
    rich.token["BTC"].mint(rich.address["keeper"], 10**8)
    rich.pool.supply(rich.address["BTC"], 10**8, signer.address, sender=rich.address["keeper"])
    order = Order(rich.pool.address, signer.address, rich.address["keeper"])
    with boa.reverts("pool: not operator"):
        rich.pool.withdraw(rich.address["BTC"], 1, rich.address["keeper"], signer.address, sender=rich.address["keeper"])
    rich.operators.set_operator_by_signature(*order.fields, order.sign(rich.operators, signer=signer), sender=rich.address["attacker"])
    rich.pool.withdraw(rich.address["BTC"], 1, rich.address["keeper"], signer.address, sender=rich.address["keeper"])


def test_constructor__registry__is_named_for_good(world: World) -> None:
    assert world.pool.operators() == world.operators.address
    assert not any(
        "operator" in entry.get("name", "") and entry["stateMutability"] == "nonpayable"
        for entry in world.pool.abi
        if entry["type"] == "function"
    )
