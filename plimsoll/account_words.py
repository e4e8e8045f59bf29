"""An account as LendingPool tells it to the liquidation engine: two words for each asset (ILendingPool.account_words)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from eth_utils.address import to_checksum_address

from plimsoll.abi import parse_function

ACCOUNT_WORDS = parse_function("account_words(address)", ["address", "uint256[]", "uint256[]"])

# Of the first word, lowest bits first
FIELDS = {"asset": 160, "ltv_bps": 14, "bonus_bps": 14, "decimals": 4, "depth_mode": 2, "ramping": 1, "new_risk_ltv_bps": 14, "id": 7}


class Holding(NamedTuple):
    """What an account has enabled as collateral, or owes, interest included (raw units)."""

    asset: str
    amount: int
    ltv_bps: int = 0
    new_risk_ltv_bps: int = 0
    bonus_bps: int = 0
    depth_mode: int = 0
    id: int = 0


class AccountState(NamedTuple):
    oracle: str
    collaterals: list[Holding]
    debts: list[Holding]


def decode(answer: Sequence[Any]) -> AccountState:
    """From (oracle, words of collaterals, words of debts)."""
    oracle, collaterals, debts = answer
    return AccountState(str(to_checksum_address(oracle)), _holdings(collaterals), _holdings(debts))


def _holdings(words: Sequence[int]) -> list[Holding]:
    found = []
    for word, amount in zip(words[::2], words[1::2], strict=True):
        fields: dict[str, int] = {}
        for name, bits in FIELDS.items():
            fields[name] = word % 2**bits
            word >>= bits
        known = {name: fields[name] for name in Holding._fields if name in fields and name != "asset"}
        found.append(Holding(str(to_checksum_address(f"0x{fields['asset']:040x}")), amount, **known))
    return found
