"""`ape run market add`: a new asset, tried before anything is sent, then put into the timelock; and its entries in the address book."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from plimsoll import feeds, words
from plimsoll.abi import read
from plimsoll.addresses import Token
from plimsoll.cli import FAILED
from plimsoll.errors import Problem
from plimsoll.governance import listing
from plimsoll.governance.desk import Desk, Request, nothing_to_do, on_desk, schedule
from plimsoll.governance.listing import Step, Wanted
from plimsoll.governance.simulate import Outcome, Transaction, deploy, simulate
from plimsoll.names import model_name, vault_name
from plimsoll.presets import MAX_LTV_BPS_WITHOUT_FEED, Asset
from plimsoll.rpc import Reverted, RpcDead, RpcError, to_hex, to_int
from plimsoll.wiring import ZERO

ROLE = re.compile(r"[a-z][a-z0-9_]{0,39}")
# In the address book until the operation is executed: token -> what its entry will be
PLANNED = "listings"


@dataclass(frozen=True)
class Add:
    """What the command was given."""

    role: str
    token: str
    file: Path
    pool: str | None = None
    feed: str | None = None
    model: str | None = None
    stakers: str | None = None
    payer: str | None = None


def add(request: Request, given: Add) -> int:
    """Returns the exit code."""
    return on_desk(request, lambda desk: _add(desk, given))


def _add(desk: Desk, given: Add) -> int:
    if not ROLE.fullmatch(given.role):
        raise Problem(f"'{given.role}' is no usable name: small letters, digits and _ only")
    address = desk.address(given.token)
    known = desk.book.token_at(address)
    if known is not None:
        return nothing_to_do(desk, f"{known.symbol} ({address}) is listed already, as '{known.role}'")
    if given.role in desk.book.data["tokens"]:
        raise Problem(f"'{given.role}' is listed already, with another token: choose another name for {address}")
    asset = listing.read_asset(given.file, given.role)
    token = listing.read_token(desk.rpc, desk.artifacts, given.role, address)
    payer = desk.address(given.payer) if given.payer is not None else desk.wallet.address
    wanted, deploys = _wanted(desk, given, asset, token, payer)
    before = [Step(payer, None, listing.model_code(desk.artifacts, asset.rates), "deploy its rate model")] if deploys else []
    before += listing.approval(desk.rpc, desk.artifacts, wanted, payer, desk.timelock.address)
    steps = listing.batch(desk.book, desk.rpc, desk.artifacts, wanted, payer)
    outcomes, after = _try(desk, wanted, [*before, *steps])
    refused = [(s, o) for s, o in zip([*before, *steps], outcomes, strict=True) if o.refused is not None]
    figures = _figures(desk, wanted, before, steps, outcomes, after)
    if not desk.request.as_json:
        _show(desk, wanted, before, steps, outcomes, after)
    if refused:
        step, outcome = refused[0]
        said = f"listing {token.symbol}: {len(refused)} of {len(outcomes)} steps would be refused, first '{step.text}': {outcome.refused}"
        if desk.request.as_json:
            print(json.dumps({**figures, "state": "refused", "error": said}, indent=2))
            return FAILED
        raise Problem(said)
    if not desk.request.dry_run:
        if not desk.timelock.may("PROPOSER", desk.wallet.address):
            who = desk.wallet.address
            raise Problem(f"{who} may not propose to the timelock {desk.timelock.address} (name an account with --account)")
        model = _prepare(desk, wanted, before, payer)
        if model != wanted.model:
            wanted = Wanted(asset, token, wanted.first, wanted.second, wanted.feed, model, wanted.stakers)
            steps = listing.batch(desk.book, desk.rpc, desk.artifacts, wanted, payer)
    outcome_of, code = schedule(desk, [(s.to or ZERO, s.data) for s in steps])
    if desk.request.as_json:
        print(json.dumps({**figures, **outcome_of}, indent=2))
    else:
        desk.console.print(outcome_of["said"], soft_wrap=True)
    return code


def _wanted(desk: Desk, given: Add, asset: Asset, token: Token, payer: str) -> tuple[Wanted, bool]:
    """The listing, and whether its rate model has still to be deployed."""
    if asset.ltv_bps > MAX_LTV_BPS_WITHOUT_FEED and asset.feed is None:
        raise Problem(f"{token.symbol} has no feed: above 65 % an asset needs one, which a second pool does not replace")
    pool = desk.address(given.pool) if given.pool is not None else None
    first, second = listing.find_pools(desk.rpc, desk.book, desk.artifacts, asset, token, pool)
    feed = listing.find_feed(desk.rpc, asset, desk.address(given.feed) if given.feed is not None else None)
    stakers = desk.address(given.stakers) if given.stakers is not None else asset.stakers.get(desk.rpc.chain_id, ZERO)
    if stakers != ZERO and not asset.origination_fee_bps:
        raise Problem("--stakers makes no sense: they get half of an origination fee, which is 0")
    if given.model is not None:
        return Wanted(asset, token, first, second, feed, desk.address(given.model), stakers), False
    planned = desk.book.data.get(PLANNED, {}).get(token.address, {}).get("model")
    code = listing.model_code(desk.artifacts, asset.rates)
    if planned is not None and planned["init_code_hash"] == to_hex(keccak(code)):
        return Wanted(asset, token, first, second, feed, planned["address"], stakers), False
    model = listing.created(payer, desk.rpc.nonce(payer, "latest"))
    return Wanted(asset, token, first, second, feed, model, stakers), True


def _try(desk: Desk, wanted: Wanted, steps: list[Step]) -> tuple[list[Outcome], Any]:
    """What becomes of each, as if the timelock's delay were over; and (band, configuration, state of the reserve) after them."""
    reads = [
        desk.contract("PriceOracle").request("band", wanted.token.address),
        desk.configurator.request("configuration", wanted.token.address),
        desk.pool.request("reserve_state", wanted.token.address),
    ]
    deployed = [s for s in steps if s.to is None]
    outcomes, code = [], {}
    for s in deployed:
        outcome, runtime = deploy(desk.rpc, s.sender, s.data)
        outcomes.append(outcome)
        code[wanted.model] = runtime
    found, after = simulate(desk.rpc, [Transaction(s.sender, s.to, s.data) for s in steps if s.to is not None], reads, code)
    # what is deployed comes first
    return [*outcomes, *found], after


