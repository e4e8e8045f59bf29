"""Which figures there are, what bounds they have, and how they compare with the committed snapshot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import amm, lending, oracle, ranges, routers, shares
from bench.artifacts import ours
from bench.world import WAD, World

SNAPSHOT = Path(__file__).resolve().parent / "snapshot.json"
UPDATE = "python -m bench.gas --update"
# A figure may rise by a hundredth
TOLERANCE_PERCENT = 1

V2 = "Uniswap V2"
V3 = "Uniswap V3"
ROUTERS = "Uniswap's routers on our pools"
AAVE = "Aave v3.0"


@dataclass(frozen=True)
class AtMost:
    """A bound in gas."""

    gas: int

    def limit(self, peer: int | None) -> int | None:
        return self.gas

    def __str__(self) -> str:
        return f"{self.gas:,}"


@dataclass(frozen=True)
class OfPeer:
    """A bound as a part of what the peer takes in the same run."""

    percent: int

    def limit(self, peer: int | None) -> int | None:
        return None if peer is None else peer * self.percent // 100

    def __str__(self) -> str:
        return f"{self.percent // 100}.{self.percent % 100:02} x"


Target = AtMost | OfPeer

# The project's own targets. What has none is there to be seen and kept.
TARGETS: dict[str, Target] = {
    "pair.swap, first in block": AtMost(66_000),
    "pair.swap, second in block": AtMost(54_500),
    # 5,000, 8,000 and 22,500 above the first
    "pair.swap + checkpoint": AtMost(71_000),
    "pair.swap + stick": AtMost(74_000),
    "pair.swap + stick, first lap": AtMost(88_500),
    "Router02, first in block": OfPeer(91),
    "Router02, second in block": OfPeer(91),
    "pair.mint": OfPeer(93),
    "pair.burn": OfPeer(90),
    "createPair": AtMost(1_900_000),
    # the factory's first: its count of pairs goes from zero
    "createPair, first": AtMost(1_900_000),
    "range swap, no tick crossed": OfPeer(93),
    "range swap, no tick crossed, cardinality 100": OfPeer(93),
    "range swap, one tick crossed": OfPeer(92),
    "range swap, two ticks crossed": OfPeer(92),
    "range mint, two new ticks": OfPeer(96),
    "range mint, added to existing": OfPeer(92),
    "range burn": OfPeer(97),
    "range collect": OfPeer(97),
    "range collect, all of it": OfPeer(97),
    "observe([1800, 0])": OfPeer(100),
    "PositionManager.mint": OfPeer(95),
    "PositionManager.mint, fees since": OfPeer(95),
    "PositionManager.increaseLiquidity": OfPeer(95),
    "PositionManager.decreaseLiquidity": OfPeer(95),
    "PositionManager.collect": OfPeer(95),
    "PositionManager.collect, fees since": OfPeer(95),
    "PositionManager.collect, all of it": OfPeer(95),
    "supply": AtMost(66_000),
    "withdraw": AtMost(66_000),
    "supply as collateral": AtMost(62_000),
    "borrow": AtMost(85_000),
    "repay": AtMost(66_000),
    "withdraw collateral": AtMost(85_000),
    "liquidate in part": AtMost(125_000),
    "each further collateral": AtMost(12_000),
    "each unused reserve": AtMost(0),
    "own oracle: borrow": AtMost(112_000),
    "own oracle: borrow, two sources": AtMost(124_000),
    "oracle: read for new risk": AtMost(24_000),
    "oracle: read for liquidation": AtMost(24_000),
    "oracle: read, idle pair": AtMost(24_000),
    "oracle: read, idle before": AtMost(24_000),
    "oracle: read for new risk, range pool": AtMost(24_000),
    "oracle: read for liquidation, range pool": AtMost(24_000),
    "oracle: read for new risk, two sources": AtMost(34_000),
    "oracle: read for liquidation, two sources": AtMost(34_000),
    "oracle: read for new risk, pair and range pool": AtMost(34_000),
    "oracle: read for liquidation, pair and range pool": AtMost(34_000),
    # 75,000 for each source
    "oracle: refresh": AtMost(75_000),
    "oracle: refresh, range pool": AtMost(75_000),
    "oracle: refresh, two sources": AtMost(150_000),
    "oracle: refresh, pair and range pool": AtMost(150_000),
    "oracle: refresh, one and a feed": AtMost(75_000),
    "oracle: refresh, two and a feed": AtMost(150_000),
    "oracle: refresh, idle pair": AtMost(75_000),
    "oracle: refresh, idle before": AtMost(75_000),
}


@dataclass(frozen=True)
class Row:
    section: str
    name: str
    ours: int
    peer: int | None
    peer_name: str | None
    target: Target | None

    @property
    def ratio(self) -> float | None:
        return None if not self.peer else round(self.ours / self.peer, 3)

    @property
    def limit(self) -> int | None:
        return self.target.limit(self.peer) if self.target else None

    @property
    def met(self) -> bool | None:
        return None if self.limit is None else self.ours <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "name": self.name,
            "ours": self.ours,
            "peer": self.peer,
            "peer_name": self.peer_name if self.peer is not None else None,
            "ratio": self.ratio,
            "target": self.limit,
            "target_as_given": str(self.target) if self.target else None,
            "met": self.met,
        }


@dataclass(frozen=True)
class Figures:
    """Gas by row and runtime size by contract; `peer` where the peer takes part in the same run."""

    gas: dict[str, int]
    sizes: dict[str, int]
    peer: dict[str, int] = field(default_factory=dict)


# ---------------------------------------------------------------------- measuring


def measure_amm() -> Figures:
    with World() as world:
        return Figures(amm.Scenario(world, amm.plimsoll(world), "Pair").run(), world.sizes)


def measure_ranges() -> Figures:
    with World() as world:
        return Figures(ranges.Scenario(world, ranges.plimsoll(world), "RangePool").run(), world.sizes)


def measure_routers() -> Figures:
    with World() as world:
        scenario = routers.Scenario(world)
        scenario.run()
        return Figures(scenario.rows, world.sizes, scenario.peer)


def measure_lending() -> Figures:
    with World() as world:
        scenario = lending.Scenario(world)
        return Figures(scenario.run(lending.Plimsoll(world)), world.sizes)


def measure_shares() -> Figures:
    with World() as world:
        return Figures(shares.Scenario(world).run(), world.sizes)


def measure_oracle() -> Figures:
    with World() as world:
        return Figures(oracle.Scenario(world).run(), world.sizes)


def measure_uniswap() -> Figures:
    with World() as world:
        return Figures(amm.Scenario(world, amm.uniswap_v2(world), "UniswapV2Pair").run(), world.sizes)


def measure_uniswap_v3() -> Figures:
    with World() as world:
        return Figures(ranges.Scenario(world, ranges.uniswap_v3(world), "UniswapV3Pool").run(), world.sizes)


def measure_aave() -> Figures:
    with World() as world:
        scenario = lending.Scenario(world)
        return Figures(scenario.run(lending.Aave(world)), world.sizes)


# What has a bound on its size: all that goes to a live chain, and nothing that is there for the bench
CONTRACTS = (
    "Pair",
    "Pair (blueprint)",
    "PairFactory",
    "RangePool",
    "RangePool (blueprint)",
    "RangePoolFactory",
    "PositionManager",
    "Router",
    "Quoter",
    "PriceOracle",
    "LendingPool",
    "PoolExtension",
    "PoolConfigurator",
    "Operators",
    "Timelock",
    "ReserveVault",
    "ReserveVaultFactory",
    "Bundler",
    "MarketFactory",
    "IsolatedOracle",
    "JumpRateModel",
    "LiquidationEngine",
    "Lens",
)


# Name, peer, and how it is measured
PARTS: tuple[tuple[str, str | None, Callable[[], Figures]], ...] = (
    ("x*y=k", V2, measure_amm),
    ("Ranges", V3, measure_ranges),
    ("Routers", ROUTERS, measure_routers),
    ("Lending, constant oracle", AAVE, measure_lending),
    ("Lending, shares and bundles", None, measure_shares),
    ("Oracle and views", None, measure_oracle),
)


def measure_ours() -> Iterator[Figures]:
    """The parts, each as soon as it is there, on fresh chains of their own."""
    for _, _, measure in PARTS:
        yield measure()


def measure_sizes() -> dict[str, int]:
    """Runtime sizes alone: everything is deployed, nothing is done."""
    with World() as world:
        token = ours()["TestToken"]
        a, b = (world.token(token, symbol, 18, [], 0) for symbol in ("AAA", "BBB"))
        _, pair = amm.create_pair(world, amm.plimsoll(world), a, b)
        world.note_size("Pair", pair.address)
        exchange = ranges.plimsoll(world)
        world.note_size("RangePool", ranges.create_pool(world, exchange, a, b)[1].address)
        routers.deploy(world, amm.plimsoll_factory(world), exchange)
        market = lending.Plimsoll(world, world.deploy(world.owner, ours()["PriceOracle"]))
        lent = world.token(token, "CCC", 18, [world.lender], WAD)
        market.list_reserve(lent)
        shares.deploy_bundler(world, market.pool)
        shares.deploy_vault(world, market.pool, lent)
        shares.deploy_governance(world)
        shares.deploy_isolated(world)
        return {name: world.sizes[name] for name in CONTRACTS}


def together(parts: list[Figures]) -> Figures:
    """All parts as one."""
    gas = {name: used for part in parts for name, used in part.gas.items()}
    sizes = {name: size for part in parts for name, size in part.sizes.items()}
    return Figures(gas, {name: sizes[name] for name in CONTRACTS})


# ---------------------------------------------------------------------- snapshot


def load_snapshot(path: Path = SNAPSHOT) -> Figures:
    content = json.loads(path.read_text())
    return Figures(content["gas"], content["runtime_size"])


def save_snapshot(figures: Figures, path: Path = SNAPSHOT) -> None:
    content = {"gas": figures.gas, "runtime_size": figures.sizes}
    path.write_text(json.dumps(content, indent=2) + "\n")


def complaints(kept: dict[str, int], now: dict[str, int], unit: str) -> list[str]:
    """What rose by over a hundredth, is gone, or is not in the snapshot; each with what to do."""
    found = []
    for name, old in kept.items():
        if name not in now:
            found.append(f"'{name}' is in the snapshot and is measured no more; if so intended: {UPDATE}")
        elif now[name] * 100 > old * (100 + TOLERANCE_PERCENT):
            rise = f", {(now[name] - old) / old:+.1%}" if old else ""
            found.append(f"'{name}' rose from {old:,} to {now[name]:,} {unit}{rise}; if it is worth it: {UPDATE}")
    new = (name for name in now if name not in kept)
    return found + [f"'{name}' ({now[name]:,} {unit}) is not in the snapshot: {UPDATE}" for name in new]
