"""A token that calls back finds every door locked, whichever function it was called from."""

from collections.abc import Callable
from typing import Any

import boa
import pytest

from tests.conftest import load
from tests.pool_world import ASSETS, World

BIG = 100 * 10**18
OUTER = ("seed", "supply", "withdraw", "borrow", "repay", "settle_liquidation")
# What nothing within a call changes, with their arguments
CONSTANT_VIEWS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    **{name: lambda _: () for name in ("oracle", "engine", "treasury", "configurator", "operators", "extension", "guards", "liquidations")},
    **{name: lambda _: () for name in ("borrow_limit_bps", "min_debt_wad", "reserves_count")},
    "reserve_at": lambda _: (0,),
    "config_words": lambda asset: (asset,),
    "maxFlashLoan": lambda asset: (asset,),
    "flashFee": lambda asset: (asset, 10**6),
}
LOCKED_VIEWS = ("account_words", "positions", "reserve_state", "supply_shares_of", "supply_of", "debt_of")


@pytest.fixture
def trap(reentering_token: Any) -> World:
    """The token itself is configurator, engine, lender and borrower, so that nothing but the lock stands in its way."""
    world = World(configurator=reentering_token.address)
    for symbol in ASSETS:
        world.add(symbol)
        world.seed("keeper", symbol, world.unit(symbol))
    world.supply("lender", "USD", 1_000_000 * 10**6)
    world.donate("USD", 1)
    world.add("TRAP", token=reentering_token, price=1_000)
    world.add("NEW")
    for name in ("borrower", "keeper"):
        world.mint(name, "TRAP", 10 * BIG)
    world.seed("keeper", "TRAP", BIG)
    world.supply("borrower", "TRAP", BIG)
    world.open("borrower", "ETH", BIG, "TRAP", 10**18)
    token, pool = reentering_token.address, world.pool
    world.add("NEW2", token=load("testing/ReenteringToken.vy").deploy("Second", "TRAP2", 18))
    world.mint("keeper", "NEW2", BIG)
    with boa.env.prank(token):
        for asset in ("USD", "ETH", "NEW"):
            world.token[asset].mint(token, BIG)
            world.token[asset].approve(pool.address, 2**256 - 1)
        pool.supply(world.address["ETH"], BIG // 2, token)
        pool.set_collateral(world.address["ETH"], True)
        pool.borrow(world.address["USD"], 1_000 * 10**6, token)
        pool.supply(world.address["USD"], 10**7, token)
        pool.set_engine(token, 0)
    return world


def inner_calls(world: World) -> dict[str, tuple[Any, ...]]:
    token, borrower = world.address["TRAP"], world.address["borrower"]
    usd, eth, new, trap = (world.address[asset] for asset in ("USD", "ETH", "NEW", "TRAP"))
    return {
        "configure": (eth, *world.pool.config_words(eth)),
        "set_oracle": (eth, 0),
        "set_engine": (eth, 0),
        "seed": (new, 10**18),
        "supply": (usd, 10**6, token),
        "withdraw": (eth, 10**18, token),
        "borrow": (usd, 10**6, token),
        "repay": (usd, 10**6, token),
        "repay_with_shares": (usd, 10**6, token),
        "transfer_shares": (eth, 10**20, borrower),
        "set_collateral": (new, True),
        "sweep": (usd,),
        "accrue": (usd,),
        "collect_fees": (usd,),
        "settle_liquidation": (token, token, token, usd, 10**6, world.reserve("ETH").id, 10**16, 0),
        "write_off": (token,),
        "account_words": (borrower,),
        "positions": (borrower,),
        "reserve_state": (trap,),
        "supply_shares_of": (borrower, trap),
        "supply_of": (borrower, trap),
        "debt_of": (borrower, trap),
    }


def outer_call(world: World, name: str) -> Callable[[], None]:
    pool, trap = world.pool, world.address["TRAP"]
    borrower, keeper = world.address["borrower"], world.address["keeper"]
    calls: dict[str, tuple[str, tuple[Any, ...]]] = {
        "seed": (keeper, (world.address["NEW2"], 10**18)),
        "supply": (keeper, (trap, 10**18, keeper)),
        "withdraw": (borrower, (trap, 10**18, borrower)),
        "borrow": (borrower, (trap, 10**17, borrower)),
        "repay": (borrower, (trap, 10**17, borrower)),
        "settle_liquidation": (
            trap,
            (borrower, keeper, keeper, trap, 10**17, world.reserve("ETH").id, 10**17, 0),
        ),
    }
    by, arguments = calls[name]

    def call() -> None:
        with boa.env.prank(by):
            getattr(pool, name)(*arguments)

    return call


@pytest.mark.parametrize("outer", OUTER)
def test_callback__into_any_external__is_locked_out(trap: World, outer: str) -> None:
    token = trap.token["NEW2" if outer == "seed" else "TRAP"]
    call = outer_call(trap, outer)
    for name, arguments in inner_calls(trap).items():
        function = getattr(trap.pool, name)
        payload = function.prepare_calldata(*arguments)
        with boa.env.anchor(), boa.env.prank(trap.address["TRAP"]):
            function(*arguments)  # from outside the same call by the same caller succeeds
        with boa.env.anchor():
            token.arm(trap.pool.address, payload, False)
            call()
            assert token.called(), name
            assert not token.succeeded(), f"{outer} -> {name}"
        with boa.env.anchor(), boa.reverts():
            token.arm(trap.pool.address, payload, True)
            call()


@pytest.mark.parametrize("view", CONSTANT_VIEWS)
def test_callback__into_constant_views__is_answered(trap: World, view: str) -> None:
    function = getattr(trap.pool, view)
    trap.token["TRAP"].arm(trap.pool.address, function.prepare_calldata(*CONSTANT_VIEWS[view](trap.address["USD"])), False)
    outer_call(trap, "supply")()
    assert trap.token["TRAP"].succeeded()


def test_inner_calls__are_all_externals_that_can_be_locked(trap: World) -> None:
    """A new external of the pool has to be added here."""
    names = {entry["name"] for entry in trap.pool.abi if entry["type"] == "function"}
    # tests/unit/lending_pool/test_flash_loan.py, test_defer.py
    calls_back = {"flashLoan", "defer"}
    assert names == set(inner_calls(trap)) | set(CONSTANT_VIEWS) | calls_back
    assert set(LOCKED_VIEWS) < set(inner_calls(trap))
