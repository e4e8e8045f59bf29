"""What an AMM remembers of its past, by brute force: the list of all changes, and every statistic summed up from it.

No accumulator, no ring, no extrapolation: a statistic over some time is the sum of what was remembered in each of its seconds. The
remembered tick goes after the market's second by second, until it stands. Written from the definitions of interfaces/IObservations.vyi and
docs/SPEC.md. Times are seconds, ticks and liquidities integers.
"""

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache, lru_cache

BUCKET = 180
MINUTE = 60
SHORT_SECONDS = 300
MAX_BUCKETS = 20
# The remembered tick goes after the market's at so many ticks a second, and from one change to the next so far at most
SLEW = 50
MAX_GAP = 9000
MAX_PRESENT_LIQUIDITY = 2**126 - 1
# What `recent` may be asked for
FRESH, PRESENT = 1, 2

_DIGITS = 100
# Two unequal ratios of integers below 2^112 are further apart than this, seen as ticks
_NEAR = Decimal(10) ** -75


@cache
def _log_base() -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return Decimal("1.0001").ln()


def tick(reserve0: int, reserve1: int) -> int:
    """floor(log_1.0001(reserve1 / reserve0)), exact."""
    with localcontext() as context:
        context.prec = _DIGITS
        log = (Decimal(reserve1).ln() - Decimal(reserve0).ln()) / _log_base()
        nearest = log.to_integral_value(ROUND_HALF_EVEN)
        if abs(log - nearest) > _NEAR:
            return int(log.to_integral_value(ROUND_FLOOR))
    # A power of 1.0001 itself: 10001^n / 10000^n is in lowest terms, so that n is small
    n = int(nearest)
    above = reserve1 * 10_000**n >= reserve0 * 10_001**n if n >= 0 else reserve1 * 10_001**-n >= reserve0 * 10_000**-n
    return n if above else n - 1


@lru_cache(maxsize=4096)
def ramp(remembered: int, market: int) -> tuple[int, ...]:
    """The tick that is remembered in each second after a change at which the market's tick became `market`, until it stands."""
    end = min(max(market, remembered - MAX_GAP), remembered + MAX_GAP)
    ticks = [remembered]
    while ticks[-1] != end:
        ticks.append(ticks[-1] + min(max(end - ticks[-1], -SLEW), SLEW))
    return tuple(ticks[1:])


@dataclass(frozen=True)
class Segment:
    """A time in which nothing changed: first the ticks of `ramp`, one a second, then `tick`."""

    begin: int
    end: int
    ramp: tuple[int, ...]
    tick: int
    liquidity: int

    @property
    def last_tick(self) -> int:
        """Remembered at its end, which is after its beginning."""
        return self.tick if self.end - self.begin > len(self.ramp) else self.ramp[self.end - self.begin - 1]

    def tick_seconds(self, begin: int, end: int) -> int:
        """Of the part of it that lies within a time."""
        first, last = max(self.begin, begin) - self.begin, min(self.end, end) - self.begin
        if first >= last:
            return 0
        return sum(self.ramp[first:last]) + self.tick * max(0, last - max(first, len(self.ramp)))


@dataclass(frozen=True)
class Window:
    started_ts: int = 0
    short_sum: int = 0
    short_seconds: int = 0
    fresh_sum: int = 0
    fresh_seconds: int = 0
    # Since the start, of what is remembered in each second
    tick_sum: int = 0
    # The market's signed tick << 128 | liquidity was added in this transaction << 127 | a range pool was used in it << 126 | liquidity
    present: int = 0
    # Newest first
    bucket_tick_sums: tuple[int, ...] = ()
    bucket_liquidities: tuple[int, ...] = ()

    def words(self) -> list[int]:
        """As the contract answers."""
        pairs = zip(self.bucket_tick_sums, self.bucket_liquidities, strict=True)
        buckets = [(tick_sum % 2**128 << 128) + liquidity for tick_sum, liquidity in pairs]
        head = [self.started_ts, self.short_sum, self.short_seconds, self.fresh_sum, self.fresh_seconds, self.tick_sum, self.present]
        return [value % 2**256 for value in head] + [len(buckets)] + buckets + [0] * (MAX_BUCKETS - len(buckets))


