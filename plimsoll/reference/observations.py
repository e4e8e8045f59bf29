"""What an AMM remembers of its past, by brute force: the list of all changes, and every statistic summed up from it.

No accumulator, no ring, no extrapolation: a statistic over some time is the sum over the changes of value times seconds. Written from the
definitions of interfaces/IObservations.vyi and docs/SPEC.md. Times are seconds, ticks and liquidities integers.
"""

from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

BUCKET = 180
MINUTE = 60
SHORT_SECONDS = 300
MAX_BUCKETS = 20
CLAMP_BASE = 1000
CLAMP_PER_SECOND = 50
CLAMP_SECONDS = 60

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


@dataclass(frozen=True)
class Segment:
    """A time in which nothing changed. `tick` is clamped."""

    begin: int
    end: int
    tick: int
    liquidity: int


@dataclass(frozen=True)
class Window:
    started_ts: int = 0
    short_sum: int = 0
    short_seconds: int = 0
    fresh_sum: int = 0
    fresh_seconds: int = 0
    # Newest first
    bucket_tick_sums: tuple[int, ...] = ()
    bucket_liquidities: tuple[int, ...] = ()

    def words(self) -> list[int]:
        """As the contract answers."""
        pairs = zip(self.bucket_tick_sums, self.bucket_liquidities, strict=True)
        buckets = [(tick_sum % 2**128 << 128) + liquidity for tick_sum, liquidity in pairs]
        head = [self.started_ts, self.short_sum, self.short_seconds, self.fresh_sum, self.fresh_seconds, len(buckets)]
        return [value % 2**256 for value in head] + buckets + [0] * (MAX_BUCKETS - len(buckets))


@dataclass
class Observations:
    started: int | None = None
    segments: list[Segment] = field(default_factory=list)
    # Since when the present state stands, and what it is; a tick of None holds the one before
    since: int = 0
    raw_tick: int | None = 0
    liquidity: int = 0

    def start(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        self.started = now
        self.segments = []
        self._stand(now, raw_tick, liquidity)

    def change(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        """The state is this one from now on. Of several changes at one time the last one counts."""
        if self.started is None:
            return
        if now > self.since:
            self.segments.append(self._present(now))
        self._stand(now, raw_tick, liquidity)

    def window(self, now: int, buckets: int) -> Window:
        if not 0 <= buckets <= MAX_BUCKETS:
            raise ValueError("too many buckets")
        if self.started is None:
            return Window()
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
            bucket_tick_sums=tuple(_tick_seconds(segments, begin, begin + BUCKET) for begin in slow),
            bucket_liquidities=tuple(_harmonic_mean(segments, begin, begin + BUCKET) for begin in slow),
        )

    def _stand(self, now: int, raw_tick: int | None, liquidity: int) -> None:
        self.since, self.raw_tick, self.liquidity = now, raw_tick, liquidity

    def _present(self, now: int) -> Segment:
        raw = self.raw_tick
        if not self.segments:
            clamped = 0 if raw is None else raw
        else:
            before = self.segments[-1]
            room = CLAMP_BASE + CLAMP_PER_SECOND * min(before.end - before.begin, CLAMP_SECONDS)
            clamped = before.tick if raw is None else min(max(raw, before.tick - room), before.tick + room)
        return Segment(self.since, now, clamped, max(self.liquidity, 1))


def _seconds_within(segment: Segment, begin: int, end: int) -> int:
    return max(0, min(segment.end, end) - max(segment.begin, begin))


def _tick_seconds(segments: list[Segment], begin: int, end: int) -> int:
    return sum(s.tick * _seconds_within(s, begin, end) for s in segments)


def _harmonic_mean(segments: list[Segment], begin: int, end: int) -> int:
    """At most 2**128 - 1: half a word, in which a contract tells it."""
    mean = ((end - begin) << 128) // sum((2**128 // s.liquidity) * _seconds_within(s, begin, end) for s in segments)
    return min(mean, 2**128 - 1)
