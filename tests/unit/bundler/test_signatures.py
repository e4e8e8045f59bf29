"""Permits, and the authorisation of the bundler, within a bundle and in the two calls that take a permit."""

from typing import Any

import boa
import pytest
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference.pool import MAX
from tests.conftest import load
from tests.unit.bundler.conftest import BORROW, PULL, SET_COLLATERAL, SIGNER, SUPPLY, WAD, WITHDRAW, BundleWorld
from tests.unit.operators.conftest import Order

THIEF = Account.from_key(keccak(text="thief"))
OPEN = ((SUPPLY, "ETH", 100 * WAD, None), (SET_COLLATERAL, "ETH", 1, None), (BORROW, "USD", 8_000 * 10**6, None))


def submit_permit(bundles: BundleWorld, permit: tuple[Any, ...]) -> None:
    """As somebody does who has seen it on its way."""
    _, *rest = permit
    bundles.permit_token.permit(SIGNER.address, bundles.bundler.address, *rest, sender=bundles.world.address["attacker"])


def submit(bundles: BundleWorld, authorisation: tuple[Any, ...]) -> None:
    pool = bundles.world.pool.address
    bundles.world.operators.set_operator_by_signature(pool, SIGNER.address, bundles.bundler.address, *authorisation)


@pytest.fixture
def rich(bundles: BundleWorld) -> BundleWorld:
    bundles.world.mint("borrower", "PMT", 1_000 * WAD)
    return bundles


@pytest.fixture
def strange(bundles: BundleWorld) -> BundleWorld:
    """The borrower has ETH, and has not approved the bundler."""
    bundles.world.set_operator("borrower", "bundler", False)
    bundles.world.mint("borrower", "ETH", 100 * WAD)
    return bundles


# ---------------------------------------------------------------- permits in a bundle


def test_permit__in_a_bundle__approves_what_it_takes(rich: BundleWorld) -> None:
    rich.bundle("borrower", (SUPPLY, "PMT", 300 * WAD, None), permits=[rich.permit(300 * WAD)])
    rich.in_ledger().supply("PMT", 300 * WAD, "borrower")
    assert rich.permit_token.allowance(SIGNER.address, rich.bundler.address) == 0
    rich.check()


def test_permit__submitted_before_by_somebody_else__is_passed_over(rich: BundleWorld) -> None:
    permit = rich.permit(300 * WAD)
    submit_permit(rich, permit)
    rich.bundle("borrower", (SUPPLY, "PMT", 300 * WAD, None), permits=[permit])
    rich.in_ledger().supply("PMT", 300 * WAD, "borrower")
    rich.check()


@pytest.mark.parametrize("fault", ["another signer", "expired", "another amount", "another spender", "used"])
def test_permit__that_fails_and_is_not_there__reverts(rich: BundleWorld, fault: str) -> None:
    permit = {
        "another signer": lambda: rich.permit(300 * WAD, signer=THIEF),
        "expired": lambda: rich.permit(300 * WAD, deadline=boa.env.timestamp - 1),
        "another amount": lambda: (*rich.permit(299 * WAD)[:1], 300 * WAD, *rich.permit(299 * WAD)[2:]),
        "another spender": lambda: rich.permit(300 * WAD, spender=rich.world.address["attacker"]),
        "used": lambda: rich.permit(300 * WAD, nonce=1),
    }[fault]()
    with boa.reverts("bundler: permit failed"):
        rich.bundle("borrower", (SUPPLY, "PMT", 300 * WAD, None), permits=[permit])


def test_permit__allowance_of_a_unit_less__reverts(rich: BundleWorld) -> None:
    permit = rich.permit(300 * WAD)
    submit_permit(rich, permit)
    rich.permit_token.approve(rich.bundler.address, 300 * WAD - 1, sender=SIGNER.address)
    with boa.reverts("bundler: permit failed"):
        rich.bundle("borrower", (SUPPLY, "PMT", 1, None), permits=[permit])


@pytest.mark.parametrize("submitted", [False, True])
def test_permit__of_somebody_else__gives_the_thief_nothing(rich: BundleWorld, submitted: bool) -> None:
    """A permit read from the queue, or used already: the bundler pulls from its caller, whoever signed."""
    permit = rich.permit(300 * WAD)
    if submitted:
        submit_permit(rich, permit)
    with boa.reverts("bundler: permit failed"):
        rich.bundle("attacker", (PULL, "PMT", 300 * WAD, None), permits=[permit])
    with boa.reverts("bundler: transfer failed"):
        rich.bundle("attacker", (PULL, "PMT", 300 * WAD, "borrower"))
    assert rich.world.balance("attacker", "PMT") == 0


