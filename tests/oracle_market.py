"""A PriceOracle and its model side by side: the contract asks its sources and feeds, the model is told what they answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import boa
from eth_utils import keccak

from plimsoll.reference.observations import FRESH, PRESENT
from plimsoll.reference.oracle import (
    BUCKET,
    NOTHING,
    SLOW_BUCKETS,
    Answers,
    Band,
    Configuration,
    Feed,
    FeedAnswer,
    Holdings,
    Oracle,
    Quote,
    Reverts,
    Source,
    SourceAnswer,
    Why,
    Window,
    fresh_seconds,
    present_word,
    short_seconds,
)
from tests.conftest import load

WAD = 10**18
DOLLAR_6 = 10**30  # price of a dollar with 6 decimals
DOLLAR_18 = 10**18
WORD = 32
WINDOW_WORDS = 28
RECENT_WORDS = 3
MAX_BUCKETS = 20
SOURCE_GAS = 400_000
CALL_GAS = 200_000
DAY = 86_400
HOW = ["new_risk_prices", "liquidation_prices", "poke"]
ZERO = "0x" + "00" * 20

# log_1.0001 of 200e6 / 1e18: one ETH at 200 dollars of 6 decimals
ETH_TICK = -223339
# sqrt(10,000 ETH * 2,000,000 dollars) in raw units
ETH_LIQUIDITY = 141421356237309504
# The same price from a feed of 8 decimals, and its bounds
ETH_ANSWER = 200 * 10**8
HEARTBEAT = 3_600
MIN_ANSWER, MAX_ANSWER = 10**8, 10**12

BURNS_ALL = bytes.fromhex("5b5f56")  # a loop without end
HUGE_ANSWER = bytes.fromhex("6205ffff5ff3")  # 393,215 zero bytes


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def start_bucket(seconds: int = 0) -> None:
    """The next bucket, `seconds` after its start."""
    boa.env.time_travel(seconds=BUCKET - now() % BUCKET + seconds)


# ---------------------------------------------------------------- windows


def scripted(
    now: int,
    short: int,
    fresh: int,
    buckets: Sequence[int],
    liquidities: Sequence[int] = (),
    short_rest: int = 0,
    fresh_rest: int = 0,
    present: int | None = None,
) -> Window:
    """A window whose short and fresh mean ticks and bucket sums are the given ones; `rest` is added to a sum. The market stands at its
    short mean."""
    return Window(
        started_ts=now - 7200,
        short_sum=short * short_seconds(now) + short_rest,
        short_seconds=short_seconds(now),
        fresh_sum=fresh * fresh_seconds(now) + fresh_rest,
        fresh_seconds=fresh_seconds(now),
        present=present_word(short, ETH_LIQUIDITY) if present is None else present,
        bucket_tick_sums=tuple(buckets),
        bucket_liquidities=tuple(liquidities or [ETH_LIQUIDITY] * len(buckets)),
    )


def steady(now: int, tick: int = ETH_TICK, liquidity: int = ETH_LIQUIDITY, buckets: int = SLOW_BUCKETS) -> Window:
    """The window of a market that has stood still."""
    return scripted(now, tick, tick, [tick * BUCKET] * buckets, [liquidity] * buckets, present=present_word(tick, min(liquidity, 2**126 - 1)))


def mirrored(window: Window) -> Window:
    """The same market, told in the other orientation."""
    return replace(
        window,
        short_sum=-window.short_sum,
        fresh_sum=-window.fresh_sum,
        present=present_word(-window.present_tick, window.present_liquidity, window.added),
        bucket_tick_sums=tuple(-total for total in window.bucket_tick_sums),
    )


def as_abi(window: Window) -> tuple[Any, ...]:
    pairs = zip(window.bucket_tick_sums, window.bucket_liquidities, strict=True)
    words = [(tick_sum << 128 | liquidity) % 2**256 for tick_sum, liquidity in pairs]
    head = (window.started_ts, window.short_sum, window.short_seconds, window.fresh_sum, window.fresh_seconds)
    return (*head, tick_sum_of(window), window.present, len(words), words + [0] * (MAX_BUCKETS - len(words)))


def tick_sum_of(window: Window) -> int:
    """The sum since the start. Up to two buckets before the newest boundary it is a number that is made up, for each bucket another."""
    at_boundary = now() // BUCKET * 0x9E3779B97F4A7C15 % 2**54 - 2**53
    if now() % BUCKET >= 120 and len(window.bucket_tick_sums) > 1:
        # The short window has begun one boundary later
        at_boundary += window.bucket_tick_sums[1]
    return at_boundary + window.short_sum


def signed(word: int, bits: int = 256) -> int:
    return word - (word >> (bits - 1) << bits)


def as_window(answer: bytes, asked: int) -> Window | None:
    """A source's answer to `window`; None: it is not of the right form."""
    if len(answer) != WINDOW_WORDS * WORD:
        return None
    words = [int.from_bytes(answer[i : i + WORD], "big") for i in range(0, len(answer), WORD)]
    started, short_sum, short, fresh_sum, fresh, _, present, count, *buckets = words
    if started and count not in (0, asked):
        return None
    told = buckets[: min(count, asked)]
    sums = tuple(signed(word >> 128, 128) for word in told)
    return Window(started, signed(short_sum), short, signed(fresh_sum), fresh, present, sums, tuple(word % 2**128 for word in told))


