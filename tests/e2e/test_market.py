"""`ape run market`: what it tells, what it sends, its way through the timelock, and what it refuses."""

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from eth_utils.address import to_checksum_address

from plimsoll import words
from plimsoll.abi import Contract
from plimsoll.addresses import AddressBook
from plimsoll.governance.timelock import Timelock
from plimsoll.monitor import Monitor
from plimsoll.rpc import DEV_KEYS, Reverted, Wallet, to_hex
from scripts.check import cli as check_cli
from scripts.market import cli
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

DAY = 86_400
Ask = Callable[..., tuple[int, str, str]]
Told = Callable[..., tuple[int, Any]]
Check = Callable[..., dict[str, tuple[str, str]]]
Agrees = Callable[..., bool]


@pytest.fixture
def ask(market: Market, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """(exit code, standard output, standard error)"""
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))
    # as a terminal has it, so that no line is broken
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner(mix_stderr=False).invoke(cli, [*arguments, "--network", market.url], catch_exceptions=False)
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def told(ask: Ask) -> Told:
    def run(*arguments: str) -> tuple[int, Any]:
        code, out, err = ask(*arguments, "--json")
        if err.startswith("error: "):
            print(err)
        return code, json.loads(out)

    return run


@pytest.fixture
def check(ask: Ask, market: Market, tmp_path: Path) -> Check:
    """What differs from a file with these groups: (found, wanted) by what it is."""

    def run(**groups: Any) -> dict[str, tuple[str, str]]:
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump({"description": "of the tests", "chain_id": 31_337, "preset": "wemix", **groups}))
        arguments = ["--network", market.url, "--config", str(file), "--json"]
        done = CliRunner(mix_stderr=False).invoke(check_cli, arguments, catch_exceptions=False)
        found = json.loads(done.stdout)
        assert done.exit_code == (1 if found["differences"] else 0)
        return {d["what"]: (d["found"], d["wanted"]) for d in found["differences"]}

    return run


@pytest.fixture
def agrees(check: Check) -> Agrees:
    return lambda **groups: not check(**groups)


@pytest.fixture
def book(market: Market) -> Any:
    """The market's own, put back after a test that changes it."""
    content = market.book.path.read_bytes()
    yield market.book
    market.book.path.write_bytes(content)


@pytest.fixture
def configurator(market: Market) -> Contract:
    return market.book.contract("PoolConfigurator", market.rpc, market.compiled)


def now(configurator: Contract, market: Market) -> Any:
    return configurator.call("configuration", market.eth.address)


# ---------------------------------------------------------------- what is configured


def test_list__as_deployed__all_assets(told: Told, ask: Ask, market: Market) -> None:
    code, found = told("list")
    assert code == 0
    assert [a["asset"] for a in found["assets"]] == ["USD", "ETH"]
    ether = found["assets"][1]
    assert (ether["ltv_bps"], ether["liquidation_ltv_bps"], ether["bonus_bps"], ether["supply_cap"]) == (6_500, 6_500, 11_000, "0")
    assert (ether["frozen"], ether["paused"], ether["blocked"]) == (False, [], [])
    assert int(found["assets"][0]["debt"]) == pytest.approx(13 * (20 + 40 + 60 + 70 + 78) * 10**6, rel=1e-3)
    assert (found["market"]["timelock"], found["market"]["delay_seconds"]) == (market.book.address("Timelock"), 60)
    code, out, _ = ask("list")
    assert code == 0
    assert "ETH    65 %" in out
    assert f"timelock {market.book.address('Timelock')}, delay 60 s" in out


@pytest.mark.parametrize("name", ["ETH", "volatile", "eth"])
def test_show__one_asset__by_symbol_and_role(told: Told, ask: Ask, market: Market, name: str) -> None:
    assert told("show", name)[1]["address"] == market.eth.address
    code, out, _ = ask("show", name)
    assert code == 0
    assert "origination fee" in out
    assert "0 %, all to the treasury" in out


# ---------------------------------------------------------------- a dry run


def test_ramp__dry_run__stages_as_they_come_true(told: Told, market: Market, configurator: Contract, book: AddressBook, compiled: Any) -> None:
    """What is foretold of the end of a ramp is what the lens says when it has come."""
    block = market.rpc.block_number()
    code, found = told("ramp", "ETH", "50", "--dry-run")
    assert (code, found["state"], market.rpc.block_number()) == (0, "dry run", block)
    effect = found["effect"]
    # usages of 20, 40, 60, 70 and 78 % of 65: of 50, 26, 52, 78, 91 and 101.4 %
    assert list(effect["stages_now"].values()) == list(effect["stages_at_once"].values()) == [1, 2, 2, 0, 0]
    assert list(effect["stages_in_the_end"].values()) == [1, 1, 1, 1, 1]
    assert (effect["accounts_with_debt"], effect["touched"]) == (5, 5)
    assert (effect["change_stage_in_the_end"], effect["newly_liquidatable"]) == (3, 1)
    # 80 % of 1,000 is what may be owed: 780 of it is by the third, 910 and 1,014 are by the others
    assert effect["newly_without_room"] == 2

    assert told("ramp", "ETH", "50")[1]["state"] == "scheduled"
    market.wait(61)
    assert told("execute")[0] == 0
    assert now(configurator, market).ltv_bps == 5_000
    # interest apart: none of the five is that near to a border
    market.wait(8 * DAY)
    reader = Monitor(market.rpc, book, compiled)
    stages = [words.stage(u) for _, u in reader.usages(reader.borrowers())]
    assert sorted(stages) == [0, 1, 2, 3, 4]


def test_freeze__dry_run__room_goes_and_stages_stay(ask: Ask, configurator: Contract, market: Market) -> None:
    code, out, _ = ask("freeze", "ETH", "--dry-run")
    assert code == 0
    assert "ETH: open → frozen" in out
    assert "5 accounts with debt; 5 of them have the asset" in out
    assert "no account would change stage, at the prices of now" in out
    assert "5 accounts could borrow no more" in out
    assert f"dry run: the steward, {configurator.call('steward')}, would do this at once" in out
    assert not now(configurator, market).frozen


# ---------------------------------------------------------------- the steward and the guardian


