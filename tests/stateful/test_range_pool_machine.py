"""Everybody deposits, trades and takes in a range pool, and after each step the books agree; in the end everybody takes everything.

RNG-01  every position and all fees can always be paid
RNG-02  the liquidity in range is the sum of the positions that cover the tick; gross and net of a tick are those of its positions,
        and of a tick without liquidity nothing is left
RNG-03  tick and price agree
RNG-04  a bit of the bitmap is set exactly where a tick has liquidity
RNG-05  the balances are never below what is owed: to positions, for their liquidity and fees, and to the protocol
RNG-06  who swaps there and back has gained nothing
RNG-07  fees are shared in proportion to liquidity in range: twins earn alike, who was never in range earns nothing
RNG-09  once everybody has taken everything no more than rounding is left in the pool
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from plimsoll.reference.tick_math import MAX_TICK, sqrt_ratio_at_tick
from tests.depth import examples
from tests.differential.range import (
    MAX_128,
    OWNER,
    START,
    TEST,
    TIERS,
    World,
    account,
    call,
    flash_call,
    make_call,
    mint_call,
    plan,
    position_key,
    signed,
    swap_call,
    words_of,
)
from tests.revm import Outcome

USERS = ["0x" + f"{i}d" * 20 for i in range(1, 4)]
# They deposit at the start, in the same range, and touch nothing until the end; and one who is never in range
TWIN, BIG_TWIN, BYSTANDER = ("0x" + f"{i}e" * 20 for i in range(1, 4))
RATIO_OF_TWINS = 7
Q96, Q128 = 2**96, 2**128

user = st.sampled_from(USERS)
# Sizes as parts of a power of two, so that all of them come up
size = st.tuples(st.integers(0, 40), st.integers(2**15, 2**16 - 1))


class RangePoolMachine(RuleBasedStateMachine):
    @initialize(fee=st.sampled_from(list(TIERS)), home=st.integers(-300_000, 300_000), bits=st.integers(50, 80), twins_width=st.integers(1, 20))
    def begin(self, fee: int, home: int, bits: int, twins_width: int) -> None:
        self.spacing = TIERS[fee]
        self.home = home // self.spacing
        self.bits = bits
        self.world = World(fee, self.spacing, (TEST, TEST), START)
        self.pool = self.world.pools[0]
        self.raw = self.world.raw_pools[0]
        self.positions: dict[tuple[str, int, int], int] = {}
        # How many roundings there were: the most that may be left over, or lost by one party
        self.roundings = 0
        # What lies between a price and the next one, of each token: a swap that ends between ticks leaves up to that to the pool
        self.grains = [0, 0]
        self.lowest = self.highest = home
        self.must(USERS[0], call("initialize", sqrt_ratio_at_tick(home) + 1))
        last = MAX_TICK // self.spacing
        self.deposit(USERS[0], -last, last, 2**bits)
        for twin, liquidity in ((TWIN, 2**bits // 3), (BIG_TWIN, 2**bits // 3 * RATIO_OF_TWINS)):
            self.deposit(twin, self.home - twins_width, self.home + twins_width, liquidity)
        # The swaps go at most 60 spacings away
        self.deposit(BYSTANDER, self.home + 100, self.home + 101, 2**bits)

    # ------------------------------------------------------------ helpers

    def send(self, sender: str, data: bytes, to: str | None = None) -> Outcome:
        outcome = self.world.machine.send(sender, to or self.pool, data.replace(b"pool" * 5, self.raw))
        self.roundings += 4
        return outcome

    def must(self, sender: str, data: bytes, to: str | None = None) -> list[int]:
        outcome = self.send(sender, data, to)
        assert outcome.success, outcome.reason
        return words_of(outcome.data)

    def view(self, data: bytes) -> list[int]:
        return words_of(self.world.machine.view(self.pool, data))

    def state(self) -> tuple[int, int]:
        """Price and tick."""
        answer = self.world.machine.view(self.pool, call("slot0"))
        return int.from_bytes(answer[:32], "big"), signed(answer[32:64])

    def balances(self) -> list[int]:
        return [words_of(self.world.machine.view(token, call("balanceOf", account(self.pool))))[0] for token in self.world.tokens]

    def deposit(self, owner: str, lower: int, upper: int, liquidity: int) -> None:
        """Ends of the range in spacings."""
        ends = (lower * self.spacing, upper * self.spacing)
        outcome = self.send(OWNER, make_call(mint_call(account(owner), *ends, liquidity)), self.world.callee)
        if outcome.success:
            self.positions[owner, *ends] = self.positions.get((owner, *ends), 0) + liquidity
        else:
            # So much on one tick
            assert outcome.reason == "LO"

    def amount(self, size: tuple[int, int], zero: bool) -> int:
        """Up to about what the deposits hold."""
        price, _ = self.state()
        reserve = (2**self.bits * Q96 // price if zero else 2**self.bits * price // Q96) + 1
        return max(1, reserve * size[1] >> 14 + size[0])

    def limit(self, zero_for_one: bool, spacings: int) -> int:
        tick = (self.home - spacings if zero_for_one else self.home + spacings) * self.spacing
        return sqrt_ratio_at_tick(tick)

    def swap_to(self, zero_for_one: bool, amount: int, limit: int) -> list[int] | None:
        before, _ = self.state()
        outcome = self.send(OWNER, make_call(swap_call(account(USERS[0]), zero_for_one, amount, limit)), self.world.callee)
        # A step per tick, and per word of the bitmap
        self.roundings += 200
        if not outcome.success:
            assert outcome.reason == "SPL"
            return None
        price = min(before, self.state()[0])
        liquidity = sum(self.positions.values())
        self.grains = [self.grains[0] + liquidity * Q96 // price**2, self.grains[1] + liquidity // Q96]
        self.lowest, self.highest = (f(self.state()[1], edge) for f, edge in ((min, self.lowest), (max, self.highest)))
        return [signed(outcome.data[:32]), signed(outcome.data[32:64])]

    # ------------------------------------------------------------ rules

    @rule(owner=user, lower=st.integers(-60, 60), width=st.integers(1, 40), size=size)
    def mint(self, owner: str, lower: int, width: int, size: tuple[int, int]) -> None:
        self.deposit(owner, self.home + lower, self.home + lower + width, max(1, 2**self.bits * size[1] >> 14 + size[0] // 2))

    @rule(data=st.data(), part=st.sampled_from([0, 1, 2, 10, 1000]), take=st.booleans())
    def burn(self, data: Any, part: int, take: bool) -> None:
        mine = [position for position, held in self.positions.items() if held and position[0] in USERS[1:]]
        if not mine:
            return
        owner, lower, upper = position = data.draw(st.sampled_from(mine))
        amount = self.positions[position] // part if part else 0
        self.must(owner, call("burn", lower, upper, amount))
        self.positions[position] -= amount
        if take:
            self.must(owner, call("collect", account(owner), lower, upper, MAX_128, MAX_128))

    @rule(zero_for_one=st.booleans(), exact_in=st.booleans(), size=size, spacings=st.integers(-60, 60))
    def swap(self, zero_for_one: bool, exact_in: bool, size: tuple[int, int], spacings: int) -> None:
        amount = self.amount(size, zero_for_one == exact_in)
        self.swap_to(zero_for_one, amount if exact_in else -amount, self.limit(zero_for_one, spacings))

    @rule(zero_for_one=st.booleans(), size=size, spacings=st.integers(1, 60), exact_back=st.booleans())
    def there_and_back(self, zero_for_one: bool, size: tuple[int, int], spacings: int, exact_back: bool) -> None:
        there = self.swap_to(zero_for_one, self.amount(size, zero_for_one), self.limit(zero_for_one, spacings))
        if there is None:
            return
        paid, got = (there[0], -there[1]) if zero_for_one else (there[1], -there[0])
        if exact_back:
            # What was paid is bought back
            back = self.swap_to(not zero_for_one, -paid, self.limit(not zero_for_one, 60)) if paid else None
        else:
            back = self.swap_to(not zero_for_one, got, self.limit(not zero_for_one, 60)) if got else None
        total = [there[i] + (back[i] if back else 0) for i in (0, 1)]
        # The pool never gives away one token while it has not been given the other
        assert total[0] >= 0 or total[1] > 0, ("RNG-06", there, back)
        assert total[1] >= 0 or total[0] > 0, ("RNG-06", there, back)
        if back and not exact_back and back[1 if zero_for_one else 0] == got:
            assert total[0 if zero_for_one else 1] >= 0, ("RNG-06", there, back)

    @rule(part0=st.integers(0, 4), part1=st.integers(0, 4), gift=st.sampled_from([0, 0, 0, 5, 10**6]))
    def flash(self, part0: int, part1: int, gift: int) -> None:
        if not self.view(call("liquidity"))[0]:
            return
        amounts = [balance * part // 4 for balance, part in zip(self.balances(), (part0, part1), strict=True)]
        self.must(OWNER, make_call(flash_call(account(USERS[1]), *amounts, plan(amounts[0] + gift, amounts[1]))), self.world.callee)

    @rule(share0=st.sampled_from([0, 4, 10]), share1=st.sampled_from([0, 4, 7]))
    def protocol_fee(self, share0: int, share1: int) -> None:
        self.must(OWNER, call("setFeeProtocol", share0, share1))

    @rule(asked=st.sampled_from([1, 10**9, MAX_128]))
    def collect_protocol(self, asked: int) -> None:
        self.must(OWNER, call("collectProtocol", account(OWNER), asked, asked))

    @rule(seconds=st.sampled_from([1, 12, 200, 10**5]))
    def wait(self, seconds: int) -> None:
        self.world.machine.set_time(self.world.machine.now + seconds)

    @rule(room=st.integers(1, 5))
    def more_observations(self, room: int) -> None:
        self.must(USERS[0], call("increaseObservationCardinalityNext", room))

    # ------------------------------------------------------------ what holds

    @invariant()
    def books_agree(self) -> None:
        price, tick = self.state()
        assert sqrt_ratio_at_tick(tick) <= price <= sqrt_ratio_at_tick(tick + 1), "RNG-03"
        in_range = sum(held for (_, lower, upper), held in self.positions.items() if lower <= tick < upper)
        assert self.view(call("liquidity"))[0] == in_range, "RNG-02"
        gross, net = Counter[int](), Counter[int]()
        for (_, lower, upper), held in self.positions.items():
            gross += Counter({lower: held, upper: held})
            net[lower] += held
            net[upper] -= held
        bits = Counter[int]()
        for t in {end for position in self.positions for end in position[1:]}:
            answer = self.world.machine.view(self.pool, call("ticks", t))
            assert (int.from_bytes(answer[:32], "big"), signed(answer[32:64])) == (gross[t], net[t]), "RNG-02"
            assert gross[t] or not any(answer), "RNG-02, what is left of a tick without liquidity"
            place = t // self.spacing
            bits[place >> 8] |= (gross[t] > 0) << (place & 255)
        for w, expected in bits.items():
            assert self.view(call("tickBitmap", w))[0] == expected, "RNG-04"

    @invariant()
    def balances_suffice(self) -> None:
        owed = self.view(call("protocolFees"))
        for position in self.positions:
            owed = [a + b for a, b in zip(owed, self.worth(position), strict=True)]
        assert all(balance >= amount for balance, amount in zip(self.balances(), owed, strict=True)), "RNG-05"

    def worth(self, position: tuple[str, int, int]) -> list[int]:
        """What a position would be paid: liquidity, fees so far, and what is owed already."""
        _, lower, upper = position
        held = self.positions[position]
        at, below, above = self.state()[0], sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
        inside = min(max(at, below), above)
        amounts = [held * Q96 * (above - inside) // (above * inside), held * (inside - below) // Q96]
        answer = self.view(call("positions", position_key(*position)))
        growth = self.growth_inside(lower, upper) if held else answer[1:3]
        fees = [held * ((growth[i] - answer[1 + i]) % 2**256) // Q128 for i in (0, 1)]
        return [amounts[i] + fees[i] + answer[3 + i] for i in (0, 1)]

    def growth_inside(self, lower: int, upper: int) -> list[int]:
        tick = self.state()[1]
        below, above = self.view(call("ticks", lower)), self.view(call("ticks", upper))
        result = []
        for i, name in enumerate(("feeGrowthGlobal0X128", "feeGrowthGlobal1X128")):
            everywhere = self.view(call(name))[0]
            under = below[2 + i] if tick >= lower else everywhere - below[2 + i]
            over = above[2 + i] if tick < upper else everywhere - above[2 + i]
            result.append((everywhere - under - over) % 2**256)
        return result

    def teardown(self) -> None:
        if not hasattr(self, "positions"):
            return
        taken: dict[str, list[int]] = {}
        for (owner, lower, upper), held in self.positions.items():
            gone = self.must(owner, call("burn", lower, upper, held)) if held else [0, 0]  # RNG-01
            paid = self.must(owner, call("collect", account(owner), lower, upper, MAX_128, MAX_128))
            taken[owner] = [paid[i] - gone[i] for i in (0, 1)]
        # RNG-07: of the twins the fees alone
        for small, big in zip(taken[TWIN], taken[BIG_TWIN], strict=True):
            assert 0 <= big - RATIO_OF_TWINS * small <= RATIO_OF_TWINS, ("RNG-07", small, big)
        if self.highest < (self.home + 100) * self.spacing:
            assert taken[BYSTANDER] == [0, 0], "RNG-07"
        self.must(OWNER, call("collectProtocol", account(OWNER), MAX_128, MAX_128))
        # RNG-09, with the unit of each token that stays for the protocol
        most = [self.roundings + grain + 1 for grain in self.grains]
        assert all(left <= bound for left, bound in zip(self.balances(), most, strict=True)), ("RNG-09", self.balances(), most)


RangePoolMachine.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=25)
TestRangePool = RangePoolMachine.TestCase
