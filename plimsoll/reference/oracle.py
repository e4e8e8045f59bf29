"""The price oracle of one asset: one or two AMM sources, a price feed, and what the oracle keeps. Exact integers.

Written from interfaces/IPriceOracle.vyi and docs/SPEC.md. Prices are WAD units of account for 1e18 raw units. Ticks are log_1.0001 of raw
token1 per raw token0; oriented ones are of quote per asset.

    oracle = Oracle(Configuration(first=Source(asset_is_token1, Quote(price), min_depth)))
    oracle.band(now, Answers(first=window))      all that the oracle says now, nothing written
    oracle.write(now, Answers(first=window))     the same, as the writing functions do it

`window` must tell `oracle.slow_buckets` buckets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from fractions import Fraction

from plimsoll.reference.tick_math import sqrt_ratio_at_tick

BUCKET = 180
MINUTE = 60
SHORT_SECONDS = 300
# Length of the slow window: with the AMMs alone, and where a feed is configured
SLOW_BUCKETS = 10
SLOW_BUCKETS_WITH_FEED = 20
DAY = 86_400
GRACE = 600
WAD = 10**18
MAX_UINT256 = 2**256 - 1
# Prices above are taken for nonsense: they leave no room to value 2^112 raw units.
MAX_PRICE = 2**144 - 1
# A quote's price leaves room for a tick's
MAX_QUOTE_PRICE = 2**115 - 1
# Mean ticks that, rounded down, lie outside are nonsense too: from 2^-128 to 2^64 raw quote per raw asset. (A fresh mean is brought inside.)
TICK_RANGE = range(-887272, 443636)
MAX_DEPTH = 2**127 - 1
UNSETTLED_TICKS = 1000
# 1.0001^300, and what is more than that is disagreement
AGREEMENT = Fraction(1_030_453, 1_000_000)
BREAKER_RATIO = Fraction(12_500, 10_000)
# A switch of the owner's may move a price by this much
SWITCH_RATIO = Fraction(10_500, 10_000)
# With a feed alone
FEED_MARGIN = Fraction(5, 100)
# The depth for liquidations falls by 5 % a day: by a 9,600th in a bucket, counted from the last write
RATCHET_BUCKETS = 9_600
# What supports a range pool's price falls by an eighth from one write to the next
SUPPORT_FALL = 8
PRICE_BITS = BOUND_BITS = 24
RATCHET_BITS = 20
DEPTH_BITS = 19


class Why(IntFlag):
    NOT_LISTED = 1
    SOURCE_FAILED = 2
    NOT_STARTED = 4
    SHORT_HISTORY = 8
    THIN_FOR_NEW_RISK = 16
    THIN = 32
    BREAKER = 64
    UNSETTLED = 128
    LIQUIDITY_ADDED = 256
    DISAGREEMENT = 512
    FEED_FAILED = 1024
    FEED_STALE = 2048
    QUOTE_FAILED = 4096


NOTHING = Why(0)
FIRST, SECOND, FEED = 1, 2, 4


class Reverts(Exception):
    """With the contract's reason."""


@dataclass(frozen=True)
class Band:
    low: int = 0
    high: int = 0
    liquidation_high: int = 0
    liquidation_low: int = 0
    fresh_low: int = 0
    fresh_high: int = 0
    depth: int = 0
    liquidation_depth: int = 0
    sources: int = 0
    why: Why = NOTHING

    def prices(self) -> tuple[int, ...]:
        return self.low, self.high, self.liquidation_high, self.liquidation_low, self.fresh_low, self.fresh_high


# ---------------------------------------------------------------- numbers


def _floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def float_down(value: int, bits: int) -> int:
    """The greatest number up to `value` with no more than `bits` significant bits."""
    exponent = max(0, value.bit_length() - bits)
    return value >> exponent << exponent


def float_up(value: int, bits: int) -> int:
    """The least such number from `value` on."""
    exponent = max(0, value.bit_length() - bits)
    return -(-value >> exponent) << exponent


