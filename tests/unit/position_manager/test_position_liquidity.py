"""increaseLiquidity, decreaseLiquidity, collect, burn"""

import boa
import pytest

from tests.pair_world import START, ZERO
from tests.unit.position_manager.conftest import E18, FOREVER, MAX, MAX_128, logs


def share(growth, liquidity):
    return growth * liquidity // 2**128


@pytest.fixture
def token_id(market):
    return market.mint()


# ---------------------------------------------------------------- increase


def test_increase__by_anybody__adds_and_books_the_fees(market, borrower, token_id):
    market.trade()
    market.fund(borrower)
    before, purse = market.position(token_id), market.balances(borrower)
    added = market.liquidity_for(-600, 600, 2 * E18, E18)
    costs = market.amounts_for(-600, 600, added, up=True)
    answer = market.manager.increaseLiquidity((token_id, 2 * E18, E18, 0, 0, FOREVER), sender=borrower)
    assert logs(market.manager, "IncreaseLiquidity") == [("IncreaseLiquidity", token_id, added, *costs)]
    assert tuple(answer) == (added, *costs)
    assert market.gained(borrower, purse) == (-costs[0], -costs[1])
    after = market.position(token_id)
    assert after.liquidity == before.liquidity + added
    # Of the liquidity before
    assert after.owed0 == share(after.growth0 - before.growth0, before.liquidity) > 0
    assert after.owed1 == share(after.growth1 - before.growth1, before.liquidity) > 0


def test_increase__bounds__revert(market, lender, token_id):
    with boa.reverts("Transaction too old"):
        market.manager.increaseLiquidity((token_id, E18, E18, 0, 0, START - 1), sender=lender)
    for minima in ((E18 + 1, 0), (0, E18 + 1)):
        with boa.reverts("Price slippage check"):
            market.manager.increaseLiquidity((token_id, E18, E18, *minima, START), sender=lender)
    for amounts in ((0, 0), (0, E18), (MAX, MAX)):
        with boa.reverts():
            market.manager.increaseLiquidity((token_id, *amounts, 0, 0, START), sender=lender)


@pytest.mark.parametrize("unknown", [0, 3, MAX])
def test_any_call__unknown_position__reverts(market, lender, token_id, unknown):
    manager = market.manager
    with boa.reverts("Invalid token ID"):
        manager.increaseLiquidity((unknown, E18, E18, 0, 0, FOREVER), sender=lender)
    for view in ("positions", "unclaimed_fees", "amounts_of", "tokenURI"):
        with boa.reverts("Invalid token ID"):
            getattr(manager, view)(unknown)
    for call in (
        lambda: manager.decreaseLiquidity((unknown, 1, 0, 0, FOREVER), sender=lender),
        lambda: manager.collect((unknown, lender, 1, 1), sender=lender),
        lambda: manager.burn(unknown, sender=lender),
        lambda: manager.compound(unknown, 0, 0, FOREVER, sender=lender),
        lambda: manager.move_range(unknown, -60, 60, 0, 0, FOREVER, sender=lender),
    ):
        with boa.reverts("ERC721: operator query for nonexistent token"):
            call()


# ---------------------------------------------------------------- decrease


@pytest.mark.parametrize("part", [1, 2, 10])
def test_decrease__some_of_it__is_owed(market, lender, token_id, part):
    market.trade()
    before, purse = market.position(token_id), market.balances(lender)
    liquidity = before.liquidity // part
    freed = market.amounts_for(-600, 600, liquidity, up=False)
    assert market.manager.decreaseLiquidity((token_id, liquidity, *freed, START), sender=lender) == freed
    assert logs(market.manager, "DecreaseLiquidity") == [("DecreaseLiquidity", token_id, liquidity, *freed)]
    after = market.position(token_id)
    assert market.balances(lender) == purse
    assert after.liquidity == before.liquidity - liquidity
    assert after.owed0 == freed[0] + share(after.growth0 - before.growth0, before.liquidity) > freed[0]
    assert after.owed1 == freed[1] + share(after.growth1 - before.growth1, before.liquidity) > freed[1]


