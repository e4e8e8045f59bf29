"""`defer`: the checks of one account's health are put off to the end, and nothing else is."""

from collections.abc import Callable
from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference.pool import MAX, WAD, Pool, Refused
from tests.conftest import load
from tests.pool_world import Inside, World
from tests.unit.operators.conftest import Order

DOLLAR = 10**6
ETH_100 = 100 * 10**18
USD_8000 = 8_000 * DOLLAR


@pytest.fixture
def deferring(world: World) -> World:
    """The attacker is a contract that defers and acts, with tokens of its own."""
    world.with_actor()
    for asset in world.token:
        world.token[asset].approve(world.pool.address, MAX, sender=world.address["attacker"])
    world.mint("attacker", "USD", 100_000 * DOLLAR)
    world.mint("attacker", "ETH", 1_000 * 10**18)
    world.mint("attacker", "BTC", 10**8)
    return world


@pytest.fixture
def in_debt(deferring: World) -> World:
    """The attacker has 100 ETH (20,000) as collateral and owes 8,000 USD of at most 12,000."""
    deferring.supply("attacker", "ETH", ETH_100, fund=False)
    deferring.enable("attacker", "ETH")
    deferring.borrow("attacker", "USD", USD_8000)
    return deferring


def step(action: str, *arguments: Any, must: bool = True) -> Inside:
    """An action of the attacker; an account other than its own is the last argument, where the pool takes one."""

    def in_ledger(ledger: Pool) -> Any:
        by = "attacker"
        if action in ("supply", "repay"):
            asset, amount, account = arguments
            return ledger.supply(asset, amount, account) if action == "supply" else ledger.repay(asset, amount, account, by)
        if action in ("withdraw", "borrow"):
            asset, amount, _, *account = arguments
            return getattr(ledger, action)(asset, amount, *(account or [by]), by)
        if action == "set_collateral":
            asset, enabled, *account = arguments
            return ledger.set_collateral(asset, enabled, *(account or [by]), by)
        if action in ("transfer_shares", "repay_with_shares"):
            asset, amount, other, *account = arguments
            return getattr(ledger, action)(asset, amount, other, *(account or [by]), by)
        assert action == "accrue"
        return ledger.accrue(*arguments)

    return Inside(action, arguments, in_ledger, must)


def supply(asset: str, amount: int, account: str = "attacker") -> Inside:
    return step("supply", asset, amount, account)


def withdraw(asset: str, amount: int, *account: str) -> Inside:
    return step("withdraw", asset, amount, "attacker", *account)


def borrow(asset: str, amount: int, *account: str) -> Inside:
    return step("borrow", asset, amount, "attacker", *account)


def repay(asset: str, amount: int, account: str = "attacker") -> Inside:
    return step("repay", asset, amount, account)


def enable(asset: str, *account: str) -> Inside:
    return step("set_collateral", asset, True, *account)


def disable(asset: str, *account: str) -> Inside:
    return step("set_collateral", asset, False, *account)


def calls(world: World, *inside: Inside) -> bytes:
    """The data of a deferral of the attacker's."""
    return world._calls(inside)


def in_one_transaction(world: World, *calls: tuple[bytes, bool]) -> Any:
    """Calls of the attacker's contract, one after the other; those that must not succeed may fail alone. Who made them."""
    driver = load("testing/FlashBorrower.vy").deploy()
    world.token["USD"].mint(driver.address, DOLLAR)
    forward = world.actor.forward.prepare_calldata
    driver.set_calls([(world.actor.address, forward(world.pool.address, payload), must) for payload, must in calls])
    world.pool.flashLoan(driver.address, world.address["USD"], 1, b"")
    return driver


# ---------------------------------------------------------------- what it is for


def test_defer__in_the_worst_order__is_judged_at_the_end(deferring: World) -> None:
    steps = [borrow("USD", USD_8000), enable("ETH"), supply("ETH", ETH_100)]
    for index in range(3):
        with boa.env.anchor(), pytest.raises(Refused, match="pool: over limit"):
            deferring.copy().defer("attacker", steps[: index + 1] if index < 2 else [steps[0]])
    deferring.defer("attacker", steps)
    deferring.check()
    assert deferring.pool.debt_of(deferring.address["attacker"], deferring.address["USD"]) == USD_8000


