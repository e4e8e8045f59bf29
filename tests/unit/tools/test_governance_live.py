"""What `ape run market config` writes, and how a listing is prepared: the parts that need no chain."""

from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
import rlp
import yaml
from eth_utils import keccak, to_checksum_address

from plimsoll.addresses import Token
from plimsoll.errors import Problem
from plimsoll.governance import listing, live
from plimsoll.governance.simulate import Transaction, simulate
from plimsoll.presets import PresetError
from plimsoll.rpc import RpcError
from plimsoll.sections import Section

A = "0x" + "11" * 20


@pytest.mark.parametrize(
    "value, text",
    [
        ("0", "0"),
        ("66.50", "66.5"),
        ("7000", "7000"),
        ("123456789.123456", "123456789.123456"),
        # beyond what a number of YAML keeps
        ("1234.567890123456789012", '"1234.567890123456789012"'),
        ("0.000000000000000001", "0.000000000000000001"),
        ("1E+18", "1000000000000000000"),
        ("340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
    ],
)
def test_number__written__read_back_to_the_last_digit(value: str, text: str) -> None:
    assert live.number(Decimal(value)) == text
    group = Section(yaml.safe_load(f"cap: {text}"), "x.yaml", "", PresetError)
    assert group.number("cap", 10**18, "0", "1e40") == int(Decimal(value).scaleb(18))


@pytest.mark.parametrize(
    "raw, places, text",
    [
        (2**128 - 1, 6, "340282366920938463463374607431768.211455"),
        (2**128 - 1, 18, "340282366920938463463.374607431768211455"),
        (5 * 10**6, 6, "5"),
    ],
)
def test_exact__all_of_128_bits__and_back(raw: int, places: int, text: str) -> None:
    # Python's own precision: other packages may have raised it
    with localcontext(prec=28):
        assert live.number(live.exact(raw, places)).strip('"') == text
        group = Section({"cap": text}, "x.yaml", "", PresetError)
        assert group.number("cap", 10**places, "0", "1e40") == raw


def test_yaml_text__groups__as_yaml_reads_them() -> None:
    source = {"pool": f'"{A}"', "quote": "dollar", "minimum_depth": "250000"}
    groups: dict[str, Any] = {
        "roles": {"guardian": f'"{A}"'},
        "market": {"volatile": {"source": source, "second_source": "none", "frozen": True, "paused": ["borrow", "flash"]}},
        "nothing": {},
    }
    read = yaml.safe_load(live.yaml_text(groups))
    assert read["roles"] == {"guardian": A}
    ether = read["market"]["volatile"]
    assert ether["source"] == {"pool": A, "quote": "dollar", "minimum_depth": 250_000}
    assert (ether["second_source"], ether["frozen"], ether["paused"], read["nothing"]) == ("none", True, ["borrow", "flash"], {})


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**40])
def test_created__any_nonce__as_the_chain_has_it(nonce: int) -> None:
    sender = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert listing.created(sender, nonce) == to_checksum_address(keccak(rlp.encode([bytes.fromhex(sender[2:]), nonce]))[12:])


def test_read_asset__alone_or_in_a_preset__the_same(tmp_path: Path) -> None:
    settings = {
        "quote": "dollar", "minimum_depth": 2_000, "ltv_percent": 60, "bonus_percent": 110, "reserve_factor_percent": 10, "seed": 1,
        "rates": {"base_percent": 0, "multiplier_percent": 5, "jump_percent": 500, "kink_percent": 90},
    }  # fmt: skip
    alone, preset = tmp_path / "alone.yaml", tmp_path / "preset.yaml"
    alone.write_text(yaml.safe_dump(settings))
    preset.write_text(yaml.safe_dump({"description": "x", "assets": {"wbtc": settings, "other": {}}}))
    found = listing.read_asset(alone, "wbtc")
    assert found == listing.read_asset(preset, "wbtc")
    assert (found.role, found.ltv_bps, found.minimum_depth_wad) == ("wbtc", 6_000, 2_000 * 10**18)
    with pytest.raises(Problem, match=r"assets has no 'gold' \(it has: (other, wbtc|wbtc, other)\)"):
        listing.read_asset(preset, "gold")
    alone.write_text("seed: [")
    with pytest.raises(Problem, match=r"alone\.yaml, line 1: this is not YAML"):
        listing.read_asset(alone, "wbtc")
    with pytest.raises(Problem, match=r"there is no file .*nowhere\.yaml"):
        listing.read_asset(tmp_path / "nowhere.yaml", "wbtc")


class Node:
    """An endpoint that answers one method, or does not know it."""

    shown = "http://node"

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def call(self, *question: Any) -> Any:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def reason(text: str) -> str:
    padded = text.encode().ljust(32, b"\0").hex()
    return "0x08c379a0" + f"{32:064x}{len(text):064x}" + padded


def test_simulate__refused_and_done__by_wherever_the_node_puts_the_reason() -> None:
    calls = [
        {"status": "0x0", "gasUsed": "0x10", "returnData": reason("pool: frozen"), "error": {"code": 3}},
        {"status": "0x0", "gasUsed": "0x11", "returnData": "0x", "error": {"code": 3, "data": reason("pool: paused")}},
        {"status": "0x0", "gasUsed": "0x12", "returnData": "0x"},
        {"status": "0x1", "gasUsed": "0x13", "returnData": "0x"},
    ]
    node: Any = Node([{"calls": calls}])
    outcomes, _ = simulate(node, [Transaction(A, A, b"\1")] * 4, code={A: b"\2"})
    assert [o.refused for o in outcomes] == ["pool: frozen", "pool: paused", "reverts without a reason", None]
    assert [o.gas for o in outcomes] == [16, 17, 18, 19]
    (block,) = node.asked[0][1]["blockStateCalls"]
    assert (block["calls"][0], block["stateOverrides"]) == ({"from": A, "to": A, "data": "0x01"}, {A: {"code": "0x02"}})


def test_simulate__node_that_cannot__another_one_is_asked_for() -> None:
    node: Any = Node(RpcError("no", -32601))
    with pytest.raises(Problem, match="http://node does not offer eth_simulateV1, with which this is tried before it waits: use another node"):
        simulate(node, [Transaction(A, A, b"")])
    node = Node([{"calls": []}])
    with pytest.raises(Problem, match="answered 0 of 1 calls"):
        simulate(node, [Transaction(A, A, b"")])


def test_wanted__seed__raw_units_of_the_token() -> None:
    asset: Any = type("Asset", (), {"seed_wad": 10**16})()
    assert listing.Wanted(asset, Token("wbtc", A, "WBTC", 8), None, None, None, A, A).seed == 10**6
