"""Our range pool beside the published Uniswap V3 (npm @uniswap/v3-core 1.0.1): the same random life, step by step.

Both pools live on one chain and trade the same two tokens; each was made by its own factory. What one step calls in the one it calls
in the other. Compared after each step: success, answer, reason, events (order, emitter, topics, data), balances, and of the pool's
state all that the step may have touched; now and then, and at the end of a life, everything that was ever touched. The callee
(contracts/testing/RangePoolCallee.vy) logs what it is told and what it reads in a callback, so that this is compared as well.

At the end of a life all liquidity is burned and all that is owed is taken.

RNG-01  every position and all fees can always be paid
RNG-02  the liquidity in range is the sum of the positions that cover the tick; gross and net of a tick are those of its positions
RNG-03  tick and price agree: ratio(tick) <= price < ratio(tick + 1), or price = ratio(tick + 1) when that tick was crossed to the left
RNG-04  a bit of the bitmap is set exactly where a tick has liquidity
RNG-08  the range pool equals Uniswap V3 in every outcome
OBS-01  what it remembers beside the ring is the sum over its past (for some lives: the model takes its time)
"""

import json
import random
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from plimsoll.reference.range_observations import RangeObservations
from plimsoll.reference.tick_math import MAX_TICK, sqrt_ratio_at_tick
from tests.conftest import ROOT
from tests.differential.mismatch import Mismatch
from tests.revm import Machine, Outcome, blueprint_code, call_data, selector, vyper_code

OWNER = "0x" + "0e" * 20
ACTORS = ["0x" + f"a{i}" * 20 for i in range(2)]
ZERO = "0x" + "00" * 20
START = 1_700_000_000
# Full traversals of the bitmap, and loops over all ticks
GAS = 2 * 10**9
MIN_RATIO = 4295128739
MAX_RATIO = 1461446703485210103287273052203988822378723970342
MAX_128 = 2**128 - 1
# What our pool takes as callback data
MAX_DATA = 1024
# Of the callee, in each token: more than all its overpayments, which flashes multiply
FUNDS = 2**250
# Stands for the pool in call data, and in what is compared
POOL = b"pool" * 5
TIERS = {100: 1, 500: 10, 3_000: 60, 10_000: 200}

ratio = cache(sqrt_ratio_at_tick)


@cache
def published_code(name: str) -> bytes:
    """Uniswap V3's own build, from npm."""
    path = ROOT / f"node_modules/@uniswap/v3-core/artifacts/contracts/{name}.sol/{name}.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))


# ---------------------------------------------------------------- call data


def word(value: int) -> bytes:
    return (value % 2**256).to_bytes(32, "big")


def account(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])


THE_POOL = bytes(12) + POOL


def tail(data: bytes) -> bytes:
    return word(len(data)) + data + bytes(-len(data) % 32)


SELECTORS = {
    name: selector(f"{name}({types})")
    for name, types in {
        "initialize": "uint160",
        "mint": "address,int24,int24,uint128,bytes",
        "burn": "int24,int24,uint128",
        "collect": "address,int24,int24,uint128,uint128",
        "swap": "address,bool,int256,uint160,bytes",
        "flash": "address,uint256,uint256,bytes",
        "setFeeProtocol": "uint8,uint8",
        "collectProtocol": "address,uint128,uint128",
        "increaseObservationCardinalityNext": "uint16",
        "observe": "uint32[]",
        "snapshotCumulativesInside": "int24,int24",
        "slot0": "",
        "liquidity": "",
        "feeGrowthGlobal0X128": "",
        "feeGrowthGlobal1X128": "",
        "protocolFees": "",
        "ticks": "int24",
        "tickBitmap": "int16",
        "positions": "bytes32",
        "observations": "uint256",
        "factory": "",
        "token0": "",
        "token1": "",
        "fee": "",
        "tickSpacing": "",
        "maxLiquidityPerTick": "",
        "make": "address,bytes",
        "transfer": "address,uint256",
        "balanceOf": "address",
    }.items()
}


def call(name: str, *words: bytes | int) -> bytes:
    """Static arguments only."""
    return SELECTORS[name] + b"".join(w if isinstance(w, bytes) else word(w) for w in words)


def mint_call(recipient: bytes, lower: int, upper: int, amount: int, data: bytes = b"") -> bytes:
    return call("mint", recipient, lower, upper, amount, 160) + tail(data)


def swap_call(recipient: bytes, zero_for_one: bool, amount: int, limit: int, data: bytes = b"") -> bytes:
    return call("swap", recipient, int(zero_for_one), amount, limit, 160) + tail(data)


def flash_call(recipient: bytes, amount0: int, amount1: int, data: bytes = b"") -> bytes:
    return call("flash", recipient, amount0, amount1, 128) + tail(data)


def observe_call(*ago: int) -> bytes:
    return call("observe", 32, len(ago), *ago)


def make_call(payload: bytes, target: bytes = THE_POOL) -> bytes:
    return call("make", target, 64) + tail(payload)


def plan(beyond0: int = 0, beyond1: int = 0, calls: Iterable[tuple[bytes, bytes, bool]] = (), reason: str = "") -> bytes:
    """What the callee does when it is called (RangePoolCallee.Plan). A call: target as a word, data, whether it must succeed."""
    listed = [("0x" + target[12:].hex(), data, must) for target, data, must in calls]
    return encode(["(int256,int256,(address,bytes,bool)[],string)"], [(beyond0, beyond1, listed, reason)])


def position_key(owner: str, lower: int, upper: int) -> bytes:
    return keccak(bytes.fromhex(owner[2:]) + (lower % 2**24).to_bytes(3, "big") + (upper % 2**24).to_bytes(3, "big"))


def signed(value: bytes) -> int:
    return int.from_bytes(value, "big", signed=True)


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