def test_decrease__bounds__revert(market, lender, token_id):
    liquidity = market.position(token_id).liquidity
    freed0, freed1 = market.amounts_for(-600, 600, liquidity, up=False)
    for minima in ((freed0 + 1, 0), (0, freed1 + 1)):
        with boa.reverts("Price slippage check"):
            market.manager.decreaseLiquidity((token_id, liquidity, *minima, START), sender=lender)
    with boa.reverts("Transaction too old"):
        market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, START - 1), sender=lender)
    for wrong in (0, liquidity + 1, MAX_128):
        with boa.reverts():
            market.manager.decreaseLiquidity((token_id, wrong, 0, 0, START), sender=lender)


def test_decrease__more_than_the_position_has_of_a_shared_range__reverts(market, lender, token_id):
    """The pool knows one account for both, and would pay."""
    market.mint(amount0=100 * E18, amount1=100 * E18)
    with boa.reverts():
        market.manager.decreaseLiquidity((token_id, market.position(token_id).liquidity + 1, 0, 0, FOREVER), sender=lender)


# ---------------------------------------------------------------- collect


def test_collect__fees__are_paid_to_the_unit(market, lender, borrower, token_id):
    market.trade()
    fees = market.manager.unclaimed_fees(token_id)
    assert min(fees) > 10**14
    answer = market.manager.collect((token_id, borrower, MAX_128, MAX_128), sender=lender)
    assert logs(market.manager, "Collect") == [("Collect", token_id, borrower, *fees)]
    assert answer == fees == market.balances(borrower)
    assert market.manager.unclaimed_fees(token_id) == (0, 0)
    position = market.position(token_id)
    assert (position.owed0, position.owed1) == (0, 0)


@pytest.mark.parametrize("maxima", [(10, 0), (0, 10), (10, 20), (MAX_128, 0), (1, MAX_128)])
def test_collect__up_to_a_maximum__leaves_the_rest(market, lender, borrower, token_id, maxima):
    market.trade()
    fees = market.manager.unclaimed_fees(token_id)
    paid = tuple(map(min, fees, maxima))
    assert market.manager.collect((token_id, borrower, *maxima), sender=lender) == paid
    assert market.manager.unclaimed_fees(token_id) == (fees[0] - paid[0], fees[1] - paid[1])


def test_collect__nothing_owed__pays_nothing(market, lender, borrower, token_id):
    assert market.manager.collect((token_id, borrower, MAX_128, MAX_128), sender=lender) == (0, 0)
    assert logs(market.manager, "Collect") == [("Collect", token_id, borrower, 0, 0)]


def test_collect__nothing_asked__reverts(market, lender, token_id):
    with boa.reverts():
        market.manager.collect((token_id, lender, 0, 0), sender=lender)


def test_collect__without_liquidity__pays_what_is_left(market, lender, token_id):
    market.trade()
    liquidity = market.position(token_id).liquidity
    market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, FOREVER), sender=lender)
    market.trade()
    owed = market.manager.unclaimed_fees(token_id)
    assert owed == (market.position(token_id).owed0, market.position(token_id).owed1)
    before = market.balances(lender)
    assert market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender) == owed
    assert market.gained(lender, before) == owed


def test_collect__two_positions_in_one_range__are_kept_apart(market, lender, borrower, token_id):
    """The second has three times as much, and comes later."""
    market.trade()
    early = market.manager.unclaimed_fees(token_id)
    second = market.mint(amount0=3 * E18, amount1=3 * E18, recipient=borrower)
    assert market.manager.unclaimed_fees(second) == (0, 0)
    market.trade()
    first_fees, second_fees = (market.manager.unclaimed_fees(i) for i in (token_id, second))
    liquidity, other = (market.position(i).liquidity for i in (token_id, second))
    for side in (0, 1):
        mine = first_fees[side] - early[side]
        # in proportion, each within one unit
        assert abs(mine * other - second_fees[side] * liquidity) <= 2 * max(liquidity, other)
    # Whoever collects takes nothing of the other's
    assert market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender) == first_fees
    assert market.manager.unclaimed_fees(second) == second_fees
    assert market.manager.collect((second, borrower, MAX_128, MAX_128), sender=borrower) == second_fees


