"""Was a liquidation right? Recomputed without asking the contracts' oracle, engine or lens.

The band comes from the pair's recorded trades through the reference models; the debt from the account's scaled debt at the block
before, and the interest since the reserve was last touched; the collateral from the account's shares at the block before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isqrt
from typing import Any

from plimsoll.abi import Event
from plimsoll.accounting import Step
from plimsoll.presets import Rates
from plimsoll.reference import liquidation, observations, oracle, pool, rate_model

LOW_128 = 2**128 - 1
# No statistic looks further back: ten whole buckets and the one that has begun
REACH = 11 * observations.BUCKET
# Of the oracle's answer, what the recorded trades alone decide. (The depth for liquidations depends on who asked when, too.)
TOLD = ("low", "high", "liquidation_low", "liquidation_high", "fresh_low", "fresh_high", "depth", "sources", "why")


class VerdictError(Exception):
    """The evidence contradicts itself: the check cannot be trusted."""


@dataclass(frozen=True)
class Terms:
    """What the deployment fixed."""

    ltv_bps: int
    min_depth_wad: int
    rates: Rates
    # WAD value of 1e18 raw dollars
    usd_price: int


@dataclass(frozen=True)
class Sync:
    """The pair's reserves after a change."""

    block: int
    time: int
    reserve0: int
    reserve1: int


@dataclass(frozen=True)
class Ledger:
    """The dollar reserve at the end of a block, interest up to its time included."""

    time: int
    cash: int
    scaled_debt: int
    index_ray: int
    # something other than time changed it in this block
    touched: bool


@dataclass(frozen=True)
class Evidence:
    """A Liquidation event, and its account at the end of the block before."""

    event: Event
    time: int
    bitmap: int
    words: tuple[int, ...]
    # the ETH reserve at the end of the block before, and of the block itself: shares gain by the rounding of other liquidations
    eth: tuple[Any, Any]
    usd_id: int


def supply_worth(state: Any, shares: int) -> int:
    """What supply shares are worth, rounded down, by the reference ledger. `state`: the pool's reserve_state."""
    reserve = pool.Reserve(0, 18, lambda _: None, 0, 0, 0, cash=state.cash, total_shares=state.total_shares)
    reserve.index, reserve.scaled_debt = state.index_ray, state.scaled_debt
    return reserve.assets_down(shares)


class History:
    """The pair's past from its recorded reserves, as the reference model tells it. Cut to what a window can reach: the model sums
    over all that it knows."""

    def __init__(self, syncs: Sequence[Sync]):
        if not syncs:
            raise VerdictError("the pair has no recorded trades")
        # the last one of each second
        states = {sync.time: _state(sync) for sync in syncs}
        self.started = syncs[0].time
        model = observations.Observations()
        model.start(self.started, *states[self.started])
        for time, state in states.items():
            model.change(time, *state)
        # each ends where the next begins; the last one has no end
        self.segments = model.segments
        self.begins, self.states = list(states), list(states.values())

    def window(self, now: int) -> oracle.Window:
        newest = bisect_right(self.begins, now) - 1
        if newest < 0:
            raise VerdictError("asked for a time before the pair's first trade")
        # one more than a window reaches: where the remembered tick of the oldest came from
        oldest = max(bisect_right(self.begins, now - REACH) - 2, 0)
        model = observations.Observations(self.started, self.segments[oldest:newest])
        model.since, (model.raw_tick, model.liquidity) = self.begins[newest], self.states[newest]
        told = asdict(model.window(now, oracle.SLOW_BUCKETS))
        # Since the start, of which not all is here
        del told["tick_sum"]
        return oracle.Window(**told)


def _state(sync: Sync) -> tuple[int, int]:
    return observations.tick(sync.reserve0, sync.reserve1), isqrt(sync.reserve0 * sync.reserve1)


class Judge:
    """Recomputes the usage of an account at the moment of its liquidation."""

    def __init__(self, terms: Terms, syncs: Sequence[Sync], ledger: Mapping[int, Ledger], eth_is_token0: bool):
        self.terms = terms
        self.history = History(syncs)
        self.ledger = ledger
        source = oracle.Source(not eth_is_token0, oracle.Quote(terms.usd_price), terms.min_depth_wad)
        self.oracle = oracle.Oracle(oracle.Configuration(first=source))
        # what earlier liquidations of the same block took from an account: (block, borrower) -> (repaid, seized)
        self._taken: dict[tuple[int, str], tuple[int, int]] = {}

    def band(self, time: int) -> oracle.Band:
        return self.oracle.band(time, oracle.Answers(first=self.history.window(time)))

    def band_differs(self, step: Step) -> bool:
        """Did the oracle answer anything else at the end of this block than the reference models do?"""
        band = self.band(step.time)
        return any(int(getattr(band, name)) != getattr(step, name) for name in TOLD)

    def usage(self, evidence: Evidence) -> int:
        """WAD, rounded down; 1e18 or more: rightly liquidated."""
        event = evidence.event
        prices = self.band(evidence.time)
        if not prices.fresh_low:
            raise VerdictError(f"liquidation {event.number}: the recorded trades give no price ({prices.why!r})")
        eth_id, usd_id = evidence.eth[0].id, evidence.usd_id
        held = {i for i in range(128) if evidence.bitmap >> i & 1 or evidence.bitmap >> (128 + i) & 1}
        words = dict(zip(sorted(held), evidence.words, strict=True))
        if held != {eth_id, usd_id}:
            raise VerdictError(f"liquidation {event.number}: the account holds other positions than ETH and a debt in dollars")

        repaid, seized = self._taken.get((event.block, event.borrower), (0, 0))
        self._taken[event.block, event.borrower] = (repaid + event.repaid, seized + event.seized)
        debt = self.debt(words[usd_id] >> 128, event.block, evidence.time) - repaid
        shares = words[eth_id] & LOW_128
        # in doubt for the borrower
        collateral = max(supply_worth(state, shares) for state in evidence.eth) - seized

        account = liquidation.Account((liquidation.Collateral("eth", collateral, self.terms.ltv_bps, 0),), (liquidation.Debt("usd", debt),))
        quote = self.terms.usd_price
        capacity, owed = liquidation.health(
            account,
            {
                "eth": liquidation.Prices(prices.liquidation_high, prices.liquidation_low, prices.fresh_low),
                "usd": liquidation.Prices(quote, quote, quote),
            },
        )
        usage = liquidation.usage_wad(capacity, owed)
        return 2**256 - 1 if usage is None else usage

    def debt(self, scaled: int, block: int, time: int) -> int:
        """Scaled debt with interest up to `time`, in `block`, rounded up: from the state that the last block left which changed
        the reserve, because interest runs at the utilisation since then."""
        touched = block - 1
        while not self.ledger[touched].touched:
            touched -= 1
        entry = self.ledger[touched]
        r = self.terms.rates
        curve = rate_model.JumpRate(r.base_wad, r.multiplier_wad, r.jump_wad, r.kink_wad)
        reserve = pool.Reserve(0, 6, curve.rate, 0, 0, 0, cash=entry.cash)
        reserve.index, reserve.scaled_debt, reserve.last_ts = entry.index_ray, entry.scaled_debt, entry.time
        reserve.set_rate()
        reserve.accrue(time)
        return reserve.debt_up(scaled)
