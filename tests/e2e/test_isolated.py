"""What stands around the pool, as deployed: isolated markets from the command line, the Bundler, the vaults; and the keeper's pokes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from eth_utils.address import to_checksum_address

from plimsoll import keeper as keeper_module
from plimsoll import pokes
from plimsoll.abi import Contract
from plimsoll.account_words import decode
from plimsoll.deployment import DeployError, deploy
from plimsoll.presets import load
from plimsoll.rpc import DEV_KEYS, MAX_UINT256, Wallet, to_int
from scripts.check import cli as check_cli
from scripts.isolated import cli
from scripts.market import cli as market_cli
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

WAD = 10**18
DAY = 86_400
# The pair: 10,000 tokens at 200, so 2,000,000 units deep
TOKENS, DOLLARS = 10_000, 2_000_000
SUPPLY, BORROW, SET_COLLATERAL = 4, 7, 8


@dataclass
class Isolated:
    """A deployed market, a token whose pair with the dollar is eight days old, and perhaps an isolated market of it."""

    main: Market
    token: Contract
    pair: Contract
    factory: Contract
    # Another token, of 8 decimals, 40,000 each
    dear: Contract
    pool: str = ""

    def at(self, name: str, address: str) -> Contract:
        return self.main.compiled.at(name, address, self.main.rpc)

    @property
    def info(self) -> Any:
        return self.factory.call("market_at", self.pool)

    @property
    def oracle(self) -> Contract:
        return self.at("IsolatedOracle", self.info.oracle)


Invoke = Callable[..., tuple[int, Any]]


def invoke(*arguments: str, url: str) -> tuple[int, Any]:
    """(exit code, JSON)"""
    done = CliRunner(mix_stderr=False).invoke(cli, [*arguments, "--network", url, "--json"], catch_exceptions=False)
    return done.exit_code, json.loads(done.stdout)


@pytest.fixture(scope="module")
def world(deployed: Market) -> Iterator[Isolated]:
    """The chain of all, with the market open; put back at the end."""
    rpc, compiled, book = deployed.rpc, deployed.compiled, deployed.book
    snapshot = rpc.call("evm_snapshot")
    wallet = Wallet(rpc, DEV_KEYS[0])
    deployer = wallet.address
    made = [compiled["TestToken"].deployment(*words) for words in (("Odd Coin", "ODD", 18), ("Dear Coin", "DEAR", 8))]
    token, dear = (compiled.at("TestToken", wallet.transact(None, data)["contractAddress"], rpc) for data in made)
    factory = book.contract("PairFactory", rpc, compiled)
    pairs = []
    for one, amount in ((token, TOKENS * WAD), (dear, 50 * 10**8)):
        deployed.act(deployer, factory, "createPair", one.address, deployed.usd.address)
        pairs.append(compiled.at("Pair", factory.call("getPair", one.address, deployed.usd.address), rpc))
        deployed.act(deployer, one, "mint", pairs[-1].address, amount)
        deployed.act(deployer, deployed.usd, "mint", pairs[-1].address, DOLLARS * 10**6)
        deployed.act(deployer, pairs[-1], "mint", deployer)
    for one, amount in ((token, 10 * WAD), (dear, 10**8), (deployed.usd, 10**9)):
        deployed.act(deployer, one, "mint", deployer, amount)
    yield Isolated(deployed, token, pairs[0], book.contract("MarketFactory", rpc, compiled), dear)
    rpc.call("evm_revert", snapshot)


@pytest.fixture(scope="module")
def old_pair(world: Isolated) -> Isolated:
    world.main.wait(8 * DAY)
    return world


@pytest.fixture(scope="module")
def opened(old_pair: Isolated, tmp_path_factory: pytest.TempPathFactory) -> Isolated:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLIMSOLL_DEPLOYMENTS", str(old_pair.main.folder))
        code, told = invoke("open", old_pair.token.address, "USD", url=old_pair.main.url)
    assert (code, told["state"]) == (0, "open"), told
    old_pair.pool = told["pool"]
    return old_pair


@pytest.fixture
def command(world: Isolated, rpc: Any, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(world.main.folder))

    def run(*arguments: str) -> tuple[int, Any]:
        return invoke(*arguments, url=world.main.url)

    return run


# ---------------------------------------------------------------- opening (in this order: the chain gets older)


def test_open__young_pair__said_when(world: Isolated, command: Invoke) -> None:
    code, told = command("open", world.token.address, "USD", "--dry-run")
    assert code == 1
    assert f"the pair {world.pair.address} is too young: a pair must be seven days old" in told["error"]
    assert told["error"].endswith(("that is in 167 h 59 min", "that is in 168 h 0 min"))


def test_list__none__code_3(world: Isolated, command: Invoke) -> None:
    code, told = command("list")
    assert (code, told["markets"]) == (3, [])
    assert command("poke", "--all") == (3, {"chain_id": 31_337, "markets": []})


def test_open__dear_token__seed_that_its_pool_takes(old_pair: Isolated, command: Invoke) -> None:
    """A unit of account and a twentieth are 0.00002625 of it: less than a pool takes, which is asked only once the seeds are paid."""
    code, told = command("open", old_pair.dear.address, "USD", "--token-seed", "0.00099999", "--dry-run")
    assert (code, told["refused"]) == (1, ["each seed must be a thousandth of a token at least"])
    code, told = command("open", old_pair.dear.address, "USD")
    assert (code, told.get("state")) == (0, "open"), told
    assert told["token"]["seed"] == "100000"


def test_open__dry_run__terms_of_the_preset_by_depth_and_nothing_sent(old_pair: Isolated, command: Invoke) -> None:
    before = old_pair.main.rpc.block_number()
    code, told = command("open", old_pair.token.address, old_pair.pair.address, "--dry-run")
    assert (code, told["state"], told["refused"], told["short"]) == (0, "dry run", [], [])
    assert old_pair.main.rpc.block_number() == before
    depth, low, high = (int(told[n]) for n in ("depth_wad", "low_wad", "high_wad"))
    assert DOLLARS * WAD * 99 // 100 < depth <= DOLLARS * WAD
    # whole ticks of a hundredth of a percent
    assert 19_998 * WAD // 100 < low <= high < 20_002 * WAD // 100
    # the definition: t with (t + D)^2 * 65 % * 110 % = D^2, and 2 % less of all
    taken = isqrt(depth * depth * 10**8 // (6_500 * 11_000)) - depth
    most = (taken * WAD // low, taken * WAD // high, depth // 2 // 10**12, taken // 2 // 10**12)
    token, quote = told["token"], told["quote"]
    caps = [int(x) for x in (token["supply_cap"], token["debt_cap"], quote["supply_cap"], quote["debt_cap"])]
    assert caps == [cap * 98 // 100 for cap in most]
    assert (token["ltv_bps"], token["bonus_bps"], token["reserve_factor_bps"]) == (5_000, 11_000, 2_000)
    # multiplier 5 %, jump 800 %, kink 85 %: the rates of the volatile asset
    assert token["rate_model"] == quote["rate_model"] == old_pair.main.book.address("RateModel.volatile")
    assert int(told["min_depth_wad"]) == depth // 4
    # a unit of account and a twentieth
    assert (int(quote["seed"]), int(token["seed"])) == (1_050_000, -(-21 * WAD * WAD // (20 * low)))


def test_open__refused__in_words_and_code_1(old_pair: Isolated, command: Invoke) -> None:
    code, told = command("open", old_pair.token.address, "USD", "--dry-run", "--quote-seed", "0.999999", "--token-seed", "50")
    assert code == 1
    assert told["refused"] == ["each seed must be worth at least one unit of account"]
    deployer = old_pair.main.book.data["deployer"]
    assert told["short"] == [f"{deployer} holds 10 ODD, the seed is 50"]
    code, told = command("open", old_pair.token.address, "USD", "--quote-seed", "0.999999")
    assert code == 1
    assert told["error"] == "no market is opened: each seed must be worth at least one unit of account"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["0x12", "USD"], "'0x12' is no token: give its address"),
        (["{token}", "EURO"], "'EURO' is no pair: give its address, or the symbol or address of the quote"),
        (["{token}", "{token}"], "a token has no pair with itself"),
        (["{token}", "ETH"], "there is no pair of {token} and {eth} in our PairFactory"),
        (["{token}", "{main pair}"], "{main pair} is no pair of {token}: it holds "),
        (["{nobody}", "USD"], "there is no contract at {nobody} on chain 31337: it is no token"),
        (["USD", "ETH"], "USD against ETH: the factory does not list this quote; its owner can"),
        (["{token}", "USD", "--preset", "aave"], "there is no preset 'aave'"),
        (["{token}", "USD", "--preset", "wemix-feed"], "the preset 'wemix-feed' is not one of an isolated market"),
        (
            ["{token}", "USD", "--rate-model", "cheap"],
            "'cheap' is no rate model: give an address, or one of RateModel.dollar, RateModel.volatile",
        ),
        (["{token}", "USD", "--rate-model", "{nobody}"], "the factory does not list the rate model {nobody}"),
        (["{token}", "USD", "--token-seed", "much"], "'much' is no amount of ODD: a number with at most 18 digits after the point"),
        (["{token}", "USD", "--quote-seed", "1.0000001"], "'1.0000001' is no amount of USD: a number with at most 6 digits after the point"),
    ],
)
def test_open__bad_input__said(old_pair: Isolated, command: Invoke, arguments: list[str], message: str) -> None:
    names = {
        "token": old_pair.token.address,
        "eth": old_pair.main.eth.address,
        "main pair": old_pair.main.pair.address,
        "nobody": person(12_345),
    }

    def filled(text: str) -> str:
        for name, address in names.items():
            text = text.replace("{" + name + "}", address)
        return text

    code, told = command("open", *map(filled, arguments), "--dry-run")
    assert code == 1
    assert filled(message) in told["error"]


def test_open__pair_of_another_factory__refused(old_pair: Isolated, command: Invoke) -> None:
    main, wallet = old_pair.main, Wallet(old_pair.main.rpc, DEV_KEYS[0])
    code = main.compiled["PairFactory"].deployment(main.book.address("PairBlueprint"), wallet.address, 25, 8, 25)
    factory = old_pair.at("PairFactory", wallet.transact(None, code)["contractAddress"])
    wallet.transact(factory.address, factory.data("createPair", old_pair.token.address, main.usd.address))
    pair = factory.call("getPair", old_pair.token.address, main.usd.address)
    code, told = command("open", old_pair.token.address, pair, "--dry-run")
    assert (code, told["error"]) == (1, f"{pair} is no pair of our PairFactory")


def test_open__market__as_proposed_and_unvetted(opened: Isolated, command: Invoke) -> None:
    info = opened.info
    assert (info.token, info.quote, info.pair, info.unvetted) == (opened.token.address, opened.main.usd.address, opened.pair.address, True)
    assert opened.factory.call("markets_count") == 1
    configurator = opened.at("PoolConfigurator", info.configurator)
    token, quote = (configurator.call("configuration", a) for a in (info.token, info.quote))
    assert (token.ltv_bps, quote.ltv_bps, token.depth_mode, configurator.call("owner")) == (5_000, 5_000, 2, opened.factory.address)
    # the deployer has paid the seeds
    assert opened.main.usd.call("balanceOf", opened.info.pool) == 1_050_000
    assert opened.token.call("allowance", info.creator, opened.factory.address) == 0
    # nobody has traded in the pair for eight days: its six hours are known
    code, told = command("show", "1")
    assert (code, told["new_risk"], told["blocked"], told["buckets_known"], told["price_for_liquidation"]) == (0, True, [], 120, True)


def test_open__quote_by_feed__its_answer_counts_and_its_silence_is_said(old_pair: Isolated, command: Invoke) -> None:
    main = old_pair.main
    deployer = Wallet(main.rpc, DEV_KEYS[0])
    address = deployer.transact(None, main.compiled["ScriptedFeed"].deployment(8, 2 * 10**8))["contractAddress"]
    timelock = main.book.address("Timelock")
    main.rpc.set_balance(timelock, 10**19)
    main.act(timelock, old_pair.factory, "set_quote_feed", main.usd.address, address, 3_600, 1, 10**12)
    code, told = command("open", old_pair.token.address, "USD", "--dry-run")
    # two units for a dollar: 400 for a token, and half a dollar of seed is enough
    assert (code, told["refused"]) == (0, []), told
    assert 39_990 * WAD // 100 < int(told["low_wad"]) < 40_010 * WAD // 100
    assert int(told["quote"]["seed"]) == 525_000
    main.wait(5_000)
    code, told = command("open", old_pair.token.address, "USD", "--dry-run")
    assert code == 1
    silent = "its price feed is silent for too long; the feed of its quote has no valid answer, so that nothing can be converted"
    assert told["error"] == f"ODD has no price to propose terms by: {silent}"


# ---------------------------------------------------------------- list and show


def lend(world: Isolated) -> None:
    """500,000 dollars; 1,000 tokens as collateral, and 40,000 dollars borrowed against them."""
    main, pool = world.main, world.at("LendingPool", world.pool)
    lender, borrower = person(501), person(502)
    for who, token, amount in ((lender, main.usd, 500_000 * 10**6), (borrower, world.token, 1_000 * WAD)):
        main.rpc.set_balance(who, 10**20)
        main.act(who, token, "mint", who, amount)
        main.act(who, token, "approve", pool.address, MAX_UINT256)
        main.act(who, pool, "supply", token.address, amount, who)
    main.act(borrower, pool, "set_collateral", world.token.address, True)
    main.act(borrower, pool, "borrow", main.usd.address, 40_000 * 10**6, borrower)


def test_list__one_in_use__figures(opened: Isolated, command: Invoke) -> None:
    lend(opened)
    code, told = command("list")
    (one,) = told["markets"]
    assert code == 0
    assert (one["number"], one["name"], one["pool"], one["unvetted"]) == (1, "ODD/USD", opened.pool, True)
    quote, token = one["quote"], one["token"]
    assert (int(quote["supplied"]), int(quote["debt"]), quote["decimals"]) == (500_001_050_000, 40_000_000_000, 6)
    # 40,000 of 500,001.05
    assert int(quote["utilisation_wad"]) == 40_000 * 10**6 * WAD // 500_001_050_000
    assert int(token["supplied"]) >= 1_000 * WAD
    assert one["price"] == "200"
    assert (one["new_risk"], one["price_for_liquidation"], one["buckets_known"]) == (True, True, 120)
    assert 0 <= one["poked_seconds_ago"] < 180
    # what is owed, and what the debt cap still lets out
    assert int(one["at_stake_wad"]) == int(quote["debt_cap"]) * 10**12
    assert one["grade"] in "ABCDEF"
    assert one["grade_unopposed"] == "F"
    assert command("show", opened.pool) == (0, one)
    assert command("show", "#1") == (0, one)


def test_list_and_show__for_people__unvetted_and_graded(opened: Isolated, world: Isolated, run: Run, rpc: Any) -> None:
    lend(opened)
    done = run("ape", "run", "isolated", "list", "--network", opened.main.url, folder=opened.main.folder)
    assert done.returncode == 0, done.stderr
    for text in ("ODD/USD", opened.pool, "500,001 USD", "7.9 %", "valid", "open", "unvetted: nobody has looked at these tokens", "alone"):
        assert text in done.stdout, done.stdout
    runner = CliRunner(mix_stderr=False, env={"PLIMSOLL_DEPLOYMENTS": str(opened.main.folder)})
    shown = runner.invoke(cli, ["show", "1", "--network", opened.main.url], catch_exceptions=False)
    assert shown.exit_code == 0
    for text in ("unvetted", opened.info.oracle, "120 of 120 buckets known", "at stake", "grade of ODD", "where nobody else trades"):
        assert text in shown.stdout, shown.stdout


def test_show__six_hours_lost__said_with_six_hours(opened: Isolated, command: Invoke) -> None:
    """A trade after two hours without a poke: what lies between is lost, and new risk waits for six hours of pokes."""
    main, deployer = opened.main, opened.main.book.data["deployer"]
    main.wait(2 * 3_600)
    main.act(deployer, opened.main.usd, "mint", opened.pair.address, 1_000)
    main.act(deployer, opened.pair, "sync")
    main.wait(3_600)
    code, told = command("show", "1")
    assert (code, told["new_risk"], told["price_for_liquidation"]) == (0, False, True)
    assert told["blocked"] == ["its last six hours are not known: they are once its oracle has been poked at least once an hour for six hours"]
    assert told["buckets_known"] <= 20


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["show", "2"], 1, "error: there is no isolated market 2 (`ape run isolated list` shows all)"),
        (["show", "0"], 1, "error: there is no isolated market 0"),
        (["show", "9" * 100], 1, "error: there is no isolated market 999999999999999999999999999999 ("),
        (["show", "\u00b2"], 1, "error: '\u00b2' is no market: give its number"),
        (["show", "ODD"], 1, "error: 'ODD' is no market: give its number in `ape run isolated list`, or the address of its pool"),
        (["show", person(3)], 1, f"error: {person(3)} is the pool of no isolated market here"),
        (["poke", "7"], 1, "error: there is no isolated market 7"),
        (["poke"], 2, "name a market, or give --all"),
        (["poke", "1", "--all"], 2, "name a market, or give --all"),
        (["poke", "--all", "--most", "0"], 2, "0 is not in the range 1<=x<=10000"),
        (["list", "--block-time", "0"], 2, "0 is not in the range 1<=x<=600"),
        (["list", "--network", "ftp://x"], 1, "error: 'ftp://x' is no address that can be used"),
        (["open", "0x12"], 2, "Missing argument 'PAIR'"),
        (["open", "0x12", "USD", "--margin", "51"], 2, "51.0 is not in the range 0<=x<=50"),
        (["close", "1"], 2, "No such command 'close'"),
    ],
)
def test_command__bad_input__one_line(
    opened: Isolated, rpc: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(opened.main.folder))
    network = [] if "--network" in arguments or code == 2 else ["--network", opened.main.url]
    done = CliRunner(mix_stderr=False).invoke(cli, [*arguments, *network])
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert code == 2 or is_one_line(done.stderr)


def test_command__deployed_without_them__said(opened: Isolated, rpc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address book of before: it loads, and says what it does not have."""
    book = json.loads(opened.main.book.path.read_text())
    new = ("Bundler", "ReserveVault", "MarketFactory", "LendingPoolB", "PoolConfiguratorB", "LiquidationEngineB", "IsolatedOracleB")
    for name in [n for n in book["contracts"] if n.startswith(new)]:
        del book["contracts"][name]
    del book["wanted"]["extras"]
    (tmp_path / "31337.json").write_text(json.dumps(book))
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(tmp_path))
    runner = CliRunner(mix_stderr=False)
    done = runner.invoke(cli, ["list", "--network", opened.main.url])
    assert done.exit_code == 1
    assert done.stderr.endswith("31337.json has no MarketFactory: what it lists was deployed without isolated markets\n")
    done = runner.invoke(check_cli, ["--network", opened.main.url], catch_exceptions=False)
    assert done.exit_code == 0, done.stdout
    assert "is of a deployment without Bundler, vaults and isolated markets: nothing of them to compare" in done.stderr
    with pytest.raises(DeployError, match=r"of a version that deployed no Bundler, no vaults and no isolated markets; .* move the file away"):
        deploy(rpc, Wallet(rpc, DEV_KEYS[0]), load("wemix"), opened.main.compiled, where=tmp_path)


