"""Whether a liquidation was deserved, and how long it took."""

import pytest

from plimsoll.incident.watch import Watch, percent, usage_at

WAD = 10**18
HOT, COOL = 99 * WAD // 100, 99 * WAD // 100 - 1


@pytest.mark.parametrize(("seconds", "wrongful"), [(12, False), (900, False), (901, True)])
def test_liquidated__so_long_after_it_was_at_99_percent__wrongful_after_15_minutes(seconds: int, wrongful: bool) -> None:
    watch = Watch(2)
    watch.end_of_block(1, 1_000, [HOT, COOL], [])
    watch.end_of_block(2, 1_010, [COOL, COOL], [0])
    watch.liquidated(3, 1_000 + seconds, 0, WAD, WAD)
    assert watch.rows[0].wrongful is wrongful


def test_liquidated__never_at_99_percent__wrongful() -> None:
    watch = Watch(1)
    watch.end_of_block(1, 1_000, [COOL], [0])
    watch.liquidated(2, 1_012, 0, WAD, WAD)
    assert watch.figures(2, WAD, 0)["wrongful"] == 1


def test_figures__two_liquidations_of_one_account__counted_once_as_account() -> None:
    watch = Watch(3)
    watch.end_of_block(1, 0, [2 * WAD, HOT, 0], [0, 1])
    watch.liquidated(2, 12, 0, 100 * WAD, 110 * WAD)
    watch.end_of_block(2, 12, [2 * WAD, HOT, 0], [0, 1])
    watch.liquidated(5, 48, 0, 50 * WAD, 55 * WAD)
    watch.written_off = 7 * WAD
    found = watch.figures(5, 1_000 * WAD, 3 * WAD)
    assert (found["liquidations"], found["accounts_liquidated"], found["wrongful"]) == (2, 1, 0)
    assert (found["repaid_usd"], found["seized_usd"]) == (150, 165)
    assert (found["bad_debt_usd"], found["bad_debt_percent"], found["written_off_usd"]) == (10, 1.0, 7)
    # account 0 waited 1 and 3 blocks, account 1 waits since block 1
    assert (found["delay_blocks_median"], found["delay_blocks_max"], found["left_liquidatable"]) == (2, 4, 1)


def test_figures__a_wei_of_bad_debt__not_told_as_nothing() -> None:
    assert Watch(1).figures(1, WAD, 1)["bad_debt_usd"] > 0


def test_usage_at__price_below_the_oracles__higher() -> None:
    # 60 of 65 at the oracle's 100; at 80 capacity is 52
    assert usage_at(60 * WAD, 65 * WAD, 100, 80) == 60 * WAD * 100 // (65 * 80)
    assert usage_at(0, 0, 1, 1) == 0
    assert usage_at(1, 0, 1, 1) > 10**30
    assert percent(1, 0) == 0
