"""What `ape run attack-cost` reads, does and says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from plimsoll import words
from plimsoll.abi import Artifacts, Contract, artifacts
from plimsoll.addresses import AddressBook, Token, choose
from plimsoll.attack.caps import DEBT, SUPPLY, Cap, World, all_caps
from plimsoll.attack.cost import DOWN, UP, AttackError, Market, PairMarket, RangeMarket
from plimsoll.attack.gain import GRADES, Terms
from plimsoll.attack.study import EDGES, Attack, Caps, Listing, Move, Price, Source, Study, Worst, study
from plimsoll.cli import DONE, same_network
from plimsoll.errors import Problem
from plimsoll.pool_text import price_text
from plimsoll.pools import ZERO, Coin, Pool
from plimsoll.reader import BlockReader
from plimsoll.reference.range_pool import RangePool, all_words, initialised
from plimsoll.rpc import Rpc, RpcError, call_request, to_bytes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WAD = 10**18
BPS = 10_000
PAIR, RANGE = "pair", "range"
# LendingPool's depth mode OFF
DEPTH_OFF = 1
# Of a cap in a command
DIGITS = 6
# A value from which on it is told by its first digits and an exponent
MOST_DIGITS = 10**15 * WAD
GRADE_COLOURS = {"A": "green", "B": "green", "C": "yellow", "D": "yellow", "E": "red", "F": "red"}


def run(url: str, asset: str, factor: Fraction, blocks: int, block_seconds: int, most: Fraction, as_json: bool, network: str) -> int:
    """Returns the exit code."""
    from rich.console import Console

    with Rpc(url) as rpc:
        notes = Console(stderr=True, highlight=False)
        book = AddressBook.open(rpc)
        reader = Reader(rpc, book, artifacts(say=lambda text: notes.print(text)))
        token = choose(asset, book.tokens)
        listing = reader.listing(token)
    try:
        found = study(listing, factor, blocks, block_seconds)
        limits = Limits(
            token=token,
            name=token.symbol if choose(token.symbol, book.tokens) == token else token.address,
            network=network,
            set_now=reader.caps_of_it,
            there=reader.there,
            most=most,
            worlds=all_caps(listing, block_seconds, most),
            min_debt=reader.min_debt,
        )
    except AttackError as e:
        raise Problem(f"{token.symbol}: {e}") from None
    if as_json:
        print(
            json.dumps({**figures(book.chain_id, reader.block, token, listing, reader.why, found), "caps": limits.figures(listing)}, indent=2)
        )
        return DONE
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=160)
    show(token, listing, reader.why, found, console)
    limits.show(listing, console)
    return DONE


# ---------------------------------------------------------------------- reading


class Reader(BlockReader):
    """Reads one listing, all at one block."""

    def __init__(self, rpc: Rpc, book: AddressBook, artifacts: Artifacts, block: int | None = None):
        super().__init__(rpc, book, artifacts, block)
        self.oracle, self.pool = (book.contract(n, rpc, artifacts) for n in ("PriceOracle", "LendingPool"))
        self.configurator = book.contract("PoolConfigurator", rpc, artifacts)
        # Why new risk with the asset is blocked now
        self.why: list[str] = []
        # By side, raw: the caps that are set (0: none), and what is there
        self.caps_of_it: dict[str, int] = {}
        self.there: dict[str, int] = {}
        # Worth less than that, WAD, no debt is taken
        self.min_debt = 0

    def listing(self, token: Token) -> Listing:
        oracle, pool, tokens = self.oracle, self.pool, self.book.tokens
        places = [oracle.request("source_of", token.address, place) for place in (0, 1)]
        first, second, feed, fixed, limit_bps, self.min_debt, *rest = self.read(
            [
                *places,
                oracle.request("feed_of", token.address),
                oracle.request("quote_price", token.address),
                pool.request("borrow_limit_bps"),
                pool.request("min_debt_wad"),
                *(pool.request("reserve_state", t.address) for t in tokens),
                *(oracle.request("band", t.address) for t in tokens),
                *(self.configurator.request("configuration", t.address) for t in tokens),
            ]
        )
        states, bands, set_now = (
            dict(zip([t.address for t in tokens], rest[i * len(tokens) : (i + 1) * len(tokens)], strict=True)) for i in range(3)
        )
        has_feed = feed[0] != ZERO
        if first[0] == ZERO:
            if fixed:
                raise Problem(f"{token.symbol} is a quote: its price is fixed, and no market moves it")
            how = "a feed alone prices it, and no market moves it" if has_feed else "the oracle does not know it"
            raise Problem(f"{token.symbol} has no source: {how}")
        self.why = words.why(int(bands[token.address].why))
        units = {t.address: bands[t.address].fresh_low or bands[t.address].liquidation_low for t in tokens}
        sources = tuple(self._source(token, s[0], s[1], s[2], units) for s in (first, second) if s[0] != ZERO)
        mine, price = states[token.address], int(sources[0].market.price * sources[0].unit)
        self.caps_of_it = {SUPPLY: set_now[token.address].supply_cap, DEBT: set_now[token.address].debt_cap}
        self.there = {SUPPLY: mine.cash + mine.debt, DEBT: mine.debt}
        others = [(states[t.address], units[t.address], set_now[t.address]) for t in tokens if t.address != token.address]
        return Listing(
            sources=sources,
            has_feed=has_feed,
            terms=Terms(mine.ltv_bps, mine.bonus_bps),
            others=tuple(Terms(s.ltv_bps, s.bonus_bps) for s, *_ in others),
            limit_bps=limit_bps,
            capped=mine.depth_mode != DEPTH_OFF,
            supplied=(mine.cash + mine.debt) * price // WAD,
            cash=mine.cash * price // WAD,
            debt=mine.debt * price // WAD,
            other_cash=sum(s.cash * unit // WAD for s, unit, _ in others),
            caps=Caps(
                **{side: capped(self.caps_of_it[side], self.there[side], price) for side in (SUPPLY, DEBT)},
                other_debt=_sum(capped(c.debt_cap, s.debt, unit) for s, unit, c in others),
                other_supply=tuple(capped(c.supply_cap, s.cash + s.debt, unit) for s, unit, c in others),
            ),
        )

    def _source(self, token: Token, address: str, quote: str, min_depth: int, units: dict[str, int]) -> Source:
        unit = units.get(quote, 0)
        if unit == 0:
            raise Problem(f"the quote of {token.symbol}'s source {address} has no price now")
        coins = Coin(token.address, token.symbol, token.decimals), self._coin(quote)
        kind, market, fee_pips = self.market(token, address)
        base = int(int(token.address, 16) > int(quote, 16))
        pool = Pool(kind, address, coins if base == 0 else (coins[1], coins[0]), fee_pips, base)
        return Source(pool.name, kind, address, market, unit, min_depth)

    def _coin(self, address: str) -> Coin:
        found = self.book.token_at(address)
        return Coin(address, found.symbol, found.decimals) if found else Coin(address, words.short(address), 18)

    def market(self, token: Token, address: str) -> tuple[str, Market, int]:
        """(kind, market, fee in pips); which kind it is shows in what it answers."""
        pair, pool = (self.artifacts.at(name, address, self.rpc) for name in ("Pair", "RangePool"))
        reserves = pair.request("getReserves")
        answer = self.batch([call_request(address, reserves.data, None, self.block)], errors=True)[0]
        try:
            if isinstance(answer, RpcError) or len(to_bytes(answer)) != 96:
                return self._range_pool(token, pool)
            token0, factory = self.read([pair.request("token0"), pair.request("factory")])
            fee_bps = self.read([self.artifacts.at("PairFactory", factory, self.rpc).request("fee_bps")])[0]
            reserve0, reserve1, _ = reserves.decode(to_bytes(answer))
            base, quote = (reserve0, reserve1) if token0 == token.address else (reserve1, reserve0)
            return PAIR, PairMarket(base, quote, fee_bps * 100), fee_bps * 100
        except AttackError as e:
            raise Problem(f"{token.symbol}'s source {address}: {e}") from None

    def _range_pool(self, token: Token, pool: Contract) -> tuple[str, Market, int]:
        names = ("token0", "token1", "fee", "tickSpacing", "slot0", "liquidity", "feeGrowthGlobal0X128", "feeGrowthGlobal1X128", "protocolFees")
        token0, token1, fee_pips, spacing, slot0, liquidity, growth0, growth1, owed = self.read([pool.request(n) for n in names])
        places = list(all_words(spacing))
        bitmap = dict(zip(places, self.read([pool.request("tickBitmap", place) for place in places]), strict=True))
        used = initialised(bitmap, spacing)
        ticks = dict(zip(used, self.read([pool.request("ticks", t) for t in used]), strict=True))
        balances = self.read([self.artifacts.at("TestToken", t, self.rpc).request("balanceOf", pool.address) for t in (token0, token1)])
        state = RangePool.of_state(fee_pips, spacing, slot0, liquidity, (growth0, growth1), owed, ticks)
        base_is_token0 = token0 == token.address
        base, quote = balances if base_is_token0 else balances[::-1]
        return RANGE, RangeMarket(state, base_is_token0, (base, quote)), fee_pips


def capped(cap: int, there: int, unit: int) -> int | None:
    """The value of what a cap leaves at most: what is above it already stays. None: no cap, or nobody knows the value."""
    return max(cap, there) * unit // WAD if cap and unit else None


def _sum(values: Iterable[int | None]) -> int | None:
    """None: one of them is not bounded."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