TOPIC = {
    name: keccak(text=f"{name}({types})")
    for name, types in {
        "Initialize": "uint160,int24",
        "Mint": "address,address,int24,int24,uint128,uint256,uint256",
        "Burn": "address,int24,int24,uint128,uint256,uint256",
        "Swap": "address,address,int256,int256,uint160,uint128,int24",
    }.items()
}
Event = tuple[bytes, tuple[bytes, ...], bytes]

# ---------------------------------------------------------------- the world


@dataclass(frozen=True)
class Token:
    source: str
    types: tuple[str, ...] = ("string", "string", "uint8")
    arguments: tuple[Any, ...] = ("T", "T", 18)


TEST = Token("TestToken")
SILENT = Token("NoReturnToken")
TAXED = Token("FeeToken", ("string", "string", "uint8", "uint256"), ("F", "F", 18, 100))
MOODY = Token("MoodyToken", (), ())
CONTRACTS = [f"testing/{name}.vy" for name in ("RangePoolCallee", "SideBySide", "TestToken", "NoReturnToken", "FeeToken", "MoodyToken")]
CONTRACTS += ["amm/RangePool.vy", "amm/RangePoolFactory.vy"]
DENIES, REVERTS, SILENT_MOOD, BLIND = (1 << i for i in range(4))


class World:
    """A chain with two tokens, and a pool of each kind for them."""

    def __init__(
        self, fee: int, spacing: int, tokens: tuple[Token, Token], now: int, pool_code: bytes | None = None, twins: bool = False
    ) -> None:
        """`pool_code` stands in for our pool; twins: the second pool is another one of ours."""
        machine = self.machine = Machine(OWNER, now, gas=GAS)
        code = vyper_code("amm/RangePool.vy") if pool_code is None else pool_code
        blueprint = machine.deploy(blueprint_code(code))
        own_factory = (vyper_code("amm/RangePoolFactory.vy"), ("address", "address"), blueprint, OWNER)
        ours = machine.deploy(*own_factory)
        theirs = machine.deploy(*own_factory) if twins else machine.deploy(published_code("UniswapV3Factory"))
        deployed = sorted((machine.deploy(vyper_code(f"testing/{t.source}.vy"), t.types, *t.arguments), t.source) for t in tokens)
        self.tokens = [address for address, _ in deployed]
        self.sources = [source for _, source in deployed]
        self.callee = machine.deploy(vyper_code("testing/RangePoolCallee.vy"))
        self.judge = machine.deploy(vyper_code("testing/SideBySide.vy"))
        for token in self.tokens:
            machine.must(OWNER, token, call_data("mint(address,uint256)", self.callee, FUNDS))
        self.pools: list[str] = []
        for factory in (ours, theirs):
            # Uniswap V3 began without the lowest tier
            if machine.number_of(factory, "feeAmountTickSpacing(uint24)", fee) == 0:
                machine.must(OWNER, factory, call_data("enableFeeAmount(uint24,int24)", fee, spacing))
            outcome = machine.must(OWNER, factory, call_data("createPool(address,address,uint24)", *self.tokens, fee))
            self.pools.append("0x" + outcome.data[-20:].hex())
        self.raw_pools = [bytes.fromhex(pool[2:]) for pool in self.pools]
        self.factories = [bytes.fromhex(factory[2:]) for factory in (ours, theirs)]
        self.head = selector("difference(address,address,address,address,bytes)") + b"".join(map(account, [*self.pools, *self.tokens]))

    def anonymous(self, side: int, data: bytes) -> bytes:
        return data.replace(self.raw_pools[side], POOL).replace(self.factories[side], b"fact" * 5)

    def events(self, side: int, outcome: Outcome) -> list[Event]:
        raw, hexed = self.raw_pools[side], self.pools[side]
        return [
            (
                POOL if log.address == hexed else bytes.fromhex(log.address[2:]),
                tuple(topic.replace(raw, POOL) for topic in log.topics),
                log.data.replace(raw, POOL),
            )
            for log in outcome.logs
        ]

    def difference(self, questions: list[bytes]) -> str:
        """Empty if both pools answer all of them alike, and have the same balances."""
        asked = b"".join(question.ljust(100, b"\0") for question in questions)
        answer = self.machine.view(self.judge, self.head + word(160) + tail(asked))
        index = int.from_bytes(answer[:32], "big")
        if index == 0:
            return ""
        where = {2**128: "balance of token0", 2**129: "balance of token1"}.get(index) or describe(questions[index - 1])
        mine, other = (answer[at + 32 : at + 32 + signed(answer[at : at + 32])] for at in (signed(answer[64:96]), signed(answer[128:160])))
        return f"{where}\nours   {bool(answer[63])} {show(mine)}\ntheirs {bool(answer[127])} {show(other)}"


def show(data: bytes) -> str:
    """Words that are numbers as numbers."""
    if len(data) % 32:
        return data.hex()
    return str([w.hex() if b"pool" in (w := data[i : i + 32]) else signed(w) for i in range(0, len(data), 32)])


def told(event: Event | None) -> str:
    if event is None:
        return "none"
    emitter, topics, data = event
    name = next((name for name, topic in TOPIC.items() if topic == topics[0]), topics[0].hex()[:8])
    return f"{name} of {emitter.hex()[-4:]}: {[signed(topic) for topic in topics[1:]]} {show(data)}"


NAMES = {data: name for name, data in SELECTORS.items()}


def describe(question: bytes) -> str:
    return f"{NAMES[question[:4]]}{show(question[4:])}"


BASE = [call(name) for name in ("slot0", "liquidity", "feeGrowthGlobal0X128", "feeGrowthGlobal1X128", "protocolFees")]
CONSTANT = [call(name) for name in ("token0", "token1", "fee", "tickSpacing", "maxLiquidityPerTick")]


# ---------------------------------------------------------------- a life


