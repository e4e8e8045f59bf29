"""Flash loans by ERC-3156: what is lent comes back with 5 bps for the treasury, or nothing has happened."""

from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX, RAY, Refused
from tests.conftest import load
from tests.pool_world import Inside, World, logs

DOLLAR = 10**6
AGREED = bytes.fromhex("439148f0bbc682ca079e46d6e2c2f0c1e3b820f1a291b069d8882abf8cf18dd9")


@pytest.fixture
def flash(world: World) -> World:
    """The attacker is a contract that borrows and acts, with 1,000 USD and 100 ETH of its own."""
    world.with_actor()
    for asset in world.token:
        world.token[asset].approve(world.pool.address, MAX, sender=world.address["attacker"])
    world.mint("attacker", "USD", 1_000 * DOLLAR)
    world.mint("attacker", "ETH", 100 * 10**18)
    return world


@pytest.fixture
def borrower_of(world: World) -> Any:
    """A contract of bad manners, on request, with 1,000 USD of its own."""
    contract = load("testing/FlashBorrower.vy").deploy()
    world.address["flash borrower"] = contract.address
    world.token["USD"].mint(contract.address, 1_000 * DOLLAR)
    return contract


# ---------------------------------------------------------------- as the standard has it


@pytest.mark.parametrize(
    ("amount", "fee"),
    [(1, 1), (1_999, 1), (2_000, 1), (2_001, 2), (1_000_000 * DOLLAR, 500 * DOLLAR), (1_000_001 * DOLLAR, 500 * DOLLAR + 500)],
)
def test_flash_loan__paid_back__the_treasury_gets_5_bps_rounded_up(world: World, borrower_of: Any, amount: int, fee: int) -> None:
    pool, usd = world.pool, world.token["USD"]
    assert pool.flashFee(usd.address, amount) == fee
    assert pool.flashLoan(borrower_of.address, usd.address, amount, b"data", sender=world.address["keeper"]) is True
    (event,) = logs(world, "FlashLoan")
    assert (event.asset, event.receiver, event.amount, event.fee) == (usd.address, borrower_of.address, amount, fee)
    assert (borrower_of.lender(), borrower_of.initiator(), borrower_of.token()) == (pool.address, world.address["keeper"], usd.address)
    assert (borrower_of.amount(), borrower_of.fee(), borrower_of.data(), borrower_of.times()) == (amount, fee, b"data", 1)
    assert world.balance("treasury", "USD") == fee
    assert usd.balanceOf(borrower_of.address) == 1_000 * DOLLAR - fee
    world.check()


def test_flash_loan__fee__changes_no_share_price_and_no_index(indebted: World, borrower_of: Any) -> None:
    """Into an index a fee must never go: whoever is alone in a reserve would lend it to himself (Radiant)."""
    before = indebted.pool.reserve_state(indebted.address["USD"])
    lender = indebted.pool.supply_of(indebted.address["lender"], indebted.address["USD"])
    for _ in range(3):
        indebted.pool.flashLoan(borrower_of.address, indebted.address["USD"], 500_000 * DOLLAR, b"")
    assert indebted.pool.reserve_state(indebted.address["USD"]) == before
    assert indebted.pool.supply_of(indebted.address["lender"], indebted.address["USD"]) == lender
    assert indebted.balance("treasury", "USD") == 3 * 250 * DOLLAR
    indebted.check()


def test_max_flash_loan__is_the_cash_and_all_of_it_can_be_had(indebted: World, borrower_of: Any) -> None:
    cash = indebted.reserve("USD").cash
    assert indebted.pool.maxFlashLoan(indebted.address["USD"]) == cash
    indebted.pool.flashLoan(borrower_of.address, indebted.address["USD"], cash, b"")
    with boa.reverts("pool: insufficient cash"):
        indebted.pool.flashLoan(borrower_of.address, indebted.address["USD"], cash + 1, b"")
    with boa.reverts("pool: insufficient cash"):
        indebted.pool.flashLoan(borrower_of.address, indebted.address["USD"], MAX, b"")


