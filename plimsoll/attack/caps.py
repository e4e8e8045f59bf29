"""The largest absolute caps at which no attack gains. Pure functions.

A cap on all supply of an asset bounds what can be borrowed against it, and what can be seized of it; a cap on all its debt what can be
borrowed of it, and what can be called. Both hold whatever depth the market shows, or showed when the caps by depth were filled. Four worlds:

    arbitraged   others trade the price back in each block, or nobody else trades
    thinned      the liquidity is what it is, or all has left but what the source needs to have a price. It is not the attacker's: of the
                 fees he would get his part back, and could do with so much less

An attack of a factor h costs cost(h), and brings slope(h) for each unit of the cap that it uses, in proportion: it gains nothing below
cost(h) / slope(h). Where the caps by depth, or those of the other reserves, let it use no more than that anyway, this factor needs no cap.
The cap is the least of cost / slope over the factors that do.

The least is found by bounds, not by sampling. Neither cost nor slope falls with h, so that between two factors a < b

    cost(h) / slope(h) >= cost(a) / slope(b)

and whatever the caps by depth let him gain at h, it is no more than at b. The interval with the least bound is halved until its bound is
within a thousandth of the least that was found. What is returned is the bound: no factor in the range gains at that cap. (In a thinned
market the part that must be left may fall with h, while what it costs to move the whole rises: each is bounded by itself.)

The range ends at `most`. Beyond it what can be borrowed of an asset, or seized, approaches a limit, while the cost goes on rising, so that
one look at the end tells whether the cap holds at any factor (`anywhere`). What can be borrowed against it, and what debts of it bring that
are called, grows with the price without end: to move it so far takes ever more capital (`capital`), which comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count, pairwise
from typing import Any

from plimsoll.attack.cost import DOWN, UP
from plimsoll.attack.gain import BORROW_AGAINST, BORROW_IT, BPS, CALL_DEBTS, DEEP_PERCENT, SEIZE_IT, bonus_of, gained
from plimsoll.attack.gain import cap as cap_by_depth
from plimsoll.attack.study import DIRECTIONS, FACTORS, NEW_RISK, Listing, Source, alone, blocks_to_hold, by_others

WAD = 10**18
# What it costs to move a source, and what it holds then
Memo = dict[tuple[Any, ...], Fraction]

SUPPLY, DEBT = "supply", "debt"
BOUNDED_BY = {SUPPLY: (BORROW_AGAINST, SEIZE_IT), DEBT: (BORROW_IT, CALL_DEBTS)}
MOST = FACTORS[-1]
# How far below the least that was found the cap may lie
TOLERANCE = Fraction(1, 1_000)
# Intervals shorter than that, of their beginning, are taken by their bound
GRAIN = Fraction(1, 10**6)


@dataclass(frozen=True)
class World:
    name: str
    arbitraged: bool
    thinned: bool


WORLDS = (
    World("others trade, the liquidity stays", arbitraged=True, thinned=False),
    World("others trade, the liquidity leaves", arbitraged=True, thinned=True),
    World("nobody trades, the liquidity stays", arbitraged=False, thinned=False),
    World("nobody trades, the liquidity leaves", arbitraged=False, thinned=True),
)


@dataclass(frozen=True)
class Cap:
    """On the supply, or on the debt, of an asset: no attack up to the largest factor gains."""

    side: str
    # Value at the honest price, WAD, and raw units of the asset, both rounded down
    value: int
    raw: int
    # The attack that would gain next, and at which factor
    what: str
    factor: Fraction
    # That it takes: units of account, WAD
    capital: int
    # The caps by depth alone would let an attack gain
    needed: bool
    # At larger factors than those that were searched neither does any
    anywhere: bool

    def of_depth(self, depth: int) -> Fraction:
        return Fraction(self.value, depth) if depth else Fraction(0)


def all_caps(listing: Listing, block_seconds: int, most: Fraction = MOST) -> tuple[tuple[World, dict[str, Cap]], ...]:
    """Of all worlds. What a walk through a pool's ticks has told is asked once."""
    memo: Memo = {}
    return tuple((world, caps(listing, block_seconds, world, most, memo)) for world in WORLDS)


