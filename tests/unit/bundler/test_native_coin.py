"""The coin over the reserve of wrapped coin: in a bundle, and in the four calls."""

import boa
import pytest
from eth.exceptions import Revert

from plimsoll.reference.pool import MAX
from tests.conftest import load
from tests.unit.bundler.conftest import BORROW, REPAY, SET_COLLATERAL, SUPPLY, UNWRAP, WAD, WITHDRAW, WRAP, BundleWorld

ETH_100 = 100 * WAD


@pytest.fixture
def owing(bundles: BundleWorld) -> BundleWorld:
    """The borrower has 1 BTC (20,000) as collateral and owes 10 WETH (2,000), a month later."""
    bundles.world.open("borrower", "BTC", 10**8, "WETH", 10 * WAD)
    bundles.world.travel(30 * 86_400)
    return bundles


def wrapped(bundles: BundleWorld, name: str) -> int:
    return int(bundles.weth.balanceOf(bundles.world.address[name]))


# ---------------------------------------------------------------- in a bundle


def test_bundle__wraps_the_coin_and_borrows_on_it(bundles: BundleWorld) -> None:
    bundles.give_coin("borrower", ETH_100 + 5)
    bundles.bundle(
        "borrower",
        (WRAP, None, ETH_100, None),
        (SUPPLY, "WETH", MAX, None),
        (SET_COLLATERAL, "WETH", 1, None),
        (BORROW, "USD", 8_000 * 10**6, None),
        value=ETH_100 + 5,
    )
    ledger = bundles.in_ledger()
    ledger.supply("WETH", ETH_100, "borrower")
    ledger.set_collateral("WETH", True, "borrower")
    ledger.borrow("USD", 8_000 * 10**6, "borrower")
    assert (bundles.coin("borrower"), wrapped(bundles, "borrower")) == (5, 0)
    bundles.check()


def test_bundle__repays_and_withdraws_in_coin(owing: BundleWorld) -> None:
    world = owing.world
    world.supply("keeper", "ETH", WAD)
    debt = world.ledger_now().debt_of("borrower", "WETH")
    assert debt > 10 * WAD == wrapped(owing, "borrower")
    owing.give_coin("borrower", 20 * WAD)
    # what is wrapped and not needed comes back as wrapped coin, or unwrapped
    owing.bundle("borrower", (WRAP, None, MAX, None), (REPAY, "WETH", MAX, None), (UNWRAP, None, MAX, None), value=20 * WAD)
    owing.in_ledger().repay("WETH", MAX, "borrower", "borrower")
    assert (owing.coin("borrower"), wrapped(owing, "borrower")) == (20 * WAD - debt, 10 * WAD)
    owing.check()


def test_bundle__wrapped_and_left__comes_back_wrapped(bundles: BundleWorld) -> None:
    bundles.give_coin("borrower", WAD)
    bundles.bundle("borrower", (WRAP, None, 4, None), value=WAD)
    assert (bundles.coin("borrower"), wrapped(bundles, "borrower")) == (WAD - 4, 4)
    bundles.check()


def test_bundle__borrows_in_coin(bundles: BundleWorld) -> None:
    world = bundles.world
    world.supply("borrower", "BTC", 10**8)
    bundles.give_coin("borrower", 0)
    actions = ((SET_COLLATERAL, "BTC", 1, None), (BORROW, "WETH", 10 * WAD, "bundler"), (UNWRAP, None, MAX, None))
    bundles.bundle("borrower", *actions)
    ledger = bundles.in_ledger()
    ledger.set_collateral("BTC", True, "borrower")
    ledger.borrow("WETH", 10 * WAD, "borrower")
    assert (bundles.coin("borrower"), wrapped(bundles, "borrower")) == (10 * WAD, 0)
    bundles.check()


def test_bundle__coin_that_no_action_uses__comes_back(bundles: BundleWorld) -> None:
    bundles.give_coin("attacker", WAD)
    bundles.bundle("attacker", value=WAD)
    assert bundles.coin("attacker") == WAD
    bundles.check()