# ---------------------------------------------------------------- pokes


def test_poke__due_and_not__codes_and_figures(opened: Isolated, command: Invoke) -> None:
    main = opened.main
    main.wait(1_800)
    before = opened.oracle.call("kept_ts")
    code, told = command("poke", "1", "--dry-run")
    assert (code, told["markets"][0]["state"], opened.oracle.call("kept_ts")) == (0, "dry run", before)
    code, told = command("poke", opened.pool)
    (row,) = told["markets"]
    assert (code, row["state"], row["buckets_known"]) == (0, "poked", 120)
    assert main.rpc.receipt(row["tx"]) is not None
    assert opened.oracle.call("kept_ts") == main.rpc.timestamp() // 180 * 180 > before
    code, told = command("poke", "--all")
    assert (code, [m["state"] for m in told["markets"]]) == (3, ["known"])
    main.wait(1_800)
    code, told = command("poke", "--all")
    assert (code, [m["state"] for m in told["markets"]]) == (0, ["poked"])


@pytest.fixture
def quick_keeper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[keeper_module.Keeper, list[dict[str, Any]]]]:
    """A keeper whose ticks the test makes, and what it logs."""

    def make(main: Market, **given: Any) -> tuple[keeper_module.Keeper, list[dict[str, Any]]]:
        events: list[dict[str, Any]] = []

        def log(event: str, text: str, **fields: Any) -> None:
            events.append({"event": event, "text": text, **fields})

        config = keeper_module.Config(rpc=main.url, folder=main.folder, state=tmp_path / "keeper.json", **given)
        account = keeper_module.account_for(31_337, DEV_KEYS[2])
        return keeper_module.Keeper(config, account, log, main.rpc), events  # type: ignore[arg-type]

    return make


