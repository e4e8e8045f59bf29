"""What attacks on one listing cost, and what they could bring: from its markets and terms. Pure functions of what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from plimsoll.attack.cost import DOWN, SLOW_BUCKETS, SLOW_BUCKETS_WITH_FEED, UP, Market, blocks_to_follow, factor_of, followed, ticks_of
from plimsoll.attack.gain import (
    BORROW_AGAINST,
    BORROW_IT,
    BPS,
    CALL_DEBTS,
    SEIZE_IT,
    Terms,
    borrow_against,
    borrow_it,
    call_debts,
    cap,
    grade,
    ratio,
    seize_it,
)

WAD = 10**18
# At which the worst attack is looked for
FACTORS = tuple(Fraction(text) for text in ("1.1", "1.25", "1.5", "1.75", "2", "2.5", "3", "4", "6", "8", "12", "16"))

DIRECTIONS = {BORROW_AGAINST: UP, BORROW_IT: DOWN, SEIZE_IT: DOWN, CALL_DEBTS: UP}
EDGES = {BORROW_AGAINST: "low", BORROW_IT: "high", SEIZE_IT: "liquidation_high", CALL_DEBTS: "liquidation_low"}
NEW_RISK = (BORROW_AGAINST, BORROW_IT)


@dataclass(frozen=True)
class Source:
    name: str
    kind: str
    address: str
    market: Market
    # WAD value of 1e18 raw units of the quote
    unit: int
    # WAD; down to a quarter of it the source has a price for liquidation
    min_depth: int

    @property
    def depth(self) -> int:
        return self.value(self.market.depth())

    def thinned(self) -> Source:
        """As thin as it may become and still liquidate."""
        least = self.min_depth // 4
        return self if self.depth <= least else replace(self, market=self.market.left(Fraction(least, self.depth)))

    def value(self, raw: int) -> int:
        return -(-raw * self.unit // WAD)


@dataclass(frozen=True)
class Listing:
    """One asset: what prices it, and what may be done with it."""

    sources: tuple[Source, ...]
    # A feed is configured, whether it answers now or not: without its answer there is no new risk at all
    has_feed: bool
    terms: Terms
    # Of the reserve that an attacker would rather use beside it
    other: Terms
    limit_bps: int
    # False: the depth mode is OFF
    capped: bool
    # What is in the pool now, values: supplied of the asset, its cash, owed of it, and the cash of all other reserves
    supplied: int
    cash: int
    debt: int
    other_cash: int

    @property
    def buckets(self) -> int:
        return SLOW_BUCKETS_WITH_FEED if self.has_feed else SLOW_BUCKETS

    def there(self, attack: str) -> int:
        """What an attack could take now, at most."""
        return {BORROW_AGAINST: self.other_cash, BORROW_IT: self.cash, SEIZE_IT: self.supplied, CALL_DEBTS: self.debt}[attack]


@dataclass(frozen=True)
class Price:
    """What it costs, units of account WAD."""

    cost: int
    capital: int


@dataclass(frozen=True)
class Move:
    """One source held at a price."""

    source: Source
    direction: str
    reached: Fraction
    unopposed: Price
    arbitraged: Price


@dataclass(frozen=True)
class Attack:
    """The far edge moved by the factor, and used. The prices are those of all sources together."""

    what: str
    factor: Fraction
    # That the sources must be held
    blocks: int
    unopposed: Price
    arbitraged: Price
    # Within the caps, and of what is there now; the latter is never above the former
    gain: int
    gain_now: int
    # An honest feed bounds new risk: there is nothing to gain
    feed_bounds: bool

    @property
    def direction(self) -> str:
        return DIRECTIONS[self.what]

    def price(self, arbitraged: bool) -> Price:
        return self.arbitraged if arbitraged else self.unopposed

    def ratio(self, arbitraged: bool) -> Fraction | None:
        return ratio(self.price(arbitraged).cost, self.gain)

    def grade(self, arbitraged: bool) -> str:
        return grade(self.ratio(arbitraged))


@dataclass(frozen=True)
class Study:
    factor: Fraction
    blocks: int
    block_seconds: int
    moves: tuple[Move, ...]
    # By direction, the factors by which (the far edge, the near edge) of the band have followed when the blocks are over
    band: dict[str, tuple[Fraction, Fraction]]
    attacks: tuple[Attack, ...]
    # The worst at any factor, by cost / gain; None: there is nothing to gain
    worst: Attack | None
    worst_unopposed: Attack | None
    # Against arbitrage, by whoever could take out all liquidity but what a source needs to liquidate: the collateral that he seizes was
    # capped by the depth of before
    worst_thinned: Attack | None
    # Part of the liquidity that he must own
    share: Fraction

    @property
    def grade(self) -> str:
        return grade(self.worst.ratio(True) if self.worst else None)

    @property
    def grade_unopposed(self) -> str:
        return grade(self.worst_unopposed.ratio(False) if self.worst_unopposed else None)

    @property
    def grade_thinned(self) -> str:
        return grade(self.worst_thinned.ratio(True) if self.worst_thinned else None)


def study(listing: Listing, factor: Fraction, blocks: int, block_seconds: int, factors: Sequence[Fraction] = FACTORS) -> Study:
    """All for one factor and so many blocks, and the worst attack at any factor, with an edge that stands for one block."""
    gap = ticks_of(factor)
    band = {}
    for direction in (UP, DOWN):
        seen = followed(gap, blocks, block_seconds, listing.buckets)
        band[direction] = factor_of(seen.far), factor_of(seen.near)
    asked = sorted({*factors, factor})
    anywhere = [a for f in asked for a in attacks(listing, f, 1, block_seconds)]
    thin = tuple(s.thinned() for s in listing.sources)
    left = [a for f in asked for a in attacks(listing, f, 1, block_seconds, thin) if a.what not in NEW_RISK]
    return Study(
        factor=factor,
        blocks=blocks,
        block_seconds=block_seconds,
        moves=tuple(_move(s, d, factor, blocks) for s in listing.sources for d in (UP, DOWN)),
        band=band,
        attacks=tuple(attacks(listing, factor, blocks, block_seconds)),
        worst=_worst(anywhere, True),
        worst_unopposed=_worst(anywhere, False),
        worst_thinned=_worst(left, True),
        share=1 - Fraction(sum(s.depth for s in thin), sum(s.depth for s in listing.sources) or 1),
    )


def attacks(listing: Listing, factor: Fraction, blocks: int, block_seconds: int, played: Sequence[Source] | None = None) -> list[Attack]:
    """The far edges are moved by the factor and stand there for so many blocks.

    played   the sources as they are when they are moved, if not as they were when the caps were filled
    """
    held = blocks_to_follow(ticks_of(factor), block_seconds, listing.buckets) + blocks - 1
    found = []
    for direction in (UP, DOWN):
        moves = [_move(s, direction, factor, held) for s in (listing.sources if played is None else played)]
        unopposed, arbitraged = _together([m.unopposed for m in moves]), _together([m.arbitraged for m in moves])
        for what in (w for w, d in DIRECTIONS.items() if d == direction):
            bounded = listing.has_feed and what in NEW_RISK
            gain = 0 if bounded else _gain(listing, what, factor)
            now = min(gain, listing.there(what))
            found.append(Attack(what, factor, held, unopposed, arbitraged, gain, now, bounded))
    return found


def _move(source: Source, direction: str, factor: Fraction, blocks: int) -> Move:
    prices = []
    for arbitraged in (False, True):
        cost = source.market.cost(direction, factor, blocks, arbitraged)
        prices.append(Price(source.value(cost.cost), source.value(cost.capital)))
    return Move(source, direction, cost.factor, *prices)


def _together(prices: Sequence[Price]) -> Price:
    return Price(sum(p.cost for p in prices), sum(p.capital for p in prices))


def _gain(listing: Listing, what: str, h: Fraction) -> int:
    first = listing.sources[0]

    def most(market: Market, there: int) -> int:
        """The cap; without one, what there is to take."""
        return cap(first.value(market.depth()), listing.terms) if listing.capped else there

    terms, other, limit = listing.terms, listing.other, listing.limit_bps
    there = listing.there(what)
    ways: dict[str, Callable[[], int]] = {
        BORROW_AGAINST: lambda: borrow_against(h, most(first.market.moved(UP, h), _uncapped(there, terms.ltv_bps * limit)), terms, limit),
        BORROW_IT: lambda: borrow_it(h, most(first.market.moved(DOWN, h), int(there / h)), other, limit),
        SEIZE_IT: lambda: seize_it(h, most(first.market, there), terms, limit),
        CALL_DEBTS: lambda: call_debts(h, most(first.market, there), other, limit),
    }
    return ways[what]()


def _uncapped(loan: int, part: int) -> int:
    """The collateral behind a loan."""
    return loan * BPS**2 // part if part else 0


def _worst(found: Sequence[Attack], arbitraged: bool) -> Attack | None:
    ratios = [(r, a) for a in found if (r := a.ratio(arbitraged)) is not None]
    return min(ratios, key=lambda pair: pair[0])[1] if ratios else None
