"""What `ape run isolated` does and says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address
from rich.markup import escape

from plimsoll import cli, isolated, presets, words
from plimsoll.abi import artifacts, read_word
from plimsoll.addresses import AddressBook, is_address
from plimsoll.attack.cost_command import GRADE_COLOURS, grade_lines
from plimsoll.attack.study import Worst
from plimsoll.cli import DONE, FAILED, NOTHING
from plimsoll.errors import Problem
from plimsoll.isolated import Terms, pair_of, propose, refusal
from plimsoll.isolated_markets import BUCKETS, HOUR, LEAST_AGE_SECONDS, TOKEN_GAS, Found, IsolatedMarket, Reader, Side, Unreadable
from plimsoll.pool_text import exact, price_text
from plimsoll.pools import Coin
from plimsoll.presets import Asset
from plimsoll.rpc import DEV_CHAIN_ID, DEV_KEYS, Reverted, Rpc, RpcDead, RpcError, Wallet

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WAD = 10**18
UNVETTED = "nobody has looked at these tokens: whoever rules one, or is alone in trading it, sets its price"


@dataclass(frozen=True)
class Request:
    """What the commands share."""

    network: str
    as_json: bool = False
    alias: str | None = None
    dry_run: bool = False
    block_seconds: int = 12


class Desk:
    """One deployment, and who acts on it."""

    def __init__(self, rpc: Rpc, request: Request):
        from rich.console import Console

        self.rpc = rpc
        self.request = request
        notes = Console(stderr=True, highlight=False)
        self.book = AddressBook.open(rpc)
        self.artifacts = artifacts(say=lambda text: notes.print(text))
        self.reader = Reader(rpc, self.book, self.artifacts)
        console = Console(highlight=False)
        self.console = console if console.is_terminal else Console(highlight=False, width=200)
        self._wallet: Wallet | None = None

    @property
    def wallet(self) -> Wallet:
        if self._wallet is None:
            self._wallet = Wallet(self.rpc, account=cli.account(self.request.alias, self.rpc.chain_id, DEV_KEYS[0], "isolated markets"))
        return self._wallet

    @property
    def sender(self) -> str | None:
        """Who would sign; None in a dry run that names nobody."""
        if self.request.dry_run and self.request.alias is None and self.rpc.chain_id != DEV_CHAIN_ID:
            return None
        return self.wallet.address

    def token(self, text: str) -> str:
        """The address of a token, from the same or from what the address book calls it."""
        if is_address(text):
            return str(to_checksum_address(text))
        for t in self.book.tokens:
            if text.lower() in (t.role.lower(), t.symbol.lower()):
                return t.address
        raise Problem(f"'{text}' is no token: give its address, 0x and 40 digits (a typing mistake breaks its checksum)")


def _desk(request: Request, act: Callable[[Desk], int]) -> int:
    with Rpc(cli.endpoint(request.network)) as rpc:
        return act(Desk(rpc, request))


def _say(desk: Desk, figures: dict[str, Any], *lines: str) -> None:
    if desk.request.as_json:
        print(json.dumps(figures, indent=2))
        return
    for line in lines:
        desk.console.print(line, soft_wrap=True)


# ---------------------------------------------------------------------- list and show


def overview(request: Request) -> int:
    return _desk(request, _overview)


def _overview(desk: Desk) -> int:
    found = desk.reader.markets()
    if desk.request.as_json:
        told = [_figures(m, desk.request.block_seconds) for m in found]
        print(json.dumps({"chain_id": desk.book.chain_id, "block": desk.reader.block, "markets": told}, indent=2))
    elif not found:
        desk.console.print("there are no isolated markets yet (`ape run isolated open TOKEN PAIR`)")
    else:
        desk.console.print(markets_table(found, desk.request.block_seconds))
        desk.console.print(f"[yellow]unvetted[/]: {UNVETTED}", soft_wrap=True)
        grades = "attack cost: of a stranger against arbitrage; alone: where nobody else trades the token (see `ape run isolated show`)"
        desk.console.print(f"[dim]{grades}[/]", soft_wrap=True)
    return DONE if found else NOTHING


def show(request: Request, market: str) -> int:
    def act(desk: Desk) -> int:
        found = desk.reader.markets([desk.reader.choose(market)])[0]
        if desk.request.as_json:
            print(json.dumps(_figures(found, desk.request.block_seconds), indent=2))
        elif isinstance(found, Unreadable):
            raise Problem(f"market {found.number}, pool {found.info.pool}, cannot be read: {found.problem}")
        else:
            _show(desk.console, found, desk.request.block_seconds)
        return FAILED if isinstance(found, Unreadable) else DONE

    return _desk(request, act)


def _figures(m: Found, block_seconds: int) -> dict[str, Any]:
    """JSON data: raw amounts and values as text, because many readers round beyond 2^53."""
    info = m.info
    head: dict[str, Any] = {
        "number": m.number,
        "unvetted": bool(info.unvetted),
        **{n: getattr(info, n) for n in ("pool", "pair", "oracle", "engine", "configurator", "creator", "created_ts")},
        "depth_at_opening_wad": str(info.depth),
    }
    if isinstance(m, Unreadable):
        return {**head, "token": {"address": info.token}, "quote": {"address": info.quote}, "problem": m.problem}
    return {
        **head,
        "name": m.name,
        "token": _side(m.token),
        "quote": _side(m.quote),
        "price": exact(m.price) if all(m.reserves) else None,
        "low_wad": str(m.band.low),
        "high_wad": str(m.band.high),
        "depth_wad": str(m.band.depth),
        "min_depth_wad": str(m.min_depth),
        "borrow_limit_bps": m.limit_bps,
        "price_for_liquidation": m.has_price,
        "new_risk": not m.band.why,
        "blocked": m.why,
        "buckets_known": m.known,
        "poked_seconds_ago": m.poke_age,
        "at_stake_wad": str(m.at_stake),
        **_grade_figures(m.grades(block_seconds)),
    }


def _side(s: Side) -> dict[str, Any]:
    return {
        "address": s.coin.address,
        "symbol": s.coin.symbol,
        "decimals": s.coin.decimals,
        **{n: str(getattr(s, n)) for n in ("supplied", "cash", "debt", "supply_cap", "debt_cap", "utilisation_wad", "borrow_rate_wad")},
        **{n: getattr(s, n) for n in ("ltv_bps", "bonus_bps", "reserve_factor_bps", "paused")},
        "price_wad": str(s.price),
    }


def _grade_figures(found: Worst | None) -> dict[str, Any]:
    names = ("grade", "grade_unopposed", "grade_thinned")
    return {n: getattr(found, n) if found else None for n in names}


def markets_table(found: Sequence[Found], block_seconds: int) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True, justify="right")
    table.add_column("market", no_wrap=True)
    table.add_column("pool", no_wrap=True)
    for name in ("lent", "of cap", "used", "collateral", "of cap", "depth"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("price", no_wrap=True)
    table.add_column("new risk", no_wrap=True)
    table.add_column("poked", justify="right", no_wrap=True)
    for name in ("attack cost", "alone"):
        table.add_column(name, no_wrap=True)
    for m in found:
        if isinstance(m, Unreadable):
            table.add_row(str(m.number), words.short(m.info.token), m.info.pool, *[""] * 6, "[red]unreadable[/]")
            continue
        grades = m.grades(block_seconds)
        table.add_row(
            str(m.number),
            f"{m.name} [yellow]unvetted[/]",
            m.info.pool,
            m.quote.coin.text(m.quote.supplied, 0),
            m.quote.coin.text(m.quote.supply_cap, 0),
            words.percent(m.quote.utilisation_wad),
            m.token.coin.text(m.token.supplied, 2),
            m.token.coin.text(m.token.supply_cap, 2),
            words.depth(m.band.depth),
            "[green]valid[/]" if m.has_price else "[red]none[/]",
            "open" if not m.band.why else "[yellow]closed[/]",
            _ago(m.poke_age),
            _grade(grades.grade if grades else None),
            _grade(grades.grade_unopposed if grades else None),
        )
    return table


def _grade(letter: str | None) -> str:
    return f"[{GRADE_COLOURS[letter]}]{letter}[/]" if letter else "-"


def _ago(seconds: int) -> str:
    text = words.duration(seconds)
    return f"[yellow]{text}[/]" if seconds > HOUR else text


def _show(console: Console, m: IsolatedMarket, block_seconds: int) -> None:
    info = m.info
    opened = words.duration(max(m.now - info.created_ts, 0))
    console.print(f"{m.number}. {m.name}, opened {opened} ago by {info.creator}; [yellow]unvetted[/]: {UNVETTED}", soft_wrap=True)
    for name in ("token", "quote", "pool", "pair", "oracle", "engine", "configurator"):
        console.print(f"  {name:<13}{getattr(info, name)}", soft_wrap=True)
    console.print()
    console.print(sides_table(m))
    console.print()
    price = f"{price_text(m.price)} {m.quote.coin.symbol} per {m.token.coin.symbol}" if all(m.reserves) else "the pair is empty"
    console.print(f"pair           {price}, fee {m.fee_bps / 100:g} %")
    low, high = (words.money(p * 10**m.token.coin.decimals // WAD, 4) for p in (m.band.low, m.band.high))
    console.print(
        f"band           {low} to {high} units of account; depth {words.depth(m.band.depth)}, at least {words.money(m.min_depth, 0)} needed"
    )
    console.print(f"liquidation    {'has a price' if m.has_price else '[red]has no price now[/]'}")
    for reason in m.why or ["open"]:
        console.print(f"new risk       {reason if reason == 'open' else '[yellow]closed[/]: ' + reason}", soft_wrap=True)
    console.print(
        f"six hours      {m.known} of {BUCKETS} buckets known, poked {_ago(m.poke_age)} ago (at least once an hour, or they are lost)"
    )
    console.print(f"at stake       {words.money(m.at_stake)}: what lenders of {m.quote.coin.symbol} lose at most if the token is worth nothing")
    found = m.grades(block_seconds)
    if found is None:
        console.print("attack cost    the pair is empty, or the quote has no price: there is nothing to compute it from")
        return
    console.print()
    for line in grade_lines(m.token.coin.symbol, found):
        console.print(line, soft_wrap=True)
    note = "grades are of a stranger; a token that trades nowhere else has the second one, and its own deployer pays for nothing"
    console.print(f"[dim]{note}[/]", soft_wrap=True)


def sides_table(m: IsolatedMarket) -> RenderableType:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for name in ("supplied", "cap", "owed", "cap", "used", "borrowers pay", "LTV", "bonus", ""):
        table.add_column(name, justify="right", no_wrap=True)
    for s in (m.token, m.quote):
        table.add_row(
            s.coin.symbol,
            *(words.amount(a, s.coin.decimals, 2) for a in (s.supplied, s.supply_cap, s.debt, s.debt_cap)),
            words.percent(s.utilisation_wad),
            words.percent(s.borrow_rate_wad, 2),
            f"{s.ltv_bps / 100:g} %",
            f"{s.bonus_bps / 100 - 100:g} %",
            "[yellow]paused[/]" if s.paused else "",
        )
    return table


# ---------------------------------------------------------------------- poke


def poke(request: Request, market: str | None, everything: bool, most: int) -> int:
    def act(desk: Desk) -> int:
        reader = desk.reader
        chosen = list(enumerate(reader.infos(), 1)) if everything else [reader.choose(market or "")]
        return _poke(desk, chosen, most)

    return _desk(request, act)


def _poke(desk: Desk, chosen: Sequence[tuple[int, Any]], most: int) -> int:
    found = desk.reader.markets(chosen)
    rows, left = [], most
    for m in found:
        row: dict[str, Any] = {"number": m.number, "pool": m.info.pool, "oracle": m.info.oracle}
        if isinstance(m, Unreadable):
            row |= {"state": "unreadable", "text": f"{m.number}. {words.short(m.info.token)}: cannot be read: {m.problem}"}
        elif m.current:
            row |= {"state": "known", "text": f"{_title(m)}: nothing to do, its oracle has been asked in these three minutes already"}
        elif left == 0:
            row |= {"state": "left", "text": f"{_title(m)}: left for another time, {most} are poked at once (--most)"}
        else:
            left -= 1
            row |= _poke_one(desk, m)
        rows.append(row)
    states = {row["state"] for row in rows}
    lines = [row["text"] for row in rows] or ["there are no isolated markets yet"]
    _say(desk, {"chain_id": desk.book.chain_id, "markets": rows}, *(escape(line) for line in lines))
    if states & {"failed", "unreadable"}:
        return FAILED
    return DONE if states & {"poked", "dry run"} else NOTHING


def _title(m: IsolatedMarket) -> str:
    return f"{m.number}. {m.name}"


def _poke_one(desk: Desk, m: IsolatedMarket) -> dict[str, Any]:
    if desk.request.dry_run:
        return {"state": "dry run", "text": f"{_title(m)}: would be poked, {words.duration(m.poke_age)} after the last time"}
    oracle = desk.artifacts.at("IsolatedOracle", m.info.oracle, desk.rpc)
    try:
        receipt = desk.wallet.transact(oracle.address, oracle.data("poke", m.info.token))
        known = oracle.call("six_hours_known")
    except RpcDead:
        raise
    except RpcError as e:
        return {"state": "failed", "text": f"{_title(m)}: {e}", "problem": str(e)}
    tx = receipt["transactionHash"]
    return {"state": "poked", "tx": tx, "buckets_known": known, "text": f"{_title(m)}: poked, {known} of {BUCKETS} buckets known: {tx}"}


# ---------------------------------------------------------------------- open


@dataclass(frozen=True)
class Wish:
    """What `open` is asked for; seeds in whole tokens, as text."""

    token: str
    pair: str
    preset: str = "nukem"
    rate_model: str | None = None
    token_seed: str | None = None
    quote_seed: str | None = None
    margin_bps: int = 200


@dataclass(frozen=True)
class Plan:
    token: Coin
    quote: Coin
    pair: str
    terms: Terms
    # Raw units
    token_seed: int
    quote_seed: int
    # IPriceOracle.Band of the token, as the oracle to come would tell it; the quote's price
    band: Any
    quote_price: int

    @property
    def args(self) -> tuple[Any, ...]:
        return self.token.address, self.quote.address, self.terms.abi()


def open_market(request: Request, wish: Wish) -> int:
    return _desk(request, lambda desk: _open(desk, wish))


def _open(desk: Desk, wish: Wish) -> int:
    plan = _plan(desk, wish)
    refused = _refused(desk, plan)
    short = _short(desk, plan)
    figures: dict[str, Any] = {**_plan_figures(plan), "refused": refused, "short": short}
    if not desk.request.as_json:
        _show_plan(desk.console, plan, {desk.book.address(n): n for n in desk.book.names})
    if desk.request.dry_run:
        problems = [*refused, *short]
        verdict = "the factory would refuse it" if refused else "the seeds cannot be paid" if short else "the factory would open it"
        _say(desk, {**figures, "state": "dry run"}, f"dry run: {verdict}", *(f"  [red]{escape(p)}[/]" for p in problems))
        return FAILED if problems else DONE
    if refused or short:
        raise Problem(f"no market is opened: {'; '.join((*refused, *short))}")
    pool, sent = _send(desk, plan)
    number = desk.reader.factory.call("markets_count")
    line = f"market {number} is open: {plan.token.symbol}/{plan.quote.symbol}, pool {pool}. Nobody has vetted its token."
    wait = "New risk opens when its oracle has been poked at least once an hour for six hours (`ape run isolated poke`; the keeper does it)."
    _say(desk, {**figures, "state": "open", "pool": pool, "transactions": sent}, line, wait)
    return DONE


def _plan(desk: Desk, wish: Wish) -> Plan:
    reader = desk.reader
    preset = presets.load(wish.preset)
    sides = pair_of(preset)
    token = desk.token(wish.token)
    if not desk.rpc.code(token):
        raise Problem(f"there is no contract at {token} on chain {desk.rpc.chain_id}: it is no token")
    pair, quote = reader.pair_of(token, wish.pair)
    coins = reader.coins([token, quote])
    listed, reverse = reader.read([reader.factory.request("quote_of", a) for a in (quote, token)])
    for wrong, reason in ((not listed.listed, "market: not a quote"), (reverse.listed, "market: token is a quote")):
        if wrong:
            raise Problem(f"{coins[token].symbol} against {coins[quote].symbol}: {isolated.REFUSALS[reason]}")
    started = reader.pair_started(pair)
    if started == 0:
        raise Problem(f"the pair {pair} never had liquidity: give it some, and come back in seven days")
    if started + LEAST_AGE_SECONDS > reader.now:
        missing = words.duration(started + LEAST_AGE_SECONDS - reader.now)
        raise Problem(f"the pair {pair} is too young: {isolated.REFUSALS['market: pair too young']}; that is in {missing}")
    models = [_rate_model(desk, side, wish.rate_model) for side in sides]
    try:
        band, quote_band = reader.bands_to_come(token, quote, pair, isolated.LEAST_MIN_DEPTH_WAD)
    except Reverted as e:
        raise Problem(f"an oracle of this pair cannot be made: {refusal(e.reason) or e.reason or e}") from None
    if not band.low or not quote_band.low:
        reasons = "; ".join(words.why(int(band.why if not band.low else quote_band.why), isolated=True))
        raise Problem(f"{coins[token].symbol} has no price to propose terms by: {reasons}")
    terms = propose(preset, band.depth, band.low, band.high, quote_band.low, models[0], wish.margin_bps, models[1])
    least = isolated.seeds(band.low, quote_band.low, (coins[token].decimals, coins[quote].decimals))
    token_seed, quote_seed = _seed(wish.token_seed, coins[token], least[0]), _seed(wish.quote_seed, coins[quote], least[1])
    return Plan(coins[token], coins[quote], pair, terms, token_seed, quote_seed, band, quote_band.low)


def _seed(text: str | None, coin: Coin, default: int) -> int:
    if text is None:
        return default
    raw = words.raw_units(text, coin.decimals)
    if raw is None:
        raise Problem(f"'{text}' is no amount of {coin.symbol}: a number with at most {coin.decimals} digits after the point")
    return raw


def _rate_model(desk: Desk, asset: Asset, given: str | None) -> str:
    """As given, or the listed one with the preset's rates."""
    book, factory = desk.book, desk.reader.factory
    known = [n for n in book.names if book.kind(n) == "JumpRateModel"]
    listed = [n for n in known if factory.call("is_rate_model", book.address(n))]
    if given is not None:
        if not is_address(given) and given not in known:
            raise Problem(f"'{given}' is no rate model: give an address, or one of {', '.join(listed)}")
        address = book.address(given) if given in known else to_checksum_address(given)
        if not factory.call("is_rate_model", address):
            raise Problem(f"the factory does not list the rate model {given} (it lists: {', '.join(listed)})")
        return str(address)
    wanted = [str(n) for n in asdict(asset.rates).values()]
    for name in listed:
        if book.data["contracts"][name]["args"] == wanted:
            return book.address(name)
    raise Problem(f"no listed rate model has the rates of the preset's '{asset.role}': name one with --rate-model ({', '.join(listed)})")


