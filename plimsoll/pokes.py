"""Pools in which nobody trades after their price has jumped: the keeper touches them.

What a pool remembers follows its market by itself, 50 ticks a second, but 9,000 ticks at most (a factor of 2.46); beyond that it goes
on when the pool is touched. Whoever is still unsettled when that and the fresh window are over, in a pool that has not moved, waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from eth_utils.address import to_checksum_address

from plimsoll.abi import parse_function, read_word
from plimsoll.rpc import Rpc, RpcDead, RpcError, Wallet, call_request, send_raw, to_bytes
from plimsoll.words import short

# interfaces/IPriceOracle.vyi, flag Why
UNSETTLED = 128
# 9,000 ticks at 50 a second, and the fresh window behind them: 60 to 119 s
SETTLING_SECONDS = 300
BETWEEN_SECONDS = 60

SOURCE_OF = parse_function("source_of(address,uint256)", ["address", "address", "uint256"])
WINDOW = parse_function("window(uint256)")
# Of its answer: the fresh sum of ticks and its seconds; what the pool's market is now, its tick in the upper half
FRESH_SUM, FRESH_SECONDS, PRESENT = 3, 4, 5
# As the oracle has it
UNSETTLED_TICKS = 1_000
# How to touch a pool: a range pool, a pair
TOUCHES = (parse_function("poke()"), parse_function("sync()"))
GAS = 200_000


def unsettled(window: bytes) -> bool:
    """Does the pool trade further from its last minute than the oracle takes? `window`: its answer to window(0)."""
    seconds = read_word(window, FRESH_SECONDS)
    if seconds == 0:
        return False
    fresh = _signed(read_word(window, FRESH_SUM), 256) // seconds
    return abs(_signed(read_word(window, PRESENT) >> 128, 128) - fresh) > UNSETTLED_TICKS


def _signed(word: int, bits: int) -> int:
    return word - (word >> (bits - 1) << bits)


class Idle:
    """Remembers which pools stand still."""

    def __init__(self) -> None:
        # pool -> (its present state, when to touch it if that stays)
        self._pools: dict[str, tuple[int, int]] = {}

    def watch(self, pools: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(pools)
        self._pools = {pool: seen for pool, seen in self._pools.items() if pool in kept}

    def due(self, pool: str, present: int, now: int) -> bool:
        """Is the pool to be touched? `present`: its word of that name (IObservations). True at most once a minute."""
        state, at = self._pools.get(pool, (-1, 0))
        if state != present:
            self._pools[pool] = (present, now + SETTLING_SECONDS)
            return False
        if now < at:
            return False
        self._pools[pool] = (present, now + BETWEEN_SECONDS)
        return True


class Poker:
    """Touches the pools that wait for it, one transaction at a time. Nobody need do so: it costs gas, and earns nothing."""

    def __init__(self, rpc: Rpc, wallet: Wallet, oracle: str, log: Callable[..., None]):
        self.rpc = rpc
        self.wallet = wallet
        self.oracle = oracle
        self.log = log
        self.idle = Idle()
        self._waiting: str | None = None

    def look(self, assets: Sequence[str], head: int, timestamp: int, fees: dict[str, int]) -> None:
        """`assets`: those of which the oracle says in block `head` that a source is unsettled."""
        pools = self._pools(assets, head) if assets else []
        answers = self.rpc.batch([call_request(p, WINDOW.encode(0), None, head) for p in pools], errors=True) if pools else []
        windows = {p: to_bytes(a) for p, a in zip(pools, answers, strict=True) if not isinstance(a, RpcError)}
        windows = {p: w for p, w in windows.items() if unsettled(w)}
        self.idle.watch(windows)
        if not windows or self._is_waiting():
            return
        for pool, window in windows.items():
            if self.idle.due(pool, read_word(window, PRESENT), timestamp):
                self._touch(pool, head, fees)
                return

    def _is_waiting(self) -> bool:
        sent = self.rpc.call("eth_getTransactionByHash", self._waiting) if self._waiting else None
        return sent is not None and sent["blockNumber"] is None

    def _pools(self, assets: Sequence[str], head: int) -> list[str]:
        questions = [SOURCE_OF.encode(asset, place) for asset in assets for place in (0, 1)]
        answers = self.rpc.batch([call_request(self.oracle, q, None, head) for q in questions])
        found = [str(to_checksum_address(SOURCE_OF.decode(to_bytes(a))[0])) for a in answers]
        return [pool for pool in dict.fromkeys(found) if int(pool, 16)]

    def _touch(self, pool: str, head: int, fees: dict[str, int]) -> None:
        tried = self.rpc.batch([call_request(pool, t.selector, self.wallet.address, head) for t in TOUCHES], errors=True)
        for touch, answer in zip(TOUCHES, tried, strict=True):
            if isinstance(answer, RpcError):
                continue
            tx_hash, raw = self.wallet.sign(pool, touch.selector, gas=GAS, fees=fees)
            try:
                send_raw(self.rpc, raw, tx_hash)
            except RpcDead:
                raise
            except RpcError as e:
                self.wallet.resync()
                self.log("error", f"touching {short(pool)} was not accepted: {e}", pool=pool)
                return
            self._waiting = tx_hash
            self.log("poked", f"touched {short(pool)}: its price has jumped, and nobody trades there", pool=pool, tx=tx_hash)
            return
