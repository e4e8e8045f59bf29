"""The Status Monitor: where an account stands, what would liquidate it, and what would make it safe.

`Lens.account` gives the numbers; the decisions here are pure functions of them, in exact integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from plimsoll import words
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook
from plimsoll.errors import Problem
from plimsoll.reference import depth as by_depth
from plimsoll.reference.depth import FULL, UNLIMITED
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WAD = 10**18
BPS = 10_000
# SAFE ends here: usage <= 60 %
SAFE_WAD = words.STAGE_LIMITS_WAD[words.SAFE]
BATCH = 1_000
# Calls of `account` in a round trip
PIECE = 500


@dataclass(frozen=True)
class Position:
    """One collateral or one debt of an account. Prices: value, WAD, of 1e18 raw units."""

    asset: str
    symbol: str
    decimals: int
    amount: int
    value_wad: int
    # the trigger price: liquidation_high of collateral, liquidation_low of debt
    price: int
    # 0 for a debt
    ltv_bps: int
    why: int
    # its price is a constant
    fixed: bool
    # by which the liquidation test counts it, WAD; UNLIMITED or more: at face value
    depth: int = words.MAX_UINT256
    # what it counts for new risk; None: not told
    new_risk_wad: int | None = None
    # the LTV that it has there
    new_risk_ltv_bps: int = 0

    def text(self, amount: int | None = None) -> str:
        return f"{words.amount(self.amount if amount is None else amount, self.decimals)} {self.symbol}"


@dataclass(frozen=True)
class Account:
    address: str
    usage_wad: int
    stage: int
    capacity: int
    debt: int
    new_risk_limit: int
    new_risk_debt: int
    blocked: int
    collaterals: tuple[Position, ...]
    debts: tuple[Position, ...]

    @property
    def stage_name(self) -> str:
        return words.STAGES[self.stage]

    @property
    def room_wad(self) -> int:
        """What may still be borrowed, units of account."""
        return 0 if self.blocked else max(self.new_risk_limit - self.new_risk_debt, 0)


@dataclass(frozen=True)
class Asset:
    """What the whole market of an asset lets pass."""

    symbol: str
    why: int
    # all counted collateral, all debt, and what each may reach, units of account
    counted_wad: int
    debt_wad: int
    cap_wad: int

    def blocked(self) -> list[str]:
        """What is closed now, in words."""
        found = words.why(self.why)
        if not self.why and self.cap_wad < UNLIMITED:
            if self.counted_wad >= self.cap_wad:
                found.append(f"no more collateral: what its pool can take, {words.money(self.cap_wad)}, is reached")
            if self.debt_wad >= self.cap_wad:
                found.append(f"no more debt: what its pool can take, {words.money(self.cap_wad)}, is reached")
        return found


@dataclass(frozen=True)
class Move:
    """A price that, moving alone, makes the account liquidatable: `change_wad` of it, negative for a fall."""

    position: Position
    change_wad: int


@dataclass(frozen=True)
class Remedy:
    """Repaying `amount` of a debt, or adding `amount` of a collateral, makes the account SAFE."""

    position: Position
    amount: int


# ---------------------------------------------------------------------- decisions


def value_down(amount: int, price: int, depth: int = words.MAX_UINT256) -> int:
    """What collateral counts in the liquidation test, which looks at depth in some pools."""
    return by_depth.value_down(amount * price // WAD, depth)


def value_up(amount: int, price: int, depth: int = words.MAX_UINT256) -> int:
    """What a debt counts there."""
    return by_depth.cost_bounded_up(-(-amount * price // WAD), depth)


def capacity_of(collaterals: Sequence[tuple[int, int, int, int]]) -> int:
    """As the contracts have it, of (amount, price, ltv_bps, depth)."""
    return sum(value_down(a, p, d) * ltv for a, p, ltv, d in collaterals) // BPS


def least(low: int, high: int, enough: Callable[[int], bool]) -> int:
    """The least number in [low, high] that is enough, where `high` is."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def moves(account: Account) -> list[Move]:
    """For each asset whose price can move, how far alone it must move until debt >= capacity; nearest first.

    Falls of collateral round up and rises of debt too, towards the price that does it. An asset on which it does not
    depend enough is left out.
    """
    slack = account.capacity - account.debt
    if account.debt == 0 or slack <= 0:
        return []
    found = []
    for c in account.collaterals:
        weight = c.value_wad * c.ltv_bps // BPS
        if not c.fixed and weight >= slack and weight > 0:
            found.append(Move(c, -_fall(c, slack)))
    found += [Move(d, _rise(d, slack)) for d in account.debts if not d.fixed and d.value_wad]
    return sorted(found, key=lambda m: abs(m.change_wad))


