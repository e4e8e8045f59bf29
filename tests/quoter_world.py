"""Pairs, range pools and the quoter over them, on pyrevm or titanoboa, and beside each range pool its reference model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boa
from eth_abi import decode, encode
from eth_utils import keccak

from plimsoll.reference.range_pool import Position, RangePool, RangePoolError, Swap
from plimsoll.reference.tick_math import limits
from tests.position_world import uniswap_pool_code
from tests.revm import Machine, Outcome, blueprint_code, call_data, selector, vyper_code

OWNER = "0x" + "0e" * 20
START = 1_700_000_100
PAIR = 2**23
E18 = 10**18
Q96 = 2**96
# Of each token, in the trader's hands
STOCK = 2**200
LEAST, TOO_LARGE = limits()

QUOTE_TYPE = "(uint256,uint256[],uint256,uint256,uint256)"
TRANSFER = "transfer(address,uint256)"
SWAP = selector("swap(address,bool,int256,uint160,bytes)")
MINT = selector("mint(address,int24,int24,uint128,bytes)")


# Types of what a range pool's views answer
VIEWS = {
    "fee": "uint24",
    "tickSpacing": "int24",
    "tickBitmap": "uint256",
    "slot0": "uint160 int24 uint16 uint16 uint16 uint8 bool",
    "liquidity": "uint128",
    "feeGrowthGlobal0X128": "uint256",
    "feeGrowthGlobal1X128": "uint256",
    "protocolFees": "uint128 uint128",
    "ticks": "uint128 int128 uint256 uint256 int56 uint160 uint32 bool",
}


@dataclass(frozen=True)
class Quote:
    amount: int
    prices_after: tuple[int, ...]
    impact: int
    fee: int
    crossed: int


class QuoteError(Exception):
    """What the quoter reverts with."""


class Refused(Exception):
    """A swap that fails, or that leaves part of its amount unused."""


def signed(word: bytes) -> int:
    return int.from_bytes(word, "big", signed=True)


def in_order(a: str, b: str) -> tuple[str, str]:
    return (a, b) if int(a, 16) < int(b, 16) else (b, a)


class Boa:
    """titanoboa as a machine: slower, but it tells which lines have run."""

    def __init__(self) -> None:
        self.gas = 90_000_000
        self.evm = boa.env.evm

    def deploy(self, code: bytes, types: tuple[str, ...] = (), *args: Any) -> str:
        address, _ = boa.env.deploy_code(sender=OWNER, bytecode=code + encode(types, args))
        return str(address).lower()

    def send(self, sender: str, to: str, data: bytes) -> Outcome:
        computation = boa.env.execute_code(to, sender=sender, data=data, gas=self.gas)
        return Outcome(computation.is_success, computation.output)

    def must(self, sender: str, to: str, data: bytes) -> Outcome:
        outcome = self.send(sender, to, data)
        assert outcome.success, outcome.reason
        return outcome

    def view(self, to: str, data: bytes) -> bytes:
        return self.must(OWNER, to, data).data

    def number_of(self, to: str, signature: str, *words: int | str) -> int:
        return int.from_bytes(self.view(to, call_data(signature, *words))[:32], "big")


@dataclass
class Pool:
    """A range pool and its model."""

    world: "World"
    address: str
    model: RangePool

    def mint(self, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        """By the trader, who pays exactly what is asked for."""
        world = self.world
        payload = MINT + encode(["address", "int24", "int24", "uint128", "bytes"], [world.trader, lower, upper, liquidity, b""])
        answer = world.make(self.address, payload)
        assert answer.success, answer.reason
        amounts = self.model.mint(world.trader, lower, upper, liquidity)
        assert decode(["uint256", "uint256"], answer.data) == amounts
        return amounts

    def try_swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> Outcome:
        if limit is None:
            limit = LEAST + 1 if zero_for_one else TOO_LARGE - 1
        payload = SWAP + encode(["address", "bool", "int256", "uint160", "bytes"], [self.world.trader, zero_for_one, amount, limit, b""])
        return self.world.make(self.address, payload)

    def swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> Swap:
        """In the contract and in the model; what the contract said. The model's error if both refuse."""
        answer = self.try_swap(zero_for_one, amount, limit)
        if not answer.success:
            self.model.copy().swap(zero_for_one, amount, limit)
        assert answer.success, answer.reason
        seen = self.model.swap(zero_for_one, amount, limit)
        assert (signed(answer.data[:32]), signed(answer.data[32:64])) == (seen.amount0, seen.amount1)
        return seen

    @property
    def slot0(self) -> tuple[int, int]:
        answer = self.world.machine.view(self.address, call_data("slot0()"))
        return int.from_bytes(answer[:32], "big"), signed(answer[32:64])

    def check(self) -> None:
        """The contract and the model are in the same state, in every field of theirs."""
        assert RangePool.load(self.view, self.words()) == RangePool(**{**vars(self.model), "positions": {}})
        for (_, lower, upper), position in self.model.positions.items():
            assert self.position(lower, upper) == position

    def modify(self, signature: str, *args: Any) -> Outcome:
        """A call of the trader with static arguments."""
        types = signature[signature.index("(") + 1 : -1].split(",")
        return self.world.make(self.address, selector(signature) + encode(types, args))

    def burn(self, lower: int, upper: int, liquidity: int) -> None:
        answer = self.modify("burn(int24,int24,uint128)", lower, upper, liquidity)
        assert answer.success, answer.reason
        assert decode(["uint256", "uint256"], answer.data) == self.model.burn(self.world.trader, lower, upper, liquidity)

    def collect(self, lower: int, upper: int, requested: tuple[int, int]) -> None:
        answer = self.modify("collect(address,int24,int24,uint128,uint128)", self.world.trader, lower, upper, *requested)
        assert answer.success, answer.reason
        assert decode(["uint256", "uint256"], answer.data) == self.model.collect(self.world.trader, lower, upper, requested)

    def flash(self, amount0: int, amount1: int) -> None:
        """Given back with exactly the fee (the trader is asked for the fee alone)."""
        plan = encode(["(int256,int256,(address,bytes,bool)[],string)"], [(amount0, amount1, [], "")])
        payload = selector("flash(address,uint256,uint256,bytes)") + encode(
            ["address", "uint256", "uint256", "bytes"], [self.world.trader, amount0, amount1, plan]
        )
        answer = self.world.make(self.address, payload)
        assert answer.success, answer.reason
        self.model.flash(amount0, amount1, *self.model.flash_fees(amount0, amount1))

    def set_fee_protocol(self, share0: int, share1: int) -> None:
        self.world.machine.must(OWNER, self.address, call_data("setFeeProtocol(uint8,uint8)", share0, share1))
        self.model.set_fee_protocol(share0, share1)

    def collect_protocol(self, requested: tuple[int, int]) -> None:
        data = call_data("collectProtocol(address,uint128,uint128)", OWNER, *requested)
        answer = self.world.machine.must(OWNER, self.address, data)
        assert decode(["uint256", "uint256"], answer.data) == self.model.collect_protocol(requested)

    def position(self, lower: int, upper: int) -> Position:
        """As the contract holds the trader's."""
        types = ["uint128", "uint256", "uint256", "uint128", "uint128"]
        packed = bytes.fromhex(self.world.trader[2:]) + b"".join(tick.to_bytes(3, "big", signed=True) for tick in (lower, upper))
        answer = decode(types, self.world.machine.view(self.address, selector("positions(bytes32)") + keccak(packed)))
        return RangePool(0, 1).load_position(self.world.trader, lower, upper, answer)

    def words(self) -> list[int]:
        return sorted({tick // self.model.spacing >> 8 for tick in self.model.ticks})

    def view(self, name: str, *args: int) -> Any:
        """As `RangePool.load` wants it."""
        types = {"tickBitmap": ["int16"], "ticks": ["int24"]}.get(name, [])
        answer = self.world.machine.view(self.address, selector(f"{name}({','.join(types)})") + encode(types, args))
        values = decode(VIEWS[name].split(), answer)
        return values[0] if len(values) == 1 else values


@dataclass
class World:
    tokens: list[str]
    machine: Machine | Boa
    pair_factory: str
    range_factory: str
    quoter: str
    # Holds all tokens, pays for whatever it makes
    trader: str
    pools: dict[tuple[str, str, int], Pool] = field(default_factory=dict)
    pairs: dict[tuple[str, str], str] = field(default_factory=dict)
    fee_bps: int = 25

    @classmethod
    def create(
        cls, tokens: int = 3, fee_bps: int = 25, tiers: tuple[tuple[int, int], ...] = (), slow: bool = False, uniswap: bool = False
    ) -> "World":
        """`tiers`: (fee, spacing) beside the usual ones; `uniswap`: with Uniswap's own pools."""
        machine = Boa() if slow else Machine(OWNER, START)
        blueprint = machine.deploy(blueprint_code(vyper_code("amm/Pair.vy")))
        types = ("address", "address", "uint256", "uint256", "uint256")
        pair_factory = machine.deploy(vyper_code("amm/PairFactory.vy"), types, blueprint, OWNER, fee_bps, 8, 25)
        blueprint = machine.deploy(blueprint_code(uniswap_pool_code() if uniswap else vyper_code("amm/RangePool.vy")))
        range_factory = machine.deploy(vyper_code("amm/RangePoolFactory.vy"), ("address", "address"), blueprint, OWNER)
        for fee, spacing in tiers:
            machine.must(OWNER, range_factory, call_data("enableFeeAmount(uint24,int24)", fee, spacing))
        quoter = machine.deploy(vyper_code("amm/Quoter.vy"), ("address", "address"), pair_factory, range_factory)
        trader = machine.deploy(vyper_code("testing/RangePoolCallee.vy"))
        made = [machine.deploy(vyper_code("testing/TestToken.vy"), ("string", "string", "uint8"), f"T{i}", f"T{i}", 18) for i in range(tokens)]
        for token in made:
            machine.must(OWNER, token, call_data("mint(address,uint256)", trader, STOCK))
        return cls(sorted(made, key=lambda token: int(token, 16)), machine, pair_factory, range_factory, quoter, trader, fee_bps=fee_bps)

    def make(self, target: str, payload: bytes) -> Outcome:
        return self.machine.send(OWNER, self.trader, selector("make(address,bytes)") + encode(["address", "bytes"], [target, payload]))

    # ------------------------------------------------------------ pools and pairs

    def add_pool(self, token_a: str, token_b: str, fee: int, price: int = Q96) -> Pool:
        token0, token1 = in_order(token_a, token_b)
        outcome = self.machine.must(OWNER, self.range_factory, call_data("createPool(address,address,uint24)", token0, token1, fee))
        address = "0x" + outcome.data[-20:].hex()
        spacing = self.machine.number_of(address, "tickSpacing()")
        pool = self.pools[token0, token1, fee] = Pool(self, address, RangePool(fee, spacing))
        if price:
            self.machine.must(OWNER, address, call_data("initialize(uint160)", price))
            pool.model.initialize(price)
        return pool

    def add_pair(self, token_a: str, token_b: str, amount0: int, amount1: int) -> str:
        """Amounts of the lower and of the higher token."""
        token0, token1 = in_order(token_a, token_b)
        outcome = self.machine.must(OWNER, self.pair_factory, call_data("createPair(address,address)", token0, token1))
        pair = self.pairs[token0, token1] = "0x" + outcome.data[-20:].hex()
        if amount0 or amount1:
            self.give(pair, token0, amount0)
            self.give(pair, token1, amount1)
            self.machine.must(OWNER, pair, call_data("mint(address)", self.trader))
        return pair

    def give(self, to: str, token: str, amount: int) -> None:
        outcome = self.make(token, call_data(TRANSFER, to, amount))
        assert outcome.success

    def balance(self, token: str, holder: str | None = None) -> int:
        return self.machine.number_of(token, "balanceOf(address)", holder or self.trader)

    def reserves(self, pair: str) -> tuple[int, int]:
        answer = self.machine.view(pair, call_data("getReserves()"))
        return int.from_bytes(answer[:32], "big"), int.from_bytes(answer[32:64], "big")

    def swap_in_pair(self, token_in: str, token_out: str, amount_in: int, amount_out: int) -> bool:
        """Returns whether the pair accepts; if not, the input is lost."""
        token0, token1 = in_order(token_in, token_out)
        pair = self.pairs[token0, token1]
        self.give(pair, token_in, amount_in)
        outs = (0, amount_out) if token_in == token0 else (amount_out, 0)
        types = ["uint256", "uint256", "address", "bytes"]
        return self.make(pair, selector(f"swap({','.join(types)})") + encode(types, [*outs, self.trader, b""])).success

    def would_swap_in_pair(self, token_in: str, token_out: str, amount_in: int, amount_out: int) -> bool:
        with self.trial():
            return self.swap_in_pair(token_in, token_out, amount_in, amount_out)

    # ------------------------------------------------------------ the quoter

    def _ask(self, data: bytes) -> bytes:
        outcome = self.machine.send(OWNER, self.quoter, data)
        if not outcome.success:
            raise QuoteError(outcome.reason)
        return outcome.data

    def quote(self, exact_in: bool, amount: int, tokens: list[str], fees: list[int]) -> Quote:
        name = "quote_exact_in" if exact_in else "quote_exact_out"
        data = selector(f"{name}(uint256,address[],uint24[])") + encode(["uint256", "address[]", "uint24[]"], [amount, tokens, fees])
        answer = decode([QUOTE_TYPE], self._ask(data))[0]
        return Quote(answer[0], tuple(answer[1]), *answer[2:])

    def zap_pair(self, token0: str, token1: str, amount0: int, amount1: int) -> tuple[bool, int]:
        data = call_data("zap_in_pair(address,address,uint256,uint256)", token0, token1, amount0, amount1)
        zero_for_one, amount = decode(["bool", "uint256"], self._ask(data))
        return zero_for_one, amount

    def zap_range(self, pool: Pool, lower: int, upper: int, amount0: int, amount1: int) -> tuple[bool, int, int]:
        key = next(key for key, value in self.pools.items() if value is pool)
        return self.zap_in(*key, lower, upper, amount0, amount1)

    def zap_in(self, *args: Any) -> tuple[bool, int, int]:
        types = ["address", "address", "uint24", "int24", "int24", "uint256", "uint256"]
        answer = self._ask(selector(f"zap_in_range({','.join(types)})") + encode(types, args))
        zero_for_one, amount, price = decode(["bool", "uint256", "uint256"], answer)
        return zero_for_one, amount, price

    # ------------------------------------------------------------ execution, hop by hop

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is done within is undone, in the contracts and in the models.

        A snapshot that is not undone would cost pyrevm one of its 1,024 levels of calls.
        """
        snapshot = self.machine.evm.snapshot()
        models = {key: pool.model.copy() for key, pool in self.pools.items()}
        pairs = dict(self.pairs)
        try:
            yield
        finally:
            self.machine.evm.revert(snapshot)
            self.pools = {key: self.pools[key] for key in models}
            for key, model in models.items():
                self.pools[key].model = model
            self.pairs = pairs

    def execute(self, exact_in: bool, amount: int, tokens: list[str], fees: list[int]) -> tuple[int, int]:
        """Swap along a path in earnest; (what the first token cost, what of the last one came), by the trader's balances."""
        first, last = tokens[0], tokens[-1]
        before = self.balance(first), self.balance(last)
        hops = list(zip(tokens, tokens[1:], fees, strict=False))
        for token_in, token_out, fee in hops if exact_in else reversed(hops):
            amount = self._execute_hop(exact_in, amount, token_in, token_out, fee)
        return before[0] - self.balance(first), self.balance(last) - before[1]

    def _execute_hop(self, exact_in: bool, amount: int, token_in: str, token_out: str, fee: int) -> int:
        token0, token1 = in_order(token_in, token_out)
        if amount == 0:
            raise Refused
        if fee != PAIR:
            try:
                done = self.pools[token0, token1, fee].swap(token_in == token0, amount if exact_in else -amount)
            except RangePoolError as error:
                raise Refused from error
            if done.unused:
                raise Refused
            return done.received if exact_in else done.paid
        reserves = self.reserves(self.pairs[token0, token1])
        reserve_in, reserve_out = reserves if token_in == token0 else reserves[::-1]
        net = 10_000 - self.fee_bps
        if exact_in:
            # The most that the pair lets go
            paid, out = amount, reserve_out - -(-reserve_in * reserve_out * 10_000 // (reserve_in * 10_000 + amount * net))
            assert not self.would_swap_in_pair(token_in, token_out, paid, out + 1)
        else:
            if amount >= reserve_out:
                raise Refused
            # Uniswap V2's router: the quotient plus 1
            paid, out = reserve_in * amount * 10_000 // ((reserve_out - amount) * net) + 1, amount
            assert paid < 2 or not self.would_swap_in_pair(token_in, token_out, paid - 2, out)
        if not self.swap_in_pair(token_in, token_out, paid, out):
            raise Refused
        return out if exact_in else paid
