"""Accrual against the exact formulas, for any state, rate and time; and against mathematics itself."""

import functools
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.reference.pool import INDEX_UNIT, MAX_INDEX, RAY, YEAR, Reserve, growth
from plimsoll.reference.rate_model import WAD
from tests.conftest import load
from tests.depth import examples
from tests.pool_world import World

DAY = 86_400


@pytest.fixture(scope="module")
def base() -> World:
    """One reserve for each number of decimals, at a rate that the test chooses, half lent out."""
    world = World.with_assets()
    for decimals in (6, 8, 18):
        name = f"D{decimals}"
        world.add(name, rate=lambda _: WAD, model=load("testing/FaultyRateModel.vy").deploy(), decimals=decimals, price=1)
        world.model[name].set_rate(WAD)
        world.seed("keeper", name, 10**decimals)
        world.supply("lender", name, 10**6 * 10**decimals)
        world.open(
            "borrower" if decimals == 6 else f"{('attacker', 'owner')[decimals // 18]}", "BTC", 10**4 * 10**8, name, 5 * 10**5 * 10**decimals
        )
    return world


rates = st.one_of(st.integers(0, WAD), st.integers(0, 101 * WAD), st.integers(0, 2**256 - 1))
times = st.one_of(st.integers(0, 3_600), st.integers(0, 60 * DAY), st.integers(30 * DAY - 2, 30 * DAY + 2), st.integers(0, 2**31))


def constant(rate: int, utilisation: int) -> int:
    return rate


@settings(max_examples=examples(40))
@given(name=st.sampled_from(["D6", "D8", "D18"]), steps=st.lists(st.tuples(rates, times), min_size=1, max_size=3))
def test_accrual__any_rates_and_times__as_the_ledger(base: World, name: str, steps: list[tuple[int, int]]) -> None:
    world = base.copy()
    assume(sum(seconds for _, seconds in steps) < 2**30)
    for rate, seconds in steps:
        world.model[name].set_rate(rate)
        world.ledger.reserves[name].rate = functools.partial(constant, rate)
        # at the rate that was asked before, then at this one
        for _ in range(2):
            world.travel(seconds)
            world.check_reserve(name)
            world.accrue(name)
            world.check_reserve(name)
    world.check_books(name)


@settings(max_examples=examples(60))
@given(rate=st.integers(0, 10 * WAD), seconds=st.integers(0, 30 * DAY))
def test_growth__up_to_30_days__is_between_the_third_order_and_a_little_more(rate: int, seconds: int) -> None:
    x = Fraction(rate * seconds, WAD * YEAR)
    exact = RAY * (1 + x + x**2 / 2 + x**3 / 6)
    assert exact <= growth(rate, seconds) <= exact + 5 + x * x


@settings(max_examples=examples(60))
@given(rate=st.integers(0, WAD), seconds=st.integers(30 * DAY + 1, 400 * DAY))
def test_growth__above_30_days__is_the_power(rate: int, seconds: int) -> None:
    per_second = 1 + rate / 1e18 / YEAR
    assert abs(growth(rate, seconds) / 1e27 - per_second**seconds) < 1e-6 * per_second**seconds


@settings(max_examples=examples(40))
@given(rate=st.integers(0, 2 * WAD), first=st.integers(0, 30 * DAY), second=st.integers(0, 30 * DAY))
def test_growth__in_two_steps__is_what_it_is_in_one_but_for_the_order(rate: int, first: int, second: int) -> None:
    assume(first + second <= 30 * DAY)
    once, twice = growth(rate, first + second), growth(rate, first) * growth(rate, second) // RAY
    x = rate * (first + second) / WAD / YEAR
    assert abs(once - twice) / 1e27 <= x**4 / 12 + 1e-18


@settings(max_examples=examples(60))
@given(
    cash=st.integers(0, 2**103 - 1),
    share=st.integers(1, 10**6),
    index=st.integers(RAY // INDEX_UNIT, MAX_INDEX // INDEX_UNIT).map(lambda units: units * INDEX_UNIT),
    rate=rates,
    seconds=times,
    factor=st.integers(0, 10_000),
)
def test_reserve__interest__raises_debt_and_share_price_and_never_lowers_an_index(
    cash: int, share: int, index: int, rate: int, seconds: int, factor: int
) -> None:
    """The ledger's own properties, over the whole range of the fields."""
    debt = min(cash, 2**103 - 1 - cash)
    reserve = Reserve(0, 18, lambda _: rate, 0, 10_000, factor, True, cash, cash * share // 10**6 * 10**6, 0, index)
    reserve.scaled_debt = max(debt * RAY // index, 1)
    reserve.set_rate()
    before = (reserve.index, reserve.debt, Fraction(reserve.assets + 1, reserve.total_shares + 10**6))
    reserve.accrue(seconds)
    price = Fraction(reserve.assets + 1, reserve.total_shares + 10**6)
    assert (reserve.index, reserve.debt, price) >= before
    assert reserve.index >= before[0]
    assert reserve.debt >= before[1]
    assert price >= before[2]
    assert reserve.index <= MAX_INDEX
    assert reserve.cash + reserve.debt < 2**104
