"""The router over mixed paths and its zaps, on pyrevm: random pairs and range pools, a random life.

RTR-02  between calls the router holds nothing
RTR-06  what a zap leaves over is dust: rounding of a few units, or a billionth
RTR-07  over any path execution equals the quoter's answer to the unit, and where the quoter finds nothing the router reverts
RTR-08  swapping or zapping there and back never gains
"""

import random
from collections import Counter
from typing import Any

from eth_abi import decode

from plimsoll.reference.tick_math import sqrt_ratio_at_tick
from tests.depth import examples
from tests.position_world import data_of
from tests.quoter_world import E18, OWNER, PAIR, Q96, QuoteError, World
from tests.revm import MAX, Outcome, call_data, vyper_code

STEPS = examples(150)
FEES = {500: 10, 3_000: 60, 10_000: 200}
MAX_128 = 2**128 - 1
TRADER = "0x" + "7a" * 20
FIRST_TICKS = (-20_000, 0, 1_234, 46_000)


class Life:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        world = self.world = World.create(tokens=4)
        machine = self.machine = world.machine
        wrapper = machine.deploy(vyper_code("testing/WrappedNative.vy"))
        self.manager = machine.deploy(vyper_code("amm/PositionManager.vy"), ("address", "address"), world.range_factory, wrapper)
        parts = (world.pair_factory, world.range_factory, self.manager, wrapper, world.quoter)
        self.router = machine.deploy(vyper_code("amm/Router.vy"), ("address",) * 5, *parts)
        for token in world.tokens:
            machine.must(OWNER, token, call_data("mint(address,uint256)", TRADER, 10**60))
            for spender in (self.router, self.manager):
                machine.must(TRADER, token, call_data("approve(address,uint256)", spender, MAX))
        self.edges: list[tuple[str, str, int]] = []
        self.outcomes: Counter[tuple[str, bool]] = Counter()
        self._build()

    def _build(self) -> None:
        """Between all tokens a pair or a range pool or both; the range pools with a wide, some narrow and some far positions."""
        world, rnd = self.world, self.random
        for i, token0 in enumerate(world.tokens):
            for token1 in world.tokens[i + 1 :]:
                tick = rnd.choice(FIRST_TICKS)
                price = sqrt_ratio_at_tick(tick)
                if rnd.random() < 0.7:
                    amount = rnd.randrange(10**3, 10**6) * E18
                    pair = world.add_pair(token0, token1, amount, max(1, amount * price**2 // Q96**2))
                    self.machine.must(TRADER, pair, call_data("approve(address,uint256)", self.router, MAX))
                    self.edges.append((token0, token1, PAIR))
                for fee, spacing in FEES.items():
                    if rnd.random() < 0.5:
                        continue
                    pool = world.add_pool(token0, token1, fee, price)
                    base = tick // spacing * spacing
                    pool.mint(base - 300 * spacing, base + 300 * spacing, rnd.randrange(10**3, 10**6) * E18)
                    for _ in range(rnd.randrange(4)):
                        lower = base + rnd.randrange(-40, 40) * spacing
                        pool.mint(lower, lower + rnd.randrange(1, 60) * spacing, rnd.randrange(10**2, 10**6) * E18)
                    self.edges.append((token0, token1, fee))

    # ---------------------------------------------------------------- calls

    def call(self, signature: str, *args: Any) -> Outcome:
        outcome = self.machine.send(TRADER, self.router, data_of(signature, *args))
        self.outcomes[signature.split("(")[0], outcome.success] += 1
        for token in [*self.world.tokens, *self.world.pairs.values()]:
            assert self.world.balance(token, self.router) == 0, "RTR-02"
        return outcome

    def swap(self, exact_in: bool, amount: int, tokens: list[str], fees: list[int]) -> Outcome:
        name = "swap_exact_in" if exact_in else "swap_exact_out"
        signature = f"{name}(uint256,uint256,address[],uint24[],address,uint256)"
        return self.call(signature, amount, 0 if exact_in else MAX, tokens, fees, TRADER, MAX)

    def held(self, *tokens: str) -> tuple[int, ...]:
        return tuple(self.world.balance(token, TRADER) for token in tokens)

    def approve_position(self, token_id: int) -> None:
        self.machine.must(TRADER, self.manager, call_data("approve(address,uint256)", self.router, token_id))

    # ---------------------------------------------------------------- drawing

    def path(self) -> tuple[list[str], list[int]]:
        tokens = [self.random.choice(self.world.tokens)]
        fees: list[int] = []
        for _ in range(self.random.randint(1, 4)):
            steps = [(b if a == tokens[-1] else a, fee) for a, b, fee in self.edges if tokens[-1] in (a, b)]
            steps = [(token, fee) for token, fee in steps if token not in tokens]
            if not steps:
                break
            token, fee = self.random.choice(steps)
            tokens.append(token)
            fees.append(fee)
        return tokens, fees

    def amount(self) -> int:
        return self.random.randrange(1, 2 ** self.random.randint(1, 80))

    # ---------------------------------------------------------------- steps

    def step(self) -> None:
        self.random.choice([self.swap_as_quoted, self.swap_as_quoted, self.swap_there_and_back, self.zap_pair, self.zap_range])()

    def swap_as_quoted(self) -> None:
        tokens, fees = self.path()
        if not fees:
            return
        exact_in = self.random.random() < 0.5
        amount = self.amount()
        before = self.held(tokens[0], tokens[-1])
        try:
            quoted = self.world.quote(exact_in, amount, tokens, fees).amount
        except QuoteError:
            assert not self.swap(exact_in, amount, tokens, fees).success, "RTR-07"
            return
        outcome = self.swap(exact_in, amount, tokens, fees)
        assert outcome.success, ("RTR-07", outcome.reason)
        assert int.from_bytes(outcome.data, "big") == quoted, "RTR-07"
        after = self.held(tokens[0], tokens[-1])
        moved = (before[0] - after[0], after[1] - before[1])
        assert moved == ((amount, quoted) if exact_in else (quoted, amount)), "RTR-07"

    def swap_there_and_back(self) -> None:
        tokens, fees = self.path()
        if not fees:
            return
        before = self.held(*self.world.tokens)
        if not self.swap(True, self.amount(), tokens, fees).success:
            return
        gained = self.held(tokens[-1])[0] - before[self.world.tokens.index(tokens[-1])]
        if gained == 0 or not self.swap(True, gained, tokens[::-1], fees[::-1]).success:
            return
        after = self.held(*self.world.tokens)
        assert all(now <= then for now, then in zip(after, before, strict=True)), "RTR-08"

    def amounts(self) -> tuple[int, int]:
        return self.random.choice([(self.amount(), 0), (0, self.amount()), (self.amount(), self.amount())])

    def zap_pair(self) -> None:
        pairs = [(a, b) for a, b, fee in self.edges if fee == PAIR]
        a, b = self.random.choice(pairs)
        pair = self.world.pairs[a, b]
        if self.random.random() < 0.5:
            a, b = b, a
        amounts = self.amounts()
        before = self.held(a, b, pair)
        reserves = dict(zip(sorted((a, b)), self.world.reserves(pair), strict=True))
        signature = "zap_in_pair(address,address,uint256,uint256,uint256,address,uint256)"
        outcome = self.call(signature, a, b, *amounts, 0, TRADER, MAX)
        after = self.held(a, b, pair)
        if not outcome.success:
            assert after == before
            return
        liquidity = after[2] - before[2]
        assert liquidity == int.from_bytes(outcome.data, "big")
        left = [amount - (then - now) for amount, then, now in zip(amounts, before, after, strict=False)]
        self.check_dust(left, amounts, (reserves[a], reserves[b]))
        # And back, all into one token: what is missing of it is worth at least what came of the other one
        signature = "zap_out_pair(address,address,uint256,uint256,address,uint256)"
        if self.call(signature, a, b, liquidity, 0, TRADER, MAX).success:
            final = self.held(a, b)
            # At the price before, a value is amount_a * reserve_b + amount_b * reserve_a
            spent = (before[0] - final[0]) * reserves[b] + (before[1] - final[1]) * reserves[a]
            assert spent >= 0, "RTR-08"

    def zap_range(self) -> None:
        ranges = [(a, b, fee) for a, b, fee in self.edges if fee != PAIR]
        token0, token1, fee = self.random.choice(ranges)
        pool, spacing = self.world.pools[token0, token1, fee], FEES[fee]
        price, tick = pool.slot0
        base = tick // spacing * spacing
        lower = base + self.random.randrange(-50, 20) * spacing
        upper = lower + self.random.randrange(1, 80) * spacing
        amounts = self.amounts()
        before = self.held(token0, token1)
        signature = "zap_in_range(address,address,uint24,int24,int24,uint256,uint256,uint256,address,uint256)"
        outcome = self.call(signature, token0, token1, fee, lower, upper, *amounts, 0, TRADER, MAX)
        after = self.held(token0, token1)
        if not outcome.success:
            assert after == before
            return
        token_id, _, added0, added1 = decode(["uint256", "uint128", "uint256", "uint256"], outcome.data)
        left = [amount - (then - now) for amount, then, now in zip(amounts, before, after, strict=True)]
        swapped = [amount - rest - added for amount, rest, added in zip(amounts, left, (added0, added1), strict=True)]
        new_price = pool.slot0[0]
        self.check_dust(left, amounts, (Q96**2, new_price**2), *filter(None, (added0, added1, *map(abs, swapped))))
        self.approve_position(token_id)
        signature = "zap_out_range(uint256,uint128,address,uint256,address,uint256)"
        if self.call(signature, token_id, MAX_128, token0, 0, TRADER, MAX).success:
            final = self.held(token0, token1)
            # At the price before: amount0 * P + amount1
            spent = (before[0] - final[0]) * price**2 + (before[1] - final[1]) * Q96**2
            assert spent >= 0, "RTR-08"

    def check_dust(self, left: list[int], put: tuple[int, int], rate: tuple[int, int], *amounts: int) -> None:
        """
        :param rate: so many of the one token are worth so many of the other
        :param amounts: what was added and swapped; each is rounded to a unit, and the smallest decides how much the others must be cut
        """
        assert min(left) >= 0
        worth, total = (x[0] * rate[1] + x[1] * rate[0] for x in (left, put))
        assert worth <= total // 10**9 + 16 * max(rate) + (8 * total // min(amounts) if amounts else 0), ("RTR-06", left, put, amounts)


def test_router__random_paths_and_zaps__as_quoted_and_never_a_gain() -> None:
    outcomes: Counter[tuple[str, bool]] = Counter()
    for seed in range(2):
        life = Life(seed)
        for _ in range(STEPS // 2):
            life.step()
        outcomes += life.outcomes
    for name in ("swap_exact_in", "swap_exact_out", "zap_in_pair", "zap_out_pair", "zap_in_range", "zap_out_range"):
        assert outcomes[name, True] >= STEPS // 20, outcomes
    for name in ("swap_exact_in", "swap_exact_out"):
        assert outcomes[name, False] >= 1, outcomes