def test_caps__lowered_by_the_steward__at_once_and_once(told: Told, configurator: Contract, market: Market) -> None:
    code, found = told("caps", "ETH", "--supply", "1,000", "--debt", "10.5")
    assert (code, found["state"], found["by"]) == (0, "done", "steward")
    assert (now(configurator, market).supply_cap, now(configurator, market).debt_cap) == (1_000 * 10**18, 105 * 10**17)
    code, found = told("caps", "ETH", "--supply", "1000")
    assert (code, found["state"]) == (3, "nothing to do")
    # up again only by the owner
    assert told("caps", "ETH", "--supply", "2000")[1]["by"] == "owner"


def test_pause__and_more__until_it_ends_by_itself(told: Told, configurator: Contract, market: Market) -> None:
    assert told("pause", "ETH", "borrow", "collateral", "--hours", "6")[1]["state"] == "done"
    assert told("pause", "ETH", "flash")[1]["call"] == "PoolConfigurator.add_to_pause(ETH, 8)"
    assert told("show", "ETH")[1]["paused"] == ["borrow", "collateral", "flash"]
    assert told("pause", "ETH", "borrow")[0] == 3
    market.wait(6 * 3_600)
    assert told("show", "ETH")[1]["paused"] == []


def test_pause_liquidation__closed_and_told(told: Told, ask: Ask, market: Market) -> None:
    assert told("pause-liquidation", "--hours", "0.5")[0] == 0
    out = ask("list")[1]
    assert "new risk is closed for" in out
    assert "liquidation is closed for" in out
    assert told("lift-liquidation", "--dry-run")[1]["by"] == "owner"
    market.wait(1_801)
    assert told("lift-liquidation")[0] == 3


def test_freeze__by_the_steward_and_opened_by_the_owner(told: Told, configurator: Contract, market: Market) -> None:
    assert told("freeze", "ETH")[1]["state"] == "done"
    assert now(configurator, market).frozen
    assert told("freeze", "ETH")[0] == 3
    assert told("unfreeze", "ETH")[1]["state"] == "scheduled"
    market.wait(61)
    assert told("execute")[0] == 0
    assert not now(configurator, market).frozen


# ---------------------------------------------------------------- the owner, through the timelock


def test_timelock__scheduled_waits_and_is_executed(told: Told, ask: Ask, configurator: Contract, market: Market) -> None:
    assert told("pending") == (3, {"delay_seconds": 60, "timestamp": market.rpc.timestamp(), "operations": []})
    code, found = told("bonus", "ETH", "108")
    assert (code, found["state"], found["delay_seconds"]) == (0, "scheduled", 60)
    # a hint that can be pasted
    assert found["said"] == f"scheduled: `ape run market execute {found['operation'][:10]} --network {market.url}` in 60 s"
    operation = found["operation"]
    # the same again: it waits already
    assert told("bonus", "ETH", "108")[0] == 3
    code, waiting = told("pending")
    assert code == 0
    (one,) = waiting["operations"]
    assert (one["id"], one["calls"], one["ready"]) == (operation, ["PoolConfigurator.set_bonus(ETH, 10800)"], False)
    code, out, err = ask("execute", operation[:10])
    assert code == 1
    assert f"operation {operation[:10]} waits for another" in err
    assert told("execute")[0] == 3
    market.wait(61)
    assert f"dry run: would execute {operation[:10]}: PoolConfigurator.set_bonus(ETH, 10800)" in ask("execute", "--dry-run")[1]
    assert now(configurator, market).bonus_bps == 11_000
    code, out, _ = ask("execute", operation[:10])
    assert (code, now(configurator, market).bonus_bps) == (0, 10_800)
    assert f"executed {operation[:10]}" in out
    assert told("pending")[0] == 3
    # back, and the same once more: another operation
    for percent in ("110", "108"):
        assert told("bonus", "ETH", percent)[1]["state"] == "scheduled"
        market.wait(61)
        assert told("execute")[0] == 0
    assert now(configurator, market).bonus_bps == 10_800


def test_timelock__cancelled__gone_and_may_be_scheduled_again(told: Told, ask: Ask, configurator: Contract, market: Market) -> None:
    operation = told("fee", "ETH", "1", "--stakers", person(3))[1]["operation"]
    assert told("cancel", operation[:8], "--dry-run")[1]["state"] == "dry run"
    assert told("pending")[0] == 0
    code, found = told("cancel", operation[:8])
    assert (code, found["state"]) == (0, "cancelled")
    assert told("pending")[0] == 3
    assert told("fee", "ETH", "1", "--stakers", person(3))[1]["operation"] == operation
    market.wait(61)
    assert told("execute", operation)[0] == 0
    assert (now(configurator, market).origination_fee_bps, now(configurator, market).stakers) == (100, person(3))


def test_timelock__two_wait__each_by_its_own(told: Told, configurator: Contract, market: Market) -> None:
    first = told("guardian", person(8))[1]["operation"]
    market.wait(30)
    told("steward", "nobody")
    market.wait(31)
    # only the first has waited
    code, found = told("execute")
    assert (code, [o["id"] for o in found["operations"]]) == (0, [first])
    assert configurator.call("guardian") == person(8)
    # of isolated markets as well: who is guardian no more must not be able to pause there
    if market.book.has("MarketFactory"):
        assert market.book.contract("MarketFactory", market.rpc, market.compiled).call("guardian") == person(8)
    assert len(told("pending")[1]["operations"]) == 1
    market.wait(61)
    assert told("execute")[0] == 0
    assert configurator.call("steward") == "0x" + "00" * 20


def test_engine__replaced__the_book_follows(told: Told, ask: Ask, market: Market, book: AddressBook, deployer: Wallet) -> None:
    code = market.compiled["LiquidationEngine"].deployment(market.pool.address, 300)
    new = deployer.transact(None, code)["contractAddress"]
    assert told("engine", new)[1]["state"] == "scheduled"
    market.wait(61)
    assert told("execute")[0] == 0
    assert market.pool.call("engine").lower() == new.lower()
    assert AddressBook.open(market.rpc, market.folder).address("LiquidationEngine").lower() == new.lower()


def test_oracle__that_disagrees__refused_before_anything_waits(ask: Ask, told: Told, market: Market) -> None:
    code, _, err = ask("oracle", market.lens.address)
    assert code == 1
    assert "the configurator would refuse it: configurator: oracles disagree" in err
    assert told("pending")[0] == 3


