"""What the pool itself holds of a listing, whatever its configurator says."""

from typing import Any

import boa
import pytest

from plimsoll.reference.pool import Ramp, Reserve
from tests.accounts import account_state
from tests.config_words import pack_caps, pack_listing, pack_market, pack_ramp, places
from tests.conftest import load
from tests.pool_world import ZERO, World, logs


@pytest.fixture
def token() -> Any:
    return load("testing/TestToken.vy").deploy("New", "NEW", 18)


def configure(world: World, token: Any, by: str = "configurator", model: Any = None, stakers: Any = ZERO, **changes: Any) -> None:
    terms = Reserve(0, 18, lambda _: 0, 6_500, 11_000, 5_000)
    terms.__dict__.update(changes)
    rate_model = int(str(world.model["ETH"].address if model is None else model), 16)
    with boa.env.prank(world.address[by]):
        world.pool.configure(token, pack_market(rate_model, terms), pack_listing(terms), pack_caps(terms), pack_ramp(terms), stakers)


def test_configure__new_token__is_listed_with_ltv_0_until_seeded(world: World, token: Any) -> None:
    configure(world, token.address)
    (event,) = logs(world, "ReserveListed")
    assert (event.asset, event.id) == (token.address, 3)
    assert world.pool.reserves_count() == 4
    assert world.pool.reserve_at(3) == token.address
    state = world.pool.reserve_state(token.address)
    assert (state.id, state.cash, state.total_shares, state.fee_shares, state.debt, state.scaled_debt) == (3, 0, 0, 0, 0, 0)
    assert (state.ltv_bps, state.new_risk_ltv_bps, state.bonus_bps, state.reserve_factor_bps, state.seeded) == (0, 0, 11_000, 5_000, False)
    assert (state.index_ray, state.rate_model) == (10**27, world.model["ETH"].address)

    token.mint(world.address["keeper"], 10**15)
    with boa.env.prank(world.address["keeper"]):
        token.approve(world.pool.address, 10**15)
        world.pool.seed(token.address, 10**15)
    state = world.pool.reserve_state(token.address)
    assert (state.ltv_bps, state.new_risk_ltv_bps) == (6_500, 6_500)


def test_configure__not_listed__has_no_words(world: World, token: Any) -> None:
    with boa.reverts("pool: not listed"):
        world.pool.config_words(token.address)


def test_configure__all_words__are_kept_as_they_are(world: World, token: Any) -> None:
    terms: dict[str, Any] = {
        "reserve_factor_bps": 10_000,
        "paused_until": 2**26 - 1,
        "paused": frozenset({"supply", "flash"}),
        "origination_fee_bps": 500,
        "frozen": True,
        "ltv_bps": 1,
        "bonus_bps": 13_000,
        "depth_mode": 1,
        "supply_cap": 2**128 - 1,
        "debt_cap": 2**128 - 1,
        "ramp": Ramp(7_192, 1, 2**40 - 2, 2**40 - 1),
    }
    configure(world, token.address, stakers=world.address["stakers"], **terms)
    market, listing, caps, ramp, stakers = world.pool.config_words(token.address)
    told = Reserve(0, 18, lambda _: 0, 0, 0, 0)
    told.__dict__.update(terms)
    at = places()
    # with the pool's own bits: the reserve's id, its unit of fees, that it has caps; the token, its decimals
    own = 3 << at["ID_AT"] | 56 << at["FEE_SHIFT_AT"] | at["CAPPED"]
    assert market == pack_market(int(str(world.model["ETH"].address), 16), told) | own
    assert listing == pack_listing(told) | int(str(token.address), 16) | 12 << at["DECIMALS_AT"]
    assert (caps, ramp, stakers) == (pack_caps(told), pack_ramp(told), world.address["stakers"])


def test_configure__bits_that_are_the_pools__are_ignored(world: World) -> None:
    usd = world.token["USD"].address
    words = world.pool.config_words(usd)
    at, ones = places(), 2**256 - 1
    chosen = 2**160 - 1 | (2**14 - 1) << at["RESERVE_FACTOR_AT"] | (2**26 - 1) << at["PAUSED_UNTIL_AT"]
    chosen |= (2**9 - 1) << at["ORIGINATION_FEE_AT"] | at["FROZEN"] | 15 << 252
    market = words[0] & chosen | ones & ~chosen
    listing_bits = (2**14 - 1) << at["LTV_AT"] | (2**14 - 1) << at["BONUS_AT"] | 3 << at["DEPTH_MODE_AT"] | at["RAMPING"]
    listing = words[1] & listing_bits | ones & ~listing_bits
    with boa.env.prank(world.address["configurator"]):
        world.pool.configure(usd, market, listing, *words[2:])
    assert world.pool.config_words(usd) == words
    world.check()


@pytest.mark.parametrize("by", ["lender", "engine", "owner", "treasury", "attacker"])
def test_configure__not_the_configurator__reverts(world: World, token: Any, by: str) -> None:
    for asset in (token.address, world.token["USD"].address):
        with boa.reverts("pool: not configurator"):
            configure(world, asset, by=by)


