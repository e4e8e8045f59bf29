"""What attacks on one listing cost, and what they could bring: from its markets and terms. Pure functions of what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from plimsoll.attack.cost import DOWN, SLOW_BUCKETS, SLOW_BUCKETS_WITH_FEED, UP, Market, blocks_to_follow, factor_of, followed, ticks_of
from plimsoll.attack.gain import (
    BORROW_AGAINST,
    BORROW_IT,
    BPS,
    CALL_DEBTS,
    SEIZE_IT,
    Terms,
    cap,
    gained,
    grade,
    owed_of,
    ratio,
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

    def left(self, what: str, factor: Fraction) -> Fraction:
        """The least part of its liquidity that may be left while it is moved, so that it has a price for this attack when it has followed.

        Depth is counted at the price where the pool stands then: a pool that was pushed up counts for more, by the root of the factor. What
        it holds of what was paid in bounds that depth.
        """
        held = self.pushed(DIRECTIONS[what], factor) / (factor if DIRECTIONS[what] == DOWN else 1)
        return min(self.least(what) / held, Fraction(1)) if held else Fraction(1)

    def least(self, what: str) -> Fraction:
        """The depth that it must show."""
        return Fraction(self.min_depth if what in NEW_RISK else self.min_depth // 4)

    def pushed(self, direction: str, factor: Fraction) -> Fraction:
        """What it holds after the push of the token that was paid in, at the honest price."""
        base, quote = self.market.moved(direction, factor).holdings()
        return (quote if direction == UP else base * self.market.price) * Fraction(self.unit, WAD)

    def value(self, raw: int) -> int:
        return -(-raw * self.unit // WAD)


@dataclass(frozen=True)
class Caps:
    """Absolute caps, values at the honest price; where more is there already, that. None: no cap."""

    # Of the asset
    supply: int | None = None
    debt: int | None = None
    # What may be owed of all others together
    other_debt: int | None = None
    # What may be supplied of each of them; none at all: no caps
    other_supply: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Listing:
    """One asset: what prices it, and what may be done with it."""

    sources: tuple[Source, ...]
    # A feed is configured, whether it answers now or not: without its answer there is no new risk at all
    has_feed: bool
    terms: Terms
    # Of the reserves beside it: an attacker uses the one that is best for him
    others: tuple[Terms, ...]
    limit_bps: int
    # False: the depth mode is OFF
    capped: bool
    # What is in the pool now, values: supplied of the asset, its cash, owed of it, and the cash of all other reserves
    supplied: int
    cash: int
    debt: int
    other_cash: int
    # Beside those by depth
    caps: Caps = Caps()
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
    # Part of the liquidity that has not left before
    left: Fraction = Fraction(1)


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
    # The same, by whoever could take out all liquidity but what a source needs to have a price; the collateral and the debts that he
    # liquidates were capped by the depth of before
    worst_thinned: Attack | None
    worst_thinned_unopposed: Attack | None

    @property
    def share(self) -> Fraction:
        """Part of the liquidity that leaves before the worst such attack, against arbitrage."""
        return 1 - self.worst_thinned.arbitraged.left if self.worst_thinned else Fraction(0)

    @property
    def share_unopposed(self) -> Fraction:
        return 1 - self.worst_thinned_unopposed.unopposed.left if self.worst_thinned_unopposed else Fraction(0)

    @property
    def grade(self) -> str:
        return grade(self.worst.ratio(True) if self.worst else None)

    @property
    def grade_unopposed(self) -> str:
        return grade(self.worst_unopposed.ratio(False) if self.worst_unopposed else None)

    @property
    def grade_thinned(self) -> str:
        return grade(self.worst_thinned.ratio(True) if self.worst_thinned else None)

    @property
    def grade_thinned_unopposed(self) -> str:
        return grade(self.worst_thinned_unopposed.ratio(False) if self.worst_thinned_unopposed else None)


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
    left = [a for f in factors for a in attacks(listing, f, 1, block_seconds, thinned=True)]
    return Worst(
        worst=_worst(anywhere, True),
        worst_unopposed=_worst(anywhere, False),
        worst_thinned=_worst(left, True),
        worst_thinned_unopposed=_worst(left, False),
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
        worst_thinned_unopposed=found.worst_thinned_unopposed,
        factor=factor,
        blocks=blocks,
        block_seconds=block_seconds,
        moves=tuple(_move(s, d, factor, blocks) for s in listing.sources for d in (UP, DOWN)),
        band=band,
        attacks=tuple(attacks(listing, factor, blocks, block_seconds)),
    )


def attacks(listing: Listing, factor: Fraction, blocks: int, block_seconds: int, thinned: bool = False) -> list[Attack]:
    """The far edges are moved by the factor and stand there for so many blocks.

    thinned   those who provide liquidity have taken out all that the attack can do without, after the caps were filled
    """
    found = []
    # Most of them are held equally long
    moves: dict[tuple[str, int], list[Move]] = {}
    for direction in (UP, DOWN):
        for what in (w for w, d in DIRECTIONS.items() if d == direction):
            held = blocks_to_hold(listing, what, factor, block_seconds) + blocks - 1
            if (direction, held) not in moves:
                moves[direction, held] = [_move(s, direction, factor, held) for s in listing.sources]
            unopposed, arbitraged = (_price(listing, what, factor, moves[direction, held], a, thinned) for a in (False, True))
            bounded = listing.has_feed and what in NEW_RISK
            gain = 0 if bounded else _gain(listing, what, factor, thinned)
            now = min(gain, listing.there(what))
            found.append(Attack(what, factor, held, unopposed, arbitraged, gain, now, bounded))
    return found


def blocks_to_hold(listing: Listing, what: str, factor: Fraction, block_seconds: int) -> int:
    return blocks_to_follow(ticks_of(factor), block_seconds, listing.buckets_of(what))


def alone(listing: Listing, what: str) -> tuple[Source, ...]:
    """Where liquidity may leave first, he need not move all sources: any of these, while the others are too thin to be believed. New risk
    needs the first."""
    return listing.sources[:1] if what in NEW_RISK else listing.sources


def _price(listing: Listing, what: str, factor: Fraction, moves: Sequence[Move], arbitraged: bool, thinned: bool) -> Price:
    prices = [m.arbitraged if arbitraged else m.unopposed for m in moves]
    if not thinned:
        return Price(sum(p.cost for p in prices), sum(p.capital for p in prices))
    whole = sum(s.depth for s in listing.sources) or 1
    ways = []
    for source, price in zip(alone(listing, what), prices, strict=False):
        left = source.left(what, factor)
        ways.append(Price(ceil(price.cost * left), ceil(price.capital * left), left * Fraction(source.depth, whole)))
    return min(ways, key=lambda p: p.cost)


def _move(source: Source, direction: str, factor: Fraction, blocks: int) -> Move:
    prices = []
    for arbitraged in (False, True):
        cost = source.market.cost(direction, factor, blocks, arbitraged)
        prices.append(Price(source.value(cost.cost), source.value(cost.capital)))
    return Move(source, direction, cost.factor, *prices)


def by_depth(listing: Listing, what: str, h: Fraction) -> Fraction | None:
    """The cap by depth, at the honest price; None: there is none."""
    if not listing.capped:
        return None
    first = listing.sources[0]
    if what not in NEW_RISK:
        return Fraction(cap(first.value(first.market.depth()), listing.terms))
    most = Fraction(cap(first.value(first.market.moved(DIRECTIONS[what], h).depth()), listing.terms))
    return most / h if what == BORROW_AGAINST else most * h


def by_others(listing: Listing, what: str, h: Fraction) -> Fraction | None:
    """What the caps of the other reserves, which stand on the other side, leave of it at the honest price."""
    caps, terms, limit = listing.caps, listing.terms, listing.limit_bps
    if what in (BORROW_AGAINST, SEIZE_IT):
        if caps.other_debt is None or not terms.ltv_bps:
            return None
        # what is lent on a unit at the moved price, or what the victims owe for one
        part = h * Fraction(terms.ltv_bps * limit, BPS**2) if what == BORROW_AGAINST else owed_of(h, terms, limit)
        return caps.other_debt / part
    if not caps.other_supply:
        return None
    carried = Fraction(0)
    for supply, other in zip(caps.other_supply, listing.others, strict=True):
        if not other.ltv_bps:
            continue
        if supply is None:
            return None
        part = h * Fraction(other.ltv_bps * limit, BPS**2) if what == BORROW_IT else owed_of(h, other, limit)
        carried += supply * part
    return carried


def _there(listing: Listing, what: str, h: Fraction) -> Fraction:
    """Where no depth limits it: what there is to take."""
    there = Fraction(listing.there(what))
    if what != BORROW_AGAINST:
        return there
    part = listing.terms.ltv_bps * listing.limit_bps
    return there * BPS**2 / (part * h) if part else Fraction(0)


def _gain(listing: Listing, what: str, h: Fraction, thinned: bool) -> int:
    most = by_depth(listing, what, h)
    if most is None:
        most = _there(listing, what, h)
    elif thinned and what in NEW_RISK:
        # by what is left
        most *= listing.sources[0].left(what, h)
    own = listing.caps.supply if what in (BORROW_AGAINST, SEIZE_IT) else listing.caps.debt
    amount = min(Fraction(m) for m in (most, by_others(listing, what, h), own) if m is not None)
    return int(gained(what, h, amount, listing.terms, listing.others, listing.limit_bps))


def _worst(found: Sequence[Attack], arbitraged: bool) -> Attack | None:
    ratios = [(r, a) for a in found if (r := a.ratio(arbitraged)) is not None]
    return min(ratios, key=lambda pair: pair[0])[1] if ratios else None
