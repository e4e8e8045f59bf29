"""The fee on a loan: debt from the start, and shares of the stakers and the treasury."""

from __future__ import annotations

import pytest

from plimsoll.reference.pool import MAX, RAY, WAD, Refused, fee_unit
from tests.accounts import account_state
from tests.pool_world import World, logs

USD, ETH = 10**6, 10**18


@pytest.fixture
def rich(world: World) -> World:
    """A borrower with 100 ETH (20,000); a fee of 1 % on dollars, half of it the stakers'."""
    world.configure("USD", origination_fee_bps=100, stakers="stakers")
    world.supply("borrower", "ETH", 100 * ETH)
    world.enable("borrower", "ETH")
    return world


def test_borrow__with_a_fee__is_owed_and_shared_out(rich: World) -> None:
    before = rich.reserve("USD")
    rich.borrow("borrower", "USD", 8_000 * USD)
    (event,) = logs(rich, "OriginationFee")
    after = rich.reserve("USD")
    assert rich.balance("borrower", "USD") == 8_000 * USD
    assert rich.pool.debt_of(rich.address["borrower"], rich.address["USD"]) == 8_080 * USD
    assert (before.cash - after.cash, after.debt) == (8_000 * USD, 8_080 * USD)
    worth = 80 * USD * (before.total_shares + 10**6) // (before.assets + 1)
    half = rich.ledger.shares["stakers", "USD"]
    assert half == worth // 2
    assert after.fee_shares == (worth - half) // fee_unit(6) * fee_unit(6)
    assert after.total_shares - before.total_shares == half + after.fee_shares
    assert (event.asset, event.account, event.amount) == (rich.address["USD"], rich.address["borrower"], 80 * USD)
    assert (event.stakers_shares, event.treasury_shares) == (half, after.fee_shares)
    # nobody else gains but by rounding
    assert (
        0
        <= (after.assets + 1) * (before.total_shares + 10**6) - (before.assets + 1) * (after.total_shares + 10**6)
        <= fee_unit(6) * (before.assets + 81 * USD)
    )
    rich.check()


