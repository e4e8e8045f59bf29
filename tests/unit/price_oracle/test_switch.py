"""What the owner's calls may do to a price: move it by 5 % once a day, and never lose it. (ORA-16)

Two sources of the same tokens stand at different ticks; switching from one to the other moves all six prices. 1.0001^487 < 1.05 < 1.0001^488.
"""

from dataclasses import replace
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, DAY, Reverts, Why, price_at
from tests.conftest import load
from tests.oracle_market import (
    DOLLAR_6,
    ETH_LIQUIDITY,
    ETH_TICK,
    Market,
    Wired,
    as_abi,
    eth_feed,
    new_market,
    new_source,
    now,
    scripted,
    start_bucket,
    steady,
)

MOVES = "oracle: moves the price"
LOSES = "oracle: loses the price"
TODAY = "oracle: switched today"


def standing(market: Market, tick: int) -> Wired:
    """A source of the market's tokens at a tick."""
    wired = new_source(market.asset, market.wired().money)
    wired.contract.set_window(as_abi(steady(now(), tick, buckets=20)))
    return wired


def moved_window(market: Market, which: str, ticks: int) -> Any:
    """One of the means `ticks` off, in such a way that it is an edge."""
    means = {"short": 0, "slow": 0, "fresh": 0, which: ticks}
    buckets = [(ETH_TICK + means["slow"]) * BUCKET] * market.model.slow_buckets
    return scripted(now(), ETH_TICK + means["short"], ETH_TICK + means["fresh"], buckets)


@pytest.fixture
def priced(market: Market) -> Market:
    """Its source has stood still, and its price is cached."""
    market.still()
    market.write()
    return market


@pytest.mark.parametrize("ticks, refused", [(0, ""), (1, ""), (487, ""), (488, MOVES), (-487, ""), (-488, MOVES), (3000, MOVES)])
def test_set_source__at_another_price__within_five_percent(priced: Market, ticks: int, refused: str) -> None:
    before = priced.check()
    assert priced.set_source(standing(priced, ETH_TICK + ticks)) == refused
    assert (priced.check() == before) == (refused != "" or ticks == 0)


