"""What `ape run market` does and says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils.crypto import keccak

from plimsoll import networks, presets, wiring, words
from plimsoll.abi import Contract, read
from plimsoll.cli import DONE, NOTHING
from plimsoll.errors import Problem
from plimsoll.governance import changes, live, live_isolated
from plimsoll.governance.add_command import create_vault, follow_listing, record_vault
from plimsoll.governance.changes import FACTORY, GUARDIAN, ORACLE, OWNER, STEWARD, Change, Unchanged, actions_text, cap_text, percent
from plimsoll.governance.desk import Desk, Request, nothing_to_do, on_desk, schedule, token_of
from plimsoll.governance.effects import Effect
from plimsoll.governance.timelock import Operation, call_text
from plimsoll.monitor import distribution_line
from plimsoll.names import vault_name
from plimsoll.rpc import Reverted, RpcDead, RpcError, to_hex

if TYPE_CHECKING:
    from rich.console import Console

PAST = {"execute": "executed", "cancel": "cancelled"}
# What an oracle says within a day of a change that moved a price; a longer delay outlasts it
SWITCHED_TODAY, DAY = "oracle: switched today", 86_400
# Functions of the configurator after which the book names something else
FOLLOWED = {"set_oracle": "PriceOracle", "set_engine": "LiquidationEngine"}


# ---------------------------------------------------------------------- changes


def change(request: Request, plan: Callable[[Desk], Change]) -> int:
    """Do it, or put it into the timelock; with dry_run only say so. Returns the exit code."""
    return on_desk(request, lambda desk: _change(desk, plan))


def _change(desk: Desk, plan: Callable[[Desk], Change]) -> int:
    try:
        wanted = plan(desk)
    except Unchanged as e:
        return nothing_to_do(desk, str(e))
    contract = desk.contract(wanted.target)
    data = contract.data(wanted.function, *wanted.args)
    calls = [(contract, data), *((desk.contract(name), desk.contract(name).data(f, *args)) for name, f, args in wanted.also)]
    for to, call in calls:
        wanted = replace(wanted, notes=(*wanted.notes, *_try(desk, wanted, to, call)))
    bands = desk.bands_after(wanted, data)
    if bands is not None:
        wanted = replace(wanted, notes=(*wanted.notes, *desk.price_notes(bands)))
    # the factory of isolated markets changes nothing of whoever has debt: its markets are as they were opened
    found = None if wanted.target == FACTORY else desk.effect(wanted, bands)
    figures: dict[str, Any] = {
        "change": wanted.title,
        "by": wanted.role,
        "call": f"{wanted.target}.{call_text(contract, data, desk.book)}",
        "also": [desk.timelock.text(to.address, call) for to, call in calls[1:]],
        "rows": [{"what": r.what, "now": r.now, "then": r.then} for r in wanted.rows],
        "notes": list(wanted.notes),
        "effect": None if found is None else found.figures(),
    }
    if not desk.request.as_json:
        show_change(wanted, found, desk.console)
    to_wait = [(to.address, call) for to, call in calls]
    outcome, code = schedule(desk, to_wait) if wanted.role == OWNER else _send(desk, wanted, data)
    if desk.request.as_json:
        print(json.dumps({**figures, **outcome}, indent=2))
    else:
        desk.console.print(outcome["said"], soft_wrap=True)
    return code


def _try(desk: Desk, wanted: Change, contract: Contract, data: bytes) -> list[str]:
    """Ask the contract, as whoever may do it, before anything is sent. Returns what is to be said of its answer."""
    sender = desk.timelock.address if wanted.role == OWNER else desk.configurator.call(wanted.role)
    if sender == changes.ZERO:
        raise Problem(f"there is no {wanted.role}: the owner can name one (`ape run market {wanted.role} ADDRESS`)")
    try:
        desk.rpc.eth_call(contract.address, data, sender)
    except Reverted as e:
        if e.reason == SWITCHED_TODAY and desk.timelock.delay() >= DAY:
            return [f"refused now ({e.reason}), and asked again when it has waited: the prices after it cannot be told yet"]
        who = {ORACLE: "oracle", FACTORY: "factory of isolated markets"}.get(wanted.target, "configurator")
        raise Problem(f"{wanted.title}: the {who} would refuse it: {e.reason or e}") from None
    return []


def _send(desk: Desk, wanted: Change, data: bytes) -> tuple[dict[str, Any], int]:
    """The steward's and the guardian's act at once."""
    holder = desk.configurator.call(wanted.role)
    if desk.request.dry_run:
        return {"state": "dry run", "said": f"dry run: the {wanted.role}, {holder}, would do this at once"}, DONE
    if desk.wallet.address != holder:
        raise Problem(f"this takes the {wanted.role}, {holder}: {desk.wallet.address} is not (name an account with --account)")
    receipt = desk.wallet.transact(desk.configurator.address, data)
    tx = receipt["transactionHash"]
    return {"state": "done", "tx": tx, "said": f"done: {tx}"}, DONE


# ---------------------------------------------------------------------- the timelock


def pending(request: Request) -> int:
    return on_desk(request, _pending)


def _pending(desk: Desk) -> int:
    from rich.table import Table

    waiting, now = desk.timelock.pending(), desk.rpc.timestamp()
    if desk.request.as_json:
        data = {"delay_seconds": desk.timelock.delay(), "timestamp": now, "operations": [o.figures(now) for o in waiting]}
        print(json.dumps(data, indent=2))
    elif not waiting:
        desk.console.print(f"nothing waits in the timelock, whose delay is {words.duration(desk.timelock.delay())}")
    else:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in ("operation", "when", "calls"):
            table.add_column(name, overflow="fold")
        for o in waiting:
            when = "now" if o.is_ready(now) else "never: expired" if o.is_expired(now) else f"in {words.duration(o.ready_ts - now)}"
            table.add_row(o.id[:10], when, "\n".join(o.texts))
        desk.console.print(table)
    return DONE if waiting else NOTHING


def execute(request: Request, text: str | None) -> int:
    """One operation, or all that are ready."""
    return on_desk(request, lambda desk: _execute(desk, text))


def _execute(desk: Desk, text: str | None) -> int:
    now = desk.rpc.timestamp()
    if text is None:
        ready = [o for o in desk.timelock.pending() if o.is_ready(now)]
        if not ready:
            return nothing_to_do(desk, "no operation of the timelock can be executed now")
    else:
        ready = [desk.timelock.find(text)]
        if ready[0].is_expired(now):
            raise Problem(f"operation {ready[0].id[:10]} has expired: propose it anew; `cancel` takes this one out")
        if not ready[0].is_ready(now):
            raise Problem(f"operation {ready[0].id[:10]} waits for another {words.duration(ready[0].ready_ts - now)}")
    done = []
    for o in ready:
        tx = _act(desk, o, desk.timelock.execute_data(o), "execute", "EXECUTOR")
        said = [] if desk.request.dry_run else _follow(desk, o)
        done.append({**o.figures(now), "tx": tx, "said": said})
        for line in [] if desk.request.as_json else said:
            desk.console.print(line, soft_wrap=True)
    if desk.request.as_json:
        print(json.dumps({"state": "dry run" if desk.request.dry_run else "executed", "operations": done}, indent=2))
    return DONE


def cancel(request: Request, text: str) -> int:
    return on_desk(request, lambda desk: _cancel(desk, text))


def _cancel(desk: Desk, text: str) -> int:
    operation = desk.timelock.find(text)
    tx = _act(desk, operation, desk.timelock.cancel_data(operation), "cancel", "CANCELLER")
    if desk.request.as_json:
        data = {**operation.figures(desk.rpc.timestamp()), "tx": tx}
        print(json.dumps({"state": "dry run" if desk.request.dry_run else "cancelled", "operations": [data]}, indent=2))
    return DONE


def _act(desk: Desk, operation: Operation, data: bytes, word: str, role: str) -> str | None:
    """The transaction, or None in a dry run."""
    what = f"{operation.id[:10]}: {'; '.join(operation.texts)}"
    try:
        if desk.request.dry_run:
            if word == "execute":
                desk.rpc.eth_call(desk.timelock.address, data, desk.wallet.address if desk.request.alias else None)
            if not desk.request.as_json:
                desk.console.print(f"dry run: would {word} {what}", soft_wrap=True)
            return None
        if not desk.timelock.may(role, desk.wallet.address):
            raise Problem(f"{desk.wallet.address} may not {word} in the timelock {desk.timelock.address} (name an account with --account)")
        receipt = desk.wallet.transact(desk.timelock.address, data)
    except Reverted as e:
        raise Problem(f"operation {operation.id[:10]} cannot be {PAST[word]}: {e.reason or e}") from None
    if not desk.request.as_json:
        desk.console.print(f"{PAST[word]} {what}", soft_wrap=True)
    return str(receipt["transactionHash"])


def _follow(desk: Desk, operation: Operation) -> list[str]:
    """The book names the oracle and the engine, the new ones from now on, and each asset that is listed, which gets its vault. Returns what
    is to be said of it."""
    changed, listed, said = False, [], []
    for target, payload in operation.calls:
        decoded = desk.configurator.interface.decode_input(payload) if target == desk.configurator.address else None
        if decoded is not None and decoded[0] == "list_reserve":
            role = follow_listing(desk, decoded[1][0])
            said.append(f"{desk.book.shown} knows it as '{role}'; `ape run market config` says what the network's file needs")
            listed.append(role)
            changed = True
        if decoded is not None and decoded[0] in FOLLOWED:
            _replace_entry(desk, FOLLOWED[decoded[0]], decoded[1][0])
            changed = True
    if changed:
        # whatever becomes of the vaults
        desk.book.save()
    for role in listed:
        said += _vault_of(desk, role)
    return said


def _vault_of(desk: Desk, role: str) -> list[str]:
    """The vault of an asset that has just been listed. Returns what is to be said of it; that it fails is no reason to fail."""
    if not desk.book.has("ReserveVaultFactory"):
        return []
    try:
        if not record_vault(desk, role):
            create_vault(desk, role)
    except RpcDead:
        raise
    except RpcError as e:
        return [f"the vault over its reserve could not be created ({e}): {_vault_hint(role)}"]
    desk.book.save()
    return [f"the vault over its reserve: {desk.book.address(vault_name(role))}"]


def _vault_hint(role: str) -> str:
    return f"`ape run market vault {role}` creates it, which anyone may"


def vault(request: Request, text: str) -> int:
    """The vault over an asset's reserve, created if there is none."""
    return on_desk(request, lambda desk: _vault(desk, text))


