"""`ape run pool` on a chain where things happened: each number against the exact model of the pool, which did the same."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from plimsoll import pools, ranges, words
from plimsoll.abi import Contract, artifacts
from plimsoll.pools import Pool, Position, Reader, Wanted
from plimsoll.reference.range_pool import RangePool
from plimsoll.rpc import DEV_KEYS, MAX_UINT256, Wallet, checksum
from scripts.pool import cli
from tests.e2e.conftest import Market, Run, is_one_line, person

pytestmark = pytest.mark.e2e

FEE, SPACING = 3_000, 60
LATE = 2**40
BELOW, ABOVE, TRADER = person(11), person(12), person(13)
MAX_UINT128 = 2**128 - 1

Pair = tuple[int, int]


def add(a: Pair, b: Pair) -> Pair:
    return a[0] + b[0], a[1] + b[1]


@dataclass
class Ledger:
    """What the test itself knows of a position: each sum from the model's answers."""

    deposited: Pair = (0, 0)
    withdrawn: Pair = (0, 0)
    collected: Pair = (0, 0)
    reinvested: Pair = (0, 0)


@dataclass
class Story:
    """The market's range pool and its model, side by side."""

    market: Market
    pool: Contract
    manager: Contract
    router: Contract
    direct: Contract
    model: RangePool
    owner: str
    ledgers: dict[Any, Ledger] = field(default_factory=dict)
    fees_paid: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def usd_first(self) -> bool:
        return int(self.market.usd.address, 16) < int(self.market.eth.address, 16)

    def pair(self, dollars: int, ether: int) -> Pair:
        """Raw amounts in the pool's order."""
        return (dollars, ether) if self.usd_first else (ether, dollars)

    @property
    def tokens(self) -> tuple[str, str]:
        both = self.market.usd.address, self.market.eth.address
        return both if self.usd_first else (both[1], both[0])

    def ticks(self, low: int, high: int) -> Pair:
        return ranges.ticks_of_prices(low, high, SPACING, *((6, 18) if self.usd_first else (18, 6)), inverted=self.usd_first)

    # ------------------------------------------------------------ what is done, on the chain and in the model

    def equip(self, who: str, dollars: int, ether: int, spender: Contract) -> None:
        self.market.rpc.set_balance(who, 10**20)
        for contract, amount in ((self.market.usd, dollars), (self.market.eth, ether)):
            if amount:
                self.market.act(who, contract, "mint", who, amount)
                self.market.act(who, contract, "approve", spender.address, MAX_UINT256)

    def take_over(self, token_id: int) -> None:
        """A position that the deployment has opened."""
        record = self.manager.call("positions", token_id)
        self.ledgers[token_id] = Ledger(deposited=self.model.mint(token_id, record[5], record[6], record[7]))

    def deposit(self, who: str, low: int, high: int, dollars: int, ether: int) -> int:
        self.equip(who, dollars, ether, self.manager)
        lower, upper = self.ticks(low, high)
        params = (*self.tokens, FEE, lower, upper, *self.pair(dollars, ether), 0, 0, who, LATE)
        receipt = self.market.act(who, self.manager, "mint", params)
        (event,) = [e for e in self.manager.events(receipt) if e.name == "IncreaseLiquidity"]
        token_id: int = event.args["tokenId"]
        amounts = self.model.mint(token_id, lower, upper, event.liquidity)
        assert (event.amount0, event.amount1) == amounts
        self.ledgers[token_id] = Ledger(deposited=amounts)
        return token_id

    def deposit_directly(self, low: int, high: int, liquidity: int) -> tuple[str, int, int]:
        self.equip(self.direct.address, 10**12, 10**21, self.direct)
        key = (self.direct.address, *self.ticks(low, high))
        self.market.act(self.owner, self.direct, "make", self.pool.address, self.pool.data("mint", *key, liquidity, b""))
        self.ledgers[key] = Ledger(deposited=self.model.mint(key, key[1], key[2], liquidity))
        return key

    def swap(self, dollars: int, ether: int) -> None:
        """Sell the one or the other."""
        self.equip(TRADER, dollars, ether, self.router)
        sold, bought = (self.market.usd, self.market.eth) if dollars else (self.market.eth, self.market.usd)
        before = bought.call("balanceOf", TRADER)
        path = [sold.address, bought.address]
        self.market.act(TRADER, self.router, "swap_exact_in", dollars or ether, 0, path, [FEE], TRADER, LATE)
        zero_for_one = sold.address == self.tokens[0]
        swap = self.model.swap(zero_for_one, dollars or ether)
        assert bought.call("balanceOf", TRADER) - before == swap.received
        self.fees_paid[0 if zero_for_one else 1] += swap.fee

    def collect(self, token_id: int) -> None:
        key = self._key(token_id)
        self.market.act(self.owner, self.manager, "collect", (token_id, self.owner, MAX_UINT128, MAX_UINT128))
        if self.model.positions[key].liquidity:
            self.model.burn(*key, 0)
        ledger = self.ledgers[token_id]
        ledger.collected = add(ledger.collected, self.model.collect(*key))

    def withdraw(self, token_id: int, liquidity: int) -> None:
        self.market.act(self.owner, self.manager, "decreaseLiquidity", (token_id, liquidity, 0, 0, LATE))
        ledger = self.ledgers[token_id]
        ledger.withdrawn = add(ledger.withdrawn, self.model.burn(*self._key(token_id), liquidity))

    def compound(self, token_id: int) -> None:
        receipt = self.market.act(self.owner, self.manager, "compound", token_id, 0, 0, LATE)
        (event,) = [e for e in self.manager.events(receipt) if e.name == "IncreaseLiquidity"]
        key = self._key(token_id)
        self.model.burn(*key, 0)
        added = self.model.mint(*key, event.liquidity)
        assert self.model.collect(*key, added) == added
        ledger = self.ledgers[token_id]
        ledger.reinvested = add(ledger.reinvested, added)

    def move(self, token_id: int, low: int, high: int) -> int:
        lower, upper = self.ticks(low, high)
        receipt = self.market.act(self.owner, self.manager, "move_range", token_id, lower, upper, 0, 0, LATE)
        (event,) = [e for e in self.manager.events(receipt) if e.name == "IncreaseLiquidity"]
        new: int = event.args["tokenId"]
        key = self._key(token_id)
        out = self.model.burn(*key, self.model.positions[key].liquidity)
        added = self.model.mint(new, lower, upper, event.liquidity)
        assert self.model.collect(*key, added) == added
        old = self.ledgers.pop(token_id)
        self.ledgers[new] = Ledger(old.deposited, add(old.withdrawn, out), old.collected, add(old.reinvested, added))
        return new

    def _key(self, token_id: int) -> Any:
        return next(k for k in self.model.positions if k[0] == token_id)

    # ------------------------------------------------------------ what must come of it

    def unclaimed(self, token_id: int) -> Pair:
        return self.model.unclaimed(*self._key(token_id))

    def in_dollars(self, amounts: tuple[int, int]) -> Fraction:
        """Raw dollars at the model's price."""
        price = Fraction(self.model.sqrt_price_x96**2, 2**192)
        return amounts[0] + amounts[1] / price if self.usd_first else amounts[1] + amounts[0] * price