def test_defer__collateral_exchanged__needs_no_tokens_of_both(in_debt: World) -> None:
    in_debt.defer("attacker", [withdraw("ETH", MAX), disable("ETH"), supply("BTC", 10**8), enable("BTC")])
    in_debt.check()
    assert in_debt.pool.positions(in_debt.address["attacker"])[0] == 1 << in_debt.reserve("BTC").id | 1 << 128 + in_debt.reserve("USD").id


def test_defer__of_nothing__does_nothing(in_debt: World) -> None:
    in_debt.defer("attacker", [])
    in_debt.check()


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x02" * 8192])
def test_defer__calls_back__with_account_and_data(world: World, data: bytes) -> None:
    caller = load("testing/FlashBorrower.vy").deploy()
    with boa.env.prank(caller.address):
        world.pool.defer(caller.address, data)
    assert (caller.lender(), caller.account(), caller.data(), caller.times()) == (world.pool.address, caller.address, data, 1)


def test_defer__by_who_cannot_be_called_back__reverts(world: World) -> None:
    with boa.reverts(), boa.env.prank(world.address["borrower"]):
        world.pool.defer(world.address["borrower"], b"")


def test_defer__callback_reverts__with_its_reason_and_nothing_stays(world: World) -> None:
    caller = load("testing/FlashBorrower.vy").deploy()
    caller.set_manners(0, 0, bytes(32), True)
    with boa.reverts("flash borrower: fails"), boa.env.prank(caller.address):
        world.pool.defer(caller.address, b"")


def test_defer__after_one_that_failed__begins_anew(in_debt: World) -> None:
    """Where somebody catches the failure it leaves no mark in the transaction."""
    pool, attacker = in_debt.pool, in_debt.address["attacker"]
    bad = pool.defer.prepare_calldata(attacker, calls(in_debt, borrow("USD", 5_000 * DOLLAR)))
    good = pool.defer.prepare_calldata(attacker, calls(in_debt, borrow("USD", 3_000 * DOLLAR)))
    over = pool.borrow.prepare_calldata(in_debt.address["USD"], 2_000 * DOLLAR, attacker)
    driver = in_one_transaction(in_debt, (bad, False), (good, True), (over, False))
    assert [driver.succeeded(index) for index in range(3)] == [False, True, False]
    in_debt.ledger.borrow("USD", 3_000 * DOLLAR, "attacker")
    in_debt.check()


# ---------------------------------------------------------------- left unhealthy


