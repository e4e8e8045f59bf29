"""What the keeper touches beside its liquidations: pools in which nobody trades after a jump of their price, oracles of isolated markets.

What a pool remembers follows its market by itself, 50 ticks a second, but 9,000 ticks at most (a factor of 2.46); beyond that it goes
on when the pool is touched. Whoever is still unsettled when that and the fresh window are over, in a pool that has not moved, waits for it.

The oracle of an isolated market keeps the last six hours of its pair, which itself tells one: new risk is open only while somebody pokes the
oracle once an hour. Anybody can open such markets, as many as he likes. So they are bounded here: those with the most lent are poked, so many
and no more, one in a block, with so much gas; what fails is said once, and rests; and all of it comes after the block's liquidations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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
FRESH_SUM, FRESH_SECONDS, PRESENT = 3, 4, 6
# As in the oracle, which compares with the short window: that follows the fresh one by itself
UNSETTLED_TICKS = 1_000
# How to touch a pool: a range pool, a pair
TOUCHES = (parse_function("poke()"), parse_function("sync()"))
GAS = 200_000

# Of chain time, between looks at isolated markets; an oracle is poked when its pair will have forgotten something in twenty minutes
LOOK_SECONDS = 60
DUE_SECONDS = 40 * 60
# How many markets are learnt of, or valued anew, in one look
PIECE = 50
# A poke each 40 minutes takes 0.19 M, so 7 M a day; one that fills all of the six hours anew 0.57 M
ORACLE_GAS = 1_000_000
# What has failed is tried again after so long, then after twice as long, up to a day
REST_SECONDS, LONGEST_REST = 600, 86_400
# Blocks after which what waits is sent again with higher fees; how often, until it is left (at 1.3^8 = 8 times its first fees)
STUCK_BLOCKS = 4
MOST_RAISES = 8

COUNT = parse_function("markets_count()")
MARKETS = parse_function("markets(uint256,uint256)", [f"(bytes32,{'address,' * 8}uint256,uint256,bool)[]"])
# Of a market
POOL, TOKEN, QUOTE, ORACLE, ENGINE = 1, 2, 3, 5, 6
MIN_DEBT = parse_function("min_debt_wad()")
RESERVE_STATE = parse_function("reserve_state(address)")
# Of its answer
CASH, DEBT = 1, 4
BAND = parse_function("band(address)")
KEPT_TS = parse_function("kept_ts()")
POKE = parse_function("poke(address)")


def unsettled(window: bytes) -> bool:
    """Has what the pool remembers not come after its market within the last minute? `window`: its answer to window(0)."""
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


@dataclass
class _Waiting:
    to: str
    data: bytes
    gas: int
    nonce: int
    fees: dict[str, int]
    # in which it was sent last
    block: int
    raises: int = 0


class Line:
    """One transaction at a time. All that is sent after it waits behind it, so it must not wait for long itself."""

    def __init__(self, rpc: Rpc, wallet: Wallet, log: Callable[..., None]):
        self.rpc = rpc
        self.wallet = wallet
        self.log = log
        self._waiting: _Waiting | None = None

    def tend(self, head: int, fees: dict[str, int]) -> bool:
        """Is it free? What has waited for some blocks is sent again with higher fees."""
        w = self._waiting
        if w is None:
            return True
        if self.rpc.nonce(self.wallet.address, "latest") > w.nonce:
            self._waiting = None
            return True
        if head - w.block >= STUCK_BLOCKS:
            if w.raises == MOST_RAISES:
                self.log("error", f"a poke was not mined in {(MOST_RAISES + 1) * STUCK_BLOCKS} blocks, with ever higher fees: leaving it")
                self._waiting = None
                self.wallet.resync()
                return True
            w.raises += 1
            w.fees = {name: max(fee * 13 // 10 + 1, fees[name]) for name, fee in w.fees.items()}
            w.block = head
            tx_hash, raw = self.wallet.sign(w.to, w.data, gas=w.gas, fees=w.fees, nonce=w.nonce)
            try:
                send_raw(self.rpc, raw, tx_hash)
            except RpcDead:
                raise
            except RpcError as e:
                self.log("error", f"a poke waits, and sending it with higher fees failed: {e}")
        return False

    def send(self, to: str, data: bytes, gas: int, head: int, fees: dict[str, int]) -> str:
        """The hash. Raises RpcError where it was not accepted."""
        nonce = self.wallet.next_nonce()
        tx_hash, raw = self.wallet.sign(to, data, gas=gas, fees=fees, nonce=nonce)
        try:
            send_raw(self.rpc, raw, tx_hash)
        except RpcDead:
            raise
        except RpcError:
            self.wallet.resync()
            raise
        self._waiting = _Waiting(to, data, gas, nonce, dict(fees), head)
        return tx_hash


class Poker:
    """Touches the pools that wait for it, one transaction at a time. Nobody need do so: it costs gas, and earns nothing."""

    def __init__(self, rpc: Rpc, wallet: Wallet, oracle: str, log: Callable[..., None], line: Line | None = None):
        self.rpc = rpc
        self.wallet = wallet
        self.oracle = oracle
        self.log = log
        self.idle = Idle()
        self.line = line or Line(rpc, wallet, log)

    def look(self, assets: Sequence[str], head: int, timestamp: int, fees: dict[str, int]) -> None:
        """`assets`: those of which the oracle says in block `head` that a source is unsettled."""
        pools = self._pools(assets, head) if assets else []
        answers = self.rpc.batch([call_request(p, WINDOW.encode(0), None, head) for p in pools], errors=True) if pools else []
        windows = {p: to_bytes(a) for p, a in zip(pools, answers, strict=True) if not isinstance(a, RpcError)}
        windows = {p: w for p, w in windows.items() if unsettled(w)}
        self.idle.watch(windows)
        if not windows or not self.line.tend(head, fees):
            return
        for pool, window in windows.items():
            if self.idle.due(pool, read_word(window, PRESENT), timestamp):
                self._touch(pool, head, fees)
                return

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
            try:
                tx_hash = self.line.send(pool, touch.selector, GAS, head, fees)
            except RpcDead:
                raise
            except RpcError as e:
                self.log("error", f"touching {short(pool)} was not accepted: {e}", pool=pool)
                return
            self.log("poked", f"touched {short(pool)}: its price has jumped, and nobody trades there", pool=pool, tx=tx_hash)
            return


@dataclass
class _Market:
    """An isolated market."""

    pool: str
    token: str
    quote: str
    oracle: str
    # What is lent of the quote, units of account WAD: the token's own price means nothing here
    worth: int = 0
    # After failures: not before this time, and how long it rests next
    rests_until: int = 0
    rest: int = REST_SECONDS


def chosen(markets: Iterable[_Market], most: int, least_worth: int) -> list[_Market]:
    """Whose oracles are poked: those with the most lent, and none in which nobody could borrow anyway."""
    found = sorted((m for m in markets if m.worth >= least_worth), key=lambda m: m.worth, reverse=True)
    return found[:most]


class IsolatedPoker:
    """Keeps the six hours of isolated markets known."""

    def __init__(self, rpc: Rpc, factory: str, most: int, log: Callable[..., None], line: Line):
        self.rpc = rpc
        self.factory = factory
        self.most = most
        self.log = log
        self.line = line
        self.markets: list[_Market] = []
        self._least_worth: int | None = None
        self._next = 0
        # of the markets, which is valued next
        self._turn = 0
        self._said: dict[str, str] = {}

    def look(self, head: int, timestamp: int, fees: dict[str, int]) -> None:
        """Poke at most one. Whatever an isolated market does, it ends here: an endpoint that is dead is the caller's."""
        if timestamp < self._next or self.most == 0:
            return
        self._next = timestamp + LOOK_SECONDS
        try:
            self._learn(head)
            self._value(head)
            due = self._due(head, timestamp)
            if due and self.line.tend(head, fees):
                self._poke(due[0], head, timestamp, fees)
                if len(due) > 1:
                    # the others one by one, in the next blocks
                    self._next = timestamp + 1
        except RpcDead:
            raise
        except Exception as e:  # the main market's liquidations must not end for it
            self._once("look", f"isolated markets cannot be looked at: {e}")

    def _learn(self, head: int) -> None:
        """Of markets that have been opened since."""
        requests = [call_request(self.factory, COUNT.selector, None, head)]
        if self._least_worth is None:
            requests.append(call_request(self.factory, MIN_DEBT.selector, None, head))
        answers = [to_bytes(a) for a in self.rpc.batch(requests)]
        if any(len(a) != 32 for a in answers):
            raise RpcError(f"{self.factory} does not answer as their factory")
        count, *rest = (read_word(a, 0) for a in answers)
        if rest:
            self._least_worth = rest[0]
        if count <= len(self.markets):
            # after a reorganisation
            del self.markets[count:]
            return
        page = self.rpc.eth_call(self.factory, MARKETS.encode(len(self.markets), PIECE), None, head)
        for m in MARKETS.decode(page):
            pool, token, quote, oracle = (str(to_checksum_address(m[i])) for i in (POOL, TOKEN, QUOTE, ORACLE))
            self.markets.append(_Market(pool, token, quote, oracle))

    def _value(self, head: int) -> None:
        """Some of them in turn, and the newest, which have no value yet."""
        count = len(self.markets)
        if count == 0:
            return
        turn = [self.markets[(self._turn + i) % count] for i in range(min(PIECE, count))]
        self._turn = (self._turn + PIECE) % count
        requests = []
        for m in turn:
            requests.append(call_request(m.pool, RESERVE_STATE.encode(m.quote), None, head, ORACLE_GAS))
            requests.append(call_request(m.oracle, BAND.encode(m.quote), None, head, ORACLE_GAS))
        answers = iter(self.rpc.batch(requests, errors=True))
        for m, state, band in zip(turn, answers, answers, strict=True):
            if isinstance(state, RpcError) or isinstance(band, RpcError):
                self._once(m.pool, f"the isolated market {short(m.pool)} cannot be valued", pool=m.pool)
                continue
            told, price = to_bytes(state), read_word(to_bytes(band), 0)
            if price:
                m.worth = (read_word(told, CASH) + read_word(told, DEBT)) * price // 10**18

    def _due(self, head: int, timestamp: int) -> list[_Market]:
        """The longest neglected first."""
        asked = chosen(self.markets, self.most, self._least_worth or 0)
        asked = [m for m in asked if m.rests_until <= timestamp]
        answers = self.rpc.batch([call_request(m.oracle, KEPT_TS.selector, None, head, ORACLE_GAS) for m in asked], errors=True)
        kept = [(read_word(to_bytes(a), 0), m) for a, m in zip(answers, asked, strict=True) if not isinstance(a, RpcError)]
        return [m for at, m in sorted(kept, key=lambda pair: pair[0]) if at + DUE_SECONDS <= timestamp]

    def _poke(self, market: _Market, head: int, timestamp: int, fees: dict[str, int]) -> None:
        data = POKE.encode(market.token)
        try:
            self.rpc.eth_call(market.oracle, data, self.line.wallet.address, head, ORACLE_GAS)
            tx_hash = self.line.send(market.oracle, data, ORACLE_GAS, head, fees)
        except RpcDead:
            raise
        except RpcError as e:
            market.rests_until, market.rest = timestamp + market.rest, min(2 * market.rest, LONGEST_REST)
            self._once(market.pool, f"the oracle of the isolated market {short(market.pool)} cannot be poked: {e}", pool=market.pool)
            return
        market.rest = REST_SECONDS
        self._said.pop(market.pool, None)
        # it is due until the transaction is mined
        market.rests_until = timestamp + LOOK_SECONDS
        text = f"poked the oracle of the isolated market {short(market.pool)}: it must see its pair at least once an hour"
        self.log("poked", text, market=market.pool, oracle=market.oracle, tx=tx_hash)

    def _once(self, key: str, text: str, **fields: str) -> None:
        if self._said.get(key) != text:
            self._said[key] = text
            self.log("error", text, **fields)
