"""Who has borrowed: accounts at any usage from 60 to 99 % of the liquidation threshold, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from plimsoll.population import actor

WAD = 10**18
BPS = 10_000
PPM = 1_000_000

LOWEST_USAGE = 600_000
# The pool's own limit for new debt is 99 %; a large position is valued a little below its face
HIGHEST_USAGE = 989_000
# Worth of an account's collateral, dollars: as many from 3,500 to 11,800 as from there to 40,000
SMALLEST = 3_500
LARGEST = 40_000


@dataclass(frozen=True)
class Borrower:
    address: str
    # raw units of what is supplied and what is borrowed
    collateral: int
    debt: int
    usage_ppm: int


@dataclass(frozen=True)
class Terms:
    """Prices are WAD for 1e18 raw units, as the oracle tells them at the start."""

    collateral_price: int
    debt_price: int
    ltv_bps: int
    # dollars (WAD) on one side of the pool that prices the asset: what positions are valued by
    depth_wad: int
    # all sizes times this, millionths: a small pool carries small accounts
    scale_ppm: int = PPM


def draw(seed: int, role: str, count: int, terms: Terms) -> list[Borrower]:
    """Usages are uniform, sizes log-uniform. The same seed draws the same usages and sizes whatever the terms."""
    rng = random.Random(f"{seed}/{role}")
    people = []
    for i in range(count):
        usage = rng.randrange(LOWEST_USAGE, 990_000)
        worth = int(SMALLEST * (LARGEST / SMALLEST) ** rng.random()) * WAD * terms.scale_ppm // PPM
        people.append(_borrower(actor(seed, role, i), worth, usage, terms))
    return people


def _borrower(address: str, worth: int, usage: int, terms: Terms) -> Borrower:
    collateral = worth * WAD // terms.collateral_price
    capacity = collateral * terms.collateral_price // WAD * terms.ltv_bps // BPS
    # What the position loses by the depth that it is valued with, on either side, counted generously
    lost = PPM * 3 * worth // terms.depth_wad + 200
    usage = min(usage, HIGHEST_USAGE - lost)
    return Borrower(address, collateral, capacity * usage // PPM * WAD // terms.debt_price, usage)


def depth_for(worth_wad: int, part_bps: int) -> int:
    """The depth (WAD, whole thousands of dollars) of which so much collateral is this part."""
    return -(-worth_wad * BPS // (part_bps * 1_000 * WAD)) * 1_000 * WAD
