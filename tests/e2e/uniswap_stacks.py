"""Uniswap's published clients (npm) on two chains: on our factories, and on Uniswap's own, with the same tokens, people and seconds.

A scenario is played on both. What is compared is its whole story: every answer, every event and, after every transaction, every
balance; addresses that differ between the chains go by names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isqrt
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak

from bench import amm, ranges
from bench.artifacts import V2_CORE, V2_PERIPHERY, V3_CORE, V3_PERIPHERY, adapted, ours, uniswap
from bench.world import GENESIS, MAX, Tx, World
from plimsoll.abi import Artifact, Contract, Interface, read
from plimsoll.rpc import DEV_KEYS, Reverted, checksum, to_bytes, to_int

MAX_UINT128 = 2**128 - 1
ZERO = "0x" + "00" * 20
USD = 10**6
ETHER = 10**18
# The account that signs permits
SIGNER_KEY = DEV_KEYS[2]
# Both chains have been set up by then
BEGINNING = GENESIS + 3_600

# What clients know of pools, ours included
PAIR, POOL = uniswap(V2_CORE, "UniswapV2Pair"), uniswap(V3_CORE, "UniswapV3Pool")
PAIR_HASH, POOL_HASH = keccak(PAIR.init_code), keccak(POOL.init_code)
# Each client's package, name, and the hash that it computes its pools' addresses from
CLIENTS = {
    "Router02": (V2_PERIPHERY, "UniswapV2Router02", PAIR_HASH),
    "SwapRouter": (V3_PERIPHERY, "SwapRouter", POOL_HASH),
    "QuoterV2": (V3_PERIPHERY, "lens/QuoterV2", POOL_HASH),
    "NonfungiblePositionManager": (V3_PERIPHERY, "NonfungiblePositionManager", POOL_HASH),
}


def published(client: str) -> Artifact:
    package, name, _ = CLIENTS[client]
    return uniswap(package, name)


def root_price_x96(amount0: int, amount1: int) -> int:
    return isqrt((amount1 << 192) // amount0)


def path_of(tokens: Sequence[str], fees: Sequence[int]) -> bytes:
    """As the V3 clients write it."""
    first, *rest = (bytes.fromhex(t[2:]) for t in tokens)
    return first + b"".join(fee.to_bytes(3, "big") + t for fee, t in zip(fees, rest, strict=True))


@dataclass
class Stack:
    """One chain: factories, clients, tokens A (18 decimals), B (6), C (18) and the wrapped coin."""

    world: World
    pair_factory: Contract
    pair_hash: bytes
    pool_factory: Contract
    pool_hash: bytes
    story: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.world
        self.chain_id = world.rpc.chain_id
        self.trader, self.lender, self.signer, self.recipient = map(checksum, (world.trader, world.lender, world.treasury, world.crowd[0]))
        assert Account.from_key(SIGNER_KEY).address == self.signer
        people = [self.trader, self.lender, self.signer]
        token = ours()["TestToken"]
        self.a, self.b, self.c = (world.token(token, s, d, people, 10**9 * 10**d) for s, d in (("AAA", 18), ("BBB", 6), ("CCC", 18)))
        self.weth = world.deploy(world.token_deployer, uniswap(V2_PERIPHERY, "WETH9"))
        self.router02 = self._client("Router02", self.pair_hash, self.pair_factory)
        self.swap_router = self._client("SwapRouter", self.pool_hash, self.pool_factory)
        self.quoter = self._client("QuoterV2", self.pool_hash, self.pool_factory)
        self.manager = self._client("NonfungiblePositionManager", self.pool_hash, self.pool_factory, ZERO)
        # these two ask the factory, or the manager, and hold no hash
        self.migrator = world.deploy(
            world.owner,
            uniswap(V3_PERIPHERY, "V3Migrator"),
            self.pool_factory.address,
            self.weth.address,
            self.manager.address,
        )
        self.tick_lens = world.deploy(world.owner, uniswap(V3_PERIPHERY, "lens/TickLens"))
        for person in people:
            for client in (self.router02, self.swap_router, self.manager):
                world.allow(person, client.address, [self.a, self.b, self.c])
        self.names: dict[str, str] = {
            contract.address: name
            for name, contract in {
                "Router02": self.router02,
                "SwapRouter": self.swap_router,
                "QuoterV2": self.quoter,
                "manager": self.manager,
                "migrator": self.migrator,
                "pair factory": self.pair_factory,
                "pool factory": self.pool_factory,
            }.items()
        }
        self.people = [*people, self.recipient]
        # What they have paid for gas; all begin with the same
        self.spent = {person: 10_000 * ETHER - world.rpc.balance(person) for person in self.people}
        self.pairs: list[Contract] = []

    def _client(self, name: str, own_hash: bytes, factory: Contract, *more: str) -> Contract:
        artifact = adapted(published(name), CLIENTS[name][2], own_hash)
        return self.world.deploy(self.world.owner, artifact, factory.address, self.weth.address, *more)

    # ------------------------------------------------------------------ scenes

    def play(self, scenario: Callable[[Stack], None]) -> list[Any]:
        """The story of a scenario; the chain is put back afterwards."""
        kept = self.world.snapshot(), dict(self.names), dict(self.spent), list(self.pairs)
        self.story = []
        self.world.wait_until(BEGINNING)
        try:
            scenario(self)
            return [self._named(entry) for entry in self.story]
        finally:
            snapshot, self.names, self.spent, self.pairs = kept
            self.world.revert(snapshot)

    def act(self, who: str, to: Contract, function: str, *args: Any, value: int = 0) -> Any:
        """A transaction. What it answered, as the chain traced it, goes into the story with its events and all balances."""
        receipt = self.world.block(Tx(who, to.address, to.data(function, *args), value))[0]
        self.spent[who] += to_int(receipt["gasUsed"]) * to_int(receipt["effectiveGasPrice"])
        trace = self.world.rpc.call("debug_traceTransaction", receipt["transactionHash"], {"tracer": "callTracer"})
        answer = to_bytes(trace.get("output") or "0x")
        events = [(log["address"], log["topics"], log["data"]) for log in receipt["logs"]]
        self.story.append((function, answer.hex(), events, self._balances()))
        return to.interface.function(function, len(args)).decode(answer)

    def look(self, at: Contract, function: str, *args: Any) -> Any:
        """A view, for the story too."""
        answer = at.call(function, *args)
        self.story.append((function, repr(answer)))
        return answer

    def refuse(self, who: str, to: Contract, function: str, *args: Any) -> str:
        """The reason why a call reverts."""
        try:
            to.call(function, *args, sender=who)
        except Reverted as e:
            self.story.append((function, e.reason))
            return e.reason
        raise AssertionError(f"{function} was not refused")

    def quote(self, function: str, *args: Any) -> Any:
        """Of QuoterV2, without its estimate of the gas, in which the pools are meant to differ."""
        *answer, _ = self.quoter.call(function, *args)
        self.story.append((function, repr(answer)))
        return answer

    def _balances(self) -> list[int]:
        """Of every token for everybody, and of the coin, gas given back."""
        rpc = self.world.rpc
        holders = [*self.people, *self.names]
        tokens = [self.a, self.b, self.c, self.weth, *self.pairs]
        coins = rpc.batch([("eth_getBalance", [holder, "latest"]) for holder in [*holders, self.weth.address]])
        return [
            *read(rpc, [t.request("balanceOf", holder) for t in tokens for holder in holders]),
            *(to_int(coin) + self.spent.get(holder, 0) for coin, holder in zip(coins, [*holders, self.weth.address], strict=True)),
        ]

    def _named(self, entry: Any) -> Any:
        text = repr(entry).lower()
        for address, name in self.names.items():
            text = text.replace(address[2:].lower(), f"<{name}>")
        return text

    # ------------------------------------------------------------------ pools

    def pair_of(self, x: Contract, y: Contract, name: str) -> Contract:
        """The pair at the address where a client looks for it."""
        first, second = sorted((to_bytes(x.address), to_bytes(y.address)))
        return self._pool(self.pair_factory, keccak(first + second), self.pair_hash, PAIR.interface, name)

    def pool_of(self, x: Contract, y: Contract, fee: int, name: str) -> Contract:
        first, second = (t.rjust(32, b"\0") for t in sorted((to_bytes(x.address), to_bytes(y.address))))
        return self._pool(self.pool_factory, keccak(first + second + fee.to_bytes(32, "big")), self.pool_hash, POOL.interface, name)

    def _pool(self, factory: Contract, salt: bytes, init_code_hash: bytes, interface: Interface, name: str) -> Contract:
        address = keccak(b"\xff" + to_bytes(factory.address) + salt + init_code_hash)[12:]
        contract = self.world.at("0x" + address.hex(), interface)
        assert self.world.rpc.code(contract.address), f"there is no {name}"
        self.names[contract.address] = name
        if interface is PAIR.interface:
            self.pairs.append(contract)
        return contract

    def order(self, x: Contract, y: Contract) -> tuple[Contract, Contract]:
        first, second = sorted((x, y), key=lambda t: int(t.address, 16))
        return first, second

    # ------------------------------------------------------------------ signatures

    def sign(self, contract: Contract, name: str, kind: str, fields: dict[str, tuple[str, Any]]) -> tuple[int, bytes, bytes]:
        """EIP-712: `fields` are name -> (type, value)."""
        signed = Account.sign_typed_data(
            SIGNER_KEY,
            {"name": name, "version": "1", "chainId": self.chain_id, "verifyingContract": contract.address},
            {kind: [{"name": n, "type": t} for n, (t, _) in fields.items()]},
            {n: v for n, (_, v) in fields.items()},
        )
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")

    def sign_shares(self, pair: Contract, spender: str, amount: int) -> tuple[int, bytes, bytes]:
        """The signer's ERC-2612 permit."""
        fields = {
            "owner": ("address", self.signer),
            "spender": ("address", spender),
            "value": ("uint256", amount),
            "nonce": ("uint256", pair.call("nonces", self.signer)),
            "deadline": ("uint256", MAX),
        }
        return self.sign(pair, pair.call("name"), "Permit", fields)

    def sign_position(self, spender: str, token_id: int) -> tuple[int, bytes, bytes]:
        """The signer's permit for a position."""
        fields = {
            "spender": ("address", spender),
            "tokenId": ("uint256", token_id),
            "nonce": ("uint256", self.manager.call("positions", token_id)[0]),
            "deadline": ("uint256", MAX),
        }
        return self.sign(self.manager, "Uniswap V3 Positions NFT-V1", "Permit", fields)


def on_ours(world: World) -> Stack:
    pair_factory, pool_factory = amm.plimsoll_factory(world), ranges.plimsoll_factory(world)
    return Stack(world, pair_factory, pair_factory.call("init_code_hash"), pool_factory, pool_factory.call("init_code_hash"))


def on_uniswap(world: World) -> Stack:
    pair_factory = world.deploy(world.owner, uniswap(V2_CORE, "UniswapV2Factory"), world.owner)
    pool_factory = world.deploy(world.owner, uniswap(V3_CORE, "UniswapV3Factory"))
    return Stack(world, pair_factory, PAIR_HASH, pool_factory, POOL_HASH)