# ---------------------------------------------------------------- what prices an asset


@pytest.fixture
def feed(market: Market, deployer: Wallet) -> str:
    """Of ETH, at the pair's price, once the pair's history reaches back as far as beside a feed it has to."""
    market.wait(22 * 180)
    return new_feed(market, deployer, 200 * 10**8)


def new_feed(market: Market, deployer: Wallet, answer: int) -> str:
    address: str = deployer.transact(None, market.compiled["ScriptedFeed"].deployment(8, answer))["contractAddress"]
    return to_checksum_address(address)


def tell(market: Market, deployer: Wallet, feed: str, answer: int) -> None:
    contract = market.compiled.at("ScriptedFeed", feed, market.rpc)
    deployer.transact(contract.address, contract.data("set_answer", answer))


def waited(told: Told, market: Market, *arguments: str, seconds: int = 61) -> Any:
    """Scheduled, waited for and executed; returns what was said first."""
    code, found = told(*arguments)
    assert (code, found["state"]) == (0, "scheduled"), found
    market.wait(seconds)
    assert told("execute")[0] == 0
    return found


FEED = ("--heartbeat", "86400", "--min", "20", "--max", "2000")


def test_feed__added_changed_and_removed__as_the_oracle_has_it(told: Told, ask: Ask, market: Market, feed: str) -> None:
    oracle = market.book.contract("PriceOracle", market.rpc, market.compiled)
    found = waited(told, market, "feed", "ETH", feed, *FEED)
    # 2,000 with 8 decimals has 38 binary digits, of which the oracle keeps 24
    assert found["call"] == f"PriceOracle.set_feed(ETH, {feed}, False, 86400, {20 * 10**8}, {2000 * 10**8 >> 14 << 14})"
    assert found["effect"]["accounts_with_debt"] == 5
    # rooms are not worked out at prices that are not there yet, and it says so
    assert found["effect"]["newly_without_room"] is None
    assert "not what could be borrowed then" in found["notes"][-1]
    held = oracle.call("feed_of", market.eth.address)
    assert (held[0], held[1], held[2]) == (feed, False, 86_400)
    assert told("feed", "ETH", feed, *FEED)[0] == 3
    for options, message in (
        (("--min", "5", "--max", "2"), "--min must be below --max"),
        (("--max", "dear"), "--max 'dear' is no price: give a number above 0 with at most 18 places"),
        (("--min", "201"), "tells 200, outside of the given 201 to 1,999.99995904: is it another asset's?"),
    ):
        code, _, err = ask("feed", "ETH", *options)
        assert (code, message in err) == (1, True), err
    # one setting alone
    waited(told, market, "feed", "ETH", "--heartbeat", "3600")
    assert oracle.call("feed_of", market.eth.address)[2:] == (3_600, *held[3:])
    # both edges of the band would move, by a trace, as they did when it came
    code, _, err = ask("feed", "ETH", "none")
    assert code == 1
    assert "feed of ETH: the oracle would refuse it: oracle: switched today" in err
    market.wait(DAY)
    waited(told, market, "feed", "ETH", "none")
    assert oracle.call("feed_of", market.eth.address)[0] == "0x" + "00" * 20
    assert told("feed", "ETH", "none")[0] == 3


def test_feed__of_an_asset_above_65_percent__removal_warns_and_check_reports_it(
    told: Told, ask: Ask, market: Market, feed: str, deployer: Wallet, check: Check
) -> None:
    code, _, err = ask("ramp", "ETH", "70")
    assert code == 1
    assert "ETH has no feed: above 65 % an asset needs one" in err
    waited(told, market, "feed", "ETH", feed, *FEED)
    waited(told, market, "ramp", "ETH", "70")
    assert "feed that 'volatile' needs above 65 %" not in check()
    market.wait(DAY)
    code, out, _ = ask("feed", "ETH", "none", "--dry-run")
    assert code == 0
    assert "WARNING: ETH has an LTV of 70 %, be it in liquidations alone: above 65 % it needs a feed" in out
    waited(told, market, "feed", "ETH", "none")
    assert check()["feed that 'volatile' needs above 65 %"] == ("missing", "there")
    # a raise is refused by the tool, and by the configurator, whoever asks it
    code, _, err = ask("ramp", "ETH", "71")
    assert code == 1
    assert "ETH has no feed" in err


def test_source__least_depth__changed_alone(told: Told, market: Market) -> None:
    oracle = market.book.contract("PriceOracle", market.rpc, market.compiled)
    before = oracle.call("source_of", market.eth.address, 0)
    found = waited(told, market, "source", "ETH", "--min-depth", "2,000,000")
    assert found["rows"][0]["then"].endswith("against USD, at least 2,000,000 deep")
    assert tuple(oracle.call("source_of", market.eth.address, 0)) == (before[0], before[1], 2 * 10**24)
    assert found["effect"]["change_stage_at_once"] == 0
    assert told("source", "ETH", "--min-depth", "2000000")[0] == 3


def test_source__a_second_one_and_without_it_again__a_range_pool(told: Told, ask: Ask, market: Market) -> None:
    pool = market.book.address("RangePool")
    market.wait(2_400)
    found = waited(told, market, "source", "ETH", "RangePool", "--second", "--quote", "USD", "--min-depth", "1250000")
    assert found["call"] == f"PriceOracle.set_second_source(ETH, {pool}, USD, {1_250_000 * 10**18})"
    market.wait(DAY)
    waited(told, market, "source", "ETH", "none", "--second")
    assert told("source", "ETH", "none", "--second")[0] == 3


def test_source__stages_of_a_dry_run__are_those_of_the_other_prices(
    told: Told, ask: Ask, market: Market, feed: str, deployer: Wallet, book: AddressBook, compiled: Any
) -> None:
    """A feed 4 % below the pool: the prices of liquidation are medians, those for new risk follow it at once."""
    tell(market, deployer, feed, 192 * 10**8)
    code, out, _ = ask("feed", "ETH", feed, *FEED, "--dry-run")
    assert code == 0
    assert "ETH: low -4.00 %" in out
    assert "how much each could still borrow is not worked out" in out
    code, found = told("feed", "ETH", feed, *FEED, "--dry-run")
    assert list(found["effect"]["stages_at_once"].values()) == list(found["effect"]["stages_now"].values()) == [1, 2, 2, 0, 0]


