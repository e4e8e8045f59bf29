"""An address book that does not fit its chain is refused, and the wrong entry named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plimsoll.addresses import AddressBook, BookError
from plimsoll.rpc import Rpc
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

Edit = Callable[[dict[str, Any]], object]


def edited(market: Market, folder: Path, edit: Edit) -> Path:
    """A copy of the market's book, changed."""
    data = json.loads(market.book.path.read_text())
    edit(data)
    path = folder / "31337.json"
    path.write_text(json.dumps(data))
    return path


def swap(group: str, a: str, b: str, *fields: str) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        for field in fields:
            data[group][a][field], data[group][b][field] = data[group][b][field], data[group][a][field]

    return edit


def put(group: str, name: str, field: str, value: Any) -> Edit:
    return lambda data: data[group][name].__setitem__(field, value)


ALL = ("contract", "address", "code_hash", "args", "tx", "block", "block_hash")


@pytest.mark.parametrize(
    "edit, message",
    [
        (swap("contracts", "LendingPool", "PriceOracle", "address"), "the addresses of PriceOracle and LendingPool are swapped"),
        (swap("contracts", "RateModel.dollar", "RateModel.volatile", "address"), "of RateModel.dollar and RateModel.volatile are swapped"),
        (
            swap("contracts", "Lens", "LiquidationEngine", "address", "code_hash"),
            r"does not answer fee_bps\(\): it is no LiquidationEngine",
        ),
        (swap("contracts", "Router", "Quoter", "address"), "the addresses of Quoter and Router are swapped"),
        (
            swap("contracts", "RangePoolFactory", "PairFactory", "address", "code_hash"),
            r"(PairFactory .* does not answer allPairsLength\(\): it is no PairFactory|names 0x.* as its factory, the book 0x.*)",
        ),
        (
            swap("contracts", "Router", "PositionManager", "address", "code_hash"),
            r"PositionManager .* does not answer WETH9\(\): it is no PositionManager",
        ),
        (put("contracts", "RangePool", "code_hash", "0x" + "22" * 32), "RangePool 0x.* holds other code than was deployed"),
        (swap("tokens", "dollar", "volatile", "address"), "the tokens dollar and volatile are swapped"),
        (swap("tokens", "dollar", "volatile", "address", "symbol", "decimals"), "token dollar is 0x.*, the pool lists 0x.* there"),
        (put("contracts", "Lens", "address", person(50)), f"Lens {person(50)} has no code on this chain"),
        (put("contracts", "Lens", "code_hash", "0x" + "22" * 32), "Lens 0x.* holds other code than was deployed"),
        (put("tokens", "dollar", "address", person(50)), f"token dollar {person(50)} is no token"),
        (put("tokens", "dollar", "decimals", 7), "token dollar 0x.* has 6 decimals, not 7"),
        (lambda d: d.update(genesis="0x" + "11" * 32), r"belongs to another chain 31337 \(its first block differs\): was the chain reset"),
        (put("steps", "timelock.execute", "block_hash", "0x" + "11" * 32), r"belongs to another past of chain 31337 \(block \d+ differs\)"),
        (put("steps", "RangePool.position.2", "block", 10**6), r"belongs to another past of chain 31337 \(block 1000000 differs\)"),
        (lambda d: d.update(chain_id=1), r"is of chain 1, http://127.0.0.1:\d+ is chain 31337"),
        (lambda d: d.update(complete=False), "ends half-way"),
    ],
)
def test_open__entry_wrong__named(market: Market, tmp_path: Path, edit: Edit, message: str) -> None:
    edited(market, tmp_path, edit)
    with pytest.raises(BookError, match=rf"31337\.json.*{message}"):
        AddressBook.open(market.rpc, tmp_path)


def test_open__one_contract_under_another_name__named(market: Market, tmp_path: Path) -> None:
    other = market.book.address("RateModel.dollar")

    def edit(data: dict[str, Any]) -> None:
        del data["contracts"]["RateModel.volatile"]
        data["contracts"]["Lens"]["address"] = other
        data["contracts"]["RateModel.dollar"]["address"] = market.book.address("Lens")

    edited(market, tmp_path, edit)
    with pytest.raises(BookError, match=r"the addresses of RateModel\.dollar and Lens are swapped"):
        AddressBook.open(market.rpc, tmp_path)


def test_open__oracle_replaced_behind_its_back__named(market: Market, tmp_path: Path) -> None:
    edited(market, tmp_path, lambda data: None)
    # the book is of no help against its own configurator
    configurator = market.book.address("PoolConfigurator")
    market.rpc.set_balance(configurator, 10**18)
    market.act(configurator, market.pool, "set_engine", market.lens.address, 0)
    with pytest.raises(BookError, match=rf"LendingPool 0x.* names {market.lens.address} as its engine, the book {market.engine.address}"):
        AddressBook.open(market.rpc, tmp_path)


def test_open__as_written__accepted(market: Market) -> None:
    book = AddressBook.open(market.rpc, market.folder)
    assert book.contract("Lens", market.rpc, market.compiled).call("pool") == book.address("LendingPool")
    assert book.token_at(book.token("dollar").address.lower()) == book.token("dollar")


# ---------------------------------------------------------------- as a user meets it

COMMANDS = [
    ("ape", "run", "status", "--network"),
    ("ape", "run", "keeper", "--once", "--network"),
    ("python", "-m", "plimsoll.keeper", "--once", "--rpc"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=["status", "keeper", "keeper without ape"])
def test_command__swapped_addresses__one_line_and_nothing_sent(market: Market, run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    path = edited(market, tmp_path, swap("contracts", "LendingPool", "Lens", "address"))
    content, block = path.read_text(), market.rpc.block_number()
    done = run(*command, market.url)
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert "the addresses of LendingPool and Lens are swapped" in done.stderr
    assert (path.read_text(), market.rpc.block_number()) == (content, block)


@pytest.mark.parametrize("command", [*COMMANDS[::2], ("ape", "run", "deploy", "--network")], ids=["status", "keeper without ape", "deploy"])
def test_command__dead_rpc__one_line_and_nothing_written(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = run(*command, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert "error: no chain answers at http://127.0.0.1:9 (connection refused)" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_command__no_deployment__one_line(rpc: Rpc, run: Run) -> None:
    done = run("ape", "run", "status", "--network", rpc.url)
    assert done.returncode == 1
    assert is_one_line(done.stderr)
    assert "31337.json is missing: deploy first (`ape run deploy`)" in done.stderr