def test_permit__swallowed_by_a_token_that_has_none__approves_nothing(bundles: BundleWorld) -> None:
    """Wrapped coin answers any call. What counts is the allowance at the transfer."""
    bundles.wrap("borrower", WAD)
    bundles.weth.approve(bundles.bundler.address, 0, sender=SIGNER.address)
    phantom = (bundles.weth.address, WAD, MAX, 27, bytes(32), bytes(32))
    with boa.reverts("bundler: transfer failed"):
        bundles.bundle("borrower", (SUPPLY, "WETH", WAD, None), permits=[phantom])


def test_permits__four_in_a_bundle__each_count(bundles: BundleWorld) -> None:
    tokens = [load("testing/PermitToken.vy").deploy(f"P{index}", f"P{index}", 18) for index in range(4)]
    permits = []
    for index, token in enumerate(tokens):
        name = f"P{index}"
        bundles.world.add(name, token=token)
        bundles.world.seed("keeper", name, WAD)
        bundles.world.mint("borrower", name, WAD)
        permits.append((token.address, *bundles.permit(WAD)[1:]))
    bundles.bundle("borrower", *[(SUPPLY, f"P{index}", WAD, None) for index in range(4)], permits=permits)
    for index in range(4):
        bundles.in_ledger().supply(f"P{index}", WAD, "borrower")
    bundles.check()


# ---------------------------------------------------------------- the bundler as operator, by signature


def test_authorisation__in_a_bundle__opens_for_good(strange: BundleWorld) -> None:
    strange.bundle("borrower", *OPEN, authorisations=[strange.authorisation(True, nonce=1)])
    assert strange.is_operator()
    assert strange.world.balance("borrower", "USD") == 8_000 * 10**6


def test_authorisation__with_its_revocation__opens_for_this_bundle_alone(strange: BundleWorld) -> None:
    """In whatever order they are listed: approvals count before the actions, revocations after them."""
    both = [strange.authorisation(False, nonce=2), strange.authorisation(True, nonce=1)]
    strange.bundle("borrower", *OPEN, authorisations=both)
    assert not strange.is_operator()
    assert strange.world.balance("borrower", "USD") == 8_000 * 10**6
    with boa.reverts("pool: not operator"):
        strange.bundle("borrower", (BORROW, "USD", 100 * 10**6, None))


def test_authorisation__without_one__reverts(strange: BundleWorld) -> None:
    with boa.reverts("pool: not operator"):
        strange.bundle("borrower", *OPEN)


def test_authorisation__submitted_before_by_somebody_else__is_passed_over(strange: BundleWorld) -> None:
    authorisation = strange.authorisation(True, nonce=1)
    submit(strange, authorisation)
    strange.bundle("borrower", *OPEN, authorisations=[authorisation, strange.authorisation(False, nonce=2)])
    assert not strange.is_operator()


def test_authorisation__both_submitted_before__reverts(strange: BundleWorld) -> None:
    both = [strange.authorisation(True, nonce=1), strange.authorisation(False, nonce=2)]
    for authorisation in both:
        submit(strange, authorisation)
    with boa.reverts("bundler: not authorised"):
        strange.bundle("borrower", *OPEN, authorisations=both)
    # without signatures, by a call of his own
    strange.world.set_operator("borrower", "bundler")
    strange.bundle("borrower", *OPEN)


@pytest.mark.parametrize("fault", ["another signer", "expired", "another pool", "another operator", "another account", "used"])
def test_authorisation__that_fails_and_is_not_there__reverts(strange: BundleWorld, fault: str) -> None:
    attacker = strange.world.address["attacker"]
    authorisation = {
        "another signer": lambda: strange.authorisation(True, nonce=1, signer=THIEF),
        "expired": lambda: strange.authorisation(True, nonce=1, deadline=boa.env.timestamp - 1),
        "another pool": lambda: strange.authorisation(True, nonce=1, pool=attacker),
        "another operator": lambda: strange.authorisation(True, nonce=1, operator=attacker),
        "another account": lambda: strange.authorisation(True, nonce=1, account=attacker),
        "used": lambda: strange.authorisation(True, nonce=0),
    }[fault]()
    with boa.reverts("bundler: not authorised"):
        strange.bundle("borrower", *OPEN, authorisations=[authorisation])


def test_authorisation__revocation_that_fails__reverts(bundles: BundleWorld) -> None:
    """Who has been promised that the bundler is no longer his operator must not find it is."""
    with boa.reverts("bundler: not authorised"):
        bundles.bundle("borrower", authorisations=[bundles.authorisation(False, nonce=7)])
    bundles.bundle("borrower", authorisations=[bundles.authorisation(False)])
    assert not bundles.is_operator()
    # as it says already
    bundles.bundle("borrower", authorisations=[bundles.authorisation(False)])


