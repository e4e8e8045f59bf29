"""The largest absolute caps at which no attack gains: by hand, against attacks of many factors, and what the command makes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from io import StringIO
from itertools import pairwise
from math import sqrt
from random import Random

import pytest
from rich.console import Console

from plimsoll.addresses import Token
from plimsoll.attack import gain
from plimsoll.attack.caps import DEBT, SUPPLY, TOLERANCE, WORLDS, Cap, Point, Search, World, all_caps, caps, search
from plimsoll.attack.cost import Market, PairMarket, RangeMarket
from plimsoll.attack.cost_command import Limits, _money, capped, exact_amount
from plimsoll.attack.study import Caps, Listing, Source, attacks, worst
from plimsoll.governance.changes import cap_of
from plimsoll.presets import BPS
from tests.unit.tools.test_attack_cost import ETH, USD, WIDE, pool

F = Fraction
WAD = 10**18
TERMS = gain.Terms(6_500, 11_000)
LIMIT = 8_000
AGAINST, AGAINST_THIN, ALONE, ALONE_THIN = WORLDS
# Half of what is paid in is lost: the closed forms come out even
HALF = PairMarket(ETH, USD, 500_000)
PAIR = PairMarket(ETH, USD, 2_500)


def listing(
    market: Market = PAIR, has_feed: bool = False, capped: bool = True, min_depth: int = 500_000, terms: gain.Terms = TERMS, limit: int = LIMIT
) -> Listing:
    source = Source("ETH/USD pair", "pair", "0x1", market, 10**30, min_depth * WAD)
    return Listing((source,), has_feed, terms, (TERMS,), limit, capped, 30_000 * WAD, 20_000 * WAD, 10_000 * WAD, 40_000 * WAD)


def near(cap: Cap, value: float) -> bool:
    """Not above, and no more below than is said."""
    return value * (1 - float(TOLERANCE) * 1.001) <= cap.value / WAD <= value * (1 + 1e-9)


# ---------------------------------------------------------------- by hand


def test_caps__half_of_each_trade_lost__by_hand() -> None:
    """(1 + d)(1 + d / 2) = 6 at d = 2: 4,000,000 dollars paid in buy 5,000 ether, worth 1,000,000. What then stands at 6,000,000 and 5,000 he
    trades back to where the next unit pays no more: by sqrt(6 / 2), for 2 * (sqrt(3) - 1) * 5,000 ether that bring 6,000,000 * (1 - 1 /
    sqrt(3)). In all it loses (2 * sqrt(3) - 2.5) * 2,000,000.

    A unit of collateral brings 6 * 0.52 - 1 = 2.12 there, a unit of debt 1.1 * 6 - 1 = 5.6."""
    found = caps(listing(HALF, capped=False), 12, ALONE, F(6))
    lost = (2 * sqrt(3) - 2.5) * 2_000_000
    assert near(found[SUPPLY], lost / 2.12)
    assert (found[SUPPLY].what, found[SUPPLY].factor, found[SUPPLY].needed, found[SUPPLY].anywhere) == (gain.BORROW_AGAINST, 6, True, False)
    assert found[SUPPLY].raw == pytest.approx(lost / 2.12 / 200 * WAD, rel=2e-3)
    assert found[SUPPLY].capital == 4_000_000 * WAD
    assert near(found[DEBT], lost / 5.6)
    assert (found[DEBT].what, found[DEBT].factor) == (gain.CALL_DEBTS, 6)
    assert found[DEBT].of_depth(2_000_000 * WAD) == F(found[DEBT].value, 2_000_000 * WAD)


def test_caps__slope_that_jumps__found_where_it_does() -> None:
    """With a feed only liquidation is left. From usage 1 / 0.95 on it takes no fee: at 1 / (0.95 * 0.8) = 1.3158 a unit of collateral, on which
    0.52 are owed, brings 0.52 * (1.1 * 1.3158 - 1). The way back never pays there: 1.3158 is within the fee."""
    found = caps(listing(HALF, has_feed=True, capped=False), 12, ALONE, F(6))[SUPPLY]
    h = 1 / 0.76
    d = sqrt(2.25 + 2 * (h - 1)) - 1.5
    assert (found.what, found.factor) == (gain.SEIZE_IT, F(100, 76))
    assert near(found, (d - d / 2 / (1 + d / 2)) / (0.52 * (1.1 * h - 1)) * 2_000_000)
    # at any factor: 6 times down it costs more than the whole cap could bring
    assert found.anywhere


def test_caps__caps_by_depth_enough__told_without_them() -> None:
    """Half of each trade lost, 1,928,000, is more than 18 % of the depth can bring that is borrowed against or seized; less than the debts can
    that are called: 365,248 * 5.6."""
    without, beside = (caps(listing(HALF, capped=c), 12, ALONE, F(6)) for c in (False, True))
    assert without[SUPPLY].needed
    assert beside[SUPPLY] == replace(without[SUPPLY], needed=False)
    assert beside[SUPPLY].value > 365_248 * WAD
    assert beside[DEBT] == without[DEBT]
    assert beside[DEBT].needed


def test_caps__against_arbitrage__above_those_by_depth() -> None:
    found = caps(listing(), 12, AGAINST)
    for side in (SUPPLY, DEBT):
        assert not found[side].needed
        assert found[side].value > 365_248 * WAD
        # the cheapest is where liquidation begins
        assert found[side].factor == F(5, 4)


def test_caps__only_some_factors_within_those_by_depth__the_least_of_these() -> None:
    """Caps that bind beside those by depth: of loans of 36,000 in all."""
    bounded = replace(listing(), caps=Caps(other_debt=36_000 * WAD))
    free, beside = (Search(found, gain.BORROW_AGAINST, 12, ALONE, F(16)).least(True) for found in (listing(), bounded))
    assert free is not None
    assert beside is not None
    # the same where the loans are large enough to pay
    assert beside.cap == free.cap
    # Of 8,500 in all, 7,512 would be lost at 16 times the price, where the collateral is worth 1,022: nothing gained. At 10 times 6,837, and
    # the collateral 1,635: there it pays
    some = Search(replace(listing(), caps=Caps(other_debt=8_500 * WAD)), gain.BORROW_AGAINST, 12, ALONE, F(16)).least(True)
    assert some is not None
    assert 10 < some.factor < 15
    assert some.cap > free.cap * F(11, 10)
    # and of 8,000 nowhere
    assert Search(replace(listing(), caps=Caps(other_debt=8_000 * WAD)), gain.BORROW_AGAINST, 12, ALONE, F(16)).least(True) is None


@pytest.mark.parametrize("side, terms", [(SUPPLY, gain.Terms(0, 11_000))])
def test_caps__nothing_to_borrow_against__none(side: str, terms: gain.Terms) -> None:
    assert side not in caps(listing(terms=terms), 12, ALONE)
    assert DEBT not in caps(replace(listing(), others=()), 12, ALONE)


# ---------------------------------------------------------------- against attacks of many factors


def ranges() -> RangeMarket:
    return RangeMarket(pool(True, 3_000, WIDE), True, (ETH, USD))


SECOND = Source("ETH/USD 2", "pair", "0x2", PairMarket(ETH // 4, USD // 4, 3_000), 10**30, 250_000 * WAD)
LISTINGS = {
    "pair": listing(),
    "pair and feed": listing(has_feed=True),
    "range": listing(ranges()),
    "two pairs": replace(listing(), sources=(listing().sources[0], SECOND)),
    "shallow": listing(min_depth=2_000),
    "no caps by depth": listing(capped=False),
    "high limit": listing(terms=gain.Terms(8_500, 10_500), limit=9_900),
    "low LTV": listing(terms=gain.Terms(2_000, 13_000)),
    "other collaterals": replace(listing(), others=(gain.Terms(4_000, 11_500), TERMS, gain.Terms(8_000, 10_500))),
    "other caps": replace(listing(), caps=Caps(other_debt=30_000 * WAD, other_supply=(50_000 * WAD,))),
}


@pytest.mark.parametrize("world", WORLDS, ids=lambda w: w.name)
@pytest.mark.parametrize("name", LISTINGS)
def test_caps__attacks_of_any_factor__below_one_gains_and_just_above_one_does(name: str, world: World) -> None:
    """What the study says of attacks that use all of the caps: at 120 factors and where the search found it, by whole numbers."""
    found = LISTINGS[name]
    limits = caps(found, 12, world)
    rng = Random(name)
    places = [F(11, 10) * F(round(10**6 * (16 / 1.1) ** rng.random()), 10**6) for _ in range(120)]
    for side, limit in limits.items():
        at = {"value": 0, "above": 0}
        for h in [*places, limit.factor]:
            for key, value in (("value", limit.value), ("above", limit.value * 1_003 // 1_000)):
                capped = replace(found, caps=replace(found.caps, **{side: value}))
                for a in attacks(capped, h, 1, 12, world.thinned):
                    if (a.what in (gain.BORROW_AGAINST, gain.SEIZE_IT)) == (side == SUPPLY):
                        gains = a.ratio(world.arbitraged) is not None and a.ratio(world.arbitraged) < 1
                        at[key] += gains
                        assert not (gains and key == "value"), (side, a.what, float(h))
        # where the caps by depth are enough, none does; else the one that was found
        assert bool(at["above"]) == limit.needed or not found.capped, (side, at)


@pytest.mark.parametrize("fee_pips", [500, 2_500, 10_000])
@pytest.mark.parametrize("what", [gain.BORROW_AGAINST, gain.BORROW_IT, gain.SEIZE_IT, gain.CALL_DEBTS])
def test_least__against_a_grid_in_floating_point__the_same(what: str, fee_pips: int) -> None:
    """The pair alone, unopposed, by formulas written down here again: a fee on the way in, the way back until the fee, and what each unit
    brings."""
    found = Search(listing(PairMarket(ETH, USD, fee_pips), capped=False), what, 12, ALONE, F(16)).least(True)
    assert found is not None
    g = 1 - fee_pips / 1e6

    def cost(h: float) -> float:
        d = (sqrt((1 - g) ** 2 + 4 * g * h) - 1 - g) / 2 / g
        paid, left = 2e6 * (1 + d), 2e6 / (1 + g * d)
        bought = 2e6 - left
        # until paid_now * left_now is what it was, but for the fee, and paid_now / left_now = 1 / g
        now = sqrt(paid * left / g)
        back = (paid * left / now - left) / g
        return (paid - 2e6) - bought - ((paid - now) - back) if now < paid else (paid - 2e6) - bought

    def slope(h: float) -> float:
        fee = 0 if h * 0.8 * 0.95 >= 1 - 1e-12 else 0.03
        if what == gain.BORROW_AGAINST:
            return 0.52 * h - 1
        if what == gain.BORROW_IT:
            return 1 - 1 / 0.52 / h
        if h < 1.25:
            return 0
        if what == gain.CALL_DEBTS:
            return 1.1 * (1 - fee) * h - 1
        # of 1 of collateral: whoever owes `owed` of it; at 1 / h it is sold for what he owes and the bonus, or all of it for all he owes
        owed = [0.52 * i / 400 for i in range(1, 401)]
        return max(min(1.1 * o * (1 - fee) * h, 1) - o for o in owed)

    first = 1.25 if what in (gain.SEIZE_IT, gain.CALL_DEBTS) else 1 / 0.52 + 1e-6
    grid = [first * (16 / first) ** (i / 1_500) for i in range(1_501)] + [1 / 0.76, 1 / 0.572]
    least = min(cost(h) / slope(h) for h in grid if slope(h) > 0)
    assert float(found.cap) / WAD == pytest.approx(least, rel=2e-3)
    # a grid misses the least; the search must not
    assert float(found.cap) / WAD <= least * (1 + 1e-7)


def test_cost_and_slope__larger_factor__never_less() -> None:
    """What the search rests on."""
    rng = Random(7)
    for found in LISTINGS.values():
        for world in (AGAINST, ALONE):
            for what in (gain.BORROW_AGAINST, gain.BORROW_IT, gain.SEIZE_IT, gain.CALL_DEBTS):
                s = Search(found, what, 12, world, F(16))
                points = [s.at(h) for h in sorted(F(round(10**6 * (1.01 + 15 * rng.random() ** 3)), 10**6) for _ in range(12))]
                for a, b in pairwise(points):
                    assert a.slope <= b.slope
                    # but for a raw unit
                    assert a.ways[0][0] <= b.ways[0][0] + 2 * 10**12
                    if a.gain is not None and b.gain is not None:
                        assert a.gain <= b.gain * (1 + F(1, 10**9)) + 10**12


def test_slope__any_terms__never_falls() -> None:
    rng = Random(11)
    for _ in range(200):
        bonus = rng.randrange(10_000, 13_001)
        terms = gain.Terms(rng.randrange(100, BPS * BPS // bonus - 500), bonus)
        limit = rng.randrange(5_000, 9_901)
        for what in (gain.BORROW_AGAINST, gain.BORROW_IT, gain.SEIZE_IT, gain.CALL_DEBTS):
            slopes = [gain.gained(what, F(100 + i, 100), F(1), terms, (terms,), limit) for i in range(0, 400, 3)]
            assert slopes == sorted(slopes)


def test_search__valley_and_cliff__within_the_tolerance() -> None:
    """cost h^2 + 1 for a slope h - 1: least at 1 + sqrt(2), where it is 2 + 2 * sqrt(2). And a slope that triples at 5."""

    def least(slope: object) -> object:
        def at(h: Fraction) -> Point:
            return Point(h, ((h * h + 1, F(0)),), slope(h), None)  # type: ignore[operator]

        return search([F(11, 10), F(5), F(9)], at, lambda a, b: a.ways[0][0] / b.slope if b.slope else None)

    found = least(lambda h: h - 1)
    exact = 2 + 2 * sqrt(2)
    assert exact * (1 - 1.001 * float(TOLERANCE)) <= float(found.cap) <= exact  # type: ignore[attr-defined]
    assert float(found.factor) == pytest.approx(1 + sqrt(2), abs=0.05)  # type: ignore[attr-defined]
    found = least(lambda h: (h - 1) * (3 if h >= 5 else 1))
    assert float(found.cap) == pytest.approx(26 / 12, rel=1.1 * float(TOLERANCE))  # type: ignore[attr-defined]
    assert found.factor == 5  # type: ignore[attr-defined]


def test_caps__set__better_grade() -> None:
    """At what is told for where nobody else trades, no attack pays: D at least. Against arbitrage they change nothing for the worse."""
    found = listing()
    before = worst(found, 12)
    limits = caps(found, 12, ALONE)
    after = worst(replace(found, caps=Caps(supply=limits[SUPPLY].value, debt=limits[DEBT].value)), 12)
    assert (before.grade, before.grade_unopposed) == ("A", "F")
    assert (after.grade, after.grade_unopposed) == ("A", "D")
    limits = caps(found, 12, ALONE_THIN)
    after = worst(replace(found, caps=Caps(supply=limits[SUPPLY].value, debt=limits[DEBT].value)), 12)
    assert after.grade_thinned_unopposed == "D"
    limits = caps(found, 12, AGAINST_THIN)
    assert before.grade_thinned in "DC"
    assert not any(c.needed for c in limits.values())


# ---------------------------------------------------------------- the command

TOKEN = Token("volatile", "0x" + "e" * 40, "ETH", 18)
# At 200 an ether: half an ether owed, or what 0.9615... of an ether carries as collateral, at 65 % of 80 %
MIN_DEBT = 100 * WAD


def limits(set_now: dict[str, int], there: dict[str, int] | None = None, network: str = "ethereum:anvil:node") -> Limits:
    return Limits(TOKEN, "ETH", network, set_now, there or {SUPPLY: 0, DEBT: 0}, F(16), all_caps(listing(), 12), MIN_DEBT)


def test_all_caps__one_memory__as_each_alone() -> None:
    found = LISTINGS["two pairs"]
    assert all_caps(found, 12) == tuple((w, caps(found, 12, w)) for w in WORLDS)


def test_command__what_sets_them__rounded_down_and_read_back() -> None:
    told = limits({SUPPLY: 0, DEBT: 0}, network="http://127.0.0.1:8545")
    for (world, found), figures in zip(told.worlds, told.figures(listing())["worlds"], strict=True):
        if world.arbitraged:
            assert figures["command"] is None
            continue
        words = figures["command"].split()
        assert words[:5] == ["ape", "run", "market", "caps", "ETH"]
        assert words[-2:] == ["--network", "http://127.0.0.1:8545"]
        for side in (SUPPLY, DEBT):
            raw = cap_of(words[words.index(f"--{side}") + 1], TOKEN)
            assert found[side].raw * (1 - 1e-5) <= raw <= found[side].raw


@pytest.mark.parametrize(
    "network, option",
    [
        ("ethereum:anvil:node", ""),
        ("ethereum:sepolia:node", " --network ethereum:sepolia:node"),
        ("http://127.0.0.1:8646", " --network http://127.0.0.1:8646"),
        ("https://rpc.example/v2/secret", " --network ..."),
        ("https://me:secret@rpc.example", " --network ..."),
        ("https://rpc.example?key=secret", " --network ..."),
    ],
)
def test_command__network__named_again_but_no_key(network: str, option: str) -> None:
    told = limits({SUPPLY: 0, DEBT: 0}, network=network)
    command = told.command(told.worlds[2][1])
    assert command is not None
    assert command.endswith(option)
    assert ("--network" in command) == bool(option)
    assert "secret" not in command


def test_command__already_set__not_asked_for() -> None:
    free = limits({SUPPLY: 0, DEBT: 0})
    supply, debt = (free.worlds[2][1][side].raw for side in (SUPPLY, DEBT))
    part, all_set, filled = (
        limits({SUPPLY: supply, DEBT: 0}),
        limits({SUPPLY: supply, DEBT: debt}),
        limits({SUPPLY: supply, DEBT: debt}, {SUPPLY: supply + 1, DEBT: debt}),
    )
    assert "--supply" not in (part.command(part.worlds[2][1]) or "")
    assert all_set.command(all_set.worlds[2][1]) is None
    told = [w.figures(listing())["worlds"][2] for w in (free, part, all_set, filled)]
    assert [(t[SUPPLY]["enough"], t[DEBT]["enough"]) for t in told] == [(False, False), (True, False), (True, True), (False, True)]
    # against arbitrage the caps by depth are
    assert free.figures(listing())["worlds"][0][SUPPLY]["enough"]


def test_show__table__all_worlds_in_160_columns() -> None:
    console = Console(record=True, width=160, highlight=False, file=StringIO())
    limits({SUPPLY: 5 * WAD, DEBT: 0}).show(listing(), console)
    text = console.export_text()
    for words in (
        *(w.name for w in WORLDS),
        "within the caps by depth",
        "not set",
        "not known",
        "supply 5, debt none",
        "ape run market caps ETH --supply",
    ):
        assert words in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("for ")) <= 160


def test_figures__json__no_number_that_readers_round() -> None:
    told = json.loads(json.dumps(limits({SUPPLY: 0, DEBT: 7}).figures(listing())))
    assert (told["most_factor"], told["set"]) == ("16", {SUPPLY: None, DEBT: "7"})
    one = told["worlds"][2][SUPPLY]
    assert F(one["tokens"]) * WAD == int(one["raw"])
    assert (one["attack"], one["factor"], one["needed"], one["anywhere"]) == (gain.BORROW_AGAINST, "16", True, False)


def test_command__no_cap_is_small_enough__none_is_offered() -> None:
    """Without a fee an unopposed attack costs nothing; 0 would mean: no cap."""
    free = caps(listing(PairMarket(ETH, USD, 0)), 12, ALONE)
    assert free[SUPPLY].raw == 0
    told = Limits(TOKEN, "ETH", "", {SUPPLY: 0, DEBT: 0}, {SUPPLY: 0, DEBT: 0}, F(16), ((ALONE, free),), MIN_DEBT)
    assert told.command(free) is None
    console = Console(record=True, width=160, file=StringIO())
    told.show(listing(), console)
    assert "no cap is small enough" in console.export_text()


@pytest.mark.parametrize(
    "wad, text",
    [
        (10**17, "0.10"),
        (999 * WAD, "999.00"),
        (10**15 * WAD - WAD, "999,999,999,999,999"),
        (10**15 * WAD, "1.00e+15"),
        (228 * 10**91, "2.28e+75"),
    ],
)
def test_money__absurd_values__by_their_first_digits(wad: int, text: str) -> None:
    """Whole numbers of 90 digits would push all other columns of the tables out."""
    assert _money(wad) == text


def of(side: str, raw: int) -> Cap:
    return Cap(side, raw * 200, raw, gain.CALL_DEBTS, F(16), WAD, needed=True, anywhere=False)


@pytest.mark.parametrize(
    "side, least",
    [(DEBT, WAD // 2), (SUPPLY, 100 * WAD * 10**8 // (6_500 * 8_000 * 200) + 1)],
)
def test_fits_no_debt__just_below_the_least_debt_and_at_it__said_and_not(side: str, least: int) -> None:
    told = limits({SUPPLY: 0, DEBT: 0})
    assert told.fits_no_debt(listing(), side, least - 1)
    assert not told.fits_no_debt(listing(), side, least)


def test_fits_no_debt__nothing_is_lent_against_it_anyway__a_cap_on_supply_is_not_blamed() -> None:
    unlent = listing(terms=gain.Terms(0, 11_000))
    assert not limits({SUPPLY: 0, DEBT: 0}).fits_no_debt(unlent, SUPPLY, 1)


@pytest.mark.parametrize(
    "supply, debt, ends",
    [
        ("5", "0.49", "(nobody could borrow ETH any more)"),
        ("0.96", "5", "(nobody could borrow against ETH alone any more)"),
        ("0.96", "0.49", "(nobody could borrow against ETH alone, nor borrow ETH any more)"),
        ("0.97", "0.5", None),
    ],
)
def test_show__caps_below_the_least_debt__said_in_the_table_at_the_command_and_in_json(supply: str, debt: str, ends: str | None) -> None:
    found = {side: of(side, int(F(text) * WAD)) for side, text in ((SUPPLY, supply), (DEBT, debt))}
    told = Limits(TOKEN, "ETH", "", {SUPPLY: 0, DEBT: 0}, {SUPPLY: 0, DEBT: 0}, F(16), ((ALONE_THIN, found),), MIN_DEBT)
    console = Console(record=True, width=160, highlight=False, file=StringIO())
    told.show(listing(), console)
    text = console.export_text()
    small = [F(supply) < F("0.97"), F(debt) < F("0.5")]
    assert text.count("not set; no debt fits") == sum(small)
    assert ("debts worth less than 100.00" in text) == any(small)
    assert ends is None or f"for '{ALONE_THIN.name}' {ends}: " in " ".join(text.split())
    figures = told.figures(listing())
    assert figures["min_debt_wad"] == str(MIN_DEBT)
    assert [figures["worlds"][0][side]["below_min_debt"] for side in (SUPPLY, DEBT)] == small


def test_show__what_is_set_is_below_the_least_debt__said() -> None:
    console = Console(record=True, width=160, highlight=False, file=StringIO())
    told = limits({SUPPLY: 2 * WAD, DEBT: WAD // 4})
    told.show(listing(), console)
    assert "set now, ETH: supply 2, debt 0.25 (no debt fits);" in console.export_text()
    assert told.figures(listing())["set_below_min_debt"] == {SUPPLY: False, DEBT: True}


def test_capped__what_is_there_stays__is_reckoned_with() -> None:
    assert capped(0, 10**18, 200 * WAD) is None
    assert capped(3 * 10**18, 10**18, 200 * WAD) == 600 * WAD
    assert capped(3 * 10**18, 5 * 10**18, 200 * WAD) == 1_000 * WAD
    assert capped(3 * 10**18, 0, 0) is None


@pytest.mark.parametrize(
    "raw, decimals, text", [(10**18, 18, "1"), (1, 18, "0.000000000000000001"), (123_450, 6, "0.12345"), (1_200 * 10**6, 6, "1200")]
)
def test_exact_amount__whole_tokens__to_the_last_digit(raw: int, decimals: int, text: str) -> None:
    assert exact_amount(raw, decimals) == text