# ---------------------------------------------------------------- who is asked


def ask(target: Any, question: str, gas: int, *arguments: int) -> bytes:
    """The raw answer, b"" where there is none. Not through the contract's object, which would want to make sense of it."""
    data = keccak(text=question)[:4] + b"".join(int(a).to_bytes(WORD, "big") for a in arguments)
    outcome = boa.env.execute_code(to_address=target if isinstance(target, str) else target.address, data=data, gas=gas)
    return b"" if outcome.is_error else bytes(outcome.output)


def ask_recent(source: Any) -> Window | None:
    """What a source says within a cached bucket, where it answers all forms of that question. The short sum is what it tells of the
    window: that the oracle gets it from other words is not the model's concern."""
    lean, fresh = (ask(source, "recent(uint256)", SOURCE_GAS, wanted) for wanted in (PRESENT, FRESH | PRESENT))
    window = as_window(ask(source, "window(uint256)", 10**7, 0), 0)
    if window is None or any(len(answer) != RECENT_WORDS * WORD for answer in (lean, fresh)):
        return None
    present, _, fresh_sum = (int.from_bytes(fresh[i : i + WORD], "big") for i in range(0, len(fresh), WORD))
    return replace(window, present=present, fresh_sum=signed(fresh_sum), fresh_seconds=fresh_seconds(now()))


def ask_feed(feed: Any) -> FeedAnswer | None:
    decimals, answer = ask(feed, "decimals()", CALL_GAS), ask(feed, "latestRoundData()", CALL_GAS)
    if len(decimals) != WORD or len(answer) != 5 * WORD:
        return None
    round_id, price, _, updated, answered_in = (int.from_bytes(answer[i : i + WORD], "big") for i in range(0, len(answer), WORD))
    return FeedAnswer(int.from_bytes(decimals, "big"), round_id, signed(price), updated, answered_in)


@dataclass(frozen=True)
class Money:
    """A quote: its token and how it is priced."""

    token: Any
    quote: Quote
    feed: Any = None


@dataclass(frozen=True)
class Wired:
    """A source and the model of it."""

    contract: Any
    source: Source
    asset: Any
    money: Money

    def answer(self, buckets: int) -> SourceAnswer:
        window = as_window(ask(self.contract, "window(uint256)", SOURCE_GAS, buckets), buckets) if buckets else ask_recent(self.contract)
        quote = ask_feed(self.money.feed) if self.money.feed is not None else None
        return SourceAnswer(window, self._holdings(), quote)

    def _holdings(self) -> Holdings:
        if not self.source.is_range_pool:
            return Holdings(told=False)
        balances = [ask(token, "balanceOf(address)", CALL_GAS, int(self.contract.address, 16)) for token in (self.asset, self.money.token)]
        if any(len(balance) != WORD for balance in balances):
            return Holdings(told=False)
        base, quote = (int.from_bytes(balance, "big") for balance in balances)
        return Holdings(base, quote)


