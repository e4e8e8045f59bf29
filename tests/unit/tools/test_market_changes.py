"""Changes to a market: which call by whom, what is told, and what is refused before the configurator is asked."""

from types import SimpleNamespace
from typing import Any

import pytest

from plimsoll import words
from plimsoll.addresses import Token
from plimsoll.errors import Problem
from plimsoll.governance import add_command, changes
from plimsoll.governance.changes import GUARDIAN, OWNER, STEWARD, Ltv, Row, Unchanged

ETH = Token("volatile", "0x" + "11" * 20, "ETH", 18)
USD = Token("dollar", "0x" + "22" * 20, "USD", 6)
ZERO = "0x" + "00" * 20
PERSON = "0x" + "33" * 20
E18 = 10**18


def configuration(**fields: Any) -> Any:
    now = {
        "rate_model": PERSON,
        "reserve_factor_bps": 5_000,
        "origination_fee_bps": 0,
        "stakers": ZERO,
        "ltv_bps": 6_500,
        "new_risk_ltv_bps": 6_500,
        "liquidation_ltv_bps": 6_500,
        "ramp_until": 0,
        "bonus_bps": 11_000,
        "depth_mode": 0,
        "supply_cap": 0,
        "debt_cap": 0,
        "frozen": False,
        "paused_actions": 0,
        "paused_until": 0,
    }
    return SimpleNamespace(**{**now, **fields})


# ---------------------------------------------------------------- caps


@pytest.mark.parametrize(
    "old, supply, debt, steward, role, function, args",
    [
        # no cap is the most there can be
        ((0, 0), 5 * E18, None, True, STEWARD, "lower_caps", (5 * E18, 0)),
        ((9 * E18, 3 * E18), 5 * E18, 3 * E18, True, STEWARD, "lower_caps", (5 * E18, 3 * E18)),
        ((9 * E18, 3 * E18), 5 * E18, 3 * E18, False, OWNER, "set_caps", (5 * E18, 3 * E18)),
        # one up, one down
        ((9 * E18, 3 * E18), 5 * E18, 4 * E18, True, OWNER, "set_caps", (5 * E18, 4 * E18)),
        ((9 * E18, 3 * E18), 0, None, True, OWNER, "set_caps", (0, 3 * E18)),
    ],
)
def test_caps__up_or_down__who_and_which_call(
    old: tuple[int, int], supply: int | None, debt: int | None, steward: bool, role: str, function: str, args: tuple[int, int]
) -> None:
    c = changes.caps(ETH, configuration(supply_cap=old[0], debt_cap=old[1]), supply, debt, steward)
    assert (c.role, c.function, c.args) == (role, function, (ETH.address, *args))


def test_caps__rows__only_what_changes() -> None:
    c = changes.caps(USD, configuration(debt_cap=7 * 10**6), 1_500 * 10**6, 7 * 10**6, True)
    assert c.rows == (Row("supply cap of USD", "none", "1,500 USD"),)
    with pytest.raises(Unchanged, match="the caps of USD are that already"):
        changes.caps(USD, configuration(debt_cap=7), None, 7, True)


@pytest.mark.parametrize("text, raw", [("none", 0), ("NONE", 0), ("1.5", 1_500_000), ("1,000", 10**9), ("1_000.000001", 10**9 + 1)])
def test_cap_of__text__raw_units(text: str, raw: int) -> None:
    assert changes.cap_of(text, USD) == raw


@pytest.mark.parametrize("text", ["", "0", "-5", "1e3", "much", "0.0000001", "1.", "nan", "\u0661"])
def test_cap_of__no_cap__said(text: str) -> None:
    with pytest.raises(Problem, match="is no cap: give whole USD above 0 with at most 6 places, or none"):
        changes.cap_of(text, USD)


def test_cap_of__beyond_what_fits__said() -> None:
    assert changes.cap_of("340282366920938463463.374607431768211455", ETH) == 2**128 - 1
    with pytest.raises(Problem, match="is above the largest cap"):
        changes.cap_of("340282366920938463463.374607431768211456", ETH)


