"""Changes to a market: one call of its configurator or its oracle each, by whom, and in words what was and what will be. Pure functions of
what was read.

Whoever asks for what holds already gets Unchanged. What a contract refuses it is asked itself, before anything is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from plimsoll import words
from plimsoll.addresses import Token
from plimsoll.errors import Problem
from plimsoll.presets import DEPTH_MODES, MAX_LTV_BPS_WITHOUT_FEED
from plimsoll.words import duration

OWNER, STEWARD, GUARDIAN = "owner", "steward", "guardian"
ORACLE, FACTORY = "PriceOracle", "MarketFactory"
ZERO = "0x" + "00" * 20
DAY = 86_400
MIN_RAMP_DAYS, MAX_RAMP_DAYS = 7, 365
MAX_CAP = 2**128 - 1
# As IPoolConfigurator adds them up
ACTIONS = {"supply": 1, "borrow": 2, "collateral": 4, "flash": 8}


class Unchanged(Exception):
    """It is so already: a line for people."""


@dataclass(frozen=True)
class Row:
    what: str
    now: str
    then: str


@dataclass(frozen=True)
class Ltv:
    """Of one asset, after the change: for new risk, and in the liquidation test at once and in the end."""

    new_risk_bps: int
    at_once_bps: int
    in_the_end_bps: int


@dataclass(frozen=True)
class Change:
    # who may ask for it: an owner's goes through the timelock
    role: str
    function: str
    args: tuple[Any, ...]
    title: str
    rows: tuple[Row, ...]
    # the asset that it is about, if one
    asset: str | None = None
    ltv: Ltv | None = None
    # the oracle whose prices would count
    oracle: str | None = None
    notes: tuple[str, ...] = ()
    # what is called, by its name in the book
    target: str = "PoolConfigurator"
    # (name in the book, function, arguments) of what goes with it, in one operation
    also: tuple[tuple[str, str, tuple[Any, ...]], ...] = ()

    @property
    def moves_prices(self) -> bool:
        return self.oracle is not None or self.target == ORACLE


def percent(bps: int) -> str:
    return f"{Decimal(bps) / 100:f} %" if bps % 100 else f"{bps // 100} %"


def cap_text(raw: int, token: Token) -> str:
    return f"{words.amount(raw, token.decimals)} {token.symbol}" if raw else "none"


def actions_text(bits: int) -> str:
    return ", ".join(name for name, bit in ACTIONS.items() if bits & bit) or "nothing"


def actions_of(names: Sequence[str]) -> int:
    return sum(ACTIONS[n] for n in set(names))


def cap_of(text: str, token: Token) -> int:
    """Whole tokens as text, or none, to raw units; 0: no cap."""
    if text.lower() == "none":
        return 0
    raw = words.raw_units(text, token.decimals)
    if raw is None or raw <= 0:
        raise Problem(f"'{text}' is no cap: give whole {token.symbol} above 0 with at most {token.decimals} places, or none")
    if raw > MAX_CAP:
        raise Problem(f"'{text}' is above the largest cap, {words.amount(MAX_CAP, token.decimals)} {token.symbol}")
    return raw


def is_lower(cap: int, now: int) -> bool:
    """0, no cap, is the most there can be."""
    return now == 0 or (cap != 0 and cap <= now)


def caps(token: Token, now: Any, supply: int | None, debt: int | None, steward: bool) -> Change:
    """`steward`: he is the one who asks, if it takes away only."""
    wanted = now.supply_cap if supply is None else supply, now.debt_cap if debt is None else debt
    old = now.supply_cap, now.debt_cap
    if wanted == old:
        raise Unchanged(f"the caps of {token.symbol} are that already")
    rows = tuple(
        Row(f"{what} cap of {token.symbol}", cap_text(o, token), cap_text(w, token))
        for what, o, w in zip(("supply", "debt"), old, wanted, strict=True)
        if o != w
    )
    by_steward = steward and all(is_lower(w, o) for w, o in zip(wanted, old, strict=True))
    function = "lower_caps" if by_steward else "set_caps"
    return Change(STEWARD if by_steward else OWNER, function, (token.address, *wanted), f"caps of {token.symbol}", rows, token.address)


def ramp(token: Token, now: Any, ltv_bps: int, days: int | None, fed: bool) -> Change:
    """A raise acts at once; a cut does for new risk, and goes down in the liquidation test. `fed`: the asset has a feed."""
    if now.ltv_bps == ltv_bps:
        raise Unchanged(f"the LTV of {token.symbol} is {percent(ltv_bps)} already")
    if ltv_bps > max(MAX_LTV_BPS_WITHOUT_FEED, now.ltv_bps) and not fed:
        most = percent(MAX_LTV_BPS_WITHOUT_FEED)
        raise Problem(f"{token.symbol} has no feed: above {most} an asset needs one, which a second pool does not replace")
    held = max(now.liquidation_ltv_bps, ltv_bps)
    cut = ltv_bps < held
    if not cut and days is not None:
        raise Problem("--days is for a cut: a raise acts at once")
    wanted = MIN_RAMP_DAYS if days is None else days
    seconds = wanted * DAY if cut else 0
    new_risk = 0 if now.frozen else ltv_bps
    rows = [
        Row(f"LTV of {token.symbol}, for new risk", percent(now.new_risk_ltv_bps), percent(new_risk)),
        Row(
            f"LTV of {token.symbol}, in liquidations",
            percent(now.liquidation_ltv_bps),
            f"{percent(held)} falling to {percent(ltv_bps)} within {wanted} days" if cut else percent(ltv_bps),
        ),
    ]
    notes = (f"{token.symbol} is frozen: for new risk it acts once it is not",) if now.frozen else ()
    ltv = Ltv(new_risk, held, ltv_bps)
    args = (token.address, ltv_bps, seconds)
    return Change(OWNER, "set_ltv", args, f"LTV of {token.symbol}", tuple(rows), token.address, ltv, notes=notes)


def _one(token: Token, function: str, what: str, now: str, then: str, *args: Any) -> Change:
    if now == then:
        raise Unchanged(f"the {what} of {token.symbol} is {then} already")
    return Change(OWNER, function, (token.address, *args), f"{what} of {token.symbol}", (Row(what, now, then),), token.address)


def bonus(token: Token, now: Any, bonus_bps: int) -> Change:
    return _one(token, "set_bonus", "bonus", percent(now.bonus_bps), percent(bonus_bps), bonus_bps)


def reserve_factor(token: Token, now: Any, factor_bps: int) -> Change:
    return _one(token, "set_reserve_factor", "reserve factor", percent(now.reserve_factor_bps), percent(factor_bps), factor_bps)


def rates(token: Token, now: Any, model: str, said: Sequence[tuple[str, int, int]] = ()) -> Change:
    """`said`: (where, the rate there of the old model, of the new one), WAD a year."""
    change = _one(token, "set_rate_model", "rate model", now.rate_model, model, model)
    rows = tuple(Row(f"borrow rate {where}", words.percent(old, 2), words.percent(new, 2)) for where, old, new in said)
    return replace(change, rows=(*change.rows, *rows), notes=("no stage changes at once: what is owed grows at another rate from then on",))


def depth_mode(token: Token, now: Any, mode: str) -> Change:
    names = {number: name for name, number in DEPTH_MODES.items()}
    return _one(token, "set_depth_mode", "depth mode", names[now.depth_mode], mode, DEPTH_MODES[mode])


def fee(token: Token, now: Any, fee_bps: int, stakers: str | None) -> Change:
    """Without `stakers` they stay."""
    then = now.stakers if stakers is None else stakers
    rows = []
    if fee_bps != now.origination_fee_bps:
        rows.append(Row("origination fee", percent(now.origination_fee_bps), percent(fee_bps)))
    if then != now.stakers:
        rows.append(Row("half of it goes to", now.stakers, then))
    if not rows:
        raise Unchanged(f"the origination fee of {token.symbol} is {percent(fee_bps)} already")
    notes = ("without stakers all of it goes to the treasury",) if fee_bps and then == ZERO else ()
    args = (token.address, fee_bps, then)
    return Change(OWNER, "set_origination_fee", args, f"origination fee of {token.symbol}", tuple(rows), token.address, notes=notes)


def freeze(token: Token, now: Any) -> Change:
    if now.frozen:
        raise Unchanged(f"{token.symbol} is frozen already")
    ltv = Ltv(0, now.liquidation_ltv_bps, now.ltv_bps)
    rows = (Row(token.symbol, "open", "frozen: no supply, no borrowing, no enabling"), _new_risk(token, now.new_risk_ltv_bps, 0))
    return Change(STEWARD, "freeze", (token.address,), f"freeze {token.symbol}", rows, token.address, ltv)


def unfreeze(token: Token, now: Any) -> Change:
    if not now.frozen:
        raise Unchanged(f"{token.symbol} is not frozen")
    ltv = Ltv(now.ltv_bps, now.liquidation_ltv_bps, now.ltv_bps)
    rows = (Row(token.symbol, "frozen", "open"), _new_risk(token, 0, now.ltv_bps))
    return Change(OWNER, "unfreeze", (token.address,), f"unfreeze {token.symbol}", rows, token.address, ltv)


def _new_risk(token: Token, now: int, then: int) -> Row:
    return Row(f"LTV of {token.symbol}, for new risk", percent(now), percent(then))


def pause(token: Token, now: Any, actions: int, seconds: int) -> Change:
    """More actions join a pause that runs, and end with it."""
    running = now.paused_actions
    if running and running | actions == running:
        raise Unchanged(f"{actions_text(actions)} of {token.symbol} is paused already")
    rows = (Row(f"paused of {token.symbol}", actions_text(running), actions_text(running | actions)),)
    if running:
        notes = ("they end with the pause that runs, whatever --hours says",)
        args: tuple[Any, ...] = (token.address, actions)
        return Change(GUARDIAN, "add_to_pause", args, f"pause {token.symbol}", rows, token.address, notes=notes)
    notes = (f"for {duration(seconds)}; the next pause can begin three days after it",)
    return Change(GUARDIAN, "pause", (token.address, actions, seconds), f"pause {token.symbol}", rows, token.address, notes=notes)


def lift(token: Token, now: Any) -> Change:
    if not now.paused_actions:
        raise Unchanged(f"nothing of {token.symbol} is paused")
    rows = (Row(f"paused of {token.symbol}", actions_text(now.paused_actions), "nothing"),)
    return Change(OWNER, "lift_pause", (token.address,), f"end the pause of {token.symbol}", rows, token.address)


def pause_liquidation(seconds: int) -> Change:
    rows = (Row("liquidation, and new risk", "open", f"closed for {duration(seconds)}"),)
    notes = ("after more than an hour of it both open only after a grace period as long, at most four hours",) if seconds > 3_600 else ()
    return Change(GUARDIAN, "pause_liquidation", (seconds,), "pause liquidation", rows, notes=notes)


def lift_liquidation(paused_until: int, now: int) -> Change:
    if paused_until <= now:
        raise Unchanged("liquidation is not paused")
    rows = (Row("liquidation", f"paused for {duration(paused_until - now)} more", "open, after the grace period if one is due"),)
    return Change(OWNER, "lift_liquidation_pause", (), "end the pause of liquidation", rows)


def member(role: str, now: str, then: str, of_markets: str | None = None) -> Change:
    """Who is steward or guardian. `of_markets`: who is it of the isolated markets, if there are any; he follows."""
    if now == then and of_markets in (None, then):
        raise Unchanged(f"the {role} is {then} already")
    rows = [Row(role, now, then)]
    if of_markets in (None, then):
        return Change(OWNER, f"set_{role}", (then,), role, tuple(rows))
    rows.append(Row(f"{role} of isolated markets", str(of_markets), then))
    return Change(OWNER, f"set_{role}", (then,), role, tuple(rows), also=((FACTORY, f"set_{role}", (then,)),))


def oracle(now: str, then: str, owner: str | None = None, timelock: str | None = None) -> Change:
    """`owner`: who may configure the new one, if it says so."""
    if now == then:
        raise Unchanged(f"the oracle is {then} already")
    rows, notes = [Row("oracle", now, then)], []
    if owner != timelock:
        rows.append(Row("owner of the oracle", str(timelock), owner or "not told"))
        notes.append("WARNING: the timelock does not own it: sources and feeds change without a delay, or not at all")
    return Change(OWNER, "set_oracle", (then,), "oracle", tuple(rows), oracle=then, notes=tuple(notes))


def engine(now: str, then: str, fees: tuple[int, int] | None = None) -> Change:
    """`fees`: the protocol's part of what is seized, of the old engine and of the new one, bps."""
    if now == then:
        raise Unchanged(f"the liquidation engine is {then} already")
    rows = [Row("liquidation engine", now, then)]
    if fees is not None:
        rows.append(Row("fee of liquidations", *map(percent, fees)))
    notes = (
        "no stage changes: who can be liquidated is for the oracle's prices and the LTVs to say",
        "how much an engine seizes, and at which price, is in its code, which nothing here looks into",
    )
    return Change(OWNER, "set_engine", (then,), "liquidation engine", tuple(rows), notes=notes)


