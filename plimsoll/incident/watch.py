"""What happens to the accounts of one lending pool over a day: liquidations, delays, and whether each was deserved. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from plimsoll.accounting import Delays

WAD = 10**18

# An account is liquidated wrongly if its usage at the true price stayed below 99 % throughout the last 15 minutes
DESERVED_SECONDS = 900
DESERVED_USAGE_WAD = 99 * 10**16


@dataclass(frozen=True)
class Liquidated:
    block: int
    ts: int
    account: int
    repaid_wad: int
    seized_wad: int
    wrongful: bool
    delay_blocks: int


@dataclass
class Watch:
    """Give it each block's liquidations first, then the state at the block's end."""

    accounts: int
    rows: list[Liquidated] = field(default_factory=list)
    delays: Delays = field(default_factory=Delays)
    written_off: int = 0
    # (account, block) at whose end a liquidation was possible and did not pay
    unprofitable: int = 0
    hot_ts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hot_ts = [-(2**40)] * self.accounts

    def liquidated(self, block: int, ts: int, account: int, repaid_wad: int, seized_wad: int) -> None:
        wrongful = ts - self.hot_ts[account] > DESERVED_SECONDS
        wait = self.delays.liquidated(block, str(account))
        self.rows.append(Liquidated(block, ts, account, repaid_wad, seized_wad, wrongful, wait))

    def end_of_block(self, block: int, ts: int, true_usages: Sequence[int], liquidatable: Iterable[int]) -> None:
        """`true_usages`: WAD, at the true price."""
        for i, usage in enumerate(true_usages):
            if usage >= DESERVED_USAGE_WAD:
                self.hot_ts[i] = ts
        self.delays.end_of_block(block, [str(i) for i in liquidatable])

    def figures(self, block: int, debt_wad: int, uncovered_wad: int) -> dict[str, Any]:
        """What is told of it; `debt_wad`: all debt at the start."""
        bad = self.written_off + uncovered_wad
        return {
            "liquidations": len(self.rows),
            "accounts_liquidated": len({r.account for r in self.rows}),
            "wrongful": sum(r.wrongful for r in self.rows),
            "accounts_wronged": len({r.account for r in self.rows if r.wrongful}),
            "repaid_usd": dollars(sum(r.repaid_wad for r in self.rows)),
            "seized_usd": dollars(sum(r.seized_wad for r in self.rows)),
            "bad_debt_usd": dollars(bad),
            "bad_debt_percent": percent(bad, debt_wad),
            "written_off_usd": dollars(self.written_off),
            "delay_blocks_median": self.delays.median(),
            "delay_blocks_max": self.delays.worst(block),
            "unprofitable_account_blocks": self.unprofitable,
            "left_liquidatable": len(self.delays.left(block)),
            "debt_usd": dollars(debt_wad),
        }


def usage_at(debt: int, capacity: int, price: int, true_price: int) -> int:
    """WAD usage at the true price of an account with one collateral, from debt and capacity at `price`."""
    if debt == 0:
        return 0
    return debt * price * WAD // (capacity * true_price) if capacity else 2**256 - 1


def dollars(wad: int) -> float:
    """To the cent, for JSON; never a nonzero amount as 0."""
    return round(wad / WAD, 2) or (wad / WAD)


def percent(part: int, whole: int) -> float:
    """To a thousandth of a per cent."""
    return round(100 * part / whole, 3) if whole else 0.0
