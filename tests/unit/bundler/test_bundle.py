from typing import Any

import boa
import pytest
from eth.exceptions import Revert
from eth_abi import encode
from eth_utils import function_signature_to_4byte_selector as selector

from plimsoll.reference.pool import MAX, Refused
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
    BundleWorld,
)

ETH_100 = 100 * WAD
USD_8000 = 8_000 * 10**6
DOLLAR = 10**6


def test_constructor__names_its_registry_and_wrapper(bundles: BundleWorld) -> None:
    assert bundles.bundler.operators() == bundles.world.operators.address
    assert bundles.bundler.WETH9() == bundles.weth.address


# ---------------------------------------------------------------- opening


def test_bundle__supply_enable_borrow__is_what_three_calls_do(bundles: BundleWorld) -> None:
    world = bundles.world
    world.mint("borrower", "ETH", ETH_100)
    bundles.bundle("borrower", (SUPPLY, "ETH", ETH_100, None), (SET_COLLATERAL, "ETH", 1, None), (BORROW, "USD", USD_8000, None))
    ledger = bundles.in_ledger()
    ledger.supply("ETH", ETH_100, "borrower")
    ledger.set_collateral("ETH", True, "borrower")
    ledger.borrow("USD", USD_8000, "borrower")
    assert (world.balance("borrower", "ETH"), world.balance("borrower", "USD")) == (0, USD_8000)
    bundles.check()


def test_bundle__borrow_first__is_judged_at_the_end(bundles: BundleWorld) -> None:
    """In this order the pool refuses the first of the three calls."""
    world = bundles.world
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", USD_8000)
    world.mint("borrower", "ETH", ETH_100)
    bundles.bundle("borrower", (BORROW, "USD", USD_8000, None), (SET_COLLATERAL, "ETH", 1, None), (SUPPLY, "ETH", ETH_100, None))
    ledger = bundles.in_ledger()
    ledger.set_collateral("ETH", True, "borrower")
    ledger.supply("ETH", ETH_100, "borrower")
    ledger.borrow("USD", USD_8000, "borrower")
    bundles.check()


@pytest.mark.parametrize("too_much", [0, 1])
def test_bundle__to_the_limit_and_beyond__is_refused_by_a_unit(bundles: BundleWorld, too_much: int) -> None:
    """100 ETH at 200, LTV 75 %, 80 % of it: 12,000."""
    world, limit = bundles.world, 12_000 * DOLLAR
    world.mint("borrower", "ETH", ETH_100)
    actions = ((SUPPLY, "ETH", ETH_100, None), (SET_COLLATERAL, "ETH", 1, None), (BORROW, "USD", limit + too_much, None))
    if too_much:
        with boa.reverts("pool: over limit"):
            bundles.bundle("borrower", *actions)
        assert world.balance("borrower", "ETH") == ETH_100
        assert world.pool.positions(world.address["borrower"]) == (0, [])
    else:
        bundles.bundle("borrower", *actions)
        assert world.balance("borrower", "USD") == limit


def test_bundle__collateral_exchanged_under_a_debt__needs_one_check(indebted: BundleWorld) -> None:
    """100 ETH out first, which alone the pool refuses; 1 BTC (20,000 at 70 %) in."""
    world = indebted.world
    with pytest.raises(Refused, match="pool: over limit"):
        world.withdraw("borrower", "ETH", MAX)
    world.mint("borrower", "BTC", 10**8)
    indebted.bundle(
        "borrower",
        (WITHDRAW, "ETH", MAX, "keeper"),
        (SET_COLLATERAL, "ETH", 0, None),
        (SET_COLLATERAL, "BTC", 1, None),
        (SUPPLY, "BTC", 10**8, None),
    )
    ledger = indebted.in_ledger()
    ledger.supply("BTC", 10**8, "borrower")
    ledger.set_collateral("BTC", True, "borrower")
    out = ledger.withdraw("ETH", MAX, "borrower")
    ledger.set_collateral("ETH", False, "borrower")
    # nobody has borrowed ETH, and the pool rounds in its own favour
    assert ETH_100 - 1 <= world.balance("keeper", "ETH") == out <= ETH_100
    indebted.check()


