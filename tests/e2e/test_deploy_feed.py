"""Two venues and a feed: deployed in the order that the oracle wants, told by the tools, and what happens when a feed is silent."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from plimsoll import presets, words
from plimsoll.abi import Artifacts, Contract
from plimsoll.addresses import AddressBook
from plimsoll.console_prices import band_lines
from plimsoll.deployment import HISTORY_SECONDS_WITH_FEED, DeployError, Options, Report, deploy, verify
from plimsoll.presets import Asset, Feed, Preset, SecondSource, load
from plimsoll.rpc import DEV_KEYS, Rpc, Wallet, checksum
from tests.e2e.conftest import Run, person

pytestmark = pytest.mark.e2e

WAD = 10**18
PRESET = load("wemix-feed")
STEPS = 83
VOLATILE = PRESET.asset("volatile")
FEED_AT_LEAST = 10 * 10**8

Deploy = Callable[..., Report]


class Killed(BaseException):
    """As sudden as a kill."""


@pytest.fixture
def launch(rpc: Rpc, deployer: Wallet, compiled: Artifacts, tmp_path: Path) -> Deploy:
    def run(preset: Preset = PRESET, **given: Any) -> Report:
        return deploy(rpc, deployer, preset, compiled, where=tmp_path, **given)

    return run


def changed(**fields: Any) -> Preset:
    """The preset with another volatile asset."""
    return replace(PRESET, assets=tuple(replace(a, **fields) if a is VOLATILE else a for a in PRESET.assets))


def pass_time(rpc: Rpc, seconds: int) -> None:
    rpc.mine(rpc.timestamp() + seconds)


def oracle_of(book: AddressBook, rpc: Rpc, compiled: Artifacts) -> Contract:
    return book.contract("PriceOracle", rpc, compiled)


def lines_of(book: AddressBook, rpc: Rpc, compiled: Artifacts, role: str) -> dict[str, str]:
    """What `band` says in the console, by its first words."""
    found = band_lines(rpc, book, oracle_of(book, rpc, compiled), book.token(role).address)
    return {line[:17].strip(): line[17:].strip() for line in found}


# ---------------------------------------------------------------- the preset


def test_deploy__two_venues_and_a_feed__wired_and_recorded(rpc: Rpc, compiled: Artifacts, launch: Deploy, tmp_path: Path) -> None:
    report = launch()
    assert (len(report.done), report.kept) == (STEPS, 0)
    book = AddressBook.open(rpc, tmp_path)
    assert verify(rpc, book, compiled, PRESET) == []
    oracle, asset = oracle_of(book, rpc, compiled), book.token("volatile").address
    dollar = book.token("dollar").address
    assert oracle.call("source_of", asset, 0) == (book.address("Pair.volatile"), dollar, 2_500_000 * WAD)
    assert oracle.call("source_of", asset, 1) == (book.address("RangePool"), dollar, 1_250_000 * WAD)
    assert tuple(oracle.call("feed_of", asset))[:4] == (book.address("Feed.volatile"), False, 3_600, FEED_AT_LEAST)
    assert book.feeds["volatile"] == {"address": book.address("Feed.volatile"), "decimals": 8}
    ltvs = [book.contract("LendingPool", rpc, compiled).call("reserve_state", t.address).ltv_bps for t in book.tokens]
    assert ltvs == [6_500, 7_500, 8_500]
    # what comes after the first source may move the price but once a day
    order = [s for s in report.done if s.startswith("oracle.") and "volatile" in s]
    assert order == ["oracle.set_second_source(volatile)", "oracle.set_feed(volatile)", "oracle.set_source(volatile)"]


def test_deploy__again__changes_nothing(launch: Deploy) -> None:
    content = launch().book.path.read_bytes()
    again = launch()
    assert (again.done, again.kept) == ([], STEPS)
    assert again.book.path.read_bytes() == content


@pytest.mark.parametrize("phase", ["signed", "mined"])
def test_deploy__killed_around_the_sources__goes_on(rpc: Rpc, deployer: Wallet, compiled: Artifacts, launch: Deploy, phase: str) -> None:
    before = rpc.nonce(deployer.address)
    seen: set[str] = set()

    def kill_once(step: str, at: str) -> None:
        sources = step.startswith(("Feed.", "oracle.", "RangePool"))
        if at == phase and sources and step not in seen:
            seen.add(step)
            raise Killed

    runs = 0
    while True:
        runs += 1
        try:
            report = launch(hook=kill_once)
            break
        except Killed:
            continue
    # two feeds, six settings of the oracle, the pool and its blueprint and factory, its tokens and positions
    assert runs == len(seen) + 1 > 15
    assert rpc.nonce(deployer.address) - before == STEPS
    assert verify(rpc, report.book, compiled, PRESET) == []


def test_band__history_long_enough__all_three_say_the_same(rpc: Rpc, compiled: Artifacts, launch: Deploy) -> None:
    book = launch().book
    # for liquidations the feed alone would do
    young = lines_of(book, rpc, compiled, "volatile")
    assert young["new risk"] == words.WHY[8]
    assert (young["liquidation_low"], young["liquidation_high"]) == ("190.0000", "210.0000")
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED)
    found = lines_of(book, rpc, compiled, "volatile")
    assert found["new risk"] == "open"
    for name in ("low", "high", "liquidation_low", "liquidation_high", "fresh_low", "fresh_high"):
        # a tick is a hundredth of a percent
        assert abs(float(found[name]) - 200) < 0.03, found
    assert found["first pool"].startswith("Pair.volatile 0x")
    assert found["first pool"].endswith(", valid, wants a depth of 2,500,000.00")
    assert found["second pool"].startswith("RangePool 0x")
    assert ", valid, 200.0000, " in found["feed"]
    assert found["feed"].endswith("heartbeat 60 min 0 s")
    assert lines_of(book, rpc, compiled, "dollar") | {"price": "fixed", "depth": "without limit"} == lines_of(book, rpc, compiled, "dollar")


@pytest.mark.parametrize(
    "break_it, flag",
    [
        (lambda rpc, tell: pass_time(rpc, 4_200), 2048),
        (lambda rpc, tell: tell("set_failure", True, 0), 1024),
        (lambda rpc, tell: tell("set_decimals", 18), 1024),
        (lambda rpc, tell: tell("set_answer", FEED_AT_LEAST), 1024),
    ],
    ids=["silent", "reverts", "other decimals", "at its floor"],
)
def test_band__feed_fails__new_risk_closed_and_said(
    rpc: Rpc, deployer: Wallet, compiled: Artifacts, launch: Deploy, tmp_path: Path, run: Run, break_it: Callable[..., None], flag: int
) -> None:
    book = launch().book
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED)
    feed = book.contract("Feed.volatile", rpc, compiled)
    break_it(rpc, lambda function, *args: deployer.transact(feed.address, feed.data(function, *args)))
    found = lines_of(book, rpc, compiled, "volatile")
    assert found["new risk"] == words.WHY[flag]
    assert ", not valid now, " in found["feed"]
    # the pools go on
    assert abs(float(found["liquidation_high"]) - 200) < 0.03
    # and so do the tools: nobody depends on what a feed answers
    AddressBook.open(rpc, tmp_path)
    assert not launch().changed


def test_command_status__feed_silent__says_why(rpc: Rpc, launch: Deploy, run: Run, tmp_path: Path) -> None:
    launch()
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED + 600)
    shown = run("ape", "run", "status", "--network", rpc.url)
    assert shown.returncode == 3, shown.stderr
    assert shown.stdout == f"nobody has debt\nETH: {words.WHY[2048]}\n"
    told = json.loads(run("ape", "run", "status", "--network", rpc.url, "--json").stdout)
    assert told["blocked"] == {"ETH": [words.WHY[2048]]}


# ---------------------------------------------------------------- other shapes

EURO = Asset(
    role="euro",
    ltv_bps=6_500,
    bonus_bps=11_000,
    reserve_factor_bps=1_000,
    rates=VOLATILE.rates,
    seed_wad=WAD,
    fixed_price_wad=None,
    quote=None,
    minimum_depth_wad=0,
    test_token=presets.TestToken("Test Euro", "EUR", 8),
    test_market=None,
    feed=Feed({}, 86_400, WAD // 2, 2 * WAD, False, 125 * WAD // 100),
)


def with_euro(**fields: Any) -> Preset:
    preset = changed(**fields)
    return replace(preset, assets=(preset.assets[0], EURO, *preset.assets[1:]))


def test_deploy__second_pair_against_a_quote_by_feed__same_price(rpc: Rpc, compiled: Artifacts, launch: Deploy) -> None:
    preset = with_euro(second_source=SecondSource("pair", 0, "euro", 1_250_000 * WAD, 1_000_000 * WAD))
    book = launch(preset).book
    assert not launch(preset).changed
    asset = book.token("volatile").address
    pair = book.address("Pair.volatile.euro")
    oracle = oracle_of(book, rpc, compiled)
    assert oracle.call("source_of", asset, 1) == (pair, book.token("euro").address, 1_250_000 * WAD)
    assert oracle.call("quote_price", book.token("euro").address) == 0
    # a million units of account on each side: at 1.25 the euro, 8 decimals
    assert book.token_contract("euro", rpc, compiled).call("balanceOf", pair) == 800_000 * 10**8
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED)
    found = lines_of(book, rpc, compiled, "volatile")
    assert found["new risk"] == "open"
    assert abs(float(found["low"]) - 200) < 0.03
    assert abs(float(found["high"]) - 200) < 0.03
    assert lines_of(book, rpc, compiled, "euro")["low"] == "1.2500"
    assert verify(rpc, book, compiled, preset) == []


def test_deploy__feed_in_a_quote__set_after_its_source(rpc: Rpc, compiled: Artifacts, launch: Deploy) -> None:
    assert VOLATILE.feed is not None
    preset = with_euro(quote="euro", second_source=None, feed=replace(VOLATILE.feed, in_quote=True))
    report = launch(replace(preset, range_pools=None))
    order = [s for s in report.done if s.startswith("oracle.") and "volatile" in s]
    assert order == ["oracle.set_source(volatile)", "oracle.set_feed(volatile)"]
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED)
    found = lines_of(report.book, rpc, compiled, "volatile")
    assert found["new risk"] == "open"
    # 160 euros of 1.25
    assert ", valid, 160.0000, " in found["feed"]
    assert abs(float(found["low"]) - 200) < 0.03


@pytest.mark.parametrize("mode, number", [("off", 1), ("full", 2)])
def test_deploy__depth_mode__set_before_the_reserve_opens(rpc: Rpc, compiled: Artifacts, launch: Deploy, mode: str, number: int) -> None:
    wemix = replace(load("wemix"), range_pools=None)
    assets = (wemix.assets[0], replace(wemix.assets[1], depth_mode=mode))
    report = launch(replace(wemix, assets=assets))
    assert report.done.index("configurator.set_depth_mode(volatile)") < report.done.index("pool.seed(volatile)")
    pool = report.book.contract("LendingPool", rpc, compiled)
    assert pool.call("reserve_state", report.book.token("volatile").address).depth_mode == number
    wrong = verify(rpc, report.book, compiled, wemix)
    assert wrong == [f"depth mode of 'volatile' is {number}, not 0"]


def test_deploy__range_pool_without_market__there_and_empty(rpc: Rpc, compiled: Artifacts, launch: Deploy) -> None:
    book = launch(options=Options(market=False)).book
    assert book.contract("RangePool", rpc, compiled).call("liquidity") == 0
    assert not launch(options=Options(market=False)).changed
    assert verify(rpc, book, compiled, PRESET) == []


def test_verify__other_sources_than_wanted__named(rpc: Rpc, compiled: Artifacts, launch: Deploy) -> None:
    book = launch().book
    assert VOLATILE.feed is not None
    assert VOLATILE.second_source is not None
    second = replace(VOLATILE.second_source, minimum_depth_wad=2_000 * WAD)
    other = changed(second_source=second, feed=replace(VOLATILE.feed, heartbeat_seconds=60))
    feed, pool, dollar = book.address("Feed.volatile"), book.address("RangePool"), book.token("dollar").address
    # 24 binary digits of the 44 that 100,000 has
    least, most = 10 * 10**8, 100_000 * 10**8 >> 20 << 20
    assert verify(rpc, book, compiled, other) == [
        f"feed of 'volatile' is {(feed, False, 3_600, least, most)}, not {(feed, False, 60, least, most)}",
        f"second source of 'volatile' is {(pool, dollar, 1_250_000 * WAD)}, not {(pool, dollar, 2_000 * WAD)}",
    ]


# ---------------------------------------------------------------- feeds of others


def scripted(deployer: Wallet, compiled: Artifacts, decimals: int, answer: int) -> str:
    return checksum(deployer.transact(None, compiled["ScriptedFeed"].deployment(decimals, answer))["contractAddress"])


def test_deploy__feed_given__used_and_recorded(rpc: Rpc, deployer: Wallet, compiled: Artifacts, launch: Deploy) -> None:
    feed = scripted(deployer, compiled, 18, 201 * WAD)
    options = Options(feeds={"volatile": feed})
    report = launch(options=options)
    assert "Feed.volatile" not in report.done
    assert "Feed.wemix_dollar" in report.done
    assert report.book.feeds["volatile"] == {"address": feed, "decimals": 18}
    told = oracle_of(report.book, rpc, compiled).call("feed_of", report.book.token("volatile").address)
    # in 24 binary digits, inwards
    assert tuple(told)[:3] == (feed, False, 3_600)
    assert 0 <= told[3] - 10 * WAD < 10 * WAD // 2**23
    assert 0 <= 100_000 * WAD - told[4] < 100_000 * WAD // 2**23
    assert not launch(options=options).changed
    with pytest.raises(DeployError, match=rf"was deployed with feeds\.volatile = {feed}, now it is None"):
        launch()


@pytest.mark.parametrize(
    "feeds, message",
    [
        ({"dollar": person(1)}, r"--feed dollar=\.\.\.: the preset 'wemix-feed' has no feed there \(it has: volatile, wemix_dollar\)"),
        ({"volatile": person(1)}, rf"the feed of 'volatile': {person(1)} is no price feed: it does not answer decimals\(\)"),
        (
            {"volatile": (8, 10 * 10**8)},
            "the feed of 'volatile', 0x.*, tells 10, outside of the preset's 10 to 100,000: is it another asset's?",
        ),
        ({"volatile": (19, 10**20)}, "the feed of 'volatile', 0x.*, has 19 decimals, at most 18 fit"),
    ],
    ids=["no feed there", "no contract", "another asset's", "decimals"],
)
def test_deploy__feed_unusable__refused_before_anything_is_sent(
    rpc: Rpc, deployer: Wallet, compiled: Artifacts, launch: Deploy, tmp_path: Path, feeds: dict[str, Any], message: str
) -> None:
    given = {r: f if isinstance(f, str) else scripted(deployer, compiled, *f) for r, f in feeds.items()}
    sent = rpc.nonce(deployer.address)
    with pytest.raises(DeployError, match=message):
        launch(options=Options(feeds=given))
    assert rpc.nonce(deployer.address) == sent
    assert list(tmp_path.iterdir()) == []


def test_deploy__feed_of_an_old_answer__refused(rpc: Rpc, deployer: Wallet, compiled: Artifacts, launch: Deploy) -> None:
    feed = scripted(deployer, compiled, 8, 200 * 10**8)
    pass_time(rpc, 4_201)
    with pytest.raises(DeployError, match="answered 70 min 1 s ago, the preset expects an answer each 60 min 0 s"):
        launch(options=Options(feeds={"volatile": feed}))


# no feed of any chain
NOWHERE = replace(PRESET, assets=tuple(replace(a, feed=None) if a is VOLATILE else a for a in PRESET.assets))


def test_deploy__no_development_chain__wants_a_feed(compiled: Artifacts, tmp_path: Path, rpc: Rpc, deployer: Wallet) -> None:
    tokens = {}
    for role in ("dollar", "volatile", "wemix_dollar"):
        tokens[role] = deployer.transact(None, compiled["TestToken"].deployment(role, role, 18))["contractAddress"]
        deployer.transact(tokens[role], compiled["TestToken"].interface.encode("mint", deployer.address, WAD))
    wrapped = deployer.transact(None, compiled["WrappedNative"].deployment())["contractAddress"]
    rpc.call("anvil_setChainId", 4242)
    try:
        options = Options(tokens=tokens, wrapped_native=wrapped)
        with Rpc(rpc.url) as other, pytest.raises(DeployError, match="knows no feed of 'wemix_dollar' on chain 4242: name it with --feed"):
            deploy(other, Wallet(other, DEV_KEYS[0]), NOWHERE, compiled, options=options, where=tmp_path)
    finally:
        rpc.call("anvil_setChainId", 31337)


# ---------------------------------------------------------------- the console


COMMANDS = """
band("eth")
band(wusd)
feed("eth")
feed(eth, 205)
feed("usd")
feed("eth", "much")
band("gold")
reserves()
print("E", feed_volatile.address == book.feeds["volatile"]["address"], pair_wemix_dollar.factory() == factory.address)
"""


def test_console__prices_and_feeds__told_and_set(rpc: Rpc, launch: Deploy, run: Run, tmp_path: Path) -> None:
    launch()
    pass_time(rpc, HISTORY_SECONDS_WITH_FEED)
    done = run("ape", "console", "--network", rpc.url, stdin=COMMANDS)
    for text in (
        "second pool       RangePool 0x",
        "heartbeat 24 h 0 min",
        "200.0000, 6",
        "205.0000, 0.0 s ago",
        "error: USD has no price feed",
        "error: 'much' is no price",
        "error: 'gold' is no token of ",
        "that its pool can take: collateral 0.00, debt 0.00",
        "E True True",
    ):
        assert text in done.stdout, done.stdout + done.stderr