def caps(listing: Listing, block_seconds: int, world: World, most: Fraction = MOST, memo: Memo | None = None) -> dict[str, Cap]:
    """By side; none where nothing can be gained by any amount."""
    known: Memo = {} if memo is None else memo
    found = {}
    for side, attacks in BOUNDED_BY.items():
        possible = [what for what in attacks if not (listing.has_feed and what in NEW_RISK)]
        searches = [Search(listing, what, block_seconds, world, most, known) for what in possible]
        # where the caps by depth are enough for all, what would do without them
        for needed in (True, False):
            ends = [(least, s) for s in searches if (least := s.least(needed)) is not None]
            if ends:
                found[side] = _cap(searches, side, ends, needed)
                break
    return found


def _cap(searches: Sequence[Search], side: str, ends: Sequence[tuple[Least, Search]], needed: bool) -> Cap:
    least, search = min(ends, key=lambda end: end[0].cap)
    first = search.listing.sources[0]
    price = first.market.price * first.unit
    return Cap(
        side=side,
        value=int(least.cap),
        raw=int(least.cap * WAD / price),
        what=search.what,
        factor=least.factor,
        capital=search.capital(least.factor),
        needed=needed,
        anywhere=all(s.holds_beyond(least.cap) for s in searches),
    )


@dataclass(frozen=True)
class Least:
    """cost / slope, rounded down by the tolerance at most, and where it was found."""

    cap: Fraction
    factor: Fraction


@dataclass(frozen=True)
class Point:
    factor: Fraction
    # Of each way to do it: what the whole market costs to move, and what it holds then of what is paid in
    ways: tuple[tuple[Fraction, Fraction], ...]
    # For each unit of the cap
    slope: Fraction
    # With all that the other caps let him use; None: nothing limits it
    gain: Fraction | None