# ---------------------------------------------------------------------- for machines


def figures(chain_id: int, block: int, token: Token, listing: Listing, why: Sequence[str], found: Study) -> dict[str, Any]:
    """JSON data: values in units of account, WAD, as text, because many readers round beyond 2^53."""
    return {
        "chain_id": chain_id,
        "block": block,
        "asset": {"role": token.role, "symbol": token.symbol, "address": token.address},
        "factor": _number(found.factor),
        "blocks": found.blocks,
        "block_seconds": found.block_seconds,
        "feed": listing.has_feed,
        "slow_buckets": listing.buckets,
        "blocked": list(why),
        "sources": [_source(s, [m for m in found.moves if m.source is s]) for s in listing.sources],
        "band": {d: {"far": _number(far), "near": _number(near)} for d, (far, near) in found.band.items()},
        "attacks": [_attack(a) for a in found.attacks],
        "worst": {
            "arbitraged": _attack(found.worst) if found.worst else None,
            "unopposed": _attack(found.worst_unopposed) if found.worst_unopposed else None,
            "thinned": _attack(found.worst_thinned) if found.worst_thinned else None,
            "thinned_unopposed": _attack(found.worst_thinned_unopposed) if found.worst_thinned_unopposed else None,
        },
        "grade": found.grade,
        "grade_unopposed": found.grade_unopposed,
        "grade_thinned": found.grade_thinned,
        "grade_thinned_unopposed": found.grade_thinned_unopposed,
        "thinned_share": _number(found.share),
        "thinned_unopposed_share": _number(found.share_unopposed),
    }


