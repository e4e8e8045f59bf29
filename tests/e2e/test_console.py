"""`ape console` offers the deployed contracts and the helpers."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Market, Run, person

pytestmark = pytest.mark.e2e

COMMANDS = f"""
print("A", pool.reserves_count(), oracle.owner() == configurator.owner() == timelock.address, engine.pool() == lens.pool() == pool.address)
print("B", usd.symbol(), eth.decimals(), pair.factory() == factory.address)
status("{person(5)}")
riskiest(2)
band(eth)
reserves()
print("D", router.quoter() == quoter.address, positions.factory() == range_factory.address, range_pool.fee())
quote(1000, "usd", eth)
o = open_range("eth", "narrow", usd=1000)
ranges()
move_range(o, "wide")
open_range("eth", "slim", usd=1)
open_range("eth", "narrow", usd=1, account="me")
close_range(o + 1)
close_range(999)
status("0x1234")
riskiest(0)
ranges("{person(77)}")
print("E", bundler.operators() == operators.address, vault_usd.asset() == usd.address, vaults.vaults_count(), markets.markets_count())
isolated()
isolated(1)
plimsoll()
print("C", book.token("dollar").unit)
"""


def test_console__deployed__contracts_and_helpers(market: Market, run: Run) -> None:
    done = run("ape", "console", "--network", market.url, folder=market.folder, stdin=COMMANDS)
    # an exception in a piped console still ends with 0: look for one
    assert "Error" not in done.stdout + done.stderr, done.stdout + done.stderr
    for text in (
        "A 2 True True",
        "B USD 18 True",
        "CAUTION",
        "the 2 riskiest of 5 accounts with debt",
        "new risk          open",
        "borrowers pay",
        "where an account stands",
        "D True True 3000",
        "0.3 %  4.",
        "minting 1,000 USD (test tokens)",
        "#4 in ETH/USD 0.3 %, range 179.854 - 220.552: ",
        "4 of 4 in range",
        "#5 in ETH/USD 0.3 %, range 99.9",
        "error: 'slim' is no range: narrow, wide, full, or percent to both sides, like 7.5",
        "error: 'me' cannot sign: give the account itself, account=accounts.load('me')",
        "#5: ",
        "error: there is no position 999",
        "error: '0x1234' is no account: an address has 0x and 40 digits",
        "error: '0' is no length of a table: riskiest(10)",
        "nothing is deposited",
        "E True True 2 0",
        "there are no isolated markets yet",
        "error: there is no isolated market 1",
        "C 1000000",
    ):
        assert text in done.stdout, done.stdout


def test_console__nothing_deployed__said_and_usable(market: Market, run: Run, tmp_path: Path) -> None:
    done = run("ape", "console", "--network", market.url, stdin="print(6 * 7)\npool\n")
    assert "42" in done.stdout
    assert "no deployed contracts here: " in done.stdout
    assert "31337.json is missing: deploy first" in done.stdout
