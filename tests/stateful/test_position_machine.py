"""Positions of several people in a few ranges of two pools, with trades in between, and after each step what the position manager promises.

POS-02  unclaimed_fees is what `collect` pays, to the unit
POS-03  amounts_of is what `decreaseLiquidity` of everything frees
POS-04  compound and move_range lose nothing but one unit of each token, gain nothing, and touch no wallet
POS-05  fees of a range are shared in proportion to liquidity
POS-06  every position can always be paid in full, but for less than one unit for each touch of its range
POS-07  the manager keeps nothing
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plimsoll.reference import tick_math
from tests.depth import examples
from tests.position_world import (
    ACTORS,
    BURN,
    COLLECT,
    COMPOUND,
    DECREASE,
    INCREASE,
    MAX_128,
    MAX_PRICE,
    MIN_PRICE,
    MINT,
    MOVE,
    OWNER,
    Q96,
    World,
)

FOREVER = 2**64
RANGES = ((-600, 600), (-60, 60), (0, 600), (-600, 0), (600, 1_200), (-887_220, 887_220), (-120, 3_000))

actor = st.sampled_from(range(len(ACTORS)))
ticks = st.sampled_from(RANGES)
size = st.integers(0, 2**80) | st.integers(1, 10**4) | st.integers(10**15, 10**19)


@dataclass(frozen=True)
class Holding:
    token_id: int
    owner: str


class PositionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        # The second has decimals far apart, or looks so
        prices = (Q96, tick_math.sqrt_ratio_at_tick(-276_300))
        tokens = self.world.tokens
        self.sides = [(tokens[0], tokens[1]), (tokens[1], tokens[2])]
        self.pools = [self.world.create_pool(*pair, 3_000, price) for pair, price in zip(self.sides, prices, strict=True)]
        self.centres = [0, -276_300 // 60 * 60]
        self.holdings: list[Holding] = []
        # Positions share a range and its dust: what a payment may lack is at most one unit for each touch of a range
        self.touches = 0
        # Somebody who has always been there, so that trades find liquidity
        for index in range(2):
            self._mint(0, index, (-887_220, 887_220), 10**19, 10**19)

    def teardown(self) -> None:
        self.pays_everybody()

    # ------------------------------------------------------------------ helpers

    def _range(self, index: int, bounds: tuple[int, int]) -> tuple[int, int]:
        centre = self.centres[index]
        lower, upper = (b if abs(b) > 800_000 else b + centre for b in bounds)
        return lower, upper

    def _mint(self, by: int, index: int, bounds: tuple[int, int], amount0: int, amount1: int) -> None:
        owner = ACTORS[by]
        args = (*self.sides[index], 3_000, *self._range(index, bounds), amount0, amount1, 0, 0, owner, FOREVER)
        outcome = self.world.call(owner, MINT, args)
        if outcome.success:
            self.holdings.append(Holding(int.from_bytes(outcome.data[:32], "big"), owner))
            self.touches += 1

    def _pool(self, holding: Holding) -> str:
        position = self.world.position(holding.token_id)
        return self.pools[self.sides.index((position.token0, position.token1))]

    def _pick(self, data: st.DataObject) -> Holding:
        return data.draw(st.sampled_from(self.holdings))

    def _worth(self, token_id: int) -> tuple[int, int]:
        """Of both tokens, all that a position would give now"""
        freed, fees = (self.world.answer(f"{view}(uint256)", "uint256 uint256", token_id) for view in ("amounts_of", "unclaimed_fees"))
        return freed[0] + fees[0], freed[1] + fees[1]

    def _wallets(self) -> list[int]:
        return [self.world.balance(token, holder) for token in self.world.tokens for holder in (*ACTORS, self.world.manager)]

    def _moved(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        """POS-04: what is minted is rounded up, what it would free is rounded down."""
        for had, has in zip(before, after, strict=True):
            assert had - 1 <= has <= had, ("POS-04", before, after)

    # ------------------------------------------------------------------ rules

    @rule(by=actor, index=st.integers(0, 1), bounds=ticks, amount0=size, amount1=size)
    def mint(self, by: int, index: int, bounds: tuple[int, int], amount0: int, amount1: int) -> None:
        self._mint(by, index, bounds, amount0, amount1)

    @rule(data=st.data(), by=actor, amount0=size, amount1=size)
    def increase(self, data: st.DataObject, by: int, amount0: int, amount1: int) -> None:
        self.world.call(ACTORS[by], INCREASE, (self._pick(data).token_id, amount0, amount1, 0, 0, FOREVER))
        self.touches += 1

    @rule(data=st.data(), part=st.sampled_from((1, 2, 3, 10**6)))
    def decrease(self, data: st.DataObject, part: int) -> None:
        """POS-03"""
        holding = self._pick(data)
        liquidity = self.world.position(holding.token_id).liquidity
        promised = self.world.answer("amounts_of(uint256)", "uint256 uint256", holding.token_id)
        outcome = self.world.call(holding.owner, DECREASE, (holding.token_id, liquidity // part, 0, 0, FOREVER))
        self.touches += 1
        assert outcome.success == (liquidity // part > 0), outcome.reason
        if outcome.success and part == 1:
            freed = tuple(int.from_bytes(outcome.data[i : i + 32], "big") for i in (0, 32))
            assert freed == promised, ("POS-03", promised, freed)

    @rule(data=st.data(), maxima=st.tuples(*[st.sampled_from((0, 1, 1_000, MAX_128, MAX_128))] * 2))
    def collect(self, data: st.DataObject, maxima: tuple[int, int]) -> None:
        """POS-02"""
        holding = self._pick(data)
        position = self.world.position(holding.token_id)
        promised = self.world.answer("unclaimed_fees(uint256)", "uint256 uint256", holding.token_id)
        before = [self.world.balance(token, holding.owner) for token in (position.token0, position.token1)]
        outcome = self.world.call(holding.owner, COLLECT, (holding.token_id, holding.owner, *maxima))
        self.touches += 1
        assert outcome.success == any(maxima), outcome.reason
        after = [self.world.balance(token, holding.owner) for token in (position.token0, position.token1)]
        if outcome.success:
            expected = [min(one, most) for one, most in zip(promised, maxima, strict=True)]
            assert [b - a for a, b in zip(before, after, strict=True)] == expected, ("POS-02", promised, maxima)

    @rule(data=st.data(), amount=st.sampled_from((0, 10**6, 10**18, 10**18)))
    def compound(self, data: st.DataObject, amount: int) -> None:
        """POS-04, mostly with fees in both tokens"""
        holding = self._pick(data)
        if amount:
            for zero_for_one in (True, False):
                self.world.swap(self._pool(holding), zero_for_one, amount)
        worth, wallets = self._worth(holding.token_id), self._wallets()
        outcome = self.world.call(holding.owner, COMPOUND, holding.token_id, 0, 0, FOREVER)
        self.touches += 1
        if outcome.success:
            self._moved(worth, self._worth(holding.token_id))
        else:
            assert outcome.reason in ("positions: nothing to add", "LO"), outcome
        assert self._wallets() == wallets, "POS-04"

    @rule(data=st.data(), bounds=ticks)
    def move(self, data: st.DataObject, bounds: tuple[int, int]) -> None:
        """POS-04"""
        holding = self._pick(data)
        index = self.pools.index(self._pool(holding))
        worth, wallets = self._worth(holding.token_id), self._wallets()
        outcome = self.world.call(holding.owner, MOVE, holding.token_id, *self._range(index, bounds), 0, 0, FOREVER)
        self.touches += 2
        assert self._wallets() == wallets, "POS-04"
        if not outcome.success:
            assert outcome.reason in ("positions: nothing to add", "LO"), outcome
            return
        new = Holding(int.from_bytes(outcome.data[:32], "big"), holding.owner)
        rest = (0, 0)
        if self.world.call(OWNER, "ownerOf(uint256)", holding.token_id).success:
            assert self.world.position(holding.token_id).liquidity == 0
            rest = self._worth(holding.token_id)
            assert any(rest) or self.world.position(holding.token_id).owed0 | self.world.position(holding.token_id).owed1
        else:
            self.holdings.remove(holding)
        self.holdings.append(new)
        moved = self._worth(new.token_id)
        self._moved(worth, (moved[0] + rest[0], moved[1] + rest[1]))

    @rule(data=st.data())
    def burn(self, data: st.DataObject) -> None:
        holding = self._pick(data)
        position = self.world.position(holding.token_id)
        cleared = not (position.liquidity | position.owed0 | position.owed1)
        assert self.world.call(holding.owner, BURN, holding.token_id).success == cleared
        if cleared:
            self.holdings.remove(holding)

    @rule(index=st.integers(0, 1), zero_for_one=st.booleans(), amount=st.integers(1, 10**20), percent=st.sampled_from((1, 3, 6, 90)))
    def swap(self, index: int, zero_for_one: bool, amount: int, percent: int) -> None:
        """POS-05, of all that is in one range"""
        price, _ = self.world.price(self.pools[index])
        limit = price * (100 - percent if zero_for_one else 100 + percent) // 100
        before = {h: self.world.answer("unclaimed_fees(uint256)", "uint256 uint256", h.token_id) for h in self.holdings}
        self.world.swap(self.pools[index], zero_for_one, amount, max(min(limit, MAX_PRICE - 1), MIN_PRICE + 1))
        ranges: dict[tuple[str, str, int, int], list[tuple[int, int, int]]] = {}
        for holding in self.holdings:
            p = self.world.position(holding.token_id)
            after = self.world.answer("unclaimed_fees(uint256)", "uint256 uint256", holding.token_id)
            earned = [b - a for a, b in zip(before[holding], after, strict=True)]
            ranges.setdefault((p.token0, p.token1, p.lower, p.upper), []).append((p.liquidity, earned[0], earned[1]))
        for shares in ranges.values():
            whole = sum(liquidity for liquidity, *_ in shares)
            for side in (1, 2):
                total = sum(share[side] for share in shares)
                for share in shares:
                    # Each is rounded down twice, and the dust of the range is the last one's
                    assert abs(share[side] * whole - total * share[0]) <= whole * (len(shares) + 2 + self.touches), ("POS-05", shares)

    @rule(seconds=st.sampled_from((1, 12, 700)))
    def wait(self, seconds: int) -> None:
        self.world.machine.set_time(self.world.machine.now + seconds)

    # ------------------------------------------------------------------ invariants

    @invariant()
    def keeps_nothing(self) -> None:
        """POS-07"""
        assert [self.world.balance(token, self.world.manager) for token in self.world.tokens] == [0] * 3, "POS-07"
        assert self.world.machine.evm.get_balance(self.world.manager) == 0, "POS-07"

    @rule()
    def pays_everybody(self) -> None:
        """POS-06"""
        evm = self.world.machine.evm
        snapshot = evm.snapshot()
        for holding in self.holdings:
            liquidity = self.world.position(holding.token_id).liquidity
            if liquidity:
                outcome = self.world.call(holding.owner, DECREASE, (holding.token_id, liquidity, 0, 0, FOREVER))
                assert outcome.success, ("POS-06", outcome)
            position = self.world.position(holding.token_id)
            outcome = self.world.call(holding.owner, COLLECT, (holding.token_id, holding.owner, MAX_128, MAX_128))
            assert outcome.success, ("POS-06", outcome)
            paid = [int.from_bytes(outcome.data[i : i + 32], "big") for i in (0, 32)]
            for owed, got in zip((position.owed0, position.owed1), paid, strict=True):
                assert owed - self.touches <= got <= owed, ("POS-06", owed, got)
            assert self.world.call(holding.owner, BURN, holding.token_id).success, "POS-06"
        evm.revert(snapshot)


PositionMachine.TestCase.settings = settings(max_examples=examples(10), stateful_step_count=25)
TestPositions = PositionMachine.TestCase
