"""Who lends and borrows in the demo: drawn from a seed, the same people every time."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from plimsoll.reference.depth import value_down

BPS = 10_000
WAD = 10**18

# Usage at the start, in millionths of capacity: everything that an account can reach by borrowing, from 5 % to the limit of 80 %.
LOWEST_USAGE = 50_000
HIGHEST_USAGE = 800_000
# A hair below the limit: the highest price of the last half hour counts for debt, the lowest for collateral.
LIMIT_MARGIN = 2_000

# Collateral of one account, dollars
SMALLEST_COLLATERAL = 3_500
LARGEST_COLLATERAL = 40_000
# The pool refuses debts below 100 dollars
SMALLEST_DEBT = 110

# The pair's dollar side: all the collateral together is 18 % of it, a little less than the pool's cap at LTV 65 %.
COLLATERAL_PART_OF_DEPTH_BPS = 1_800
# Above what the oracle believes, however few the borrowers are
SMALLEST_DEPTH = 5_000_000 * WAD
# Part of the lenders' dollars that is lent out at the start
UTILISATION_BPS = 7_500


@dataclass(frozen=True)
class Borrower:
    address: str
    collateral_wei: int
    debt_wad: int
    usage_ppm: int


@dataclass(frozen=True)
class Lender:
    address: str
    deposit_wad: int


@dataclass(frozen=True)
class Population:
    borrowers: tuple[Borrower, ...]
    lenders: tuple[Lender, ...]
    # dollars (WAD) on each side of the pair
    depth_wad: int

    @property
    def collateral_wei(self) -> int:
        return sum(b.collateral_wei for b in self.borrowers)

    @property
    def debt_wad(self) -> int:
        return sum(b.debt_wad for b in self.borrowers)


def actor(seed: int, role: str, number: int) -> str:
    """An address of nobody, the same for the same seed."""
    return "0x" + hashlib.sha256(f"plimsoll demo/{seed}/{role}/{number}".encode()).hexdigest()[-40:]


def draw(seed: int, borrowers: int, lenders: int, price_wad: int, ltv_bps: int) -> Population:
    """Borrowers spread evenly over the range of usage, and lenders whose dollars are lent out to three quarters."""
    if borrowers < 1 or lenders < 1:
        raise ValueError("at least one borrower and one lender are needed")
    rng = random.Random(seed)
    usages = [LOWEST_USAGE + (HIGHEST_USAGE - LIMIT_MARGIN - LOWEST_USAGE) * (2 * i + 1) // (2 * borrowers) for i in range(borrowers)]
    rng.shuffle(usages)
    collaterals = []
    for usage in usages:
        # spread evenly over the orders of magnitude: many small, few large
        drawn = SMALLEST_COLLATERAL * (LARGEST_COLLATERAL / SMALLEST_COLLATERAL) ** rng.random()
        enough = SMALLEST_DEBT * BPS * 1_000_000 // (ltv_bps * usage) + 1
        collaterals.append(max(int(drawn * 100), enough * 100) * WAD * WAD // (100 * price_wad))
    worth = sum(collaterals) * price_wad // WAD
    depth = max(-(-worth * BPS // (COLLATERAL_PART_OF_DEPTH_BPS * 1_000 * WAD)) * 1_000 * WAD, SMALLEST_DEPTH)
    people = []
    for i, (usage, collateral_wei) in enumerate(zip(usages, collaterals, strict=True)):
        # what the pool lends against: what a sale of it would bring
        capacity = value_down(collateral_wei * price_wad // WAD, depth) * ltv_bps // BPS
        people.append(Borrower(actor(seed, "borrower", i), collateral_wei, capacity * usage // 1_000_000, usage))

    debt = sum(b.debt_wad for b in people)
    weights = [int(1_000 * 20 ** rng.random()) for _ in range(lenders)]
    deposits = debt * BPS // UTILISATION_BPS
    # whole dollars, rounded up
    amounts = [-(-deposits * w // (sum(weights) * WAD)) * WAD for w in weights]
    savers = [Lender(actor(seed, "lender", i), amount) for i, amount in enumerate(amounts)]

    return Population(tuple(people), tuple(savers), depth)
