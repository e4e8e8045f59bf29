"""Examples 7 and 9 to 11 of the systems' own documents."""

from decimal import Decimal
from math import isqrt

import pytest

from tests.unit.pair.conftest import E18


def pool(new_market, amount0, amount1):
    """Without a fee, as in the documents."""
    market = new_market(0, (0, 1))
    market.provide(amount0 * E18, amount1 * E18)
    return market


def move_price(market, times):
    """Trade until token0 costs so many times as much."""
    model = market.model
    target0 = isqrt(int(Decimal(model.reserve0) ** 2 / Decimal(times)))
    paid = -(-model.k // target0) - model.reserve1
    market.swap(0, paid, model.reserve0 - target0, 0)


def units(amount, digits):
    return round(Decimal(amount) / E18, digits)


def test_example_7__100_of_1000_meme_sold_at_once(new_market):
    """9,090.91 : 1,100 afterwards, price 8.26, value 826.45, 17.4 % below face."""
    market = pool(new_market, 1000, 10_000)
    market.sell(100 * E18)
    meme, quote = market.reserves
    price = Decimal(quote) / meme
    assert (units(quote, 2), units(meme, 0), round(price, 2)) == (Decimal("9090.91"), 1_100, Decimal("8.26"))
    assert round(100 * price, 2) == Decimal("826.45")
    assert round(100 - 10 * price, 1) == Decimal("17.4")


def test_example_9__10_wemix_and_1000_dollars_at_half_as_much_again(new_market, lender):
    """81.65 / 12,247 in the pool, 24,494.9 in all, 2,449.5 withdrawn, 2.0 % below holding."""
    market = pool(new_market, 100, 10_000)
    move_price(market, Decimal("1.5"))
    reserve0, reserve1 = market.reserves
    assert units(reserve0, 2) == Decimal("81.65")
    assert units(reserve1, 0) == 12_247
    assert units(reserve0 * 150 + reserve1, 1) == Decimal("24494.9")
    market.pair.transfer(market.pair, market.pair.totalSupply() // 10, sender=lender)
    amount0, amount1 = market.pair.burn(lender)
    assert units(amount0 * 150 + amount1, 1) == Decimal("2449.5")
    held = 10 * E18 * 150 + 1000 * E18
    assert round(Decimal(held - amount0 * 150 - amount1) * 100 / held, 1) == Decimal("2.0")


@pytest.mark.parametrize(
    "times, loss", [("1.25", "0.6"), ("1.5", "2.0"), ("1.75", "3.8"), ("2", "5.7"), ("3", "13.4"), ("4", "20.0"), ("5", "25.5")]
)
def test_example_10__impermanent_loss_in_percent(new_market, times, loss):
    market = pool(new_market, 1000, 1000)
    move_price(market, Decimal(times))
    reserve0, reserve1 = market.reserves
    held = 1000 * E18 * (1 + Decimal(times))
    assert round((held - (reserve0 * Decimal(times) + reserve1)) * 100 / held, 1) == Decimal(loss)


@pytest.mark.parametrize("amount, out, price", [(10, "49.5", None), (100, "454.55", "4.13")])
def test_example_11__selling_into_1000_and_5000(new_market, amount, out, price):
    market = pool(new_market, 1000, 5000)
    received = market.sell(amount * E18)
    assert units(received, len(out.split(".")[1])) == Decimal(out)
    if price:
        reserve0, reserve1 = market.reserves
        assert round(Decimal(reserve1) / reserve0, 2) == Decimal(price)
