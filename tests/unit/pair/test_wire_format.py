"""Selectors, argument and answer types and events are those of the published Uniswap V2, but for what is left out on purpose. (AMM-09)"""

import json

import pytest
from vyper.compiler.output import build_abi_output

from tests.conftest import ROOT, load

LEFT_OUT = {
    "UniswapV2Pair": {"initialize(address,address)", "price0CumulativeLast()", "price1CumulativeLast()"},
    "UniswapV2Factory": set(),
}
OURS = {"UniswapV2Pair": "amm/Pair.vy", "UniswapV2Factory": "amm/PairFactory.vy"}


def published(name):
    return json.loads((ROOT / "node_modules/@uniswap/v2-core/build" / f"{name}.json").read_text())["abi"]


def types(arguments):
    return tuple(a["type"] for a in arguments)


def functions(abi):
    reads = {"view": True, "pure": True}
    return {
        f"{e['name']}({','.join(types(e['inputs']))})": (types(e["outputs"]), reads.get(e["stateMutability"], False))
        for e in abi
        if e["type"] == "function"
    }


def events(abi):
    return {e["name"]: tuple((i["type"], i["indexed"]) for i in e["inputs"]) for e in abi if e["type"] == "event"}


def abi_of(name):
    return build_abi_output(load(OURS[name]).compiler_data)


@pytest.mark.parametrize("name", OURS)
def test_abi__each_function_of_uniswap_v2__is_there_with_its_types(name):
    expected = functions(published(name))
    assert LEFT_OUT[name] <= expected.keys()
    found = functions(abi_of(name))
    for signature, kind in expected.items():
        if signature not in LEFT_OUT[name]:
            assert found[signature] == kind, signature


@pytest.mark.parametrize("name", OURS)
def test_abi__each_event_of_uniswap_v2__is_there_with_its_types(name):
    found = events(abi_of(name))
    for event, inputs in events(published(name)).items():
        assert found[event] == inputs


@pytest.mark.parametrize("name", OURS)
def test_abi__anything_more__is_ours_by_name(name):
    more = {
        "UniswapV2Pair": {"fee_bps()", "window(uint256)"},
        "UniswapV2Factory": {"blueprint()", "fee_bps()", "init_code_hash()", "parameters()", "protocol_share()"},
    }
    assert functions(abi_of(name)).keys() - functions(published(name)).keys() == more[name]
    assert events(abi_of(name)).keys() == events(published(name)).keys()