def test_collect__the_pool_has_less_by_its_roundings__pays_what_is_there(market, lender, borrower, token_id):
    """Each touch of the range rounds down for the whole of it; the positions are rounded down only once."""
    market.mint(recipient=borrower, amount0=7 * E18, amount1=7 * E18)
    for _ in range(20):
        market.swap(10**15 + 7)
        # The pool's account is brought up to date, the position's is not
        market.manager.collect((3, borrower, MAX_128, MAX_128), sender=borrower)
    market.manager.collect((3, borrower, MAX_128, MAX_128), sender=borrower)
    promised = market.manager.unclaimed_fees(token_id)
    before = market.balances(lender)
    answer = market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender)
    event = logs(market.manager, "Collect")[0]
    assert answer == promised == market.gained(lender, before)
    # The event names what was owed: less than a unit for each touch, in the token that was traded, was not there
    assert 0 < event[3] - answer[0] <= 21
    assert event[4] == answer[1]


# ---------------------------------------------------------------- burn


def test_burn__cleared__is_gone(market, lender, token_id):
    liquidity = market.position(token_id).liquidity
    with boa.reverts("Not cleared"):
        market.manager.burn(token_id, sender=lender)
    market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, FOREVER), sender=lender)
    with boa.reverts("Not cleared"):
        market.manager.burn(token_id, sender=lender)
    market.manager.collect((token_id, lender, MAX_128, 0), sender=lender)
    with boa.reverts("Not cleared"):
        market.manager.burn(token_id, sender=lender)
    market.manager.collect((token_id, lender, 0, MAX_128), sender=lender)
    market.manager.burn(token_id, sender=lender)
    assert logs(market.manager) == [("Approval", lender, ZERO, token_id), ("Transfer", lender, ZERO, token_id)]
    assert market.manager.balanceOf(lender) == 0
    with boa.reverts("ERC721: owner query for nonexistent token"):
        market.manager.ownerOf(token_id)
    # Its id is not used again
    assert market.mint() == token_id + 1


# ---------------------------------------------------------------- rights


def calls(manager, token_id):
    return (
        lambda sender: manager.decreaseLiquidity((token_id, 1, 0, 0, FOREVER), sender=sender),
        lambda sender: manager.collect((token_id, sender, MAX_128, MAX_128), sender=sender),
        lambda sender: manager.compound(token_id, 0, 0, FOREVER, sender=sender),
        lambda sender: manager.move_range(token_id, -1_200, 1_200, 0, 0, FOREVER, sender=sender),
        lambda sender: manager.burn(token_id, sender=sender),
    )


def test_any_change__of_somebody_else__reverts(market, attacker, token_id):
    market.trade()
    for call in calls(market.manager, token_id):
        with boa.reverts("Not approved"):
            call(attacker)


@pytest.mark.parametrize("how", ["approve", "setApprovalForAll"])
def test_any_change__by_somebody_approved__works(market, lender, borrower, token_id, how):
    market.trade()
    if how == "approve":
        market.manager.approve(borrower, token_id, sender=lender)
    else:
        market.manager.setApprovalForAll(borrower, True, sender=lender)
    *others, burn = calls(market.manager, token_id)
    decrease, collect, compound, move = others
    decrease(borrower)
    collect(borrower)
    assert min(market.balances(borrower)) > 0
    market.trade()
    compound(borrower)
    market.trade()
    new_id = move(borrower)[0]
    # The new one is the owner's
    assert market.manager.ownerOf(new_id) == lender
    collect(borrower)
    burn(borrower)
    if how == "approve":
        with boa.reverts("Not approved"):
            market.manager.burn(new_id, sender=borrower)
