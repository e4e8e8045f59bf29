"""What it costs to move a market, and the oracle's band with it, and what that could bring. Pure functions.

A market is a pool of a base (the asset) and a quote. Its price now counts as the honest one: everything is valued by it. An attacker moves
the price by a factor and holds it there for some blocks. Two worlds:

* unopposed     nobody else trades. He trades there and, at the end, back, as far as the next unit still pays after the fee: he loses the
                fees twice, however long he holds.
* arbitraged    in each block somebody trades the price back first, as far as that pays after the fee, and the attacker must move it again,
                last in his block. What he bought (sold) he sells (buys back) elsewhere at the honest price. He pays for every block.

x*y=k in closed form. `m` is the factor by which the ratio of the reserves (in / out) is to grow, `g` what the fee leaves of an input, and d
what is paid in, as a part of the reserve:

    (1 + d) * (1 + g*d) = m        what is taken out: g*d / (1 + g*d) of that reserve
    arbitrage                      stops where the last unit brings the honest price: 1 + g*a = sqrt(m*g), a what it pays in, as a part;
                                   so does an attacker who trades back

The fees stay in a pair, so that each round is larger than the one before by the same factor: a geometric series. A range pool keeps its fees
apart: its rounds are all equal, and each is a walk over its ticks.

How the band follows. The oracle sums a tick that follows the market's at 50 a second at most, and that goes back as fast. With one venue
and no feed

    high = liquidation_high = max(s, mean, upper median)        s over 300 to 479 seconds, the others over ten whole buckets of 180 s
    low  = liquidation_low  = min(s, mean, lower median)

So `high` falls, and `low` rises, only by as much as all three do: more than half of the buckets (six of ten, eleven of twenty where a feed
takes part) for the median, all of them for the whole factor by the mean, and the newest 300 seconds for s. The other edges, `low` down and
`high` up, follow whichever is first, which is s: that blocks new risk, and brings nobody anything. With a second venue both s must be
moved, and for new risk both slow windows. An honest feed bounds new risk (low <= feed <= high), and the trigger prices are the median of
s, slow and feed on each side: they still move only as far as both s and slow do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import ceil, gcd, isqrt, log
from typing import Protocol

from plimsoll.reference.range_pool import PIPS, Q96, RangePool
from plimsoll.reference.tick_math import limits

WAD = 10**18
BPS = 10_000
# Of the closed forms: the sums are exact far below a raw unit
DIGITS = 60

BUCKET = 180
SLOW_BUCKETS, SLOW_BUCKETS_WITH_FEED = 10, 20
SHORT_SECONDS = 300
# A tick that is summed follows the market's at so many a second (contracts/modules/observations.vy)
SLEW = 50

UP, DOWN = "up", "down"
# More than any pool takes
EVERYTHING = 2**200


class AttackError(ValueError):
    """What was asked for cannot be computed."""


# ---------------------------------------------------------------- what holding a price costs


@dataclass(frozen=True)
class Cost:
    """Raw units of the quote, at the honest price."""

    # What the attacker has lost when it is over, rounded up
    cost: int
    # The most that he must have had in hand
    capital: int
    # By how much the price was moved: less than asked where the prices of the pool end
    factor: Fraction


class Market(Protocol):
    @property
    def price(self) -> Fraction:
        """The honest one: raw quote for a raw unit of the base."""
        ...

    def cost(self, direction: str, factor: Fraction, blocks: int, arbitraged: bool) -> Cost: ...

    def depth(self) -> int:
        """As the oracle counts it, in raw quote, of this very state."""
        ...

    def holdings(self) -> tuple[int, int]:
        """(base, quote), raw"""
        ...

    def moved(self, direction: str, factor: Fraction) -> Market:
        """After the attacker's first trade."""
        ...

    def left(self, part: Fraction) -> Market:
        """After all who provide liquidity have taken out the same part of theirs: so much is left."""
        ...


def _check(factor: Fraction, blocks: int) -> None:
    if factor <= 1:
        raise AttackError("a price is moved by a factor above 1")
    if blocks < 1:
        raise AttackError("a price is held for at least one block")


