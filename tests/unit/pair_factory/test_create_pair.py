"""One address for each pair, known before it exists. (AMM-08)"""

import boa
import pytest
from eth_utils import keccak, to_checksum_address

from tests.conftest import load
from tests.pair_world import ZERO, in_order


def created(factory):
    return [(e.token0, e.token1, e.pair, e.count) for e in factory.get_logs() if type(e).__name__ == "PairCreated"]


def address_of(factory, token0, token1):
    """As Uniswap V2's clients compute it, without asking anyone but for the hash."""
    salt = keccak(bytes.fromhex(token0.address[2:]) + bytes.fromhex(token1.address[2:]))
    return to_checksum_address(keccak(b"\xff" + bytes.fromhex(factory.address[2:]) + salt + factory.init_code_hash())[-20:])


def test_init_code_hash__of_the_factory__is_that_of_the_published_init_code(factory):
    assert factory.init_code_hash() == keccak(load("amm/Pair.vy").compiler_data.bytecode)


@pytest.mark.parametrize("swapped", [False, True])
def test_create_pair__two_tokens_in_either_order__exists_at_the_computed_address(factory, tokens, attacker, swapped):
    token0, token1 = tokens
    expected = address_of(factory, token0, token1)
    pair = factory.createPair(*(reversed(tokens) if swapped else tokens), sender=attacker)
    assert created(factory) == [(token0.address, token1.address, expected, 1)]
    assert pair == expected
    assert factory.getPair(token0, token1) == factory.getPair(token1, token0) == pair
    assert (factory.allPairs(0), factory.allPairsLength()) == (pair, 1)


def test_create_pair__new_pair__is_empty_and_knows_its_place(factory, tokens):
    pair = load("amm/Pair.vy").at(factory.createPair(*tokens))
    assert (pair.factory(), pair.token0(), pair.token1()) == (factory.address, tokens[0].address, tokens[1].address)
    assert pair.fee_bps() == 25
    assert pair.getReserves() == (0, 0, 0)
    assert (pair.totalSupply(), pair.kLast()) == (0, 0)


def test_create_pair__second_and_third__are_counted(factory, new_token):
    tokens = [new_token(name) for name in "ABC"]
    pairs = [factory.createPair(tokens[i], tokens[j]) for i, j in ((0, 1), (2, 1), (0, 2))]
    assert created(factory)[0][3] == 3
    assert [factory.allPairs(i) for i in range(3)] == pairs
    assert len(set(pairs)) == factory.allPairsLength() == 3
    for i, j, pair in ((0, 1, pairs[0]), (1, 2, pairs[1]), (2, 0, pairs[2])):
        assert address_of(factory, *in_order(tokens[i], tokens[j])) == factory.getPair(tokens[i], tokens[j]) == pair


def test_create_pair__parameters_after_it__name_no_tokens(factory, tokens):
    factory.createPair(*tokens)
    assert factory.parameters() == (ZERO, ZERO, 25, 8, 25)


def test_create_pair__same_pair_again__reverts(factory, tokens):
    factory.createPair(*tokens)
    for pair in (tokens, reversed(tokens)):
        with boa.reverts("UniswapV2: PAIR_EXISTS"):
            factory.createPair(*pair)


def test_create_pair__one_token_twice__reverts(factory, tokens):
    with boa.reverts("UniswapV2: IDENTICAL_ADDRESSES"):
        factory.createPair(tokens[0], tokens[0])
    with boa.reverts("UniswapV2: IDENTICAL_ADDRESSES"):
        factory.createPair(ZERO, ZERO)


def test_create_pair__zero_address__reverts(factory, tokens):
    for pair in ((tokens[0], ZERO), (ZERO, tokens[0])):
        with boa.reverts("UniswapV2: ZERO_ADDRESS"):
            factory.createPair(*pair)


def test_all_pairs__beyond_the_last__reverts(factory, tokens):
    factory.createPair(*tokens)
    with boa.reverts():
        factory.allPairs(1)
    with boa.reverts():
        factory.allPairs(2**256 - 1)