@pytest.mark.parametrize(
    "steps",
    [
        [borrow("USD", 4_001 * DOLLAR)],
        [withdraw("ETH", ETH_100 // 2)],
        [disable("ETH")],
        [step("transfer_shares", "ETH", MAX, "keeper")],
        [withdraw("ETH", MAX), disable("ETH")],
        [borrow("BTC", 10**8), supply("BTC", 10**7)],
        [borrow("USD", 50_000 * DOLLAR), repay("USD", 45_000 * DOLLAR)],
        [withdraw("ETH", ETH_100 // 2), supply("ETH", ETH_100 // 10)],
        # a check that was put off is made even where later actions need none
        [withdraw("ETH", ETH_100 // 2), repay("USD", 100 * DOLLAR), supply("USD", 1_000 * DOLLAR)],
    ],
)
def test_left_unhealthy__by_any_way__reverts(in_debt: World, steps: list[Inside]) -> None:
    with pytest.raises(Refused, match="pool: over limit"):
        in_debt.defer("attacker", steps)
    in_debt.check()


@pytest.mark.parametrize("beyond", [0, 1])
def test_left_at_the_limit__by_a_unit(in_debt: World, beyond: int) -> None:
    """8,000 and 4,000 are the 12,000 that 100 ETH allow, less a unit for what the pool has rounded down of the supply."""
    shares = in_debt.pool.supply_of(in_debt.address["attacker"], in_debt.address["ETH"])
    assert shares in (ETH_100, ETH_100 - 1)
    room = 4_000 * DOLLAR - (shares < ETH_100)
    if beyond:
        with pytest.raises(Refused, match="pool: over limit"):
            in_debt.defer("attacker", [borrow("USD", room + 1)])
    else:
        in_debt.defer("attacker", [borrow("USD", room)])
    in_debt.check()


def test_left_unhealthy__through_an_accomplice__reverts(in_debt: World) -> None:
    """The collateral goes to another account, which borrows on it at once: that loan is good, what is left behind is not."""
    in_debt.set_operator("keeper", "attacker")
    in_debt.enable("keeper", "ETH")
    steps = [step("transfer_shares", "ETH", MAX, "keeper"), borrow("USD", 10_000 * DOLLAR, "keeper")]
    with pytest.raises(Refused, match="pool: over limit"):
        in_debt.defer("attacker", steps)
    # with his debt paid out of it, it was a change of hands
    in_debt.defer("attacker", [*steps, repay("USD", USD_8000, "attacker")])
    in_debt.check()
    assert in_debt.pool.debt_of(in_debt.address["keeper"], in_debt.address["USD"]) == 10_000 * DOLLAR


def test_already_unhealthy__what_improves_it__is_no_new_risk(in_debt: World) -> None:
    """In DANGER, and even beyond: repaying and supplying skip no check, so none is made at the end."""
    in_debt.set_price("ETH", 100 * WAD)
    in_debt.defer("attacker", [repay("USD", 100 * DOLLAR), supply("ETH", 10**18)])
    in_debt.check()
    for steps in ([repay("USD", 100 * DOLLAR), withdraw("ETH", 1)], [borrow("USD", 1), repay("USD", 100 * DOLLAR)]):
        with pytest.raises(Refused, match="pool: over limit"):
            in_debt.defer("attacker", steps)


def test_already_unhealthy__cured_in_between__may_go_on(in_debt: World) -> None:
    in_debt.set_price("ETH", 100 * WAD)
    in_debt.defer("attacker", [withdraw("ETH", 10**18), repay("USD", 5_000 * DOLLAR)])
    in_debt.check()


def test_without_debt_at_the_end__no_check_and_no_price__is_needed(in_debt: World) -> None:
    """Withdrawing everything first and paying the debt after it: what is left owes nothing."""
    in_debt.set_band("ETH", 0, 0, why=2)
    in_debt.set_band("USD", 0, 0, why=2)
    in_debt.defer("attacker", [withdraw("ETH", MAX), repay("USD", MAX)])
    in_debt.check()
    assert in_debt.pool.positions(in_debt.address["attacker"])[0] == 1 << in_debt.reserve("ETH").id


def test_price_gone_in_the_middle__is_missed_at_the_end(in_debt: World) -> None:
    oracle = in_debt.oracle
    blind = encode(
        ["(address,bytes,bool)[]"],
        [
            [
                (str(in_debt.pool.address), in_debt.pool.withdraw.prepare_calldata(in_debt.address["ETH"], 1, in_debt.address["keeper"]), True),
                (str(oracle.address), oracle.set_band.prepare_calldata(in_debt.address["ETH"], (0, 0, 0, 0, 0, 0, MAX, MAX, 0, 2)), True),
            ]
        ],
    )
    with boa.reverts("pool: no price"), boa.env.prank(in_debt.address["attacker"]):
        in_debt.pool.defer(in_debt.address["attacker"], blind)


# ---------------------------------------------------------------- what is not put off


@pytest.mark.parametrize(
    ("change", "steps", "reason"),
    [
        (
            lambda w: w.configure("ETH", supply_cap=w.reserve("ETH").cash + 10**18),
            [supply("ETH", 10**18 + 1), withdraw("ETH", 10**18)],
            "pool: supply cap",
        ),
        (lambda w: w.configure("USD", debt_cap=9_000 * DOLLAR), [borrow("USD", 1_001 * DOLLAR), repay("USD", MAX)], "pool: debt cap"),
        (lambda w: w.set_depth("BTC", 1_000_000 * WAD), [borrow("BTC", 40 * 10**8), repay("BTC", MAX)], "pool: debt cap"),
        (lambda w: w.set_depth("BTC", 20_000 * WAD), [supply("BTC", 10**8), enable("BTC"), disable("BTC")], "pool: collateral cap"),
        (lambda w: None, [borrow("BTC", 10**5), repay("BTC", MAX)], "pool: below minimum debt"),
        (lambda w: None, [borrow("USD", 2_000_000 * DOLLAR), repay("USD", MAX)], "pool: insufficient cash"),
        (lambda w: None, [withdraw("ETH", ETH_100 + 1), supply("ETH", ETH_100)], "pool: insufficient supply"),
        (lambda w: None, [enable("USD"), disable("USD")], "pool: same asset"),
        (lambda w: None, [supply("BTC", 10**8), enable("BTC"), borrow("BTC", 10**7), disable("BTC")], "pool: same asset"),
        (lambda w: w.pause("USD", "borrow"), [borrow("USD", DOLLAR), repay("USD", DOLLAR)], "pool: paused"),
        (lambda w: w.pause("ETH", "collateral"), [withdraw("ETH", 1), supply("ETH", 1)], "pool: paused"),
        (lambda w: w.pause("ETH", "supply"), [supply("ETH", 1)], "pool: paused"),
        (lambda w: w.configure("USD", frozen=True), [borrow("USD", DOLLAR), repay("USD", DOLLAR)], "pool: frozen"),
        (lambda w: w.configure("BTC", frozen=True), [enable("BTC"), disable("BTC")], "pool: frozen"),
        (lambda w: w.set_guards(new_risk_from=w.chain.timestamp + 1), [withdraw("ETH", 1), supply("ETH", 1)], "pool: paused"),
        (lambda w: w.set_band("USD", 0, 0, why=2), [borrow("USD", DOLLAR), repay("USD", DOLLAR)], "pool: no price"),
        (lambda w: w.set_band("BTC", 0, 0, why=2), [supply("BTC", 1), enable("BTC"), disable("BTC")], "pool: no price"),
    ],
)
def test_everything_but_health__is_checked_at_once(in_debt: World, change: Callable[[World], None], steps: list[Inside], reason: str) -> None:
    """Though a later step would put it right: caps, minimum debt, cash, pauses and prices are no part of the bargain."""
    change(in_debt)
    with pytest.raises(Refused, match=reason):
        in_debt.defer("attacker", steps)
    in_debt.check()


def test_collateral_cap_by_depth__of_what_was_enabled_before__is_checked_at_the_end_of_a_loan(in_debt: World) -> None:
    """The market has become thin: whoever only withdraws is not stopped, whoever borrows is, whenever in the deferral."""
    in_debt.set_depth("ETH", 20_000 * WAD)
    in_debt.configure("ETH", depth_mode=0)
    in_debt.defer("attacker", [repay("USD", 7_000 * DOLLAR), withdraw("ETH", 10**18)])
    for steps in (
        [borrow("USD", 100 * DOLLAR)],
        [borrow("USD", 100 * DOLLAR), withdraw("ETH", 10**18)],
        [withdraw("ETH", 10**18), borrow("USD", 100 * DOLLAR)],
    ):
        with pytest.raises(Refused, match="pool: collateral cap"):
            in_debt.defer("attacker", steps)
    in_debt.check()


def test_free_ride__all_the_cash_within_a_deferral__is_a_flash_loan_without_its_fee(deferring: World) -> None:
    """Nothing is wrong with it: the origination fee, where there is one, is the price. Here there is none."""
    cash = deferring.reserve("USD").cash
    deferring.defer("attacker", [borrow("USD", cash), repay("USD", MAX)])
    deferring.check()
    assert deferring.reserve("USD").cash == cash
    deferring.configure("USD", origination_fee_bps=100, stakers="stakers")
    deferring.defer("attacker", [borrow("USD", cash), repay("USD", MAX)])
    assert deferring.reserve("USD").cash == cash + cash // 100
    deferring.check()


def test_free_ride__on_interest__within_a_block__changes_no_rate(in_debt: World) -> None:
    """At full utilisation for a moment: what is stored of the rate, and what accrues after it, is as if nothing had been."""
    cash = in_debt.reserve("USD").cash
    in_debt.travel(3_600)
    with boa.env.anchor():
        in_debt.accrue("USD")
        in_debt.travel(86_400)
        without = in_debt.pool.reserve_state(in_debt.address["USD"])
    before = in_debt.ledger.copy()
    in_debt.ledger = before.copy()
    in_debt.defer("attacker", [borrow("USD", cash), step("accrue", "USD"), repay("USD", cash)])
    in_debt.travel(86_400)
    with_it = in_debt.pool.reserve_state(in_debt.address["USD"])
    # but for the unit by which borrowing and repaying round in favour of the pool
    assert 0 <= with_it.debt - without.debt <= 2
    assert 0 <= with_it.index_ray - without.index_ray <= without.index_ray // 10**12
    in_debt.check()


# ---------------------------------------------------------------- one account at a time


@pytest.mark.parametrize("inner", ["attacker", "keeper"])
def test_nested__for_the_same_or_another_account__reverts(in_debt: World, inner: str) -> None:
    in_debt.set_operator("keeper", "attacker")
    defer = Inside("defer", (inner, b""), lambda ledger: ledger.defer(inner, lambda books: None, "attacker"))
    with pytest.raises(Refused, match="pool: deferred"):
        in_debt.defer("attacker", [withdraw("ETH", ETH_100 // 2), defer])
    # caught, it changes nothing of what is put off
    swallowed = Inside("defer", (inner, b""), defer.in_ledger, must=False)
    in_debt.ledger.deferred = None
    with boa.reverts("pool: over limit"), boa.env.prank(in_debt.address["attacker"]):
        in_debt.pool.defer(in_debt.address["attacker"], calls(in_debt, withdraw("ETH", ETH_100 // 2), swallowed))


def test_two_in_a_row__in_one_transaction__each_is_judged_for_itself(in_debt: World) -> None:
    """What the first one put off is not asked of the second one, nor forgotten; afterwards nothing is put off any more."""
    in_debt.set_operator("keeper", "attacker")
    pool, attacker, eth = in_debt.pool, in_debt.address["attacker"], in_debt.address["ETH"]
    one = pool.defer.prepare_calldata(attacker, calls(in_debt, withdraw("ETH", 10**18)))
    two = pool.defer.prepare_calldata(in_debt.address["keeper"], calls(in_debt, enable("ETH", "keeper")))
    too_much = pool.withdraw.prepare_calldata(eth, ETH_100 // 2, attacker)
    driver = in_one_transaction(in_debt, (one, True), (too_much, False), (two, True), (too_much, False))
    assert [driver.succeeded(index) for index in range(4)] == [True, False, True, False]
    in_debt.ledger.withdraw("ETH", 10**18, "attacker")
    in_debt.ledger.set_collateral("ETH", True, "keeper")
    in_debt.check()


@pytest.mark.parametrize(
    "steps",
    [
        [borrow("USD", 12_001 * DOLLAR, "keeper")],
        [borrow("USD", 4_000 * DOLLAR, "keeper"), withdraw("ETH", ETH_100 // 2, "keeper"), supply("ETH", ETH_100, "keeper")],
        [borrow("USD", 4_000 * DOLLAR, "keeper"), step("transfer_shares", "ETH", MAX, "attacker", "keeper")],
        [borrow("USD", 4_000 * DOLLAR, "keeper"), disable("ETH", "keeper")],
    ],
)
def test_other_accounts__are_checked_at_once(in_debt: World, steps: list[Inside]) -> None:
    """The attacker is the keeper's operator too: its health is not put off with the attacker's."""
    in_debt.supply("keeper", "ETH", ETH_100)
    in_debt.enable("keeper", "ETH")
    in_debt.set_operator("keeper", "attacker")
    in_debt.borrow("keeper", "USD", 100 * DOLLAR)
    if len(steps) > 1:
        in_debt.repay("keeper", "USD", MAX)
        steps = [step("borrow", "USD", 8_000 * DOLLAR, "attacker", "keeper"), *steps[1:]]
    with pytest.raises(Refused, match="pool: over limit"):
        in_debt.defer("attacker", steps)
    in_debt.check()


# ---------------------------------------------------------------- operators


def test_operator__defers_for_the_account__and_leaves_it_healthy(deferring: World) -> None:
    deferring.open("keeper", "ETH", ETH_100, "USD", USD_8000)
    steps = [borrow("USD", 50_000 * DOLLAR, "keeper"), repay("USD", 49_000 * DOLLAR, "keeper")]
    with pytest.raises(Refused, match="pool: not operator"):
        deferring.defer("keeper", steps)
    deferring.set_operator("keeper", "attacker")
    deferring.defer("keeper", steps)
    deferring.check()
    with pytest.raises(Refused, match="pool: over limit"):
        deferring.defer("keeper", [borrow("USD", 3_001 * DOLLAR, "keeper")])


def test_operator__not_made_one__cannot_even_begin(in_debt: World) -> None:
    """Else anybody could put a liquidation of anybody off, as long as his own call lasts."""
    in_debt.supply("keeper", "ETH", ETH_100)
    for steps in ([], [repay("USD", DOLLAR)]):
        with pytest.raises(Refused, match="pool: not operator"):
            in_debt.defer("keeper", steps)


@pytest.mark.parametrize("left", ["healthy", "unhealthy"])
def test_operator__revoked_within__can_do_no_more_and_is_judged_all_the_same(deferring: World, left: str) -> None:
    """By a signature of the account, submitted in the middle by anybody."""
    signer = Account.from_key(keccak(text="deferring signer"))
    world, pool = deferring, deferring.pool
    world.address["keeper"] = signer.address
    for asset in ("ETH", "USD"):
        world.token[asset].approve(pool.address, MAX, sender=signer.address)
    world.open("keeper", "ETH", ETH_100, "USD", USD_8000)
    world.set_operator("keeper", "attacker")
    order = Order(pool.address, signer.address, world.address["attacker"], approved=False)
    revoke = (
        str(world.operators.address),
        world.operators.set_operator_by_signature.prepare_calldata(*order.fields, order.sign(world.operators, signer=signer)),
        True,
    )
    amount = {"healthy": 100 * DOLLAR, "unhealthy": 50_000 * DOLLAR}[left]
    arguments = (world.address["USD"], amount, world.address["attacker"], signer.address)
    take = (str(pool.address), pool.borrow.prepare_calldata(*arguments), True)
    again = (str(pool.address), pool.borrow.prepare_calldata(*arguments), False)
    data = encode(["(address,bytes,bool)[]"], [[take, revoke, again]])
    if left == "unhealthy":
        with boa.reverts("pool: over limit"), boa.env.prank(world.address["attacker"]):
            pool.defer(signer.address, data)
        return
    with boa.env.prank(world.address["attacker"]):
        pool.defer(signer.address, data)
    assert world.actor.succeeded() == 0b011
    assert pool.debt_of(signer.address, world.address["USD"]) == USD_8000 + 100 * DOLLAR


# ---------------------------------------------------------------- liquidated meanwhile


@pytest.fixture
def engine_inside(in_debt: World) -> World:
    """The attacker is the engine as well: nothing but the deferral stands between it and a liquidation."""
    in_debt.open("keeper", "ETH", ETH_100, "USD", USD_8000)
    in_debt.address["engine"] = in_debt.address["attacker"]
    in_debt.set_guards()
    return in_debt


def check_engine(world: World) -> None:
    """`World.check` would count the attacker twice."""
    for asset in ("USD", "ETH"):
        world.check_reserve(asset)
    for name in ("attacker", "keeper"):
        world.check_account(name)


def settlement(world: World, borrower: str) -> Inside:
    arguments = (borrower, "attacker", "attacker", "USD", 1_000 * DOLLAR, world.reserve("ETH").id, 5 * 10**18, 0)
    return Inside(
        "settle_liquidation", arguments, lambda ledger: ledger.settle_liquidation(borrower, "USD", 1_000 * DOLLAR, "ETH", 5 * 10**18, 0)
    )


def test_liquidated_meanwhile__the_deferred_account__reverts(engine_inside: World) -> None:
    """Else an account would make itself unhealthy for a moment, and take its own bonus or leave its debt to the lenders."""
    write_off = Inside("write_off", ("attacker",), lambda ledger: ledger.write_off("attacker"))
    for steps in ([settlement(engine_inside, "attacker")], [withdraw("ETH", MAX), write_off], [write_off]):
        with pytest.raises(Refused, match="pool: deferred"):
            engine_inside.defer("attacker", steps)
        engine_inside.ledger.deferred = None
    check_engine(engine_inside)


def test_liquidated_meanwhile__another_account__is(engine_inside: World) -> None:
    """Its health has nothing to do with the deferral: who liquidates may do it within his own."""
    engine_inside.defer("attacker", [settlement(engine_inside, "keeper")])
    check_engine(engine_inside)


def test_liquidated_afterwards__works_again(engine_inside: World) -> None:
    engine_inside.defer("attacker", [withdraw("ETH", 10**18)])
    engine_inside.settle("attacker", "attacker", "attacker", "USD", 1_000 * DOLLAR, "ETH", 5 * 10**18, 0)
    check_engine(engine_inside)


# ---------------------------------------------------------------- read in the middle


def test_read_in_the_middle__books_are_whole_and_shares_at_their_price(in_debt: World) -> None:
    """Who reads within a deferral sees an account that owes too much. Of others, of prices of shares and of rates he sees no other
    figure than before."""
    pool, eth, usd = in_debt.pool, in_debt.address["ETH"], in_debt.address["USD"]
    lender = in_debt.address["lender"]
    reader = load("testing/FlashBorrower.vy").deploy()
    in_debt.address["reader"] = reader.address
    questions = [
        pool.supply_of.prepare_calldata(lender, eth),
        pool.supply_of.prepare_calldata(lender, usd),
        pool.debt_of.prepare_calldata(in_debt.address["attacker"], usd),
        pool.debt_of.prepare_calldata(reader.address, usd),
        pool.supply_of.prepare_calldata(reader.address, eth),
    ]
    before = pool.supply_of(lender, eth), pool.supply_of(lender, usd)
    in_debt.token["USD"].approve(pool.address, MAX, sender=reader.address)
    cash = in_debt.reserve("USD").cash
    take = pool.borrow.prepare_calldata(usd, cash, reader.address)
    back = pool.repay.prepare_calldata(usd, MAX, reader.address)
    reader.set_calls([(pool.address, payload, True) for payload in (take, *questions, back)])
    with boa.env.prank(reader.address):
        pool.defer(reader.address, b"")
    answers = [int.from_bytes(reader.answers(index), "big") for index in range(1, 6)]
    assert answers == [*before, USD_8000, cash, 0]
    in_debt.check()


def test_read_in_the_middle__the_lock_is_open_between_actions_and_shut_within(deferring: World, reentering_token: Any) -> None:
    """A token that calls `defer` in the middle of somebody's action gets its callback, in which every action is locked."""
    world, pool = deferring, deferring.pool
    world.add("TRAP", token=reentering_token, price=1)
    world.seed("keeper", "TRAP", 10**18)
    other = load("testing/FlashBorrower.vy").deploy()
    other.set_calls(
        [
            (pool.address, pool.borrow.prepare_calldata(world.address["USD"], 100 * DOLLAR, other.address), False),
            (pool.address, pool.set_collateral.prepare_calldata(world.address["ETH"], True), False),
            (pool.address, pool.supply_of.prepare_calldata(world.address["lender"], world.address["ETH"]), False),
        ]
    )
    defer = pool.defer.prepare_calldata(other.address, b"")
    reentering_token.arm(other.address, other.make.prepare_calldata(pool.address, defer), True)
    world.supply("keeper", "TRAP", 10**18)
    assert other.times() == 1
    assert [other.succeeded(index) for index in range(3)] == [False] * 3
    world.check()


def test_token__acts_for_the_deferred_account__as_anybody_else_may(deferring: World, reentering_token: Any) -> None:
    """A token's hook in the middle of a deferred action is locked out; between them it is nobody's operator."""
    world, pool = deferring, deferring.pool
    world.add("TRAP", token=reentering_token, price=1)
    world.seed("keeper", "TRAP", 10**18)
    world.mint("attacker", "TRAP", 10**21)
    reentering_token.approve(pool.address, MAX, sender=world.address["attacker"])
    theft = pool.withdraw.prepare_calldata(world.address["ETH"], 1, reentering_token.address, world.address["attacker"])
    reentering_token.arm(pool.address, theft, False)
    steps = [supply("ETH", ETH_100), enable("ETH"), borrow("USD", USD_8000), supply("TRAP", 10**18)]
    world.defer("attacker", steps)
    assert reentering_token.called()
    assert not reentering_token.succeeded()
    world.check()


def test_events__of_a_deferral__are_those_of_its_actions(deferring: World) -> None:
    deferring.defer("attacker", [borrow("USD", USD_8000), enable("ETH"), supply("ETH", ETH_100)])
    for kind, fields in (("Borrow", ("USD", USD_8000)), ("Supply", ("ETH", ETH_100))):
        (event,) = [event for event in deferring.pool.get_logs() if type(event).__name__ == kind]
        assert (event.asset, event.account, event.amount) == (deferring.address[fields[0]], deferring.address["attacker"], fields[1])