@pytest.mark.parametrize("account", ["borrower", "attacker"])
def test_bundle__without_the_bundler_as_operator__reverts(bundles: BundleWorld, account: str) -> None:
    bundles.world.set_operator("borrower", "bundler", False)
    bundles.world.mint(account, "ETH", ETH_100)
    for action in (
        (WITHDRAW, "ETH", 1, None),
        (BORROW, "USD", USD_8000, None),
        (SET_COLLATERAL, "ETH", 1, None),
        (REPAY_WITH_SHARES, "USD", 1, None),
        (TRANSFER_SHARES, "ETH", 1, "keeper"),
    ):
        with boa.reverts("pool: not operator"):
            bundles.bundle(account, (SUPPLY, "ETH", ETH_100, None), action)


def test_bundle__of_payments_alone__needs_no_operator(indebted: BundleWorld) -> None:
    world = indebted.world
    world.set_operator("borrower", "bundler", False)
    world.mint("borrower", "USD", 9_000 * DOLLAR)
    world.mint("borrower", "ETH", WAD)
    indebted.bundle("borrower", (REPAY, "USD", 1_000 * DOLLAR, None), (SUPPLY, "ETH", WAD, None))
    ledger = indebted.in_ledger()
    assert ledger.repay("USD", 1_000 * DOLLAR, "borrower", "borrower") == 1_000 * DOLLAR
    ledger.supply("ETH", WAD, "borrower")
    indebted.check()


def test_bundle__another_account__cannot_be_named(indebted: BundleWorld) -> None:
    """Whoever has approved the bundler has approved it for his own calls: the attacker's actions are the attacker's."""
    world = indebted.world
    world.set_operator("attacker", "bundler")
    for action in ((WITHDRAW, "ETH", 1, "attacker"), (TRANSFER_SHARES, "ETH", 1, "attacker")):
        with boa.reverts():
            indebted.bundle("attacker", action)
    for actions in (
        [(BORROW, "USD", 100 * DOLLAR, "borrower")],
        [(PULL, "ETH", 1, "borrower")],
        [(REPAY_WITH_SHARES, "USD", DOLLAR, "borrower")],
    ):
        with boa.reverts():
            indebted.bundle("attacker", *actions)
    indebted.check()


# ---------------------------------------------------------------- single actions


@pytest.mark.parametrize("party", [None, "borrower", "keeper"])
def test_supply__for_a_party__from_the_callers_wallet(bundles: BundleWorld, party: str | None) -> None:
    bundles.world.mint("borrower", "BTC", 12_345)
    bundles.bundle("borrower", (SUPPLY, "BTC", 12_345, party))
    bundles.in_ledger().supply("BTC", 12_345, party or "borrower")
    assert bundles.world.balance("borrower", "BTC") == 0
    bundles.check()


def test_supply__all__is_all_that_is_held_and_no_more(bundles: BundleWorld) -> None:
    world = bundles.world
    world.mint("borrower", "BTC", 1_000)
    bundles.bundle("borrower", (PULL, "BTC", 400, None), (SUPPLY, "BTC", MAX, None))
    bundles.in_ledger().supply("BTC", 400, "borrower")
    assert world.balance("borrower", "BTC") == 600
    bundles.check()


def test_supply__of_what_is_held_in_part__pulls_the_rest(bundles: BundleWorld) -> None:
    world = bundles.world
    world.mint("borrower", "BTC", 1_000)
    bundles.bundle("borrower", (PULL, "BTC", 400, None), (SUPPLY, "BTC", 700, None), (PULL, "BTC", 100, None), (SUPPLY, "BTC", 50, None))
    ledger = bundles.in_ledger()
    for amount in (700, 50):
        ledger.supply("BTC", amount, "borrower")
    assert world.balance("borrower", "BTC") == 250
    bundles.check()


def test_pull__all__is_the_whole_wallet_and_comes_back(bundles: BundleWorld) -> None:
    world = bundles.world
    world.mint("borrower", "BTC", 1_000)
    bundles.bundle("borrower", (PULL, "BTC", MAX, None))
    assert world.token["BTC"].get_logs()[0].amount == 1_000
    assert world.balance("borrower", "BTC") == 1_000
    bundles.check()


@pytest.mark.parametrize("action", [SUPPLY, REPAY, WITHDRAW, BORROW, REPAY_WITH_SHARES, TRANSFER_SHARES])
def test_action__of_nothing__reverts_as_in_the_pool(indebted: BundleWorld, action: int) -> None:
    with boa.reverts("pool: zero amount"):
        indebted.bundle("borrower", (action, "USD", 0, None))


