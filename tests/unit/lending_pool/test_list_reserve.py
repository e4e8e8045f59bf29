from typing import Any

import boa
import pytest

from tests.conftest import load
from tests.pool_world import ZERO, World, logs


@pytest.fixture
def token() -> Any:
    return load("testing/TestToken.vy").deploy("New", "NEW", 18)


def list_reserve(world: World, token: Any, by: str = "owner", **changes: Any) -> None:
    terms = {"model": world.model["ETH"].address, "ltv": 6_500, "bonus": 11_000, "factor": 5_000} | changes
    with boa.env.prank(world.address[by]):
        world.pool.list_reserve(token, terms["model"], terms["ltv"], terms["bonus"], terms["factor"])


def test_list_reserve__new_token__is_listed_with_ltv_0_until_seeded(world: World, token: Any) -> None:
    list_reserve(world, token.address)
    (event,) = logs(world, "ReserveListed")
    model = world.model["ETH"].address
    assert (event.asset, event.id, event.rate_model) == (token.address, 3, model)
    assert (event.ltv_bps, event.bonus_bps, event.reserve_factor_bps) == (6_500, 11_000, 5_000)
    assert world.pool.reserves_count() == 4
    assert world.pool.reserve_at(3) == token.address
    state = world.pool.reserve_state(token.address)
    assert (state.id, state.cash, state.total_shares, state.fee_shares, state.debt, state.scaled_debt) == (3, 0, 0, 0, 0, 0)
    assert (state.ltv_bps, state.bonus_bps, state.reserve_factor_bps, state.seeded) == (0, 11_000, 5_000, False)
    assert (state.index_ray, state.rate_model) == (10**27, model)

    world.address["NEW"], world.token["NEW"] = token.address, token
    token.mint(world.address["keeper"], 10**15)
    with boa.env.prank(world.address["keeper"]):
        token.approve(world.pool.address, 10**15)
        world.pool.seed(token.address, 10**15)
    assert world.pool.reserve_state(token.address).ltv_bps == 6_500


@pytest.mark.parametrize("by", ["lender", "engine"])
def test_list_reserve__not_the_owner__reverts(world: World, token: Any, by: str) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        list_reserve(world, token.address, by=by)


def test_list_reserve__listed_before__reverts(world: World) -> None:
    with boa.reverts("pool: already listed"):
        list_reserve(world, world.token["USD"].address)


@pytest.mark.parametrize("decimals", [0, 5, 19, 255])
def test_list_reserve__decimals_out_of_bounds__reverts(world: World, decimals: int) -> None:
    odd = load("testing/TestToken.vy").deploy("Odd", "ODD", decimals)
    with boa.reverts("pool: bad decimals"):
        list_reserve(world, odd.address)


@pytest.mark.parametrize("decimals", [6, 18])
def test_list_reserve__decimals_at_the_bounds__is_listed(world: World, decimals: int) -> None:
    list_reserve(world, load("testing/TestToken.vy").deploy("Edge", "EDGE", decimals).address)


# LTV <= 1 / bonus - 5 %: 1 / 1.1 - 0.05 = 85.909 %, 1 / 1 - 0.05 = 95 %, 1 / 1.5 - 0.05 = 61.67 %
@pytest.mark.parametrize(("bonus", "most"), [(11_000, 8_590), (10_000, 9_500), (13_000, 7_192)])
def test_list_reserve__ltv_at_and_above_what_the_bonus_allows(world: World, token: Any, bonus: int, most: int) -> None:
    with boa.reverts("pool: bad ltv"):
        list_reserve(world, token.address, ltv=most + 1, bonus=bonus)
    list_reserve(world, token.address, ltv=most, bonus=bonus)


def test_list_reserve__absurd_ltv__reverts(world: World, token: Any) -> None:
    with boa.reverts("pool: bad ltv"):
        list_reserve(world, token.address, ltv=2**256 - 1)


@pytest.mark.parametrize("bonus", [0, 9_999, 15_001, 2**256 - 1])
def test_list_reserve__bonus_out_of_bounds__reverts(world: World, token: Any, bonus: int) -> None:
    with boa.reverts("pool: bad bonus"):
        list_reserve(world, token.address, ltv=0, bonus=bonus)


def test_list_reserve__reserve_factor_above_100_percent__reverts(world: World, token: Any) -> None:
    with boa.reverts("pool: bad reserve factor"):
        list_reserve(world, token.address, factor=10_001)
    list_reserve(world, token.address, factor=10_000)


def test_list_reserve__no_rate_model__reverts(world: World, token: Any) -> None:
    with boa.reverts("pool: zero address"):
        list_reserve(world, token.address, model=ZERO)


def test_list_reserve__not_a_token__reverts(world: World) -> None:
    with boa.reverts():
        list_reserve(world, world.address["lender"])


def test_list_reserve__128_reserves__are_all_and_work_to_the_last(world: World) -> None:
    deployer = load("testing/TestToken.vy")
    for number in range(3, 127):
        list_reserve(world, deployer.deploy("T", f"T{number}", 18).address)
    world.add("LAST")
    world.ledger.reserves["LAST"].id = 127
    assert world.pool.reserves_count() == 128
    with boa.reverts("pool: too many reserves"):
        list_reserve(world, deployer.deploy("T", "T128", 18).address)
    world.seed("keeper", "LAST", 10**18)
    world.open("borrower", "LAST", 100 * 10**18, "USD", 8_000 * 10**6)
    world.travel(86_400)
    world.check_account("borrower")
    state = world.pool.account_state(world.address["borrower"])
    assert [c.asset for c in state.collaterals] == [world.address["LAST"]]
