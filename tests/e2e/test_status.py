"""The Status Monitor against the chain: what it advises has the effect that it says."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from plimsoll import monitor, words
from plimsoll.monitor import Monitor
from scripts.status import cli
from tests.e2e.conftest import USED_PERCENT, Market, Run, person

pytestmark = pytest.mark.e2e

WAD = 10**18


@pytest.fixture
def reader(market: Market) -> Monitor:
    return Monitor(market.rpc, market.book, market.compiled)


def test_usages__all_borrowers__riskiest_first_and_as_the_lens_says(market: Market, reader: Monitor) -> None:
    found = reader.usages(reader.borrowers())
    assert [a for a, _ in found] == [person(n) for n in (5, 4, 3, 2, 1)]
    assert [u for _, u in found] == [market.usage(a) for a, _ in found]
    assert monitor.distribution(found) == [1, 2, 2, 0, 0]


@pytest.mark.parametrize("percent", [72, 78])
def test_repay_to_safe__repaid__safe_and_not_with_less(market: Market, reader: Monitor, percent: int) -> None:
    who = person(40)
    market.borrow(who, 10, 13 * percent)
    market.act(who, market.usd, "approve", market.pool.address, 10**18)
    market.wait(86_400)
    remedy = monitor.repay_to_safe(reader.account(who))
    assert remedy is not None
    assert remedy.position.symbol == "USD"
    snapshot = market.rpc.call("evm_snapshot")
    at = market.rpc.timestamp()
    for short, stage in ((2, words.CAUTION), (0, words.SAFE)):
        # in the very second of the advice, because interest runs
        market.rpc.set_next_timestamp(at)
        market.act(who, market.pool, "repay", market.usd.address, remedy.amount - short, who)
        assert reader.account(who).stage == stage
        market.rpc.call("evm_revert", snapshot)
        snapshot = market.rpc.call("evm_snapshot")


def test_add_to_safe__added__safe_and_not_with_less(market: Market, reader: Monitor) -> None:
    who = person(5)
    remedy = monitor.add_to_safe(reader.account(who))
    assert remedy is not None
    assert remedy.position.symbol == "ETH"
    market.act(who, market.eth, "mint", who, remedy.amount)
    snapshot = market.rpc.call("evm_snapshot")
    # in one second nothing that the advice is made of changes; a millionth less is not enough
    for amount, stage in ((remedy.amount - remedy.amount // 10**6, words.CAUTION), (remedy.amount, words.SAFE)):
        market.rpc.set_next_timestamp(market.rpc.timestamp())
        market.act(who, market.pool, "supply", market.eth.address, amount, who)
        assert reader.account(who).stage == stage
        market.rpc.call("evm_revert", snapshot)
        snapshot = market.rpc.call("evm_snapshot")


def test_moves__price_falls_as_far__liquidatable(market: Market, reader: Monitor) -> None:
    account = reader.account(person(5))
    (move,) = monitor.moves(account)
    # 78 % of capacity: a fall of 22 %
    assert move.position.symbol == "ETH"
    assert -0.2201 * WAD < move.change_wad < -0.2199 * WAD
    market.crash(21)
    assert reader.account(person(5)).stage == words.DANGER
    market.crash(3)
    assert reader.account(person(5)).stage == words.LIQUIDATION


def test_command__account__json(market: Market, run: Run) -> None:
    done = run("ape", "run", "status", person(5), "--network", market.url, "--json", folder=market.folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["account"], found["stage"]) == (person(5), "CAUTION")
    assert found["usage_wad"] == str(market.usage(person(5)))
    assert found["debts"][0]["amount"] == str(market.pool.call("debt_of", person(5), market.usd.address))
    # 10 ether at 200 on a depth of 10,000,000: 0.04 % less
    counted = found["collaterals"][0].pop("new_risk_value_wad")
    assert 1_999 * WAD < int(counted) < int(found["collaterals"][0]["value_wad"])
    assert found["collaterals"][0] | {"value_wad": ""} == {
        "asset": market.eth.address,
        "symbol": "ETH",
        "amount": str(10 * WAD),
        "decimals": 18,
        "value_wad": "",
        "blocked": [],
    }
    assert found["to_be_safe"]["repay"]["symbol"] == "USD"
    assert found["blocked"] == []


def invoke(market: Market, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(market.folder))
    done = CliRunner(mix_stderr=False).invoke(cli, ["--network", market.url, *arguments], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_command__account__words(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(market, monkeypatch, person(5))
    assert code == 0
    for text in ("CAUTION", "10 ETH", "1,014", "liquidated when ETH falls by 22.", "to be SAFE: repay 23", "or add 2.9", "may borrow 2"):
        assert text in out, out


def test_command__no_account__table_and_distribution(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(market, monkeypatch, "--limit", "2")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("the 2 riskiest of 5 accounts with debt")
    assert lines[2].startswith(person(5))
    assert lines[3].startswith(person(4))
    assert lines[4] == "RELAXED 1  SAFE 2  CAUTION 2  DANGER 0  LIQUIDATION 0"
    code, out, _ = invoke(market, monkeypatch, "--json")
    data = json.loads(out)
    assert data["accounts_with_debt"] == len(USED_PERCENT)
    assert data["stages"] == {"RELAXED": 1, "SAFE": 2, "CAUTION": 2, "DANGER": 0, "LIQUIDATION": 0}
    assert [a["account"] for a in data["riskiest"]] == [person(n) for n in (5, 4, 3, 2, 1)]


def test_command__nothing_to_show__code_3(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(market, monkeypatch, person(77))
    assert (code, out) == (3, f"{person(77)} has no enabled collateral and no debt\n")


def test_command__no_address__code_1(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = invoke(market, monkeypatch, "0x1234")
    assert (code, err) == (
        1,
        "error: '0x1234' is no account: an address has 0x and 40 digits (a typing mistake breaks its checksum)\n",
    )


def test_command__source_without_price__said(market: Market, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # a quarter of min_depth stays: 25,000 of the 10,000,000 on the quote's side
    owner = market.book.data["deployer"]
    shares = market.pair.call("balanceOf", owner)
    market.act(owner, market.pair, "transfer", market.pair.address, shares * 9999 // 10000)
    market.act(owner, market.pair, "burn", owner)
    market.wait(2_400)
    code, out, _ = invoke(market, monkeypatch, person(5))
    assert code == 0
    assert "ETH: its pool is too thin for new risk; its pool is too thin to be believed at all\n" in out
