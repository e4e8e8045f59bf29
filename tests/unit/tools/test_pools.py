"""Pools and positions: sums over events, fees, impermanent loss, and what is asked for by name. On made-up data, against hand calculation."""

import io
import itertools
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from plimsoll import pool_command, pool_text, pools, ranges
from plimsoll.abi import Event
from plimsoll.addresses import AddressBook
from plimsoll.pools import PAIR, RANGE, ZERO, Coin, Flows, Growth, Pool, PoolError, Position, Share, Wanted

WAD = 10**18
MANAGER, ALICE, BOB = (f"0x{n * 40}" for n in "9ab")
USD = Coin("0x" + "1" * 40, "USD", 6)
ETH = Coin("0x" + "2" * 40, "ETH", 18)
GOLD = Coin("0x" + "3" * 40, "GOLD", 18)
counter = itertools.count()


def event(name: str, tx: str = "0x1", **args: Any) -> Event:
    return Event(name, args, MANAGER, 1, next(counter), tx)


def transfer(token_id: int, sender: str, receiver: str) -> Event:
    return event("Transfer", **{"from": sender, "to": receiver, "tokenId": token_id})


def increase(token_id: int, amount0: int, amount1: int, tx: str = "0x1") -> Event:
    return event("IncreaseLiquidity", tx, tokenId=token_id, liquidity=1, amount0=amount0, amount1=amount1)


def decrease(token_id: int, amount0: int, amount1: int) -> Event:
    return event("DecreaseLiquidity", tokenId=token_id, liquidity=1, amount0=amount0, amount1=amount1)


def collect(token_id: int, amount0: int, amount1: int, recipient: str = ALICE, tx: str = "0x1") -> Event:
    return event("Collect", tx, tokenId=token_id, recipient=recipient, amount0=amount0, amount1=amount1)


def move(old: int, new: int) -> Event:
    return event("MoveRange", tokenId=old, newTokenId=new)


def position(token_id: int | None = 1, owed: tuple[int, int] = (0, 0), flows: Flows | None = None, **more: Any) -> Position:
    values: dict[str, Any] = {"owner": ALICE, "lower": -60, "upper": 60, "liquidity": 1, "amounts": (0, 0)}
    return Position(token_id, owed=owed, flows=flows or Flows(), **(values | more))


# ---------------------------------------------------------------- sums over events


def test_history__deposits_withdrawals_collects__summed_by_id() -> None:
    past = pools.history([increase(1, 10, 20), increase(2, 1, 1), increase(1, 5, 0), decrease(1, 7, 8), collect(1, 9, 9)], MANAGER)
    assert past.flows == {1: Flows((15, 20), (7, 8), (9, 9)), 2: Flows((1, 1))}


def test_history__transfers__last_owner_and_burned_ones_left_out() -> None:
    events = [transfer(1, ZERO, ALICE), transfer(2, ZERO, ALICE), transfer(1, ALICE, BOB), transfer(2, ALICE, ZERO)]
    # in the order of the chain, whatever order they come in
    assert pools.history(reversed(events), MANAGER).owners == {1: BOB}


def test_history__compound__reinvested_and_neither_deposited_nor_collected() -> None:
    past = pools.history([increase(1, 100, 100), collect(1, 7, 3, MANAGER, "0x2"), increase(1, 7, 3, "0x2")], MANAGER)
    assert past.flows == {1: Flows(deposited=(100, 100), reinvested=(7, 3))}


@pytest.mark.parametrize(
    "events",
    [
        # to the manager, then out of it by other means
        [collect(1, 7, 3, MANAGER, "0x2"), increase(1, 7, 3, "0x3")],
        [collect(1, 7, 3, ALICE, "0x2"), increase(1, 7, 3, "0x2")],
        [collect(1, 7, 3, MANAGER, "0x2"), increase(2, 7, 3, "0x2")],
        [collect(1, 7, 3, MANAGER, "0x2"), increase(1, 7, 4, "0x2")],
    ],
)
def test_history__collect_then_deposit__no_compounding(events: list[Event]) -> None:
    past = pools.history(events, MANAGER)
    assert sum(f.deposited[0] for f in past.flows.values()) == sum(f.collected[0] for f in past.flows.values()) == 7
    assert all(f.reinvested == (0, 0) for f in past.flows.values())


