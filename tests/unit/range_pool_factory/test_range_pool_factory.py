"""Tiers, owner, one address for each pool, known before it exists. (RNG-11)"""

from typing import Any

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak, to_checksum_address

from tests.conftest import load
from tests.pair_world import ZERO, in_order
from tests.range_world import new_range_factory

TIERS = {100: 1, 500: 10, 3_000: 60, 10_000: 200}


@pytest.fixture
def factory(owner: Any) -> Any:
    return new_range_factory(owner)


@pytest.fixture
def tokens(new_token: Any) -> tuple[Any, Any]:
    return in_order(new_token("AAA"), new_token("BBB"))


def events(factory: Any, name: str, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(e, f) for f in fields) for e in factory.get_logs() if type(e).__name__ == name]


def test_constructor__tiers_and_owner__are_uniswaps(factory: Any, owner: Any) -> None:
    assert {fee: factory.feeAmountTickSpacing(fee) for fee in TIERS} == TIERS
    assert factory.feeAmountTickSpacing(0) == 0
    assert factory.owner() == owner
    assert factory.parameters() == (ZERO, ZERO, ZERO, 0, 0)
    init_code = load("amm/RangePool.vy").compiler_data.bytecode
    assert factory.init_code_hash() == keccak(init_code)


def test_constructor__no_blueprint__reverts(owner: Any, new_token: Any) -> None:
    with boa.reverts("factory: not a blueprint"):
        load("amm/RangePoolFactory.vy").deploy(new_token("AAA"), owner)


@pytest.mark.parametrize("fee", TIERS)
@pytest.mark.parametrize("swapped", [False, True])
def test_create_pool__either_order__is_at_the_computed_address(factory: Any, tokens: Any, fee: int, swapped: bool) -> None:
    token0, token1 = tokens
    salt = keccak(encode(["address", "address", "uint24"], [token0.address, token1.address, fee]))
    expected = to_checksum_address(keccak(b"\xff" + bytes.fromhex(factory.address[2:]) + salt + factory.init_code_hash())[12:])
    pool = factory.createPool(*(reversed(tokens) if swapped else tokens), fee)
    fields = ("token0", "token1", "fee", "tickSpacing", "pool")
    assert events(factory, "PoolCreated", *fields) == [(token0.address, token1.address, fee, TIERS[fee], expected)]
    assert pool == factory.getPool(token0, token1, fee) == factory.getPool(token1, token0, fee) == expected
    made = load("amm/RangePool.vy").at(pool)
    assert (made.factory(), made.token0(), made.token1()) == (factory.address, token0.address, token1.address)
    assert (made.fee(), made.tickSpacing()) == (fee, TIERS[fee])
    # 2**128 - 1 over the number of ticks that can be used
    assert made.maxLiquidityPerTick() == (2**128 - 1) // (2 * (887_272 // TIERS[fee]) + 1)
    assert factory.parameters() == (ZERO, ZERO, ZERO, 0, 0)


def test_create_pool__bad_tokens_or_tier__reverts(factory: Any, tokens: Any) -> None:
    token0, token1 = tokens
    with boa.reverts(dev="equal tokens"):
        factory.createPool(token0, token0, 3_000)
    for pair in ((ZERO, token0), (token0, ZERO)):
        with boa.reverts(dev="zero address"):
            factory.createPool(*pair, 3_000)
    with boa.reverts(dev="no such fee tier"):
        factory.createPool(token0, token1, 2_999)
    factory.createPool(token0, token1, 3_000)
    for pair in ((token0, token1), (token1, token0)):
        with boa.reverts(dev="pool exists"):
            factory.createPool(*pair, 3_000)
    # another tier is another pool
    assert factory.createPool(token0, token1, 500) != factory.getPool(token0, token1, 3_000)


def test_enable_fee_amount__bounds_and_owner__are_kept(factory: Any, owner: Any, attacker: Any, tokens: Any) -> None:
    with boa.env.prank(attacker), boa.reverts(dev="not the owner"):
        factory.enableFeeAmount(200, 4)
    with boa.env.prank(owner):
        for fee, spacing, reason in (
            (1_000_000, 1, "fee"),
            (200, 0, "tick spacing"),
            (200, -1, "tick spacing"),
            (200, 16_384, "tick spacing"),
            (3_000, 1, "tier exists"),
        ):
            with boa.reverts(dev=reason):
                factory.enableFeeAmount(fee, spacing)
        factory.enableFeeAmount(999_999, 16_383)
    assert events(factory, "FeeAmountEnabled", "fee", "tickSpacing") == [(999_999, 16_383)]
    pool = load("amm/RangePool.vy").at(factory.createPool(*tokens, 999_999))
    assert (pool.fee(), pool.tickSpacing()) == (999_999, 16_383)


def test_set_owner__owner_alone__hands_over(factory: Any, owner: Any, attacker: Any, treasury: Any) -> None:
    with boa.env.prank(attacker), boa.reverts(dev="not the owner"):
        factory.setOwner(attacker)
    with boa.env.prank(owner):
        factory.setOwner(treasury)
    assert events(factory, "OwnerChanged", "oldOwner", "newOwner") == [(owner, treasury)]
    assert factory.owner() == treasury
    with boa.env.prank(owner), boa.reverts(dev="not the owner"):
        factory.setOwner(owner)
