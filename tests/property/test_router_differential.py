"""Our router under Uniswap's names beside the published UniswapV2Router02 (npm @uniswap/v2-periphery), both on our pairs built with 30 bps:
the same random life, step by step.

Compared after every step: success, reason, answer, events (order, topics, data) and every balance, the native coin's too. Only the documented
differences are allowed for (interfaces/IRouter.vyi): failures of bare arithmetic revert without a reason.

RTR-01  under Uniswap's names the router equals Router02 in every outcome
RTR-02  between calls the router holds nothing
"""

import functools
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_abi import encode
from eth_account import Account
from eth_utils import keccak

from tests.conftest import ROOT
from tests.depth import examples
from tests.differential.mismatch import Mismatch
from tests.position_world import OUTPUT, data_of
from tests.revm import MAX, Log, Machine, Outcome, blueprint_code, call_data, uniswap_code, vyper_code

OWNER = "0x" + "0e" * 20
ZERO = "0x" + "00" * 20
START = 1_700_000_000
STEPS = examples(1_200)
KEYS = [keccak(text=f"router actor {i}") for i in range(3)]
ACTORS = [Account.from_key(key).address.lower() for key in KEYS]
# Approves LP tokens by signature only
SIGNER = 2
STOCK = 2**100
PERMIT = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
PERMIT_ARGS = "bool,uint8,bytes32,bytes32"


@functools.cache
def periphery(name: str) -> bytes:
    path = ROOT / "node_modules/@uniswap/v2-periphery/build" / f"{name}.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))


def router02_code(init_code_hash: bytes) -> bytes:
    """For pairs with this init code: the hash stands exactly once in the router's code."""
    published = keccak(uniswap_code("UniswapV2Pair"))
    code = periphery("UniswapV2Router02")
    assert code.count(published) == 1
    return code.replace(published, init_code_hash)