def _prepare(desk: Desk, wanted: Wanted, before: list[Step], payer: str) -> str:
    """What has to be there before the operation waits. Returns the address of the rate model."""
    book, model, token = desk.book, wanted.model, wanted.token
    entry = {
        "role": token.role,
        "symbol": token.symbol,
        "decimals": token.decimals,
        "feed": None if wanted.feed is None else {"address": wanted.feed[0], "decimals": wanted.feed[1]},
        "model": book.data.get(PLANNED, {}).get(token.address, {}).get("model"),
    }
    if payer != desk.wallet.address and any(s.to is not None for s in before):
        how = f"let the timelock {desk.timelock.address} take {wanted.seed} raw units of {token.symbol} first (approve)"
        raise Problem(f"{payer} has to {how}, or be the account that signs")
    book.data.setdefault(PLANNED, {})[token.address] = entry
    for step in before:
        receipt = desk.wallet.transact(step.to, step.data)
        if step.to is None:
            model = str(to_checksum_address(receipt["contractAddress"]))
            r = wanted.asset.rates
            entry["model"] = {
                "contract": "JumpRateModel",
                "address": model,
                "code_hash": to_hex(keccak(desk.rpc.code(model))),
                "args": [str(n) for n in (r.base_wad, r.multiplier_wad, r.jump_wad, r.kink_wad)],
                "tx": receipt["transactionHash"],
                "block": to_int(receipt["blockNumber"]),
                "block_hash": receipt["blockHash"],
                "init_code_hash": to_hex(keccak(step.data)),
            }
            # whatever happens to the next one
            book.save()
    book.save()
    return model


