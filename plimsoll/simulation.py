"""The demo's replay: a market day on a local chain, with a keeper that is a process of its own.

What happens, in order: Anvil starts; the contracts are deployed; lenders and borrowers move in while an hour of quiet trading
fills the pair's memory; then, block by block, an arbitrageur brings the pair to the price of the file, and the keeper does what
it does anywhere: it follows the chain and liquidates. Blocks come at an even pace in wall time and wait for nobody. At the end
all debts are repaid, all lenders withdraw, and every liquidation is checked again (plimsoll.verdict).

Simplifications, all of them against the protocol or neutral to it: borrowers never react; nobody borrows anew; the keeper has
dollars enough for the day and sells what it seizes elsewhere, at the price of the file, so that its sales do not move the pair.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from plimsoll import abi, arbitrage, deployment, population, presets, verdict
from plimsoll.accounting import Delays, LenderRow, LiquidationRow, Result, Step, stage
from plimsoll.addresses import BookError
from plimsoll.chain import Chain, ChainError, end, end_with_parent
from plimsoll.keeper import KEY_VARIABLE
from plimsoll.market import FEES, GAS, Market, MarketError, Transaction, deploy_market
from plimsoll.population import Population, actor
from plimsoll.rpc import DEV_KEYS, MAX_UINT256, RpcError, Wallet, call_request, to_bytes, to_int
from plimsoll.scenario import Point, Scenario

ROOT = Path(__file__).resolve().parent.parent
WAD = 10**18
BPS = 10_000
LOW_128 = 2**128 - 1

# Quiet trading before the day: the oracle wants ten whole buckets of 180 seconds, and the market has a past.
WARM_UP_SECONDS = 3_600
WARM_UP_STEP = 60
# Blocks after the day, at its last price, so that a liquidation on its way arrives and a wait can be told from a miss
CLOSING_BLOCKS = 4
CLOSING_STEP = 12
# Part of a block's wall time that passes before the replay reads it for its own figures
HEAD_START = 0.4
# States that Anvil keeps: positions are read at the block before each liquidation
STATES_KEPT = 300
BLOCK_GAS = 100_000_000_000
# More than the crowd and the arbitrageur can spend
PLENTY = 10**24


class SimulationError(Exception):
    """A one-line message for people."""


# What may go wrong while it runs, each with a one-line message
FAILURES = (
    SimulationError,
    MarketError,
    verdict.VerdictError,
    abi.BuildError,
    BookError,
    ChainError,
    deployment.DeployError,
    presets.PresetError,
    RpcError,
)


class Reporter(Protocol):
    """What the replay tells while it runs."""

    def phase(self, title: str, total: int | None = None) -> None: ...

    def advance(self, done: int, note: str = "") -> None: ...


class Silent:
    def phase(self, title: str, total: int | None = None) -> None:
        pass

    def advance(self, done: int, note: str = "") -> None:
        pass


@dataclass(frozen=True)
class Settings:
    ltv_bps: int = 6_500
    borrowers: int = 300
    lenders: int = 40
    step_seconds: int = 60
    # wall time of a block
    pace_ms: int = 55
    seed: int = 1
    preset: str = "wemix"
    port: int = 0


def run(scenario: Scenario, settings: Settings, reporter: Reporter | None = None) -> Result:
    """The whole demo but for its files."""
    tell = reporter or Silent()
    started = time.monotonic()
    people = population.draw(settings.seed, settings.borrowers, settings.lenders, scenario.first_wad, settings.ltv_bps)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plimsoll-demo-")))
        tell.phase("Compiling the contracts")
        artifacts = abi.artifacts(sources=abi.CORE)
        tell.phase("Starting Anvil")
        chain = stack.enter_context(
            Chain(
                settings.port,
                timestamp=scenario.start_ts - 2 * WARM_UP_SECONDS,
                gas_limit=BLOCK_GAS,
                options=["--prune-history", str(STATES_KEPT)],
            )
        )
        tell.phase("Deploying")
        market = deploy_market(
            chain.rpc,
            artifacts,
            folder,
            settings.preset,
            settings.ltv_bps,
            actor(settings.seed, "treasury", 0),
            scenario.first_wad,
            people.depth_wad,
        )
        replay = Replay(market, scenario, settings, people, tell, folder)
        replay.move_in()
        with replay.keeper(chain):
            replay.day()
        replay.settle()
        replay.check()
    result = replay.result
    result.wall_seconds = time.monotonic() - started
    return result


class Replay:
    def __init__(self, market: Market, scenario: Scenario, settings: Settings, people: Population, reporter: Reporter, folder: Path):
        self.market = market
        self.rpc = market.rpc
        self.scenario = scenario
        self.settings = settings
        self.people = people
        self.tell = reporter
        self.folder = folder
        self.arbitrageur = Wallet(self.rpc, DEV_KEYS[1])
        self.keeper_address = Wallet(self.rpc, DEV_KEYS[2]).address
        self.accounts = [b.address for b in people.borrowers]
        # by the small-letter address, whatever way an event spells it
        self.names = {a.lower(): a for a in self.accounts}
        self.reserves = (0, 0)
        self.delays = Delays()
        self.block = 0
        # what is read at the end of every block, encoded once
        m = market
        views = ((m.lens, "health", (self.accounts,)), (m.oracle, "band", (m.eth.address,)),
                 (m.pool, "reserve_state", (m.usd.address,)), (m.pair, "getReserves", ()))  # fmt: skip
        self.reads = [(c.address, "0x" + c.data(f, *args).hex(), c.interface.function(f, len(args)).decode) for c, f, args in views]
        self.topics = [[m.engine.interface.topic("Liquidation"), m.pool.interface.topic("DeficitWrittenOff")]]
        # what the check needs: the pair's past, and each liquidation with the position before it
        self.ledger: dict[int, verdict.Ledger] = {}
        self.evidence: list[verdict.Evidence] = []
        self.keeper_process: subprocess.Popen[bytes] | None = None
        self.keeper_log = folder / "keeper.log"
        self.result = Result(
            {
                "prices": scenario.name,
                "form": scenario.form,
                "start_price_usd": scenario.first_wad / WAD,
                "ltv_percent": settings.ltv_bps / 100,
                "borrowers": settings.borrowers,
                "lenders": settings.lenders,
                "step_seconds": settings.step_seconds,
                "pace_ms": settings.pace_ms,
                "seed": settings.seed,
                "preset": settings.preset,
                "usd_decimals": market.usd_decimals,
                "pair_depth_usd": people.depth_wad // WAD,
                "borrowers_debt_usd": people.debt_wad // WAD,
            }
        )

    # ------------------------------------------------------------------ set-up

    def move_in(self) -> None:
        """Lenders and borrowers, in a few large blocks, with quiet trading around them."""
        m, rpc = self.market, self.rpc
        self.tell.phase(f"Opening {len(self.people.lenders)} lenders and {len(self.people.borrowers)} borrowers", 5)
        rpc.set_automine(False)
        rpc.auto_impersonate(True)
        names = [*self.accounts, *(lender.address for lender in self.people.lenders)]
        rpc.batch([("anvil_setBalance", [a, hex(PLENTY)]) for a in (*names, self.arbitrageur.address, self.keeper_address)])
        self.tell.advance(1)

        pool = m.pool.address
        crowd: list[Transaction] = []
        for lender in self.people.lenders:
            amount = lender.deposit_wad // m.usd_scale
            crowd += [
                Transaction(lender.address, m.usd, "mint", (lender.address, amount)),
                Transaction(lender.address, m.usd, "approve", (pool, MAX_UINT256)),
                Transaction(lender.address, m.pool, "supply", (m.usd.address, amount, lender.address)),
            ]
        for b in self.people.borrowers:
            crowd += [
                Transaction(b.address, m.eth, "mint", (b.address, b.collateral_wei)),
                Transaction(b.address, m.eth, "approve", (pool, MAX_UINT256)),
                Transaction(b.address, m.pool, "supply", (m.eth.address, b.collateral_wei, b.address)),
                Transaction(b.address, m.pool, "set_collateral", (m.eth.address, True)),
            ]
        # The keeper's dollars last for everything; the arbitrageur has both tokens without end.
        keeper, trader = self.keeper_address, self.arbitrageur.address
        crowd += [
            Transaction(keeper, m.usd, "mint", (keeper, 2 * self.people.debt_wad // m.usd_scale)),
            Transaction(trader, m.usd, "mint", (trader, 1_000 * self.people.depth_wad // m.usd_scale)),
            Transaction(trader, m.eth, "mint", (trader, 1_000 * self.people.depth_wad * WAD // self.scenario.lowest_wad)),
        ]
        m.send(crowd)
        start = self.scenario.start_ts - WARM_UP_SECONDS
        now = to_int(rpc.block()["timestamp"])
        if now >= start:
            raise SimulationError("setting up took longer than the hour before the day")
        self.mine(start)
        m.expect("moving in", Supply=len(names), CollateralSet=len(self.accounts))
        self.arbitrageur.resync()
        self.tell.advance(2)

        for ts in range(start + WARM_UP_STEP, self.scenario.start_ts, WARM_UP_STEP):
            self.trade(self.scenario.first_wad)
            self.mine(ts)
        self.tell.advance(4)
        m.send([Transaction(b.address, m.pool, "borrow", (m.usd.address, b.debt_wad // m.usd_scale, b.address)) for b in self.people.borrowers])
        self.trade(self.scenario.first_wad)
        self.mine(self.scenario.start_ts)
        m.expect("borrowing", Borrow=len(self.accounts))
        self.tell.advance(5)

    # ------------------------------------------------------------------ blocks

    def trade(self, price_wad: int) -> None:
        """The arbitrageur's next trade, signed here: pay the pair, then take."""
        m = self.market
        eth_reserve, usd_reserve = m.reserves() if self.reserves == (0, 0) else self.reserves
        t = arbitrage.next_trade(eth_reserve, usd_reserve, price_wad, m.fee_bps, m.usd_decimals)
        paid_token = m.usd if t.buys_eth else m.eth
        # the pair's amount0Out, amount1Out
        out = (t.amount_out, 0) if t.buys_eth == m.eth_is_token0 else (0, t.amount_out)
        wallet = self.arbitrageur
        raw = [
            wallet.sign(paid_token.address, paid_token.data("transfer", m.pair.address, t.amount_in), gas=GAS["transfer"], fees=FEES)[1],
            wallet.sign(m.pair.address, m.pair.data("swap", *out, wallet.address, b""), gas=GAS["swap"], fees=FEES)[1],
        ]
        self.rpc.batch([("eth_sendRawTransaction", [r]) for r in raw])
        change = (-t.amount_out, t.amount_in) if t.buys_eth else (t.amount_in, -t.amount_out)
        self.reserves = (eth_reserve + change[0], usd_reserve + change[1])
        if t.arbitrage:
            self.result.arbitrage_trades += 1
        else:
            self.result.ordinary_trades += 1

    def mine(self, timestamp: int) -> None:
        self.rpc.mine(timestamp)

    # ------------------------------------------------------------------ keeper

    @contextlib.contextmanager
    def keeper(self, chain: Chain) -> Iterator[None]:
        """The keeper as its own process, from before the day to after it."""
        self.tell.phase("Starting the keeper")
        command = ["-m", "plimsoll.keeper", "--rpc", chain.url, "--json", "--state", str(self.folder / "keeper-state.json")]
        environment = {**os.environ, KEY_VARIABLE: DEV_KEYS[2], "PLIMSOLL_DEPLOYMENTS": str(self.folder)}
        with open(self.keeper_log, "wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.keeper_process = process
        try:
            deadline = time.monotonic() + 30
            while '"event": "ready"' not in self.keeper_log.read_text(errors="replace"):
                self.keeper_must_live()
                if time.monotonic() > deadline:
                    raise SimulationError(f"the keeper was not ready within 30 s; it said: {self.keeper_said()}")
                time.sleep(0.02)
            yield
            self.keeper_must_live()
        finally:
            end(process)

    def keeper_must_live(self) -> None:
        if self.keeper_process is not None and self.keeper_process.poll() is not None:
            raise SimulationError(f"the keeper ended (exit code {self.keeper_process.returncode}); it said: {self.keeper_said()}")

    def keeper_said(self) -> str:
        lines = self.keeper_log.read_text(errors="replace").strip().splitlines()
        return " | ".join(lines[-3:]) or "nothing"

    # ------------------------------------------------------------------ the day

    def day(self) -> None:
        steps = self.scenario.steps(self.settings.step_seconds)
        last = steps[-1]
        closing = [Point(last.ts + CLOSING_STEP * (i + 1), last.price_wad) for i in range(CLOSING_BLOCKS)]
        self.tell.phase("Replaying the day", len(steps))
        pace = self.settings.pace_ms / 1_000
        self.block = self.rpc.block_number()
        answer = self.rpc.eth_call(self.market.lens.address, self.reads[0][1])
        self.delays.end_of_block(self.block, self.liquidatable(self.health(answer)))
        self.keep_ledger(self.scenario.start_ts, self.market.pool.call("reserve_state", self.market.usd.address))
        due = time.monotonic() + pace
        for i, point in enumerate([*steps, *closing]):
            self.trade(point.price_wad)
            # An even pace in wall time, whatever the keeper does; a machine that is too slow falls behind and says so.
            late = time.monotonic() - due
            if late < 0:
                time.sleep(-late)
                due += pace
            else:
                self.result.blocks_behind += late > pace / 2
                due = max(due + pace, time.monotonic())
            self.mine(point.ts)
            self.block += 1
            # The keeper reads the new block now; on two cores our own reading would be in its way.
            time.sleep(pace * HEAD_START)
            step = self.observe(i + 1, point)
            if i < len(steps):
                self.result.steps.append(step)
                self.tell.advance(i + 1, f"{len(self.result.liquidations)} liquidations")
            if i % 50 == 0:
                self.keeper_must_live()
        waits = self.delays.left(self.block)
        self.result.left_liquidatable = sum(wait > 0 for wait in waits)
        self.result.recovered = len(self.delays.recovered)
        self.result.delay_median = self.delays.median()
        self.result.delay_max = self.delays.worst(self.block)

    def health(self, answer: bytes) -> list[tuple[int, int]]:
        """(capacity, debt) of each borrower. Decoded by hand: a general decoder takes a tenth of a block's wall time."""
        count = int.from_bytes(answer[32:64], "big")
        if len(answer) != 64 + 32 * count or count != len(self.accounts):
            raise SimulationError(f"the lens answered {count} of {len(self.accounts)} accounts")
        halves = [int.from_bytes(answer[i : i + 16], "big") for i in range(64, len(answer), 16)]
        return list(zip(halves[::2], halves[1::2], strict=True))

    def liquidatable(self, health: list[tuple[int, int]]) -> list[str]:
        return [a for a, (capacity, debt) in zip(self.accounts, health, strict=True) if debt and debt >= capacity]

    def observe(self, number: int, point: Point) -> Step:
        """Read the market at the end of the latest block, and record the block's liquidations."""
        m, block = self.market, self.block
        requests: list[tuple[str, Sequence[Any]]] = [call_request(to, data, None, block) for to, data, _ in self.reads]
        where = {"address": [m.engine.address, m.pool.address], "topics": self.topics, "fromBlock": hex(block), "toBlock": hex(block)}
        requests.append(("eth_getLogs", [where]))
        answers = self.rpc.batch(requests)
        health = self.health(to_bytes(answers[0]))
        band, reserve, pair = (decode(to_bytes(a)) for (_, _, decode), a in zip(self.reads[1:], answers[1:4], strict=True))
        self.reserves = (pair[0], pair[1]) if m.eth_is_token0 else (pair[1], pair[0])

        self.keep_ledger(point.ts, reserve)

        repaid = seized = written_off = count = 0
        logs = answers[4]
        if logs:
            rows = self.record(logs, point)
            count = len(rows)
            repaid, seized = sum(r.repaid for r in rows), sum(r.seized for r in rows)
            for event in m.pool.interface.decode_logs([log for log in logs if log["address"].lower() == m.pool.address.lower()]):
                written_off += event.amount * m.usd_scale
            self.result.written_off += written_off
        self.delays.end_of_block(block, self.liquidatable(health))

        stages = [0] * 5
        without_debt = 0
        for capacity, debt in health:
            if debt == 0:
                without_debt += 1
            else:
                stages[stage(capacity, debt)] += 1
        return Step(
            step=number,
            block=block,
            time=point.ts,
            market_price=point.price_wad,
            pair_price=arbitrage.pair_price_wad(*self.reserves, m.usd_decimals),
            low=band.low,
            high=band.high,
            liquidation_low=band.liquidation_low,
            liquidation_high=band.liquidation_high,
            fresh_low=band.fresh_low,
            fresh_high=band.fresh_high,
            depth=band.depth,
            sources=band.sources,
            relaxed=stages[0],
            safe=stages[1],
            caution=stages[2],
            danger=stages[3],
            liquidation=stages[4],
            without_debt=without_debt,
            liquidations=count,
            repaid=repaid,
            seized=seized,
            bad_debt=written_off,
            debt=reserve.debt * m.usd_scale,
            cash=reserve.cash * m.usd_scale,
            why=int(band.why),
        )

    def keep_ledger(self, ts: int, reserve: Any) -> None:
        before = self.ledger.get(self.block - 1)
        touched = before is None or (before.cash, before.scaled_debt) != (reserve.cash, reserve.scaled_debt)
        self.ledger[self.block] = verdict.Ledger(ts, reserve.cash, reserve.scaled_debt, reserve.index_ray, touched)

    def record(self, logs: list[dict[str, Any]], point: Point) -> list[LiquidationRow]:
        """The latest block's liquidations, each with the position that its account had at the end of the block before."""
        m = self.market
        events = m.engine.interface.decode_logs([log for log in logs if log["address"].lower() == m.engine.address.lower()])
        before = abi.read(
            self.rpc,
            [
                m.pool.request("reserve_state", m.eth.address),
                m.pool.request("reserve_state", m.usd.address),
                *(m.pool.request("positions", e.borrower) for e in events),
            ],
            self.block - 1,
        )
        eth, usd, *positions = before
        eth_after = m.pool.call("reserve_state", m.eth.address, block=self.block)
        rows = []
        for event, (bitmap, words) in zip(events, positions, strict=True):
            self.evidence.append(verdict.Evidence(event, point.ts, bitmap, tuple(words), (eth, eth_after), usd.id))
            rows.append(
                LiquidationRow(
                    number=event.number,
                    block=self.block,
                    time=point.ts,
                    borrower=event.borrower,
                    repaid=event.repaid * m.usd_scale,
                    seized=event.seized * event.collateral_seizure_price // WAD,
                    fee=event.fee * event.collateral_seizure_price // WAD,
                    market_price=point.price_wad,
                    usage_event=event.debt_value * WAD // event.capacity if event.capacity else MAX_UINT256,
                    usage_checked=0,
                    delay_blocks=self.delays.liquidated(self.block, self.names[event.borrower.lower()]),
                )
            )
            self.result.keeper_profit += (event.seized - event.fee) * point.price_wad // WAD - event.repaid * m.usd_scale
        self.result.liquidations += rows
        return rows

    # ------------------------------------------------------------------ the end

    def settle(self) -> None:
        """All debts are repaid, with dollars given to the borrowers, and all lenders withdraw everything."""
        m = self.market
        self.tell.phase("Settling all debts, paying out all lenders", 3)
        now = to_int(self.rpc.block()["timestamp"])
        reads = [m.pool.request("debt_of", a, m.usd.address) for a in self.accounts]
        reads += [m.pool.request("supply_of", a, m.eth.address) for a in self.accounts]
        answers = abi.read(self.rpc, reads)
        debts, collaterals = answers[: len(self.accounts)], answers[len(self.accounts) :]
        price = self.scenario.points[-1].price_wad
        for debt, collateral in zip(debts, collaterals, strict=True):
            self.result.uncovered += max(0, debt * m.usd_scale - collateral * price // WAD)

        debtors = [(a, debt) for a, debt in zip(self.accounts, debts, strict=True) if debt]
        payments: list[Transaction] = []
        for a, debt in debtors:
            payments += [
                Transaction(a, m.usd, "mint", (a, 2 * debt)),
                Transaction(a, m.usd, "approve", (m.pool.address, MAX_UINT256)),
                Transaction(a, m.pool, "repay", (m.usd.address, MAX_UINT256, a)),
            ]
        m.send(payments)
        self.mine(now + CLOSING_STEP)
        m.expect("repaying", Repay=len(debtors))
        self.tell.advance(1)

        lenders = self.people.lenders
        state = m.pool.call("reserve_state", m.usd.address)
        if state.debt or state.scaled_debt:
            raise SimulationError(f"after all borrowers have repaid, the ledger still has a debt of {state.debt} raw dollars")
        reads = [m.pool.request("supply_shares_of", p.address, m.usd.address) for p in lenders]
        reads += [m.pool.request("supply_of", p.address, m.usd.address) for p in lenders]
        reads += [m.usd.request("balanceOf", p.address) for p in lenders]
        answers = abi.read(self.rpc, reads)
        shares, said, held = (answers[i * len(lenders) : (i + 1) * len(lenders)] for i in range(3))
        self.result.interest_fees = verdict.supply_worth(state, state.fee_shares) * m.usd_scale
        m.send([Transaction(p.address, m.pool, "withdraw", (m.usd.address, MAX_UINT256, p.address)) for p in lenders])
        self.mine(now + 2 * CLOSING_STEP)
        m.expect("withdrawing", Withdraw=len(lenders))
        self.tell.advance(2)
        after = abi.read(self.rpc, [m.usd.request("balanceOf", p.address) for p in lenders])
        for i, lender in enumerate(lenders):
            owed = max(said[i], verdict.supply_worth(state, shares[i]))
            self.result.lenders.append(LenderRow(lender.address, lender.deposit_wad // m.usd_scale, owed, after[i] - held[i]))
        self.tell.advance(3)

    def check(self) -> None:
        """Every liquidation again, from the recorded trades, the positions and the reference models alone."""
        m = self.market
        events = len(self.result.liquidations)
        self.tell.phase("Checking every liquidation against the reference models", events)
        counted = m.pool.call("liquidations")
        if counted != events:
            raise SimulationError(f"the pool counts {counted} liquidations, the replay saw {events}")
        syncs = m.pair.logs("Sync", 0, self.rpc.block_number())
        trades = self.result.arbitrage_trades + self.result.ordinary_trades
        # the deployment's mint is the first
        if len(syncs) != trades + 1:
            raise SimulationError(f"{trades - len(syncs) + 1} of {trades} trades failed")
        blocks = sorted({s.block for s in syncs})
        headers = self.rpc.batch([("eth_getBlockByNumber", [hex(b), False]) for b in blocks])
        times = {b: to_int(h["timestamp"]) for b, h in zip(blocks, headers, strict=True)}
        past = [verdict.Sync(s.block, times[s.block], s.reserve0, s.reserve1) for s in syncs]
        judge = verdict.Judge(m.terms, past, self.ledger, m.eth_is_token0)
        for i, (row, evidence) in enumerate(zip(self.result.liquidations, self.evidence, strict=True)):
            self.result.liquidations[i] = replace(row, usage_checked=judge.usage(evidence))
            self.tell.advance(i + 1)
        self.result.band_mismatches = sum(judge.band_differs(step) for step in self.result.steps)
