"""The whole stack with real pools, for attacks: a market that has an honest price, an arbitrageur who knows it, borrowers, and an attacker
whose wealth at that price is counted before and after. Nothing here is scripted but a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from typing import Any

import boa
import pytest
from eth_abi import decode

from plimsoll.attack.cost import UP, PairMarket, RangeMarket, blocks_to_follow, ticks_of
from plimsoll.attack.gain import BORROW_AGAINST, CALL_DEBTS, SEIZE_IT, Terms, owed_of
from plimsoll.attack.study import DIRECTIONS, Caps, Listing, Source
from plimsoll.reference.depth import cost_up, value_down
from plimsoll.reference.range_pool import Q96, RangePool
from plimsoll.reference.tick_math import limits, sqrt_ratio_at_tick
from tests.conftest import load
from tests.lending_pools import new_configured_pool
from tests.pair_world import new_factory, new_pair
from tests.range_world import ERROR, Refused, new_range_factory

WAD = 10**18
ETH, USD = 10**18, 10**6
EVERYTHING = 2**256 - 1
# Seconds
BLOCK, BUCKET = 12, 180
PRICE = 200
DOLLAR = 10**30  # price of a dollar of 6 decimals
PAIR_FEE_PIPS, RANGE_FEE_PIPS, SPACING = 2_500, 3_000, 60
FULL = 887_220
BPS = 10_000
LTV, BONUS, BORROW_LIMIT = 6_500, 11_000, 8_000
# Answers of the feed
FEED_UNIT = 10**8
HEARTBEAT = 3_600
LOW, HIGH = "0x" + "11" * 20, "0x" + "ee" * 20

CONSTANT_RATE = """
# pragma version 0.4.3
from interfaces import IRateModel
implements: IRateModel

@external
@view
def borrow_rate_wad(utilisation_wad: uint256) -> uint256:
    return 0
"""

Call = tuple[Any, bytes]


def data(contract: Any, function: str, *args: Any) -> bytes:
    encoded: bytes = getattr(contract, function).prepare_calldata(*args)
    return encoded


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


class Agent:
    """Somebody with a contract of his own and more tokens than he needs."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.contract = load("testing/Attacker.vy").deploy()
        self.address = self.contract.address
        for token, amount in ((world.eth, 10**6 * ETH), (world.usd, 10**9 * USD)):
            token.mint(self.address, amount)
            self.run((token, data(token, "approve", world.pool.address, EVERYTHING)))
        self.born_with = self.balances()[0] * world.honest + self.balances()[1]

    def run(self, *calls: Call) -> None:
        """All in one transaction, or Refused."""
        payload = data(self.contract, "run", [(target.address, payload) for target, payload in calls])
        outcome = boa.env.execute_code(to_address=self.address, data=payload)
        if outcome.is_error:
            output = bytes(outcome.output)
            raise Refused(decode(["string"], output[4:])[0] if output[:4] == ERROR else "")

    def balances(self) -> tuple[int, int]:
        return self.world.eth.balanceOf(self.address), self.world.usd.balanceOf(self.address)

    # ---- what may go into a transaction

    def lend(self, token: Any, amount: int) -> list[Call]:
        pool = self.world.pool
        return [
            (pool, data(pool, "supply", token.address, amount, self.address)),
            (pool, data(pool, "set_collateral", token.address, True)),
        ]

    def borrow(self, token: Any, amount: int) -> Call:
        return self.world.pool, data(self.world.pool, "borrow", token.address, amount, self.address)

    def withdraw(self, token: Any, amount: int) -> Call:
        return self.world.pool, data(self.world.pool, "withdraw", token.address, amount, self.address)

    def liquidate(self, borrower: Any, debt: Any, collateral: Any) -> Call:
        engine = self.world.engine
        terms = (borrower.address, debt.address, collateral.address, EVERYTHING, 0, EVERYTHING)
        # the engine's pool takes from whoever calls
        return engine, data(engine, "liquidate", *terms)

    # ---- the account

    def wealth(self) -> Fraction:
        """Dollars, raw, at the honest price. What is owed beyond the collateral is the lenders' loss, not his."""
        world = self.world
        eth, usd = self.balances()
        supplied = [world.pool.supply_of(self.address, t.address) for t in (world.eth, world.usd)]
        owed = [world.pool.debt_of(self.address, t.address) for t in (world.eth, world.usd)]
        position = (supplied[0] - owed[0]) * world.honest + supplied[1] - owed[1]
        return eth * world.honest + usd + max(position, Fraction(0)) + sum(v.owned_by(self) for v in world.venues)


