"""What an isolated market's attacks cost, and its grade. Pure functions of what was read.

The market is studied as any listing (plimsoll/attack/study.py), with what is different in it:

* New risk waits for the last six hours (contracts/modules/six_hours.vy). `low` rises, and `high` falls, by a whole factor only when the mean of
  all 120 buckets has arrived there, and the median of the six hours' means with it. To overshoot for a shorter time is dearer: against
  arbitrage the cost grows with the time and with about the square of the distance, and the mean asks for their product.
* Liquidation does not wait for them: its edges follow within half an hour, as in the main market. So what a grade finds is mostly there.
* Absolute caps, set for ever when the market was opened, bound what any attack can take, whatever depth is shown later.

What the grade says: what a stranger pays, who must buy or sell the token at the honest price of somewhere else, while others trade the pair
back in each block. What it does not say: that such others exist. Most tokens of isolated markets trade in their one pair; then the grade
"alone" is the true one, and it is hardly ever good, because two swaps' fees are all that the attack costs. And whoever can mint the token, or
owns nearly all of it, pays for nothing: against its own deployer a market has no grade. What holds against everybody is `at_stake`: lenders of
the quote lose the debt cap and its interest at most.
"""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.attack.cost import PairMarket
from plimsoll.attack.gain import Terms
from plimsoll.attack.study import Caps, Listing, Source, Worst, worst
from plimsoll.pools import PAIR

WAD = 10**18
# contracts/modules/six_hours.vy
SIX_HOURS_BUCKETS = 120


@dataclass(frozen=True)
class Reserve:
    """One of the two, raw units; `price`: WAD value of 1e18 of them."""

    cash: int
    debt: int
    supply_cap: int
    debt_cap: int
    terms: Terms
    price: int

    def worth(self, raw: int) -> int:
        return raw * self.price // WAD


def listing(name: str, pair: str, market: PairMarket, token: Reserve, quote: Reserve, limit_bps: int, min_depth: int) -> Listing:
    return Listing(
        sources=(Source(name, PAIR, pair, market, quote.price, min_depth),),
        has_feed=False,
        terms=token.terms,
        others=(quote.terms,),
        limit_bps=limit_bps,
        # depth_mode FULL
        capped=True,
        supplied=token.worth(token.cash + token.debt),
        cash=token.worth(token.cash),
        debt=token.worth(token.debt),
        other_cash=quote.worth(quote.cash),
        caps=Caps(
            token.worth(token.supply_cap),
            token.worth(token.debt_cap),
            other_debt=quote.worth(quote.debt_cap),
            other_supply=(quote.worth(quote.supply_cap),),
        ),
        new_risk_buckets=SIX_HOURS_BUCKETS,
    )


def at_stake(token: Reserve, quote: Reserve) -> int:
    """What the lenders of the quote can lose now, if the token is worth nothing: what is owed, and what may still be lent of what is there."""
    room = max(quote.debt_cap - quote.debt, 0) if quote.debt_cap else quote.cash
    return quote.worth(quote.debt + min(room, quote.cash)) if token.terms.ltv_bps else quote.worth(quote.debt)


def grades(found: Listing, block_seconds: int) -> Worst:
    return worst(found, block_seconds)