def lower_median(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def upper_median(values: Iterable[int]) -> int:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _at_tick(tick: int, quote_price: int) -> Fraction:
    return Fraction(quote_price * sqrt_ratio_at_tick(tick) ** 2, 2**192)


def price_at(tick: int, quote_price: int) -> tuple[int, int]:
    """The price at an oriented tick, rounded down and up."""
    price = _at_tick(tick, quote_price)
    return _floor(price), _ceil(price)


def _within(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def apart(one: int, other: int, ratio: Fraction) -> bool:
    """Is the larger more than `ratio` times the smaller?"""
    return max(one, other) > ratio * min(one, other)


# ---------------------------------------------------------------- what is asked: sources


@dataclass(frozen=True)
class Window:
    """What a source answers (IObservations.Window)."""

    started_ts: int
    short_sum: int
    short_seconds: int
    fresh_sum: int
    fresh_seconds: int
    # signed tick << 128 | liquidity was added in this transaction << 127 | a range pool moved tokens in it << 126 | liquidity
    present: int = 0
    # Newest first
    bucket_tick_sums: tuple[int, ...] = ()
    bucket_liquidities: tuple[int, ...] = ()

    @property
    def present_tick(self) -> int:
        return (self.present >> 128) - (self.present >> 255 << 128)

    @property
    def added(self) -> bool:
        return bool(self.present >> 127 & 1)

    @property
    def used(self) -> bool:
        return bool(self.present >> 126 & 1)

    @property
    def present_liquidity(self) -> int:
        return self.present % 2**126


def present_word(tick: int, liquidity: int, added: bool = False, used: bool = False) -> int:
    return tick % 2**128 << 128 | added << 127 | used << 126 | liquidity


@dataclass(frozen=True)
class Holdings:
    """What a range pool has, raw. `told`: its tokens did answer."""

    base: int = 0
    quote: int = 0
    told: bool = True


@dataclass(frozen=True)
class FeedAnswer:
    """What a feed answers, as unsigned words but for the answer."""

    decimals: int
    round_id: int
    answer: int
    updated_ts: int
    answered_in_round: int


@dataclass(frozen=True)
class SourceAnswer:
    """None: no answer of the right form."""

    window: Window | None = None
    # of range pools only
    holdings: Holdings = Holdings(told=False)
    # where the quote is priced by a feed
    quote: FeedAnswer | None = None


@dataclass(frozen=True)
class Answers:
    """What everybody whom the oracle might ask would say, at one moment. A bare window stands for a pair against a fixed quote."""

    first: SourceAnswer | Window | None = None
    second: SourceAnswer | Window | None = None
    feed: FeedAnswer | None = None

    def of(self, place: int) -> SourceAnswer:
        answer = (self.first, self.second)[place]
        return answer if isinstance(answer, SourceAnswer) else SourceAnswer(answer)


# ---------------------------------------------------------------- feeds and quotes


@dataclass(frozen=True)
class Feed:
    """A price of the asset in units of account, or in the first source's quote (then with that quote's decimals)."""

    decimals: int
    asset_decimals: int
    heartbeat: int
    min_answer: int
    max_answer: int
    quote_decimals: int | None = None

    @property
    def in_quote(self) -> bool:
        return self.quote_decimals is not None

    def bounds(self) -> tuple[int, int]:
        """As the oracle holds them."""
        return float_up(self.min_answer, BOUND_BITS), float_down(self.max_answer, BOUND_BITS)

    def price(self, answer: int, quote_price: int = 0) -> int:
        """Of 1e18 raw units of the asset, rounded down."""
        tokens = Fraction(10) ** (18 - self.asset_decimals)
        each = Fraction(answer, 10**self.decimals)
        if self.quote_decimals is None:
            return _floor(tokens * each * WAD)
        return _floor(tokens * each * 10**self.quote_decimals * Fraction(quote_price, WAD))

    def why_not(self, now: int, said: FeedAnswer | None) -> Why:
        """Nothing: the answer is valid."""
        if said is None or said.decimals != self.decimals:
            return Why.FEED_FAILED
        least, most = self.bounds()
        complete = 0 < said.round_id <= said.answered_in_round
        if not (complete and 0 < said.updated_ts <= now and least < said.answer < most):
            return Why.FEED_FAILED
        return Why.FEED_STALE if now - said.updated_ts > self.heartbeat + GRACE else NOTHING

    def read(self, now: int, said: FeedAnswer | None, most: int, quote_price: int | None = None) -> tuple[int, Why]:
        """(price, nothing) or (0, why). `quote_price`: where the feed tells the price in a quote; 0: that has none now."""
        why = self.why_not(now, said)
        if why or said is None:
            return 0, why
        if quote_price == 0:
            return 0, Why.QUOTE_FAILED
        price = self.price(said.answer, quote_price or 0)
        return (price, NOTHING) if 1 <= price <= most else (0, Why.FEED_FAILED)


@dataclass(frozen=True)
class Quote:
    """What sources are against: at a fixed price, or priced by a feed."""

    fixed: int = 0
    feed: Feed | None = None

    def price(self, now: int, said: FeedAnswer | None) -> tuple[int, Why]:
        """Of 1e18 raw units; 0 and why: none now."""
        if self.feed is None:
            return self.fixed, NOTHING
        return self.feed.read(now, said, MAX_QUOTE_PRICE)


# ---------------------------------------------------------------- statistics of a source


@dataclass(frozen=True)
class Source:
    asset_is_token1: bool
    quote: Quote
    min_depth: int
    is_range_pool: bool = False

    def oriented(self, ticks: int) -> int:
        return -ticks if self.asset_is_token1 else ticks


@dataclass(frozen=True)
class Slow:
    """Of the slow window, as it is cached: oriented ticks; the depth as a float, WAD; of the first source."""

    low_tick: int
    high_tick: int
    depth: int
    thin: bool


@dataclass(frozen=True)
class Reading:
    """What a source says now. Its prices are meant only where it is valid."""

    why: Why = NOTHING
    slow: Slow | None = None
    # the edges of the short mean and of the slow window
    short_low: int = 0
    short_high: int = 0
    slow_low: int = 0
    slow_high: int = 0
    fresh: int = 0
    depth: int = 0
    unsettled: bool = False
    added: bool = False
    # What decides whether there is enough for a price, WAD; of a range pool nearly what it was, as far as its liquidity goes
    support: int = 0

    @property
    def valid(self) -> bool:
        return self.low > 0

    @property
    def low(self) -> int:
        return min(self.short_low, self.slow_low)

    @property
    def high(self) -> int:
        return max(self.short_high, self.slow_high)


def short_seconds(now: int) -> int:
    return now - (now - SHORT_SECONDS) // BUCKET * BUCKET


def fresh_seconds(now: int) -> int:
    return now - (now // MINUTE - 1) * MINUTE


def why_no_statistics(window: Window | None, now: int, buckets: int) -> Why:
    """Nothing: they are complete. `buckets`: as many as are asked for."""
    if window is None:
        return Why.SOURCE_FAILED
    if window.started_ts == 0:
        return Why.NOT_STARTED
    told = (window.short_seconds, window.fresh_seconds, len(window.bucket_tick_sums))
    right = (short_seconds(now), fresh_seconds(now), buckets)
    if window.started_ts > now or any(t not in (0, r) for t, r in zip(told, right, strict=True)):
        return Why.SOURCE_FAILED
    return NOTHING if told == right else Why.SHORT_HISTORY


def slow_ticks(source: Source, bucket_tick_sums: Sequence[int]) -> tuple[int, int]:
    """(low, high): the mean of all or the median of the buckets' means, whichever is further out."""
    means = [Fraction(source.oriented(total), BUCKET) for total in bucket_tick_sums]
    mean = sum(means, Fraction(0)) / len(means)
    low = min(_floor(mean), lower_median(map(_floor, means)))
    high = max(_ceil(mean), upper_median(map(_ceil, means)))
    return low, high


def mean_ticks(source: Source, window: Window) -> tuple[Fraction, Fraction]:
    """(short, fresh), oriented."""
    short = Fraction(source.oriented(window.short_sum), window.short_seconds)
    return short, Fraction(source.oriented(window.fresh_sum), window.fresh_seconds)


def quote_amount(liquidity: int, tick: int) -> int:
    """What full-range liquidity holds of the quote, raw."""
    return min(liquidity * sqrt_ratio_at_tick(tick) // 2**96, MAX_DEPTH)


def in_wad(raw_quote: int, quote_price: int) -> int:
    return raw_quote * quote_price // WAD


def held_depth(holdings: Holdings, tick: int) -> int:
    """The smaller of a range pool's balances, raw, the base at the tick's price."""
    return min(holdings.quote, _floor(holdings.base * _at_tick(tick, 1)))


def _measured(source: Source, answer: SourceAnswer, window: Window, unit: int, support: int) -> tuple[Slow | None, int]:
    """(the slow statistics, what supports a price). None: nobody can tell what the pool holds. `support`: the least there is."""
    low_tick, high_tick = slow_ticks(source, window.bucket_tick_sums)
    remembered = quote_amount(lower_median(window.bucket_liquidities), low_tick)
    depth = in_wad(remembered, unit)
    support = min(support, depth)
    if source.is_range_pool and 4 * depth >= source.min_depth:
        if window.used:
            # What it holds in the middle of a transaction is the caller's to choose
            raise Reverts("oracle: source is in use")
        if not answer.holdings.told:
            return None, support
        depth = in_wad(min(remembered, held_depth(answer.holdings, low_tick)), unit)
    depth = float_down(depth, DEPTH_BITS)
    return Slow(low_tick, high_tick, depth, depth < source.min_depth), max(support, depth)


def read_source(source: Source, answer: SourceAnswer, now: int, buckets: int, cached: Slow | None, support: int = 0) -> Reading:
    """`cached`: the slow statistics of this bucket, where they are known; only the recent ones are asked for then. `support`: the least
    that a range pool is taken to hold, because it held more when it was measured last."""
    unit, quote_why = source.quote.price(now, answer.quote)
    if quote_why:
        return Reading(Why.QUOTE_FAILED | quote_why, support=support)
    window = answer.window
    why = why_no_statistics(window, now, buckets)
    if cached and window:
        # That it has them was seen when they were cached
        why = NOTHING
    if why or window is None:
        return Reading(why, support=support)
    if any(total < -(2**127) or total >= 2**127 for total in window.bucket_tick_sums):
        raise ValueError("no such word")
    bucket_means = [] if cached else [Fraction(source.oriented(total), BUCKET) for total in window.bucket_tick_sums]
    if any(_floor(mean) not in TICK_RANGE for mean in (mean_ticks(source, window)[0], *bucket_means)):
        return Reading(Why.SOURCE_FAILED, support=support)

    slow = cached
    if slow is None:
        slow, support = _measured(source, answer, window, unit, support)
        if slow is None:
            return Reading(Why.SOURCE_FAILED, support=support)
        if 4 * support < source.min_depth:
            return Reading(Why.THIN_FOR_NEW_RISK | Why.THIN, support=support)
    return _priced(source, window, slow, unit, support)


def _priced(source: Source, window: Window, slow: Slow, unit: int, support: int) -> Reading:
    short, fresh = mean_ticks(source, window)
    present = quote_amount(window.present_liquidity, min(_floor(short), slow.low_tick))
    reading = Reading(
        why=Why.THIN_FOR_NEW_RISK if slow.thin else NOTHING,
        slow=slow,
        short_low=price_at(_floor(short), unit)[0],
        short_high=price_at(_ceil(short), unit)[1],
        slow_low=price_at(slow.low_tick, unit)[0],
        slow_high=price_at(slow.high_tick, unit)[1],
        fresh=_within(1, price_at(_within(TICK_RANGE.start, _floor(fresh), TICK_RANGE.stop - 1), unit)[0], MAX_PRICE),
        depth=min(slow.depth, in_wad(present, unit)),
        unsettled=abs(source.oriented(window.present_tick) - _floor(short)) > UNSETTLED_TICKS,
        added=window.added,
        support=support,
    )
    if reading.low == 0 or reading.high > MAX_PRICE:
        # No market trades there
        return Reading(Why.SOURCE_FAILED, support=support)
    return reading


# ---------------------------------------------------------------- the oracle's configuration and what it keeps


@dataclass(frozen=True)
class Configuration:
    """Of one asset: a fixed quote, or a quote priced by a feed alone, or an asset with sources."""

    first: Source | None = None
    second: Source | None = None
    feed: Feed | None = None
    quote: Quote | None = None

    @property
    def has_feed(self) -> bool:
        """It takes part, be it silent now. A fixed price is none."""
        return self.feed is not None or (self.quote is not None and self.quote.feed is not None)


@dataclass(frozen=True)
class Cache:
    """What was written last, and in which bucket."""

    bucket: int
    # Of the sources that were valid then; None also when the first one was not
    first: Slow | None
    second: Slow | None
    # The depth for liquidations; of a range pool, whose depth for liquidations has no limit, its support
    ratchet: int
    last_high: int
    last_low: int


@dataclass(frozen=True)
class Reads:
    """All readings of one moment."""

    first: Reading
    second: Reading
    feed: int
    feed_why: Why

    def valid(self) -> list[Reading]:
        return [reading for reading in (self.first, self.second) if reading.valid]

    def sources(self) -> int:
        valid = self.valid()
        return FIRST * (self.first in valid) | SECOND * (self.second in valid) | FEED * (self.feed > 0)


def liquidation_edges(valid: Sequence[Reading], feed: int) -> tuple[int, int]:
    """(high, low)"""
    if not valid:
        return _within(1, _ceil(feed * (1 + FEED_MARGIN)), MAX_PRICE), _within(1, _floor(feed * (1 - FEED_MARGIN)), MAX_PRICE)
    highs = [max(r.short_high for r in valid), valid[0].slow_high]
    lows = [min(r.short_low for r in valid), valid[0].slow_low]
    if feed:
        return sorted([*highs, feed])[1], sorted([*lows, feed])[1]
    return max(highs), min(lows)


def new_risk_edges(valid: Sequence[Reading], feed: int) -> tuple[int, int]:
    """(low, high)"""
    if not valid:
        high, low = liquidation_edges(valid, feed)
        return low, high
    feeds = [feed] if feed else []
    return min([r.low for r in valid] + feeds), max([r.high for r in valid] + feeds)


def reasons(reads: Reads, low: int, high: int) -> Why:
    """Why new risk is blocked."""
    valid = reads.valid()
    why = reads.first.why | reads.feed_why
    if any(r.unsettled for r in valid):
        why |= Why.UNSETTLED
    if any(r.added for r in valid):
        why |= Why.LIQUIDITY_ADDED
    if len(valid) == 2 and apart(valid[0].short_low, valid[1].short_low, AGREEMENT):
        why |= Why.DISAGREEMENT
    if high > BREAKER_RATIO * low:
        why |= Why.BREAKER
    return why


@dataclass
class Oracle:
    """One asset, with what the oracle keeps for it."""

    configuration: Configuration
    cache: Cache | None = None
    # When a switch last moved a price
    switched_ts: int | None = None
    # When a poke found that the price was lost
    silent_ts: int = 0

    @property
    def slow_buckets(self) -> int:
        return SLOW_BUCKETS_WITH_FEED if self.configuration.feed else SLOW_BUCKETS

    def asks(self, now: int) -> int:
        """How many buckets the sources are asked for: none where their slow statistics are cached."""
        return 0 if self._cached(now) else self.slow_buckets

    # ------------------------------------------------------------ reading

    def band(self, now: int, answers: Answers) -> Band:
        """Everything, without writing. Raises Reverts where a range pool cannot be judged."""
        if self.configuration.quote is not None:
            return self._quote_band(now, answers)
        if self.configuration.first is None:
            return Band(why=Why.NOT_LISTED)
        reads = self._read(now, answers)
        valid = reads.valid()
        if not valid and not reads.feed:
            return self._no_price(now, reasons(reads, 0, 0))
        low, high = new_risk_edges(valid, reads.feed)
        liquidation_high, liquidation_low = liquidation_edges(valid, reads.feed)
        freshes = [r.fresh for r in valid] + ([reads.feed] if reads.feed else [])
        return Band(
            low,
            high,
            liquidation_high,
            liquidation_low,
            min(freshes),
            max(freshes),
            depth=reads.first.depth if reads.first in valid else 0,
            liquidation_depth=self._liquidation_depth(now, reads),
            sources=reads.sources(),
            why=reasons(reads, low, high),
        )

    def _read(self, now: int, answers: Answers) -> Reads:
        slow = self._cached(now)
        first = self._read_source(now, answers, 0, slow)
        second = self._read_source(now, answers, 1, slow)
        feed, feed_why = self._read_feed(now, answers)
        return Reads(first, second, feed, feed_why)

    def _cached(self, now: int) -> Cache | None:
        """The word, where it holds the slow statistics of this bucket."""
        cache = self.cache
        return cache if cache and cache.bucket == now // BUCKET and cache.first else None

    def _read_source(self, now: int, answers: Answers, place: int, cache: Cache | None) -> Reading:
        source = (self.configuration.first, self.configuration.second)[place]
        slow = (cache.first, cache.second)[place] if cache else None
        if source is None or (cache and slow is None):
            # No such source; or it was not valid when the bucket's word was written
            return Reading()
        return read_source(source, answers.of(place), now, self.slow_buckets, slow, 0 if place else self._support())

    def _support(self) -> int:
        """What the first source, a range pool, is taken to hold at least."""
        first = self.configuration.first
        if self.cache is None or first is None or not first.is_range_pool:
            return 0
        return self.cache.ratchet - self.cache.ratchet // SUPPORT_FALL

    def _read_feed(self, now: int, answers: Answers) -> tuple[int, Why]:
        feed, first = self.configuration.feed, self.configuration.first
        if feed is None or first is None:
            return 0, NOTHING
        unit = first.quote.price(now, answers.of(0).quote)[0] if feed.in_quote else None
        return feed.read(now, answers.feed, MAX_PRICE, unit)

    def _liquidation_depth(self, now: int, reads: Reads) -> int:
        first = self.configuration.first
        if first is None or first.is_range_pool:
            return MAX_UINT256
        cache = self.cache
        if cache and self._cached(now):
            return cache.ratchet
        live = reads.first.slow.depth if reads.first.slow and reads.first in reads.valid() else 0
        return float_up(max(live, self._decayed(now)), RATCHET_BITS)

    def _decayed(self, now: int) -> int:
        """What the depth for liquidations may have fallen to."""
        if self.cache is None:
            return 0
        left = max(0, RATCHET_BUCKETS - (now // BUCKET - self.cache.bucket))
        return _ceil(Fraction(self.cache.ratchet * left, RATCHET_BUCKETS))

    def _no_price(self, now: int, why: Why) -> Band:
        first = self.configuration.first
        limited = first is not None and not first.is_range_pool
        return Band(
            liquidation_high=self.cache.last_high if self.cache else 0,
            liquidation_low=self.cache.last_low if self.cache else 0,
            liquidation_depth=self._decayed(now) if limited else MAX_UINT256,
            why=why,
        )

    def _quote_band(self, now: int, answers: Answers) -> Band:
        quote = self.configuration.quote
        assert quote is not None
        price, why = quote.price(now, answers.feed)
        if why:
            return self._no_price(now, why | Why.QUOTE_FAILED)
        sources = FEED if quote.feed else 0
        return Band(price, price, price, price, price, price, MAX_UINT256, MAX_UINT256, sources)

    # ------------------------------------------------------------ writing

    def write(self, now: int, answers: Answers) -> Band:
        """What the writing functions do: the first of a bucket that finds a price keeps it."""
        band = self.band(now, answers)
        if band.low and not self._written(now, answers):
            self._keep(now, answers, band)
        return band

    def poke(self, now: int, answers: Answers) -> Band:
        """Writes, or notes since when there is nothing to write."""
        band = self.write(now, answers)
        if not band.low and self.cache and not self._is_silent():
            self.silent_ts = now
        return band

    def _is_silent(self) -> bool:
        """Was it noted after the last price was kept?"""
        return self.cache is not None and self.silent_ts // BUCKET > self.cache.bucket

    def _written(self, now: int, answers: Answers) -> bool:
        """Is there nothing to add to this bucket's word?"""
        cache, quote = self.cache, self.configuration.quote
        if cache is None or cache.bucket != now // BUCKET:
            return quote is not None and quote.feed is None
        if quote is not None or cache.first is not None:
            return True
        reads = self._read(now, answers)
        return reads.first not in reads.valid()

    def _keep(self, now: int, answers: Answers, band: Band) -> None:
        first, second = None, None
        ratchet = 0
        if self.configuration.first is not None:
            reads = self._read(now, answers)
            if reads.first in reads.valid():
                first, second = reads.first.slow, reads.second.slow
            live = first.depth if first else 0
            kept = reads.first.support if self.configuration.first.is_range_pool else max(live, self._decayed(now))
            ratchet = float_up(kept, RATCHET_BITS)
        last_high = float_up(band.liquidation_high, PRICE_BITS)
        last_low = float_down(band.liquidation_low, PRICE_BITS)
        self.cache = Cache(now // BUCKET, first, second, ratchet, last_high, last_low)

    # ------------------------------------------------------------ switching

    def switch(self, now: int, configuration: Configuration, before: Answers, after: Answers, source_set: bool = False) -> None:
        """The owner's calls: another source, feed or threshold. Raises Reverts, and then changes nothing.

        `before`: answers to the present configuration, `after`: to the new one. `source_set`: the call names a first source.
        """
        old = self.band(now, before)
        first, second = configuration.first, configuration.second
        if first and second and 2 * second.min_depth < first.min_depth:
            # It can hold the edges of the band apart
            raise Reverts("oracle: bad min depth")
        new = Oracle(configuration, self._kept_for(first), self.switched_ts, self.silent_ts)
        answer = new.band(now, after)
        if new._moved(now, old, answer):
            new.switched_ts = now
        if source_set and Why.SOURCE_FAILED in answer.why:
            raise Reverts("oracle: source has no window")
        if answer.low and not new._written(now, after):
            new._keep(now, after, answer)
        self.configuration, self.cache, self.switched_ts = new.configuration, new.cache, new.switched_ts

    def _kept_for(self, first: Source | None) -> Cache | None:
        """What was cached of the old sources says nothing of the new ones."""
        if self.cache is None:
            return None
        kept = replace(self.cache, first=None, second=None)
        return replace(kept, ratchet=0) if first and first.is_range_pool else kept

    def _moved(self, now: int, old: Band, new: Band) -> bool:
        """Did a price move, and may it?"""
        if not old.low and self.cache is None:
            # Nobody has relied on a price
            return False
        if not new.low:
            raise Reverts("oracle: loses the price")
        pairs = [(one, other) for one, other in self._to_compare(now, old, new) if one != other]
        if any(apart(one, other, SWITCH_RATIO) for one, other in pairs):
            raise Reverts("oracle: moves the price")
        if pairs and self.switched_ts is not None and now - self.switched_ts < DAY:
            raise Reverts("oracle: switched today")
        return bool(pairs)

    def _to_compare(self, now: int, old: Band, new: Band) -> list[tuple[int, int]]:
        both = list(zip(old.prices(), new.prices(), strict=True))
        if old.low or self.cache is None:
            return both
        # Only the last valid prices, by which accounts are judged; where it has been silent for a day, none
        return [] if self._is_silent() and now >= self.silent_ts + DAY else both[2:4]
