"""A pool of range positions as exact integers, after Uniswap V3's whitepaper and its rules of rounding.

Rounding: what is paid to the pool is rounded up, what it pays is rounded down, and a price that an amount moves stops short of where
exact arithmetic would put it when something is paid in (the payer gets less), and goes beyond it when something is asked for.

A tick is a member of `ticks` while some position begins or ends there. A swap looks for the next one in words of 256 possible ticks, as
the contract's bitmap does, and stops at the end of a word even where there is none: that rounds once more, so it is part of the numbers.

Left out: tokens, callbacks, and the ring of observations.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from plimsoll.reference.tick_math import MAX_TICK, MIN_TICK, limits, sqrt_ratio_at_tick, tick_at_sqrt_ratio

PIPS = 10**6
Q96 = 2**96
Q128 = 2**128
MAX_LIQUIDITY = 2**128 - 1
WORD = 2**256
FEE_TIERS = {100: 1, 500: 10, 3000: 60, 10000: 200}


class RangePoolError(Exception):
    """What the contract reverts with; empty where it gives no reason."""


def require(condition: bool, reason: str = "") -> None:
    if not condition:
        raise RangePoolError(reason)


def up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


# ---------------------------------------------------------------- amounts between two prices


def amount0_between(price_a: int, price_b: int, liquidity: int, rounded_up: bool) -> int:
    """L * (1 / lower - 1 / upper). Rounded up it is rounded twice, as in V3."""
    lower, upper = sorted((price_a, price_b))
    difference = liquidity * Q96 * (upper - lower)
    return up(up(difference, upper), lower) if rounded_up else difference // (upper * lower)


def amount1_between(price_a: int, price_b: int, liquidity: int, rounded_up: bool) -> int:
    """L * (upper - lower)."""
    difference = liquidity * abs(price_b - price_a)
    return up(difference, Q96) if rounded_up else difference // Q96


def amounts_for_liquidity(liquidity: int, price: int, lower_price: int, upper_price: int, rounded_up: bool = False) -> tuple[int, int]:
    """What a position holds: token0 above the price, token1 below it."""
    inside = min(max(price, lower_price), upper_price)
    return amount0_between(inside, upper_price, liquidity, rounded_up), amount1_between(lower_price, inside, liquidity, rounded_up)


# ---------------------------------------------------------------- prices after an amount


def price_after_input(price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    require(price > 0 and liquidity > 0)
    if not zero_for_one:
        after = price + amount * Q96 // liquidity
        require(after < 2**160)
        return after
    if amount == 0:
        return price
    reserve = liquidity * Q96
    if reserve + amount * price < WORD:
        return up(reserve * price, reserve + amount * price)
    # V3 divides first where the product would exceed its words
    return up(reserve, reserve // price + amount)


def price_after_output(price: int, liquidity: int, amount: int, zero_for_one: bool) -> int:
    require(price > 0 and liquidity > 0)
    if zero_for_one:
        quotient = up(amount * Q96, liquidity)
        require(price > quotient)
        return price - quotient
    if amount == 0:
        return price
    reserve = liquidity * Q96
    require(amount * price < min(reserve, WORD))
    after = up(reserve * price, reserve - amount * price)
    require(after < 2**160)
    return after


@dataclass(frozen=True)
class Step:
    price: int
    amount_in: int
    amount_out: int
    fee: int


def swap_step(price: int, target: int, liquidity: int, remaining: int, fee_pips: int) -> Step:
    """From `price` towards `target`, at most as far as `remaining` reaches: an input with its fee, or, below zero, an output."""
    zero_for_one = price >= target

    def pays(end: int) -> int:
        return amount0_between(end, price, liquidity, True) if zero_for_one else amount1_between(price, end, liquidity, True)

    def gets(end: int) -> int:
        return amount1_between(end, price, liquidity, False) if zero_for_one else amount0_between(price, end, liquidity, False)

    if remaining >= 0:
        net = remaining * (PIPS - fee_pips) // PIPS
        end = target if net >= pays(target) else price_after_input(price, liquidity, net, zero_for_one)
        amount_in, amount_out = pays(end), gets(end)
        if end != target:
            # The rest is too little to move the price: it goes to the fee
            return Step(end, amount_in, amount_out, remaining - amount_in)
    else:
        end = target if -remaining >= gets(target) else price_after_output(price, liquidity, -remaining, zero_for_one)
        amount_in, amount_out = pays(end), min(gets(end), -remaining)
    return Step(end, amount_in, amount_out, up(amount_in * fee_pips, PIPS - fee_pips))


# ---------------------------------------------------------------- the pool


@dataclass
class Tick:
    gross: int = 0
    # Added to the liquidity when the price rises past this tick
    net: int = 0
    fee_growth_outside: tuple[int, int] = (0, 0)


@dataclass
class Position:
    liquidity: int = 0
    fee_growth_inside_last: tuple[int, int] = (0, 0)
    owed: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Swap:
    # Changes of the pool's balances: positive is paid by the trader
    amount0: int
    amount1: int
    # Of the input, part of what was paid; the protocol's share included
    fee: int
    ticks_crossed: int
    # What of the specified amount was not used when the limit was reached
    unused: int

    @property
    def paid(self) -> int:
        return max(self.amount0, self.amount1)

    @property
    def received(self) -> int:
        return -min(self.amount0, self.amount1)


def minimum_tick(spacing: int) -> int:
    """The lowest tick that can be used."""
    return -(MAX_TICK // spacing * spacing)


def maximum_tick(spacing: int) -> int:
    return MAX_TICK // spacing * spacing


def max_liquidity_per_tick(spacing: int) -> int:
    """So that the sum over all ticks cannot exceed 128 bits."""
    return MAX_LIQUIDITY // (2 * (MAX_TICK // spacing) + 1)


Key = tuple[Any, int, int]


@dataclass
class RangePool:
    fee_pips: int
    spacing: int
    sqrt_price_x96: int = 0
    tick: int = 0
    liquidity: int = 0
    # Fees per unit of liquidity, X128, modulo 2**256
    fee_growth: tuple[int, int] = (0, 0)
    # The protocol gets 1 / so much of the fees; 0: none
    fee_protocol: tuple[int, int] = (0, 0)
    protocol_fees: tuple[int, int] = (0, 0)
    ticks: dict[int, Tick] = field(default_factory=dict)
    # By owner, lower and upper tick
    positions: dict[Key, Position] = field(default_factory=dict)

    def copy(self) -> "RangePool":
        return deepcopy(self)

    # ------------------------------------------------------------ state of a contract

    @classmethod
    def load(cls, view: Callable[..., Any], words: Iterable[int] | None = None) -> "RangePool":
        """The pool as a contract holds it; `view("ticks", 60)` calls a view of it.

        All words of the bitmap are read unless some are named: 116 with a spacing of 60, 6,932 with one of 1. Positions are read one by
        one, see `load_position`.
        """
        spacing = int(view("tickSpacing"))
        bitmap = {word: int(view("tickBitmap", word)) for word in (all_words(spacing) if words is None else words)}
        return cls.of_state(
            fee_pips=int(view("fee")),
            spacing=spacing,
            slot0=view("slot0"),
            liquidity=int(view("liquidity")),
            fee_growth=(int(view("feeGrowthGlobal0X128")), int(view("feeGrowthGlobal1X128"))),
            protocol_fees=view("protocolFees"),
            ticks={tick: view("ticks", tick) for tick in initialised(bitmap, spacing)},
        )

    @classmethod
    def of_state(
        cls,
        fee_pips: int,
        spacing: int,
        slot0: Any,
        liquidity: int,
        fee_growth: tuple[int, int],
        protocol_fees: Any,
        ticks: Mapping[int, Any],
    ) -> "RangePool":
        """From the answers of a contract's views, for who reads them all at once. `ticks`: the initialised ones (see `initialised`)."""
        price, tick, *_, fee_protocol, _ = slot0
        return cls(
            fee_pips,
            spacing,
            price,
            tick,
            liquidity,
            fee_growth,
            (fee_protocol % 16, fee_protocol >> 4),
            (protocol_fees[0], protocol_fees[1]),
            {at: Tick(answer[0], answer[1], (answer[2], answer[3])) for at, answer in sorted(ticks.items())},
        )

    def load_position(self, owner: Any, lower: int, upper: int, answer: Any) -> Position:
        """`answer` is what `positions(keccak256(owner ++ lower ++ upper))` gives."""
        liquidity, inside0, inside1, owed0, owed1 = answer
        self.positions[owner, lower, upper] = Position(liquidity, (inside0, inside1), (owed0, owed1))
        return self.positions[owner, lower, upper]

    # ------------------------------------------------------------ liquidity

    def initialize(self, sqrt_price_x96: int) -> None:
        require(self.sqrt_price_x96 == 0, "AI")
        least, too_large = limits()
        require(least <= sqrt_price_x96 < too_large, "R")
        self.sqrt_price_x96, self.tick = sqrt_price_x96, tick_at_sqrt_ratio(sqrt_price_x96)

    def mint(self, owner: Any, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        require(self.sqrt_price_x96 != 0, "LOK")
        require(liquidity > 0)
        self._modify(owner, lower, upper, liquidity)
        return self.amounts(lower, upper, liquidity, True)

    def burn(self, owner: Any, lower: int, upper: int, liquidity: int) -> tuple[int, int]:
        require(self.sqrt_price_x96 != 0, "LOK")
        position = self._modify(owner, lower, upper, -liquidity)
        amounts = self.amounts(lower, upper, liquidity, False)
        position.owed = _add(position.owed, amounts, Q128)
        return amounts

    def collect(self, owner: Any, lower: int, upper: int, requested: tuple[int, int] = (Q128 - 1, Q128 - 1)) -> tuple[int, int]:
        position = self.positions.get((owner, lower, upper), Position())
        paid = min(requested[0], position.owed[0]), min(requested[1], position.owed[1])
        position.owed = position.owed[0] - paid[0], position.owed[1] - paid[1]
        return paid

    def amounts(self, lower: int, upper: int, liquidity: int, rounded_up: bool = False) -> tuple[int, int]:
        """What liquidity between two ticks is now, in tokens. Which side it is on is a question of the tick."""
        low, high = sqrt_ratio_at_tick(lower), sqrt_ratio_at_tick(upper)
        price = low if self.tick < lower else high if self.tick >= upper else self.sqrt_price_x96
        return amounts_for_liquidity(liquidity, price, low, high, rounded_up)

    def fee_growth_inside(self, lower: int, upper: int) -> tuple[int, int]:
        """Per unit of liquidity between two ticks, X128; only differences mean anything."""
        low, high = (self.ticks.get(tick, Tick()).fee_growth_outside for tick in (lower, upper))
        below = low if self.tick >= lower else _subtract(self.fee_growth, low)
        above = high if self.tick < upper else _subtract(self.fee_growth, high)
        return _subtract(_subtract(self.fee_growth, below), above)

    def unclaimed(self, owner: Any, lower: int, upper: int) -> tuple[int, int]:
        """What a position could collect if it were brought up to date now."""
        position = self.positions[owner, lower, upper]
        return _add(position.owed, self._earned(position, self.fee_growth_inside(lower, upper)), Q128)

    def _modify(self, owner: Any, lower: int, upper: int, change: int) -> Position:
        require(lower < upper, "TLU")
        require(lower >= MIN_TICK, "TLM")
        require(upper <= MAX_TICK, "TUM")
        position = self.positions.get((owner, lower, upper), Position())
        if change == 0:
            require(position.liquidity > 0, "NP")
        else:
            self._check_tick(lower, change)
            self._check_tick(upper, change)
            require(position.liquidity + change >= 0, "LS")
            for tick, sign in ((lower, 1), (upper, -1)):
                if tick not in self.ticks:
                    # By convention all growth so far was below: that makes `fee_growth_inside` of a new position start anywhere
                    self.ticks[tick] = Tick(fee_growth_outside=self.fee_growth if tick <= self.tick else (0, 0))
                self.ticks[tick].gross += change
                self.ticks[tick].net += sign * change

        inside = self.fee_growth_inside(lower, upper)
        position.owed = _add(position.owed, self._earned(position, inside), Q128)
        position.fee_growth_inside_last = inside
        position.liquidity += change
        self.positions[owner, lower, upper] = position

        for tick in (lower, upper):
            if self.ticks[tick].gross == 0:
                del self.ticks[tick]
        if lower <= self.tick < upper:
            require(self.liquidity + change <= MAX_LIQUIDITY, "LA")
            self.liquidity += change
        return position

    def _check_tick(self, tick: int, change: int) -> None:
        before = self.ticks[tick].gross if tick in self.ticks else 0
        require(before + change >= 0, "LS")
        require(before + change <= max_liquidity_per_tick(self.spacing), "LO")
        require(before != 0 or tick % self.spacing == 0)

    @staticmethod
    def _earned(position: Position, inside: tuple[int, int]) -> tuple[int, int]:
        growth = _subtract(inside, position.fee_growth_inside_last)
        return growth[0] * position.liquidity // Q128, growth[1] * position.liquidity // Q128

    # ------------------------------------------------------------ swaps

    def next_tick(self, tick: int, down: bool) -> tuple[int, bool]:
        """The next initialised tick at or below `tick`, or above it, or the last one of its word; and whether it is initialised."""
        compressed = tick // self.spacing
        if down:
            end = compressed // 256 * 256 * self.spacing
            found = [candidate for candidate in self.ticks if end <= candidate <= tick]
            return (max(found), True) if found else (end, False)
        end = ((compressed + 1) // 256 * 256 + 255) * self.spacing
        found = [candidate for candidate in self.ticks if tick < candidate <= end]
        return (min(found), True) if found else (end, False)

    def swap(self, zero_for_one: bool, amount: int, limit: int | None = None) -> Swap:
        """`amount` of the input, its fee included, or, below zero, of the output wanted. Without `limit`: to the end of all prices."""
        require(amount != 0, "AS")
        require(self.sqrt_price_x96 != 0, "LOK")
        least, too_large = limits()
        if limit is None:
            limit = least + 1 if zero_for_one else too_large - 1
        in_order = least < limit < self.sqrt_price_x96 if zero_for_one else self.sqrt_price_x96 < limit < too_large
        require(in_order, "SPL")

        side = 0 if zero_for_one else 1
        protocol = self.fee_protocol[side]
        remaining, paid, received, fees, crossed = amount, 0, 0, 0, 0
        while remaining != 0 and self.sqrt_price_x96 != limit:
            tick, is_initialised = self.next_tick(self.tick, zero_for_one)
            tick = min(max(tick, MIN_TICK), MAX_TICK)
            end = sqrt_ratio_at_tick(tick)
            before = self.sqrt_price_x96
            step = swap_step(before, max(end, limit) if zero_for_one else min(end, limit), self.liquidity, remaining, self.fee_pips)
            self.sqrt_price_x96 = step.price
            remaining += -step.amount_in - step.fee if amount > 0 else step.amount_out
            paid += step.amount_in + step.fee
            received += step.amount_out
            fees += step.fee
            self._book_fee(side, step.fee, step.fee // protocol if protocol else 0)
            if step.price == end:
                if is_initialised:
                    crossed += 1
                    self._cross(tick, zero_for_one)
                self.tick = tick - 1 if zero_for_one else tick
            elif step.price != before:
                self.tick = tick_at_sqrt_ratio(step.price)
        amounts = (paid, -received) if zero_for_one else (-received, paid)
        return Swap(*amounts, fees, crossed, abs(remaining))

    def quote(self, zero_for_one: bool, amount: int) -> tuple[Swap, int]:
        """What `swap` would do, and the square root of the price after; an error where it would leave part of the amount unused."""
        after = self.copy()
        swap = after.swap(zero_for_one, amount)
        require(swap.unused == 0, "insufficient liquidity")
        return swap, after.sqrt_price_x96

    def _cross(self, tick: int, down: bool) -> None:
        state = self.ticks[tick]
        state.fee_growth_outside = _subtract(self.fee_growth, state.fee_growth_outside)
        self.liquidity += -state.net if down else state.net

    def _book_fee(self, side: int, amount: int, protocol: int) -> None:
        self.protocol_fees = _plus(self.protocol_fees, side, protocol, Q128)
        if self.liquidity > 0:
            self.fee_growth = _plus(self.fee_growth, side, (amount - protocol) * Q128 // self.liquidity, WORD)

    # ------------------------------------------------------------ flash loans and the protocol

    def flash_fees(self, amount0: int, amount1: int) -> tuple[int, int]:
        return up(amount0 * self.fee_pips, PIPS), up(amount1 * self.fee_pips, PIPS)

    def flash(self, amount0: int, amount1: int, paid0: int, paid1: int) -> None:
        """`paid`: what was given back beyond the amounts."""
        require(self.liquidity > 0, "L")
        fee0, fee1 = self.flash_fees(amount0, amount1)
        require(paid0 >= fee0, "F0")
        require(paid1 >= fee1, "F1")
        for side, paid in enumerate((paid0, paid1)):
            share = self.fee_protocol[side]
            self._book_fee(side, paid, paid // share if share else 0)

    def set_fee_protocol(self, share0: int, share1: int) -> None:
        require(all(share == 0 or 4 <= share <= 10 for share in (share0, share1)))
        self.fee_protocol = (share0, share1)

    def collect_protocol(self, requested: tuple[int, int] = (Q128 - 1, Q128 - 1)) -> tuple[int, int]:
        """One unit of each stays behind."""
        amounts = [min(requested[i], self.protocol_fees[i]) for i in (0, 1)]
        paid = [amount - 1 if 0 < amount == self.protocol_fees[i] else amount for i, amount in enumerate(amounts)]
        self.protocol_fees = self.protocol_fees[0] - paid[0], self.protocol_fees[1] - paid[1]
        return paid[0], paid[1]


# ---------------------------------------------------------------- the bitmap


def all_words(spacing: int) -> range:
    """Positions of the words of a pool's bitmap."""
    return range(MIN_TICK // spacing >> 8, (MAX_TICK // spacing >> 8) + 1)


def initialised(bitmap: Mapping[int, int], spacing: int) -> list[int]:
    """The ticks whose bits are set, in order."""
    return [(word * 256 + bit) * spacing for word in sorted(bitmap) for bit in range(256) if bitmap[word] >> bit & 1]


def _add(a: tuple[int, int], b: tuple[int, int], modulus: int) -> tuple[int, int]:
    return (a[0] + b[0]) % modulus, (a[1] + b[1]) % modulus


def _subtract(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return (a[0] - b[0]) % WORD, (a[1] - b[1]) % WORD


def _plus(pair: tuple[int, int], side: int, amount: int, modulus: int) -> tuple[int, int]:
    return _add(pair, (amount, 0) if side == 0 else (0, amount), modulus)