@pytest.fixture(scope="module")
def story(deployed: Market) -> Iterator[Story]:
    """Seven positions; four swaps, the last one through the upper end of two of them; one collect, compound, and move."""
    market = deployed
    rpc, book, compiled = market.rpc, market.book, market.compiled
    snapshot = rpc.call("evm_snapshot")
    pool, manager, router = (book.contract(n, rpc, compiled) for n in ("RangePool", "PositionManager", "Router"))
    callee = artifacts(sources={"RangePoolCallee": "contracts/testing/RangePoolCallee.vy"})["RangePoolCallee"]
    wallet = Wallet(rpc, DEV_KEYS[0])
    address = wallet.transact(None, callee.deployment())["contractAddress"]
    direct = Contract(address, callee.interface, rpc)
    s = Story(market, pool, manager, router, direct, RangePool(FEE, SPACING), wallet.address)
    # 200 dollars of 6 decimals for an ether of 18
    raw = Fraction(10**18, 200 * 10**6) if s.usd_first else Fraction(200 * 10**6, 10**18)
    s.model.initialize(isqrt(raw.numerator * 2**192 // raw.denominator))
    for token_id in (1, 2, 3):
        s.take_over(token_id)
    s.deposit(BELOW, 100, 150, 30_000 * 10**6, 0)
    s.deposit(ABOVE, 250, 300, 0, 100 * 10**18)
    s.deposit_directly(190, 210, 10**16)
    s.swap(100_000 * 10**6, 0)
    s.swap(0, 300 * 10**18)
    s.collect(1)
    s.withdraw(2, s.model.positions[s._key(2)].liquidity // 4)
    s.swap(20_000 * 10**6, 0)
    s.compound(3)
    s.move(2, 150, 260)
    s.swap(0, 10 * 10**18)
    s.swap(150_000 * 10**6, 0)
    # one that came and went: its ticks are no ticks any more
    gone = s.deposit(s.owner, 170, 175, 10**9, 0)
    s.withdraw(gone, s.model.positions[s._key(gone)].liquidity)
    s.collect(gone)
    del s.ledgers[gone]
    yield s
    rpc.call("evm_revert", snapshot)


@pytest.fixture(scope="module")
def found(story: Story) -> list[Pool]:
    return Reader(story.market.rpc, story.market.book, story.market.compiled).pools()


def by_id(pool: Pool) -> dict[Any, Position]:
    return {x.token_id if x.token_id is not None else (x.owner, x.lower, x.upper): x for x in pool.positions}


# ---------------------------------------------------------------- what is read


def test_pools__both_kinds__as_the_chain_and_the_model_have_them(story: Story, found: list[Pool]) -> None:
    pair, ranged = found
    market = story.market
    assert (pair.kind, pair.address, pair.name, pair.fee) == ("pair", market.pair.address, "ETH/USD pair", "0.25")
    reserves = market.pair.call("getReserves")
    assert pair.holds == tuple(reserves[:2])
    assert pair.liquidity == isqrt(reserves[0] * reserves[1])
    assert abs(pair.price / 200 - 1) < Fraction(1, 10**9)  # type: ignore[operator]

    assert (ranged.kind, ranged.address, ranged.name, ranged.fee_pips) == ("range", story.pool.address, "ETH/USD 0.3 %", FEE)
    model = story.model
    assert (ranged.sqrt_price_x96, ranged.tick, ranged.liquidity) == (model.sqrt_price_x96, model.tick, model.liquidity)
    assert ranged.ticks == {t: state.net for t, state in model.ticks.items()}
    price = Fraction(model.sqrt_price_x96**2, 2**192)
    dollars = 10**12 / price if story.usd_first else 10**12 * price
    assert ranged.price == dollars
    assert 220 < dollars < 250
    # all deposits and what swaps brought, less what was taken out: more than what the positions can claim, by dust
    held = [c.call("balanceOf", story.pool.address) for c in (market.usd, market.eth)]
    assert ranged.holds == story.pair(*held)
    for i in (0, 1):
        claims = sum(x.amounts[i] + x.owed[i] for x in ranged.positions)
        assert 0 <= ranged.holds[i] - claims < 100


def test_positions__each_one__as_the_model(story: Story, found: list[Pool]) -> None:
    ranged = found[1]
    seen = by_id(ranged)
    left = {k[0] for k in story.model.positions} - set(story.ledgers)
    assert set(seen) - left == set(story.ledgers)
    assert len(story.ledgers) == 6
    assert ranged.closed == 1
    for key, ledger in story.ledgers.items():
        x = seen[key]
        model_key = next(k for k in story.model.positions if k[0] == key)
        assert (x.lower, x.upper) == model_key[1:]
        assert x.liquidity == story.model.positions[model_key].liquidity
        assert x.amounts == story.model.amounts(x.lower, x.upper, x.liquidity)
        assert x.owed == story.model.unclaimed(*model_key)
        assert x.flows.deposited == ledger.deposited
        assert x.flows.withdrawn == ledger.withdrawn
        assert x.flows.reinvested == ledger.reinvested
        now = add(x.amounts, ledger.withdrawn)
        now = now[0] - ledger.reinvested[0], now[1] - ledger.reinvested[1]
        for shown, exact in zip(ranged.against_holding(x), (now, ledger.deposited), strict=True):
            assert abs(shown - story.in_dollars(exact)) <= 1


def test_fees__all_positions__are_what_the_swaps_have_paid(story: Story, found: list[Pool]) -> None:
    positions = found[1].positions
    for i in (0, 1):
        fees = sum(x.fees[i] for x in positions)
        # each update rounds down once for each position
        assert 0 <= story.fees_paid[i] - fees < 200
    # never in range, nothing earned
    assert [x.fees for x in positions if x.owner in (BELOW, ABOVE)] == [(0, 0), (0, 0)]
    # collected long ago, and still counted
    narrow = by_id(found[1])[1]
    assert narrow.flows.collected == story.ledgers[1].collected
    assert all(f > c > 0 for f, c in zip(narrow.fees, narrow.flows.collected, strict=True))
    assert narrow.unclaimed == narrow.owed == story.unclaimed(1)


def test_states__price_rose__each_range_seen_from_the_reader(story: Story, found: list[Pool]) -> None:
    ranged = found[1]
    states = {(x.owner, x.token_id): ranged.state(x) for x in ranged.positions if x.liquidity}
    assert states == {
        (story.owner, 1): "price above",
        (story.owner, 3): "in range",
        (BELOW, 4): "price above",
        (ABOVE, 5): "price below",
        (story.direct.address, None): "price above",
        (story.owner, 6): "in range",
    }


def test_impermanent_loss__range_passed__sold_all_the_way(story: Story, found: list[Pool]) -> None:
    """What was ether in the narrow range was sold between 200 and its end: below what it is worth now."""
    ranged = found[1]
    narrow = by_id(ranged)[1]
    now, held = ranged.against_holding(narrow)
    assert narrow.amounts == story.pair(max(narrow.amounts) if not story.usd_first else narrow.amounts[0], 0)
    assert 0.01 < (held - now) / held < 0.1
    # below the range nothing has happened
    below = next(x for x in ranged.positions if x.owner == BELOW)
    now, held = ranged.against_holding(below)
    assert 0 <= held - now <= 1


def test_pools__account__only_what_it_has(story: Story) -> None:
    reader = Reader(story.market.rpc, story.market.book, story.market.compiled)
    (ranged,) = reader.pools(account=ABOVE)
    assert [x.owner for x in ranged.positions] == [ABOVE]
    pair, ranged = reader.pools(account=story.owner)
    (share,) = pair.shares
    supply = story.market.pair.call("totalSupply")
    assert share.lp == story.market.pair.call("balanceOf", story.owner) == supply - 1_000
    assert share.amounts == tuple(h * share.lp // supply for h in pair.holds)
    assert {x.owner for x in ranged.positions} == {story.owner}
    assert reader.pools(account=person(77)) == []


def test_pools__moved_position_given_away__goes_with_its_past(story: Story, found: list[Pool]) -> None:
    market, rpc = story.market, story.market.rpc
    snapshot = rpc.call("evm_snapshot")
    try:
        friend = person(15)
        market.act(story.owner, story.manager, "transferFrom", story.owner, friend, 6)
        reader = Reader(rpc, market.book, market.compiled)
        (ranged,) = reader.pools(account=friend)
        (x,) = ranged.positions
        before = by_id(found[1])[6]
        assert (x.token_id, x.owner, x.flows, x.fees) == (6, friend, before.flows, before.fees)
        # what waits under the old id stays with its owner
        ours = by_id(reader.pools(account=story.owner)[1])
        assert set(ours) == {1, 2, 3}
        assert ours[2].owed == by_id(found[1])[2].owed > (0, 0)
        assert ours[2].fees == (0, 0)
    finally:
        rpc.call("evm_revert", snapshot)


def test_pools__hundred_positions_more__as_few_round_trips(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    market, rpc = story.market, story.market.rpc
    snapshot = rpc.call("evm_snapshot")
    try:
        who = person(14)
        story.equip(who, 10**12, 10**21, story.manager)
        for n in range(100):
            lower, upper = story.ticks(101 + n, 205 + n)
            params = (*story.tokens, FEE, lower, upper, *story.pair(10**9, 10**18), 0, 0, who, LATE)
            last = rpc.send_unsigned({"from": who, "to": story.manager.address, "data": story.manager.data("mint", params), "gas": 1_000_000})
        rpc.wait(last)
        reader = Reader(rpc, market.book, market.compiled)
        trips = []
        monkeypatch.setattr(rpc, "_post", lambda body, repeatable, post=rpc._post: trips.append(len(body)) or post(body, repeatable))
        (ranged,) = reader.pools(Wanted.parse(["eth/usd/0.3"]), who)
        assert len(ranged.positions) == 100
        assert len(trips) < 12
    finally:
        rpc.call("evm_revert", snapshot)


def test_pools__tokens_of_somebody_else__not_taken_for_ours(story: Story) -> None:
    """A false USD, and a contract that is no token at all: shown with their addresses, and found by those alone."""
    market, rpc = story.market, story.market.rpc
    snapshot = rpc.call("evm_snapshot")
    try:
        wallet = Wallet(rpc, DEV_KEYS[0])
        false = checksum(wallet.transact(None, market.compiled["TestToken"].deployment("Test Dollar", "USD", 6))["contractAddress"])
        for name in ("PairFactory", "RangePoolFactory"):
            factory = market.book.contract(name, rpc, market.compiled)
            more = () if name == "PairFactory" else (500,)
            for other in (false, market.lens.address):
                data = factory.data("createPair" if name == "PairFactory" else "createPool", market.eth.address, other, *more)
                wallet.transact(factory.address, data)
        reader = Reader(rpc, market.book, market.compiled)
        assert [p.address for p in reader.pools(Wanted.parse(["eth/usd"]))] == [market.pair.address, story.pool.address]
        for other, symbol in ((false, f"USD({false[:8]}…{false[-4:]})"), (market.lens.address, words.short(market.lens.address))):
            pair, ranged = reader.pools(Wanted.parse([f"eth/{other}"]))
            assert {c.symbol for c in pair.coins} == {c.symbol for c in ranged.coins} == {"ETH", symbol}
            assert (pair.price, ranged.price, pair.positions, ranged.positions) == (None, None, (), ())
            assert (ranged.fee, ranged.spacing) == ("0.05", 10)
        assert len(reader.pools()) == 6
    finally:
        rpc.call("evm_revert", snapshot)


# ---------------------------------------------------------------- the command


def invoke(story: Story, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(story.market.folder))
    done = CliRunner(mix_stderr=False).invoke(cli, ["--network", story.market.url, *arguments], catch_exceptions=False)
    return done.exit_code, done.stdout, done.stderr


def test_command__all__tables(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(story, monkeypatch)
    assert code == 0
    pair, ranged = out.splitlines()[1:3]
    assert pair.split()[:11] == ["ETH/USD", "pair", "0.25", "%", "200", "USD", "707,106", "50,000", "ETH", "10,000,000", "USD"]
    assert ranged.startswith("ETH/USD 0.3 %")
    for text in (
        "ETH/USD 0.3 %: positions; prices in USD",
        "2 of 6 in range, 1 withdrawn and not collected, 1 closed",
        "full",
        "price above",
        "price below",
        "direct",
        story.pool.address,
    ):
        assert text in out, out


def test_command__through_ape__json(story: Story, run: Run, found: list[Pool]) -> None:
    done = run("ape", "run", "pool", "ETH/USD/0.3", "--network", story.market.url, "--json", folder=story.market.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(done.stdout)
    assert set(data) == {"chain_id", "block", "account", "pools"}
    (pool,) = data["pools"]
    assert set(pool) == {
        "kind", "address", "name", "fee_pips", "token0", "token1", "base", "quote", "price", "sqrt_price_x96", "tick", "tick_spacing",
        "liquidity", "holds", "holds_worth", "positions", "closed_positions", "shares",
    }  # fmt: skip
    assert (pool["sqrt_price_x96"], pool["tick"], pool["tick_spacing"]) == (str(story.model.sqrt_price_x96), story.model.tick, SPACING)
    assert [pool[f"token{i}"]["address"] for i in (0, 1)] == list(story.tokens)
    assert (pool["base"], pool["quote"]) == (story.market.eth.address, story.market.usd.address)
    assert abs(Fraction(pool["price"]) / found[1].price - 1) < Fraction(1, 10**18)  # type: ignore[operator]
    entry = next(p for p in pool["positions"] if p["id"] == 1)
    x = by_id(found[1])[1]
    assert set(entry) == {
        "id", "owner", "tick_lower", "tick_upper", "price_lower", "price_upper", "full_range", "state", "liquidity", "amounts", "worth",
        "deposited", "withdrawn", "collected", "reinvested", "owed", "fees", "fees_unclaimed", "fees_worth", "held_worth",
        "impermanent_loss", "impermanent_loss_wad",
    }  # fmt: skip
    assert entry["owner"] == story.owner
    assert entry["liquidity"] == str(story.model.positions[story._key(1)].liquidity)
    assert entry["fees"] == [str(f) for f in x.fees]
    assert entry["collected"] == [str(c) for c in story.ledgers[1].collected]
    assert entry["state"] == "price above"
    # 10 % around 200, at the next usable ticks
    assert 178.9 < float(entry["price_lower"]) <= 180
    assert 220 <= float(entry["price_upper"]) < 221.4
    assert sum(p["full_range"] for p in pool["positions"]) == 1


def test_command__plot__a_picture(story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "pool.png"
    # the only range pool is meant
    code, out, _ = invoke(story, monkeypatch, "--plot", str(path))
    assert (code, out.splitlines()[-1]) == (0, f"written: {path}")
    picture = path.read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", picture[16:24])) >= 800


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["ETH/GOLD"], 1, "error: no pool has a token 'GOLD' (there are: USD, ETH)"),
        (["ETH/USD/1"], 1, "error: there is no pool ETH/USD/1 (there are: pair, 0.3 %)"),
        (["ETH/USD/cheap"], 1, "error: 'cheap' is no fee: it must be a percentage like 0.3, or 'pair'"),
        (["ETH"], 1, "error: 'ETH' names no pool: give its address, or tokens and fee, like ETH/USD or ETH/USD/0.3"),
        ([person(50)], 1, f"error: {person(50)} is no pool of this deployment (`ape run pool` shows all)"),
        (["--account", "0x12"], 1, "error: '0x12' is no account"),
        (["--plot", "pool.jpg"], 2, "the picture is a PNG, its name must end in .png"),
        (["--plot", f"{__file__}/pool.png"], 2, "pool.png: cannot be written (File exists)"),
        (["--limit", "0"], 2, "0 is not in the range"),
    ],
)
def test_command__bad_input__one_line(story: Story, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str) -> None:
    found, out, err = invoke(story, monkeypatch, *arguments)
    assert found == code, err
    assert message in err.replace("\n", " ")
    assert code == 2 or is_one_line(err)
    assert out == ""


def test_command__nothing_deposited__code_3(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = invoke(story, monkeypatch, "--account", person(77))
    assert (code, out) == (3, f"{person(77)} has nothing in these pools\n")
    code, out, _ = invoke(story, monkeypatch, "--account", person(77), "--json")
    assert (code, json.loads(out)["pools"]) == (3, [])


def test_command__dead_rpc_or_no_deployment__one_line(story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLIMSOLL_DEPLOYMENTS", str(tmp_path))
    for url, message in (
        ("http://127.0.0.1:9", "error: no chain answers at http://127.0.0.1:9 (connection refused)"),
        (story.market.url, "31337.json is missing: deploy first (`ape run deploy`)"),
    ):
        done = CliRunner(mix_stderr=False).invoke(cli, ["--network", url], catch_exceptions=False)
        assert done.exit_code == 1
        assert is_one_line(done.stderr)
        assert message in done.stderr


def test_choose__by_address_pair_and_role__found(story: Story) -> None:
    reader = Reader(story.market.rpc, story.market.book, story.market.compiled)
    for given, kinds in (
        ([story.pool.address.lower()], ["range"]),
        (["usd/eth"], ["pair", "range"]),
        (["volatile", "dollar", "0.30%"], ["range"]),
        (["eth/usd/pair"], ["pair"]),
        ([f"{story.market.eth.address}/usd"], ["pair", "range"]),
    ):
        assert [p.kind for p in reader.pools(pools.Wanted.parse(given), positions=False)] == kinds
