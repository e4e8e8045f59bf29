"""Isolated markets on real pairs: a factory of markets, a token that trades against a quote, and the exact past of the pair beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt
from typing import Any

import boa

from plimsoll.reference import observations
from tests.conftest import load
from tests.pair_world import new_factory, set_time

WAD = 10**18
BPS = 10_000
EVERYTHING = 2**256 - 1
BUCKET = 180
HOUR = 3_600
DAY = 86_400
SIX_HOURS = 120
FEE_BPS = 25
ZERO = "0x" + "00" * 20
LOW, HIGH = "0x" + "11" * 20, "0x" + "ee" * 20
# Divisible by 180
START = 1_699_999_920

SHORT_HISTORY = 8


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def later(seconds: int) -> None:
    set_time(now() + seconds)


def start_bucket(seconds: int = 0) -> None:
    """The next bucket, `seconds` after its start."""
    later(BUCKET - now() % BUCKET + seconds)


@dataclass
class TradedPair:
    """A pair of test tokens, seen from `token`, and the list of all that happened in it."""

    pair: Any
    token: Any
    quote: Any
    past: observations.Observations = field(default_factory=observations.Observations)

    @property
    def token_is_token1(self) -> bool:
        return int(self.token.address, 16) > int(self.quote.address, 16)

    def reserves(self) -> tuple[int, int]:
        """(token, quote)"""
        reserve0, reserve1, _ = self.pair.getReserves()
        return (reserve1, reserve0) if self.token_is_token1 else (reserve0, reserve1)

    def note(self, first: bool = False) -> None:
        """Of every change, after it."""
        reserve0, reserve1, _ = self.pair.getReserves()
        state = observations.tick(reserve0, reserve1), isqrt(reserve0 * reserve1)
        (self.past.start if first else self.past.change)(now(), *state)

    def add(self, token_amount: int, quote_amount: int, first: bool = False) -> None:
        self.token.mint(self.pair, token_amount)
        self.quote.mint(self.pair, quote_amount)
        self.pair.mint(boa.env.eoa)
        self.note(first)

    def add_part(self, bps: int) -> None:
        token, quote = self.reserves()
        self.add(token * bps // BPS, quote * bps // BPS)

    def remove_part(self, bps: int) -> None:
        self.pair.transfer(self.pair, self.pair.balanceOf(boa.env.eoa) * bps // BPS)
        self.pair.burn(boa.env.eoa)
        self.note()

    def swap(self, sold: Any, amount: int) -> int:
        """Sell `amount` of a token to the pair. Returns what came out, to the caller of the tests."""
        token, quote = self.reserves()
        held, wanted = (token, quote) if sold is self.token else (quote, token)
        paid = amount * (BPS - FEE_BPS)
        out = paid * wanted // (held * BPS + paid)
        if out == 0:
            return 0
        sold.mint(self.pair, amount)
        sold_is_token0 = (sold is self.token) != self.token_is_token1
        self.pair.swap(0 if sold_is_token0 else out, out if sold_is_token0 else 0, boa.env.eoa, b"")
        self.note()
        return out

    def move_to(self, numerator: int, denominator: int) -> int:
        """Trade until the price is about `numerator / denominator` of what it is. Returns the quote that came out (negative: went in)."""
        gained = 0
        token, quote = self.reserves()
        target_token = isqrt(token * token * denominator // numerator)
        if target_token > token:
            gained += self.swap(self.token, target_token - token)
        elif target_token < token:
            amount = token * quote // target_token - quote
            self.swap(self.quote, amount)
            gained -= amount
        return gained

    def move_price_to(self, quote_per_token_num: int, quote_per_token_den: int) -> int:
        """To a price, raw quote for raw token."""
        token, quote = self.reserves()
        return self.move_to(quote_per_token_num * token, quote_per_token_den * quote)

    def sync(self) -> None:
        self.pair.sync()
        self.note()

    # ------------------------------------------------------------ the exact past

    def tick_sum(self, begin: int, end: int) -> int:
        """Second by second, oriented to the token."""
        segments = [*self.past.segments]
        if now() > self.past.since:
            segments.append(self.past._present(now()))
        total = sum(segment.tick_seconds(begin, end) for segment in segments)
        return -total if self.token_is_token1 else total

    def six_hours(self) -> tuple[int, int]:
        """(low tick, high tick) from the list of trades."""
        end = now() // BUCKET * BUCKET
        total = self.tick_sum(end - 6 * HOUR, end)
        hours = sorted(self.tick_sum(end - (i + 1) * HOUR, end - i * HOUR) for i in range(6))
        low = min(total // (6 * HOUR), hours[2] // HOUR)
        high = max(-(-total // (6 * HOUR)), -(-hours[3] // HOUR))
        return low, high


def new_traded_pair(token: Any, quote: Any, token_amount: int, quote_amount: int, factory: Any = None) -> TradedPair:
    factory = factory or new_factory(boa.env.eoa)
    pair = load("amm/Pair.vy").at(factory.createPair(token, quote))
    traded = TradedPair(pair, token, quote)
    traded.add(token_amount, quote_amount, first=True)
    return traded


def new_test_token(symbol: str, decimals: int = 18, address: str | None = None) -> Any:
    extra = {"override_address": address} if address else {}
    return load("testing/TestToken.vy").deploy(symbol, symbol, decimals, **extra)


# ---------------------------------------------------------------- markets


@dataclass
class Side:
    rate_model: Any
    ltv_bps: int = 5_000
    bonus_bps: int = 11_000
    reserve_factor_bps: int = 2_000
    supply_cap: int = 0
    debt_cap: int = 0

    def abi(self) -> tuple[Any, ...]:
        return tuple(vars(self).values())


@dataclass
class Terms:
    token: Side
    quote: Side
    borrow_limit_bps: int = 8_000
    min_depth: int = 500_000 * WAD

    def abi(self) -> tuple[Any, ...]:
        return (self.token.abi(), self.quote.abi(), self.borrow_limit_bps, self.min_depth)


def most_caps(depth: int, low: int, high: int, quote_price: int, ltv_bps: int, bonus_bps: int) -> tuple[int, int, int, int]:
    """What the factory allows, from the definition."""
    risk = max(ltv_bps, 6_500) * bonus_bps
    taken = isqrt(depth * depth * BPS * BPS // risk) - depth
    return taken * WAD // low, taken * WAD // high, depth // 2 * WAD // quote_price, taken * ltv_bps // BPS * WAD // quote_price


@dataclass
class Opened:
    """The contracts of a market."""

    info: Any
    pool: Any
    oracle: Any
    engine: Any
    configurator: Any


class Markets:
    """A factory of markets on a factory of pairs; the quote is a dollar of 6 decimals. Actors are addresses by role."""

    def __init__(self) -> None:
        self.owner, self.guardian, self.treasury, self.creator, self.lender, self.borrower, self.attacker, self.liquidator = (
            boa.env.generate_address(role)
            for role in ("owner", "guardian", "treasury", "creator", "lender", "borrower", "attacker", "liquidator")
        )
        self.accounts: dict[str, Any] = {}
        set_time(START)
        self.pairs = new_factory(boa.env.eoa)
        self.operators = load("periphery/Operators.vy").deploy()
        self.extension = load("lending/PoolExtension.vy").deploy()
        self.rate_model = load("lending/JumpRateModel.vy").deploy(0, 5 * WAD // 100, 8 * WAD, 85 * WAD // 100)
        self.quote = new_test_token("USD", 6, "0x" + "77" * 20)
        self.factory = self.new_factory()

    def new_factory(self) -> Any:
        factory = load("markets/MarketFactory.vy").deploy(
            self.pairs,
            load("lending/LendingPool.vy").deploy_as_blueprint(),
            load("lending/PoolConfigurator.vy").deploy_as_blueprint(),
            load("liquidation/LiquidationEngine.vy").deploy_as_blueprint(),
            load("oracle/IsolatedOracle.vy").deploy_as_blueprint(),
            self.treasury,
            self.operators,
            self.extension,
            100 * WAD,
            self.owner,
            self.guardian,
        )
        factory.set_quote(self.quote, 10**30, sender=self.owner)
        factory.set_rate_model(self.rate_model, True, sender=self.owner)
        return factory

    # ------------------------------------------------------------ opening

    def traded(self, token: Any, token_units: int = 10_000, quote_units: int = 2_000_000, decimals: int = 18) -> TradedPair:
        """A new pair of the token and the quote."""
        return new_traded_pair(token, self.quote, token_units * 10**decimals, quote_units * 10**6, self.pairs)

    def terms(self, traded: TradedPair, **changes: Any) -> Terms:
        """The widest caps that a probe of the same oracle allows; a quarter of the depth must stay."""
        min_depth = changes.pop("min_depth", None)
        probe = load("oracle/IsolatedOracle.vy").deploy(
            traded.token, self.quote, traded.pair, 1_000 * WAD, self.factory.quote_of(self.quote).price or 10**30, ZERO, 0, 0, 0
        )
        band = probe.band(traded.token)
        token, quote = Side(self.rate_model), Side(self.rate_model)
        for key, value in changes.items():
            if key != "borrow_limit_bps":
                setattr(token if key.startswith("token_") else quote, key.split("_", 1)[1], value)
        caps = most_caps(band.depth, max(band.low, 1), max(band.high, 1), 10**30, token.ltv_bps, token.bonus_bps)
        for side, (supply, debt) in ((token, caps[:2]), (quote, caps[2:])):
            side.supply_cap, side.debt_cap = side.supply_cap or supply, side.debt_cap or debt
        limit = changes.get("borrow_limit_bps", 8_000)
        return Terms(token, quote, limit, band.depth // 4 if min_depth is None else min_depth)

    def fund(self, token: Any, account: Any, amount: int, spender: Any) -> None:
        token.mint(account, amount)
        token.approve(spender, EVERYTHING, sender=account)

    def open(
        self, traded: TradedPair, terms: Terms | None = None, token_seed: int = WAD, quote_seed: int = 10**6, creator: Any = None
    ) -> Opened:
        creator = creator or self.creator
        self.fund(traded.token, creator, token_seed, self.factory)
        self.fund(self.quote, creator, quote_seed, self.factory)
        terms = terms or self.terms(traded)
        pool = self.factory.open_market(traded.token, self.quote, terms.abi(), token_seed, quote_seed, sender=creator)
        return self.opened(pool)

    def opened(self, pool: Any) -> Opened:
        info = self.factory.market_at(pool)
        return Opened(
            info,
            load("lending/LendingPool.vy").at(pool),
            load("oracle/IsolatedOracle.vy").at(info.oracle),
            load("liquidation/LiquidationEngine.vy").at(info.engine),
            load("lending/PoolConfigurator.vy").at(info.configurator),
        )

    # ------------------------------------------------------------ acting

    def supply(self, market: Opened, token: Any, account: Any, amount: int, collateral: bool = False) -> None:
        self.fund(token, account, amount, market.pool)
        market.pool.supply(token, amount, account, sender=account)
        if collateral:
            market.pool.set_collateral(token, True, sender=account)

    def account(self, name: str) -> Any:
        """The same address for the same name."""
        if name not in self.accounts:
            self.accounts[name] = boa.env.generate_address(name)
        return self.accounts[name]


def with_old_pair(address: str) -> tuple[Markets, TradedPair]:
    """A token at this address whose pair with the quote is eight days old, 2,000,000 units deep at a price of 200."""
    markets = Markets()
    traded = markets.traded(new_test_token("TKN", 18, address))
    later(8 * DAY + 77)
    return markets, traded
