"""PriceOracle.set_quote and quote_price."""

from typing import Any

import boa
import pytest

from plimsoll.reference.oracle import MAX_UINT256, Answers, Configuration, Oracle, Quote
from tests.conftest import load
from tests.oracle_market import DOLLAR_6, ZERO, Market, as_band

LARGEST = (2**90 - 1) * 10**6


@pytest.fixture
def oracle(owner: Any) -> Any:
    return load("oracle/PriceOracle.vy").deploy(sender=owner)


@pytest.mark.parametrize("price", [10**30, 10**28, 10**18, 10**6, 999_999_000_000, LARGEST])
def test_set_quote__valid_price__is_every_price_of_the_asset(oracle: Any, owner: Any, price: int) -> None:
    asset = boa.env.generate_address()
    oracle.set_quote(asset, price, sender=owner)
    (event,) = oracle.get_logs()
    assert (event.asset, event.price) == (asset, price)

    assert oracle.quote_price(asset) == price
    assert as_band(oracle.band(asset)) == Oracle(Configuration(quote=Quote(price))).band(0, Answers())
    assert tuple(oracle.band(asset)) == (price, price, price, price, price, price, MAX_UINT256, MAX_UINT256, 0, 0)
    assert oracle.new_risk_prices(asset) == (price, price, MAX_UINT256, 0)
    assert oracle.liquidation_prices(asset) == (price, price, price, price)
    assert oracle.liquidation_depth(asset) == MAX_UINT256
    # nobody says when it is worth something else
    assert oracle.has_feed(asset) is False
    oracle.poke(asset)
    assert oracle.source_of(asset, 0) == (ZERO, ZERO, 0)
    assert oracle.cached_ts(asset) == 0


@pytest.mark.parametrize("price", [0, 1, 999_999, 10**30 + 1, LARGEST + 10**6, MAX_UINT256])
def test_set_quote__zero_or_too_fine_or_too_large__reverts(oracle: Any, owner: Any, price: int) -> None:
    with boa.reverts("oracle: bad quote price"):
        oracle.set_quote(boa.env.generate_address(), price, sender=owner)


def test_set_quote__not_owner__reverts(oracle: Any, attacker: Any) -> None:
    with boa.reverts("ownable: caller is not the owner"):
        oracle.set_quote(boa.env.generate_address(), DOLLAR_6, sender=attacker)


def test_set_quote__zero_address__reverts(oracle: Any, owner: Any) -> None:
    with boa.reverts("oracle: zero address"):
        oracle.set_quote(ZERO, DOLLAR_6, sender=owner)


def test_set_quote__listed_already__reverts(market: Market, owner: Any) -> None:
    for asset in (market.asset, market.wired().money.token):
        with boa.reverts("oracle: already listed"):
            market.oracle.set_quote(asset, DOLLAR_6, sender=owner)


def test_quote_price__not_a_quote__zero(market: Market) -> None:
    assert market.oracle.quote_price(market.asset) == 0
    assert market.oracle.quote_price(boa.env.generate_address()) == 0


def test_transfer_ownership__new_owner__configures(oracle: Any, owner: Any, treasury: Any) -> None:
    assert oracle.owner() == owner
    oracle.transfer_ownership(treasury, sender=owner)
    oracle.set_quote(boa.env.generate_address(), DOLLAR_6, sender=treasury)
    with boa.reverts("ownable: caller is not the owner"):
        oracle.set_quote(boa.env.generate_address(), DOLLAR_6, sender=owner)