# ---------------------------------------------------------------------- what prices an asset


@dataclass(frozen=True)
class Source:
    """A pool, against a quote; WAD units of account."""

    pool: str
    quote: Token
    min_depth: int

    def text(self) -> str:
        return f"{self.pool} against {self.quote.symbol}, at least {words.money(self.min_depth, 0)} deep"


@dataclass(frozen=True)
class Feed:
    """As PriceOracle keeps it; the bounds are answers, as the feed's `decimals` count."""

    address: str
    in_quote: bool
    heartbeat: int
    min_answer: int
    max_answer: int
    decimals: int

    def text(self) -> str:
        least, most = (f"{Decimal(n).scaleb(-self.decimals).normalize():,f}" for n in (self.min_answer, self.max_answer))
        unit = "of the quote" if self.in_quote else "units of account"
        return f"{self.address}, an answer each {duration(self.heartbeat)}, {least} to {most} {unit}"


PLACES = ("first source", "second source")


def source(token: Token, place: int, now: Source | None, then: Source | None) -> Change:
    """`then` None: no second source any more."""
    what = PLACES[place]
    if now == then:
        raise Unchanged(f"the {what} of {token.symbol} is that already" if now else f"{token.symbol} has no {what}")
    if then is None and place == 0:
        raise Problem(f"the first source of {token.symbol} cannot be taken away, only replaced: freeze the asset instead")
    given = (ZERO, ZERO, 0) if then is None else (then.pool, then.quote.address, then.min_depth)
    function = ("set_source", "set_second_source")[place]
    row = Row(what, now.text() if now else "none", then.text() if then else "none")
    return Change(OWNER, function, (token.address, *given), f"{what} of {token.symbol}", (row,), token.address, target=ORACLE)


