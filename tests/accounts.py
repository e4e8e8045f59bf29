"""An account as the pool tells it, in words: what the liquidation engine reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plimsoll.account_words import FIELDS, AccountState, Holding, decode


def account_state(pool: Any, account: Any) -> AccountState:
    return decode(pool.account_words(account))


def encode(holdings: Iterable[Holding]) -> list[int]:
    """The words of these."""
    words: list[int] = []
    for holding in holdings:
        word, at = 0, 0
        for name, bits in FIELDS.items():
            value = int(holding.asset, 16) if name == "asset" else getattr(holding, name, 0)
            word |= value << at
            at += bits
        words += [word, holding.amount]
    return words
