"""What an attack could bring, by hand; the grade; and what a study makes of markets and terms."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest

from plimsoll.attack import gain
from plimsoll.attack.cost import DOWN, UP, PairMarket
from plimsoll.attack.study import Caps, Listing, Source, attacks, study
from plimsoll.reference.liquidation import Account, Collateral, Debt, Prices, Refused, liquidate

TERMS = gain.Terms(ltv_bps=6_500, bonus_bps=11_000)
BPS, WAD = 10_000, 10**18
LIMIT = 8_000
K = 100_000


@pytest.mark.parametrize(
    "h, expected",
    [
        # 100,000 at four times its price: 52,000 are lent on what is worth 25,000
        (F(4), 27_000),
        # 52,000 on 50,000
        (F(2), 2_000),
        # below 1 / (0.65 * 0.8) = 1.923 nobody would run away from his collateral
        (F(192, 100), 0),
    ],
)
def test_borrow_against__by_hand(h: F, expected: int) -> None:
    assert gain.borrow_against(h, K, TERMS, LIMIT) == expected


@pytest.mark.parametrize(
    "h, expected",
    [
        # owes what reads 100,000 and is worth 400,000, on 100,000 / 0.52 = 192,307.7
        (F(4), 207_692),
        (F(2), 7_692),
        (F(192, 100), 0),
    ],
)
def test_borrow_it__by_hand(h: F, expected: int) -> None:
    assert gain.borrow_it(h, K, TERMS, LIMIT) == expected
    assert gain.borrow_it(h, K, gain.Terms(0, 10_000), LIMIT) == 0


@pytest.mark.parametrize(
    "h, expected",
    [
        (F(124, 100), 0),
        # usage 100 %: 52,000 repaid seize 57,200, of which 3 % go to the treasury; 55,484 at a quarter more: 69,355
        (F(5, 4), 17_355),
        # usage 120 %, no fee: 57,200 at half as much again are 85,800
        (F(3, 2), 33_800),
        # best of those who owe 45,454.5, so that 50,000 of collateral just cover the bonus: 100,000 for that
        (F(2), 54_545),
        (F(4), 77_273),
    ],
)
def test_seize_it__by_hand(h: F, expected: int) -> None:
    assert gain.seize_it(h, K, TERMS, LIMIT) == pytest.approx(expected, abs=1)


@pytest.mark.parametrize(
    "h, expected",
    [
        (F(124, 100), 0),
        # 100,000 owed on 192,307.7; at a quarter more 125,000 seize 137,500 less 3 %
        (F(5, 4), 33_375),
        # 200,000 owed, best on 220,000 or more: 220,000 for what is worth 100,000
        (F(2), 120_000),
    ],
)
def test_call_debts__by_hand(h: F, expected: int) -> None:
    assert gain.call_debts(h, K, TERMS, LIMIT) == pytest.approx(expected, abs=1)
    assert gain.call_debts(h, K, gain.Terms(0, 10_000), LIMIT) == 0


@pytest.mark.parametrize("h", [F(5, 4), F(13, 10), F(100, 76), F(3, 2), F(7, 4), F(2), F(5), F(16)])
@pytest.mark.parametrize("terms, limit", [(TERMS, 8_000), (gain.Terms(8_500, 10_500), 9_900), (gain.Terms(3_000, 13_000), 8_000)])
def test_liquidations__victims_of_any_usage__never_more(h: F, terms: gain.Terms, limit: int) -> None:
    """The engine's own arithmetic (plimsoll.reference), call after call, for victims who owe from a hundredth of what they may to all of it.
    The best of them comes near; they are small, so that a call repays all."""
    unit = 1_000 * WAD
    seized, called = [], []
    for hundredth in range(1, 101):
        part = F(terms.ltv_bps * limit * hundredth, BPS**2 * 100)
        # the asset is the collateral, and its price falls; the asset is owed, and its price rises
        seized.append(liquidated(terms, unit, int(unit * part), collateral_price=F(1) / h, debt_price=F(1), worth=(F(1), F(1))))
        called.append(liquidated(terms, int(unit / part), unit, collateral_price=F(1), debt_price=h, worth=(F(1), F(1))))
    for found, most in ((seized, gain.seize_it(h, unit, terms, limit)), (called, gain.call_debts(h, unit, terms, limit))):
        assert max(found) <= most + unit // 10**6
        assert max(found) >= most * 9 // 10


def liquidated(terms: gain.Terms, held: int, owed: int, collateral_price: F, debt_price: F, worth: tuple[F, F]) -> F:
    """What a liquidator has won, at what both are worth, when he stops."""
    won, best = F(0), F(0)
    prices = {name: Prices(*[int(p * WAD)] * 3) for name, p in (("collateral", collateral_price), ("debt", debt_price))}
    for _ in range(60):
        account = Account((Collateral("collateral", held, terms.ltv_bps, terms.bonus_bps),), (Debt("debt", owed),))
        try:
            done = liquidate(account, prices, "debt", "collateral")
        except Refused:
            break
        held, owed = held - done.seized, owed - done.repaid
        won += done.received * worth[0] - done.repaid * worth[1]
        best = max(best, won)
    return best


@pytest.mark.parametrize("ltv_bps, expected", [(6_500, 182_624), (7_500, 100_963), (8_500, 34_175), (0, 182_624)])
def test_cap__by_ltv__what_a_sale_of_everything_still_pays_for(ltv_bps: int, expected: int) -> None:
    """At a bonus of 10 %: 18.26, 10.10 and 3.42 % of the depth; below LTV 65 no more."""
    assert gain.cap(10**6, gain.Terms(ltv_bps, 11_000)) == expected


THRESHOLDS = {
    "A": [(1, 0), (10, 1)],
    "B": [(99, 10), (3, 1)],
    "C": [(29, 10), (3, 2)],
    "D": [(149, 100), (1, 1)],
    "E": [(99, 100), (1, 2)],
    "F": [(49, 100), (0, 1)],
}


@pytest.mark.parametrize("cost, gained, letter", [(*pair, letter) for letter, pairs in THRESHOLDS.items() for pair in pairs])
def test_grade__thresholds(cost: int, gained: int, letter: str) -> None:
    assert gain.grade(gain.ratio(cost, gained)) == letter


# ---------------------------------------------------------------- a study

# 10,000 ETH at 200 dollars of 6 decimals
MARKET = PairMarket(10_000 * 10**18, 2_000_000 * 10**6, 2_500)
PAIR = Source("ETH/USD pair", "pair", "0x1", MARKET, 10**30, 100_000 * WAD)


def listing(sources: tuple[Source, ...] = (PAIR,), has_feed: bool = False, capped: bool = True) -> Listing:
    return Listing(sources, has_feed, TERMS, (TERMS,), LIMIT, capped, 30_000 * WAD, 20_000 * WAD, 10_000 * WAD, 40_000 * WAD)


def by_name(found) -> dict:
    return {a.what: a for a in found}


def test_attacks__one_pair__gains_within_the_caps_at_the_moved_depth() -> None:
    found = by_name(attacks(listing(), F(4), 1, 12))
    # depth 2,000,000, twice that at four times the price, half at a quarter
    assert found[gain.BORROW_AGAINST].gain == pytest.approx(gain.borrow_against(F(4), 4_000_000 * 1826 // 10_000 * WAD, TERMS, LIMIT), rel=1e-2)
    assert found[gain.BORROW_IT].gain == pytest.approx(gain.borrow_it(F(4), 1_000_000 * 1826 // 10_000 * WAD, TERMS, LIMIT), rel=1e-2)
    assert found[gain.SEIZE_IT].gain == pytest.approx(gain.seize_it(F(4), 365_200 * WAD, TERMS, LIMIT), rel=1e-3)
    assert found[gain.CALL_DEBTS].gain == pytest.approx(gain.call_debts(F(4), 365_200 * WAD, TERMS, LIMIT), rel=1e-3)
    assert [found[w].gain_now for w in (gain.BORROW_AGAINST, gain.BORROW_IT, gain.SEIZE_IT, gain.CALL_DEBTS)] == [
        n * WAD for n in (40_000, 20_000, 30_000, 10_000)
    ]
    assert {w: a.direction for w, a in found.items()} == {
        gain.BORROW_AGAINST: UP,
        gain.BORROW_IT: DOWN,
        gain.SEIZE_IT: DOWN,
        gain.CALL_DEBTS: UP,
    }


def test_attacks__band_for_more_blocks__held_longer() -> None:
    one, ten = (by_name(attacks(listing(), F(3, 2), n, 12))[gain.SEIZE_IT] for n in (1, 10))
    assert (one.blocks, ten.blocks) == (157, 166)
    cost = MARKET.cost(DOWN, F(3, 2), 166, True)
    assert ten.arbitraged.cost == cost.cost * 10**12
    assert ten.arbitraged.capital == cost.capital * 10**12
    assert ten.unopposed == one.unopposed


def test_attacks__second_source__both_must_be_moved() -> None:
    other = Source("ETH/USD 2", "pair", "0x2", PairMarket(10**21, 200_000 * 10**6, 3_000), 10**30, 50_000 * WAD)
    alone, both = (by_name(attacks(listing(sources), F(2), 1, 12))[gain.SEIZE_IT] for sources in ((PAIR,), (PAIR, other)))
    second = other.market.cost(DOWN, F(2), both.blocks, True)
    assert both.arbitraged.cost - alone.arbitraged.cost == second.cost * 10**12
    assert both.arbitraged.capital - alone.arbitraged.capital == second.capital * 10**12
    assert both.gain == alone.gain


def test_attacks__with_a_feed__an_hour_and_no_new_risk() -> None:
    found = by_name(attacks(listing(has_feed=True), F(4), 1, 12))
    assert (found[gain.BORROW_AGAINST].gain, found[gain.BORROW_IT].gain) == (0, 0)
    assert found[gain.BORROW_AGAINST].feed_bounds
    assert not found[gain.SEIZE_IT].feed_bounds
    assert found[gain.SEIZE_IT].gain > 0
    assert found[gain.SEIZE_IT].blocks == by_name(attacks(listing(), F(4), 1, 12))[gain.SEIZE_IT].blocks + 150


def test_attacks__without_caps__what_is_there_bounds_the_gain() -> None:
    found = by_name(attacks(listing(capped=False), F(4), 1, 12))
    # 40,000 can be borrowed, on 76,923.1 that are worth a quarter
    assert found[gain.BORROW_AGAINST].gain == pytest.approx((40_000 - 76_923.077 / 4) * WAD, rel=1e-6)
    # 20,000 can be borrowed, on 5,000 / 0.52
    assert found[gain.BORROW_IT].gain == pytest.approx((20_000 - 5_000 / 0.52) * WAD, rel=1e-6)
    assert found[gain.SEIZE_IT].gain == gain.seize_it(F(4), 30_000 * WAD, TERMS, LIMIT)


def test_study__worst_attack__decides_the_grade() -> None:
    found = study(listing(), F(3, 2), 25, 12)
    assert found.worst is not None
    assert found.worst_unopposed is not None
    for factor in (F(5, 4), F(3, 2), F(2), F(16)):
        for a in attacks(listing(), factor, 1, 12):
            if a.gain:
                assert F(a.arbitraged.cost, a.gain) >= found.worst.ratio(True)
                assert F(a.unopposed.cost, a.gain) >= found.worst_unopposed.ratio(False)
    # half an hour against arbitrage costs the depth several times over; without anybody else only fees
    assert (found.grade, found.grade_unopposed) == ("A", "F")
    assert [(m.direction, m.arbitraged.cost) for m in found.moves] == [(d, MARKET.cost(d, F(3, 2), 25, True).cost * 10**12) for d in (UP, DOWN)]


def test_study__one_block__moves_no_edge_that_brings_something() -> None:
    found = study(listing(), F(100), 1, 12, factors=())
    assert found.band[UP][0] == found.band[DOWN][0] == 1
    # 24 ticks
    assert float(found.band[UP][1]) == pytest.approx(1.0024, abs=1e-5)


def test_study__nothing_to_gain__best_grade() -> None:
    nothing = gain.Terms(0, 11_000)
    free = Listing((PAIR,), False, nothing, (nothing,), LIMIT, True, 0, 0, 0, 0)
    found = study(free, F(2), 1, 12)
    assert (found.worst, found.worst_unopposed, found.worst_thinned) == (None, None, None)
    assert (found.grade, found.grade_unopposed, found.grade_thinned) == ("A", "A", "A")


def test_study__providers_have_left__costs_by_the_depth_that_is_left_and_gains_by_what_was() -> None:
    """A source must show 25,000 of 2,500,000 to liquidate, where it stands then: pushed up by 1.3 it counts for 1.14 times as much, so that
    a part of 0.01 / 1.14 may be left. So much of the cost is left too, for debts that were capped by all of it."""
    deep = Source("ETH/USD pair", "pair", "0x1", PairMarket(12_500 * 10**18, 2_500_000 * 10**6, 2_500), 10**30, 100_000 * WAD)
    found = study(listing((deep,)), F(13, 10), 1, 12, factors=())
    left = 0.01 / 1.3**0.5
    assert float(1 - found.share) == pytest.approx(left, rel=1e-3)
    assert found.worst is not None
    assert found.worst_thinned is not None
    assert (found.worst.what, found.worst_thinned.what) == (gain.CALL_DEBTS, gain.CALL_DEBTS)
    assert found.worst_thinned.gain == by_name(found.attacks)[gain.CALL_DEBTS].gain
    assert found.worst_thinned.arbitraged.cost == pytest.approx(found.worst.arbitraged.cost * left, rel=1e-3)
    # sqrt(1.3) + 1 / sqrt(1.3) - 2 = 0.0172, and the fee, of 21,900 in each of 155 blocks, for 0.387 of the 456,500 that may be owed
    assert found.worst_thinned.ratio(True) == pytest.approx(0.018 * 21_926 * 155 / 176_700, rel=0.02)
    assert (found.grade, found.grade_thinned) == ("A", "F")
    # there and back on so little: sqrt(1.3) - 1 of it is paid in, of which 0.5 % is lost, less what the price keeps of it
    assert found.worst_thinned_unopposed is not None
    assert found.worst_thinned_unopposed.unopposed.cost / WAD == pytest.approx(21_926 * 0.1402 * 0.005 / 1.1402, rel=0.02)
    assert found.grade_thinned_unopposed == "F"


def test_attacks__thinned__down_more_must_be_left() -> None:
    """Pushed down by 4 it counts for half: a part of 25,000 * 2 must be left for liquidation, 100,000 * 2 for a loan of it, and up
    100,000 / 2 for a loan against it."""
    whole, thin = (by_name(attacks(listing(), F(4), 1, 12, thinned)) for thinned in (False, True))
    for what, left in (
        (gain.SEIZE_IT, 50_000),
        (gain.CALL_DEBTS, 12_500),
        (gain.BORROW_IT, 200_000),
        (gain.BORROW_AGAINST, 50_000),
    ):
        for arbitraged in (False, True):
            part = thin[what].price(arbitraged).cost / whole[what].price(arbitraged).cost
            assert part == pytest.approx(left / 2_000_000, rel=2e-3), what
    # the liquidated were capped by all of the depth; loans are by what is left
    assert thin[gain.SEIZE_IT].gain == whole[gain.SEIZE_IT].gain
    assert thin[gain.BORROW_AGAINST].gain == pytest.approx(whole[gain.BORROW_AGAINST].gain * 0.025, rel=2e-3)
    assert thin[gain.BORROW_IT].gain == pytest.approx(whole[gain.BORROW_IT].gain * 0.1, rel=2e-3)


def test_attacks__thinned_second_source__one_of_them_alone() -> None:
    """Where all liquidity of one has gone, the oracle believes the other: liquidation by the cheaper one, loans by the first."""
    small = Source("ETH/USD 2", "pair", "0x2", PairMarket(10**21, 200_000 * 10**6, 2_500), 10**30, 4_000 * WAD)
    one, both = (by_name(attacks(listing(sources), F(2), 1, 12, True)) for sources in ((PAIR,), (PAIR, small)))
    only = by_name(attacks(listing((small,)), F(2), 1, 12, True))
    assert both[gain.SEIZE_IT].arbitraged.cost == only[gain.SEIZE_IT].arbitraged.cost < one[gain.SEIZE_IT].arbitraged.cost
    assert both[gain.BORROW_AGAINST].unopposed.cost == one[gain.BORROW_AGAINST].unopposed.cost
    # 1,000 * sqrt(2) of 2,200,000
    assert float(both[gain.SEIZE_IT].arbitraged.left) == pytest.approx(1_000 * 2**0.5 / 2_200_000, rel=2e-3)


def test_attacks__other_collaterals__the_one_that_is_best_for_the_attacker() -> None:
    """A loan is best carried by a high LTV; debts that are called bring most where the bonus is."""
    low, high = gain.Terms(4_000, 11_500), gain.Terms(8_000, 10_500)
    three = by_name(attacks(replace(listing(), others=(low, TERMS, high)), F(4), 1, 12))
    assert three[gain.BORROW_IT].gain == by_name(attacks(replace(listing(), others=(high,)), F(4), 1, 12))[gain.BORROW_IT].gain
    assert three[gain.CALL_DEBTS].gain == by_name(attacks(replace(listing(), others=(low,)), F(4), 1, 12))[gain.CALL_DEBTS].gain
    assert three[gain.BORROW_IT].gain > by_name(attacks(listing(), F(4), 1, 12))[gain.BORROW_IT].gain
    assert three[gain.CALL_DEBTS].gain > by_name(attacks(listing(), F(4), 1, 12))[gain.CALL_DEBTS].gain


@pytest.mark.parametrize(
    "caps, expected",
    [
        # 10,000 of supply, shown at 40,000: 20,800 lent on what is worth 10,000; or seized from who owes 2,500 / 1.1
        (Caps(supply=10_000 * WAD), {gain.BORROW_AGAINST: 10_800, gain.SEIZE_IT: 10_000 - 2_500 / 1.1}),
        # 10,000 of debt, shown at 2,500, on 2,500 / 0.52; or shown at 40,000, for 44,000
        (Caps(debt=10_000 * WAD), {gain.BORROW_IT: 10_000 - 2_500 / 0.52, gain.CALL_DEBTS: 34_000}),
        # 5,200 may be owed of all others: on 10,000, shown, that are worth 2,500; or by owners of 5,720, shown
        (Caps(other_debt=5_200 * WAD), {gain.BORROW_AGAINST: 2_700, gain.SEIZE_IT: 4 * 5_720 - 5_200}),
        # 10,000 of the other's supply carry 5,200, shown of what is worth 20,800; or pay 1.1 for 9,090.9, shown of what is worth 2,272.7
        (Caps(other_supply=(10_000 * WAD,)), {gain.BORROW_IT: 10_800, gain.CALL_DEBTS: 10_000 - 10_000 / 4.4}),
    ],
)
def test_attacks__absolute_caps__bound_what_is_used(caps: Caps, expected: dict[str, float]) -> None:
    free, found = (by_name(attacks(replace(listing(), caps=c), F(4), 1, 12)) for c in (Caps(), caps))
    for what, a in found.items():
        assert a.gain / WAD == pytest.approx(expected[what], rel=1e-9) if what in expected else a.gain == free[what].gain


def test_study__small_absolute_caps__better_grades_alone_and_arbitraged() -> None:
    """1,000 of supply and 400 of debt where 365,000 are possible by depth. At 16 times the price, there and back of 3 * 2,000,000 loses 7,500;
    the one brings 7,320 there, the other 6,640."""
    without, within = (study(replace(listing(), caps=c), F(3, 2), 1, 12) for c in (Caps(), Caps(supply=1_000 * WAD, debt=400 * WAD)))
    assert (without.grade_unopposed, without.grade_thinned_unopposed) == ("F", "F")
    assert within.grade_unopposed == "D"
    assert within.grade_thinned_unopposed == "F"
    assert (without.grade_thinned, within.grade_thinned) == ("F", "A")


def test_study__no_deeper_than_it_may_become__nothing_to_take_out() -> None:
    shallow = Source("ETH/USD pair", "pair", "0x1", MARKET, 10**30, 12_000_000 * WAD)
    found = study(listing((shallow,)), F(3, 2), 1, 12, factors=())
    assert found.share == 0
    assert found.worst_thinned == found.worst