@dataclass(frozen=True)
class Wiring:
    """All that an asset's price is made of."""

    first: Wired | None = None
    second: Wired | None = None
    feed: Feed | None = None
    # The asset itself is a quote
    quote: Quote | None = None
    feed_contract: Any = None

    def configuration(self) -> Configuration:
        first = self.first.source if self.first else None
        second = self.second.source if self.second else None
        return Configuration(first, second, self.feed, self.quote)

    def answers(self, buckets: int) -> Answers:
        first = self.first.answer(buckets) if self.first else None
        second = self.second.answer(buckets) if self.second else None
        return Answers(first, second, ask_feed(self.feed_contract) if self.feed_contract is not None else None)


# ---------------------------------------------------------------- side by side


def as_band(answer: Any) -> Band:
    """A contract's Band as the model's."""
    band = Band(*answer)
    return replace(band, why=Why(band.why))


@dataclass
class Market:
    """An oracle, one of its assets, and the model of it."""

    oracle: Any
    asset: Any
    owner: Any
    wiring: Wiring = field(default_factory=Wiring)
    model: Oracle = field(default_factory=lambda: Oracle(Configuration()))
    # Events of the last write
    logged: list[str] = field(default_factory=list)

    # ------------------------------------------------------------ reading and writing

    def answers(self) -> Answers:
        return self.wiring.answers(self.model.asks(now()))

    def band(self) -> Band:
        return as_band(self.oracle.band(self.asset))

    def check(self) -> Band:
        """The contract's answer is the model's, or both refuse for the same reason."""
        try:
            expected = self.model.band(now(), self.answers())
        except Reverts as refusal:
            with boa.reverts(str(refusal)):
                self.oracle.band(self.asset)
            raise
        assert self.band() == expected
        assert self.oracle.liquidation_depth(self.asset) == expected.liquidation_depth
        assert self.oracle.has_feed(self.asset) == self.wiring.configuration().has_feed
        return expected

    def write(self, how: str = "poke") -> Band:
        """One of the functions that cache; it answers what the model does."""
        try:
            expected = (self.model.poke if how == "poke" else self.model.write)(now(), self.answers())
        except Reverts as refusal:
            with boa.reverts(str(refusal)):
                getattr(self.oracle, how)(self.asset)
            raise
        answer = getattr(self.oracle, how)(self.asset)
        self.logged = [type(log).__name__ for log in self.oracle.get_logs()]
        if how == "new_risk_prices":
            assert answer == (expected.low, expected.high, expected.depth, int(expected.why))
        elif how == "liquidation_prices":
            assert answer == (expected.liquidation_high, expected.liquidation_low, expected.fresh_low, expected.fresh_high)
        assert self.oracle.silent_ts(self.asset) == self.model.silent_ts
        assert self.oracle.cached_ts(self.asset) == (self.model.cache.bucket * BUCKET if self.model.cache else 0)
        self.check()
        return expected

    # ------------------------------------------------------------ the owner

    def set_source(self, wired: Wired) -> str:
        wiring = replace(self.wiring, first=wired)
        return self._switch(wiring, "set_source", wired.contract, wired.money.token, wired.source.min_depth)

    def set_second_source(self, wired: Wired | None) -> str:
        wiring = replace(self.wiring, second=wired)
        if wired is None:
            return self._switch(wiring, "set_second_source", ZERO, ZERO, 0)
        return self._switch(wiring, "set_second_source", wired.contract, wired.money.token, wired.source.min_depth)

    def set_feed(self, contract: Any, feed: Feed | None) -> str:
        wiring = replace(self.wiring, feed=feed, feed_contract=contract)
        if feed is None:
            return self._switch(wiring, "set_feed", ZERO, False, 0, 0, 0)
        return self._switch(wiring, "set_feed", contract, feed.in_quote, feed.heartbeat, feed.min_answer, feed.max_answer)

    def set_quote_feed(self, contract: Any, feed: Feed) -> str:
        wiring = Wiring(quote=Quote(feed=feed), feed_contract=contract)
        return self._switch(wiring, "set_quote_feed", contract, feed.heartbeat, feed.min_answer, feed.max_answer)

    def _switch(self, wiring: Wiring, function: str, *arguments: Any) -> str:
        """The owner's call on both sides; its reason where it is refused."""
        before = self.answers()
        after = wiring.answers(Oracle(wiring.configuration()).slow_buckets)
        try:
            self.model.switch(now(), wiring.configuration(), before, after, source_set=function == "set_source")
        except Reverts as refusal:
            with boa.reverts(str(refusal)):
                getattr(self.oracle, function)(self.asset, *arguments, sender=self.owner)
            return str(refusal)
        getattr(self.oracle, function)(self.asset, *arguments, sender=self.owner)
        self.wiring = wiring
        return ""

    # ------------------------------------------------------------ scripted sources and feeds

    def wired(self, place: int = 0) -> Wired:
        wired = (self.wiring.first, self.wiring.second)[place]
        assert wired is not None
        return wired

    @property
    def source(self) -> Any:
        return self.wired().contract

    @property
    def feed(self) -> Any:
        return self.wiring.feed_contract

    @property
    def asset_is_token1(self) -> bool:
        return self.wired().source.asset_is_token1

    def script(self, window: Window, place: int = 0) -> Window:
        """`window` is told as of the asset, whichever token it is; returns it as the source tells it."""
        wired = self.wired(place)
        told = mirrored(window) if wired.source.asset_is_token1 else window
        wired.contract.set_window(as_abi(told))
        return told

    def still(self, tick: int = ETH_TICK, liquidity: int = ETH_LIQUIDITY, place: int = 0) -> Window:
        """Script a market that has stood still for an hour."""
        return self.script(steady(now(), tick, liquidity, MAX_BUCKETS), place)

    def break_source(self, code: bytes, place: int = 0) -> Callable[[], None]:
        """Put other code in the source's place; returns what puts it back."""
        return break_contract(self.wired(place).contract, code)


