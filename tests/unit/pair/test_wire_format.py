"""Selectors, argument and answer types and events are those of the published Uniswap V2, but for what is left out on purpose. (AMM-09)"""

import json
import re
from functools import partial

import pytest
from eth_abi import encode
from vyper.compiler.output import build_abi_output

from tests.conftest import ROOT, load
from tests.pair_world import OWNER, START, FastPair
from tests.revm import MAX, Machine, call_data, selector

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
        "UniswapV2Pair": {"fee_bps()", "recent(uint256)", "window(uint256)"},
        "UniswapV2Factory": {"blueprint()", "fee_bps()", "init_code_hash()", "parameters()", "protocol_share()"},
    }
    assert functions(abi_of(name)).keys() - functions(published(name)).keys() == more[name]
    assert events(abi_of(name)).keys() == events(published(name)).keys()


def refusals(pair, lying):
    """What leads to each reason, on an empty or a spoilt state of its own."""
    swap = "swap(uint256,uint256,address,bytes)"

    def out(amount0, to=OWNER):
        return selector(swap) + encode(["uint256", "uint256", "address", "bytes"], [amount0, 0, to, b""])

    def balance(amount):
        return lambda: lying(call_data("set_balance(address,uint256)", pair.pair, amount))

    permit = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
    return {
        "INSUFFICIENT_OUTPUT_AMOUNT": (None, out(0)),
        "INSUFFICIENT_LIQUIDITY": (None, out(10**18)),
        "INVALID_TO": (None, out(1, pair.token0)),
        "INSUFFICIENT_INPUT_AMOUNT": (balance(10**18 - 10**6), out(10**6)),
        "K": (balance(10**18 - 10**6 + 1), out(10**6)),
        "OVERFLOW": (balance(2**112), selector("sync()")),
        "TRANSFER_FAILED": (lambda: lying(selector("set_answer(bytes,bool)") + encode(["bytes", "bool"], [bytes(32), False])), out(1)),
        "INSUFFICIENT_LIQUIDITY_MINTED": (None, call_data("mint(address)", OWNER)),
        "INSUFFICIENT_LIQUIDITY_BURNED": (None, call_data("burn(address)", OWNER)),
        "EXPIRED": (None, call_data(permit, OWNER, OWNER, 1, 0, 27, 1, 1)),
        "INVALID_SIGNATURE": (None, call_data(permit, OWNER, OWNER, 1, MAX, 27, 1, 1)),
    }


def test_reasons__each_of_uniswap_v2__is_the_canonical_error_to_the_byte():
    found = set()
    for reason in refusals(FastPair(Machine(OWNER, START)), None):
        pair = FastPair(Machine(OWNER, START))
        pair.start(10**18, 10**18)
        prepare, data = refusals(pair, partial(pair.machine.must, OWNER, pair.token0))[reason]
        if prepare:
            prepare()
        outcome = pair.machine.send(OWNER, pair.pair, data)
        assert not outcome.success
        assert outcome.data == selector("Error(string)") + encode(["string"], [f"UniswapV2: {reason}"])
        found.add(reason)
    source = (ROOT / "contracts/amm/Pair.vy").read_text()
    assert found == {name.removeprefix("FAIL_") for name in re.findall(r"^((?:FAIL|INSUFFICIENT)_\w+): constant", source, re.MULTILINE)}
