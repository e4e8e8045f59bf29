"""What the demo writes down: one row per step, one per liquidation, and the figures in the end. Pure, integers (WAD) throughout."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from typing import Any

from plimsoll import words

WAD = 10**18

STAGES = tuple(name.lower() for name in words.STAGES)
MEDIAN_DELAY = 1
WORST_DELAY = 3


def stage(capacity: int, debt: int) -> int:
    """Index into STAGES, of an account with debt or without."""
    return words.stage(words.usage_wad(debt, capacity))


@dataclass(frozen=True)
class Step:
    """The market at the end of one block."""

    step: int
    block: int
    time: int
    market_price: int
    pair_price: int
    low: int
    high: int
    liquidation_low: int
    liquidation_high: int
    fresh_low: int
    fresh_high: int
    depth: int
    sources: int
    relaxed: int
    safe: int
    caution: int
    danger: int
    liquidation: int
    without_debt: int
    liquidations: int
    repaid: int
    seized: int
    bad_debt: int
    debt: int
    cash: int
    why: int

    @property
    def utilisation(self) -> int:
        total = self.debt + self.cash
        return self.debt * WAD // total if total else 0


@dataclass(frozen=True)
class LiquidationRow:
    """One Liquidation event, in dollars (WAD), and what the independent check said about it."""

    number: int
    block: int
    time: int
    borrower: str
    repaid: int
    seized: int
    fee: int
    market_price: int
    # usage by the event's own figures, and recomputed from the position, the interest and the recorded trades; WAD, 1e18 = 100 %
    usage_event: int
    usage_checked: int
    delay_blocks: int

    @property
    def wrongful(self) -> bool:
        return self.usage_checked < WAD


class Delays:
    """How many blocks accounts wait between the first block at whose end they can be liquidated and their liquidation.

    Give it each block's liquidations first, then who is liquidatable at the block's end. A wait that ends because the price came
    back, or that has not ended when the replay does, counts like one that ended with a liquidation.
    """

    def __init__(self) -> None:
        self._since: dict[str, int] = {}
        self.waits: list[int] = []
        self.recovered: list[int] = []

    def liquidated(self, block: int, account: str) -> int:
        """0: it became liquidatable within this very block."""
        wait = block - self._since.pop(account, block)
        self.waits.append(wait)
        return wait

    def end_of_block(self, block: int, liquidatable: Iterable[str]) -> None:
        now = set(liquidatable)
        for account in [a for a in self._since if a not in now]:
            self.recovered.append(block - self._since.pop(account))
        for account in now:
            self._since.setdefault(account, block)

    def left(self, block: int) -> list[int]:
        """The waits that have not ended."""
        return [block - since for since in self._since.values()]

    def median(self) -> float:
        return float(median(self.waits)) if self.waits else 0.0

    def worst(self, block: int) -> int:
        return max([*self.waits, *self.recovered, *self.left(block)], default=0)


@dataclass(frozen=True)
class LenderRow:
    """What a lender put in, what the ledger owed him after all debts were settled, and what he got. Raw units of the dollar."""

    address: str
    deposit: int
    owed: int
    received: int

    @property
    def whole(self) -> bool:
        return self.received >= self.owed and self.received >= self.deposit


@dataclass
class Result:
    """A whole replay."""

    settings: dict[str, Any]
    steps: list[Step] = field(default_factory=list)
    liquidations: list[LiquidationRow] = field(default_factory=list)
    lenders: list[LenderRow] = field(default_factory=list)
    # debts written off, and debt above the collateral's worth that nobody has written off yet
    written_off: int = 0
    uncovered: int = 0
    interest_fees: int = 0
    arbitrage_trades: int = 0
    ordinary_trades: int = 0
    delay_median: float = 0.0
    delay_max: int = 0
    recovered: int = 0
    left_liquidatable: int = 0
    keeper_profit: int = 0
    # blocks at whose end the oracle's band was not the one that the reference models make of the recorded trades
    band_mismatches: int = 0
    blocks_behind: int = 0
    wall_seconds: float = 0.0

    @property
    def repaid(self) -> int:
        return sum(row.repaid for row in self.liquidations)

    @property
    def seized(self) -> int:
        return sum(row.seized for row in self.liquidations)

    @property
    def liquidation_fees(self) -> int:
        return sum(row.fee for row in self.liquidations)

    @property
    def bad_debt(self) -> int:
        return self.written_off + self.uncovered

    @property
    def wrongful(self) -> int:
        return sum(row.wrongful for row in self.liquidations)

    @property
    def lenders_whole(self) -> bool:
        return bool(self.lenders) and all(row.whole for row in self.lenders)

    def missed_targets(self) -> list[str]:
        """In words; empty when all is well."""
        missed = []
        if self.bad_debt > 0:
            missed.append(f"bad debt is {dollars(self.bad_debt)}, not 0")
        if self.wrongful:
            missed.append(f"{self.wrongful} liquidations of accounts below 100 % usage, not 0")
        if self.delay_median > MEDIAN_DELAY:
            missed.append(f"median delay is {self.delay_median:g} blocks, not at most {MEDIAN_DELAY}")
        if self.delay_max > WORST_DELAY:
            missed.append(f"longest delay is {self.delay_max} blocks, not at most {WORST_DELAY}")
        if not self.lenders_whole:
            short = sum(not row.whole for row in self.lenders)
            missed.append(f"{short} of {len(self.lenders)} lenders did not get what they are owed")
        if self.band_mismatches:
            missed.append(f"the oracle's band was not the reference models' at the end of {self.band_mismatches} blocks")
        return missed

    def figures(self) -> dict[str, Any]:
        """demo.json"""
        return {
            "steps": len(self.steps),
            "liquidations": len(self.liquidations),
            "accounts_liquidated": len({row.borrower for row in self.liquidations}),
            "repaid_usd": number(self.repaid),
            "seized_usd": number(self.seized),
            "bad_debt_usd": number(self.bad_debt),
            "bad_debt_written_off_usd": number(self.written_off),
            "protocol_fees_usd": number(self.liquidation_fees + self.interest_fees),
            "liquidation_fees_usd": number(self.liquidation_fees),
            "interest_fees_usd": number(self.interest_fees),
            "wrongful_liquidations": self.wrongful,
            "lowest_usage_liquidated": number(min((row.usage_checked for row in self.liquidations), default=0)),
            "delay_blocks_median": self.delay_median,
            "delay_blocks_max": self.delay_max,
            "recovered_unliquidated": self.recovered,
            "left_liquidatable": self.left_liquidatable,
            "lenders_whole": self.lenders_whole,
            "lenders": len(self.lenders),
            "lenders_deposited_usd": number(sum(r.deposit for r in self.lenders) * self._dollar_wad),
            "lenders_owed_usd": number(sum(r.owed for r in self.lenders) * self._dollar_wad),
            "lenders_received_usd": number(sum(r.received for r in self.lenders) * self._dollar_wad),
            "band_mismatches": self.band_mismatches,
            "keeper_profit_usd": number(self.keeper_profit),
            "arbitrage_trades": self.arbitrage_trades,
            "ordinary_trades": self.ordinary_trades,
            "blocks_behind": self.blocks_behind,
            "lowest_price_usd": number(min((s.market_price for s in self.steps), default=0)),
            "highest_utilisation": number(max((s.utilisation for s in self.steps), default=0)),
            "missed_targets": self.missed_targets(),
            "seed": self.settings.get("seed"),
            "wall_seconds": round(self.wall_seconds, 1),
            "settings": self.settings,
        }

    @property
    def _dollar_wad(self) -> int:
        return int(10 ** (18 - int(self.settings.get("usd_decimals", 6))))


# ---------------------------------------------------------------- text


def number(wad: int) -> float:
    """A WAD amount as a number for JSON, rounded to a millionth, but never a nonzero amount to zero."""
    rounded = float(round(Decimal(wad) / WAD, 6))
    return rounded if rounded or not wad else float(Decimal(wad) / WAD)


def dollars(wad: int) -> str:
    """For people: $1,234.56, and small nonzero amounts in full."""
    value = Decimal(wad) / WAD
    if value and abs(value) < Decimal("0.01"):
        return f"${value:.2g}"
    return f"${value:,.2f}"


def iso(ts: int) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_COUNTS = {"step", "block", *STAGES, "without_debt", "liquidations", "sources", "why"}
_PRICES = {"market_price", "pair_price", "low", "high", "liquidation_low", "liquidation_high", "fresh_low", "fresh_high"}


def steps_csv(steps: Sequence[Step]) -> str:
    """demo.csv: prices with four decimals, amounts in cents (both rounded down)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = [f.name for f in fields(Step)]
    header = ["time_utc" if n == "time" else "why_flags" if n == "why" else n if n in _COUNTS else f"{n}_usd" for n in names]
    writer.writerow([*header, "utilisation"])
    for row in steps:
        cells: list[str] = []
        for name in names:
            value = getattr(row, name)
            if name == "time":
                cells.append(iso(value))
            elif name in _COUNTS:
                cells.append(str(value))
            elif name in _PRICES:
                cells.append(_fixed(value, 4))
            else:
                cells.append(_fixed(value, 2))
        writer.writerow([*cells, _fixed(row.utilisation, 6)])
    return out.getvalue()


def _fixed(wad: int, digits: int) -> str:
    scaled = wad * 10**digits // WAD
    sign, scaled = ("-", -scaled) if scaled < 0 else ("", scaled)
    whole, rest = divmod(scaled, 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"
