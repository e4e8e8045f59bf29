"""Who may be liquidated: the lens's answers decoded by numpy, and who need not be asked for at all. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from eth_utils.address import to_checksum_address

from plimsoll.abi import parse_function
from plimsoll.errors import KeeperError
from plimsoll.reference.depth import FULL

Array = np.ndarray[Any, Any]

# Above so many borrowers, so many others are checked in turn in each block
IN_TURN = 100

HEALTH = parse_function("health(address[])", ["uint256[]"])
RESERVES = parse_function(
    "reserves()",
    [
        # asset, state, five numbers, what is configured beside them, band
        f"(address,({'uint256,' * 12}bool,address,uint256,uint256),{'uint256,' * 8}address,bool,uint256,uint256,({'uint256,' * 9}uint256))[]",
    ],
)


# Places in a Band, and in a ReserveState
LIQUIDATION_HIGH, LIQUIDATION_LOW, WHY = 2, 3, 9
DEPTH_MODE = 14


def encode_health(accounts: list[str]) -> str:
    """Call data of Lens.health, without a general encoder: thousands of accounts a block."""
    words = "".join("0" * 24 + a[2:] for a in accounts)
    return f"0x{HEALTH.selector.hex()}{32:064x}{len(accounts):064x}{words}"


def decode_health(raw: bytes, count: int) -> Array:
    """count rows of four 64-bit numbers: capacity (high, low), debt (high, low)."""
    if len(raw) != 64 + 32 * count or int.from_bytes(raw[32:64], "big") != count:
        raise KeeperError("the lens answered something else than one word per account: is the address book right?")
    health: Array = np.frombuffer(raw, dtype=">u8", offset=64).reshape(count, 4).astype(np.uint64)
    return health


def liquidatable(health: Array) -> Array:
    """Indices of accounts with debt > 0 and debt >= capacity, largest debt first. Exact: no floats."""
    capacity_high, capacity_low, debt_high, debt_low = health.T
    owes = (debt_high | debt_low) != 0
    due = (debt_high > capacity_high) | ((debt_high == capacity_high) & (debt_low >= capacity_low))
    found = np.flatnonzero(owes & due)
    order: Array = found[np.lexsort((debt_low[found], debt_high[found]))[::-1]]
    return order


def without_debt(health: Array) -> Array:
    return np.flatnonzero((health[:, 2] | health[:, 3]) == 0)


def usage_percent(row: Array) -> float:
    """For the log only."""
    capacity = (int(row[0]) << 64) | int(row[1])
    debt = (int(row[2]) << 64) | int(row[3])
    return round(debt * 100 / capacity, 2) if capacity else float("inf")


class Bounds:
    """Which accounts can have reached 100 % since they were last checked; nobody else needs to be asked for.

    An account that no event has touched has the shares and the scaled debt that it had. Since its last check its capacity
    has then fallen at most as far as the collateral that fell furthest, and its debt has grown at most as the debt that grew
    most: usage <= usage then * growth / fall. Each check is remembered with the prices of its block ("snapshot"), so that
    the bound does not loosen while prices move to and fro. The rest is checked in turn, which also heals what a missed
    event would leave behind.
    """

    def __init__(self) -> None:
        self.accounts: list[str] = []
        self.index: dict[str, int] = {}
        self._usage = np.empty(0)
        self._snapshot = np.empty(0, dtype=np.int64)
        self._collateral: list[Array] = []
        self._debt: list[Array] = []
        self._turn = 0

    def set_accounts(self, accounts: list[str]) -> None:
        """Keep what is known of those who stay; a new one may be anywhere."""
        usage = np.full(len(accounts), np.inf)
        snapshot = np.full(len(accounts), -1, dtype=np.int64)
        old = [(i, self.index[a]) for i, a in enumerate(accounts) if a in self.index]
        if old:
            new_at, old_at = np.array(old).T
            usage[new_at] = self._usage[old_at]
            snapshot[new_at] = self._snapshot[old_at]
        self.accounts, self._usage, self._snapshot = accounts, usage, snapshot
        self.index = {a: i for i, a in enumerate(accounts)}

    def checked(self, which: Array, health: Array, prices: tuple[Array, Array]) -> None:
        """Remember a check of the accounts `which` at the block's `prices`."""
        capacity = health[:, 0].astype(float) * 2.0**64 + health[:, 1]
        debt = health[:, 2].astype(float) * 2.0**64 + health[:, 3]
        with np.errstate(divide="ignore", invalid="ignore"):
            self._usage[which] = np.where(debt == 0, 0.0, debt / capacity)
        self._snapshot[which] = len(self._collateral)
        self._collateral.append(prices[0])
        self._debt.append(prices[1])
        if len(self._collateral) > 2_000:
            self._compact()

    def _compact(self) -> None:
        used, renumbered = np.unique(self._snapshot, return_inverse=True)
        shift = 1 if len(used) and used[0] == -1 else 0
        self._collateral = [self._collateral[i] for i in used[shift:]]
        self._debt = [self._debt[i] for i in used[shift:]]
        self._snapshot = renumbered.astype(np.int64) - shift

    def touched(self, accounts: Iterable[str]) -> None:
        """An event named them: nothing is known any more."""
        for a in accounts:
            i = self.index.get(a)
            if i is not None:
                self._usage[i], self._snapshot[i] = np.inf, -1

    def highest(self, prices: tuple[Array, Array]) -> Array:
        """For each account what its usage can be at most; infinite for one that was never checked."""
        factors = np.full(len(self._collateral) + 1, np.inf)
        # of all snapshots, those that an account still refers to: mostly one, because all are checked in every block
        for i in np.unique(self._snapshot[self._snapshot >= 0]):
            collateral, debt = self._collateral[i], self._debt[i]
            # assets listed since then do not matter: whoever uses one was named by an event
            n = len(collateral)
            with np.errstate(divide="ignore", invalid="ignore"):
                fall = np.min(np.where(collateral > 0, prices[0][:n] / collateral, np.inf), initial=np.inf)
                growth = np.max(np.where(debt > 0, prices[1][:n] / debt, np.where(prices[1][:n] > 0, np.inf, 0)), initial=0)
                factors[i] = growth / fall if fall > 0 else np.inf
        with np.errstate(invalid="ignore"):
            bound = self._usage * factors[self._snapshot]
        # 0 * infinity: a price came back, or nothing is owed; asking is cheap
        return np.where(np.isnan(bound), np.inf, bound)

    def some_in_turn(self) -> Array:
        n = len(self.accounts)
        which = (self._turn + np.arange(min(IN_TURN, n))) % max(n, 1)
        self._turn = (self._turn + IN_TURN) % max(n, 1)
        return which


@dataclass(frozen=True)
class Reserves:
    """What the lens tells of all reserves in a block."""

    assets: list[str]
    # why new risk with each is blocked
    why: list[int]
    # per reserve, what a supply share gives of capacity and what a unit of scaled debt owes, at the trigger prices
    collateral: Array
    debt: Array
    # the liquidation test counts by depth, which no price says: bounds do not hold
    by_depth: bool

    @property
    def prices(self) -> tuple[Array, Array]:
        return self.collateral, self.debt


def decode_reserves(raw: bytes) -> Reserves:
    assets: list[str] = []
    why, collateral, debt, modes = [], [], [], []
    for asset, state, *_, band in RESERVES.decode(raw):
        _, cash, shares, _, owed, _, index, _, ltv = state[:9]
        assets.append(to_checksum_address(asset))
        why.append(band[WHY])
        collateral.append(float(band[LIQUIDATION_HIGH]) * ltv * (cash + owed + 1) / (shares + 10**6))
        debt.append(float(band[LIQUIDATION_LOW]) * index)
        modes.append(state[DEPTH_MODE])
    return Reserves(assets, why, np.array(collateral), np.array(debt), FULL in modes)
