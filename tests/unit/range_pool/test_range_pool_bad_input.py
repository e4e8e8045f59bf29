"""Each bad input is refused with Uniswap V3's reason, and moves nothing. (RNG-10)"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boa
import pytest

from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.conftest import load
from tests.range_world import HIGHEST, LOWEST, MAX_128, Q96, RangeWorld, Refused, plan

E18 = 10**18
Attempt = Callable[[RangeWorld], Any]


@contextmanager
def refused(reason: str) -> Iterator[None]:
    with pytest.raises(Refused) as error:
        yield
    assert str(error.value) == reason


@pytest.fixture
def world(owner: Any, new_token: Any) -> RangeWorld:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"))
    world.fund()
    world.mint(-600, 600, 1_000 * E18)
    return world


REFUSED: dict[str, tuple[str, Attempt]] = {
    "initialize again": ("AI", lambda w: w.direct("initialize", Q96)),
    "mint, equal ticks": ("TLU", lambda w: w.mint(60, 60, 1)),
    "mint, ticks out of order": ("TLU", lambda w: w.mint(120, 60, 1)),
    "mint, lower beyond the limit": ("TLM", lambda w: w.mint(-887_280, 60, 1)),
    "mint, upper beyond the limit": ("TUM", lambda w: w.mint(60, 887_280, 1)),
    "mint, off spacing": ("", lambda w: w.mint(-61, 60, 1)),
    "mint, off spacing above": ("", lambda w: w.mint(-60, 61, 1)),
    "mint of nothing": ("", lambda w: w.mint(-60, 60, 0)),
    "mint above int128": ("", lambda w: w.mint(-60, 60, 2**127)),
    "mint, too much on a tick": ("LO", lambda w: w.mint(-60, 60, w.pool.maxLiquidityPerTick() + 1)),
    "mint, token0 not paid": ("M0", lambda w: w.mint(-60, 60, E18, plan(beyond0=-1))),
    "mint, token1 not paid": ("M1", lambda w: w.mint(-60, 60, E18, plan(beyond1=-1))),
    "mint, callback fails": ("no thanks", lambda w: w.mint(-60, 60, E18, plan(reason="no thanks"))),
    "burn more than there is": ("LS", lambda w: w.call("burn", -600, 600, 1_001 * E18)),
    "burn of somebody else's": ("LS", lambda w: w.direct("burn", -600, 600, 1)),
    "burn of a range that nobody has": ("LS", lambda w: w.call("burn", -60, 60, 1)),
    "poke of nothing": ("NP", lambda w: w.call("burn", -60, 60, 0)),
    "burn, ticks out of order": ("TLU", lambda w: w.call("burn", 600, -600, 1)),
    "swap of nothing": ("AS", lambda w: w.swap(True, 0)),
    "swap down, limit above": ("SPL", lambda w: w.swap(True, E18, Q96)),
    "swap down, limit at the end": ("SPL", lambda w: w.swap(True, E18, LOWEST - 1)),
    "swap up, limit below": ("SPL", lambda w: w.swap(False, E18, Q96)),
    "swap up, limit at the end": ("SPL", lambda w: w.swap(False, E18, HIGHEST + 1)),
    "swap down, not paid": ("IIA", lambda w: w.swap(True, E18, data=plan(beyond0=-1))),
    "swap up, not paid": ("IIA", lambda w: w.swap(False, E18, data=plan(beyond1=-1))),
    "flash, token0 not returned": ("F0", lambda w: w.call("flash", w.callee, E18, E18, plan(E18 - 1, E18))),
    "flash, token1 not returned": ("F1", lambda w: w.call("flash", w.callee, E18, E18, plan(E18, E18 - 1))),
    "flash above the balance": ("TF", lambda w: w.call("flash", w.callee, 10**24, 0, b"")),
    "observe before the beginning": ("OLD", lambda w: w.direct("observe", [1])),
    "snapshot, ticks out of order": ("TLU", lambda w: w.direct("snapshotCumulativesInside", 600, -600)),
    "snapshot of ticks that are not initialised": ("", lambda w: w.direct("snapshotCumulativesInside", -600, 660)),
    "fee of the protocol by anyone": ("", lambda w: w.direct("setFeeProtocol", 4, 4)),
    "collect of the protocol by anyone": ("", lambda w: w.direct("collectProtocol", w.callee, 1, 1)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input__each__reverts_with_its_reason_and_moves_nothing(world: RangeWorld, case: str) -> None:
    reason, attempt = REFUSED[case]
    before = world.state()
    with refused(reason):
        attempt(world)
    assert world.state() == before
    # and the pool is not locked
    world.swap(True, E18)


@pytest.mark.parametrize("share", [(1, 0), (0, 3), (11, 4), (4, 255)])
def test_set_fee_protocol__out_of_bounds__reverts(world: RangeWorld, owner: Any, share: tuple[int, int]) -> None:
    with boa.env.prank(owner), boa.reverts(dev="share"):
        world.pool.setFeeProtocol(*share)
    assert world.pool.slot0()[5] == 0


BEFORE: dict[str, tuple[str, Attempt]] = {
    "mint": ("LOK", lambda w: w.mint(-60, 60, 1)),
    "burn": ("LOK", lambda w: w.call("burn", -60, 60, 0)),
    "collect": ("LOK", lambda w: w.call("collect", w.callee, -60, 60, 1, 1)),
    "swap": ("LOK", lambda w: w.swap(True, 1)),
    "flash": ("LOK", lambda w: w.call("flash", w.callee, 1, 1, b"")),
    "grow": ("LOK", lambda w: w.direct("increaseObservationCardinalityNext", 2)),
    "observe": ("I", lambda w: w.direct("observe", [0])),
    "initialize below": ("R", lambda w: w.direct("initialize", LOWEST - 2)),
    "initialize above": ("R", lambda w: w.direct("initialize", HIGHEST + 1)),
    "initialize at zero": ("R", lambda w: w.direct("initialize", 0)),
}


@pytest.mark.parametrize("case", BEFORE)
def test_not_initialised__each_call__reverts_with_its_reason(owner: Any, new_token: Any, case: str) -> None:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"), initialised=False)
    reason, attempt = BEFORE[case]
    with refused(reason):
        attempt(world)
    assert tuple(world.pool.slot0()) == (0, 0, 0, 0, 0, 0, False)
    assert world.pool.window(10)[0] == 0


@pytest.mark.parametrize("price, tick", [(LOWEST - 1, -887_272), (HIGHEST, 887_271), (sqrt_ratio_at_tick(-1), -1)])
def test_initialize__ends_of_the_price__succeeds(owner: Any, new_token: Any, price: int, tick: int) -> None:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"), initialised=False)
    world.pool.initialize(price)
    assert tuple(world.pool.slot0()) == (price, tick, 0, 1, 1, 0, True)


def test_flash__nothing_in_range__reverts(owner: Any, new_token: Any) -> None:
    world = RangeWorld.create(owner, new_token("AAA"), new_token("BBB"))
    with refused("L"):
        world.call("flash", world.callee, 0, 0, b"")


REENTERING: dict[str, Callable[[RangeWorld], bytes]] = {
    "mint": lambda w: w.data("mint", w.callee, -60, 60, 1, b""),
    "burn": lambda w: w.data("burn", -600, 600, 0),
    "collect": lambda w: w.data("collect", w.callee, -600, 600, MAX_128, MAX_128),
    "swap": lambda w: w.data("swap", w.callee, True, 1, LOWEST, b""),
    "flash": lambda w: w.data("flash", w.callee, 1, 1, b""),
    "grow": lambda w: w.data("increaseObservationCardinalityNext", 9),
    "fee": lambda w: w.data("setFeeProtocol", 4, 4),
    "take fees": lambda w: w.data("collectProtocol", w.callee, 1, 1),
}


@pytest.mark.parametrize("inner", REENTERING)
@pytest.mark.parametrize("outer", ["mint", "swap", "flash"])
def test_callback__that_re_enters__reverts_locked(world: RangeWorld, outer: str, inner: str) -> None:
    before = world.state()
    data = plan(calls=[(world.pool, REENTERING[inner](world), True)])
    with refused("LOK"):
        if outer == "mint":
            world.mint(-60, 60, E18, data)
        elif outer == "swap":
            world.swap(True, E18, data=data)
        else:
            world.call("flash", world.callee, 1, 1, data)
    assert world.state() == before


def test_callback__reads_the_pool__sees_it_locked_and_moved(world: RangeWorld) -> None:
    world.swap(True, 10 * E18, data=plan(calls=[(world.pool, world.data("slot0"), True)]))
    price, unlocked = (int.from_bytes(world.answers[0][i : i + 32], "big") for i in (0, 192))
    assert price == world.pool.slot0()[0] < Q96
    assert unlocked == 0
    assert world.pool.slot0()[6] is True


@pytest.mark.parametrize("outer", ["collect", "swap", "flash"])
def test_token__that_re_enters_on_a_payment__finds_the_pool_locked(owner: Any, reentering_token: Any, new_token: Any, outer: str) -> None:
    world = RangeWorld.create(owner, reentering_token, new_token("BBB"))
    world.fund()
    world.mint(-600, 600, 1_000 * E18)
    world.call("burn", -600, 600, E18)
    first = reentering_token.address == world.token0.address
    reentering_token.arm(world.pool, world.data("burn", -600, 600, 0), True)
    with refused("TF"):
        if outer == "collect":
            world.call("collect", world.callee, -600, 600, MAX_128, MAX_128)
        elif outer == "swap":
            world.swap(not first, E18)
        else:
            world.call("flash", world.callee, E18, E18, plan(E18, E18))


def test_token__that_takes_a_fee__cannot_be_paid_in(owner: Any, fee_token: Any, new_token: Any) -> None:
    world = RangeWorld.create(owner, fee_token, new_token("BBB"))
    world.fund()
    with refused("M0" if fee_token.address == world.token0.address else "M1"):
        world.mint(-60, 60, E18)
    assert world.pool.liquidity() == 0


def test_token__that_lies_about_its_transfers__is_refused(owner: Any, new_token: Any) -> None:
    lying = load("testing/LyingToken.vy").deploy()
    world = RangeWorld.create(owner, lying, new_token("BBB"))
    first = lying.address == world.token0.address
    world.token1.mint(world.callee, 10**30) if first else world.token0.mint(world.callee, 10**30)
    # it has not moved what it says it has
    with refused("M0" if first else "M1"):
        world.mint(-60, 60, E18)
    # balances are what it says: this one has nothing to send
    lying.set_balance(world.pool, 10**30)
    lying.set_answer(b"", True)
    before = world.pool.liquidity()
    with refused(""):
        world.mint(-60, 60, E18)
    assert world.pool.liquidity() == before


def test_token__without_an_answer__works(owner: Any, no_return_token: Any, new_token: Any) -> None:
    world = RangeWorld.create(owner, no_return_token, new_token("BBB"))
    world.fund()
    world.mint(-600, 600, 1_000 * E18)
    held = no_return_token.balanceOf(world.callee)
    world.swap(no_return_token.address == world.token1.address, E18)
    assert no_return_token.balanceOf(world.callee) > held