def test_supply__all_of_nothing__reverts(bundles: BundleWorld) -> None:
    bundles.world.mint("borrower", "BTC", 1_000)
    with boa.reverts("pool: zero amount"):
        bundles.bundle("borrower", (SUPPLY, "BTC", MAX, None))


def test_supply__more_than_the_wallet_has__reverts(bundles: BundleWorld) -> None:
    bundles.world.mint("borrower", "BTC", 1_000)
    with boa.reverts("bundler: transfer failed"):
        bundles.bundle("borrower", (SUPPLY, "BTC", 1_001, None))
    with boa.reverts("bundler: transfer failed"):
        bundles.bundle("borrower", (SUPPLY, "BTC", MAX - 1, None))


@pytest.mark.parametrize("amount", ["part", "debt", "more", MAX])
def test_repay__at_most_the_debt__takes_no_more_from_the_wallet(indebted: BundleWorld, amount: Any) -> None:
    world = indebted.world
    debt = world.ledger_now().debt_of("borrower", "USD")
    assert debt > USD_8000
    before = world.balance("borrower", "USD") + 10_000 * DOLLAR
    world.mint("borrower", "USD", 10_000 * DOLLAR)
    asked = {"part": debt - 1, "debt": debt, "more": debt + 1}.get(amount, amount)
    indebted.bundle("borrower", (REPAY, "USD", asked, None))
    ledger = indebted.in_ledger()
    repaid = ledger.repay("USD", asked, "borrower", "borrower")
    assert repaid == min(asked, debt)
    assert world.balance("borrower", "USD") == before - repaid
    indebted.check()


def test_repay__of_what_is_held__sends_the_rest_back(indebted: BundleWorld) -> None:
    world = indebted.world
    debt = world.ledger_now().debt_of("borrower", "USD")
    world.mint("borrower", "USD", 50_000 * DOLLAR)
    before = world.balance("borrower", "USD")
    indebted.bundle("borrower", (PULL, "USD", MAX, None), (REPAY, "USD", MAX, None))
    indebted.in_ledger().repay("USD", MAX, "borrower", "borrower")
    assert world.balance("borrower", "USD") == before - debt
    indebted.check()


@pytest.mark.parametrize("amount", [1_000 * DOLLAR, 9_000 * DOLLAR, MAX - 1])
def test_repay__the_debt_of_a_party__by_anybody(indebted: BundleWorld, amount: int) -> None:
    world = indebted.world
    world.mint("keeper", "USD", 10_000 * DOLLAR)
    indebted.bundle("keeper", (REPAY, "USD", amount, "borrower"))
    repaid = indebted.in_ledger().repay("USD", amount, "borrower", "keeper")
    assert world.balance("keeper", "USD") == 10_000 * DOLLAR - repaid
    indebted.check()


def test_repay__all_of_the_debt_of_another__reverts(indebted: BundleWorld) -> None:
    """He could borrow more in front of it: `all` is for one's own debt, here as in the pool."""
    indebted.world.mint("keeper", "USD", 10_000 * DOLLAR)
    with boa.reverts("bundler: own debt only"):
        indebted.bundle("keeper", (REPAY, "USD", MAX, "borrower"))


def test_repay__without_debt__reverts(bundles: BundleWorld) -> None:
    bundles.world.mint("borrower", "USD", DOLLAR)
    with boa.reverts("pool: zero amount"):
        bundles.bundle("borrower", (REPAY, "USD", DOLLAR, None))


def test_repay__front_run_by_a_unit__still_clears_the_debt(indebted: BundleWorld) -> None:
    world = indebted.world
    world.repay("attacker", "USD", 2, "borrower")
    world.mint("borrower", "USD", 10_000 * DOLLAR)
    indebted.bundle("borrower", (REPAY, "USD", MAX, None), (WITHDRAW, "ETH", MAX, None))
    ledger = indebted.in_ledger()
    ledger.repay("USD", MAX, "borrower", "borrower")
    ledger.withdraw("ETH", MAX, "borrower")
    indebted.check()