def feed(token: Token, now: Feed | None, then: Feed | None, is_quote: bool, ltv_bps: int) -> Change:
    """`then` None: no feed any more. `is_quote`: nothing but the feed prices it. `ltv_bps`: the largest that holds, also in liquidations."""
    if now == then:
        raise Unchanged(f"the feed of {token.symbol} is that already" if now else f"{token.symbol} has no feed")
    row = Row("feed", now.text() if now else "none", then.text() if then else "none")
    title, notes = f"feed of {token.symbol}", []
    if then is None:
        if is_quote:
            raise Problem(f"nothing but its feed prices {token.symbol}: it can be replaced, not taken away")
        if ltv_bps > MAX_LTV_BPS_WITHOUT_FEED:
            most = percent(MAX_LTV_BPS_WITHOUT_FEED)
            notes += [
                f"WARNING: {token.symbol} has an LTV of {percent(ltv_bps)}, be it in liquidations alone: above {most} it needs a feed",
                "no contract refuses this, because the oracle knows no pool, and `ape run check` will report it",
                "unless the feed lies, cut the LTV or freeze the asset first",
            ]
        args: tuple[Any, ...] = (token.address, ZERO, False, 0, 0, 0)
        return Change(OWNER, "set_feed", args, title, (row,), token.address, notes=tuple(notes), target=ORACLE)
    bounds = (then.heartbeat, then.min_answer, then.max_answer)
    if is_quote:
        return Change(OWNER, "set_quote_feed", (token.address, then.address, *bounds), title, (row,), token.address, target=ORACLE)
    args = (token.address, then.address, then.in_quote, *bounds)
    return Change(OWNER, "set_feed", args, title, (row,), token.address, target=ORACLE)
