"""LEND-21. Above an LTV of 65 % an asset needs a feed: to be listed, to be raised, to be opened again, and of a new oracle."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

import boa
import pytest

from tests.configurator_world import BONUS, DAY, FACTOR, HOUR, LTV, WAD, ZERO, Market
from tests.conftest import load

GRACE = 4 * HOUR
WEEK = 7 * DAY
MOST = 6_500
NO_FEED = "configurator: no feed"

# Bands of another oracle, and of itself what `has_feed` answers
TELLER = """
# pragma version 0.4.3
interface Oracle:
    def band(asset: address) -> uint256[10]: view
other: address
length: uint256
word: uint256
burns: bool
reverts: bool

@deploy
def __init__(other: address, length: uint256, word: uint256, burns: bool, reverts: bool):
    self.other = other
    self.length = length
    self.word = word
    self.burns = burns
    self.reverts = reverts

@external
@view
def band(asset: address) -> uint256[10]:
    return staticcall Oracle(self.other).band(asset)

@external
@view
@raw_return
def has_feed(asset: address) -> Bytes[96]:
    if self.burns:
        raise UNREACHABLE
    word: bytes32 = convert(self.word, bytes32)
    words: Bytes[96] = concat(word, word, word)
    if self.reverts:
        raw_revert(slice(words, 0, self.length))
    return slice(words, 0, self.length)