def _refused(desk: Desk, plan: Plan) -> list[str]:
    """Why the factory would refuse it now, as far as its own rules go, and the pools' on seeds, which are asked only once these are paid."""
    if any(a < isolated.least_seed(c.decimals) for c, a in ((plan.token, plan.token_seed), (plan.quote, plan.quote_seed))):
        return [isolated.SEED_TOO_SMALL]
    factory, sender = desk.reader.factory, desk.sender
    data = factory.data("open_market", *plan.args, plan.token_seed, plan.quote_seed)
    try:
        desk.rpc.eth_call(factory.address, data, sender, desk.reader.block)
    except Reverted as e:
        said = refusal(e.reason)
        return [said] if said else []
    return []


def _short(desk: Desk, plan: Plan) -> list[str]:
    """Which seeds the account does not have."""
    if desk.sender is None:
        return []
    found = []
    for coin, amount in ((plan.token, plan.token_seed), (plan.quote, plan.quote_seed)):
        asked = desk.artifacts.at("TestToken", coin.address, desk.rpc).request("balanceOf", desk.sender)
        answer = desk.rpc.eth_call(asked.to, asked.data, None, desk.reader.block, TOKEN_GAS)
        if len(answer) != 32:
            raise Problem(f"{coin.address} is no token: it does not answer balanceOf")
        held = read_word(answer, 0)
        if held < amount:
            digits = coin.decimals
            need = f"the seed is {words.amount_up(amount, digits, digits)}"
            found.append(f"{desk.sender} holds {words.amount(held, digits, digits)} {coin.symbol}, {need}")
    return found