def _source(source: Source, moves: Sequence[Move]) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "address": source.address,
        "depth_wad": str(source.depth),
        "min_depth_wad": str(source.min_depth),
        "moves": {
            m.direction: {"reached": _number(m.reached), "unopposed": _price(m.unopposed), "arbitraged": _price(m.arbitraged)} for m in moves
        },
    }


def _attack(a: Attack) -> dict[str, Any]:
    return {
        "attack": a.what,
        "edge": EDGES[a.what],
        "direction": a.direction,
        "factor": _number(a.factor),
        "blocks": a.blocks,
        "gain_wad": str(a.gain),
        "gain_now_wad": str(a.gain_now),
        "bounded_by_feed": a.feed_bounds,
        **{
            name: {**_price(a.price(arbitraged)), "ratio": _number(r) if (r := a.ratio(arbitraged)) is not None else None}
            for name, arbitraged in (("unopposed", False), ("arbitraged", True))
        },
    }


def _price(p: Price) -> dict[str, str]:
    return {"cost_wad": str(p.cost), "capital_wad": str(p.capital)}


def _number(number: Fraction) -> str:
    """Nine digits after the point, rounded."""
    return f"{(Decimal(round(number * 10**9)) / 10**9).normalize():f}"


# ---------------------------------------------------------------------- for people