@pytest.mark.parametrize("text", ["1" * 41, "0x5", "5 ", "+5", "1.2.3"])
def test_raw_units__no_plain_number__none(text: str) -> None:
    assert words.raw_units(text, 18) is None


# ---------------------------------------------------------------- LTV


def test_ramp__cut__at_once_for_new_risk_and_slowly_for_liquidations() -> None:
    c = changes.ramp(ETH, configuration(), 5_550, 14, False)
    assert (c.role, c.function, c.args) == (OWNER, "set_ltv", (ETH.address, 5_550, 14 * 86_400))
    assert c.ltv == Ltv(5_550, 6_500, 5_550)
    assert c.rows[0] == Row("LTV of ETH, for new risk", "65 %", "55.5 %")
    assert c.rows[1].then == "65 % falling to 55.5 % within 14 days"
    # the shortest there is, where nobody says
    assert changes.ramp(ETH, configuration(), 5_550, None, False).args[2] == 7 * 86_400


def test_ramp__raise__at_once() -> None:
    c = changes.ramp(ETH, configuration(ltv_bps=5_000, new_risk_ltv_bps=5_000, liquidation_ltv_bps=5_000), 6_500, None, False)
    assert (c.args, c.ltv) == ((ETH.address, 6_500, 0), Ltv(6_500, 6_500, 6_500))
    with pytest.raises(Problem, match="--days is for a cut: a raise acts at once"):
        changes.ramp(ETH, configuration(ltv_bps=5_000, liquidation_ltv_bps=5_000), 6_500, 7, False)


def test_ramp__raise_below_a_running_ramp__still_a_cut() -> None:
    now = configuration(ltv_bps=5_000, new_risk_ltv_bps=5_000, liquidation_ltv_bps=6_200)
    assert changes.ramp(ETH, now, 6_000, None, False).ltv == Ltv(6_000, 6_200, 6_000)


def test_ramp__frozen__no_new_risk_yet() -> None:
    c = changes.ramp(ETH, configuration(frozen=True, new_risk_ltv_bps=0), 6_000, None, False)
    assert c.ltv == Ltv(0, 6_500, 6_000)
    assert c.notes == ("ETH is frozen: for new risk it acts once it is not",)


def test_ramp__above_65_without_a_feed__refused() -> None:
    with pytest.raises(Problem, match=r"ETH has no feed: above 65 % an asset needs one"):
        changes.ramp(ETH, configuration(), 6_501, None, False)
    assert changes.ramp(ETH, configuration(), 7_500, None, True).args[1] == 7_500
    with pytest.raises(Unchanged, match="the LTV of ETH is 65 % already"):
        changes.ramp(ETH, configuration(), 6_500, None, False)


# ---------------------------------------------------------------- pauses


def test_pause__running__joined() -> None:
    first = changes.pause(ETH, configuration(), changes.actions_of(["borrow", "collateral", "borrow"]), 3_600)
    assert (first.role, first.function, first.args) == (GUARDIAN, "pause", (ETH.address, 6, 3_600))
    more = changes.pause(ETH, configuration(paused_actions=6), 8, 3_600)
    assert (more.function, more.args) == ("add_to_pause", (ETH.address, 8))
    assert more.rows == (Row("paused of ETH", "borrow, collateral", "borrow, collateral, flash"),)
    with pytest.raises(Unchanged, match="borrow of ETH is paused already"):
        changes.pause(ETH, configuration(paused_actions=6), 2, 3_600)


UNCHANGED = [
    (changes.bonus, (11_000,), "the bonus of ETH is 110 % already"),
    (changes.reserve_factor, (5_000,), "the reserve factor of ETH is 50 % already"),
    (changes.rates, (PERSON,), f"the rate model of ETH is {PERSON} already"),
    (changes.depth_mode, ("new_risk",), "the depth mode of ETH is new_risk already"),
    (changes.fee, (0, None), "the origination fee of ETH is 0 % already"),
    (changes.unfreeze, (), "ETH is not frozen"),
    (changes.lift, (), "nothing of ETH is paused"),
]


@pytest.mark.parametrize("make, args, message", UNCHANGED, ids=[m.__name__ for m, _, _ in UNCHANGED])
def test_change__as_it_is__nothing_to_do(make: Any, args: tuple[Any, ...], message: str) -> None:
    with pytest.raises(Unchanged) as said:
        make(ETH, configuration(), *args)
    assert str(said.value) == message


