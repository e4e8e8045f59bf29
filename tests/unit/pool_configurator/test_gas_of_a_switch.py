"""Another oracle for a full pool has to fit in a block of 30 million: 128 reserves on real pairs, compiled contracts on pyrevm."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.pair_world import START
from tests.revm import Machine, blueprint_code, call_data, vyper_code

OWNER = "0x" + "0e" * 20
BLOCK_GAS = 30_000_000
# with which it is certain to end
PLENTY = 200_000_000
RESERVES = 128
WAD, DAY, BUCKET = 10**18, 86_400, 180
HISTORY = 24


@dataclass
class Full:
    """A pool with all the reserves that it takes, and three oracles that say the same."""

    chain: Machine
    configurator: str
    oracles: Sequence[str]
    tokens: Sequence[str]
    pairs: Sequence[str]

    def call(self, to: str, signature: str, *words: int | str) -> int:
        """Gas of the transaction, as the chain charges it."""
        self.chain.must(OWNER, to, call_data(signature, *words))
        return int(self.chain.evm.result.gas_used)

    def switch(self, number: int) -> int:
        return self.call(self.configurator, "set_oracle(address)", self.oracles[number])

    def trade(self) -> None:
        for _ in range(HISTORY):
            self.chain.set_time(self.chain.now + BUCKET)
            for pair in self.pairs:
                self.call(pair, "sync()")

    def idle(self, seconds: int) -> None:
        """Nobody trades: the buckets are rebuilt from the present, which costs the oracle most."""
        self.chain.set_time(self.chain.now + seconds)

    def poke(self) -> None:
        self.idle(BUCKET - self.chain.now % BUCKET)
        for oracle in self.oracles:
            for token in self.tokens:
                self.call(oracle, "poke(address)", token)


def full(sources: int, with_feed: bool) -> Full:
    chain = Machine(OWNER, START, gas=PLENTY)
    chain.evm.set_balance(OWNER, 10**30)

    def deploy(path: str, *parts: tuple[str, object]) -> str:
        return chain.deploy(vyper_code(path), tuple(kind for kind, _ in parts), *(value for _, value in parts))

    def call(to: str, signature: str, *words: int | str) -> None:
        chain.must(OWNER, to, call_data(signature, *words))

    def token(symbol: str, decimals: int) -> str:
        return deploy("testing/TestToken.vy", ("string", symbol), ("string", symbol), ("uint8", decimals))

    blueprint = chain.deploy(blueprint_code(vyper_code("amm/Pair.vy")))
    numbers = [("uint256", n) for n in (25, 8, 25)]
    factory = deploy("amm/PairFactory.vy", ("address", blueprint), ("address", OWNER), *numbers)
    quotes = [token(symbol, 6) for symbol in ("USD", "EUR")]
    tokens = [token(f"T{number}", 18) for number in range(RESERVES)]
    pools: dict[tuple[str, str], str] = {}
    for asset in tokens:
        for quote in quotes[:sources]:
            call(factory, "createPair(address,address)", asset, quote)
            pair = "0x" + chain.view(factory, call_data("getPair(address,address)", asset, quote))[12:].hex()
            call(asset, "mint(address,uint256)", pair, 10_000 * WAD)
            call(quote, "mint(address,uint256)", pair, 2_000_000 * 10**6)
            call(pair, "mint(address)", OWNER)
            pools[asset, quote] = pair
    feeds = [deploy("testing/ScriptedFeed.vy", ("uint8", 8), ("int256", 200 * 10**8)) for _ in tokens]
    market = Full(chain, "", [], tokens, list(pools.values()))
    market.trade()

    def oracle() -> str:
        address = deploy("oracle/PriceOracle.vy")
        for quote in quotes:
            call(address, "set_quote(address,uint256)", quote, 10**30)
        for asset, feed in zip(tokens, feeds, strict=True):
            if sources == 2:
                words = (asset, pools[asset, quotes[1]], quotes[1], 10**23)
                call(address, "set_second_source(address,address,address,uint256)", *words)
            if with_feed:
                call(address, "set_feed(address,address,bool,uint256,uint256,uint256)", asset, feed, 0, 3 * DAY, 10**8, 10**12)
            call(address, "set_source(address,address,address,uint256)", asset, pools[asset, quotes[0]], quotes[0], 10**23)
        return address

    market.oracles = [oracle() for _ in range(3)]
    people = [("address", OWNER)] * 3
    market.configurator = deploy("lending/PoolConfigurator.vy", *people)
    parts = [deploy("periphery/Operators.vy"), deploy("lending/PoolExtension.vy")]
    addresses = [("address", a) for a in (market.configurator, *parts)]
    pool = deploy("lending/LendingPool.vy", ("address", OWNER), ("uint256", 8_000), ("uint256", 100 * WAD), *addresses)
    call(market.configurator, "attach(address)", pool)
    market.switch(0)
    rates = [("uint256", n) for n in (0, 5 * 10**16, 8 * WAD, 85 * 10**16)]
    model = deploy("lending/JumpRateModel.vy", *rates)
    for asset in tokens:
        words = (asset, model, 7_500 if with_feed else 6_500, 11_000, 5_000)
        call(market.configurator, "list_reserve(address,address,uint256,uint256,uint256)", *words)
    # feeds of three days, and pairs in which nobody has traded for two hours
    market.idle(2 * 3_600)
    return market


@pytest.mark.parametrize("sources, with_feed", [(1, False), (1, True), (2, False)])
def test_set_oracle__128_reserves__fits_in_a_block_also_when_it_is_the_second_of_a_day(sources: int, with_feed: bool) -> None:
    market = full(sources, with_feed)
    assert market.switch(1) < BLOCK_GAS
    market.idle(DAY - 7 * 3_600)
    # three oracles are compared
    assert market.switch(2) < BLOCK_GAS


def test_set_oracle__128_reserves_with_all_that_an_asset_can_have__the_second_of_a_day_takes_pokes() -> None:
    """Two sources and a feed each: the first switch fits. Whoever needs another one within the day, and has more than 110 such reserves, lets
    all assets be poked in both oracles before it, in the same three minutes: anyone may."""
    market = full(2, True)
    assert market.switch(1) < BLOCK_GAS
    market.idle(DAY - 7 * 3_600)
    with_all_three = market.switch(2)
    assert BLOCK_GAS < with_all_three < BLOCK_GAS * RESERVES // 110
    market.poke()
    assert market.switch(1) < BLOCK_GAS // 2