@dataclass
class World:
    """A chain with both routers, of which one is used; all other addresses are those of any other such chain."""

    ours: bool
    machine: Machine = field(init=False)
    factory: str = field(init=False)
    wrapper: str = field(init=False)
    router: str = field(init=False)
    # Without a way to receive the coin
    deaf: str = field(init=False)
    # The wrapper first
    tokens: list[str] = field(init=False)

    def __post_init__(self) -> None:
        machine = self.machine = Machine(OWNER, START)
        blueprint = machine.deploy(blueprint_code(vyper_code("amm/Pair.vy")))
        types = ("address", "address", "uint256", "uint256", "uint256")
        self.factory = machine.deploy(vyper_code("amm/PairFactory.vy"), types, blueprint, OWNER, 30, 1, 6)
        pools = machine.deploy(vyper_code("amm/RangePoolFactory.vy"), ("address", "address"), blueprint, OWNER)
        self.wrapper = machine.deploy(periphery("WETH9"))
        init_code_hash = machine.view(self.factory, call_data("init_code_hash()"))
        theirs = machine.deploy(router02_code(init_code_hash), ("address", "address"), self.factory, self.wrapper)
        mine = machine.deploy(vyper_code("amm/Router.vy"), ("address",) * 5, self.factory, pools, ZERO, self.wrapper, ZERO)
        self.router = mine if self.ours else theirs
        self.deaf = machine.deploy(vyper_code("testing/PairCallee.vy"))
        kinds: list[tuple[str, tuple[Any, ...]]] = [
            ("TestToken", ("T", "T", 18)),
            ("TestToken", ("U", "U", 6)),
            ("NoReturnToken", ("N", "N", 18)),
            ("FeeToken", ("F", "F", 18, 100)),
        ]
        self.tokens = [self.wrapper]
        for kind, args in kinds:
            self.tokens.append(machine.deploy(vyper_code(f"testing/{kind}.vy"), ("string", "string", "uint8", "uint256")[: len(args)], *args))
        machine.evm.set_balance(OWNER, 2**110)
        for actor in ACTORS:
            machine.evm.set_balance(actor, STOCK)
            for token in self.tokens[1:]:
                machine.must(OWNER, token, call_data("mint(address,uint256)", actor, STOCK))
            self.send(OWNER, self.wrapper, call_data("deposit()"), STOCK)
            machine.must(OWNER, self.wrapper, call_data("transfer(address,uint256)", actor, STOCK))
            for token in self.tokens:
                machine.must(actor, token, call_data("approve(address,uint256)", self.router, MAX))

    def send(self, sender: str, to: str, data: bytes, value: int = 0) -> Outcome:
        evm = self.machine.evm
        try:
            answer = evm.message_call(sender, to, data, value=value, gas=self.machine.gas)
        except RuntimeError as error:
            output = OUTPUT.search(str(error))
            return Outcome(False, bytes.fromhex(output[1]) if output else b"")
        finally:
            evm.reset_transient_storage()
        logs = tuple(Log(log.address.lower(), tuple(log.data[0]), bytes(log.data[1])) for log in evm.result.logs)
        return Outcome(True, bytes(answer), logs)

    def anonymous(self, data: bytes) -> bytes:
        return data.replace(bytes.fromhex(self.router[2:]), b"rout" * 5)

    def events(self, outcome: Outcome) -> list[tuple[bytes, tuple[bytes, ...], bytes]]:
        anonymous = self.anonymous
        return [(anonymous(bytes.fromhex(log.address[2:])), tuple(map(anonymous, log.topics)), anonymous(log.data)) for log in outcome.logs]

    def pair(self, a: int, b: int) -> str:
        answer = self.machine.view(self.factory, call_data("getPair(address,address)", self.tokens[a], self.tokens[b]))
        return "0x" + answer[-20:].hex()

    def balance(self, token: str, holder: str) -> int:
        return self.machine.number_of(token, "balanceOf(address)", holder)

    def holdings(self, pairs: list[str]) -> list[int]:
        holders = [*ACTORS, ZERO, OWNER, self.deaf, self.router, *pairs]
        coins = [self.machine.evm.get_balance(holder) for holder in holders]
        return coins + [self.balance(asset, holder) for asset in [*self.tokens, *pairs] for holder in holders]

    def signature(self, pair: str, amount: int, deadline: int, key: bytes) -> tuple[int, bytes, bytes]:
        owner = Account.from_key(key).address
        nonce = self.machine.number_of(pair, "nonces(address)", owner)
        types = ["bytes32", "address", "address", "uint256", "uint256", "uint256"]
        struct = keccak(encode(types, [keccak(text=PERMIT), owner, self.router, amount, nonce, deadline]))
        digest = keccak(b"\x19\x01" + self.machine.view(pair, call_data("DOMAIN_SEPARATOR()")) + struct)
        signed = Account.unsafe_sign_hash(digest, key)
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


Call = tuple[str, tuple[Any, ...], int]


