"""An account as the pool tells it, in words: what the liquidation engine reads."""

from __future__ import annotations

from typing import Any

from plimsoll.account_words import AccountState, decode


def account_state(pool: Any, account: Any) -> AccountState:
    return decode(pool.account_words(account))
