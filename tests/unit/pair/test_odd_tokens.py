"""Tokens without return value, with a fee, and tokens that lie."""

import pytest
from eth_abi import encode

from tests.pair_world import START, ScriptedPair, set_time
from tests.unit.pair.conftest import E18, reverts

TRUE, FALSE = encode(["bool"], [True]), encode(["bool"], [False])


@pytest.fixture
def lying(owner) -> ScriptedPair:
    world = ScriptedPair.create(owner)
    world.start(10**6, 10**6)
    return world


@pytest.mark.parametrize(
    "answer, fails, passes",
    [
        (TRUE, False, True),
        (b"", False, True),
        (TRUE + TRUE, False, True),
        (encode(["uint256"], [2**255]), False, True),
        (FALSE, False, False),
        (FALSE + TRUE, False, False),
        (b"\x01", False, False),
        (TRUE[:31], False, False),
        (TRUE, True, False),
        (b"", True, False),
    ],
)
@pytest.mark.parametrize("which", ["token0", "token1"])
def test_push__each_answer__succeeds_only_if_true_or_nothing(lying, borrower, which, answer, fails, passes):
    getattr(lying, which).set_answer(answer, fails)
    lying._set(10**6 + 100, 10**6 + 100)
    actions = [lambda: lying.pair.skim(borrower), lambda: lying.pair.swap(1, 1, borrower, b"")]
    for action in actions:
        if passes:
            action()
        else:
            with reverts("TRANSFER_FAILED"):
                action()


def test_no_return_token__whole_life__works(new_market, no_return_token, new_token, lender, borrower):
    market = new_market(tokens=(no_return_token, new_token("AAA")))
    market.provide(1000 * E18, 1000 * E18)
    market.sell(E18)
    market.sell(E18, zero_for_one=False)
    market.pair.transfer(market.pair, E18, sender=lender)
    assert market.pair.burn(borrower) == market.model.burn(E18)
    market.agrees()


def test_fee_token__what_arrives__counts(new_market, fee_token, new_token, lender, borrower):
    """Paid 100, 99 arrive; bought 100, 99 arrive."""
    market = new_market(tokens=(fee_token, new_token("AAA")))
    market.provide(1000 * E18, 1000 * E18)
    is_token0 = market.token0.address == fee_token.address
    fee_token.mint(borrower, 100 * E18)
    fee_token.transfer(market.pair, 100 * E18, sender=borrower)
    out = market.model.amount_out(99 * E18, is_token0)
    with reverts("K"):
        market.pair.swap(*((0, out + 1) if is_token0 else (out + 1, 0)), borrower, b"")
    market.pair.swap(*((0, out) if is_token0 else (out, 0)), borrower, b"")
    market.pair.transfer(market.pair, market.pair.balanceOf(lender), sender=lender)
    market.pair.burn(lender)
    assert fee_token.balanceOf(lender) > 1000 * E18


def test_lying_token__balance_gone__history_goes_on_and_comes_back(lying):
    """The pair of a token that takes its balance away harms itself alone; reading it never reverts."""
    for second, reserves in ((300, (0, 0)), (700, (0, 10**6)), (1200, (10**6, 0)), (2000, (10**6, 10**6)), (2060, (10**6, 3 * 10**6))):
        lying.at(START + second)
        lying.sync(*reserves)
        lying.check()
        lying.at(START + second + 59)
        lying.check(0, 7)
    lying.at(START + 10_000)
    lying.check()


def test_lying_token__both_balances_gone_in_the_first_block__has_a_tick_of_zero(owner):
    world = ScriptedPair.create(owner)
    world.start(10**6, 10**9)
    world.sync(0, 0)
    world.at(START + 1000)
    world.check(0, 5)
    world.sync(10**6, 10**9)
    world.at(START + 2000)
    world.check(0, 10)


def test_lying_token__reserves_empty__gives_no_liquidity_and_no_output(lying, borrower):
    lying.sync(0, 10**6)
    lying._set(10**6, 2 * 10**6)
    with reverts("INSUFFICIENT_LIQUIDITY_MINTED"):
        lying.pair.mint(borrower)
    with reverts("INSUFFICIENT_LIQUIDITY"):
        lying.pair.swap(0, 1, borrower, b"")


def test_lying_token__supply_beyond_every_bound__reverts(lying, borrower):
    """Reserves of 1 and gifts of 2^111 mint 2^111 times the supply, a few times over."""
    reached = 0
    for _ in range(4):
        lying.sync(1, 1)
        lying._set(2**111, 2**111)
        try:
            lying.pair.mint(borrower)
            reached += 1
        except Exception:
            break
    assert reached == 2
    assert lying.pair.totalSupply() < 2**256
    set_time(START + 1000)
    lying.pair.sync()
    lying.pair.window(0)