def _vault(desk: Desk, text: str) -> int:
    book, token = desk.book, desk.token(text)
    if not book.has("ReserveVaultFactory"):
        raise Problem(f"{book.shown} has no ReserveVaultFactory: what it lists was deployed without vaults")
    name = vault_name(token.role)
    if book.has(name):
        return nothing_to_do(desk, f"the vault over {token.symbol} is {book.address(name)}")
    if record_vault(desk, token.role):
        state, said = "known", f"somebody has created the vault over {token.symbol}: {book.address(name)}"
    elif desk.request.dry_run:
        state, said = "dry run", f"dry run: would create the vault over {token.symbol}"
    else:
        state, said = "created", f"the vault over {token.symbol}: {create_vault(desk, token.role)}"
    if not desk.request.dry_run:
        book.save()
    if desk.request.as_json:
        print(json.dumps({"state": state, "vault": book.address(name) if book.has(name) else None, "said": said}, indent=2))
    else:
        desk.console.print(said, soft_wrap=True)
    return DONE


def follow(request: Request) -> int:
    """Bring the address book in line with what somebody else has executed."""
    return on_desk(replace(request, follows=True), _follow_chain)


def _follow_chain(desk: Desk) -> int:
    book, said = desk.book, []
    problem = book.belongs_to(desk.rpc)
    if problem is not None:
        raise Problem(problem)
    for name, getter in (("PriceOracle", "oracle"), ("LiquidationEngine", "engine")):
        address = desk.pool.call(getter)
        if address != book.address(name):
            _replace_entry(desk, name, address)
            said.append(f"{name} is {address} now")
    count = int(desk.pool.call("reserves_count"))
    for number in range(len(book.tokens), count):
        address = desk.pool.call("reserve_at", number)
        role = follow_listing(desk, address)
        said.append(f"{book.token(role).symbol} ({address}) is listed, as '{role}'")
        if not record_vault(desk, role):
            said.append(f"there is no vault over {book.token(role).symbol} yet: {_vault_hint(role)}")
    for token in book.tokens:
        # one that somebody has created later
        if book.has("ReserveVaultFactory") and not book.has(vault_name(token.role)) and record_vault(desk, token.role):
            said.append(f"the vault over {token.symbol} is {book.address(vault_name(token.role))}")
    if not said:
        book.check(desk.rpc)
        return nothing_to_do(desk, f"{book.shown} is as the chain has it")
    book.check(desk.rpc)
    book.save()
    if desk.request.as_json:
        print(json.dumps({"state": "done", "said": said}, indent=2))
    else:
        for line in said:
            desk.console.print(f"{book.shown}: {line}", soft_wrap=True)
    return DONE


