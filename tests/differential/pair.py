"""Our pair, built with 30 bps and 1/6, beside the published Uniswap V2 (npm @uniswap/v2-core 1.0.1): the same random life, step by step.

Compared after every step: success, reason, answer, events (order, topics, data), reserves, supply, kLast; now and then every balance and
allowance. Only the documented differences are allowed for (interfaces/IPair.vyi): no price cumulatives, arithmetic failures and the lock
revert without a reason.

AMM-01  the pair equals Uniswap V2 in every outcome
AMM-02  reserve0 * reserve1 never falls except by `burn`
AMM-03  what an LP token is worth, sqrt(k) / supply, never falls except by the protocol's share
AMM-04  the reserves never exceed the balances
AMM-05  the supply is the sum of all balances, and the zero address keeps at least the minimum
OBS-01  what the pair remembers of real trades is the sum over its past (for some of the pairs: the model takes its time)
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from plimsoll.reference.observations import Observations
from tests.differential.mismatch import Mismatch
from tests.pair_world import recent_of, state_of, window_of
from tests.revm import MAX, Machine, Outcome, blueprint_code, call_data, selector, uniswap_code, vyper_code, word

OWNER = "0x" + "0e" * 20
FEE_TO = "0x" + "fe" * 20
KEYS = [keccak(text=f"differential actor {i}") for i in range(3)]
ACTORS = [Account.from_key(key).address.lower() for key in KEYS]
ZERO = "0x" + "00" * 20
START = 1_700_000_000
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"

SWAP = selector("swap(uint256,uint256,address,bytes)")
MINT, BURN, SKIM, SYNC = (
    selector(f"{name}({args})") for name, args in [("mint", "address"), ("burn", "address"), ("skim", "address"), ("sync", "")]
)
V2_REASON = "UniswapV2: "
LOCKED = "UniswapV2: LOCKED"
# Of `World.holdings`
HOLDERS, ZERO_AT = 10, 0


def swap_data(out0: int, out1: int, to: str, data: bytes = b"") -> bytes:
    padded = data + b"\0" * (-len(data) % 32)
    return SWAP + word(out0) + word(out1) + word(to) + word(128) + word(len(data)) + padded


def calls_data(*calls: tuple[str, bytes, bool]) -> bytes:
    """What PairCallee does when it is called."""
    return encode(["(address,bytes,bool)[]"], [list(calls)])


@dataclass
class World:
    """A chain with two tokens and one pair of them."""

    machine: Machine
    factory: str
    tokens: tuple[str, str] = ("", "")
    pair: str = ""
    callee: str = ""
    # Addresses that differ between the worlds, as they are named in both
    names: dict[bytes, bytes] = field(default_factory=dict)

    def create(self, token_code: tuple[tuple[bytes, tuple[str, ...], tuple[object, ...]], ...]) -> None:
        machine = self.machine
        self.tokens = tuple(sorted(machine.deploy(code, types, *args) for code, types, args in token_code))  # type: ignore[assignment]
        self.callee = machine.deploy(vyper_code("testing/PairCallee.vy"))
        outcome = machine.must(OWNER, self.factory, call_data("createPair(address,address)", *reversed(self.tokens)))
        self.pair = "0x" + outcome.data[-20:].hex()
        self.names = {bytes.fromhex(self.pair[2:]): b"pair" * 5, bytes.fromhex(self.factory[2:]): b"fact" * 5}

    def anonymous(self, data: bytes) -> bytes:
        for address, name in self.names.items():
            data = data.replace(address, name)
        return data

    def events(self, outcome: Outcome) -> list[tuple[bytes, tuple[bytes, ...], bytes]]:
        anonymous = self.anonymous
        return [(anonymous(bytes.fromhex(log.address[2:])), tuple(map(anonymous, log.topics)), anonymous(log.data)) for log in outcome.logs]

    def reserves(self) -> tuple[int, int, int]:
        answer = self.machine.view(self.pair, selector("getReserves()"))
        return tuple(int.from_bytes(answer[i : i + 32], "big") for i in (0, 32, 64))  # type: ignore[return-value]

    def state(self) -> tuple[int, ...]:
        number = self.machine.number_of
        return *self.reserves(), number(self.pair, "totalSupply()"), number(self.pair, "kLast()")

    def holdings(self) -> list[int]:
        holders = [ZERO, *ACTORS, self.pair, self.callee, OWNER, FEE_TO, *self.tokens]
        number = self.machine.number_of
        balances = [number(asset, "balanceOf(address)", holder) for asset in (*self.tokens, self.pair) for holder in holders]
        allowances = [number(self.pair, "allowance(address,address)", a, b) for a in ACTORS for b in ACTORS]
        return balances + allowances + [number(self.pair, "nonces(address)", a) for a in ACTORS]


def token_codes(kinds: tuple[str, str]) -> tuple[tuple[bytes, tuple[str, ...], tuple[object, ...]], ...]:
    arguments: dict[str, tuple[tuple[str, ...], tuple[object, ...]]] = {
        "TestToken": (("string", "string", "uint8"), ("T", "T", 18)),
        "NoReturnToken": (("string", "string", "uint8"), ("N", "N", 18)),
        "FeeToken": (("string", "string", "uint8", "uint256"), ("F", "F", 18, 100)),
    }
    return tuple((vyper_code(f"testing/{kind}.vy"), *arguments[kind]) for kind in kinds)


def worlds(kinds: tuple[str, str]) -> tuple[World, World]:
    ours, theirs = Machine(OWNER, START), Machine(OWNER, START)
    blueprint = ours.deploy(blueprint_code(vyper_code("amm/Pair.vy")))
    theirs.deploy(blueprint_code(b"\0"))  # keeps the addresses of what comes after the same
    numbers = ("uint256",) * 3
    factory = ours.deploy(vyper_code("amm/PairFactory.vy"), ("address", "address", *numbers), blueprint, OWNER, 30, 1, 6)
    published = theirs.deploy(uniswap_code("UniswapV2Factory"), ("address",), OWNER)
    result = World(ours, factory), World(theirs, published)
    for world in result:
        world.create(token_codes(kinds))
    assert result[0].tokens == result[1].tokens
    assert result[0].callee == result[1].callee
    return result


class Life:
    """Draws the steps, and takes each in both worlds."""

    def __init__(self, kinds: tuple[str, str], seed: str, remembers: bool = False) -> None:
        self.random = random.Random(seed)
        self.worlds = worlds(kinds)
        self.steps = 0
        self.outcomes: Counter[str] = Counter()
        self.what = ""
        self.state_before: tuple[int, ...] = (0,) * 5
        self.share_on = False
        # Which of the re-entering calls a flash swap tries
        self.drawn = 0
        self.memory = Observations() if remembers else None

    # ---------------------------------------------------------------- taking steps

    def each(self, sender: str | None, to: Callable[[World], str], data: Callable[[World], bytes]) -> bool:
        """The same call in both worlds; the outcomes must be the same. Returns whether it succeeded."""
        ours, theirs = (w.machine.send(sender or w.pair, to(w), data(w)) for w in self.worlds)
        if ours.success != theirs.success:
            self.differ("success", ours, theirs)
        if not theirs.success:
            expected = theirs.reason if theirs.reason.startswith(V2_REASON) and theirs.reason != LOCKED else None
            if expected is not None and ours.reason != expected:
                self.differ("reason", ours.reason, expected)
            self.outcomes[f"{self.what}: {theirs.reason or 'no reason'}"] += 1
            return False
        self.outcomes[f"{self.what}: ok"] += 1
        mine, other = (w.events(o) for w, o in zip(self.worlds, (ours, theirs), strict=True))
        if mine != other:
            self.differ("events", mine, other)
        if self.worlds[0].anonymous(ours.data) != self.worlds[1].anonymous(theirs.data):
            self.differ("answer", ours.data.hex(), theirs.data.hex())
        return True

    def pair(self, sender: str, data: bytes) -> bool:
        return self.each(sender, lambda w: w.pair, lambda w: data)

    def differ(self, what: str, ours: object, theirs: object) -> None:
        raise Mismatch(f"step {self.steps}, {self.what}, {what}:\nours   {ours}\ntheirs {theirs}")

    def compare_states(self) -> None:
        mine, other = (w.state() for w in self.worlds)
        if mine != other:
            self.differ("state", mine, other)
        self.check_invariants(mine)
        if self.memory is not None:
            self.check_memory(self.memory, mine)
        if self.steps % 10 == 0:
            held, other_held = (w.holdings() for w in self.worlds)
            if held != other_held:
                self.differ("holdings", held, other_held)
            balances = held[2 * HOLDERS : 3 * HOLDERS]
            assert sum(balances) == mine[3], "AMM-05"
            assert mine[3] == 0 or balances[ZERO_AT] >= 1000, "AMM-05"

    def check_memory(self, memory: Observations, state: tuple[int, ...]) -> None:
        reserve0, reserve1, changed, supply, _ = state
        world = self.worlds[0]
        now = world.machine.now
        if memory.started is None and supply:
            memory.start(now, *state_of(reserve0, reserve1))
        elif changed == now:
            memory.change(now, *state_of(reserve0, reserve1))
        if self.steps % 10 == 0:
            for buckets in (0, 10, 20):
                window = window_of(world.machine, world.pair, buckets)
                assert window == memory.window(now, buckets), f"OBS-01, step {self.steps}, {buckets} buckets"
            for wanted in range(4):
                told = recent_of(world.machine, world.pair, wanted)
                assert told == memory.recent(now, wanted), f"OBS-10, step {self.steps}, recent({wanted})"

    def check_invariants(self, state: tuple[int, ...]) -> None:
        world = self.worlds[0]
        reserve0, reserve1, _, supply, _ = state
        before0, before1, _, supply_before, _ = self.state_before
        k, k_before = reserve0 * reserve1, before0 * before1
        if self.what != "burn":
            assert k >= k_before, "AMM-02"
        if supply_before and not self.share_on:
            assert k * supply_before**2 >= k_before * supply**2, "AMM-03"
        for token, reserve in zip(world.tokens, (reserve0, reserve1), strict=True):
            assert world.machine.number_of(token, "balanceOf(address)", world.pair) >= reserve, "AMM-04"
        self.state_before = state

    def step(self) -> None:
        self.steps += 1
        self.pass_time()
        action = self.random.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        self.what = action.__name__
        action(self)
        self.compare_states()

    def pass_time(self) -> None:
        seconds = self.random.choice([0, 0, 0, 1, 12, 12, 24, 60, 180, self.random.randrange(2000)])
        if self.random.random() < 0.002:
            seconds = self.random.randrange(10**6)
        if seconds:
            for w in self.worlds:
                w.machine.set_time(w.machine.now + seconds)

    # ---------------------------------------------------------------- drawing

    def actor(self) -> str:
        return self.random.choice(ACTORS)

    def recipient(self) -> str:
        world = self.worlds[0]
        return self.random.choice([*ACTORS, *ACTORS, *ACTORS, world.callee, ZERO, OWNER])

    def amount(self, scale: int) -> int:
        """Log-uniform up to some scale, sometimes 0 or 1."""
        if self.random.random() < 0.03:
            return self.random.randrange(2)
        return self.random.randrange(1, 2 ** self.random.randint(1, max(2, scale.bit_length())) + 1)

    def give(self, token: int, to: str | None, amount: int) -> None:
        """Mint tokens to the pair (None) or an account, in both worlds."""
        for w in self.worlds:
            w.machine.must(OWNER, w.tokens[token], call_data("mint(address,uint256)", to or w.pair, amount))

    def reserves(self) -> tuple[int, int]:
        return self.worlds[1].reserves()[:2]

    def best_output(self, amount_in: int, reserve_in: int, reserve_out: int) -> int:
        return amount_in * 997 * reserve_out // (reserve_in * 1000 + amount_in * 997)

    # ---------------------------------------------------------------- actions

    def mint(self) -> None:
        reserve0, reserve1 = self.reserves()
        if reserve0 and reserve1 and self.random.random() < 0.9:
            amount0 = self.amount(reserve0) if self.random.random() < 0.3 else self.random.randrange(1, reserve0 + 1)
            amount1 = amount0 * reserve1 // reserve0 + self.random.choice([0, 0, 1, -1, 1000])
        else:
            amount0, amount1 = self.amount(10**24), self.amount(10**24)
        if max(reserve0 + amount0, reserve1 + amount1) < 2**111:
            self.give(0, None, amount0)
            self.give(1, None, max(amount1, 0))
        self.pair(self.actor(), MINT + word(self.recipient()))

    def burn(self) -> None:
        owner = self.actor()
        held = self.worlds[1].machine.number_of(self.worlds[1].pair, "balanceOf(address)", owner)
        part = self.random.choice([0, 1, held, *(held // n for n in (2, 3, 10, 10, 100, 1000))])
        if self.each(owner, lambda w: w.pair, lambda w: call_data("transfer(address,uint256)", w.pair, part)):
            self.pair(self.actor(), BURN + word(self.recipient()))

    def swap(self) -> None:
        reserves = self.reserves()
        side = self.random.randrange(2)
        amount = self.amount(reserves[side])
        if reserves[side] + amount >= 2**111:
            amount = 0
        if amount:
            self.give(side, None, amount)
        best = self.best_output(amount, reserves[side], reserves[1 - side]) if all(reserves) else 0
        # V2's quote is one short of what the pair allows now and then, so best + 1 may pass
        out = max(0, best + self.random.choice([0, 0, 0, 1, 2, -1, -best // 3]))
        out0, out1 = (0, out) if side == 0 else (out, 0)
        self.pair(self.actor(), swap_data(out0, out1, self.recipient()))

    def swap_oddly(self) -> None:
        """Both outputs, outputs of whole reserves, tokens as recipients, no input."""
        reserve0, reserve1 = self.reserves()
        if self.random.random() < 0.5 and max(reserve0, reserve1) < 2**110:
            self.give(self.random.randrange(2), None, self.amount(max(reserve0, reserve1)))
        out0 = self.random.choice([0, 1, reserve0 // 100, reserve0, max(reserve0 - 1, 0), reserve0 + 1, MAX])
        out1 = self.random.choice([0, 1, reserve1 // 100, reserve1, max(reserve1 - 1, 0)])
        to = self.random.choice([self.recipient(), *self.worlds[0].tokens])
        if self.random.random() < 0.1:
            self.each(self.actor(), lambda w: w.pair, lambda w: swap_data(out0, out1, w.pair))
        else:
            self.pair(self.actor(), swap_data(out0, out1, to))

    def flash(self) -> None:
        """Outputs first, payment in the callback, in either token, enough or not; with calls into the locked pair in between."""
        reserve0, reserve1 = self.reserves()
        out0 = self.random.randrange(reserve0 // 2 + 1)
        out1 = self.random.choice([0, self.random.randrange(reserve1 // 2 + 1)])
        if self.random.random() < 0.5:
            out0, out1 = out1 * reserve0 // max(reserve1, 1), out0 * reserve1 // max(reserve0, 1)
        enough = self.random.choice([1000, 1004, 1100, 1003, 997])
        pay0, pay1 = out0 * enough // 1000, out1 * enough // 1000
        if self.random.random() < 0.3:
            worth = pay0 * reserve1 // max(reserve0, 1)
            pay0, pay1 = 0, pay1 + worth * 2
        if max(reserve0 + pay0, reserve1 + pay1) >= 2**111:
            return
        inside = self.random.choice(["", "", "views", "lock", "lp"])
        must = self.random.random() < 0.5

        def data(w: World) -> bytes:
            calls = [(w.tokens[i], call_data("mint(address,uint256)", w.pair, pay), True) for i, pay in enumerate((pay0, pay1)) if pay]
            match inside:
                case "views":
                    signatures = ("getReserves()", "totalSupply()", "kLast()")
                    calls += [(w.pair, selector(s), True) for s in signatures]
                case "lock":
                    locked = [SYNC, SKIM + word(w.callee), MINT + word(w.callee), BURN + word(w.callee), swap_data(1, 0, w.callee)]
                    calls.append((w.pair, self.locked_call(locked), must))
                case "lp":
                    calls.append((w.pair, call_data("approve(address,uint256)", ACTORS[0], 5), True))
                    calls.append((w.pair, call_data("transfer(address,uint256)", ACTORS[0], 1), False))
            return swap_data(out0, out1, w.callee, calls_data(*calls))

        self.drawn = self.random.randrange(5)
        if not self.each(self.actor(), lambda w: w.pair, data):
            return
        if inside:
            for index in range(5):
                mine, other = (w.machine.send(OWNER, w.callee, call_data("result(uint256)", index)) for w in self.worlds)
                if mine.success != other.success:
                    self.differ("calls inside", mine, other)
                # What a locked pair says differs, that it fails does not
                if mine.success and mine.data[:32] != other.data[:32]:
                    self.differ("success inside", mine.data.hex(), other.data.hex())
                if mine.success and inside == "views" and mine.data != other.data:
                    self.differ("view inside", mine.data.hex(), other.data.hex())

    def locked_call(self, calls: list[bytes]) -> bytes:
        return calls[self.drawn]

    def skim(self) -> None:
        self.pair(self.actor(), SKIM + word(self.recipient()))

    def sync(self) -> None:
        self.pair(self.actor(), SYNC)

    def donate(self) -> None:
        reserve = max(self.reserves())
        if reserve < 2**110:
            self.give(self.random.randrange(2), None, self.amount(max(reserve // 100, 10**15)))

    def overflow(self) -> None:
        """A balance above 2^112 blocks everything but `skim`."""
        self.give(self.random.randrange(2), None, 2 ** self.random.choice([112, 113, 140]))
        for data in self.random.sample([SYNC, MINT + word(ACTORS[0]), swap_data(1, 1, ACTORS[0]), BURN + word(ACTORS[0])], 2):
            self.pair(self.actor(), data)
        self.skim()

    def fee_switch(self) -> None:
        to = self.random.choice([ZERO, ZERO, FEE_TO, FEE_TO, ""])  # "": the pair itself
        sender = self.random.choice([OWNER, OWNER, ACTORS[0]])
        if self.each(sender, lambda w: w.factory, lambda w: call_data("setFeeTo(address)", to or w.pair)):
            self.share_on = to != ZERO

    def lp_tokens(self) -> None:
        owner, spender, to = self.actor(), self.actor(), self.recipient()
        held = self.worlds[1].machine.number_of(self.worlds[1].pair, "balanceOf(address)", owner)
        amount = self.random.choice([0, 1, held, held + 1, self.random.randrange(held + 1), MAX])
        match self.random.randrange(3):
            case 0:
                self.pair(owner, call_data("transfer(address,uint256)", to, amount))
            case 1:
                self.pair(owner, call_data("approve(address,uint256)", spender, amount))
            case 2:
                self.pair(spender, call_data("transferFrom(address,address,uint256)", owner, to, amount))

    def permit(self) -> None:
        owner = self.random.randrange(3)
        spender, amount = self.actor(), self.random.randrange(MAX)
        now = self.worlds[0].machine.now
        deadline = self.random.choice([now, now - 1, now + 1000, MAX])
        signer = self.random.choice([owner, owner, owner, (owner + 1) % 3])
        bad_v = self.random.random() < 0.1

        def data(w: World) -> bytes:
            nonce = w.machine.number_of(w.pair, "nonces(address)", ACTORS[owner])
            domain = w.machine.view(w.pair, selector("DOMAIN_SEPARATOR()"))
            fields = (word(ACTORS[owner]), word(spender), word(amount), word(nonce), word(deadline))
            digest = keccak(b"\x19\x01" + domain + keccak(keccak(text=PERMIT) + b"".join(fields)))
            signed = Account.unsafe_sign_hash(digest, KEYS[signer])
            v = 99 if bad_v else signed.v
            signature = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
            return call_data(signature, ACTORS[owner], spender, amount, deadline, v, signed.r, signed.s)

        self.each(ACTORS[0], lambda w: w.pair, data)


ACTIONS: dict[Callable[[Life], None], float] = {
    Life.mint: 14,
    Life.burn: 12,
    Life.swap: 30,
    Life.swap_oddly: 8,
    Life.flash: 10,
    Life.skim: 4,
    Life.sync: 5,
    Life.donate: 5,
    Life.overflow: 0.5,
    Life.fee_switch: 2,
    Life.lp_tokens: 8,
    Life.permit: 0.3,
}

CONTRACTS = [f"testing/{name}.vy" for name in ("PairCallee", "TestToken", "NoReturnToken", "FeeToken")]
CONTRACTS += ["amm/Pair.vy", "amm/PairFactory.vy"]
# What tokens, one life after the other
KINDS = [*[("TestToken", "TestToken")] * 4, ("FeeToken", "NoReturnToken"), ("NoReturnToken", "TestToken")]


def run(seed: str, number: int, steps: int) -> tuple[Life, list[str]]:
    """One life, to its end or to the first mismatch. Each is that of a new pair."""
    life = Life(KINDS[number % len(KINDS)], seed, remembers=number % 36 in (0, 4, 5))
    try:
        while life.steps < steps:
            life.step()
    except Mismatch as difference:
        # From here on the two are in different states
        return life, [f"life '{seed}', {difference}"]
    return life, []


REASONS = [
    "INSUFFICIENT_OUTPUT_AMOUNT",
    "INSUFFICIENT_LIQUIDITY",
    "INSUFFICIENT_LIQUIDITY_MINTED",
    "INSUFFICIENT_LIQUIDITY_BURNED",
    "INSUFFICIENT_INPUT_AMOUNT",
    "INVALID_TO",
    "K",
    "OVERFLOW",
    "LOCKED",
    "FORBIDDEN",
    "EXPIRED",
    "INVALID_SIGNATURE",
]
