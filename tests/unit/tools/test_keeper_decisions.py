"""What the keeper decides, without a chain."""

from typing import Any

import numpy as np
import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from plimsoll import health, keeper
from plimsoll.errors import KeeperError
from plimsoll.health import Bounds
from plimsoll.keeper import Offer

WAD = 10**18
MAX_128 = 2**128 - 1


def packed(*accounts: tuple[int, int]) -> bytes:
    """The lens's answer for (capacity, debt) each."""
    return encode(["uint256[]"], [[c << 128 | d for c, d in accounts]])


def due(*accounts: tuple[int, int]) -> list[int]:
    return [int(i) for i in health.liquidatable(health.decode_health(packed(*accounts), len(accounts)))]


amounts = st.integers(0, MAX_128) | st.integers(0, 3) | st.integers(2**64 - 2, 2**64 + 2)


@given(st.lists(st.tuples(amounts, amounts) | amounts.map(lambda a: (a, a)), max_size=30))
def test_liquidatable__any_accounts__exactly_those_and_largest_debt_first(accounts: list[tuple[int, int]]) -> None:
    found = due(*accounts)
    assert sorted(found) == [i for i, (c, d) in enumerate(accounts) if d > 0 and d >= c]
    debts = [accounts[i][1] for i in found]
    assert debts == sorted(debts, reverse=True)
    answered = health.decode_health(packed(*accounts), len(accounts))
    assert health.without_debt(answered).tolist() == [i for i, (_, d) in enumerate(accounts) if d == 0]


def test_encode_health__addresses__as_a_general_encoder() -> None:
    accounts = [f"0x{n:040x}" for n in (1, 2**160 - 1, 77)]
    assert health.encode_health(accounts) == "0x" + health.HEALTH.encode(accounts).hex()
    assert health.encode_health([]) == "0x" + health.HEALTH.encode([]).hex()


@pytest.mark.parametrize("answer", [b"", b"\0" * 64, packed((1, 1), (1, 1)), packed((1, 1)) + b"\0"])
def test_decode_health__not_one_word_per_account__refused(answer: bytes) -> None:
    with pytest.raises(KeeperError, match="one word per account"):
        health.decode_health(answer, 1)


def reserves(*bands: tuple[int, int, int], modes: tuple[int, ...]) -> bytes:
    """The lens's answer for reserves of (liquidation_high, liquidation_low, why): 3 in cash, 1 in debt, 4 million shares, LTV 65."""
    somebody = "0x" + "11" * 20
    state = [(0, 3, 4 * 10**6, 0, 1, 1, 2, 0, 6_500, 6_500, 0, 0, True, somebody, mode, 0) for mode in modes]
    told = (*[0] * 8, somebody, False, 0, 0)
    rows = [(f"0x{i:040x}", state[i], *told, (0, 0, high, low, 0, 0, 0, 0, 0, why)) for i, (high, low, why) in enumerate(bands)]
    return encode(health.RESERVES.outputs, [rows])


def test_decode_reserves__prices_per_share__at_the_trigger() -> None:
    found = health.decode_reserves(reserves((100, 90, 0), (7, 5, 128), modes=(0, 1)))
    assert found.assets == [f"0x{i:040x}" for i in range(2)]
    assert found.why == [0, 128]
    # price * LTV * (assets + 1) / (shares + a million virtual ones)
    assert found.collateral.tolist() == [100 * 6_500 * 5 / (5 * 10**6), 7 * 6_500 * 5 / (5 * 10**6)]
    assert found.debt.tolist() == [90 * 2, 5 * 2]
    assert not found.by_depth


def test_decode_reserves__one_in_mode_full__told() -> None:
    assert health.decode_reserves(reserves((100, 90, 0), (7, 5, 0), modes=(0, 2))).by_depth


# ---------------------------------------------------------------- offers


def offer(**changes: Any) -> Offer:
    fields: dict[str, Any] = {
        "borrower": "0xb",
        "debt_asset": "0xd",
        "collateral_asset": "0xc",
        "max_repay": 100,
        "repaid": 100,
        "received": 7 * WAD,
        "paid_wad": 1_000 * WAD,
        "received_wad": 1_070 * WAD,
        "gas_wad": 2 * WAD,
    }
    return Offer(**{**fields, **changes})


def test_best__several__most_profitable_that_pays() -> None:
    poor, good = offer(received_wad=1_010 * WAD), offer(received_wad=1_090 * WAD)
    assert keeper.best([poor, offer(), good], 0) is good
    assert keeper.best([poor], 8 * WAD) is poor
    assert keeper.best([poor], 8 * WAD + 1) is None
    assert keeper.best([offer(received_wad=1_002 * WAD)], 0) is not None
    assert keeper.best([offer(received_wad=1_002 * WAD - 1)], 0) is None
    assert keeper.best([], 0) is None