@pytest.mark.parametrize("which", ["short", "slow", "fresh"])
@pytest.mark.parametrize("ticks", [488, -488])
def test_set_source__one_mean_alone_moves__refused(priced: Market, which: str, ticks: int) -> None:
    """Each of the six prices counts."""
    wired = new_source(priced.asset, priced.wired().money)
    wired.contract.set_window(as_abi(moved_window(priced, which, ticks)))
    assert priced.set_source(wired) == MOVES
    wired.contract.set_window(as_abi(moved_window(priced, which, ticks // 2)))
    assert priced.set_source(wired) == ""


@pytest.mark.parametrize("ticks, refused", [(487, ""), (488, MOVES), (-487, ""), (-488, MOVES)])
def test_set_second_source__widens_the_band__within_five_percent(priced: Market, ticks: int, refused: str) -> None:
    assert priced.set_second_source(standing(priced, ETH_TICK + ticks)) == refused


@pytest.mark.parametrize("which", ["short", "slow", "fresh"])
@pytest.mark.parametrize("ticks", [488, -488])
def test_set_second_source__one_mean_alone_widens__refused(priced: Market, which: str, ticks: int) -> None:
    """Only one edge of the band, or one of the fresh prices, is another then."""
    wired = new_source(priced.asset, priced.wired().money)
    wired.contract.set_window(as_abi(moved_window(priced, which, ticks)))
    assert priced.set_second_source(wired) == MOVES
    wired.contract.set_window(as_abi(moved_window(priced, which, ticks // 2)))
    assert priced.set_second_source(wired) == ""


@pytest.mark.parametrize("ticks", [487, 600])
def test_set_second_source__taken_away__within_five_percent(owner: Any, ticks: int) -> None:
    market = new_market(owner, second=True)
    market.still()
    market.still(ETH_TICK + 100, place=1)
    market.write()
    market.still(ETH_TICK + 100, place=1)
    assert market.check().sources == 3
    # It drifts away by itself; that is no switch
    start = BUCKET - now() % BUCKET
    boa.env.time_travel(seconds=start)
    market.still()
    market.still(ETH_TICK + ticks, place=1)
    assert market.set_second_source(None) == ("" if ticks == 487 else MOVES)


@pytest.mark.parametrize("cents, refused", [(20_998, ""), (20_999, MOVES), (19_047, ""), (19_046, MOVES)])
def test_set_feed__at_another_price__within_five_percent(priced: Market, cents: int, refused: str) -> None:
    """199.984... * 1.05 = 209.983..., / 1.05 = 190.461...: the band and the fresh prices take the feed in."""
    feed = load("testing/ScriptedFeed.vy").deploy(8, cents * 10**6)
    assert priced.set_feed(feed, eth_feed()) == refused


@pytest.mark.parametrize("ticks, refused", [(974, ""), (976, MOVES)])
def test_set_feed__slow_window_of_another_length__within_five_percent(priced: Market, ticks: int, refused: str) -> None:
    """With a feed the slow window is an hour. Ten older buckets apart by `ticks` move its mean by half of that, one at a time."""
    buckets = [ETH_TICK * BUCKET] * 10 + [(ETH_TICK - ticks) * BUCKET] * 10
    priced.script(scripted(now(), ETH_TICK, ETH_TICK, buckets))
    feed = load("testing/ScriptedFeed.vy").deploy(8, 199_98 * 10**6)
    assert priced.set_feed(feed, eth_feed()) == (MOVES if ticks > 487 else refused)


@pytest.mark.parametrize("cents, refused", [(20_998, ""), (20_999, MOVES)])
def test_set_feed__taken_away__within_five_percent(owner: Any, cents: int, refused: str) -> None:
    market = new_market(owner, feed=True)
    market.still()
    market.feed.set_answer(cents * 10**6)
    assert market.check().sources == 5
    assert market.set_feed(None, None) == refused


@pytest.mark.parametrize("ticks, refused", [(487, ""), (488, MOVES), (-487, ""), (-488, MOVES)])
def test_set_feed__taken_away_and_the_median_with_it__one_liquidation_price_alone_moves(owner: Any, ticks: int, refused: str) -> None:
    """Slow window and feed stand together, the short mean apart: it is an edge of the band all the time, and of the liquidation prices
    as soon as there is no feed."""
    market = new_market(owner, feed=True)
    market.script(scripted(now(), ETH_TICK + ticks, ETH_TICK, [ETH_TICK * BUCKET] * 20))
    market.feed.set_answer(price_at(ETH_TICK, DOLLAR_6)[0] // 10**10)
    before = market.check()
    assert before.sources == 5
    assert market.set_feed(None, None) == refused
    if not refused:
        after = market.check()
        apart = [max(one, other) * 100 > min(one, other) * 104 for one, other in zip(before.prices(), after.prices(), strict=True)]
        # low, high, liquidation_high, liquidation_low, fresh_low, fresh_high
        assert apart == [False, False, ticks > 0, ticks < 0, False, False]


def test_any_switch__twice_a_day__refused(priced: Market) -> None:
    assert priced.set_source(standing(priced, ETH_TICK + 100)) == ""
    assert priced.set_source(standing(priced, ETH_TICK + 150)) == TODAY
    assert priced.set_second_source(standing(priced, ETH_TICK + 150)) == TODAY
    # One that moves nothing: another source at the same prices
    same = standing(priced, ETH_TICK + 100)
    assert priced.set_source(same) == ""
    boa.env.time_travel(seconds=DAY - 1)
    same.contract.set_window(as_abi(steady(now(), ETH_TICK + 100)))
    assert priced.check().why == 0
    assert priced.set_source(standing(priced, ETH_TICK + 150)) == TODAY
    boa.env.time_travel(seconds=1)
    same.contract.set_window(as_abi(steady(now(), ETH_TICK + 100)))
    assert priced.set_source(standing(priced, ETH_TICK + 150)) == ""


def test_switches__of_two_assets__do_not_hinder_each_other(owner: Any) -> None:
    market = new_market(owner)
    market.still()
    market.write()
    other = Market(market.oracle, load("testing/TestToken.vy").deploy("TWO", "TWO", 18), owner)
    wired = new_source(other.asset, market.wired().money)
    wired.contract.set_window(as_abi(steady(now())))
    assert other.set_source(wired) == ""
    assert market.set_source(standing(market, ETH_TICK + 10)) == ""
    again = new_source(other.asset, market.wired().money)
    again.contract.set_window(as_abi(steady(now(), ETH_TICK + 10)))
    assert other.set_source(again) == ""


@pytest.mark.parametrize("kind", ["young", "thin", "not started"])
def test_set_source__without_a_price__refused_and_nothing_changes(priced: Market, kind: str) -> None:
    """Else its accounts would be judged at a last valid price of another market."""
    before = priced.check()
    wired = new_source(priced.asset, priced.wired().money)
    if kind == "thin":
        wired.contract.set_window(as_abi(steady(now(), liquidity=ETH_LIQUIDITY // 1000)))
    elif kind == "young":
        wired.contract.set_window(as_abi(replace(steady(now()), bucket_tick_sums=(), bucket_liquidities=())))
    assert priced.set_source(wired) == LOSES
    assert priced.check() == before
    assert priced.oracle.source_of(priced.asset, 0)[0] == priced.source.address


def test_set_source__min_depth_above_four_times_the_depth__refused(priced: Market) -> None:
    wired = priced.wired()
    assert priced.set_source(replace(wired, source=replace(wired.source, min_depth=10**26))) == LOSES
    assert priced.check().why == 0


# ---------------------------------------------------------------- an asset without a price now


def dead(market: Market) -> None:
    """Its source fails, in the bucket after the last price was cached."""
    market.source.set_failure(True, 0)
    start_bucket(seconds=20)
    assert market.check().low == 0


def noted(market: Market, seconds: int) -> None:
    """Somebody's poke noted that so long ago."""
    market.write("poke")
    assert market.logged == ["SilenceNoted"]
    assert market.oracle.silent_ts(market.asset) == now()
    boa.env.time_travel(seconds=seconds)


@pytest.mark.parametrize("ticks, refused", [(486, ""), (489, MOVES), (-486, ""), (-489, MOVES)])
@pytest.mark.parametrize("seconds", [0, DAY - 1])
def test_set_source__known_to_be_dead_for_less_than_a_day__within_five_percent_of_the_last_prices(
    priced: Market, seconds: int, ticks: int, refused: str
) -> None:
    dead(priced)
    noted(priced, seconds)
    assert priced.set_source(standing(priced, ETH_TICK + ticks)) == refused


def test_set_source__known_to_be_dead_for_a_day__free(priced: Market) -> None:
    dead(priced)
    noted(priced, DAY)
    assert priced.set_source(standing(priced, ETH_TICK + 5000)) == ""
    assert priced.check().why == 0


def test_set_source__dead_for_long_and_nobody_has_noted__within_five_percent(priced: Market) -> None:
    """An asset that nobody asked for is not dead because of that."""
    dead(priced)
    boa.env.time_travel(seconds=30 * DAY)
    priced.write("liquidation_prices")
    priced.write("new_risk_prices")
    assert priced.oracle.silent_ts(priced.asset) == 0
    assert priced.set_source(standing(priced, ETH_TICK + 489)) == MOVES
    noted(priced, DAY)
    assert priced.set_source(standing(priced, ETH_TICK + 489)) == ""


def test_poke__noted_already__the_first_note_stands(priced: Market) -> None:
    dead(priced)
    noted(priced, 1000)
    first = priced.oracle.silent_ts(priced.asset)
    priced.write("poke")
    assert not priced.logged
    assert priced.oracle.silent_ts(priced.asset) == first == now() - 1000


def test_poke__silent_in_the_bucket_of_the_last_price__noted_anew_in_the_next(priced: Market) -> None:
    priced.source.set_failure(True, 0)
    priced.write("poke")
    assert priced.oracle.silent_ts(priced.asset) == now()
    start_bucket(seconds=20)
    boa.env.time_travel(seconds=DAY)
    assert priced.set_source(standing(priced, ETH_TICK + 489)) == MOVES
    noted(priced, 0)


def test_poke__price_came_back_in_between__the_old_note_is_void(priced: Market) -> None:
    dead(priced)
    noted(priced, DAY)
    priced.source.set_failure(False, 0)
    priced.still()
    priced.write("poke")
    dead(priced)
    assert priced.set_source(standing(priced, ETH_TICK + 489)) == MOVES
    noted(priced, DAY - 1)
    assert priced.set_source(standing(priced, ETH_TICK + 489)) == MOVES


def test_poke__never_had_a_price__nothing_to_note(market: Market) -> None:
    market.write("poke")
    assert (market.oracle.silent_ts(market.asset), market.logged) == (0, [])


@pytest.mark.parametrize("seconds", [600, 10 * DAY])
def test_set_source__dead_and_so_is_the_new_one__refused(priced: Market, seconds: int) -> None:
    dead(priced)
    noted(priced, seconds)
    young = new_source(priced.asset, priced.wired().money)
    assert priced.set_source(young) == LOSES
    assert priced.check().why == Why.SOURCE_FAILED


def test_set_source__dead_for_a_while__counts_as_the_switch_of_the_day(priced: Market) -> None:
    dead(priced)
    assert priced.set_source(standing(priced, ETH_TICK + 100)) == ""
    assert priced.set_source(standing(priced, ETH_TICK + 150)) == TODAY


def test_set_source__never_had_a_price__free_as_often_as_you_like(market: Market) -> None:
    for _ in range(2):
        young = new_source(market.asset, market.wired().money)
        assert market.set_source(young) == ""
        assert market.check().low == 0
    assert market.set_source(standing(market, ETH_TICK + 9000)) == ""
    assert market.check().low
    # Now it has one
    assert market.set_source(standing(market, ETH_TICK)) == MOVES


def test_switch__in_a_cached_bucket__looks_at_the_new_source(priced: Market) -> None:
    """What was cached is the old source's."""
    assert priced.set_source(standing(priced, ETH_TICK + 300)) == ""
    cache = priced.model.cache
    assert cache is not None
    assert cache.first is not None
    assert cache.first.low_tick == ETH_TICK + 300
    assert priced.check().low > 0


def test_model__refused_switch__leaves_the_model_as_it_was(priced: Market) -> None:
    before = replace(priced.model)
    wiring = replace(priced.wiring, first=standing(priced, ETH_TICK + 3000))
    after = wiring.answers(10)
    with pytest.raises(Reverts, match=MOVES):
        priced.model.switch(now(), wiring.configuration(), priced.answers(), after)
    assert priced.model == before