def pokes_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in events if e["event"] == "poked"]


def mined(main: Market, seconds: int = 0) -> None:
    main.rpc.mine(main.rpc.timestamp() + max(seconds, 1))


def test_keeper__isolated_market_in_use__poked_when_due(opened: Isolated, command: Invoke, quick_keeper: Any) -> None:
    main = opened.main
    lend(opened)
    command("poke", "1")
    keeper, events = quick_keeper(main)
    keeper.tick()
    assert pokes_of(events) == []
    mined(main, pokes.DUE_SECONDS + 180)
    before = main.rpc.timestamp() // 180 * 180
    keeper.tick()
    (poked,) = pokes_of(events)
    assert (poked["market"], poked["oracle"]) == (opened.pool, opened.info.oracle)
    receipt = main.rpc.receipt(poked["tx"])
    assert receipt is not None
    assert (to_int(receipt["status"]), to_int(receipt["gasUsed"]) < pokes.ORACLE_GAS) == (1, True)
    assert opened.oracle.call("kept_ts") == before
    # and not again before it is due
    for _ in range(3):
        mined(main, 300)
        keeper.tick()
    assert len(pokes_of(events)) == 1
    assert [e for e in events if e["event"] == "error"] == []


def test_keeper__nobody_lends_or_none_wanted__not_poked(opened: Isolated, quick_keeper: Any, rpc: Any) -> None:
    main = opened.main
    mined(main, 3 * 3_600)
    keeper, events = quick_keeper(main)
    keeper.tick()
    # only the seeds are there: less than the least debt, so that nobody could borrow
    assert [m.worth for m in keeper.isolated.markets] == [105 * WAD // 100]
    assert pokes_of(events) == []
    lend(opened)
    keeper, events = quick_keeper(main, poke_markets=0)
    keeper.tick()
    assert (pokes_of(events), keeper.isolated.markets) == ([], [])
    keeper, events = quick_keeper(main, poke=False)
    assert keeper.isolated is None
    # who borrows asks for prices, and that pokes as well
    mined(main, pokes.DUE_SECONDS + 180)
    keeper, events = quick_keeper(main)
    keeper.tick()
    assert len(pokes_of(events)) == 1


def test_keeper__broken_isolated_market__said_once_and_the_main_market_goes_on(opened: Isolated, quick_keeper: Any, rpc: Any) -> None:
    main = opened.main
    lend(opened)
    # its oracle takes all gas that it gets, and answers nothing
    keeper, events = quick_keeper(main)
    keeper.tick()
    rpc.call("anvil_setCode", opened.info.oracle, "0x5b5f56")
    address = Wallet(rpc, DEV_KEYS[2]).address
    main.act(address, main.usd, "mint", address, 10**12)
    for _ in range(4):
        mined(main, 1_800)
        keeper.tick()
    said = [e for e in events if e["event"] == "error"]
    assert len(said) == 1, said
    assert said[0]["pool"] == opened.pool
    assert pokes_of(events) == []
    # somebody of the main market falls due: he is liquidated all the same
    main.crash(40)
    keeper._approve(list(keeper.tokens))
    for _ in range(4):
        keeper.tick()
        mined(main)
    assert keeper.liquidations > 0, events
    assert len([e for e in events if e["event"] == "error"]) == 1
    # and a factory that answers nonsense
    rpc.call("anvil_setCode", opened.factory.address, "0x5f5ff3")
    mined(main, 120)
    keeper.tick()
    mined(main, 120)
    keeper.tick()
    wrong = f"isolated markets cannot be looked at: {opened.factory.address} does not answer as their factory"
    assert [e["text"] for e in events if e["event"] == "error"][1:] == [wrong]


def test_keeper__poke_not_mined__sent_again_dearer_with_the_same_nonce(opened: Isolated, quick_keeper: Any, rpc: Any) -> None:
    main = opened.main
    lend(opened)
    mined(main, 3_600)
    keeper, events = quick_keeper(main)
    rpc.set_automine(False)
    try:
        keeper.tick()
        nonce, first = keeper.line._waiting.nonce, keeper.line._waiting.fees
        # the blocks that come leave it out
        sent = pokes_of(events)[0]["tx"]
        rpc.call("anvil_dropTransaction", sent)
        for _ in range(pokes.STUCK_BLOCKS):
            mined(main)
            assert keeper.line.tend(rpc.block_number(), first) is (False)
        waiting = keeper.line._waiting
        assert waiting.nonce == nonce
        assert all(waiting.fees[n] * 10 > first[n] * 13 for n in first)
        mined(main)
        assert keeper.line.tend(rpc.block_number(), first)
    finally:
        rpc.set_automine(True)
    assert opened.oracle.call("kept_ts") > 0
    assert len(pokes_of(events)) == 1


def test_keeper__of_an_isolated_market__liquidates_there(opened: Isolated, quick_keeper: Any, rpc: Any) -> None:
    main, deployer = opened.main, opened.main.book.data["deployer"]
    lend(opened)
    keeper, events = quick_keeper(main, market=opened.pool)
    assert sorted(t.symbol for t in keeper.tokens.values()) == ["ODD", "USD"]
    address = keeper.wallet.address
    main.act(address, main.usd, "mint", address, 10**12)
    keeper._approve(list(keeper.tokens))
    keeper.tick()
    # of the one borrower, not of the main market's five
    assert list(keeper.state.borrowers) == [person(502).lower()]
    assert keeper.liquidations == 0
    # 40,000 owed against 1,000 tokens of LTV 50 %, by depth some 90 % of 200,000: due when the price has fallen to two fifths
    reserves = opened.pair.call("getReserves")
    first = int(opened.token.address, 16) < int(main.usd.address, 16)
    tokens, dollars = (reserves[0], reserves[1]) if first else (reserves[1], reserves[0])
    sold = tokens * 7 // 10
    got = dollars * sold * 9_975 // (tokens * 10_000 + sold * 9_975)
    main.act(deployer, opened.token, "mint", opened.pair.address, sold)
    main.act(deployer, opened.pair, "swap", 0 if first else got, got if first else 0, deployer, b"")
    main.wait(2_400)
    keeper.tick()
    mined(main)
    keeper.tick()
    liquidated = [e for e in events if e["event"] == "liquidated"]
    assert [e["borrower"] for e in liquidated] == [person(502).lower()], events
    assert liquidated[0]["collateral_asset"] == opened.token.address
    assert opened.token.call("balanceOf", address) == int(liquidated[0]["received"]) > 0
    # gas has a price: the main market's, of its coin
    assert "the chain's coin has no price here: gas counts nothing" not in [e["text"] for e in events]


@pytest.mark.parametrize(
    "market, message",
    [
        ("ODD", "--market ODD: this is no address of an isolated market's pool (`ape run isolated list` shows them)"),
        (person(4), f"--market {person(4)}: this is the pool of no isolated market here (`ape run isolated list` shows them)"),
    ],
)
def test_keeper__no_such_isolated_market__said(opened: Isolated, monkeypatch: pytest.MonkeyPatch, rpc: Any, market: str, message: str) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(opened.main.folder))
    done = CliRunner(mix_stderr=False).invoke(keeper_module.cli, ["--rpc", opened.main.url, "--once", "--market", market])
    assert done.exit_code == 1
    assert done.stderr == f"error: {message}\n"