def test_authorisation__of_somebody_else__is_no_use_to_the_thief(strange: BundleWorld) -> None:
    authorisation = strange.authorisation(True, nonce=1)
    with boa.reverts("bundler: not authorised"):
        strange.bundle("attacker", (WITHDRAW, "ETH", 1, None), authorisations=[authorisation])
    # submitted to the registry it makes the bundler the signer's operator, for the signer's calls
    submit(strange, authorisation)
    with boa.reverts("pool: not operator"):
        strange.bundle("attacker", (WITHDRAW, "ETH", 1, None))


def test_authorisation__of_a_wallet_that_is_a_contract__by_what_it_signs(bundles: BundleWorld) -> None:
    """Three owners' signatures in one, for an account that is a contract and bundles itself."""
    world, wallet = bundles.world, load("testing/SigningWallet.vy").deploy()
    world.address["keeper"] = wallet.address
    world.mint("keeper", "ETH", 100 * WAD)
    wallet.make(world.address["ETH"], world.token["ETH"].approve.prepare_calldata(bundles.bundler.address, MAX))
    order = Order(world.pool.address, wallet.address, bundles.bundler.address)
    wallet.sign(order.digest(world.operators), b"\x5a" * 195)
    authorisation = (True, 0, MAX, b"\x5a" * 195)
    bundle = bundles.bundler.bundle.prepare_calldata(world.pool.address, bundles.encoded(OPEN), [], [authorisation])
    wallet.make(bundles.bundler.address, bundle)
    assert bundles.is_operator("keeper")
    assert world.balance("keeper", "USD") == 8_000 * 10**6
    ledger = bundles.in_ledger()
    ledger.supply("ETH", 100 * WAD, "keeper")
    ledger.set_collateral("ETH", True, "keeper")
    ledger.borrow("USD", 8_000 * 10**6, "keeper")
    bundles.check()


# ---------------------------------------------------------------- the two calls with a permit


@pytest.mark.parametrize("amount", [300 * WAD, MAX])
@pytest.mark.parametrize("submitted", [False, True])
def test_supply_with_permit__pulls_and_supplies(rich: BundleWorld, amount: int, submitted: bool) -> None:
    rich.world.set_operator("borrower", "bundler", False)
    supplied = min(amount, 1_000 * WAD)
    permit = rich.permit(supplied)
    if submitted:
        submit_permit(rich, permit)
    shares = rich.bundler.supply_with_permit(rich.world.pool.address, amount, permit, sender=SIGNER.address)
    assert shares == rich.in_ledger().supply("PMT", supplied, "borrower")
    assert rich.world.balance("borrower", "PMT") == 1_000 * WAD - supplied
    rich.check()


@pytest.mark.parametrize("amount", [0, 1_001 * WAD])
def test_supply_with_permit__nothing_or_too_much__reverts(rich: BundleWorld, amount: int) -> None:
    with boa.reverts("bundler: transfer failed" if amount else "pool: zero amount"):
        rich.bundler.supply_with_permit(rich.world.pool.address, amount, rich.permit(2_000 * WAD), sender=SIGNER.address)


def test_supply_with_permit__of_somebody_else__reverts(rich: BundleWorld) -> None:
    with boa.reverts("bundler: permit failed"):
        rich.bundler.supply_with_permit(rich.world.pool.address, WAD, rich.permit(WAD), sender=rich.world.address["attacker"])


@pytest.mark.parametrize("asked", ["part", "debt", "more", "all"])
@pytest.mark.parametrize("submitted", [False, True])
def test_repay_with_permit__takes_the_debt_at_most(bundles: BundleWorld, asked: str, submitted: bool) -> None:
    world = bundles.world
    world.open("borrower", "ETH", 100 * WAD, "PMT", 8_000 * WAD)
    world.travel(30 * 86_400)
    world.set_operator("borrower", "bundler", False)
    world.mint("borrower", "PMT", 2_000 * WAD)
    debt = world.ledger_now().debt_of("borrower", "PMT")
    amount = {"part": debt - 1, "debt": debt, "more": debt + 1, "all": MAX}[asked]
    permit = bundles.permit(10_000 * WAD)
    if submitted:
        submit_permit(bundles, permit)
    repaid = bundles.bundler.repay_with_permit(world.pool.address, amount, permit, sender=SIGNER.address)
    assert repaid == min(amount, debt) == bundles.in_ledger().repay("PMT", amount, "borrower", "borrower")
    assert world.balance("borrower", "PMT") == 10_000 * WAD - repaid
    bundles.check()


def test_repay_with_permit__without_debt__reverts(rich: BundleWorld) -> None:
    with boa.reverts("pool: zero amount"):
        rich.bundler.repay_with_permit(rich.world.pool.address, MAX, rich.permit(MAX), sender=SIGNER.address)
