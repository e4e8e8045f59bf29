"""One deployment, with what its governance reads of it and sends to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from eth_utils.address import to_checksum_address

from plimsoll import cli, feeds, presets, words
from plimsoll.abi import Artifacts, Contract, artifacts, read
from plimsoll.addresses import AddressBook, Token, choose, is_address
from plimsoll.cli import DONE, NOTHING
from plimsoll.errors import Problem
from plimsoll.governance import changes, live
from plimsoll.governance.changes import ORACLE, Change
from plimsoll.governance.effects import Effect, Prices, effect
from plimsoll.governance.simulate import Transaction, simulate
from plimsoll.governance.timelock import UNSET, Timelock
from plimsoll.monitor import Monitor
from plimsoll.reference.depth import FULL
from plimsoll.rpc import DEV_KEYS, Rpc, RpcError, Wallet, call_request, to_bytes, to_hex

# A dry run of other prices
NOT_SHOWN = (
    "the stages are those of this moment's prices, and nothing else is worked out: not what could be borrowed then, not the prices at which "
    "collateral would be seized, and not how the answers differ once prices move"
)


@dataclass(frozen=True)
class Request:
    """What all the commands share."""

    network: str
    alias: str | None = None
    dry_run: bool = False
    as_json: bool = False
    # the address book may differ from the chain in what `follow` brings in line
    follows: bool = False


class Desk:
    """One deployment, with what its governance needs."""

    def __init__(self, rpc: Rpc, request: Request):
        from rich.console import Console

        self.rpc = rpc
        self.request = request
        notes = Console(stderr=True, highlight=False)
        # what it names may have been replaced by somebody else's transaction, where that is to be followed
        self.book = AddressBook.open(rpc, check=not request.follows)
        self.artifacts: Artifacts = artifacts(say=lambda text: notes.print(text))
        self.configurator, self.pool, self.lens = (
            self.book.contract(n, rpc, self.artifacts) for n in ("PoolConfigurator", "LendingPool", "Lens")
        )
        self.timelock = Timelock(rpc, self.book, self.artifacts)
        self.monitor = Monitor(rpc, self.book, self.artifacts)
        console = Console(highlight=False)
        self.console = console if console.is_terminal else Console(highlight=False, width=160)
        self._wallet: Wallet | None = None

    @property
    def wallet(self) -> Wallet:
        if self._wallet is None:
            self._wallet = Wallet(self.rpc, account=cli.account(self.request.alias, self.rpc.chain_id, DEV_KEYS[0], "the change"))
        return self._wallet

    def contract(self, name: str) -> Contract:
        return self.book.contract(name, self.rpc, self.artifacts)

    def token(self, text: str) -> Token:
        return choose(text, self.book.tokens)

    def now(self, token: Token) -> Any:
        """IPoolConfigurator.Configuration."""
        return self.configurator.call("configuration", token.address)

    def source(self, token: Token, place: int) -> changes.Source | None:
        pool, quote, depth = self.contract(ORACLE).call("source_of", token.address, place)
        if pool == changes.ZERO:
            return None
        return changes.Source(pool, token_of(self, quote), depth)

    def feed(self, token: Token) -> changes.Feed | None:
        held = self.contract(ORACLE).call("feed_of", token.address)
        if held[0] == changes.ZERO:
            return None
        try:
            decimals = feeds.ask(self.rpc, held[0]).decimals
        except feeds.FeedError:
            # one that has died is to be replaced: as most count
            decimals = next((f["decimals"] for f in self.book.feeds.values() if f["address"] == held[0]), feeds.TEST_DECIMALS)
        return changes.Feed(held[0], held[1], held[2], held[3], held[4], decimals)

    def new_source(self, token: Token, place: int, pool: str | None, quote: str | None, depth: str | None) -> changes.Source | None:
        """Of what the command was given; what was not is as it is."""
        now = self.source(token, place)
        if pool == "none":
            if quote is not None or depth is not None:
                raise Problem("none takes no --quote and no --min-depth")
            return None
        if now is None and (pool is None or quote is None or depth is None):
            raise Problem(f"{token.symbol} has no {changes.PLACES[place]}: give its pool, --quote and --min-depth")
        wad = None if depth is None else words.raw_units(depth, 18)
        if depth is not None and not wad:
            raise Problem(f"'{depth}' is no depth: give units of account above 0")
        address = self.address(pool) if pool is not None else now.pool if now is not None else changes.ZERO
        against = self.token(quote) if quote is not None else now.quote if now is not None else token
        return changes.Source(address, against, wad if wad is not None else now.min_depth if now is not None else 0)

    def new_feed(
        self, token: Token, address: str | None, heartbeat: int | None, least: str | None, most: str | None, in_quote: bool | None
    ) -> changes.Feed | None:
        """Likewise."""
        now = self.feed(token)
        if address == "none":
            if any(v is not None for v in (heartbeat, least, most, in_quote)):
                raise Problem("none takes no settings of a feed")
            return None
        feed, wanted, told = self.asked_feed(token, now, address, heartbeat, least, most, in_quote)
        # rounded as the oracle keeps them
        return changes.Feed(feed, wanted.in_quote, wanted.heartbeat_seconds, *feeds.kept_bounds(wanted, told.decimals), told.decimals)

    def asked_feed(
        self,
        token: Token,
        now: changes.Feed | None,
        address: str | None,
        heartbeat: int | None,
        least: str | None,
        most: str | None,
        in_quote: bool | None,
    ) -> tuple[str, presets.Feed, feeds.Answer]:
        """(address, what is to be believed of it, what it says) where what was not given is as it is `now`."""
        if now is None and (address is None or heartbeat is None or least is None or most is None):
            raise Problem(f"{token.symbol} has no feed: give its address, --heartbeat, --min and --max")
        feed = self.address(address) if address is not None else now.address if now is not None else changes.ZERO
        told = feeds.ask(self.rpc, feed)

        def price(text: str | None, kept: int, name: str) -> int:
            if text is None and now is not None:
                return int(kept * 10**18 // 10**now.decimals)
            raw = words.raw_units(text or "", 18)
            if not raw:
                raise Problem(f"--{name} '{text}' is no price: give a number above 0 with at most 18 places")
            return raw

        low = price(least, now.min_answer if now is not None else 0, "min")
        high = price(most, now.max_answer if now is not None else 0, "max")
        if low >= high:
            raise Problem("--min must be below --max")
        beats = heartbeat if heartbeat is not None else now.heartbeat if now is not None else 0
        quoted = in_quote if in_quote is not None else now.in_quote if now is not None else False
        wanted = presets.Feed({}, beats, low, high, quoted, None)
        problem = feeds.problem(wanted, told, self.rpc.timestamp())
        if problem:
            said = problem.replace("the preset's", "the given").replace("the preset", "this")
            raise Problem(f"the feed {feed} {said}")
        return feed, wanted, told

    def rates_said(self, token: Token, old: str, new: str) -> list[tuple[str, int, int]]:
        """Of both models: what is told of a change. Nothing where one does not answer."""
        state = self.pool.call("reserve_state", token.address)
        used = state.debt * 10**18 // (state.cash + state.debt) if state.debt else 0
        points = [(f"at the present use, {words.percent(used)}", used), ("at no use", 0), ("at 80 %", 8 * 10**17), ("at full use", 10**18)]
        models = [self.artifacts.at("JumpRateModel", a, self.rpc) for a in (old, new)]
        requests = [call_request(m.address, m.data("borrow_rate_wad", at)) for _, at in points for m in models]
        answers = self.rpc.batch(requests, errors=True)
        numbers = [None if isinstance(a, RpcError) or len(to_bytes(a)) != 32 else int(a, 16) for a in answers]
        pairs = zip(points, numbers[::2], numbers[1::2], strict=True)
        return [(where, before, after) for (where, _), before, after in pairs if before is not None and after is not None]

    def engine_fees(self, old: str, new: str) -> tuple[int, int] | None:
        """The fee of both engines; None where one does not say it."""
        engines = [self.artifacts.at("LiquidationEngine", a, self.rpc) for a in (old, new)]
        answers = self.rpc.batch([call_request(e.address, e.data("fee_bps")) for e in engines], errors=True)
        fees = [None if isinstance(a, RpcError) or len(to_bytes(a)) != 32 else int(a, 16) for a in answers]
        return None if fees[0] is None or fees[1] is None else (fees[0], fees[1])

    def owner_of(self, oracle: str) -> str | None:
        """None: it does not say."""
        contract = self.artifacts.at("PriceOracle", oracle, self.rpc)
        (answer,) = self.rpc.batch([call_request(oracle, contract.data("owner"))], errors=True)
        if isinstance(answer, RpcError) or len(to_bytes(answer)) != 32:
            return None
        return str(to_checksum_address(to_bytes(answer)[12:]))

    def has_feed(self, token: Token) -> bool:
        return live.has_feed(self.rpc, self.contract(ORACLE), token.address)

    def is_steward(self) -> bool:
        """Whoever signs; in a dry run that names nobody: as if."""
        if self.request.dry_run and self.request.alias is None:
            return True
        return bool(self.configurator.call("steward") == self.wallet.address)

    def address(self, text: str) -> str:
        """Of a contract or a person, by digits or by its name in the book."""
        if is_address(text):
            return to_checksum_address(text)
        if text.lower() == "nobody":
            return changes.ZERO
        if self.book.has(text):
            return self.book.address(text)
        raise Problem(f"'{text}' is no address: give 0x and 40 digits (a typing mistake breaks its checksum), or a name of {self.book.shown}")

    def effect(self, change: Change, bands: dict[str, Any] | None) -> Effect:
        """`bands`: by asset, where other prices would count."""
        usages = self.monitor.usages(self.monitor.borrowers())
        accounts = self.monitor.accounts([a for a, _ in usages])
        prices = None if bands is None else self.prices(bands)
        return effect(accounts, int(self.pool.call("borrow_limit_bps")), change.asset, change.ltv, prices)

    def bands_after(self, change: Change, data: bytes) -> dict[str, Any] | None:
        """What each asset's band would be; None: as it is."""
        if not change.moves_prices:
            return None
        tokens = self.book.tokens
        if change.oracle is not None:
            contract = self.artifacts.at("PriceOracle", change.oracle, self.rpc)
            try:
                found = read(self.rpc, [contract.request("band", t.address) for t in tokens])
            except RpcError as e:
                raise Problem(f"{change.oracle} does not answer as an oracle: {e}") from None
            return dict(zip([t.address for t in tokens], found, strict=True))
        contract = self.contract(change.target)
        call = Transaction(self.timelock.address, contract.address, data)
        _, bands = simulate(self.rpc, [call], [contract.request("band", t.address) for t in tokens])
        silent = [t.symbol for t, b in zip(tokens, bands, strict=True) if b is None]
        if silent:
            raise Problem(f"after this the oracle would not answer for {', '.join(silent)}")
        return dict(zip([t.address for t in tokens], bands, strict=True))

    def prices(self, bands: dict[str, Any]) -> dict[str, Prices]:
        modes = read(self.rpc, [self.configurator.request("configuration", a) for a in bands])
        return {
            a: (b.liquidation_high, b.liquidation_low, b.liquidation_depth if m.depth_mode == FULL else words.MAX_UINT256)
            for (a, b), m in zip(bands.items(), modes, strict=True)
        }

    def price_notes(self, bands: dict[str, Any]) -> list[str]:
        """What the prices of liquidation do not show, as far as it can be read; and what nobody can read."""
        oracle = self.contract("PriceOracle")
        now = read(self.rpc, [oracle.request("band", a) for a in bands])
        notes = []
        for (address, then), before in zip(bands.items(), now, strict=True):
            symbol = token_of(self, address).symbol
            notes += [f"{symbol}: {line}" for line in _band_lines(before, then)]
        return [*notes, NOT_SHOWN]