# ---------------------------------------------------------------- a new asset

ASSET = """
ltv_percent: 60
bonus_percent: 112
reserve_factor_percent: 20
quote: dollar
minimum_depth: 250000
seed: 0.01
supply_cap: 5000
debt_cap: 400.5
depth_mode: "off"
origination_fee_bps: 50
rates: { base_percent: 1, multiplier_percent: 5, jump_percent: 300, kink_percent: 80 }
"""


@dataclass
class New:
    """A token that trades against the market's dollar, and the file that describes its listing."""

    token: Contract
    pair: str
    file: Path

    def command(self, *more: str) -> tuple[str, ...]:
        return ("add", "wbtc", "--token", self.token.address, "--from", str(self.file), *more)

    def write(self, **changes: Any) -> None:
        self.file.write_text(yaml.safe_dump({**yaml.safe_load(ASSET), **changes}))


@pytest.fixture
def new(market: Market, deployer: Wallet, tmp_path: Path, book: AddressBook) -> New:
    code = market.compiled["TestToken"].deployment("Test Bitcoin", "WBTC", 8)
    token = market.compiled.at("TestToken", deployer.transact(None, code)["contractAddress"], market.rpc)
    factory = book.contract("PairFactory", market.rpc, market.compiled)
    deployer.transact(factory.address, factory.data("createPair", token.address, market.usd.address))
    pair = factory.call("getPair", token.address, market.usd.address)
    contract = market.compiled.at("Pair", pair, market.rpc)
    for t, amount in ((token, 100 * 10**8), (market.usd, 2_000_000 * 10**6)):
        deployer.transact(t.address, t.data("mint", pair, amount))
    deployer.transact(pair, contract.data("mint", deployer.address))
    deployer.transact(token.address, token.data("mint", deployer.address, 10**8))
    # the slow window, also of an asset with a feed
    market.wait(22 * 180)
    file = tmp_path / "wbtc.yaml"
    file.write_text(ASSET)
    return New(token, pair, file)


def test_add__dry_run__each_step_tried_and_nothing_sent(told: Told, ask: Ask, market: Market, new: New) -> None:
    block = market.rpc.block_number()
    code, found = told(*new.command("--dry-run"))
    assert (code, found["state"]) == (0, "dry run"), found
    assert [s["what"] for s in found["steps"]] == [
        "deploy its rate model",
        "let the timelock take the seed",
        "the first source of WBTC",
        "list WBTC",
        "its depth mode",
        "its origination fee",
        "its caps",
        "take the seed",
        "hand it to the pool",
        "open the reserve with it, for good",
    ]
    assert [s["refused"] for s in found["steps"]] == [None] * 10
    assert (found["afterwards"]["ltv_bps"], found["afterwards"]["seeded"], found["afterwards"]["blocked"]) == (6_000, True, [])
    # 2,000,000 dollars for 100 tokens; of 8 decimals, so 1e28 is a dollar
    assert int(found["afterwards"]["price_low"]) == pytest.approx(20_000 * 10**28, rel=2e-4)
    code, out, _ = ask(*new.command("--dry-run"))
    assert code == 0
    assert "✓ list WBTC: PoolConfigurator.list_reserve(" in out
    assert "new risk open" in out
    assert market.rpc.block_number() == block
    assert "listings" not in AddressBook.read(market.book.path).data


def vault_of(market: Market, asset: str) -> str:
    return str(market.book.contract("ReserveVaultFactory", market.rpc, market.compiled).call("vault_of", market.pool.address, asset))


def test_add__through_the_timelock__lent_against_and_the_book_knows_it(
    told: Told, ask: Ask, market: Market, new: New, deployer: Wallet, configurator: Contract, agrees: Agrees
) -> None:
    code, found = told(*new.command())
    assert (code, found["state"], found["delay_seconds"]) == (0, "scheduled", 60), found
    operation = found["operation"]
    # again: it waits already, with the same rate model
    code, again = told(*new.command())
    assert (code, again["state"], again["operation"]) == (3, "waiting", operation)
    (waiting,) = told("pending")[1]["operations"]
    assert len(waiting["calls"]) == 8
    assert waiting["calls"][0].startswith("PriceOracle.set_source(")
    assert market.pool.call("reserves_count") == 2
    assert ask("execute", operation[:10])[0] == 1
    market.wait(61)
    code, out, _ = ask("execute")
    assert code == 0
    assert "knows it as 'wbtc'" in out
    address = new.token.address
    # and its vault is there, as the factory and the book have it
    vault = AddressBook.open(market.rpc, market.folder).contract("ReserveVault.wbtc", market.rpc, market.compiled)
    assert f"the vault over its reserve: {vault.address}" in out
    assert vault_of(market, address) == vault.address
    assert (vault.call("asset"), vault.call("pool")) == (address, market.pool.address)
    assert agrees(**yaml.safe_load(ask("config")[1]))
    held = configurator.call("configuration", address)
    assert (held.ltv_bps, held.bonus_bps, held.reserve_factor_bps, held.origination_fee_bps, held.depth_mode) == (6_000, 11_200, 2_000, 50, 1)
    assert (held.supply_cap, held.debt_cap) == (5_000 * 10**8, 40_050_000_000)
    state = market.pool.call("reserve_state", address)
    assert (state.seeded, state.cash) == (True, 10**6)
    model = market.compiled.at("JumpRateModel", held.rate_model, market.rpc)
    # 1 + 5 * 0.8 + 300 * 0.2 percent
    assert model.call("borrow_rate_wad", 10**18) == 65 * 10**16
    # the tools see it, and somebody borrows on it: 20,000 at 60 %, 80 % of that
    assert [a["asset"] for a in told("list")[1]["assets"]] == ["USD", "ETH", "WBTC"]
    book = AddressBook.open(market.rpc, market.folder)
    assert (book.token("wbtc").symbol, book.address("Pair.wbtc.dollar"), book.address("RateModel.wbtc")) == ("WBTC", new.pair, held.rate_model)
    assert "listings" not in book.data
    somebody = person(77)
    market.fund(somebody, new.token, 10**8)
    market.act(somebody, market.pool, "supply", address, 10**8, somebody)
    market.act(somebody, market.pool, "set_collateral", address, True)
    market.act(somebody, market.pool, "borrow", market.usd.address, 9_500 * 10**6, somebody)
    with pytest.raises(Reverted, match="pool: over limit"):
        market.act(somebody, market.pool, "borrow", market.usd.address, 200 * 10**6, somebody)
    code, found = told(*new.command())
    assert (code, found["said"]) == (3, f"WBTC ({address}) is listed already, as 'wbtc'")