@dataclass
class Observations:
    started: int | None = None
    segments: list[Segment] = field(default_factory=list)
    # Since when the present state stands, and what it is; a tick of None holds the remembered one
    since: int = 0
    raw_tick: int | None = 0
    liquidity: int = 0

    def start(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        self.started = now
        self.segments = []
        self._stand(now, raw_tick, liquidity)

    def change(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        """The state is this one from now on. Of several changes at one time the last one counts."""
        if self.started is not None and now > self.since:
            self.segments.append(self._present(now))
        self._stand(now, raw_tick, liquidity)

    def window(self, now: int, buckets: int, added: bool = False) -> Window:
        """`added`: within a transaction that has added liquidity."""
        if not 0 <= buckets <= MAX_BUCKETS:
            raise ValueError("too many buckets")
        if self.started is None:
            return Window(present=present_word(self._market_tick(), self.liquidity, added))
        segments = [*self.segments, self._present(now)]
        short = (now - SHORT_SECONDS) // BUCKET * BUCKET
        fresh = (now // MINUTE - 1) * MINUTE
        newest = now // BUCKET * BUCKET
        slow = [newest - i * BUCKET for i in range(1, buckets + 1)]
        if slow and slow[-1] < self.started:
            slow = []
        return Window(
            started_ts=self.started,
            short_sum=_tick_seconds(segments, short, now) if short >= self.started else 0,
            short_seconds=now - short if short >= self.started else 0,
            fresh_sum=_tick_seconds(segments, fresh, now) if fresh >= self.started else 0,
            fresh_seconds=now - fresh if fresh >= self.started else 0,
            tick_sum=_tick_seconds(segments, self.started, now),
            present=present_word(self._market_tick(), self.liquidity, added),
            bucket_tick_sums=tuple(_tick_seconds(segments, begin, begin + BUCKET) for begin in slow),
            bucket_liquidities=tuple(_harmonic_mean(segments, begin, begin + BUCKET) for begin in slow),
        )

    def recent(self, now: int, wanted: int, added: bool = False) -> tuple[int, int, int]:
        """(present, tick sum, fresh sum)"""
        return recent_of(self.window(now, 0, added), wanted)

    def remembered(self, now: int) -> int:
        """The remembered tick at a time when nothing has changed for a second or more, or else as of the last change."""
        return self._present(now).last_tick if now > self.since else self.segments[-1].last_tick

    def _stand(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        self.since, self.raw_tick, self.liquidity = now, raw_tick, liquidity

    def _market_tick(self) -> int:
        if self.raw_tick is not None:
            return self.raw_tick
        return self.segments[-1].last_tick if self.segments else 0

    def _present(self, now: int) -> Segment:
        tick = self._market_tick()
        ticks: tuple[int, ...] = ()
        # The first tick of all is remembered at once
        if self.segments:
            before = self.segments[-1].last_tick
            ticks = ramp(before, tick)
            tick = ticks[-1] if ticks else before
        return Segment(self.since, now, ticks, tick, max(self.liquidity, 1))


def recent_of(window: "Window", wanted: int) -> tuple[int, int, int]:
    """What `recent` tells of a window: (present, tick sum, fresh sum)"""
    return window.present if wanted & PRESENT else 0, window.tick_sum, window.fresh_sum if wanted & FRESH else 0


def present_word(tick: int, liquidity: int, added: bool, used: bool = False) -> int:
    return (tick % 2**128 << 128) + (added << 127) + (used << 126) + min(liquidity, MAX_PRESENT_LIQUIDITY)


def _seconds_within(segment: Segment, begin: int, end: int) -> int:
    return max(0, min(segment.end, end) - max(segment.begin, begin))


def _tick_seconds(segments: list[Segment], begin: int, end: int) -> int:
    return sum(s.tick_seconds(begin, end) for s in segments)


def _harmonic_mean(segments: list[Segment], begin: int, end: int) -> int:
    """At most 2**128 - 1: half a word, in which a contract tells it."""
    mean = ((end - begin) << 128) // sum((2**128 // s.liquidity) * _seconds_within(s, begin, end) for s in segments)
    return min(mean, 2**128 - 1)