def _replace_entry(desk: Desk, name: str, address: str) -> None:
    entry = desk.book.data["contracts"][name]
    entry.update(address=address, code_hash=to_hex(keccak(desk.rpc.code(address))))
    # of the one before
    for key in ("args", "tx", "block", "block_hash"):
        entry.pop(key, None)
    entry["args"] = []


# ---------------------------------------------------------------------- what is configured


def config(request: Request, file: Path | None) -> int:
    """The groups of config/<network>.yaml with which `ape run check` agrees, as YAML."""
    return on_desk(request, lambda desk: _config(desk, file))


def _config(desk: Desk, file: Path | None) -> int:
    network = networks.load(file) if file is not None else networks.find(desk.rpc.chain_id)
    if network is None:
        network = networks.Network("", "", desk.rpc.chain_id)
    if network.chain_id != desk.rpc.chain_id:
        raise Problem(f"{network.name}.yaml is of chain {network.chain_id}, {desk.rpc.shown} is chain {desk.rpc.chain_id}")
    preset = presets.load(network.preset or desk.book.data["preset"])
    groups = live.sections(desk.rpc, desk.book, desk.artifacts, preset, network)
    if wiring.has_extras(desk.book):
        groups["isolated"] = live_isolated.section(desk.rpc, desk.book, desk.artifacts, preset)
    text = live.yaml_text(groups)
    where = f"config/{network.name}.yaml" if network.name else "a file in config"
    if desk.request.as_json:
        print(json.dumps({"file": network.name or None, "yaml": text}, indent=2))
    else:
        # not by rich: this is to be pasted
        print(f"# In {where}, in the place of the groups of these names: what chain {desk.rpc.chain_id} has at block {desk.rpc.block_number()}")
        print(text, end="")
    return DONE


