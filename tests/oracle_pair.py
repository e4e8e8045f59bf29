"""A PriceOracle on real pairs: tokens in a chosen order, trades, and the reference fed from the pair's own statistics."""

from dataclasses import asdict, dataclass
from math import isqrt
from typing import Any

import boa

from plimsoll.reference.band import SLOW_BUCKETS, Band, Oracle, Window
from tests.conftest import load
from tests.oracle_market import WAD, as_band, now
from tests.pair_world import seen

FEE_BPS = 25
LOW, HIGH = "0x" + "11" * 20, "0x" + "ee" * 20


@dataclass
class PairMarket:
    asset: Any
    quote: Any
    pair: Any
    oracle: Any
    # Nothing is ever written to it
    unwritten: Any
    model: Oracle

    # ------------------------------------------------------------ the market

    def reserves(self) -> tuple[int, int]:
        """(asset, quote)"""
        reserve0, reserve1, _ = self.pair.getReserves()
        return (reserve1, reserve0) if self.model.asset_is_token1 else (reserve0, reserve1)

    def spot(self) -> int:
        asset, quote = self.reserves()
        return quote * self.model.quote_price // asset

    def swap(self, token: Any, amount: int) -> None:
        """Sell `amount` of a token to the pair."""
        asset, quote = self.reserves()
        held, wanted = (asset, quote) if token is self.asset else (quote, asset)
        paid = amount * (10_000 - FEE_BPS)
        out = paid * wanted // (held * 10_000 + paid)
        if out == 0 or out >= wanted:
            return
        token.mint(self.pair, amount)
        token_is_token0 = (token is self.asset) != self.model.asset_is_token1
        self.pair.swap(0 if token_is_token0 else out, out if token_is_token0 else 0, boa.env.eoa, b"")

    def move_to(self, price: int) -> None:
        """Trade until the spot price is about `price`; twice, because of the fee."""
        for _ in range(2):
            asset, quote = self.reserves()
            wanted = isqrt(asset * quote * self.model.quote_price // price)
            if wanted > asset:
                self.swap(self.asset, wanted - asset)
            elif wanted < asset:
                self.swap(self.quote, asset * quote // wanted - quote)

    def add_liquidity(self, bps: int) -> None:
        for token, held in zip((self.asset, self.quote), self.reserves(), strict=True):
            token.mint(self.pair, held * bps // 10_000)
        self.pair.mint(boa.env.eoa)

    def remove_liquidity(self, bps: int) -> None:
        amount = self.pair.balanceOf(boa.env.eoa) * bps // 10_000
        asset, quote = self.reserves()
        supply = self.pair.totalSupply()
        if min(amount * asset, amount * quote) >= supply:
            self.pair.transfer(self.pair, amount)
            self.pair.burn(boa.env.eoa)

    # ------------------------------------------------------------ the oracle

    def window(self) -> Window:
        return Window(**asdict(seen(self.pair.window(SLOW_BUCKETS))))

    def band(self) -> Band:
        return as_band(self.oracle.band(self.asset))

    def check(self) -> Band:
        """Every way to read the oracle gives the reference's answer, now."""
        window = self.window()
        expected = self.model.band(window)
        assert self.band() == expected
        uncached = as_band(self.unwritten.band(self.asset))
        if expected.low:
            assert uncached == expected
        else:
            assert (uncached.why, uncached.depth) == (expected.why, expected.depth)
            assert (uncached.liquidation_high, uncached.liquidation_low) == (0, 0)
        return expected

    def write(self, how: str) -> None:
        expected = self.model.write(self.window(), now())
        if how == "new_risk":
            assert self.oracle.new_risk_prices(self.asset) == (expected.low, expected.high, int(expected.why))
        elif how == "liquidation":
            answer = self.oracle.liquidation_prices(self.asset)
            assert answer == (expected.liquidation_high, expected.liquidation_low, expected.fresh)
        else:
            self.oracle.poke(self.asset)


def new_pair_market(
    asset_is_token1: bool = False,
    asset_decimals: int = 18,
    quote_decimals: int = 6,
    asset_units: int = 10_000,
    quote_units: int = 2_000_000,
    min_depth: int = 100_000 * WAD,
) -> PairMarket:
    token = load("testing/TestToken.vy")
    asset = token.deploy("AST", "AST", asset_decimals, override_address=HIGH if asset_is_token1 else LOW)
    quote = token.deploy("USD", "USD", quote_decimals, override_address=LOW if asset_is_token1 else HIGH)
    blueprint = load("amm/Pair.vy").deploy_as_blueprint()
    factory = load("amm/PairFactory.vy").deploy(blueprint, boa.env.eoa, FEE_BPS, 8, 25)
    pair = load("amm/Pair.vy").at(factory.createPair(asset, quote))
    asset.mint(pair, asset_units * 10**asset_decimals)
    quote.mint(pair, quote_units * 10**quote_decimals)
    pair.mint(boa.env.eoa)

    quote_price = 10 ** (36 - quote_decimals)
    oracles = []
    for _ in range(2):
        oracle = load("oracle/PriceOracle.vy").deploy()
        oracle.set_quote(quote, quote_price)
        oracle.set_source(asset, pair, quote, min_depth)
        oracles.append(oracle)
    return PairMarket(asset, quote, pair, oracles[0], oracles[1], Oracle(asset_is_token1, quote_price, min_depth))