MOVED = [
    transfer(1, ZERO, ALICE),
    increase(1, 100, 100),
    collect(1, 4, 4),
    decrease(1, 90, 110),
    collect(1, 92, 50, MANAGER),
    transfer(2, ZERO, ALICE),
    increase(2, 92, 50),
    move(1, 2),
]


def test_history__moved__the_new_one_carries_on() -> None:
    past = pools.history(MOVED, MANAGER)
    # 4 + 4 had been paid out; 92 + 50 went on; the rest stays owed to the old one
    assert past.flows == {2: Flows((100, 100), (90, 110), (4, 4), (92, 50))}
    assert (past.heirs, past.origins) == ({1: 2}, {2: 1})


def test_history__rest_of_a_moved_one_collected__counts_for_the_new_one() -> None:
    again = [transfer(3, ZERO, ALICE), increase(3, 5, 5), move(2, 3), collect(1, 0, 65)]
    past = pools.history([*MOVED, *again], MANAGER)
    assert past.flows == {3: Flows((100, 100), (90, 110), (4 - 5, 4 - 5 + 65), (97, 55))}
    assert pools.line(1, past.heirs) == [2, 3]
    assert pools.line(3, past.origins) == [2, 1]


def test_history__moved_one_used_again__goes_its_own_way() -> None:
    past = pools.history([*MOVED, increase(1, 8, 8)], MANAGER)
    assert past.flows[1] == Flows(deposited=(8, 8))
    assert past.flows[2].deposited == (100, 100)
    assert past.heirs == {}


def test_direct_flows__pool_events__by_owner_and_ticks() -> None:
    def of(name: str, owner: str, lower: int, amount0: int, amount1: int) -> Event:
        return event(name, owner=owner, tickLower=lower, tickUpper=60, amount0=amount0, amount1=amount1)

    events = [of("Mint", ALICE, 0, 5, 6), of("Mint", ALICE, -60, 1, 1), of("Mint", BOB, 0, 2, 2), of("Burn", ALICE, 0, 3, 4),
              of("Collect", ALICE, 0, 4, 4), event("Flash")]  # fmt: skip
    assert pools.direct_flows(events) == {
        (ALICE, 0, 60): Flows((5, 6), (3, 4), (4, 4)),
        (ALICE, -60, 60): Flows((1, 1)),
        (BOB, 0, 60): Flows((2, 2)),
    }


# ---------------------------------------------------------------- fees


@pytest.mark.parametrize(
    "owed, flows, fees, unclaimed",
    [
        ((3, 4), Flows((9, 9)), (3, 4), (3, 4)),
        ((3, 4), Flows((9, 9), collected=(5, 6)), (8, 10), (3, 4)),
        # 100 withdrawn and not collected: of what is owed, 3 are fees
        ((103, 4), Flows((9, 9), withdrawn=(100, 0)), (3, 4), (3, 4)),
        ((0, 0), Flows((9, 9), withdrawn=(100, 50), collected=(103, 54)), (3, 4), (0, 0)),
        ((0, 1), Flows((9, 9), reinvested=(3, 3)), (3, 4), (0, 1)),
        # dust that rounding kept does not make fees negative
        ((0, 0), Flows((9, 9), withdrawn=(100, 50), collected=(99, 50)), (0, 0), (0, 0)),
        # of the moved one above, with 65 of token1 still owed to the old id: 2 + 4 and 5 + 4 were earned
        ((0, 0), Flows((100, 100), (90, 110), (4, 4 + 65), (92, 50)), (6, 9), (0, 0)),
    ],
)
def test_fees__whatever_happened__all_that_was_earned(
    owed: tuple[int, int], flows: Flows, fees: tuple[int, int], unclaimed: tuple[int, int]
) -> None:
    x = position(owed=owed, flows=flows)
    assert (x.fees, x.unclaimed) == (fees, unclaimed)


def test_growth_inside__price_below_in_and_above__the_part_between_the_ticks() -> None:
    # in all 100; 30 below tick 0, 20 above tick 10: what a tick remembers is the side where the price is not
    below_0, above_10 = 30, 20
    at = {5: (below_0, above_10), -5: (100 - below_0, above_10), 15: (below_0, 100 - above_10)}
    for tick, (low, high) in at.items():
        growth = Growth((100, 1_000), {0: (low, low * 10), 10: (high, high * 10)})
        assert growth.inside(0, 10, tick) == (50, 500)
    # a tick's own price is in the range at its lower end, and not at its upper one
    assert Growth((100, 0), {0: (30, 0), 10: (20, 0)}).inside(0, 10, 0)[0] == 50
    assert Growth((100, 0), {0: (30, 0), 10: (80, 0)}).inside(0, 10, 10)[0] == 50