def overview(request: Request) -> int:
    return on_desk(request, _overview)


def _overview(desk: Desk) -> int:
    from rich.table import Table

    views, market = _views(desk), desk.lens.call("market")
    if desk.request.as_json:
        figures = {"market": _market_figures(desk, market), "assets": [_figures(desk, v, c) for v, c in views]}
        print(json.dumps(figures, indent=2))
        return DONE
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("asset", "LTV", "in liquidations", "bonus", "fee", "supplied", "cap", "owed", "cap", "used", "state"):
        table.add_column(name, justify="left" if name in ("asset", "state") else "right", no_wrap=name != "state")
    for v, c in views:
        token = token_of(desk, v.asset)
        table.add_row(
            token.symbol,
            percent(c.new_risk_ltv_bps),
            percent(c.liquidation_ltv_bps),
            percent(c.bonus_bps),
            percent(c.origination_fee_bps),
            words.amount(v.state.cash + v.state.debt, token.decimals, 2),
            words.amount(c.supply_cap, token.decimals, 2) if c.supply_cap else "none",
            words.amount(v.state.debt, token.decimals, 2),
            words.amount(c.debt_cap, token.decimals, 2) if c.debt_cap else "none",
            words.percent(v.utilisation_wad),
            _state(desk, v, c),
        )
    desk.console.print(table)
    for line in _guards(desk, market):
        desk.console.print(line, soft_wrap=True)
    return DONE


