"""Our position manager beside Uniswap's published NonfungiblePositionManager (npm @uniswap/v3-periphery 1.4.4), both on our range pools: the
same random life, step by step.

Compared after every step: success, reason, answer, events (order, topics, data), what both say of the positions, and every balance.
Only the documented differences are allowed for (interfaces/IPositionManager.vyi).

POS-01  the position manager equals Uniswap's in every outcome
"""

import random
from collections import Counter
from collections.abc import Callable

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference import tick_math
from tests.depth import examples
from tests.position_world import (
    ACTORS,
    BURN,
    COLLECT,
    DECREASE,
    FEES,
    INCREASE,
    KEYS,
    MAX_128,
    MAX_PRICE,
    MIN_PRICE,
    MINT,
    OWNER,
    POSITION_TYPES,
    START,
    World,
    data_of,
)
from tests.revm import MAX, Outcome, call_data

STEPS = examples(1_500)
# Uniswap's has no reason here
OURS_ALONE = "Invalid token ID"
NOWHERE = "0x" + "77" * 20


class Life:
    """One life in both worlds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.worlds = (World(uniswap_manager=True), World())
        theirs, ours = self.worlds
        assert (theirs.manager, theirs.factory, theirs.tokens) == (ours.manager, ours.factory, ours.tokens)
        self.now = START
        self.pools: list[tuple[str, str, str, int]] = []
        self.last_id = 0
        self.living: list[int] = []
        self.steps = 0
        self.outcomes: Counter[tuple[str, bool | str]] = Counter()

    # ------------------------------------------------------------------ both worlds

    def compare(self, name: str, theirs: Outcome, ours: Outcome) -> Outcome:
        at = f"step {self.steps}, {name}"
        assert theirs.success == ours.success, f"{at}: {theirs.success} {theirs.reason!r} / {ours.success} {ours.reason!r}"
        if ours.success:
            assert ours.data == theirs.data, f"{at}: {theirs.data.hex()} / {ours.data.hex()}"
            assert ours.logs == theirs.logs, f"{at}:\n{theirs.logs}\n{ours.logs}"
        elif ours.reason != theirs.reason:
            assert (theirs.data, ours.reason) == (b"", OURS_ALONE), f"{at}: {theirs.reason!r} / {ours.reason!r}"
        self.outcomes[name, ours.success or ours.reason] += 1
        return ours

    def call(self, sender: str, signature: str, *args: object, value: int = 0) -> Outcome:
        return self.compare(signature.split("(")[0], *(w.call(sender, signature, *args, value=value) for w in self.worlds))

    def views(self) -> None:
        theirs, ours = self.worlds
        for token_id in {self.random.randint(0, self.last_id + 1), self.last_id}:
            for signature in ("positions(uint256)", "ownerOf(uint256)", "getApproved(uint256)"):
                self.call(OWNER, signature, token_id)
        self.call(OWNER, "balanceOf(address)", self.random.choice(ACTORS))
        self.call(OWNER, "isApprovedForAll(address,address)", *self.random.choices(ACTORS, k=2))
        self.living = [i for i in self.living if ours.call(OWNER, "ownerOf(uint256)", i).success]
        for holder in (*ACTORS, ours.manager, ours.trader, NOWHERE):
            assert ours.machine.evm.get_balance(holder) == theirs.machine.evm.get_balance(holder), (self.steps, holder)
            for token in ours.tokens:
                assert ours.balance(token, holder) == theirs.balance(token, holder), (self.steps, token, holder)

    # ------------------------------------------------------------------ choices

    def amount(self) -> int:
        choice = self.random.random()
        if choice < 0.04:
            return 0
        if choice < 0.08:
            return self.random.randint(1, 10)
        if choice < 0.1:
            return self.random.choice((2**128 - 1, 2**128, MAX))
        return self.random.randint(1, 2 ** self.random.randint(20, 90))

    def minimum(self) -> int:
        return 0 if self.random.random() < 0.85 else self.random.randint(1, 2 ** self.random.randint(1, 90))

    def deadline(self) -> int:
        return self.now + (self.random.choice((0, 1, 2**64)) if self.random.random() < 0.97 else -1)

    def value(self, token0: str, token1: str) -> int:
        """Of the native coin, sometimes"""
        wrapped = self.worlds[0].wrapper in (token0, token1)
        return self.random.randint(1, 2 ** self.random.randint(1, 80)) if self.random.random() < (0.4 if wrapped else 0.03) else 0

    def actor(self) -> str:
        return self.random.choice(ACTORS)

    def token_id(self) -> int:
        """One that lives, mostly."""
        if self.random.random() < 0.05 or not self.living:
            return self.random.randint(0, self.last_id + 1)
        return self.random.choice(self.living)

    def some_actor(self, token_id: int) -> str:
        """The owner, mostly."""
        if self.random.random() < 0.8:
            owner = self.worlds[1].call(OWNER, "ownerOf(uint256)", token_id)
            if owner.success and (address := "0x" + owner.data[-20:].hex()) in ACTORS:
                return address
        return self.actor()

    def ticks(self, pool: str, fee: int) -> tuple[int, int]:
        spacing = FEES.get(fee, 60)
        choice = self.random.random()
        top = tick_math.MAX_TICK // spacing * spacing
        if choice < 0.1:
            return -top, top
        if choice < 0.12:
            return self.random.choice([(60, -60), (0, 0), (-887_280, 600), (-600, 887_280), (-1, 1), (-887_272, 887_272)])
        tick = self.worlds[1].price(pool)[1] if any(pool == p[0] for p in self.pools) else 0
        width = 2 ** self.random.randint(1, 10)
        lower, upper = (tick // spacing + self.random.randint(-width, width) for _ in range(2))
        if lower == upper:
            upper += 1
        # A grid, so that ranges are shared
        lower, upper = (max(min(t * spacing, top), -top) for t in (min(lower, upper) // 4 * 4, -(-max(lower, upper) // 4) * 4))
        return lower, upper

    # ------------------------------------------------------------------ steps

    def create(self) -> None:
        token0, token1 = sorted(self.random.sample(self.worlds[1].tokens, 2), key=lambda t: int(t, 16))
        if self.random.random() < 0.1:
            token0, token1 = token1, token0
        fee = self.random.choice((100, 500, 3_000, 10_000, 10_000, 2_999))
        tick = self.random.choice((0, self.random.randint(-60_000, 60_000), self.random.randint(-887_000, 887_000)))
        price = self.random.choice((tick_math.sqrt_ratio_at_tick(tick), tick_math.sqrt_ratio_at_tick(tick) + 12_345))
        if self.random.random() < 0.1:
            price = self.random.choice((0, MIN_PRICE, MIN_PRICE - 1, MAX_PRICE, MAX_PRICE - 1))
        outcome = self.call(self.actor(), "createAndInitializePoolIfNecessary(address,address,uint24,uint160)", token0, token1, fee, price)
        if outcome.success:
            pool = ("0x" + outcome.data[-20:].hex(), token0, token1, fee)
            if pool not in self.pools:
                self.pools.append(pool)

    def mint_args(self) -> tuple[tuple[object, ...], int]:
        pool, token0, token1, fee = self.random.choice(self.pools)
        if self.random.random() < 0.02:
            token0, token1 = token1, token0
        recipient = self.actor() if self.random.random() < 0.97 else "0x" + "00" * 20
        amounts = (self.amount(), self.amount(), self.minimum(), self.minimum())
        args = (token0, token1, fee, *self.ticks(pool, fee), *amounts, recipient, self.deadline())
        return args, self.value(token0, token1)

    def mint(self) -> None:
        args, value = self.mint_args()
        if self.call(self.actor(), MINT, args, value=value).success:
            self.minted(1)

    def minted(self, count: int) -> None:
        self.living += range(self.last_id + 1, self.last_id + 1 + count)
        self.last_id += count

    def increase_args(self) -> tuple[object, ...]:
        return self.token_id(), self.amount(), self.amount(), self.minimum(), self.minimum(), self.deadline()

    def increase(self) -> None:
        self.call(self.actor(), INCREASE, self.increase_args(), value=self.value(self.worlds[0].wrapper, OWNER))

    def decrease_args(self, token_id: int) -> tuple[object, ...]:
        has = 0
        if self.worlds[1].call(OWNER, "positions(uint256)", token_id).success:
            has = self.worlds[1].position(token_id).liquidity
        liquidity = self.random.choice((has, has, has + 1, has // 2, has // 3, 1, 0, MAX_128))
        return token_id, min(liquidity, MAX_128), self.minimum(), self.minimum(), self.deadline()

    def decrease(self) -> None:
        token_id = self.token_id()
        self.call(self.some_actor(token_id), DECREASE, self.decrease_args(token_id))

    def collect_args(self, token_id: int) -> tuple[object, ...]:
        recipient = self.random.choice((*ACTORS, NOWHERE, "0x" + "00" * 20))
        maxima = [self.random.choice((MAX_128, MAX_128, MAX_128, 0, 1, min(self.amount(), MAX_128))) for _ in range(2)]
        return token_id, recipient, *maxima

    def collect(self) -> None:
        token_id = self.token_id()
        self.call(self.some_actor(token_id), COLLECT, self.collect_args(token_id))

    def burn(self) -> None:
        token_id = self.token_id()
        sender = self.some_actor(token_id)
        if self.random.random() < 0.7:
            has = self.worlds[1].call(OWNER, "positions(uint256)", token_id)
            if has.success:
                liquidity = self.worlds[1].position(token_id).liquidity
                self.call(sender, DECREASE, (token_id, liquidity, 0, 0, self.now))
                self.call(sender, COLLECT, (token_id, sender, MAX_128, MAX_128))
        self.call(sender, BURN, token_id)

    def approve(self) -> None:
        token_id = self.token_id()
        to = self.random.choice((*ACTORS, "0x" + "00" * 20))
        self.call(self.some_actor(token_id), "approve(address,uint256)", to, token_id)

    def approve_all(self) -> None:
        self.call(self.actor(), "setApprovalForAll(address,bool)", self.actor(), self.random.random() < 0.5)

    def transfer(self) -> None:
        token_id = self.token_id()
        sender = self.some_actor(token_id)
        source = sender if self.random.random() < 0.9 else self.actor()
        to = self.random.choice((*ACTORS, *ACTORS, self.worlds[1].wrapper, "0x" + "00" * 20))
        kind = self.random.randint(0, 2)
        if kind == 0 and to != self.worlds[1].wrapper:
            self.call(sender, "transferFrom(address,address,uint256)", source, to, token_id)
        elif kind == 1:
            self.call(sender, "safeTransferFrom(address,address,uint256)", source, to, token_id)
        else:
            self.call(sender, "safeTransferFrom(address,address,uint256,bytes)", source, to, token_id, b"data" * 9)

    def permit(self) -> None:
        """By the owner or somebody else, for the right nonce or another one: each world has its own domain."""
        token_id = self.token_id()
        signer = self.random.randrange(len(KEYS))
        owner = self.worlds[1].call(OWNER, "ownerOf(uint256)", token_id)
        if owner.success and self.random.random() < 0.8 and (address := "0x" + owner.data[-20:].hex()) in ACTORS:
            signer = ACTORS.index(address)
        nonce = self.worlds[1].position(token_id).nonce if owner.success else 0
        nonce += self.random.random() < 0.1
        spender, deadline = self.actor(), self.deadline()
        sent = deadline + (self.random.random() < 0.05)
        broken = self.random.random() < 0.05
        outcomes = []
        for world in self.worlds:
            typehash = world.machine.view(world.manager, call_data("PERMIT_TYPEHASH()"))
            domain = world.machine.view(world.manager, call_data("DOMAIN_SEPARATOR()"))
            words = ["bytes32", "address", "uint256", "uint256", "uint256"]
            digest = keccak(b"\x19\x01" + domain + keccak(encode(words, [typehash, spender, token_id, nonce, deadline])))
            signature = Account.unsafe_sign_hash(digest, KEYS[signer])
            r, s = (x.to_bytes(32, "big") for x in (signature.r, signature.s))
            data = (spender, token_id, sent, 0 if broken else signature.v, r, s)
            outcomes.append(world.call(OWNER, "permit(address,uint256,uint256,uint8,bytes32,bytes32)", *data))
        self.compare("permit", *outcomes)

    def multicall(self) -> None:
        """Several calls of one actor, payments at the end, as front ends send them."""
        token_id = self.token_id()
        sender = self.some_actor(token_id)
        calls, value, minted = [], 0, 0
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.randint(0, 3)
            if kind == 0:
                args, value = self.mint_args()
                minted += 1
                calls.append(data_of(MINT, args))
            elif kind == 1:
                calls.append(data_of(INCREASE, self.increase_args()))
            elif kind == 2:
                calls.append(data_of(DECREASE, self.decrease_args(token_id)))
            else:
                calls.append(data_of(COLLECT, self.collect_args(token_id)))
        tokens = self.worlds[1].tokens
        least = self.random.choice((0, 0, 0, 10**6))
        ends = [
            data_of("refundETH()"),
            data_of("unwrapWETH9(uint256,address)", least, self.random.choice((*ACTORS, NOWHERE))),
            data_of("sweepToken(address,uint256,address)", self.random.choice(tokens), least, sender),
            data_of("positions(uint256)", token_id),
        ]
        calls += self.random.sample(ends, self.random.randint(0, 3))
        if self.call(sender, "multicall(bytes[])", calls, value=value).success:
            self.minted(minted)

    def payments(self) -> None:
        tokens = self.worlds[1].tokens
        kind = self.random.randint(0, 3)
        if kind == 0:
            self.call(self.actor(), "refundETH()")
        elif kind == 1:
            self.call(self.actor(), "unwrapWETH9(uint256,address)", self.random.choice((0, 1, 10**9)), self.actor())
        elif kind == 2:
            least = self.random.choice((0, 1, 10**9))
            self.call(self.actor(), "sweepToken(address,uint256,address)", self.random.choice(tokens), least, self.actor())
        else:
            sender = self.actor()
            self.compare("receive", *(w.pay(sender, w.manager, b"", 5) for w in self.worlds))

    def callback(self) -> None:
        """Nobody but a pool, and only when it is asked, may take what people have approved."""
        _, token0, token1, fee = self.random.choice(self.pools)
        data = encode(["(address,address,uint24)", "address"], [(token0, token1, fee), self.actor()])
        sender = self.random.choice((self.actor(), self.worlds[1].factory))
        for world in self.worlds:
            outcome = world.call(sender, "uniswapV3MintCallback(uint256,uint256,bytes)", 10**6, 10**6, data)
            assert not outcome.success
            assert outcome.data == b""

    def swap(self) -> None:
        pool, *_ = self.random.choice(self.pools)
        zero_for_one = self.random.random() < 0.5
        price, _ = self.worlds[1].price(pool)
        step = self.random.choice((1, 2, 5, 50))
        # No further than that, so that the pools do not all end at the limits
        limit = price * (100 - step) // 100 if zero_for_one else price * (100 + step) // 100
        limit = max(min(limit, MAX_PRICE - 1), MIN_PRICE + 1)
        amount = self.random.randint(1, 2 ** self.random.randint(20, 90)) * self.random.choice((1, 1, -1))
        self.compare("swap", *(w.swap(pool, zero_for_one, amount, limit) for w in self.worlds))

    def wait(self) -> None:
        self.now += self.random.choice((1, 12, 600))
        for world in self.worlds:
            world.machine.set_time(self.now)

    def step(self) -> None:
        self.steps += 1
        if len(self.pools) < 2 or self.random.random() < 0.02:
            return self.create()
        if self.last_id == 0:
            return self.mint()
        weights: dict[Callable[[], None], int] = {
            self.mint: 12,
            self.increase: 12,
            self.decrease: 12,
            self.collect: 12,
            self.burn: 5,
            self.approve: 4,
            self.approve_all: 2,
            self.transfer: 6,
            self.permit: 5,
            self.multicall: 10,
            self.payments: 3,
            self.callback: 1,
            self.swap: 20,
            self.wait: 6,
        }
        self.random.choices(list(weights), list(weights.values()))[0]()


def test_manager__random_life__equals_uniswaps() -> None:
    """POS-01"""
    outcomes: Counter[tuple[str, bool | str]] = Counter()
    for seed in range(3):
        life = Life(seed)
        for _ in range(STEPS // 3):
            life.step()
            if life.steps % 5 == 0 and life.last_id:
                life.views()
        assert len(POSITION_TYPES) == 12
        outcomes += life.outcomes
    # Each call has often succeeded, and each reason has been met
    for name in ("mint", "increaseLiquidity", "decreaseLiquidity", "collect", "burn", "permit", "multicall", "transferFrom", "swap"):
        assert outcomes[name, True] >= 5, (name, outcomes)
    met = {reason for _, reason in outcomes if reason is not True}
    expected = {"", "Transaction too old", "Price slippage check", "Not approved", "Invalid token ID", "Not cleared", "Unauthorized"}
    assert met >= expected, expected - met
