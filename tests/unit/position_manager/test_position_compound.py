"""compound, move_range: what is owed goes back to work without passing through a wallet"""

import boa
import pytest

from tests.pair_world import START, ZERO
from tests.unit.position_manager.conftest import E18, FOREVER, MAX_128, logs


@pytest.fixture
def token_id(market):
    return market.mint()


def worth(market, token_id):
    freed, fees = market.manager.amounts_of(token_id), market.manager.unclaimed_fees(token_id)
    return freed[0] + fees[0], freed[1] + fees[1]


# ---------------------------------------------------------------- compound


def test_compound__fees__become_liquidity_and_the_rest_stays_owed(market, lender, token_id):
    market.trade()
    before, fees, had = market.position(token_id), market.manager.unclaimed_fees(token_id), worth(market, token_id)
    added = market.liquidity_for(-600, 600, *fees)
    costs = market.amounts_for(-600, 600, added, up=True)
    purse = market.balances(lender)
    answer = market.manager.compound(token_id, *costs, START, sender=lender)
    events = logs(market.manager)
    assert tuple(answer) == (added, *costs)
    assert added > 0
    assert min(costs) > 0
    # What indexers know: collected to the manager, added to the position
    assert ("Collect", token_id, market.manager.address, *costs) in events
    assert events[-1] == ("IncreaseLiquidity", token_id, added, *costs)
    after = market.position(token_id)
    assert after.liquidity == before.liquidity + added
    assert (after.owed0, after.owed1) == (fees[0] - costs[0], fees[1] - costs[1])
    assert market.manager.unclaimed_fees(token_id) == (after.owed0, after.owed1)
    # Nothing went anywhere else
    assert market.balances(lender) == purse
    assert market.balances(market.manager) == (0, 0)
    assert all(a - 1 <= b <= a for a, b in zip(had, worth(market, token_id), strict=True))


def test_compound__is_what_collecting_and_adding_gives(market, lender, token_id):
    market.trade()
    with boa.env.anchor():
        fees = market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender)
        added, *amounts = market.manager.increaseLiquidity((token_id, *fees, 0, 0, FOREVER), sender=lender)
        liquidity = market.position(token_id).liquidity
    assert tuple(market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)) == (added, *amounts)
    assert market.position(token_id).liquidity == liquidity


def test_compound__withdrawn_liquidity__is_put_back(market, lender, token_id):
    """From nothing at all, in a range in which nobody else has any: the fee growth starts from now."""
    market.trade()
    liquidity = market.position(token_id).liquidity
    market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, FOREVER), sender=lender)
    market.trade(100 * E18)
    added, *_ = market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)
    rest = market.manager.unclaimed_fees(token_id)
    assert market.position(token_id).liquidity == added > 0
    # None of the fees that came while it was not there
    assert rest == (market.position(token_id).owed0, market.position(token_id).owed1)
    market.trade()
    fees = market.manager.unclaimed_fees(token_id)
    assert fees[0] > rest[0]
    assert fees[1] > rest[1]
    assert market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender) == fees


def test_compound__the_pool_has_less_by_its_roundings__uses_what_is_there(market, lender, borrower, token_id):
    """The position is owed a few units more than the range's account holds: asking the pool for them would fail the whole call."""
    manager = market.manager
    other = market.mint(recipient=borrower, amount0=7 * E18, amount1=7 * E18)
    for _ in range(15):
        for zero_for_one in (True, False):
            market.swap(10**15 + 7, zero_for_one)
            manager.collect((other, borrower, MAX_128, MAX_128), sender=borrower)
    with boa.env.anchor():
        paid = manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender)
        promised = logs(manager, "Collect")[0][3:]
    assert all(have + 2 <= owed for have, owed in zip(paid, promised, strict=True))
    costs = market.amounts_for(-600, 600, market.liquidity_for(-600, 600, *paid), up=True)
    with boa.env.anchor():
        assert tuple(manager.compound(token_id, 0, 0, FOREVER, sender=lender))[1:] == costs
        assert market.balances(manager) == (0, 0)
    # The whole of the other token goes into a range on one side of the price: here the last unit counts
    manager.decreaseLiquidity((token_id, market.position(token_id).liquidity, 0, 0, FOREVER), sender=lender)
    tick = market.pool.slot0()[1] // 60 * 60
    manager.move_range(token_id, tick + 60, tick + 120, 0, 0, FOREVER, sender=lender)
    assert market.balances(manager) == (0, 0)