def show(token: Token, listing: Listing, why: Sequence[str], found: Study, console: Console) -> None:
    factor, blocks = price_text(found.factor), _blocks(found.blocks, found.block_seconds)
    title = f"{token.symbol}: price times {factor}, or divided by it, for {blocks}; money in units of account"
    console.print(title, soft_wrap=True)
    for reason in why:
        console.print(f"[yellow]new risk with {token.symbol} is blocked now: {reason}[/]", soft_wrap=True)
    console.print()
    console.print(sources_table(found))
    console.print(followed_text(found), soft_wrap=True)
    console.print()
    console.print(attacks_table(found))
    if listing.has_feed:
        console.print("borrowing: an honest feed bounds the band, so a moved market brings nothing", soft_wrap=True)
    console.print()
    for line in grade_lines(token.symbol, found):
        console.print(line, soft_wrap=True)


def _blocks(blocks: int, seconds: int) -> str:
    return f"{blocks:,} block{'s' if blocks > 1 else ''} ({words.duration(blocks * seconds)})"


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def sources_table(found: Study) -> Table:
    table = _table("to hold a source there", ("source", ""), ("depth", "unopposed", "capital", "arbitraged", "capital"))
    for m in found.moves:
        reached = "" if abs(m.reached / found.factor - 1) < Fraction(1, 1000) else f" (as far as {price_text(m.reached)})"
        table.add_row(
            m.source.name if m.direction == UP else "",
            m.direction + reached,
            words.money(m.source.depth, 0) if m.direction == UP else "",
            *(_money(v) for p in (m.unopposed, m.arbitraged) for v in (p.cost, p.capital)),
        )
    return table


def followed_text(found: Study) -> str:
    (low_up, high_up), (high_down, low_down) = found.band[UP], found.band[DOWN]
    edges = {"low up": low_up, "high up": high_up, "high down": high_down, "low down": low_down}
    return "the band follows by a factor of: " + ", ".join(f"{name} {price_text(moved, 4)}" for name, moved in edges.items())


def attacks_table(found: Study) -> Table:
    title = "to move the edge that brings something by the whole factor"
    right = ("held for", "unopposed", "arbitraged", "gain within the caps", "of what is there", "cost / gain", "grade", "unopposed")
    table = _table(title, ("attack", "edge"), right)
    for a in found.attacks:
        table.add_row(
            a.what,
            f"{EDGES[a.what]} {a.direction}",
            f"{a.blocks:,} blocks",
            _money(a.unopposed.cost),
            _money(a.arbitraged.cost),
            "bounded by the feed" if a.feed_bounds else _money(a.gain),
            "" if a.feed_bounds else _money(a.gain_now),
            _ratio(a.ratio(True)),
            _grade(a, True),
            _grade(a, False),
        )
    return table


def _grade(a: Attack, arbitraged: bool) -> str:
    letter = a.grade(arbitraged)
    return f"[{GRADE_COLOURS[letter]}]{letter}[/]"


def grade_lines(symbol: str, found: Worst) -> list[str]:
    share, other = (words.percent(int(s * WAD)) for s in (found.share, found.share_unopposed))
    return [
        _grade_line(f"grade of {symbol}", found.grade, found.worst, arbitraged=True),
        _grade_line("where nobody else trades", found.grade_unopposed, found.worst_unopposed, arbitraged=False),
        _grade_line(f"if {share} of the liquidity leaves first", found.grade_thinned, found.worst_thinned, arbitraged=True),
        _grade_line(
            f"if {other} leaves and nobody else trades", found.grade_thinned_unopposed, found.worst_thinned_unopposed, arbitraged=False
        ),
        f"[dim]grades by cost / gain, from: {', '.join(f'{letter} {price_text(least)}' for letter, least in GRADES[:-1])}; F below[/]",
    ]