@pytest.mark.parametrize("bps", [1, 33, 100, 499, 500])
@pytest.mark.parametrize("amount", [100 * USD, 100 * USD + 1, 1_234_567_891])
def test_borrow__any_fee__rounds_up(rich: World, bps: int, amount: int) -> None:
    rich.configure("USD", origination_fee_bps=bps)
    rich.borrow("borrower", "USD", amount)
    owed = rich.pool.debt_of(rich.address["borrower"], rich.address["USD"])
    assert owed == amount + -(-amount * bps // 10_000)
    rich.check()


def test_borrow__no_fee__logs_none(rich: World) -> None:
    rich.configure("USD", origination_fee_bps=0)
    rich.borrow("borrower", "USD", 1_000 * USD)
    assert logs(rich, "OriginationFee") == []
    assert rich.reserve("USD").fee_shares == rich.ledger.shares.get(("stakers", "USD"), 0) == 0


def test_borrow__nobody_stakes__all_is_the_treasurys(rich: World) -> None:
    rich.configure("USD", stakers=None)
    before = rich.reserve("USD")
    rich.borrow("borrower", "USD", 8_000 * USD)
    worth = 80 * USD * (before.total_shares + 10**6) // (before.assets + 1)
    assert rich.reserve("USD").fee_shares == worth // fee_unit(6) * fee_unit(6)
    rich.check()


def test_borrow__stakers_have_enabled_the_asset__all_is_the_treasurys(rich: World) -> None:
    """Shares that come in other accounts' calls would be collateral that no count has seen."""
    rich.supply("stakers", "USD", 1_000 * USD)
    rich.enable("stakers", "USD")
    held = rich.ledger.shares["stakers", "USD"]
    rich.borrow("borrower", "USD", 8_000 * USD)
    assert rich.ledger.shares["stakers", "USD"] == held
    rich.enable("stakers", "USD", False)
    rich.borrow("borrower", "USD", 100 * USD)
    assert rich.ledger.shares["stakers", "USD"] > held
    rich.check()


def test_borrow__the_fee_counts__towards_limit_minimum_and_cap(rich: World) -> None:
    # 20,000 * 75 % * 80 % = 12,000, of which 11,881.18 can be drawn
    with pytest.raises(Refused, match="pool: over limit"):
        rich.borrow("borrower", "USD", 11_881_188_119)
    # a minimum of 100 is reached by 99.01 and the fee of it
    with pytest.raises(Refused, match="pool: below minimum debt"):
        rich.borrow("borrower", "USD", 99_009_900)
    rich.borrow("borrower", "USD", 99_009_901)
    rich.configure("USD", debt_cap=rich.reserve("USD").debt + 1_010 * USD)
    with pytest.raises(Refused, match="pool: debt cap"):
        rich.borrow("borrower", "USD", 1_000 * USD + 1)
    rich.borrow("borrower", "USD", 1_000 * USD)
    rich.check()


def test_repay__of_all_the_fee_included__leaves_nothing(rich: World) -> None:
    rich.borrow("borrower", "USD", 8_000 * USD)
    assert rich.repay("borrower", "USD", MAX) == 8_080 * USD
    assert rich.reserve("USD").debt == 0
    rich.collect_fees("USD")
    # two halves of 80, but for what is below a unit of the treasury's shares
    assert rich.withdraw("stakers", "USD", MAX) in (40 * USD - 1, 40 * USD)
    assert rich.withdraw("treasury", "USD", MAX) in (40 * USD - 2, 40 * USD - 1, 40 * USD)
    rich.check()


def test_settle__debt_moved_by_a_liquidation__bears_no_fee(rich: World) -> None:
    rich.borrow("borrower", "USD", 8_000 * USD)
    fees = rich.reserve("USD").fee_shares, rich.ledger.shares["stakers", "USD"]
    rich.mint("keeper", "USD", 1_000 * USD)
    rich.settle("borrower", "keeper", "keeper", "USD", 1_000 * USD, "ETH", 5 * ETH, 0)
    assert (rich.reserve("USD").fee_shares, rich.ledger.shares["stakers", "USD"]) == fees
    rich.check()


def test_borrow__repeated_at_the_end_of_the_field__too_much(world: World) -> None:
    """A loan, repaid and taken again, would let the debt grow by its fee each time, beyond the field that it has."""
    world.add("T", price=10)
    world.seed("keeper", "T", ETH)
    world.configure("T", origination_fee_bps=500, stakers="stakers")
    world.supply("lender", "T", 2**103 - 1 - 2 * ETH)
    world.open("borrower", "BTC", 10**8, "USD", 100 * USD)
    world.supply("borrower", "BTC", 10**6 * 10**8)
    with pytest.raises(Refused, match="pool: too much"):
        world.borrow("borrower", "T", 2**102)
    # a twentieth of 10 finds room
    world.borrow("borrower", "T", 10 * ETH)
    with pytest.raises(Refused, match="pool: too much"):
        world.borrow("borrower", "T", 20 * ETH)
    world.check()


# ---------------------------------------------------------------- worked examples


def set_up(world: World, symbol: str, ltv: int, price: int = 1) -> None:
    world.add(symbol, ltv=ltv, price=price)
    world.seed("keeper", symbol, ETH)


def test_golden_5__collateral_100_ltv_75_fee_1__at_most_59_40594_drawn(world: World) -> None:
    """Limit 60, of which 60 / 1.01 = 59.40594 are drawn and the rest is the fee; times 100."""
    set_up(world, "WEMIX", 7_500)
    world.configure("USD", origination_fee_bps=100, stakers="stakers")
    world.supply("borrower", "WEMIX", 10_000 * ETH)
    world.enable("borrower", "WEMIX")
    assert world.ledger_now().capacity_and_debt("borrower")[0] * 8_000 // 10_000 == 6_000 * WAD
    most = 6_000 * USD * 100 // 101
    assert most == 5_940_594_059
    with pytest.raises(Refused, match="pool: over limit"):
        world.borrow("borrower", "USD", most + 1)
    world.borrow("borrower", "USD", most)
    assert world.pool.debt_of(world.address["borrower"], world.address["USD"]) == 6_000 * USD
    world.check()


def test_golden_6__1000_ada_at_2_liqwid__1400_capacity_99_percent_with_the_fee(world: World) -> None:
    """Factor 70 %, limit 99 %, fee 1 %, bonus 10 %; ADA falls to 1.5, and liquidation comes where nominal and interest reach 1,050."""
    liqwid = World.with_assets(borrow_limit_bps=9_900)
    set_up(liqwid, "ADA", 7_000, price=2)
    liqwid.configure("USD", origination_fee_bps=100, stakers="stakers")
    liqwid.supply("lender", "USD", 10_000 * USD)
    liqwid.supply("borrower", "ADA", 1_000 * ETH)
    liqwid.enable("borrower", "ADA")
    assert liqwid.ledger_now().capacity_and_debt("borrower")[0] == 1_400 * WAD
    most = 1_386 * USD * 100 // 101
    with pytest.raises(Refused, match="pool: over limit"):
        liqwid.borrow("borrower", "USD", most + 1)
    with liqwid.chain.anchor():
        other = liqwid.copy()
        other.borrow("borrower", "USD", most)
        assert other.pool.debt_of(other.address["borrower"], other.address["USD"]) == 1_386 * USD
    # a debt of 1,040 with its fee is healthy at 1.5, and interest brings it to the capacity of 1,050
    liqwid.borrow("borrower", "USD", 1_040 * USD * 100 // 101)
    liqwid.set_price("ADA", 3 * WAD // 2)
    now = liqwid.ledger_now()
    assert now.capacity_and_debt("borrower")[0] == 1_050 * WAD
    index = now.reserves["USD"].index
    while True:
        capacity, debt = liqwid.ledger_now().capacity_and_debt("borrower")
        state = account_state(liqwid.pool, liqwid.address["borrower"])
        assert state.collaterals[0].amount * 3 // 2 * state.collaterals[0].ltv_bps // 10_000 == capacity
        assert state.debts[0].amount * 10**12 == debt
        if debt >= capacity:
            break
        liqwid.travel(30 * 86_400)
    # 1,050 / 1,040: nominal and interest
    assert liqwid.ledger_now().reserves["USD"].index * 1_000 > index * 1_009
    assert index == RAY
    liqwid.check()