def break_contract(contract: Any, code: bytes) -> Callable[[], None]:
    original = boa.env.evm.get_code(contract.address)
    boa.env.set_code(contract.address, code)
    return lambda: boa.env.set_code(contract.address, original)


NO_WINDOW = Window(0, 0, 0, 0, 0)


def new_money(owner: Any, oracle: Any, price: int = DOLLAR_6, decimals: int = 6) -> Money:
    token = load("testing/TestToken.vy").deploy("USD", "USD", decimals)
    oracle.set_quote(token, price, sender=owner)
    return Money(token, Quote(price))


def new_feed_money(owner: Any, oracle: Any, answer: int = 10**8, decimals: int = 6) -> Money:
    """A quote priced by a feed of 8 decimals."""
    token = load("testing/TestToken.vy").deploy("USD", "USD", decimals)
    feed = load("testing/ScriptedFeed.vy").deploy(8, answer)
    model = Feed(8, decimals, HEARTBEAT, 1, 2**127)
    oracle.set_quote_feed(token, feed, model.heartbeat, model.min_answer, model.max_answer, sender=owner)
    return Money(token, Quote(feed=model), feed)


def new_source(asset: Any, money: Money, asset_is_token1: bool = False, min_depth: int = 100_000 * WAD) -> Wired:
    tokens = (money.token, asset) if asset_is_token1 else (asset, money.token)
    contract = load("testing/ScriptedSource.vy").deploy(*tokens)
    contract.set_window(as_abi(NO_WINDOW))
    return Wired(contract, Source(asset_is_token1, money.quote, min_depth), asset, money)


def eth_feed(**changes: Any) -> Feed:
    """The model of a feed of ETH in units of account."""
    return replace(Feed(8, 18, HEARTBEAT, MIN_ANSWER, MAX_ANSWER), **changes)


def new_market(
    owner: Any,
    asset_is_token1: bool = False,
    quote_price: int = DOLLAR_6,
    min_depth: int = 100_000 * WAD,
    second: bool = False,
    feed: bool = False,
) -> Market:
    """An asset (ETH) with scripted sources against a fixed quote, and perhaps a feed. The sources have not started yet."""
    oracle = load("oracle/PriceOracle.vy").deploy(sender=owner)
    money = new_money(owner, oracle, quote_price)
    asset = load("testing/TestToken.vy").deploy("ETH", "ETH", 18)
    market = Market(oracle, asset, owner)
    if second:
        # The other way round: nothing may rest on both being told alike
        assert market.set_second_source(new_source(asset, money, not asset_is_token1, min_depth)) == ""
    if feed:
        assert market.set_feed(load("testing/ScriptedFeed.vy").deploy(8, ETH_ANSWER), eth_feed()) == ""
    assert market.set_source(new_source(asset, money, asset_is_token1, min_depth)) == ""
    assert market.check().why & (Why.NOT_STARTED | NOTHING)
    return market
