"""Who has borrowed in the incident replays."""

from dataclasses import replace

from plimsoll.incident.people import Borrower, Terms, depth_for, draw

WAD = 10**18
UNIT = 10**30
LONG = Terms(2 * WAD, UNIT, 6_500, 10**9 * WAD)
SHORT = Terms(UNIT, 2 * WAD, 6_500, 10**9 * WAD)


def usage(p: Borrower, terms: Terms) -> float:
    return p.debt * terms.debt_price / (p.collateral * terms.collateral_price * terms.ltv_bps / 10_000)


def test_draw__500_accounts__evenly_between_60_and_99_percent() -> None:
    for terms in (LONG, SHORT):
        people = draw(1, "x", 500, terms)
        usages = sorted(usage(p, terms) for p in people)
        assert len({p.address for p in people}) == 500
        assert 0.6 <= usages[0] < 0.61
        assert 0.98 < usages[-1] < 0.99
        # each tenth of the range holds about a tenth of the accounts
        counts = [sum(0.6 + 0.039 * i <= u < 0.6 + 0.039 * (i + 1) for u in usages) for i in range(10)]
        assert min(counts) > 25
        assert max(counts) < 80
        worths = [p.collateral * terms.collateral_price // WAD // WAD for p in people]
        assert 3_400 < min(worths) < 5_000
        assert 35_000 < max(worths) <= 40_000


def test_draw__same_seed__same_people_whatever_the_terms() -> None:
    first, second = draw(3, "x", 20, LONG), draw(3, "x", 20, LONG)
    assert first == second
    usages = [p.usage_ppm for p in first]
    assert [p.usage_ppm for p in draw(4, "x", 20, LONG)] != usages
    assert [p.usage_ppm for p in draw(3, "x", 20, SHORT)] == usages


def test_draw__shallow_pool__the_highest_usages_leave_room_for_what_depth_takes() -> None:
    depth = 2_000_000 * WAD
    for p in draw(1, "x", 500, Terms(WAD, UNIT, 6_500, depth)):
        # v * (D / (D + v))^2, the contract's value of collateral, and the limit of 99 %
        value = p.collateral * (depth / (depth + p.collateral)) ** 2
        assert p.debt * UNIT / WAD <= value * 0.65 * 0.99


def test_depth_for__a_tenth__ten_times_in_whole_thousands() -> None:
    assert depth_for(123_456 * WAD, 1_000) == 1_235_000 * WAD


def test_draw__scaled_to_a_tenth__the_same_usages_on_a_tenth_of_the_collateral() -> None:
    for small, large in zip(draw(1, "x", 20, replace(LONG, scale_ppm=100_000)), draw(1, "x", 20, LONG), strict=True):
        assert small.usage_ppm == large.usage_ppm
        assert small.collateral * 10 == large.collateral
