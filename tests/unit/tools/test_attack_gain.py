"""What an attack could bring, by hand; the grade; and what a study makes of markets and terms."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from plimsoll.attack import gain
from plimsoll.attack.cost import DOWN, UP, PairMarket
from plimsoll.attack.study import Listing, Source, attacks, study

TERMS = gain.Terms(ltv_bps=6_500, bonus_bps=11_000)
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
        # 50,000 of collateral for 52,000 of debt: all of it, for 50,000 / 1.01
        (F(2), 50_495),
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
        # 200,000 owed on 192,307.7: all of it for 190,403.7, which is worth 95,201.8
        (F(2), 97_106),
    ],
)
def test_call_debts__by_hand(h: F, expected: int) -> None:
    assert gain.call_debts(h, K, TERMS, LIMIT) == pytest.approx(expected, abs=1)
    assert gain.call_debts(h, K, gain.Terms(0, 10_000), LIMIT) == 0


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

WAD = 10**18
# 10,000 ETH at 200 dollars of 6 decimals
MARKET = PairMarket(10_000 * 10**18, 2_000_000 * 10**6, 2_500)
PAIR = Source("ETH/USD pair", "pair", "0x1", MARKET, 10**30, 100_000 * WAD)


def listing(sources: tuple[Source, ...] = (PAIR,), has_feed: bool = False, capped: bool = True) -> Listing:
    return Listing(sources, has_feed, TERMS, TERMS, LIMIT, capped, 30_000 * WAD, 20_000 * WAD, 10_000 * WAD, 40_000 * WAD)


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
    free = Listing((PAIR,), False, nothing, nothing, LIMIT, True, 0, 0, 0, 0)
    found = study(free, F(2), 1, 12)
    assert (found.worst, found.worst_unopposed, found.worst_thinned) == (None, None, None)
    assert (found.grade, found.grade_unopposed, found.grade_thinned) == ("A", "A", "A")


def test_study__providers_have_left__costs_by_the_depth_that_is_left_and_gains_by_what_was() -> None:
    """A hundredth of the depth may be left (25,000 of 2,500,000): a hundredth of the cost, for collateral that was capped by all of it."""
    deep = Source("ETH/USD pair", "pair", "0x1", PairMarket(12_500 * 10**18, 2_500_000 * 10**6, 2_500), 10**30, 100_000 * WAD)
    found = study(listing((deep,)), F(13, 10), 1, 12, factors=())
    assert found.share == F(99, 100)
    assert found.worst is not None
    assert found.worst_thinned is not None
    assert found.worst_thinned.what in (gain.SEIZE_IT, gain.CALL_DEBTS)
    assert found.worst_thinned.gain == by_name(found.attacks)[found.worst_thinned.what].gain
    assert found.worst_thinned.arbitraged.cost == pytest.approx(found.worst.arbitraged.cost / 100, rel=1e-6)
    # sqrt(1.3) + 1 / sqrt(1.3) - 2 = 0.0172, and the fee, of 25,000 in each of 155 blocks, for 0.387 of the 456,500 that may be owed
    assert found.worst_thinned.ratio(True) == pytest.approx(0.018 * 25_000 * 155 / 176_700, rel=0.02)
    assert (found.grade, found.grade_thinned) == ("A", "F")


def test_study__no_deeper_than_it_may_become__nothing_to_take_out() -> None:
    shallow = Source("ETH/USD pair", "pair", "0x1", MARKET, 10**30, 9_000_000 * WAD)
    found = study(listing((shallow,)), F(3, 2), 1, 12, factors=())
    assert found.share == 0
    assert found.worst_thinned == found.worst
