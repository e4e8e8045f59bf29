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
class Caps:
    """Absolute caps, values at the honest price: of the asset, and of the one reserve beside it."""

    supply: int
    debt: int
    other_supply: int
    other_debt: int


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
    # None: those by depth alone count
    caps: Caps | None = None
    # That low and high also wait for, if they wait for more than the liquidation prices
    new_risk_buckets: int | None = None

    @property
    def buckets(self) -> int:
        return SLOW_BUCKETS_WITH_FEED if self.has_feed else SLOW_BUCKETS

    def buckets_of(self, attack: str) -> int:
        return self.new_risk_buckets or self.buckets if attack in NEW_RISK else self.buckets

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
class Worst:
    """The worst attacks at any factor, by cost / gain; None: there is nothing to gain."""

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


@dataclass(frozen=True)
class Study(Worst):
    factor: Fraction
    blocks: int
    block_seconds: int
    moves: tuple[Move, ...]
    # By direction, the factors by which (the far edge, the near edge) of the band have followed when the blocks are over
    band: dict[str, tuple[Fraction, Fraction]]
    attacks: tuple[Attack, ...]


def worst(listing: Listing, block_seconds: int, factors: Sequence[Fraction] = FACTORS) -> Worst:
    """With an edge that stands for one block."""
    anywhere = [a for f in factors for a in attacks(listing, f, 1, block_seconds)]
    thin = tuple(s.thinned() for s in listing.sources)
    left = [a for f in factors for a in attacks(listing, f, 1, block_seconds, thin) if a.what not in NEW_RISK]
    return Worst(
        worst=_worst(anywhere, True),
        worst_unopposed=_worst(anywhere, False),
        worst_thinned=_worst(left, True),
        share=1 - Fraction(sum(s.depth for s in thin), sum(s.depth for s in listing.sources) or 1),
    )


def study(listing: Listing, factor: Fraction, blocks: int, block_seconds: int, factors: Sequence[Fraction] = FACTORS) -> Study:
    """All for one factor and so many blocks, and the worst attack at any factor, with an edge that stands for one block."""
    gap = ticks_of(factor)
    band = {}
    for direction in (UP, DOWN):
        seen = followed(gap, blocks, block_seconds, listing.buckets)
        band[direction] = factor_of(seen.far), factor_of(seen.near)
    found = worst(listing, block_seconds, sorted({*factors, factor}))
    return Study(
        worst=found.worst,
        worst_unopposed=found.worst_unopposed,
        worst_thinned=found.worst_thinned,
        share=found.share,
        factor=factor,
        blocks=blocks,
        block_seconds=block_seconds,
        moves=tuple(_move(s, d, factor, blocks) for s in listing.sources for d in (UP, DOWN)),
        band=band,
        attacks=tuple(attacks(listing, factor, blocks, block_seconds)),
    )


def attacks(listing: Listing, factor: Fraction, blocks: int, block_seconds: int, played: Sequence[Source] | None = None) -> list[Attack]:
    """The far edges are moved by the factor and stand there for so many blocks.

    played   the sources as they are when they are moved, if not as they were when the caps were filled
    """
    found = []
    # Most of them are held equally long
    prices: dict[tuple[str, int], tuple[Price, Price]] = {}
    for direction in (UP, DOWN):
        for what in (w for w, d in DIRECTIONS.items() if d == direction):
            held = blocks_to_follow(ticks_of(factor), block_seconds, listing.buckets_of(what)) + blocks - 1
            if (direction, held) not in prices:
                moves = [_move(s, direction, factor, held) for s in (listing.sources if played is None else played)]
                prices[direction, held] = _together([m.unopposed for m in moves]), _together([m.arbitraged for m in moves])
            unopposed, arbitraged = prices[direction, held]
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
    # What the absolute caps leave of it, at the honest price: with the loan, and with the other reserve's collateral, that go with it
    collateral, debt = _absolute(listing, limit)
    ways: dict[str, Callable[[], int]] = {
        BORROW_AGAINST: lambda: borrow_against(
            h, _least(most(first.market.moved(UP, h), _uncapped(there, terms.ltv_bps * limit)), *_at(collateral, h)), terms, limit
        ),
        BORROW_IT: lambda: borrow_it(h, _least(most(first.market.moved(DOWN, h), int(there / h)), *_at(debt, 1 / h)), other, limit),
        SEIZE_IT: lambda: seize_it(h, _least(most(first.market, there), *_at(collateral, Fraction(1))), terms, limit),
        CALL_DEBTS: lambda: call_debts(h, _least(most(first.market, there), *_at(debt, Fraction(1))), other, limit),
    }
    return ways[what]()


# (a cap on raw units, as a value; what the other reserve's cap allows for, as a value at whatever price)
_Bound = tuple[int, int] | None


def _absolute(listing: Listing, limit: int) -> tuple[_Bound, _Bound]:
    """(of collateral, of debt)"""
    caps = listing.caps
    if caps is None:
        return None, None
    loans = _uncapped(caps.other_debt, listing.terms.ltv_bps * limit) if listing.terms.ltv_bps else caps.supply
    return (caps.supply, loans), (caps.debt, caps.other_supply * listing.other.ltv_bps * limit // BPS**2)


def _at(bound: _Bound, h: Fraction) -> tuple[int, ...]:
    """Where the price is `h` times the honest one."""
    return () if bound is None else (int(bound[0] * h), bound[1])


def _least(number: int, *others: int) -> int:
    return min(number, *others) if others else number


def _uncapped(loan: int, part: int) -> int:
    """The collateral behind a loan."""
    return loan * BPS**2 // part if part else 0


def _worst(found: Sequence[Attack], arbitraged: bool) -> Attack | None:
    ratios = [(r, a) for a in found if (r := a.ratio(arbitraged)) is not None]
    return min(ratios, key=lambda pair: pair[0])[1] if ratios else None
