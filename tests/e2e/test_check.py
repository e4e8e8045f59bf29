"""`ape run check`: agrees with what was deployed, and names whatever somebody has changed since."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from plimsoll.abi import Contract
from scripts.check import cli
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

LEAST: dict[str, Any] = {"description": "of the tests", "chain_id": 31_337, "preset": "wemix"}
Check = Callable[..., tuple[int, Any]]


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Path]:
    def write(**settings: Any) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump({**LEAST, **settings}))
        return path

    return write


@pytest.fixture
def check(market: Market, monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))

    def run(*arguments: str | Path) -> tuple[int, Any]:
        command = ["--network", market.url, "--json", *map(str, arguments)]
        done = CliRunner(mix_stderr=False).invoke(cli, command, catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    return run


@pytest.fixture
def govern(market: Market) -> Callable[..., None]:
    """A change by the timelock, without its delay."""

    def act(contract: Contract, function: str, *arguments: Any, sender: str | None = None) -> None:
        who = sender or market.book.address("Timelock")
        market.rpc.set_balance(who, 10**19)
        market.act(who, contract, function, *arguments)

    return act


@pytest.fixture
def configurator(market: Market) -> Contract:
    return market.book.contract("PoolConfigurator", market.rpc, market.compiled)


def differences(found: Any) -> list[tuple[str, str, str]]:
    return [(d["what"], d["found"], d["wanted"]) for d in found["differences"]]


def test_check__as_deployed__all_agrees(check: Check, market: Market, config: Callable[..., Path]) -> None:
    code, found = check("--config", config())
    assert (code, found["differences"]) == (0, [])
    assert found["compared"] > 90
    # the file of the chain, where none is named
    code, found = check()
    assert (code, found["config"], found["differences"]) == (0, "anvil", [])


def test_check__differences__told_in_sentences_that_hold(
    market: Market, govern: Callable[..., None], configurator: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    govern(configurator, "set_bonus", market.eth.address, 10_800)
    govern(configurator, "freeze", market.eth.address, sender=market.book.data["deployer"])
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))
    done = CliRunner(mix_stderr=False).invoke(cli, ["--network", market.url], catch_exceptions=False)
    assert done.exit_code == 1
    assert "    bonus of 'volatile': 10800 (expected: 11000)\n" in done.stdout
    assert "    'volatile': frozen (expected: open)\n" in done.stdout


@pytest.mark.parametrize("content, message", [(None, "is missing: deploy first (`ape run deploy`)"), ("{", "is not JSON")])
def test_check__no_readable_book__an_error_and_no_difference(
    market: Market, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "31337.json").write_text(content)
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(tmp_path))
    done = CliRunner(mix_stderr=False).invoke(cli, ["--network", market.url, "--json"], catch_exceptions=False)
    assert done.exit_code == 1
    assert is_one_line(done.stderr)
    assert message in done.stderr
    assert message in json.loads(done.stdout)["error"]


def test_check__terms_changed__each_named_and_taken_from_the_file(
    check: Check, market: Market, govern: Callable[..., None], configurator: Contract, config: Callable[..., Path]
) -> None:
    eth, usd = market.eth.address, market.usd.address
    govern(configurator, "set_ltv", eth, 6_000, 7 * 86_400)
    govern(configurator, "set_bonus", eth, 10_800)
    govern(configurator, "set_caps", usd, 0, 2 * 10**12)
    govern(configurator, "set_origination_fee", usd, 50, person(3))
    govern(configurator, "set_depth_mode", eth, 1)
    code, found = check("--config", config())
    assert code == 1
    assert differences(found) == [
        ("origination fee of 'dollar'", "50", "0"),
        ("stakers of 'dollar'", person(3), "0x" + "00" * 20),
        ("debt cap of 'dollar'", str(2 * 10**12), "0"),
        ("LTV of 'volatile'", "6000", "6500"),
        ("bonus of 'volatile'", "10800", "11000"),
        ("depth mode of 'volatile'", "1", "0"),
    ]
    told = {
        "dollar": {"origination_fee_bps": 50, "stakers": person(3), "debt_cap": 2_000_000},
        "volatile": {"ltv_percent": 60, "bonus_percent": 108, "depth_mode": "off"},
    }
    assert check("--config", config(market=told))[0] == 0


def test_check__frozen_and_paused__named_and_taken_from_the_file(
    check: Check, market: Market, govern: Callable[..., None], configurator: Contract, config: Callable[..., Path]
) -> None:
    deployer = market.book.data["deployer"]
    govern(configurator, "freeze", market.usd.address, sender=deployer)
    govern(configurator, "pause", market.eth.address, 2 | 8, 86_400, sender=deployer)
    govern(configurator, "pause_liquidation", 3_600, sender=deployer)
    code, found = check("--config", config())
    assert code == 1
    said = differences(found)
    assert said[:2] == [("'dollar'", "frozen", "open"), ("'volatile'", "paused: borrow, flash", "open")]
    assert [w for w, _, _ in said[2:]] == ["new risk", "liquidation"]
    assert all(f.startswith("closed for") for _, f, _ in said[2:])
    market.wait(3_601)
    told = {"dollar": {"frozen": True}, "volatile": {"paused": ["flash", "borrow"]}}
    assert check("--config", config(market=told)) == (
        0,
        {"chain_id": 31_337, "config": "mine", "compared": found["compared"], "differences": []},
    )


def test_check__roles_changed__named(
    check: Check, market: Market, govern: Callable[..., None], configurator: Contract, config: Callable[..., Path]
) -> None:
    timelock = market.book.contract("Timelock", market.rpc, market.compiled)
    govern(configurator, "set_guardian", person(9))
    govern(timelock, "update_delay", 5)
    govern(timelock, "grantRole", b"\x00" * 32, market.book.data["deployer"])
    govern(market.oracle, "transfer_ownership", person(8))
    code, found = check("--config", config())
    assert code == 1
    deployer = market.book.data["deployer"]
    assert differences(found) == [
        ("owner of the oracle", person(8), timelock.address),
        ("guardian", person(9), deployer),
        ("delay of the timelock", "5", "60"),
        ("administrator of the timelock, the deployer,", "True", "False"),
    ]
    found = check("--config", config(roles={"guardian": person(9), "delay_seconds": 5, "owner": person(1)}))[1]
    said = {w: f for w, f, _ in differences(found)}
    assert "guardian" not in said
    # the file names another owner than the one who may propose
    assert said["proposer, the owner,"] == "False"
    assert said["proposer, the deployer,"] == "True"


def test_check__oracle__age_and_validity(check: Check, market: Market, config: Callable[..., Path]) -> None:
    limit = {"oracle_age_seconds": 600}
    market.act(person(1), market.oracle, "poke", market.eth.address)
    assert check("--config", config(check=limit))[0] == 0
    market.wait(7_200)
    code, found = check("--config", config(check=limit))
    assert code == 1
    ((what, said, wanted),) = differences(found)
    assert (what, wanted) == ("'volatile' was read", "at most 10 min 0 s ago")
    assert said.endswith("ago")
    # a price on its way: new risk is closed
    market.crash(40)
    sold = market.rpc.timestamp()
    market.rpc.mine(sold + 30)
    market.crash(35)
    market.act(person(1), market.oracle, "poke", market.eth.address)
    assert check("--config", config())[0] == 0


def test_check__pool_emptied__said_and_may_be_expected(check: Check, market: Market, config: Callable[..., Path]) -> None:
    """Without liquidity to believe there is no price for new risk."""
    deployer = market.book.data["deployer"]
    shares = market.pair.call("balanceOf", deployer)
    market.act(deployer, market.pair, "transfer", market.pair.address, shares * 9 // 10)
    market.act(deployer, market.pair, "burn", deployer)
    # the mean of the window counts
    market.wait(2_400)
    code, found = check("--config", config())
    assert code == 1
    assert ("'volatile' for new risk", "its pool is too thin for new risk", "open") in differences(found)
    code, found = check("--config", config(check={"may_be_blocked": ["volatile"]}))
    assert (code, differences(found)) == (0, [])


def test_check__other_code__named(check: Check, market: Market, config: Callable[..., Path]) -> None:
    lens = market.lens.address
    code = market.rpc.code(lens)
    # what reverts without a reason burns the gas instead: all answers stay the same
    changed = code.replace(bytes.fromhex("5f80fd"), bytes.fromhex("5f80fe"), 1)
    assert changed != code
    market.rpc.call("anvil_setCode", lens, "0x" + changed.hex())
    exit_code, found = check("--config", config())
    assert exit_code == 1
    ((what, said, _),) = differences(found)
    assert what == "the chain"
    assert f"Lens {lens} holds other code than was deployed" in said
    # and where the book was edited to match
    book = json.loads(market.book.path.read_text())
    from eth_utils.crypto import keccak

    book["contracts"]["Lens"]["code_hash"] = "0x" + keccak(changed).hex()
    content = market.book.path.read_text()
    market.book.path.write_text(json.dumps(book))
    try:
        exit_code, found = check("--config", config())
    finally:
        market.book.path.write_text(content)
    assert (exit_code, differences(found)) == (1, [("Lens", "other than these sources compile to", "ours")])


def test_check__other_tokens_and_treasury_in_the_file__named(check: Check, market: Market, config: Callable[..., Path]) -> None:
    code, found = check("--config", config(tokens={"dollar": person(1)}, feeds={"volatile": person(2)}, treasury=person(3)))
    assert code == 1
    deployer = market.book.data["deployer"]
    assert differences(found) == [
        ("token 'dollar'", market.usd.address, person(1)),
        ("feed of 'volatile'", "missing", person(2)),
        ("treasury of the pool", deployer, person(3)),
        ("receiver of the protocol share", deployer, person(3)),
        ("treasury of the market factory", deployer, person(3)),
    ]


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"chain_id": 5}, "mine.yaml is of chain 5"),
        ({"preset": "wemix-feed"}, "has no asset 'wemix_dollar', which the preset 'wemix-feed' lists: was another preset deployed?"),
        ({"preset": "none"}, "there is no preset 'none'"),
        ({"market": {"gold": {"frozen": True}}}, "mine.yaml names 'gold', which is no asset of the preset 'wemix'"),
        ({"check": {"may_be_blocked": ["silver"]}}, "mine.yaml names 'silver', which is no asset of the preset 'wemix'"),
        ({"roles": {"owner": "me"}}, "roles.owner is 'me': it must be an address in quotes, with its checksum"),
    ],
)
def test_check__bad_file__one_line(
    market: Market, config: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], message: str
) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))
    arguments = ["--network", market.url, "--config", str(config(**settings))]
    done = CliRunner(mix_stderr=False).invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 1
    assert is_one_line(done.stderr)
    assert message in done.stderr


def test_check__as_a_user_starts_it__for_people(market: Market, run: Run, tmp_path: Path) -> None:
    done = run("ape", "run", "check", "--network", market.url, folder=market.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ wiring and roles" in done.stdout
    assert "the deployment is as config/anvil.yaml says" in done.stdout
    done = run("ape", "run", "check", "--network", market.url, "--config", str(tmp_path / "none.yaml"), folder=market.folder)
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert run("ape", "run", "check", "--help").returncode == 0
