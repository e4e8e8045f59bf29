"""A path of true prices over a market with lending pools of several kinds: each block is traded, mined, read, and liquidated by.

The liquidator sees the end of a block and acts in the next: on every account that can be liquidated, where it pays at the true price
that he knows. He sells what he gets elsewhere, at that price, so that his sales move nothing here. Gas is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from plimsoll import abi
from plimsoll.abi import Contract
from plimsoll.incident.market import BONUS_BPS, UNIT, Desk, Market, health_of, positions
from plimsoll.incident.model import Position, can_be_liquidated, liquidation, pays, settle, uncovered
from plimsoll.incident.twap import TickPath, mean_price, spot_price
from plimsoll.incident.watch import Watch, usage_at
from plimsoll.incident.world import Act, IncidentError, World
from plimsoll.rpc import MAX_UINT256, RpcError, call_request, to_bytes

WAD = 10**18
# The comparison oracles: how many seconds they look back
MODELS = {"spot": 0, "5-minute mean": 300, "30-minute mean": 1_800}


class Venue(Protocol):
    """A pool that the asset trades in."""

    contract: Contract
    view: str

    @property
    def tick(self) -> int: ...
    @property
    def price_wad(self) -> int: ...
    def check(self, answer: Any) -> None: ...


@dataclass
class Series:
    """For the picture: one entry per block."""

    ts: list[int] = field(default_factory=list)
    true_price: list[int] = field(default_factory=list)
    pool_price: list[int] = field(default_factory=list)
    # oracle -> its (low, high, liquidation_high, why)
    bands: dict[str, list[tuple[int, int, int, int]]] = field(default_factory=dict)


class Pool:
    """A desk with its liquidator."""

    def __init__(self, market: Market, desk: Desk):
        self.market, self.desk = market, desk
        self.watch = Watch(len(desk.people))
        self.debt_wad = sum(d for _, d in positions(market, desk, market.asset, market.usd, abi.read)) * UNIT // WAD
        self.plans: list[Act] = []

    def record(self, block: int, ts: int, events: Sequence[abi.Event]) -> None:
        for e in events:
            if e.name == "Liquidation":
                account = self.desk.index[e.borrower.lower()]
                seized = e.seized * e.collateral_seizure_price // WAD
                self.watch.liquidated(block, ts, account, e.repaid * UNIT // WAD, seized)
            elif e.name == "DeficitWrittenOff":
                self.watch.written_off += e.amount * UNIT // WAD

    def look(self, block: int, ts: int, true_price: int, high: int, health: Sequence[tuple[int, int]]) -> list[int]:
        """Notes the end of a block; returns the accounts that can be liquidated."""
        usages = [usage_at(debt, capacity, high, true_price) for capacity, debt in health]
        reached = [i for i, (capacity, debt) in enumerate(health) if debt and debt >= capacity]
        self.watch.end_of_block(block, ts, usages, reached)
        return reached

    def call(self, account: int, least: int = 0) -> Act:
        m = self.market
        who = self.desk.people[account].address
        return Act(m.world.trader, self.desk.engine, "liquidate", (who, m.usd.address, m.asset.address, MAX_UINT256, least, MAX_UINT256))

    def decide(self, account: int, answer: Any, true_price: int) -> None:
        """`answer`: what liquidating now would repay and give, or why it fails."""
        if not isinstance(answer, RpcError):
            repaid, received = abi.read_word(to_bytes(answer), 0), abi.read_word(to_bytes(answer), 1)
            if received * true_price // WAD > repaid * UNIT // WAD:
                self.plans.append(self.call(account, repaid * UNIT // true_price))
                return
        self.watch.unprofitable += 1

    def uncovered(self, true_price: int) -> int:
        held = positions(self.market, self.desk, self.market.asset, self.market.usd, abi.read)
        return sum(max(0, debt * UNIT // WAD - collateral * true_price // WAD) for collateral, debt in held)


class ModelPool:
    """The same people in a pool of a comparison oracle, counted by the model."""

    def __init__(self, people: Sequence[Any], ltv_bps: int, seconds: int):
        self.ltv_bps, self.seconds = ltv_bps, seconds
        self.positions = [Position(p.collateral, p.debt * UNIT // WAD) for p in people]
        self.debt_wad = sum(p.debt for p in self.positions)
        self.watch = Watch(len(people))
        self.reached: list[int] = []

    def step(self, block: int, ts: int, price: int, true_price: int) -> None:
        for i in self.reached:
            self._liquidate(i, block, ts, price, true_price)
        self.reached = [i for i, p in enumerate(self.positions) if can_be_liquidated(p, price, self.ltv_bps)]
        usages = [usage_at(p.debt, p.collateral * self.ltv_bps // 10_000, WAD, true_price) for p in self.positions]
        self.watch.end_of_block(block, ts, usages, self.reached)

    def _liquidate(self, i: int, block: int, ts: int, price: int, true_price: int) -> None:
        p = self.positions[i]
        if not can_be_liquidated(p, price, self.ltv_bps):
            return
        taken = liquidation(p, price, self.ltv_bps, BONUS_BPS)
        if not pays(taken, true_price):
            self.watch.unprofitable += 1
            return
        self.watch.liquidated(block, ts, i, taken.repaid, taken.seized * price // WAD)
        self.watch.written_off += settle(p, taken, price)


class Day:
    def __init__(self, market: Market, venues: Sequence[Venue], desks: Sequence[Desk], models: dict[str, ModelPool] | None = None):
        self.market, self.venues = market, list(venues)
        self.world: World = market.world
        self.pools = [Pool(market, d) for d in desks]
        self.models = models or {}
        self.path = TickPath(self.world.now - 7_200, self.venues[0].tick)
        self.series = Series()
        self.block = self.world.rpc.block_number()
        asset = market.asset.address
        views: list[tuple[Contract, str, tuple[Any, ...]]] = [(v.contract, v.view, ()) for v in self.venues]
        views += [(o, "band", (asset,)) for o in market.oracles.values()]
        self.reads = [(c.address, "0x" + c.data(f, *a).hex(), c.interface.function(f, len(a)).decode) for c, f, a in views]
        self.owners = {c.address.lower(): p for p in self.pools for c in (p.desk.engine, p.desk.pool)}
        self.topics = [[desks[0].engine.interface.topic("Liquidation"), desks[0].pool.interface.topic("DeficitWrittenOff")]]

    def step(self, ts: int, true_price: int, moves: Sequence[Act], extra: tuple[str, list[Any]] | None = None) -> Any:
        """One block. `moves` come first, then the feed, then the liquidations decided on before. Returns the answer to `extra`."""
        world, m = self.world, self.market
        planned = [act for p in self.pools for act in p.plans]
        world.send([*moves, *m.feed.publish(true_price, ts), *planned])
        world.mine(ts)
        self.block += 1
        where = {"address": list(self.owners), "topics": self.topics, "fromBlock": hex(self.block), "toBlock": hex(self.block)}
        requests: list[tuple[str, Sequence[Any]]] = [call_request(to, data) for to, data, _ in self.reads]
        requests += [call_request(p.desk.lens.address, p.desk.health_call) for p in self.pools]
        requests += [("eth_getLogs", [where]), *([extra] if extra else [])]
        answers = world.rpc.batch(requests)
        views = [decode(to_bytes(a)) for (_, _, decode), a in zip(self.reads, answers, strict=False)]
        for venue, answer in zip(self.venues, views, strict=False):
            venue.check(answer)
        bands = dict(zip(m.oracles, views[len(self.venues) :], strict=True))
        rest = answers[len(views) :]
        self._logs(ts, rest[len(self.pools)])
        self._liquidators(ts, true_price, bands, rest)
        self._models(ts, true_price)
        self._note(ts, true_price, bands)
        return rest[-1] if extra else None

    def _logs(self, ts: int, logs: list[dict[str, Any]]) -> None:
        for log in logs:
            pool = self.owners[log["address"].lower()]
            known = pool.desk.engine.interface if log["topics"][0] == self.topics[0][0] else pool.desk.pool.interface
            pool.record(self.block, ts, known.decode_logs([log]))

    def _liquidators(self, ts: int, true_price: int, bands: dict[str, Any], answers: Sequence[Any]) -> None:
        """Look at every account; ask the engine what liquidating would give; plan what pays."""
        names = {o.address: n for n, o in self.market.oracles.items()}
        asked: list[tuple[Pool, int]] = []
        for p, answer in zip(self.pools, answers, strict=False):
            p.plans = []
            health = health_of(to_bytes(answer), len(p.desk.people))
            high = bands[names[p.desk.oracle.address]].liquidation_high
            if not high:
                raise IncidentError("an oracle has no price")
            asked += [(p, i) for i in p.look(self.block, ts, true_price, high, health)]
        acts = [p.call(i) for p, i in asked]
        calls = [call_request(a.contract.address, a.contract.data(a.function, *a.arguments), a.sender) for a in acts]
        for (p, i), found in zip(asked, self.world.rpc.batch(calls, errors=True), strict=True):
            p.decide(i, found, true_price)

    def _models(self, ts: int, true_price: int) -> None:
        first = self.venues[0]
        self.path.note(ts, first.tick)
        for model in self.models.values():
            price = mean_price([self.path], ts, model.seconds, UNIT) if model.seconds else spot_price([first.price_wad])
            model.step(self.block, ts, price, true_price)

    def _note(self, ts: int, true_price: int, bands: dict[str, Any]) -> None:
        s = self.series
        s.ts.append(ts)
        s.true_price.append(true_price)
        s.pool_price.append(self.venues[0].price_wad)
        for name, b in bands.items():
            s.bands.setdefault(name, []).append((b.low, b.high, b.liquidation_high, int(b.why)))

    def figures(self, true_price: int) -> dict[str, dict[str, Any]]:
        """Of every pool, and of every model, at the end."""
        found: dict[str, dict[str, Any]] = {}
        for name, model in self.models.items():
            lost = uncovered(model.positions, true_price)
            found[name] = {"on_chain": False, "ltv_percent": model.ltv_bps / 100, **model.watch.figures(self.block, model.debt_wad, lost)}
        for p in self.pools:
            lost = p.uncovered(true_price)
            ltv = p.desk.ltv_bps / 100
            found[p.desk.name] = {"on_chain": True, "ltv_percent": ltv, **p.watch.figures(self.block, p.debt_wad, lost)}
            counted = p.desk.pool.call("liquidations")
            if counted != len(p.watch.rows):
                raise IncidentError(f"the pool counts {counted} liquidations, the replay saw {len(p.watch.rows)}")
        return found