def test_repay_with_shares__then_withdraw__closes_without_a_wallet(indebted: BundleWorld) -> None:
    world = indebted.world
    world.supply("borrower", "USD", 9_000 * DOLLAR)
    indebted.bundle("borrower", (REPAY_WITH_SHARES, "USD", MAX, None), (WITHDRAW, "ETH", MAX, None), (WITHDRAW, "USD", MAX, None))
    ledger = indebted.in_ledger()
    ledger.repay_with_shares("USD", MAX, "borrower", "borrower")
    ledger.withdraw("ETH", MAX, "borrower")
    left = ledger.withdraw("USD", MAX, "borrower")
    assert world.balance("borrower", "USD") == USD_8000 + left
    indebted.check()


def test_repay_with_shares__for_a_party__burns_the_callers(indebted: BundleWorld) -> None:
    world = indebted.world
    world.supply("keeper", "USD", 9_000 * DOLLAR)
    world.set_operator("keeper", "bundler")
    indebted.bundle("keeper", (REPAY_WITH_SHARES, "USD", 500 * DOLLAR, "borrower"))
    indebted.in_ledger().repay_with_shares("USD", 500 * DOLLAR, "borrower", "keeper")
    indebted.check()


@pytest.mark.parametrize("shares", [10**24, MAX])
def test_transfer_shares__to_a_party(bundles: BundleWorld, shares: int) -> None:
    world = bundles.world
    world.supply("borrower", "ETH", ETH_100)
    bundles.bundle("borrower", (TRANSFER_SHARES, "ETH", shares, "keeper"))
    bundles.in_ledger().transfer_shares("ETH", shares, "keeper", "borrower")
    bundles.check()


def test_transfer_shares__leaving_a_debt_behind__reverts(indebted: BundleWorld) -> None:
    with boa.reverts("pool: over limit"):
        indebted.bundle("borrower", (TRANSFER_SHARES, "ETH", MAX, "keeper"))


@pytest.mark.parametrize("amount", [1, 2, MAX])
def test_set_collateral__by_anything_but_zero__enables(bundles: BundleWorld, amount: int) -> None:
    bundles.bundle("borrower", (SET_COLLATERAL, "ETH", amount, None))
    bundles.in_ledger().set_collateral("ETH", True, "borrower")
    bundles.check()


@pytest.mark.parametrize("party", [None, "keeper"])
def test_withdraw_and_borrow__to_a_party__never_pass_through(indebted: BundleWorld, party: str | None) -> None:
    world, receiver = indebted.world, party or "borrower"
    before = world.balance(receiver, "USD"), world.balance(receiver, "ETH")
    indebted.bundle("borrower", (BORROW, "USD", 100 * DOLLAR, party), (WITHDRAW, "ETH", WAD, party))
    assert [event.receiver for kind in ("Borrow", "Withdraw") for event in all_logs(indebted, kind)] == [world.address[receiver]] * 2
    ledger = indebted.in_ledger()
    ledger.borrow("USD", 100 * DOLLAR, "borrower")
    ledger.withdraw("ETH", WAD, "borrower")
    assert (world.balance(receiver, "USD"), world.balance(receiver, "ETH")) == (before[0] + 100 * DOLLAR, before[1] + WAD)
    indebted.check()


def test_what_is_held__at_the_end__goes_to_the_caller(indebted: BundleWorld) -> None:
    world = indebted.world
    before = world.balance("borrower", "USD")
    indebted.bundle("borrower", (BORROW, "USD", 100 * DOLLAR, "bundler"), (WITHDRAW, "ETH", WAD, "bundler"), (PULL, "USD", 7, None))
    ledger = indebted.in_ledger()
    ledger.borrow("USD", 100 * DOLLAR, "borrower")
    ledger.withdraw("ETH", WAD, "borrower")
    assert (world.balance("borrower", "USD"), world.balance("borrower", "ETH")) == (before + 100 * DOLLAR, WAD)
    indebted.check()


def test_borrowed_and_held__repays_another_account__in_one_bundle(indebted: BundleWorld) -> None:
    """A debt moves from one account to another: the keeper borrows what the borrower owes."""
    world = indebted.world
    world.supply("keeper", "ETH", 1_000 * WAD)
    world.set_operator("keeper", "bundler")
    indebted.bundle(
        "keeper", (SET_COLLATERAL, "ETH", 1, None), (BORROW, "USD", 9_000 * DOLLAR, "bundler"), (REPAY, "USD", 9_000 * DOLLAR, "borrower")
    )
    ledger = indebted.in_ledger()
    ledger.set_collateral("ETH", True, "keeper")
    ledger.borrow("USD", 9_000 * DOLLAR, "keeper")
    repaid = ledger.repay("USD", 9_000 * DOLLAR, "borrower", "keeper")
    assert world.balance("keeper", "USD") == 9_000 * DOLLAR - repaid
    indebted.check()


