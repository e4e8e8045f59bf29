"""What `ape run check` compares, and says: a live deployment with its configuration."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plimsoll import feeds, networks, presets, wiring, words
from plimsoll.abi import Artifacts, artifacts, read
from plimsoll.addresses import AddressBook, BookError
from plimsoll.cli import DONE, FAILED
from plimsoll.errors import Problem
from plimsoll.feeds import FeedError
from plimsoll.governance import live, live_isolated
from plimsoll.networks import ACTIONS, Network
from plimsoll.presets import Preset
from plimsoll.rpc import Rpc

if TYPE_CHECKING:
    from rich.console import Console

# Entries of the book that end so are ERC-5202 blueprints of what stands before it
BLUEPRINT = "Blueprint"


@dataclass(frozen=True)
class Result:
    """One thing that was compared."""

    group: str
    what: str
    found: str
    wanted: str

    @property
    def agrees(self) -> bool:
        return self.found == self.wanted


def run(url: str, config: Path | None, as_json: bool) -> int:
    """Returns the exit code: not 0 on any difference."""
    from rich.console import Console

    with Rpc(url) as rpc:
        notes = Console(stderr=True, highlight=False)
        network = networks.load(config) if config is not None else networks.find(rpc.chain_id)
        if network is None:
            notes.print(f"there is no file of chain {rpc.chain_id} in config: compared with what was deployed", soft_wrap=True)
            network = Network("", "", rpc.chain_id)
        if network.chain_id != rpc.chain_id:
            raise Problem(f"{network.name}.yaml is of chain {network.chain_id}, {rpc.shown} is chain {rpc.chain_id}")
        # a book that cannot be read is an error, one that does not fit the chain a difference
        AddressBook.read(AddressBook.path_for(rpc.chain_id))
        try:
            book = AddressBook.open(rpc)
            if not wiring.has_extras(book):
                without = "is of a deployment without Bundler, vaults and isolated markets: nothing of them to compare"
                notes.print(f"{book.shown} {without}", soft_wrap=True)
            results = compare(rpc, book, artifacts(say=lambda text: notes.print(text)), network)
        except BookError as e:
            results = [Result("address book", "the chain", str(e), "as the book says")]
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    wrong = [r for r in results if not r.agrees]
    if as_json:
        print(json.dumps(figures(network, results), indent=2))
    else:
        show(network, results, console)
    return FAILED if wrong else DONE


# ---------------------------------------------------------------------- comparing


def compare(rpc: Rpc, book: AddressBook, compiled: Artifacts, network: Network) -> list[Result]:
    """All that is compared, in the order in which it is told."""
    name = network.preset or book.data.get("preset")
    if name is None:
        raise Problem(f"{book.shown} does not name its preset: give one in config/{network.name or rpc.chain_id}.yaml")
    preset = network.applied_to(presets.load(name))
    # with what governance has listed since
    whole = live.with_listed(preset, network)
    missing = [a.role for a in whole.assets if a.role not in book.data["tokens"]]
    if missing:
        raise Problem(f"{book.shown} has no asset '{missing[0]}', which the preset '{preset.name}' lists: was another preset deployed?")
    for role in network.may_be_blocked:
        if role not in [a.role for a in whole.assets]:
            raise Problem(f"{network.name}.yaml names '{role}', which is no asset of the preset '{preset.name}'")
    return [
        *_as_configured(book, network),
        *_wiring(rpc, book, compiled, preset, network),
        *_results("wiring and roles", live.listed_checks(rpc, book, compiled, preset, network)),
        *_results("wiring and roles", live_isolated.checks_beside(rpc, book, compiled, preset, network)),
        *_terms(rpc, book, compiled, whole, network),
        *_pauses(rpc, book, compiled, whole, network),
        *_oracle(rpc, book, compiled, whole, network),
        *_results("oracle", live.feed_checks(rpc, book, compiled)),
        *_code(rpc, book, compiled),
    ]


def _results(group: str, checks: list[wiring.Found]) -> list[Result]:
    return [Result(group, what, wiring.text(found), wiring.text(expected)) for what, found, expected in checks]


def _as_configured(book: AddressBook, network: Network) -> list[Result]:
    """What the deployment began with."""
    known = {role: entry["address"] for role, entry in book.data["tokens"].items()}
    fed = {role: entry["address"] for role, entry in book.feeds.items()}
    checks: list[wiring.Found] = [(f"token '{role}'", known.get(role, "missing"), a) for role, a in network.tokens.items()]
    checks += [(f"feed of '{role}'", fed.get(role, "missing"), a) for role, a in network.feeds.items()]
    if network.wrapped_native is not None:
        checks.append(("wrapped coin", book.address("WrappedNative") if book.has("WrappedNative") else "missing", network.wrapped_native))
    return _results("configuration", checks)


def _wiring(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Result]:
    named = {n: getattr(network, n) for n in ("owner", "steward", "guardian", "delay_seconds")}
    roles = {**wiring.governance(book), **{n: v for n, v in named.items() if v is not None}}
    checks = wiring.wiring(rpc, book, compiled, preset, network.treasury, roles)
    checks = live.as_changed(rpc, book, network, checks)
    return _results("wiring and roles", live_isolated.as_changed(rpc, book, network, checks))


def _terms(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Result]:
    stakers = {r: t.stakers for r, t in network.terms.items() if t.stakers is not None}
    models = {r: t.rate_model for r, t in network.terms.items() if t.rate_model is not None}
    return _results("terms and caps", wiring.terms(rpc, book, compiled, preset, stakers, models))


def _pauses(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Result]:
    configurator, lens = (book.contract(n, rpc, compiled) for n in ("PoolConfigurator", "Lens"))
    roles = [a.role for a in preset.assets]
    found = read(rpc, [configurator.request("configuration", book.token(r).address) for r in roles])
    now, market = rpc.timestamp(), lens.call("market")
    results = []
    for role, c in zip(roles, found, strict=True):
        wanted = network.terms_of(role)
        paused = [name for i, name in enumerate(ACTIONS) if c.paused_actions >> i & 1]
        results.append(Result("pauses", f"'{role}'", _open(c.frozen, paused), _open(wanted.frozen, list(wanted.paused))))
    for what, since in (("new risk", market.new_risk_from), ("liquidation", market.liquidation_from)):
        results.append(Result("pauses", what, "open" if since <= now else f"closed for {words.duration(since - now)} more", "open"))
    return results


def _open(frozen: bool, paused: list[str]) -> str:
    found = ["frozen"] if frozen else []
    if paused:
        found.append("paused: " + ", ".join(a for a in ACTIONS if a in paused))
    return "; ".join(found) or "open"


def _oracle(rpc: Rpc, book: AddressBook, compiled: Artifacts, preset: Preset, network: Network) -> list[Result]:
    oracle = book.contract("PriceOracle", rpc, compiled)
    now, results = rpc.timestamp(), []
    addresses = [book.token(a.role).address for a in preset.assets]
    answers = read(rpc, [oracle.request(f, a) for f in ("band", "cached_ts") for a in addresses])
    for asset, band, cached_ts in zip(preset.assets, answers[: len(addresses)], answers[len(addresses) :], strict=True):
        role = asset.role
        results.append(Result("oracle", f"'{role}' in liquidations", "valid" if band.fresh_low else "no valid price", "valid"))
        if role not in network.may_be_blocked:
            results.append(Result("oracle", f"'{role}' for new risk", "; ".join(words.why(int(band.why))) or "open", "open"))
        if network.oracle_age_seconds is not None and asset.quote is not None:
            age, most = now - cached_ts, network.oracle_age_seconds
            limit = f"at most {words.duration(most)} ago"
            said = "never" if cached_ts == 0 else limit if age <= most else f"{words.duration(age)} ago"
            results.append(Result("oracle", f"'{role}' was read", said, limit))
        if asset.feed is not None:
            said = _feed(rpc, asset.feed, live.feed_address(book, network, role), now)
            results.append(Result("oracle", f"feed of '{role}'", said, "believed"))
    return results


def _feed(rpc: Rpc, feed: presets.Feed, address: str, now: int) -> str:
    try:
        return feeds.problem(feed, feeds.ask(rpc, address), now) or "believed"
    except FeedError as e:
        return str(e)


def _code(rpc: Rpc, book: AddressBook, compiled: Artifacts) -> list[Result]:
    """The code at each address is what our sources compile to, immutables apart. A wrapped coin that was there before is not ours."""
    names = [n for n in book.names if n != "WrappedNative" or "tx" in book.data["contracts"][n]]
    codes = rpc.batch([("eth_getCode", [book.address(n), "latest"]) for n in names])
    results = []
    for name, code in zip(names, codes, strict=True):
        kind = book.kind(name)
        blueprint_of = kind.removesuffix(BLUEPRINT)
        # a blueprint stands there as ERC-5202 has it; the first ten bytes of its deployment only return it
        ours = compiled[kind].code if blueprint_of == kind else compiled[blueprint_of].blueprint()[10:]
        agrees = bytes.fromhex(code[2:]).startswith(ours)
        results.append(Result("code", name, "ours" if agrees else "other than these sources compile to", "ours"))
    return results


# ---------------------------------------------------------------------- telling


def figures(network: Network, results: list[Result]) -> dict[str, Any]:
    """JSON data."""
    return {
        "chain_id": network.chain_id,
        "config": network.name or None,
        "compared": len(results),
        "differences": [{"group": r.group, "what": r.what, "found": r.found, "wanted": r.wanted} for r in results if not r.agrees],
    }


def show(network: Network, results: list[Result], console: Console) -> None:
    groups = dict.fromkeys(r.group for r in results)
    for group in groups:
        mine = [r for r in results if r.group == group]
        wrong = [r for r in mine if not r.agrees]
        console.print(f"[green]✓[/] {group}: {len(mine)} agree" if not wrong else f"[red]✗[/] {group}: {len(wrong)} of {len(mine)} differ")
        for r in wrong:
            console.print(f"    {r.what}: {r.found} (expected: {r.wanted})", soft_wrap=True)
    wrong = [r for r in results if not r.agrees]
    source = f"config/{network.name}.yaml" if network.name else "what was deployed"
    console.print(f"{len(wrong)} difference{'s' if len(wrong) > 1 else ''} from {source}" if wrong else f"the deployment is as {source} says")
