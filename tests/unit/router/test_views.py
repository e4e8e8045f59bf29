import json

import boa
import pytest
from vyper.compiler.output import build_abi_output

from plimsoll.reference.pair import Pair
from tests.conftest import ROOT, load
from tests.pair_world import ZERO, new_factory
from tests.unit.router.conftest import E18, PAIR, new_market


def test_abi__every_function_of_router02__is_there_with_its_types():
    published = json.loads((ROOT / "node_modules/@uniswap/v2-periphery/build/UniswapV2Router02.json").read_text())["abi"]

    def shape(entry):
        types = [[argument["type"] for argument in entry[side]] for side in ("inputs", "outputs")]
        # A view in place of a pure function is the same to a caller
        return entry["name"], *types, entry["stateMutability"].replace("pure", "view")

    ours = [shape(entry) for entry in build_abi_output(load("amm/Router.vy").compiler_data) if entry["type"] == "function"]
    wanted = [shape(entry) for entry in published if entry["type"] == "function"]
    assert len(wanted) == 24
    assert [entry for entry in wanted if entry not in ours] == []


def test_getters__after_deployment__name_what_it_was_built_with(full):
    router = full.router
    assert (router.factory(), router.WETH()) == (full.factory.address, full.wrapper.address)
    assert (router.range_factory(), router.position_manager()) == (full.range_factory.address, full.manager.address)
    assert router.quoter() == full.quoter.address


@pytest.mark.parametrize("fee_bps", [0, 1, 25, 30, 100, 9_999])
def test_quotes__any_fee__are_the_most_and_the_least_of_the_pairs_own_check(owner, lender, trader, new_token, fee_bps):
    router = load("amm/Router.vy").deploy(*_parts(owner, fee_bps))
    for reserves in ((10**18, 3 * 10**18), (1_000, 7), (2**111, 2**111), (5, 2**112 - 1)):
        model = Pair(fee_bps, reserve0=reserves[0], reserve1=reserves[1])
        for amount in (1, 2, 1_000, 10**9 + 7, 10**18):
            out = router.getAmountOut(amount, *reserves)
            assert out == model.amount_out(amount)
            if 0 < out < reserves[1]:
                needed = router.getAmountIn(out, *reserves)
                assert needed <= amount + 1
                assert model.amount_out(needed) >= out
                if needed > 2:
                    assert model.amount_out(needed - 2) < out


def _parts(owner, fee_bps):
    factory = new_factory(owner, fee_bps)
    pools = load("amm/RangePoolFactory.vy").deploy(load("amm/RangePool.vy").deploy_as_blueprint(), owner)
    return factory, pools, ZERO, ZERO, ZERO


def test_quotes__default_fee__are_of_25_bps(full):
    a, b, c = full.tokens
    first = Pair(25, reserve0=1_000 * E18, reserve1=4_000 * E18)
    second = Pair(25, reserve0=2_000 * E18, reserve1=1_000 * E18)
    there = first.amount_out(E18)
    assert full.router.getAmountsOut(E18, [a, b, c]) == [E18, there, second.amount_out(there)]
    amounts = full.router.getAmountsIn(E18, [a, b, c])
    assert amounts[2] == E18
    assert amounts[1] == full.quoter.quote_exact_out(E18, [b, c], [PAIR])[0]
    assert amounts[0] == full.quoter.quote_exact_out(E18, [a, b, c], [PAIR, PAIR])[0]
    assert full.router.quote(E18, 5, 15) == 3 * E18


def test_constructor__thirty_bps__is_in_lowest_terms(owner, lender, trader, new_token):
    """Where Router02's products overflow, ours do, and not before."""
    market = new_market(owner, lender, trader, new_token, fee_bps=30)
    largest = (2**256 - 1_001) // 997
    assert market.router.getAmountOut(largest, 1, 1) == 0
    with boa.reverts():
        market.router.getAmountOut(largest + 2, 1, 1)