def test_owed_now__growth_wrapped_around__only_the_difference_counts() -> None:
    x128 = 2**128
    assert pools.owed_now((7, 0), (2**256 - 3 * x128, 0), (2 * x128, x128 // 3), 10) == (7 + 50, 3)


def test_position_key__of_uniswap__packed() -> None:
    packed = bytes.fromhex("aa" * 20) + bytes.fromhex("fff2a0") + bytes.fromhex("000d60")
    assert pools.position_key(ALICE, -3_424, 3_424) == keccak(packed)


def test_profile__overlapping_ranges__liquidity_between_the_ticks() -> None:
    assert pools.profile({-10: 5, 0: 2, 10: -5, 20: -2}) == [(-10, 0, 5), (0, 10, 7), (10, 20, 2)]
    assert pools.profile({}) == []


# ---------------------------------------------------------------- price, value, impermanent loss


def pool(price: Any = 200, coins: tuple[Coin, Coin] = (USD, ETH), base: int = 1, **more: Any) -> Pool:
    sqrt_price = ranges.sqrt_price_of(price, coins[0].decimals, coins[1].decimals, inverted=base == 1)
    values: dict[str, Any] = {"spacing": 60, "sqrt_price_x96": sqrt_price, "liquidity": 10**18}
    values["tick"] = ranges.tick_of_price(price, coins[0].decimals, coins[1].decimals, inverted=base == 1)
    return Pool(RANGE, "0x" + "4" * 40, coins, 3_000, base, **(values | more))


def opened(p: Pool, low: Any, high: Any, liquidity: int = 10**18) -> Position:
    lower, upper = ranges.ticks_of_prices(low, high, p.spacing, *(c.decimals for c in p.coins), inverted=p.base == 1)
    amounts = ranges.amounts(liquidity, p.sqrt_price_x96, lower, upper)
    return position(lower=lower, upper=upper, liquidity=liquidity, amounts=amounts, flows=Flows(deposited=amounts))


def at_price(p: Pool, x: Position, price: Any) -> tuple[Pool, Position]:
    now = pool(price, p.coins, p.base)
    return now, replace(x, amounts=ranges.amounts(x.liquidity, now.sqrt_price_x96, x.lower, x.upper))


@pytest.mark.parametrize("tick, state", [(-61, "price below"), (-60, "in range"), (59, "in range"), (60, "price above")])
def test_state__at_the_ends__lower_one_in_upper_one_out(tick: int, state: str) -> None:
    assert pool(1, (GOLD, ETH), 0, tick=tick).state(position()) == state
    # read the other way round, high is low
    mirrored = {"price below": "price above", "price above": "price below"}
    assert pool(1, (GOLD, ETH), 1, tick=tick).state(position()) == mirrored.get(state, state)


@pytest.mark.parametrize("base, coins", [(0, (ETH, USD)), (1, (USD, ETH))], ids=["ether first", "dollar first"])
def test_price__either_order__dollars_for_an_ether(base: int, coins: tuple[Coin, Coin]) -> None:
    p = pool(200, coins, base)
    assert p.price is not None
    assert abs(p.price - 200) < Fraction(1, 10**8)
    assert p.name == "ETH/USD 0.3 %"
    # 2 ether and 50 dollars
    amounts = (2 * WAD, 50 * 10**6) if base == 0 else (50 * 10**6, 2 * WAD)
    assert abs(p.in_quote(amounts) - 450 * 10**6) <= 1
    x = opened(p, 180, 220)
    low, high = p.range_of(x)
    assert 178.9 < low <= 180
    assert 220 <= high < 221.4
    states = [at_price(p, x, price)[0].state(x) for price in (170, 181, 219, 230)]
    assert states == ["price below", "in range", "in range", "price above"]
    assert p.state(replace(x, liquidity=0)) == "withdrawn"
    # below its range a position is all ether, above it all dollars
    for price, index in ((170, base), (230, 1 - base)):
        amounts = at_price(p, x, price)[1].amounts
        assert amounts[index] > 0
        assert amounts[1 - index] == 0


@pytest.mark.parametrize("base, coins", [(0, (ETH, USD)), (1, (USD, ETH))], ids=["ether first", "dollar first"])
@pytest.mark.parametrize(
    "factor, percent", [("1.25", "0.6"), ("1.5", "2.0"), ("1.75", "3.8"), (2, "5.7"), (3, "13.4"), (4, "20.0"), (5, "25.5")]
)
def test_against_holding__full_range__published_losses(base: int, coins: tuple[Coin, Coin], factor: Any, percent: str) -> None:
    p = pool(200, coins, base)
    lower, upper = pools.minimum_tick(60), pools.maximum_tick(60)
    amounts = ranges.amounts(10**20, p.sqrt_price_x96, lower, upper)
    x = position(lower=lower, upper=upper, liquidity=10**20, amounts=amounts, flows=Flows(deposited=amounts))
    assert p.is_full(x)
    p, x = at_price(p, x, 200 * Fraction(factor))
    now, held = p.against_holding(x)
    assert round(Decimal(held - now) * 100 / held, 1) == Decimal(percent)
    assert Decimal(pool_text.loss_text(now, held).removesuffix(" %")).quantize(Decimal("0.1")) == -Decimal(percent)
    assert abs(pool_command.loss_wad(now, held) - (held - now) * WAD // held) <= 1


def test_against_holding__ten_percent_of_a_pool__worked_example() -> None:
    """10 at 100 and 1,000: at 150 they are 8.165 and 1,224.7, worth 2,449.5; held they would be 2,500."""
    p = pool(100, (GOLD, ETH), 0)
    lower, upper = pools.minimum_tick(60), pools.maximum_tick(60)
    liquidity = isqrt(10 * 1_000) * WAD
    amounts = ranges.amounts(liquidity, p.sqrt_price_x96, lower, upper)
    assert [round(Decimal(a) / WAD, 6) for a in amounts] == [10, 1_000]
    x = position(lower=lower, upper=upper, liquidity=liquidity, amounts=amounts, flows=Flows(deposited=amounts))
    p, x = at_price(p, x, 150)
    assert [round(Decimal(a) / WAD, 3) for a in x.amounts] == [Decimal("8.165"), Decimal("1224.745")]
    now, held = p.against_holding(x)
    assert [round(Decimal(v) / WAD, 1) for v in (now, held)] == [Decimal("2449.5"), Decimal("2500.0")]
    assert pool_text.loss_text(now, held) == "-2.02 %"


def test_against_holding__half_withdrawn_before__it_counts_as_kept() -> None:
    p = pool(200)
    x = opened(p, 100, 400)
    half = replace(x, liquidity=x.liquidity // 2, flows=replace(x.flows, withdrawn=(x.amounts[0] // 2, x.amounts[1] // 2)))
    later, whole = at_price(p, x, 300)
    _, rest = at_price(p, half, 300)
    loss = [held - now for now, held in (later.against_holding(whole), later.against_holding(rest))]
    # only what stayed in the range has lost
    assert abs(loss[0] - 2 * loss[1]) <= 4
    # compounding adds as much to what came of it as it takes off
    more = replace(rest, amounts=pools.add(rest.amounts, (50, 70)), flows=rest.flows.plus(Flows(reinvested=(50, 70))))
    assert later.against_holding(more) == later.against_holding(rest)


@given(st.integers(0, 10**30), st.integers(0, 10**30), st.integers(2**40, 2**150))
def test_value__any_amounts__never_above_the_exact_one(amount0: int, amount1: int, sqrt_price: int) -> None:
    price = Fraction(sqrt_price**2, 2**192)
    for quote, exact in ((1, amount1 + amount0 * price), (0, amount0 + amount1 / price)):
        assert 0 <= exact - pools.value((amount0, amount1), sqrt_price, quote) < 1


def test_pair_sqrt_price__reserves__root_of_their_ratio() -> None:
    assert pools.pair_sqrt_price(4, 1) == 2**95
    assert pools.pair_sqrt_price(0, 1) == pools.pair_sqrt_price(1, 0) == 0


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "given_words, wanted",
    [
        ([], None),
        (["  "], None),
        ([ALICE], Wanted(address="0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa")),
        (["eth/usd"], Wanted(tokens=("eth", "usd"))),
        (["eth", "usd"], Wanted(tokens=("eth", "usd"))),
        (["ETH/USD/0.3"], Wanted(tokens=("ETH", "USD"), fee="0.3")),
        (["ETH", "USD", "pair"], Wanted(tokens=("ETH", "USD"), fee="pair")),
    ],
)
def test_parse__what_people_write__understood(given_words: list[str], wanted: Wanted | None) -> None:
    assert Wanted.parse(given_words) == wanted


@pytest.mark.parametrize("text", ["eth", "0x1234", "eth/usd/0.3/x"])
def test_parse__names_no_pool__said(text: str) -> None:
    with pytest.raises(PoolError, match=f"'{text}' names no pool: give its address, or tokens and fee, like ETH/USD"):
        Wanted.parse([text])


ENTRIES = {r: {"address": c.address, "symbol": c.symbol, "decimals": c.decimals} for r, c in (("dollar", USD), ("volatile", ETH))}
BOOK = AddressBook(Path("31337.json"), {"tokens": ENTRIES})
FALSE_USD = Coin("0x" + "5" * 40, "USD", 18)
POOLS = [
    Pool(PAIR, "0x" + "6" * 40, (USD, ETH), 2_500),
    Pool(RANGE, "0x" + "7" * 40, (USD, ETH), 3_000),
    Pool(RANGE, "0x" + "8" * 40, (USD, ETH), 500),
    Pool(RANGE, "0x" + "9" * 40, (FALSE_USD, ETH), 3_000),
    Pool(PAIR, "0x" + "c" * 40, (GOLD, ETH), 2_500),
    Pool(PAIR, "0x" + "d" * 40, (GOLD, Coin("0x" + "e" * 40, "GOLD", 18)), 2_500),
]


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("eth/usd", [0, 1, 2]),
        ("usd/volatile", [0, 1, 2]),
        ("eth/usd/0.3", [1]),
        ("eth/usd/0.05%", [2]),
        ("eth/usd/PAIR", [0]),
        (f"{GOLD.address}/eth", [4]),
        # somebody else's "USD" is only found by its address
        (f"{FALSE_USD.address}/eth", [3]),
        ("0x" + "8" * 40, [2]),
    ],
)
def test_choose__by_name__those_pools(text: str, numbers: list[int]) -> None:
    assert pools.choose(POOLS, Wanted.parse([text]), BOOK) == [POOLS[n] for n in numbers]


@pytest.mark.parametrize(
    "text, message",
    [
        ("eth/usd/1", r"there is no pool eth/usd/1 \(there are: pair, 0.3 %, 0.05 %\)"),
        ("eth/usd/0.00005", r"there is no pool eth/usd/0.00005"),
        ("eth/usd/cheap", "'cheap' is no fee: it must be a percentage like 0.3, or 'pair'"),
        ("eth/eth", r"there is no pool eth/eth \(there are: none of these tokens\)"),
        ("eth/silver", r"no pool has a token 'silver' \(there are: USD, ETH, GOLD\)"),
        ("eth/gold", "2 tokens call themselves 'gold': give the address of one"),
        (BOB, "is no pool of this deployment"),
    ],
)
def test_choose__nothing_of_that_name__said(text: str, message: str) -> None:
    with pytest.raises(PoolError, match=message):
        pools.choose(POOLS, Wanted.parse([text]), BOOK)


@pytest.mark.parametrize(
    "answer, symbol",
    [
        (encode(["string"], ["WETH"]), "WETH"),
        (b"MKR".ljust(32, b"\0"), "MKR"),
        (encode(["string"], ["[red]\x1b[2J USD\n"]), "red2JUSD"),
        (encode(["string"], ["x" * 500]), "x" * 16),
        (encode(["string"], ["\u0405D"]), "D"),
        (b"", "0xaaaaaa…aaaa"),
        (b"\xff" * 32, "0xaaaaaa…aaaa"),
        (b"\xff" * 64, "0xaaaaaa…aaaa"),
    ],
)
def test_clean_symbol__whatever_a_token_says__safe_to_print(answer: bytes, symbol: str) -> None:
    assert pools.clean_symbol(answer, ALICE) == symbol


# ---------------------------------------------------------------- in words


@pytest.mark.parametrize(
    "price, text",
    [
        (200, "200"),
        (Fraction(17985357, 100000), "179.854"),
        (Fraction(1, 3), "0.333333"),
        (Fraction(1, 195), "0.00512821"),
        (1_234_567, "1,234,570"),
        (Fraction(10**25), "1.00e+25"),
        (Fraction(1, 10**9), "1.00e-9"),
        (0, "0"),
    ],
)
def test_price_text__any_size__six_digits(price: Any, text: str) -> None:
    assert pool_text.price_text(Fraction(price)) == text


def test_exact__neighbouring_ticks__told_apart_without_exponent() -> None:
    for tick in (-887_272, -1, 0, 887_271):
        a, b = (pool_text.exact(ranges.price_of_tick(t, 18, 6)) for t in (tick, tick + 1))
        assert Fraction(a) < Fraction(b)
        assert "e" not in (a + b).lower()


@pytest.mark.parametrize(
    "now, held, text", [(98, 100, "-2.00 %"), (101, 100, "+1.00 %"), (10**9 - 1, 10**9, "0.00 %"), (5, 0, "-"), (0, 5, "-100.00 %")]
)
def test_loss_text__both_ways__with_its_sign(now: int, held: int, text: str) -> None:
    assert pool_text.loss_text(now, held) == text


def test_liquidity_text__odd_sum_of_decimals__whole_tokens() -> None:
    coins = (replace(USD, decimals=5), ETH)
    # 4 and 9 whole tokens: 6
    assert pool_text.liquidity_text(pool(200, coins, 1, liquidity=isqrt(4 * 10**5 * 9 * 10**18))) in ("5", "6")
    assert pool_text.liquidity_text(pool(200, liquidity=isqrt(10**7 * 10**6 * 50_000 * 10**18))) == "707,106"


def printed(found: list[Pool], width: int, limit: int = 20) -> str:
    from rich.console import Console

    console = Console(width=width, highlight=False, record=True, file=io.StringIO())
    pool_command.show(found, console, limit)
    return console.export_text()


def test_show__wide_and_narrow__no_line_too_long_and_the_largest_first() -> None:
    p = pool(200, holds=(10**12, 10**21))
    positions = tuple(replace(opened(p, 100 + n, 150 + 10 * n, (n + 1) * 10**17), token_id=n) for n in range(1, 13))
    p = replace(p, positions=positions, closed=2)
    text = printed([p], 160, limit=5)
    assert "the 5 largest of 12; prices in USD" in text
    assert f"{sum(p.state(x) == 'in range' for x in positions)} of 12 in range, 2 closed; fees earned 0 USD" in text
    rows = [line.split()[0] for line in text.splitlines() if line.startswith("#")]
    worth = {f"#{x.token_id}": p.in_quote(x.amounts) for x in positions}
    assert rows == sorted(worth, key=lambda name: -worth[name])[:5]
    assert p.address in text
    narrow = printed([p], 90)
    assert max(len(line) for line in narrow.splitlines()) <= 90
    assert "…" not in narrow.replace("0xaaaaaa…aaaa", "")


def test_show__withdrawn_and_not_collected__what_waits() -> None:
    p = pool(200)
    waiting = position(7, liquidity=0, owed=(1_500 * 10**6, 2 * WAD), flows=Flows((10**9, WAD), (1_490 * 10**6, 2 * WAD)))
    text = printed([replace(p, positions=(opened(p, 180, 220), waiting))], 160)
    row = next(line for line in text.splitlines() if line.startswith("#7"))
    for part in ("withdrawn", "2 ETH", "1,500 USD", "1,900 USD", "10 USD"):
        assert part in row
    assert "1 of 1 in range, 1 withdrawn and not collected; fees earned 10 USD" in text


def test_show__pool_without_price_and_share_of_a_pair__said() -> None:
    empty = Pool(RANGE, "0x" + "7" * 40, (USD, ETH), 500, 1, 10)
    pair = pool(200, holds=(10**13, 5 * 10**22))
    pair = replace(pair, kind=PAIR, fee_pips=2_500, shares=(Share(BOB, 7, (10**9, 5 * 10**18)),))
    text = printed([empty, pair], 160)
    assert next(line for line in text.splitlines() if line.startswith("ETH/USD 0.05 %")).split()[3:6] == ["none", "yet", "0"]
    assert f"ETH/USD pair: {BOB} holds 5 ETH + 1,000 USD, worth 2,000 USD" in text


def test_figures__empty_pool__nulls_where_there_is_no_price() -> None:
    empty = Pool(RANGE, "0x" + "7" * 40, (USD, ETH), 500, 1, 10)
    (data,) = pool_command.figures(1, 2, None, [empty])["pools"]
    assert [data[k] for k in ("price", "sqrt_price_x96", "tick", "holds_worth")] == [None] * 4
    assert (data["liquidity"], data["holds"], data["positions"]) == ("0", ["0", "0"], [])