@pytest.mark.parametrize("kind", [WRAP, UNWRAP])
@pytest.mark.parametrize("amount", [0, MAX])
def test_bundle__all_of_nothing__is_nothing(bundles: BundleWorld, kind: int, amount: int) -> None:
    bundles.bundle("attacker", (kind, None, amount, None))
    bundles.check()


@pytest.mark.parametrize("kind", [WRAP, UNWRAP])
def test_bundle__more_coin_than_there_is__reverts(bundles: BundleWorld, kind: int) -> None:
    bundles.give_coin("borrower", WAD)
    with boa.reverts():
        bundles.bundle("borrower", (kind, None, WAD + 1, None), value=WAD)
    assert bundles.coin("borrower") == WAD


# ---------------------------------------------------------------- the four calls


def test_supply_native__supplies_all_of_it(bundles: BundleWorld) -> None:
    bundles.world.set_operator("borrower", "bundler", False)
    bundles.give_coin("borrower", WAD)
    shares = bundles.bundler.supply_native(bundles.world.pool.address, value=WAD, sender=bundles.world.address["borrower"])
    assert shares == bundles.in_ledger().supply("WETH", WAD, "borrower")
    assert (bundles.coin("borrower"), wrapped(bundles, "borrower")) == (0, 0)
    bundles.check()


def test_supply_native__of_nothing__reverts(bundles: BundleWorld) -> None:
    with boa.reverts("pool: zero amount"):
        bundles.bundler.supply_native(bundles.world.pool.address, sender=bundles.world.address["borrower"])


@pytest.mark.parametrize("extra", [-1, 0, 1, 10**20])
def test_repay_native__at_most_the_debt__sends_the_rest_back(owing: BundleWorld, extra: int) -> None:
    world = owing.world
    world.set_operator("borrower", "bundler", False)
    debt = world.ledger_now().debt_of("borrower", "WETH")
    owing.give_coin("borrower", debt + extra)
    repaid = owing.bundler.repay_native(world.pool.address, value=debt + extra, sender=world.address["borrower"])
    assert repaid == min(debt + extra, debt) == owing.in_ledger().repay("WETH", debt + extra, "borrower", "borrower")
    assert (owing.coin("borrower"), wrapped(owing, "borrower")) == (max(extra, 0), 10 * WAD)
    owing.check()


def test_repay_native__without_debt_or_coin__reverts(owing: BundleWorld) -> None:
    owing.give_coin("attacker", WAD)
    with boa.reverts("pool: zero amount"):
        owing.bundler.repay_native(owing.world.pool.address, value=WAD, sender=owing.world.address["attacker"])
    with boa.reverts("pool: zero amount"):
        owing.bundler.repay_native(owing.world.pool.address, sender=owing.world.address["borrower"])


@pytest.mark.parametrize("amount", [WAD, MAX])
def test_withdraw_native__to_a_receiver(bundles: BundleWorld, amount: int) -> None:
    world = bundles.world
    bundles.wrap("borrower", 3 * WAD)
    world.supply("borrower", "WETH", 3 * WAD, fund=False)
    bundles.give_coin("keeper", 0)
    with boa.env.prank(world.address["borrower"]):
        withdrawn = bundles.bundler.withdraw_native(world.pool.address, amount, world.address["keeper"])
    assert withdrawn == bundles.in_ledger().withdraw("WETH", amount, "borrower")
    assert (bundles.coin("keeper"), wrapped(bundles, "keeper")) == (withdrawn, 0)
    bundles.check()


def test_borrow_native__to_a_receiver(bundles: BundleWorld) -> None:
    world = bundles.world
    world.supply("borrower", "BTC", 10**8)
    world.enable("borrower", "BTC")
    bundles.give_coin("keeper", 0)
    with boa.env.prank(world.address["borrower"]):
        bundles.bundler.borrow_native(world.pool.address, 10 * WAD, world.address["keeper"])
    bundles.in_ledger().borrow("WETH", 10 * WAD, "borrower")
    assert bundles.coin("keeper") == 10 * WAD
    bundles.check()