def _fall(c: Position, slack: int) -> int:
    """How far a collateral's price must fall to take so much capacity away."""
    if c.depth >= UNLIMITED:
        return min(-(-slack * WAD // (c.value_wad * c.ltv_bps // BPS)), WAD)

    def enough(fall: int) -> bool:
        return (c.value_wad - value_down(c.amount, c.price * (WAD - fall) // WAD, c.depth)) * c.ltv_bps // BPS >= slack

    return least(0, WAD, enough)


def _rise(d: Position, slack: int) -> int:
    """How far a debt's price must rise to add so much to it."""
    linear = -(-slack * WAD // d.value_wad)
    if d.depth >= UNLIMITED:
        return linear
    # by depth it grows faster than its price, which the bound of twice its face value may undo
    return least(0, 2 * linear + WAD, lambda rise: value_up(d.amount, d.price * (WAD + rise) // WAD, d.depth) - d.value_wad >= slack)


def repay_to_safe(account: Account) -> Remedy | None:
    """The least of its largest debt that, repaid, makes the account SAFE; None if it is, or if that debt is not enough."""
    if account.usage_wad <= SAFE_WAD or not account.debts:
        return None
    largest = max(account.debts, key=lambda d: d.value_wad)
    others = account.debt - largest.value_wad
    # floor(debt * WAD / capacity) <= SAFE is debt * WAD < (SAFE + 1) * capacity
    most = -(-(SAFE_WAD + 1) * account.capacity // WAD) - 1 - others
    if others == 0:
        most = max(most, 0)  # without debt any account is safe
    if most < 0 or largest.price == 0:
        return None
    # the most of this debt whose value, rounded up, is at most `most`; one unit less, as the pool rounds what stays up
    left = most * WAD // largest.price
    if largest.depth < UNLIMITED:
        left = least(0, left + 1, lambda amount: value_up(amount, largest.price, largest.depth) > most) - 1
    return Remedy(largest, max(largest.amount - max(left - 1, 0), 1))


def add_to_safe(account: Account) -> Remedy | None:
    """The least of its most valuable collateral that, added, makes the account SAFE. The largest first that has a price."""
    if account.usage_wad <= SAFE_WAD:
        return None
    usable = [c for c in account.collaterals if c.price and c.ltv_bps]
    by_value = sorted(usable, key=lambda c: c.value_wad, reverse=True)
    return next((remedy for c in by_value if (remedy := _add(account, c)) is not None), None)


def _add(account: Account, chosen: Position) -> Remedy | None:
    """The least of this collateral that makes the account SAFE."""
    others = [(c.amount, c.price, c.ltv_bps, c.depth) for c in account.collaterals if c is not chosen]

    def safe(amount: int) -> bool:
        capacity = capacity_of([*others, (chosen.amount + amount, chosen.price, chosen.ltv_bps, chosen.depth)])
        return words.usage_wad(account.debt, capacity) <= SAFE_WAD

    # close by formula, then exact: each value rounds on its own
    need = -(-account.debt * WAD // SAFE_WAD) - account.capacity
    guess = max(need * BPS * WAD // (chosen.ltv_bps * chosen.price), 0)
    high = guess + WAD // chosen.price + 10
    while not safe(high):
        if chosen.depth < UNLIMITED and value_down(high, chosen.price) > chosen.depth:
            return None  # beyond its depth more of it counts no more
        high *= 2
    # one unit more, as the pool rounds a supply down
    return Remedy(chosen, least(0, high, safe) + 1)


# ---------------------------------------------------------------------- reading


class Monitor:
    """Reads accounts of one deployment."""

    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts):
        self.rpc = rpc
        self.book = book
        self.lens = book.contract("Lens", rpc, artifacts)
        self.pool = book.contract("LendingPool", rpc, artifacts)
        self.tokens = {t.address: t for t in book.tokens}
        assets = book.data.get("wanted", {}).get("preset", {}).get("assets", [])
        self.fixed = {book.token(a["role"]).address for a in assets if a.get("fixed_price_wad")}

    def account(self, address: str, block: int | str = "latest") -> Account:
        return self._account(address, self.lens.call("account", address, block=block))

    def accounts(self, addresses: Sequence[str], block: int | str = "latest") -> list[Account]:
        function = self.lens.interface.function("account")
        requests = [call_request(self.lens.address, function.encode(a), None, block) for a in addresses]
        answers = [raw for i in range(0, len(requests), PIECE) for raw in self.rpc.batch(requests[i : i + PIECE])]
        return [self._account(a, function.decode(to_bytes(raw))) for a, raw in zip(addresses, answers, strict=True)]

    def _account(self, address: str, view: Any) -> Account:
        return Account(
            address=address,
            usage_wad=view.usage_wad,
            stage=view.stage,
            capacity=view.capacity,
            debt=view.debt,
            new_risk_limit=view.new_risk_limit,
            new_risk_debt=view.new_risk_debt,
            blocked=view.blocked,
            collaterals=tuple(self._position(c, c.band.liquidation_high, c.ltv_bps) for c in view.collaterals),
            debts=tuple(self._position(d, d.band.liquidation_low, 0) for d in view.debts),
        )

    def _position(self, entry: Any, price: int, ltv_bps: int) -> Position:
        token = self.tokens.get(entry.asset)
        return Position(
            asset=entry.asset,
            symbol=self._symbol(entry.asset),
            decimals=token.decimals if token else 0,
            amount=entry.amount,
            value_wad=entry.value_wad,
            price=price,
            ltv_bps=ltv_bps,
            why=entry.band.why,
            fixed=entry.asset in self.fixed,
            depth=entry.band.liquidation_depth if entry.depth_mode == FULL else words.MAX_UINT256,
            new_risk_wad=0 if entry.band.why and ltv_bps else entry.new_risk_value_wad,
            new_risk_ltv_bps=entry.new_risk_ltv_bps if ltv_bps else 0,
        )

    def assets(self) -> list[Asset]:
        """All reserves."""
        return [Asset(self._symbol(r.asset), int(r.band.why), r.counted_wad, r.debt_wad, r.cap_wad) for r in self.lens.call("reserves")]

    def _symbol(self, asset: str) -> str:
        token = self.tokens.get(asset)
        return token.symbol if token else words.short(asset)

    def borrowers(self) -> list[str]:
        """Everybody who has ever borrowed, first one first."""
        events = self.pool.logs("Borrow", self.book.block, self.rpc.block_number())
        return list(dict.fromkeys(e.account for e in events))

    def usages(self, accounts: Sequence[str]) -> list[tuple[str, int]]:
        """(account, usage) of all who have debt, riskiest first."""
        found: list[tuple[str, int]] = []
        size, start = BATCH, 0
        while start < len(accounts):
            piece = list(accounts[start : start + size])
            try:
                packed = self._health(self.lens, piece)
            except RpcError:
                if size <= 8:
                    raise
                size //= 2
                continue
            for account, word in zip(piece, packed, strict=True):
                capacity, debt = word >> 128, word & (2**128 - 1)
                if debt:
                    found.append((account, words.usage_wad(debt, capacity)))
            start += size
        return sorted(found, key=lambda f: f[1], reverse=True)

    def _health(self, lens: Contract, accounts: list[str]) -> list[int]:
        f = lens.interface.function("health")
        gas = 1_000_000 + 30_000 * len(accounts)
        answer: list[int] = f.decode(self.rpc.eth_call(lens.address, f.encode(accounts), gas=gas))
        return answer


# ---------------------------------------------------------------------- for machines


def figures(account: Account) -> dict[str, Any]:
    """JSON data: raw amounts and WAD values as text, because many readers round beyond 2^53."""
    repay, add = repay_to_safe(account), add_to_safe(account)
    return {
        "account": account.address,
        "stage": account.stage_name,
        "usage_wad": str(account.usage_wad),
        "usage_percent": _percent(account.usage_wad),
        "capacity_wad": str(account.capacity),
        "debt_wad": str(account.debt),
        "room_wad": str(account.room_wad),
        "blocked": words.why(account.blocked),
        "collaterals": [_position(p) for p in account.collaterals],
        "debts": [_position(p) for p in account.debts],
        "liquidated_when": [
            {"asset": m.position.asset, "symbol": m.position.symbol, "change_percent": m.change_wad / WAD * 100} for m in moves(account)
        ],
        "to_be_safe": {"repay": _remedy(repay), "add": _remedy(add)},
    }


def _percent(usage_wad: int) -> float | None:
    """None: debt without any capacity."""
    return None if usage_wad >= words.MAX_UINT256 // 100 else usage_wad / WAD * 100


def _position(p: Position) -> dict[str, Any]:
    return {
        "asset": p.asset,
        "symbol": p.symbol,
        "amount": str(p.amount),
        "decimals": p.decimals,
        "value_wad": str(p.value_wad),
        "new_risk_value_wad": None if p.new_risk_wad is None else str(p.new_risk_wad),
        "blocked": words.why(p.why),
    }


def _remedy(r: Remedy | None) -> dict[str, Any] | None:
    return None if r is None else {"asset": r.position.asset, "symbol": r.position.symbol, "amount": str(r.amount)}


# ---------------------------------------------------------------------- for people


def show_account(account: Account, console: Console) -> None:
    """Stage, usage, positions, and what to do."""
    from rich.table import Table

    colour = words.STAGE_COLOURS[account.stage]
    console.print(f"{account.address}", highlight=False)
    if not account.debts:
        console.print(f"no debt: nothing can be liquidated; may borrow {words.money(account.room_wad)}", highlight=False)
    else:
        console.print(_gauge(account))
        console.print(
            f"[bold {colour}]{account.stage_name}[/]  usage [bold]{words.percent(account.usage_wad)}[/]: "
            f"debt {words.money(account.debt)} of capacity {words.money(account.capacity)}; "
            f"{words.STAGE_ADVICE[account.stage]}",
            highlight=False,
            soft_wrap=True,
        )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, right in (("", False), ("amount", True), ("value", True), ("for new risk", True), ("LTV", True)):
        table.add_column(name, justify="right" if right else "left")
    for kind, positions in (("collateral", account.collaterals), ("debt", account.debts)):
        for p in positions:
            ltv = f"{p.ltv_bps / 100:g} %" if kind == "collateral" else ""
            table.add_row(kind, p.text(), words.money(p.value_wad), _new_risk(p), ltv)
    if account.collaterals or account.debts:
        console.print(table)
    for p in (*account.collaterals, *account.debts):
        if p.why:
            console.print(f"{p.symbol}: {'; '.join(words.why(p.why))}", highlight=False, soft_wrap=True)
    for line in advice(account):
        console.print(line, highlight=False, soft_wrap=True)


def _new_risk(p: Position) -> str:
    if p.new_risk_wad is None:
        return ""
    return "more than its pool has" if p.new_risk_wad == words.MAX_UINT256 else words.money(p.new_risk_wad)


def advice(account: Account) -> list[str]:
    """What would liquidate the account and what would make it SAFE, in sentences."""
    if not account.debts:
        return []
    lines = []
    if account.stage < words.LIQUIDATION:
        found = moves(account)
        for m in found:
            verb = "falls" if m.change_wad < 0 else "rises"
            lines.append(f"liquidated when {m.position.symbol} {verb} by {words.percent(abs(m.change_wad), 2)}")
        if not found:
            lines.append("no single price that moves can liquidate it; interest can, in time")
    repay, add = repay_to_safe(account), add_to_safe(account)
    remedies = []
    if repay:
        remedies.append(f"repay {words.amount_up(repay.amount, repay.position.decimals)} {repay.position.symbol}")
    if add:
        remedies.append(f"add {words.amount_up(add.amount, add.position.decimals)} {add.position.symbol}")
    if remedies:
        lines.append(f"to be SAFE: {' or '.join(remedies)}")
    if account.blocked:
        lines.append(f"no new risk: {'; '.join(words.why(account.blocked))}")
    elif account.room_wad:
        lines.append(f"may borrow {words.money(account.room_wad)} more")
    return lines


def _gauge(account: Account, width: int = 50) -> RenderableType:
    """The five stages to scale, up to 120 %, and where the account is."""
    from rich.text import Text

    limits = [*(limit / WAD for limit in words.STAGE_LIMITS_WAD), 1.0, 1.2]
    text, start = Text(), 0
    at = min(int(min(account.usage_wad, 12 * WAD // 10) * width * 10 // (12 * WAD)), width - 1)
    for number, limit in enumerate(limits):
        end = round(limit / 1.2 * width)
        for cell in range(start, end):
            text.append("█" if cell == at else "─", style=f"bold {words.STAGE_COLOURS[number]}")
        start = end
    return text


def riskiest_table(accounts: Sequence[Account], total: int, width: int = 80) -> RenderableType:
    """Whole addresses, to be copied; what does not fit beside them into a narrow terminal is left out."""
    from rich.table import Table

    plain = f"{total} account{'s' if total != 1 else ''} with debt"
    title = f"the {len(accounts)} riskiest of {plain}" if total > len(accounts) else plain
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for name in ("account", "stage"):
        table.add_column(name, no_wrap=True)
    wide, narrow = width >= 120, width < 100
    for name in ("usage", *([] if narrow else ["debt"]), *(["capacity"] if wide else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("liquidated when", *(["to be SAFE"] if wide else [])):
        table.add_column(name if wide else "at", no_wrap=True)
    for a in accounts:
        near = moves(a)[:1]
        when = f"{near[0].position.symbol} {near[0].change_wad / WAD:+.1%}" if near else ("now" if a.stage == words.LIQUIDATION else "")
        repay = repay_to_safe(a)
        safe = f"repay {words.amount_up(repay.amount, repay.position.decimals, 2)} {repay.position.symbol}" if repay else ""
        table.add_row(
            a.address,
            f"[{words.STAGE_COLOURS[a.stage]}]{a.stage_name}[/]",
            words.percent(a.usage_wad),
            *([] if narrow else [words.money(a.debt)]),
            *([words.money(a.capacity)] if wide else []),
            when,
            *([safe] if wide else []),
        )
    return table


def distribution(usages: Sequence[tuple[str, int]]) -> list[int]:
    """How many accounts are in each stage."""
    counts = [0] * len(words.STAGES)
    for _, usage in usages:
        counts[words.stage(usage)] += 1
    return counts


def distribution_line(counts: Sequence[int]) -> str:
    return "  ".join(f"[{colour}]{name}[/] {count}" for name, colour, count in zip(words.STAGES, words.STAGE_COLOURS, counts, strict=True))


# ---------------------------------------------------------------------- the command


def run(url: str, account: str | None, limit: int, as_json: bool) -> int:
    """What `ape run status` does. Returns the exit code."""
    import json

    from eth_utils.address import to_checksum_address
    from rich.console import Console

    from plimsoll.abi import artifacts
    from plimsoll.addresses import is_address
    from plimsoll.cli import DONE, NOTHING

    if account is not None and not is_address(account):
        raise Problem(f"'{account}' is no account: an address has 0x and 40 digits (a typing mistake breaks its checksum)")
    with Rpc(url) as rpc:
        notes = Console(stderr=True, highlight=False)
        book = AddressBook.open(rpc)
        monitor = Monitor(rpc, book, artifacts(say=lambda text: notes.print(text)))
        console = Console(highlight=False)
        if account is not None:
            one = monitor.account(to_checksum_address(account))
            if as_json:
                print(json.dumps(figures(one), indent=2))
            elif not one.collaterals and not one.debts:
                console.print(f"{one.address} has no enabled collateral and no debt")
            else:
                show_account(one, console)
            return DONE if one.collaterals or one.debts else NOTHING
        usages = monitor.usages(monitor.borrowers())
        top = monitor.accounts([a for a, _ in usages[:limit]])
        blocked = {a.symbol: found for a in monitor.assets() if (found := a.blocked())}
    counts = distribution(usages)
    if as_json:
        data = {
            "chain_id": book.chain_id,
            "accounts_with_debt": len(usages),
            "stages": dict(zip(words.STAGES, counts, strict=True)),
            "blocked": blocked,
            "riskiest": [figures(a) for a in top],
        }
        print(json.dumps(data, indent=2))
    elif not usages:
        console.print("nobody has debt")
    else:
        if not console.is_terminal:
            console = Console(highlight=False, width=160)
        console.print(riskiest_table(top, len(usages), console.width))
        console.print(distribution_line(counts))
    if not as_json:
        for symbol, reasons in blocked.items():
            console.print(f"{symbol}: {'; '.join(reasons)}", soft_wrap=True)
    return DONE if usages else NOTHING
