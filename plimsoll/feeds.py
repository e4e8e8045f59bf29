"""Price feeds (AggregatorV3): what they answer, and what the oracle is to believe of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.abi import parse_function
from plimsoll.errors import Problem
from plimsoll.presets import WAD, Feed
from plimsoll.rpc import Rpc, RpcDead, RpcError, call_request, to_bytes
from plimsoll.words import duration

# How much older than its heartbeat an answer may be (contracts/modules/feeds.vy)
GRACE_SECONDS = 600
# Digits of the mantissa in which the oracle keeps the bounds
MANTISSA = 24
# Of the feeds of a development chain
TEST_DECIMALS = 8
MOST_DECIMALS = 18

# Whatever stands at the address: the contract of a development chain, too, hands its answers on as bytes
DECIMALS = parse_function("decimals()", ["uint256"])
LATEST_ROUND = parse_function("latestRoundData()", ["uint256", "int256", "uint256", "uint256", "uint256"])


class FeedError(Problem):
    """What does not answer as a feed."""


@dataclass(frozen=True)
class Answer:
    """The newest round of a feed."""

    decimals: int
    answer: int
    updated_ts: int

    @property
    def price_wad(self) -> int:
        """Per whole token."""
        return int(self.answer * WAD // 10**self.decimals)


def ask(rpc: Rpc, address: str) -> Answer:
    """What the feed at an address says now, or FeedError."""
    answers = rpc.batch([call_request(address, f.selector) for f in (DECIMALS, LATEST_ROUND)], errors=True)
    words = []
    for function, answer in zip((DECIMALS, LATEST_ROUND), answers, strict=True):
        if isinstance(answer, RpcDead):
            raise answer
        raw = b"" if isinstance(answer, RpcError) else to_bytes(answer)
        if len(raw) != 32 * len(function.outputs):
            raise FeedError(f"{address} is no price feed: it does not answer {function.signature}")
        words.append(function.decode(raw))
    _, value, _, updated_ts, _ = words[1]
    return Answer(words[0], value, updated_ts)


def problem(feed: Feed, told: Answer, now: int) -> str | None:
    """Why the oracle would not believe the feed, in words; None if it would."""
    if told.decimals > MOST_DECIMALS:
        return f"has {told.decimals} decimals, at most {MOST_DECIMALS} fit"
    least, most = kept_bounds(feed, told.decimals)
    if not least < told.answer < most:
        bounds = f"{_plain(feed.minimum_price_wad)} to {_plain(feed.maximum_price_wad)}"
        return f"tells {_plain(told.price_wad)}, outside of the preset's {bounds}: is it another asset's?"
    age = now - told.updated_ts
    if not 0 < told.updated_ts <= now:
        return "tells a time that is none of the past"
    if age > feed.heartbeat_seconds + GRACE_SECONDS:
        return f"answered {duration(age)} ago, the preset expects an answer each {duration(feed.heartbeat_seconds)}"
    return None


def bounds(feed: Feed, decimals: int) -> tuple[int, int]:
    """The bounds as answers of a feed with so many decimals: rounded inwards, as the oracle rounds them."""
    unit = 10**decimals
    return max(-(-feed.minimum_price_wad * unit // WAD), 1), feed.maximum_price_wad * unit // WAD


def kept_bounds(feed: Feed, decimals: int) -> tuple[int, int]:
    """The bounds as the oracle keeps them, in numbers of 24 digits."""
    least, most = bounds(feed, decimals)
    return float_up(least), float_down(most)


def float_down(value: int) -> int:
    shift = max(value.bit_length() - MANTISSA, 0)
    return value >> shift << shift


def float_up(value: int) -> int:
    shift = max(value.bit_length() - MANTISSA, 0)
    return -(-value >> shift) << shift


def _plain(wad: int) -> str:
    return f"{(Decimal(wad) / WAD).normalize():,f}"
