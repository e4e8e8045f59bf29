"""Where everything lies in storage, and where the bits lie in the words. A change of either is meant, or found here."""

import json
from pathlib import Path
from typing import Any

import boa
import pytest

from plimsoll.reference.pool import RAY, fee_unit
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
    assert second == usd.index | boa.env.timestamp << 104 | usd.scaled_debt << 136 | usd.stored_rate << 240
    eth = indebted.reserve("ETH")
    first, second = (boa.env.get_storage(pool, slots["states"] + 2 * eth.id + word) for word in (0, 1))
    assert first == eth.cash | eth.total_shares << 104
    assert second & (2**104 - 1) == RAY
    assert second >> 136 == 0
    listing = boa.env.get_storage(pool, slots["listings"] + eth.id)
    assert listing == int(indebted.token["ETH"].address, 16) | 7_500 << 160 | 11_000 << 176
