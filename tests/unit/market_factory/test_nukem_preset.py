"""config/presets/nukem.yaml and what plimsoll.isolated makes of it: terms that the factory takes."""

import pytest

from plimsoll import isolated, presets
from plimsoll.errors import Problem
from tests.isolated_world import WAD, ZERO, Markets, TradedPair, most_caps

PRESET = presets.load("nukem")
DEPTH, PRICE, QUOTE_PRICE = 2_000_000 * WAD, 200 * WAD, 10**30


def test_nukem__a_pool_of_two_in_full_mode() -> None:
    token, quote = PRESET.asset("token"), PRESET.asset("dollar")
    assert (token.depth_mode, token.quote, token.feed, token.second_source) == ("full", "dollar", None, None)
    assert (token.ltv_bps, quote.ltv_bps, PRESET.borrow_limit_bps) == (5_000, 5_000, 8_000)


def test_nukem__its_caps__are_below_what_its_test_market_takes() -> None:
    token, quote = PRESET.asset("token"), PRESET.asset("dollar")
    supply, debt, quote_supply, quote_debt = isolated.most_caps(DEPTH, PRICE, PRICE, QUOTE_PRICE, token.ltv_bps, token.bonus_bps)
    assert supply * 99 // 100 < token.supply_cap_wad <= supply
    assert debt * 99 // 100 < token.debt_cap_wad <= debt
    assert quote_supply * 99 // 100 < quote.supply_cap_wad * 10**6 // WAD <= quote_supply
    assert quote_debt * 99 // 100 < quote.debt_cap_wad * 10**6 // WAD <= quote_debt


@pytest.mark.parametrize("margin", [0, 200])
def test_propose__by_the_band_of_now__the_factory_takes_it(markets: Markets, traded: TradedPair, margin: int) -> None:
    probe = markets.open(traded)
    band = probe.oracle.band(traded.token)
    terms = isolated.propose(PRESET, band.depth, band.low, band.high, 10**30, str(markets.rate_model.address), margin)
    markets.fund(traded.token, markets.creator, WAD, markets.factory)
    markets.fund(markets.quote, markets.creator, 10**6, markets.factory)
    if margin == 0:
        # one rate model for both, the most of everything
        assert terms.quote.debt_cap == most_caps(band.depth, band.low, band.high, 10**30, 5_000, 11_000)[3]
    abi = (*terms.abi()[:2], 7_999, terms.min_depth)
    assert markets.factory.open_market(traded.token, markets.quote, abi, WAD, 10**6, sender=markets.creator) != ZERO
    assert terms.min_depth == band.depth // 4


def test_propose__thin_pair__refused() -> None:
    with pytest.raises(Problem, match="too thin"):
        isolated.propose(PRESET, 3, PRICE, PRICE, QUOTE_PRICE, ZERO)


def test_propose__preset_of_more_assets__refused() -> None:
    with pytest.raises(Problem, match="not one of an isolated market"):
        isolated.propose(presets.load("wemix-feed"), DEPTH, PRICE, PRICE, QUOTE_PRICE, ZERO)
