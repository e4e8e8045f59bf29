"""IsolatedOracle against the list of trades: what six hours say, when they are known, and that nothing else differs from PriceOracle."""

import random
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import price_at
from tests.conftest import load
from tests.isolated_world import (
    BUCKET,
    DAY,
    HIGH,
    HOUR,
    LOW,
    SHORT_HISTORY,
    SIX_HOURS,
    START,
    WAD,
    ZERO,
    TradedPair,
    later,
    new_test_token,
    new_traded_pair,
    now,
    start_bucket,
)
from tests.oracle_pair import new_range_pool
from tests.pair_world import new_factory, set_time

UNIT = 10**30
MIN_DEPTH = 100_000 * WAD
# price_sources: ticks with a price
MOST_TICK = 443_636


@dataclass
class World:
    traded: TradedPair
    oracle: Any
    # A PriceOracle of the same configuration
    twin: Any
    # Buckets that somebody has seen, by the definition
    known: set[int] = field(default_factory=set)

    @property
    def token(self) -> Any:
        return self.traded.token

    def told(self) -> set[int]:
        """What the pair tells now: its last 20 whole buckets, and all since the second boundary after its last change."""
        end = now() // BUCKET
        still = min(self.traded.past.since // BUCKET + 2, end)
        return set(range(end - 20, end)) | set(range(max(still, end - SIX_HOURS), end))

    def poke(self) -> None:
        self.known |= self.told()
        self.oracle.poke(self.token)
        self.twin.poke(self.token)

    def count(self) -> int:
        known, end, count = self.known | self.told(), now() // BUCKET, 0
        while count < SIX_HOURS and end - 1 - count in known:
            count += 1
        return count

    def check(self) -> Any:
        """The band, by the list of trades and by PriceOracle's."""
        band, other = self.oracle.band(self.token), self.twin.band(self.token)
        assert self.oracle.six_hours_known() == self.count()
        for name in ("liquidation_high", "liquidation_low", "fresh_low", "fresh_high", "liquidation_depth", "sources"):
            assert getattr(band, name) == getattr(other, name)
        low, high, depth, why = other.low, other.high, other.depth, other.why
        if other.low and self.count() < SIX_HOURS:
            why |= SHORT_HISTORY
        elif other.low:
            low_tick, high_tick = self.traded.six_hours()
            six = price_at(low_tick, UNIT)[0]
            if six < low:
                low, depth = six, depth * isqrt((six << 96) // low) >> 48
            high = max(high, price_at(high_tick, UNIT)[1])
        assert (band.low, band.high, band.depth, band.why) == (low, high, depth, why)
        return band

    def write(self) -> Any:
        """The writing function answers what the view says, and is seen as a poke."""
        band = self.check()
        self.known |= self.told()
        assert self.oracle.new_risk_prices(self.token) == (band.low, band.high, band.depth, band.why)
        self.twin.new_risk_prices(self.token)
        assert self.check() == band
        return band


def new_world(token_is_token1: bool = False, age: int = 8 * DAY) -> World:
    set_time(START)
    token, quote = new_test_token("TKN", 18, HIGH if token_is_token1 else LOW), new_test_token("USD", 6, LOW if token_is_token1 else HIGH)
    traded = new_traded_pair(token, quote, 10_000 * WAD, 2_000_000 * 10**6, new_factory(boa.env.eoa))
    # What was given is not of this transaction
    later(1)
    oracle = load("oracle/IsolatedOracle.vy").deploy(token, quote, traded.pair, MIN_DEPTH, UNIT, ZERO, 0, 0, 0)
    later(age)
    twin = load("oracle/PriceOracle.vy").deploy()
    twin.set_quote(quote, UNIT)
    twin.set_source(token, traded.pair, quote, MIN_DEPTH)
    # `set_source` has cached the twin's prices; this keeps none of the six hours
    oracle.liquidation_prices(token)
    return World(traded, oracle, twin)


@pytest.fixture(params=[False, True], ids=["token0", "token1"])
def world(request: pytest.FixtureRequest) -> World:
    return new_world(request.param)


# ---------------------------------------------------------------- six hours, from the list of trades


@pytest.mark.parametrize("seed", range(2))
def test_band__random_trades_with_a_poke_an_hour__as_the_list_of_trades(world: World, seed: int) -> None:
    """ISO-01"""
    draw = random.Random(seed)
    for _ in range(60):
        later(draw.choice([1, 12, 59, 180, 360, 700, 1_800, HOUR - BUCKET]))
        if draw.random() < 0.7:
            world.traded.move_to(draw.randint(70, 140), 100)
        world.poke()
        world.check()
    assert world.count() == SIX_HOURS


@pytest.mark.parametrize("seed", range(2))
def test_band__random_trades_with_rare_calls__known_exactly_when_the_list_says_so(world: World, seed: int) -> None:
    """ISO-02: gaps of all lengths, some of them bridged because the pair stood still."""
    draw = random.Random(100 + seed)
    for _ in range(50):
        later(draw.choice([30, 180, 900, HOUR, HOUR + 180, 2 * HOUR, 7 * HOUR]))
        for _ in range(draw.randint(0, 2)):
            world.traded.move_to(draw.randint(70, 140), 100)
            later(draw.choice([0, 1, 100, 4_000]))
        draw.choice([world.poke, world.write, world.check])()


def test_band__jumps_beyond_what_the_slew_follows__as_the_list_of_trades(world: World) -> None:
    """A price 256 times as high and back: 9,000 ticks of it count at a time, and the rest waits for the next change."""
    world.poke()
    for factor in ((256, 1), (1, 256), (1, 4), (4, 1)):
        start_bucket(random.Random(factor[0]).randint(0, 179))
        world.traded.move_to(*factor)
        later(HOUR - 2 * BUCKET)
        world.write()
        world.traded.sync()
        later(HOUR // 2)
        world.write()


# ---------------------------------------------------------------- when they are known


def test_band__nobody_ever_poked_and_the_pair_trades__new_risk_is_closed(world: World) -> None:
    for _ in range(8):
        world.traded.move_to(101, 100)
        later(HOUR - 60)
    assert world.oracle.kept_ts() == 0
    assert world.oracle.six_hours_known() == 20
    assert world.check().why == SHORT_HISTORY


def test_band__a_poke_just_within_the_hour__known_after_the_sixth(world: World) -> None:
    start_bucket()
    counts = []
    for _ in range(6):
        world.traded.move_to(101, 100)
        world.write()
        counts.append(world.count())
        later(HOUR)
    assert counts == [20, 40, 60, 80, 100, 120]
    assert world.check().why == 0


def test_band__a_poke_one_bucket_too_late__begins_anew(world: World) -> None:
    start_bucket()
    for _ in range(6):
        world.traded.move_to(101, 100)
        world.write()
        later(HOUR)
    assert world.write().why == 0
    world.traded.move_to(101, 100)
    later(HOUR + BUCKET)
    world.traded.move_to(101, 100)
    assert world.check().why == SHORT_HISTORY
    world.poke()
    assert world.oracle.six_hours_known() == 20


def test_band__pokes_every_second__the_same_as_one_in_a_bucket(world: World) -> None:
    """ISO-03"""
    start_bucket()
    world.traded.move_to(3, 2)
    lonely = load("oracle/IsolatedOracle.vy").deploy(world.token, world.traded.quote, world.traded.pair, MIN_DEPTH, UNIT, ZERO, 0, 0, 0)
    lonely.poke(world.token)
    for i in range(250):
        later(1)
        if i % 97 == 0:
            world.traded.move_to(101 if i % 2 else 98, 100)
        world.oracle.poke(world.token)
    world.known |= world.told()
    assert lonely.band(world.token) == world.oracle.band(world.token)
    lonely.poke(world.token)
    assert lonely.band(world.token) == world.oracle.band(world.token)


def test_band__idle_pair_nobody_calls_for_days__its_last_price(world: World) -> None:
    world.traded.move_to(3, 2)
    world.poke()
    later(3 * DAY)
    band = world.write()
    assert band.why == 0
    # The tick is floored and ceiled, and it is the only one
    assert band.high - band.low <= band.low // 9_999
    assert world.oracle.six_hours_known() == SIX_HOURS


def test_band__idle_pair__a_trade_of_now_takes_nothing_that_was_kept(world: World) -> None:
    """Somebody syncs right before: what nobody had seen of the gap is lost, and new risk is closed, never a price made."""
    world.traded.move_to(3, 2)
    later(3 * DAY)
    world.traded.sync()
    later(1)
    assert world.check().why == SHORT_HISTORY
    world.poke()
    for _ in range(5):
        later(HOUR)
        world.traded.sync()
        world.poke()
    assert world.check().why == 0


def test_band__gap_that_begins_within_the_slew__is_not_bridged_over_it(world: World) -> None:
    """The two buckets of a ramp differ from those after it: they are told by the pair, or unknown."""
    start_bucket(90)
    world.traded.move_to(1, 2)
    later(HOUR + 10 * BUCKET)
    world.check()
    world.poke()
    later(20 * HOUR)
    world.write()
    assert world.count() == SIX_HOURS


def test_band__young_pair__no_six_hours_and_no_mistake() -> None:
    world = new_world(age=HOUR)
    assert world.oracle.six_hours_known() == 20
    for age in (6 * HOUR, 7 * HOUR):
        later(age - HOUR)
        world.check()


def test_band__pair_younger_than_an_hour__nothing_known() -> None:
    set_time(START)
    token, quote = new_test_token("TKN", 18, LOW), new_test_token("USD", 6, HIGH)
    traded = new_traded_pair(token, quote, 10_000 * WAD, 2_000_000 * 10**6)
    later(1)
    oracle = load("oracle/IsolatedOracle.vy").deploy(token, quote, traded.pair, MIN_DEPTH, UNIT, ZERO, 0, 0, 0)
    later(HOUR - 2)
    oracle.poke(token)
    assert (oracle.six_hours_known(), oracle.kept_ts()) == (0, 0)
    # the ten buckets of the slow window are there
    assert oracle.band(token).why == SHORT_HISTORY
    assert oracle.band(token).low != 0


# ---------------------------------------------------------------- what they stop


@pytest.mark.parametrize("factor", [2, 16, 10_000])
def test_low__price_held_for_two_hours_at_any_height__does_not_move_up(world: World, factor: int) -> None:
    """ISO-04: three hours of six at most have seen it, whatever the phase."""
    world.poke()
    before = world.check()
    later(100)
    # the rest of a jump beyond 9,000 ticks follows with the changes
    world.traded.move_to(factor, 1)
    for _ in range(8):
        later(600)
        world.traded.sync()
        world.poke()
    world.traded.move_to(1, factor)
    for step in [BUCKET] * 12 + [HOUR // 2] * 10:
        later(step)
        world.traded.sync()
        assert world.check().low <= before.low * 10_001 // 10_000
        world.poke()


def test_high__price_pressed_for_two_hours__does_not_move_down(world: World) -> None:
    world.poke()
    before = world.check()
    later(100)
    world.traded.move_to(1, 16)
    for _ in range(11):
        world.traded.sync()
        later(600)
        world.poke()
        assert world.check().high >= before.high * 9_999 // 10_000


def test_low__price_held_for_seven_hours__has_followed(world: World) -> None:
    """What lasts is believed: the caps of the market bound what that costs."""
    world.poke()
    before = world.check()
    world.traded.move_to(4, 1)
    for _ in range(14):
        later(HOUR // 2)
        world.traded.sync()
        world.poke()
    assert world.check().low > before.low * 39 // 10


def test_liquidation_prices__six_hours_unknown__those_of_price_oracle(world: World) -> None:
    """ISO-05"""
    for _ in range(5):
        world.traded.move_to(9, 10)
        later(2 * HOUR)
    assert world.check().why == SHORT_HISTORY
    answer = world.twin.liquidation_prices(world.token)
    assert world.oracle.liquidation_prices(world.token) == answer
    assert answer[2] != 0
    assert world.oracle.liquidation_depth(world.token) == world.twin.liquidation_depth(world.token)


def test_liquidation_prices__never_keep_the_six_hours(world: World) -> None:
    world.oracle.liquidation_prices(world.token)
    assert world.oracle.kept_ts() == 0


def test_band__six_hours_beyond_all_prices__flagged() -> None:
    """A mean at a tick above 443,636 has no price that the oracle could tell."""
    set_time(START)
    token, quote = new_test_token("TKN", 18, LOW), new_test_token("USD", 18, HIGH)
    traded = new_traded_pair(token, quote, 10**6, 10**30)
    later(1)
    oracle = load("oracle/IsolatedOracle.vy").deploy(token, quote, traded.pair, 1_000 * WAD, WAD, ZERO, 0, 0, 0)
    later(8 * HOUR)
    oracle.poke(token)
    # down to a tick that has one, for an hour
    for _ in range(13):
        traded.move_to(1, 2**13)
        later(300)
        oracle.poke(token)
    later(HOUR)
    band = oracle.band(token)
    assert traded.six_hours()[1] > MOST_TICK
    assert band.low != 0
    assert oracle.six_hours_known() == SIX_HOURS
    assert band.why & SHORT_HISTORY


# ---------------------------------------------------------------- the quote, and the rest


def test_band__quote_with_a_fixed_price__as_price_oracle(world: World) -> None:
    quote = world.traded.quote
    assert world.oracle.band(quote) == world.twin.band(quote)
    assert world.oracle.new_risk_prices(quote) == world.twin.new_risk_prices(quote)
    assert world.oracle.liquidation_prices(quote) == world.twin.liquidation_prices(quote)
    assert world.oracle.quote_price(quote) == UNIT
    assert world.oracle.source_of(world.token, 0) == (world.traded.pair.address, quote.address, MIN_DEPTH)
    world.oracle.poke(quote)
    assert world.oracle.kept_ts() == 0


def test_band__quote_with_a_feed__prices_follow_it() -> None:
    set_time(START)
    token, quote = new_test_token("TKN", 18, LOW), new_test_token("USD", 6, HIGH)
    traded = new_traded_pair(token, quote, 10_000 * WAD, 2_000_000 * 10**6)
    later(8 * DAY)
    feed = load("testing/ScriptedFeed.vy").deploy(8, 10**8)
    oracle = load("oracle/IsolatedOracle.vy").deploy(token, quote, traded.pair, MIN_DEPTH, 0, feed, HOUR, 10**6, 10**10)
    one = oracle.band(token)
    assert (one.why, oracle.band(quote).low) == (0, UNIT)
    # the quote is priced by the feed, the token by its pair alone
    assert (oracle.has_feed(quote), oracle.has_feed(token)) == (True, False)
    feed.set_answer(2 * 10**8)
    two = oracle.band(token)
    assert abs(two.low - 2 * one.low) <= 1
    assert abs(two.high - 2 * one.high) <= 1
    later(2 * HOUR)
    assert oracle.band(token).low == 0
    assert oracle.band(token).why != 0
    assert oracle.new_risk_prices(token)[0] == 0


def test_band__stranger__not_listed(world: World) -> None:
    assert world.oracle.band(boa.env.generate_address()).why == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"price": UNIT + 1}, "oracle: bad quote price"),
        ({"price": 1}, "oracle: bad quote price"),
        ({"min_depth": 999 * WAD}, "oracle: bad min depth"),
        ({"token": "0x" + "55" * 20}, "oracle: source has other tokens"),
        ({"price": 0}, "oracle: bad heartbeat"),
    ],
)
def test_deploy__bad_argument__refused(world: World, arguments: dict[str, Any], reason: str) -> None:
    named = {"token": world.token, "quote": world.traded.quote, "pair": world.traded.pair, "min_depth": MIN_DEPTH, "price": UNIT, **arguments}
    with boa.reverts(reason):
        load("oracle/IsolatedOracle.vy").deploy(*named.values(), ZERO, 0, 0, 0)


def test_deploy__range_pool__refused(world: World) -> None:
    pool = new_range_pool(world.token, world.traded.quote, world.traded.token_is_token1, 10_000 * WAD, 2_000_000 * 10**6)
    with boa.reverts("oracle: source is not a pair"):
        load("oracle/IsolatedOracle.vy").deploy(world.token, world.traded.quote, pool.contract, MIN_DEPTH, UNIT, ZERO, 0, 0, 0)