def test_add__somebody_else_pays__once_he_lets_the_timelock(told: Told, ask: Ask, market: Market, new: New, configurator: Contract) -> None:
    payer, timelock = person(55), market.book.address("Timelock")
    market.fund(payer, new.token, 10**6)
    assert told(*new.command("--payer", payer, "--dry-run"))[0] == 0
    block = market.rpc.block_number()
    code, _, err = ask(*new.command("--payer", payer))
    assert code == 1
    assert f"{payer} has to let the timelock {timelock} take 1000000 raw units of WBTC first (approve)" in err
    assert market.rpc.block_number() == block
    market.act(payer, new.token, "approve", timelock, 10**6)
    waited(told, market, *new.command("--payer", payer))
    assert (new.token.call("balanceOf", payer), market.pool.call("reserve_state", new.token.address).seeded) == (0, True)


def test_follow__executed_by_somebody_else__the_book_comes_in_line(
    told: Told, ask: Ask, market: Market, new: New, deployer: Wallet, book: AddressBook
) -> None:
    assert told("follow")[0] == 3
    engine = deployer.transact(None, market.compiled["LiquidationEngine"].deployment(market.pool.address, 300))["contractAddress"]
    assert told("engine", engine)[1]["state"] == "scheduled"
    assert told(*new.command())[1]["state"] == "scheduled"
    market.wait(61)
    # who executes has a book of his own
    before = book.path.read_bytes()
    assert told("execute")[0] == 0
    forgetful = json.loads(before)
    del forgetful["listings"]
    book.path.write_text(json.dumps(forgetful))
    code, _, err = ask("list")
    assert code == 1
    assert "names" in err
    code, found = told("follow")
    assert (code, len(found["said"])) == (0, 2), found
    now = AddressBook.open(market.rpc, market.folder)
    assert now.address("LiquidationEngine").lower() == engine.lower()
    # nobody says how it was called, so by its symbol
    assert (now.token("wbtc").address, now.has("RateModel.wbtc")) == (new.token.address, False)
    assert now.address("ReserveVault.wbtc") == vault_of(market, new.token.address)
    assert ask("list")[0] == 0


def as_stranger(market: Market, to: str, data: bytes) -> None:
    market.rpc.set_balance(person(61), 10**20)
    tx = market.rpc.send_unsigned({"from": person(61), "to": to, "data": to_hex(data), "gas": 8_000_000})
    assert market.rpc.wait(tx)["status"] == "0x1"


def create_vault(market: Market, asset: str) -> None:
    factory = market.book.contract("ReserveVaultFactory", market.rpc, market.compiled)
    as_stranger(market, factory.address, factory.data("create_vault", market.pool.address, asset))


def executed_past_us(told: Told, market: Market, new: New) -> None:
    """The listing, by somebody who has no book: so without its vault."""
    operation = told(*new.command())[1]["operation"]
    market.wait(61)
    timelock = Timelock(market.rpc, AddressBook.open(market.rpc, market.folder), market.compiled)
    as_stranger(market, timelock.address, timelock.execute_data(timelock.find(operation)))


def test_vault__executed_by_somebody_without_a_book__said_and_created(told: Told, ask: Ask, market: Market, new: New, check: Check) -> None:
    executed_past_us(told, market, new)
    code, found = told("follow")
    assert (code, found["said"]) == (
        0,
        [
            f"WBTC ({new.token.address}) is listed, as 'wbtc'",
            "there is no vault over WBTC yet: `ape run market vault wbtc` creates it, which anyone may",
        ],
    )
    # check misses it, too
    groups = yaml.safe_load(ask("config")[1])
    book = AddressBook.open(market.rpc, market.folder)
    assert check(**groups) == {"vault of 'wbtc'": ("0x" + "00" * 20, f"in {book.shown} (`ape run market vault wbtc`)")}
    block = market.rpc.block_number()
    assert told("vault", "WBTC", "--dry-run") == (0, {"state": "dry run", "vault": None, "said": "dry run: would create the vault over WBTC"})
    assert market.rpc.block_number() == block
    code, found = told("vault", "WBTC")
    assert (code, found["state"], found["vault"]) == (0, "created", vault_of(market, new.token.address))
    entry = AddressBook.open(market.rpc, market.folder).data["contracts"]["ReserveVault.wbtc"]
    assert (entry["address"], entry["args"]) == (found["vault"], [market.pool.address, new.token.address])
    assert entry["block"] == block + 1
    assert told("vault", "WBTC")[0] == 3
    assert told("follow")[0] == 3
    assert not check(**groups)


def test_vault__created_by_somebody_else__followed_or_asked_for(told: Told, market: Market, new: New, book: AddressBook) -> None:
    executed_past_us(told, market, new)
    assert told("follow")[0] == 0
    create_vault(market, new.token.address)
    address, before = vault_of(market, new.token.address), book.path.read_bytes()
    assert told("follow") == (0, {"state": "done", "said": [f"the vault over WBTC is {address}"]})
    assert AddressBook.open(market.rpc, market.folder).address("ReserveVault.wbtc") == address
    book.path.write_bytes(before)
    code, found = told("vault", "WBTC")
    assert (code, found["state"], found["vault"]) == (0, "known", address)
    assert AddressBook.open(market.rpc, market.folder).address("ReserveVault.wbtc") == address


