"""Terms of an isolated market (interfaces/IMarketFactory.vyi): the percentages of a preset, and caps by the depth of the pair."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from math import isqrt
from typing import Any

from plimsoll.errors import Problem
from plimsoll.presets import Asset, Preset

WAD = 10**18
BPS = 10_000
# contracts/modules/depth_math.vy: below this LTV the cap on collateral does not grow further
LEAST_LTV_BPS = 6_500
# contracts/markets/MarketFactory.vy
LEAST_MIN_DEPTH_WAD = 10_000 * WAD
QUOTE_SUPPLY_PART = 2
# A quarter of the depth must stay, as in the other presets; the factory asks for an eighth
MIN_DEPTH_PART = 4


@dataclass(frozen=True)
class Side:
    rate_model: str
    ltv_bps: int
    bonus_bps: int
    reserve_factor_bps: int
    supply_cap: int
    debt_cap: int


@dataclass(frozen=True)
class Terms:
    token: Side
    quote: Side
    borrow_limit_bps: int
    min_depth: int

    def abi(self) -> tuple[Any, ...]:
        """As `open_market` takes it."""
        return astuple(self)


def most_caps(depth: int, low: int, high: int, quote_price: int, ltv_bps: int, bonus_bps: int) -> tuple[int, int, int, int]:
    """The most that (the token's supply cap, its debt cap, the quote's supply cap, its debt cap) may be, raw units."""
    risk = max(ltv_bps, LEAST_LTV_BPS) * bonus_bps
    # t with (t + D)^2 * risk = D^2: what all collateral together may be worth
    taken = isqrt(depth * depth * BPS * BPS // risk) - depth
    carried = taken * ltv_bps // BPS
    return taken * WAD // low, taken * WAD // high, depth // QUOTE_SUPPLY_PART * WAD // quote_price, carried * WAD // quote_price


def propose(preset: Preset, depth: int, low: int, high: int, quote_price: int, rate_model: str, margin_bps: int = 200) -> Terms:
    """Terms for a token by the preset's two assets.

    depth, low, high: as the oracle's `band` tells them; all prices of 1e18 raw units, WAD. margin_bps: how much the caps stay below the most,
    so that a price that moves until the transaction is mined does not have them refused.
    """
    token, quote = _pair_of(preset)
    room = tuple(cap * (BPS - margin_bps) // BPS for cap in most_caps(depth, low, high, quote_price, token.ltv_bps, token.bonus_bps))
    if min(room) == 0:
        raise Problem("the pair is too thin for a market: a cap would be nothing")
    return Terms(
        Side(rate_model, token.ltv_bps, token.bonus_bps, token.reserve_factor_bps, room[0], room[1]),
        Side(rate_model, quote.ltv_bps, quote.bonus_bps, quote.reserve_factor_bps, room[2], room[3]),
        preset.borrow_limit_bps,
        max(depth // MIN_DEPTH_PART, LEAST_MIN_DEPTH_WAD),
    )


def _pair_of(preset: Preset) -> tuple[Asset, Asset]:
    """(the token, its quote)"""
    if len(preset.assets) != 2 or len(preset.priced) != 1:
        raise Problem(f"the preset '{preset.name}' is not one of an isolated market: it needs a token and its quote, and nothing else")
    token = preset.priced[0]
    return token, preset.asset(str(token.quote))