def on_desk(request: Request, act: Callable[[Desk], int]) -> int:
    with Rpc(cli.endpoint(request.network)) as rpc:
        return act(Desk(rpc, request))


# ---------------------------------------------------------------------- what the commands share


def nothing_to_do(desk: Desk, text: str) -> int:
    if desk.request.as_json:
        print(json.dumps({"state": "nothing to do", "said": text}, indent=2))
    else:
        desk.console.print(f"nothing to do: {text}", soft_wrap=True)
    return NOTHING


def schedule(desk: Desk, calls: Sequence[tuple[str, bytes]]) -> tuple[dict[str, Any], int]:
    """The owner's wait in the timelock, all of `calls` in one operation."""
    timelock = desk.timelock
    salt, operation, ready_ts = timelock.place(calls)
    shown, delay = to_hex(operation), timelock.delay()
    outcome: dict[str, Any] = {"operation": shown, "delay_seconds": delay}
    if ready_ts != UNSET:
        return {
            **outcome,
            "state": "waiting",
            "ready_ts": ready_ts,
            "said": f"nothing to do: it waits already, {_when(desk, shown, ready_ts)}",
        }, NOTHING
    if desk.request.dry_run:
        said = f"dry run: operation {shown[:10]} would wait in the timelock for {words.duration(delay)}, then anyone could execute it"
        return {**outcome, "state": "dry run", "said": said}, DONE
    if not timelock.may("PROPOSER", desk.wallet.address):
        raise Problem(f"{desk.wallet.address} may not propose to the timelock {timelock.address} (name an account with --account)")
    receipt = desk.wallet.transact(timelock.address, timelock.schedule_data(calls, salt, delay))
    ready_ts = int(timelock.contract.call("get_timestamp", operation))
    said = f"scheduled: {_when(desk, shown, ready_ts)}"
    return {**outcome, "state": "scheduled", "tx": receipt["transactionHash"], "ready_ts": ready_ts, "said": said}, DONE


def _when(desk: Desk, operation: str, ready_ts: int) -> str:
    left = ready_ts - desk.rpc.timestamp()
    how = f"`ape run market execute {operation[:10]}{cli.same_network(desk.request.network)}`"
    return f"operation {operation[:10]} can be executed now: {how}" if left <= 0 else f"{how} in {words.duration(left)}"


def token_of(desk: Desk, asset: str) -> Token:
    return desk.book.token_at(asset) or Token("", asset, words.short(asset), 18)


def _band_lines(now: Any, then: Any) -> list[str]:
    """Where a band would be another one, in words."""
    found = []
    for name in ("low", "high", "fresh_low", "fresh_high"):
        before, after = getattr(now, name), getattr(then, name)
        if before != after:
            change = "from nothing" if not before else f"{Decimal(after - before) * 100 / before:+.2f} %"
            found.append(f"{name.replace('_', ' ')} {change}")
    lines = [f"{', '.join(found)} (new risk is counted at low and high, seizures rest on fresh)"] if found else []
    before, after = (words.why(int(b.why)) for b in (now, then))
    lines += [f"new risk would be closed: {reason}" for reason in after if reason not in before]
    lines += [f"new risk would no longer be closed because {reason}" for reason in before if reason not in after]
    return lines