def test_vault__somebody_is_faster_or_it_fails__the_listing_stands(
    ask: Ask, told: Told, market: Market, new: New, book: AddressBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = importlib.import_module("plimsoll.governance.market_command")
    told(*new.command())
    market.wait(61)
    snapshot, before = market.rpc.call("evm_snapshot"), book.path.read_bytes()

    def faster(desk: Any, role: str) -> bool:
        create_vault(market, desk.book.token(role).address)
        return False

    monkeypatch.setattr(command, "record_vault", faster)
    code, out, _ = ask("execute")
    assert (code, f"the vault over its reserve: {vault_of(market, new.token.address)}" in out) == (0, True)
    assert AddressBook.open(market.rpc, market.folder).address("ReserveVault.wbtc") == vault_of(market, new.token.address)

    def fails(desk: Any, role: str) -> bool:
        raise Reverted("execution reverted", "out of gas")

    market.rpc.call("evm_revert", snapshot)
    book.path.write_bytes(before)
    monkeypatch.setattr(command, "record_vault", fails)
    code, found = told("execute")
    assert code == 0
    said = found["operations"][0]["said"]
    assert said[1].startswith("the vault over its reserve could not be created (")
    assert said[1].endswith("): `ape run market vault wbtc` creates it, which anyone may")
    left = AddressBook.open(market.rpc, market.folder)
    assert (left.token("wbtc").address, left.has("ReserveVault.wbtc")) == (new.token.address, False)


def test_vault__bad_input__said(ask: Ask, market: Market, book: AddressBook) -> None:
    code, _, err = ask("vault", "BTC")
    assert (code, is_one_line(err)) == (1, True)
    assert "no asset 'BTC' is listed (there are: USD, ETH)" in err
    assert ask("vault", "ETH")[0] == 3
    data = json.loads(book.path.read_text())
    for name in [n for n in data["contracts"] if n.startswith("ReserveVault")]:
        del data["contracts"][name]
    book.path.write_text(json.dumps(data))
    code, _, err = ask("vault", "ETH")
    assert (code, is_one_line(err)) == (1, True)
    assert "has no ReserveVaultFactory: what it lists was deployed without vaults" in err


def test_add__cancelled__nothing_of_it_stays_and_it_can_come_again(told: Told, market: Market, new: New) -> None:
    operation = told(*new.command())[1]["operation"]
    assert told("cancel", operation[:10])[1]["state"] == "cancelled"
    assert told("pending")[0] == 3
    oracle = market.book.contract("PriceOracle", market.rpc, market.compiled)
    assert oracle.call("source_of", new.token.address, 0)[0] == "0x" + "00" * 20
    assert told(*new.command())[1]["operation"] == operation


def test_add__above_65_percent__with_a_feed(told: Told, ask: Ask, market: Market, new: New, deployer: Wallet, configurator: Contract) -> None:
    feed = new_feed(market, deployer, 20_000 * 10**8)
    settings = {"heartbeat_seconds": 86_400, "minimum_price": 1_000, "maximum_price": 1_000_000}
    new.write(ltv_percent=75)
    code, _, err = ask(*new.command())
    assert code == 1
    assert "above 65 % an asset needs a feed, which a second pool does not replace" in err
    new.write(ltv_percent=75, feed=settings)
    code, _, err = ask(*new.command())
    assert code == 1
    assert "the file knows no feed of 'wbtc' on chain 31337: name it with --feed 0x..." in err
    waited(told, market, *new.command("--feed", feed))
    assert configurator.call("configuration", new.token.address).ltv_bps == 7_500
    assert AddressBook.open(market.rpc, market.folder).feeds["wbtc"] == {"address": feed, "decimals": 8}


def test_add__what_would_be_refused__said_step_by_step(told: Told, ask: Ask, market: Market, new: New) -> None:
    new.write(minimum_depth=250_000, bonus_percent=130, ltv_percent=60)
    block = market.rpc.block_number()
    # a model that is none
    code, out, err = ask(*new.command("--model", "Lens"))
    assert code == 1
    assert is_one_line(err)
    assert "list WBTC: PoolConfigurator.list_reserve" in out
    assert "✗ list WBTC" in out
    assert "would be refused: configurator: bad rate model" in out
    assert "listing WBTC: 5 of 9 steps would be refused, first 'list WBTC': configurator: bad rate model" in err
    code, found = told(*new.command("--model", "Lens"))
    assert (code, found["state"]) == (1, "refused")
    assert {s["what"]: s["refused"] for s in found["steps"]}["its caps"] == "configurator: not listed"
    assert market.rpc.block_number() == block
    assert told("pending")[0] == 3


def test_add__pool_without_a_past__the_reason_of_the_oracle(ask: Ask, market: Market, new: New, deployer: Wallet) -> None:
    other = market.compiled.at(
        "TestToken", deployer.transact(None, market.compiled["TestToken"].deployment("X", "XX", 18))["contractAddress"], market.rpc
    )
    deployer.transact(other.address, other.data("mint", deployer.address, 10**18))
    code, _, err = ask("add", "xx", "--token", other.address, "--from", str(new.file))
    assert code == 1
    assert "there is no pair of XX and USD: create it in the factory" in err
    code, _, err = ask("add", "xx", "--token", other.address, "--from", str(new.file), "--pool", new.pair)
    assert code == 1
    assert "first 'the first source of XX': oracle: source is not of this pair" in err or "the first source of XX" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("Wbtc",), "'Wbtc' is no usable name: small letters, digits and _ only"),
        (("volatile",), "'volatile' is listed already, with another token"),
        (("wbtc", "--from", "nowhere.yaml"), "there is no file nowhere.yaml"),
        (("wbtc", "--token", person(5)), f"--token {person(5)}: there is no contract at this address on chain 31337"),
        (("wbtc", "--token", "Lens"), "this is no ERC-20 token with decimals()"),
        (("wbtc", "--token", "0x12"), "'0x12' is no address"),
        (("wbtc", "--feed", person(5)), "--feed makes no sense: the file names no feed of 'wbtc'"),
        (("wbtc", "--payer", person(5)), f"{person(5)} holds 0 raw units of WBTC, 1000000 are needed to seed the reserve"),
    ],
)  # fmt: skip
def test_add__bad_input__one_line_and_nothing_sent(ask: Ask, market: Market, new: New, arguments: tuple[str, ...], message: str) -> None:
    block = market.rpc.block_number()
    given = list(arguments)
    for option, value in (("--token", new.token.address), ("--from", str(new.file))):
        if option not in given:
            given += [option, value]
    code, _, err = ask("add", *given)
    assert code == 1
    assert is_one_line(err)
    assert message in err
    assert market.rpc.block_number() == block


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"ltv_percent": 90}, "ltv_percent is 90 %: above 65 % an asset needs a feed"),
        ({"bonus_percent": 131}, "bonus_percent is 131 %: it must lie between 100 and 130 %"),
        ({"quote": "euro"}, "the asset 'wbtc' is to trade against 'euro', which is not listed (there are: dollar, volatile)"),
        ({"colour": "red"}, "colour is no setting"),
        ({"seed": 0}, "seed is 0: it must lie between 0.001 and 1000000"),
    ],
)
def test_add__bad_file__path_value_and_bound(ask: Ask, new: New, settings: dict[str, Any], message: str) -> None:
    new.write(**settings)
    code, _, err = ask(*new.command("--dry-run"))
    assert code == 1
    assert message in err