@given(st.integers(1, 10**30), st.integers(0, 10**24), st.integers(0, 10**24), st.integers(0, 10**22))
def test_least_received__any_price__worth_it_and_not_one_unit_less(price: int, paid: int, gas: int, profit: int) -> None:
    least = keeper.least_received(offer(paid_wad=paid, gas_wad=gas), price, profit)
    assert least * price >= (paid + gas + profit) * WAD
    assert least == 0 or (least - 1) * price < (paid + gas + profit) * WAD


# ---------------------------------------------------------------- bounds


def health_of(position: tuple[list[int], list[int]], prices: tuple[list[float], list[float]]) -> tuple[int, int]:
    capacity = sum(int(s * p) for s, p in zip(position[0], prices[0], strict=True))
    debt = sum(int(s * p) for s, p in zip(position[1], prices[1], strict=True))
    return capacity, debt


shares = st.lists(st.integers(0, 10**24), min_size=3, max_size=3)
positions = st.lists(st.tuples(shares, shares), min_size=1, max_size=8)
price = st.floats(0.001, 1000, allow_nan=False) | st.just(0.0)
price_vectors = st.tuples(st.lists(price, min_size=3, max_size=3), st.lists(price, min_size=3, max_size=3))


def rows(accounts: list[tuple[int, int]]) -> Any:
    return health.decode_health(packed(*[(min(c, MAX_128), min(d, MAX_128)) for c, d in accounts]), len(accounts))


@given(positions, st.lists(price_vectors, min_size=2, max_size=6), st.data())
def test_bounds__prices_move_anyhow__nobody_due_is_left_out(
    accounts: list[tuple[list[int], list[int]]], path: list[tuple[list[float], list[float]]], data: st.DataObject
) -> None:
    names = [f"0x{i:040x}" for i in range(len(accounts))]
    bounds = Bounds()
    bounds.set_accounts(names)
    for prices in path:
        vectors = np.array(prices[0]), np.array(prices[1])
        possible = set(np.flatnonzero(bounds.highest(vectors) >= 1 - keeper.MARGIN).tolist())
        now = [health_of(a, prices) for a in accounts]
        # dust, where a rounded unit outweighs the margin, is found when its turn comes
        for i, (capacity, debt) in enumerate(now):
            if debt > 0 and debt >= capacity and debt > 10**12:
                assert i in possible
        checked = sorted(data.draw(st.sets(st.sampled_from(range(len(accounts)))), label="checked"))
        if checked:
            bounds.checked(np.array(checked), rows([now[i] for i in checked]), vectors)


def test_bounds__prices_return__only_the_risky_are_asked() -> None:
    bounds = Bounds()
    names = [f"0x{i:040x}" for i in range(4)]
    bounds.set_accounts(names)
    calm = np.array([2.0, 1.0]), np.array([2.0, 1.0])
    assert bounds.highest(calm).tolist() == [np.inf] * 4
    bounds.checked(np.arange(4), rows([(100, 50), (100, 90), (100, 0), (0, 5)]), calm)
    assert np.flatnonzero(bounds.highest(calm) >= 1).tolist() == [3]
    lower = np.array([1.0, 1.0]), np.array([1.0, 1.0])
    assert np.flatnonzero(bounds.highest(lower) >= 1).tolist() == [0, 1, 3]
    assert np.flatnonzero(bounds.highest(calm) >= 1).tolist() == [3]
    bounds.touched([names[2], "0xunknown"])
    assert np.flatnonzero(bounds.highest(calm) >= 1).tolist() == [2, 3]
    bounds.set_accounts([names[1], "0xnew", names[0]])
    assert bounds.highest(calm).tolist() == [0.9, np.inf, 0.5]


def test_bounds__many_checks__old_snapshots_dropped() -> None:
    bounds = Bounds()
    bounds.set_accounts(["0xa", "0xb"])
    vectors = np.array([1.0]), np.array([1.0])
    bounds.checked(np.array([0]), rows([(100, 40)]), vectors)
    for _ in range(4_500):
        bounds.checked(np.array([1]), rows([(100, 80)]), vectors)
    assert len(bounds._collateral) < 2_100
    assert bounds.highest(vectors).tolist() == [0.4, 0.8]


def test_bounds__in_turn__everybody_comes() -> None:
    bounds = Bounds()
    bounds.set_accounts([f"0x{i:040x}" for i in range(2 * health.IN_TURN + 7)])
    seen: set[int] = set()
    for _ in range(3):
        seen |= set(bounds.some_in_turn().tolist())
    assert seen == set(range(2 * health.IN_TURN + 7))
