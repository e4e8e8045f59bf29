from typing import Any

import boa
import pytest

from plimsoll.reference.pool import MAX, RAY, WAD, Refused, growth
from tests.conftest import load
from tests.pool_world import World, logs

DAY = 86_400
MONTH = 30 * DAY


@pytest.fixture
def faulty() -> Any:
    return load("testing/FaultyRateModel.vy").deploy()


@pytest.fixture
def lent(world: World, faulty: Any) -> World:
    """1,000 of a new asset are lent at 10 % a year, whatever the utilisation, by a model that can be broken."""
    world.add("NEW", rate=lambda _: WAD // 10, model=faulty, price=1)
    faulty.set_rate(WAD // 10)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 10_000 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "NEW", 1_000 * 10**18)
    return world


def grown(index: int, rate: int) -> int:
    """By a day, in steps of 2^24."""
    return -(-index * growth(rate, DAY) // (RAY << 24)) << 24


@pytest.mark.parametrize("seconds", [1, 12, DAY, MONTH - 1, MONTH, MONTH + 1, 365 * DAY, 20 * 365 * DAY])
def test_accrue__after_any_time__books_the_interest(lent: World, seconds: int) -> None:
    lent.travel(seconds)
    lent.check()  # the views, before anything is booked
    lent.accrue("NEW")
    lent.check()


def test_accrue__twice_in_a_block__books_once(lent: World) -> None:
    lent.travel(DAY)
    lent.accrue("NEW")
    state = lent.pool.reserve_state(lent.address["NEW"])
    lent.accrue("NEW")
    assert lent.pool.reserve_state(lent.address["NEW"]) == state


def test_accrue__nobody_owes__asks_no_model(world: World, faulty: Any) -> None:
    world.add("NEW", rate=lambda _: None, model=faulty)
    faulty.set_fault(1)
    world.seed("keeper", "NEW", 10**18)
    world.travel(DAY)
    world.accrue("NEW")
    assert world.reserve("NEW").index == RAY
    world.check()


def test_accrue__unlisted_or_unseeded__reverts(world: World) -> None:
    world.add("NEW")
    with pytest.raises(Refused, match="pool: not seeded"):
        world.accrue("NEW")
    with boa.reverts("pool: not listed"):
        world.pool.accrue(world.address["lender"])


def test_accrue__up_to_a_year_in_steps__is_close_to_continuous_compounding(lent: World) -> None:
    for _ in range(12):
        lent.travel(365 * DAY // 12)
        lent.accrue("NEW")
    # e^0.1 = 1.105170918; the third order in months is exact to 1e-8
    assert abs(lent.reserve("NEW").index - 1_105170918075647624811707826) < RAY // 10**7


def test_growth__taylor_and_power__agree_where_they_meet() -> None:
    for rate in (WAD // 100, WAD // 10, WAD):
        taylor, power = growth(rate, MONTH), growth(rate, MONTH + 1)
        assert 0 < power - taylor < RAY // 10**5


def test_golden_2__100_at_2_5_percent__earns_0_0068_a_day(world: World) -> None:
    model = load("lending/JumpRateModel.vy").deploy(25 * WAD // 1_000, 0, 0, WAD)
    world.add("NEW", rate=lambda _: 25 * WAD // 1_000, model=model, price=1)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 1_000 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "NEW", 100 * 10**18)
    world.travel(DAY)
    interest = world.pool.debt_of(world.address["borrower"], world.address["NEW"]) - 100 * 10**18
    assert 68 * 10**14 <= interest < 69 * 10**14


def test_reserve_factor__of_the_interest__goes_to_the_treasury(lent: World) -> None:
    lent.travel(MONTH)
    state = lent.pool.reserve_state(lent.address["NEW"])
    interest = state.debt - 1_000 * 10**18
    worth = state.fee_shares * (state.cash + state.debt + 1) // (state.total_shares + 10**6)
    assert 0 <= interest * 5_000 // 10_000 - worth < 10**12  # half, a part of a share unit less
    lenders = lent.pool.supply_of(lent.address["lender"], lent.address["NEW"]) - 10_000 * 10**18
    assert 0 <= interest - interest * 5_000 // 10_000 - lenders < interest // 1_000  # the rest, but for the dead shares


@pytest.mark.parametrize("factor", [0, 10_000])
def test_reserve_factor__none_or_all(world: World, factor: int) -> None:
    world.add("NEW", factor=factor, price=1)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 10_000 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "NEW", 1_000 * 10**18)
    before = world.ledger_now().supply_of("lender", "NEW")
    world.travel(MONTH)
    world.check()
    assert (world.reserve("NEW").fee_shares == 0) == (factor == 0)
    after = world.ledger_now().supply_of("lender", "NEW")
    assert after - before < 10**12 if factor else after > before + 10**15


@pytest.mark.parametrize("fault", [1, 2, 4, 16])
def test_rate_model__fails_in_any_way__the_last_rate_goes_on(lent: World, faulty: Any, fault: int) -> None:
    lent.travel(DAY)
    lent.accrue("NEW")
    index = lent.reserve("NEW").index
    faulty.set_fault(fault)
    faulty.set_rate(WAD)
    lent.ledger.reserves["NEW"].rate = lambda _: None
    for _ in range(2):
        lent.travel(DAY)
        lent.supply("lender", "NEW", 10**18)
        index = grown(index, WAD // 10)
        assert lent.reserve("NEW").index == index
        assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == WAD // 10
    lent.check()
    lent.repay("borrower", "NEW", MAX)
    lent.withdraw("lender", "NEW", MAX)


def test_rate_model__fails_when_the_first_loan_after_none_is_made__the_last_rate_goes_on(lent: World, faulty: Any) -> None:
    lent.travel(DAY)
    lent.repay("borrower", "NEW", MAX)
    lent.travel(DAY)
    faulty.set_fault(1)
    lent.ledger.reserves["NEW"].rate = lambda _: None
    lent.borrow("borrower", "NEW", 500 * 10**18)
    assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == WAD // 10
    lent.travel(DAY)
    lent.check()


def test_rate_model__answers_more_than_a_word__the_first_counts(lent: World, faulty: Any) -> None:
    lent.travel(DAY)
    lent.accrue("NEW")
    index = lent.reserve("NEW").index
    faulty.set_fault(8)
    faulty.set_rate(WAD // 5)
    lent.ledger.reserves["NEW"].rate = lambda _: WAD // 5
    # asked at a touch, for the time from there on
    lent.travel(DAY)
    lent.supply("lender", "NEW", 10**18)
    index = grown(index, WAD // 10)
    assert lent.reserve("NEW").index == index
    lent.travel(DAY)
    lent.supply("lender", "NEW", 10**18)
    assert lent.reserve("NEW").index == grown(index, WAD // 5)
    lent.check()


def test_rate_model__fails_from_the_start__there_is_no_interest(world: World, faulty: Any) -> None:
    faulty.set_fault(1)
    world.add("NEW", rate=lambda _: None, model=faulty, price=1)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 10_000 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "NEW", 1_000 * 10**18)
    world.travel(DAY)
    world.check()
    assert world.reserve("NEW").index == RAY


def test_rate_model__has_no_code__there_is_no_interest(world: World) -> None:
    class Nothing:
        address = world.address["attacker"]

    world.add("NEW", rate=lambda _: None, model=Nothing(), price=1)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 10_000 * 10**18)
    world.open("borrower", "ETH", 100 * 10**18, "NEW", 1_000 * 10**18)
    world.travel(DAY)
    world.check()


def test_rate_model__burns_its_gas__costs_no_more_than_its_allowance(lent: World, faulty: Any) -> None:
    lent.travel(DAY)
    lent.pool.accrue(lent.address["NEW"])
    usual = lent.pool._computation.get_gas_used()
    lent.travel(DAY)
    faulty.set_fault(2)
    lent.pool.accrue(lent.address["NEW"])
    assert lent.pool._computation.get_gas_used() < usual + 101_000


def test_rate_model__little_gas_given__cannot_be_made_to_fail(lent: World, faulty: Any) -> None:
    """With any gas limit the call either fails as a whole or books the model's rate."""
    faulty.set_rate(WAD // 5)
    lent.travel(DAY)
    expected, booked = lent.reserve("NEW").index, 0
    for gas in range(2_000, 22_000, 125):
        with boa.env.anchor():
            try:
                lent.pool.accrue(lent.address["NEW"], gas=gas)
            except boa.BoaError:
                continue
            state = lent.pool.reserve_state(lent.address["NEW"])
            assert (state.index_ray, state.borrow_rate_wad) == (expected, WAD // 5)
            booked += 1
    assert 0 < booked < 160


def test_rate_model__falls_silent_between_the_touches__moves_nothing(lent: World, faulty: Any) -> None:
    """LEND-22: who only reads does not ask the model."""
    lent.travel(DAY)
    owed = lent.pool.debt_of(lent.address["borrower"], lent.address["NEW"])
    for fault, rate in ((1, WAD), (2, WAD), (0, 50 * WAD), (0, 0)):
        faulty.set_fault(fault)
        faulty.set_rate(rate)
        assert lent.pool.debt_of(lent.address["borrower"], lent.address["NEW"]) == owed
        assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == WAD // 10


@pytest.mark.parametrize(("rate", "kept"), [(1, 10**8), (10**8, 10**8), (10**8 + 1, 2 * 10**8)])
def test_rate_model__answers_less_than_a_unit__rounds_up(lent: World, faulty: Any, rate: int, kept: int) -> None:
    faulty.set_rate(rate)
    lent.ledger.reserves["NEW"].rate = lambda _: rate
    lent.accrue("NEW")
    assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == kept
    lent.travel(MONTH)
    lent.check()


def test_rate_model__another_one__counts_from_its_setting_on(lent: World, faulty: Any) -> None:
    lent.travel(DAY)
    lent.accrue("NEW")
    index = lent.reserve("NEW").index
    dearer = load("testing/FaultyRateModel.vy").deploy()
    dearer.set_rate(WAD // 2)
    lent.travel(DAY)
    lent.configure("NEW", dearer, rate=lambda _: WAD // 2)
    index = grown(index, WAD // 10)
    assert lent.reserve("NEW").index == index
    assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == WAD // 2
    lent.travel(DAY)
    assert lent.reserve("NEW").index == grown(index, WAD // 2)
    lent.check()


@pytest.mark.parametrize("rate", [100 * WAD, 100 * WAD + 1, 2**256 - 1])
def test_rate_model__absurd_rate__is_cut(lent: World, faulty: Any, rate: int) -> None:
    faulty.set_rate(rate)
    lent.ledger.reserves["NEW"].rate = lambda _: rate
    lent.accrue("NEW")
    assert lent.pool.reserve_state(lent.address["NEW"]).borrow_rate_wad == 100 * WAD
    lent.travel(DAY)
    lent.check()
    faulty.set_fault(1)
    lent.ledger.reserves["NEW"].rate = lambda _: None
    lent.accrue("NEW")
    lent.travel(DAY)
    lent.check()


def test_index__at_its_cap__stays_and_everything_goes_on(lent: World, faulty: Any) -> None:
    faulty.set_rate(100 * WAD)
    lent.ledger.reserves["NEW"].rate = lambda _: 100 * WAD
    for _ in range(3):
        lent.travel(3_650 * DAY)
        lent.check()
        lent.accrue("NEW")
    assert lent.reserve("NEW").index == 2**104 - 2**24
    lent.check()
    lent.supply("attacker", "NEW", 10**18)
    lent.withdraw("attacker", "NEW", 10**17)
    lent.repay("borrower", "NEW", MAX)
    lent.withdraw("lender", "NEW", MAX)
    lent.check()


@pytest.mark.parametrize("room", [0, 1, 10**24])
def test_debt__grows_to_what_fits__stays_and_can_be_repaid(world: World, faulty: Any, room: int) -> None:
    world.add("NEW", rate=lambda _: 100 * WAD, model=faulty, price=1)
    faulty.set_rate(100 * WAD)
    world.seed("keeper", "NEW", 10**18)
    world.supply("lender", "NEW", 2**103 - 1 - 10**18 - room)
    world.set_price("NEW", 10**8)
    world.supply("borrower", "BTC", 10**5 * 10**8)
    world.enable("borrower", "BTC")
    world.borrow("borrower", "NEW", 2**102)
    for _ in range(3):
        world.travel(MONTH)
        world.check()
        world.accrue("NEW")
    assert world.reserve("NEW").assets <= 2**103 - 1
    assert world.reserve("NEW").assets > 2**103 - 1 - 2**37  # a step of the index
    world.repay("borrower", "NEW", MAX)
    world.withdraw("lender", "NEW", MAX)
    world.check()


def test_fees__more_than_fit_beside_the_rest__are_kept_aside(lent: World, faulty: Any) -> None:
    """27 bits of units hold nine tokens of fees; what is above moves over, and nothing is lost."""
    faulty.set_rate(WAD)
    lent.ledger.reserves["NEW"].rate = lambda _: WAD
    for _ in range(6):
        lent.travel(5 * DAY)
        lent.accrue("NEW")
        lent.check()
    state = lent.pool.reserve_state(lent.address["NEW"])
    assert state.fee_shares > 3 * (2**27 << 56)
    shares = lent.collect_fees("NEW")
    (event,) = logs(lent, "FeesCollected")
    assert (event.asset, event.shares) == (lent.address["NEW"], shares) == (lent.address["NEW"], state.fee_shares)
    lent.check()


def test_collect_fees__any_time__moves_all_to_the_treasury(lent: World) -> None:
    lent.travel(DAY)
    shares = lent.collect_fees("NEW")
    assert shares > 0
    assert lent.pool.supply_shares_of(lent.address["treasury"], lent.address["NEW"]) == shares
    assert lent.collect_fees("NEW") == 0
    assert logs(lent, "FeesCollected") == []
    lent.withdraw("treasury", "NEW", MAX)
    lent.check()


def test_collect_fees__unlisted__reverts(world: World) -> None:
    with boa.reverts("pool: not listed"):
        world.pool.collect_fees(world.address["lender"])