def _up(number: Decimal) -> int:
    return ceil(number)


# ---------------------------------------------------------------- x*y=k


@dataclass(frozen=True)
class PairMarket:
    """Reserves in raw units."""

    base: int
    quote: int
    fee_pips: int

    def __post_init__(self) -> None:
        if self.base <= 0 or self.quote <= 0:
            raise AttackError("the pair is empty")

    @property
    def price(self) -> Fraction:
        return Fraction(self.quote, self.base)

    @property
    def kept(self) -> Decimal:
        """g"""
        return Decimal(PIPS - self.fee_pips) / PIPS

    def cost(self, direction: str, factor: Fraction, blocks: int, arbitraged: bool) -> Cost:
        """Up and down cost the same: the input's reserve is worth the quote's reserve either way."""
        _check(factor, blocks)
        with localcontext() as context:
            context.prec = DIGITS
            quote, m = Decimal(self.quote), Decimal(factor.numerator) / factor.denominator
            if arbitraged:
                cost, capital = self._arbitraged(m, blocks)
            else:
                cost, capital = self._unopposed(m)
            return Cost(_up(quote * cost), _up(quote * capital), factor)

    def depth(self) -> int:
        """sqrt(k) * sqrt(price): the quote's reserve."""
        return self.quote

    def holdings(self) -> tuple[int, int]:
        return self.base, self.quote

    def moved(self, direction: str, factor: Fraction) -> PairMarket:
        with localcontext() as context:
            context.prec = DIGITS
            g, paid = self.kept, self._paid(Decimal(factor.numerator) / factor.denominator)
            more, less = 1 + paid, 1 / (1 + g * paid)
            base, quote = (less, more) if direction == UP else (more, less)
            return replace(self, base=_up(self.base * base), quote=_up(self.quote * quote))

    def left(self, part: Fraction) -> PairMarket:
        return replace(self, base=ceil(self.base * part), quote=ceil(self.quote * part))

    def _paid(self, m: Decimal) -> Decimal:
        """d"""
        g = self.kept
        return (((1 - g) ** 2 + 4 * g * m).sqrt() - (1 + g)) / (2 * g)

    def _unopposed(self, m: Decimal) -> tuple[Decimal, Decimal]:
        g, (paid, loss) = self.kept, self._round(Decimal(1), Decimal(1), m)
        stop = (m * g).sqrt()
        if stop <= 1:
            # within the fee the way back does not pay
            return loss, paid
        got_back, paid_back = (1 + paid) * (1 - 1 / stop), (stop - 1) / g / (1 + g * paid)
        return loss - (got_back - paid_back), paid

    def _arbitraged(self, m: Decimal, blocks: int) -> tuple[Decimal, Decimal]:
        g = self.kept
        first, loss = self._round(Decimal(1), Decimal(1), m)
        if m * g <= 1 or blocks == 1:
            # within the fee nobody trades it back: the price stands by itself
            return loss, first
        # after the first push, and after the arbitrage that follows: reserves as parts of what they were, and what must be pushed then
        pushed_in, pushed_out = 1 + first, 1 / (1 + g * first)
        sold = ((m * g).sqrt() - 1) / g
        left_in, left_out = pushed_in / (m * g).sqrt(), pushed_out * (1 + sold)
        again = (m * g).sqrt() * (1 + sold)
        second, second_loss = self._round(left_in, left_out, again)
        growth = (1 + self._paid(again)) / (m * g).sqrt()
        rounds = blocks - 1
        later = second_loss * ((growth**rounds - 1) / (growth - 1) if growth != 1 else rounds)
        last = growth ** (rounds - 1)
        before_the_last = loss + later - second_loss * last
        return loss + later, max(first, before_the_last + second * last)

    def _round(self, reserve_in: Decimal, reserve_out: Decimal, m: Decimal) -> tuple[Decimal, Decimal]:
        """(paid in, lost): each a part of the reserve that it was at first."""
        d = self._paid(m)
        paid, got = reserve_in * d, reserve_out * self.kept * d / (1 + self.kept * d)
        return paid, paid - got


