"""The words of a reserve's configuration, packed by the places that contracts/modules/reserve_slots.vy gives them."""

from __future__ import annotations

import functools
import re

from plimsoll.reference.pool import BORROW, COLLATERAL, FLASH, SUPPLY, Reserve
from tests.conftest import ROOT

FLAGS = {SUPPLY: "PAUSED_SUPPLY", BORROW: "PAUSED_BORROW", COLLATERAL: "PAUSED_COLLATERAL", FLASH: "PAUSED_FLASH"}
CONSTANT = re.compile(r"^(\w+): constant\(uint256\) = (\d+(?: << \d+)?)$", re.MULTILINE)


@functools.cache
def places() -> dict[str, int]:
    source = (ROOT / "contracts" / "modules" / "reserve_slots.vy").read_text()
    found = {}
    for name, value in CONSTANT.findall(source):
        bit, _, at = value.partition(" << ")
        found[name] = int(bit) << int(at or 0)
    return found


def pack_market(rate_model: int, terms: Reserve) -> int:
    at = places()
    word = rate_model | terms.reserve_factor_bps << at["RESERVE_FACTOR_AT"] | terms.paused_until << at["PAUSED_UNTIL_AT"]
    word |= terms.origination_fee_bps << at["ORIGINATION_FEE_AT"] | (at["FROZEN"] if terms.frozen else 0)
    for action in terms.paused:
        word |= at[FLAGS[action]]
    return word


def pack_listing(terms: Reserve) -> int:
    at = places()
    word = terms.ltv_bps << at["LTV_AT"] | terms.bonus_bps << at["BONUS_AT"] | terms.depth_mode << at["DEPTH_MODE_AT"]
    return word | (at["RAMPING"] if terms.ramp else 0)


def pack_caps(terms: Reserve) -> int:
    return terms.supply_cap | terms.debt_cap << 128


def pack_ramp(terms: Reserve) -> int:
    at, ramp = places(), terms.ramp
    if ramp is None:
        return 0
    return ramp.from_bps | ramp.to_bps << at["RAMP_TO_AT"] | ramp.start << at["RAMP_START_AT"] | ramp.end << at["RAMP_END_AT"]