def test_max_flash_loan__what_was_given_to_the_pool__is_not_lent(world: World, borrower_of: Any) -> None:
    before = world.pool.maxFlashLoan(world.address["USD"])
    world.donate("USD", 5)
    assert world.pool.maxFlashLoan(world.address["USD"]) == before
    with boa.reverts("pool: insufficient cash"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], before + 1, b"")


def test_flash_loan__of_nothing__reverts(world: World, borrower_of: Any) -> None:
    assert world.pool.flashFee(world.address["USD"], 0) == 0
    with boa.reverts("pool: zero amount"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], 0, b"")


def test_flash_loan__not_listed_or_not_seeded__reverts(world: World, borrower_of: Any, new_token: Any) -> None:
    stranger = new_token("STR")
    assert world.pool.maxFlashLoan(stranger.address) == 0
    for call in (lambda: world.pool.flashFee(stranger.address, 1), lambda: world.pool.flashLoan(borrower_of.address, stranger.address, 1, b"")):
        with boa.reverts("pool: not listed"):
            call()
    world.add("NEW")
    world.donate("NEW", 10**18)
    assert world.pool.maxFlashLoan(world.address["NEW"]) == 0
    with boa.reverts("pool: not seeded"):
        world.pool.flashLoan(borrower_of.address, world.address["NEW"], 1, b"")


