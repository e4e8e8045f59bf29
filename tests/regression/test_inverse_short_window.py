"""Inverse Finance, April 2022: a TWAP taken right after its own update spanned one block, and so was the spot price.

Here windows begin at boundaries of the clock: no update, poke or trade can shorten one (ORA-10).
"""

from dataclasses import replace

import boa
import pytest

from plimsoll.reference.oracle import BUCKET, Why
from tests.oracle_market import now
from tests.oracle_pair import new_pair_market


@pytest.mark.parametrize("how", ["new_risk_prices", "liquidation_prices", "poke"])
@pytest.mark.parametrize("phase", [0, 1, 119, 120, 121, 179])
def test_price__pumped_in_the_block_before_and_updated__no_more_than_its_share(how: str, phase: int) -> None:
    market = new_pair_market()
    boa.env.time_travel(seconds=2400)
    boa.env.time_travel(seconds=(phase - now()) % BUCKET)
    before = market.band()
    # Everything that could count as an update, in the block of the attack and in the next
    market.write(how)
    market.move_to(market.spot() * 3)
    market.pair.sync()
    market.write(how)
    # In the same block nothing has happened yet, but that the market stands elsewhere
    assert replace(market.band(), why=Why(0)) == before
    assert market.band().why == Why.UNSETTLED

    boa.env.time_travel(seconds=12)
    market.pair.sync()
    market.write(how)
    after = market.band()
    # The remembered tick has gone 600 up in twelve seconds, 3,900 tick-seconds of at least 300: 13 ticks, 0.13 %
    assert after.high <= before.high * 10_014 // 10_000
    # What can be borrowed against it has not moved at all, and nothing can be while the price is unsettled
    assert after.low == before.low
    assert after.why == Why.UNSETTLED
    # 3,900 tick-seconds of at least 60: 65 ticks
    assert after.fresh_high <= before.fresh_high * 10_066 // 10_000