# ---------------------------------------------------------------- what the network's file needs


def test_config__as_deployed__nothing(ask: Ask, agrees: Agrees) -> None:
    code, out, _ = ask("config")
    assert code == 0
    assert yaml.safe_load(out)["market"] == {}
    assert agrees()


def test_config__all_that_governance_changes__check_agrees_once_it_is_pasted(
    told: Told, ask: Ask, market: Market, feed: str, agrees: Agrees, deployer: Wallet, new: New
) -> None:
    """Change, difference, paste, agreement."""
    model = deployer.transact(None, market.compiled["JumpRateModel"].deployment(0, 4 * 10**16, 8 * 10**18, 85 * 10**16))["contractAddress"]
    waited(told, market, "feed", "ETH", feed, *FEED)
    scheduled = (
        ("ramp", "ETH", "66.5"),
        ("bonus", "ETH", "108.25"),
        ("bonus", "USD", "100"),
        ("reserve-factor", "USD", "12.5"),
        ("fee", "ETH", "0.5", "--stakers", person(3)),
        # the largest that there is
        ("caps", "USD", "--supply", "340282366920938463463374607431768.211455", "--debt", "7"),
        ("caps", "ETH", "--supply", "1234.567890123456789012"),
        ("rates", "ETH", to_checksum_address(model)),
        ("depth-mode", "ETH", "off"),
        ("guardian", person(8)),
        ("source", "ETH", "--min-depth", "2000000.5"),
        new.command(),
    )
    # the steward's and the guardian's act at once
    assert told("pause", "ETH", "borrow", "flash")[0] == 0
    assert told("freeze", "USD")[0] == 0
    for arguments in scheduled:
        assert told(*arguments)[1]["state"] in ("scheduled", "done"), arguments
    market.wait(61)
    assert told("execute")[0] == 0
    assert not agrees()
    code, out, _ = ask("config")
    assert code == 0
    pasted = yaml.safe_load(out)
    assert pasted["roles"]["guardian"] == person(8)
    assert pasted["market"]["dollar"] == {
        "bonus_percent": 100, "reserve_factor_percent": 12.5, "supply_cap": "340282366920938463463374607431768.211455", "debt_cap": 7,
        "frozen": True
    }  # fmt: skip
    ether = pasted["market"]["volatile"]
    assert (ether["ltv_percent"], ether["bonus_percent"], ether["origination_fee_bps"], ether["stakers"]) == (66.5, 108.25, 50, person(3))
    # more digits than a number of YAML keeps
    assert ether["supply_cap"] == "1234.567890123456789012"
    assert ether["paused"] == ["borrow", "flash"]
    assert ether["source"] == {"pool": market.pair.address, "quote": "dollar", "minimum_depth": 2000000.5}
    assert pasted["market"]["wbtc"]["token"] == new.token.address
    assert agrees(**pasted)
    # what was pasted is compared: one digit off is a difference
    pasted["market"]["volatile"]["feed"]["heartbeat_seconds"] -= 1
    assert not agrees(**pasted)