def test_borrow_and_withdraw_native__health_is_checked_at_once(owing: BundleWorld) -> None:
    world = owing.world
    owing.wrap("keeper", 100 * WAD)
    world.supply("keeper", "WETH", 100 * WAD, fund=False)
    world.enable("keeper", "WETH")
    world.borrow("keeper", "USD", 10_000 * 10**6)
    world.set_operator("keeper", "bundler")
    for by, call in (("keeper", "withdraw_native"), ("borrower", "borrow_native")):
        with boa.reverts("pool: over limit"), boa.env.prank(world.address[by]):
            getattr(owing.bundler, call)(world.pool.address, 99 * WAD, world.address[by])


@pytest.mark.parametrize("call", ["withdraw_native", "borrow_native"])
def test_withdraw_and_borrow_native__without_the_bundler_as_operator__reverts(owing: BundleWorld, call: str) -> None:
    with boa.reverts("pool: not operator"), boa.env.prank(owing.world.address["attacker"]):
        getattr(owing.bundler, call)(owing.world.pool.address, WAD, owing.world.address["attacker"])


@pytest.mark.parametrize("call", ["withdraw_native", "borrow_native"])
def test_withdraw_and_borrow_native__receiver_takes_no_coin__reverts(owing: BundleWorld, call: str) -> None:
    world, by = owing.world, "borrower"
    if call == "withdraw_native":
        by = "keeper"
        owing.wrap("keeper", 2 * WAD)
        world.supply("keeper", "WETH", 2 * WAD, fund=False)
        world.set_operator("keeper", "bundler")
    with boa.reverts("STE"), boa.env.prank(world.address[by]):
        getattr(owing.bundler, call)(world.pool.address, WAD, world.pool.address)


# ---------------------------------------------------------------- who may send coin here


@pytest.mark.parametrize("data", [b"", b"\x12\x34\x56\x78"])
def test_coin__from_anyone_but_the_wrapper__is_refused(bundles: BundleWorld, data: bytes) -> None:
    bundles.give_coin("attacker", WAD)
    with pytest.raises(Revert):
        boa.env.raw_call(bundles.bundler.address, data=data, value=1, sender=bundles.world.address["attacker"])
    bundles.check()


@pytest.mark.parametrize("call", ["withdraw_native", "borrow_native", "on_deferred", "supply_with_permit", "repay_with_permit"])
def test_coin__along_with_a_call_that_needs_none__is_refused(bundles: BundleWorld, call: str) -> None:
    pool, attacker = bundles.world.pool.address, bundles.world.address["attacker"]
    arguments = {
        "on_deferred": (attacker, b""),
        "supply_with_permit": (pool, 1, bundles.permit(1)),
        "repay_with_permit": (pool, 1, bundles.permit(1)),
    }
    bundles.give_coin("attacker", WAD)
    data = getattr(bundles.bundler, call).prepare_calldata(*arguments.get(call, (pool, 1, attacker)))
    with pytest.raises(Revert):
        boa.env.raw_call(bundles.bundler.address, data=data, value=1, sender=attacker)


def test_coin__forced_here__stops_nobody_who_takes_none(bundles: BundleWorld) -> None:
    """A contract that takes no coin bundles on; who asks for coin gets what lies there too."""
    world, wallet = bundles.world, load("testing/SigningWallet.vy").deploy()
    world.address["keeper"] = wallet.address
    boa.env.set_balance(bundles.bundler.address, 7)
    with boa.env.prank(wallet.address):
        world.token["ETH"].approve(bundles.bundler.address, MAX)
    world.set_operator("keeper", "bundler")
    world.mint("keeper", "ETH", ETH_100)
    bundles.bundle("keeper", (SUPPLY, "ETH", ETH_100, None), (SET_COLLATERAL, "ETH", 1, None), (BORROW, "USD", 8_000 * 10**6, None))
    assert world.balance("keeper", "USD") == 8_000 * 10**6
    with boa.reverts("STE"):
        bundles.bundle("keeper", (BORROW, "WETH", WAD, "bundler"), (UNWRAP, None, MAX, None))
    bundles.bundle("keeper", (WITHDRAW, "ETH", WAD, None))
    bundles.give_coin("attacker", 1)
    bundles.bundle("attacker", (WRAP, None, MAX, None), value=1)
    assert wrapped(bundles, "attacker") == 8
    assert bundles.held() == {}