@pytest.mark.parametrize("decimals", [0, 5, 19, 255])
def test_configure__decimals_out_of_bounds__reverts(world: World, decimals: int) -> None:
    odd = load("testing/TestToken.vy").deploy("Odd", "ODD", decimals)
    with boa.reverts():
        configure(world, odd.address)


@pytest.mark.parametrize("decimals", [6, 18])
def test_configure__decimals_at_the_bounds__is_listed(world: World, decimals: int) -> None:
    configure(world, load("testing/TestToken.vy").deploy("Edge", "EDGE", decimals).address)


# LTV <= 1 / bonus - 5 %: 1 / 1.1 - 0.05 = 85.909 %, 1 / 1 - 0.05 = 95 %, 1 / 1.3 - 0.05 = 71.92 %
BOUNDS = [(11_000, 8_590), (10_000, 9_500), (13_000, 7_192)]


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize(("bonus", "most"), BOUNDS)
def test_configure__ltv_at_and_above_what_the_bonus_allows(world: World, token: Any, bonus: int, most: int, listed: bool) -> None:
    asset = world.token["BTC"].address if listed else token.address
    for above in (most + 1, 10_000, 2**14 - 1):
        with boa.reverts():
            configure(world, asset, ltv_bps=above, bonus_bps=bonus)
    configure(world, asset, ltv_bps=most, bonus_bps=bonus)


@pytest.mark.parametrize(("bonus", "most"), BOUNDS)
def test_configure__either_end_of_a_ramp_above_what_the_bonus_allows__reverts(world: World, token: Any, bonus: int, most: int) -> None:
    start = boa.env.timestamp
    for begins, ends in ((most + 1, 0), (0, most + 1), (2**14 - 1, 0)):
        with boa.reverts():
            configure(world, token.address, ltv_bps=0, bonus_bps=bonus, ramp=Ramp(begins, ends, start, start + 1))
    configure(world, token.address, ltv_bps=0, bonus_bps=bonus, ramp=Ramp(most, most, start, start + 1))


@pytest.mark.parametrize("ends", [(6_499, 7_000), (7_000, 6_499), (0, 0)])
def test_configure__ltv_for_new_risk_above_an_end_of_the_ramp__reverts(world: World, token: Any, ends: tuple[int, int]) -> None:
    """What may just be borrowed is not liquidatable."""
    start = boa.env.timestamp
    with boa.reverts():
        configure(world, token.address, ramp=Ramp(*ends, start, start + 1))
    configure(world, token.address, ramp=Ramp(7_000, 6_500, start, start + 1))


@pytest.mark.parametrize("bonus", [0, 9_999, 13_001, 2**14 - 1])
def test_configure__bonus_out_of_bounds__reverts(world: World, token: Any, bonus: int) -> None:
    for asset in (token.address, world.token["USD"].address):
        with boa.reverts():
            configure(world, asset, ltv_bps=0, bonus_bps=bonus)


def test_configure__reserve_factor_above_100_percent__reverts(world: World, token: Any) -> None:
    for asset in (token.address, world.token["USD"].address):
        with boa.reverts():
            configure(world, asset, reserve_factor_bps=10_001)
        configure(world, asset, reserve_factor_bps=10_000)


def test_configure__no_rate_model__reverts(world: World, token: Any) -> None:
    for asset in (token.address, world.token["USD"].address):
        with boa.reverts():
            configure(world, asset, model=ZERO)


def test_configure__not_a_token__reverts(world: World) -> None:
    with boa.reverts():
        configure(world, world.address["lender"])


def test_configure__128_reserves__are_all_and_work_to_the_last(world: World) -> None:
    deployer = load("testing/TestToken.vy")
    for number in range(3, 127):
        configure(world, deployer.deploy("T", f"T{number}", 18).address)
    world.add("LAST")
    world.ledger.reserves["LAST"].id = 127
    assert world.pool.reserves_count() == 128
    with boa.reverts():
        configure(world, deployer.deploy("T", "T128", 18).address)
    world.seed("keeper", "LAST", 10**18)
    world.open("borrower", "LAST", 100 * 10**18, "USD", 8_000 * 10**6)
    world.travel(86_400)
    world.check_account("borrower")
    state = account_state(world.pool, world.address["borrower"])
    assert [c.asset for c in state.collaterals] == [world.address["LAST"]]


def test_configure__a_reserve_in_use__books_interest_at_the_old_terms_first(indebted: World) -> None:
    indebted.configure("USD", reserve_factor_bps=0)
    indebted.check()
    indebted.travel(86_400)
    indebted.check()


def test_configure__not_seeded_yet__another_model_and_factor(world: World, token: Any) -> None:
    configure(world, token.address)
    configure(world, token.address, model=world.model["USD"].address, reserve_factor_bps=1)
    state = world.pool.reserve_state(token.address)
    assert (state.rate_model, state.reserve_factor_bps, state.seeded) == (world.model["USD"].address, 1, False)
    assert world.pool.reserves_count() == 4