# ---------------------------------------------------------------- the Bundler and the vaults, as deployed


def test_bundler__as_deployed__supplies_enables_and_borrows(deployed: Market, rpc: Any) -> None:
    main, who = deployed, person(601)
    bundler, operators = (main.book.contract(n, rpc, main.compiled) for n in ("Bundler", "Operators"))
    assert bundler.call("WETH9") == main.book.address("WrappedNative")
    rpc.set_balance(who, 10**20)
    main.act(who, main.eth, "mint", who, 10 * WAD)
    main.act(who, main.eth, "approve", bundler.address, 10 * WAD)
    main.act(who, operators, "set_operator", main.pool.address, bundler.address, True)
    nobody = "0x" + "00" * 20
    actions = [
        (SUPPLY, main.eth.address, 10 * WAD, nobody),
        (SET_COLLATERAL, main.eth.address, 1, nobody),
        (BORROW, main.usd.address, 500 * 10**6, nobody),
    ]
    main.act(who, bundler, "bundle", main.pool.address, actions, [], [])
    assert main.usd.call("balanceOf", who) == 500 * 10**6
    state = decode(main.pool.call("account_words", who))
    assert [main.eth.address] == [c.asset for c in state.collaterals]
    # a debt reads rounded up
    assert [(d.asset, d.amount - 500 * 10**6) for d in state.debts] in ([(main.usd.address, 0)], [(main.usd.address, 1)])
    assert main.eth.call("balanceOf", bundler.address) == 0


