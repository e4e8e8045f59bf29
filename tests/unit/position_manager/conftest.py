"""A manager with one pool at the price 1, in which somebody else has liquidity everywhere."""

from dataclasses import dataclass
from typing import Any

import boa
import pytest

from plimsoll.reference import range_pool as reference
from plimsoll.reference.tick_math import limits, sqrt_ratio_at_tick
from tests.conftest import load
from tests.pair_world import START, in_order, set_time
from tests.position_world import Position

E18 = 10**18
Q96 = 2**96
MAX = 2**256 - 1
MAX_128 = 2**128 - 1
FEE = 3_000
FULL = 887_220
FOREVER = 2**64
MIN_PRICE, MAX_PRICE = limits()


@dataclass
class Market:
    factory: Any
    manager: Any
    wrapper: Any
    token0: Any
    token1: Any
    pool: Any
    callee: Any
    # Has the positions that the tests look at
    lender: Any

    @property
    def tokens(self) -> tuple[Any, Any]:
        return self.token0, self.token1

    def fund(self, account: Any, amount: int = 10**9 * E18) -> None:
        """And allow the manager to take it"""
        for token in self.tokens:
            if token.address == self.wrapper.address:
                boa.env.set_balance(getattr(account, "address", account), amount)
                token.deposit(value=amount, sender=getattr(account, "address", account))
            else:
                token.mint(account, amount)
            token.approve(self.manager, MAX, sender=getattr(account, "address", account))

    def params(self, lower: int = -600, upper: int = 600, amount0: int = E18, amount1: int = E18, **changes: Any) -> tuple[Any, ...]:
        fields = {
            "token0": self.token0.address,
            "token1": self.token1.address,
            "fee": FEE,
            "lower": lower,
            "upper": upper,
            "amount0": amount0,
            "amount1": amount1,
            "min0": 0,
            "min1": 0,
            "recipient": self.lender,
            "deadline": FOREVER,
        }
        assert changes.keys() <= fields.keys()
        return tuple({**fields, **changes}.values())

    def mint(self, lower: int = -600, upper: int = 600, amount0: int = E18, amount1: int = E18, **changes: Any) -> int:
        """Id of a position of the lender's."""
        return int(self.manager.mint(self.params(lower, upper, amount0, amount1, **changes), sender=self.lender)[0])

    def swap(self, amount: int, zero_for_one: bool = True) -> None:
        limit = MIN_PRICE + 1 if zero_for_one else MAX_PRICE - 1
        swap = self.pool.swap.prepare_calldata(self.callee.address, zero_for_one, amount, limit, b"")
        outcome = boa.env.raw_call(self.callee.address, data=self.callee.make.prepare_calldata(self.pool, swap))
        assert outcome.is_success, outcome.error

    def trade(self, amount: int = 10 * E18) -> None:
        """There and back, for fees in both tokens."""
        self.swap(amount)
        self.swap(amount, False)

    @property
    def price(self) -> int:
        return int(self.pool.slot0()[0])

    def position(self, token_id: int) -> "Position":
        return Position(*self.manager.positions(token_id))

    def balances(self, account: Any) -> tuple[int, int]:
        return self.token0.balanceOf(account), self.token1.balanceOf(account)

    def gained(self, account: Any, before: tuple[int, int]) -> tuple[int, int]:
        after = self.balances(account)
        return after[0] - before[0], after[1] - before[1]

    def liquidity_for(self, lower: int, upper: int, amount0: int, amount1: int) -> int:
        """As a client would reckon: exact integers, with the one rounding that Uniswap makes in between."""
        low, high, price = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper), self.price
        inside = min(max(price, low), high)
        of0 = amount0 * (inside * high // Q96) // (high - inside) if inside < high else MAX
        of1 = amount1 * Q96 // (inside - low) if inside > low else MAX
        return min(of0, of1)

    def amounts_for(self, lower: int, upper: int, liquidity: int, up: bool) -> tuple[int, int]:
        return reference.amounts_for_liquidity(liquidity, self.price, sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper), up)


def new_market(lender: Any, token_a: Any, token_b: Any, wrapper: Any) -> Market:
    blueprint = load("amm/RangePool.vy").deploy_as_blueprint()
    factory = load("amm/RangePoolFactory.vy").deploy(blueprint, boa.env.generate_address())
    manager = load("amm/PositionManager.vy").deploy(factory, wrapper)
    token0, token1 = in_order(token_a, token_b)
    pool = load("amm/RangePool.vy").at(manager.createAndInitializePoolIfNecessary(token0, token1, FEE, Q96))
    return Market(factory, manager, wrapper, token0, token1, pool, load("testing/RangePoolCallee.vy").deploy(), lender)


def with_liquidity(market: Market) -> Market:
    market.fund(market.lender)
    market.fund(market.callee)
    other = boa.env.generate_address("other")
    market.fund(other)
    market.manager.mint(market.params(-FULL, FULL, 1_000 * E18, 1_000 * E18, recipient=other), sender=other)
    return market


@pytest.fixture
def wrapper() -> Any:
    return load("testing/WrappedNative.vy").deploy()


@pytest.fixture
def market(lender: Any, new_token: Any, wrapper: Any) -> Market:
    set_time(START)
    return with_liquidity(new_market(lender, new_token("AAA"), new_token("BBB"), wrapper))


@pytest.fixture
def native(lender: Any, new_token: Any, wrapper: Any) -> Market:
    """One of the tokens is the wrapped native coin."""
    set_time(START)
    return with_liquidity(new_market(lender, wrapper, new_token("BBB"), wrapper))


def logs(contract: Any, *names: str) -> list[tuple[Any, ...]]:
    """(name, fields ...) of the contract's own events of the last call, in order."""
    events = [(type(e).__name__, *e[1:]) for e in contract.get_logs() if getattr(e, "address", contract.address) == contract.address]
    return [e for e in events if not names or e[0] in names]