def show(request: Request, text: str) -> int:
    return on_desk(request, lambda desk: _show(desk, text))


def _show(desk: Desk, text: str) -> int:
    from rich.table import Table

    token = desk.token(text)
    v, c = next((v, c) for v, c in _views(desk) if v.asset == token.address)
    if desk.request.as_json:
        print(json.dumps(_figures(desk, v, c), indent=2))
        return DONE
    now = desk.rpc.timestamp()
    until = f", until {words.duration(c.ramp_until - now)} from now" if c.ramp_until > now else ""
    pausable = desk.configurator.call("pausable_from", token.address)
    receivers = "all" if c.stakers == changes.ZERO else f"half to {c.stakers}, half"
    rows = [
        ("token", f"{token.address}, {token.decimals} decimals"),
        ("state", _state(desk, v, c)),
        ("LTV for new risk", percent(c.new_risk_ltv_bps)),
        ("LTV in liquidations", f"{percent(c.liquidation_ltv_bps)}{until}"),
        ("bonus", percent(c.bonus_bps)),
        ("reserve factor", percent(c.reserve_factor_bps)),
        ("origination fee", f"{percent(c.origination_fee_bps)}, {receivers} to the treasury"),
        ("rate model", c.rate_model),
        ("borrow rate", words.percent(v.state.borrow_rate_wad, 2)),
        ("depth counts", words.DEPTH_MODES[c.depth_mode]),
        ("supplied", f"{words.amount(v.state.cash + v.state.debt, token.decimals)} {token.symbol}, cap {cap_text(c.supply_cap, token)}"),
        ("owed", f"{words.amount(v.state.debt, token.decimals)} {token.symbol}, cap {cap_text(c.debt_cap, token)}"),
        ("guardian may pause", "now" if pausable <= now else f"in {words.duration(pausable - now)}"),
    ]
    table = Table(box=None, pad_edge=False, show_header=False)
    for row in rows:
        table.add_row(*row)
    desk.console.print(table)
    return DONE


def _views(desk: Desk) -> list[tuple[Any, Any]]:
    """(Lens.ReserveView, Configuration) of each asset."""
    views = desk.lens.call("reserves")
    return list(zip(views, read(desk.rpc, [desk.configurator.request("configuration", v.asset) for v in views]), strict=True))


def _state(desk: Desk, v: Any, c: Any) -> str:
    found = ["frozen"] if c.frozen else []
    if c.paused_actions:
        found.append(f"paused for {words.duration(max(c.paused_until - desk.rpc.timestamp(), 0))}: {actions_text(c.paused_actions)}")
    if not v.state.seeded:
        found.append("not seeded")
    found += words.why(int(v.band.why))
    return "; ".join(found) or "open"


