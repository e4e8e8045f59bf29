"""Where everything lies in storage, and where the bits lie in the words. A change of either is meant, or found here."""

import json
from pathlib import Path
from typing import Any

import boa
import pytest
from eth_utils.crypto import keccak

from plimsoll.reference.pool import PAUSES, RAY, Ramp, fee_unit
from tests.conftest import load
from tests.pool_world import World

GOLDEN = Path(__file__).parent / "storage_layout.json"


def layout() -> dict[str, Any]:
    found = load("lending/LendingPool.vy").compiler_data.storage_layout
    answer: dict[str, Any] = json.loads(json.dumps(found))
    return answer


def test_storage_layout__as_in_the_golden_file() -> None:
    assert layout() == json.loads(GOLDEN.read_text())


@pytest.fixture
def slots() -> dict[str, int]:
    return {name: entry["slot"] for name, entry in layout()["storage_layout"]["reserve_slots"].items()}


def test_reserve_words__bits__as_documented(indebted: World, slots: dict[str, int]) -> None:
    pool = indebted.pool.address
    indebted.accrue("USD")
    usd = indebted.reserve("USD")
    first, second = (boa.env.get_storage(pool, slots["states"] + 2 * usd.id + word) for word in (0, 1))
    assert first == usd.cash | usd.total_shares << 104 | usd.fee_shares // fee_unit(6) << 228 | 1 << 255
    assert second == usd.index >> 24 | boa.env.timestamp << 80 | usd.scaled_debt << 112 | usd.borrow_rate // 10**8 << 216
    eth = indebted.reserve("ETH")
    first, second = (boa.env.get_storage(pool, slots["states"] + 2 * eth.id + word) for word in (0, 1))
    assert first == eth.cash | eth.total_shares << 104
    assert (second & (2**80 - 1)) << 24 == RAY
    assert second >> 112 == 0
    listing = boa.env.get_storage(pool, slots["listings"] + eth.id)
    # 100 ETH of one account with debt, in units of 2^62 shares, each a millionth of a raw unit
    counted = -(-100 * 10**24 // 2**62)
    assert listing == int(indebted.token["ETH"].address, 16) | 7_500 << 160 | 11_000 << 174 | 12 << 188 | 0 << 192 | counted << 195


@pytest.mark.parametrize(("mode", "risk"), [(0, 8_500 * 11_000), (1, 0)])
def test_market_word__bits__as_documented(indebted: World, slots: dict[str, int], mode: int, risk: int) -> None:
    indebted.set_depth_mode("USD", mode)
    usd = indebted.reserve("USD")
    place = keccak(slots["markets"].to_bytes(32, "big") + bytes(12) + bytes.fromhex(str(indebted.token["USD"].address)[2:]))
    market = boa.env.get_storage(indebted.pool.address, int.from_bytes(place, "big"))
    model = int(indebted.model["USD"].address, 16)
    assert market == model | usd.id << 160 | 5_000 << 167 | 16 << 181 | 1 << 187 | risk << 188
    listing = boa.env.get_storage(indebted.pool.address, slots["listings"] + usd.id)
    assert listing == int(indebted.token["USD"].address, 16) | 8_500 << 160 | 11_000 << 174 | 0 << 188 | mode << 192


def test_configuration_words__bits__as_documented(world: World, slots: dict[str, int]) -> None:
    now = boa.env.timestamp
    ramp = Ramp(8_500, 8_000, now, now + 86_400)
    world.configure(
        "USD",
        origination_fee_bps=500,
        stakers="stakers",
        supply_cap=2**128 - 1,
        debt_cap=2**127,
        frozen=True,
        paused=frozenset(PAUSES),
        paused_until=2**26 - 1,
        ltv_bps=8_000,
        ramp=ramp,
    )
    pool, usd = world.pool.address, world.reserve("USD")
    place = keccak(slots["markets"].to_bytes(32, "big") + bytes(12) + bytes.fromhex(str(world.token["USD"].address)[2:]))
    market = boa.env.get_storage(pool, int.from_bytes(place, "big"))
    assert market >> 215 == 2**26 - 1 | 500 << 26 | 1 << 35 | 1 << 36 | 15 << 37
    assert boa.env.get_storage(pool, slots["listings"] + usd.id) >> 194 == 1
    assert boa.env.get_storage(pool, slots["caps"] + usd.id) == 2**128 - 1 | 2**127 << 128
    assert boa.env.get_storage(pool, slots["ramps"] + usd.id) == 8_500 | 8_000 << 14 | now << 28 | (now + 86_400) << 68
    assert boa.env.get_storage(pool, slots["stakers"] + usd.id) == int(world.address["stakers"], 16)
