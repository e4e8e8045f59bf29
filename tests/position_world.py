"""Position managers on pyrevm: ours, and Uniswap's NonfungiblePositionManager (npm @uniswap/v3-periphery 1.4.4), on pools of either kind."""

import functools
import json
import re
from dataclasses import dataclass, field
from typing import Any

from eth_abi import decode, encode
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference import tick_math
from tests.conftest import ROOT
from tests.revm import MAX, Log, Machine, Outcome, blueprint_code, call_data, selector, vyper_code

OWNER = "0x" + "0e" * 20
ZERO = "0x" + "00" * 20
START = 1_700_000_100
MAX_128 = 2**128 - 1
Q96 = 2**96
MIN_PRICE, MAX_PRICE = tick_math.limits()
FEES = {100: 1, 500: 10, 3_000: 60, 10_000: 200}

KEYS = [keccak(text=f"position actor {i}") for i in range(4)]
ACTORS = [Account.from_key(key).address.lower() for key in KEYS]

MINT = "mint((address,address,uint24,int24,int24,uint256,uint256,uint256,uint256,address,uint256))"
INCREASE = "increaseLiquidity((uint256,uint256,uint256,uint256,uint256,uint256))"
DECREASE = "decreaseLiquidity((uint256,uint128,uint256,uint256,uint256))"
COLLECT = "collect((uint256,address,uint128,uint128))"
BURN = "burn(uint256)"
COMPOUND = "compound(uint256,uint256,uint256,uint256)"
MOVE = "move_range(uint256,int24,int24,uint256,uint256,uint256)"
POSITION_TYPES = ["uint96", "address", "address", "address", "uint24", "int24", "int24", "uint128", "uint256", "uint256", "uint128", "uint128"]


OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")


@functools.cache
def _artifact(package: str, name: str) -> bytes:
    path = ROOT / "node_modules/@uniswap" / package / "artifacts/contracts" / f"{name}.sol" / f"{name}.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))


def uniswap_pool_code() -> bytes:
    return _artifact("v3-core", "UniswapV3Pool")


def uniswap_manager_code(pool_code: bytes) -> bytes:
    """For pools with this init code: the hash that the manager computes addresses from stands exactly once in its code."""
    code = _artifact("v3-periphery", "NonfungiblePositionManager")
    published = keccak(uniswap_pool_code())
    assert code.count(published) == 1
    return code.replace(published, keccak(pool_code))


def data_of(signature: str, *args: Any) -> bytes:
    """Call data of any arguments; a struct is a tuple."""
    return selector(signature) + encode(_types(signature), args)


@functools.cache
def _types(signature: str) -> list[str]:
    """Arguments' types, on the outermost level."""
    text = signature[signature.index("(") + 1 : -1]
    types, depth, start = [], 0, 0
    for i, char in enumerate(text + ","):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            types.append(text[start:i])
            start = i + 1
    return [t for t in types if t]


@dataclass(frozen=True)
class Position:
    nonce: int
    operator: str
    token0: str
    token1: str
    fee: int
    lower: int
    upper: int
    liquidity: int
    growth0: int
    growth1: int
    owed0: int
    owed1: int