# ---------------------------------------------------------------------- the address book, afterwards


def follow_listing(desk: Desk, address: str) -> str:
    """The book knows an asset that was listed: its token, its feed, its rate model and its pools. Returns its role."""
    book = desk.book
    planned = book.data.get(PLANNED, {}).pop(address, None)
    if planned is None:
        # proposed elsewhere
        token = listing.read_token(desk.rpc, desk.artifacts, "token", address)
        role = _free_role(desk, token.symbol)
        planned = {"role": role, "symbol": token.symbol, "decimals": token.decimals, "feed": None, "model": None}
        told = desk.contract("PriceOracle").call("feed_of", address)[0]
        if told != ZERO:
            planned["feed"] = {"address": told, "decimals": feeds.ask(desk.rpc, told).decimals}
    if not book.data.get(PLANNED, True):
        del book.data[PLANNED]
    role = str(planned["role"])
    book.data["tokens"][role] = {"address": address, "symbol": planned["symbol"], "decimals": planned["decimals"]}
    if planned["feed"] is not None:
        book.feeds[role] = planned["feed"]
    if planned["model"] is not None:
        book.data["contracts"][model_name(role)] = {k: v for k, v in planned["model"].items() if k != "init_code_hash"}
    _follow_pools(desk, role, address)
    return role


def record_vault(desk: Desk, role: str) -> bool:
    """The book knows the vault over an asset's reserve, whoever created it. False: there is none yet."""
    book, token = desk.book, desk.book.token(role)
    if not book.has("ReserveVaultFactory") or book.has(vault_name(role)):
        return True
    address = desk.contract("ReserveVaultFactory").call("vault_of", desk.pool.address, token.address)
    if address == ZERO:
        return False
    _record(desk, vault_name(role), "ReserveVault", address, [desk.pool.address, token.address])
    return True


def create_vault(desk: Desk, role: str) -> str:
    """The vault over the reserve of an asset that has none: anyone may create it. Returns its address.

    It cannot be a step of the listing's operation: somebody who creates it a block earlier would have all of that refused.
    """
    factory, token = desk.contract("ReserveVaultFactory"), desk.book.token(role)
    receipt = None
    try:
        receipt = desk.wallet.transact(factory.address, factory.data("create_vault", desk.pool.address, token.address))
    except Reverted:
        # somebody was faster: the factory has made it, so it is the same
        if factory.call("vault_of", desk.pool.address, token.address) == ZERO:
            raise
    address = str(factory.call("vault_of", desk.pool.address, token.address))
    _record(desk, vault_name(role), "ReserveVault", address, [desk.pool.address, token.address])
    if receipt is not None:
        proof = {"tx": receipt["transactionHash"], "block": to_int(receipt["blockNumber"]), "block_hash": receipt["blockHash"]}
        desk.book.data["contracts"][vault_name(role)] |= proof
    return address


def _free_role(desk: Desk, symbol: str) -> str:
    plain = re.sub(r"[^a-z0-9_]", "_", symbol.lower()).strip("_")[:30]
    name = plain if ROLE.fullmatch(plain) else f"asset_{plain}".rstrip("_")
    number, role = 1, name
    while role in desk.book.data["tokens"]:
        number += 1
        role = f"{name}_{number}"
    return role


def _follow_pools(desk: Desk, role: str, address: str) -> None:
    """Its sources, where they are pools of our factories that the book does not have."""
    book, oracle = desk.book, desk.contract("PriceOracle")
    held = {book.address(name) for name in book.names}
    for pool, quote, _ in read(desk.rpc, [oracle.request("source_of", address, place) for place in (0, 1)]):
        against = book.token_at(quote)
        if pool == ZERO or pool in held or against is None:
            continue
        tokens = sorted((address, quote), key=lambda t: int(t, 16))
        if desk.contract("PairFactory").call("getPair", *tokens) == pool:
            _record(desk, f"Pair.{role}.{against.role}", "Pair", pool, tokens)
        elif book.has("RangePoolFactory"):
            try:
                fee = int(desk.artifacts.at("RangePool", pool, desk.rpc).call("fee"))
            except RpcDead:
                raise
            except (RpcError, ValueError):
                continue
            if desk.contract("RangePoolFactory").call("getPool", *tokens, fee) == pool:
                _record(desk, f"RangePool.{role}.{against.role}.{fee}", "RangePool", pool, [*tokens, str(fee)])


