"""The arbitrageur's trade: the most profitable one, within the pair's rule, ending at the fee band."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.arbitrage import WAD, amount_out, next_trade, pair_price_wad

RESERVES = st.tuples(st.integers(10**18, 10**24), st.integers(10**9, 10**15))


def profit(buys_eth: bool, paid: int, eth: int, usd: int, price_wad: int, fee: int) -> Fraction:
    """Raw dollars, at the price elsewhere."""
    price = Fraction(price_wad * 10**6, WAD * WAD)
    if buys_eth:
        return amount_out(paid, usd, eth, fee) * price - paid
    return amount_out(paid, eth, usd, fee) - paid * price


def test_amount_out__worked_examples__as_the_document_says() -> None:
    # no fee, 1,000 : 5,000
    assert amount_out(10 * WAD, 1_000 * WAD, 5_000 * WAD, 0) * 10 // WAD == 495
    assert amount_out(100 * WAD, 1_000 * WAD, 5_000 * WAD, 0) * 100 // WAD == 45454


def test_next_trade__market_dearer__buys_up_to_the_fee_band() -> None:
    eth, usd = 1_000 * WAD, 200_000 * 10**6
    trade = next_trade(eth, usd, 210 * WAD, 25)
    assert trade.buys_eth
    assert trade.arbitrage
    after = pair_price_wad(eth - trade.amount_out, usd + trade.amount_in)
    assert 210 * WAD * 99 // 100 < after <= 210 * WAD


def test_next_trade__market_cheaper__sells_down_to_the_fee_band() -> None:
    eth, usd = 1_000 * WAD, 200_000 * 10**6
    trade = next_trade(eth, usd, 190 * WAD, 25)
    assert not trade.buys_eth
    assert trade.arbitrage
    after = pair_price_wad(eth + trade.amount_in, usd - trade.amount_out)
    assert 190 * WAD <= after < 190 * WAD * 101 // 100


def test_next_trade__inside_the_fee_band__a_small_ordinary_one_towards_the_price() -> None:
    eth, usd = 1_000 * WAD, 200_000 * 10**6
    for price, buys in ((200 * WAD + WAD // 10, True), (200 * WAD - WAD // 10, False)):
        trade = next_trade(eth, usd, price, 25)
        assert not trade.arbitrage
        assert trade.buys_eth is buys
        assert 0 < trade.amount_in <= (usd if buys else eth) // 50_000
        assert trade.amount_out > 0


@given(RESERVES, st.integers(WAD, 10**5 * WAD), st.sampled_from([0, 25, 30, 100]))
def test_next_trade__any_reserves_and_price__k_kept_and_price_within_the_band(reserves: tuple[int, int], price: int, fee: int) -> None:
    eth, usd = reserves
    trade = next_trade(eth, usd, price, fee)
    reserve_in, reserve_out = (usd, eth) if trade.buys_eth else (eth, usd)
    assert trade.amount_in > 0
    assert 0 < trade.amount_out < reserve_out
    # the pair's own check
    assert (reserve_in * 10_000 + trade.amount_in * (10_000 - fee)) * (reserve_out - trade.amount_out) >= reserve_in * reserve_out * 10_000
    if trade.arbitrage:
        new_in, new_out = reserve_in + trade.amount_in, reserve_out - trade.amount_out
        after = Fraction(new_in, new_out) if trade.buys_eth else Fraction(new_out, new_in)
        elsewhere = Fraction(price * 10**6, WAD * WAD)
        coarse = 1 + Fraction(10**4, min(new_in, new_out))
        kept = Fraction(10_000 - fee, 10_000)
        assert elsewhere * kept**2 / coarse <= after <= elsewhere / kept**2 * coarse


@given(RESERVES, st.integers(100 * WAD, 300 * WAD), st.floats(0.5, 1.5))
def test_next_trade__other_amounts__earn_no_more(reserves: tuple[int, int], price: int, factor: float) -> None:
    eth, _ = reserves
    usd = eth * 200 // 10**12
    trade = next_trade(eth, usd, price, 25)
    if not trade.arbitrage:
        return
    best = profit(trade.buys_eth, trade.amount_in, eth, usd, price, 25)
    other = profit(trade.buys_eth, max(1, int(trade.amount_in * factor)), eth, usd, price, 25)
    # a raw unit of dollars, for the rounding of the amounts
    assert best >= other - max(2, price // WAD)