def _guards(desk: Desk, market: Any) -> list[str]:
    now = desk.rpc.timestamp()
    found = []
    for what, since in (("new risk", market.new_risk_from), ("liquidation", market.liquidation_from)):
        if since > now:
            found.append(f"{what} is closed for {words.duration(since - now)} more")
    steward, guardian = desk.configurator.call("steward"), desk.configurator.call("guardian")
    return [*found, f"timelock {desk.timelock.address}, delay {words.duration(desk.timelock.delay())}; steward {steward}; guardian {guardian}"]


def _market_figures(desk: Desk, market: Any) -> dict[str, Any]:
    return {
        "chain_id": desk.book.chain_id,
        "timelock": desk.timelock.address,
        "delay_seconds": desk.timelock.delay(),
        "steward": desk.configurator.call("steward"),
        "guardian": desk.configurator.call("guardian"),
        "oracle": market.oracle,
        "engine": market.engine,
        "new_risk_from": market.new_risk_from,
        "liquidation_from": market.liquidation_from,
    }


def _figures(desk: Desk, v: Any, c: Any) -> dict[str, Any]:
    token = token_of(desk, v.asset)
    return {
        "asset": token.symbol,
        "role": token.role,
        "address": v.asset,
        "ltv_bps": c.ltv_bps,
        "new_risk_ltv_bps": c.new_risk_ltv_bps,
        "liquidation_ltv_bps": c.liquidation_ltv_bps,
        "ramp_until": c.ramp_until,
        "bonus_bps": c.bonus_bps,
        "reserve_factor_bps": c.reserve_factor_bps,
        "origination_fee_bps": c.origination_fee_bps,
        "stakers": c.stakers,
        "rate_model": c.rate_model,
        "depth_mode": c.depth_mode,
        "supplied": str(v.state.cash + v.state.debt),
        "supply_cap": str(c.supply_cap),
        "debt": str(v.state.debt),
        "debt_cap": str(c.debt_cap),
        "decimals": token.decimals,
        "seeded": v.state.seeded,
        "frozen": c.frozen,
        "paused": [name for name, bit in changes.ACTIONS.items() if c.paused_actions & bit],
        "paused_until": c.paused_until,
        "blocked": words.why(int(v.band.why)),
    }


# ---------------------------------------------------------------------- for people


def show_change(wanted: Change, found: Effect | None, console: Console) -> None:
    who = {OWNER: "the owner, through the timelock", STEWARD: "the steward, at once", GUARDIAN: "the guardian, at once"}
    console.print(f"[bold]{wanted.title}[/], by {who[wanted.role]}")
    for row in wanted.rows:
        console.print(f"  {row.what}: {row.now} → {row.then}", soft_wrap=True)
    for note in wanted.notes:
        console.print(f"  {note}", soft_wrap=True)
    for line in effect_lines(wanted, found) if found is not None else ():
        console.print(f"  {line}", soft_wrap=True)


def effect_lines(wanted: Change, found: Effect) -> list[str]:
    if not found.accounts:
        return ["nobody has debt"]
    has = f"; {found.touched} of them have the asset as collateral or owe it" if wanted.asset is not None else ""
    lines = [f"{_accounts(found.accounts)} with debt{has}"]
    lines.append(f"now         {distribution_line(found.now)}")
    if found.changed_at_once:
        lines.append(f"at once     {distribution_line(found.at_once)}")
    if found.in_the_end != found.at_once:
        lines.append(f"in the end  {distribution_line(found.in_the_end)}")
    changed = max(found.changed_at_once, found.changed_in_the_end)
    to_liquidation = f", {found.newly_liquidatable} of them to LIQUIDATION" if changed else ""
    lines.append(f"{_accounts(changed)} would change stage{to_liquidation}, at the prices of now")
    if found.newly_without_room is None:
        lines.append("how much each could still borrow is not worked out")
    elif found.newly_without_room:
        lines.append(f"{_accounts(found.newly_without_room)} could borrow no more")
    return lines


def _accounts(count: int) -> str:
    return "no account" if count == 0 else "1 account" if count == 1 else f"{count} accounts"