def _send(desk: Desk, plan: Plan) -> tuple[str, list[str]]:
    """The pool, and the transactions: what a market is made of takes more gas than some chains give to one."""
    factory, wallet, sent = desk.reader.factory, desk.wallet, []

    def send(what: str, to: str, data: bytes, done_already: str = "") -> dict[str, Any]:
        """`done_already`: the reason that says so."""
        try:
            receipt = wallet.transact(to, data)
        except Reverted as e:
            if done_already and e.reason == done_already:
                return {}
            raise Problem(f"{what} failed: {refusal(e.reason) or e.reason or e}") from None
        sent.append(str(receipt["transactionHash"]))
        return receipt

    for coin, amount in ((plan.token, plan.token_seed), (plan.quote, plan.quote_seed)):
        token = desk.artifacts.at("TestToken", coin.address, desk.rpc)
        send(f"the approval of {coin.symbol}", token.address, token.data("approve", factory.address, amount))
    # anybody may have prepared it, for the same terms
    send("preparing the oracle", factory.address, factory.data("prepare_oracle", *plan.args), "market: exists")
    data = factory.data("open_market", *plan.args, plan.token_seed, plan.quote_seed)
    receipt = send("opening the market", factory.address, data)
    opened = next(e for e in factory.events(receipt) if e.name == "MarketOpened")
    return str(opened.pool), sent


