"""The model of a pool that believes one price, against the worked examples of the design (money times 100)."""

import pytest

from plimsoll.incident.model import Position, can_be_liquidated, liquidation, pays, settle, uncovered
from plimsoll.reference import liquidation as reference

WAD = 10**18


def test_liquidation__usage_of_exactly_100_percent__half_is_repaid_with_the_bonus() -> None:
    p = Position(10_000 * WAD, 6_000 * WAD)
    price = 8 * 10**17
    assert can_be_liquidated(p, price, 7_500)
    taken = liquidation(p, price, 7_500, 11_000)
    assert taken.repaid == 3_000 * WAD
    # 3,300 worth of collateral, of which 3 % are the fee
    assert taken.seized * price // WAD == 3_300 * WAD
    assert taken.fee * price // WAD == 99 * WAD
    assert settle(p, taken, price) == 0
    assert (p.collateral * price // WAD, p.debt) == (4_700 * WAD, 3_000 * WAD)


def test_can_be_liquidated__a_hair_below_100_percent__no() -> None:
    assert not can_be_liquidated(Position(10_000 * WAD, 6_000 * WAD - 1), 8 * 10**17, 7_500)
    assert not can_be_liquidated(Position(0, 0), WAD, 7_500)


def test_liquidation__below_water__all_is_seized_at_1_percent_and_the_rest_is_lost() -> None:
    p = Position(10_000 * WAD, 10_300 * WAD)
    taken = liquidation(p, WAD, 7_500, 11_000)
    assert taken.seized == 10_000 * WAD
    assert taken.fee == 0
    assert taken.repaid / WAD == pytest.approx(9_900.99, abs=0.01)
    assert settle(p, taken, WAD) / WAD == pytest.approx(399.01, abs=0.01)
    assert (p.collateral, p.debt) == (0, 0)


@pytest.mark.parametrize("debt", [60_000, 63_158, 75_000, 96_000, 120_000])
@pytest.mark.parametrize("price", [WAD, 7 * 10**17])
def test_liquidation__many_positions__as_the_reference_of_the_engine(debt: int, price: int) -> None:
    # every price the same: neither floor nor ceiling has a part in it
    p = Position(100_000 * WAD, debt * price // WAD * WAD)
    prices = {"eth": reference.Prices(price, price, price), "usd": reference.Prices(WAD, WAD, WAD)}
    account = reference.Account((reference.Collateral("eth", p.collateral, 6_000, 11_000),), (reference.Debt("usd", p.debt),))
    expected = reference.liquidate(account, prices, "usd", "eth")
    taken = liquidation(p, price, 6_000, 11_000)
    # the reference rounds by raw units of the debt and its price, the model in WAD
    assert taken.repaid == pytest.approx(expected.repaid, rel=1e-15)
    assert taken.seized == pytest.approx(expected.seized, rel=1e-15)
    assert taken.fee == pytest.approx(expected.fee, rel=1e-15)


def test_pays__sold_at_the_true_price__only_above_what_was_repaid() -> None:
    taken = liquidation(Position(10_000 * WAD, 6_000 * WAD), 8 * 10**17, 7_500, 11_000)
    # 4,125 tokens less 123.75 of fee for 3,000: worth it above 0.74976...
    assert pays(taken, 75 * 10**16)
    assert not pays(taken, 74_97 * 10**14)


def test_uncovered__some_below_water__their_difference() -> None:
    held = [Position(100 * WAD, 60 * WAD), Position(100 * WAD, 51 * WAD), Position(100 * WAD, 10 * WAD), Position(0, 0)]
    assert uncovered(held, WAD // 2) == 11 * WAD
