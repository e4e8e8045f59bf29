"""A pair of two tokens with its exact-integer model beside it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boa
import pytest
from eth_abi import encode

from plimsoll.reference import pair as reference
from tests.conftest import load
from tests.pair_world import START, in_order, new_factory, new_pair, set_time

E18 = 10**18


@dataclass
class Market:
    factory: Any
    pair: Any
    token0: Any
    token1: Any
    model: reference.Pair
    lender: Any

    @property
    def reserves(self) -> tuple[int, int]:
        reserve0, reserve1, _ = self.pair.getReserves()
        return reserve0, reserve1

    @property
    def balances(self) -> tuple[int, int]:
        return self.token0.balanceOf(self.pair), self.token1.balanceOf(self.pair)

    def give(self, amount0: int, amount1: int) -> None:
        for token, amount in ((self.token0, amount0), (self.token1, amount1)):
            if amount:
                token.mint(self.pair, amount)

    def provide(self, amount0: int, amount1: int) -> int:
        self.give(amount0, amount1)
        self.model.mint(amount0, amount1)
        return int(self.pair.mint(self.lender))

    def swap(self, in0: int, in1: int, out0: int, out1: int, to: Any = None, sender: Any = None) -> None:
        self.give(in0, in1)
        self.pair.swap(out0, out1, to or self.lender, b"", sender=sender or self.lender)
        self.model.swap(in0, in1, out0, out1)

    def sell(self, amount: int, zero_for_one: bool = True) -> int:
        """A swap for as much as the model says that the pair gives."""
        out = self.model.amount_out(amount, zero_for_one)
        self.swap(*((amount, 0, 0, out) if zero_for_one else (0, amount, out, 0)))
        return out

    def agrees(self) -> None:
        model = self.model
        assert self.reserves == (model.reserve0, model.reserve1)
        assert (self.pair.totalSupply(), self.pair.kLast()) == (model.supply, model.k_last)


@pytest.fixture
def new_market(owner, lender, new_token) -> Callable[..., Market]:
    def create(fee_bps: int = 25, share: tuple[int, int] = (8, 25), tokens: tuple[Any, Any] | None = None) -> Market:
        set_time(START)
        factory = new_factory(owner, fee_bps, *share)
        token0, token1 = in_order(*(tokens or (new_token("AAA"), new_token("BBB"))))
        return Market(factory, new_pair(factory, token0, token1), token0, token1, reference.Pair(fee_bps, share), lender)

    return create


@pytest.fixture
def market(new_market) -> Market:
    """1,000 : 4,000"""
    market = new_market()
    market.provide(1_000 * E18, 4_000 * E18)
    return market


@pytest.fixture
def callee():
    return load("testing/PairCallee.vy").deploy()


def instructions(*calls: tuple[Any, bytes, bool]) -> bytes:
    """Data for PairCallee: (target, call data, must succeed)."""
    return encode(["(address,bytes,bool)[]"], [[(target.address, data, must) for target, data, must in calls]])


def call_data(contract: Any, name: str, *args: Any) -> bytes:
    function = getattr(contract, name)
    return bytes(function.prepare_calldata(*args))


def logs(contract: Any, *names: str) -> list[tuple[Any, ...]]:
    """(name, fields ...) of the events of the last call, in order, those of other contracts too."""
    events = [(type(e).__name__, *e[1:]) for e in contract.get_logs()]
    return [e for e in events if not names or e[0] in names]


def reverts(reason: str | None = None) -> Any:
    return boa.reverts(f"UniswapV2: {reason}") if reason else boa.reverts()