"""
# (length of the answer, word, burns all gas, reverts)
NO_ANSWERS = [
    (32, 0, False, False),
    (32, 2, False, False),
    (32, 2**255 + 1, False, False),
    (0, 1, False, False),
    (31, 1, False, False),
    (33, 1, False, False),
    (64, 1, False, False),
    (96, 1, False, False),
    (32, 1, True, False),
    (32, 1, False, True),
]


@pytest.fixture(scope="module")
def teller() -> Any:
    return boa.loads_partial(TELLER)


@pytest.fixture
def token() -> Any:
    return load("testing/TestToken.vy").deploy("New", "NEW", 18).address


@pytest.fixture
def at_65(market: Market) -> Market:
    """Both assets stand at the most that they may have without a feed, and neither has one."""
    for asset in (market.eth, market.usd):
        market.by("owner", "set_ltv", asset, MOST, WEEK)
        market.oracle.set_has_feed(asset, False)
    market.travel(WEEK)
    return market


def without_feed(market: Market, asset: Any) -> Any:
    """A new oracle with the same prices."""
    oracle = market.new_oracle()
    oracle.set_has_feed(asset, False)
    return oracle


# ---------------------------------------------------------------- listing


@pytest.mark.parametrize("ltv", [MOST + 1, 7_000, LTV])
def test_list_reserve__above_65_percent_without_a_feed__reverts(market: Market, token: Any, ltv: int) -> None:
    market.oracle.set_has_feed(token, False)
    market.refuse("owner", "list_reserve", token, market.model.address, ltv, BONUS, FACTOR, reason=NO_FEED)
    market.oracle.set_has_feed(token, True)
    market.list(token, ltv=ltv)


def test_list_reserve__at_65_percent_without_a_feed__is_listed(market: Market, token: Any) -> None:
    market.oracle.set_has_feed(token, False)
    market.list(token, ltv=MOST)
    assert market.of(token).ltv_bps == MOST


def test_list_reserve__the_feed_of_another_asset__does_not_count(market: Market, token: Any) -> None:
    market.oracle.set_has_feed(token, False)
    assert market.oracle.has_feed(market.eth)
    market.refuse("owner", "list_reserve", token, market.model.address, LTV, BONUS, FACTOR, reason=NO_FEED)


def test_list_reserve__before_there_is_an_oracle__65_percent_at_most(market: Market, token: Any) -> None:
    """Else a reserve would be there before the first oracle, which is not compared with anything."""
    deployer = market.address["deployer"]
    with boa.env.prank(deployer):
        fresh = load("lending/PoolConfigurator.vy").deploy(deployer, deployer, deployer)
        fresh.attach(load("testing/ScriptedPool.vy").deploy(fresh.address).address)
        with boa.reverts(NO_FEED):
            fresh.list_reserve(token, market.model.address, MOST + 1, BONUS, FACTOR)
        fresh.list_reserve(token, market.model.address, MOST, BONUS, FACTOR)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_list_reserve__oracle_that_does_not_say_yes__reverts(market: Market, teller: Any, token: Any, answer: tuple[Any, ...]) -> None:
    for asset in (market.eth, market.usd):
        market.by("owner", "set_ltv", asset, MOST, WEEK)
    market.travel(WEEK)
    market.by("owner", "set_oracle", teller.deploy(market.oracle.address, *answer).address)
    market.refuse("owner", "list_reserve", token, market.model.address, MOST + 1, BONUS, FACTOR, reason=NO_FEED)
    market.list(token, ltv=MOST)


# ---------------------------------------------------------------- raising


def test_set_ltv__to_65_01_percent_without_a_feed__reverts(at_65: Market) -> None:
    at_65.refuse("owner", "set_ltv", at_65.eth, MOST + 1, 0, reason=NO_FEED)
    at_65.oracle.set_has_feed(at_65.eth, True)
    at_65.by("owner", "set_ltv", at_65.eth, MOST + 1, 0)
    # the other one still has none
    at_65.refuse("owner", "set_ltv", at_65.usd, MOST + 1, 0, reason=NO_FEED)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_set_ltv__oracle_that_does_not_say_yes__reverts(at_65: Market, teller: Any, answer: tuple[Any, ...]) -> None:
    at_65.by("owner", "set_oracle", teller.deploy(at_65.oracle.address, *answer).address)
    at_65.refuse("owner", "set_ltv", at_65.eth, MOST + 1, 0, reason=NO_FEED)


def test_set_ltv__cut_of_an_asset_that_has_lost_its_feed__goes_on(market: Market) -> None:
    """What takes risk away never waits for a feed, even where it stops above 65 %."""
    market.oracle.set_has_feed(market.eth, False)
    market.by("owner", "set_ltv", market.eth, LTV, 0)
    market.by("owner", "set_ltv", market.eth, 7_000, WEEK)
    market.by("owner", "set_ltv", market.eth, 6_000, WEEK)
    assert market.of(market.eth).new_risk_ltv_bps == 6_000


def test_set_ltv__cut_and_then_raised_within_the_ramp__reverts(market: Market) -> None:
    """In the liquidation test 70 % would be no raise; for new risk it is one."""
    market.by("owner", "set_ltv", market.eth, 6_000, WEEK)
    market.oracle.set_has_feed(market.eth, False)
    assert market.of(market.eth).liquidation_ltv_bps == LTV
    for ltv in (MOST + 1, 7_000, LTV):
        market.refuse("owner", "set_ltv", market.eth, ltv, WEEK, reason=NO_FEED)
    market.by("owner", "set_ltv", market.eth, MOST, WEEK)


def test_set_ltv__frozen_and_raised__reverts(at_65: Market) -> None:
    at_65.by("steward", "freeze", at_65.eth)
    at_65.refuse("owner", "set_ltv", at_65.eth, MOST + 1, 0, reason=NO_FEED)


# ---------------------------------------------------------------- another oracle


def test_set_oracle__without_the_feed_of_an_asset_above_65__reverts(market: Market) -> None:
    for asset in (market.eth, market.usd):
        oracle = without_feed(market, asset)
        market.refuse("owner", "set_oracle", oracle.address, reason=NO_FEED)
        oracle.set_has_feed(asset, True)
        with boa.env.anchor():
            market.by("owner", "set_oracle", oracle.address)


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_set_oracle__that_does_not_say_yes__reverts(market: Market, teller: Any, answer: tuple[Any, ...]) -> None:
    market.refuse("owner", "set_oracle", teller.deploy(market.oracle.address, *answer).address, reason=NO_FEED)


def test_set_oracle__that_says_yes_in_one_word__is_set(market: Market, teller: Any) -> None:
    market.by("owner", "set_oracle", teller.deploy(market.oracle.address, 32, 1, False, False).address)
    assert market.pool.guards() == (0, 0)


def test_set_oracle__without_the_feed_of_an_asset_at_65__is_set(at_65: Market) -> None:
    at_65.by("owner", "set_oracle", without_feed(at_65, at_65.eth).address)
    assert at_65.pool.guards() == (0, 0)


def test_set_oracle__a_cut_has_not_arrived__the_larger_ltv_counts(market: Market) -> None:
    """From 75 to 55 % in a week: 65 % is reached in the middle of it."""
    oracle = without_feed(market, market.eth)
    market.by("owner", "set_ltv", market.eth, 5_500, WEEK)
    # a basis point of the 2,000 takes 302.4 s, and is counted when it is whole
    market.travel(WEEK // 2 - 1)
    assert market.of(market.eth).liquidation_ltv_bps == MOST + 1
    market.refuse("owner", "set_oracle", oracle.address, reason=NO_FEED)
    market.travel(1)
    market.by("owner", "set_oracle", oracle.address)
    assert market.pool.guards() == (0, 0)


def test_set_oracle__then_list_above_65__reverts(at_65: Market, token: Any) -> None:
    """The old oracle has a feed for the new asset; the one that is there when it is listed decides."""
    at_65.oracle.set_has_feed(token, True)
    at_65.by("owner", "set_oracle", without_feed(at_65, token).address)
    at_65.refuse("owner", "list_reserve", token, at_65.model.address, MOST + 1, BONUS, FACTOR, reason=NO_FEED)
    # and the other way round: listed under the one that has it, it keeps the next one away
    at_65.by("owner", "set_oracle", at_65.oracle.address)
    at_65.list(token, ltv=MOST + 1)
    at_65.refuse("owner", "set_oracle", without_feed(at_65, token).address, reason=NO_FEED)


def test_set_oracle__disagrees_and_lacks_the_feed__says_the_first(market: Market) -> None:
    oracle = without_feed(market, market.eth)
    oracle.set(market.eth, 100 * WAD)
    market.refuse("owner", "set_oracle", oracle.address, reason="configurator: oracles disagree")


# ---------------------------------------------------------------- frozen


def test_set_oracle__frozen_without_the_feed__everybody_gets_time_and_it_stays_frozen(market: Market) -> None:
    """A frozen asset takes no new risk: an oracle without its feed may come, as one with another price may."""
    oracle = without_feed(market, market.eth)
    market.by("steward", "freeze", market.eth)
    market.by("owner", "set_oracle", oracle.address)
    opens = market.now + GRACE
    assert market.event() == ("OracleSet", market.oracle.address, oracle.address, opens)
    assert market.pool.guards() == (opens, opens)
    market.refuse("owner", "unfreeze", market.eth, reason=NO_FEED)
    # a way out: 65 %, or the feed
    with boa.env.anchor():
        market.by("owner", "set_ltv", market.eth, MOST, WEEK)
        market.by("owner", "unfreeze", market.eth)
        assert market.of(market.eth).new_risk_ltv_bps == MOST
    oracle.set_has_feed(market.eth, True)
    market.by("owner", "unfreeze", market.eth)
    assert market.of(market.eth).new_risk_ltv_bps == LTV


def test_set_oracle__frozen_and_another_one_is_not__reverts(market: Market) -> None:
    market.by("steward", "freeze", market.usd)
    market.refuse("owner", "set_oracle", without_feed(market, market.eth).address, reason=NO_FEED)


def test_unfreeze__feed_lost_within_the_same_oracle__reverts(market: Market) -> None:
    """An oracle's owner can take a feed away without the pool's knowing."""
    market.by("steward", "freeze", market.eth)
    market.oracle.set_has_feed(market.eth, False)
    market.refuse("owner", "unfreeze", market.eth, reason=NO_FEED)


def test_unfreeze__below_65_without_a_feed__is_open(at_65: Market) -> None:
    at_65.by("steward", "freeze", at_65.eth)
    at_65.by("owner", "unfreeze", at_65.eth)
    assert at_65.of(at_65.eth).new_risk_ltv_bps == MOST


def test_has_feed__too_little_gas__does_not_pass_for_a_lost_feed(market: Market) -> None:
    """Nobody makes an oracle silent about its feed, and liquidation closed with it, by giving too little gas."""
    market.by("steward", "freeze", market.eth)
    oracle = market.new_oracle().address
    with boa.env.anchor():
        market.by("owner", "set_oracle", oracle)
        spent = market.configurator._computation.get_gas_used()
    outcomes = set()
    for gas in range(spent // 3, spent + 60_000, 4_001):
        with boa.env.anchor():
            try:
                with boa.env.prank(market.address["owner"]):
                    market.configurator.set_oracle(oracle, gas=gas)
                outcomes.add(market.event()[-1])
            except boa.BoaError:
                outcomes.add("reverts")
    assert outcomes == {"reverts", 0}


def test_zero_address__is_no_oracle_with_a_feed(market: Market) -> None:
    market.refuse("owner", "set_oracle", ZERO, reason="configurator: no code")


# ---------------------------------------------------------------- in any order


@dataclass
class Listed:
    """What the rules say of an asset: written from IPoolConfigurator's words, not from its code."""

    ltv: int
    frozen: bool = False
    # (from, to, begin, end) of the liquidation test; None: it stands at `ltv`
    ramp: tuple[int, int, int, int] | None = None

    def in_liquidations(self, now: int) -> int:
        if self.ramp is None or now >= self.ramp[3]:
            return self.ltv
        begins, ends, began, until = self.ramp
        return begins - (begins - ends) * (now - began) // (until - began)

    def needs_feed(self, now: int) -> bool:
        return max(self.ltv, self.in_liquidations(now)) > MOST