def test_config__of_another_chain__said(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("description: x\nchain_id: 7\n")
    code, _, err = ask("config", "--config", str(tmp_path / "other.yaml"))
    assert code == 1
    assert "other.yaml is of chain 7" in err


def test_oracle__another_one__the_dry_run_says_what_it_does_not_show(told: Told, ask: Ask, market: Market, deployer: Wallet) -> None:
    address = deployer.transact(None, market.compiled["PriceOracle"].deployment())["contractAddress"]
    other = market.compiled.at("PriceOracle", address, market.rpc)
    for function, arguments in (
        ("set_quote", (market.usd.address, 10**30)),
        ("set_source", (market.eth.address, market.pair.address, market.usd.address, 2_500_000 * 10**18)),
    ):
        deployer.transact(other.address, other.data(function, *arguments))
    code, out, _ = ask("oracle", other.address, "--dry-run")
    assert code == 0
    assert "not the prices at which collateral would be seized" in out
    assert "WARNING: the timelock does not own it" in out
    deployer.transact(other.address, other.data("transfer_ownership", market.book.address("Timelock")))
    assert "WARNING" not in ask("oracle", other.address, "--dry-run")[1]
    assert told("oracle", other.address)[1]["effect"]["change_stage_at_once"] == 0


def test_rates__replaced__the_rates_of_both_are_told(told: Told, market: Market, deployer: Wallet) -> None:
    model = deployer.transact(None, market.compiled["JumpRateModel"].deployment(10**16, 4 * 10**16, 8 * 10**18, 85 * 10**16))["contractAddress"]
    found = told("rates", "ETH", to_checksum_address(model), "--dry-run")[1]
    said = {r["what"]: (r["now"], r["then"]) for r in found["rows"]}
    assert said["borrow rate at no use"] == ("0.00 %", "1.00 %")
    # 5 % * 0.85 + 800 * 0.15, and 1 + 4 * 0.85 + 800 * 0.15
    assert said["borrow rate at full use"] == ("124.25 %", "124.40 %")


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("show", "BTC"), "no asset 'BTC' is listed (there are: USD, ETH)"),
        (("caps", "ETH", "--supply", "much"), "'much' is no cap: give whole ETH above 0 with at most 18 places, or none"),
        (("ramp", "ETH", "80"), "ETH has no feed: above 65 % an asset needs one, which a second pool does not replace"),
        (("bonus", "ETH", "100.01"), None),
        (("bonus", "ETH", "99"), "bonus of ETH: the configurator would refuse it: configurator: bad bonus"),
        (("depth-mode", "ETH", "full"), "depth mode of ETH: the configurator would refuse it: configurator: bad depth mode"),
        (("rates", "ETH", "0x12"), "'0x12' is no address: give 0x and 40 digits"),
        (("rates", "ETH", "Lens"), "rate model of ETH: the configurator would refuse it: configurator: bad rate model"),
        (("fee", "ETH", "1", "--stakers", "0x" + "aB" * 20), "is no address: give 0x and 40 digits (a typing mistake breaks its checksum)"),
        (("oracle", person(1)), "oracle: the configurator would refuse it: configurator: no code"),
        (("engine", "Lens"), None),
        (("source", "ETH", "none"), "the first source of ETH cannot be taken away, only replaced: freeze the asset instead"),
        (("source", "ETH", "Pair", "--second"), "ETH has no second source: give its pool, --quote and --min-depth"),
        (("source", "ETH", "none", "--second", "--min-depth", "5000"), "none takes no --quote and no --min-depth"),
        (("source", "ETH", "--min-depth", "lots"), "'lots' is no depth: give units of account above 0"),
        (("source", "ETH", "--min-depth", "999"), "first source of ETH: the oracle would refuse it: oracle: bad min depth"),
        (("source", "ETH", "Lens"), "first source of ETH: the oracle would refuse it: "),
        (("source", "ETH", "--quote", "BTC"), "no asset 'BTC' is listed (there are: USD, ETH)"),
        (("feed", "ETH", "--heartbeat", "60"), "ETH has no feed: give its address, --heartbeat, --min and --max"),
        (("feed", "ETH", "none", "--heartbeat", "60"), "none takes no settings of a feed"),
        (("feed", "ETH", "Lens", "--heartbeat", "60", "--min", "1", "--max", "2"), "is no price feed: it does not answer decimals()"),
        (("feed", "USD", person(5), "--heartbeat", "60", "--min", "1", "--max", "2"), "is no price feed: it does not answer decimals()"),
        (("execute", "0x1234"), "no operation '0x1234' waits in the timelock: give at least 0x and four digits of its id"),
        (("cancel", "all"), "no operation 'all' waits in the timelock: give at least 0x and four digits of its id (nothing waits)"),
    ],
)  # fmt: skip
def test_market__bad_input__one_line_and_nothing_sent(ask: Ask, market: Market, arguments: tuple[str, ...], message: str | None) -> None:
    block = market.rpc.block_number()
    code, _, err = ask(*arguments, "--dry-run") if arguments[0] != "show" else ask(*arguments)
    assert market.rpc.block_number() == block
    if message is None:
        # the engine's question is answered by the lens as well, and a bonus of 0.01 % is one
        assert code == 0, err
        return
    assert code == 1
    assert is_one_line(err)
    assert message in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("caps", "ETH"), "give --supply, --debt, or both"),
        (("ramp", "ETH", "101"), "101 is not between 0 and 100 %"),
        (("ramp", "ETH", "60.001"), "60.001 is finer than the contracts count (0.01 %)"),
        (("ramp", "ETH", "much"), "'much' is no number"),
        (("ramp", "ETH", "60", "--days", "6"), "6 is not in the range 7<=x<=365"),
        (("fee", "ETH", "5.01"), "5.01 is not between 0 and 5 %"),
        (("pause", "ETH"), "Missing argument"),
        (("pause", "ETH", "repay"), "'repay' is not one of 'supply', 'borrow', 'collateral', 'flash'"),
        (("pause", "ETH", "borrow", "--hours", "73"), "73.0 is not in the range 0.02<=x<=72"),
        (("pause", "ETH", "borrow", "--hours", "nan"), "'nan' is no number"),
        (("pause-liquidation", "--hours", "nan"), "'nan' is no number"),
        (("pause-liquidation", "--hours", "7"), "7.0 is not in the range 0.01<=x<=6"),
        (("depth-mode", "ETH", "on"), "'on' is not one of 'new_risk', 'off', 'full'"),
        (("source", "ETH"), "give a pool, --quote or --min-depth"),
        (("feed", "ETH"), "give a feed, --heartbeat, --min, --max, --in-quote or --in-units"),
        (("feed", "ETH", "Lens", "--heartbeat", "59"), "59 is not in the range 60<=x<=259200"),
        (("add", "wbtc"), "Missing option '--token'"),
        (("add", "wbtc", "--token", person(5)), "Missing option '--from'"),
        (("sell", "ETH"), "No such command 'sell'"),
    ],
)
def test_market__wrong_usage__exit_2(ask: Ask, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = ask(*arguments)
    assert code == 2
    assert message in err


def test_market__somebody_else__refused(ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch, configurator: Contract) -> None:
    monkeypatch.setattr(importlib.import_module("plimsoll.governance.desk"), "DEV_KEYS", DEV_KEYS[1:])
    stranger = Wallet(market.rpc, DEV_KEYS[1]).address
    for arguments, message in (
        (("freeze", "ETH"), f"this takes the steward, {configurator.call('steward')}: {stranger} is not"),
        (("pause", "ETH", "borrow"), f"this takes the guardian, {configurator.call('guardian')}: {stranger} is not"),
        (("bonus", "ETH", "108"), f"{stranger} may not propose to the timelock {market.book.address('Timelock')}"),
        # who is not the steward lowers caps like an owner
        (("caps", "ETH", "--supply", "5"), "may not propose to the timelock"),
    ):
        code, _, err = ask(*arguments)
        assert code == 1
        assert is_one_line(err)
        assert message in err


def test_market__anybody__executes_and_only_the_owner_cancels(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch, configurator: Contract
) -> None:
    assert ask("bonus", "ETH", "108")[0] == 0
    operation = json.loads(ask("pending", "--json")[1])["operations"][0]["id"]
    monkeypatch.setattr(importlib.import_module("plimsoll.governance.desk"), "DEV_KEYS", DEV_KEYS[1:])
    code, _, err = ask("cancel", operation[:10])
    assert code == 1
    assert "may not cancel in the timelock" in err
    market.wait(61)
    assert ask("execute")[0] == 0
    assert now(configurator, market).bonus_bps == 10_800


def test_market__as_a_user_starts_it__help_and_a_table(market: Market, run: Run) -> None:
    done = run("ape", "run", "market", "--help")
    assert done.returncode == 0
    assert "ape run market caps ETH --supply 100000 --debt none --dry-run" in done.stdout
    done = run("ape", "run", "market", "list", "--network", market.url, folder=market.folder)
    assert done.returncode == 0
    assert "in liquidations" in done.stdout