CALLS = [
    (changes.bonus, (10_500,), OWNER, "set_bonus", (10_500,)),
    (changes.reserve_factor, (1_000,), OWNER, "set_reserve_factor", (1_000,)),
    (changes.rates, (ZERO,), OWNER, "set_rate_model", (ZERO,)),
    (changes.depth_mode, ("off",), OWNER, "set_depth_mode", (1,)),
    (changes.fee, (100, PERSON), OWNER, "set_origination_fee", (100, PERSON)),
    (changes.freeze, (), STEWARD, "freeze", ()),
]


@pytest.mark.parametrize("make, args, role, function, called", CALLS, ids=[m.__name__ for m, *_ in CALLS])
def test_change__of_an_asset__its_call(make: Any, args: tuple[Any, ...], role: str, function: str, called: tuple[Any, ...]) -> None:
    c = make(ETH, configuration(), *args)
    assert (c.role, c.function, c.args) == (role, function, (ETH.address, *called))


def test_fee__without_stakers__all_to_the_treasury() -> None:
    assert changes.fee(ETH, configuration(), 100, None).notes == ("without stakers all of it goes to the treasury",)
    kept = changes.fee(ETH, configuration(stakers=PERSON), 100, None)
    assert kept.args == (ETH.address, 100, PERSON)
    assert kept.notes == ()


def test_freeze__and_back__what_it_does_to_ltvs() -> None:
    now = configuration(liquidation_ltv_bps=6_800)
    assert changes.freeze(ETH, now).ltv == Ltv(0, 6_800, 6_500)
    assert changes.unfreeze(ETH, configuration(frozen=True)).ltv == Ltv(6_500, 6_500, 6_500)
    with pytest.raises(Unchanged, match="ETH is frozen already"):
        changes.freeze(ETH, configuration(frozen=True))


def test_market_wide__calls_and_unchanged() -> None:
    assert changes.member("guardian", PERSON, ZERO).function == "set_guardian"
    assert changes.oracle(PERSON, ZERO).oracle == ZERO
    assert changes.engine(PERSON, ZERO).args == (ZERO,)
    assert changes.pause_liquidation(7_200).notes != ()
    assert changes.pause_liquidation(3_600).notes == ()
    assert changes.lift_liquidation(100, 99).function == "lift_liquidation_pause"
    for make in (lambda: changes.member("steward", ZERO, ZERO), lambda: changes.oracle(ZERO, ZERO), lambda: changes.engine(ZERO, ZERO)):
        with pytest.raises(Unchanged, match="already"):
            make()
    with pytest.raises(Unchanged, match="liquidation is not paused"):
        changes.lift_liquidation(100, 100)


# ---------------------------------------------------------------- what prices an asset

POOL, OTHER = "0x" + "44" * 20, "0x" + "55" * 20
SOURCE = changes.Source(POOL, USD, 250_000 * E18)
FEED = changes.Feed(OTHER, False, 3_600, 20 * 10**8, 2_000 * 10**8, 8)


def test_source__first_and_second__which_call_of_the_oracle() -> None:
    then = changes.Source(OTHER, USD, 300_000 * E18)
    c = changes.source(ETH, 0, SOURCE, then)
    assert (c.role, c.target, c.function) == (OWNER, "PriceOracle", "set_source")
    assert c.args == (ETH.address, OTHER, USD.address, 300_000 * E18)
    assert c.rows == (Row("first source", f"{POOL} against USD, at least 250,000 deep", f"{OTHER} against USD, at least 300,000 deep"),)
    assert c.moves_prices
    c = changes.source(ETH, 1, None, then)
    assert (c.function, c.rows[0].now) == ("set_second_source", "none")
    c = changes.source(ETH, 1, then, None)
    assert (c.args, c.rows[0].then) == ((ETH.address, ZERO, ZERO, 0), "none")


