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


def propose(
    preset: Preset,
    depth: int,
    low: int,
    high: int,
    quote_price: int,
    rate_model: str,
    margin_bps: int = 200,
    quote_rate_model: str | None = None,
) -> Terms:
    """Terms for a token by the preset's two assets.

    depth, low, high: as the oracle's `band` tells them; all prices of 1e18 raw units, WAD. margin_bps: how much the caps stay below the most,
    so that a price that moves until the transaction is mined does not have them refused. quote_rate_model: the same, if None.
    """
    token, quote = pair_of(preset)
    room = tuple(cap * (BPS - margin_bps) // BPS for cap in most_caps(depth, low, high, quote_price, token.ltv_bps, token.bonus_bps))
    if min(room) == 0:
        raise Problem("the pair is too thin for a market: a cap would be nothing")
    return Terms(
        Side(rate_model, token.ltv_bps, token.bonus_bps, token.reserve_factor_bps, room[0], room[1]),
        Side(quote_rate_model or rate_model, quote.ltv_bps, quote.bonus_bps, quote.reserve_factor_bps, room[2], room[3]),
        preset.borrow_limit_bps,
        max(depth // MIN_DEPTH_PART, LEAST_MIN_DEPTH_WAD),
    )


def least_seed(decimals: int) -> int:
    """That a pool takes, whatever it is worth: a thousandth of a token, raw."""
    return int(10 ** (decimals - 3))


def seeds(low: int, quote_price: int, decimals: tuple[int, int], margin_bps: int = 500) -> tuple[int, int]:
    """(of the token, of its quote), raw units: worth a unit of account, and a little more, in case the price falls until they are paid; of a
    dear token what its pool takes at least."""
    token, quote = (
        max(-(-(BPS + margin_bps) * WAD * WAD // (BPS * price)), least_seed(d)) for price, d in zip((low, quote_price), decimals, strict=True)
    )
    return token, quote


# What the factory refuses with, and what to do about it
REFUSALS = {
    "market: zero address": "the zero address is no quote",
    "market: not a quote": "the factory does not list this quote; its owner can",
    "market: token is a quote": "a quote cannot be the token of a market",
    "market: no pair": "there is no pair of the two in our PairFactory: create one, give it liquidity, and come back when it is seven days old",
    "market: pair too young": "a pair must be seven days old, from its first provision of liquidity",
    "market: no price": "the pair, or the quote, has no price now: 33 minutes of history are needed, and a quote's feed that answers",
    "market: pair too thin": "the pair is too thin: its depth must be at least 10,000 units of account, now and over the last half hour",
    "market: pair unsettled": "the pair's price is on the move, or liquidity has just been added: wait half an hour, and try again",
    "market: bad min depth": "the least depth must be 10,000 units or more, and an eighth of the pair's depth or more, and at most all of it",
    "market: bad cap": "a cap is nothing, or more than the pair can take now: its depth has fallen, or its price moved; try again",
    "market: seed too small": "each seed must be worth at least one unit of account",
    "market: bad rate model": "the factory does not list this rate model; its owner can",
    "market: bad ltv": "an LTV must be at most 65 %, and that of the token above 0",
    "market: bad bonus": "a bonus must be 5 to 20 %",
    "market: bad reserve factor": "a reserve factor must be 10 to 50 %",
    "market: bad borrow limit": "the borrow limit must be 50 to 80 %",
    "market: exists": "there is a market of exactly these terms already, or its oracle is prepared: see `ape run isolated list`",
    "market: approve failed": "the token refuses to be approved to its pool",
    "market: not guardian": "only the guardian pauses",
    "market: unknown": "the factory has no such market",
    "market: bad price": "a quote's price must be above 0",
    "configurator: bad decimals": "the pool takes tokens of 6 to 18 decimals",
    "configurator: bad ltv": "the LTV is too high for this bonus: at most 1/bonus - 5 %",
    "oracle: bad heartbeat": "the heartbeat of the quote's feed is none that an oracle takes: the factory's owner can list it anew",
    "oracle: bad bounds": "the bounds of the quote's feed are none that an oracle takes: the factory's owner can list it anew",
    "oracle: bad quote price": "the quote's price is finer, or larger, than an oracle keeps",
}


# A pool's own rule, which it is asked for when the seeds are paid
SEED_TOO_SMALL = "each seed must be a thousandth of a token at least"


def refusal(reason: str) -> str | None:
    """In words; None: it does not come from the factory's rules, but from where the seeds are paid."""
    if reason in REFUSALS:
        return REFUSALS[reason]
    if reason == "pool: seed too small":
        return SEED_TOO_SMALL
    return reason if reason.startswith(("market: ", "configurator: ", "oracle: ", "pool: ")) else None


def pair_of(preset: Preset) -> tuple[Asset, Asset]:
    """(the token, its quote)"""
    if len(preset.assets) != 2 or len(preset.priced) != 1:
        raise Problem(f"the preset '{preset.name}' is not one of an isolated market: it needs a token and its quote, and nothing else")
    token = preset.priced[0]
    return token, preset.asset(str(token.quote))