def _record(desk: Desk, name: str, kind: str, address: str, args: list[Any]) -> None:
    entry = {"contract": kind, "address": address, "code_hash": to_hex(keccak(desk.rpc.code(address))), "args": args}
    desk.book.data["contracts"][name] = entry


# ---------------------------------------------------------------------- telling


def _figures(desk: Desk, wanted: Wanted, before: list[Step], steps: list[Step], outcomes: list[Outcome], after: Any) -> dict[str, Any]:
    """JSON data."""
    told = [
        {
            "what": s.text,
            "by": "the payer, before" if s in before else "the timelock",
            "call": desk.timelock.text(s.to, s.data) if s.to is not None else "JumpRateModel, deployed",
            "refused": o.refused,
            "gas": o.gas,
        }
        for s, o in zip([*before, *steps], outcomes, strict=True)
    ]
    band, now, state = after
    return {
        "change": f"list {wanted.token.symbol}",
        "by": "owner",
        "asset": wanted.token.role,
        "rows": [{"what": what, "then": then} for what, then in listing.rows(wanted)],
        "steps": told,
        "gas": sum(o.gas for o in outcomes[len(before) :]),
        "afterwards": {
            "price_low": None if band is None else str(band.low),
            "price_high": None if band is None else str(band.high),
            "blocked": None if band is None else words.why(int(band.why)),
            "ltv_bps": None if now is None else now.ltv_bps,
            "seeded": None if state is None else state.seeded,
        },
    }


def _show(desk: Desk, wanted: Wanted, before: list[Step], steps: list[Step], outcomes: list[Outcome], after: Any) -> None:
    console, token = desk.console, wanted.token
    console.print(f"[bold]list {token.symbol}[/] as '{token.role}', by the owner, through the timelock", soft_wrap=True)
    for what, then in listing.rows(wanted):
        console.print(f"  {what}: {then}", soft_wrap=True)
    for title, some, told in (
        ("before, by whoever proposes", before, outcomes[: len(before)]),
        ("in one operation, all or nothing", steps, outcomes[len(before) :]),
    ):
        if some:
            console.print(f"  {title}:")
        for step, outcome in zip(some, told, strict=True):
            mark = "[green]✓[/]" if outcome.refused is None else "[red]✗[/]"
            call = desk.timelock.text(step.to, step.data) if step.to is not None else "JumpRateModel"
            refused = "" if outcome.refused is None else f" [red]would be refused: {outcome.refused}[/]"
            console.print(f"    {mark} {step.text}: [dim]{call}[/]{refused}", soft_wrap=True)
    console.print(f"  gas of the operation: {sum(o.gas for o in outcomes[len(before) :]):,}")
    band = after[0]
    if any(o.refused is not None for o in outcomes):
        console.print("  what is asked after a step that would be refused may be refused because of it", soft_wrap=True)
    elif band is not None:
        console.print(f"  {priced_line(band, token.unit)}", soft_wrap=True)
        console.print("  tried as of this moment: the contracts ask again when it is executed", soft_wrap=True)


def priced_line(band: Any, unit: int) -> str:
    """What the oracle would say of a whole token."""
    low, high = (words.money(p * unit // 10**18, 4) for p in (band.low, band.high))
    price = f"priced at {low} to {high}" if band.low else "without a price"
    blocked = "; ".join(words.why(int(band.why)))
    return f"{price} then; new risk {f'closed: {blocked}' if blocked else 'open'}"
