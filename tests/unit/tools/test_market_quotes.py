"""Quotes and rate models of isolated markets: numbers that an oracle takes, and what no market could use."""

import pytest

from plimsoll.addresses import Token
from plimsoll.errors import Problem
from plimsoll.governance import quotes

A = "0x" + "11" * 20
WAD = 10**18


@pytest.mark.parametrize(
    "text, decimals, price",
    [
        ("1", 6, 10**30),
        ("2.5", 8, 25 * 10**27),
        ("1,000", 18, 10**21),
        # the finest and the largest that an oracle keeps: a million of 90 bits of steps
        ("0.000000000001", 18, 10**6),
        ("0.000000000000000001", 6, 10**12),
        ("1237940039285380.274899124223", 18, (2**90 - 1) * 10**6),
    ],
)
def test_fixed_price__any_decimals__of_1e18_raw_units(text: str, decimals: int, price: int) -> None:
    assert quotes.fixed_price(text, Token("x", A, "X", decimals)) == price


@pytest.mark.parametrize(
    "text, decimals, message",
    [
        ("0", 6, "--price '0' is no price: give units of account above 0 for one X, with at most 18 places"),
        ("much", 6, "--price 'much' is no price"),
        ("-1", 6, "--price '-1' is no price"),
        ("1.0000000000000000001", 6, "--price '1.0000000000000000001' is no price"),
        ("0.0000000000001", 18, "is finer than an oracle keeps: for a token of 18 decimals give at most 12 places"),
        ("1237940039285380.274899124224", 18, "is larger than an oracle keeps: for a token of 18 decimals at most 1,237,940,039,285,380.27"),
        ("1238", 6, "--price '1238' is larger than an oracle keeps: for a token of 6 decimals at most 1,237.94"),
    ],
)
def test_fixed_price__none_that_an_oracle_takes__said(text: str, decimals: int, message: str) -> None:
    with pytest.raises(Problem) as error:
        quotes.fixed_price(text, Token("x", A, "X", decimals))
    assert message in str(error.value)


@pytest.mark.parametrize(
    "rates, problem",
    [
        ([0, 0, 0, 0, 0], None),
        # a hundred times a year is the most
        ([0, 1, 2, 3, 100 * WAD], None),
        ([0, 1, 2, 3, 100 * WAD + 1], "it asks more than 10,000 % a year"),
        ([0, 2, 1, 3, 4], "its rate falls where more is borrowed"),
        ([0, 1, 2, 3, None], "it does not answer borrow_rate_wad"),
        ([None] * 5, "it does not answer borrow_rate_wad"),
    ],
)
def test_rates_problem__as_the_configurator_refuses(rates: list[int | None], problem: str | None) -> None:
    assert quotes.rates_problem(rates) == problem