def _grade_line(name: str, letter: str, worst: Attack | None, arbitraged: bool) -> str:
    text = f"[bold {GRADE_COLOURS[letter]}]{letter}[/]  {name}: "
    if worst is None:
        return text + "no factor brings anything"
    attack = f"{worst.what}, {EDGES[worst.what]} {worst.direction} by {price_text(worst.factor)}"
    cost, gain = _money(worst.price(arbitraged).cost), _money(worst.gain)
    return f"{text}{_ratio(worst.ratio(arbitraged))} times the gain at worst ({attack}: {cost} for {gain} at most)"


def _money(wad: int) -> str:
    # of absurd factors: digits that nobody reads would push the other columns out
    if wad >= MOST_DIGITS:
        return price_text(Fraction(wad, WAD), 3)
    return words.money(wad, 0 if wad >= 1000 * WAD else 2)


def _ratio(ratio: Fraction | None) -> str:
    return price_text(ratio, 3) if ratio is not None else "-"


# ---------------------------------------------------------------------- absolute caps


@dataclass(frozen=True)
class Limits:
    """The absolute caps at which no attack gains, of each world, beside those that are set."""

    token: Token
    # By which other commands find it
    name: str
    network: str
    # By side, raw; 0: none
    set_now: dict[str, int]
    there: dict[str, int]
    most: Fraction
    worlds: tuple[tuple[World, dict[str, Cap]], ...]
    # The pool's, WAD: whoever borrows owes at least that much of an asset afterwards
    min_debt: int

    def enough(self, cap: Cap) -> bool:
        """What is set, and what is there, is within it; or depth bounds it anyway."""
        held = self.set_now[cap.side]
        return not cap.needed or (held != 0 and max(held, self.there[cap.side]) <= cap.raw)

    def fits_no_debt(self, listing: Listing, side: str, raw: int) -> bool:
        """Under such a cap on debt nobody can borrow the asset: the least debt is worth more. Under such a cap on supply nobody can borrow
        against it alone: all of it together does not carry the least debt."""
        first, terms = listing.sources[0], listing.terms
        room = raw * first.market.price * first.unit / WAD
        if side == SUPPLY:
            if not terms.ltv_bps:
                return False
            room *= Fraction(terms.ltv_bps * listing.limit_bps, BPS**2)
        return room < self.min_debt

    def _wanted(self, found: dict[str, Cap]) -> list[Cap]:
        """Those that are needed and not set."""
        return [c for c in found.values() if c.needed and not 0 < self.set_now[c.side] <= c.raw]

    def command(self, found: dict[str, Cap]) -> str | None:
        """What sets those that are needed and not set; None: there are none, or no cap is small enough."""
        wanted = self._wanted(found)
        if not wanted or any(self._rounded(c) == 0 for c in wanted):
            return None
        options = "".join(f" --{c.side} {exact_amount(self._rounded(c), self.token.decimals)}" for c in wanted)
        return f"ape run market caps {self.name}{options}{same_network(self.network)}"

    @staticmethod
    def _rounded(cap: Cap) -> int:
        """Down, to a number that can be read."""
        unit = int(10 ** max(len(str(cap.raw)) - DIGITS, 0))
        return cap.raw // unit * unit

    # ---- for machines

    def figures(self, listing: Listing) -> dict[str, Any]:
        return {
            "most_factor": _number(self.most),
            "set": {side: str(raw) if raw else None for side, raw in self.set_now.items()},
            "there": {side: str(raw) for side, raw in self.there.items()},
            "min_debt_wad": str(self.min_debt),
            "set_below_min_debt": {side: bool(raw) and self.fits_no_debt(listing, side, raw) for side, raw in self.set_now.items()},
            "worlds": [
                {
                    "world": world.name,
                    "arbitraged": world.arbitraged,
                    "thinned": world.thinned,
                    **{side: self._cap(listing, found[side]) if side in found else None for side in (SUPPLY, DEBT)},
                    "command": self.command(found),
                }
                for world, found in self.worlds
            ],
        }

    def _cap(self, listing: Listing, cap: Cap) -> dict[str, Any]:
        return {
            "raw": str(cap.raw),
            "tokens": exact_amount(cap.raw, self.token.decimals),
            "value_wad": str(cap.value),
            "of_depth": _number(cap.of_depth(listing.sources[0].depth)),
            "attack": cap.what,
            "factor": _number(cap.factor),
            "capital_wad": str(cap.capital),
            "needed": cap.needed,
            "anywhere": cap.anywhere,
            "enough": self.enough(cap),
            "below_min_debt": self.fits_no_debt(listing, cap.side, self._rounded(cap)),
        }

    # ---- for people

    def show(self, listing: Listing, console: Console) -> None:
        held = ", ".join(f"{s} {self._held(listing, s, raw)}" for s, raw in self.set_now.items())
        console.print()
        console.print(self.table(listing))
        console.print(f"set now, {self.token.symbol}: {held}; the caps by depth hold beside them", soft_wrap=True)
        if self._says_no_debt_fits(listing):
            symbol, least = self.token.symbol, words.money(self.min_debt)
            console.print(f"no debt fits: the pool refuses debts worth less than {least}. At such a cap on debt nobody can borrow {symbol};")
            console.print(f"at such a cap on supply nobody can borrow that much against {symbol} alone", soft_wrap=True)
        for world, found in self.worlds:
            command = self.command(found)
            if command is not None:
                ends = self._ends(listing, found)
                console.print(f"for '{world.name}'{f' ({ends})' if ends else ''}: [bold]{command}[/]", soft_wrap=True)
            elif any(c.needed and self._rounded(c) == 0 for c in found.values()):
                console.print(f"for '{world.name}': no cap is small enough", soft_wrap=True)

    def _held(self, listing: Listing, side: str, raw: int) -> str:
        if not raw:
            return "none"
        return words.amount(raw, self.token.decimals) + (" (no debt fits)" if self.fits_no_debt(listing, side, raw) else "")

    def _says_no_debt_fits(self, listing: Listing) -> bool:
        set_now = any(raw and self.fits_no_debt(listing, side, raw) for side, raw in self.set_now.items())
        caps = (c for _, found in self.worlds for c in found.values())
        return set_now or any(self.fits_no_debt(listing, c.side, self._rounded(c)) for c in caps)

    def _ends(self, listing: Listing, found: dict[str, Cap]) -> str:
        """What nobody could do any more under the caps of the command."""
        small = [c.side for c in self._wanted(found) if self.fits_no_debt(listing, c.side, self._rounded(c))]
        what = {DEBT: f"borrow {self.token.symbol}", SUPPLY: f"borrow against {self.token.symbol} alone"}
        return f"nobody could {', nor '.join(what[side] for side in small)} any more" if small else ""

    def table(self, listing: Listing) -> Table:
        title = f"the largest absolute caps at which no attack gains, up to a factor of {price_text(self.most)}"
        right = (self.token.symbol, "worth", "of the depth", "factor", "capital", "beyond", "")
        table = _table(title, ("where", "cap on", "bound by"), right)
        table.columns[-1].justify = "left"
        table.columns[-1].no_wrap = False
        for world, found in self.worlds:
            for side in (SUPPLY, DEBT):
                name = world.name if side == SUPPLY else ""
                if side not in found:
                    table.add_row(name, side, "nothing to gain", *[""] * len(right))
                    continue
                cap = found[side]
                state = "within the caps by depth" if not cap.needed else "[green]set[/]" if self.enough(cap) else "[red]not set[/]"
                if self.fits_no_debt(listing, side, self._rounded(cap)):
                    state += "; no debt fits"
                table.add_row(
                    name,
                    side,
                    cap.what,
                    words.amount(cap.raw, self.token.decimals, 4 if cap.value < 10**6 * WAD else 0),
                    _money(cap.value),
                    price_text(cap.of_depth(listing.sources[0].depth) * 100, 3) + " %",
                    price_text(cap.factor, 4),
                    _money(cap.capital),
                    "holds" if cap.anywhere else "not known",
                    state,
                )
        return table


def exact_amount(raw: int, decimals: int) -> str:
    """Whole tokens, to the last digit."""
    text = f"{Decimal(raw).scaleb(-decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
