"""Pairs are moved to a price exactly, and the feed is published as feeds are."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.incident.venues import Feed, amount_to_price, trade_to

WAD = 10**18
UNIT = 10**30


def after(reserve_in: int, reserve_out: int, paid: int, fee_bps: int) -> tuple[int, int]:
    """Uniswap V2's swap, exact input, from its own formula."""
    kept = paid * (10_000 - fee_bps)
    return reserve_in + paid, reserve_out - kept * reserve_out // (reserve_in * 10_000 + kept)


@given(
    st.integers(10**18, 10**27),
    st.integers(10**12, 10**21),
    st.integers(1_001, 100_000),
    st.sampled_from([0, 25, 30, 100]),
)
def test_amount_to_price__any_reserves__the_ratio_is_reached(reserve_in: int, reserve_out: int, per_mille: int, fee_bps: int) -> None:
    wanted = Fraction(reserve_in * per_mille, reserve_out * 1_000)
    paid = amount_to_price(reserve_in, reserve_out, wanted.numerator, wanted.denominator, fee_bps)
    x, y = after(reserve_in, reserve_out, paid, fee_bps)
    assert paid > 0
    assert abs(Fraction(x, y) / wanted - 1) < Fraction(1, 10**9)


def test_amount_to_price__already_beyond__nothing() -> None:
    assert amount_to_price(1_000_000, 1_000_000, 9, 10, 30) == 0
    assert amount_to_price(1_000_000, 1_000_000, 1, 1, 30) == 0


@pytest.mark.parametrize(("price", "pays_asset"), [(140 * WAD, True), (286 * WAD, False)])
def test_trade_to__dump_and_pump__the_side_that_pays(price: int, pays_asset: bool) -> None:
    asset, quote = 50_000 * WAD, 10_000_000 * 10**6  # at 200
    trade = trade_to(asset, quote, price, UNIT, 25)
    assert trade is not None
    assert trade.pays_asset is pays_asset
    asset, quote = (asset + trade.paid, quote - trade.out) if pays_asset else (asset - trade.out, quote + trade.paid)
    assert quote * UNIT / asset == pytest.approx(price, rel=1e-9)
    # the fee stays in the pair
    assert asset * quote > 50_000 * WAD * 10_000_000 * 10**6


def test_trade_to__at_its_price__none() -> None:
    assert trade_to(50_000 * WAD, 10_000_000 * 10**6, 200 * WAD, UNIT, 25) is None


class Paper:
    """A world that deploys nothing."""

    now = 1_000

    def deploy(self, *arguments: Any) -> str:
        return "feed"

    def own(self, contract: Any, function: str, *arguments: Any) -> tuple[Any, ...]:
        return (function, *arguments)


def test_feed__moves_of_less_than_half_a_per_cent__only_after_an_hour() -> None:
    feed = Feed(Paper(), 200 * WAD)  # type: ignore[arg-type]
    assert feed.publish(200 * WAD, 1_012) == []
    assert feed.publish(199_01 * WAD // 100, 1_024) == []
    assert feed.publish(199 * WAD, 1_036) == [("set_answer", 199 * 10**8)]
    assert feed.publish(199_90 * WAD // 100, 1_036 + 3_599) == []
    assert feed.publish(199_90 * WAD // 100, 1_036 + 3_600) == [("set_answer", 19_990_000_000)]


def test_feed__restored__publishes_as_before() -> None:
    feed = Feed(Paper(), 200 * WAD)  # type: ignore[arg-type]
    state = feed.state()
    feed.publish(100 * WAD, 1_012)
    feed.restore(state)
    assert feed.publish(200 * WAD, 1_024) == []
