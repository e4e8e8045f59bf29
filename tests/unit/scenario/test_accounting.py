"""What the demo reports: waits counted to the block, targets that cannot be met by looking away, files as promised."""

import csv
import io
from typing import Any

from plimsoll.accounting import WAD, Delays, LenderRow, LiquidationRow, Result, Step, dollars, number, stage, steps_csv

SETTINGS: dict[str, Any] = {"seed": 1, "usd_decimals": 6}


def liquidation(**changes: Any) -> LiquidationRow:
    base: dict[str, Any] = {
        "number": 1, "block": 9, "time": 1_584_000_000, "borrower": "0xb", "repaid": 100 * WAD, "seized": 110 * WAD, "fee": 33 * WAD // 10,
        "market_price": 150 * WAD, "usage_event": WAD, "usage_checked": WAD, "delay_blocks": 1,
    }  # fmt: skip
    return LiquidationRow(**{**base, **changes})


def good() -> Result:
    return Result(
        SETTINGS,
        liquidations=[liquidation()],
        lenders=[LenderRow("0xa", 100, 101, 101)],
        delay_median=1.0,
        delay_max=3,
    )


def step(**changes: Any) -> Step:
    base = dict.fromkeys(Step.__dataclass_fields__, 0)
    return Step(**{**base, **changes})


def test_stage__limits__as_the_status_monitor_has_them() -> None:
    assert [stage(100, d) for d in (0, 1, 30, 31, 60, 61, 80, 81, 99, 100, 101)] == [0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert stage(0, 1) == 4
    assert stage(0, 0) == 0


def test_delays__liquidated_in_the_next_block__one() -> None:
    delays = Delays()
    delays.end_of_block(10, ["a"])
    assert delays.liquidated(11, "a") == 1
    delays.end_of_block(11, [])
    assert (delays.median(), delays.worst(11)) == (1, 1)


def test_delays__within_the_same_block__zero() -> None:
    delays = Delays()
    delays.end_of_block(10, [])
    assert delays.liquidated(11, "a") == 0


def test_delays__still_liquidatable_after_a_first_liquidation__counted_anew() -> None:
    delays = Delays()
    delays.end_of_block(10, ["a"])
    assert delays.liquidated(12, "a") == 2
    delays.end_of_block(12, ["a"])
    assert delays.liquidated(13, "a") == 1
    assert delays.waits == [2, 1]


def test_delays__never_liquidated__counts_in_the_worst() -> None:
    delays = Delays()
    for block in range(10, 20):
        delays.end_of_block(block, ["a"])
    assert delays.left(19) == [9]
    assert delays.worst(19) == 9
    assert delays.median() == 0


def test_delays__price_came_back__counts_in_the_worst() -> None:
    delays = Delays()
    delays.end_of_block(10, ["a", "b"])
    delays.end_of_block(11, ["a"])
    delays.end_of_block(15, [])
    assert sorted(delays.recovered) == [1, 5]
    assert delays.worst(15) == 5


def test_missed_targets__all_met__none() -> None:
    assert good().missed_targets() == []


def test_missed_targets__each_one_missed__named() -> None:
    for change, said in (
        ({"written_off": 1}, "bad debt"),
        ({"uncovered": 1}, "bad debt"),
        ({"liquidations": [liquidation(usage_checked=WAD - 1)]}, "below 100 % usage"),
        ({"delay_median": 1.5}, "median delay"),
        ({"delay_max": 4}, "longest delay"),
        ({"lenders": [LenderRow("0xa", 100, 101, 100)]}, "1 of 1 lenders"),
        ({"lenders": [LenderRow("0xa", 100, 99, 99)]}, "1 of 1 lenders"),
        ({"lenders": []}, "0 of 0 lenders"),
        ({"band_mismatches": 1}, "reference models"),
    ):
        result = good()
        for name, value in change.items():
            setattr(result, name, value)
        missed = result.missed_targets()
        assert len(missed) == 1, change
        assert said in missed[0]
        assert result.figures()["missed_targets"] == missed


def test_figures__a_result__names_all_that_is_promised() -> None:
    figures = good().figures()
    promised = (
        "steps liquidations repaid_usd seized_usd bad_debt_usd protocol_fees_usd wrongful_liquidations delay_blocks_median "
        "delay_blocks_max lenders_whole wall_seconds seed settings"
    )
    assert set(promised.split()) <= set(figures)
    assert (figures["repaid_usd"], figures["seized_usd"], figures["protocol_fees_usd"]) == (100.0, 110.0, 3.3)
    assert figures["lenders_whole"] is True


def test_number__tiny_amounts__never_zero() -> None:
    assert number(0) == 0
    assert number(1) > 0
    assert number(1_234_567_890 * WAD // 1_000) == 1_234_567.89
    assert dollars(0) == "$0.00"
    assert dollars(WAD // 1_000) == "$0.001"
    assert dollars(1_234_567 * WAD) == "$1,234,567.00"


def test_steps_csv__rows__prices_amounts_and_counts() -> None:
    rows = list(csv.DictReader(io.StringIO(steps_csv([step(step=1, time=1_584_000_000, market_price=195 * WAD, debt=3 * WAD, cash=WAD)]))))
    assert rows[0]["time_utc"] == "2020-03-12T08:00:00Z"
    assert rows[0]["market_price_usd"] == "195.0000"
    assert rows[0]["debt_usd"] == "3.00"
    assert rows[0]["step"] == "1"
    assert rows[0]["utilisation"] == "0.750000"