class Rules:
    """A market whose owner, steward and oracles do anything in any order, with the outcome foretold."""

    def __init__(self, market: Market, draw: random.Random) -> None:
        self.market, self.draw = market, draw
        self.oracles = [market.oracle, market.new_oracle(), market.new_oracle()]
        self.fed = {(n, asset): True for n in range(3) for asset in (market.eth, market.usd)}
        self.present = 0
        self.assets = {asset: Listed(LTV) for asset in (market.eth, market.usd)}
        self.outcomes: Counter[str] = Counter()

    def do(self, refused: bool, role: str, function: str, *arguments: Any) -> bool:
        self.outcomes[f"{function}{' refused' if refused else ''}"] += 1
        if refused:
            self.market.refuse(role, function, *arguments, reason=NO_FEED)
        else:
            self.market.by(role, function, *arguments)
        return not refused

    def has_feed(self, asset: Any) -> bool:
        return self.fed[self.present, asset]

    def step(self) -> None:
        asset, ltv = self.draw.choice(list(self.assets)), self.draw.choice([5_000, MOST, MOST + 1, 7_000, LTV])
        getattr(self, self.draw.choice(["ltv", "ltv", "freeze", "feed", "feed", "switch", "switch", "list", "wait"]))(asset, ltv)

    def ltv(self, asset: Any, ltv: int) -> None:
        held, now = self.assets[asset], self.market.now
        if not self.do(ltv > MOST and ltv > held.ltv and not self.has_feed(asset), "owner", "set_ltv", asset, ltv, WEEK):
            return
        begins = max(held.in_liquidations(now), ltv)
        held.ramp = (begins, ltv, now, now + WEEK) if begins > ltv else None
        held.ltv = ltv

    def freeze(self, asset: Any, _: int) -> None:
        held = self.assets[asset]
        if not held.frozen:
            held.frozen = self.do(False, "steward", "freeze", asset)
        elif self.do(held.ltv > MOST and not self.has_feed(asset), "owner", "unfreeze", asset):
            held.frozen = False

    def feed(self, asset: Any, _: int) -> None:
        number = self.draw.randrange(3)
        self.fed[number, asset] = not self.fed[number, asset]
        self.oracles[number].set_has_feed(asset, self.fed[number, asset])

    def switch(self, *_: Any) -> None:
        number, now = self.draw.randrange(3), self.market.now
        lacking = [held for asset, held in self.assets.items() if held.needs_feed(now) and not self.fed[number, asset]]
        if self.do(any(not held.frozen for held in lacking), "owner", "set_oracle", self.oracles[number].address):
            self.present = number
            assert self.market.event()[-1] == (now + GRACE if lacking else 0)

    def list(self, _: Any, ltv: int) -> None:
        if len(self.assets) == 5:
            return
        asset = load("testing/TestToken.vy").deploy("New", "NEW", 18).address
        for number, oracle in enumerate(self.oracles):
            oracle.set(asset, WAD)
            self.fed[number, asset] = self.draw.random() < 0.5
            oracle.set_has_feed(asset, self.fed[number, asset])
        arguments = (asset, self.market.model.address, ltv, BONUS, FACTOR)
        if self.do(ltv > MOST and not self.has_feed(asset), "owner", "list_reserve", *arguments):
            self.assets[asset] = Listed(ltv)

    def wait(self, *_: Any) -> None:
        self.market.travel(self.draw.choice([1, HOUR, DAY, 3 * DAY]))

    def check(self) -> None:
        for asset, held in self.assets.items():
            told = self.market.of(asset)
            found = (told.ltv_bps, told.new_risk_ltv_bps, told.liquidation_ltv_bps, told.frozen)
            assert found == (held.ltv, 0 if held.frozen else held.ltv, held.in_liquidations(self.market.now), held.frozen)
        assert self.market.pool.oracle() == self.oracles[self.present].address


def test_any_order__of_changes__only_with_a_feed_above_65_percent(market: Market) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(4):
        with boa.env.anchor():
            rules = Rules(market, random.Random(seed))
            for _ in range(120):
                rules.step()
                rules.check()
            outcomes += rules.outcomes
    # the walks come by each rule, on both sides of it
    for function in ("list_reserve", "set_ltv", "set_oracle", "unfreeze"):
        assert outcomes[function] > 3, function
        assert outcomes[f"{function} refused"] > 3, function