def test_vault__as_deployed__takes_and_gives_back(deployed: Market, rpc: Any) -> None:
    main, who = deployed, person(602)
    vault = main.book.contract("ReserveVault.dollar", rpc, main.compiled)
    assert (vault.call("symbol"), vault.call("asset")) == ("plUSD", main.usd.address)
    rpc.set_balance(who, 10**20)
    main.act(who, main.usd, "mint", who, 10**9)
    main.act(who, main.usd, "approve", vault.address, 10**9)
    main.act(who, vault, "deposit", 10**9, who)
    shares = vault.call("balanceOf", who)
    assert shares > 0
    main.act(who, vault, "redeem", shares, who, who)
    # rounded down, and interest of some seconds
    assert abs(main.usd.call("balanceOf", who) - 10**9) <= 1_000
    assert vault.call("totalSupply") == 0


# ---------------------------------------------------------------- `ape run check` of all these


def check_of(main: Market) -> tuple[int, list[tuple[str, str, str]]]:
    done = CliRunner(mix_stderr=False).invoke(check_cli, ["--network", main.url, "--json"], catch_exceptions=False)
    told = json.loads(done.stdout)
    return done.exit_code, [(d["what"], d["found"], d["wanted"]) for d in told["differences"]]


def test_check__as_deployed_and_tampered_with__named(deployed: Market, rpc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    main, book = deployed, deployed.book
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(main.folder))
    assert check_of(main) == (0, [])
    factory, timelock = book.contract("MarketFactory", rpc, main.compiled), book.address("Timelock")
    rpc.set_balance(timelock, 10**19)
    main.act(timelock, factory, "remove_quote", main.usd.address)
    main.act(timelock, factory, "set_rate_model", book.address("RateModel.volatile"), False)
    main.act(timelock, factory, "set_guardian", person(9))
    main.act(timelock, factory, "transfer_ownership", person(8))
    code, said = check_of(main)
    none = "0x" + "00" * 20
    assert code == 1
    assert said == [
        ("next owner of the market factory", person(8), none),
        ("guardian of the market factory", person(9), book.data["deployer"]),
        ("'dollar' as a quote of isolated markets", f"(False, 0, '{none}', 0, 0, 0)", f"(True, {10**30}, '{none}', 0, 0, 0)"),
        ("rate model of 'volatile' in isolated markets", "False", "True"),
    ]


