"""`ape run market`: what it tells, what it sends, its way through the timelock, and what it refuses."""

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from plimsoll import words
from plimsoll.abi import Contract
from plimsoll.addresses import AddressBook
from plimsoll.monitor import Monitor
from plimsoll.rpc import DEV_KEYS, Wallet
from scripts.market import cli
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

DAY = 86_400
Ask = Callable[..., tuple[int, str, str]]
Told = Callable[..., tuple[int, Any]]


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
        code, out, _ = ask(*arguments, "--json")
        return code, json.loads(out)

    return run


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
    assert "no account would change stage" in out
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
        (("execute", "0x1234"), "no operation '0x1234' waits in the timelock: give at least 0x and four digits of its id"),
        (("cancel", "all"), "no operation 'all' waits in the timelock"),
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
        (("pause-liquidation", "--hours", "7"), "7.0 is not in the range 0.01<=x<=6"),
        (("depth-mode", "ETH", "on"), "'on' is not one of 'new_risk', 'off', 'full'"),
        (("sell", "ETH"), "No such command 'sell'"),
    ],
)
def test_market__wrong_usage__exit_2(ask: Ask, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = ask(*arguments)
    assert code == 2
    assert message in err


def test_market__somebody_else__refused(ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch, configurator: Contract) -> None:
    monkeypatch.setattr(importlib.import_module("plimsoll.governance.market_command"), "DEV_KEYS", DEV_KEYS[1:])
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
    monkeypatch.setattr(importlib.import_module("plimsoll.governance.market_command"), "DEV_KEYS", DEV_KEYS[1:])
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