@dataclass(frozen=True)
class Search:
    """One attack in one world."""

    listing: Listing
    what: str
    block_seconds: int
    world: World
    most: Fraction
    # Shared by searches in the same markets
    memo: Memo = field(default_factory=dict, compare=False)

    @property
    def direction(self) -> str:
        return DIRECTIONS[self.what]

    # ---- an attack of one factor

    def ways(self) -> tuple[tuple[Source, ...], ...]:
        """The sources that are moved: all; of a market that has become thin any one that does."""
        if not self.world.thinned:
            return (self.listing.sources,)
        return tuple((s,) for s in alone(self.listing, self.what))

    def at(self, h: Fraction) -> Point:
        ways = []
        for sources in self.ways():
            cost = sum((self._whole(s, h) for s in sources), Fraction(0))
            ways.append((cost, self._pushed(sources[0], h) if self.world.thinned else Fraction(0)))
        return Point(h, tuple(ways), self.slope(h), self._gain_of_the_rest(h))

    def _whole(self, source: Source, h: Fraction) -> Fraction:
        arbitraged = self.world.arbitraged
        # unopposed it is the same however long it is held
        blocks = blocks_to_hold(self.listing, self.what, h, self.block_seconds) if arbitraged else 1
        key = (id(source), self.direction, h, blocks, arbitraged)
        if key not in self.memo:
            self.memo[key] = Fraction(source.value(source.market.cost(self.direction, h, blocks, arbitraged).cost))
        return self.memo[key]

    def _pushed(self, source: Source, h: Fraction) -> Fraction:
        key = (id(source), self.direction, h)
        if key not in self.memo:
            self.memo[key] = source.pushed(self.direction, h)
        return self.memo[key]

    def slope(self, h: Fraction) -> Fraction:
        terms = self.listing
        return gained(self.what, h, Fraction(1), terms.terms, terms.others, terms.limit_bps)

    def _gain_of_the_rest(self, h: Fraction) -> Fraction | None:
        listing = self.listing
        bounds = [b for b in (self._by_depth(h), by_others(listing, self.what, h)) if b is not None]
        return min(bounds) * self.slope(h) if bounds else None

    def _by_depth(self, h: Fraction) -> Fraction | None:
        """What the caps by depth leave at most, at the honest price: the market counts for no more than it holds of what was paid in."""
        listing, first = self.listing, self.listing.sources[0]
        if not listing.capped:
            return None
        if self.what not in NEW_RISK:
            return Fraction(cap_by_depth(first.value(first.market.depth()), listing.terms))
        pushed = self._pushed(first, h)
        part = self._left(first, h, pushed) if self.world.thinned else 1
        held = Fraction(cap_by_depth(int(pushed * part), listing.terms))
        return held / h if self.direction == UP else held

    # ---- all factors

    def cost(self, a: Point, b: Point) -> Fraction:
        """The least from `a` to `b`, or at one of them."""
        return min(
            cost * self._left(sources[0], a.factor, held) if self.world.thinned else cost
            for sources, (cost, _), (_, held) in zip(self.ways(), a.ways, b.ways, strict=True)
        )

    def _left(self, source: Source, factor: Fraction, held: Fraction) -> Fraction:
        shown = held / (factor if self.direction == DOWN else 1)
        return min(source.least(self.what) / shown, Fraction(1)) if shown else Fraction(1)

    def bound(self, a: Point, b: Point, needed: bool) -> Fraction | None:
        """What a cap may be, from `a` to `b`, at least. None: anything."""
        cost = self.cost(a, b)
        if not b.slope or (needed and b.gain is not None and cost >= b.gain):
            return None
        return cost / b.slope

    def beginning(self) -> Fraction:
        """From where there is something to gain."""
        listing = self.listing
        if self.what not in NEW_RISK:
            return Fraction(BPS, listing.limit_bps)
        lent = max((t.ltv_bps for t in ([listing.terms] if self.what == BORROW_AGAINST else listing.others)), default=0)
        return Fraction(BPS**2, lent * listing.limit_bps) if lent else self.most

    def kinks(self) -> list[Fraction]:
        """Where a slope jumps or bends."""
        listing = self.listing
        if self.what in NEW_RISK:
            return []
        kinks, terms = [Fraction(BPS * 100, listing.limit_bps * DEEP_PERCENT)], listing.terms
        if self.what == SEIZE_IT and terms.ltv_bps:
            kinks.append(BPS**2 / (terms.ltv_bps * listing.limit_bps * bonus_of(terms)))
        return kinks

    def least(self, needed: bool) -> Least | None:
        """`needed`: of the factors at which the other caps let him gain."""
        start = self.beginning()
        if start >= self.most:
            return None
        places = sorted({start, self.most, *(k for k in (*self.kinks(), *FACTORS) if start < k < self.most)})
        return search(places, self.at, lambda a, b: self.bound(a, b, needed))

    # ---- the answer

    def capital(self, h: Fraction) -> int:
        blocks, found = blocks_to_hold(self.listing, self.what, h, self.block_seconds), []
        for sources in self.ways():
            left = sources[0].left(self.what, h) if self.world.thinned else Fraction(1)
            costs = [(s, s.market.cost(self.direction, h, blocks, self.world.arbitraged)) for s in sources]
            found.append((sum(s.value(c.cost) for s, c in costs) * left, int(sum(s.value(c.capital) for s, c in costs) * left)))
        return min(found)[1]

    def holds_beyond(self, cap: Fraction) -> bool:
        """No larger factor than the last gains: its cost is no less, and the slope approaches a limit."""
        if self.what == BORROW_AGAINST:
            return not self.listing.terms.ltv_bps
        if self.what == CALL_DEBTS:
            return not any(t.ltv_bps for t in self.listing.others)
        # each unit of the cap brings no more than itself
        end = self.at(self.most)
        return self.cost(end, end) >= cap


def search(places: list[Fraction], at: Callable[[Fraction], Point], bound: Callable[[Point, Point], Fraction | None]) -> Least | None:
    """The least of bound(p, p), from below: `bound(a, b)` is no more than it is anywhere from a to b."""
    points = [at(h) for h in places]
    best: Least | None = None

    def look(point: Point) -> None:
        nonlocal best
        value = bound(point, point)
        if value is not None and (best is None or value < best.cap):
            best = Least(value, point.factor)

    number = count()
    heap: list[tuple[Fraction, int, Point, Point]] = []

    def push(a: Point, b: Point) -> None:
        value = bound(a, b)
        if value is not None:
            heappush(heap, (value, next(number), a, b))

    for p in points:
        look(p)
    for a, b in pairwise(points):
        push(a, b)
    while heap:
        value, _, a, b = heappop(heap)
        if best is not None and value >= best.cap * (1 - TOLERANCE):
            return Least(min(value, best.cap), best.factor)
        if b.factor - a.factor < a.factor * GRAIN:
            return Least(value, b.factor)
        middle = at(_between(a.factor, b.factor))
        look(middle)
        push(a, middle)
        push(middle, b)
    return best


def _between(a: Fraction, b: Fraction) -> Fraction:
    """About the middle, in few digits."""
    middle = (a + b) / 2
    rounded = Fraction(round(middle * 10**9), 10**9)
    return rounded if a < rounded < b else middle