def _plan_figures(plan: Plan) -> dict[str, Any]:
    def side(coin: Coin, s: isolated.Side, seed: int) -> dict[str, Any]:
        settings = {k: str(v) if k.endswith("cap") else v for k, v in asdict(s).items()}
        return {"address": coin.address, "symbol": coin.symbol, "decimals": coin.decimals, **settings, "seed": str(seed)}

    return {
        "token": side(plan.token, plan.terms.token, plan.token_seed),
        "quote": side(plan.quote, plan.terms.quote, plan.quote_seed),
        "pair": plan.pair,
        "borrow_limit_bps": plan.terms.borrow_limit_bps,
        "min_depth_wad": str(plan.terms.min_depth),
        "depth_wad": str(plan.band.depth),
        "low_wad": str(plan.band.low),
        "high_wad": str(plan.band.high),
        "unvetted": True,
    }


def _show_plan(console: Console, plan: Plan, names: dict[str, str]) -> None:
    """`names`: of the book, by address."""
    from rich.table import Table

    terms = plan.terms
    price = words.money(plan.band.low * 10**plan.token.decimals // WAD, 4)
    console.print(f"{plan.token.symbol} against {plan.quote.symbol}, by their pair {plan.pair}", soft_wrap=True)
    console.print(f"price {price}, depth {words.depth(plan.band.depth)} units of account; the terms are for ever", soft_wrap=True)
    console.print()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for coin in (plan.token, plan.quote):
        table.add_column(coin.symbol, justify="right", no_wrap=True)
    rows: list[tuple[str, Callable[[isolated.Side, Coin], str]]] = [
        ("LTV", lambda s, c: f"{s.ltv_bps / 100:g} %"),
        ("bonus", lambda s, c: f"{s.bonus_bps / 100 - 100:g} %"),
        ("reserve factor", lambda s, c: f"{s.reserve_factor_bps / 100:g} %"),
        ("supply cap", lambda s, c: words.amount(s.supply_cap, c.decimals, 2)),
        ("debt cap", lambda s, c: words.amount(s.debt_cap, c.decimals, 2)),
        ("rate model", lambda s, c: names.get(s.rate_model, s.rate_model)),
    ]
    for name, text in rows:
        table.add_row(name, text(terms.token, plan.token), text(terms.quote, plan.quote))
    table.add_row(
        "seed, nobody's for ever",
        *(words.amount_up(a, c.decimals, 8) for a, c in ((plan.token_seed, plan.token), (plan.quote_seed, plan.quote))),
    )
    console.print(table)
    console.print(f"borrow limit {terms.borrow_limit_bps / 100:g} %, least depth {words.money(terms.min_depth, 0)}")
    console.print()
