"""Numbers in words, and the stages as contracts/modules/status.vy has them."""

import re
from pathlib import Path

import pytest

from plimsoll import words

WAD = 10**18
ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "usage, stage",
    [
        (0, "RELAXED"),
        (30 * 10**16, "RELAXED"),
        (30 * 10**16 + 1, "SAFE"),
        (60 * 10**16, "SAFE"),
        (60 * 10**16 + 1, "CAUTION"),
        (80 * 10**16, "CAUTION"),
        (80 * 10**16 + 1, "DANGER"),
        (WAD - 1, "DANGER"),
        (WAD, "LIQUIDATION"),
        (words.MAX_UINT256, "LIQUIDATION"),
    ],
)
def test_stage__boundary__as_in_the_contracts(usage: int, stage: str) -> None:
    assert words.STAGES[words.stage(usage)] == stage


def test_usage__extremes__as_in_the_contracts() -> None:
    assert words.usage_wad(0, 0) == 0
    assert words.usage_wad(1, 0) == words.MAX_UINT256
    assert words.usage_wad(2, 3) == 666_666_666_666_666_666
    assert words.usage_wad(words.MAX_UINT256 // WAD, 1) == words.MAX_UINT256


def test_why__every_flag_of_the_interface__has_words() -> None:
    source = (ROOT / "interfaces/IPriceOracle.vyi").read_text()
    body = source.split("flag Why:")[1].split("\n\n")[0]
    flags = [int(n) for n in re.findall(r"^    [A-Z_]+ +# (\d+) ", body, re.MULTILINE)]
    assert flags == list(words.WHY)
    assert words.why(0) == []
    assert words.why(1 | 64) == [words.WHY[1], words.WHY[64]]
    assert words.why(1 | 1 << 20) == [words.WHY[1], "for a reason this version does not know (1048576)"]


def test_why__isolated__six_hours_instead_of_half_an_hour() -> None:
    six_hours = "its last six hours are not known: they are once its oracle has been poked at least once an hour for six hours"
    assert words.why(8, isolated=True) == [six_hours]
    assert words.why(8) == ["its pool's history is too short: 33 minutes are needed, 63 beside a feed"]
    # all else is the same oracle's
    assert {bit: text for bit, text in words.ISOLATED_WHY.items() if bit != 8} == {bit: text for bit, text in words.WHY.items() if bit != 8}


def test_sources__any_set__listed() -> None:
    assert words.sources(0) == "none"
    assert words.sources(1) == "first pool"
    assert words.sources(5) == "first pool and feed"
    assert words.sources(7) == "first pool, second pool and feed"


def test_depth__of_a_quote__without_limit() -> None:
    assert words.depth(words.MAX_UINT256) == "without limit"
    assert words.depth(10_000 * WAD) == "10,000.00"


def test_numbers__rounding_and_dust__honest() -> None:
    assert words.amount(1_234_500_000, 6) == "1,234.5"
    assert words.amount(0, 18) == "0"
    assert words.amount(1, 18) == "1e-18"
    assert words.amount(10 * WAD, 18) == "10"
    assert words.amount_up(233_984_116, 6) == "233.9842"
    assert words.amount_up(1, 18) == "0.0001"
    assert words.money(1_234_567 * 10**15) == "1,234.57"
    # 99.99 % must not read as 100
    assert words.percent(WAD - 1) == "99.9 %"
    assert words.percent(words.MAX_UINT256) == "no collateral"
    assert words.duration(3.21) == "3.2 s"
    assert words.duration(150) == "2 min 30 s"