# ---------------------------------------------------------------- ranges


@dataclass(frozen=True)
class RangeMarket:
    """A range pool, and the tokens in it."""

    pool: RangePool
    base_is_token0: bool
    # Of the pool, (base, quote): what was earned and not collected included
    balances: tuple[int, int]

    def __post_init__(self) -> None:
        if self.pool.sqrt_price_x96 == 0:
            raise AttackError("the pool has no price")
        if not self.pool.ticks:
            raise AttackError("the pool is empty")

    def cost(self, direction: str, factor: Fraction, blocks: int, arbitraged: bool) -> Cost:
        _check(factor, blocks)
        pool, target = self.pool.copy(), self._root_at(direction, factor)
        reached = Fraction(target**2, self.pool.sqrt_price_x96**2)
        reached = max(reached, 1 / reached)
        paid, got = self._push(pool, target)
        loss = self._lost(direction, paid, got)
        stop = self._root_short_of_fee(target)
        within_the_fee = (stop >= target) == (target > self.pool.sqrt_price_x96)
        if within_the_fee or (arbitraged and blocks == 1):
            # nobody trades it back: the price stands by itself
            return Cost(loss, self._worth(direction, paid), reached)
        back = self._push(pool, stop)
        if not arbitraged:
            return Cost(loss + self._lost(DOWN if direction == UP else UP, *back), self._worth(direction, paid), reached)
        paid_again, got_again = self._push(pool, target)
        later = self._lost(direction, paid_again, got_again)
        last = loss + (blocks - 2) * later + self._worth(direction, paid_again)
        return Cost(loss + (blocks - 1) * later, max(self._worth(direction, paid), last), reached)

    def depth(self) -> int:
        """The liquidity in range at the price, at most what is there of either token."""
        root, liquidity = self.pool.sqrt_price_x96, self.pool.liquidity
        virtual = liquidity * root // Q96 if self.base_is_token0 else liquidity * Q96 // root
        base, quote = self.balances
        return min(virtual, quote, int(base * self.price))

    def holdings(self) -> tuple[int, int]:
        return self.balances

    def moved(self, direction: str, factor: Fraction) -> RangeMarket:
        pool = self.pool.copy()
        paid, got = self._push(pool, self._root_at(direction, factor))
        base, quote = self.balances
        after = (base - got, quote + paid) if direction == UP else (base + paid, quote - got)
        return replace(self, pool=pool, balances=after)

    def left(self, part: Fraction) -> RangeMarket:
        pool = self.pool.copy()
        pool.liquidity = int(pool.liquidity * part)
        for tick in pool.ticks.values():
            tick.net = int(tick.net * part)
        base, quote = self.balances
        return replace(self, pool=pool, balances=(ceil(base * part), ceil(quote * part)))

    @staticmethod
    def _push(pool: RangePool, target: int) -> tuple[int, int]:
        """Trade until the root of the price is `target`: (paid, got)."""
        if target == pool.sqrt_price_x96:
            return 0, 0
        swap = pool.swap(target < pool.sqrt_price_x96, EVERYTHING, target)
        return swap.paid, swap.received

    @property
    def price(self) -> Fraction:
        price = Fraction(self.pool.sqrt_price_x96**2, Q96**2)
        return price if self.base_is_token0 else 1 / price

    def _root_at(self, direction: str, factor: Fraction) -> int:
        rises = (direction == UP) == self.base_is_token0
        square = self.pool.sqrt_price_x96**2 * (factor if rises else 1 / factor)
        least, too_large = limits()
        return min(max(isqrt(square.numerator // square.denominator), least + 1), too_large - 1)

    def _root_short_of_fee(self, target: int) -> int:
        """Where trading back from `target` no longer pays."""
        kept = Fraction(PIPS - self.pool.fee_pips, PIPS)
        square = self.pool.sqrt_price_x96**2 * (1 / kept if target > self.pool.sqrt_price_x96 else kept)
        return isqrt(square.numerator // square.denominator)

    def _worth(self, direction: str, amount: int) -> int:
        """Of the token that who pushes in this direction pays in, rounded up."""
        return amount if direction == UP else ceil(amount * self.price)

    def _lost(self, direction: str, paid: int, got: int) -> int:
        """By a trade, at the honest price; below 0: won."""
        price = self.price
        return ceil(paid - got * price) if direction == UP else ceil(paid * price - got)


# ---------------------------------------------------------------- how the band follows


def ticks_of(factor: Fraction | float) -> int:
    """The whole ticks in a factor, towards zero."""
    return int(log(factor) / log(1.0001) + 1e-9)


def factor_of(ticks: int) -> Fraction:
    return Fraction(10_001, 10_000) ** ticks


def remembered(gap: int, held: int, at: int) -> int:
    """The sum over the first `at` seconds of how far the remembered tick is from where it was, in ticks, of a market that stands `gap`
    ticks away for `held` seconds and then returns."""
    rising = _ramp(gap, min(at, held))
    if at <= held:
        return rising
    height, gone = min(gap, SLEW * held), at - held
    return rising + height * gone - _ramp(height, gone)


def _ramp(gap: int, seconds: int) -> int:
    """sum of min(50 * i, gap) for i from 1 to `seconds`"""
    n = min(seconds, gap // SLEW)
    return seconds * gap - (n * gap - SLEW * n * (n + 1) // 2)


@dataclass(frozen=True)
class Followed:
    """By how many ticks the edges of the band have moved, at the best moment for the attacker."""

    # The edge that all statistics must move: `low` up, `high` down. It is the one that brings something.
    far: int
    # The edge that one of them moves: `high` up, `low` down
    near: int


@cache
def followed(gap: int, blocks: int, block_seconds: int, buckets: int = SLOW_BUCKETS) -> Followed:
    """The price stands `gap` ticks away for so many blocks. The oracle is read in blocks, and the attacker chooses the phase of the bucket."""
    held = blocks * block_seconds
    far = near = 0
    for phase in range(0, BUCKET, gcd(BUCKET, block_seconds)):
        bucket, slow = -1, (0, 0)
        # the attack begins at `phase` of bucket 0, and is over when s has forgotten it
        for now in range(phase, phase + held + 2 * BUCKET + SHORT_SECONDS, block_seconds):
            if now // BUCKET != bucket:
                bucket = now // BUCKET
                slow = _slow(gap, held, phase, bucket, buckets)
            start = (now - SHORT_SECONDS) // BUCKET * BUCKET
            short = _between(gap, held, phase, start, now)
            far = max(far, min(short // (now - start), slow[0]))
            near = max(near, -(-short // (now - start)), slow[1])
    return Followed(far, near)


def _slow(gap: int, held: int, phase: int, bucket: int, buckets: int) -> tuple[int, int]:
    """In `bucket` the least of mean and lower median, rounded down, and the greatest of mean and upper median, rounded up."""
    sums = sorted(_between(gap, held, phase, b * BUCKET, (b + 1) * BUCKET) for b in range(bucket - buckets, bucket))
    mean = sum(sums), BUCKET * buckets
    least = min(mean[0] // mean[1], sums[buckets // 2 - 1] // BUCKET)
    return least, max(-(-mean[0] // mean[1]), -(-sums[buckets // 2] // BUCKET))


def _between(gap: int, held: int, phase: int, start: int, end: int) -> int:
    return remembered(gap, held, max(end - phase, 0)) - remembered(gap, held, max(start - phase, 0))


def blocks_to_follow(gap: int, block_seconds: int, buckets: int = SLOW_BUCKETS) -> int:
    """For how many blocks the price must stand `gap` ticks away until the far edge has followed all the way.

    Until the tick is there, in the best phase right up to the beginning of a bucket, and then for all buckets of the slow window; s follows
    meanwhile.
    """
    grain = gcd(BUCKET, block_seconds)
    ramp = max(-(-gap // SLEW) - 1, 0)
    return -(-(-(-ramp // grain) * grain + buckets * BUCKET) // block_seconds)