@pytest.mark.parametrize("name", ["Bundler", "ReserveVault.volatile", "LendingPoolBlueprint", "IsolatedOracleBlueprint", "MarketFactory"])
def test_check__other_code__named(deployed: Market, rpc: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One byte more at its end: no answer is another one."""
    main = deployed
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(main.folder))
    address = main.book.address(name)
    rpc.call("anvil_setCode", address, "0x" + (rpc.code(address) + b"\0").hex())
    code, said = check_of(main)
    assert code == 1
    assert f"{name} {address} holds other code than was deployed" in said[0][1]


# ---------------------------------------------------------------- what the factory's owner lists


@pytest.fixture
def owner(deployed: Market, rpc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, Any]]:
    """`ape run isolated`, `market` or `check`, as JSON; check with a file of these groups."""
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(deployed.folder))

    def run(program: Any, *arguments: str, **groups: Any) -> tuple[int, Any]:
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump({"description": "of the tests", "chain_id": 31_337, "preset": "wemix", **groups}))
        more = ["--config", str(file)] if program is check_cli else []
        done = CliRunner(mix_stderr=False).invoke(program, [*arguments, "--network", deployed.url, "--json", *more], catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return run


@pytest.fixture
def dollar_feed(deployed: Market, deployer: Wallet) -> str:
    """Of 8 decimals: 1.02."""
    return str(deployer.transact(None, deployed.compiled["ScriptedFeed"].deployment(8, 102 * 10**6))["contractAddress"])


def test_listed__as_deployed__the_dollar_and_the_models_of_the_reserves(deployed: Market, owner: Any) -> None:
    book = deployed.book
    code, told = owner(cli, "listed")
    assert code == 0
    (quote,) = told["quotes"]
    assert (quote["symbol"], quote["address"], quote["decimals"], quote["price"]) == ("USD", deployed.usd.address, 6, str(10**30))
    assert [(m["name"], m["address"]) for m in told["rate_models"]] == [
        (name, book.address(name)) for name in ("RateModel.dollar", "RateModel.volatile")
    ]
    # the preset's volatile: 5 % to the kink of 85 %, 800 % beyond it
    assert [int(r) for r in told["rate_models"][1]["rates_wad"]] == [
        0, 25 * 10**15, 4 * 10**16, 4_250 * 10**13 + 40 * 10**16, 4_250 * 10**13 + 120 * 10**16
    ]  # fmt: skip


def test_listed_and_quote__for_people__lines(deployed: Market, rpc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(deployed.folder))
    done = CliRunner(mix_stderr=False).invoke(cli, ["listed", "--network", deployed.url])
    rates = "borrowers pay 0.00 % at 0 %, 2.50 % at 50 %, 4.00 % at 80 %, 44.25 % at 90 %, 124.25 % at 100 % of use"
    lines = done.stdout.splitlines()
    assert lines[0] == f"quote       USD, {deployed.usd.address}: 1 units of account, fixed"
    assert lines[2] == f"rate model  RateModel.volatile, {deployed.book.address('RateModel.volatile')}: {rates}"
    done = CliRunner(mix_stderr=False).invoke(cli, ["quote", "USD", "--price", "1.01", "--dry-run", "--network", deployed.url])
    assert done.exit_code == 0
    assert "  USD as a quote of isolated markets: 1 units of account, fixed → 1.01 units of account, fixed" in done.stdout
    assert "  markets that are open keep theirs: it counts for those opened from then on" in done.stdout
    assert "with debt" not in done.stdout


def test_quote__dry_run__warned_of_a_price_that_is_another_and_nothing_sent(deployed: Market, owner: Any, rpc: Any) -> None:
    block = rpc.block_number()
    code, told = owner(cli, "quote", "ETH", "--price", "150", "--dry-run")
    assert (code, told["state"], told["call"]) == (0, "dry run", f"MarketFactory.set_quote(ETH, {150 * WAD})")
    assert told["rows"] == [
        {"what": "ETH as a quote of isolated markets", "now": "not listed", "then": "150 units of account, fixed"}
    ]  # fmt: skip
    assert "WARNING: a pool prices ETH in the main market: a fixed price does not follow it" in told["notes"]
    assert any(n.startswith("WARNING: the main market's oracle prices ETH at ") and n.endswith("this would at 150.0000") for n in told["notes"])
    # within five percent of 200
    code, told = owner(cli, "quote", "ETH", "--price", "205", "--dry-run")
    assert [n.split(":")[1] for n in told["notes"] if "WARNING" in n] == [" a pool prices ETH in the main market"]
    assert rpc.block_number() == block


def test_quotes_and_rate_models__through_the_timelock__check_agrees_once_it_is_pasted(
    deployed: Market, owner: Any, deployer: Wallet, dollar_feed: str
) -> None:
    main, book = deployed, deployed.book
    factory = book.contract("MarketFactory", main.rpc, main.compiled)
    other = to_checksum_address(deployer.transact(None, main.compiled["TestToken"].deployment("Franc", "CHF", 8))["contractAddress"])
    model = to_checksum_address(
        deployer.transact(None, main.compiled["JumpRateModel"].deployment(0, 4 * 10**16, 8 * 10**18, 85 * 10**16))["contractAddress"]
    )
    dollar_feed = to_checksum_address(dollar_feed)
    by_feed = ("quote", "USD", "--feed", dollar_feed, "--heartbeat", "3600", "--min", "0.9", "--max", "1.1")
    for arguments in (by_feed, ("quote", other, "--price", "2.5"), ("rate-model", model), ("rate-model", "RateModel.dollar", "--remove")):
        code, told = owner(cli, *arguments)
        assert (code, told["state"], told["delay_seconds"], told["effect"]) == (0, "scheduled", 60, None), told
        assert owner(cli, *arguments)[1]["state"] == "waiting"
    # nothing of it holds yet
    assert owner(check_cli)[0] == 0
    main.wait(61)
    assert owner(market_cli, "execute")[0] == 0
    # eight decimals: 2.5 * 1e18 * 1e18 / 1e8
    none = "0x" + "00" * 20
    assert tuple(factory.call("quote_of", other)) == (True, 25 * 10**27, none, 0, 0, 0)
    assert tuple(factory.call("quote_of", main.usd.address)) == (True, 0, dollar_feed, 3_600, 9 * 10**7, 11 * 10**7)
    assert [factory.call("is_rate_model", a) for a in (model, book.address("RateModel.dollar"))] == [True, False]
    code, told = owner(cli, "listed")
    assert [(q["symbol"], q["price"]) for q in told["quotes"]] == [("USD", "0"), ("CHF", str(25 * 10**27))]
    assert [m["name"] for m in told["rate_models"]] == ["RateModel.volatile", None]
    assert owner(cli, "rate-model", model)[0] == 3
    assert owner(cli, *by_feed)[0] == 3
    # all four are differences, until they are pasted
    code, told = owner(check_cli)
    assert [d["what"] for d in told["differences"]] == [
        "'dollar' as a quote of isolated markets",
        "rate model of 'dollar' in isolated markets",
        f"CHF ({other}) as a quote of isolated markets",
        f"rate model {model} in isolated markets",
    ]
    pasted = yaml.safe_load(owner(market_cli, "config")[1]["yaml"])
    assert pasted["isolated"] == {
        "quotes": {
            main.usd.address: {"address": dollar_feed, "heartbeat_seconds": 3_600, "minimum_price": 0.9, "maximum_price": 1.1},
            other: {"fixed_price": 2.5},
        },
        "rate_models": {book.address("RateModel.dollar"): False, model: True},
    }
    assert owner(check_cli, **pasted)[0] == 0
    pasted["isolated"]["quotes"][other]["fixed_price"] = 2.51
    assert [d["what"] for d in owner(check_cli, **pasted)[1]["differences"]] == [f"CHF ({other}) as a quote of isolated markets"]
    # one setting alone, and off the list again
    for arguments in (("quote", "USD", "--heartbeat", "7200"), ("quote", other, "--remove"), ("rate-model", model, "--remove")):
        assert owner(cli, *arguments)[1]["state"] == "scheduled"
    main.wait(61)
    assert owner(market_cli, "execute")[0] == 0
    assert tuple(factory.call("quote_of", main.usd.address)) == (True, 0, dollar_feed, 7_200, 9 * 10**7, 11 * 10**7)
    assert tuple(factory.call("quote_of", other)) == (False, 0, none, 0, 0, 0)
    assert owner(cli, "quote", other, "--remove")[0] == 3
    told = owner(cli, "listed")[1]
    assert ([q["symbol"] for q in told["quotes"]], [m["name"] for m in told["rate_models"]]) == (["USD"], ["RateModel.volatile"])
    pasted = yaml.safe_load(owner(market_cli, "config")[1]["yaml"])
    # what was never deployed, and is not listed, is nothing to write
    assert (list(pasted["isolated"]["quotes"]), pasted["isolated"]["rate_models"]) == (
        [main.usd.address],
        {book.address("RateModel.dollar"): False},
    )
    assert owner(check_cli, **pasted)[0] == 0


def test_quote__off_the_list__nobody_opens_one_against_it(opened: Isolated, owner: Any) -> None:
    assert owner(cli, "quote", "USD", "--remove")[1]["call"] == "MarketFactory.remove_quote(USD)"
    opened.main.wait(61)
    assert owner(market_cli, "execute")[0] == 0
    code, told = owner(cli, "open", opened.token.address, "USD", "--dry-run")
    assert (code, told["error"]) == (1, "ODD against USD: the factory does not list this quote; its owner can")


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["quote", "USD"], 2, "give --price, a --feed or its settings, or --remove"),
        (["quote", "USD", "--price", "1", "--remove"], 2, "give --price, a --feed or its settings, or --remove"),
        (["quote", "USD", "--price", "1", "--min", "1"], 2, "give --price, a --feed or its settings, or --remove"),
        (["quote", "USD", "--heartbeat", "59"], 2, "59 is not in the range 60<=x<=259200"),
        (["rate-model"], 2, "Missing argument 'MODEL'"),
        (["quote", "USD", "--price", "1"], 3, ""),
        (["quote", "ETH", "--remove"], 3, ""),
        (["rate-model", "RateModel.dollar"], 3, ""),
        (["quote", "USD", "--price", "free"], 1, "error: --price 'free' is no price: give units of account above 0 for one USD"),
        (["quote", "USD", "--price", "1238"], 1, "for a token of 6 decimals at most 1,237.94"),
        (["quote", "BTC", "--price", "1"], 1, "error: no asset 'BTC' is listed (there are: USD, ETH)"),
        (["quote", person(5), "--price", "1"], 1, f"error: the quote {person(5)}: there is no contract at this address on chain 31337"),
        (["quote", "USD", "--heartbeat", "60"], 1, "error: USD has no feed: give its address, --heartbeat, --min and --max"),
        (
            ["quote", "USD", "--feed", "Lens", "--heartbeat", "60", "--min", "1", "--max", "2"],
            1,
            "is no price feed: it does not answer decimals()",
        ),
        (["rate-model", "Lens"], 1, "error: no market could have Lens as its rate model: it does not answer borrow_rate_wad"),
        (["rate-model", "0x12"], 1, "error: '0x12' is no address: give 0x and 40 digits"),
    ],
)
def test_owner__bad_input__said_and_nothing_sent(
    deployed: Market, rpc: Any, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(deployed.folder))
    block = rpc.block_number()
    done = CliRunner(mix_stderr=False).invoke(cli, [*arguments, "--network", deployed.url])
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert code != 1 or is_one_line(done.stderr)
    assert rpc.block_number() == block


def test_quote__feed_that_is_not_believed__said(deployed: Market, rpc: Any, monkeypatch: pytest.MonkeyPatch, dollar_feed: str) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(deployed.folder))
    arguments = ["quote", "USD", "--feed", to_checksum_address(dollar_feed), "--heartbeat", "3600", "--min", "0.9", "--max", "1.02"]
    done = CliRunner(mix_stderr=False).invoke(cli, [*arguments, "--network", deployed.url])
    assert done.exit_code == 1
    assert is_one_line(done.stderr)
    assert "tells 1.02, outside of the given 0.9 to 1.02: is it another asset's?" in done.stderr
