"""What the contracts' numbers mean, in words: stages, reasons why something is blocked, and amounts."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from plimsoll.reference.depth import UNLIMITED

WAD = 10**18
MAX_UINT256 = 2**256 - 1

# interfaces/IPriceOracle.vyi, flag Why
WHY: dict[int, str] = {
    1: "the oracle does not know this asset",
    2: "its pool does not answer, or with nonsense",
    4: "its pool never had liquidity",
    8: "its pool's history is too short: 33 minutes are needed, 63 beside a feed",
    16: "its pool is too thin for new risk",
    32: "its pool is too thin to be believed at all",
    64: "its price moves too fast: low and high are more than 25 % apart",
    128: "a pool of it trades more than 10 % away from its mean of five to eight minutes: wait until it has settled",
    256: "liquidity was added to a pool of it in this very transaction",
    512: "its two pools are more than 3 % apart",
    1024: "its price feed failed, or answers what is not believed",
    2048: "its price feed is silent for too long",
    4096: "the feed of its quote has no valid answer, so that nothing can be converted",
}

# The same of an isolated market (contracts/oracle/IsolatedOracle.vy)
ISOLATED_WHY: dict[int, str] = {
    **WHY,
    8: "its last six hours are not known: they are once its oracle has been poked at least once an hour for six hours",
}

# interfaces/IPriceOracle.vyi, Band.sources
SOURCES: dict[int, str] = {1: "first pool", 2: "second pool", 4: "feed"}

# interfaces/ILendingPool.vyi, depth_mode
DEPTH_MODES = ("for new risk", "off", "for new risk and in liquidations")

# contracts/modules/status.vy: name, highest usage (inclusive; the last but one ends below 100 %), colour in terminals
RELAXED, SAFE, CAUTION, DANGER, LIQUIDATION = range(5)
STAGES = ("RELAXED", "SAFE", "CAUTION", "DANGER", "LIQUIDATION")
STAGE_LIMITS_WAD = (30 * 10**16, 60 * 10**16, 80 * 10**16)
STAGE_COLOURS = ("green", "cyan", "yellow", "dark_orange", "red")
STAGE_ADVICE = (
    "plenty of room",
    "room to borrow",
    "watch the price",
    "no new borrowing: repay or add collateral",
    "anyone may liquidate: repay or add collateral now",
)


def usage_wad(debt: int, capacity: int) -> int:
    """debt / capacity at the trigger prices, rounded down, as the contracts count it."""
    if debt == 0:
        return 0
    if capacity == 0 or debt >= MAX_UINT256 // WAD:
        return MAX_UINT256
    return debt * WAD // capacity


def stage(usage: int) -> int:
    for number, limit in enumerate(STAGE_LIMITS_WAD):
        if usage <= limit:
            return number
    return DANGER if usage < WAD else LIQUIDATION


def why(flags: int, isolated: bool = False) -> list[str]:
    """The reasons in a `why`, one text each; empty when nothing is blocked. `isolated`: told by the oracle of an isolated market."""
    known = [text for bit, text in (ISOLATED_WHY if isolated else WHY).items() if flags & bit]
    rest = flags & ~sum(WHY)
    return known + ([f"for a reason this version does not know ({rest})"] if rest else [])


def sources(bits: int) -> str:
    """Who has a valid answer in a Band: first pool and feed."""
    known = [text for bit, text in SOURCES.items() if bits & bit]
    return " and ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known) or "none"


def depth(wad: int) -> str:
    """A depth or a cap, units of account."""
    return "without limit" if wad >= UNLIMITED else money(wad)


def amount(raw: int, decimals: int, places: int = 4) -> str:
    """Raw units as a number for people: 1,234.5"""
    value = Decimal(raw).scaleb(-decimals)
    # dust must not read as nothing
    if raw and abs(value) < Decimal(1).scaleb(-places):
        return f"{value:.3g}"
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def raw_units(text: str, decimals: int) -> int | None:
    """A number for people (1,234.5 or 1_234.5) in raw units, exactly; None if it is none, or finer than the token counts."""
    plain = text.replace(",", "").replace("_", "")
    if not re.fullmatch(r"[0-9]{1,40}(\.[0-9]{1,40})?", plain):
        return None
    value = Fraction(plain) * 10**decimals
    return int(value) if value.denominator == 1 else None


def amount_up(raw: int, decimals: int, places: int = 4) -> str:
    """The same, rounded up: what is asked of somebody must be enough."""
    value = Decimal(raw).scaleb(-decimals).quantize(Decimal(1).scaleb(-min(places, decimals)), rounding=ROUND_CEILING)
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(wad: int, places: int = 2) -> str:
    return f"{Decimal(wad).scaleb(-18):,.{places}f}"


def percent(wad: int, places: int = 1) -> str:
    """0.853 -> 85.3 %. Rounded down: 99.99 % must not read as 100."""
    if wad >= MAX_UINT256 // 100:
        return "no collateral"
    scaled = wad * 100 * 10**places // WAD
    return f"{Decimal(scaled).scaleb(-places):,.{places}f} %"


def short(address: str) -> str:
    return f"{address[:8]}…{address[-4:]}"


def duration(seconds: float) -> str:
    s = int(seconds)
    if s < 120:
        return f"{seconds:.1f} s" if seconds < 10 else f"{s} s"
    return f"{s // 60} min {s % 60} s" if s < 7200 else f"{s // 3600} h {s % 3600 // 60} min"