class Life:
    """One life in both worlds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.worlds = (World(ours=True), World(ours=False))
        ours, theirs = self.worlds
        assert (ours.factory, ours.tokens, ours.deaf) == (theirs.factory, theirs.tokens, theirs.deaf)
        self.now = START
        self.steps = 0
        self.pairs: set[tuple[int, int]] = set()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        # LP tokens that the first two approve
        self.approved: set[str] = set()

    # ---------------------------------------------------------------- taking steps

    def each(self, sender: str, signature: str, arguments: Callable[[World], tuple[Any, ...]], value: int = 0) -> bool:
        ours, theirs = (w.send(sender, w.router, data_of(signature, *arguments(w)), value) for w in self.worlds)
        name = signature.split("(")[0]
        self.outcomes[name, "ok" if theirs.success else theirs.reason or "no reason"] += 1
        if ours.success != theirs.success:
            self.differ(name, "success", (ours.success, ours.reason), (theirs.success, theirs.reason))
        if not theirs.success:
            arithmetic = theirs.reason.startswith("ds-math") or not theirs.reason
            if not arithmetic and ours.reason != theirs.reason:
                self.differ(name, "reason", ours.reason, theirs.reason)
            return False
        if self.worlds[0].anonymous(ours.data) != self.worlds[1].anonymous(theirs.data):
            self.differ(name, "answer", ours.data.hex(), theirs.data.hex())
        mine, other = (w.events(o) for w, o in zip(self.worlds, (ours, theirs), strict=True))
        if mine != other:
            self.differ(name, "events", mine, other)
        return True

    def differ(self, name: str, what: str, ours: object, theirs: object) -> None:
        raise Mismatch(f"RTR-01, step {self.steps}, {name}, {what}:\nours   {ours}\ntheirs {theirs}")

    def step(self) -> None:
        self.steps += 1
        if self.random.random() < 0.3:
            self.now += self.random.choice([1, 12, 60, 3_000])
            for w in self.worlds:
                w.machine.set_time(self.now)
        action = self.random.choices(ACTIONS, WEIGHTS)[0]
        action(self)
        if self.steps % 5 == 0:
            self.compare()

    def compare(self) -> None:
        pairs = [self.worlds[0].pair(a, b) for a, b in sorted(self.pairs)]
        mine, other = (w.holdings(pairs) for w in self.worlds)
        if mine != other:
            self.differ("holdings", "balances", mine, other)
        ours = self.worlds[0]
        assert ours.machine.evm.get_balance(ours.router) == 0, "RTR-02"
        assert all(ours.balance(token, ours.router) == 0 for token in [*ours.tokens, *pairs]), "RTR-02"

    # ---------------------------------------------------------------- drawing

    def token(self, *, without_fee: bool = False) -> int:
        return self.random.randrange(4 if without_fee else 5)

    def amount(self, scale: int = 2**80) -> int:
        if self.random.random() < 0.03:
            return self.random.choice([0, 1, MAX, 2**112, 2**255])
        return self.random.randrange(1, 2 ** self.random.randint(1, scale.bit_length()) + 1)

    def recipient(self) -> str:
        w = self.worlds[0]
        some_pair = w.pair(*self.random.choice(sorted(self.pairs))) if self.pairs else ZERO
        return self.random.choice([*ACTORS * 4, OWNER, ZERO, w.deaf, some_pair, w.tokens[1]])

    def deadline(self) -> int:
        return self.random.choice([MAX, MAX, MAX, MAX, self.now, self.now + 1, self.now - 1 if self.random.random() < 0.3 else MAX])

    def address(self, token: int) -> str:
        return self.worlds[0].tokens[token]

    def path(self, start: int | None = None, end: int | None = None, without_fee: bool = True) -> list[str]:
        """Mostly along pairs that exist."""
        tokens = [self.token(without_fee=without_fee) if start is None else start]
        for _ in range(self.random.choice([1, 1, 1, 2, 2, 3])):
            next_ones = [t for t in range(5) if tuple(sorted((t, tokens[-1]))) in self.pairs and t not in tokens]
            next_ones = [t for t in next_ones if t != 4 or not without_fee]
            tokens.append(self.random.choice(next_ones) if next_ones else self.token())
            if tokens[-1] == end:
                break
        if end is not None and self.random.random() < 0.95:
            tokens = [*tokens[:-1], end]
        odd = self.random.random()
        if odd < 0.01:
            tokens = tokens[:1]
        elif odd < 0.02:
            tokens = []
        elif odd < 0.03:
            tokens.insert(1, tokens[0])
        names = [self.address(t) for t in tokens]
        return [*names, ZERO] if 0.03 <= odd < 0.04 else names

    def actor(self) -> str:
        """Now and then somebody who has approved nothing."""
        return self.random.choice(ACTORS) if self.random.random() < 0.98 else OWNER

    # ---------------------------------------------------------------- liquidity

    def note_pair(self, a: int, b: int) -> None:
        if a != b:
            self.pairs.add((min(a, b), max(a, b)))
            for w in self.worlds:
                pair = w.pair(a, b)
                for actor in ACTORS[:SIGNER]:
                    w.machine.must(actor, pair, call_data("approve(address,uint256)", w.router, MAX))

    def minimum(self, amount: int) -> int:
        return self.random.choice([0, 0, 0, amount, amount * 99 // 100, amount // 2, min(amount + 1, MAX)])

    def add(self) -> None:
        a, b = self.token(), self.token()
        amount_a, amount_b = self.amount(), self.amount()
        args = (self.address(a), self.address(b), amount_a, amount_b, self.minimum(amount_a), self.minimum(amount_b))
        to, deadline = self.recipient(), self.deadline()
        if self.random.random() < 0.01:
            args = (ZERO, *args[1:])
        signature = "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)"
        if self.each(self.actor(), signature, lambda w: (*args, to, deadline)):
            self.note_pair(a, b)

    def add_coin(self) -> None:
        token, amount, value = self.token(), self.amount(), min(self.amount(), 2**90)
        args = (self.address(token), amount, self.minimum(amount), self.minimum(value), self.recipient(), self.deadline())
        signature = "addLiquidityETH(address,uint256,uint256,uint256,address,uint256)"
        if self.each(self.actor(), signature, lambda w: args, value):
            self.note_pair(0, token)

    def remove(self) -> None:
        if not self.pairs:
            return
        pairs = sorted(self.pairs)
        with_coin = [pair for pair in pairs if pair[0] == 0]
        kind = self.random.choice(["", "", "ETH", "ETH", "ETH-fee"])
        a, b = self.random.choice(with_coin if kind and with_coin else pairs)
        if self.random.random() < 0.5 and not kind:
            a, b = b, a
        if self.random.random() < 0.02:
            b = a
        w = self.worlds[0]
        pair = w.pair(a, b)
        permit = self.random.random() < 0.4
        sender = SIGNER if permit or self.random.random() < 0.1 else self.random.randrange(SIGNER)
        held = w.balance(pair, ACTORS[sender]) if pair != ZERO else 5
        liquidity = self.random.choice([0, 1, held, held + 1, *(held // n for n in (2, 3, 10, 100))])
        mins = (self.random.choice([0, 0, 0, 1, 10**6, 2**70]), self.random.choice([0, 0, 0, 1, 10**6, 2**70]))
        to, deadline = self.recipient(), self.deadline()
        everything, forged = self.random.random() < 0.3, self.random.random() < 0.1
        before = w.machine.number_of(pair, "allowance(address,address)", ACTORS[sender], w.router) if pair != ZERO else 0
        if permit and before >= liquidity and (forged or deadline < self.now):
            # A permit that fails where the allowance is there: a difference on purpose
            return

        def arguments(w: World) -> tuple[Any, ...]:
            head: tuple[Any, ...] = (w.tokens[a], w.tokens[b]) if not kind else (w.tokens[b],)
            head = (*head, liquidity, *mins, to, deadline)
            if not permit:
                return head
            if pair == ZERO:
                return (*head, everything, 27, bytes(32), bytes(32))
            key = KEYS[0 if forged else SIGNER]
            return (*head, everything, *w.signature(pair, MAX if everything else liquidity, deadline, key))

        types = "address,uint256,uint256,uint256,address,uint256" if kind else "address,address,uint256,uint256,uint256,address,uint256"
        types += f",{PERMIT_ARGS}" if permit else ""
        name = "removeLiquidity" + ("ETH" if kind else "") + ("WithPermit" if permit else "")
        name += "SupportingFeeOnTransferTokens" if kind == "ETH-fee" else ""
        self.each(ACTORS[sender], f"{name}({types})", arguments)

    # ---------------------------------------------------------------- swaps

    def _quoted(self, exact_in: bool, amount: int, path: list[str]) -> int:
        """What Router02 says of the other end; 0: nothing."""
        name = "getAmountsOut" if exact_in else "getAmountsIn"
        w = self.worlds[1]
        outcome = w.send(OWNER, w.router, data_of(f"{name}(uint256,address[])", amount, path))
        if not outcome.success:
            return 0
        return int.from_bytes(outcome.data[-32:] if exact_in else outcome.data[64:96], "big")

    def swap_exact_in(self) -> None:
        kind = self.random.choice(["TokensForTokens", "ETHForTokens", "TokensForETH"])
        with_fee = self.random.random() < 0.4
        path = self.path(0 if kind[:3] == "ETH" else None, 0 if kind[-3:] == "ETH" else None, without_fee=not with_fee)
        amount = self.amount()
        if kind[:3] == "ETH":
            amount = min(amount, 2**90)
        best = self._quoted(True, amount, path)
        bound = self.random.choice([0, 0, best, best, best + 1, best * 98 // 100, best // 2])
        types = "uint256,address[],address,uint256" if kind[:3] == "ETH" else "uint256,uint256,address[],address,uint256"
        name = "swapExact" + kind + ("SupportingFeeOnTransferTokens" if with_fee else "")
        args = (bound, path, self.recipient(), self.deadline())
        value = amount if kind[:3] == "ETH" else 0
        self.each(self.actor(), f"{name}({types})", lambda w: args if kind[:3] == "ETH" else (amount, *args), value)

    def swap_exact_out(self) -> None:
        kind = self.random.choice(["TokensForExactTokens", "ETHForExactTokens", "TokensForExactETH"])
        path = self.path(0 if kind[:3] == "ETH" else None, 0 if kind[-3:] == "ETH" else None)
        amount = self.amount()
        best = self._quoted(False, amount, path)
        bound = self.random.choice([MAX, best, best, max(best - 1, 0), min(best + best // 10 + 1, MAX)])
        args = (path, self.recipient(), self.deadline())
        if kind[:3] == "ETH":
            signature = f"swap{kind}(uint256,address[],address,uint256)"
            self.each(self.actor(), signature, lambda w: (amount, *args), min(bound, 2**90))
        else:
            self.each(self.actor(), f"swap{kind}(uint256,uint256,address[],address,uint256)", lambda w: (amount, bound, *args))

    # ---------------------------------------------------------------- views, oddities

    def ask(self) -> None:
        if self.random.random() < 0.5:
            name = self.random.choice(["getAmountsOut", "getAmountsIn"])
            args: tuple[Any, ...] = (self.amount(), self.path(without_fee=False))
            self.each(OWNER, f"{name}(uint256,address[])", lambda w: args)
        else:
            name = self.random.choice(["getAmountOut", "getAmountIn", "quote"])
            args = tuple(self.amount(2**112) if self.random.random() < 0.93 else 0 for _ in range(3))
            self.each(OWNER, f"{name}(uint256,uint256,uint256)", lambda w: args)

    def send_coin(self) -> None:
        sender = self.actor()
        for data in (b"", b"\x12\x34\x56\x78"):
            assert not any(w.send(sender, w.router, data, 5).success for w in self.worlds)

    def find_lost_tokens(self) -> None:
        """What lies in the router by mistake goes along with what is paid out of its balances, and nothing else does."""
        for token in (0, 4):
            for w in self.worlds:
                w.machine.must(ACTORS[0], w.tokens[token], call_data("transfer(address,uint256)", w.router, 10**6))
        args = (self.address(4), 10**4, 0, 0, ACTORS[1], MAX)
        signature = "removeLiquidityETHSupportingFeeOnTransferTokens(address,uint256,uint256,uint256,address,uint256)"
        assert self.each(ACTORS[0], signature, lambda w: args)
        swap = (10**9, 0, [self.address(1), self.address(0)], ACTORS[1], MAX)
        signature = "swapExactTokensForETHSupportingFeeOnTransferTokens(uint256,uint256,address[],address,uint256)"
        assert self.each(ACTORS[0], signature, lambda w: swap)
        self.compare()


ACTIONS = (Life.add, Life.add_coin, Life.remove, Life.swap_exact_in, Life.swap_exact_out, Life.ask, Life.send_coin)
WEIGHTS = (15, 12, 20, 30, 25, 10, 1)
NAMES = [
    "addLiquidity",
    "addLiquidityETH",
    "removeLiquidity",
    "removeLiquidityETH",
    "removeLiquidityWithPermit",
    "removeLiquidityETHWithPermit",
    "removeLiquidityETHSupportingFeeOnTransferTokens",
    "removeLiquidityETHWithPermitSupportingFeeOnTransferTokens",
    "swapExactTokensForTokens",
    "swapTokensForExactTokens",
    "swapExactETHForTokens",
    "swapTokensForExactETH",
    "swapExactTokensForETH",
    "swapETHForExactTokens",
    "swapExactTokensForTokensSupportingFeeOnTransferTokens",
    "swapExactETHForTokensSupportingFeeOnTransferTokens",
    "swapExactTokensForETHSupportingFeeOnTransferTokens",
    "getAmountsOut",
    "getAmountsIn",
    "getAmountOut",
    "getAmountIn",
    "quote",
]


def test_router__random_life_beside_router02__same_outcomes() -> None:
    life = Life(seed=2)
    for _ in range(STEPS):
        life.step()
    life.find_lost_tokens()
    succeeded = {name for name, outcome in life.outcomes if outcome == "ok"}
    assert succeeded == set(NAMES)
    reasons = {outcome for _, outcome in life.outcomes}
    assert {
        "UniswapV2Router: EXPIRED",
        "UniswapV2Router: INVALID_PATH",
        "UniswapV2Router: INSUFFICIENT_A_AMOUNT",
        "UniswapV2Router: INSUFFICIENT_B_AMOUNT",
        "UniswapV2Router: INSUFFICIENT_OUTPUT_AMOUNT",
        "UniswapV2Router: EXCESSIVE_INPUT_AMOUNT",
        "UniswapV2Library: IDENTICAL_ADDRESSES",
        "UniswapV2Library: ZERO_ADDRESS",
        "UniswapV2Library: INSUFFICIENT_LIQUIDITY",
        "UniswapV2Library: INSUFFICIENT_INPUT_AMOUNT",
        "UniswapV2Library: INSUFFICIENT_OUTPUT_AMOUNT",
        "UniswapV2Library: INSUFFICIENT_AMOUNT",
        "UniswapV2Library: INVALID_PATH",
        "TransferHelper: TRANSFER_FROM_FAILED",
        "TransferHelper: ETH_TRANSFER_FAILED",
        "UniswapV2: INVALID_SIGNATURE",
    } <= reasons


def test_router__each_swap__costs_at_most_what_router02_costs() -> None:
    """RTR-09"""
    worlds = (World(ours=True), World(ours=False))
    actor, tokens = ACTORS[0], worlds[0].tokens
    signature = "addLiquidity(address,address,uint256,uint256,uint256,uint256,address,uint256)"
    for w in worlds:
        for a, b in ((0, 1), (1, 2), (2, 3)):
            assert w.send(actor, w.router, data_of(signature, tokens[a], tokens[b], 10**24, 10**24, 0, 0, actor, MAX)).success

    def gas(w: World, signature: str, args: tuple[Any, ...], value: int) -> int:
        for _ in range(2):
            # Into an old bucket of observations: not before the pair's first writes are done
            w.machine.set_time(w.machine.now + 240)
            outcome = w.send(actor, w.router, data_of(signature, *args), value)
            assert outcome.success, outcome.reason
        return int(w.machine.evm.result.gas_used)

    typed = "uint256,uint256,address[],address,uint256"
    for hops in (1, 2, 3):
        for name, first, bound, path, value in [
            ("swapExactTokensForTokens", 10**18, 1, tokens[1:4], 0),
            ("swapTokensForExactTokens", 10**18, MAX, tokens[1:4], 0),
            ("swapExactTokensForTokensSupportingFeeOnTransferTokens", 10**18, 1, tokens[1:4], 0),
            ("swapExactTokensForETH", 10**18, 1, tokens[3::-1], 0),
            ("swapTokensForExactETH", 10**18, MAX, tokens[3::-1], 0),
            ("swapExactTokensForETHSupportingFeeOnTransferTokens", 10**18, 1, tokens[3::-1], 0),
            ("swapExactETHForTokens", None, 1, tokens[:4], 10**18),
            ("swapETHForExactTokens", None, 10**17, tokens[:4], 10**18),
            ("swapExactETHForTokensSupportingFeeOnTransferTokens", None, 1, tokens[:4], 10**18),
        ]:
            along = path[-hops - 1 :] if path[-1] == tokens[0] else path[: hops + 1]
            if len(along) != hops + 1:
                continue
            args = (*(() if first is None else (first,)), bound, along, actor, MAX)
            types = typed if first is not None else typed.removeprefix("uint256,")
            ours, theirs = (gas(w, f"{name}({types})", args, value) for w in worlds)
            assert ours <= theirs, (name, hops, ours, theirs)
