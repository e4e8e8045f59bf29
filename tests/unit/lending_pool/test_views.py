import boa
import pytest

from plimsoll.reference.pool import MAX, WAD
from tests.accounts import account_state
from tests.pool_world import ASSETS, World


def test_account_words__collateral_and_debts__with_interest_in_order_of_id(world: World) -> None:
    world.supply("borrower", "ETH", 100 * 10**18)
    world.supply("borrower", "USD", 5_000 * 10**6)
    world.enable("borrower", "ETH")
    world.enable("borrower", "USD")
    world.borrow("borrower", "BTC", 10**7)
    world.open("attacker", "BTC", 10**9, "ETH", 10**20)
    world.borrow("attacker", "USD", 5_000 * 10**6)
    world.travel(40 * 86_400)
    now = world.ledger_now()
    state = account_state(world.pool, world.address["borrower"])
    assert [(c.asset, c.amount, c.ltv_bps, c.bonus_bps) for c in state.collaterals] == [
        (world.address["USD"], now.supply_of("borrower", "USD"), 8_500, 11_000),
        (world.address["ETH"], now.supply_of("borrower", "ETH"), 7_500, 11_000),
    ]
    assert [(d.asset, d.amount) for d in state.debts] == [(world.address["BTC"], now.debt_of("borrower", "BTC"))]
    state = account_state(world.pool, world.address["attacker"])
    assert [(d.asset, d.amount) for d in state.debts] == [(world.address[asset], now.debt_of("attacker", asset)) for asset in ("USD", "ETH")]


def test_account_words__nobody__is_empty(world: World) -> None:
    state = account_state(world.pool, boa.env.generate_address())
    assert (state.collaterals, state.debts) == ([], [])


def test_positions__bits_and_words__of_the_reserves_that_count(world: World) -> None:
    world.supply("borrower", "BTC", 10**8)  # neither collateral nor owed
    world.supply("borrower", "USD", 10**6)  # supplied and owed
    world.open("borrower", "ETH", 100 * 10**18, "USD", 1_000 * 10**6)
    bitmap, words = world.pool.positions(world.address["borrower"])
    assert bitmap == 1 << 2 | 1 << 128
    assert words == [10**12 | 1_000 * 10**6 << 128, 100 * 10**24]


@pytest.mark.parametrize("asset", ASSETS)
def test_reserve_state__terms__as_listed(world: World, asset: str) -> None:
    _, _, ltv, bonus, factor, _ = ASSETS[asset]
    state = world.pool.reserve_state(world.address[asset])
    assert (state.ltv_bps, state.bonus_bps, state.reserve_factor_bps) == (ltv, bonus, factor)
    assert (state.seeded, state.rate_model) == (True, world.model[asset].address)


def test_reserves__by_id__in_order_of_listing(world: World) -> None:
    assert world.pool.reserves_count() == 3
    assert [world.pool.reserve_at(id) for id in range(3)] == [world.address[asset] for asset in ASSETS]
    for beyond in (3, 127, 128, MAX):
        with boa.reverts("pool: not listed"):
            world.pool.reserve_at(beyond)


@pytest.mark.parametrize("view", ["supply_shares_of", "supply_of", "debt_of"])
def test_views_of_an_account__unlisted__revert(world: World, view: str) -> None:
    with boa.reverts("pool: not listed"):
        getattr(world.pool, view)(world.address["lender"], world.address["keeper"])


def test_reserve_state__unlisted__reverts(world: World) -> None:
    with boa.reverts("pool: not listed"):
        world.pool.reserve_state(world.address["lender"])


def set_up_systems(world: World) -> None:
    """Two collaterals of which 100 units of account each are left, and a dollar to borrow, as in the documents."""
    for symbol, ltv in (("WEMIX", 7_500), ("WEMIX$", 8_500), ("ADA", 7_000)):
        world.add(symbol, ltv=ltv, price=1)
        world.seed("keeper", symbol, 10**18)


def test_golden_1__wemix_and_wemix_dollar__limit_128(world: World) -> None:
    """Capacity 75 + 85 = 160, of which 80 % are 128; times 100."""
    set_up_systems(world)
    for symbol in ("WEMIX", "WEMIX$"):
        world.supply("borrower", symbol, 10_000 * 10**18)
        world.enable("borrower", symbol)
    assert world.ledger_now().capacity_and_debt("borrower")[0] == 16_000 * WAD
    with boa.reverts("pool: over limit"), boa.env.prank(world.address["borrower"]):
        world.pool.borrow(world.address["USD"], 12_800 * 10**6 + 1, world.address["borrower"])
    world.borrow("borrower", "USD", 12_800 * 10**6)


def test_golden_4__debt_59_999_of_100_that_fall_to_80__is_below_the_capacity(world: World) -> None:
    set_up_systems(world)
    world.open("borrower", "WEMIX", 10_000 * 10**18, "USD", 5_999_900_000)
    world.set_price("WEMIX", 8 * WAD // 10)
    state = account_state(world.pool, world.address["borrower"])
    capacity = state.collaterals[0].amount * 8 // 10 * state.collaterals[0].ltv_bps // 10_000
    assert capacity == 6_000 * 10**18
    assert state.debts[0].amount * 10**12 < capacity
    with boa.reverts("pool: over limit"), boa.env.prank(world.address["borrower"]):
        world.pool.withdraw(world.address["WEMIX"], 1, world.address["borrower"])
