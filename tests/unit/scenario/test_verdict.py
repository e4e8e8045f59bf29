"""The independent check of liquidations: its prices follow from the trades alone, and it finds the wrongful one."""

from types import SimpleNamespace
from typing import Any

import pytest

from plimsoll.abi import Event
from plimsoll.presets import Rates
from plimsoll.reference.observations import tick as tick_of
from plimsoll.verdict import Evidence, History, Judge, Ledger, Sync, Terms, VerdictError, supply_worth

WAD = 10**18
RAY = 10**27
START = 1_584_000_000 // 180 * 180
# 200 dollars (6 decimals) per ETH, ETH being token0
ETH, USD = 50_000 * WAD, 10_000_000 * 10**6
TERMS = Terms(6_500, 100_000 * WAD, Rates(0, 5 * 10**16, 5 * WAD, 9 * 10**17), 10**30)


def quiet(until: int, step: int = 60) -> list[Sync]:
    return [Sync(i, START + i * step, ETH, USD) for i in range((until - START) // step + 1)]


def judge(syncs: list[Sync], rate_seconds: int = 60) -> Judge:
    now = syncs[-1].time
    # 750,000 of a million lent out; the reserve was last changed a while ago
    ledger = {
        9: Ledger(now - rate_seconds, 250_000 * 10**6, 750_000 * 10**6, RAY, True),
        10: Ledger(now, 250_000 * 10**6, 750_000 * 10**6, RAY, False),
    }
    return Judge(TERMS, syncs, ledger, True)


def evidence(time: int, shares: int, scaled: int, block: int = 10, **taken: int) -> Evidence:
    eth = SimpleNamespace(id=1, cash=20_000 * WAD, total_shares=20_000 * WAD * 10**6, index_ray=RAY, scaled_debt=0)
    event = Event("Liquidation", {"number": 1, "borrower": "0xb", "repaid": 0, "seized": 0, **taken}, "", block, 0, "")
    # collateral in reserve 1, debt in reserve 0
    return Evidence(event, time, 1 << 1 | 1 << 128, (scaled << 128, shares), (eth, eth), 0)


def test_history__quiet_hour__every_window_the_same_tick() -> None:
    syncs = quiet(START + 3_600)
    window = History(syncs).window(START + 3_600)
    tick = tick_of(ETH, USD)
    assert window.short_sum == tick * window.short_seconds
    # the newest boundary that is at least 300 s old
    assert window.short_seconds == 360
    assert window.fresh_sum == tick * window.fresh_seconds
    assert window.fresh_seconds == 60
    assert window.bucket_tick_sums == (180 * tick,) * 10


def test_history__who_trades_when__changes_nothing() -> None:
    now = START + 3_600 + 77
    often, seldom = History(quiet(START + 3_600, 20)), History(quiet(START + 3_600, 1_800))
    assert often.window(now) == seldom.window(now)


def test_history__one_absurd_block__followed_at_50_ticks_a_second() -> None:
    tick = tick_of(ETH, USD)
    syncs = [*quiet(START + 3_600), Sync(90, START + 3_612, ETH, USD // 1_000), Sync(91, START + 3_624, ETH, USD)]
    window = History(syncs).window(START + 3_660)
    # down by 50, 100, ... 600 ticks in its 12 seconds, and back again by 550, 500, ... 0
    assert window.fresh_sum == 60 * tick - 50 * (78 + 66)


def test_history__jump_longer_ago_than_a_window_reaches__its_ramp_counts() -> None:
    # 180 s of a ramp of 9,000 of the jump's 10,986 ticks; the oldest bucket begins 80 s after it
    jump = START + 3_600 + 100
    now = jump + 11 * 180
    window = History([*quiet(jump - 60), Sync(90, jump, ETH, USD // 3)]).window(now)
    tick = tick_of(ETH, USD)
    assert window.bucket_tick_sums[-1] == 180 * tick - 50 * sum(range(81, 181)) - 9_000 * 80
    # without a change nothing more comes on
    assert set(window.bucket_tick_sums[:-1]) == {180 * (tick - 9_000)}


def test_history__several_trades_in_a_second__the_last_counts() -> None:
    now = START + 3_600
    twice = [*quiet(now)[:-1], Sync(60, now - 60, ETH, USD // 2), Sync(61, now - 60, ETH, USD), Sync(62, now, ETH, USD)]
    assert History(twice).window(now + 70) == History(quiet(now)).window(now + 70)


def test_history__too_short__no_statistics() -> None:
    assert History(quiet(START + 1_200)).window(START + 1_200).bucket_tick_sums == ()
    with pytest.raises(VerdictError, match="no recorded trades"):
        History([])


def test_judge__usage__exactly_what_position_and_price_make() -> None:
    now = START + 3_600
    the_judge = judge(quiet(now), rate_seconds=0)
    price = the_judge.band(now).liquidation_high
    assert 199 * WAD < price <= 200 * WAD
    # 100 ETH at 65 % against 13,100 dollars
    usage = the_judge.usage(evidence(now, 100 * WAD * 10**6, 13_100 * 10**6))
    assert usage == 13_100 * WAD * WAD // (100 * price * 65 // 100)
    assert usage > WAD


def test_judge__healthy_account__below_one() -> None:
    now = START + 3_600
    assert judge(quiet(now), 0).usage(evidence(now, 100 * WAD * 10**6, 12_900 * 10**6)) < WAD


def test_judge__interest_since_the_last_touch__counts() -> None:
    now = START + 3_600
    before = judge(quiet(now), 0).usage(evidence(now, 100 * WAD * 10**6, 12_900 * 10**6))
    after = judge(quiet(now), 86_400).usage(evidence(now, 100 * WAD * 10**6, 12_900 * 10**6))
    # 75 % used: 3.75 % a year
    assert after - before == pytest.approx(before * 0.0375 / 365, rel=1e-3)


def test_judge__second_liquidation_of_a_block__after_the_first() -> None:
    now = START + 3_600
    the_judge = judge(quiet(now), 0)
    whole = the_judge.usage(evidence(now, 100 * WAD * 10**6, 13_100 * 10**6, repaid=6_550 * 10**6, seized=36 * WAD))
    rest = the_judge.usage(evidence(now, 100 * WAD * 10**6, 13_100 * 10**6))
    assert whole > WAD
    # half of the debt on 64 of the 100 ETH
    assert rest == pytest.approx(whole * 0.5 / 0.64)
    assert rest < WAD


def test_judge__other_positions_or_no_price__refused() -> None:
    now = START + 3_600
    odd = evidence(now, WAD, 1)
    with pytest.raises(VerdictError, match="other positions"):
        judge(quiet(now)).usage(Evidence(odd.event, now, 1 << 1 | 1 << 2, odd.words, odd.eth, 0))
    with pytest.raises(VerdictError, match="no price"):
        judge(quiet(START + 600)).usage(evidence(START + 600, WAD, 1))


def test_judge__band_of_a_step__found_when_it_differs() -> None:
    now = START + 3_600
    the_judge = judge(quiet(now))
    band = the_judge.band(now)
    names = ("low", "high", "liquidation_low", "liquidation_high", "fresh_low", "fresh_high", "depth", "sources", "why")
    step: Any = SimpleNamespace(time=now, **{name: int(getattr(band, name)) for name in names})
    assert not the_judge.band_differs(step)
    for name in names:
        other = SimpleNamespace(**{**vars(step), name: getattr(step, name) + 1})
        assert the_judge.band_differs(other), name


def test_supply_worth__shares__rounded_down() -> None:
    state = SimpleNamespace(cash=999, total_shares=10**9, index_ray=RAY, scaled_debt=1)
    assert supply_worth(state, 10**9) == 10**9 * 1_001 // (10**9 + 10**6)
