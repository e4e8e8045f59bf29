"""Calls, answers and events by name."""

from typing import Any

import pytest
from eth_abi.abi import encode

from plimsoll.abi import Artifacts, BuildError, Function, Interface, parse_function

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def entry(kind: str, name: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "inputs": inputs, "outputs": outputs or [], "stateMutability": "view"}


BAND = {
    "name": "band",
    "type": "tuple",
    "components": [{"name": "low", "type": "uint256"}, {"name": "class", "type": "address"}],
}
ABI = [
    entry("function", "one", [{"name": "a", "type": "address"}], [{"name": "", "type": "uint256"}]),
    entry("function", "two", [], [{"name": "x", "type": "address"}, {"name": "y", "type": "uint256[]"}]),
    entry("function", "struct", [], [{**BAND, "type": "tuple[]"}]),
    entry("function", "nothing", [], []),
    entry("function", "twice", [{"name": "a", "type": "uint256"}]),
    entry("function", "twice", [{"name": "a", "type": "uint256"}, {"name": "b", "type": "uint256"}]),
    {
        "type": "event",
        "name": "Moved",
        "inputs": [
            {"name": "who", "type": "address", "indexed": True},
            {"name": "note", "type": "string", "indexed": True},
            {"name": "amount", "type": "uint256", "indexed": False},
        ],
    },
    {"type": "constructor", "inputs": [{"name": "owner", "type": "address"}]},
]
INTERFACE = Interface(ABI, "Thing")


def test_encode__known_signature__selector_and_words() -> None:
    data = INTERFACE.encode("one", ADDRESS)
    assert data.hex() == Function(ABI[0]).selector.hex() + "00" * 12 + ADDRESS[2:].lower()
    # keccak256("transfer(address,uint256)")
    assert parse_function("transfer(address,uint256)").selector.hex() == "a9059cbb"


def test_decode__one_value_several_structs_nothing__natural_python() -> None:
    assert INTERFACE.function("one").decode(encode(["uint256"], [5])) == 5
    two = INTERFACE.function("two").decode(encode(["address", "uint256[]"], [ADDRESS, [1, 2]]))
    assert (two.x, two.y) == (ADDRESS, [1, 2])
    (found,) = INTERFACE.function("struct").decode(encode(["(uint256,address)[]"], [[(7, ADDRESS)]]))
    assert (found.low, found[1]) == (7, ADDRESS)
    assert INTERFACE.function("nothing").decode(b"") is None


def test_function__overloaded__chosen_by_arguments() -> None:
    assert INTERFACE.encode("twice", 1)[:4] != INTERFACE.encode("twice", 1, 2)[:4]
    with pytest.raises(ValueError, match=r"one\(address\) takes 1 arguments, 2 were given"):
        INTERFACE.encode("one", ADDRESS, 1)
    with pytest.raises(KeyError, match="Thing has no function 'three'"):
        INTERFACE.encode("three")
    with pytest.raises(ValueError, match=r"Thing's constructor takes \(owner\), 0 arguments were given"):
        INTERFACE.encode_constructor()


def test_decode_logs__mixed__own_ones_in_their_order() -> None:
    topic = INTERFACE.topic("Moved")
    log = {
        "address": ADDRESS.lower(),
        "topics": [topic, "0x" + "00" * 12 + ADDRESS[2:].lower(), "0x" + "ab" * 32],
        "data": "0x" + encode(["uint256"], [9]).hex(),
        "blockNumber": "0x10",
        "logIndex": "0x2",
        "transactionHash": "0x33",
    }
    (event,) = INTERFACE.decode_logs([{**log, "topics": ["0x" + "00" * 32]}, log, {**log, "topics": []}])
    assert (event.name, event.who, event.note, event.amount) == ("Moved", ADDRESS, "0x" + "ab" * 32, 9)
    assert list(event.args) == ["who", "note", "amount"]
    assert (event.address, event.block, event.index, event.tx_hash) == (ADDRESS, 16, 2, "0x33")
    with pytest.raises(AttributeError):
        _ = event.nobody


def test_artifact__blueprint__erc5202() -> None:
    compiled = Artifacts({"Thing": {"abi": ABI, "deploymentBytecode": {"bytecode": "0x6001"}, "runtimeBytecode": {"bytecode": "0x02"}}})
    assert compiled["Thing"].blueprint().hex() == "610005" + "3d81600a3d39f3" + "fe7100" + "6001"
    assert compiled["Thing"].deployment(ADDRESS).hex() == "6001" + "00" * 12 + ADDRESS[2:].lower()
    assert compiled["Thing"].code.hex() == "02"
    with pytest.raises(BuildError, match="Other is not among the compiled contracts: run `ape compile`"):
        _ = compiled["Other"]
