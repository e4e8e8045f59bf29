"""Names in the address book: short where there is one of a kind, and never two the same."""

from dataclasses import replace

from plimsoll import names, presets
from plimsoll.presets import SecondSource

WEMIX, WITH_FEED = presets.load("wemix"), presets.load("wemix-feed")


def test_names__one_pool_of_each_kind__short() -> None:
    assert names.pair_name(WEMIX, "volatile") == "Pair"
    assert names.range_pool_name(WEMIX, "volatile", "dollar", 3_000) == "RangePool"
    assert names.second_source_name(WITH_FEED, WITH_FEED.asset("volatile")) == "RangePool"


def test_names__several__by_asset_quote_and_fee() -> None:
    assert names.pair_name(WITH_FEED, "volatile") == "Pair.volatile"
    assert names.range_pool_name(WEMIX, "volatile", "dollar", 500) == "RangePool.volatile.500"
    assert names.range_pool_name(WEMIX, "volatile", "euro", 3_000) == "RangePool.volatile.euro.3000"
    other = replace(WITH_FEED.asset("volatile"), second_source=SecondSource("pair", 0, "euro", 1, 0))
    assert names.second_source_name(WITH_FEED, other) == "Pair.volatile.euro"


def test_names__second_range_pool_beside_the_test_pool__both_long() -> None:
    second = SecondSource("range_pool", 500, "dollar", 1, 0)
    assets = tuple(replace(a, second_source=second) if a.role == "volatile" else a for a in WEMIX.assets)
    both = replace(WEMIX, assets=assets)
    assert names.second_source_name(both, both.asset("volatile")) == "RangePool.volatile.500"
    assert names.range_pool_name(both, "volatile", "dollar", 3_000) == "RangePool.volatile.3000"