def test_source__the_same_or_none__said() -> None:
    with pytest.raises(Unchanged, match="the first source of ETH is that already"):
        changes.source(ETH, 0, SOURCE, SOURCE)
    with pytest.raises(Unchanged, match="ETH has no second source"):
        changes.source(ETH, 1, None, None)
    with pytest.raises(Problem, match="the first source of ETH cannot be taken away, only replaced: freeze the asset instead"):
        changes.source(ETH, 0, SOURCE, None)


def test_feed__of_an_asset_and_of_a_quote__which_call_of_the_oracle() -> None:
    c = changes.feed(ETH, None, FEED, False, 6_500)
    assert (c.target, c.function, c.notes) == ("PriceOracle", "set_feed", ())
    assert c.args == (ETH.address, OTHER, False, 3_600, 20 * 10**8, 2_000 * 10**8)
    assert c.rows == (Row("feed", "none", f"{OTHER}, an answer each 60 min 0 s, 20 to 2,000 units of account"),)
    c = changes.feed(USD, changes.Feed(POOL, False, 60, 1, 2, 8), FEED, True, 6_500)
    assert (c.function, c.args) == ("set_quote_feed", (USD.address, OTHER, 3_600, 20 * 10**8, 2_000 * 10**8))
    with pytest.raises(Unchanged, match="the feed of ETH is that already"):
        changes.feed(ETH, FEED, FEED, False, 0)
    with pytest.raises(Unchanged, match="ETH has no feed"):
        changes.feed(ETH, None, None, False, 0)
    with pytest.raises(Problem, match="nothing but its feed prices USD: it can be replaced, not taken away"):
        changes.feed(USD, FEED, None, True, 0)


@pytest.mark.parametrize("ltv_bps, warned", [(6_500, False), (6_501, True), (8_500, True)])
def test_feed__taken_away__a_warning_above_65_percent(ltv_bps: int, warned: bool) -> None:
    c = changes.feed(ETH, FEED, None, False, ltv_bps)
    assert c.args == (ETH.address, ZERO, False, 0, 0, 0)
    assert any("above 65 % it needs a feed" in note for note in c.notes) == warned


def test_rates_and_engine__what_both_say__in_rows() -> None:
    c = changes.rates(ETH, configuration(), POOL, [("at no use", 0, E18 // 100)])
    assert c.rows == (Row("rate model", PERSON, POOL), Row("borrow rate at no use", "0.00 %", "1.00 %"))
    c = changes.engine(POOL, OTHER, (300, 250))
    assert c.rows == (Row("liquidation engine", POOL, OTHER), Row("fee of liquidations", "3 %", "2.5 %"))
    assert any("nothing here looks into" in note for note in c.notes)
    assert changes.engine(POOL, OTHER).rows == (Row("liquidation engine", POOL, OTHER),)


def test_oracle__of_another_owner__warned() -> None:
    assert changes.oracle(POOL, OTHER, PERSON, PERSON).notes == ()
    for owner in (ZERO, None):
        c = changes.oracle(POOL, OTHER, owner, PERSON)
        assert c.rows[1] == Row("owner of the oracle", PERSON, owner or "not told")
        assert any("WARNING: the timelock does not own it" in note for note in c.notes)


def test_member__guardian_of_isolated_markets__follows() -> None:
    assert changes.member("guardian", POOL, OTHER, OTHER).also == ()
    c = changes.member("guardian", POOL, OTHER, POOL)
    assert c.also == (("MarketFactory", "set_guardian", (OTHER,)),)
    # also where only the market's own is right already
    assert changes.member("guardian", OTHER, OTHER, POOL).also == c.also
    with pytest.raises(Unchanged):
        changes.member("guardian", OTHER, OTHER, OTHER)


@pytest.mark.parametrize(
    "low, high, why, line",
    [
        # raw units of a token of 8 decimals at 40,000 and 40,100, for 1e18 of them
        (40_000 * 10**28, 40_100 * 10**28, 0, "priced at 40,000.0000 to 40,100.0000 then; new risk open"),
        (0, 0, 8, f"without a price then; new risk closed: {words.WHY[8]}"),
    ],
)
def test_priced_line__price_or_none__no_price_of_nothing(low: int, high: int, why: int, line: str) -> None:
    assert add_command.priced_line(SimpleNamespace(low=low, high=high, why=why), 10**8) == line