# ---------------------------------------------------------------- venues


@dataclass
class PairVenue:
    world: World
    pair: Any

    @property
    def contract(self) -> Any:
        return self.pair

    def reserves(self) -> tuple[int, int]:
        """(ETH, dollars)"""
        reserve0, reserve1, _ = self.pair.getReserves()
        return (reserve0, reserve1) if self.world.eth_first else (reserve1, reserve0)

    def price(self) -> Fraction:
        eth, usd = self.reserves()
        return Fraction(usd, eth)

    def market(self) -> PairMarket:
        return PairMarket(*self.reserves(), PAIR_FEE_PIPS)

    def swap(self, who: Agent, sells_eth: bool, amount: int) -> list[Call]:
        eth, usd = self.reserves()
        reserve_in, reserve_out = (eth, usd) if sells_eth else (usd, eth)
        out = _out(amount, reserve_in, reserve_out)
        token = self.world.eth if sells_eth else self.world.usd
        outs = (0, out) if sells_eth == self.world.eth_first else (out, 0)
        return [
            (token, data(token, "transfer", self.pair.address, amount)),
            (self.pair, data(self.pair, "swap", *outs, who.address, b"")),
        ]

    def to(self, who: Agent, price: Fraction) -> list[Call]:
        """Trade until the price is there."""
        eth, usd = self.reserves()
        if Fraction(usd, eth) == price:
            return []
        sells_eth = Fraction(usd, eth) > price
        reserve_in, reserve_out = (eth, usd) if sells_eth else (usd, eth)
        ratio = 1 / price if sells_eth else price

        def enough(paid: int) -> bool:
            return (reserve_in + paid) * ratio.denominator >= ratio.numerator * (reserve_out - _out(paid, reserve_in, reserve_out))

        paid = _least(enough)
        return self.swap(who, sells_eth, paid) if _out(paid, reserve_in, reserve_out) else []

    def touch(self) -> Call:
        return self.pair, data(self.pair, "sync")

    def arbitrage(self, who: Agent) -> list[Call]:
        """As far as the next unit still pays, after the fee: (x + g*dx)^2 = x * y * g / p"""
        eth, usd = self.reserves()
        honest = self.world.honest
        for sells_eth, reserve_in, reserve_out, worth in ((True, eth, usd, honest), (False, usd, eth, 1 / honest)):
            kept = Fraction(10**6 - PAIR_FEE_PIPS, 10**6)
            square = reserve_in * reserve_out * kept / worth
            more = isqrt(square.numerator // square.denominator) - reserve_in
            if more > 0 and _out(int(more / kept), reserve_in, reserve_out):
                return self.swap(who, sells_eth, int(more / kept))
        return []

    def provide(self, who: Agent, eth: int) -> list[Call]:
        """So much ETH, and the dollars that belong to it."""
        held_eth, held_usd = self.reserves()
        world = self.world
        usd = eth * held_usd // held_eth if held_eth else int(eth * world.honest)
        return [
            (world.eth, data(world.eth, "transfer", self.pair.address, eth)),
            (world.usd, data(world.usd, "transfer", self.pair.address, usd)),
            (self.pair, data(self.pair, "mint", who.address)),
        ]

    def leave(self, who: Agent, bps: int = BPS, shares: int | None = None) -> list[Call]:
        held = self.pair.balanceOf(who.address) if shares is None else shares
        return [
            (self.pair, data(self.pair, "transfer", self.pair.address, held * bps // BPS)),
            (self.pair, data(self.pair, "burn", who.address)),
        ]

    def owned_by(self, who: Agent) -> Fraction:
        shares, supply = self.pair.balanceOf(who.address), self.pair.totalSupply()
        eth, usd = self.reserves()
        return Fraction(shares, supply) * (eth * self.world.honest + usd) if supply else Fraction(0)


@dataclass
class RangeVenue:
    world: World
    pool: Any
    # By owner: (lower, upper) -> liquidity
    positions: dict[Any, dict[tuple[int, int], int]] = field(default_factory=dict)

    @property
    def contract(self) -> Any:
        return self.pool

    def root(self) -> int:
        return int(self.pool.slot0()[0])

    def tick(self) -> int:
        return int(self.pool.slot0()[1])

    def price(self) -> Fraction:
        price = Fraction(self.root() ** 2, Q96**2)
        return price if self.world.eth_first else 1 / price

    def market(self) -> RangeMarket:
        """As the positions say, of which the model makes a pool."""
        model = RangePool(RANGE_FEE_PIPS, SPACING)
        model.initialize(self.root())
        for owner, held in self.positions.items():
            for (lower, upper), liquidity in held.items():
                if liquidity:
                    model.mint(str(owner), lower, upper, liquidity)
        eth, usd = (t.balanceOf(self.pool.address) for t in (self.world.eth, self.world.usd))
        return RangeMarket(model, self.world.eth_first, (eth, usd))

    def root_at(self, price: Fraction) -> int:
        raw = price if self.world.eth_first else 1 / price
        least, too_large = limits()
        return min(max(isqrt(raw.numerator * Q96**2 // raw.denominator), least + 1), too_large - 1)

    def to(self, who: Agent, price: Fraction) -> list[Call]:
        target, root = self.root_at(price), self.root()
        if target == root:
            return []
        return [(self.pool, data(self.pool, "swap", who.address, target < root, 2**120, target, b""))]

    def swap(self, who: Agent, sells_eth: bool, amount: int) -> list[Call]:
        down = sells_eth == self.world.eth_first
        least, too_large = limits()
        return [(self.pool, data(self.pool, "swap", who.address, down, amount, least + 1 if down else too_large - 1, b""))]

    def touch(self) -> Call:
        return self.pool, data(self.pool, "poke")

    def arbitrage(self, who: Agent) -> list[Call]:
        """Until the price is the fee short of the honest one."""
        kept, honest, price = Fraction(10**6 - RANGE_FEE_PIPS, 10**6), self.world.honest, self.price()
        if price * kept > honest:
            return self.to(who, honest / kept)
        return self.to(who, honest * kept) if price < honest * kept else []

    def provide(self, who: Agent, lower: int, upper: int, liquidity: int) -> list[Call]:
        mine = self.positions.setdefault(who.address, {})
        mine[lower, upper] = mine.get((lower, upper), 0) + liquidity
        return [(self.pool, data(self.pool, "mint", who.address, lower, upper, liquidity, b""))]

    def leave(self, who: Agent, bps: int = BPS) -> list[Call]:
        calls = []
        for (lower, upper), liquidity in self.positions.get(who.address, {}).items():
            part = liquidity * bps // BPS
            self.positions[who.address][lower, upper] -= part
            calls.append((self.pool, data(self.pool, "burn", lower, upper, part)))
            calls.append((self.pool, data(self.pool, "collect", who.address, lower, upper, 2**128 - 1, 2**128 - 1)))
        return calls

    def owned_by(self, who: Agent) -> Fraction:
        """Without what it has earned."""
        worth, root, honest = Fraction(0), self.root(), self.world.honest
        for (lower, upper), liquidity in self.positions.get(who.address, {}).items():
            low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
            inside = min(max(root, low), high)
            amounts = [liquidity * Q96 * (high - inside) // (high * inside), liquidity * (inside - low) // Q96]
            eth, usd = amounts if self.world.eth_first else amounts[::-1]
            worth += eth * honest + usd
        return worth


def _out(paid: int, reserve_in: int, reserve_out: int) -> int:
    """What the pair gives."""
    net = paid * (10**6 - PAIR_FEE_PIPS)
    return net * reserve_out // (reserve_in * 10**6 + net)


def _least(enough: Any) -> int:
    low, high = 0, 1
    while not enough(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# ---------------------------------------------------------------- the world


class World:
    """ETH against dollars. The pools open, and forty minutes pass."""

    def __init__(
        self,
        sources: Sequence[str] = ("pair",),
        eth: int = 10_000,
        with_feed: bool = False,
        ltv_bps: int = LTV,
        min_depth: int = 100_000,
        eth_first: bool = True,
        attackers_share_bps: int = 0,
        depth_mode: int = 0,
        narrow: tuple[int, int] | None = None,
        lent: tuple[int, int] = (50_000, 10_000_000),
        seed_parts: int = 1,
    ) -> None:
        """
        eth                   in the first venue's pool; the dollars that belong to it are there too
        attackers_share_bps   of the liquidity
        narrow                of a range pool: all of its liquidity lies so many ticks around the price, and is that of a full range of so
                              many ETH
        lent                  whole (ETH, dollars) that somebody has supplied
        seed_parts            a token is divided by it to seed a reserve
        """
        self.eth_first = eth_first
        token = load("testing/TestToken.vy")
        self.eth = token.deploy("ETH", "ETH", 18, override_address=LOW if eth_first else HIGH)
        self.usd = token.deploy("USD", "USD", 6, override_address=HIGH if eth_first else LOW)
        self.honest = Fraction(PRICE * USD, ETH)
        self.venues: list[Any] = []
        self.min_depth = min_depth
        # Liquidity of the last position that a range pool began with
        self.pool_share = 0
        self.oracle = load("oracle/PriceOracle.vy").deploy()
        self.pool, self.configurator = new_configured_pool(boa.env.eoa, boa.env.generate_address("treasury"), BORROW_LIMIT, 100 * WAD)
        self.engine = load("liquidation/LiquidationEngine.vy").deploy(self.pool.address, 300)
        self.lens = load("lending/Lens.vy").deploy(self.pool.address)
        self.attacker, self.arbitrageur, self.provider, self.lender = (
            Agent(self, name) for name in ("attacker", "arbitrageur", "provider", "lender")
        )
        self.attacker.run(*[(t, data(t, "approve", self.engine.address, EVERYTHING)) for t in (self.eth, self.usd)])
        for kind in sources:
            self._open(kind, eth * ETH, attackers_share_bps, narrow)
        # What the feed says from block to block; 0: nothing any more
        self.feed_answer = 0
        # Accounts that the attacker opens and leaves behind
        self.accomplices: list[Agent] = []
        self.feed = load("testing/ScriptedFeed.vy").deploy(8, PRICE * FEED_UNIT) if with_feed else None
        # history for ten buckets, or for twenty
        self.wait((4_200 if with_feed else 2_400) + (-now() % BUCKET))
        self._configure(min_depth)
        self._list(ltv_bps, depth_mode, lent, seed_parts)

    @property
    def venue(self) -> Any:
        return self.venues[0]

    def _open(self, kind: str, eth: int, attackers_share_bps: int, narrow: tuple[int, int] | None) -> None:
        theirs = eth * attackers_share_bps // BPS
        if kind == "pair":
            venue: Any = PairVenue(self, new_pair(new_factory(boa.env.eoa, PAIR_FEE_PIPS // 100), self.eth, self.usd))
            self.provider.run(*venue.provide(self.provider, eth - theirs))
            if theirs:
                self.attacker.run(*venue.provide(self.attacker, theirs))
        else:
            pool = load("amm/RangePool.vy").at(new_range_factory(boa.env.eoa).createPool(self.eth, self.usd, RANGE_FEE_PIPS))
            venue = RangeVenue(self, pool)
            pool.initialize(venue.root_at(self.honest))
            ends, whole = (-FULL, FULL), isqrt(int(eth * eth * self.honest))
            if narrow is not None:
                centre = venue.tick() // SPACING * SPACING
                ends, whole = (centre - narrow[0], centre + narrow[0]), isqrt(int((narrow[1] * ETH) ** 2 * self.honest))
            for who, part in ((self.provider, eth - theirs), (self.attacker, theirs)):
                if part:
                    self.pool_share = whole * part // eth
                    who.run(*venue.provide(who, *ends, self.pool_share))
        self.venues.append(venue)

    def _configure(self, min_depth: int) -> None:
        oracle = self.oracle
        oracle.set_quote(self.usd.address, DOLLAR)
        oracle.set_source(self.eth.address, self.venues[0].contract.address, self.usd.address, min_depth * WAD)
        for venue in self.venues[1:]:
            oracle.set_second_source(self.eth.address, venue.contract.address, self.usd.address, min_depth * WAD)
        if self.feed is not None:
            self.say(PRICE)
            bounds = PRICE * FEED_UNIT // 100, PRICE * FEED_UNIT * 100
            oracle.set_feed(self.eth.address, self.feed.address, False, HEARTBEAT, *bounds)

    def _list(self, ltv_bps: int, depth_mode: int, lent: tuple[int, int], seed_parts: int) -> None:
        rate = boa.loads(CONSTANT_RATE)
        self.configurator.set_oracle(self.oracle.address)
        self.configurator.set_engine(self.engine.address)
        for token, unit, ltv in ((self.eth, ETH, ltv_bps), (self.usd, USD, LTV)):
            self.configurator.list_reserve(token.address, rate.address, ltv, BONUS, 5_000)
            self.configurator.set_depth_mode(token.address, depth_mode if token is self.eth else 0)
            token.mint(boa.env.eoa, unit)
            token.approve(self.pool.address, unit)
            self.pool.seed(token.address, unit // (seed_parts if token is self.eth else 1))
        for token, amount in ((self.eth, lent[0] * ETH), (self.usd, lent[1] * USD)):
            if amount:
                self.lender.run((self.pool, data(self.pool, "supply", token.address, amount, self.lender.address)))

    # ---- time and prices

    def wait(self, seconds: int = BLOCK) -> None:
        boa.env.time_travel(seconds=seconds)
        if self.feed is not None and self.feed_answer:
            self.say(self.feed_answer)

    def say(self, price: int) -> None:
        assert self.feed is not None
        self.feed_answer = price
        self.feed.set_answer(price * FEED_UNIT)

    def to_phase(self, seconds: int) -> None:
        """Until so many seconds of a bucket are over."""
        self.wait((seconds - now()) % BUCKET)

    def band(self) -> Any:
        return self.oracle.band(self.eth.address)

    def eth_price(self) -> int:
        """The honest one, as the oracle tells prices."""
        return int(self.honest * DOLLAR)

    def set_caps(self, supply: int = 0, debt: int = 0) -> None:
        """Absolute ones of ETH, raw; 0: none."""
        self.configurator.set_caps(self.eth.address, supply, debt)

    def listing(self) -> Listing:
        """ETH as `attack-cost` would read it now."""
        state = self.pool.reserve_state(self.eth.address)
        price, unit = self.eth_price(), DOLLAR
        configured = self.configurator.configuration(self.eth.address)
        caps = [
            max(c, t) * price // WAD if c else None
            for c, t in ((configured.supply_cap, state.cash + state.debt), (configured.debt_cap, state.debt))
        ]
        return Listing(
            sources=tuple(Source("ETH/USD", type(v).__name__, v.contract.address, v.market(), unit, self.min_depth * WAD) for v in self.venues),
            has_feed=self.feed is not None,
            terms=Terms(state.ltv_bps, state.bonus_bps),
            others=(Terms(LTV, BONUS),),
            limit_bps=BORROW_LIMIT,
            capped=state.depth_mode != 1,
            supplied=(state.cash + state.debt) * price // WAD,
            cash=state.cash * price // WAD,
            debt=state.debt * price // WAD,
            other_cash=self.pool.reserve_state(self.usd.address).cash * unit // WAD,
            caps=Caps(*caps),
        )

    # ---- attacks

    def hold(self, factor: Fraction, blocks: int, arbitraged: bool) -> None:
        """Move the price in all venues, for so many blocks."""
        for _ in range(blocks):
            for venue in self.venues:
                if arbitraged:
                    self.arbitrageur.run(*venue.arbitrage(self.arbitrageur))
                moves = venue.to(self.attacker, self.honest * factor)
                # the price stands already: a change of nothing brings the remembered tick on, where it is far
                self.attacker.run(*(moves or [venue.touch()]))
            self.wait()

    def let_go(self, eth_before: int, arbitraged: bool) -> None:
        """The end: the attacker brings his ETH back to what it was, in the venue itself; or somebody else trades the price back."""
        for venue in self.venues:
            if arbitraged:
                self.arbitrageur.run(*venue.arbitrage(self.arbitrageur))
                continue
            eth = self.attacker.balances()[0]
            if eth > eth_before:
                self.attacker.run(*venue.swap(self.attacker, True, (eth - eth_before) // len(self.venues)))
            else:
                self.attacker.run(*venue.to(self.attacker, self.honest))

    def trade_back(self, who: Agent) -> None:
        """As far as it pays: an arbitrageur, or the attacker himself where there is none."""
        for venue in self.venues:
            who.run(*venue.arbitrage(who))

    def liquidatable(self, who: Agent) -> bool:
        """By the liquidation test of the engine, nothing moved."""
        word = self.lens.health([who.address])[0]
        capacity, debt = word >> 128, word % 2**128
        return bool(debt) and debt >= capacity

    def gained_by(self, who: Agent) -> Fraction:
        """Dollars that an account has brought whoever opened it."""
        return (who.wealth() - who.born_with) / USD

    def borrower(self, collateral: Any, amount: int, debt: Any, owed: int) -> Agent:
        who = Agent(self, "borrower")
        who.run(*who.lend(collateral, amount), who.borrow(debt, owed))
        return who


def profit(world: World, before: Fraction) -> Fraction:
    """The attacker's, dollars."""
    return (world.attacker.wealth() - before) / USD


def prepare(world: World, factor: Fraction, arbitraged: bool) -> None:
    """Hold the price in the best phase of a bucket, so long that both edges have followed."""
    gap = ticks_of(factor if factor > 1 else 1 / factor)
    grain = -(-(gap // 50) // BLOCK) * BLOCK
    world.to_phase((-grain) % BUCKET)
    world.hold(factor, blocks_to_follow(gap, BLOCK, 20 if world.feed else 10) + 1, arbitraged)


# ---------------------------------------------------------------- all of an absolute cap


class CappedAttack:
    """One of the attacks of `attack-cost`, with all that the absolute caps of ETH admit: first as they are told, then as many times larger."""

    # For each of the caps. What one holds or owes counts less by depth: many come nearer to the bound
    ACCOUNTS = 8

    def __init__(self, world: World, what: str, factor: Fraction, cap: int, times: int = 4, accounts: int = ACCOUNTS) -> None:
        """cap   raw ETH, of supply or of debt"""
        self.world = world
        self.what = what
        self.factor = factor
        self.on_supply = what in (BORROW_AGAINST, SEIZE_IT)
        self.liquidates = what in (SEIZE_IT, CALL_DEBTS)
        self.caps = cap, cap * times
        self.each = accounts
        # By cap: those whom he liquidates, or accounts that he runs away from
        self.accounts: list[list[Agent]] = []

    def execute(self, arbitraged: bool, leaves: bool) -> tuple[Fraction, Fraction]:
        """His profit within the caps, and within the larger ones. `leaves`: he takes out his liquidity before."""
        world, attacker = self.world, self.world.attacker
        before = attacker.wealth()
        if self.liquidates:
            self.fill()
        if leaves:
            attacker.run(*world.venue.leave(attacker))
        prepare(world, self.factor if DIRECTIONS[self.what] == UP else 1 / self.factor, arbitraged)
        if not self.liquidates:
            self.fill()
        gained = self.liquidate if self.liquidates else world.gained_by
        gains = [sum((gained(a) for a in group), Fraction(0)) for group in self.accounts]
        world.trade_back(world.arbitrageur if arbitraged else attacker)
        # without what he has gained by liquidating, which is in his wealth already
        market = profit(world, before) - (sum(gains) if self.liquidates else 0)
        return market + gains[0], market + sum(gains)

    def there(self) -> int:
        state = self.world.pool.reserve_state(self.world.eth.address)
        return int(state.cash + state.debt if self.on_supply else state.debt)

    def fill(self) -> None:
        """Accounts for each of the caps, which leave no room below it. One unit more is refused."""
        for cap in self.caps:
            self.world.set_caps(*((cap, 0) if self.on_supply else (0, cap)))
            group = []
            for left in range(self.each, 0, -1):
                account, room = Agent(self.world, "account"), cap - self.there()
                with pytest.raises(Refused, match="pool: supply cap" if self.on_supply else "pool: debt cap"):
                    self.use(account, room + 1)
                self.use(account, room // left)
                group.append(account)
            self.accounts.append(group)
            # to the last unit, but for what rounding of debts adds
            assert cap - self.each - 1 <= self.there() <= cap

    def use(self, account: Agent, amount: int) -> None:
        """To be run away from: as much as may be borrowed against so much, or so much borrowed on no more than is needed. To be liquidated:
        what is best for him."""
        world, band = self.world, self.world.band()
        part = Fraction(LTV * BORROW_LIMIT, BPS**2)
        if self.liquidates:
            best = owed_of(self.factor, Terms(LTV, BONUS), BORROW_LIMIT)
        if self.on_supply:
            value = amount * band.low // WAD
            loan = value_down(value, band.depth) * part
            if self.liquidates:
                loan = min(loan, value * best)
            account.run(*account.lend(world.eth, amount), account.borrow(world.usd, int(loan * WAD / DOLLAR)))
        else:
            value = -(-amount * band.high // WAD)
            behind = Fraction(cost_up(value, band.depth) or 0) / part
            if self.liquidates:
                behind = max(behind, value / best)
            account.run(*account.lend(world.usd, int(behind * WAD / DOLLAR) + 2), account.borrow(world.eth, amount))

    def liquidate(self, victim: Agent) -> Fraction:
        """As long as there is something to take. What it brought."""
        world, attacker = self.world, self.world.attacker
        debt, collateral = (world.usd, world.eth) if self.what == SEIZE_IT else (world.eth, world.usd)
        before = attacker.wealth()
        while world.liquidatable(victim) and world.pool.supply_of(victim.address, collateral.address):
            attacker.run(attacker.liquidate(victim, debt, collateral))
        return (attacker.wealth() - before) / USD
