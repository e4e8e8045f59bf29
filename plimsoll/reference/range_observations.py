"""What a range pool remembers of its past beside Uniswap V3's ring: the list of all changes, and every statistic summed up from it.

Written from interfaces/IObservations.vyi and docs/SPEC.md. It differs from a pair (plimsoll/reference/observations.py) in two ways. A
change is what Uniswap V3 notes as an observation: a swap that moves the tick, or a mint or burn in range. And the sum of seconds per
liquidity at a change is Uniswap V3's, which cuts once per change: floor(seconds * 2^128 / L); from there to a boundary between two
changes, or to the present, it grows by floor(2^128 / L) a second.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise

from plimsoll.reference.observations import BUCKET, MAX_BUCKETS, MINUTE, SHORT_SECONDS, Window, present_word, ramp, recent_of


@dataclass(frozen=True)
class Stretch:
    """From one change to the next: first the ticks of `ramp`, one a second, then `tick`. The sums are as of the beginning."""

    begin: int
    ramp: tuple[int, ...]
    tick: int
    liquidity: int
    tick_sum: int
    liquidity_sum: int

    def tick_sum_at(self, time: int) -> int:
        seconds = time - self.begin
        return self.tick_sum + sum(self.ramp[:seconds]) + self.tick * max(0, seconds - len(self.ramp))

    def tick_at(self, time: int) -> int:
        """Remembered in the second that ends then."""
        seconds = time - self.begin
        return self.tick if seconds > len(self.ramp) else self.ramp[seconds - 1]

    def liquidity_sum_at(self, time: int) -> int:
        return self.liquidity_sum + 2**128 // self.liquidity * (time - self.begin)


@dataclass
class RangeObservations:
    started: int | None = None
    past: list[Stretch] = field(default_factory=list)
    # Since when the present state stands, and what it is
    since: int = 0
    raw_tick: int = 0
    liquidity: int = 0

    def start(self, now: int, tick: int) -> None:
        self.started = self.since = now
        self.raw_tick = tick

    def touch(self, now: int) -> None:
        """Something changes now. Of several changes at one time only the first one ends what stood before."""
        if now > self.since:
            self.past.append(self._present())
            self.since = now

    def stand(self, tick: int, liquidity: int) -> None:
        """The state after a change."""
        self.raw_tick, self.liquidity = tick, liquidity

    def window(self, now: int, buckets: int, added: bool = False, used: bool = False) -> Window:
        """`added`: within a transaction that has added liquidity; `used`: that has moved the pool's tokens."""
        if not 0 <= buckets <= MAX_BUCKETS:
            raise ValueError("too many buckets")
        if self.started is None:
            return Window()
        stretches = [*self.past, self._present()]
        short = (now - SHORT_SECONDS) // BUCKET * BUCKET
        fresh = (now // MINUTE - 1) * MINUTE
        newest = now // BUCKET * BUCKET
        boundaries = [newest - i * BUCKET for i in range(buckets + 1)]
        if boundaries[-1] < self.started:
            boundaries = []
        at = [self._stretch_before(stretches, time) for time in boundaries]
        tick_sums = [stretch.tick_sum_at(time) for stretch, time in zip(at, boundaries, strict=True)]
        liquidity_sums = [stretch.liquidity_sum_at(time) for stretch, time in zip(at, boundaries, strict=True)]
        return Window(
            started_ts=self.started,
            short_sum=self._tick_seconds(stretches, short, now) if short >= self.started else 0,
            short_seconds=now - short if short >= self.started else 0,
            fresh_sum=self._tick_seconds(stretches, fresh, now) if fresh >= self.started else 0,
            fresh_seconds=now - fresh if fresh >= self.started else 0,
            tick_sum=self._tick_seconds(stretches, self.started, now),
            present=present_word(self.raw_tick, self.liquidity, added, used),
            bucket_tick_sums=tuple(newer - older for newer, older in pairwise(tick_sums)),
            bucket_liquidities=tuple(min((BUCKET << 128) // (newer - older), 2**128 - 1) for newer, older in pairwise(liquidity_sums)),
        )

    def recent(self, now: int, wanted: int, added: bool = False, used: bool = False) -> tuple[int, int, int]:
        """(present, tick sum, fresh sum)"""
        return recent_of(self.window(now, 0, added, used), wanted)

    def _present(self) -> Stretch:
        liquidity = max(self.liquidity, 1)
        if not self.past:
            # The first tick of all is remembered at once
            return Stretch(self.since, (), self.raw_tick, liquidity, 0, 0)
        before = self.past[-1]
        remembered = before.tick_at(self.since)
        ticks = ramp(remembered, self.raw_tick)
        liquidity_sum = before.liquidity_sum + ((self.since - before.begin) << 128) // before.liquidity
        return Stretch(self.since, ticks, ticks[-1] if ticks else remembered, liquidity, before.tick_sum_at(self.since), liquidity_sum)

    @staticmethod
    def _stretch_before(stretches: list[Stretch], time: int) -> Stretch:
        """Which stands just before that time: a change at a boundary belongs to what follows."""
        return stretches[max(0, bisect_left(stretches, time, key=lambda stretch: stretch.begin) - 1)]

    def _tick_seconds(self, stretches: list[Stretch], begin: int, end: int) -> int:
        older, newer = (self._stretch_before(stretches, time) for time in (begin, end))
        return newer.tick_sum_at(end) - older.tick_sum_at(begin)