class Life:
    """Draws the steps, and takes each in both pools."""

    def __init__(self, seed: str, remembers: bool = False, pool_code: bytes | None = None) -> None:
        self.seed = seed
        draw = self.random = random.Random(seed)
        # Numbers so large that products need 512 bits and amounts 160: much liquidity at a far price, and long steps
        self.heavy = draw.random() < 0.15
        self.fee, self.spacing = self.draw_tier()
        # Words of the bitmap that a swap through all of it reads
        self.span = 2 * MAX_TICK // self.spacing // 256
        plain = draw.random() < 0.85
        tokens = (TEST, TEST) if plain else draw.choice([(TAXED, TEST), (SILENT, TEST), (MOODY, TEST), (MOODY, MOODY), (TAXED, SILENT)])
        # Seconds between two steps, roughly
        self.pace = draw.choice([3, 12, 60, 600, 10_000, 10**6])
        start = START + draw.randrange(10**6)
        if draw.random() < 0.2:
            start = 2**32 - draw.choice([0, 1, draw.randrange(200 * self.pace), draw.randrange(200 * self.pace)])
        self.world = World(self.fee, self.spacing, tokens, start, pool_code)
        self.honest = set(self.world.sources) <= {"TestToken", "NoReturnToken"}
        self.moody = [i for i, source in enumerate(self.world.sources) if source == "MoodyToken"]
        # About how much liquidity one deposit has
        self.bits = draw.choice([draw.randrange(4, 110), draw.randrange(40, 90), draw.randrange(40, 90), 64])
        if self.heavy:
            self.bits = draw.randrange(95, 122)
        self.home = self.draw_home()
        # How far from home, in spacings, ranges begin and swaps go
        self.width = min(draw.choice([3, 8, 8, 25, 100]), max(1, MAX_TICK // self.spacing // 2))
        self.steps = 0
        self.outcomes: Counter[str] = Counter()
        self.what = ""
        self.planned = ""
        self.actions: deque[tuple[object, ...]] = deque(maxlen=8)
        # Of the pool, as of the last step
        self.price = self.tick = self.index = self.cardinality = self.next_cardinality = 0
        self.unlocked = False
        self.initialized_at = 0
        # Liquidity of each position; what was ever touched
        self.positions: dict[tuple[str, int, int], int] = {}
        self.known_ticks: set[int] = set()
        self.known_keys: set[bytes] = {bytes(32)}
        self.most_observations = 1
        # What this step touched
        self.touched_ticks: set[int] = set()
        self.touched_keys: set[bytes] = set()
        # A start at a multiple of 2**32 seconds is no start to the pool's memory
        self.memory = RangeObservations() if remembers and start % 2**32 else None

    # ---------------------------------------------------------------- drawing the circumstances

    def draw_tier(self) -> tuple[int, int]:
        draw = self.random
        if self.heavy:
            return draw.choice([(10_000, 200), (2_500, 1_000), (1, 4_000), (500_000, 16_383)])
        if draw.random() < 0.85:
            return draw.choice(list(TIERS.items()))
        fee = draw.choice([0, 1, 30, 2_500, 123_456, 500_000, 999_999, draw.randrange(10**6)])
        spacing = draw.choice([1, 2, 7, 50, 100, 887, 1_000, 16_383, draw.randrange(1, 16_384)])
        return (fee, spacing) if fee not in TIERS else (fee, TIERS[fee])

    def draw_home(self) -> int:
        draw = self.random
        last = MAX_TICK // self.spacing * self.spacing
        if self.heavy:
            return draw.choice([-1, 1, 1]) * draw.randrange(300_000, MAX_TICK)
        return draw.choice(
            [
                0,
                0,
                draw.choice([-276_325, 276_324, 230_270, -460_540]) + draw.randrange(-9_000, 9_000),  # 12, 10 and 20 digits apart
                draw.randrange(-200_000, 200_000),
                draw.randrange(-MAX_TICK, MAX_TICK + 1),
                draw.choice([-1, 1]) * (MAX_TICK - draw.randrange(3)),
                draw.choice([-1, 1]) * (last - draw.randrange(-2, 2 * self.spacing)),
            ]
        )

    def first_price(self) -> int:
        tick = max(-MAX_TICK, min(MAX_TICK, self.home))
        return max(MIN_RATIO, min(MAX_RATIO - 1, ratio(tick) + self.random.choice([0, 0, -1, 1, ratio(tick) // 30_000])))

    # ---------------------------------------------------------------- taking steps

    def differ(self, what: str, ours: object = "", theirs: object = "") -> None:
        raise Mismatch(
            f"life '{self.seed}', step {self.steps}, {self.what}: {what}\n"
            + (f"ours   {ours}\ntheirs {theirs}\n" if ours != "" or theirs != "" else "")
            + f"fee {self.fee}, spacing {self.spacing}, tokens {self.world.sources}, time {self.world.machine.now}, "
            + f"price {self.price}, tick {self.tick}\nlast actions:\n"
            + "\n".join(f"  {' '.join(map(str, action))}" for action in self.actions)
        )

    def both(self, sender: str, data: bytes, to: str | None = None) -> Outcome | None:
        """The same call to both pools (or about them to another contract); the outcomes must be the same. Theirs, if it succeeded."""
        world = self.world
        send = world.machine.send
        ours, theirs = (send(sender, to or world.pools[i], data.replace(POOL, world.raw_pools[i])) for i in (0, 1))
        if ours.success != theirs.success:
            self.differ("success", (ours.success, ours.reason or ours.data.hex()), (theirs.success, theirs.reason or theirs.data.hex()))
        if ours.data != theirs.data and world.anonymous(0, ours.data) != world.anonymous(1, theirs.data):
            if theirs.success:
                self.differ("answer", show(ours.data), show(theirs.data))
            if not theirs.reason or ours.reason != theirs.reason:
                self.differ("reason", ours.reason or ours.data.hex(), theirs.reason or theirs.data.hex())
        if not theirs.success:
            self.outcomes[f"{self.what}: {theirs.reason or 'no reason'}"] += 1
            return None
        mine, other = (world.events(i, outcome) for i, outcome in enumerate((ours, theirs)))
        if mine != other:
            for first, second in zip_longest(mine, other):
                if first != second:
                    self.differ(f"events ({len(mine)}, {len(other)})", told(first), told(second))
        self.outcomes[f"{self.what}: ok"] += 1
        self.learn(other)
        return theirs

    def by(self, sender: str, data: bytes) -> Outcome | None:
        """A call by an account, or by the callee, which pays."""
        if sender == self.world.callee:
            return self.both(OWNER, make_call(data), sender)
        return self.both(sender, data)

    def learn(self, events: list[Event]) -> None:
        """Keep the books by the events."""
        for emitter, topics, data in events:
            if emitter != POOL:
                continue
            if topics[0] in (TOPIC["Mint"], TOPIC["Burn"]):
                owner = "0x" + topics[1][12:].hex()
                lower, upper = signed(topics[2]), signed(topics[3])
                values = words_of(data)
                amount = values[1] if topics[0] == TOPIC["Mint"] else -values[0]
                position = (owner, lower, upper)
                self.positions[position] = self.positions.get(position, 0) + amount
                key = position_key(*position)
                self.touched_keys.add(key)
                self.known_keys.add(key)
                self.touched_ticks |= {lower, upper}
                self.known_ticks |= {lower, upper}
                if self.memory is not None and amount and lower <= self.tick < upper:
                    self.memory.touch(self.world.machine.now)
            elif topics[0] == TOPIC["Initialize"]:
                if self.memory is not None:
                    self.memory.start(self.world.machine.now, signed(data[32:64]))
            elif topics[0] == TOPIC["Swap"]:
                tick = signed(data[128:160])
                if self.memory is not None and tick != self.tick:
                    self.memory.touch(self.world.machine.now)
                low, high = sorted((self.tick, tick))
                self.touched_ticks |= {t for t in self.known_ticks if low <= t <= high}
                # A flash or swap within another action moves on from here
                self.tick = tick

    def look(self) -> None:
        """Read what the next step is drawn from."""
        answer = self.world.machine.view(self.world.pools[1], SELECTORS["slot0"])
        self.price, _, self.index, self.cardinality, self.next_cardinality, _, unlocked = words_of(answer)
        self.tick = signed(answer[32:64])
        self.unlocked = unlocked == 1
        self.most_observations = max(self.most_observations, self.next_cardinality)

    def step(self) -> None:
        self.steps += 1
        self.pass_time()
        action = self.random.choices(NAMES_OF_ACTIONS, WEIGHTS)[0] if self.unlocked else self.first_action()
        self.what = action.__name__
        self.touched_ticks.clear()
        self.touched_keys.clear()
        action(self)
        self.look()
        self.compare(self.touched())
        if self.random.random() < 0.004:
            self.compare_all()
        if self.memory is not None:
            self.check_memory(self.memory)

    def first_action(self) -> "Action":
        """Not initialised: whatever there is fails, in the right way."""
        return Life.initialize if self.random.random() < 0.4 else self.random.choices(NAMES_OF_ACTIONS, WEIGHTS)[0]

    def pass_time(self) -> None:
        draw = self.random
        if draw.random() < 0.4:
            return
        seconds = draw.choice([1, 12, int(draw.expovariate(1 / self.pace)), int(draw.expovariate(1 / self.pace))])
        if draw.random() < 0.003:
            seconds = draw.randrange(10**7)
        if seconds:
            machine = self.world.machine
            machine.set_time(machine.now + seconds)
            self.actions.append(("wait", seconds))

    # ---------------------------------------------------------------- comparing states

    def compare(self, questions: list[bytes]) -> None:
        difference = self.world.difference(questions)
        if difference:
            self.differ(difference)

    def touched(self) -> list[bytes]:
        draw = self.random
        questions = [*BASE, call("observations", self.index), observe_call(self.draw_ago())]
        ticks = self.touched_ticks
        if len(ticks) > 30:
            ticks = set(draw.sample(sorted(ticks), 30))
        questions += [call("ticks", tick) for tick in ticks]
        questions += [call("tickBitmap", w) for w in {tick // self.spacing >> 8 for tick in ticks}]
        questions += [call("positions", key) for key in self.touched_keys]
        if len(self.known_ticks) > 1 and draw.random() < 0.3:
            questions.append(call("snapshotCumulativesInside", *self.draw_inside()))
        return questions

    def draw_ago(self) -> int:
        draw = self.random
        age = self.world.machine.now - self.initialized_at
        return draw.choice([0, 0, 1, draw.randrange(4 * self.pace), draw.randrange(age + 1), age, age + 1, draw.randrange(2**32)]) % 2**32

    def draw_inside(self) -> tuple[int, int]:
        draw = self.random
        ticks = sorted(self.known_ticks)
        lower, upper = draw.choice(ticks), draw.choice(ticks)
        if lower > upper and draw.random() < 0.95:
            lower, upper = upper, lower
        return lower, upper

    def compare_all(self) -> None:
        """Everything that was ever touched, and the books."""
        draw = self.random
        ticks = sorted(self.known_ticks)
        keys = sorted(self.known_keys)
        words = sorted({tick // self.spacing >> 8 for tick in ticks})
        observations: Iterable[int] = range(min(self.most_observations + 2, 30))
        if self.most_observations > 30:
            observations = [*observations, self.index, *(draw.randrange(self.most_observations) for _ in range(10))]
        questions = [*BASE, *(call("ticks", tick) for tick in ticks), *(call("tickBitmap", w) for w in words)]
        questions += [call("positions", key) for key in keys]
        questions += [call("observations", index) for index in observations]
        questions += [observe_call(self.draw_ago()) for _ in range(10)]
        if len(ticks) > 1:
            questions += [call("snapshotCumulativesInside", *self.draw_inside()) for _ in range(10)]
        for at in range(0, len(questions), 500):
            self.compare(questions[at : at + 500])
        self.check_books(ticks, words)

    def check_books(self, ticks: list[int], words: list[int]) -> None:
        """RNG-02 to RNG-04, in our pool."""
        machine, pool = self.world.machine, self.world.pools[0]
        if not self.unlocked:
            return
        # Just left to the left, a tick's own price counts to the tick before
        if not ratio(self.tick) <= self.price <= ratio(self.tick + 1):
            self.differ("RNG-03")
        in_range = sum(amount for (_, lower, upper), amount in self.positions.items() if lower <= self.tick < upper)
        if machine.number_of(pool, "liquidity()") != in_range:
            self.differ("RNG-02, liquidity in range", machine.number_of(pool, "liquidity()"), in_range)
        gross: Counter[int] = Counter()
        net: Counter[int] = Counter()
        for (_, lower, upper), amount in self.positions.items():
            gross[lower] += amount
            gross[upper] += amount
            net[lower] += amount
            net[upper] -= amount
        bitmap = {w: machine.number_of(pool, "tickBitmap(int16)", w % 2**256) for w in words}
        for tick in ticks:
            answer = machine.view(pool, call("ticks", tick))
            if (int.from_bytes(answer[:32], "big"), signed(answer[32:64])) != (gross[tick], net[tick]):
                self.differ(f"RNG-02, tick {tick}", show(answer), (gross[tick], net[tick]))
            compressed = tick // self.spacing
            if bitmap[compressed >> 8] >> (compressed & 255) & 1 != (gross[tick] > 0):
                self.differ(f"RNG-04, tick {tick}")
            bitmap[compressed >> 8] &= ~(1 << (compressed & 255))
        if any(bitmap.values()):
            self.differ(f"RNG-04, bits without a tick: {bitmap}")

    def check_memory(self, memory: RangeObservations) -> None:
        machine, pool = self.world.machine, self.world.pools[0]
        if not self.unlocked:
            return
        in_range = sum(amount for (_, lower, upper), amount in self.positions.items() if lower <= self.tick < upper)
        if (self.tick, in_range) != (memory.raw_tick, memory.liquidity) and memory.since != machine.now:
            self.differ("changed without an observation", (self.tick, in_range), (memory.raw_tick, memory.liquidity))
        memory.stand(self.tick, in_range)
        if self.steps % 8 == 0:
            for buckets in (0, self.random.randrange(1, 21)):
                answer = words_of(machine.view(pool, call_data("window(uint256)", buckets)))
                expected = memory.window(machine.now, buckets).words()
                if answer != expected:
                    self.differ(f"OBS-01, window({buckets})", answer, expected)
            for wanted in range(4):
                answer = words_of(machine.view(pool, call_data("recent(uint256)", wanted)))
                expected = [value % 2**256 for value in memory.recent(machine.now, wanted)]
                if answer != expected:
                    self.differ(f"OBS-10, recent({wanted})", answer, expected)

    # ---------------------------------------------------------------- drawing

    def sender(self) -> str:
        """Mostly the callee: only a contract can pay."""
        return self.world.callee if self.random.random() < 0.97 else self.random.choice(ACTORS)

    def holder(self) -> str:
        return self.random.choice([self.world.callee, self.world.callee, *ACTORS])

    def recipient(self) -> bytes:
        if self.random.random() < 0.03:
            return self.random.choice([THE_POOL, account(ZERO), account(self.world.tokens[0])])
        return account(self.holder())

    def tick_near(self) -> int:
        """A usable tick near home or near the price."""
        draw = self.random
        middle = self.home if draw.random() < 0.7 else self.tick
        last = MAX_TICK // self.spacing
        return max(-last, min(last, middle // self.spacing + draw.randint(-self.width, self.width))) * self.spacing

    def draw_range(self) -> tuple[int, int]:
        draw = self.random
        spacing = self.spacing
        last = MAX_TICK // spacing * spacing
        alive = [position for position, amount in self.positions.items() if amount]
        kind = draw.random()
        if kind < 0.35 and alive:
            _, lower, upper = draw.choice(alive)
            match draw.randrange(6):
                case 0:  # the neighbour
                    lower, upper = upper, upper + (upper - lower)
                case 1:
                    lower, upper = lower - (upper - lower), lower
            lower, upper = max(lower, -last), min(upper, last)
        elif kind < 0.45:
            lower, upper = -last, last
        elif kind < 0.6:  # one spacing, around the price or near it
            lower = (self.tick // spacing + draw.choice([0, 0, 0, -1, 1])) * spacing
            upper = lower + spacing
        elif kind < 0.63:  # at the ends
            lower, upper = draw.choice([(-last, -last + spacing), (last - spacing, last), (-last, self.tick_near()), (self.tick_near(), last)])
        else:
            lower, upper = sorted((self.tick_near(), self.tick_near()))
        if lower == upper and draw.random() < 0.97:
            upper += spacing
        lower, upper = max(lower, -last), min(upper, last)
        return lower, upper

    def spoil_range(self, lower: int, upper: int) -> tuple[int, int]:
        """Out of order, off the spacing, beyond the limits."""
        draw = self.random
        last = MAX_TICK // self.spacing * self.spacing
        return draw.choice(
            [
                (upper, lower),
                (lower, lower),
                (lower + 1, upper),
                (lower, upper - 1),
                (-last - self.spacing, upper),
                (lower, last + self.spacing),
                (-last - self.spacing, last + self.spacing),
                (-MAX_TICK - 1, upper),
                (lower, MAX_TICK + 1),
                (-MAX_TICK, MAX_TICK),
                (-(2**23), 2**23 - 1),
            ]
        )

    def draw_liquidity(self) -> int:
        draw = self.random
        if draw.random() < 0.04:
            return draw.choice([0, 1, 2, MAX_128, 2**127, 2**127 - 1])
        bits = self.bits + draw.randint(-3, 3)
        return draw.randrange(1, 2 ** max(1, min(bits, 127)))

    def most_liquidity(self) -> int:
        return MAX_128 // (2 * (MAX_TICK // self.spacing) + 1)

    def draw_limit(self, zero_for_one: bool) -> int:
        draw = self.random
        kind = draw.random()
        if kind < 0.03:
            return draw.choice([0, 1, MIN_RATIO - 1, MIN_RATIO, MAX_RATIO, MAX_RATIO + 1, 2**160 - 1, self.price])
        if kind < 0.06:
            zero_for_one = not zero_for_one
        elif kind < 0.06 + min(0.25, 10 / (self.span + 1)):
            return MIN_RATIO + 1 if zero_for_one else MAX_RATIO - 1
        if kind < 0.35:
            # A little way
            moved = self.price * draw.randrange(1, 2**16) >> draw.randrange(17, 40)
            return max(0, self.price - moved) if zero_for_one else min(self.price + moved, 2**160 - 1)
        # At a tick or beside it
        tick = self.tick_near()
        if (tick > self.tick) == zero_for_one:
            tick = 2 * self.tick - tick
        tick = max(-MAX_TICK, min(MAX_TICK, tick + draw.choice([0, 0, 0, 1, -1])))
        return min(ratio(tick) + draw.choice([0, 0, 0, 1, -1]), 2**160 - 1)

    def draw_amount(self, zero_for_one: bool, liquidity: int) -> int:
        """Exact input if positive, output if negative."""
        draw = self.random
        kind = draw.random()
        exact_in = draw.random() < 0.6
        if kind < 0.03:
            return draw.choice([0, 1, -1, 2**127, -(2**127), 2**255 - 1, -(2**255), -(2**255) + 1])
        if kind < 0.2:
            amount = draw.randrange(1, 2 ** draw.randrange(1, 128))
        else:
            reserve = (liquidity << 96) // max(self.price, 1) if zero_for_one == exact_in else liquidity * self.price >> 96
            amount = max(1, reserve * draw.randrange(1, 2**16) >> draw.randrange(10, 36))
            amount = min(amount, 2**254)
        return amount if exact_in else -amount

    def plan(self, beyond0: int = 0, beyond1: int = 0, calls: Iterable[tuple[bytes, bytes, bool]] = (), reason: str = "") -> bytes:
        listed = list(calls)
        while len(data := plan(beyond0, beyond1, listed, reason)) > MAX_DATA:
            listed.pop()
        self.planned = f"pays {beyond0:+} {beyond1:+} {[describe(data) for _, data, _ in listed]} {reason}"
        return data

    def draw_plan(self, base0: int = 0, base1: int = 0) -> bytes:
        """Mostly pays what is asked for."""
        draw = self.random
        self.planned = ""
        if draw.random() < 0.85:
            if "FeeToken" in self.world.sources and draw.random() < 0.8:
                base0, base1 = (
                    max(base, 2 ** draw.randrange(100)) if s == "FeeToken" else base
                    for s, base in zip(self.world.sources, (base0, base1), strict=True)
                )
            return self.plan(base0, base1) if base0 or base1 else b""
        match draw.randrange(8):
            case 0 | 1:
                beyond = draw.choice([1, -1, -1, -1, -1, 2 ** draw.randrange(1, 100), 2 ** draw.randrange(100, 190), -(2**200)])
                return self.plan(base0 + beyond, base1) if draw.random() < 0.5 else self.plan(base0, base1 + beyond)
            case 2:
                return self.plan(base0, base1, reason="callee: not today")
            case 3:
                # Part of it before
                side, amount = draw.randrange(2), 2 ** draw.randrange(1, 60)
                early = [(account(self.world.tokens[side]), call("transfer", THE_POOL, amount), True)]
                return self.plan(base0 - amount * (side == 0), base1 - amount * (side == 1), early)
            case 4 | 5:
                views = [*BASE, observe_call(0, 1), call("observations", self.index), call("ticks", self.tick_near())]
                views += [call("positions", key) for key in draw.sample(sorted(self.known_keys), 1)]
                return self.plan(base0, base1, [(THE_POOL, data, True) for data in draw.sample(views, 3)])
            case _:
                must = draw.random() < 0.3
                return self.plan(base0, base1, [(THE_POOL, data, must) for data in draw.sample(self.locked_calls(), draw.randint(1, 3))])

    def locked_calls(self) -> list[bytes]:
        """What fails in a callback."""
        me = account(self.world.callee)
        lower, upper = self.draw_range()
        return [
            mint_call(me, lower, upper, 1000),
            call("burn", lower, upper, 0),
            call("collect", me, lower, upper, 1, MAX_128),
            swap_call(me, True, 1000, MIN_RATIO + 1),
            swap_call(me, False, 0, 0),
            flash_call(me, 0, 0),
            call("increaseObservationCardinalityNext", 20),
            call("setFeeProtocol", 4, 4),
            call("collectProtocol", me, 1, 1),
            call("initialize", 2**96),
        ]

    def liquidity(self) -> int:
        return self.world.machine.number_of(self.world.pools[1], "liquidity()")

    # ---------------------------------------------------------------- actions

    def initialize(self) -> None:
        price = self.first_price()
        if self.random.random() < 0.5:
            price = self.random.choice([0, 1, MIN_RATIO - 1, MAX_RATIO, 2**160 - 1])
        self.actions.append(("initialize", price))
        if self.both(self.random.choice(ACTORS), call("initialize", price)) is not None:
            self.initialized_at = self.world.machine.now

    def mint(self) -> None:
        draw = self.random
        lower, upper = self.draw_range()
        amount = self.draw_liquidity()
        if draw.random() < 0.03:
            lower, upper = self.spoil_range(lower, upper)
        if draw.random() < 0.03:
            gross = max((sum(a for p, a in self.positions.items() if tick in p[1:]) for tick in (lower, upper)), default=0)
            amount = max(0, self.most_liquidity() - gross + draw.choice([0, 0, 1, -1]))
        sender = self.sender()
        # Positions of the callee itself are as good as others'
        recipient = account(self.holder())
        data = self.draw_plan(*draw.choices([(0, 0), (-1, 0), (0, -1)], [40, 1, 1])[0])
        self.actions.append(("mint", sender, recipient.hex()[-4:], lower, upper, amount, self.planned))
        self.by(sender, mint_call(recipient, lower, upper, amount, data))

    def draw_position(self) -> tuple[str, int, int]:
        draw = self.random
        if self.positions and draw.random() < 0.95:
            # Those that hold something, mostly
            alive = [position for position, amount in self.positions.items() if amount] if draw.random() < 0.9 else []
            return draw.choice(alive or list(self.positions))
        owner = self.holder()
        lower, upper = self.draw_range()
        return (owner, *(self.spoil_range(lower, upper) if draw.random() < 0.5 else (lower, upper)))

    def burn(self) -> None:
        draw = self.random
        owner, lower, upper = position = self.draw_position()
        held = self.positions.get(position, 0)
        amount = draw.choice([0, held, held, held // 2, held // draw.randrange(1, 1000), min(held, 1)])
        if draw.random() < 0.04:
            amount = draw.choice([held + 1, MAX_128, 2**127 - 1, 2**127])
        self.actions.append(("burn", owner, lower, upper, amount, "of", held))
        self.by(owner, call("burn", lower, upper, amount))
        # Fees are brought up to date without an event for the books
        self.touched_keys.add(position_key(*position))

    def collect(self) -> None:
        draw = self.random
        owner, lower, upper = position = self.draw_position()
        asked = [draw.choice([MAX_128, MAX_128, MAX_128, 0, 1, draw.randrange(2 ** draw.randrange(1, 129))]) for _ in range(2)]
        recipient = self.recipient()
        self.actions.append(("collect", owner, recipient.hex()[-4:], lower, upper, *asked))
        if draw.random() < 0.3:
            self.by(owner, call("burn", lower, upper, 0))
        self.by(owner, call("collect", recipient, lower, upper, *asked))
        self.touched_keys.add(position_key(*position))
        self.known_keys.add(position_key(*position))

    def swap(self) -> None:
        draw = self.random
        zero_for_one = draw.random() < 0.5
        # Back home, when far from it
        if abs(self.tick - self.home) > 3 * self.width * self.spacing and draw.random() < 0.7:
            zero_for_one = self.tick > self.home
        amount = self.draw_amount(zero_for_one, self.liquidity())
        limit = self.draw_limit(zero_for_one)
        sender, recipient, data = self.sender(), self.recipient(), self.draw_plan()
        self.actions.append(("swap", sender, recipient.hex()[-4:], zero_for_one, amount, limit, self.planned))
        self.by(sender, swap_call(recipient, zero_for_one, amount, limit, data))

    def flash(self) -> None:
        draw = self.random
        world = self.world
        held = [world.machine.send(OWNER, token, call("balanceOf", account(world.pools[1]))) for token in world.tokens]
        balances = [int.from_bytes(answer.data, "big") if answer.success else 0 for answer in held]
        amounts = [draw.choice([0, 1, balance, balance // 2, draw.randrange(balance + 1), draw.randrange(balance + 1)]) for balance in balances]
        if draw.random() < 0.03:
            amounts[draw.randrange(2)] = draw.choice([balances[0] + 1, balances[1] + 1, 2**255, 2**256 - 1])
        back = [min(amount, 2**250) for amount in amounts]
        if draw.random() < 0.15:
            back[draw.randrange(2)] -= 1
        data = self.draw_plan(*back)
        sender, recipient = self.sender(), self.recipient()
        self.actions.append(("flash", sender, recipient.hex()[-4:], *amounts, self.planned))
        self.by(sender, flash_call(recipient, amounts[0], amounts[1], data))

    def fee_protocol(self) -> None:
        draw = self.random
        shares = [draw.choice([0, 4, 5, 7, 10]) for _ in range(2)]
        if draw.random() < 0.15:
            shares[draw.randrange(2)] = draw.choice([1, 2, 3, 11, 15, 16, 255])
        sender = OWNER if draw.random() < 0.9 else self.world.callee
        self.actions.append(("setFeeProtocol", sender, *shares))
        self.by(sender, call("setFeeProtocol", *shares))

    def collect_protocol(self) -> None:
        draw = self.random
        asked = [draw.choice([MAX_128, MAX_128, 0, 1, draw.randrange(2 ** draw.randrange(1, 129))]) for _ in range(2)]
        sender = OWNER if draw.random() < 0.9 else self.world.callee
        self.actions.append(("collectProtocol", sender, *asked))
        self.by(sender, call("collectProtocol", self.recipient(), *asked))

    def cardinality_growth(self) -> None:
        draw = self.random
        new = draw.choice([0, 1, self.next_cardinality, self.next_cardinality + 1, self.next_cardinality + draw.randrange(8)])
        if draw.random() < 0.02:
            new = draw.choice([300, 100, 65535 if draw.random() < 0.01 else 50])
        self.actions.append(("cardinality", new))
        self.both(draw.choice(ACTORS), call("increaseObservationCardinalityNext", min(new, 65535)))

    def ask(self) -> None:
        """A view, with any argument."""
        draw = self.random
        tick = draw.choice([draw.randrange(-(2**23), 2**23), self.tick, self.tick + 1, -MAX_TICK, MAX_TICK])
        question = draw.choice(
            [
                call("observe", 32, 0),
                observe_call(*(self.draw_ago() for _ in range(draw.randrange(1, 9)))),
                observe_call(*(self.draw_ago() for _ in range(draw.randrange(1, 9)))),
                call("ticks", tick),
                call("tickBitmap", draw.randrange(-(2**15), 2**15)),
                call("positions", draw.randbytes(32)),
                call("observations", draw.choice([draw.randrange(65535), 65534, 65535, 2**256 - 1])),
                call("snapshotCumulativesInside", tick, draw.choice([tick, tick - 1, tick + self.spacing, MAX_TICK, MAX_TICK + 1])),
                call("snapshotCumulativesInside", draw.choice([-MAX_TICK - 1, -MAX_TICK]), tick),
                call("factory"),
            ]
        )
        self.actions.append(("ask", describe(question)))
        self.both(draw.choice(ACTORS), question)

    def donate(self) -> None:
        side, amount = self.random.randrange(2), self.random.randrange(2 ** self.random.randrange(1, 90))
        self.actions.append(("donate", side, amount))
        self.both(OWNER, make_call(call("transfer", THE_POOL, amount), account(self.world.tokens[side])), self.world.callee)

    def mood(self) -> None:
        """A token that fails, or that calls the pool in the middle of a transfer."""
        draw = self.random
        if not self.moody:
            return
        machine, token = self.world.machine, self.world.tokens[draw.choice(self.moody)]
        if draw.random() < 0.5:
            mood = draw.choice([0, DENIES, REVERTS, SILENT_MOOD, BLIND])
            self.actions.append(("mood", mood))
            machine.must(OWNER, token, call_data("set_mood(uint256)", mood))
            for action in draw.choices([Life.swap, Life.mint, Life.flash, Life.burn, Life.collect, Life.collect_protocol], k=3):
                action(self)
            machine.must(OWNER, token, call_data("set_mood(uint256)", 0))
            return
        # Not what the pool owes: Uniswap V3 writes that of token1 down only after the transfer of token0
        views = [*BASE[:-1], observe_call(0), call("ticks", self.tick_near()), call("observations", self.index)]
        inner = draw.choice([*self.locked_calls(), *views])
        armed = selector("arm(address,bytes)") + THE_POOL.rjust(32, b"\0") + word(64) + tail(inner)
        self.actions.append(("armed", describe(inner)))
        world = self.world
        # Both are armed with their own call: the one is used up before the other is armed
        payload = draw.choice([self.swap_payload(), call("collectProtocol", account(ACTORS[0]), MAX_128, MAX_128)])
        self.actions.append(("payload", payload.hex()))
        outcomes = []
        for side, pool in enumerate(world.pools):
            machine.must(OWNER, token, armed.replace(POOL, world.raw_pools[side]))
            sender, to, data = (OWNER, world.callee, make_call(payload)) if payload[:4] == SELECTORS["swap"] else (OWNER, pool, payload)
            outcomes.append(machine.send(sender, to, data.replace(POOL, world.raw_pools[side])))
            machine.must(OWNER, token, selector("arm(address,bytes)") + word(0) + word(64) + tail(b""))
        mine, other = ((o.success, world.anonymous(i, o.data), world.events(i, o)) for i, o in enumerate(outcomes))
        if mine != other:
            self.differ("armed", (mine[0], show(mine[1]), *map(told, mine[2])), (other[0], show(other[1]), *map(told, other[2])))
        self.outcomes[f"{self.what}: armed {outcomes[1].success}"] += 1
        if outcomes[1].success:
            self.learn(world.events(1, outcomes[1]))

    def swap_payload(self) -> bytes:
        zero_for_one = self.random.random() < 0.5
        return swap_call(self.recipient(), zero_for_one, self.draw_amount(zero_for_one, self.liquidity()), self.draw_limit(zero_for_one))

    # ---------------------------------------------------------------- the end

    def drain(self) -> None:
        """RNG-01: everybody takes everything, the fees included."""
        self.what = "drain"
        if not self.unlocked:
            return
        for (owner, lower, upper), held in list(self.positions.items()):
            self.actions.append(("drain", owner, lower, upper, held))
            burned = not held or self.by(owner, call("burn", lower, upper, held))
            paid = self.by(owner, call("collect", account(owner), lower, upper, MAX_128, MAX_128))
            if self.honest and not (burned and paid):
                self.differ("RNG-01, not paid")
        if not self.both(OWNER, call("collectProtocol", account(OWNER), MAX_128, MAX_128)) and self.honest:
            self.differ("RNG-01, the protocol is not paid")
        self.look()
        self.compare_all()


Action = Callable[[Life], None]
ACTIONS: dict[Action, float] = {
    Life.mint: 20,
    Life.burn: 14,
    Life.collect: 8,
    Life.swap: 44,
    Life.flash: 4,
    Life.fee_protocol: 1.5,
    Life.collect_protocol: 1.5,
    Life.cardinality_growth: 1.5,
    Life.ask: 3,
    Life.donate: 1,
    Life.mood: 1.5,
    Life.initialize: 0.2,
}
NAMES_OF_ACTIONS = list(ACTIONS)
WEIGHTS = list(ACTIONS.values())


def remembers(number: int) -> bool:
    """Whether the life of that number holds the pool's memory against the model."""
    return number % 8 == 0


def run(seed: str, steps: int, remembers: bool = False, pool_code: bytes | None = None) -> tuple[Life, list[str]]:
    """One life, to its end or to the first mismatch."""
    life = Life(seed, remembers, pool_code)
    try:
        life.compare(CONSTANT)
        while life.steps < steps:
            life.step()
        life.drain()
    except Mismatch as difference:
        return life, [str(difference)]
    return life, []