def test_compound__one_token_alone_out_of_range__is_enough(market, lender):
    """Above the range only token1 counts."""
    market.swap(30 * E18, False)
    tick = market.pool.slot0()[1]
    lower, upper = tick // 60 * 60 - 600, tick // 60 * 60
    token_id = market.mint(lower, upper, 0, E18)
    market.swap(10 * E18)
    market.swap(30 * E18, False)
    fees = market.manager.unclaimed_fees(token_id)
    assert min(fees) > 0
    added, amount0, amount1 = market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)
    assert (amount0, market.position(token_id).owed0) == (0, fees[0])
    assert amount1 == market.amounts_for(lower, upper, added, up=True)[1] >= fees[1] - 1


def test_compound__nothing_to_add__reverts(market, lender, token_id):
    with boa.reverts("positions: nothing to add"):
        market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)
    # In one token only
    market.swap(10 * E18)
    assert market.manager.unclaimed_fees(token_id)[1] == 0
    with boa.reverts("positions: nothing to add"):
        market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)


def test_compound__bounds__revert(market, lender, token_id):
    market.trade()
    with boa.env.anchor():
        _, amount0, amount1 = market.manager.compound(token_id, 0, 0, START, sender=lender)
    for minima in ((amount0 + 1, 0), (0, amount1 + 1)):
        with boa.reverts("Price slippage check"):
            market.manager.compound(token_id, *minima, START, sender=lender)
    with boa.reverts("Transaction too old"):
        market.manager.compound(token_id, 0, 0, START - 1, sender=lender)


def test_compound__at_a_moved_price__is_refused_by_the_minimum(market, lender, attacker, token_id):
    """A sandwich: the attacker moves the price to where little of one token fits."""
    market.trade()
    with boa.env.anchor():
        _, amount0, amount1 = market.manager.compound(token_id, 0, 0, FOREVER, sender=lender)
    market.swap(20 * E18)
    with boa.reverts("Price slippage check"):
        market.manager.compound(token_id, amount0 * 99 // 100, amount1 * 99 // 100, FOREVER, sender=lender)


def test_compound__wrapped_native__leaves_the_coin_alone(native, lender):
    """The coin that somebody sends along must not pay for what has just been collected: that would stay here, for anybody."""
    token_id = native.mint()
    native.trade()
    manager = native.manager
    boa.env.set_balance(lender, 10 * E18)
    calls = [manager.compound.prepare_calldata(token_id, 0, 0, FOREVER), manager.refundETH.prepare_calldata()]
    manager.multicall(calls, value=E18, sender=lender)
    assert native.wrapper.balanceOf(manager) == 0
    assert boa.env.get_balance(manager.address) == 0
    assert boa.env.get_balance(lender) == 10 * E18


# ---------------------------------------------------------------- move_range


@pytest.mark.parametrize("lower, upper", [(-1_200, 1_200), (-60, 60), (-600, 1_200), (600, 1_200), (-120, 0), (-600, 600)])
def test_move_range__liquidity_and_fees__end_in_the_new_range(market, lender, token_id, lower, upper):
    market.trade()
    market.swap(E18)
    old, fees, had, purse = market.position(token_id), market.manager.unclaimed_fees(token_id), worth(market, token_id), market.balances(lender)
    freed = market.amounts_for(-600, 600, old.liquidity, up=False)
    there = (freed[0] + fees[0], freed[1] + fees[1])
    liquidity = market.liquidity_for(lower, upper, *there)
    costs = market.amounts_for(lower, upper, liquidity, up=True)
    answer = market.manager.move_range(token_id, lower, upper, *costs, START, sender=lender)
    events = logs(market.manager)
    new_id = token_id + 1
    assert tuple(answer) == (new_id, liquidity, *costs)
    names = ("DecreaseLiquidity", "Collect", "Transfer", "IncreaseLiquidity", "MoveRange")
    assert [e for e in events if e[0] in names and e[1:3] != (market.manager.address, market.pool.address)][-5:] == [
        ("DecreaseLiquidity", token_id, old.liquidity, *freed),
        ("Collect", token_id, market.manager.address, *costs),
        ("Transfer", ZERO, lender, new_id),
        ("IncreaseLiquidity", new_id, liquidity, *costs),
        ("MoveRange", token_id, new_id),
    ]
    new, rest = market.position(new_id), market.position(token_id)
    assert (new.lower, new.upper, new.liquidity, new.owed0, new.owed1) == (lower, upper, liquidity, 0, 0)
    assert (rest.lower, rest.upper, rest.liquidity) == (-600, 600, 0)
    assert (rest.owed0, rest.owed1) == (there[0] - costs[0], there[1] - costs[1])
    assert market.balances(lender) == purse
    assert market.balances(market.manager) == (0, 0)
    now = tuple(map(sum, zip(worth(market, new_id), worth(market, token_id), strict=True)))
    assert all(a - 1 <= b <= a for a, b in zip(had, now, strict=True))
    # The rest can be had, and the old id burned
    assert market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender) == (rest.owed0, rest.owed1)
    market.manager.burn(token_id, sender=lender)


