"""The LTV for new risk follows at once; that of the liquidation test goes down along a straight line, and up at once."""

import pytest

from tests.configurator_world import DAY, LTV, MAX_LTV, Market

WEEK = 7 * DAY


def ltvs(market: Market) -> tuple[int, int, int]:
    """Set by the owner, for new risk, in the liquidation test."""
    configuration = market.of(market.eth)
    return configuration.ltv_bps, configuration.new_risk_ltv_bps, configuration.liquidation_ltv_bps


def line(begins: int, ends: int, elapsed: int, length: int) -> int:
    """What the liquidation test counts, rounded up, in favour of who would be liquidated."""
    fallen = (begins - ends) * elapsed
    return begins - fallen // length


def test_set_ltv__raise__acts_at_once(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, MAX_LTV, 0)
    assert market.event() == ("LtvSet", market.eth, LTV, MAX_LTV, MAX_LTV, 0)
    assert ltvs(market) == (MAX_LTV, MAX_LTV, MAX_LTV)


def test_set_ltv__the_same__changes_nothing(market: Market) -> None:
    before = market.words(market.eth)
    market.by("owner", "set_ltv", market.eth, LTV, 0)
    assert market.event() == ("LtvSet", market.eth, LTV, LTV, LTV, 0)
    assert market.words(market.eth) == before


@pytest.mark.parametrize("length", [WEEK, WEEK + 1, 30 * DAY, 365 * DAY])
@pytest.mark.parametrize("target", [LTV - 1, 6_500, 1, 0])
def test_set_ltv__cut__ramps_down_along_the_line(market: Market, target: int, length: int) -> None:
    began = market.now
    market.by("owner", "set_ltv", market.eth, target, length)
    assert market.event() == ("LtvSet", market.eth, LTV, target, LTV, began + length)
    for elapsed in (0, 1, 12, 3_600, DAY, length // 3, length // 2, length - 1, length, length + 1, 2 * length):
        market.travel(began + elapsed - market.now)
        assert ltvs(market) == (target, target, line(LTV, target, min(elapsed, length), length))
        assert market.of(market.eth).ramp_until == (began + length if elapsed < length else 0)


@pytest.mark.parametrize("length", [0, 1, WEEK - 1, 365 * DAY + 1, 2**40, 2**256 - 1])
def test_set_ltv__cut_too_fast_or_without_end__reverts(market: Market, length: int) -> None:
    market.refuse("owner", "set_ltv", market.eth, LTV - 1, length, reason="configurator: bad ramp")


@pytest.mark.parametrize("ltv", [MAX_LTV + 1, 10_000, 10_001, 2**14, 2**256 - 1])
def test_set_ltv__above_the_rule__reverts(market: Market, ltv: int) -> None:
    market.refuse("owner", "set_ltv", market.eth, ltv, 0, reason="configurator: bad ltv")


def test_set_ltv__again_while_it_ramps__goes_on_from_where_it_is(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK // 4)
    assert ltvs(market)[2] == 7_000
    market.by("owner", "set_ltv", market.eth, 3_500, 2 * WEEK)
    assert market.event() == ("LtvSet", market.eth, 5_500, 3_500, 7_000, market.now + 2 * WEEK)
    assert ltvs(market) == (3_500, 3_500, 7_000)
    market.travel(WEEK)
    assert ltvs(market) == (3_500, 3_500, 5_250)


def test_set_ltv__a_smaller_cut_while_it_ramps__still_takes_a_week(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK // 2)
    market.refuse("owner", "set_ltv", market.eth, 6_000, WEEK - 1, reason="configurator: bad ramp")
    market.by("owner", "set_ltv", market.eth, 6_000, WEEK)
    assert ltvs(market) == (6_000, 6_000, 6_500)


def test_set_ltv__a_raise_above_the_ramp__ends_it(market: Market) -> None:
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK // 2)
    market.by("owner", "set_ltv", market.eth, 6_500, 0)
    assert market.event() == ("LtvSet", market.eth, 5_500, 6_500, 6_500, 0)
    market.travel(WEEK)
    assert ltvs(market) == (6_500, 6_500, 6_500)


def test_set_ltv__begun_anew_in_every_block__falls_no_faster_than_the_line(market: Market) -> None:
    """An owner who wants somebody liquidated sooner: a ramp that rounded down would lose him a basis point each time."""
    began = market.now
    market.by("owner", "set_ltv", market.eth, 0, WEEK)
    for _ in range(50):
        market.travel(12)
        market.by("owner", "set_ltv", market.eth, 0, WEEK)
        assert ltvs(market)[2] >= line(LTV, 0, market.now - began, WEEK)
    assert ltvs(market)[2] == LTV


def test_set_ltv__frozen__raise_acts_in_the_liquidation_test_and_waits_for_new_risk(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_ltv", market.eth, 8_000, 0)
    assert ltvs(market) == (8_000, 0, 8_000)
    market.by("owner", "unfreeze", market.eth)
    assert ltvs(market) == (8_000, 8_000, 8_000)


def test_set_ltv__frozen__cut_ramps_down_as_well(market: Market) -> None:
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    market.travel(WEEK // 2)
    assert ltvs(market) == (5_500, 0, 6_500)
    market.by("owner", "unfreeze", market.eth)
    assert ltvs(market) == (5_500, 5_500, 6_500)
    market.travel(WEEK // 2)
    assert ltvs(market) == (5_500, 5_500, 5_500)
