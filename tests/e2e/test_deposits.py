"""The console's helpers for ranges: what they say before, and what the chain has afterwards."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest

from plimsoll.abi import Contract
from plimsoll.deposits import PAIR_FEE, Deposits
from plimsoll.errors import Problem
from plimsoll.pools import Position, Reader
from tests.e2e.conftest import Market, person

pytestmark = pytest.mark.e2e

WHO = person(21)
USD, ETH = 10**6, 10**18
LATE = 2**40


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def deposits(market: Market, said: list[str]) -> Deposits:
    market.rpc.set_balance(WHO, 10**20)

    def send(contract: Contract, function: str, args: Sequence[Any]) -> Mapping[str, Any]:
        return market.act(WHO, contract, function, *args)

    return Deposits(market.rpc, market.book, market.compiled, WHO, send, said.append)


def mine(market: Market) -> list[Position]:
    found = Reader(market.rpc, market.book, market.compiled).pools(account=WHO)
    return list(found[-1].positions) if found else []


def balances(market: Market) -> tuple[int, int]:
    return market.usd.call("balanceOf", WHO), market.eth.call("balanceOf", WHO)


def test_open__dollars_alone__all_of_them_in_the_range(market: Market, deposits: Deposits, said: list[str]) -> None:
    o = deposits.open("eth", "narrow", {"usd": 1000})
    assert said == ["minting 1,000 USD (test tokens)"]
    (x,) = mine(market)
    assert (x.token_id, x.owner, x.liquidity, x.lower, x.upper) == (o.token_id, WHO, o.liquidity, o.lower, o.upper)
    assert x.flows.deposited == o.amounts
    # 10 % around 200, at the next usable ticks
    low, high = o.pool.range_of(x)
    assert 178.9 < low <= 180
    assert 220 <= high < 221.4
    # half of it was swapped, for a fee of 0.3 %; the price hardly moves; what is left over is dust
    worth = Fraction(o.pool.in_quote(o.amounts), USD)
    assert 997.9 < worth < 999
    dollars, ether = balances(market)
    assert dollars < 10
    assert ether < 10**10
    assert market.usd.call("allowance", WHO, deposits.router.address) == 0


@pytest.mark.parametrize("given", [{"eth": 2}, {"eth": "0.5", "usd": 700.25}, {"usd": 1, "volatile": 3}])
def test_open__any_ratio__nothing_left_but_dust(market: Market, deposits: Deposits, given: dict[str, Any]) -> None:
    o = deposits.open(market.eth, 7.5, given, fee=0.3)
    dollars, ether = balances(market)
    assert dollars < 10
    assert ether < 10**10
    asked = sum(Fraction(str(a)) * (1 if name == "usd" else 200) for name, a in given.items())
    assert asked * 995 / 1000 < Fraction(o.pool.in_quote(o.amounts), USD) < asked * 1001 / 1000
    assert [x.token_id for x in mine(market)] == [o.token_id]


def test_open__own_tokens__not_minted(market: Market, deposits: Deposits, said: list[str]) -> None:
    market.act(WHO, market.usd, "mint", WHO, 1_500 * USD)
    deposits.open("eth", "full", {"usd": 1000})
    assert said == []
    assert 500 * USD <= balances(market)[0] < 500 * USD + 10


def test_open__price_moves_before_it_is_mined__refused(market: Market, deposits: Deposits) -> None:
    plain = deposits.send

    def send(contract: Contract, function: str, args: Sequence[Any]) -> Mapping[str, Any]:
        if function == "zap_in_range":
            trader = person(22)
            market.rpc.set_balance(trader, 10**20)
            market.act(trader, market.usd, "mint", trader, 10**11)
            market.act(trader, market.usd, "approve", deposits.router.address, 10**11)
            path = [market.usd.address, market.eth.address]
            market.act(trader, deposits.router, "swap_exact_in", 10**11, 0, path, [3_000], trader, LATE)
        return plain(contract, function, args)

    deposits.send = send
    with pytest.raises(Problem, match="router: too little liquidity"):
        deposits.open("eth", "narrow", {"usd": 1000}, slippage=0.1)
    assert mine(market) == []


@pytest.mark.parametrize(
    "asset, width, given, more, message",
    [
        ("gold", "narrow", {"usd": 1}, {}, r"there is no token 'gold' here \(there are: USD, ETH\)"),
        ("eth", "narrow", {}, {}, r"say how much to deposit, like open_range\('eth', 'narrow', usd=1000\)"),
        ("eth", "narrow", {"usd": 0}, {}, "say how much to deposit"),
        ("eth", "narrow", {"usd": -1}, {}, "-1 USD: it must be 0 or more, with at most 6 decimals"),
        ("eth", "narrow", {"usd": "0.0000001"}, {}, "0.0000001 USD: it must be 0 or more, with at most 6 decimals"),
        ("eth", "narrow", {"usd": "much"}, {}, "'much' is no number"),
        ("eth", "slim", {"usd": 1}, {}, "'slim' is no range: narrow, wide, full, or percent to both sides, like 7.5"),
        ("eth", "narrow", {"usd": 1}, {"fee": 1}, r"there is no range pool ETH/USD with a fee of 1 % \(there are: 0.3 %\)"),
        ("eth", "narrow", {"usd": 1}, {"slippage": 100}, "a slippage of 100 %: it must be at least 0 and below 100"),
        ("usd", "narrow", {"usd": 1}, {}, "USD against what"),
    ],
)
def test_open__bad_input__said(
    market: Market, deposits: Deposits, asset: str, width: Any, given: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(Problem, match=message):
        deposits.open(asset, width, given, **more)
    assert mine(market) == []


def test_open__no_development_chain__nothing_minted(market: Market, deposits: Deposits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(market.rpc), "chain_id", 1)
    with pytest.raises(Problem, match=f"{WHO} has 0 USD, 1,000 are needed"):
        deposits.open("eth", "narrow", {"usd": 1000})


def test_move_compound_close__one_position__what_went_in_comes_out(market: Market, deposits: Deposits) -> None:
    first = deposits.open("eth", "narrow", {"usd": 5_000, "eth": 25})
    trader = person(22)
    market.rpc.set_balance(trader, 10**20)
    for contract, amount in ((market.usd, 20_000 * USD), (market.eth, 100 * ETH)):
        market.act(trader, contract, "mint", trader, amount)
        market.act(trader, contract, "approve", deposits.router.address, amount)
        path = [contract.address, (market.eth if contract is market.usd else market.usd).address]
        market.act(trader, deposits.router, "swap_exact_in", amount, 0, path, [3_000], trader, LATE)

    earned = mine(market)[0].fees
    assert min(earned) > 0
    _, added = deposits.compound(first.token_id)
    # one of both fits whole
    assert any(a == e for a, e in zip(added, earned, strict=True))
    assert all(a <= e for a, e in zip(added, earned, strict=True))
    (x,) = mine(market)
    assert x.flows.reinvested == added
    assert x.fees == earned

    moved = deposits.move(first.token_id, "wide")
    assert (moved.lower, moved.upper) != (first.lower, first.upper)
    positions = {x.token_id: x for x in mine(market)}
    assert positions[moved.token_id].flows.deposited == first.amounts
    assert positions[moved.token_id].fees == earned
    # what did not fit the new range waits under the old id
    assert set(positions) <= {first.token_id, moved.token_id}

    for token_id in positions:
        deposits.close(token_id)
    assert mine(market) == []
    dollars, ether = balances(market)
    # the trader has paid for it
    assert Fraction(dollars, USD) + 200 * Fraction(ether, ETH) > 9_990
    with pytest.raises(Problem, match=f"there is no position {moved.token_id}"):
        deposits.close(moved.token_id)


def test_compound__nobody_has_traded__no_fees_said(deposits: Deposits) -> None:
    opened = deposits.open("eth", "narrow", {"usd": 500, "eth": "2.5"})
    with pytest.raises(Problem, match=f"^position {opened.token_id} has earned no fees that could be added$"):
        deposits.compound(opened.token_id)


def test_open__slippage_out_of_range__refused_before_anything_is_sent(market: Market, deposits: Deposits) -> None:
    before = market.rpc.block_number()
    for slippage in (-1, 100, "much"):
        with pytest.raises(Problem, match=r"slippage|is no number"):
            deposits.open("eth", "narrow", {"usd": 1_000_000_000}, slippage=slippage)
    assert market.rpc.block_number() == before


@pytest.mark.parametrize("token_id", ["four", -1, 2**256, True])
def test_close__no_number_of_a_position__one_line(deposits: Deposits, token_id: Any) -> None:
    with pytest.raises(Problem, match=f"'{token_id}' is no position: give its number"):
        deposits.close(token_id)


def test_routes__pair_and_range_pool__as_quoted_and_best_first(market: Market, deposits: Deposits) -> None:
    routes = deposits.routes(1_000, ["usd", market.eth])
    assert {r.name for r in routes} == {"pair", "0.3 %"}
    assert routes[0].amount_out > routes[1].amount_out
    market.act(WHO, market.usd, "mint", WHO, 1_000 * USD)
    market.act(WHO, market.usd, "approve", deposits.router.address, 1_000 * USD)
    best = routes[0]
    fee = PAIR_FEE if best.name == "pair" else 3_000
    market.act(
        WHO, deposits.router, "swap_exact_in", 1_000 * USD, best.amount_out, [market.usd.address, market.eth.address], [fee], WHO, LATE
    )  # fmt: skip
    assert balances(market) == (0, best.amount_out)
    # 0.25 % of 1,000, and the price moves by less than a thousandth
    pair = next(r for r in routes if r.name == "pair")
    assert abs(pair.fee_wad - 25 * 10**14) <= 10**10
    assert 0 < pair.price_impact_wad < 10**15


@pytest.mark.parametrize(
    "amount, path, message",
    [
        (1, ["usd"], "a quote needs an amount and two to five tokens"),
        (1, ["usd", "gold"], "there is no token 'gold'"),
        (1, ["usd", "usd"], "there is no pool of USD and USD with liquidity"),
        (0, ["usd", "eth"], "quoter: zero amount"),
    ],
)
def test_routes__bad_input__said(deposits: Deposits, amount: Any, path: list[str], message: str) -> None:
    with pytest.raises(Problem, match=message):
        deposits.routes(amount, path)