def test_flash_loan__paused__reverts_until_it_is_over(world: World, borrower_of: Any) -> None:
    world.pause("USD", "flash", seconds=3_600)
    assert world.pool.maxFlashLoan(world.address["USD"]) == 0
    assert world.pool.maxFlashLoan(world.address["ETH"]) > 0
    with boa.reverts("pool: paused"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")
    world.travel(3_600 + 64)
    world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")
    world.pause("USD", "supply", "borrow", "collateral", seconds=3_600)
    world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")


def test_flash_loan__frozen__reverts(world: World, borrower_of: Any) -> None:
    world.configure("USD", frozen=True)
    assert world.pool.maxFlashLoan(world.address["USD"]) == 0
    with boa.reverts("pool: frozen"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")


def test_flash_loan__without_any_price__works(world: World, borrower_of: Any) -> None:
    world.set_band("USD", 0, 0, why=2)
    world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")


# ---------------------------------------------------------------- not paid back


@pytest.mark.parametrize(
    ("short", "gives_away"),
    [(1, 0), (500 * DOLLAR, 0), (500 * DOLLAR + 1, 0), (10**12 + 500 * DOLLAR, 0), (0, 501 * DOLLAR), (0, 10**12)],
)
def test_flash_loan__not_paid_back_to_the_last_unit__reverts(world: World, borrower_of: Any, short: int, gives_away: int) -> None:
    """A million, 500 of fee: the allowance or the tokens are missing, of the fee, of the loan or of both."""
    borrower_of.set_manners(short, gives_away, AGREED, False)
    with boa.reverts():
        world.pool.flashLoan(borrower_of.address, world.address["USD"], 10**12, b"")
    assert world.balance("treasury", "USD") == 0
    world.check()


@pytest.mark.parametrize("answer", [bytes(32), b"\x01".rjust(32, b"\x00"), AGREED[:31] + b"\x00", b"\xff" * 32])
def test_flash_loan__answered_otherwise__reverts(world: World, borrower_of: Any, answer: bytes) -> None:
    borrower_of.set_manners(0, 0, answer, False)
    with boa.reverts("pool: flash callback"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")


def test_flash_loan__callback_reverts__with_its_reason(world: World, borrower_of: Any) -> None:
    borrower_of.set_manners(0, 0, AGREED, True)
    with boa.reverts("flash borrower: fails"):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], DOLLAR, b"")


@pytest.mark.parametrize("receiver", ["lender", "pool", "USD", "treasury"])
def test_flash_loan__to_who_has_not_asked_for_it__costs_him_nothing(world: World, receiver: str) -> None:
    """Anybody may name anybody. Without the answer of the standard nobody pays a fee, whatever the pool may take of his."""
    world.mint("lender", "USD", 1_000 * DOLLAR)
    before = world.balance("lender", "USD")
    with boa.reverts():
        world.pool.flashLoan(world.address[receiver], world.address["USD"], DOLLAR, b"", sender=world.address["attacker"])
    assert world.balance("lender", "USD") == before
    world.check()


def test_flash_loan__to_the_bundler__is_not_accepted(world: World) -> None:
    """It holds nothing between transactions, and lends itself to nobody's fee."""
    bundler = load("periphery/Bundler.vy").deploy(world.operators.address, world.address["keeper"])
    with boa.reverts():
        world.pool.flashLoan(bundler.address, world.address["USD"], DOLLAR, b"")


# ---------------------------------------------------------------- in the middle


def supplied(asset: str, amount: int, account: str = "attacker") -> Inside:
    return Inside("supply", (asset, amount, account), lambda ledger: ledger.supply(asset, amount, account))


def withdrawn(asset: str, amount: int) -> Inside:
    return Inside("withdraw", (asset, amount, "attacker"), lambda ledger: ledger.withdraw(asset, amount, "attacker"))


def borrowed(asset: str, amount: int) -> Inside:
    return Inside("borrow", (asset, amount, "attacker"), lambda ledger: ledger.borrow(asset, amount, "attacker"))


def repaid(asset: str, amount: int, account: str = "attacker") -> Inside:
    return Inside("repay", (asset, amount, account), lambda ledger: ledger.repay(asset, amount, account, "attacker"))


def enabled(asset: str, enabled: bool = True) -> Inside:
    return Inside("set_collateral", (asset, enabled), lambda ledger: ledger.set_collateral(asset, enabled, "attacker"))


def test_in_the_middle__debt_repaid_and_collateral_freed__with_what_was_lent(flash: World) -> None:
    """What flash loans are for: out of a position without money of one's own. 8,000 USD are paid for with 40 ETH, sold elsewhere."""
    flash.open("attacker", "ETH", 100 * 10**18, "USD", 8_000 * DOLLAR)
    flash.travel(30 * 86_400)
    debt = flash.ledger_now().debt_of("attacker", "USD")
    flash.flash_loan("USD", debt, [repaid("USD", MAX), withdrawn("ETH", 99 * 10**18)])
    assert flash.pool.debt_of(flash.address["attacker"], flash.address["USD"]) == 0
    assert flash.balance("attacker", "ETH") == 199 * 10**18
    flash.check()


def test_in_the_middle__supplied_and_withdrawn__is_paid_back(flash: World) -> None:
    flash.flash_loan("USD", 900_000 * DOLLAR, [supplied("USD", 900_000 * DOLLAR), withdrawn("USD", 900_000 * DOLLAR - 1)])
    flash.check()


def test_in_the_middle__supplied_and_kept__cannot_be_paid_back(flash: World) -> None:
    """The tokens are back, and in the books as the attacker's. The loan is still to be paid."""
    with boa.reverts():
        flash.flash_loan("USD", 900_000 * DOLLAR, [supplied("USD", 900_000 * DOLLAR)])
    assert flash.pool.supply_of(flash.address["attacker"], flash.address["USD"]) == 0


def test_in_the_middle__collateral_of_what_was_lent__must_be_gone_at_the_end(flash: World) -> None:
    """A loan on borrowed collateral: it cannot be withdrawn again."""
    inside = [supplied("USD", 900_000 * DOLLAR), enabled("USD"), borrowed("ETH", 1_000 * 10**18), withdrawn("USD", 900_000 * DOLLAR - 1)]
    with pytest.raises(Refused, match="pool: over limit"):
        flash.flash_loan("USD", 900_000 * DOLLAR, inside)
    with boa.reverts():
        flash.flash_loan("USD", 900_000 * DOLLAR, inside[:3])


def test_in_the_middle__what_is_lent__cannot_be_borrowed_or_withdrawn_as_well(flash: World) -> None:
    """The books still have it as cash: the transfer fails, and with it all."""
    flash.supply("attacker", "ETH", 100 * 10**18, fund=False)
    flash.enable("attacker", "ETH")
    flash.supply("attacker", "USD", 1_000 * DOLLAR, fund=False)
    cash = flash.reserve("USD").cash
    for step in (borrowed("USD", 500 * DOLLAR), withdrawn("USD", 500 * DOLLAR)):
        before = flash.ledger.copy()
        with boa.reverts():
            flash.flash_loan("USD", cash, [step])
        flash.ledger = before.copy()  # which knows the books alone
        flash.check()
        with boa.env.anchor():
            flash.mint("attacker", "USD", 1_000 * DOLLAR)
            flash.flash_loan("USD", cash - 500 * DOLLAR, [step])
            flash.check()
        flash.ledger = before


def test_in_the_middle__borrowed_against_own_collateral__stays_a_debt(flash: World) -> None:
    inside = [supplied("ETH", 100 * 10**18), enabled("ETH"), borrowed("BTC", 10**7)]
    flash.flash_loan("USD", 500_000 * DOLLAR, inside)
    flash.check()
    with pytest.raises(Refused, match="pool: over limit"):
        flash.flash_loan("USD", 500_000 * DOLLAR, [borrowed("BTC", 10**8)])


def test_in_the_middle__another_flash_loan__of_another_token_or_of_the_rest(world: World, borrower_of: Any) -> None:
    pool, usd, eth = world.pool, world.token["USD"], world.token["ETH"]
    other = load("testing/FlashBorrower.vy").deploy()
    usd.mint(other.address, 1_000 * DOLLAR)
    eth.mint(other.address, 10 * 10**18)
    cash = world.reserve("USD").cash
    for token, amount, possible in ((eth, 5_000 * 10**18, True), (usd, 1, False), (usd, cash, False)):
        payload = pool.flashLoan.prepare_calldata(other.address, token.address, amount, b"")
        with boa.env.anchor():
            borrower_of.set_calls([(pool.address, payload, False)])
            pool.flashLoan(borrower_of.address, usd.address, cash, b"")
            assert borrower_of.succeeded(0) is possible
            world.check()
    payload = pool.flashLoan.prepare_calldata(other.address, usd.address, 1_000, b"")
    borrower_of.set_calls([(pool.address, payload, True)])
    pool.flashLoan(borrower_of.address, usd.address, cash - 1_000, b"")
    world.check()


def test_in_the_middle__a_second_one_to_the_same_borrower__pays_for_both(world: World, borrower_of: Any) -> None:
    """The second one's repayment is not taken for that of the first."""
    pool, usd = world.pool, world.token["USD"]
    payload = pool.flashLoan.prepare_calldata(borrower_of.address, usd.address, 100_000 * DOLLAR, b"")
    borrower_of.set_calls([(pool.address, payload, True)])
    pool.flashLoan(borrower_of.address, usd.address, 200_000 * DOLLAR, b"")
    assert borrower_of.times() == 2
    assert world.balance("treasury", "USD") == 150 * DOLLAR
    world.check()


@pytest.mark.parametrize("gift", [0, 1_000 * DOLLAR])
def test_in_the_middle__sweeping__takes_nothing_that_is_lent(world: World, borrower_of: Any, gift: int) -> None:
    """While the tokens are out there is less than the books say; and afterwards the gift is still there to be swept."""
    pool, usd = world.pool, world.token["USD"]
    world.donate("USD", gift)
    borrower_of.set_calls([(pool.address, pool.sweep.prepare_calldata(usd.address), False)])
    pool.flashLoan(borrower_of.address, usd.address, 200_000 * DOLLAR, b"")
    assert not borrower_of.succeeded(0)
    assert world.balance("treasury", "USD") == 100 * DOLLAR
    world.check()
    if gift:
        assert world.sweep("USD") == gift


def test_in_the_middle__given_back_too_early__is_a_gift(world: World, borrower_of: Any) -> None:
    """A transfer is no repayment: the pool takes it itself, and the treasury may sweep the rest."""
    usd = world.token["USD"]
    usd.mint(borrower_of.address, 10_000 * DOLLAR)
    borrower_of.set_calls([(usd.address, usd.transfer.prepare_calldata(world.pool.address, 5_000 * DOLLAR), True)])
    world.pool.flashLoan(borrower_of.address, usd.address, 5_000 * DOLLAR, b"")
    assert world.sweep("USD") == 5_000 * DOLLAR
    world.check()


def test_in_the_middle__shares_rates_and_health__read_as_before(indebted: World, borrower_of: Any) -> None:
    """Whoever asks the pool while the tokens are out gets no other price of a share."""
    pool, usd = indebted.pool, indebted.token["USD"]
    lender = indebted.address["lender"]
    questions = [
        pool.supply_of.prepare_calldata(lender, usd.address),
        pool.supply_shares_of.prepare_calldata(lender, usd.address),
        pool.debt_of.prepare_calldata(indebted.address["borrower"], usd.address),
        pool.maxFlashLoan.prepare_calldata(usd.address),
    ]
    borrower_of.set_calls([(pool.address, question, True) for question in questions])
    pool.flashLoan(borrower_of.address, usd.address, indebted.reserve("USD").cash, b"")
    words = [int.from_bytes(borrower_of.answers(index), "big") for index in range(4)]
    assert words == [
        pool.supply_of(lender, usd.address),
        pool.supply_shares_of(lender, usd.address),
        pool.debt_of(indebted.address["borrower"], usd.address),
        indebted.reserve("USD").cash,
    ]


def test_in_the_middle__of_a_deferral__both_end_as_they_must(flash: World) -> None:
    """The two doors without a lock, one within the other."""
    pool = flash.pool
    borrow = Inside("borrow", ("USD", 8_000 * DOLLAR, "attacker"), lambda ledger: ledger.borrow("USD", 8_000 * DOLLAR, "attacker"))
    lend = Inside(
        "flashLoan", ("attacker", "USD", 100_000 * DOLLAR, b""), lambda ledger: ledger.flash_loan("USD", 100_000 * DOLLAR, lambda books: None)
    )
    flash.defer("attacker", [borrow, lend, supplied("ETH", 100 * 10**18), enabled("ETH")])
    assert flash.balance("treasury", "USD") == 50 * DOLLAR
    assert pool.debt_of(flash.address["attacker"], flash.address["USD"]) == 8_000 * DOLLAR
    flash.check()
    with pytest.raises(Refused, match="pool: over limit"):
        flash.defer("attacker", [withdrawn("ETH", 50 * 10**18), lend])


# ---------------------------------------------------------------- tokens


@pytest.mark.parametrize(("fee", "extra"), [(1, 0), (0, 1)])
def test_token__comes_back_with_a_fee__reverts(world: World, moody_deployer: Any, borrower_of: Any, fee: int, extra: int) -> None:
    token = moody_deployer.deploy()
    world.add("MOODY", token=token, price=1)
    world.seed("keeper", "MOODY", 10**18)
    world.supply("lender", "MOODY", 10**22)
    token.mint(borrower_of.address, 10**20)
    world.pool.flashLoan(borrower_of.address, token.address, 10**21, b"")
    token.set_mood(fee, extra, True)
    with boa.reverts("pool: fee on transfer"):
        world.pool.flashLoan(borrower_of.address, token.address, 10**21, b"")
    token.set_mood(0, 0, False)
    with boa.reverts("pool: transfer failed"):
        world.pool.flashLoan(borrower_of.address, token.address, 10**21, b"")


def test_token__without_return_values__works(world: World, no_return_token: Any, borrower_of: Any) -> None:
    world.add("NRT", token=no_return_token)
    world.seed("keeper", "NRT", 10**18)
    no_return_token.mint(borrower_of.address, 10**18)
    world.pool.flashLoan(borrower_of.address, no_return_token.address, 10**18, b"")
    assert no_return_token.balanceOf(world.address["treasury"]) == 10**18 * 5 // 10_000
    world.check()


@pytest.mark.parametrize("action", ["supply", "withdraw", "borrow", "repay"])
def test_token__calls_back_in_the_middle_of_an_action__a_flash_loan_gains_nothing(
    world: World, reentering_token: Any, borrower_of: Any, action: str
) -> None:
    """The lock does not stop it. The books are written by then; what is not here yet cannot be lent; and inside all is locked."""
    pool, keeper = world.pool, world.address["keeper"]
    world.add("TRAP", token=reentering_token, price=1)
    world.mint("keeper", "TRAP", 10**22)
    reentering_token.mint(borrower_of.address, 10**18)
    world.seed("keeper", "TRAP", 10**18)
    world.supply("keeper", "TRAP", 10**21, fund=False)
    world.supply("lender", "TRAP", 10**21)
    world.supply("keeper", "ETH", 100 * 10**18)
    world.enable("keeper", "ETH")
    world.borrow("keeper", "TRAP", 10**20)
    inside = [
        pool.supply.prepare_calldata(reentering_token.address, 10**18, borrower_of.address),
        pool.withdraw.prepare_calldata(reentering_token.address, 1, keeper),
        pool.sweep.prepare_calldata(reentering_token.address),
        pool.accrue.prepare_calldata(reentering_token.address),
    ]
    borrower_of.set_calls([(pool.address, payload, False) for payload in inside])
    loan = pool.flashLoan.prepare_calldata(borrower_of.address, reentering_token.address, 10**20, b"")
    reentering_token.arm(pool.address, loan, True)
    if action == "repay":
        world.repay("keeper", "TRAP", 10**19, fund=False)
    else:
        getattr(world, action)("keeper", "TRAP", 10**19, **({"fund": False} if action == "supply" else {}))
    assert reentering_token.succeeded()
    assert borrower_of.times() == 1
    assert not any(borrower_of.succeeded(index) for index in range(4))
    world.check()


def test_token__calls_back_while_a_flash_loan_is_paid_back__books_hold(world: World, reentering_token: Any, borrower_of: Any) -> None:
    """Between the two readings of the balance, with no lock: whatever goes in or out there is missed by the comparison."""
    pool = world.pool
    world.add("TRAP", token=reentering_token, price=1)
    world.seed("keeper", "TRAP", 10**18)
    world.supply("lender", "TRAP", 10**21)
    for account in (borrower_of.address, reentering_token.address):
        reentering_token.mint(account, 10**21)
    with boa.env.prank(reentering_token.address):
        reentering_token.approve(pool.address, MAX)
        pool.supply(reentering_token.address, 10**20, reentering_token.address)
    arm = reentering_token.arm
    for payload in (
        pool.supply.prepare_calldata(reentering_token.address, 10**18, reentering_token.address),
        pool.withdraw.prepare_calldata(reentering_token.address, 10**18, reentering_token.address),
    ):
        borrower_of.set_calls([(reentering_token.address, arm.prepare_calldata(pool.address, payload, True), True)])
        with boa.reverts("pool: fee on transfer"):
            pool.flashLoan(borrower_of.address, reentering_token.address, 10**20, b"")


def test_index__of_a_reserve_that_only_lends_for_a_flash__stays_one(world: World, borrower_of: Any) -> None:
    for _ in range(2):
        world.pool.flashLoan(borrower_of.address, world.address["USD"], 10**12, b"")
        world.travel(86_400)
    assert world.pool.reserve_state(world.address["USD"]).index_ray == RAY
