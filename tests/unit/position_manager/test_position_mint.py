import boa
import pytest

from tests.conftest import load
from tests.pair_world import START, ZERO
from tests.unit.position_manager.conftest import E18, FEE, FULL, MAX, MAX_128, Q96, logs


@pytest.mark.parametrize("lower, upper", [(-600, 600), (0, 60), (-60, 0), (600, 1_200), (-1_200, -600), (-FULL, FULL), (-60, 12_000)])
def test_mint__in_any_range__takes_what_the_liquidity_costs(market, lender, borrower, lower, upper):
    liquidity = market.liquidity_for(lower, upper, 3 * E18, 2 * E18)
    costs = market.amounts_for(lower, upper, liquidity, up=True)
    before = market.balances(lender)
    answer = market.manager.mint(market.params(lower, upper, 3 * E18, 2 * E18, recipient=borrower), sender=lender)
    events = logs(market.manager)
    assert tuple(answer) == (2, liquidity, *costs)
    assert market.gained(lender, before) == (-costs[0], -costs[1])
    assert [e for e in events if e[0] in ("Transfer", "IncreaseLiquidity")][-2:] == [
        ("Transfer", ZERO, borrower, 2),
        ("IncreaseLiquidity", 2, liquidity, *costs),
    ]
    position = market.position(2)
    assert (position.lower, position.upper, position.liquidity) == (lower, upper, liquidity)
    assert (position.token0, position.token1, position.fee) == (market.token0.address, market.token1.address, FEE)
    assert (position.nonce, position.operator, position.owed0, position.owed1) == (0, ZERO, 0, 0)
    assert market.manager.ownerOf(2) == borrower
    assert market.manager.balanceOf(borrower) == 1


def test_mint__first_of_all__has_the_id_one(market):
    assert market.manager.ownerOf(1) != ZERO
    with boa.reverts("Invalid token ID"):
        market.manager.positions(0)
    with boa.reverts("Invalid token ID"):
        market.manager.positions(2)


def test_mint__in_a_pool_with_fees__starts_from_the_fees_so_far(market):
    first = market.mint()
    market.trade()
    second = market.mint()
    assert market.position(second).growth0 > market.position(first).growth0
    assert market.manager.unclaimed_fees(second) == (0, 0)


def test_mint__after_the_deadline__reverts(market, lender):
    market.manager.mint(market.params(deadline=START), sender=lender)
    with boa.reverts("Transaction too old"):
        market.manager.mint(market.params(deadline=START - 1), sender=lender)


def test_mint__less_than_the_minimum_of_either_token__reverts(market, lender):
    cost0, cost1 = market.amounts_for(-600, 1_200, market.liquidity_for(-600, 1_200, E18, E18), up=True)
    # as low as it may be
    market.manager.mint(market.params(-600, 1_200, min0=cost0, min1=cost1), sender=lender)
    before = market.balances(lender)
    for changes in ({"min0": cost0 + 1}, {"min1": cost1 + 1}, {"min0": MAX, "min1": MAX}):
        with boa.reverts("Price slippage check"):
            market.manager.mint(market.params(-600, 1_200, **changes), sender=lender)
    assert market.balances(lender) == before


@pytest.mark.parametrize(
    "lower, upper, reason",
    [
        (600, -600, "TLU"),
        (-887_280, 600, "T"),
        (-600, 887_280, "T"),
        (-601, 600, None),
        (-600, 599, None),
        (60, 60, None),
    ],
)
def test_mint__impossible_range__reverts(market, lender, lower, upper, reason):
    with boa.reverts(reason) if reason else boa.reverts():
        market.manager.mint(market.params(lower, upper), sender=lender)


def test_mint__no_such_pool__reverts(market, lender, borrower, new_token):
    strange = new_token("CCC").address
    for changes in (
        {"fee": 500},
        {"fee": 1},
        {"token0": market.token1.address, "token1": market.token0.address},
        {"token1": strange},
        {"token0": strange},
        {"token0": market.token1.address},
    ):
        with boa.reverts():
            market.manager.mint(market.params(**changes), sender=lender)


def test_mint__pool_without_a_price__reverts(market, lender):
    market.factory.createPool(market.token0, market.token1, 500)
    with boa.reverts():
        market.manager.mint(market.params(fee=500), sender=lender)


@pytest.mark.parametrize("amounts", [(0, 0), (0, E18), (E18, 0), (MAX, MAX), (1, MAX), (MAX_128, MAX_128)])
def test_mint__no_liquidity_or_too_much__reverts(market, lender, amounts):
    with boa.reverts():
        market.manager.mint(market.params(-600, 600, *amounts), sender=lender)


def test_mint__above_what_a_tick_may_hold__reverts(market, lender):
    with boa.reverts("LO"):
        market.manager.mint(market.params(-600, 600, 2**116, 2**116), sender=lender)


def test_mint__to_the_zero_address__reverts(market, lender):
    with boa.reverts("ERC721: mint to the zero address"):
        market.manager.mint(market.params(recipient=ZERO), sender=lender)


def test_mint__without_allowance_or_balance__reverts(market, lender, attacker):
    with boa.reverts("STF"):
        market.manager.mint(market.params(), sender=attacker)
    market.token1.approve(market.manager, 10, sender=lender)
    with boa.reverts("STF"):
        market.manager.mint(market.params(), sender=lender)


def test_create_and_initialize__every_state_of_a_pool__ends_with_a_price(market, attacker):
    manager, tokens = market.manager, (market.token0, market.token1)
    # Nothing there
    pool = manager.createAndInitializePoolIfNecessary(*tokens, 500, 2 * Q96, sender=attacker)
    assert market.factory.getPool(*tokens, 500) == pool
    assert load("amm/RangePool.vy").at(pool).slot0()[0] == 2 * Q96
    # All there
    assert manager.createAndInitializePoolIfNecessary(*tokens, 500, 3 * Q96, sender=attacker) == pool
    assert load("amm/RangePool.vy").at(pool).slot0()[0] == 2 * Q96
    # A pool without a price
    bare = market.factory.createPool(*tokens, 100)
    assert manager.createAndInitializePoolIfNecessary(*tokens, 100, 3 * Q96, sender=attacker) == bare
    assert load("amm/RangePool.vy").at(bare).slot0()[0] == 3 * Q96


def test_create_and_initialize__bad_input__reverts(market):
    manager = market.manager
    for args in (
        (market.token1, market.token0, 500, Q96),
        (market.token0, market.token0, 500, Q96),
        (ZERO, market.token0, 500, Q96),
        (market.token0, market.token1, 501, Q96),
    ):
        with boa.reverts():
            manager.createAndInitializePoolIfNecessary(*args)
    with boa.reverts("R"):
        manager.createAndInitializePoolIfNecessary(market.token0, market.token1, 500, 0)
    assert market.factory.getPool(market.token0, market.token1, 500) == ZERO


def test_constructor__answers_what_it_was_given(market):
    assert market.manager.factory() == market.factory.address
    assert market.manager.WETH9() == market.wrapper.address