def test_move_range__without_a_rest__burns_the_old_id(market, lender):
    """Above the price there is token0 alone. Of 3,600 ranges the cost of one comes to exactly what is there."""
    token_id = market.mint(600, 1_200, E18, 0)
    amount0, _ = market.manager.amounts_of(token_id)
    for width in range(1, 60):
        upper = 1_200 + 60 * width
        liquidity = market.liquidity_for(1_200, upper, amount0, 0)
        if market.amounts_for(1_200, upper, liquidity, up=True) == (amount0, 0):
            break
    else:
        pytest.fail("no range without a rest")
    new_id = market.manager.move_range(token_id, 1_200, upper, 0, 0, FOREVER, sender=lender)[0]
    events = logs(market.manager)
    assert events[-3:] == [
        ("Approval", lender, ZERO, token_id),
        ("Transfer", lender, ZERO, token_id),
        ("MoveRange", token_id, new_id),
    ]
    with boa.reverts("ERC721: owner query for nonexistent token"):
        market.manager.ownerOf(token_id)
    assert market.manager.balanceOf(lender) == 1


def test_move_range__what_is_left_of_a_move__can_move_again(market, lender, token_id):
    """The rest is one token: it fits on one side of the price."""
    market.swap(3 * E18)
    market.manager.move_range(token_id, -60, 1_200, 0, 0, FOREVER, sender=lender)
    rest = market.manager.unclaimed_fees(token_id)
    tick = market.pool.slot0()[1] // 60 * 60
    bounds = (tick + 60, tick + 600) if rest[0] > rest[1] else (tick - 600, tick)
    new_id, liquidity, *amounts = market.manager.move_range(token_id, *bounds, 0, 0, FOREVER, sender=lender)
    assert not logs(market.manager, "DecreaseLiquidity")
    assert max(amounts) >= max(rest) - 1
    assert market.position(new_id).liquidity == liquidity > 0


def test_move_range__bounds__revert(market, lender, token_id):
    manager = market.manager
    with boa.env.anchor():
        *_, amount0, amount1 = manager.move_range(token_id, -1_200, 60, 0, 0, START, sender=lender)
    for minima in ((amount0 + 1, 0), (0, amount1 + 1)):
        with boa.reverts("Price slippage check"):
            manager.move_range(token_id, -1_200, 60, *minima, START, sender=lender)
    with boa.reverts("Transaction too old"):
        manager.move_range(token_id, -1_200, 60, 0, 0, START - 1, sender=lender)
    for lower, upper, reason in ((60, -60, "TLU"), (60, 60, "TLU"), (-887_280, 60, "T"), (-60, 887_280, "T"), (-61, 60, None)):
        with boa.reverts(reason) if reason else boa.reverts():
            manager.move_range(token_id, lower, upper, 0, 0, FOREVER, sender=lender)
    assert market.position(token_id).liquidity > 0


def test_move_range__nothing_there__reverts(market, lender, token_id):
    liquidity = market.position(token_id).liquidity
    market.manager.decreaseLiquidity((token_id, liquidity, 0, 0, FOREVER), sender=lender)
    market.manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender)
    with boa.reverts("positions: nothing to add"):
        market.manager.move_range(token_id, -60, 60, 0, 0, FOREVER, sender=lender)


def test_move_range__within_a_multicall__cleans_up(market, lender, token_id):
    market.trade()
    manager = market.manager
    calls = [
        manager.move_range.prepare_calldata(token_id, -1_200, 60, 0, 0, FOREVER),
        manager.collect.prepare_calldata((token_id, lender, MAX_128, MAX_128)),
        manager.burn.prepare_calldata(token_id),
    ]
    manager.multicall(calls, sender=lender)
    assert manager.ownerOf(token_id + 1) == lender
    assert manager.balanceOf(lender) == 1
