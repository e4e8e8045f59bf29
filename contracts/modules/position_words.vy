# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title The packed words of the accounts
@license MIT
@dev Bits, lowest first.
       words[id << 160 | account]   supply shares 128 | scaled debt 112 | spare 15 | enabled as collateral 1
       bitmaps[account]             bit i: reserve i is enabled as collateral; bit 128 + i: debt in reserve i
"""

# ---------------------------------------------------------------- imports

from contracts.modules import bit_sets
from contracts.modules import reasons
from contracts.modules import reserve_slots

uses: reserve_slots

# ---------------------------------------------------------------- constants

# Bounds the gas of a health check, and with it that of a liquidation.
MAX_ASSETS: constant(uint256) = 8

LOW_128: constant(uint256) = 2**128 - 1
MASK_112: constant(uint256) = 2**112 - 1
ENABLED: constant(uint256) = 1 << 255

# ---------------------------------------------------------------- storage

words: HashMap[uint256, uint256]
bitmaps: HashMap[address, uint256]

# ---------------------------------------------------------------- internals


@internal
@pure
def _key(id: uint256, account: address) -> uint256:
    return (id << 160) | convert(account, uint256)


@internal
def _recount(id: uint256, before: uint256, after: uint256) -> uint256:
    """
    @notice The shares that an account with debt has as collateral have changed. Returns the listing.
    @dev What comes off is exactly what had been put on, so that the total never falls below zero.
    """
    listing: uint256 = reserve_slots.listings[id]
    counted: uint256 = reserve_slots._recounted(listing, before, after)
    if counted > reserve_slots.MAX_COUNTED:
        reasons._refuse("pool: collateral cap")
    listing = (listing & reserve_slots.MASK_195) | (counted << reserve_slots.COUNTED_AT)
    reserve_slots.listings[id] = listing
    return listing


@internal
def _recount_all(account: address, bitmap: uint256, joins: bool):
    """
    @notice Count all enabled collateral of an account that takes its first debt; no longer, once it has paid its last one
    """
    rest: uint256 = bitmap & LOW_128
    for _: uint256 in range(MAX_ASSETS):
        if rest == 0:
            break
        id: uint256 = bit_sets._lowest(rest)
        rest = rest & unsafe_sub(rest, 1)
        shares: uint256 = self.words[self._key(id, account)] & LOW_128
        if joins:
            self._recount(id, 0, shares)
        else:
            self._recount(id, shares, 0)