@dataclass
class World:
    """A chain with a factory, a wrapper and one manager; after equal steps its addresses are those of any other such chain."""

    uniswap_manager: bool = False
    uniswap_pool: bool = False
    machine: Machine = field(init=False)
    factory: str = field(init=False)
    wrapper: str = field(init=False)
    manager: str = field(init=False)
    # Swaps with tokens of its own, and can hold positions
    trader: str = field(init=False)
    # In order; one of them is the wrapper
    tokens: list[str] = field(init=False)

    def __post_init__(self) -> None:
        machine = self.machine = Machine(OWNER, START)
        pool_code = uniswap_pool_code() if self.uniswap_pool else vyper_code("amm/RangePool.vy")
        blueprint = machine.deploy(blueprint_code(pool_code))
        self.factory = machine.deploy(vyper_code("amm/RangePoolFactory.vy"), ("address", "address"), blueprint, OWNER)
        self.wrapper = machine.deploy(vyper_code("testing/WrappedNative.vy"))
        if self.uniswap_manager:
            code = uniswap_manager_code(pool_code)
            self.manager = machine.deploy(code, ("address", "address", "address"), self.factory, self.wrapper, ZERO)
        else:
            self.manager = machine.deploy(vyper_code("amm/PositionManager.vy"), ("address", "address"), self.factory, self.wrapper)
        code = vyper_code("testing/TestToken.vy")
        plain = [machine.deploy(code, ("string", "string", "uint8"), "T", "T", 18) for _ in range(2)]
        self.trader = machine.deploy(vyper_code("testing/RangePoolCallee.vy"))
        self.tokens = sorted([*plain, self.wrapper], key=lambda token: int(token, 16))
        for holder in [*ACTORS, self.trader]:
            for token in plain:
                machine.must(OWNER, token, call_data("mint(address,uint256)", holder, 2**120))
            machine.evm.set_balance(OWNER, 2**100)
            self.pay(OWNER, self.wrapper, selector("deposit()"), 2**96)
            machine.must(OWNER, self.wrapper, call_data("transfer(address,uint256)", holder, 2**96))
            machine.evm.set_balance(holder, 2**96)
        for actor in ACTORS:
            for token in self.tokens:
                machine.must(actor, token, call_data("approve(address,uint256)", self.manager, MAX))

    # ------------------------------------------------------------------ calls

    def pay(self, sender: str, to: str, data: bytes, amount: int) -> Outcome:
        """As `Machine.send`, with native coin."""
        evm = self.machine.evm
        try:
            answer = evm.message_call(sender, to, data, value=amount, gas=self.machine.gas)
        except RuntimeError as error:
            output = OUTPUT.search(str(error))
            return Outcome(False, bytes.fromhex(output[1]) if output else b"")
        finally:
            evm.reset_transient_storage()
        logs = tuple(Log(log.address.lower(), tuple(log.data[0]), bytes(log.data[1])) for log in evm.result.logs)
        return Outcome(True, bytes(answer), logs)

    def call(self, sender: str, signature: str, *args: Any, value: int = 0) -> Outcome:
        """The manager"""
        return self.pay(sender, self.manager, data_of(signature, *args), value)

    def must(self, sender: str, signature: str, *args: Any, value: int = 0) -> Outcome:
        outcome = self.call(sender, signature, *args, value=value)
        assert outcome.success, (signature, outcome.reason)
        return outcome

    def answer(self, signature: str, types: str, *args: Any) -> tuple[Any, ...]:
        """Of a view of the manager"""
        return decode(types.split(), self.machine.view(self.manager, data_of(signature, *args)))

    # ------------------------------------------------------------------ pools

    def create_pool(self, token0: str, token1: str, fee: int, price: int) -> str:
        signature = "createAndInitializePoolIfNecessary(address,address,uint24,uint160)"
        return "0x" + self.must(OWNER, signature, token0, token1, fee, price).data[-20:].hex()

    def swap(self, pool: str, zero_for_one: bool, amount: int, limit: int = 0) -> Outcome:
        limit = limit or (MIN_PRICE + 1 if zero_for_one else MAX_PRICE - 1)
        data = data_of("swap(address,bool,int256,uint160,bytes)", self.trader, zero_for_one, amount, limit, b"")
        return self.machine.send(OWNER, self.trader, data_of("make(address,bytes)", pool, data))

    def price(self, pool: str) -> tuple[int, int]:
        """Price and tick"""
        return decode(["uint160", "int24"], self.machine.view(pool, selector("slot0()"))[:64])

    def balance(self, token: str, holder: str) -> int:
        return self.machine.number_of(token, "balanceOf(address)", holder)

    # ------------------------------------------------------------------ positions

    def position(self, token_id: int) -> Position:
        return Position(*decode(POSITION_TYPES, self.machine.view(self.manager, data_of("positions(uint256)", token_id))))

    def mint(self, sender: str, *args: Any, value: int = 0) -> tuple[int, int, int, int]:
        """(tokenId, liquidity, amount0, amount1)"""
        return decode(["uint256", "uint128", "uint256", "uint256"], self.must(sender, MINT, args, value=value).data)
