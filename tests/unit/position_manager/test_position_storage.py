"""Where things are stored, and how the packed words are made up: for whoever reads the chain's storage, and against changes by accident."""

import boa
from eth_abi import encode
from eth_utils import keccak
from vyper.compiler.output import build_layout_output

from tests.conftest import load
from tests.unit.position_manager.conftest import FOREVER, MAX_128

LAYOUT = {"owner_words": 0, "approvals": 1, "_balances": 2, "isApprovedForAll": 3, "last_id": 4, "_positions": 5}
CODE_LIMIT = 24_576


def slot(contract, name, key, field=0):
    place = int.from_bytes(keccak(encode(["uint256", "uint256"], [LAYOUT[name], key])), "big")
    return boa.env.get_storage(contract.address, place + field)


def test_layout__of_the_manager__is_the_golden_one():
    layout = build_layout_output(load("amm/PositionManager.vy").compiler_data)["storage_layout"]
    flat = {**layout.pop("position_tokens"), **layout}
    assert {name: entry["slot"] for name, entry in flat.items() if "slot" in entry} == LAYOUT


def test_words__of_a_position__hold_what_they_should(market, lender, borrower):
    token_id = market.mint(-1_200, 600)
    market.trade()
    market.manager.decreaseLiquidity((token_id, 5, 0, 0, FOREVER), sender=lender)
    market.manager.approve(borrower, token_id, sender=lender)
    position, pool = market.position(token_id), int(market.pool.address, 16)
    assert slot(market.manager, "_positions", token_id) == (pool >> 80 << 176 | 600 << 152 | (-1_200 % 2**24) << 128 | position.liquidity)
    assert slot(market.manager, "owner_words", token_id) == (pool % 2**80) << 160 | int(lender, 16)
    assert slot(market.manager, "approvals", token_id) == int(borrower, 16)
    assert slot(market.manager, "_positions", token_id, 1) == position.growth0
    assert slot(market.manager, "_positions", token_id, 2) == position.growth1
    assert slot(market.manager, "_positions", token_id, 3) == position.owed1 << 128 | position.owed0
    assert min(position.owed0, position.owed1) > 0


def test_burn__leaves_no_word(market, lender, borrower):
    token_id = market.mint()
    manager = market.manager
    manager.decreaseLiquidity((token_id, market.position(token_id).liquidity, 0, 0, FOREVER), sender=lender)
    manager.collect((token_id, lender, MAX_128, MAX_128), sender=lender)
    manager.approve(borrower, token_id, sender=lender)
    manager.burn(token_id, sender=lender)
    words = [slot(manager, name, token_id) for name in ("owner_words", "approvals")]
    assert words + [slot(manager, "_positions", token_id, field) for field in range(4)] == [0] * 6


def test_size__of_code_and_init_code__is_within_the_limit():
    data = load("amm/PositionManager.vy").compiler_data
    assert len(data.bytecode_runtime) < CODE_LIMIT
    assert len(data.bytecode) < CODE_LIMIT