@pytest.mark.parametrize("kind", [SUPPLY, TRANSFER_SHARES])
def test_supply_and_transfer_shares__for_the_bundler__reverts(bundles: BundleWorld, kind: int) -> None:
    """Shares of its own nobody could ever move."""
    bundles.world.mint("borrower", "ETH", WAD)
    bundles.world.supply("borrower", "ETH", WAD)
    with boa.reverts("bundler: bad party"):
        bundles.bundle("borrower", (kind, "ETH", 1_000, "bundler"))


# ---------------------------------------------------------------- the list itself


@pytest.mark.parametrize("kind", [0, 11, 2**255, MAX])
def test_bundle__unknown_kind__reverts(bundles: BundleWorld, kind: int) -> None:
    with boa.reverts("bundler: unknown action"):
        bundles.bundle("borrower", (kind, "ETH", 1, None))


def test_bundle__of_nothing__does_nothing(bundles: BundleWorld) -> None:
    bundles.bundle("attacker")
    bundles.check()


def test_bundle__of_sixteen__fits(bundles: BundleWorld) -> None:
    """Deferred, so that all of it goes through the pool and back."""
    bundles.world.mint("borrower", "BTC", 15 * 1_000)
    bundles.bundle("borrower", (SET_COLLATERAL, "BTC", 1, None), *[(SUPPLY, "BTC", 1_000, None)] * 15)
    ledger = bundles.in_ledger()
    ledger.set_collateral("BTC", True, "borrower")
    for _ in range(15):
        ledger.supply("BTC", 1_000, "borrower")
    bundles.check()


def test_bundle__of_seventeen__reverts(bundles: BundleWorld) -> None:
    bundles.world.mint("borrower", "BTC", 17 * 1_000)
    actions = bundles.encoded([(SUPPLY, "BTC", 1_000, None)] * 17)
    kind = "(uint256,address,uint256,address)[]"
    permit, authorisation = "(address,uint256,uint256,uint8,bytes32,bytes32)[]", "(bool,uint256,uint256,bytes)[]"
    head = selector(f"bundle(address,{kind},{permit},{authorisation})")
    body = encode(
        ["address", kind, permit, authorisation], [str(bundles.world.pool.address), [(a, str(b), c, str(d)) for a, b, c, d in actions], [], []]
    )
    with pytest.raises(Revert):
        boa.env.raw_call(bundles.bundler.address, data=head + body, sender=bundles.world.address["borrower"])


def test_bundle__anything_in_it_fails__nothing_of_it_happens(indebted: BundleWorld) -> None:
    world = indebted.world
    world.mint("borrower", "ETH", WAD)
    with boa.reverts("pool: insufficient supply"):
        indebted.bundle("borrower", (SUPPLY, "ETH", WAD, None), (BORROW, "USD", 100 * DOLLAR, None), (WITHDRAW, "BTC", MAX, None))
    assert world.balance("borrower", "ETH") == WAD
    indebted.check()


def test_bundle__the_same_again__works(bundles: BundleWorld) -> None:
    """The callback that one bundle expected is closed for the next one, and asked for anew."""
    bundles.world.mint("borrower", "ETH", 2 * ETH_100)
    for _ in range(2):
        bundles.bundle("borrower", (SUPPLY, "ETH", ETH_100, None), (SET_COLLATERAL, "ETH", 1, None))
    ledger = bundles.in_ledger()
    for _ in range(2):
        ledger.supply("ETH", ETH_100, "borrower")
        ledger.set_collateral("ETH", True, "borrower")
    bundles.check()


def all_logs(bundles: BundleWorld, kind: str) -> list[Any]:
    """The pool's events of the bundler's last call."""
    return [event for event in bundles.bundler.get_logs() if type(event).__name__ == kind]


def test_wrap_and_unwrap__there_and_back(bundles: BundleWorld) -> None:
    bundles.give_coin("borrower", WAD)
    bundles.bundle("borrower", (WRAP, None, MAX, None), (UNWRAP, None, 3 * 10**17, None), value=WAD)
    assert (bundles.coin("borrower"), bundles.weth.balanceOf(bundles.world.address["borrower"])) == (3 * 10**17, 7 * 10**17)
    bundles.check()
